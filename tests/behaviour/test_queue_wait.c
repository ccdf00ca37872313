/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * tevent_queue_wait_send() and tevent_queue_wait_recv() (Q12): a request that
 * only becomes the head of a queue and holds it.
 *
 * Neighbours in the queue are plain requests whose trigger notes a number.
 */

#include "support.h"

#include <errno.h>

struct job_state {
	int number;
};

static void run(struct tevent_req *req, void *private_data)
{
	struct job_state *state = tevent_req_data(req, struct job_state);

	(void)private_data;
	note("run:%d", state->number);
}

static struct tevent_req *queued(struct fixture *f, struct tevent_queue *queue, int number)
{
	struct job_state *state = NULL;
	struct tevent_req *req = tevent_req_create(f->mem, &state, struct job_state);

	assert_non_null(req);
	state->number = number;
	assert_true(tevent_queue_add(queue, f->ev, req, run, NULL));
	return req;
}

static enum tevent_req_state state_of(struct tevent_req *req)
{
	enum tevent_req_state state = TEVENT_REQ_INIT;
	uint64_t error = 0;

	return tevent_req_is_error(req, &state, &error) ? state : TEVENT_REQ_DONE;
}

static void called(struct tevent_req *req)
{
	note("called:%d", (int)state_of(req));
}

static void called_and_frees(struct tevent_req *req)
{
	called(req);
	talloc_free(req);
}

static struct tevent_req *waiter(struct fixture *f, struct tevent_queue *queue)
{
	struct tevent_req *req = tevent_queue_wait_send(f->mem, f->ev, queue);

	assert_non_null(req);
	tevent_req_set_callback(req, called, NULL);
	return req;
}

static struct tevent_queue *new_queue(struct fixture *f)
{
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");

	assert_non_null(queue);
	return queue;
}

/* Q12: a request on mem_ctx whose state has its name; it is in the queue. */
static void test_queue_wait_send__usual__named_state_in_queue(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = waiter(f, queue);

	assert_ptr_equal(talloc_parent(req), f->mem);
	assert_string_equal(talloc_get_name(_tevent_req_data(req)), "struct tevent_queue_wait_state");
	assert_true(tevent_req_is_in_progress(req));
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* Q12: on an empty queue it finishes from the loop, not inside send. */
static void test_queue_wait__empty_queue__done_from_the_loop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = waiter(f, new_queue(f));

	assert_notes("");
	turns(f->ev, 1);
	assert_notes("called:2");
	assert_true(tevent_queue_wait_recv(req));
}

/* Q12: it waits until it is the head. */
static void test_queue_wait__behind_another__done_when_head(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);

	waiter(f, queue);
	settle(f->ev, 10);
	assert_notes("run:1");
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 called:2");
}

/* Q12: done, it keeps the queue blocked. */
static void test_queue_wait__done__queue_stays_blocked(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	waiter(f, queue);
	queued(f, queue, 2);
	settle(f->ev, 10);
	assert_notes("called:2");
	assert_int_equal(tevent_queue_length(queue), 2);
}

/* Q12: received, it still blocks the queue. */
static void test_queue_wait__received__queue_stays_blocked(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = waiter(f, queue);

	queued(f, queue, 2);
	turns(f->ev, 1);
	assert_true(tevent_queue_wait_recv(req));
	settle(f->ev, 10);
	assert_notes("called:2");
	assert_int_equal(tevent_queue_length(queue), 2);
}

/* Q12: freed, the next one follows. */
static void test_queue_wait__freed__next_follows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = waiter(f, queue);

	queued(f, queue, 2);
	turns(f->ev, 1);
	talloc_free(req);
	turns(f->ev, 1);
	assert_notes("called:2 run:2");
}

/* Q12: freed inside its callback, the next one follows. */
static void test_queue_wait__callback_frees__next_follows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = waiter(f, queue);

	tevent_req_set_callback(req, called_and_frees, NULL);
	queued(f, queue, 2);
	turns(f->ev, 2);
	assert_notes("called:2 run:2");
	assert_int_equal(tevent_queue_length(queue), 1);
}

/* Q12: freed while it waits, it is skipped. */
static void test_queue_wait__freed_waiting__skipped(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);
	struct tevent_req *req = waiter(f, queue);

	queued(f, queue, 3);
	turns(f->ev, 1);
	talloc_free(req);
	talloc_free(first);
	turns(f->ev, 1);
	assert_notes("run:1 run:3");
}

/* Q12: several take turns. */
static void test_queue_wait__several__one_after_another(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *a = waiter(f, queue), *b = waiter(f, queue);

	settle(f->ev, 10);
	assert_false(tevent_req_is_in_progress(a));
	assert_true(tevent_req_is_in_progress(b));
	talloc_free(a);
	turns(f->ev, 1);
	assert_false(tevent_req_is_in_progress(b));
}

