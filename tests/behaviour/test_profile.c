/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Request profiles (R16): states, times and locations of a request and the
 * requests below it.
 *
 * Times are compared with readings of the clock taken before and after, never
 * with a duration.  Helpers create the requests, each with its own create
 * location, so that a profile shows its request.
 */

#include "support.h"

#include <errno.h>
#include <string.h>

struct work_state {
	int number;
};

static struct tevent_req *work_at(TALLOC_CTX *mem_ctx, const char *location)
{
	struct work_state *state = NULL;

	return _tevent_req_create(mem_ctx, &state, sizeof(*state), "struct work_state", location);
}

/* A request that records. */
static struct tevent_req *profiled_work(TALLOC_CTX *mem_ctx, const char *location)
{
	struct tevent_req *req = work_at(mem_ctx, location);

	assert_non_null(req);
	assert_true(tevent_req_set_profile(req));
	return req;
}

/* A request below another one. */
static struct tevent_req *sub_work(struct tevent_req *parent, const char *location)
{
	struct tevent_req *req = work_at(_tevent_req_data(parent), location);

	assert_non_null(req);
	return req;
}

static const char *start_of(const struct tevent_req_profile *profile)
{
	const char *location = NULL;

	tevent_req_profile_get_start(profile, &location, NULL);
	return location;
}

static const char *stop_of(const struct tevent_req_profile *profile)
{
	const char *location = NULL;

	tevent_req_profile_get_stop(profile, &location, NULL);
	return location;
}

static const char *name_of(const struct tevent_req_profile *profile)
{
	const char *name = NULL;

	tevent_req_profile_get_name(profile, &name);
	return name;
}

static struct timeval stop_time_of(const struct tevent_req_profile *profile)
{
	struct timeval tv = {0, 0};

	tevent_req_profile_get_stop(profile, NULL, &tv);
	return tv;
}

static void assert_status(const struct tevent_req_profile *profile, pid_t pid, enum tevent_req_state state,
			  uint64_t error)
{
	pid_t profile_pid = 11;
	enum tevent_req_state profile_state = (enum tevent_req_state)12;
	uint64_t profile_error = 13;

	tevent_req_profile_get_status(profile, &profile_pid, &profile_state, &profile_error);
	assert_int_equal(profile_pid, pid);
	assert_int_equal(profile_state, state);
	assert_true(profile_error == error);
}

static bool not_after(struct timeval a, struct timeval b)
{
	return tevent_timeval_compare(&a, &b) <= 0;
}

/* Notes the start locations of the direct subprofiles, in order. */
static void note_subs(const struct tevent_req_profile *profile)
{
	const struct tevent_req_profile *sub;

	for (sub = tevent_req_profile_get_subprofiles(profile); sub != NULL; sub = tevent_req_profile_next(sub)) {
		note("%s", start_of(sub));
	}
}

static void called(struct tevent_req *req)
{
	(void)req;
	note("called");
}

/* ---- recording ---- */

/* R16: without set_profile there is none. */
static void test_profile__not_asked_for__none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work_at(f->mem, "a:1");

	assert_null(tevent_req_get_profile(req));
	assert_null(tevent_req_move_profile(req, f->mem));
	tevent_req_done(req);
	assert_null(tevent_req_get_profile(req));
}

/* R16: the name is the state's talloc name. */
static void test_profile_set__usual__named_like_state(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work_at(f->mem, "a:1");

	assert_true(tevent_req_set_profile(req));
	assert_string_equal(name_of(tevent_req_get_profile(req)), "struct work_state");
}

/* R16, D5: a received request has no state any more; the profile is named after the state's type. */
static void test_profile_set__received_request__named_like_its_state(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work_at(f->mem, "a:1");

	DEVIATION("D5", "crashes there");
	tevent_req_received(req);
	assert_true(tevent_req_set_profile(req));
	assert_string_equal(name_of(tevent_req_get_profile(req)), "struct work_state");
}

