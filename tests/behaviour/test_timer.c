/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Timers, rules E1 to E11, and the helpers for struct timeval.
 *
 * Times in the past are due at once and are ordered like any others, so almost
 * no case waits.  Calls to the C library's clock functions are counted (E3).
 * The benchmark covers the cost in E9; here ten thousand timers must only keep
 * their order.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Exported, but not declared in a header. */
typedef struct tevent_timer *add_timer_fn(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
					  tevent_timer_handler_t handler, void *private_data, const char *handler_name,
					  const char *location);
add_timer_fn tevent_common_add_timer;
add_timer_fn tevent_common_add_timer_v2;
int tevent_common_invoke_timer_handler(struct tevent_timer *te, struct timeval now, bool *removed);
struct timeval tevent_common_loop_timer_delay(struct tevent_context *ev);
bool tevent_common_have_events(struct tevent_context *ev);

/* These two replace the C library's functions, to count their calls (E3). */
static int clock_readings;

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	clock_readings++;
	return (int)syscall(SYS_gettimeofday, tv, tz);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	clock_readings++;
	return (int)syscall(SYS_clock_gettime, clock, ts);
}

/* ---- helpers -------------------------------------------------------- */

static struct timeval last_now;

static void note_call(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("%s", (const char *)private_data);
	last_now = now;
}

static void note_trace(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"ATTACH", "DETACH", "BEFORE"};

	note("%s", names[point]);
}

static void start_trace(struct fixture *f)
{
	tevent_set_trace_timer_callback(f->ev, note_trace, NULL);
}

static void stop_trace(struct fixture *f)
{
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
}

static int note_gone(char *p)
{
	note("gone");
	return 0;
}

/* Notes "gone" when its parent chunk is freed. */
static void note_when_freed(void *object)
{
	char *child = talloc_strdup(object, "watcher");

	assert_non_null(child);
	talloc_set_destructor(child, note_gone);
}

static struct tevent_timer *add(struct fixture *f, struct timeval when, const char *name)
{
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, when, note_call, (void *)(uintptr_t)name);

	assert_non_null(te);
	return te;
}

/* Runs all timers; there is nothing else to wait for. */
static void run_all(struct fixture *f)
{
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* ---- adding ---------------------------------------------------------- */

/* E1: a talloc child of mem_ctx, named after the type */
static void test_add_timer__with_mem_ctx__child_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(5000), note_call, NULL);

	assert_ptr_equal(talloc_parent(te), f->mem);
	assert_string_equal(talloc_get_name(te), "struct tevent_timer");
}

/* E1: mem_ctx NULL: a child of the context */
static void test_add_timer__without_mem_ctx__child_of_the_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = tevent_add_timer(f->ev, NULL, in_ms(5000), note_call, NULL);

	assert_ptr_equal(talloc_parent(te), f->ev);
}

/* E1: out of memory */
static void test_add_timer__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *small = talloc_new(f->mem);

	talloc_set_memlimit(small, 1);
	assert_null(tevent_add_timer(f->ev, small, tevent_timeval_zero(), note_call, "a"));
	assert_false(tevent_common_have_events(f->ev));
}

/* E1: one shot */
static void test_timer__due__runs_once(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-1), "a");
	run_all(f);
	assert_notes("a");
}

/* E1: zero is before every other time, also before those added earlier */
static void test_timer__zero_time__before_every_other(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-3600000), "hour");
	add(f, tevent_timeval_set(0, 1), "microsecond");
	add(f, tevent_timeval_zero(), "zero");
	run_all(f);
	assert_notes("zero microsecond hour");
}

/* E1: wall-clock time; not before it */
static void test_timer__in_the_future__not_before_its_time(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval when = in_ms(20);
	struct timeval after;

	add(f, when, "a");
	run_all(f);
	gettimeofday(&after, NULL);
	assert_notes("a");
	assert_true(tevent_timeval_compare(&last_now, &when) >= 0);
	assert_true(tevent_timeval_compare(&after, &last_now) >= 0);
}

/* E1: not due: turns that end for another reason leave it alone */
static void test_timer__not_due__left_alone_by_other_turns(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(3600000), "hour");
	assert_in_range(settle(f->ev, 10), 1, 9);
	assert_notes("");
}

/* ---- order ------------------------------------------------------------ */

/* E2: due order, independent of the order of adding */
static void test_timer__several_due__in_order_of_their_times(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-30000), "c");
	add(f, in_ms(-10000), "e");
	add(f, in_ms(-50000), "a");
	add(f, in_ms(-20000), "d");
	add(f, in_ms(-40000), "b");
	run_all(f);
	assert_notes("a b c d e");
}

