// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/multiplexer.hpp"

#include <cerrno>
#include <cstdlib>

#include "src/base/os.hpp"

namespace tev {

bool Multiplexer::open(Policy policy)
{
    close();
    policy_ = policy;
    fork_generation_ = fork_generation();
    if (policy == Policy::kPoll || (policy == Policy::kEpollElsePoll && fell_back_)) {
        open_poll();
        return true;
    }
    if (epoll_.open()) {
        in_use_ = InUse::kEpoll;
        return true;
    }
    logger_.message(TEVENT_DEBUG_FATAL, "no epoll instance: %s\n", os::error_text(errno));
    if (policy == Policy::kEpoll) {
        return false;
    }
    fell_back_ = true;
    open_poll();
    return true;
}

void Multiplexer::close()
{
    epoll_.close();
    poll_.close();
    in_use_ = InUse::kNone;
    wakeup_fd_ = -1;
    epoll_.set_wakeup_fd(-1);
    poll_.set_wakeup_fd(-1);
}

void Multiplexer::begin_without_registrations()
{
    watches_.for_each([this](Watch &w) {
        w.registered = 0;
        if (w.requested != 0 && !w.is_linked()) {
            pending_.push_back(w);
        }
    });
}

bool Multiplexer::reopen_epoll()
{
    begin_without_registrations();
    return epoll_.open();
}

void Multiplexer::open_poll()
{
    begin_without_registrations();
    poll_.set_wakeup_fd(wakeup_fd_);
    poll_.open();
    in_use_ = InUse::kPoll;
}

void Multiplexer::leave_parents_registrations()
{
    fork_generation_ = fork_generation();
    if (kernel_keeps_registrations() && !reopen_epoll()) {
        fall_back("epoll instance after fork");
    }
}

// Requires: errno says what happened to epoll.
bool Multiplexer::fall_back(const char *what)
{
    const int error = errno;
    if (policy_ == Policy::kEpollElsePoll) {
        logger_.message(TEVENT_DEBUG_ERROR, "%s: %s; using poll from here on\n", what, os::error_text(error));
        epoll_.close();
        fell_back_ = true;
        open_poll();
        return true;
    }
    logger_.message(TEVENT_DEBUG_FATAL, "%s: %s; there is no other way to wait\n", what,
                    os::error_text(error));
    abort(); // Compat: C5, not the program's abort function
}

void Multiplexer::add(Watch &watch)
{
    check_fork();
    watches_.add(watch);
}

void Multiplexer::remove(Watch &watch)
{
    check_fork();
    if (is_open()) {
        with_poller([&](auto &poller) { poller.remove(watch); });
    }
    if (watch.is_linked()) {
        pending_.unlink(watch);
    }
    watches_.remove(watch);
}

void Multiplexer::move(Watch &old, Watch &successor)
{
    successor.copy_state_of(old);
    watches_.replace(old, successor);
    if (old.is_linked()) {
        successor.ListNode<PendingChange>::take_place_of(old);
    }
    if (is_open()) {
        with_poller([&](auto &poller) { poller.moved(successor); });
    }
}

void Multiplexer::request(Watch &watch, uint8_t interest)
{
    check_fork();
    watch.requested = interest;
    if (watch.is_linked()) {
        return; // update() compares once more
    }
    if (watch.requested != watch.registered) {
        pending_.push_back(watch);
    }
}

void Multiplexer::register_again(Watch &watch)
{
    check_fork();
    if (watch.registered != 0) {
        watch.must_register_again = true;
        if (!watch.is_linked()) {
            pending_.push_back(watch);
        }
    }
}

void Multiplexer::set_wakeup_fd(int fd)
{
    check_fork();
    wakeup_fd_ = fd;
    if (is_open()) {
        with_poller([&](auto &poller) { poller.set_wakeup_fd(fd); });
    }
}

bool Multiplexer::update()
{
    check_fork();
    if (is_open() && pending_.empty() && with_poller([](auto &poller) { return poller.is_up_to_date(); }))
        [[likely]] {
        return true;
    }
    return register_changes();
}

bool Multiplexer::register_changes()
{
    if (!is_open()) {
        errno = ENOTCONN;
        return false;
    }
    for (;;) {
        switch (with_poller([this](auto &poller) { return poller.update(pending_, not_open_); })) {
        case UpdateResult::kDone:
            return true;
        case UpdateResult::kNoMemory:
            return false;
        case UpdateResult::kWakeupNotOpen:
            logger_.message(TEVENT_DEBUG_ERROR, "the wake-up descriptor %d is not open\n", wakeup_fd_);
            set_wakeup_fd(-1);
            break;
        case UpdateResult::kChangeRefused: {
            // Compat: a refused change has a message of its own, at level FATAL.
            const int error = errno;
            logger_.message(TEVENT_DEBUG_FATAL, "epoll does not change a registration: %s\n",
                            os::error_text(error));
            errno = error;
            fall_back("epoll registration");
            break;
        }
        case UpdateResult::kRegistrationRefused:
            fall_back("epoll registration");
            break;
        }
    }
}

Watch *Multiplexer::take_not_open()
{
    Watch *w = not_open_.front();
    if (w != nullptr) {
        not_open_.unlink(*w);
    }
    return w;
}

WaitResult Multiplexer::wait(int timeout_ms)
{
    const WaitResult outcome = with_poller([&](auto &poller) { return poller.wait(timeout_ms); });
    if (outcome == WaitResult::kFailed) [[unlikely]] {
        wait_error_ = errno;
    }
    return outcome;
}

// If fewer descriptors are allowed than watched (EINVAL), each further poll(2) fails
// as well and the loop spins.  This is reported once.
void Multiplexer::report_failed_poll()
{
    if (wait_error_ == EINVAL && !has_reported_limit_) {
        logger_.message(TEVENT_DEBUG_ERROR, "poll: more descriptors than this process may have open\n");
        has_reported_limit_ = true;
    }
}

bool Multiplexer::recover_from_failed_wait()
{
    if (in_use_ == InUse::kPoll) {
        report_failed_poll();
        return false;
    }
    errno = wait_error_;
    return fall_back("epoll wait");
}

Ready Multiplexer::result()
{
    const Ready found = with_poller([](auto &poller) { return poller.result(); });
    if (found.stale && !reopen_epoll()) {
        fall_back("new epoll instance");
    }
    return found;
}

bool Multiplexer::is_valid() const
{
    bool valid = true;
    watches_.for_each([&](Watch &w) { valid = valid && (w.requested == w.registered || w.is_linked()); });
    return valid;
}

} // namespace tev
