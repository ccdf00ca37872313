// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/os.hpp"

#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tev::os {

int epoll_create()
{
    return ::epoll_create1(EPOLL_CLOEXEC);
}

int epoll_ctl(int epoll_fd, int operation, int fd, uint32_t events, uint64_t key)
{
    epoll_event event = {};
    event.events = events;
    event.data.u64 = key;
    return ::epoll_ctl(epoll_fd, operation, fd, &event);
}

int epoll_wait_one(int epoll_fd, epoll_event *event, int timeout_ms)
{
    return ::epoll_wait(epoll_fd, event, 1, timeout_ms);
}

int poll(pollfd *fds, size_t count, int timeout_ms)
{
    return ::poll(fds, count, timeout_ms);
}

int eventfd()
{
    return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int pipe(int ends[2])
{
    return ::pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

int move_fd(int from, int fd)
{
    const int result = ::dup3(from, fd, O_CLOEXEC);
    ::close(from);
    return result;
}

// These two are no cancellation points, as those of libc are: their callers may hold a lock, or are a signal
// handler, and what they began has to come to its end.
ssize_t read(int fd, void *buffer, size_t size)
{
    return syscall(SYS_read, fd, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    return syscall(SYS_write, fd, buffer, size);
}

void close(int fd)
{
    ::close(fd);
}

int sigaction(int signum, const struct sigaction *act, struct sigaction *old)
{
    return ::sigaction(signum, act, old);
}

int unblock_signal(int signum)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signum);
    return ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

int block_signals(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    return ::pthread_sigmask(SIG_BLOCK, &all, mask);
}

int restore_signals(const sigset_t &mask)
{
    return ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

int forward_signal(int thread_id, int signum, siginfo_t *info)
{
    return static_cast<int>(::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), thread_id, signum, info));
}

int thread_id()
{
    return static_cast<int>(::syscall(SYS_gettid));
}

timeval wall_clock()
{
    timeval now = {};
    ::gettimeofday(&now, nullptr);
    return now;
}

pid_t process_id()
{
    return ::getpid();
}

const char *error_text(int error)
{
    return ::strerror(error); // NOLINT(concurrency-mt-unsafe): glibc keeps the text per thread
}

} // namespace tev::os
