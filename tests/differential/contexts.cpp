// SPDX-License-Identifier: LGPL-3.0-or-later

// Contexts and boxes (talloc parents that can be freed): creating, freeing, re-initialising, querying.

#include <cassert>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "backends.hpp"
#include "world.hpp"

namespace diff {

namespace {

void context_new(const Step &s)
{
    ContextSlot *ctx = vacant(g_world->contexts, s[0] % 3);
    if (ctx == nullptr || ctx->is_wrapper || slot_of_context(*ctx) >= 3) {
        return;
    }
    const int backend = s[1] % kBackends;
    const char *name = kBackendNames[backend];
    reserve(*ctx, kNone);
    ctx->is_wrapper = false;
    ctx->main = kNone;
    ctx->backend = backend;
    ctx->nesting_allowed = ctx->has_hook = ctx->had_proxy = ctx->moved_to_poll = ctx->wakeup_unknown = false;
    ctx->loops = ctx->uses = 0;
    ctx->wait_timeout = 30;
    ctx->guard = nullptr;
    ctx->traced_always = (s[2] & 63) == 63;

    tevent_context *ev;
    switch (s[3] % 4) {
    case 0:
        CALL(tevent_set_default_backend)(name);
        ev = CALL(tevent_context_init)(g_world->root);
        CALL(tevent_set_default_backend)(nullptr);
        break;
    case 1:
        if (backend >= kFirstOwnBackend) {
            ev = CALL(tevent_context_init_ops)(g_world->root, own_table(backend), nullptr);
            break;
        }
        [[fallthrough]];
    default:
        ev = CALL(tevent_context_init_byname)(g_world->root, name);
        break;
    }
    say("%s = context %s", ctx->name, name);
    if (!made(*ctx, ev)) {
        return;
    }
    say("%s %d", talloc_get_name(ev), talloc_parent(ev) == g_world->root);
    set_debug(*ctx, 2);
    set_traces(*ctx, s[2]);
}

void context_free(const Step &s)
{
    if (s[0] % 4 == 0 || g_world->loops.empty()) {
        if (ContextSlot *ctx = usable(g_world->contexts, s[1])) {
            free_object(*ctx);
        }
    }
}

void cut_loose(const ContextSlot &ctx)
{
    const int slot = slot_of_context(ctx);
    const auto forget = [slot](auto &slots) {
        for (auto &object : slots) {
            if (object.taken && object.ctx == slot) {
                object.ctx = kNone;
            }
        }
    };
    World &w = *g_world;
    forget(w.fds);
    forget(w.timers);
    forget(w.immediates);
    forget(w.signals);
    forget(w.threadeds);
    forget(w.proxies);
    for (ImmediateSlot &im : w.immediates) {
        im.scheduled = im.scheduled && im.ctx != kNone;
        im.on_way = im.on_way && im.ctx != kNone;
    }
}

void cut_wrappers_loose(const ContextSlot &ctx)
{
    for (ContextSlot &wrapper : g_world->contexts) {
        if (wrapper.taken && wrapper.is_wrapper && wrapper.main == slot_of_context(ctx)) {
            wrapper.main = kNone;
            cut_loose(wrapper);
        }
    }
}

bool may_lose_everything(ContextSlot &ctx)
{
    World &w = *g_world;
    for (const EntrySlot &entry : w.entries) {
        ContextSlot *of_entry = entry.taken && entry.ctx != kNone ? &w.contexts[entry.ctx] : nullptr;
        const bool concerned = of_entry != nullptr && (of_entry == &ctx || main_of(*of_entry) == &ctx);
        if (concerned && avoid(Known::kD5QueueContext)) {
            return false;
        }
    }
    for (const RequestSlot &req : w.requests) {
        if (req.taken && req.deferred_on != kNone &&
            (req.deferred_on == slot_of_context(ctx) ||
             w.contexts[req.deferred_on].main == slot_of_context(ctx))) {
            return false; // the request holds a pointer to it
        }
    }
    return true;
}

template <typename F>
int while_cutting(F f)
{
    g_world->cutting++;
    const int result = f();
    g_world->cutting--;
    say_detached();
    return result;
}

void context_reinit(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || !may_lose_everything(*ctx) || g_world->poll_guard != nullptr) {
        return;
    }
    if (!may_be_cut_loose(*ctx) && (ctx->pinned == 0 || avoid(Known::kD5Reinit))) {
        return;
    }
    take_over_first(*ctx);
    say("re_initialise %s", ctx->name);
    const int result = while_cutting([&] { return CALL(tevent_re_initialise)(pointer(*ctx)); });
    say("re_initialise -> %d", result);
    ctx->has_hook = false;
    cut_loose(*ctx);
    cut_wrappers_loose(*ctx);
    if (ctx->guard != nullptr) {
        set_guard(*ctx, 0);
    }
}

void context_cut(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || ctx->loops != 0 || !may_lose_everything(*ctx) || !may_be_cut_loose(*ctx)) {
        return;
    }
    take_over_first(*ctx);
    say("context_destructor %s", ctx->name);
    say("context_destructor -> %d",
        while_cutting([&] { return CALL(tevent_common_context_destructor)(pointer(*ctx)); }));
    cut_loose(*ctx);
    cut_wrappers_loose(*ctx);
    free_object(*ctx);
}

