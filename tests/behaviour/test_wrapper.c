/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Wrapper contexts: W1 to W8.
 *
 * Every hook of the recording wrapper notes its name and keeps its arguments
 * in `seen`.  The stack of uses belongs to the process, so each case that
 * leaves something on it, or makes tevent_abort return from the middle of a
 * use, runs in a child.  The return value of push_use after such an abort is
 * unspecified.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

bool tevent_common_have_events(struct tevent_context *ev);
int tevent_common_wakeup_init(struct tevent_context *ev);
int tevent_common_wakeup(struct tevent_context *ev);
int tevent_common_context_destructor(struct tevent_context *ev);
void tevent_common_schedule_immediate(struct tevent_immediate *im, struct tevent_context *ev,
				      tevent_immediate_handler_t handler, void *private_data, const char *handler_name,
				      const char *location);
void tevent_abort(struct tevent_context *ev, const char *reason);
void tevent_debug(struct tevent_context *ev, enum tevent_debug_level level, const char *fmt, ...)
	PRINTF_ATTRIBUTE(3, 4);

/* ---- the recording wrapper ---- */

struct wrapper_state {
	int number;
	bool refuse;
};

static struct {
	struct tevent_context *wrap_ev;
	void *private_state;
	struct tevent_context *main_ev;
	const void *event;
	uint16_t flags;
	struct timeval requested;
	struct timeval trigger;
	int signum;
	int count;
	void *siginfo;
	const char *handler_name;
	const char *location;
} seen;

static void see(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev, const void *event,
		const char *handler_name, const char *location)
{
	memset(&seen, 0, sizeof(seen));
	seen.wrap_ev = wrap_ev;
	seen.private_state = private_state;
	seen.main_ev = main_ev;
	seen.event = event;
	seen.handler_name = handler_name;
	seen.location = location;
}

static bool before_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		       const char *location)
{
	struct wrapper_state *ws = private_state;

	note("before-use");
	see(wrap_ev, private_state, main_ev, NULL, NULL, location);
	return !ws->refuse;
}

static void after_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      const char *location)
{
	note("after-use");
	see(wrap_ev, private_state, main_ev, NULL, NULL, location);
}

#define FD_HOOK(name, word)                                                                                            \
	static void name(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,          \
			 struct tevent_fd *fde, uint16_t flags, const char *handler_name, const char *location)        \
	{                                                                                                              \
		note(word);                                                                                            \
		see(wrap_ev, private_state, main_ev, fde, handler_name, location);                                     \
		seen.flags = flags;                                                                                    \
	}

#define TIMER_HOOK(name, word)                                                                                         \
	static void name(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,          \
			 struct tevent_timer *te, struct timeval requested_time, struct timeval trigger_time,          \
			 const char *handler_name, const char *location)                                               \
	{                                                                                                              \
		note(word);                                                                                            \
		see(wrap_ev, private_state, main_ev, te, handler_name, location);                                      \
		seen.requested = requested_time;                                                                       \
		seen.trigger = trigger_time;                                                                           \
	}

#define IMMEDIATE_HOOK(name, word)                                                                                     \
	static void name(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,          \
			 struct tevent_immediate *im, const char *handler_name, const char *location)                  \
	{                                                                                                              \
		note(word);                                                                                            \
		see(wrap_ev, private_state, main_ev, im, handler_name, location);                                      \
	}

#define SIGNAL_HOOK(name, word)                                                                                        \
	static void name(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,          \
			 struct tevent_signal *se, int signum, int count, void *siginfo, const char *handler_name,     \
			 const char *location)                                                                         \
	{                                                                                                              \
		note(word);                                                                                            \
		see(wrap_ev, private_state, main_ev, se, handler_name, location);                                      \
		seen.signum = signum;                                                                                  \
		seen.count = count;                                                                                    \
		seen.siginfo = siginfo;                                                                                \
	}

FD_HOOK(before_fd, "before-fd")
FD_HOOK(after_fd, "after-fd")
TIMER_HOOK(before_timer, "before-timer")
TIMER_HOOK(after_timer, "after-timer")
IMMEDIATE_HOOK(before_immediate, "before-immediate")
IMMEDIATE_HOOK(after_immediate, "after-immediate")
SIGNAL_HOOK(before_signal, "before-signal")
SIGNAL_HOOK(after_signal, "after-signal")

static const struct tevent_wrapper_ops recording_ops = {
	.name = "recording",
	.before_use = before_use,
	.after_use = after_use,
	.before_fd_handler = before_fd,
	.after_fd_handler = after_fd,
	.before_timer_handler = before_timer,
	.after_timer_handler = after_timer,
	.before_immediate_handler = before_immediate,
	.after_immediate_handler = after_immediate,
	.before_signal_handler = before_signal,
	.after_signal_handler = after_signal,
};

/* The context under test, for handlers: note_ev() notes which one they got. */
static struct tevent_context *wrapper;

static struct tevent_context *wrap(struct tevent_context *ev, TALLOC_CTX *mem)
{
	struct wrapper_state *ws = NULL;

	wrapper = tevent_context_wrapper_create(ev, mem, &recording_ops, &ws, struct wrapper_state);
	return wrapper;
}

static struct tevent_context *wrapped(struct fixture *f)
{
	struct tevent_context *wrap_ev = wrap(f->ev, f->mem);

	assert_non_null(wrap_ev);
	return wrap_ev;
}

static void note_ev(struct tevent_context *ev)
{
	note("%s", ev == wrapper ? "wrapper" : "main");
}

static bool free_event;

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note_ev(ev);
	TEVENT_FD_NOT_READABLE(fde);
	if (free_event) {
		talloc_free(fde);
	}
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note_ev(ev);
	if (private_data != NULL) {
		*(struct timeval *)private_data = now;
	}
	if (free_event) {
		talloc_free(te);
	}
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note_ev(ev);
	if (free_event) {
		talloc_free(im);
	}
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note_ev(ev);
	if (free_event) {
		talloc_free(se);
	}
}

/* One event of each kind on ev, ready to run; the objects are children of mem. */
struct four {
	struct tevent_fd *fde;
	struct tevent_timer *te;
	struct tevent_immediate *im;
	struct tevent_signal *se;
	int fds[2];
};

static struct four add_four(TALLOC_CTX *mem, struct tevent_context *ev)
{
	struct four four;

	socket_pair(four.fds);
	four.fde = tevent_add_fd(ev, mem, four.fds[0], TEVENT_FD_READ, on_fd, NULL);
	four.te = tevent_add_timer(ev, mem, tevent_timeval_zero(), on_timer, NULL);
	four.im = tevent_create_immediate(mem);
	tevent_schedule_immediate(four.im, ev, on_immediate, NULL);
	four.se = tevent_add_signal(ev, mem, SIGUSR1, 0, on_signal, NULL);
	assert_true(four.fde != NULL && four.te != NULL && four.im != NULL && four.se != NULL);
	free_event = false;
	return four;
}

static void close_four(struct four *four)
{
	close_fd(&four->fds[0]);
	close_fd(&four->fds[1]);
}

struct tevent_fd *tevent_common_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location);

/* ---- W1: creation ---- */

/* W1: a talloc child of mem_ctx named like any context. */
static void test_wrapper_create__mem_ctx__is_its_named_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);

	assert_ptr_equal(talloc_parent(wrap_ev), f->mem);
	assert_string_equal(talloc_get_name(wrap_ev), "struct tevent_context");
}

/* W1: the state is zeroed and named after its type. */
static void test_wrapper_create__state__is_zeroed_and_named(void **state)
{
	struct fixture *f = fixture_of(state);
	struct wrapper_state zero = {0};
	struct wrapper_state *ws = NULL;

	assert_non_null(tevent_context_wrapper_create(f->ev, f->mem, &recording_ops, &ws, struct wrapper_state));
	assert_non_null(ws);
	assert_string_equal(talloc_get_name(ws), "struct wrapper_state");
	assert_memory_equal(ws, &zero, sizeof(zero));
}

static int note_state_gone(struct wrapper_state *ws)
{
	note("state-gone");
	return 0;
}

/* W1: the state is freed with the wrapper. */
static void test_wrapper_free__state__goes_with_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct wrapper_state *ws = NULL;
	struct tevent_context *wrap_ev =
		tevent_context_wrapper_create(f->ev, f->mem, &recording_ops, &ws, struct wrapper_state);

	talloc_set_destructor(ws, note_state_gone);
	assert_notes("");
	assert_int_equal(talloc_free(wrap_ev), 0);
	assert_notes("state-gone");
}

/* W1: on a wrapper: NULL, EINVAL, FATAL-level message on the main context. */
static void test_wrapper_create__on_a_wrapper__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);

	set_debug_recorder(f->ev);
	errno = 0;
	assert_null(wrap(wrap_ev, f->mem));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
}

/* W1: with nesting allowed: NULL, EINVAL, FATAL-level message. */
static void test_wrapper_create__nesting_allowed__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);

	set_debug_recorder(f->ev);
	tevent_loop_allow_nesting(f->ev);
	errno = 0;
	assert_null(wrap(f->ev, f->mem));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
}

/* F17: the helper that bypasses the table makes an object here as on any context */
static void test_common_add_fd__on_a_wrapper__flags_and_close_function_work(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	int fds[2];

	socket_pair(fds);
	struct tevent_fd *fde = tevent_common_add_fd(wrap_ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL, "h", "l");
	assert_non_null(fde);
	assert_int_equal(tevent_fd_get_flags(fde), TEVENT_FD_READ);
	tevent_fd_set_flags(fde, TEVENT_FD_WRITE);
	assert_int_equal(tevent_fd_get_flags(fde), TEVENT_FD_WRITE);
	tevent_fd_set_auto_close(fde);
	talloc_free(fde);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	close_fd(&fds[1]);
}

