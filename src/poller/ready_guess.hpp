// SPDX-License-Identifier: LGPL-3.0-or-later

// Predicts whether the next wait finds something ready at once.
//
// A wait with a time limit makes the kernel read the clock, twice, before it
// checks for readiness: a fifth of a short turn.  A wait without a limit first saves
// that if something is ready, and wastes a system call if not.  So it is tried where
// it has paid off lately.  Each miss doubles the distance to the next try, up to 64
// waits; after a hit the next wait tries again, and one miss is forgiven.
//
// Invariant, whatever the program does: misses <= hits + waits/64 + 3.

#pragma once

#include <cstdint>

namespace tev {

class ReadyGuess {
public:
    // Once for each wait; if true, hit() or miss() follows.
    bool is_worth_asking()
    {
        if (left_out_ == 0) {
            return true;
        }
        left_out_--;
        return false;
    }
    void hit() { level_ = level_ > 0 ? level_ - 1 : 0; }
    void miss()
    {
        level_ = level_ < kRarest ? level_ + 1 : kRarest;
        left_out_ = waits_left_out(level_);
    }

private:
    static constexpr uint32_t kRarest = 6;
    // A loop that waits only a few times, as for one request, does not try.
    static constexpr uint32_t kFirst = 3;

    static constexpr uint32_t waits_left_out(uint32_t level) { return (1U << level) - 1; }

    uint32_t level_ = kFirst; // after a miss: asked at the 2^level-th wait
    uint32_t left_out_ = waits_left_out(kFirst);
};

} // namespace tev
