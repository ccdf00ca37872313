/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* After fork(): the child starts its copy of the loop anew. */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tevent.h>

static void on_timer(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	printf("the parent's timer, once\n");
}

static void on_line(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
		    void *private_data)
{
	char buf[64];
	ssize_t n = read(*(int *)private_data, buf, sizeof(buf));

	if (n <= 0) {
		TALLOC_FREE(fde);
		return;
	}
	printf("the child says: %.*s\n", (int)n, buf);
}

static void on_child(struct tevent_context *ev, struct tevent_signal *se, int signum,
		     int count, void *siginfo, void *private_data)
{
	int *status = private_data;

	if (waitpid(-1, status, WNOHANG) > 0) {
		TALLOC_FREE(se);
	}
}

static void say(struct tevent_context *ev, struct tevent_timer *te, struct timeval now,
		void *private_data)
{
	if (write(*(int *)private_data, "hello", 5) != 5) {
		_exit(1);
	}
}

static int child(struct tevent_context *ev, int fd)
{
	/* Nothing of what the parent waits for is left in here. */
	if (tevent_re_initialise(ev) != 0 ||
	    tevent_add_timer(ev, ev, tevent_timeval_zero(), say, &fd) == NULL ||
	    tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 7;
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	int status = 0;
	int fds[2];
	pid_t pid;

	if (ev == NULL || pipe(fds) == -1 ||
	    tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL) == NULL ||
	    tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_line, &fds[0]) == NULL ||
	    tevent_add_signal(ev, ev, SIGCHLD, 0, on_child, &status) == NULL) {
		return 1;
	}
	pid = fork();
	if (pid == -1) {
		return 1;
	}
	if (pid == 0) {
		close(fds[0]);
		_exit(child(ev, fds[1]));
	}
	close(fds[1]);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("the child's exit status: %d\n", WEXITSTATUS(status));
	close(fds[0]);
	talloc_free(ev);
	return 0;
}
