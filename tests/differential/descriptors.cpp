// SPDX-License-Identifier: LGPL-3.0-or-later

#include "descriptors.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world.hpp"

namespace diff {

namespace {

struct End {
    bool open = false;
    bool hung_up = false;
    bool shut = false;
    bool touched = false; // since it was reset
};

End g_ends[kEnds];

void place(int from, int end)
{
    dup3(from, fd_of_end(end), O_CLOEXEC);
    close(from);
    g_ends[end] = {true, false, false, false};
}

void make_pair(int first)
{
    int fds[2];
    const int type = first == 6 ? SOCK_DGRAM : SOCK_STREAM;
    const int result =
        first == 4 ? pipe2(fds, O_NONBLOCK) : socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fds);
    if (result == -1) {
        abort();
    }
    place(fds[0], first);
    place(fds[1], first + 1);
}

void close_if_open(int end)
{
    if (g_ends[end].open) {
        close(fd_of_end(end));
        g_ends[end].open = false;
    }
}

} // namespace

int fd_of_end(int end)
{
    return vos::kFirstFd + end;
}
bool end_is_open(int end)
{
    return g_ends[end].open;
}
bool end_is_hung_up(int end)
{
    return g_ends[end].hung_up;
}

void start_descriptors()
{
    for (int first = 0; first < kRegularEnd; first += 2) {
        const bool whole = g_ends[first].open && g_ends[first + 1].open && !g_ends[first].touched &&
                           !g_ends[first + 1].touched;
        if (!whole) {
            reopen_pair(first);
        }
    }
    if (!g_ends[kRegularEnd].open) {
        place(memfd_create("regular", 0), kRegularEnd);
    }
}

int write_end(int end)
{
    g_ends[end].touched = true;
    return static_cast<int>(send(fd_of_end(end), "x", 1, MSG_NOSIGNAL) == -1 ? write(fd_of_end(end), "x", 1)
                                                                             : 1);
}

int drain_end(int end)
{
    char bytes[4096];
    int total = 0;
    for (;;) {
        const ssize_t size = read(fd_of_end(end), bytes, sizeof(bytes));
        if (size <= 0) {
            return total > 0 ? total : size == 0 ? -2 : -1;
        }
        total += static_cast<int>(size);
    }
}

int fill_end(int end)
{
    static const char bytes[16384] = {};
    g_ends[end].touched = true;
    while (write(fd_of_end(end), bytes, sizeof(bytes)) > 0) {
    }
    return 0;
}

void close_end(int end)
{
    close_if_open(end);
    g_ends[peer_of_end(end)].hung_up = true;
}

void end_was_closed(int end)
{
    g_ends[end].open = false;
    g_ends[peer_of_end(end)].hung_up = true;
}

void shut_end(int end)
{
    const int peer = peer_of_end(end);
    g_ends[end].touched = true;
    if (shutdown(fd_of_end(end), SHUT_WR) == 0) {
        g_ends[end].shut = true;
        g_ends[end].hung_up = g_ends[peer].hung_up = g_ends[end].hung_up || g_ends[peer].shut;
    }
}

void reopen_pair(int end)
{
    const int first = end & ~1;
    close_if_open(first);
    close_if_open(first + 1);
    make_pair(first);
}

} // namespace diff
