// SPDX-License-Identifier: LGPL-3.0-or-later

// A signal event: its handler is called from the loop after arrivals of one signal.
//
// A turn of any loop delivers the arrivals of all signals, to the events of all
// contexts; within a signal the newest event comes first.  Handlers may add and free
// events meanwhile.  New ones are ahead of the current position, so this delivery does not
// reach them.  After a removal the position is found by sequence number, not by a
// saved pointer.

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

// One handler call.  True when the event is freed afterwards: by its handler, or
// because it is one-shot.
bool invoke_signal_handler(SignalEvent &se, int signum, int count, void *siginfo);

// Delivers all arrivals, for all contexts.  False when there were none.
bool deliver_pending_signals();

} // namespace tev
