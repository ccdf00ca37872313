// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/fd_monitor.hpp"

#include <cstdlib>

#include "src/base/os.hpp"

namespace tev {

bool FdMonitor::open(Policy policy)
{
    close();
    policy_ = policy;
    fork_generation_ = fork_generation();
    if (policy == Policy::kPoll || (policy == Policy::kEpollElsePoll && fell_back_)) {
        use_poll();
        return true;
    }
    if (epoll_.open()) {
        poller_ = &epoll_;
        return true;
    }
    report_.message(TEVENT_DEBUG_FATAL, "no epoll instance: %s\n", os::error_text(errno));
    if (policy == Policy::kEpoll) {
        return false;
    }
    fell_back_ = true;
    use_poll();
    return true;
}

void FdMonitor::close()
{
    epoll_.close();
    poll_.close(watches_);
    poller_ = nullptr;
    wakeup_fd_ = -1;
    epoll_.set_wakeup_fd(-1);
    poll_.set_wakeup_fd(-1);
}

void FdMonitor::use_poll()
{
    watches_.for_each([this](Watch &w) {
        w.told = 0;
        if (w.wanted != 0 && !w.is_linked()) {
            pending_.push_back(w);
        }
    });
    poll_.set_wakeup_fd(wakeup_fd_);
    poller_ = &poll_;
}

void FdMonitor::leave_parents_instance()
{
    fork_generation_ = fork_generation();
    if (uses_epoll() && !epoll_.reopen(pending_)) {
        fall_back("epoll instance after fork");
    }
}

// errno says what happened to epoll.
bool FdMonitor::fall_back(const char *what)
{
    const int error = errno;
    if (policy_ == Policy::kEpollElsePoll) {
        report_.message(TEVENT_DEBUG_ERROR, "%s: %s; using poll from here on\n", what, os::error_text(error));
        epoll_.close();
        fell_back_ = true;
        use_poll();
        return true;
    }
    report_.message(TEVENT_DEBUG_FATAL, "%s: %s; there is no other way to wait\n", what,
                    os::error_text(error));
    abort();
}

void FdMonitor::add(Watch &watch)
{
    heed_fork();
    watches_.insert(watch);
}

void FdMonitor::remove(Watch &watch)
{
    heed_fork();
    if (poller_ != nullptr) {
        poller_->forget(watch);
    }
    if (watch.is_linked()) {
        pending_.unlink(watch);
    }
    watches_.erase(watch);
}

void FdMonitor::hand_over(Watch &old, Watch &heir)
{
    heir.copy_state_of(old);
    watches_.replace(old, heir);
    if (old.is_linked()) {
        heir.ListNode<PendingChange>::take_place_of(old);
    }
    if (poller_ != nullptr) {
        poller_->moved(heir);
    }
}

void FdMonitor::want(Watch &watch, uint8_t interest)
{
    heed_fork();
    watch.wanted = interest;
    if (watch.is_linked()) {
        return; // update() compares once more
    }
    if (watch.wanted != watch.told) {
        pending_.push_back(watch);
    }
}

void FdMonitor::tell_again(Watch &watch)
{
    heed_fork();
    if (watch.told != 0) {
        watch.tell_again = true;
        if (!watch.is_linked()) {
            pending_.push_back(watch);
        }
    }
}

void FdMonitor::set_wakeup_fd(int fd)
{
    heed_fork();
    wakeup_fd_ = fd;
    if (poller_ != nullptr) {
        poller_->set_wakeup_fd(fd);
    }
}

bool FdMonitor::update()
{
    heed_fork();
    if (uses_epoll() && pending_.empty() && epoll_.knows_wakeup()) [[likely]] {
        return true;
    }
    return tell_changes();
}

bool FdMonitor::tell_changes()
{
    if (poller_ == nullptr) {
        errno = ENOTCONN;
        return false;
    }
    while (!poller_->update(pending_, not_open_)) {
        if (!uses_epoll()) {
            return false;
        }
        if (errno == EBADF) {
            // The wake-up's number, then: a closed one is no failure of epoll.
            report_.message(TEVENT_DEBUG_ERROR, "the wake-up descriptor %d is not open\n", wakeup_fd_);
            set_wakeup_fd(-1);
        } else {
            report_refused_change();
            fall_back("epoll registration");
        }
    }
    return true;
}

// Compat: a change that the kernel refuses has a message of its own.
void FdMonitor::report_refused_change()
{
    const int error = errno;
    if (epoll_.refused_change()) {
        report_.message(TEVENT_DEBUG_FATAL, "epoll does not change a registration: %s\n",
                        os::error_text(error));
    }
    errno = error;
}

Watch *FdMonitor::take_not_open()
{
    Watch *w = not_open_.front();
    if (w != nullptr) {
        not_open_.unlink(*w);
    }
    return w;
}

WaitResult FdMonitor::wait(int timeout_ms)
{
    const WaitResult result = uses_epoll() ? epoll_.wait(timeout_ms) : poller_->wait(timeout_ms);
    if (result == WaitResult::kFailed) [[unlikely]] {
        wait_error_ = errno;
    }
    return result;
}

// A limit of descriptors that is lower than their number (EINVAL) makes each
// further poll(2) fail as well, and the loop spins: that is reported, once.
void FdMonitor::report_failed_poll()
{
    if (wait_error_ == EINVAL && !has_reported_limit_) {
        report_.message(TEVENT_DEBUG_ERROR, "poll: more descriptors than this process may have open\n");
        has_reported_limit_ = true;
    }
}

bool FdMonitor::recover_from_failed_wait()
{
    if (!uses_epoll()) {
        report_failed_poll();
        return false;
    }
    errno = wait_error_;
    return fall_back("epoll wait");
}

Ready FdMonitor::ready()
{
    const Ready found = uses_epoll() ? epoll_.ready() : poller_->ready();
    if (found.stale && uses_epoll() && !epoll_.reopen(pending_)) {
        fall_back("new epoll instance");
    }
    return found;
}

bool FdMonitor::is_valid() const
{
    bool valid = true;
    watches_.for_each([&](Watch &w) { valid = valid && (w.wanted == w.told || w.is_linked()); });
    return valid;
}

} // namespace tev
