// SPDX-License-Identifier: LGPL-3.0-or-later

// The turn, phase by phase.  The order is a promise: programs rely on
// immediates before timers before descriptors, and on one event per turn.
//
// Before the wait the loop announces that it will sleep and then looks once
// more for what other threads and signal handlers have left: whoever comes
// after that look finds the loop announced as asleep and ends the wait.

#include "src/loop/turn.hpp"

#include <cassert>
#include <cerrno>

#include "src/base/timeval.hpp"
#include "src/loop/threaded_context.hpp"

namespace tev {

namespace {

constexpr int kPollForEver = -1;
[[maybe_unused]] constexpr uint32_t kTurnsBetweenWalks = 64; // over all invariants, with assertions on

timeval wait_timeout(const Context &ev)
{
    return {static_cast<time_t>(ev.wait_timeout_s), 0};
}

int milliseconds_to_wait(const Context &ev, TimerCheck timers, const timeval &until_timer)
{
    if (ev.wait_timeout_s == kNeverBlock) {
        return 0;
    }
    if (timers == TimerCheck::kNotYet) {
        return to_poll_milliseconds(until_timer);
    }
    return ev.wait_timeout_s == kWaitForEver ? kPollForEver : to_poll_milliseconds(wait_timeout(ev));
}

bool cut_closed_descriptors(Context &ev)
{
    bool any = false;
    while (Watch *watch = ev.multiplexer.take_not_open()) {
        drop_watch(ev, static_cast<FdWatch &>(*watch));
        any = true;
    }
    return any;
}

// Announces that the loop will sleep, and looks a last time.  False: something
// has arrived, and the loop must not sleep; signals have been run.
bool announce_sleep(Context &ev)
{
    for (;;) {
        ev.wakeup.announce_sleep();
        const bool signals_pending = !ev.signals.empty() && signals::any_pending();
        if (ev.inbox.empty() && !signals_pending) [[likely]] {
            return true;
        }
        ev.wakeup.end_sleep();
        if (run_signals(ev) || !ev.inbox.empty()) {
            return false;
        }
    }
}

WaitResult wait_between_traces(Context &ev, int timeout_ms)
{
    if (ev.trace.point.is_set()) [[unlikely]] {
        const uint32_t generation = fork_generation();
        ev.trace.point(TEVENT_TRACE_BEFORE_WAIT);
        if (generation != fork_generation()) {
            // The callback has forked: no wait on the parent's descriptors.
            ev.trace.point(TEVENT_TRACE_AFTER_WAIT);
            return WaitResult::kInterrupted;
        }
    }
    const WaitResult result = ev.multiplexer.wait(timeout_ms);
    ev.trace.point(TEVENT_TRACE_AFTER_WAIT);
    return result;
}

// Compat: poll(2) has a second message for each event that was cut loose.
void drop_polled_watch(Context &ev, FdWatch &watch)
{
    const int fd = watch.fd;
    for (size_t left = drop_watch(ev, watch); left > 0; left--) {
        ev.report.message(TEVENT_DEBUG_WARNING, "fd %d is not open and was still polled\n", fd);
    }
}

uint16_t without_write(uint16_t flags)
{
    return static_cast<uint16_t>(flags & ~TEVENT_FD_WRITE);
}

// Nobody can be told of a broken descriptor: no asker of WRITE alone keeps it.
// Compat: with poll(2) it is taken away through the table, with epoll(7) past it.
void switch_off_writers(Context &ev, FdWatch &watch)
{
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        if ((fde->flags_ & TEVENT_FD_WRITE) == 0) {
            continue;
        }
        if (ev.multiplexer.kernel_keeps_registrations()) {
            set_flags(*fde, without_write(fde->flags_));
        } else {
            ev.ops->set_fd_flags(fde, without_write(ev.ops->get_fd_flags(fde)));
        }
    }
}

void deliver_readiness(Context &ev)
{
    const Ready found = ev.multiplexer.result();
    if (found.woken) {
        ev.wakeup.drain(); // where it fails, the next wait is preceded by a renewal
    }
    if (found.watch == nullptr) {
        return;
    }
    auto &watch = static_cast<FdWatch &>(*found.watch);
    if (found.readiness & kNotOpen) [[unlikely]] {
        drop_polled_watch(ev, watch);
    } else if (!deliver(ev, watch, found.readiness)) [[unlikely]] {
        switch_off_writers(ev, watch);
    }
}

int after_time_limit(Context &ev)
{
    timeval span = {};
    if (run_due_timer(ev, &span) == TimerCheck::kRan || ev.wait_timeout_s != kNeverBlock) {
        return 0;
    }
    errno = EAGAIN;
    return -1;
}

constexpr int kTakeTurnAgain = 1;

// A turn's result, or kTakeTurnAgain: there is another way to wait.
// Inlined by force: the compiler finds the turn too long, and a call costs it 25 instructions.
[[gnu::always_inline]] inline int wait_for_descriptors(Context &ev, int timeout_ms)
{
    if (!is_ready_for_this_process(ev)) [[unlikely]] {
        renew_descriptors(ev);
        if (!ev.immediates.empty()) {
            return 0; // from a proxy that has no pipe yet
        }
    }
    if (!ev.multiplexer.update()) {
        return -1;
    }
    if (cut_closed_descriptors(ev)) {
        return 0; // there may be nothing left to wait for
    }
    if (!announce_sleep(ev)) {
        return 0;
    }
    const WaitResult result = wait_between_traces(ev, timeout_ms);
    ev.wakeup.end_sleep();

    switch (result) {
    case WaitResult::kReady:
        deliver_readiness(ev);
        return 0;
    case WaitResult::kTimeLimit:
        return after_time_limit(ev);
    case WaitResult::kInterrupted:
        run_signals(ev);
        return 0;
    case WaitResult::kFailed:
        break;
    }
    return ev.multiplexer.recover_from_failed_wait() ? kTakeTurnAgain : 0;
}

} // namespace

bool run_signals(Context &ev)
{
    return !ev.signals.empty() && run_pending_signals();
}

timeval run_timer_or_tell_delay(Context &ev)
{
    timeval span = {};
    switch (run_due_timer(ev, &span)) {
    case TimerCheck::kRan:
        return {0, 0};
    case TimerCheck::kNotYet:
        return ev.wait_timeout_s == kNeverBlock ? wait_timeout(ev) : span;
    case TimerCheck::kNone:
        break;
    }
    return wait_timeout(ev);
}

int run_turn(Context &ev)
{
    int result = kTakeTurnAgain;
    while (result == kTakeTurnAgain) {
        ev.turns++;
        assert(ev.turns % kTurnsBetweenWalks != 0 || ev.is_valid());

        if (run_signals(ev)) {
            return 0;
        }
        accept_threaded_immediates(ev);
        if (run_first_immediate(ev)) {
            return 0;
        }
        timeval until_timer = {};
        const TimerCheck timers = run_due_timer(ev, &until_timer);
        if (timers == TimerCheck::kRan) {
            return 0;
        }
        result = wait_for_descriptors(ev, milliseconds_to_wait(ev, timers, until_timer));
    }
    return result;
}

} // namespace tev
