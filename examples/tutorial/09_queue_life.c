/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* What moves a queue on, and what holds it. */

#include <stdio.h>
#include <tevent.h>

struct job_state {
	struct tevent_context *ev;
	const char *name;
};

static void job_trigger(struct tevent_req *req, void *private_data);
static void job_worked(struct tevent_req *subreq);

static struct tevent_req *job_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				   struct tevent_queue *queue, const char *name)
{
	struct job_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct job_state);

	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	state->name = name;
	if (!tevent_queue_add(queue, ev, req, job_trigger, NULL)) {
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	return req;
}

static void job_trigger(struct tevent_req *req, void *private_data)
{
	struct job_state *state = tevent_req_data(req, struct job_state);
	struct tevent_req *subreq;

	printf("  %s: triggered\n", state->name);
	subreq = tevent_wakeup_send(state, state->ev,
				    tevent_timeval_current_ofs(0, 1000));
	if (tevent_req_nomem(subreq, req)) {
		return;
	}
	tevent_req_set_callback(subreq, job_worked, req);
}

static void job_worked(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);
	bool ok = tevent_wakeup_recv(subreq);

	TALLOC_FREE(subreq);
	if (!ok) {
		tevent_req_oom(req);
		return;
	}
	tevent_req_done(req);
}

static void on_job(struct tevent_req *req)
{
	struct tevent_queue *queue = tevent_req_callback_data(req, struct tevent_queue);
	struct job_state *state = tevent_req_data(req, struct job_state);

	printf("  %s: done, still the head of %zu\n", state->name,
	       tevent_queue_length(queue));
	TALLOC_FREE(req);
	printf("  ... freed, %zu left\n", tevent_queue_length(queue));
}

static struct tevent_req *add_job(struct tevent_context *ev, struct tevent_queue *queue,
				  const char *name)
{
	struct tevent_req *req = job_send(ev, ev, queue, name);

	if (req != NULL) {
		tevent_req_set_callback(req, on_job, queue);
	}
	return req;
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_queue *queue = tevent_queue_create(ev, "jobs");
	struct tevent_req *a, *b, *c, *lock;

	if (ev == NULL || queue == NULL) {
		return 1;
	}

	printf("three jobs, one of them given up while it waits\n");
	a = add_job(ev, queue, "a");
	b = add_job(ev, queue, "b");
	c = add_job(ev, queue, "c");
	if (a == NULL || b == NULL || c == NULL) {
		return 1;
	}
	TALLOC_FREE(b);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}

	printf("a stopped queue takes jobs and starts none\n");
	tevent_queue_stop(queue);
	a = add_job(ev, queue, "d");
	if (a == NULL || tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("  waiting: %zu\n", tevent_queue_length(queue));
	tevent_queue_start(queue);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}

	printf("a lock: the queue is held until the request is freed\n");
	lock = tevent_queue_wait_send(ev, ev, queue);
	a = add_job(ev, queue, "e");
	if (lock == NULL || a == NULL || !tevent_req_poll(lock, ev) ||
	    !tevent_queue_wait_recv(lock)) {
		return 1;
	}
	printf("  locked\n");
	TALLOC_FREE(lock);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
