/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Why a handler must not run the loop. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#define TEVENT_DEPRECATED 1 /* or the header does not show the call below */
#include <tevent.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct waiter {
	const char *name;
	bool ready;
};

static void on_ready(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	struct waiter *w = private_data;

	w->ready = true;
	printf("  what %s waits for is there\n", w->name);
}

/* The tempting way: wait in here. */
static void on_request(struct tevent_context *ev, struct tevent_immediate *im,
		       void *private_data)
{
	struct waiter *w = private_data;

	printf("  %s begins to wait\n", w->name);
	while (!w->ready) {
		if (tevent_loop_once(ev) != 0) {
			printf("  %s may not: %s\n", w->name, strerror(errno));
			return;
		}
	}
	printf("  %s goes on\n", w->name);
}

static int run(bool allow)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct waiter quick = {.name = "quick"}, slow = {.name = "slow"};
	struct tevent_immediate *a = tevent_create_immediate(ev);
	struct tevent_immediate *b = tevent_create_immediate(ev);

	if (ev == NULL || a == NULL || b == NULL) {
		return 1;
	}
	if (allow) {
		tevent_loop_allow_nesting(ev);
	}
	tevent_schedule_immediate(a, ev, on_request, &quick);
	tevent_schedule_immediate(b, ev, on_request, &slow);
	if (tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 1000), on_ready,
			     &quick) == NULL ||
	    tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 2000), on_ready,
			     &slow) == NULL ||
	    tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}

static void on_abort(const char *reason)
{
	printf("  the library calls tevent_abort()\n");
}

int main(void)
{
	tevent_set_abort_fn(on_abort);
	printf("as it is:\n");
	if (run(false) != 0) {
		return 1;
	}
	printf("with tevent_loop_allow_nesting():\n");
	return run(true);
}
