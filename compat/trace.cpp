// SPDX-License-Identifier: LGPL-3.0-or-later

// Trace callbacks of a context.

#include "compat/exports.hpp"

#include "src/loop/context.hpp"

namespace {

template <class Fn>
void set(tevent_context *ev, tev::Hook<Fn> &hook, Fn fn, void *private_data)
{
    if (ev->is_wrapper()) {
        tev::abort_with(ev, "trace callback set on a wrapper context");
        return;
    }
    hook = {fn, private_data};
}

template <class Fn>
void get(const tev::Hook<Fn> &hook, Fn *fn, void *private_data)
{
    *fn = hook.fn;
    *static_cast<void **>(private_data) = hook.private_data;
}

} // namespace

extern "C" {

void tevent_set_trace_callback(tevent_context *ev, tevent_trace_callback_t cb, void *private_data)
{
    set(ev, ev->trace.point, cb, private_data);
}

void tevent_get_trace_callback(tevent_context *ev, tevent_trace_callback_t *cb, void *private_data)
{
    get(ev->trace.point, cb, private_data);
}

void tevent_set_trace_fd_callback(tevent_context *ev, tevent_trace_fd_callback_t cb, void *private_data)
{
    set(ev, ev->trace.fd, cb, private_data);
}

void tevent_get_trace_fd_callback(tevent_context *ev, tevent_trace_fd_callback_t *cb, void *p_private_data)
{
    get(ev->trace.fd, cb, p_private_data);
}

void tevent_set_trace_signal_callback(tevent_context *ev, tevent_trace_signal_callback_t cb,
                                      void *private_data)
{
    set(ev, ev->trace.signal, cb, private_data);
}

void tevent_get_trace_signal_callback(tevent_context *ev, tevent_trace_signal_callback_t *cb,
                                      void *p_private_data)
{
    get(ev->trace.signal, cb, p_private_data);
}

void tevent_set_trace_timer_callback(tevent_context *ev, tevent_trace_timer_callback_t cb, void *private_data)
{
    set(ev, ev->trace.timer, cb, private_data);
}

void tevent_get_trace_timer_callback(tevent_context *ev, tevent_trace_timer_callback_t *cb,
                                     void *p_private_data)
{
    get(ev->trace.timer, cb, p_private_data);
}

void tevent_set_trace_immediate_callback(tevent_context *ev, tevent_trace_immediate_callback_t cb,
                                         void *private_data)
{
    set(ev, ev->trace.immediate, cb, private_data);
}

void tevent_get_trace_immediate_callback(tevent_context *ev, tevent_trace_immediate_callback_t *cb,
                                         void *p_private_data)
{
    get(ev->trace.immediate, cb, p_private_data);
}

void tevent_set_trace_queue_callback(tevent_context *ev, tevent_trace_queue_callback_t cb, void *private_data)
{
    set(ev, ev->trace.queue, cb, private_data);
}

void tevent_get_trace_queue_callback(tevent_context *ev, tevent_trace_queue_callback_t *cb,
                                     void *p_private_data)
{
    get(ev->trace.queue, cb, p_private_data);
}

void tevent_trace_point_callback(tevent_context *ev, tevent_trace_point point)
{
    ev->trace.point(point);
}

void tevent_trace_fd_callback(tevent_context *ev, tevent_fd *fde, tevent_event_trace_point point)
{
    ev->trace.fd(fde, point);
}

void tevent_trace_signal_callback(tevent_context *ev, tevent_signal *se, tevent_event_trace_point point)
{
    ev->trace.signal(se, point);
}

void tevent_trace_timer_callback(tevent_context *ev, tevent_timer *te, tevent_event_trace_point point)
{
    ev->trace.timer(te, point);
}

void tevent_trace_immediate_callback(tevent_context *ev, tevent_immediate *im, tevent_event_trace_point point)
{
    ev->trace.immediate(im, point);
}

void tevent_trace_queue_callback(tevent_context *ev, tevent_queue_entry *qe, tevent_event_trace_point point)
{
    ev->trace.queue(qe, point);
}

} // extern "C"
