// SPDX-License-Identifier: LGPL-3.0-or-later

// cmocka for C++ programs, and a small generator of pseudo-random numbers: a
// failing run can be repeated.

#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <malloc.h>

extern "C" {
#include <cmocka.h>
}
#undef fail // a function's name in the standard library

// The bytes that malloc has allocated; 0 where a sanitizer or valgrind has an allocator of its own.
inline size_t allocated_bytes()
{
    return mallinfo2().uordblks;
}

// xorshift64*
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint32_t below(uint32_t limit)
    {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<uint32_t>((state_ * 2685821657736338717ULL) >> 32) % limit;
    }

private:
    uint64_t state_;
};
