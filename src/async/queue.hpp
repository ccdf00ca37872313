// SPDX-License-Identifier: LGPL-3.0-or-later

// A queue: requests that must not run at the same time run one after another.
//
// Each queued request gets an entry, a talloc child of the request.  The head
// entry is triggered from an immediate and stays the head until it is freed,
// which happens with its request: the entry's destructor removes it from the queue
// and schedules the immediate for the next.  So freeing a finished request starts the
// one behind it, and the code that frees it need not know of the queue.
//
// Each queue has one immediate.  It triggers the entry that is the head when it is
// delivered, on the context of that entry.
//
// Every operation is O(1), and nothing recurses along the queue.

#pragma once

#include <cstddef>
#include <cstdint>

#include <tevent.h>

#include "src/async/request.hpp"
#include "src/base/list.hpp"
#include "src/loop/handle.hpp"

struct tevent_queue_entry final : tev::ListNode<tevent_queue_entry>, tev::ContextObserver {
    static constexpr const char *kTallocName = "struct tevent_queue_entry";

    int on_talloc_free();

    tevent_queue *queue = nullptr;
    tevent_req *req = nullptr;
    tevent_context *context = nullptr; // null once that is freed
    tevent_queue_trigger_fn_t trigger = nullptr;
    const char *trigger_name = nullptr;
    void *private_data = nullptr;
    uint64_t tag = 0;
    bool triggered = false;
};

struct tevent_queue final {
    static constexpr const char *kTallocName = "struct tevent_queue";

    int on_talloc_free();

    tev::List<tevent_queue_entry, tevent_queue_entry> entries;
    size_t length = 0;
    bool running = true;
    char *name = nullptr;
    tevent_immediate *immediate = nullptr;
};

namespace tev {

using Queue = ::tevent_queue;
using QueueEntry = ::tevent_queue_entry;

// Null: out of memory, or no name.
Queue *make_queue(TALLOC_CTX *parent, const char *name);
// Null when out of memory.
QueueEntry *enqueue(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                    const char *trigger_name, void *private_data);
// Triggers inside the call if the queue is empty; the entry may be freed then.
QueueEntry *enqueue_or_start(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                             const char *trigger_name, void *private_data);
void start_queue(Queue &queue);
void stop_queue(Queue &queue);
// Requires: the entry is the head of a stopped queue (abort()).  It will be triggered again.
void untrigger_entry(QueueEntry &entry);

Request *send_queue_wait(TALLOC_CTX *parent, Context &ev, Queue &queue);

} // namespace tev
