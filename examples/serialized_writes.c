/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Several large writes into one socket, one after another, through one
 * tevent_queue.
 *
 *     serialized_writes [--no-queue] FILE [WRITES]
 *
 * A socket takes a few hundred kilobytes at a time, so a buffer of many
 * megabytes needs many write calls, and the program returns to the loop
 * between them.  If two requests wrote into the same socket at the same time,
 * their bytes would mix.  So each socket gets a tevent_queue, and a request
 * does not start to write when it is created but when the queue calls its
 * trigger function.  That happens when the request before it is freed.
 *
 * The first part of this file, write_buffer_*(), is the part to copy: an
 * asynchronous computation in the usual form of a _send and a _recv function.
 * The second part uses it, the third one is the reader at the other end of the
 * socket, a process of its own, which checks what arrives.
 *
 * With --no-queue the same requests start at once, all of them, to show what
 * the queue is there for: the reader then finds the buffers mixed.
 *
 * Exit status: 0 each buffer arrived whole, 1 not, 2 usage or no resources.
 */

#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

/* ---- 1. one write, as a request ----------------------------------------- */

/* What a request has to remember from one call of the loop to the next. */
struct write_buffer_state {
	int fd;
	const uint8_t *data;
	size_t length;
	size_t written;
	unsigned calls; /* how often send(2) was called */
	struct tevent_fd *fde;
};

static bool write_buffer_start(struct tevent_req *req, struct tevent_context *ev);
static void write_buffer_trigger(struct tevent_req *req, void *private_data);
static void write_buffer_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data);

/*
 * Writes all of data into fd, as soon as nothing else that was put on the
 * queue before is writing.  fd is non-blocking; data stays the caller's and
 * has to live as long as the request.
 *
 * The caller sets a callback on the returned request, which is called when
 * the write is finished or has failed, takes the outcome with
 * write_buffer_recv() and frees the request.  Freeing it is what lets the
 * next one on the queue begin; tevent_req_done() alone does not.  A request
 * may also be freed at any time before: that takes it off the queue.
 */
static struct tevent_req *write_buffer_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct tevent_queue *queue,
					    int fd, const uint8_t *data, size_t length)
{
	struct tevent_req *req;
	struct write_buffer_state *state;

	req = tevent_req_create(mem_ctx, &state, struct write_buffer_state);
	if (req == NULL) {
		return NULL;
	}
	state->fd = fd;
	state->data = data;
	state->length = length;

	if (queue == NULL) {
		/* For the demonstration only: nothing waits for anything. */
		if (!write_buffer_start(req, ev)) {
			return tevent_req_post(req, ev);
		}
		return req;
	}

	/*
	 * No work here.  The queue calls the trigger from the loop when it is
	 * this request's turn, the first one's too.  private_data is what the
	 * trigger needs besides the request, here the context.
	 */
	if (!tevent_queue_add(queue, ev, req, write_buffer_trigger, ev)) {
		/*
		 * The caller has no chance to set its callback before we return,
		 * so a failure in a _send function is told from the loop.
		 */
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	return req;
}

/* Begins to watch the socket.  On failure the request is finished with NO_MEMORY. */
static bool write_buffer_start(struct tevent_req *req, struct tevent_context *ev)
{
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);

	/*
	 * The event is a child of the state: it can't outlive the request.
	 * With WRITE alone it would never be called again once the reader is
	 * gone, and the request would wait for ever; ERROR is what tells of it.
	 */
	state->fde = tevent_add_fd(ev, state, state->fd, TEVENT_FD_WRITE | TEVENT_FD_ERROR, write_buffer_ready, req);
	return !tevent_req_nomem(state->fde, req);
}

/* It is our turn: from now on the socket belongs to this request alone. */
static void write_buffer_trigger(struct tevent_req *req, void *private_data)
{
	struct tevent_context *ev = talloc_get_type_abort(private_data, struct tevent_context);

	(void)write_buffer_start(req, ev);
}

/*
 * At most this much per turn of the loop: a fast reader could keep the socket
 * writable for long, and the program's other events want their turns too.
 */
static const size_t most_per_turn = (size_t)256 * 1024;

/* The socket takes bytes (or send(2) will say why not): give it some, then back to the loop. */
static void write_buffer_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct tevent_req *req = talloc_get_type_abort(private_data, struct tevent_req);
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);
	size_t length = state->length - state->written;
	ssize_t n;

	(void)ev;
	(void)fde;
	(void)flags;

	if (length > most_per_turn) {
		length = most_per_turn;
	}
	n = send(state->fd, state->data + state->written, length, MSG_NOSIGNAL);
	state->calls++;
	if (n == -1) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
			return; /* the loop calls again */
		}
		/* Finishing calls the caller's callback, which may free req: the last thing to do. */
		int error = errno;
		TALLOC_FREE(state->fde);
		tevent_req_error(req, (uint64_t)error);
		return;
	}

	state->written += (size_t)n;
	if (state->written < state->length) {
		return;
	}
	TALLOC_FREE(state->fde);
	tevent_req_done(req);
}

