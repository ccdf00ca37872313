/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * One run of a sweep: cmocka's own runner with one case, whose results are intercepted.
 *
 * These replace cmocka's functions of the same names:
 *
 *   _fail()   an assertion failed.  With some faults that is right, but nothing
 *             may be left behind.  The case's stack still exists, so everything
 *             that it allocated can be freed in place, unless other threads run
 *             or a handler of the library is on the stack.
 *   _skip()   to record it.
 */

#define _GNU_SOURCE 1
#include "sweep_case.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct report *report;
static struct fault fault;
static pid_t case_pid;
static CMUnitTestFunction test_of_case;
static CMFixtureFunction setup_of_case, teardown_of_case;
static bool setup_done, test_done, skipped, judging;

static void leave(enum verdict verdict) __attribute__((noreturn));

static void leave(enum verdict verdict)
{
	atomic_store(&report->verdict, (int)verdict);
	fflush(NULL);
	_exit(0);
}

static void say(const char *what, int number)
{
	size_t used = strlen(report->words);

	snprintf(report->words + used, sizeof(report->words) - used, " %s %d;", what, number);
}

/* The function that one of this file's with the same name overrides. */
static void (*next_function(const char *name))(void)
{
	return (void (*)(void))(uintptr_t)dlsym(RTLD_NEXT, name);
}

/* ---- where are we ---- */

static bool is_of_library(const void *address)
{
	Dl_info library, here;

	return dladdr((const void *)(uintptr_t)next_function("tevent_context_init_byname"), &library) != 0 &&
	       dladdr(address, &here) != 0 && strcmp(here.dli_fname, library.dli_fname) == 0;
}

static bool inside_library(void)
{
	void *frames[64];
	int n = backtrace(frames, 64);

	for (int i = 0; i < n; i++) {
		if (is_of_library(frames[i])) {
			return true;
		}
	}
	return false;
}

static bool other_threads_run(void)
{
	char line[128];
	int n = 1;
	FILE *status = fopen("/proc/self/status", "r");

	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		if (sscanf(line, "Threads: %d", &n) == 1) {
			break;
		}
	}
	if (status != NULL) {
		fclose(status);
	}
	return n > 1;
}

/* ---- leftovers ---- */

struct chunks {
	const void *found[4096];
	size_t count;
	bool contexts; /* which: contexts at any depth, or all that have no parent */
};

static void collect(const void *chunk, int depth, int max_depth, int is_ref, void *private_data)
{
	struct chunks *chunks = private_data;
	bool wanted = chunks->contexts ? strcmp(talloc_get_name(chunk), "struct tevent_context") == 0 : depth == 1;

	if (wanted && !is_ref && chunks->count < sizeof(chunks->found) / sizeof(chunks->found[0])) {
		chunks->found[chunks->count++] = chunk;
	}
}

/* Contexts first: an immediate on its way to one must not be freed before it (T2). */
static void free_what_stands(void)
{
	static struct chunks chunks;

	for (int contexts = 1; contexts >= 0; contexts--) {
		size_t before = SIZE_MAX;
		chunks.contexts = contexts;
		for (;;) {
			chunks.count = 0;
			talloc_report_depth_cb(NULL, 0, contexts ? 100 : 1, collect, &chunks);
			if (chunks.count == 0 || chunks.count >= before) {
				break; /* the rest refuses */
			}
			before = chunks.count;
			talloc_free((void *)(uintptr_t)chunks.found[0]); /* may free others too */
		}
	}
}

static bool nothing_is_left(bool count_chunks)
{
	bool clean = true;

	if (faults_open_descriptors() != 0) {
		say("descriptors that the library has open:", faults_open_descriptors());
		clean = false;
	}
	if (count_chunks && talloc_total_blocks(NULL) > 1) {
		say("talloc chunks:", (int)talloc_total_blocks(NULL) - 1);
		talloc_report_full(NULL, stderr);
		clean = false;
	}
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction now;
		if (sigaction(sig, NULL, &now) == 0 && is_of_library((const void *)(uintptr_t)now.sa_handler)) {
			say("disposition of signal", sig);
			clean = false;
		}
	}
	return clean;
}

static void judge_what_stands(enum verdict verdict) __attribute__((noreturn));

static void judge_what_stands(enum verdict verdict)
{
	if (talloc_total_blocks(NULL) == 0) {
		leave(FAILED_AND_NOT_FREED); /* the case disables talloc's tracking */
	}
	free_what_stands();
	leave(nothing_is_left(true) ? verdict : LEFTOVERS);
}

/* ---- in front of cmocka ---- */

void _fail(const char *const file, const int line)
{
	if (getpid() != case_pid) {
		_exit(98);
	}
	fprintf(stderr, "assertion at %s:%d\n", file, line);
	if (judging || other_threads_run() || inside_library()) {
		leave(FAILED_AND_NOT_FREED);
	}
	judging = true;
	judge_what_stands(FAILED);
}

void _skip(const char *const file, const int line)
{
	skipped = true;
	((__typeof__(_skip) *)next_function("_skip"))(file, line);
	abort();
}

/* ---- what sweep_retry.c asks and says ---- */

/* Where epoll fails, poll takes the same turn. */
bool fault_ends_a_wait(void)
{
	return (fault.call == FAULT_EPOLL_WAIT && fault.error == EINTR) || fault.call == FAULT_POLL;
}

void told(void)
{
	atomic_store(&report->told, true);
}

/* ---- the case, between cmocka's runner and its own functions ---- */

static void crashed(int sig)
{
	atomic_fetch_add(&report->crashes, 1);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Installed after cmocka's own handlers, which would report it as a failed assertion. */
static void watch_for_crashes(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		signal(signals[i], crashed);
	}
}

static int set_up(void **state)
{
	int result;

	watch_for_crashes();
	result = setup_of_case != NULL ? setup_of_case(state) : 0;
	setup_done = result == 0;
	return result;
}

static void run_body(void **state)
{
	watch_for_crashes();
	test_of_case(state);
	test_done = true;
}

static int tear_down(void **state)
{
	watch_for_crashes();
	return teardown_of_case != NULL ? teardown_of_case(state) : 0;
}

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*callback)(void));

static void found_by_sanitizer(void)
{
	atomic_fetch_add(&report->crashes, 1);
}
#endif

void run_case(const struct CMUnitTest *test, CMFixtureFunction group_set_up, const struct fault *planned,
	      struct report *to)
{
	struct CMUnitTest one = {test->name, run_body, set_up, tear_down, test->initial_state};
	int failures;

	report = to;
	fault = *planned;
	case_pid = getpid();
	test_of_case = test->test_func;
	setup_of_case = test->setup_func;
	teardown_of_case = test->teardown_func;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_set_death_callback(found_by_sanitizer);
#endif
	if (fault.site != NULL) {
		faults_plan(fault.call, fault.site, fault.nth, fault.error);
	}
	failures = ((__typeof__(_cmocka_run_group_tests) *)next_function("_cmocka_run_group_tests"))(
		"sweep", &one, 1, group_set_up, NULL);
	if (skipped) {
		leave(SKIPPED);
	}
	if (!setup_done) {
		judge_what_stands(SETUP_FAILED);
	}
	if (!test_done) {
		leave(FAILED_AND_NOT_FREED);
	}
	if (failures != 0) {
		leave(TEARDOWN_FAILED);
	}
	leave(nothing_is_left(false) ? PASSED : LEFTOVERS);
}
