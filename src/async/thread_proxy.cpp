// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/thread_proxy.hpp"

#include <cerrno>

#include "src/base/os.hpp"
#include "src/base/talloc_object.hpp"

namespace tev {

namespace {

ThreadProxy &of(ForkObserver &observer)
{
    return static_cast<ThreadProxy &>(observer);
}

void take_lock(ForkObserver &observer)
{
    pthread_mutex_lock(&of(observer).lock_);
}

void give_lock(ForkObserver &observer)
{
    pthread_mutex_unlock(&of(observer).lock_);
}

void ring(ThreadProxy &proxy)
{
    while (os::write(proxy.pipe_[1], "", 1) == -1 && errno == EINTR) {
    }
}

// A pipe of the child's own under the same numbers.
bool renew_pipe(ThreadProxy &proxy)
{
    int own[2];
    if (os::pipe(own) == -1) {
        return false;
    }
    const bool first = os::move_fd(own[0], proxy.pipe_[0]) != -1;
    const bool second = os::move_fd(own[1], proxy.pipe_[1]) != -1;
    return first && second;
}

// With a byte in the new pipe when calls were waiting.
void renew_in_child(ForkObserver &observer)
{
    ThreadProxy &proxy = of(observer);
    if (!renew_pipe(proxy)) {
        // Nothing goes through the parent's, in either direction.  It stays
        // open, or its numbers, still watched, could mean the program's files.
        proxy.going_ = true;
    } else if (!proxy.waiting_.empty()) {
        ring(proxy);
    }
    give_lock(observer);
}

void run_call(tevent_context *ev, tevent_immediate *im, void *private_data)
{
    auto *call = static_cast<ThreadCall *>(private_data);
    call->unlink();
    call->handler_(ev, im, call->private_data_);
    talloc_free(call);
}

void accept_calls(tevent_context *, tevent_fd *, uint16_t, void *private_data)
{
    auto &proxy = *static_cast<ThreadProxy *>(private_data);
    List<ThreadCall, ThreadCall> arrived;
    char byte = 0;

    pthread_mutex_lock(&proxy.lock_);
    if (proxy.going_) {
        // A forked child that could not have a pipe of its own.
        pthread_mutex_unlock(&proxy.lock_);
        talloc_free(proxy.readable_);
        proxy.readable_ = nullptr;
        return;
    }
    os::read(proxy.pipe_[0], &byte, 1); // there is one while calls wait, and no more
    arrived.append(proxy.waiting_);
    pthread_mutex_unlock(&proxy.lock_);

    Context &ev = *proxy.destination_;
    while (ThreadCall *call = arrived.front()) {
        arrived.unlink(*call);
        proxy.accepted_.push_back(*call);
        ev.ops->schedule_immediate(call->immediate_, &ev, run_call, call, "run_call", __location__);
    }
}

} // namespace

ThreadProxy *make_thread_proxy(Context &destination)
{
    if (destination.is_wrapper()) {
        const Report *report = destination.debug_report();
        if (report != nullptr) {
            report->message(TEVENT_DEBUG_FATAL, "no thread proxy for a wrapper context\n");
        }
        errno = EINVAL;
        return nullptr;
    }
    void *chunk = talloc_named_const(&destination, sizeof(ThreadProxy), ThreadProxy::kTallocName);
    if (chunk == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    auto *proxy = new (chunk) ThreadProxy;
    proxy->destination_ = &destination;
    if (os::pipe(proxy->pipe_) == -1) {
        const int error = errno;
        talloc_free(proxy);
        errno = error;
        return nullptr;
    }
    proxy->prepare = take_lock;
    proxy->in_parent = give_lock;
    proxy->in_child = renew_in_child;
    add_fork_observer(*proxy);
    hook_talloc_free(proxy);
    proxy->readable_ = destination.ops->add_fd(&destination, proxy, proxy->pipe_[0], TEVENT_FD_READ,
                                               accept_calls, proxy, "accept_calls", __location__);
    if (proxy->readable_ == nullptr) {
        talloc_free(proxy);
        errno = ENOMEM;
        return nullptr;
    }
    return proxy;
}

void schedule_through(ThreadProxy &proxy, ImmediateEvent *&im, tevent_immediate_handler_t handler,
                      void **private_data)
{
    auto *call = talloc_make<ThreadCall>(nullptr);
    if (call == nullptr) {
        return;
    }
    pthread_mutex_lock(&proxy.lock_);
    if (proxy.going_) {
        pthread_mutex_unlock(&proxy.lock_);
        talloc_free(call);
        return;
    }
    // What looks on at the DETACH may call in here again.
    pthread_mutex_unlock(&proxy.lock_);
    let_go(*im);
    call->immediate_ = talloc_move(call, &im);
    call->handler_ = handler;
    if (private_data != nullptr) {
        call->private_data_ = talloc_move(call, private_data);
    }

    pthread_mutex_lock(&proxy.lock_);
    const bool was_empty = proxy.waiting_.empty();
    proxy.waiting_.push_back(*call);
    if (was_empty) {
        ring(proxy);
    }
    pthread_mutex_unlock(&proxy.lock_);
}

int ThreadCall::on_talloc_free()
{
    if (is_linked()) {
        unlink();
    }
    return 0;
}

} // namespace tev

int tevent_thread_proxy::on_talloc_free()
{
    tev::remove_fork_observer(*this);
    pthread_mutex_lock(&lock_);
    going_ = true;
    accepted_.append(waiting_);
    pthread_mutex_unlock(&lock_);

    talloc_free(readable_);
    while (tev::ThreadCall *call = accepted_.front()) {
        talloc_free(call);
    }
    tev::os::close(pipe_[0]);
    tev::os::close(pipe_[1]);
    pthread_mutex_destroy(&lock_);
    return 0;
}
