/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A request: read one byte. */

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

static void on_byte(struct tevent_req *req)
{
	const char *who = tevent_req_callback_data_void(req);
	unsigned char byte = 0;
	int err = byte_recv(req, &byte);

	TALLOC_FREE(req);
	if (err != 0) {
		printf("%s: %s\n", who, strerror(err));
		return;
	}
	printf("%s: '%c'\n", who, byte);
}

int main(void)
{
	static char names[3][8] = {"first", "second", "third"};
	struct tevent_context *ev = tevent_context_init(NULL);
	int fds[2];
	int i;

	if (ev == NULL || pipe(fds) == -1) {
		return 1;
	}
	for (i = 0; i < 3; i++) {
		struct tevent_req *req = byte_send(ev, ev, fds[0]);

		if (req == NULL) {
			return 1;
		}
		tevent_req_set_callback(req, on_byte, names[i]);
		if (i < 2 && write(fds[1], &"ok"[i], 1) != 1) {
			return 1;
		}
		if (i == 2) {
			close(fds[1]); /* nothing for the third one */
		}
		if (tevent_loop_wait(ev) != 0) {
			return 1;
		}
	}
	close(fds[0]);
	talloc_free(ev);
	return 0;
}