/* R16: it starts at the create location, now. */
static void test_profile_set__usual__starts_at_create_location_now(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work_at(f->mem, "a:1");
	struct timeval before = tevent_timeval_current(), after, start;

	assert_true(tevent_req_set_profile(req));
	after = tevent_timeval_current();
	assert_string_equal(start_of(tevent_req_get_profile(req)), "a:1");
	tevent_req_profile_get_start(tevent_req_get_profile(req), NULL, &start);
	assert_true(not_after(before, start));
	assert_true(not_after(start, after));
}

/* R16: set in progress: true, the request continues, nothing is called. */
static void test_profile_set__usual__request_goes_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = work_at(f->mem, "a:1");

	tevent_req_set_callback(req, called, NULL);
	assert_true(tevent_req_set_profile(req));
	assert_true(tevent_req_is_in_progress(req));
	assert_notes("");
}

/* R16: while in progress there is no stop time or location. */
static void test_profile__in_progress__no_stop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	struct timeval stop = stop_time_of(tevent_req_get_profile(req));

	assert_null(stop_of(tevent_req_get_profile(req)));
	assert_true(tevent_timeval_is_zero(&stop));
}

/* R16: set a second time: USER_ERROR EINVAL, false. */
static void test_profile_set__already_recording__einval(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	enum tevent_req_state req_state;
	uint64_t error = 0;

	tevent_req_set_callback(req, called, NULL);
	assert_false(tevent_req_set_profile(req));
	assert_notes("called");
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_USER_ERROR);
	assert_int_equal(error, EINVAL);
}

/* R16: done: stop location, time, state; no pid. */
static void test_profile__done__stop_and_status(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	struct timeval before = tevent_timeval_current(), after, stop;

	_tevent_req_done(req, "a:2");
	after = tevent_timeval_current();
	assert_string_equal(stop_of(tevent_req_get_profile(req)), "a:2");
	stop = stop_time_of(tevent_req_get_profile(req));
	assert_true(not_after(before, stop));
	assert_true(not_after(stop, after));
	assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_DONE, 0);
}

/* R16: an error's number is in it. */
static void test_profile__error__number_in_status(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");

	_tevent_req_error(req, UINT64_C(1) << 40, "a:2");
	assert_string_equal(stop_of(tevent_req_get_profile(req)), "a:2");
	assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_USER_ERROR, UINT64_C(1) << 40);
}

/* R16: no memory, timed out. */
static void test_profile__other_ways_to_finish__state_in_status(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *oom = profiled_work(f->mem, "a:1");
	struct tevent_req *late = profiled_work(f->mem, "b:1");

	tevent_req_oom(oom);
	assert_status(tevent_req_get_profile(oom), 0, TEVENT_REQ_NO_MEMORY, 0);
	assert_true(tevent_req_set_endtime(late, f->ev, tevent_timeval_zero()));
	turns(f->ev, 1);
	assert_status(tevent_req_get_profile(late), 0, TEVENT_REQ_TIMED_OUT, 0);
	assert_string_equal(stop_of(tevent_req_get_profile(late)), "tevent_req_timedout"); /* O8 */
}

/* R3, R16: finished again: the newer state and location. */
static void test_profile__finished_again__newer_stop_and_status(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");

	_tevent_req_error(req, EIO, "a:2");
	_tevent_req_oom(req, "a:3");
	assert_string_equal(stop_of(tevent_req_get_profile(req)), "a:3");
	assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_NO_MEMORY, EIO);
}

static void fails_at_cleanup(struct tevent_req *req, enum tevent_req_state state)
{
	if (state == TEVENT_REQ_DONE) {
		_tevent_req_error(req, EIO, "a:3");
		assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_USER_ERROR, EIO);
		assert_string_equal(stop_of(tevent_req_get_profile(req)), "a:3");
	}
}

/* R3, R16: finished again by its own cleanup function: the outer finishing closes the profile last, with its own
 * state and location. */
