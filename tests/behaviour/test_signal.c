/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Signal events, rules S1 to S12.
 *
 * Signals are process-wide.  So each case ends with the dispositions it began
 * with (the teardown checks this), and sends a signal only while an event
 * catches it.  A signal that a thread sends to itself has been caught when the
 * send returns; one turn then runs all handlers.  (Valgrind guarantees neither
 * this nor the siginfo, so these tests do not run under it.)
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Exported, but not declared in a header. */
struct tevent_signal *tevent_common_add_signal(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
					       tevent_signal_handler_t handler, void *private_data,
					       const char *handler_name, const char *location);
int tevent_common_check_signal(struct tevent_context *ev);
int tevent_common_invoke_signal_handler(struct tevent_signal *se, int signum, int count, void *siginfo, bool *removed);
void tevent_cleanup_pending_signal_handlers(struct tevent_signal *se);
bool tevent_common_have_events(struct tevent_context *ev);

/* ---- helpers -------------------------------------------------------- */

/* "name*count" without siginfo, "name=value" with. */
static void note_call(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	if (siginfo == NULL) {
		note("%s*%d", (const char *)private_data, count);
	} else {
		note("%s=%d%s", (const char *)private_data, ((siginfo_t *)siginfo)->si_value.sival_int,
		     count == 1 ? "" : "?");
	}
}

static void note_trace(struct tevent_signal *se, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"ATTACH", "DETACH", "BEFORE"};

	note("%s", names[point]);
}

static void start_trace(struct fixture *f)
{
	tevent_set_trace_signal_callback(f->ev, note_trace, NULL);
}

static void stop_trace(struct fixture *f)
{
	tevent_set_trace_signal_callback(f->ev, NULL, NULL);
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

static void note_timeout(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timeout");
}

static struct tevent_signal *catch_on(struct fixture *f, struct tevent_context *ev, int signum, int sa_flags,
				      const char *name)
{
	struct tevent_signal *se = tevent_add_signal(ev, f->mem, signum, sa_flags, note_call, (void *)(uintptr_t)name);

	assert_non_null(se);
	return se;
}

static struct tevent_signal *catch_signal(struct fixture *f, int signum, int sa_flags, const char *name)
{
	return catch_on(f, f->ev, signum, sa_flags, name);
}

/* Sends it to this thread, so that it has been caught on return. */
static void send_value(int signum, int value)
{
	assert_int_equal(pthread_sigqueue(pthread_self(), signum, (union sigval){.sival_int = value}), 0);
}

static struct sigaction disposition(int signum)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	assert_int_equal(sigaction(signum, NULL, &action), 0);
	return action;
}

static void ignore(int signum)
{
	assert_true(signal(signum, SIG_IGN) != SIG_ERR);
}

static void back_to_default(int signum)
{
	assert_true(signal(signum, SIG_DFL) != SIG_ERR);
}

#define assert_comes_to_rest(ev) assert_in_range(settle(ev, 10), 1, 9)

/* ---- adding ---------------------------------------------------------- */

/* S1: a talloc child of mem_ctx, named after the type */
static void test_add_signal__with_mem_ctx__child_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_call, NULL);

	assert_ptr_equal(talloc_parent(se), f->mem);
	assert_string_equal(talloc_get_name(se), "struct tevent_signal");
}

/* S1: mem_ctx NULL: a child of the context */
static void test_add_signal__without_mem_ctx__child_of_the_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, NULL, SIGUSR1, 0, note_call, NULL);

	assert_ptr_equal(talloc_parent(se), f->ev);
}

static void assert_refused(struct fixture *f, int signum)
{
	errno = 0;
	assert_null(tevent_add_signal(f->ev, f->mem, signum, 0, note_call, NULL));
	assert_int_equal(errno, EINVAL);
}

/* S1: beyond the last signal */
static void test_add_signal__number_too_great__einval(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_refused(f, (int)tevent_num_signals());
	assert_refused(f, 1000);
	assert_refused(f, INT32_MAX);
	assert_false(tevent_common_have_events(f->ev));
}

/* S1: a negative number */
static void test_add_signal__negative__einval(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "undefined there");

	assert_refused(f, -1);
	assert_refused(f, INT32_MIN);
}

/* S1: numbers that sigaction refuses; the failed call leaves nothing behind */
static void test_add_signal__sigaction_refuses__einval(void **state)
{
	struct fixture *f = fixture_of(state);
	const int refused[] = {0, SIGKILL, SIGSTOP, 32, 33, 65, 66, 67};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_refused(f, refused[i]);
		size_t blocks = talloc_total_blocks(f->mem);
		assert_refused(f, refused[i]);
		assert_int_equal(talloc_total_blocks(f->mem), blocks);
	}
	assert_false(tevent_common_have_events(f->ev));
	catch_signal(f, SIGUSR1, 0, "a");
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("a*1");
}

/* S1: out of memory; the disposition is untouched */
static void test_add_signal__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *small = talloc_new(f->mem);

	talloc_set_memlimit(small, 1);
	errno = 0;
	assert_null(tevent_add_signal(f->ev, small, SIGUSR1, 0, note_call, NULL));
	assert_int_equal(errno, ENOMEM);
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
	assert_false(tevent_common_have_events(f->ev));
}

static void add_without_fds(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	struct rlimit limit;

	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 0;
	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	errno = 0;
	child_assert(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_call, NULL) == NULL);
	child_assert(errno == EMFILE);
	child_assert(disposition(SIGUSR1).sa_handler == SIG_DFL);
}

/* S1: no descriptor left for the wake-up */
static void test_add_signal__no_descriptor_left__null(void **state)
{
	assert_child_succeeds(add_without_fds, fixture_of(state));
}

/* S1, S5: the two numbers */
static void test_signal_numbers__linux__68_and_256(void **state)
{
	assert_int_equal(tevent_num_signals(), 68);
	assert_int_equal(tevent_sa_info_queue_count(), 256);
}

/* S1: real-time signals, the last as well */
static void test_signal__last_real_time_signal__caught(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGRTMAX, 0, "a");
	raise(SIGRTMAX);
	turns(f->ev, 1);
	assert_notes("a*1");
}

/* ---- delivery -------------------------------------------------------------- */

/* S2, S8: not from the signal handler but from the next turn */
static void test_signal__arrives_between_turns__next_turn_runs_it(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	raise(SIGUSR1);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("a*1");
	assert_comes_to_rest(f->ev);
	assert_notes("a*1");
}

/* S2: errno is kept */
static void test_signal__arrives__errno_kept(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	catch_signal(f, SIGUSR2, SA_SIGINFO, "b");
	errno = 4711;
	raise(SIGUSR1);
	assert_int_equal(errno, 4711);
	raise(SIGUSR2);
	assert_int_equal(errno, 4711);
	turns(f->ev, 1);
}

struct call_args {
	struct tevent_context *ev;
	struct tevent_signal *se;
	int signum;
};

static void keep_args(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	*(struct call_args *)private_data = (struct call_args){ev, se, signum};
}

/* S2: the handler's arguments */
static void test_signal__runs__handler_gets_context_event_and_number(void **state)
{
	struct fixture *f = fixture_of(state);
	struct call_args args = {NULL, NULL, 0};
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, keep_args, &args);

	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_ptr_equal(args.ev, f->ev);
	assert_ptr_equal(args.se, se);
	assert_int_equal(args.signum, SIGUSR1);
}

/* S3: any number of events on one signal, the newest first, all in one turn */
static void test_signal__several_events__newest_first_in_one_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	catch_signal(f, SIGUSR1, 0, "b");
	catch_signal(f, SIGUSR1, 0, "c");
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("c*1 b*1 a*1");
}

/* S3: lowest signal number first, all in one turn */
static void test_signal__several_signals__lowest_first_in_one_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "usr1");
	catch_signal(f, SIGHUP, 0, "hup");
	catch_signal(f, SIGRTMIN + 1, 0, "rt");
	catch_signal(f, SIGUSR2, 0, "usr2");
	raise(SIGRTMIN + 1);
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGHUP);
	turns(f->ev, 1);
	assert_notes("hup*1 usr1*1 usr2*1 rt*1");
}

