// SPDX-License-Identifier: LGPL-3.0-or-later

// A wrapper: a second context that shares one loop (deprecated, still used).
//
// Its table adds events to the main context and marks them with the wrapper's
// scope; around their handlers run the wrapper's hooks (WrapperScope).  A
// wrapper outlives its main context as an empty shell.

#pragma once

#include "src/loop/context.hpp"

namespace tev {

// Null, and errno EINVAL (main is a wrapper or allows nesting) or ENOMEM.
Context *make_wrapper(Context &main, TALLOC_CTX *parent, const tevent_wrapper_ops &ops, void *pstate,
                      size_t state_size, const char *state_type);
// A wrapper's talloc destructor.
int free_wrapper(Context &wrapper);
// The main context goes; the wrappers' events go with its own.
void lose_wrappers(Context &main);

bool push_context_use(Context &ev, const char *location);
void pop_context_use(Context &ev, const char *location);

} // namespace tev
