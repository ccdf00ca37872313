// SPDX-License-Identifier: LGPL-3.0-or-later

// Timers.

#include "compat/exports.hpp"

#include "src/loop/backend.hpp"
#include "src/loop/turn.hpp"

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
        te->tag_ = tag;
    }
}

uint64_t tevent_timer_get_tag(const tevent_timer *te)
{
    return te != nullptr ? te->tag_ : 0;
}

tevent_timer *tevent_common_add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                      tevent_timer_handler_t handler, void *private_data,
                                      const char *handler_name, const char *location)
{
    return tev::kStandardTable.add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name,
                                         location);
}

tevent_timer *tevent_common_add_timer_v2(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                         tevent_timer_handler_t handler, void *private_data,
                                         const char *handler_name, const char *location)
{
    return tev::kStandardTable.add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name,
                                         location);
}

timeval tevent_common_loop_timer_delay(tevent_context *ev)
{
    return tev::run_timer_or_tell_delay(*ev);
}

int tevent_common_invoke_timer_handler(tevent_timer *te, timeval current_time, bool *removed)
{
    const bool gone = tev::invoke(*te, current_time);
    if (removed != nullptr) {
        *removed = gone;
    }
    return 0;
}

} // extern "C"
