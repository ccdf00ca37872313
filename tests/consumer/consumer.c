/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A C program as a user would write it: built from an installed copy only. */

#include <stdbool.h>
#include <stdio.h>

#include <talloc.h>
#include <tevent.h>

struct job_state {
	int answer;
};

static void trigger(struct tevent_req *req, void *private_data)
{
	struct job_state *state = tevent_req_data(req, struct job_state);

	state->answer = *(int *)private_data;
	tevent_req_done(req);
}

static void finished(struct tevent_req *req)
{
	struct job_state *state = tevent_req_data(req, struct job_state);
	int *answer = tevent_req_callback_data(req, int);

	*answer = state->answer;
	talloc_free(req);
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_queue *queue = tevent_queue_create(ev, "jobs");
	struct tevent_immediate *im = tevent_create_immediate(ev);
	struct job_state *state;
	struct tevent_req *req;
	int *answer = talloc_zero(ev, int);
	int given = 42;

	req = tevent_req_create(ev, &state, struct job_state);
	if (ev == NULL || queue == NULL || im == NULL || answer == NULL || req == NULL) {
		return 2;
	}
	tevent_req_set_callback(req, finished, answer);
	if (!tevent_queue_add(queue, ev, req, trigger, &given)) {
		return 2;
	}
	tevent_reset_immediate(im); /* 0.17: an older library does not have it */
	if (tevent_loop_wait(ev) != 0 || *answer != given || tevent_context_set_wait_timeout(ev, 1) != 30) {
		fprintf(stderr, "consumer: wrong answer\n");
		return 1;
	}
	talloc_free(ev);
	printf("consumer: ok\n");
	return 0;
}
