// SPDX-License-Identifier: LGPL-3.0-or-later

// All system calls of the library.
//
// Each function is the system call of its name; failure is -1 and errno, as
// there.  All descriptors that are made here are close-on-exec, and
// non-blocking where they are read or written.  Nothing else in the library
// calls the kernel about descriptors, signals or time, so a test that replaces
// this file sees every call and can make it fail.
//
// The second part is for signal handlers as well: its functions call nothing
// that another library could replace (system_call.hpp), and leave errno alone.

#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <sys/time.h>
#include <sys/types.h>

struct epoll_event;

namespace tev {

// Identifies the file behind a descriptor, as long as that file is open somewhere.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;
};

} // namespace tev

namespace tev::os {

int epoll_create();
int epoll_ctl(int epoll_fd, int operation, int fd, uint32_t events, uint64_t key);
int epoll_wait_one(int epoll_fd, epoll_event *event, int timeout_ms);
int poll(pollfd *fds, size_t count, int timeout_ms);

int eventfd();
int pipe(int ends[2]);
void close(int fd);

int identify_file(int fd, FileIdentity *identity);
// Marks the open file description, which has no inode of its own when it is an
// eventfd or an epoll instance.
int mark_file(int fd);

int sigaction(int signum, const struct sigaction *act, struct sigaction *old);
int unblock_signal(int signum);

timeval wall_clock();
// For messages.
const char *error_text(int error);
// Null: the kernel does not support it.
void *page_wiped_on_fork();

// ---- for signal handlers as well; the result is -errno on failure

ssize_t read(int fd, void *buffer, size_t size);
ssize_t write(int fd, const void *buffer, size_t size);
bool is_marked_file(int fd);
// All but those that the processor raises and those that end the process on purpose.
void block_signals_in_this_thread();
int thread_id();
pid_t process_id();
// Some time that is short for a person and long for a processor.
void sleep_briefly();
// Returns at once when the word has another value, and may return for no reason.
void futex_wait(std::atomic<uint32_t> *word, uint32_t value);
void futex_wake_one(std::atomic<uint32_t> *word);

} // namespace tev::os
