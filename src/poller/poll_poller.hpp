// SPDX-License-Identifier: LGPL-3.0-or-later

// poll(2): watches everything, regular files included, at a cost per wait
// that grows with the number of descriptors.
//
// Only update() and wait() access the array that the kernel gets.  Other threads may
// remove watches while the wait blocks (under their program's lock): that clears the
// owner of an entry, and the next update() removes the entry.  Entry 0 is the wake-up's.
//
// Fairness: of the ready ones the one that was ready longest ago comes next; a
// new one is behind all that were there before it.  Compat: D15.

#pragma once

#include <poll.h>

#include "src/poller/poller.hpp"

namespace tev {

class PollPoller {
public:
    static constexpr bool kKernelKeepsRegistrations = false;

    explicit PollPoller(WatchTable &watches) : watches_(watches) {}

    static bool open() { return true; }
    void close();
    bool is_up_to_date() const { return gaps_ == 0 && entries_[0].fd == wakeup_fd_; }
    UpdateResult update(WatchList &pending, WatchList &not_open);
    void remove(Watch &watch);
    void moved(Watch &watch);
    WaitResult wait(int timeout_ms);
    Ready result();
    void set_wakeup_fd(int fd);

private:
    bool reserve(uint32_t count);
    bool add_entry(Watch &watch);
    void remove_entry(Watch &watch);
    void close_gaps();

    WatchTable &watches_;
    pollfd wakeup_alone_ = {-1, POLLIN, 0}; // the array while nothing else is in it
    pollfd *entries_ = &wakeup_alone_;
    Watch **owners_ = nullptr; // of entries 1 and up; null: a gap
    uint32_t count_ = 1;
    uint32_t capacity_ = 1;
    uint32_t gaps_ = 0;
    uint64_t ready_counter_ = 0;
    int wakeup_fd_ = -1;
};

static_assert(Poller<PollPoller>);

} // namespace tev
