// SPDX-License-Identifier: LGPL-3.0-or-later

// Contexts: creation, re-initialisation, and settings of a whole context.

#include "compat/exports.hpp"

#include <cerrno>

#include "src/context/backend.hpp"
#include "src/context/lifetime.hpp"
#include "src/event/invoke_handler.hpp"

extern "C" {

tevent_context *tevent_context_init(TALLOC_CTX *mem_ctx)
{
    return tevent_context_init_byname(mem_ctx, nullptr);
}

tevent_context *tevent_context_init_byname(TALLOC_CTX *mem_ctx, const char *name)
{
    const tevent_ops *ops = tev::find_backend(name);
    return ops != nullptr ? tev::make_context(mem_ctx, *ops, nullptr) : nullptr;
}

tevent_context *tevent_context_init_ops(TALLOC_CTX *mem_ctx, const tevent_ops *ops, void *additional_data)
{
    return tev::make_context(mem_ctx, *ops, additional_data);
}

int tevent_re_initialise(tevent_context *ev)
{
    return tev::re_initialise(*ev);
}

uint32_t tevent_context_set_wait_timeout(tevent_context *ev, uint32_t secs)
{
    return tev::set_wait_timeout(*ev, secs);
}

void tevent_set_abort_fn(void (*abort_fn)(const char *reason))
{
    tev::set_abort_fn(abort_fn);
}

void tevent_abort(tevent_context *ev, const char *reason)
{
    tev::abort_with_reason(ev != nullptr ? tev::logger_of(*ev) : nullptr, reason);
}

pid_t tevent_cached_getpid(void)
{
    return tev::cached_process_id();
}

int tevent_common_context_destructor(tevent_context *ev)
{
    if (!tev::refuse_wrapper(*ev, "tevent_common_context_destructor()", EINVAL)) {
        tev::detach_all(*ev->loop);
    }
    return 0;
}

void tevent_common_check_double_free(TALLOC_CTX *ptr, const char *reason)
{
    tev::check_double_free(ptr, reason);
}

} // extern "C"
