/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Immediates, rules I1 to I8; immediates from other threads have their own
 * file.
 *
 * An immediate object outlives its runs and may be scheduled again, so most
 * cases check what remains of an earlier scheduling.  A turn with an immediate
 * in the list runs exactly one, so turns() counts handlers.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exported, but not declared in a header. */
void tevent_common_schedule_immediate(struct tevent_immediate *im, struct tevent_context *ev,
				      tevent_immediate_handler_t handler, void *private_data, const char *handler_name,
				      const char *location);
void tevent_common_immediate_cancel(struct tevent_immediate *im);
bool tevent_common_loop_immediate(struct tevent_context *ev);
int tevent_common_invoke_immediate_handler(struct tevent_immediate *im, bool *removed);
bool tevent_common_have_events(struct tevent_context *ev);

/* ---- helpers -------------------------------------------------------- */

static void note_call(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("%s", (const char *)private_data);
}

static void note_trace(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"ATTACH", "DETACH", "BEFORE"};

	note("%s", names[point]);
}

static void start_trace(struct fixture *f)
{
	tevent_set_trace_immediate_callback(f->ev, note_trace, NULL);
}

static void stop_trace(struct fixture *f)
{
	tevent_set_trace_immediate_callback(f->ev, NULL, NULL);
}

static int note_gone(char *p)
{
	note("gone");
	return 0;
}

/* Notes "gone" when its parent chunk is freed. */
static void note_when_freed(void *object)
{
	char *child = talloc_strdup(object, "watcher");

	assert_non_null(child);
	talloc_set_destructor(child, note_gone);
}

static struct tevent_immediate *create(struct fixture *f)
{
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_non_null(im);
	return im;
}

static void schedule(struct tevent_immediate *im, struct tevent_context *ev, const char *name)
{
	tevent_schedule_immediate(im, ev, note_call, (void *)(uintptr_t)name);
}

static void run_all(struct fixture *f)
{
	assert_int_equal(tevent_loop_wait(f->ev), 0);
}

/* ---- creating --------------------------------------------------------- */

/* I1: a talloc child of mem_ctx, named after the type */
static void test_create_immediate__with_mem_ctx__child_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	assert_ptr_equal(talloc_parent(im), f->mem);
	assert_string_equal(talloc_get_name(im), "struct tevent_immediate");
}

/* I1: NULL: no parent */
static void test_create_immediate__without_mem_ctx__no_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(NULL);

	assert_non_null(im);
	assert_ptr_not_equal(talloc_parent(im), f->ev);
	assert_false(talloc_is_parent(im, f->mem));
	assert_int_equal(talloc_free(im), 0);
}

/* I1: out of memory */
static void test_create_immediate__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *small = talloc_new(f->mem);

	talloc_set_memlimit(small, 1);
	assert_null(tevent_create_immediate(small));
}

/* I1: scheduled nowhere */
static void test_create_immediate__created__nothing_to_wait_for(void **state)
{
	struct fixture *f = fixture_of(state);

	create(f);
	assert_false(tevent_common_have_events(f->ev));
}

/* ---- scheduling --------------------------------------------------------- */

struct call_args {
	struct tevent_context *ev;
	struct tevent_immediate *im;
};

static void keep_args(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	*(struct call_args *)private_data = (struct call_args){ev, im};
}

/* I2: the handler's arguments */
static void test_immediate__runs__handler_gets_context_and_immediate(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);
	struct call_args args = {NULL, NULL};

	tevent_schedule_immediate(im, f->ev, keep_args, &args);
	assert_null(args.ev);
	turns(f->ev, 1);
	assert_ptr_equal(args.ev, f->ev);
	assert_ptr_equal(args.im, im);
}

/* I2: once per scheduling; the object stays */
static void test_immediate__scheduled__runs_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	schedule(im, f->ev, "a");
	run_all(f);
	assert_notes("a");
	assert_false(tevent_common_have_events(f->ev));
	schedule(im, f->ev, "again");
	run_all(f);
	assert_notes("a again");
}