/*
 * Takes the outcome: 0 or an errno value.  *calls, where wanted, is the
 * number of system calls that it took.
 */
static int write_buffer_recv(struct tevent_req *req, unsigned *calls)
{
	struct write_buffer_state *state = tevent_req_data(req, struct write_buffer_state);
	enum tevent_req_state req_state;
	uint64_t error;
	int ret = 0;

	if (calls != NULL) {
		*calls = state->calls;
	}
	if (tevent_req_is_error(req, &req_state, &error)) {
		switch (req_state) {
		case TEVENT_REQ_USER_ERROR:
			ret = (int)error;
			break;
		case TEVENT_REQ_NO_MEMORY:
			ret = ENOMEM;
			break;
		case TEVENT_REQ_TIMED_OUT:
			ret = ETIMEDOUT;
			break;
		default:
			ret = EINVAL;
			break;
		}
	}
	/* The state is not needed any more, and goes. */
	tevent_req_received(req);
	return ret;
}

/* ---- 2. the writing process ---------------------------------------------- */

/* Stands in front of each buffer, so that the reader knows what to expect. */
struct frame {
	char magic[8];
	uint64_t number; /* 1, 2, ... */
	uint64_t length; /* of what follows */
	uint64_t checksum;
};

static const char frame_magic[8] = {'t', 'v', 'F', 'r', 'a', 'm', 'e', '\x1a'};

static uint64_t checksum_of(const uint8_t *data, size_t length)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < length; i++) {
		sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
	}
	return sum;
}

struct writer {
	struct tevent_queue *queue; /* NULL with --no-queue */
	unsigned pending;
	unsigned failed;
};

struct numbered_write {
	struct writer *writer;
	unsigned number;
};

static void write_finished(struct tevent_req *req)
{
	struct numbered_write *w = tevent_req_callback_data(req, struct numbered_write);
	struct writer *writer = w->writer;
	unsigned number = w->number;
	unsigned calls;
	int error;

	error = write_buffer_recv(req, &calls);
	if (error != 0) {
		printf("writer: buffer %u failed: %s\n", number, strerror(error));
		writer->failed++;
	} else {
		printf("writer: buffer %u is written, in %u write calls", number, calls);
		if (writer->queue != NULL) {
			printf("; on the queue, this one included: %zu", tevent_queue_length(writer->queue));
		}
		printf("\n");
	}
	writer->pending--;

	/* This request leaves the queue, and the next one's trigger is called from the loop. */
	talloc_free(req);
}

/* The content of FILE, turned by a part of its length, behind its frame: each buffer is another one. */
static uint8_t *make_buffer(TALLOC_CTX *mem_ctx, const uint8_t *content, size_t length, unsigned number, unsigned count,
			    size_t *buffer_length)
{
	size_t turn = length / count * (number - 1);
	struct frame frame = {.number = number, .length = length};
	uint8_t *buffer = talloc_size(mem_ctx, sizeof(frame) + length);

	if (buffer == NULL) {
		return NULL;
	}
	memcpy(buffer + sizeof(frame), content + turn, length - turn);
	memcpy(buffer + sizeof(frame) + length - turn, content, turn);
	memcpy(frame.magic, frame_magic, sizeof(frame.magic));
	frame.checksum = checksum_of(buffer + sizeof(frame), length);
	memcpy(buffer, &frame, sizeof(frame));
	*buffer_length = sizeof(frame) + length;
	return buffer;
}

static int run_writer(int fd, const uint8_t *content, size_t length, unsigned count, bool use_queue)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct tevent_context *ev = tevent_context_init(mem);
	struct writer writer = {.pending = count};

	if (mem == NULL || ev == NULL) {
		goto no_memory;
	}
	if (use_queue) {
		/* One queue per socket. */
		writer.queue = tevent_queue_create(mem, "socket writes");
		if (writer.queue == NULL) {
			goto no_memory;
		}
	}

	/* All requests exist at the same time; none of them knows of the others. */
	for (unsigned number = 1; number <= count; number++) {
		struct numbered_write *w = talloc(mem, struct numbered_write);
		size_t buffer_length = 0;
		uint8_t *buffer = make_buffer(mem, content, length, number, count, &buffer_length);
		struct tevent_req *req;

		if (w == NULL || buffer == NULL) {
			goto no_memory;
		}
		*w = (struct numbered_write){.writer = &writer, .number = number};
		req = write_buffer_send(mem, ev, writer.queue, fd, buffer, buffer_length);
		if (req == NULL) {
			goto no_memory;
		}
		tevent_req_set_callback(req, write_finished, w);
	}
	printf("writer: %u writes of %zu bytes each are under way, %s\n", count, length + sizeof(struct frame),
	       use_queue ? "all on one queue" : "without a queue");

	while (writer.pending > 0) {
		if (tevent_loop_once(ev) != 0) {
			perror("writer: tevent_loop_once");
			writer.failed++;
			break;
		}
	}
	talloc_free(mem);
	return writer.failed == 0 ? 0 : 1;

