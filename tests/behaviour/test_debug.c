/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Debug messages: O1, O2.
 *
 * Message texts are not part of the interface (O2, D2), so only level, number
 * and, at TRACE level, the handler's name in them are checked. 0.14.1 passes
 * every level; cases that need TRACE messages call pass_all_levels(), so that
 * later versions pass them too.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tevent_debug(struct tevent_context *ev, enum tevent_debug_level level, const char *fmt, ...)
	PRINTF_ATTRIBUTE(3, 4);

/* ---- helpers ---- */

static void note_message(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void note_message(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	char text[128];

	vsnprintf(text, sizeof(text), fmt, ap);
	note("%s:%d:%s", (const char *)context, (int)level, text);
}

static void pass_all_levels(struct tevent_context *ev)
{
	if (!running_on_oracle()) {
		tevent_set_max_debug_level(ev, TEVENT_DEBUG_TRACE);
	}
}

static void four_messages(struct tevent_context *ev)
{
	tevent_debug(ev, TEVENT_DEBUG_FATAL, "fatal");
	tevent_debug(ev, TEVENT_DEBUG_ERROR, "error");
	tevent_debug(ev, TEVENT_DEBUG_WARNING, "warning");
	tevent_debug(ev, TEVENT_DEBUG_TRACE, "trace");
}

/* ---- O1: function and levels ---- */

/* O1: returns 0; the function gets context, level, format and arguments. */
static void test_set_debug__function__gets_context_level_and_text(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "ctx"), 0);
	tevent_debug(f->ev, TEVENT_DEBUG_ERROR, "%s=%d", "n", 7);
	assert_notes("ctx:1:n=7");
}

/* O1: the levels' values. */
static void test_debug_levels__values__count_from_0(void **state)
{
	assert_int_equal(TEVENT_DEBUG_FATAL, 0);
	assert_int_equal(TEVENT_DEBUG_ERROR, 1);
	assert_int_equal(TEVENT_DEBUG_WARNING, 2);
	assert_int_equal(TEVENT_DEBUG_TRACE, 3);
}

/* O1: levels up to WARNING are passed. */
static void test_set_debug__function__gets_warnings_and_more_serious(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	tevent_debug(f->ev, TEVENT_DEBUG_FATAL, "fatal");
	tevent_debug(f->ev, TEVENT_DEBUG_ERROR, "error");
	tevent_debug(f->ev, TEVENT_DEBUG_WARNING, "warning");
	assert_notes("x:0:fatal x:1:error x:2:warning");
}

/* O1: TRACE is not passed until the maximum is raised. */
static void test_set_debug__function__gets_no_trace(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: a maximum level");
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	four_messages(f->ev);
	assert_notes("x:0:fatal x:1:error x:2:warning");
}

/* O1: setting another function replaces the first, with its context. */
static void test_set_debug__again__replaces_the_function(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "one");
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "two");
	tevent_debug(f->ev, TEVENT_DEBUG_ERROR, "error");
	assert_notes("two:1:error");
}

/* O1: each context has its own function. */
static void test_set_debug__two_contexts__are_independent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);

	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "one");
	tevent_set_debug(other, note_message, (void *)(uintptr_t) "two");
	tevent_debug(f->ev, TEVENT_DEBUG_ERROR, "a");
	tevent_debug(other, TEVENT_DEBUG_ERROR, "b");
	assert_notes("one:1:a two:1:b");
}

/* O1: NULL removes the function; without one messages are dropped. */
static void test_set_debug__null__messages_go_nowhere(void **state)
{
	struct fixture *f = fixture_of(state);

	four_messages(f->ev);
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	assert_int_equal(tevent_set_debug(f->ev, NULL, NULL), 0);
	four_messages(f->ev);
	assert_notes("");
}

/* O1: a new context's maximum is FATAL; a function makes it WARNING; NULL makes it FATAL. */
static void test_max_debug_level__function_set_and_taken_away__follows_it(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE), TEVENT_DEBUG_FATAL);
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE), TEVENT_DEBUG_WARNING);
	tevent_set_debug(f->ev, NULL, NULL);
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE), TEVENT_DEBUG_FATAL);
}

/* O1: it returns the previous level. */
static void test_max_debug_level__set__returns_the_previous_one(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_ERROR);
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE), TEVENT_DEBUG_ERROR);
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_FATAL), TEVENT_DEBUG_TRACE);
}

