// SPDX-License-Identifier: LGPL-3.0-or-later

// Call flow: the callback of a thread.

#include "compat/exports.hpp"

#include "src/async/request.hpp"

extern "C" {

void tevent_thread_call_depth_set_callback(tevent_call_depth_callback_t f, void *private_data)
{
    tev::set_call_flow(f, private_data);
}

void _tevent_thread_call_depth_reset_from_req(tevent_req *req, const char *fname)
{
    tev::report_call_flow(TEVENT_CALL_FLOW_REQ_RESET, req, req->call_depth, fname);
}

void tevent_thread_call_depth_reset_from_req(tevent_req *req)
{
    _tevent_thread_call_depth_reset_from_req(req, nullptr);
}

// Compat: superseded by the callback; exported for programs that still call them.

void tevent_thread_call_depth_activate(size_t *) {}

void tevent_thread_call_depth_deactivate(void) {}

void tevent_thread_call_depth_start(tevent_req *) {}

} // extern "C"
