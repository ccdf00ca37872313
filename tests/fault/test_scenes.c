/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Scenes with exact expectations: a context with one of each kind of event runs
 * to its end, once for every call that the library makes in it and every error
 * of that call (C5, C7, C10, C12, C20, C21, F1, F11, F12, S1, T1, T5, R1, Q1,
 * Q2).
 *
 * Each call of the scene either works or fails as documented, with the fault's
 * errno if the documentation promises one, and then works at the second try.
 * At the end every due event came exactly once, the context accepts and runs
 * one more of each kind, and freeing it leaves nothing.
 *
 * The children of the last scenes check the same on their side of a fork().
 */

#include "faults.h"
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int tevent_common_wakeup_init(struct tevent_context *ev);

enum { most_turns = 60 };

enum due { FIRST_FD, SECOND_FD, TIMER, IMMEDIATE, SIGNAL, THREADED, PROXY, FIRST_QUEUED, SECOND_QUEUED, DUES };

static const char *const due_names[DUES] = {"first fd", "second fd", "timer",        "immediate",    "signal",
					    "threaded", "proxy",     "first queued", "second queued"};

/* Shared with children, which abort at any point. */
struct heard {
	int messages[4];
	int came[DUES];
};

static struct heard *heard;
static unsigned injections[FAULT_CALLS];

struct plan {
	enum fault_call call;
	unsigned nth; /* 0: nothing fails */
	int error;
};

struct scene {
	const char *backend;
	const struct plan *plan;
	TALLOC_CTX *mem;
	struct tevent_context *ev;
	struct tevent_fd *fdes[2];
	int pipes[2][2];
	struct tevent_signal *se;
	struct tevent_threaded_context *tctx;
	struct tevent_thread_proxy *proxy;
	struct tevent_queue *queue;
};

/* ---- what is heard ---- */

static void hear(void *private_data, enum tevent_debug_level level, const char *fmt, va_list ap) PRINTF_ATTRIBUTE(3, 0);

static void hear(void *private_data, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	heard->messages[level]++;
}

static void fd_came(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	int *pair = private_data;

	drain(pair[0]);
	heard->came[(uintptr_t)tevent_fd_get_tag(fde)]++;
}

static void timer_came(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	heard->came[TIMER]++;
}

static void set_true(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	*(bool *)private_data = true;
}

static void immediate_came(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	heard->came[(uintptr_t)private_data]++;
}

static void proxy_came(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	heard->came[PROXY]++;
}

static void signal_came(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	heard->came[SIGNAL] += count;
}

static void first_triggered(struct tevent_req *req, void *private_data)
{
	heard->came[FIRST_QUEUED]++;
	talloc_free(req);
}

static void second_triggered(struct tevent_req *req, void *private_data)
{
	heard->came[SECOND_QUEUED]++;
	talloc_free(req);
}

/* ---- a call, and once more where the fault met it ---- */

static void *due_name(enum due due)
{
	return (void *)(uintptr_t)due;
}

/* NULL is right only if the fault hit this call; it must leave no chunk behind, and the next call works. */
#define MAKE(scene, variable, call, promised_errno)                                                                    \
	do {                                                                                                           \
		unsigned met_ = faults_met();                                                                          \
		size_t blocks_ = talloc_total_blocks(NULL);                                                            \
		errno = 0;                                                                                             \
		(variable) = (call);                                                                                   \
		if ((variable) == NULL) {                                                                              \
			int errno_ = errno;                                                                            \
			assert_int_equal(faults_met(), met_ + 1);                                                      \
			assert_int_equal(talloc_total_blocks(NULL), blocks_);                                          \
			assert_true(!(promised_errno) || errno_ == (scene)->plan->error);                              \
			(variable) = (call);                                                                           \
			assert_non_null(variable);                                                                     \
		}                                                                                                      \
	} while (0)

