// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/base/descriptor.hpp"

#include <cerrno>

#include "src/base/fork_lock.hpp"

namespace tev {

namespace {

constexpr size_t kBuckets = 64;

// Which descriptor of the library has a number: chains by number, each change a
// single store (ForkLock).
struct Claims {
    ForkLock lock;
    OwnedDescriptor *of[kBuckets] = {};
};

constinit Claims g_claims{};

} // namespace

void OwnedDescriptor::adopt(int fd)
{
    close();
    marked_ = os::mark_file(fd) == 0;
    if (!marked_) {
        os::identify_file(fd, &identity_);
    }
    const ForkLockGuard guard(g_claims.lock);
    OwnedDescriptor *&bucket = g_claims.of[static_cast<size_t>(fd) % kBuckets];
    for (OwnedDescriptor **link = &bucket; *link != nullptr; link = &(*link)->next_claim_) {
        if ((*link)->number() == fd) {
            // The program had closed it: the kernel gives out no number that is in use.
            OwnedDescriptor *previous = *link;
            *link = previous->next_claim_;
            previous->number_.store(-1);
            break;
        }
    }
    next_claim_ = bucket;
    number_.store(fd);
    bucket = this;
}

void OwnedDescriptor::close()
{
    int fd = number();
    if (fd == -1) {
        return;
    }
    {
        const ForkLockGuard guard(g_claims.lock);
        fd = number_.exchange(-1);
        if (fd == -1) { // adopted by another one in the meantime
            return;
        }
        OwnedDescriptor **link = &g_claims.of[static_cast<size_t>(fd) % kBuckets];
        while (*link != nullptr && *link != this) {
            link = &(*link)->next_claim_;
        }
        if (*link != nullptr) { // else a fork came between two stores of adopt()
            *link = next_claim_;
        }
    }
    if (means_our_file(fd)) {
        os::close(fd);
    }
}

bool OwnedDescriptor::means_our_file(int fd) const
{
    if (marked_) {
        return os::is_marked_file(fd);
    }
    FileIdentity now;
    return os::identify_file(fd, &now) == 0 && now.device == identity_.device && now.inode == identity_.inode;
}

bool OwnedDescriptor::is_intact() const
{
    const int fd = number();
    return fd != -1 && means_our_file(fd);
}

bool OwnedDescriptor::read(void *buffer, size_t size)
{
    if (!is_intact()) {
        return false;
    }
    while (os::read(number(), buffer, size) == -EINTR) {
    }
    return true;
}

void OwnedDescriptor::write(const void *buffer, size_t size)
{
    const int fd = number();
    // identify_file() is not for signal handlers: without a mark the number has to do.
    if (fd != -1 && (!marked_ || os::is_marked_file(fd))) {
        while (os::write(fd, buffer, size) == -EINTR) {
        }
    }
}

} // namespace tev
