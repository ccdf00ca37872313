# SPDX-License-Identifier: LGPL-3.0-or-later
"""Writes the results into the documentation, between existing marks:

    <!-- bench: NAME -->
    ...
    <!-- /bench -->
"""

import os
import platform
import re
import subprocess

import table
from programs import ORIGINAL, OURS
from table import number, ratio

SHORT = ("immediate_chain", "timer_rearm_10k", "timer_random_1k", "timer_random_100k", "timer_fire_1000",
         "fd_dispatch_1", "write_interest_toggle", "read_off_on", "request", "queue_1", "signal", "thread_1")
PACKAGES = {"libtevent0": "original", "libtalloc2": "talloc", "libevent-2.1-7": "libevent", "libev4": "libev",
            "libuv1": "libuv"}

LOAD = os.getloadavg()[0]  # before this program added to it


def version_of(package):
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, check=False, text=True)
    return re.sub(r"^\d+:|[-+].*", "", asked.stdout)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return (f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, "
            f"Linux {re.match(r'[0-9.]*[0-9]', platform.release()).group(0)}, load average {LOAD:.1f} before the run")


def versions():
    found = [f"{name} {version}" for name, version in ((PACKAGES[p], version_of(p)) for p in PACKAGES) if version]
    compiler = subprocess.run(["cc", "-dumpfullversion"], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    return ", ".join(found + [f"gcc {compiler}"])


def short_rows(workloads, times):
    rows = [["one operation", "ours, ns", "original, ns", "original/ours", ""]]
    for workload in workloads:
        if workload.name in SHORT:
            what = f"`{workload.name}`"
            rows.append([what, number(times.median(workload.name, OURS)), number(times.median(workload.name, ORIGINAL)),
                         ratio(times.ratio(workload.name, ORIGINAL, OURS)), workload.what])
    return rows


def workload_rows(workloads):
    return [["workload", "n", "operations per pass", "clock", "one operation"]] + [
        [f"`{w.name}`", f"{w.n:,}", f"{w.operations:,}", {"CPU": "CPU", "BYTES": "–"}.get(w.unit, "elapsed"), w.what]
        for w in workloads]


def blocks(libraries, workloads, times, goals, calls, instructions):
    """Texts by their names."""
    place = f"{machine()}; {versions()}."
    return {
        "machine": place,
        "workloads": table.as_markdown(workload_rows(workloads)),
        "times": table.as_markdown(table.time_rows(libraries, workloads, times, goals, calls)),
        "memory": table.as_markdown(table.memory_rows(libraries, workloads, times, goals)),
        "calls": table.as_markdown(table.count_rows(libraries, workloads, calls, "system calls")),
        "instructions": table.as_markdown(table.count_rows(libraries, workloads, instructions, "instructions")),
        "short": table.as_markdown(short_rows(workloads, times)) + f"\n\nMedians; {place}",
    }


def replace_blocks(path, texts):
    with open(path, encoding="utf-8") as file:
        before = file.read()

    def fill(match):
        name = match.group(1)
        if name not in texts:
            return match.group(0)  # another run's
        return f"<!-- bench: {name} -->\n{texts[name]}\n<!-- /bench -->"

    after = re.sub(r"<!-- bench: (\w+) -->\n.*?<!-- /bench -->", fill, before, flags=re.DOTALL)
    if after != before:
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
