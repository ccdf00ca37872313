// SPDX-License-Identifier: LGPL-3.0-or-later

// Detaching many sources at once: all of a loop, or all of one wrapper.
//
// Each is traced as detached (Compat: D7, those of a freed wrapper too), stays valid memory, and its
// handler is not called any more.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

// Also closes the poller and the wake-up.  Immediates in the inbox become idle.
void detach_all_sources(Loop &loop);
// Except fds: the context's table has to see that they lose their flags.
void detach_sources_of_wrapper(Loop &loop, const Context &wrapper);

} // namespace tev
