// SPDX-License-Identifier: LGPL-3.0-or-later

// Requests: creating, setting up, querying, receiving.  Finishing them: finishing.cpp.

#include "requests.hpp"

#include <regex>
#include <string>

#include "world.hpp"

namespace diff {

namespace {

struct State {
    RequestSlot *slot;
    uint32_t serial;
};

// Pointers have many digits, error codes few; a location is ours or inside the library.
std::string canonical(const char *printed)
{
    static const std::regex pointer("0x[0-9a-f]{6,}");
    const std::string text = std::regex_replace(printed, pointer, "POINTER");
    return canonical_location(text);
}

int state_goes(State *state)
{
    RequestSlot &req = *state->slot;
    if (req.serial == state->serial) {
        req.state = nullptr;
    }
    say("%s state goes", req.name);
    return 0;
}

RequestSlot *any_request(const Step &s)
{
    return usable(g_world->requests, s[0]);
}

void *request_parent(uint8_t choice, const char **name, const RequestSlot **above)
{
    *above = nullptr;
    if (choice % 3 == 0) {
        if (void *state = state_of_request(choice / 3, above)) {
            *name = (*above)->name;
            return state;
        }
    }
    void *mem_ctx = parent(choice, name);
    return mem_ctx != nullptr ? mem_ctx : g_world->root;
}

void prepare(RequestSlot &req, const RequestSlot *above, bool made_by_library)
{
    reserve(req, kNone);
    req.made_by_library = made_by_library;
    req.state = nullptr;
    req.deferred_on = req.home = kNone;
    req.depth = above != nullptr ? above->depth + 1 : 0;
    g_world->creating = &req;
}

void req_create(const Step &s)
{
    RequestSlot *req = vacant(g_world->requests, s[0]);
    if (req == nullptr) {
        return;
    }
    const char *parent_name;
    const RequestSlot *above;
    void *mem_ctx = request_parent(s[1], &parent_name, &above);
    prepare(*req, above, false);
    say("%s = req parent=%s", req->name, parent_name);
    State *state = nullptr;
    tevent_req *ptr;
    if (g_api.is_ours && s[2] % 2 == 0) {
        masked(Known::kR14);
        ptr =
            CALL(__tevent_req_create)(mem_ctx, &state, sizeof(State), "struct State", "req_create", "create");
    } else {
        ptr = CALL(_tevent_req_create)(mem_ctx, &state, sizeof(State), "struct State", "create");
    }
    g_world->creating = nullptr;
    if (!made(*req, ptr)) {
        return;
    }
    say("%s %s %d %d zeroed=%d", talloc_get_name(ptr), talloc_get_name(state), talloc_parent(ptr) == mem_ctx,
        talloc_parent(state) == ptr, state->slot == nullptr && state->serial == 0);
    *state = {req, req->serial};
    req->state = state;
    talloc_set_destructor(state, state_goes);
}

void wakeup_send(const Step &s)
{
    RequestSlot *req = vacant(g_world->requests, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    if (req == nullptr || ctx == nullptr) {
        return;
    }
    const char *parent_name;
    const RequestSlot *above;
    void *mem_ctx = request_parent(s[3], &parent_name, &above);
    prepare(*req, above, true);
    const timeval when = time_of(main_of(*ctx), s[2] % 15);
    say("%s = wakeup %s parent=%s", req->name, ctx->name, parent_name);
    tevent_req *ptr = CALL(tevent_wakeup_send)(mem_ctx, pointer(*ctx), when);
    g_world->creating = nullptr;
    if (made(*req, ptr)) {
        say("%s %s", talloc_get_name(ptr), talloc_get_name(CALL(_tevent_req_data)(ptr)));
    }
}

void wakeup_recv(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req != nullptr && req->made_by_library && req->queue_wait == kNone) {
        say("wakeup_recv %s -> %d", req->name, CALL(tevent_wakeup_recv)(pointer(*req)));
    }
}

void on_request(tevent_req *ptr)
{
    const Hook &hook = *static_cast<Hook *>(CALL(_tevent_req_callback_data)(ptr));
    RequestSlot &req = *static_cast<RequestSlot *>(hook.object);
    say("%s called back: %d in progress=%d", req.name, ptr == req.ptr, CALL(tevent_req_is_in_progress)(ptr));
    req.deferred_on = kNone;
    HandlerCall call(hook);
    run_script(hook.script);
}

void req_callback(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr || (req->pinned != 0 && g_world->in_cleanup != 0)) {
        return;
    }
    const tevent_req_fn fn = s[1] % 16 == 15 ? nullptr : on_request;
    say("callback %s %d", req->name, fn != nullptr);
    Hook *hook = new_hook(req, &s.script);
    if (g_api.is_ours && s[1] % 2 == 0) {
        masked(Known::kR14);
        CALL(_tevent_req_set_callback)(pointer(*req), fn, "on_request", hook);
    } else {
        CALL(tevent_req_set_callback)(pointer(*req), fn, hook);
    }
    req->named_callback = g_api.is_ours && s[1] % 2 == 0;
}

// Where the hook of a cleanup or cancel function is: in the slot.
void on_cleanup(tevent_req *ptr, tevent_req_state state)
{
    RequestSlot *req = find(g_world->requests, ptr);
    if (req == nullptr || req->cleanup == nullptr) {
        say("cleanup of an unknown request");
        return;
    }
    say("%s cleans up: state=%d", req->name, state);
    req->pinned++;
    g_world->in_cleanup++;
    {
        HandlerCall call(*req->cleanup);
        run_script(req->cleanup->script);
    }
    g_world->in_cleanup--;
    req->pinned--;
}

void req_cleanup(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr || req->made_by_library || g_world->in_cleanup != 0 ||
        (req->state == nullptr && avoid(Known::kR7))) {
        return;
    }
    const tevent_req_cleanup_fn fn = s[1] % 8 == 7 ? nullptr : on_cleanup;
    say("cleanup_fn %s %d", req->name, fn != nullptr);
    req->cleanup = new_hook(req, &s.script);
    if (g_api.is_ours && s[1] % 2 == 0) {
        masked(Known::kR14);
        CALL(_tevent_req_set_cleanup_fn)(pointer(*req), fn, "on_cleanup");
    } else {
        CALL(tevent_req_set_cleanup_fn)(pointer(*req), fn);
    }
}

