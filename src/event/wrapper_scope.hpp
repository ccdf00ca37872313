// SPDX-License-Identifier: LGPL-3.0-or-later

// What surrounds a handler that runs on behalf of a wrapper context.
//
// A wrapper context has no loop; its events live in the main context's
// SourceSet and point to the wrapper's scope.  Before such a handler the scope
// is entered, after it left: the wrapper's hooks run, and the wrapper takes a
// place on the process's stack of uses.  The stack is bounded and has to be
// left in the order in which it was entered; a context takes its place with
// tevent_context_push_use() in the same way.
//
// A wrapper that is freed while it is in use goes when the use ends.

#pragma once

#include <cstdint>

#include <tevent.h>

#include "src/base/report.hpp"

struct tevent_wrapper_ops; // in tevent.h for those who ask for the deprecated part

namespace tev {

class SourceSet;
struct WrapperScope;

// Whose events they are: a main context's own, or those of one of its wrappers.
struct Scope {
    SourceSet *set = nullptr;           // where they are
    WrapperScope *of_wrapper = nullptr; // null: the main context's own
};

struct WrapperScope : Scope {
    tevent_context *wrapper = nullptr; // what handlers get
    tevent_context *main = nullptr;    // null once it is gone
    const Report *report = nullptr;    // the main context's; null once it is gone
    const tevent_wrapper_ops *ops = nullptr;
    void *state = nullptr;
    bool in_use = false;           // has a place on the stack
    uint32_t handlers_running = 0; // with or without a place
    bool freed = false;            // while it is busy

    bool is_busy() const { return in_use || handlers_running != 0; }
    // At the end of a use: lets a wrapper go that was freed meanwhile.
    void release();

    // Around a handler.  False: no place on the stack (an abort function
    // returned), which leave() has to know.
    bool enter(const char *location);
    void leave(bool entered);
};

// The stack of uses.  `scope` is null for a main context.  False: misuse, the
// program's abort function was called, and `report` (may be null) told why.
bool push_use(tevent_context *context, WrapperScope *scope, const Report *report, const char *location);
bool pop_use(tevent_context *context, WrapperScope *scope, const Report *report, const char *location);

} // namespace tev