/* E2: equal times in the order of adding */
static void test_timer__equal_times__in_order_of_adding(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval when = in_ms(-10000);

	add(f, when, "a");
	add(f, in_ms(-5000), "later");
	add(f, when, "b");
	add(f, when, "c");
	add(f, when, "d");
	run_all(f);
	assert_notes("a b c d later");
}

/* E2, D3: zero times as well */
static void test_timer__several_zero_times__in_order_of_adding(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, tevent_timeval_zero(), "a");
	add(f, tevent_timeval_zero(), "b");
	add(f, tevent_timeval_zero(), "c");
	add(f, tevent_timeval_zero(), "d");
	run_all(f);
	assert_notes("a b c d");
}

/* E2: one timer per turn */
static void test_timer__several_due__one_per_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-3000), "a");
	add(f, in_ms(-2000), "b");
	turns(f->ev, 1);
	assert_notes("a");
	turns(f->ev, 1);
	assert_notes("a b");
}

static void add_zero_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("adding");
	tevent_add_timer(ev, (TALLOC_CTX *)private_data, tevent_timeval_zero(), note_call, (void *)(uintptr_t) "added");
}

/* E2: added by a handler, in its place of the order */
static void test_timer__added_by_a_handler__in_its_place(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(-10000), add_zero_timer, f->mem));
	add(f, in_ms(-5000), "other");
	run_all(f);
	assert_notes("adding added other");
}

/* ---- the handler's time ------------------------------------------------ */

/* E3: zero for a zero time */
static void test_timer_handler__zero_time__gets_zero(void **state)
{
	struct fixture *f = fixture_of(state);

	last_now = in_ms(0);
	add(f, tevent_timeval_zero(), "a");
	turns(f->ev, 1);
	assert_notes("a");
	assert_true(tevent_timeval_is_zero(&last_now));
}

/* E3: no clock is read for it */
static void test_timer__zero_time__no_clock_is_read(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, tevent_timeval_zero(), "a");
	clock_readings = 0;
	turns(f->ev, 1);
	assert_int_equal(clock_readings, 0);
	assert_notes("a");
}

/* E3: else the time at which it was found due, not the time asked for */
static void test_timer_handler__past_time__gets_the_present(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval before, after;

	add(f, in_ms(-3600000), "a");
	gettimeofday(&before, NULL);
	turns(f->ev, 1);
	gettimeofday(&after, NULL);
	assert_notes("a");
	assert_true(tevent_timeval_compare(&before, &last_now) <= 0);
	assert_true(tevent_timeval_compare(&last_now, &after) <= 0);
}

/* ---- the end of a timer -------------------------------------------------- */

static void look_for_events(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("events=%d", tevent_common_have_events(ev));
	note("tag=%d", (int)tevent_timer_get_tag(te));
}

/* E4: detached before its handler runs, memory until the handler returned; traces */
static void test_timer__runs__left_the_loop_before_and_freed_after(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(-1), look_for_events, NULL);
	tevent_timer_set_tag(te, 7);
	note_when_freed(te);
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE events=0 tag=7 DETACH gone");
}

static void run_inner_loop(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("outer");
	note("inner=%d", tevent_loop_wait(ev));
}

/* E4: an inner loop does not run it */
static void test_timer_handler__inner_loop__does_not_meet_it(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(-1), run_inner_loop, NULL));
	run_all(f);
	assert_notes("outer inner=0");
}

static void free_itself(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("handler");
	note("free=%d", talloc_free(te));
	note("tag=%d", (int)tevent_timer_get_tag(te));
}

/* E4: the handler frees it: DETACH at that moment, -1, memory until it returns */
static void test_timer_handler__frees_its_timer__memory_stays_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(-1), free_itself, NULL);
	tevent_timer_set_tag(te, 7);
	note_when_freed(te);
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH free=-1 tag=7 gone");
}

static void free_twice(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	talloc_free(te);
	note("aborts=%d", abort_count);
	talloc_free(te);
	note("aborts=%d", abort_count);
}

/* E4: twice */
static void test_timer_handler__frees_its_timer_twice__abort(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(-1), free_twice, NULL);
	note_when_freed(te);
	turns(f->ev, 1);
	assert_notes("aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "double free"));
}