/* A turn: -1 only for lack of memory, caused by the fault in that turn. */
static void turn(struct scene *s)
{
	unsigned met = faults_met();
	int before[DUES], ran = 0, result;

	memcpy(before, heard->came, sizeof(before));
	result = tevent_loop_once(s->ev);
	for (int due = 0; due < DUES; due++) {
		ran += heard->came[due] - before[due];
	}
	assert_true(ran <= 1);
	if (result == 0) {
		return;
	}
	assert_int_equal(result, -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(faults_met(), met + 1);
	assert_int_equal(s->plan->call, FAULT_ALLOCATION);
	assert_int_equal(ran, 0);
}

static bool has_come(enum due due)
{
	return heard->came[due] > 0;
}

static bool all_came(void)
{
	for (int due = 0; due < DUES; due++) {
		if (!has_come((enum due)due)) {
			return false;
		}
	}
	return true;
}

/* Also ends when nothing comes any more. */
static void run_until_all_came(struct scene *s)
{
	bool idle = false;

	for (int i = 0; i < most_turns && !idle && !all_came(); i++) {
		struct tevent_timer *guard;
		MAKE(s, guard, tevent_add_timer(s->ev, s->mem, in_ms(300), set_true, &idle), false);
		turn(s);
		if (!idle) {
			talloc_free(guard);
		}
	}
}

/* ---- the scene ---- */

static void add_fds(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		pipe_pair(s->pipes[i]);
		MAKE(s, s->fdes[i], tevent_add_fd(s->ev, s->mem, s->pipes[i][0], 0, fd_came, s->pipes[i]), false);
		tevent_fd_set_tag(s->fdes[i], (uint64_t)FIRST_FD + (uint64_t)i);
		TEVENT_FD_READABLE(s->fdes[i]);
	}
}

static int turns_of_last_rest;

/* A wait, so that changes are passed to the kernel. */
static void rest(struct scene *s)
{
	struct tevent_timer *te;
	bool done = false;

	MAKE(s, te, tevent_add_timer(s->ev, s->mem, in_ms(2), set_true, &done), false);
	turns_of_last_rest = 0;
	while (!done) {
		turn(s);
		turns_of_last_rest++;
	}
}

/* The fds, then a change, are passed to the kernel. */
static void turn_and_change(struct scene *s)
{
	rest(s);
	tevent_fd_set_flags(s->fdes[0], TEVENT_FD_ERROR);
	tevent_fd_set_flags(s->fdes[1], 0);
	rest(s);
	tevent_fd_set_flags(s->fdes[0], TEVENT_FD_READ);
	tevent_fd_set_flags(s->fdes[1], TEVENT_FD_READ);
}

static void make_all_due_but_proxy(struct scene *s)
{
	struct tevent_timer *te;
	struct tevent_immediate *im[2];
	struct tevent_req *req[2];
	struct tevent_queue_entry *entry;
	void *state;

	for (int i = 0; i < 2; i++) {
		write_byte(s->pipes[i][1]);
		MAKE(s, im[i], tevent_create_immediate(s->mem), false);
		MAKE(s, req[i], _tevent_req_create(s->mem, &state, 1, "char", __location__), false);
	}
	tevent_schedule_immediate(im[0], s->ev, immediate_came, due_name(IMMEDIATE));
	tevent_threaded_schedule_immediate(s->tctx, im[1], immediate_came, due_name(THREADED));
	MAKE(s, te, tevent_add_timer(s->ev, s->mem, tevent_timeval_zero(), timer_came, NULL), false);
	MAKE(s, entry, tevent_queue_add_entry(s->queue, s->ev, req[0], first_triggered, NULL), false);
	MAKE(s, entry, tevent_queue_add_entry(s->queue, s->ev, req[1], second_triggered, NULL), false);
	raise(SIGUSR1);
}

/* T5: without memory, or while the proxy is being freed, it does nothing; false then. */
static bool hand_to_proxy(struct scene *s)
{
	struct tevent_immediate *im;
	unsigned met;

	MAKE(s, im, tevent_create_immediate(s->mem), false);
	met = faults_met();
	tevent_thread_proxy_schedule(s->proxy, &im, proxy_came, NULL);
	if (im != NULL && faults_met() != met) {
		assert_int_equal(s->plan->call, FAULT_ALLOCATION);
		tevent_thread_proxy_schedule(s->proxy, &im, proxy_came, NULL);
	}
	return im == NULL;
}

static void make_all_due(struct scene *s)
{
	make_all_due_but_proxy(s);
	assert_true(hand_to_proxy(s));
}

