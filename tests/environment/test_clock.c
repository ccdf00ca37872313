/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A program with its own clock: it defines tevent_timeval_current(), as tests of
 * programs do, and the library calls that.
 */

#include "support.h"

enum { long_time = 3600 };

static struct timeval now;

struct timeval tevent_timeval_current(void)
{
	return now;
}

static void note_time(struct tevent_context *ev, struct tevent_timer *te, struct timeval at, void *private_data)
{
	note("%ld", (long)at.tv_sec);
}

/* E3, E10: offsets are added to that time, and timers are due by it. */
static void test_clock__defined_by_the_program__is_the_librarys_too(void **state)
{
	struct fixture *f = fixture_of(state);

	now = (struct timeval){1000, 0};
	assert_int_equal(tevent_timeval_current_ofs(long_time, 0).tv_sec, now.tv_sec + long_time);
	assert_non_null(tevent_add_timer(f->ev, f->mem, tevent_timeval_current_ofs(long_time, 0), note_time, NULL));
	now.tv_sec += long_time + 1;
	turns(f->ev, 1);
	assert_notes("4601");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_clock__defined_by_the_program__is_the_librarys_too),
	};

	return cmocka_run_group_tests_name("clock", tests, group_setup, NULL);
}
