// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/queue.hpp"

#include <cstdlib>

#include "src/base/talloc_object.hpp"
#include "src/event/immediate_event.hpp"
#include "src/loop/loop.hpp"

namespace tev {

namespace {

// Compat: O8, logs show these names.
constexpr const char *kImmediateHandlerName = "tevent_queue_immediate_trigger";
constexpr const char *kWaitTriggerName = "tevent_queue_wait_trigger";

// Compat: D7, to the context of this entry, a wrapper's included.
void trace(QueueEntry &entry, tevent_event_trace_point point)
{
    const Loop *loop = entry.context != nullptr ? entry.context->loop : nullptr;
    if (loop != nullptr) {
        loop->trace.queue(&entry, point);
    }
}

// Not by report_call_flow(): the arguments are loaded only if there is a callback, which saves seven instructions.
void report_flow(const QueueEntry &entry, tevent_thread_call_depth_cmd command)
{
    if (call_flow_in_use()) [[unlikely]] {
        invoke_call_flow_callback(command, entry.req, entry.req->call_depth, entry.trigger_name);
    }
}

// An entry whose context is freed keeps its place until it is freed itself.
// Compat: D9, an entry is triggered once.
bool waits_for_trigger(const Queue &queue, const QueueEntry *head)
{
    return queue.running && head != nullptr && !head->triggered && head->context != nullptr;
}

void trigger_head(tevent_context *, tevent_immediate *, void *private_data)
{
    Queue &queue = *static_cast<Queue *>(private_data);
    QueueEntry *head = queue.entries.front();
    if (!waits_for_trigger(queue, head)) {
        return;
    }
    head->triggered = true;
    trace(*head, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    report_flow(*head, TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER);
    if (head->trigger != nullptr) {
        head->trigger(head->req, head->private_data);
    }
}

// Schedules the queue's immediate if the head waits for its trigger.
void schedule_head(Queue &queue)
{
    QueueEntry *head = queue.entries.front();
    if (!waits_for_trigger(queue, head)) {
        return;
    }
    head->context->ops->schedule_immediate(queue.immediate, head->context, trigger_head, &queue,
                                           kImmediateHandlerName, __location__);
}

void on_context_gone(ContextObserver &observer)
{
    auto &entry = static_cast<QueueEntry &>(observer);
    trace(entry, TEVENT_EVENT_TRACE_DETACH);
    entry.context = nullptr;
}

// Links an entry without triggering anything.
QueueEntry *append_entry(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                         const char *trigger_name, void *private_data)
{
    auto *entry = talloc_make<QueueEntry>(&req);
    if (entry == nullptr) {
        return nullptr;
    }
    entry->queue = &queue;
    entry->req = &req;
    entry->context = &ev;
    entry->trigger = trigger;
    entry->trigger_name = trigger_name;
    entry->private_data = private_data;
    entry->context_gone = on_context_gone;
    ev.observers.push_back(*entry);
    queue.entries.push_back(*entry);
    queue.length++;
    trace(*entry, TEVENT_EVENT_TRACE_ATTACH);
    report_flow(*entry, TEVENT_CALL_FLOW_REQ_QUEUE_ENTER);
    return entry;
}

void end_wait(tevent_req *req, void *)
{
    finish_request(*req, TEVENT_REQ_DONE, __location__);
}

} // namespace

Queue *make_queue(TALLOC_CTX *parent, const char *name)
{
    auto *queue = talloc_make<Queue>(parent);
    if (queue == nullptr) {
        return nullptr;
    }
    queue->name = talloc_strdup(queue, name);
    queue->immediate = make_immediate(queue);
    if (queue->name == nullptr || queue->immediate == nullptr) {
        talloc_free(queue);
        return nullptr;
    }
    return queue;
}

QueueEntry *enqueue(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                    const char *trigger_name, void *private_data)
{
    QueueEntry *entry = append_entry(queue, ev, req, trigger, trigger_name, private_data);
    if (entry != nullptr) {
        schedule_head(queue);
    }
    return entry;
}

QueueEntry *enqueue_or_start(Queue &queue, Context &ev, Request &req, tevent_queue_trigger_fn_t trigger,
                             const char *trigger_name, void *private_data)
{
    const bool at_once = queue.entries.empty() && queue.running && req.callback == nullptr;
    if (!at_once) {
        return enqueue(queue, ev, req, trigger, trigger_name, private_data);
    }
    QueueEntry *entry = append_entry(queue, ev, req, trigger, trigger_name, private_data);
    if (entry == nullptr) {
        return nullptr;
    }
    entry->triggered = true;
    trace(*entry, TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    // Compat: no QUEUE_TRIGGER in the call flow here.
    if (trigger != nullptr) {
        trigger(&req, private_data);
    }
    return entry;
}

void start_queue(Queue &queue)
{
    if (!queue.running) {
        queue.running = true;
        schedule_head(queue);
    }
}

void stop_queue(Queue &queue)
{
    queue.running = false;
}

void untrigger_entry(QueueEntry &entry)
{
    if (entry.queue->running || entry.queue->entries.front() != &entry) {
        abort(); // Compat: not the program's abort function
    }
    entry.triggered = false;
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
        finish_request(*req, TEVENT_REQ_NO_MEMORY, __location__);
        post_request(*req, ev);
    }
    return req;
}

} // namespace tev

int tevent_queue_entry::on_talloc_free()
{
    tev::trace(*this, TEVENT_EVENT_TRACE_DETACH);
    tev::report_flow(*this, TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE);
    queue->entries.unlink(*this);
    queue->length--;
    if (context != nullptr) {
        context->observers.unlink(*this);
    }
    tev::schedule_head(*queue);
    return 0;
}

int tevent_queue::on_talloc_free()
{
    running = false;
    while (tevent_queue_entry *head = entries.front()) {
        talloc_free(head);
    }
    return 0;
}
