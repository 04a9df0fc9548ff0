#!/usr/bin/env python3
"""Every relative link and picture of the pages leads to a file, and every anchor to a heading. Nothing is fetched.

    check_links.py ROOT PAGE...
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def anchors(page):
    """Of the headings, as GitHub makes them: lower case, no punctuation, hyphens for blanks, -1 for a second one."""
    found = set()
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading).lower()).replace(" ", "-")
        found.add(anchor if anchor not in found else anchor + "-1")
    return found


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    faults, links = [], 0
    for page in map(pathlib.Path, sys.argv[2:]):
        text = CODE.sub(blank, page.read_text(encoding="utf-8"))
        for match in LINK.finditer(text):
            target = match[1] or match[2]
            if re.match(r"[a-z]+:", target):
                continue
            links += 1
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page.resolve()
            where = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}: {target}"
            if root not in file.parents or not file.exists():
                faults.append(f"{where}: there is no such file")
            elif anchor and anchor not in anchors(file):
                faults.append(f"{where}: no heading of {file.name} has this anchor")
    if links < 20:
        faults.append(f"expected dozens of links, found {links}: the check looked at nothing")
    sys.exit("\n".join(faults) or 0)


main()
