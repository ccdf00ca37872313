// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/threaded_context.hpp"

#include <cerrno>
#include <cstdlib>

#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

using State = ImmediateEvent::State;

ThreadedContext &of(ForkObserver &observer)
{
    return static_cast<ThreadedContext &>(observer);
}

void take_lock(ForkObserver &observer)
{
    pthread_mutex_lock(&of(observer).lock_);
}

void give_lock(ForkObserver &observer)
{
    pthread_mutex_unlock(&of(observer).lock_);
}

// As if the context had been freed: the threads that use this door are not
// in the child.
void sever_in_child(ForkObserver &observer)
{
    ThreadedContext &tctx = of(observer);
    if (tctx.context_ != nullptr) {
        tctx.context_->main()->inbox.turn_all_away();
        tctx.context_ = nullptr;
    }
    give_lock(observer);
}

void sever(ThreadedContext &tctx)
{
    pthread_mutex_lock(&tctx.lock_);
    tctx.context_ = nullptr;
    pthread_mutex_unlock(&tctx.lock_);
    if (tctx.ListNode<OfContext>::is_linked()) {
        tctx.ListNode<OfContext>::unlink();
    }
}

template <class Accepts>
void take_inbox(Context &main, Accepts accepts)
{
    for (ImmediateEvent *im = main.inbox.take_all(); im != nullptr;) {
        ImmediateEvent *next = im->next_in_transit_;
        Context *destination = im->destination_;
        im->state_ = State::kIdle;
        if (accepts(*destination)) {
            destination->ops->schedule_immediate(im, destination, im->handler_, im->private_data_,
                                                 im->handler_name_, im->location_);
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
    tctx->prepare = take_lock;
    tctx->in_parent = give_lock;
    tctx->in_child = sever_in_child;
    add_fork_observer(*tctx);
    return tctx;
}

void schedule_from_other_thread(ThreadedContext &tctx, ImmediateEvent &im, tevent_immediate_handler_t handler,
                                void *private_data, const char *handler_name, const char *location)
{
    pthread_mutex_lock(&tctx.lock_);
    if (tctx.context_ != nullptr) {
        if (im.state_ != State::kIdle || im.handlers_running_ != 0 || handler == nullptr) {
            abort();
        }
        Context &main = *tctx.context_->main();
        im.handler_ = handler;
        im.private_data_ = private_data;
        im.handler_name_ = handler_name;
        im.location_ = location;
        im.destination_ = tctx.context_;
        im.state_ = State::kInTransit;
        main.inbox.push(im);
        main.wakeup.wake();
    }
    pthread_mutex_unlock(&tctx.lock_);
}

void accept_threaded_immediates(Context &main)
{
    if (!main.inbox.empty()) {
        take_inbox(main, [](const Context &) { return true; });
    }
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
    tev::remove_fork_observer(*this);
    tev::sever(*this);
    pthread_mutex_destroy(&lock_);
    return 0;
}
