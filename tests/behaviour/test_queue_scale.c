/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Long queues (Q15): a million entries, each operation O(1), no recursion.
 *
 * Nothing is timed.  If the cost grew with the length, a case would need hours
 * instead of a second, and hit the runner's time limit.  Each case builds and
 * uses its queue in a child, on a thread with a small stack: one frame per
 * entry would overrun it many times over.  The child exits without freeing
 * what the case does not test.
 *
 * Under valgrind and the sanitizers the queues are shorter; they would still
 * overrun the stack with one frame per entry.
 */

#include "sanitized.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>

enum { small_stack = 256 * 1024 };

static int entries(void)
{
	return SANITIZED || getenv("TEVENT_TEST_VALGRIND") != NULL ? 20000 : 1000000;
}

/* Runs fn(backend) on a thread with a small stack, in a child. */
struct small_stack_call {
	void (*fn)(const char *backend);
	const char *backend;
};

static void *call_it(void *arg)
{
	struct small_stack_call *call = arg;

	call->fn(call->backend);
	return NULL;
}

static void call_on_small_stack(void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	child_assert(pthread_attr_init(&attr) == 0);
	child_assert(pthread_attr_setstacksize(&attr, small_stack) == 0);
	child_assert(pthread_create(&thread, &attr, call_it, arg) == 0);
	child_assert(pthread_join(thread, NULL) == 0);
}

static void assert_fits_small_stack(void **state, void (*fn)(const char *backend))
{
	struct small_stack_call call = {fn, fixture_of(state)->backend};

	assert_child_succeeds(call_on_small_stack, &call);
}

/* ---- the queue ---- */

struct job_state {
	int number;
};

static int next_number; /* the one to be triggered next */
static int out_of_order;

static void run_and_free(struct tevent_req *req, void *private_data)
{
	struct job_state *state = tevent_req_data(req, struct job_state);

	(void)private_data;
	if (state->number != next_number) {
		out_of_order++;
	}
	next_number++;
	talloc_free(req);
}

static void never_run(struct tevent_req *req, void *private_data)
{
	(void)req;
	(void)private_data;
	out_of_order++;
}

struct long_queue {
	struct tevent_context *ev;
	struct tevent_queue *queue;
	TALLOC_CTX *parent;                /* of all requests */
	struct tevent_queue_entry **entry; /* in the order of the queue */
	int length;
};

static struct tevent_req *job(struct long_queue *q, int number)
{
	struct job_state *state = NULL;
	struct tevent_req *req = tevent_req_create(q->parent, &state, struct job_state);

	child_assert(req != NULL);
	state->number = number;
	return req;
}

static void empty_queue(struct long_queue *q, const char *backend)
{
	next_number = 0;
	out_of_order = 0;
	q->ev = tevent_context_init_byname(NULL, backend);
	child_assert(q->ev != NULL);
	q->queue = tevent_queue_create(q->ev, "long");
	child_assert(q->queue != NULL);
	q->parent = talloc_new(q->ev);
	q->length = entries();
	q->entry = talloc_array(q->ev, struct tevent_queue_entry *, q->length);
	child_assert(q->entry != NULL);
}

/* A queue with a request for each entry. */
static void queue_of_requests(struct long_queue *q, const char *backend, tevent_queue_trigger_fn_t trigger)
{
	empty_queue(q, backend);
	for (int i = 0; i < q->length; i++) {
		q->entry[i] = tevent_queue_add_entry(q->queue, q->ev, job(q, i), trigger, NULL);
		child_assert(q->entry[i] != NULL);
	}
	child_assert(tevent_queue_length(q->queue) == (size_t)q->length);
}

/* A queue whose entries all belong to one request. */
static struct tevent_req *queue_of_entries(struct long_queue *q, const char *backend)
{
	struct tevent_req *req;

	empty_queue(q, backend);
	req = job(q, 0);
	for (int i = 0; i < q->length; i++) {
		q->entry[i] = tevent_queue_add_entry(q->queue, q->ev, req, never_run, NULL);
		child_assert(q->entry[i] != NULL);
	}
	child_assert(tevent_queue_length(q->queue) == (size_t)q->length);
	return req;
}

static void serves_all(const char *backend)
{
	struct long_queue q;

	queue_of_requests(&q, backend, run_and_free);
	for (int i = 0; i < q.length; i++) {
		child_assert(tevent_loop_once(q.ev) == 0);
	}
	child_assert(next_number == q.length);
	child_assert(out_of_order == 0);
	child_assert(tevent_queue_length(q.queue) == 0);
}

/* Q15: all of them are served, in order; triggers that free their request don't recurse. */
static void test_queue_scale__served_one_by_one__in_order(void **state)
{
	assert_fits_small_stack(state, serves_all);
}

static void frees_from_all_sides(const char *backend)
{
	struct long_queue q;
	int third;

	queue_of_entries(&q, backend);
	third = q.length / 3;
	for (int i = 0; i < third; i++) {
		talloc_free(q.entry[i]);
		talloc_free(q.entry[q.length - 1 - i]);
	}
	child_assert(tevent_queue_length(q.queue) == (size_t)(q.length - 2 * third));
	for (int i = third; i < q.length - third; i += 2) {
		talloc_free(q.entry[i]);
	}
	for (int i = third + 1; i < q.length - third; i += 2) {
		talloc_free(q.entry[i]);
	}
	child_assert(tevent_queue_length(q.queue) == 0);
	child_assert(out_of_order == 0);
}

/* Q15: freed from the head, from the tail, and from the middle. */
static void test_queue_scale__freed_from_all_sides__length_follows(void **state)
{
	assert_fits_small_stack(state, frees_from_all_sides);
}

static void asks_often(const char *backend)
{
	struct long_queue q;

	queue_of_entries(&q, backend);
	for (int i = 0; i < q.length; i++) {
		tevent_queue_stop(q.queue);
		child_assert(!tevent_queue_running(q.queue));
		child_assert(tevent_queue_length(q.queue) == (size_t)q.length);
		tevent_queue_start(q.queue);
	}
}

/* Q15: length, stop and start do not iterate over the entries. */
static void test_queue_scale__asked_often__answers(void **state)
{
	assert_fits_small_stack(state, asks_often);
}

static void frees_queue(const char *backend)
{
	struct long_queue q;
	struct tevent_req *req = queue_of_entries(&q, backend);

	talloc_free(q.queue);
	child_assert(out_of_order == 0);
	child_assert(tevent_req_is_in_progress(req));
	talloc_free(req);
}

/* Q15: freeing the queue does not recurse. */
static void test_queue_scale__queue_freed__no_recursion(void **state)
{
	assert_fits_small_stack(state, frees_queue);
}

static void frees_parent(const char *backend)
{
	struct long_queue q;

	queue_of_requests(&q, backend, never_run);
	talloc_free(q.parent);
	child_assert(tevent_queue_length(q.queue) == 0);
	child_assert(out_of_order == 0);
}

/* Q15: freeing the parent of all requests does not recurse. */
static void test_queue_scale__parent_freed__no_recursion(void **state)
{
	assert_fits_small_stack(state, frees_parent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_queue_scale__served_one_by_one__in_order),
		TEST(test_queue_scale__freed_from_all_sides__length_follows),
		TEST(test_queue_scale__asked_often__answers),
		TEST(test_queue_scale__queue_freed__no_recursion),
		TEST(test_queue_scale__parent_freed__no_recursion),
	};

	return cmocka_run_group_tests_name("queue scale", tests, group_setup, NULL);
}