static void note_context(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	note("%s", ev == private_data ? "own" : "foreign");
}

/* S3: a turn of any context runs the handlers of all contexts, each with its own context */
static void test_signal__two_contexts__one_turn_runs_both_each_with_its_own(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_context, f->ev));
	assert_non_null(tevent_add_signal(other, f->mem, SIGUSR1, 0, note_context, other));
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("own own");
	assert_comes_to_rest(other);
	assert_notes("own own");
}

/* S3: also for a signal on which the context has no event itself */
static void test_signal__other_signal_of_another_context__run_by_any_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	catch_signal(f, SIGUSR1, 0, "here");
	catch_on(f, other, SIGUSR2, 0, "there");
	raise(SIGUSR2);
	turns(f->ev, 1);
	assert_notes("there*1");
}

/* C11, S3: a context without signal events does not check for signals */
static void test_signal__context_without_signal_events__does_not_run_them(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	catch_signal(f, SIGUSR1, 0, "a");
	raise(SIGUSR1);
	assert_comes_to_rest(other);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("a*1");
}

/* S3: reported to the events that exist when it is handled, including one added after its arrival */
static void test_signal__event_added_after_arrival__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "first");
	raise(SIGUSR1);
	catch_signal(f, SIGUSR1, 0, "later");
	turns(f->ev, 1);
	assert_notes("later*1 first*1");
}

/* S3: not reported to an event that was freed meanwhile */
static void test_signal__event_freed_after_arrival__is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "freed");

	catch_signal(f, SIGUSR1, 0, "stays");
	raise(SIGUSR1);
	talloc_free(se);
	turns(f->ev, 1);
	assert_notes("stays*1");
}

struct adder {
	TALLOC_CTX *mem;
	bool done;
};

static void add_another(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	struct adder *a = (struct adder *)private_data;

	note("adder*%d", count);
	if (!a->done) {
		a->done = true;
		tevent_add_signal(ev, a->mem, signum, 0, note_call, (void *)(uintptr_t) "added");
	}
}

/* S3: not reported to an event added by a handler of the same signal */
static void test_signal_handler__adds_an_event__told_of_the_next_arrival_only(void **state)
{
	struct fixture *f = fixture_of(state);
	struct adder a = {f->mem, false};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, add_another, &a));
	raise(SIGUSR1);
	assert_comes_to_rest(f->ev);
	assert_notes("adder*1");
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("adder*1 added*1 adder*1");
}

/* S3: forgotten if no event is left when it is handled */
static void test_signal__no_event_left__forgotten(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "freed");

	catch_signal(f, SIGUSR2, 0, "other");
	raise(SIGUSR1);
	talloc_free(se);
	assert_comes_to_rest(f->ev);
	catch_signal(f, SIGUSR1, 0, "new");
	assert_comes_to_rest(f->ev);
	assert_notes("");
}

static void raise_once(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	bool *raised = (bool *)private_data;

	note("raiser*%d", count);
	if (!*raised) {
		*raised = true;
		raise(signum);
	}
}

/* S3: an arrival while the handlers run waits for the next turn */
static void test_signal__arrives_in_its_handler__next_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	bool raised = false;

	catch_signal(f, SIGUSR1, 0, "older");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, raise_once, &raised));
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("raiser*1 older*1");
	turns(f->ev, 1);
	assert_notes("raiser*1 older*1 raiser*1 older*1");
}

/* ---- counts and siginfo ------------------------------------------------------ */

/* S4: without SA_SIGINFO one call with the number of arrivals since the last */
static void test_signal__several_arrivals__one_call_with_their_number(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR1);
	}
	turns(f->ev, 1);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("a*3 a*1");
}

/* S4: however many */
static void test_signal__thousand_arrivals__one_call_with_their_number(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	for (int i = 0; i < 1000; i++) {
		raise(SIGUSR1);
	}
	turns(f->ev, 1);
	assert_notes("a*1000");
}

/* S4: with SA_SIGINFO one call per arrival, in order, all in one turn */
static void test_signal_siginfo__several_arrivals__one_call_each_in_order(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	send_value(SIGUSR1, 11);
	send_value(SIGUSR1, 22);
	send_value(SIGUSR1, 33);
	turns(f->ev, 1);
	assert_notes("a=11 a=22 a=33");
}

static void keep_siginfo(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	note("count=%d", count);
	*(siginfo_t *)private_data = *(siginfo_t *)siginfo;
}

/* S4: the siginfo is the kernel's */
static void test_signal_siginfo__arrival__siginfo_as_the_kernel_gave_it(void **state)
{
	struct fixture *f = fixture_of(state);
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, keep_siginfo, &info));
	send_value(SIGUSR1, 7);
	turns(f->ev, 1);
	assert_notes("count=1");
	assert_int_equal(info.si_signo, SIGUSR1);
	assert_int_equal(info.si_code, SI_QUEUE);
	assert_int_equal(info.si_pid, getpid());
	assert_int_equal(info.si_value.sival_int, 7);
}

/* S4, S3: several events: the newest gets all arrivals, then the next one all */
static void test_signal_siginfo__several_events_and_arrivals__event_by_event(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	catch_signal(f, SIGUSR1, SA_SIGINFO, "b");
	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	turns(f->ev, 1);
	assert_notes("b=1 b=2 a=1 a=2");
}

static void send_more(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	int value = ((siginfo_t *)siginfo)->si_value.sival_int;

	note("%d", value);
	if (value < 3) {
		pthread_sigqueue(pthread_self(), signum, (union sigval){.sival_int = value + 1});
	}
}

/* S3, S4: an arrival inside a handler is reported in the next turn, once */
static void test_signal_siginfo__arrives_in_its_handler__next_turn(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, send_more, NULL));
	send_value(SIGUSR1, 1);
	turns(f->ev, 1);
	assert_notes("1");
	turns(f->ev, 1);
	assert_notes("1 2");
	assert_comes_to_rest(f->ev);
	assert_notes("1 2 3");
}

/* S4: the event's own flag decides: a plain one on a signal installed with SA_SIGINFO */
static void test_signal_mixed__plain_event_on_siginfo_signal__gets_the_number(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, SA_SIGINFO, "info");
	catch_signal(f, SIGUSR1, 0, "plain");
	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	turns(f->ev, 1);
	assert_notes("plain*2 info=1 info=2");
}

/* S4: SA_SIGINFO on a signal that was installed without it: called as without it */
static void test_signal_mixed__siginfo_event_on_plain_signal__gets_the_number(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "undefined there");

	catch_signal(f, SIGUSR1, 0, "plain");
	catch_signal(f, SIGUSR1, SA_SIGINFO, "info");
	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	turns(f->ev, 1);
	assert_notes("info*2 plain*2");
}

/* ---- the queue of siginfo ---------------------------------------------------------- */

static bool is_blocked(int signum)
{
	sigset_t mask;

	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	return sigismember(&mask, signum) == 1;
}

struct values {
	int expected; /* the next one; counts up */
	int wrong;
};

static void check_value(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	struct values *v = (struct values *)private_data;

	if (((siginfo_t *)siginfo)->si_value.sival_int != v->expected || count != 1) {
		v->wrong++;
	}
	v->expected++;
}

static void send_values(int signum, int first, int count)
{
	for (int i = 0; i < count; i++) {
		send_value(signum, first + i);
	}
}

/* S5: 255 waiting: not blocked yet; 256: blocked; all handled: unblocked */
static void test_signal_siginfo__queue_full__blocked_until_worked_off(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v));
	send_values(SIGUSR1, 0, 255);
	assert_false(is_blocked(SIGUSR1));
	send_values(SIGUSR1, 255, 1);
	assert_true(is_blocked(SIGUSR1));
	turns(f->ev, 1);
	assert_false(is_blocked(SIGUSR1));
	assert_int_equal(v.expected, 256);
	assert_int_equal(v.wrong, 0);
}

static bool fills_up_and_empties(struct fixture *f, struct values *v)
{
	const int first = v->expected;
	bool in_time;

	send_values(SIGUSR1, first, 255);
	in_time = !is_blocked(SIGUSR1);
	send_values(SIGUSR1, first + 255, 1);
	in_time = in_time && is_blocked(SIGUSR1);
	tevent_loop_once(f->ev);
	return in_time && !is_blocked(SIGUSR1) && v->expected == first + 256 && v->wrong == 0;
}

