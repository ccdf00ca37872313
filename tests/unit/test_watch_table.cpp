// SPDX-License-Identifier: LGPL-3.0-or-later

// The table of watched descriptors, and the flags that are reported to a descriptor
// event.

#include "tests/unit/unit.hpp"

#include <memory>
#include <vector>

#include <tevent.h>

#include "src/event/fd_event.hpp"
#include "src/poller/poll_bits.hpp"
#include "src/poller/watch_table.hpp"

namespace {

using namespace tev;

void test_table__many_numbers__each_is_found_until_it_is_erased(void **)
{
    WatchTable table;
    std::vector<std::unique_ptr<Watch>> watches;
    for (int fd = 0; fd < 5000; fd += 3) {
        watches.push_back(std::make_unique<Watch>(fd));
        table.add(*watches.back());
    }
    assert_int_equal(table.size(), watches.size());
    for (auto &w : watches) {
        assert_ptr_equal(table.find(w->fd), w.get());
        assert_null(table.find(w->fd + 1));
    }
    size_t visited = 0;
    table.for_each([&](Watch &) { visited++; });
    assert_int_equal(visited, watches.size());
    for (auto &w : watches) {
        table.remove(*w);
        assert_null(table.find(w->fd));
    }
    assert_int_equal(table.size(), 0);

    const size_t with_buckets = allocated_bytes();
    table.free_buckets();
    assert_true(with_buckets == 0 || allocated_bytes() < with_buckets - watches.size() * sizeof(Watch *) / 4);
    table.free_buckets(); // it is empty
    assert_null(table.find(3));
    table.add(*watches[1]);
    assert_ptr_equal(table.find(3), watches[1].get());
}

// Numbers that share a bucket: out of its middle, its end and its beginning.
void test_table__one_bucket__erased_in_any_order(void **)
{
    WatchTable table;
    Watch w[] = {Watch(0), Watch(8), Watch(16), Watch(24)};
    for (Watch &one : w) {
        table.add(one);
    }
    for (int gone : {1, 0, 3}) {
        table.remove(w[gone]);
        assert_null(table.find(w[gone].fd));
        assert_ptr_equal(table.find(16), &w[2]);
    }
    size_t visited = 0;
    table.for_each([&](Watch &) { visited++; });
    assert_int_equal(visited, 1);
    assert_int_equal(table.size(), 1);
}

// F6: one is replaced by another of the same number, wherever it is in its bucket.
void test_table__one_bucket__replaced_anywhere(void **)
{
    for (int place = 0; place < 3; place++) {
        WatchTable table;
        Watch w[] = {Watch(16), Watch(32), Watch(48)};
        for (Watch &one : w) {
            table.add(one);
        }
        Watch heir(w[place].fd);
        table.replace(w[place], heir);
        for (int i = 0; i < 3; i++) {
            assert_ptr_equal(table.find(w[i].fd), i == place ? &heir : &w[i]);
        }
        assert_int_equal(table.size(), 3);
        table.remove(heir);
        assert_null(table.find(w[place].fd));
        assert_ptr_equal(table.find(w[(place + 1) % 3].fd), &w[(place + 1) % 3]);
        assert_ptr_equal(table.find(w[(place + 2) % 3].fd), &w[(place + 2) % 3]);
    }
}

// F13: a number that is used again is another watch.
void test_table__number_inserted_again__has_another_generation(void **)
{
    WatchTable table;
    Watch first(7), second(7);
    table.add(first);
    table.remove(first);
    table.add(second);
    assert_int_not_equal(first.generation, second.generation);
    assert_int_not_equal(second.generation, 0);
    assert_ptr_equal(table.find(7), &second);
}

void test_readiness__kernel_events_both_ways__nothing_is_mixed_up(void **)
{
    assert_int_equal(poll_bits_of(0), 0);
    assert_int_equal(poll_bits_of(kReadInterest), POLLIN);
    assert_int_equal(poll_bits_of(kWriteInterest), POLLOUT);
    assert_int_equal(poll_bits_of(kPeerClosedInterest), POLLRDHUP);
    assert_int_equal(readiness_of(POLLIN | POLLHUP), kReadable | kHungUp);
    assert_int_equal(readiness_of(POLLOUT | POLLERR), kWritable | kFailed);
    assert_int_equal(readiness_of(POLLRDHUP | POLLNVAL), kPeerClosed | kNotOpen);
}

constexpr uint16_t R = TEVENT_FD_READ, W = TEVENT_FD_WRITE, E = TEVENT_FD_ERROR;

// F3, F4: the table at the head of fd_event.hpp, line by line.
void test_readiness__what_an_event_is_told(void **)
{
    const struct {
        uint16_t asked;
        int readiness;
        uint16_t told;
    } cases[] = {
        {R, kReadable, R},
        {W, kReadable, 0},
        {E, kReadable, 0},
        {R | W | E, kReadable, R},
        {W, kWritable, W},
        {R, kWritable, 0},
        {R | W, kReadable | kWritable, R | W},
        {R, kReadable | kPeerClosed, R},
        {E, kReadable | kPeerClosed, E},
        {W, kWritable | kPeerClosed, W},
        {W | E, kWritable | kPeerClosed, W | E},
        {R, kHungUp, R},
        {E, kFailed, E},
        {W, kWritable | kHungUp, 0},
        {W, kWritable | kFailed, 0},
        {R | W, kWritable | kHungUp, R | W},
        {W | E, kWritable | kFailed, W | E},
        {R | W, kHungUp, R},
        {0, kReadable | kWritable | kHungUp | kFailed, 0},
        {0x100, kReadable | kWritable, 0},
    };
    for (const auto &c : cases) {
        assert_int_equal(flags_to_report(c.asked, static_cast<uint8_t>(c.readiness)), c.told);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_table__many_numbers__each_is_found_until_it_is_erased),
        cmocka_unit_test(test_table__one_bucket__erased_in_any_order),
        cmocka_unit_test(test_table__one_bucket__replaced_anywhere),
        cmocka_unit_test(test_table__number_inserted_again__has_another_generation),
        cmocka_unit_test(test_readiness__kernel_events_both_ways__nothing_is_mixed_up),
        cmocka_unit_test(test_readiness__what_an_event_is_told),
    };
    return cmocka_run_group_tests_name("watch_table", tests, nullptr, nullptr);
}
