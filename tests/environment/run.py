#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""run.py [--full] BUILD ENVIRONMENT: runs behaviour programs in an unusual environment.

BUILD is a build directory.  ENVIRONMENT is a name from the table below;
`run.py --list` prints all of them.  By default only the programs most affected
by the environment run; with --full, or TEVENT_ENVIRONMENT_FULL=1, all do.

Each case has to pass, unless differences.tsv says otherwise:

    environment  program  case  what  reason

The first three are patterns with `*`, separated by spaces.  `what` is one of

    fails     each case that matches fails or is skipped
    differs   it may pass or fail
    left_out  it is not run

A pattern that matches no case of the programs that ran, or a case that passes against
`fails`, is an error.  An environment without effect is an error too: cases.c checks
this within each program, refuse.c for the refused system call.

Exit status 77: the environment is not available; a line `skipped: ...` gives the reason.
"""

import glob
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOT_ACTIVE = 98
SKIPPED = 77

# Forks, signals, threads, descriptors.
SHORT = ["context", "fd", "fork", "loop", "signal", "thread_proxy", "threaded", "preloads"]
LIVELY = ["fork", "preloads", "signal", "threaded"]
REFUSED = ["context", "fd", "signal", "thread_proxy", "threaded"]
# Its cases take a minute and make the same calls as those of queue.
SCALE = ["queue_scale"]


@dataclass
class Environment:
    """How a program is started; an empty list means the default."""

    command: list = field(default_factory=list)
    variables: dict = field(default_factory=dict)
    preload: list = field(default_factory=list)  # patterns of files
    proof: dict = field(default_factory=dict)  # what cases.c checks beyond the preloaded libraries
    short: list = field(default_factory=lambda: SHORT)
    full: list = field(default_factory=list)  # default: all programs
    short_cases: str = ""  # default: all cases
    seconds: int = 120  # for one program


def preloaded(*names, short=None, **variables):
    return Environment(preload=[f"/usr/lib/*/{name}" for name in names], variables=variables, short=short or SHORT)


SOCKET = {"SOCKET_WRAPPER_DIR": "{scratch}", "SOCKET_WRAPPER_DEFAULT_IFACE": "1"}
UID = {"UID_WRAPPER": "1", "UID_WRAPPER_ROOT": "1"}
NSS = {"NSS_WRAPPER_PASSWD": "{scratch}/passwd", "NSS_WRAPPER_GROUP": "{scratch}/group"}

ENVIRONMENTS = {
    # A case that also fails without the environment is attributed correctly.
    "plain": Environment(short=["preloads"]),
    "socket_wrapper": preloaded("libsocket_wrapper.so", **SOCKET),
    "uid_wrapper": preloaded("libuid_wrapper.so", **UID),
    "nss_wrapper": preloaded("libnss_wrapper.so", short=LIVELY, **NSS),
    "cwrap": preloaded("libsocket_wrapper.so", "libuid_wrapper.so", "libnss_wrapper.so", **SOCKET, **UID, **NSS),
    "torsocks": preloaded("torsocks/libtorsocks.so", TORSOCKS_LOG_LEVEL="1", TEVENT_CASES_LIBC_SYSCALL="1"),
    "faketime_offset": preloaded("faketime/libfaketimeMT.so.1", FAKETIME="+400d"),
    "faketime_slow": preloaded("faketime/libfaketimeMT.so.1", FAKETIME="+0 x0.5", short=LIVELY),
    # libfaketime divides the time of a wait and rounds it down, so loops take more turns.  Not for programs that
    # count turns or waits.
    "faketime_fast": Environment(
        preload=["/usr/lib/*/faketime/libfaketimeMT.so.1"], variables={"FAKETIME": "+0 x10"},
        short=["context", "loop", "preloads"],
        full=["context", "immediate", "loop", "preloads", "profile", "queue", "queue_wait", "request"]),
    "jemalloc": preloaded("libjemalloc.so.2", short=LIVELY),
    "tcmalloc": preloaded("libtcmalloc_minimal.so.4", short=LIVELY),
    "eatmydata": preloaded("libeatmydata.so", short=LIVELY),
    # It sets LD_PRELOAD itself.
    "fakeroot": Environment(
        command=["fakeroot", "--", "sh", "-c", 'LD_PRELOAD="$0:$LD_PRELOAD" exec "$@"', "{cases}"],
        proof={"TEVENT_CASES_LIBRARIES": "libfakeroot"}),
    "no_proc": Environment(
        command=["unshare", "--mount", "--", "sh", "-c", 'umount --lazy /proc && exec "$@"', "sh"],
        proof={"TEVENT_CASES_NO_PROC": "1"}, short=LIVELY),
    "few_descriptors": Environment(
        command=["prlimit", "--nofile=16:", "--"],
        proof={"TEVENT_CASES_DESCRIPTORS": "16"}, short=["context", *LIVELY]),
    # Not for programs that make descriptors of their own.
    "no_descriptors": Environment(
        proof={"TEVENT_CASES_NO_DESCRIPTOR": "1"},
        short=["immediate", "request"],
        full=["call_flow", "debug", "immediate", "profile", "queue", "queue_wait", "request", "timer"]),
}

for call in ["eventfd2", "epoll_create1", "dup3", "rt_tgsigqueueinfo", "pipe2", "setsig"]:
    for error in ["ENOSYS", "EPERM"]:
        ENVIRONMENTS[f"refuse_{call}_{error}"] = Environment(
            command=["{tools}/refuse", call, error],
            short=REFUSED if error == "ENOSYS" else ["context", "signal"])

for way in ["vfork", "posix_spawn", "thread", "_Fork", "clone"]:
    ENVIRONMENTS[f"start_by_{way}"] = Environment(
        command=["{tools}/start_by", way], proof={"TEVENT_CASES_PARENT": "start_by"},
        short=["context", "fork_ways", "signal"])

# Programs without signal events: valgrind delivers signals at any time, and keeps only one of each kind.
THREADS = ["threaded", "thread_proxy"]
for tool in ["helgrind", "drd"]:
    ENVIRONMENTS[tool] = Environment(
        command=["valgrind", f"--tool={tool}", "-q", "--error-exitcode=97", "--child-silent-after-fork=yes",
                 "--fair-sched=try"],
        variables={"TEVENT_TEST_VALGRIND": "1"},
        proof={"TEVENT_CASES_LIBRARIES": f"vgpreload_{tool}"},
        short=THREADS,
        full=["context", "fd", "fd_shared", "immediate", "loop", "nesting", "queue", "queue_wait", "request",
              "timer", "wakeup", "wrapper", *THREADS],
        short_cases="*from_another_thread__runs_in* *one_at_a_time__no_wakeup_is_lost[standard] "
                    "*burst_from_several_threads*[standard] *hand_on__to_and_fro*[standard] "
                    "*loop_waits__wakes_it[standard] *destination_waits__wakes_it[standard]",
        seconds=900)


@dataclass
class Difference:
    number: int
    environment: str
    program: str
    case: str
    what: str
    reason: str


def matches(patterns, name):
    return any(re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name)
               for pattern in patterns.split(" "))


def read_differences(environment):
    """Those of this environment.  A line for an environment that does not exist is an error."""
    path = HERE / "differences.tsv"
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 5 or not all(columns) or columns[3] not in ("fails", "differs", "left_out"):
            sys.exit(f"{path}:{number}: not `environment<TAB>program<TAB>case<TAB>what<TAB>reason`: {line}")
        difference = Difference(number, *columns)
        for pattern in difference.environment.split(" "):
            if not any(matches(pattern, name) for name in ENVIRONMENTS):
                sys.exit(f"{path}:{number}: there is no environment {pattern}")
        if matches(difference.environment, environment):
            found.append(difference)
    return found


RESULT = re.compile(r"\[ *(RUN|OK|FAILED|SKIPPED|ERROR|LEFT OUT) *\] (\S+)")


def results_of(output):
    """case -> OK, FAILED, SKIPPED, LEFT OUT, or RUN if it did not end."""
    results = {}
    for word, case in RESULT.findall(output):
        if word in ("RUN", "LEFT OUT") or case in results:
            results[case] = "FAILED" if word == "ERROR" else word
    return results


def is_about_success(line, results):
    found = RESULT.search(line)
    return found is not None and results.get(found[2]) in ("OK", "LEFT OUT")


class Run:
    def __init__(self, build, name, full):
        self.name = name
        self.environment = ENVIRONMENTS[name]
        self.full = full
        self.build = Path(build).resolve()
        self.tools = self.build / "tests" / "environment"
        self.cases = self.tools / "libcases.so"
        self.differences = read_differences(name)
        self.errors = []
        self.met = {}  # (line of the table, pattern) -> there is such a case in a program that ran
        self.counts = {"OK": 0, "FAILED": 0, "SKIPPED": 0, "LEFT OUT": 0}

    def programs(self):
        files = [*sorted((self.build / "tests" / "behaviour").glob("test_*")), self.tools / "test_preloads"]
        found = {path.name.removeprefix("test_"): path
                 for path in files if os.access(path, os.X_OK) and path.is_file()}
        wanted = self.environment.short
        if self.full:
            wanted = self.environment.full or [name for name in found if name not in SCALE]
        missing = [name for name in wanted if name not in found]
        if missing:
            sys.exit(f"not built: {' '.join(missing)}")
        return [(name, found[name]) for name in wanted]

    def libraries(self):
        files = []
        for pattern in self.environment.preload:
            found = sorted(glob.glob(pattern))
            if not found:
                skip(f"{pattern} is not installed")
            files.append(found[0])
        return files

    def start(self, name, path, scratch):
        """The program's output and its exit status; None if it did not end in time."""
        places = {"scratch": scratch, "tools": str(self.tools), "cases": str(self.cases)}
        libraries = self.libraries()
        variables = dict(os.environ, TEVENT_TEST_LIBRARY="ours", TALLOC_FREE_FILL="0xA5", LC_ALL="C")
        variables.update({key: value.format(**places) for key, value in self.environment.variables.items()})
        variables.update(self.environment.proof)
        if libraries:
            variables["TEVENT_CASES_LIBRARIES"] = " ".join(os.path.basename(file).split(".so")[0] for file in libraries)
        variables["LD_PRELOAD"] = ":".join([str(self.cases), *libraries])
        variables["TEVENT_CASES_LEAVE_OUT"] = " ".join(
            d.case for d in self.differences if d.what == "left_out" and matches(d.program, name))
        if self.environment.short_cases and not self.full:
            variables["TEVENT_CASES_ONLY"] = self.environment.short_cases
        command = [part.format(**places) if "{" in part else part for part in self.environment.command] + [str(path)]
        if "fakeroot" in self.environment.command:
            del variables["LD_PRELOAD"]
        process = subprocess.Popen(command, env=variables, cwd=scratch, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=self.environment.seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            status = None
        return output.decode(errors="replace"), status

    def error(self, text):
        self.errors.append(text)
        print(f"FAILED: {text}", flush=True)

    def judge(self, name, output, status):
        results = results_of(output)
        bad = False

        def error(text):
            nonlocal bad
            bad = True
            self.error(f"{self.name}: {name}: {text}")

        if status == NOT_ACTIVE:
            error("the environment is not active")
        elif status is None:
            error("did not end in time")
        elif not results:
            error(f"no results, exit status {status}")
        relevant = [d for d in self.differences if matches(d.program, name)]
        for d in relevant:
            for pattern in d.case.split(" "):
                key = (d.number, pattern)
                self.met[key] = self.met.get(key, False) or any(matches(pattern, case) for case in results)
        for case, result in results.items():
            d = next((d for d in relevant if matches(d.case, case)), None)
            if result == "RUN":
                error(f"{case} did not end")
                continue
            self.counts[result] += 1
            if result == "FAILED" and (d is None or d.what == "left_out"):
                error(f"{case} fails")
            elif result == "OK" and d is not None and d.what == "fails":
                error(f"differences.tsv:{d.number}: {case} passes")
        failures = sum(result == "FAILED" for result in results.values())
        # cmocka returns the number of failed cases; any other status comes from a launcher or a tool.
        if status not in (None, NOT_ACTIVE) and status != failures:
            error(f"exit status {status} with {failures} failed cases")
        if bad:
            print("\n".join(line for line in output.splitlines() if not is_about_success(line, results)))

    def run(self):
        with tempfile.TemporaryDirectory(prefix="tevent-environment.") as scratch:
            for file in ("passwd", "group"):
                shutil.copy(f"/etc/{file}", scratch)
            for name, path in self.programs():
                self.judge(name, *self.start(name, path, scratch))
        for (number, pattern), met in self.met.items():
            if not met:
                self.error(f"differences.tsv:{number}: no such case: {pattern}")
        times = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{self.name}: {self.counts['OK']} passed, {self.counts['FAILED']} failed as listed or not, "
              f"{self.counts['SKIPPED']} skipped, {self.counts['LEFT OUT']} left out, {len(self.errors)} errors, "
              f"{times.ru_utime + times.ru_stime:.1f} s of CPU")
        return 1 if self.errors else 0


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def check_that_it_can_be_had(environment):
    if not environment.command or "{" in environment.command[0]:
        return
    if shutil.which(environment.command[0]) is None:
        skip(f"{environment.command[0]} is not installed")
    if environment.command[0] == "unshare" and subprocess.run(
            ["unshare", "--mount", "--", "umount", "--lazy", "/proc"], stderr=subprocess.DEVNULL,
            check=False).returncode != 0:
        skip("/proc cannot be unmounted here")


def main():
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        print("\n".join(ENVIRONMENTS))
        return 0
    full = os.environ.get("TEVENT_ENVIRONMENT_FULL", "0") != "0"
    if arguments and arguments[0] == "--full":
        full = True
        del arguments[0]
    if len(arguments) != 2 or arguments[1] not in ENVIRONMENTS:
        sys.exit(__doc__)
    check_that_it_can_be_had(ENVIRONMENTS[arguments[1]])
    return Run(*arguments, full).run()


if __name__ == "__main__":
    sys.exit(main())
