// SPDX-License-Identifier: LGPL-3.0-or-later

// The infos of one signal's arrivals, between signal handlers and a loop.
//
// Handlers, in any thread and several at once, reserve a position, write the
// info and publish it; one loop claims what is whole, in the order of the
// positions, and releases it when every listener was told.  Positions only
// grow; a position's slot is position % kSlots.

#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "src/event/signal_arrivals.hpp"

namespace tev::signals {

struct InfoRing {
    static constexpr uint32_t kSlots = 4 * kInfosBeforeBlocking;
    // The rest is the loop thread's: what is sent on to it finds room there, and
    // need not be sent on once more, past what came after it.
    static constexpr uint32_t kSlotsForAll = 3 * kInfosBeforeBlocking;

    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the info is written before it is published
    struct Slot {
        std::atomic<uint32_t> published{0}; // position + 1 once the info is in
        siginfo_t info;
    };

    std::atomic<uint32_t> reserved{0}; // by signal handlers
    std::atomic<uint32_t> released{0}; // by the loop: up to here slots are free
    uint32_t claimed = 0;              // by the loop: up to here listeners may be told
    Slot slots[kSlots];

    Slot &slot_of(uint32_t position) { return slots[position % kSlots]; }
    bool is_published(uint32_t position) { return slot_of(position).published.load() == position + 1; }

    bool reserve(uint32_t *position, uint32_t limit)
    {
        uint32_t next = reserved.load();
        do {
            if (next - released.load() >= limit) {
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

    bool is_nearly_full() const { return reserved.load() - released.load() >= kInfosBeforeBlocking; }

    bool is_full() const { return reserved.load() - released.load() >= kSlots; }

    // When no handler runs any more: those that never got to publish would hold
    // up all that come later.  How many infos are whole and not claimed.
    uint32_t close_gaps()
    {
        uint32_t end = claimed;
        for (uint32_t position = claimed; position != reserved.load(); position++) {
            if (!is_published(position)) {
                continue;
            }
            if (position != end) {
                slot_of(position).published.store(0);
                publish(end, slot_of(position).info);
            }
            end++;
        }
        reserved.store(end);
        return end - claimed;
    }
};

} // namespace tev::signals
