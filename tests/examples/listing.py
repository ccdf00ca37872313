#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""listing.py PREFIX SCRATCH SOURCE EXPECTED: a listing of the tutorial compiles, runs, and prints what the file
beside it says.  Its handlers leave parameters unused, as short handlers do."""

import difflib
import subprocess
import sys

from support import PATIENCE, build, check, fail

program = build(["-Wno-unused-parameter"])
try:
    run = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=PATIENCE)
except subprocess.TimeoutExpired:
    fail(f"{program} does not end")
with open(sys.argv[4], encoding="utf-8") as file:
    expected = file.read()
if run.stdout != expected:
    sys.stderr.writelines(difflib.unified_diff(expected.splitlines(True), run.stdout.splitlines(True),
                                               "expected", "printed"))
    fail(f"{program} prints something else")
check(run.returncode == 0, f"{program}: exit status {run.returncode}")
