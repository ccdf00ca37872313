#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""check_files.py ROOT: two rules of CONTRIBUTING.md that no other tool knows.

A file in ROOT/src has at most 300 lines.  The public members of a struct or class have no underscore at the end:
that marks private ones, which clang-tidy checks."""

import pathlib
import re
import sys

MOST_LINES = 300
TYPE = re.compile(r"^(?:struct|class|union)\b[^;{]*\{(.*?)^\};", re.DOTALL | re.MULTILINE)
ACCESS = re.compile(r"^\s*(public|protected|private):", re.MULTILINE)
# Members are indented by four columns, statements in a function by more.
MEMBER = re.compile(r"^ {4}(?! )[\w:<>,\s*&]+?[\s*&]([a-z]\w*_)(?:\s*=[^;]*|\s*\{[^;]*|\[[^;]*)?;", re.MULTILINE)


def public_parts(text):
    for match in TYPE.finditer(text):
        parts = ACCESS.split(match[1])
        access = "private" if match[0].startswith("class") else "public"
        for number, part in enumerate(parts):
            if number % 2 == 1:
                access = part
            elif access == "public":
                yield part


def main():
    root = pathlib.Path(sys.argv[1])
    files = sorted(root.glob("src/*/*.?pp"))
    wrong = [] if files else ["no files in src/"]
    for path in files:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(root)
        lines = text.count("\n")
        if lines > MOST_LINES:
            wrong.append(f"{name}: {lines} lines, at most {MOST_LINES} are allowed")
        for part in public_parts(text):
            wrong += [f"{name}: the public member {member} ends in an underscore" for member in MEMBER.findall(part)]
    print("\n".join(wrong) or f"{len(files)} files follow both rules")
    sys.exit(bool(wrong))


main()
