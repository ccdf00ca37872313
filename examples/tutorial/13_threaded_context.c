/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A door into the loop: a thread tells how far it is. */

#include <pthread.h>
#include <stdio.h>
#include <tevent.h>

enum { PARTS = 4 };

struct work {
	struct tevent_threaded_context *door;
	struct part {
		struct tevent_immediate *im;
		struct work *work;
		unsigned long sum;
	} parts[PARTS];
	int done; /* the main thread's */
};

static void on_part(struct tevent_context *ev, struct tevent_immediate *im,
		    void *private_data)
{
	struct part *part = private_data;

	part->work->done++;
	printf("part %d of %d: %lu\n", part->work->done, PARTS, part->sum);
}

static void *work_main(void *arg)
{
	struct work *work = arg;
	unsigned long n = 0;
	int i;

	for (i = 0; i < PARTS; i++) {
		struct part *part = &work->parts[i];
		unsigned long end = n + 100000;

		for (; n < end; n++) {
			part->sum += n % 7;
		}
		tevent_threaded_schedule_immediate(work->door, part->im, on_part, part);
	}
	return NULL;
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct work *work = talloc_zero(ev, struct work);
	pthread_t thread;
	int i;

	if (ev == NULL || work == NULL) {
		return 1;
	}
	work->door = tevent_threaded_context_create(work, ev);
	if (work->door == NULL) {
		return 1;
	}
	for (i = 0; i < PARTS; i++) {
		work->parts[i].work = work;
		work->parts[i].im = tevent_create_immediate(work);
		if (work->parts[i].im == NULL) {
			return 1;
		}
	}
	if (pthread_create(&thread, NULL, work_main, work) != 0) {
		return 1;
	}
	while (work->done < PARTS && tevent_loop_once(ev) == 0) {
		continue;
	}
	pthread_join(thread, NULL);
	talloc_free(ev);
	return 0;
}
