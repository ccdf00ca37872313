// SPDX-License-Identifier: LGPL-3.0-or-later

// A proxy of one thread's context: other threads pass it an immediate with data; the proxy
// calls the handler in the context's thread and frees both there.
//
// Immediate and data become children of a ThreadCall, a talloc chunk without parent: the
// calling thread gives away a whole talloc tree, so two threads never share one.  The pipe
// holds one byte while calls wait, and no more.
//
// A forked child opens a pipe of its own when it first uses the destination.  Calls made
// before that wait for it, as do those that waited at the fork.
//
// A call is freed after its handler returned, with its remaining children.

#pragma once

#include <tevent.h>

#include "src/base/descriptor.hpp"
#include "src/base/fork_lock.hpp"
#include "src/base/list.hpp"
#include "src/base/treiber_stack.hpp"
#include "src/event/immediate_event.hpp"
#include "src/loop/loop.hpp"

namespace tev {

struct ThreadCall : ListNode<ThreadCall> {
    static constexpr const char *kTallocName = "struct tevent_thread_call";

    int on_talloc_free();

    tevent_immediate *immediate = nullptr;
    tevent_immediate_handler_t handler = nullptr;
    void *private_data = nullptr;
    ThreadCall *next_in_transit = nullptr;
};

} // namespace tev

struct tevent_thread_proxy final : tev::ForkObserver {
    static constexpr const char *kTallocName = "struct tevent_thread_proxy";

    int on_talloc_free();

    tevent_context *destination = nullptr;
    tevent_fd *readable = nullptr;
    tev::List<tev::ThreadCall, tev::ThreadCall> accepted; // the destination's thread only

    tev::TreiberStack<tev::ThreadCall> waiting;
    tev::ForkLock lock; // guards the rest
    tev::OwnedDescriptor read_end;
    tev::OwnedDescriptor write_end;
    uint32_t generation = 0; // of the process whose pipe it is
    bool is_going = false;
};

namespace tev {

using ThreadProxy = ::tevent_thread_proxy;

// Null, and errno.
ThreadProxy *make_thread_proxy(Context &destination);
// Any thread.  Takes ownership of both and clears the caller's pointers, or does nothing.
void schedule_through(ThreadProxy &proxy, ImmediateEvent *&im, tevent_immediate_handler_t handler,
                      void **private_data);

} // namespace tev
