/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Call flow: O6, with R17 and the names of R14.
 *
 * The callback notes "COMMAND:depth:name", a missing name as "-", and keeps
 * the request.  It belongs to the thread, so these cases have their own setup
 * and teardown around the fixture's.  Call flow came with 0.15; the oracle has
 * none of it.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <pthread.h>
#include <string.h>

/* ---- recording callback, setup ---- */

static const char *const commands[] = {"RESET", "CREATE", "CANCEL", "CLEANUP", "NOTIFY", "ENTER", "TRIGGER", "LEAVE"};

static struct tevent_req *last_req;
static bool with_resets;

static void record_flow(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req, size_t depth,
			const char *fname)
{
	if (cmd == TEVENT_CALL_FLOW_REQ_RESET && !with_resets) {
		return;
	}
	note("%s:%d:%s", commands[cmd], (int)depth, fname != NULL ? fname : "-");
	last_req = req;
}

static int flow_setup(void **state)
{
	if (!running_on_oracle()) {
		tevent_thread_call_depth_set_callback(record_flow, NULL);
	}
	with_resets = false;
	last_req = NULL;
	return fixture_setup(state);
}

static int flow_teardown(void **state)
{
	if (!running_on_oracle()) {
		tevent_thread_call_depth_set_callback(NULL, NULL);
	}
	return fixture_teardown(state);
}

#define FLOW_TEST(fn)                                                                                                  \
	{                                                                                                              \
#fn, fn, flow_setup, flow_teardown, (void *)(uintptr_t) "standard"                                     \
	}
#define CALL_FLOW_IS_NEW() NEWER_THAN_ORACLE("0.15: call flow")

/* ---- requests ---- */

struct empty_state {
	int unused;
};

static struct tevent_req *make_req(TALLOC_CTX *mem)
{
	struct empty_state *es = NULL;
	struct tevent_req *req = tevent_req_create(mem, &es, struct empty_state);

	assert_non_null(req);
	return req;
}

/* A subrequest as programs create it: child of the parent's state. */
static struct tevent_req *make_sub(struct tevent_req *parent)
{
	return make_req(tevent_req_data(parent, struct empty_state));
}

/* The same, without a record. */
static struct tevent_req *quiet_req(TALLOC_CTX *mem)
{
	struct tevent_req *req = make_req(mem);

	clear_notes();
	return req;
}

static void on_done(struct tevent_req *req)
{
	note("callback");
}

static bool on_cancel(struct tevent_req *req)
{
	note("cancel");
	return true;
}

static void on_cleanup(struct tevent_req *req, enum tevent_req_state req_state)
{
	note("cleanup");
}

static void on_trigger(struct tevent_req *req, void *private_data)
{
	note("trigger");
}

/* ---- the callback itself ---- */

/* O6: the commands' values. */
static void test_call_flow__commands__count_from_0(void **state)
{
	assert_int_equal(TEVENT_CALL_FLOW_REQ_RESET, 0);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_CREATE, 1);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_CANCEL, 2);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_CLEANUP, 3);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_NOTIFY_CB, 4);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_QUEUE_ENTER, 5);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER, 6);
	assert_int_equal(TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE, 7);
}

static void note_command(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req,
			 size_t depth, const char *fname)
{
	note("%s:%s:%d", (const char *)private_data, commands[cmd], (int)depth);
}

/* O6: setting a callback first reports RESET, depth 0, to the previous one. */
static void test_set_callback__one_is_set__it_is_told_reset(void **state)
{
	CALL_FLOW_IS_NEW();
	tevent_thread_call_depth_set_callback(NULL, NULL);
	tevent_thread_call_depth_set_callback(note_command, (void *)(uintptr_t) "one");
	assert_notes("");
	tevent_thread_call_depth_set_callback(note_command, (void *)(uintptr_t) "two");
	assert_notes("one:RESET:0");
	tevent_thread_call_depth_set_callback(NULL, NULL);
	assert_notes("one:RESET:0 two:RESET:0");
	tevent_thread_call_depth_set_callback(NULL, NULL);
	assert_notes("one:RESET:0 two:RESET:0");
}

static void note_name(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req, size_t depth,
		      const char *fname)
{
	note("%s", fname);
}

