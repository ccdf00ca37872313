/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Threaded contexts and the wake-up descriptor: T1 to T4, T6, T7, T9, T10.
 *
 * cmocka's assertions jump and talloc has no locks, so only the main thread
 * allocates, runs the loop and asserts; the others schedule. talloc's null
 * tracking is off here, because it would link all parentless chunks, of all
 * threads, into one list.  Where several threads run at once a case asserts
 * counts and each thread's own order, never which thread came first.
 * run_until() gives up after ten seconds: a lost wake-up fails a case instead
 * of hanging it.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int tevent_common_wakeup_init(struct tevent_context *ev);
int tevent_common_wakeup(struct tevent_context *ev);
int tevent_common_wakeup_fd(int fd);
void tevent_common_threaded_activate_immediate(struct tevent_context *ev);
bool tevent_common_loop_immediate(struct tevent_context *ev);
bool tevent_common_have_events(struct tevent_context *ev);

/* For ThreadSanitizer: a child forked beside a running thread exits with that
 * thread unjoined, which is not a leak in the library. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "report_thread_leaks=0";
}

/* ---- helpers ---- */

static pthread_t main_thread;

static int threads_group_setup(void **state)
{
	int ret = group_setup(state);

	talloc_disable_null_tracking();
	main_thread = pthread_self();
	return ret;
}

static void run_in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
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

/* One call of tevent_threaded_schedule_immediate(), made by another thread. */
struct call {
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
	tevent_immediate_handler_t handler;
	void *private_data;
};

static void *make_call(void *arg)
{
	struct call *call = arg;

	tevent_threaded_schedule_immediate(call->tctx, call->im, call->handler, call->private_data);
	return NULL;
}

static void schedule_from_thread(struct tevent_threaded_context *tctx, struct tevent_immediate *im,
				 tevent_immediate_handler_t handler, const char *name)
{
	struct call call = {.tctx = tctx, .im = im, .handler = handler, .private_data = (void *)(uintptr_t)name};

	run_in_thread(make_call, &call);
}

static void note_name(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", (const char *)private_data);
}

static void note_thread(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", pthread_equal(pthread_self(), main_thread) ? "loop-thread" : "elsewhere");
}

static void note_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void note_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
	TEVENT_FD_NOT_READABLE(fde);
}

static struct tevent_threaded_context *threaded(struct fixture *f)
{
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, f->ev);

	assert_non_null(tctx);
	return tctx;
}

/* The number that the next descriptor of this process will get. */
static int next_fd(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static int nonblocking_and_cloexec(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

/* An immediate is idle if it can be scheduled elsewhere and then runs once. */
static void assert_idle(struct fixture *f, struct tevent_immediate *im)
{
	struct tevent_context *ev = another_context(f);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, ev);

	assert_non_null(tctx);
	clear_notes();
	tevent_threaded_schedule_immediate(tctx, im, note_name, (void *)(uintptr_t) "idle");
	settle(ev, 10);
	assert_notes("idle");
	talloc_free(tctx);
	talloc_free(ev);
}

/* ---- T1: creation ---- */

/* T1: a talloc child of mem_ctx with the type's name. */
static void test_threaded_create__mem_ctx__is_its_named_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);

	assert_ptr_equal(talloc_parent(tctx), f->mem);
	assert_string_equal(talloc_get_name(tctx), "struct tevent_threaded_context");
}

/* T1: a NULL mem_ctx means no parent. */
static void test_threaded_create__null_mem_ctx__has_no_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(NULL, f->ev);

	assert_non_null(tctx);
	assert_null(talloc_parent(tctx));
	talloc_free(tctx);
}

static void create_without_descriptors(void *arg)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, arg);
	struct rlimit limit = {0, 0};

	child_assert(ev != NULL);
	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next_fd();
	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	errno = 0;
	child_assert(tevent_threaded_context_create(NULL, ev) == NULL);
	child_assert(errno == EMFILE);
}

/* T1: no descriptor for the wake-up: NULL, EMFILE (poll_mt has it already). */
static void test_threaded_create__no_descriptor_left__is_null_with_emfile(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_child_succeeds(create_without_descriptors, (void *)(uintptr_t)f->backend);
}

/* T1, C27: any number of them share one wake-up descriptor. */
static void test_threaded_create__several__share_one_descriptor(void **state)
{
	struct fixture *f = fixture_of(state);
	int before;

	threaded(f);
	before = count_open_fds();
	threaded(f);
	threaded(f);
	assert_int_equal(count_open_fds(), before);
}

/* ---- T1: scheduling ---- */

/* T1: the handler runs in the loop's thread, in a turn, and not before. */
static void test_threaded_schedule__from_another_thread__runs_in_the_loops_thread(void **state)
{
	struct fixture *f = fixture_of(state);

	schedule_from_thread(threaded(f), tevent_create_immediate(f->mem), note_thread, NULL);
	assert_notes("");
	settle(f->ev, 10);
	assert_notes("loop-thread");
}

static void note_arguments(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct fixture *f = private_data;

	note("%s %s", ev == f->ev ? "ev" : "other-ev", talloc_get_name(im));
}

/* T1: the handler gets the context, the immediate and the private data. */
static void test_threaded_schedule__handler__gets_its_arguments(void **state)
{
	struct fixture *f = fixture_of(state);
	struct call call = {threaded(f), tevent_create_immediate(f->mem), note_arguments, f};

	talloc_set_name_const(call.im, "im");
	run_in_thread(make_call, &call);
	settle(f->ev, 10);
	assert_notes("ev im");
}

/* T1: the loop's own thread may call it as well. */
static void test_threaded_schedule__from_the_loops_thread__runs(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_threaded_schedule_immediate(threaded(f), tevent_create_immediate(f->mem), note_thread, NULL);
	settle(f->ev, 10);
	assert_notes("loop-thread");
}

/* T1: in the order of scheduling, for all threads and threaded contexts. */
static void test_threaded_schedule__two_threads_in_turn__keep_the_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *one = threaded(f);
	struct tevent_threaded_context *two = threaded(f);

	schedule_from_thread(one, tevent_create_immediate(f->mem), note_name, "a");
	schedule_from_thread(two, tevent_create_immediate(f->mem), note_name, "b");
	schedule_from_thread(one, tevent_create_immediate(f->mem), note_name, "c");
	schedule_from_thread(two, tevent_create_immediate(f->mem), note_name, "d");
	settle(f->ev, 20);
	assert_notes("a b c d");
}

/* T1: after its handler returned it is idle again: it may be scheduled again, or freed. */
static void test_threaded_schedule__again_after_it_ran__runs_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	schedule_from_thread(tctx, im, note_name, "once");
	settle(f->ev, 10);
	schedule_from_thread(tctx, im, note_name, "twice");
	settle(f->ev, 10);
	assert_notes("once twice");
	assert_int_equal(talloc_free(im), 0);
}

static void *make_call_while_being_cancelled(void *arg)
{
	usleep(20000); /* the loop is asleep and has to be woken */
	pthread_cancel(pthread_self());
	make_call(arg);
	return "returned";
}

