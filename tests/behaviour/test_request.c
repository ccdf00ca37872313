/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Requests (R1-R14, R17, R18): one asynchronous computation, from create to
 * receive.
 *
 * A request's progress is visible only to its callback and cleanup function,
 * in the traces of its timer and immediate, and in the line from
 * tevent_req_print().  Lack of memory is simulated in two ways that affect any
 * implementation: a talloc limit on the parent, and a context whose table has
 * a failing add_timer (C24).
 *
 * Profiles and tevent_wakeup_send() have their own files.
 */

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- requests, callbacks ---- */

struct work_state {
	int number;
	char bytes[60];
};

struct other_state {
	int number;
};

static struct tevent_req *work(TALLOC_CTX *mem_ctx)
{
	struct work_state *state = NULL;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct work_state);

	assert_non_null(req);
	assert_non_null(state);
	return req;
}

static const char *state_name(enum tevent_req_state state)
{
	static const char *const names[] = {
		"init", "in-progress", "done", "user-error", "timed-out", "no-memory", "received",
	};

	return (unsigned)state < 7 ? names[state] : "?";
}

static enum tevent_req_state state_of(struct tevent_req *req)
{
	enum tevent_req_state state = TEVENT_REQ_INIT;
	uint64_t error = 0;

	return tevent_req_is_error(req, &state, &error) ? state : TEVENT_REQ_DONE;
}

static void called(struct tevent_req *req)
{
	note("called:%s", state_name(state_of(req)));
}

static void called_instead(struct tevent_req *req)
{
	note("instead:%s", state_name(state_of(req)));
}

static void called_and_frees(struct tevent_req *req)
{
	called(req);
	talloc_free(req);
}

static void cleaned(struct tevent_req *req, enum tevent_req_state state)
{
	(void)req;
	note("cleanup:%s", state_name(state));
}

static struct tevent_req *watched_work(TALLOC_CTX *mem_ctx)
{
	struct tevent_req *req = work(mem_ctx);

	tevent_req_set_callback(req, called, NULL);
	return req;
}

static void note_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	note("%s", (const char *)private_data);
}

static const char *point_name(enum tevent_event_trace_point point)
{
	static const char *const names[] = { "attach", "detach", "before-handler" };

	return names[point];
}

static struct tevent_timer *traced_timer;

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *private_data)
{
	(void)private_data;
	traced_timer = te;
	note("timer:%s", point_name(point));
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	(void)im;
	(void)private_data;
	note("im:%s", point_name(point));
}

/* True when the request's line names this finish location. */
static bool finished_at(struct tevent_req *req, const char *location)
{
	char *line = tevent_req_default_print(req, NULL);
	char *field = talloc_asprintf(NULL, "finish[%s]", location);
	bool found;

	assert_non_null(line);
	assert_non_null(field);
	found = strstr(line, field) != NULL;
	talloc_free(field);
	talloc_free(line);
	return found;
}

static int note_destructor(const char **name)
{
	note("gone:%s", *name);
	return 0;
}

/* A child of mem_ctx that notes when it is freed. */
static void tells_when_freed(TALLOC_CTX *mem_ctx, const char *name)
{
	const char **p = talloc(mem_ctx, const char *);

	assert_non_null(p);
	*p = name;
	talloc_set_destructor(p, note_destructor);
}

static struct tevent_timer *no_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
				     tevent_timer_handler_t handler, void *private_data,
				     const char *handler_name, const char *location)
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

/* A context on which every tevent_add_timer() fails. */
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

/* ---- creation ---- */

/* R1: child of mem_ctx with the name of its type. */
static void test_req_create__usual__named_child_of_mem_ctx(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	assert_ptr_equal(talloc_parent(req), f->mem);
	assert_string_equal(talloc_get_name(req), "struct tevent_req");
}

/* R1: the state is a child of the request, named after the type, of its size. */
static void test_req_create__usual__state_is_named_child_of_request(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *work_state = NULL;
	struct tevent_req *req = tevent_req_create(f->mem, &work_state, struct work_state);

	assert_non_null(req);
	assert_ptr_equal(talloc_parent(work_state), req);
	assert_string_equal(talloc_get_name(work_state), "struct work_state");
	assert_int_equal(talloc_get_size(work_state), sizeof(struct work_state));
	assert_ptr_equal(tevent_req_data(req, struct work_state), work_state);
}

/* R1: zeroed, also if the memory was used before. */
static void test_req_create__reused_memory__state_is_zeroed(void **state)
{
	static const struct work_state zero;
	struct fixture *f = fixture_of(state);

	for (int i = 0; i < 10; i++) {
		struct tevent_req *req = work(f->mem);
		struct work_state *s = tevent_req_data(req, struct work_state);
		assert_memory_equal(s, &zero, sizeof(zero));
		memset(s, 0xa5, sizeof(*s));
		talloc_free(req);
	}
}

/* R1: mem_ctx may be NULL. */
static void test_req_create__no_mem_ctx__has_no_parent(void **state)
{
	struct tevent_req *req = work(NULL);

	(void)state;
	assert_string_equal(talloc_get_name(req), "struct tevent_req");
	talloc_free(req);
}

/* R1: the two older forms are the same. */
static void test_req_create__older_functions__make_the_same(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req;

	req = _tevent_req_create(f->mem, &s, sizeof(*s), "struct work_state", "here:1");
	assert_non_null(req);
	assert_ptr_equal(talloc_parent(req), f->mem);
	assert_string_equal(talloc_get_name(s), "struct work_state");
	assert_ptr_equal(tevent_req_data(req, struct work_state), s);
	assert_int_equal(state_of(req), TEVENT_REQ_IN_PROGRESS);
}

/* R1: a state of size 0 is allowed. */
static void test_req_create__empty_state__has_data(void **state)
{
	struct fixture *f = fixture_of(state);
	void *s = NULL;
	struct tevent_req *req = _tevent_req_create(f->mem, &s, 0, "struct nothing", "here:1");

	assert_non_null(req);
	assert_non_null(s);
	assert_string_equal(talloc_get_name(s), "struct nothing");
}

/* R1: out of memory: NULL, the state pointer is not written. */
static void test_req_create__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *narrow = talloc_new(f->mem);
	struct work_state *s = (struct work_state *)f;

	assert_int_equal(talloc_set_memlimit(narrow, 1), 0);
	assert_null(tevent_req_create(narrow, &s, struct work_state));
	assert_ptr_equal(s, f);
	assert_int_equal(talloc_total_blocks(narrow), 1);
}

/* R1: sizes that overflow: NULL, the state pointer is not written. */
static void test_req_create__size_overflows__null(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	for (size_t less = 0; less < 2048; less += 8) {
		void *s = f;
		assert_null(_tevent_req_create(f->mem, &s, SIZE_MAX - less, "struct huge", "here:1"));
		assert_ptr_equal(s, f);
	}
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* R2: the numbers are part of the ABI. */
static void test_req_state__numbers__are_fixed(void **state)
{
	(void)state;
	assert_int_equal(TEVENT_REQ_INIT, 0);
	assert_int_equal(TEVENT_REQ_IN_PROGRESS, 1);
	assert_int_equal(TEVENT_REQ_DONE, 2);
	assert_int_equal(TEVENT_REQ_USER_ERROR, 3);
	assert_int_equal(TEVENT_REQ_TIMED_OUT, 4);
	assert_int_equal(TEVENT_REQ_NO_MEMORY, 5);
	assert_int_equal(TEVENT_REQ_RECEIVED, 6);
}

/* R2: a new request is in progress, never INIT. */
static void test_req_state__new__in_progress(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	assert_true(tevent_req_is_in_progress(req));
	assert_int_equal(state_of(req), TEVENT_REQ_IN_PROGRESS);
}

/* ---- finishing ---- */

/* R3: done. */
static void test_req_done__usual__state_and_callback_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_done(req);
	assert_notes("called:done");
	assert_false(tevent_req_is_in_progress(req));
}

