# SPDX-License-Identifier: LGPL-3.0-or-later
"""Debian's own programs, unchanged, alternately on this library and on the original.

smbtorture counts the pipe events that its suite local.event handles in two seconds.  Two smbds, one per library, serve
the same files on loopback ports; smbclient, on the same library as its server, fetches many small files or a large one.
Each figure comes in pairs, ours and the original's, one after the other, in alternating order.

smbd changes its user id for each session: it needs root.  All its files are in a scratch directory.
"""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from statistics import median

from programs import ORIGINAL, OURS

SMALL_FILES, SMALL_BYTES = 1500, 4096
LARGE_BYTES = 300 * 1024 * 1024
TICK = 1 / os.sysconf("SC_CLK_TCK")
DIRECTORIES = ("lock", "state", "cache", "pid", "private", "ncalrpc", "log", "usershare")
CONFIGURATION = """[global]
server role = standalone server
netbios name = TEVENT
workgroup = TEVENT
smb ports = {port}
interfaces = 127.0.0.1/8
bind interfaces only = yes
disable netbios = yes
security = user
map to guest = Bad User
guest account = nobody
load printers = no
printcap name = /dev/null
disable spoolss = yes
rpc start on demand helpers = no
lock directory = {scratch}/lock
state directory = {scratch}/state
cache directory = {scratch}/cache
pid directory = {scratch}/pid
private dir = {scratch}/private
ncalrpc dir = {scratch}/ncalrpc
usershare path = {scratch}/usershare
usershare max shares = 0
log file = {scratch}/log/%m.log
[share]
path = {share}
guest ok = yes
read only = yes
"""


def environment(library_path):
    return {**os.environ, "LD_LIBRARY_PATH": library_path}


