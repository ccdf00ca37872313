// SPDX-License-Identifier: LGPL-3.0-or-later

// An immediate: a handler that is called in one of the next turns, first scheduled first.
//
// The object is the caller's and is used again and again.  It is
//
//   idle        scheduled nowhere
//   in transit  handed over by another thread, not yet taken by the loop's
//   waiting     on its loop's list
//   delivering  off the list, its handler runs; still attached
//
// and may be rescheduled from its own handler (delivering -> idle ->
// waiting).  So the end of a handler call undoes only its own delivery, and nothing newer.
//
// In transit only the inbox may access it: it belongs to the thread that will take
// it.  A forked child does not have that thread, so an immediate that was in transit at
// the fork is idle there.  A handler may hand its own running immediate to another thread,
// or free the object that contains it; `deliveries` leads to the frames that must not
// touch it any more.

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
// Makes it idle, whatever its state.  False: misuse, it was freed already.
bool cancel_immediate(ImmediateEvent &im);
// From whatever list it is in.
void detach(ImmediateEvent &im);

// True when the event is freed afterwards.  Nothing happens, and the result is false, when it
// is not waiting.
bool invoke_immediate_handler(ImmediateEvent &im);
// The first one that waits; false when there is none.  The turn is the only caller, so it is inlined there.
bool deliver_first_immediate(Loop &loop);

// Before the immediate moves to another thread, or the object that contains it is freed:
// detaches it, and no frame of this thread touches it any more.
void disown(ImmediateEvent &im);

// The debug message before one from another thread is scheduled.
void trace_taken_over(const Loop &loop, const ImmediateEvent &im);

// Makes all immediates in the inbox idle, and the inbox this process's own.  Compat: D11.
void return_all_in_transit(ImmediateInbox &inbox);

} // namespace tev
