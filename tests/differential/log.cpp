// SPDX-License-Identifier: LGPL-3.0-or-later

#include "log.hpp"

#include <algorithm>
#include <cstdio>

namespace diff {

Log g_log;

void Log::open(char *memory, size_t capacity, uint32_t *end)
{
    memory_ = memory;
    capacity_ = capacity;
    end_ = end;
    *end_ = 0;
    depth_ = 0;
    full_ = false;
}

void Log::line(const char *format, va_list args)
{
    constexpr size_t kLongest = 400;
    if (*end_ + kLongest >= capacity_) {
        full_ = true; // at the same line in both libraries
        return;
    }
    char *at = memory_ + *end_;
    const int indent = std::min(depth_, 30) * 2;
    std::fill_n(at, indent, ' ');
    int length = vsnprintf(at + indent, kLongest - 80, format, args);
    length = std::min<int>(length, kLongest - 81) + indent;
    at[length] = '\n';
    *end_ += static_cast<uint32_t>(length + 1);
}

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_log.line(format, args);
    va_end(args);
}

} // namespace diff
