// SPDX-License-Identifier: LGPL-3.0-or-later

// Running loops, and what happens in the world during a wait.
//
// A loop that runs until nothing is left gets a guard, a timer that frees
// everything that would keep it running for ever; so every loop ends.

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "world.hpp"

namespace diff {

namespace {

constexpr int kMostLoops = 4;
constexpr int kMostWaits = 4000;
constexpr int kExitOfEndlessLoop = 97;

// C26: a loop here may run the immediate again that has called the trigger.
void note_loop_in_triggers()
{
    for (QueueSlot &queue : g_world->queues) {
        queue.reentered = queue.running != 0;
    }
}

class LoopCall {
public:
    explicit LoopCall(ContextSlot &ctx) : ctx_(ctx)
    {
        ctx.loops++;
        ctx.pinned++;
        note_loop_in_triggers();
        g_world->loops.push_back(slot_of_context(ctx));
        g_log.indent();
    }
    ~LoopCall()
    {
        g_log.outdent();
        g_world->loops.pop_back();
        ctx_.pinned--;
        ctx_.loops--;
    }

private:
    ContextSlot &ctx_;
};

constexpr int kOldTimeoutMs = 30000;

// Without a timer 0.14.1 waits this long; a timer may be as far away, or may have been before it was freed.
bool may_be_until_timer(const ContextSlot *ctx)
{
    for (const auto &[main, deadline] : g_world->deadlines) {
        if (main == ctx && (deadline - vos::now_us() + 999) / 1000 == kOldTimeoutMs) {
            return true;
        }
    }
    return false;
}

ContextSlot *loop_to_run(uint8_t from)
{
    ContextSlot *ctx = main_context(from);
    if (ctx == nullptr || g_world->loops.size() >= kMostLoops || g_world->in_cleanup != 0) {
        return nullptr;
    }
    if (ctx->must_not_wait) {
        return nullptr; // its timeout is temporarily different
    }
    if ((in_signal_handler() && avoid(Known::kS4)) || (has_pushed_wrapper(*ctx) && avoid(Known::kW3))) {
        return nullptr;
    }
    if (ctx->loops != 0 && !ctx->nesting_allowed && avoid(Known::kD5NestingLevel)) {
        return nullptr;
    }
    return ctx;
}

constexpr int kMostEmptyTurns = 200;

// One turn.  Turns in which a proxy of the older library frees calls that have run are hidden (D14): with a
// proxy, a turn in which nothing ran and nothing was waited for is followed by another, past all end times
// of requests without a callback.
int run_turn(ContextSlot &ctx, const char *location, int *error)
{
    const World &w = *g_world;
    LoopCall call(ctx);
    int result;
    bool empty;
    int tries = kMostEmptyTurns;
    do {
        const int handler_calls = w.handler_calls;
        const int waits = w.waits;
        result = CALL(_tevent_loop_once)(pointer(ctx), location);
        *error = errno;
        empty = result == 0 && w.handler_calls == handler_calls && w.waits == waits;
    } while (empty && ctx.had_proxy && --tries > 0 && masked(Known::kD14));
    return result;
}

void turns(const Step &s)
{
    for (int i = 0; i <= s[1] % 4; i++) {
        ContextSlot *ctx = loop_to_run(s[0]);
        if (ctx == nullptr) {
            return;
        }
        say("turn %s", ctx->name);
        int error;
        const int result = run_turn(*ctx, "turns", &error);
        say("turn -> %d %d", result, result == -1 ? error : 0);
    }
}

// C13: a turn that must not wait.  The older library gets a wait of no time here.
void turn_without_wait(const Step &s)
{
    World &w = *g_world;
    ContextSlot *ctx = loop_to_run(s[0]);
    if (ctx == nullptr || ctx->loops != 0 || w.during_wait != nullptr) {
        return;
    }
    say("turn without wait %s", ctx->name);
    if (g_api.is_ours) {
        const uint32_t previous = CALL(tevent_context_set_wait_timeout)(pointer(*ctx), 0);
        expect(previous == ctx->wait_timeout, "the timeout that was set");
    }
    masked(Known::kC13);
    w.would_have_waited = false;
    int error;
    const int outer_level = std::exchange(w.no_wait_level, static_cast<int>(w.loops.size()) + 1);
    ctx->must_not_wait = true;
    int result = run_turn(*ctx, "turn_without_wait", &error);
    ctx->must_not_wait = false;
    w.no_wait_level = outer_level;
    const bool would_have_waited = std::exchange(w.would_have_waited, false);
    if (g_api.is_ours) {
        CALL(tevent_context_set_wait_timeout)(pointer(*ctx), ctx->wait_timeout);
    } else if (would_have_waited && result == 0) {
        result = -1;
        error = EAGAIN;
    }
    say("turn -> %d %d", result, result == -1 ? error : 0);
}

void wait_timeout(const Step &s)
{
    static const uint32_t kTimeouts[] = {30, 1, 7, 3600, INT32_MAX, UINT32_MAX};
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || ctx->must_not_wait) {
        return;
    }
    const uint32_t secs = kTimeouts[s[1] % std::size(kTimeouts)];
    if (g_api.is_ours) {
        const uint32_t previous = CALL(tevent_context_set_wait_timeout)(pointer(*ctx), secs);
        expect(previous == ctx->wait_timeout, "the timeout that was set");
    }
    masked(Known::kC13);
    ctx->wait_timeout = secs > INT32_MAX ? INT32_MAX : secs;
}

void on_guard(tevent_context *, tevent_timer *, timeval, void *private_data)
{
    ContextSlot &ctx = *static_cast<ContextSlot *>(private_data);
    say("guard %s", ctx.name);
    g_log.indent();
    ctx.guard = nullptr;
    if (!drain(ctx)) {
        set_guard(ctx, 0); // an event whose handler is currently running twice
    }
    g_log.outdent();
}

// The guard can't free an event whose handler is running.
bool has_running_event(const ContextSlot &main)
{
    const auto any = [&](auto &slots) {
        for (auto &object : slots) {
            if (object.taken && object.running > 0 && main_of(object) == &main) {
                return true;
            }
        }
        return false;
    };
    return any(g_world->fds) || any(g_world->signals);
}

void loop_wait(const Step &s)
{
    ContextSlot *ctx = loop_to_run(s[0]);
    if (ctx == nullptr || ctx->loops != 0 || has_running_event(*ctx)) {
        return;
    }
    set_guard(*ctx, s[1]);
    say("loop_wait %s", ctx->name);
    int result;
    {
        LoopCall call(*ctx);
        result = s[2] % 4 == 0 ? CALL(tevent_common_loop_wait)(pointer(*ctx), "loop_wait")
                               : CALL(_tevent_loop_wait)(pointer(*ctx), "loop_wait");
    }
    g_world->draining = 0;
    say("loop_wait -> %d", result);
    if (ctx->guard != nullptr) {
        talloc_free(ctx->guard);
        ctx->guard = nullptr;
    }
}

struct Until {
    int asked = 0;
    int handlers = 0;
};

bool is_finished(void *private_data)
{
    Until &until = *static_cast<Until *>(private_data);
    say("finished?");
    return until.asked-- == 0 || g_world->handler_calls >= until.handlers;
}

void loop_until(const Step &s)
{
    ContextSlot *ctx = loop_to_run(s[0]);
    if (ctx == nullptr || (ctx->had_proxy && avoid(Known::kD14))) {
        return;
    }
    Until until = {s[1] % 8, g_world->handler_calls + s[2] % 4};
    say("loop_until %s", ctx->name);
    int result;
    {
        LoopCall call(*ctx);
        g_world->in_until++;
        result = CALL(_tevent_loop_until)(pointer(*ctx), is_finished, &until, "loop_until");
        g_world->in_until--;
    }
    say("loop_until -> %d", result);
}

void allow_nesting(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr) {
        return;
    }
    bool has_wrapper = false;
    for (const ContextSlot &wrapper : g_world->contexts) {
        has_wrapper =
            has_wrapper || (wrapper.taken && wrapper.is_wrapper && wrapper.main == slot_of_context(*ctx));
    }
    say("allow_nesting %s", ctx->name);
    CALL(tevent_loop_allow_nesting)(pointer(*ctx));
    ctx->nesting_allowed = ctx->nesting_allowed || !has_wrapper;
}