struct filled {
	struct fixture *f;
	struct values *v;
};

static void fill_in_child(void *arg)
{
	struct filled *filled = (struct filled *)arg;

	child_assert(fills_up_and_empties(filled->f, filled->v));
	child_assert(fills_up_and_empties(filled->f, filled->v));
}

/* S5: the same again in the thread that handled them, and in a forked child's */
static void test_signal_siginfo__queue_full_once_more__blocked_in_that_thread(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};
	struct filled filled = {f, &v};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v));
	assert_true(fills_up_and_empties(f, &v));
	assert_true(fills_up_and_empties(f, &v));
	assert_child_succeeds(fill_in_child, &filled);
	assert_true(fills_up_and_empties(f, &v));
}

/* S5: more than it holds (the kernel keeps real-time signals): none lost, none twice, in order */
static void test_signal_siginfo__more_than_the_queue_holds__all_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v));
	send_values(SIGRTMIN + 1, 0, 600);
	assert_comes_to_rest(f->ev);
	assert_int_equal(v.expected, 600);
	assert_int_equal(v.wrong, 0);
	assert_false(is_blocked(SIGRTMIN + 1));
}

/* S5: the 256 slots are reused, as a ring */
static void test_signal_siginfo__in_batches__all_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v));
	for (int batch = 0; batch < 5; batch++) {
		send_values(SIGUSR1, batch * 200, 200);
		assert_comes_to_rest(f->ev);
		assert_int_equal(v.expected, (batch + 1) * 200);
	}
	assert_int_equal(v.wrong, 0);
}

/* S5: several events: each gets all of a full queue */
static void test_signal_siginfo__queue_full_with_two_events__each_gets_all(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v[2] = {{0, 0}, {0, 0}};

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v[0]));
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v[1]));
	send_values(SIGUSR1, 0, 256);
	assert_comes_to_rest(f->ev);
	assert_int_equal(v[0].expected, 256);
	assert_int_equal(v[1].expected, 256);
	assert_int_equal(v[0].wrong + v[1].wrong, 0);
	assert_false(is_blocked(SIGUSR1));
}

static void *queue_to_itself(void *arg)
{
	bool *blocked = (bool *)arg;

	for (int i = 0; i < 300; i++) {
		pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){.sival_int = i});
	}
	*blocked = is_blocked(SIGRTMIN + 1);
	return NULL;
}

/* S5: more than 256 arrive in another thread, which the loop could not unblock: none stays pending there */
static void test_signal_siginfo__another_thread_overfills_the_queue__none_is_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};
	pthread_t thread;
	bool blocked = true;

	DEVIATION("D5", "the thread stays blocked");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v));
	assert_int_equal(pthread_create(&thread, NULL, queue_to_itself, &blocked), 0);
	pthread_join(thread, NULL);
	assert_false(blocked);
	assert_comes_to_rest(f->ev);
	assert_int_equal(v.expected, 300);
	assert_int_equal(v.wrong, 0);
}

enum { many = 3000, overfull = 5000 }; /* more than block the signal; more than is kept */

struct kind {
	int code, count;
	int wrong, told;
};

static void check_kind(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	struct kind *k = private_data;
	const siginfo_t *info = siginfo;

	k->told++;
	k->wrong += info->si_code != k->code || info->si_pid != getpid() || info->si_uid != getuid();
	if (k->code == SI_QUEUE) {
		k->wrong += info->si_value.sival_int != k->told;
	}
}

static void *overfill(void *kind)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 1; i <= ((const struct kind *)kind)->count; i++) {
		switch (((const struct kind *)kind)->code) {
		case SI_USER:
			kill(getpid(), SIGRTMIN + 1);
			break;
		case SI_TKILL:
			pthread_kill(pthread_self(), SIGRTMIN + 1);
			break;
		default:
			pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){.sival_int = i});
		}
	}
	return NULL;
}

/* S5: many arrive in another thread, of each kind: none is lost, and each is reported as it was sent */
static void test_signal_siginfo__another_thread_gets_many__all_are_reported_as_sent(void **state)
{
	static const int codes[] = {SI_USER, SI_TKILL, SI_QUEUE};
	struct fixture *f = fixture_of(state);
	sigset_t set, before;

	DEVIATION("D5", "the thread stays blocked");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct kind k = {.code = codes[i], .count = many};
		struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_kind, &k);
		pthread_t thread;

		assert_non_null(se);
		assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
		assert_int_equal(pthread_create(&thread, NULL, overfill, &k), 0);
		pthread_join(thread, NULL);
		assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
		assert_comes_to_rest(f->ev);
		assert_int_equal(k.told, many);
		assert_int_equal(k.wrong, 0);
		talloc_free(se);
	}
}

/* S5: more arrive in another thread than can be kept: the excess infos are lost, but no arrival is */
static void test_signal_siginfo__another_thread_gets_more_than_is_kept__all_are_reported(void **state)
{
	struct fixture *f = fixture_of(state);
	struct kind k = {.code = SI_TKILL, .count = overfull};
	pthread_t thread;

	DEVIATION("D5", "the thread stays blocked");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_kind, &k));
	assert_int_equal(pthread_create(&thread, NULL, overfill, &k), 0);
	pthread_join(thread, NULL);
	assert_comes_to_rest(f->ev);
	assert_int_equal(k.told, overfull);
	assert_in_range(k.wrong, 1, overfull / 2);
}

static void free_at_two(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	int value = ((siginfo_t *)siginfo)->si_value.sival_int;

	note("freer=%d", value);
	if (value == 2) {
		talloc_free(se);
	}
}

/* S5: freed inside its handler: no further calls; the others still get theirs */
static void test_signal_siginfo__freed_in_its_handler__the_others_get_all(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, free_at_two, NULL));
	send_values(SIGUSR1, 1, 3);
	turns(f->ev, 1);
	assert_notes("freer=1 freer=2 a=1 a=2 a=3");
	send_value(SIGUSR1, 4);
	turns(f->ev, 1);
	assert_notes("freer=1 freer=2 a=1 a=2 a=3 a=4");
}

/* S5: that signal alone is unblocked. */
static void test_signal_siginfo__queue_worked_off__other_signals_stay_blocked(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};
	sigset_t all, before;

	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, check_value, &v));
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &all, &before), 0);
	send_values(SIGUSR1, 0, 256);
	turns(f->ev, 1);
	note("%d%d%d%d", is_blocked(SIGUSR1), is_blocked(SIGUSR2), is_blocked(SIGHUP), is_blocked(SIGRTMAX));
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_notes("0111");
}

/* S4: a signal that no event had asked siginfo of before is not reported when another one arrives. */
static void test_signal_siginfo__another_signal_arrives__it_is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGRTMIN + 5, SA_SIGINFO, "quiet");
	catch_signal(f, SIGUSR1, 0, "other");
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("other*1");
	send_value(SIGRTMIN + 5, 3);
	turns(f->ev, 1);
	assert_notes("other*1 quiet=3");
}

/* S5, S6: a signal that the program itself has blocked stays blocked. */
static void test_signal__blocked_by_the_program__stays_blocked(void **state)
{
	struct fixture *f = fixture_of(state);
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 6);
	for (int round = 0; round < 2; round++) {
		clear_notes();
		struct tevent_signal *se = catch_signal(f, SIGRTMIN + 6, SA_SIGINFO, "a");
		send_value(SIGRTMIN + 6, 1);
		turns(f->ev, 1);
		send_value(SIGRTMIN + 6, 2);
		assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
		turns(f->ev, 1);
		note("%d", is_blocked(SIGRTMIN + 6));
		talloc_free(se);
		note("%d", is_blocked(SIGRTMIN + 6));
		assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
		assert_notes("a=1 a=2 1 1");
	}
}

static void raise_and_keep_errno(enum tevent_trace_point point, void *private_data)
{
	const uint64_t most = UINT64_MAX - 1;

	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		(void)!write(find_eventfd(), &most, sizeof(most)); /* it takes no more */
		errno = 4711;
		raise(*(int *)private_data);
		note("errno=%d", errno);
	}
}