/* T1: none of the calls is a cancellation point: a cancelled thread leaves no lock behind. */
static void test_schedule__thread_is_being_cancelled__goes_through(void **state)
{
	struct fixture *f = fixture_of(state);
	struct call call = {
		.tctx = threaded(f),
		.im = tevent_create_immediate(f->mem),
		.handler = note_name,
		.private_data = (void *)(uintptr_t) "ran",
	};
	void *result = NULL;
	pthread_t thread;

	DEVIATION("D5", "the write to the wake-up is one there");
	assert_int_equal(pthread_create(&thread, NULL, make_call_while_being_cancelled, &call), 0);
	for (int i = 0; i < 10 && notes()[0] == '\0'; i++) {
		turns(f->ev, 1);
	}
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_notes("ran");
	assert_string_equal(result, "returned");
	assert_int_equal(talloc_free(call.tctx), 0);
}

/* T1: once it joined the list it is like any other: freeing it cancels it. */
static void test_threaded_schedule__freed_after_it_joined__does_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	schedule_from_thread(threaded(f), im, note_name, "never");
	tevent_common_threaded_activate_immediate(f->ev);
	assert_int_equal(talloc_free(im), 0);
	settle(f->ev, 10);
	assert_notes("");
}

struct waiter {
	struct call call;
	sem_t go;
	bool told;
};

static void tell_before_wait(enum tevent_trace_point point, void *private_data)
{
	struct waiter *waiter = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !waiter->told) {
		waiter->told = true;
		sem_post(&waiter->go);
	}
}

static void *call_when_told(void *arg)
{
	struct waiter *waiter = arg;

	while (sem_wait(&waiter->go) == -1) {
	}
	return make_call(&waiter->call);
}

static void note_run(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("run");
	*(bool *)private_data = true;
}

/* T1, T4: an immediate scheduled when the loop is about to wait ends that wait. */
static void test_threaded_schedule__loop_waits__wakes_it(void **state)
{
	struct fixture *f = fixture_of(state);
	bool done = false;
	struct waiter waiter = {
		.call = {threaded(f), tevent_create_immediate(f->mem), note_run, &done},
	};
	pthread_t thread;

	assert_int_equal(sem_init(&waiter.go, 0, 0), 0);
	tevent_set_trace_callback(f->ev, tell_before_wait, &waiter);
	assert_int_equal(pthread_create(&thread, NULL, call_when_told, &waiter), 0);
	assert_true(run_until(f->ev, &done));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(waiter.told);
	assert_notes("run");
	sem_destroy(&waiter.go);
}

/* ---- T1, T2: misuse is abort(), not tevent_abort ---- */

static void leave_quietly(const char *reason)
{
	_exit(98);
}

static void schedule_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_threaded_schedule_immediate((struct tevent_threaded_context *)private_data, im, note_name,
					   (void *)(uintptr_t) "x");
}

static void free_and_schedule_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(im);
	schedule_again(ev, im, private_data);
}

struct misuse {
	struct tevent_context *ev;
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
};

static struct misuse start_misuse(const void *backend)
{
	struct misuse m;

	tevent_set_abort_fn(leave_quietly);
	m.ev = tevent_context_init_byname(NULL, backend);
	m.tctx = tevent_threaded_context_create(NULL, m.ev);
	m.im = tevent_create_immediate(NULL);
	child_assert(m.ev != NULL && m.tctx != NULL && m.im != NULL);
	return m;
}

static void misuse_null_handler(void *arg)
{
	struct misuse m = start_misuse(arg);

	tevent_threaded_schedule_immediate(m.tctx, m.im, NULL, NULL);
}

static void misuse_scheduled(void *arg)
{
	struct misuse m = start_misuse(arg);

	tevent_schedule_immediate(m.im, m.ev, note_name, (void *)(uintptr_t) "x");
	schedule_again(m.ev, m.im, m.tctx);
}

static void misuse_on_its_way(void *arg)
{
	struct misuse m = start_misuse(arg);

	schedule_again(m.ev, m.im, m.tctx);
	schedule_again(m.ev, m.im, m.tctx);
}

static void misuse_own_handler(void *arg)
{
	struct misuse m = start_misuse(arg);

	tevent_schedule_immediate(m.im, m.ev, schedule_again, m.tctx);
	tevent_loop_once(m.ev);
}

static void misuse_freed_in_own_handler(void *arg)
{
	struct misuse m = start_misuse(arg);

	tevent_schedule_immediate(m.im, m.ev, free_and_schedule_again, m.tctx);
	tevent_loop_once(m.ev);
}

static void misuse_free_on_its_way(void *arg)
{
	struct misuse m = start_misuse(arg);

	schedule_again(m.ev, m.im, m.tctx);
	talloc_free(m.im);
}

