// SPDX-License-Identifier: LGPL-3.0-or-later

// A wrapper: a second context that shares one loop (deprecated, still used).
//
// Its table adds events to the main context and then makes them the wrapper's; the
// wrapper's hooks are called around their handlers (WrapperScope).  A wrapper may outlive its
// main context; it has no loop then.
//
// Compat: D5, an exported helper (tevent_common_add_timer() and the like) that is called with a wrapper
// attaches the event to the shared loop as well, where the original leaves it on lists that no
// loop serves.

#pragma once

#include "src/loop/loop.hpp"
#include "src/loop/wrapper_scope.hpp"

namespace tev {

struct WrapperContext final : Context, ListNode<OfLoop> {
    static constexpr const char *kTallocName = "struct tevent_context";

    WrapperContext() : scope(*this) { wrapper = &scope; }
    int on_talloc_free();

    WrapperScope scope;
};

// Null, and errno EINVAL (main is a wrapper or allows nesting) or ENOMEM.
Context *make_wrapper(Context &main, TALLOC_CTX *parent, const tevent_wrapper_ops &ops, void *pstate,
                      size_t state_size, const char *state_type);
// Disconnects threaded contexts and notifies observers of all wrappers.  Call it before the main
// context's sources, and the wrappers' with them, are detached.
void notify_users_of_wrappers(const Loop &loop);
// Takes the loop from all wrappers.  Call it after that.
void detach_wrappers(Loop &loop);

bool push_context_use(Context &ev, const char *location);
void pop_context_use(Context &ev, const char *location);

} // namespace tev
