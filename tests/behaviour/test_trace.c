/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Trace points: O3 to O5 and the visible part of O7.
 *
 * trace_all() notes "<kind><point>" with f, t, i, s, q for the five kinds and
 * + for ATTACH, - for DETACH, ! for BEFORE_HANDLER, and counts.  The record
 * shows the order; assert_balanced() checks that each ATTACH has one DETACH.
 * The fixture's context is traced until it is freed, so a case that counts to
 * the end frees it itself.  The wake-up fd may or may not be traced (D10):
 * cases with signals check only signals.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

void tevent_trace_point_callback(struct tevent_context *ev, enum tevent_trace_point point);
void tevent_trace_fd_callback(struct tevent_context *ev, struct tevent_fd *fde, enum tevent_event_trace_point point);
void tevent_trace_signal_callback(struct tevent_context *ev, struct tevent_signal *se,
				  enum tevent_event_trace_point point);
void tevent_trace_timer_callback(struct tevent_context *ev, struct tevent_timer *te,
				 enum tevent_event_trace_point point);
void tevent_trace_immediate_callback(struct tevent_context *ev, struct tevent_immediate *im,
				     enum tevent_event_trace_point point);
void tevent_trace_queue_callback(struct tevent_context *ev, struct tevent_queue_entry *qe,
				 enum tevent_event_trace_point point);

/* ---- recording callbacks ---- */

static int attached;
static int detached;

static void record_point(char kind, enum tevent_event_trace_point point)
{
	note("%c%c", kind, "+-!"[point]);
	attached += point == TEVENT_EVENT_TRACE_ATTACH;
	detached += point == TEVENT_EVENT_TRACE_DETACH;
}

/* Tag 1: attached while traced, or made by readable(). poll_mt's wake-up is neither. */
static void trace_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_fd_set_tag(fde, 1);
	}
	if (fde == NULL || tevent_fd_get_tag(fde) == 1) {
		record_point('f', point);
	}
}

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	record_point('t', point);
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	record_point('i', point);
}

static void trace_signal(struct tevent_signal *se, enum tevent_event_trace_point point, void *private_data)
{
	record_point('s', point);
}

static void trace_queue(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *private_data)
{
	record_point('q', point);
}

static void trace_kinds(struct tevent_context *ev, const char *kinds)
{
	attached = 0;
	detached = 0;
	tevent_set_trace_fd_callback(ev, strchr(kinds, 'f') ? trace_fd : NULL, NULL);
	tevent_set_trace_timer_callback(ev, strchr(kinds, 't') ? trace_timer : NULL, NULL);
	tevent_set_trace_immediate_callback(ev, strchr(kinds, 'i') ? trace_immediate : NULL, NULL);
	tevent_set_trace_signal_callback(ev, strchr(kinds, 's') ? trace_signal : NULL, NULL);
	tevent_set_trace_queue_callback(ev, strchr(kinds, 'q') ? trace_queue : NULL, NULL);
}

static void trace_all(struct tevent_context *ev)
{
	trace_kinds(ev, "ftisq");
}

static void assert_balanced(int expected)
{
	assert_int_equal(attached, expected);
	assert_int_equal(detached, expected);
}

static const char *const point_names[] = {"wait(", ")wait", "once(", ")once"};

static void trace_loop(enum tevent_trace_point point, void *private_data)
{
	note("%s", point_names[point]);
	errno = *(int *)private_data;
}

static int errno_of_callback;

/* ---- handlers ---- */

static bool free_self;

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
	if (free_self) {
		talloc_free(fde);
		note("freed");
	} else {
		TEVENT_FD_NOT_READABLE(fde);
	}
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
	if (free_self) {
		talloc_free(te);
		note("freed");
	}
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("immediate");
	if (free_self) {
		talloc_free(im);
		note("freed");
	}
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("signal");
	if (free_self) {
		talloc_free(se);
		note("freed");
	}
}

static void on_trigger(struct tevent_req *req, void *private_data)
{
	note("trigger");
	if (free_self) {
		talloc_free(req);
		note("freed");
	}
}

struct empty_state {
	int unused;
};

static struct tevent_req *new_request(TALLOC_CTX *mem)
{
	struct empty_state *es = NULL;
	struct tevent_req *req = tevent_req_create(mem, &es, struct empty_state);

	assert_non_null(req);
	return req;
}

/* poll_mt's wake-up may take a turn. */
static void run_until_noted(struct tevent_context *ev, const char *words)
{
	for (int i = 0; i < 5 && strstr(notes(), words) == NULL; i++) {
		turns(ev, 1);
	}
}

