// SPDX-License-Identifier: LGPL-3.0-or-later

// Replaces src/base/os.cpp: the same functions, each of which can be made to
// fail (faults.h).  The real ones are linked as well: os.cpp compiled with its
// namespace renamed.
//
// A failure looks as if the kernel had reported it, including the state: with
// EEXIST from epoll_ctl() there is a registration, with ENOENT there is none,
// and an interrupted close() has closed.  Only EBADF for a removal leaves the
// registration behind, as when a number was closed and its open file stays
// open under another number.

#include "src/base/os.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/epoll.h>

#include "tests/fault/faults.h"

namespace tev::real_os {

decltype(os::epoll_create) epoll_create;
decltype(os::epoll_ctl) epoll_ctl;
decltype(os::epoll_wait_one) epoll_wait_one;
decltype(os::poll) poll;
decltype(os::eventfd) eventfd;
decltype(os::pipe) pipe;
decltype(os::close) close;
decltype(os::identify_file) identify_file;
decltype(os::mark_file) mark_file;
decltype(os::sigaction) sigaction;
decltype(os::unblock_signal) unblock_signal;
decltype(os::wall_clock) wall_clock;
decltype(os::error_text) error_text;
decltype(os::page_wiped_on_fork) page_wiped_on_fork;
decltype(os::read) read;
decltype(os::write) write;
decltype(os::is_marked_file) is_marked_file;
decltype(os::block_signals_in_this_thread) block_signals_in_this_thread;
decltype(os::thread_id) thread_id;
decltype(os::process_id) process_id;
decltype(os::sleep_briefly) sleep_briefly;
decltype(os::futex_wait) futex_wait;
decltype(os::futex_wake_one) futex_wake_one;

} // namespace tev::real_os

namespace tev::os {

namespace {

constexpr uint64_t kNobodysKey = UINT64_MAX;

// True, and errno: the call is to fail.
bool fails(fault_call call, const void *site)
{
    const int error = fault_here(call, site);
    if (error != 0) {
        errno = error;
    }
    return error != 0;
}

int counted(int fd)
{
    fault_descriptor(fd, true);
    return fd;
}

fault_call call_of(int operation)
{
    return operation == EPOLL_CTL_ADD   ? FAULT_EPOLL_ADD
           : operation == EPOLL_CTL_MOD ? FAULT_EPOLL_MOD
                                        : FAULT_EPOLL_DEL;
}

// Makes the kernel's state match the error first.
bool state_fits(int error, int epoll_fd, int operation, int fd)
{
    if (operation == EPOLL_CTL_ADD && error == EEXIST) {
        return real_os::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, 0, kNobodysKey) == 0;
    }
    if (error == ENOENT) {
        return real_os::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, 0, 0) == 0;
    }
    return true;
}

} // namespace

// A macro: the site is the caller of the enclosing function.
#define FAILS(call) fails(call, __builtin_return_address(0))

int epoll_create()
{
    return FAILS(FAULT_EPOLL_CREATE) ? -1 : counted(real_os::epoll_create());
}

int epoll_ctl(int epoll_fd, int operation, int fd, uint32_t events, uint64_t key)
{
    const int error = fault_here(call_of(operation), __builtin_return_address(0));
    if (error == 0) {
        return real_os::epoll_ctl(epoll_fd, operation, fd, events, key);
    }
    if (state_fits(error, epoll_fd, operation, fd)) {
        errno = error;
    }
    return -1;
}

int epoll_wait_one(int epoll_fd, epoll_event *event, int timeout_ms)
{
    return FAILS(FAULT_EPOLL_WAIT) ? -1 : real_os::epoll_wait_one(epoll_fd, event, timeout_ms);
}

int poll(pollfd *fds, size_t count, int timeout_ms)
{
    return FAILS(FAULT_POLL) ? -1 : real_os::poll(fds, count, timeout_ms);
}

int eventfd()
{
    return FAILS(FAULT_EVENTFD) ? -1 : counted(real_os::eventfd());
}

int pipe(int ends[2])
{
    if (FAILS(FAULT_PIPE) || real_os::pipe(ends) == -1) {
        return -1;
    }
    counted(ends[0]);
    counted(ends[1]);
    return 0;
}

int identify_file(int fd, FileIdentity *identity)
{
    return real_os::identify_file(fd, identity);
}

int mark_file(int fd)
{
    return FAILS(FAULT_MARK_FILE) ? -1 : real_os::mark_file(fd);
}

void close(int fd)
{
    const int error = fault_here(FAULT_CLOSE, __builtin_return_address(0));
    fault_descriptor(fd, false);
    real_os::close(fd);
    if (error != 0) {
        errno = error;
    }
}

int sigaction(int signum, const struct sigaction *act, struct sigaction *old)
{
    // Restoring a disposition passes no old one, and cannot fail.
    const bool installs = old != nullptr;
    return installs && FAILS(FAULT_SIGACTION) ? -1 : real_os::sigaction(signum, act, old);
}

int unblock_signal(int signum)
{
    return real_os::unblock_signal(signum);
}

timeval wall_clock()
{
    return real_os::wall_clock();
}

const char *error_text(int error)
{
    return real_os::error_text(error);
}

void *page_wiped_on_fork()
{
    return getenv("TEVENT_FAULT_WIPED_PAGE") != nullptr ? nullptr : real_os::page_wiped_on_fork();
}

// ---- the result is -errno

ssize_t read(int fd, void *buffer, size_t size)
{
    const int error = fault_here(FAULT_READ, __builtin_return_address(0));
    return error != 0 ? -error : real_os::read(fd, buffer, size);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    const int error = fault_here(FAULT_WRITE, __builtin_return_address(0));
    return error != 0 ? -error : real_os::write(fd, buffer, size);
}

bool is_marked_file(int fd)
{
    const bool is_marked = real_os::is_marked_file(fd);
    if (!is_marked) {
        fault_descriptor(fd, false); // belongs to the program by now: the library leaves it alone
    }
    return is_marked;
}

void block_signals_in_this_thread()
{
    real_os::block_signals_in_this_thread();
}

int thread_id()
{
    return real_os::thread_id();
}

pid_t process_id()
{
    return real_os::process_id();
}

void sleep_briefly()
{
    real_os::sleep_briefly();
}

void futex_wait(std::atomic<uint32_t> *word, uint32_t value)
{
    real_os::futex_wait(word, value);
}

void futex_wake_one(std::atomic<uint32_t> *word)
{
    real_os::futex_wake_one(word);
}

} // namespace tev::os