static void free_the_parent(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	TALLOC_CTX *parent = talloc_parent(te);
	TALLOC_CTX *grandparent = talloc_parent(parent);

	note("free=%d", talloc_free(parent));
	note("%s", talloc_parent(te) == grandparent ? "moved-up" : "elsewhere");
	note("tag=%d", (int)tevent_timer_get_tag(te));
}

/* E4, F10: its talloc parent */
static void test_timer_handler__frees_its_parent__moves_up_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	struct tevent_timer *te = tevent_add_timer(f->ev, parent, in_ms(-1), free_the_parent, NULL);

	tevent_timer_set_tag(te, 7);
	note_when_freed(te);
	turns(f->ev, 1);
	assert_notes("free=0 moved-up tag=7 gone");
}

static void free_others(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct tevent_timer **others = (struct tevent_timer **)private_data;

	note("handler");
	note("free=%d", talloc_free(others[0]));
	note("free=%d", talloc_free(others[1]));
}

/* F10: a handler frees other timers that are due */
static void test_timer_handler__frees_other_timers__they_do_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *others[2];

	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(-10000), free_others, others));
	others[0] = add(f, in_ms(-9000), "b");
	others[1] = add(f, in_ms(-7000), "d");
	add(f, in_ms(-8000), "c");
	run_all(f);
	assert_notes("handler free=0 free=0 c");
}

/* O4: freed while it waits: DETACH, never called */
static void test_timer__freed_while_waiting__detached_and_not_called(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_timer *te = add(f, in_ms(-1), "a");
	assert_int_equal(talloc_free(te), 0);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH DETACH");
}

/* E4: a timer with a talloc reference is detached all the same; its memory stays until the reference is dropped. */
static void test_timer__runs_with_a_reference_to_it__leaves_the_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *holder = talloc_new(f->mem);

	start_trace(f);
	struct tevent_timer *te = add(f, in_ms(-1), "a");
	note_when_freed(te);
	assert_non_null(talloc_reference(holder, te));
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE a DETACH");
	assert_false(tevent_common_have_events(f->ev));
	talloc_unlink(holder, te);
	assert_int_equal(talloc_free(te), 0);
	assert_notes("ATTACH BEFORE a DETACH gone");
	talloc_free(holder);
}

/* E1, E2: a zero time comes before every other one, those before 1970 as well. */
static void test_timer__zero_and_negative_times__zero_first(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval long_ago = {.tv_sec = -5}, longer_ago = {.tv_sec = -6};

	DEVIATION("D5", "0.14.1 knows zero as a time among others");
	add(f, long_ago, "long-ago");
	add(f, tevent_timeval_zero(), "zero");
	add(f, longer_ago, "longer-ago");
	add(f, tevent_timeval_zero(), "zero-too");
	run_all(f);
	assert_notes("zero zero-too longer-ago long-ago");
}

/* ---- moving --------------------------------------------------------------- */

/* E5: to an earlier time */
static void test_update_timer__earlier__runs_earlier(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-20000), "a");
	struct tevent_timer *te = add(f, in_ms(3600000), "moved");
	tevent_update_timer(te, in_ms(-30000));
	run_all(f);
	assert_notes("moved a");
}

/* E5: to a later time */
static void test_update_timer__later__runs_later(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = add(f, in_ms(-30000), "moved");

	add(f, in_ms(-20000), "a");
	add(f, in_ms(-10000), "b");
	tevent_update_timer(te, in_ms(-15000));
	run_all(f);
	assert_notes("a moved b");
}

/* E5: to a time in the future */
static void test_update_timer__due_one_into_the_future__not_before_that(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = add(f, in_ms(-30000), "moved");
	struct timeval when = in_ms(20);

	tevent_update_timer(te, when);
	run_all(f);
	assert_notes("moved");
	assert_true(tevent_timeval_compare(&last_now, &when) >= 0);
}

/* E5: among equal times it moves to the end, even if it already has that time */
static void test_update_timer__equal_times__goes_to_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval when = in_ms(-10000);
	struct tevent_timer *a = add(f, when, "a");

	add(f, when, "b");
	struct tevent_timer *c = add(f, in_ms(-20000), "c");
	add(f, when, "d");
	tevent_update_timer(c, when);
	tevent_update_timer(a, when);
	run_all(f);
	assert_notes("b d c a");
}

/* E5, E1: to zero: before every other */
static void test_update_timer__to_zero__before_every_other(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-20000), "a");
	struct tevent_timer *te = add(f, in_ms(-10000), "moved");
	tevent_update_timer(te, tevent_timeval_zero());
	run_all(f);
	assert_notes("moved a");
}