/* A readable fd event on one end of a pair. */
struct end {
	int fds[2];
	struct tevent_fd *fde;
};

static struct end readable(TALLOC_CTX *mem, struct tevent_context *ev)
{
	struct end end;

	free_self = false;
	socket_pair(end.fds);
	write_byte(end.fds[1]);
	end.fde = tevent_add_fd(ev, mem, end.fds[0], TEVENT_FD_READ, on_fd, NULL);
	assert_non_null(end.fde);
	tevent_fd_set_tag(end.fde, tevent_fd_get_tag(end.fde) == 0 ? 1 : tevent_fd_get_tag(end.fde));
	return end;
}

static void close_end(struct end *end)
{
	close_fd(&end->fds[0]);
	close_fd(&end->fds[1]);
}

/* ---- O3: the loop's points ---- */

/* O3: a turn that waits. */
static void test_loop_trace__fd_ready__points_surround_turn_and_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end = readable(f->mem, f->ev);

	errno_of_callback = 0;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	turns(f->ev, 1);
	assert_notes("once( wait( )wait fd )once");
	talloc_free(end.fde);
	close_end(&end);
}

/* O3: a wait that a timer ends. */
static void test_loop_trace__timer_in_the_future__points_surround_the_wait(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	errno_of_callback = 0;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_add_timer(f->ev, f->mem, in_ms(200), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("once( wait( )wait timer )once");
}

/* O3: no wait, so no wait points: an immediate, a due timer, a pending signal. */
static void test_loop_trace__turn_without_wait__has_no_wait_points(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	errno_of_callback = 0;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL));
	raise(SIGUSR1);
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	turns(f->ev, 3);
	assert_notes("once( signal )once once( immediate )once once( timer )once");
}

/* O3, C13: a failed turn has its points too, and the callback does not change its errno. */
static void test_loop_trace__failed_turn__has_its_points(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	errno_of_callback = EIO;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	errno = 0;
	assert_int_equal(tevent_loop_once(f->ev), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(strncmp(notes(), "once(", 5), 0);
	assert_string_equal(notes() + strlen(notes()) - 5, ")once");
}

static void nested_turn(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("inner:%d", tevent_loop_once(ev));
}

/* O3, C18: a refused turn has no points. */
static void test_loop_trace__nested_turn_refused__has_no_points(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	errno_of_callback = 0;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, nested_turn, NULL);
	turns(f->ev, 1);
	assert_notes("once( inner:-1 )once");
}

/* O3: a nested turn that is allowed has its own. */
static void test_loop_trace__nested_turn_allowed__has_its_own_points(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	errno_of_callback = 0;
	tevent_loop_allow_nesting(f->ev);
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, nested_turn, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("once( once( immediate )once inner:0 )once");
}

static int refuse_begin(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			const char *location)
{
	return -7;
}

/* O3, C19: a turn that the nesting hook refuses has no points. */
static void test_loop_trace__hook_refuses__has_no_points(void **state)
{
	struct fixture *f = fixture_of(state);

	errno_of_callback = 0;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_loop_set_nesting_hook(f->ev, refuse_begin, NULL);
	assert_int_equal(tevent_loop_once(f->ev), -7);
	assert_notes("");
}

static int immediates_left;

static void one_less(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	immediates_left--;
}

static bool none_left(void *private_data)
{
	return immediates_left == 0;
}

/* O3, C17: tevent_loop_until has them around each turn. */
static void test_loop_trace__loop_until__points_surround_each_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	immediates_left = 2;
	errno_of_callback = 0;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, one_less, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, one_less, NULL);
	assert_int_equal(tevent_loop_until(f->ev, none_left, NULL), 0);
	assert_notes("once( )once once( )once");
}

/* O3: a callback that changes errno doesn't confuse the loop. */
static void test_loop_trace__callback_changes_errno__loop_goes_on(void **state)
{
	static const int numbers[] = {EINTR, EBADF, EIO, EINVAL, 0};
	struct fixture *f = fixture_of(state);

	free_self = false;
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct end end = readable(f->mem, f->ev);

		clear_notes();
		errno_of_callback = numbers[i];
		tevent_add_timer(f->ev, f->mem, in_ms(3), on_timer, NULL);
		run_until_noted(f->ev, "fd");
		run_until_noted(f->ev, "timer");
		assert_non_null(strstr(notes(), "fd"));
		assert_non_null(strstr(notes(), "timer"));
		talloc_free(end.fde);
		close_end(&end);
	}
}

