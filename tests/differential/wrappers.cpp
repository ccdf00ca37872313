// SPDX-License-Identifier: LGPL-3.0-or-later

// Wrapper contexts.

#include <cerrno>

#include "backends.hpp"
#include "world.hpp"

namespace diff {

namespace {

struct WrapperState {
    ContextSlot *ctx;
    int refuses; // before_use, once in this many calls
};

ContextSlot *state_of(void *private_state)
{
    return static_cast<WrapperState *>(private_state)->ctx;
}

void say_call(const char *what, tevent_context *wrap, void *state, tevent_context *main, const char *name,
              const char *location)
{
    const ContextSlot *ctx = state_of(state);
    say("%s %s %d main=%s %s %s", what, ctx->name, ctx->ptr == wrap, name_of_context(main), name, location);
}

void enter(void *state)
{
    state_of(state)->running++;
}

void leave(void *state)
{
    ContextSlot *ctx = state_of(state);
    ctx->running -= ctx->running > 0;
}

bool before_use(tevent_context *wrap, void *state, tevent_context *main, const char *location)
{
    say_call("before_use", wrap, state, main, "", location);
    auto *s = static_cast<WrapperState *>(state);
    return s->refuses == 0 || --s->refuses % 4 != 0;
}

void after_use(tevent_context *wrap, void *state, tevent_context *main, const char *location)
{
    say_call("after_use", wrap, state, main, "", location);
}

void before_fd(tevent_context *wrap, void *state, tevent_context *main, tevent_fd *fde, uint16_t flags,
               const char *name, const char *location)
{
    say_call("before_fd", wrap, state, main, name, location);
    const FdSlot *fd = find(g_world->fds, fde);
    say("%s flags=%d", fd != nullptr ? fd->name : "unknown", flags & 3);
    enter(state);
}

void after_fd(tevent_context *wrap, void *state, tevent_context *main, tevent_fd *fde, uint16_t flags,
              const char *name, const char *location)
{
    leave(state);
    say_call("after_fd", wrap, state, main, name, location);
    const FdSlot *fd = find(g_world->fds, fde);
    say("%s flags=%d", fd != nullptr ? fd->name : "unknown", flags & 3);
}

void say_times(const char *who, timeval requested, timeval trigger)
{
    const auto since_start = [](timeval tv) {
        return tv.tv_sec == 0 ? -1LL
                              : static_cast<long long>(tv.tv_sec) * 1000000 + tv.tv_usec - vos::kStartUs;
    };
    say("%s requested=%lld trigger=%lld", who, since_start(requested), since_start(trigger));
}

void before_timer(tevent_context *wrap, void *state, tevent_context *main, tevent_timer *te,
                  timeval requested, timeval trigger, const char *name, const char *location)
{
    const TimerSlot *timer = find(g_world->timers, te);
    say_call("before_timer", wrap, state, main, timer != nullptr ? name : "library",
             timer != nullptr ? location : "");
    say_times(timer != nullptr ? timer->name : "library", requested, trigger);
    enter(state);
}

void after_timer(tevent_context *wrap, void *state, tevent_context *main, tevent_timer *te, timeval requested,
                 timeval trigger, const char *name, const char *location)
{
    leave(state);
    const TimerSlot *timer = find(g_world->timers, te);
    say_call("after_timer", wrap, state, main, timer != nullptr ? name : "library",
             timer != nullptr ? location : "");
    say_times(timer != nullptr ? timer->name : "library", requested, trigger);
}

void before_immediate(tevent_context *wrap, void *state, tevent_context *main, tevent_immediate *ptr,
                      const char *name, const char *location)
{
    const ImmediateSlot *im = find(g_world->immediates, ptr);
    say_call("before_immediate", wrap, state, main, im != nullptr ? name : "library",
             im != nullptr ? location : "");
    enter(state);
}

void after_immediate(tevent_context *wrap, void *state, tevent_context *main, tevent_immediate *ptr,
                     const char *name, const char *location)
{
    leave(state);
    const ImmediateSlot *im = find(g_world->immediates, ptr);
    say_call("after_immediate", wrap, state, main, im != nullptr ? name : "library",
             im != nullptr ? location : "");
}

void before_signal(tevent_context *wrap, void *state, tevent_context *main, tevent_signal *, int signum,
                   int count, void *, const char *name, const char *location)
{
    say_call("before_signal", wrap, state, main, name, location);
    say("signal=%d count=%d", signum, count);
    enter(state);
}

void after_signal(tevent_context *wrap, void *state, tevent_context *main, tevent_signal *, int signum,
                  int count, void *, const char *name, const char *location)
{
    leave(state);
    say_call("after_signal", wrap, state, main, name, location);
    say("signal=%d count=%d", signum, count);
}

const tevent_wrapper_ops kWrapperOps = {"wrapper",       before_use,    after_use,   before_fd,
                                        after_fd,        before_timer,  after_timer, before_immediate,
                                        after_immediate, before_signal, after_signal};

ContextSlot *wrapper_of(uint8_t from)
{
    ContextSlot(&wrappers)[2] = reinterpret_cast<ContextSlot(&)[2]>(g_world->contexts[3]);
    return usable(wrappers, from);
}

void wrapper_new(const Step &s)
{
    World &w = *g_world;
    ContextSlot(&wrappers)[2] = reinterpret_cast<ContextSlot(&)[2]>(w.contexts[3]);
    ContextSlot *wrapper = vacant(wrappers, s[0]);
    ContextSlot *main = main_context(s[1]);
    if (wrapper == nullptr || main == nullptr) {
        return;
    }
    reserve(*wrapper, kNone);
    wrapper->is_wrapper = true;
    wrapper->main = slot_of_context(*main);
    wrapper->loops = wrapper->uses = 0;
    wrapper->guard = nullptr;
    say("%s = wrapper %s", wrapper->name, main->name);
    WrapperState *state = nullptr;
    errno = 0;
    tevent_context *ev = CALL(_tevent_context_wrapper_create)(
        pointer(*main), w.root, &kWrapperOps, &state, sizeof(WrapperState), "struct WrapperState", "wrapper");
    const int error = errno;
    if (!made(*wrapper, ev)) {
        say("errno %d", error);
        wrapper->main = kNone;
        return;
    }
    say("%s %s zeroed=%d", talloc_get_name(ev), talloc_get_name(state), state->ctx == nullptr);
    *state = {wrapper, s[2] % 8};
}

void push_use(const Step &s)
{
    World &w = *g_world;
    ContextSlot *ctx = s[1] % 4 == 0 ? main_context(s[0]) : wrapper_of(s[0]);
    if (ctx == nullptr || w.uses.size() > 20 || (ctx->is_wrapper && (ctx->uses != 0 || ctx->running != 0))) {
        return;
    }
    say("push_use %s", ctx->name);
    const bool used = CALL(_tevent_context_push_use)(pointer(*ctx), "push");
    say("push_use -> %d", used);
    if (used) {
        w.uses.push_back(slot_of_context(*ctx));
        ctx->uses++;
        ctx->pinned += !ctx->is_wrapper;
    }
}

// Only contexts that this handler has pushed itself.
void pop_use(const Step &)
{
    if (g_world->uses.size() > g_world->uses_below) {
        free_wrapper_uses();
    }
}

void wrapper_misuse(const Step &s)
{
    ContextSlot *wrapper = wrapper_of(s[0]);
    if (wrapper == nullptr || (main_of(*wrapper) == nullptr && avoid(Known::kD5WrapperAlone))) {
        return;
    }
    tevent_context *ev = pointer(*wrapper);
    errno = 0;
    int result = 0;
    switch (s[1] % 6) {
    case 0:
        result = CALL(_tevent_loop_once)(ev, "misuse");
        break;
    case 1:
        result = CALL(_tevent_loop_wait)(ev, "misuse");
        break;
    case 2:
        if (avoid(Known::kW4)) {
            return;
        }
        result = CALL(tevent_re_initialise)(ev);
        break;
    case 3:
        result = CALL(tevent_set_debug)(ev, nullptr, nullptr);
        break;
    case 4:
        CALL(tevent_loop_allow_nesting)(ev);
        break;
    case 5:
        CALL(tevent_set_trace_callback)(ev, nullptr, nullptr);
        break;
    }
    say("misuse %d of %s -> %d %d", s[1] % 6, wrapper->name, result, result == -1 ? errno : 0);
}

void wrapper_free(const Step &s)
{
    if (ContextSlot *wrapper = wrapper_of(s[0])) {
        free_object(*wrapper);
    }
}

const Op kOps[] = {
    {"wrapper_new", "slot main refuses", false, 5, wrapper_new},
    {"push_use", "slot main", false, 3, push_use},
    {"pop_use", "", false, 3, pop_use},
    {"wrapper_misuse", "slot what", false, 1, wrapper_misuse},
    {"wrapper_free", "slot", false, 2, wrapper_free},
};

} // namespace

const Room kWrapperRoom = {kOps, std::size(kOps)};

void free_wrapper_uses()
{
    World &w = *g_world;
    if (w.uses.empty()) {
        return;
    }
    ContextSlot &ctx = w.contexts[w.uses.back()];
    w.uses.pop_back();
    ctx.uses--;
    ctx.pinned -= !ctx.is_wrapper;
    say("pop_use %s", ctx.name);
    CALL(_tevent_context_pop_use)(pointer(ctx), "pop");
}

} // namespace diff
