/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Thread proxies: T5, T8, the parts of T7 and T9 about them, and C21, C23.
 *
 * As in test_threaded.c only the main thread asserts, and talloc's null
 * tracking is off: a proxy takes over immediate and data as parentless chunks,
 * in the calling thread.  Each thread allocates in its own tree.  Destructors
 * count the chunks that the library frees, and record the thread.  The exact
 * moment of freeing after the handler is unspecified (D14), so such assertions
 * follow rest() or the freeing of the proxy.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

bool tevent_common_have_events(struct tevent_context *ev);
int tevent_common_invoke_immediate_handler(struct tevent_immediate *im, bool *removed);

/* ---- helpers ---- */

static pthread_t main_thread;
static int im_freed;
static int data_freed;
static int freed_elsewhere;

static int threads_group_setup(void **state)
{
	int ret = group_setup(state);

	talloc_disable_null_tracking();
	main_thread = pthread_self();
	return ret;
}

static struct tevent_thread_proxy *proxy_to(struct tevent_context *ev)
{
	struct tevent_thread_proxy *tp = tevent_thread_proxy_create(ev);

	assert_non_null(tp);
	im_freed = 0;
	data_freed = 0;
	freed_elsewhere = 0;
	return tp;
}

static void set_true(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	*(bool *)private_data = true;
}

/* Turns until *done, or ten seconds have passed: then false. */
static bool run_until(struct tevent_context *ev, const bool *done)
{
	bool expired = false;
	struct tevent_timer *guard = tevent_add_timer(ev, ev, in_ms(10000), set_true, &expired);

	assert_non_null(guard);
	while (!*done && !expired) {
		turns(ev, 1);
	}
	if (!expired) {
		talloc_free(guard);
	}
	return *done;
}

/* Runs everything that is ready.  Calls settle() more than once: on a slow
 * machine the timer of the first one may be due before the fds are checked. */
static void rest(struct tevent_context *ev)
{
	for (int i = 0; i < 3; i++) {
		settle(ev, 50);
	}
}

static int count_data(char *data)
{
	data_freed++;
	freed_elsewhere += !pthread_equal(pthread_self(), main_thread);
	return 0;
}

static int count_im(char *marker)
{
	im_freed++;
	freed_elsewhere += !pthread_equal(pthread_self(), main_thread);
	return 0;
}

/* An immediate without parent; a child of it notes when it is freed. */
static struct tevent_immediate *counted_im(TALLOC_CTX *mem)
{
	struct tevent_immediate *im = tevent_create_immediate(mem);
	char *marker = talloc_strdup(im, "marker");

	talloc_set_destructor(marker, count_im);
	return im;
}

static char *counted_data(TALLOC_CTX *mem, const char *text)
{
	char *data = talloc_strdup(mem, text);

	talloc_set_destructor(data, count_data);
	return data;
}

static void note_data(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", private_data == NULL ? "null" : (const char *)private_data);
}

static void note_thread(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", pthread_equal(pthread_self(), main_thread) ? "destination" : "elsewhere");
}

/* A tree of the calling thread's own, one immediate and some data: one call. */
struct call {
	struct tevent_thread_proxy *tp;
	tevent_immediate_handler_t handler;
	const char *text;
	bool both_null;
	bool tree_empty;
};

static void *make_call(void *arg)
{
	struct call *call = arg;
	TALLOC_CTX *tree = talloc_named_const(NULL, 0, "tree of the calling thread");
	struct tevent_immediate *im = counted_im(tree);
	char *data = counted_data(tree, call->text);

	tevent_thread_proxy_schedule(call->tp, &im, call->handler, &data);
	call->both_null = im == NULL && data == NULL;
	call->tree_empty = talloc_total_blocks(tree) == 1;
	talloc_free(tree);
	return NULL;
}

static struct call call_from_thread(struct tevent_thread_proxy *tp, tevent_immediate_handler_t handler,
				    const char *text)
{
	struct call call = {tp, handler, text, false, false};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, make_call, &call), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return call;
}

/* ---- T5: creation ---- */

/* T5: a named child of its context. */
static void test_proxy_create__context__is_its_named_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	assert_ptr_equal(talloc_parent(tp), f->ev);
	assert_string_equal(talloc_get_name(tp), "struct tevent_thread_proxy");
}

static void create_without_descriptors(void *arg)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, arg);
	struct rlimit limit = {0, 0};
	int lowest = dup(STDIN_FILENO);

	child_assert(ev != NULL);
	close(lowest);
	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)lowest;
	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	errno = 0;
	child_assert(tevent_thread_proxy_create(ev) == NULL);
	child_assert(errno == EMFILE);
	child_assert(!tevent_common_have_events(ev));
}

/* T5: no descriptor left: NULL, EMFILE, nothing left behind. */
static void test_proxy_create__no_descriptor_left__is_null_with_emfile(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_child_succeeds(create_without_descriptors, (void *)(uintptr_t)f->backend);
}

