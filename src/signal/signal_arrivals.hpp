// SPDX-License-Identifier: LGPL-3.0-or-later

// Signals between their arrival and a loop: what the signal handler writes and
// a turn reads.  One set of state for the process, as dispositions are.
//
// The signal handler counts, keeps the siginfo where the disposition was
// installed with SA_SIGINFO, and wakes each listener's loop.  It may run in
// any thread, several at once.  It calls nothing that another library could
// replace, and blocks other signals while it runs: a handler of the program's that
// interrupted it could leave by siglongjmp(), or fork.  It reads the list of
// listeners without a lock; remove_listener() waits for the signal handlers that
// may have seen the listener, so what a handler sees stays in place.  Listeners are
// added and removed by one thread at a time.
//
// Turns in several threads may run signals at once.  Each arrival is claimed by
// one of them, and each listener gets it once.
//
// Infos are kept in a ring.  From tevent_sa_info_queue_count() unclaimed ones on
// the signal is blocked for the loop's thread, which unblocks it when it has
// run them.  Not for other threads: only they could unblock it there.  What they
// bring still has room in the ring.  Where that is full as well the info is lost,
// not the arrival.
//
// A forked child keeps what was whole at the fork.

#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include "src/poller/wakeup.hpp"
#include "src/signal/info_ring.hpp"

namespace tev {

struct SignalListener {
    std::atomic<SignalListener *> next{nullptr}; // older
    Wakeup *wakeup = nullptr;
    uint64_t sequence = 0; // grows with each one added
    // How much of what was claimed it has got.
    std::atomic<uint32_t> delivered_counted{0};
    std::atomic<uint32_t> delivered_infos{0};
};

namespace signals {

constexpr size_t kInfosBeforeBlocking = InfoRing::kBeforeBlocking;

// Signal numbers are 0 .. count()-1.
int count();

// The newest listener first.  The first one of a signal installs the
// disposition; 0 or an errno value.
int add_listener(int signum, SignalListener &listener, int sa_flags);
// The last one puts the previous disposition back.
void remove_listener(int signum, SignalListener &listener);
SignalListener *newest_listener(int signum);
// Grows when a listener is removed: whether a saved `next` can be trusted.
uint64_t removals();

bool any_pending();
// The same after begin_delivery().
bool any_marked();
bool is_pending(int signum);
// Around the claims; the thread that does it is the loop's.
void begin_delivery();
void end_delivery();

// Takes upon the calling turn what has arrived of a signal; what arrives later
// is the next one's.  False: nobody has to be told of anything.  A turn in a
// handler goes on where the outer one is, and so does the next one after a
// handler that never returned.
bool claim(int signum);
// What the listener has not been told yet of what was claimed.  Taken is told:
// a handler may run the loop again, or never return.
bool take_info(int signum, SignalListener &listener, siginfo_t *info);
// One that came when the disposition was another one, which kept no infos, or
// whose info was lost; as take_info() where this disposition keeps them.
bool take_one_without_info(int signum, SignalListener &listener);
// Those without info, and infos that were not taken.
uint32_t take_count(int signum, SignalListener &listener);
// After the listeners were told: what all have been told of makes room.
void release(int signum);

} // namespace signals

} // namespace tev
