# SPDX-License-Identifier: LGPL-3.0-or-later
"""tools/bench's inside: measures, prints, writes.  What is built and installed is tools/bench's business."""

import argparse
import os
import sys

import counts
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
    parser.add_argument("--no-counts", action="store_true", help="neither system calls nor instructions")
    parser.add_argument("--quick", action="store_true", help="3 rounds, of a quarter of the operations")
    parser.add_argument("--libraries", default="", help="comma separated: ours,original,libevent,libev,libuv,floor")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 3
    return arguments


def choose(available, wanted):
    for name in wanted:
        if not any(workload.name.startswith(name) for workload in available):
            raise SystemExit(f"no workload begins with {name}; --list names them")
    return [workload for workload in available if not wanted or any(workload.name.startswith(n) for n in wanted)]


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main():
    arguments = parse_arguments()
    libraries = find_libraries(arguments.build)
    available = list(workloads_of(libraries[0].program, only_its_own=False).values())
    if arguments.list:
        for workload in available:
            print(f"{workload.name:24} {workload.what}")
        return
    workloads = choose(available, arguments.workloads)
    if arguments.libraries:
        libraries = [library for library in libraries if library.name in arguments.libraries.split(",")]
    times = timing.measure(libraries, workloads, arguments.rounds, arguments.passes, 4 if arguments.quick else 1,
                           show_progress)
    calls, instructions = {}, {}
    if not arguments.no_counts:
        calls = counts.count_calls(libraries, workloads, show_progress)
        for library in libraries:
            instructions.update(counts.count_instructions(library, workloads, show_progress))
    show_progress("")
    goals = read_goals(workloads)
    print("nanoseconds per operation, median of the rounds\n")
    print(table.as_text(table.time_rows(libraries, workloads, times, goals, calls)))
    if any(workload.is_memory for workload in workloads):
        print("\nbytes per object\n")
        print(table.as_text(table.memory_rows(libraries, workloads, times)))
    for title, counted in (("system calls", calls), ("instructions", instructions)):
        if counted:
            print(f"\n{title} per operation\n")
            print(table.as_text(table.count_rows(libraries, workloads, counted, title)))
    output = os.path.join(os.path.dirname(os.path.normpath(arguments.build)), "bench")
    os.makedirs(output, exist_ok=True)
    table.write_csv(os.path.join(output, "results.csv"), libraries, workloads, times, calls, instructions)


main()
