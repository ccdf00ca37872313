/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A signal handler, or a handler in a forked child, must not call a function
 * that a preloaded library has replaced: that function may take a lock that the
 * interrupted thread holds, or that was held at the fork.
 *
 * Progress is counted; SIGALRM ends a program that hangs.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { hang_seconds = 60, child_seconds = 20, forks = 20, wanted_signals = 100, wanted_calls = 500 };

static int counted;

static void count_signals(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			  void *private_data)
{
	counted += count;
}

static void run_until_counted(struct tevent_context *ev, int wanted)
{
	while (counted < wanted) {
		child_assert(tevent_loop_once(ev) == 0);
	}
}

/* C21, C23: a fork with a signal event; the child does nothing, or continues. */
static void test_fork__signal_event__child_and_parent_go_on(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, count_signals, NULL));
	alarm(hang_seconds);
	for (int i = 0; i < forks; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(child_seconds);
			counted = 0;
			if (i % 2 == 1) {
				raise(SIGUSR1);
				run_until_counted(f->ev, 1);
			}
			_exit(0);
		}
		assert_true(pid > 0);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
		}
		assert_int_equal(status, 0);
	}
	counted = 0;
	raise(SIGUSR1);
	run_until_counted(f->ev, 1);
	assert_int_equal(counted, 1);
	alarm(0);
}

static atomic_bool stop;
static atomic_int calls;

/* A thread that is always inside one of the functions that preloaded libraries replace. */
static void *call_replaced_functions(void *private_data)
{
	while (!atomic_load(&stop)) {
		struct stat status;
		struct timespec now;

		free(malloc(100));
		(void)geteuid();
		close(socket(AF_INET, SOCK_STREAM, 0));
		close(dup(STDERR_FILENO));
		(void)stat("/", &status);
		clock_gettime(CLOCK_REALTIME, &now);
		atomic_fetch_add(&calls, 1);
	}
	return NULL;
}

struct sender {
	pthread_t thread, target;
};

static void *send_signals(void *private_data)
{
	struct sender *sender = private_data;
	const struct timespec pause = {0, 20000};

	while (!atomic_load(&stop)) {
		pthread_kill(sender->target, SIGUSR1);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return NULL;
}

/* S8, C23: the loop and the thread both make progress. */
static void test_signal__comes_to_a_thread_in_a_replaced_function__both_go_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct sender sender;
	int calls_before;

	atomic_store(&stop, false);
	counted = 0;
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, SA_RESTART, count_signals, NULL));
	alarm(hang_seconds);
	assert_int_equal(pthread_create(&sender.target, NULL, call_replaced_functions, NULL), 0);
	assert_int_equal(pthread_create(&sender.thread, NULL, send_signals, &sender), 0);
	run_until_counted(f->ev, wanted_signals);
	calls_before = atomic_load(&calls);
	while (atomic_load(&calls) - calls_before < wanted_calls) {
		turns(f->ev, 1); /* signals keep arriving */
	}
	atomic_store(&stop, true);
	pthread_join(sender.thread, NULL);
	pthread_join(sender.target, NULL);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fork__signal_event__child_and_parent_go_on),
		TEST(test_signal__comes_to_a_thread_in_a_replaced_function__both_go_on),
	};

	return cmocka_run_group_tests_name("preloads", tests, group_setup, NULL);
}
