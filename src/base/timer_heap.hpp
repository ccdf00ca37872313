// SPDX-License-Identifier: LGPL-3.0-or-later

// Intrusive min-heap of deadlines: a leftist tree.
//
// A node's rank is the number of nodes on the way down its right side until a
// place is free.  On the left the rank is never smaller, so a right side has at
// most log2(n + 1) nodes, however deep the left one is.  All work is merging two
// trees along their right sides: adding, and taking out any node, is O(log n)
// at worst, and nothing is ever allocated, so linking cannot fail.
//
// Order is (deadline, sequence): equal deadlines leave in the order in which
// they came.
//
// Invariants: no node is before its parent; rank(right) <= rank(left);
// rank = rank(right) + 1.

#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/time.h>
#include <utility>

#include "src/base/timeval.hpp"

namespace tev {

class TimerNode {
public:
    TimerNode() = default;
    TimerNode(const TimerNode &) = delete;
    TimerNode &operator=(const TimerNode &) = delete;

    const timeval &when() const { return when_; }
    // Waits for its time.
    bool is_linked() const { return place_ == kInRun || place_ == kInHeap; }

private:
    friend class TimerHeap;
    friend class TimerList;
    friend class TimerQueue;

    enum Place : uint8_t { kNowhere, kInRun, kInHeap, kSetAside };

    // A zero time means "at once" and sorts before all real ones, negative ones included.
    bool is_before(const TimerNode &other) const
    {
        if (when_.tv_sec <= 0 || other.when_.tv_sec <= 0) [[unlikely]] {
            const bool at_once = is_zero(when_);
            if (at_once != is_zero(other.when_)) {
                return at_once;
            }
        }
        const int order = compare(when_, other.when_);
        return order != 0 ? order < 0 : sequence_ < other.sequence_;
    }

    timeval when_ = {0, 0};
    TimerNode *up_ = nullptr;    // in the heap: the parent
    TimerNode *left_ = nullptr;  // in the heap: a child; in a list: the one before
    TimerNode *right_ = nullptr; // in the heap: a child; in a list: the one behind
    uint64_t sequence_ : 56 = 0; // of the last link
    uint64_t rank_ : 6 = 0;
    uint64_t place_ : 2 = kNowhere;
};

class TimerHeap {
public:
    TimerHeap() = default;
    TimerHeap(const TimerHeap &) = delete;
    TimerHeap &operator=(const TimerHeap &) = delete;

    TimerNode *earliest() const { return root_; }

    void link(TimerNode &n)
    {
        n.up_ = n.left_ = n.right_ = nullptr;
        n.rank_ = 1;
        root_ = merge(root_, &n, nullptr);
    }

    void unlink(TimerNode &n)
    {
        TimerNode *parent = n.up_;
        TimerNode *rest = merge(n.left_, n.right_, parent);
        if (parent == nullptr) {
            root_ = rest;
            return;
        }
        (parent->left_ == &n ? parent->left_ : parent->right_) = rest;
        for (TimerNode *above = parent; above != nullptr && restore(*above);) {
            above = above->up_;
        }
    }

    // In no order; `visit` must leave the heap as it is.
    template <class Visit>
    void for_each(Visit visit) const
    {
        for (TimerNode *n = root_; n != nullptr; n = next(n)) {
            visit(*n);
        }
    }

    bool is_valid() const
    {
        bool valid = root_ == nullptr || root_->up_ == nullptr;
        for_each([&](TimerNode &n) {
            for (TimerNode *child : {n.left_, n.right_}) {
                valid = valid && (child == nullptr || (child->up_ == &n && !child->is_before(n)));
            }
            valid = valid && rank(n.right_) <= rank(n.left_) && n.rank_ == rank(n.right_) + 1;
        });
        return valid;
    }

private:
    static constexpr uint32_t kMostRank = 63;

    static uint32_t rank(const TimerNode *n) { return n != nullptr ? n->rank_ : 0; }

    // One tree of two; its root's parent is `parent`.
    static TimerNode *merge(TimerNode *a, TimerNode *b, TimerNode *parent)
    {
        TimerNode *root = nullptr;
        TimerNode **slot = &root;
        TimerNode *lowest = parent;
        while (a != nullptr && b != nullptr) {
            if (b->is_before(*a)) {
                std::swap(a, b);
            }
            *slot = a;
            a->up_ = lowest;
            lowest = a;
            slot = &a->right_;
            a = a->right_;
        }
        TimerNode *rest = a != nullptr ? a : b;
        *slot = rest;
        if (rest != nullptr) {
            rest->up_ = lowest;
        }
        for (TimerNode *n = lowest; n != parent; n = n->up_) {
            restore(*n);
        }
        return root;
    }

    // After a change below n.  False: nothing changes above.
    static bool restore(TimerNode &n)
    {
        if (rank(n.left_) < rank(n.right_)) {
            std::swap(n.left_, n.right_);
        }
        const uint32_t now = rank(n.right_) + 1;
        if (n.rank_ == now) {
            return false;
        }
        n.rank_ = now & kMostRank;
        return true;
    }

    // Left before right, from the top down.
    static TimerNode *next(TimerNode *n)
    {
        if (n->left_ != nullptr) {
            return n->left_; // there is no right one without
        }
        while (n->up_ != nullptr && (n->up_->right_ == n || n->up_->right_ == nullptr)) {
            n = n->up_;
        }
        return n->up_ != nullptr ? n->up_->right_ : nullptr;
    }

    TimerNode *root_ = nullptr;
};

} // namespace tev
