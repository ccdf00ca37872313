/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Two ways to end a request early: ask it to stop, or free it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tevent.h>

struct steps_state {
	struct tevent_context *ev;
	int done;
	int steps;
	bool stop;
};

static bool steps_cancel(struct tevent_req *req);
static void steps_next(struct tevent_req *req);
static void steps_slept(struct tevent_req *subreq);

static struct tevent_req *steps_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				     int steps)
{
	struct steps_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct steps_state);

	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	state->steps = steps;
	tevent_req_set_cancel_fn(req, steps_cancel);

	steps_next(req);
	if (!tevent_req_is_in_progress(req)) {
		return tevent_req_post(req, ev);
	}
	return req;
}

/* A step that has begun is finished first. */
static bool steps_cancel(struct tevent_req *req)
{
	struct steps_state *state = tevent_req_data(req, struct steps_state);

	state->stop = true;
	return true;
}

static void steps_next(struct tevent_req *req)
{
	struct steps_state *state = tevent_req_data(req, struct steps_state);
	struct tevent_req *subreq;

	if (state->done == state->steps) {
		tevent_req_done(req);
		return;
	}
	if (state->stop) {
		tevent_req_error(req, ECANCELED);
		return;
	}
	subreq = tevent_wakeup_send(state, state->ev,
				    tevent_timeval_current_ofs(0, 1000));
	if (tevent_req_nomem(subreq, req)) {
		return;
	}
	tevent_req_set_callback(subreq, steps_slept, req);
}

static void steps_slept(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);
	struct steps_state *state = tevent_req_data(req, struct steps_state);
	bool ok = tevent_wakeup_recv(subreq);

	TALLOC_FREE(subreq);
	if (!ok) {
		tevent_req_oom(req);
		return;
	}
	state->done++;
	printf("  step %d\n", state->done);
	steps_next(req);
}

/* What became of a request, as an errno value. */
static int result_of(struct tevent_req *req)
{
	enum tevent_req_state req_state;
	uint64_t error = 0;

	if (!tevent_req_is_error(req, &req_state, &error)) {
		return 0;
	}
	switch (req_state) {
	case TEVENT_REQ_USER_ERROR:
		return (int)error;
	case TEVENT_REQ_TIMED_OUT:
		return ETIMEDOUT;
	case TEVENT_REQ_NO_MEMORY:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

static int steps_recv(struct tevent_req *req, int *done)
{
	struct steps_state *state = tevent_req_data(req, struct steps_state);
	int err = result_of(req);

	*done = state->done;
	tevent_req_received(req);
	return err;
}

static void on_steps(struct tevent_req *req)
{
	int done = 0;
	int err = steps_recv(req, &done);

	TALLOC_FREE(req);
	printf("  %s after %d steps\n", err == 0 ? "done" : strerror(err), done);
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_req *req;

	if (ev == NULL) {
		return 1;
	}

	printf("not disturbed\n");
	req = steps_send(ev, ev, 3);
	if (req == NULL) {
		return 1;
	}
	tevent_req_set_callback(req, on_steps, NULL);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}

	printf("cancelled: it comes to an end of its own\n");
	req = steps_send(ev, ev, 3);
	if (req == NULL) {
		return 1;
	}
	tevent_req_set_callback(req, on_steps, NULL);
	if (tevent_loop_once(ev) != 0 || !tevent_req_cancel(req) ||
	    tevent_loop_wait(ev) != 0) {
		return 1;
	}

	printf("freed: nobody is told\n");
	req = steps_send(ev, ev, 3);
	if (req == NULL) {
		return 1;
	}
	tevent_req_set_callback(req, on_steps, NULL);
	if (tevent_loop_once(ev) != 0) {
		return 1;
	}
	TALLOC_FREE(req);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
