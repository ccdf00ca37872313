// SPDX-License-Identifier: LGPL-3.0-or-later

// A deadline in a TimerQueue, ordered by (deadline, sequence): equal deadlines are first
// in, first out.
//
// The key is the deadline as far as it fits into 64 bits.  The earlier of two times never
// has the greater key; where two keys are equal, the full deadlines are compared.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sys/time.h>

#include "src/base/timeval.hpp"

namespace tev {

// NOLINTBEGIN(cppcoreguidelines-pro-type-member-init): one member of the union is initialised
class TimerNode {
public:
    TimerNode() = default;
    TimerNode(const TimerNode &) = delete;
    TimerNode &operator=(const TimerNode &) = delete;

    const timeval &when() const { return when_; }
    // True while it waits for its time.
    bool is_linked() const { return state() == kInTail || state() == kInHeap; }

private:
    friend class TimerHeap;
    friend class TimerList;
    friend class TimerQueue;

    enum State : uint8_t { kNowhere, kInTail, kInHeap, kSetAside };
    static constexpr uint64_t kStateMask = 0xff;
    static constexpr uint64_t kSequenceStep = kStateMask + 1;

    static constexpr int kMicrosBits = 20;
    static constexpr int kSecondsBits = 63 - kMicrosBits;

    // A zero time means "at once" and has a key of its own, before all real ones, negative ones included.
    static uint64_t key_of(const timeval &when)
    {
        const auto secs = static_cast<uint64_t>(when.tv_sec);
        const auto micros = static_cast<uint64_t>(when.tv_usec);
        if ((secs >> kSecondsBits | micros >> kMicrosBits) == 0) [[likely]] {
            return secs << kMicrosBits | micros;
        }
        return key_of_unusual(when);
    }
    static uint64_t key_of_unusual(const timeval &when)
    {
        constexpr int64_t kMostSecs = (int64_t{1} << kSecondsBits) - 1;
        constexpr int64_t kMostMicros = (int64_t{1} << kMicrosBits) - 1;
        if (when.tv_sec < 0) {
            return 1;
        }
        const int64_t micros =
            when.tv_sec > kMostSecs ? kMostMicros : std::clamp<int64_t>(when.tv_usec, 0, kMostMicros);
        const int64_t key = std::min<int64_t>(when.tv_sec, kMostSecs) << kMicrosBits | micros;
        return static_cast<uint64_t>(std::max<int64_t>(key, 1));
    }

    State state() const { return static_cast<State>(order_ & kStateMask); }
    void set_state(State state) { order_ = (order_ & ~kStateMask) | state; }

    // sequence: a multiple of kSequenceStep.
    void set_when(const timeval &when, uint64_t sequence)
    {
        when_ = when;
        key_ = key_of(when);
        order_ = sequence; // and kNowhere
    }

    bool is_before(const TimerNode &other) const
    {
        return key_ != other.key_ ? key_ < other.key_ : is_before_of_same_key(other);
    }
    bool is_before_of_same_key(const TimerNode &other) const
    {
        const int by_time = compare(when_, other.when_);
        return by_time != 0 ? by_time < 0 : order_ < other.order_;
    }

    timeval when_ = {0, 0};
    uint64_t key_ = 0;
    union {
        TimerNode *previous_ = nullptr; // in a list
        size_t place_;                  // in the heap
    };
    TimerNode *next_ = nullptr; // in a list
    uint64_t order_ = kNowhere; // sequence of the last link, and in the lowest byte the state
};
// NOLINTEND(cppcoreguidelines-pro-type-member-init)

} // namespace tev
