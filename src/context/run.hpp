// SPDX-License-Identifier: LGPL-3.0-or-later

// Running turns: once, until a condition holds, until nothing is left.
//
// Each of these is a visit to the loop.  Visits nest when a handler runs the
// loop again, which is refused unless the program has allowed it.  A nesting
// hook may look at the beginning and the end of each visit and stop it.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

int run_once(Context &ev, const char *location);
int run_until(Context &ev, bool (*finished)(void *), void *private_data, const char *location);
// While something keeps the loop waiting.
int run_until_empty(Context &ev, const char *location);

void allow_nesting(Context &ev);
void set_nesting_hook(Context &ev, tevent_nesting_hook hook, void *private_data);

} // namespace tev
