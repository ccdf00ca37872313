/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Preloaded into a cmocka program: runs some of its cases, and first checks that
 * the environment is as expected.
 *
 *   TEVENT_CASES_ONLY       run only these
 *   TEVENT_CASES_LEAVE_OUT  don't run these
 *       Patterns with `*`, separated by spaces.  A line `[ LEFT OUT ] NAME` names
 *       each case that is not run, so that a pattern without a match is noticed.
 *   TEVENT_CASES_LIBRARIES  parts of the names of libraries that have to be
 *       loaded, separated by spaces
 *   TEVENT_CASES_NO_PROC    /proc must not be there
 *   TEVENT_CASES_PARENT     /proc/PARENT/comm must be this
 *   TEVENT_CASES_DESCRIPTORS  the limit of open descriptors must be this
 *   TEVENT_CASES_NO_DESCRIPTOR  lowers the limit to the open descriptors; a
 *       program started with that limit could not be loaded
 *   TEVENT_CASES_LIBC_SYSCALL  syscall() is libc's, although a preloaded library defines one
 *
 * If the environment is not as expected, the program exits with status 98.  System
 * calls bypass libc where a preloaded library could intercept them.
 */

#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { failed = 98, most_cases = 1024 };

static bool matches(const char *pattern, size_t length, const char *name)
{
	while (length > 0 && *pattern != '*') {
		if (*name++ != *pattern++) {
			return false;
		}
		length--;
	}
	if (length == 0) {
		return *name == '\0';
	}
	do {
		if (matches(pattern + 1, length - 1, name)) {
			return true;
		}
	} while (*name++ != '\0');
	return false;
}

/* Calls `is_it` with each word of the list until one call returns true. */
static bool any_word(const char *list, bool (*is_it)(const char *word, size_t length, const char *arg), const char *arg)
{
	const char *word = list;

	while (word != NULL && *word != '\0') {
		size_t length = strcspn(word, " ");

		if (length > 0 && is_it(word, length, arg)) {
			return true;
		}
		word += length + (word[length] == ' ');
	}
	return false;
}

static bool is_selected(const char *name)
{
	const char *only = getenv("TEVENT_CASES_ONLY");

	return (only == NULL || any_word(only, matches, name)) &&
	       !any_word(getenv("TEVENT_CASES_LEAVE_OUT"), matches, name);
}

__attribute__((noreturn)) static void not_as_expected(const char *what, const char *detail)
{
	fprintf(stderr, "the environment is not active: %s %s\n", what, detail);
	_exit(failed);
}

static int has_name(struct dl_phdr_info *library, size_t size, void *part)
{
	(void)size;
	return strstr(library->dlpi_name, part) != NULL;
}

static bool is_missing(const char *word, size_t length, const char *arg)
{
	char part[128];

	(void)arg;
	snprintf(part, sizeof(part), "%.*s", (int)length, word);
	if (dl_iterate_phdr(has_name, part) == 0) {
		not_as_expected("not loaded:", part);
	}
	return false;
}

static void leave_no_descriptor(void)
{
	struct rlimit limit;
	int lowest = dup(0);

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || lowest == -1) {
		not_as_expected("no limit of", "descriptors");
	}
	close(lowest);
	limit.rlim_cur = (rlim_t)lowest;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1 || dup(0) != -1) {
		not_as_expected("there is", "a descriptor left");
	}
}

static void check_environment(void)
{
	const char *parent = getenv("TEVENT_CASES_PARENT");
	const char *descriptors = getenv("TEVENT_CASES_DESCRIPTORS");
	struct rlimit limit;

	any_word(getenv("TEVENT_CASES_LIBRARIES"), is_missing, NULL);
	if (getenv("TEVENT_CASES_NO_PROC") != NULL && access("/proc/self", F_OK) == 0) {
		not_as_expected("there is", "/proc");
	}
	if (parent != NULL) {
		char path[64], name[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)getppid());
		comm = fopen(path, "re");
		if (comm == NULL || fgets(name, sizeof(name), comm) == NULL ||
		    strncmp(name, parent, strlen(parent)) != 0) {
			not_as_expected("the parent is", name);
		}
		fclose(comm);
	}
	if (getenv("TEVENT_CASES_NO_DESCRIPTOR") != NULL) {
		leave_no_descriptor();
	}
	if (descriptors != NULL &&
	    (getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur != strtoul(descriptors, NULL, 10))) {
		not_as_expected("the limit of descriptors is not", descriptors);
	}
}

/*
 * torsocks calls the libc function for the system call's number.  In a program that
 * replaces that function by one that calls syscall(), this would never return.
 */
long syscall(long number, ...)
{
	static long (*next)(long, long, long, long, long, long, long);
	long a[6];
	va_list ap;

	if (next == NULL) {
		bool libc = getenv("TEVENT_CASES_LIBC_SYSCALL") != NULL;

		*(void **)&next = dlsym(libc ? dlopen("libc.so.6", RTLD_LAZY) : RTLD_NEXT, "syscall");
	}
	va_start(ap, number);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(ap, long);
	}
	va_end(ap);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Replaces libc's: cases that send a signal this way test its arrival, so another way works too. */
int pthread_sigqueue(pthread_t thread, int signum, const union sigval value)
{
	int (*queue)(pthread_t, int, union sigval) = NULL;
	int error;

	*(void **)&queue = dlsym(RTLD_NEXT, "pthread_sigqueue");
	error = queue(thread, signum, value);
	if ((error == ENOSYS || error == EPERM) && pthread_equal(thread, pthread_self())) {
		error = sigqueue(getpid(), signum, value) == 0 ? 0 : errno;
	}
	return error;
}

/* Replaces cmocka's. */
int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *const tests, const size_t count,
			    CMFixtureFunction setup, CMFixtureFunction teardown)
{
	static struct CMUnitTest selected[most_cases];
	int (*run)(const char *, const struct CMUnitTest *, size_t, CMFixtureFunction, CMFixtureFunction) = NULL;
	size_t n = 0;

	check_environment();
	*(void **)&run = dlsym(RTLD_NEXT, "_cmocka_run_group_tests");
	if (run == NULL || count > most_cases) {
		not_as_expected("no way to select cases of", group);
	}
	for (size_t i = 0; i < count; i++) {
		if (is_selected(tests[i].name)) {
			selected[n++] = tests[i];
		} else {
			printf("[ LEFT OUT ] %s\n", tests[i].name);
		}
	}
	fflush(stdout);
	return n > 0 ? run(group, selected, n, setup, teardown) : 0;
}
