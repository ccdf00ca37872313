// SPDX-License-Identifier: LGPL-3.0-or-later

// Immediates from other threads.  A thread is joined before the next step, so
// its actions are complete; its calls are the only ones outside the loop's
// thread.

#include <cerrno>
#include <pthread.h>
#include <thread>

#include "immediates.hpp"
#include "world.hpp"

namespace diff {

namespace {

// In a separate thread, or in this one (which may call these functions as well).
template <typename F>
void elsewhere(bool in_thread, F f)
{
    World &w = *g_world;
    if (in_thread && w.threads_left > 0) {
        w.threads_left--;
        std::thread(f).join();
    } else if (w.in_wait == 0) {
        f();
    }
}

bool has_thread(uint8_t choice)
{
    return g_world->in_wait != 0 ? g_world->threads_left > 0 : choice % 4 == 0;
}

void threaded_new(const Step &s)
{
    ThreadedSlot *tctx = vacant(g_world->threadeds, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    if (tctx == nullptr || ctx == nullptr) {
        return;
    }
    const char *parent_name;
    void *mem_ctx = parent(s[2], &parent_name);
    mem_ctx = mem_ctx != nullptr ? mem_ctx : g_world->root;
    reserve(*tctx, slot_of_context(*ctx));
    say("%s = threaded %s parent=%s", tctx->name, ctx->name, parent_name);
    tevent_threaded_context *ptr = CALL(tevent_threaded_context_create)(mem_ctx, pointer(*ctx));
    if (made(*tctx, ptr)) {
        say("%s %d", talloc_get_name(ptr), talloc_parent(ptr) == mem_ctx);
    }
}

void threaded_free(const Step &s)
{
    ThreadedSlot *tctx = usable(g_world->threadeds, s[0]);
    if (tctx != nullptr) {
        if (ContextSlot *main = main_of(*tctx)) {
            take_over_first(*main);
        }
        free_object(*tctx);
    }
}

void threaded_schedule(const Step &s)
{
    World &w = *g_world;
    ThreadedSlot *tctx = usable(w.threadeds, s[0]);
    ImmediateSlot *im = usable(w.immediates, s[1]);
    if (tctx == nullptr || im == nullptr || im->scheduled || im->on_way || im->running != 0 ||
        (w.in_wait != 0 && w.threads_left == 0)) {
        return;
    }
    say("threaded_schedule %s %s", tctx->name, im->name);
    // Without a context it stays idle (T3).
    im->on_way = im->scheduled = tctx->ctx != kNone;
    im->tag_unknown = im->tag_unknown || im->on_way;
    im->ctx = tctx->ctx;
    im->hook = new_hook(im, &s.script);
    auto *ptr = static_cast<tevent_threaded_context *>(tctx->ptr);
    elsewhere(has_thread(s[2]), [&] {
        CALL(_tevent_threaded_schedule_immediate)
        (ptr, pointer(*im), on_immediate, const_cast<Hook *>(im->hook), "on_immediate", "threaded");
    });
}

struct ProxyData {
    Hook *hook;
};

void on_proxied(tevent_context *ev, tevent_immediate *im, void *private_data)
{
    const Hook &hook = *static_cast<ProxyData *>(private_data)->hook;
    ProxySlot &proxy = *static_cast<ProxySlot *>(hook.object);
    say("%s called: %s %d", proxy.name, name_of_context(ev), hook.detail % 4);
    proxy.in_flight--;
    if (hook.detail % 4 == 3) {
        talloc_steal(g_world->root, im);
        talloc_steal(g_world->root, private_data);
    }
    HandlerCall call(hook);
    run_script(hook.script);
}

void proxy_new(const Step &s)
{
    ProxySlot *proxy = vacant(g_world->proxies, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    if (proxy == nullptr || ctx == nullptr || (g_world->in_until != 0 && avoid(Known::kD14))) {
        return;
    }
    if (ctx->is_wrapper) {
        errno = 0;
        const bool none = CALL(tevent_thread_proxy_create)(pointer(*ctx)) == nullptr;
        say("no proxy for a wrapper: %d %d", none, errno);
        return;
    }
    reserve(*proxy, slot_of_context(*ctx));
    proxy->in_flight = 0;
    ctx->had_proxy = true;
    say("%s = proxy %s", proxy->name, ctx->name);
    tevent_thread_proxy *ptr = CALL(tevent_thread_proxy_create)(pointer(*ctx));
    if (made(*proxy, ptr)) {
        say("%s %d", talloc_get_name(ptr), talloc_parent(ptr) == ctx->ptr);
    }
}

void proxy_schedule(const Step &s)
{
    World &w = *g_world;
    ProxySlot *proxy = usable(w.proxies, s[0]);
    if (proxy == nullptr || (w.in_wait != 0 && w.threads_left == 0)) {
        return;
    }
    for (const ProxySlot &other : w.proxies) {
        if (other.taken && other.ctx == proxy->ctx && other.in_flight > 0 && avoid(Known::kD3Proxy)) {
            return;
        }
    }
    // Memory without an owner yet: the other thread's.
    tevent_immediate *im = CALL(_tevent_create_immediate)(nullptr, "proxied");
    ProxyData *data = talloc(nullptr, ProxyData);
    data->hook = new_hook(proxy, &s.script, s[1]);
    say("proxy_schedule %s", proxy->name);
    proxy->in_flight++;
    auto *ptr = static_cast<tevent_thread_proxy *>(proxy->ptr);
    elsewhere(has_thread(s[2]), [&] { CALL(tevent_thread_proxy_schedule)(ptr, &im, on_proxied, &data); });
    say("taken over %d %d", im == nullptr, data == nullptr);
    talloc_free(im);
    talloc_free(data);
}

void proxy_free(const Step &s)
{
    if (ProxySlot *proxy = usable(g_world->proxies, s[0])) {
        free_object(*proxy);
    }
}

const Op kOps[] = {
    {"threaded_new", "slot context parent", false, 5, threaded_new},
    {"threaded_free", "slot", false, 2, threaded_free},
    {"threaded_schedule", "threaded immediate thread", true, 9, threaded_schedule, true},
    {"proxy_new", "slot context", false, 2, proxy_new},
    {"proxy_schedule", "proxy steals thread", true, 4, proxy_schedule, true},
    {"proxy_free", "slot", false, 1, proxy_free},
};

} // namespace

const Room kThreadRoom = {kOps, std::size(kOps)};

void proxy_gone(ProxySlot &proxy)
{
    proxy.in_flight = 0;
}

} // namespace diff
