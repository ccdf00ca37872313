/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Support code for every behaviour test.
 *
 * A test binary sees <tevent.h>, <talloc.h> and this header, nothing of src/.
 * The same binary runs against this library and against the system's
 * libtevent.so.0 0.14.1, the oracle (`ctest -L oracle`).  A test of a rule
 * that the oracle does not implement says so with NEWER_THAN_ORACLE() or
 * DEVIATION(); it is skipped on the oracle only.
 *
 * Handlers record (note()); assertions follow when the loop has returned
 * (assert_notes()).  A failed assertion longjmps, and a loop left by longjmp
 * cannot be tested any further.
 *
 * Each case starts with an empty talloc tree and ends with one: the teardown
 * frees the fixture and then fails the case when a talloc chunk, a
 * descriptor or a changed signal disposition is left.
 */

#ifndef TEVENT_TESTS_SUPPORT_H
#define TEVENT_TESTS_SUPPORT_H

#ifndef TEVENT_DEPRECATED
#define TEVENT_DEPRECATED 1
#endif
#define _DEPRECATED_ /* no warnings: the deprecated functions are tested too */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <tevent.h>

/* ---- fixture -------------------------------------------------------- */

struct fixture {
	const char *backend;        /* "epoll", "poll", "poll_mt", "standard" */
	TALLOC_CTX *mem;            /* parent of everything the case allocates */
	struct tevent_context *ev;  /* a context of that backend, child of mem */
};

/* One case on the default backend (`standard`). */
#define TEST(fn) \
	{ #fn, fn, fixture_setup, fixture_teardown, (void *)(uintptr_t)"standard" }

/* The same case once per backend: four entries in a CMUnitTest array. */
#define TEST_EACH_BACKEND(fn) \
	TEST_ON(fn, standard), TEST_ON(fn, epoll), \
	TEST_ON(fn, poll), TEST_ON(fn, poll_mt)

#define TEST_ON(fn, backend) \
	{ #fn "[" #backend "]", fn, fixture_setup, fixture_teardown, \
	  (void *)(uintptr_t)#backend }

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The group setup of every cmocka group; checks which library is loaded. */
int group_setup(void **state);

static inline struct fixture *fixture_of(void **state)
{
	return (struct fixture *)*state;
}

/* Another context on the fixture's backend; fails the case if it cannot be created. */
struct tevent_context *another_context(struct fixture *f);

/* ---- which library -------------------------------------------------- */

/* True when the library under test is the system's 0.14.1. */
bool running_on_oracle(void);

/* Skip this case on the oracle: the rule came with a release after 0.14.1. */
#define NEWER_THAN_ORACLE(why) \
	do { if (running_on_oracle()) { print_message("newer than 0.14.1: %s\n", why); skip(); } } while (0)

/* Skip this case on the oracle: an allowed difference by its number (D1..D17), or the rule that the oracle breaks. */
#define DEVIATION(number, why) \
	do { if (running_on_oracle()) { print_message("deviation %s: %s\n", number, why); skip(); } } while (0)

/* ---- record --------------------------------------------------------- */

/*
 * Appends to the case's record; words are separated by one space.  The record
 * is plain static memory: usable in any handler, destructor and thread that
 * is serialized with the loop.  Cleared by the setup.
 */
void note(const char *fmt, ...) PRINTF_ATTRIBUTE(1, 2);
const char *notes(void);
void clear_notes(void);
#define assert_notes(expected) assert_string_equal(notes(), expected)

/* Number of tevent debug messages per level; set_debug_recorder() installs the counter on a context. */
extern int debug_messages[4];
void set_debug_recorder(struct tevent_context *ev);

/* ---- aborts --------------------------------------------------------- */

/* Calls tevent_set_abort_fn() with a function that counts, keeps the reason
 * and returns.  The teardown restores the default. */
void record_aborts(void);
extern int abort_count;
extern char abort_reason[512];

/*
 * Runs fn(arg) in a forked child and returns its wait status.  A child that
 * returns from fn exits 0; what it prints is dropped unless
 * TEVENT_TEST_VERBOSE is set.  Inside fn use child_assert() (exit status 99),
 * never a cmocka assertion, which would jump into the parent's runner.
 */
int status_of_child(void (*fn)(void *arg), void *arg);
#define child_assert(condition) \
	do { if (!(condition)) child_failed(__FILE__, __LINE__, #condition); } while (0)
__attribute__((noreturn)) void child_failed(const char *file, int line, const char *condition);
#define assert_child_aborts(fn, arg) \
	do { int st_ = status_of_child(fn, arg); \
	     assert_true(WIFSIGNALED(st_)); assert_int_equal(WTERMSIG(st_), SIGABRT); } while (0)
#define assert_child_succeeds(fn, arg) \
	assert_int_equal(status_of_child(fn, arg), 0)

/* ---- descriptors, time ---------------------------------------------- */

int count_open_fds(void);
void socket_pair(int fds[2]);           /* AF_UNIX stream, non-blocking */
void pipe_pair(int fds[2]);             /* non-blocking pipe */
void close_fd(int *fd);                 /* close, then -1; -1 is left alone */
void write_byte(int fd);                /* fails the case when it can't */
void drain(int fd);                     /* reads until EAGAIN or EOF */
void fill(int fd);                      /* writes until EAGAIN */
int find_eventfd(void);                 /* the lowest eventfd, or -1 */
uint64_t eventfd_counts(void);          /* sum of the counters of all eventfds */
struct timeval in_ms(int64_t ms);       /* wall clock plus ms (may be negative) */

/* ---- loop ----------------------------------------------------------- */

/* Runs exactly n turns; fails the case when one does not return 0. */
void turns(struct tevent_context *ev, int n);

/*
 * Runs turns until one finds nothing to do for 2 ms, at most `limit` of them;
 * returns their number.  Runs everything that is ready, without sleeping.  It
 * adds a timer: not for cases that trace timers.
 */
int settle(struct tevent_context *ev, int limit);

#endif