/* T1: a NULL handler: abort(). */
static void test_threaded_schedule__null_handler__aborts(void **state)
{
	assert_child_aborts(misuse_null_handler, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* T1: an immediate that is scheduled already: abort(). */
static void test_threaded_schedule__scheduled_already__aborts(void **state)
{
	assert_child_aborts(misuse_scheduled, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* T1, T2: an immediate that is on its way: abort(). */
static void test_threaded_schedule__on_its_way__aborts(void **state)
{
	assert_child_aborts(misuse_on_its_way, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* T1: inside the immediate's own handler: abort(). */
static void test_threaded_schedule__in_its_own_handler__aborts(void **state)
{
	assert_child_aborts(misuse_own_handler, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* T1: freed inside its own handler: abort(). */
static void test_threaded_schedule__freed_in_its_own_handler__aborts(void **state)
{
	assert_child_aborts(misuse_freed_in_own_handler, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* T2: freeing an immediate that is on its way: abort(). */
static void test_threaded_immediate__freed_on_its_way__aborts(void **state)
{
	assert_child_aborts(misuse_free_on_its_way, (void *)(uintptr_t)fixture_of(state)->backend);
}

static void misuse_schedule_on_its_way(void *arg)
{
	struct misuse m = start_misuse(arg);

	schedule_again(m.ev, m.im, m.tctx);
	tevent_schedule_immediate(m.im, m.ev, note_name, (void *)(uintptr_t) "x");
}

static void misuse_reset_on_its_way(void *arg)
{
	struct misuse m = start_misuse(arg);

	schedule_again(m.ev, m.im, m.tctx);
	tevent_reset_immediate(m.im);
}

/* T2: nor may it be scheduled or reset: it belongs to another thread. */
static void test_threaded_immediate__scheduled_or_reset_on_its_way__aborts(void **state)
{
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	assert_child_aborts(misuse_schedule_on_its_way, (void *)(uintptr_t)fixture_of(state)->backend);
	assert_child_aborts(misuse_reset_on_its_way, (void *)(uintptr_t)fixture_of(state)->backend);
}

/* ---- T3: objects freed while others schedule ---- */

/* T3: the context is freed: nothing happens, the immediate stays idle. */
static void test_threaded_schedule__context_freed__does_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	TALLOC_FREE(f->ev);
	schedule_from_thread(tctx, im, note_name, "never");
	assert_idle(f, im);
	assert_int_equal(talloc_free(im), 0);
}

/* T3: the context is freed: no check either, neither of the handler nor of the immediate. */
static void test_threaded_schedule__context_freed__checks_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_context *ev = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	TALLOC_FREE(f->ev);
	tevent_schedule_immediate(im, ev, note_name, (void *)(uintptr_t) "run");
	schedule_from_thread(tctx, im, note_name, "never");
	schedule_from_thread(tctx, im, NULL, NULL);
	settle(ev, 10);
	assert_notes("run");
	talloc_free(ev);
}

/* T3, C8: a threaded context may be freed after its context, and before it. */
static void test_threaded_free__context_freed_first__is_harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *before = threaded(f);
	struct tevent_threaded_context *after = threaded(f);

	assert_int_equal(talloc_free(before), 0);
	TALLOC_FREE(f->ev);
	assert_int_equal(talloc_free(after), 0);
}

#define MANY 400

struct stream {
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *ims[MANY];
	bool *done;
	sem_t started;
	int ran;
};

static void count_run(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct stream *stream = private_data;

	stream->ran++;
	if (stream->done != NULL && stream->ran == MANY) {
		*stream->done = true;
	}
}

static void *schedule_stream(void *arg)
{
	struct stream *stream = arg;

	for (int i = 0; i < MANY; i++) {
		tevent_threaded_schedule_immediate(stream->tctx, stream->ims[i], count_run, stream);
		if (i == MANY / 4) {
			sem_post(&stream->started);
		}
	}
	return NULL;
}

static void create_stream(struct stream *stream, TALLOC_CTX *mem, struct tevent_context *ev)
{
	*stream = (struct stream){.tctx = tevent_threaded_context_create(mem, ev)};
	assert_non_null(stream->tctx);
	assert_int_equal(sem_init(&stream->started, 0, 0), 0);
	for (int i = 0; i < MANY; i++) {
		stream->ims[i] = tevent_create_immediate(mem);
	}
}

/* T3: the context is freed in the middle of another thread's stream: all immediates end up idle. */
static void test_threaded_stream__context_freed_meanwhile__all_are_idle(void **state)
{
	struct fixture *f = fixture_of(state);
	struct stream stream;
	pthread_t thread;

	DEVIATION("D11", "an immediate on its way when the context is freed becomes idle");
	create_stream(&stream, f->mem, f->ev);
	assert_int_equal(pthread_create(&thread, NULL, schedule_stream, &stream), 0);
	while (sem_wait(&stream.started) == -1) {
	}
	TALLOC_FREE(f->ev);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(talloc_free(stream.ims[i]), 0);
	}
	assert_int_equal(stream.ran, 0);
	sem_destroy(&stream.started);
}

static void free_tctx(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct waiter *waiter = private_data;

	TALLOC_FREE(waiter->call.tctx);
	waiter->told = true;
}

static void *last_call(void *arg)
{
	struct waiter *waiter = arg;

	tevent_threaded_schedule_immediate(waiter->call.tctx, waiter->call.im, free_tctx, waiter);
	return NULL;
}

/* T3: the handler frees the threaded context while the other thread may still be inside the call. */
static void test_threaded_free__in_the_handler_of_the_last_call__is_safe(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	for (int i = 0; i < 100; i++) {
		struct waiter waiter = {.call = {.tctx = threaded(f), .im = im}};
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, last_call, &waiter), 0);
		assert_true(run_until(f->ev, &waiter.told));
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_null(waiter.call.tctx);
	}
}

/* T3: an immediate handed over before its threaded context was freed still runs. */
static void test_threaded_free__with_immediate_on_its_way__it_still_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_threaded_context *another = threaded(f);

	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "run");
	talloc_free(tctx);
	settle(f->ev, 10);
	assert_notes("run");
	talloc_free(another);
}

/* T3: the same for the context's only threaded context. */
static void test_threaded_free__the_only_one__what_is_on_its_way_still_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);

	DEVIATION("D11", "runs only while there is another threaded context");
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "run");
	talloc_free(tctx);
	settle(f->ev, 10);
	assert_notes("run");
}

/* T3: an immediate on its way when the context is freed becomes idle. */
static void test_threaded_immediate__context_freed__becomes_idle(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D11", "stays on its way for ever there");
	schedule_from_thread(threaded(f), im, note_name, "never");
	TALLOC_FREE(f->ev);
	assert_idle(f, im);
	assert_int_equal(talloc_free(im), 0);
}

/* T3, C8, C10: re-initialising makes the immediate idle and leaves the threaded context without a context. */
static void test_threaded_immediate__context_re_initialised__becomes_idle(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D11", "stays on its way for ever there");
	schedule_from_thread(tctx, im, note_name, "never");
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	schedule_from_thread(tctx, im, note_name, "gone");
	settle(f->ev, 10);
	assert_notes("");
	assert_idle(f, im);
}

static bool allow_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      const char *location)
{
	return true;
}

static void no_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		   const char *location)
{
}

static void no_fd(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		  struct tevent_fd *fde, uint16_t flags, const char *handler_name, const char *location)
{
}

static void no_timer(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		     struct tevent_timer *te, struct timeval requested_time, struct timeval trigger_time,
		     const char *handler_name, const char *location)
{
}

static void no_immediate(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			 struct tevent_immediate *im, const char *handler_name, const char *location)
{
}

static void no_signal(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      struct tevent_signal *se, int signum, int count, void *siginfo, const char *handler_name,
		      const char *location)
{
}

static const struct tevent_wrapper_ops no_ops = {
	.name = "plain",
	.before_use = allow_use,
	.after_use = no_use,
	.before_fd_handler = no_fd,
	.after_fd_handler = no_fd,
	.before_timer_handler = no_timer,
	.after_timer_handler = no_timer,
	.before_immediate_handler = no_immediate,
	.after_immediate_handler = no_immediate,
	.before_signal_handler = no_signal,
	.after_signal_handler = no_signal,
};

static void note_any_trace(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	note("trace:%d", (int)point);
}

/* T3: freeing the wrapper that the immediate is on its way to makes it idle too. */
static void test_threaded_immediate__wrapper_freed__becomes_idle(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_threaded_context *tctx;
	struct tevent_context *wrapper;
	char *wrapper_state = NULL;

	DEVIATION("D11", "undefined there (D5)");
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &no_ops, &wrapper_state, char);
	tctx = tevent_threaded_context_create(f->mem, wrapper);
	assert_non_null(tctx);
	schedule_from_thread(tctx, im, note_name, "never");
	tevent_set_trace_immediate_callback(f->ev, note_any_trace, NULL);
	talloc_free(wrapper);
	tevent_set_trace_immediate_callback(f->ev, NULL, NULL);
	schedule_from_thread(tctx, im, note_name, "gone");
	settle(f->ev, 10);
	assert_notes("");
	assert_idle(f, im);
}

/* ---- T4: one list, no lost wake-up ---- */

/* T4, C11: immediates handed over join the end of the list at the next turn. */
static void test_threaded_schedule__among_the_loops_own__one_list_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);

	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, note_name, (void *)(uintptr_t) "own1");
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "threaded1");
	turns(f->ev, 1);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, note_name, (void *)(uintptr_t) "own2");
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "threaded2");
	turns(f->ev, 1);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, note_name, (void *)(uintptr_t) "own3");
	turns(f->ev, 3);
	assert_notes("own1 threaded1 own2 threaded2 own3");
}

static int rounds_left;

