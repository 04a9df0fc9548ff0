"""Fails where a program uses an architecture's instructions outside the symbols of that architecture.

check_symbols.py <objdump> <program>: wide registers and VEX instructions may only be in `<name>.avx2` and
`<name>.avx512`, EVEX ones only in the latter.
"""
import re
import subprocess
import sys

SYMBOL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^ +[0-9a-f]+:\s+(?:\{\w+\} *)?(\S+)(.*)$")


def level_of(mnemonic, operands):
    """2 for AVX-512, 1 for AVX and AVX2, 0 for what any x86-64 may have."""
    if re.search(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2\d|3[01])", operands):
        return 2
    if "%ymm" in operands or (mnemonic.startswith("v") and "%xmm" in operands):
        return 1
    return 0


def main(objdump, program):
    listing = subprocess.run([objdump, "-d", "--no-show-raw-insn", program], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    symbol, own, used, faults = "", 0, {0: 0, 1: 0, 2: 0}, set()
    for line in listing.splitlines():
        if match := SYMBOL.match(line):
            symbol = match[1]
            own = 2 if symbol.endswith(".avx512") else 1 if symbol.endswith(".avx2") else 0
        elif match := INSTRUCTION.match(line):
            level = level_of(match[1], match[2])
            used[own] = max(used[own], level)
            if level > own:
                faults.add(f"{symbol}: {match[1]} {match[2].strip()}")
    for fault in sorted(faults):
        print("outside its architecture:", fault)
    if used[1] < 1 or used[2] < 2:
        sys.exit("no AVX2 or no AVX-512 found at all: this check saw nothing")
    sys.exit(bool(faults))


main(*sys.argv[1:])
