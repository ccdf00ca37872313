// SPDX-License-Identifier: LGPL-3.0-or-later

// The signal handler, and the dispositions.
//
// The handler may run in any thread, and several may run at once.  It counts the arrival, keeps the siginfo
// where the disposition was installed with SA_SIGINFO, and wakes each listener's loop.  It calls nothing that
// another library could replace, and blocks other signals while it runs: a handler of the program's
// that interrupted it could leave by siglongjmp(), or fork.

#include <cerrno>
#include <cstdlib>
#include <ucontext.h>

#include "src/base/fork.hpp"
#include "src/base/os.hpp"
#include "src/base/race_detectors.hpp"
#include "src/signal/signal_state.hpp"

namespace tev::signals {

namespace {

// The scope of a signal handler.  Signals stay blocked until the kernel restores the
// mask on return.
class InHandler {
public:
    InHandler() : srcu_index_(begin()) {}
    ~InHandler() { g_signals.handlers.read_unlock(srcu_index_); }
    InHandler(const InHandler &) = delete;
    InHandler &operator=(const InHandler &) = delete;

private:
    static uint32_t begin()
    {
        os::block_signals_in_this_thread();
        return g_signals.handlers.read_lock();
    }

    const uint32_t srcu_index_;
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

bool in_loop_thread()
{
    const int own = os::thread_id();
    if (g_signals.loop_generation.load() != fork_generation()) {
        set_loop_thread(own); // a forked child before its first turn: any thread will do
    }
    return own == g_signals.loop_thread.load();
}

// Changes the mask that the kernel restores when the signal handler returns.
void block_when_returning(void *context)
{
    if (g_signals.blocked.empty() || !in_loop_thread()) {
        return;
    }
    // Without sigaddset(), which another library may replace.  The kernel's set comes first in libc's.
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

// Takes in the signals that the kernel holds back, as far as there is room, while the
// disposition is still ours.  Each of them may block the signal again.
void take_in_pending(int signum, const SignalState &state)
{
    const InfoRing *ring = state.ring.load();
    while (!(ring != nullptr && ring->is_full()) && g_signals.blocked.take(signum)) {
        os::unblock_signal(signum);
    }
}

} // namespace

void set_loop_thread(int thread_id)
{
    g_signals.loop_thread.store(thread_id);
    g_signals.loop_generation.store(fork_generation());
}

int install_handler(int signum, SignalState &state, int sa_flags)
{
    race_detectors::is_synchronisation(&g_signals, sizeof(g_signals));
    struct sigaction action = {};
    action.sa_flags = sa_flags;
    if (sa_flags & SA_SIGINFO) {
        if (state.ring.load() == nullptr) {
            // Zeros are an empty ring, and the pages are allocated when they are first written.
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

void restore_disposition(int signum, SignalState &state)
{
    take_in_pending(signum, state);
    if (g_signals.blocked.take(signum)) {
        // More is pending than there is room for, and no listener is left.  Ignoring the
        // signal discards it; the previous disposition could end the process.
        struct sigaction ignore = {};
        ignore.sa_handler = SIG_IGN;
        os::sigaction(signum, &ignore, nullptr);
        os::unblock_signal(signum);
    }
    os::sigaction(signum, &state.previous, nullptr);
}

} // namespace tev::signals
