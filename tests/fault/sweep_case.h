/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* One run of one behaviour case, in a process of its own, with at most one fault.  See sweep_case.c. */

#ifndef TEVENT_TESTS_SWEEP_CASE_H
#define TEVENT_TESTS_SWEEP_CASE_H

#include "faults.h"
#include "support.h"

#include <stdatomic.h>

enum verdict {
	NO_VERDICT,          /* ended before it could report anything */
	PASSED,
	SKIPPED,
	SETUP_FAILED,        /* no context; everything is freed, nothing was left */
	FAILED,              /* an assertion; everything is freed, nothing was left */
	FAILED_AND_NOT_FREED, /* an assertion, with threads running or inside a handler */
	TEARDOWN_FAILED,     /* passed, but the suite's own teardown found leftovers */
	LEFTOVERS,           /* something of the library was left after everything was freed */
};

/* Shared with the process that runs the case and with that one's children. */
struct report {
	atomic_int verdict;
	atomic_int crashes;
	atomic_bool told; /* the fault was reported to the case in a way that allows no second try */
	char words[512];
};

struct fault {
	enum fault_call call;
	const void *site; /* NULL: no fault */
	unsigned nth;
	int error;
};

/* In a process forked for it; does not return. */
void run_case(const struct CMUnitTest *test, CMFixtureFunction group_set_up, const struct fault *fault,
	      struct report *to) __attribute__((noreturn));

/* For sweep_retry.c. */
bool fault_ends_a_wait(void);
void told(void);

#endif
