// SPDX-License-Identifier: LGPL-3.0-or-later

// I/O multiplexing for one loop: its watches, and the poller that waits for them.
//
// Owns the table of watches, both pollers, and the policy between them:
//
//   kPoll            poll(2) alone
//   kEpoll           epoll(7) alone; what it cannot do is fatal (abort)
//   kEpollElsePoll   epoll(7), and poll(2) from the first time on that the kernel has no
//                    instance for us, refuses a registration or fails the wait
//
// In a forked child the first use opens an instance of the child's own with the same
// watches, before anything is changed in the one that it shares with its parent.
//
// Invariant: a watch whose requested and registered interests differ is pending.

#pragma once

#include "src/base/fork.hpp"
#include "src/base/logger.hpp"
#include "src/poller/epoll_poller.hpp"
#include "src/poller/poll_poller.hpp"

namespace tev {

class Multiplexer {
public:
    enum class Policy : uint8_t { kPoll, kEpoll, kEpollElsePoll };

    explicit Multiplexer(const Logger &logger) : logger_(logger) {}

    bool is_open() const { return in_use_ != InUse::kNone; }
    // True: kernel_keeps_registrations() of the poller in use.
    bool kernel_keeps_registrations() const { return in_use_ == InUse::kEpoll; }
    // False: this policy has no poller now, which has been reported.
    bool open(Policy policy);
    void close();
    // Requires: closed, and without a watch.  Nothing is left allocated.
    void free_tables() { watches_.free_buckets(); }

    Watch *find(int fd) const { return watches_.find(fd); }
    void add(Watch &watch);
    void remove(Watch &watch);
    // `successor` takes over number, interest and registration of `old`.
    void move(Watch &old, Watch &successor);
    void request(Watch &watch, uint8_t interest);
    // The kernel may have lost the registration.
    void register_again(Watch &watch);
    void set_wakeup_fd(int fd);

    // Before a wait.  False: memory is short (errno ENOMEM), nothing is lost.
    bool update();
    // A watch that update() found to be without open file; each once.
    Watch *take_not_open();
    WaitResult wait(int timeout_ms);
    // Requires: wait() returned kFailed.  True: another poller is in use now.
    bool recover_from_failed_wait();
    // Requires: wait() returned kReady.
    Ready result();

    bool is_valid() const;

private:
    enum class InUse : uint8_t { kNone, kEpoll, kPoll };

    // Requires: open.
    template <class Visit>
    auto with_poller(Visit visit)
    {
        return in_use_ == InUse::kEpoll ? visit(epoll_) : visit(poll_);
    }
    [[gnu::noinline]] bool register_changes();
    // Comes first in whatever touches the kernel's registrations.
    void check_fork()
    {
        if (fork_generation_ != fork_generation()) [[unlikely]] {
            leave_parents_registrations();
        }
    }
    [[gnu::cold, gnu::noinline]] void leave_parents_registrations();
    void begin_without_registrations();
    [[gnu::cold, gnu::noinline]] bool reopen_epoll();
    void open_poll();
    [[gnu::cold, gnu::noinline]] bool fall_back(const char *what);
    [[gnu::cold, gnu::noinline]] void report_failed_poll();

    const Logger &logger_;
    WatchTable watches_;
    EpollPoller epoll_{watches_};
    PollPoller poll_{watches_};
    InUse in_use_ = InUse::kNone;
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
