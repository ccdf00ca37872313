// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/fd_event.hpp"

#include "src/base/talloc_object.hpp"
#include "src/event/source_set.hpp"

namespace tev {

namespace {

struct FdHandling {
    static constexpr auto kBefore = &tevent_wrapper_ops::before_fd_handler;
    static constexpr auto kAfter = &tevent_wrapper_ops::after_fd_handler;
    static constexpr auto kTrace = &TraceHooks::fd;

    static FdEvent *call(tevent_context *context, FdEvent &fde, uint16_t flags)
    {
        fde.callback_.function(context, &fde, flags, fde.callback_.private_data);
        return &fde;
    }
    static bool end(FdEvent &fde) { return end_handler(fde); }
};

// Any kind of end counts as readable: a read tells the program what it was.
constexpr uint8_t kEnded = kPeerClosed | kHungUp | kFailed;
// States in which WRITE alone is nothing that could be told.
constexpr uint8_t kBroken = kHungUp | kFailed;

void update_interest(SourceSet &set, FdWatch &watch)
{
    uint8_t interest = 0;
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        interest |= interest_of(fde->flags_);
    }
    set.multiplexer.request(watch, interest);
    set.note_change();
}

void join_watch(FdEvent &fde)
{
    SourceSet &set = fde.set();
    auto *watch = static_cast<FdWatch *>(set.multiplexer.find(fde.fd()));
    if (watch != nullptr) {
        // The number may mean another file than when its watch began.
        set.multiplexer.register_again(*watch);
        FdEvent &front = *watch->front;
        fde.next_on_watch_ = &front;
        fde.prev_on_watch_ = front.prev_on_watch_;
        fde.prev_on_watch_->next_on_watch_ = front.prev_on_watch_ = &fde;
    } else {
        watch = &fde.own_watch_;
        watch->front = fde.next_on_watch_ = fde.prev_on_watch_ = &fde;
        set.multiplexer.add(*watch);
    }
    fde.watch_ = watch;
}

void move_watch(SourceSet &set, FdWatch &watch)
{
    FdWatch &successor = watch.front->own_watch_;
    set.multiplexer.move(watch, successor);
    successor.front = watch.front;
    watch.front = nullptr;
    for (FdEvent *fde = successor.front; fde != nullptr; fde = next_on_watch(successor, *fde)) {
        fde->watch_ = &successor;
    }
}

void leave_watch(FdEvent &fde)
{
    SourceSet &set = fde.set();
    FdWatch *watch = fde.watch_;
    if (watch == nullptr) {
        return;
    }
    FdEvent *next = fde.next_on_watch_;
    next->prev_on_watch_ = fde.prev_on_watch_;
    fde.prev_on_watch_->next_on_watch_ = next;
    fde.watch_ = nullptr;
    fde.next_on_watch_ = fde.prev_on_watch_ = nullptr;
    if (next == &fde) {
        watch->front = nullptr;
        set.multiplexer.remove(*watch);
        set.note_change();
        return;
    }
    if (watch->front == &fde) {
        watch->front = next;
    }
    if (watch == &fde.own_watch_) {
        move_watch(set, *watch);
    }
    if (interest_of(fde.flags_) != 0) {
        update_interest(set, *next->watch_);
    }
}

// Of the set, but not in its list yet.
FdEvent *new_fd_event(SourceSet &set, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    if (fd < 0) {
        return nullptr;
    }
    auto *fde = talloc_make<FdEvent>(parent != nullptr ? parent : set.context, fd);
    if (fde == nullptr) {
        return nullptr;
    }
    fde->scope_ = &set.own_scope;
    fde->flags_ = flags;
    fde->callback_ = callback;
    return fde;
}

void attach(FdEvent &fde)
{
    SourceSet &set = fde.set();
    set.trace.fd(&fde, TEVENT_EVENT_TRACE_ATTACH);
    set.fds.push_front(fde);
    set.armed_fds += fde.flags_ != 0;
}

void close_descriptor(FdEvent &fde, tevent_context *context)
{
    if (fde.close_fn_ != nullptr) {
        tevent_fd_close_fn_t close_fn = fde.close_fn_;
        fde.close_fn_ = nullptr;
        close_fn(context, &fde, fde.fd(), fde.callback_.private_data);
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

uint16_t flags_to_tell(uint16_t asked, uint8_t readiness)
{
    uint16_t told = 0;
    if (readiness & (kReadable | kEnded)) {
        told |= TEVENT_FD_READ;
    }
    if (readiness & kEnded) {
        told |= TEVENT_FD_ERROR;
    }
    if (readiness & kWritable) {
        told |= TEVENT_FD_WRITE;
    }
    told &= asked;
    if ((readiness & kBroken) && !(asked & (TEVENT_FD_READ | TEVENT_FD_ERROR))) {
        return 0;
    }
    return told;
}

FdEvent *make_fd_event(SourceSet &set, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    FdEvent *fde = new_fd_event(set, parent, fd, flags, callback);
    if (fde != nullptr) {
        attach(*fde);
    }
    return fde;
}

FdEvent *add_fd_event(SourceSet &set, TALLOC_CTX *parent, int fd, uint16_t flags, const FdCallback &callback)
{
    FdEvent *fde = new_fd_event(set, parent, fd, flags, callback);
    if (fde == nullptr) {
        return nullptr;
    }
    join_watch(*fde);
    attach(*fde);
    update_interest(set, *fde->watch_);
    return fde;
}

void store_flags(FdEvent &fde, uint16_t flags)
{
    if (fde.is_attached()) {
        fde.set().armed_fds += flags != 0;
        fde.set().armed_fds -= fde.flags_ != 0;
    }
    fde.flags_ = flags;
}

void set_flags(FdEvent &fde, uint16_t flags)
{
    if (!fde.is_attached() || fde.flags_ == flags) {
        return;
    }
    if (fde.watch_ == nullptr) {
        join_watch(fde);
    }
    store_flags(fde, flags);
    update_interest(fde.set(), *fde.watch_);
}

void cut_loose(FdEvent &fde)
{
    if (!fde.is_attached()) {
        return;
    }
    SourceSet &set = fde.set();
    set.trace.fd(&fde, TEVENT_EVENT_TRACE_DETACH);
    leave_watch(fde);
    set.fds.unlink(fde);
    set.armed_fds -= fde.flags_ != 0;
    if (set.wakeup_event == &fde) {
        set.wakeup_event = nullptr;
    }
    fde.scope_ = nullptr;
}

bool deliver(SourceSet &set, FdWatch &watch, uint8_t readiness)
{
    for (FdEvent *fde = watch.front; fde != nullptr; fde = next_on_watch(watch, *fde)) {
        const uint16_t flags = flags_to_tell(fde->flags_, readiness);
        if (flags != 0) {
            watch.front = fde->next_on_watch_;
            invoke(*fde, flags);
            return true;
        }
    }
    // The flags may have changed behind the poller's back (tevent_common_fd_set_flags()).
    update_interest(set, watch);
    return (readiness & kBroken) == 0;
}

size_t drop_watch(SourceSet &set, FdWatch &watch)
{
    size_t dropped = 0;
    for (FdEvent *fde = watch.front; fde != nullptr; dropped++) {
        FdEvent *next = fde->next_on_watch_ != fde ? fde->next_on_watch_ : nullptr;
        set.report.message(TEVENT_DEBUG_ERROR, "fd %d is not open: \"%s\" is cut loose\n", fde->fd(),
                           fde->callback_.name);
        cut_loose(*fde); // the watch may move to another one
        fde = next;
    }
    return dropped;
}

bool invoke(FdEvent &fde, uint16_t flags)
{
    return fde.is_attached() && run_handler(FdHandling{}, fde, flags);
}

} // namespace tev

int tevent_fd::on_talloc_free()
{
    const tev::Free how = tev::begin_free(*this, "tevent_fd: double free in its own handler");
    if (how == tev::Free::kTwice) {
        return -1;
    }
    tevent_context *main = main_context();
    tev::cut_loose(*this);
    tev::close_descriptor(*this, main);
    return how == tev::Free::kLater ? -1 : 0;
}
