// SPDX-License-Identifier: LGPL-3.0-or-later

// Time and waiting, as the libraries under test see them.
//
// The program defines gettimeofday, epoll_wait, poll and some more, and so stands between the library and the
// kernel.  The clock is a number.  A wait asks the kernel what is ready now; when that is nothing, the clock
// moves on by the time limit and the wait is over.  Nothing ever sleeps.
//
// Of several ready descriptors one is told, the one served least lately: which
// is first is open (F6, D15), and so it is the same with both libraries.  A
// descriptor of the library itself comes first.  What is given up by this: who
// is served first, and C14's fairness, which the behaviour tests look at.
//
// A wake-up from before the wait began (a signal that a turn has worked off
// already) is taken back, since the loop may have left it out (T4, and C11: it
// may take a turn of its own).  One that comes during the wait ends it.
//
// A wait may begin with a question, an epoll_wait() without time limit.  What
// happens meanwhile happens in there; when it finds nothing, the call that
// follows goes on with the same wait.

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
    // What happens in the world while the loop waits, and whether a signal handler ends the wait.
    Meanwhile (*during_wait)();
    // True where several events watch `fd`: its directions are told one by one.
    bool (*is_shared)(int fd);
    // The turn must not wait: a time limit of 0 is no question.
    bool (*must_not_wait)();
    // Nothing is ready.  How far the clock moves on, in ms.
    int (*idle)(int timeout_ms);
};

void start(const Hooks &hooks);
void stop();
int64_t now_us();
void advance_us(int64_t us);
// How much time it takes to be told of a ready descriptor.
void set_cost_of_readiness(int64_t us);

} // namespace diff::vos
