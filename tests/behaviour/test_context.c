/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Contexts: creation, destruction, re-initialising, abort, the descriptors
 * they hold, functions that accept NULL.
 *
 * Events are detached (C8) in three ways: freeing, tevent_re_initialise() and
 * tevent_common_context_destructor().  Most of these tests share a body that
 * takes the way as a parameter.  Traces distinguish events by their tag; tag 0
 * is not an event of the test (the oracle traces its wake-up fd).
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int tevent_common_context_destructor(struct tevent_context *ev);
int tevent_common_wakeup_init(struct tevent_context *ev);
void tevent_common_check_double_free(TALLOC_CTX *ptr, const char *reason);
void tevent_abort(struct tevent_context *ev, const char *reason);
void tevent_debug(struct tevent_context *ev, enum tevent_debug_level level, const char *fmt, ...)
	PRINTF_ATTRIBUTE(3, 4);

/* ---- helpers -------------------------------------------------------- */

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("im");
}

static void on_cancelled(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("cancelled");
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("sig");
}

static void on_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note(ev == NULL ? "close:null" : "close:ev");
}

struct one_of_each {
	int fds[2];
	struct tevent_fd *fde;
	struct tevent_timer *te;
	struct tevent_immediate *im;
	struct tevent_signal *se;
};

/* One event of each kind, all but the signal ready to run. */
static void add_one_of_each(struct one_of_each *o, struct tevent_context *ev, TALLOC_CTX *mem)
{
	pipe_pair(o->fds);
	write_byte(o->fds[1]);
	o->fde = tevent_add_fd(ev, mem, o->fds[0], TEVENT_FD_READ, on_fd, NULL);
	o->te = tevent_add_timer(ev, mem, tevent_timeval_zero(), on_timer, NULL);
	o->im = tevent_create_immediate(mem);
	o->se = tevent_add_signal(ev, mem, SIGUSR1, 0, on_signal, NULL);
	assert_non_null(o->fde);
	assert_non_null(o->te);
	assert_non_null(o->im);
	assert_non_null(o->se);
	tevent_schedule_immediate(o->im, ev, on_immediate, NULL);
}

static void close_pair(int fds[2])
{
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

static void free_one_of_each(struct one_of_each *o)
{
	assert_int_equal(talloc_free(o->fde), 0);
	assert_int_equal(talloc_free(o->te), 0);
	assert_int_equal(talloc_free(o->im), 0);
	assert_int_equal(talloc_free(o->se), 0);
	close_pair(o->fds);
}

/* How often the record has this word. */
static int count_words(const char *word)
{
	size_t len = strlen(word);
	int count = 0;

	for (const char *p = notes(); (p = strstr(p, word)) != NULL; p += len) {
		count += p[len] == ' ' || p[len] == '\0';
	}
	return count;
}

static int note_gone(char *p)
{
	note("gone");
	return 0;
}

/* Notes "gone" when the object's memory is freed. */
static void note_end_of(void *object)
{
	char *child = talloc_strdup(object, "witness");
	assert_non_null(child);
	talloc_set_destructor(child, note_gone);
}

static void note_detach(const char *kind, uint64_t tag, enum tevent_event_trace_point point)
{
	if (tag != 0 && point == TEVENT_EVENT_TRACE_DETACH) {
		note("%s%u", kind, (unsigned)tag);
	}
}

static void trace_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *p)
{
	note_detach("-fd", tevent_fd_get_tag(fde), point);
}

static void trace_timer(struct tevent_timer *te, enum tevent_event_trace_point point, void *p)
{
	note_detach("-timer", tevent_timer_get_tag(te), point);
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *p)
{
	note_detach("-im", tevent_immediate_get_tag(im), point);
}

static void trace_signal(struct tevent_signal *se, enum tevent_event_trace_point point, void *p)
{
	note_detach("-sig", tevent_signal_get_tag(se), point);
}

static void trace_queue(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *p)
{
}

static void trace_loop(enum tevent_trace_point point, void *p)
{
}

static void trace_detaches(struct tevent_context *ev)
{
	tevent_set_trace_fd_callback(ev, trace_fd, NULL);
	tevent_set_trace_timer_callback(ev, trace_timer, NULL);
	tevent_set_trace_immediate_callback(ev, trace_immediate, NULL);
	tevent_set_trace_signal_callback(ev, trace_signal, NULL);
}

/* The ways to detach all events. */
typedef void (*cut_fn)(struct tevent_context *ev);

static void cut_by_free(struct tevent_context *ev)
{
	assert_int_equal(talloc_free(ev), 0);
}

static void cut_by_reinitialise(struct tevent_context *ev)
{
	assert_int_equal(tevent_re_initialise(ev), 0);
}

static void cut_by_destructor(struct tevent_context *ev)
{
	assert_int_equal(tevent_common_context_destructor(ev), 0);
}

/* ---- C7: creation --------------------------------------------------- */

/* C7: child of mem_ctx, named, for all three functions. */
static void test_context_init__each_function__gives_named_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev[3] = {
		tevent_context_init(f->mem),
		tevent_context_init_byname(f->mem, f->backend),
		tevent_context_init_ops(f->mem, tevent_find_ops_byname(f->backend), NULL),
	};

	for (int i = 0; i < 3; i++) {
		assert_non_null(ev[i]);
		assert_ptr_equal(talloc_parent(ev[i]), f->mem);
		assert_string_equal(talloc_get_name(ev[i]), "struct tevent_context");
	}
}

/* C7: a NULL name is the default one, a NULL mem_ctx means no parent. */
static void test_context_init_byname__all_null__gives_default_without_parent(void **state)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, NULL);

	assert_non_null(ev);
	assert_string_equal(talloc_get_name(ev), "struct tevent_context");
	assert_int_equal(talloc_free(ev), 0);
}