int on_nesting(tevent_context *ev, void *private_data, uint32_t level, bool begin, void *stack_ptr,
               const char *location)
{
    Hook &hook = *static_cast<Hook *>(private_data);
    void **slot = static_cast<void **>(stack_ptr);
    if (static_cast<ContextSlot *>(hook.object)->had_proxy && masked(Known::kD14)) {
        return 0;
    }
    say("nesting hook %s %d level=%u begin=%d null=%d %s", name_of_context(ev), hook.detail, level, begin,
        *slot == nullptr, shown_location(location));
    *slot = &hook;
    if (hook.detail-- != 0) {
        return 0;
    }
    const bool moves = static_cast<ContextSlot *>(hook.object)->moved_to_poll;
    return moves && avoid(Known::kC5Replay) ? 0 : 7; // fails once
}

void nesting_hook(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || (ctx->has_hook && s[1] % 4 != 0)) {
        return;
    }
    say("set_nesting_hook %s", ctx->name);
    if (s[1] % 8 == 4) {
        CALL(tevent_loop_set_nesting_hook)(pointer(*ctx), nullptr, nullptr);
        ctx->has_hook = false;
        return;
    }
    CALL(tevent_loop_set_nesting_hook)(pointer(*ctx), on_nesting, new_hook(ctx, nullptr, s[2]));
    ctx->has_hook = true;
}