/* R3, R8: an error is true, and its number can be read. */
static void test_req_error__not_zero__true_and_callback_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_error(req, EIO));
	assert_notes("called:user-error");
}

/* R3: error 0 is no error. */
static void test_req_error__zero__nothing_happens(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_false(tevent_req_error(req, 0));
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R3: an error with no bit set in its lower half is still an error. */
static void test_req_error__above_32_bits__true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);
	enum tevent_req_state req_state;
	uint64_t error = 0;

	assert_true(tevent_req_error(req, UINT64_C(1) << 40));
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_true(error == UINT64_C(1) << 40);
}

/* R3: nomem with a pointer: nothing. */
static void test_req_nomem__pointer__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_false(tevent_req_nomem(f, req));
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R3: nomem with NULL. */
static void test_req_nomem__null__true_and_no_memory(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_nomem(NULL, req));
	assert_notes("called:no-memory");
}

/* R3: oom. */
static void test_req_oom__usual__no_memory(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_oom(req);
	assert_notes("called:no-memory");
}

/* R3: without a callback finishing only sets the state. */
static void test_req_done__no_callback__state_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_done(req);
	assert_int_equal(state_of(req), TEVENT_REQ_DONE);
}

/* R3: the timer is freed, then cleanup runs, then the callback. */
static void test_req_done__with_endtime__timer_then_cleanup_then_callback(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	tevent_req_done(req);
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	assert_notes("timer:detach cleanup:done called:done");
}

/* R3: the same order when the end time is reached. */
static void test_req_endtime__reached__timer_then_cleanup_then_callback(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(1)));
	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	turns(f->ev, 1);
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	assert_notes("timer:before-handler timer:detach cleanup:timed-out called:timed-out");
}

static const char *location_of_finish;

static void cleaned_and_looks(struct tevent_req *req, enum tevent_req_state state)
{
	(void)state;
	note("%s%s", state_name(state_of(req)),
	     finished_at(req, location_of_finish) ? "@finish" : "");
}

/* R3: state and finish location are set when cleanup runs. */
static void test_req_error__in_cleanup__state_and_location_are_set(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned_and_looks);
	location_of_finish = __location__; tevent_req_error(req, EIO);
	assert_notes("user-error@finish called:user-error");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R3: finished again: the newer state wins, the callback is called again. */
static void test_req_finish__twice__newer_state_and_second_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_error(req, EIO);
	tevent_req_done(req);
	tevent_req_nomem(NULL, req);
	assert_notes("called:user-error called:done called:no-memory");
	assert_int_equal(state_of(req), TEVENT_REQ_NO_MEMORY);
}

/* R3: a newer error replaces the number. */
static void test_req_error__twice__newer_number(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	enum tevent_req_state req_state;
	uint64_t error = 0;

	tevent_req_error(req, EIO);
	tevent_req_error(req, EPERM);
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(error, EPERM);
}

/* R3, R18: a callback frees its request, for each way to finish it. */
static void test_req_finish__callback_frees__request_is_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	for (int how = 0; how < 4; how++) {
		struct tevent_req *req = work(f->mem);
		tevent_req_set_callback(req, called_and_frees, NULL);
		switch (how) {
		case 0: tevent_req_done(req); break;
		case 1: assert_true(tevent_req_error(req, EIO)); break;
		case 2: assert_true(tevent_req_nomem(NULL, req)); break;
		case 3: tevent_req_oom(req); break;
		}
		assert_int_equal(talloc_total_blocks(f->mem), blocks);
	}
	assert_notes("called:done called:user-error called:no-memory called:no-memory");
}

/* R18: a callback frees its request when the end time is reached. */
static void test_req_endtime__callback_frees__request_is_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_callback(req, called_and_frees, NULL);
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_notes("called:timed-out");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* R18: a callback frees its request from the posted immediate. */
static void test_req_post__callback_frees__request_is_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req *req = work(f->mem);

	tevent_req_done(req);
	tevent_req_set_callback(tevent_req_post(req, f->ev), called_and_frees, NULL);
	turns(f->ev, 1);
	assert_notes("called:done");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

static void called_and_frees_parent(struct tevent_req *req)
{
	called(req);
	talloc_free(talloc_parent(req));
}

/* R3, R18: a callback frees the parent of its request. */
static void test_req_done__callback_frees_parent__request_is_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req *req = work(talloc_new(f->mem));

	tevent_req_set_callback(req, called_and_frees_parent, NULL);
	tevent_req_done(req);
	assert_notes("called:done");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* ---- post ---- */

/* R4: returns the request; calls from the loop, not before. */
static void test_req_post__finished__called_from_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_error(req, EIO);
	assert_ptr_equal(tevent_req_post(req, f->ev), req);
	tevent_req_set_callback(req, called, NULL);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("called:user-error");
}

/* R4: only once. */
static void test_req_post__run__not_called_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	settle(f->ev, 10);
	assert_notes("called:in-progress");
}

/* R4: the callback that is set when the immediate runs is called. */
static void test_req_post__callback_replaced_later__newer_one_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_done(req);
	tevent_req_set_callback(req, called, NULL);
	tevent_req_post(req, f->ev);
	tevent_req_set_callback(req, called_instead, NULL);
	turns(f->ev, 1);
	assert_notes("instead:done");
}

/* R4: posted while in progress, it calls back with that state. */
static void test_req_post__in_progress__called_with_that_state(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	assert_notes("called:in-progress");
	assert_true(tevent_req_is_in_progress(req));
}

/* R4: the state at the time when the immediate runs counts. */
static void test_req_post__state_changes_later__called_with_newer(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_done(req);
	tevent_req_post(req, f->ev);
	tevent_req_error(req, EIO);
	tevent_req_set_callback(req, called, NULL);
	turns(f->ev, 1);
	assert_notes("called:user-error");
}

/* R4: posting again moves the one immediate to the end. */
static void test_req_post__twice__once_and_at_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_req_post(req, f->ev);
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t)"between");
	tevent_req_post(req, f->ev);
	turns(f->ev, 2);
	settle(f->ev, 10);
	assert_notes("between called:in-progress");
}

/* R4: posting again on another context moves it there. */
static void test_req_post__again_on_other_context__called_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_post(req, f->ev);
	tevent_req_post(req, other);
	settle(f->ev, 10);
	assert_notes("");
	turns(other, 1);
	assert_notes("called:in-progress");
}

/* R4, R6: it finishes again: cleanup runs for a state above the remembered one. */
static void test_req_post__cleanup_set__runs_for_higher_state_only(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	assert_notes("called:in-progress");
	tevent_req_done(req);
	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	assert_notes("called:in-progress cleanup:done called:done called:done");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R4, R3: finishing drops the end-time timer, also when finished by a post. */
static void test_req_post__with_endtime__timer_dropped(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	assert_notes("timer:detach called:in-progress");
}

/* R4: freed before the immediate runs: not called. */
static void test_req_post__freed__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	talloc_free(tevent_req_post(req, f->ev));
	settle(f->ev, 10);
	assert_notes("");
}

/* ---- deferred callback ---- */

/* R5: the notification comes from the loop, not from done. */
static void test_req_defer__done__called_from_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	assert_false(tevent_req_is_in_progress(req));
	assert_notes("");
	turns(f->ev, 1);
	settle(f->ev, 10);
	assert_notes("called:done");
}

/* R5: an unfinished request is not called. */
static void test_req_defer__not_finished__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	settle(f->ev, 10);
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R5: one notification is deferred, the next one is direct again. */
static void test_req_defer__after_one_deferral__direct_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	turns(f->ev, 1);
	clear_notes();
	tevent_req_error(req, EIO);
	assert_notes("called:user-error");
}

/* R5: finished again while the immediate is pending: direct, and then the
 * immediate finishes it once more with the state that it has by then. */
