// SPDX-License-Identifier: LGPL-3.0-or-later

// The policy between the two pollers, and a forked child's first use, with prepared
// answers of the kernel.

#include "tests/unit/unit.hpp"

#include "tests/unit/fake_kernel.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "src/poller/multiplexer.hpp"

namespace {

using namespace tev;
using Policy = Multiplexer::Policy;

int messages[4];

void count_message(void *, tevent_debug_level level, const char *, va_list)
{
    messages[level]++;
}

struct Bench {
    Logger logger;
    Multiplexer multiplexer{logger};
    Watch five{5}, six{6};

    Bench()
    {
        kernel = FakeKernel();
        messages[TEVENT_DEBUG_ERROR] = 0;
        logger.set_sink(count_message, nullptr);
    }

    ~Bench() { multiplexer.close(); }

    void watch_both()
    {
        multiplexer.add(five);
        multiplexer.add(six);
        multiplexer.request(five, kReadInterest);
        multiplexer.request(six, kWriteInterest);
    }
};

#define assert_operations(expected) assert_string_equal(kernel.operations().c_str(), expected)

// True when the next wait goes to poll(2), with this many entries.
void assert_polls(Bench &b, size_t entries)
{
    kernel.polled.clear();
    assert_true(b.multiplexer.update());
    b.multiplexer.wait(0);
    assert_int_equal(kernel.polled.size(), entries);
}

// C27: with poll there is no epoll instance.
void test_open__poll__makes_no_instance(void **)
{
    Bench b;
    assert_true(b.multiplexer.open(Policy::kPoll));
    assert_true(b.multiplexer.is_open());
    assert_int_equal(kernel.instances, 0);
    b.watch_both();
    assert_polls(b, 2);
    assert_true(b.multiplexer.is_valid());
}

// C5: plain epoll without an instance does not open; with poll as the alternative it does, for good.
void test_open__no_instance__fails_or_polls(void **)
{
    Bench b;
    kernel.create_error = EMFILE;
    errno = 0;
    assert_false(b.multiplexer.open(Policy::kEpoll));
    assert_int_equal(errno, EMFILE);
    assert_false(b.multiplexer.is_open());
    errno = 0;
    assert_false(b.multiplexer.update());
    assert_int_equal(errno, ENOTCONN);
    assert_true(b.multiplexer.open(Policy::kEpollElsePoll));
    b.watch_both();
    assert_polls(b, 2);
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 0);

    kernel.create_error = 0;
    b.multiplexer.remove(b.five);
    b.multiplexer.remove(b.six);
    assert_true(b.multiplexer.open(Policy::kEpollElsePoll));
    assert_int_equal(kernel.instances, 0);
    assert_true(b.multiplexer.open(Policy::kEpoll));
    assert_int_equal(kernel.instances, 1);
}

// C5: a refused registration moves all watches and the wake-up to poll, with one message.
void test_update__refused__everything_moves_to_poll(void **)
{
    Bench b;
    assert_true(b.multiplexer.open(Policy::kEpollElsePoll));
    b.multiplexer.set_wakeup_fd(7);
    b.watch_both();
    kernel.control_errors = {0, 0, EPERM};
    assert_polls(b, 3);
    assert_operations("A7 A5 A6");
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 1);
    assert_int_equal(kernel.polled[0].fd, 7);
    assert_int_equal(kernel.polled[1].fd + kernel.polled[2].fd, 5 + 6);
    b.multiplexer.remove(b.five);
    b.multiplexer.request(b.six, kReadInterest);
    b.multiplexer.set_wakeup_fd(8);
    assert_polls(b, 2);
    assert_int_equal(kernel.polled[0].fd, 8);
    assert_operations("");
    assert_true(b.multiplexer.is_valid());
}

// C5: a failed wait does the same, when the caller recovers from it.
void test_wait__fails__everything_moves_to_poll(void **)
{
    Bench b;
    assert_true(b.multiplexer.open(Policy::kEpollElsePoll));
    b.watch_both();
    b.multiplexer.request(b.six, 0);
    assert_true(b.multiplexer.update());
    kernel.reports = {{EINTR, 0, {}}, {EBADF, 0, {}}};
    assert_true(b.multiplexer.wait(0) == WaitResult::kInterrupted);
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 0);
    assert_true(b.multiplexer.wait(0) == WaitResult::kFailed);
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 0);
    assert_true(b.multiplexer.recover_from_failed_wait());
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 1);
    assert_polls(b, 1);
    kernel.poll_error = EINVAL;
    assert_true(b.multiplexer.wait(0) == WaitResult::kFailed);
    assert_false(b.multiplexer.recover_from_failed_wait());
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 2);
    assert_true(b.multiplexer.wait(0) == WaitResult::kFailed);
    assert_false(b.multiplexer.recover_from_failed_wait());
    assert_int_equal(messages[TEVENT_DEBUG_ERROR], 2); // once
}

