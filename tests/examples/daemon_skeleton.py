#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""daemon_skeleton.py PREFIX SCRATCH SOURCE: reload, status, and both ways to stop."""

import os
import signal
import sys

from support import Program, build, check

program = build()
config = os.path.join(sys.argv[2], "config")


def write_config(text):
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)


write_config("# the first one\npause_ms = 1\nsteps = 3\n")
daemon = Program(program, config)
daemon.wait_for("ready")
daemon.wait_for("job: 3 steps")

write_config("pause_ms = 1\nsteps = many\n")
daemon.signal(signal.SIGHUP)
daemon.wait_for("config: line 2 is not understood")
daemon.wait_for("reload: the old configuration stays")
daemon.wait_for("job: 3 steps")

os.unlink(config)
daemon.signal(signal.SIGHUP)
daemon.wait_for("config: No such file or directory")
daemon.wait_for("reload: the old configuration stays")

write_config("pause_ms = 2\nsteps = 5\n")
daemon.signal(signal.SIGHUP)
daemon.wait_for("reload: pause_ms 2, steps 5 from the next job on")
daemon.wait_for("job: 5 steps")

daemon.signal(signal.SIGUSR1)
check(daemon.wait_for("status: ").endswith(" jobs done, running"), "status while running")

daemon.signal(signal.SIGTERM)
daemon.wait_for("stop: when the job is done")
check(daemon.line() == "job: 5 steps", "the running job was to be finished")
check(daemon.line().startswith("end: "), "no other job may begin")
daemon.end(0)

# A job that takes an hour: only the second signal ends it.
write_config("pause_ms = 3600000\nsteps = 1\n")
daemon = Program(program, config)
daemon.wait_for("ready")
daemon.signal(signal.SIGINT)
daemon.wait_for("stop: when the job is done")
daemon.signal(signal.SIGUSR1)
daemon.wait_for("status: 0 jobs done, stopping")
daemon.signal(signal.SIGTERM)
daemon.wait_for("stop: at once")
daemon.wait_for("end: 0 jobs done")
daemon.end(1)

check("config: it takes" in Program(program, os.devnull).end(1)[0], "an empty configuration")
Program(program).end(1)