/* O6, O8: that RESET has the function's own name, and no request. */
static void test_set_callback__one_is_set__reset_has_the_functions_name(void **state)
{
	CALL_FLOW_IS_NEW();
	tevent_thread_call_depth_set_callback(note_name, NULL);
	clear_notes();
	tevent_thread_call_depth_set_callback(note_name, NULL);
	tevent_thread_call_depth_set_callback(NULL, NULL);
	assert_notes("tevent_thread_call_depth_set_callback tevent_thread_call_depth_set_callback");
}

/* O6: NULL: nothing is reported any more. */
static void test_set_callback__null__nothing_is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	tevent_thread_call_depth_set_callback(NULL, NULL);
	talloc_free(make_req(f->mem));
	assert_notes("");
}

static void *make_and_free(void *arg)
{
	struct empty_state *es = NULL;
	struct tevent_req *req = tevent_req_create(arg, &es, struct empty_state);

	talloc_free(req);
	return NULL;
}

/* O6: per thread: another thread has no callback. */
static void test_set_callback__other_thread__is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	pthread_t thread;

	CALL_FLOW_IS_NEW();
	assert_int_equal(pthread_create(&thread, NULL, make_and_free, f->mem), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_notes("");
	make_and_free(f->mem);
	assert_notes("CREATE:0:make_and_free CLEANUP:0:-");
}

static char told_in_thread[64];

static void append_command(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req,
			   size_t depth, const char *fname)
{
	strcat(told_in_thread, commands[cmd]);
}

static void *make_and_free_with_callback(void *arg)
{
	tevent_thread_call_depth_set_callback(append_command, NULL);
	make_and_free(arg);
	return NULL;
}

/* O6: per thread: only the thread's own callback is called. */
static void test_set_callback__in_another_thread__is_told_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	pthread_t thread;

	CALL_FLOW_IS_NEW();
	told_in_thread[0] = '\0';
	assert_int_equal(pthread_create(&thread, NULL, make_and_free_with_callback, f->mem), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(told_in_thread, "CREATECLEANUP");
	assert_notes("");
}

/* ---- RESET ---- */

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("immediate");
}

/* O6: after each turn: no request, depth 0, the loop's name. */
static void test_reset__after_a_turn__is_told(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	with_resets = true;
	last_req = (struct tevent_req *)f->mem;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 2);
	assert_notes("immediate RESET:0:_tevent_loop_once immediate RESET:0:_tevent_loop_once");
	assert_null(last_req);
}

static void note_loop_point(enum tevent_trace_point point, void *private_data)
{
	note("%s", point == TEVENT_TRACE_AFTER_LOOP_ONCE ? "after-once" : "point");
}

static int note_hook(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
		     const char *location)
{
	note("%s", begin ? "hook-begin" : "hook-end");
	return 0;
}

/* O6: after AFTER_LOOP_ONCE, before the nesting hook. */
static void test_reset__after_a_turn__comes_between_trace_and_hook(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	with_resets = true;
	tevent_set_trace_callback(f->ev, note_loop_point, NULL);
	tevent_loop_set_nesting_hook(f->ev, note_hook, NULL);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("hook-begin point immediate after-once RESET:0:_tevent_loop_once hook-end");
}

static bool was_noted(void *private_data)
{
	return strstr(notes(), private_data) != NULL;
}

/* O6, C17: not in tevent_loop_until. */
static void test_reset__loop_until__is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	with_resets = true;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, on_immediate, NULL);
	assert_int_equal(tevent_loop_until(f->ev, was_noted, (void *)(uintptr_t) "immediate"), 0);
	assert_notes("immediate");
}

/* O6: by tevent_thread_call_depth_reset_from_req(): the request's depth, the calling function. */
static void test_reset__from_req__has_depth_and_caller(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *sub;

	CALL_FLOW_IS_NEW();
	sub = make_sub(make_sub(make_req(f->mem)));
	clear_notes();
	with_resets = true;
	tevent_thread_call_depth_reset_from_req(sub);
	assert_notes("RESET:2:test_reset__from_req__has_depth_and_caller");
}

/* O6, R14: the exported function of that name (old binaries) has no caller's name to report. */
static void test_reset__from_req_without_name__has_none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	with_resets = true;
	(tevent_thread_call_depth_reset_from_req)(req);
	assert_notes("RESET:0:-");
}

