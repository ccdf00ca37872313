// SPDX-License-Identifier: LGPL-3.0-or-later

// Signal events.

#include "compat/exports.hpp"

#include "src/context/backend.hpp"
#include "src/event/signal_event.hpp"

extern "C" {

tevent_signal *_tevent_add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                                  tevent_signal_handler_t handler, void *private_data,
                                  const char *handler_name, const char *location)
{
    return ev->ops->add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data, handler_name, location);
}

bool tevent_signal_support(tevent_context *ev)
{
    return ev->ops->add_signal != nullptr;
}

size_t tevent_num_signals(void)
{
    return static_cast<size_t>(tev::signals::count());
}

size_t tevent_sa_info_queue_count(void)
{
    return tev::signals::kInfosBeforeBlocking;
}

void tevent_signal_set_tag(tevent_signal *se, uint64_t tag)
{
    if (se != nullptr) {
        se->tag = tag;
    }
}

uint64_t tevent_signal_get_tag(const tevent_signal *se)
{
    return se != nullptr ? se->tag : 0;
}

tevent_signal *tevent_common_add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                                        tevent_signal_handler_t handler, void *private_data,
                                        const char *handler_name, const char *location)
{
    return tev::kStandardTable.add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data, handler_name,
                                          location);
}

int tevent_common_check_signal(tevent_context *)
{
    return tev::deliver_pending_signals() ? 1 : 0;
}

void tevent_cleanup_pending_signal_handlers(tevent_signal *se)
{
    tev::detach(*se);
}

int tevent_common_invoke_signal_handler(tevent_signal *se, int signum, int count, void *siginfo,
                                        bool *removed)
{
    const bool gone = tev::invoke_signal_handler(*se, signum, count, siginfo);
    if (removed != nullptr) {
        *removed = gone;
    }
    return 0;
}

} // extern "C"