/* I2: in the order of scheduling, not of creating; one per turn */
static void test_immediate__several__in_order_one_per_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *a = create(f), *b = create(f), *c = create(f);

	schedule(b, f->ev, "b");
	schedule(c, f->ev, "c");
	schedule(a, f->ev, "a");
	turns(f->ev, 1);
	assert_notes("b");
	turns(f->ev, 1);
	assert_notes("b c");
	turns(f->ev, 1);
	assert_notes("b c a");
}

/* I2: the earlier scheduling is cancelled first; the immediate moves to the end */
static void test_immediate__scheduled_again__only_the_new_at_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *a = create(f), *b = create(f);

	schedule(a, f->ev, "old");
	schedule(b, f->ev, "b");
	schedule(a, f->ev, "new");
	run_all(f);
	assert_notes("b new");
}

/* I2: in any context */
static void test_immediate__scheduled_on_another_context__cancelled_on_the_first(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = create(f);

	schedule(im, f->ev, "here");
	schedule(im, other, "there");
	assert_false(tevent_common_have_events(f->ev));
	turns(other, 1);
	assert_notes("there");
}

/* I2: a NULL handler only cancels */
static void test_immediate__scheduled_with_null_handler__cancelled(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	schedule(im, f->ev, "a");
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_false(tevent_common_have_events(f->ev));
	run_all(f);
	assert_notes("");
}

/* I2: with a NULL handler an idle immediate is not scheduled either */
static void test_immediate__idle_with_null_handler__stays_idle(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	tevent_schedule_immediate(create(f), f->ev, NULL, NULL);
	stop_trace(f);
	assert_false(tevent_common_have_events(f->ev));
	assert_notes("");
}

/* C8: with its context freed, it can be scheduled on another one */
static void test_immediate__context_gone__can_be_scheduled_elsewhere(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *other = another_context(f);
	struct tevent_immediate *im = create(f);

	schedule(im, other, "lost");
	talloc_free(other);
	schedule(im, f->ev, "a");
	run_all(f);
	assert_notes("a");
}

/* ---- in the handler --------------------------------------------------------- */

static void look_for_events(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("events=%d", tevent_common_have_events(ev));
}

/* I3: off the list when its handler runs */
static void test_immediate_handler__running__off_the_list(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_schedule_immediate(create(f), f->ev, look_for_events, NULL);
	turns(f->ev, 1);
	assert_notes("events=0");
}

static void run_inner_loop(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("outer");
	note("inner=%d", tevent_loop_wait(ev));
}

/* I3: so an inner loop does not run it */
static void test_immediate_handler__inner_loop__does_not_meet_it(void **state)
{
	struct fixture *f = fixture_of(state);

	tevent_loop_allow_nesting(f->ev);
	tevent_schedule_immediate(create(f), f->ev, run_inner_loop, NULL);
	run_all(f);
	assert_notes("outer inner=0");
}

static void schedule_itself(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	int *times = (int *)private_data;

	note("self");
	if (--*times > 0) {
		tevent_schedule_immediate(im, ev, schedule_itself, private_data);
	}
}

/* I3: scheduled by its handler: once more, at the end */
static void test_immediate_handler__schedules_itself__goes_to_the_end(void **state)
{
	struct fixture *f = fixture_of(state);
	int times = 2;

	tevent_schedule_immediate(create(f), f->ev, schedule_itself, &times);
	schedule(create(f), f->ev, "a");
	schedule(create(f), f->ev, "b");
	run_all(f);
	assert_notes("self a b self");
}

/* C11: as long as there are immediates, timers wait */
static void test_immediate_handler__schedules_itself__timers_wait(void **state)
{
	struct fixture *f = fixture_of(state);
	int times = 100;

	assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), NULL, NULL));
	tevent_schedule_immediate(create(f), f->ev, schedule_itself, &times);
	turns(f->ev, 100);
	assert_int_equal(times, 0);
}

static void free_itself(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	note("free=%d", talloc_free(im));
	note("tag=%d", (int)tevent_immediate_get_tag(im));
}