/* E5: traces */
static void test_update_timer__traced__detach_then_attach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = add(f, in_ms(-10000), "a");

	tevent_timer_set_tag(te, 9);
	start_trace(f);
	tevent_update_timer(te, in_ms(-5000));
	stop_trace(f);
	assert_notes("DETACH ATTACH");
	assert_int_equal(tevent_timer_get_tag(te), 9);
}

/* E5: without context */
static void test_update_timer__context_gone__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "undefined there");
	struct tevent_timer *te = add(f, in_ms(-10000), "a");

	talloc_free(f->ev);
	tevent_update_timer(te, tevent_timeval_zero());
	assert_int_equal(talloc_free(te), 0);
	assert_notes("");
}

static void update_itself(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("handler");
	tevent_update_timer(te, tevent_timeval_zero());
	note("updated");
}

/* E5: from its own handler: no effect, no trace; the timer is still freed */
static void test_update_timer__in_its_own_handler__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "undefined there");

	start_trace(f);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(-1), update_itself, NULL);
	note_when_freed(te);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler updated DETACH gone");
}

/* ---- the delay --------------------------------------------------------------- */

/* E6: no timer: the wait timeout */
static void test_loop_timer_delay__no_timer__wait_timeout(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);

	assert_int_equal(delay.tv_sec, 30);
	assert_int_equal(delay.tv_usec, 0);
}

/* E6, C13: the wait timeout that was set */
static void test_loop_timer_delay__no_timer__wait_timeout_as_set(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");

	tevent_context_set_wait_timeout(f->ev, 7);
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);
	assert_int_equal(delay.tv_sec, 7);
	assert_int_equal(delay.tv_usec, 0);
}

/* E6: the earliest is due: only that one runs, and the delay is zero */
static void test_loop_timer_delay__due__runs_the_earliest_and_returns_zero(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(-5000), "b");
	add(f, in_ms(-10000), "a");
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);
	assert_true(tevent_timeval_is_zero(&delay));
	assert_notes("a");
}

/* E6, E3: a zero time is due */
static void test_loop_timer_delay__zero_time__runs_it_and_returns_zero(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, tevent_timeval_zero(), "a");
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);
	assert_true(tevent_timeval_is_zero(&delay));
	assert_notes("a");
}

/* E6: not due: the time until it is due, even if longer than the wait timeout */
static void test_loop_timer_delay__not_due__time_until_it_is(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, in_ms(7200000), "a");
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);
	assert_in_range(delay.tv_sec, 3600, 7200);
	assert_in_range(delay.tv_usec, 0, 999999);
	assert_notes("");
}

/* E6, C13: never block: zero, and the timer stays */
static void test_loop_timer_delay__never_block__zero(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");

	tevent_context_set_wait_timeout(f->ev, 0);
	add(f, in_ms(3600000), "a");
	struct timeval delay = tevent_common_loop_timer_delay(f->ev);
	assert_true(tevent_timeval_is_zero(&delay));
	assert_notes("");
	assert_true(tevent_common_have_events(f->ev));
}

/* ---- helpers for backend writers ------------------------------------------------ */

/* E7: both do what tevent_add_timer does */
static void test_common_add_timer__both_forms__as_add_timer(void **state)
{
	struct fixture *f = fixture_of(state);
	add_timer_fn *const forms[] = {tevent_common_add_timer, tevent_common_add_timer_v2};

	for (size_t i = 0; i < 2; i++) {
		clear_notes();
		start_trace(f);
		struct tevent_timer *te = forms[i](f->ev, NULL, in_ms(-5000), note_call, (void *)(uintptr_t) "a",
						   "note_call", __location__);
		assert_ptr_equal(talloc_parent(te), f->ev);
		assert_string_equal(talloc_get_name(te), "struct tevent_timer");
		te = forms[i](f->ev, f->mem, in_ms(-10000), note_call, (void *)(uintptr_t) "b", "note_call",
			      __location__);
		assert_ptr_equal(talloc_parent(te), f->mem);
		run_all(f);
		stop_trace(f);
		assert_notes("ATTACH ATTACH BEFORE b DETACH BEFORE a DETACH");
	}
}

