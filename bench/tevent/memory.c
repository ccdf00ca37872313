/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Objects that are created and kept. */

#include <unistd.h>

#include "cases.h"

struct objects {
	struct tevent_context *ev;
	TALLOC_CTX *parent;
	int *fds;
	unsigned n;
};

static void *set_up(unsigned n)
{
	struct objects *all = talloc_zero(NULL, struct objects);
	all->ev = bench_context(all);
	all->parent = talloc_new(all);
	all->n = n;
	return all;
}

static uint64_t accounted(const struct objects *all)
{
	return talloc_total_size(all->parent);
}

static void no_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev;
	(void)fde;
	(void)flags;
	(void)private_data;
}

static void no_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	(void)ev;
	(void)te;
	(void)now;
	(void)private_data;
}

static void *set_up_fds(unsigned n)
{
	struct objects *all = set_up(n);
	all->fds = talloc_array(all, int, n);
	for (unsigned i = 0; i < n; i++) {
		all->fds[i] = bench_eventfd(0);
	}
	return all;
}

static void tear_down_fds(void *state)
{
	struct objects *all = state;
	TALLOC_FREE(all->parent);
	for (unsigned i = 0; i < all->n; i++) {
		close(all->fds[i]);
	}
	talloc_free(all);
}

static uint64_t run_fds(void *state, uint64_t operations)
{
	struct objects *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		tevent_add_fd(all->ev, all->parent, all->fds[i], TEVENT_FD_READ, no_fd, NULL);
	}
	return accounted(all);
}

static uint64_t run_timers(void *state, uint64_t operations)
{
	struct objects *all = state;
	const struct timeval base = tevent_timeval_current_ofs(1000, 0);
	for (uint64_t i = 0; i < operations; i++) {
		tevent_add_timer(all->ev, all->parent, tevent_timeval_add(&base, (uint32_t)i, 0), no_timer, NULL);
	}
	return accounted(all);
}

static uint64_t run_immediates(void *state, uint64_t operations)
{
	struct objects *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		tevent_create_immediate(all->parent);
	}
	return accounted(all);
}

static uint64_t run_requests(void *state, uint64_t operations)
{
	struct objects *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		char *empty;
		tevent_req_create(all->parent, &empty, char);
	}
	return accounted(all);
}

const struct bench_case tevent_memory[] = {
	{"memory_fd", set_up_fds, run_fds, tear_down_fds},
	{"memory_timer", set_up, run_timers, bench_free},
	{"memory_immediate", set_up, run_immediates, bench_free},
	{"memory_request", set_up, run_requests, bench_free},
	{NULL, NULL, NULL, NULL},
};
