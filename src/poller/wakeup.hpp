// SPDX-License-Identifier: LGPL-3.0-or-later

// Ends a loop's wait from a signal handler or from another thread.
//
// An eventfd that the loop's poller watches, and a word that says whether the
// loop is about to sleep.  Who has something for the loop publishes it first
// and then calls wake(), which writes only when the loop is (or will be)
// asleep.  The loop announces the sleep first and then looks a last time.
// All of it is sequentially consistent: one of the two sees the other, so
// nothing is left lying until the next event.
//
// wake() and wake_always() are async-signal-safe and may be called from any
// thread while the wake-up is open.
//
// A forked child gets an eventfd of its own under the same number before any
// of its code runs: neither process can wake the other.

#pragma once

#include <atomic>

#include "src/base/fork.hpp"

namespace tev {

class Wakeup : ForkObserver {
public:
    Wakeup() = default;

    bool is_open() const { return fd_.load(std::memory_order_relaxed) != -1; }
    // A forked child could not be given a descriptor of its own.
    bool is_lost() const { return registered && !is_open(); }
    int fd() const { return fd_.load(std::memory_order_relaxed); }
    // 0 or an errno value.
    int open();
    void close();

    void wake();
    void wake_always();

    // The loop's side.  After announce_sleep() everything that was published
    // before a wake() is visible; end_sleep() follows in any case.
    void announce_sleep()
    {
        if (is_open()) {
            state_.store(kAsleep);
        }
    }
    void end_sleep()
    {
        if (is_open()) {
            state_.store(kAwake, std::memory_order_relaxed);
        }
    }
    // Empties the descriptor.
    void drain();

    // What tevent_common_wakeup_fd() does with a bare descriptor.
    static void write_to(int fd);

private:
    enum State : int { kAwake, kAsleep, kWoken };

    void renew_in_child();

    std::atomic<int> fd_{-1};
    std::atomic<int> state_{kAwake};
};

} // namespace tev
