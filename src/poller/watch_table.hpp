// SPDX-License-Identifier: LGPL-3.0-or-later

// Descriptors under watch, one Watch per number.
//
// A Watch holds two masks: the interest that is requested in the descriptor, and
// the interest that is registered with the kernel.  They are made equal right before
// a wait, so changes in between cost nothing.  The generation distinguishes the last
// registration of a number from earlier ones, of this watch or of one that is gone.
// The kernel's reports carry it, so a report about a file that the number does not mean any
// more is recognised instead of believed.
//
// WatchTable finds the watch of a number.  It is a chained hash whose chains
// run through the watches: linking cannot fail.  Growing its buckets may; the
// chains are longer then, nothing else.

#pragma once

#include <cstdint>

#include <talloc.h>

#include "src/base/list.hpp"

namespace tev {

// What may be requested.  An error or a full hang-up is reported under any interest.
enum Interest : uint8_t {
    kReadInterest = 1,
    kWriteInterest = 2,
    kPeerClosedInterest = 4,
};

// What a descriptor is, as the kernel sees it at the wait.
enum Readiness : uint8_t {
    kReadable = 1,
    kWritable = 2,
    kPeerClosed = 4, // the peer will send no more
    kHungUp = 8,
    kFailed = 16,
    kNotOpen = 32, // no open file has this number
};

struct PendingChange;

struct Watch : ListNode<PendingChange> {
    explicit Watch(int number) : fd(number) {}

    // Becomes what `other` is, all but the links.
    void copy_state_of(const Watch &other)
    {
        generation = other.generation;
        requested = other.requested;
        registered = other.registered;
        must_register_again = other.must_register_again;
        poll_index = other.poll_index;
        last_ready = other.last_ready;
    }

    const int fd;
    uint32_t generation = 0;
    uint32_t poll_index = 0;          // PollPoller's
    uint8_t requested = 0;            // set of Interest
    uint8_t registered = 0;           // set of Interest; 0: the kernel has no registration
    bool must_register_again = false; // the kernel may have lost the registration
    uint64_t last_ready = 0;          // PollPoller's
    Watch *next_in_bucket = nullptr;
};

class WatchTable {
public:
    WatchTable() = default;
    WatchTable(const WatchTable &) = delete;
    WatchTable &operator=(const WatchTable &) = delete;

    uint32_t size() const { return size_; }
    Watch *find(int fd) const;
    // There must be none for its number.  Gives the watch a generation.
    void add(Watch &watch);
    // Gives it another one: what was reported about the watch so far is no longer believed.
    void renew_generation(Watch &watch);
    void remove(Watch &watch);
    // Of an empty table.
    void free_buckets();
    // Requires: both are for the same number, and `successor` is in no table.
    void replace(Watch &old, Watch &successor);

    template <class Visit>
    void for_each(Visit visit) const
    {
        for (uint32_t b = 0; b <= mask_; b++) {
            for (Watch *w = buckets_[b]; w != nullptr; w = w->next_in_bucket) {
                visit(*w);
            }
        }
    }

private:
    static constexpr uint32_t kFirstBuckets = 8;

    Watch **bucket_of(int fd) const { return &buckets_[static_cast<uint32_t>(fd) & mask_]; }
    void grow();

    Watch *first_buckets_[kFirstBuckets] = {};
    Watch **buckets_ = first_buckets_;
    uint32_t mask_ = kFirstBuckets - 1;
    uint32_t size_ = 0;
    uint32_t last_generation_ = 0;
};

} // namespace tev
