// SPDX-License-Identifier: LGPL-3.0-or-later

// The turn, phase by phase.  The order is a promise: programs rely on
// immediates before timers before descriptors, and on one event per turn.
//
// Before the wait the loop announces its sleep and then checks a last time for items from
// other threads and signal handlers.  A producer that comes after the check sees the
// announcement and ends the wait.

#include "src/context/turn.hpp"

#include <cassert>
#include <cerrno>

#include "src/base/timeval.hpp"
#include "src/context/lifetime.hpp"
#include "src/context/threaded_context.hpp"
#include "src/event/fd_event.hpp"
#include "src/event/immediate_event.hpp"
#include "src/event/signal_event.hpp"
#include "src/event/timer_event.hpp"

namespace tev {

namespace {

constexpr int kPollForEver = -1;
[[maybe_unused]] constexpr uint32_t kTurnsBetweenWalks = 64; // through all invariants, with assertions on

timeval wait_timeout(const Loop &loop)
{
    return {static_cast<time_t>(loop.wait_timeout_s), 0};
}

int milliseconds_to_wait(const Loop &loop, TimerCheck timers, const timeval &until_timer)
{
    if (loop.wait_timeout_s == kNeverBlock) {
        return 0;
    }
    if (timers == TimerCheck::kNotYet) {
        return to_poll_milliseconds(until_timer);
    }
    return loop.wait_timeout_s == kWaitForEver ? kPollForEver : to_poll_milliseconds(wait_timeout(loop));
}

bool detach_closed_descriptors(Loop &loop)
{
    bool any = false;
    while (Watch *watch = loop.multiplexer.take_not_open()) {
        detach_all_on(loop, static_cast<FdWatch &>(*watch));
        any = true;
    }
    return any;
}

// Announces the sleep and checks a last time.  False: something has arrived, and the loop must
// not sleep; signals have been delivered.
bool announce_sleep(Loop &loop)
{
    for (;;) {
        loop.wakeup.announce_sleep();
        const bool signals_pending = !loop.signals.empty() && signals::any_pending();
        if (loop.inbox.empty() && !signals_pending) [[likely]] {
            return true;
        }
        loop.wakeup.end_sleep();
        if (deliver_signals(loop) || !loop.inbox.empty()) {
            return false;
        }
    }
}

WaitResult wait_between_traces(Loop &loop, int timeout_ms)
{
    if (loop.trace.point.is_set()) [[unlikely]] {
        const uint32_t generation = fork_generation();
        loop.trace.point(TEVENT_TRACE_BEFORE_WAIT);
        if (generation != fork_generation()) {
            // The callback has forked, and the descriptors are the parent's.
            loop.trace.point(TEVENT_TRACE_AFTER_WAIT);
            return WaitResult::kInterrupted;
        }
    }
    const WaitResult result = loop.multiplexer.wait(timeout_ms);
    loop.trace.point(TEVENT_TRACE_AFTER_WAIT);
    return result;
}

// Compat: with poll(2) there is a second message for each event that was detached.
void detach_all_polled(Loop &loop, FdWatch &watch)
{
    const int fd = watch.fd;
    for (size_t left = detach_all_on(loop, watch); left > 0; left--) {
        loop.logger.message(TEVENT_DEBUG_WARNING, "fd %d is not open and was still polled\n", fd);
    }
}

uint16_t without_write(uint16_t flags)
{
    return static_cast<uint16_t>(flags & ~TEVENT_FD_WRITE);
}

// No event can be notified of the error, so all that request WRITE lose it.
// Compat: with poll(2) through the table, with epoll(7) past it.
void switch_off_writers(Loop &loop, FdWatch &watch)
{
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        if ((fde->flags & TEVENT_FD_WRITE) == 0) {
            continue;
        }
        if (loop.multiplexer.kernel_keeps_registrations()) {
            set_flags(*fde, without_write(fde->flags));
        } else {
            loop.main.ops->set_fd_flags(fde, without_write(loop.main.ops->get_fd_flags(fde)));
        }
    }
}

void deliver_readiness(Loop &loop)
{
    const Ready found = loop.multiplexer.result();
    if (found.woken) {
        loop.wakeup.drain(); // if this fails, a renewal precedes the next wait
    }
    if (found.watch == nullptr) {
        return;
    }
    auto &watch = static_cast<FdWatch &>(*found.watch);
    if (found.readiness & kNotOpen) [[unlikely]] {
        detach_all_polled(loop, watch);
    } else if (!deliver(loop, watch, found.readiness)) [[unlikely]] {
        switch_off_writers(loop, watch);
    }
}

int after_time_limit(Loop &loop)
{
    timeval span = {};
    if (deliver_due_timer(loop, &span) == TimerCheck::kDelivered || loop.wait_timeout_s != kNeverBlock) {
        return 0;
    }
    errno = EAGAIN;
    return -1;
}

constexpr int kTakeTurnAgain = 1;

// Returns the turn's result, or kTakeTurnAgain when another poller is in use now.
// Always inlined: the compiler finds the turn too long, and a call costs 25 instructions.
[[gnu::always_inline]] inline int wait_for_descriptors(Loop &loop, int timeout_ms)
{
    if (!loop.is_ready_for_this_process()) [[unlikely]] {
        renew_descriptors(loop);
        if (!loop.immediates.empty()) {
            return 0; // from a proxy that has no pipe yet
        }
    }
    if (!loop.multiplexer.update()) {
        return -1;
    }
    if (detach_closed_descriptors(loop)) {
        return 0; // there may be nothing left to wait for
    }
    if (!announce_sleep(loop)) {
        return 0;
    }
    const WaitResult result = wait_between_traces(loop, timeout_ms);
    loop.wakeup.end_sleep();

    switch (result) {
    case WaitResult::kReady:
        deliver_readiness(loop);
        return 0;
    case WaitResult::kTimeLimit:
        return after_time_limit(loop);
    case WaitResult::kInterrupted:
        deliver_signals(loop);
        return 0;
    case WaitResult::kFailed:
        break;
    }
    return loop.multiplexer.recover_from_failed_wait() ? kTakeTurnAgain : 0;
}

} // namespace

bool deliver_signals(Loop &loop)
{
    return !loop.signals.empty() && deliver_pending_signals();
}

timeval deliver_timer_or_get_delay(Loop &loop)
{
    timeval span = {};
    switch (deliver_due_timer(loop, &span)) {
    case TimerCheck::kDelivered:
        return {0, 0};
    case TimerCheck::kNotYet:
        return loop.wait_timeout_s == kNeverBlock ? wait_timeout(loop) : span;
    case TimerCheck::kNone:
        break;
    }
    return wait_timeout(loop);
}

int run_turn(Loop &loop)
{
    int result = kTakeTurnAgain;
    while (result == kTakeTurnAgain) {
        loop.turns++;
        assert(loop.turns % kTurnsBetweenWalks != 0 || loop.is_valid());

        if (deliver_signals(loop)) {
            return 0;
        }
        accept_threaded_immediates(loop);
        if (deliver_first_immediate(loop)) {
            return 0;
        }
        timeval until_timer = {};
        const TimerCheck timers = deliver_due_timer(loop, &until_timer);
        if (timers == TimerCheck::kDelivered) {
            return 0;
        }
        result = wait_for_descriptors(loop, milliseconds_to_wait(loop, timers, until_timer));
    }
    return result;
}

} // namespace tev