static void nested_turn(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	errno = 0;
	note("%d", tevent_loop_once(ev));
	note("%s", errno == ELOOP ? "ELOOP" : "-");
}

/* W1: allowing nesting while there is a wrapper: tevent_abort, and it stays disallowed. */
static void test_allow_nesting__context_has_a_wrapper__aborts_and_stays_disallowed(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	tevent_loop_allow_nesting(f->ev);
	assert_int_equal(abort_count, 1);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, nested_turn, NULL);
	turns(f->ev, 1);
	assert_notes("-1 ELOOP");
	assert_int_equal(abort_count, 2);
}

/* W1: once the wrapper is freed nesting may be allowed. */
static void test_allow_nesting__wrapper_freed__is_allowed(void **state)
{
	struct fixture *f = fixture_of(state);

	talloc_free(wrapped(f));
	record_aborts();
	tevent_loop_allow_nesting(f->ev);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, nested_turn, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 2);
	assert_notes("main main 0 -");
	assert_int_equal(abort_count, 0);
}

/* ---- W2: handlers and hooks ---- */

static void assert_seen(struct fixture *f, struct tevent_context *wrap_ev, const void *event, const char *handler_name)
{
	assert_ptr_equal(seen.wrap_ev, wrap_ev);
	assert_string_equal(talloc_get_name(seen.private_state), "struct wrapper_state");
	assert_ptr_equal(seen.main_ev, f->ev);
	assert_ptr_equal(seen.event, event);
	assert_string_equal(seen.handler_name, handler_name);
	assert_non_null(strstr(seen.location, "test_wrapper.c:"));
}

static const char *const points[] = {"attach", "detach", "trace-before"};

static void trace_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	note("%s%s", points[point], (const char *)private_data);
}

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	note("%s%s", points[point], (const char *)private_data);
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	note("%s%s", points[point], (const char *)private_data);
}

static void trace_signal(struct tevent_signal *se, enum tevent_event_trace_point point, void *private_data)
{
	note("%s%s", points[point], (const char *)private_data);
}

/* The four callbacks, with a letter for the kind (or without). */
static void trace_all(struct tevent_context *ev, bool letters)
{
	tevent_set_trace_fd_callback(ev, trace_fd, (void *)(uintptr_t)(letters ? "-f" : ""));
	tevent_set_trace_timer_callback(ev, trace_timer, (void *)(uintptr_t)(letters ? "-t" : ""));
	tevent_set_trace_immediate_callback(ev, trace_immediate, (void *)(uintptr_t)(letters ? "-i" : ""));
	tevent_set_trace_signal_callback(ev, trace_signal, (void *)(uintptr_t)(letters ? "-s" : ""));
}

static void trace_none(struct tevent_context *ev)
{
	tevent_set_trace_fd_callback(ev, NULL, NULL);
	tevent_set_trace_timer_callback(ev, NULL, NULL);
	tevent_set_trace_immediate_callback(ev, NULL, NULL);
	tevent_set_trace_signal_callback(ev, NULL, NULL);
}

/* W2: fd: hooks and trace around the handler, which gets the wrapper. */
static void test_wrapper_fd__ready__hooks_surround_the_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	struct tevent_fd *fde;
	int fds[2];

	socket_pair(fds);
	free_event = false;
	fde = tevent_add_fd(wrap_ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	trace_all(f->ev, false);
	write_byte(fds[1]);
	turns(f->ev, 1);
	assert_notes("before-fd trace-before wrapper after-fd");
	assert_seen(f, wrap_ev, fde, "on_fd");
	assert_int_equal(seen.flags, TEVENT_FD_READ);
	trace_none(f->ev);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* W2: timer: the hooks get the requested and the trigger time; DETACH follows them. */
static void test_wrapper_timer__due__hooks_surround_the_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	struct timeval when = in_ms(-1);
	struct timeval handler_time = {0, 0};
	struct tevent_timer *te;

	free_event = false;
	te = tevent_add_timer(wrap_ev, f->mem, when, on_timer, &handler_time);
	trace_all(f->ev, false);
	turns(f->ev, 1);
	assert_notes("before-timer trace-before wrapper after-timer detach");
	assert_seen(f, wrap_ev, te, "on_timer");
	assert_int_equal(tevent_timeval_compare(&seen.requested, &when), 0);
	assert_int_equal(tevent_timeval_compare(&seen.trigger, &handler_time), 0);
}

/* W2: immediate: hooks and trace around the handler; DETACH follows them. */
static void test_wrapper_immediate__scheduled__hooks_surround_the_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	free_event = false;
	tevent_schedule_immediate(im, wrap_ev, on_immediate, NULL);
	trace_all(f->ev, false);
	turns(f->ev, 1);
	assert_notes("before-immediate trace-before wrapper after-immediate detach");
	assert_seen(f, wrap_ev, im, "on_immediate");
}

static void on_info_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			   void *private_data)
{
	note_ev(ev);
	note("%s", siginfo == seen.siginfo ? "same-info" : "-");
}

/* W2: signal: number, count and siginfo of the call reach the hooks too. */
static void test_wrapper_signal__pending__hooks_surround_the_handler(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	struct tevent_signal *se = tevent_add_signal(wrap_ev, f->mem, SIGUSR1, SA_SIGINFO, on_info_signal, NULL);

	assert_non_null(se);
	trace_all(f->ev, false);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("before-signal trace-before wrapper same-info after-signal");
	assert_seen(f, wrap_ev, se, "on_info_signal");
	assert_int_equal(seen.signum, SIGUSR1);
	assert_int_equal(seen.count, 1);
	assert_non_null(seen.siginfo);
	trace_none(f->ev);
}

/* W2: after_* is called even if the handler freed its fd event; the trace is called at that moment. */
static void test_wrapper_fd__handler_frees_it__after_hook_comes(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds[2];

	socket_pair(fds);
	assert_non_null(tevent_add_fd(wrapped(f), f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL));
	free_event = true;
	trace_all(f->ev, false);
	write_byte(fds[1]);
	turns(f->ev, 1);
	assert_notes("before-fd trace-before wrapper detach after-fd");
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* W2: the same for a timer. */
static void test_wrapper_timer__handler_frees_it__after_hook_comes(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_timer(wrapped(f), f->mem, tevent_timeval_zero(), on_timer, NULL));
	free_event = true;
	trace_all(f->ev, false);
	turns(f->ev, 1);
	assert_notes("before-timer trace-before wrapper detach after-timer");
}

/* W2: the same for an immediate. */
static void test_wrapper_immediate__handler_frees_it__after_hook_comes(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapped(f), on_immediate, NULL);
	free_event = true;
	trace_all(f->ev, false);
	turns(f->ev, 1);
	assert_notes("before-immediate trace-before wrapper detach after-immediate");
}

/* W2: the same for a signal event. */
static void test_wrapper_signal__handler_frees_it__after_hook_comes(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_signal(wrapped(f), f->mem, SIGUSR1, 0, on_signal, NULL));
	free_event = true;
	trace_all(f->ev, false);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("before-signal trace-before wrapper detach after-signal");
}

static void free_the_wrapper(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct tevent_context **wrap_ev = private_data;

	note("in");
	TALLOC_FREE(*wrap_ev);
	note("out");
}

static void note_detach(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_DETACH) {
		note("detach");
	}
}

/* W6, E4: a timer of the main context frees the wrapper in its handler: the timer itself does not belong to the
 * wrapper. */
static void test_wrapper_free__in_a_timer_of_the_main_context__timer_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);

	assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), free_the_wrapper, &wrap_ev));
	tevent_set_trace_timer_callback(f->ev, note_detach, NULL);
	turns(f->ev, 1);
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	assert_notes("in out detach");
}

static void free_other_main(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			    void *private_data)
{
	struct tevent_context **other = private_data;

	note("handler");
	TALLOC_FREE(*other);
}

/* W2, F10: another context's turn runs the handler, which frees the main context: it cannot be passed to a hook any
 * more. */
static void test_wrapper_signal__handler_frees_the_main_context__no_after_hook(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = tevent_context_init_byname(f->mem, f->backend);
	struct tevent_context *other_wrapper = wrap(other, f->mem);

	DEVIATION("D5", "the wrapper keeps its place on the stack of uses there");
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR2, 0, on_signal, NULL));
	assert_non_null(tevent_add_signal(other_wrapper, f->mem, SIGUSR1, 0, free_other_main, &other));
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("before-signal handler");
	assert_null(other);
	talloc_free(other_wrapper);
}

/* W2: a NULL mem_ctx makes the event a child of the main context. */
static void test_wrapper_add__null_mem_ctx__is_a_child_of_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct four four;

	wrapped(f);
	four = add_four(NULL, wrapper);
	assert_ptr_equal(talloc_parent(four.fde), f->ev);
	assert_ptr_equal(talloc_parent(four.te), f->ev);
	assert_ptr_equal(talloc_parent(four.se), f->ev);
	talloc_free(four.im);
	talloc_free(four.fde);
	close_four(&four);
}

/* W2: the main context's own events see no hook, and share the loop's order. */
static void test_wrapper__main_contexts_events__are_not_wrapped(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);

	free_event = false;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrap_ev, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 3);
	assert_notes("main before-immediate wrapper after-immediate main");
}

