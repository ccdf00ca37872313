/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Signals; and contexts, created and freed as a whole. */

#include <signal.h>

#include "cases.h"

struct signals {
	struct tevent_context *ev;
	uint64_t told;
};

static void note(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		 void *private_data)
{
	struct signals *all = private_data;
	(void)ev;
	(void)se;
	(void)signum;
	(void)siginfo;
	all->told += (uint64_t)count;
}

static void raise_it(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev;
	(void)fde;
	(void)flags;
	(void)private_data;
	bench_signal();
}

static void *set_up(unsigned n)
{
	struct signals *all = talloc_zero(NULL, struct signals);
	(void)n;
	all->ev = bench_context(all);
	BENCH_CHECK(tevent_add_signal(all->ev, all, SIGUSR1, 0, note, all) != NULL);
	return all;
}

static void *set_up_busy(unsigned n)
{
	struct signals *all = set_up(n);
	struct tevent_fd *fde = tevent_add_fd(all->ev, all, bench_eventfd(1), TEVENT_FD_READ, raise_it, all);
	BENCH_CHECK(fde != NULL);
	tevent_fd_set_auto_close(fde);
	return all;
}

static uint64_t run_signal(void *state, uint64_t operations)
{
	struct signals *all = state;
	all->told = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_signal();
		/* Some turns may not run it: a library may wake itself up through a descriptor. */
		while (all->told == i) {
			bench_turn(all->ev);
		}
	}
	BENCH_CHECK(all->told == operations);
	return 0;
}

static uint64_t run_busy(void *state, uint64_t operations)
{
	struct signals *all = state;
	all->told = 0;
	while (all->told < operations) {
		bench_turn(all->ev);
	}
	return 0;
}

static void *set_up_nothing(unsigned n)
{
	(void)n;
	return talloc_new(NULL);
}

static uint64_t run_context(void *state, uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		talloc_free(bench_context(state));
	}
	return 0;
}

const struct bench_case tevent_signals[] = {
	{"signal", set_up, run_signal, bench_free},
	{"signal_busy", set_up_busy, run_busy, bench_free},
	{"context", set_up_nothing, run_context, bench_free},
	{NULL, NULL, NULL, NULL},
};