/* S2: the signal handler keeps errno even if its write to the wake-up fails, right before the wait. */
static void test_signal__arrives_and_the_wakeup_is_full__errno_kept(void **state)
{
	struct fixture *f = fixture_of(state);
	int signums[] = {SIGUSR1, SIGUSR2};

	catch_signal(f, SIGUSR1, 0, "a");
	catch_signal(f, SIGUSR2, SA_SIGINFO, "b");
	for (int i = 0; i < 2; i++) {
		struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(5), note_timeout, NULL);

		clear_notes();
		tevent_set_trace_callback(f->ev, raise_and_keep_errno, &signums[i]);
		turns(f->ev, 1);
		tevent_set_trace_callback(f->ev, NULL, NULL);
		assert_memory_equal(notes(), "errno=4711", strlen("errno=4711"));
		if (strstr(notes(), "timeout") == NULL) {
			talloc_free(te);
		}
		while (tevent_common_check_signal(f->ev) != 0) {
		}
	}
}

/* S3: infos that arrived for a freed event are reported to one that was added before they are handled. */
static void test_signal_siginfo__freed_and_added_again_after_arrival__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 forgets them, and keeps counting them");
	struct tevent_signal *se = catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	talloc_free(se);
	catch_signal(f, SIGUSR1, SA_SIGINFO, "b");
	send_value(SIGUSR1, 3);
	turns(f->ev, 1);
	assert_notes("b=1 b=2 b=3");
	assert_int_equal(tevent_common_check_signal(f->ev), 0);
}

static void cleanup_at_two(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			   void *private_data)
{
	int value = ((siginfo_t *)siginfo)->si_value.sival_int;

	note("%d", value);
	if (value == 2) {
		tevent_cleanup_pending_signal_handlers(se);
	}
}

/* S5, S11: removed inside its handler: no further calls. */
static void test_signal_siginfo__taken_out_in_its_handler__no_further_calls(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 continues to call it");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, cleanup_at_two, NULL));
	send_values(SIGUSR1, 1, 4);
	turns(f->ev, 1);
	assert_notes("1 2");
}

/* S5, S6: also if nothing arrived, and repeatedly. */
static void test_signal__blocked_by_the_program_and_freed__stays_blocked(void **state)
{
	struct fixture *f = fixture_of(state);
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 7);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
	for (int round = 0; round < 2; round++) {
		talloc_free(catch_signal(f, SIGRTMIN + 7, SA_SIGINFO, "a"));
		note("%d", is_blocked(SIGRTMIN + 7));
	}
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_notes("1 1");
}

static void free_blocked_event(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	struct values v = {0, 0};
	struct tevent_signal *se;

	se = tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v);
	child_assert(se != NULL);
	for (int i = 0; i < 300; i++) {
		child_assert(pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){.sival_int = i}) == 0);
	}
	child_assert(is_blocked(SIGRTMIN + 1)); /* the last 44 are pending in the kernel */
	child_assert(talloc_free(se) == 0);
	child_assert(!is_blocked(SIGRTMIN + 1));
	child_assert(disposition(SIGRTMIN + 1).sa_handler == SIG_DFL);

	/* Later ones are counted from where these ended. */
	se = tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v);
	child_assert(se != NULL);
	while (tevent_common_check_signal(f->ev) != 0) {
	}
	v = (struct values){7, 0};
	child_assert(pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){.sival_int = 7}) == 0);
	child_assert(tevent_loop_once(f->ev) == 0);
	child_assert(v.expected == 8 && v.wrong == 0);
}

/* S5, S6: the last event is freed while the signal is blocked: it is unblocked, and a pending arrival does not kill the
 * process. */
static void test_signal_siginfo__freed_while_blocked__unblocked_and_previous_is_back(void **state)
{
	DEVIATION("D5", "it stays blocked there");
	assert_child_succeeds(free_blocked_event, fixture_of(state));
}

enum { more_than_any_ring = 1500 };
static int told[more_than_any_ring];

static void count_told(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	told[((siginfo_t *)siginfo)->si_value.sival_int] += count;
	(*(int *)private_data)++;
}

/* S5: a program that repeatedly unblocks the signal itself before the loop had a turn: none is lost. */
static void test_signal_siginfo__unblocked_by_the_program__none_is_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	sigset_t set;
	int all = 0;

	DEVIATION("D5", "0.14.1 overwrites infos that are not handled yet");
	memset(told, 0, sizeof(told));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, count_told, &all));
	for (int i = 0; i < more_than_any_ring; i++) {
		assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
		send_value(SIGRTMIN + 1, i);
	}
	while (all < more_than_any_ring) {
		turns(f->ev, 1);
	}
	assert_comes_to_rest(f->ev);
	assert_int_equal(all, more_than_any_ring);
	for (int i = 0; i < more_than_any_ring; i++) {
		assert_int_equal(told[i], 1);
	}
	assert_false(is_blocked(SIGRTMIN + 1));
}

static void overflow_in_a_child(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (int i = 0; i < more_than_any_ring; i++) {
		child_assert(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
		child_assert(pthread_sigqueue(pthread_self(), SIGRTMIN + 1, (union sigval){.sival_int = i}) == 0);
	}
	while (tevent_common_check_signal(f->ev) != 0) {
	}
	for (int i = 0; i < more_than_any_ring; i++) {
		child_assert(told[i] == 1);
	}
}

/* S5, C21: in a forked child the inherited event keeps the arrivals of the child's thread. */
static void test_signal_siginfo__unblocked_by_a_child__none_is_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	int all = 0;

	DEVIATION("D5", "0.14.1 overwrites infos that are not handled yet");
	memset(told, 0, sizeof(told));
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, count_told, &all));
	assert_child_succeeds(overflow_in_a_child, f);
}

static void run_inner_loop_at_one(struct tevent_context *ev, struct tevent_signal *se, int signum, int count,
				  void *siginfo, void *private_data)
{
	note("in=%d", ((siginfo_t *)siginfo)->si_value.sival_int);
	if (((siginfo_t *)siginfo)->si_value.sival_int == 1) {
		send_value(signum, 11);
		send_value(signum, 12);
		tevent_loop_once(ev);
		note("|");
	}
}

/* S3, S4, C26: an inner loop first reports what the outer one had not reported yet, then the later arrivals. */
static void test_signal_siginfo__inner_loop_in_its_handler__each_arrival_is_told_once(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 does not come back from the inner loop");
	tevent_loop_allow_nesting(f->ev);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, run_inner_loop_at_one, NULL));
	send_values(SIGUSR1, 1, 3);
	turns(f->ev, 1);
	assert_notes("in=1 in=2 in=3 in=11 in=12 |");
	assert_comes_to_rest(f->ev);
	assert_false(is_blocked(SIGUSR1));
}

static void run_inner_loops_at_zero(struct tevent_context *ev, struct tevent_signal *se, int signum, int count,
				    void *siginfo, void *private_data)
{
	int *expected = private_data;

	if (((siginfo_t *)siginfo)->si_value.sival_int == (*expected)++ && *expected == 1) {
		for (int sent = 1; sent < 2000; sent += 200) {
			send_values(signum, sent, 200);
			tevent_loop_once(ev);
		}
		note("inner:%d %s", *expected, is_blocked(signum) ? "blocked" : "open");
	}
}

/* S5, C26: arrivals are still reported in inner loops, however many came while the outer one's handler runs. */
static void test_signal_siginfo__inner_loops_in_its_handler__are_told_without_end(void **state)
{
	struct fixture *f = fixture_of(state);
	int expected = 0;

	DEVIATION("D5", "0.14.1 does not come back from the inner loop");
	tevent_loop_allow_nesting(f->ev);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, run_inner_loops_at_zero, &expected));
	send_values(SIGUSR1, 0, 1);
	turns(f->ev, 1);
	assert_notes("inner:2001 open");
	assert_int_equal(expected, 2001);
	assert_false(is_blocked(SIGUSR1));
}

static jmp_buf out_of_the_handler;

static void leave_at_zero(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			  void *private_data)
{
	int *expected = private_data;

	if ((*expected)++ == 0) {
		longjmp(out_of_the_handler, 1);
	}
}

