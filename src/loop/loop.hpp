// SPDX-License-Identifier: LGPL-3.0-or-later

// Loop: the sources that are waited for, and the state of running them.  Each main context owns one.
//
// It holds the sources attached to it, the means to wait for them, how deep turns are
// nested, how many there were, and how long a wait may take.  Events link themselves into
// its lists and out of them.
//
// Invariants: a source is in one of these lists exactly while its `context` is set, and
// that context's loop is this one.  `epoch` grows each time everything is detached: a function
// that called a handler and finds another epoch afterwards leaves the loop alone.
//
// In a forked child an inherited loop is used only after `generation` has been brought
// up to date (renew_descriptors(), src/context/lifetime.hpp).
//
// What the loop allocates for itself has no talloc parent: a program may free
// the context's children before the context (Samba's forked servers do).

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "src/base/fork.hpp"
#include "src/base/list.hpp"
#include "src/base/logger.hpp"
#include "src/base/treiber_stack.hpp"
#include "src/loop/handle.hpp"
#include "src/loop/trace.hpp"
#include "src/poller/multiplexer.hpp"
#include "src/poller/wakeup.hpp"
#include "src/timer/timer_queue.hpp"

namespace tev {

struct InLoop;
struct OfLoop;
struct WrapperContext;

// A wait timeout of this many seconds means: wait for ever.
constexpr uint32_t kWaitForEver = INT32_MAX;
constexpr uint32_t kNeverBlock = 0;

struct Nesting {
    bool allowed = false;
    uint32_t level = 0;
    tevent_nesting_hook hook = nullptr;
    void *hook_data = nullptr;
};

// Immediates on their way from other threads to one loop.
class ImmediateInbox : public TreiberStack<tevent_immediate> {
public:
    // True: its content was sent to the parent's loop.
    bool is_inherited() const { return generation_.load() != fork_generation(); }
    void mark_own() { generation_.store(fork_generation()); }

private:
    std::atomic<uint32_t> generation_{fork_generation()};
};

// An object that a forked child has to renew when it first uses the loop.  False: not possible
// now; called again before the next wait.
struct ForkObserver : ListNode<ForkObserver> {
    bool (*renew_in_child)(ForkObserver &) = nullptr;
};

class Loop {
public:
    explicit Loop(Context &main_context) : main(main_context), multiplexer(logger) {}
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;

    Context &main;
    Logger logger;
    TraceHooks trace;

    // ---- sources
    List<tevent_fd, InLoop> fds;                          // newest first
    size_t armed_fds = 0;                                 // of those, the ones whose flags are not 0
    TimerQueue timers;                                    // set aside while their handlers run
    List<tevent_immediate, InLoop> immediates;            // in scheduled order
    List<tevent_immediate, InLoop> delivering_immediates; // their handlers run
    ImmediateInbox inbox;
    List<tevent_signal, InLoop> signals; // newest first

    // ---- waiting
    Multiplexer multiplexer;
    Wakeup wakeup;
    tevent_fd *wakeup_event = nullptr; // where the multiplexer is not in use
    // Other threads may add sources while this loop waits (the program holds a lock of its
    // own outside the wait), which ends the wait.
    bool wake_on_change = false;
    uint32_t wait_timeout_s = 30;
    uint32_t generation = fork_generation(); // of the process that all of this is ready for
    List<ForkObserver, ForkObserver> fork_observers;

    // ---- running
    Nesting nesting;
    uint32_t epoch = 0;
    uint32_t turns = 0; // taken so far
    List<WrapperContext, OfLoop> wrappers;

    void note_change()
    {
        if (wake_on_change) [[unlikely]] {
            wakeup.wake();
        }
    }

    bool is_ready_for_this_process() const
    {
        return generation == fork_generation() && !wakeup.has_lost_descriptor();
    }

    // 0 or an errno value; 0 when it is open already.
    int open_wakeup();
    // True while something keeps a loop waiting for it.
    bool has_sources() const;

    bool is_valid() const { return timers.is_valid() && multiplexer.is_valid(); }

    // ---- all loops of the process: see link_loop()
    bool is_linked_in_process = false;
    Loop *next_in_process = nullptr;
    Loop *prev_in_process = nullptr;
};

// Null for a wrapper.
inline Loop *own_loop(const Context &context)
{
    return context.is_wrapper() ? nullptr : context.loop;
}
// False, and errno EINVAL: a wrapper without main context.
bool can_attach_to(const Context &context);
// Where messages about this context are reported; null: nowhere.
inline const Logger *logger_of(const Context &context)
{
    return context.loop != nullptr ? &context.loop->logger : nullptr;
}
// The loops of the process, in any thread.  They can be found from a static
// variable, so that a leak checker counts a context that is in use at exit as
// reachable.
void link_loop(Loop &loop);
// Nothing when it is not linked.
void unlink_loop(Loop &loop);
// Under the lock of the list: `visit` links and unlinks none.
void for_each_loop(void (*visit)(Loop &));

} // namespace tev
