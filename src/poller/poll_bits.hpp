// SPDX-License-Identifier: LGPL-3.0-or-later

// Interest and readiness as the bits of poll(2).

#pragma once

#include <cstdint>
#include <poll.h>

#include "src/poller/watch_table.hpp"

namespace tev {

constexpr uint32_t poll_bits_of(uint8_t interest)
{
    return ((interest & kReadInterest) ? POLLIN : 0) | ((interest & kWriteInterest) ? POLLOUT : 0) |
           ((interest & kPeerClosedInterest) ? POLLRDHUP : 0);
}

constexpr uint8_t readiness_of(uint32_t poll_bits)
{
    return static_cast<uint8_t>(
        ((poll_bits & POLLIN) ? kReadable : 0) | ((poll_bits & POLLOUT) ? kWritable : 0) |
        ((poll_bits & POLLRDHUP) ? kPeerClosed : 0) | ((poll_bits & POLLHUP) ? kHungUp : 0) |
        ((poll_bits & POLLERR) ? kFailed : 0) | ((poll_bits & POLLNVAL) ? kNotOpen : 0));
}

} // namespace tev
