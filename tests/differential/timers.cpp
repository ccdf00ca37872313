// SPDX-License-Identifier: LGPL-3.0-or-later

// Timers, and the arithmetic on times.

#include "world.hpp"

namespace diff {

namespace {

constexpr int64_t kFar = INT64_C(3000000) * 1000000; // beyond INT_MAX ms

timeval from_us(int64_t us)
{
    return {us / 1000000, us % 1000000};
}

// Relative to the start of the sequence.
long long since_start(timeval tv)
{
    return tv.tv_sec == 0 && tv.tv_usec == 0 ? -1 : tv.tv_sec * 1000000LL + tv.tv_usec - vos::kStartUs;
}

bool is_zero(timeval tv)
{
    return tv.tv_sec == 0 && tv.tv_usec == 0;
}

bool has_zero_timer(const ContextSlot *main)
{
    for (const TimerSlot &timer : g_world->timers) {
        if (timer.taken && timer.is_zero && timer.ctx != kNone && main_of(timer) == main) {
            return true;
        }
    }
    return false;
}

void on_timer(tevent_context *ev, tevent_timer *te, timeval now, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    TimerSlot &timer = *static_cast<TimerSlot *>(hook.object);
    say("%s called: %s now=%lld %d", timer.name, name_of_context(ev), since_start(now), te == timer.ptr);
    HandlerCall call(hook);
    timer.ctx = kNone;
    run_script(hook.script);
}

TimerSlot *timer_of(const Step &s)
{
    return usable(g_world->timers, s[0]);
}

timeval chosen_time(uint8_t choice, const ContextSlot *main)
{
    timeval when = time_of(main, choice);
    if (is_zero(when) && has_zero_timer(main) && avoid(Known::kD3Timers)) {
        when = in_us(main, 0);
    }
    return when;
}

void timer_add(const Step &s)
{
    TimerSlot *timer = vacant(g_world->timers, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    if (timer == nullptr || ctx == nullptr) {
        return;
    }
    const timeval when = chosen_time(s[2], main_of(*ctx));
    const char *parent_name;
    void *mem_ctx = parent(s[3], &parent_name);
    reserve(*timer, slot_of_context(*ctx));
    timer->is_zero = is_zero(when);
    say("%s = add_timer %s parent=%s when=%lld", timer->name, ctx->name, parent_name, since_start(when));
    auto function = CALL(_tevent_add_timer);
    if (!ctx->is_wrapper && s[4] % 8 == 0) {
        function = CALL(tevent_common_add_timer);
    } else if (!ctx->is_wrapper && s[4] % 8 == 1) {
        function = CALL(tevent_common_add_timer_v2);
    }
    void *expected_parent = mem_ctx != nullptr ? mem_ctx : main_of(*ctx)->ptr;
    tevent_timer *te =
        function(pointer(*ctx), mem_ctx, when, on_timer, new_hook(timer, &s.script), "on_timer", "timer");
    if (made(*timer, te)) {
        say("%s %d", talloc_get_name(te), talloc_parent(te) == expected_parent);
    } else {
        timer->ctx = kNone;
    }
}

void timer_update(const Step &s)
{
    TimerSlot *timer = timer_of(s);
    const bool is_late = timer != nullptr && (timer->ctx == kNone || g_world->cutting != 0);
    if (timer == nullptr || (is_late && avoid(Known::kD5LateUpdate))) {
        return;
    }
    const timeval when = chosen_time(s[1], main_of(*timer));
    timer->is_zero = is_zero(when);
    say("update %s when=%lld", timer->name, since_start(when));
    CALL(tevent_update_timer)(pointer(*timer), when);
}

void timer_free(const Step &s)
{
    if (TimerSlot *timer = timer_of(s)) {
        free_object(*timer);
    }
}

void timer_tag(const Step &s)
{
    if (TimerSlot *timer = timer_of(s)) {
        CALL(tevent_timer_set_tag)(pointer(*timer), s[1]);
        CALL(tevent_timer_set_tag)(nullptr, s[1]);
        say("tag %s %llu %llu", timer->name,
            static_cast<unsigned long long>(CALL(tevent_timer_get_tag)(pointer(*timer))),
            static_cast<unsigned long long>(CALL(tevent_timer_get_tag)(nullptr)));
    }
}

void timer_invoke(const Step &s)
{
    TimerSlot *timer = timer_of(s);
    if (timer == nullptr || timer->running > 0) {
        return;
    }
    if (main_of(*timer) != nullptr && has_pushed_wrapper(*main_of(*timer)) && avoid(Known::kW3)) {
        return;
    }
    say("invoke %s", timer->name);
    DirectCall call(main_of(*timer));
    bool removed = false;
    const int result =
        CALL(tevent_common_invoke_timer_handler)(pointer(*timer), from_us(vos::now_us()), &removed);
    say("invoke -> %d removed=%d", result, removed);
}

void timer_trace(const Step &s)
{
    TimerSlot *timer = timer_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (timer != nullptr && ctx != nullptr && !ctx->traced_always) {
        CALL(tevent_trace_timer_callback)(pointer(*ctx), pointer(*timer), TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    }
}

void say_time(const char *what, timeval tv)
{
    say("%s %lld %lld", what, static_cast<long long>(tv.tv_sec), static_cast<long long>(tv.tv_usec));
}

void arithmetic(const Step &s)
{
    const uint32_t secs = s[0] * 3u;
    const uint32_t usecs = s[1] * 7919u;
    const timeval a = CALL(tevent_timeval_set)(secs, usecs % 1000000);
    const timeval b = CALL(tevent_timeval_set)(s[2], s[3]);
    const timeval zero = CALL(tevent_timeval_zero)();
    say_time("set", CALL(tevent_timeval_set)(secs, usecs));
    say_time("add", CALL(tevent_timeval_add)(&a, s[2], usecs));
    say_time("until", CALL(tevent_timeval_until)(&a, &b));
    say_time("until", CALL(tevent_timeval_until)(&b, &a));
    say_time("current", CALL(tevent_timeval_current)());
    say_time("current_ofs", CALL(tevent_timeval_current_ofs)(s[2], usecs));
    say("compare %d %d %d", CALL(tevent_timeval_compare)(&a, &b), CALL(tevent_timeval_compare)(&b, &a),
        CALL(tevent_timeval_compare)(&a, &a));
    say("is_zero %d %d", CALL(tevent_timeval_is_zero)(&zero), CALL(tevent_timeval_is_zero)(&b));
}

const Op kOps[] = {
    {"timer_add", "slot context when parent how", true, 14, timer_add},
    {"timer_update", "slot when", false, 6, timer_update},
    {"timer_free", "slot", false, 5, timer_free},
    {"timer_tag", "slot tag", false, 2, timer_tag},
    {"timer_invoke", "slot", false, 3, timer_invoke},
    {"timer_trace", "slot context", false, 1, timer_trace},
    {"arithmetic", "secs usecs other_secs other_usecs", false, 1, arithmetic},
};

} // namespace

const Room kTimerRoom = {kOps, std::size(kOps)};

timeval time_of(const ContextSlot *main, uint8_t choice)
{
    static const int64_t kFromNow[] = {0,     -1,    -10000, 1,      500,      1000,      1001, 2500,
                                       10000, 10000, 500000, 999999, 29500000, 100013000, kFar, -5000000};
    const int64_t us = kFromNow[choice % 16];
    if (choice >= 240) {
        return {0, 0};
    }
    if (us == kFar && avoid(Known::kD5FarTime)) {
        return in_us(main, 1000);
    }
    return in_us(main, us);
}

timeval in_us(const ContextSlot *main, int64_t us)
{
    g_world->deadlines.emplace_back(main, vos::now_us() + us);
    return from_us(vos::now_us() + us);
}

} // namespace diff
