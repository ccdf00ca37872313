/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Requests and queues, each request freed by its callback, as callers do. */

#include "cases.h"

struct state {
	unsigned below; /* number of requests still to be nested below this one */
};

struct requests {
	struct tevent_context *ev;
	struct tevent_queue *queue;
	struct timeval end;
	unsigned n;
	uint64_t done;
};

static void *set_up(unsigned n)
{
	struct requests *all = talloc_zero(NULL, struct requests);
	all->ev = bench_context(all);
	all->end = tevent_timeval_current_ofs(100000, 0);
	all->n = n;
	return all;
}

static void free_it(struct tevent_req *req)
{
	struct requests *all = tevent_req_callback_data(req, struct requests);
	talloc_free(req);
	all->done++;
}

static struct tevent_req *create(struct requests *all)
{
	struct state *state;
	struct tevent_req *req = tevent_req_create(all, &state, struct state);
	BENCH_CHECK(req != NULL);
	tevent_req_set_callback(req, free_it, all);
	return req;
}

/* ---- requests ---------------------------------------------------------------------------------------------- */

static uint64_t run_request(void *state, uint64_t operations)
{
	struct requests *all = state;
	all->done = 0;
	for (uint64_t i = 0; i < operations; i++) {
		tevent_req_done(create(all));
	}
	BENCH_CHECK(all->done == operations);
	return 0;
}

static uint64_t run_endtime(void *state, uint64_t operations)
{
	struct requests *all = state;
	all->done = 0;
	for (uint64_t i = 0; i < operations; i++) {
		struct tevent_req *req = create(all);
		tevent_req_set_endtime(req, all->ev, all->end);
		tevent_req_done(req);
	}
	BENCH_CHECK(all->done == operations);
	return 0;
}

/* Like a _send function that finishes at once: the callback is set after it returned. */
static uint64_t run_posted(void *state, uint64_t operations)
{
	struct requests *all = state;
	all->done = 0;
	for (uint64_t i = 0; i < operations; i++) {
		struct state *inner;
		struct tevent_req *req = tevent_req_create(all, &inner, struct state);
		tevent_req_done(req);
		tevent_req_post(req, all->ev);
		tevent_req_set_callback(req, free_it, all);
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->done == operations);
	return 0;
}

/* ---- nested ------------------------------------------------------------------------------------------------ */

static void pass_on(struct tevent_req *inner)
{
	struct tevent_req *req = tevent_req_callback_data(inner, struct tevent_req);
	talloc_free(inner);
	tevent_req_done(req);
}

static struct tevent_req *send_nested(TALLOC_CTX *mem_ctx, struct tevent_req **innermost, unsigned below)
{
	struct state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct state);
	state->below = below;
	*innermost = req;
	if (below > 0) {
		struct tevent_req *inner = send_nested(state, innermost, below - 1);
		tevent_req_set_callback(inner, pass_on, req);
	}
	return req;
}

static uint64_t run_nested(void *state, uint64_t operations)
{
	struct requests *all = state;
	all->done = 0;
	for (uint64_t i = 0; i < operations; i++) {
		struct tevent_req *innermost;
		struct tevent_req *req = send_nested(all, &innermost, all->n - 1);
		tevent_req_set_callback(req, free_it, all);
		tevent_req_done(innermost);
	}
	BENCH_CHECK(all->done == operations);
	return 0;
}

/* ---- queues ------------------------------------------------------------------------------------------------ */

static void trigger(struct tevent_req *req, void *private_data)
{
	(void)private_data;
	tevent_req_done(req);
}

static void join(struct requests *all)
{
	BENCH_CHECK(tevent_queue_add(all->queue, all->ev, create(all), trigger, all));
}

/* Enough requests wait that there are n when one joins. */
static void *set_up_queue(unsigned n)
{
	struct requests *all = set_up(n);
	all->queue = tevent_queue_create(all, "bench");
	for (unsigned i = 1; i < n; i++) {
		join(all);
	}
	return all;
}

static uint64_t run_queue(void *state, uint64_t operations)
{
	struct requests *all = state;
	all->done = 0;
	for (uint64_t i = 0; i < operations; i++) {
		join(all);
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->done == operations);
	BENCH_CHECK(tevent_queue_length(all->queue) == all->n - 1);
	return 0;
}

const struct bench_case tevent_requests[] = {
	{"request", set_up, run_request, bench_free},
	{"request_posted", set_up, run_posted, bench_free},
	{"request_endtime", set_up, run_endtime, bench_free},
	{"request_nested_10", set_up, run_nested, bench_free},
	{"queue_1", set_up_queue, run_queue, bench_free},
	{"queue_1000", set_up_queue, run_queue, bench_free},
	{NULL, NULL, NULL, NULL},
};