/* C7: zeroed: a new context has no callbacks and no events. */
static void test_context_init__new_context__has_nothing_set(void **state)
{
	struct fixture *f = fixture_of(state);
	tevent_trace_callback_t cb = trace_loop;
	tevent_trace_fd_callback_t fd_cb = trace_fd;
	void *p = f;

	tevent_get_trace_callback(f->ev, &cb, &p);
	assert_null(cb);
	assert_null(p);
	p = f;
	tevent_get_trace_fd_callback(f->ev, &fd_cb, &p);
	assert_null(fd_cb);
	assert_null(p);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* C7: unknown name: NULL, nothing leaked. */
static void test_context_init_byname__unknown_name__gives_null(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	assert_null(tevent_context_init_byname(f->mem, "no such backend"));
	assert_null(tevent_context_init_byname(f->mem, ""));
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

static int failing_context_init(struct tevent_context *ev)
{
	note_end_of(ev);
	return 1;
}

/* C7: context_init fails: NULL, and what it allocated below the context is freed too. */
static void test_context_init_ops__table_refuses__gives_null_and_leaks_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	size_t blocks = talloc_total_blocks(f->mem);

	ops.context_init = failing_context_init;
	assert_null(tevent_context_init_ops(f->mem, &ops, NULL));
	assert_notes("gone");
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* C7: no memory: NULL, no chunk and no descriptor leaked, whichever allocation failed. */
static void test_context_init__out_of_memory__gives_null_and_leaks_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = NULL;
	int refused = 0;

	for (size_t limit = 1; ev == NULL && limit < 65536; limit += 64) {
		TALLOC_CTX *poor = talloc_named_const(f->mem, 0, "poor");
		int fds = count_open_fds();

		assert_int_equal(talloc_set_memlimit(poor, limit), 0);
		ev = tevent_context_init_byname(poor, f->backend);
		if (ev == NULL) {
			refused++;
			assert_int_equal(talloc_total_blocks(poor), 1);
			assert_int_equal(count_open_fds(), fds);
			assert_int_equal(talloc_free(poor), 0);
		}
	}
	assert_non_null(ev);
	assert_true(refused > 0);
}

static int count_free(int **counter)
{
	(**counter)++;
	return 0;
}

/* C7, D16: a built-in table frees its additional data, or leaves it alone. */
static void test_context_init_ops__additional_data__is_freed_at_most_once(void **state)
{
	struct fixture *f = fixture_of(state);
	int freed = 0;
	int **data = talloc(f->mem, int *);
	struct tevent_context *ev;

	*data = &freed;
	talloc_set_destructor(data, count_free);
	ev = tevent_context_init_ops(f->mem, tevent_find_ops_byname(f->backend), data);
	assert_non_null(ev);
	assert_int_equal(talloc_free(ev), 0);
	assert_in_range(freed, 0, 1);
	if (freed == 0) {
		assert_int_equal(talloc_free(data), 0);
	}
}

/* ---- C8: detaching -------------------------------------------------- */

static void cut_order(struct fixture *f, cut_fn cut)
{
	struct tevent_context *ev = f->ev;
	int fds[2];
	struct tevent_fd *fde[2];
	struct tevent_timer *te[2];
	struct tevent_immediate *im[2];
	struct tevent_signal *se[2];

	pipe_pair(fds);
	for (int i = 0; i < 2; i++) {
		fde[i] = tevent_add_fd(ev, f->mem, fds[i], TEVENT_FD_READ, on_fd, NULL);
		/* the one added second is due first */
		te[i] = tevent_add_timer(ev, f->mem, in_ms(100000 - 1000 * i), on_timer, NULL);
		im[i] = tevent_create_immediate(f->mem);
		tevent_schedule_immediate(im[i], ev, on_immediate, NULL);
		se[i] = tevent_add_signal(ev, f->mem, SIGUSR1, 0, on_signal, NULL);
		tevent_fd_set_tag(fde[i], i + 1);
		tevent_timer_set_tag(te[i], i + 1);
		tevent_immediate_set_tag(im[i], i + 1);
		tevent_signal_set_tag(se[i], i + 1);
	}
	trace_detaches(ev);
	cut(ev);
	assert_notes("-fd2 -fd1 -timer2 -timer1 -im1 -im2 -sig2 -sig1");
	close_pair(fds);
}

/* C8: fds newest first, timers in due order, immediates as scheduled, signals newest first. */
static void test_context__freed__detaches_in_order(void **state)
{
	cut_order(fixture_of(state), cut_by_free);
}

/* C8, C10: the same order. */
static void test_reinitialise__events_of_all_kinds__detaches_in_order(void **state)
{
	cut_order(fixture_of(state), cut_by_reinitialise);
}

/* C8: the exported destructor only detaches. */
static void test_common_context_destructor__events_of_all_kinds__detaches_in_order(void **state)
{
	struct fixture *f = fixture_of(state);

	cut_order(f, cut_by_destructor);
	assert_string_equal(talloc_get_name(f->ev), "struct tevent_context");
	clear_notes();
	assert_int_equal(talloc_free(f->ev), 0);
	assert_notes("");
}

static const struct tevent_wrapper_ops plain_wrapper = {.name = "plain"};

/* C8, W2: a wrapper's events belong to the context and are detached in their place among the others. */
static void test_context__freed_with_wrapper__wrapper_events_go_among_the_others(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrapper;
	struct tevent_fd *own, *wrapped;
	int *wstate;
	int fds[2];

	pipe_pair(fds);
	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &plain_wrapper, &wstate, int);
	assert_non_null(wrapper);
	wrapped = tevent_add_fd(wrapper, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	own = tevent_add_fd(f->ev, f->mem, fds[1], TEVENT_FD_READ, on_fd, NULL);
	tevent_fd_set_tag(wrapped, 1);
	tevent_fd_set_tag(own, 2);
	trace_detaches(f->ev);

	assert_int_equal(talloc_free(f->ev), 0);
	assert_notes("-fd2 -fd1");
	assert_int_equal(tevent_fd_get_flags(wrapped), 0);
	assert_false(tevent_context_same_loop(wrapper, wrapper));
	close_pair(fds);
}

/* C8: a threaded context loses its context: scheduling through it does nothing. */
static void test_context__freed_with_threaded_context__immediate_stays_idle(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->mem, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(tctx);
	assert_int_equal(talloc_free(f->ev), 0);
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, NULL);
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	settle(other, 5);
	assert_notes("im");
	assert_int_equal(talloc_free(tctx), 0);
}

/* C8: objects in other trees stay valid, and are harmless to use and to free. */
static void test_context__freed__events_elsewhere_stay_harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct one_of_each o;

	add_one_of_each(&o, f->ev, f->mem);
	tevent_fd_set_tag(o.fde, 7);
	assert_int_equal(talloc_free(f->ev), 0);

	assert_int_equal(tevent_fd_get_flags(o.fde), 0);
	tevent_fd_set_flags(o.fde, TEVENT_FD_READ | TEVENT_FD_WRITE);
	assert_int_equal(tevent_fd_get_flags(o.fde), 0);
	assert_int_equal(tevent_fd_get_tag(o.fde), 7);
	free_one_of_each(&o);
	assert_notes("");
}

struct late_adder {
	struct tevent_context *ev;
	TALLOC_CTX *parent; /* NULL: the request */
	struct one_of_each *added;
};

static void add_late(struct tevent_req *req, enum tevent_req_state req_state)
{
	struct late_adder *state = tevent_req_data(req, struct late_adder);

	if (req_state == TEVENT_REQ_RECEIVED) {
		add_one_of_each(state->added, state->ev, state->parent != NULL ? state->parent : req);
		note("added");
	}
}

/* The context's child: its cleanup function runs when the context's events are already detached. */
static void make_late_adder(struct tevent_context *ev, TALLOC_CTX *parent, struct one_of_each *added)
{
	struct late_adder *state;
	struct tevent_req *req = tevent_req_create(ev, &state, struct late_adder);

	assert_non_null(req);
	*state = (struct late_adder){ev, parent, added};
	tevent_req_set_cleanup_fn(req, add_late);
}

