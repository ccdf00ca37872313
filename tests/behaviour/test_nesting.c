/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Nesting: refused loops, allowed loops, the hook, re-entered handlers.
 *
 * A handler always runs the inner loop, as described by the static `inner`,
 * which the setup resets.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int tevent_common_context_destructor(struct tevent_context *ev);

/* ---- helpers -------------------------------------------------------- */

enum way { ONCE, WAIT, UNTIL, POLL_REQUEST };

static struct {
	enum way way;
	int line; /* of the refused call */
	int saved_errno;
	struct tevent_req *req;
} inner;

static int nesting_setup(void **state)
{
	memset(&inner, 0, sizeof(inner));
	return fixture_setup(state);
}

#define NESTING_TEST_ON(fn, backend)                                                                                   \
	{                                                                                                              \
#fn "[" #backend "]", fn, nesting_setup, fixture_teardown, (void *)(uintptr_t) #backend                \
	}
#define NESTING_TEST(fn) NESTING_TEST_ON(fn, standard)
#define NESTING_TEST_EACH_BACKEND(fn)                                                                                  \
	NESTING_TEST_ON(fn, standard), NESTING_TEST_ON(fn, epoll), NESTING_TEST_ON(fn, poll),                          \
		NESTING_TEST_ON(fn, poll_mt)

static bool never(void *private_data)
{
	return false;
}

static bool always(void *private_data)
{
	return true;
}

static int run_inner(struct tevent_context *ev)
{
	int ret = 0;

	errno = 0;
	switch (inner.way) {
	case ONCE:
		inner.line = __LINE__ + 1;
		ret = tevent_loop_once(ev);
		break;
	case WAIT:
		inner.line = __LINE__ + 1;
		ret = tevent_loop_wait(ev);
		break;
	case UNTIL:
		inner.line = __LINE__ + 1;
		ret = tevent_loop_until(ev, never, NULL);
		break;
	case POLL_REQUEST:
		ret = tevent_req_poll(inner.req, ev) ? 0 : -1;
		break;
	}
	inner.saved_errno = errno;
	return ret;
}

/* Handlers that run a loop. */

static void nest_on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	talloc_free(fde);
	note("(");
	note("%d)", run_inner(ev));
}

static void nest_on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("(");
	note("%d)", run_inner(ev));
}

static void nest_on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("(");
	note("%d)", run_inner(ev));
}

static void nest_on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			   void *private_data)
{
	note("(");
	note("%d)", run_inner(ev));
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("im");
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("sig");
}

static void add_immediate(struct fixture *f, tevent_immediate_handler_t handler)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(im);
	tevent_schedule_immediate(im, f->ev, handler, NULL);
}

static void close_pair(int fds[2])
{
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

static int note_gone(char *p)
{
	note("gone");
	return 0;
}

/* Notes "gone" when the object's memory is freed. */
static void note_end_of(void *object)
{
	char *child = talloc_strdup(object, "witness");

	assert_non_null(child);
	talloc_set_destructor(child, note_gone);
}

/* ---- C18: refused --------------------------------------------------- */

static void assert_refused_once(void)
{
	char place[64];

	assert_int_equal(abort_count, 1);
	assert_int_equal(inner.saved_errno, ELOOP);
	snprintf(place, sizeof(place), "test_nesting.c:%d", inner.line);
	assert_non_null(strstr(abort_reason, place));
}

/* C18, C12: tevent_loop_once in a timer handler: abort, then -1 and ELOOP. */
static void test_nested_loop_once__not_allowed__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), nest_on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_refused_once();
}

/* C18: tevent_loop_wait, with something to wait for. */
static void test_nested_loop_wait__not_allowed__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	inner.way = WAIT;
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), nest_on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_refused_once();
}

/* C18: tevent_loop_until. */
static void test_nested_loop_until__not_allowed__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	inner.way = UNTIL;
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), nest_on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_refused_once();
}

/* C18, R9: tevent_req_poll. */
static void test_nested_req_poll__not_allowed__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	inner.way = POLL_REQUEST;
	inner.req = tevent_wakeup_send(f->mem, f->ev, in_ms(50000));
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), nest_on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_int_equal(abort_count, 1);
	assert_int_equal(inner.saved_errno, ELOOP);
	talloc_free(inner.req);
}