static void test_profile__finished_again_in_cleanup__first_state_and_stop(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	enum tevent_req_state req_state;
	uint64_t error;

	tevent_req_set_cleanup_fn(req, fails_at_cleanup);
	_tevent_req_done(req, "a:2");
	assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_DONE, EIO);
	assert_string_equal(stop_of(tevent_req_get_profile(req)), "a:2");
	assert_true(tevent_req_is_error(req, &req_state, &error));
	assert_int_equal(req_state, TEVENT_REQ_USER_ERROR);
}

static void notes_profile_at_cleanup(struct tevent_req *req, enum tevent_req_state state)
{
	if (state != TEVENT_REQ_RECEIVED) {
		note("cleanup:%s", stop_of(tevent_req_get_profile(req)) != NULL ? "closed" : "open");
	}
}

static void notes_profile_at_callback(struct tevent_req *req)
{
	note("callback:%s", stop_of(tevent_req_get_profile(req)) != NULL ? "closed" : "open");
}

/* R3: closed after cleanup, before the callback. */
static void test_profile__done__closed_between_cleanup_and_callback(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");

	tevent_req_set_cleanup_fn(req, notes_profile_at_cleanup);
	tevent_req_set_callback(req, notes_profile_at_callback, NULL);
	tevent_req_done(req);
	assert_notes("cleanup:open callback:closed");
}

/* R5: a deferred notification sets the stop time again when it runs. */
static void test_profile__deferred__stop_time_taken_anew(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	struct timeval first, now;

	tevent_req_defer_callback(req, f->ev);
	tevent_req_done(req);
	first = stop_time_of(tevent_req_get_profile(req));
	do {
		now = tevent_timeval_current();
	} while (not_after(now, first));
	turns(f->ev, 1);
	assert_true(not_after(now, stop_time_of(tevent_req_get_profile(req))));
}

/* R16: received: the profile still exists. */
static void test_profile__received__stays(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");

	_tevent_req_done(req, "a:2");
	tevent_req_received(req);
	assert_non_null(tevent_req_get_profile(req));
	assert_string_equal(name_of(tevent_req_get_profile(req)), "struct work_state");
	assert_status(tevent_req_get_profile(req), 0, TEVENT_REQ_DONE, 0);
}

/* R16: moving takes it from the request to mem_ctx. */
static void test_profile_move__done__child_of_mem_ctx(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	const struct tevent_req_profile *profile = tevent_req_get_profile(req);
	struct tevent_req_profile *moved;

	tevent_req_done(req);
	moved = tevent_req_move_profile(req, f->mem);
	assert_ptr_equal(moved, profile);
	assert_ptr_equal(talloc_parent(moved), f->mem);
	assert_null(tevent_req_get_profile(req));
	talloc_free(req);
	assert_string_equal(start_of(moved), "a:1");
}

/* R16: moved away while in progress: the request finishes without it. */
static void test_profile_move__in_progress__left_as_it_was(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");
	struct tevent_req_profile *moved = tevent_req_move_profile(req, f->mem);

	tevent_req_done(req);
	assert_null(stop_of(moved));
	assert_null(tevent_req_get_profile(req));
}

/* R16: after the profile was moved away, the request may record again. */
static void test_profile_set__after_move__records_anew(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "a:1");

	assert_non_null(tevent_req_move_profile(req, f->mem));
	assert_true(tevent_req_set_profile(req));
	assert_non_null(tevent_req_get_profile(req));
}

/* R16: freeing the request frees its profile. */
static void test_profile__request_freed__gone(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);

	talloc_free(profiled_work(f->mem, "a:1"));
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* ---- requests below a profiled one ---- */

/* R16: created on the state of a profiled request, it records at once. */
static void test_profile_sub__created_on_state__records_and_is_listed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");
	const struct tevent_req_profile *profile = tevent_req_get_profile(sub);

	assert_non_null(profile);
	assert_string_equal(name_of(profile), "struct work_state");
	assert_string_equal(start_of(profile), "s:1");
	assert_ptr_equal(tevent_req_profile_get_subprofiles(tevent_req_get_profile(parent)), profile);
	assert_null(tevent_req_profile_next(profile));
}

