#!/usr/bin/env python3
"""Puts the README and docs/ where MkDocs reads them, and the sources that they link to as pages: stage.py FOLDER

All lie as in the repository, so links need no change but for those to sources.
"""
import pathlib
import re
import shutil
import sys

LINK = re.compile(r"\]\(([^)\s:#]+)(?=[)#])")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    target = pathlib.Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        def follow(match):
            file = (page.parent / match[1]).resolve()
            if file.suffix == ".md" and not file.is_dir():
                return match[0]
            copy = target / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".svg":
                shutil.copy(file, copy)
                return match[0]
            text = "\n".join(f"- `{f.name}`" for f in sorted(file.iterdir())) if file.is_dir() else (
                f"````{'cpp' if file.suffix in ('.cpp', '.hpp') else 'text'}\n{file.read_text(encoding='utf-8')}````")
            copy.with_name(copy.name + ".md").write_text(f"# {file.relative_to(ROOT)}\n\n{text}\n", encoding="utf-8")
            return match[0] + ".md"

        copy = target / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(LINK.sub(follow, page.read_text(encoding="utf-8")), encoding="utf-8")


main()
