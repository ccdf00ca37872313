/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Large writes into one socket, one after another. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <tevent.h>

struct write_state {
	struct tevent_context *ev;
	int fd;
	const char *buf;
	size_t len;
	size_t written;
};

static void write_trigger(struct tevent_req *req, void *private_data);
static void write_some(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
		       void *private_data);

static struct tevent_req *write_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev,
				     struct tevent_queue *queue, int fd,
				     const char *buf, size_t len)
{
	struct write_state *state;
	struct tevent_req *req;

	req = tevent_req_create(mem_ctx, &state, struct write_state);
	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	state->fd = fd;
	state->buf = buf;
	state->len = len;

	if (!tevent_queue_add(queue, ev, req, write_trigger, NULL)) {
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	return req;
}

static void write_trigger(struct tevent_req *req, void *private_data)
{
	struct write_state *state = tevent_req_data(req, struct write_state);
	struct tevent_fd *fde;

	fde = tevent_add_fd(state->ev, state, state->fd,
			    TEVENT_FD_WRITE | TEVENT_FD_ERROR, write_some, req);
	tevent_req_nomem(fde, req);
}

static void write_some(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
		       void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct write_state *state = tevent_req_data(req, struct write_state);
	ssize_t n = send(state->fd, state->buf + state->written,
			 state->len - state->written, MSG_NOSIGNAL);

	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n == -1) {
		int err = errno;

		TALLOC_FREE(fde);
		tevent_req_error(req, (uint64_t)err);
		return;
	}
	state->written += (size_t)n;
	if (state->written == state->len) {
		TALLOC_FREE(fde);
		tevent_req_done(req);
	}
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

static int write_recv(struct tevent_req *req)
{
	int err = result_of(req);

	tevent_req_received(req);
	return err;
}

static void on_written(struct tevent_req *req)
{
	const char *name = tevent_req_callback_data_void(req);
	int err = write_recv(req);

	TALLOC_FREE(req);
	printf("%s: %s\n", name, err == 0 ? "written" : strerror(err));
}

struct reader {
	int fd;
	size_t left;
	char order[16];
};

static void on_readable(struct tevent_context *ev, struct tevent_fd *fde,
			uint16_t flags, void *private_data)
{
	struct reader *reader = private_data;
	static char buf[65536];
	ssize_t i, n = read(reader->fd, buf, sizeof(buf));

	for (i = 0; i < n; i++) {
		size_t seen = strlen(reader->order);

		if (seen == 0 || reader->order[seen - 1] != buf[i]) {
			if (seen < sizeof(reader->order) - 1) {
				reader->order[seen] = buf[i];
			}
		}
	}
	reader->left -= n > 0 ? (size_t)n : reader->left;
	if (reader->left == 0) {
		talloc_free(fde);
	}
}

int main(void)
{
	enum { SIZE = 1000000 };
	static char names[3][8] = {"first", "second", "third"};
	struct tevent_context *ev = tevent_context_init(NULL);
	struct reader reader = {.left = (size_t)3 * SIZE};
	struct tevent_queue *queue;
	int fds[2];
	int i;

	if (ev == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
		return 1;
	}
	queue = tevent_queue_create(ev, "socket");
	if (queue == NULL) {
		return 1;
	}

	for (i = 0; i < 3; i++) {
		char *buf = talloc_array(ev, char, SIZE);
		struct tevent_req *req;

		if (buf == NULL) {
			return 1;
		}
		memset(buf, 'a' + i, SIZE);
		req = write_send(ev, ev, queue, fds[0], buf, SIZE);
		if (req == NULL) {
			return 1;
		}
		tevent_req_set_callback(req, on_written, names[i]);
	}
	printf("%zu writes on the queue, nothing written yet\n",
	       tevent_queue_length(queue));

	reader.fd = fds[1];
	if (tevent_add_fd(ev, ev, fds[1], TEVENT_FD_READ, on_readable, &reader) ==
	    NULL) {
		return 1;
	}
	if (tevent_loop_wait(ev) != 0) {
		return 1;
	}
	printf("the reader saw: %s\n", reader.order);
	talloc_free(ev);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
