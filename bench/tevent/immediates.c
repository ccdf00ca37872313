/* SPDX-License-Identifier: LGPL-3.0-or-later */

#include "cases.h"

struct immediates {
	struct tevent_context *ev;
	struct tevent_immediate *im;
	unsigned n;
	uint64_t ran;
};

static void *set_up(unsigned n)
{
	struct immediates *all = talloc_zero(NULL, struct immediates);
	all->ev = bench_context(all);
	all->im = tevent_create_immediate(all);
	all->n = n;
	return all;
}

static void schedule_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct immediates *all = private_data;
	all->ran++;
	tevent_schedule_immediate(im, ev, schedule_again, all);
}

static uint64_t run_chain(void *state, uint64_t operations)
{
	struct immediates *all = state;
	all->ran = 0;
	tevent_schedule_immediate(all->im, all->ev, schedule_again, all);
	for (uint64_t i = 0; i < operations; i++) {
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

static void free_it(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct immediates *all = private_data;
	(void)ev;
	all->ran++;
	talloc_free(im);
}

static uint64_t run_burst(void *state, uint64_t operations)
{
	struct immediates *all = state;
	uint64_t done = 0;
	all->ran = 0;
	for (; done < operations; done += all->n) {
		for (unsigned i = 0; i < all->n; i++) {
			struct tevent_immediate *im = tevent_create_immediate(all);
			tevent_schedule_immediate(im, all->ev, free_it, all);
		}
		for (unsigned i = 0; i < all->n; i++) {
			bench_turn(all->ev);
		}
	}
	BENCH_CHECK(all->ran == done);
	return 0;
}

const struct bench_case tevent_immediates[] = {
	{"immediate_chain", set_up, run_chain, bench_free},
	{"immediate_burst", set_up, run_burst, bench_free},
	{NULL, NULL, NULL, NULL},
};
