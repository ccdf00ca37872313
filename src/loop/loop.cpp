// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/loop.hpp"

#include <cerrno>

#include "src/base/fork_lock.hpp"

namespace tev {

namespace {

// Each change of the chain from `newest` along next_in_process is a single store
// (ForkLock), which List's are not.  The links back may be out of date in a forked
// child; the first one to take the lock there puts them right.
struct LoopsOfProcess {
    ForkLock lock;
    Loop *newest = nullptr;
    uint32_t links_back_of = 0; // fork generation

    void lock_chain()
    {
        lock.lock();
        if (links_back_of != fork_generation()) {
            Loop *previous = nullptr;
            for (Loop *loop = newest; loop != nullptr; loop = loop->next_in_process) {
                loop->prev_in_process = previous;
                previous = loop;
            }
            links_back_of = fork_generation();
        }
    }
};

constinit LoopsOfProcess g_loops{};

} // namespace

void link_loop(Loop &loop)
{
    g_loops.lock_chain();
    loop.is_linked_in_process = true;
    loop.next_in_process = g_loops.newest;
    g_loops.newest = &loop;
    if (loop.next_in_process != nullptr) {
        loop.next_in_process->prev_in_process = &loop;
    }
    g_loops.lock.unlock();
}

void unlink_loop(Loop &loop)
{
    if (!loop.is_linked_in_process) {
        return;
    }
    loop.is_linked_in_process = false;
    g_loops.lock_chain();
    if (loop.prev_in_process != nullptr) {
        loop.prev_in_process->next_in_process = loop.next_in_process;
    } else {
        g_loops.newest = loop.next_in_process;
    }
    if (loop.next_in_process != nullptr) {
        loop.next_in_process->prev_in_process = loop.prev_in_process;
    }
    loop.next_in_process = loop.prev_in_process = nullptr;
    g_loops.lock.unlock();
}

void for_each_loop(void (*visit)(Loop &))
{
    g_loops.lock_chain();
    for (Loop *loop = g_loops.newest; loop != nullptr; loop = loop->next_in_process) {
        visit(*loop);
    }
    g_loops.lock.unlock();
}

bool can_attach_to(const Context &context)
{
    if (context.loop == nullptr) {
        errno = EINVAL;
        return false;
    }
    return true;
}

int Loop::open_wakeup()
{
    if (wakeup.is_requested() && !wakeup.needs_renewal()) {
        return 0;
    }
    const bool renews = wakeup.is_requested();
    const int error = renews ? wakeup.renew() : wakeup.open();
    if (renews || error == 0) {
        multiplexer.set_wakeup_fd(wakeup.fd());
    }
    return error;
}

bool Loop::has_sources() const
{
    const size_t own = wakeup_event != nullptr;
    return armed_fds > own || !timers.empty() || !immediates.empty() || !signals.empty();
}

} // namespace tev
