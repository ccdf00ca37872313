// SPDX-License-Identifier: LGPL-3.0-or-later

// Arithmetic on struct timeval, at its edges.

#include "tests/unit/unit.hpp"

#include <climits>

#include "src/base/timeval.hpp"

namespace {

using namespace tev;

void assert_timeval(const timeval &tv, long secs, long usecs)
{
    assert_int_equal(tv.tv_sec, secs);
    assert_int_equal(tv.tv_usec, usecs);
}

// E10: seconds first, then microseconds, whatever they are.
void test_compare__seconds_and_microseconds__in_this_order(void **)
{
    const timeval a = {5, 7};
    assert_int_equal(compare(a, {5, 7}), 0);
    assert_int_equal(compare(a, {5, 8}), -1);
    assert_int_equal(compare(a, {5, 6}), 1);
    assert_int_equal(compare(a, {6, 0}), -1);
    assert_int_equal(compare(a, {4, 9999999}), 1);
    assert_true(is_zero({0, 0}));
    assert_false(is_zero({0, 1}));
    assert_false(is_zero({1, 0}));
}

// E10: a full second is carried, also when it is exactly one, or several.
void test_add__microseconds_over_a_second__are_carried(void **)
{
    assert_timeval(add({1, 999999}, 0, 0), 1, 999999);
    assert_timeval(add({1, 999999}, 0, 1), 2, 0);
    assert_timeval(add({1, 999999}, 3, 999999), 5, 999998);
    assert_timeval(add({1, 0}, 0, 4000001), 5, 1);
}

// E10: zero when the one is not before the other; microseconds are borrowed.
void test_until__before_at_and_after__is_the_time_between_or_zero(void **)
{
    assert_timeval(until({5, 7}, {5, 7}), 0, 0);
    assert_timeval(until({5, 8}, {5, 7}), 0, 0);
    assert_timeval(until({6, 0}, {5, 999999}), 0, 0);
    assert_timeval(until({5, 7}, {5, 8}), 0, 1);
    assert_timeval(until({5, 7}, {7, 7}), 2, 0);
    assert_timeval(until({5, 999999}, {6, 0}), 0, 1);
    assert_timeval(until({5, 1}, {7, 0}), 1, 999999);
}

// C15: rounded up, so that a wait is never too short.
void test_to_poll_milliseconds__fractions__are_rounded_up(void **)
{
    assert_int_equal(to_poll_milliseconds({0, 1}), 1);
    assert_int_equal(to_poll_milliseconds({0, 1000}), 1);
    assert_int_equal(to_poll_milliseconds({0, 1001}), 2);
    assert_int_equal(to_poll_milliseconds({3, 999999}), 4000);
}

// E11: never negative, which would mean for ever, and never too long.
void test_to_poll_milliseconds__further_than_an_int__is_the_longest(void **)
{
    constexpr long kWhole = INT_MAX / 1000;
    assert_int_equal(to_poll_milliseconds({kWhole - 1, 0}), (kWhole - 1) * 1000);
    assert_int_equal(to_poll_milliseconds({kWhole - 1, 999999}), kWhole * 1000);
    assert_int_equal(to_poll_milliseconds({kWhole, 0}), INT_MAX);
    assert_int_equal(to_poll_milliseconds({kWhole + 1, 0}), INT_MAX);
    assert_int_equal(to_poll_milliseconds({LONG_MAX, 999999}), INT_MAX);
}

// E1, E10: nothing is normalised; a timer whose microseconds are negative still comes
void test_to_poll_milliseconds__microseconds_out_of_range__bounded(void **)
{
    const timeval now = {1000, 500000};

    assert_int_equal(to_poll_milliseconds(until(now, {1001, -3000000})), 1);
    assert_int_equal(to_poll_milliseconds(until(now, {1000, 4000000})), 3500);
    assert_int_equal(to_poll_milliseconds({2147482, UINT32_MAX}), INT_MAX);
    assert_int_equal(to_poll_milliseconds({1, LONG_MAX / 2}), INT_MAX);
}

constexpr time_t kLeastSeconds = INT64_MIN;

// E10: seconds saturate at the largest time_t.
void test_until__longer_than_a_time_t__is_the_longest_span(void **)
{
    const timeval span = until({kLeastSeconds, 0}, {kMostSeconds, 5});
    assert_true(span.tv_sec == kMostSeconds);
    assert_int_equal(span.tv_usec, 5);
}

// E10
void test_until__borrowing__stays_exact(void **)
{
    const timeval span = until({kMostSeconds - 1, 999999}, {kMostSeconds, 0});
    assert_int_equal(span.tv_sec, 0);
    assert_int_equal(span.tv_usec, 1);
}

// E10: seconds saturate at the largest time_t.
void test_add__beyond_a_time_t__is_the_last_second(void **)
{
    const timeval sum = add({kMostSeconds, 999999}, 0, 1);
    assert_true(sum.tv_sec == kMostSeconds);
    assert_int_equal(sum.tv_usec, 0);
}

// E10
void test_add__everything_at_its_most__carries(void **)
{
    const timeval sum = add({0, 999999}, UINT32_MAX, UINT32_MAX);
    assert_true(sum.tv_sec == INT64_C(4294967295) + 4295);
    assert_int_equal(sum.tv_usec, 967294);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_compare__seconds_and_microseconds__in_this_order),
        cmocka_unit_test(test_add__microseconds_over_a_second__are_carried),
        cmocka_unit_test(test_until__before_at_and_after__is_the_time_between_or_zero),
        cmocka_unit_test(test_to_poll_milliseconds__fractions__are_rounded_up),
        cmocka_unit_test(test_to_poll_milliseconds__further_than_an_int__is_the_longest),
        cmocka_unit_test(test_to_poll_milliseconds__microseconds_out_of_range__bounded),
        cmocka_unit_test(test_until__longer_than_a_time_t__is_the_longest_span),
        cmocka_unit_test(test_until__borrowing__stays_exact),
        cmocka_unit_test(test_add__beyond_a_time_t__is_the_last_second),
        cmocka_unit_test(test_add__everything_at_its_most__carries),
    };
    return cmocka_run_group_tests_name("timeval", tests, nullptr, nullptr);
}
