// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/poll_poller.hpp"

#include <cerrno>
#include <cstdlib>

#include "src/base/os.hpp"
#include "src/poller/poll_bits.hpp"

namespace tev {

void PollPoller::close()
{
    watches_.for_each([](Watch &w) {
        w.poll_index = 0;
        w.registered = 0;
    });
    if (entries_ != &wakeup_alone_) {
        free(entries_);
        free(owners_);
    }
    entries_ = &wakeup_alone_;
    owners_ = nullptr;
    count_ = capacity_ = 1;
    gaps_ = 0;
}

UpdateResult PollPoller::update(WatchList &pending, WatchList &)
{
    entries_[0].fd = wakeup_fd_;
    while (Watch *w = pending.front()) {
        if (w->requested == 0) {
            remove_entry(*w);
        } else {
            if (w->poll_index == 0 && !add_entry(*w)) {
                errno = ENOMEM;
                return UpdateResult::kNoMemory;
            }
            entries_[w->poll_index] = {w->fd, static_cast<short>(poll_bits_of(w->requested)), 0};
        }
        w->registered = w->requested;
        w->must_register_again = false;
        pending.unlink(*w);
    }
    close_gaps();
    return UpdateResult::kDone;
}

// False when out of memory.
bool PollPoller::add_entry(Watch &watch)
{
    if (!reserve(count_ + 1)) {
        return false;
    }
    watch.poll_index = count_++;
    owners_[watch.poll_index] = &watch;
    if (watch.last_ready == 0) {
        watch.last_ready = ++ready_counter_;
    }
    return true;
}

bool PollPoller::reserve(uint32_t count)
{
    if (count <= capacity_) {
        return true;
    }
    const uint32_t capacity = capacity_ < 8 ? 16 : capacity_ * 2;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers
    auto **owners = static_cast<Watch **>(realloc(owners_, capacity * sizeof(Watch *)));
    if (owners == nullptr) {
        return false;
    }
    owners_ = owners;
    pollfd *old = entries_ == &wakeup_alone_ ? nullptr : entries_;
    auto *entries = static_cast<pollfd *>(realloc(old, capacity * sizeof(pollfd)));
    if (entries == nullptr) {
        return false;
    }
    if (old == nullptr) {
        entries[0] = wakeup_alone_;
    }
    entries_ = entries;
    capacity_ = capacity;
    return true;
}

void PollPoller::remove_entry(Watch &watch)
{
    if (watch.poll_index != 0) {
        owners_[watch.poll_index] = nullptr;
        watch.poll_index = 0;
        gaps_++;
    }
}

void PollPoller::close_gaps()
{
    for (uint32_t i = 1; gaps_ > 0 && i < count_;) {
        if (owners_[i] != nullptr) {
            i++;
            continue;
        }
        count_--;
        gaps_--;
        if (i < count_) {
            owners_[i] = owners_[count_];
            entries_[i] = entries_[count_];
            if (owners_[i] != nullptr) {
                owners_[i]->poll_index = i;
            }
        }
    }
}

void PollPoller::remove(Watch &watch)
{
    remove_entry(watch);
    watch.registered = 0;
}

void PollPoller::moved(Watch &watch)
{
    if (watch.poll_index != 0) {
        owners_[watch.poll_index] = &watch;
    }
}

WaitResult PollPoller::wait(int timeout_ms)
{
    // An entry without descriptor counts against the limit as well, which the others may have reached.
    const uint32_t first = entries_[0].fd == -1 ? 1 : 0;
    entries_[0].revents = 0;
    const int count = os::poll(entries_ + first, count_ - first, timeout_ms);
    if (count > 0) {
        return WaitResult::kReady;
    }
    if (count == 0) {
        return WaitResult::kTimeLimit;
    }
    return errno == EINTR ? WaitResult::kInterrupted : WaitResult::kFailed;
}

Ready PollPoller::result()
{
    Ready found;
    // Reported together with a watch: continuous wake-ups would starve the watches.
    found.woken = entries_[0].revents != 0;
    if (entries_[0].revents & POLLNVAL) {
        wakeup_fd_ = -1; // closed: poll() would report it for ever
    }
    for (uint32_t i = 1; i < count_; i++) {
        Watch *w = owners_[i];
        if (w == nullptr || entries_[i].revents == 0) {
            continue;
        }
        if (found.watch == nullptr || w->last_ready < found.watch->last_ready) {
            found.watch = w;
            found.readiness = readiness_of(static_cast<uint16_t>(entries_[i].revents));
        }
    }
    if (found.watch != nullptr) {
        found.watch->last_ready = ++ready_counter_;
    }
    return found;
}

void PollPoller::set_wakeup_fd(int fd)
{
    wakeup_fd_ = fd;
}

} // namespace tev