// F13, C5: a stale report leads to a new instance; if none is available, to poll.
void test_ready__leftover__new_instance_or_poll(void **)
{
    for (int error : {0, EMFILE}) {
        Bench b;
        assert_true(b.multiplexer.open(Policy::kEpollElsePoll));
        b.watch_both();
        assert_true(b.multiplexer.update());
        kernel.operations();
        FakeKernel::Report stale;
        stale.count = 1;
        stale.event.data.u64 = (99ULL << 32) | 5;
        kernel.reports = {stale};
        assert_true(b.multiplexer.wait(0) == WaitResult::kReady);
        kernel.create_error = error;
        assert_true(b.multiplexer.result().stale);
        assert_int_equal(kernel.instances, error == 0 ? 2 : 1);
        assert_int_equal(messages[TEVENT_DEBUG_ERROR], error != 0);
        if (error == 0) {
            assert_true(b.multiplexer.update());
            assert_operations("A5 A6");
        } else {
            assert_polls(b, 2);
        }
    }
}

// F13: only an existing registration is repeated, once, and not in place of a pending change.
void test_tell_again__known_or_not__is_pending_once(void **)
{
    Bench b;
    assert_true(b.multiplexer.open(Policy::kEpoll));
    b.multiplexer.add(b.five);
    b.multiplexer.register_again(b.five);
    assert_false(b.five.is_linked());
    b.multiplexer.request(b.five, kReadInterest);
    b.multiplexer.register_again(b.five);
    assert_true(b.multiplexer.update());
    assert_operations("A5");
    b.multiplexer.register_again(b.five);
    b.multiplexer.register_again(b.five);
    b.multiplexer.request(b.five, kReadInterest);
    assert_true(b.multiplexer.update());
    assert_operations("M5");
    b.multiplexer.request(b.five, kReadInterest);
    assert_false(b.five.is_linked());
}

// F6: the successor takes over everything: registration, pending change, and number.
void test_hand_over__told_and_pending__goes_on_as_before(void **)
{
    for (bool pending : {false, true}) {
        Bench b;
        Watch successor(5);
        assert_true(b.multiplexer.open(Policy::kEpoll));
        b.watch_both();
        assert_true(b.multiplexer.update());
        assert_operations("A5 A6");
        if (pending) {
            b.multiplexer.request(b.five, kReadInterest | kWriteInterest);
            b.multiplexer.request(b.six, kReadInterest);
        }
        b.multiplexer.move(b.five, successor);
        assert_false(b.five.is_linked());
        assert_ptr_equal(b.multiplexer.find(5), &successor);
        assert_int_equal(successor.is_linked(), pending);
        assert_true(b.multiplexer.is_valid());
        FakeKernel::Report report;
        report.count = 1;
        report.event.events = EPOLLIN;
        report.event.data.u64 = (static_cast<uint64_t>(b.five.generation) << 32) | 5;
        kernel.reports = {report};
        assert_true(b.multiplexer.update());
        assert_operations(pending ? "M5 M6" : "");
        assert_true(b.multiplexer.wait(0) == WaitResult::kReady);
        assert_ptr_equal(b.multiplexer.result().watch, &successor);
        b.multiplexer.remove(successor);
        assert_null(b.multiplexer.find(5));
        assert_operations("D5");
    }
}

// F6: the successor takes over poll(2)'s entry with its place in the order.
void test_hand_over__polled__successor_is_reported(void **)
{
    Bench b;
    Watch successor(5);
    assert_true(b.multiplexer.open(Policy::kPoll));
    b.watch_both();
    assert_polls(b, 2);
    b.multiplexer.move(b.five, successor);
    kernel.poll_answers = {POLLIN, POLLOUT};
    assert_polls(b, 2);
    assert_ptr_equal(b.multiplexer.result().watch, &successor);
    assert_polls(b, 2);
    assert_ptr_equal(b.multiplexer.result().watch, &b.six);
    b.multiplexer.remove(successor);
    kernel.poll_answers.clear();
    assert_polls(b, 1);
    assert_true(b.multiplexer.is_valid());
}

