// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/epoll_poller.hpp"

#include <cerrno>

#include "src/base/os.hpp"
#include "src/poller/poll_bits.hpp"

namespace tev {

namespace {

// The bits of poll(2) are epoll's, too.
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLRDHUP == EPOLLRDHUP);
static_assert(POLLHUP == EPOLLHUP && POLLERR == EPOLLERR);

constexpr uint64_t kWakeupKey = 0; // no watch has generation 0

uint64_t key_of(const Watch &watch)
{
    return (static_cast<uint64_t>(watch.generation) << 32) | static_cast<uint32_t>(watch.fd);
}

} // namespace

bool EpollPoller::open()
{
    close();
    const int fd = os::epoll_create();
    if (fd == -1) {
        return false;
    }
    instance_.adopt(fd);
    return true;
}

void EpollPoller::close()
{
    instance_.close();
    wakeup_is_registered_ = false;
}

UpdateResult EpollPoller::update(WatchList &pending, WatchList &not_open)
{
    if (!register_wakeup()) {
        return errno == EBADF ? UpdateResult::kWakeupNotOpen : UpdateResult::kRegistrationRefused;
    }
    while (Watch *w = pending.front()) {
        int error = register_watch(*w);
        if (error == EBADF && !instance_.is_intact()) {
            error = EBADFD; // the instance is closed, and not the watch's descriptor
        }
        if (error != 0 && error != EBADF) {
            errno = error;
            return w->registered != 0 ? UpdateResult::kChangeRefused : UpdateResult::kRegistrationRefused;
        }
        pending.unlink(*w);
        w->must_register_again = false;
        w->registered = error == 0 ? w->requested : 0;
        if (error == EBADF) {
            not_open.push_back(*w);
        }
    }
    return UpdateResult::kDone;
}

bool EpollPoller::register_wakeup()
{
    if (is_up_to_date()) {
        return true;
    }
    const int epoll = instance_.number();
    wakeup_is_registered_ =
        os::epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup_fd_, EPOLLIN, kWakeupKey) == 0 ||
        (errno == EEXIST && os::epoll_ctl(epoll, EPOLL_CTL_MOD, wakeup_fd_, EPOLLIN, kWakeupKey) == 0);
    return wakeup_is_registered_;
}

// 0 or an errno value.
int EpollPoller::register_watch(Watch &watch)
{
    if (watch.requested == watch.registered && !watch.must_register_again) {
        return 0;
    }
    if (watch.requested == 0) {
        // Fails only when the number is closed or means another file by now.
        os::epoll_ctl(instance_.number(), EPOLL_CTL_DEL, watch.fd, 0, 0);
        return 0;
    }
    const uint32_t events = poll_bits_of(watch.requested);
    int operation = EPOLL_CTL_MOD;
    if (watch.registered == 0) {
        operation = EPOLL_CTL_ADD;
        // An earlier registration may not have been within reach of its removal.
        watches_.renew_generation(watch);
    }
    if (os::epoll_ctl(instance_.number(), operation, watch.fd, events, key_of(watch)) == 0) {
        return 0;
    }
    // The number was closed and opened again under a live watch, in either order.  Compat: D1, this is
    // corrected here.
    if (errno == EEXIST && operation == EPOLL_CTL_ADD) {
        operation = EPOLL_CTL_MOD;
    } else if (errno == ENOENT && operation == EPOLL_CTL_MOD) {
        operation = EPOLL_CTL_ADD;
        watches_.renew_generation(watch);
    } else {
        return errno;
    }
    return os::epoll_ctl(instance_.number(), operation, watch.fd, events, key_of(watch)) == 0 ? 0 : errno;
}

void EpollPoller::remove(Watch &watch)
{
    if (watch.registered != 0) {
        os::epoll_ctl(instance_.number(), EPOLL_CTL_DEL, watch.fd, 0, 0);
        watch.registered = 0;
    }
}

// A signal between the two calls interrupts neither.  The wake-up ends the second one then: the loop has
// announced its sleep before the first.
WaitResult EpollPoller::wait(int timeout_ms)
{
    const bool without_limit = timeout_ms > 0 && guess_.is_worth_asking();
    int count = os::epoll_wait_one(instance_.number(), &reported_, without_limit ? 0 : timeout_ms);
    if (without_limit) {
        if (count != 0) [[likely]] {
            guess_.hit();
        } else {
            guess_.miss();
            count = os::epoll_wait_one(instance_.number(), &reported_, timeout_ms);
        }
    }
    if (count > 0) {
        return WaitResult::kReady;
    }
    if (count == 0) {
        return WaitResult::kTimeLimit;
    }
    return errno == EINTR ? WaitResult::kInterrupted : WaitResult::kFailed;
}

Ready EpollPoller::result()
{
    Ready found;
    if (reported_.data.u64 == kWakeupKey) {
        found.woken = true;
        return found;
    }
    Watch *w = watches_.find(static_cast<int>(static_cast<uint32_t>(reported_.data.u64)));
    if (w == nullptr || key_of(*w) != reported_.data.u64 || w->registered == 0) {
        found.stale = true;
        return found;
    }
    found.watch = w;
    found.readiness = readiness_of(reported_.events);
    return found;
}

void EpollPoller::set_wakeup_fd(int fd)
{
    wakeup_is_registered_ = false;
    wakeup_fd_ = fd;
}

} // namespace tev
