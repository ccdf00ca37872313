// SPDX-License-Identifier: LGPL-3.0-or-later

// Detaching many sources at once: all of a loop, or all of one wrapper.
//
// Each is traced as detached, stays valid memory, and its handler is not called any more.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

// Also closes what the loop waits with.  Immediates in the inbox become idle.
void detach_all_sources(Loop &loop);
// But for fds: their loss of flags has to go through the context's table.
void detach_sources_of_wrapper(Loop &loop, const Context &wrapper);

} // namespace tev
