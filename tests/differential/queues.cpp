// SPDX-License-Identifier: LGPL-3.0-or-later

// Queues and their entries.

#include <cstring>

#include "requests.hpp"
#include "world.hpp"

namespace diff {

namespace {

enum How { kAdd, kAddEntry, kOptimizeEmpty };

QueueSlot *queue_of(const Step &s)
{
    return usable(g_world->queues, s[0]);
}
EntrySlot *entry_of(const Step &s)
{
    return usable(g_world->entries, s[0]);
}

// The entry is a talloc child of the request (Q2); the one that has no slot yet.
struct Search {
    void *found = nullptr;
    int count = 0;
};

void look_at_child(const void *ptr, int depth, int, int is_ref, void *private_data)
{
    Search &search = *static_cast<Search *>(private_data);
    const char *name = talloc_get_name(ptr);
    if (depth != 1 || is_ref || strcmp(name, "struct tevent_queue_entry") != 0) {
        return;
    }
    const EntrySlot *known = find(g_world->entries, ptr);
    const bool has_lifeline = known != nullptr && known->is_bound;
    if (!has_lifeline) {
        search.found = const_cast<void *>(ptr);
        search.count++;
    }
}

// Gives the entry, which is in its queue by now, its pointer and lifeline.
void bind(EntrySlot &entry)
{
    if (entry.is_bound || !entry.taken) {
        return;
    }
    Search search;
    talloc_report_depth_cb(g_world->requests[entry.request].ptr, 0, 1, look_at_child, &search);
    expect(search.count == 1, "one new entry below the request");
    if (search.found != nullptr) {
        entry.is_bound = true;
        made(entry, search.found);
    }
}

void on_trigger(tevent_req *ptr, void *private_data)
{
    const Hook &hook = *static_cast<Hook *>(private_data);
    EntrySlot &entry = *static_cast<EntrySlot *>(hook.object);
    say("%s triggered: %d %d", entry.name, g_world->requests[entry.request].ptr == ptr, entry.triggered);
    bind(entry);
    QueueSlot &queue = g_world->queues[entry.queue];
    if (hook.detail == 0) {
        queue.trigger_pending = false;
    }
    entry.triggered = true;
    HandlerCall call(hook);
    const uint32_t serial = queue.serial;
    queue.running++; // the calling immediate is freed with it
    run_script(hook.script);
    if (queue.serial == serial && --queue.running == 0) {
        queue.reentered = false;
    }
}

bool head_waits(const QueueSlot &queue)
{
    return !queue.entries.empty() && !g_world->entries[queue.entries.front()].triggered;
}

void queue_create(const Step &s)
{
    QueueSlot *queue = vacant(g_world->queues, s[0]);
    if (queue == nullptr) {
        return;
    }
    const char *parent_name;
    void *mem_ctx = parent(s[1], &parent_name);
    mem_ctx = mem_ctx != nullptr ? mem_ctx : g_world->root;
    reserve(*queue, kNone);
    queue->entries.clear();
    queue->home = kNone;
    queue->stopped = queue->trigger_pending = queue->mixed = false;
    say("%s = queue parent=%s", queue->name, parent_name);
    tevent_queue *ptr = CALL(_tevent_queue_create)(mem_ctx, "queue", "queue_create");
    if (made(*queue, ptr)) {
        say("%s %d", talloc_get_name(ptr), talloc_parent(ptr) == mem_ctx);
    }
}

void note_context(QueueSlot &queue, const ContextSlot &ctx)
{
    for (const int other : queue.entries) {
        queue.mixed = queue.mixed || g_world->entries[other].ctx != slot_of_context(ctx);
    }
    queue.mixed = queue.mixed || ctx.is_wrapper;
}

tevent_queue_entry *call_add(How how, bool named, QueueSlot &queue, ContextSlot &ctx, RequestSlot &req,
                             tevent_queue_trigger_fn_t trigger, Hook *hook, bool *has_entry)
{
    tevent_queue *q = pointer(queue);
    tevent_context *ev = pointer(ctx);
    tevent_req *r = pointer(req);
    *has_entry = how != kAdd;
    named = named && g_api.is_ours;
    if (named) {
        masked(Known::kR14);
    }
    switch (how) {
    case kAdd:
        say("added %d", named ? CALL(_tevent_queue_add)(q, ev, r, trigger, "on_trigger", hook)
                              : CALL(tevent_queue_add)(q, ev, r, trigger, hook));
        return nullptr;
    case kAddEntry:
        return named ? CALL(_tevent_queue_add_entry)(q, ev, r, trigger, "on_trigger", hook)
                     : CALL(tevent_queue_add_entry)(q, ev, r, trigger, hook);
    case kOptimizeEmpty:
        return named ? CALL(_tevent_queue_add_optimize_empty)(q, ev, r, trigger, "on_trigger", hook)
                     : CALL(tevent_queue_add_optimize_empty)(q, ev, r, trigger, hook);
    }
    return nullptr;
}

void queue_add(const Step &s)
{
    World &w = *g_world;
    QueueSlot *queue = queue_of(s);
    EntrySlot *entry = vacant(w.entries, s[1]);
    ContextSlot *ctx = context_for_events(s[2]);
    RequestSlot *req = usable(w.requests, s[3]);
    if (queue == nullptr || entry == nullptr || ctx == nullptr || req == nullptr || req->made_by_library ||
        w.in_cleanup != 0 || (req->state == nullptr && avoid(Known::kR7)) ||
        changes_home(&queue->home, *ctx)) {
        return;
    }
    How how = static_cast<How>(s[4] % 3);
    const bool direct = queue->entries.empty() && !queue->stopped && how == kOptimizeEmpty;
    if (direct && queue->trigger_pending && avoid(Known::kD9)) {
        how = kAddEntry;
    }
    const tevent_queue_trigger_fn_t trigger = s[5] % 8 == 7 ? nullptr : on_trigger;
    note_context(*queue, *ctx);
    reserve(*entry, slot_of_context(*ctx));
    entry->queue = index_of(w.queues, queue);
    entry->request = index_of(w.requests, req);
    entry->triggered = entry->is_bound = false;
    queue->entries.push_back(index_of(w.entries, entry));
    // Triggered directly: not from the queue's immediate.
    Hook *hook = new_hook(entry, &s.script, 0);
    say("%s = queue_add %s %s %s how=%d trigger=%d", entry->name, queue->name, ctx->name, req->name, how,
        trigger != nullptr);
    const uint32_t serial = entry->serial;
    bool has_entry;
    queue->pinned += direct;
    const tevent_queue_entry *added =
        call_add(how, s[5] % 2 == 0, *queue, *ctx, *req, trigger, hook, &has_entry);
    queue->pinned -= direct;
    w.adding = nullptr;
    if (has_entry) {
        say("entry %d", added != nullptr);
    }
    if (!entry->taken || entry->serial != serial) {
        return; // it was freed in its trigger
    }
    bind(*entry);
    queue->trigger_pending = queue->trigger_pending || (!queue->stopped && head_waits(*queue));
}

void queue_stop(const Step &s)
{
    if (QueueSlot *queue = queue_of(s)) {
        say("stop %s", queue->name);
        CALL(tevent_queue_stop)(pointer(*queue));
        queue->stopped = true;
    }
}

void queue_start(const Step &s)
{
    if (QueueSlot *queue = queue_of(s)) {
        say("start %s", queue->name);
        CALL(tevent_queue_start)(pointer(*queue));
        queue->stopped = false;
        queue->trigger_pending = queue->trigger_pending || head_waits(*queue);
    }
}

void queue_ask(const Step &s)
{
    if (QueueSlot *queue = queue_of(s)) {
        const size_t length = CALL(tevent_queue_length)(pointer(*queue));
        say("ask %s: length=%zu running=%d", queue->name, length,
            CALL(tevent_queue_running)(pointer(*queue)));
        expect(length == queue->entries.size(), "the length of the queue");
    }
}

void queue_free(const Step &s)
{
    if (QueueSlot *queue = queue_of(s)) {
        free_object(*queue);
    }
}

void entry_free(const Step &s)
{
    EntrySlot *entry = entry_of(s);
    if (entry != nullptr && entry->is_bound && g_world->requests[entry->request].queue_wait == kNone) {
        free_object(*entry);
    }
}

void entry_untrigger(const Step &s)
{
    QueueSlot *queue = queue_of(s);
    if (queue == nullptr || !queue->stopped || queue->entries.empty()) {
        return;
    }
    EntrySlot &head = g_world->entries[queue->entries.front()];
    if (head.is_usable() && head.is_bound) {
        say("untrigger %s", head.name);
        CALL(tevent_queue_entry_untrigger)(pointer(head));
        head.triggered = false;
    }
}

void entry_tag(const Step &s)
{
    EntrySlot *entry = entry_of(s);
    if (entry != nullptr && entry->is_bound) {
        CALL(tevent_queue_entry_set_tag)(pointer(*entry), s[1]);
        CALL(tevent_queue_entry_set_tag)(nullptr, s[1]);
        say("tag %s %llu %llu", entry->name,
            static_cast<unsigned long long>(CALL(tevent_queue_entry_get_tag)(pointer(*entry))),
            static_cast<unsigned long long>(CALL(tevent_queue_entry_get_tag)(nullptr)));
    }
}

void entry_trace(const Step &s)
{
    EntrySlot *entry = entry_of(s);
    ContextSlot *ctx = main_context(s[1]);
    if (entry != nullptr && entry->is_bound && ctx != nullptr && !ctx->traced_always) {
        CALL(tevent_trace_queue_callback)(pointer(*ctx), pointer(*entry), TEVENT_EVENT_TRACE_BEFORE_HANDLER);
    }
}

void wait_send(const Step &s)
{
    World &w = *g_world;
    QueueSlot *queue = queue_of(s);
    RequestSlot *req = vacant(w.requests, s[1]);
    EntrySlot *entry = vacant(w.entries, s[1]);
    ContextSlot *ctx = context_for_events(s[2]);
    if (queue == nullptr || req == nullptr || entry == nullptr || ctx == nullptr ||
        changes_home(&queue->home, *ctx)) {
        return;
    }
    const char *parent_name;
    void *mem_ctx = parent(s[3], &parent_name);
    mem_ctx = mem_ctx != nullptr ? mem_ctx : w.root;
    note_context(*queue, *ctx);
    prepare_request(*req, nullptr);
    req->queue_wait = index_of(w.queues, queue);
    reserve(*entry, slot_of_context(*ctx));
    entry->queue = index_of(w.queues, queue);
    entry->request = index_of(w.requests, req);
    entry->triggered = entry->is_bound = false;
    queue->entries.push_back(index_of(w.entries, entry));
    say("%s = queue_wait %s %s %s", req->name, entry->name, queue->name, ctx->name);
    tevent_req *ptr = CALL(tevent_queue_wait_send)(mem_ctx, pointer(*ctx), pointer(*queue));
    w.creating = nullptr;
    if (made(*req, ptr)) {
        say("%s %s", talloc_get_name(ptr), talloc_get_name(CALL(_tevent_req_data)(ptr)));
        bind(*entry);
        queue->trigger_pending = queue->trigger_pending || (!queue->stopped && head_waits(*queue));
    }
}

void wait_recv(const Step &s)
{
    RequestSlot *req = usable(g_world->requests, s[0]);
    if (req != nullptr && req->queue_wait != kNone && req->pinned == 0) {
        say("queue_wait_recv %s", req->name);
        say("queue_wait_recv -> %d", CALL(tevent_queue_wait_recv)(pointer(*req)));
    }
}

const Op kOps[] = {
    {"queue_create", "slot parent", false, 6, queue_create},
    {"queue_add", "queue entry context request how trigger", true, 16, queue_add},
    {"queue_stop", "slot", false, 3, queue_stop},
    {"queue_start", "slot", false, 4, queue_start},
    {"queue_ask", "slot", false, 4, queue_ask},
    {"queue_free", "slot", false, 2, queue_free},
    {"entry_free", "slot", false, 4, entry_free},
    {"entry_untrigger", "queue", false, 3, entry_untrigger},
    {"entry_tag", "slot tag", false, 1, entry_tag},
    {"entry_trace", "slot context", false, 1, entry_trace},
    {"wait_send", "queue slot context parent", false, 5, wait_send},
    {"wait_recv", "slot", false, 3, wait_recv},
};

} // namespace

const Room kQueueRoom = {kOps, std::size(kOps)};

void queue_gone(QueueSlot &queue)
{
    queue.entries.clear();
}

void entry_gone(EntrySlot &entry)
{
    entry.is_bound = false;
    entry.ctx = kNone;
    QueueSlot &queue = g_world->queues[entry.queue];
    std::erase(queue.entries, index_of(g_world->entries, &entry));
    queue.trigger_pending = queue.trigger_pending || (!queue.stopped && head_waits(queue));
}

} // namespace diff