static void own_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("own");
	if (--rounds_left > 0) {
		tevent_schedule_immediate(im, ev, own_again, NULL);
	}
}

/* T4: an immediate that reschedules itself for ever doesn't starve a threaded one. */
static void test_threaded_schedule__own_stream__does_not_starve_it(void **state)
{
	struct fixture *f = fixture_of(state);

	rounds_left = 4;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, own_again, NULL);
	turns(f->ev, 1);
	schedule_from_thread(threaded(f), tevent_create_immediate(f->mem), note_name, "threaded");
	turns(f->ev, 4);
	assert_notes("own own threaded own own");
}

struct pair {
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *ims[2];
};

/* Each round's handler hands the other of the two immediates over. */
static void threaded_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct pair *pair = private_data;

	note("threaded");
	if (--rounds_left > 0) {
		tevent_threaded_schedule_immediate(pair->tctx, im == pair->ims[0] ? pair->ims[1] : pair->ims[0],
						   threaded_again, pair);
	}
}

static void start_pair(struct fixture *f, struct pair *pair, int rounds)
{
	*pair = (struct pair){threaded(f), {tevent_create_immediate(f->mem), tevent_create_immediate(f->mem)}};
	rounds_left = rounds;
	tevent_threaded_schedule_immediate(pair->tctx, pair->ims[0], threaded_again, pair);
}

/* T4: a stream of threaded immediates doesn't starve the loop's own. */
static void test_threaded_schedule__threaded_stream__does_not_starve_own(void **state)
{
	struct fixture *f = fixture_of(state);
	struct pair pair;

	start_pair(f, &pair, 4);
	turns(f->ev, 1);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, note_name, (void *)(uintptr_t) "own");
	turns(f->ev, 4);
	assert_notes("threaded own threaded threaded threaded");
}

/* T4, C11: while the stream lasts, due timers and ready fds wait. */
static void test_threaded_schedule__threaded_stream__keeps_timers_and_fds_waiting(void **state)
{
	struct fixture *f = fixture_of(state);
	struct pair pair;
	int fds[2];

	socket_pair(fds);
	write_byte(fds[1]);
	assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), note_timer, NULL));
	assert_non_null(tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, note_fd, NULL));
	start_pair(f, &pair, 5);
	for (int i = 0; i < 20 && strstr(notes(), "fd") == NULL; i++) {
		turns(f->ev, 1);
	}
	assert_notes("threaded threaded threaded threaded threaded timer fd");
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* C16: an immediate on its way, or a threaded context, doesn't keep the loop alive. */
static void test_threaded_context__nothing_else__does_not_keep_loop_wait_alive(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	schedule_from_thread(threaded(f), im, note_name, "run");
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("");
	settle(f->ev, 10);
	assert_notes("run");
}

#define PRODUCERS 3

struct numbered {
	int producer;
	int number;
};

static struct {
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *ims[PRODUCERS][MANY];
	struct numbered numbers[PRODUCERS][MANY];
	int next[PRODUCERS];
	int ran;
	int out_of_order;
	bool all;
} burst;

static void count_burst(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct numbered *n = private_data;

	burst.out_of_order += n->number != burst.next[n->producer];
	burst.next[n->producer] = n->number + 1;
	burst.all = ++burst.ran == PRODUCERS * MANY;
}

static void *produce(void *arg)
{
	int producer = (int)(intptr_t)arg;

	for (int i = 0; i < MANY; i++) {
		tevent_threaded_schedule_immediate(burst.tctx, burst.ims[producer][i], count_burst,
						   &burst.numbers[producer][i]);
	}
	return NULL;
}

/* T4, T7: a burst from several threads ends with all handlers run, each thread's in its order. */
static void test_threaded_schedule__burst_from_several_threads__all_run_in_order(void **state)
{
	struct fixture *f = fixture_of(state);
	pthread_t threads[PRODUCERS];

	memset(&burst, 0, sizeof(burst));
	burst.tctx = threaded(f);
	for (int p = 0; p < PRODUCERS; p++) {
		for (int i = 0; i < MANY; i++) {
			burst.ims[p][i] = tevent_create_immediate(f->mem);
			burst.numbers[p][i] = (struct numbered){p, i};
		}
	}
	for (int p = 0; p < PRODUCERS; p++) {
		assert_int_equal(pthread_create(&threads[p], NULL, produce, (void *)(intptr_t)p), 0);
	}
	assert_true(run_until(f->ev, &burst.all));
	for (int p = 0; p < PRODUCERS; p++) {
		assert_int_equal(pthread_join(threads[p], NULL), 0);
	}
	assert_int_equal(burst.out_of_order, 0);
	settle(f->ev, 10);
	assert_int_equal(burst.ran, PRODUCERS * MANY);
}

struct ping_pong {
	struct pair pair;
	sem_t ran;
	int rounds;
	bool done;
};

static void pong(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct ping_pong *pp = private_data;

	pp->done = ++pp->rounds == MANY;
	sem_post(&pp->ran);
}

/* Two immediates in turn: while a handler reports that it runs, its own immediate is not idle yet. */
static void *ping(void *arg)
{
	struct ping_pong *pp = arg;

	for (int i = 0; i < MANY; i++) {
		tevent_threaded_schedule_immediate(pp->pair.tctx, pp->pair.ims[i % 2], pong, pp);
		while (sem_wait(&pp->ran) == -1) {
		}
	}
	return NULL;
}

/* T4: one at a time, each arriving about when the loop falls asleep: none is lost. */
static void test_threaded_schedule__one_at_a_time__no_wakeup_is_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	struct ping_pong pp = {
		.pair = {threaded(f), {tevent_create_immediate(f->mem), tevent_create_immediate(f->mem)}},
	};
	pthread_t thread;

	assert_int_equal(sem_init(&pp.ran, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, ping, &pp), 0);
	assert_true(run_until(f->ev, &pp.done));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pp.rounds, MANY);
	sem_destroy(&pp.ran);
}

/* T4: after a burst the loop comes to rest: the wake-up descriptor doesn't stay ready. */
static void test_threaded_schedule__after_a_burst__the_loop_rests(void **state)
{
	struct fixture *f = fixture_of(state);
	struct stream stream;
	bool done = false;

	create_stream(&stream, f->mem, f->ev);
	stream.done = &done;
	run_in_thread(schedule_stream, &stream);
	assert_true(run_until(f->ev, &done));
	assert_in_range(settle(f->ev, 20), 1, 3);
	sem_destroy(&stream.started);
}

/* ---- T6: the exported helpers ---- */

/* T6: 0, and 0 again without a second descriptor. */
static void test_wakeup_init__twice__is_0_with_one_descriptor(void **state)
{
	struct fixture *f = fixture_of(state);
	int before;

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	before = count_open_fds();
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_int_equal(count_open_fds(), before);
}

static void wakeup_init_without_descriptors(void *arg)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, arg);
	struct rlimit limit = {0, 0};

	child_assert(ev != NULL);
	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next_fd();
	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	child_assert(tevent_common_wakeup_init(ev) == EMFILE);
	child_assert(tevent_common_wakeup(ev) == ENOTCONN);
}

/* T6: an errno value when it can't be made. */
static void test_wakeup_init__no_descriptor_left__is_emfile(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_child_succeeds(wakeup_init_without_descriptors, (void *)(uintptr_t)f->backend);
}