void time_passes(const Step &s)
{
    static const int64_t kUs[] = {1, 500, 1000, 10000, 1000000, 30000000};
    vos::advance_us(kUs[s[0] % std::size(kUs)]);
    say("time passes");
}

void during_wait(const Step &s)
{
    g_world->during_wait = &s.script;
    g_world->wait_is_interrupted = s[0] % 4 == 0;
    say("at the next wait");
}

[[noreturn]] void run_child(const Step &s)
{
    World &w = *g_world;
    w.in_child = true;
    for (ThreadedSlot &tctx : w.threadeds) {
        tctx.ctx = kNone; // lost with the other threads (C23)
    }
    w.threads_left = 0;
    g_log.indent();
    run_script(&s.script);
    ContextSlot *ctx = main_context(s[0]);
    if (ctx != nullptr && ctx->loops == 0 && s[1] % 2 == 0) {
        const Step reinit = {0, {s[0]}, {}};
        op_of(2)->run(reinit);
    }
    const Step turn = {0, {s[0], 3}, {}};
    turns(turn);
    say("end of child");
    _exit(0);
}

bool has_proxy()
{
    for (const ProxySlot &proxy : g_world->proxies) {
        if (proxy.taken) {
            return true;
        }
    }
    return false;
}

void fork_child(const Step &s)
{
    World &w = *g_world;
    if (w.forks_left == 0 || w.in_child || w.in_cleanup != 0) {
        return;
    }
    if ((any_fd_is_shared() && avoid(Known::kC21)) || (has_proxy() && avoid(Known::kD10))) {
        return;
    }
    for (ContextSlot &ctx : w.contexts) {
        if (ctx.is_usable() && !ctx.is_wrapper) {
            take_over_first(ctx);
        }
    }
    w.forks_left--;
    say("fork");
    const pid_t child = fork();
    if (child == 0) {
        run_child(s);
    }
    int status = 0;
    waitpid(child, &status, 0);
    say("child ended with %d", status);
}

void loop_pieces(const Step &s)
{
    ContextSlot *ctx = main_context(s[0]);
    if (ctx == nullptr || g_world->in_cleanup != 0 || ctx->must_not_wait) {
        return;
    }
    if ((in_signal_handler() && avoid(Known::kS4)) || (ctx->had_proxy && avoid(Known::kD14)) ||
        (has_pushed_wrapper(*ctx) && avoid(Known::kW3))) {
        return;
    }
    ctx->pinned++;
    note_loop_in_triggers();
    g_world->loops.push_back(slot_of_context(*ctx));
    g_log.indent();
    switch (s[1] % 4) {
    case 0:
        say("loop_immediate -> %d", CALL(tevent_common_loop_immediate)(pointer(*ctx)));
        break;
    case 1: {
        timeval delay = CALL(tevent_common_loop_timer_delay)(pointer(*ctx));
        // C13: without a timer this is the wait timeout.
        if (!g_api.is_ours && delay.tv_sec == 30 && delay.tv_usec == 0 && !may_be_until_timer(ctx) &&
            masked(Known::kC13)) {
            delay.tv_sec = ctx->wait_timeout;
        }
        say("timer_delay -> %lld.%06lld", static_cast<long long>(delay.tv_sec),
            static_cast<long long>(delay.tv_usec));
        break;
    }
    case 2:
        say("check_signal -> %d", CALL(tevent_common_check_signal)(pointer(*ctx)) != 0);
        break;
    case 3:
        accept_all(*ctx);
        say("threaded_activate_immediate");
        break;
    }
    g_log.outdent();
    g_world->loops.pop_back();
    ctx->pinned--;
}

