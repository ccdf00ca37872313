/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The loop: the steps of one turn and their order, the wait, loop_wait and
 * loop_until.
 *
 * The timeout of a wait can't be seen from outside without waiting that long.
 * So this binary replaces the C library's waiting and clock calls with its own
 * functions (the executable comes first in symbol lookup): they record the
 * timeout, and fake a result or raise a signal if a case asks for it.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

int tevent_common_loop_wait(struct tevent_context *ev, const char *location);
bool tevent_common_have_events(struct tevent_context *ev);

/* ---- the waiting and clock calls ------------------------------------ */

enum pretence {
	REALLY_WAIT,
	TIME_IS_UP,             /* nothing was ready until the timeout */
	INTERRUPTED,            /* only EINTR */
	INTERRUPTED_BY_SIGUSR1, /* EINTR, and a signal has arrived */
	SIGUSR1_RIGHT_BEFORE,   /* of a call that may take time; then it really waits */
	REFUSED,                /* EINVAL */
};

static enum pretence pretence;
static int waits;          /* number since the last reset */
static int64_t longest_ms; /* timeouts seen; -1: for ever */
static int64_t shortest_ns;

static void reset_waits(enum pretence p)
{
	pretence = p;
	waits = 0;
	longest_ms = 0;
	shortest_ns = INT64_MAX;
}

static void record_wait(int64_t timeout_ns)
{
	waits++;
	if (timeout_ns < 0) {
		longest_ms = -1;
		return;
	}
	if (longest_ms != -1 && timeout_ns / 1000000 > longest_ms) {
		longest_ms = timeout_ns / 1000000;
	}
	if (timeout_ns < shortest_ns) {
		shortest_ns = timeout_ns;
	}
}

/* True if the result is faked. */
static bool pretend(int64_t timeout_ns, int *result)
{
	switch (pretence) {
	case REALLY_WAIT:
		return false;
	case TIME_IS_UP:
		*result = 0;
		return true;
	case INTERRUPTED_BY_SIGUSR1:
		pretence = INTERRUPTED;
		raise(SIGUSR1);
		/* fall through */
	case INTERRUPTED:
		errno = EINTR;
		break;
	case SIGUSR1_RIGHT_BEFORE:
		if (timeout_ns != 0) {
			pretence = REALLY_WAIT;
			raise(SIGUSR1);
		}
		return false;
	case REFUSED:
		errno = EINVAL;
		break;
	}
	*result = -1;
	return true;
}

static int64_t ms_to_ns(int ms)
{
	return ms < 0 ? -1 : (int64_t)ms * 1000000;
}

static int64_t timespec_to_ns(const struct timespec *ts)
{
	return ts == NULL ? -1 : (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

#define REAL(name) ((__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name))

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	int ret;

	record_wait(ms_to_ns(timeout));
	return pretend(ms_to_ns(timeout), &ret) ? ret : REAL(epoll_wait)(epfd, events, maxevents, timeout);
}

int epoll_pwait(int epfd, struct epoll_event *events, int maxevents, int timeout, const sigset_t *sigmask)
{
	int ret;

	record_wait(ms_to_ns(timeout));
	return pretend(ms_to_ns(timeout), &ret) ? ret : REAL(epoll_pwait)(epfd, events, maxevents, timeout, sigmask);
}

int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents, const struct timespec *timeout,
		 const sigset_t *sigmask)
{
	int ret;

	record_wait(timespec_to_ns(timeout));
	return pretend(timespec_to_ns(timeout), &ret) ? ret
						      : REAL(epoll_pwait2)(epfd, events, maxevents, timeout, sigmask);
}

int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	int ret;

	record_wait(ms_to_ns(timeout));
	return pretend(ms_to_ns(timeout), &ret) ? ret : REAL(poll)(fds, nfds, timeout);
}

int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *sigmask)
{
	int ret;

	record_wait(timespec_to_ns(timeout));
	return pretend(timespec_to_ns(timeout), &ret) ? ret : REAL(ppoll)(fds, nfds, timeout, sigmask);
}

/* The clock is read between the signal check and the wait: a case can raise a signal there. */
static bool raise_when_clock_is_read;

static void clock_is_read(void)
{
	if (raise_when_clock_is_read) {
		raise_when_clock_is_read = false;
		raise(SIGUSR1);
	}
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	clock_is_read();
	return REAL(gettimeofday)(tv, tz);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	clock_is_read();
	return REAL(clock_gettime)(clock, ts);
}

static int loop_setup(void **state)
{
	raise_when_clock_is_read = false;
	reset_waits(REALLY_WAIT);
	return fixture_setup(state);
}

