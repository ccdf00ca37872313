// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/poller/watch_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace tev {

Watch *WatchTable::find(int fd) const
{
    Watch *w = *bucket_of(fd);
    while (w != nullptr && w->fd != fd) {
        w = w->next_in_bucket;
    }
    return w;
}

void WatchTable::renew_generation(Watch &watch)
{
    // 0 is reserved as the wake-up's key.
    last_generation_ += last_generation_ == UINT32_MAX ? 2 : 1;
    watch.generation = last_generation_;
}

void WatchTable::add(Watch &watch)
{
    renew_generation(watch);
    if (size_ > mask_) {
        grow();
    }
    Watch **bucket = bucket_of(watch.fd);
    watch.next_in_bucket = *bucket;
    *bucket = &watch;
    size_++;
}

void WatchTable::remove(Watch &watch)
{
    Watch **link = bucket_of(watch.fd);
    while (*link != &watch) {
        link = &(*link)->next_in_bucket;
    }
    *link = watch.next_in_bucket;
    size_--;
}

void WatchTable::replace(Watch &old, Watch &successor)
{
    Watch **link = bucket_of(old.fd);
    while (*link != &old) {
        link = &(*link)->next_in_bucket;
    }
    *link = &successor;
    successor.next_in_bucket = old.next_in_bucket;
}

void WatchTable::free_buckets()
{
    if (buckets_ == first_buckets_) {
        return;
    }
    free(buckets_);
    std::fill(std::begin(first_buckets_), std::end(first_buckets_),
              nullptr); // as they were when the table grew
    buckets_ = first_buckets_;
    mask_ = kFirstBuckets - 1;
}

void WatchTable::grow()
{
    const uint32_t count = (mask_ + 1) * 4;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers
    auto **larger = static_cast<Watch **>(calloc(count, sizeof(Watch *)));
    if (larger == nullptr) {
        return;
    }
    Watch **old = buckets_;
    const uint32_t old_count = mask_ + 1;
    buckets_ = larger;
    mask_ = count - 1;
    for (uint32_t b = 0; b < old_count; b++) {
        for (Watch *w = old[b]; w != nullptr;) {
            Watch *next = w->next_in_bucket;
            Watch **bucket = bucket_of(w->fd);
            w->next_in_bucket = *bucket;
            *bucket = w;
            w = next;
        }
    }
    if (old != first_buckets_) {
        free(old);
    }
}

} // namespace tev