static void set_scene(struct scene *s)
{
	MAKE(s, s->ev, tevent_context_init_byname(s->mem, s->backend), false);
	assert_int_equal(tevent_set_debug(s->ev, hear, NULL), 0);
	add_fds(s);
	MAKE(s, s->se, tevent_add_signal(s->ev, s->mem, SIGUSR1, 0, signal_came, NULL), true);
	MAKE(s, s->tctx, tevent_threaded_context_create(s->mem, s->ev), true);
	MAKE(s, s->proxy, tevent_thread_proxy_create(s->ev), true);
	MAKE(s, s->queue, tevent_queue_create(s->mem, "queue"), false);
}

/* ---- what has to come of it ---- */

/* The registration that the kernel reported as closed: one of this scene's events, or the proxy's (the wake-up's loses
 * nothing). */
static int cut_loose(struct scene *s)
{
	return (tevent_fd_get_flags(s->fdes[0]) == 0) + (tevent_fd_get_flags(s->fdes[1]) == 0) + !has_come(PROXY);
}

static void assert_each_came_once(struct scene *s)
{
	bool closed = s->plan->error == EBADF && (s->plan->call == FAULT_EPOLL_ADD || s->plan->call == FAULT_EPOLL_MOD);

	if (closed && faults_met() == 1) {
		assert_in_range(cut_loose(s), 0, 1);
		assert_true(heard->messages[TEVENT_DEBUG_ERROR] >= 1);
	}
	for (int due = 0; due < DUES; due++) {
		bool may_miss = closed && (due == PROXY || ((due == FIRST_FD || due == SECOND_FD) &&
							    tevent_fd_get_flags(s->fdes[due - FIRST_FD]) == 0));
		if (heard->came[due] != 1 && !(may_miss && heard->came[due] == 0)) {
			fail_msg("%s, %s, call %u, %s: %s came %d times", s->backend, fault_call_name(s->plan->call),
				 s->plan->nth, strerror(s->plan->error), due_names[due], heard->came[due]);
		}
	}
}

/* C5: besides the messages of the move or the abort. */
static bool says_fatal(const struct plan *plan)
{
	return plan->call == FAULT_EPOLL_MOD && plan->error != EBADF && plan->error != ENOENT;
}

/* Moving to poll is reported, and closes the instance. */
static void assert_moved_to_poll_if_it_had_to(struct scene *s)
{
	enum fault_call call = s->plan->call;
	int error = s->plan->error;
	bool refused = faults_met() == 1 && ((call == FAULT_EPOLL_ADD && error != EBADF && error != EEXIST) ||
					     (call == FAULT_EPOLL_MOD && error != EBADF && error != ENOENT) ||
					     (call == FAULT_EPOLL_WAIT && error != EINTR));
	int instance = strcmp(s->backend, "standard") == 0 || strcmp(s->backend, "epoll") == 0;
	int fatal = faults_met() == 1 && says_fatal(s->plan);

	if (faults_met() == 1 && call == FAULT_EPOLL_CREATE && strcmp(s->backend, "standard") == 0) {
		instance = 0;
	}
	if (refused) {
		assert_string_equal(s->backend, "standard");
		assert_true(heard->messages[TEVENT_DEBUG_ERROR] >= 1);
		instance = 0;
	}
	assert_int_equal(faults_open_descriptors(), instance + 1 /* wake-up */ + 2 /* proxy */);
	assert_int_equal(heard->messages[TEVENT_DEBUG_FATAL], fatal);
}

static void end_scene(struct scene *s)
{
	talloc_free(s->mem);
	for (int i = 0; i < 2; i++) {
		close_fd(&s->pipes[i][0]);
		close_fd(&s->pipes[i][1]);
	}
}

static void play(struct scene *s)
{
	memset(heard, 0, sizeof(*heard));
	set_scene(s);
	turn_and_change(s);
	make_all_due(s);
	run_until_all_came(s);
	assert_each_came_once(s);
	if (s->plan->error != EBADF) {
		/* Again, as if nothing had happened; or the fault comes now. */
		memset(heard->came, 0, sizeof(heard->came));
		make_all_due(s);
		run_until_all_came(s);
		assert_each_came_once(s);
	}
	assert_moved_to_poll_if_it_had_to(s);
}

static void play_in_child(void *arg)
{
	play(arg);
}

