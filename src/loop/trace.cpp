// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/trace.hpp"

namespace tev {

constinit std::atomic<bool> g_call_flow_in_use{false};

namespace {

// Only functions that are not inlined access it: cmake/thread_local.cmake.
constinit thread_local tevent_thread_call_depth_state t_call_flow = {nullptr, nullptr};

} // namespace

void invoke_call_flow_callback(tevent_thread_call_depth_cmd command, tevent_req *req, size_t depth,
                               const char *name)
{
    if (t_call_flow.cb != nullptr) {
        t_call_flow.cb(t_call_flow.cb_private, command, req, depth, name);
    }
}

void set_call_flow(tevent_call_depth_callback_t callback, void *private_data)
{
    invoke_call_flow_callback(TEVENT_CALL_FLOW_REQ_RESET, nullptr, 0,
                              "tevent_thread_call_depth_set_callback");
    t_call_flow = {callback, private_data};
    if (callback != nullptr) {
        g_call_flow_in_use.store(true, std::memory_order_relaxed);
    }
}

} // namespace tev
