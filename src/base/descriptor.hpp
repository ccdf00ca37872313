// SPDX-License-Identifier: LGPL-3.0-or-later

// A descriptor that the library opened, with a check that its number still means
// the same file.
//
// A program may close all descriptors and open its own under the same numbers (daemons
// do, forked helpers do).  So before the library closes, reads or writes a
// number it checks:
//
//   the file          carries the mark that adopt() has put on it; where the kernel
//                     refuses marks, it has the device and inode of that file
//   the owner         all marks are the same, so among the library's own descriptors
//                     the number belongs to the one that adopted it last
//
// The check and the use are two system calls.  Nothing protects against another thread
// that closes the number between the two.
//
// Used by one thread, except where marked.

#pragma once

#include <atomic>
#include <cstddef>
#include <sys/types.h>

#include "src/base/os.hpp"

namespace tev {

class OwnedDescriptor {
public:
    constexpr OwnedDescriptor() = default;
    OwnedDescriptor(const OwnedDescriptor &) = delete;
    OwnedDescriptor &operator=(const OwnedDescriptor &) = delete;

    // -1: none, or another descriptor of the library has the number now.  Any
    // thread, and signal handlers.
    int number() const { return number_.load(std::memory_order_relaxed); }

    // Takes over a descriptor that was just opened.  The previous one is closed.
    void adopt(int fd);
    // Closes the file if the number still means it.
    [[gnu::noinline]] void close();

    bool is_intact() const;
    // These retry after EINTR.  False: the number means another file, nothing happened.
    bool read(void *buffer, size_t size);
    // Any thread, and signal handlers.
    void write(const void *buffer, size_t size);

private:
    bool means_our_file(int fd) const;

    std::atomic<int> number_{-1};
    bool marked_ = false;
    FileIdentity identity_;                 // where there is no mark
    OwnedDescriptor *next_claim_ = nullptr; // of the same bucket
};

} // namespace tev