static int loop_teardown(void **state)
{
	reset_waits(REALLY_WAIT);
	return fixture_teardown(state);
}

#define LOOP_TEST_ON(fn, backend)                                                                                      \
	{                                                                                                              \
#fn "[" #backend "]", fn, loop_setup, loop_teardown, (void *)(uintptr_t) #backend                      \
	}
#define LOOP_TEST(fn) LOOP_TEST_ON(fn, standard)
#define LOOP_TEST_EACH_BACKEND(fn)                                                                                     \
	LOOP_TEST_ON(fn, standard), LOOP_TEST_ON(fn, epoll), LOOP_TEST_ON(fn, poll), LOOP_TEST_ON(fn, poll_mt)

/* ---- handlers ------------------------------------------------------- */

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("%s", (const char *)private_data);
}

static void on_fd_drain(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
	drain(*(int *)private_data);
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", (const char *)private_data);
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("sig:%d", signum == SIGUSR1 ? 1 : 2);
}

static void close_pair(int fds[2])
{
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* Runs turns until the record is `expected`, at most `limit`: a wake-up may
 * take turns of its own. */
static void turns_until_notes(struct tevent_context *ev, const char *expected, int limit)
{
	while (strcmp(notes(), expected) != 0 && limit-- > 0) {
		turns(ev, 1);
	}
	assert_notes(expected);
}

static struct tevent_immediate *add_immediate(struct fixture *f, const char *name)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(im);
	tevent_schedule_immediate(im, f->ev, on_immediate, (void *)(uintptr_t)name);
	return im;
}

/* ---- C11: the order of looking -------------------------------------- */

/* C11: signals, immediates, timers, fds; one per turn, though all are ready. */
static void test_turn__all_kinds_ready__runs_one_in_order_of_looking(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	add_immediate(f, "im");
	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	raise(SIGUSR1);

	turns(f->ev, 1);
	assert_notes("sig:1");
	turns(f->ev, 1);
	assert_notes("sig:1 im");
	turns(f->ev, 1);
	assert_notes("sig:1 im timer");
	turns_until_notes(f->ev, "sig:1 im timer fd", 3);
	talloc_free(fde);
	close_pair(fds);
}

/* C11 (1): all pending signals count as one. */
static void test_turn__two_signals_pending__runs_both(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	tevent_add_signal(f->ev, f->ev, SIGUSR2, 0, on_signal, NULL);
	raise(SIGUSR2);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("sig:1 sig:2");
}

/* C11 (1): a context without a signal event does not check for signals. */
static void test_turn__signal_event_in_another_context_only__does_not_run_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	tevent_add_signal(other, other, SIGUSR1, 0, on_signal, NULL);
	raise(SIGUSR1);
	settle(f->ev, 3);
	assert_notes("");
	turns(other, 1);
	assert_notes("sig:1");
}

/* C11 (2): immediates from other threads join at the end of the list. */
static void test_turn__threaded_immediate__joins_at_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->ev, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_threaded_schedule_immediate(tctx, im, on_immediate, (void *)"threaded");
	add_immediate(f, "own");
	turns(f->ev, 2);
	assert_notes("own threaded");
}

/* C11 (2): they join before the turn checks for immediates. */
static void test_turn__only_a_threaded_immediate__runs_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->ev, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, (void *)"threaded");
	turns(f->ev, 1);
	assert_notes("threaded");
}

/* C11 (3): one immediate per turn, first in, first out. */
static void test_turn__two_immediates__runs_the_first(void **state)
{
	struct fixture *f = fixture_of(state);

	add_immediate(f, "first");
	add_immediate(f, "second");
	turns(f->ev, 1);
	assert_notes("first");
	turns(f->ev, 1);
	assert_notes("first second");
}

static void on_immediate_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	int *left = private_data;

	note("im");
	if (--*left > 0) {
		tevent_schedule_immediate(im, ev, on_immediate_again, left);
	}
}

/* C11 (3): as long as there are immediates, timers and fds wait. */
static void test_turn__immediate_scheduled_again_and_again__timers_and_fds_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_fd *fde;
	int left = 5;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	tevent_schedule_immediate(im, f->ev, on_immediate_again, &left);
	turns_until_notes(f->ev, "im im im im im timer fd", 9);
	talloc_free(fde);
	close_pair(fds);
}

/* C11 (4): one due timer per turn, and no wait. */
static void test_turn__two_timers_due__runs_the_earliest(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(-10000), on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, in_ms(-20000), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("timer");
	turns(f->ev, 1);
	assert_notes("timer timer");
	assert_int_equal(waits, 0);
}

