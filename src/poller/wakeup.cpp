// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/wakeup.hpp"

#include <cerrno>
#include <cstdint>

#include "src/base/os.hpp"
#include "src/base/race_detectors.hpp"

namespace tev {

namespace {

constexpr uint64_t kOne = 1;

} // namespace

Wakeup::Wakeup()
{
    race_detectors::is_synchronisation(this, sizeof(*this));
}

int Wakeup::open()
{
    const int error = renew();
    is_requested_ = error == 0;
    return error;
}

int Wakeup::renew()
{
    // Close the inherited one first: the process may be at its limit.
    descriptor_.close();
    const int own = os::eventfd();
    if (own == -1) {
        return errno;
    }
    descriptor_.adopt(own);
    state_.store(kAwake);
    generation_.store(fork_generation());
    if (is_owed_.exchange(false)) {
        signal_descriptor();
    }
    return 0;
}

void Wakeup::close()
{
    is_requested_ = false;
    is_owed_.store(false);
    descriptor_.close();
}

void Wakeup::wake()
{
    int expected = kAsleep;
    if (state_.compare_exchange_strong(expected, kWoken)) {
        signal_descriptor();
    }
}

void Wakeup::wake_always()
{
    signal_descriptor();
}

void Wakeup::signal_descriptor()
{
    if (!is_usable()) {
        is_owed_.store(true);
        if (!is_usable()) {
            return; // renew() finds it
        }
    }
    // A full counter is a wake-up already.
    descriptor_.write(&kOne, sizeof(kOne));
}

bool Wakeup::drain()
{
    uint64_t count = 0; // if the read fails, the loop checks once more
    if (descriptor_.read(&count, sizeof(count))) {
        return true;
    }
    descriptor_.close();
    return false;
}

void Wakeup::write_to(int fd)
{
    // The fallback for pipes, which programs may hand in, is the same write:
    // eight bytes, all or nothing.
    while (os::write(fd, &kOne, sizeof(kOne)) == -EINTR) {
    }
}

} // namespace tev
