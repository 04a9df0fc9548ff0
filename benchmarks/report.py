"""Tables of what bench.py measured, the page docs/benchmarks.md and its chart."""
import json
import subprocess

DEFAULT = "OpenVINO, its default"  # computes in bfloat16 where the processor can
CHART = {name: name for name in ("OpenVINO", "ONNX Runtime", "LiteRT", "ncnn", "MNN", "oneDNN", "PyTorch, compiled")}
CHART["oneDNN, Winograd"] = "oneDNN"  # one bar: the better
SETUPS = {"one": "One core", "two": "Two cores, one image or batch", "avx2": "One core, AVX2 at most"}


def own_time(row):
    return row["times"]["Strata"]


def best_ratio(row):
    """Of the fastest peer in single precision to Strata; none where no peer has this network."""
    times = [time for peer, time in row["times"].items() if peer not in ("Strata", DEFAULT)]
    return min(times) / own_time(row) if times else None


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


def comparison(rows):
    peers = list(dict.fromkeys(peer for row in rows for peer in row["times"]))
    peers = [peer for peer in peers if peer != DEFAULT] + [peer for peer in peers if peer == DEFAULT]
    lines = []
    for row in rows:
        own, best, cells = own_time(row), best_ratio(row), []
        for peer in peers:
            time = row["times"].get(peer)
            ratio = "" if peer == "Strata" or time is None else f" ({time / own:.2f}×)"
            cells.append("" if time is None else ("~" if peer in row["noisy"] else "") + duration(time) + ratio)
        lines.append([f"{row['title']}, batch {row['batch']}", cells[0], f"**{best:.2f}×**" if best else "",
                      *cells[1:]])
    text = f"FMA peak of one core: {max(row['peak'] for row in rows):.0f} GFLOP/s.\n\n"
    heads = ["", peers[0], "the best peer", *peers[1:]]
    with_trips = any(row.get("round_trips") for row in rows)
    if with_trips:
        heads.append("a cache line there and back")
        lines = [[*line, span(row.get("round_trips"))] for line, row in zip(lines, rows)]
    text += table(heads, lines)
    if with_trips:
        text += "\nA cache line to the other core and back: what a thread's wait for another costs at least; quartiles.\n"
    if any(row["noisy"] for row in rows):
        text += "\n`~`: the machine was busy, few quiet measurements.\n"
    return text


def span(trips):
    """Between which the middle half of so many nanoseconds lies."""
    if not trips:
        return ""
    low, high = (sorted(trips)[round(share * (len(trips) - 1))] for share in (0.25, 0.75))
    return f"{low:.0f} ns" if high < 1.2 * low else f"{low:.0f} to {high:.0f} ns"


def scaling(rows):
    """How much faster two cores are than one."""
    one, two = ({(row["title"], row["batch"]): own_time(row) for row in rows if row["setup"] == setup}
                for setup in ("one", "two"))
    both = [f"{case[0]}, batch {case[1]}: {one[case] / two[case]:.2f}" for case in one if case in two]
    return "Strata on two cores is faster by " + "; ".join(both) + ".\n" if both else ""


def errors(rows):
    """The worst of all set-ups and batches."""
    worst = {}
    for row in rows:
        for peer, error in row["errors"].items():
            cells = worst.setdefault(row["title"], {})
            cells[peer] = max(error, cells.get(peer, 0))
    peers = list(dict.fromkeys(peer for cells in worst.values() for peer in cells))
    return table(["", *peers], [[title, *(f"{cells[peer]:.1e}" if peer in cells else "" for peer in peers)]
                                for title, cells in worst.items()])


def comparisons(rows):
    text = []
    for setup, title in SETUPS.items():
        if of_setup := [row for row in rows if row["setup"] == setup]:
            text.append(f"**{title}.** {comparison(of_setup)}")
        if setup == "avx2" and of_setup:
            text.append("Strata is compiled with `-march=haswell`; oneDNN's own variable limits OpenVINO, oneDNN and "
                        "PyTorch. ONNX Runtime, LiteRT, ncnn and MNN cannot be limited, and are left out.\n")
    return "\n".join([*text, scaling(rows)])


def networks(rows):
    return "\n".join([comparisons(rows),
                      "Largest difference of an output from the same network computed layer by layer in double, beside "
                      "the largest output; a peer that is off by more than 1e-3 is refused.\n", errors(rows)])


def training(rows):
    return "\n".join(["One step of plain gradient descent with cross-entropy.\n", comparisons(rows),
                      "Largest difference of the losses of six steps from the median, relative:\n", errors(rows)])


