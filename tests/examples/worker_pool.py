#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""worker_pool.py PREFIX SCRATCH SOURCE: every job comes back once, whatever the number of threads."""

from support import Program, build, check

program = build()
for threads, jobs, primes in ((1, 3, 3245), (4, 20, 17984), (8, 50, 41538), (3, 0, 0)):
    lines = Program(program, str(threads), str(jobs)).end(0)
    expected = [f"{primes} primes below {jobs * 10000}; 0 jobs failed"]
    check(lines == expected, f"{threads} threads, {jobs} jobs: {lines}, not {expected}")
Program(program, "0").end(1)
