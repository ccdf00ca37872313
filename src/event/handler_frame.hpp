// SPDX-License-Identifier: LGPL-3.0-or-later

// The single way into a handler, shared by the four kinds of event.
//
// A handler may do anything: free its event, free it with its parent, run the
// loop again and meet the same event, cut everything loose.  So an event
// counts the handlers that are running for it; a free meanwhile takes it out
// of the loop at once but only marks the memory, which goes when the last of
// its handlers has returned (on_talloc_free() refuses the free, and talloc
// moves a refused child up to its parent's parent).
//
// Handlers may also leave by longjmp.  Hence: no local of a calling frame has
// a destructor.  An event whose handler never returned stays marked as running,
// which leaks it at worst; an immediate left like that must not be handed on to
// another thread, because it still knows the frame (ImmediateRun).
//
// The order around a handler is the same for all kinds:
//   wrapper's before hook, BEFORE_HANDLER trace, handler, wrapper's after
//   hook, then what follows (DETACH, release)

#pragma once

#include <cstdint>

#include <talloc.h>

#include "src/event/wrapper_scope.hpp"

namespace tev {

class SourceSet;

// What the four kinds of event have in common.
struct Source {
    Scope *scope_ = nullptr; // the loop it belongs to, and on whose behalf; null: cut loose
    void *private_data_ = nullptr;
    const char *handler_name_ = nullptr;
    const char *location_ = nullptr; // of the add or schedule
    uint64_t tag_ = 0;               // the program's own
    uint32_t handlers_running_ = 0;
    bool freed_ = false; // freed while a handler is running

    bool is_attached() const { return scope_ != nullptr; }
    // For those that are attached.
    SourceSet &set() const { return *scope_->set; }
    WrapperScope *wrapper() const { return scope_->of_wrapper; } // null: the main context's own

    tevent_context *context() const;      // what its handlers get; null when cut loose
    tevent_context *main_context() const; // null when cut loose
};

// The reason reaches tevent_abort(), unless `chunk` is being freed as part of
// a parent that is on its way out: that is not the program's second free.
void check_double_free(TALLOC_CTX *chunk, const char *reason);

// First half of an event's talloc destructor.
enum class Free {
    kNow,   // no handler is running: cut it loose, let talloc go on
    kLater, // cut it loose, refuse; it goes when its handlers have returned
    kTwice, // refuse; it was cut loose at the first time
};
Free begin_free(Source &source, const char *double_free_reason);

// The rest of a handler's end: releases what was freed meanwhile.  True when
// the program has freed the event; it must not be touched any more then.
template <class Event>
bool end_handler(Event &event)
{
    event.handlers_running_--;
    if (!event.freed_) {
        return false;
    }
    if (event.handlers_running_ == 0) {
        talloc_free(&event);
    }
    return true;
}

} // namespace tev