static void test_req_defer__finished_again_meanwhile__direct_then_posted(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	tevent_req_error(req, EIO);
	assert_notes("called:user-error");
	turns(f->ev, 1);
	assert_notes("called:user-error called:user-error");
}

/* R5: cleanup is not deferred, and runs once for the one state. */
static void test_req_defer__cleanup_set__runs_at_once_and_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	assert_notes("cleanup:done");
	turns(f->ev, 1);
	assert_notes("cleanup:done called:done");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R5: the end time's notification is deferred like any other. */
static void test_req_defer__endtime_reached__called_one_turn_later(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_notes("");
	assert_int_equal(state_of(req), TEVENT_REQ_TIMED_OUT);
	turns(f->ev, 1);
	assert_notes("called:timed-out");
}

/* R5: on the given context. */
static void test_req_defer__other_context__called_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, other);
	tevent_req_done(req);
	settle(f->ev, 10);
	assert_notes("");
	turns(other, 1);
	assert_notes("called:done");
}

/* R5: received meanwhile: not called. */
static void test_req_defer__received_meanwhile__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	tevent_req_received(req);
	settle(f->ev, 10);
	assert_notes("");
}

/* R5: freed meanwhile: not called. */
static void test_req_defer__freed_meanwhile__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	talloc_free(req);
	settle(f->ev, 10);
	assert_notes("");
}

/* ---- cleanup ---- */

/* R6: each finishing state, as its number. */
static void test_req_cleanup__each_way_to_finish__gets_the_new_state(void **state)
{
	struct fixture *f = fixture_of(state);

	for (int how = 0; how < 4; how++) {
		struct tevent_req *req = work(f->mem);
		tevent_req_set_cleanup_fn(req, cleaned);
		switch (how) {
		case 0: tevent_req_done(req); break;
		case 1: tevent_req_error(req, EIO); break;
		case 2: tevent_req_nomem(NULL, req); break;
		case 3: tevent_req_oom(req); break;
		}
		tevent_req_set_cleanup_fn(req, NULL);
		talloc_free(req);
	}
	assert_notes("cleanup:done cleanup:user-error cleanup:no-memory cleanup:no-memory");
}

/* R6: received. */
static void test_req_cleanup__received__runs_with_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_done(req);
	tevent_req_received(req);
	assert_notes("cleanup:done cleanup:received");
	talloc_free(req);
	assert_notes("cleanup:done cleanup:received");
}

/* R6: freed, in progress. */
static void test_req_cleanup__freed_in_progress__runs_with_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	talloc_free(req);
	assert_notes("cleanup:received");
}

/* R6: freed with its parent. */
static void test_req_cleanup__parent_freed__runs_with_received(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	struct tevent_req *req = work(parent);

	tevent_req_set_cleanup_fn(req, cleaned);
	talloc_free(parent);
	assert_notes("cleanup:received");
}

/* R6: only for a state above the remembered one. */
static void test_req_cleanup__lower_state_later__does_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_error(req, EIO);
	tevent_req_done(req);
	tevent_req_error(req, EIO);
	assert_notes("cleanup:user-error");
	tevent_req_nomem(NULL, req);
	assert_notes("cleanup:user-error cleanup:no-memory");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R6: set on a finished request it remembers that state. */
static void test_req_cleanup__set_when_finished__runs_for_higher_state_only(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_error(req, EIO);
	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_error(req, EIO);
	tevent_req_done(req);
	assert_notes("");
	tevent_req_received(req);
	assert_notes("cleanup:received");
}

/* R6: setting it again remembers the current state, even if lower. */
static void test_req_cleanup__set_anew_in_lower_state__runs_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_error(req, EIO);
	tevent_req_done(req);
	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_error(req, EIO);
	assert_notes("cleanup:user-error cleanup:user-error");
	tevent_req_set_cleanup_fn(req, NULL);
}

static void cleaned_and_done_again(struct tevent_req *req, enum tevent_req_state state)
{
	cleaned(req, state);
	tevent_req_done(req);
}

/* R6: a cleanup that finishes the request with the state that it runs for is not called again for that state. */
static void test_req_cleanup__finishes_it_again__runs_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned_and_done_again);
	tevent_req_done(req);
	assert_notes("cleanup:done called:done called:done");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R6: NULL removes it. */
static void test_req_cleanup__set_to_null__does_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_set_cleanup_fn(req, NULL);
	tevent_req_done(req);
	talloc_free(req);
	assert_notes("");
}

/* ---- received ---- */

/* R7: the state. */
static void test_req_received__done__state_is_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_done(req);
	tevent_req_received(req);
	assert_int_equal(state_of(req), TEVENT_REQ_RECEIVED);
	assert_false(tevent_req_is_in_progress(req));
}

/* R7: the state data is freed, its pointer is NULL. */
static void test_req_received__state_data__freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tells_when_freed(tevent_req_data(req, struct work_state), "data");
	tevent_req_received(req);
	assert_notes("gone:data");
	assert_null(_tevent_req_data(req));
}

static char *printed_own(struct tevent_req *req, TALLOC_CTX *mem_ctx)
{
	(void)req;
	return talloc_strdup(mem_ctx, "own line");
}

static bool cancelled(struct tevent_req *req)
{
	note("cancel:%s", state_name(state_of(req)));
	return true;
}

static void cleaned_at_receive(struct tevent_req *req, enum tevent_req_state state)
{
	char *line;

	if (state != TEVENT_REQ_RECEIVED) {
		return;
	}
	line = tevent_req_print(NULL, req);
	note("%s", strcmp(line, "own line") == 0 ? "own" : "default");
	talloc_free(line);
	note("%s", tevent_req_cancel(req) ? "cancellable" : "not-cancellable");
	note("%s", _tevent_req_data(req) != NULL ? "data" : "no-data");
}

/* R7: cleanup runs after the print and cancel functions were dropped, before the data is freed. */
static void test_req_received__in_cleanup__functions_dropped_data_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tells_when_freed(tevent_req_data(req, struct work_state), "data");
	tevent_req_set_print_fn(req, printed_own);
	tevent_req_set_cancel_fn(req, cancelled);
	tevent_req_set_cleanup_fn(req, cleaned_at_receive);
	tevent_req_received(req);
	assert_notes("default not-cancellable data gone:data");
}

/* R7: the timer and the posted immediate are dropped before cleanup. */
static void test_req_received__posted_and_timed__dropped_before_cleanup(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_post(req, f->ev);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	tevent_set_trace_immediate_callback(f->ev, trace_immediate, NULL);
	tevent_req_received(req);
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	tevent_set_trace_immediate_callback(f->ev, NULL, NULL);
	assert_notes("im:detach timer:detach cleanup:received");
}

/* R7: posted, then received: not called. */
static void test_req_received__posted__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_post(req, f->ev);
	tevent_req_received(req);
	settle(f->ev, 10);
	assert_notes("");
}

/* R7: with an end time, then received: does not time out. */
static void test_req_received__end_time_due__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	tevent_req_received(req);
	settle(f->ev, 10);
	assert_notes("");
	assert_int_equal(state_of(req), TEVENT_REQ_RECEIVED);
}

/* R7: freeing receives first: the state's children are freed before the request's other children. */
static void test_req_free__children_of_both__state_goes_first(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tells_when_freed(req, "older");
	tells_when_freed(tevent_req_data(req, struct work_state), "data");
	tells_when_freed(req, "newer");
	tevent_req_set_cleanup_fn(req, cleaned);
	talloc_free(req);
	assert_notes("cleanup:received gone:data gone:newer gone:older");
}

/* R7, R4: received, it can't be posted any more; the call is harmless. */
static void test_req_post__received__never_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	DEVIATION("D5", "undefined there");
	tevent_req_received(req);
	assert_ptr_equal(tevent_req_post(req, f->ev), req);
	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	settle(f->ev, 10);
	assert_notes("");
}

