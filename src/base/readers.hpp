// SPDX-License-Identifier: LGPL-3.0-or-later

// Readers of something that has no lock, and a writer that takes parts out of it.
//
// A reader enters before it looks and leaves when it has done; both may happen
// in a signal handler, in any thread.  The writer makes a part unreachable and
// waits for those who may have seen it.
//
// Readers count themselves in one of two counters.  The writer points new ones
// to the other counter before it waits for one to become zero: that one only
// falls, so readers that come without a pause don't hold the writer up.  It
// does so with both; each reader that had seen the part is counted in one.

#pragma once

#include <atomic>
#include <cstdint>
#include <sched.h>

namespace tev {

class Readers {
public:
    // What leave() wants to have.
    uint32_t enter()
    {
        const uint32_t side = side_.load();
        inside_[side].fetch_add(1);
        return side;
    }
    void leave(uint32_t side) { inside_[side].fetch_sub(1); }

    // One writer at a time, that is no reader itself.
    void wait_for_those_inside()
    {
        for (int turn = 0; turn < 2; turn++) {
            const uint32_t side = side_.fetch_xor(1);
            while (inside_[side].load() != 0) {
                sched_yield();
            }
        }
    }

    // In a forked child: their threads are not here.
    void forget()
    {
        inside_[0].store(0);
        inside_[1].store(0);
    }

private:
    std::atomic<uint32_t> side_{0}; // 0 or 1
    std::atomic<uint32_t> inside_[2]{};
};

} // namespace tev