/* O1: messages above the maximum are not passed, including those of tevent_debug(). */
static void test_max_debug_level__each_level__passes_it_and_more_serious(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_FATAL);
	four_messages(f->ev);
	assert_notes("x:0:fatal");
	clear_notes();
	tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_ERROR);
	four_messages(f->ev);
	assert_notes("x:0:fatal x:1:error");
	clear_notes();
	tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE);
	four_messages(f->ev);
	assert_notes("x:0:fatal x:1:error x:2:warning x:3:trace");
}

/* O1: before 0.15 every level was passed; with the maximum raised every level still is. */
static void test_set_debug__all_levels__trace_is_passed(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_set_debug(f->ev, note_message, (void *)(uintptr_t) "x");
	pass_all_levels(f->ev);
	four_messages(f->ev);
	assert_notes("x:0:fatal x:1:error x:2:warning x:3:trace");
}

/* O1, C28: no context: no effect. */
static void test_debug__null_context__does_nothing(void **state)
{
	tevent_debug(NULL, TEVENT_DEBUG_FATAL, "x");
	assert_notes("");
}

/* ---- O1: stderr ---- */

static FILE *capture;
static int stderr_before;

static void start_capture(void)
{
	fflush(stderr);
	capture = tmpfile();
	assert_non_null(capture);
	stderr_before = dup(STDERR_FILENO);
	dup2(fileno(capture), STDERR_FILENO);
}

static void end_capture(char *text, size_t size)
{
	size_t length;

	fflush(stderr);
	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	rewind(capture);
	length = fread(text, 1, size - 1, capture);
	text[length] = '\0';
	fclose(capture);
}

/* O1: prints WARNING and more serious messages, no TRACE, independent of the maximum. */
static void test_set_debug_stderr__four_levels__prints_no_trace(void **state)
{
	struct fixture *f = fixture_of(state);
	char text[256];
	int ret;

	start_capture();
	ret = tevent_set_debug_stderr(f->ev);
	pass_all_levels(f->ev);
	four_messages(f->ev);
	tevent_debug(f->ev, TEVENT_DEBUG_WARNING, " %s", "formatted");
	end_capture(text, sizeof(text));
	assert_int_equal(ret, 0);
	assert_string_equal(text, "fatalerrorwarning formatted");
}

/* O1: it counts as setting a function: the maximum is WARNING. */
static void test_set_debug_stderr__maximum__is_warning(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	tevent_set_debug_stderr(f->ev);
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_FATAL), TEVENT_DEBUG_WARNING);
}

/* ---- O2: TRACE messages ---- */

/* Number of TRACE messages with the handler's name in them. */
static int told;

static void count_named(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void count_named(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	told += level == TEVENT_DEBUG_TRACE && strstr(text, context) != NULL;
}

static void listen_for(struct tevent_context *ev, const char *handler_name)
{
	assert_int_equal(tevent_set_debug(ev, count_named, (void *)(uintptr_t)handler_name), 0);
	pass_all_levels(ev);
	told = 0;
}

/* True if a message came since the last check. */
static bool was_told(void)
{
	bool yes = told > 0;

	told = 0;
	return yes;
}

static bool told_before_handler;

static void timer_of_this_name(struct tevent_context *ev, struct tevent_timer *te, struct timeval now,
			       void *private_data)
{
	told_before_handler = was_told();
}

static void immediate_of_this_name(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	told_before_handler = was_told();
}

/* O2, D2: adding a timer: the message has the handler's name; its text is unspecified. */
static void test_trace_messages__timer_added__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	listen_for(f->ev, "timer_of_this_name");
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), timer_of_this_name, NULL);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: running a timer, and its end. */
static void test_trace_messages__timer_runs__is_told_before_and_after(void **state)
{
	struct fixture *f = fixture_of(state);

	listen_for(f->ev, "timer_of_this_name");
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), timer_of_this_name, NULL);
	was_told();
	turns(f->ev, 1);
	assert_true(told_before_handler);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: freeing a timer that waits. */
static void test_trace_messages__timer_freed__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(10000), timer_of_this_name, NULL);

	listen_for(f->ev, "timer_of_this_name");
	talloc_free(te);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: scheduling an immediate. */
