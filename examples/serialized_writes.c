/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Several large writes into one socket, one after another, through one tevent_queue.
 *
 *     serialized_writes [--no-queue] FILE [WRITES]
 *
 * A socket takes a few hundred kilobytes at a time, so a buffer of many megabytes needs many write calls, and the
 * program returns to the loop between them.  If two requests wrote into the same socket at the same time, their bytes
 * would mix.  So each socket gets a tevent_queue, and a request does not start to write when it is created but when the
 * queue calls its trigger function.  That happens when the request before it is freed.
 *
 * The first part, write_buffer_*(), is the part to copy: an asynchronous computation in the usual form of a _send and a
 * _recv function.  The second part uses it, the third one is the reader, a process of its own, which checks what comes.
 * With --no-queue all requests start at once, to show what the queue is there for: the reader finds the buffers mixed.
 *
 * Exit status: 0 each buffer arrived whole, 1 not, 2 usage or no resources.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

/* ---- 1. one write, as a request -------------------------------------------------------------------------- */

struct write_buffer_state {
	int fd;
	const uint8_t *data;
	size_t length, written;
	unsigned calls; /* of send(2) */
};

/*
 * At most this much per turn of the loop: a fast reader could keep the socket writable for long, and the program's
 * other events want their turns too.
 */
static const size_t most_per_turn = (size_t)256 * 1024;

/* The socket takes bytes (or send(2) will say why not): give it some, then back to the loop. */
static void write_buffer_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);
	size_t left = state->length - state->written;
	ssize_t n = send(state->fd, state->data + state->written, left < most_per_turn ? left : most_per_turn,
			 MSG_NOSIGNAL);

	(void)ev, (void)flags;
	state->calls++;
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		return; /* the loop calls again */
	}
	/* Finishing calls the caller's callback, which may free req: the last thing to do. */
	if (n == -1) {
		int error = errno;
		talloc_free(fde);
		tevent_req_error(req, (uint64_t)error);
		return;
	}
	state->written += (size_t)n;
	if (state->written == state->length) {
		talloc_free(fde);
		tevent_req_done(req);
	}
}

/* It is our turn: from now on the socket belongs to this request alone. */
static void write_buffer_trigger(struct tevent_req *req, void *private_data)
{
	struct tevent_context *ev = talloc_get_type_abort(private_data, struct tevent_context);
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);

	/*
	 * The event is a child of the state: it can't outlive the request.  With WRITE alone it would never be called
	 * again once the reader is gone, and the request would wait for ever; ERROR is what tells of it.
	 */
	(void)tevent_req_nomem(
		tevent_add_fd(ev, state, state->fd, TEVENT_FD_WRITE | TEVENT_FD_ERROR, write_buffer_ready, req), req);
}

/*
 * Writes all of data into fd, as soon as nothing else that was put on the queue before is writing.  fd is non-blocking;
 * data stays the caller's and has to live as long as the request.
 *
 * The caller sets a callback on the returned request, which is called when the write is finished or has failed, takes
 * the outcome with write_buffer_recv() and frees the request.  Freeing it is what lets the next one on the queue begin;
 * tevent_req_done() alone does not.  A request may also be freed at any time before: that takes it off the queue.
 */
static struct tevent_req *write_buffer_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct tevent_queue *queue,
					    int fd, const uint8_t *data, size_t length)
{
	struct write_buffer_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct write_buffer_state);

	if (req == NULL) {
		return NULL;
	}
	*state = (struct write_buffer_state){.fd = fd, .data = data, .length = length};

	if (queue == NULL) { /* for the demonstration only: nothing waits for anything */
		write_buffer_trigger(req, ev);
		return tevent_req_is_in_progress(req) ? req : tevent_req_post(req, ev);
	}
	/*
	 * No work here.  The queue calls the trigger from the loop when it is this request's turn, the first one's too.
	 * The caller has no chance to set its callback before we return, so a failure here is told from the loop.
	 */
	if (!tevent_queue_add(queue, ev, req, write_buffer_trigger, ev)) {
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	return req;
}

/* Takes the outcome: 0 or an errno value. */
static int write_buffer_recv(struct tevent_req *req, unsigned *calls)
{
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);
	enum tevent_req_state req_state;
	uint64_t error;
	int ret = 0;

	*calls = state->calls;
	if (tevent_req_is_error(req, &req_state, &error)) {
		ret = req_state == TEVENT_REQ_USER_ERROR ? (int)error : ENOMEM; /* nobody sets an end time here */
	}
	tevent_req_received(req); /* the state goes */
	return ret;
}

/* ---- 2. the writing process ------------------------------------------------------------------------------ */

/* Each buffer is the file's content turned by another part of its length; twice the content holds them all. */
struct content {
	uint8_t *twice;
	size_t length;
	unsigned count;
};

static const uint8_t *buffer_of(const struct content *content, unsigned number)
{
	return content->twice + content->length / content->count * (number - 1);
}

struct writer {
	struct tevent_queue *queue; /* NULL with --no-queue */
	unsigned finished, failed;
};

