// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/signal_arrivals.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <new>
#include <ucontext.h>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"
#include "src/base/readers.hpp"
#include "src/event/info_ring.hpp"

namespace tev::signals {

namespace {

constexpr int kMostSignals = 128;

struct SignalState {
    std::atomic<SignalListener *> newest{nullptr};
    std::atomic<uint32_t> counted{0}; // arrivals whose info is not kept
    uint32_t claimed = 0;
    bool is_behind = false;                // a listener may not have been told yet of what was claimed
    bool keeps_infos = false;              // installed with SA_SIGINFO
    std::atomic<InfoRing *> ring{nullptr}; // made once, kept
    struct sigaction previous;
};

struct Process : ForkObserver {
    SignalState of[kMostSignals];
    std::atomic<int> loop_thread{0};  // the last one that installed or worked off
    std::atomic<uint64_t> blocked{0}; // for that thread, until they are worked off
    std::atomic<uint32_t> arrived{0};
    Readers handlers;
    uint32_t claimed = 0;
    uint32_t behind = 0; // signals that are
    uint64_t removals = 0;
    uint64_t sequence = 0;
};

constinit Process g_signals{};

// While a signal handler runs.
class InHandler {
public:
    InHandler() = default;
    ~InHandler()
    {
        g_signals.handlers.leave(side_);
        errno = errno_;
    }
    InHandler(const InHandler &) = delete;
    InHandler &operator=(const InHandler &) = delete;

private:
    const int errno_ = errno;
    const uint32_t side_ = g_signals.handlers.enter();
};

void wake_listeners(const SignalState &state)
{
    for (SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
        l->wakeup->wake();
    }
}

void count_one(SignalState &state)
{
    state.counted.fetch_add(1);
    g_signals.arrived.fetch_add(1);
}

uint64_t bit_of(int signum)
{
    return uint64_t{1} << (signum - 1);
}

bool in_loop_thread()
{
    return os::thread_id() == g_signals.loop_thread.load();
}

// For the time after the handler: each signal handler that returns brings back
// the mask from before it.  Those of signals that came together lie one above
// the other, so the one below takes over what the one above has found.
void block_when_returning(void *context)
{
    const uint64_t blocked = g_signals.blocked.load();
    if (blocked == 0 || !in_loop_thread()) {
        return;
    }
    sigset_t &mask = static_cast<ucontext_t *>(context)->uc_sigmask;
    for (int signum = 1; signum < NSIG; signum++) {
        if (blocked & bit_of(signum)) {
            sigaddset(&mask, signum);
        }
    }
}

// The kernel lets only the main thread send an info that says what kill() or a
// child's end say.  Under way all of them carry a code of our own.
constexpr int kSentOn = INT_MIN / 2;

void send_on(int signum, SignalState &state, siginfo_t info)
{
    info.si_code += kSentOn;
    if (os::forward_signal(g_signals.loop_thread.load(), signum, &info) == -1) {
        count_one(state); // that thread is gone, or the kernel has no room: at least that it came is kept
    }
}

void receive_sent_on(siginfo_t &info)
{
    if (info.si_code < kSentOn / 2) {
        info.si_code -= kSentOn;
    }
}

void keep_info(int signum, SignalState &state, const siginfo_t &arrival)
{
    InfoRing &ring = *state.ring.load();
    uint32_t position = 0;
    if (!ring.reserve(&position, InfoRing::kSlotsForAll) &&
        !(in_loop_thread() && ring.reserve(&position, InfoRing::kSlots))) {
        g_signals.blocked.fetch_or(bit_of(signum));
        send_on(signum, state, arrival);
        return;
    }
    ring.publish(position, arrival);
    g_signals.arrived.fetch_add(1);
    if (ring.is_nearly_full()) {
        g_signals.blocked.fetch_or(bit_of(signum));
    }
}

void on_signal(int signum)
{
    const InHandler here;
    SignalState &state = g_signals.of[signum];
    count_one(state);
    wake_listeners(state);
}

void on_signal_with_info(int signum, siginfo_t *arrival, void *context)
{
    const InHandler here;
    SignalState &state = g_signals.of[signum];
    receive_sent_on(*arrival);
    keep_info(signum, state, *arrival);
    block_when_returning(context);
    wake_listeners(state);
}

// In a forked child only the forking thread is left, and it is in no handler:
// what the handlers of other threads had begun is never finished here.
void forget_other_threads(ForkObserver &)
{
    sigset_t mask;
    os::block_signals(&mask);
    g_signals.handlers.forget();
    g_signals.loop_thread.store(os::thread_id());
    uint32_t unclaimed = 0;
    for (SignalState &state : g_signals.of) {
        unclaimed += state.counted.load() - state.claimed;
        if (InfoRing *ring = state.ring.load()) {
            unclaimed += ring->close_gaps();
        }
    }
    g_signals.arrived.store(g_signals.claimed + unclaimed);
    os::restore_signals(mask);
}

// Null when out of memory.
InfoRing *make_ring()
{
    void *memory = malloc(sizeof(InfoRing));
    return memory != nullptr ? new (memory) InfoRing : nullptr;
}

int install(int signum, SignalState &state, int sa_flags)
{
    if (!g_signals.registered) {
        g_signals.in_child = forget_other_threads;
        add_fork_observer(g_signals);
    }
    struct sigaction action = {};
    action.sa_flags = sa_flags;
    if (sa_flags & SA_SIGINFO) {
        if (state.ring.load() == nullptr) {
            InfoRing *ring = make_ring();
            if (ring == nullptr) {
                return ENOMEM;
            }
            state.ring.store(ring);
        }
        action.sa_sigaction = on_signal_with_info;
    } else {
        action.sa_handler = on_signal;
    }
    g_signals.loop_thread.store(os::thread_id());
    state.keeps_infos = (sa_flags & SA_SIGINFO) != 0;
    return os::sigaction(signum, &action, &state.previous) == 0 ? 0 : errno;
}

bool take_blocked(int signum)
{
    return (g_signals.blocked.fetch_and(~bit_of(signum)) & bit_of(signum)) != 0;
}

// While the disposition is still ours: what the kernel holds back comes in, as
// far as there is room.  Each one that comes may block the signal again.
void take_in_pending(int signum, const SignalState &state)
{
    const InfoRing *ring = state.ring.load();
    while (!(ring != nullptr && ring->is_full()) && take_blocked(signum)) {
        os::unblock_signal(signum);
    }
}

void restore_disposition(int signum, SignalState &state)
{
    take_in_pending(signum, state);
    if (take_blocked(signum)) {
        // More is pending than there is room for, and nobody is left to tell:
        // ignoring a signal discards it, the previous disposition could kill.
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        os::sigaction(signum, &ignore, nullptr);
        os::unblock_signal(signum);
    }
    os::sigaction(signum, &state.previous, nullptr);
}

void set_behind(SignalState &state, bool is_behind)
{
    g_signals.behind += is_behind;
    g_signals.behind -= state.is_behind;
    state.is_behind = is_behind;
}

} // namespace

int count()
{
    const int counts[] = {64, NSIG, SIGRTMAX, 2 * SIGRTMIN};
    return std::min(*std::max_element(std::begin(counts), std::end(counts)), kMostSignals);
}

int add_listener(int signum, SignalListener &listener, int sa_flags)
{
    SignalState &state = g_signals.of[signum];
    SignalListener *older = state.newest.load();
    listener.sequence = ++g_signals.sequence;
    listener.next.store(older);
    listener.told_counted = state.claimed;
    const InfoRing *ring = state.ring.load();
    listener.told_infos = ring != nullptr ? ring->claimed : 0;
    // In place before the disposition: the first arrival already finds it.
    state.newest.store(&listener);
    const int error = older == nullptr ? install(signum, state, sa_flags) : 0;
    if (error != 0) {
        state.newest.store(nullptr);
        g_signals.handlers.wait_for_those_inside();
    }
    return error;
}

void remove_listener(int signum, SignalListener &listener)
{
    SignalState &state = g_signals.of[signum];
    std::atomic<SignalListener *> *link = &state.newest;
    while (link->load() != &listener) {
        link = &link->load()->next;
    }
    link->store(listener.next.load());
    g_signals.removals++;
    if (state.newest.load() == nullptr) {
        restore_disposition(signum, state);
    }
    g_signals.handlers.wait_for_those_inside();
}

SignalListener *newest_listener(int signum)
{
    return g_signals.of[signum].newest.load();
}

uint64_t removals()
{
    return g_signals.removals;
}

void begin_working_off()
{
    g_signals.loop_thread.store(cached_thread_id());
}

bool any_pending()
{
    return g_signals.arrived.load() != g_signals.claimed || g_signals.behind != 0;
}

bool claim(int signum)
{
    SignalState &state = g_signals.of[signum];
    uint32_t arrivals = state.counted.load() - state.claimed;
    state.claimed += arrivals;
    if (InfoRing *ring = state.ring.load()) {
        // Only what is whole: another thread may be writing the one after.
        while (ring->is_published(ring->claimed)) {
            ring->claimed++;
            arrivals++;
        }
    }
    g_signals.claimed += arrivals;
    if (arrivals != 0) {
        set_behind(state, true);
    }
    return state.is_behind;
}

bool take_info(int signum, SignalListener &listener, siginfo_t *info)
{
    InfoRing *ring = g_signals.of[signum].ring.load();
    if (ring == nullptr || listener.told_infos == ring->claimed) {
        return false;
    }
    *info = ring->slot_of(listener.told_infos++).info;
    return true;
}

bool take_one_without_info(int signum, SignalListener &listener)
{
    const SignalState &state = g_signals.of[signum];
    if (!state.keeps_infos || listener.told_counted == state.claimed) {
        return false;
    }
    listener.told_counted++;
    return true;
}

uint32_t take_count(int signum, SignalListener &listener)
{
    const SignalState &state = g_signals.of[signum];
    uint32_t arrivals = state.claimed - listener.told_counted;
    listener.told_counted = state.claimed;
    if (const InfoRing *ring = state.ring.load()) {
        arrivals += ring->claimed - listener.told_infos;
        listener.told_infos = ring->claimed;
    }
    return arrivals;
}

void release(int signum)
{
    SignalState &state = g_signals.of[signum];
    InfoRing *ring = state.ring.load();
    const uint32_t claimed_infos = ring != nullptr ? ring->claimed : 0;
    uint32_t untold_infos = 0; // by the listener that is furthest behind
    bool is_behind = false;
    for (const SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
        untold_infos = std::max(untold_infos, claimed_infos - l->told_infos);
        is_behind = is_behind || l->told_counted != state.claimed;
    }
    if (ring != nullptr) {
        ring->released.store(claimed_infos - untold_infos);
    }
    set_behind(state, is_behind || untold_infos != 0);
}

// All of them, not only those that have just been worked off: another thread
// may have blocked one in the moment when its infos were released.
void end_working_off()
{
    if (g_signals.blocked.load() == 0) {
        return;
    }
    for (int signum = 1; signum < NSIG; signum++) {
        const InfoRing *ring = g_signals.of[signum].ring.load();
        if (ring != nullptr && !ring->is_nearly_full() && take_blocked(signum)) {
            os::unblock_signal(signum);
        }
    }
}

} // namespace tev::signals
