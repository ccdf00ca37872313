// SPDX-License-Identifier: LGPL-3.0-or-later

// A descriptor event, and the events that share one descriptor.
//
// All events on one number share one watch; the poller is told the union of
// what they ask for.  A readiness is delivered to one event that asks for it;
// the turn then passes to the one behind it in the ring, so k askers are served
// once each in k turns.
//
// The watch is part of one of the events.  When that one leaves first, the watch
// moves to another; so nothing is allocated for it, and nothing can fail.
//
// What an event is told follows from the descriptor's present state alone:
//
//   state                      READ          WRITE                     ERROR
//   readable                   asked         -                         -
//   writable                   -             asked                     -
//   peer sends no more         asked         if writable               asked
//   hung up, failed            asked         if writable, and READ     asked
//                                            or ERROR is asked too
//
// When a hang-up or failure finds only askers of WRITE alone, nobody could
// be told, and the kernel would report for ever: they lose WRITE.
//
// An event may be without watch: made by tevent_common_add_fd(), flags 0, or
// detached.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tevent.h>

#include "src/base/list.hpp"
#include "src/event/invoke_handler.hpp"
#include "src/poller/watch_table.hpp"

struct tevent_fd;

namespace tev {

struct FdWatch : Watch {
    using Watch::Watch;
    tevent_fd *front = nullptr; // of the ring: whose turn it is; null: the watch is another event's
};

// Where in an event there is room for them.
struct FdFlags {
    uint16_t flags = 0; // as the program gave them, unknown bits too
};

// What an event with these flags is told about a descriptor in this state.
uint16_t flags_to_report(uint16_t asked, uint8_t readiness);
// What the poller has to be told for these flags.
uint8_t interest_of(uint16_t flags);

} // namespace tev

struct tevent_fd final : tev::Source, tev::FdFlags, tev::ListNode<tev::InLoop> {
    static constexpr const char *kTallocName = "struct tevent_fd";

    explicit tevent_fd(int fd) : own_watch(fd) {}
    int on_talloc_free();

    int fd() const { return own_watch.fd; }

    tevent_fd *next_on_watch = nullptr; // a ring; both null without watch
    tevent_fd *prev_on_watch = nullptr;
    tev::FdWatch *watch = nullptr; // the one that is in use for the number, its own or another's
    tev::FdCallback callback;
    tevent_fd_close_fn_t close_fn = nullptr;
    tev::FdWatch own_watch;
};

namespace tev {

using FdEvent = ::tevent_fd;

// Object, list and trace; the poller hears nothing.  Null: negative fd, or
// out of memory.
FdEvent *make_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback);
// The same, watched.
FdEvent *add_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback);
// Stores the flags; the poller hears nothing.
void store_flags(FdEvent &fde, uint16_t flags);
// Nothing on a detached event.
void set_flags(FdEvent &fde, uint16_t flags);
// Takes the event off its loop: trace, list, poller.
void detach(FdEvent &fde);

// The one behind it on the watch, or null at the end of the round.
inline FdEvent *next_on_watch(const FdWatch &watch, const FdEvent &fde)
{
    return fde.next_on_watch != watch.front ? fde.next_on_watch : nullptr;
}

// Gives a readiness to the next event in turn.  False: the descriptor is broken
// and its events ask for WRITE alone, so none could be told.
bool deliver(Loop &loop, FdWatch &watch, uint8_t readiness);
// The descriptor is not open: all its events are detached, this many.
size_t detach_all_on(Loop &loop, FdWatch &watch);

// Runs the handler; true when the event is gone afterwards.
bool invoke_fd_handler(FdEvent &fde, uint16_t flags);

} // namespace tev
