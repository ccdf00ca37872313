// SPDX-License-Identifier: LGPL-3.0-or-later

// Time helpers.

#include "compat/exports.hpp"

#include "src/base/os.hpp"
#include "src/base/timeval.hpp"

extern "C" {

timeval tevent_timeval_current(void)
{
    return tev::os::wall_clock();
}

timeval tevent_timeval_zero(void)
{
    return {0, 0};
}

timeval tevent_timeval_set(uint32_t secs, uint32_t usecs)
{
    return {static_cast<time_t>(secs), static_cast<suseconds_t>(usecs)};
}

bool tevent_timeval_is_zero(const timeval *tv)
{
    return tev::is_zero(*tv);
}

int tevent_timeval_compare(const timeval *tv1, const timeval *tv2)
{
    return tev::compare(*tv1, *tv2);
}

timeval tevent_timeval_until(const timeval *tv1, const timeval *tv2)
{
    return tev::until(*tv1, *tv2);
}

timeval tevent_timeval_add(const timeval *tv, uint32_t secs, uint32_t usecs)
{
    return tev::add(*tv, secs, usecs);
}

timeval tevent_timeval_current_ofs(uint32_t secs, uint32_t usecs)
{
    return tev::add(tev::current_time(), secs, usecs);
}

} // extern "C"
