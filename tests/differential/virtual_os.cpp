// SPDX-License-Identifier: LGPL-3.0-or-later

#include "virtual_os.hpp"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace diff::vos {

namespace {

constexpr int kFds = 1024;
constexpr int kMostReady = 64;
constexpr int kMostRegistrations = 32;

struct Registration {
    int fd;
    uint64_t data;
};

struct Instance {
    Registration registrations[kMostRegistrations];
    int count = 0;

    void forget(int fd)
    {
        for (int i = 0; i < count; i++) {
            if (registrations[i].fd == fd) {
                registrations[i] = registrations[--count];
                return;
            }
        }
    }

    void keep(int fd, uint64_t data)
    {
        forget(fd);
        for (int i = 0; i < count;) {
            if (registrations[i].data == data) {
                registrations[i] = registrations[--count];
            } else {
                i++;
            }
        }
        if (count < kMostRegistrations) {
            registrations[count++] = {fd, data};
        }
    }

    int fd_of(uint64_t data) const
    {
        for (int i = 0; i < count; i++) {
            if (registrations[i].data == data) {
                return registrations[i].fd;
            }
        }
        return -1;
    }
};

bool g_on = false;
Hooks g_hooks;
int64_t g_now;
int64_t g_cost_of_readiness;
Instance g_instances[kFds];
bool g_is_wakeup[kFds];
uint64_t g_served[kFdCount];
bool g_other_direction[kFdCount];
uint64_t g_serving;
bool g_question_found_nothing;

bool is_users(int fd)
{
    return fd >= kFirstFd && fd < kFirstFd + kFdCount;
}

// poll and epoll use the same numbers for these.
constexpr uint32_t kIn = EPOLLIN | EPOLLPRI | EPOLLRDHUP;
constexpr uint32_t kOut = EPOLLOUT;

struct Candidate {
    int fd = -1;
    uint32_t events = 0;
    int index = -1;
};

bool is_wakeup(int fd)
{
    return fd >= 0 && fd < kFds && g_is_wakeup[fd];
}

bool is_better(const Candidate &a, const Candidate &b)
{
    if (b.fd == -1 || is_users(a.fd) != is_users(b.fd)) {
        return b.fd == -1 || !is_users(a.fd);
    }
    if (!is_users(a.fd)) {
        return is_wakeup(a.fd) && !is_wakeup(b.fd);
    }
    const uint64_t served_a = g_served[a.fd - kFirstFd];
    const uint64_t served_b = g_served[b.fd - kFirstFd];
    return served_a != served_b ? served_a < served_b : a.fd < b.fd;
}

// The events of the chosen descriptor to report.
uint32_t serve(int fd, uint32_t events)
{
    if (!is_users(fd)) {
        return events;
    }
    g_served[fd - kFirstFd] = ++g_serving;
    g_now += g_cost_of_readiness;
    if (!(events & kIn) || !(events & kOut) || !g_hooks.is_shared(fd)) {
        return events;
    }
    bool &other = g_other_direction[fd - kFirstFd];
    other = !other;
    return events & ~(other ? kOut : kIn);
}

int idle(int timeout_ms)
{
    g_now += static_cast<int64_t>(g_hooks.idle(timeout_ms)) * 1000;
    return 0;
}

void take_back_wakeup(int fd)
{
    uint64_t count;
    if (is_wakeup(fd)) {
        [[maybe_unused]] const ssize_t size = read(fd, &count, sizeof(count));
    }
}

struct ReadyInstance {
    epoll_event events[kMostReady] = {};
    long count;

