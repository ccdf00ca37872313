// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/request.hpp"

#include <cerrno>

#include "src/base/talloc_object.hpp"
#include "src/base/timeval.hpp"
#include "src/context/run.hpp"

namespace tev {

namespace {

// Compat: O8, logs show these names.  The first is also the finish location of a request that
// timed out.
constexpr const char *kEndTimeHandlerName = "tevent_req_timedout";
constexpr const char *kTriggerHandlerName = "tevent_req_trigger";

// The request whose state is this talloc parent; null: the parent is no request's state.  It is
// recognised by the address of its name: another copy of tevent in the process gives the
// same name to other structs.
Request *parent_request(TALLOC_CTX *parent)
{
    void *above = talloc_parent(parent);
    const bool is_request = above != nullptr && talloc_get_name(above) == Request::kTallocName;
    return is_request ? static_cast<Request *>(above) : nullptr;
}

void call_cleanup(Request &req)
{
    if (req.state <= req.cleaned_up_for) {
        return;
    }
    report_call_flow(TEVENT_CALL_FLOW_REQ_CLEANUP, &req, req.call_depth, req.cleanup_name);
    if (req.cleanup_fn != nullptr) {
        req.cleaned_up_for = req.state;
        req.cleanup_fn(&req, req.state);
    }
}

// With the arguments of this call: a cleanup function may have finished the request again
// meanwhile, and stopped the profile with other values.
void stop_profile(Request &req, tevent_req_state state, const char *location)
{
    RequestProfile *profile = req.profile;
    if (profile == nullptr) {
        return;
    }
    profile->state = state;
    profile->user_error = req.error;
    set_stop(*profile, location, current_time());
    if (profile->parent != nullptr) {
        (void)talloc_move(profile->parent, &req.profile);
    }
}

// Null when out of memory.
RequestProfile *begin_profile(Request &req)
{
    RequestProfile *profile = make_profile(&req);
    const char *name = req.data != nullptr ? talloc_get_name(req.data) : req.data_type;
    if (profile == nullptr || !set_name(*profile, name) ||
        !set_start(*profile, req.create_location, current_time())) {
        talloc_free(profile);
        return nullptr;
    }
    return profile;
}

void finish_request_again(tevent_context *, tevent_immediate *, void *private_data)
{
    Request &req = *static_cast<Request *>(private_data);
    finish_request(req, req.state, req.finish_location);
}

// The trigger is a child of the request, created at the first use.  It has a destructor of its
// own, so it is detached even if the program has removed the request's destructor.  If
// memory is short the spare one is used.
void make_trigger(Request &req)
{
    if (req.trigger == &req.spare_trigger && !req.spare_trigger.is_attached()) {
        ImmediateEvent *own = make_immediate(&req);
        if (own != nullptr) {
            req.trigger = own;
        }
    }
}

void free_trigger(Request &req)
{
    if (req.trigger != &req.spare_trigger) {
        talloc_free(req.trigger);
    }
    req.trigger = nullptr;
    disown(req.spare_trigger);
}

void end_time_reached(tevent_context *, tevent_timer *, timeval, void *private_data)
{
    finish_request(*static_cast<Request *>(private_data), TEVENT_REQ_TIMED_OUT, kEndTimeHandlerName);
}

} // namespace

Request *make_request(TALLOC_CTX *parent, void *pstate, size_t state_size, const char *state_type,
                      const char *function, const char *location)
{
    constexpr size_t kSubobjects = 1; // the state
    // Together with talloc's reserve for headers this has room for one more child: the
    // trigger, the end timer, a queue entry, or a small child of the program's, whichever
    // comes first.  The original leaves as much.
    constexpr size_t kRoom = 48;
    void *chunk =
        _talloc_pooled_object(parent, sizeof(Request), Request::kTallocName, kSubobjects, state_size + kRoom);
    if (chunk == nullptr) {
        return nullptr;
    }
    auto *req = new (chunk) Request;
    req->create_location = location;
    req->data_type = state_type;
    req->data = _talloc_zero(req, state_size, state_type);
    if (req->data == nullptr) {
        talloc_free(req);
        return nullptr;
    }
    hook_talloc_free(req);

    if (Request *above = parent_request(parent)) {
        req->call_depth = above->call_depth + 1;
        if (above->profile != nullptr) {
            req->profile = begin_profile(*req);
            if (req->profile == nullptr) {
                talloc_free(req);
                return nullptr;
            }
            above->profile->link_last(*req->profile);
        }
    }
    *static_cast<void **>(pstate) = req->data;
    report_call_flow(TEVENT_CALL_FLOW_REQ_CREATE, req, req->call_depth, function);
    return req;
}

void finish_request(Request &req, tevent_req_state state, const char *location)
{
    reset_end_time(req);
    req.state = state;
    req.finish_location = location;
    call_cleanup(req);
    stop_profile(req, state, location);
    notify_callback(req, location);
}

bool finish_with_error(Request &req, uint64_t error, const char *location)
{
    if (error == 0) {
        return false;
    }
    req.error = error;
    finish_request(req, TEVENT_REQ_USER_ERROR, location);
    return true;
}

void notify_callback(Request &req, const char *location)
{
    req.finish_location = location;
    if (req.defer_to != nullptr) {
        Context &ev = *req.defer_to;
        req.defer_to = nullptr;
        post_request(req, ev);
        return;
    }
    if (req.callback != nullptr) {
        const size_t depth = req.call_depth > 0 ? req.call_depth - 1 : 0;
        report_call_flow(TEVENT_CALL_FLOW_REQ_NOTIFY_CB, &req, depth, req.callback_name);
        req.callback(&req);
    }
}

void post_request(Request &req, Context &ev)
{
    if (req.trigger == nullptr) {
        return;
    }
    make_trigger(req);
    ev.ops->schedule_immediate(req.trigger, &ev, finish_request_again, &req, kTriggerHandlerName,
                               __location__);
}

void receive_request(Request &req)
{
    req.print_fn = nullptr;
    set_cancel(req, nullptr, nullptr);
    free_trigger(req);
    reset_end_time(req);
    req.state = TEVENT_REQ_RECEIVED;
    call_cleanup(req);
    talloc_free(req.data);
    req.data = nullptr;
}

void set_cleanup(Request &req, tevent_req_cleanup_fn fn, const char *name)
{
    req.cleaned_up_for = req.state;
    req.cleanup_fn = fn;
    req.cleanup_name = fn != nullptr ? name : nullptr;
}

void set_cancel(Request &req, tevent_req_cancel_fn fn, const char *name)
{
    req.cancel_fn = fn;
    req.cancel_name = fn != nullptr ? name : nullptr;
}

bool cancel_request(Request &req)
{
    report_call_flow(TEVENT_CALL_FLOW_REQ_CANCEL, &req, req.call_depth, req.cancel_name);
    return req.cancel_fn != nullptr && req.cancel_fn(&req);
}

bool set_end_time(Request &req, Context &ev, timeval when)
{
    reset_end_time(req);
    req.end_timer =
        ev.ops->add_timer(&ev, &req, when, end_time_reached, &req, kEndTimeHandlerName, __location__);
    if (req.end_timer == nullptr) {
        finish_request(req, TEVENT_REQ_NO_MEMORY, __location__);
        return false;
    }
    return true;
}

void reset_end_time(Request &req)
{
    if (req.end_timer != nullptr) {
        talloc_free(req.end_timer);
        req.end_timer = nullptr;
    }
}

Request *send_wakeup(TALLOC_CTX *parent, Context &ev, timeval when)
{
    void *state = nullptr;
    Request *req = make_request(parent, &state, sizeof(timeval), "struct tevent_wakeup_state",
                                "tevent_wakeup_send", __location__);
    if (req != nullptr && !set_end_time(*req, ev, when)) {
        post_request(*req, ev);
    }
    return req;
}

bool run_until_finished(Request &req, Context &ev)
{
    while (req.is_in_progress()) {
        if (run_once(ev, __location__) != 0) {
            return false;
        }
    }
    return true;
}

char *print_request(Request &req, TALLOC_CTX *parent)
{
    return talloc_asprintf(
        parent, "tevent_req[%p/%s]: state[%d] error[%lld (0x%llX)]  state[%s (%p)] timer[%p] finish[%s]",
        static_cast<void *>(&req), req.create_location, req.state, static_cast<long long>(req.error),
        static_cast<unsigned long long>(req.error), req.data_type, req.data,
        static_cast<void *>(req.end_timer), req.finish_location);
}

bool start_profile(Request &req)
{
    if (req.profile != nullptr) {
        finish_with_error(req, EINVAL, __location__);
        return false;
    }
    req.profile = begin_profile(req);
    if (req.profile == nullptr) {
        finish_request(req, TEVENT_REQ_NO_MEMORY, __location__);
        return false;
    }
    return true;
}

RequestProfile *take_profile(Request &req, TALLOC_CTX *parent)
{
    return talloc_move(parent, &req.profile);
}

} // namespace tev

int tevent_req::on_talloc_free()
{
    if (state != TEVENT_REQ_RECEIVED) {
        tev::receive_request(*this);
    }
    return 0;
}
