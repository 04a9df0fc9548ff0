"""Fails where a hot loop of an object file calls a function or touches the stack.

A hot loop is an innermost one with at least eight FMA instructions. With --spills each of them must touch the stack:
the test of this test.
"""
import argparse
import re
import subprocess
import sys

SYMBOL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^ +([0-9a-f]+):\s+(.*?)\s*$")
JUMP = re.compile(r"^(?:bnd )?j\w+\s+(?:0x)?([0-9a-f]+)\b")
FRAME = re.compile(r"(mov|lea)q?\s.*%rsp.*,\s*%rbp$")
LEAST_FMAS = 8


def functions(listing):
    """[(name, [(address, instruction)])]"""
    found = []
    for line in listing.splitlines():
        if match := SYMBOL.match(line):
            found.append((match[1], []))
        elif (match := INSTRUCTION.match(line)) and found:
            found[-1][1].append((int(match[1], 16), match[2]))
    return found


def count_fmas(instructions):
    return sum(text.startswith(("vfmadd", "vfnmadd")) for text in instructions)


def reach(start, neighbours, stop=None):
    """All that can be reached from `start` without going on from `stop`."""
    seen, todo = {start}, [start]
    while todo:
        at = todo.pop()
        if at != stop:
            new = [n for n in neighbours[at] if n not in seen]
            seen.update(new)
            todo += new
    return seen


def hot_loops(code):
    """The innermost loops with enough FMAs, as lists of (address, instruction)."""
    place = {address: i for i, (address, _) in enumerate(code)}
    after, before = [[] for _ in code], [[] for _ in code]
    back = []
    for i, (_, text) in enumerate(code):
        jump = JUMP.match(text)
        if jump and int(jump[1], 16) in place:
            after[i].append(place[int(jump[1], 16)])
            back += [(after[i][0], i)] * (after[i][0] <= i)
        if not re.match(r"(?:bnd )?(jmp|ret)", text) and i + 1 < len(code):
            after[i].append(i + 1)
        for target in after[i]:
            before[target].append(i)
    loops = set()
    for head, tail in back:
        body = reach(tail, before, head)
        if head in body and (head == 0 or 0 not in body):  # else the head can be passed by: code that was moved down
            loops.add(frozenset(body))
    hot = [loop for loop in loops if count_fmas(code[i][1] for i in loop) >= LEAST_FMAS]
    return [[code[i] for i in sorted(loop)] for loop in hot if not any(other < loop for other in hot)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objdump")
    parser.add_argument("object")
    parser.add_argument("--least", type=int, default=1, help="hot loops that there must be")
    parser.add_argument("--function", default="", help="only in functions whose name matches this pattern")
    parser.add_argument("--spills", action="store_true", help="each loop must touch the stack")
    options = parser.parse_args()
    listing = subprocess.run([options.objdump, "-d", "-C", "--no-show-raw-insn", options.object], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    loops = faulty = 0
    for name, code in functions(listing):
        if not re.search(options.function, name.split("<")[0]):
            continue
        # Without a frame %rbp is a register like others.
        frame = any(FRAME.match(text) for _, text in code)
        stack = re.compile(r"^(push|pop|call)|\(%r[sb]p[,)]" if frame else r"^(push|pop|call)|\(%rsp[,)]")
        for loop in hot_loops(code):
            body = [text for _, text in loop]
            faults = [text for text in body if stack.search(text)]
            loops += 1
            faulty += bool(faults)
            if faults and not options.spills:
                print(f"{name[:500]}\n  loop at {loop[0][0]:x}: {len(body)} instructions, {count_fmas(body)} of them "
                      f"FMA, {len(faults)} at fault:\n    " + "\n    ".join(faults[:6]))
    print(f"{loops} hot loops, {faulty} of them with calls or stack traffic")
    if loops < options.least:
        sys.exit(f"expected {options.least} hot loops or more")
    sys.exit(faulty != (loops if options.spills else 0))


main()