void context_ask(const Step &s)
{
    ContextSlot *a = usable(g_world->contexts, s[0]);
    ContextSlot *b = usable(g_world->contexts, s[1]);
    if (a == nullptr) {
        return;
    }
    say("ask %s %s: wrapper %d, same %d %d, signals %d", a->name, b->name,
        CALL(tevent_context_is_wrapper)(pointer(*a)),
        CALL(tevent_context_same_loop)(pointer(*a), pointer(*b)),
        CALL(tevent_context_same_loop)(pointer(*a), nullptr), CALL(tevent_signal_support)(pointer(*a)));
}

bool has_fd_without_flags(const ContextSlot &ctx)
{
    for (FdSlot &fd : g_world->fds) {
        if (fd.is_usable() && main_of(fd) == &ctx && CALL(tevent_common_fd_get_flags)(pointer(fd)) == 0) {
            return true;
        }
    }
    return false;
}

void context_have_events(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || (has_fd_without_flags(*ctx) && avoid(Known::kF5))) {
        return;
    }
    say("have_events %s -> %d", ctx->name, CALL(tevent_common_have_events)(pointer(*ctx)));
}

void context_traces(const Step &s)
{
    if (ContextSlot *ctx = main_context(s[0])) {
        ctx->traced_always = false;
        set_traces(*ctx, s[1]);
    }
}

void context_debug(const Step &s)
{
    ContextSlot *ctx = usable(g_world->contexts, s[0]);
    if (ctx == nullptr || (ctx->is_wrapper && main_of(*ctx) == nullptr && avoid(Known::kD5WrapperAlone))) {
        return;
    }
    if (s[1] % 4 == 3 && !ctx->is_wrapper) {
        set_debug(*ctx, s[2] % 2);
        return;
    }
    CALL(tevent_debug)(pointer(*ctx), static_cast<tevent_debug_level>(s[1] % 3), "%s %d", "text", 1);
    CALL(tevent_debug)(nullptr, TEVENT_DEBUG_FATAL, "nowhere");
}

void context_debug_level(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || !g_api.is_ours) {
        return;
    }
    masked(Known::kO1);
    const auto level = static_cast<tevent_debug_level>(s[1] % 4);
    CALL(tevent_set_max_debug_level)(pointer(*ctx), level);
    const auto previous = CALL(tevent_set_max_debug_level)(pointer(*ctx), TEVENT_DEBUG_WARNING);
    expect(previous == level, "the level that was set");
}

void context_abort(const Step &s)
{
    ContextSlot *ctx = usable(g_world->contexts, s[0]);
    if (ctx == nullptr || (ctx->is_wrapper && main_of(*ctx) == nullptr && avoid(Known::kD5WrapperAlone))) {
        return;
    }
    say("abort %s", ctx->name);
    if (s[1] % 2 == 0) {
        CALL(tevent_abort)(pointer(*ctx), "on purpose");
    } else {
        CALL(tevent_common_check_double_free)(ctx->ptr, "double free, on purpose");
    }
}

void backend_list(const Step &)
{
    const char **names = CALL(tevent_backend_list)(g_world->root);
    for (int i = 0; names != nullptr && names[i] != nullptr; i++) {
        say("backend %s %d", names[i], talloc_parent(names[i]) == names);
    }
    talloc_free(names);
    const tevent_ops *standard = CALL(tevent_find_ops_byname)("standard");
    say("find %d %d %d", CALL(tevent_find_ops_byname)(nullptr) == standard,
        CALL(tevent_find_ops_byname)("nosuch") == nullptr,
        CALL(tevent_find_ops_byname)("my_poll") == own_table(5));
    say("none %d", CALL(tevent_context_init_byname)(g_world->root, "nosuch") == nullptr);
}

void box_new(const Step &s)
{
    if (BoxSlot *box = vacant(g_world->boxes, s[0])) {
        reserve(*box, kNone);
        made(*box, talloc_named_const(g_world->root, 0, "box"));
    }
}

void box_free(const Step &s)
{
    if (BoxSlot *box = usable(g_world->boxes, s[0])) {
        free_object(*box);
    }
}

void wakeups(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr) {
        return;
    }
    if (s[1] % 2 == 0 || (ctx->wakeup_unknown && avoid(Known::kC27))) {
        say("wakeup_init %s -> %d", ctx->name, CALL(tevent_common_wakeup_init)(pointer(*ctx)));
    }
    say("wakeup %s -> %d", ctx->name, CALL(tevent_common_wakeup)(pointer(*ctx)));
}

