// SPDX-License-Identifier: LGPL-3.0-or-later

// Running turns: once, until a condition holds, until nothing is left.
//
// These calls nest when a handler runs the loop again, which is refused unless the
// program has allowed it.  A nesting hook is called at the beginning and the end of each
// and may stop it.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

int run_once(Context &ev, const char *location);
int run_until(Context &ev, bool (*finished)(void *), void *private_data, const char *location);
// As long as the loop has sources.
int run_until_empty(Context &ev, const char *location);

void allow_nesting(Context &ev);
void set_nesting_hook(Context &ev, tevent_nesting_hook hook, void *private_data);

} // namespace tev
