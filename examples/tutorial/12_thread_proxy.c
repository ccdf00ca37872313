/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A worker thread: jobs go there and come back with the answer. */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <tevent.h>

struct worker {
	struct tevent_context *ev;
	struct tevent_thread_proxy *inbox;
	struct tevent_thread_proxy *replies;
	bool quit;   /* the worker's */
	int answers; /* the main thread's */
};

struct job {
	struct worker *worker;
	int number;
};

static void on_reply(struct tevent_context *ev, struct tevent_immediate *im,
		     void *private_data)
{
	struct job *job = talloc_get_type_abort(private_data, struct job);

	printf("answer: %d\n", job->number);
	job->worker->answers++;
}

static void on_job(struct tevent_context *ev, struct tevent_immediate *im,
		   void *private_data)
{
	struct job *job = talloc_get_type_abort(private_data, struct job);
	struct worker *worker = job->worker;
	struct tevent_immediate *reply;

	if (job->number == 0) {
		worker->quit = true;
		return;
	}
	job->number *= 2;
	reply = tevent_create_immediate(NULL);
	if (reply != NULL) {
		tevent_thread_proxy_schedule(worker->replies, &reply, on_reply, &job);
	}
	if (job != NULL) {
		fprintf(stderr, "no memory for an answer\n");
		talloc_free(reply);
	}
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	while (!worker->quit && tevent_loop_once(worker->ev) == 0) {
		continue;
	}
	talloc_free(worker->ev);
	return NULL;
}

static bool post(struct worker *worker, int number)
{
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	struct job *job = talloc_zero(NULL, struct job);
	bool sent = false;

	if (im != NULL && job != NULL) {
		job->worker = worker;
		job->number = number;
		tevent_thread_proxy_schedule(worker->inbox, &im, on_job, &job);
		sent = im == NULL;
	}
	talloc_free(im);
	talloc_free(job);
	return sent;
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct worker worker = {.quit = false};
	pthread_t thread;
	int n;

	worker.ev = tevent_context_init(NULL);
	if (ev == NULL || worker.ev == NULL) {
		return 1;
	}
	worker.inbox = tevent_thread_proxy_create(worker.ev);
	worker.replies = tevent_thread_proxy_create(ev);
	if (worker.inbox == NULL || worker.replies == NULL) {
		return 1;
	}
	if (pthread_create(&thread, NULL, worker_main, &worker) != 0) {
		return 1;
	}

	for (n = 1; n <= 3; n++) {
		if (!post(&worker, n)) {
			return 1;
		}
	}
	while (worker.answers < 3 && tevent_loop_once(ev) == 0) {
		continue;
	}
	if (!post(&worker, 0)) {
		return 1;
	}
	pthread_join(thread, NULL);
	talloc_free(ev);
	return 0;
}
