/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * File descriptor events: several on one descriptor (F6, and F4 for them),
 * closed descriptors (F11, F12), leftovers of old descriptors on a reused
 * number (F13).
 *
 * The order among several events is unspecified, so these tests count calls
 * per event and round.  D1 leaves open when a closed descriptor is noticed, so
 * they let the loop come to rest before they check.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool tevent_common_have_events(struct tevent_context *ev);

#define R TEVENT_FD_READ
#define W TEVENT_FD_WRITE
#define E TEVENT_FD_ERROR

/* ---- helpers -------------------------------------------------------- */

static int total_calls;
static uint16_t last_flags;

static void count_call(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	++*(int *)private_data;
	total_calls++;
	last_flags = flags;
}

static void note_call(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	total_calls++;
	note("%s:%s%s%s", (const char *)private_data, (flags & R) ? "R" : "", (flags & W) ? "W" : "",
	     (flags & E) ? "E" : "");
}

static void note_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note("close");
}

static void note_attach_and_detach(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_ATTACH) {
		note("ATTACH");
		tevent_fd_set_tag(fde, 1);
	} else if (point == TEVENT_EVENT_TRACE_DETACH && tevent_fd_get_tag(fde) == 1) {
		note("DETACH");
	}
}

static void note_timeout(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timeout");
	*(bool *)private_data = true;
}

/* Runs turns until one more handler was called: the wake-up may take a turn. */
static void next_call(struct tevent_context *ev)
{
	bool timeout = false;
	struct tevent_timer *guard = tevent_add_timer(ev, NULL, in_ms(5000), note_timeout, &timeout);
	int before = total_calls;

	for (int i = 0; i < 8 && total_calls == before && !timeout; i++) {
		turns(ev, 1);
	}
	if (!timeout) {
		talloc_free(guard);
	}
}

static void next_calls(struct tevent_context *ev, int n)
{
	for (int i = 0; i < n; i++) {
		next_call(ev);
	}
}

#define assert_comes_to_rest(ev) assert_in_range(settle(ev, 20), 1, 19)

static struct tevent_fd *count_on(struct fixture *f, int fd, uint16_t flags, int *calls)
{
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, fd, flags, count_call, calls);

	assert_non_null(fde);
	return fde;
}

static struct tevent_fd *watch(struct fixture *f, int fd, uint16_t flags, const char *name)
{
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, fd, flags, note_call, (void *)(uintptr_t)name);

	assert_non_null(fde);
	return fde;
}

/* F6: with epoll, the oracle always calls the same one of two that are ready. */
static void two_events_in_turns(struct fixture *f)
{
	if (strncmp(f->backend, "poll", 4) != 0) {
		NEWER_THAN_ORACLE("epoll: two events on one fd don't take turns");
	}
}

/* F6: how the oracle handles a third event on one descriptor. */
static void more_than_two_events(struct fixture *f)
{
	if (strcmp(f->backend, "epoll") == 0) {
		NEWER_THAN_ORACLE("a third event on one fd aborts with epoll");
	}
}

/* ---- several events on one descriptor -------------------------------- */

/* F6: two that ask for the same: each once in two turns */
static void test_fd_shared__two_readers__each_once_per_round(void **state)
{
	struct fixture *f = fixture_of(state);
	two_events_in_turns(f);
	int calls[2] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	count_on(f, p[0], R, &calls[0]);
	count_on(f, p[0], R, &calls[1]);
	for (int round = 1; round <= 3; round++) {
		next_calls(f->ev, 2);
		assert_int_equal(calls[0], round);
		assert_int_equal(calls[1], round);
	}
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F6: five that ask for the same: each once in five turns */
static void test_fd_shared__five_readers__each_once_per_round(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[5] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	for (int i = 0; i < 5; i++) {
		count_on(f, p[0], R, &calls[i]);
	}
	for (int round = 1; round <= 3; round++) {
		next_calls(f->ev, 5);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(calls[i], round);
		}
	}
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F6: a reader and a writer: each once in two turns, with its own flag */
static void test_fd_shared__reader_and_writer__each_gets_its_own_flag(void **state)
{
	struct fixture *f = fixture_of(state);
	two_events_in_turns(f);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], R, "reader");
	watch(f, s[0], W, "writer");
	next_calls(f->ev, 2);
	assert_int_equal(strlen(notes()), strlen("reader:R writer:W"));
	assert_non_null(strstr(notes(), "reader:R"));
	assert_non_null(strstr(notes(), "writer:W"));
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F6: one that asks for both gets both together, besides others */
static void test_fd_shared__both_reader_and_writer__each_once_with_all_it_asks_for(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], R, "reader");
	watch(f, s[0], R | W, "both");
	watch(f, s[0], W, "writer");
	next_calls(f->ev, 3);
	assert_int_equal(strlen(notes()), strlen("reader:R both:RW writer:W"));
	assert_non_null(strstr(notes(), "reader:R"));
	assert_non_null(strstr(notes(), "both:RW"));
	assert_non_null(strstr(notes(), "writer:W"));
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F6: a condition is reported only to events that ask for it */
static void test_fd_shared__not_asked_for__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[4] = {0};
	int s[2];

	socket_pair(s);
	fill(s[0]);
	write_byte(s[1]);
	count_on(f, s[0], W, &calls[0]);
	count_on(f, s[0], R, &calls[1]);
	count_on(f, s[0], 0, &calls[2]);
	count_on(f, s[0], R, &calls[3]);
	next_calls(f->ev, 4);
	assert_int_equal(calls[0], 0);
	assert_int_equal(calls[1], 2);
	assert_int_equal(calls[2], 0);
	assert_int_equal(calls[3], 2);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F6, F3: hang-up as ERROR to each that asks */
