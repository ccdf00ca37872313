// SPDX-License-Identifier: LGPL-3.0-or-later

// A signal event: told from the loop about arrivals of one signal.
//
// A turn of any loop works off the arrivals of all signals, for the events of
// all contexts; within a signal the newest event comes first.  Handlers add and
// free events meanwhile: new ones are in front of where the working-off is, so
// they are not met, and after a removal the place is found again by sequence
// number instead of by a saved pointer.

#pragma once

#include <tevent.h>

#include "src/base/list.hpp"
#include "src/event/invoke_handler.hpp"
#include "src/signal/signal_arrivals.hpp"

struct tevent_signal final : tev::Source, tev::ListNode<tev::InLoop>, tev::SignalListener {
    static constexpr const char *kTallocName = "struct tevent_signal";

    int on_talloc_free();

    tev::SignalCallback callback;
    int signum = 0;
    int sa_flags = 0;
};

namespace tev {

using SignalEvent = ::tevent_signal;

// Requires: the wake-up of the loop is open.  Null, and errno: EINVAL, ENOMEM, or sigaction(2)'s.
SignalEvent *add_signal_event(Context &ev, TALLOC_CTX *parent, int signum, int sa_flags,
                              const SignalCallback &callback);
void detach(SignalEvent &se);

// One handler call; true when the event is gone afterwards (freed by its
// handler, or one-shot).
bool invoke_signal_handler(SignalEvent &se, int signum, int count, void *siginfo);

// Works off what has arrived, for all contexts.  False when nothing had.
bool deliver_pending_signals();

} // namespace tev
