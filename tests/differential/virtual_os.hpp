// SPDX-License-Identifier: LGPL-3.0-or-later

// Time and waiting, as the libraries under test see them.
//
// The program defines gettimeofday, epoll_wait, poll and some more, which the libraries call instead of
// libc's.  The clock is a number.  A wait asks the kernel which descriptors are ready now; if none is, the
// clock advances by the time limit and the wait ends.  Nothing ever sleeps.
//
// Of several ready descriptors one is reported, the least recently served one:
// the order is unspecified (F6, D15), and this makes it the same with both
// libraries.  A descriptor of the library itself comes first.  So the order of
// service and the fairness of C14 are not compared; the behaviour tests check
// these.
//
// A wake-up from before the wait (for a signal that a turn has already
// handled) is dropped, since the loop may have omitted it (T4, and C11: it may
// take a turn of its own).  A wake-up during the wait ends it.
//
// A wait may begin with a query, an epoll_wait() with a time limit of 0.  The
// world's events happen during the query; if it finds nothing, the following
// call continues the same wait.

#pragma once

#include <cstdint>

namespace diff::vos {

// Descriptors with these numbers are the sequence's own, others the library's.
constexpr int kFirstFd = 500;
constexpr int kFdCount = 16;
constexpr int64_t kStartUs = 1'000'000'000'000'000;
constexpr int kNever = 0x7fffffff;

enum class Meanwhile { kNothing, kSomething, kInterrupted };

struct Hooks {
    // Runs the world's events while the loop waits; returns whether a signal handler ends the wait.
    Meanwhile (*during_wait)();
    // True if several events watch `fd`: its directions are reported one by one.
    bool (*is_shared)(int fd);
    // The turn must not wait: a time limit of 0 is no query.
    bool (*must_not_wait)();
    // Nothing is ready.  The advance of the clock, in ms.
    int (*idle)(int timeout_ms);
};

void start(const Hooks &hooks);
void stop();
int64_t now_us();
void advance_us(int64_t us);
// The time it takes to report a ready descriptor.
void set_cost_of_readiness(int64_t us);

} // namespace diff::vos