/* R7: twice is harmless. */
static void test_req_received__twice__harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_received(req);
	tevent_req_received(req);
	talloc_free(req);
	assert_notes("cleanup:received");
}

/* R7: callback and its data stay. */
static void test_req_received__callback__still_set(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_callback(req, called, f);
	tevent_req_received(req);
	assert_ptr_equal(tevent_req_callback_data_void(req), f);
	tevent_req_notify_callback(req);
	assert_notes("called:received");
}

/* R7: cancel is false. */
static void test_req_received__cancel__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cancel_fn(req, cancelled);
	tevent_req_received(req);
	assert_false(tevent_req_cancel(req));
	assert_notes("");
}

/* R7: printing works, by the default. */
static void test_req_received__print__state_6(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	char *line;

	tevent_req_set_print_fn(req, printed_own);
	tevent_req_received(req);
	line = tevent_req_print(f->mem, req);
	assert_non_null(line);
	assert_non_null(strstr(line, ": state[6] error[0 (0x0)]"));
}

/* ---- is_error, poll ---- */

/* R8: done: false, nothing written. */
static void test_req_is_error__done__false_and_nothing_written(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	enum tevent_req_state req_state = (enum tevent_req_state)77;
	uint64_t error = 88;

	tevent_req_done(req);
	assert_false(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, 77);
	assert_int_equal(error, 88);
}

/* R8: a user's error: both written. */
static void test_req_is_error__user_error__state_and_error_written(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	enum tevent_req_state req_state = (enum tevent_req_state)77;
	uint64_t error = 88;

	tevent_req_error(req, UINT64_MAX);
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_USER_ERROR);
	assert_true(error == UINT64_MAX);
}

/* R8: other states: true, only the state is written. */
static void test_req_is_error__other_states__error_not_written(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	enum tevent_req_state req_state = (enum tevent_req_state)77;
	uint64_t error = 88;

	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_IN_PROGRESS);
	tevent_req_oom(req);
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_NO_MEMORY);
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_TIMED_OUT);
	tevent_req_received(req);
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_RECEIVED);
	assert_int_equal(error, 88);
}

static void done_from_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	note("done");
	tevent_req_done((struct tevent_req *)private_data);
}

/* R9: runs turns until the request is no longer in progress, then no more. */
static void test_req_poll__in_progress__turns_until_finished(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);
	struct tevent_immediate *im[3];

	for (int i = 0; i < 3; i++) {
		im[i] = tevent_create_immediate(f->mem);
	}
	tevent_schedule_immediate(im[0], f->ev, note_immediate, (void *)(uintptr_t)"one");
	tevent_schedule_immediate(im[1], f->ev, done_from_immediate, req);
	tevent_schedule_immediate(im[2], f->ev, note_immediate, (void *)(uintptr_t)"three");
	assert_true(tevent_req_poll(req, f->ev));
	assert_notes("one done called:done");
}

/* R9: not in progress: true at once, without a turn. */
static void test_req_poll__finished__true_without_a_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_req_error(req, EIO);
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t)"turn");
	assert_true(tevent_req_poll(req, f->ev));
	assert_notes("");
}

static int poll_errno;

static void polls_inside(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	bool ok;

	(void)im;
	errno = 0;
	ok = tevent_req_poll((struct tevent_req *)private_data, ev);
	poll_errno = errno;
	note("%s", ok ? "true" : "false");
}

/* R9, C18: refused inside a handler: false. */
static void test_req_poll__inside_handler__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	record_aborts();
	tevent_schedule_immediate(im, f->ev, polls_inside, req);
	turns(f->ev, 1);
	assert_notes("false");
	assert_int_equal(poll_errno, ELOOP);
	assert_int_equal(abort_count, 1);
	assert_true(tevent_req_is_in_progress(req));
}

/* R9: allowed inside a handler if nesting is. */
static void test_req_poll__nesting_allowed__true(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);
	struct tevent_immediate *im[2];

	im[0] = tevent_create_immediate(f->mem);
	im[1] = tevent_create_immediate(f->mem);
	tevent_loop_allow_nesting(f->ev);
	tevent_schedule_immediate(im[0], f->ev, polls_inside, req);
	tevent_schedule_immediate(im[1], f->ev, done_from_immediate, req);
	turns(f->ev, 1);
	assert_notes("done called:done true");
}

static int hook_that_refuses(struct tevent_context *ev, void *private_data, uint32_t level,
			     bool begin, void *stack_ptr, const char *location)
{
	(void)ev;
	(void)private_data;
	(void)stack_ptr;
	(void)location;
	note("hook:%u:%s", (unsigned)level, begin ? "begin" : "end");
	return -1;
}

/* R9, C19: a hook that fails the turn: false. */
static void test_req_poll__hook_refuses__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_loop_set_nesting_hook(f->ev, hook_that_refuses, NULL);
	assert_false(tevent_req_poll(req, f->ev));
	assert_notes("hook:1:begin");
	assert_true(tevent_req_is_in_progress(req));
}

/* R9, C13: a turn that may not block and finds nothing: false. */
static void test_req_poll__wait_timeout_zero__false(void **state)
{
	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_context_set_wait_timeout(f->ev, 0);
	errno = 0;
	assert_false(tevent_req_poll(req, f->ev));
	assert_int_equal(errno, EAGAIN);
}

/* ---- end time ---- */

static struct timeval due;

static void called_and_compares(struct tevent_req *req)
{
	struct timeval now = tevent_timeval_current();

	called(req);
	note("%s", tevent_timeval_compare(&now, &due) < 0 ? "early" : "not-early");
}

/* R10: at the end time it finishes, not before. */
static void test_req_endtime__reached__timed_out_not_before(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	due = in_ms(5);
	tevent_req_set_callback(req, called_and_compares, NULL);
	assert_true(tevent_req_set_endtime(req, f->ev, due));
	assert_true(tevent_req_poll(req, f->ev));
	assert_notes("called:timed-out not-early");
	assert_int_equal(state_of(req), TEVENT_REQ_TIMED_OUT);
}

/* R10, O8: its location is the library's function, which appears in logs. */
static void test_req_endtime__reached__finish_names_the_function(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_true(finished_at(req, "tevent_req_timedout"));
}

/* R10: a later end time replaces an earlier one. */
static void test_req_endtime__replaced_by_later__first_does_not_count(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	settle(f->ev, 10);
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R10: an earlier end time replaces a later one: one timer at any time. */
static void test_req_endtime__replaced_by_earlier__times_out_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	turns(f->ev, 1);
	assert_notes("timer:attach timer:detach timer:attach called:timed-out");
}

/* R10: replaced by one on another context. */
static void test_req_endtime__replaced_on_other_context__times_out_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	assert_true(tevent_req_set_endtime(req, other, tevent_timeval_zero()));
	settle(f->ev, 10);
	assert_notes("");
	turns(other, 1);
	assert_notes("called:timed-out");
}

/* R10: reset removes it. */
static void test_req_endtime__reset__does_not_time_out(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	tevent_req_reset_endtime(req);
	tevent_req_reset_endtime(req);
	settle(f->ev, 10);
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R3, R10: a finished request does not time out later. */
static void test_req_endtime__finished_before__not_called_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	tevent_req_done(req);
	settle(f->ev, 10);
	assert_notes("called:done");
}

/* R10: no memory for the timer: false, finished with NO_MEMORY. */
static void test_req_endtime__no_timer__false_and_no_memory(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = context_without_timers(f->mem);
	struct tevent_req *req = watched_work(f->mem);

	assert_false(tevent_req_set_endtime(req, ev, in_ms(60000)));
	assert_notes("called:no-memory");
}

/* R10: the context is freed before the end time: nothing happens, freeing works. */
static void test_req_endtime__context_freed__harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, other, in_ms(60000)));
	tevent_req_post(req, other);
	talloc_free(other);
	tevent_req_done(req);
	assert_notes("called:done");
	talloc_free(req);
}

