/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A descriptor: read what comes until the other side has closed. */

#include <stdio.h>
#include <unistd.h>
#include <tevent.h>

static void on_readable(struct tevent_context *ev, struct tevent_fd *fde,
			uint16_t flags, void *private_data)
{
	int fd = *(const int *)private_data;
	char buf[64];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0) {
		printf("end of file\n");
		TALLOC_FREE(fde);
		return;
	}
	printf("read: %.*s\n", (int)n, buf);
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te,
		     struct timeval now, void *private_data)
{
	int *fd = private_data;

	printf("the writer says something and closes\n");
	if (write(*fd, "hello", 5) != 5) {
		perror("write");
	}
	close(*fd);
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_fd *fde;
	int fds[2];

	if (ev == NULL || pipe(fds) == -1) {
		return 1;
	}
	fde = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_readable, &fds[0]);
	if (fde == NULL) {
		return 1;
	}
	tevent_fd_set_auto_close(fde);

	if (tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 10000), on_timer,
			     &fds[1]) == NULL) {
		return 1;
	}
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
