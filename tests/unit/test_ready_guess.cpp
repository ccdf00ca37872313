// SPDX-License-Identifier: LGPL-3.0-or-later

// How often a wait is tried without a limit first: often if that pays off, hardly ever
// if not.

#include "tests/unit/unit.hpp"

#include "src/poller/ready_guess.hpp"

namespace {

struct Loop {
    // One wait; `ready` is the outcome of a try without a limit.
    void wait(bool ready)
    {
        waits++;
        if (guess.is_worth_asking()) {
            ready ? hits++ : misses++;
            ready ? guess.hit() : guess.miss();
        }
    }
    void waits_of(unsigned count, bool ready)
    {
        for (unsigned i = 0; i < count; i++) {
            wait(ready);
        }
    }
    unsigned questions() const { return hits + misses; }

    tev::ReadyGuess guess;
    unsigned waits = 0;
    unsigned hits = 0;
    unsigned misses = 0;
};

// C11
void test_guess__short_life__never_asks(void **)
{
    Loop loop;
    loop.waits_of(7, false);
    assert_int_equal(loop.questions(), 0);
}

// C11
void test_guess__always_ready__always_asks(void **)
{
    Loop loop;
    loop.waits_of(1000, true);
    assert_int_equal(loop.hits, 1000 - 7);
}

// C11
void test_guess__never_ready__hardly_ever_asks(void **)
{
    Loop loop;
    loop.waits_of(64 * 100, false);
    assert_in_range(loop.misses, 99, 103);
}

// C11: an idle loop becomes a busy one, and the other way round.
void test_guess__program_changes__follows(void **)
{
    Loop loop;
    loop.waits_of(1000, false);
    loop.hits = 0;
    loop.waits_of(1000, true);
    assert_in_range(loop.hits, 1000 - 63, 1000);
    loop.misses = 0;
    loop.waits_of(64, false);
    assert_in_range(loop.misses, 5, 6); // at distances of 2, 4, ...
}

// C11
void test_guess__any_program__misses_are_bounded(void **)
{
    for (uint32_t seed = 1; seed <= 500; seed++) {
        Random random(seed);
        Loop loop;
        const uint32_t ready_of_100 = random.below(101);
        const uint32_t longest_stretch = 1 + random.below(20);
        while (loop.waits < 2000) {
            loop.waits_of(1 + random.below(longest_stretch), random.below(100) < ready_of_100);
            assert_true(loop.misses <= loop.hits + loop.waits / 64 + 3);
        }
    }
}

// C11: the bound holds for any program: each pattern of twelve outcomes, repeated.
void test_guess__program_works_against_it__misses_are_bounded(void **)
{
    for (unsigned pattern = 0; pattern < 1U << 12; pattern++) {
        Loop loop;
        while (loop.waits < 2000) {
            const unsigned before = loop.questions();
            const bool ready = pattern >> before % 12 & 1;
            while (loop.questions() == before) {
                loop.wait(ready);
            }
            assert_true(loop.misses <= loop.hits + loop.waits / 64 + 3);
        }
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_guess__short_life__never_asks),
        cmocka_unit_test(test_guess__always_ready__always_asks),
        cmocka_unit_test(test_guess__never_ready__hardly_ever_asks),
        cmocka_unit_test(test_guess__program_changes__follows),
        cmocka_unit_test(test_guess__any_program__misses_are_bounded),
        cmocka_unit_test(test_guess__program_works_against_it__misses_are_bounded),
    };
    return cmocka_run_group_tests_name("ready_guess", tests, nullptr, nullptr);
}
