// SPDX-License-Identifier: LGPL-3.0-or-later

// Request queues.

#include "compat/exports.hpp"

#include "src/async/queue.hpp"

extern "C" {

tevent_queue *_tevent_queue_create(TALLOC_CTX *mem_ctx, const char *name, const char *)
{
    return tev::make_queue(mem_ctx, name);
}

bool _tevent_queue_add(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                       tevent_queue_trigger_fn_t trigger, const char *trigger_name, void *private_data)
{
    return tev::enqueue(*queue, *ev, *req, trigger, trigger_name, private_data) != nullptr;
}

bool tevent_queue_add(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                      tevent_queue_trigger_fn_t trigger, void *private_data)
{
    return _tevent_queue_add(queue, ev, req, trigger, nullptr, private_data);
}

tevent_queue_entry *_tevent_queue_add_entry(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                                            tevent_queue_trigger_fn_t trigger, const char *trigger_name,
                                            void *private_data)
{
    return tev::enqueue(*queue, *ev, *req, trigger, trigger_name, private_data);
}

tevent_queue_entry *tevent_queue_add_entry(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                                           tevent_queue_trigger_fn_t trigger, void *private_data)
{
    return tev::enqueue(*queue, *ev, *req, trigger, nullptr, private_data);
}

tevent_queue_entry *_tevent_queue_add_optimize_empty(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                                                     tevent_queue_trigger_fn_t trigger,
                                                     const char *trigger_name, void *private_data)
{
    return tev::enqueue_or_start(*queue, *ev, *req, trigger, trigger_name, private_data);
}

tevent_queue_entry *tevent_queue_add_optimize_empty(tevent_queue *queue, tevent_context *ev, tevent_req *req,
                                                    tevent_queue_trigger_fn_t trigger, void *private_data)
{
    return tev::enqueue_or_start(*queue, *ev, *req, trigger, nullptr, private_data);
}

void tevent_queue_entry_untrigger(tevent_queue_entry *entry)
{
    tev::untrigger_entry(*entry);
}

void tevent_queue_start(tevent_queue *queue)
{
    tev::start_queue(*queue);
}

void tevent_queue_stop(tevent_queue *queue)
{
    tev::stop_queue(*queue);
}

size_t tevent_queue_length(tevent_queue *queue)
{
    return queue->length;
}

bool tevent_queue_running(tevent_queue *queue)
{
    return queue->running;
}

void tevent_queue_entry_set_tag(tevent_queue_entry *qe, uint64_t tag)
{
    if (qe != nullptr) {
        qe->tag = tag;
    }
}

uint64_t tevent_queue_entry_get_tag(const tevent_queue_entry *qe)
{
    return qe != nullptr ? qe->tag : 0;
}

tevent_req *tevent_queue_wait_send(TALLOC_CTX *mem_ctx, tevent_context *ev, tevent_queue *queue)
{
    return tev::send_queue_wait(mem_ctx, *ev, *queue);
}

bool tevent_queue_wait_recv(tevent_req *req)
{
    const bool reached = req->state == TEVENT_REQ_DONE;
    tev::receive_request(*req);
    return reached;
}

} // extern "C"