/* C5: calls without which plain epoll can't continue. */
static bool is_fatal(const struct plan *plan, const char *backend)
{
	if (strcmp(backend, "epoll") != 0) {
		return false;
	}
	return plan->call == FAULT_EPOLL_ADD   ? plan->error != EBADF && plan->error != EEXIST
	       : plan->call == FAULT_EPOLL_MOD ? plan->error != EBADF && plan->error != ENOENT
					       : plan->call == FAULT_EPOLL_WAIT && plan->error != EINTR;
}

/* False: the scene ended before the nth occurrence of the call. */
static bool play_with(struct fixture *f, const struct plan *plan)
{
	struct scene s = {.backend = f->backend, .plan = plan, .pipes = {{-1, -1}, {-1, -1}}};
	size_t blocks = talloc_total_blocks(NULL);
	unsigned met;

	s.mem = talloc_named_const(f->mem, 0, "scene");
	faults_reset();
	if (plan->nth > 0) {
		faults_plan(plan->call, NULL, plan->nth, plan->error);
	}
	if (is_fatal(plan, f->backend)) {
		int status = status_of_child(play_in_child, &s);
		if (faults_met() == 1) {
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGABRT);
			assert_int_equal(faults_aborts(), 1);
			assert_int_equal(heard->messages[TEVENT_DEBUG_FATAL], 1 + says_fatal(plan));
		}
	} else {
		play(&s);
	}
	end_scene(&s);
	assert_int_equal(faults_open_descriptors(), 0);
	assert_int_equal(talloc_total_blocks(NULL), blocks);
	met = faults_met();
	faults_reset(); /* a fault that has not applied yet must not apply later */
	injections[plan->call] += met;
	return met == 1;
}

/* All of the rules above: every call, every time, every error. */
static void test_scene__each_call_fails__nothing_lost_nothing_doubled(void **state)
{
	struct fixture *f = fixture_of(state);
	static const struct plan none = {.nth = 0};
	unsigned counts[FAULT_CALLS];

	talloc_free(f->ev); /* this scene has its own, and counts descriptors */
	play_with(f, &none);
	for (int call = 0; call < FAULT_CALLS; call++) {
		counts[call] = faults_count((enum fault_call)call);
	}
	for (int call = 0; call < FAULT_CALLS; call++) {
		for (const int *error = fault_errors((enum fault_call)call); *error != 0; error++) {
			struct plan plan = {(enum fault_call)call, 1, *error};
			while (play_with(f, &plan)) {
				plan.nth++;
			}
			assert_true(plan.nth > 1 || counts[call] == 0);
		}
	}
}

/* ---- forked children ---- */

/* T10: a threaded context does nothing in the child. */
static void play_on_after_fork(void *arg)
{
	struct scene *s = arg;
	int taken[2];

	talloc_free(s->tctx);
	/* Numbers that the library closed could refer to other files now, as does the /dev/null of status_of_child().
	 */
	child_assert(pipe(taken) == 0);
	child_assert(write(taken[1], "x", 1) == 1);
	MAKE(s, s->tctx, tevent_threaded_context_create(s->mem, s->ev), true);
	memset(heard->came, 0, sizeof(heard->came));
	make_all_due_but_proxy(s);
	heard->came[PROXY] = hand_to_proxy(s) ? 0 : 1;
	child_assert(heard->came[PROXY] == 0);
	run_until_all_came(s);
	for (int due = 0; due < DUES; due++) {
		child_assert(heard->came[due] == 1);
	}
	for (int i = 0; i < 3; i++) {
		rest(s); /* nothing spins, independent of the pipe's content above */
	}
	child_assert(turns_of_last_rest <= 2);
	talloc_free(s->mem);
	child_assert(faults_open_descriptors() == 0);
}

