// SPDX-License-Identifier: LGPL-3.0-or-later

// A context: the C handle through which programs reach a loop.
//
// A main context owns its loop.  A wrapper borrows the loop of its main context
// and adds hooks around the handlers of its events (wrapper_scope.hpp).  Both are one
// talloc chunk (MainContext, WrapperContext in src/context/).
//
// An event belongs to a context and reaches its loop through that.  Code that treats main
// contexts and wrappers alike uses `loop` and does not ask which of the two it has.
//
// All code adds events and runs turns through `ops`, the library's own uses included: a
// program may have replaced any of these functions.

#pragma once

#include <tevent.h>

#include "src/base/list.hpp"

struct tevent_threaded_context;

namespace tev {

class Loop;
struct OfContext;
struct WrapperScope;

// Notified, once, when the context is about to be freed or loses its main context.
struct ContextObserver : ListNode<ContextObserver> {
    void (*context_gone)(ContextObserver &) = nullptr;
};

} // namespace tev

struct tevent_context {
    bool is_wrapper() const { return wrapper != nullptr; }

    const tevent_ops *ops = nullptr;
    void *additional_data = nullptr;      // the table's business
    tev::Loop *loop = nullptr;            // null: a wrapper whose main context is freed
    tev::WrapperScope *wrapper = nullptr; // null: a main context
    tev::List<tevent_threaded_context, tev::OfContext> threaded_contexts;
    tev::List<tev::ContextObserver, tev::ContextObserver> observers;
};

namespace tev {

using Context = ::tevent_context;

} // namespace tev