/* R16: the newest one comes last. */
static void test_profile_sub__several__in_order_of_creation(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");

	sub_work(parent, "s:1");
	sub_work(parent, "s:2");
	sub_work(parent, "s:3");
	note_subs(tevent_req_get_profile(parent));
	assert_notes("s:1 s:2 s:3");
}

/* R16: finishing keeps the order. */
static void test_profile_sub__finished_in_other_order__keep_their_places(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub[3];

	sub[0] = sub_work(parent, "s:1");
	sub[1] = sub_work(parent, "s:2");
	sub[2] = sub_work(parent, "s:3");
	tevent_req_done(sub[1]);
	tevent_req_done(sub[0]);
	talloc_free(sub[0]);
	talloc_free(sub[1]);
	note_subs(tevent_req_get_profile(parent));
	assert_notes("s:1 s:2 s:3");
}

/* R16, R17: the parent must record when the request is created. */
static void test_profile_sub__parent_records_later__none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = work_at(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");

	assert_true(tevent_req_set_profile(parent));
	assert_null(tevent_req_get_profile(sub));
	tevent_req_done(sub);
	assert_null(tevent_req_profile_get_subprofiles(tevent_req_get_profile(parent)));
}

/* R16, R17: created on the request itself: not below it. */
static void test_profile_sub__created_on_request__none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");

	assert_null(tevent_req_get_profile(work_at(parent, "s:1")));
	assert_null(tevent_req_profile_get_subprofiles(tevent_req_get_profile(parent)));
}

/* R16, R17: deeper below the state: not below it either. */
static void test_profile_sub__created_below_state__none(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");

	assert_null(tevent_req_get_profile(work_at(talloc_new(_tevent_req_data(parent)), "s:1")));
}

static const struct tevent_req_profile *parent_profile;

static void notes_whose_profile(struct tevent_req *req)
{
	note("%s", tevent_req_get_profile(req) == NULL ? "none" : "own");
	note("%s", talloc_parent(tevent_req_profile_get_subprofiles(parent_profile)) == parent_profile ? "handed-over"
												       : "kept");
}

/* R16: on finishing, before the callback, its profile moves to the parent's. */
static void test_profile_sub__finished__handed_over_before_callback(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");
	const struct tevent_req_profile *profile = tevent_req_get_profile(sub);

	parent_profile = tevent_req_get_profile(parent);
	tevent_req_set_callback(sub, notes_whose_profile, NULL);
	_tevent_req_error(sub, EIO, "s:2");
	assert_notes("none handed-over");
	assert_ptr_equal(tevent_req_profile_get_subprofiles(parent_profile), profile);
	assert_string_equal(stop_of(profile), "s:2");
	assert_status(profile, 0, TEVENT_REQ_USER_ERROR, EIO);
}

/* R16: finished again after that: no profile, no change. */
static void test_profile_sub__finished_again__handed_over_one_stays(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");

	_tevent_req_done(sub, "s:2");
	_tevent_req_error(sub, EIO, "s:3");
	note_subs(tevent_req_get_profile(parent));
	assert_notes("s:1");
	assert_string_equal(stop_of(tevent_req_profile_get_subprofiles(tevent_req_get_profile(parent))), "s:2");
}

/* R16: the profile outlives the finished request. */
static void test_profile_sub__finished_and_freed__stays_with_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");

	tevent_req_done(sub);
	talloc_free(sub);
	note_subs(tevent_req_get_profile(parent));
	assert_notes("s:1");
}

/* R16: freed unfinished, its profile is freed too. */
static void test_profile_sub__freed_unfinished__not_listed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *middle;

	sub_work(parent, "s:1");
	middle = sub_work(parent, "s:2");
	sub_work(parent, "s:3");
	talloc_free(middle);
	note_subs(tevent_req_get_profile(parent));
	assert_notes("s:1 s:3");
}