/* ---- cancel ---- */

static bool refuses(struct tevent_req *req)
{
	(void)req;
	note("refused");
	return false;
}

/* R11: no function: false. */
static void test_req_cancel__no_function__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_false(tevent_req_cancel(req));
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
}

/* R11: the function's value. */
static void test_req_cancel__function_set__its_value(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cancel_fn(req, cancelled);
	assert_true(tevent_req_cancel(req));
	tevent_req_set_cancel_fn(req, refuses);
	assert_false(tevent_req_cancel(req));
	assert_notes("cancel:in-progress refused");
	assert_true(tevent_req_is_in_progress(req));
}

/* R11: NULL removes it. */
static void test_req_cancel__set_to_null__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cancel_fn(req, cancelled);
	tevent_req_set_cancel_fn(req, NULL);
	assert_false(tevent_req_cancel(req));
	assert_notes("");
}

/* R11: finishing does not drop the cancel function. */
static void test_req_cancel__finished__function_still_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cancel_fn(req, cancelled);
	tevent_req_done(req);
	assert_true(tevent_req_cancel(req));
	assert_notes("cancel:done");
}

static bool finishes(struct tevent_req *req)
{
	tevent_req_error(req, ECANCELED);
	return true;
}

/* R18: a cancel function may finish the request. */
static void test_req_cancel__function_finishes__callback_inside_cancel(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cancel_fn(req, finishes);
	assert_true(tevent_req_cancel(req));
	assert_notes("called:user-error");
}

/* R18: and the callback may free it inside the cancel function. */
static void test_req_cancel__function_finishes_and_callback_frees__request_is_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_callback(req, called_and_frees, NULL);
	tevent_req_set_cancel_fn(req, finishes);
	assert_true(tevent_req_cancel(req));
	assert_notes("called:user-error");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* ---- callback, data ---- */

/* R12: typed and untyped access to the callback's data. */
static void test_req_callback_data__right_type__given_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	struct other_state *data = talloc_zero(f->mem, struct other_state);
	int plain;

	tevent_req_set_callback(req, called, data);
	assert_ptr_equal(tevent_req_callback_data(req, struct other_state), data);
	assert_ptr_equal(tevent_req_callback_data_void(req), data);
	tevent_req_set_callback(req, called, &plain);
	assert_ptr_equal(tevent_req_callback_data_void(req), &plain);
}

/* R12: without a callback there is no data. */
static void test_req_callback_data__not_set__null(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_null(tevent_req_callback_data_void(work(f->mem)));
}

static void asks_for_wrong_callback_data(void *arg)
{
	struct tevent_req *req = work(arg);

	tevent_req_set_callback(req, called, talloc_zero(arg, struct other_state));
	(void)tevent_req_callback_data(req, struct work_state);
}

/* R12: callback data of another type: abort. */
static void test_req_callback_data__wrong_type__aborts(void **state)
{
	assert_child_aborts(asks_for_wrong_callback_data, fixture_of(state)->mem);
}

static void asks_for_wrong_data(void *arg)
{
	(void)tevent_req_data(work(arg), struct other_state);
}

/* R12: state data of another type: abort. */
static void test_req_data__wrong_type__aborts(void **state)
{
	assert_child_aborts(asks_for_wrong_data, fixture_of(state)->mem);
}

/* R12: notify calls the callback now, the state stays. */
static void test_req_notify__in_progress__called_and_still_in_progress(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_notify_callback(req);
	assert_notes("called:in-progress");
	assert_true(tevent_req_is_in_progress(req));
	tevent_req_set_cleanup_fn(req, NULL);
}

/* R12: notify without a callback: nothing. */
static void test_req_notify__no_callback__harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_notify_callback(req);
	assert_true(tevent_req_is_in_progress(req));
}

/* R12: notify honours a deferral. */
static void test_req_notify__deferred__called_from_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	tevent_req_defer_callback(req, f->ev);
	tevent_req_notify_callback(req);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("called:in-progress");
	tevent_req_notify_callback(req);
	assert_notes("called:in-progress called:in-progress");
}

/* R12: notify does not drop the end time. */
static void test_req_notify__with_endtime__timer_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = watched_work(f->mem);

	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	tevent_req_notify_callback(req);
	turns(f->ev, 1);
	assert_notes("called:in-progress called:timed-out");
}

/* ---- print ---- */

/* R13: a NULL request. */
static void test_req_print__null__says_so(void **state)
{
	struct fixture *f = fixture_of(state);
	char *line = tevent_req_print(f->mem, NULL);

	assert_string_equal(line, "tevent_req[NULL]");
	assert_ptr_equal(talloc_parent(line), f->mem);
}

/* R13: the function's string, allocated on the caller's mem_ctx. */
static void test_req_print__function_set__its_string(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	TALLOC_CTX *mem = talloc_new(f->mem);
	char *line;

	tevent_req_set_print_fn(req, printed_own);
	line = tevent_req_print(mem, req);
	assert_string_equal(line, "own line");
	assert_ptr_equal(talloc_parent(line), mem);
}

/* R13: the default line of a fresh request. */
static void test_req_print__in_progress__default_line(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req = _tevent_req_create(f->mem, &s, sizeof(*s), "struct work_state", "there.c:12");
	char expected[512];
	char *line = tevent_req_print(f->mem, req);

	snprintf(expected, sizeof(expected),
		 "tevent_req[%p/there.c:12]: state[1] error[0 (0x0)]  state[struct work_state (%p)] timer[%p] finish[%s]",
		 (void *)req, (void *)s, NULL, "(null)");
	assert_string_equal(line, expected);
	assert_ptr_equal(talloc_parent(line), f->mem);
}

/* R13: with a timer, and after an error. */
static void test_req_print__error_and_timer__default_line(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req = _tevent_req_create(f->mem, &s, sizeof(*s), "struct work_state", "there.c:12");
	char expected[512];
	char *line;

	_tevent_req_error(req, 0xabcdef0123, "elsewhere.c:34");
	tevent_set_trace_timer_callback(f->ev, trace_timer, NULL);
	assert_true(tevent_req_set_endtime(req, f->ev, in_ms(60000)));
	tevent_set_trace_timer_callback(f->ev, NULL, NULL);
	line = tevent_req_default_print(req, f->mem);
	snprintf(expected, sizeof(expected),
		 "tevent_req[%p/there.c:12]: state[3] error[737894400291 (0xABCDEF0123)]  "
		 "state[struct work_state (%p)] timer[%p] finish[elsewhere.c:34]",
		 (void *)req, (void *)s, (void *)traced_timer);
	assert_string_equal(line, expected);
}

static char *printed_around_default(struct tevent_req *req, TALLOC_CTX *mem_ctx)
{
	char *line = tevent_req_default_print(req, mem_ctx);
	char *longer = talloc_asprintf(mem_ctx, "<%s>", line);

	talloc_free(line);
	return longer;
}

/* R13: a print function may use the default. */
static void test_req_print__function_uses_default__both(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	char *line;

	tevent_req_set_print_fn(req, printed_around_default);
	line = tevent_req_print(f->mem, req);
	assert_true(strncmp(line, "<tevent_req[", 12) == 0);
}

/* R13: NULL as print function restores the default. */
static void test_req_print__function_set_to_null__default_line(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	char *line;

	tevent_req_set_print_fn(req, printed_own);
	tevent_req_set_print_fn(req, NULL);
	line = tevent_req_print(f->mem, req);
	assert_true(strncmp(line, "tevent_req[", 11) == 0);
}

/* ---- what the macros record ---- */

/* R14: create records its location. */
static void test_req_location__create__printed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	const char *here = __location__; struct tevent_req *req = tevent_req_create(f->mem, &s, struct work_state);
	char *expected = talloc_asprintf(f->mem, "tevent_req[%p/%s]: ", (void *)req, here);
	char *line = tevent_req_print(f->mem, req);

	assert_true(strncmp(line, expected, strlen(expected)) == 0);
}