static void go_on_after_longjmp(void *arg)
{
	struct fixture *f = arg;
	static int expected;

	tevent_loop_allow_nesting(f->ev);
	child_assert(tevent_add_signal(f->ev, f->ev, SIGUSR1, SA_SIGINFO, leave_at_zero, &expected) != NULL);
	send_values(SIGUSR1, 0, 5);
	if (setjmp(out_of_the_handler) == 0) {
		tevent_loop_once(f->ev);
	}
	for (int sent = 5; sent < 2000; sent += 200) {
		send_values(SIGUSR1, sent, 200);
		child_assert(tevent_loop_once(f->ev) == 0);
	}
	child_assert(expected == 2005);
	child_assert(!is_blocked(SIGUSR1));
}

/* S5: a handler left by longjmp() blocks nothing.  In a child: the event is never freed (D5). */
static void test_signal_siginfo__handler_left_by_longjmp__those_after_it_are_told(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 reports the same ones again");
	assert_child_succeeds(go_on_after_longjmp, f);
}

static void leave_in_child(void *arg)
{
	struct fixture *f = arg;
	static int expected;

	tevent_loop_allow_nesting(f->ev);
	child_assert(tevent_add_signal(f->ev, f->ev, SIGUSR1, SA_SIGINFO, leave_at_zero, &expected) != NULL);
	send_values(SIGUSR1, 0, 256);
	child_assert(is_blocked(SIGUSR1));
	if (setjmp(out_of_the_handler) == 0) {
		tevent_loop_once(f->ev);
	}
	child_assert(expected == 1);
	child_assert(tevent_loop_once(f->ev) == 0);
	child_assert(expected == 256);
	child_assert(!is_blocked(SIGUSR1));
}

/* S3, S5: the next turn reports what was left unreported, without another arrival. */
static void test_signal_siginfo__handler_left_by_longjmp__next_turn_goes_on(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 reports the same ones again");
	assert_child_succeeds(leave_in_child, f);
}

static void leave(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		  void *private_data)
{
	longjmp(out_of_the_handler, 1);
}

static void leave_before_the_older_one(void *arg)
{
	struct fixture *f = arg;

	tevent_loop_allow_nesting(f->ev);
	catch_on(f, f->ev, SIGUSR1, 0, "oldest");
	child_assert(tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, leave, NULL) != NULL);
	raise(SIGUSR1);
	if (setjmp(out_of_the_handler) == 0) {
		tevent_loop_once(f->ev);
	}
	child_assert(notes()[0] == '\0');
	child_assert(tevent_loop_once(f->ev) == 0);
	child_assert(strcmp(notes(), "oldest*1") == 0);
}

/* S3: the newest event's handler never returns: the next turn reports to the older one. */
static void test_signal__handler_left_by_longjmp__older_one_is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "0.14.1 reports to the newest one again");
	assert_child_succeeds(leave_before_the_older_one, f);
}

struct inner_loop {
	struct tevent_context *ev;
	bool running;
};

static void run_one_turn(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	struct inner_loop *inner = private_data;

	note("newest*%d", count);
	if (!inner->running) {
		inner->running = true;
		tevent_loop_once(inner->ev);
		note("|");
	}
}

/* S3: the newest event's handler runs the loop: the older one is called in that loop, not after it. */
static void test_signal__inner_loop_in_the_newest_handler__older_one_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inner_loop inner = {.ev = f->ev};

	DEVIATION("D5", "0.14.1 reports to the newest one again");
	tevent_loop_allow_nesting(f->ev);
	catch_signal(f, SIGUSR1, 0, "older");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, run_one_turn, &inner));
	send_value(SIGUSR1, 0);
	turns(f->ev, 1);
	assert_notes("newest*1 older*1 |");
}

/* S3: likewise with another context's loop, if the older event belongs to that context. */
static void test_signal__inner_loop_of_another_context__its_event_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = tevent_context_init_byname(f->mem, f->backend);
	struct inner_loop inner = {.ev = other};

	DEVIATION("D5", "0.14.1 reports to the newest one again");
	catch_on(f, other, SIGUSR1, 0, "other");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, run_one_turn, &inner));
	send_value(SIGUSR1, 0);
	turns(f->ev, 1);
	assert_notes("newest*1 other*1 |");
}

/* ---- changing places ---------------------------------------------------------------- */

static void note_whether_info(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			      void *private_data)
{
	note("info:%s*%d", siginfo != NULL ? "set" : "NULL", count);
}

/* S3, S4: arrived for an event without SA_SIGINFO, since freed; reported to one with SA_SIGINFO, with a valid info. */
static void test_signal_siginfo__arrived_without_info_before__has_one(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *plain = catch_signal(f, SIGUSR1, 0, "plain");

	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	talloc_free(plain);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_SIGINFO, note_whether_info, NULL));
	turns(f->ev, 1);
	assert_notes("info:set*1 info:set*1");
	assert_comes_to_rest(f->ev);
	assert_notes("info:set*1 info:set*1");
}

/* S3, S5: more arrivals than are kept, the event is freed, another one is added before the next turn: it gets all of
 * them. */
static void test_signal_siginfo__full_and_another_event_comes__told_of_all(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};
	struct tevent_signal *first = tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v);

	DEVIATION("D5", "the infos that were kept are lost there");
	assert_non_null(first);
	send_values(SIGRTMIN + 1, 0, 600);
	talloc_free(first);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v));
	assert_comes_to_rest(f->ev);
	assert_int_equal(v.expected, 600);
	assert_int_equal(v.wrong, 0);
	assert_false(is_blocked(SIGRTMIN + 1));
}

/* S5: more arrivals than there is space for: the kept infos are reported, the others are lost. */
static void test_signal_siginfo__overfull_and_another_event_comes__told_of_what_was_kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct values v = {0, 0};
	struct tevent_signal *first = tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v);

	DEVIATION("D5", "the infos that were kept are lost there");
	assert_non_null(first);
	send_values(SIGRTMIN + 1, 0, overfull);
	talloc_free(first);
	assert_false(is_blocked(SIGRTMIN + 1));
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN + 1, SA_SIGINFO, check_value, &v));
	assert_comes_to_rest(f->ev);
	assert_int_equal(v.expected, 4096);
	assert_int_equal(v.wrong, 0);
}

/* ---- dispositions --------------------------------------------------------------------- */

#define OUR_FLAGS (SA_RESTART | SA_NODEFER | SA_SIGINFO | SA_RESETHAND | SA_ONSTACK)

static void some_handler(int signum)
{
}

/* S6: installed with its sa_flags and an empty mask */
static void test_signal__first_event__installs_its_flags_and_an_empty_mask(void **state)
{
	struct fixture *f = fixture_of(state);
	struct sigaction now;

	catch_signal(f, SIGUSR1, SA_RESTART | SA_NODEFER, "a");
	now = disposition(SIGUSR1);
	assert_true(now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
	assert_int_equal(now.sa_flags & OUR_FLAGS, SA_RESTART | SA_NODEFER);
	for (int sig = 1; sig < 32; sig++) {
		assert_int_equal(sigismember(&now.sa_mask, sig), 0);
	}
}

/* S6: later events' flags change nothing, nor does freeing the first event */
static void test_signal__later_events__change_nothing_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_signal *first = catch_signal(f, SIGUSR1, SA_RESTART, "a");
	struct sigaction before = disposition(SIGUSR1);

	catch_signal(f, SIGUSR1, SA_NODEFER, "b");
	catch_on(f, other, SIGUSR1, SA_SIGINFO, "c");
	assert_int_equal(disposition(SIGUSR1).sa_flags, before.sa_flags);
	assert_true(disposition(SIGUSR1).sa_handler == before.sa_handler);
	talloc_free(first);
	assert_int_equal(disposition(SIGUSR1).sa_flags, before.sa_flags);
	assert_true(disposition(SIGUSR1).sa_handler == before.sa_handler);
}