/* R16: a tree of them. */
static void test_profile_sub__three_levels__form_a_tree(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");
	struct tevent_req *leaf = sub_work(sub, "l:1");
	struct tevent_req_profile *tree;

	tevent_req_done(leaf);
	tevent_req_done(sub);
	tevent_req_done(parent);
	tree = tevent_req_move_profile(parent, f->mem);
	talloc_free(parent);
	note_subs(tree);
	note_subs(tevent_req_profile_get_subprofiles(tree));
	assert_notes("s:1 l:1");
}

/* R16: the parent's profile moved away: a request below still passes its profile on to it. */
static void test_profile_sub__parent_profile_moved__handed_over_there(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");
	struct tevent_req_profile *moved = tevent_req_move_profile(parent, f->mem);

	tevent_req_done(sub);
	assert_null(tevent_req_get_profile(sub));
	note_subs(moved);
	assert_notes("s:1");
}

/* R16: the parent's profile freed: an unfinished one is an orphan and stays with its request. */
static void test_profile_sub__parent_profile_freed__stays_with_request(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *parent = profiled_work(f->mem, "p:1");
	struct tevent_req *sub = sub_work(parent, "s:1");

	talloc_free(tevent_req_move_profile(parent, f->mem));
	_tevent_req_done(sub, "s:2");
	assert_non_null(tevent_req_get_profile(sub));
	assert_string_equal(stop_of(tevent_req_get_profile(sub)), "s:2");
	assert_null(tevent_req_profile_next(tevent_req_get_profile(sub)));
}

/* ---- profiles made by hand ---- */

/* R16: a created profile: zeroed child with its name. */
static void test_profile_create__usual__empty_named_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	const char *location = "x";
	struct timeval tv = {1, 1};

	assert_ptr_equal(talloc_parent(profile), f->mem);
	assert_string_equal(talloc_get_name(profile), "struct tevent_req_profile");
	assert_null(name_of(profile));
	tevent_req_profile_get_start(profile, &location, &tv);
	assert_null(location);
	assert_true(tevent_timeval_is_zero(&tv));
	assert_null(stop_of(profile));
	assert_status(profile, 0, TEVENT_REQ_INIT, 0);
	assert_null(tevent_req_profile_get_subprofiles(profile));
	assert_null(tevent_req_profile_next(profile));
}

/* R16: getters write only where the pointer is not NULL. */
static void test_profile_get__null_pointers__others_written(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	struct timeval tv = {7, 8}, got = {0, 0};
	enum tevent_req_state req_state = TEVENT_REQ_INIT;
	pid_t pid = 0;
	uint64_t error = 0;

	assert_true(tevent_req_profile_set_start(profile, "a:1", tv));
	assert_true(tevent_req_profile_set_stop(profile, "a:2", tv));
	tevent_req_profile_set_status(profile, 9, TEVENT_REQ_DONE, 10);
	tevent_req_profile_get_name(profile, NULL);
	tevent_req_profile_get_start(profile, NULL, NULL);
	tevent_req_profile_get_stop(profile, NULL, NULL);
	tevent_req_profile_get_status(profile, NULL, NULL, NULL);
	tevent_req_profile_get_start(profile, NULL, &got);
	assert_int_equal(got.tv_sec, 7);
	tevent_req_profile_get_status(profile, &pid, NULL, NULL);
	tevent_req_profile_get_status(profile, NULL, &req_state, NULL);
	tevent_req_profile_get_status(profile, NULL, NULL, &error);
	assert_int_equal(pid, 9);
	assert_int_equal(req_state, TEVENT_REQ_DONE);
	assert_int_equal(error, 10);
}

