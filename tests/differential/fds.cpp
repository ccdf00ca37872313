// SPDX-License-Identifier: LGPL-3.0-or-later

// Descriptor events.
//
// The number of events on one fd, and their flags, are limited to cases that
// 0.14.1 handles the same way (F6); see allowed_flags().

#include <cassert>
#include <cstdio>

#include "backends.hpp"
#include "descriptors.hpp"
#include "world.hpp"

namespace diff {

namespace {

// Bits of a handler's detail.
constexpr int kLeaveData = 3;  // both bits: does not read
constexpr int kKeepWrite = 12; // both bits: keeps asking for WRITE

uint16_t get_flags(tevent_fd *fde)
{
    return CALL(tevent_fd_get_flags)(fde);
}

void set_flags(tevent_fd *fde, uint16_t flags)
{
    CALL(tevent_fd_set_flags)(fde, flags);
}

uint16_t stored_flags(const FdSlot &fd)
{
    return CALL(tevent_common_fd_get_flags)(pointer(fd));
}

template <typename F>
void for_each_beside(const FdSlot *self, const ContextSlot *main, int end, F f)
{
    assert(g_world != nullptr);
    for (FdSlot &fd : g_world->fds) {
        if (&fd != self && fd.is_usable() && fd.ptr != nullptr && fd.end == end && main_of(fd) == main) {
            f(fd);
        }
    }
}

// A hang-up is seen by the events on the peer.
bool may_hang_up(int end)
{
    for (const ContextSlot &main : g_world->contexts) {
        int count = 0;
        for_each_beside(nullptr, &main, end, [&](FdSlot &fd) { count += stored_flags(fd) != 0; });
        if (count > 1 && avoid(Known::kF4)) {
            return false;
        }
    }
    return true;
}

// The peer is closed when an event is freed.
bool hangs_up_by_itself(int end)
{
    for (const FdSlot &fd : g_world->fds) {
        if (fd.taken && fd.auto_close && fd.end == peer_of_end(end)) {
            return true;
        }
    }
    return false;
}

// The part of `flags` that the event may ask for so that both libraries act the same.
uint16_t allowed_flags(const FdSlot *self, const ContextSlot *main, int end, uint16_t flags)
{
    if ((flags & TEVENT_FD_ERROR) && !(flags & TEVENT_FD_READ) && avoid(Known::kF2)) {
        flags &= ~TEVENT_FD_ERROR;
    }
    if (main == nullptr) {
        return flags; // detached: they are never called
    }
    uint16_t others = 0;
    for_each_beside(self, main, end, [&](FdSlot &fd) { others |= stored_flags(fd); });
    if (others != 0 && flags != 0) {
        if ((flags & others) && avoid(Known::kF6Shared)) {
            flags &= ~others;
        }
        if ((flags | others) & TEVENT_FD_ERROR && avoid(Known::kF2)) {
            flags &= ~TEVENT_FD_ERROR;
        }
        if ((end_is_hung_up(end) || hangs_up_by_itself(end)) && avoid(Known::kF4)) {
            flags = 0;
        }
    }
    if (flags == TEVENT_FD_WRITE && end_is_hung_up(end) && avoid(Known::kF4Late)) {
        flags = 0;
    }
    return flags;
}

void set_flags_in_handler(FdSlot &fd, uint16_t without)
{
    const uint16_t flags = get_flags(pointer(fd)) & ~without;
    set_flags(pointer(fd), allowed_flags(&fd, main_of(fd), fd.end, flags));
}

bool is_watched(int end)
{
    for (const FdSlot &fd : g_world->fds) {
        if (fd.taken && fd.end == end) {
            return true;
        }
    }
    return false;
}

// Another event may join those on this fd.
bool may_join(const ContextSlot &main, int end)
{
    int count = 0;
    bool closes = false;
    for_each_beside(nullptr, &main, end, [&](FdSlot &) { count++; });
    for (const FdSlot &fd : g_world->fds) {
        closes = closes || (fd.taken && fd.end == end && (fd.auto_close || fd.dead));
    }
    if (closes && avoid(Known::kF11)) {
        return false;
    }
    return count < 2 || !avoid(Known::kF6Third);
}

void on_fd(tevent_context *ev, tevent_fd *fde, uint16_t flags, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    FdSlot &fd = *static_cast<FdSlot *>(hook.object);
    if ((flags & TEVENT_FD_ERROR) && masked(Known::kF2)) {
        flags &= ~TEVENT_FD_ERROR;
    }
    say("%s called: %s flags=%d %d", fd.name, name_of_context(ev), flags, fde == fd.ptr);
    HandlerCall call(hook);
    if ((flags & TEVENT_FD_READ) && (hook.detail & kLeaveData) != kLeaveData && end_is_open(fd.end)) {
        const int size = drain_end(fd.end);
        say("read %d", size);
        if (size == -2) {
            set_flags_in_handler(fd, TEVENT_FD_READ | TEVENT_FD_ERROR);
        }
    }
    if ((flags & TEVENT_FD_WRITE) && (hook.detail & kKeepWrite) != kKeepWrite) {
        set_flags_in_handler(fd, TEVENT_FD_WRITE);
    }
    run_script(hook.script);
}

void on_close(tevent_context *ev, tevent_fd *fde, int fd, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    FdSlot &slot = *static_cast<FdSlot *>(hook.object);
    say("%s closes: %s fd=%d tag=%llu %d", slot.name, name_of_context(ev), fd,
        static_cast<unsigned long long>(CALL(tevent_fd_get_tag)(fde)), slot.ptr == fde);
}

FdSlot *fd_of(const Step &s)
{
    return usable(g_world->fds, s[0]);
}

void add(const Step &s, bool is_common)
{
    FdSlot *fd = vacant(g_world->fds, s[0]);
    ContextSlot *ctx = context_for_events(s[1]);
    const int end = s[2] % kEnds;
    if (fd == nullptr || ctx == nullptr || !end_is_open(end) || !may_join(*main_of(*ctx), end)) {
        return;
    }
    ContextSlot &main = *main_of(*ctx);
    if (end == kRegularEnd && is_plain_epoll(main.backend)) {
        return; // C5: fatal
    }
    const char *parent_name;
    void *mem_ctx = parent(s[4], &parent_name);
    const uint16_t flags = is_common ? 0 : allowed_flags(nullptr, &main, end, s[3] % 8);
    main.moved_to_poll = main.moved_to_poll || end == kRegularEnd;
    reserve(*fd, slot_of_context(*ctx));
    fd->end = end;
    fd->auto_close = false;
    fd->is_common = is_common;
    say("%s = add_fd %s parent=%s end=%d flags=%d", fd->name, ctx->name, parent_name, end, flags);
    const auto function = is_common ? CALL(tevent_common_add_fd) : CALL(_tevent_add_fd);
    tevent_fd *fde = function(pointer(*ctx), mem_ctx, fd_of_end(end), flags, on_fd,
                              new_hook(fd, &s.script, s[5]), "on_fd", "fd");
    if (made(*fd, fde)) {
        say("%s %d", talloc_get_name(fde), talloc_parent(fde) == (mem_ctx != nullptr ? mem_ctx : main.ptr));
    } else {
        fd->ctx = kNone;
    }
}

void fd_add(const Step &s)
{
    add(s, false);
    if (ContextSlot *ctx = s[0] % 16 == 15 ? context_for_events(s[1]) : nullptr) {
        say("negative fd: %d", CALL(_tevent_add_fd)(pointer(*ctx), nullptr, -1, TEVENT_FD_READ, on_fd,
                                                    nullptr, "on_fd", "fd") == nullptr);
    }
}

// As in a backend of the program.
int backends_destructor(tevent_fd *fde)
{
    const int result = CALL(tevent_common_fd_destructor)(fde);
    say("common destructor -> %d", result);
    return result;
}

// An event that is on the list but not registered with the kernel: calls its functions, then frees it.
void fd_common(const Step &s)
{
    FdSlot *fd = vacant(g_world->fds, s[0]);
    ContextSlot *ctx = main_context(s[1]);
    if (fd == nullptr || ctx == nullptr || !comparing()) {
        return;
    }
    const Step plain = {0, {s[0], static_cast<uint8_t>(slot_of_context(*ctx)), s[2], 0, 0, s[3]}, s.script};
    g_world->during_wait = nullptr;
    add(plain, true);
    if (!fd->is_usable() || !fd->is_common) {
        return;
    }
    CALL(tevent_common_fd_set_flags)(pointer(*fd), s[4] % 4);
    say("common flags %d", stored_flags(*fd));
    if (s[5] % 2 == 0) {
        CALL(tevent_common_fd_set_close_fn)(pointer(*fd), on_close);
    }
    if (s[5] % 4 < 2) {
        talloc_set_destructor(pointer(*fd), backends_destructor);
    }
    free_object(*fd);
}

void fd_set_flags(const Step &s)
{
    FdSlot *fd = fd_of(s);
    if (fd == nullptr || !end_is_open(fd->end)) {
        return;
    }
    const uint16_t flags = allowed_flags(fd, main_of(*fd), fd->end, s[1] % 8);
    say("set_flags %s %d", fd->name, flags);
    set_flags(pointer(*fd), flags);
    say("flags %d", get_flags(pointer(*fd)));
}

void fd_get_flags(const Step &s)
{
    if (FdSlot *fd = fd_of(s)) {
        say("flags %s %d %d", fd->name, get_flags(pointer(*fd)), get_flags(nullptr));
        say("stored %d", stored_flags(*fd));
    }
}

void fd_free(const Step &s)
{
    if (FdSlot *fd = fd_of(s)) {
        free_object(*fd);
    }
}

void fd_close_fn(const Step &s)
{
    FdSlot *fd = fd_of(s);
    if (fd == nullptr || fd->end == kRegularEnd) {
        return;
    }
    switch (s[1] % 4) {
    case 0: {
        int beside = 0;
        for (const FdSlot &other : g_world->fds) {
            beside += other.taken && other.end == fd->end;
        }
        if ((beside > 1 && avoid(Known::kF11)) || !may_hang_up(peer_of_end(fd->end))) {
            return;
        }
        say("auto_close %s", fd->name);
        CALL(tevent_fd_set_auto_close)(pointer(*fd));
        fd->auto_close = fd->auto_close || fd->ctx != kNone;
        break;
    }
    case 1:
        say("no close_fn %s", fd->name);
        CALL(tevent_fd_set_close_fn)(pointer(*fd), nullptr);
        fd->auto_close = fd->auto_close && fd->ctx == kNone;
        break;
    default:
        say("close_fn %s", fd->name);
        CALL(tevent_fd_set_close_fn)(pointer(*fd), on_close);
        fd->auto_close = fd->auto_close && fd->ctx == kNone;
        break;
    }
}

void fd_tag(const Step &s)
{
    if (FdSlot *fd = fd_of(s)) {
        CALL(tevent_fd_set_tag)(pointer(*fd), s[1]);
        CALL(tevent_fd_set_tag)(nullptr, s[1]);
        say("tag %s %llu %llu", fd->name,
            static_cast<unsigned long long>(CALL(tevent_fd_get_tag)(pointer(*fd))),
            static_cast<unsigned long long>(CALL(tevent_fd_get_tag)(nullptr)));
    }
}

void fd_invoke(const Step &s)
{
    FdSlot *fd = fd_of(s);
    if (fd == nullptr || fd->running > 2 || !end_is_open(fd->end) ||
        (fd->running > 0 && avoid(Known::kD5Reentry))) {
        return;
    }
    if (main_of(*fd) != nullptr && has_pushed_wrapper(*main_of(*fd)) && avoid(Known::kW3)) {
        return;
    }
    say("invoke %s", fd->name);
    DirectCall call(main_of(*fd));
    bool removed = false;
    const int result = CALL(tevent_common_invoke_fd_handler)(pointer(*fd), s[1] % 4, &removed);
    say("invoke -> %d removed=%d", result, removed);
}

void fd_trace(const Step &s)
{
    FdSlot *fd = fd_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (fd != nullptr && ctx != nullptr && !ctx->traced_always) {
        CALL(tevent_trace_fd_callback)(pointer(*ctx), pointer(*fd), TEVENT_EVENT_TRACE_BEFORE_HANDLER);
        CALL(tevent_trace_point_callback)(pointer(*ctx), TEVENT_TRACE_BEFORE_LOOP_ONCE);
    }
}

void end_write(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (end_is_open(end)) {
        say("write end=%d -> %d", end, write_end(end));
    }
}

void end_drain(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (end_is_open(end)) {
        say("read end=%d -> %d", end, drain_end(end));
    }
}

void end_fill(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (end_is_open(end)) {
        say("fill end=%d -> %d", end, fill_end(end));
    }
}

void end_close(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (!end_is_open(end) || (is_watched(end) && avoid(Known::kF11)) || !may_hang_up(peer_of_end(end))) {
        return;
    }
    say("close end=%d", end);
    close_end(end);
}

// Not in a child: that would shut the parent's end as well, without the sequence there knowing it.
void end_shut(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (!g_world->in_child && end_is_open(end) && may_hang_up(peer_of_end(end)) && may_hang_up(end)) {
        say("shut end=%d", end);
        shut_end(end);
    }
}

void end_reopen(const Step &s)
{
    const int end = s[0] % kRegularEnd;
    if (!is_watched(end) && !is_watched(peer_of_end(end))) {
        say("reopen end=%d", end);
        reopen_pair(end);
    }
}

const Op kOps[] = {
    {"fd_add", "slot context end flags parent detail", true, 14, fd_add},
    {"fd_common", "slot context end detail flags how", true, 2, fd_common},
    {"fd_set_flags", "slot flags", false, 10, fd_set_flags},
    {"fd_get_flags", "slot", false, 4, fd_get_flags},
    {"fd_free", "slot", false, 7, fd_free},
    {"fd_close_fn", "slot how", false, 4, fd_close_fn},
    {"fd_tag", "slot tag", false, 2, fd_tag},
    {"fd_invoke", "slot flags", false, 3, fd_invoke},
    {"fd_trace", "slot context", false, 1, fd_trace},
    {"end_write", "end", false, 12, end_write, true},
    {"end_drain", "end", false, 3, end_drain, true},
    {"end_fill", "end", false, 2, end_fill, true},
    {"end_close", "end", false, 3, end_close, true},
    {"end_shut", "end", false, 2, end_shut, true},
    {"end_reopen", "end", false, 3, end_reopen},
};

} // namespace

const Room kFdRoom = {kOps, std::size(kOps)};

bool is_shared(int fd)
{
    const World &w = *g_world;
    int count = 0;
    for (const FdSlot &slot : w.fds) {
        count += slot.is_usable() && fd_of_end(slot.end) == fd;
    }
    return count > 1;
}

bool shares_an_fd(const ContextSlot &wrapper)
{
    for (const FdSlot &fd : g_world->fds) {
        if (fd.taken && fd.ctx == slot_of_context(wrapper) && is_shared(fd_of_end(fd.end))) {
            return true;
        }
    }
    return false;
}

bool any_fd_is_shared()
{
    for (int end = 0; end < kEnds; end++) {
        if (is_shared(fd_of_end(end))) {
            return true;
        }
    }
    return false;
}

void fd_gone(FdSlot &fd)
{
    if (fd.auto_close) {
        end_was_closed(fd.end);
    }
}

} // namespace diff