/* C18: in an fd handler. */
static void test_nested_loop__in_fd_handler__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	record_aborts();
	pipe_pair(fds);
	write_byte(fds[1]);
	tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, nest_on_fd, NULL);
	while (strlen(notes()) == 0) {
		turns(f->ev, 1);
	}
	assert_notes("( -1)");
	assert_refused_once();
	close_pair(fds);
}

/* C18: in an immediate handler. */
static void test_nested_loop__in_immediate_handler__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	add_immediate(f, nest_on_immediate);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_refused_once();
}

/* C18: in a signal handler. */
static void test_nested_loop__in_signal_handler__is_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, nest_on_signal, NULL);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_refused_once();
}

/* C18: the refused loop runs nothing, and the outer tevent_loop_wait continues. */
static void test_nested_loop__not_allowed__outer_loop_goes_on(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "the level is wrong after an abort function that returns");
	record_aborts();
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( -1)");
	turns(f->ev, 2);
	assert_notes("( -1) im timer");
	assert_int_equal(abort_count, 1);
}

/* C18: the level is right afterwards: the next turn is not refused, the next nested one is. */
static void test_nested_loop__refused__level_is_right_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "the level is wrong after an abort function that returns");
	record_aborts();
	add_immediate(f, nest_on_immediate);
	add_immediate(f, nest_on_immediate);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("( -1) ( -1)");
	assert_int_equal(abort_count, 2);
}

static void nest_without_abort_fn(void *arg)
{
	struct fixture *f = arg;

	add_immediate(f, nest_on_immediate);
	tevent_loop_once(f->ev);
}

/* C18, C20: no abort function: the process ends. */
static void test_nested_loop__not_allowed_and_no_abort_fn__kills_the_process(void **state)
{
	assert_child_aborts(nest_without_abort_fn, fixture_of(state));
}

static void nest_in_another_context(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%d", tevent_loop_once(private_data));
}

/* C18: another context's loop is not nested. */
static void test_loop_of_another_context__in_a_handler__runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	record_aborts();
	tevent_add_timer(other, other, tevent_timeval_zero(), on_timer, NULL);
	tevent_schedule_immediate(im, f->ev, nest_in_another_context, other);
	turns(f->ev, 1);
	assert_notes("timer 0");
	assert_int_equal(abort_count, 0);
}

static void note_point(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_BEFORE_LOOP_ONCE) {
		note("before");
	} else if (point == TEVENT_TRACE_AFTER_LOOP_ONCE) {
		note("after");
	}
}

static int note_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
		     const char *location)
{
	note("%s%u", begin ? "begin" : "end", (unsigned)level);
	return 0;
}

/* C18, O3: no trace point for a refused call. */
static void test_nested_loop__refused__has_no_trace_point(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_set_trace_callback(f->ev, note_point, NULL);
	add_immediate(f, nest_on_immediate);
	turns(f->ev, 1);
	assert_notes("before ( -1) after");
}

/* C18: no hook either. */
static void test_nested_loop__refused__has_no_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "the level is wrong after an abort function that returns");
	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	add_immediate(f, nest_on_immediate);
	turns(f->ev, 1);
	assert_notes("begin1 ( -1) end1");
}

/* C18: allowed: an inner turn runs the next event. */
static void test_nested_loop_once__allowed__runs_one_event(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_allow_nesting(f->ev);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("( im 0)");
	assert_int_equal(abort_count, 0);
}

/* C18: allowed: an inner tevent_loop_wait runs all, the outer one finds nothing left. */
static void test_nested_loop_wait__allowed__runs_everything(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	inner.way = WAIT;
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("( im timer 0)");
}

/* C18: two levels deep. */
static void test_nested_loop__allowed_twice__nests_twice(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("( ( im 0) 0)");
}

/* ---- C19: the hook -------------------------------------------------- */

static struct {
	struct tevent_context *ev;
	void *private_data;
	void *slot;
	void *slot_at_begin;
	const char *location;
	int begin_result, end_result;
} hook;

static int checking_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			 const char *location)
{
	hook.ev = ev;
	hook.private_data = private_data;
	hook.location = location;
	if (begin) {
		hook.slot = stack_ptr;
		hook.slot_at_begin = *(void **)stack_ptr;
	}
	note("%s%u%s", begin ? "begin" : "end", (unsigned)level, stack_ptr == hook.slot ? "" : "!");
	return begin ? hook.begin_result : hook.end_result;
}