/* C11 (4, 5): a timer that is not due does not keep a ready fd waiting. */
static void test_turn__timer_not_due__runs_the_ready_fd(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	tevent_add_timer(f->ev, f->mem, in_ms(100000), on_timer, NULL);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	turns_until_notes(f->ev, "fd", 2);
	talloc_free(fde);
	close_pair(fds);
}

/* C11 (5): two ready fds: one handler per turn. */
static void test_turn__two_fds_ready__runs_one_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde[2];
	int fds[2];

	socket_pair(fds);
	for (int i = 0; i < 2; i++) {
		fde[i] = tevent_add_fd(f->ev, f->mem, fds[i], TEVENT_FD_WRITE, on_fd, (void *)"fd");
	}
	turns(f->ev, 3); /* one for poll_mt's wake-up */
	clear_notes();
	turns(f->ev, 1);
	assert_notes("fd");
	talloc_free(fde[0]);
	talloc_free(fde[1]);
	close_pair(fds);
}

/* C11 (5): readable and writable at once is one call. */
static void test_turn__fd_ready_both_ways__runs_its_handler_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	socket_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ | TEVENT_FD_WRITE, on_fd, (void *)"fd");
	turns_until_notes(f->ev, "fd", 2);
	talloc_free(fde);
	close_pair(fds);
}

/* C11 (5), C13: without a timer the wait is 30 s. */
static void test_wait__no_timer__is_the_wait_timeout(void **state)
{
	struct fixture *f = fixture_of(state);

	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_int_equal(waits, 1);
	assert_int_equal(longest_ms, 30000);
}

/* C11 (5): a timer nearer than that ends the wait when it is due. */
static void test_wait__near_timer__ends_when_it_is_due(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(5000), on_timer, NULL);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_int_equal(waits, 1);
	assert_in_range(longest_ms, 1, 5001);
}

/* C11 (5): with a timer, however far off, the wait timeout does not count. */
static void test_wait__far_timer__ends_when_it_is_due(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(600000), on_timer, NULL);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_int_equal(waits, 1);
	assert_in_range(longest_ms, 30001, 600001);
	assert_notes("");
}

/* C11 (5): the earliest of all timers. */
static void test_wait__several_timers__ends_when_the_earliest_is_due(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(20000), on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, in_ms(5000), on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, in_ms(10000), on_timer, NULL);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_in_range(longest_ms, 1, 5001);
}

static void raise_before_wait(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		raise(SIGUSR1);
	}
}

/* C11 (5), S8: a signal right before the wait ends the wait (which is long). */
static void test_wait__signal_right_before__is_handled_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	tevent_set_trace_callback(f->ev, raise_before_wait, NULL);
	turns(f->ev, 1);
	tevent_set_trace_callback(f->ev, NULL, NULL);
	turns_until_notes(f->ev, "sig:1", 2);
}

/* C11 (5), S8: a signal between the first check and the wait: the turn does not wait. */
static void test_wait__signal_after_the_first_look__is_handled_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	settle(f->ev, 3);
	tevent_add_timer(f->ev, f->mem, in_ms(2000), on_timer, NULL);
	raise_when_clock_is_read = true;
	turns(f->ev, 1);
	assert_false(raise_when_clock_is_read);
	turns_until_notes(f->ev, "sig:1", 2);
}

/* C11 (5), S8: the same in a loop that has been busy, at the call that may take time. */
static void test_wait__signal_after_many_ready_turns__is_handled_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	settle(f->ev, 100);
	talloc_free(fde);
	clear_notes();
	tevent_add_timer(f->ev, f->mem, in_ms(2000), on_timer, NULL);
	reset_waits(SIGUSR1_RIGHT_BEFORE);
	turns_until_notes(f->ev, "sig:1", 3);
	assert_int_equal(pretence, REALLY_WAIT);
	close_pair(fds);
}

/* C11 (6): the wait ran into its limit: the timer runs in the same turn. */
static void test_wait__timer_comes_due__runs_in_the_same_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(20), on_timer, NULL);
	if (strcmp(f->backend, "poll_mt") == 0) {
		turns_until_notes(f->ev, "timer", 2); /* its wake-up may take a turn */
	} else {
		turns(f->ev, 1);
	}
	assert_notes("timer");
}

/* C11 (6): woken too early, the timer does not run. */
static void test_wait__time_is_up_before_the_timer_is_due__runs_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 3);
	assert_notes("");
	assert_int_equal(waits, 3);
}