/* ---- CREATE ---- */

/* O6: depth 0 without a parent request; the creating function's name; the request. */
static void test_create__no_parent_request__has_depth_0(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = make_req(f->mem);
	assert_notes("CREATE:0:make_req");
	assert_ptr_equal(last_req, req);
}

/* O6, R17: each generation one deeper. */
static void test_create__under_a_request__is_one_deeper(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	make_sub(make_sub(make_req(f->mem)));
	assert_notes("CREATE:0:make_req CREATE:1:make_req CREATE:2:make_req");
}

/* R17: siblings are equally deep. */
static void test_create__two_under_one_request__are_equally_deep(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = make_req(f->mem);
	make_sub(req);
	make_sub(req);
	assert_notes("CREATE:0:make_req CREATE:1:make_req CREATE:1:make_req");
}

/* R17: the talloc parent of mem_ctx decides: the request itself as mem_ctx is no parent. */
static void test_create__request_itself_as_mem_ctx__has_depth_0(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	make_req(make_req(f->mem));
	assert_notes("CREATE:0:make_req CREATE:0:make_req");
}

/* R17: a request further up is no parent either. */
static void test_create__request_two_levels_up__has_depth_0(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	make_req(talloc_named_const(tevent_req_data(req, struct empty_state), 0, "between"));
	assert_notes("CREATE:0:make_req");
}

/* R1, R14: _tevent_req_create (old binaries) has no name. */
static void test_create__old_entry_point__has_no_name(void **state)
{
	struct fixture *f = fixture_of(state);
	struct empty_state *es = NULL;

	CALL_FLOW_IS_NEW();
	_tevent_req_create(f->mem, &es, sizeof(*es), "struct empty_state", __location__);
	assert_notes("CREATE:0:-");
}

static void look_at_request(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req,
			    size_t depth, const char *fname)
{
	if (cmd == TEVENT_CALL_FLOW_REQ_CREATE) {
		note("%s %s %s", talloc_get_name(req), talloc_get_name(_tevent_req_data(req)),
		     tevent_req_is_in_progress(req) ? "in-progress" : "-");
	}
}

/* O6: reported last in create: the request is complete. */
static void test_create__in_the_callback__request_is_complete(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	tevent_thread_call_depth_set_callback(look_at_request, NULL);
	make_req(f->mem);
	assert_notes("struct tevent_req struct empty_state in-progress");
}

/* ---- CANCEL, CLEANUP, NOTIFY_CB ---- */

/* O6: reported before the cancel function, with its name. */
static void test_cancel__with_function__is_told_before(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_set_cancel_fn(req, on_cancel);
	assert_true(tevent_req_cancel(req));
	assert_notes("CANCEL:0:on_cancel cancel");
	assert_ptr_equal(last_req, req);
}

/* O6, R14: reported also if there is none, or a NULL one was set: no name. */
static void test_cancel__without_function__is_told_without_name(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	assert_false(tevent_req_cancel(req));
	tevent_req_set_cancel_fn(req, on_cancel);
	tevent_req_set_cancel_fn(req, NULL);
	assert_false(tevent_req_cancel(req));
	assert_notes("CANCEL:0:- CANCEL:0:-");
}

/* O6, R3: finishing: CLEANUP, cleanup, NOTIFY_CB, callback, in this order. */
static void test_finish__cleanup_and_callback__each_is_told_before(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_set_cleanup_fn(req, on_cleanup);
	tevent_req_set_callback(req, on_done, NULL);
	tevent_req_done(req);
	assert_notes("CLEANUP:0:on_cleanup cleanup NOTIFY:0:on_done callback");
	assert_ptr_equal(last_req, req);
}

/* O6: CLEANUP has the request's depth, NOTIFY_CB one less. */
static void test_finish__deep_request__cleanup_at_its_depth_notify_one_above(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *sub;

	CALL_FLOW_IS_NEW();
	sub = make_sub(make_sub(make_req(f->mem)));
	clear_notes();
	tevent_req_set_callback(sub, on_done, NULL);
	tevent_req_done(sub);
	assert_notes("CLEANUP:2:- NOTIFY:1:on_done callback");
}

