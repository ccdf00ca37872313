#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""check_signal_safety.py LIBRARY: what may run inside a lock of another library calls nothing outside this one.

The roots are the library's signal handlers and its handler in a forked child.
The check disassembles LIBRARY and follows each call and each jump into another
function.  It fails on a call through the PLT, on an indirect call or jump, and
on a root that does not exist.

Functions for race detectors are not exempt: they call into the detector, so no
root may reach them.
"""
# Rules: S4 C23

import re
import subprocess
import sys

ROOTS = ("on_signal", "on_signal_with_info", "clear_mark_in_child")

HEADER = re.compile(r"^[0-9a-f]+ <(.+)>:$")
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$")
# Prefixes such as bnd and notrack come first.
BRANCH = re.compile(r"^(?:[a-z]+\s+)*?(call|jmp|j[a-z]+)q?\s+(.*)$")
TARGET = re.compile(r"^[0-9a-f]+ <([^>+]+)(\+0x[0-9a-f]+)?>$")


def functions_of(library):
    """name -> its instructions as objdump prints them."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library],
                          check=True, capture_output=True, text=True).stdout
    functions = {}
    body = []
    for line in text.splitlines():
        header = HEADER.match(line)
        if header:
            body = functions.setdefault(header[1], [])
        elif instruction := LINE.match(line):
            body.append(instruction[2].split("#")[0].strip())
    return functions


def is_root(symbol, root):
    # In the mangled name the length precedes the name; suffixes such as .lto_priv.0 may follow.
    return f"{len(root)}{root}E" in symbol


def check(library):
    functions = functions_of(library)
    errors = []
    came_from = {}
    for root in ROOTS:
        found = [symbol for symbol in functions if is_root(symbol, root)]
        if not found:
            errors.append(f"no function {root} in {library}")
        came_from.update((symbol, None) for symbol in found)
    waiting = list(came_from)

    def path_to(symbol):
        path = []
        while symbol is not None:
            path.append(symbol)
            symbol = came_from[symbol]
        return " <- ".join(path)

    while waiting:
        symbol = waiting.pop()
        if "race_detectors" in symbol:
            errors.append(f"a race detector's function: {path_to(symbol)}")
        for instruction in functions[symbol]:
            branch = BRANCH.match(instruction)
            if not branch:
                continue
            target = TARGET.match(branch[2])
            if not target:
                errors.append(f"`{instruction}`, an indirect call, in {path_to(symbol)}")
            elif target[1].endswith("@plt") or target[1] not in functions:
                errors.append(f"`{instruction}`, outside of the library, in {path_to(symbol)}")
            elif target[1] not in came_from:
                came_from[target[1]] = symbol
                waiting.append(target[1])
    return errors, came_from


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    errors, reached = check(sys.argv[1])
    for error in errors:
        print(f"FAILED: {error}")
    print(f"signal safety: {len(reached)} functions checked, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    if subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip() != "x86_64":
        print("skipped: knows the instructions of x86-64 alone")
        sys.exit(77)
    sys.exit(main())
