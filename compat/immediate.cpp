// SPDX-License-Identifier: LGPL-3.0-or-later

// Immediates.

#include "compat/exports.hpp"

#include "src/context/backend.hpp"
#include "src/event/immediate_event.hpp"

extern "C" {

tevent_immediate *_tevent_create_immediate(TALLOC_CTX *mem_ctx, const char *)
{
    return tev::make_immediate(mem_ctx);
}

void _tevent_schedule_immediate(tevent_immediate *im, tevent_context *ctx, tevent_immediate_handler_t handler,
                                void *private_data, const char *handler_name, const char *location)
{
    ctx->ops->schedule_immediate(im, ctx, handler, private_data, handler_name, location);
}

void tevent_reset_immediate(tevent_immediate *im)
{
    tev::cancel_immediate(*im);
}

void tevent_immediate_set_tag(tevent_immediate *im, uint64_t tag)
{
    if (im != nullptr) {
        im->tag = tag;
    }
}

uint64_t tevent_immediate_get_tag(const tevent_immediate *im)
{
    return im != nullptr ? im->tag : 0;
}

void tevent_common_schedule_immediate(tevent_immediate *im, tevent_context *ev,
                                      tevent_immediate_handler_t handler, void *private_data,
                                      const char *handler_name, const char *location)
{
    if (!tev::can_attach_to(*ev)) {
        tev::cancel_immediate(*im);
        return;
    }
    tev::kStandardTable.schedule_immediate(im, ev, handler, private_data, handler_name, location);
}

void tevent_common_immediate_cancel(tevent_immediate *im)
{
    tev::cancel_immediate(*im);
}

bool tevent_common_loop_immediate(tevent_context *ev)
{
    tev::Loop *loop = tev::own_loop(*ev);
    tev::ImmediateEvent *im = loop != nullptr ? loop->immediates.front() : nullptr;
    if (im == nullptr) {
        return false;
    }
    tev::invoke_immediate_handler(*im);
    return true;
}

int tevent_common_invoke_immediate_handler(tevent_immediate *im, bool *removed)
{
    const bool gone = tev::invoke_immediate_handler(*im);
    if (removed != nullptr) {
        *removed = gone;
    }
    return 0;
}

} // extern "C"