static const struct tevent_wrapper_ops unused_ops = {.name = "unused"};

/* T5: on a wrapper: NULL, EINVAL, and a FATAL-level message on the main context. */
static void test_proxy_create__wrapper__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrapper;
	char *wrapper_state = NULL;

	set_debug_recorder(f->ev);
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &unused_ops, &wrapper_state, char);
	assert_non_null(wrapper);
	errno = 0;
	assert_null(tevent_thread_proxy_create(wrapper));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 1);
	talloc_free(wrapper);
}

/* T5, W5: on a wrapper without a main context: the same, but without a message. */
static void test_proxy_create__wrapper_without_main__is_null_with_einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrapper;
	char *wrapper_state = NULL;

	DEVIATION("D5", "logs on a wrapper without main context there");
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &unused_ops, &wrapper_state, char);
	assert_non_null(wrapper);
	TALLOC_FREE(f->ev);
	errno = 0;
	assert_null(tevent_thread_proxy_create(wrapper));
	assert_int_equal(errno, EINVAL);
}

/* C27: a proxy holds a pair of descriptors until it is freed. */
static void test_proxy__descriptors__are_a_pair(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	assert_int_equal(count_open_fds(), before + 2);
	talloc_free(tp);
	assert_int_equal(count_open_fds(), before);
}

/* T5, C16: the proxy's fd keeps the loop alive until the proxy is freed. */
static void test_proxy__alive__counts_as_an_event(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	assert_true(tevent_common_have_events(f->ev));
	talloc_free(tp);
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* ---- T5: scheduling ---- */

/* T5: takes both over, and runs the handler with both in the destination's thread, in a turn. */
static void test_proxy_schedule__from_another_thread__runs_in_the_destination(void **state)
{
	struct fixture *f = fixture_of(state);
	struct call call = call_from_thread(proxy_to(f->ev), note_thread, "data");

	assert_true(call.both_null);
	assert_true(call.tree_empty);
	assert_notes("");
	rest(f->ev);
	assert_notes("destination");
}

static struct tevent_immediate *expected_im;
static void *expected_data;
static struct tevent_context *expected_ev;

static void compare_arguments(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s %s %s", ev == expected_ev ? "ev" : "-", im == expected_im ? "im" : "-",
	     private_data == expected_data ? "data" : "-");
}

/* T5: the handler gets the destination, the same immediate and the same data. */
static void test_proxy_schedule__handler__gets_its_arguments(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	struct tevent_immediate *im = counted_im(NULL);
	char *data = counted_data(NULL, "data");

	expected_ev = f->ev;
	expected_im = im;
	expected_data = data;
	tevent_thread_proxy_schedule(tp, &im, compare_arguments, &data);
	rest(f->ev);
	assert_notes("ev im data");
}

/* T5, D14: after the handler both are freed, once, in the destination's thread (T9). */
static void test_proxy_schedule__handler_returned__both_are_freed(void **state)
{
	struct fixture *f = fixture_of(state);

	call_from_thread(proxy_to(f->ev), note_data, "data");
	assert_int_equal(im_freed + data_freed, 0);
	rest(f->ev);
	assert_notes("data");
	assert_int_equal(im_freed, 1);
	assert_int_equal(data_freed, 1);
	assert_int_equal(freed_elsewhere, 0);
}

static void note_counts(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s freed:%d,%d", (const char *)private_data, im_freed, data_freed);
}

/* T5: not freed before the handler returned. */
static void test_proxy_schedule__in_the_handler__nothing_is_freed_yet(void **state)
{
	struct fixture *f = fixture_of(state);

	call_from_thread(proxy_to(f->ev), note_counts, "data");
	rest(f->ev);
	assert_notes("data freed:0,0");
}

/* T5: no private data: a NULL address. */
static void test_proxy_schedule__null_data__handler_gets_null(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	struct tevent_immediate *im = counted_im(NULL);

	tevent_thread_proxy_schedule(tp, &im, note_data, NULL);
	assert_null(im);
	rest(f->ev);
	assert_notes("null");
	assert_int_equal(im_freed, 1);
}

static void *stolen;

static void steal_data(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	stolen = talloc_steal(ev, private_data);
}

static void steal_im(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	stolen = talloc_steal(ev, im);
}

/* T5: data that the handler stole stays, the immediate is freed. */
static void test_proxy_schedule__data_stolen__only_the_immediate_is_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	call_from_thread(tp, steal_data, "stolen");
	rest(f->ev);
	talloc_free(tp);
	assert_int_equal(im_freed, 1);
	assert_int_equal(data_freed, 0);
	assert_string_equal(stolen, "stolen");
	talloc_free(stolen);
}

