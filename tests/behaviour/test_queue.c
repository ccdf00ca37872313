/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Queues (Q1-Q11, Q13, Q14): requests that are served one after another.
 *
 * A job is a request with a number; its trigger, its callback and the traces
 * of its entry note that number.  The queue's immediate is not visible as an
 * object, but its place among other immediates is (Q3), and so is its trace.
 * tevent_queue_wait_send() and long queues have their own files.
 */

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- jobs ---- */

struct job_state {
	int number;
};

static struct tevent_req *job(TALLOC_CTX *mem_ctx, int number)
{
	struct job_state *state = NULL;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct job_state);

	assert_non_null(req);
	state->number = number;
	return req;
}

static int number_of(struct tevent_req *req)
{
	struct job_state *state = tevent_req_data(req, struct job_state);

	return state->number;
}

static void run(struct tevent_req *req, void *private_data)
{
	(void)private_data;
	note("run:%d", number_of(req));
}

static struct tevent_queue *new_queue(struct fixture *f)
{
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	assert_non_null(queue);
	return queue;
}

/* A job that waits in the queue, with the plain trigger. */
static struct tevent_req *queued(struct fixture *f, struct tevent_queue *queue, int number)
{
	struct tevent_req *req = job(f->mem, number);

	assert_true(tevent_queue_add(queue, f->ev, req, run, NULL));
	return req;
}

static struct tevent_queue_entry *entry_of(struct fixture *f, struct tevent_queue *queue, struct tevent_req *req)
{
	struct tevent_queue_entry *entry = tevent_queue_add_entry(queue, f->ev, req, run, NULL);

	assert_non_null(entry);
	return entry;
}

static void called(struct tevent_req *req)
{
	note("called:%d", number_of(req));
}

static void called_and_frees(struct tevent_req *req)
{
	called(req);
	talloc_free(req);
}

static void note_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	note("%s", (const char *)private_data);
}

static void schedule_note(struct fixture *f, const char *text)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(im);
	tevent_schedule_immediate(im, f->ev, note_immediate, (void *)(uintptr_t)text);
}

static const char *point_name(enum tevent_event_trace_point point)
{
	static const char *const names[] = {"attach", "detach", "before"};

	return names[point];
}

/* The entry's owner is its parent request. */
static void trace_entry(struct tevent_queue_entry *entry, enum tevent_event_trace_point point, void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(talloc_parent(entry), struct tevent_req);
	struct job_state *state = _tevent_req_data(req);

	(void)private_data;
	if (state != NULL) {
		note("%s:%d", point_name(point), state->number);
	} else {
		note("%s", point_name(point)); /* its request is being freed */
	}
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	(void)im;
	(void)private_data;
	note("im-%s", point_name(point));
}

/* Uses up the memory that is left below a limit. */
static void leave_no_memory(TALLOC_CTX *limited, TALLOC_CTX *below)
{
	assert_int_equal(talloc_set_memlimit(limited, talloc_total_size(limited)), 0);
	while (talloc_size(below, 1) != NULL) {
	}
}

/* ---- create ---- */

/* Q1: named child of mem_ctx, empty and running. */
static void test_queue_create__usual__named_child_running(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	assert_ptr_equal(talloc_parent(queue), f->mem);
	assert_string_equal(talloc_get_name(queue), "struct tevent_queue");
	assert_true(tevent_queue_running(queue));
	assert_int_equal(tevent_queue_length(queue), 0);
}

/* Q1: the name is copied (a valgrind or sanitizer run sees a pointer kept). */
static void test_queue_create__name_freed__harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	char *name = talloc_strdup(f->mem, "short-lived");
	struct tevent_queue *queue = tevent_queue_create(f->mem, name);

	talloc_free(name);
	queued(f, queue, 1);
	turns(f->ev, 1);
	assert_notes("run:1");
}

/* Q1: a NULL name: NULL. */
static void test_queue_create__null_name__null(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	assert_null(tevent_queue_create(f->mem, NULL));
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* Q1: no memory: NULL, and nothing is left behind. */
static void test_queue_create__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *narrow = talloc_new(f->mem);

	for (size_t room = 1; room < 4096; room += 16) {
		struct tevent_queue *queue;
		assert_int_equal(talloc_set_memlimit(narrow, room), 0);
		queue = tevent_queue_create(narrow, "queue");
		if (queue != NULL) {
			note("made");
			break;
		}
		assert_int_equal(talloc_total_blocks(narrow), 1);
	}
	assert_notes("made");
}

/* ---- add ---- */

/* Q2: the entry is a named child of the request. */
static void test_queue_add_entry__usual__named_child_of_request(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);
	struct tevent_queue_entry *entry = entry_of(f, queue, req);

	assert_ptr_equal(talloc_parent(entry), req);
	assert_string_equal(talloc_get_name(entry), "struct tevent_queue_entry");
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* Q2: add appends, and counts (Q9). */
static void test_queue_add__several__appended(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	for (int i = 1; i <= 3; i++) {
		queued(f, queue, i);
		assert_int_equal(tevent_queue_length(queue), i);
	}
}

/* Q2: no memory: false; the queue is as before. */
static void test_queue_add__out_of_memory__false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	TALLOC_CTX *narrow = talloc_new(f->mem);
	struct tevent_req *req = job(narrow, 1);

	leave_no_memory(narrow, req);
	assert_false(tevent_queue_add(queue, f->ev, req, run, NULL));
	assert_int_equal(tevent_queue_length(queue), 0);
	settle(f->ev, 10);
	assert_notes("");
}

