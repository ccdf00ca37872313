/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Two threads, each with its own context and signal event.
 *
 * The signals are sent to the threads, so each arrives in the thread of its
 * loop; the loops compete for the arrivals.  Progress is counted in turns.
 */

#define _GNU_SOURCE 1
#include "sanitized.h"
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { threads = 2, signals = 3000, quiet_turns = 200, hang_seconds = 60 };

struct side {
	pthread_t thread;
	struct tevent_context *ev;
	int pipe[2];
	atomic_int counted; /* arrivals */
	atomic_int served;  /* calls of the descriptor's handler */
	atomic_int turns;
};

static atomic_bool stop;

static void count_signals(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			  void *private_data)
{
	struct side *side = private_data;

	atomic_fetch_add(&side->counted, count);
}

/* Stays readable. */
static void count_service(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct side *side = private_data;

	atomic_fetch_add(&side->served, 1);
}

static void *run_loop(void *private_data)
{
	struct side *side = private_data;

	while (!atomic_load(&stop)) {
		if (tevent_loop_once(side->ev) != 0) {
			abort();
		}
		atomic_fetch_add(&side->turns, 1);
	}
	return NULL;
}

/* If a loop never gets there, SIGALRM ends the program. */
static void wait_until_at_least(atomic_int *number, int wanted)
{
	while (atomic_load(number) < wanted) {
		sched_yield();
	}
}

static int signal_of(int i)
{
	return i == 0 ? SIGUSR1 : SIGUSR2;
}

/*
 * S3, C14: after the last signal each loop serves its descriptor: a signal that
 * another thread has reported does not use up turns for ever.
 */
static void test_two_threads__signals_are_over__both_serve_descriptors(void **state)
{
	struct fixture *f = fixture_of(state);
	struct side sides[threads] = {0};

	if (SANITIZED) {
		print_message("skipped: ThreadSanitizer holds signals back\n");
		skip();
	}
	atomic_store(&stop, false);
	for (int i = 0; i < threads; i++) {
		struct side *side = &sides[i];

		side->ev = another_context(f);
		assert_int_equal(pipe(side->pipe), 0);
		write_byte(side->pipe[1]);
		assert_non_null(tevent_add_signal(side->ev, side->ev, signal_of(i), 0, count_signals, side));
		assert_non_null(tevent_add_fd(side->ev, side->ev, side->pipe[0], TEVENT_FD_READ, count_service, side));
	}
	alarm(hang_seconds);
	for (int i = 0; i < threads; i++) {
		assert_int_equal(pthread_create(&sides[i].thread, NULL, run_loop, &sides[i]), 0);
	}
	for (int n = 0; n < signals; n++) {
		for (int i = 0; i < threads; i++) {
			pthread_kill(sides[i].thread, signal_of(i));
		}
	}
	for (int i = 0; i < threads; i++) {
		struct side *side = &sides[i];

		/* several pending signals of one kind count as one */
		wait_until_at_least(&side->counted, 1);
	}
	for (int i = 0; i < threads; i++) {
		struct side *side = &sides[i];
		int turns_before, served_before;

		/* After so many turns every arrival has been reported. */
		wait_until_at_least(&side->turns, atomic_load(&side->turns) + quiet_turns);
		turns_before = atomic_load(&side->turns);
		served_before = atomic_load(&side->served);
		wait_until_at_least(&side->turns, turns_before + quiet_turns);
		/* The turn in between may be counted on one side only. */
		assert_true(atomic_load(&side->served) - served_before >= quiet_turns - 1);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < threads; i++) {
		pthread_join(sides[i].thread, NULL);
	}
	alarm(0);
	for (int i = 0; i < threads; i++) {
		talloc_free(sides[i].ev);
		close(sides[i].pipe[0]);
		close(sides[i].pipe[1]);
	}
}

/* talloc has no locks, so nothing may be tracked below a common parent. */
static int untracked_group_setup(void **state)
{
	int result = group_setup(state);

	talloc_disable_null_tracking();
	return result;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_two_threads__signals_are_over__both_serve_descriptors),
	};

	return cmocka_run_group_tests_name("two_threads", tests, untracked_group_setup, NULL);
}
