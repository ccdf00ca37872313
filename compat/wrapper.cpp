// SPDX-License-Identifier: LGPL-3.0-or-later

// Wrapper contexts (deprecated).

#include "compat/exports.hpp"

#include "src/context/wrapper.hpp"

extern "C" {

tevent_context *_tevent_context_wrapper_create(tevent_context *main_ev, TALLOC_CTX *mem_ctx,
                                               const tevent_wrapper_ops *ops, void *pstate, size_t psize,
                                               const char *type, const char *)
{
    return tev::make_wrapper(*main_ev, mem_ctx, *ops, pstate, psize, type);
}

bool tevent_context_is_wrapper(tevent_context *ev)
{
    return ev->is_wrapper();
}

bool _tevent_context_push_use(tevent_context *ev, const char *location)
{
    return tev::push_context_use(*ev, location);
}

void _tevent_context_pop_use(tevent_context *ev, const char *location)
{
    tev::pop_context_use(*ev, location);
}

bool tevent_context_same_loop(tevent_context *ev1, tevent_context *ev2)
{
    return ev1 != nullptr && ev2 != nullptr && ev1->loop != nullptr && ev1->loop == ev2->loop;
}

} // extern "C"
