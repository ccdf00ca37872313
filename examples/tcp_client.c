/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Sends a line to a TCP server and prints the line that comes back.
 *
 *     tcp_client ADDRESS PORT TEXT [MILLISECONDS]
 *
 * One request, tcp_ask, does it all: it connects, writes, reads up to the end of the line.  The caller adds what it
 * wants of limits: an end time, and Ctrl-C as tevent_req_cancel().  Whatever ends the request, its cleanup function
 * closes the socket, at once.  ADDRESS is a number, since looking up a name would block.
 *
 * Exit status: 0 an answer, 1 none (the reason is on stderr), 2 usage or no resources.
 */

#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

/* ---- the request ----------------------------------------------------------------------------------------- */

enum tcp_ask_step { CONNECTING, WRITING, READING };

struct tcp_ask_state {
	enum tcp_ask_step step;
	int fd;
	struct tevent_fd *fde;
	char *question;
	size_t length, written;
	char answer[4096];
	size_t got;
};

static void tcp_ask_cleanup(struct tevent_req *req, enum tevent_req_state req_state);
static bool tcp_ask_cancel(struct tevent_req *req);
static void tcp_ask_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data);

static struct tevent_req *tcp_ask_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev, const struct sockaddr_in *addr,
				       const char *text)
{
	struct tcp_ask_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct tcp_ask_state);

	if (req == NULL) {
		return NULL;
	}
	state->fd = -1;
	tevent_req_set_cleanup_fn(req, tcp_ask_cleanup);
	tevent_req_set_cancel_fn(req, tcp_ask_cancel);

	state->question = talloc_asprintf(state, "%s\n", text);
	if (tevent_req_nomem(state->question, req)) {
		return tevent_req_post(req, ev);
	}
	state->length = strlen(state->question);

	state->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (state->fd == -1 ||
	    (connect(state->fd, (const struct sockaddr *)addr, sizeof(*addr)) == -1 && errno != EINPROGRESS)) {
		tevent_req_error(req, (uint64_t)errno);
		return tevent_req_post(req, ev);
	}
	/* Connected or failed, both make it writable or an error, and SO_ERROR says which. */
	state->fde = tevent_add_fd(ev, state, state->fd, TEVENT_FD_WRITE | TEVENT_FD_ERROR, tcp_ask_ready, req);
	if (tevent_req_nomem(state->fde, req)) {
		return tevent_req_post(req, ev);
	}
	return req;
}

/* The event goes before its descriptor does. */
static void tcp_ask_cleanup(struct tevent_req *req, enum tevent_req_state req_state)
{
	struct tcp_ask_state *state = tevent_req_data(req, struct tcp_ask_state);

	(void)req_state;
	TALLOC_FREE(state->fde);
	if (state->fd != -1) {
		close(state->fd);
		state->fd = -1;
	}
}

static bool tcp_ask_cancel(struct tevent_req *req)
{
	return tevent_req_error(req, ECANCELED);
}

/* Each step returns 0, or an errno value; EAGAIN is no error but "not yet". */
static int tcp_ask_connected(struct tcp_ask_state *state)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(state->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1) {
		return errno;
	}
	if (error == 0) {
		state->step = WRITING;
	}
	return error;
}

static int tcp_ask_write(struct tcp_ask_state *state)
{
	ssize_t n = send(state->fd, state->question + state->written, state->length - state->written, MSG_NOSIGNAL);

	if (n == -1) {
		return errno;
	}
	state->written += (size_t)n;
	if (state->written == state->length) {
		state->step = READING;
		tevent_fd_set_flags(state->fde, TEVENT_FD_READ);
	}
	return 0;
}

static int tcp_ask_read(struct tcp_ask_state *state, bool *complete)
{
	size_t room = sizeof(state->answer) - 1 - state->got;
	ssize_t n = room == 0 ? 0 : recv(state->fd, state->answer + state->got, room, 0);
	char *end;

	if (n == -1) {
		return errno;
	}
	if (n == 0) {
		return room == 0 ? EMSGSIZE : ECONNRESET; /* before the end of the line */
	}
	end = memchr(state->answer + state->got, '\n', (size_t)n);
	state->got += (size_t)n;
	if (end != NULL) {
		*end = '\0';
		*complete = true;
	}
	return 0;
}

static void tcp_ask_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct tcp_ask_state *state = tevent_req_data(req, struct tcp_ask_state);
	bool complete = false;
	int error = 0;

	(void)ev, (void)fde, (void)flags;
	switch (state->step) {
	case CONNECTING:
		error = tcp_ask_connected(state);
		break;
	case WRITING:
		error = tcp_ask_write(state);
		break;
	case READING:
		error = tcp_ask_read(state, &complete);
		break;
	}
	if (complete) {
		tevent_req_done(req);
	} else if (error != EAGAIN && error != EINTR) {
		tevent_req_error(req, (uint64_t)error); /* 0 is none */
	}
}

static int tcp_ask_recv(struct tevent_req *req, TALLOC_CTX *mem_ctx, char **answer)
{
	struct tcp_ask_state *state = tevent_req_data(req, struct tcp_ask_state);
	enum tevent_req_state req_state;
	uint64_t error;
	int ret = 0;

	if (!tevent_req_is_error(req, &req_state, &error)) {
		*answer = talloc_strdup(mem_ctx, state->answer);
		ret = *answer != NULL ? 0 : ENOMEM;
	} else if (req_state == TEVENT_REQ_USER_ERROR) {
		ret = (int)error;
	} else {
		ret = req_state == TEVENT_REQ_TIMED_OUT ? ETIMEDOUT : ENOMEM;
	}
	tevent_req_received(req);
	return ret;
}

/* ---- its caller ------------------------------------------------------------------------------------------ */

static void on_interrupt(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	tevent_req_cancel(talloc_get_type_abort(private_data, struct tevent_req));
}

int main(int argc, char **argv)
{
	unsigned long ms = argc == 5 ? strtoul(argv[4], NULL, 10) : 10000;
	struct sockaddr_in addr = {.sin_family = AF_INET};
	struct tevent_context *ev;
	struct tevent_req *req;
	char *answer = NULL;
	int error;

	if (argc < 4 || argc > 5 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: tcp_client ADDRESS PORT TEXT [MILLISECONDS]\n");
		return 2;
	}
	addr.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));

	ev = tevent_context_init(NULL);
	req = ev != NULL ? tcp_ask_send(ev, ev, &addr, argv[3]) : NULL;
	if (req == NULL) {
		fprintf(stderr, "no memory\n");
		talloc_free(ev);
		return 2;
	}
	if (tevent_req_is_in_progress(req)) {
		struct timeval end = tevent_timeval_current_ofs((uint32_t)(ms / 1000), (uint32_t)(ms % 1000 * 1000));

		/* Without memory the request fails by itself; a child of the request, the signal goes with it. */
		if (tevent_req_set_endtime(req, ev, end) &&
		    tevent_add_signal(ev, req, SIGINT, 0, on_interrupt, req) == NULL) {
			perror("SIGINT");
		}
	}
	if (!tevent_req_poll(req, ev)) {
		perror("tevent_req_poll");
		talloc_free(ev);
		return 2;
	}
	error = tcp_ask_recv(req, ev, &answer);
	if (error == 0) {
		printf("%s\n", answer);
	} else {
		fprintf(stderr, "no answer: %s\n", strerror(error));
	}
	talloc_free(ev);
	return error == 0 ? 0 : 1;
}
