/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A request made of requests: a number of two bytes. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <tevent.h>

struct byte_state {
	int fd;
	unsigned char byte;
};

static void byte_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
		       void *private_data);

static struct tevent_req *byte_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				    int fd)
{
	struct byte_state *state;
	struct tevent_req *req;
	struct tevent_fd *fde;

	req = tevent_req_create(mem_ctx, &state, struct byte_state);
	if (req == NULL) {
		return NULL;
	}
	state->fd = fd;

	fde = tevent_add_fd(ev, state, fd, TEVENT_FD_READ, byte_ready, req);
	if (tevent_req_nomem(fde, req)) {
		return tevent_req_post(req, ev);
	}
	return req;
}

static void byte_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
		       void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct byte_state *state = tevent_req_data(req, struct byte_state);
	ssize_t n = read(state->fd, &state->byte, 1);

	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		return; /* the loop calls again */
	}
	TALLOC_FREE(fde);
	if (n == -1) {
		tevent_req_error(req, (uint64_t)errno);
		return;
	}
	if (n == 0) {
		tevent_req_error(req, EPIPE);
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

static int byte_recv(struct tevent_req *req, unsigned char *byte)
{
	struct byte_state *state = tevent_req_data(req, struct byte_state);
	int err = result_of(req);

	if (err == 0) {
		*byte = state->byte;
	}
	tevent_req_received(req);
	return err;
}

struct number_state {
	struct tevent_context *ev;
	int fd;
	int have;
	unsigned char bytes[2];
};

static void number_byte_done(struct tevent_req *subreq);

static struct tevent_req *number_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				      int fd)
{
	struct number_state *state;
	struct tevent_req *req, *subreq;

	req = tevent_req_create(mem_ctx, &state, struct number_state);
	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	state->fd = fd;

	subreq = byte_send(state, ev, fd);
	if (tevent_req_nomem(subreq, req)) {
		return tevent_req_post(req, ev);
	}
	tevent_req_set_callback(subreq, number_byte_done, req);
	return req;
}

static void number_byte_done(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);
	struct number_state *state = tevent_req_data(req, struct number_state);
	int err = byte_recv(subreq, &state->bytes[state->have]);

	TALLOC_FREE(subreq);
	if (tevent_req_error(req, (uint64_t)err)) {
		return;
	}
	state->have++;
	if (state->have == 2) {
		tevent_req_done(req);
		return;
	}

	subreq = byte_send(state, state->ev, state->fd);
	if (tevent_req_nomem(subreq, req)) {
		return;
	}
	tevent_req_set_callback(subreq, number_byte_done, req);
}

static int number_recv(struct tevent_req *req, unsigned *number)
{
	struct number_state *state = tevent_req_data(req, struct number_state);
	int err = result_of(req);

	if (err == 0) {
		*number = state->bytes[0] * 256u + state->bytes[1];
	}
	tevent_req_received(req);
	return err;
}

static void second_byte(struct tevent_context *ev, struct tevent_timer *te,
			struct timeval now, void *private_data)
{
	printf("here comes the second byte\n");
	if (write(*(int *)private_data, "\x02", 1) != 1) {
		perror("write");
	}
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct tevent_req *req;
	unsigned number = 0;
	int fds[2];
	int err;

	if (ev == NULL || pipe(fds) == -1 || write(fds[1], "\x01", 1) != 1) {
		return 1;
	}
	if (tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 10000), second_byte,
			     &fds[1]) == NULL) {
		return 1;
	}
	req = number_send(ev, ev, fds[0]);
	if (req == NULL || !tevent_req_poll(req, ev)) {
		return 1;
	}
	err = number_recv(req, &number);
	TALLOC_FREE(req);
	printf("%s, the number is %u\n", err == 0 ? "no error" : strerror(err), number);

	/* Given up: the request, its subrequest and their fd event go together. */
	req = number_send(ev, ev, fds[0]);
	if (req == NULL) {
		return 1;
	}
	TALLOC_FREE(req);
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("nothing is left\n");
	close(fds[0]);
	close(fds[1]);
	talloc_free(ev);
	return 0;
}
