# SPDX-License-Identifier: LGPL-3.0-or-later
"""System calls and instructions per operation.

System calls: strace counts a run with one pass and a run with two; the difference is one pass.  Reading the clock is
no system call: the vdso handles it.  Workloads of threads are left out, as strace changes their interleaving.

Instructions: callgrind counts a pass after a warm-up, in user space only: the library, talloc, libc and the workload's
own few.  The counts are exactly repeatable on one machine. libc has variants of memset() and other functions for
different processors; they are switched off, so that another machine gives the same counts.
"""

import glob
import os
import re
import subprocess
import tempfile

from programs import LIMIT_SECONDS

PLAIN_PROCESSOR = ("glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,"
                   "-BMI1,-BMI2,-SSSE3,-SSE4_1,-SSE4_2,-MOVBE,-LZCNT,-POPCNT")
CALL_OPERATIONS = 1000
COUNTED_OPERATIONS = 1000


def is_countable(workload):
    return workload.unit == "CPU"


def count_calls(libraries, workloads, progress):
    calls = {}
    for workload in filter(is_countable, workloads):
        progress(f"system calls: {workload.name}")
        for library in libraries:
            if library.has(workload):
                one, two = (calls_of_run(library, workload, passes) for passes in (1, 2))
                calls[(workload.name, library.name)] = max(0, two - one) / CALL_OPERATIONS
    return calls


def calls_of_run(library, workload, passes):
    with tempfile.NamedTemporaryFile("r") as counts:
        subprocess.run(["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", counts.name,
                        library.program, workload.name, str(CALL_OPERATIONS), str(passes)],
                       env=library.environment(), stdout=subprocess.DEVNULL, check=True, timeout=LIMIT_SECONDS)
        return sum(int(line.split()[0]) for line in counts
                   if re.match(r"\s*\d+\s+\w+$", line) and line.split()[1] != "total")


def count_instructions(library, workloads, progress=lambda text: None):
    """{(workload, library): instructions}; all workloads in one run of callgrind."""
    names = [workload.name for workload in workloads if is_countable(workload) and library.has(workload)]
    if not names:
        return {}
    progress(f"instructions: {library.name}")
    environment = library.environment()
    environment["GLIBC_TUNABLES"] = PLAIN_PROCESSOR
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out",
                               library.program, "--count", str(COUNTED_OPERATIONS), *names],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=LIMIT_SECONDS)
        if done.returncode != 0:
            raise SystemExit(f"callgrind {library.program}:\n{done.stdout}")
        totals = dict(filter(None, map(read_dump, glob.glob(os.path.join(directory, "out.*")))))
    missing = [name for name in names if name not in totals]
    if missing:
        raise SystemExit(f"callgrind wrote nothing about {', '.join(missing)}: was the program built with its header?")
    return {(name, library.name): totals[name] / COUNTED_OPERATIONS for name in names}


def read_dump(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.MULTILINE)
    total = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
    return (name.group(1), int(total.group(1))) if name and total else None