static void test_trace_messages__immediate_scheduled__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	listen_for(f->ev, "immediate_of_this_name");
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, immediate_of_this_name, NULL);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: running an immediate. */
static void test_trace_messages__immediate_runs__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	listen_for(f->ev, "immediate_of_this_name");
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, immediate_of_this_name, NULL);
	was_told();
	turns(f->ev, 1);
	assert_true(told_before_handler);
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: cancelling: by a NULL handler. */
static void test_trace_messages__immediate_cancelled__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_schedule_immediate(im, f->ev, immediate_of_this_name, NULL);
	listen_for(f->ev, "immediate_of_this_name");
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* O2: freeing an immediate that waits. */
static void test_trace_messages__immediate_freed__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_schedule_immediate(im, f->ev, immediate_of_this_name, NULL);
	listen_for(f->ev, "immediate_of_this_name");
	talloc_free(im);
	assert_true(was_told());
	tevent_set_debug(f->ev, NULL, NULL);
}

/* ---- O2: their place among traces and handlers ---- */

static void note_trace_message(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void note_trace_message(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	if (level == TEVENT_DEBUG_TRACE) {
		note("message");
	}
}

static void note_trace_point(enum tevent_event_trace_point point)
{
	static const char *const names[] = {"attach", "detach", "before"};

	note("%s", names[point]);
}

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	note_trace_point(point);
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	note_trace_point(point);
}

static void note_messages_and_traces(struct tevent_context *ev)
{
	tevent_set_debug(ev, note_trace_message, NULL);
	pass_all_levels(ev);
	tevent_set_trace_timer_callback(ev, trace_timer, NULL);
	tevent_set_trace_immediate_callback(ev, trace_immediate, NULL);
}

static void note_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("handler");
	if (private_data != NULL) {
		talloc_free(te);
		note("freed");
	}
}

/* O2: a timer: added after ATTACH, running before BEFORE_HANDLER, its end before DETACH. */
static void test_trace_messages__timer_runs__order_among_traces(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.14.1 has no message at the end");
	note_messages_and_traces(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), note_timer, NULL);
	assert_notes("attach message");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler message detach");
}

/* O2: freed by its handler: logged then, before DETACH, and nothing after the handler. */
static void test_trace_messages__timer_freed_in_its_handler__is_told_once(void **state)
{
	struct fixture *f = fixture_of(state);

	note_messages_and_traces(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), note_timer, f);
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler message detach freed");
}

/* O2: freed while it waits; moving it logs nothing. */
static void test_trace_messages__timer_moved_and_freed__freeing_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, in_ms(10000), note_timer, NULL);

	note_messages_and_traces(f->ev);
	tevent_update_timer(te, in_ms(20000));
	assert_notes("detach attach");
	talloc_free(te);
	assert_notes("detach attach message detach");
}

static void note_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	if (private_data == NULL) {
		return;
	}
	if (strcmp(private_data, "free") == 0) {
		talloc_free(im);
	} else {
		tevent_schedule_immediate(im, ev, strcmp(private_data, "cancel") == 0 ? NULL : note_immediate, NULL);
	}
	note("done");
}

/* O2: an immediate: scheduled after ATTACH, running before BEFORE_HANDLER; its end is not logged. */
static void test_trace_messages__immediate_runs__order_among_traces(void **state)
{
	struct fixture *f = fixture_of(state);

	note_messages_and_traces(f->ev);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, note_immediate, NULL);
	assert_notes("attach message");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler detach");
}

/* O2: cancelled, scheduled again or freed in its handler: the end of the running scheduling is not logged. */
static void test_trace_messages__immediate_ended_in_its_handler__is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	note_messages_and_traces(f->ev);
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t) "cancel");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler detach done");
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t) "again");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler detach attach message done");
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t) "free");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("message before handler detach done");
}

/* O2: cancelled or freed while it waits: logged before DETACH. */
static void test_trace_messages__waiting_immediate_cancelled__is_told_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	note_messages_and_traces(f->ev);
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	assert_notes("message detach attach message");
	clear_notes();
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_notes("message detach");
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	talloc_free(im);
	assert_notes("message detach");
}

/* O2, I4: tevent_reset_immediate() logs the same; for an idle one it logs nothing. */
static void test_trace_messages__waiting_immediate_reset__is_told_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	note_messages_and_traces(f->ev);
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	tevent_reset_immediate(im);
	assert_notes("message detach");
	tevent_reset_immediate(im);
	assert_notes("message detach");
}

