// SPDX-License-Identifier: LGPL-3.0-or-later

// How requests finish.

#include "requests.hpp"

#include <cerrno>

#include "world.hpp"

namespace diff {

namespace {

RequestSlot *own_request(const Step &s)
{
    RequestSlot *req = usable(g_world->requests, s[0]);
    if (req == nullptr || req->made_by_library || g_world->in_cleanup != 0) {
        return nullptr;
    }
    return req->state == nullptr && avoid(Known::kR7) ? nullptr : req;
}

void req_done(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("done %s", req->name);
        CALL(_tevent_req_done)(pointer(*req), "done");
    }
}

void req_error(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("error %s %d", req->name, s[1] % 4);
        say("error -> %d", CALL(_tevent_req_error)(pointer(*req), s[1] % 4, "error"));
    }
}

void req_nomem(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("nomem %s %d", req->name, s[1] % 4 == 0);
        const void *p = s[1] % 4 == 0 ? req->ptr : nullptr;
        say("nomem -> %d", CALL(_tevent_req_nomem)(p, pointer(*req), "nomem"));
    }
}

void req_oom(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("oom %s", req->name);
        CALL(_tevent_req_oom)(pointer(*req), "oom");
    }
}

void req_post(const Step &s)
{
    RequestSlot *req = own_request(s);
    ContextSlot *ctx = context_for_events(s[1]);
    if (req != nullptr && ctx != nullptr && !changes_home(&req->home, *ctx)) {
        say("post %s %s", req->name, ctx->name);
        say("post -> %d", CALL(tevent_req_post)(pointer(*req), pointer(*ctx)) == req->ptr);
    }
}

void req_defer(const Step &s)
{
    RequestSlot *req = own_request(s);
    ContextSlot *ctx = context_for_events(s[1]);
    if (req != nullptr && ctx != nullptr && !changes_home(&req->home, *ctx)) {
        say("defer %s %s", req->name, ctx->name);
        CALL(tevent_req_defer_callback)(pointer(*req), pointer(*ctx));
        req->deferred_on = slot_of_context(*ctx);
    }
}

void req_notify(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("notify %s", req->name);
        CALL(_tevent_req_notify_callback)(pointer(*req), "notify");
    }
}

void req_cancel(const Step &s)
{
    RequestSlot *req = usable(g_world->requests, s[0]);
    if (req != nullptr && g_world->in_cleanup == 0) {
        say("cancel %s", req->name);
        say("cancel -> %d", CALL(_tevent_req_cancel)(pointer(*req), "cancel"));
    }
}

void req_set_endtime(const Step &s)
{
    RequestSlot *req = own_request(s);
    ContextSlot *ctx = context_for_events(s[1]);
    if (req != nullptr && ctx != nullptr) {
        say("set_endtime %s %s", req->name, ctx->name);
        say("set_endtime -> %d",
            CALL(tevent_req_set_endtime)(pointer(*req), pointer(*ctx), time_of(main_of(*ctx), s[2] % 16)));
    }
}

void req_reset_endtime(const Step &s)
{
    if (RequestSlot *req = own_request(s)) {
        say("reset_endtime %s", req->name);
        CALL(tevent_req_reset_endtime)(pointer(*req));
    }
}

void end_of_poll(tevent_context *, tevent_timer *, timeval, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    RequestSlot &req = *static_cast<RequestSlot *>(hook.object);
    g_world->poll_guard = nullptr;
    say("end of poll %s", req.name);
    g_world->draining++; // its callback does nothing any more
    CALL(_tevent_req_error)(pointer(req), EIO, "end of poll");
    g_world->draining--;
}

void req_poll(const Step &s)
{
    World &w = *g_world;
    RequestSlot *req = own_request(s);
    ContextSlot *ctx = main_context(s[1]);
    if (req == nullptr || ctx == nullptr || ctx->loops != 0 || ctx->pinned != 0 || w.poll_guard != nullptr ||
        w.loops.size() > 2) {
        return;
    }
    if ((in_signal_handler() && avoid(Known::kS4)) || (has_pushed_wrapper(*ctx) && avoid(Known::kW3))) {
        return;
    }
    say("poll %s %s", req->name, ctx->name);
    w.poll_guard =
        CALL(_tevent_add_timer)(pointer(*ctx), nullptr, in_us(ctx, (s[2] % 4 + 1) * int64_t{20000}),
                                end_of_poll, new_hook(req, nullptr), "end_of_poll", "poll");
    req->pinned++;
    ctx->pinned++;
    ctx->loops++;
    w.loops.push_back(slot_of_context(*ctx));
    g_log.indent();
    const bool result = CALL(tevent_req_poll)(pointer(*req), pointer(*ctx));
    g_log.outdent();
    w.loops.pop_back();
    ctx->loops--;
    ctx->pinned--;
    req->pinned--;
    say("poll -> %d", result);
    talloc_free(w.poll_guard);
    w.poll_guard = nullptr;
}

const Op kOps[] = {
    {"req_done", "slot", false, 8, req_done},
    {"req_error", "slot code", false, 4, req_error},
    {"req_nomem", "slot how", false, 2, req_nomem},
    {"req_oom", "slot", false, 1, req_oom},
    {"req_post", "slot context", false, 5, req_post},
    {"req_defer", "slot context", false, 4, req_defer},
    {"req_notify", "slot", false, 2, req_notify},
    {"req_cancel", "slot", false, 4, req_cancel},
    {"req_set_endtime", "slot context when", false, 5, req_set_endtime},
    {"req_reset_endtime", "slot", false, 1, req_reset_endtime},
    {"req_poll", "slot context guard", false, 3, req_poll},
};

} // namespace

const Room kFinishRoom = {kOps, std::size(kOps)};

} // namespace diff