/* R12, R14: each way to finish, and notify, records its location. */
static void test_req_location__each_way_to_finish__printed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	const char *here;

	here = __location__; tevent_req_done(req);
	assert_true(finished_at(req, here));
	here = __location__; tevent_req_error(req, EIO);
	assert_true(finished_at(req, here));
	here = __location__; tevent_req_nomem(NULL, req);
	assert_true(finished_at(req, here));
	here = __location__; tevent_req_oom(req);
	assert_true(finished_at(req, here));
	here = __location__; tevent_req_notify_callback(req);
	assert_true(finished_at(req, here));
}

/* R3: a call that does nothing leaves the finish location alone. */
static void test_req_location__no_error__kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	const char *here = __location__; tevent_req_done(req);

	tevent_req_error(req, 0);
	tevent_req_nomem(f, req);
	assert_true(finished_at(req, here));
}

/* R4: a posted request that finishes again keeps its finish location. */
static void test_req_location__posted__kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);
	const char *here = __location__; tevent_req_done(req);

	tevent_req_post(req, f->ev);
	turns(f->ev, 1);
	assert_true(finished_at(req, here));
}

/* The last report to an unset callback does not matter here. */
static bool flow_is_recorded;

static void record_flow(void *private_data, enum tevent_thread_call_depth_cmd cmd,
			struct tevent_req *req, size_t depth, const char *fname)
{
	static const char *const names[] = {
		"reset", "create", "cancel", "cleanup", "notify", "enter", "trigger", "leave",
	};

	(void)private_data;
	(void)req;
	(void)depth;
	if (flow_is_recorded) {
		note("%s(%s)", names[cmd], fname != NULL ? fname : "-");
	}
}

static void start_flow(void)
{
	flow_is_recorded = true;
	tevent_thread_call_depth_set_callback(record_flow, NULL);
}

static void stop_flow(void)
{
	flow_is_recorded = false;
	tevent_thread_call_depth_set_callback(NULL, NULL);
}

/* R14: the macros record the functions' names, create its caller. */
static void test_req_names__macros__told_to_call_flow(void **state)
{
	NEWER_THAN_ORACLE("0.15: function names");
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req;

	start_flow();
	req = tevent_req_create(f->mem, &s, struct work_state);
	tevent_req_set_callback(req, called, NULL);
	tevent_req_set_cancel_fn(req, refuses);
	tevent_req_set_cleanup_fn(req, cleaned);
	tevent_req_cancel(req);
	tevent_req_done(req);
	tevent_req_set_cleanup_fn(req, NULL);
	tevent_thread_call_depth_reset_from_req(req);
	stop_flow();
	assert_notes("create(test_req_names__macros__told_to_call_flow) cancel(refuses) refused "
		     "cleanup(cleaned) cleanup:done notify(called) called:done "
		     "reset(test_req_names__macros__told_to_call_flow)");
}

/* R14: the functions of old binaries record no names. */
static void test_req_names__functions_without_underscore__none(void **state)
{
	NEWER_THAN_ORACLE("0.15: function names");
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req;

	start_flow();
	req = _tevent_req_create(f->mem, &s, sizeof(*s), "struct work_state", "here:1");
	(tevent_req_set_callback)(req, called, NULL);
	(tevent_req_set_cancel_fn)(req, refuses);
	(tevent_req_set_cleanup_fn)(req, cleaned);
	tevent_req_cancel(req);
	tevent_req_done(req);
	(tevent_req_set_cleanup_fn)(req, NULL);
	(tevent_thread_call_depth_reset_from_req)(req);
	stop_flow();
	assert_notes("create(-) cancel(-) refused cleanup(-) cleanup:done notify(-) called:done reset(-)");
}

/* R14: a NULL cancel or cleanup function is recorded without a name. */
static void test_req_names__null_functions__none(void **state)
{
	NEWER_THAN_ORACLE("0.15: function names");
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	tevent_req_set_cancel_fn(req, NULL);
	tevent_req_set_cleanup_fn(req, NULL);
	start_flow();
	tevent_req_cancel(req);
	tevent_req_done(req);
	stop_flow();
	assert_notes("cancel(-) cleanup(-)");
}

/* R14: the old functions do what the macros do (on every release). */
static void test_req_functions__without_underscore__work(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work(f->mem);

	(tevent_req_set_callback)(req, called, f);
	(tevent_req_set_cancel_fn)(req, cancelled);
	(tevent_req_set_cleanup_fn)(req, cleaned);
	assert_ptr_equal(tevent_req_callback_data_void(req), f);
	assert_true(tevent_req_cancel(req));
	tevent_req_done(req);
	assert_notes("cancel:in-progress cleanup:done called:done");
	tevent_req_set_cleanup_fn(req, NULL);
}

/* ---- parent request ---- */

static size_t depth_at_create;

static void record_depth(void *private_data, enum tevent_thread_call_depth_cmd cmd,
			 struct tevent_req *req, size_t depth, const char *fname)
{
	(void)private_data;
	(void)req;
	(void)fname;
	if (cmd == TEVENT_CALL_FLOW_REQ_CREATE) {
		depth_at_create = depth;
	}
}

/* Creates a request on mem_ctx and returns the depth that call flow reported for it. */
static struct tevent_req *work_with_depth(TALLOC_CTX *mem_ctx, size_t *depth)
{
	struct tevent_req *req;

	depth_at_create = SIZE_MAX;
	tevent_thread_call_depth_set_callback(record_depth, NULL);
	req = work(mem_ctx);
	tevent_thread_call_depth_set_callback(NULL, NULL);
	*depth = depth_at_create;
	return req;
}

/* R17: the parent request is the talloc parent of mem_ctx. */
static void test_req_parent__mem_ctx_is_state__one_deeper(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);
	size_t outer, inner, innermost;
	struct tevent_req *req = work_with_depth(f->mem, &outer);
	struct tevent_req *sub = work_with_depth(_tevent_req_data(req), &inner);

	work_with_depth(_tevent_req_data(sub), &innermost);
	assert_int_equal(inner, outer + 1);
	assert_int_equal(innermost, outer + 2);
}

/* R17: any child of a request counts as mem_ctx, not only its state. */
static void test_req_parent__mem_ctx_is_other_child__one_deeper(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);
	size_t outer, inner;
	struct tevent_req *req = work_with_depth(f->mem, &outer);

	work_with_depth(talloc_new(req), &inner);
	assert_int_equal(inner, outer + 1);
}

/* R17: the request itself as mem_ctx, or a grandchild, makes no parent request. */
static void test_req_parent__mem_ctx_is_request_or_deeper__no_parent(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);
	size_t outer, direct, deeper;
	struct tevent_req *req = work_with_depth(f->mem, &outer);

	work_with_depth(req, &direct);
	work_with_depth(talloc_new(_tevent_req_data(req)), &deeper);
	assert_int_equal(direct, outer);
	assert_int_equal(deeper, outer);
}

/* R17: the parent is determined once: moving the request later changes nothing. */
static void test_req_parent__moved_after_create__depth_stays(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);
	size_t outer, inner, innermost;
	struct tevent_req *req = work_with_depth(f->mem, &outer);
	struct tevent_req *sub = work_with_depth(_tevent_req_data(req), &inner);

	talloc_steal(f->mem, sub);
	talloc_free(req);
	work_with_depth(_tevent_req_data(sub), &innermost);
	assert_int_equal(innermost, inner + 1);
}

static int goes_quietly(struct tevent_req *req)
{
	(void)req;
	return 0;
}

static void free_on_callback(struct tevent_req *req)
{
	note("called");
	talloc_free(req);
}

/* A deferred callback of a request whose talloc destructor the program has replaced (or removed). */
static struct tevent_req *deferred_without_destructor(struct fixture *f, int (*destructor)(struct tevent_req *))
{
	struct work_state *data;
	struct tevent_req *req = tevent_req_create(f->mem, &data, struct work_state);

