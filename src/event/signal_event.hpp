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
#include "src/event/handler_frame.hpp"
#include "src/event/signal_arrivals.hpp"

namespace tev {
struct InSet;
}

struct tevent_signal final : tev::Source, tev::ListNode<tev::InSet>, tev::SignalListener {
    static constexpr const char *kTallocName = "struct tevent_signal";

    int on_talloc_free();

    tev::SignalCallback callback_;
    int signum_ = 0;
    int sa_flags_ = 0;
};

namespace tev {

using SignalEvent = ::tevent_signal;

// The set's wake-up is open.  Null, and errno: EINVAL, ENOMEM, or sigaction(2)'s.
SignalEvent *add_signal_event(SourceSet &set, TALLOC_CTX *parent, int signum, int sa_flags,
                              const SignalCallback &callback);
void cut_loose(SignalEvent &se);

// One handler call; true when the event is gone afterwards (freed by its
// handler, or one-shot).
bool invoke(SignalEvent &se, int signum, int count, void *siginfo);

// Works off what has arrived, for all contexts.  False when nothing had.
bool run_pending_signals();

} // namespace tev
