/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Tests of a request: what it waits for is in the test's hand, and no clock is. */

#define _GNU_SOURCE 1

#include <dlfcn.h>
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

static int tests, failed;

static void check(bool ok, const char *what)
{
	tests++;
	failed += ok ? 0 : 1;
	printf("%sok %d - %s\n", ok ? "" : "not ", tests, what);
}

/* Runs one request to its end on a pipe that the test prepares. */
static int byte_of(struct tevent_context *ev, const char *content, bool close_it,
		   bool at_once, unsigned char *byte)
{
	struct tevent_req *req = NULL;
	int err = ENOMEM;
	int fds[2];

	if (pipe(fds) == -1) {
		return errno;
	}
	if (write(fds[1], content, strlen(content)) == -1) {
		err = errno;
		goto out;
	}
	if (close_it) {
		close(fds[1]);
		fds[1] = -1;
	}
	req = byte_send(ev, ev, fds[0]);
	if (req == NULL) {
		goto out;
	}
	/* Zero is due at once: a test of a timeout does not wait for one. */
	if (at_once && !tevent_req_set_endtime(req, ev, tevent_timeval_zero())) {
		goto out;
	}
	if (tevent_req_poll(req, ev)) {
		err = byte_recv(req, byte);
	}
out:
	TALLOC_FREE(req);
	close(fds[0]);
	if (fds[1] != -1) {
		close(fds[1]);
	}
	return err;
}

/* This one stands in front of libc's, for the program and all its libraries. */
static long allocations_left = -1;

void *malloc(size_t size)
{
	static void *(*next)(size_t);

	if (next == NULL) {
		*(void **)&next = dlsym(RTLD_NEXT, "malloc");
	}
	if (allocations_left == 0) {
		errno = ENOMEM;
		return NULL;
	}
	if (allocations_left > 0) {
		allocations_left--;
	}
	return next(size);
}

/* The first allocation fails, then the second, and so on, until none is left to fail.
 */
static void test_no_memory(struct tevent_context *ev)
{
	size_t blocks = talloc_total_blocks(ev);
	bool only_enomem = true, clean = true;
	unsigned char byte = 0;
	int err = ENOMEM;
	long n;

	for (n = 0; err != 0 && n < 100; n++) {
		allocations_left = n;
		err = byte_of(ev, "x", false, false, &byte);
		allocations_left = -1;
		only_enomem = only_enomem && (err == 0 || err == ENOMEM);
		clean = clean && talloc_total_blocks(ev) == blocks;
	}
	check(n > 1 && only_enomem, "without memory it says ENOMEM");
	check(err == 0 && byte == 'x', "as soon as there is enough it works");
	check(clean, "nothing is left behind");
}

int main(void)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	unsigned char byte = 0;

	if (ev == NULL) {
		return 1;
	}
	check(byte_of(ev, "abc", false, false, &byte) == 0 && byte == 'a', "a byte");
	check(byte_of(ev, "", true, false, &byte) == EPIPE, "end of file");
	check(byte_of(ev, "", false, true, &byte) == ETIMEDOUT, "no byte in time");
	test_no_memory(ev);
	talloc_free(ev);
	printf("1..%d\n", tests);
	return failed != 0;
}
