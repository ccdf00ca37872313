// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/request.hpp"

#include <cerrno>

#include "src/base/talloc_object.hpp"
#include "src/base/timeval.hpp"
#include "src/context/run.hpp"

namespace tev {

namespace {

// Compat: the names that logs show of what the library itself runs; the first is
// also the place where a request finished that has timed out.
constexpr const char *kEndTimeHandlerName = "tevent_req_timedout";
constexpr const char *kTriggerHandlerName = "tevent_req_trigger";

// The request below which one with this talloc parent is created: the
// program passes the state of that one.  It is recognised by the address of its name:
// another copy of tevent in the process gives the same name to other structs.
Request *parent_request(TALLOC_CTX *parent)
{
    void *above = talloc_parent(parent);
    const bool is_request = above != nullptr && talloc_get_name(above) == Request::kTallocName;
    return is_request ? static_cast<Request *>(above) : nullptr;
}

void run_cleanup(Request &req)
{
    if (req.state_ <= req.cleaned_up_for_) {
        return;
    }
    note_call_flow(TEVENT_CALL_FLOW_REQ_CLEANUP, &req, req.call_depth_, req.cleanup_name_);
    if (req.cleanup_fn_ != nullptr) {
        req.cleaned_up_for_ = req.state_;
        req.cleanup_fn_(&req, req.state_);
    }
}

// With the state and place of this finishing: a cleanup function may have
// finished the request again meanwhile, and closed the profile with those of its own.
void stop_profile(Request &req, tevent_req_state state, const char *location)
{
    RequestProfile *profile = req.profile_;
    if (profile == nullptr) {
        return;
    }
    profile->state_ = state;
    profile->user_error_ = req.error_;
    set_stop(*profile, location, current_time());
    if (profile->parent_ != nullptr) {
        (void)talloc_move(profile->parent_, &req.profile_);
    }
}

// Null when out of memory.
RequestProfile *begin_profile(Request &req)
{
    RequestProfile *profile = make_profile(&req);
    const char *name = req.data_ != nullptr ? talloc_get_name(req.data_) : req.data_type_;
    if (profile == nullptr || !set_name(*profile, name) ||
        !set_start(*profile, req.create_location_, current_time())) {
        talloc_free(profile);
        return nullptr;
    }
    return profile;
}

void finish_again(tevent_context *, tevent_immediate *, void *private_data)
{
    Request &req = *static_cast<Request *>(private_data);
    finish(req, req.state_, req.finish_location_);
}

// A child of the request, made when it is first needed: as a talloc object with
// a destructor of its own it leaves the loop also where the program has taken
// the request's destructor away.  Without memory the spare one serves.
void make_trigger(Request &req)
{
    if (req.trigger_ == &req.spare_trigger_ && !req.spare_trigger_.is_attached()) {
        ImmediateEvent *own = make_immediate(&req);
        if (own != nullptr) {
            req.trigger_ = own;
        }
    }
}

void drop_trigger(Request &req)
{
    if (req.trigger_ != &req.spare_trigger_) {
        talloc_free(req.trigger_);
    }
    req.trigger_ = nullptr;
    let_go(req.spare_trigger_);
}

void end_time_reached(tevent_context *, tevent_timer *, timeval, void *private_data)
{
    finish(*static_cast<Request *>(private_data), TEVENT_REQ_TIMED_OUT, kEndTimeHandlerName);
}

} // namespace

Request *make_request(TALLOC_CTX *parent, void *pstate, size_t state_size, const char *state_type,
                      const char *function, const char *location)
{
    constexpr size_t kSubobjects = 1; // the state
    // With what talloc reserves for headers this is room for one more child: the
    // trigger, the end timer, a queue entry, or a small one of the program's,
    // whichever comes first; the original leaves as much.
    constexpr size_t kRoom = 48;
    void *chunk =
        _talloc_pooled_object(parent, sizeof(Request), Request::kTallocName, kSubobjects, state_size + kRoom);
    if (chunk == nullptr) {
        return nullptr;
    }
    auto *req = new (chunk) Request;
    req->create_location_ = location;
    req->data_type_ = state_type;
    req->data_ = _talloc_zero(req, state_size, state_type);
    if (req->data_ == nullptr) {
        talloc_free(req);
        return nullptr;
    }
    hook_talloc_free(req);

    if (Request *above = parent_request(parent)) {
        req->call_depth_ = above->call_depth_ + 1;
        if (above->profile_ != nullptr) {
            req->profile_ = begin_profile(*req);
            if (req->profile_ == nullptr) {
                talloc_free(req);
                return nullptr;
            }
            above->profile_->link_last(*req->profile_);
        }
    }
    *static_cast<void **>(pstate) = req->data_;
    note_call_flow(TEVENT_CALL_FLOW_REQ_CREATE, req, req->call_depth_, function);
    return req;
}

void finish(Request &req, tevent_req_state state, const char *location)
{
    reset_end_time(req);
    req.state_ = state;
    req.finish_location_ = location;
    run_cleanup(req);
    stop_profile(req, state, location);
    notify_callback(req, location);
}

bool finish_with_error(Request &req, uint64_t error, const char *location)
{
    if (error == 0) {
        return false;
    }
    req.error_ = error;
    finish(req, TEVENT_REQ_USER_ERROR, location);
    return true;
}

void notify_callback(Request &req, const char *location)
{
    req.finish_location_ = location;
    if (req.defer_to_ != nullptr) {
        Context &ev = *req.defer_to_;
        req.defer_to_ = nullptr;
        post(req, ev);
        return;
    }
    if (req.callback_ != nullptr) {
        const size_t depth = req.call_depth_ > 0 ? req.call_depth_ - 1 : 0;
        note_call_flow(TEVENT_CALL_FLOW_REQ_NOTIFY_CB, &req, depth, req.callback_name_);
        req.callback_(&req);
    }
}

void post(Request &req, Context &ev)
{
    if (req.trigger_ == nullptr) {
        return;
    }
    make_trigger(req);
    ev.ops->schedule_immediate(req.trigger_, &ev, finish_again, &req, kTriggerHandlerName, __location__);
}

void receive(Request &req)
{
    req.print_fn_ = nullptr;
    set_cancel(req, nullptr, nullptr);
    drop_trigger(req);
    reset_end_time(req);
    req.state_ = TEVENT_REQ_RECEIVED;
    run_cleanup(req);
    talloc_free(req.data_);
    req.data_ = nullptr;
}

void set_cleanup(Request &req, tevent_req_cleanup_fn fn, const char *name)
{
    req.cleaned_up_for_ = req.state_;
    req.cleanup_fn_ = fn;
    req.cleanup_name_ = fn != nullptr ? name : nullptr;
}

void set_cancel(Request &req, tevent_req_cancel_fn fn, const char *name)
{
    req.cancel_fn_ = fn;
    req.cancel_name_ = fn != nullptr ? name : nullptr;
}

bool cancel(Request &req)
{
    note_call_flow(TEVENT_CALL_FLOW_REQ_CANCEL, &req, req.call_depth_, req.cancel_name_);
    return req.cancel_fn_ != nullptr && req.cancel_fn_(&req);
}

bool set_end_time(Request &req, Context &ev, timeval when)
{
    reset_end_time(req);
    req.end_timer_ =
        ev.ops->add_timer(&ev, &req, when, end_time_reached, &req, kEndTimeHandlerName, __location__);
    if (req.end_timer_ == nullptr) {
        finish(req, TEVENT_REQ_NO_MEMORY, __location__);
        return false;
    }
    return true;
}

void reset_end_time(Request &req)
{
    if (req.end_timer_ != nullptr) {
        talloc_free(req.end_timer_);
        req.end_timer_ = nullptr;
    }
}

Request *send_wakeup(TALLOC_CTX *parent, Context &ev, timeval when)
{
    void *state = nullptr;
    Request *req = make_request(parent, &state, sizeof(timeval), "struct tevent_wakeup_state",
                                "tevent_wakeup_send", __location__);
    if (req != nullptr && !set_end_time(*req, ev, when)) {
        post(*req, ev);
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

char *print(Request &req, TALLOC_CTX *parent)
{
    return talloc_asprintf(
        parent, "tevent_req[%p/%s]: state[%d] error[%lld (0x%llX)]  state[%s (%p)] timer[%p] finish[%s]",
        static_cast<void *>(&req), req.create_location_, req.state_, static_cast<long long>(req.error_),
        static_cast<unsigned long long>(req.error_), req.data_type_, req.data_,
        static_cast<void *>(req.end_timer_), req.finish_location_);
}

bool start_profile(Request &req)
{
    if (req.profile_ != nullptr) {
        finish_with_error(req, EINVAL, __location__);
        return false;
    }
    req.profile_ = begin_profile(req);
    if (req.profile_ == nullptr) {
        finish(req, TEVENT_REQ_NO_MEMORY, __location__);
        return false;
    }
    return true;
}

RequestProfile *take_profile(Request &req, TALLOC_CTX *parent)
{
    return talloc_move(parent, &req.profile_);
}

} // namespace tev

int tevent_req::on_talloc_free()
{
    if (state_ != TEVENT_REQ_RECEIVED) {
        tev::receive(*this);
    }
    return 0;
}