/* Q2: no memory: NULL; the request continues. */
static void test_queue_add_entry__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	TALLOC_CTX *narrow = talloc_new(f->mem);
	struct tevent_req *req = job(narrow, 1);

	leave_no_memory(narrow, req);
	assert_null(tevent_queue_add_entry(queue, f->ev, req, run, NULL));
	assert_null(tevent_queue_add_optimize_empty(queue, f->ev, req, run, NULL));
	assert_int_equal(tevent_queue_length(queue), 0);
	assert_true(tevent_req_is_in_progress(req));
	assert_notes("");
}

static void *trigger_data;

static void run_and_keep_data(struct tevent_req *req, void *private_data)
{
	run(req, NULL);
	trigger_data = private_data;
}

/* Q3: the trigger gets the request and the data. */
static void test_queue_trigger__usual__gets_request_and_data(void **state)
{
	struct fixture *f = fixture_of(state);
	int data;

	trigger_data = NULL;
	assert_true(tevent_queue_add(new_queue(f), f->ev, job(f->mem, 7), run_and_keep_data, &data));
	turns(f->ev, 1);
	assert_notes("run:7");
	assert_ptr_equal(trigger_data, &data);
}

/* ---- the head and its trigger ---- */

/* Q3: from the loop, never from inside add. */
static void test_queue_trigger__empty_queue__from_the_loop(void **state)
{
	struct fixture *f = fixture_of(state);

	queued(f, new_queue(f), 1);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("run:1");
}

/* Q3: each entry once, however many turns and entries follow. */
static void test_queue_trigger__further_turns_and_adds__once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	turns(f->ev, 1);
	queued(f, queue, 2);
	queued(f, queue, 3);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q3: an entry added while the head waits moves the trigger to the end. */
static void test_queue_trigger__second_add_before_it__goes_to_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	schedule_note(f, "between");
	queued(f, queue, 2);
	turns(f->ev, 2);
	assert_notes("between run:1");
}

/* Q3: without a second add it keeps its place. */
static void test_queue_trigger__one_add__keeps_its_place(void **state)
{
	struct fixture *f = fixture_of(state);

	queued(f, new_queue(f), 1);
	schedule_note(f, "after");
	turns(f->ev, 2);
	assert_notes("run:1 after");
}

/* Q3: an entry removed while the head waits does the same. */
static void test_queue_trigger__entry_leaves_before_it__goes_to_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *second;

	queued(f, queue, 1);
	second = queued(f, queue, 2);
	schedule_note(f, "between");
	talloc_free(second);
	turns(f->ev, 2);
	assert_notes("between run:1");
}

/* Q3: one immediate per queue, scheduled only while the head waits. */
static void test_queue_trigger__immediate_traced__one_at_any_time(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_set_trace_immediate_callback(f->ev, trace_immediate, NULL);
	queued(f, queue, 1);
	queued(f, queue, 2);
	turns(f->ev, 1);
	queued(f, queue, 3);
	tevent_set_trace_immediate_callback(f->ev, NULL, NULL);
	assert_notes("im-attach im-detach im-attach im-before run:1 im-detach");
}

/* Q4: a triggered entry holds the queue; done alone does not move it. */
static void test_queue_head__done__still_holds_the_queue(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	queued(f, queue, 2);
	turns(f->ev, 1);
	tevent_req_done(first);
	settle(f->ev, 10);
	assert_notes("run:1");
	assert_int_equal(tevent_queue_length(queue), 2);
}

/* Q4: received does not move it either. */
static void test_queue_head__received__still_holds_the_queue(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	queued(f, queue, 2);
	turns(f->ev, 1);
	tevent_req_done(first);
	tevent_req_received(first);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q4: freed, the next one is triggered, from the loop. */
static void test_queue_head__freed__next_from_the_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(first);
	assert_notes("run:1");
	assert_int_equal(tevent_queue_length(queue), 1);
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

static void run_and_finish(struct tevent_req *req, void *private_data)
{
	run(req, private_data);
	tevent_req_done(req);
}

/* Q4: the usual life: trigger, done, callback frees, next one. */
static void test_queue__callbacks_free__served_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	for (int i = 1; i <= 3; i++) {
		struct tevent_req *req = job(f->mem, i);
		tevent_req_set_callback(req, called_and_frees, NULL);
		assert_true(tevent_queue_add(queue, f->ev, req, run_and_finish, NULL));
	}
	turns(f->ev, 3);
	assert_notes("run:1 called:1 run:2 called:2 run:3 called:3");
	assert_int_equal(tevent_queue_length(queue), 0);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* Q4: the head freed before its trigger: it is never called, the next one is. */
static void test_queue_head__freed_before_trigger__next_instead(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	queued(f, queue, 2);
	talloc_free(first);
	settle(f->ev, 10);
	assert_notes("run:2");
}

/* Q4: the only entry freed before its trigger: no trigger is called. */
static void test_queue_head__only_one_freed_before_trigger__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	talloc_free(queued(f, queue, 1));
	assert_int_equal(tevent_queue_length(queue), 0);
	settle(f->ev, 10);
	assert_notes("");
}

/* Q4, R7: the state is freed before the entry is removed: trace sees no data. */
static void test_queue_head__request_freed__entry_leaves_after_state(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	talloc_free(first);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("detach");
}

