// SPDX-License-Identifier: LGPL-3.0-or-later

// Sleepable read-copy-update (SRCU) for one writer.
//
// Readers read a linked structure without a lock, between read_lock() and
// read_unlock(), in any thread and in signal handlers.  The writer makes a part
// unreachable, and synchronize() returns when no reader can still see it.
//
// A reader is counted in one of two counters.  synchronize() directs new readers
// to the other counter and waits for the first one to become zero.  That one only
// falls, so a steady stream of readers does not hold up the writer.  It does so with
// both counters: a reader that saw the part is counted in one of them.
//
// Each counter also holds a fork generation: in a forked child the parent's
// readers do not count.

#pragma once

#include <atomic>
#include <cstdint>
#include <sched.h>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"

namespace tev {

class Srcu {
public:
    // Returns the argument of read_unlock().
    uint32_t read_lock()
    {
        const uint32_t index = index_.load();
        const uint32_t own = own_generation();
        uint32_t word = readers_[index].load();
        while (
            !readers_[index].compare_exchange_weak(word, generation_of(word) == own ? word + 1 : own | 1U)) {
        }
        return index;
    }

    void read_unlock(uint32_t index)
    {
        if (generation_of(readers_[index].load()) == own_generation()) {
            readers_[index].fetch_sub(1);
        }
    }

    // Requires: one writer at a time, outside of a read side.
    void synchronize()
    {
        for (int phase = 0; phase < 2; phase++) {
            const uint32_t index = index_.fetch_xor(1);
            for (int tries = 0; has_readers(index); tries++) {
                // A yield does not help a reader that cannot run because this thread's priority is higher.
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

    bool has_readers(uint32_t index) const
    {
        const uint32_t word = readers_[index].load();
        return generation_of(word) == own_generation() && (word & kCount) != 0;
    }

    std::atomic<uint32_t> index_{0}; // 0 or 1
    std::atomic<uint32_t> readers_[2]{};
};

} // namespace tev