/* T5: an immediate that the handler stole stays and can be scheduled, the data is freed. */
static void test_proxy_schedule__immediate_stolen__only_the_data_is_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	call_from_thread(tp, steal_im, "data");
	rest(f->ev);
	talloc_free(tp);
	assert_int_equal(im_freed, 0);
	assert_int_equal(data_freed, 1);
	tevent_schedule_immediate(stolen, f->ev, note_data, NULL);
	rest(f->ev);
	assert_notes("null");
	talloc_free(stolen);
}

static void free_both(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(private_data);
	talloc_free(im);
}

/* T5: a handler that frees both itself: each is freed once. */
static void test_proxy_schedule__handler_frees_both__each_is_freed_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	record_aborts();
	call_from_thread(tp, free_both, "data");
	rest(f->ev);
	talloc_free(tp);
	assert_int_equal(im_freed, 1);
	assert_int_equal(data_freed, 1);
	assert_int_equal(abort_count, 0);
}

/* T5: first in, first out. */
static void test_proxy_schedule__several__first_in_first_out(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	DEVIATION("D3", "newest first there");
	call_from_thread(tp, note_data, "a");
	call_from_thread(tp, note_data, "b");
	call_from_thread(tp, note_data, "c");
	rest(f->ev);
	assert_notes("a b c");
}

/* T5: all of several run, in any order. */
static void test_proxy_schedule__several__all_run_and_are_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	for (int i = 0; i < 5; i++) {
		call_from_thread(tp, note_data, "x");
	}
	rest(f->ev);
	assert_notes("x x x x x");
	assert_int_equal(im_freed, 5);
	assert_int_equal(data_freed, 5);
}

static struct tevent_thread_proxy *proxy_of_handler;

static void schedule_another(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct tevent_immediate *next = counted_im(NULL);
	char *data = counted_data(NULL, "second");

	note("%s", (const char *)private_data);
	tevent_thread_proxy_schedule(proxy_of_handler, &next, note_data, &data);
}

/* T5: a handler may schedule on its own proxy. */
static void test_proxy_schedule__in_a_handler_of_the_proxy__runs(void **state)
{
	struct fixture *f = fixture_of(state);

	proxy_of_handler = proxy_to(f->ev);
	call_from_thread(proxy_of_handler, schedule_another, "first");
	rest(f->ev);
	assert_notes("first second");
	assert_int_equal(im_freed, 2);
}

/* ---- T5: the end of a proxy ---- */

/* T5: freeing the proxy frees the calls that have not run, without running them. */
static void test_proxy_free__something_has_not_run__is_freed_unrun(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	call_from_thread(tp, note_data, "a");
	call_from_thread(tp, note_data, "b");
	assert_int_equal(talloc_free(tp), 0);
	assert_int_equal(im_freed, 2);
	assert_int_equal(data_freed, 2);
	rest(f->ev);
	assert_notes("");
}

/* T5: the same after the loop took over the calls: each is freed exactly once, run or not. */
static void test_proxy_free__between_two_handlers__the_rest_is_freed_unrun(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);

	call_from_thread(tp, note_data, "x");
	call_from_thread(tp, note_data, "x");
	call_from_thread(tp, note_data, "x");
	for (int i = 0; i < 20 && notes()[0] == '\0'; i++) {
		turns(f->ev, 1);
	}
	assert_int_equal(talloc_free(tp), 0);
	assert_int_equal(im_freed, 3);
	assert_int_equal(data_freed, 3);
	rest(f->ev);
	assert_notes("x");
}

/* T5: the proxy is freed with its context. */
static void test_proxy_free__context_freed__frees_all(void **state)
{
	struct fixture *f = fixture_of(state);

	call_from_thread(proxy_to(f->ev), note_data, "a");
	TALLOC_FREE(f->ev);
	assert_int_equal(im_freed, 1);
	assert_int_equal(data_freed, 1);
	assert_notes("");
}

static void free_proxy(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", (const char *)private_data);
	TALLOC_FREE(proxy_of_handler);
}

/* T5: a handler may free its proxy; its own immediate and data, and the others', are freed once. */
static void test_proxy_free__in_a_handler_of_the_proxy__frees_all_once(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	proxy_of_handler = proxy_to(f->ev);
	call_from_thread(proxy_of_handler, free_proxy, "x");
	call_from_thread(proxy_of_handler, free_proxy, "x");
	rest(f->ev);
	assert_notes("x");
	assert_null(proxy_of_handler);
	assert_int_equal(im_freed, 2);
	assert_int_equal(data_freed, 2);
	assert_int_equal(abort_count, 0);
}

static struct tevent_immediate *late_im;
static char *late_data;

static int schedule_late(char *data)
{
	tevent_thread_proxy_schedule(proxy_of_handler, &late_im, note_data, &late_data);
	return 0;
}

static void prepare_late_call(struct fixture *f, struct tevent_thread_proxy *tp)
{
	proxy_of_handler = tp;
	late_im = tevent_create_immediate(f->mem);
	late_data = talloc_strdup(f->mem, "late");
}

