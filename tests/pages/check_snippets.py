#!/usr/bin/env python3
"""What a page shows compiles with the includes that it shows, and its CMake lines configure.

    check_snippets.py PAGE WORK_DIR --cmake CMAKE --prefix INSTALLED [--like PAGE] -- COMPILER FLAGS...

A fence that starts with `// name.cpp:` is that file, one with a `main` is app.cpp. Any other is a fragment: it is
compiled behind the umbrella, in a namespace of its own, and where a comment `<!-- … @ … -->` stands right above it,
in place of that comment's @. Above a fragment that must not compile stands `<!-- error -->`; the compiler must say the
text of the next fence without a language. The cmake fences are one CMakeLists.txt. All is checked, then the faults are
listed. A translation has the fences of the page that it is `--like`, which is compiled instead of it.
"""
import argparse
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"(?:<!--((?:(?!-->).)*)-->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def fences_of(page):
    """The fences, all of them: one that the expression overlooks would not be checked."""
    text = page.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(text))
    if len(fences) * 2 != len(re.findall("^ *```", text, re.MULTILINE)):
        sys.exit(f"{page.name}: a fence is open, or indented: the check would overlook what it shows")
    return text, fences


def fragment(page, number, line, text, frame):
    """Its includes, and the rest in its frame; what the compiler says of it names the line of the page."""
    body = f'\n#line {line} "{page}"\n' + INCLUDE.sub("\n", text)
    return "".join(INCLUDE.findall(text)), f"namespace fence_{number} {{\n{frame.replace('@', body, 1)}\n}}\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--prefix", required=True, type=pathlib.Path)
    parser.add_argument("--like", type=pathlib.Path)
    parser.add_argument("compiler", nargs="+")
    arguments = parser.parse_args()
    work, page = arguments.work, arguments.page.name
    work.mkdir(parents=True, exist_ok=True)

    text_of_page, fences = fences_of(arguments.page)
    if arguments.like:
        expected = [fence[0] for fence in fences_of(arguments.like)[1]]
        for mine, theirs in zip([fence[0] for fence in fences], expected):
            if mine != theirs:
                sys.exit(f"{page}: expected, as in {arguments.like.name},\n{theirs}\nreceived\n{mine}")
        sys.exit(0 if len(fences) == len(expected) else f"{page}: expected {len(expected)} fences, has {len(fences)}")

    umbrella = "#include <strata/strata.hpp>\n"
    includes, fragments, errors, files, cmake = umbrella, "", [], {}, ""
    for number, fence in enumerate(fences):
        comment, language, text = (fence[1] or "").strip(), fence[2], fence[3]
        line = text_of_page.count("\n", 0, fence.start(3)) + 1
        name = re.match(r"// (\w+\.[ch]pp):", text)
        if language == "cmake":
            cmake += text
        elif language != "cpp":
            continue
        elif name or "int main(" in text:
            files[name[1] if name else "app.cpp"] = text
        elif comment == "error":
            sentence = next(f[3] for f in fences[number:] if f[2] == "")
            errors.append((line, fragment(page, number, line, text, "@")[1], " ".join(sentence.split())))
        else:
            more, code = fragment(page, number, line, text, comment if "@" in comment else "@")
            includes += more
            fragments += code
    if fragments:
        files["fragments.cpp"] = includes + "using namespace strata;\n" + fragments
    if cmake:
        files["CMakeLists.txt"] = cmake
        files.setdefault("main.cpp", "int main() {}\n")
    for name, text in files.items():
        (work / name).write_text(text, encoding="utf-8")

    faults = []
    for name in files:
        if name.endswith(".cpp"):
            code, output = run([*arguments.compiler, name], work)
            if code != 0:
                faults.append(f"{name} does not compile:\n{output[:3000]}")
    for line, text, sentence in errors:
        (work / "wrong.cpp").write_text(umbrella + "using namespace strata;\n" + text, encoding="utf-8")
        code, output = run([*arguments.compiler, "wrong.cpp"], work)
        if code == 0 or sentence not in output:
            faults.append(f"{page}:{line}: expected the error '{sentence}', received:\n{output[:3000]}")
    if cmake:
        options = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_COMPILER={arguments.compiler[0]}",
                   f"-DCMAKE_PREFIX_PATH={arguments.prefix}"]
        code, output = run([arguments.cmake, "-S", ".", "-B", "build", *options], work)
        if code != 0:
            faults.append(f"the CMakeLists.txt of {page}:\n{output}")
    print(f"{page}: {len(files)} files, {len(errors)} errors")
    sys.exit("\n".join(faults) or 0)


main()
