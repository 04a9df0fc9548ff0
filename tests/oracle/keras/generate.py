"""What real Keras computes: fixtures, and the C++ that compares Strata with them. Run it with `python` beside it.

    small FOLDER          what the ordinary tests read, and their C++, FOLDER/../../test_keras.cpp
    whole FOLDER PARTS    every case, and also the C++ of all of them in so many files, FOLDER/cases_0.cpp, ...

layers.py, training.py, summaries.py and configs.py have each case once, in Keras' words and in Strata's.
"""
import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="",
                  KERAS_BACKEND="tensorflow", COLUMNS="400")  # `rich` cuts a table at the end of the terminal

from cases import Cases
from configs import all_layers, configs
from layers import layers
from summaries import param_counts, summaries, weights
from training import training


def source(checks, title=""):
    """A test case for each subject, in lines of 120 columns."""
    text = ("// Layers and training, against real Keras.\n"
            "// Written by tests/oracle/keras/generate.py: change the lists there.\n"
            '#include "oracle/keras/checks.hpp"\n\n'
            "using namespace strata;\nusing namespace strata::keras_test;\n")
    for subject in dict.fromkeys(about for about, *_ in checks):
        text += f'\nTEST_CASE("{subject} equal Keras\'{title}", "[keras]") {{\n'
        for line in ("  " + check for about, check, _ in checks if about == subject):
            while len(line) > 120:
                cut = max(line.rfind(" ", 8, 120), line.rfind("(", 8, 119) + 1)
                text += line[:cut].rstrip() + "\n"
                line = "      " + line[cut:].lstrip()
            text += line + "\n"
        text += "}\n"
    return text


def main(extent, folder, parts=0):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cases = Cases(folder, extent == "small")
    for stage in layers, training:
        stage(cases)
    for stage in summaries, weights, param_counts, configs, all_layers:
        stage(folder)
    (folder.parent.parent / "test_keras.cpp").write_text(source([check for check in cases.checks if check[2]]))
    for part in range(int(parts)):
        (folder / f"cases_{part}.cpp").write_text(source(cases.checks[part::int(parts)], f", {part + 1}"))
    print(f"{len(cases.checks)} cases")


if __name__ == "__main__":
    main(*sys.argv[1:])
