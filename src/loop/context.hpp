// SPDX-License-Identifier: LGPL-3.0-or-later

// A context: the sources of one loop, the table of functions through which
// programs reach it, and how deep the loop is nested.
//
// A context is a main context, with a loop, or a wrapper, whose events run on
// its main context's loop (wrapper.hpp).  Wrappers use `scope` and `ops` and
// leave the rest of this struct empty.
//
// Whatever adds events or runs turns goes through `ops`, the library's own
// uses included: a program may have replaced any of these functions.
//
// `epoch` grows each time everything is cut loose.  Who called a handler and
// finds another epoch afterwards leaves the context alone: it has been made
// anew in the meantime.

#pragma once

#include <cstdint>

#include <tevent.h>

#include "src/event/source_set.hpp"

struct tevent_threaded_context;

namespace tev {

struct OfContext;
struct OfMain;

// A wait timeout of this many seconds is none: wait for ever.
constexpr uint32_t kWaitForEver = INT32_MAX;
constexpr uint32_t kNeverBlock = 0;

struct Nesting {
    bool allowed = false;
    uint32_t level = 0;
    tevent_nesting_hook hook = nullptr;
    void *hook_data = nullptr;
};

// Notified when the context's memory is about to go.
struct ContextObserver : ListNode<ContextObserver> {
    void (*context_gone)(ContextObserver &) = nullptr;
};

// Has something of its own that a forked child has to renew, when it first uses
// the context.  False: not possible now, asked again before the next wait.
struct ForkObserver : ListNode<ForkObserver> {
    bool (*renew_in_child)(ForkObserver &) = nullptr;
};

} // namespace tev

struct tevent_context final : tev::SourceSet, tev::ListNode<tev::OfMain> {
    static constexpr const char *kTallocName = "struct tevent_context";

    tevent_context() : SourceSet(this) {}
    int on_talloc_free();

    bool is_wrapper() const { return scope.wrapper != nullptr; }
    // The context whose loop runs this one's events; null when it is gone.
    tevent_context *main() { return is_wrapper() ? scope.main : this; }
    // Where messages go; null: nowhere.
    const tev::Report *debug_report() { return main() != nullptr ? &main()->report : nullptr; }

    const tevent_ops *ops = nullptr;
    void *additional_data = nullptr; // the table's business
    uint32_t wait_timeout_s = 30;
    tev::Nesting nesting;
    uint32_t epoch = 0;
    uint32_t turns = 0; // taken so far
    tev::List<tevent_threaded_context, tev::OfContext> threaded_contexts;
    tev::List<tevent_context, tev::OfMain> wrappers;
    tev::WrapperScope scope;
    tev::List<tev::ContextObserver, tev::ContextObserver> observers;
    tev::List<tev::ForkObserver, tev::ForkObserver> fork_observers;
};

namespace tev {

using Context = ::tevent_context;

// A main context's oldest child, and so the last of them to be freed.  It cuts
// everything loose once more: for a context whose destructor the program took
// away, as Samba does in a forked child, and for what other children added on
// their way out (a request's cleanup function).  No list may lead to memory
// that is gone.
struct ContextEnd {
    static constexpr const char *kTallocName = "struct tevent_context_end";

    explicit ContextEnd(Context &context) : ev(context) {}
    int on_talloc_free();

    Context &ev;
};

// Null: no memory, or the table's context_init failed.
Context *make_context(TALLOC_CTX *parent, const tevent_ops &ops, void *additional_data);
// Cuts everything loose and sets the loop up again; context_init's value.
int re_initialise(Context &ev);
// Every source, wrapper and threaded context leaves; the nesting is forgotten.
void cut_all_loose(Context &ev);

// The context goes, or has lost its main context: who observes it is told, once.
void tell_observers(Context &ev);

// In a forked child, and where the program has closed the wake-up's number: the
// context gets descriptors of its own.  Where there are none to be had the loop goes on
// without, and the next call tries again.
[[gnu::cold]] void renew_descriptors(Context &ev);
inline bool is_ready_for_this_process(const Context &ev)
{
    return ev.generation == fork_generation() && !ev.wakeup.has_lost_descriptor();
}

// Opens what ends a wait of the context's loop from a signal handler or another
// thread.  0 or an errno value: EINVAL for a wrapper without main context.
int ensure_wakeup(Context &context);

// Message and abort function; `ev` may be null.
void abort_with(Context *ev, const char *reason);

} // namespace tev
