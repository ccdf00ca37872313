// SPDX-License-Identifier: LGPL-3.0-or-later

// The descriptors of one context, and the way it waits for them.
//
// Owns the table of watches, both pollers, and the policy between them:
//
//   kPoll            poll(2) alone
//   kEpoll           epoll(7) alone; what it cannot do is fatal (abort)
//   kEpollElsePoll   epoll(7) with poll(2) as the way out: when the kernel has
//                    no instance for us, refuses a registration or fails the
//                    wait, all watches move to poll(2), for good
//
// A forked child's first use gets an instance of its own with the same
// watches, before anything is changed in the one it shares with its parent.
//
// Invariant: a watch whose wanted and told masks differ is pending.

#pragma once

#include "src/base/fork.hpp"
#include "src/base/report.hpp"
#include "src/poller/epoll_poller.hpp"
#include "src/poller/poll_poller.hpp"

namespace tev {

class FdMonitor {
public:
    enum class Policy : uint8_t { kPoll, kEpoll, kEpollElsePoll };

    explicit FdMonitor(const Report &report) : report_(report) {}

    bool is_open() const { return poller_ != nullptr; }
    // The usual case is asked first and needs no virtual call.
    bool uses_epoll() const { return poller_ == &epoll_; }
    // False: no epoll instance and no way out, which has been reported.
    bool open(Policy policy);
    void close();
    // Nothing is left allocated.  Only while closed and without a watch.
    void free_tables() { watches_.free_buckets(); }

    Watch *find(int fd) const { return watches_.find(fd); }
    void add(Watch &watch);
    void remove(Watch &watch);
    // The memory of one watch goes, its descriptor is watched on by another.
    void hand_over(Watch &old, Watch &heir);
    void want(Watch &watch, uint8_t interest);
    // The kernel may have lost what it was told about this watch.
    void tell_again(Watch &watch);
    void set_wakeup_fd(int fd);

    // Before a wait.  False: memory is short (errno ENOMEM), nothing is lost.
    bool update();
    // A watch that update() found to be without open file; each once.
    Watch *take_not_open();
    WaitResult wait(int timeout_ms);
    // After kFailed.  True: it was epoll that failed, and the next wait is poll(2)'s.
    bool recover_from_failed_wait();
    // After kReady.
    Ready ready();

    bool is_valid() const;

private:
    [[gnu::noinline]] bool tell_changes();
    // Comes first in whatever touches the kernel's knowledge.
    void heed_fork()
    {
        if (fork_generation_ != fork_generation()) [[unlikely]] {
            leave_parents_instance();
        }
    }
    [[gnu::cold, gnu::noinline]] void leave_parents_instance();
    void report_failed_poll();
    void report_refused_change();
    bool fall_back(const char *what);
    void use_poll();

    const Report &report_;
    WatchTable watches_;
    EpollPoller epoll_{watches_};
    PollPoller poll_;
    Poller *poller_ = nullptr;
    Policy policy_ = Policy::kPoll;
    bool fell_back_ = false;
    uint32_t fork_generation_ = 0;
    int wait_error_ = 0; // of the last wait that failed
    bool has_reported_limit_ = false;
    int wakeup_fd_ = -1;
    WatchList pending_;
    WatchList not_open_;
};

} // namespace tev
