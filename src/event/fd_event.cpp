// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/fd_event.hpp"

#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

struct FdHandler {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_fd_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_fd_handler;
    static constexpr auto kTrace = &TraceHooks::fd;

    static FdEvent *call(tevent_context *context, FdEvent &fde, uint16_t flags)
    {
        fde.callback.function(context, &fde, flags, fde.callback.private_data);
        return &fde;
    }
    static bool end(FdEvent &fde) { return end_handler(fde); }
};

// Any kind of end counts as readable: a read returns the reason.
constexpr uint8_t kEnded = kPeerClosed | kHungUp | kFailed;
// States that are not reported to an event that requests WRITE alone.
constexpr uint8_t kBroken = kHungUp | kFailed;

void update_interest(Loop &loop, FdWatch &watch)
{
    uint8_t interest = 0;
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        interest |= interest_of(fde->flags);
    }
    loop.multiplexer.request(watch, interest);
    loop.note_change();
}

void join_watch(FdEvent &fde)
{
    Loop &loop = fde.loop();
    auto *watch = static_cast<FdWatch *>(loop.multiplexer.find(fde.fd()));
    if (watch != nullptr) {
        // The number may mean another file than when its watch began.
        loop.multiplexer.register_again(*watch);
        FdEvent &front = *watch->front;
        fde.next_on_watch = &front;
        fde.prev_on_watch = front.prev_on_watch;
        fde.prev_on_watch->next_on_watch = front.prev_on_watch = &fde;
    } else {
        watch = &fde.own_watch;
        watch->front = fde.next_on_watch = fde.prev_on_watch = &fde;
        loop.multiplexer.add(*watch);
    }
    fde.watch = watch;
}

void move_watch(Loop &loop, FdWatch &watch)
{
    FdWatch &successor = watch.front->own_watch;
    loop.multiplexer.move(watch, successor);
    successor.front = watch.front;
    watch.front = nullptr;
    for (FdEvent *fde = successor.front; fde != nullptr; fde = next_on_watch(successor, *fde)) {
        fde->watch = &successor;
    }
}

void leave_watch(FdEvent &fde)
{
    Loop &loop = fde.loop();
    FdWatch *watch = fde.watch;
    if (watch == nullptr) {
        return;
    }
    FdEvent *next = fde.next_on_watch;
    next->prev_on_watch = fde.prev_on_watch;
    fde.prev_on_watch->next_on_watch = next;
    fde.watch = nullptr;
    fde.next_on_watch = fde.prev_on_watch = nullptr;
    if (next == &fde) {
        watch->front = nullptr;
        loop.multiplexer.remove(*watch);
        loop.note_change();
        return;
    }
    if (watch->front == &fde) {
        watch->front = next;
    }
    if (watch == &fde.own_watch) {
        move_watch(loop, *watch);
    }
    if (interest_of(fde.flags) != 0) {
        update_interest(loop, *next->watch);
    }
}

// Belongs to the context, but is not in the list of its loop yet.
FdEvent *new_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    if (fd < 0) {
        return nullptr;
    }
    auto *fde = talloc_make<FdEvent>(parent != nullptr ? parent : &ev, fd);
    if (fde == nullptr) {
        return nullptr;
    }
    fde->context = &ev;
    fde->flags = flags;
    fde->callback = callback;
    return fde;
}

void attach(FdEvent &fde)
{
    Loop &loop = fde.loop();
    loop.trace.fd(&fde, TEVENT_EVENT_TRACE_ATTACH);
    loop.fds.push_front(fde);
    loop.armed_fds += fde.flags != 0;
}

void close_descriptor(FdEvent &fde, tevent_context *context)
{
    if (fde.close_fn != nullptr) {
        tevent_fd_close_fn_t close_fn = fde.close_fn;
        fde.close_fn = nullptr;
        close_fn(context, &fde, fde.fd(), fde.callback.private_data);
    }
}

} // namespace

