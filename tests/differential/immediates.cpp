// SPDX-License-Identifier: LGPL-3.0-or-later

#include "immediates.hpp"

#include "world.hpp"

namespace diff {

namespace {

ImmediateSlot *immediate_of(const Step &s)
{
    return usable(g_world->immediates, s[0]);
}

// Idle, for the loop's thread.
bool is_free_to_use(const ImmediateSlot &im)
{
    return !im.on_way;
}

void unschedule(ImmediateSlot &im)
{
    im.scheduled = false;
    im.ctx = kNone;
}

void immediate_new(const Step &s)
{
    ImmediateSlot *im = vacant(g_world->immediates, s[0]);
    if (im == nullptr) {
        return;
    }
    const char *parent_name;
    void *mem_ctx = parent(s[1], &parent_name);
    mem_ctx = mem_ctx != nullptr ? mem_ctx : g_world->root;
    reserve(*im, kNone);
    im->scheduled = im->on_way = im->tag_unknown = false;
    say("%s = immediate parent=%s", im->name, parent_name);
    tevent_immediate *ptr = CALL(_tevent_create_immediate)(mem_ctx, "immediate");
    if (made(*im, ptr)) {
        say("%s %d", talloc_get_name(ptr), talloc_parent(ptr) == mem_ctx);
    }
}

// D5: freed by a cleanup function inside the free that already covers it; the abort returns here.
bool may_be_freed(const ImmediateSlot &im)
{
    return im.running > 0 && g_world->in_cleanup != 0;
}

// D12: a waiting one moves from a wrapper to another context, or to a wrapper (there the table is called
// before the cancelling).
bool changes_wrapper(const ImmediateSlot &im, const ContextSlot &to)
{
    const bool leaves = im.scheduled && im.ctx != kNone && g_world->contexts[im.ctx].is_wrapper;
    return leaves || ((im.scheduled || im.running > 0) && to.is_wrapper);
}

bool is_left_out(const ImmediateSlot &im, const ContextSlot &to)
{
    return (changes_wrapper(im, to) && avoid(Known::kD12)) ||
           (may_be_freed(im) && avoid(Known::kD5FreedImmediate));
}

void cancel(ImmediateSlot &im, ContextSlot &ctx, int how)
{
    if (how % 3 == 2) {
        CALL(_tevent_schedule_immediate)(pointer(im), pointer(ctx), nullptr, nullptr, "null", "immediate");
    } else if (!g_api.is_ours) {
        masked(Known::kI4);
        CALL(tevent_common_schedule_immediate)
        (pointer(im), pointer(ctx), nullptr, nullptr, "null", "immediate");
    } else if (how % 3 == 0) {
        CALL(tevent_common_immediate_cancel)(pointer(im));
    } else {
        CALL(tevent_reset_immediate)(pointer(im));
    }
    unschedule(im);
}

void immediate_schedule(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    ContextSlot *ctx = context_for_events(s[1]);
    if (im == nullptr || ctx == nullptr || !is_free_to_use(*im)) {
        return;
    }
    if (is_left_out(*im, *ctx)) {
        return;
    }
    say("schedule %s %s", im->name, ctx->name);
    const auto function = !ctx->is_wrapper && s[2] % 8 == 0 ? CALL(tevent_common_schedule_immediate)
                                                            : CALL(_tevent_schedule_immediate);
    im->scheduled = true;
    im->ctx = slot_of_context(*ctx);
    im->hook = new_hook(im, &s.script);
    function(pointer(*im), pointer(*ctx), on_immediate, const_cast<Hook *>(im->hook), "on_immediate",
             "immediate");
}

void immediate_cancel(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (im == nullptr || ctx == nullptr || !is_free_to_use(*im)) {
        return;
    }
    if (is_left_out(*im, *ctx)) {
        return;
    }
    say("cancel %s", im->name);
    cancel(*im, *ctx, s[2]);
}

void immediate_free(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    if (im != nullptr && is_free_to_use(*im)) {
        free_object(*im);
    }
}

void immediate_tag(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    if (im != nullptr && is_free_to_use(*im)) {
        if (im->tag_unknown) {
            masked(Known::kD8);
        } else {
            say("tag %s %llu", im->name,
                static_cast<unsigned long long>(CALL(tevent_immediate_get_tag)(pointer(*im))));
        }
        CALL(tevent_immediate_set_tag)(pointer(*im), s[1]);
        CALL(tevent_immediate_set_tag)(nullptr, s[1]);
        im->tag_unknown = false;
        say("tag %s %llu %llu", im->name,
            static_cast<unsigned long long>(CALL(tevent_immediate_get_tag)(pointer(*im))),
            static_cast<unsigned long long>(CALL(tevent_immediate_get_tag)(nullptr)));
    }
}

void immediate_invoke(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    if (im == nullptr || !is_free_to_use(*im) || !im->scheduled || im->running != 0) {
        return;
    }
    if (main_of(*im) != nullptr && has_pushed_wrapper(*main_of(*im)) && avoid(Known::kW3)) {
        return;
    }
    say("invoke %s", im->name);
    DirectCall call(main_of(*im));
    bool removed = false;
    const int result = CALL(tevent_common_invoke_immediate_handler)(pointer(*im), &removed);
    say("invoke -> %d removed=%d", result, removed);
}

void immediate_trace(const Step &s)
{
    ImmediateSlot *im = immediate_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (im != nullptr && ctx != nullptr && !ctx->traced_always && is_free_to_use(*im)) {
        CALL(tevent_trace_immediate_callback)(pointer(*ctx), pointer(*im), TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    }
}

// In its own handler: freed a second time, which is reported (I5).
void free_again(const Step &s)
{
    World &w = *g_world;
    const auto again = [](Object &object) {
        if (object.taken && object.dead && object.running == 1) {
            say("free again %s", object.name);
            say("free again -> %d", talloc_free(object.ptr));
            return true;
        }
        return false;
    };
    switch (s[0] % 4) {
    case 0:
        again(w.fds[s[1] % std::size(w.fds)]);
        break;
    case 1:
        again(w.timers[s[1] % std::size(w.timers)]);
        break;
    case 2:
        again(w.immediates[s[1] % std::size(w.immediates)]);
        break;
    case 3:
        again(w.signals[s[1] % std::size(w.signals)]);
        break;
    }
}

// The running immediate frees itself.
void free_self(const Step &s)
{
    World &w = *g_world;
    const auto self = [&](auto &slots) {
        for (auto &object : slots) {
            if (object.is_usable() && object.running > 0) {
                if (free_object(object) && s[0] % 4 == 0 && object.dead && object.running == 1) {
                    say("free again -> %d", talloc_free(object.ptr));
                }
                return;
            }
        }
    };
    switch (s[1] % 5) {
    case 0:
        self(w.fds);
        break;
    case 1:
        self(w.timers);
        break;
    case 2:
        self(w.immediates);
        break;
    case 3:
        self(w.signals);
        break;
    case 4:
        self(w.requests);
        break;
    }
}

const Op kOps[] = {
    {"immediate_new", "slot parent", false, 8, immediate_new},
    {"immediate_schedule", "slot context how", true, 16, immediate_schedule},
    {"immediate_cancel", "slot context how", false, 3, immediate_cancel},
    {"immediate_free", "slot", false, 4, immediate_free},
    {"immediate_tag", "slot tag", false, 2, immediate_tag},
    {"immediate_invoke", "slot", false, 3, immediate_invoke},
    {"immediate_trace", "slot context", false, 1, immediate_trace},
    {"free_again", "kind slot", false, 3, free_again},
    {"free_self", "again kind", false, 8, free_self},
};

} // namespace

const Room kImmediateRoom = {kOps, std::size(kOps)};

void on_immediate(tevent_context *ev, tevent_immediate *ptr, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    ImmediateSlot &im = *static_cast<ImmediateSlot *>(hook.object);
    say("%s called: %s %d", im.name, name_of_context(ev), ptr == im.ptr);
    im.on_way = false;
    if (im.hook == &hook) {
        unschedule(im);
    }
    HandlerCall call(hook);
    run_script(hook.script);
}

} // namespace diff
