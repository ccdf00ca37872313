// SPDX-License-Identifier: LGPL-3.0-or-later

// Signal events.  Signals are raised in this thread, so they arrive at once.

#include <cerrno>
#include <csignal>
#include <unistd.h>
#include <utility>

#include "world.hpp"

namespace diff {

namespace {

const int kSignals[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGRTMIN + 1};
const int kResetHand = static_cast<int>(SA_RESETHAND);
const int kFlags[] = {0, SA_RESTART, SA_SIGINFO, kResetHand, SA_SIGINFO | kResetHand};

// In place before the first event and after the last one.
void not_the_librarys(int signum)
{
    say("base handler of signal %d", signum);
}

bool is_default(int signum)
{
    struct sigaction now;
    return sigaction(signum, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
}

void on_signal(tevent_context *ev, tevent_signal *se, int signum, int count, void *siginfo,
               void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    SignalSlot &signal = *static_cast<SignalSlot *>(hook.object);
    if (g_world->invoked_signal != &signal) {
        signal.untold = std::exchange(signal.raised_beside, false);
    }
    const siginfo_t *info = static_cast<siginfo_t *>(siginfo);
    say("%s called: %s signal=%d count=%d info=%d value=%d %d", signal.name, name_of_context(ev), signum,
        count, info != nullptr ? info->si_signo : 0,
        info != nullptr && info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, se == signal.ptr);
    HandlerCall call(hook);
    run_script(hook.script);
}

SignalSlot *signal_of(const Step &s)
{
    return usable(g_world->signals, s[0]);
}

// D5, S4: the first event on a signal determines SA_SIGINFO, for the whole sequence: an arrival for one
// kind of event may be reported to the other later.
int flags_beside(size_t index, int sa_flags)
{
    int &first = g_world->signal_infos[index];
    if (first == kNone) {
        first = sa_flags & SA_SIGINFO;
    }
    return first != (sa_flags & SA_SIGINFO) && avoid(Known::kD5MixedInfo) ? sa_flags ^ SA_SIGINFO : sa_flags;
}

void signal_add(const Step &s)
{
    SignalSlot *signal = vacant(g_world->signals, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    if (signal == nullptr || ctx == nullptr) {
        return;
    }
    const int signum = kSignals[s[2] % std::size(kSignals)];
    const int sa_flags = flags_beside(s[2] % std::size(kSignals), kFlags[s[3] % std::size(kFlags)]);
    const char *parent_name;
    void *mem_ctx = parent(s[4], &parent_name);
    reserve(*signal, slot_of_context(*ctx));
    signal->signum = signum;
    signal->untold = signal->raised_beside = false;
    signal->which = s[2] % static_cast<int>(std::size(kSignals));
    signal->sa_flags = sa_flags;
    say("%s = add_signal %s parent=%s signal=%d flags=0x%x", signal->name, ctx->name, parent_name, signum,
        sa_flags);
    const auto function =
        !ctx->is_wrapper && s[5] % 8 == 0 ? CALL(tevent_common_add_signal) : CALL(_tevent_add_signal);
    void *expected_parent = mem_ctx != nullptr ? mem_ctx : main_of(*ctx)->ptr;
    tevent_signal *se = function(pointer(*ctx), mem_ctx, signum, sa_flags, on_signal,
                                 new_hook(signal, &s.script), "on_signal", "signal");
    if (made(*signal, se)) {
        say("%s %d", talloc_get_name(se), talloc_parent(se) == expected_parent);
    } else {
        signal->ctx = kNone;
    }
}

void signal_refused(const Step &s)
{
    static const int kRefused[] = {0, SIGKILL, 65, 67, 68, 1000};
    ContextSlot *ctx = context_for_events(s[0]);
    if (ctx == nullptr) {
        return;
    }
    const int signum = kRefused[s[1] % std::size(kRefused)];
    main_of(*ctx)->wakeup_unknown = true;
    errno = 0;
    const tevent_signal *se = CALL(_tevent_add_signal)(pointer(*ctx), g_world->root, signum, 0, on_signal,
                                                       nullptr, "on_signal", "signal");
    const int error = errno;
    say("refused %s signal=%d: %d %d", ctx->name, signum, se == nullptr, error);
    say("%zu signals, %zu infos", CALL(tevent_num_signals)(), CALL(tevent_sa_info_queue_count)());
}

void raise_one(int signum, int value)
{
    // The kernel sends it to the calling thread: it has arrived when the call returns.
    if (value % 2 == 0) {
        raise(signum);
        return;
    }
    sigval of_signal;
    of_signal.sival_int = value;
    sigqueue(getpid(), signum, of_signal);
}

void note_arrival(int signum)
{
    for (SignalSlot &signal : g_world->signals) {
        if (signal.taken && signal.ctx != kNone && signal.signum == signum) {
            signal.untold = true;
            signal.raised_beside = is_beside_running(signal);
        }
    }
}

bool goes_by_itself(int signum)
{
    for (const SignalSlot &signal : g_world->signals) {
        if (signal.taken && signal.signum == signum && (signal.sa_flags & kResetHand)) {
            return true;
        }
    }
    return false;
}

void raise_times(int signum, int times, int value)
{
    say("raise %d, %d times", signum, times);
    g_world->signals_raised = true;
    for (int i = 0; i < times; i++) {
        if (is_default(signum)) {
            say("default"); // SA_RESETHAND: it would end the process
            return;
        }
        raise_one(signum, value + i);
        note_arrival(signum);
    }
}

void signal_raise(const Step &s)
{
    raise_times(kSignals[s[0] % std::size(kSignals)], s[1] % 3 + 1, s[2]);
}

// More than are kept, so that the signal gets blocked; handled at once.
void signal_flood(const Step &s)
{
    World &w = *g_world;
    SignalSlot *signal = signal_of(s);
    ContextSlot *main = signal != nullptr ? main_of(*signal) : nullptr;
    if (main == nullptr || main->pinned != 0 || !w.loops.empty() || signal->running != 0 ||
        !(signal->sa_flags & SA_SIGINFO) || goes_by_itself(signal->signum)) {
        return;
    }
    if (has_pushed_wrapper(*main) && avoid(Known::kW3)) {
        return;
    }
    if (comparing()) {
        masked(Known::kS5);
        w.draining++; // handlers do nothing
    }
    const int draining = w.draining;
    raise_times(signal->signum, 300, 0);
    for (int i = 0; i < 3; i++) {
        say("check_signal -> %d", CALL(tevent_common_check_signal)(pointer(*main)) != 0);
    }
    w.draining -= draining;
}

void signal_free(const Step &s)
{
    if (SignalSlot *signal = signal_of(s)) {
        free_object(*signal);
    }
}

void signal_tag(const Step &s)
{
    if (SignalSlot *signal = signal_of(s)) {
        CALL(tevent_signal_set_tag)(pointer(*signal), s[1]);
        CALL(tevent_signal_set_tag)(nullptr, s[1]);
        say("tag %s %llu %llu", signal->name,
            static_cast<unsigned long long>(CALL(tevent_signal_get_tag)(pointer(*signal))),
            static_cast<unsigned long long>(CALL(tevent_signal_get_tag)(nullptr)));
    }
}

void signal_invoke(const Step &s)
{
    SignalSlot *signal = signal_of(s);
    if (signal == nullptr || signal->running > 0) {
        return;
    }
    if ((signal->sa_flags & kResetHand) && has_pinned_below(signal->ptr)) {
        return; // it would go
    }
    if (signal->sa_flags == (SA_SIGINFO | kResetHand) && avoid(Known::kS4Gone)) {
        return;
    }
    if (main_of(*signal) != nullptr && has_pushed_wrapper(*main_of(*signal)) && avoid(Known::kW3)) {
        return;
    }
    say("invoke %s", signal->name);
    DirectCall call(main_of(*signal));
    bool removed = false;
    const SignalSlot *outer = std::exchange(g_world->invoked_signal, signal);
    const int result = CALL(tevent_common_invoke_signal_handler)(pointer(*signal), signal->signum,
                                                                 s[1] % 3 + 1, nullptr, &removed);
    g_world->invoked_signal = outer;
    say("invoke -> %d removed=%d", result, removed);
}

void signal_cleanup(const Step &s)
{
    SignalSlot *signal = signal_of(s);
    if (signal == nullptr || signal->running > 0 || has_pinned_below(signal->ptr)) {
        return;
    }
    if (signal->ctx == kNone && avoid(Known::kS11)) {
        return;
    }
    say("cleanup %s", signal->name);
    CALL(tevent_cleanup_pending_signal_handlers)(pointer(*signal));
    signal->ctx = kNone;
}

void signal_trace(const Step &s)
{
    SignalSlot *signal = signal_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (signal != nullptr && ctx != nullptr && !ctx->traced_always) {
        CALL(tevent_trace_signal_callback)
        (pointer(*ctx), pointer(*signal), TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    }
}

void nothing(tevent_context *, tevent_signal *, int, int, void *, void *) {}

const Op kOps[] = {
    {"signal_add", "slot context signal flags parent how", true, 9, signal_add},
    {"signal_refused", "context signal", false, 1, signal_refused},
    {"signal_raise", "signal times value", false, 10, signal_raise, true},
    {"signal_free", "slot", false, 4, signal_free},
    {"signal_tag", "slot tag", false, 1, signal_tag},
    {"signal_invoke", "slot count", false, 2, signal_invoke},
    {"signal_cleanup", "slot", false, 1, signal_cleanup},
    {"signal_trace", "slot context", false, 1, signal_trace},
    {"signal_flood", "slot", false, 1, signal_flood},
};

} // namespace

const Room kSignalRoom = {kOps, std::size(kOps)};

void start_signals()
{
    for (const int signum : kSignals) {
        struct sigaction base = {};
        base.sa_handler = not_the_librarys;
        sigaction(signum, &base, nullptr);
    }
}

void work_off_signals()
{
    World &w = *g_world;
    for (ContextSlot &ctx : w.contexts) {
        if (ctx.is_usable() && !ctx.is_wrapper) {
            CALL(tevent_common_check_signal)(pointer(ctx));
        }
    }
    for (SignalSlot &signal : w.signals) {
        signal.untold = signal.raised_beside = false;
    }
}

bool is_beside_running(const SignalSlot &signal)
{
    for (const SignalSlot &other : g_world->signals) {
        if (signal.running == 0 && other.taken && other.running != 0 && other.signum == signal.signum) {
            return true;
        }
    }
    return false;
}

bool infos_wait(int which)
{
    for (const SignalSlot &signal : g_world->signals) {
        if (signal.taken && signal.ctx != kNone && signal.which == which && signal.untold) {
            return true;
        }
    }
    return false;
}

// Arrivals that were not handled belong to this sequence, not to the next.
void flush_signals()
{
    for (const int signum : kSignals) {
        struct sigaction now;
        sigaction(signum, nullptr, &now);
        expect(now.sa_handler == not_the_librarys, "the disposition from before");
    }
    if (!g_world->signals_raised) {
        return;
    }
    tevent_context *ev = CALL(tevent_context_init_byname)(nullptr, "poll");
    CALL(_tevent_add_signal)(ev, nullptr, SIGWINCH, 0, nothing, nullptr, "nothing", "flush");
    CALL(tevent_common_check_signal)(ev);
    talloc_free(ev);
}

} // namespace diff
