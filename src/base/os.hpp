// SPDX-License-Identifier: LGPL-3.0-or-later

// The only door to the kernel.
//
// Each function is the system call of its name; failure is -1 and errno, as
// there.  All descriptors that are made here are close-on-exec, and
// non-blocking where they are read or written.  Nothing else in the library
// calls the kernel about descriptors, signals or time, so a test that stands
// in for this file sees, and can fail, every call.

#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/types.h>

namespace tev::os {

int epoll_create();
int epoll_ctl(int epoll_fd, int operation, int fd, uint32_t events, uint64_t key);
int epoll_wait_one(int epoll_fd, epoll_event *event, int timeout_ms);
int poll(pollfd *fds, size_t count, int timeout_ms);

int eventfd();
int pipe(int ends[2]);
// Makes `fd` another name of what `from` names, in one step; `from` is closed.
int move_fd(int from, int fd);
ssize_t read(int fd, void *buffer, size_t size);
ssize_t write(int fd, const void *buffer, size_t size);
void close(int fd);

int sigaction(int signum, const struct sigaction *act, struct sigaction *old);
int unblock_signal(int signum);
// All signals, for this thread; *mask is what was blocked before.
int block_signals(sigset_t *mask);
int restore_signals(const sigset_t &mask);
// Queues a signal with its information to a thread of this process.
int forward_signal(int thread_id, int signum, siginfo_t *info);
int thread_id();

timeval wall_clock();
pid_t process_id();
// For messages.
const char *error_text(int error);

} // namespace tev::os
