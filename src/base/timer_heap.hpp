// SPDX-License-Identifier: LGPL-3.0-or-later

// Intrusive binary min-heap of deadlines.
//
// The nodes themselves form a complete binary tree (all levels full, the last
// one filled from the left), linked by pointers instead of laid out in an
// array: nothing is ever allocated, so linking cannot fail.  The position of
// the n-th node in level order is spelled by the bits of n below its highest
// one (0: left, 1: right), which gives the way to the place of the next node
// and to the last one in O(log n).
//
// Order is (deadline, sequence): equal deadlines leave in the order in which
// they came.
//
// Invariant: no node is before its parent; size_ nodes fill the tree's
// first size_ positions.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <sys/time.h>

#include "src/base/timeval.hpp"

namespace tev {

// When something is due.  A zero timeval means "at once" and sorts before all
// real times, negative ones included.
struct Deadline {
    timeval when = {0, 0};
    uint64_t sequence = 0;

    bool is_before(const Deadline &other) const
    {
        const bool at_once = is_zero(when);
        if (at_once != is_zero(other.when)) {
            return at_once;
        }
        const int order = compare(when, other.when);
        return order != 0 ? order < 0 : sequence < other.sequence;
    }
};

struct HeapNode {
    Deadline deadline_;
    HeapNode *parent_ = nullptr;
    HeapNode *child_[2] = {nullptr, nullptr};

    HeapNode() = default;
    HeapNode(const HeapNode &) = delete;
    HeapNode &operator=(const HeapNode &) = delete;
};

class TimerHeap {
public:
    TimerHeap() = default;
    TimerHeap(const TimerHeap &) = delete;
    TimerHeap &operator=(const TimerHeap &) = delete;

    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    HeapNode *earliest() const { return root_; }

    void link(HeapNode &n)
    {
        n.child_[0] = n.child_[1] = nullptr;
        n.parent_ = nullptr;
        size_++;
        if (size_ == 1) {
            root_ = &n;
            return;
        }
        HeapNode *parent = at(size_ >> 1);
        n.parent_ = parent;
        parent->child_[size_ & 1] = &n;
        sift_up(n);
    }

    void unlink(HeapNode &n)
    {
        HeapNode *last = at(size_);
        slot_of(*last) = nullptr;
        size_--;
        if (last == &n) {
            return;
        }
        take_place(*last, n);
        sift_up(*last);
        sift_down(*last);
    }

    // In no order; `visit` must leave the heap as it is.
    template <class Visit>
    void for_each(Visit visit) const
    {
        for_each_below(root_, visit);
    }

    bool is_valid() const { return root_ == nullptr ? size_ == 0 : count_valid(*root_) == size_; }

private:
    // The node at a position, 1 being the root.
    HeapNode *at(size_t position) const
    {
        HeapNode *n = root_;
        for (size_t bit = std::bit_floor(position) >> 1; bit != 0; bit >>= 1) {
            n = n->child_[(position & bit) != 0];
        }
        return n;
    }

    // The pointer by which the tree holds n.
    HeapNode *&slot_of(HeapNode &n)
    {
        if (n.parent_ == nullptr) {
            return root_;
        }
        return n.parent_->child_[n.parent_->child_[1] == &n];
    }

    // Puts n, which is in no place, into the place of `old`.
    void take_place(HeapNode &n, HeapNode &old)
    {
        slot_of(old) = &n;
        n.parent_ = old.parent_;
        for (int side = 0; side < 2; side++) {
            n.child_[side] = old.child_[side];
            if (n.child_[side] != nullptr) {
                n.child_[side]->parent_ = &n;
            }
        }
    }

    void swap_with_parent(HeapNode &n)
    {
        HeapNode &parent = *n.parent_;
        const int side = parent.child_[1] == &n;
        HeapNode *sibling = parent.child_[1 - side];

        slot_of(parent) = &n;
        n.parent_ = parent.parent_;
        for (int i = 0; i < 2; i++) {
            parent.child_[i] = n.child_[i];
            if (parent.child_[i] != nullptr) {
                parent.child_[i]->parent_ = &parent;
            }
        }
        n.child_[side] = &parent;
        n.child_[1 - side] = sibling;
        parent.parent_ = &n;
        if (sibling != nullptr) {
            sibling->parent_ = &n;
        }
    }

    void sift_up(HeapNode &n)
    {
        while (n.parent_ != nullptr && n.deadline_.is_before(n.parent_->deadline_)) {
            swap_with_parent(n);
        }
    }

    void sift_down(HeapNode &n)
    {
        for (;;) {
            HeapNode *first = n.child_[0];
            if (first == nullptr) {
                return;
            }
            if (n.child_[1] != nullptr && n.child_[1]->deadline_.is_before(first->deadline_)) {
                first = n.child_[1];
            }
            if (!first->deadline_.is_before(n.deadline_)) {
                return;
            }
            swap_with_parent(*first);
        }
    }

    template <class Visit>
    // NOLINTNEXTLINE(misc-no-recursion): as deep as a complete binary tree
    static void for_each_below(HeapNode *n, Visit &visit)
    {
        if (n != nullptr) {
            for_each_below(n->child_[0], visit);
            for_each_below(n->child_[1], visit);
            visit(*n);
        }
    }

    // Nodes below and including n, or SIZE_MAX/2 and more when one is misplaced.
    // NOLINTNEXTLINE(misc-no-recursion): as deep as a complete binary tree
    static size_t count_valid(const HeapNode &n)
    {
        size_t count = 1;
        for (const HeapNode *child : n.child_) {
            if (child == nullptr) {
                continue;
            }
            if (child->parent_ != &n || child->deadline_.is_before(n.deadline_)) {
                return SIZE_MAX / 2;
            }
            count += count_valid(*child);
        }
        return count;
    }

    HeapNode *root_ = nullptr;
    size_t size_ = 0;
};

} // namespace tev