/* Q5: only the entry freed: the request stays, the next one runs. */
static void test_queue_entry__freed_alone__request_lives_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);
	struct tevent_queue_entry *entry = entry_of(f, queue, first);

	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(entry);
	assert_int_equal(tevent_queue_length(queue), 1);
	assert_true(tevent_req_is_in_progress(first));
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

/* Q5: waiting entries are freed in any order, the others keep theirs. */
static void test_queue_entry__waiting_ones_freed__others_keep_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req[6];

	for (int i = 0; i < 6; i++) {
		req[i] = queued(f, queue, i);
	}
	talloc_free(req[5]);
	talloc_free(req[2]);
	talloc_free(req[3]);
	assert_int_equal(tevent_queue_length(queue), 3);
	turns(f->ev, 1);
	talloc_free(req[0]);
	turns(f->ev, 1);
	talloc_free(req[1]);
	turns(f->ev, 1);
	assert_notes("run:0 run:1 run:4");
}

/* Q5: waiting entries freed behind a triggered head trigger nothing. */
static void test_queue_entry__freed_behind_triggered_head__no_trigger(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *second;

	queued(f, queue, 1);
	second = queued(f, queue, 2);
	queued(f, queue, 3);
	turns(f->ev, 1);
	talloc_free(second);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q2: one request may have several entries, on several queues. */
static void test_queue_add__one_request_in_two_queues__entry_each(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *a = new_queue(f), *b = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);

	entry_of(f, a, req);
	entry_of(f, b, req);
	entry_of(f, b, req);
	assert_int_equal(tevent_queue_length(a), 1);
	assert_int_equal(tevent_queue_length(b), 2);
	turns(f->ev, 2);
	talloc_free(req);
	assert_int_equal(tevent_queue_length(a), 0);
	assert_int_equal(tevent_queue_length(b), 0);
	settle(f->ev, 10);
	assert_notes("run:1 run:1");
}

/* ---- blockers ---- */

/* Q6: a NULL trigger holds the queue until it is freed. */
static void test_queue_blocker__at_head__holds_until_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *blocker = job(f->mem, 1);

	assert_true(tevent_queue_add(queue, f->ev, blocker, NULL, NULL));
	queued(f, queue, 2);
	settle(f->ev, 10);
	assert_notes("");
	assert_int_equal(tevent_queue_length(queue), 2);
	talloc_free(blocker);
	turns(f->ev, 1);
	assert_notes("run:2");
}

/* Q6: it waits its turn. */
static void test_queue_blocker__behind_others__holds_when_it_is_head(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	assert_true(tevent_queue_add(queue, f->ev, job(f->mem, 2), NULL, NULL));
	queued(f, queue, 3);
	turns(f->ev, 1);
	talloc_free(first);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q6: as head it counts as triggered: traced once, not again by later adds. */
static void test_queue_blocker__traced__before_handler_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	assert_true(tevent_queue_add(queue, f->ev, job(f->mem, 1), NULL, NULL));
	turns(f->ev, 1);
	queued(f, queue, 2);
	settle(f->ev, 10);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("attach:1 before:1 attach:2");
}

/* ---- optimize_empty ---- */

/* Q7: an empty running queue: the trigger runs inside the call. */
static void test_queue_optimize__empty_and_running__triggered_inside(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);
	struct tevent_queue_entry *entry = tevent_queue_add_optimize_empty(queue, f->ev, req, run, NULL);

	assert_non_null(entry);
	assert_notes("run:1");
	assert_ptr_equal(talloc_parent(entry), req);
	assert_string_equal(talloc_get_name(entry), "struct tevent_queue_entry");
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* Q7, Q3: the request is not triggered again by the loop or by later entries. */
static void test_queue_optimize__triggered_inside__once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, first, run, NULL));
	settle(f->ev, 10);
	queued(f, queue, 2);
	settle(f->ev, 10);
	assert_notes("run:1");
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

/* Q7: entries in the queue: like add_entry. */
static void test_queue_optimize__not_empty__waits(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);
	struct tevent_req *second = job(f->mem, 2);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, second, run, NULL));
	assert_notes("");
	turns(f->ev, 1);
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

/* Q7: stopped: like add_entry. */
static void test_queue_optimize__stopped__waits_for_start(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_queue_stop(queue);
	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, job(f->mem, 1), run, NULL));
	settle(f->ev, 10);
	assert_notes("");
	tevent_queue_start(queue);
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("run:1");
}

/* Q7: the request has a callback: like add_entry. */
static void test_queue_optimize__request_has_callback__from_the_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = job(f->mem, 1);

	tevent_req_set_callback(req, called, NULL);
	assert_non_null(tevent_queue_add_optimize_empty(new_queue(f), f->ev, req, run, NULL));
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("run:1");
}

/* Q7: the trigger finished: the caller posts as usual, the queue is held. */
static void test_queue_optimize__trigger_finishes__holds_until_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, req, run_and_finish, NULL));
	assert_false(tevent_req_is_in_progress(req));
	tevent_req_set_callback(tevent_req_post(req, f->ev), called_and_frees, NULL);
	queued(f, queue, 2);
	turns(f->ev, 2);
	assert_notes("run:1 called:1 run:2");
}

static void run_and_free(struct tevent_req *req, void *private_data)
{
	run(req, private_data);
	talloc_free(req);
}

/* Q7: the trigger freed the request: still not NULL. */
static void test_queue_optimize__trigger_frees_request__not_null(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, job(f->mem, 1), run_and_free, NULL));
	assert_notes("run:1");
	assert_int_equal(tevent_queue_length(queue), 0);
	queued(f, queue, 2);
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