static void assert_caller_keeps_both(struct fixture *f)
{
	assert_non_null(late_im);
	assert_string_equal(late_data, "late");
	assert_ptr_equal(talloc_parent(late_im), f->mem);
	assert_ptr_equal(talloc_parent(late_data), f->mem);
	tevent_schedule_immediate(late_im, f->ev, note_data, late_data);
	rest(f->ev);
	assert_notes("late");
}

/* T5: while the proxy and its waiting calls are being freed, the call does nothing and the caller keeps both. */
static void test_proxy_schedule__proxy_being_destroyed__caller_keeps_both(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	struct tevent_immediate *im = counted_im(NULL);
	char *data = talloc_strdup(NULL, "waiting");

	DEVIATION("D5", "the call waits there for a lock that its own thread holds");
	prepare_late_call(f, tp);
	talloc_set_destructor(data, schedule_late);
	tevent_thread_proxy_schedule(tp, &im, note_data, &data);
	talloc_free(tp);
	assert_int_equal(im_freed, 1);
	assert_caller_keeps_both(f);
}

/* ---- T9 ---- */

/* T9: the call changes nothing in the destination's tree. */
static void test_proxy_schedule__from_another_thread__leaves_the_tree_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	size_t blocks = talloc_total_blocks(f->mem);
	size_t size = talloc_total_size(f->mem);

	call_from_thread(tp, note_data, "data");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
	assert_int_equal(talloc_total_size(f->mem), size);
	talloc_free(tp);
	assert_int_equal(data_freed, 1);
}

/* ---- T7: several threads at once ---- */

#define PRODUCERS 3
#define MANY 300

static struct {
	struct tevent_thread_proxy *tp;
	int next[PRODUCERS];
	int ran;
	int out_of_order;
	bool all;
} burst;

struct numbered {
	int producer;
	int number;
};

static void count_burst(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct numbered *n = private_data;

	burst.out_of_order += n->number != burst.next[n->producer];
	burst.next[n->producer] = n->number + 1;
	burst.all = ++burst.ran == PRODUCERS * MANY;
}

static void *produce(void *arg)
{
	for (int i = 0; i < MANY; i++) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		struct numbered *n = talloc(NULL, struct numbered);

		*n = (struct numbered){(int)(intptr_t)arg, i};
		tevent_thread_proxy_schedule(burst.tp, &im, count_burst, &n);
	}
	return NULL;
}

static void run_burst(struct fixture *f)
{
	pthread_t threads[PRODUCERS];

	memset(&burst, 0, sizeof(burst));
	burst.tp = proxy_to(f->ev);
	for (intptr_t p = 0; p < PRODUCERS; p++) {
		assert_int_equal(pthread_create(&threads[p], NULL, produce, (void *)p), 0);
	}
	run_until(f->ev, &burst.all);
	for (int p = 0; p < PRODUCERS; p++) {
		assert_int_equal(pthread_join(threads[p], NULL), 0);
	}
}

/* T5, T7: a burst from several threads ends with all handlers run, once. */
static void test_proxy_schedule__burst_from_several_threads__all_run(void **state)
{
	struct fixture *f = fixture_of(state);

	run_burst(f);
	assert_true(burst.all);
	rest(f->ev);
	assert_int_equal(burst.ran, PRODUCERS * MANY);
}

/* T5: in a burst each thread's are served in its order. */
static void test_proxy_schedule__burst_from_several_threads__each_in_its_order(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D3", "newest first there");
	run_burst(f);
	assert_true(burst.all);
	assert_int_equal(burst.out_of_order, 0);
}

struct waiter {
	struct call call;
	pthread_t thread;
	bool started;
};

static void *call_now(void *arg)
{
	return make_call(arg);
}

static void call_before_wait(enum tevent_trace_point point, void *private_data)
{
	struct waiter *w = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !w->started) {
		w->started = pthread_create(&w->thread, NULL, call_now, &w->call) == 0;
	}
}

static bool note_done;

static void note_and_finish(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", (const char *)private_data);
	note_done = true;
}

/* T5: a waiting destination wakes up. */
static void test_proxy_schedule__destination_waits__wakes_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct waiter w = {.call = {.tp = proxy_to(f->ev), .handler = note_and_finish, .text = "run"}};

	note_done = false;
	tevent_set_trace_callback(f->ev, call_before_wait, &w);
	assert_true(run_until(f->ev, &note_done));
	assert_true(w.started);
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_notes("run");
}

/* ---- T8: handing on ---- */

struct message {
	struct tevent_thread_proxy *there;
	struct tevent_thread_proxy *back;
	struct tevent_context *back_ev;
	int hops;
	bool *done;
};

static struct message *new_message(struct tevent_thread_proxy *there, struct tevent_thread_proxy *back, bool *done)
{
	struct message *m = talloc_zero(NULL, struct message);

	m->there = there;
	m->back = back;
	m->done = done;
	return m;
}

static void arrived_back(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("back");
}