/* C8, R6: events that a child of the context adds while being freed are freed with the context. */
static void test_context__freed_while_a_child_adds_events__they_go_with_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct one_of_each o = {0};

	DEVIATION("C8", "the wake-up that the signal event needs stays open");
	make_late_adder(f->ev, NULL, &o);
	assert_int_equal(talloc_free(f->ev), 0);
	assert_notes("added");
	assert_int_equal(talloc_total_blocks(f->mem), 1);
	close_pair(o.fds);
}

/* C8: the same with events in other trees: harmless to use and to free. */
static void test_context__freed_while_a_child_adds_events_elsewhere__they_stay_harmless(void **state)
{
	struct fixture *f = fixture_of(state);
	struct one_of_each o = {0};

	DEVIATION("C8", "they still point to the freed context");
	make_late_adder(f->ev, f->mem, &o);
	assert_int_equal(talloc_free(f->ev), 0);
	assert_int_equal(tevent_fd_get_flags(o.fde), 0);
	tevent_fd_set_flags(o.fde, TEVENT_FD_READ);
	assert_int_equal(tevent_fd_get_flags(o.fde), 0);
	free_one_of_each(&o);
	assert_notes("added");
}

/* C8: running a new context does not bring back detached events. */
static void test_context__freed__no_handler_runs_any_more(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct one_of_each o;

	add_one_of_each(&o, f->ev, f->mem);
	assert_int_equal(talloc_free(f->ev), 0);
	settle(other, 5);
	assert_notes("");
	free_one_of_each(&o);
}

/* C8: the signal's disposition is restored as soon as the context is freed. */
static void test_context__freed_with_signal__disposition_is_restored(void **state)
{
	struct fixture *f = fixture_of(state);
	struct sigaction before, after;

	sigaction(SIGUSR2, NULL, &before);
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR2, 0, on_signal, NULL));
	assert_int_equal(talloc_free(f->ev), 0);
	sigaction(SIGUSR2, NULL, &after);
	assert_ptr_equal(after.sa_handler, before.sa_handler);
}

/* C8: a detached immediate can be scheduled on another context. */
static void test_context__freed__immediate_runs_on_another_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	tevent_schedule_immediate(im, f->ev, on_cancelled, NULL);
	assert_int_equal(talloc_free(f->ev), 0);
	tevent_schedule_immediate(im, other, on_immediate, NULL);
	turns(other, 1);
	assert_notes("im");
}

/* C8: the close function runs when the event is freed, not before, with a NULL context. */
static void test_context__freed_before_fd_event__close_fn_gets_null_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_fd_set_close_fn(fde, on_close);
	assert_int_equal(talloc_free(f->ev), 0);
	assert_notes("");
	assert_int_equal(talloc_free(fde), 0);
	assert_notes("close:null");
	close_pair(fds);
}

/* C8: an event that is the context's child is detached before it is freed. */
static void test_context__freed_with_fd_event_as_child__close_fn_gets_null_context(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, NULL, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_fd_set_close_fn(fde, on_close);
	tevent_fd_set_tag(fde, 1);
	trace_detaches(f->ev);
	assert_int_equal(talloc_free(f->ev), 0);
	assert_notes("-fd1 close:null");
	close_pair(fds);
}

/* C8: on a wrapper the exported destructor is an abort. */
static void test_common_context_destructor__on_wrapper__aborts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *wrapper;
	int *wstate;

	wrapper = tevent_context_wrapper_create(f->ev, f->mem, &plain_wrapper, &wstate, int);
	assert_non_null(wrapper);
	record_aborts();
	tevent_common_context_destructor(wrapper);
	assert_int_equal(abort_count, 1);
}

/* ---- C8: the context's children freed ------------------------------- */

#define MANY_FDS 40

/* Descriptors of one pipe that is ready, an event for each: a child of the context. */
static void watch_many(struct tevent_context *ev, int fds[MANY_FDS])
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	close(ends[1]);
	fds[0] = ends[0];
	for (int i = 1; i < MANY_FDS; i++) {
		fds[i] = dup(ends[0]);
		assert_true(fds[i] >= 0);
	}
	for (int i = 0; i < MANY_FDS; i++) {
		assert_non_null(tevent_add_fd(ev, ev, fds[i], TEVENT_FD_READ, on_fd, NULL));
	}
}

static void shed_what_was_inherited(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	int fds[MANY_FDS];

	watch_many(f->ev, fds);
	turns(f->ev, 1);
	talloc_free_children(f->ev);
	if (!running_on_oracle()) { /* aborts there: its backend is one of the children */
		talloc_free(f->ev);
	}
	f->ev = tevent_context_init(f->mem);
	child_assert(f->ev != NULL);
	child_assert(tevent_add_fd(f->ev, f->ev, fds[0], TEVENT_FD_READ, on_fd, NULL) != NULL);
	child_assert(tevent_loop_once(f->ev) == 0);
}

/* C8: a forked server discards inherited events by freeing the context's children (as Samba's prefork model does). */
static void test_children__freed_before_the_context__child_starts_anew(void **state)
{
	assert_child_succeeds(shed_what_was_inherited, fixture_of(state));
}

static void free_without_destructor(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	struct tevent_context *other = tevent_context_init(f->mem); /* so that it has another address than the first */
	int fds[MANY_FDS];
	int status;
	pid_t pid;

	child_assert(other != NULL);
	watch_many(f->ev, fds);
	child_assert(tevent_common_wakeup_init(f->ev) == 0);
	turns(f->ev, 1);
	_talloc_set_destructor(f->ev, NULL);
	talloc_free(f->ev);
	f->ev = other;
	pid = fork(); /* the library handles each context at that point */
	child_assert(pid >= 0);
	if (pid == 0) {
		_exit(0);
	}
	child_assert(waitpid(pid, &status, 0) == pid && status == 0);
	child_assert(tevent_common_wakeup_init(other) == 0);
	child_assert(tevent_add_fd(other, other, fds[0], TEVENT_FD_READ, on_fd, NULL) != NULL);
	child_assert(tevent_loop_once(other) == 0);
	talloc_free(other);
}

/* C8: a context freed without its destructor leaves no pointer to it behind (Samba's prefork model again). */
static void test_context__freed_without_destructor__child_starts_anew(void **state)
{
	assert_child_succeeds(free_without_destructor, fixture_of(state));
}

/* ---- C10: re-initialise --------------------------------------------- */

/* C8, C10: events of all kinds are detached, the context pointer stays valid. */
static void test_reinitialise__events_ready__none_of_them_runs(void **state)
{
	struct fixture *f = fixture_of(state);
	struct one_of_each o;

	add_one_of_each(&o, f->ev, f->mem);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_int_equal(tevent_fd_get_flags(o.fde), 0);
	settle(f->ev, 5);
	assert_notes("");
	free_one_of_each(&o);
}

/* C10: the context works like a new one. */
static void test_reinitialise__new_events__run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct one_of_each o;

	add_one_of_each(&o, f->ev, f->mem);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	free_one_of_each(&o);

	add_one_of_each(&o, f->ev, f->mem);
	raise(SIGUSR1);
	turns(f->ev, 3);
	assert_notes("sig im timer");
	while (strstr(notes(), "fd") == NULL) {
		turns(f->ev, 1); /* the wake-up may take a turn of its own */
	}
	assert_notes("sig im timer fd");
	o.te = talloc_named_const(f->mem, 0, "the timer is freed");
	free_one_of_each(&o);
}

