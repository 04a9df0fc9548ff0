#!/usr/bin/env python3
"""docs/keras-to-strata.md has every pair of spellings that real Keras and Strata agreed on, and no other.

    check_keras_table.py PAGE tests/oracle/keras/configs.py

configs.py lists the pairs; real Keras wrote the fixtures from it, and tests/import holds the library to these.
"""
import ast
import pathlib
import re
import sys


def main():
    page, configs = (pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    layers = next(statement.value for statement in ast.parse(configs).body
                  if isinstance(statement, ast.Assign) and statement.targets[0].id == "LAYERS")
    agreed = {(re.sub(r"\bk\.", "", ast.unparse(layer)).replace("'", '"'), spelling.value)
              for spelling, layer in zip(layers.keys, layers.values)}
    tables = re.findall(r"^\| Keras \| Strata \|\n\| --- \| --- \|\n((?:\|.*\n)+)", page, re.MULTILINE)
    shown = {tuple(cell.strip(" `") for cell in row.strip("|").split("|"))
             for table in tables for row in table.splitlines()}
    faults = [f"missing: | `{keras}` | `{strata}` |" for keras, strata in sorted(agreed - shown)]
    faults += [f"nobody agreed on: | `{keras}` | `{strata}` |" for keras, strata in sorted(shown - agreed)]
    sys.exit("\n".join(faults) or (0 if len(agreed) > 50 else "found few pairs: the check looked at nothing"))


main()
