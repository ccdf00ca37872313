// SPDX-License-Identifier: LGPL-3.0-or-later

// Observation: trace callbacks, debug messages, aborts.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "world.hpp"

namespace diff {

namespace {

const char *const kPoints[] = {"ATTACH", "DETACH", "BEFORE_HANDLER"};

// The object, which may be just being created; null: the library's own.
template <typename Slot, size_t N>
Slot *traced(Slot (&slots)[N], void *ptr, Kind kind)
{
    if (Slot *slot = find(slots, ptr)) {
        return slot;
    }
    Object *adding = g_world->adding;
    if (adding == nullptr || adding->kind != kind || adding->ptr != nullptr) {
        return nullptr;
    }
    adding->ptr = ptr;
    return static_cast<Slot *>(adding);
}

void count(Object &object, tevent_event_trace_point point)
{
    object.attached += point == TEVENT_EVENT_TRACE_ATTACH ? 1 : point == TEVENT_EVENT_TRACE_DETACH ? -1 : 0;
}

void say_trace(const ContextSlot &ctx, const char *what, tevent_event_trace_point point, uint64_t tag)
{
    say_detached();
    say("trace %s %s %s tag=%llu", ctx.name, what, kPoints[point], static_cast<unsigned long long>(tag));
}

bool belongs_to_freed_wrapper(const Object *object)
{
    return object != nullptr && g_world->freeing_wrapper != kNone && object->ctx == g_world->freeing_wrapper;
}

// While all events of a context are detached: reported together, sorted (D15).
void keep_detached(const ContextSlot &ctx, const FdSlot &fd, uint64_t tag)
{
    char text[80];
    snprintf(text, sizeof(text), "trace %s %s DETACH tag=%llu", ctx.name, fd.name,
             static_cast<unsigned long long>(tag));
    g_world->detached.push_back(text);
}

void trace_fd(tevent_fd *fde, tevent_event_trace_point point, void *private_data)
{
    FdSlot *fd = traced(g_world->fds, fde, Kind::kFd);
    if (fd == nullptr && masked(Known::kD10)) {
        return;
    }
    if (fd == nullptr) {
        say_trace(*static_cast<ContextSlot *>(private_data), "library's fd", point, 0);
        return;
    }
    count(*fd, point);
    if (belongs_to_freed_wrapper(fd) && masked(Known::kD7Wrapper)) {
        return;
    }
    if (point == TEVENT_EVENT_TRACE_ATTACH && fd->serial % 2 == 0) {
        CALL(tevent_fd_set_tag)(fde, 1000 + fd->serial);
    }
    if (g_world->cutting != 0 && point == TEVENT_EVENT_TRACE_DETACH && masked(Known::kD15)) {
        keep_detached(*static_cast<ContextSlot *>(private_data), *fd, CALL(tevent_fd_get_tag)(fde));
        return;
    }
    say_trace(*static_cast<ContextSlot *>(private_data), fd->name, point, CALL(tevent_fd_get_tag)(fde));
}

void trace_timer(tevent_timer *te, tevent_event_trace_point point, void *private_data)
{
    TimerSlot *timer = traced(g_world->timers, te, Kind::kTimer);
    if (timer == nullptr && g_world->freeing_wrapper != kNone && masked(Known::kD7Wrapper)) {
        return;
    }
    if (timer == nullptr) {
        say_trace(*static_cast<ContextSlot *>(private_data), "library's timer", point, 0);
        return;
    }
    count(*timer, point);
    if (belongs_to_freed_wrapper(timer) && masked(Known::kD7Wrapper)) {
        return;
    }
    if (point == TEVENT_EVENT_TRACE_ATTACH && timer->serial % 2 == 0) {
        CALL(tevent_timer_set_tag)(te, 2000 + timer->serial);
    }
    say_trace(*static_cast<ContextSlot *>(private_data), timer->name, point, CALL(tevent_timer_get_tag)(te));
}

void trace_immediate(tevent_immediate *ptr, tevent_event_trace_point point, void *private_data)
{
    const ContextSlot &ctx = *static_cast<ContextSlot *>(private_data);
    ImmediateSlot *im = traced(g_world->immediates, ptr, Kind::kImmediate);
    if (im == nullptr) {
        const bool hidden = g_world->freeing_wrapper != kNone && masked(Known::kD7Wrapper);
        if (!hidden && (!ctx.had_proxy || !masked(Known::kD14))) {
            say_trace(ctx, "library's immediate", point, 0);
        }
        return;
    }
    if (im->on_way && point == TEVENT_EVENT_TRACE_DETACH && !g_api.is_ours && masked(Known::kD7Threaded)) {
        return;
    }
    count(*im, point);
    if (belongs_to_freed_wrapper(im) && masked(Known::kD7Wrapper)) {
        return;
    }
    if (point == TEVENT_EVENT_TRACE_ATTACH) {
        im->on_way = false;
    }
    const bool hide_tag = im->tag_unknown && masked(Known::kD8);
    say_trace(ctx, im->name, point, hide_tag ? 0 : CALL(tevent_immediate_get_tag)(ptr));
}

void trace_signal(tevent_signal *ptr, tevent_event_trace_point point, void *private_data)
{
    SignalSlot *signal = traced(g_world->signals, ptr, Kind::kSignal);
    if (signal == nullptr) {
        say_trace(*static_cast<ContextSlot *>(private_data), "library's signal", point, 0);
        return;
    }
    count(*signal, point);
    if (belongs_to_freed_wrapper(signal) && masked(Known::kD7Wrapper)) {
        return;
    }
    if (point == TEVENT_EVENT_TRACE_ATTACH && signal->serial % 2 == 0) {
        CALL(tevent_signal_set_tag)(ptr, 3000 + signal->serial);
    }
    say_trace(*static_cast<ContextSlot *>(private_data), signal->name, point,
              CALL(tevent_signal_get_tag)(ptr));
}

void trace_queue(tevent_queue_entry *ptr, tevent_event_trace_point point, void *private_data)
{
    EntrySlot *entry = traced(g_world->entries, ptr, Kind::kEntry);
    if (entry == nullptr) {
        say_trace(*static_cast<ContextSlot *>(private_data), "unknown entry", point, 0);
        return;
    }
    count(*entry, point);
    if (entry->queue != kNone && g_world->queues[entry->queue].mixed && masked(Known::kD7Queue)) {
        return;
    }
    if (point == TEVENT_EVENT_TRACE_ATTACH && entry->serial % 2 == 0) {
        CALL(tevent_queue_entry_set_tag)(ptr, 4000 + entry->serial);
    }
    say_trace(*static_cast<ContextSlot *>(private_data), entry->name, point,
              CALL(tevent_queue_entry_get_tag)(ptr));
}

void trace_loop(tevent_trace_point point, void *private_data)
{
    static const char *const kNames[] = {"BEFORE_WAIT", "AFTER_WAIT", "BEFORE_LOOP_ONCE", "AFTER_LOOP_ONCE"};
    const ContextSlot &ctx = *static_cast<ContextSlot *>(private_data);
    if (!ctx.had_proxy || !masked(Known::kD14)) {
        say("trace %s %s", ctx.name, kNames[point]);
    }
    errno = EXDEV; // must not affect the loop
}

void on_debug(void *private_data, tevent_debug_level level, const char *format, va_list args)
{
    char text[300]; // the sanitizers find a format that does not fit its arguments
    vsnprintf(text, sizeof(text), format, args);
    const ContextSlot &ctx = *static_cast<ContextSlot *>(private_data);
    if ((level >= TEVENT_DEBUG_WARNING && masked(Known::kO1)) ||
        (level == TEVENT_DEBUG_ERROR && ctx.moved_to_poll && masked(Known::kD1))) {
        return;
    }
    say("debug %s level=%d", ctx.name, level);
}

void on_abort(const char *reason)
{
    const char *kind = strstr(reason, "double free") != nullptr      ? "double free"
                       : strstr(reason, "use after free") != nullptr ? "use after free"
                                                                     : "";
    say("abort %s", kind);
}

// Setting and reading back, in one.
#define SET_AND_GET(name, type, callback)                                                                    \
    do {                                                                                                     \
        type wanted = callback;                                                                              \
        CALL(tevent_set_trace_##name)(ev, wanted, wanted != nullptr ? &ctx : nullptr);                       \
        type set = nullptr;                                                                                  \
        void *data = nullptr;                                                                                \
        CALL(tevent_get_trace_##name)(ev, &set, &data);                                                      \
        say(#name " %d %d", set == wanted, data == (wanted != nullptr ? &ctx : nullptr));                    \
    } while (0)

} // namespace

void say_detached()
{
    std::vector<std::string> &lines = g_world->detached;
    std::sort(lines.begin(), lines.end());
    for (const std::string &line : lines) {
        say("%s", line.c_str());
    }
    lines.clear();
}

void set_traces(ContextSlot &ctx, int bits)
{
    tevent_context *ev = pointer(ctx);
    SET_AND_GET(fd_callback, tevent_trace_fd_callback_t, bits & 1 ? trace_fd : nullptr);
    SET_AND_GET(timer_callback, tevent_trace_timer_callback_t, bits & 2 ? trace_timer : nullptr);
    SET_AND_GET(immediate_callback, tevent_trace_immediate_callback_t, bits & 4 ? trace_immediate : nullptr);
    SET_AND_GET(signal_callback, tevent_trace_signal_callback_t, bits & 8 ? trace_signal : nullptr);
    SET_AND_GET(queue_callback, tevent_trace_queue_callback_t, bits & 16 ? trace_queue : nullptr);
    SET_AND_GET(callback, tevent_trace_callback_t, bits & 32 ? trace_loop : nullptr);
}

void set_debug(ContextSlot &ctx, int choice)
{
    tevent_context *ev = pointer(ctx);
    int result = 0;
    if (choice == 0) {
        result = CALL(tevent_set_debug)(ev, nullptr, nullptr);
    } else if (choice == 1) {
        result = CALL(tevent_set_debug_stderr)(ev);
    }
    result += CALL(tevent_set_debug)(ev, on_debug, &ctx);
    say("set_debug %s -> %d", ctx.name, result);
}

void take_aborts()
{
    CALL(tevent_set_abort_fn)(on_abort);
}

} // namespace diff
