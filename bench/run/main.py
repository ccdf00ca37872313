# SPDX-License-Identifier: LGPL-3.0-or-later
"""tools/bench's inside: measures, prints, writes.  What is built and installed is tools/bench's business."""

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
    parser = argparse.ArgumentParser(prog="tools/bench", description="Measures the workloads of bench/workloads.h.")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="names, or how they begin; all by default")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--passes", type=int, default=3, help="per round; the best one counts")
    parser.add_argument("--programs", action="store_true",
                        help="instead: Debian's smbtorture, smbd and smbclient on both libraries, in pairs; as root")
    parser.add_argument("--write-docs", action="store_true",
                        help="write the tables into docs/performance.md and README.md, the chart into docs")
    parser.add_argument("--no-counts", action="store_true", help="neither system calls nor instructions")
    parser.add_argument("--quick", action="store_true", help="3 rounds, of a quarter of the operations")
    parser.add_argument("--libraries", default="", help="comma separated: ours,original,libevent,libev,libuv,floor")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 3
    if arguments.write_docs and (arguments.workloads or arguments.libraries or arguments.no_counts):
        parser.error("--write-docs is for a complete run")
    return arguments


def choose(available, wanted):
    for name in wanted:
        if not any(workload.name.startswith(name) for workload in available):
            raise SystemExit(f"no workload begins with {name}; --list names them")
    return [workload for workload in available if not wanted or any(workload.name.startswith(n) for n in wanted)]


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
    if arguments.list:
        for workload in available:
            print(f"{workload.name:24} {workload.what}")
        return
    workloads = choose(available, arguments.workloads)
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