/* C11 (6): a signal interrupted the wait: it is handled in the same turn. */
static void test_wait__interrupted_by_signal__runs_it_in_the_same_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	reset_waits(INTERRUPTED_BY_SIGUSR1);
	turns(f->ev, 1);
	assert_int_equal(waits, 1);
	assert_notes("sig:1");
}

/* C11: interrupted with nothing pending: 0, no handler runs, standard stays with epoll. */
static void test_wait__interrupted_by_nothing_of_ours__returns_0(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds = count_open_fds();

	set_debug_recorder(f->ev);
	tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	reset_waits(INTERRUPTED);
	turns(f->ev, 3);
	assert_notes("");
	assert_int_equal(waits, 3);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 0);
	assert_int_equal(count_open_fds(), fds);
}

/* C11: the wait timeout passed: 0, no handler runs. */
static void test_wait__timeout_passes__returns_0(void **state)
{
	struct fixture *f = fixture_of(state);

	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_notes("");
}

/* ---- C12: failures -------------------------------------------------- */

/* C12: if poll(2) fails, the turn runs no handler; the next one works. */
static void test_poll__fails__is_a_turn_with_nothing_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	reset_waits(REFUSED);
	turns(f->ev, 2);
	assert_notes("");
	assert_int_equal(waits, 2);
	reset_waits(REALLY_WAIT);
	turns_until_notes(f->ev, "fd", 2);
	talloc_free(fde);
	close_pair(fds);
}

/* C5, C12: epoll's wait fails: standard moves to poll and loses nothing. */
static void test_standard__epoll_wait_fails__loses_no_event(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	set_debug_recorder(f->ev);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	reset_waits(REFUSED);
	turns(f->ev, 1);
	reset_waits(REALLY_WAIT);
	settle(f->ev, 5);
	assert_notes("fd");
	assert_true(debug_messages[TEVENT_DEBUG_ERROR] > 0);
	talloc_free(fde);
	close_pair(fds);
}

/* ---- C13: the wait timeout ------------------------------------------ */

/* C13: 30 at first, the previous one is returned. */
static void test_wait_timeout__set__gives_the_previous(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 7), 30);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 0), 7);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 30), 0);
}

/* C13: values above INT32_MAX count as INT32_MAX. */
static void test_wait_timeout__above_int32_max__is_int32_max(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, UINT32_MAX);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, (uint32_t)INT32_MAX + 1), INT32_MAX);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 30), INT32_MAX);
}

/* C13: that means for ever. */
static void test_wait_timeout__int32_max__waits_for_ever(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, INT32_MAX);
	reset_waits(INTERRUPTED);
	turns(f->ev, 1);
	assert_int_equal(waits, 1);
	assert_int_equal(longest_ms, -1);
}

/* C13: each context waits as long as its own wait timeout. */
static void test_wait_timeout__5_seconds__waits_5_seconds(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other;

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	other = another_context(f);
	tevent_context_set_wait_timeout(f->ev, 5);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_int_equal(longest_ms, 5000);
	turns(other, 1);
	assert_int_equal(longest_ms, 30000);
}

/* C13, C11: a timer further away still decides. */
static void test_wait_timeout__shorter_than_timer__does_not_count(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 1);
	tevent_add_timer(f->ev, f->mem, in_ms(20000), on_timer, NULL);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_in_range(longest_ms, 10000, 20001);
}

static void assert_nothing_found(struct tevent_context *ev)
{
	errno = 0;
	assert_int_equal(tevent_loop_once(ev), -1);
	assert_int_equal(errno, EAGAIN);
}

/* C13: 0: never blocks; nothing ready is EAGAIN, each time. */
static void test_wait_timeout_0__nothing_ready__is_eagain(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	assert_nothing_found(f->ev);
	assert_nothing_found(f->ev);
	assert_int_equal(longest_ms, 0);
}

/* C13: a timer in the future changes nothing about it. */
static void test_wait_timeout_0__timer_in_the_future__is_eagain(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	assert_nothing_found(f->ev);
	assert_notes("");
	assert_int_equal(longest_ms, 0);
}

/* C13: ready and due events of every kind still run. */
static void test_wait_timeout_0__all_kinds_ready__run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	pipe_pair(fds);
	write_byte(fds[1]);
	tevent_context_set_wait_timeout(f->ev, 0);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	tevent_add_timer(f->ev, f->mem, in_ms(-1), on_timer, NULL);
	add_immediate(f, "im");
	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	raise(SIGUSR1);
	turns_until_notes(f->ev, "sig:1 im timer fd", 6);
	talloc_free(fde);
	close_pair(fds);
}