/* R16: set and read back. */
static void test_profile_set_fields__usual__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	struct timeval start = {1, 2}, stop = {3, 4}, tv;

	assert_true(tevent_req_profile_set_name(profile, "name"));
	assert_true(tevent_req_profile_set_start(profile, "a:1", start));
	assert_true(tevent_req_profile_set_stop(profile, "a:2", stop));
	tevent_req_profile_set_status(profile, 5, TEVENT_REQ_USER_ERROR, UINT64_MAX);
	assert_string_equal(name_of(profile), "name");
	assert_string_equal(start_of(profile), "a:1");
	tevent_req_profile_get_start(profile, NULL, &tv);
	assert_int_equal(tevent_timeval_compare(&tv, &start), 0);
	assert_string_equal(stop_of(profile), "a:2");
	tv = stop_time_of(profile);
	assert_int_equal(tevent_timeval_compare(&tv, &stop), 0);
	assert_status(profile, 5, TEVENT_REQ_USER_ERROR, UINT64_MAX);
}

/* R16: strings are copied. */
static void test_profile_set_fields__string_changed_later__copy_kept(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	char text[] = "first";

	assert_true(tevent_req_profile_set_name(profile, text));
	assert_true(tevent_req_profile_set_start(profile, text, tevent_timeval_zero()));
	assert_true(tevent_req_profile_set_stop(profile, text, tevent_timeval_zero()));
	memcpy(text, "other", sizeof(text));
	assert_string_equal(name_of(profile), "first");
	assert_string_equal(start_of(profile), "first");
	assert_string_equal(stop_of(profile), "first");
}

/* R16: set again replaces. */
static void test_profile_set_fields__again__replaced(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);

	assert_true(tevent_req_profile_set_name(profile, "one"));
	assert_true(tevent_req_profile_set_start(profile, "one", tevent_timeval_zero()));
	assert_true(tevent_req_profile_set_stop(profile, "one", tevent_timeval_zero()));
	assert_true(tevent_req_profile_set_name(profile, "two"));
	assert_true(tevent_req_profile_set_start(profile, "two", tevent_timeval_zero()));
	assert_true(tevent_req_profile_set_stop(profile, "two", tevent_timeval_zero()));
	assert_string_equal(name_of(profile), "two");
	assert_string_equal(start_of(profile), "two");
	assert_string_equal(stop_of(profile), "two");
}

/* R16: a NULL string: false, the times are set all the same. */
static void test_profile_set_fields__null_string__false_but_times_set(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	struct timeval start = {1, 2}, stop = {3, 4}, tv;

	assert_false(tevent_req_profile_set_name(profile, NULL));
	assert_false(tevent_req_profile_set_start(profile, NULL, start));
	assert_false(tevent_req_profile_set_stop(profile, NULL, stop));
	tevent_req_profile_get_start(profile, NULL, &tv);
	assert_int_equal(tevent_timeval_compare(&tv, &start), 0);
	tv = stop_time_of(profile);
	assert_int_equal(tevent_timeval_compare(&tv, &stop), 0);
}

static struct tevent_req_profile *profile_at(TALLOC_CTX *mem_ctx, const char *location)
{
	struct tevent_req_profile *profile = tevent_req_profile_create(mem_ctx);

	assert_non_null(profile);
	assert_true(tevent_req_profile_set_start(profile, location, tevent_timeval_zero()));
	return profile;
}

/* Makes a profile and appends it. */
static const struct tevent_req_profile *append(TALLOC_CTX *mem_ctx, struct tevent_req_profile *parent,
					       const char *location)
{
	struct tevent_req_profile *sub = profile_at(mem_ctx, location);
	const struct tevent_req_profile *appended = sub;

	tevent_req_profile_append_sub(parent, &sub);
	assert_null(sub);
	return appended;
}

/* R16: appended last, moved to the parent, the caller's pointer NULL. */
static void test_profile_append_sub__several__last_and_moved(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *parent = profile_at(f->mem, "p:1");
	const struct tevent_req_profile *first = append(f->mem, parent, "s:1");

	append(f->mem, parent, "s:2");
	append(f->mem, parent, "s:3");
	assert_ptr_equal(talloc_parent(first), parent);
	note_subs(parent);
	assert_notes("s:1 s:2 s:3");
}

