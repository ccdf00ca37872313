// SPDX-License-Identifier: LGPL-3.0-or-later

// The descriptors of a sequence: four connected pairs and a regular file, each
// with its own number (virtual_os.hpp).  They are opened once per process and
// reset at the start of each sequence.

#pragma once

namespace diff {

constexpr int kRegularEnd = 8;
constexpr int kEnds = 9;

int fd_of_end(int end);
inline int peer_of_end(int end)
{
    return end == kRegularEnd ? end : end ^ 1;
}
bool end_is_open(int end);
// The peer is closed, or both directions are shut down.
bool end_is_hung_up(int end);

int write_end(int end); // bytes written
int drain_end(int end); // bytes read, -1: none, -2: end of file
int fill_end(int end);  // 0
void close_end(int end);
void shut_end(int end); // sends nothing any more
void reopen_pair(int end);
void end_was_closed(int end); // by the library

} // namespace diff