/* W2: flags and time of a wrapper's events can be changed like any other event's. */
static void test_wrapper__events_changed__behave_as_changed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct four four;

	wrapped(f);
	four = add_four(f->mem, wrapper);
	write_byte(four.fds[1]);
	tevent_fd_set_flags(four.fde, 0);
	assert_int_equal(tevent_fd_get_flags(four.fde), 0);
	tevent_update_timer(four.te, in_ms(10000));
	talloc_free(four.im);
	settle(f->ev, 10);
	assert_notes("");
	TEVENT_FD_READABLE(four.fde);
	turns(f->ev, 1);
	assert_notes("before-fd wrapper after-fd");
	talloc_free(four.fde);
	close_four(&four);
}

/* ---- W3: uses ---- */

/* W3: before_use at push, after_use at pop, with wrapper, state, main context, location. */
static void test_push_use__wrapper__hooks_surround_the_use(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);

	assert_true(tevent_context_push_use(wrap_ev));
	assert_notes("before-use");
	assert_ptr_equal(seen.wrap_ev, wrap_ev);
	assert_ptr_equal(seen.main_ev, f->ev);
	assert_string_equal(talloc_get_name(seen.private_state), "struct wrapper_state");
	assert_non_null(strstr(seen.location, "test_wrapper.c:"));
	memset(&seen, 0, sizeof(seen));
	tevent_context_pop_use(wrap_ev);
	assert_notes("before-use after-use");
	assert_ptr_equal(seen.wrap_ev, wrap_ev);
	assert_ptr_equal(seen.main_ev, f->ev);
}

/* W3: before_use refuses: push_use returns false, the wrapper is not in use, and the next push works. */
static void test_push_use__before_use_refuses__is_not_used(void **state)
{
	struct fixture *f = fixture_of(state);
	struct wrapper_state *ws = NULL;
	struct tevent_context *wrap_ev =
		tevent_context_wrapper_create(f->ev, f->mem, &recording_ops, &ws, struct wrapper_state);

	record_aborts();
	ws->refuse = true;
	assert_false(tevent_context_push_use(wrap_ev));
	ws->refuse = false;
	assert_true(tevent_context_push_use(wrap_ev));
	tevent_context_pop_use(wrap_ev);
	assert_notes("before-use before-use after-use");
	assert_int_equal(abort_count, 0);
}

/* W3: a main context only takes a place on the stack, also several times. */
static void test_push_use__main_context__takes_places(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	assert_true(tevent_context_push_use(f->ev));
	assert_true(tevent_context_push_use(f->ev));
	tevent_context_pop_use(f->ev);
	tevent_context_pop_use(f->ev);
	assert_int_equal(abort_count, 0);
}

/* W3: uses nest: of wrappers, main contexts, and other loops. */
static void test_push_use__several_contexts__nest(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *one = wrapped(f);
	struct tevent_context *two = wrapped(f);
	struct tevent_context *other = another_context(f);

	record_aborts();
	assert_true(tevent_context_push_use(one));
	assert_true(tevent_context_push_use(other));
	assert_true(tevent_context_push_use(two));
	tevent_context_pop_use(two);
	tevent_context_pop_use(other);
	tevent_context_pop_use(one);
	assert_int_equal(abort_count, 0);
	assert_notes("before-use before-use after-use after-use");
}

static struct tevent_context *child_main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);

	child_assert(ev != NULL);
	record_aborts();
	clear_notes();
	return ev;
}

static struct tevent_context *child_wrapper(struct tevent_context *ev)
{
	struct tevent_context *wrap_ev = wrap(ev, NULL);

	child_assert(wrap_ev != NULL);
	return wrap_ev;
}

static void pop_the_wrong_one(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *one = child_wrapper(ev);
	struct tevent_context *two = child_wrapper(ev);

	child_assert(tevent_context_push_use(one));
	child_assert(tevent_context_push_use(two));
	child_assert(abort_count == 0);
	clear_notes();
	tevent_context_pop_use(one);
	child_assert(abort_count == 1);
	child_assert(running_on_oracle() || strstr(abort_reason, "test_wrapper.c") != NULL);
	child_assert(running_on_oracle() || strcmp(notes(), "") == 0); /* the use continues: no hook */
}

/* W3: a mismatch: tevent_abort. */
static void test_pop_use__not_the_last_pushed__aborts(void **state)
{
	assert_child_succeeds(pop_the_wrong_one, NULL);
}

static void pop_from_empty(void *arg)
{
	struct tevent_context *ev = child_main();

	set_debug_recorder(ev);
	tevent_context_pop_use(ev);
	child_assert(abort_count == 1);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 0);
}

/* W3: an empty stack: tevent_abort, by a main context without message. */
static void test_pop_use__empty_stack__aborts(void **state)
{
	assert_child_succeeds(pop_from_empty, NULL);
}

static void push_33(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *other = tevent_context_init(NULL);

	for (int i = 0; i < 16; i++) {
		child_assert(tevent_context_push_use(ev));
		child_assert(tevent_context_push_use(other));
	}
	child_assert(abort_count == 0);
	tevent_context_push_use(other);
	child_assert(abort_count == 1);
}

/* W3: 32 places, one stack for all contexts; the 33rd: tevent_abort. */
static void test_push_use__33rd_place__aborts(void **state)
{
	assert_child_succeeds(push_33, NULL);
}

static void push_twice(void *arg)
{
	struct tevent_context *wrap_ev = child_wrapper(child_main());

	child_assert(tevent_context_push_use(wrap_ev));
	child_assert(abort_count == 0);
	tevent_context_push_use(wrap_ev);
	child_assert(abort_count == 1);
}

/* W3: a wrapper that is in use already: tevent_abort. */
static void test_push_use__wrapper_in_use__aborts(void **state)
{
	assert_child_succeeds(push_twice, NULL);
}

static void push_33_logged(void *arg)
{
	struct tevent_context *ev = child_main();

	set_debug_recorder(ev);
	for (int i = 0; i < 32; i++) {
		child_assert(tevent_context_push_use(ev));
	}
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 0);
	tevent_context_push_use(ev);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
}

static void push_twice_logged(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *wrap_ev = child_wrapper(ev);

	set_debug_recorder(ev);
	child_assert(tevent_context_push_use(wrap_ev));
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 0);
	tevent_context_push_use(wrap_ev);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
}

static void pop_from_empty_logged(void *arg)
{
	struct tevent_context *ev = child_main();

	set_debug_recorder(ev);
	tevent_context_pop_use(child_wrapper(ev));
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
}

static void pop_the_wrong_one_logged(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *wrap_ev = child_wrapper(ev);

	set_debug_recorder(ev);
	child_assert(tevent_context_push_use(wrap_ev));
	child_assert(tevent_context_push_use(ev));
	tevent_context_pop_use(wrap_ev);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
}

/* C20, W4: misuse of push and pop is first reported to the main context's debug function */
static void test_use__misuse__sends_a_fatal_message(void **state)
{
	assert_child_succeeds(push_33_logged, NULL);
	assert_child_succeeds(push_twice_logged, NULL);
	assert_child_succeeds(pop_from_empty_logged, NULL);
	assert_child_succeeds(pop_the_wrong_one_logged, NULL);
}

static void push_own(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_context_push_use(ev);
	_exit(abort_count == 1 ? 0 : 99);
}

static void push_in_own_handler(void *arg)
{
	struct tevent_context *ev = child_main();

	tevent_schedule_immediate(tevent_create_immediate(ev), child_wrapper(ev), push_own, NULL);
	tevent_loop_once(ev);
	child_assert(false);
}

/* W3: so does using it in its own running handler. */
static void test_push_use__in_its_own_handler__aborts(void **state)
{
	assert_child_succeeds(push_in_own_handler, NULL);
}

static void push_other(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct tevent_context *other = private_data;

	note("%s", tevent_context_push_use(other) ? "used" : "refused");
	tevent_context_pop_use(other);
}

/* W3: another wrapper may be used in a wrapper's handler. */
static void test_push_use__in_another_wrappers_handler__is_used(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *one = wrapped(f);
	struct tevent_context *two = wrapped(f);

	record_aborts();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), one, push_other, two);
	turns(f->ev, 1);
	assert_notes("before-immediate before-use used after-use after-immediate");
	assert_int_equal(abort_count, 0);
}

static void push_32_times(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	for (int i = 0; i < 31; i++) {
		child_assert(tevent_context_push_use(private_data));
	}
	child_assert(abort_count == 0);
	tevent_context_push_use(private_data);
	_exit(abort_count == 1 ? 0 : 99);
}

static void count_places_in_handler(void *arg)
{
	struct tevent_context *ev = child_main();

	tevent_schedule_immediate(tevent_create_immediate(ev), child_wrapper(ev), push_32_times, ev);
	tevent_loop_once(ev);
	child_assert(false);
}

/* W3: a running wrapper handler takes a place. */
static void test_push_use__in_a_wrappers_handler__31_places_are_left(void **state)
{
	assert_child_succeeds(count_places_in_handler, NULL);
}

static void push_after_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			   const char *location)
{
	note("%s", tevent_context_push_use(main_ev) ? "used" : "refused");
}

static void pop_on_a_full_stack(void *arg)
{
	struct tevent_wrapper_ops ops = recording_ops;
	struct tevent_context *ev = child_main();
	struct tevent_context *wrap_ev;
	struct wrapper_state *ws = NULL;

	ops.after_use = push_after_use;
	wrap_ev = tevent_context_wrapper_create(ev, NULL, &ops, &ws, struct wrapper_state);
	for (int i = 0; i < 31; i++) {
		child_assert(tevent_context_push_use(ev));
	}
	child_assert(tevent_context_push_use(wrap_ev));
	tevent_context_pop_use(wrap_ev);
	child_assert(abort_count == 0);
	child_assert(strcmp(notes(), "before-use used") == 0);
}