/* C13: tevent_loop_wait fails at the first turn that finds nothing. */
static void test_wait_timeout_0__loop_wait__fails_when_nothing_is_ready(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	add_immediate(f, "im");
	errno = 0;
	assert_int_equal(tevent_loop_wait(f->ev), -1);
	assert_int_equal(errno, EAGAIN);
	assert_notes("im");
}

/* C13: tevent_req_poll does the same. */
static void test_wait_timeout_0__req_poll__fails_when_nothing_is_ready(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	req = tevent_wakeup_send(f->mem, f->ev, in_ms(50000));
	errno = 0;
	assert_false(tevent_req_poll(req, f->ev));
	assert_int_equal(errno, EAGAIN);
	talloc_free(req);
}

/* C13: with a timeout above 0 the loop waits again. */
static void test_wait_timeout_0__set_back__waits_again(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 0);
	assert_nothing_found(f->ev);
	tevent_context_set_wait_timeout(f->ev, 30);
	reset_waits(TIME_IS_UP);
	turns(f->ev, 1);
	assert_int_equal(longest_ms, 30000);
}

/* ---- C14: true at that moment --------------------------------------- */

#define MANY 5

struct herd {
	int fds[MANY][2];
	struct tevent_fd *fde[MANY];
	int served[MANY];
	bool drain_all;
};

static struct herd herd;

static void on_herd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	int *served = private_data;

	(*served)++;
	note("fd");
	for (int i = 0; i < MANY && herd.drain_all; i++) {
		drain(herd.fds[i][0]);
	}
}

static void add_herd(struct fixture *f, bool drain_all)
{
	memset(&herd, 0, sizeof(herd));
	herd.drain_all = drain_all;
	for (int i = 0; i < MANY; i++) {
		pipe_pair(herd.fds[i]);
		write_byte(herd.fds[i][1]);
		herd.fde[i] = tevent_add_fd(f->ev, f->mem, herd.fds[i][0], TEVENT_FD_READ, on_herd, &herd.served[i]);
		assert_non_null(herd.fde[i]);
	}
}

static void free_herd(void)
{
	for (int i = 0; i < MANY; i++) {
		talloc_free(herd.fde[i]);
		close_pair(herd.fds[i]);
	}
}

/* C14: the first handler reads the data that made the others ready: they are not called. */
static void test_readiness__gone_before_the_handlers_turn__is_not_reported(void **state)
{
	struct fixture *f = fixture_of(state);

	add_herd(f, true);
	settle(f->ev, 3 * MANY);
	assert_notes("fd");
	free_herd();
}

/* C14: the fd becomes ready again, and is reported. */
static void test_readiness__gone_and_back__is_reported(void **state)
{
	struct fixture *f = fixture_of(state);

	add_herd(f, true);
	settle(f->ev, 3 * MANY);
	clear_notes();
	write_byte(herd.fds[MANY - 1][1]);
	settle(f->ev, 3 * MANY);
	assert_notes("fd");
	free_herd();
}

/* C14: fds that stay ready take turns: N turns serve each once, every time. */
static void test_readiness__many_fds_stay_ready__each_is_served_in_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	add_herd(f, false);
	turns(f->ev, MANY + 1); /* the one for poll_mt's wake-up */
	for (int round = 0; round < 3; round++) {
		memset(herd.served, 0, sizeof(herd.served));
		turns(f->ev, MANY);
		for (int i = 0; i < MANY; i++) {
			assert_int_equal(herd.served[i], 1);
		}
	}
	free_herd();
}

/* ---- C15: no busy loop ---------------------------------------------- */

/* C15: a timer less than 1 ms away is waited for, and not with a timeout of 0. */
static void test_wait__timer_less_than_a_millisecond_away__waits(void **state)
{
	struct fixture *f = fixture_of(state);

	reset_waits(TIME_IS_UP);
	for (int attempt = 0; attempt < 1000 && waits == 0; attempt++) {
		struct timeval when = tevent_timeval_current_ofs(0, 800);
		struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, when, on_timer, NULL);

		clear_notes();
		turns(f->ev, 1);
		if (strcmp(notes(), "timer") != 0) {
			talloc_free(te);
		}
	}
	assert_true(waits > 0);
	assert_true(shortest_ns >= 1000000);
}

/* ---- C16: loop_wait ------------------------------------------------- */

/* C16: nothing to wait for: 0 at once, one WARNING-level message. */
static void test_loop_wait__nothing_there__returns_0_with_a_warning(void **state)
{
	struct fixture *f = fixture_of(state);

	set_debug_recorder(f->ev);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_WARNING], 1);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_int_equal(waits, 0);
}

