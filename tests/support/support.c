/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* See support.h.  State is static on purpose: a case may fork or longjmp. */

#define _GNU_SOURCE 1
#include "support.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif

static char record[1 << 16];
static size_t record_len;

int debug_messages[4];
int abort_count;
char abort_reason[512];

static int fds_at_start;
static struct sigaction dispositions_at_start[NSIG];

/* ---- which library ---- */

bool running_on_oracle(void)
{
	return dlvsym(RTLD_DEFAULT, "tevent_reset_immediate", "TEVENT_0.17.0") == NULL;
}

/* The runner names the library under test (TEVENT_TEST_LIBRARY=ours|oracle); a
 * binary that loaded the other one must not report success. */
int group_setup(void **state)
{
	const char *expected = getenv("TEVENT_TEST_LIBRARY");
	(void)state;
	talloc_enable_null_tracking();
	if (expected == NULL) {
		return 0;
	}
	if (strcmp(expected, running_on_oracle() ? "oracle" : "ours") != 0) {
		fprintf(stderr, "wrong library loaded: expected %s\n", expected);
		return -1;
	}
	return 0;
}

/* ---- record ---- */

void clear_notes(void)
{
	record_len = 0;
	record[0] = '\0';
}

const char *notes(void)
{
	return record;
}

void note(const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	if (record_len > 0 && record_len + 1 < sizeof(record)) {
		record[record_len++] = ' ';
	}
	room = sizeof(record) - record_len;
	va_start(ap, fmt);
	n = vsnprintf(record + record_len, room, fmt, ap);
	va_end(ap);
	if (n > 0) {
		record_len += (size_t)n < room ? (size_t)n : room - 1;
	}
}

static void count_debug(void *private_data, enum tevent_debug_level level,
			const char *fmt, va_list ap) PRINTF_ATTRIBUTE(3, 0);

static void count_debug(void *private_data, enum tevent_debug_level level,
			const char *fmt, va_list ap)
{
	(void)private_data;
	(void)fmt;
	(void)ap;
	debug_messages[level]++;
}

void set_debug_recorder(struct tevent_context *ev)
{
	assert_int_equal(tevent_set_debug(ev, count_debug, NULL), 0);
}

/* ---- aborts ---- */

static void count_abort(const char *reason)
{
	abort_count++;
	snprintf(abort_reason, sizeof(abort_reason), "%s", reason);
	errno = EUCLEAN; /* a failed call's errno is set after it has aborted */
}

void record_aborts(void)
{
	abort_count = 0;
	abort_reason[0] = '\0';
	tevent_set_abort_fn(count_abort);
}

/* A child ends in the middle of a case: memory that valgrind would report as
 * lost there is still in use by the parent. */
static void leave_leaks_to_the_parent(void)
{
#ifdef VALGRIND_CLO_CHANGE
	VALGRIND_CLO_CHANGE("--leak-check=no");
#endif
}

/* cmocka catches these, and would continue the parent's test in the child. */
static void leave_crashes_to_the_kernel(void)
{
	const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		signal(crashes[i], SIG_DFL);
	}
}

void child_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: in the child: %s does not hold\n", file, line, condition);
	_exit(99);
}

int status_of_child(void (*fn)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null_fd = open("/dev/null", O_WRONLY);
		if (null_fd >= 0 && getenv("TEVENT_TEST_VERBOSE") == NULL) {
			dup2(null_fd, STDERR_FILENO);
			dup2(null_fd, STDOUT_FILENO);
		}
		leave_leaks_to_the_parent();
		leave_crashes_to_the_kernel();
		fn(arg);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
	}
	return status;
}

/* ---- descriptors, time ---- */

/* For systems without /proc, or without a free descriptor to read it. */
static int count_open_fds_one_by_one(void)
{
	const int end = 512;
	int count = 0;

	for (int fd = 0; fd < end; fd++) {
		count += fcntl(fd, F_GETFD) != -1;
	}
	return count;
}

int count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (dir == NULL) {
		return count_open_fds_one_by_one();
	}
	while (readdir(dir) != NULL) {
		count++;
	}
	closedir(dir);
	return count - 3; /* ".", "..", the directory itself */
}

static void set_nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

void socket_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	set_nonblocking(fds[0]);
	set_nonblocking(fds[1]);
}

void pipe_pair(int fds[2])
{
	assert_int_equal(pipe(fds), 0);
	set_nonblocking(fds[0]);
	set_nonblocking(fds[1]);
}

void close_fd(int *fd)
{
	if (*fd != -1) {
		close(*fd);
		*fd = -1;
	}
}

void write_byte(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0) {
	}
}

void fill(int fd)
{
	char buf[4096] = { 0 };

	while (write(fd, buf, sizeof(buf)) > 0) {
	}
	while (write(fd, buf, 1) > 0) {
	}
}

/* The eventfd's counter, or -1 if the descriptor is no eventfd. */
static long long eventfd_count(int fd)
{
	char path[64], line[128];
	long long count = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info != NULL && fgets(line, sizeof(line), info) != NULL) {
		if (strncmp(line, "eventfd-count:", strlen("eventfd-count:")) == 0) {
			count = strtoll(line + strlen("eventfd-count:"), NULL, 16);
		}
	}
	if (info != NULL) {
		fclose(info);
	}
	return count;
}

