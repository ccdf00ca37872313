// SPDX-License-Identifier: LGPL-3.0-or-later

// Main contexts: creation, re-initialisation, renewal after a fork, end.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

struct MainContext final : Context {
    static constexpr const char *kTallocName = "struct tevent_context";

    MainContext() : own_loop(*this) { loop = &own_loop; }
    int on_talloc_free();

    Loop own_loop;
};

// A main context's oldest child, and so the last child to be freed.  It detaches
// everything once more: in case the program has removed the context's destructor, as
// Samba does in a forked child, and for sources that other children added while they were
// freed (a request's cleanup function).  No list may lead to freed memory.
struct ContextEnd {
    static constexpr const char *kTallocName = "struct tevent_context_end";

    explicit ContextEnd(Loop &own_loop) : loop(own_loop) {}
    int on_talloc_free();

    Loop &loop;
};

// Null: no memory, or the table's context_init failed.
Context *make_context(TALLOC_CTX *parent, const tevent_ops &ops, void *additional_data);
// Detaches everything and initialises the loop again; returns context_init's value.
int re_initialise(Context &ev);
// Detaches every source, wrapper and threaded context, and resets the nesting.
void detach_all(Loop &loop);
// Return the previous value.
uint32_t set_wait_timeout(Context &ev, uint32_t seconds);
tevent_debug_level set_max_debug_level(Context &ev, tevent_debug_level level);
// Calls each observer once.
void notify_observers(Context &ev);

// True: the context is a wrapper, which does not support `call`; the abort function was called, and
// errno is `error`.
bool refuse_wrapper(const Context &ev, const char *call, int error);

// Opens new descriptors for the loop, in a forked child or where the program has closed the
// wake-up's number.  If none are available the loop runs without, and the next call tries
// again.
[[gnu::cold]] void renew_descriptors(Loop &loop);

// Opens the wake-up, unless it is open.  0 or an errno value.
int ensure_wakeup(Loop &loop);

} // namespace tev
