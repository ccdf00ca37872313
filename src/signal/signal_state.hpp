// SPDX-License-Identifier: LGPL-3.0-or-later

// The state of all signals, shared by the signal handler and the turns.  Private to this directory.

#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "src/base/srcu.hpp"
#include "src/signal/info_ring.hpp"
#include "src/signal/signal_arrivals.hpp"
#include "src/signal/signal_bits.hpp"

namespace tev::signals {

struct SignalState {
    std::atomic<SignalListener *> newest{nullptr};
    std::atomic<uint32_t> counted{0};      // arrivals whose info is not kept
    std::atomic<uint32_t> claimed{0};      // of these
    bool keeps_infos = false;              // installed with SA_SIGINFO
    std::atomic<InfoRing *> ring{nullptr}; // allocated once, never freed
    struct sigaction previous;
};

struct Process {
    SignalState of[kMostSignals];
    SignalBits pending; // not delivered to every listener yet
    SignalBits blocked; // in the loop's thread, until they are delivered
    // The last thread that installed or delivered signals, in the process of this generation.
    std::atomic<int> loop_thread{0};
    std::atomic<uint32_t> loop_generation{0};
    // The process in which `pending` is complete.  Other threads run while a fork copies page after page, so
    // in a child the counters may be newer than the bits.
    std::atomic<uint32_t> pending_generation{0};
    Srcu handlers;
    uint64_t removals = 0;
    uint64_t sequence = 0;
};

extern Process g_signals;

// ---- signal_handler.cpp

// Makes this thread the loop's.
void set_loop_thread(int thread_id);
// 0 or an errno value.
int install_handler(int signum, SignalState &state, int sa_flags);
// Restores the disposition from before install_handler().
void restore_disposition(int signum, SignalState &state);

} // namespace tev::signals