/* C16: it runs until no timers and immediates are left. */
static void test_loop_wait__timers_and_immediates__runs_all(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_add_timer(f->ev, f->mem, in_ms(5), on_timer, NULL);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	add_immediate(f, "im");
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("im timer timer");
}

static void on_fd_free_itself(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
	talloc_free(fde);
}

/* C16: an fd event keeps it running until the event is freed. */
static void test_loop_wait__fd_event__runs_until_it_is_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_free_itself, NULL);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("fd");
	close_pair(fds);
}

/* C16: only the query, for a timer. */
static void test_have_events__timer__is_true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te;

	assert_false(tevent_common_have_events(f->ev));
	te = tevent_add_timer(f->ev, f->mem, in_ms(50000), on_timer, NULL);
	assert_true(tevent_common_have_events(f->ev));
	talloc_free(te);
	assert_false(tevent_common_have_events(f->ev));
}

/* C16: for an immediate, once it is scheduled. */
static void test_have_events__immediate__is_true_while_scheduled(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_false(tevent_common_have_events(f->ev));
	tevent_schedule_immediate(im, f->ev, on_immediate, (void *)"im");
	assert_true(tevent_common_have_events(f->ev));
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_false(tevent_common_have_events(f->ev));
}

/* C16: for a signal event; its wake-up does not count. */
static void test_have_events__signal_event__is_true_until_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);

	assert_true(tevent_common_have_events(f->ev));
	talloc_free(se);
	assert_false(tevent_common_have_events(f->ev));
}

/* C16: for an fd event with flags. */
static void test_have_events__fd_event_with_flags__is_true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	assert_true(tevent_common_have_events(f->ev));
	talloc_free(fde);
	assert_false(tevent_common_have_events(f->ev));
	close_pair(fds);
}

/* C16, F5: not for one whose flags are 0. */
static void test_have_events__fd_event_without_flags__is_false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	NEWER_THAN_ORACLE("an fd event counts there with any flags");
	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], 0, on_fd, NULL);
	assert_false(tevent_common_have_events(f->ev));
	tevent_fd_set_flags(fde, TEVENT_FD_WRITE);
	assert_true(tevent_common_have_events(f->ev));
	tevent_fd_set_flags(fde, 0);
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	talloc_free(fde);
	close_pair(fds);
}

/* C16: a threaded context and an immediate on its way don't count. */
static void test_have_events__immediate_on_its_way__is_false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_false(tevent_common_have_events(f->ev));
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, (void *)"im");
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("");
	turns(f->ev, 1); /* a threaded context that is done can be freed */
	assert_notes("im");
}

/* C16: a thread proxy counts. */
static void test_have_events__thread_proxy__is_true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = tevent_thread_proxy_create(f->ev);

	assert_true(tevent_common_have_events(f->ev));
	talloc_free(tp);
	assert_false(tevent_common_have_events(f->ev));
}

static int failing_loop_once(struct tevent_context *ev, const char *location)
{
	note("turn");
	return 42;
}

/* A context whose turns fail, with something to wait for. */
static struct tevent_context *failing_context(struct fixture *f, struct tevent_ops *ops)
{
	struct tevent_context *ev;

	*ops = *tevent_find_ops_byname("poll");
	ops->loop_once = failing_loop_once;
	ev = tevent_context_init_ops(f->mem, ops, NULL);
	assert_non_null(ev);
	assert_non_null(tevent_add_timer(ev, ev, in_ms(50000), on_timer, NULL));
	set_debug_recorder(ev);
	return ev;
}

/* C16: a failed turn: its value, and a FATAL-level message. */
static void test_loop_wait__turn_fails__gives_its_value_with_a_fatal_message(void **state)
{
	struct tevent_ops ops;
	struct tevent_context *ev = failing_context(fixture_of(state), &ops);

	assert_int_equal(tevent_loop_wait(ev), 42);
	assert_notes("turn");
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
	talloc_free(ev);
}

/* C16: the exported function does the same. */
static void test_common_loop_wait__turn_fails__gives_its_value_with_a_fatal_message(void **state)
{
	struct tevent_ops ops;
	struct tevent_context *ev = failing_context(fixture_of(state), &ops);

	assert_int_equal(tevent_common_loop_wait(ev, "here"), 42);
	assert_notes("turn");
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
	talloc_free(ev);
}

/* C16: and runs until nothing is left. */
static void test_common_loop_wait__immediate__runs_it_and_returns_0(void **state)
{
	struct fixture *f = fixture_of(state);

	set_debug_recorder(f->ev);
	add_immediate(f, "im");
	assert_int_equal(tevent_common_loop_wait(f->ev, "here"), 0);
	assert_notes("im");
	assert_int_equal(debug_messages[TEVENT_DEBUG_WARNING], 1);
}

