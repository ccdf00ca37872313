// SPDX-License-Identifier: LGPL-3.0-or-later

// The array that PollPoller passes to poll(2), entry by entry, and its results.

#include "tests/unit/unit.hpp"

#include "tests/unit/fake_kernel.hpp"

#include <memory>

#include "src/poller/poll_poller.hpp"

namespace {

using namespace tev;

struct Bench {
    WatchTable watches;
    PollPoller poller{watches};
    WatchList pending, not_open;
    std::vector<std::unique_ptr<Watch>> all;

    Bench() { kernel = FakeKernel(); }

    ~Bench()
    {
        poller.close();
        for (auto &w : all) {
            if (watches.find(w->fd) == w.get()) {
                watches.remove(*w);
            }
        }
        watches.free_buckets();
    }

    Watch &watch(int fd)
    {
        all.push_back(std::make_unique<Watch>(fd));
        watches.add(*all.back());
        want(*all.back(), kReadInterest);
        return *all.back();
    }

    void want(Watch &w, uint8_t interest)
    {
        w.requested = interest;
        if (!w.is_linked()) {
            pending.push_back(w);
        }
    }

    void forget(Watch &w)
    {
        poller.remove(w);
        if (w.is_linked()) {
            pending.unlink(w);
        }
    }

    // "7 5 6": the descriptors of the next wait; the first is the wake-up's.
    std::string asked_for()
    {
        assert_true(poller.update(pending, not_open) == UpdateResult::kDone);
        assert_true(pending.empty());
        poller.wait(0);
        std::string list;
        for (const pollfd &p : kernel.polled) {
            list += (list.empty() ? "" : " ") + std::to_string(p.fd);
        }
        return list;
    }
};

#define assert_asked_for(bench, expected) assert_string_equal((bench).asked_for().c_str(), expected)

// F5, C27: the wake-up comes first, where there is one; the others follow.
void test_update__watches_come__entries_follow(void **)
{
    Bench b;
    assert_asked_for(b, "");
    b.poller.set_wakeup_fd(7);
    assert_asked_for(b, "7");
    Watch &w = b.watch(5);
    b.want(w, kWriteInterest | kPeerClosedInterest);
    b.watch(6);
    w.must_register_again = true;
    assert_asked_for(b, "7 5 6");
    assert_int_equal(kernel.polled[0].events, POLLIN);
    assert_int_equal(kernel.polled[1].events, POLLOUT | POLLRDHUP);
    assert_int_equal(kernel.polled[1].revents, 0);
    assert_int_equal(kernel.polled[2].events, POLLIN);
    assert_int_equal(w.registered, w.requested);
    assert_false(w.must_register_again);
    b.want(w, kReadInterest);
    assert_asked_for(b, "7 5 6");
    assert_int_equal(kernel.polled[1].events, POLLIN);
}

// F5, F6: a watch that is removed or requests nothing has no entry; the last entry fills its place.
void test_update__watches_go__gaps_are_closed(void **)
{
    Bench b;
    Watch *w[6];
    for (int i = 0; i < 6; i++) {
        w[i] = &b.watch(10 + i);
    }
    assert_asked_for(b, "10 11 12 13 14 15");
    b.forget(*w[1]);
    assert_int_equal(w[1]->registered, 0);
    assert_asked_for(b, "10 15 12 13 14");
    b.want(*w[0], 0);
    b.want(*w[5], kWriteInterest); // it has moved to where w[1] was
    assert_asked_for(b, "14 15 12 13");
    assert_int_equal(kernel.polled[1].events, POLLOUT);
    assert_int_equal(w[0]->registered, 0);
    b.forget(*w[3]); // the last two, and one that is removed already
    b.forget(*w[2]);
    b.forget(*w[0]);
    assert_asked_for(b, "14 15");
    b.want(*w[0], kReadInterest);
    assert_asked_for(b, "14 15 10");
    b.forget(*w[4]);
    b.forget(*w[5]);
    b.forget(*w[0]);
    assert_asked_for(b, "");
    b.watch(20);
    assert_asked_for(b, "20");
}

// F15: any number, in two arrays; close() frees everything, and the poller can be used again.
void test_update__many_watches__array_grows(void **)
{
    Bench b;
    b.poller.set_wakeup_fd(7);
    b.poller.update(b.pending, b.not_open);
    for (int i = 0; i < 100; i++) {
        Watch &w = b.watch(100 + i);
        b.asked_for();
        assert_int_equal(kernel.polled.size(), i + 2);
        assert_int_equal(kernel.polled[0].fd, 7);
        assert_int_equal(kernel.polled[0].events, POLLIN);
        assert_int_equal(kernel.polled[i + 1].fd, w.fd);
    }
    b.poller.set_wakeup_fd(9); // and at once so many that the array grows
    for (int i = 100; i < 300; i++) {
        b.watch(100 + i);
    }
    b.asked_for();
    assert_int_equal(kernel.polled.size(), 301);
    assert_int_equal(kernel.polled[0].fd, 9);
    b.poller.set_wakeup_fd(7);
    b.forget(*b.all[3]);
    const size_t with_arrays = allocated_bytes();
    b.poller.close();
    assert_true(with_arrays == 0 ||
                allocated_bytes() <= with_arrays - kernel.polled.size() * (sizeof(pollfd) + sizeof(Watch *)));
    assert_int_equal(b.all[0]->registered, 0);
    assert_asked_for(b, "7");
    b.want(*b.all[0], kReadInterest);
    b.want(*b.all[1], kReadInterest);
    assert_asked_for(b, "7 100 101");
    b.poller.close();
}

// C14, F6: of the ready ones, the one that was ready longest ago; the wake-up beside it.
void test_ready__several__in_turns(void **)
{
    Bench b;
    Watch &five = b.watch(5), &six = b.watch(6), &eight = b.watch(8);
    b.poller.set_wakeup_fd(7);
    b.asked_for();
    kernel.poll_answers = {0, POLLIN, POLLIN | POLLHUP, 0};
    Watch *expected[] = {&five, &six, &five, &six};
    for (Watch *w : expected) {
        assert_true(b.poller.wait(3) == WaitResult::kReady);
        assert_int_equal(kernel.last_timeout, 3);
        const Ready found = b.poller.result();
        assert_ptr_equal(found.watch, w);
        assert_false(found.woken);
        assert_int_equal(found.readiness, w == &five ? kReadable : kReadable | kHungUp);
    }
    kernel.poll_answers = {0, POLLIN, POLLIN, POLLNVAL};
    assert_true(b.poller.wait(0) == WaitResult::kReady);
    assert_ptr_equal(b.poller.result().watch, &eight);
    kernel.poll_answers = {POLLIN, POLLIN, 0, 0};
    assert_true(b.poller.wait(0) == WaitResult::kReady);
    Ready found = b.poller.result();
    assert_ptr_equal(found.watch, &five);
    assert_true(found.woken);

    // F16: freed by another thread during the wait.
    kernel.poll_answers = {0, POLLIN, 0, 0};
    assert_true(b.poller.wait(0) == WaitResult::kReady);
    b.forget(five);
    found = b.poller.result();
    assert_null(found.watch);
    assert_false(found.woken);
}

// C11, C12: how a wait ends.
void test_wait__each_outcome__is_told(void **)
{
    Bench b;
    assert_true(b.poller.wait(-1) == WaitResult::kTimeLimit);
    assert_int_equal(kernel.last_timeout, -1);
    kernel.poll_error = EINTR;
    assert_true(b.poller.wait(0) == WaitResult::kInterrupted);
    kernel.poll_error = EINVAL;
    assert_true(b.poller.wait(0) == WaitResult::kFailed);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_update__watches_come__entries_follow),
        cmocka_unit_test(test_update__watches_go__gaps_are_closed),
        cmocka_unit_test(test_update__many_watches__array_grows),
        cmocka_unit_test(test_ready__several__in_turns),
        cmocka_unit_test(test_wait__each_outcome__is_told),
    };
    return cmocka_run_group_tests_name("poll_poller", tests, nullptr, nullptr);
}