/* I3, I6, F10: freed by its handler: DETACH at that moment, -1, memory until it returns */
static void test_immediate_handler__frees_it__memory_stays_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	tevent_immediate_set_tag(im, 7);
	note_when_freed(im);
	start_trace(f);
	tevent_schedule_immediate(im, f->ev, free_itself, NULL);
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH free=-1 tag=7 gone");
}

static void free_the_parent(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	TALLOC_CTX *parent = talloc_parent(im);
	TALLOC_CTX *grandparent = talloc_parent(parent);

	note("free=%d", talloc_free(parent));
	note("%s", talloc_parent(im) == grandparent ? "moved-up" : "elsewhere");
	note("tag=%d", (int)tevent_immediate_get_tag(im));
}

/* I3, F10: its talloc parent freed by its handler */
static void test_immediate_handler__frees_its_parent__moves_up_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	struct tevent_immediate *im = tevent_create_immediate(parent);

	tevent_immediate_set_tag(im, 7);
	note_when_freed(im);
	tevent_schedule_immediate(im, f->ev, free_the_parent, NULL);
	turns(f->ev, 1);
	assert_notes("free=0 moved-up tag=7 gone");
}

static void free_the_other(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	note("free=%d", talloc_free(private_data));
}

/* F10: a handler frees another one that waits */
static void test_immediate_handler__frees_another__it_does_not_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *other = create(f);

	tevent_schedule_immediate(create(f), f->ev, free_the_other, other);
	schedule(other, f->ev, "other");
	schedule(create(f), f->ev, "third");
	run_all(f);
	assert_notes("handler free=0 third");
}

/* ---- resetting ------------------------------------------------------------ */

/* I4, I6: cancels, with DETACH */
static void test_reset_immediate__scheduled__cancelled(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	struct tevent_immediate *im = create(f);

	start_trace(f);
	schedule(im, f->ev, "a");
	tevent_reset_immediate(im);
	assert_false(tevent_common_have_events(f->ev));
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH DETACH");
}

/* I4: idle already: nothing */
static void test_reset_immediate__idle__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	struct tevent_immediate *im = create(f);

	start_trace(f);
	tevent_reset_immediate(im);
	schedule(im, f->ev, "a");
	run_all(f);
	tevent_reset_immediate(im);
	stop_trace(f);
	assert_notes("ATTACH BEFORE a DETACH");
}

/* I4: it can be scheduled again */
static void test_reset_immediate__then_scheduled__runs_once(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	struct tevent_immediate *im = create(f);

	schedule(im, f->ev, "old");
	tevent_reset_immediate(im);
	schedule(im, f->ev, "new");
	run_all(f);
	assert_notes("new");
}

static void reset_itself(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	tevent_reset_immediate(im);
	tevent_reset_immediate(im);
	note("end");
}

/* I6: reset by its handler: DETACH at that moment, once */
static void test_immediate_handler__resets_it__detached_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");

	start_trace(f);
	tevent_schedule_immediate(create(f), f->ev, reset_itself, NULL);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH end");
}

/* ---- freeing ---------------------------------------------------------------- */

/* I5, I6: freed while scheduled: cancelled, DETACH then */
static void test_immediate__freed_while_scheduled__cancelled(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	start_trace(f);
	schedule(im, f->ev, "a");
	assert_int_equal(talloc_free(im), 0);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH DETACH");
}

static void free_twice(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(im);
	note("aborts=%d", abort_count);
	talloc_free(im);
	note("aborts=%d", abort_count);
}