/* S6: freeing the last one restores the previous disposition completely */
static void test_signal__last_event_goes__previous_disposition_is_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct sigaction previous = {.sa_handler = some_handler, .sa_flags = SA_RESTART};

	sigaddset(&previous.sa_mask, SIGUSR2);
	assert_int_equal(sigaction(SIGUSR1, &previous, NULL), 0);
	struct tevent_signal *a = catch_signal(f, SIGUSR1, 0, "a");
	struct tevent_signal *b = catch_signal(f, SIGUSR1, SA_SIGINFO, "b");
	talloc_free(a);
	assert_true(disposition(SIGUSR1).sa_handler != some_handler);
	talloc_free(b);
	struct sigaction now = disposition(SIGUSR1);
	back_to_default(SIGUSR1);
	assert_true(now.sa_handler == some_handler);
	assert_int_equal(now.sa_flags & OUR_FLAGS, SA_RESTART);
	assert_int_equal(sigismember(&now.sa_mask, SIGUSR2), 1);
}

/* S6, C8: its context is freed */
static void test_signal__context_freed__previous_disposition_is_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");

	talloc_free(f->ev);
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
	assert_int_equal(talloc_free(se), 0);
}

/* S6: added again later, it counts as a first event, with its own flags */
static void test_signal__added_again_after_the_last_went__installed_anew(void **state)
{
	struct fixture *f = fixture_of(state);

	talloc_free(catch_signal(f, SIGUSR1, SA_RESTART, "a"));
	catch_signal(f, SIGUSR1, SA_SIGINFO, "b");
	assert_int_equal(disposition(SIGUSR1).sa_flags & OUR_FLAGS, SA_SIGINFO);
	send_value(SIGUSR1, 5);
	turns(f->ev, 1);
	assert_notes("b=5");
}

/* S7: the default disposition from the arrival on; the event is freed after its handler, then the previous one is
 * restored */
static void test_signal_resethand__arrival__default_then_gone_and_previous_back(void **state)
{
	struct fixture *f = fixture_of(state);

	ignore(SIGUSR1);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, SA_RESETHAND, "a");
	note_when_freed(se);
	start_trace(f);
	raise(SIGUSR1);
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
	turns(f->ev, 1);
	stop_trace(f);
	bool restored = disposition(SIGUSR1).sa_handler == SIG_IGN;
	back_to_default(SIGUSR1);
	assert_notes("BEFORE a*1 DETACH gone");
	assert_true(restored);
	assert_false(tevent_common_have_events(f->ev));
}

/* S7: with siginfo as well */
static void test_signal_resethand__with_siginfo__gone_after_its_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, SA_RESETHAND | SA_SIGINFO, "a");

	note_when_freed(se);
	send_value(SIGUSR1, 3);
	turns(f->ev, 1);
	assert_notes("a=3 gone");
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
}

/* S7: likewise each other event with the flag; the signal is not installed again for the rest */
static void test_signal_resethand__other_events__those_with_the_flag_go(void **state)
{
	struct fixture *f = fixture_of(state);

	ignore(SIGUSR1);
	note_when_freed(catch_signal(f, SIGUSR1, SA_RESETHAND, "first"));
	struct tevent_signal *plain = catch_signal(f, SIGUSR1, 0, "plain");
	note_when_freed(catch_signal(f, SIGUSR1, SA_RESETHAND, "third"));
	raise(SIGUSR1);
	turns(f->ev, 1);
	bool left_alone = disposition(SIGUSR1).sa_handler == SIG_DFL;
	note("then");
	talloc_free(plain);
	bool restored = disposition(SIGUSR1).sa_handler == SIG_IGN;
	back_to_default(SIGUSR1);
	assert_notes("third*1 gone plain*1 first*1 gone then");
	assert_true(left_alone);
	assert_true(restored);
}

static void free_itself(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	note("handler");
	note("free=%d", talloc_free(se));
	note("tag=%d", (int)tevent_signal_get_tag(se));
}

/* S7, S9: its handler frees it itself */
static void test_signal_resethand__freed_by_its_handler__gone_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_RESETHAND, free_itself, NULL);

	note_when_freed(se);
	record_aborts();
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("handler free=-1 tag=0 gone");
	assert_int_equal(abort_count, 0);
}

/* ---- waiting ---------------------------------------------------------------------------- */

static void raise_before_the_wait(enum tevent_trace_point point, void *private_data)
{
	bool *raised = (bool *)private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !*raised) {
		*raised = true;
		raise(SIGUSR1);
	}
}

/* S8: arrives between the signal check and the wait: ends the wait */
static void test_signal__arrives_right_before_the_wait__ends_it(void **state)
{
	struct fixture *f = fixture_of(state);
	bool raised = false;

	catch_signal(f, SIGUSR1, 0, "a");
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5000), note_timeout, NULL));
	tevent_set_trace_callback(f->ev, raise_before_the_wait, &raised);
	for (int i = 0; i < 3 && strcmp(notes(), "") == 0; i++) {
		turns(f->ev, 1);
	}
	tevent_set_trace_callback(f->ev, NULL, NULL);
	assert_notes("a*1");
}

static void raise_info_before_the_wait(enum tevent_trace_point point, void *private_data)
{
	bool *raised = (bool *)private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !*raised) {
		*raised = true;
		pthread_sigqueue(pthread_self(), SIGUSR1, (union sigval){.sival_int = 5});
	}
}

/* S8: the same with siginfo */
static void test_signal_siginfo__arrives_right_before_the_wait__ends_it(void **state)
{
	struct fixture *f = fixture_of(state);
	bool raised = false;

	catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5000), note_timeout, NULL));
	tevent_set_trace_callback(f->ev, raise_info_before_the_wait, &raised);
	for (int i = 0; i < 3 && strcmp(notes(), "") == 0; i++) {
		turns(f->ev, 1);
	}
	tevent_set_trace_callback(f->ev, NULL, NULL);
	assert_notes("a=5");
}

/* C11, S3: the wait of a context without signal events continues, the arrival is kept */
static void test_signal__another_context_waits__kept_for_the_next_look(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	bool raised = false;

	catch_on(f, other, SIGUSR1, 0, "a");
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5), note_timeout, NULL));
	tevent_set_trace_callback(f->ev, raise_before_the_wait, &raised);
	for (int i = 0; i < 3 && strcmp(notes(), "") == 0; i++) {
		turns(f->ev, 1);
	}
	tevent_set_trace_callback(f->ev, NULL, NULL);
	assert_notes("timeout");
	turns(other, 1);
	assert_notes("timeout a*1");
}

static pthread_mutex_t waiting = PTHREAD_MUTEX_INITIALIZER;

static void unlock_before_the_wait(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		pthread_mutex_unlock(&waiting);
	} else if (point == TEVENT_TRACE_AFTER_WAIT) {
		pthread_mutex_lock(&waiting);
	}
}

/* The loop's thread has the signal blocked: it arrives in this one. */
static void *raise_here(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	pthread_mutex_lock(&waiting);
	pthread_mutex_unlock(&waiting);
	pthread_kill(pthread_self(), SIGUSR1);
	return NULL;
}

/* S8: arrives in another thread while the loop waits: ends the wait as well */
static void test_signal__arrives_in_another_thread__ends_the_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	pthread_t thread;
	sigset_t set, previous;

	catch_signal(f, SIGUSR1, 0, "a");
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5000), note_timeout, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &previous);
	pthread_mutex_lock(&waiting);
	tevent_set_trace_callback(f->ev, unlock_before_the_wait, NULL);
	assert_int_equal(pthread_create(&thread, NULL, raise_here, NULL), 0);
	for (int i = 0; i < 5 && strcmp(notes(), "") == 0; i++) {
		turns(f->ev, 1);
	}
	pthread_mutex_unlock(&waiting);
	pthread_join(thread, NULL);
	tevent_set_trace_callback(f->ev, NULL, NULL);
	pthread_sigmask(SIG_SETMASK, &previous, NULL);
	assert_notes("a*1");
}

/* C16: a signal event is something to wait for */
static void test_signal__only_event__keeps_loop_wait_alive(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");

	assert_true(tevent_common_have_events(f->ev));
	talloc_free(se);
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* ---- freeing, traces, tags ------------------------------------------------------------------ */

/* S9, F10: its own event: DETACH at once, -1, memory until the handler returns */
static void test_signal_handler__frees_its_event__memory_stays_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, free_itself, NULL);
	tevent_signal_set_tag(se, 7);
	note_when_freed(se);
	raise(SIGUSR1);
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH free=-1 tag=7 gone");
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
}

