// SPDX-License-Identifier: LGPL-3.0-or-later

// One turn of the loop: at most one event runs.

#pragma once

#include "src/loop/context.hpp"

namespace tev {

// 0, also when nothing was to be done; -1 with errno EAGAIN when the context
// must not block and nothing was ready, ENOMEM when memory for the wait is
// short (nothing is lost, the next turn tries again).
int run_turn(Context &ev);

// Phases that programs call on their own.
bool run_signals(Context &ev);
// The time until the earliest timer, or the wait timeout; zero after a timer ran.
timeval run_timer_or_tell_delay(Context &ev);

} // namespace tev
