/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Immediates: "as soon as the caller is out of the way". */

#include <stdio.h>
#include <tevent.h>

static void on_timer(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	printf("a timer that was due all the time\n");
}

static void on_third(struct tevent_context *ev, struct tevent_immediate *im,
		     void *private_data)
{
	printf("third, scheduled by the first\n");
}

static void on_first(struct tevent_context *ev, struct tevent_immediate *im,
		     void *private_data)
{
	printf("first\n");
	tevent_schedule_immediate(im, ev, on_third, NULL);
}

static void on_second(struct tevent_context *ev, struct tevent_immediate *im,
		      void *private_data)
{
	printf("second\n");
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_immediate *a = tevent_create_immediate(ev);
	struct tevent_immediate *b = tevent_create_immediate(ev);

	if (ev == NULL || a == NULL || b == NULL ||
	    tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL) == NULL) {
		return 1;
	}
	tevent_schedule_immediate(a, ev, on_first, NULL);
	tevent_schedule_immediate(b, ev, on_second, NULL);
	printf("nothing has run yet\n");

	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
