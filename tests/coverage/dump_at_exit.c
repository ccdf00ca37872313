/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Keeps the counts of processes that end without exit().
 *
 * gcov writes its counts when a process exits.  The tests' children end with
 * _exit() or abort(), on purpose, and the code that they ran would count as
 * not run.  So this file, which is linked into the test programs of a coverage
 * build only, replaces _exit() and handles SIGABRT.
 *
 * The counts to be written are those of the library: a shared library has a
 * copy of gcov's of its own, reached by the one name that a coverage build
 * exports besides the interface.
 */

#define _GNU_SOURCE 1
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Missing in a program that contains the library's objects itself. */
__attribute__((weak)) void tevent_coverage_dump(void);

static void dump(void)
{
	struct rlimit limit;

	if (tevent_coverage_dump == NULL) {
		return;
	}
	/* A test may have forbidden new descriptors. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	tevent_coverage_dump();
}

void _exit(int status)
{
	dump();
	for (;;) {
		syscall(SYS_exit_group, status);
	}
}

static void dump_on_abort(int signum)
{
	(void)signum;
	dump(); /* then abort() ends the process */
}

__attribute__((constructor)) static void hear_of_abort(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = dump_on_abort;
	sigaction(SIGABRT, &action, NULL);
}