/* Q6, Q7: a blocker on an empty queue. */
static void test_queue_optimize__null_trigger__holds_the_queue(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *blocker = job(f->mem, 1);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, blocker, NULL, NULL));
	queued(f, queue, 2);
	settle(f->ev, 10);
	assert_notes("");
	talloc_free(blocker);
	turns(f->ev, 1);
	assert_notes("run:2");
}

/* Q3, Q7: the immediate of an entry freed earlier is pending: still triggered once. */
static void test_queue_optimize__old_immediate_pending__once(void **state)
{
	DEVIATION("D9", "0.14.1 triggers the entry a second time");
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	talloc_free(queued(f, queue, 1));
	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, job(f->mem, 2), run, NULL));
	settle(f->ev, 10);
	assert_notes("run:2");
}

/* ---- stop, start, length ---- */

/* Q8, Q9: a stopped queue triggers nothing; start does. */
static void test_queue_stop__before_add__nothing_until_start(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_queue_stop(queue);
	assert_false(tevent_queue_running(queue));
	queued(f, queue, 1);
	settle(f->ev, 10);
	assert_notes("");
	tevent_queue_start(queue);
	assert_true(tevent_queue_running(queue));
	assert_notes("");
	turns(f->ev, 1);
	assert_notes("run:1");
}

/* Q8: a trigger that was scheduled before the stop is not called. */
static void test_queue_stop__trigger_scheduled__does_not_come(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	tevent_queue_stop(queue);
	settle(f->ev, 10);
	assert_notes("");
	tevent_queue_start(queue);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q8: the active one continues; when it is freed nothing follows before start. */
static void test_queue_stop__one_active__goes_on_and_is_the_last(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	tevent_req_set_callback(first, called_and_frees, NULL);
	queued(f, queue, 2);
	turns(f->ev, 1);
	tevent_queue_stop(queue);
	tevent_req_done(first);
	settle(f->ev, 10);
	assert_notes("run:1 called:1");
	tevent_queue_start(queue);
	turns(f->ev, 1);
	assert_notes("run:1 called:1 run:2");
}

/* Q8: start with a triggered head: not again. */
static void test_queue_start__head_triggered__not_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	turns(f->ev, 1);
	tevent_queue_stop(queue);
	tevent_queue_start(queue);
	settle(f->ev, 10);
	assert_notes("run:1");
}

/* Q8, Q3: starting a queue that runs does not move the head's trigger behind later immediates. */
static void test_queue_start__running_already__keeps_the_place(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	schedule_note(f, "x");
	tevent_queue_start(queue);
	settle(f->ev, 10);
	assert_notes("run:1 x");
}

/* Q8: both are harmless when repeated, and on an empty queue. */
static void test_queue_stop_start__repeated__harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_queue_start(queue);
	tevent_queue_stop(queue);
	tevent_queue_stop(queue);
	queued(f, queue, 1);
	tevent_queue_start(queue);
	tevent_queue_start(queue);
	assert_true(tevent_queue_running(queue));
	settle(f->ev, 10);
	assert_notes("run:1");
}

static void run_and_stop(struct tevent_req *req, void *private_data)
{
	run(req, NULL);
	tevent_queue_stop(private_data);
}

/* Q8: a trigger stops its queue. */
static void test_queue_stop__inside_trigger__next_waits_for_start(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);

	assert_true(tevent_queue_add(queue, f->ev, first, run_and_stop, queue));
	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(first);
	settle(f->ev, 10);
	assert_notes("run:1");
	tevent_queue_start(queue);
	turns(f->ev, 1);
	assert_notes("run:1 run:2");
}

/* Q9: running does not depend on entries, length counts the active one too. */
static void test_queue_length__active_and_waiting__both(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	queued(f, queue, 2);
	turns(f->ev, 1);
	assert_int_equal(tevent_queue_length(queue), 2);
	tevent_queue_stop(queue);
	assert_int_equal(tevent_queue_length(queue), 2);
	assert_false(tevent_queue_running(queue));
	talloc_free(first);
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* ---- untrigger ---- */

/* Q10: the head of a stopped queue is triggered again by start. */
static void test_queue_untrigger__head_of_stopped_queue__triggered_anew(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_queue_entry *entry = entry_of(f, queue, job(f->mem, 1));

	turns(f->ev, 1);
	tevent_queue_stop(queue);
	tevent_queue_entry_untrigger(entry);
	settle(f->ev, 10);
	assert_notes("run:1");
	tevent_queue_start(queue);
	turns(f->ev, 1);
	settle(f->ev, 10);
	assert_notes("run:1 run:1");
}

/* Q10: a head that was not triggered yet stays so. */
static void test_queue_untrigger__not_triggered__triggered_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_queue_entry *entry;

	tevent_queue_stop(queue);
	entry = entry_of(f, queue, job(f->mem, 1));
	tevent_queue_entry_untrigger(entry);
	tevent_queue_start(queue);
	settle(f->ev, 10);
	assert_notes("run:1");
}

static void exit_from_abort_fn(const char *reason)
{
	(void)reason;
	_exit(98);
}

static void untriggers(void *arg)
{
	tevent_set_abort_fn(exit_from_abort_fn);
	tevent_queue_entry_untrigger(arg);
}

/* Q10: on a running queue: abort(), not tevent_abort. */
static void test_queue_untrigger__queue_running__aborts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue_entry *entry = entry_of(f, new_queue(f), job(f->mem, 1));

	turns(f->ev, 1);
	assert_child_aborts(untriggers, entry);
}