static void test_fd_shared__peer_closed__each_that_asks_for_error(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	close_fd(&s[1]);
	watch(f, s[0], E, "a");
	watch(f, s[0], R | E, "b");
	watch(f, s[0], R, "c");
	next_calls(f->ev, 3);
	assert_int_equal(strlen(notes()), strlen("a:E b:RE c:R"));
	assert_non_null(strstr(notes(), "a:E"));
	assert_non_null(strstr(notes(), "b:RE"));
	assert_non_null(strstr(notes(), "c:R"));
	close_fd(&s[0]);
}

/* F6: one is freed, outside a handler */
static void test_fd_shared__one_freed__the_others_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[3] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	count_on(f, p[0], R, &calls[0]);
	struct tevent_fd *second = count_on(f, p[0], R, &calls[1]);
	count_on(f, p[0], R, &calls[2]);
	next_calls(f->ev, 3);
	talloc_free(second);
	next_calls(f->ev, 4);
	assert_int_equal(calls[0], 3);
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[2], 3);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F6: the only reader is freed, a writer stays */
static void test_fd_shared__reader_freed__writer_is_not_told_of_data(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	fill(s[0]);
	struct tevent_fd *reader = watch(f, s[0], R, "reader");
	watch(f, s[0], W, "writer");
	write_byte(s[1]);
	next_call(f->ev);
	talloc_free(reader);
	assert_comes_to_rest(f->ev);
	drain(s[1]);
	next_call(f->ev);
	assert_notes("reader:R writer:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F6: flags change between turns */
static void test_fd_shared__flags_moved_to_the_other__the_other_is_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	struct tevent_fd *a = watch(f, p[0], R, "a");
	struct tevent_fd *b = watch(f, p[0], 0, "b");
	next_calls(f->ev, 2);
	tevent_fd_set_flags(a, 0);
	tevent_fd_set_flags(b, R);
	next_calls(f->ev, 2);
	assert_notes("a:R a:R b:R b:R");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void count_and_stop(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	count_call(ev, fde, flags, private_data);
	tevent_fd_set_flags(fde, 0);
}

/* F6: flags change inside handlers */
static void test_fd_shared__each_clears_its_flags__each_called_once(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[3] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	for (int i = 0; i < 3; i++) {
		assert_non_null(tevent_add_fd(f->ev, f->mem, p[0], R, count_and_stop, &calls[i]));
	}
	assert_comes_to_rest(f->ev);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(calls[i], 1);
	}
	close_fd(&p[0]);
	close_fd(&p[1]);
}

struct group {
	struct tevent_fd *fdes[3];
	int calls[3];
};

static int index_of(struct group *g, struct tevent_fd *fde)
{
	return g->fdes[0] == fde ? 0 : g->fdes[1] == fde ? 1 : 2;
}

static void free_the_next(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct group *g = (struct group *)private_data;
	int self = index_of(g, fde);

	g->calls[self]++;
	if (total_calls++ == 0) {
		TALLOC_FREE(g->fdes[(self + 1) % 3]);
	}
}

/* F6, F10: one frees another on the same fd inside its handler */
static void test_fd_shared__handler_frees_another__the_rest_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	struct group g = {{NULL}, {0}};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	for (int i = 0; i < 3; i++) {
		g.fdes[i] = tevent_add_fd(f->ev, f->mem, p[0], R, free_the_next, &g);
	}
	next_calls(f->ev, 5);
	int freed = index_of(&g, NULL);
	assert_int_equal(g.calls[freed], 0);
	assert_in_range(g.calls[(freed + 1) % 3], 2, 3);
	assert_in_range(g.calls[(freed + 2) % 3], 2, 3);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void free_itself(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	count_call(ev, fde, flags, private_data);
	talloc_free(fde);
}

/* F6, F10: each frees itself inside its handler */
static void test_fd_shared__each_frees_itself__each_called_once(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[3] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	for (int i = 0; i < 3; i++) {
		assert_non_null(tevent_add_fd(f->ev, f->mem, p[0], R, free_itself, &calls[i]));
	}
	assert_comes_to_rest(f->ev);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(calls[i], 1);
	}
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F6, F10: the one in the middle frees itself inside its handler: the others take turns */
static void test_fd_shared__one_of_three_frees_itself__the_others_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int calls[3] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	count_on(f, p[0], R, &calls[0]);
	assert_non_null(tevent_add_fd(f->ev, f->mem, p[0], R, free_itself, &calls[1]));
	count_on(f, p[0], R, &calls[2]);
	next_calls(f->ev, 7);
	assert_int_equal(calls[1], 1);
	assert_int_equal(calls[0], 3);
	assert_int_equal(calls[2], 3);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

struct adding {
	int fd;
	int calls[2];
};

static void add_another(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct adding *a = (struct adding *)private_data;

	total_calls++;
	if (a->calls[0]++ == 0) {
		tevent_add_fd(ev, fde, a->fd, R, count_call, &a->calls[1]);
	}
}

/* F6: one is added inside a handler */
static void test_fd_shared__handler_adds_another__both_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	two_events_in_turns(f);
	struct adding a = {0, {0}};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	a.fd = p[0];
	assert_non_null(tevent_add_fd(f->ev, f->mem, p[0], R, add_another, &a));
	next_calls(f->ev, 5);
	assert_in_range(a.calls[0], 2, 3);
	assert_in_range(a.calls[1], 2, 3);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F6: both ends of one socket pair, two events on each */
static void test_fd_shared__both_ends_of_a_pair__each_once_per_round(void **state)
{
	struct fixture *f = fixture_of(state);
	two_events_in_turns(f);
	int calls[4] = {0};
	int s[2];

	socket_pair(s);
	write_byte(s[0]);
	write_byte(s[1]);
	count_on(f, s[0], R, &calls[0]);
	count_on(f, s[1], R, &calls[1]);
	count_on(f, s[0], W, &calls[2]);
	count_on(f, s[1], W, &calls[3]);
	next_calls(f->ev, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(calls[i], 1);
	}
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F6: the same fd in two contexts */
static void test_fd_shared__two_contexts__each_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	int calls[2] = {0};
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	struct tevent_fd *here = count_on(f, p[0], R, &calls[0]);
	assert_non_null(tevent_add_fd(other, f->mem, p[0], R, count_call, &calls[1]));
	next_call(f->ev);
	next_call(other);
	talloc_free(here);
	next_call(other);
	assert_comes_to_rest(f->ev);
	assert_int_equal(calls[0], 1);
	assert_int_equal(calls[1], 2);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- WRITE alone on a failed descriptor ------------------------------- */

/* F4: no event asks for READ or ERROR: all are switched off */
static void test_fd_shared__write_only_and_hang_up__all_switched_off(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	struct tevent_fd *fdes[3];
	int s[2];

	socket_pair(s);
	close_fd(&s[1]);
	for (int i = 0; i < 3; i++) {
		fdes[i] = watch(f, s[0], W, "w");
	}
	assert_comes_to_rest(f->ev);
	assert_notes("");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tevent_fd_get_flags(fdes[i]), 0);
	}
	close_fd(&s[0]);
}

