/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Signals, as events like all others. */

#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <tevent.h>

static void on_usr1(struct tevent_context *ev, struct tevent_signal *se, int signum,
		    int count, void *siginfo, void *private_data)
{
	printf("SIGUSR1 came %d times\n", count);
	kill(getpid(), SIGTERM);
}

static void on_usr2(struct tevent_context *ev, struct tevent_signal *se, int signum,
		    int count, void *siginfo, void *private_data)
{
	const siginfo_t *info = siginfo;

	printf("SIGUSR2 from %s\n", info->si_pid == getpid() ? "myself" : "elsewhere");
}

static void on_term(struct tevent_context *ev, struct tevent_signal *se, int signum,
		    int count, void *siginfo, void *private_data)
{
	printf("SIGTERM: the end\n");
	talloc_free(private_data); /* with all three events, this one too */
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	TALLOC_CTX *events = talloc_new(ev);

	if (ev == NULL || events == NULL ||
	    tevent_add_signal(ev, events, SIGUSR1, 0, on_usr1, NULL) == NULL ||
	    tevent_add_signal(ev, events, SIGUSR2, SA_SIGINFO, on_usr2, NULL) == NULL ||
	    tevent_add_signal(ev, events, SIGTERM, 0, on_term, events) == NULL) {
		return 1;
	}
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);

	printf("no handler has run yet\n");
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