void wakeup_fd(const Step &)
{
    const int fd = static_cast<int>(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    const int result = CALL(tevent_common_wakeup_fd)(fd);
    uint64_t count = 0;
    const ssize_t size = read(fd, &count, sizeof(count));
    say("wakeup_fd -> %d, %lld read, %llu", result, static_cast<long long>(size),
        static_cast<unsigned long long>(count));
    close(fd);
}

const Op kOps[] = {
    {"turns", "context count", false, 40, turns},
    {"turn_without_wait", "context", false, 4, turn_without_wait},
    {"wait_timeout", "context secs", false, 2, wait_timeout},
    {"loop_wait", "context guard how", false, 6, loop_wait},
    {"loop_until", "context asked handlers", false, 4, loop_until},
    {"allow_nesting", "context", false, 2, allow_nesting},
    {"nesting_hook", "context how fails", false, 2, nesting_hook},
    {"time_passes", "how", false, 4, time_passes, true},
    {"during_wait", "interrupted", true, 6, during_wait},
    {"fork_child", "context reinit", true, 1, fork_child},
    {"loop_pieces", "context which", false, 4, loop_pieces},
    {"wakeup_fd", "", false, 1, wakeup_fd},
};

} // namespace

const Room kLoopRoom = {kOps, std::size(kOps)};

bool has_pushed_wrapper(const ContextSlot &main)
{
    const auto has_signal = [](const ContextSlot &wrapper) {
        for (const SignalSlot &signal : g_world->signals) {
            if (signal.taken && signal.ctx == slot_of_context(wrapper)) {
                return true;
            }
        }
        return false;
    };
    for (const ContextSlot &ctx : g_world->contexts) {
        if (ctx.taken && ctx.is_wrapper && (ctx.uses != 0 || ctx.running != 0) &&
            (ctx.main == slot_of_context(main) || has_signal(ctx))) {
            return true;
        }
    }
    return false;
}

bool in_signal_handler()
{
    for (const SignalSlot &signal : g_world->signals) {
        if (signal.taken && signal.running > 0) {
            return true;
        }
    }
    return false;
}

void set_guard(ContextSlot &ctx, uint8_t choice)
{
    static const int64_t kDelaysMs[] = {3, 50, 2000, 100007};
    const timeval when = in_us(&ctx, kDelaysMs[choice % 4] * 1000);
    ctx.guard = CALL(_tevent_add_timer)(pointer(ctx), nullptr, when, on_guard, &ctx, "on_guard", "guard");
}

bool drain(ContextSlot &ctx)
{
    World &w = *g_world;
    bool all = true;
    const auto take_away = [&](auto &slots) {
        for (auto &object : slots) {
            if (object.is_usable() && main_of(object) == &ctx) {
                all = free_object(object) && all;
            }
        }
    };
    take_away(w.fds);
    take_away(w.signals);
    take_away(w.proxies);
    w.draining = 1; // the rest ends by itself, and nothing new is added
    return all;
}

vos::Meanwhile act_during_wait()
{
    World &w = *g_world;
    if (++w.waits > kMostWaits) {
        _exit(kExitOfEndlessLoop);
    }
    const Script *script = w.during_wait;
    if (script == nullptr) {
        return vos::Meanwhile::kNothing;
    }
    w.during_wait = nullptr;
    w.in_wait++;
    say("meanwhile");
    g_log.indent();
    run_script(script);
    g_log.outdent();
    w.in_wait--;
    return w.wait_is_interrupted ? vos::Meanwhile::kInterrupted : vos::Meanwhile::kSomething;
}

bool must_not_wait()
{
    return g_world->no_wait_level == static_cast<int>(g_world->loops.size());
}

int on_idle(int timeout_ms)
{
    World &w = *g_world;
    if (must_not_wait()) {
        w.would_have_waited = true;
        say("no wait");
        return 0;
    }
    const ContextSlot *ctx = w.loops.empty() ? nullptr : &w.contexts[w.loops.back()];
    if (ctx != nullptr && ctx->wait_timeout != 30) {
        const int own = ctx->wait_timeout == INT32_MAX ? -1 : static_cast<int>(ctx->wait_timeout * 1000);
        if ((timeout_ms == kOldTimeoutMs || timeout_ms == own) && may_be_until_timer(ctx) &&
            masked(Known::kC13)) {
            say("waits for the one or the other");
            return own < 0 ? kOldTimeoutMs : std::min(own, kOldTimeoutMs);
        }
        if (!g_api.is_ours && timeout_ms == kOldTimeoutMs && masked(Known::kC13)) {
            timeout_ms = own;
        }
    }
    say("waits %d ms", timeout_ms);
    return timeout_ms < 0 ? 0 : timeout_ms;
}

} // namespace diff