/* F4: another one asks for READ: that one is called, a WRITE-only one is not */
static void test_fd_shared__hang_up_with_a_reader__only_the_reader_is_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int calls[2] = {0};
	int s[2];

	socket_pair(s);
	close_fd(&s[1]);
	count_on(f, s[0], W, &calls[0]);
	count_on(f, s[0], R, &calls[1]);
	next_calls(f->ev, 3);
	assert_int_equal(calls[0], 0);
	assert_int_equal(calls[1], 3);
	assert_int_equal(last_flags, R);
	close_fd(&s[0]);
}

/* F4: the reader is freed while the fd hangs up: no call, no endless stream of calls */
static void test_fd_shared__hang_up_and_the_reader_goes__comes_to_rest(void **state)
{
	struct fixture *f = fixture_of(state);
	int calls[2] = {0};
	int s[2];

	socket_pair(s);
	close_fd(&s[1]);
	count_on(f, s[0], W, &calls[0]);
	struct tevent_fd *reader = count_on(f, s[0], R, &calls[1]);
	next_call(f->ev);
	talloc_free(reader);
	assert_comes_to_rest(f->ev);
	assert_int_equal(calls[0], 0);
	assert_int_equal(calls[1], 1);
	close_fd(&s[0]);
}

/* F4, D6: the peer shut down its sending side and can still be written to: both are served */
static void test_fd_shared__peer_shut_down_sending__reader_and_writer_take_turns(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2], calls[2] = {0, 0};

	if (strncmp(f->backend, "poll", 4) != 0) {
		DEVIATION("D6", "epoll: the writer is not called any more");
	}
	socket_pair(s);
	count_on(f, s[0], R, &calls[0]);
	count_on(f, s[0], W, &calls[1]);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	next_calls(f->ev, 4);
	assert_int_equal(calls[0], 2);
	assert_int_equal(calls[1], 2);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* ---- closed descriptors ------------------------------------------------ */

/* A number that is no open descriptor. */
static int closed_number(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* F11: added on a closed descriptor: the event is returned detached, with an ERROR message */
static void test_fd_closed__added__cut_loose(void **state)
{
	struct fixture *f = fixture_of(state);

	set_debug_recorder(f->ev);
	struct tevent_fd *fde = watch(f, closed_number(), R, "closed");
	assert_comes_to_rest(f->ev);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_true(debug_messages[TEVENT_DEBUG_ERROR] > 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	tevent_fd_set_flags(fde, R | W);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	assert_int_equal(talloc_free(fde), 0);
}

/* F11: all events on the number, at once: one message each */
static void test_fd_closed__three_on_it__cut_loose_together(void **state)
{
	struct fixture *f = fixture_of(state);
	more_than_two_events(f);
	int number = closed_number();
	struct tevent_fd *fdes[3];

	set_debug_recorder(f->ev);
	for (int i = 0; i < 3; i++) {
		fdes[i] = watch(f, number, R, "closed");
	}
	assert_comes_to_rest(f->ev);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tevent_fd_get_flags(fdes[i]), 0);
	}
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 3);
}

