"""Tables of what bench.py measured, the page docs/benchmarks.md and its chart."""
import json
import subprocess

TITLES = {"lesson": "lesson's network", "lenet": "LeNet-5", "resnet20": "ResNet-20",
          "small_mobilenet": "MobileNet-like, 32x32", "mobilenet": "MobileNet", "mobilenet_v2": "MobileNetV2",
          "efficientnet_b0": "EfficientNetB0", "resnet50": "ResNet-50", "densenet121": "DenseNet121",
          "inception_v3": "InceptionV3", "vgg16": "VGG16", "training": "training step"}
NETWORKS = list(TITLES)
PEERS = ["oneDNN", "oneDNN, Winograd", "oneDNN, direct", "OpenVINO", "ONNX Runtime", "XNNPACK", "PyTorch",
         "PyTorch, eager"]
SERIES = dict.fromkeys(["oneDNN, Winograd", "oneDNN, direct"], "oneDNN, Winograd or direct")  # one colour in the chart


def is_own(peer):
    return peer.split(",")[0] == "Strata"


def own_time(row):
    return next(time for peer, time in row["times"].items() if is_own(peer))


def duration(microseconds):
    if microseconds < 1000:
        return f"{microseconds:.{3 - max(1, len(str(int(microseconds))))}f} µs"
    return f"{microseconds / 1000:.2f} ms"


