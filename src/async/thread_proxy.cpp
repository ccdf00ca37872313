// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/thread_proxy.hpp"

#include <cerrno>

#include "src/base/os.hpp"
#include "src/base/talloc_object.hpp"
#include "src/event/fd_event.hpp"

namespace tev {

namespace {

// Compat: the names that logs show of what the library itself runs.
constexpr const char *kPipeHandlerName = "pipe_read_handler";
constexpr const char *kCallHandlerName = "im_entry->handler";

// With the lock.
void ring(ThreadProxy &proxy)
{
    if (proxy.generation_ == fork_generation()) { // else open_pipe() will
        proxy.write_end_.write("", 1);
    }
}

// 0 or an errno value.
int open_pipe(ThreadProxy &proxy)
{
    const ForkLockGuard guard(proxy.lock_);
    // First those that are inherited: there may be no descriptors to be had beside them.
    proxy.read_end_.close();
    proxy.write_end_.close();
    int ends[2];
    if (os::pipe(ends) == -1) {
        return errno;
    }
    proxy.read_end_.adopt(ends[0]);
    proxy.write_end_.adopt(ends[1]);
    proxy.generation_ = fork_generation();
    if (!proxy.waiting_.empty()) {
        ring(proxy);
    }
    return 0;
}

void run_call(tevent_context *ev, tevent_immediate *im, void *private_data)
{
    auto *call = static_cast<ThreadCall *>(private_data);
    call->unlink();
    call->handler_(ev, im, call->private_data_);
    talloc_free(call);
}

void accept_calls(ThreadProxy &proxy)
{
    Context &ev = *proxy.destination_;
    for (ThreadCall *call = proxy.waiting_.take_all(); call != nullptr;) {
        ThreadCall *next = call->next_in_transit_;
        proxy.accepted_.push_back(*call);
        ev.ops->schedule_immediate(call->immediate_, &ev, run_call, call, kCallHandlerName, __location__);
        call = next;
    }
}

void on_readable(tevent_context *, tevent_fd *, uint16_t, void *private_data)
{
    auto &proxy = *static_cast<ThreadProxy *>(private_data);
    char byte = 0;
    proxy.read_end_.read(&byte, 1);
    accept_calls(proxy);
}

// False when out of memory.
bool watch_pipe(ThreadProxy &proxy)
{
    Context &ev = *proxy.destination_;
    proxy.readable_ = ev.ops->add_fd(&ev, &proxy, proxy.read_end_.number(), TEVENT_FD_READ, on_readable,
                                     &proxy, kPipeHandlerName, __location__);
    return proxy.readable_ != nullptr;
}

bool renew_pipe_in_child(ForkObserver &observer)
{
    auto &proxy = static_cast<ThreadProxy &>(observer);
    if (proxy.readable_ != nullptr && !proxy.readable_->is_attached()) {
        return true; // the context was re-initialised: this proxy is out of use
    }
    if (proxy.generation_ != fork_generation()) {
        talloc_free(proxy.readable_);
        proxy.readable_ = nullptr;
        open_pipe(proxy);
    }
    const bool has_pipe = proxy.generation_ == fork_generation();
    if (proxy.readable_ != nullptr || (has_pipe && watch_pipe(proxy))) {
        return true;
    }
    accept_calls(proxy); // nothing else would tell of them during the wait
    return false;
}

} // namespace

ThreadProxy *make_thread_proxy(Context &destination)
{
    if (destination.is_wrapper()) {
        const Report *report = report_of(destination);
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
    const int error = open_pipe(*proxy);
    if (error != 0) {
        talloc_free(proxy);
        errno = error;
        return nullptr;
    }
    proxy->renew_in_child = renew_pipe_in_child;
    destination.loop->fork_observers.push_back(*proxy);
    hook_talloc_free(proxy);
    if (!watch_pipe(*proxy)) {
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
    proxy.lock_.lock();
    const bool is_going = proxy.is_going_;
    proxy.lock_.unlock();
    if (is_going) {
        talloc_free(call);
        return;
    }
    // Without the lock: the DETACH trace callback may call this function again.
    let_go(*im);
    call->immediate_ = talloc_move(call, &im);
    call->handler_ = handler;
    if (private_data != nullptr) {
        call->private_data_ = talloc_move(call, private_data);
    }

    const ForkLockGuard guard(proxy.lock_);
    if (proxy.waiting_.push(*call)) {
        ring(proxy);
    }
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
    lock_.lock();
    is_going_ = true;
    lock_.unlock();

    tev::ListNode<tev::ForkObserver>::unlink();
    talloc_free(readable_);
    while (tev::ThreadCall *call = accepted_.front()) {
        talloc_free(call);
    }
    for (tev::ThreadCall *call = waiting_.take_all(); call != nullptr;) {
        tev::ThreadCall *next = call->next_in_transit_;
        talloc_free(call);
        call = next;
    }
    read_end_.close();
    write_end_.close();
    return 0;
}
