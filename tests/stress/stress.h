/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Support code for the stress programs.
 *
 * A stress program is a list of scenarios.  Each runs the library under a load
 * that no single behaviour test creates, and checks exact sums and orders:
 * exactly the work handed in has run, each producer's in its order.  Nothing
 * is timed and nothing sleeps.  If a scenario does not end, because something
 * was lost, its backstop ends it as a failure.  So loops in these programs
 * wait without a time limit (a wait timeout would hide the fault).
 *
 * Parameters are given as name=value on the command line.  All programs have
 *
 *   seconds=N   repeat the list for N seconds; 0: once
 *   seed=N      start of the random choices; printed, to repeat a run
 *   only=NAME   one scenario
 *
 * and their own counts, whose defaults suit a quick run.  check() ends the
 * process, in any thread: after a fault the process cannot continue.
 */

#ifndef TEVENT_TESTS_STRESS_H
#define TEVENT_TESTS_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define TEVENT_DEPRECATED 1
#define _DEPRECATED_

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <tevent.h>

/* ---- scenarios ------------------------------------------------------ */

struct scenario {
	const char *name;
	void (*fn)(void);
};

/* Runs them according to the parameters; returns the value for main(). */
int stress_main(int argc, char **argv, const struct scenario *scenarios);

/* A parameter of the command line; may be read before or after the scenarios began. */
long parameter(const char *name, long otherwise);

/* For a forked child, which inherits no alarm: sets the scenario's. */
void set_backstop(void);

/* Ends the process when the condition does not hold. */
#define check(condition) \
	do { if (!(condition)) check_failed(__FILE__, __LINE__, #condition); } while (0)
/* The same for two numbers, which it prints. */
#define check_equal(a, b) \
	do { long long a_ = (a), b_ = (b); \
	     if (a_ != b_) check_equal_failed(__FILE__, __LINE__, #a, a_, #b, b_); } while (0)
_Noreturn void check_failed(const char *file, int line, const char *condition);
_Noreturn void check_equal_failed(const char *file, int line, const char *a, long long a_is, const char *b,
				  long long b_is);

/* ---- chance --------------------------------------------------------- */

/* Each thread and process has its own, started from the seed and a number. */
struct chance {
	uint64_t state;
};

struct chance chance_of(unsigned number);
uint32_t draw(struct chance *c, uint32_t below);
/* Idles for some hundred nanoseconds, to vary the order of threads. */
void dally(struct chance *c);

/* ---- helpers -------------------------------------------------------- */

/* A context that waits for ever: a lost event stays lost. */
struct tevent_context *new_context(TALLOC_CTX *mem_ctx, const char *backend);
void run_thread(pthread_t *thread, void *(*fn)(void *), void *arg);
void join_thread(pthread_t thread);
int count_open_fds(void);
/* For a child that has to exit with 0. */
void expect_success(pid_t child);
/* Shared with children that are forked later; zeroed. */
void *shared_memory(size_t size);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
