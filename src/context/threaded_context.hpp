// SPDX-License-Identifier: LGPL-3.0-or-later

// Lets other threads schedule immediates on a context; the loop's thread accepts
// them at its next turn.
//
// The lock guards the pointer to the context during a call from another thread.
// Disconnecting (the context, the threaded context or the wrapper is freed) takes the lock,
// so it waits for a call in progress, and later calls find no context.  In a forked child
// an inherited threaded context counts as disconnected: the threads that use it do not exist
// there.

#pragma once

#include <tevent.h>

#include "src/base/fork_lock.hpp"
#include "src/base/list.hpp"
#include "src/event/callback.hpp"
#include "src/loop/loop.hpp"

struct tevent_threaded_context final : tev::ListNode<tev::OfContext> {
    static constexpr const char *kTallocName = "struct tevent_threaded_context";

    int on_talloc_free();

    tev::ForkLock lock;
    const uint32_t generation = tev::fork_generation(); // of the process in which it works
    tevent_context *context = nullptr;                  // main context or wrapper; null: disconnected
};

namespace tev {

using ThreadedContext = ::tevent_threaded_context;

// Null, and errno: the wake-up's error, or ENOMEM.
ThreadedContext *make_threaded_context(TALLOC_CTX *parent, Context &ev);
// Any thread.  Nothing happens when it is disconnected.  Requires: `im` is idle (abort()).
void schedule_from_other_thread(ThreadedContext &tctx, tevent_immediate &im,
                                const ImmediateCallback &callback);

// The loop's thread.  Appends what other threads scheduled to the immediates, oldest first.
[[gnu::noinline]] void accept_all_threaded_immediates(Loop &loop);
inline void accept_threaded_immediates(Loop &loop)
{
    if (!loop.inbox.empty()) [[unlikely]] {
        accept_all_threaded_immediates(loop);
    }
}
void disconnect_threaded_contexts(Context &ev);
// Makes those on their way to this wrapper idle, and accepts the others.
void return_immediates_for(const Context &wrapper);

} // namespace tev