/* T6: ENOTCONN before init (poll_mt is initialised from the start, C27). */
static void test_wakeup__before_init__is_enotconn(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_wakeup(f->ev), ENOTCONN);
}

/* C27, T6: poll_mt can be woken from the start. */
static void test_wakeup__poll_mt__works_without_init(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_wakeup(f->ev), 0);
}

/* T6: 0, however often, and the loop doesn't wait then; after that it rests. */
static void test_wakeup__several__end_one_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	bool expired = false;

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tevent_common_wakeup(f->ev), 0);
	}
	tevent_add_timer(f->ev, f->mem, in_ms(10000), set_true, &expired);
	turns(f->ev, 1);
	assert_false(expired);
	assert_in_range(settle(f->ev, 20), 1, 3);
}

static void *wake(void *arg)
{
	tevent_common_wakeup(arg);
	return NULL;
}

struct wake_state {
	struct tevent_context *ev;
	pthread_t thread;
	bool started;
};

static void wake_from_thread(enum tevent_trace_point point, void *private_data)
{
	struct wake_state *w = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && !w->started) {
		w->started = pthread_create(&w->thread, NULL, wake, w->ev) == 0;
	}
}

/* T6: another thread's wake-up ends a wait. */
static void test_wakeup__from_another_thread__ends_the_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	struct wake_state w = {.ev = f->ev};
	bool expired = false;

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	tevent_add_timer(f->ev, f->mem, in_ms(10000), set_true, &expired);
	tevent_set_trace_callback(f->ev, wake_from_thread, &w);
	turns(f->ev, 1);
	assert_true(w.started);
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_false(expired);
}

/* T6, C10: re-initialising removes the wake-up as well. */
static void test_wakeup__re_initialised__is_enotconn(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_int_equal(tevent_common_wakeup(f->ev), ENOTCONN);
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_int_equal(tevent_common_wakeup(f->ev), 0);
}

/* T6: makes an eventfd readable; returns 0 also for a descriptor that can't be written. */
static void test_wakeup_fd__any_descriptor__is_0(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	assert_int_equal(tevent_common_wakeup_fd(fd), 0);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(tevent_common_wakeup_fd(-1), 0);
	close_fd(&fd);
}

/* T6: the wake-up doesn't count as an event (C16), and its flags change nothing. */
static void test_have_events__wakeup_alone__is_false(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_common_wakeup(f->ev), 0);
	assert_false(tevent_common_have_events(f->ev));
}

/* T6, C11: activating moves the immediates on their way to the list, in order, and runs none. */
static void test_threaded_activate__two_on_their_way__both_join_the_list(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);

	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "a");
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "b");
	assert_false(tevent_common_loop_immediate(f->ev));
	tevent_common_threaded_activate_immediate(f->ev);
	assert_notes("");
	assert_true(tevent_common_have_events(f->ev));
	assert_true(tevent_common_loop_immediate(f->ev));
	assert_true(tevent_common_loop_immediate(f->ev));
	assert_false(tevent_common_loop_immediate(f->ev));
	assert_notes("a b");
}

/* T6: with nothing on its way it does nothing. */
static void test_threaded_activate__nothing_on_its_way__does_nothing(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_common_threaded_activate_immediate(f->ev);
	threaded(f);
	tevent_common_threaded_activate_immediate(f->ev);
	assert_false(tevent_common_have_events(f->ev));
}

/* T6: the wake-up is close-on-exec and non-blocking. */
static void test_wakeup__descriptor__is_cloexec_and_nonblocking(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = next_fd();

	DEVIATION("D10", "inherited by exec there");
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_true(nonblocking_and_cloexec(fd));
}

/* ---- T9: memory ---- */

/* T9: the call allocates nothing in the destination's tree and moves nothing in it. */
static void test_threaded_schedule__from_another_thread__leaves_the_trees_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	size_t blocks = talloc_total_blocks(f->mem);
	size_t size = talloc_total_size(f->mem);

	schedule_from_thread(tctx, im, note_name, "run");
	assert_ptr_equal(talloc_parent(im), f->mem);
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
	assert_int_equal(talloc_total_size(f->mem), size);
	settle(f->ev, 10);
	assert_notes("run");
}

/* T9: an immediate of the calling thread's own tree stays there, before and after it ran. */
static void test_threaded_schedule__immediate_of_another_tree__stays_in_it(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *theirs = talloc_named_const(NULL, 0, "theirs");
	struct tevent_immediate *im = tevent_create_immediate(theirs);

	schedule_from_thread(threaded(f), im, note_name, "run");
	assert_ptr_equal(talloc_parent(im), theirs);
	settle(f->ev, 10);
	assert_notes("run");
	assert_ptr_equal(talloc_parent(im), theirs);
	assert_int_equal(talloc_free(theirs), 0);
}

static void churn(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct stream *stream = private_data;

	for (int i = 0; i < 20; i++) {
		talloc_free(talloc_named_const(stream->tctx, 16, "churn"));
		talloc_free(talloc_named_const(ev, 16, "churn"));
	}
	if (!*stream->done) {
		tevent_schedule_immediate(im, ev, churn, stream);
	}
}

/* T9: the loop's thread changes its trees while another one schedules: no other thread touches them. */
static void test_threaded_schedule__trees_change_meanwhile__nobody_collides(void **state)
{
	struct fixture *f = fixture_of(state);
	struct stream stream;
	bool done = false;
	pthread_t thread;

	create_stream(&stream, f->mem, f->ev);
	stream.done = &done;
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, churn, &stream);
	assert_int_equal(pthread_create(&thread, NULL, schedule_stream, &stream), 0);
	assert_true(run_until(f->ev, &done));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(stream.ran, MANY);
	sem_destroy(&stream.started);
}

/* ---- T10: traces, fork ---- */

static void trace_im(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"attach", "detach", "before"};

	note("%s%s", names[point], pthread_equal(pthread_self(), main_thread) ? "" : "-elsewhere");
}

/* T10: ATTACH when it joins the list, in the loop's thread; then as any other. */
static void test_threaded_trace__from_another_thread__all_in_the_loops_thread(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D7", "one DETACH too many, before the ATTACH");
	tevent_set_trace_immediate_callback(f->ev, trace_im, NULL);
	schedule_from_thread(threaded(f), tevent_create_immediate(f->mem), note_name, "run");
	assert_notes("");
	tevent_common_threaded_activate_immediate(f->ev);
	assert_notes("attach");
	turns(f->ev, 1);
	assert_notes("attach before run detach");
}

/* T10, O4: an immediate that never joined the list is not traced. */
static void test_threaded_trace__context_freed_before_it_joined__is_not_traced(void **state)
{
	struct fixture *f = fixture_of(state);

	DEVIATION("D11", "stays on its way for ever there");
	tevent_set_trace_immediate_callback(f->ev, trace_im, NULL);
	schedule_from_thread(threaded(f), tevent_create_immediate(f->mem), note_name, "run");
	TALLOC_FREE(f->ev);
	assert_notes("");
}

static void note_tag(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%d", (int)tevent_immediate_get_tag(im));
}