bool on_cancel(tevent_req *ptr)
{
    RequestSlot *req = find(g_world->requests, ptr);
    const Hook &hook = *req->cancel;
    say("%s is cancelled", req->name);
    HandlerCall call(hook);
    run_script(hook.script);
    return hook.detail % 2 == 0;
}

void req_cancel_fn(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr || req->made_by_library) {
        return;
    }
    const tevent_req_cancel_fn fn = s[1] % 8 == 7 ? nullptr : on_cancel;
    say("cancel_fn %s %d", req->name, fn != nullptr);
    req->cancel = new_hook(req, &s.script, s[2]);
    if (g_api.is_ours && s[1] % 2 == 0) {
        masked(Known::kR14);
        CALL(_tevent_req_set_cancel_fn)(pointer(*req), fn, "on_cancel");
    } else {
        CALL(tevent_req_set_cancel_fn)(pointer(*req), fn);
    }
}

char *on_print(tevent_req *ptr, TALLOC_CTX *mem_ctx)
{
    const RequestSlot *req = find(g_world->requests, ptr);
    return talloc_asprintf(mem_ctx, "printed %s", req != nullptr ? req->name : "unknown");
}

void req_print_fn(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req != nullptr && !req->made_by_library) {
        say("print_fn %s", req->name);
        CALL(tevent_req_set_print_fn)(pointer(*req), s[1] % 4 == 3 ? nullptr : on_print);
    }
}

void req_print(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr) {
        return;
    }
    char *text = CALL(tevent_req_print)(g_world->root, pointer(*req));
    say("print %s", canonical(text).c_str());
    talloc_free(text);
    text = CALL(tevent_req_default_print)(pointer(*req), g_world->root);
    say("print %s", canonical(text).c_str());
    talloc_free(text);
    text = CALL(tevent_req_print)(g_world->root, nullptr);
    say("print %s", text);
    talloc_free(text);
}

void req_ask(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr) {
        return;
    }
    tevent_req_state state = TEVENT_REQ_INIT;
    uint64_t error = 12345;
    const bool is_error = CALL(tevent_req_is_error)(pointer(*req), &state, &error);
    say("ask %s: error=%d state=%d code=%llu in progress=%d data=%d", req->name, is_error, state,
        static_cast<unsigned long long>(error), CALL(tevent_req_is_in_progress)(pointer(*req)),
        CALL(_tevent_req_data)(pointer(*req)) != nullptr);
}

void req_free(const Step &s)
{
    if (RequestSlot *req = any_request(s)) {
        free_object(*req);
    }
}