static void set_checking_hook(struct tevent_context *ev, void *private_data)
{
	memset(&hook, 0, sizeof(hook));
	tevent_loop_set_nesting_hook(ev, checking_hook, private_data);
}

/* C19: before and after each tevent_loop_once, outermost level 1, one slot, all passed. */
static void test_hook__loop_once__surrounds_it(void **state)
{
	struct fixture *f = fixture_of(state);
	int data;

	set_checking_hook(f->ev, &data);
	add_immediate(f, on_immediate);
	assert_int_equal(_tevent_loop_once(f->ev, "my place"), 0);
	assert_notes("begin1 im end1");
	assert_ptr_equal(hook.ev, f->ev);
	assert_ptr_equal(hook.private_data, &data);
	assert_non_null(hook.slot);
	assert_null(hook.slot_at_begin);
	assert_string_equal(hook.location, "my place");
}

/* C19: and each tevent_loop_until. */
static void test_hook__loop_until__surrounds_it(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	assert_int_equal(_tevent_loop_until(f->ev, always, NULL, "my place"), 0);
	assert_notes("begin1 end1");
	assert_null(hook.slot_at_begin);
	assert_string_equal(hook.location, "my place");
}

/* C19: with tevent_loop_wait it surrounds each turn. */
static void test_hook__loop_wait__surrounds_each_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	add_immediate(f, on_immediate);
	add_immediate(f, on_immediate);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("begin1 im end1 begin1 im end1");
}

/* C19: levels of nested loops. */
static void test_hook__nested_loops__counts_levels(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("begin1 ( begin2 ( begin3 im end3 0) end2 0) end1");
}

static int storing_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			const char *location)
{
	void **slot = stack_ptr;

	if (begin) {
		note("%s", *slot == NULL ? "empty" : "used");
		*slot = (void *)(uintptr_t)level;
	} else {
		note("%u", (unsigned)(uintptr_t)*slot);
	}
	return 0;
}

/* C19: what begin stores in the slot is there at end, each level has its own. */
static void test_hook__nested_loops__each_level_has_its_own_slot(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	tevent_loop_set_nesting_hook(f->ev, storing_hook, NULL);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("empty ( empty im 2 0) 1");
}

/* C19: non-zero at begin: nothing runs, no second call, that value. */
static void test_hook__refuses_at_begin__nothing_runs(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	hook.begin_result = 5;
	tevent_set_trace_callback(f->ev, note_point, NULL);
	add_immediate(f, on_immediate);
	assert_int_equal(tevent_loop_once(f->ev), 5);
	assert_notes("begin1");
	hook.begin_result = 0;
	turns(f->ev, 1);
	assert_notes("begin1 begin1 before im after end1");
}

/* C19: the same for tevent_loop_until: not even `finished` is asked. */
static void test_hook__refuses_at_begin__loop_until_runs_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	hook.begin_result = 5;
	add_immediate(f, on_immediate);
	assert_int_equal(tevent_loop_until(f->ev, always, NULL), 5);
	assert_notes("begin1");
}

/* C19: non-zero at end is returned instead of 0. */
static void test_hook__fails_at_end__its_value_is_returned(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	hook.end_result = 6;
	add_immediate(f, on_immediate);
	assert_int_equal(tevent_loop_once(f->ev), 6);
	assert_int_equal(tevent_loop_until(f->ev, always, NULL), 6);
	assert_notes("begin1 im end1 begin1 end1");
}

static int failing_loop_once(struct tevent_context *ev, const char *location)
{
	note("turn");
	return 42;
}

/* C19: end comes after a failed turn too, and its value wins. */
static void test_hook__turn_fails__end_is_called_and_its_value_wins(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	ops.loop_once = failing_loop_once;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	set_checking_hook(ev, NULL);
	assert_int_equal(tevent_loop_once(ev), 42);
	hook.end_result = 6;
	assert_int_equal(tevent_loop_once(ev), 6);
	assert_notes("begin1 turn end1 begin1 turn end1");
	talloc_free(ev);
}

static int spoiling_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			 const char *location)
{
	errno = EDOM;
	return begin ? 0 : *(int *)private_data;
}

static void spoiling_trace(enum tevent_trace_point point, void *private_data)
{
	errno = E2BIG;
}

