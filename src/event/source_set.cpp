// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/source_set.hpp"

#include "src/base/fork_lock.hpp"

namespace tev {

namespace {

// Each change of the chain from `newest` along next_in_process is a single store
// (ForkLock).  The links back may be out of date in a forked child; the
// first one to take the lock there puts them right.
struct SetsOfProcess {
    ForkLock lock;
    SourceSet *newest = nullptr;
    uint32_t links_back_of = 0; // fork generation

    void lock_chain()
    {
        lock.lock();
        if (links_back_of != fork_generation()) {
            SourceSet *previous = nullptr;
            for (SourceSet *set = newest; set != nullptr; set = set->next_in_process) {
                set->prev_in_process = previous;
                previous = set;
            }
            links_back_of = fork_generation();
        }
    }
};

constinit SetsOfProcess g_sets{};

template <class Event, class Tag>
void cut_list_loose(List<Event, Tag> &list)
{
    while (Event *event = list.front()) {
        cut_loose(*event);
    }
}

template <class Event, class Tag>
void cut_list_loose_of(List<Event, Tag> &list, const WrapperScope &wrapper)
{
    for (Event *event = list.front(); event != nullptr;) {
        Event *next = list.next(*event);
        if (event->wrapper() == &wrapper) {
            cut_loose(*event);
        }
        event = next;
    }
}

} // namespace

void link_set(SourceSet &set)
{
    g_sets.lock_chain();
    set.is_linked_in_process = true;
    set.next_in_process = g_sets.newest;
    g_sets.newest = &set;
    if (set.next_in_process != nullptr) {
        set.next_in_process->prev_in_process = &set;
    }
    g_sets.lock.unlock();
}

void unlink_set(SourceSet &set)
{
    if (!set.is_linked_in_process) {
        return;
    }
    set.is_linked_in_process = false;
    g_sets.lock_chain();
    if (set.prev_in_process != nullptr) {
        set.prev_in_process->next_in_process = set.next_in_process;
    } else {
        g_sets.newest = set.next_in_process;
    }
    if (set.next_in_process != nullptr) {
        set.next_in_process->prev_in_process = set.prev_in_process;
    }
    set.next_in_process = set.prev_in_process = nullptr;
    g_sets.lock.unlock();
}

void turn_away_what_parent_was_sent()
{
    g_sets.lock_chain();
    for (SourceSet *set = g_sets.newest; set != nullptr; set = set->next_in_process) {
        if (set->inbox.is_inherited()) {
            set->inbox.turn_all_away();
        }
    }
    g_sets.lock.unlock();
}

int SourceSet::open_wakeup()
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

bool SourceSet::has_sources() const
{
    const size_t own = wakeup_event != nullptr;
    return armed_fds > own || !timers.empty() || !immediates.empty() || !signals.empty();
}

void SourceSet::cut_all_loose()
{
    // First the poller: it need not hear of each descriptor that leaves, and a
    // forked child needs no instance of its own for this.
    multiplexer.close();
    inbox.turn_all_away();
    talloc_free(wakeup_event);
    wakeup_event = nullptr;
    cut_list_loose(fds);
    multiplexer.free_tables();
    while (TimerNode *node = timers.earliest()) {
        cut_loose(static_cast<TimerEvent &>(*node));
    }
    timers.free_memory();
    while (TimerNode *node = timers.first_aside()) {
        cut_loose(static_cast<TimerEvent &>(*node));
    }
    cut_list_loose(delivering_immediates);
    cut_list_loose(immediates);
    cut_list_loose(signals);
    // Last: until the listeners are gone a signal handler in another thread may
    // write to it, and the number may soon mean another file.
    wakeup.close();
}

void SourceSet::cut_loose_those_of(const WrapperScope &wrapper)
{
    timers.set_aside_if(
        [&](TimerNode &node) { return static_cast<TimerEvent &>(node).wrapper() == &wrapper; });
    for (TimerNode *node = timers.first_aside(); node != nullptr;) {
        auto &te = static_cast<TimerEvent &>(*node);
        node = TimerQueue::next_aside(*node);
        if (te.wrapper() == &wrapper) {
            cut_loose(te);
        }
    }
    cut_list_loose_of(delivering_immediates, wrapper);
    cut_list_loose_of(immediates, wrapper);
    cut_list_loose_of(signals, wrapper);
}

} // namespace tev
