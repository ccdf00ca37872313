// SPDX-License-Identifier: LGPL-3.0-or-later

// One turn of the loop: at most one event is delivered.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

// 0, also when there was nothing to do; -1 with errno EAGAIN when the context
// must not block and nothing was ready, ENOMEM when memory for the wait is
// short (nothing is lost, the next turn tries again).
int run_turn(Loop &loop);

// Phases that programs call on their own.
bool deliver_signals(Loop &loop);
// Returns the time until the earliest timer, or the wait timeout; zero if a timer was delivered.
timeval deliver_timer_or_get_delay(Loop &loop);

} // namespace tev