/* ---- C17: loop_until ------------------------------------------------ */

static bool finished_after(void *private_data)
{
	int *left = private_data;

	note("?");
	return (*left)-- == 0;
}

/* C17: it calls `finished` before the first turn. */
static void test_loop_until__finished_at_once__runs_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	int left = 0;

	add_immediate(f, "im");
	assert_int_equal(tevent_loop_until(f->ev, finished_after, &left), 0);
	assert_notes("?");
}

/* C17: and before each further one; later events stay. */
static void test_loop_until__finished_after_two_turns__runs_two(void **state)
{
	struct fixture *f = fixture_of(state);
	int left = 2;

	add_immediate(f, "a");
	add_immediate(f, "b");
	add_immediate(f, "c");
	assert_int_equal(tevent_loop_until(f->ev, finished_after, &left), 0);
	assert_notes("? a ? b ?");
}

/* C17: a failed turn ends it with its value. */
static void test_loop_until__turn_fails__gives_its_value(void **state)
{
	struct tevent_ops ops;
	struct tevent_context *ev = failing_context(fixture_of(state), &ops);
	int left = 5;

	assert_int_equal(tevent_loop_until(ev, finished_after, &left), 42);
	assert_notes("? turn");
	talloc_free(ev);
}

static void note_trace_point(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_BEFORE_LOOP_ONCE) {
		note("(");
	} else if (point == TEVENT_TRACE_AFTER_LOOP_ONCE) {
		note(")");
	}
}

static int note_nesting(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
			const char *location)
{
	note("%s%u", begin ? "begin" : "end", (unsigned)level);
	return 0;
}

/* C17: trace points around each turn, the hook around the whole. */
static void test_loop_until__traced_and_hooked__turns_are_inside_one_level(void **state)
{
	struct fixture *f = fixture_of(state);
	int left = 2;

	tevent_set_trace_callback(f->ev, note_trace_point, NULL);
	tevent_loop_set_nesting_hook(f->ev, note_nesting, NULL);
	add_immediate(f, "a");
	add_immediate(f, "b");
	assert_int_equal(tevent_loop_until(f->ev, finished_after, &left), 0);
	assert_notes("begin1 ? ( a ) ? ( b ) ? end1");
}

static void count_resets(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req,
			 size_t depth, const char *fname)
{
	if (cmd == TEVENT_CALL_FLOW_REQ_RESET) {
		note("reset");
	}
}

