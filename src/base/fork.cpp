// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/fork.hpp"

#include <atomic>
#include <pthread.h>

#include "src/base/os.hpp"

namespace tev {

namespace {

struct State {
    std::atomic<uint32_t> generation{1};
    std::atomic<pid_t> pid{0};
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    List<ForkObserver, ForkObserver> observers;
    bool notified = false; // pthread_atfork() accepted the handlers
};

// Without a constructor to run: a program's own constructors may call the library.
constinit State g_state{};

// 0: not known yet.
constinit thread_local int t_thread_id = 0;

void tell(ForkObserver::Fn ForkObserver::*fn)
{
    for (ForkObserver *o = g_state.observers.front(); o != nullptr; o = g_state.observers.next(*o)) {
        if (o->*fn != nullptr) {
            (o->*fn)(*o);
        }
    }
}

void before_fork()
{
    pthread_mutex_lock(&g_state.lock);
    tell(&ForkObserver::prepare);
}

void after_fork_in_parent()
{
    tell(&ForkObserver::in_parent);
    pthread_mutex_unlock(&g_state.lock);
}

void after_fork_in_child()
{
    g_state.generation.fetch_add(1, std::memory_order_relaxed);
    g_state.pid.store(os::process_id(), std::memory_order_relaxed);
    t_thread_id = 0;
    tell(&ForkObserver::in_child);
    pthread_mutex_unlock(&g_state.lock);
}

// Before any constructor of the program, so that a program may use the
// library in its own.
[[gnu::constructor(101)]] void start()
{
    g_state.pid.store(os::process_id(), std::memory_order_relaxed);
    g_state.notified = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

} // namespace

void add_fork_observer(ForkObserver &observer)
{
    pthread_mutex_lock(&g_state.lock);
    g_state.observers.push_back(observer);
    observer.registered = true;
    pthread_mutex_unlock(&g_state.lock);
}

void remove_fork_observer(ForkObserver &observer)
{
    pthread_mutex_lock(&g_state.lock);
    g_state.observers.unlink(observer);
    observer.registered = false;
    pthread_mutex_unlock(&g_state.lock);
}

uint32_t fork_generation()
{
    return g_state.notified ? g_state.generation.load(std::memory_order_relaxed)
                            : static_cast<uint32_t>(os::process_id());
}

pid_t cached_process_id()
{
    return g_state.notified ? g_state.pid.load(std::memory_order_relaxed) : os::process_id();
}

int cached_thread_id()
{
    if (!g_state.notified) {
        return os::thread_id();
    }
    if (t_thread_id == 0) {
        t_thread_id = os::thread_id();
    }
    return t_thread_id;
}

} // namespace tev
