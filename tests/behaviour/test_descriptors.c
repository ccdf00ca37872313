/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Descriptor numbers that the library used and the program now uses.
 *
 * A daemon, or a forked helper, closes all descriptors and opens its own.  The
 * kernel assigns the lowest numbers first, so the program's files get the numbers
 * that the library has stored.  The library must not close, read, write or
 * replace them, in any later use of the context.
 *
 * All this happens in children, to keep the runner's own descriptors.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { child_seconds = 20, first_own = 3, end_own = 64, most_own = 12 };

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
}

/* A context with every descriptor that the library can open. */
static struct tevent_context *context_with_descriptors(const char *backend)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, backend);

	child_assert(ev != NULL);
	child_assert(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL) != NULL);
	child_assert(tevent_threaded_context_create(ev, ev) != NULL);
	child_assert(tevent_thread_proxy_create(ev) != NULL);
	return ev;
}

/* ---- files of the program ------------------------------------------- */

enum kind { FILES, EVENTFDS, EPOLLS };

static const uint64_t held = 5;

struct own {
	enum kind kind;
	int fd[most_own];
	struct stat status[most_own];
};

static int make(enum kind kind)
{
	switch (kind) {
	case FILES:
		return memfd_create("own", 0);
	case EVENTFDS:
		return eventfd((unsigned)held, EFD_NONBLOCK);
	case EPOLLS:
		return epoll_create1(0);
	}
	return -1;
}

static void close_all_and_open_own(struct own *own, enum kind kind)
{
	for (int fd = first_own; fd < end_own; fd++) {
		close(fd);
	}
	own->kind = kind;
	for (int i = 0; i < most_own; i++) {
		own->fd[i] = make(kind);
		child_assert(own->fd[i] == first_own + i);
		child_assert(fstat(own->fd[i], &own->status[i]) == 0);
	}
}

/* None of them was touched. */
static void check_own(const struct own *own)
{
	for (int i = 0; i < most_own; i++) {
		struct epoll_event event;
		uint64_t count = 0;
		struct stat now;

		child_assert(fstat(own->fd[i], &now) == 0);
		child_assert(now.st_dev == own->status[i].st_dev);
		child_assert(now.st_ino == own->status[i].st_ino);
		switch (own->kind) {
		case FILES:
			child_assert(now.st_size == 0);
			break;
		case EVENTFDS:
			child_assert(read(own->fd[i], &count, sizeof(count)) == sizeof(count));
			child_assert(count == held);
			child_assert(write(own->fd[i], &count, sizeof(count)) == sizeof(count));
			break;
		case EPOLLS:
			/* it is an epoll instance, with nothing registered */
			child_assert(epoll_wait(own->fd[i], &event, 1, 0) == 0);
			break;
		}
	}
}

/* Everything that may access a descriptor: a signal, a turn, a wake-up, freeing. */
static void use_context(struct tevent_context *ev, const struct own *own)
{
	struct tevent_immediate *im = tevent_create_immediate(ev);

	raise(SIGUSR1);
	check_own(own);
	child_assert(im != NULL);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	for (int i = 0; i < 2; i++) { /* the signal, the immediate */
		child_assert(tevent_loop_once(ev) == 0);
		check_own(own);
	}
	child_assert(talloc_free(ev) == 0);
	check_own(own);
}

/* ---- cases ---------------------------------------------------------- */

struct scene {
	const char *backend;
	enum kind kind;
};

static void wait_for(pid_t pid)
{
	int status = -1;

	child_assert(pid > 0);
	child_assert(waitpid(pid, &status, 0) == pid);
	child_assert(status == 0);
}

static pid_t fork_with_alarm(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(child_seconds);
	}
	return pid;
}

/* The signal handler and freeing, each of which may access a descriptor. */
static void leave_context(struct tevent_context *ev, const struct own *own)
{
	check_own(own);
	raise(SIGUSR1);
	check_own(own);
	child_assert(talloc_free(ev) == 0);
	check_own(own);
}

/* A helper that does not use the context, and its own worker. */
static void fork_and_leave_context(struct tevent_context *ev, const struct own *own)
{
	pid_t worker = fork_with_alarm();

	if (worker == 0) {
		leave_context(ev, own);
		_exit(0);
	}
	wait_for(worker);
	leave_context(ev, own);
}

static void helper_does(const struct scene *scene, void (*fn)(struct tevent_context *ev, const struct own *own))
{
	struct tevent_context *ev = context_with_descriptors(scene->backend);
	pid_t helper = fork_with_alarm();

	if (helper == 0) {
		struct own own;

		close_all_and_open_own(&own, scene->kind);
		fn(ev, &own);
		_exit(0);
	}
	wait_for(helper);
}

static void helper_forks_again(void *arg)
{
	helper_does(arg, fork_and_leave_context);
}

static void helper_uses_context(void *arg)
{
	helper_does(arg, use_context);
}

/* The process that made the context. */
static void frees_context(void *arg)
{
	struct scene *scene = arg;
	struct tevent_context *ev = context_with_descriptors(scene->backend);
	struct own own;

	alarm(child_seconds);
	close_all_and_open_own(&own, scene->kind);
	leave_context(ev, &own);
}

static void with_each_kind(void **state, void (*fn)(void *scene))
{
	for (enum kind kind = FILES; kind <= EPOLLS; kind++) {
		struct scene scene = {fixture_of(state)->backend, kind};

		assert_child_succeeds(fn, &scene);
	}
}

/* C21, C27, D10: a helper's descriptors are its own, in its children too. */
static void test_helper__closes_all_opens_its_own_forks__they_stay_its_own(void **state)
{
	DEVIATION("D10", "it closes the numbers of its descriptors, even if they are other files");
	with_each_kind(state, helper_forks_again);
}

/* C21, C27, D10: also if it continues to use the context. */
static void test_helper__closes_all_opens_its_own_runs_turns__they_stay_its_own(void **state)
{
	DEVIATION("D10", "it uses the numbers of its descriptors, even if they are other files");
	with_each_kind(state, helper_uses_context);
}

/* C8, C27, D10: without a fork. */
static void test_context__its_numbers_are_the_programs__freed_without_touching_them(void **state)
{
	DEVIATION("D10", "it closes the numbers of its descriptors, even if they are other files");
	with_each_kind(state, frees_context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_helper__closes_all_opens_its_own_forks__they_stay_its_own),
		TEST_EACH_BACKEND(test_helper__closes_all_opens_its_own_runs_turns__they_stay_its_own),
		TEST_EACH_BACKEND(test_context__its_numbers_are_the_programs__freed_without_touching_them),
	};

	return cmocka_run_group_tests_name("descriptors", tests, group_setup, NULL);
}