static void hand_on(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *m = private_data;

	note("hand-on");
	tevent_thread_proxy_schedule(m->back, &im, arrived_back, &m);
	note("%s", im == NULL && m == NULL ? "gone" : "kept");
}

/* T8: the handler passes its own immediate and data on to another proxy. */
static void test_proxy_hand_on__own_immediate_and_data__run_in_the_other_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_thread_proxy *there = proxy_to(other);
	struct tevent_immediate *im = counted_im(NULL);
	struct message *m = new_message(there, proxy_to(f->ev), NULL);

	tevent_thread_proxy_schedule(there, &im, hand_on, &m);
	rest(other);
	assert_notes("hand-on gone");
	assert_int_equal(im_freed, 0);
	rest(f->ev);
	assert_notes("hand-on gone back");
	assert_int_equal(im_freed, 1);
	talloc_free(other);
	assert_int_equal(im_freed, 1);
}

static void hand_on_and_let_it_go(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *m = private_data;
	struct tevent_context *back_ev = m->back_ev;

	tevent_thread_proxy_schedule(m->back, &im, arrived_back, &m);
	rest(back_ev);
	note("freed:%d", im_freed);
}

/* T8: nothing accesses them after that call: they are freed before the handler returns. */
static void test_proxy_hand_on__freed_there_before_the_handler_returns__is_not_touched(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_thread_proxy *there = proxy_to(other);
	struct tevent_immediate *im = counted_im(NULL);
	struct message *m;

	DEVIATION("D5", "touches the immediate there after its handler returned");
	m = new_message(there, proxy_to(f->ev), NULL);
	m->back_ev = f->ev;
	tevent_thread_proxy_schedule(there, &im, hand_on_and_let_it_go, &m);
	rest(other);
	assert_notes("back freed:1");
	talloc_free(other);
	assert_int_equal(im_freed, 1);
}

static void trace_im(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"attach", "detach", "before"};

	if (im == expected_im) {
		note("%s", names[point]);
	}
}

/* T8: the DETACH is traced in that call, and never again. */
static void test_proxy_hand_on__traced__detach_comes_in_the_call(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_thread_proxy *there = proxy_to(other);
	struct tevent_immediate *im = counted_im(NULL);
	struct message *m;

	DEVIATION("D5", "DETACH comes there after the handler returned");
	m = new_message(there, proxy_to(f->ev), NULL);
	expected_im = im;
	tevent_set_trace_immediate_callback(other, trace_im, NULL);
	tevent_thread_proxy_schedule(there, &im, hand_on, &m);
	assert_notes("");
	rest(other);
	talloc_free(other);
	assert_notes("attach before hand-on detach gone");
}

/* O4, T10: an immediate that is not passed on: DETACH after the handler. */
static void test_proxy_schedule__traced__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	struct tevent_immediate *im = counted_im(NULL);

	expected_im = im;
	tevent_set_trace_immediate_callback(f->ev, trace_im, NULL);
	tevent_thread_proxy_schedule(tp, &im, note_data, NULL);
	assert_notes("");
	rest(f->ev);
	talloc_free(tp);
	assert_notes("attach before null detach");
}

#define HOPS 200

static int traced_in_worker[3];

static void at_home(struct tevent_context *ev, struct tevent_immediate *im, void *private_data);

/* In the worker: accesses only the message; after that it belongs to the other thread. */
static void at_worker(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *m = private_data;

	m->hops++;
	tevent_thread_proxy_schedule(m->back, &im, at_home, &m);
}

static void at_home(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *m = private_data;

	if (im != expected_im || m != expected_data || m->hops == HOPS) {
		note("hops:%d", m->hops);
		*m->done = true;
		return;
	}
	tevent_thread_proxy_schedule(m->there, &im, at_worker, &m);
}

static void count_trace(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	if (im == expected_im) {
		traced_in_worker[point]++;
	}
}

struct worker {
	struct tevent_context *ev;
	bool stop;
};

static void stop_worker(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct worker **worker = private_data;

	(*worker)->stop = true;
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	while (!worker->stop && tevent_loop_once(worker->ev) == 0) {
	}
	return NULL;
}

static void send_stop(struct tevent_thread_proxy *tp, struct tevent_immediate *im, struct worker *worker)
{
	struct worker **data = talloc(NULL, struct worker *);

	*data = worker;
	tevent_thread_proxy_schedule(tp, &im, stop_worker, &data);
}