static void free_twice(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	talloc_free(se);
	note("aborts=%d", abort_count);
	talloc_free(se);
	note("aborts=%d", abort_count);
}

/* S9, F10: twice */
static void test_signal_handler__frees_its_event_twice__abort(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, free_twice, NULL);

	record_aborts();
	note_when_freed(se);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "double free"));
}

static void free_the_parent(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			    void *private_data)
{
	TALLOC_CTX *parent = talloc_parent(se);
	TALLOC_CTX *grandparent = talloc_parent(parent);

	note("free=%d", talloc_free(parent));
	note("%s", talloc_parent(se) == grandparent ? "moved-up" : "elsewhere");
	note("tag=%d", (int)tevent_signal_get_tag(se));
}

/* S9, F10: frees its talloc parent */
static void test_signal_handler__frees_its_parent__moves_up_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	struct tevent_signal *se = tevent_add_signal(f->ev, parent, SIGUSR1, 0, free_the_parent, NULL);

	tevent_signal_set_tag(se, 7);
	note_when_freed(se);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("free=0 moved-up tag=7 gone");
}

static void free_the_other(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			   void *private_data)
{
	struct tevent_signal **other = (struct tevent_signal **)private_data;

	note("freer");
	TALLOC_FREE(*other);
}

/* S9, F10: the next event of its signal: it is not called, those after it are */
static void test_signal_handler__frees_the_next_event__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "reads freed memory there");
	struct tevent_signal *next;

	catch_signal(f, SIGUSR1, 0, "last");
	next = catch_signal(f, SIGUSR1, 0, "next");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, free_the_other, &next));
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("freer last*1");
}

/* S9, F10: the event of another signal that is pending, too */
static void test_signal_handler__frees_an_event_of_another_signal__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *other = catch_signal(f, SIGUSR2, 0, "other");

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, free_the_other, &other));
	raise(SIGUSR2);
	raise(SIGUSR1);
	assert_comes_to_rest(f->ev);
	assert_notes("freer");
}

/* S9: ATTACH, BEFORE_HANDLER once per call, DETACH when it is freed */
static void test_signal_trace__two_arrivals__one_before_per_call(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, SA_SIGINFO, "a");
	send_value(SIGUSR1, 1);
	send_value(SIGUSR1, 2);
	turns(f->ev, 1);
	talloc_free(se);
	stop_trace(f);
	assert_notes("ATTACH BEFORE a=1 BEFORE a=2 DETACH");
}

/* S9: tags: 0 at first, then all 64 bits as given */
static void test_signal_tag__set__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");

	assert_true(tevent_signal_get_tag(se) == 0);
	tevent_signal_set_tag(se, UINT64_C(0xFEDCBA9876543210));
	assert_true(tevent_signal_get_tag(se) == UINT64_C(0xFEDCBA9876543210));
}

/* S9, C28: NULL */
static void test_signal_tag__null__zero_and_nothing(void **state)
{
	tevent_signal_set_tag(NULL, 1);
	assert_true(tevent_signal_get_tag(NULL) == 0);
}

/* ---- support, helpers for backend writers ------------------------------------------------------- */

/* S10: every built-in backend */
static void test_signal_support__built_in_backend__true(void **state)
{
	assert_true(tevent_signal_support(fixture_of(state)->ev));
}

/* S10: a table without add_signal */
static void test_signal_support__table_without_add_signal__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname(f->backend);
	struct tevent_context *ev;

	ops.add_signal = NULL;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_non_null(ev);
	assert_false(tevent_signal_support(ev));
	talloc_free(ev);
}

/* S11: non-zero if pending signals were run */
static void test_check_signal__pending__runs_them_and_says_so(void **state)
{
	struct fixture *f = fixture_of(state);

	catch_signal(f, SIGUSR1, 0, "a");
	assert_int_equal(tevent_common_check_signal(f->ev), 0);
	raise(SIGUSR1);
	assert_int_not_equal(tevent_common_check_signal(f->ev), 0);
	assert_notes("a*1");
	assert_int_equal(tevent_common_check_signal(f->ev), 0);
	assert_notes("a*1");
}

/* S11, S3: or forgotten */
static void test_check_signal__no_event_left__says_so_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "freed");

	catch_signal(f, SIGUSR2, 0, "other");
	raise(SIGUSR1);
	talloc_free(se);
	assert_int_not_equal(tevent_common_check_signal(f->ev), 0);
	assert_int_equal(tevent_common_check_signal(f->ev), 0);
	assert_notes("");
}

/* S11: removes the event as freeing does, but keeps its memory; freeing it later only frees the memory */
static void test_cleanup_pending_signal_handlers__event__out_but_still_there(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");
	note_when_freed(se);
	tevent_signal_set_tag(se, 7);
	tevent_cleanup_pending_signal_handlers(se);
	assert_notes("ATTACH DETACH");
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_signal_get_tag(se), 7);
	assert_int_equal(talloc_free(se), 0);
	stop_trace(f);
	assert_notes("ATTACH DETACH gone");
}

/* S11: another event on the signal stays installed */
static void test_cleanup_pending_signal_handlers__another_event_left__it_is_served(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	catch_signal(f, SIGUSR1, 0, "stays");
	se = catch_signal(f, SIGUSR1, 0, "out");
	tevent_cleanup_pending_signal_handlers(se);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("stays*1");
}

/* S12: tevent_common_add_signal is S1 */
static void test_common_add_signal__added__as_add_signal(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	start_trace(f);
	se = tevent_common_add_signal(f->ev, NULL, SIGUSR1, 0, note_call, (void *)(uintptr_t) "a", "note_call",
				      __location__);
	assert_ptr_equal(talloc_parent(se), f->ev);
	assert_string_equal(talloc_get_name(se), "struct tevent_signal");
	raise(SIGUSR1);
	turns(f->ev, 1);
	talloc_free(se);
	stop_trace(f);
	assert_notes("ATTACH BEFORE a*1 DETACH");
	errno = 0;
	assert_null(tevent_common_add_signal(f->ev, f->mem, 68, 0, note_call, NULL, "note_call", __location__));
	assert_int_equal(errno, EINVAL);
}

/* S12: one call with its trace and the given arguments */
static void test_invoke_signal_handler__event_stays__called_and_not_removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");
	siginfo_t info = {.si_value = {.sival_int = 9}};
	bool removed = true;

	start_trace(f);
	assert_int_equal(tevent_common_invoke_signal_handler(se, SIGUSR1, 5, NULL, &removed), 0);
	assert_false(removed);
	assert_int_equal(tevent_common_invoke_signal_handler(se, SIGUSR1, 1, &info, NULL), 0);
	stop_trace(f);
	assert_notes("BEFORE a*5 BEFORE a=9");
}

/* S12: the handler frees the event */
static void test_invoke_signal_handler__handler_frees_it__removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, free_itself, NULL);
	bool removed = false;

	note_when_freed(se);
	assert_int_equal(tevent_common_invoke_signal_handler(se, SIGUSR1, 1, NULL, &removed), 0);
	assert_true(removed);
	assert_notes("handler free=-1 tag=0 gone");
}

/* S12, S7: the event has SA_RESETHAND */
static void test_invoke_signal_handler__resethand__freed_and_removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, SA_RESETHAND, "a");
	bool removed = false;

	note_when_freed(se);
	assert_int_equal(tevent_common_invoke_signal_handler(se, SIGUSR1, 1, NULL, &removed), 0);
	assert_true(removed);
	assert_notes("a*1 gone");
	assert_true(disposition(SIGUSR1).sa_handler == SIG_DFL);
}