static bool fork_with(struct fixture *f, const struct plan *plan)
{
	struct scene s = {.backend = f->backend, .plan = plan, .pipes = {{-1, -1}, {-1, -1}}};
	bool fatal =
		is_fatal(plan, f->backend) || (plan->call == FAULT_EPOLL_CREATE && strcmp(f->backend, "epoll") == 0);
	unsigned met;
	int status;

	s.mem = talloc_named_const(f->mem, 0, "scene");
	memset(heard, 0, sizeof(*heard));
	faults_reset();
	set_scene(&s);
	turn_and_change(&s);
	faults_reset();
	faults_plan(plan->call, NULL, plan->nth, plan->error);
	status = status_of_child(play_on_after_fork, &s);
	met = faults_met();
	if (met == 1 && fatal) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
		assert_int_equal(faults_aborts(), 1);
		assert_int_equal(heard->messages[TEVENT_DEBUG_FATAL], 1);
	} else if (status != 0) {
		fail_msg("%s, %s, call %u, %s: the child's status is 0x%x", f->backend, fault_call_name(plan->call),
			 plan->nth, strerror(plan->error), (unsigned)status);
	}
	faults_reset();
	/* The parent is not affected. */
	memset(heard->came, 0, sizeof(heard->came));
	make_all_due(&s);
	run_until_all_came(&s);
	for (int due = 0; due < DUES; due++) {
		assert_int_equal(heard->came[due], 1);
	}
	end_scene(&s);
	assert_int_equal(faults_open_descriptors(), 0);
	injections[plan->call] += met;
	return met == 1;
}

/* C5, C21, T5: the child can't get its own descriptors; its parent is not affected. */
static void test_fork__each_call_of_the_child_fails__parent_untouched(void **state)
{
	static const enum fault_call calls[] = {FAULT_EPOLL_CREATE, FAULT_EVENTFD,   FAULT_PIPE, FAULT_MARK_FILE,
						FAULT_EPOLL_WAIT,   FAULT_POLL,      FAULT_READ, FAULT_WRITE,
						FAULT_CLOSE,        FAULT_ALLOCATION};
	struct fixture *f = fixture_of(state);

	talloc_free(f->ev);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (const int *error = fault_errors(calls[i]); *error != 0; error++) {
			struct plan plan = {calls[i], 1, *error};
			while (fork_with(f, &plan)) {
				plan.nth++;
			}
		}
	}
}

/* ---- no notice of forks ---- */

static void free_in_child(void *arg)
{
	struct scene *s = arg;

	child_assert(tevent_cached_getpid() == getpid());
	talloc_free(s->fdes[0]);
	talloc_free(s->fdes[1]);
}

/* C21, C22: pthread_atfork() failed when the library was loaded: the child's changes stay the child's. */
static void test_fork__noticed_in_another_way__parent_untouched(void **state)
{
	struct fixture *f = fixture_of(state);
	static const struct plan none = {.nth = 0};
	struct scene s = {.backend = f->backend, .plan = &none, .pipes = {{-1, -1}, {-1, -1}}};

	assert_true(getenv("TEVENT_FAULT_ATFORK") != NULL || getenv("TEVENT_FAULT_WIPED_PAGE") != NULL);
	s.mem = talloc_named_const(f->mem, 0, "scene");
	memset(heard, 0, sizeof(*heard));
	s.ev = tevent_context_init_byname(s.mem, s.backend);
	assert_non_null(s.ev);
	add_fds(&s);
	rest(&s);
	assert_child_succeeds(free_in_child, &s);
	write_byte(s.pipes[0][1]);
	write_byte(s.pipes[1][1]);
	turns(s.ev, 2);
	assert_int_equal(heard->came[FIRST_FD], 1);
	assert_int_equal(heard->came[SECOND_FD], 1);
	end_scene(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest fork_alone[] = {
		TEST_EACH_BACKEND(test_fork__noticed_in_another_way__parent_untouched),
	};
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_scene__each_call_fails__nothing_lost_nothing_doubled),
		TEST_EACH_BACKEND(test_fork__each_call_of_the_child_fails__parent_untouched),
	};
	unsigned sum = 0;
	int failures;

	heard = mmap(NULL, sizeof(*heard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (heard == MAP_FAILED) {
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "--fork-alone") == 0) {
		return cmocka_run_group_tests_name("fork alone", fork_alone, group_setup, NULL);
	}
	failures = cmocka_run_group_tests_name("scenes", tests, group_setup, NULL);
	for (int call = 0; call < FAULT_CALLS; call++) {
		printf("%-18s %5u faults\n", fault_call_name((enum fault_call)call), injections[call]);
		sum += injections[call];
	}
	return failures > 0 || sum == 0 ? 1 : 0;
}
