/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A question with a time limit, and a cleanup function that closes what is open. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <tevent.h>

struct ask_state {
	int fd;
	struct tevent_fd *fde;
	char answer[16];
};

static void ask_cleanup(struct tevent_req *req, enum tevent_req_state req_state);
static void ask_readable(struct tevent_context *ev, struct tevent_fd *fde,
			 uint16_t flags, void *private_data);

/* fd belongs to the request from now on. */
static struct tevent_req *ask_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				   int fd, struct timeval endtime)
{
	struct ask_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct ask_state);

	if (req == NULL) {
		close(fd);
		return NULL;
	}
	state->fd = fd;
	tevent_req_set_cleanup_fn(req, ask_cleanup);

	if (!tevent_req_set_endtime(req, ev, endtime)) {
		return tevent_req_post(req, ev);
	}
	state->fde = tevent_add_fd(ev, state, fd, TEVENT_FD_READ, ask_readable, req);
	if (tevent_req_nomem(state->fde, req)) {
		return tevent_req_post(req, ev);
	}
	if (send(fd, "ping", 4, MSG_NOSIGNAL) != 4) {
		tevent_req_error(req, EPIPE);
		return tevent_req_post(req, ev);
	}
	return req;
}

static void ask_cleanup(struct tevent_req *req, enum tevent_req_state req_state)
{
	struct ask_state *state = tevent_req_data(req, struct ask_state);

	printf("  cleanup, state %d\n", req_state);
	TALLOC_FREE(state->fde);
	if (state->fd != -1) {
		close(state->fd);
		state->fd = -1;
	}
}

static void ask_readable(struct tevent_context *ev, struct tevent_fd *fde,
			 uint16_t flags, void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct ask_state *state = tevent_req_data(req, struct ask_state);
	ssize_t n = read(state->fd, state->answer, sizeof(state->answer) - 1);

	if (n <= 0) {
		tevent_req_error(req, n == 0 ? EPIPE : (uint64_t)errno);
		return;
	}
	tevent_req_done(req);
}

/* What became of a request, as an errno value. */
static int result_of(struct tevent_req *req)
{
	enum tevent_req_state req_state;
	uint64_t error = 0;

	if (!tevent_req_is_error(req, &req_state, &error)) {
		return 0;
	}
	switch (req_state) {
	case TEVENT_REQ_USER_ERROR:
		return (int)error;
	case TEVENT_REQ_TIMED_OUT:
		return ETIMEDOUT;
	case TEVENT_REQ_NO_MEMORY:
		return ENOMEM;
	default:
		return EINVAL;
	}
}

static int ask_recv(struct tevent_req *req, TALLOC_CTX *mem_ctx, char **answer)
{
	struct ask_state *state = tevent_req_data(req, struct ask_state);
	int err = result_of(req);

	if (err == 0) {
		*answer = talloc_strdup(mem_ctx, state->answer);
		err = *answer == NULL ? ENOMEM : 0;
	}
	tevent_req_received(req);
	return err;
}

static int ask(struct tevent_context *ev, const char *who, const char *answer,
	       struct timeval endtime)
{
	struct tevent_req *req;
	char *text = NULL;
	int fds[2];
	int err;

	printf("%s\n", who);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1) {
		return errno;
	}
	if (answer != NULL && write(fds[1], answer, strlen(answer)) == -1) {
		return errno;
	}
	req = ask_send(ev, ev, fds[0], endtime);
	if (req == NULL || !tevent_req_poll(req, ev)) {
		return ENOMEM;
	}
	err = ask_recv(req, ev, &text);
	printf("  %s\n", err == 0 ? text : strerror(err));
	TALLOC_FREE(req);
	TALLOC_FREE(text);
	close(fds[1]);
	return err;
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);

	if (ev == NULL) {
		return 1;
	}
	if (ask(ev, "who answers", "pong", tevent_timeval_current_ofs(60, 0)) != 0) {
		return 1;
	}
	if (ask(ev, "who keeps silent", NULL, tevent_timeval_current_ofs(0, 20000)) !=
	    ETIMEDOUT) {
		return 1;
	}
	talloc_free(ev);
	return 0;
}
