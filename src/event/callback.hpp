// SPDX-License-Identifier: LGPL-3.0-or-later

// A handler with its argument, and the two strings by which logs and traces identify it.
//
// The C interface passes these four as separate parameters.  The tables of functions and compat/ turn
// them into a Callback, and all other code passes that.

#pragma once

#include <tevent.h>

namespace tev {

template <class Function>
struct Callback {
    Function function = nullptr;
    void *private_data = nullptr;
    const char *name = nullptr;     // as the caller wrote it
    const char *location = nullptr; // of the call that passed the handler in
};

using FdCallback = Callback<tevent_fd_handler_t>;
using TimerCallback = Callback<tevent_timer_handler_t>;
using ImmediateCallback = Callback<tevent_immediate_handler_t>;
using SignalCallback = Callback<tevent_signal_handler_t>;

} // namespace tev
