// SPDX-License-Identifier: LGPL-3.0-or-later

// Signals from their arrival to a turn.  Dispositions belong to the process, and so does
// this state.
//
// The signal handler (signal_handler.cpp) writes, turns read.  The handler reads the
// list of listeners without a lock, inside an SRCU read side; remove_listener() waits
// until no handler can still see the listener.  One thread at a time adds and removes
// listeners.
//
// Turns in several threads may deliver signals at once.  One of them claims an
// arrival, and each listener gets it once.
//
// A ring keeps the siginfos.  When tevent_sa_info_queue_count() of them are unclaimed,
// the signal is blocked for the loop's thread, which unblocks it after delivery.  It is
// not blocked in other threads, because only they could unblock it there; the ring has
// room for their arrivals.  If that is full too, the siginfo is lost, but not the arrival.
//
// A forked child keeps the siginfos that were complete at the fork.

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
    // The share of the claimed arrivals that was delivered to it.
    std::atomic<uint32_t> delivered_counted{0};
    std::atomic<uint32_t> delivered_infos{0};
};

namespace signals {

constexpr size_t kInfosBeforeBlocking = InfoRing::kBeforeBlocking;

// Signal numbers are 0 .. count()-1.
int count();

// The newest listener comes first.  The first one of a signal installs the
// disposition.  0 or an errno value.
int add_listener(int signum, SignalListener &listener, int sa_flags);
// The last one restores the previous disposition.
void remove_listener(int signum, SignalListener &listener);
SignalListener *newest_listener(int signum);
// Grows with each removal: a saved `next` is valid while it is unchanged.
uint64_t removals();

bool any_pending();
// The same after begin_delivery().
bool any_marked();
bool is_pending(int signum);
// Around all claims of a turn.  The calling thread becomes the loop's.
void begin_delivery();
void end_delivery();

// Assigns all arrivals so far to the calling turn; later ones are for the next claim.
// False: there is nothing to deliver.  A turn inside a handler continues where the outer
// turn stands, and so does the next turn after a handler that never returned.
bool claim(int signum);
// Takes the next siginfo that was claimed but not delivered to the listener.  Taken counts as
// delivered: a handler may run the loop again, or never return.
bool take_info(int signum, SignalListener &listener, siginfo_t *info);
// Takes one arrival without a siginfo, if this disposition keeps them: counted under a
// disposition without SA_SIGINFO, or its siginfo was lost.
bool take_one_without_info(int signum, SignalListener &listener);
// Takes all other arrivals; returns their number.
uint32_t take_count(int signum, SignalListener &listener);
// Frees the slots of siginfos that all listeners have got.
void release(int signum);

} // namespace signals

} // namespace tev
