// SPDX-License-Identifier: LGPL-3.0-or-later

// How the library notices fork(2).
//
// Each process has a generation that differs from its parent's.  An object that
// must not be shared with the parent stores the generation that made it and
// compares at each use; so a child renews it at the first use, from ordinary
// code.  Nothing else happens at the fork: at that moment other libraries hold
// their locks, and any function of libc may be theirs.
//
// The generation is kept in a mark that is zero at the start of a child.  The
// kernel clears it (MADV_WIPEONFORK), also for _Fork() and a bare clone(); a
// pthread_atfork() handler clears it where the kernel cannot.  The first check in
// the child draws a new generation.  With neither, each check asks for the
// process id.

#pragma once

#include <atomic>
#include <cstdint>
#include <sys/types.h>

namespace tev {

namespace fork_detail {

extern std::atomic<uint32_t> *g_mark;
[[gnu::cold]] uint32_t draw_generation();

} // namespace fork_detail

// Any thread, signal handlers too.  Never 0.
[[gnu::always_inline]] inline uint32_t fork_generation()
{
    const uint32_t mark = fork_detail::g_mark->load(std::memory_order_relaxed);
    if (mark == 0) [[unlikely]] {
        return fork_detail::draw_generation();
    }
    return mark;
}

// What fits into half a word, beside a count.
inline uint16_t short_fork_generation()
{
    return static_cast<uint16_t>(fork_generation());
}

pid_t cached_process_id();
// Not for signal handlers: thread-local storage may have to be allocated.
[[gnu::noinline]] int cached_thread_id();

} // namespace tev