/* S12: an event without context */
static void test_invoke_signal_handler__context_gone__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = catch_signal(f, SIGUSR1, 0, "a");
	bool removed = true;

	talloc_free(f->ev);
	assert_int_equal(tevent_common_invoke_signal_handler(se, SIGUSR1, 1, NULL, &removed), 0);
	assert_false(removed);
	assert_notes("");
	assert_int_equal(talloc_free(se), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_add_signal__with_mem_ctx__child_of_it),
		TEST_EACH_BACKEND(test_add_signal__without_mem_ctx__child_of_the_context),
		TEST_EACH_BACKEND(test_add_signal__number_too_great__einval),
		TEST_EACH_BACKEND(test_add_signal__negative__einval),
		TEST_EACH_BACKEND(test_add_signal__sigaction_refuses__einval),
		TEST(test_add_signal__out_of_memory__null),
		TEST_ON(test_add_signal__no_descriptor_left__null, standard),
		TEST_ON(test_add_signal__no_descriptor_left__null, epoll),
		TEST_ON(test_add_signal__no_descriptor_left__null, poll),
		TEST(test_signal_numbers__linux__68_and_256),
		TEST(test_signal__last_real_time_signal__caught),
		TEST_EACH_BACKEND(test_signal__arrives_between_turns__next_turn_runs_it),
		TEST_EACH_BACKEND(test_signal__arrives__errno_kept),
		TEST_EACH_BACKEND(test_signal__arrives_and_the_wakeup_is_full__errno_kept),
		TEST_EACH_BACKEND(test_signal__runs__handler_gets_context_event_and_number),
		TEST_EACH_BACKEND(test_signal__several_events__newest_first_in_one_turn),
		TEST_EACH_BACKEND(test_signal__several_signals__lowest_first_in_one_turn),
		TEST_EACH_BACKEND(test_signal__two_contexts__one_turn_runs_both_each_with_its_own),
		TEST_EACH_BACKEND(test_signal__other_signal_of_another_context__run_by_any_turn),
		TEST_EACH_BACKEND(test_signal__context_without_signal_events__does_not_run_them),
		TEST(test_signal__event_added_after_arrival__is_told),
		TEST(test_signal__event_freed_after_arrival__is_not_told),
		TEST(test_signal_handler__adds_an_event__told_of_the_next_arrival_only),
		TEST_EACH_BACKEND(test_signal__no_event_left__forgotten),
		TEST_EACH_BACKEND(test_signal__arrives_in_its_handler__next_turn),
		TEST(test_signal__several_arrivals__one_call_with_their_number),
		TEST(test_signal__thousand_arrivals__one_call_with_their_number),
		TEST_EACH_BACKEND(test_signal_siginfo__several_arrivals__one_call_each_in_order),
		TEST(test_signal_siginfo__arrival__siginfo_as_the_kernel_gave_it),
		TEST(test_signal_siginfo__several_events_and_arrivals__event_by_event),
		TEST(test_signal_siginfo__arrives_in_its_handler__next_turn),
		TEST(test_signal_mixed__plain_event_on_siginfo_signal__gets_the_number),
		TEST(test_signal_mixed__siginfo_event_on_plain_signal__gets_the_number),
		TEST_EACH_BACKEND(test_signal_siginfo__queue_full__blocked_until_worked_off),
		TEST(test_signal_siginfo__queue_full_once_more__blocked_in_that_thread),
		TEST(test_signal_siginfo__another_thread_overfills_the_queue__none_is_lost),
		TEST(test_signal_siginfo__another_thread_gets_many__all_are_reported_as_sent),
		TEST(test_signal_siginfo__another_thread_gets_more_than_is_kept__all_are_reported),
		TEST_EACH_BACKEND(test_signal_siginfo__more_than_the_queue_holds__all_in_order),
		TEST(test_signal_siginfo__in_batches__all_in_order),
		TEST(test_signal_siginfo__queue_full_with_two_events__each_gets_all),
		TEST(test_signal_siginfo__freed_in_its_handler__the_others_get_all),
		TEST(test_signal_siginfo__freed_while_blocked__unblocked_and_previous_is_back),
		TEST(test_signal_siginfo__queue_worked_off__other_signals_stay_blocked),
		TEST(test_signal_siginfo__another_signal_arrives__it_is_not_told),
		TEST(test_signal_siginfo__freed_and_added_again_after_arrival__is_told),
		TEST(test_signal_siginfo__taken_out_in_its_handler__no_further_calls),
		TEST(test_signal__blocked_by_the_program__stays_blocked),
		TEST(test_signal__blocked_by_the_program_and_freed__stays_blocked),
		TEST(test_signal_siginfo__unblocked_by_the_program__none_is_lost),
		TEST(test_signal_siginfo__unblocked_by_a_child__none_is_lost),
		TEST(test_signal_siginfo__inner_loop_in_its_handler__each_arrival_is_told_once),
		TEST(test_signal_siginfo__inner_loops_in_its_handler__are_told_without_end),
		TEST(test_signal_siginfo__handler_left_by_longjmp__those_after_it_are_told),
		TEST(test_signal_siginfo__handler_left_by_longjmp__next_turn_goes_on),
		TEST_EACH_BACKEND(test_signal__inner_loop_in_the_newest_handler__older_one_is_told),
		TEST_EACH_BACKEND(test_signal__inner_loop_of_another_context__its_event_is_told),
		TEST(test_signal_siginfo__arrived_without_info_before__has_one),
		TEST(test_signal_siginfo__full_and_another_event_comes__told_of_all),
		TEST(test_signal_siginfo__overfull_and_another_event_comes__told_of_what_was_kept),
		TEST(test_signal__handler_left_by_longjmp__older_one_is_told),
		TEST(test_signal__first_event__installs_its_flags_and_an_empty_mask),
		TEST(test_signal__later_events__change_nothing_there),
		TEST(test_signal__last_event_goes__previous_disposition_is_back),
		TEST_EACH_BACKEND(test_signal__context_freed__previous_disposition_is_back),
		TEST(test_signal__added_again_after_the_last_went__installed_anew),
		TEST_EACH_BACKEND(test_signal_resethand__arrival__default_then_gone_and_previous_back),
		TEST(test_signal_resethand__with_siginfo__gone_after_its_call),
		TEST(test_signal_resethand__other_events__those_with_the_flag_go),
		TEST(test_signal_resethand__freed_by_its_handler__gone_once),
		TEST_EACH_BACKEND(test_signal__arrives_right_before_the_wait__ends_it),
		TEST_EACH_BACKEND(test_signal_siginfo__arrives_right_before_the_wait__ends_it),
		TEST_EACH_BACKEND(test_signal__another_context_waits__kept_for_the_next_look),
		TEST_EACH_BACKEND(test_signal__arrives_in_another_thread__ends_the_wait),
		TEST_EACH_BACKEND(test_signal__only_event__keeps_loop_wait_alive),
		TEST_EACH_BACKEND(test_signal_handler__frees_its_event__memory_stays_till_it_returns),
		TEST(test_signal_handler__frees_its_event_twice__abort),
		TEST(test_signal_handler__frees_its_parent__moves_up_till_it_returns),
		TEST(test_signal_handler__frees_the_next_event__not_called),
		TEST(test_signal_handler__frees_an_event_of_another_signal__not_called),
		TEST(test_signal_trace__two_arrivals__one_before_per_call),
		TEST(test_signal_tag__set__read_back),
		TEST(test_signal_tag__null__zero_and_nothing),
		TEST_EACH_BACKEND(test_signal_support__built_in_backend__true),
		TEST_ON(test_signal_support__table_without_add_signal__false, epoll),
		TEST_ON(test_signal_support__table_without_add_signal__false, poll),
		TEST_ON(test_signal_support__table_without_add_signal__false, poll_mt),
		TEST_EACH_BACKEND(test_check_signal__pending__runs_them_and_says_so),
		TEST(test_check_signal__no_event_left__says_so_once),
		TEST(test_cleanup_pending_signal_handlers__event__out_but_still_there),
		TEST(test_cleanup_pending_signal_handlers__another_event_left__it_is_served),
		TEST_EACH_BACKEND(test_common_add_signal__added__as_add_signal),
		TEST(test_invoke_signal_handler__event_stays__called_and_not_removed),
		TEST(test_invoke_signal_handler__handler_frees_it__removed),
		TEST(test_invoke_signal_handler__resethand__freed_and_removed),
		TEST(test_invoke_signal_handler__context_gone__nothing),
	};

	return cmocka_run_group_tests_name("signal", tests, group_setup, NULL);
}
