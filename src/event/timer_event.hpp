// SPDX-License-Identifier: LGPL-3.0-or-later

// A timer: one shot at a wall-clock time.
//
// It is in the loop's TimerQueue until its handler starts, on the list of
// running timers until the handler returned, and is freed then.  It counts as
// attached all that time: DETACH is traced when it leaves the second list.

#pragma once

#include <tevent.h>

#include "src/event/invoke_handler.hpp"
#include "src/timer/timer_queue.hpp"

struct tevent_timer final : tev::Source, tev::TimerNode {
    static constexpr const char *kTallocName = "struct tevent_timer";

    int on_talloc_free();

    tev::TimerCallback callback;
};

namespace tev {

using TimerEvent = ::tevent_timer;

// Null when out of memory.
TimerEvent *add_timer_event(Context &ev, TALLOC_CTX *parent, timeval when, const TimerCallback &callback);
// Nothing happens when it is detached or its handler runs.
void update_timer(TimerEvent &te, timeval when);
void detach(TimerEvent &te);

// Calls the handler and frees the timer.  False: it was detached, nothing
// happened.
bool invoke_timer_handler(TimerEvent &te, timeval current_time);

enum class TimerCheck { kDelivered, kNotYet, kNone };
// Delivers it if it is due.  Else kNotYet, and *span is the time until then.
TimerCheck deliver_if_due(TimerEvent &te, timeval *span);

// The earliest timer, if any.
inline TimerCheck deliver_due_timer(Loop &loop, timeval *span)
{
    auto *te = static_cast<TimerEvent *>(loop.timers.earliest());
    return te != nullptr ? deliver_if_due(*te, span) : TimerCheck::kNone;
}

} // namespace tev
