// SPDX-License-Identifier: LGPL-3.0-or-later

// WrapperScope: what a wrapper context adds around the handlers of its events.
//
// The scope is entered before such a handler and left after it.  The wrapper's hooks are
// called, and the wrapper takes a place on the process's stack of uses.  The stack is
// bounded, and uses must be strictly nested; tevent_context_push_use() takes a place on
// the same stack.
//
// A wrapper that is freed while it is in use is released when the use ends.

#pragma once

#include <cstdint>

#include <tevent.h>

#include "src/base/logger.hpp"
#include "src/loop/handle.hpp"

struct tevent_wrapper_ops; // in tevent.h for those who ask for the deprecated part

namespace tev {

struct WrapperScope {
    explicit WrapperScope(Context &wrapper) : context(wrapper) {}

    bool is_busy() const { return in_use || handlers_running != 0; }
    // At the end of a use: releases a wrapper that was freed meanwhile.
    void release();

    // Around a handler.  False: no place on the stack (an abort function
    // returned), which leave() has to know.
    bool enter(const char *location);
    void leave(bool entered);

    Context &context;
    const tevent_wrapper_ops *ops = nullptr;
    void *state = nullptr;
    bool in_use = false;           // has a place on the stack
    bool freed = false;            // while it is busy
    uint32_t handlers_running = 0; // with or without a place
    // Compat: W4, set and returned, without effect on anything.
    uint32_t wait_timeout_s = 0;
    tevent_debug_level max_debug_level = TEVENT_DEBUG_FATAL;
};

// The stack of uses.  False: misuse, after which the program's abort function has returned.
bool push_use(Context &context, const char *location);
bool pop_use(Context &context, const char *location);

} // namespace tev