/* T8, T7: one message travels back and forth between two threads. */
static void test_proxy_hand_on__to_and_fro_between_threads__always_the_same_two(void **state)
{
	struct fixture *f = fixture_of(state);
	struct worker worker = {NULL, false};
	struct tevent_thread_proxy *there;
	struct tevent_immediate *stop; /* made early: it must not get the traced one's address */
	struct tevent_immediate *im;
	struct message *m;
	bool done = false;
	pthread_t thread;

	DEVIATION("D5", "both threads use the immediate there, for a moment");
	worker.ev = tevent_context_init_byname(NULL, f->backend);
	there = proxy_to(worker.ev);
	stop = tevent_create_immediate(NULL);
	im = counted_im(NULL);
	memset(traced_in_worker, 0, sizeof(traced_in_worker));
	tevent_set_trace_immediate_callback(worker.ev, count_trace, NULL);
	m = new_message(there, proxy_to(f->ev), &done);
	expected_im = im;
	expected_data = m;
	assert_int_equal(pthread_create(&thread, NULL, work, &worker), 0);
	tevent_thread_proxy_schedule(there, &im, at_worker, &m);
	run_until(f->ev, &done);
	send_stop(there, stop, &worker);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(done);
	assert_notes("hops:200");
	for (int point = 0; point < 3; point++) {
		assert_int_equal(traced_in_worker[point], HOPS);
	}
	talloc_free(worker.ev);
	rest(f->ev);
	assert_int_equal(im_freed, 1);
	assert_int_equal(freed_elsewhere, 0);
}

struct second_call {
	struct tevent_thread_proxy *tp;
	struct tevent_immediate *im;
};

static void schedule_at_detach(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	struct second_call *second = private_data;

	if (point == TEVENT_EVENT_TRACE_DETACH && second->im != NULL) {
		char *data = talloc_strdup(NULL, "from-the-trace");

		tevent_thread_proxy_schedule(second->tp, &second->im, note_data, &data);
	}
}

static void schedules_from_a_trace_callback(void *arg)
{
	struct tevent_context *ev = arg;
	struct second_call second = {tevent_thread_proxy_create(ev), tevent_create_immediate(NULL)};
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	char *data = talloc_strdup(NULL, "handed-over");
	bool expired = false;

	alarm(20);
	tevent_set_trace_immediate_callback(ev, schedule_at_detach, &second);
	tevent_schedule_immediate(im, ev, note_data, NULL);
	tevent_thread_proxy_schedule(second.tp, &im, note_data, &data); /* DETACH: it was scheduled */
	child_assert(im == NULL && second.im == NULL);
	for (int i = 0; i < 10; i++) {
		child_assert(tevent_add_timer(ev, ev, in_ms(1), set_true, &expired) != NULL);
		child_assert(tevent_loop_once(ev) == 0);
	}
	child_assert(strcmp(notes(), "from-the-trace handed-over") == 0);
}

/* T5, T8, D5: the DETACH in the call is reported without holding the proxy's lock: the trace callback may call
 * again. */
static void test_proxy_schedule__trace_callback_calls_it_too__both_run(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D3", "newest first there");
	assert_child_succeeds(schedules_from_a_trace_callback, f->ev);
}

/* ---- C21, C23: proxies in a forked child ---- */

enum { child_seconds = 20 };

static void schedule_text(struct tevent_thread_proxy *tp, const char *text)
{
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	char *data = talloc_strdup(NULL, text);

	tevent_thread_proxy_schedule(tp, &im, note_data, &data);
}

struct inherited {
	struct tevent_context *ev;
	struct tevent_thread_proxy *tp;
};

/* Runs turns until these are the notes; the alarm ends an endless wait. */
static void run_until_notes_are(struct tevent_context *ev, const char *expected)
{
	while (strcmp(notes(), expected) != 0) {
		child_assert(tevent_loop_once(ev) == 0);
	}
}

static void child_uses_inherited_proxy(void *arg)
{
	struct inherited *x = arg;

	alarm(child_seconds);
	run_until_notes_are(x->ev, "waiting");
	schedule_text(x->tp, "child");
	run_until_notes_are(x->ev, "waiting child");
	schedule_text(x->tp, "left to the end");
	child_assert(talloc_free(x->tp) == 0);
	child_assert(!tevent_common_have_events(x->ev));
}

/* C21, C23: calls waiting at the fork run on both sides, and each side's later calls on that side only. */
static void test_proxy__inherited_by_a_child__each_side_runs_its_own(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited x = {f->ev, proxy_to(f->ev)};

	DEVIATION("D10", "the child shares the proxy's pipe with its parent");
	schedule_text(x.tp, "waiting");
	assert_child_succeeds(child_uses_inherited_proxy, &x);
	rest(f->ev);
	assert_notes("waiting");
	schedule_text(x.tp, "parent");
	rest(f->ev);
	assert_notes("waiting parent");
}

static struct tevent_immediate *kept_im;

static void keep_im(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("kept");
	kept_im = talloc_steal(NULL, im);
}

static void hand_on_to_be_kept(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_thread_proxy_schedule(private_data, &im, keep_im, NULL);
}

