// SPDX-License-Identifier: LGPL-3.0-or-later

// A ring of the siginfos of one signal, from signal handlers to a loop.
//
// A signal handler reserves a position, writes the siginfo and publishes it; several may
// do so at once, in any thread.  A loop claims published positions in order, and releases
// them when every listener has got them.  Positions only grow; the slot of a position is
// position % kSlots.
//
// A position that is reserved but not published holds up all later ones until its
// handler has written it.  In a forked child the other threads' handlers do not run:
// positions that the parent had reserved but not published are dead, and are skipped.
//
// All zeros is an empty ring.

#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "src/base/fork.hpp"

namespace tev::signals {

struct InfoRing {
    static constexpr uint32_t kBeforeBlocking = 256;
    static constexpr uint32_t kSlots = 16 * kBeforeBlocking;
    // The rest is reserved for the loop's thread, where the signal is blocked before that is full.
    static constexpr uint32_t kSlotsForAll = 15 * kBeforeBlocking;

    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the info is written before it is published
    struct Slot {
        std::atomic<uint32_t> published{0}; // position + 1 once the info is in
        siginfo_t info;
    };

    std::atomic<uint32_t> reserved{0}; // by signal handlers
    std::atomic<uint32_t> released{0}; // by the loop: up to here slots are free
    std::atomic<uint32_t> claimed{0};  // by the loop: up to here listeners get infos
    // A short fork generation, and in the lower half the position up to which its parent had reserved.
    std::atomic<uint32_t> inherited{0};
    Slot slots[kSlots];

    Slot &slot_of(uint32_t position) { return slots[position % kSlots]; }
    bool is_published(uint32_t position) { return slot_of(position).published.load() == position + 1; }

    bool reserve(uint32_t *position, uint32_t limit)
    {
        note_generation();
        uint32_t next = reserved.load();
        do {
            // `released` was read later than `next`, and may have passed it.
            if (static_cast<int32_t>(next - released.load()) >= static_cast<int32_t>(limit)) {
                return false;
            }
        } while (!reserved.compare_exchange_weak(next, next + 1));
        *position = next;
        return true;
    }

    void publish(uint32_t position, const siginfo_t &arrival)
    {
        Slot &slot = slot_of(position);
        slot.info = arrival;
        slot.published.store(position + 1);
    }

    // Returns the number of arrivals claimed.
    uint32_t claim()
    {
        note_generation();
        uint32_t arrivals = 0;
        uint32_t position = claimed.load();
        while (position != reserved.load()) {
            const bool whole = is_published(position);
            if (!whole && !is_dead(position)) {
                break;
            }
            if (claimed.compare_exchange_strong(position, position + 1)) {
                arrivals += whole;
                position++;
            }
        }
        if (arrivals != 0) {
            forget_dead_up_to(position);
        }
        return arrivals;
    }

    bool is_nearly_full() const { return in_use() >= kBeforeBlocking; }
    bool is_full() const { return in_use() >= kSlots; }

private:
    static constexpr uint32_t kPosition = 0xffff;
    static_assert(kSlots <= kPosition);

    // Signal handlers and the loop may read the two in the middle of a change.
    uint32_t in_use() const
    {
        const uint32_t first = released.load();
        return reserved.load() - first;
    }

    static uint32_t inherited_up_to(uint32_t position)
    {
        return static_cast<uint32_t>(short_fork_generation()) << 16 | (position & kPosition);
    }

    // Comes before any reservation in a process.  Where several do it at once, one of them wins,
    // before the others reserve.
    void note_generation()
    {
        uint32_t noted = inherited.load();
        if ((noted >> 16) != short_fork_generation()) {
            inherited.compare_exchange_strong(noted, inherited_up_to(reserved.load()));
        }
    }

    bool is_dead(uint32_t position) const
    {
        const uint32_t ahead = (inherited.load() - position) & kPosition;
        return ahead != 0 && ahead <= kSlots;
    }

    // Keeps the distance in is_dead() from wrapping around.
    void forget_dead_up_to(uint32_t position)
    {
        uint32_t noted = inherited.load();
        if (((noted - position) & kPosition) > kSlots) {
            inherited.compare_exchange_strong(noted, inherited_up_to(position));
        }
    }
};

} // namespace tev::signals