static void spoiling_call_flow(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req,
			       size_t depth, const char *fname)
{
	errno = ERANGE;
}

static void spoiling_debug(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void spoiling_debug(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	errno = EXDEV;
}

/* C12, C19, O3: trace callbacks and hooks during a failed turn do not change its errno; a hook that refuses sets its
 * own. */
static void test_loop__turn_fails_and_others_set_errno__it_stays_the_turns(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = f->ev;
	int verdict = 0;

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	assert_int_equal(tevent_set_debug(ev, spoiling_debug, NULL), 0);
	tevent_context_set_wait_timeout(ev, 0);
	tevent_set_trace_callback(ev, spoiling_trace, NULL);
	tevent_thread_call_depth_set_callback(spoiling_call_flow, NULL);
	assert_non_null(tevent_add_timer(ev, f->mem, in_ms(60000), on_timer, NULL));
	for (int with_hook = 0; with_hook < 2; with_hook++) {
		errno = 0;
		assert_int_equal(tevent_loop_once(ev), -1);
		assert_int_equal(errno, EAGAIN);
		errno = 0;
		assert_int_equal(tevent_loop_until(ev, never, NULL), -1);
		assert_int_equal(errno, EAGAIN);
		errno = 0;
		assert_int_equal(tevent_loop_wait(ev), -1);
		assert_int_equal(errno, EAGAIN);
		tevent_loop_set_nesting_hook(ev, spoiling_hook, &verdict);
	}
	verdict = -1;
	errno = 0;
	assert_int_equal(tevent_loop_once(ev), -1);
	assert_int_equal(errno, EDOM);
	tevent_thread_call_depth_set_callback(NULL, NULL);
}

static int level_seen;
static bool reinitialise_at_begin;

static int note_first_level(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			    const char *location)
{
	level_seen = begin ? (int)level : level_seen;
	return 0;
}

static int reinitialising_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin,
			       void *stack_ptr, const char *location)
{
	if (level == 2 && begin == reinitialise_at_begin) {
		return tevent_re_initialise(ev) == 0 ? 5 : 6;
	}
	return 0;
}

static void run_a_turn_inside(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_schedule_immediate(private_data, ev, on_immediate, NULL);
	note("inner:%d", tevent_loop_once(ev));
}

/* C25, C19: a hook that re-initialises, at either end of an inner loop: levels are right afterwards. */
static void test_hook__reinitialises__levels_are_right_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem), *second = tevent_create_immediate(f->mem);

	DEVIATION("D5", "levels stay off by one there");
	tevent_loop_allow_nesting(f->ev);
	for (int begin = 0; begin < 2; begin++) {
		reinitialise_at_begin = begin != 0;
		tevent_loop_set_nesting_hook(f->ev, reinitialising_hook, NULL);
		tevent_schedule_immediate(im, f->ev, run_a_turn_inside, second);
		turns(f->ev, 1);
		tevent_loop_set_nesting_hook(f->ev, note_first_level, NULL);
		tevent_schedule_immediate(second, f->ev, on_immediate, NULL);
		turns(f->ev, 1);
		assert_int_equal(level_seen, 1);
		assert_int_equal(tevent_re_initialise(f->ev), 0);
	}
	assert_notes("im inner:5 im inner:5 im");
}

static int reinitialise_and_fail(struct tevent_context *ev, const char *location)
{
	return tevent_re_initialise(ev) == 0 ? 42 : 43;
}

/* C25, C12: a turn in which the context was re-initialised still returns its value. */
static void test_loop_once__reinitialised_and_failed__its_value_is_returned(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	DEVIATION("D5", "levels stay off by one there");
	ops.loop_once = reinitialise_and_fail;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_int_equal(tevent_loop_once(ev), 42);
	talloc_free(ev);
}

/* C19: a tevent_loop_wait ends with the hook's value, as after a failed turn. */
static void test_hook__refuses_under_loop_wait__ends_it(void **state)
{
	struct fixture *f = fixture_of(state);

	set_checking_hook(f->ev, NULL);
	hook.begin_result = 5;
	add_immediate(f, on_immediate);
	assert_int_equal(tevent_loop_wait(f->ev), 5);
	assert_notes("begin1");
}

static int other_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
		      const char *location)
{
	note("other");
	return 0;
}

