// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/immediate_event.hpp"

#include <cstdlib>

#include "src/base/report.hpp"
#include "src/base/talloc_object.hpp"
#include "src/event/source_set.hpp"

namespace tev {

namespace {

using State = ImmediateEvent::State;

void say(const SourceSet &set, const ImmediateEvent &im, const char *what)
{
    if (set.report.wants(TEVENT_DEBUG_TRACE)) [[unlikely]] {
        set.report.message(TEVENT_DEBUG_TRACE, "immediate %p \"%s\": %s\n", static_cast<const void *>(&im),
                           im.callback_.name, what);
    }
}

// For an immediate that is cancelled by itself, not with its loop.
void end_with_message(ImmediateEvent &im)
{
    if (im.state_ == State::kWaiting) {
        say(im.set(), im, "cancelled");
    }
    cut_loose(im);
}

// An immediate in transit belongs to another thread.  In a forked child it becomes idle.
void abort_if_in_transit(ImmediateEvent &im)
{
    if (im.state_ != State::kInTransit) [[likely]] {
        return;
    }
    if (im.transit_generation_ == fork_generation()) {
        abort();
    }
    turn_away_what_parent_was_sent();
    im.state_ = State::kIdle; // the fork may have come before it was in an inbox
}

// False: the caller has freed it already, in its own handler.
bool still_usable(ImmediateEvent &im)
{
    abort_if_in_transit(im);
    if (im.freed_) {
        fail(nullptr, "tevent_immediate: use after free in its own handler");
        return false;
    }
    return true;
}

struct ImmediateHandling {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_immediate_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_immediate_handler;
    static constexpr auto kTrace = &TraceHooks::immediate;

    ImmediateDelivery &delivery;

    ImmediateEvent *call(tevent_context *context, ImmediateEvent &im) const
    {
        im.callback_.function(context, &im, im.callback_.private_data);
        return delivery.let_go ? nullptr : &im;
    }
    bool end(ImmediateEvent &im) const
    {
        if (delivery.let_go) {
            return true;
        }
        im.deliveries_ = delivery.outer;
        if (im.state_ == State::kDelivering) {
            cut_loose(im);
        }
        return end_handler(im);
    }
};

// Requires: it is waiting.
[[gnu::always_inline]] inline bool deliver(ImmediateEvent &im)
{
    SourceSet &set = im.set();
    set.immediates.unlink(im);
    set.delivering_immediates.push_back(im);
    im.state_ = State::kDelivering;
    ImmediateDelivery delivery = {im.deliveries_, false};
    im.deliveries_ = &delivery;
    say(set, im, "runs");
    return run_handler(ImmediateHandling{delivery}, im);
}

} // namespace

ImmediateEvent *make_immediate(TALLOC_CTX *parent)
{
    return talloc_make<ImmediateEvent>(parent);
}

void schedule(ImmediateEvent &im, SourceSet &set, const ImmediateCallback &callback)
{
    if (!still_usable(im)) {
        return;
    }
    end_with_message(im);
    if (callback.function == nullptr) {
        return;
    }
    im.scope_ = &set.own_scope;
    im.callback_ = callback;
    im.state_ = State::kWaiting;
    set.trace.immediate(&im, TEVENT_EVENT_TRACE_ATTACH);
    set.immediates.push_back(im);
    say(set, im, "scheduled");
    set.note_change();
}

bool cancel(ImmediateEvent &im)
{
    if (!still_usable(im)) {
        return false;
    }
    end_with_message(im);
    return true;
}

void cut_loose(ImmediateEvent &im)
{
    if (!im.is_attached()) {
        return;
    }
    SourceSet &set = im.set();
    im.unlink();
    im.state_ = State::kIdle;
    set.trace.immediate(&im, TEVENT_EVENT_TRACE_DETACH);
    im.scope_ = nullptr;
}

bool invoke(ImmediateEvent &im)
{
    return im.state_ == State::kWaiting && deliver(im);
}

bool run_first_immediate(SourceSet &set)
{
    ImmediateEvent *im = set.immediates.front();
    if (im == nullptr) {
        return false;
    }
    deliver(*im);
    return true;
}

void let_go(ImmediateEvent &im)
{
    end_with_message(im);
    for (ImmediateDelivery *delivery = im.deliveries_; delivery != nullptr; delivery = delivery->outer) {
        delivery->let_go = true;
    }
    im.deliveries_ = nullptr;
    im.handlers_running_ = 0;
}

void say_taken_over(const SourceSet &set, const ImmediateEvent &im)
{
    say(set, im, "comes from another thread");
}

void ImmediateInbox::turn_all_away()
{
    for (ImmediateEvent *im = take_all(); im != nullptr;) {
        ImmediateEvent *next = im->next_in_transit_;
        im->state_ = State::kIdle;
        im = next;
    }
    generation_.store(fork_generation());
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