/* R16: freeing one removes it from its parent: first, middle, last. */
static void test_profile_free__has_parent__taken_out(void **state)
{
	struct fixture *f = fixture_of(state);

	for (int which = 0; which < 3; which++) {
		struct tevent_req_profile *parent = profile_at(f->mem, "p:1");
		const struct tevent_req_profile *sub[3];
		sub[0] = append(f->mem, parent, "s:1");
		sub[1] = append(f->mem, parent, "s:2");
		sub[2] = append(f->mem, parent, "s:3");
		talloc_free((void *)(uintptr_t)sub[which]);
		append(f->mem, parent, "s:4");
		note_subs(parent);
		note("/");
	}
	assert_notes("s:2 s:3 s:4 / s:1 s:3 s:4 / s:1 s:2 s:4 /");
}

/* R16: freeing the parent frees what was moved to it. */
static void test_profile_free__has_subprofiles__go_with_it(void **state)
{
	struct fixture *f = fixture_of(state);
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_req_profile *parent = profile_at(f->mem, "p:1");

	append(f->mem, parent, "s:1");
	append(f->mem, parent, "s:2");
	talloc_free(parent);
	assert_int_equal(talloc_total_blocks(f->mem), blocks);
}

/* R16: a subprofile whose memory was moved elsewhere stays as an orphan. */
static void test_profile_free__subprofile_stolen__lives_on_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *parent = profile_at(f->mem, "p:1");
	const struct tevent_req_profile *sub = append(f->mem, parent, "s:1");
	struct tevent_req_profile *other = profile_at(f->mem, "o:1");
	struct tevent_req_profile *again = (struct tevent_req_profile *)(uintptr_t)sub;

	talloc_steal(f->mem, sub);
	talloc_free(parent);
	assert_string_equal(start_of(sub), "s:1");
	tevent_req_profile_append_sub(other, &again);
	note_subs(other);
	assert_notes("s:1");
}

/* R16: an orphan has no siblings, freed or not. */
static void test_profile_free__sibling_goes_too__orphan_has_no_next(void **state)
{
	DEVIATION("D5", "0.14.1's orphan keeps a pointer to the freed sibling");
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *parent = profile_at(f->mem, "p:1");
	const struct tevent_req_profile *sub = append(f->mem, parent, "s:1");

	append(f->mem, parent, "s:2");
	talloc_steal(f->mem, sub);
	talloc_free(parent);
	assert_null(tevent_req_profile_next(sub));
}

/* R16: a profile created by the caller may be appended to a request's. */
static void test_profile_append_sub__with_moved_profile__in_tree(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req *req = profiled_work(f->mem, "p:1");
	struct tevent_req_profile *moved;

	sub_work(req, "s:1");
	moved = tevent_req_move_profile(req, f->mem);
	append(f->mem, moved, "s:2");
	note_subs(moved);
	assert_notes("s:1 s:2");
}

/* R16: replaced strings are freed. */
static void test_profile_set_fields__again__old_ones_are_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *profile = tevent_req_profile_create(f->mem);
	size_t blocks = 0;

	DEVIATION("D4", "keeps them until the profile is freed");
	for (int round = 0; round < 3; round++) {
		assert_true(tevent_req_profile_set_name(profile, "name"));
		assert_true(tevent_req_profile_set_start(profile, "start", in_ms(0)));
		assert_true(tevent_req_profile_set_stop(profile, "stop", in_ms(0)));
		if (round == 0) {
			blocks = talloc_total_blocks(profile);
		}
		assert_int_equal(talloc_total_blocks(profile), blocks);
	}
}

/* R16: one that is already in another profile is removed from that one. */
static void test_profile_append_sub__linked_already__moves_over(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *one = profile_at(f->mem, "p:1");
	struct tevent_req_profile *other = profile_at(f->mem, "p:2");
	struct tevent_req_profile *sub = (struct tevent_req_profile *)(uintptr_t)append(f->mem, one, "s:1");

	DEVIATION("D5", "0.14.1's first parent keeps a pointer to it");
	append(f->mem, one, "s:2");
	append(f->mem, other, "s:3");
	tevent_req_profile_append_sub(other, &sub);
	note_subs(one);
	note("/");
	note_subs(other);
	assert_notes("s:2 / s:3 s:1");
	talloc_free(one);
	talloc_free(other);
}

