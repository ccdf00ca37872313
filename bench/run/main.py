# SPDX-License-Identifier: LGPL-3.0-or-later
"""The main part of tools/bench: measures, prints, writes.  tools/bench itself builds and installs."""

import argparse
import os
import sys

import chart
import counts
import debian_programs
import docs
import table
import times as timing
from programs import find_libraries, workloads_of
from reach import read_goals


def parse_arguments():
    """tools/bench has already checked the command line; its --help describes the options."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("workloads", nargs="*")
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--libraries", default="")
    for switch in ("--quick", "--no-counts", "--write-docs", "--programs"):
        parser.add_argument(switch, action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 3
    return arguments


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def compare_programs(arguments):
    rows = debian_programs.compare(arguments.build, arguments.rounds, show_progress)
    show_progress("")
    print(table.as_text(rows))
    if arguments.write_docs:
        docs.replace_blocks(os.path.join(root_of(arguments), "docs/performance.md"),
                            {"programs": table.as_markdown(rows) + "\n\nMedians of pairs; " + docs.machine() + "."})


def root_of(arguments):
    return os.path.dirname(os.path.dirname(os.path.normpath(arguments.build)))


def main():
    arguments = parse_arguments()
    if arguments.programs:
        compare_programs(arguments)
        return
    libraries = find_libraries(arguments.build)
    available = list(workloads_of(libraries[0].program, only_its_own=False).values())
    workloads = [workload for workload in available if not arguments.workloads or workload.name in arguments.workloads]
    if arguments.libraries:
        libraries = [library for library in libraries if library.name in arguments.libraries.split(",")]
    progress = show_progress
    times = timing.measure(libraries, workloads, arguments.rounds, arguments.passes, 4 if arguments.quick else 1, progress)
    calls, instructions = {}, {}
    if not arguments.no_counts:
        calls = counts.count_calls(libraries, workloads, progress)
        for library in libraries:
            instructions.update(counts.count_instructions(library, workloads, progress))
    progress("")
    goals = read_goals(workloads)
    print_tables(libraries, workloads, times, goals, calls, instructions)
    write_files(arguments, libraries, workloads, times, goals, calls, instructions)


def print_tables(libraries, workloads, times, goals, calls, instructions):
    print("nanoseconds per operation, median of the rounds\n")
    print(table.as_text(table.time_rows(libraries, workloads, times, goals, calls)))
    if times.memory:
        print("\nbytes per object\n")
        print(table.as_text(table.memory_rows(libraries, workloads, times, goals)))
    for title, counted in (("system calls", calls), ("instructions", instructions)):
        if counted:
            print(f"\n{title} per operation\n")
            print(table.as_text(table.count_rows(libraries, workloads, counted, title)))


def write_files(arguments, libraries, workloads, times, goals, calls, instructions):
    root = root_of(arguments)
    output = os.path.join(root, "build", "bench")
    os.makedirs(output, exist_ok=True)
    table.write_csv(os.path.join(output, "results.csv"), libraries, workloads, times, calls, instructions)
    pictures = [os.path.join(output, "performance.svg")]
    if arguments.write_docs:
        pictures.append(os.path.join(root, "docs", "performance.svg"))
    if times.rounds:
        for path in pictures:
            with open(path, "w", encoding="utf-8") as file:
                file.write(chart.draw(libraries, workloads, times, f"medians; {docs.machine()}"))
    if arguments.write_docs:
        texts = docs.blocks(libraries, workloads, times, goals, calls, instructions)
        for path in ("docs/performance.md", "README.md"):
            docs.replace_blocks(os.path.join(root, path), texts)


main()