/* C10: the debug function stays. */
static void test_reinitialise__debug_function__is_kept(void **state)
{
	struct fixture *f = fixture_of(state);

	set_debug_recorder(f->ev);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	memset(debug_messages, 0, sizeof(debug_messages));
	tevent_debug(f->ev, TEVENT_DEBUG_WARNING, "still there\n");
	assert_int_equal(debug_messages[TEVENT_DEBUG_WARNING], 1);
}

/* C10: so does the maximum level. */
static void test_reinitialise__debug_level__is_kept(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.15: tevent_set_max_debug_level");
	set_debug_recorder(f->ev);
	tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_ERROR);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	tevent_debug(f->ev, TEVENT_DEBUG_WARNING, "too much\n");
	assert_int_equal(debug_messages[TEVENT_DEBUG_WARNING], 0);
	assert_int_equal(tevent_set_max_debug_level(f->ev, TEVENT_DEBUG_TRACE), TEVENT_DEBUG_ERROR);
}

/* C10: all trace callbacks stay, with their data. */
static void test_reinitialise__trace_callbacks__are_kept(void **state)
{
	struct fixture *f = fixture_of(state);
	int data[6];
	void *p;
	tevent_trace_callback_t loop_cb;
	tevent_trace_fd_callback_t fd_cb;
	tevent_trace_timer_callback_t timer_cb;
	tevent_trace_immediate_callback_t im_cb;
	tevent_trace_signal_callback_t sig_cb;
	tevent_trace_queue_callback_t queue_cb;

	tevent_set_trace_callback(f->ev, trace_loop, &data[0]);
	tevent_set_trace_fd_callback(f->ev, trace_fd, &data[1]);
	tevent_set_trace_timer_callback(f->ev, trace_timer, &data[2]);
	tevent_set_trace_immediate_callback(f->ev, trace_immediate, &data[3]);
	tevent_set_trace_signal_callback(f->ev, trace_signal, &data[4]);
	tevent_set_trace_queue_callback(f->ev, trace_queue, &data[5]);
	assert_int_equal(tevent_re_initialise(f->ev), 0);

	tevent_get_trace_callback(f->ev, &loop_cb, &p);
	assert_true(loop_cb == trace_loop && p == &data[0]);
	tevent_get_trace_fd_callback(f->ev, &fd_cb, &p);
	assert_true(fd_cb == trace_fd && p == &data[1]);
	tevent_get_trace_timer_callback(f->ev, &timer_cb, &p);
	assert_true(timer_cb == trace_timer && p == &data[2]);
	tevent_get_trace_immediate_callback(f->ev, &im_cb, &p);
	assert_true(im_cb == trace_immediate && p == &data[3]);
	tevent_get_trace_signal_callback(f->ev, &sig_cb, &p);
	assert_true(sig_cb == trace_signal && p == &data[4]);
	tevent_get_trace_queue_callback(f->ev, &queue_cb, &p);
	assert_true(queue_cb == trace_queue && p == &data[5]);
}

/* C10: the wait timeout stays. */
static void test_reinitialise__wait_timeout__is_kept(void **state)
{
	struct fixture *f = fixture_of(state);

	NEWER_THAN_ORACLE("0.17: tevent_context_set_wait_timeout");
	tevent_context_set_wait_timeout(f->ev, 7);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_int_equal(tevent_context_set_wait_timeout(f->ev, 30), 7);
}

static int init_result;

static int init_with_result(struct tevent_context *ev)
{
	note("init");
	return init_result != 0 ? init_result : tevent_find_ops_byname("poll")->context_init(ev);
}

/* C10: the table's context_init runs after detaching, its value is returned. */
static void test_reinitialise__table_refuses__gives_its_value(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;
	struct tevent_timer *te;

	init_result = 0;
	ops.context_init = init_with_result;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_non_null(ev);
	te = tevent_add_timer(ev, f->mem, in_ms(100000), on_timer, NULL);
	tevent_timer_set_tag(te, 1);
	trace_detaches(ev);

	assert_int_equal(tevent_re_initialise(ev), 0);
	init_result = 7;
	assert_int_equal(tevent_re_initialise(ev), 7);
	assert_notes("init -timer1 init init");
	assert_int_equal(talloc_free(ev), 0);
}

/* C10: repeated, it accumulates nothing. */
static void test_reinitialise__many_times__keeps_the_descriptor_count(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im;
	int fds = count_open_fds();

	for (int i = 0; i < 10; i++) {
		assert_int_equal(tevent_re_initialise(f->ev), 0);
	}
	assert_int_equal(count_open_fds(), fds);
	im = tevent_create_immediate(f->mem);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("im");
}

/* ---- C20: abort ----------------------------------------------------- */

static void note_abort(const char *reason)
{
	note("abort:%s", reason);
}

static void note_fatal(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void note_fatal(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	if (level == TEVENT_DEBUG_FATAL) {
		note("fatal");
	}
}

/* C20: the message first, then the function with the reason. */
static void test_abort__function_set__logs_then_calls_it(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_set_debug(f->ev, note_fatal, NULL), 0);
	tevent_set_abort_fn(note_abort);
	tevent_abort(f->ev, "why");
	assert_notes("fatal abort:why");
}

/* C20, C28: without a context there is no message. */
static void test_abort__null_context__calls_the_function(void **state)
{
	tevent_set_abort_fn(note_abort);
	tevent_abort(NULL, "why");
	assert_notes("abort:why");
}

/* C20: the last function set is called. */
static void test_abort__function_replaced__calls_the_new_one(void **state)
{
	tevent_set_abort_fn(note_abort);
	record_aborts();
	tevent_abort(NULL, "why");
	assert_notes("");
	assert_string_equal(abort_reason, "why");
}

static void abort_without_function(void *arg)
{
	tevent_set_abort_fn(NULL);
	tevent_abort(arg, "why");
}

/* C20: no function: abort(), with and without context. */
static void test_abort__no_function__kills_the_process(void **state)
{
	assert_child_aborts(abort_without_function, NULL);
	assert_child_aborts(abort_without_function, fixture_of(state)->ev);
}

static void abort_after_function_was_taken_away(void *arg)
{
	record_aborts();
	abort_without_function(arg);
}

/* C20: NULL removes the function. */
static void test_abort__function_set_to_null__kills_the_process(void **state)
{
	assert_child_aborts(abort_after_function_was_taken_away, NULL);
}

/* ---- C22: pid ------------------------------------------------------- */

/* C22: getpid(). In children: see test_fork.c. */
static void test_cached_getpid__same_process__is_getpid(void **state)
{
	assert_int_equal(tevent_cached_getpid(), getpid());
	assert_int_equal(tevent_cached_getpid(), getpid());
}

