// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/async/thread_proxy.hpp"

#include <cerrno>

#include "src/base/os.hpp"
#include "src/base/talloc_object.hpp"
#include "src/event/fd_event.hpp"

namespace tev {

namespace {

// Compat: O8, logs show these names.
constexpr const char *kPipeHandlerName = "pipe_read_handler";
constexpr const char *kCallHandlerName = "im_entry->handler";

// Requires: the lock is held.
void wake_destination(ThreadProxy &proxy)
{
    if (proxy.generation == fork_generation()) { // else open_pipe() does it
        proxy.write_end.write("", 1);
    }
}

// 0 or an errno value.
int open_pipe(ThreadProxy &proxy)
{
    const ForkLockGuard guard(proxy.lock);
    // Close the inherited ones first: the process may be at its limit.
    proxy.read_end.close();
    proxy.write_end.close();
    int ends[2];
    if (os::pipe(ends) == -1) {
        return errno;
    }
    proxy.read_end.adopt(ends[0]);
    proxy.write_end.adopt(ends[1]);
    proxy.generation = fork_generation();
    if (!proxy.waiting.empty()) {
        wake_destination(proxy);
    }
    return 0;
}

void call_handler_of(tevent_context *ev, tevent_immediate *im, void *private_data)
{
    auto *call = static_cast<ThreadCall *>(private_data);
    call->unlink();
    call->handler(ev, im, call->private_data);
    talloc_free(call); // Compat: D14, right after the handler
}

// Compat: D3, first in, first out.
void accept_calls(ThreadProxy &proxy)
{
    Context &ev = *proxy.destination;
    for (ThreadCall *call = proxy.waiting.take_all(); call != nullptr;) {
        ThreadCall *next = call->next_in_transit;
        proxy.accepted.push_back(*call);
        ev.ops->schedule_immediate(call->immediate, &ev, call_handler_of, call, kCallHandlerName,
                                   __location__);
        call = next;
    }
}

void on_readable(tevent_context *, tevent_fd *, uint16_t, void *private_data)
{
    auto &proxy = *static_cast<ThreadProxy *>(private_data);
    char byte = 0;
    proxy.read_end.read(&byte, 1);
    accept_calls(proxy);
}

// False when out of memory.
bool watch_pipe(ThreadProxy &proxy)
{
    Context &ev = *proxy.destination;
    proxy.readable = ev.ops->add_fd(&ev, &proxy, proxy.read_end.number(), TEVENT_FD_READ, on_readable, &proxy,
                                    kPipeHandlerName, __location__);
    return proxy.readable != nullptr;
}

bool renew_pipe_in_child(ForkObserver &observer)
{
    auto &proxy = static_cast<ThreadProxy &>(observer);
    if (proxy.readable != nullptr && !proxy.readable->is_attached()) {
        return true; // the context was re-initialised: this proxy is not used any more
    }
    if (proxy.generation != fork_generation()) {
        talloc_free(proxy.readable);
        proxy.readable = nullptr;
        open_pipe(proxy);
    }
    const bool has_pipe = proxy.generation == fork_generation();
    if (proxy.readable != nullptr || (has_pipe && watch_pipe(proxy))) {
        return true;
    }
    accept_calls(proxy); // nothing would report them during the wait
    return false;
}

} // namespace

ThreadProxy *make_thread_proxy(Context &destination)
{
    if (destination.is_wrapper()) {
        const Logger *logger = logger_of(destination);
        if (logger != nullptr) {
            logger->message(TEVENT_DEBUG_FATAL, "no thread proxy for a wrapper context\n");
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
    proxy->destination = &destination;
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
    proxy.lock.lock();
    const bool is_going = proxy.is_going;
    proxy.lock.unlock();
    if (is_going) {
        talloc_free(call);
        return;
    }
    // Without the lock: the DETACH trace callback may re-enter this function.
    disown(*im);
    call->immediate = talloc_move(call, &im);
    call->handler = handler;
    if (private_data != nullptr) {
        call->private_data = talloc_move(call, private_data);
    }

    const ForkLockGuard guard(proxy.lock);
    if (proxy.waiting.push(*call)) {
        wake_destination(proxy);
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
    lock.lock();
    is_going = true;
    lock.unlock();

    tev::ListNode<tev::ForkObserver>::unlink();
    talloc_free(readable);
    while (tev::ThreadCall *call = accepted.front()) {
        talloc_free(call);
    }
    for (tev::ThreadCall *call = waiting.take_all(); call != nullptr;) {
        tev::ThreadCall *next = call->next_in_transit;
        talloc_free(call);
        call = next;
    }
    read_end.close();
    write_end.close();
    return 0;
}
