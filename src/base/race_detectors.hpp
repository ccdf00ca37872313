// SPDX-License-Identifier: LGPL-3.0-or-later

// What ThreadSanitizer, helgrind and DRD have to be informed of.
//
// A program under such a tool is blamed where it relies on an order that the
// tool does not see: ThreadSanitizer sees no atomics of a library that is not
// instrumented, helgrind and DRD see none at all.  Without a tool each of these
// functions costs one predictable branch.
//
// Built without valgrind's headers the library is silent to helgrind and DRD.

#pragma once

#include <cstddef>

namespace tev::race_detectors {

extern bool g_present;

[[gnu::cold]] void report_release(const void *object);
[[gnu::cold]] void report_acquire(const void *object);
[[gnu::cold]] void report_synchronisation(const void *object, size_t size);

// What the calling thread did so far happens before what follows an acquire() of the same object.
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
