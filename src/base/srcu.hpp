// SPDX-License-Identifier: LGPL-3.0-or-later

// Sleepable read-copy-update (SRCU) for one writer: readers of something that
// has no lock, and a writer that takes parts out of it.
//
// A reader enters before it looks and leaves when it has done; both may happen
// in a signal handler, in any thread.  The writer makes a part unreachable and
// waits for the readers that may have seen it.
//
// Srcu count themselves in one of two counters.  The writer points new ones
// to the other counter before it waits for one to become zero: that one only
// falls, so readers that come without a pause don't hold the writer up.  It
// does so with both; each reader that had seen the part is counted in one.
//
// Beside each count stands the fork generation it is of: in a forked child the
// parent's readers do not count.

#pragma once

#include <atomic>
#include <cstdint>
#include <sched.h>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"

namespace tev {

class Srcu {
public:
    // Returns the argument of leave().
    uint32_t enter()
    {
        const uint32_t side = side_.load();
        const uint32_t own = own_generation();
        uint32_t word = inside_[side].load();
        while (!inside_[side].compare_exchange_weak(word, generation_of(word) == own ? word + 1 : own | 1U)) {
        }
        return side;
    }

    void leave(uint32_t side)
    {
        if (generation_of(inside_[side].load()) == own_generation()) {
            inside_[side].fetch_sub(1);
        }
    }

    // One writer at a time, which is no reader itself.
    void synchronize()
    {
        for (int turn = 0; turn < 2; turn++) {
            const uint32_t side = side_.fetch_xor(1);
            for (int tries = 0; has_readers(side); tries++) {
                // A reader that this thread's priority keeps from running needs more than a yield.
                if (tries < kYieldsBeforeSleep) {
                    sched_yield();
                } else {
                    os::sleep_briefly();
                }
            }
        }
    }

private:
    static constexpr int kYieldsBeforeSleep = 64;
    static constexpr uint32_t kCount = 0xffff;

    static uint32_t own_generation() { return static_cast<uint32_t>(short_fork_generation()) << 16; }
    static uint32_t generation_of(uint32_t word) { return word & ~kCount; }

    bool has_readers(uint32_t side) const
    {
        const uint32_t word = inside_[side].load();
        return generation_of(word) == own_generation() && (word & kCount) != 0;
    }

    std::atomic<uint32_t> side_{0}; // 0 or 1
    std::atomic<uint32_t> inside_[2]{};
};

} // namespace tev
