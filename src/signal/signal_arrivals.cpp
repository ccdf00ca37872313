// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/signal/signal_arrivals.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ucontext.h>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"
#include "src/base/race_detectors.hpp"
#include "src/base/readers.hpp"
#include "src/signal/signal_bits.hpp"

namespace tev::signals {

namespace {

struct SignalState {
    std::atomic<SignalListener *> newest{nullptr};
    std::atomic<uint32_t> counted{0};      // arrivals whose info is not kept
    std::atomic<uint32_t> claimed{0};      // of these
    bool keeps_infos = false;              // installed with SA_SIGINFO
    std::atomic<InfoRing *> ring{nullptr}; // made once, kept
    struct sigaction previous;
};

struct Process {
    SignalState of[kMostSignals];
    SignalBits pending; // something has arrived, or a listener has not got all of it
    SignalBits blocked; // for the loop's thread, until they are run
    // The last thread that installed or ran signals, in the process of this generation.
    std::atomic<int> loop_thread{0};
    std::atomic<uint32_t> loop_generation{0};
    // The process in which `pending` is complete.  Threads go on while a fork copies page after page, so
    // in a child the counters may be newer than the bits.
    std::atomic<uint32_t> pending_generation{0};
    Readers handlers;
    uint64_t removals = 0;
    uint64_t sequence = 0;
};

constinit Process g_signals{};

// While a signal handler runs.  Signals stay blocked until the kernel restores
// the mask on return.
class InHandler {
public:
    InHandler() : side_(enter()) {}
    ~InHandler() { g_signals.handlers.leave(side_); }
    InHandler(const InHandler &) = delete;
    InHandler &operator=(const InHandler &) = delete;

private:
    static uint32_t enter()
    {
        os::block_signals_in_this_thread();
        return g_signals.handlers.enter();
    }

