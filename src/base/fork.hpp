// SPDX-License-Identifier: LGPL-3.0-or-later

// What the library knows about fork(2).
//
// pthread_atfork() keeps some numbers right without a system call per use: the
// process id, each thread's id, and a generation that grows in each child.  Who holds something
// that must not be shared with the parent compares generations at its next
// use, or, where waiting for that would be too late (a lock that another
// thread may hold, a descriptor that a signal handler writes to), registers a
// ForkObserver.
//
// Observers run under one lock that is held from before the fork until after
// it, on both sides: no observer is half registered in a child.  The thread
// that forks is the one that goes on in the child, so it gives back there what
// it took before.

#pragma once

#include <cstdint>
#include <sys/types.h>

#include "src/base/list.hpp"

namespace tev {

// The functions may be null.  They run in the forking thread: `prepare` takes
// the observer's own locks, `in_parent` gives them back, `in_child` does so too
// and lets go of what is the parent's.
struct ForkObserver : ListNode<ForkObserver> {
    using Fn = void (*)(ForkObserver &);
    Fn prepare = nullptr;
    Fn in_parent = nullptr;
    Fn in_child = nullptr;
    // The links are the list's business and change under its lock; whether it
    // is registered an observer's owner sees here.
    bool registered = false;
};

// Any thread; `observer` must stay in place until it is removed.
void add_fork_observer(ForkObserver &observer);
void remove_fork_observer(ForkObserver &observer);

uint32_t fork_generation();
pid_t cached_process_id();
// Not for signal handlers.
int cached_thread_id();

} // namespace tev
