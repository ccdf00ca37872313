/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Ends without freeing its context, as many programs do.  With the argument `leak`
 * it also loses some memory, which a leak checker has to report.
 */

#include <signal.h>
#include <stdlib.h>

#include <talloc.h>
#include <tevent.h>

static struct tevent_context *context;

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	(void)ev;
	(void)se;
	(void)signum;
	(void)count;
	(void)siginfo;
	(void)private_data;
}

__attribute__((noinline)) static void lose_memory(void)
{
	void *volatile lost = malloc(1000);

	lost = NULL;
	(void)lost;
}

int main(int argc, char **argv)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_immediate *im = tevent_create_immediate(ev);

	(void)argv;
	/* Every kind of object, and what the library allocates for itself. */
	if (tevent_add_signal(ev, ev, SIGUSR1, SA_SIGINFO, on_signal, NULL) == NULL || im == NULL ||
	    tevent_add_fd(ev, ev, 0, 0, NULL, NULL) == NULL || tevent_threaded_context_create(ev, ev) == NULL ||
	    tevent_thread_proxy_create(ev) == NULL || tevent_queue_create(ev, "queue") == NULL) {
		return 1;
	}
	raise(SIGUSR1);
	tevent_loop_once(ev);
	context = ev;
	if (argc > 1) {
		lose_memory();
	}
	return 0;
}
