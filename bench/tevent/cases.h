/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Shared by the cases on libtevent.  One binary runs on this library and on the system's 0.14.1: only the library
 * that is loaded at start-up differs.  So the program calls only functions of 0.14.1, like every program built by
 * Debian: if the header's macros lead to a later function, the older one is named here.
 */

#ifndef BENCH_TEVENT_CASES_H
#define BENCH_TEVENT_CASES_H

#include <talloc.h>
#include <tevent.h>

#include "bench/driver.h"

#undef tevent_req_create
#define tevent_req_create(mem_ctx, state, type) _tevent_req_create(mem_ctx, state, sizeof(type), #type, __location__)
#undef tevent_req_set_callback
#undef tevent_queue_add

extern const struct bench_case tevent_immediates[];
extern const struct bench_case tevent_timers[];
extern const struct bench_case tevent_fds[];
extern const struct bench_case tevent_requests[];
extern const struct bench_case tevent_signals[];
extern const struct bench_case tevent_threads[];
extern const struct bench_case tevent_memory[];

static inline struct tevent_context *bench_context(TALLOC_CTX *mem_ctx)
{
	struct tevent_context *ev = tevent_context_init(mem_ctx);
	BENCH_CHECK(ev != NULL);
	return ev;
}

static inline void bench_turn(struct tevent_context *ev)
{
	BENCH_CHECK(tevent_loop_once(ev) == 0);
}

static inline void bench_free(void *state)
{
	talloc_free(state);
}

#endif