/* Q12, Q8: a stopped queue triggers none. */
static void test_queue_wait__queue_stopped__waits_for_start(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);

	tevent_queue_stop(queue);
	waiter(f, queue);
	settle(f->ev, 10);
	assert_notes("");
	tevent_queue_start(queue);
	turns(f->ev, 1);
	assert_notes("called:2");
}

/* Q12: an end time works as on any request; timed out, recv is false. */
static void test_queue_wait__end_time_first__timed_out(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *first = queued(f, queue, 1);
	struct tevent_req *req = waiter(f, queue);

	turns(f->ev, 1);
	assert_true(tevent_req_set_endtime(req, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_notes("run:1 called:4");
	assert_false(tevent_queue_wait_recv(req));
	talloc_free(req);
	talloc_free(first);
	assert_int_equal(tevent_queue_length(queue), 0);
}

/* Q12: recv in progress: false, and received. */
static void test_queue_wait_recv__in_progress__false_and_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = waiter(f, new_queue(f));

	assert_false(tevent_queue_wait_recv(req));
	assert_int_equal(state_of(req), TEVENT_REQ_RECEIVED);
}

/* Q12: recv on an error: false, and received. */
static void test_queue_wait_recv__error__false_and_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = waiter(f, new_queue(f));

	tevent_req_error(req, ECANCELED);
	assert_false(tevent_queue_wait_recv(req));
	assert_int_equal(state_of(req), TEVENT_REQ_RECEIVED);
}

/* Q12: recv when done: true, and received; a second time: false. */
static void test_queue_wait_recv__done__true_and_received(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = waiter(f, new_queue(f));

	turns(f->ev, 1);
	assert_true(tevent_queue_wait_recv(req));
	assert_int_equal(state_of(req), TEVENT_REQ_RECEIVED);
	assert_null(_tevent_req_data(req));
	assert_false(tevent_queue_wait_recv(req));
}

/* Q12, Q11: the queue is freed first: the request stays in progress, freeing works. */
static void test_queue_wait__queue_freed__request_lives_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	struct tevent_req *req = waiter(f, queue);

	talloc_free(queue);
	settle(f->ev, 10);
	assert_notes("");
	assert_true(tevent_req_is_in_progress(req));
	talloc_free(req);
}

/*
 * Q12: no memory.  As a memory limit is raised, the outcomes come in this
 * order: no request (NULL), a request without entry (posted, NO_MEMORY; not if
 * both fit into one allocation), success.
 */
static void test_queue_wait_send__little_memory__null_or_posted(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = new_queue(f);
	int outcome = 0;

	for (size_t room = 1; outcome != 2 && room < 16384; room += 16) {
		TALLOC_CTX *narrow = talloc_new(f->mem); /* talloc's accounting of a used one would be wrong */
		struct tevent_req *req;
		int now;

		assert_int_equal(talloc_set_memlimit(narrow, room), 0);
		req = tevent_queue_wait_send(narrow, f->ev, queue);
		now = req == NULL ? 0 : state_of(req) == TEVENT_REQ_NO_MEMORY ? 1 : 2;
		assert_true(now >= outcome);
		assert_int_equal(tevent_queue_length(queue), now == 2 ? 1 : 0);
		if (now == 1) {
			tevent_req_set_callback(req, called, NULL);
			clear_notes();
			turns(f->ev, 1);
			assert_notes("called:5");
			assert_false(tevent_queue_wait_recv(req));
		}
		outcome = now;
		talloc_free(req);
		assert_int_equal(talloc_total_blocks(narrow), 1);
		talloc_free(narrow);
	}
	assert_int_equal(outcome, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_queue_wait_send__usual__named_state_in_queue),
		TEST_EACH_BACKEND(test_queue_wait__empty_queue__done_from_the_loop),
		TEST(test_queue_wait__behind_another__done_when_head),
		TEST(test_queue_wait__done__queue_stays_blocked),
		TEST(test_queue_wait__received__queue_stays_blocked),
		TEST(test_queue_wait__freed__next_follows),
		TEST(test_queue_wait__callback_frees__next_follows),
		TEST(test_queue_wait__freed_waiting__skipped),
		TEST(test_queue_wait__several__one_after_another),
		TEST(test_queue_wait__queue_stopped__waits_for_start),
		TEST(test_queue_wait__end_time_first__timed_out),
		TEST(test_queue_wait_recv__in_progress__false_and_received),
		TEST(test_queue_wait_recv__error__false_and_received),
		TEST(test_queue_wait_recv__done__true_and_received),
		TEST(test_queue_wait__queue_freed__request_lives_on),
		TEST(test_queue_wait_send__little_memory__null_or_posted),
	};

	return cmocka_run_group_tests_name("queue wait", tests, group_setup, NULL);
}