/* E7: one call with its traces; the timer is freed */
static void test_invoke_timer_handler__waiting_timer__called_and_removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct timeval now = tevent_timeval_set(123, 456);
	bool removed = false;

	start_trace(f);
	struct tevent_timer *te = add(f, in_ms(3600000), "a");
	note_when_freed(te);
	assert_int_equal(tevent_common_invoke_timer_handler(te, now, &removed), 0);
	stop_trace(f);
	assert_notes("ATTACH BEFORE a DETACH gone");
	assert_true(removed);
	assert_int_equal(last_now.tv_sec, 123);
	assert_int_equal(last_now.tv_usec, 456);
	assert_false(tevent_common_have_events(f->ev));
}

/* E7: `removed` may be NULL */
static void test_invoke_timer_handler__null_removed__called(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_invoke_timer_handler(add(f, in_ms(3600000), "a"), in_ms(0), NULL), 0);
	assert_notes("a");
}

static void invoke_itself(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	bool removed = true;

	note("handler %d", tevent_common_invoke_timer_handler(te, now, &removed));
	note(removed ? "removed" : "kept");
}

/* E7, E4: in its own handler it is already detached: no effect */
static void test_invoke_timer_handler__in_its_own_handler__nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 calls it without end");
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(-1), invoke_itself, NULL));
	run_all(f);
	assert_notes("handler 0 kept");
}

/* E7, E4: the handler frees it */
static void test_invoke_timer_handler__handler_frees_it__removed(void **state)
{
	struct fixture *f = fixture_of(state);
	bool removed = false;
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(3600000), free_itself, NULL);

	note_when_freed(te);
	assert_int_equal(tevent_common_invoke_timer_handler(te, in_ms(0), &removed), 0);
	assert_notes("handler free=-1 tag=0 gone");
	assert_true(removed);
}

/* E7: a timer without context */
static void test_invoke_timer_handler__context_gone__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = add(f, in_ms(-1), "a");
	bool removed = true;

	talloc_free(f->ev);
	assert_int_equal(tevent_common_invoke_timer_handler(te, in_ms(0), &removed), 0);
	assert_false(removed);
	assert_int_equal(talloc_free(te), 0);
	assert_notes("");
}

/* ---- tags ------------------------------------------------------------------------- */

/* E8: 0 at first, then all 64 bits as given */
static void test_timer_tag__set__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = add(f, in_ms(5000), "a");

	assert_true(tevent_timer_get_tag(te) == 0);
	tevent_timer_set_tag(te, UINT64_C(0xFEDCBA9876543210));
	assert_true(tevent_timer_get_tag(te) == UINT64_C(0xFEDCBA9876543210));
}

/* E8: NULL */
static void test_timer_tag__null__zero_and_nothing(void **state)
{
	tevent_timer_set_tag(NULL, 1);
	assert_true(tevent_timer_get_tag(NULL) == 0);
}

/* ---- many ---------------------------------------------------------------------------- */

#define MANY 10000

struct expected {
	int64_t time; /* microseconds since the epoch */
	int sequence; /* of adding or moving, whichever came last */
};

static struct expected ran[MANY];
static int ran_count;

static void keep_expected(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	ran[ran_count++] = *(struct expected *)private_data;
}

static struct timeval time_of(const struct expected *e)
{
	return (struct timeval){.tv_sec = e->time / 1000000, .tv_usec = e->time % 1000000};
}

static void assert_ran_in_order(int count)
{
	assert_int_equal(ran_count, count);
	for (int i = 1; i < count; i++) {
		assert_true(ran[i - 1].time < ran[i].time ||
			    (ran[i - 1].time == ran[i].time && ran[i - 1].sequence < ran[i].sequence));
	}
}

/* The time of the i-th timer, in seconds. */
static int64_t ascending(int i)
{
	return 1 + i;
}

static int64_t descending(int i)
{
	return MANY - i;
}

static int64_t scattered(int i)
{
	return 1 + (int64_t)i * 7919 % 1009; /* each time about ten times */
}

static void run_many(struct fixture *f, int64_t (*seconds)(int i))
{
	struct expected *many = talloc_array(f->mem, struct expected, MANY);

	ran_count = 0;
	for (int i = 0; i < MANY; i++) {
		many[i] = (struct expected){seconds(i) * 1000000, i};
		assert_non_null(tevent_add_timer(f->ev, f->mem, time_of(&many[i]), keep_expected, &many[i]));
	}
	run_all(f);
	assert_ran_in_order(MANY);
}

/* E9: each later than all others */
static void test_timer__ten_thousand_ascending__in_order(void **state)
{
	run_many(fixture_of(state), ascending);
}

/* E9: each earlier than all others */
static void test_timer__ten_thousand_descending__in_order(void **state)
{
	run_many(fixture_of(state), descending);
}

