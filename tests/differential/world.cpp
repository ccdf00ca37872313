// SPDX-License-Identifier: LGPL-3.0-or-later

#include "world.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

namespace diff {

World *g_world;

namespace {

uint64_t *g_steps;
void (*g_after_step)();

constexpr int kMostStepsRun = 500;
constexpr int kMostHandlerCalls = 300;
constexpr int kDeepest = 6;

struct Lifeline {
    Object *object;
};

template <typename F>
void for_each_object(F f)
{
    World &w = *g_world;
    const auto each = [&](auto &slots) {
        for (auto &slot : slots) {
            f(slot);
        }
    };
    each(w.contexts);
    each(w.fds);
    each(w.timers);
    each(w.immediates);
    each(w.signals);
    each(w.requests);
    each(w.queues);
    each(w.entries);
    each(w.threadeds);
    each(w.proxies);
    each(w.profiles);
    each(w.boxes);
}

template <typename Slot, size_t N>
void name_slots(Slot (&slots)[N], Kind kind, const char *prefix)
{
    for (size_t i = 0; i < N; i++) {
        slots[i].kind = kind;
        snprintf(slots[i].name, sizeof(slots[i].name), "%s%d", prefix, static_cast<int>(i));
    }
}

void name_all(World &w)
{
    name_slots(w.contexts, Kind::kContext, "c");
    name_slots(w.fds, Kind::kFd, "fd");
    name_slots(w.timers, Kind::kTimer, "te");
    name_slots(w.immediates, Kind::kImmediate, "im");
    name_slots(w.signals, Kind::kSignal, "se");
    name_slots(w.requests, Kind::kRequest, "req");
    name_slots(w.queues, Kind::kQueue, "q");
    name_slots(w.entries, Kind::kEntry, "e");
    name_slots(w.threadeds, Kind::kThreaded, "tc");
    name_slots(w.proxies, Kind::kProxy, "tp");
    name_slots(w.profiles, Kind::kProfile, "p");
    name_slots(w.boxes, Kind::kBox, "box");
}

void gone(Object &object)
{
    switch (object.kind) {
    case Kind::kContext:
        context_gone(static_cast<ContextSlot &>(object));
        break;
    case Kind::kFd:
        fd_gone(static_cast<FdSlot &>(object));
        break;
    case Kind::kRequest:
        request_gone(static_cast<RequestSlot &>(object));
        break;
    case Kind::kQueue:
        queue_gone(static_cast<QueueSlot &>(object));
        break;
    case Kind::kEntry:
        entry_gone(static_cast<EntrySlot &>(object));
        break;
    case Kind::kProxy:
        proxy_gone(static_cast<ProxySlot &>(object));
        break;
    default:
        break;
    }
}

int lifeline_cut(Lifeline *lifeline)
{
    Object &object = *lifeline->object;
    say("%s goes", object.name);
    gone(object);
    object.taken = false;
    object.ptr = nullptr;
    return 0;
}

bool is_below(const void *ptr, const void *ancestor)
{
    while (ptr != nullptr && ptr != ancestor) {
        ptr = talloc_parent(ptr);
    }
    return ptr != nullptr;
}

bool something_on_way(const Object &threaded)
{
    for (const ImmediateSlot &im : g_world->immediates) {
        if (im.taken && im.on_way && threaded.ctx != kNone && main_of(im) == main_of(threaded)) {
            return true;
        }
    }
    return false;
}

bool may_not_go(const Object &object)
{
    if (object.pinned != 0 || (object.kind == Kind::kContext && object.running > 1)) {
        return true;
    }
    if (object.kind == Kind::kImmediate && static_cast<const ImmediateSlot &>(object).on_way) {
        return true;
    }
    if (object.kind == Kind::kThreaded && something_on_way(object) && avoid(Known::kD11)) {
        return true;
    }
    if (object.kind == Kind::kSignal) {
        const auto &signal = static_cast<const SignalSlot &>(object);
        if (signal.ctx != kNone && (signal.sa_flags & SA_SIGINFO) && infos_wait(signal.which) &&
            avoid(Known::kS4Gone)) {
            return true;
        }
        if (is_beside_running(signal) && avoid(Known::kD5NextSignal)) {
            return true;
        }
    }
    return object.reentered && object.running > 0 && object.kind != Kind::kEntry && avoid(Known::kD5Reentry);
}

// A cleanup function must not free its request or a talloc parent of it (R18).
bool may_run_in_cleanup(uint8_t opcode)
{
    const Room *room = kRooms[opcode / kOpsPerRoom];
    return room == &kFdRoom || room == &kTimerRoom || room == &kImmediateRoom;
}

void run_step(const Step &step)
{
    World &w = *g_world;
    const Op *op = op_of(step.opcode);
    if (op == nullptr || w.steps_left == 0 || w.draining != 0 || (w.in_wait != 0 && !op->outside)) {
        return;
    }
    if (w.in_cleanup != 0 && (!may_run_in_cleanup(step.opcode) || (w.cutting != 0 && avoid(Known::kC8)))) {
        return;
    }
    w.steps_left--;
    ++*g_steps;
    op->run(step);
    if (g_after_step != nullptr && w.in_wait == 0) {
        g_after_step();
    }
}

void free_everything(World &w)
{
    w.draining = 1;
    while (!w.uses.empty()) {
        free_wrapper_uses();
    }
    for (ContextSlot &ctx : w.contexts) {
        if (ctx.is_usable() && !ctx.is_wrapper) {
            accept_all(ctx);
        }
    }
    work_off_signals();
    for (RequestSlot &req : w.requests) {
        free_object(req);
    }
    for (QueueSlot &queue : w.queues) {
        free_object(queue);
    }
    for (ContextSlot &ctx : w.contexts) {
        free_object(ctx);
    }
    flush_signals();
    stop_call_flow();
    talloc_free(w.root);
    for_each_object([](Object &object) { expect(!object.taken, "nothing is left"); });
}

} // namespace

void open_steps(uint64_t *counter)
{
    g_steps = counter;
}

void after_each_step(void (*check)())
{
    g_after_step = check;
}

void run_sequence(const Script &program)
{
    World &w = *new World;
    g_world = &w;
    name_all(w);
    w.steps_left = kMostStepsRun;
    w.forks_left = 1;
    w.threads_left = 4;
    w.root = talloc_named_const(nullptr, 0, "root");
    vos::start({act_during_wait, is_shared, must_not_wait, on_idle});
    start_contexts();
    start_signals();
    start_descriptors();
    for (const Step &step : program) {
        run_step(step);
    }
    free_everything(w);
    vos::stop();
    g_world = nullptr;
    delete &w;
}

void run_script(const Script *script)
{
    World &w = *g_world;
    if (script == nullptr || w.depth >= kDeepest || w.handler_calls > kMostHandlerCalls) {
        return;
    }
    w.depth++;
    for (const Step &step : *script) {
        run_step(step);
    }
    w.depth--;
}

Hook *new_hook(Object *object, const Script *script, int detail)
{
    g_world->hooks.push_back({object, object->serial, script, detail});
    return &g_world->hooks.back();
}

HandlerCall::HandlerCall(const Hook &hook) : hook_(hook), outer_uses_below_(g_world->uses_below)
{
    g_world->uses_below = g_world->uses.size();
    hook.object->running++;
    hook.object->reentered = hook.object->running > 1 || (hook.object->reentered && hook.object->running > 0);
    g_log.indent();
    if (++g_world->handler_calls > kMostHandlerCalls) {
        vos::set_cost_of_readiness(10'000'000); // so that everything that waits for a time ends
    }
}

HandlerCall::~HandlerCall()
{
    while (g_world->uses.size() > g_world->uses_below) {
        free_wrapper_uses();
    }
    g_world->uses_below = outer_uses_below_;
    g_log.outdent();
    if (hook_.object->serial == hook_.serial && hook_.object->running > 0) {
        hook_.object->running--;
        hook_.object->reentered = hook_.object->reentered && hook_.object->running > 0;
    }
}

void reserve(Object &object, int ctx)
{
    // Slots are reused: the rest of the previous object is freed, the name stays.
    object.ptr = nullptr;
    object.taken = true;
    object.dead = object.reentered = false;
    object.running = object.pinned = object.attached = 0;
    object.ctx = ctx;
    object.serial++;
    g_world->adding = &object;
}

bool made(Object &object, void *ptr)
{
    g_world->adding = nullptr;
    if (ptr == nullptr) {
        object.taken = false;
        object.ptr = nullptr;
        say("%s: none", object.name);
        return false;
    }
    object.ptr = ptr;
    Lifeline *lifeline = talloc(ptr, Lifeline);
    lifeline->object = &object;
    talloc_set_destructor(lifeline, lifeline_cut);
    return true;
}

bool may_be_cut_loose(const ContextSlot &ctx)
{
    bool may = !has_pinned_below(ctx.ptr);
    for_each_object([&](Object &object) {
        const bool concerned = object.ctx == slot_of_context(ctx) || main_of(object) == &ctx;
        may = may && !(object.taken && object.kind == Kind::kSignal && object.ctx != kNone && concerned &&
                       (may_not_go(object) || (object.running > 0 && avoid(Known::kD5Reinit))));
    });
    return may;
}

bool has_pinned_below(const void *ptr)
{
    bool found = false;
    for_each_object([&](Object &object) {
        found = found ||
                (object.taken && object.ptr != nullptr && is_below(object.ptr, ptr) && may_not_go(object));
    });
    return found;
}

bool free_object(Object &object)
{
    if (!object.is_usable()) {
        return false;
    }
    ContextSlot *ctx = object.kind == Kind::kContext ? static_cast<ContextSlot *>(&object) : nullptr;
    if (ctx != nullptr) {
        take_over_first(*ctx);
    }
    if (has_pinned_below(object.ptr) || (ctx != nullptr && !may_be_cut_loose(*ctx))) {
        return false;
    }
    std::vector<std::pair<Object *, uint32_t>> below;
    for_each_object([&](Object &o) {
        if (o.taken && o.ptr != nullptr && o.running != 0 && is_below(o.ptr, object.ptr)) {
            below.push_back({&o, o.serial});
        }
    });
    const uint32_t serial = object.serial;
    object.pinned++; // neither it nor a parent is freed meanwhile
    bool freed = true;
    if (ctx == nullptr) {
        say("free %s", object.name);
        const int result = talloc_free(object.ptr);
        say("free -> %d", result);
    } else {
        freed = free_context(*ctx);
    }
    if (object.serial == serial) {
        object.pinned--;
    }
    if (!freed) {
        return false;
    }
    for (const auto &[o, serial_before] : below) {
        if (o->taken && o->serial == serial_before) {
            o->dead = true; // until its handler returns
            o->ctx = kNone;
        }
    }
    return true;
}

const char *shown_location(const char *location)
{
    const bool inside = strstr(location, ".c:") != nullptr || strstr(location, ".cpp:") != nullptr;
    return inside && masked(Known::kD2) ? "library" : location;
}

void expect(bool condition, const char *what)
{
    if (!condition) {
        say("EXPECTED: %s", what);
    }
}

} // namespace diff
