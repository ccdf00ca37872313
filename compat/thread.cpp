// SPDX-License-Identifier: LGPL-3.0-or-later

// Threads: running handlers in another thread's loop, and waking it.

#include "compat/exports.hpp"

#include <cerrno>

#include "src/async/thread_proxy.hpp"
#include "src/context/lifetime.hpp"
#include "src/context/threaded_context.hpp"

extern "C" {

tevent_thread_proxy *tevent_thread_proxy_create(tevent_context *dest_ev_ctx)
{
    return tev::make_thread_proxy(*dest_ev_ctx);
}

void tevent_thread_proxy_schedule(tevent_thread_proxy *tp, tevent_immediate **pp_im,
                                  tevent_immediate_handler_t handler, void *pp_private_data)
{
    tev::schedule_through(*tp, *pp_im, handler, static_cast<void **>(pp_private_data));
}

tevent_threaded_context *tevent_threaded_context_create(TALLOC_CTX *mem_ctx, tevent_context *ev)
{
    return tev::make_threaded_context(mem_ctx, *ev);
}

void _tevent_threaded_schedule_immediate(tevent_threaded_context *tctx, tevent_immediate *im,
                                         tevent_immediate_handler_t handler, void *private_data,
                                         const char *handler_name, const char *location)
{
    tev::schedule_from_other_thread(*tctx, *im, {handler, private_data, handler_name, location});
}

int tevent_common_wakeup_init(tevent_context *ev)
{
    return ev->loop != nullptr ? tev::ensure_wakeup(*ev->loop) : EINVAL;
}

int tevent_common_wakeup_fd(int fd)
{
    tev::Wakeup::write_to(fd);
    return 0;
}

int tevent_common_wakeup(tevent_context *ev)
{
    if (ev->loop == nullptr || !ev->loop->wakeup.is_requested()) {
        return ENOTCONN;
    }
    ev->loop->wakeup.wake_always();
    return 0;
}

void tevent_common_threaded_activate_immediate(tevent_context *ev)
{
    if (tev::Loop *loop = tev::own_loop(*ev)) {
        tev::accept_threaded_immediates(*loop);
    }
}

} // extern "C"
