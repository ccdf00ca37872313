// SPDX-License-Identifier: LGPL-3.0-or-later

// The ring of signal infos: order, fullness, and what a fork leaves in it.

#include "tests/unit/unit.hpp"

#include <memory>

#include "src/event/info_ring.hpp"

namespace {

using tev::signals::InfoRing;

siginfo_t numbered(int number)
{
    siginfo_t info = {};
    info.si_value.sival_int = number;
    return info;
}

uint32_t reserve(InfoRing &ring)
{
    uint32_t position = UINT32_MAX;
    assert_true(ring.reserve(&position, InfoRing::kSlots));
    return position;
}

void add(InfoRing &ring, int number)
{
    ring.publish(reserve(ring), numbered(number));
}

// As a turn does; -1: there is none that is whole.
int take(InfoRing &ring)
{
    if (!ring.is_published(ring.claimed)) {
        return -1;
    }
    const int number = ring.slot_of(ring.claimed).info.si_value.sival_int;
    ring.released.store(++ring.claimed);
    return number;
}

void test_ring__full__refuses_until_released(void **)
{
    auto ring = std::make_unique<InfoRing>();
    uint32_t position;
    for (uint32_t i = 0; i < InfoRing::kSlots; i++) {
        add(*ring, static_cast<int>(i));
    }
    assert_false(ring->reserve(&position, InfoRing::kSlots));
    assert_int_equal(take(*ring), 0);
    assert_true(ring->reserve(&position, InfoRing::kSlots));
}

// C23: a thread that was inside the signal handler at the fork is not in the child
void test_ring__writer_never_publishes__later_ones_come_in_order(void **)
{
    auto ring = std::make_unique<InfoRing>();
    // Over the end of the slots, too.
    for (uint32_t round = 0; round < InfoRing::kSlots; round++) {
        add(*ring, 1);
        reserve(*ring);
        add(*ring, 2);
        reserve(*ring);
        reserve(*ring);
        add(*ring, 3);
        reserve(*ring);
        assert_int_equal(ring->close_gaps(), 3);
        // Reserved anew and not written: nothing old shows.
        uint32_t late[3];
        for (uint32_t &position : late) {
            position = reserve(*ring);
        }
        for (int number = 1; number <= 3; number++) {
            assert_int_equal(take(*ring), number);
        }
        assert_int_equal(take(*ring), -1);
        for (int i = 0; i < 3; i++) {
            ring->publish(late[i], numbered(4 + i));
            assert_int_equal(take(*ring), 4 + i);
            assert_int_equal(take(*ring), -1);
        }
        assert_int_equal(ring->close_gaps(), 0);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_ring__full__refuses_until_released),
        cmocka_unit_test(test_ring__writer_never_publishes__later_ones_come_in_order),
    };
    return cmocka_run_group_tests_name("info_ring", tests, nullptr, nullptr);
}
