// SPDX-License-Identifier: LGPL-3.0-or-later

// Debug messages.

#include "compat/exports.hpp"

#include <cerrno>

#include "src/loop/context.hpp"

namespace {

// The sink of a wrapper is its main context's, which alone may set it.
bool refuse_wrapper(tevent_context *ev)
{
    if (!ev->is_wrapper()) {
        return false;
    }
    tev::abort_with(ev, "debug function set on a wrapper context");
    errno = EINVAL;
    return true;
}

} // namespace

extern "C" {

int tevent_set_debug(tevent_context *ev, tevent_debug_fn debug, void *context)
{
    if (refuse_wrapper(ev)) {
        return -1;
    }
    ev->report.set_sink(debug, context);
    return 0;
}

int tevent_set_debug_stderr(tevent_context *ev)
{
    if (refuse_wrapper(ev)) {
        return -1;
    }
    ev->report.set_stderr_sink();
    return 0;
}

tevent_debug_level tevent_set_max_debug_level(tevent_context *ev, tevent_debug_level max_level)
{
    return ev->report.set_max_level(max_level);
}

void tevent_debug(tevent_context *ev, tevent_debug_level level, const char *fmt, ...)
{
    const tev::Report *report = ev != nullptr ? ev->debug_report() : nullptr;
    if (report != nullptr) {
        va_list arguments;
        va_start(arguments, fmt);
        report->vmessage(level, fmt, arguments);
        va_end(arguments);
    }
}

} // extern "C"
