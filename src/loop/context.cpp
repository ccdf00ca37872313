// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/context.hpp"

#include <cassert>
#include <cerrno>

#include "src/base/talloc_object.hpp"
#include "src/loop/backend.hpp"
#include "src/loop/threaded_context.hpp"
#include "src/loop/wrapper.hpp"

namespace tev {

namespace {

void drain_wakeup(tevent_context *ev, tevent_fd *, uint16_t, void *)
{
    if (!ev->wakeup.drain()) {
        renew_descriptors(*ev);
    }
    ev->wakeup.announce_sleep();
}

// Everything leaves the context, and who observes it is told.
void vacate(Context &ev)
{
    cut_all_loose(ev);
    tell_observers(ev);
    unlink_set(ev);
}

} // namespace

int ContextEnd::on_talloc_free()
{
    vacate(ev);
    return 0;
}

Context *make_context(TALLOC_CTX *parent, const tevent_ops &ops, void *additional_data)
{
    auto *ev = talloc_make<Context>(parent);
    if (ev == nullptr) {
        return nullptr;
    }
    ev->ops = &ops;
    ev->additional_data = additional_data;
    link_set(*ev);
    if (talloc_make<ContextEnd>(ev, *ev) == nullptr || ops.context_init(ev) != 0) {
        talloc_free(ev);
        return nullptr;
    }
    return ev;
}

void cut_all_loose(Context &ev)
{
    ev.epoch++;
    sever_threaded_contexts(ev);
    lose_wrappers(ev);
    ev.SourceSet::cut_all_loose();
    ev.nesting.level = 0;
    ev.nesting.hook = nullptr;
    assert(ev.is_valid());
}

int re_initialise(Context &ev)
{
    if (ev.is_wrapper()) {
        abort_with(&ev, "tevent_re_initialise() on a wrapper context");
        errno = ENOSYS;
        return -1;
    }
    cut_all_loose(ev);
    return ev.ops->context_init(&ev);
}

int ensure_wakeup(Context &context)
{
    if (context.main() == nullptr) {
        return EINVAL;
    }
    Context &ev = *context.main();
    if (ev.inbox.is_inherited()) {
        ev.inbox.turn_all_away();
    }
    if (ev.wakeup.needs_renewal()) {
        talloc_free(ev.wakeup_event); // of the number before
        ev.wakeup_event = nullptr;
    }
    const int error = ev.open_wakeup();
    if (error != 0 || ev.wakeup_event != nullptr || (ev.multiplexer.is_open() && !may_wait_itself(*ev.ops))) {
        return error;
    }
    // A table that waits in its own way has to watch the wake-up itself, and
    // counts as asleep all the time: nobody announces its waits.
    ev.multiplexer.set_wakeup_fd(-1);
    ev.wakeup_event = ev.ops->add_fd(&ev, &ev, ev.wakeup.fd(), TEVENT_FD_READ, drain_wakeup, nullptr,
                                     "wakeup_pipe_handler", __location__); // Compat: the name that logs show
    if (ev.wakeup_event == nullptr) {
        return ENOMEM;
    }
    ev.wakeup.announce_sleep();
    return 0;
}

void renew_descriptors(Context &ev)
{
    bool complete = true;
    if (ev.wakeup.needs_renewal()) {
        complete = ensure_wakeup(ev) == 0;
        if (complete && ev.wakeup_event != nullptr) {
            // Nobody looks for what came before that: have the table's wait end once.
            ev.wakeup.wake_always();
        }
    }
    for (ForkObserver *o = ev.fork_observers.front(); o != nullptr; o = ev.fork_observers.next(*o)) {
        complete = o->renew_in_child(*o) && complete;
    }
    if (complete) {
        ev.generation = fork_generation();
    }
}

void tell_observers(Context &ev)
{
    while (ContextObserver *observer = ev.observers.front()) {
        ev.observers.unlink(*observer);
        observer->context_gone(*observer);
    }
}

void abort_with(Context *ev, const char *reason)
{
    fail(ev != nullptr ? ev->debug_report() : nullptr, reason);
}

} // namespace tev

int tevent_context::on_talloc_free()
{
    if (!is_wrapper()) {
        tev::vacate(*this);
        return 0;
    }
    if (tev::free_wrapper(*this) != 0) {
        return -1;
    }
    tev::tell_observers(*this);
    return 0;
}