/* E9, E2: in random order, many equal */
static void test_timer__ten_thousand_scattered__in_order(void **state)
{
	run_many(fixture_of(state), scattered);
}

/* E9, E5: some freed, some moved, before any runs */
static void test_timer__ten_thousand_moved_and_freed__rest_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct expected *many = talloc_array(f->mem, struct expected, MANY);
	struct tevent_timer **timers = talloc_array(f->mem, struct tevent_timer *, MANY);
	int left = MANY;

	ran_count = 0;
	for (int i = 0; i < MANY; i++) {
		many[i] = (struct expected){scattered(i) * 1000000, i};
		timers[i] = tevent_add_timer(f->ev, f->mem, time_of(&many[i]), keep_expected, &many[i]);
		assert_non_null(timers[i]);
	}
	for (int i = 0; i < MANY; i++) {
		if (i % 3 == 0) {
			talloc_free(timers[i]);
			left--;
		} else if (i % 5 == 0) {
			many[i] = (struct expected){scattered(i + 77) * 1000000, MANY + i};
			tevent_update_timer(timers[i], time_of(&many[i]));
		}
	}
	run_all(f);
	assert_ran_in_order(left);
}

/* ---- struct timeval --------------------------------------------------------------------- */

static void assert_timeval(struct timeval tv, int64_t secs, int64_t usecs)
{
	assert_true(tv.tv_sec == secs);
	assert_true(tv.tv_usec == usecs);
}

/* E10: as given, nothing is normalised */
static void test_timeval__set_and_zero__as_given(void **state)
{
	assert_timeval(tevent_timeval_set(5, 6), 5, 6);
	assert_timeval(tevent_timeval_set(5, 4000000), 5, 4000000);
	assert_timeval(tevent_timeval_set(UINT32_MAX, UINT32_MAX), UINT32_MAX, UINT32_MAX);
	assert_timeval(tevent_timeval_zero(), 0, 0);
}

/* E10 */
static void test_timeval__is_zero__both_parts_count(void **state)
{
	struct timeval zero = tevent_timeval_set(0, 0);
	struct timeval usec = tevent_timeval_set(0, 1);
	struct timeval sec = tevent_timeval_set(1, 0);

	assert_true(tevent_timeval_is_zero(&zero));
	assert_false(tevent_timeval_is_zero(&usec));
	assert_false(tevent_timeval_is_zero(&sec));
}

/* E10: -1, 0, 1; seconds first */
static void test_timeval__compare__seconds_then_microseconds(void **state)
{
	struct timeval a = tevent_timeval_set(5, 900000);
	struct timeval b = tevent_timeval_set(6, 100000);
	struct timeval c = tevent_timeval_set(6, 100001);

	assert_int_equal(tevent_timeval_compare(&a, &b), -1);
	assert_int_equal(tevent_timeval_compare(&b, &a), 1);
	assert_int_equal(tevent_timeval_compare(&b, &c), -1);
	assert_int_equal(tevent_timeval_compare(&c, &b), 1);
	assert_int_equal(tevent_timeval_compare(&c, &c), 0);
}

/* E10: b minus a, with a borrow; zero when a is not before b */
static void test_timeval__until__difference_or_zero(void **state)
{
	struct timeval a = tevent_timeval_set(5, 900000);
	struct timeval b = tevent_timeval_set(7, 100000);

	assert_timeval(tevent_timeval_until(&a, &b), 1, 200000);
	assert_timeval(tevent_timeval_until(&b, &a), 0, 0);
	assert_timeval(tevent_timeval_until(&a, &a), 0, 0);
	b = tevent_timeval_set(5, 900001);
	assert_timeval(tevent_timeval_until(&a, &b), 0, 1);
}

/* E10: carries microseconds over 999999 */
static void test_timeval__add__carries(void **state)
{
	struct timeval tv = tevent_timeval_set(5, 999999);

	assert_timeval(tevent_timeval_add(&tv, 0, 0), 5, 999999);
	assert_timeval(tevent_timeval_add(&tv, 2, 1), 8, 0);
	assert_timeval(tevent_timeval_add(&tv, 0, 2500000), 8, 499999);
	assert_timeval(tevent_timeval_add(&tv, UINT32_MAX, 0), INT64_C(5) + UINT32_MAX, 999999);
}