/* O6: without a callback no NOTIFY_CB; without a cleanup function CLEANUP without name. */
static void test_finish__no_functions__is_cleanup_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_done(req);
	assert_notes("CLEANUP:0:-");
}

/* O6, R6: with a cleanup function only for states above the one it ran for. */
static void test_cleanup__with_function__is_told_for_higher_states_only(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_set_cleanup_fn(req, on_cleanup);
	tevent_req_error(req, 1);
	assert_notes("CLEANUP:0:on_cleanup cleanup");
	tevent_req_done(req);
	tevent_req_error(req, 2);
	assert_notes("CLEANUP:0:on_cleanup cleanup");
	tevent_req_oom(req);
	assert_notes("CLEANUP:0:on_cleanup cleanup CLEANUP:0:on_cleanup cleanup");
}

/* O6: without one no state is remembered: reported every time. */
static void test_cleanup__without_function__is_told_every_time(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_error(req, 1);
	tevent_req_done(req);
	tevent_req_done(req);
	assert_notes("CLEANUP:0:- CLEANUP:0:- CLEANUP:0:-");
}

/* O6, R7: receiving and freeing are reported as well. */
static void test_cleanup__received_and_freed__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_set_cleanup_fn(req, on_cleanup);
	tevent_req_done(req);
	clear_notes();
	tevent_req_received(req);
	assert_notes("CLEANUP:0:on_cleanup cleanup");
	talloc_free(req);
	assert_notes("CLEANUP:0:on_cleanup cleanup");
	talloc_free(quiet_req(f->mem));
	assert_notes("CLEANUP:0:-");
}

/* O6, R7: freeing a received request reports nothing; receiving it again does. */
static void test_cleanup__received_before_it_is_freed__freeing_is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_received(req);
	assert_notes("CLEANUP:0:-");
	tevent_req_received(req);
	assert_notes("CLEANUP:0:- CLEANUP:0:-");
	talloc_free(req);
	assert_notes("CLEANUP:0:- CLEANUP:0:-");
}

/* O6, R12: notifying without finishing: only NOTIFY_CB. */
static void test_notify__callback_called_by_hand__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_notify_callback(req);
	assert_notes("");
	tevent_req_set_callback(req, on_done, NULL);
	tevent_req_notify_callback(req);
	assert_notes("NOTIFY:0:on_done callback");
}

/* O6, R5: deferred: nothing now, NOTIFY_CB when the immediate runs. */
static void test_notify__deferred__is_told_when_it_is_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_req_set_callback(req, on_done, NULL);
	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	assert_notes("CLEANUP:0:-");
	clear_notes();
	turns(f->ev, 1);
	assert_notes("CLEANUP:0:- NOTIFY:0:on_done callback");
}

/* R14: the functions without underscore (old binaries) record no names. */
static void test_names__old_entry_points__record_none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	(tevent_req_set_callback)(req, on_done, NULL);
	(tevent_req_set_cancel_fn)(req, on_cancel);
	(tevent_req_set_cleanup_fn)(req, on_cleanup);
	tevent_req_cancel(req);
	tevent_req_done(req);
	assert_notes("CANCEL:0:- cancel CLEANUP:0:- cleanup NOTIFY:0:- callback");
}

/* ---- queues ---- */

static const char *const trace_words[] = {"attach", "detach", "before"};

static void trace_queue(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *private_data)
{
	note("%s", trace_words[point]);
}

/* O6: ENTER after ATTACH, TRIGGER after BEFORE_HANDLER, LEAVE after DETACH, with the trigger's name. */
static void test_queue__entry_triggered_and_freed__is_told_after_the_traces(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_queue_entry *entry;
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	tevent_set_trace_queue_callback(f->ev, trace_queue, NULL);
	entry = tevent_queue_add_entry(queue, f->ev, req, on_trigger, NULL);
	assert_notes("attach ENTER:0:on_trigger");
	assert_ptr_equal(last_req, req);
	clear_notes();
	turns(f->ev, 1);
	assert_notes("before TRIGGER:0:on_trigger trigger");
	assert_ptr_equal(last_req, req);
	clear_notes();
	talloc_free(entry);
	assert_notes("detach LEAVE:0:on_trigger");
	assert_ptr_equal(last_req, req);
}