uint8_t interest_of(uint16_t flags)
{
    uint8_t interest = 0;
    if (flags & TEVENT_FD_READ) {
        interest |= kReadInterest | kPeerClosedInterest;
    }
    if (flags & TEVENT_FD_WRITE) {
        interest |= kWriteInterest;
    }
    if (flags & TEVENT_FD_ERROR) {
        interest |= kPeerClosedInterest;
    }
    return interest;
}

uint16_t flags_to_report(uint16_t requested, uint8_t readiness)
{
    uint16_t reported = 0;
    if (readiness & (kReadable | kEnded)) {
        reported |= TEVENT_FD_READ;
    }
    if (readiness & kEnded) {
        reported |= TEVENT_FD_ERROR;
    }
    if (readiness & kWritable) {
        reported |= TEVENT_FD_WRITE;
    }
    reported &= requested;
    if ((readiness & kBroken) && !(requested & (TEVENT_FD_READ | TEVENT_FD_ERROR))) {
        return 0;
    }
    return reported;
}

FdEvent *make_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    FdEvent *fde = new_fd_event(ev, parent, fd, flags, callback);
    if (fde != nullptr) {
        attach(*fde);
    }
    return fde;
}

FdEvent *add_fd_event(Context &ev, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    FdEvent *fde = new_fd_event(ev, parent, fd, flags, callback);
    if (fde == nullptr) {
        return nullptr;
    }
    join_watch(*fde);
    attach(*fde);
    update_interest(*ev.loop, *fde->watch);
    return fde;
}

void store_flags(FdEvent &fde, uint16_t flags)
{
    if (fde.is_attached()) {
        fde.loop().armed_fds += flags != 0;
        fde.loop().armed_fds -= fde.flags != 0;
    }
    fde.flags = flags;
}

void set_flags(FdEvent &fde, uint16_t flags)
{
    if (!fde.is_attached() || fde.flags == flags) {
        return;
    }
    if (fde.watch == nullptr) {
        join_watch(fde);
    }
    store_flags(fde, flags);
    update_interest(fde.loop(), *fde.watch);
}

void detach(FdEvent &fde)
{
    if (!fde.is_attached()) {
        return;
    }
    Loop &loop = fde.loop();
    loop.trace.fd(&fde, TEVENT_EVENT_TRACE_DETACH);
    leave_watch(fde);
    loop.fds.unlink(fde);
    loop.armed_fds -= fde.flags != 0;
    if (loop.wakeup_event == &fde) {
        loop.wakeup_event = nullptr;
    }
    fde.context = nullptr;
}

bool deliver(Loop &loop, FdWatch &watch, uint8_t readiness)
{
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        const uint16_t flags = flags_to_report(fde->flags, readiness);
        if (flags != 0) {
            watch.front = fde->next_on_watch;
            invoke_fd_handler(*fde, flags);
            return true;
        }
    }
    // The flags may have changed behind the poller's back (tevent_common_fd_set_flags()).
    update_interest(loop, watch);
    return (readiness & kBroken) == 0;
}

size_t detach_all_on(Loop &loop, FdWatch &watch)
{
    size_t dropped = 0;
    for (FdEvent *fde = watch.front; fde != nullptr; dropped++) {
        FdEvent *next = fde->next_on_watch != fde ? fde->next_on_watch : nullptr;
        loop.logger.message(TEVENT_DEBUG_ERROR, "fd %d is not open: \"%s\" is detached\n", fde->fd(),
                            fde->callback.name);
        detach(*fde); // the watch may move to another one
        fde = next;
    }
    return dropped;
}

bool invoke_fd_handler(FdEvent &fde, uint16_t flags)
{
    return fde.is_attached() && invoke_handler(FdHandler{}, fde, flags);
}

} // namespace tev

int tevent_fd::on_talloc_free()
{
    const tev::Free how = tev::begin_free(*this, "tevent_fd: double free in its own handler");
    if (how == tev::Free::kTwice) {
        return -1;
    }
    tevent_context *main = is_attached() ? &loop().main : nullptr;
    tev::detach(*this);
    tev::close_descriptor(*this, main);
    return how == tev::Free::kLater ? -1 : 0;
}