static void note_level(void *private_data, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void note_level(void *private_data, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	note("message:%d", (int)level);
}

/* F11: closed while watched, with poll: each event's ERROR before its DETACH, and a WARNING for each entry left
 * in the array */
static void test_fd_closed__while_polled__error_and_warning_each(void **state)
{
	struct fixture *f = fixture_of(state);
	int number;

	NEWER_THAN_ORACLE("0.14.1 does not trace this DETACH");
	number = dup(0);
	tevent_set_trace_fd_callback(f->ev, note_attach_and_detach, NULL);
	watch(f, number, R, "closed");
	watch(f, number, R, "closed");
	close(number);
	clear_notes();
	tevent_set_debug(f->ev, note_level, NULL);
	while (tevent_common_have_events(f->ev)) {
		turns(f->ev, 1);
	}
	assert_notes("message:1 DETACH message:1 DETACH message:2 message:2");
}

/* F11: ATTACH and DETACH, once each */
static void test_fd_closed__added__detached_once(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.14.1 does not trace this DETACH");

	tevent_set_trace_fd_callback(f->ev, note_attach_and_detach, NULL);
	struct tevent_fd *fde = watch(f, closed_number(), R, "closed");
	assert_comes_to_rest(f->ev);
	assert_notes("ATTACH DETACH");
	talloc_free(fde);
	assert_notes("ATTACH DETACH");
}

/* F11: everything else continues */
static void test_fd_closed__added__other_events_go_on(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	watch(f, p[0], R, "open");
	watch(f, closed_number(), R, "closed");
	assert_comes_to_rest(f->ev);
	write_byte(p[1]);
	next_calls(f->ev, 2);
	assert_notes("open:R open:R");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F11, C16: it does not keep loop_wait alive any more */
static void test_fd_closed__cut_loose__loop_wait_ends(void **state)
{
	struct fixture *f = fixture_of(state);

	watch(f, closed_number(), R, "closed");
	assert_comes_to_rest(f->ev);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* F11: closed while watched: when it is touched */
static void test_fd_closed__while_watched_and_touched__cut_loose(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	assert_comes_to_rest(f->ev);
	close_fd(&p[0]);
	tevent_fd_set_flags(fde, R | W);
	assert_comes_to_rest(f->ev);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_notes("");
	close_fd(&p[1]);
}

/* F11: likewise the other events on that fd, when they are touched */
static void test_fd_closed__others_on_it_touched__cut_loose(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *a = watch(f, p[0], R, "a");
	struct tevent_fd *b = watch(f, p[0], R, "b");
	assert_comes_to_rest(f->ev);
	close_fd(&p[0]);
	tevent_fd_set_flags(a, R | W);
	assert_comes_to_rest(f->ev);
	tevent_fd_set_flags(b, R | W);
	assert_comes_to_rest(f->ev);
	assert_int_equal(tevent_fd_get_flags(a), 0);
	assert_int_equal(tevent_fd_get_flags(b), 0);
	assert_notes("");
	close_fd(&p[1]);
}

/* F11, F9: the close function of a detached event */
static void test_fd_closed__cut_loose_and_freed__close_function_runs_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde = watch(f, closed_number(), 0, "closed");

	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_flags(fde, R);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	assert_notes("close");
}

/* F12: closed, then freed: quiet */
static void test_fd_closed__then_freed__quiet(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	assert_comes_to_rest(f->ev);
	set_debug_recorder(f->ev);
	close_fd(&p[0]);
	assert_int_equal(talloc_free(fde), 0);
	assert_comes_to_rest(f->ev);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 0);
	assert_notes("close");
	close_fd(&p[1]);
}

/* F12: closed and the number reused, then freed (ENOENT): quiet */
static void test_fd_closed__number_used_again_then_freed__quiet(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	assert_comes_to_rest(f->ev);
	set_debug_recorder(f->ev);
	dup2(p[1], p[0]);
	assert_int_equal(talloc_free(fde), 0);
	assert_comes_to_rest(f->ev);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 0);
	assert_notes("");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F12: other events on that fd may be detached; they can be used and freed */
static void test_fd_closed__one_of_two_freed__the_other_is_harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *a = watch(f, p[0], R, "a");
	struct tevent_fd *b = watch(f, p[0], R, "b");
	assert_comes_to_rest(f->ev);
	set_debug_recorder(f->ev);
	close_fd(&p[0]);
	talloc_free(a);
	assert_comes_to_rest(f->ev);
	tevent_fd_set_flags(b, R | W);
	assert_comes_to_rest(f->ev);
	assert_int_equal(tevent_fd_get_flags(b), 0);
	talloc_free(b);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_notes("");
	close_fd(&p[1]);
}

int tevent_common_wakeup_init(struct tevent_context *ev);

/* C5, F11: a program that closed the wake-up's number: no move to poll, no abort(), the others are served */
static void test_wakeup_closed__by_the_program__others_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = tevent_context_init_byname(f->mem, f->backend);
	int number = dup(STDERR_FILENO), p[2];

	assert_non_null(ev);
	close(number);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	/* cppcheck-suppress doubleFree ; by now it is the wake-up's */
	assert_int_equal(close(number), 0);
	pipe_pair(p);
	if (p[0] == number) { /* no other descriptor has the number either, or it would be watched instead */
		p[0] = dup(p[0]);
		/* cppcheck-suppress doubleFree ; by now it is the pipe's */
		close(number);
	}
	assert_non_null(tevent_add_fd(ev, f->mem, p[0], R, note_call, (void *)(uintptr_t) "other"));
	write_byte(p[1]);
	next_calls(ev, 2);
	assert_notes("other:R other:R");
	drain(p[0]);
	assert_comes_to_rest(ev);
	talloc_free(ev);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- leftovers ----------------------------------------------------------- */

