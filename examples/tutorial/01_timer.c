/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* One timer. */

#include <stdio.h>
#include <tevent.h>

static void on_timer(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	const char *text = private_data;

	printf("%s\n", text);
}

int main(void)
{
	static char text[] = "a tenth of a second later";
	struct tevent_context *ev = tevent_context_init(NULL);

	if (ev == NULL) {
		return 1;
	}
	if (tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 100000), on_timer,
			     text) == NULL) {
		return 1;
	}
	printf("waiting\n");
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("nothing left to wait for\n");
	talloc_free(ev);
	return 0;
}