/* O6: with the request's depth. */
static void test_queue__deep_request__is_told_with_its_depth(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_queue_entry *entry;
	struct tevent_req *sub;

	CALL_FLOW_IS_NEW();
	sub = make_sub(make_req(f->mem));
	clear_notes();
	entry = tevent_queue_add_entry(queue, f->ev, sub, on_trigger, NULL);
	turns(f->ev, 1);
	talloc_free(entry);
	assert_notes("ENTER:1:on_trigger TRIGGER:1:on_trigger trigger LEAVE:1:on_trigger");
}

/* O6: tevent_queue_add reports the same; a request that is freed: CLEANUP, then LEAVE (R7). */
static void test_queue__request_freed__is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = quiet_req(f->mem);
	assert_true(tevent_queue_add(queue, f->ev, req, on_trigger, NULL));
	talloc_free(req);
	assert_notes("ENTER:0:on_trigger CLEANUP:0:- LEAVE:0:on_trigger");
}

/* O6, O8, Q12: the library's own requests and trigger, by name. */
static void test_queue__wait_request__names_are_the_originals(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	req = tevent_queue_wait_send(f->mem, f->ev, queue);
	turns(f->ev, 1);
	talloc_free(req);
	assert_notes("CREATE:0:tevent_queue_wait_send ENTER:0:tevent_queue_wait_trigger "
		     "TRIGGER:0:tevent_queue_wait_trigger CLEANUP:0:- CLEANUP:0:- LEAVE:0:tevent_queue_wait_trigger");
}

/* O6, O8, R15: likewise for the request that waits for a time. */
static void test_create__wakeup__has_the_originals_name(void **state)
{
	struct fixture *f = fixture_of(state);

	CALL_FLOW_IS_NEW();
	tevent_wakeup_send(f->mem, f->ev, tevent_timeval_zero());
	assert_notes("CREATE:0:tevent_wakeup_send");
}

/* O6, Q7: a direct trigger is not reported, entering and leaving are. */
static void test_queue__optimize_empty__direct_trigger_is_not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_queue_entry *entry;

	CALL_FLOW_IS_NEW();
	entry = tevent_queue_add_optimize_empty(queue, f->ev, quiet_req(f->mem), on_trigger, NULL);
	assert_notes("ENTER:0:on_trigger trigger");
	talloc_free(entry);
	assert_notes("ENTER:0:on_trigger trigger LEAVE:0:on_trigger");
}

/* O6, Q6: a blocker is reported as triggered; its NULL has been stringified like any function. */
static void test_queue__blocker__is_told_as_triggered(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	CALL_FLOW_IS_NEW();
	assert_true(tevent_queue_add(queue, f->ev, quiet_req(f->mem), NULL, NULL));
	turns(f->ev, 1);
	assert_notes("ENTER:0:NULL TRIGGER:0:NULL");
}

/* O6, D7: LEAVE names the request of the entry that leaves, not the head's. */
static void test_queue__second_entry_leaves__its_own_request_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_queue_entry *second;
	struct tevent_req *req;

	CALL_FLOW_IS_NEW();
	assert_true(tevent_queue_add(queue, f->ev, make_req(f->mem), on_trigger, NULL));
	req = make_sub(make_req(f->mem));
	second = tevent_queue_add_entry(queue, f->ev, req, on_trigger, NULL);
	clear_notes();
	talloc_free(second);
	assert_notes("LEAVE:1:on_trigger");
	assert_ptr_equal(last_req, req);
}

/* O6, Q11: freeing the queue: each entry leaves. */
static void test_queue__freed__each_entry_leaves(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	CALL_FLOW_IS_NEW();
	assert_true(tevent_queue_add(queue, f->ev, make_req(f->mem), on_trigger, NULL));
	assert_true(tevent_queue_add(queue, f->ev, make_req(f->mem), on_trigger, NULL));
	clear_notes();
	talloc_free(queue);
	assert_notes("LEAVE:0:on_trigger LEAVE:0:on_trigger");
}

