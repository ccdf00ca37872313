// SPDX-License-Identifier: LGPL-3.0-or-later

// Arithmetic and comparison on struct timeval.
//
// Times are wall-clock times.  Nothing here normalises a caller's values:
// comparison looks at seconds first, then at microseconds, whatever they are.
// Seconds saturate at the largest time_t.

#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <sys/time.h>

#include <tevent.h>

namespace tev {

// The library's clock.  Compat: D17, it is the exported function, bound at load time: a test
// program that defines tevent_timeval_current() controls time in here as well.
inline timeval current_time()
{
    return ::tevent_timeval_current();
}

constexpr int64_t kMicrosPerSecond = 1000000;
constexpr time_t kMostSeconds = INT64_MAX;

inline bool is_zero(const timeval &tv)
{
    return tv.tv_sec == 0 && tv.tv_usec == 0;
}

// -1, 0 or 1 as a is before, at or after b.
inline int compare(const timeval &a, const timeval &b)
{
    if (a.tv_sec != b.tv_sec) {
        return a.tv_sec < b.tv_sec ? -1 : 1;
    }
    if (a.tv_usec != b.tv_usec) {
        return a.tv_usec < b.tv_usec ? -1 : 1;
    }
    return 0;
}

// Microseconds over a full second are carried over.
inline timeval add(const timeval &tv, uint32_t secs, uint32_t usecs)
{
    timeval sum = tv;
    sum.tv_usec += usecs;
    const int64_t carried = secs + sum.tv_usec / kMicrosPerSecond;
    if (__builtin_add_overflow(tv.tv_sec, carried, &sum.tv_sec)) {
        sum.tv_sec = kMostSeconds;
    }
    sum.tv_usec %= kMicrosPerSecond;
    return sum;
}

// A program's microseconds may have any value; the difference wraps around.
inline suseconds_t difference(suseconds_t a, suseconds_t b)
{
    return static_cast<suseconds_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// The time from `from` to `to`; zero when `from` is not before `to`.
inline timeval until(const timeval &from, const timeval &to)
{
    timeval span = {0, 0};
    if (compare(from, to) >= 0) {
        return span;
    }
    if (__builtin_sub_overflow(to.tv_sec, from.tv_sec, &span.tv_sec)) {
        span.tv_sec = kMostSeconds;
    }
    if (to.tv_usec < from.tv_usec) {
        span.tv_sec--;
        span.tv_usec = difference(difference(to.tv_usec, from.tv_usec), -kMicrosPerSecond);
    } else {
        span.tv_usec = difference(to.tv_usec, from.tv_usec);
    }
    return span;
}

// The span in milliseconds for poll(2), rounded up: a wait never ends early and
// never spins through the last millisecond.  A span that poll(2) cannot express
// becomes the longest wait that it can.  The result is at least 1: a program's
// microseconds may be negative, and a negative wait has no end.
inline int to_poll_milliseconds(const timeval &span)
{
    constexpr int64_t kLongestWholeSeconds = INT_MAX / 1000 - 1;
    if (span.tv_sec > kLongestWholeSeconds) {
        return INT_MAX;
    }
    const int64_t milliseconds = span.tv_sec * 1000 + span.tv_usec / 1000 + (span.tv_usec % 1000 > 0 ? 1 : 0);
    return static_cast<int>(std::clamp<int64_t>(milliseconds, 1, INT_MAX));
}

} // namespace tev