/* F13: how the oracle handles the kernel's reports for a leftover. */
static void leftovers_reach_nobody(struct fixture *f)
{
	if (strncmp(f->backend, "poll", 4) != 0) {
		NEWER_THAN_ORACLE("epoll: a leftover leads to freed memory, or the loop spins");
	}
}

/* An open file that was watched and stays open, while its number is closed. */
struct leftover {
	int number;
	int writer;  /* makes the old file ready */
	int kept;    /* its duplicate in this process, or -1 */
	int control; /* closing it ends the process that has a duplicate, or -1 */
	pid_t child;
};

static void keep_here(struct leftover *l)
{
	l->kept = dup(l->number);
	assert_int_not_equal(l->kept, -1);
}

static void keep_in_another_process(struct leftover *l)
{
	int control[2];
	char byte;

	assert_int_equal(pipe(control), 0);
	l->child = fork();
	assert_true(l->child >= 0);
	if (l->child == 0) {
		close(control[1]);
		_exit(read(control[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(control[0]);
	l->control = control[1];
}

/* Watches a socket, keeps its open file, closes its number, frees the event. */
static struct leftover make_leftover(struct fixture *f, void (*keep)(struct leftover *l))
{
	struct leftover l = {.kept = -1, .control = -1, .child = -1};
	int s[2];

	socket_pair(s);
	l.number = s[0];
	l.writer = s[1];
	struct tevent_fd *fde = watch(f, l.number, R, "old");
	assert_comes_to_rest(f->ev);
	keep(&l);
	close(l.number);
	talloc_free(fde);
	return l;
}

static void end_leftover(struct leftover *l)
{
	int status = -1;

	close_fd(&l->writer);
	close_fd(&l->kept);
	close_fd(&l->control);
	if (l->child != -1) {
		assert_int_equal(waitpid(l->child, &status, 0), l->child);
		assert_int_equal(status, 0);
	}
}

/* Gives the number a new open file, a pipe; returns the pipe's write end. */
static int use_number_again(struct leftover *l)
{
	int p[2];

	pipe_pair(p);
	if (p[1] == l->number) { /* a lower one was free as well */
		p[1] = dup(l->number);
		close(l->number);
	}
	if (p[0] != l->number) {
		assert_int_equal(dup2(p[0], l->number), l->number);
		close_fd(&p[0]);
	}
	return p[1];
}

static void assert_leftover_does_not_spin(struct fixture *f, void (*keep)(struct leftover *l))
{
	leftovers_reach_nobody(f);
	struct leftover l = make_leftover(f, keep);

	write_byte(l.writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	end_leftover(&l);
}

/* F13: a leftover with another number */
static void test_fd_leftover__duplicate_gets_data__no_call_no_spin(void **state)
{
	assert_leftover_does_not_spin(fixture_of(state), keep_here);
}

/* F13: a leftover in another process */
static void test_fd_leftover__other_process_has_it_and_it_gets_data__no_call_no_spin(void **state)
{
	assert_leftover_does_not_spin(fixture_of(state), keep_in_another_process);
}

static void assert_new_event_sees_its_own_fd_only(struct fixture *f, void (*keep)(struct leftover *l))
{
	leftovers_reach_nobody(f);
	struct leftover l = make_leftover(f, keep);
	int writer = use_number_again(&l);
	struct tevent_fd *fde = watch(f, l.number, R, "new");

	write_byte(l.writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	write_byte(writer);
	next_calls(f->ev, 2);
	assert_notes("new:R new:R");
	talloc_free(fde);
	close_fd(&l.number);
	close_fd(&writer);
	end_leftover(&l);
}

/* F13: a new event on the number, the old file with another number gets data */
static void test_fd_leftover__duplicate_gets_data__new_event_sees_nothing_of_it(void **state)
{
	assert_new_event_sees_its_own_fd_only(fixture_of(state), keep_here);
}

/* F13: a new event on the number, the old file in another process gets data */
static void test_fd_leftover__other_process_has_it__new_event_sees_nothing_of_it(void **state)
{
	assert_new_event_sees_its_own_fd_only(fixture_of(state), keep_in_another_process);
}

/* F13: the old file is already ready when the new event is added */
static void test_fd_leftover__ready_before_the_new_event__it_sees_nothing_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l = make_leftover(f, keep_here);

	write_byte(l.writer);
	int writer = use_number_again(&l);
	struct tevent_fd *fde = watch(f, l.number, R, "new");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	close_fd(&l.number);
	close_fd(&writer);
	end_leftover(&l);
}

/* F13: hang-up of the old file */
static void test_fd_leftover__hangs_up__new_event_sees_nothing_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l = make_leftover(f, keep_here);
	int writer = use_number_again(&l);
	struct tevent_fd *fde = watch(f, l.number, R, "new");

	close_fd(&l.writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	close_fd(&l.number);
	close_fd(&writer);
	end_leftover(&l);
}

/* F13: several leftovers of one number */
static void test_fd_leftover__three_of_one_number__new_event_sees_nothing_of_them(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l[3];

	for (int i = 0; i < 3; i++) {
		l[i] = make_leftover(f, keep_here);
		write_byte(l[i].writer);
		assert_int_equal(l[i].number, l[0].number);
	}
	int writer = use_number_again(&l[0]);
	struct tevent_fd *fde = watch(f, l[0].number, R, "new");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	write_byte(writer);
	next_call(f->ev);
	assert_notes("new:R");
	talloc_free(fde);
	close_fd(&l[0].number);
	close_fd(&writer);
	for (int i = 0; i < 3; i++) {
		end_leftover(&l[i]);
	}
}

/* F13: the loop's other events are served despite a ready leftover */
static void test_fd_leftover__ready__other_events_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	int p[2];

	pipe_pair(p);
	watch(f, p[0], R, "other");
	struct leftover l = make_leftover(f, keep_here);
	write_byte(l.writer);
	assert_comes_to_rest(f->ev);
	write_byte(p[1]);
	next_calls(f->ev, 2);
	assert_notes("other:R other:R");
	close_fd(&p[0]);
	close_fd(&p[1]);
	end_leftover(&l);
}

/* F13: freed before it is closed, as it should be */
static void test_fd_leftover__freed_before_closed__new_event_sees_nothing_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct leftover l = {.kept = -1, .control = -1, .child = -1};
	int s[2];

	socket_pair(s);
	l.number = s[0];
	l.writer = s[1];
	struct tevent_fd *fde = watch(f, l.number, R, "old");
	tevent_fd_set_auto_close(fde);
	assert_comes_to_rest(f->ev);
	keep_in_another_process(&l);
	talloc_free(fde);
	write_byte(l.writer);
	int writer = use_number_again(&l);
	fde = watch(f, l.number, R, "new");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	close_fd(&l.number);
	close_fd(&writer);
	end_leftover(&l);
}

int tevent_common_wakeup_init(struct tevent_context *ev);
int tevent_common_wakeup(struct tevent_context *ev);

static void count_and_add_anew(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct {
		int calls, fd;
		struct tevent_fd *fde;
	} *r = private_data;

	r->calls++;
	talloc_free(fde);
	r->fde = tevent_add_fd(ev, ev, r->fd, R, count_and_add_anew, r);
}

/* C14: an fd whose event is created again each time is not served before the others */
static void test_fd_fairness__event_added_anew_each_time__others_have_their_turns(void **state)
{
	struct fixture *f = fixture_of(state);
	struct {
		int calls, fd;
		struct tevent_fd *fde;
	} renewed = {0};
	int a[2], b[2], calls = 0;

	DEVIATION("D15", "with poll the newest event comes first, again and again");
	pipe_pair(a);
	pipe_pair(b);
	renewed.fd = b[0];
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->ev, a[0], R, count_call, &calls);
	renewed.fde = tevent_add_fd(f->ev, f->ev, b[0], R, count_and_add_anew, &renewed);
	write_byte(a[1]);
	write_byte(b[1]);
	turns(f->ev, 20);
	talloc_free(fde);
	talloc_free(renewed.fde);
	assert_int_equal(calls, 10);
	assert_int_equal(renewed.calls, 10);
	close_fd(&a[0]);
	close_fd(&a[1]);
	close_fd(&b[0]);
	close_fd(&b[1]);
}

/* C14: nor is the wake-up */
static void test_fd_fairness__woken_before_each_turn__fd_has_its_turns(void **state)
{
	struct fixture *f = fixture_of(state);
	int a[2], calls = 0;

	pipe_pair(a);
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->ev, a[0], R, count_call, &calls);
	write_byte(a[1]);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(tevent_common_wakeup(f->ev), 0);
		turns(f->ev, 1);
	}
	talloc_free(fde);
	assert_true(calls >= 9);
	close_fd(&a[0]);
	close_fd(&a[1]);
}

