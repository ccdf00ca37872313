/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* See stress.h. */

#include "stress.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { backstop_seconds = 120 };

static int parameter_count;
static char **parameters;
static uint64_t seed;
static uint64_t pass; /* passes through the list; varies the random choices */
static const char *running = "";

/* ---- failures ---- */

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
	dprintf(STDERR_FILENO, "%s:%d: %s: does not hold: %s (pid %d)\n", file, line, running, condition,
		(int)getpid());
	_exit(1);
}

_Noreturn void check_equal_failed(const char *file, int line, const char *a, long long a_is, const char *b,
				  long long b_is)
{
	dprintf(STDERR_FILENO, "%s:%d: %s: %s is %lld, %s is %lld (pid %d, errno %d)\n", file, line, running, a, a_is,
		b, b_is, (int)getpid(), errno);
	_exit(1);
}

static void on_backstop(int signum)
{
	static const char text[] = ": something was lost, there is no end to it\n";

	(void)signum;
	if (write(STDERR_FILENO, running, strlen(running)) < 0 || write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		_exit(3);
	}
	_exit(2);
}

void set_backstop(void)
{
	signal(SIGALRM, on_backstop);
	alarm((unsigned)parameter("backstop", backstop_seconds));
}

/* ---- parameters ---- */

static const char *find_parameter(const char *name)
{
	size_t length = strlen(name);

	for (int i = 0; i < parameter_count; i++) {
		if (strncmp(parameters[i], name, length) == 0 && parameters[i][length] == '=') {
			return parameters[i] + length + 1;
		}
	}
	return NULL;
}

long parameter(const char *name, long otherwise)
{
	const char *value = find_parameter(name);

	return value != NULL ? strtol(value, NULL, 0) : otherwise;
}

/* ---- chance ---- */

struct chance chance_of(unsigned number)
{
	struct chance c = {seed * 0x9E3779B97F4A7C15u + pass * 0x632BE59BD9B4E019u + number};

	draw(&c, 1);
	return c;
}

/* splitmix64 */
uint32_t draw(struct chance *c, uint32_t below)
{
	uint64_t z = c->state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	z ^= z >> 31;
	return (uint32_t)(((z >> 32) * below) >> 32);
}

void dally(struct chance *c)
{
	for (uint32_t left = draw(c, 2000); left > 0; left--) {
		atomic_signal_fence(memory_order_seq_cst);
	}
}

/* ---- helpers ---- */

struct tevent_context *new_context(TALLOC_CTX *mem_ctx, const char *backend)
{
	struct tevent_context *ev = tevent_context_init_byname(mem_ctx, backend);

	check(ev != NULL);
	tevent_context_set_wait_timeout(ev, INT32_MAX);
	return ev;
}

void run_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	check_equal(pthread_create(thread, NULL, fn, arg), 0);
}

void join_thread(pthread_t thread)
{
	check_equal(pthread_join(thread, NULL), 0);
}

int count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	check(dir != NULL);
	while (readdir(dir) != NULL) {
		count++;
	}
	closedir(dir);
	return count - 3; /* ".", "..", the directory itself */
}

void expect_success(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) == -1) {
		check_equal(errno, EINTR);
	}
	check_equal(status, 0);
}

void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(memory != MAP_FAILED);
	return memory;
}

/* ---- main ---- */

static void run_once_through(const struct scenario *scenarios, const char *only)
{
	int ran = 0;

	for (const struct scenario *s = scenarios; s->name != NULL; s++) {
		if (only != NULL && strcmp(only, s->name) != 0) {
			continue;
		}
		int fds = count_open_fds();

		running = s->name;
		set_backstop();
		s->fn();
		alarm(0);
		check_equal(count_open_fds(), fds);
		ran++;
		if (pass == 0) {
			printf("ok: %s\n", s->name);
			fflush(stdout);
		}
	}
	check(ran > 0);
}

int stress_main(int argc, char **argv, const struct scenario *scenarios)
{
	time_t end;

	parameter_count = argc - 1;
	parameters = argv + 1;
	end = time(NULL) + parameter("seconds", 0);
	seed = (uint64_t)parameter("seed", (long)time(NULL));
	printf("seed=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	do {
		run_once_through(scenarios, find_parameter("only"));
		pass++;
	} while (time(NULL) < end);
	printf("%llu times through\n", (unsigned long long)pass);
	return 0;
}