/* C7, C10: the built-in context_init frees what it was given as additional data, once. */
static void test_context_init_ops__additional_data__freed_once(void **state)
{
	struct fixture *f = fixture_of(state);
	char *data = talloc_strdup(f->mem, "data");
	struct tevent_context *ev;

	DEVIATION("D16", "what happens to it is unspecified");
	note_end_of(data);
	ev = tevent_context_init_ops(f->mem, tevent_find_ops_byname(f->backend), data);
	assert_non_null(ev);
	assert_notes("gone");
	assert_int_equal(tevent_re_initialise(ev), 0);
	talloc_free(ev);
	assert_notes("gone");
}

static void note_entry_detach(struct tevent_queue_entry *qe, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_DETACH) {
		note("entry");
	}
}

static void note_fd_detach(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	if (point == TEVENT_EVENT_TRACE_DETACH && tevent_fd_get_tag(fde) == 1) {
		note("fd");
	}
}

static const struct tevent_wrapper_ops no_hooks = {.name = "no hooks"};

/* C8: wrappers, and the entries that only they have, are detached before the context's own events. */
static void test_context_free__wrapper_with_queue_entry__goes_first(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_queue *queue = tevent_queue_create(f->mem, "queue");
	struct tevent_context *wrap_ev;
	struct tevent_req *req;
	struct tevent_fd *fde;
	int *ws = NULL, *rs = NULL;
	int fds[2];

	DEVIATION("D7", "queue entries of a wrapper are not traced");
	wrap_ev = tevent_context_wrapper_create(f->ev, f->mem, &no_hooks, &ws, int);
	req = tevent_req_create(f->mem, &rs, int);
	assert_true(tevent_queue_add(queue, wrap_ev, req, NULL, NULL));
	pipe_pair(fds);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_fd_set_tag(fde, 1);
	tevent_set_trace_queue_callback(f->ev, note_entry_detach, NULL);
	tevent_set_trace_fd_callback(f->ev, note_fd_detach, NULL);
	TALLOC_FREE(f->ev);
	assert_notes("entry fd");
	close_pair(fds);
}

/* ---- C25: re-initialise in a handler -------------------------------- */

static struct tevent_immediate *inner_im;

static int note_level(struct tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
		      const char *location)
{
	note("%s%u", begin ? "begin" : "end", (unsigned)level);
	return 0;
}

/* What the handlers of this section do, besides re-initialising. */
enum afterwards { RETURN, FREE_ITSELF, RUN_A_TURN, ADD_A_TIMER };

static void reinitialise_in_handler(struct tevent_context *ev, void *object, enum afterwards afterwards)
{
	note("re:%d", tevent_re_initialise(ev));
	if (afterwards == FREE_ITSELF) {
		talloc_free(object);
	} else if (afterwards == RUN_A_TURN) {
		tevent_loop_set_nesting_hook(ev, note_level, NULL);
		tevent_schedule_immediate(inner_im, ev, on_immediate, NULL);
		note("turn:%d", tevent_loop_once(ev));
	} else if (afterwards == ADD_A_TIMER) {
		tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL);
	}
	note("done");
}

static void re_on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	reinitialise_in_handler(ev, fde, *(enum afterwards *)private_data);
}

static void re_on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	reinitialise_in_handler(ev, te, *(enum afterwards *)private_data);
}

static void re_on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	reinitialise_in_handler(ev, im, *(enum afterwards *)private_data);
}

static void re_on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	reinitialise_in_handler(ev, se, *(enum afterwards *)private_data);
}

/* A tagged event with a destructor that notes "gone"; it runs in the next turn and re-initialises. */
static struct tevent_fd *re_add_fd(struct fixture *f, int fd, enum afterwards *afterwards)
{
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, fd, TEVENT_FD_READ, re_on_fd, afterwards);
	note_end_of(fde);
	tevent_fd_set_tag(fde, 1);
	trace_detaches(f->ev);
	return fde;
}

static struct tevent_timer *re_add_timer(struct fixture *f, enum afterwards *afterwards)
{
	struct tevent_timer *te = tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), re_on_timer, afterwards);
	note_end_of(te);
	tevent_timer_set_tag(te, 1);
	trace_detaches(f->ev);
	return te;
}

static struct tevent_immediate *re_add_immediate(struct fixture *f, enum afterwards *afterwards)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	note_end_of(im);
	tevent_immediate_set_tag(im, 1);
	tevent_schedule_immediate(im, f->ev, re_on_immediate, afterwards);
	trace_detaches(f->ev);
	return im;
}

static struct tevent_signal *re_add_signal(struct fixture *f, enum afterwards *afterwards)
{
	struct tevent_signal *se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, re_on_signal, afterwards);
	note_end_of(se);
	tevent_signal_set_tag(se, 1);
	trace_detaches(f->ev);
	return se;
}

/* C25: an fd event is detached at once and stays after its handler. */
static void test_reinitialise__in_fd_handler__event_is_loose_and_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = re_add_fd(f, fds[0], &afterwards);
	turns(f->ev, 1);
	assert_notes("-fd1 re:0 done");
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_int_equal(talloc_free(fde), 0);
	assert_notes("-fd1 re:0 done gone");
	close_pair(fds);
}

/* C25: a timer is freed after its handler, as always. */
static void test_reinitialise__in_timer_handler__timer_goes_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;

	re_add_timer(f, &afterwards);
	turns(f->ev, 1);
	/* unspecified: whether DETACH comes on detaching or after the handler */
	assert_string_equal(notes() + strlen(notes()) - 4, "gone");
	assert_non_null(strstr(notes(), "done"));
	assert_int_equal(count_words("-timer1"), 1);
}

/* C25: an immediate stays and can be used again. */
static void test_reinitialise__in_immediate_handler__immediate_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;
	struct tevent_immediate *im = re_add_immediate(f, &afterwards);

	turns(f->ev, 1);
	assert_int_equal(count_words("-im1"), 1);
	assert_int_equal(count_words("gone"), 0);
	clear_notes();
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("im -im1");
}

/* C25: a timer and an immediate, too, are detached at once: the trace shows it before the call returns. */
static void test_reinitialise__in_timer_or_immediate_handler__is_loose_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;

	DEVIATION("D5", "they are detached when their handler has returned");
	re_add_timer(f, &afterwards);
	turns(f->ev, 1);
	assert_notes("-timer1 re:0 done gone");
	clear_notes();
	re_add_immediate(f, &afterwards);
	turns(f->ev, 1);
	assert_notes("-im1 re:0 done");
}

/* C25: a signal event stays as well. */
static void test_reinitialise__in_signal_handler__event_is_loose_and_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;
	struct tevent_signal *se;

	DEVIATION("D5", "a signal event whose own handler re-initialises is freed there");
	se = re_add_signal(f, &afterwards);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("-sig1 re:0 done");
	assert_int_equal(talloc_free(se), 0);
	assert_notes("-sig1 re:0 done gone");
}

/* C25: freed by its handler afterwards, its memory is freed when the handler has returned. */
static void test_reinitialise__in_fd_handler_that_frees_itself__event_goes_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = FREE_ITSELF;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	re_add_fd(f, fds[0], &afterwards);
	turns(f->ev, 1);
	assert_notes("-fd1 re:0 done gone");
	close_pair(fds);
}