/* C19: setting the same hook again is allowed. */
static void test_set_hook__same_again__is_quiet(void **state)
{
	struct fixture *f = fixture_of(state);
	int data;

	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, &data);
	tevent_loop_set_nesting_hook(f->ev, note_hook, &data);
	assert_int_equal(abort_count, 0);
}

/* C19: another hook: abort; the new one is set. */
static void test_set_hook__another_hook__aborts_and_is_set(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	tevent_loop_set_nesting_hook(f->ev, other_hook, NULL);
	assert_int_equal(abort_count, 1);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("other im other");
}

/* C19: other private data: abort; it is set. */
static void test_set_hook__other_private_data__aborts_and_is_set(void **state)
{
	struct fixture *f = fixture_of(state);
	int a, b;

	record_aborts();
	set_checking_hook(f->ev, &a);
	set_checking_hook(f->ev, &b);
	assert_int_equal(abort_count, 1);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_ptr_equal(hook.private_data, &b);
}

/* C19: NULL is another hook. */
static void test_set_hook__null__aborts_and_is_set(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	tevent_loop_set_nesting_hook(f->ev, NULL, NULL);
	assert_int_equal(abort_count, 1);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("im");
}

static void replace_hook_without_abort_fn(void *arg)
{
	tevent_loop_set_nesting_hook(arg, note_hook, NULL);
	tevent_loop_set_nesting_hook(arg, other_hook, NULL);
}

/* C19, C20: with no abort function the process ends. */
static void test_set_hook__another_hook_and_no_abort_fn__kills_the_process(void **state)
{
	assert_child_aborts(replace_hook_without_abort_fn, fixture_of(state)->ev);
}

/* ---- C9: cleared, and not ------------------------------------------- */

/* C9: re-initialising removes the hook; a new one may be set. */
static void test_reinitialise__hook_set__is_cleared(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("im");
	tevent_loop_set_nesting_hook(f->ev, other_hook, NULL);
	assert_int_equal(abort_count, 0);
}

/* C9: the exported destructor removes it as well. */
static void test_common_context_destructor__hook_set__is_cleared(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	assert_int_equal(tevent_common_context_destructor(f->ev), 0);
	tevent_loop_set_nesting_hook(f->ev, other_hook, NULL);
	assert_int_equal(abort_count, 0);
}

/* C9, C10: nesting stays allowed. */
static void test_reinitialise__nesting_allowed__stays_allowed(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_loop_allow_nesting(f->ev);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	add_immediate(f, nest_on_immediate);
	add_immediate(f, on_immediate);
	turns(f->ev, 1);
	assert_notes("( im 0)");
	assert_int_equal(abort_count, 0);
}

/* C9: and stays disallowed if it was not allowed. */
static void test_reinitialise__nesting_not_allowed__stays_refused(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	add_immediate(f, nest_on_immediate);
	turns(f->ev, 1);
	assert_notes("( -1)");
	assert_int_equal(abort_count, 1);
}

/* ---- C26: re-entered handlers --------------------------------------- */

/* The run that frees the event: none, the inner one, or the outer one after it. */
enum freer { NOBODY, INNER, OUTER };

static struct {
	enum freer freer;
	int depth;
} reentry;

static void reenter(struct tevent_context *ev, void *object)
{
	bool is_inner = ++reentry.depth == 2;

	note("in%d", reentry.depth);
	if (!is_inner) {
		note("turn:%d", run_inner(ev));
	}
	if (reentry.freer == (is_inner ? INNER : OUTER)) {
		note("free:%d", talloc_free(object));
	}
	note("out%d", reentry.depth--);
}

static void reenter_on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	reenter(ev, fde);
	if (reentry.depth == 0) {
		drain(*(int *)private_data);
	}
}

static void reenter_on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	if (reentry.depth == 0) {
		tevent_schedule_immediate(im, ev, reenter_on_immediate, NULL);
	}
	reenter(ev, im);
}

static void reenter_on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			      void *private_data)
{
	if (reentry.depth == 0) {
		raise(signum);
	}
	reenter(ev, se);
}

static struct tevent_fd *reentrant_fd(struct fixture *f, int fds[2], enum freer freer)
{
	struct tevent_fd *fde;

	reentry.freer = freer;
	reentry.depth = 0;
	tevent_loop_allow_nesting(f->ev);
	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, reenter_on_fd, &fds[0]);
	assert_non_null(fde);
	settle(f->ev, 3); /* poll_mt's wake-up is handled */
	note_end_of(fde);
	write_byte(fds[1]);
	return fde;
}

