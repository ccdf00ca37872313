// SPDX-License-Identifier: LGPL-3.0-or-later

// What one loop has to look after: its sources, and the means to wait for them.
//
// A context embeds one.  Events link themselves into it and out of it; they
// know it and not the context.  A source that is in none of these lists has a
// null `scope_`, and the other way round.
//
// A forked child uses an inherited set only after `generation` was brought up to
// date: see renew_after_fork() in the loop room.
//
// What the set allocates for itself has no talloc parent: a program may free
// the context's children before the context (Samba's forked servers do).

#pragma once

#include <cstddef>

#include "src/base/report.hpp"
#include "src/event/fd_event.hpp"
#include "src/event/immediate_event.hpp"
#include "src/event/signal_event.hpp"
#include "src/event/timer_event.hpp"
#include "src/event/trace.hpp"
#include "src/poller/multiplexer.hpp"
#include "src/poller/wakeup.hpp"

namespace tev {

class SourceSet {
public:
    explicit SourceSet(tevent_context *handle) : own_scope{this, nullptr}, context(handle), multiplexer(report) {}
    SourceSet(const SourceSet &) = delete;
    SourceSet &operator=(const SourceSet &) = delete;

    Scope own_scope;               // of the events that are no wrapper's
    tevent_context *const context; // what handlers are given
    Report report;
    TraceHooks trace;
    Multiplexer multiplexer;
    Wakeup wakeup;
    FdEvent *wakeup_event = nullptr; // where the multiplexer is not in use
    // Other threads add sources while this loop waits (the program holds a
    // lock of its own outside the wait): they end the wait.
    bool wake_on_change = false;

    List<FdEvent, InSet> fds;                          // newest first
    size_t armed_fds = 0;                              // of those, the ones whose flags are not 0
    TimerQueue timers;                                 // set aside: those whose handlers run
    List<ImmediateEvent, InSet> immediates;            // in scheduled order
    List<ImmediateEvent, InSet> delivering_immediates; // their handlers run
    ImmediateInbox inbox;
    uint32_t generation = fork_generation(); // of the process that all of this is ready for
    List<SignalEvent, InSet> signals;        // newest first

    void note_change()
    {
        if (wake_on_change) [[unlikely]] {
            wakeup.wake();
        }
    }

    // 0 or an errno value; 0 when it is open already.
    int open_wakeup();
    // Something that keeps a loop waiting for it.
    bool has_sources() const;
    // Every source leaves, each with its trace; no handler of it runs again.
    // What waits in the inbox becomes idle.
    void cut_all_loose();
    // The same for the sources of one wrapper, but for its fds: their loss of flags
    // has to go through the context's table.
    void cut_loose_those_of(const WrapperScope &wrapper);

    bool is_valid() const { return timers.is_valid() && multiplexer.is_valid(); }

    bool is_linked_in_process = false; // link_set()
    SourceSet *next_in_process = nullptr;
    SourceSet *prev_in_process = nullptr;
};

// The earliest timer, if there is one.
inline TimerCheck run_due_timer(SourceSet &set, timeval *span)
{
    auto *te = static_cast<TimerEvent *>(set.timers.earliest());
    return te != nullptr ? run_if_due(*te, span) : TimerCheck::kNone;
}

// The sets of all main contexts of the process, in any thread.  They can be
// found from a static variable, so that a leak checker takes a context that is
// in use at exit for what it is.
void link_set(SourceSet &set);
// Nothing when it is not linked.
void unlink_set(SourceSet &set);

} // namespace tev
