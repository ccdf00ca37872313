// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/wakeup.hpp"

#include <cerrno>
#include <cstdint>

#include "src/base/os.hpp"

namespace tev {

int Wakeup::open()
{
    const int own = os::eventfd();
    if (own == -1) {
        return errno;
    }
    fd_.store(own);
    state_.store(kAwake);
    in_child = [](ForkObserver &self) { static_cast<Wakeup &>(self).renew_in_child(); };
    if (!registered) {
        add_fork_observer(*this);
    }
    return 0;
}

void Wakeup::close()
{
    if (!registered) {
        return;
    }
    remove_fork_observer(*this);
    const int own = fd_.exchange(-1);
    if (own != -1) {
        os::close(own);
    }
}

void Wakeup::wake()
{
    int expected = kAsleep;
    if (state_.compare_exchange_strong(expected, kWoken)) {
        write_to(fd_.load());
    }
}

void Wakeup::wake_always()
{
    write_to(fd_.load());
}

void Wakeup::drain()
{
    uint64_t count = 0;
    os::read(fd(), &count, sizeof(count)); // if it fails, the loop looks once more
}

void Wakeup::write_to(int fd)
{
    // A full counter is a wake-up already.  The fallback for pipes, which
    // programs may hand in, is the same write: eight bytes, all or nothing.
    const uint64_t one = 1;
    while (os::write(fd, &one, sizeof(one)) == -1 && errno == EINTR) {
    }
}

void Wakeup::renew_in_child()
{
    // Who was awake looks again before it sleeps.  A loop that watches the
    // descriptor in a way of its own is asleep for good, and a wake-up that was
    // written already stays with the parent.
    if (state_.load() == kWoken) {
        state_.store(kAsleep);
    }
    const int shared = fd_.load(); // -1: this process got none either
    const int own = os::eventfd();
    if (own == -1 || os::move_fd(own, shared) == -1) {
        // Never the parent's: without a descriptor of its own this loop is
        // woken by time and signals alone.
        os::close(shared);
        fd_.store(-1);
    }
}

} // namespace tev
