# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the tests of the examples stand on.

A test is called with PREFIX, an installed copy of the library, SCRATCH, a directory of its own, and the program's
SOURCE.  build() compiles it as a reader would, through pkg-config; Program runs it.  Nothing here sleeps: a test waits
for a line, a byte or an end, and PATIENCE only keeps it from waiting for ever."""

import os
import resource
import select
import shlex
import subprocess
import sys

PATIENCE = 60


def fail(text):
    print(f"FAILED: {text}", file=sys.stderr)
    sys.exit(1)


def check(condition, text):
    if not condition:
        fail(text)


def build(extra=()):
    """Compiles the program that the test is about; returns its path."""
    prefix, scratch, source = sys.argv[1:4]
    os.makedirs(scratch, exist_ok=True)
    program = os.path.join(scratch, os.path.splitext(os.path.basename(source))[0])
    libdir = next((directory for directory, _, files in os.walk(prefix) if "libtevent.so.0" in files), None)
    check(libdir, f"there is no libtevent.so.0 below {prefix}")

    os.environ["PKG_CONFIG_PATH"] = os.path.join(libdir, "pkgconfig")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "tevent"], check=True, capture_output=True, text=True)
    compiler = shlex.split(os.environ.get("CC", "cc"))
    warnings = ["-Wall", "-Wextra", "-Werror", *extra]
    more = shlex.split(os.environ.get("EXAMPLE_CFLAGS", ""))
    command = [*compiler, "-std=gnu11", "-g", "-O1", *warnings, *more, source, "-o", program, *flags.stdout.split()]
    if subprocess.run(command).returncode != 0:
        fail(f"{source} does not compile")

    os.environ["LD_LIBRARY_PATH"] = libdir
    loaded = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    check(f"{libdir}/libtevent.so.0" in loaded, f"{program} loads another library:\n{loaded}")
    return program


def raise_fd_limit(wanted):
    """Returns how many descriptors there are now, `wanted` or less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


class Program:
    """A running program whose lines are read one by one; stderr is mixed in."""

    def __init__(self, *command, fd_limit=None):
        def limit():
            if fd_limit is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (fd_limit, fd_limit))

        self.name = os.path.basename(command[0])
        wrapper = shlex.split(os.environ.get("EXAMPLE_WRAPPER", ""))
        self.process = subprocess.Popen([*wrapper, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, preexec_fn=limit)
        self.pid = self.process.pid
        self.seen = []
        self.rest = b""

    def line(self):
        """The next line, None at the end."""
        out = self.process.stdout.fileno()
        while b"\n" not in self.rest:
            if not select.select([out], [], [], PATIENCE)[0]:
                self.give_up("it keeps silent")
            data = os.read(out, 65536)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        self.seen.append(line.decode(errors="replace"))
        return self.seen[-1]

    def wait_for(self, start):
        """Reads up to a line that begins like this, and returns what follows there."""
        while (line := self.line()) is not None:
            if line.startswith(start):
                return line[len(start):]
        self.give_up(f"it ended, a line that begins with '{start}' was to come")

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, status):
        """Reads the rest; the program has to end with this status.  Returns all of its lines."""
        while self.line() is not None:
            pass
        try:
            got = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.give_up("it does not end")
        if got != status:
            self.give_up(f"exit status {got}, not {status}")
        return self.seen

    def give_up(self, why):
        self.process.kill()
        text = "\n".join(self.seen[-30:])
        fail(f"{self.name}: {why}.  What it said:\n{text}")