    explicit ReadyInstance(int epoll_fd) : count(syscall(SYS_epoll_wait, epoll_fd, events, kMostReady, 0)) {}
};

// False: interrupted.
bool begin_wait(int epoll_fd)
{
    ReadyInstance stale(epoll_fd);
    for (int i = 0; i < stale.count; i++) {
        take_back_wakeup(g_instances[epoll_fd].fd_of(stale.events[i].data.u64));
    }
    return g_hooks.during_wait() != Meanwhile::kInterrupted;
}

int wait_epoll(int epoll_fd, epoll_event *told, int timeout_ms)
{
    const Instance &instance = g_instances[epoll_fd];
    if (!std::exchange(g_question_found_nothing, false) && !begin_wait(epoll_fd)) {
        errno = EINTR;
        return -1;
    }
    ReadyInstance ready(epoll_fd);
    if (ready.count == -1) {
        return -1;
    }
    Candidate best;
    for (int i = 0; i < ready.count; i++) {
        const Candidate c = {instance.fd_of(ready.events[i].data.u64), ready.events[i].events, i};
        if (is_better(c, best)) {
            best = c;
        }
    }
    if (best.index == -1) {
        g_question_found_nothing = timeout_ms == 0 && !g_hooks.must_not_wait();
        return g_question_found_nothing ? 0 : idle(timeout_ms);
    }
    *told = ready.events[best.index];
    told->events = serve(best.fd, best.events);
    return 1;
}

int wait_poll(pollfd *fds, nfds_t count, int timeout_ms)
{
    for (nfds_t i = 0; i < count; i++) {
        take_back_wakeup(fds[i].fd);
    }
    if (g_hooks.during_wait() == Meanwhile::kInterrupted) {
        errno = EINTR;
        return -1;
    }
    if (syscall(SYS_poll, fds, count, 0) == -1) {
        return -1;
    }
    Candidate best;
    for (nfds_t i = 0; i < count; i++) {
        const Candidate c = {fds[i].fd, static_cast<uint16_t>(fds[i].revents), static_cast<int>(i)};
        if (c.events != 0 && is_better(c, best)) {
            best = c;
        }
    }
    uint32_t events = 0; // of all entries for the same descriptor
    for (nfds_t i = 0; i < count; i++) {
        events |= fds[i].fd == best.fd ? static_cast<uint16_t>(fds[i].revents) : 0;
    }
    if (best.fd != -1) {
        events = serve(best.fd, events);
    }
    int told = 0;
    for (nfds_t i = 0; i < count; i++) {
        const uint32_t served = fds[i].fd == best.fd ? events : 0;
        fds[i].revents = static_cast<short>(static_cast<uint16_t>(fds[i].revents) & served);
        told += fds[i].revents != 0;
    }
    return told == 0 ? idle(timeout_ms) : told;
}

} // namespace

void start(const Hooks &hooks)
{
    g_hooks = hooks;
    g_now = kStartUs;
    g_cost_of_readiness = 1000;
    memset(g_served, 0, sizeof(g_served));
    memset(g_other_direction, 0, sizeof(g_other_direction));
    g_serving = 0;
    g_question_found_nothing = false;
    g_on = true;
}

void stop()
{
    g_on = false;
}
int64_t now_us()
{
    return g_now;
}
void advance_us(int64_t us)
{
    g_now += us;
}
void set_cost_of_readiness(int64_t us)
{
    g_cost_of_readiness = us;
}

} // namespace diff::vos

using namespace diff::vos;

extern "C" {

int gettimeofday(struct timeval *tv, void *)
{
    if (g_on) {
        *tv = {g_now / 1000000, g_now % 1000000};
        return 0;
    }
    return static_cast<int>(syscall(SYS_gettimeofday, tv, nullptr));
}

static int fresh_instance(long fd)
{
    if (fd >= 0 && fd < kFds) {
        g_instances[fd].count = 0;
    }
    return static_cast<int>(fd);
}

int epoll_create(int)
{
    return fresh_instance(syscall(SYS_epoll_create1, 0));
}
int epoll_create1(int flags)
{
    return fresh_instance(syscall(SYS_epoll_create1, flags));
}

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    const long result = syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
    if (result == 0 && epoll_fd < kFds) {
        if (operation == EPOLL_CTL_DEL) {
            g_instances[epoll_fd].forget(fd);
        } else {
            g_instances[epoll_fd].keep(fd, event->data.u64);
        }
    }
    return static_cast<int>(result);
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int most, int timeout_ms)
{
    if (g_on) {
        return wait_epoll(epoll_fd, events, timeout_ms);
    }
    return static_cast<int>(syscall(SYS_epoll_wait, epoll_fd, events, most, timeout_ms));
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    if (g_on) {
        return wait_poll(fds, count, timeout_ms);
    }
    return static_cast<int>(syscall(SYS_poll, fds, count, timeout_ms));
}

int eventfd(unsigned int initial, int flags)
{
    const long fd = syscall(SYS_eventfd2, initial, flags);
    if (fd >= 0 && fd < kFds) {
        g_is_wakeup[fd] = true;
    }
    return static_cast<int>(fd);
}

// The next descriptor with this number is no wake-up.
int close(int fd)
{
    if (fd >= 0 && fd < kFds) {
        g_is_wakeup[fd] = false;
    }
    return static_cast<int>(syscall(SYS_close, fd));
}
}
