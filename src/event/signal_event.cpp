// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/signal_event.hpp"

#include <cerrno>

#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

struct SignalHandler {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_signal_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_signal_handler;
    static constexpr auto kTrace = &TraceHooks::signal;

    bool one_shot;

    static SignalEvent *call(tevent_context *context, SignalEvent &se, int signum, int count, void *siginfo)
    {
        se.callback.function(context, &se, signum, count, siginfo, se.callback.private_data);
        return &se;
    }
    bool end(SignalEvent &se) const
    {
        if (one_shot && !se.freed) {
            talloc_free(&se); // refused until the handlers have returned
        }
        return end_handler(se);
    }
};

// One call per siginfo with SA_SIGINFO, else one call for all arrivals.
void deliver_arrivals(SignalEvent &se)
{
    const int signum = se.signum;
    if (se.sa_flags & SA_SIGINFO) {
        while (signals::take_one_without_info(signum, se)) {
            siginfo_t nothing_known = {};
            nothing_known.si_signo = signum;
            if (invoke_signal_handler(se, signum, 1, &nothing_known)) {
                return;
            }
        }
        siginfo_t info;
        while (signals::take_info(signum, se, &info)) {
            if (invoke_signal_handler(se, signum, 1, &info)) {
                return;
            }
        }
    }
    const uint32_t count = signals::take_count(signum, se);
    if (count != 0) {
        invoke_signal_handler(se, signum, static_cast<int>(count), nullptr);
    }
}

SignalListener *newest_before(int signum, uint64_t sequence)
{
    SignalListener *l = signals::newest_listener(signum);
    while (l != nullptr && l->sequence >= sequence) {
        l = l->next.load();
    }
    return l;
}

void deliver_to_listeners(int signum)
{
    SignalListener *l = signals::newest_listener(signum);
    while (l != nullptr) {
        SignalListener *next = l->next.load();
        const uint64_t sequence = l->sequence;
        const uint64_t removals = signals::removals();
        deliver_arrivals(static_cast<SignalEvent &>(*l));
        l = removals == signals::removals() ? next : newest_before(signum, sequence);
    }
}

} // namespace

SignalEvent *add_signal_event(Context &ev, TALLOC_CTX *parent, int signum, int sa_flags,
                              const SignalCallback &callback)
{
    auto *se = talloc_make<SignalEvent>(parent != nullptr ? parent : &ev);
    if (se == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    se->signum = signum;
    se->sa_flags = sa_flags;
    se->callback = callback;
    se->wakeup = &ev.loop->wakeup;
    const int error = signals::add_listener(signum, *se, sa_flags);
    if (error != 0) {
        talloc_free(se);
        errno = error;
        return nullptr;
    }
    se->context = &ev;
    ev.loop->trace.signal(se, TEVENT_EVENT_TRACE_ATTACH);
    ev.loop->signals.push_front(*se);
    return se;
}

void detach(SignalEvent &se)
{
    if (!se.is_attached()) {
        return;
    }
    Loop &loop = se.loop();
    loop.trace.signal(&se, TEVENT_EVENT_TRACE_DETACH);
    signals::remove_listener(se.signum, se);
    loop.signals.unlink(se);
    se.context = nullptr;
}

bool invoke_signal_handler(SignalEvent &se, int signum, int count, void *siginfo)
{
    if (!se.is_attached()) {
        return false;
    }
    const bool one_shot = (static_cast<unsigned>(se.sa_flags) & SA_RESETHAND) != 0; // a sign bit
    return invoke_handler(SignalHandler{one_shot}, se, signum, count, siginfo);
}

bool deliver_pending_signals()
{
    if (!signals::any_pending()) {
        return false;
    }
    bool any = false;
    signals::begin_delivery();
    const int count = signals::count();
    for (int signum = 0; signum < count && signals::any_marked(); signum++) {
        if (!signals::is_pending(signum)) {
            continue;
        }
        if (signals::claim(signum)) {
            any = true;
            deliver_to_listeners(signum);
        }
        signals::release(signum);
    }
    signals::end_delivery();
    return any;
}

} // namespace tev

int tevent_signal::on_talloc_free()
{
    const tev::Free how = tev::begin_free(*this, "tevent_signal: double free in its own handler");
    if (how == tev::Free::kTwice) {
        return -1;
    }
    tev::detach(*this);
    return how == tev::Free::kLater ? -1 : 0;
}