/* C25: the same for timers. */
static void test_reinitialise__in_timer_handler_that_frees_itself__timer_goes_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = FREE_ITSELF;

	re_add_timer(f, &afterwards);
	turns(f->ev, 1);
	assert_string_equal(notes() + strlen(notes()) - 9, "done gone");
	assert_int_equal(count_words("-timer1"), 1);
}

/* C25: the same for immediates. */
static void test_reinitialise__in_immediate_handler_that_frees_itself__immediate_goes_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = FREE_ITSELF;

	re_add_immediate(f, &afterwards);
	turns(f->ev, 1);
	assert_string_equal(notes() + strlen(notes()) - 9, "done gone");
	assert_int_equal(count_words("-im1"), 1);
}

/* C25: the same for signals. */
static void test_reinitialise__in_signal_handler_that_frees_itself__event_goes_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = FREE_ITSELF;

	DEVIATION("D5", "a signal event whose own handler re-initialises is freed there");
	re_add_signal(f, &afterwards);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("-sig1 re:0 done gone");
}

/* C25: other events of the same signal are detached, the turn calls none of them. */
static void test_reinitialise__in_signal_handler__other_events_of_the_signal_do_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;
	struct tevent_signal *older;

	DEVIATION("D5", "re-initialising inside a signal handler");
	older = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, on_signal, NULL);
	re_add_signal(f, &afterwards);
	raise(SIGUSR1);
	turns(f->ev, 1);
	assert_notes("-sig1 re:0 done");
	assert_int_equal(talloc_free(older), 0);
}

/* C25: other events that were ready do not run afterwards. */
static void test_reinitialise__in_immediate_handler__other_ready_events_do_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RETURN;
	struct one_of_each o;

	re_add_immediate(f, &afterwards);
	add_one_of_each(&o, f->ev, f->mem);
	turns(f->ev, 1);
	assert_int_equal(count_words("done"), 1);
	clear_notes();
	settle(f->ev, 5);
	assert_notes("");
	free_one_of_each(&o);
}

/* C25: a loop that the handler then runs is an outermost one. */
static void test_reinitialise__in_handler_that_runs_a_turn__is_level_1(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RUN_A_TURN;

	record_aborts();
	inner_im = tevent_create_immediate(f->mem);
	re_add_timer(f, &afterwards);
	turns(f->ev, 1);
	assert_int_equal(abort_count, 0);
	assert_non_null(strstr(notes(), "re:0 begin1 im end1 turn:0 done"));
}

/* C25: the levels are right after the outer turn, without nesting being allowed. */
static void test_reinitialise__in_handler__levels_are_right_afterwards(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = RUN_A_TURN;

	DEVIATION("D5", "levels stay off by one there");
	record_aborts();
	inner_im = tevent_create_immediate(f->mem);
	re_add_timer(f, &afterwards);
	turns(f->ev, 1);
	/* the hook was set inside: it is not called at the outer turn's end */
	assert_int_equal(count_words("end1"), 1);
	assert_null(strstr(notes(), "end0"));
	clear_notes();
	tevent_schedule_immediate(inner_im, f->ev, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("begin1 im end1");
	assert_int_equal(abort_count, 0);
}

/* C25: an outer tevent_loop_wait continues with the events that the handler added. */
static void test_reinitialise__in_handler_under_loop_wait__loop_goes_on_with_new_events(void **state)
{
	struct fixture *f = fixture_of(state);
	enum afterwards afterwards = ADD_A_TIMER;
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = re_add_fd(f, fds[0], &afterwards);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("-fd1 re:0 done timer");
	assert_int_equal(talloc_free(fde), 0);
	close_pair(fds);
}

/* ---- C27: descriptors ----------------------------------------------- */

#define MAX_FD 1024
static bool open_before[MAX_FD];

static void remember_open_fds(void)
{
	for (int fd = 0; fd < MAX_FD; fd++) {
		open_before[fd] = fcntl(fd, F_GETFD) != -1;
	}
}

/* The next descriptor, from `fd` on, that was not open before; -1: none. */
static int next_new_fd(int fd)
{
	for (; fd < MAX_FD; fd++) {
		if (!open_before[fd] && fcntl(fd, F_GETFD) != -1) {
			return fd;
		}
	}
	return -1;
}

static int fds_of_new_context(const char *backend)
{
	return strcmp(backend, "poll") == 0 ? 0 : 1;
}

/* poll_mt has its wake-up from the start. */
static int fds_with_wakeup(const char *backend)
{
	return strcmp(backend, "poll") == 0 || strcmp(backend, "poll_mt") == 0 ? 1 : 2;
}

/* C27: the instance (epoll, standard), the wake-up (poll_mt), nothing (poll). */
static void test_context__new__holds_its_descriptors(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_context *ev = another_context(f);

	assert_int_equal(count_open_fds() - before, fds_of_new_context(f->backend));
	assert_int_equal(talloc_free(ev), 0);
	assert_int_equal(count_open_fds(), before);
}

/* C27: the first signal event creates the wake-up, which stays until the context is freed. */
static void test_context__signal_event__brings_the_wakeup(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_context *ev = another_context(f);
	struct tevent_signal *se[2];

	for (int i = 0; i < 2; i++) {
		se[i] = tevent_add_signal(ev, f->mem, SIGUSR1, 0, on_signal, NULL);
		assert_int_equal(count_open_fds() - before, fds_with_wakeup(f->backend));
	}
	talloc_free(se[0]);
	talloc_free(se[1]);
	assert_int_equal(count_open_fds() - before, fds_with_wakeup(f->backend));
	assert_int_equal(talloc_free(ev), 0);
	assert_int_equal(count_open_fds(), before);
}

/* C27: a threaded context does the same; both share one wake-up. */
static void test_context__threaded_context__brings_the_wakeup(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_context *ev = another_context(f);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(ev, ev);

	assert_non_null(tctx);
	assert_int_equal(count_open_fds() - before, fds_with_wakeup(f->backend));
	assert_non_null(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL));
	assert_int_equal(count_open_fds() - before, fds_with_wakeup(f->backend));
	assert_int_equal(talloc_free(ev), 0);
	assert_int_equal(count_open_fds(), before);
}

/* C27: tevent_common_wakeup_init() does the same; a second call adds nothing. */
static void test_context__wakeup_init__brings_the_wakeup(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_context *ev = another_context(f);

	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(count_open_fds() - before, fds_with_wakeup(f->backend));
	assert_int_equal(talloc_free(ev), 0);
	assert_int_equal(count_open_fds(), before);
}

/* C27, C10: re-initialising closes the wake-up. */
static void test_reinitialise__context_with_wakeup__is_as_new(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_context *ev = another_context(f);

	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(tevent_re_initialise(ev), 0);
	assert_int_equal(count_open_fds() - before, fds_of_new_context(f->backend));
	assert_int_equal(talloc_free(ev), 0);
}