	assert_non_null(req);
	talloc_set_destructor(req, destructor);
	tevent_req_set_callback(req, free_on_callback, NULL);
	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	return req;
}

/* R3, R5: the request is freed before the call: no call, and nothing is left in the loop. */
static void test_req_defer__destructor_replaced_and_freed__not_called(void **state)
{
	struct fixture *f = fixture_of(state);

	talloc_free(deferred_without_destructor(f, NULL));
	talloc_free(deferred_without_destructor(f, goes_quietly));
	assert_int_equal(tevent_loop_wait(f->ev), 0); /* nothing left to wait for */
	settle(f->ev, 5);
	assert_notes("");
}

/* R3, R5: its callback frees it: nothing touches it then. */
static void test_req_defer__destructor_replaced__callback_frees(void **state)
{
	struct fixture *f = fixture_of(state);

	deferred_without_destructor(f, NULL);
	deferred_without_destructor(f, goes_quietly);
	settle(f->ev, 5);
	assert_notes("called called");
	assert_int_equal(tevent_loop_wait(f->ev), 0); /* nothing left to wait for */
}

static jmp_buf after_the_loop;

static void leave_by_longjmp(struct tevent_req *req)
{
	note("left");
	longjmp(after_the_loop, 1);
}

/* True if freeing wrote nothing into its callers' stack frames, deeper than the loop had been. */
static bool __attribute__((noinline)) stack_is_left_alone_by_free(struct tevent_req *req)
{
	volatile unsigned char mine[16384];
	bool untouched = true;

	for (size_t i = 0; i < sizeof(mine); i++) {
		mine[i] = 0x5a;
	}
	talloc_free(req);
	for (size_t i = 0; i < sizeof(mine); i++) {
		untouched = untouched && mine[i] == 0x5a;
	}
	return untouched;
}

/* A posted request's callback leaves the loop; then the request is freed. */
static void free_when_left(struct tevent_context *ev, struct tevent_req *volatile req)
{
	tevent_req_set_callback(req, leave_by_longjmp, NULL);
	if (setjmp(after_the_loop) == 0) {
		tevent_loop_once(ev);
	}
	child_assert(strcmp(notes(), "left") == 0);
	child_assert(stack_is_left_alone_by_free(req));
}

static void free_after_longjmp(void *arg)
{
	struct fixture *f = arg;
	struct work_state *data;
	struct tevent_req *req = tevent_req_create(f->mem, &data, struct work_state);

	child_assert(req != NULL);
	tevent_req_done(req);
	tevent_req_post(req, f->ev);
	free_when_left(f->ev, req);
}

/*
 * R4, R7: the callback of a posted request never returns (a failed assertion does that); freeing the request later
 * does not write to the stack memory that is in use by then.  In a child: the immediate stays marked as running
 * (D5).
 */
static void test_req_post__callback_left_by_longjmp__request_can_be_freed(void **state)
{
	assert_child_succeeds(free_after_longjmp, fixture_of(state));
}

static void run_inner_loop(struct tevent_req *req)
{
	struct tevent_context *ev = tevent_req_callback_data_void(req);

	tevent_loop_once(ev);
}

static void free_inner_after_longjmp(void *arg)
{
	struct fixture *f = arg;
	struct work_state *data;
	struct tevent_req *outer = tevent_req_create(f->mem, &data, struct work_state);
	struct tevent_req *req = tevent_req_create(f->mem, &data, struct work_state);

	child_assert(outer != NULL && req != NULL);
	tevent_loop_allow_nesting(f->ev);
	/* earlier runs leave nothing behind */
	for (int i = 0; i < 100; i++) {
		struct tevent_req *before = tevent_req_create(f->mem, &data, struct work_state);

		tevent_req_done(before);
		tevent_req_post(before, f->ev);
		child_assert(tevent_loop_once(f->ev) == 0);
		talloc_free(before);
	}
	tevent_req_set_callback(outer, run_inner_loop, f->ev);
	tevent_req_post(outer, f->ev);
	tevent_req_post(req, f->ev);
	free_when_left(f->ev, req);
}

/* R4, R7: the same in a loop inside another request's callback, after many that came back. */
static void test_req_post__inner_callback_left_by_longjmp__request_can_be_freed(void **state)
{
	assert_child_succeeds(free_inner_after_longjmp, fixture_of(state));
}

#define DEEP 70

struct deep {
	struct tevent_context *ev;
	struct tevent_req *reqs[DEEP];
	int called;
};

static void go_deeper(struct tevent_req *req)
{
	struct deep *deep = tevent_req_callback_data_void(req);

	deep->called++;
	if (deep->called < DEEP) {
		tevent_loop_once(deep->ev);
	}
	if (deep->called == DEEP) {
		/* the innermost callback: all callbacks are running */
		deep->called++;
		for (int i = 1; i < DEEP; i += 2) {
			TALLOC_FREE(deep->reqs[i]);
		}
	}
}

static void count_call(struct tevent_req *req)
{
	int *calls = tevent_req_callback_data_void(req);

	++*calls;
}

/* R4, R7: posted requests whose callbacks are all running, each in the loop of the one before: every second one is
 * freed. */
static void test_req_post__nested_callbacks__innermost_frees_some_of_all(void **state)
{
	struct fixture *f = fixture_of(state);
	struct deep deep = {.ev = f->ev};
	int calls = 0;

	tevent_loop_allow_nesting(f->ev);
	for (int i = 0; i < DEEP; i++) {
		struct work_state *data;

		deep.reqs[i] = tevent_req_create(f->mem, &data, struct work_state);
		assert_non_null(deep.reqs[i]);
		tevent_req_done(deep.reqs[i]);
		tevent_req_set_callback(deep.reqs[i], go_deeper, &deep);
		tevent_req_post(deep.reqs[i], f->ev);
	}
	turns(f->ev, 1);
	assert_int_equal(deep.called, DEEP + 1);
	for (int i = 0; i < DEEP; i += 2) {
		tevent_req_set_callback(deep.reqs[i], count_call, &calls);
		tevent_req_post(deep.reqs[i], f->ev);
	}
	turns(f->ev, DEEP / 2);
	assert_int_equal(calls, DEEP / 2);
	for (int i = 0; i < DEEP; i += 2) {
		assert_int_equal(talloc_free(deep.reqs[i]), 0);
	}
}

static void post_many_that_leave(void *arg)
{
	TALLOC_CTX *mem = arg;
	volatile int left = 0;

	/* each on its own context: its loop counts as running for ever */
	for (volatile int i = 0; i < 100; i++) {
		struct tevent_context *ev = tevent_context_init(mem);
		struct work_state *data;
		struct tevent_req *req = tevent_req_create(ev, &data, struct work_state);

		child_assert(req != NULL);
		tevent_req_set_callback(req, leave_by_longjmp, NULL);
		tevent_req_post(req, ev);
		if (setjmp(after_the_loop) == 0) {
			tevent_loop_once(ev);
		} else {
			left++;
		}
	}
	child_assert(left == 100);
	{
		struct tevent_context *ev = tevent_context_init(mem);
		struct work_state *data;
		struct tevent_req *req = tevent_req_create(ev, &data, struct work_state);

		clear_notes();
		tevent_req_set_callback(req, called, NULL);
		tevent_req_post(req, ev);
		child_assert(tevent_loop_once(ev) == 0);
		child_assert(strncmp(notes(), "called", strlen("called")) == 0);
		child_assert(talloc_free(req) == 0);
	}
}