/* W3: after_use is called when the place is free again. */
static void test_pop_use__full_stack__after_use_finds_a_place(void **state)
{
	assert_child_succeeds(pop_on_a_full_stack, NULL);
}

/* ---- W4: what a wrapper can't do ---- */

static bool is_finished(void *private_data)
{
	return false;
}

/* W4: tevent_loop_once: tevent_abort, -1, ENOSYS, and nothing runs. */
static void test_loop_once__on_a_wrapper__aborts_with_enosys(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapped(f), on_immediate, NULL);
	record_aborts();
	errno = 0;
	assert_int_equal(tevent_loop_once(wrapper), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(abort_count, 1);
	assert_notes("");
	assert_true(running_on_oracle() || strstr(abort_reason, "test_wrapper.c") != NULL);
}

/* W4: tevent_loop_wait. */
static void test_loop_wait__on_a_wrapper__aborts_with_enosys(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	errno = 0;
	assert_int_equal(tevent_loop_wait(wrapper), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(abort_count, 1);
}

/* W4: tevent_loop_until. */
static void test_loop_until__on_a_wrapper__aborts_with_enosys(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	errno = 0;
	assert_int_equal(tevent_loop_until(wrapper, is_finished, NULL), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(abort_count, 1);
}

static void re_initialise_wrapper(void *arg)
{
	struct tevent_context *wrap_ev = child_wrapper(child_main());

	errno = 0;
	child_assert(tevent_re_initialise(wrap_ev) == -1);
	child_assert(errno == ENOSYS);
	child_assert(abort_count >= 1); /* 0.14.1: twice */
}

/* W4: tevent_re_initialise. */
static void test_re_initialise__on_a_wrapper__aborts_with_enosys(void **state)
{
	assert_child_succeeds(re_initialise_wrapper, NULL);
}

/* W4, C20: after that the wrapper and its events are as they were. */
static void test_re_initialise__on_a_wrapper__changes_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "leaves dangling pointers there when the abort function returns");
	free_event = false;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapped(f), on_immediate, NULL);
	record_aborts();
	tevent_re_initialise(wrapper);
	turns(f->ev, 1);
	assert_notes("before-immediate wrapper after-immediate");
	assert_true(tevent_context_same_loop(f->ev, wrapper));
}

static void no_debug(void *context, enum tevent_debug_level level, const char *fmt, va_list ap) PRINTF_ATTRIBUTE(3, 0);

static void no_debug(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	note("wrong");
}

/* W4: tevent_set_debug: tevent_abort, -1, EINVAL; the main context keeps its function. */
static void test_set_debug__on_a_wrapper__aborts_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	errno = 0;
	assert_int_equal(tevent_set_debug(wrapper, no_debug, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(abort_count, 1);
	set_debug_recorder(f->ev);
	tevent_debug(f->ev, TEVENT_DEBUG_ERROR, "x\n");
	tevent_debug(wrapper, TEVENT_DEBUG_ERROR, "x\n");
	assert_notes("");
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 2);
}

/* W4: tevent_set_debug_stderr. */
static void test_set_debug_stderr__on_a_wrapper__aborts_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	errno = 0;
	assert_int_equal(tevent_set_debug_stderr(wrapper), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(abort_count, 1);
}

static void trace_loop(enum tevent_trace_point point, void *private_data)
{
	note("wrong");
}

static void trace_queue(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *private_data)
{
	note("wrong");
}

/* W4: setting any trace callback: tevent_abort, nothing set. */
static void test_set_trace_callback__on_a_wrapper__aborts_and_sets_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct four four;

	wrapped(f);
	record_aborts();
	tevent_set_trace_callback(wrapper, trace_loop, NULL);
	assert_int_equal(abort_count, 1);
	tevent_set_trace_fd_callback(wrapper, trace_fd, (void *)(uintptr_t) "");
	assert_int_equal(abort_count, 2);
	tevent_set_trace_signal_callback(wrapper, trace_signal, (void *)(uintptr_t) "");
	assert_int_equal(abort_count, 3);
	tevent_set_trace_timer_callback(wrapper, trace_timer, (void *)(uintptr_t) "");
	assert_int_equal(abort_count, 4);
	tevent_set_trace_immediate_callback(wrapper, trace_immediate, (void *)(uintptr_t) "");
	assert_int_equal(abort_count, 5);
	tevent_set_trace_queue_callback(wrapper, trace_queue, NULL);
	assert_int_equal(abort_count, 6);
	four = add_four(f->mem, wrapper);
	turns(f->ev, 2);
	assert_notes("before-immediate wrapper after-immediate before-timer wrapper after-timer");
	talloc_free(four.fde);
	close_four(&four);
}

/* W4: tevent_loop_allow_nesting: tevent_abort, nothing: neither of them may nest. */
static void test_allow_nesting__on_a_wrapper__aborts_and_allows_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	tevent_loop_allow_nesting(wrapper);
	assert_int_equal(abort_count, 1);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, nested_turn, NULL);
	turns(f->ev, 1);
	assert_notes("-1 ELOOP");
}

static void turn_on_wrapper(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	errno = 0;
	note("%d", tevent_loop_once(ev));
	note("%s", errno == ENOSYS ? "ENOSYS" : "-");
}

/* W4: the same inside the wrapper's own handler. */
static void test_loop_once__on_a_wrapper_in_its_handler__aborts_with_enosys(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapped(f), turn_on_wrapper, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate -1 ENOSYS after-immediate");
	assert_int_equal(abort_count, 1);
}

/* W4: a wrapper's wait timeout has no effect: its main context still waits. */
static void test_set_wait_timeout__on_a_wrapper__has_no_effect(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	wrapped(f);
	free_event = false;
	tevent_context_set_wait_timeout(wrapper, 0);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 30), 30);
	tevent_add_timer(wrapper, f->mem, in_ms(1), on_timer, NULL);
	turns(f->ev, 1);
	assert_notes("before-timer wrapper after-timer");
}

/* W4, C13: a wrapper's wait timeout is 0 until it is set, and has no effect: the main context's counts. */
static void test_set_wait_timeout__on_a_wrapper__begins_with_0_and_has_no_effect(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	wrapped(f);
	assert_int_equal(tevent_context_set_wait_timeout(wrapper, 7), 0);
	assert_int_equal(tevent_context_set_wait_timeout(wrapper, 8), 7);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 30), 30);
}

/* W4: a wrapper's maximum debug level has no effect: the main context's counts. */
static void test_set_max_debug_level__on_a_wrapper__has_no_effect(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	wrapped(f);
	set_debug_recorder(f->ev);
	tevent_set_max_debug_level(wrapper, TEVENT_DEBUG_TRACE);
	tevent_debug(wrapper, TEVENT_DEBUG_TRACE, "x\n");
	tevent_debug(f->ev, TEVENT_DEBUG_TRACE, "x\n");
	assert_int_equal(debug_messages[TEVENT_DEBUG_TRACE], 0);
	tevent_set_max_debug_level(wrapper, TEVENT_DEBUG_FATAL);
	tevent_debug(wrapper, TEVENT_DEBUG_WARNING, "x\n");
	assert_int_equal(debug_messages[TEVENT_DEBUG_WARNING], 1);
}

/* W4: debug and abort messages on a wrapper are passed to the main context's function. */
static void test_debug__on_a_wrapper__goes_to_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	set_debug_recorder(f->ev);
	record_aborts();
	tevent_debug(wrapper, TEVENT_DEBUG_ERROR, "x\n");
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 1);
	tevent_abort(wrapper, "reason");
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
	assert_int_equal(abort_count, 1);
	assert_string_equal(abort_reason, "reason");
}

/* W4: without a main context they are dropped. */
static void test_debug__on_a_wrapper_without_main__goes_nowhere(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "undefined there");
	wrapped(f);
	set_debug_recorder(f->ev);
	record_aborts();
	TALLOC_FREE(f->ev);
	tevent_debug(wrapper, TEVENT_DEBUG_ERROR, "x\n");
	tevent_abort(wrapper, "reason");
	assert_int_equal(abort_count, 1);
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR] + debug_messages[TEVENT_DEBUG_FATAL], 0);
}

/* ---- W5: freeing ---- */

/* Detached events are harmless memory. */
static void assert_four_are_loose(struct fixture *f, struct four *four)
{
	clear_notes();
	raise(SIGUSR1);
	write_byte(four->fds[1]);
	settle(f->ev, 10);
	assert_notes("");
	assert_int_equal(tevent_fd_get_flags(four->fde), 0);
	tevent_fd_set_flags(four->fde, TEVENT_FD_READ);
	assert_int_equal(tevent_fd_get_flags(four->fde), 0);
	tevent_schedule_immediate(four->im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("main");
	assert_int_equal(talloc_free(four->fde), 0);
	assert_int_equal(talloc_free(four->te), 0);
	assert_int_equal(talloc_free(four->im), 0);
	assert_int_equal(talloc_free(four->se), 0);
	close_four(four);
}

static void ignore_signal(int signum)
{
}

/* W5, C8: freeing the wrapper takes its events off the loop; they stay harmless memory. */
static void test_wrapper_free__with_events__cuts_them_loose(void **state)
{
	struct fixture *f = fixture_of(state);
	void (*before)(int) = signal(SIGUSR1, ignore_signal);
	struct four four;

	wrapped(f);
	four = add_four(f->mem, wrapper);
	assert_int_equal(talloc_free(wrapper), 0);
	assert_four_are_loose(f, &four);
	signal(SIGUSR1, before);
}

/* W5: the main context's and other wrappers' events stay. */
static void test_wrapper_free__others_events__stay(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *one = wrapped(f);
	struct tevent_context *two = wrapped(f);

	free_event = false;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), one, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), two, on_immediate, NULL);
	talloc_free(one);
	turns(f->ev, 2);
	settle(f->ev, 5);
	assert_notes("main before-immediate wrapper after-immediate");
}