void pid(const Step &)
{
    say("cached_getpid %d", CALL(tevent_cached_getpid)() == getpid());
}

const Op kOps[] = {
    {"context_new", "slot backend traces how", false, 6, context_new},
    {"context_free", "really slot", false, 8, context_free},
    {"context_reinit", "context", false, 3, context_reinit},
    {"context_cut", "context", false, 1, context_cut},
    {"context_ask", "a b", false, 2, context_ask},
    {"context_have_events", "context", false, 3, context_have_events},
    {"context_traces", "context bits", false, 2, context_traces},
    {"context_debug", "context what how", false, 2, context_debug},
    {"context_debug_level", "context level", false, 1, context_debug_level},
    {"context_abort", "context how", false, 1, context_abort},
    {"backend_list", "", false, 1, backend_list},
    {"box_new", "slot", false, 4, box_new},
    {"box_free", "slot", false, 4, box_free},
    {"wakeups", "context init", false, 3, wakeups},
    {"pid", "", false, 1, pid},
};

} // namespace

const Room kContextRoom = {kOps, std::size(kOps)};

void start_contexts()
{
    take_aborts();
}

void take_over_first(ContextSlot &ctx)
{
    for (const ImmediateSlot &im : g_world->immediates) {
        const ContextSlot *of =
            im.taken && im.on_way && im.ctx != kNone ? &g_world->contexts[im.ctx] : nullptr;
        if (of != nullptr && main_of(*const_cast<ContextSlot *>(of)) == main_of(ctx) && avoid(Known::kD11)) {
            accept_all(*main_of(*const_cast<ContextSlot *>(of)));
            return;
        }
    }
}

int slot_of_context(const ContextSlot &ctx)
{
    return index_of(g_world->contexts, &ctx);
}

void context_gone(ContextSlot &ctx)
{
    cut_loose(ctx);
    if (!ctx.is_wrapper) {
        cut_wrappers_loose(ctx);
    }
}

bool free_context(ContextSlot &ctx)
{
    if (ctx.loops != 0 || !may_lose_everything(ctx)) {
        return false;
    }
    if (ctx.is_wrapper && (ctx.uses != 0 || ctx.running != 0) && avoid(Known::kD5WrapperInUse)) {
        return false;
    }
    if (ctx.is_wrapper && shares_an_fd(ctx) && avoid(Known::kF6Wrapper)) {
        return false;
    }
    g_world->freeing_wrapper = ctx.is_wrapper ? slot_of_context(ctx) : kNone;
    say("free %s", ctx.name);
    ctx.dead = true; // nothing is added any more, not by a cleanup function either
    const int result = while_cutting([&] { return talloc_free(ctx.ptr); });
    say("free -> %d", result);
    g_world->freeing_wrapper = kNone;
    return true; // if it still exists: dead until its handler returns, or the pop
}

ContextSlot *main_of(ContextSlot &ctx)
{
    if (!ctx.is_wrapper) {
        return &ctx;
    }
    return ctx.main == kNone ? nullptr : &g_world->contexts[ctx.main];
}

ContextSlot *main_of(const Object &event)
{
    return event.ctx == kNone ? nullptr : main_of(g_world->contexts[event.ctx]);
}

ContextSlot *main_context(uint8_t from)
{
    assert(g_world != nullptr);
    ContextSlot(&mains)[3] = reinterpret_cast<ContextSlot(&)[3]>(g_world->contexts);
    return usable(mains, from);
}

ContextSlot *context_for_events(uint8_t from)
{
    ContextSlot *ctx = usable(g_world->contexts, from);
    return ctx == nullptr || main_of(*ctx) == nullptr ? main_context(from) : ctx;
}

bool changes_home(int *home, const ContextSlot &ctx)
{
    const int slot = slot_of_context(ctx);
    if (*home == kNone) {
        *home = slot;
        return false;
    }
    return *home != slot && (ctx.is_wrapper || g_world->contexts[*home].is_wrapper) && avoid(Known::kD12);
}

const char *name_of_context(const tevent_context *ev)
{
    const ContextSlot *ctx = find(g_world->contexts, ev);
    return ctx != nullptr ? ctx->name : ev == nullptr ? "none" : "unknown";
}

void *parent(uint8_t choice, const char **name)
{
    Object *object = nullptr;
    switch (choice % 8) {
    case 4:
        *name = "root";
        return g_world->root;
    case 5:
    case 6:
        object = usable(g_world->boxes, choice);
        break;
    case 7:
        object = main_context(choice / 8);
        break;
    }
    *name = object != nullptr ? object->name : "default";
    return object != nullptr ? object->ptr : nullptr;
}

void accept_all(ContextSlot &ctx)
{
    CALL(tevent_common_threaded_activate_immediate)(pointer(ctx));
    for (ImmediateSlot &im : g_world->immediates) {
        if (im.taken && main_of(im) == &ctx) {
            im.on_way = false;
        }
    }
}

} // namespace diff