/* R4: many callbacks that never return don't keep later requests from calling back. */
static void test_req_post__many_callbacks_left_by_longjmp__others_are_called(void **state)
{
	assert_child_succeeds(post_many_that_leave, fixture_of(state)->mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_req_create__usual__named_child_of_mem_ctx),
		TEST(test_req_create__usual__state_is_named_child_of_request),
		TEST(test_req_create__reused_memory__state_is_zeroed),
		TEST(test_req_create__no_mem_ctx__has_no_parent),
		TEST(test_req_create__older_functions__make_the_same),
		TEST(test_req_create__empty_state__has_data),
		TEST(test_req_create__out_of_memory__null),
		TEST(test_req_create__size_overflows__null),
		TEST(test_req_state__numbers__are_fixed),
		TEST(test_req_state__new__in_progress),
		TEST(test_req_done__usual__state_and_callback_at_once),
		TEST(test_req_error__not_zero__true_and_callback_at_once),
		TEST(test_req_error__zero__nothing_happens),
		TEST(test_req_error__above_32_bits__true),
		TEST(test_req_nomem__pointer__false),
		TEST(test_req_nomem__null__true_and_no_memory),
		TEST(test_req_oom__usual__no_memory),
		TEST(test_req_done__no_callback__state_alone),
		TEST(test_req_done__with_endtime__timer_then_cleanup_then_callback),
		TEST_EACH_BACKEND(test_req_endtime__reached__timer_then_cleanup_then_callback),
		TEST(test_req_error__in_cleanup__state_and_location_are_set),
		TEST(test_req_finish__twice__newer_state_and_second_call),
		TEST(test_req_error__twice__newer_number),
		TEST(test_req_finish__callback_frees__request_is_gone),
		TEST_EACH_BACKEND(test_req_endtime__callback_frees__request_is_gone),
		TEST_EACH_BACKEND(test_req_post__callback_frees__request_is_gone),
		TEST_EACH_BACKEND(test_req_defer__destructor_replaced_and_freed__not_called),
		TEST_EACH_BACKEND(test_req_defer__destructor_replaced__callback_frees),
		TEST(test_req_post__callback_left_by_longjmp__request_can_be_freed),
		TEST(test_req_post__inner_callback_left_by_longjmp__request_can_be_freed),
		TEST(test_req_post__nested_callbacks__innermost_frees_some_of_all),
		TEST(test_req_post__many_callbacks_left_by_longjmp__others_are_called),
		TEST(test_req_done__callback_frees_parent__request_is_gone),
		TEST_EACH_BACKEND(test_req_post__finished__called_from_loop),
		TEST(test_req_post__run__not_called_again),
		TEST(test_req_post__callback_replaced_later__newer_one_called),
		TEST(test_req_post__in_progress__called_with_that_state),
		TEST(test_req_post__state_changes_later__called_with_newer),
		TEST(test_req_post__twice__once_and_at_the_end),
		TEST(test_req_post__again_on_other_context__called_there),
		TEST(test_req_post__cleanup_set__runs_for_higher_state_only),
		TEST(test_req_post__with_endtime__timer_dropped),
		TEST(test_req_post__freed__not_called),
		TEST_EACH_BACKEND(test_req_defer__done__called_from_loop),
		TEST(test_req_defer__not_finished__not_called),
		TEST(test_req_defer__after_one_deferral__direct_again),
		TEST(test_req_defer__finished_again_meanwhile__direct_then_posted),
		TEST(test_req_defer__cleanup_set__runs_at_once_and_once),
		TEST(test_req_defer__endtime_reached__called_one_turn_later),
		TEST(test_req_defer__other_context__called_there),
		TEST(test_req_defer__received_meanwhile__not_called),
		TEST(test_req_defer__freed_meanwhile__not_called),
		TEST(test_req_cleanup__each_way_to_finish__gets_the_new_state),
		TEST(test_req_cleanup__received__runs_with_received),
		TEST(test_req_cleanup__freed_in_progress__runs_with_received),
		TEST(test_req_cleanup__parent_freed__runs_with_received),
		TEST(test_req_cleanup__lower_state_later__does_not_run),
		TEST(test_req_cleanup__set_when_finished__runs_for_higher_state_only),
		TEST(test_req_cleanup__set_anew_in_lower_state__runs_again),
		TEST(test_req_cleanup__finishes_it_again__runs_once),
		TEST(test_req_cleanup__set_to_null__does_not_run),
		TEST(test_req_received__done__state_is_received),
		TEST(test_req_received__state_data__freed),
		TEST(test_req_received__in_cleanup__functions_dropped_data_there),
		TEST(test_req_received__posted_and_timed__dropped_before_cleanup),
		TEST(test_req_received__posted__not_called),
		TEST(test_req_received__end_time_due__not_called),
		TEST(test_req_free__children_of_both__state_goes_first),
		TEST(test_req_received__twice__harmless),
		TEST(test_req_post__received__never_called),
		TEST(test_req_received__callback__still_set),
		TEST(test_req_received__cancel__false),
		TEST(test_req_received__print__state_6),
		TEST(test_req_is_error__done__false_and_nothing_written),
		TEST(test_req_is_error__user_error__state_and_error_written),
		TEST(test_req_is_error__other_states__error_not_written),
		TEST_EACH_BACKEND(test_req_poll__in_progress__turns_until_finished),
		TEST(test_req_poll__finished__true_without_a_turn),
		TEST(test_req_poll__inside_handler__false),
		TEST(test_req_poll__nesting_allowed__true),
		TEST(test_req_poll__hook_refuses__false),
		TEST_EACH_BACKEND(test_req_poll__wait_timeout_zero__false),
		TEST_EACH_BACKEND(test_req_endtime__reached__timed_out_not_before),
		TEST(test_req_endtime__reached__finish_names_the_function),
		TEST(test_req_endtime__replaced_by_later__first_does_not_count),
		TEST(test_req_endtime__replaced_by_earlier__times_out_once),
		TEST(test_req_endtime__replaced_on_other_context__times_out_there),
		TEST(test_req_endtime__reset__does_not_time_out),
		TEST(test_req_endtime__finished_before__not_called_again),
		TEST(test_req_endtime__no_timer__false_and_no_memory),
		TEST(test_req_endtime__context_freed__harmless),
		TEST(test_req_cancel__no_function__false),
		TEST(test_req_cancel__function_set__its_value),
		TEST(test_req_cancel__set_to_null__false),
		TEST(test_req_cancel__finished__function_still_called),
		TEST(test_req_cancel__function_finishes__callback_inside_cancel),
		TEST(test_req_cancel__function_finishes_and_callback_frees__request_is_gone),
		TEST(test_req_callback_data__right_type__given_back),
		TEST(test_req_callback_data__not_set__null),
		TEST(test_req_callback_data__wrong_type__aborts),
		TEST(test_req_data__wrong_type__aborts),
		TEST(test_req_notify__in_progress__called_and_still_in_progress),
		TEST(test_req_notify__no_callback__harmless),
		TEST(test_req_notify__deferred__called_from_loop),
		TEST(test_req_notify__with_endtime__timer_stays),
		TEST(test_req_print__null__says_so),
		TEST(test_req_print__function_set__its_string),
		TEST(test_req_print__in_progress__default_line),
		TEST(test_req_print__error_and_timer__default_line),
		TEST(test_req_print__function_uses_default__both),
		TEST(test_req_print__function_set_to_null__default_line),
		TEST(test_req_location__create__printed),
		TEST(test_req_location__each_way_to_finish__printed),
		TEST(test_req_location__no_error__kept),
		TEST(test_req_location__posted__kept),
		TEST(test_req_names__macros__told_to_call_flow),
		TEST(test_req_names__functions_without_underscore__none),
		TEST(test_req_names__null_functions__none),
		TEST(test_req_functions__without_underscore__work),
		TEST(test_req_parent__mem_ctx_is_state__one_deeper),
		TEST(test_req_parent__mem_ctx_is_other_child__one_deeper),
		TEST(test_req_parent__mem_ctx_is_request_or_deeper__no_parent),
		TEST(test_req_parent__moved_after_create__depth_stays),
	};

	return cmocka_run_group_tests_name("request", tests, group_setup, NULL);
}