/* W5, O4: the detached signal event gets its DETACH, and no second one when it is freed. */
static void test_wrapper_free__signal_event__is_traced_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se = tevent_add_signal(wrapped(f), f->mem, SIGUSR1, 0, on_signal, NULL);

	tevent_set_trace_signal_callback(f->ev, trace_signal, (void *)(uintptr_t) "");
	talloc_free(wrapper);
	assert_notes("detach");
	talloc_free(se);
	assert_notes("detach");
}

static void assert_four_detached_once(void)
{
	assert_non_null(strstr(notes(), "detach-f"));
	assert_non_null(strstr(notes(), "detach-t"));
	assert_non_null(strstr(notes(), "detach-i"));
	assert_non_null(strstr(notes(), "detach-s"));
	assert_int_equal(strlen(notes()), strlen("detach-f detach-t detach-i detach-s"));
}

/* W5, O4: fds, timers and immediates likewise. */
static void test_wrapper_free__four_events__are_traced_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct four four;

	DEVIATION("D7", "no DETACH for timers and immediates there (in 0.14.1 nor for fds)");
	wrapped(f);
	four = add_four(f->mem, wrapper);
	trace_all(f->ev, true);
	talloc_free(wrapper);
	assert_four_detached_once();
	talloc_free(four.fde);
	talloc_free(four.te);
	talloc_free(four.im);
	talloc_free(four.se);
	assert_four_detached_once();
	close_four(&four);
}

static void try_everything(struct tevent_context *ev)
{
	int before = abort_count;

	note("%s", tevent_add_fd(ev, ev, 0, 0, on_fd, NULL) == NULL ? "null" : "-");
	note("%s", tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL) == NULL ? "null" : "-");
	note("%s", tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL) == NULL ? "null" : "-");
	note("aborts:%d", abort_count - before);
}

static void free_wrapper_in_handler(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("free:%d", talloc_free(ev));
}

static struct tevent_context *traced_wrapper(struct fixture *f)
{
	struct wrapper_state *ws = NULL;

	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &recording_ops, &ws, struct wrapper_state);
	talloc_set_destructor(ws, note_state_gone);
	return wrapper;
}

/* W5, F10: in its own handler talloc_free returns -1; the wrapper is freed
 * after after_*. */
static void test_wrapper_free__in_its_own_handler__goes_after_the_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), traced_wrapper(f), free_wrapper_in_handler, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate free:-1 after-immediate state-gone");
	assert_int_equal(abort_count, 0);
}

static void free_wrapper_on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("free:%d", talloc_free(ev));
}

static void free_wrapper_on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now,
				  void *private_data)
{
	note("free:%d", talloc_free(ev));
}

static void free_wrapper_on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count,
				   void *siginfo, void *private_data)
{
	note("free:%d", talloc_free(ev));
}

/* W5: the same in a handler of an fd; the event stays, detached. */
static void test_wrapper_free__in_its_own_fd_handler__goes_after_the_hook(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	socket_pair(fds);
	fde = tevent_add_fd(traced_wrapper(f), f->mem, fds[0], TEVENT_FD_READ, free_wrapper_on_fd, NULL);
	write_byte(fds[1]);
	turns(f->ev, 1);
	settle(f->ev, 5);
	assert_notes("before-fd free:-1 after-fd state-gone");
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_int_equal(talloc_free(fde), 0);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* W5: the same in a handler of a timer. */
static void test_wrapper_free__in_its_own_timer_handler__goes_after_the_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(
		tevent_add_timer(traced_wrapper(f), f->mem, tevent_timeval_zero(), free_wrapper_on_timer, NULL));
	turns(f->ev, 1);
	settle(f->ev, 5);
	assert_notes("before-timer free:-1 after-timer state-gone");
}

/* W5: the same in a handler of a signal. */
static void test_wrapper_free__in_its_own_signal_handler__goes_after_the_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_signal(traced_wrapper(f), f->mem, SIGUSR1, 0, free_wrapper_on_signal, NULL));
	raise(SIGUSR1);
	turns(f->ev, 1);
	settle(f->ev, 5);
	assert_notes("before-signal free:-1 after-signal state-gone");
}

static int note_signal_gone(char *child)
{
	note("event-gone");
	return 0;
}

/* W5: the signal event stays too, as harmless memory. */
static void test_wrapper_free__in_its_own_signal_handler__the_event_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	DEVIATION("D5", "the event whose handler runs is freed there");
	se = tevent_add_signal(traced_wrapper(f), f->mem, SIGUSR1, 0, free_wrapper_on_signal, NULL);
	talloc_set_destructor(talloc_strdup(se, "child"), note_signal_gone);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("before-signal free:-1 after-signal state-gone");
	assert_int_equal(talloc_free(se), 0);
	assert_notes("before-signal free:-1 after-signal state-gone event-gone");
}

static void free_and_use(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(ev);
	try_everything(ev);
	note("%s", strstr(abort_reason, "use after free") != NULL ? "use-after-free" : abort_reason);
}

/* W5: until it is freed, adding to it: tevent_abort ("use after free"), NULL. */
static void test_wrapper_free__in_its_own_handler_then_used__aborts(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), traced_wrapper(f), free_and_use, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate null null null aborts:3 use-after-free after-immediate state-gone");
}

static void free_twice(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(ev);
	note("aborts:%d", abort_count);
	talloc_free(ev);
	note("aborts:%d", abort_count);
	note("%s", strstr(abort_reason, "double free") != NULL ? "double-free" : abort_reason);
}

static void note_detach_of_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_DETACH) {
		note("detach");
	}
}

static void note_detach_of_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point,
				     void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_DETACH) {
		note("detach");
	}
}

/* W5: freed in an event's handler, it detaches that event at once too: the trace shows this before the call returns.
 */
static void test_wrapper_free__in_its_own_handlers__running_event_is_loose_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D7", "timers and immediates of a freed wrapper get no DETACH");
	tevent_set_trace_timer_callback(f->ev, note_detach_of_timer, NULL);
	tevent_set_trace_immediate_callback(f->ev, note_detach_of_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), traced_wrapper(f), free_wrapper_in_handler, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate detach free:-1 after-immediate state-gone");
	clear_notes();
	assert_non_null(
		tevent_add_timer(traced_wrapper(f), f->mem, tevent_timeval_zero(), free_wrapper_on_timer, NULL));
	turns(f->ev, 1);
	assert_notes("before-timer detach free:-1 after-timer state-gone");
	trace_none(f->ev);
}

/* W5: freeing it again in there: tevent_abort ("double free"). */
static void test_wrapper_free__twice_in_its_own_handler__aborts(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), traced_wrapper(f), free_twice, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate aborts:0 aborts:1 double-free after-immediate state-gone");
}

/* W5: freed between push and pop: -1; its events are detached; the wrapper is freed at the pop, after after_use. */
static void test_wrapper_free__between_push_and_pop__goes_at_the_pop(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "undefined there");
	traced_wrapper(f);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapper, on_immediate, NULL);
	record_aborts();
	assert_true(tevent_context_push_use(wrapper));
	assert_int_equal(talloc_free(wrapper), -1);
	settle(f->ev, 5);
	assert_notes("before-use");
	tevent_context_pop_use(wrapper);
	assert_notes("before-use after-use state-gone");
	assert_int_equal(abort_count, 0);
}

/* W5: the same with use and double free before the pop. */
static void test_wrapper_free__between_push_and_pop_then_used__aborts(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "undefined there");
	traced_wrapper(f);
	record_aborts();
	assert_true(tevent_context_push_use(wrapper));
	talloc_free(wrapper);
	try_everything(wrapper);
	assert_int_equal(errno, EINVAL);
	assert_notes("before-use null null null aborts:3");
	assert_non_null(strstr(abort_reason, "use after free"));
	talloc_free(wrapper);
	assert_non_null(strstr(abort_reason, "double free"));
	tevent_context_pop_use(wrapper);
	assert_notes("before-use null null null aborts:3 after-use state-gone");
}