def profile(networks):
    lines = networks[0]["lines"]
    peak = lines[-1]["peak"]
    bandwidths = [(line["bytes"], line["microseconds"]) for line in lines if not line["step"]]
    text = [f"FMA peak {peak:.0f} GFLOP/s; reads, GB/s: "
            + ", ".join(f"{rate:.0f} from {size / 1024:.0f} KiB" for size, rate in bandwidths)
            + ". A step's floor is the larger of its operations at the peak and its bytes (input, weights, output) "
            "at the bandwidth of as much memory; its share of the roofline is floor / time. Operations are those of "
            "direct sums, so Winograd's convolution can exceed 100 %.\n"]
    for network in networks:
        steps = [line for line in network["lines"] if line["step"]]
        rows = []
        for step in steps:
            rate = next((rate for size, rate in bandwidths if step["bytes"] <= size), bandwidths[-1][1])
            floor = max(step["flops"] / peak, step["bytes"] / rate) / 1e3
            rows.append([step["step"], duration(step["microseconds"]),
                         f"{step['flops'] / step['microseconds'] / 1e3:.1f}" if step["flops"] else "",
                         f"{step['bytes'] / 1024:.0f} KiB", f"{floor / step['microseconds']:.0%}"])
        total = sum(step["microseconds"] for step in steps)
        rows.append(["all", duration(total), f"{sum(s['flops'] for s in steps) / total / 1e3:.1f}", "", ""])
        text.append(f"**{network['title']}**, one sample\n\n"
                    + table(["step", "time", "GFLOP/s", "bytes", "of the roofline"], rows))
    return "\n".join(text)


def footprint(r):
    compiled = "; ".join(f"{name} {cost['seconds']:.1f} s, {cost['mb']:.0f} MB" for name, cost in r["compile"].items())
    rows = [["program, stripped", f"{r['bytes'] / 1024:.1f} KiB"],
            ["shared libraries", ", ".join(r["libraries"])],
            ["resident", f"{r['resident_kb'] / 1024:.1f} MiB, {r['own_kb'] / 1024:.1f} of them not libraries'"],
            ["allocations in 1000 runs", str(r["allocations"])],
            ["compile time and memory, -O2", compiled]]
    return "The lesson's network as a program of its own, parameters in a file:\n\n" + table(["", ""], rows, left=2)


sections = {"networks": networks, "training": training, "kernels": kernels, "profile": profile,
            "footprint": footprint}
HEADINGS = {"networks": "Networks", "training": "Training", "kernels": "Kernels", "profile": "Where the time goes",
            "footprint": "Footprint"}


# -- the page

NAMES = {"ai-edge-litert": "LiteRT", "libdnnl-dev": "oneDNN", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO",
         "torch": "PyTorch"}  # of packages


def write(results, docs, chart_program):
    found = {part: json.loads((results / f"{part}.json").read_text())
             for part in HEADINGS if (results / f"{part}.json").exists()}
    newest = max(found.values(), key=lambda content: content["date"])
    versions = newest["versions"]
    others = ", ".join(f"{NAMES.get(package, package)} {version}" for package, version in versions["peers"].items())
    text = ["# Benchmarks\n",
            "Written by `scripts/bench`; run it to measure your machine. "
            f"{versions['processor']}; {versions['compiler']} -O2; {others}; {newest['date']}.\n",
            "Every peer runs the same network with the same random weights in float32, and its outputs are compared "
            "first. Peers take turns in short bursts on the same cores; numbers are medians of the quiet bursts, in "
            "brackets how often Strata's time; **bold**: how often Strata's time the fastest peer takes that computes "
            "in float32. All read the ONNX file that `export_onnx` writes, normalisation folded and the batch fixed, "
            "or what their own converter makes of it; LiteRT's reads the file of `save_keras`. OpenVINO is asked for "
            "float32 and low latency, and stands beside with its default where that is less than float32; ncnn has "
            "no batches and runs sample by sample; MNN is given its input before each run, which overwrites it; "
            "oneDNN's primitives have activations and sums as post-ops and the formats that it chooses, input and "
            "output included; PyTorch has its channels last, compiled is `torch.compile` with frozen weights. Each "
            "treats denormal numbers as it likes.\n"]
    if "networks" in found:
        draw(found, chart_program, docs / "benchmarks.svg")
        text.append("![How long the peers take, Strata's time being 1](benchmarks.svg)\n")
    for part, heading in HEADINGS.items():
        if part in found:
            text += [f"## {heading}\n", sections[part](found[part]["result"])]
    (docs / "benchmarks.md").write_text("\n".join(text))


# -- the chart

def draw(found, program, path):
    """The peers' times over Strata's, drawn by benchmark_chart."""
    told = []
    for part, prefix in [("networks", ""), ("training", "Training: ")]:
        for row in found.get(part, {"result": []})["result"]:
            ratios = {}
            for peer, time in row["times"].items():
                if peer in CHART:
                    bar = CHART[peer]
                    ratios[bar] = min(time / own_time(row), ratios.get(bar, float("inf")))
            if row["setup"] == "one":
                told.append({"name": f"{prefix}{row['title']}, batch {row['batch']}", "ratios": ratios})
    subprocess.run([program, path], input=json.dumps(told), text=True, check=True)
