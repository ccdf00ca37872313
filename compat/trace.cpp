// SPDX-License-Identifier: LGPL-3.0-or-later

// Trace callbacks of a context.

#include "compat/exports.hpp"

#include "src/context/lifetime.hpp"

namespace {

template <class Fn>
void set(tevent_context *ev, tev::Hook<Fn> tev::TraceHooks::*hook, Fn fn, void *private_data)
{
    if (!tev::refuse_wrapper(*ev, "trace callback set", EINVAL)) {
        ev->loop->trace.*hook = {fn, private_data};
    }
}

// A wrapper has no trace callbacks.
template <class Fn>
void get(const tevent_context *ev, tev::Hook<Fn> tev::TraceHooks::*hook, Fn *fn, void *private_data)
{
    const tev::Hook<Fn> found = ev->is_wrapper() ? tev::Hook<Fn>{} : ev->loop->trace.*hook;
    *fn = found.fn;
    *static_cast<void **>(private_data) = found.private_data;
}

template <class Fn, class... Args>
void call(const tevent_context *ev, tev::Hook<Fn> tev::TraceHooks::*hook, Args... args)
{
    if (const tev::Loop *loop = tev::own_loop(*ev)) {
        (loop->trace.*hook)(args...);
    }
}

} // namespace

extern "C" {

void tevent_set_trace_callback(tevent_context *ev, tevent_trace_callback_t cb, void *private_data)
{
    set(ev, &tev::TraceHooks::point, cb, private_data);
}

void tevent_get_trace_callback(tevent_context *ev, tevent_trace_callback_t *cb, void *private_data)
{
    get(ev, &tev::TraceHooks::point, cb, private_data);
}

void tevent_set_trace_fd_callback(tevent_context *ev, tevent_trace_fd_callback_t cb, void *private_data)
{
    set(ev, &tev::TraceHooks::fd, cb, private_data);
}

void tevent_get_trace_fd_callback(tevent_context *ev, tevent_trace_fd_callback_t *cb, void *p_private_data)
{
    get(ev, &tev::TraceHooks::fd, cb, p_private_data);
}

void tevent_set_trace_signal_callback(tevent_context *ev, tevent_trace_signal_callback_t cb,
                                      void *private_data)
{
    set(ev, &tev::TraceHooks::signal, cb, private_data);
}

void tevent_get_trace_signal_callback(tevent_context *ev, tevent_trace_signal_callback_t *cb,
                                      void *p_private_data)
{
    get(ev, &tev::TraceHooks::signal, cb, p_private_data);
}

void tevent_set_trace_timer_callback(tevent_context *ev, tevent_trace_timer_callback_t cb, void *private_data)
{
    set(ev, &tev::TraceHooks::timer, cb, private_data);
}

void tevent_get_trace_timer_callback(tevent_context *ev, tevent_trace_timer_callback_t *cb,
                                     void *p_private_data)
{
    get(ev, &tev::TraceHooks::timer, cb, p_private_data);
}

void tevent_set_trace_immediate_callback(tevent_context *ev, tevent_trace_immediate_callback_t cb,
                                         void *private_data)
{
    set(ev, &tev::TraceHooks::immediate, cb, private_data);
}

void tevent_get_trace_immediate_callback(tevent_context *ev, tevent_trace_immediate_callback_t *cb,
                                         void *p_private_data)
{
    get(ev, &tev::TraceHooks::immediate, cb, p_private_data);
}

void tevent_set_trace_queue_callback(tevent_context *ev, tevent_trace_queue_callback_t cb, void *private_data)
{
    set(ev, &tev::TraceHooks::queue, cb, private_data);
}

void tevent_get_trace_queue_callback(tevent_context *ev, tevent_trace_queue_callback_t *cb,
                                     void *p_private_data)
{
    get(ev, &tev::TraceHooks::queue, cb, p_private_data);
}

void tevent_trace_point_callback(tevent_context *ev, tevent_trace_point point)
{
    call(ev, &tev::TraceHooks::point, point);
}

void tevent_trace_fd_callback(tevent_context *ev, tevent_fd *fde, tevent_event_trace_point point)
{
    call(ev, &tev::TraceHooks::fd, fde, point);
}

void tevent_trace_signal_callback(tevent_context *ev, tevent_signal *se, tevent_event_trace_point point)
{
    call(ev, &tev::TraceHooks::signal, se, point);
}

void tevent_trace_timer_callback(tevent_context *ev, tevent_timer *te, tevent_event_trace_point point)
{
    call(ev, &tev::TraceHooks::timer, te, point);
}

void tevent_trace_immediate_callback(tevent_context *ev, tevent_immediate *im, tevent_event_trace_point point)
{
    call(ev, &tev::TraceHooks::immediate, im, point);
}

void tevent_trace_queue_callback(tevent_context *ev, tevent_queue_entry *qe, tevent_event_trace_point point)
{
    call(ev, &tev::TraceHooks::queue, qe, point);
}

} // extern "C"
