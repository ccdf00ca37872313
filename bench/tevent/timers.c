/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Timers that are set and cancelled before they are due, and timers that are due.
 *
 * The pending ones are first set in order, which is cheapest for a sorted list, and are in memory in that order;
 * the random workload mixes both.
 */

#include <stdlib.h>

#include "cases.h"

enum { FAR_AWAY_S = 100000 };

struct timers {
	struct tevent_context *ev;
	struct tevent_timer **pending;
	unsigned n;
	unsigned oldest; /* of pending, if it is a ring */
	uint64_t newest; /* milliseconds after base */
	struct timeval base;
	struct bench_random random;
	unsigned *order;
	uint64_t ran;
};

static void never(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	(void)ev;
	(void)te;
	(void)now;
	(void)private_data;
	bench_fail("this timer is not due", __FILE__, __LINE__);
}

static struct timeval after(const struct timers *all, uint64_t milliseconds)
{
	return (struct timeval){
		.tv_sec = all->base.tv_sec + (time_t)(milliseconds / 1000),
		.tv_usec = (suseconds_t)(milliseconds % 1000) * 1000,
	};
}

static struct tevent_timer *set(struct timers *all, uint64_t milliseconds)
{
	struct tevent_timer *te = tevent_add_timer(all->ev, all, after(all, milliseconds), never, all);
	BENCH_CHECK(te != NULL);
	return te;
}

static void *set_up(unsigned n)
{
	struct timers *all = talloc_zero(NULL, struct timers);
	all->ev = bench_context(all);
	all->n = n;
	all->random = BENCH_SEED;
	return all;
}

static void *set_up_pending(unsigned n)
{
	struct timers *all = set_up(n);
	all->base = tevent_timeval_current_ofs(FAR_AWAY_S, 0);
	all->pending = talloc_array(all, struct tevent_timer *, n);
	for (unsigned i = 0; i < n; i++) {
		all->pending[i] = set(all, all->newest++);
	}
	return all;
}

/* ---- set and cancelled ------------------------------------------------------------------------------------- */

static uint64_t run_rearm(void *state, uint64_t operations)
{
	struct timers *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		talloc_free(all->pending[all->oldest]);
		all->pending[all->oldest] = set(all, all->newest++);
		all->oldest = all->oldest + 1 == all->n ? 0 : all->oldest + 1;
	}
	return 0;
}

static uint64_t run_random(void *state, uint64_t operations)
{
	struct timers *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		const unsigned which = bench_random(&all->random, all->n);
		talloc_free(all->pending[which]);
		all->pending[which] = set(all, bench_random(&all->random, all->n));
	}
	return 0;
}

static uint64_t run_update(void *state, uint64_t operations)
{
	struct timers *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		tevent_update_timer(all->pending[all->oldest], after(all, all->newest++));
		all->oldest = all->oldest + 1 == all->n ? 0 : all->oldest + 1;
	}
	return 0;
}

static uint64_t run_update_random(void *state, uint64_t operations)
{
	struct timers *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		const unsigned which = bench_random(&all->random, all->n);
		tevent_update_timer(all->pending[which], after(all, bench_random(&all->random, all->n)));
	}
	return 0;
}

/* ---- due --------------------------------------------------------------------------------------------------- */

static void note(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct timers *all = private_data;
	(void)ev;
	(void)te;
	(void)now;
	all->ran++;
}

static void *set_up_mixed(unsigned n)
{
	struct timers *all = set_up(n);
	all->order = bench_permutation(n);
	return all;
}

static void tear_down_mixed(void *state)
{
	struct timers *all = state;
	free(all->order);
	talloc_free(all);
}

static uint64_t run_fire(void *state, uint64_t operations)
{
	struct timers *all = state;
	uint64_t done = 0;
	all->ran = 0;
	for (; done < operations; done += all->n) {
		for (unsigned i = 0; i < all->n; i++) {
			tevent_add_timer(all->ev, all, tevent_timeval_set(1000 + all->order[i], 0), note, all);
		}
		for (unsigned i = 0; i < all->n; i++) {
			bench_turn(all->ev);
		}
	}
	BENCH_CHECK(all->ran == done);
	return 0;
}

static uint64_t run_behind(void *state, uint64_t operations)
{
	struct timers *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		tevent_add_timer(all->ev, all, tevent_timeval_set(1000, 0), note, all);
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

static void add_the_next(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct timers *all = private_data;
	(void)te;
	(void)now;
	all->ran++;
	tevent_add_timer(ev, all, tevent_timeval_zero(), add_the_next, all);
}

static void *set_up_zero(unsigned n)
{
	struct timers *all = set_up(n);
	tevent_add_timer(all->ev, all, tevent_timeval_zero(), add_the_next, all);
	return all;
}

static uint64_t run_zero(void *state, uint64_t operations)
{
	struct timers *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

const struct bench_case tevent_timers[] = {
	{"zero_timer", set_up_zero, run_zero, bench_free},
	{"timer_rearm_10", set_up_pending, run_rearm, bench_free},
	{"timer_rearm_1k", set_up_pending, run_rearm, bench_free},
	{"timer_rearm_10k", set_up_pending, run_rearm, bench_free},
	{"timer_rearm_100k", set_up_pending, run_rearm, bench_free},
	{"timer_random_10", set_up_pending, run_random, bench_free},
	{"timer_random_1k", set_up_pending, run_random, bench_free},
	{"timer_random_10k", set_up_pending, run_random, bench_free},
	{"timer_random_100k", set_up_pending, run_random, bench_free},
	{"timer_fire_1000", set_up_mixed, run_fire, tear_down_mixed},
	{"timer_behind_1k", set_up_pending, run_behind, bench_free},
	{"timer_behind_10k", set_up_pending, run_behind, bench_free},
	{"timer_update_10k", set_up_pending, run_update, bench_free},
	{"timer_update_random_10k", set_up_pending, run_update_random, bench_free},
	{NULL, NULL, NULL, NULL},
};
