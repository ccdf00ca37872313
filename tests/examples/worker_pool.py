#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""worker_pool.py PREFIX SCRATCH SOURCE: every job comes back once, whatever the number of threads."""

from support import Program, build, check

program = build()
SIZE = 10000
MOST = 50
prime = bytearray([0, 0]) + bytearray([1]) * (MOST * SIZE - 2)
for n in range(2, 708):
    if prime[n]:
        prime[n * n::n] = bytes(len(range(n * n, len(prime), n)))

for threads, jobs in ((1, 3), (4, 20), (8, MOST), (3, 0)):
    lines = Program(program, str(threads), str(jobs)).end(0)
    expected = [f"from {n} to {n + SIZE}: {sum(prime[n:n + SIZE])} primes" for n in range(0, jobs * SIZE, SIZE)]
    check(lines == expected, f"{threads} threads, {jobs} jobs: {lines}")
Program(program, "0").end(1)
