// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/timer_event.hpp"

#include "src/base/talloc_object.hpp"
#include "src/base/timeval.hpp"

namespace tev {

namespace {

void trace_message(const Loop &loop, const TimerEvent &te, const char *what)
{
    if (loop.logger.wants(TEVENT_DEBUG_TRACE)) [[unlikely]] {
        loop.logger.message(TEVENT_DEBUG_TRACE, "timer %p \"%s\": %s\n", static_cast<const void *>(&te),
                            te.callback.name, what);
    }
}

// For a timer that fired or was freed, not one that its loop detached.
void end_with_message(TimerEvent &te, const char *how)
{
    if (te.is_attached()) {
        trace_message(te.loop(), te, how);
        detach(te);
    }
}

struct TimerHandler {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_timer_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_timer_handler;
    static constexpr auto kTrace = &TraceHooks::timer;

    static TimerEvent *call(tevent_context *context, TimerEvent &te, timeval, timeval current_time)
    {
        te.callback.function(context, &te, current_time, te.callback.private_data);
        return &te;
    }
    static bool end(TimerEvent &te)
    {
        end_with_message(te, "ends");
        te.handlers_running--;
        talloc_free(&te);
        return true;
    }
};

} // namespace

TimerEvent *add_timer_event(Context &ev, TALLOC_CTX *parent, timeval when, const TimerCallback &callback)
{
    auto *te = talloc_make<TimerEvent>(parent != nullptr ? parent : &ev);
    if (te == nullptr) {
        return nullptr;
    }
    te->context = &ev;
    te->callback = callback;
    Loop &loop = te->loop();
    loop.trace.timer(te, TEVENT_EVENT_TRACE_ATTACH);
    loop.timers.link(*te, when);
    trace_message(loop, *te, "added");
    return te;
}

void update_timer(TimerEvent &te, timeval when)
{
    if (!te.is_linked()) { // running, or detached; Compat: D5
        return;
    }
    Loop &loop = te.loop();
    loop.trace.timer(&te, TEVENT_EVENT_TRACE_DETACH);
    loop.timers.unlink(te);
    loop.trace.timer(&te, TEVENT_EVENT_TRACE_ATTACH);
    loop.timers.link(te, when);
}

void detach(TimerEvent &te)
{
    if (!te.is_attached()) {
        return;
    }
    Loop &loop = te.loop();
    loop.trace.timer(&te, TEVENT_EVENT_TRACE_DETACH);
    loop.timers.unlink(te);
    te.context = nullptr;
}

bool invoke_timer_handler(TimerEvent &te, timeval current_time)
{
    if (!te.is_linked()) { // running, or detached
        return false;
    }
    Loop &loop = te.loop();
    loop.timers.set_aside(te);
    trace_message(loop, te, "runs");
    return invoke_handler(TimerHandler{}, te, te.when(), current_time);
}

TimerCheck deliver_if_due(TimerEvent &te, timeval *span)
{
    if (is_zero(te.when())) {
        invoke_timer_handler(te, {0, 0});
        return TimerCheck::kDelivered;
    }
    const timeval now = current_time();
    *span = until(now, te.when());
    if (!is_zero(*span)) {
        return TimerCheck::kNotYet;
    }
    invoke_timer_handler(te, now);
    return TimerCheck::kDelivered;
}

} // namespace tev

int tevent_timer::on_talloc_free()
{
    const tev::Free how = tev::begin_free(*this, "tevent_timer: double free in its own handler");
    if (how == tev::Free::kTwice) {
        return -1;
    }
    tev::end_with_message(*this, "is freed");
    return how == tev::Free::kLater ? -1 : 0;
}