/* W5: the main context is freed: adding fails with EINVAL. */
static void test_wrapper_add__main_context_freed__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	TALLOC_FREE(f->ev);
	errno = 0;
	assert_null(tevent_add_fd(wrapper, f->mem, 0, 0, on_fd, NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(tevent_add_timer(wrapper, f->mem, tevent_timeval_zero(), on_timer, NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(tevent_add_signal(wrapper, f->mem, SIGUSR1, 0, on_signal, NULL));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(abort_count, 0);
}

/* W5: scheduling an immediate then: tevent_abort, EINVAL; it stays idle. */
static void test_wrapper_schedule__main_context_freed__aborts_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D5", "logs on a wrapper without main context there");
	wrapped(f);
	record_aborts();
	TALLOC_FREE(f->ev);
	errno = 0;
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(abort_count, 1);
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	turns(other, 1);
	assert_notes("main");
}

/* W5, I2: an earlier scheduling, in any context, is cancelled all the same. */
static void test_wrapper_schedule__main_context_freed__waiting_elsewhere_is_cancelled(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D5", "a message on a wrapper without main context crashes there");
	wrapped(f);
	TALLOC_FREE(f->ev);
	record_aborts();
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	assert_int_equal(abort_count, 1);
	assert_false(tevent_common_have_events(other));
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	tevent_schedule_immediate(im, wrapper, NULL, NULL);
	assert_int_equal(abort_count, 1);
	assert_false(tevent_common_have_events(other));
}

/* W5: push_use is false then, without before_use; freeing the wrapper works. */
static void test_push_use__main_context_freed__is_false(void **state)
{
	struct fixture *f = fixture_of(state);

	traced_wrapper(f);
	record_aborts();
	TALLOC_FREE(f->ev);
	assert_false(tevent_context_push_use(wrapper));
	assert_notes("");
	assert_int_equal(talloc_free(wrapper), 0);
	assert_notes("state-gone");
	assert_int_equal(abort_count, 0);
}

/* W5: freed between push and pop: pop calls no after_use. */
static void test_pop_use__main_context_freed_meanwhile__calls_no_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	record_aborts();
	assert_true(tevent_context_push_use(wrapper));
	TALLOC_FREE(f->ev);
	tevent_context_pop_use(wrapper);
	assert_notes("before-use");
	assert_int_equal(abort_count, 0);
	assert_int_equal(talloc_free(wrapper), 0);
}

/* W5, C8: freeing the main context detaches the wrappers' events too. */
static void test_main_free__wrapper_has_events__are_cut_loose(void **state)
{
	struct fixture *f = fixture_of(state);
	void (*before)(int) = signal(SIGUSR1, ignore_signal);
	struct four four;

	wrapped(f);
	four = add_four(f->mem, wrapper);
	TALLOC_FREE(f->ev);
	f->ev = another_context(f);
	assert_four_are_loose(f, &four);
	signal(SIGUSR1, before);
}

static void pop_a_wrapper_from_empty(void *arg)
{
	struct tevent_context *wrap_ev = child_wrapper(child_main());

	tevent_context_pop_use(wrap_ev);
	child_assert(abort_count == 1);
	child_assert(strcmp(notes(), "") == 0);
}

/* W3: no hook is called for a use that never began. */
static void test_pop_use__wrapper_and_empty_stack__calls_no_hook(void **state)
{
	DEVIATION("D5", "undefined there once the abort function returned");
	assert_child_succeeds(pop_a_wrapper_from_empty, NULL);
}

static void push_twice_without_hook(void *arg)
{
	struct tevent_context *wrap_ev = child_wrapper(child_main());

	child_assert(tevent_context_push_use(wrap_ev));
	child_assert(!tevent_context_push_use(wrap_ev));
	child_assert(strcmp(notes(), "before-use") == 0);
	child_assert(abort_count == 1);
	tevent_context_pop_use(wrap_ev);
	child_assert(strcmp(notes(), "before-use after-use") == 0);
	child_assert(abort_count == 1);
}

/* W3: a refused second use does not count as a use. */
static void test_push_use__wrapper_in_use__calls_no_hook(void **state)
{
	DEVIATION("D5", "undefined there once the abort function returned");
	assert_child_succeeds(push_twice_without_hook, NULL);
}

static void free_in_a_handler_while_pushed(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *wrap_ev;
	struct wrapper_state *ws = NULL;

	wrap_ev = tevent_context_wrapper_create(ev, NULL, &recording_ops, &ws, struct wrapper_state);
	talloc_set_destructor(ws, note_state_gone);
	child_assert(tevent_context_push_use(wrap_ev));
	tevent_schedule_immediate(tevent_create_immediate(ev), wrap_ev, free_wrapper_in_handler, NULL);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(abort_count == 1); /* its handler found it in use */
	child_assert(strcmp(notes(), "before-use before-immediate free:-1 after-immediate") == 0);
	tevent_context_pop_use(wrap_ev);
	child_assert(strcmp(notes(), "before-use before-immediate free:-1 after-immediate after-use state-gone") == 0);
}

/* W5: freed in a handler while it is also pushed: the memory stays until both have ended. */
static void test_wrapper_free__in_a_handler_while_pushed__goes_at_the_pop(void **state)
{
	DEVIATION("D5", "undefined there once the abort function returned");
	assert_child_succeeds(free_in_a_handler_while_pushed, NULL);
}

/* W1: on a wrapper without a main context: the same, but without a message. */
static void test_wrapper_create__on_a_wrapper_without_main__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *orphan;

	DEVIATION("D5", "logs on a wrapper without main context there");
	orphan = wrapped(f);
	TALLOC_FREE(f->ev);
	errno = 0;
	assert_null(wrap(orphan, f->mem));
	assert_int_equal(errno, EINVAL);
}

static int refused_schedules;

static void refusing_schedule_immediate(struct tevent_immediate *im, struct tevent_context *ev,
					tevent_immediate_handler_t handler, void *private_data,
					const char *handler_name, const char *location)
{
	if (refused_schedules-- <= 0) {
		tevent_common_schedule_immediate(im, ev, handler, private_data, handler_name, location);
	}
}

/* W8, C24: an immediate that the main context's table did not take belongs to no wrapper. */
static void test_schedule_immediate__main_tables_function_does_nothing__belongs_to_nobody(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_context *ev;

	DEVIATION("D12", "it runs with the wrapper");
	ops.schedule_immediate = refusing_schedule_immediate;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_non_null(wrap(ev, f->mem));
	refused_schedules = 1;
	free_event = false;
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	turns(ev, 1);
	assert_notes("main");
	talloc_free(ev);
}

/* ---- W5: freed by its own hooks ---- */

static void free_it(struct tevent_context *wrap_ev)
{
	note("free:%d", talloc_free(wrap_ev));
}

static void fd_hook_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			  struct tevent_fd *fde, uint16_t flags, const char *handler_name, const char *location)
{
	free_it(wrap_ev);
}

static void timer_hook_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			     struct tevent_timer *te, struct timeval requested, struct timeval trigger,
			     const char *handler_name, const char *location)
{
	free_it(wrap_ev);
}

static void immediate_hook_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
				 struct tevent_immediate *im, const char *handler_name, const char *location)
{
	free_it(wrap_ev);
}

static void signal_hook_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			      struct tevent_signal *se, int signum, int count, void *siginfo, const char *handler_name,
			      const char *location)
{
	free_it(wrap_ev);
}

static void use_hook_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			   const char *location)
{
	free_it(wrap_ev);
}

static bool before_use_frees(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			     const char *location)
{
	bool used = !((struct wrapper_state *)private_state)->refuse;

	free_it(wrap_ev);
	return used;
}

static struct wrapper_state *wrap_with(struct fixture *f, const struct tevent_wrapper_ops *ops)
{
	struct wrapper_state *ws = NULL;

	wrapper = tevent_context_wrapper_create(f->ev, f->mem, ops, &ws, struct wrapper_state);
	assert_non_null(wrapper);
	talloc_set_destructor(ws, note_state_gone);
	return ws;
}

/* One event of each kind in turn, on a wrapper of its own whose hooks are these. */
static void run_each_kind(struct fixture *f, const struct tevent_wrapper_ops *ops)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_signal *se;
	struct tevent_fd *fde;
	int fds[2];

	free_event = false;
	wrap_with(f, ops);
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	turns(f->ev, 1);
	wrap_with(f, ops);
	assert_non_null(tevent_add_timer(wrapper, f->mem, tevent_timeval_zero(), on_timer, NULL));
	turns(f->ev, 1);
	wrap_with(f, ops);
	se = tevent_add_signal(wrapper, f->mem, SIGUSR1, 0, on_signal, NULL);
	assert_non_null(se);
	raise(SIGUSR1);
	turns(f->ev, 1);
	talloc_free(se);
	wrap_with(f, ops);
	socket_pair(fds);
	fde = tevent_add_fd(wrapper, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	assert_non_null(fde);
	write_byte(fds[1]);
	settle(f->ev, 5);
	talloc_free(fde);
	talloc_free(im);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* W5, D5: freed in a hook before a handler: -1; the handler is called, and the wrapper is freed after after_*. */
static void test_wrapper_free__in_its_before_hooks__goes_after_the_after_hook(void **state)
{
	struct tevent_wrapper_ops ops = recording_ops;

	DEVIATION("D5", "undefined there");
	ops.before_fd_handler = fd_hook_frees;
	ops.before_timer_handler = timer_hook_frees;
	ops.before_immediate_handler = immediate_hook_frees;
	ops.before_signal_handler = signal_hook_frees;
	record_aborts();
	run_each_kind(fixture_of(state), &ops);
	assert_notes("free:-1 wrapper after-immediate state-gone free:-1 wrapper after-timer state-gone "
		     "free:-1 wrapper after-signal state-gone free:-1 wrapper after-fd state-gone");
	assert_int_equal(abort_count, 0);
}

/* W5, D5: freed in a hook after a handler: -1; the memory is freed when the hook has returned. */
static void test_wrapper_free__in_its_after_hooks__goes_then(void **state)
{
	struct tevent_wrapper_ops ops = recording_ops;

	DEVIATION("D5", "undefined there");
	ops.after_fd_handler = fd_hook_frees;
	ops.after_timer_handler = timer_hook_frees;
	ops.after_immediate_handler = immediate_hook_frees;
	ops.after_signal_handler = signal_hook_frees;
	record_aborts();
	run_each_kind(fixture_of(state), &ops);
	assert_notes("before-immediate wrapper free:-1 state-gone before-timer wrapper free:-1 state-gone "
		     "before-signal wrapper free:-1 state-gone before-fd wrapper free:-1 state-gone");
	assert_int_equal(abort_count, 0);
}

/* W5: after_use is called when the use has ended: freeing the wrapper in it takes effect at once. */
static void test_wrapper_free__in_after_use__goes_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_wrapper_ops ops = recording_ops;

	ops.after_use = use_hook_frees;
	record_aborts();
	wrap_with(f, &ops);
	assert_true(tevent_context_push_use(wrapper));
	tevent_context_pop_use(wrapper);
	assert_notes("before-use state-gone free:0");
	assert_int_equal(abort_count, 0);
}