    const uint32_t side_;
};

void wake_listeners(const SignalState &state)
{
    for (SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
        l->wakeup->wake();
    }
}

void count_one(int signum, SignalState &state)
{
    state.counted.fetch_add(1);
    g_signals.pending.add(signum);
}

void set_loop_thread(int thread_id)
{
    g_signals.loop_thread.store(thread_id);
    g_signals.loop_generation.store(fork_generation());
}

bool in_loop_thread()
{
    const int own = os::thread_id();
    if (g_signals.loop_generation.load() != fork_generation()) {
        set_loop_thread(own); // a forked child before its first turn: this one is as good as any
    }
    return own == g_signals.loop_thread.load();
}

// For the time after the handler: each signal handler that returns brings back
// the mask from before it.
void block_when_returning(void *context)
{
    if (g_signals.blocked.empty() || !in_loop_thread()) {
        return;
    }
    // By hand: sigaddset() may be another library's.  The kernel's set comes first in libc's.
    constexpr int kBits = 8 * sizeof(unsigned long);
    auto *mask = reinterpret_cast<unsigned long *>(&static_cast<ucontext_t *>(context)->uc_sigmask);
    for (int signum = 1; signum < NSIG; signum++) {
        if (g_signals.blocked.contains(signum)) {
            mask[(signum - 1) / kBits] |= 1UL << ((signum - 1) % kBits);
        }
    }
}

void keep_info(int signum, SignalState &state, const siginfo_t &arrival)
{
    InfoRing &ring = *state.ring.load();
    uint32_t position = 0;
    if (ring.reserve(&position, InfoRing::kSlotsForAll) ||
        (in_loop_thread() && ring.reserve(&position, InfoRing::kSlots))) {
        ring.publish(position, arrival);
        g_signals.pending.add(signum);
    } else {
        count_one(signum, state);
    }
    if (ring.is_nearly_full()) {
        g_signals.blocked.add(signum);
    }
}

void on_signal(int signum)
{
    SignalState &state = g_signals.of[signum];
    count_one(signum, state);
    const InHandler here;
    wake_listeners(state);
}

void on_signal_with_info(int signum, siginfo_t *arrival, void *context)
{
    const InHandler here;
    SignalState &state = g_signals.of[signum];
    keep_info(signum, state, *arrival);
    block_when_returning(context);
    wake_listeners(state);
}

int install(int signum, SignalState &state, int sa_flags)
{
    race_detectors::is_synchronisation(&g_signals, sizeof(g_signals));
    struct sigaction action = {};
    action.sa_flags = sa_flags;
    if (sa_flags & SA_SIGINFO) {
        if (state.ring.load() == nullptr) {
            // Zeros are an empty ring; the pages are there when they are written to.
            auto *ring = static_cast<InfoRing *>(calloc(1, sizeof(InfoRing)));
            if (ring == nullptr) {
                return ENOMEM;
            }
            race_detectors::is_synchronisation(ring, sizeof(*ring));
            state.ring.store(ring);
        }
        action.sa_sigaction = on_signal_with_info;
    } else {
        action.sa_handler = on_signal;
    }
    set_loop_thread(os::thread_id());
    state.keeps_infos = (sa_flags & SA_SIGINFO) != 0;
    return os::sigaction(signum, &action, &state.previous) == 0 ? 0 : errno;
}

// While the disposition is still ours: what the kernel holds back comes in, as
// far as there is room.  Each one that comes may block the signal again.
void take_in_pending(int signum, const SignalState &state)
{
    const InfoRing *ring = state.ring.load();
    while (!(ring != nullptr && ring->is_full()) && g_signals.blocked.take(signum)) {
        os::unblock_signal(signum);
    }
}

void restore_disposition(int signum, SignalState &state)
{
    take_in_pending(signum, state);
    if (g_signals.blocked.take(signum)) {
        // More is pending than there is room for, and no listener is left:
        // ignoring a signal discards it, the previous disposition could kill.
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        os::sigaction(signum, &ignore, nullptr);
        os::unblock_signal(signum);
    }
    os::sigaction(signum, &state.previous, nullptr);
}

bool is_behind(const SignalState &state)
{
    const uint32_t counted = state.claimed.load();
    const InfoRing *ring = state.ring.load();
    const uint32_t infos = ring != nullptr ? ring->claimed.load() : 0;
    for (const SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
        if (l->told_counted.load() != counted || l->told_infos.load() != infos) {
            return true;
        }
    }
    return false;
}

[[gnu::cold, gnu::noinline]] void mark_all_in_child()
{
    for (int signum = 0; signum < kMostSignals; signum++) {
        if (g_signals.of[signum].newest.load() != nullptr) {
            g_signals.pending.add(signum);
        }
    }
    g_signals.pending_generation.store(fork_generation());
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
    listener.told_counted.store(state.claimed.load());
    const InfoRing *ring = state.ring.load();
    listener.told_infos.store(ring != nullptr ? ring->claimed.load() : 0);
    // In place before the disposition: the first arrival already finds it.
    state.newest.store(&listener);
    const int error = older == nullptr ? install(signum, state, sa_flags) : 0;
    if (error != 0) {
        state.newest.store(nullptr);
        g_signals.handlers.wait_for_readers();
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
    g_signals.handlers.wait_for_readers();
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
    set_loop_thread(cached_thread_id());
    if (g_signals.pending_generation.load() != fork_generation()) [[unlikely]] {
        mark_all_in_child();
    }
}

bool any_pending()
{
    return !g_signals.pending.empty() || g_signals.pending_generation.load() != fork_generation();
}

bool any_marked()
{
    return !g_signals.pending.empty();
}

bool is_pending(int signum)
{
    return g_signals.pending.contains(signum);
}

bool claim(int signum)
{
    SignalState &state = g_signals.of[signum];
    const uint32_t counted = state.counted.load();
    uint32_t arrivals = counted - state.claimed.exchange(counted);
    if (InfoRing *ring = state.ring.load()) {
        arrivals += ring->claim();
    }
    return arrivals != 0 || is_behind(state);
}

bool take_info(int signum, SignalListener &listener, siginfo_t *info)
{
    InfoRing *ring = g_signals.of[signum].ring.load();
    if (ring == nullptr) {
        return false;
    }
    uint32_t position = listener.told_infos.load();
    while (position != ring->claimed.load()) {
        // Copied before it is taken: until then the slot is not released.
        const bool is_whole = ring->is_published(position);
        if (is_whole) {
            *info = ring->slot_of(position).info;
        }
        if (listener.told_infos.compare_exchange_strong(position, position + 1)) {
            if (is_whole) {
                return true;
            }
            position++;
        }
    }
    return false;
}

bool take_one_without_info(int signum, SignalListener &listener)
{
    const SignalState &state = g_signals.of[signum];
    uint32_t told = listener.told_counted.load();
    while (state.keeps_infos && told != state.claimed.load()) {
        if (listener.told_counted.compare_exchange_strong(told, told + 1)) {
            return true;
        }
    }
    return false;
}

uint32_t take_count(int signum, SignalListener &listener)
{
    const SignalState &state = g_signals.of[signum];
    const uint32_t counted = state.claimed.load();
    uint32_t arrivals = counted - listener.told_counted.exchange(counted);
    if (const InfoRing *ring = state.ring.load()) {
        const uint32_t infos = ring->claimed.load();
        arrivals += infos - listener.told_infos.exchange(infos);
    }
    return arrivals;
}

void release(int signum)
{
    SignalState &state = g_signals.of[signum];
    // First: an arrival after the look below marks the signal again.
    g_signals.pending.take(signum);
    InfoRing *ring = state.ring.load();
    if (ring != nullptr) {
        const uint32_t claimed = ring->claimed.load();
        uint32_t untold = 0; // of the listener that is furthest behind
        for (const SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
            untold = std::max(untold, claimed - l->told_infos.load());
        }
        ring->released.store(claimed - untold);
    }
    const bool has_more = state.counted.load() != state.claimed.load() ||
                          (ring != nullptr && ring->is_published(ring->claimed.load()));
    if (has_more || is_behind(state)) {
        g_signals.pending.add(signum);
    }
}

// All of them, not only those that have just been run: another thread
// may have blocked one in the moment when its infos were released.
void end_working_off()
{
    if (g_signals.blocked.empty()) {
        return;
    }
    for (int signum = 1; signum < NSIG; signum++) {
        const InfoRing *ring = g_signals.of[signum].ring.load();
        if (ring != nullptr && !ring->is_nearly_full() && g_signals.blocked.take(signum)) {
            os::unblock_signal(signum);
        }
    }
}

} // namespace tev::signals
