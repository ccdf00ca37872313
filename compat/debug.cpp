// SPDX-License-Identifier: LGPL-3.0-or-later

// Debug messages.

#include "compat/exports.hpp"

#include <cerrno>

#include "src/context/lifetime.hpp"

namespace {

constexpr const char *kDebugFunction = "tevent_set_debug()";

} // namespace

extern "C" {

int tevent_set_debug(tevent_context *ev, tevent_debug_fn debug, void *context)
{
    if (tev::refuse_wrapper(*ev, kDebugFunction, EINVAL)) {
        return -1;
    }
    ev->loop->logger.set_sink(debug, context);
    return 0;
}

int tevent_set_debug_stderr(tevent_context *ev)
{
    if (tev::refuse_wrapper(*ev, kDebugFunction, EINVAL)) {
        return -1;
    }
    ev->loop->logger.set_stderr_sink();
    return 0;
}

tevent_debug_level tevent_set_max_debug_level(tevent_context *ev, tevent_debug_level max_level)
{
    return tev::set_max_debug_level(*ev, max_level);
}

void tevent_debug(tevent_context *ev, tevent_debug_level level, const char *fmt, ...)
{
    const tev::Logger *logger = ev != nullptr ? tev::logger_of(*ev) : nullptr;
    if (logger != nullptr) {
        va_list arguments;
        va_start(arguments, fmt);
        logger->vmessage(level, fmt, arguments);
        va_end(arguments);
    }
}

} // extern "C"