/* E10: the wall clock */
static void test_timeval__current__between_two_readings(void **state)
{
	struct timeval before, now, after;

	gettimeofday(&before, NULL);
	now = tevent_timeval_current();
	gettimeofday(&after, NULL);
	assert_true(tevent_timeval_compare(&before, &now) <= 0);
	assert_true(tevent_timeval_compare(&now, &after) <= 0);
}

/* E10: the wall clock plus an offset, which carries */
static void test_timeval__current_ofs__current_plus_offset(void **state)
{
	struct timeval before = tevent_timeval_current();
	struct timeval then = tevent_timeval_current_ofs(100, 1999999);
	struct timeval after = tevent_timeval_current();

	before = tevent_timeval_add(&before, 100, 1999999);
	after = tevent_timeval_add(&after, 100, 1999999);
	assert_true(tevent_timeval_compare(&before, &then) <= 0);
	assert_true(tevent_timeval_compare(&then, &after) <= 0);
	assert_in_range(then.tv_usec, 0, 999999);
}

/* ---- far away ------------------------------------------------------------------------------ */

static volatile sig_atomic_t alarms;

static void count_alarm(int signum)
{
	alarms++;
}

/* Runs one turn, in which only a far-off timer and an alarm of the process can end the wait. */
static void wait_for_an_alarm(struct fixture *f)
{
	struct itimerval every_20_ms = {{0, 20000}, {0, 20000}};
	struct itimerval never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = count_alarm}, previous;

	alarms = 0;
	settle(f->ev, 10);
	sigaction(SIGALRM, &action, &previous);
	setitimer(ITIMER_REAL, &every_20_ms, NULL);
	int ret = tevent_loop_once(f->ev);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &previous, NULL);
	assert_int_equal(ret, 0);
}

static void assert_waits_until(struct fixture *f, struct timeval when)
{
	struct tevent_timer *te = add(f, when, "early");

	wait_for_an_alarm(f);
	assert_notes("");
	assert_true(alarms > 0);
	talloc_free(te);
}

/* E11: neither an early handler nor a turn without waiting */
static void test_timer__further_away_than_poll_can_tell__waits(void **state)
{
	struct fixture *f = fixture_of(state);
	int64_t now = tevent_timeval_current().tv_sec;
	const int64_t seconds[] = {INT_MAX / 1000, INT_MAX / 1000 + 1, UINT32_MAX, INT64_MAX / 1000000,
				   INT64_MAX / 1000};

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		assert_waits_until(f, (struct timeval){.tv_sec = now + seconds[i]});
	}
}

/* E11: the greatest time there is */
static void test_timer__greatest_time__waits(void **state)
{
	assert_waits_until(fixture_of(state), (struct timeval){.tv_sec = INT64_MAX, .tv_usec = 999999});
}

/* E11: 2^32 ms and a few more, so few that they would end the wait before the alarm */
static void test_timer__little_more_than_32_bits_of_ms__waits(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "times beyond INT_MAX ms wrap round there");
	struct timeval when = tevent_timeval_current_ofs(4294967, 296000 + 12000);

	assert_waits_until(f, when);
}

/* E11: together with a near one */
static void test_timer__far_one_beside_a_near_one__near_one_runs(void **state)
{
	struct fixture *f = fixture_of(state);

	add(f, (struct timeval){.tv_sec = INT64_MAX, .tv_usec = 999999}, "far");
	add(f, in_ms(5), "near");
	for (int i = 0; i < 10 && strcmp(notes(), "") == 0; i++) {
		turns(f->ev, 1);
	}
	assert_notes("near");
}

static void count_run(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	++*(int *)private_data;
}

/*
 * C16, E9: the loop is kept alive by timers that were added out of order, after the last of the other, later
 * timers was freed.
 */
