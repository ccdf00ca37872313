# SPDX-License-Identifier: LGPL-3.0-or-later
"""The benchmark programs, and the data that they report about themselves.

A library is a program and an environment: ours and the original are one program that finds another libtevent.so.0
when it starts.
"""

import os
import subprocess
from dataclasses import dataclass, field

OURS = "ours"
ORIGINAL = "original"
FLOOR = "floor"
LIMIT_SECONDS = 300  # for one process; a loop that waits for ever is a bug of the program
TITLES = {OURS: "ours", ORIGINAL: "original", "libevent": "libevent", "libev": "libev", "libuv": "libuv", FLOOR: "floor"}


@dataclass(frozen=True)
class Workload:
    name: str
    n: int
    operations: int
    unit: str
    what: str

    @property
    def is_memory(self):
        return self.unit == "BYTES"


@dataclass
class Library:
    name: str
    program: str
    library_path: str = ""
    workloads: dict = field(default_factory=dict)

    def environment(self):
        environment = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "LD_PRELOAD")}
        if self.library_path:
            environment["LD_LIBRARY_PATH"] = self.library_path
        return environment

    def has(self, workload):
        return workload.name in self.workloads

    def run(self, *arguments):
        """Lines of tab separated numbers."""
        done = subprocess.run([self.program, *map(str, arguments)], env=self.environment(), stdout=subprocess.PIPE,
                              check=True, text=True, timeout=LIMIT_SECONDS)
        return [[int(number) for number in line.split("\t")] for line in done.stdout.splitlines()]


def workloads_of(program, only_its_own=True):
    listing = subprocess.run([program, "--list"], stdout=subprocess.PIPE, check=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        name, n, operations, unit, has, what = line.split("\t")
        if has == "yes" or not only_its_own:
            found[name] = Workload(name, int(n), int(operations), unit, what)
    return found


def find_libraries(build):
    """The programs that were built, in the order of the table's columns."""
    oracle = os.path.join(build, "oracle")
    found = []
    for name in TITLES:
        program = os.path.join(build, "bench", "bench_" + ("tevent" if name in (OURS, ORIGINAL) else name))
        if not os.path.exists(program) or (name == ORIGINAL and not os.path.exists(oracle + "/libtevent.so.0")):
            continue
        library = Library(name, program, oracle if name == ORIGINAL else "")
        library.workloads = workloads_of(program)
        found.append(library)
    check_loaded(found, build)
    return found


def check_loaded(libraries, build):
    """The wrong libtevent under the right name would give a plausible table."""
    expected = {OURS: os.path.join(build, "lib"), ORIGINAL: os.path.join(build, "oracle")}
    for library in libraries:
        if library.name in expected:
            linked = subprocess.run(["ldd", library.program], env=library.environment(), stdout=subprocess.PIPE,
                                    check=True, text=True).stdout
            wanted = os.path.join(expected[library.name], "libtevent.so.0")
            if f"=> {wanted} " not in linked:
                raise SystemExit(f"{library.name} does not run on {wanted}:\n{linked}")