static void raise_before_wait(enum tevent_trace_point point, void *private_data)
{
	bool *raised = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !*raised) {
		*raised = true;
		raise(SIGUSR1);
	}
	errno = EIO;
}

/* O3, S8: nor if a signal ends the wait. */
static void test_loop_trace__signal_before_wait_and_errno__signal_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	bool raised = false;

	free_self = false;
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL));
	tevent_set_trace_callback(f->ev, raise_before_wait, &raised);
	for (int turn = 0; turn < 5 && notes()[0] == '\0'; turn++) {
		turns(f->ev, 1);
	}
	assert_notes("signal");
}

/* O3: reading back; NULL at first and after it was removed. */
static void test_loop_trace__get__reads_back(void **state)
{
	struct fixture *f = fixture_of(state);
	tevent_trace_callback_t cb = trace_loop;
	void *p = f;

	tevent_get_trace_callback(f->ev, &cb, &p);
	assert_true(cb == NULL && p == NULL);
	tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	tevent_get_trace_callback(f->ev, &cb, &p);
	assert_true(cb == trace_loop && p == &errno_of_callback);
	tevent_set_trace_callback(f->ev, NULL, NULL);
	tevent_get_trace_callback(f->ev, &cb, &p);
	assert_true(cb == NULL && p == NULL);
}

/* O3, O7: without a callback, or with that of another context, nothing is reported. */
static void test_loop_trace__callback_of_another_context__is_not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	free_self = false;
	errno_of_callback = 0;
	tevent_set_trace_callback(other, trace_loop, &errno_of_callback);
	trace_all(other);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("immediate");
}

/* ---- O4: reading back ---- */

/* Each of these has the same shape; the callbacks' types differ. */
#define GET_TEST(kind)                                                                                                 \
	static void test_event_trace__get_##kind##_callback__reads_back(void **state)                                  \
	{                                                                                                              \
		struct fixture *f = fixture_of(state);                                                                 \
		tevent_trace_##kind##_callback_t cb = trace_##kind;                                                    \
		void *p = f;                                                                                           \
                                                                                                                       \
		tevent_get_trace_##kind##_callback(f->ev, &cb, &p);                                                    \
		assert_true(cb == NULL && p == NULL);                                                                  \
		tevent_set_trace_##kind##_callback(f->ev, trace_##kind, f);                                            \
		tevent_get_trace_##kind##_callback(f->ev, &cb, &p);                                                    \
		assert_true(cb == trace_##kind && p == f);                                                             \
		tevent_set_trace_##kind##_callback(f->ev, NULL, NULL);                                                 \
		tevent_get_trace_##kind##_callback(f->ev, &cb, &p);                                                    \
		assert_true(cb == NULL && p == NULL);                                                                  \
	}

/* O4 */
GET_TEST(fd)
/* O4 */
GET_TEST(timer)
/* O4 */
GET_TEST(immediate)
/* O4 */
GET_TEST(signal)
/* O4 */
GET_TEST(queue)

/* ---- O4: fds ---- */

/* O4: ATTACH in the add, BEFORE_HANDLER per call, DETACH in the free; changing flags is none of them. */
static void test_fd_trace__added_run_freed__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end;

	trace_kinds(f->ev, "f");
	end = readable(f->mem, f->ev);
	assert_notes("f+");
	run_until_noted(f->ev, "f! fd");
	TEVENT_FD_READABLE(end.fde);
	run_until_noted(f->ev, "f! fd f! fd");
	assert_notes("f+ f! fd f! fd");
	talloc_free(end.fde);
	assert_notes("f+ f! fd f! fd f-");
	close_end(&end);
}

/* O4, F10: freed in its handler: DETACH at once. */
static void test_fd_trace__freed_in_its_handler__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end;

	trace_all(f->ev);
	end = readable(f->mem, f->ev);
	free_self = true;
	turns(f->ev, 1);
	assert_notes("f+ f! fd f- freed");
	close_end(&end);
}