/* C27: a thread proxy holds two of its own. */
static void test_thread_proxy__created__holds_a_pair(void **state)
{
	struct fixture *f = fixture_of(state);
	int before = count_open_fds();
	struct tevent_thread_proxy *tp = tevent_thread_proxy_create(f->ev);

	assert_non_null(tp);
	assert_int_equal(count_open_fds() - before, 2);
	assert_int_equal(talloc_free(tp), 0);
	assert_int_equal(count_open_fds(), before);
}

/* C27: the instance is close-on-exec. */
static void test_context__new__descriptors_are_close_on_exec(void **state)
{
	struct fixture *f = fixture_of(state);

	if (strcmp(f->backend, "poll_mt") == 0) {
		DEVIATION("D10", "the wake-up is inherited by exec");
	}
	remember_open_fds();
	another_context(f);
	for (int fd = next_new_fd(0); fd != -1; fd = next_new_fd(fd + 1)) {
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

/* C27, T6: the wake-up is close-on-exec and non-blocking. */
static void test_context__wakeup__is_close_on_exec_and_nonblocking(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;
	int fd;

	DEVIATION("D10", "the wake-up is inherited by exec");
	remember_open_fds();
	ev = tevent_context_init_byname(f->mem, "poll");
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	fd = next_new_fd(0);
	assert_int_not_equal(fd, -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* C27: a proxy's pair is close-on-exec and non-blocking. */
static void test_thread_proxy__created__pair_is_close_on_exec_and_nonblocking(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *tp;

	remember_open_fds();
	tp = tevent_thread_proxy_create(f->ev);
	for (int fd = next_new_fd(0); fd != -1; fd = next_new_fd(fd + 1)) {
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	}
	talloc_free(tp);
}

/* ---- C28: NULL ------------------------------------------------------ */

/* C28, F7, F9: fd events. */
static void test_null__fd_functions__do_nothing(void **state)
{
	assert_int_equal(tevent_fd_get_flags(NULL), 0);
	tevent_fd_set_flags(NULL, TEVENT_FD_READ);
	tevent_fd_set_close_fn(NULL, on_close);
	tevent_fd_set_auto_close(NULL);
	assert_notes("");
}

/* C28, F14: tags. */
static void test_null__tag_functions__give_0(void **state)
{
	tevent_fd_set_tag(NULL, 1);
	tevent_timer_set_tag(NULL, 1);
	tevent_immediate_set_tag(NULL, 1);
	tevent_signal_set_tag(NULL, 1);
	tevent_queue_entry_set_tag(NULL, 1);
	assert_int_equal(tevent_fd_get_tag(NULL), 0);
	assert_int_equal(tevent_timer_get_tag(NULL), 0);
	assert_int_equal(tevent_immediate_get_tag(NULL), 0);
	assert_int_equal(tevent_signal_get_tag(NULL), 0);
	assert_int_equal(tevent_queue_entry_get_tag(NULL), 0);
}

/* C28: without a context messages are dropped. */
static void test_null__debug__does_nothing(void **state)
{
	tevent_debug(NULL, TEVENT_DEBUG_FATAL, "%s %d\n", "number", 1);
}

/* C28, W6: no loop is not the same loop. */
static void test_null__same_loop__is_false(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_false(tevent_context_same_loop(NULL, f->ev));
	assert_false(tevent_context_same_loop(f->ev, NULL));
	assert_false(tevent_context_same_loop(NULL, NULL));
	assert_true(tevent_context_same_loop(f->ev, f->ev));
}

/* C28, R13: a NULL request. */
static void test_null__req_print__says_so(void **state)
{
	struct fixture *f = fixture_of(state);
	char *s = tevent_req_print(f->mem, NULL);

	assert_non_null(s);
	assert_string_equal(s, "tevent_req[NULL]");
	assert_ptr_equal(talloc_parent(s), f->mem);
}

/* ---- C29: double free ----------------------------------------------- */

static int check_in_destructor(char *p)
{
	tevent_common_check_double_free(p, "double free");
	return 0;
}

static char *checking_chunk(TALLOC_CTX *parent)
{
	char *p = talloc_strdup(parent, "chunk");
	assert_non_null(p);
	talloc_set_destructor(p, check_in_destructor);
	return p;
}

/* C29: aborts with the given reason. */
static void test_check_double_free__freed_by_itself__aborts(void **state)
{
	char *p = checking_chunk(fixture_of(state)->mem);

	record_aborts();
	assert_int_equal(talloc_free(p), 0);
	assert_int_equal(abort_count, 1);
	assert_string_equal(abort_reason, "double free");
}

/* C29: called outside a destructor. */
static void test_check_double_free__nothing_is_being_freed__aborts(void **state)
{
	struct fixture *f = fixture_of(state);

	record_aborts();
	tevent_common_check_double_free(f->ev, "double free");
	assert_int_equal(abort_count, 1);
}

static void check_without_parent(void *arg)
{
	char *p = talloc_strdup(NULL, "chunk");

	talloc_disable_null_tracking();
	record_aborts();
	tevent_common_check_double_free(p, "double free");
	child_assert(abort_count == 1);
}

/* C29: a chunk without parent, while talloc does not track those. */
static void test_check_double_free__no_null_tracking__aborts(void **state)
{
	assert_child_succeeds(check_without_parent, NULL);
}

/* C29: it is freed because its parent is freed. */
static void test_check_double_free__parent_is_being_freed__is_quiet(void **state)
{
	TALLOC_CTX *parent = talloc_named_const(fixture_of(state)->mem, 0, "parent");

	checking_chunk(parent);
	record_aborts();
	assert_int_equal(talloc_free(parent), 0);
	assert_int_equal(abort_count, 0);
}

/* C29: its parent is freed because the grandparent is freed. */
static void test_check_double_free__grandparent_is_being_freed__is_quiet(void **state)
{
	TALLOC_CTX *grandparent = talloc_named_const(fixture_of(state)->mem, 0, "grandparent");

	checking_chunk(talloc_named_const(grandparent, 0, "parent"));
	record_aborts();
	assert_int_equal(talloc_free(grandparent), 0);
	assert_int_equal(abort_count, 0);
}

/* C29: without a parent it always aborts. */
static void test_check_double_free__no_parent__aborts(void **state)
{
	char *p = checking_chunk(NULL);

	record_aborts();
	assert_int_equal(talloc_free(p), 0);
	assert_int_equal(abort_count, 1);
}

struct many_fds {
	const char *backend;
	int fd;
};

static void ignore_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev, (void)fde, (void)flags, (void)private_data;
}

static void watch_many_with_null_tracking(void *arg)
{
	struct many_fds *many = arg;
	TALLOC_CTX *root;
	struct tevent_context *ev;
	size_t elsewhere;

	talloc_enable_null_tracking();
	root = talloc_named_const(NULL, 0, "root");
	ev = tevent_context_init_byname(root, many->backend);
	child_assert(ev != NULL);
	elsewhere = talloc_total_blocks(NULL) - talloc_total_blocks(root);
	for (int i = 0; i < 200; i++) {
		int fd = dup(many->fd);

		child_assert(fd != -1);
		child_assert(tevent_add_fd(ev, ev, fd, TEVENT_FD_READ, ignore_fd, NULL) != NULL);
	}
	child_assert(tevent_add_timer(ev, ev, tevent_timeval_current_ofs(0, 1000), on_timer, "timer") != NULL);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(talloc_total_blocks(NULL) - talloc_total_blocks(root) == elsewhere);
	talloc_free(root);
	child_assert(talloc_total_blocks(NULL) == elsewhere);
}

/*
 * C1, T9: each thread may have its own context.  So a context allocates nothing without a talloc parent: with
 * null tracking such chunks are children of one chunk of the whole process, which no lock protects.
 */
static void test_context__many_fds_and_null_tracking__all_below_its_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct many_fds many = {.backend = f->backend};
	int p[2];

	pipe_pair(p);
	many.fd = p[0];
	assert_child_succeeds(watch_many_with_null_tracking, &many);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_context_init__each_function__gives_named_child),
		TEST_EACH_BACKEND(test_context__many_fds_and_null_tracking__all_below_its_parent),
		TEST(test_context_init_byname__all_null__gives_default_without_parent),
		TEST_EACH_BACKEND(test_context_init__new_context__has_nothing_set),
		TEST(test_context_init_byname__unknown_name__gives_null),
		TEST(test_context_init_ops__table_refuses__gives_null_and_leaks_nothing),
		TEST_EACH_BACKEND(test_context_init__out_of_memory__gives_null_and_leaks_nothing),
		TEST_EACH_BACKEND(test_context_init_ops__additional_data__is_freed_at_most_once),

		TEST_EACH_BACKEND(test_context__freed__detaches_in_order),
		TEST_EACH_BACKEND(test_reinitialise__events_of_all_kinds__detaches_in_order),
		TEST_EACH_BACKEND(test_common_context_destructor__events_of_all_kinds__detaches_in_order),
		TEST_EACH_BACKEND(test_context__freed_with_wrapper__wrapper_events_go_among_the_others),
		TEST_EACH_BACKEND(test_context__freed_with_threaded_context__immediate_stays_idle),
		TEST_EACH_BACKEND(test_context__freed__events_elsewhere_stay_harmless),
		TEST_EACH_BACKEND(test_context__freed_while_a_child_adds_events__they_go_with_it),
		TEST_EACH_BACKEND(test_context__freed_while_a_child_adds_events_elsewhere__they_stay_harmless),
		TEST_EACH_BACKEND(test_context__freed__no_handler_runs_any_more),
		TEST_EACH_BACKEND(test_context__freed_with_signal__disposition_is_restored),
		TEST_EACH_BACKEND(test_context__freed__immediate_runs_on_another_context),
		TEST_EACH_BACKEND(test_context__freed_before_fd_event__close_fn_gets_null_context),
		TEST_EACH_BACKEND(test_context__freed_with_fd_event_as_child__close_fn_gets_null_context),
		TEST(test_common_context_destructor__on_wrapper__aborts),

		TEST_EACH_BACKEND(test_children__freed_before_the_context__child_starts_anew),
		TEST_EACH_BACKEND(test_context__freed_without_destructor__child_starts_anew),
		TEST_EACH_BACKEND(test_reinitialise__events_ready__none_of_them_runs),
		TEST_EACH_BACKEND(test_reinitialise__new_events__run),
		TEST_EACH_BACKEND(test_reinitialise__debug_function__is_kept),
		TEST(test_reinitialise__debug_level__is_kept),
		TEST_EACH_BACKEND(test_reinitialise__trace_callbacks__are_kept),
		TEST(test_reinitialise__wait_timeout__is_kept),
		TEST(test_reinitialise__table_refuses__gives_its_value),
		TEST_EACH_BACKEND(test_reinitialise__many_times__keeps_the_descriptor_count),

		TEST(test_abort__function_set__logs_then_calls_it),
		TEST(test_abort__null_context__calls_the_function),
		TEST(test_abort__function_replaced__calls_the_new_one),
		TEST(test_abort__no_function__kills_the_process),
		TEST(test_abort__function_set_to_null__kills_the_process),

		TEST(test_cached_getpid__same_process__is_getpid),

		TEST_EACH_BACKEND(test_reinitialise__in_fd_handler__event_is_loose_and_stays),
		TEST_EACH_BACKEND(test_context_init_ops__additional_data__freed_once),
		TEST(test_context_free__wrapper_with_queue_entry__goes_first),
		TEST_EACH_BACKEND(test_reinitialise__in_timer_handler__timer_goes_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_immediate_handler__immediate_stays),
		TEST_EACH_BACKEND(test_reinitialise__in_timer_or_immediate_handler__is_loose_at_once),
		TEST_EACH_BACKEND(test_reinitialise__in_signal_handler__event_is_loose_and_stays),
		TEST_EACH_BACKEND(test_reinitialise__in_fd_handler_that_frees_itself__event_goes_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_timer_handler_that_frees_itself__timer_goes_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_immediate_handler_that_frees_itself__immediate_goes_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_signal_handler_that_frees_itself__event_goes_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_signal_handler__other_events_of_the_signal_do_not_run),
		TEST_EACH_BACKEND(test_reinitialise__in_immediate_handler__other_ready_events_do_not_run),
		TEST_EACH_BACKEND(test_reinitialise__in_handler_that_runs_a_turn__is_level_1),
		TEST_EACH_BACKEND(test_reinitialise__in_handler__levels_are_right_afterwards),
		TEST_EACH_BACKEND(test_reinitialise__in_handler_under_loop_wait__loop_goes_on_with_new_events),

		TEST_EACH_BACKEND(test_context__new__holds_its_descriptors),
		TEST_EACH_BACKEND(test_context__signal_event__brings_the_wakeup),
		TEST_EACH_BACKEND(test_context__threaded_context__brings_the_wakeup),
		TEST_EACH_BACKEND(test_context__wakeup_init__brings_the_wakeup),
		TEST_EACH_BACKEND(test_reinitialise__context_with_wakeup__is_as_new),
		TEST_EACH_BACKEND(test_thread_proxy__created__holds_a_pair),
		TEST_EACH_BACKEND(test_context__new__descriptors_are_close_on_exec),
		TEST(test_context__wakeup__is_close_on_exec_and_nonblocking),
		TEST(test_thread_proxy__created__pair_is_close_on_exec_and_nonblocking),

		TEST(test_null__fd_functions__do_nothing),
		TEST(test_null__tag_functions__give_0),
		TEST(test_null__debug__does_nothing),
		TEST(test_null__same_loop__is_false),
		TEST(test_null__req_print__says_so),

		TEST(test_check_double_free__freed_by_itself__aborts),
		TEST(test_check_double_free__nothing_is_being_freed__aborts),
		TEST(test_check_double_free__no_null_tracking__aborts),
		TEST(test_check_double_free__parent_is_being_freed__is_quiet),
		TEST(test_check_double_free__grandparent_is_being_freed__is_quiet),
		TEST(test_check_double_free__no_parent__aborts),
	};

	return cmocka_run_group_tests_name("context", tests, group_setup, NULL);
}
