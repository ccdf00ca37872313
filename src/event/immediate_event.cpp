// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/immediate_event.hpp"

#include <cstdlib>

#include "src/base/logger.hpp"
#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

using State = ImmediateEvent::State;

void trace_message(const Loop &loop, const ImmediateEvent &im, const char *what)
{
    if (loop.logger.wants(TEVENT_DEBUG_TRACE)) [[unlikely]] {
        loop.logger.message(TEVENT_DEBUG_TRACE, "immediate %p \"%s\": %s\n", static_cast<const void *>(&im),
                            im.callback.name, what);
    }
}

// For an immediate that was cancelled, not one that its loop detached.
void end_with_message(ImmediateEvent &im)
{
    if (im.state == State::kWaiting) {
        trace_message(im.loop(), im, "cancelled");
    }
    detach(im);
}

void return_inherited(Loop &loop)
{
    if (loop.inbox.is_inherited()) {
        return_all_in_transit(loop.inbox);
    }
}

// An immediate in transit belongs to another thread.  In a forked child it becomes idle.
void abort_if_in_transit(ImmediateEvent &im)
{
    if (im.state != State::kInTransit) [[likely]] {
        return;
    }
    if (im.transit_generation == fork_generation()) {
        abort(); // Compat: not the program's abort function
    }
    for_each_loop(return_inherited);
    im.state = State::kIdle; // the fork may have come before it was in an inbox
}

// False: the caller has freed it already, in its own handler.
bool still_usable(ImmediateEvent &im)
{
    abort_if_in_transit(im);
    if (im.freed) {
        abort_with_reason(nullptr, "tevent_immediate: use after free in its own handler");
        return false;
    }
    return true;
}

struct ImmediateHandler {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_immediate_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_immediate_handler;
    static constexpr auto kTrace = &TraceHooks::immediate;

    ImmediateDelivery &delivery;

    ImmediateEvent *call(tevent_context *context, ImmediateEvent &im) const
    {
        im.callback.function(context, &im, im.callback.private_data);
        return delivery.disowned ? nullptr : &im;
    }
    bool end(ImmediateEvent &im) const
    {
        if (delivery.disowned) {
            return true;
        }
        im.deliveries = delivery.outer;
        if (im.state == State::kDelivering) {
            detach(im);
        }
        return end_handler(im);
    }
};

// Requires: it is waiting.
[[gnu::always_inline]] inline bool deliver(ImmediateEvent &im)
{
    Loop &loop = im.loop();
    loop.immediates.unlink(im);
    loop.delivering_immediates.push_back(im);
    im.state = State::kDelivering;
    ImmediateDelivery delivery = {im.deliveries, false};
    im.deliveries = &delivery;
    trace_message(loop, im, "runs");
    return invoke_handler(ImmediateHandler{delivery}, im);
}

} // namespace

ImmediateEvent *make_immediate(TALLOC_CTX *parent)
{
    return talloc_make<ImmediateEvent>(parent);
}

void schedule_immediate(ImmediateEvent &im, Context &ev, const ImmediateCallback &callback)
{
    if (!still_usable(im)) {
        return;
    }
    end_with_message(im);
    if (callback.function == nullptr) {
        return;
    }
    im.context = &ev; // Compat: D12, the last one counts
    Loop &loop = *ev.loop;
    im.callback = callback;
    im.state = State::kWaiting;
    loop.trace.immediate(&im, TEVENT_EVENT_TRACE_ATTACH);
    loop.immediates.push_back(im);
    trace_message(loop, im, "scheduled");
    loop.note_change();
}

bool cancel_immediate(ImmediateEvent &im)
{
    if (!still_usable(im)) {
        return false;
    }
    end_with_message(im);
    return true;
}

void detach(ImmediateEvent &im)
{
    if (!im.is_attached()) {
        return;
    }
    Loop &loop = im.loop();
    im.unlink();
    im.state = State::kIdle;
    loop.trace.immediate(&im, TEVENT_EVENT_TRACE_DETACH);
    im.context = nullptr;
}

bool invoke_immediate_handler(ImmediateEvent &im)
{
    return im.state == State::kWaiting && deliver(im);
}

bool deliver_first_immediate(Loop &loop)
{
    ImmediateEvent *im = loop.immediates.front();
    if (im == nullptr) {
        return false;
    }
    deliver(*im);
    return true;
}

void disown(ImmediateEvent &im)
{
    end_with_message(im);
    for (ImmediateDelivery *delivery = im.deliveries; delivery != nullptr; delivery = delivery->outer) {
        delivery->disowned = true;
    }
    im.deliveries = nullptr;
    im.handlers_running = 0;
}

void trace_taken_over(const Loop &loop, const ImmediateEvent &im)
{
    trace_message(loop, im, "comes from another thread");
}

void return_all_in_transit(ImmediateInbox &inbox)
{
    for (ImmediateEvent *im = inbox.take_all(); im != nullptr;) {
        ImmediateEvent *next = im->next_in_transit;
        im->state = State::kIdle;
        im = next;
    }
    inbox.mark_own();
}

} // namespace tev

int tevent_immediate::on_talloc_free()
{
    tev::abort_if_in_transit(*this);
    const tev::Free how = tev::begin_free(*this, "tevent_immediate: double free in its own handler");
    if (how == tev::Free::kTwice) {
        return -1;
    }
    tev::end_with_message(*this);
    return how == tev::Free::kLater ? -1 : 0;
}