enum { most_descriptors = 256 };

int find_eventfd(void)
{
	for (int fd = 0; fd < most_descriptors; fd++) {
		if (eventfd_count(fd) >= 0) {
			return fd;
		}
	}
	return -1;
}

uint64_t eventfd_counts(void)
{
	uint64_t sum = 0;

	for (int fd = 0; fd < most_descriptors; fd++) {
		long long count = eventfd_count(fd);

		sum += count > 0 ? (uint64_t)count : 0;
	}
	return sum;
}

struct timeval in_ms(int64_t ms)
{
	struct timeval tv = tevent_timeval_current();
	int64_t usecs = (int64_t)tv.tv_usec + (ms % 1000) * 1000;

	tv.tv_sec += ms / 1000;
	while (usecs < 0) {
		usecs += 1000000;
		tv.tv_sec--;
	}
	while (usecs > 999999) {
		usecs -= 1000000;
		tv.tv_sec++;
	}
	tv.tv_usec = usecs;
	return tv;
}

/* ---- loop ---- */

void turns(struct tevent_context *ev, int n)
{
	for (int i = 0; i < n; i++) {
		int ret = tevent_loop_once(ev);
		if (ret != 0) {
			fail_msg("turn %d of %d returned %d", i + 1, n, ret);
		}
	}
}

static void set_true(struct tevent_context *ev, struct tevent_timer *te, struct timeval now,
		     void *private_data)
{
	*(bool *)private_data = true;
}

/* Observes waits, then calls the callback that the case has set. */
struct wait_watch {
	bool waited;
	tevent_trace_callback_t next;
	void *next_private;
};

static void watch_wait(enum tevent_trace_point point, void *private_data)
{
	struct wait_watch *watch = private_data;

	watch->waited |= point == TEVENT_TRACE_BEFORE_WAIT;
	if (watch->next != NULL) {
		watch->next(point, watch->next_private);
	}
}

/*
 * Ready fds end the wait before the timer is due; if it fires after a wait,
 * nothing was ready.  Without a wait it proves nothing: on a slow machine it
 * was due before the fds were checked.
 */
int settle(struct tevent_context *ev, int limit)
{
	struct wait_watch watch = { false, NULL, NULL };
	int taken = 0;
	bool idle = false;

	tevent_get_trace_callback(ev, &watch.next, &watch.next_private);
	tevent_set_trace_callback(ev, watch_wait, &watch);
	while (taken < limit && !idle) {
		bool fired = false;
		struct tevent_timer *te = tevent_add_timer(ev, ev, in_ms(2), set_true, &fired);

		assert_non_null(te);
		watch.waited = false;
		turns(ev, 1);
		idle = fired && watch.waited;
		taken += idle || !fired;
		if (!fired) {
			talloc_free(te);
		}
	}
	tevent_set_trace_callback(ev, watch.next, watch.next_private);
	return taken;
}

/* ---- fixture ---- */

static void save_dispositions(struct sigaction *out)
{
	for (int sig = 1; sig < NSIG; sig++) {
		memset(&out[sig], 0, sizeof(out[sig]));
		sigaction(sig, NULL, &out[sig]);
	}
}

struct tevent_context *another_context(struct fixture *f)
{
	struct tevent_context *ev = tevent_context_init_byname(f->mem, f->backend);
	assert_non_null(ev);
	return ev;
}

int fixture_setup(void **state)
{
	struct fixture *f;

	clear_notes();
	memset(debug_messages, 0, sizeof(debug_messages));
	abort_count = 0;
	save_dispositions(dispositions_at_start);
	fds_at_start = count_open_fds();

	f = talloc_zero(NULL, struct fixture);
	if (f == NULL) {
		return -1;
	}
	f->backend = (const char *)*state;
	f->mem = talloc_named_const(f, 0, "case");
	f->ev = tevent_context_init_byname(f->mem, f->backend);
	if (f->ev == NULL) {
		return -1;
	}
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = (struct fixture *)*state;
	struct sigaction now[NSIG];
	int failures = 0;

	talloc_free(f);
	tevent_set_abort_fn(NULL);

	if (count_open_fds() != fds_at_start) {
		fprintf(stderr, "descriptors: %d at the start, %d left\n",
			fds_at_start, count_open_fds());
		failures++;
	}
	save_dispositions(now);
	for (int sig = 1; sig < NSIG; sig++) {
		if (now[sig].sa_handler != dispositions_at_start[sig].sa_handler) {
			fprintf(stderr, "disposition of signal %d changed\n", sig);
			failures++;
		}
	}
	/* The oracle's backend registry and signal state stay below the NULL
	 * context until exit; any chunk that the case itself left is a
	 * leak. */
	if (talloc_total_blocks(NULL) > 1 && !running_on_oracle()) {
		fprintf(stderr, "talloc chunks left:\n");
		talloc_report_full(NULL, stderr);
		failures++;
	}
	return failures == 0 ? 0 : -1;
}
