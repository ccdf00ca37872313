// SPDX-License-Identifier: LGPL-3.0-or-later

// invoke_handler(): the single way into the handler of an event, for all four kinds.
//
// A handler may do anything: free its event, free it with its parent, run the
// loop again and meet the same event, detach everything.  So an event counts the
// handlers that are running for it.  A free meanwhile detaches it at once but only
// marks the memory, which is freed when the last of its handlers has returned
// (on_talloc_free() refuses the free, and talloc moves a refused child to its
// grandparent).
//
// Handlers may also leave by longjmp.  Hence: no local of a calling frame has a
// destructor.  An event whose handler never returned stays marked as running,
// which leaks it at worst; an immediate left like that must not be handed on to
// another thread, because it still knows the frame (ImmediateDelivery).
//
// The order around a handler is the same for all kinds:
//
//   the wrapper is entered, its before hook, BEFORE_HANDLER trace,
//   the handler,
//   the wrapper's after hook, the wrapper is left, the end of the kind
//
// The kinds differ in the hooks and the trace callback, in the handler's arguments,
// and in the end: a timer is freed, an immediate becomes idle.  A small struct per
// kind states that (FdHandler, ...).  A stack trace shows invoke_handler<FdHandler>.
//
// Queue triggers, and callbacks, cleanup and cancel functions of requests are not called through
// this function.  No wrapper hooks surround them, and no event has to outlive them: after such a
// call the library does not touch the request or the entry.

#pragma once

#include <cstdint>

#include <talloc.h>

#include "src/event/callback.hpp"
#include "src/loop/loop.hpp"
#include "src/loop/wrapper_scope.hpp"

namespace tev {

// What the four kinds of event have in common.
struct Source {
    Context *context = nullptr; // main context or wrapper; null: detached
    uint64_t tag = 0;           // the program's own
    uint32_t handlers_running = 0;
    bool freed = false; // freed while a handler is running

    bool is_attached() const { return context != nullptr; }
    // Requires: attached.
    Loop &loop() const { return *context->loop; }
};

// The reason reaches tevent_abort(), unless `chunk` is being freed as part of
// a parent that is being freed: that is not a second free by the program.
void check_double_free(TALLOC_CTX *chunk, const char *reason);

// The first half of an event's talloc destructor.
enum class Free {
    kNow,   // no handler is running: detach it, let talloc go on
    kLater, // detach it, refuse; it is freed when its handlers have returned
    kTwice, // refuse; it was detached at the first time
};
Free begin_free(Source &source, const char *double_free_reason);

// The end of a handler: releases what was freed meanwhile.  True when the program
// has freed the event; it must not be touched any more then.
template <class Event>
bool end_handler(Event &event)
{
    event.handlers_running--;
    if (!event.freed) {
        return false;
    }
    if (event.handlers_running == 0) {
        talloc_free(&event);
    }
    return true;
}

// Requires: the event is attached.  True when the event is gone afterwards.
//
// Kind has
//   kBefore, kAfter  the wrapper's hooks (members of tevent_wrapper_ops)
//   kTrace           the trace callback (member of TraceHooks)
//   call()           calls the handler; returns the event for the after hook, or
//                    null when another thread owns it by now
//   end()            does what follows the hooks; its value is invoke_handler()'s
template <class Kind, class Event, class... Particulars>
[[gnu::always_inline]] inline bool invoke_handler(Kind kind, Event &event, Particulars... particulars)
{
    Context *context = event.context;
    WrapperScope *wrapper = context->wrapper;
    Loop &loop = *context->loop;
    Context *main = &loop.main;
    const char *name = event.callback.name;
    const char *location = event.callback.location;
    const bool entered = wrapper != nullptr && wrapper->enter(location);

    event.handlers_running++;
    if (wrapper != nullptr) {
        (wrapper->ops->*Kind::kBefore)(context, wrapper->state, main, &event, particulars..., name, location);
    }
    (loop.trace.*Kind::kTrace)(&event, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    Event *left = kind.call(context, event, particulars...);
    if (wrapper != nullptr) {
        // The handler of a signal may free the main context of another loop.
        if (context->loop != nullptr) {
            (wrapper->ops->*Kind::kAfter)(context, wrapper->state, main, left, particulars..., name,
                                          location);
        }
        wrapper->leave(entered);
    }
    return kind.end(event);
}

} // namespace tev
