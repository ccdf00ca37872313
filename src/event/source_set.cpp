// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/source_set.hpp"

namespace tev {

namespace {

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

int SourceSet::open_wakeup()
{
    if (wakeup.is_open()) {
        return 0;
    }
    const int error = wakeup.open();
    if (error == 0) {
        monitor.set_wakeup_fd(wakeup.fd());
    }
    return error;
}

void SourceSet::recover_wakeup()
{
    monitor.set_wakeup_fd(-1);
    open_wakeup();
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
    monitor.close();
    inbox.turn_all_away();
    talloc_free(wakeup_event);
    wakeup_event = nullptr;
    cut_list_loose(fds);
    monitor.free_tables();
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
    cut_list_loose_of(fds, wrapper);
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