/* I7: the tag survives being scheduled by another thread. */
static void test_threaded_schedule__tagged__keeps_the_tag(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	DEVIATION("D8", "the tag is 0 there");
	tevent_immediate_set_tag(im, 7);
	schedule_from_thread(threaded(f), im, note_tag, NULL);
	settle(f->ev, 10);
	assert_notes("7");
}

struct inherited {
	struct tevent_context *ev;
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
};

static void schedule_in_child(void *arg)
{
	struct inherited *in = arg;

	tevent_threaded_schedule_immediate(in->tctx, in->im, NULL, NULL);
	tevent_threaded_schedule_immediate(in->tctx, in->im, note_name, (void *)(uintptr_t) "never");
	settle(in->ev, 10);
	child_assert(strcmp(notes(), "") == 0);
	tevent_schedule_immediate(in->im, in->ev, note_name, (void *)(uintptr_t) "own");
	settle(in->ev, 10);
	child_assert(strcmp(notes(), "own") == 0);
	child_assert(talloc_free(in->im) == 0);
	child_assert(talloc_free(in->tctx) == 0);
	child_assert(talloc_free(in->ev) == 0);
}

/* T10, C23: in a child the call acts as if the context had been freed: nothing happens, nothing is checked. */
static void test_threaded_schedule__in_a_forked_child__does_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited in = {f->ev, threaded(f), tevent_create_immediate(f->mem)};

	assert_child_succeeds(schedule_in_child, &in);
	schedule_from_thread(in.tctx, in.im, note_name, "parent");
	settle(f->ev, 10);
	assert_notes("parent");
}

static void renew_in_child(void *arg)
{
	struct inherited *in = arg;
	struct tevent_threaded_context *tctx;

	child_assert(tevent_re_initialise(in->ev) == 0);
	tctx = tevent_threaded_context_create(in->ev, in->ev);
	child_assert(tctx != NULL);
	tevent_threaded_schedule_immediate(tctx, in->im, note_name, (void *)(uintptr_t) "child");
	settle(in->ev, 10);
	child_assert(strcmp(notes(), "child") == 0);
}

/* T10: a child can create and use its own threaded context. */
static void test_threaded_create__in_a_forked_child__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited in = {f->ev, threaded(f), tevent_create_immediate(f->mem)};

	assert_child_succeeds(renew_in_child, &in);
}

struct lonely {
	struct stream stream;
	struct inherited in;
};

/* A child, forked while another thread was somewhere in the library. */
static void use_in_child(void *arg)
{
	struct lonely *l = arg;

	tevent_threaded_schedule_immediate(l->in.tctx, l->in.im, note_name, (void *)(uintptr_t) "never");
	child_assert(tevent_re_initialise(l->in.ev) == 0);
	tevent_schedule_immediate(l->in.im, l->in.ev, note_name, (void *)(uintptr_t) "own");
	child_assert(tevent_loop_once(l->in.ev) == 0);
	child_assert(strcmp(notes(), "own") == 0);
}

/* C23: fork() while another thread is inside the library: nothing stays locked in the child. */
static void test_threaded_fork__other_thread_schedules__child_is_not_locked(void **state)
{
	struct fixture *f = fixture_of(state);
	struct lonely l;
	bool done = false;
	int failed = 0;
	pthread_t thread;

	create_stream(&l.stream, f->mem, f->ev);
	l.stream.done = &done;
	l.in = (struct inherited){f->ev, threaded(f), tevent_create_immediate(f->mem)};
	assert_int_equal(pthread_create(&thread, NULL, schedule_stream, &l.stream), 0);
	for (int i = 0; i < 5; i++) {
		failed += status_of_child(use_in_child, &l) != 0;
	}
	assert_true(run_until(f->ev, &done));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(failed, 0);
	sem_destroy(&l.stream.started);
}

/* poll_mt has its wake-up descriptor from the start, the others from the first use on (C27). */
#define TEST_EACH_LAZY_BACKEND(fn) TEST_ON(fn, standard), TEST_ON(fn, epoll), TEST_ON(fn, poll)

/* T3, D11: freeing a wrapper does not touch immediates on their way to other contexts of the same loop. */
static void test_threaded_immediate__wrapper_freed__the_main_contexts_still_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *lost = tevent_create_immediate(f->mem);
	struct tevent_threaded_context *tctx = threaded(f), *wrapper_tctx;
	struct tevent_context *wrapper;
	char *wrapper_state = NULL;

	DEVIATION("D11", "undefined there (D5)");
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &no_ops, &wrapper_state, char);
	wrapper_tctx = tevent_threaded_context_create(f->mem, wrapper);
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "a");
	schedule_from_thread(wrapper_tctx, lost, note_name, "never");
	schedule_from_thread(tctx, tevent_create_immediate(f->mem), note_name, "b");
	talloc_free(wrapper);
	settle(f->ev, 10);
	assert_notes("a b");
	assert_idle(f, lost);
}

/* T3, W5: the main context is freed: scheduling through a threaded context of the wrapper does nothing. */
static void test_threaded_schedule__main_context_of_the_wrapper_freed__does_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_threaded_context *tctx;
	struct tevent_context *wrapper;
	char *wrapper_state = NULL;

	DEVIATION("D5", "undefined there");
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &no_ops, &wrapper_state, char);
	tctx = tevent_threaded_context_create(f->mem, wrapper);
	TALLOC_FREE(f->ev);
	schedule_from_thread(tctx, im, note_name, "never");
	assert_idle(f, im);
	talloc_free(tctx);
}

static void reset_and_schedule_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	tevent_reset_immediate(im);
	schedule_again(ev, im, private_data);
}

static void misuse_reset_in_own_handler(void *arg)
{
	struct misuse m = start_misuse(arg);

	tevent_schedule_immediate(m.im, m.ev, reset_and_schedule_again, m.tctx);
	tevent_loop_once(m.ev);
}

/* T1: also if it was reset inside its handler. */
static void test_threaded_schedule__reset_in_its_own_handler__aborts(void **state)
{
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	assert_child_aborts(misuse_reset_in_own_handler, (void *)(uintptr_t)fixture_of(state)->backend);
}

static void uses_nothing(void *arg)
{
}

/* C23, T10: a threaded context whose context is freed does not disturb a fork. */
static void test_threaded_fork__context_gone__child_and_parent_go_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = threaded(f);

	TALLOC_FREE(f->ev);
	assert_child_succeeds(uses_nothing, NULL);
	talloc_free(tctx);
}

/* ---- between the last look and the wait ---- */

/* Called once, in the last system call before the wait: simulates another thread or a signal at that moment. */
static void (*_Atomic before_wait)(void *arg);
static void *before_wait_arg;

static void have_it_happen(void)
{
	void (*what)(void *arg) = atomic_exchange(&before_wait, NULL);

	if (what != NULL) {
		what(before_wait_arg);
	}
}

/* Replaces the C library's function: new events are passed to an instance right before the wait. */
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	have_it_happen();
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

/* Likewise: poll has no other call before the wait, so there it happens after the last check. */
int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	have_it_happen();
	return (int)syscall(SYS_poll, fds, count, timeout);
}

static void schedule_im(void *arg)
{
	struct misuse *m = arg;

	tevent_threaded_schedule_immediate(m->tctx, m->im, note_name, (void *)(uintptr_t) "im");
}