static struct tevent_immediate *reentrant_immediate(struct fixture *f, enum freer freer)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	reentry.freer = freer;
	reentry.depth = 0;
	tevent_loop_allow_nesting(f->ev);
	note_end_of(im);
	tevent_schedule_immediate(im, f->ev, reenter_on_immediate, NULL);
	return im;
}

static struct tevent_signal *reentrant_signal(struct fixture *f, enum freer freer)
{
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, reenter_on_signal, NULL);

	reentry.freer = freer;
	reentry.depth = 0;
	tevent_loop_allow_nesting(f->ev);
	note_end_of(se);
	raise(SIGUSR1);
	return se;
}

/* C26: an fd that is still ready is served again by the inner loop. */
static void test_reentry__fd_handler__runs_inside_itself(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	fde = reentrant_fd(f, fds, NOBODY);
	turns(f->ev, 1);
	assert_notes("in1 in2 out2 turn:0 out1");
	talloc_free(fde);
	close_pair(fds);
}

/* C26: an immediate that its handler scheduled again. */
static void test_reentry__immediate_handler__runs_inside_itself(void **state)
{
	struct fixture *f = fixture_of(state);

	reentrant_immediate(f, NOBODY);
	turns(f->ev, 1);
	assert_notes("in1 in2 out2 turn:0 out1");
}

/* The oracle counts arrivals in global counters, which become inconsistent here. */
static void reenter_in_child(void *arg)
{
	struct fixture *f = arg;

	reentrant_signal(f, NOBODY);
	child_assert(tevent_loop_once(f->ev) == 0);
	child_assert(strcmp(notes(), "in1 in2 out2 turn:0 out1") == 0);
}

/* C26: a signal that arrived again. */
static void test_reentry__signal_handler__runs_inside_itself(void **state)
{
	assert_child_succeeds(reenter_in_child, fixture_of(state));
}

/* C26, S8: an arrival after a re-entered handler is reported as usual. */
static void test_reentry__signal_arrives_afterwards__is_not_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	DEVIATION("D5", "the next arrival is lost there");
	se = reentrant_signal(f, NOBODY);
	turns(f->ev, 1);
	talloc_free(se);
	clear_notes();
	tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("sig");
}

/* C26: freed inside, the fd event's memory is freed when the outer handler has returned. */
static void test_reentry__fd_event_freed_inside__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	DEVIATION("D5", "re-entry with freeing");
	reentrant_fd(f, fds, INNER);
	turns(f->ev, 1);
	assert_notes("in1 in2 free:-1 out2 turn:0 out1 gone");
	close_pair(fds);
}

/* C26: the same for an immediate. */
static void test_reentry__immediate_freed_inside__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "re-entry with freeing");
	reentrant_immediate(f, INNER);
	turns(f->ev, 1);
	assert_notes("in1 in2 free:-1 out2 turn:0 out1 gone");
}

/* C26: and for a signal event. */
static void test_reentry__signal_event_freed_inside__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "re-entry with freeing");
	reentrant_signal(f, INNER);
	turns(f->ev, 1);
	assert_notes("in1 in2 free:-1 out2 turn:0 out1 gone");
}

/* C26: a free after the inner handler's return is still deferred until the outer one returns. */
static void test_reentry__fd_event_freed_outside_afterwards__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	DEVIATION("D5", "re-entry with freeing");
	reentrant_fd(f, fds, OUTER);
	turns(f->ev, 1);
	assert_notes("in1 in2 out2 turn:0 free:-1 out1 gone");
	close_pair(fds);
}

/* C26: the same for an immediate. */
static void test_reentry__immediate_freed_outside_afterwards__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "re-entry with freeing");
	reentrant_immediate(f, OUTER);
	turns(f->ev, 1);
	assert_notes("in1 in2 out2 turn:0 free:-1 out1 gone");
}

/* C26: and for a signal event. */
static void test_reentry__signal_event_freed_outside_afterwards__goes_after_the_outer_handler(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "re-entry with freeing");
	reentrant_signal(f, OUTER);
	turns(f->ev, 1);
	assert_notes("in1 in2 out2 turn:0 free:-1 out1 gone");
}

