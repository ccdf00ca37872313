// SPDX-License-Identifier: LGPL-3.0-or-later

// A descriptor event, and the events that share one descriptor.
//
// All events on one number share one watch, which requests the union of their
// flags.  A readiness is delivered to one event that requests it.  The next delivery
// begins with the event behind it in the ring, so k events are served once each in k
// turns.
//
// The ring is not a List: rotating it is one store, and a watch has one pointer for it.
//
// The watch is part of one of the events.  When that event is detached first, the watch
// moves to another one: no allocation, so nothing can fail.
//
// The flags reported to an event follow from the descriptor's present state alone:
//
//   state                      READ          WRITE                     ERROR
//   readable                   requested     -                         -
//   writable                   -             requested                 -
//   peer sends no more         requested     if writable               requested
//   hung up, failed            requested     if writable, and READ     requested
//                                            or ERROR is requested
//
// If a hang-up or failure finds only events that request WRITE alone, there is nothing to
// report, and the kernel would repeat it for ever: these events lose WRITE.  Compat: D6, past
// errors do not count.
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
    tevent_fd *front = nullptr; // of the ring: the next to serve; null: this watch is not in use
};

// A base of its own, to fit into padding.
struct FdFlags {
    uint16_t flags = 0; // as the program gave them, unknown bits too
};

// The flags reported to an event with these flags, in this state.
uint16_t flags_to_report(uint16_t requested, uint8_t readiness);
// The interest that these flags request.
uint8_t interest_of(uint16_t flags);

} // namespace tev

struct tevent_fd final : tev::Source, tev::FdFlags, tev::ListNode<tev::InLoop> {
    static constexpr const char *kTallocName = "struct tevent_fd";

    explicit tevent_fd(int fd) : own_watch(fd) {}
    int on_talloc_free();

    int fd() const { return own_watch.fd; }

    tevent_fd *next_on_watch = nullptr; // a ring; both null without watch
    tevent_fd *prev_on_watch = nullptr;
    tev::FdWatch *watch = nullptr; // in use for the number: its own or another event's
    tev::FdCallback callback;
    tevent_fd_close_fn_t close_fn = nullptr;
    tev::FdWatch own_watch;
};

namespace tev {

using FdEvent = ::tevent_fd;

// Creates and links the event, without a watch.  Null: negative fd, or
// out of memory.
FdEvent *make_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback);
// The same, with a watch.
FdEvent *add_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback);
// Stores the flags; the watch stays as it is.
void store_flags(FdEvent &fde, uint16_t flags);
// Nothing on a detached event.
void set_flags(FdEvent &fde, uint16_t flags);
// Traces it and takes it off list and watch.
void detach(FdEvent &fde);

// The one behind it on the watch, or null at the end of the round.
inline FdEvent *next_on_watch(const FdWatch &watch, const FdEvent &fde)
{
    return fde.next_on_watch != watch.front ? fde.next_on_watch : nullptr;
}

// Delivers a readiness to the next event that requests it.  False: the descriptor is broken
// and all its events request WRITE alone.
bool deliver(Loop &loop, FdWatch &watch, uint8_t readiness);
// For a descriptor that is not open: detaches all its events, returns their number.
size_t detach_all_on(Loop &loop, FdWatch &watch);

// True when the event is freed afterwards.
bool invoke_fd_handler(FdEvent &fde, uint16_t flags);

} // namespace tev