/* Q10: on an entry other than the head: abort(). */
static void test_queue_untrigger__not_the_head__aborts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	tevent_queue_stop(queue);
	assert_child_aborts(untriggers, entry_of(f, queue, job(f->mem, 2)));
}

/* ---- freeing ---- */

/* Q11: freeing the queue triggers none; the requests stay and are freed later. */
static void test_queue_free__entries_wait__none_triggered_requests_live(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *active = queued(f, queue, 1);
	struct tevent_req *waiting = queued(f, queue, 2);

	turns(f->ev, 1);
	talloc_free(queue);
	settle(f->ev, 10);
	assert_notes("run:1");
	assert_true(tevent_req_is_in_progress(active));
	assert_true(tevent_req_is_in_progress(waiting));
	talloc_free(active);
	talloc_free(waiting);
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* Q11: a trigger that was scheduled is not called. */
static void test_queue_free__trigger_scheduled__does_not_come(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	queued(f, queue, 1);
	queued(f, queue, 2);
	talloc_free(queue);
	settle(f->ev, 10);
	assert_notes("");
}

/* Q11: head first, each with its DETACH. */
static void test_queue_free__traced__head_first(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	for (int i = 1; i <= 4; i++) {
		queued(f, queue, i);
	}
	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	talloc_free(queue);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("detach:1 detach:2 detach:3 detach:4");
}

/* Q11: nothing is scheduled for entries that become the head while the queue is being freed. */
static void test_queue_free__immediate_traced__given_up_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	for (int i = 1; i <= 3; i++) {
		queued(f, queue, i);
	}
	tevent_set_trace_immediate_callback(f->ev, trace_immediate, NULL);
	talloc_free(queue);
	tevent_set_trace_immediate_callback(f->ev, NULL, NULL);
	assert_notes("im-detach");
}

/* Q11: the entries are freed, not only detached. */
static void test_queue_free__entries__freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);
	size_t blocks = talloc_total_blocks(req);

	assert_true(tevent_queue_add(queue, f->ev, req, run, NULL));
	talloc_free(queue);
	assert_int_equal(talloc_total_blocks(req), blocks);
}

/* Q11: a trigger frees its request. */
static void test_queue_trigger__frees_request__next_follows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	assert_true(tevent_queue_add(queue, f->ev, job(f->mem, 1), run_and_free, NULL));
	queued(f, queue, 2);
	turns(f->ev, 2);
	assert_notes("run:1 run:2");
	assert_int_equal(tevent_queue_length(queue), 1);
}

static void run_and_free_data(struct tevent_req *req, void *private_data)
{
	run(req, NULL);
	talloc_free(*(void **)private_data);
}

/* Q11: a trigger frees its entry. */
static void test_queue_trigger__frees_entry__next_follows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);
	struct tevent_queue_entry *entry = NULL;

	entry = tevent_queue_add_entry(queue, f->ev, first, run_and_free_data, &entry);
	assert_non_null(entry);
	queued(f, queue, 2);
	turns(f->ev, 2);
	assert_notes("run:1 run:2");
	assert_true(tevent_req_is_in_progress(first));
}

/* Q11: a trigger frees another request of the queue. */
static void test_queue_trigger__frees_other_request__skipped(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);
	struct tevent_req *second;

	assert_true(tevent_queue_add(queue, f->ev, first, run_and_free_data, &second));
	second = queued(f, queue, 2);
	queued(f, queue, 3);
	turns(f->ev, 1);
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 run:3");
}

/* Q11: a trigger frees the queue. */
static void test_queue_trigger__frees_queue__nothing_follows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);

	assert_true(tevent_queue_add(queue, f->ev, first, run_and_free_data, &queue));
	queued(f, queue, 2);
	turns(f->ev, 1);
	settle(f->ev, 10);
	assert_notes("run:1");
	assert_true(tevent_req_is_in_progress(first));
}

/* Q11: a trigger that optimize_empty calls frees the queue. */
static void test_queue_optimize__trigger_frees_queue__not_null(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);

	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, first, run_and_free_data, &queue));
	settle(f->ev, 10);
	assert_notes("run:1");
	assert_true(tevent_req_is_in_progress(first));
}

struct add_order {
	struct fixture *f;
	struct tevent_queue *queue;
};

static void run_and_add(struct tevent_req *req, void *private_data)
{
	struct add_order *order = private_data;
	struct tevent_req *another = job(order->f->mem, number_of(req) + 10);

	run(req, NULL);
	tevent_queue_add(order->queue, order->f->ev, another, run, NULL);
}

/* Q3: a trigger adds an entry: it waits for the head to be freed. */
static void test_queue_trigger__adds_entry__waits_behind(void **state)
{
	struct fixture *f = fixture_of(state);
	struct add_order order = {f, new_queue(f)};
	struct tevent_req *first = job(f->mem, 1);

	assert_true(tevent_queue_add(order.queue, f->ev, first, run_and_add, &order));
	settle(f->ev, 10);
	assert_notes("run:1");
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 run:11");
}

/* ---- contexts ---- */

/* Q13, Q3: each head is triggered on its own context. */
static void test_queue__two_contexts__each_head_on_its_own(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	assert_true(tevent_queue_add(queue, other, job(f->mem, 2), run, NULL));
	settle(other, 10);
	assert_notes("");
	turns(f->ev, 1);
	talloc_free(first);
	settle(f->ev, 10);
	assert_notes("run:1");
	turns(other, 1);
	assert_notes("run:1 run:2");
}

