// SPDX-License-Identifier: LGPL-3.0-or-later

// The canonical log of one sequence: a library's actions, without pointers,
// wall-clock times and other values that may differ.
//
// It is in memory shared with the comparing process, so it survives a crash,
// and a forked child of the sequence appends to it.

#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>

namespace diff {

class Log {
public:
    // `end` is shared: the position of the next line in `memory`.
    void open(char *memory, size_t capacity, uint32_t *end);
    void line(const char *format, va_list args);
    void indent() { depth_++; }
    void outdent() { depth_--; }
    bool is_full() const { return full_; }

private:
    char *memory_ = nullptr;
    size_t capacity_ = 0;
    uint32_t *end_ = nullptr;
    int depth_ = 0;
    bool full_ = false;
};

extern Log g_log;

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace diff