/* O4: an event without flags is attached and detached like others. */
static void test_fd_trace__without_flags__is_traced(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	socket_pair(fds);
	trace_all(f->ev);
	talloc_free(tevent_add_fd(f->ev, f->mem, fds[0], 0, on_fd, NULL));
	assert_notes("f+ f-");
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* O4: freed with its parent. */
static void test_fd_trace__parent_freed__detach(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_named_const(f->mem, 0, "parent");
	struct end end;

	trace_all(f->ev);
	end = readable(parent, f->ev);
	talloc_free(parent);
	assert_notes("f+ f-");
	close_end(&end);
}

/* O4, F11: the fd was closed before: one DETACH, at the latest when the event is freed. */
static void test_fd_trace__fd_closed_first__one_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end;

	NEWER_THAN_ORACLE("no DETACH there for an event that is detached because of EBADF");
	trace_kinds(f->ev, "f");
	end = readable(f->mem, f->ev);
	close_fd(&end.fds[0]);
	tevent_fd_set_flags(end.fde, TEVENT_FD_READ | TEVENT_FD_WRITE);
	settle(f->ev, 5);
	talloc_free(end.fde);
	assert_notes("f+ f-");
	close_end(&end);
}

/* ---- O4: timers ---- */

/* O4, E4: DETACH after the handler. */
static void test_timer_trace__runs__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	trace_all(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	assert_notes("t+");
	turns(f->ev, 1);
	assert_notes("t+ t! timer t-");
}

/* O4, E4: freed in its handler: DETACH at that moment, once. */
static void test_timer_trace__freed_in_its_handler__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = true;
	trace_all(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("t+ t! timer t- freed");
}

/* O4: freed while it waits. */
static void test_timer_trace__freed__detach(void **state)
{
	struct fixture *f = fixture_of(state);

	trace_all(f->ev);
	talloc_free(tevent_add_timer(f->ev, f->mem, in_ms(10000), on_timer, NULL));
	assert_notes("t+ t-");
}

/* O4, E5: moved: DETACH, ATTACH. */
static void test_timer_trace__updated__detach_attach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te;

	trace_all(f->ev);
	te = tevent_add_timer(f->ev, f->mem, in_ms(10000), on_timer, NULL);
	tevent_update_timer(te, in_ms(20000));
	assert_notes("t+ t- t+");
	talloc_free(te);
	assert_balanced(2);
}

/* ---- O4: immediates ---- */

/* O4, I6: DETACH after the handler. */
static void test_immediate_trace__runs__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	free_self = false;
	trace_all(f->ev);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	assert_notes("i+");
	turns(f->ev, 1);
	assert_notes("i+ i! immediate i-");
	talloc_free(im);
	assert_balanced(1);
}

/* O4, I6: freed in its handler. */
static void test_immediate_trace__freed_in_its_handler__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = true;
	trace_all(f->ev);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("i+ i! immediate i- freed");
}

static void schedule_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	note("again");
}

/* O4, I6: rescheduled in its handler: DETACH of the old before ATTACH of the new. */
static void test_immediate_trace__rescheduled_in_its_handler__detach_then_attach(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	trace_all(f->ev);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, schedule_again, NULL);
	turns(f->ev, 2);
	assert_notes("i+ i! i- i+ again i! immediate i-");
}

/* O4, I6: rescheduled, cancelled, freed while waiting. */
static void test_immediate_trace__changed_while_waiting__each_attach_is_matched(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	trace_all(f->ev);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	assert_notes("i+ i- i+");
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_notes("i+ i- i+ i-");
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	talloc_free(im);
	assert_notes("i+ i- i+ i- i+ i-");
}

/* O4, I2: moved to another context: each context's callback gets its own half. */
static void test_immediate_trace__moved_to_another_context__detach_here_attach_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	trace_all(f->ev);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	assert_notes("i+ i-");
	talloc_free(im);
	assert_notes("i+ i-");
}

static void reset_self(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_reset_immediate(im);
	note("reset");
}

/* O4, I4: tevent_reset_immediate, while waiting and in the handler. */
static void test_immediate_trace__reset__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	trace_all(f->ev);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	tevent_reset_immediate(im);
	tevent_reset_immediate(im);
	assert_notes("i+ i-");
	tevent_schedule_immediate(im, f->ev, reset_self, NULL);
	turns(f->ev, 1);
	assert_notes("i+ i- i+ i! i- reset");
}

/* ---- O4: signals ---- */

/* O4, S9: ATTACH, BEFORE_HANDLER per call, DETACH when freed. */
static void test_signal_trace__added_run_freed__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	free_self = false;
	trace_kinds(f->ev, "s");
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);
	assert_notes("s+");
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("s+ s! signal");
	talloc_free(se);
	assert_notes("s+ s! signal s-");
}

/* O4: BEFORE_HANDLER once per handler call: three arrivals with SA_SIGINFO. */
static void test_signal_trace__three_arrivals_with_siginfo__three_times_before(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	free_self = false;
	trace_kinds(f->ev, "s");
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, on_signal, NULL);
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("s+ s! signal s! signal s! signal");
	talloc_free(se);
	assert_balanced(1);
}

