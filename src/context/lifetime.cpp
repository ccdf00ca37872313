// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/context/lifetime.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "src/base/talloc_object.hpp"
#include "src/context/backend.hpp"
#include "src/context/threaded_context.hpp"
#include "src/context/wrapper.hpp"
#include "src/event/detach_all.hpp"
#include "src/event/immediate_event.hpp"

namespace tev {

namespace {

// Compat: O8, logs show this name.
constexpr const char *kWakeupHandlerName = "wakeup_pipe_handler";

void drain_wakeup(tevent_context *ev, tevent_fd *, uint16_t, void *)
{
    Loop &loop = *ev->loop;
    if (!loop.wakeup.drain()) {
        renew_descriptors(loop);
    }
    loop.wakeup.announce_sleep();
}

void end_loop(Loop &loop)
{
    detach_all(loop);
    notify_observers(loop.main);
    unlink_loop(loop);
}

} // namespace

int ContextEnd::on_talloc_free()
{
    end_loop(loop);
    return 0;
}

int MainContext::on_talloc_free()
{
    end_loop(own_loop);
    return 0;
}

Context *make_context(TALLOC_CTX *parent, const tevent_ops &ops, void *additional_data)
{
    auto *ev = talloc_make<MainContext>(parent);
    if (ev == nullptr) {
        return nullptr;
    }
    ev->ops = &ops;
    ev->additional_data = additional_data;
    link_loop(ev->own_loop);
    if (talloc_make<ContextEnd>(ev, ev->own_loop) == nullptr || ops.context_init(ev) != 0) {
        talloc_free(ev);
        return nullptr;
    }
    return ev;
}

void detach_all(Loop &loop)
{
    loop.epoch++;
    disconnect_threaded_contexts(loop.main);
    notify_users_of_wrappers(loop);
    detach_all_sources(loop);
    detach_wrappers(loop);
    loop.nesting.level = 0;
    loop.nesting.hook = nullptr;
    assert(loop.is_valid());
}

int re_initialise(Context &ev)
{
    if (refuse_wrapper(ev, "tevent_re_initialise()", ENOSYS)) {
        return -1;
    }
    detach_all(*ev.loop);
    return ev.ops->context_init(&ev);
}

bool refuse_wrapper(const Context &ev, const char *call, int error)
{
    if (!ev.is_wrapper()) [[likely]] {
        return false;
    }
    abort_with(logger_of(ev), "%s on a wrapper context", call);
    errno = error;
    return true;
}

uint32_t set_wait_timeout(Context &ev, uint32_t seconds)
{
    uint32_t &timeout = ev.is_wrapper() ? ev.wrapper->wait_timeout_s : ev.loop->wait_timeout_s;
    return std::exchange(timeout, std::min(seconds, kWaitForEver));
}

tevent_debug_level set_max_debug_level(Context &ev, tevent_debug_level level)
{
    return ev.is_wrapper() ? std::exchange(ev.wrapper->max_debug_level, level)
                           : ev.loop->logger.set_max_level(level);
}

int ensure_wakeup(Loop &loop)
{
    if (loop.inbox.is_inherited()) {
        return_all_in_transit(loop.inbox);
    }
    if (loop.wakeup.needs_renewal()) {
        talloc_free(loop.wakeup_event); // of the previous number
        loop.wakeup_event = nullptr;
    }
    Context &ev = loop.main;
    const int error = loop.open_wakeup();
    if (error != 0 || loop.wakeup_event != nullptr ||
        (loop.multiplexer.is_open() && !may_wait_itself(*ev.ops))) {
        return error;
    }
    // A table that waits in its own way has to watch the wake-up itself.  It counts as
    // asleep all the time, because it does not announce its waits.
    loop.multiplexer.set_wakeup_fd(-1);
    loop.wakeup_event = ev.ops->add_fd(&ev, &ev, loop.wakeup.fd(), TEVENT_FD_READ, drain_wakeup, nullptr,
                                       kWakeupHandlerName, __location__);
    if (loop.wakeup_event == nullptr) {
        return ENOMEM;
    }
    loop.wakeup.announce_sleep();
    return 0;
}

void renew_descriptors(Loop &loop)
{
    bool complete = true;
    if (loop.wakeup.needs_renewal()) {
        complete = ensure_wakeup(loop) == 0;
        if (complete && loop.wakeup_event != nullptr) {
            // Nothing else reports earlier arrivals to the table: end its next wait.
            loop.wakeup.wake_always();
        }
    }
    for (ForkObserver *o = loop.fork_observers.front(); o != nullptr; o = loop.fork_observers.next(*o)) {
        complete = o->renew_in_child(*o) && complete;
    }
    if (complete) {
        loop.generation = fork_generation();
    }
}

void notify_observers(Context &ev)
{
    while (ContextObserver *observer = ev.observers.front()) {
        ev.observers.unlink(*observer);
        observer->context_gone(*observer);
    }
}

} // namespace tev