/* R14: the functions without underscore (old binaries) record no trigger name. */
static void test_queue__old_entry_points__record_no_name(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	CALL_FLOW_IS_NEW();
	assert_true((tevent_queue_add)(queue, f->ev, quiet_req(f->mem), on_trigger, NULL));
	assert_notes("ENTER:0:-");
	assert_non_null((tevent_queue_add_entry)(queue, f->ev, quiet_req(f->mem), on_trigger, NULL));
	assert_notes("ENTER:0:-");
	assert_non_null((tevent_queue_add_optimize_empty)(queue, f->ev, quiet_req(f->mem), on_trigger, NULL));
	assert_notes("ENTER:0:-");
}

/* ---- the older functions ---- */

/* O6: activate, start and deactivate have no effect. */
static void test_older_functions__called__do_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t depth = 77;
	struct tevent_req *req;

	NEWER_THAN_ORACLE("0.15: they still work in 0.14.1");
	req = quiet_req(f->mem);
	tevent_thread_call_depth_activate(&depth);
	tevent_thread_call_depth_start(req);
	assert_int_equal(depth, 77);
	assert_notes("");
	tevent_thread_call_depth_deactivate();
	assert_int_equal(depth, 77);
	make_req(f->mem);
	assert_notes("CREATE:0:make_req");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_call_flow__commands__count_from_0),
		FLOW_TEST(test_set_callback__one_is_set__it_is_told_reset),
		FLOW_TEST(test_set_callback__one_is_set__reset_has_the_functions_name),
		FLOW_TEST(test_set_callback__null__nothing_is_told),
		FLOW_TEST(test_set_callback__other_thread__is_not_told),
		FLOW_TEST(test_set_callback__in_another_thread__is_told_alone),
		FLOW_TEST(test_reset__after_a_turn__is_told),
		FLOW_TEST(test_reset__after_a_turn__comes_between_trace_and_hook),
		FLOW_TEST(test_reset__loop_until__is_not_told),
		FLOW_TEST(test_reset__from_req__has_depth_and_caller),
		FLOW_TEST(test_reset__from_req_without_name__has_none),
		FLOW_TEST(test_create__no_parent_request__has_depth_0),
		FLOW_TEST(test_create__under_a_request__is_one_deeper),
		FLOW_TEST(test_create__two_under_one_request__are_equally_deep),
		FLOW_TEST(test_create__request_itself_as_mem_ctx__has_depth_0),
		FLOW_TEST(test_create__request_two_levels_up__has_depth_0),
		FLOW_TEST(test_create__old_entry_point__has_no_name),
		FLOW_TEST(test_create__in_the_callback__request_is_complete),
		FLOW_TEST(test_cancel__with_function__is_told_before),
		FLOW_TEST(test_cancel__without_function__is_told_without_name),
		FLOW_TEST(test_finish__cleanup_and_callback__each_is_told_before),
		FLOW_TEST(test_finish__deep_request__cleanup_at_its_depth_notify_one_above),
		FLOW_TEST(test_finish__no_functions__is_cleanup_alone),
		FLOW_TEST(test_cleanup__with_function__is_told_for_higher_states_only),
		FLOW_TEST(test_cleanup__without_function__is_told_every_time),
		FLOW_TEST(test_cleanup__received_and_freed__is_told),
		FLOW_TEST(test_cleanup__received_before_it_is_freed__freeing_is_not_told),
		FLOW_TEST(test_notify__callback_called_by_hand__is_told),
		FLOW_TEST(test_notify__deferred__is_told_when_it_is_called),
		FLOW_TEST(test_names__old_entry_points__record_none),
		FLOW_TEST(test_queue__entry_triggered_and_freed__is_told_after_the_traces),
		FLOW_TEST(test_queue__deep_request__is_told_with_its_depth),
		FLOW_TEST(test_queue__request_freed__is_told),
		FLOW_TEST(test_queue__wait_request__names_are_the_originals),
		FLOW_TEST(test_create__wakeup__has_the_originals_name),
		FLOW_TEST(test_queue__optimize_empty__direct_trigger_is_not_told),
		FLOW_TEST(test_queue__blocker__is_told_as_triggered),
		FLOW_TEST(test_queue__second_entry_leaves__its_own_request_is_told),
		FLOW_TEST(test_queue__freed__each_entry_leaves),
		FLOW_TEST(test_queue__old_entry_points__record_no_name),
		FLOW_TEST(test_older_functions__called__do_nothing),
	};

	return cmocka_run_group_tests_name("call_flow", tests, group_setup, NULL);
}