// Before the multiplexer is open, and for a watch that was never registered.
void test_hand_over__nothing_told__only_found(void **)
{
    Bench b;
    Watch successor(5);
    b.multiplexer.add(b.five);
    b.multiplexer.move(b.five, successor);
    assert_ptr_equal(b.multiplexer.find(5), &successor);
    assert_true(b.multiplexer.open(Policy::kPoll));
    b.multiplexer.move(successor, b.five);
    assert_polls(b, 0);
    b.multiplexer.remove(b.five);
}

// F11: each watch without open file is returned once.
void test_take_not_open__two_closed__each_once(void **)
{
    Bench b;
    assert_true(b.multiplexer.open(Policy::kEpoll));
    b.watch_both();
    kernel.control_errors = {EBADF, EBADF};
    assert_true(b.multiplexer.update());
    assert_ptr_equal(b.multiplexer.take_not_open(), &b.five);
    assert_ptr_equal(b.multiplexer.take_not_open(), &b.six);
    assert_null(b.multiplexer.take_not_open());
    assert_ptr_equal(b.multiplexer.find(5), &b.five);
    b.multiplexer.remove(b.five);
    assert_null(b.multiplexer.find(5));
    assert_operations("A5 A6");
}

// C21: whatever a child does first, nothing reaches the instance that it shares with its parent.
void test_fork__each_first_use__is_on_an_instance_of_its_own(void **)
{
    using Use = void (*)(Bench &, Watch &);
    const struct {
        Use use;
        const char *operations; // then, and with the update that follows
    } uses[] = {
        {[](Bench &b, Watch &w) { b.multiplexer.add(w); }, "A7 A5 A6"},
        {[](Bench &b, Watch &) { b.multiplexer.remove(b.five); }, "A7 A6"},
        {[](Bench &b, Watch &) { b.multiplexer.request(b.five, 0); }, "A7 A6"},
        {[](Bench &b, Watch &) { b.multiplexer.register_again(b.five); }, "A7 A5 A6"},
        {[](Bench &b, Watch &) { b.multiplexer.set_wakeup_fd(8); }, "A8 A5 A6"},
        {[](Bench &b, Watch &) { b.multiplexer.update(); }, "A7 A5 A6"},
    };
    for (const auto &u : uses) {
        Bench b;
        Watch more(9);
        assert_true(b.multiplexer.open(Policy::kEpoll));
        b.multiplexer.set_wakeup_fd(7);
        b.watch_both();
        assert_true(b.multiplexer.update());
        kernel.operations();
        const pid_t child = fork();
        if (child == 0) {
            u.use(b, more);
            const bool at_once = kernel.instances == 2;
            b.multiplexer.update();
            bool own = true;
            for (const auto &c : kernel.controls) {
                own = own && c.instance == FakeKernel::kFirstInstance + 1;
            }
            _exit(at_once && own && kernel.instances == 2 && kernel.operations() == u.operations ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(kernel.instances, 1);
    }
}

// C21, C5: a child that gets no instance polls.
void test_fork__no_instance__polls(void **)
{
    for (Policy policy : {Policy::kEpollElsePoll, Policy::kPoll}) {
        Bench b;
        assert_true(b.multiplexer.open(policy));
        b.watch_both();
        assert_true(b.multiplexer.update());
        const pid_t child = fork();
        if (child == 0) {
            kernel.create_error = EMFILE;
            kernel.polled.clear();
            const bool updated = b.multiplexer.update();
            b.multiplexer.wait(0);
            _exit(updated && kernel.polled.size() == 2 &&
                          messages[TEVENT_DEBUG_ERROR] == (policy == Policy::kEpollElsePoll)
                      ? 0
                      : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_open__poll__makes_no_instance),
        cmocka_unit_test(test_open__no_instance__fails_or_polls),
        cmocka_unit_test(test_update__refused__everything_moves_to_poll),
        cmocka_unit_test(test_wait__fails__everything_moves_to_poll),
        cmocka_unit_test(test_ready__leftover__new_instance_or_poll),
        cmocka_unit_test(test_tell_again__known_or_not__is_pending_once),
        cmocka_unit_test(test_hand_over__told_and_pending__goes_on_as_before),
        cmocka_unit_test(test_hand_over__polled__successor_is_reported),
        cmocka_unit_test(test_hand_over__nothing_told__only_found),
        cmocka_unit_test(test_take_not_open__two_closed__each_once),
        cmocka_unit_test(test_fork__each_first_use__is_on_an_instance_of_its_own),
        cmocka_unit_test(test_fork__no_instance__polls),
    };
    return cmocka_run_group_tests_name("multiplexer", tests, nullptr, nullptr);
}