/* O2, T8: one that waits and is handed to a proxy: logged in that call. */
static void test_trace_messages__waiting_immediate_given_to_a_proxy__is_told_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *proxy = tevent_thread_proxy_create(another_context(f));
	struct tevent_immediate *im = tevent_create_immediate(NULL);

	DEVIATION("D5", "cancelled by the other context there");
	note_messages_and_traces(f->ev);
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	tevent_thread_proxy_schedule(proxy, &im, note_immediate, NULL);
	assert_notes("message detach");
	talloc_free(proxy);
}

/* O2, C8: detaching events when a context is freed is not logged. */
static void test_trace_messages__context_reinitialised_and_freed__nothing_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	note_messages_and_traces(f->ev);
	tevent_add_timer(f->ev, f->mem, in_ms(10000), note_timer, NULL);
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_notes("detach detach");
	tevent_add_timer(f->ev, f->mem, in_ms(10000), note_timer, NULL);
	tevent_schedule_immediate(im, f->ev, note_immediate, NULL);
	clear_notes();
	TALLOC_FREE(f->ev);
	assert_notes("detach detach");
}

/* O2, T1: an immediate from another thread: logged when the loop's thread takes it over, and when it is scheduled. */
static void test_trace_messages__threaded_immediate__taking_over_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_set_debug(f->ev, note_trace_message, NULL);
	pass_all_levels(f->ev);
	tevent_threaded_schedule_immediate(tctx, im, note_immediate, NULL);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("message message message handler");
	talloc_free(tctx);
}

/* O2, O1: all these are TRACE messages: with the usual maximum none is passed. */
static void test_trace_messages__usual_maximum__nothing_is_passed(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: a maximum level");
	set_debug_recorder(f->ev);
	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), timer_of_this_name, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, immediate_of_this_name, NULL);
	turns(f->ev, 2);
	for (int level = 0; level < 4; level++) {
		assert_int_equal(debug_messages[level], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_set_debug__function__gets_context_level_and_text),
		TEST(test_debug_levels__values__count_from_0),
		TEST(test_set_debug__function__gets_warnings_and_more_serious),
		TEST(test_set_debug__function__gets_no_trace),
		TEST(test_set_debug__again__replaces_the_function),
		TEST(test_set_debug__two_contexts__are_independent),
		TEST(test_set_debug__null__messages_go_nowhere),
		TEST(test_max_debug_level__function_set_and_taken_away__follows_it),
		TEST(test_max_debug_level__set__returns_the_previous_one),
		TEST(test_max_debug_level__each_level__passes_it_and_more_serious),
		TEST(test_set_debug__all_levels__trace_is_passed),
		TEST(test_debug__null_context__does_nothing),
		TEST(test_set_debug_stderr__four_levels__prints_no_trace),
		TEST(test_set_debug_stderr__maximum__is_warning),
		TEST_EACH_BACKEND(test_trace_messages__timer_added__is_told),
		TEST_EACH_BACKEND(test_trace_messages__timer_runs__is_told_before_and_after),
		TEST_EACH_BACKEND(test_trace_messages__timer_freed__is_told),
		TEST_EACH_BACKEND(test_trace_messages__immediate_scheduled__is_told),
		TEST_EACH_BACKEND(test_trace_messages__immediate_runs__is_told),
		TEST_EACH_BACKEND(test_trace_messages__immediate_cancelled__is_told),
		TEST_EACH_BACKEND(test_trace_messages__immediate_freed__is_told),
		TEST(test_trace_messages__timer_runs__order_among_traces),
		TEST(test_trace_messages__timer_freed_in_its_handler__is_told_once),
		TEST(test_trace_messages__timer_moved_and_freed__freeing_is_told),
		TEST(test_trace_messages__immediate_runs__order_among_traces),
		TEST(test_trace_messages__immediate_ended_in_its_handler__is_not_told),
		TEST(test_trace_messages__waiting_immediate_cancelled__is_told_before_detach),
		TEST(test_trace_messages__waiting_immediate_reset__is_told_before_detach),
		TEST(test_trace_messages__waiting_immediate_given_to_a_proxy__is_told_before_detach),
		TEST(test_trace_messages__context_reinitialised_and_freed__nothing_is_told),
		TEST(test_trace_messages__threaded_immediate__taking_over_is_told),
		TEST(test_trace_messages__usual_maximum__nothing_is_passed),
	};

	return cmocka_run_group_tests_name("debug", tests, group_setup, NULL);
}
