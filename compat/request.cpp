// SPDX-License-Identifier: LGPL-3.0-or-later

// Requests.

#include "compat/exports.hpp"

#include "src/async/request.hpp"

extern "C" {

tevent_req *__tevent_req_create(TALLOC_CTX *mem_ctx, void *pstate, size_t state_size, const char *type,
                                const char *func, const char *location)
{
    return tev::make_request(mem_ctx, pstate, state_size, type, func, location);
}

tevent_req *_tevent_req_create(TALLOC_CTX *mem_ctx, void *pstate, size_t state_size, const char *type,
                               const char *location)
{
    return tev::make_request(mem_ctx, pstate, state_size, type, nullptr, location);
}

void _tevent_req_set_callback(tevent_req *req, tevent_req_fn fn, const char *fn_name, void *pvt)
{
    req->callback = fn;
    req->callback_name = fn_name;
    req->callback_data = pvt;
}

void tevent_req_set_callback(tevent_req *req, tevent_req_fn fn, void *pvt)
{
    _tevent_req_set_callback(req, fn, nullptr, pvt);
}

void *_tevent_req_callback_data(tevent_req *req)
{
    return req->callback_data;
}

void *_tevent_req_data(tevent_req *req)
{
    return req->data;
}

void tevent_req_set_print_fn(tevent_req *req, tevent_req_print_fn fn)
{
    req->print_fn = fn;
}

char *tevent_req_default_print(tevent_req *req, TALLOC_CTX *mem_ctx)
{
    return tev::print_request(*req, mem_ctx);
}

char *tevent_req_print(TALLOC_CTX *mem_ctx, tevent_req *req)
{
    if (req == nullptr) {
        return talloc_strdup(mem_ctx, "tevent_req[NULL]");
    }
    return req->print_fn != nullptr ? req->print_fn(req, mem_ctx) : tev::print_request(*req, mem_ctx);
}

void _tevent_req_set_cancel_fn(tevent_req *req, tevent_req_cancel_fn fn, const char *fn_name)
{
    tev::set_cancel(*req, fn, fn_name);
}

void tevent_req_set_cancel_fn(tevent_req *req, tevent_req_cancel_fn fn)
{
    tev::set_cancel(*req, fn, nullptr);
}

bool _tevent_req_cancel(tevent_req *req, const char *)
{
    return tev::cancel_request(*req);
}

void _tevent_req_set_cleanup_fn(tevent_req *req, tevent_req_cleanup_fn fn, const char *fn_name)
{
    tev::set_cleanup(*req, fn, fn_name);
}

void tevent_req_set_cleanup_fn(tevent_req *req, tevent_req_cleanup_fn fn)
{
    tev::set_cleanup(*req, fn, nullptr);
}

bool tevent_req_set_endtime(tevent_req *req, tevent_context *ev, timeval endtime)
{
    return tev::set_end_time(*req, *ev, endtime);
}

void tevent_req_reset_endtime(tevent_req *req)
{
    tev::reset_end_time(*req);
}

void _tevent_req_notify_callback(tevent_req *req, const char *location)
{
    tev::notify_callback(*req, location);
}

void _tevent_req_done(tevent_req *req, const char *location)
{
    tev::finish_request(*req, TEVENT_REQ_DONE, location);
}

bool _tevent_req_error(tevent_req *req, uint64_t error, const char *location)
{
    return tev::finish_with_error(*req, error, location);
}

void _tevent_req_oom(tevent_req *req, const char *location)
{
    tev::finish_request(*req, TEVENT_REQ_NO_MEMORY, location);
}

bool _tevent_req_nomem(const void *p, tevent_req *req, const char *location)
{
    if (p != nullptr) {
        return false;
    }
    _tevent_req_oom(req, location);
    return true;
}

tevent_req *tevent_req_post(tevent_req *req, tevent_context *ev)
{
    tev::post_request(*req, *ev);
    return req;
}

void tevent_req_defer_callback(tevent_req *req, tevent_context *ev)
{
    req->defer_to = ev;
}

bool tevent_req_is_in_progress(tevent_req *req)
{
    return req->is_in_progress();
}

bool tevent_req_poll(tevent_req *req, tevent_context *ev)
{
    return tev::run_until_finished(*req, *ev);
}

bool tevent_req_is_error(tevent_req *req, tevent_req_state *state, uint64_t *error)
{
    if (req->state == TEVENT_REQ_DONE) {
        return false;
    }
    if (req->state == TEVENT_REQ_USER_ERROR) {
        *error = req->error;
    }
    *state = req->state;
    return true;
}

void tevent_req_received(tevent_req *req)
{
    tev::receive_request(*req);
}

tevent_req *tevent_wakeup_send(TALLOC_CTX *mem_ctx, tevent_context *ev, timeval wakeup_time)
{
    return tev::send_wakeup(mem_ctx, *ev, wakeup_time);
}

bool tevent_wakeup_recv(tevent_req *req)
{
    return tev::end_time_was_reached(*req);
}

} // extern "C"