/* Q13, Q3: the head is removed before its trigger: the immediate moves to the next one's context. */
static void test_queue__head_leaves_before_trigger__moves_to_next_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	assert_true(tevent_queue_add(queue, other, job(f->mem, 2), run, NULL));
	talloc_free(first);
	settle(f->ev, 10);
	assert_notes("");
	turns(other, 1);
	assert_notes("run:2");
}

/* C8, Q14: the context is freed first: no trigger is called, the queue and its entries can be used and freed. */
static void test_queue__context_freed__no_trigger_and_harmless(void **state)
{
	DEVIATION("D5", "0.14.1 reads the freed context when the entry leaves");
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);

	tevent_set_trace_queue_callback(other, trace_entry, NULL);
	assert_true(tevent_queue_add(queue, other, req, run, NULL));
	talloc_free(other);
	assert_notes("attach:1 detach:1");
	assert_int_equal(tevent_queue_length(queue), 1);
	queued(f, queue, 2);
	tevent_queue_stop(queue);
	tevent_queue_start(queue);
	settle(f->ev, 10);
	assert_notes("attach:1 detach:1");
	talloc_free(req);
	turns(f->ev, 1);
	assert_notes("attach:1 detach:1 run:2");
}

/* ---- traces, tags ---- */

/* Q14: ATTACH on adding, BEFORE_HANDLER right before the trigger, DETACH on removal. */
static void test_queue_trace__life_of_two__each_point_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);
	struct tevent_queue_entry *entry;

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	entry = entry_of(f, queue, first);
	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(entry);
	turns(f->ev, 1);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("attach:1 attach:2 before:1 run:1 detach:1 before:2 run:2");
}

/* Q14: freed while it waits: DETACH without BEFORE_HANDLER. */
static void test_queue_trace__freed_waiting__attach_and_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	talloc_free(entry_of(f, queue, job(f->mem, 1)));
	settle(f->ev, 10);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("attach:1 detach:1");
}

/* Q14, Q7: the direct trigger is traced as well. */
static void test_queue_trace__direct_trigger__attach_before_run(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	assert_non_null(tevent_queue_add_optimize_empty(new_queue(f), f->ev, job(f->mem, 1), run, NULL));
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("attach:1 before:1 run:1");
}

static void trace_entry_on(struct tevent_queue_entry *entry, enum tevent_event_trace_point point, void *private_data)
{
	(void)entry;
	note("%s:%s", (const char *)private_data, point_name(point));
}

/* Q14: the direct trigger is reported to the context given to add. */
static void test_queue_trace__two_contexts__each_to_its_own(void **state)
{
	DEVIATION("D7", "0.14.1 reports DETACH to the context of the queue's head");
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *second = job(f->mem, 2);

	tevent_set_trace_queue_callback(f->ev, trace_entry_on, (void *)(uintptr_t) "one");
	tevent_set_trace_queue_callback(other, trace_entry_on, (void *)(uintptr_t) "two");
	queued(f, queue, 1);
	assert_true(tevent_queue_add(queue, other, second, run, NULL));
	talloc_free(second);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	tevent_set_trace_queue_callback(other, NULL, NULL);
	assert_notes("one:attach two:attach two:detach");
}

/* Q14: adding and triggering are reported to the context given to add. */
static void test_queue_trace__entry_on_other_context__told_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);

	tevent_set_trace_queue_callback(f->ev, trace_entry_on, (void *)(uintptr_t) "one");
	tevent_set_trace_queue_callback(other, trace_entry_on, (void *)(uintptr_t) "two");
	assert_true(tevent_queue_add(queue, other, req, run, NULL));
	turns(other, 1);
	talloc_free(req);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	tevent_set_trace_queue_callback(other, NULL, NULL);
	assert_notes("two:attach two:before run:1 two:detach");
}

/* Q14: the callback can be read back, and is NULL at first. */
static void test_queue_trace__callback__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	tevent_trace_queue_callback_t cb = trace_entry;
	void *private_data = f;

	tevent_get_trace_queue_callback(f->ev, &cb, &private_data);
	assert_null(cb);
	assert_null(private_data);
	tevent_set_trace_queue_callback(f->ev, trace_entry, f->mem);
	tevent_get_trace_queue_callback(f->ev, &cb, &private_data);
	assert_ptr_equal(cb, trace_entry);
	assert_ptr_equal(private_data, f->mem);
}

/* Q14: tags: 0 at first, kept, any 64 bits. */
static void test_queue_tag__usual__kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue_entry *entry = entry_of(f, new_queue(f), job(f->mem, 1));

	assert_true(tevent_queue_entry_get_tag(entry) == 0);
	tevent_queue_entry_set_tag(entry, UINT64_C(0x123456789abcdef0));
	turns(f->ev, 1);
	assert_true(tevent_queue_entry_get_tag(entry) == UINT64_C(0x123456789abcdef0));
}

/* Q14: on NULL: no effect, and 0. */
static void test_queue_tag__null_entry__nothing_and_zero(void **state)
{
	(void)state;
	tevent_queue_entry_set_tag(NULL, 1);
	assert_true(tevent_queue_entry_get_tag(NULL) == 0);
}