/* W5, D5: freed during the use and once more in after_use: "double free"; the memory is freed after the hook. */
static void test_wrapper_free__in_use_and_in_after_use__aborts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_wrapper_ops ops = recording_ops;

	DEVIATION("D5", "undefined there");
	ops.after_use = use_hook_frees;
	record_aborts();
	wrap_with(f, &ops);
	assert_true(tevent_context_push_use(wrapper));
	free_it(wrapper);
	tevent_context_pop_use(wrapper);
	assert_notes("before-use free:-1 free:-1 state-gone");
	assert_int_equal(abort_count, 1);
	assert_non_null(strstr(abort_reason, "double free"));
}

/* W5, D5: freed in before_use: it is in use, so its memory is freed at the pop; if before_use refuses, right after the
 * hook. */
static void test_wrapper_free__in_before_use__goes_when_the_use_ends(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_wrapper_ops ops = recording_ops;

	DEVIATION("D5", "undefined there");
	ops.before_use = before_use_frees;
	record_aborts();
	wrap_with(f, &ops);
	assert_true(tevent_context_push_use(wrapper));
	assert_notes("free:-1");
	tevent_context_pop_use(wrapper);
	assert_notes("free:-1 after-use state-gone");
	clear_notes();
	wrap_with(f, &ops)->refuse = true;
	assert_false(tevent_context_push_use(wrapper));
	assert_notes("free:-1 state-gone");
	assert_int_equal(abort_count, 0);
}

static void free_in_a_handler_without_place(void *arg)
{
	struct tevent_context *ev = child_main();
	struct tevent_context *wrap_ev;
	struct wrapper_state *ws = NULL;

	wrap_ev = tevent_context_wrapper_create(ev, NULL, &recording_ops, &ws, struct wrapper_state);
	child_assert(wrap_ev != NULL);
	talloc_set_destructor(ws, note_state_gone);
	tevent_schedule_immediate(tevent_create_immediate(ev), wrap_ev, free_wrapper_in_handler, NULL);
	for (int i = 0; i < 32; i++) {
		child_assert(tevent_context_push_use(ev));
	}
	child_assert(abort_count == 0);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(abort_count == 1);
	child_assert(strcmp(notes(), "before-immediate free:-1 after-immediate state-gone") == 0);
	for (int i = 0; i < 32; i++) {
		tevent_context_pop_use(ev);
	}
	child_assert(abort_count == 1);
}

/* W3, W5: a handler for which the full stack has no place still runs, if the abort function returns. */
static void test_wrapper_free__in_a_handler_without_place__goes_after_the_hook(void **state)
{
	DEVIATION("D5", "undefined there");
	assert_child_succeeds(free_in_a_handler_without_place, NULL);
}

/* ---- exported helpers on a wrapper ---- */

/* W4, T6: the wake-up is the main context's; a wrapper without one has none. */
static void test_common_wakeup__on_a_wrapper__wakes_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "the helpers know nothing of wrappers there");
	wrapped(f);
	assert_int_equal(tevent_common_wakeup_init(wrapper), 0);
	assert_int_equal(tevent_common_wakeup(wrapper), 0);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, INT32_MAX), 30);
	turns(f->ev, 1); /* would wait for ever */
	TALLOC_FREE(f->ev);
	assert_int_equal(tevent_common_wakeup_init(wrapper), EINVAL);
	assert_int_equal(tevent_common_wakeup(wrapper), ENOTCONN);
}

/* W4, T6: before it was initialised. */
static void test_common_wakeup__on_a_wrapper_before_init__is_enotconn(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "the helpers know nothing of wrappers there");
	wrapped(f);
	assert_int_equal(tevent_common_wakeup(wrapper), ENOTCONN);
}

/* W5, I8: an immediate that the helper put on the wrapper itself is detached with it, and can be scheduled
 * elsewhere. */
static void test_common_schedule_immediate__on_a_wrapper__is_idle_once_it_is_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D5", "the helpers know nothing of wrappers there");
	wrapped(f);
	tevent_common_schedule_immediate(im, wrapper, on_immediate, NULL, "on_immediate", __location__);
	TALLOC_FREE(wrapper);
	free_event = false;
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("main");
	assert_int_equal(talloc_free(im), 0);
}

/* C8: the exported destructor on a wrapper: tevent_abort, 0, and the wrapper works on. */
static void test_common_context_destructor__on_a_wrapper__aborts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	wrapped(f);
	record_aborts();
	assert_int_equal(tevent_common_context_destructor(wrapper), 0);
	assert_int_equal(abort_count, 1);
	free_event = false;
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate wrapper after-immediate");
}

/* I2, W2: a NULL handler cancels. */
static void test_schedule_immediate__null_handler_on_a_wrapper__cancels(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	wrapped(f);
	record_aborts();
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	tevent_schedule_immediate(im, wrapper, NULL, NULL);
	settle(f->ev, 5);
	assert_notes("");
	assert_int_equal(abort_count, 0);
}

/* I2, W5: nor is it misuse if the main context is freed. */
static void test_schedule_immediate__null_handler_and_no_main_context__is_quiet(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "logs on a wrapper without main context there");
	wrapped(f);
	record_aborts();
	TALLOC_FREE(f->ev);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapper, NULL, NULL);
	assert_int_equal(abort_count, 0);
}

static void free_im_then_schedule(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	int before = abort_count;

	talloc_free(im);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	note("aborts:%d", abort_count - before);
}

static void free_wrapper_then_schedule(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	int before = abort_count;

	talloc_free(ev);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	note("aborts:%d", abort_count - before);
}

/* I5, W5: each misuse of an immediate on a wrapper is one abort, even if something else is wrong too. */
static void test_schedule_immediate__misused_on_a_wrapper__aborts_once(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D5", "undefined there once the abort function returned");
	record_aborts();
	wrapped(f);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapper, free_im_then_schedule, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate aborts:1 after-immediate");
	assert_non_null(strstr(abort_reason, "use after free"));
	clear_notes();
	tevent_schedule_immediate(tevent_create_immediate(f->mem), wrapper, free_wrapper_then_schedule, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate aborts:1 after-immediate");
	assert_non_null(strstr(abort_reason, "use after free"));
	settle(f->ev, 5);
	assert_notes("before-immediate aborts:1 after-immediate");
}

/* ---- W6 ---- */

/* W6: true for wrappers only, also after the main context is freed. */
static void test_is_wrapper__main_wrapper_and_orphan__tells_them_apart(void **state)
{
	struct fixture *f = fixture_of(state);

	wrapped(f);
	assert_false(tevent_context_is_wrapper(f->ev));
	assert_true(tevent_context_is_wrapper(wrapper));
	TALLOC_FREE(f->ev);
	assert_true(tevent_context_is_wrapper(wrapper));
}

/* W6: a context and its wrappers are the same loop, in each pairing; another context is not. */
static void test_same_loop__contexts_and_wrappers__compares_main_contexts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *one = wrapped(f);
	struct tevent_context *two = wrapped(f);
	struct tevent_context *other = another_context(f);

	assert_true(tevent_context_same_loop(f->ev, f->ev));
	assert_true(tevent_context_same_loop(f->ev, one));
	assert_true(tevent_context_same_loop(one, f->ev));
	assert_true(tevent_context_same_loop(one, two));
	assert_true(tevent_context_same_loop(one, one));
	assert_false(tevent_context_same_loop(other, f->ev));
	assert_false(tevent_context_same_loop(one, other));
}

/* W6: false when the main context is freed, even for a wrapper and itself. */
static void test_same_loop__main_context_freed__is_false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *one = wrapped(f);
	struct tevent_context *two = wrapped(f);

	TALLOC_FREE(f->ev);
	assert_false(tevent_context_same_loop(one, one));
	assert_false(tevent_context_same_loop(one, two));
}

/* W6, C28: false with NULL. */
static void test_same_loop__null__is_false(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_false(tevent_context_same_loop(f->ev, NULL));
	assert_false(tevent_context_same_loop(NULL, f->ev));
	assert_false(tevent_context_same_loop(NULL, NULL));
	assert_false(tevent_context_same_loop(wrapped(f), NULL));
}

/* ---- W7, W8 ---- */

/* W7: a threaded context on a wrapper: its immediates run inside the wrapper. */
static void test_threaded_context__on_a_wrapper__runs_inside_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrap_ev = wrapped(f);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, wrap_ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(tctx);
	free_event = false;
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, NULL);
	settle(f->ev, 10);
	assert_notes("before-immediate wrapper after-immediate");
	assert_seen(f, wrap_ev, im, "on_immediate");
}

static void note_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note("close");
	note_ev(ev);
}

