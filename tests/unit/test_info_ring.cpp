// SPDX-License-Identifier: LGPL-3.0-or-later

// The ring of siginfos: order, fullness, and its state after a fork.

#include "tests/unit/unit.hpp"

#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#include "src/signal/info_ring.hpp"

namespace {

using tev::signals::InfoRing;

std::unique_ptr<InfoRing> empty_ring()
{
    return std::unique_ptr<InfoRing>(new InfoRing());
}

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

// As a turn does; -1: none is published.
int take(InfoRing &ring)
{
    const uint32_t position = ring.released.load();
    ring.claim();
    for (uint32_t p = position; p != ring.claimed.load(); p++) {
        ring.released.store(p + 1);
        if (ring.is_published(p)) { // else a dead one
            return ring.slot_of(p).info.si_value.sival_int;
        }
    }
    return -1;
}

void run_in_child(void (*fn)(InfoRing &), InfoRing &ring)
{
    const pid_t pid = fork();
    if (pid == 0) {
        fn(ring);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void expect(bool condition)
{
    if (!condition) {
        _exit(1);
    }
}

void test_ring__full__refuses_until_released(void **)
{
    auto ring = empty_ring();
    uint32_t position;
    for (uint32_t i = 0; i < InfoRing::kSlots; i++) {
        add(*ring, static_cast<int>(i));
    }
    assert_false(ring->reserve(&position, InfoRing::kSlots));
    assert_int_equal(take(*ring), 0);
    assert_true(ring->reserve(&position, InfoRing::kSlots));
}

// A position that is reserved holds up those behind it: its handler will write it.
void test_ring__reserved_and_not_published__later_ones_wait(void **)
{
    auto ring = empty_ring();
    add(*ring, 1);
    const uint32_t late = reserve(*ring);
    add(*ring, 3);
    assert_int_equal(take(*ring), 1);
    assert_int_equal(take(*ring), -1);
    ring->publish(late, numbered(2));
    assert_int_equal(take(*ring), 2);
    assert_int_equal(take(*ring), 3);
    assert_int_equal(take(*ring), -1);
}

void child_passes_over_what_is_dead(InfoRing &ring)
{
    add(ring, 3);
    const uint32_t late = reserve(ring); // the child's own: not dead
    add(ring, 5);
    expect(take(ring) == 1);
    expect(take(ring) == 2);
    expect(take(ring) == 3);
    expect(take(ring) == -1);
    ring.publish(late, numbered(4));
    expect(take(ring) == 4);
    expect(take(ring) == 5);
    expect(take(ring) == -1);
}

// C23: a thread that was inside the signal handler at the fork is not in the child
void test_ring__writer_stays_with_the_parent__child_gets_the_others_in_order(void **)
{
    auto ring = empty_ring();
    // Over the end of the slots and of the positions that fit into half a word, too.
    const uint32_t starts[] = {0, InfoRing::kSlots - 2, 0x7fff, 0xfffe};
    for (const uint32_t start : starts) {
        ring = empty_ring();
        ring->reserved.store(start);
        ring->claimed.store(start);
        ring->released.store(start);
        reserve(*ring);
        add(*ring, 1);
        reserve(*ring);
        reserve(*ring);
        add(*ring, 2);
        reserve(*ring);
        run_in_child(child_passes_over_what_is_dead, *ring);
        assert_int_equal(take(*ring), -1); // the parent's handlers will write theirs
    }
}

// No position is ever taken for a dead one, however many have come before it.
void test_ring__a_hundred_thousand_infos__each_reserved_one_is_waited_for(void **)
{
    auto ring = empty_ring();
    for (int i = 0; i < 100'000; i++) {
        const uint32_t late = reserve(*ring);
        assert_int_equal(take(*ring), -1);
        ring->publish(late, numbered(i));
        assert_int_equal(take(*ring), i);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_ring__full__refuses_until_released),
        cmocka_unit_test(test_ring__reserved_and_not_published__later_ones_wait),
        cmocka_unit_test(test_ring__writer_stays_with_the_parent__child_gets_the_others_in_order),
        cmocka_unit_test(test_ring__a_hundred_thousand_infos__each_reserved_one_is_waited_for),
    };
    return cmocka_run_group_tests_name("info_ring", tests, nullptr, nullptr);
}
