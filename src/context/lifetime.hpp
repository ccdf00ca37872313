// SPDX-License-Identifier: LGPL-3.0-or-later

// Main contexts: how they begin, are set up again, survive a fork, and end.

#pragma once

#include "src/loop/loop.hpp"

namespace tev {

struct MainContext final : Context {
    static constexpr const char *kTallocName = "struct tevent_context";

    MainContext() : own_loop(*this) { loop = &own_loop; }
    int on_talloc_free();

    Loop own_loop;
};

// A main context's oldest child, and so the last of them to be freed.  It detaches
// everything once more: for a context whose destructor the program took
// away, as Samba does in a forked child, and for what other children added on
// their way out (a request's cleanup function).  No list may lead to memory
// that is gone.
struct ContextEnd {
    static constexpr const char *kTallocName = "struct tevent_context_end";

    explicit ContextEnd(Loop &own_loop) : loop(own_loop) {}
    int on_talloc_free();

    Loop &loop;
};

// Null: no memory, or the table's context_init failed.
Context *make_context(TALLOC_CTX *parent, const tevent_ops &ops, void *additional_data);
// Detaches everything and sets the loop up again; context_init's value.
int re_initialise(Context &ev);
// Every source, wrapper and threaded context leaves; the nesting is forgotten.
void detach_all(Loop &loop);
// Calls each observer once.
void notify_observers(Context &ev);

// True, after tevent_abort() and with `error` in errno: the context is a wrapper, which has no loop
// of its own for `call`.
bool refuse_wrapper(const Context &ev, const char *call, int error);

// In a forked child, and where the program has closed the wake-up's number: the
// loop gets descriptors of its own.  Where there are none to be had it runs
// without, and the next call tries again.
[[gnu::cold]] void renew_descriptors(Loop &loop);

// Opens what ends a wait of the loop from a signal handler or another thread.
// 0 or an errno value.
int ensure_wakeup(Loop &loop);

} // namespace tev