/* O4: freed in its handler. */
static void test_signal_trace__freed_in_its_handler__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	trace_kinds(f->ev, "s");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL));
	free_self = true;
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("s+ s! signal s- freed");
}

/* O4, S7: SA_RESETHAND: it frees itself after the handler. */
static void test_signal_trace__resethand__detach_after_the_handler(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	trace_kinds(f->ev, "s");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, (int)SA_RESETHAND, on_signal, NULL));
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("s+ s! signal s-");
}

/* ---- O4: queue entries ---- */

/* O4, Q14: ATTACH on adding, BEFORE_HANDLER right before the trigger, DETACH on removal. */
static void test_queue_trace__triggered_and_freed__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req = new_request(f->mem);

	free_self = false;
	trace_kinds(f->ev, "q");
	assert_true(tevent_queue_add(queue, f->ev, req, on_trigger, NULL));
	assert_notes("q+");
	turns(f->ev, 1);
	assert_notes("q+ q! trigger");
	talloc_free(req);
	assert_notes("q+ q! trigger q-");
}

/* O4: freed inside its trigger. */
static void test_queue_trace__request_freed_in_its_trigger__detach_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	trace_kinds(f->ev, "q");
	assert_true(tevent_queue_add(queue, f->ev, new_request(f->mem), on_trigger, NULL));
	free_self = true;
	turns(f->ev, 1);
	assert_notes("q+ q! trigger q- freed");
}

/* O4, Q5: an entry freed while it waits. */
static void test_queue_trace__waiting_entry_freed__detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_queue_entry *entry;

	trace_kinds(f->ev, "q");
	entry = tevent_queue_add_entry(queue, f->ev, new_request(f->mem), on_trigger, NULL);
	talloc_free(entry);
	settle(f->ev, 5);
	assert_notes("q+ q-");
}

/* O4, Q11: freeing the queue: each entry's DETACH, and none when the requests are freed later. */
static void test_queue_trace__queue_freed__each_entry_is_detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	TALLOC_CTX *requests = talloc_named_const(f->mem, 0, "requests");

	trace_kinds(f->ev, "q");
	for (int i = 0; i < 3; i++) {
		assert_true(tevent_queue_add(queue, f->ev, new_request(requests), on_trigger, NULL));
	}
	talloc_free(queue);
	assert_notes("q+ q+ q+ q- q- q-");
	talloc_free(requests);
	assert_balanced(3);
}

/* O4, Q6: a blocker is traced as if it were triggered. */
static void test_queue_trace__blocker__is_traced_without_a_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req = new_request(f->mem);

	trace_kinds(f->ev, "q");
	assert_true(tevent_queue_add(queue, f->ev, req, NULL, NULL));
	settle(f->ev, 5);
	assert_notes("q+ q!");
	talloc_free(req);
	assert_notes("q+ q! q-");
}

/* O4, Q7: triggered directly: BEFORE_HANDLER inside the call. */
static void test_queue_trace__optimize_empty__before_in_the_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	free_self = false;
	trace_kinds(f->ev, "q");
	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, new_request(f->mem), on_trigger, NULL));
	assert_notes("q+ q! trigger");
}

/* O4, Q14: each entry is traced by the context given to its own add. */
static void test_queue_trace__entries_of_two_contexts__each_by_its_own(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *head = new_request(f->mem);
	struct tevent_req *second = new_request(f->mem);

	DEVIATION("D7", "DETACH is reported to the context of the queue's head there");
	trace_kinds(other, "q");
	assert_true(tevent_queue_add(queue, f->ev, head, on_trigger, NULL));
	assert_notes("");
	assert_true(tevent_queue_add(queue, other, second, on_trigger, NULL));
	assert_notes("q+");
	talloc_free(second);
	assert_notes("q+ q-");
	talloc_free(head);
	assert_notes("q+ q-");
}

static bool allow_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      const char *location)
{
	return true;
}

/* O4, W8, D7: entries with a wrapper as context are traced by the main context. */
static void test_queue_trace__entry_on_a_wrapper__is_traced(void **state)
{
	static const struct tevent_wrapper_ops ops = {.name = "plain", .before_use = allow_use};
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req = new_request(f->mem);
	struct tevent_context *wrapper;
	char *ws = NULL;

	DEVIATION("D7", "queue entries with a wrapper as context are not traced there");
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &ops, &ws, char);
	trace_kinds(f->ev, "q");
	assert_true(tevent_queue_add(queue, wrapper, req, on_trigger, NULL));
	talloc_free(req);
	assert_notes("q+ q-");
}