/* I5: twice from its own handler */
static void test_immediate_handler__frees_it_twice__abort(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	record_aborts();
	note_when_freed(im);
	tevent_schedule_immediate(im, f->ev, free_twice, NULL);
	turns(f->ev, 1);
	assert_notes("aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "double free"));
}

static void exit_on_use_after_free(const char *reason)
{
	_exit(strstr(reason, "use after free") != NULL ? 42 : 43);
}

static void schedule_freed(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(im);
	note("aborts=%d", abort_count);
	tevent_schedule_immediate(im, ev, note_call, (void *)(uintptr_t) "ran");
	note("aborts=%d", abort_count);
}

static void reset_freed(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	talloc_free(im);
	note("aborts=%d", abort_count);
	tevent_reset_immediate(im);
	note("aborts=%d", abort_count);
}

static void run_schedule_freed(void *arg)
{
	struct fixture *f = (struct fixture *)arg;

	tevent_set_abort_fn(exit_on_use_after_free);
	tevent_schedule_immediate(tevent_create_immediate(f->mem), f->ev, schedule_freed, NULL);
	tevent_loop_once(f->ev);
}

/* I5: scheduled after being freed in its own handler */
static void test_immediate_handler__schedules_it_after_freeing__abort(void **state)
{
	int status = status_of_child(run_schedule_freed, fixture_of(state));

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

/* I5: if that returns: it stays unscheduled and is freed */
static void test_immediate_handler__schedule_abort_returns__unscheduled_and_gone(void **state)
{
	struct fixture *f = fixture_of(state);
	DEVIATION("D5", "undefined there");
	struct tevent_immediate *im = create(f);

	record_aborts();
	note_when_freed(im);
	start_trace(f);
	tevent_schedule_immediate(im, f->ev, schedule_freed, NULL);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH BEFORE DETACH aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "use after free"));
}

/* I5: reset after being freed in its own handler */
static void test_immediate_handler__resets_it_after_freeing__abort(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	struct tevent_immediate *im = create(f);

	record_aborts();
	note_when_freed(im);
	tevent_schedule_immediate(im, f->ev, reset_freed, NULL);
	run_all(f);
	assert_notes("aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "use after free"));
}

/* ---- traces -------------------------------------------------------------------- */

/* I6: a plain run */
static void test_immediate_trace__runs__attach_before_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	start_trace(f);
	schedule(im, f->ev, "a");
	note("scheduled");
	run_all(f);
	talloc_free(im);
	stop_trace(f);
	assert_notes("ATTACH scheduled BEFORE a DETACH");
}

/* I6: rescheduled while it waits: DETACH of the old before ATTACH of the new */
static void test_immediate_trace__rescheduled_while_waiting__detach_then_attach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	start_trace(f);
	schedule(im, f->ev, "old");
	schedule(im, f->ev, "new");
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH DETACH ATTACH BEFORE new DETACH");
}

/* I6: rescheduled by its handler: DETACH in the handler, then ATTACH */
static void test_immediate_trace__rescheduled_by_its_handler__detach_then_attach(void **state)
{
	struct fixture *f = fixture_of(state);
	int times = 2;

	start_trace(f);
	tevent_schedule_immediate(create(f), f->ev, schedule_itself, &times);
	turns(f->ev, 1);
	note("then");
	turns(f->ev, 1);
	stop_trace(f);
	assert_notes("ATTACH BEFORE self DETACH ATTACH then BEFORE self DETACH");
}

static void cancel_itself(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	tevent_schedule_immediate(im, ev, NULL, NULL);
	note("end");
}

/* I6, I2: cancelled by its handler with a NULL handler: DETACH at that moment, once */
static void test_immediate_trace__cancelled_by_its_handler__detached_at_once(void **state)
{
	struct fixture *f = fixture_of(state);

	start_trace(f);
	tevent_schedule_immediate(create(f), f->ev, cancel_itself, NULL);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH end");
}

/* I6: cancelled while it waits: DETACH then; idle: none */
static void test_immediate_trace__cancelled_while_waiting__one_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	start_trace(f);
	schedule(im, f->ev, "a");
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	talloc_free(im);
	stop_trace(f);
	assert_notes("ATTACH DETACH");
}

static void schedule_then_free(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("handler");
	schedule(im, ev, "never");
	note("free=%d", talloc_free(im));
	note("end");
}

/* I6, O4: scheduled again by its handler and freed there: each ATTACH has its DETACH */
static void test_immediate_trace__rescheduled_then_freed_by_its_handler__balanced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	note_when_freed(im);
	start_trace(f);
	tevent_schedule_immediate(im, f->ev, schedule_then_free, NULL);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH ATTACH DETACH free=-1 end gone");
}

/* ---- tags ------------------------------------------------------------------------ */

