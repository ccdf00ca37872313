// SPDX-License-Identifier: LGPL-3.0-or-later

// How the library speaks to its program: debug messages and aborts.
//
// A Report is one context's debug sink.  A message above its maximum level,
// or without a sink, costs two comparisons and no formatting.
//
// fail() is what misuse ends in: the program's abort function when one is
// set, else abort().  A program's function may return; every caller carries
// on from there without undefined behaviour.

#pragma once

#include <cstdarg>

#include <tevent.h>

namespace tev {

class Report {
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

// Null puts abort() back.
void set_abort_fn(AbortFn fn);
// Tells the abort function; `report` (may be null) gets the reason first.
void fail(const Report *report, const char *reason);

} // namespace tev
