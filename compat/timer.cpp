// SPDX-License-Identifier: LGPL-3.0-or-later

// Timers.

#include "compat/exports.hpp"

#include "src/context/backend.hpp"
#include "src/context/turn.hpp"
#include "src/event/timer_event.hpp"

extern "C" {

tevent_timer *_tevent_add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                tevent_timer_handler_t handler, void *private_data, const char *handler_name,
                                const char *location)
{
    return ev->ops->add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name, location);
}

void tevent_update_timer(tevent_timer *te, timeval next_event)
{
    tev::update_timer(*te, next_event);
}

void tevent_timer_set_tag(tevent_timer *te, uint64_t tag)
{
    if (te != nullptr) {
        te->tag = tag;
    }
}

uint64_t tevent_timer_get_tag(const tevent_timer *te)
{
    return te != nullptr ? te->tag : 0;
}

tevent_timer *tevent_common_add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                      tevent_timer_handler_t handler, void *private_data,
                                      const char *handler_name, const char *location)
{
    if (!tev::can_attach_to(*ev)) {
        return nullptr;
    }
    return tev::kStandardTable.add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name,
                                         location);
}

tevent_timer *tevent_common_add_timer_v2(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                         tevent_timer_handler_t handler, void *private_data,
                                         const char *handler_name, const char *location)
{
    return tevent_common_add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name, location);
}

timeval tevent_common_loop_timer_delay(tevent_context *ev)
{
    tev::Loop *loop = tev::own_loop(*ev);
    return loop != nullptr ? tev::deliver_timer_or_get_delay(*loop) : timeval{0, 0};
}

int tevent_common_invoke_timer_handler(tevent_timer *te, timeval current_time, bool *removed)
{
    const bool gone = tev::invoke_timer_handler(*te, current_time);
    if (removed != nullptr) {
        *removed = gone;
    }
    return 0;
}

} // extern "C"
