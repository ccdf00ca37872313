// SPDX-License-Identifier: LGPL-3.0-or-later

// All deadlines of one loop, earliest first.
//
// Programs mostly add timers whose time is later than that of all others (a
// time-out per request, each with the same length) and free them before they
// are due.  Those form the run: a list that is sorted because each new node
// goes behind the last; joining and leaving are O(1).  A node that would have
// to go further forward joins a heap instead: O(log n) for any order.  The
// earliest node is the earlier of the two fronts.
//
// Sequence numbers grow with each link, so equal deadlines stay first in,
// first out, also across the two structures.
//
// Time is passed in by the caller: nothing here reads a clock.

#pragma once

#include <cstdint>

#include "src/base/list.hpp"
#include "src/base/timer_heap.hpp"

namespace tev {

class TimerQueue;

class TimerNode : private HeapNode, private ListNode<TimerQueue> {
public:
    const timeval &when() const { return deadline_.when; }
    bool is_linked() const { return place_ != Place::kNone; }

private:
    friend class TimerQueue;
    friend class List<TimerNode, TimerQueue>;

    enum class Place : uint8_t { kNone, kRun, kHeap };
    Place place_ = Place::kNone;
};

class TimerQueue {
public:
    bool empty() const { return run_.empty() && heap_.empty(); }

    // Null when there is none.
    TimerNode *earliest() const
    {
        TimerNode *run_front = run_.front();
        auto *heap_front = static_cast<TimerNode *>(heap_.earliest());
        if (run_front == nullptr || heap_front == nullptr) {
            return run_front != nullptr ? run_front : heap_front;
        }
        return heap_front->deadline_.is_before(run_front->deadline_) ? heap_front : run_front;
    }

    void link(TimerNode &n, const timeval &when)
    {
        n.deadline_ = Deadline{when, next_sequence_++};
        TimerNode *last = run_.back();
        if (last == nullptr || last->deadline_.is_before(n.deadline_)) {
            n.place_ = TimerNode::Place::kRun;
            run_.push_back(n);
        } else {
            n.place_ = TimerNode::Place::kHeap;
            heap_.link(n);
        }
    }

    void unlink(TimerNode &n)
    {
        if (n.place_ == TimerNode::Place::kRun) {
            run_.unlink(n);
        } else {
            heap_.unlink(n);
        }
        n.place_ = TimerNode::Place::kNone;
    }

    // In no order; `visit` must leave the queue as it is.
    template <class Visit>
    void for_each(Visit visit) const
    {
        for (TimerNode *n = run_.front(); n != nullptr; n = run_.next(*n)) {
            visit(*n);
        }
        heap_.for_each([&](HeapNode &n) { visit(static_cast<TimerNode &>(n)); });
    }

    bool is_valid() const
    {
        for (TimerNode *n = run_.front(); n != nullptr; n = run_.next(*n)) {
            TimerNode *next = run_.next(*n);
            if (next != nullptr && next->deadline_.is_before(n->deadline_)) {
                return false;
            }
        }
        return heap_.is_valid();
    }

private:
    List<TimerNode, TimerQueue> run_;
    TimerHeap heap_;
    uint64_t next_sequence_ = 0;
};

} // namespace tev