/* R16: appended again to its own parent, it becomes the last one. */
static void test_profile_append_sub__to_its_parent_again__is_last(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_req_profile *parent = profile_at(f->mem, "p:1");
	struct tevent_req_profile *sub = (struct tevent_req_profile *)(uintptr_t)append(f->mem, parent, "s:1");

	DEVIATION("D5", "0.14.1's list loses its way");
	append(f->mem, parent, "s:2");
	tevent_req_profile_append_sub(parent, &sub);
	note_subs(parent);
	assert_notes("s:2 s:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_profile__not_asked_for__none),
		TEST(test_profile_set__usual__named_like_state),
		TEST(test_profile_set__received_request__named_like_its_state),
		TEST(test_profile_set__usual__starts_at_create_location_now),
		TEST(test_profile_set__usual__request_goes_on),
		TEST(test_profile__in_progress__no_stop),
		TEST(test_profile_set__already_recording__einval),
		TEST(test_profile__done__stop_and_status),
		TEST(test_profile__error__number_in_status),
		TEST(test_profile__other_ways_to_finish__state_in_status),
		TEST(test_profile__finished_again__newer_stop_and_status),
		TEST(test_profile__finished_again_in_cleanup__first_state_and_stop),
		TEST(test_profile__done__closed_between_cleanup_and_callback),
		TEST(test_profile__deferred__stop_time_taken_anew),
		TEST(test_profile__received__stays),
		TEST(test_profile_move__done__child_of_mem_ctx),
		TEST(test_profile_move__in_progress__left_as_it_was),
		TEST(test_profile_set__after_move__records_anew),
		TEST(test_profile__request_freed__gone),
		TEST(test_profile_sub__created_on_state__records_and_is_listed),
		TEST(test_profile_sub__several__in_order_of_creation),
		TEST(test_profile_sub__finished_in_other_order__keep_their_places),
		TEST(test_profile_sub__parent_records_later__none),
		TEST(test_profile_sub__created_on_request__none),
		TEST(test_profile_sub__created_below_state__none),
		TEST(test_profile_sub__finished__handed_over_before_callback),
		TEST(test_profile_sub__finished_again__handed_over_one_stays),
		TEST(test_profile_sub__finished_and_freed__stays_with_parent),
		TEST(test_profile_sub__freed_unfinished__not_listed),
		TEST(test_profile_sub__three_levels__form_a_tree),
		TEST(test_profile_sub__parent_profile_moved__handed_over_there),
		TEST(test_profile_sub__parent_profile_freed__stays_with_request),
		TEST(test_profile_create__usual__empty_named_child),
		TEST(test_profile_get__null_pointers__others_written),
		TEST(test_profile_set_fields__usual__read_back),
		TEST(test_profile_set_fields__string_changed_later__copy_kept),
		TEST(test_profile_set_fields__again__replaced),
		TEST(test_profile_set_fields__again__old_ones_are_freed),
		TEST(test_profile_set_fields__null_string__false_but_times_set),
		TEST(test_profile_append_sub__several__last_and_moved),
		TEST(test_profile_append_sub__linked_already__moves_over),
		TEST(test_profile_append_sub__to_its_parent_again__is_last),
		TEST(test_profile_free__has_parent__taken_out),
		TEST(test_profile_free__has_subprofiles__go_with_it),
		TEST(test_profile_free__subprofile_stolen__lives_on_alone),
		TEST(test_profile_free__sibling_goes_too__orphan_has_no_next),
		TEST(test_profile_append_sub__with_moved_profile__in_tree),
	};

	return cmocka_run_group_tests_name("profile", tests, group_setup, NULL);
}