// The state's children are freed with it.
void req_received(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr || req->pinned != 0 ||
        (req->reentered && req->running > 0 && avoid(Known::kD5Reentry))) {
        return; // the immediate that calls back is freed with it
    }
    void *state = CALL(_tevent_req_data)(pointer(*req));
    if (state != nullptr && has_pinned_below(state)) {
        return;
    }
    say("received %s", req->name);
    CALL(tevent_req_received)(pointer(*req));
}

void on_call_flow(void *private_data, tevent_thread_call_depth_cmd cmd, tevent_req *ptr, size_t depth,
                  const char *name)
{
    World &w = *g_world;
    expect(private_data == &w, "the call flow's private data");
    if (cmd == TEVENT_CALL_FLOW_REQ_RESET) {
        expect(w.resetting_depth || (ptr == nullptr && depth == 0), "depth 0 at a reset");
        return;
    }
    const RequestSlot *req = cmd == TEVENT_CALL_FLOW_REQ_CREATE ? w.creating : find(w.requests, ptr);
    if (req == nullptr) {
        return; // it is being freed, after its lifeline
    }
    if (cmd == TEVENT_CALL_FLOW_REQ_NOTIFY_CB) {
        expect(depth == (req->depth > 0 ? req->depth - 1 : 0), "the depth of a callback");
        expect((name != nullptr) == req->named_callback, "the name of a callback");
        return;
    }
    expect(depth == req->depth, "the depth of a request");
}

void call_flow(const Step &s)
{
    World &w = *g_world;
    static size_t depth;
    if (!g_api.is_ours) {
        CALL(tevent_thread_call_depth_activate)(&depth);
        CALL(tevent_thread_call_depth_deactivate)();
        return;
    }
    masked(Known::kO6);
    CALL(tevent_thread_call_depth_activate)(&depth);
    CALL(tevent_thread_call_depth_deactivate)();
    w.call_flow = s[0] % 4 != 0;
    CALL(tevent_thread_call_depth_set_callback)(w.call_flow ? on_call_flow : nullptr, &w);
}

void call_flow_reset(const Step &s)
{
    RequestSlot *req = any_request(s);
    if (req == nullptr) {
        return;
    }
    g_world->resetting_depth = true;
    CALL(tevent_thread_call_depth_start)(pointer(*req));
    CALL(tevent_thread_call_depth_reset_from_req)(pointer(*req));
    if (g_api.is_ours) {
        CALL(_tevent_thread_call_depth_reset_from_req)(pointer(*req), "call_flow_reset");
    }
    g_world->resetting_depth = false;
}

const Op kOps[] = {
    {"req_create", "slot parent how", false, 14, req_create},
    {"req_callback", "slot how", true, 12, req_callback},
    {"req_cleanup", "slot how", true, 5, req_cleanup},
    {"req_cancel_fn", "slot how result", true, 4, req_cancel_fn},
    {"req_print_fn", "slot how", false, 1, req_print_fn},
    {"req_print", "slot", false, 2, req_print},
    {"req_ask", "slot", false, 5, req_ask},
    {"req_free", "slot", false, 8, req_free},
    {"req_received", "slot", false, 4, req_received},
    {"wakeup_send", "slot context when parent", false, 3, wakeup_send},
    {"wakeup_recv", "slot", false, 2, wakeup_recv},
    {"call_flow", "off", false, 2, call_flow},
    {"call_flow_reset", "slot", false, 1, call_flow_reset},
};

} // namespace

const Room kRequestRoom = {kOps, std::size(kOps)};

void *state_of_request(uint8_t from, const RequestSlot **slot)
{
    RequestSlot *req = usable(g_world->requests, from);
    if (req == nullptr || req->state == nullptr) {
        return nullptr;
    }
    *slot = req;
    return req->state;
}

std::string canonical_location(const std::string &text)
{
    static const std::regex inside("[^\\[ ]*\\.(c|cpp):[0-9]+");
    std::smatch found;
    if (!std::regex_search(text, found, inside) || !masked(Known::kD2)) {
        return text;
    }
    return std::regex_replace(text, inside, "library");
}

void prepare_request(RequestSlot &req, const RequestSlot *above)
{
    prepare(req, above, true);
}

void request_gone(RequestSlot &req)
{
    req.state = nullptr;
    req.cleanup = req.cancel = nullptr;
    req.queue_wait = kNone;
}

void stop_call_flow()
{
    if (g_api.is_ours && g_world->call_flow) {
        CALL(tevent_thread_call_depth_set_callback)(nullptr, nullptr);
    }
}

} // namespace diff
