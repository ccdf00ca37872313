// SPDX-License-Identifier: LGPL-3.0-or-later

// Ends a loop's wait from a signal handler or from another thread.
//
// An eventfd that the loop's poller watches, and a state word that tells whether the
// loop is about to sleep.  A producer first publishes its item, then calls wake(),
// which writes only if the loop is asleep or about to be.  The loop first announces
// its sleep, then checks for items a last time.  Both sides are sequentially consistent:
// at least one of them sees the other, so no item waits until the next event.
//
// wake() and wake_always() are async-signal-safe and may be called from any
// thread while the wake-up is requested.
//
// A forked child never uses its parent's eventfd (Compat: D10).  Until the child's loop has
// called renew(), a wake is only recorded; renew() then writes it.

#pragma once

#include <atomic>

#include "src/base/descriptor.hpp"
#include "src/base/fork.hpp"

namespace tev {

class Wakeup {
public:
    Wakeup();

    // open() has been called, and close() has not.
    bool is_requested() const { return is_requested_.load(std::memory_order_relaxed); }
    // The program has closed its number, or there was none available.
    bool has_lost_descriptor() const { return is_requested() && fd() == -1; }
    // The same, or the descriptor is the parent's.
    bool needs_renewal() const { return is_requested() && !is_usable(); }
    int fd() const { return descriptor_.number(); }
    // 0 or an errno value.
    int open();
    // Another descriptor, of this process.  0 or an errno value.
    int renew();
    void close();

    void wake();
    void wake_always();

    // The loop's side.  After announce_sleep() everything that was published
    // before a wake() is visible; end_sleep() follows in any case.
    void announce_sleep()
    {
        if (is_requested()) {
            state_.store(kAsleep);
        }
    }
    void end_sleep()
    {
        if (is_requested()) {
            state_.store(kAwake, std::memory_order_relaxed);
        }
    }
    // Empties the descriptor.  False: its number means another file by now, and
    // a renewal is due.
    [[gnu::noinline]] bool drain();

    // What tevent_common_wakeup_fd() does with a bare descriptor.
    static void write_to(int fd);

private:
    enum State : int { kAwake, kAsleep, kWoken };

    bool is_usable() const { return generation_.load() == fork_generation() && descriptor_.number() != -1; }
    void signal_descriptor();

    OwnedDescriptor descriptor_;
    std::atomic<uint32_t> generation_{0}; // of the process that made the descriptor
    std::atomic<int> state_{kAwake};
    std::atomic<bool> is_owed_{false}; // a wake came while there was no descriptor
    std::atomic<bool> is_requested_{false};
};

} // namespace tev