static void test_loop_wait__timers_out_of_order_alone__all_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *latest;
	int run = 0;

	for (uint32_t i = 1; i <= 20; i++) {
		assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_set(i, 0), count_run, &run));
	}
	latest = tevent_add_timer(f->ev, f->mem, tevent_timeval_set(100, 0), count_run, &run);
	for (uint32_t i = 50; i < 70; i++) {
		assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_set(i, 0), count_run, &run));
	}
	talloc_free(latest);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_int_equal(run, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add_timer__with_mem_ctx__child_of_it),
		TEST(test_add_timer__without_mem_ctx__child_of_the_context),
		TEST(test_add_timer__out_of_memory__null),
		TEST_EACH_BACKEND(test_timer__due__runs_once),
		TEST_EACH_BACKEND(test_loop_wait__timers_out_of_order_alone__all_run),
		TEST_EACH_BACKEND(test_timer__zero_time__before_every_other),
		TEST_EACH_BACKEND(test_timer__in_the_future__not_before_its_time),
		TEST_EACH_BACKEND(test_timer__not_due__left_alone_by_other_turns),
		TEST_EACH_BACKEND(test_timer__several_due__in_order_of_their_times),
		TEST(test_timer__equal_times__in_order_of_adding),
		TEST(test_timer__several_zero_times__in_order_of_adding),
		TEST_EACH_BACKEND(test_timer__several_due__one_per_turn),
		TEST(test_timer__added_by_a_handler__in_its_place),
		TEST_EACH_BACKEND(test_timer_handler__zero_time__gets_zero),
		TEST_EACH_BACKEND(test_timer__zero_time__no_clock_is_read),
		TEST_EACH_BACKEND(test_timer_handler__past_time__gets_the_present),
		TEST_EACH_BACKEND(test_timer__runs__left_the_loop_before_and_freed_after),
		TEST_EACH_BACKEND(test_timer_handler__inner_loop__does_not_meet_it),
		TEST_EACH_BACKEND(test_timer_handler__frees_its_timer__memory_stays_till_it_returns),
		TEST(test_timer_handler__frees_its_timer_twice__abort),
		TEST(test_timer_handler__frees_its_parent__moves_up_till_it_returns),
		TEST(test_timer_handler__frees_other_timers__they_do_not_run),
		TEST(test_timer__freed_while_waiting__detached_and_not_called),
		TEST_EACH_BACKEND(test_update_timer__earlier__runs_earlier),
		TEST(test_timer__runs_with_a_reference_to_it__leaves_the_loop),
		TEST(test_timer__zero_and_negative_times__zero_first),
		TEST(test_update_timer__later__runs_later),
		TEST_EACH_BACKEND(test_update_timer__due_one_into_the_future__not_before_that),
		TEST(test_update_timer__equal_times__goes_to_the_end),
		TEST(test_update_timer__to_zero__before_every_other),
		TEST(test_update_timer__traced__detach_then_attach),
		TEST(test_update_timer__context_gone__nothing),
		TEST(test_update_timer__in_its_own_handler__nothing),
		TEST_EACH_BACKEND(test_loop_timer_delay__no_timer__wait_timeout),
		TEST_EACH_BACKEND(test_loop_timer_delay__no_timer__wait_timeout_as_set),
		TEST_EACH_BACKEND(test_loop_timer_delay__due__runs_the_earliest_and_returns_zero),
		TEST_EACH_BACKEND(test_loop_timer_delay__zero_time__runs_it_and_returns_zero),
		TEST_EACH_BACKEND(test_loop_timer_delay__not_due__time_until_it_is),
		TEST_EACH_BACKEND(test_loop_timer_delay__never_block__zero),
		TEST_EACH_BACKEND(test_common_add_timer__both_forms__as_add_timer),
		TEST(test_invoke_timer_handler__waiting_timer__called_and_removed),
		TEST(test_invoke_timer_handler__null_removed__called),
		TEST(test_invoke_timer_handler__handler_frees_it__removed),
		TEST(test_invoke_timer_handler__in_its_own_handler__nothing),
		TEST(test_invoke_timer_handler__context_gone__nothing),
		TEST(test_timer_tag__set__read_back),
		TEST(test_timer_tag__null__zero_and_nothing),
		TEST(test_timer__ten_thousand_ascending__in_order),
		TEST(test_timer__ten_thousand_descending__in_order),
		TEST(test_timer__ten_thousand_scattered__in_order),
		TEST(test_timer__ten_thousand_moved_and_freed__rest_in_order),
		TEST(test_timeval__set_and_zero__as_given),
		TEST(test_timeval__is_zero__both_parts_count),
		TEST(test_timeval__compare__seconds_then_microseconds),
		TEST(test_timeval__until__difference_or_zero),
		TEST(test_timeval__add__carries),
		TEST(test_timeval__current__between_two_readings),
		TEST(test_timeval__current_ofs__current_plus_offset),
		TEST_EACH_BACKEND(test_timer__further_away_than_poll_can_tell__waits),
		TEST_EACH_BACKEND(test_timer__greatest_time__waits),
		TEST_EACH_BACKEND(test_timer__little_more_than_32_bits_of_ms__waits),
		TEST_EACH_BACKEND(test_timer__far_one_beside_a_near_one__near_one_runs),
	};

	return cmocka_run_group_tests_name("timer", tests, group_setup, NULL);
}