/* T8: passed on and stolen there, it is an immediate like any other: it can be freed, and scheduled from a thread. */
static void test_proxy_hand_on__stolen_there__is_as_new(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_thread_proxy *back = proxy_to(f->ev);
	struct tevent_immediate *im = counted_im(NULL);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, f->ev);

	DEVIATION("D5", "touches the immediate there after its handler returned");
	kept_im = NULL;
	tevent_schedule_immediate(im, other, hand_on_to_be_kept, back);
	rest(other);
	rest(f->ev);
	assert_ptr_equal(kept_im, im);
	tevent_threaded_schedule_immediate(tctx, im, note_thread, NULL);
	rest(f->ev);
	assert_notes("kept destination");
	assert_int_equal(talloc_free(im), 0);
	assert_int_equal(im_freed, 1);
}

struct runs {
	struct tevent_thread_proxy *back;
	int left;
};

static void hand_on_at_the_last(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct runs *r = private_data;

	note("run");
	if (--r->left > 0) {
		tevent_schedule_immediate(im, ev, hand_on_at_the_last, r);
	} else {
		tevent_thread_proxy_schedule(r->back, &im, note_data, NULL);
	}
}

/* T8: earlier handlers have no effect once they have returned. */
static void test_proxy_hand_on__ran_before__runs_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct runs r = {proxy_to(f->ev), 3};

	DEVIATION("D5", "touches the immediate there after its handler returned");
	tevent_schedule_immediate(counted_im(NULL), other, hand_on_at_the_last, &r);
	rest(other);
	rest(f->ev);
	assert_notes("run run run null");
	assert_int_equal(im_freed, 1);
}

/* T8, I8: the caller that invoked the handler learns that it must not access the immediate any more. */
static void test_proxy_hand_on__invoked_by_hand__counts_as_removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct runs r = {proxy_to(f->ev), 1};
	struct tevent_immediate *im = counted_im(NULL);
	bool removed = false;

	DEVIATION("D5", "touches the immediate there after its handler returned");
	tevent_schedule_immediate(im, f->ev, hand_on_at_the_last, &r);
	assert_int_equal(tevent_common_invoke_immediate_handler(im, &removed), 0);
	assert_true(removed);
	rest(f->ev);
	assert_notes("run null");
}

static void count_wait(enum tevent_trace_point point, void *private_data)
{
	*(int *)private_data += point == TEVENT_TRACE_AFTER_WAIT;
}

/* T5: a burst is one wake-up: when all have run, the loop rests. */
static void test_proxy_schedule__burst_worked_off__the_loop_rests(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp = proxy_to(f->ev);
	bool due = false;
	int waits = 0;

	DEVIATION("D14", "frees the batch from an immediate of its own");
	rest(f->ev); /* the wake-up of poll_mt */
	tevent_set_trace_callback(f->ev, count_wait, &waits);
	for (int i = 0; i < 5; i++) {
		schedule_text(tp, "x");
	}
	turns(f->ev, 6);
	assert_notes("x x x x x");
	assert_int_equal(waits, 1);
	waits = 0;
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5), set_true, &due));
	while (!due) {
		turns(f->ev, 1);
	}
	assert_true(waits <= 1);
	tevent_set_trace_callback(f->ev, NULL, NULL);
}

static void child_calls_and_leaves(void *arg)
{
	struct inherited *x = arg;

	alarm(child_seconds);
	schedule_text(x->tp, "child");
}

/* C21: a call in the child does not reach the parent, not even as a wake-up. */
static void test_proxy__called_in_a_child__parent_hears_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited x = {f->ev, proxy_to(f->ev)};
	bool due = false;
	int waits = 0;

	DEVIATION("D10", "the child shares the proxy's pipe with its parent");
	rest(f->ev);
	assert_child_succeeds(child_calls_and_leaves, &x);
	tevent_set_trace_callback(f->ev, count_wait, &waits);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5), set_true, &due));
	while (!due) {
		turns(f->ev, 1);
	}
	tevent_set_trace_callback(f->ev, NULL, NULL);
	assert_true(waits <= 1);
	assert_notes("");
}

static struct rlimit limit_before;

static void child_without_pipe(void *arg)
{
	struct inherited *x = arg;
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	char *data = talloc_strdup(NULL, "kept");
	bool due = false;
	int turns_taken = 0;

	alarm(child_seconds);
	tevent_thread_proxy_schedule(x->tp, &im, note_data, &data);
	child_assert(im == NULL && data == NULL);
	run_until_notes_are(x->ev, "kept"); /* taken before the wait, without a pipe */
	child_assert(tevent_add_timer(x->ev, x->ev, in_ms(5), set_true, &due) != NULL);
	while (!due) {
		child_assert(tevent_loop_once(x->ev) == 0);
		turns_taken++;
	}
	child_assert(turns_taken <= 10); /* it waits, and does not spin */

	setrlimit(RLIMIT_NOFILE, &limit_before);
	im = tevent_create_immediate(NULL);
	data = talloc_strdup(NULL, "more");
	tevent_thread_proxy_schedule(x->tp, &im, note_data, &data);
	run_until_notes_are(x->ev, "kept more");
	child_assert(talloc_free(x->tp) == 0);
}