/* W8: the close function gets the main context. */
static void test_wrapper_fd__freed__close_function_gets_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	socket_pair(fds);
	fde = tevent_add_fd(wrapped(f), f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_fd_set_close_fn(fde, note_close);
	talloc_free(fde);
	assert_notes("close main");
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* W8: adding on the wrapper is traced by the main context's callbacks. */
static void test_wrapper_add__main_context_traces__attach_is_traced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct four four;

	wrapped(f);
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0); /* its fd may be traced, D10 */
	trace_all(f->ev, true);
	four = add_four(f->mem, wrapper);
	assert_notes("attach-f attach-t attach-i attach-s");
	trace_none(f->ev);
	talloc_free(four.fde);
	close_four(&four);
}

/* W8: an immediate belongs to the context of its last scheduling: main, then wrapper. */
static void test_immediate__main_then_wrapper__runs_with_the_wrapper(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	wrapped(f);
	free_event = false;
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	turns(f->ev, 1);
	settle(f->ev, 5);
	assert_notes("before-immediate wrapper after-immediate");
}

/* W8: wrapper, then main. */
static void test_immediate__wrapper_then_main__runs_with_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D12", "runs still with the wrapper there");
	wrapped(f);
	free_event = false;
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	settle(f->ev, 5);
	assert_notes("main");
}

/* W8: once it ran on the wrapper it runs with the main context when scheduled there. */
static void test_immediate__ran_on_wrapper_then_main__runs_with_the_main_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	wrapped(f);
	free_event = false;
	tevent_schedule_immediate(im, wrapper, on_immediate, NULL);
	turns(f->ev, 1);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("before-immediate wrapper after-immediate main");
}

/* W8: signals are supported. */
static void test_signal_support__wrapper__is_true(void **state)
{
	assert_true(tevent_signal_support(wrapped(fixture_of(state))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wrapper_create__mem_ctx__is_its_named_child),
		TEST(test_wrapper_create__state__is_zeroed_and_named),
		TEST(test_wrapper_free__state__goes_with_it),
		TEST(test_common_add_fd__on_a_wrapper__flags_and_close_function_work),
		TEST(test_wrapper_create__on_a_wrapper__is_null_with_einval),
		TEST(test_wrapper_create__nesting_allowed__is_null_with_einval),
		TEST(test_allow_nesting__context_has_a_wrapper__aborts_and_stays_disallowed),
		TEST(test_allow_nesting__wrapper_freed__is_allowed),
		TEST_EACH_BACKEND(test_wrapper_fd__ready__hooks_surround_the_handler),
		TEST_EACH_BACKEND(test_wrapper_timer__due__hooks_surround_the_handler),
		TEST_EACH_BACKEND(test_wrapper_immediate__scheduled__hooks_surround_the_handler),
		TEST_EACH_BACKEND(test_wrapper_signal__pending__hooks_surround_the_handler),
		TEST_EACH_BACKEND(test_wrapper_fd__handler_frees_it__after_hook_comes),
		TEST(test_wrapper_timer__handler_frees_it__after_hook_comes),
		TEST(test_wrapper_immediate__handler_frees_it__after_hook_comes),
		TEST(test_wrapper_signal__handler_frees_it__after_hook_comes),
		TEST(test_wrapper_signal__handler_frees_the_main_context__no_after_hook),
		TEST(test_wrapper_free__in_a_timer_of_the_main_context__timer_stays),
		TEST_EACH_BACKEND(test_wrapper_add__null_mem_ctx__is_a_child_of_the_main_context),
		TEST(test_wrapper__main_contexts_events__are_not_wrapped),
		TEST_EACH_BACKEND(test_wrapper__events_changed__behave_as_changed),
		TEST(test_push_use__wrapper__hooks_surround_the_use),
		TEST(test_push_use__before_use_refuses__is_not_used),
		TEST(test_push_use__main_context__takes_places),
		TEST(test_push_use__several_contexts__nest),
		TEST(test_pop_use__not_the_last_pushed__aborts),
		TEST(test_pop_use__empty_stack__aborts),
		TEST(test_push_use__33rd_place__aborts),
		TEST(test_push_use__wrapper_in_use__aborts),
		TEST(test_use__misuse__sends_a_fatal_message),
		TEST(test_push_use__in_its_own_handler__aborts),
		TEST(test_push_use__in_another_wrappers_handler__is_used),
		TEST(test_push_use__in_a_wrappers_handler__31_places_are_left),
		TEST(test_pop_use__full_stack__after_use_finds_a_place),
		TEST(test_loop_once__on_a_wrapper__aborts_with_enosys),
		TEST(test_loop_wait__on_a_wrapper__aborts_with_enosys),
		TEST(test_loop_until__on_a_wrapper__aborts_with_enosys),
		TEST(test_re_initialise__on_a_wrapper__aborts_with_enosys),
		TEST(test_re_initialise__on_a_wrapper__changes_nothing),
		TEST(test_set_debug__on_a_wrapper__aborts_with_einval),
		TEST(test_set_debug_stderr__on_a_wrapper__aborts_with_einval),
		TEST(test_set_trace_callback__on_a_wrapper__aborts_and_sets_nothing),
		TEST(test_allow_nesting__on_a_wrapper__aborts_and_allows_nothing),
		TEST(test_loop_once__on_a_wrapper_in_its_handler__aborts_with_enosys),
		TEST(test_set_wait_timeout__on_a_wrapper__has_no_effect),
		TEST(test_set_wait_timeout__on_a_wrapper__begins_with_0_and_has_no_effect),
		TEST(test_set_max_debug_level__on_a_wrapper__has_no_effect),
		TEST(test_debug__on_a_wrapper__goes_to_the_main_context),
		TEST(test_debug__on_a_wrapper_without_main__goes_nowhere),
		TEST_EACH_BACKEND(test_wrapper_free__with_events__cuts_them_loose),
		TEST(test_wrapper_free__others_events__stay),
		TEST(test_wrapper_free__signal_event__is_traced_once),
		TEST_EACH_BACKEND(test_wrapper_free__four_events__are_traced_once),
		TEST(test_wrapper_free__in_its_own_handler__goes_after_the_hook),
		TEST_EACH_BACKEND(test_wrapper_free__in_its_own_fd_handler__goes_after_the_hook),
		TEST(test_wrapper_free__in_its_own_timer_handler__goes_after_the_hook),
		TEST(test_wrapper_free__in_its_own_signal_handler__goes_after_the_hook),
		TEST(test_wrapper_free__in_its_own_signal_handler__the_event_stays),
		TEST(test_wrapper_free__in_its_own_handler_then_used__aborts),
		TEST(test_wrapper_free__twice_in_its_own_handler__aborts),
		TEST(test_wrapper_free__in_its_own_handlers__running_event_is_loose_at_once),
		TEST(test_wrapper_free__between_push_and_pop__goes_at_the_pop),
		TEST(test_wrapper_free__between_push_and_pop_then_used__aborts),
		TEST(test_wrapper_add__main_context_freed__is_null_with_einval),
		TEST(test_wrapper_schedule__main_context_freed__aborts_with_einval),
		TEST(test_wrapper_schedule__main_context_freed__waiting_elsewhere_is_cancelled),
		TEST(test_push_use__main_context_freed__is_false),
		TEST(test_pop_use__main_context_freed_meanwhile__calls_no_hook),
		TEST_EACH_BACKEND(test_main_free__wrapper_has_events__are_cut_loose),
		TEST(test_wrapper_free__in_its_before_hooks__goes_after_the_after_hook),
		TEST(test_pop_use__wrapper_and_empty_stack__calls_no_hook),
		TEST(test_push_use__wrapper_in_use__calls_no_hook),
		TEST(test_wrapper_free__in_a_handler_while_pushed__goes_at_the_pop),
		TEST(test_wrapper_create__on_a_wrapper_without_main__is_null_with_einval),
		TEST(test_schedule_immediate__main_tables_function_does_nothing__belongs_to_nobody),
		TEST(test_wrapper_free__in_its_after_hooks__goes_then),
		TEST(test_wrapper_free__in_after_use__goes_at_once),
		TEST(test_wrapper_free__in_use_and_in_after_use__aborts),
		TEST(test_wrapper_free__in_before_use__goes_when_the_use_ends),
		TEST(test_wrapper_free__in_a_handler_without_place__goes_after_the_hook),
		TEST(test_common_wakeup__on_a_wrapper__wakes_the_main_context),
		TEST(test_common_wakeup__on_a_wrapper_before_init__is_enotconn),
		TEST(test_common_schedule_immediate__on_a_wrapper__is_idle_once_it_is_freed),
		TEST(test_common_context_destructor__on_a_wrapper__aborts),
		TEST(test_schedule_immediate__null_handler_on_a_wrapper__cancels),
		TEST(test_schedule_immediate__null_handler_and_no_main_context__is_quiet),
		TEST(test_schedule_immediate__misused_on_a_wrapper__aborts_once),
		TEST(test_is_wrapper__main_wrapper_and_orphan__tells_them_apart),
		TEST(test_same_loop__contexts_and_wrappers__compares_main_contexts),
		TEST(test_same_loop__main_context_freed__is_false),
		TEST(test_same_loop__null__is_false),
		TEST_EACH_BACKEND(test_threaded_context__on_a_wrapper__runs_inside_it),
		TEST(test_wrapper_fd__freed__close_function_gets_the_main_context),
		TEST(test_wrapper_add__main_context_traces__attach_is_traced),
		TEST(test_immediate__main_then_wrapper__runs_with_the_wrapper),
		TEST(test_immediate__wrapper_then_main__runs_with_the_main_context),
		TEST(test_immediate__ran_on_wrapper_then_main__runs_with_the_main_context),
		TEST(test_signal_support__wrapper__is_true),
	};

	return cmocka_run_group_tests_name("wrapper", tests, group_setup, NULL);
}