/* E4, C26: a timer is detached before its handler runs: no re-entry. */
static void test_reentry__timer_handler__is_not_met_by_the_inner_loop(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), nest_on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("( timer 0)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NESTING_TEST_EACH_BACKEND(test_nested_loop_once__not_allowed__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop_wait__not_allowed__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop_until__not_allowed__is_refused),
		NESTING_TEST(test_nested_req_poll__not_allowed__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__in_fd_handler__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__in_immediate_handler__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__in_signal_handler__is_refused),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__not_allowed__outer_loop_goes_on),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__refused__level_is_right_afterwards),
		NESTING_TEST(test_nested_loop__not_allowed_and_no_abort_fn__kills_the_process),
		NESTING_TEST_EACH_BACKEND(test_loop_of_another_context__in_a_handler__runs),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__refused__has_no_trace_point),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__refused__has_no_hook),
		NESTING_TEST_EACH_BACKEND(test_nested_loop_once__allowed__runs_one_event),
		NESTING_TEST_EACH_BACKEND(test_nested_loop_wait__allowed__runs_everything),
		NESTING_TEST_EACH_BACKEND(test_nested_loop__allowed_twice__nests_twice),

		NESTING_TEST_EACH_BACKEND(test_hook__loop_once__surrounds_it),
		NESTING_TEST_EACH_BACKEND(test_hook__loop_until__surrounds_it),
		NESTING_TEST_EACH_BACKEND(test_hook__loop_wait__surrounds_each_turn),
		NESTING_TEST_EACH_BACKEND(test_hook__nested_loops__counts_levels),
		NESTING_TEST_EACH_BACKEND(test_hook__nested_loops__each_level_has_its_own_slot),
		NESTING_TEST_EACH_BACKEND(test_hook__refuses_at_begin__nothing_runs),
		NESTING_TEST(test_hook__refuses_at_begin__loop_until_runs_nothing),
		NESTING_TEST(test_hook__fails_at_end__its_value_is_returned),
		NESTING_TEST(test_hook__turn_fails__end_is_called_and_its_value_wins),
		TEST(test_hook__reinitialises__levels_are_right_afterwards),
		TEST(test_loop_once__reinitialised_and_failed__its_value_is_returned),
		TEST_EACH_BACKEND(test_loop__turn_fails_and_others_set_errno__it_stays_the_turns),
		NESTING_TEST(test_hook__refuses_under_loop_wait__ends_it),
		NESTING_TEST(test_set_hook__same_again__is_quiet),
		NESTING_TEST(test_set_hook__another_hook__aborts_and_is_set),
		NESTING_TEST(test_set_hook__other_private_data__aborts_and_is_set),
		NESTING_TEST(test_set_hook__null__aborts_and_is_set),
		NESTING_TEST(test_set_hook__another_hook_and_no_abort_fn__kills_the_process),

		NESTING_TEST_EACH_BACKEND(test_reinitialise__hook_set__is_cleared),
		NESTING_TEST_EACH_BACKEND(test_common_context_destructor__hook_set__is_cleared),
		NESTING_TEST_EACH_BACKEND(test_reinitialise__nesting_allowed__stays_allowed),
		NESTING_TEST_EACH_BACKEND(test_reinitialise__nesting_not_allowed__stays_refused),

		NESTING_TEST_EACH_BACKEND(test_reentry__fd_handler__runs_inside_itself),
		NESTING_TEST_EACH_BACKEND(test_reentry__immediate_handler__runs_inside_itself),
		NESTING_TEST_EACH_BACKEND(test_reentry__signal_handler__runs_inside_itself),
		NESTING_TEST_EACH_BACKEND(test_reentry__signal_arrives_afterwards__is_not_lost),
		NESTING_TEST_EACH_BACKEND(test_reentry__fd_event_freed_inside__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(test_reentry__immediate_freed_inside__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(test_reentry__signal_event_freed_inside__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(
			test_reentry__fd_event_freed_outside_afterwards__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(
			test_reentry__immediate_freed_outside_afterwards__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(
			test_reentry__signal_event_freed_outside_afterwards__goes_after_the_outer_handler),
		NESTING_TEST_EACH_BACKEND(test_reentry__timer_handler__is_not_met_by_the_inner_loop),
	};

	return cmocka_run_group_tests_name("nesting", tests, group_setup, NULL);
}