static void raise_usr1(void *arg)
{
	raise(SIGUSR1);
}

static void note_usr1(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("signal");
}

/* The next turn has a change to pass to the kernel before it waits; `what` happens then. */
static void meanwhile(struct fixture *f, int fds[2], void (*what)(void *arg), void *arg)
{
	DEVIATION("D1", "0.14.1 passes new events to the kernel at once");
	pipe_pair(fds);
	assert_non_null(tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, note_fd, NULL));
	before_wait = what;
	before_wait_arg = arg;
}

/* T4: handed over after the loop emptied its inbox and before it sleeps: it does not sleep. */
static void test_threaded_schedule__between_the_look_and_the_wait__ends_the_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct misuse m = {f->ev, threaded(f), tevent_create_immediate(f->mem)};
	bool expired = false;
	int fds[2];

	meanwhile(f, fds, schedule_im, &m);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(20000), set_true, &expired));
	turns(f->ev, 2);
	assert_notes("im");
	assert_false(expired);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

static void signal_meanwhile(struct fixture *f, int most_turns)
{
	bool expired = false;
	int fds[2];

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_usr1, NULL));
	meanwhile(f, fds, raise_usr1, NULL);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(20000), set_true, &expired));
	for (int i = 0; i < most_turns && *notes() == '\0'; i++) {
		turns(f->ev, 1);
	}
	assert_notes("signal");
	assert_false(expired);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* S8: a signal at that moment ends the wait; the wake-up may take a turn of its own. */
static void test_signal__between_the_look_and_the_wait__ends_the_wait(void **state)
{
	signal_meanwhile(fixture_of(state), 2);
}

/* C11: signals are checked once more right before the wait. */
static void test_signal__between_the_look_and_the_wait__is_told_in_this_turn(void **state)
{
	signal_meanwhile(fixture_of(state), 1);
}

/* T4: a busy loop always checks again: no write is needed, even after it had been about to sleep. */
static void test_threaded_schedule__loop_is_busy__nothing_is_written(void **state)
{
	struct fixture *f = fixture_of(state);
	struct misuse m = {f->ev, threaded(f), tevent_create_immediate(f->mem)};
	struct tevent_immediate *second = tevent_create_immediate(f->mem);
	int fds[2];

	meanwhile(f, fds, schedule_im, &m);
	turns(f->ev, 1); /* was about to sleep */
	tevent_threaded_schedule_immediate(m.tctx, second, note_name, (void *)(uintptr_t) "second");
	turns(f->ev, 2);
	assert_notes("im second");
	schedule_im(&m);
	turns(f->ev, 1);
	assert_notes("im second im");
	assert_int_equal(eventfd_counts(), 0);
	assert_int_equal(tevent_common_wakeup(f->ev), 0);
	assert_int_equal(eventfd_counts(), 1); /* it would have shown */
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* T6: a descriptor that is full is a wake-up already. */
static void test_wakeup_fd__full__nothing_to_do(void **state)
{
	int fds[2];

	pipe_pair(fds);
	fill(fds[1]);
	assert_int_equal(tevent_common_wakeup_fd(fds[1]), 0);
	drain(fds[0]);
	assert_int_equal(tevent_common_wakeup_fd(fds[1]), 0);
	assert_int_equal(read(fds[0], &(uint64_t){0}, sizeof(uint64_t)), sizeof(uint64_t));
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* ---- a backend that waits in its own way ---- */

struct tevent_fd *tevent_common_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location);
int tevent_common_invoke_fd_handler(struct tevent_fd *fde, uint16_t flags, bool *removed);

static struct {
	struct tevent_fd *fde; /* the descriptor that it watches: the wake-up */
	int fd;
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
} own;

static int own_init(struct tevent_context *ev)
{
	return 0;
}

static struct tevent_fd *own_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				    tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				    const char *location)
{
	own.fd = fd;
	own.fde = tevent_common_add_fd(ev, mem_ctx, fd, flags, handler, private_data, handler_name, location);
	return own.fde;
}

static void note_own(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("im");
}

static void *schedule_own(void *arg)
{
	tevent_threaded_schedule_immediate(own.tctx, own.im, note_own, NULL);
	return NULL;
}

/* The immediate comes between the check of the inbox and the wait. */
static int own_loop_once(struct tevent_context *ev, const char *location)
{
	struct pollfd p = {.fd = own.fd, .events = POLLIN};
	pthread_t thread;

	tevent_common_threaded_activate_immediate(ev);
	if (tevent_common_loop_immediate(ev)) {
		return 0;
	}
	if (pthread_create(&thread, NULL, schedule_own, NULL) != 0 || pthread_join(thread, NULL) != 0) {
		return -1;
	}
	if (poll(&p, 1, 0) == 1) {
		note("woken");
		tevent_common_invoke_fd_handler(own.fde, TEVENT_FD_READ, NULL);
		if (poll(&p, 1, 0) == 1) {
			note("not-emptied");
		}
	}
	return 0;
}

static struct tevent_context *context_with_its_own_wait(struct fixture *f)
{
	static struct tevent_ops ops;
	struct tevent_context *ev;

	ops = *tevent_find_ops_byname("poll");
	ops.context_init = own_init;
	ops.add_fd = own_add_fd;
	ops.loop_once = own_loop_once;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_non_null(ev);
	own.tctx = tevent_threaded_context_create(ev, ev);
	assert_non_null(own.tctx);
	own.im = tevent_create_immediate(f->mem);
	return ev;
}

/* T1, T4: a table with its own wait is woken each time through the fd passed to it. */
static void test_threaded_schedule__backend_with_its_own_wait__is_woken(void **state)
{
	struct tevent_context *ev = context_with_its_own_wait(fixture_of(state));

	turns(ev, 4);
	assert_notes("woken im woken im");
	talloc_free(ev);
}

static void own_turns_in_child(void *arg)
{
	struct tevent_context *ev = arg;

	talloc_free(own.tctx);
	own.tctx = tevent_threaded_context_create(ev, ev);
	child_assert(own.tctx != NULL);
	clear_notes();
	for (int i = 0; i < 4; i++) {
		child_assert(tevent_loop_once(ev) == 0);
	}
	child_assert(strcmp(notes(), "woken im woken im") == 0);
}

/* T4, C23: so is a forked child, by its own threads */
static void test_threaded_schedule__child_of_a_backend_with_its_own_wait__is_woken(void **state)
{
	struct tevent_context *ev = context_with_its_own_wait(fixture_of(state));

	assert_child_succeeds(own_turns_in_child, ev);
	turns(ev, 4);
	assert_notes("woken im woken im");
	talloc_free(ev);
}

static struct rlimit limit_at_the_fork;

static void own_turns_in_child_with_descriptors_again(void *arg)
{
	child_assert(setrlimit(RLIMIT_NOFILE, &limit_at_the_fork) == 0);
	own_turns_in_child(arg);
}