/* I7: 0 at first, all 64 bits, kept through scheduling, running and cancelling */
static void test_immediate_tag__rescheduled_and_cancelled__kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);
	const uint64_t tag = UINT64_C(0xFEDCBA9876543210);

	assert_true(tevent_immediate_get_tag(im) == 0);
	tevent_immediate_set_tag(im, tag);
	schedule(im, f->ev, "a");
	assert_true(tevent_immediate_get_tag(im) == tag);
	schedule(im, f->ev, "b");
	assert_true(tevent_immediate_get_tag(im) == tag);
	tevent_schedule_immediate(im, f->ev, NULL, NULL);
	assert_true(tevent_immediate_get_tag(im) == tag);
	schedule(im, f->ev, "c");
	run_all(f);
	assert_true(tevent_immediate_get_tag(im) == tag);
}

/* I7, C28: NULL */
static void test_immediate_tag__null__zero_and_nothing(void **state)
{
	tevent_immediate_set_tag(NULL, 1);
	assert_true(tevent_immediate_get_tag(NULL) == 0);
}

/* ---- helpers for backend writers ----------------------------------------------------- */

/* I8: schedules as I2 */
static void test_common_schedule_immediate__scheduled_twice__runs_once(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	start_trace(f);
	tevent_common_schedule_immediate(im, f->ev, note_call, (void *)(uintptr_t) "old", "note_call", __location__);
	tevent_common_schedule_immediate(im, f->ev, note_call, (void *)(uintptr_t) "new", "note_call", __location__);
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH DETACH ATTACH BEFORE new DETACH");
}

/* I8: cancels as I4 */
static void test_common_immediate_cancel__scheduled__cancelled(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.17: tevent_common_immediate_cancel");
	struct tevent_immediate *im = create(f);

	start_trace(f);
	tevent_common_immediate_cancel(im);
	schedule(im, f->ev, "a");
	tevent_common_immediate_cancel(im);
	tevent_common_immediate_cancel(im);
	stop_trace(f);
	assert_false(tevent_common_have_events(f->ev));
	assert_notes("ATTACH DETACH");
}

/* I8: runs the first one; false if there is none */
static void test_common_loop_immediate__two_scheduled__runs_the_first(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_false(tevent_common_loop_immediate(f->ev));
	schedule(create(f), f->ev, "a");
	schedule(create(f), f->ev, "b");
	assert_true(tevent_common_loop_immediate(f->ev));
	assert_notes("a");
	assert_true(tevent_common_loop_immediate(f->ev));
	assert_notes("a b");
	assert_false(tevent_common_loop_immediate(f->ev));
}

/* I8: one call with its traces, off the list, not removed */
static void test_invoke_immediate_handler__scheduled__called_and_off_the_list(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);
	bool removed = true;

	start_trace(f);
	schedule(create(f), f->ev, "first");
	schedule(im, f->ev, "a");
	assert_int_equal(tevent_common_invoke_immediate_handler(im, &removed), 0);
	assert_false(removed);
	note("then");
	run_all(f);
	stop_trace(f);
	assert_notes("ATTACH ATTACH BEFORE a DETACH then BEFORE first DETACH");
}

/* I8: the handler frees it */
static void test_invoke_immediate_handler__handler_frees_it__removed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);
	bool removed = false;

	note_when_freed(im);
	tevent_schedule_immediate(im, f->ev, free_itself, NULL);
	assert_int_equal(tevent_common_invoke_immediate_handler(im, &removed), 0);
	assert_true(removed);
	assert_notes("handler free=-1 tag=0 gone");
}

/* I8: `removed` may be NULL */
static void test_invoke_immediate_handler__null_removed__called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);

	tevent_schedule_immediate(im, f->ev, free_itself, NULL);
	assert_int_equal(tevent_common_invoke_immediate_handler(im, NULL), 0);
	assert_notes("handler free=-1 tag=0");
}

static void invoke_again(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	bool removed = true;

	note("handler %d", tevent_common_invoke_immediate_handler(im, &removed));
	note(removed ? "removed" : "kept");
}

