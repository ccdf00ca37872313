// SPDX-License-Identifier: LGPL-3.0-or-later

// One way of waiting for descriptors: watches in, readiness out.
//
// A poller knows no events and no handlers.  It is used in this order, by one
// thread:
//
//   update()  makes the kernel's knowledge equal to what is wanted
//   wait()    blocks; reads no library data, so that with PollPoller other
//             threads may change watches meanwhile (they come to the kernel
//             with the next update())
//   ready()   what the wait found: one watch at most, true at the time of the wait
//
// forget() comes at any time; it is the one change that the kernel hears of at
// once, because afterwards the number may be closed and mean another file.

#pragma once

#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/epoll.h>

#include "src/poller/watch_table.hpp"

namespace tev {

enum class WaitResult { kReady, kTimeLimit, kInterrupted, kFailed };

// What a wait found: a watch, the wake-up, both, or a report about a watch that
// is gone (`stale`).
struct Ready {
    Watch *watch = nullptr;
    uint8_t readiness = 0; // set of Readiness
    bool woken = false;
    bool stale = false;
};

using WatchList = List<Watch, PendingChange>;

class Poller {
public:
    // Works off `pending`; watches whose descriptor turns out not to be open
    // move to `not_open`.  False: the kernel refused or memory is short, errno
    // says why; what was not done is still pending.
    virtual bool update(WatchList &pending, WatchList &not_open) = 0;
    virtual void forget(Watch &watch) = 0;
    // The heir is from now on what the other watch was.
    virtual void moved(Watch &heir) = 0;
    // -1 waits for ever.
    virtual WaitResult wait(int timeout_ms) = 0;
    virtual Ready ready() = 0;
    // The descriptor that ends a wait from elsewhere; -1: none.  Comes before
    // the first wait, or after the kernel has forgotten the previous one.
    virtual void set_wakeup_fd(int fd) = 0;

protected:
    ~Poller() = default;
};

// poll(2) and epoll(7) use the same bits on Linux.
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLRDHUP == EPOLLRDHUP);
static_assert(POLLHUP == EPOLLHUP && POLLERR == EPOLLERR);

constexpr uint32_t kernel_events(uint8_t interest)
{
    return ((interest & kWantReadable) ? POLLIN : 0) | ((interest & kWantWritable) ? POLLOUT : 0) |
           ((interest & kWantPeerClosed) ? POLLRDHUP : 0);
}

constexpr uint8_t readiness_of(uint32_t events)
{
    return static_cast<uint8_t>(((events & POLLIN) ? kReadable : 0) | ((events & POLLOUT) ? kWritable : 0) |
                                ((events & POLLRDHUP) ? kPeerClosed : 0) |
                                ((events & POLLHUP) ? kHungUp : 0) | ((events & POLLERR) ? kFailed : 0) |
                                ((events & POLLNVAL) ? kNotOpen : 0));
}

} // namespace tev
