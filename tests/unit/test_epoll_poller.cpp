// SPDX-License-Identifier: LGPL-3.0-or-later

// EpollPoller's calls to the kernel, one by one: none too many, and the right one where
// the kernel's registrations differ from the expected ones.

#include "tests/unit/unit.hpp"

#include "tests/unit/fake_kernel.hpp"

#include "src/poller/epoll_poller.hpp"

namespace {

using namespace tev;

struct Bench {
    WatchTable watches;
    EpollPoller poller{watches};
    WatchList pending, not_open;

    Bench()
    {
        kernel = FakeKernel();
        assert_true(poller.open());
    }
    ~Bench() { poller.close(); }

    void want(Watch &w, uint8_t interest)
    {
        w.requested = interest;
        if (!w.is_linked()) {
            pending.push_back(w);
        }
    }

    bool update() { return poller.update(pending, not_open) == UpdateResult::kDone; }
};

#define assert_operations(expected) assert_string_equal(kernel.operations().c_str(), expected)

uint64_t key_of(const Watch &w)
{
    return (static_cast<uint64_t>(w.generation) << 32) | static_cast<uint32_t>(w.fd);
}

// F7, F5: one call per change that remains at the wait; none for a change that was undone.
void test_update__interest_changes__kernel_hears_of_the_difference(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.want(w, kReadInterest | kPeerClosedInterest);
    assert_true(b.update());
    assert_int_equal(kernel.controls.size(), 1);
    assert_int_equal(kernel.controls[0].instance, FakeKernel::kFirstInstance);
    assert_int_equal(kernel.controls[0].events, EPOLLIN | EPOLLRDHUP);
    assert_true(kernel.controls[0].key == key_of(w));
    assert_operations("A5");
    assert_int_equal(w.registered, w.requested);
    assert_true(b.pending.empty());

    assert_true(b.update());
    b.want(w, kWriteInterest);
    b.want(w, kReadInterest | kPeerClosedInterest);
    assert_true(b.update());
    assert_operations("");
    assert_true(b.pending.empty());

    b.want(w, kWriteInterest);
    assert_true(b.update());
    assert_int_equal(kernel.controls[0].events, EPOLLOUT);
    assert_true(kernel.controls[0].key == key_of(w));
    assert_operations("M5");
    b.want(w, 0);
    assert_true(b.update());
    assert_int_equal(kernel.controls[0].events, 0);
    assert_operations("D5");
    assert_int_equal(w.registered, 0);
    b.want(w, kReadInterest);
    assert_true(b.update());
    assert_operations("A5");
}

// F13: the kernel may have lost the registration: it is repeated once.
void test_update__tell_again__is_told_though_nothing_changed(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.want(w, kReadInterest);
    assert_true(b.update());
    w.must_register_again = true;
    b.want(w, kReadInterest);
    assert_true(b.update());
    assert_operations("A5 M5");
    assert_false(w.must_register_again);
    b.want(w, kReadInterest);
    assert_true(b.update());
    assert_operations("");
}

// F13, D1: an existing registration is modified, a missing one is added.  Nothing else is retried.
void test_update__kernel_knows_otherwise__is_made_up_for(void **)
{
    const struct {
        bool known; // by us
        std::vector<int> errors;
        const char *operations;
        int result; // errno, 0 when it worked
    } cases[] = {
        {false, {EEXIST}, "A5 M5", 0},  {false, {EEXIST, EPERM}, "A5 M5", EPERM},
        {false, {EPERM}, "A5", EPERM},  {false, {ENOENT}, "A5", ENOENT},
        {true, {ENOENT}, "M5 A5", 0},   {true, {ENOENT, ENOSPC}, "M5 A5", ENOSPC},
        {true, {EEXIST}, "M5", EEXIST}, {true, {ENOMEM}, "M5", ENOMEM},
    };
    for (const auto &c : cases) {
        Bench b;
        Watch w(5);
        b.watches.add(w);
        if (c.known) {
            b.want(w, kReadInterest);
            assert_true(b.update());
            kernel.operations();
        }
        const uint8_t before = w.registered;
        b.want(w, kWriteInterest);
        kernel.control_errors.assign(c.errors.begin(), c.errors.end());
        errno = 0;
        const bool worked = b.update();
        const int error = errno;
        assert_operations(c.operations);
        assert_int_equal(worked, c.result == 0);
        assert_int_equal(w.registered, worked ? w.requested : before);
        assert_int_equal(b.pending.empty(), worked);
        assert_true(b.not_open.empty());
        if (!worked) {
            assert_int_equal(error, c.result);
        }
        if (w.is_linked()) {
            b.pending.unlink(w);
        }
    }
}

// F11: a watch without open file is not pending and not registered any more; the others are registered.
void test_update__not_open__is_handed_over(void **)
{
    Bench b;
    Watch closed(5), open(6);
    b.watches.add(closed);
    b.watches.add(open);
    b.want(closed, kReadInterest);
    b.want(open, kReadInterest);
    kernel.control_errors = {EBADF};
    assert_true(b.update());
    assert_operations("A5 A6");
    assert_true(b.pending.empty());
    assert_ptr_equal(b.not_open.front(), &closed);
    assert_int_equal(closed.registered, 0);
    assert_int_equal(open.registered, kReadInterest);
    b.not_open.unlink(closed);
}

// F13: a removal reaches the kernel at once, if there is a registration.
void test_forget__known_or_not__one_call_or_none(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.poller.remove(w);
    assert_operations("");
    b.want(w, kReadInterest);
    assert_true(b.update());
    b.poller.remove(w);
    assert_operations("A5 D5");
    assert_int_equal(w.registered, 0);
    b.poller.remove(w);
    assert_operations("");
}

// S8, T4: the wake-up is registered before all others, is retried until it works, and then stays.
void test_update__wakeup__is_told_first_and_once(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.want(w, kReadInterest);
    b.poller.set_wakeup_fd(7);
    kernel.control_errors = {ENOSPC};
    errno = 0;
    assert_false(b.update());
    assert_int_equal(errno, ENOSPC);
    assert_operations("A7");
    assert_true(b.update());
    assert_int_equal(kernel.controls[0].events, EPOLLIN);
    assert_true(kernel.controls[0].key == 0);
    assert_operations("A7 A5");
    assert_true(b.update());
    assert_operations("");
}

// C21, F13: open() again makes a new instance without registrations, the wake-up included.
void test_open__again__new_instance_without_registrations(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.want(w, kReadInterest);
    b.poller.set_wakeup_fd(7);
    assert_true(b.update());
    kernel.operations();

    assert_true(b.poller.open());
    assert_int_equal(kernel.instances, 2);
    assert_false(b.poller.is_up_to_date());
    w.registered = 0;
    b.want(w, kWriteInterest);
    assert_true(b.update());
    assert_int_equal(kernel.controls[0].instance, FakeKernel::kFirstInstance + 1);
    assert_operations("A7 A5");
    assert_true(b.poller.is_up_to_date());

    kernel.create_error = EMFILE;
    errno = 0;
    assert_false(b.poller.open());
    assert_int_equal(errno, EMFILE);
}

// F11, S8: the failures that the multiplexer distinguishes.
void test_update__fails__says_how(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    b.poller.set_wakeup_fd(7);
    kernel.control_errors = {EBADF};
    assert_true(b.poller.update(b.pending, b.not_open) == UpdateResult::kWakeupNotOpen);
    b.want(w, kReadInterest);
    kernel.control_errors = {0, EPERM};
    assert_true(b.poller.update(b.pending, b.not_open) == UpdateResult::kRegistrationRefused);
    assert_int_equal(errno, EPERM);
    assert_true(b.update());
    b.want(w, kWriteInterest);
    kernel.control_errors = {ENOMEM};
    assert_true(b.poller.update(b.pending, b.not_open) == UpdateResult::kChangeRefused);
    b.pending.unlink(w);
}

// C14, F13: a report is about the wake-up, about a watch, or stale.
void test_ready__reports__are_told_apart(void **)
{
    Bench b;
    Watch w(5);
    b.watches.add(w);
    w.registered = kReadInterest;
    const auto report = [&](uint64_t key, uint32_t events) {
        FakeKernel::Report r;
        r.count = 1;
        r.event.events = events;
        r.event.data.u64 = key;
        kernel.reports.push_back(r);
        assert_true(b.poller.wait(0) == WaitResult::kReady);
        return b.poller.result();
    };
    Ready found = report(0, EPOLLIN);
    assert_null(found.watch);
    assert_false(found.stale);
    found = report(key_of(w), EPOLLIN | EPOLLHUP);
    assert_ptr_equal(found.watch, &w);
    assert_int_equal(found.readiness, kReadable | kHungUp);
    assert_false(found.stale);
    found = report(key_of(w) + (1ULL << 32), EPOLLIN); // of another generation
    assert_null(found.watch);
    assert_true(found.stale);
    found = report(key_of(w) + 1, EPOLLIN); // a number that is not watched
    assert_null(found.watch);
    assert_true(found.stale);
    w.registered = 0; // there should be no registration
    found = report(key_of(w), EPOLLIN);
    assert_null(found.watch);
    assert_true(found.stale);
}

// C11, C5: how a wait ends.
void test_wait__each_outcome__is_told(void **)
{
    Bench b;
    kernel.reports = {{0, 1, {}}, {0, 0, {}}, {EINTR, 0, {}}, {EBADF, 0, {}}};
    assert_true(b.poller.wait(17) == WaitResult::kReady);
    assert_int_equal(kernel.last_timeout, 17);
    assert_true(b.poller.wait(-1) == WaitResult::kTimeLimit);
    assert_int_equal(kernel.last_timeout, -1);
    assert_true(b.poller.wait(0) == WaitResult::kInterrupted);
    assert_true(b.poller.wait(0) == WaitResult::kFailed);
}

// Waits that find something, until the first call comes without a limit.
void make_eager(Bench &b)
{
    for (int waits = 0; waits < 64; waits++) {
        kernel.reports = {{0, 1, {}}};
        assert_true(b.poller.wait(17) == WaitResult::kReady);
    }
    assert_int_equal(kernel.last_timeout, 0);
}

// C11: while something is always ready there is one call, without a limit.  When nothing is, a second call with
// the limit follows, and soon that is the only one.
void test_wait__something_is_always_ready__limit_comes_second(void **)
{
    Bench b;
    make_eager(b);
    kernel.reports = {{0, 1, {}}};
    assert_true(b.poller.wait(1) == WaitResult::kReady); // the shortest limit
    assert_int_equal(kernel.last_timeout, 0);
    kernel.reports = {{0, 0, {}}, {0, 1, {}}};
    assert_true(b.poller.wait(17) == WaitResult::kReady);
    assert_int_equal(kernel.last_timeout, 17);
    assert_int_equal(kernel.reports.size(), 0);
    make_eager(b);
    kernel.reports = {{0, 0, {}}, {0, 0, {}}, {0, 0, {}}, {0, 0, {}}};
    assert_true(b.poller.wait(17) == WaitResult::kTimeLimit);
    assert_int_equal(kernel.last_timeout, 17);
    assert_int_equal(kernel.reports.size(), 2);
    assert_true(b.poller.wait(17) == WaitResult::kTimeLimit);
    assert_int_equal(kernel.last_timeout, 17);
    assert_int_equal(kernel.reports.size(), 1);
}

// C11: an occasional miss changes nothing.
void test_wait__nothing_is_ready_now_and_then__limit_comes_second_again(void **)
{
    Bench b;
    make_eager(b);
    const auto finds = [&](std::initializer_list<FakeKernel::Report> reports) {
        kernel.reports = reports;
        assert_true(b.poller.wait(17) == WaitResult::kReady);
        assert_int_equal(kernel.reports.size(), 0);
        return kernel.last_timeout;
    };
    for (int misses = 0; misses < 3; misses++) {
        assert_int_equal(finds({{0, 0, {}}, {0, 1, {}}}), 17);
        assert_int_equal(finds({{0, 1, {}}}), 17); // not asked once
        assert_int_equal(finds({{0, 1, {}}}), 0);
    }
}

// C11, C13: a wait without a limit, or with a limit of 0, is always one call.
void test_wait__no_limit__is_one_call(void **)
{
    Bench b;
    make_eager(b);
    for (const int timeout : {-1, 0}) {
        kernel.reports = {{0, 0, {}}, {0, 1, {}}};
        assert_true(b.poller.wait(timeout) == WaitResult::kTimeLimit);
        assert_int_equal(kernel.last_timeout, timeout);
        assert_int_equal(kernel.reports.size(), 1);
    }
}

// C11, C5: if the first call is interrupted or fails, there is no second one.
void test_wait__first_call_fails__is_told(void **)
{
    Bench b;
    make_eager(b);
    kernel.reports = {{EINTR, 0, {}}, {EBADF, 0, {}}};
    assert_true(b.poller.wait(17) == WaitResult::kInterrupted);
    assert_int_equal(kernel.last_timeout, 0);
    assert_true(b.poller.wait(17) == WaitResult::kFailed);
    assert_int_equal(kernel.last_timeout, 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_update__interest_changes__kernel_hears_of_the_difference),
        cmocka_unit_test(test_update__tell_again__is_told_though_nothing_changed),
        cmocka_unit_test(test_update__kernel_knows_otherwise__is_made_up_for),
        cmocka_unit_test(test_update__not_open__is_handed_over),
        cmocka_unit_test(test_forget__known_or_not__one_call_or_none),
        cmocka_unit_test(test_update__wakeup__is_told_first_and_once),
        cmocka_unit_test(test_open__again__new_instance_without_registrations),
        cmocka_unit_test(test_update__fails__says_how),
        cmocka_unit_test(test_ready__reports__are_told_apart),
        cmocka_unit_test(test_wait__each_outcome__is_told),
        cmocka_unit_test(test_wait__something_is_always_ready__limit_comes_second),
        cmocka_unit_test(test_wait__nothing_is_ready_now_and_then__limit_comes_second_again),
        cmocka_unit_test(test_wait__no_limit__is_one_call),
        cmocka_unit_test(test_wait__first_call_fails__is_told),
    };
    return cmocka_run_group_tests_name("epoll_poller", tests, nullptr, nullptr);
}