/* ---- O4: all kinds, when the context is freed ---- */

struct five {
	struct end end;
	struct tevent_timer *te;
	struct tevent_immediate *im;
	struct tevent_signal *se;
	struct tevent_queue *queue;
	struct tevent_req *req;
};

static struct five add_events(struct fixture *f)
{
	struct five five;

	five.end = readable(f->mem, f->ev);
	five.te = tevent_add_timer(f->ev, f->mem, in_ms(10000), on_timer, NULL);
	five.im = tevent_create_immediate(f->mem);
	tevent_schedule_immediate(five.im, f->ev, on_immediate, NULL);
	five.se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);
	assert_true(five.te != NULL && five.im != NULL && five.se != NULL);
	return five;
}

static void free_events(struct five *five)
{
	talloc_free(five->end.fde);
	talloc_free(five->te);
	talloc_free(five->im);
	talloc_free(five->se);
	close_end(&five->end);
}

/* O4, C8: context freed: each has one DETACH then, and none when it is freed itself. */
static void test_event_trace__context_freed__each_is_detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct five five;

	trace_all(f->ev);
	five = add_events(f);
	clear_notes();
	TALLOC_FREE(f->ev);
	assert_int_equal(detached, attached);
	assert_non_null(strstr(notes(), "f-"));
	assert_non_null(strstr(notes(), "t-"));
	assert_non_null(strstr(notes(), "i-"));
	assert_non_null(strstr(notes(), "s-"));
	free_events(&five);
	assert_int_equal(detached, attached);
}

/* O4, C10: context re-initialised: the same; the callbacks stay set. */
static void test_event_trace__context_re_initialised__each_is_detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct five five;

	trace_kinds(f->ev, "tis");
	five = add_events(f);
	clear_notes();
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_notes("t- i- s-");
	free_events(&five);
	assert_notes("t- i- s-");
	free_self = false;
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("t- i- s- t+ t! timer t-");
}

/* O4, C10: the same for an fd. */
static void test_fd_trace__context_re_initialised__is_detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end = readable(f->mem, f->ev);

	trace_kinds(f->ev, "f");
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_int_equal(detached, 1);
	clear_notes();
	talloc_free(end.fde);
	assert_notes("");
	trace_kinds(f->ev, "");
	close_end(&end);
}

static void free_others(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct five *five = private_data;

	note("free");
	talloc_free(five->end.fde);
	talloc_free(five->te);
	talloc_free(five->im);
	talloc_free(five->se);
}

/* O4: freed in another event's handler. */
static void test_event_trace__freed_in_another_handler__each_is_detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *first = tevent_create_immediate(f->mem);
	struct five five;

	tevent_schedule_immediate(first, f->ev, free_others, &five);
	five = add_events(f);
	trace_all(f->ev);
	turns(f->ev, 1);
	assert_notes("i! free f- t- i- s- i-");
	close_end(&five.end);
}

/* ---- O4: tags ---- */

static void tag_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_fd_set_tag(fde, 11);
	}
	note("f%c%d", "+-!"[point], (int)tevent_fd_get_tag(fde));
}

static void tag_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_timer_set_tag(te, 12);
	}
	note("t%c%d", "+-!"[point], (int)tevent_timer_get_tag(te));
}

static void tag_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_immediate_set_tag(im, 13);
	}
	note("i%c%d", "+-!"[point], (int)tevent_immediate_get_tag(im));
}

static void tag_signal(struct tevent_signal *se, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_signal_set_tag(se, 14);
	}
	note("s%c%d", "+-!"[point], (int)tevent_signal_get_tag(se));
}

static void tag_queue(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_queue_entry_set_tag(qe, 15);
	}
	note("q%c%d", "+-!"[point], (int)tevent_queue_entry_get_tag(qe));
}

/* O4: a tag set at ATTACH is there at BEFORE_HANDLER and at DETACH. */
static void test_fd_trace__tag_set_at_attach__is_read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end;

	tevent_set_trace_fd_callback(f->ev, tag_fd, NULL);
	end = readable(f->mem, f->ev);
	turns(f->ev, 1);
	talloc_free(end.fde);
	assert_notes("f+11 f!11 fd f-11");
	close_end(&end);
}

/* O4: timers. */
static void test_timer_trace__tag_set_at_attach__is_read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	tevent_set_trace_timer_callback(f->ev, tag_timer, NULL);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("t+12 t!12 timer t-12");
}

