// SPDX-License-Identifier: LGPL-3.0-or-later

// An immediate: a handler that runs in the next turns, first scheduled first.
//
// The object is the caller's and is used again and again.  It is
//
//   idle        scheduled nowhere
//   in transit  handed over by another thread, not yet taken by the loop's
//   waiting     on its loop's list
//   delivering  off the list, its handler runs; still attached
//
// and may be rescheduled from its own handler (delivering -> idle ->
// waiting), so what is undone after a handler is what that delivery began and
// nothing newer.
//
// In transit nobody but the inbox may touch it: the object belongs to the
// thread that will take it.  That thread is not in a forked child, where what was
// in transit at the fork is idle.  A handler may hand its own running immediate on
// to another thread, or end the life of what it is part of; `deliveries` leads
// to the frames that are then no longer to touch it.

#pragma once

#include <cstdint>

#include <tevent.h>

#include "src/base/fork.hpp"
#include "src/base/list.hpp"
#include "src/event/invoke_handler.hpp"

namespace tev {

// One handler call in progress, in its caller's frame.
struct ImmediateDelivery {
    ImmediateDelivery *outer = nullptr;
    bool disowned = false;
};

} // namespace tev

struct tevent_immediate final : tev::Source, tev::ListNode<tev::InLoop> {
    static constexpr const char *kTallocName = "struct tevent_immediate";

    enum class State : uint8_t { kIdle, kInTransit, kWaiting, kDelivering };

    int on_talloc_free();

    State state = State::kIdle;
    uint32_t transit_generation = 0; // of the process in which it is in transit
    tev::ImmediateCallback callback;
    tev::ImmediateDelivery *deliveries = nullptr; // innermost first
    tevent_immediate *next_in_transit = nullptr;
    tevent_context *destination = nullptr; // in transit only
};

namespace tev {

using ImmediateEvent = ::tevent_immediate;

ImmediateEvent *make_immediate(TALLOC_CTX *parent);

// Cancels what it was scheduled for, then waits on `ev`; a null handler
// leaves it idle.
void schedule_immediate(ImmediateEvent &im, Context &ev, const ImmediateCallback &callback);
// Makes it idle, wherever it was.  False: misuse, it was freed already.
bool cancel_immediate(ImmediateEvent &im);
// Off its loop, in whatever list it is.
void detach(ImmediateEvent &im);

// Runs the handler; true when the event is gone afterwards.  Nothing, and
// false, when it is not waiting.
bool invoke_immediate_handler(ImmediateEvent &im);
// The first one that waits; false when there is none.  For the turn: its only caller, so it is inlined there.
bool deliver_first_immediate(Loop &loop);

// Before the immediate goes to another thread, or its memory goes with what it
// is part of: off its loop, and from now on no frame of this thread touches it.
void disown(ImmediateEvent &im);

// The debug message for one that comes from another thread and is to be scheduled.
void trace_taken_over(const Loop &loop, const ImmediateEvent &im);

// Makes all that wait in the inbox idle; from then on the inbox is this process's.
void return_all_in_transit(ImmediateInbox &inbox);

} // namespace tev