/* The number of a live event refers to another file, while the old one stays open. */
struct reused {
	int number, kept; /* new file, old file */
	int old_writer, new_writer;
};

static struct reused reuse_number_of_live_event(struct fixture *f, struct tevent_fd **fde)
{
	struct reused u;
	int old[2], new[2];

	DEVIATION("D1", "aborts where the kernel does not know the number any more");
	pipe_pair(old);
	pipe_pair(new);
	u = (struct reused){.number = old[0], .old_writer = old[1], .new_writer = new[1]};
	*fde = watch(f, u.number, R, "live");
	assert_comes_to_rest(f->ev);
	u.kept = dup(u.number);
	assert_int_not_equal(u.kept, -1);
	assert_int_equal(dup2(new[0], u.number), u.number);
	close_fd(&new[0]);
	return u;
}

static void assert_old_file_reaches_nobody(struct fixture *f, struct reused *u, const char *new_data)
{
	write_byte(u->old_writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	write_byte(u->new_writer);
	next_call(f->ev);
	assert_notes(new_data);
	talloc_free_children(f->mem);
	f->ev = NULL;
	close_fd(&u->number);
	close_fd(&u->kept);
	close_fd(&u->old_writer);
	close_fd(&u->new_writer);
}

/* C14, D1: the number was closed and opened again under an event, which is then given other flags */
static void test_fd_reused__live_event_touched__sees_nothing_of_the_old_file(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	struct reused u = reuse_number_of_live_event(f, &fde);

	tevent_fd_set_flags(fde, R | W);
	assert_comes_to_rest(f->ev);
	assert_old_file_reaches_nobody(f, &u, "live:R");
}

/* C14, D1: it was switched off meanwhile */
static void test_fd_reused__live_event_switched_off_and_on__sees_nothing_of_the_old_file(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	struct reused u = reuse_number_of_live_event(f, &fde);

	tevent_fd_set_flags(fde, 0);
	assert_comes_to_rest(f->ev);
	tevent_fd_set_flags(fde, R);
	assert_comes_to_rest(f->ev);
	assert_old_file_reaches_nobody(f, &u, "live:R");
}

/* A live event on l's number, whose open file moved to another number. */
static struct tevent_fd *watch_then_close(struct fixture *f, struct leftover *l, uint16_t flags)
{
	int s[2];

	socket_pair(s);
	*l = (struct leftover){.number = s[0], .writer = s[1], .kept = -1, .control = -1, .child = -1};
	struct tevent_fd *fde = watch(f, l->number, flags, "live");
	assert_comes_to_rest(f->ev);
	keep_here(l);
	close(l->number);
	return fde;
}

/* F12, F5: an event of a closed fd asks for nothing any more: its open file's conditions are not reported */
static void test_fd_leftover__live_event_with_no_flags__no_spin(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l;
	struct tevent_fd *fde = watch_then_close(f, &l, R);

	tevent_fd_set_flags(fde, 0);
	write_byte(l.writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	end_leftover(&l);
}

/* F6, C14: the number refers to another file under a live event: both events see only the new file */
static void test_fd_leftover__number_used_again_under_a_live_event__sees_nothing_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l;
	struct tevent_fd *live = watch_then_close(f, &l, R);
	int writer = use_number_again(&l);
	struct tevent_fd *second = watch(f, l.number, R, "second");

	assert_comes_to_rest(f->ev);
	write_byte(l.writer);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	write_byte(writer);
	next_call(f->ev);
	assert_true(total_calls == 1);
	talloc_free(live);
	talloc_free(second);
	close_fd(&l.number);
	close_fd(&writer);
	end_leftover(&l);
}

static int setup(void **state)
{
	total_calls = 0;
	last_flags = 0;
	return fixture_setup(state);
}

/* TEST_EACH_BACKEND with this file's counters reset. */
#define CASE_ON(fn, backend)                                                                                           \
	{                                                                                                              \
#fn "[" #backend "]", fn, setup, fixture_teardown, (void *)(uintptr_t) #backend                        \
	}
#define CASE(fn) CASE_ON(fn, standard), CASE_ON(fn, epoll), CASE_ON(fn, poll), CASE_ON(fn, poll_mt)

/* F6, C13: when the only event that asked for the ready condition is freed, nothing is ready any more, from the next
 * turn on. */
static void test_fd_shared__ready_for_the_one_that_went__nothing_is_ready(void **state)
{
	struct fixture *f = fixture_of(state);
	int calls = 0;
	int s[2];

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	socket_pair(s);
	fill(s[0]);
	write_byte(s[1]);
	struct tevent_fd *reader = watch(f, s[0], R, "a");
	count_on(f, s[0], W, &calls);
	next_call(f->ev);
	talloc_free(reader);
	tevent_context_set_wait_timeout(f->ev, 0);
	errno = 0;
	assert_int_equal(tevent_loop_once(f->ev), -1);
	assert_int_equal(errno, EAGAIN);
	assert_notes("a:R");
	assert_int_equal(calls, 0);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F13: the number refers to the same open file again: the kernel still has it (EEXIST). */
static void test_fd_leftover__number_means_it_again__new_event_is_served(void **state)
{
	struct fixture *f = fixture_of(state);
	leftovers_reach_nobody(f);
	struct leftover l = make_leftover(f, keep_here);

	assert_int_equal(dup2(l.kept, l.number), l.number);
	struct tevent_fd *fde = watch(f, l.number, R, "new");
	assert_comes_to_rest(f->ev);
	write_byte(l.writer);
	next_calls(f->ev, 2);
	assert_notes("new:R new:R");
	tevent_fd_set_flags(fde, W);
	next_call(f->ev);
	assert_notes("new:R new:R new:W");
	talloc_free(fde);
	assert_comes_to_rest(f->ev);
	close(l.number);
	end_leftover(&l);
}

/* The event "a" watches the number of an empty pipe; then the number refers to another pipe, of which this is
 * the write end. */
static int another_file_under_a_live_event(struct fixture *f, int *number, struct tevent_fd **a)
{
	int p[2], q[2];

	pipe_pair(p);
	pipe_pair(q);
	*number = p[0];
	*a = watch(f, p[0], R, "a");
	assert_comes_to_rest(f->ev);
	dup2(q[0], p[0]);
	close_fd(&q[0]);
	close_fd(&p[1]);
	return q[1];
}

/* F13, D1: the kernel no longer has the number (ENOENT): new flags register it again. */
static void test_fd__number_used_again_under_it_and_flags_set__sees_the_new_file(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *a;
	int number, writer;

	DEVIATION("D1", "the event is detached, or it is fatal");
	writer = another_file_under_a_live_event(f, &number, &a);
	tevent_fd_set_flags(a, R | W); /* a read end is never writable */
	assert_comes_to_rest(f->ev);
	write_byte(writer);
	next_calls(f->ev, 2);
	assert_notes("a:R a:R");
	close_fd(&writer);
	close_fd(&number);
}

/* F13, D1: another event on it that asks for the same registers it too. */
static void test_fd__number_used_again_under_it_and_shared__both_see_the_new_file(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *a;
	int calls = 0, number, writer;

	DEVIATION("D1", "the event is detached, or it is fatal");
	writer = another_file_under_a_live_event(f, &number, &a);
	count_on(f, number, R, &calls);
	assert_comes_to_rest(f->ev);
	write_byte(writer);
	next_calls(f->ev, 2);
	assert_int_equal(calls, 1);
	assert_notes("a:R");
	close_fd(&writer);
	close_fd(&number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_fd_shared__two_readers__each_once_per_round),
		CASE(test_fd_shared__five_readers__each_once_per_round),
		CASE(test_fd_shared__reader_and_writer__each_gets_its_own_flag),
		CASE(test_fd_shared__both_reader_and_writer__each_once_with_all_it_asks_for),
		CASE(test_fd_shared__not_asked_for__not_called),
		CASE(test_fd_shared__peer_closed__each_that_asks_for_error),
		CASE(test_fd_shared__one_freed__the_others_are_served),
		CASE(test_fd_shared__reader_freed__writer_is_not_told_of_data),
		CASE(test_fd_shared__ready_for_the_one_that_went__nothing_is_ready),
		CASE(test_fd_shared__flags_moved_to_the_other__the_other_is_called),
		CASE(test_fd_shared__each_clears_its_flags__each_called_once),
		CASE(test_fd_shared__handler_frees_another__the_rest_are_served),
		CASE(test_fd_shared__each_frees_itself__each_called_once),
		CASE(test_fd_shared__one_of_three_frees_itself__the_others_are_served),
		CASE(test_fd_shared__handler_adds_another__both_are_served),
		CASE(test_fd_shared__both_ends_of_a_pair__each_once_per_round),
		CASE(test_fd_shared__two_contexts__each_is_told),
		CASE(test_fd_shared__write_only_and_hang_up__all_switched_off),
		CASE(test_fd_shared__hang_up_with_a_reader__only_the_reader_is_called),
		CASE(test_fd_shared__hang_up_and_the_reader_goes__comes_to_rest),
		CASE(test_fd_shared__peer_shut_down_sending__reader_and_writer_take_turns),
		CASE(test_fd_closed__added__cut_loose),
		CASE(test_fd_closed__three_on_it__cut_loose_together),
		TEST_ON(test_fd_closed__while_polled__error_and_warning_each, poll),
		CASE(test_fd_closed__added__detached_once),
		CASE(test_fd_closed__added__other_events_go_on),
		CASE(test_fd_closed__cut_loose__loop_wait_ends),
		CASE(test_fd_closed__while_watched_and_touched__cut_loose),
		CASE(test_fd_closed__others_on_it_touched__cut_loose),
		CASE(test_fd_closed__cut_loose_and_freed__close_function_runs_once),
		CASE(test_fd_closed__then_freed__quiet),
		CASE(test_fd_closed__number_used_again_then_freed__quiet),
		CASE(test_fd_closed__one_of_two_freed__the_other_is_harmless),
		CASE(test_fd_leftover__duplicate_gets_data__no_call_no_spin),
		CASE(test_fd_leftover__other_process_has_it_and_it_gets_data__no_call_no_spin),
		CASE(test_fd_leftover__duplicate_gets_data__new_event_sees_nothing_of_it),
		CASE(test_fd_leftover__other_process_has_it__new_event_sees_nothing_of_it),
		CASE(test_fd_leftover__ready_before_the_new_event__it_sees_nothing_of_it),
		CASE(test_fd_leftover__hangs_up__new_event_sees_nothing_of_it),
		CASE(test_fd_leftover__three_of_one_number__new_event_sees_nothing_of_them),
		CASE(test_fd_leftover__ready__other_events_are_served),
		CASE(test_fd_leftover__freed_before_closed__new_event_sees_nothing_of_it),
		CASE(test_fd_leftover__number_means_it_again__new_event_is_served),
		CASE(test_fd__number_used_again_under_it_and_flags_set__sees_the_new_file),
		CASE(test_fd__number_used_again_under_it_and_shared__both_see_the_new_file),
		CASE(test_fd_fairness__event_added_anew_each_time__others_have_their_turns),
		CASE(test_fd_fairness__woken_before_each_turn__fd_has_its_turns),
		CASE(test_fd_reused__live_event_touched__sees_nothing_of_the_old_file),
		CASE(test_fd_reused__live_event_switched_off_and_on__sees_nothing_of_the_old_file),
		CASE_ON(test_wakeup_closed__by_the_program__others_are_served, standard),
		CASE_ON(test_wakeup_closed__by_the_program__others_are_served, epoll),
		CASE_ON(test_wakeup_closed__by_the_program__others_are_served, poll),
		CASE(test_fd_leftover__live_event_with_no_flags__no_spin),
		CASE(test_fd_leftover__number_used_again_under_a_live_event__sees_nothing_of_it),
	};

	return cmocka_run_group_tests_name("fd_shared", tests, group_setup, NULL);
}
