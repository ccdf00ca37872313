/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Where a request's time goes: its profile. */

#include <stdio.h>
#include <tevent.h>

struct step_state {
	int dummy;
};

struct job_state {
	struct tevent_context *ev;
	int steps;
};

static void step_slept(struct tevent_req *subreq);
static void job_next(struct tevent_req *req);
static void job_stepped(struct tevent_req *subreq);

static struct tevent_req *step_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				    unsigned usecs)
{
	struct step_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct step_state);
	struct tevent_req *subreq;

	if (req == NULL) {
		return NULL;
	}
	subreq = tevent_wakeup_send(state, ev, tevent_timeval_current_ofs(0, usecs));
	if (tevent_req_nomem(subreq, req)) {
		return tevent_req_post(req, ev);
	}
	tevent_req_set_callback(subreq, step_slept, req);
	return req;
}

static void step_slept(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);

	TALLOC_FREE(subreq);
	tevent_req_done(req);
}

static struct tevent_req *job_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev)
{
	struct job_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct job_state);

	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	if (!tevent_req_set_profile(req)) {
		return tevent_req_post(req, ev);
	}
	job_next(req);
	return tevent_req_is_in_progress(req) ? req : tevent_req_post(req, ev);
}

static void job_next(struct tevent_req *req)
{
	struct job_state *state = tevent_req_data(req, struct job_state);
	struct tevent_req *subreq = step_send(state, state->ev, 1000);

	if (tevent_req_nomem(subreq, req)) {
		return;
	}
	tevent_req_set_callback(subreq, job_stepped, req);
}

static void job_stepped(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);
	struct job_state *state = tevent_req_data(req, struct job_state);

	TALLOC_FREE(subreq);
	state->steps++;
	if (state->steps == 2) {
		tevent_req_done(req);
		return;
	}
	job_next(req);
}

static void print_profile(const struct tevent_req_profile *profile, int depth)
{
	const struct tevent_req_profile *sub;
	enum tevent_req_state state;
	struct timeval begin, end;
	const char *name;

	tevent_req_profile_get_name(profile, &name);
	tevent_req_profile_get_start(profile, NULL, &begin);
	tevent_req_profile_get_stop(profile, NULL, &end);
	tevent_req_profile_get_status(profile, NULL, &state, NULL);

	printf("%*s%s: state %d, %s\n", 2 * depth, "", name, state,
	       tevent_timeval_compare(&end, &begin) > 0 ? "took some time" : "no time");
	for (sub = tevent_req_profile_get_subprofiles(profile); sub != NULL;
	     sub = tevent_req_profile_next(sub)) {
		print_profile(sub, depth + 1);
	}
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_req *req;

	if (ev == NULL) {
		return 1;
	}
	req = job_send(ev, ev);
	if (req == NULL || !tevent_req_poll(req, ev)) {
		return 1;
	}
	print_profile(tevent_req_get_profile(req), 0);
	talloc_free(ev);
	return 0;
}
