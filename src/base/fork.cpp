// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/fork.hpp"

#include <pthread.h>

#include "src/base/os.hpp"
#include "src/base/race_detectors.hpp"

namespace tev {

namespace {

constexpr uint32_t kFirstGeneration = 1;

// The mark where there is no page for it: cleared by clear_mark_in_child() alone.
constinit std::atomic<uint32_t> g_plain_mark{kFirstGeneration};
constinit std::atomic<uint32_t> g_last_generation{kFirstGeneration};
constinit bool g_notices_forks = false;

// A generation and what was found out in it.
struct Cached {
    std::atomic<uint32_t> generation{0};
    std::atomic<pid_t> process_id{0};
};

constinit Cached g_process{};

struct CachedThread {
    uint32_t generation;
    int id;
};

// Only a function that is not inlined accesses it: cmake/thread_local.cmake.
constinit thread_local CachedThread t_thread = {0, 0};

// Memory only: see fork.hpp.
void clear_mark_in_child()
{
    fork_detail::g_mark->store(0, std::memory_order_relaxed);
}

// Before any constructor of the program, so that a program may use the
// library in its own; after the detection of race detectors.
[[gnu::constructor(102)]] void start_noticing()
{
    void *page = os::page_wiped_on_fork();
    if (page != nullptr) {
        fork_detail::g_mark = new (page) std::atomic<uint32_t>(kFirstGeneration);
    }
    race_detectors::is_synchronisation(fork_detail::g_mark, sizeof(*fork_detail::g_mark));
    race_detectors::is_synchronisation(&g_last_generation, sizeof(g_last_generation));
    race_detectors::is_synchronisation(&g_process, sizeof(g_process));
    g_notices_forks = pthread_atfork(nullptr, nullptr, clear_mark_in_child) == 0 || page != nullptr;
    if (!g_notices_forks) {
        g_plain_mark.store(0, std::memory_order_relaxed); // each check takes the slow path
    }
}

} // namespace

namespace fork_detail {

constinit std::atomic<uint32_t> *g_mark = &g_plain_mark;

uint32_t draw_generation()
{
    if (!g_notices_forks) {
        return static_cast<uint32_t>(os::process_id());
    }
    // Drawn before it is published: a grandchild forked in between draws another one.
    const uint32_t drawn = g_last_generation.fetch_add(1) + 1;
    uint32_t mark = 0;
    return g_mark->compare_exchange_strong(mark, drawn) ? drawn : mark;
}

} // namespace fork_detail

pid_t cached_process_id()
{
    const uint32_t generation = fork_generation();
    if (g_process.generation.load(std::memory_order_acquire) != generation) {
        g_process.process_id.store(os::process_id(), std::memory_order_relaxed);
        g_process.generation.store(generation, std::memory_order_release);
    }
    return g_process.process_id.load(std::memory_order_relaxed);
}

int cached_thread_id()
{
    const uint32_t generation = fork_generation();
    if (t_thread.generation != generation) {
        t_thread = {generation, os::thread_id()};
    }
    return t_thread.id;
}

} // namespace tev
