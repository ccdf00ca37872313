// SPDX-License-Identifier: LGPL-3.0-or-later

// epoll(7): the cost of a wait does not grow with idle descriptors.
//
// One registration per descriptor number, level-triggered.  A wait takes one
// report: the kernel looks at the descriptor's state again for each report
// and turns its list of ready descriptors, so what is told is true and nobody
// starves; a batch would have to be verified entry by entry.
//
// A registration belongs to the open file, not to the number.  When a program
// closes a number whose open file lives on elsewhere (another process, a
// duplicate) before it frees its event, the registration can be neither
// addressed nor removed any more, and goes on reporting.  Such a report shows
// by its generation, or by a watch that the kernel should know nothing of; the
// owner then calls reopen(), which starts over with a new instance.

#pragma once

#include "src/base/descriptor.hpp"
#include "src/poller/poller.hpp"
#include "src/poller/ready_guess.hpp"

namespace tev {

class EpollPoller final : public Poller {
public:
    explicit EpollPoller(WatchTable &watches) : watches_(watches) {}

    bool is_open() const { return instance_.number() != -1; }
    // False: no instance to be had, errno says why.
    bool open();
    void close();
    // A new instance that knows nothing; all that is wanted becomes pending.
    bool reopen(WatchList &pending);

    bool knows_wakeup() const { return wakeup_told_ || wakeup_fd_ == -1; }
    bool update(WatchList &pending, WatchList &not_open) override;
    // After a failed update(), which ends the use of this poller: it was no new
    // registration that failed, but the change of one.
    bool refused_change() const { return refused_change_; }
    void forget(Watch &watch) override;
    void moved(Watch &) override {} // the kernel knows number and generation alone
    WaitResult wait(int timeout_ms) override;
    Ready ready() override;
    void set_wakeup_fd(int fd) override;

private:
    bool tell_about_wakeup();
    int tell(Watch &watch);

    WatchTable &watches_;
    OwnedDescriptor instance_;
    int wakeup_fd_ = -1;
    bool wakeup_told_ = false;
    bool refused_change_ = false;
    ReadyGuess guess_;
    epoll_event reported_ = {};
};

} // namespace tev