static void tag_entry(struct tevent_queue_entry *entry, enum tevent_event_trace_point point, void *private_data)
{
	(void)private_data;
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_queue_entry_set_tag(entry, 42);
	} else {
		note("%s:%u", point_name(point), (unsigned)tevent_queue_entry_get_tag(entry));
	}
}

/* Q14: set at ATTACH, kept until DETACH. */
static void test_queue_tag__set_at_attach__read_at_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req;

	tevent_set_trace_queue_callback(f->ev, tag_entry, NULL);
	req = queued(f, queue, 1);
	turns(f->ev, 1);
	talloc_free(req);
	tevent_set_trace_queue_callback(f->ev, NULL, NULL);
	assert_notes("before:42 run:1 detach:42");
}

/* ---- names ---- */

/* The last report to an unset callback does not matter here. */
static bool flow_is_recorded;

static void record_flow(void *private_data, enum tevent_thread_call_depth_cmd cmd, struct tevent_req *req, size_t depth,
			const char *fname)
{
	(void)private_data;
	(void)depth;
	if (flow_is_recorded && cmd >= TEVENT_CALL_FLOW_REQ_QUEUE_ENTER) {
		static const char *const names[] = {"enter", "trigger", "leave"};
		struct job_state *state = _tevent_req_data(req);
		note("%s:%d(%s)", names[cmd - TEVENT_CALL_FLOW_REQ_QUEUE_ENTER], state != NULL ? state->number : 0,
		     fname != NULL ? fname : "-");
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

/* R14, O6: the macros record the trigger's name. */
static void test_queue_names__macros__trigger_named(void **state)
{
	NEWER_THAN_ORACLE("0.15: function names");
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = job(f->mem, 1);
	struct tevent_queue_entry *entry;

	start_flow();
	entry = entry_of(f, queue, first);
	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(entry);
	stop_flow();
	assert_notes("enter:1(run) enter:2(run) trigger:1(run) run:1 leave:1(run)");
}

/* Q7, O6: the direct trigger is no TRIGGER of the call flow. */
static void test_queue_names__direct_trigger__enter_and_leave_alone(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);
	struct tevent_queue_entry *entry;

	start_flow();
	entry = tevent_queue_add_optimize_empty(new_queue(f), f->ev, job(f->mem, 1), run, NULL);
	talloc_free(entry);
	stop_flow();
	assert_notes("enter:1(run) run:1 leave:1(run)");
}

/* Q6, O6: a blocker is triggered in the call flow, too. */
static void test_queue_names__blocker__triggered_in_call_flow(void **state)
{
	NEWER_THAN_ORACLE("0.15: call flow");
	struct fixture *f = fixture_of(state);

	start_flow();
	(tevent_queue_add)(new_queue(f), f->ev, job(f->mem, 1), NULL, NULL);
	turns(f->ev, 1);
	stop_flow();
	assert_notes("enter:1(-) trigger:1(-)");
}

/* R14: the functions of old binaries work, and record no name. */
static void test_queue_functions__without_underscore__work(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *a = new_queue(f), *b = new_queue(f);
	struct tevent_queue_entry *entry;

	assert_true((tevent_queue_add)(a, f->ev, job(f->mem, 1), run, NULL));
	entry = (tevent_queue_add_entry)(a, f->ev, job(f->mem, 2), run, NULL);
	assert_non_null(entry);
	assert_non_null((tevent_queue_add_optimize_empty)(b, f->ev, job(f->mem, 3), run, NULL));
	turns(f->ev, 1);
	assert_notes("run:3 run:1");
	assert_int_equal(tevent_queue_length(a), 2);
}

/* Q3: an entry whose own context is freed is not triggered from the loop of the one before it. */
static void test_queue_head__its_context_gone__not_triggered_elsewhere(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);
	struct tevent_req *second = job(f->mem, 2);

	assert_true(tevent_queue_add(queue, other, second, run, NULL));
	talloc_free(other);
	talloc_free(first); /* the immediate for it is still on f->ev */
	settle(f->ev, 5);
	assert_notes("");
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* Q6, Q7: a blocker at an empty queue counts as triggered inside the call. */
static void test_queue_optimize_empty__blocker__triggered_in_the_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = job(f->mem, 1);

	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	assert_non_null(tevent_queue_add_optimize_empty(queue, f->ev, req, NULL, NULL));
	assert_notes("attach:1 before:1");
	settle(f->ev, 5);
	assert_notes("attach:1 before:1");
	talloc_free(req);
	assert_notes("attach:1 before:1 detach");
}

static const struct tevent_wrapper_ops no_hooks = {.name = "no hooks"};