def write_configuration(scratch, port=0, share="/"):
    for name in DIRECTORIES:
        os.makedirs(os.path.join(scratch, name), exist_ok=True)
    path = os.path.join(scratch, "smb.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(scratch=scratch, port=port, share=share))
    return path


def check_mapped(pid, library_path):
    wanted = os.path.realpath(os.path.join(library_path, "libtevent.so.0"))
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        mapped = {line.split()[-1] for line in maps if "/libtevent.so" in line}
    if mapped != {wanted}:
        raise SystemExit(f"process {pid} runs on {mapped or 'no libtevent'}, not on {wanted}")


def run_timed(command, library_path, directory):
    """Elapsed seconds, CPU seconds, output."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=directory, env=environment(library_path), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    elapsed, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-2000:]}")
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


# ---- smbd --------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    def __init__(self, scratch, library_path, share):
        self.library_path = library_path
        self.scratch = scratch
        self.port = free_port()
        self.configuration = write_configuration(scratch, self.port, share)
        with open(os.path.join(scratch, "log", "out"), "wb") as log:
            self.process = subprocess.Popen(
                ["smbd", "--foreground", "--no-process-group", f"--configfile={self.configuration}"],
                env=environment(library_path), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.wait_until_up()
        check_mapped(self.process.pid, library_path)
        # The children that exist before a client connects and after it disconnects.
        self.standing = self.children()
        self.ask("ls", scratch)
        self.standing &= self.children()

    def ask(self, commands, directory):
        """Elapsed and CPU seconds of an smbclient."""
        elapsed, cpu, output = run_timed(
            ["smbclient", "//127.0.0.1/share", "-p", str(self.port), "-N", "-s", self.configuration, "-c", commands],
            self.library_path, directory)
        if "NT_STATUS" in output:
            raise SystemExit(output[-2000:])
        return elapsed, cpu

    def wait_until_up(self):
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise SystemExit(f"smbd did not start: {self.scratch}/log")

    def cpu_seconds(self):
        """Its own and all its children's; a child that served a client counts once it has been reaped."""
        deadline = time.monotonic() + 10
        while (now := self.children()) - self.standing and time.monotonic() < deadline:
            time.sleep(0.01)
        return sum(cpu_of(pid) for pid in [self.process.pid, *now])

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return set(file.read().split())

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def cpu_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return sum(int(field) for field in fields[11:15]) * TICK  # utime, stime, cutime, cstime


def fetch(server, commands, directory):
    """Elapsed seconds; CPU seconds of client and server."""
    before = server.cpu_seconds()
    elapsed, client = server.ask(commands, directory)
    return elapsed, client + server.cpu_seconds() - before


def make_share(path):
    os.makedirs(os.path.join(path, "small"))
    for number in range(SMALL_FILES):
        with open(os.path.join(path, "small", f"{number:05}"), "wb") as file:
            file.write(os.urandom(SMALL_BYTES))
    with open(os.path.join(path, "large"), "wb") as file:
        for _ in range(LARGE_BYTES >> 20):
            file.write(os.urandom(1 << 20))
    subprocess.run(["chmod", "-R", "a+rX", path], check=True)


# ---- pairs -------------------------------------------------------------------------------------------------------


def in_pairs(rounds, measure):
    """{library: [figures]}"""
    figures = {OURS: [], ORIGINAL: []}
    for number in range(rounds):
        for library in (OURS, ORIGINAL) if number % 2 == 0 else (ORIGINAL, OURS):
            figures[library].append(measure(library))
    return figures


def measure_smbtorture(scratch, paths):
    directory = os.path.join(scratch, "torture")
    os.makedirs(directory)
    configuration = write_configuration(directory)

    def once(library):
        _, cpu, output = run_timed(["smbtorture", "-s", configuration, "ncalrpc:", "local.event.standard.context"],
                                   paths[library], directory)
        per_second = float(re.search(r"Got ([0-9.]+) pipe events/sec", output).group(1))
        return 1e9 / per_second, cpu * 1e9 / (2 * per_second)  # it runs for two seconds

    return once


def measure_smbd(servers, commands, directory):
    return lambda library: fetch(servers[library], commands, directory)


def row(what, figures, scale, unit):
    """What, ours and original elapsed, their ratio; the same for CPU time."""
    cells = [what]
    for column in (0, 1):
        ours = [pair[column] for pair in figures[OURS]]
        original = [pair[column] for pair in figures[ORIGINAL]]
        ratio = median(b / a for a, b in zip(ours, original))
        cells += [f"{median(ours) * scale:,.3g}", f"{median(original) * scale:,.3g}", f"{ratio:.2f}×"]
    return cells + [unit]


def compare(build, rounds, progress):
    for program, package in (("smbtorture", "samba-testsuite"), ("smbd", "samba"), ("smbclient", "smbclient")):
        if not shutil.which(program):
            raise SystemExit(f"{program} is not installed (Debian: {package})")
    if os.geteuid() != 0:
        raise SystemExit("smbd needs root")
    paths = {OURS: os.path.join(build, "lib"), ORIGINAL: os.path.join(build, "oracle")}
    rows = [["program", "ours, elapsed", "original, elapsed", "original/ours", "ours, CPU", "original, CPU",
             "original/ours", "unit"]]
    with tempfile.TemporaryDirectory(prefix="tevent-bench.") as scratch:
        os.chmod(scratch, 0o755)
        progress("smbtorture local.event: 2 s each")
        rows.append(row("smbtorture local.event, a pipe event", in_pairs(rounds, measure_smbtorture(scratch, paths)),
                        1e-3, "µs"))
        share = os.path.join(scratch, "share")
        make_share(share)
        fetched = os.path.join(scratch, "fetched")
        os.mkdir(fetched)
        servers = {}
        try:
            for library, path in paths.items():
                servers[library] = Server(os.path.join(scratch, library), path, share)
            # The large file takes a third of a second: with few pairs, noise dominates.
            for what, commands, more in (
                    (f"smbd and smbclient, {SMALL_FILES:,} files of 4 KiB", "prompt off; cd small; mget *", 2),
                    (f"smbd and smbclient, one file of {LARGE_BYTES >> 20} MiB", "get large /dev/null", 12)):
                progress(what)
                figures = in_pairs(rounds * more, measure_smbd(servers, commands, fetched))
                rows.append(row(what, figures, 1, "s"))
        finally:
            for server in servers.values():
                server.stop()
    return rows
