// SPDX-License-Identifier: LGPL-3.0-or-later

// epoll(7): the cost of a wait does not grow with idle descriptors.
//
// One registration per descriptor number, level-triggered.  A wait takes one
// report: the kernel looks at the descriptor's state again for each report
// and rotates its list of ready descriptors, so the report is true and no descriptor
// starves; a batch would have to be verified entry by entry.
//
// A registration belongs to the open file, not to the number.  When a program
// closes a number whose open file lives on elsewhere (another process, a
// duplicate) before it frees its event, the registration can be neither
// addressed nor removed any more, and goes on reporting.  Such a report shows
// by its generation, or by a watch that should have no registration: it is stale,
// and only a new instance ends it.

#pragma once

#include <sys/epoll.h>

#include "src/base/descriptor.hpp"
#include "src/poller/poller.hpp"
#include "src/poller/ready_guess.hpp"

namespace tev {

class EpollPoller {
public:
    static constexpr bool kKernelKeepsRegistrations = true;

    explicit EpollPoller(WatchTable &watches) : watches_(watches) {}

    bool open();
    void close();
    bool is_up_to_date() const { return wakeup_is_registered_ || wakeup_fd_ == -1; }
    UpdateResult update(WatchList &pending, WatchList &not_open);
    void remove(Watch &watch);
    void moved(Watch &) {} // the kernel knows number and generation alone
    WaitResult wait(int timeout_ms);
    Ready result();
    void set_wakeup_fd(int fd);

private:
    bool register_wakeup();
    int register_watch(Watch &watch);

    WatchTable &watches_;
    OwnedDescriptor instance_;
    int wakeup_fd_ = -1;
    bool wakeup_is_registered_ = false;
    ReadyGuess guess_;
    epoll_event reported_ = {};
};

static_assert(Poller<EpollPoller>);

} // namespace tev