/* T4, C21: so is one for which there was no descriptor at the fork, from its first threaded context on. */
static void test_threaded_schedule__own_wait_and_no_descriptor_at_the_fork__is_woken(void **state)
{
	struct tevent_context *ev = context_with_its_own_wait(fixture_of(state));
	struct rlimit none;
	int status;

	DEVIATION("D10", "the wake-up is shared with the parent");
	getrlimit(RLIMIT_NOFILE, &limit_at_the_fork);
	none = limit_at_the_fork;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	status = status_of_child(own_turns_in_child_with_descriptors_again, ev);
	setrlimit(RLIMIT_NOFILE, &limit_at_the_fork);
	assert_int_equal(status, 0);
	talloc_free(ev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threaded_create__mem_ctx__is_its_named_child),
		TEST(test_threaded_create__null_mem_ctx__has_no_parent),
		TEST_EACH_LAZY_BACKEND(test_threaded_create__no_descriptor_left__is_null_with_emfile),
		TEST_EACH_BACKEND(test_threaded_create__several__share_one_descriptor),
		TEST_EACH_BACKEND(test_schedule__thread_is_being_cancelled__goes_through),
		TEST_EACH_BACKEND(test_threaded_schedule__from_another_thread__runs_in_the_loops_thread),
		TEST(test_threaded_schedule__handler__gets_its_arguments),
		TEST_EACH_BACKEND(test_threaded_schedule__from_the_loops_thread__runs),
		TEST_EACH_BACKEND(test_threaded_schedule__two_threads_in_turn__keep_the_order),
		TEST_EACH_BACKEND(test_threaded_schedule__again_after_it_ran__runs_again),
		TEST(test_threaded_schedule__freed_after_it_joined__does_not_run),
		TEST_EACH_BACKEND(test_threaded_schedule__loop_waits__wakes_it),
		TEST(test_threaded_schedule__null_handler__aborts),
		TEST(test_threaded_schedule__scheduled_already__aborts),
		TEST(test_threaded_schedule__on_its_way__aborts),
		TEST(test_threaded_schedule__in_its_own_handler__aborts),
		TEST(test_threaded_schedule__freed_in_its_own_handler__aborts),
		TEST(test_threaded_immediate__freed_on_its_way__aborts),
		TEST(test_threaded_immediate__scheduled_or_reset_on_its_way__aborts),
		TEST_EACH_BACKEND(test_threaded_schedule__context_freed__does_nothing),
		TEST(test_threaded_schedule__context_freed__checks_nothing),
		TEST_EACH_BACKEND(test_threaded_free__context_freed_first__is_harmless),
		TEST_EACH_BACKEND(test_threaded_stream__context_freed_meanwhile__all_are_idle),
		TEST_EACH_BACKEND(test_threaded_free__in_the_handler_of_the_last_call__is_safe),
		TEST_EACH_BACKEND(test_threaded_free__with_immediate_on_its_way__it_still_runs),
		TEST_EACH_BACKEND(test_threaded_free__the_only_one__what_is_on_its_way_still_runs),
		TEST_EACH_BACKEND(test_threaded_immediate__context_freed__becomes_idle),
		TEST_EACH_BACKEND(test_threaded_immediate__context_re_initialised__becomes_idle),
		TEST(test_threaded_immediate__wrapper_freed__becomes_idle),
		TEST_EACH_BACKEND(test_threaded_schedule__among_the_loops_own__one_list_in_order),
		TEST_EACH_BACKEND(test_threaded_schedule__own_stream__does_not_starve_it),
		TEST_EACH_BACKEND(test_threaded_schedule__threaded_stream__does_not_starve_own),
		TEST_EACH_BACKEND(test_threaded_schedule__threaded_stream__keeps_timers_and_fds_waiting),
		TEST_EACH_BACKEND(test_threaded_context__nothing_else__does_not_keep_loop_wait_alive),
		TEST_EACH_BACKEND(test_threaded_schedule__burst_from_several_threads__all_run_in_order),
		TEST_EACH_BACKEND(test_threaded_schedule__one_at_a_time__no_wakeup_is_lost),
		TEST_EACH_BACKEND(test_threaded_schedule__after_a_burst__the_loop_rests),
		TEST_EACH_BACKEND(test_wakeup_init__twice__is_0_with_one_descriptor),
		TEST_EACH_LAZY_BACKEND(test_wakeup_init__no_descriptor_left__is_emfile),
		TEST_EACH_LAZY_BACKEND(test_wakeup__before_init__is_enotconn),
		TEST_ON(test_wakeup__poll_mt__works_without_init, poll_mt),
		TEST_EACH_BACKEND(test_wakeup__several__end_one_wait),
		TEST_EACH_BACKEND(test_wakeup__from_another_thread__ends_the_wait),
		TEST_EACH_LAZY_BACKEND(test_wakeup__re_initialised__is_enotconn),
		TEST(test_wakeup_fd__any_descriptor__is_0),
		TEST_EACH_BACKEND(test_have_events__wakeup_alone__is_false),
		TEST_EACH_BACKEND(test_threaded_activate__two_on_their_way__both_join_the_list),
		TEST_EACH_BACKEND(test_threaded_activate__nothing_on_its_way__does_nothing),
		TEST_EACH_LAZY_BACKEND(test_wakeup__descriptor__is_cloexec_and_nonblocking),
		TEST(test_threaded_schedule__from_another_thread__leaves_the_trees_alone),
		TEST(test_threaded_schedule__immediate_of_another_tree__stays_in_it),
		TEST(test_threaded_schedule__trees_change_meanwhile__nobody_collides),
		TEST_EACH_BACKEND(test_threaded_trace__from_another_thread__all_in_the_loops_thread),
		TEST(test_threaded_trace__context_freed_before_it_joined__is_not_traced),
		TEST(test_threaded_schedule__tagged__keeps_the_tag),
		TEST_EACH_BACKEND(test_threaded_schedule__in_a_forked_child__does_nothing),
		TEST_EACH_BACKEND(test_threaded_create__in_a_forked_child__works),
		TEST_EACH_BACKEND(test_threaded_fork__other_thread_schedules__child_is_not_locked),
		TEST(test_threaded_schedule__backend_with_its_own_wait__is_woken),
		TEST(test_threaded_immediate__wrapper_freed__the_main_contexts_still_runs),
		TEST(test_threaded_schedule__main_context_of_the_wrapper_freed__does_nothing),
		TEST(test_threaded_schedule__reset_in_its_own_handler__aborts),
		TEST(test_threaded_fork__context_gone__child_and_parent_go_on),
		TEST(test_wakeup_fd__full__nothing_to_do),
		TEST_EACH_BACKEND(test_threaded_schedule__between_the_look_and_the_wait__ends_the_turn),
		TEST_EACH_BACKEND(test_signal__between_the_look_and_the_wait__ends_the_wait),
		TEST_ON(test_signal__between_the_look_and_the_wait__is_told_in_this_turn, standard),
		TEST_ON(test_signal__between_the_look_and_the_wait__is_told_in_this_turn, epoll),
		TEST_ON(test_threaded_schedule__loop_is_busy__nothing_is_written, standard),
		TEST_ON(test_threaded_schedule__loop_is_busy__nothing_is_written, epoll),
		TEST(test_threaded_schedule__child_of_a_backend_with_its_own_wait__is_woken),
		TEST(test_threaded_schedule__own_wait_and_no_descriptor_at_the_fork__is_woken),
	};

	return cmocka_run_group_tests_name("threaded", tests, threads_group_setup, NULL);
}