no_memory:
	fprintf(stderr, "writer: no memory\n");
	talloc_free(mem);
	return 2;
}

/* ---- 3. the reading process: checks what arrives ------------------------- */

/* Fewer bytes than asked for: the stream is at its end. */
static size_t read_fully(int fd, void *data, size_t length)
{
	size_t got = 0;

	while (got < length) {
		ssize_t n = read(fd, (uint8_t *)data + got, length - got);
		if (n == 0 || (n == -1 && errno != EINTR)) {
			break;
		}
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

static bool check_next_buffer(int fd, uint8_t *body, size_t length, unsigned number)
{
	struct frame frame;
	const uint8_t *other;
	bool good = true;

	if (read_fully(fd, &frame, sizeof(frame)) != sizeof(frame) ||
	    memcmp(frame.magic, frame_magic, sizeof(frame.magic)) != 0) {
		printf("reader: where buffer %u should begin there is something else\n", number);
		return false;
	}
	if (frame.number != number) {
		printf("reader: buffer %" PRIu64 " came in the place of buffer %u\n", frame.number, number);
		good = false;
	}
	if (frame.length != length || read_fully(fd, body, length) != length) {
		printf("reader: buffer %" PRIu64 " has the wrong length\n", frame.number);
		return false;
	}
	if (checksum_of(body, length) != frame.checksum) {
		printf("reader: buffer %" PRIu64 " is damaged", frame.number);
		other = (const uint8_t *)memmem(body, length, frame_magic, sizeof(frame_magic));
		if (other != NULL) {
			printf(": another one begins %zu bytes into it, they are interleaved", (size_t)(other - body));
		}
		printf("\n");
		return false;
	}
	printf("reader: buffer %" PRIu64 " arrived whole, %zu bytes, checksum %016" PRIx64 "\n", frame.number, length,
	       frame.checksum);
	return good;
}

static int run_reader(int fd, size_t length, unsigned count)
{
	uint8_t *body = malloc(length);
	bool good = body != NULL;
	char rest[65536];

	for (unsigned number = 1; good && number <= count; number++) {
		good = check_next_buffer(fd, body, length, number);
	}
	free(body);
	/* Nothing more may come; what comes is read, or the writer would never be done. */
	while (read_fully(fd, rest, sizeof(rest)) > 0) {
		if (good) {
			printf("reader: there is more than %u buffers\n", count);
		}
		good = false;
	}
	return good ? 0 : 1;
}

/* ---- both ----------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *length)
{
	const size_t most = 16u << 20; /* enough for many write calls */
	struct stat st;
	uint8_t *content = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1) {
		perror(path);
	} else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
		fprintf(stderr, "%s: is empty or no regular file\n", path);
	} else {
		*length = (uintmax_t)st.st_size < most ? (size_t)st.st_size : most;
		content = malloc(*length);
		if (content == NULL || read_fully(fd, content, *length) != *length) {
			fprintf(stderr, "%s: can't be read\n", path);
			free(content);
			content = NULL;
		}
	}
	if (fd != -1) {
		close(fd);
	}
	return content;
}

int main(int argc, char **argv)
{
	bool use_queue = true;
	unsigned long count = 5;
	size_t length = 0;
	uint8_t *content;
	int fds[2];
	int written;
	int status;
	pid_t reader;

	if (argc > 1 && strcmp(argv[1], "--no-queue") == 0) {
		use_queue = false;
		argv++;
		argc--;
	}
	if (argc == 3) {
		count = strtoul(argv[2], NULL, 10);
	}
	if (argc < 2 || argc > 3 || count < 1 || count > 1000) {
		fprintf(stderr, "usage: serialized_writes [--no-queue] FILE [WRITES]\n");
		return 2;
	}
	content = read_file(argv[1], &length);
	if (content == NULL) {
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0); /* two processes print line by line */

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1 || fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1) {
		perror("socketpair");
		return 2;
	}
	reader = fork();
	if (reader == -1) {
		perror("fork");
		return 2;
	}
	if (reader == 0) {
		close(fds[0]);
		free(content);
		status = run_reader(fds[1], length, (unsigned)count);
		fflush(stdout);
		_exit(status);
	}

	close(fds[1]);
	written = run_writer(fds[0], content, length, (unsigned)count, use_queue);
	close(fds[0]);
	free(content);
	while (waitpid(reader, &status, 0) == -1 && errno == EINTR) {
	}

	if (written != 0) {
		printf("result: the writer failed\n");
		return written;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("result: FAILED, not every buffer arrived whole\n");
		return 1;
	}
	printf("result: %lu buffers of %zu bytes through one socket, each arrived whole, none interleaved\n", count,
	       length);
	return 0;
}
