/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * tevent_wakeup_send() and tevent_wakeup_recv() (R15): a request that only a
 * time finishes.
 *
 * A context whose table has a failing add_timer (C24) simulates lack of memory
 * for the timer.
 */

#include "support.h"

#include <errno.h>

static struct timeval due;

static enum tevent_req_state state_of(struct tevent_req *req)
{
	enum tevent_req_state state = TEVENT_REQ_INIT;
	uint64_t error = 0;

	return tevent_req_is_error(req, &state, &error) ? state : TEVENT_REQ_DONE;
}

static void woken(struct tevent_req *req)
{
	note("woken:%d:%s", (int)state_of(req), tevent_wakeup_recv(req) ? "true" : "false");
}

static void woken_by_name(struct tevent_req *req)
{
	note("%s", (const char *)tevent_req_callback_data_void(req));
}

static void woken_and_compares(struct tevent_req *req)
{
	struct timeval now = tevent_timeval_current();

	(void)req;
	note("%s", tevent_timeval_compare(&now, &due) < 0 ? "early" : "not-early");
}

static void woken_and_frees(struct tevent_req *req)
{
	woken(req);
	talloc_free(req);
}

static struct tevent_req *wakeup(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct timeval when)
{
	struct tevent_req *req = tevent_wakeup_send(mem_ctx, ev, when);

	assert_non_null(req);
	return req;
}

static struct tevent_timer *no_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
				     tevent_timer_handler_t handler, void *private_data, const char *handler_name,
				     const char *location)
{
	(void)ev;
	(void)mem_ctx;
	(void)when;
	(void)handler;
	(void)private_data;
	(void)handler_name;
	(void)location;
	return NULL;
}

static struct tevent_context *context_without_timers(TALLOC_CTX *mem_ctx)
{
	static struct tevent_ops ops;
	struct tevent_context *ev;

	ops = *tevent_find_ops_byname("poll");
	ops.add_timer = no_timer;
	ev = tevent_context_init_ops(mem_ctx, &ops, NULL);
	assert_non_null(ev);
	return ev;
}

/* R15: a request on mem_ctx whose state has its name. */
static void test_wakeup_send__usual__named_state_in_progress(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, in_ms(60000));

	assert_ptr_equal(talloc_parent(req), f->mem);
	assert_string_equal(talloc_get_name(_tevent_req_data(req)), "struct tevent_wakeup_state");
	assert_true(tevent_req_is_in_progress(req));
	assert_false(tevent_wakeup_recv(req));
}

/* R15: finishes as TIMED_OUT, so it is an error, and recv returns true. */
static void test_wakeup__time_reached__timed_out_and_recv_true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, in_ms(3));

	tevent_req_set_callback(req, woken, NULL);
	assert_true(tevent_req_poll(req, f->ev));
	assert_notes("woken:4:true");
}

/* R15: not before its time. */
static void test_wakeup__time_reached__not_before(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	due = in_ms(5);
	req = wakeup(f->mem, f->ev, due);
	tevent_req_set_callback(req, woken_and_compares, NULL);
	assert_true(tevent_req_poll(req, f->ev));
	assert_notes("not-early");
}

/* R15: a zero time is due at once, but from the loop. */
static void test_wakeup__zero_time__next_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, tevent_timeval_zero());

	tevent_req_set_callback(req, woken, NULL);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("woken:4:true");
}

/* R15: in the order of their times. */
static void test_wakeup__several__in_due_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *late = wakeup(f->mem, f->ev, in_ms(-10000));
	struct tevent_req *early = wakeup(f->mem, f->ev, in_ms(-20000));

	tevent_req_set_callback(late, woken_by_name, (void *)(uintptr_t) "late");
	tevent_req_set_callback(early, woken_by_name, (void *)(uintptr_t) "early");
	turns(f->ev, 2);
	assert_notes("early late");
}

/* R15: recv does not receive the request. */
static void test_wakeup_recv__usual__does_not_receive(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, tevent_timeval_zero());

	turns(f->ev, 1);
	assert_true(tevent_wakeup_recv(req));
	assert_true(tevent_wakeup_recv(req));
	assert_non_null(_tevent_req_data(req));
	assert_int_equal(state_of(req), TEVENT_REQ_TIMED_OUT);
}

/* R15: finished in another way: recv returns false. */
static void test_wakeup_recv__error__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, in_ms(60000));

	tevent_req_error(req, ECANCELED);
	assert_false(tevent_wakeup_recv(req));
}

/* R15: received: recv is false. */
static void test_wakeup_recv__received__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = wakeup(f->mem, f->ev, tevent_timeval_zero());

	turns(f->ev, 1);
	tevent_req_received(req);
	assert_false(tevent_wakeup_recv(req));
}

/* R15, R18: the callback may free it. */
static void test_wakeup__callback_frees__gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	tevent_req_set_callback(wakeup(f->mem, f->ev, tevent_timeval_zero()), woken_and_frees, NULL);
	turns(f->ev, 1);
	assert_notes("woken:4:true");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* R15: freed before its time: nothing happens, nothing is left. */
static void test_wakeup__freed_before__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req *req = wakeup(f->mem, f->ev, tevent_timeval_zero());

	tevent_req_set_callback(req, woken, NULL);
	talloc_free(req);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* R15: no memory for the timer: posted, NO_MEMORY. */
static void test_wakeup_send__no_timer__posted_no_memory(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = context_without_timers(f->mem);
	struct tevent_req *req = wakeup(f->mem, ev, in_ms(60000));

	tevent_req_set_callback(req, woken, NULL);
	assert_notes("");
	assert_int_equal(state_of(req), TEVENT_REQ_NO_MEMORY);
	turns(ev, 1);
	assert_notes("woken:5:false");
}

/* R15, R1: no memory for the request: NULL. */
static void test_wakeup_send__no_request__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *narrow = talloc_new(f->mem);

	assert_int_equal(talloc_set_memlimit(narrow, 1), 0);
	assert_null(tevent_wakeup_send(narrow, f->ev, in_ms(60000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wakeup_send__usual__named_state_in_progress),
		TEST_EACH_BACKEND(test_wakeup__time_reached__timed_out_and_recv_true),
		TEST_EACH_BACKEND(test_wakeup__time_reached__not_before),
		TEST_EACH_BACKEND(test_wakeup__zero_time__next_turn),
		TEST(test_wakeup__several__in_due_order),
		TEST(test_wakeup_recv__usual__does_not_receive),
		TEST(test_wakeup_recv__error__false),
		TEST(test_wakeup_recv__received__false),
		TEST(test_wakeup__callback_frees__gone),
		TEST(test_wakeup__freed_before__not_called),
		TEST(test_wakeup_send__no_timer__posted_no_memory),
		TEST(test_wakeup_send__no_request__null),
	};

	return cmocka_run_group_tests_name("wakeup", tests, group_setup, NULL);
}
