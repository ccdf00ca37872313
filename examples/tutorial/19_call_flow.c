/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Who calls whom, across turns of the loop: call flow. */

#include <stdio.h>
#include <tevent.h>

struct outer_state {
	struct tevent_context *ev;
};

struct inner_state {
	bool slept;
};

static void inner_trigger(struct tevent_req *req, void *private_data)
{
	tevent_req_done(req);
}

static struct tevent_req *inner_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				     struct tevent_queue *queue)
{
	struct inner_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct inner_state);

	if (req == NULL) {
		return NULL;
	}
	if (!tevent_queue_add(queue, ev, req, inner_trigger, NULL)) {
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	return req;
}

static void outer_inner_done(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);

	TALLOC_FREE(subreq);
	tevent_req_done(req);
}

static struct tevent_req *outer_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				     struct tevent_queue *queue)
{
	struct outer_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct outer_state);
	struct tevent_req *subreq;

	if (req == NULL) {
		return NULL;
	}
	subreq = inner_send(state, ev, queue);
	if (tevent_req_nomem(subreq, req)) {
		return tevent_req_post(req, ev);
	}
	tevent_req_set_callback(subreq, outer_inner_done, req);
	return req;
}

static void on_outer(struct tevent_req *req)
{
	talloc_free(req);
}

static void on_flow(void *private_data, enum tevent_thread_call_depth_cmd cmd,
		    struct tevent_req *req, size_t depth, const char *fname)
{
	static const char *const names[] = {
		[TEVENT_CALL_FLOW_REQ_RESET] = "-- end of turn",
		[TEVENT_CALL_FLOW_REQ_CREATE] = "create",
		[TEVENT_CALL_FLOW_REQ_CANCEL] = "cancel",
		[TEVENT_CALL_FLOW_REQ_CLEANUP] = "cleanup",
		[TEVENT_CALL_FLOW_REQ_NOTIFY_CB] = "callback",
		[TEVENT_CALL_FLOW_REQ_QUEUE_ENTER] = "enter queue",
		[TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER] = "trigger",
		[TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE] = "leave queue",
	};

	if (cmd == TEVENT_CALL_FLOW_REQ_CLEANUP) {
		return; /* none of the requests here has a cleanup function */
	}
	printf("%*s%s", 2 * (int)depth, "", names[cmd]);
	printf(req != NULL ? " %s\n" : "\n", fname);
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_queue *queue = tevent_queue_create(ev, "queue");
	struct tevent_req *req;

	if (ev == NULL || queue == NULL) {
		return 1;
	}
	tevent_thread_call_depth_set_callback(on_flow, NULL);
	req = outer_send(ev, ev, queue);
	if (req == NULL) {
		return 1;
	}
	tevent_req_set_callback(req, on_outer, NULL);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	tevent_thread_call_depth_set_callback(NULL, NULL);
	talloc_free(ev);
	return 0;
}
