/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Immediates from other threads.
 *
 * Each thread has its own immediate for each operation, created beforehand by the loop's thread: the pass
 * allocates nothing, and never waits for an immediate to come back.
 */

#include "cases.h"
#include "bench/crew.h"

struct threads {
	struct tevent_context *ev;
	struct bench_crew *crew;
	struct tevent_threaded_context **door; /* one per thread */
	struct tevent_immediate **im;
	uint64_t made;
	uint64_t share; /* of one thread */
	uint64_t ran;
	uint64_t sent_at; /* written and read alternately, with the hand-over in between */
	uint64_t asleep_ns;
};

static void *set_up(unsigned n)
{
	struct threads *all = talloc_zero(NULL, struct threads);
	all->ev = bench_context(all);
	all->door = talloc_array(all, struct tevent_threaded_context *, n);
	for (unsigned i = 0; i < n; i++) {
		all->door[i] = tevent_threaded_context_create(all, all->ev);
		BENCH_CHECK(all->door[i] != NULL);
	}
	all->crew = bench_crew_create(n);
	return all;
}

static void tear_down(void *state)
{
	struct threads *all = state;
	bench_crew_free(all->crew);
	talloc_free(all);
}

static void make(struct threads *all, uint64_t operations)
{
	all->im = talloc_realloc(all, all->im, struct tevent_immediate *, (unsigned)operations);
	for (; all->made < operations; all->made++) {
		all->im[all->made] = tevent_create_immediate(all->ev);
	}
}

/* ---- as many as possible ----------------------------------------------------------------------------------- */

static void note(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct threads *all = private_data;
	(void)ev;
	(void)im;
	all->ran++;
}

static void hand_over(unsigned thread, void *private_data)
{
	struct threads *all = private_data;
	for (uint64_t i = 0; i < all->share; i++) {
		tevent_threaded_schedule_immediate(all->door[thread], all->im[thread * all->share + i], note, all);
	}
}

static uint64_t run_many(void *state, uint64_t operations)
{
	struct threads *all = state;
	const unsigned threads = bench_crew_size(all->crew);
	all->share = (operations + threads - 1) / threads;
	all->ran = 0;
	make(all, all->share * threads);
	bench_crew_start(all->crew, hand_over, all);
	while (all->ran < all->share * threads) {
		bench_turn(all->ev);
	}
	bench_crew_wait(all->crew);
	return 0;
}

/* ---- one at a time, the loop asleep ------------------------------------------------------------------------ */

static void take_time(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct threads *all = private_data;
	(void)ev;
	(void)im;
	all->asleep_ns += bench_now_ns() - all->sent_at;
	all->ran++;
}

static void wake_it(unsigned thread, void *private_data)
{
	struct threads *all = private_data;
	bench_let_it_sleep();
	all->sent_at = bench_now_ns();
	tevent_threaded_schedule_immediate(all->door[thread], all->im[0], take_time, all);
}

static uint64_t run_wakeup(void *state, uint64_t operations)
{
	struct threads *all = state;
	all->ran = 0;
	all->asleep_ns = 0;
	make(all, 1);
	for (uint64_t i = 0; i < operations; i++) {
		bench_crew_start(all->crew, wake_it, all);
		while (all->ran == i) {
			bench_turn(all->ev);
		}
		bench_crew_wait(all->crew);
	}
	return all->asleep_ns;
}

const struct bench_case tevent_threads[] = {
	{"thread_1", set_up, run_many, tear_down},
	{"thread_4", set_up, run_many, tear_down},
	{"thread_wakeup", set_up, run_wakeup, tear_down},
	{NULL, NULL, NULL, NULL},
};