static void write_finished(struct tevent_req *req)
{
	struct writer *writer = tevent_req_callback_data_void(req);
	unsigned calls;
	int error = write_buffer_recv(req, &calls);

	writer->finished++;
	if (error != 0) {
		writer->failed++;
		printf("writer: a write failed: %s\n", strerror(error));
	} else {
		printf("writer: write %u is finished, in %u write calls; on the queue, this one included: %zu\n",
		       writer->finished, calls, writer->queue != NULL ? tevent_queue_length(writer->queue) : 0);
	}
	/* This request leaves the queue, and the next one's trigger is called from the loop. */
	talloc_free(req);
}

static int run_writer(int fd, const struct content *content, bool use_queue)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct writer writer = {0};

	if (ev == NULL) {
		goto no_memory;
	}
	if (use_queue) {
		writer.queue = tevent_queue_create(ev, "socket writes"); /* one per socket */
		if (writer.queue == NULL) {
			goto no_memory;
		}
	}
	/* All requests exist at the same time; none of them knows of the others. */
	for (unsigned number = 1; number <= content->count; number++) {
		struct tevent_req *req =
			write_buffer_send(ev, ev, writer.queue, fd, buffer_of(content, number), content->length);

		if (req == NULL) {
			goto no_memory;
		}
		tevent_req_set_callback(req, write_finished, &writer);
	}
	printf("writer: %u writes of %zu bytes each are under way, %s\n", content->count, content->length,
	       use_queue ? "all on one queue" : "without a queue");
	while (writer.finished < content->count) {
		if (tevent_loop_once(ev) != 0) {
			perror("writer: tevent_loop_once");
			writer.failed++;
			break;
		}
	}
	talloc_free(ev);
	return writer.failed == 0 ? 0 : 1;

no_memory:
	fprintf(stderr, "writer: no memory\n");
	talloc_free(ev);
	return 2;
}

/* ---- 3. the reading process: checks what arrives --------------------------------------------------------- */

static uint64_t checksum_of(const uint8_t *data, size_t length)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < length; i++) {
		sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
	}
	return sum;
}

/* Fewer bytes than asked for: there are no more. */
static size_t read_fully(int fd, uint8_t *data, size_t length)
{
	size_t got = 0;
	ssize_t n;

	while (got < length && ((n = read(fd, data + got, length - got)) > 0 || (n == -1 && errno == EINTR))) {
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

/* Reads to the end of the stream in any case, or the writer would never be done. */
static bool run_reader(int fd, const struct content *content)
{
	uint8_t *arrived = malloc(content->length);
	bool good = arrived != NULL;

	for (unsigned number = 1; good && number <= content->count; number++) {
		const uint8_t *sent = buffer_of(content, number);
		size_t length = read_fully(fd, arrived, content->length);
		size_t same = 0;

		while (same < length && arrived[same] == sent[same]) {
			same++;
		}
		good = same == content->length;
		if (good) {
			printf("reader: buffer %u arrived whole, %zu bytes, checksum %016" PRIx64 "\n", number, length,
			       checksum_of(arrived, length));
			continue;
		}
		printf("reader: buffer %u is damaged after %zu bytes", number, same);
		for (unsigned other = 1; other <= content->count; other++) {
			if (length - same >= 16 && memcmp(arrived + same, buffer_of(content, other), 16) == 0) {
				printf(": buffer %u begins there, they are interleaved", other);
				break;
			}
		}
		printf("\n");
	}
	if (arrived != NULL && read_fully(fd, arrived, 1) > 0) {
		good = false;
		while (read_fully(fd, arrived, content->length) > 0) {
		}
	}
	free(arrived);
	return good;
}

/* ---- both ------------------------------------------------------------------------------------------------ */

static bool read_file(const char *path, struct content *content)
{
	const size_t most = (size_t)16 << 20; /* enough for many write calls */
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	content->twice = fd != -1 ? malloc(2 * most) : NULL;
	content->length = content->twice != NULL ? read_fully(fd, content->twice, most) : 0;
	if (content->length == 0) {
		fprintf(stderr, "%s: cannot be read, or is empty\n", path);
		free(content->twice);
	} else {
		memcpy(content->twice + content->length, content->twice, content->length);
	}
	if (fd != -1) {
		close(fd);
	}
	return content->length > 0;
}

int main(int argc, char **argv)
{
	bool use_queue = argc < 2 || strcmp(argv[1], "--no-queue") != 0;
	struct content content = {0};
	int fds[2];
	int status, written;
	pid_t reader;

	argv += use_queue ? 0 : 1;
	argc -= use_queue ? 0 : 1;
	content.count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
	if (argc < 2 || argc > 3 || content.count < 1 || content.count > 1000) {
		fprintf(stderr, "usage: serialized_writes [--no-queue] FILE [WRITES]\n");
		return 2;
	}
	if (!read_file(argv[1], &content)) {
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* two processes print line by line */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1 || fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (reader = fork()) == -1) {
		perror("socketpair, fork");
		return 2;
	}
	if (reader == 0) {
		close(fds[0]);
		status = run_reader(fds[1], &content) ? 0 : 1;
		fflush(stdout);
		_exit(status);
	}
	close(fds[1]);
	written = run_writer(fds[0], &content, use_queue);
	close(fds[0]);
	while (waitpid(reader, &status, 0) == -1 && errno == EINTR) {
	}
	free(content.twice);
	if (written != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("result: FAILED, not every buffer arrived whole\n");
		return written != 0 ? written : 1;
	}
	printf("result: %u buffers of %zu bytes through one socket, each arrived whole, none interleaved\n",
	       content.count, content.length);
	return 0;
}
