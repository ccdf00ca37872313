// SPDX-License-Identifier: LGPL-3.0-or-later

// All deadlines of one loop, earliest first.
//
// Programs mostly add timers whose time is later than that of all others (a
// time-out per request, each with the same length) and free them before they
// are due.  Those form the tail: a list that is sorted because each new node is
// appended; linking and unlinking are O(1).  A node that belongs further forward
// joins a heap instead, O(log n) for any order.  If the tail is short, or there is no
// memory for a larger heap, its position in the tail is searched: linking cannot
// fail.  The earliest node is the earlier of the two fronts.
//
// Sequence numbers grow with each link, so equal deadlines stay first in,
// first out, also across the two structures.  Compat: D3, zero times too.
//
// A node can be set aside: the queue keeps it, out of the order.
//
// The caller passes in the time: nothing here reads a clock.

#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "src/timer/timer_heap.hpp"
#include "src/timer/timer_node.hpp"

namespace tev {

// A list in insertion order.  Not List: its links share their memory with a node's place in
// the heap.
class TimerList {
public:
    TimerNode *front() const { return front_; }
    TimerNode *back() const { return back_; }
    static TimerNode *next(const TimerNode &n) { return n.next_; }

    // Behind `where`; null: in front of all.
    void insert(TimerNode *where, TimerNode &n)
    {
        TimerNode *behind = where != nullptr ? where->next_ : front_;
        n.previous_ = where;
        n.next_ = behind;
        (where != nullptr ? where->next_ : front_) = &n;
        (behind != nullptr ? behind->previous_ : back_) = &n;
    }

    void unlink(TimerNode &n)
    {
        (n.previous_ != nullptr ? n.previous_->next_ : front_) = n.next_;
        (n.next_ != nullptr ? n.next_->previous_ : back_) = n.previous_;
    }

private:
    TimerNode *front_ = nullptr;
    TimerNode *back_ = nullptr;
};

class TimerQueue {
public:
    TimerQueue() = default;
    TimerQueue(const TimerQueue &) = delete;
    TimerQueue &operator=(const TimerQueue &) = delete;

    bool empty() const { return tail_.front() == nullptr && heap_.empty(); }

    // Null when there is none.
    TimerNode *earliest() const
    {
        TimerNode *tail_front = tail_.front();
        TimerNode *heap_front = heap_.earliest();
        if (tail_front == nullptr || heap_front == nullptr) {
            return tail_front != nullptr ? tail_front : heap_front;
        }
        return heap_front->is_before(*tail_front) ? heap_front : tail_front;
    }

    void link(TimerNode &n, const timeval &when)
    {
        assert(n.state() == TimerNode::kNowhere);
        n.set_when(when, next_sequence_);
        next_sequence_ += TimerNode::kSequenceStep;
        TimerNode *where = tail_.back();
        if (where != nullptr && n.is_before(*where)) {
            if (tail_length_ >= kShortTail && heap_.link(n)) {
                n.set_state(TimerNode::kInHeap);
                return;
            }
            do {
                where = where->previous_;
            } while (where != nullptr && n.is_before(*where));
        }
        n.set_state(TimerNode::kInTail);
        tail_.insert(where, n);
        tail_length_++;
    }

    // From any of the structures.
    void unlink(TimerNode &n)
    {
        switch (n.state()) {
        case TimerNode::kInTail:
            tail_.unlink(n);
            tail_length_--;
            break;
        case TimerNode::kInHeap:
            heap_.unlink(n);
            break;
        case TimerNode::kSetAside:
            aside_.unlink(n);
            break;
        default:
            break;
        }
        n.set_state(TimerNode::kNowhere);
    }

    void set_aside(TimerNode &n)
    {
        unlink(n);
        n.set_state(TimerNode::kSetAside);
        aside_.insert(aside_.back(), n);
    }
    TimerNode *first_aside() const { return aside_.front(); }
    static TimerNode *next_aside(const TimerNode &n) { return TimerList::next(n); }

    // Sets aside all that `chosen` is true of, in due order.  O(n log n).
    template <class Chosen>
    void set_aside_if(Chosen chosen)
    {
        TimerList rest;
        size_t rest_length = 0;
        while (TimerNode *n = earliest()) {
            if (chosen(*n)) {
                set_aside(*n);
            } else {
                unlink(*n);
                n->set_state(TimerNode::kInTail); // where it will be: the rest comes in order
                rest.insert(rest.back(), *n);
                rest_length++;
            }
        }
        tail_ = rest;
        tail_length_ = rest_length;
    }

    // Requires: empty.
    void free_memory() { heap_.free_blocks(); }

    bool is_valid() const
    {
        size_t length = 0;
        for (TimerNode *n = tail_.front(); n != nullptr; n = TimerList::next(*n)) {
            TimerNode *next = TimerList::next(*n);
            if (next != nullptr && (next->previous_ != n || next->is_before(*n))) {
                return false;
            }
            length++;
        }
        return length == tail_length_ && heap_.is_valid();
    }

private:
    static constexpr size_t kShortTail = 16;

    TimerList tail_;
    size_t tail_length_ = 0;
    TimerHeap heap_;
    TimerList aside_;
    uint64_t next_sequence_ = 0;
};

} // namespace tev
