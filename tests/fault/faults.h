/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The switchboard: which call of the library fails, where, and with what.
 *
 * The library under test here (tevent_faulty) is made of the ordinary objects,
 * except that src/base/os.cpp is replaced (failing_os.cpp) and that the
 * linker leads allocations astray (failing_memory.c).  Each such call asks
 * fault_here() first.  A call is told apart from others by its kind and by the
 * place in the library that makes it (a return address), so "the second
 * epoll_ctl(ADD) of EpollPoller::tell()" can be made to fail, whatever other
 * threads do meanwhile.
 *
 * One plan at a time, and it comes true once.  Counts and plan live in shared
 * memory: a forked child counts on, and may be the one that is hit.
 * fault_here() takes no lock and may be called in a signal handler.
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
	FAULT_SIGACTION, /* installing; what puts a disposition back can't fail */
	FAULT_ALLOCATION,
	FAULT_CALLS
};

const char *fault_call_name(enum fault_call call);
/* The errors that the call can have, ended by 0. */
const int *fault_errors(enum fault_call call);

/* ---- the library's side ---- */

/* 0, or the errno value with which this call has to fail. */
int fault_here(enum fault_call call, const void *site);
/* The library got this descriptor, or closes it (which may be a program's own, too). */
void fault_descriptor(int fd, bool opened);
/* The library is about to call abort(), or an assertion of it failed. */
void fault_abort(bool assertion);

/* ---- the tests' side ---- */

struct fault_site {
	enum fault_call call;
	const void *site;
	unsigned count;
};

/* Forgets plan and counts. */
void faults_reset(void);
/* The nth call (from 1) from this site, or from any when that is NULL, fails; counted from the reset. */
void faults_plan(enum fault_call call, const void *site, unsigned nth, int error);
/* How many times a plan has come true since the reset: 0 or 1. */
unsigned faults_met(void);
/* How many times it was a call of this thread, ever. */
unsigned faults_met_here(void);
unsigned faults_count(enum fault_call call);
/* The sites met since the reset; returns how many. */
size_t faults_sites(struct fault_site *sites, size_t room);
/* Calls of abort() since the reset, by the library itself. */
unsigned faults_aborts(void);
unsigned faults_failed_assertions(void);
/* Descriptors that the library has open in this process. */
int faults_open_descriptors(void);
/* How long ago the library was last heard of, in any process. */
long long faults_idle_ms(void);

#ifdef __cplusplus
}
#endif

#endif
