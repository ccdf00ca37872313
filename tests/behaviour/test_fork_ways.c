/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Forks that bypass libc's fork(), and one at an awkward moment.
 *
 * _Fork() runs no pthread_atfork() handlers, a bare clone() bypasses libc
 * entirely.  Such a child shares its parent's open files like any other, and
 * must not disturb its parent's loop.
 *
 * In the child of a bare clone() libc has its parent's thread id: no raise() there.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { child_seconds = 20 };

static pid_t by_fork(void)
{
	return fork();
}

static pid_t by_bare_fork(void)
{
	return _Fork();
}

static pid_t by_clone(void)
{
	return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
}

typedef pid_t (*way)(void);

static const way ways[] = {by_fork, by_bare_fork, by_clone};

enum { ways_count = sizeof(ways) / sizeof(ways[0]) };

static pid_t start(way fork_it)
{
	pid_t pid;

	fflush(NULL);
	pid = fork_it();
	if (pid == 0) {
		alarm(child_seconds);
	}
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
	}
	return status;
}

/* ---- one source of each kind ---------------------------------------- */

struct sources {
	struct tevent_context *ev;
	struct tevent_fd *fde;
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
	int pipe[2];
	int signals, bytes, immediates;
};

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	((struct sources *)private_data)->signals += count;
}

static void on_readable(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct sources *s = private_data;
	char c;

	s->bytes += read(s->pipe[0], &c, 1) == 1;
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	((struct sources *)private_data)->immediates++;
}

static void make_sources(struct sources *s, struct fixture *f)
{
	*s = (struct sources){.ev = f->ev};
	pipe_pair(s->pipe);
	s->fde = tevent_add_fd(s->ev, s->ev, s->pipe[0], TEVENT_FD_READ, on_readable, s);
	assert_non_null(s->fde);
	assert_non_null(tevent_add_signal(s->ev, s->ev, SIGUSR1, 0, on_signal, s));
	s->tctx = tevent_threaded_context_create(s->ev, s->ev);
	s->im = tevent_create_immediate(s->ev);
	assert_non_null(s->tctx);
	assert_non_null(s->im);
	/* the kernel has all of these */
	write_byte(s->pipe[1]);
	while (s->bytes == 0) {
		turns(s->ev, 1);
	}
	s->bytes = 0;
}

static void close_sources(struct sources *s)
{
	talloc_free(s->ev);
	close(s->pipe[0]);
	close(s->pipe[1]);
}

/* Replaces the pipe that the child shares with its parent by the child's own. */
static void child_life(struct sources *s)
{
	struct tevent_context *ev = s->ev;

	s->signals = s->bytes = s->immediates = 0;
	child_assert(tevent_cached_getpid() == getpid());
	child_assert(kill(getpid(), SIGUSR1) == 0);
	while (s->signals == 0) {
		child_assert(tevent_loop_once(ev) == 0);
	}
	child_assert(talloc_free(s->fde) == 0);
	child_assert(pipe(s->pipe) == 0);
	child_assert(tevent_add_fd(ev, ev, s->pipe[0], TEVENT_FD_READ, on_readable, s) != NULL);
	child_assert(write(s->pipe[1], "x", 1) == 1);
	while (s->bytes == 0) {
		child_assert(tevent_loop_once(ev) == 0);
	}
	/* one inherited event is freed, one of its own works */
	s->tctx = tevent_threaded_context_create(ev, ev);
	child_assert(s->tctx != NULL);
	s->im = tevent_create_immediate(ev);
	child_assert(s->im != NULL);
	tevent_threaded_schedule_immediate(s->tctx, s->im, on_immediate, s);
	while (s->immediates == 0) {
		child_assert(tevent_loop_once(ev) == 0);
	}
	child_assert(s->signals == 1 && s->bytes == 1 && s->immediates == 1);
	child_assert(talloc_free(ev) == 0);
}

/* The child's actions have affected neither the parent's loop nor its descriptors. */
static void parent_life(struct sources *s)
{
	assert_int_equal(tevent_cached_getpid(), getpid());
	assert_int_equal(s->signals + s->bytes + s->immediates, 0);
	write_byte(s->pipe[1]);
	while (s->bytes == 0) {
		turns(s->ev, 1);
	}
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	while (s->signals == 0) {
		turns(s->ev, 1);
	}
	tevent_threaded_schedule_immediate(s->tctx, s->im, on_immediate, s);
	while (s->immediates == 0) {
		turns(s->ev, 1);
	}
	assert_int_equal(s->signals, 1);
	assert_int_equal(s->bytes, 1);
	assert_int_equal(s->immediates, 1);
}

static void with_each_way(void **state, void (*child_fn)(struct sources *s))
{
	struct fixture *f = fixture_of(state);

	for (int i = 0; i < ways_count; i++) {
		struct sources s;
		pid_t child;

		make_sources(&s, f);
		child = start(ways[i]);
		if (child == 0) {
			child_fn(&s);
			_exit(0);
		}
		assert_true(child > 0);
		assert_int_equal(status_of(child), 0);
		parent_life(&s);
		close_sources(&s);
		f->ev = another_context(f);
	}
}

/* C21, C22, D10: each side has its own events, however it was forked. */
static void test_fork_way__live_context__both_sides_work(void **state)
{
	DEVIATION("D10", "_Fork() and clone() go unnoticed, and the wake-up is shared");
	with_each_way(state, child_life);
}

static void free_context(struct sources *s)
{
	child_assert(talloc_free(s->ev) == 0);
}

/* C21, D10: a child that frees inherited objects takes nothing from its parent. */
static void test_fork_way__child_frees_the_context__parent_keeps_its_own(void **state)
{
	DEVIATION("D10", "_Fork() and clone() go unnoticed");
	with_each_way(state, free_context);
}

/* ---- a fork right before the wait ----------------------------------- */

struct split {
	way fork_it;
	pid_t child; /* -1: not forked yet */
};

static void fork_before_wait(enum tevent_trace_point point, void *private_data)
{
	struct split *split = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT && split->child == -1) {
		split->child = start(split->fork_it);
		if (split->child > 0) {
			kill(getpid(), SIGUSR1);
		}
	}
}

/*
 * C21, T10: the child's wait is for its own events.  A signal ends the parent's, and
 * the parent frees its descriptor event before there is a byte: from then on its
 * epoll instance is silent.
 */
static void test_fork_before_wait__parent_frees_the_event__child_is_told(void **state)
{
	DEVIATION("C21", "the child waits with its parent's epoll instance");
	for (int i = 0; i < ways_count; i++) {
		struct fixture *f = fixture_of(state);
		struct split split = {ways[i], -1};
		struct sources s;

		make_sources(&s, f);
		tevent_set_trace_callback(s.ev, fork_before_wait, &split);
		while (split.child == -1) {
			turns(s.ev, 1);
		}
		if (split.child == 0) {
			while (s.bytes == 0) {
				child_assert(tevent_loop_once(s.ev) == 0);
			}
			_exit(0);
		}
		tevent_set_trace_callback(s.ev, NULL, NULL);
		talloc_free(s.fde);
		write_byte(s.pipe[1]);
		assert_int_equal(status_of(split.child), 0);
		assert_int_equal(s.bytes, 0);
		close_sources(&s);
		f->ev = another_context(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_fork_way__live_context__both_sides_work),
		TEST_EACH_BACKEND(test_fork_way__child_frees_the_context__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_fork_before_wait__parent_frees_the_event__child_is_told),
	};

	return cmocka_run_group_tests_name("fork_ways", tests, group_setup, NULL);
}
