// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/threaded_context.hpp"

#include <cerrno>
#include <cstdlib>

#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

using State = ImmediateEvent::State;

bool is_inherited(const ThreadedContext &tctx)
{
    return tctx.generation_ != fork_generation();
}

void sever(ThreadedContext &tctx)
{
    tctx.lock_.lock();
    tctx.context_ = nullptr;
    tctx.lock_.unlock();
    if (tctx.is_linked()) {
        tctx.unlink();
    }
}

template <class Accepts>
void take_inbox(Context &main, Accepts accepts)
{
    if (main.inbox.is_inherited()) {
        main.inbox.turn_all_away();
        return;
    }
    for (ImmediateEvent *im = main.inbox.take_all(); im != nullptr;) {
        ImmediateEvent *next = im->next_in_transit_;
        Context *destination = im->destination_;
        im->state_ = State::kIdle;
        if (accepts(*destination)) {
            say_taken_over(main, *im);
            const ImmediateCallback &c = im->callback_;
            destination->ops->schedule_immediate(im, destination, c.function, c.private_data, c.name,
                                                 c.location);
        }
        im = next;
    }
}

} // namespace

ThreadedContext *make_threaded_context(TALLOC_CTX *parent, Context &ev)
{
    const int error = ensure_wakeup(ev);
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    auto *tctx = talloc_make<ThreadedContext>(parent);
    if (tctx == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    tctx->context_ = &ev;
    ev.threaded_contexts.push_front(*tctx);
    return tctx;
}

void schedule_from_other_thread(ThreadedContext &tctx, ImmediateEvent &im, const ImmediateCallback &callback)
{
    if (is_inherited(tctx)) {
        return;
    }
    const ForkLockGuard guard(tctx.lock_);
    if (tctx.context_ == nullptr) {
        return;
    }
    if (im.state_ != State::kIdle || im.handlers_running_ != 0 || callback.function == nullptr) {
        abort();
    }
    Context &main = *tctx.context_->main();
    im.callback_ = callback;
    im.destination_ = tctx.context_;
    im.transit_generation_ = tctx.generation_;
    im.state_ = State::kInTransit;
    main.inbox.push(im);
    main.wakeup.wake();
}

void accept_all_threaded_immediates(Context &main)
{
    take_inbox(main, [](const Context &) { return true; });
}

void turn_away_immediates_for(Context &main, const Context &wrapper)
{
    take_inbox(main, [&](const Context &destination) { return &destination != &wrapper; });
}

void sever_threaded_contexts(Context &ev)
{
    while (ThreadedContext *tctx = ev.threaded_contexts.front()) {
        sever(*tctx);
    }
}

} // namespace tev

int tevent_threaded_context::on_talloc_free()
{
    tev::sever(*this);
    return 0;
}
