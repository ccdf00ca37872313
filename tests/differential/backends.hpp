// SPDX-License-Identifier: LGPL-3.0-or-later

// The backends of a sequence: the four of the library, and three of our own,
// copies of epoll, poll and poll_mt whose functions log and then call the
// originals (C4, C24).

#pragma once

#include "api.hpp"

namespace diff {

constexpr int kBackends = 7;
constexpr int kFirstOwnBackend = 4;
extern const char *const kBackendNames[kBackends];

inline bool is_plain_epoll(int backend)
{
    return backend == 1 || backend == 4;
}

// Once per process and library.
void register_backends();
const tevent_ops *own_table(int backend);

} // namespace diff
