/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The main() of the benchmark programs.
 *
 *   PROGRAM --list all workloads, tab separated, and whether this program has them PROGRAM WORKLOAD
 *   [OPERATIONS [PASSES]] setup, warm-up, passes, teardown; a line per pass PROGRAM --count OPERATIONS
 *   WORKLOAD... for callgrind: a dump per workload with the cost of one pass
 *
 * A pass prints nanoseconds and operations, a BYTES pass the bytes of the library's own accounting, of malloc and
 * of resident memory.  Each process runs one workload and is started again for each round, so that the memory
 * layout differs from round to round instead of favouring one library.
 */

#define _GNU_SOURCE 1
#include "driver.h"
#include "workloads.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(what) (void)(what)
#endif

enum unit { CPU, WALL, OWN, BYTES };

struct workload {
	const char *name;
	unsigned n;
	uint64_t operations;
	enum unit unit;
	const char *unit_name;
	const char *what;
};

#define AS_ENTRY(name, n, operations, unit, what) {#name, n, operations, unit, #unit, what},
static const struct workload workloads[] = {WORKLOADS(AS_ENTRY)};
#define WORKLOAD_COUNT (sizeof(workloads) / sizeof(workloads[0]))

/* ---- what cases use ---------------------------------------------------------------------------------------- */

_Noreturn void bench_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	exit(1);
}

int bench_eventfd(unsigned value)
{
	int fd = eventfd(value, EFD_CLOEXEC | EFD_NONBLOCK);
	BENCH_CHECK(fd >= 0);
	return fd;
}

void bench_socketpair(int fds[2])
{
	BENCH_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
}

void bench_write_eventfd(int fd)
{
	const uint64_t one = 1;
	BENCH_CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
}

void bench_read_eventfd(int fd)
{
	uint64_t value = 0;
	BENCH_CHECK(read(fd, &value, sizeof(value)) == sizeof(value));
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void bench_signal(void)
{
	static pid_t pid;

	if (pid == 0) {
		pid = getpid();
	}
	kill(pid, SIGUSR1);
}

uint64_t bench_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void bench_let_it_sleep(void)
{
	const struct timespec moment = {.tv_nsec = 100000};
	nanosleep(&moment, NULL);
}

unsigned *bench_permutation(unsigned n)
{
	struct bench_random random = BENCH_SEED;
	unsigned *numbers = calloc(n, sizeof(unsigned));
	BENCH_CHECK(numbers != NULL);
	for (unsigned i = 0; i < n; i++) {
		const unsigned j = bench_random(&random, i + 1);
		numbers[i] = numbers[j];
		numbers[j] = i;
	}
	return numbers;
}

/* ---- looking up -------------------------------------------------------------------------------------------- */

static const struct bench_case *find_case(const char *name)
{
	for (const struct bench_case *const *list = bench_program; *list != NULL; list++) {
		for (const struct bench_case *one = *list; one->name != NULL; one++) {
			if (strcmp(one->name, name) == 0) {
				return one;
			}
		}
	}
	return NULL;
}

static const struct workload *find_workload(const char *name)
{
	for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
		if (strcmp(workloads[i].name, name) == 0) {
			return &workloads[i];
		}
	}
	return NULL;
}

static int list_workloads(void)
{
	for (size_t i = 0; i < WORKLOAD_COUNT; i++) {
		const struct workload *one = &workloads[i];
		printf("%s\t%u\t%" PRIu64 "\t%s\t%s\t%s\n", one->name, one->n, one->operations, one->unit_name,
		       find_case(one->name) != NULL ? "yes" : "no", one->what);
	}
	return 0;
}

/* A case whose name is in no list would never run, unnoticed. */
static void check_names(void)
{
	for (const struct bench_case *const *list = bench_program; *list != NULL; list++) {
		for (const struct bench_case *one = *list; one->name != NULL; one++) {
			if (find_workload(one->name) == NULL) {
				bench_fail(one->name, __FILE__, __LINE__);
			}
		}
	}
}

/* ---- measuring --------------------------------------------------------------------------------------------- */

static uint64_t resident_bytes(void)
{
	unsigned long total = 0;
	unsigned long resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	BENCH_CHECK(statm != NULL && fscanf(statm, "%lu %lu", &total, &resident) == 2);
	fclose(statm);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

enum { FEW_OBJECTS = 10 };

static void measure_memory(const struct bench_case *one, void *state, uint64_t operations)
{
	const uint64_t resident = resident_bytes();
	const size_t allocated = mallinfo2().uordblks;
	const uint64_t own = one->run(state, operations);
	printf("%" PRIu64 "\t%zu\t%" PRIu64 "\n", own, mallinfo2().uordblks - allocated, resident_bytes() - resident);
}

static void measure_time(const struct bench_case *one, void *state, uint64_t operations, enum unit unit)
{
	const clockid_t clock = unit == CPU ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
	const uint64_t begin = clock_ns(clock);
	const uint64_t own = one->run(state, operations);
	const uint64_t end = clock_ns(clock);
	printf("%" PRIu64 "\t%" PRIu64 "\n", unit == OWN ? own : end - begin, operations);
}

static int measure(const struct workload *workload, uint64_t operations, unsigned passes)
{
	const struct bench_case *one = find_case(workload->name);
	if (one == NULL) {
		fprintf(stderr, "%s: not here\n", workload->name);
		return 2;
	}
	if (workload->unit == BYTES) {
		/* The pages of the code that creates the objects do not count. */
		void *few = one->setup(FEW_OBJECTS);
		one->run(few, FEW_OBJECTS);
		one->teardown(few);
	}
	void *state = one->setup(workload->n);
	if (workload->unit == BYTES) {
		measure_memory(one, state, operations);
	} else {
		one->run(state, (operations + 9) / 10);
		for (unsigned i = 0; i < passes; i++) {
			measure_time(one, state, operations, workload->unit);
		}
	}
	one->teardown(state);
	return 0;
}

static int count(uint64_t operations, char **names)
{
	for (; *names != NULL; names++) {
		const struct workload *workload = find_workload(*names);
		const struct bench_case *one = find_case(*names);
		BENCH_CHECK(workload != NULL && one != NULL);
		void *state = one->setup(workload->n);
		one->run(state, operations);
		CALLGRIND_ZERO_STATS;
		one->run(state, operations);
		CALLGRIND_DUMP_STATS_AT(workload->name);
		one->teardown(state);
	}
	return 0;
}

static void allow_many_descriptors(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	check_names();
	allow_many_descriptors();
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		return list_workloads();
	}
	if (argc >= 4 && strcmp(argv[1], "--count") == 0) {
		return count(strtoull(argv[2], NULL, 10), &argv[3]);
	}
	const struct workload *workload = argc >= 2 ? find_workload(argv[1]) : NULL;
	if (workload == NULL || argc > 4) {
		fprintf(stderr, "usage: %s --list | WORKLOAD [OPERATIONS [PASSES]] | --count OPERATIONS WORKLOAD...\n",
			argv[0]);
		return 2;
	}
	const uint64_t operations = argc >= 3 ? strtoull(argv[2], NULL, 10) : workload->operations;
	const unsigned passes = argc >= 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 3;
	return measure(workload, operations, passes);
}