/* I8: scheduled nowhere, or in its own handler: no call, not removed */
static void test_invoke_immediate_handler__not_waiting__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = create(f);
	bool removed = true;

	DEVIATION("D5", "0.14.1 calls the last handler");
	assert_int_equal(tevent_common_invoke_immediate_handler(im, &removed), 0);
	assert_false(removed);
	tevent_schedule_immediate(im, f->ev, invoke_again, NULL);
	run_all(f);
	assert_notes("handler 0 kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create_immediate__with_mem_ctx__child_of_it),
		TEST(test_create_immediate__without_mem_ctx__no_parent),
		TEST(test_create_immediate__out_of_memory__null),
		TEST(test_create_immediate__created__nothing_to_wait_for),
		TEST_EACH_BACKEND(test_immediate__runs__handler_gets_context_and_immediate),
		TEST_EACH_BACKEND(test_immediate__scheduled__runs_once),
		TEST_EACH_BACKEND(test_immediate__several__in_order_one_per_turn),
		TEST_EACH_BACKEND(test_immediate__scheduled_again__only_the_new_at_the_end),
		TEST_EACH_BACKEND(test_immediate__scheduled_on_another_context__cancelled_on_the_first),
		TEST_EACH_BACKEND(test_immediate__scheduled_with_null_handler__cancelled),
		TEST(test_immediate__idle_with_null_handler__stays_idle),
		TEST_EACH_BACKEND(test_immediate__context_gone__can_be_scheduled_elsewhere),
		TEST_EACH_BACKEND(test_immediate_handler__running__off_the_list),
		TEST_EACH_BACKEND(test_immediate_handler__inner_loop__does_not_meet_it),
		TEST_EACH_BACKEND(test_immediate_handler__schedules_itself__goes_to_the_end),
		TEST_EACH_BACKEND(test_immediate_handler__schedules_itself__timers_wait),
		TEST_EACH_BACKEND(test_immediate_handler__frees_it__memory_stays_till_it_returns),
		TEST(test_immediate_handler__frees_its_parent__moves_up_till_it_returns),
		TEST(test_immediate_handler__frees_another__it_does_not_run),
		TEST_EACH_BACKEND(test_reset_immediate__scheduled__cancelled),
		TEST(test_reset_immediate__idle__nothing),
		TEST(test_reset_immediate__then_scheduled__runs_once),
		TEST(test_immediate_handler__resets_it__detached_at_once),
		TEST_EACH_BACKEND(test_immediate__freed_while_scheduled__cancelled),
		TEST(test_immediate_handler__frees_it_twice__abort),
		TEST(test_immediate_handler__schedules_it_after_freeing__abort),
		TEST(test_immediate_handler__schedule_abort_returns__unscheduled_and_gone),
		TEST(test_immediate_handler__resets_it_after_freeing__abort),
		TEST_EACH_BACKEND(test_immediate_trace__runs__attach_before_detach),
		TEST(test_immediate_trace__rescheduled_while_waiting__detach_then_attach),
		TEST(test_immediate_trace__rescheduled_by_its_handler__detach_then_attach),
		TEST(test_immediate_trace__cancelled_by_its_handler__detached_at_once),
		TEST(test_immediate_trace__cancelled_while_waiting__one_detach),
		TEST(test_immediate_trace__rescheduled_then_freed_by_its_handler__balanced),
		TEST(test_immediate_tag__rescheduled_and_cancelled__kept),
		TEST(test_immediate_tag__null__zero_and_nothing),
		TEST(test_common_schedule_immediate__scheduled_twice__runs_once),
		TEST(test_common_immediate_cancel__scheduled__cancelled),
		TEST_EACH_BACKEND(test_common_loop_immediate__two_scheduled__runs_the_first),
		TEST(test_invoke_immediate_handler__scheduled__called_and_off_the_list),
		TEST(test_invoke_immediate_handler__handler_frees_it__removed),
		TEST(test_invoke_immediate_handler__null_removed__called),
		TEST(test_invoke_immediate_handler__not_waiting__nothing),
	};

	return cmocka_run_group_tests_name("immediate", tests, group_setup, NULL);
}