/* O4, D7: an entry on a wrapper is removed when the wrapper or its main context is freed. */
static void test_queue_trace__entry_on_wrapper__one_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_context *wrapper[2];
	int *wrapper_state;

	DEVIATION("D7", "entries on a wrapper are not traced");
	tevent_set_trace_queue_callback(f->ev, trace_entry, NULL);
	for (int i = 0; i < 2; i++) {
		wrapper[i] = tevent_context_wrapper_create(f->ev, f->mem, &no_hooks, &wrapper_state, int);
		assert_non_null(wrapper[i]);
		assert_true(tevent_queue_add(queue, wrapper[i], job(f->mem, i), run, NULL));
	}
	assert_notes("attach:0 attach:1");
	clear_notes();
	talloc_free(wrapper[0]);
	assert_notes("detach:0");
	talloc_free(f->ev);
	assert_notes("detach:0 detach:1");
	talloc_free(queue);
	assert_notes("detach:0 detach:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_queue_create__usual__named_child_running),
		TEST(test_queue_create__name_freed__harmless),
		TEST(test_queue_create__null_name__null),
		TEST(test_queue_create__out_of_memory__null),
		TEST(test_queue_add_entry__usual__named_child_of_request),
		TEST(test_queue_add__several__appended),
		TEST(test_queue_add__out_of_memory__false),
		TEST(test_queue_add_entry__out_of_memory__null),
		TEST(test_queue_trigger__usual__gets_request_and_data),
		TEST_EACH_BACKEND(test_queue_trigger__empty_queue__from_the_loop),
		TEST(test_queue_trigger__further_turns_and_adds__once),
		TEST_EACH_BACKEND(test_queue_trigger__second_add_before_it__goes_to_the_end),
		TEST(test_queue_trigger__one_add__keeps_its_place),
		TEST(test_queue_trigger__entry_leaves_before_it__goes_to_the_end),
		TEST(test_queue_trigger__immediate_traced__one_at_any_time),
		TEST(test_queue_head__done__still_holds_the_queue),
		TEST(test_queue_head__received__still_holds_the_queue),
		TEST(test_queue_head__freed__next_from_the_loop),
		TEST_EACH_BACKEND(test_queue__callbacks_free__served_in_order),
		TEST(test_queue_head__freed_before_trigger__next_instead),
		TEST(test_queue_head__only_one_freed_before_trigger__nothing),
		TEST(test_queue_head__request_freed__entry_leaves_after_state),
		TEST(test_queue_entry__freed_alone__request_lives_on),
		TEST(test_queue_entry__waiting_ones_freed__others_keep_order),
		TEST(test_queue_entry__freed_behind_triggered_head__no_trigger),
		TEST(test_queue_add__one_request_in_two_queues__entry_each),
		TEST(test_queue_blocker__at_head__holds_until_freed),
		TEST(test_queue_blocker__behind_others__holds_when_it_is_head),
		TEST(test_queue_blocker__traced__before_handler_once),
		TEST(test_queue_optimize__empty_and_running__triggered_inside),
		TEST(test_queue_optimize__triggered_inside__once),
		TEST(test_queue_optimize__not_empty__waits),
		TEST(test_queue_optimize__stopped__waits_for_start),
		TEST(test_queue_optimize__request_has_callback__from_the_loop),
		TEST(test_queue_optimize__trigger_finishes__holds_until_freed),
		TEST(test_queue_optimize__trigger_frees_request__not_null),
		TEST(test_queue_optimize__null_trigger__holds_the_queue),
		TEST(test_queue_optimize__old_immediate_pending__once),
		TEST(test_queue_stop__before_add__nothing_until_start),
		TEST(test_queue_stop__trigger_scheduled__does_not_come),
		TEST(test_queue_stop__one_active__goes_on_and_is_the_last),
		TEST(test_queue_start__head_triggered__not_again),
		TEST(test_queue_stop_start__repeated__harmless),
		TEST(test_queue_start__running_already__keeps_the_place),
		TEST(test_queue_stop__inside_trigger__next_waits_for_start),
		TEST(test_queue_length__active_and_waiting__both),
		TEST(test_queue_untrigger__head_of_stopped_queue__triggered_anew),
		TEST(test_queue_untrigger__not_triggered__triggered_once),
		TEST(test_queue_untrigger__queue_running__aborts),
		TEST(test_queue_untrigger__not_the_head__aborts),
		TEST(test_queue_free__entries_wait__none_triggered_requests_live),
		TEST(test_queue_free__trigger_scheduled__does_not_come),
		TEST(test_queue_free__traced__head_first),
		TEST(test_queue_free__immediate_traced__given_up_once),
		TEST(test_queue_free__entries__freed),
		TEST(test_queue_trigger__frees_request__next_follows),
		TEST(test_queue_trigger__frees_entry__next_follows),
		TEST(test_queue_trigger__frees_other_request__skipped),
		TEST(test_queue_trigger__frees_queue__nothing_follows),
		TEST(test_queue_optimize__trigger_frees_queue__not_null),
		TEST(test_queue_trigger__adds_entry__waits_behind),
		TEST(test_queue__two_contexts__each_head_on_its_own),
		TEST(test_queue__head_leaves_before_trigger__moves_to_next_context),
		TEST(test_queue__context_freed__no_trigger_and_harmless),
		TEST(test_queue_trace__life_of_two__each_point_once),
		TEST(test_queue_trace__freed_waiting__attach_and_detach),
		TEST(test_queue_trace__direct_trigger__attach_before_run),
		TEST(test_queue_trace__two_contexts__each_to_its_own),
		TEST(test_queue_trace__entry_on_other_context__told_there),
		TEST(test_queue_trace__callback__read_back),
		TEST(test_queue_tag__usual__kept),
		TEST(test_queue_tag__null_entry__nothing_and_zero),
		TEST(test_queue_tag__set_at_attach__read_at_detach),
		TEST(test_queue_names__macros__trigger_named),
		TEST(test_queue_names__direct_trigger__enter_and_leave_alone),
		TEST(test_queue_names__blocker__triggered_in_call_flow),
		TEST(test_queue_functions__without_underscore__work),
		TEST(test_queue_head__its_context_gone__not_triggered_elsewhere),
		TEST(test_queue_optimize_empty__blocker__triggered_in_the_call),
		TEST(test_queue_trace__entry_on_wrapper__one_detach),
	};

	return cmocka_run_group_tests_name("queue", tests, group_setup, NULL);
}
