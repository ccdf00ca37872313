/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Who comes, who goes, who runs: trace callbacks and tags. */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include <tevent.h>

struct tracer {
	uint64_t last_tag;
};

static const char *name_of(enum tevent_event_trace_point point)
{
	switch (point) {
	case TEVENT_EVENT_TRACE_ATTACH:
		return "joins the loop";
	case TEVENT_EVENT_TRACE_DETACH:
		return "leaves the loop";
	case TEVENT_EVENT_TRACE_BEFORE_HANDLER:
		return "runs its handler";
	}
	return "?";
}

static void trace_fd(struct tevent_fd *fde, enum tevent_event_trace_point point,
		     void *private_data)
{
	struct tracer *tracer = private_data;

	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_fd_set_tag(fde, ++tracer->last_tag);
	}
	printf("  #%" PRIu64 " fd %s\n", tevent_fd_get_tag(fde), name_of(point));
}

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point,
			void *private_data)
{
	struct tracer *tracer = private_data;

	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		tevent_timer_set_tag(te, ++tracer->last_tag);
	}
	printf("  #%" PRIu64 " timer %s\n", tevent_timer_get_tag(te), name_of(point));
}

static void trace_loop(enum tevent_trace_point point, void *private_data)
{
	switch (point) {
	case TEVENT_TRACE_BEFORE_WAIT:
		printf("  (waiting)\n");
		break;
	case TEVENT_TRACE_BEFORE_LOOP_ONCE:
		printf("a turn\n");
		break;
	default:
		break;
	}
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	if (write(*(int *)private_data, "x", 1) != 1) {
		perror("write");
	}
}

static void on_readable(struct tevent_context *ev, struct tevent_fd *fde,
			uint16_t flags, void *private_data)
{
	talloc_free(fde);
	printf("  (the handler goes on)\n");
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tracer tracer = {.last_tag = 0};
	int fds[2];

	if (ev == NULL || pipe(fds) == -1) {
		return 1;
	}
	tevent_set_debug_stderr(ev);
	tevent_set_trace_callback(ev, trace_loop, NULL);
	tevent_set_trace_fd_callback(ev, trace_fd, &tracer);
	tevent_set_trace_timer_callback(ev, trace_timer, &tracer);

	if (tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_readable, NULL) == NULL ||
	    tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, &fds[1]) ==
		    NULL ||
	    tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
