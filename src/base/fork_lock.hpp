// SPDX-License-Identifier: LGPL-3.0-or-later

// A lock that a fork cannot leave locked.
//
// The word names the generation of the process whose thread holds the lock.
// In a forked child a holder of another generation is a thread that stayed
// behind with the parent, so the lock is free.  The data that it guards may be
// in the middle of a change then: each change is made visible by a single store.
//
// Threads that wait sleep in the kernel, as with pthread_mutex_t.
//
// Not for signal handlers.  Not recursive.  All zeros is a free lock.

#pragma once

#include <atomic>
#include <cstdint>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"
#include "src/base/race_detectors.hpp"

namespace tev {

class ForkLock {
public:
    constexpr ForkLock() = default;
    ForkLock(const ForkLock &) = delete;
    ForkLock &operator=(const ForkLock &) = delete;

    void lock()
    {
        const uint32_t own = fork_generation() << 1;
        uint32_t word = kFree;
        if (!word_.compare_exchange_strong(word, own, std::memory_order_acquire)) [[unlikely]] {
            lock_slowly(own);
        }
        race_detectors::is_synchronisation(this, sizeof(*this));
        race_detectors::acquire(this);
    }

    void unlock()
    {
        race_detectors::release(this);
        if (word_.exchange(kFree, std::memory_order_release) & kWaiters) [[unlikely]] {
            os::futex_wake_one(&word_);
        }
    }

private:
    static constexpr uint32_t kFree = 0;
    static constexpr uint32_t kWaiters = 1; // beside the generation

    [[gnu::cold, gnu::noinline]] void lock_slowly(uint32_t own)
    {
        uint32_t word = word_.load(std::memory_order_relaxed);
        for (;;) {
            if ((word & ~kWaiters) != own) { // free, or held in the parent process
                // Other threads may wait: keep the bit, one system call too many does no harm.
                if (word_.compare_exchange_weak(word, own | kWaiters, std::memory_order_acquire)) {
                    return;
                }
                continue;
            }
            if (word == (own | kWaiters) || word_.compare_exchange_weak(word, own | kWaiters)) {
                os::futex_wait(&word_, own | kWaiters);
                word = word_.load(std::memory_order_relaxed);
            }
        }
    }

    std::atomic<uint32_t> word_{kFree};
};

class ForkLockGuard {
public:
    explicit ForkLockGuard(ForkLock &lock) : lock_(lock) { lock_.lock(); }
    ~ForkLockGuard() { lock_.unlock(); }
    ForkLockGuard(const ForkLockGuard &) = delete;
    ForkLockGuard &operator=(const ForkLockGuard &) = delete;

private:
    ForkLock &lock_;
};

} // namespace tev
