#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""check_files.py ROOT: rules for the files in ROOT/src that no other tool checks.

A file has at most 300 lines.  The public members of a struct or class have no underscore at the end: that marks
private ones, which clang-tidy checks.  The source layout in docs/design.md names each file, and no others."""

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


def layout(design):
    """The files that docs/design.md names: {directory/stem}."""
    block = design.split("## Source layout", 1)[1].split("```")[1]
    directory, names = None, set()
    for line in block.splitlines():
        if match := re.match(r"(src/)?(\w+)/", line):
            directory = match[2] if match[1] else None
        elif directory and (match := re.match(r"  ([\w, ]+?)(?:  |$)", line)):
            names |= {f"{directory}/{name}" for name in match[1].split(", ")}
    return names


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
    described = layout((root / "docs/design.md").read_text(encoding="utf-8"))
    present = {f"{path.parent.name}/{path.stem}" for path in files}
    wrong += [f"docs/design.md does not name src/{name}" for name in sorted(present - described)]
    wrong += [f"docs/design.md names src/{name}, which does not exist" for name in sorted(described - present)]
    print("\n".join(wrong) or f"{len(files)} files follow all rules")
    sys.exit(bool(wrong))


main()
