/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The workloads of threads for libraries that can only be woken: threads put letters into a mailbox and call wake(),
 * the loop calls bench_handover_read() when it is woken.
 */

#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H

#include <stdlib.h>

#include "crew.h"
#include "driver.h"
#include "mailbox.h"

struct bench_handover {
	struct bench_mailbox box;
	struct bench_crew *crew;
	struct bench_letter *letters;
	uint64_t share;		/* of one thread */
	uint64_t read;
	uint64_t sent_at;	/* written and read alternately, with the hand-over in between */
	uint64_t asleep_ns;
	void (*wake)(void *loop);	/* from any thread */
	void (*turn)(void *loop);
	void *loop;
};

static inline void bench_handover_init(struct bench_handover *all, unsigned threads, void *loop,
				       void (*wake)(void *), void (*turn)(void *))
{
	bench_mailbox_init(&all->box);
	all->crew = bench_crew_create(threads);
	all->letters = NULL;
	all->loop = loop;
	all->wake = wake;
	all->turn = turn;
}

static inline void bench_handover_end(struct bench_handover *all)
{
	bench_crew_free(all->crew);
	free(all->letters);
}

static inline void bench_handover_read(struct bench_handover *all)
{
	for (struct bench_letter *letter = bench_mailbox_take(&all->box); letter != NULL; letter = letter->next) {
		all->read++;
	}
}

static inline void bench_handover_send(unsigned thread, void *private_data)
{
	struct bench_handover *all = private_data;
	for (uint64_t i = 0; i < all->share; i++) {
		if (bench_mailbox_put(&all->box, &all->letters[thread * all->share + i])) {
			all->wake(all->loop);
		}
	}
}

static inline uint64_t bench_handover_many(struct bench_handover *all, uint64_t operations)
{
	const unsigned threads = bench_crew_size(all->crew);
	all->share = (operations + threads - 1) / threads;
	all->letters = realloc(all->letters, all->share * threads * sizeof(struct bench_letter));
	all->read = 0;
	bench_crew_start(all->crew, bench_handover_send, all);
	while (all->read < all->share * threads) {
		all->turn(all->loop);
	}
	bench_crew_wait(all->crew);
	return 0;
}

static inline void bench_handover_send_late(unsigned thread, void *private_data)
{
	struct bench_handover *all = private_data;
	(void)thread;
	bench_let_it_sleep();
	all->sent_at = bench_now_ns();
	if (bench_mailbox_put(&all->box, all->letters)) {
		all->wake(all->loop);
	}
}

static inline uint64_t bench_handover_wakeup(struct bench_handover *all, uint64_t operations)
{
	all->letters = realloc(all->letters, sizeof(struct bench_letter));
	all->read = 0;
	all->asleep_ns = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_crew_start(all->crew, bench_handover_send_late, all);
		while (all->read == i) {
			all->turn(all->loop);
		}
		all->asleep_ns += bench_now_ns() - all->sent_at;
		bench_crew_wait(all->crew);
	}
	return all->asleep_ns;
}

#endif
