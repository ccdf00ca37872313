// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/queue.hpp"

#include <cstdlib>

#include "src/base/talloc_object.hpp"
#include "src/event/immediate_event.hpp"
#include "src/loop/loop.hpp"

namespace tev {

namespace {

// Compat: the names that logs show of what the library itself runs.
constexpr const char *kImmediateHandlerName = "tevent_queue_immediate_trigger";
constexpr const char *kWaitTriggerName = "tevent_queue_wait_trigger";

void trace(QueueEntry &entry, tevent_event_trace_point point)
{
    const Loop *loop = entry.context_ != nullptr ? entry.context_->loop : nullptr;
    if (loop != nullptr) {
        loop->trace.queue(&entry, point);
    }
}

void note_flow(const QueueEntry &entry, tevent_thread_call_depth_cmd command)
{
    if (call_flow_in_use()) [[unlikely]] {
        tell_call_flow(command, entry.req_, entry.req_->call_depth_, entry.trigger_name_);
    }
}

// An entry whose context is gone stays where it is until it is freed.
bool waits_for_trigger(const Queue &queue, const QueueEntry *head)
{
    return queue.running_ && head != nullptr && !head->triggered_ && head->context_ != nullptr;
}

void trigger_head(tevent_context *, tevent_immediate *, void *private_data)
{
    Queue &queue = *static_cast<Queue *>(private_data);
    QueueEntry *head = queue.entries_.front();
    if (!waits_for_trigger(queue, head)) {
        return;
    }
    head->triggered_ = true;
    trace(*head, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    note_flow(*head, TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER);
    if (head->trigger_ != nullptr) {
        head->trigger_(head->req_, head->private_data_);
    }
}

// Puts the queue's immediate at the end of its loop's, when the head waits
// for its trigger.
void schedule_head(Queue &queue)
{
    QueueEntry *head = queue.entries_.front();
    if (!waits_for_trigger(queue, head)) {
        return;
    }
    head->context_->ops->schedule_immediate(queue.immediate_, head->context_, trigger_head, &queue,
                                            kImmediateHandlerName, __location__);
}

void lose_context(ContextObserver &observer)
{
    auto &entry = static_cast<QueueEntry &>(observer);
    trace(entry, TEVENT_EVENT_TRACE_DETACH);
    entry.context_ = nullptr;
}

// Links an entry without triggering anything.
QueueEntry *append(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                   const char *trigger_name, void *private_data)
{
    auto *entry = talloc_make<QueueEntry>(&req);
    if (entry == nullptr) {
        return nullptr;
    }
    entry->queue_ = &queue;
    entry->req_ = &req;
    entry->context_ = &ev;
    entry->trigger_ = trigger;
    entry->trigger_name_ = trigger_name;
    entry->private_data_ = private_data;
    entry->context_gone = lose_context;
    ev.observers.push_back(*entry);
    queue.entries_.push_back(*entry);
    queue.length_++;
    trace(*entry, TEVENT_EVENT_TRACE_ATTACH);
    note_flow(*entry, TEVENT_CALL_FLOW_REQ_QUEUE_ENTER);
    return entry;
}

void end_wait(tevent_req *req, void *)
{
    finish(*req, TEVENT_REQ_DONE, __location__);
}

} // namespace

Queue *make_queue(TALLOC_CTX *parent, const char *name)
{
    auto *queue = talloc_make<Queue>(parent);
    if (queue == nullptr) {
        return nullptr;
    }
    queue->name_ = talloc_strdup(queue, name);
    queue->immediate_ = make_immediate(queue);
    if (queue->name_ == nullptr || queue->immediate_ == nullptr) {
        talloc_free(queue);
        return nullptr;
    }
    return queue;
}

QueueEntry *enqueue(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                    const char *trigger_name, void *private_data)
{
    QueueEntry *entry = append(queue, ev, req, trigger, trigger_name, private_data);
    if (entry != nullptr) {
        schedule_head(queue);
    }
    return entry;
}

QueueEntry *enqueue_or_start(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                             const char *trigger_name, void *private_data)
{
    const bool at_once = queue.entries_.empty() && queue.running_ && req.callback_ == nullptr;
    if (!at_once) {
        return enqueue(queue, ev, req, trigger, trigger_name, private_data);
    }
    QueueEntry *entry = append(queue, ev, req, trigger, trigger_name, private_data);
    if (entry == nullptr) {
        return nullptr;
    }
    entry->triggered_ = true;
    trace(*entry, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    if (trigger != nullptr) {
        trigger(&req, private_data);
    }
    return entry;
}

void start(Queue &queue)
{
    if (!queue.running_) {
        queue.running_ = true;
        schedule_head(queue);
    }
}

void stop(Queue &queue)
{
    queue.running_ = false;
}

void untrigger(QueueEntry &entry)
{
    if (entry.queue_->running_ || entry.queue_->entries_.front() != &entry) {
        abort();
    }
    entry.triggered_ = false;
}

Request *send_queue_wait(TALLOC_CTX *parent, Context &ev, Queue &queue)
{
    void *state = nullptr;
    Request *req = make_request(parent, &state, 1, "struct tevent_queue_wait_state", "tevent_queue_wait_send",
                                __location__);
    if (req == nullptr) {
        return nullptr;
    }
    if (enqueue(queue, ev, *req, end_wait, kWaitTriggerName, nullptr) == nullptr) {
        finish(*req, TEVENT_REQ_NO_MEMORY, __location__);
        post(*req, ev);
    }
    return req;
}

} // namespace tev

int tevent_queue_entry::on_talloc_free()
{
    tevent_queue &queue = *queue_;
    tev::trace(*this, TEVENT_EVENT_TRACE_DETACH);
    tev::note_flow(*this, TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE);
    queue.entries_.unlink(*this);
    queue.length_--;
    if (context_ != nullptr) {
        context_->observers.unlink(*this);
    }
    tev::schedule_head(queue);
    return 0;
}

int tevent_queue::on_talloc_free()
{
    running_ = false;
    while (tevent_queue_entry *head = entries_.front()) {
        talloc_free(head);
    }
    return 0;
}