/* C21, C23: a child without a pipe of its own runs the calls that it hands over; it never uses its parent's pipe. */
static void test_proxy__no_descriptor_in_the_child__what_it_hands_over_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited x = {f->ev, proxy_to(f->ev)};
	struct rlimit none;
	int status;

	DEVIATION("D10", "the child shares the proxy's pipe with its parent");
	getrlimit(RLIMIT_NOFILE, &limit_before);
	none = limit_before;
	none.rlim_cur = 3; /* with 0, poll(2) would refuse its array */
	setrlimit(RLIMIT_NOFILE, &none);
	status = status_of_child(child_without_pipe, &x);
	setrlimit(RLIMIT_NOFILE, &limit_before);
	assert_int_equal(status, 0);
	schedule_text(x.tp, "parent");
	rest(f->ev);
	assert_notes("parent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_proxy_create__context__is_its_named_child),
		TEST_EACH_BACKEND(test_proxy_create__no_descriptor_left__is_null_with_emfile),
		TEST(test_proxy_create__wrapper__is_null_with_einval),
		TEST(test_proxy_create__wrapper_without_main__is_null_with_einval),
		TEST_EACH_BACKEND(test_proxy__descriptors__are_a_pair),
		TEST_EACH_BACKEND(test_proxy__alive__counts_as_an_event),
		TEST_EACH_BACKEND(test_proxy_schedule__from_another_thread__runs_in_the_destination),
		TEST(test_proxy_schedule__handler__gets_its_arguments),
		TEST_EACH_BACKEND(test_proxy_schedule__handler_returned__both_are_freed),
		TEST(test_proxy_schedule__in_the_handler__nothing_is_freed_yet),
		TEST(test_proxy_schedule__null_data__handler_gets_null),
		TEST(test_proxy_schedule__data_stolen__only_the_immediate_is_freed),
		TEST(test_proxy_schedule__immediate_stolen__only_the_data_is_freed),
		TEST(test_proxy_schedule__handler_frees_both__each_is_freed_once),
		TEST_EACH_BACKEND(test_proxy_schedule__several__first_in_first_out),
		TEST_EACH_BACKEND(test_proxy_schedule__several__all_run_and_are_freed),
		TEST_EACH_BACKEND(test_proxy_schedule__in_a_handler_of_the_proxy__runs),
		TEST_EACH_BACKEND(test_proxy_free__something_has_not_run__is_freed_unrun),
		TEST_EACH_BACKEND(test_proxy_free__between_two_handlers__the_rest_is_freed_unrun),
		TEST_EACH_BACKEND(test_proxy_free__context_freed__frees_all),
		TEST_EACH_BACKEND(test_proxy_free__in_a_handler_of_the_proxy__frees_all_once),
		TEST(test_proxy_schedule__proxy_being_destroyed__caller_keeps_both),
		TEST(test_proxy_schedule__from_another_thread__leaves_the_tree_alone),
		TEST_EACH_BACKEND(test_proxy_schedule__burst_from_several_threads__all_run),
		TEST_EACH_BACKEND(test_proxy_schedule__burst_from_several_threads__each_in_its_order),
		TEST_EACH_BACKEND(test_proxy_schedule__destination_waits__wakes_it),
		TEST_EACH_BACKEND(test_proxy_hand_on__own_immediate_and_data__run_in_the_other_context),
		TEST_EACH_BACKEND(test_proxy_hand_on__freed_there_before_the_handler_returns__is_not_touched),
		TEST_EACH_BACKEND(test_proxy_hand_on__traced__detach_comes_in_the_call),
		TEST_EACH_BACKEND(test_proxy_schedule__traced__attach_before_detach),
		TEST_EACH_BACKEND(test_proxy_hand_on__to_and_fro_between_threads__always_the_same_two),
		TEST(test_proxy_schedule__trace_callback_calls_it_too__both_run),
		TEST_EACH_BACKEND(test_proxy_hand_on__stolen_there__is_as_new),
		TEST_EACH_BACKEND(test_proxy_hand_on__ran_before__runs_there),
		TEST_EACH_BACKEND(test_proxy_hand_on__invoked_by_hand__counts_as_removed),
		TEST_EACH_BACKEND(test_proxy_schedule__burst_worked_off__the_loop_rests),
		TEST_EACH_BACKEND(test_proxy__inherited_by_a_child__each_side_runs_its_own),
		TEST_EACH_BACKEND(test_proxy__called_in_a_child__parent_hears_nothing),
		TEST_ON(test_proxy__no_descriptor_in_the_child__what_it_hands_over_runs, standard),
		TEST_ON(test_proxy__no_descriptor_in_the_child__what_it_hands_over_runs, poll),
		TEST_ON(test_proxy__no_descriptor_in_the_child__what_it_hands_over_runs, poll_mt),
	};

	return cmocka_run_group_tests_name("thread_proxy", tests, threads_group_setup, NULL);
}
