// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/context/threaded_context.hpp"

#include <cerrno>
#include <cstdlib>

#include "src/base/talloc_object.hpp"
#include "src/context/lifetime.hpp"
#include "src/event/immediate_event.hpp"

namespace tev {

namespace {

using State = ImmediateEvent::State;

bool is_inherited(const ThreadedContext &tctx)
{
    return tctx.generation != fork_generation();
}

void disconnect(ThreadedContext &tctx)
{
    tctx.lock.lock();
    tctx.context = nullptr;
    tctx.lock.unlock();
    if (tctx.is_linked()) {
        tctx.unlink();
    }
}

template <class Accepts>
void take_inbox(Loop &loop, Accepts accepts)
{
    if (loop.inbox.is_inherited()) {
        return_all_in_transit(loop.inbox);
        return;
    }
    for (ImmediateEvent *im = loop.inbox.take_all(); im != nullptr;) {
        ImmediateEvent *next = im->next_in_transit;
        Context *destination = im->destination;
        im->state = State::kIdle;
        if (accepts(*destination)) {
            trace_taken_over(loop, *im);
            const ImmediateCallback &c = im->callback;
            destination->ops->schedule_immediate(im, destination, c.function, c.private_data, c.name,
                                                 c.location);
        }
        im = next;
    }
}

} // namespace

ThreadedContext *make_threaded_context(TALLOC_CTX *parent, Context &ev)
{
    const int error = ev.loop != nullptr ? ensure_wakeup(*ev.loop) : EINVAL;
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    auto *tctx = talloc_make<ThreadedContext>(parent);
    if (tctx == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    tctx->context = &ev;
    ev.threaded_contexts.push_front(*tctx);
    return tctx;
}

void schedule_from_other_thread(ThreadedContext &tctx, ImmediateEvent &im, const ImmediateCallback &callback)
{
    if (is_inherited(tctx)) {
        return;
    }
    const ForkLockGuard guard(tctx.lock);
    if (tctx.context == nullptr) {
        return;
    }
    if (im.state != State::kIdle || im.handlers_running != 0 || callback.function == nullptr) {
        abort(); // Compat: not the program's abort function
    }
    Loop &loop = *tctx.context->loop;
    im.callback = callback; // Compat: D8, the tag stays
    im.destination = tctx.context;
    im.transit_generation = tctx.generation;
    im.state = State::kInTransit;
    loop.inbox.push(im);
    loop.wakeup.wake();
}

void accept_all_threaded_immediates(Loop &loop)
{
    take_inbox(loop, [](const Context &) { return true; });
}

void return_immediates_for(const Context &wrapper)
{
    take_inbox(*wrapper.loop, [&](const Context &destination) { return &destination != &wrapper; });
}

void disconnect_threaded_contexts(Context &ev)
{
    while (ThreadedContext *tctx = ev.threaded_contexts.front()) {
        disconnect(*tctx);
    }
}

} // namespace tev

int tevent_threaded_context::on_talloc_free()
{
    tev::disconnect(*this);
    return 0;
}