/* O4: immediates. */
static void test_immediate_trace__tag_set_at_attach__is_read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);

	free_self = false;
	tevent_set_trace_immediate_callback(f->ev, tag_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("i+13 i!13 immediate i-13");
}

/* O4: signals. */
static void test_signal_trace__tag_set_at_attach__is_read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	free_self = false;
	tevent_set_trace_signal_callback(f->ev, tag_signal, NULL);
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);
	raise(SIGUSR1);
	turns(f->ev, 1);
	talloc_free(se);
	assert_notes("s+14 s!14 signal s-14");
}

/* O4: queue entries. */
static void test_queue_trace__tag_set_at_attach__is_read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	tevent_set_trace_queue_callback(f->ev, tag_queue, NULL);
	assert_true(tevent_queue_add(queue, f->ev, new_request(f->mem), on_trigger, NULL));
	free_self = true;
	turns(f->ev, 1);
	assert_notes("q+15 q!15 trigger q-15 freed");
}

/* ---- O4: the library's own events ---- */

/* O4: an end time is a timer. */
static void test_timer_trace__end_time__is_traced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = new_request(f->mem);

	trace_all(f->ev);
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	assert_notes("t+");
	turns(f->ev, 1);
	assert_balanced(1);
	assert_non_null(strstr(notes(), "t!"));
}

/* O4: an end time that is removed again. */
static void test_timer_trace__request_done_before_its_end_time__is_detached(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = new_request(f->mem);

	trace_all(f->ev);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(10000)));
	tevent_req_done(req);
	assert_notes("t+ t-");
}

/* O4: a posted request uses an immediate. */
static void test_immediate_trace__posted_request__is_traced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = new_request(f->mem);

	trace_all(f->ev);
	tevent_req_done(req);
	tevent_req_post(req, f->ev);
	assert_notes("i+");
	turns(f->ev, 1);
	assert_notes("i+ i! i-");
}

/* O4, Q14: a queue's own immediate. */
static void test_immediate_trace__queue__its_immediate_is_traced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req = new_request(f->mem);

	free_self = false;
	trace_all(f->ev);
	assert_true(tevent_queue_add(queue, f->ev, req, on_trigger, NULL));
	assert_notes("q+ i+");
	turns(f->ev, 1);
	assert_notes("q+ i+ i! q! trigger i-");
	talloc_free(req);
	assert_balanced(2);
}

/* ---- O5: the exported callers ---- */

/* O5: they call the callback with the given arguments; without one they do nothing. */
static void test_exported_callers__callback_set_or_not__call_it_or_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	for (int set = 0; set < 2; set++) {
		tevent_trace_point_callback(f->ev, TEVENT_TRACE_AFTER_WAIT);
		tevent_trace_fd_callback(f->ev, NULL, TEVENT_EVENT_TRACE_ATTACH);
		tevent_trace_signal_callback(f->ev, NULL, TEVENT_EVENT_TRACE_DETACH);
		tevent_trace_timer_callback(f->ev, NULL, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
		tevent_trace_immediate_callback(f->ev, NULL, TEVENT_EVENT_TRACE_ATTACH);
		tevent_trace_queue_callback(f->ev, NULL, TEVENT_EVENT_TRACE_DETACH);
		trace_all(f->ev);
		errno_of_callback = 0;
		tevent_set_trace_callback(f->ev, trace_loop, &errno_of_callback);
	}
	assert_notes(")wait f+ s- t! i+ q-");
	trace_kinds(f->ev, "");
}

static void same_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	struct end *end = private_data;

	note("%s", fde == end->fde ? "same" : "other");
}

