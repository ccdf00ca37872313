// SPDX-License-Identifier: LGPL-3.0-or-later

// A proxy of one thread's context: others hand it an immediate with data, it
// runs the handler in its own thread and frees both there.
//
// What is handed over hangs below a ThreadCall, a talloc chunk without parent:
// the calling thread gives its part of the tree away whole, and the two threads
// never share one.  Calls wait in a list under the proxy's lock; the byte in the
// pipe says that the list is not empty.
//
// A call is freed after its handler, with what the handler has left in it.

#pragma once

#include <pthread.h>

#include <tevent.h>

#include "src/base/fork.hpp"
#include "src/base/list.hpp"
#include "src/loop/context.hpp"

namespace tev {

struct ThreadCall : ListNode<ThreadCall> {
    static constexpr const char *kTallocName = "struct tevent_thread_call";

    int on_talloc_free();

    tevent_immediate *immediate_ = nullptr;
    tevent_immediate_handler_t handler_ = nullptr;
    void *private_data_ = nullptr;
};

} // namespace tev

struct tevent_thread_proxy final : tev::ForkObserver {
    static constexpr const char *kTallocName = "struct tevent_thread_proxy";

    int on_talloc_free();

    tevent_context *destination_ = nullptr;
    tevent_fd *readable_ = nullptr;
    tev::List<tev::ThreadCall, tev::ThreadCall> accepted_; // the destination's thread only

    pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER; // guards the rest
    tev::List<tev::ThreadCall, tev::ThreadCall> waiting_;
    int pipe_[2] = {-1, -1}; // read end, write end
    bool going_ = false;
};

namespace tev {

using ThreadProxy = ::tevent_thread_proxy;

// Null, and errno.
ThreadProxy *make_thread_proxy(Context &destination);
// Any thread.  Takes both over and clears the caller's pointers, or does nothing.
void schedule_through(ThreadProxy &proxy, ImmediateEvent *&im, tevent_immediate_handler_t handler,
                      void **private_data);

} // namespace tev
