/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The parts of a benchmark program: cases, each for one line of workloads.h, and the driver's main().  If a library
 * lacks a feature, its program leaves the case out.
 *
 * A case's run() performs at least the given number of operations, in whole batches if the workload has any, and
 * ends the program through BENCH_CHECK if they did not happen: a figure for work that was not done is worse than
 * none.
 */

#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct bench_case {
	const char *name;		/* a workload's */
	void *(*setup)(unsigned n);	/* not timed */
	uint64_t (*run)(void *state, uint64_t operations); /* OWN: its nanoseconds; BYTES: see below; else 0 */
	void (*teardown)(void *state);	/* not timed */
};

/*
 * BYTES: run() creates the objects and keeps them.  Its value is their size by the library's own accounting
 * (talloc_total_size), 0 if there is none.
 */

/* The program's cases: arrays, each ended by a case without a name; NULL ends the list. */
extern const struct bench_case *const bench_program[];

/* A descriptor that is always readable, a pair of sockets, descriptor 0 if required; these never fail. */
int bench_eventfd(unsigned value);
void bench_socketpair(int fds[2]);
void bench_write_eventfd(int fd);
void bench_read_eventfd(int fd);

/* SIGUSR1 to this process, by one system call: raise() makes three. */
void bench_signal(void);

uint64_t bench_now_ns(void);
/* Slightly more than a thread needs to fall asleep in its loop. */
void bench_let_it_sleep(void);

/* The same numbers in each program: xorshift64*. */
struct bench_random {
	uint64_t state;
};
static inline uint32_t bench_random(struct bench_random *random, uint32_t below)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)(((random->state * UINT64_C(2685821657736338717)) >> 32) * below >> 32);
}
#define BENCH_SEED ((struct bench_random){UINT64_C(88172645463325252)})

/* 0 to n-1 in random order; free() it. */
unsigned *bench_permutation(unsigned n);

_Noreturn void bench_fail(const char *what, const char *file, int line);
#define BENCH_CHECK(condition) ((condition) ? (void)0 : bench_fail(#condition, __FILE__, __LINE__))

#endif