/* O5, O4: the callback gets the event and its own private data. */
static void test_exported_callers__event_and_private_data__are_passed_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct end end = readable(f->mem, f->ev);

	tevent_set_trace_fd_callback(f->ev, same_fd, &end);
	tevent_trace_fd_callback(f->ev, end.fde, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
	turns(f->ev, 1);
	talloc_free(end.fde);
	assert_notes("same same fd same");
	close_end(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_loop_trace__fd_ready__points_surround_turn_and_wait),
		TEST_EACH_BACKEND(test_loop_trace__timer_in_the_future__points_surround_the_wait),
		TEST_EACH_BACKEND(test_loop_trace__turn_without_wait__has_no_wait_points),
		TEST_EACH_BACKEND(test_loop_trace__failed_turn__has_its_points),
		TEST(test_loop_trace__nested_turn_refused__has_no_points),
		TEST(test_loop_trace__nested_turn_allowed__has_its_own_points),
		TEST(test_loop_trace__hook_refuses__has_no_points),
		TEST_EACH_BACKEND(test_loop_trace__loop_until__points_surround_each_turn),
		TEST_EACH_BACKEND(test_loop_trace__callback_changes_errno__loop_goes_on),
		TEST_EACH_BACKEND(test_loop_trace__signal_before_wait_and_errno__signal_runs),
		TEST(test_loop_trace__get__reads_back),
		TEST(test_loop_trace__callback_of_another_context__is_not_called),
		TEST(test_event_trace__get_fd_callback__reads_back),
		TEST(test_event_trace__get_timer_callback__reads_back),
		TEST(test_event_trace__get_immediate_callback__reads_back),
		TEST(test_event_trace__get_signal_callback__reads_back),
		TEST(test_event_trace__get_queue_callback__reads_back),
		TEST_EACH_BACKEND(test_fd_trace__added_run_freed__attach_before_detach),
		TEST_EACH_BACKEND(test_fd_trace__freed_in_its_handler__detach_at_once),
		TEST_EACH_BACKEND(test_fd_trace__without_flags__is_traced),
		TEST_EACH_BACKEND(test_fd_trace__parent_freed__detach),
		TEST_EACH_BACKEND(test_fd_trace__fd_closed_first__one_detach),
		TEST_EACH_BACKEND(test_timer_trace__runs__attach_before_detach),
		TEST_EACH_BACKEND(test_timer_trace__freed_in_its_handler__detach_at_once),
		TEST(test_timer_trace__freed__detach),
		TEST(test_timer_trace__updated__detach_attach),
		TEST_EACH_BACKEND(test_immediate_trace__runs__attach_before_detach),
		TEST_EACH_BACKEND(test_immediate_trace__freed_in_its_handler__detach_at_once),
		TEST_EACH_BACKEND(test_immediate_trace__rescheduled_in_its_handler__detach_then_attach),
		TEST(test_immediate_trace__changed_while_waiting__each_attach_is_matched),
		TEST(test_immediate_trace__moved_to_another_context__detach_here_attach_there),
		TEST(test_immediate_trace__reset__detach_at_once),
		TEST_EACH_BACKEND(test_signal_trace__added_run_freed__attach_before_detach),
		TEST_EACH_BACKEND(test_signal_trace__three_arrivals_with_siginfo__three_times_before),
		TEST_EACH_BACKEND(test_signal_trace__freed_in_its_handler__detach_at_once),
		TEST_EACH_BACKEND(test_signal_trace__resethand__detach_after_the_handler),
		TEST(test_queue_trace__triggered_and_freed__attach_before_detach),
		TEST(test_queue_trace__request_freed_in_its_trigger__detach_at_once),
		TEST(test_queue_trace__waiting_entry_freed__detach),
		TEST(test_queue_trace__queue_freed__each_entry_is_detached_once),
		TEST(test_queue_trace__blocker__is_traced_without_a_call),
		TEST(test_queue_trace__optimize_empty__before_in_the_call),
		TEST(test_queue_trace__entries_of_two_contexts__each_by_its_own),
		TEST(test_queue_trace__entry_on_a_wrapper__is_traced),
		TEST_EACH_BACKEND(test_event_trace__context_freed__each_is_detached_once),
		TEST_EACH_BACKEND(test_event_trace__context_re_initialised__each_is_detached_once),
		TEST_EACH_BACKEND(test_fd_trace__context_re_initialised__is_detached_once),
		TEST_EACH_BACKEND(test_event_trace__freed_in_another_handler__each_is_detached_once),
		TEST_EACH_BACKEND(test_fd_trace__tag_set_at_attach__is_read_at_detach),
		TEST(test_timer_trace__tag_set_at_attach__is_read_at_detach),
		TEST(test_immediate_trace__tag_set_at_attach__is_read_at_detach),
		TEST(test_signal_trace__tag_set_at_attach__is_read_at_detach),
		TEST(test_queue_trace__tag_set_at_attach__is_read_at_detach),
		TEST(test_timer_trace__end_time__is_traced),
		TEST(test_timer_trace__request_done_before_its_end_time__is_detached),
		TEST(test_immediate_trace__posted_request__is_traced),
		TEST(test_immediate_trace__queue__its_immediate_is_traced),
		TEST(test_exported_callers__callback_set_or_not__call_it_or_nothing),
		TEST_EACH_BACKEND(test_exported_callers__event_and_private_data__are_passed_on),
	};

	return cmocka_run_group_tests_name("trace", tests, group_setup, NULL);
}
