/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A timer that comes again, and who owns what. */

#include <stdbool.h>
#include <stdio.h>
#include <tevent.h>

struct countdown {
	int left;
	struct timeval next;
};

static void on_tick(struct tevent_context *ev, struct tevent_timer *te,
		    struct timeval now, void *private_data);

static bool arm(struct tevent_context *ev, struct countdown *c)
{
	c->next = tevent_timeval_add(&c->next, 0, 20000);
	return tevent_add_timer(ev, c, c->next, on_tick, c) != NULL;
}

static void on_tick(struct tevent_context *ev, struct tevent_timer *te,
		    struct timeval now, void *private_data)
{
	struct countdown *c = talloc_get_type_abort(private_data, struct countdown);

	printf("%d\n", c->left);
	c->left--;
	if (c->left == 0 || !arm(ev, c)) {
		talloc_free(c);
	}
}

static void on_never(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	printf("this is never printed\n");
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct countdown *c = talloc_zero(ev, struct countdown);

	if (ev == NULL || c == NULL) {
		return 1;
	}
	c->left = 3;
	c->next = tevent_timeval_current();

	/* An hour from now, but a child of the countdown: it goes when that goes. */
	if (!arm(ev, c) || tevent_add_timer(ev, c, tevent_timeval_current_ofs(3600, 0),
					    on_never, NULL) == NULL) {
		return 1;
	}
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("lift-off\n");
	talloc_free(ev);
	return 0;
}
