// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/detach_all.hpp"

#include "src/event/fd_event.hpp"
#include "src/event/immediate_event.hpp"
#include "src/event/signal_event.hpp"
#include "src/event/timer_event.hpp"

namespace tev {

namespace {

template <class Event>
void detach_list(List<Event, InLoop> &list)
{
    while (Event *event = list.front()) {
        detach(*event);
    }
}

template <class Event>
void detach_list_of(List<Event, InLoop> &list, const Context &wrapper)
{
    for (Event *event = list.front(); event != nullptr;) {
        Event *next = list.next(*event);
        if (event->context == &wrapper) {
            detach(*event);
        }
        event = next;
    }
}

} // namespace

void detach_all_sources(Loop &loop)
{
    // Close the poller first: it saves a removal per descriptor, and a forked child needs no
    // instance of its own for this.
    loop.multiplexer.close();
    return_all_in_transit(loop.inbox);
    talloc_free(loop.wakeup_event);
    loop.wakeup_event = nullptr;
    detach_list(loop.fds);
    loop.multiplexer.free_tables();
    while (TimerNode *node = loop.timers.earliest()) {
        detach(static_cast<TimerEvent &>(*node));
    }
    loop.timers.free_memory();
    while (TimerNode *node = loop.timers.first_aside()) {
        detach(static_cast<TimerEvent &>(*node));
    }
    detach_list(loop.delivering_immediates);
    detach_list(loop.immediates);
    detach_list(loop.signals);
    // Close the wake-up last: until the listeners are removed, a signal handler in another
    // thread may write to it, and the number may soon mean another file.
    loop.wakeup.close();
}

void detach_sources_of_wrapper(Loop &loop, const Context &wrapper)
{
    const auto is_of_wrapper = [&](TimerNode &node) {
        return static_cast<TimerEvent &>(node).context == &wrapper;
    };
    loop.timers.set_aside_if(is_of_wrapper);
    for (TimerNode *node = loop.timers.first_aside(); node != nullptr;) {
        TimerNode *next = TimerQueue::next_aside(*node);
        if (is_of_wrapper(*node)) {
            detach(static_cast<TimerEvent &>(*node));
        }
        node = next;
    }
    detach_list_of(loop.delivering_immediates, wrapper);
    detach_list_of(loop.immediates, wrapper);
    detach_list_of(loop.signals, wrapper);
}

} // namespace tev
