// SPDX-License-Identifier: LGPL-3.0-or-later

// poll(2): watches everything, regular files included, at a cost per wait
// that grows with the number of descriptors.
//
// The array given to the kernel is touched in update() and in wait() alone.
// Other threads may free watches while the wait blocks (under their program's
// lock): that empties the owner of an entry, the entry itself is taken out by
// the next update().  Entry 0 is the wake-up's.
//
// Fairness: of the ready ones the one that was ready longest ago comes next; a
// new one is behind all that were there before it.

#pragma once

#include "src/poller/poller.hpp"

namespace tev {

class PollPoller final : public Poller {
public:
    PollPoller() = default;

    void close(WatchTable &watches);

    bool update(WatchList &pending, WatchList &not_open) override;
    void forget(Watch &watch) override;
    void moved(Watch &heir) override;
    WaitResult wait(int timeout_ms) override;
    Ready ready() override;
    void set_wakeup_fd(int fd) override;

private:
    bool reserve(uint32_t count);
    void drop_entry(Watch &watch);
    void close_gaps();

    pollfd wakeup_alone_ = {-1, POLLIN, 0}; // the array while nothing else is in it
    pollfd *entries_ = &wakeup_alone_;
    Watch **owners_ = nullptr; // of entries 1 and up; null: a gap
    uint32_t count_ = 1;
    uint32_t capacity_ = 1;
    uint32_t gaps_ = 0;
    uint64_t ready_counter_ = 0;
    int wakeup_fd_ = -1;
};

} // namespace tev
