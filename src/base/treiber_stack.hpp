// SPDX-License-Identifier: LGPL-3.0-or-later

// A Treiber stack: any thread pushes, one thread takes all and reverses them, so the
// order is first in, first out.
//
// It is lock-free, so a fork finds it consistent.  T has a member `T *next_in_transit`
// that belongs to the stack while the object is on it.

#pragma once

#include <atomic>

#include "src/base/race_detectors.hpp"

namespace tev {

template <class T>
class TreiberStack {
public:
    bool empty() const { return newest_.load() == nullptr; }

    // Any thread.  True when it was empty before.
    bool push(T &object)
    {
        race_detectors::is_synchronisation(this, sizeof(*this));
        T *newest = newest_.load(std::memory_order_relaxed);
        do {
            object.next_in_transit = newest;
            race_detectors::release(this);
        } while (!newest_.compare_exchange_weak(newest, &object));
        return newest == nullptr;
    }

    // The oldest, linked by next_in_transit; null when there is none.
    T *take_all()
    {
        T *newest = newest_.exchange(nullptr);
        race_detectors::acquire(this);
        T *oldest = nullptr;
        while (newest != nullptr) {
            T *next = newest->next_in_transit;
            newest->next_in_transit = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

private:
    std::atomic<T *> newest_{nullptr};
};

} // namespace tev
