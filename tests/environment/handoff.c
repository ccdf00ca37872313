/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A result handed from a worker to the loop, by an immediate and by a thread proxy.
 * The worker writes before the call and the handler reads without a lock: the call
 * orders the two.  A race detector has to accept that although it does not see the
 * library's atomics.  With the argument `race` the worker writes after the call,
 * which is a race.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>
#include <tevent.h>

enum { rounds = 20 };

struct job {
	struct tevent_threaded_context *tctx;
	struct tevent_thread_proxy *proxy;
	struct tevent_immediate *im;
	bool with_race;
	int result;
	int seen;
};

static void take_result(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct job *job = private_data;

	(void)ev;
	(void)im;
	job->seen = job->result;
}

struct message {
	struct job *job;
	int result;
};

static void take_message(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *message = private_data;

	(void)ev;
	(void)im;
	message->job->seen = message->result;
}

static void *hand_over_by_immediate(void *private_data)
{
	struct job *job = private_data;

	job->result = 42;
	tevent_threaded_schedule_immediate(job->tctx, job->im, take_result, job);
	if (job->with_race) {
		job->result = 42;
	}
	return NULL;
}

static void *hand_over_by_proxy(void *private_data)
{
	struct job *job = private_data;
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	struct message *message = talloc_zero(NULL, struct message);

	message->job = job;
	message->result = 42;
	tevent_thread_proxy_schedule(job->proxy, &im, take_message, &message);
	return NULL;
}

static int run(struct tevent_context *ev, struct job *job, void *(*hand_over)(void *))
{
	pthread_t thread;

	job->seen = 0;
	if (pthread_create(&thread, NULL, hand_over, job) != 0) {
		return 1;
	}
	while (job->seen == 0) {
		if (tevent_loop_once(ev) != 0) {
			return 1;
		}
	}
	pthread_join(thread, NULL);
	return job->seen != 42;
}

int main(int argc, char **argv)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct job *job = talloc_zero(ev, struct job);
	int failed = 0;

	job->with_race = argc > 1 && strcmp(argv[1], "race") == 0;
	job->im = tevent_create_immediate(job);
	job->tctx = tevent_threaded_context_create(job, ev);
	job->proxy = tevent_thread_proxy_create(ev);
	for (int i = 0; i < rounds && failed == 0; i++) {
		failed = run(ev, job, hand_over_by_immediate) || run(ev, job, hand_over_by_proxy);
	}
	talloc_free(ev);
	printf("%s\n", failed ? "failed" : "handed over");
	return failed;
}
