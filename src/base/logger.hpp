// SPDX-License-Identifier: LGPL-3.0-or-later

// Debug messages and fatal misuse.
//
// A Logger holds the debug function of one main context.  A message above its
// maximum level, or without a function, costs two comparisons and no formatting.
//
// abort_with() is the one answer to fatal misuse.  It calls the program's abort function,
// or abort() where none is set.  A program's function may return; every caller
// continues without undefined behaviour then.  Where the interface says abort() itself, and not
// tevent_abort(), the code does so with a Compat: comment.

#pragma once

#include <cstdarg>

#include <tevent.h>

namespace tev {

class Logger {
public:
    bool wants(tevent_debug_level level) const { return sink_ != nullptr && level <= max_level_; }

    // printf-style.
    void message(tevent_debug_level level, const char *format, ...) const PRINTF_ATTRIBUTE(3, 4);
    void vmessage(tevent_debug_level level, const char *format, va_list arguments) const
        PRINTF_ATTRIBUTE(3, 0);

    // A null sink silences; the maximum level becomes WARNING, or FATAL then.
    void set_sink(tevent_debug_fn sink, void *sink_context);
    // Warnings and worse to stderr.
    void set_stderr_sink();
    tevent_debug_level set_max_level(tevent_debug_level level);

private:
    tevent_debug_fn sink_ = nullptr;
    void *sink_context_ = nullptr;
    tevent_debug_level max_level_ = TEVENT_DEBUG_FATAL;
};

using AbortFn = void (*)(const char *reason);

// Null restores abort().
void set_abort_fn(AbortFn fn);
// Reports the reason to the logger, which may be null, then calls the abort function.
[[gnu::cold]] void abort_with(const Logger *logger, const char *format, ...) PRINTF_ATTRIBUTE(2, 3);
[[gnu::cold]] void abort_with_reason(const Logger *logger, const char *reason);

} // namespace tev