/* C17, O6: unlike tevent_loop_once, it reports no RESET to the call flow. */
static void test_loop_until__call_flow__tells_no_reset(void **state)
{
	struct fixture *f = fixture_of(state);
	int left = 1;

	NEWER_THAN_ORACLE("0.15: tevent_thread_call_depth_set_callback");
	tevent_thread_call_depth_set_callback(count_resets, NULL);
	add_immediate(f, "a");
	add_immediate(f, "b");
	clear_notes();
	tevent_loop_until(f->ev, finished_after, &left);
	tevent_loop_once(f->ev);
	tevent_thread_call_depth_set_callback(NULL, NULL);
	assert_memory_equal(notes(), "? a ? b reset", strlen("? a ? b reset"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST_EACH_BACKEND(test_turn__all_kinds_ready__runs_one_in_order_of_looking),
		LOOP_TEST_EACH_BACKEND(test_turn__two_signals_pending__runs_both),
		LOOP_TEST_EACH_BACKEND(test_turn__signal_event_in_another_context_only__does_not_run_it),
		LOOP_TEST_EACH_BACKEND(test_turn__threaded_immediate__joins_at_the_end),
		LOOP_TEST_EACH_BACKEND(test_turn__only_a_threaded_immediate__runs_it),
		LOOP_TEST_EACH_BACKEND(test_turn__two_immediates__runs_the_first),
		LOOP_TEST_EACH_BACKEND(test_turn__immediate_scheduled_again_and_again__timers_and_fds_wait),
		LOOP_TEST_EACH_BACKEND(test_turn__two_timers_due__runs_the_earliest),
		LOOP_TEST_EACH_BACKEND(test_turn__timer_not_due__runs_the_ready_fd),
		LOOP_TEST_EACH_BACKEND(test_turn__two_fds_ready__runs_one_handler),
		LOOP_TEST_EACH_BACKEND(test_turn__fd_ready_both_ways__runs_its_handler_once),
		LOOP_TEST_EACH_BACKEND(test_wait__no_timer__is_the_wait_timeout),
		LOOP_TEST_EACH_BACKEND(test_wait__near_timer__ends_when_it_is_due),
		LOOP_TEST_EACH_BACKEND(test_wait__far_timer__ends_when_it_is_due),
		LOOP_TEST_EACH_BACKEND(test_wait__several_timers__ends_when_the_earliest_is_due),
		LOOP_TEST_EACH_BACKEND(test_wait__signal_right_before__is_handled_at_once),
		LOOP_TEST_EACH_BACKEND(test_wait__signal_after_many_ready_turns__is_handled_at_once),
		LOOP_TEST_EACH_BACKEND(test_wait__signal_after_the_first_look__is_handled_at_once),
		LOOP_TEST_EACH_BACKEND(test_wait__timer_comes_due__runs_in_the_same_turn),
		LOOP_TEST_EACH_BACKEND(test_wait__time_is_up_before_the_timer_is_due__runs_nothing),
		LOOP_TEST_EACH_BACKEND(test_wait__interrupted_by_signal__runs_it_in_the_same_turn),
		LOOP_TEST_EACH_BACKEND(test_wait__interrupted_by_nothing_of_ours__returns_0),
		LOOP_TEST_EACH_BACKEND(test_wait__timeout_passes__returns_0),

		LOOP_TEST_ON(test_poll__fails__is_a_turn_with_nothing_run, poll),
		LOOP_TEST_ON(test_poll__fails__is_a_turn_with_nothing_run, poll_mt),
		LOOP_TEST(test_standard__epoll_wait_fails__loses_no_event),

		LOOP_TEST_EACH_BACKEND(test_wait_timeout__set__gives_the_previous),
		LOOP_TEST(test_wait_timeout__above_int32_max__is_int32_max),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout__int32_max__waits_for_ever),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout__5_seconds__waits_5_seconds),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout__shorter_than_timer__does_not_count),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__nothing_ready__is_eagain),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__timer_in_the_future__is_eagain),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__all_kinds_ready__run),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__loop_wait__fails_when_nothing_is_ready),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__req_poll__fails_when_nothing_is_ready),
		LOOP_TEST_EACH_BACKEND(test_wait_timeout_0__set_back__waits_again),

		LOOP_TEST_EACH_BACKEND(test_readiness__gone_before_the_handlers_turn__is_not_reported),
		LOOP_TEST_EACH_BACKEND(test_readiness__gone_and_back__is_reported),
		LOOP_TEST_EACH_BACKEND(test_readiness__many_fds_stay_ready__each_is_served_in_turn),

		LOOP_TEST_EACH_BACKEND(test_wait__timer_less_than_a_millisecond_away__waits),

		LOOP_TEST_EACH_BACKEND(test_loop_wait__nothing_there__returns_0_with_a_warning),
		LOOP_TEST_EACH_BACKEND(test_loop_wait__timers_and_immediates__runs_all),
		LOOP_TEST_EACH_BACKEND(test_loop_wait__fd_event__runs_until_it_is_freed),
		LOOP_TEST_EACH_BACKEND(test_have_events__timer__is_true),
		LOOP_TEST_EACH_BACKEND(test_have_events__immediate__is_true_while_scheduled),
		LOOP_TEST_EACH_BACKEND(test_have_events__signal_event__is_true_until_freed),
		LOOP_TEST_EACH_BACKEND(test_have_events__fd_event_with_flags__is_true),
		LOOP_TEST_EACH_BACKEND(test_have_events__fd_event_without_flags__is_false),
		LOOP_TEST_EACH_BACKEND(test_have_events__immediate_on_its_way__is_false),
		LOOP_TEST_EACH_BACKEND(test_have_events__thread_proxy__is_true),
		LOOP_TEST(test_loop_wait__turn_fails__gives_its_value_with_a_fatal_message),
		LOOP_TEST(test_common_loop_wait__turn_fails__gives_its_value_with_a_fatal_message),
		LOOP_TEST_EACH_BACKEND(test_common_loop_wait__immediate__runs_it_and_returns_0),

		LOOP_TEST_EACH_BACKEND(test_loop_until__finished_at_once__runs_nothing),
		LOOP_TEST_EACH_BACKEND(test_loop_until__finished_after_two_turns__runs_two),
		LOOP_TEST(test_loop_until__turn_fails__gives_its_value),
		LOOP_TEST_EACH_BACKEND(test_loop_until__traced_and_hooked__turns_are_inside_one_level),
		LOOP_TEST(test_loop_until__call_flow__tells_no_reset),
	};

	return cmocka_run_group_tests_name("loop", tests, group_setup, NULL);
}
