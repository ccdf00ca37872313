/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Fault selection: which call of the library fails, where, and with which error.
 *
 * The library under test here (tevent_faulty) consists of the ordinary
 * objects, except that src/base/os.cpp is replaced (failing_os.cpp) and that
 * the linker redirects allocations (failing_memory.c).  Each such call first
 * calls fault_here().  A call is identified by its kind and its place in the
 * library (a return address), so "the second epoll_ctl(ADD) of
 * EpollPoller::tell()" can be made to fail, independent of other threads.
 *
 * There is one plan at a time, and it applies once.  Counts and plan are in
 * shared memory: a forked child continues the counts, and the fault may hit
 * it.  fault_here() takes no lock and may be called in a signal handler.
 */

#ifndef TEVENT_TESTS_FAULTS_H
#define TEVENT_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fault_call {
	FAULT_EPOLL_CREATE,
	FAULT_EPOLL_ADD,
	FAULT_EPOLL_MOD,
	FAULT_EPOLL_DEL,
	FAULT_EPOLL_WAIT,
	FAULT_POLL,
	FAULT_EVENTFD,
	FAULT_PIPE,
	FAULT_MARK_FILE,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_CLOSE,
	FAULT_SIGACTION, /* installing; restoring a disposition can't fail */
	FAULT_ALLOCATION,
	FAULT_CALLS
};

const char *fault_call_name(enum fault_call call);
/* The errors that the call can have, ended by 0. */
const int *fault_errors(enum fault_call call);

/* ---- the library's side ---- */

/* 0, or the errno value with which this call has to fail. */
int fault_here(enum fault_call call, const void *site);
/* The library received this descriptor, or closes it (it may also be a program's own). */
void fault_descriptor(int fd, bool opened);
/* The library is about to call abort(), or an assertion of it failed. */
void fault_abort(bool assertion);

/* ---- the tests' side ---- */

struct fault_site {
	enum fault_call call;
	const void *site;
	unsigned count;
};

/* Clears plan and counts. */
void faults_reset(void);
/* The nth call (from 1) from this site, or from any when that is NULL, fails; counted from the reset. */
void faults_plan(enum fault_call call, const void *site, unsigned nth, int error);
/* Number of times that a plan applied since the reset: 0 or 1. */
unsigned faults_met(void);
/* Number of times that it hit a call of this thread, ever. */
unsigned faults_met_here(void);
unsigned faults_count(enum fault_call call);
/* The sites seen since the reset; returns their number. */
size_t faults_sites(struct fault_site *sites, size_t room);
/* Calls of abort() since the reset, by the library itself. */
unsigned faults_aborts(void);
unsigned faults_failed_assertions(void);
/* Descriptors that the library has open in this process. */
int faults_open_descriptors(void);
/* Time since the library's last call, in any process. */
long long faults_idle_ms(void);

#ifdef __cplusplus
}
#endif

#endif
