#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""guard.py BENCH_TEVENT BASELINE [--write]: this library's instruction counts match the baseline.

Fails if a workload of the baseline needs notably more; reports if one needs notably less.  --write makes the present
counts the baseline, for the workloads in it.  Times depend on the machine and its load, instruction counts do not:
the tolerance is for another patch level of the compiler or of libc.
"""

import sys

from counts import count_instructions
from programs import OURS, Library, workloads_of

TOLERANCE = 0.02


def read_baseline(path):
    with open(path, encoding="utf-8") as file:
        lines = file.readlines()
    entries = {}
    for line in lines:
        if not line.startswith("#"):
            name, instructions = line.split()
            entries[name] = float(instructions)
    return [line for line in lines if line.startswith("#")], entries


def verdict(before, now):
    change = now / before - 1
    if change > TOLERANCE:
        return change, "TOO MANY"
    return change, "less: tools/bench --baseline" if change < -TOLERANCE else ""


def main():
    program, path = sys.argv[1:3]
    head, baseline = read_baseline(path)
    library = Library(OURS, program, "", workloads_of(program))
    unknown = [name for name in baseline if name not in library.workloads]
    if unknown:
        raise SystemExit(f"no such workload: {', '.join(unknown)}")
    counted = count_instructions(library, [library.workloads[name] for name in baseline])
    failed = 0
    for name, before in baseline.items():
        now = counted[(name, OURS)]
        change, words = verdict(before, now)
        failed += words == "TOO MANY"
        print(f"{name:24} {before:10.1f} {now:10.1f} {change:+8.1%}  {words}".rstrip())
    if "--write" in sys.argv[3:]:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(head)
            file.writelines(f"{name}\t{counted[(name, OURS)]:.1f}\n" for name in baseline)
        return
    if failed:
        raise SystemExit(f"{failed} workloads need more instructions than bench/instructions.tsv allows")


main()
