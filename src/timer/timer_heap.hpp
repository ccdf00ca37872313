// SPDX-License-Identifier: LGPL-3.0-or-later

// Min-heap of deadlines, four children to a node.
//
// The heap is an array of places.  A place holds a node and its key, so most
// comparisons read nothing else.  The four children of a place are adjacent.  The places
// are in blocks, each as large as all earlier ones together: growing moves nothing, so
// no operation ever takes longer than O(log n).  Unused blocks are freed.  link()
// fails when there is no memory for another block.
//
// Programs often unlink one node and link another right after: they cancel a time-out
// and set the next one, or update a timer.  So the place of the node that was unlinked
// last stays open for the next link(); another unlink() closes it.
//
// Invariants: no node is before its parent; each node stores its place; the
// root's place is never open.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "src/timer/timer_node.hpp"

namespace tev {

class TimerHeap {
public:
    TimerHeap() = default;
    TimerHeap(const TimerHeap &) = delete;
    TimerHeap &operator=(const TimerHeap &) = delete;

    bool empty() const { return end_ == kRoot; }
    TimerNode *earliest() const { return empty() ? nullptr : blocks_->first[kRoot - kFirstBlock].node; }

    // False: out of memory, nothing happened.
    [[gnu::noinline]] bool link(TimerNode &n)
    {
        const Entry e = {n.key_, &n};
        if (open_ != kNone) {
            put_into_gap(take_open(), e);
            return true;
        }
        if (end_ >= end_of_blocks() && !grow()) [[unlikely]] {
            return false;
        }
        sift_up(end_++, e);
        return true;
    }

    void unlink(const TimerNode &n)
    {
        if (open_ != kNone) {
            close(take_open());
        }
        if (n.place_ == kRoot) {
            close(kRoot);
        } else {
            open_ = n.place_;
        }
    }

    // Requires: empty.
    void free_blocks()
    {
        while (block_count_ > 1) {
            free(blocks_->of[--block_count_]);
        }
        free(blocks_);
        blocks_ = nullptr;
        block_count_ = 0;
    }

    bool is_valid() const
    {
        if (open_ != kNone && (open_ <= kRoot || open_ >= end_)) {
            return false;
        }
        for (size_t place = kRoot; place < end_; place++) {
            const Entry &e = at(place);
            if (place == open_) {
                continue;
            }
            if (e.node->place_ != place || e.key != e.node->key_ ||
                (place > kRoot && e.is_before(at(taken_above(place))))) {
                return false;
            }
        }
        return empty() ? block_count_ <= 1 : end_ <= end_of_blocks() && !has_block_to_spare();
    }

private:
    struct Entry {
        bool is_before(const Entry &other) const
        {
            return key != other.key ? key < other.key : node->is_before_of_same_key(*other.node);
        }

        uint64_t key;
        TimerNode *node;
    };

    // The first block holds the places 32 to 63, the next one 64 to 127, and so on.  With the root at 35 the
    // children of each place begin at a multiple of four, so they are never in two blocks.
    static constexpr size_t kArity = 4;
    static constexpr unsigned kFirstBlockBits = 5;
    static constexpr size_t kFirstBlock = size_t{1} << kFirstBlockBits;
    static constexpr size_t kMostBlocks = 27;
    static constexpr size_t kRoot = kFirstBlock + kArity - 1;
    static constexpr size_t kNone = 0;

    struct Blocks {
        Entry *of[kMostBlocks];
        Entry first[kFirstBlock];
    };

    static size_t children_of(size_t place) { return kArity * (place - kRoot) + kRoot + 1; }
    static size_t parent_of(size_t place) { return (place - kRoot - 1) / kArity + kRoot; }

    size_t end_of_blocks() const { return kFirstBlock << block_count_; }
    // The last block is empty, and a good part of the one before it.
    bool has_block_to_spare() const { return block_count_ > 1 && end_ < end_of_blocks() / 8 * 3; }

    Entry &at(size_t place) const
    {
        const unsigned bits = 63U ^ static_cast<unsigned>(__builtin_clzll(place));
        return blocks_->of[bits - kFirstBlockBits][place ^ (size_t{1} << bits)];
    }

    static void put(Entry &slot, size_t place, const Entry &e)
    {
        slot = e;
        e.node->place_ = place;
    }

    // The nearest one above that is not open.
    size_t taken_above(size_t place) const
    {
        const size_t parent = parent_of(place);
        return parent == open_ ? parent_of(parent) : parent;
    }

    size_t take_open()
    {
        const size_t place = open_;
        open_ = kNone;
        return place;
    }

    // The entry that fills the gap comes from the bottom, or is new and late: it seldom belongs much higher.
    void put_into_gap(size_t gap, const Entry e) { sift_up(sift_down_gap(gap), e); }

    // There is one place less from now on.
    [[gnu::noinline]] void close(size_t gap)
    {
        end_--;
        if (gap != end_) {
            __builtin_prefetch(&at(end_).node->place_, 1); // written to next, and seldom in a cache
            put_into_gap(gap, at(end_));
        }
        if (has_block_to_spare()) [[unlikely]] {
            free(blocks_->of[--block_count_]);
        }
    }

    // Puts e into the gap, or above it.
    void sift_up(size_t gap, const Entry e)
    {
        Entry *slot = &at(gap);
        while (gap > kRoot) {
            const size_t parent = parent_of(gap);
            Entry *above = &at(parent);
            if (!e.is_before(*above)) {
                break;
            }
            put(*slot, gap, *above);
            gap = parent;
            slot = above;
        }
        put(*slot, gap, e);
    }

    // Moves the gap down to where nothing is below it; returns its place.
    size_t sift_down_gap(size_t gap)
    {
        Entry *slot = &at(gap);
        for (size_t children = children_of(gap); children < end_; children = children_of(gap)) {
            Entry *child = &at(children);
            const size_t count = end_ - children;
            const size_t first = count < kArity ? first_of(child, count) : first_of_four(child);
            put(*slot, gap, child[first]);
            gap = children + first;
            slot = child + first;
        }
        return gap;
    }

    static size_t first_of(const Entry *child, size_t count)
    {
        size_t first = 0;
        for (size_t i = 1; i < count; i++) {
            first = child[i].is_before(child[first]) ? i : first;
        }
        return first;
    }

    // Without a branch that depends on which one it is.
    static size_t first_of_four(const Entry *child)
    {
        const size_t left = child[1].key < child[0].key ? 1 : 0;
        const size_t right = child[3].key < child[2].key ? 3 : 2;
        const bool any_equal = (child[0].key == child[1].key) | (child[2].key == child[3].key) |
                               (child[left].key == child[right].key);
        if (any_equal) [[unlikely]] {
            return first_of(child, kArity);
        }
        return child[right].key < child[left].key ? right : left;
    }

    bool grow()
    {
        if (block_count_ == 0) {
            blocks_ = static_cast<Blocks *>(malloc(sizeof(Blocks)));
            if (blocks_ == nullptr) {
                return false;
            }
            blocks_->of[0] = blocks_->first;
        } else {
            if (block_count_ == kMostBlocks) {
                return false;
            }
            auto *block = static_cast<Entry *>(malloc(end_of_blocks() * sizeof(Entry)));
            if (block == nullptr) {
                return false;
            }
            blocks_->of[block_count_] = block;
        }
        block_count_++;
        return true;
    }

    Blocks *blocks_ = nullptr;
    size_t block_count_ = 0;
    size_t end_ = kRoot;
    // A place whose node was unlinked: its content is not valid.
    size_t open_ = kNone;
};

} // namespace tev
