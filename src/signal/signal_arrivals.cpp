// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/signal/signal_arrivals.hpp"

#include <algorithm>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"
#include "src/signal/signal_state.hpp"

namespace tev::signals {

constinit Process g_signals{};

namespace {

bool is_behind(const SignalState &state)
{
    const uint32_t counted = state.claimed.load();
    const InfoRing *ring = state.ring.load();
    const uint32_t infos = ring != nullptr ? ring->claimed.load() : 0;
    for (const SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
        if (l->delivered_counted.load() != counted || l->delivered_infos.load() != infos) {
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

// Compat: the largest of four numbers that a platform may have for it.
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
    listener.delivered_counted.store(state.claimed.load());
    const InfoRing *ring = state.ring.load();
    listener.delivered_infos.store(ring != nullptr ? ring->claimed.load() : 0);
    // Linked before the disposition is installed: the first arrival finds it.
    state.newest.store(&listener);
    const int error = older == nullptr ? install_handler(signum, state, sa_flags) : 0;
    if (error != 0) {
        state.newest.store(nullptr);
        g_signals.handlers.synchronize();
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
    g_signals.handlers.synchronize();
}

SignalListener *newest_listener(int signum)
{
    return g_signals.of[signum].newest.load();
}

uint64_t removals()
{
    return g_signals.removals;
}

void begin_delivery()
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
    uint32_t position = listener.delivered_infos.load();
    while (position != ring->claimed.load()) {
        // Copied before it counts as delivered: after that the slot may be released.
        const bool is_whole = ring->is_published(position);
        if (is_whole) {
            *info = ring->slot_of(position).info;
        }
        if (listener.delivered_infos.compare_exchange_strong(position, position + 1)) {
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
    uint32_t delivered = listener.delivered_counted.load();
    while (state.keeps_infos && delivered != state.claimed.load()) {
        if (listener.delivered_counted.compare_exchange_strong(delivered, delivered + 1)) {
            return true;
        }
    }
    return false;
}

uint32_t take_count(int signum, SignalListener &listener)
{
    const SignalState &state = g_signals.of[signum];
    const uint32_t counted = state.claimed.load();
    uint32_t arrivals = counted - listener.delivered_counted.exchange(counted);
    if (const InfoRing *ring = state.ring.load()) {
        const uint32_t infos = ring->claimed.load();
        arrivals += infos - listener.delivered_infos.exchange(infos);
    }
    return arrivals;
}

void release(int signum)
{
    SignalState &state = g_signals.of[signum];
    // Before the check below: a later arrival marks the signal again.
    g_signals.pending.take(signum);
    InfoRing *ring = state.ring.load();
    if (ring != nullptr) {
        const uint32_t claimed = ring->claimed.load();
        uint32_t undelivered = 0; // of the listener that is furthest behind
        for (const SignalListener *l = state.newest.load(); l != nullptr; l = l->next.load()) {
            undelivered = std::max(undelivered, claimed - l->delivered_infos.load());
        }
        ring->released.store(claimed - undelivered);
    }
    const bool has_more = state.counted.load() != state.claimed.load() ||
                          (ring != nullptr && ring->is_published(ring->claimed.load()));
    if (has_more || is_behind(state)) {
        g_signals.pending.add(signum);
    }
}

// All signals, not only those just delivered: another thread may have blocked one at
// the moment when its siginfos were released.
void end_delivery()
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