def table(header, rows, left=1):
    """A Markdown table; the columns from `left` on are numbers."""
    lines = [header, ["---"] * left + ["---:"] * (len(header) - left), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


# -- one section a part

def kernels(lines):
    peak = lines[0]["peak"]
    rows = []
    for line in lines:
        rate = line["flops"] / line["microseconds"] / 1e3
        rows.append([line["kernel"], ("~" if line["noisy"] else "") + duration(line["microseconds"]),
                     *([f"{rate:.1f}", f"{rate / peak:.0%}"] if line["flops"] else ["", ""]),
                     f"{line['microseconds'] * 1e3 / line['elements']:.3f}" if line["elements"] else "",
                     f"{line['bytes'] / line['microseconds'] / 1e3:.0f}"])
    return (f"FMA peak of the same run, one core: {peak:.0f} GFLOP/s. GFLOP/s count the operations of direct sums, so "
            "Winograd's convolution can exceed the peak. GB/s count each input, weight and output once.\n\n"
            + table(["kernel", "time", "GFLOP/s", "of the peak", "ns/element", "GB/s"], rows))


def comparison(group):
    peers = list(dict.fromkeys(peer for row in group["rows"] for peer in row["times"]))
    rows = []
    for row in group["rows"]:
        own = own_time(row)
        work = 2 * row["macs"] * row["batch"]
        if row["network"] == "training":
            work *= 3
        cells = []
        for peer in peers:
            if peer not in row["times"]:
                cells.append("")
                continue
            time = row["times"][peer]
            ratio = "" if is_own(peer) else f" ({time / own:.2f}×)"
            cells.append(("~" if peer in row["noisy"] else "") + duration(time) + ratio)
        rows.append([f"{TITLES[row['network']]}, batch {row['batch']}", *cells, f"{work / own / 1e3:.0f}"])
    peak = f"FMA peak of one core in the same run: {group['peak']:.0f} GFLOP/s."
    text = f"**{group['title']}.** {peak}\n\n" + table(["", *peers, "Strata's GFLOP/s"], rows)
    if any(row["noisy"] for row in group["rows"]):
        text += "\n`~`: the machine was busy, few quiet measurements.\n"
    return text


def errors(groups):
    rows, peers = [], list(dict.fromkeys(p for g in groups for e in g["errors"].values() for p in e))
    for network in NETWORKS:
        found = {peer: e for g in reversed(groups) for peer, e in g["errors"].get(network, {}).items()}
        if found:
            rows.append([TITLES[network], *(f"{found[p]:.1e}" if p in found else "" for p in peers)])
    return ("Largest error of an output, 32 samples, against the same network computed layer by layer in double:\n\n"
            + table(["", *peers], rows))


def networks(groups):
    return "\n".join([*(comparison(group) for group in groups), scaling(groups)])


def scaling(groups):
    """How much faster two threads are than one."""
    one, two = ({(row["network"], row["batch"]): own_time(row) for group in groups if group["threads"] == threads
                 for row in reversed(group["rows"]) if "Strata" in row["times"]} for threads in (1, 2))
    both = [f"{TITLES[network]}, batch {batch}: {one[network, batch] / two[network, batch]:.2f}"
            for network, batch in one if (network, batch) in two and batch > 1]
    return "Strata with two threads is faster by " + "; ".join(both) + ".\n" if both else ""


def peers(groups):
    return "\n".join([*(comparison(group) for group in groups), scaling(groups), errors(groups)])


def training(groups):
    return "\n".join(["One step of plain gradient descent on 32 samples: the lesson's network, Flatten, Dense(10), "
                      "cross-entropy. The losses of six steps agree.\n",
                      *(comparison(group) for group in groups), scaling(groups)])


def profile(lines):
    peak = lines[0]["peak"]
    bandwidths = [(line["step"], line["microseconds"]) for line in lines if line["network"] == "reads"]
    text = [f"FMA peak {peak:.0f} GFLOP/s; reads, GB/s: "
            + ", ".join(f"{rate:.0f} from {size / 1024:.0f} KiB" for size, rate in bandwidths)
            + ". A step's floor is the larger of its operations at the peak and its bytes (input, weights, output) at "
            "the bandwidth of as much memory; its share of the roofline is floor / time. Operations are those of direct "
            "sums, so Winograd's convolution can exceed 100 %.\n"]
    for network in dict.fromkeys(line["network"] for line in lines if line["network"] not in ("reads", "nothing")):
        steps = [line for line in lines if line["network"] == network]
        rows = []
        for step in steps:
            rate = next((rate for size, rate in bandwidths if step["bytes"] <= size), bandwidths[-1][1])
            floor = max(step["flops"] / peak, step["bytes"] / rate) / 1e3
            rows.append([step["step"], duration(step["microseconds"]),
                         f"{step['flops'] / step['microseconds'] / 1e3:.1f}" if step["flops"] else "",
                         f"{step['bytes'] / 1024:.0f} KiB", f"{floor / step['microseconds']:.0%}"])
        total = sum(step["microseconds"] for step in steps)
        rows.append(["all", duration(total), f"{sum(s['flops'] for s in steps) / total / 1e3:.1f}", "", ""])
        text.append(f"**{TITLES[network]}**, one sample\n\n"
                    + table(["step", "time", "GFLOP/s", "bytes", "of the roofline"], rows))
    return "\n".join(text)


def footprint(r):
    compiled = "; ".join(f"{name} {cost['seconds']:.1f} s, {cost['mb']:.0f} MB" for name, cost in r["compile"].items())
    rows = [["program, stripped", f"{r['bytes'] / 1024:.1f} KiB"],
            ["shared libraries", ", ".join(r["libraries"])],
            ["resident", f"{r['resident_kb'] / 1024:.1f} MiB, {r['own_kb'] / 1024:.1f} of them its own, not libraries'"],
            ["allocations in 1000 runs", str(r["allocations"])],
            ["compile time and memory, -O2", compiled]]
    return "The lesson's network as a program of its own, parameters in a file:\n\n" + table(["", ""], rows, left=2)


sections = {"kernels": kernels, "networks": networks, "peers": peers, "training": training, "profile": profile,
            "footprint": footprint}
HEADINGS = {"peers": "Networks against peers", "networks": "Networks", "training": "Training", "kernels": "Kernels",
            "profile": "Where the time goes", "footprint": "Footprint"}


# -- the page

def write(results, docs, chart_program):
    found = {part: json.loads((results / f"{part}.json").read_text())
             for part in HEADINGS if (results / f"{part}.json").exists()}
    newest = max(found.values(), key=lambda content: content["date"])
    versions = newest["versions"]
    others = ", ".join(f"{name} {version}" for name, version in versions["peers"].items() if name != "Strata")
    text = ["# Benchmarks\n",
            "Written by `scripts/bench`; run it to measure your machine. "
            f"{versions['processor']}; {versions['compiler']} -O2; {others}; {newest['date']}.\n",
            "Every peer runs the same network with the same weights in float32, and its outputs are compared first. "
            "Peers take turns in short bursts on the same core; numbers are medians of the quiet bursts, in brackets "
            "how often Strata's time. oneDNN's primitives have normalisation folded in, activations and sums as "
            "post-ops, and the formats that it chooses, input and output included; OpenVINO and ONNX Runtime read "
            "one ONNX model, optimise all they can, and OpenVINO is asked for float32 and low latency; PyTorch is `optimize_for_inference` unless called "
            "eager.\n"]
    if "peers" in found:
        draw(found, chart_program, docs / "benchmarks.svg")
        text.append("![How long the peers take, Strata's time being 1](benchmarks.svg)\n")
        found.pop("networks", None)  # the same numbers, without the peers
    for part, heading in HEADINGS.items():
        if part in found:
            text += [f"## {heading}\n", sections[part](found[part]["result"])]
    (docs / "benchmarks.md").write_text("\n".join(text))


# -- the chart

def draw(found, program, path):
    """The peers' times over Strata's, drawn by benchmark_chart."""
    rows = list(found["peers"]["result"][0]["rows"])
    rows += found["training"]["result"][0]["rows"] if "training" in found else []
    told = [{"name": f"{TITLES[row['network']]}, batch {row['batch']}",
             "ratios": {SERIES.get(peer, peer): row["times"][peer] / own_time(row)
                        for peer in PEERS if peer in row["times"]}} for row in rows]
    subprocess.run([program, path], input=json.dumps(told), text=True, check=True)
