// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/logger.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace tev {

namespace {

constinit std::atomic<AbortFn> g_abort_fn{nullptr};

void print_to_stderr(void *, tevent_debug_level level, const char *format, va_list arguments)
{
    if (level <= TEVENT_DEBUG_WARNING) {
        vfprintf(stderr, format, arguments);
    }
}

} // namespace

// NOLINTNEXTLINE(cert-dcl50-cpp): the program's sink takes a va_list
void Logger::message(tevent_debug_level level, const char *format, ...) const
{
    if (!wants(level)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    sink_(sink_context_, level, format, arguments);
    va_end(arguments);
}

void Logger::vmessage(tevent_debug_level level, const char *format, va_list arguments) const
{
    if (wants(level)) {
        sink_(sink_context_, level, format, arguments);
    }
}

void Logger::set_sink(tevent_debug_fn sink, void *sink_context)
{
    sink_ = sink;
    sink_context_ = sink_context;
    max_level_ = sink != nullptr ? TEVENT_DEBUG_WARNING : TEVENT_DEBUG_FATAL;
}

void Logger::set_stderr_sink()
{
    set_sink(print_to_stderr, nullptr);
}

tevent_debug_level Logger::set_max_level(tevent_debug_level level)
{
    const tevent_debug_level previous = max_level_;
    max_level_ = level;
    return previous;
}

void set_abort_fn(AbortFn fn)
{
    g_abort_fn.store(fn, std::memory_order_relaxed);
}

void abort_with_reason(const Logger *logger, const char *reason)
{
    if (logger != nullptr) {
        logger->message(TEVENT_DEBUG_FATAL, "abort: %s\n", reason);
    }
    AbortFn fn = g_abort_fn.load(std::memory_order_relaxed);
    if (fn == nullptr) {
        abort();
    }
    fn(reason);
}

// NOLINTNEXTLINE(cert-dcl50-cpp): printf-style, as the messages
void abort_with(const Logger *logger, const char *format, ...)
{
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    abort_with_reason(logger, reason);
}

} // namespace tev
