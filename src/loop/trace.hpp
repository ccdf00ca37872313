// SPDX-License-Identifier: LGPL-3.0-or-later

// Trace callbacks of a context, and the call flow of requests in a thread.
//
// An unused trace point costs one predictable branch.  A callback may only read and set
// tags, so it cannot change the state around the call.

#pragma once

#include <atomic>
#include <cstddef>

#include <tevent.h>

namespace tev {

// One callback with its private data; callable whether set or not.
template <class Fn>
struct Hook {
    Fn fn = nullptr;
    void *private_data = nullptr;

    bool is_set() const { return fn != nullptr; }

    template <class... Args>
    void operator()(Args... args) const
    {
        if (fn != nullptr) [[unlikely]] {
            fn(args..., private_data);
        }
    }
};

// The trace callbacks of one context.
struct TraceHooks {
    Hook<tevent_trace_callback_t> point;
    Hook<tevent_trace_fd_callback_t> fd;
    Hook<tevent_trace_signal_callback_t> signal;
    Hook<tevent_trace_timer_callback_t> timer;
    Hook<tevent_trace_immediate_callback_t> immediate;
    Hook<tevent_trace_queue_callback_t> queue;
};

// Sets the call flow callback of the calling thread; null: none.  The previous callback first
// gets a RESET.
[[gnu::noinline]] void set_call_flow(tevent_call_depth_callback_t callback, void *private_data);

// True once any thread has set a callback.  Programs that never do need not access
// thread-local storage.
extern std::atomic<bool> g_call_flow_in_use;
[[gnu::noinline]] void invoke_call_flow_callback(tevent_thread_call_depth_cmd command, tevent_req *req,
                                                 size_t depth, const char *name);

inline bool call_flow_in_use()
{
    return g_call_flow_in_use.load(std::memory_order_relaxed);
}

inline void report_call_flow(tevent_thread_call_depth_cmd command, tevent_req *req, size_t depth,
                             const char *name)
{
    if (call_flow_in_use()) [[unlikely]] {
        invoke_call_flow_callback(command, req, depth, name);
    }
}

} // namespace tev
