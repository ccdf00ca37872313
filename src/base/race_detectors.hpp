// SPDX-License-Identifier: LGPL-3.0-or-later

// Informs ThreadSanitizer, helgrind and DRD of the library's synchronisation.
//
// These tools report a race where a program relies on an order that they do not
// see.  ThreadSanitizer does not see the atomics of a library that is not
// instrumented; helgrind and DRD see no atomics at all.  Without a tool each of these
// functions costs one predictable branch.
//
// A library built without valgrind's headers informs ThreadSanitizer only.

#pragma once

#include <cstddef>

namespace tev::race_detectors {

extern bool g_present;

[[gnu::cold]] void report_release(const void *object);
[[gnu::cold]] void report_acquire(const void *object);
[[gnu::cold]] void report_synchronisation(const void *object, size_t size);

// Everything before release() happens before everything after an acquire() of the same object.
inline void release(const void *object)
{
    if (g_present) [[unlikely]] {
        report_release(object);
    }
}

inline void acquire(const void *object)
{
    if (g_present) [[unlikely]] {
        report_acquire(object);
    }
}

// These bytes are atomics that threads synchronise with: accesses to them are no race.
inline void is_synchronisation(const void *object, size_t size)
{
    if (g_present) [[unlikely]] {
        report_synchronisation(object, size);
    }
}

} // namespace tev::race_detectors
