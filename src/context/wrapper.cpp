// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/context/wrapper.hpp"

#include <cerrno>

#include "src/base/talloc_object.hpp"
#include "src/context/lifetime.hpp"
#include "src/context/threaded_context.hpp"
#include "src/event/detach_all.hpp"
#include "src/event/fd_event.hpp"
#include "src/event/immediate_event.hpp"
#include "src/event/signal_event.hpp"
#include "src/event/timer_event.hpp"

namespace tev {

namespace {

// Null, and errno EINVAL: there is no main context to add an event to.
Context *main_for_adding(Context &wrapper)
{
    if (wrapper.wrapper->freed) {
        abort_with(logger_of(wrapper), "wrapper context: use after free");
        errno = EINVAL;
        return nullptr;
    }
    if (wrapper.loop == nullptr) {
        errno = EINVAL;
        return nullptr;
    }
    return &wrapper.loop->main;
}

// Adds an event to the main context, by `add`, and makes it the wrapper's.
template <class Add>
auto add_to_main(Context &wrapper, Add add) -> decltype(add(wrapper))
{
    Context *main = main_for_adding(wrapper);
    if (main == nullptr) {
        return nullptr;
    }
    auto *event = add(*main);
    if (event != nullptr) {
        event->context = &wrapper;
    }
    return event;
}

tevent_fd *add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                  tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                  const char *location)
{
    return add_to_main(*ev, [=](Context &main) {
        return main.ops->add_fd(&main, mem_ctx, fd, flags, handler, private_data, handler_name, location);
    });
}

tevent_timer *add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval when, tevent_timer_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    return add_to_main(*ev, [=](Context &main) {
        return main.ops->add_timer(&main, mem_ctx, when, handler, private_data, handler_name, location);
    });
}

void refuse_immediate(Context &wrapper)
{
    if (main_for_adding(wrapper) == nullptr && !wrapper.wrapper->freed) {
        abort_with(logger_of(wrapper), "wrapper context: its main context is gone");
        errno = EINVAL;
    }
}

void schedule_immediate(tevent_immediate *im, tevent_context *ev, tevent_immediate_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    if (ev->wrapper->freed || ev->loop == nullptr) {
        if (cancel_immediate(*im) && handler != nullptr) {
            refuse_immediate(*ev);
        }
        return;
    }
    // Compat: the table is called for a cancellation as well, and before it.
    Context &main = ev->loop->main;
    main.ops->schedule_immediate(im, &main, handler, private_data, handler_name, location);
    if (im->context == &main) {
        im->context = ev;
    }
}

tevent_signal *add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                          tevent_signal_handler_t handler, void *private_data, const char *handler_name,
                          const char *location)
{
    return add_to_main(*ev, [=](Context &main) {
        return main.ops->add_signal(&main, mem_ctx, signum, sa_flags, handler, private_data, handler_name,
                                    location);
    });
}

int refuse_wait(tevent_context *ev, const char *)
{
    refuse_wrapper(*ev, "loop run", ENOSYS);
    return -1;
}

// The events of a wrapper are accessed by the main context's table.  Turns and re-initialisation are
// refused before they would call this one.
constinit const tevent_ops kWrapperTable = {
    .context_init = nullptr,
    .add_fd = add_fd,
    .set_fd_close_fn = nullptr,
    .get_fd_flags = nullptr,
    .set_fd_flags = nullptr,
    .add_timer = add_timer,
    .schedule_immediate = schedule_immediate,
    .add_signal = add_signal,
    .loop_once = nullptr,
    .loop_wait = refuse_wait,
};

// Compat: the main context's table is called to clear their flags.
void detach_fds(Loop &loop, const Context &wrapper)
{
    for (FdEvent *fde = loop.fds.front(); fde != nullptr;) {
        FdEvent *next = loop.fds.next(*fde);
        if (fde->context == &wrapper) {
            loop.main.ops->set_fd_flags(fde, 0);
            detach(*fde);
        }
        fde = next;
    }
}

void detach_events(Context &wrapper)
{
    disconnect_threaded_contexts(wrapper);
    if (wrapper.loop != nullptr) {
        return_immediates_for(wrapper);
        detach_fds(*wrapper.loop, wrapper);
        detach_sources_of_wrapper(*wrapper.loop, wrapper);
    }
}

} // namespace

Context *make_wrapper(Context &main, TALLOC_CTX *parent, const tevent_wrapper_ops &ops, void *pstate,
                      size_t state_size, const char *state_type)
{
    if (main.is_wrapper() || main.loop->nesting.allowed) {
        const Logger *logger = logger_of(main);
        if (logger != nullptr) {
            logger->message(TEVENT_DEBUG_FATAL,
                            "no wrapper of a wrapper, or of a context that allows nesting\n");
        }
        errno = EINVAL;
        return nullptr;
    }
    auto *wrapper = talloc_make<WrapperContext>(parent);
    if (wrapper == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    wrapper->ops = &kWrapperTable;
    WrapperScope &scope = wrapper->scope;
    scope.ops = &ops;
    scope.state = talloc_zero_size(wrapper, state_size);
    if (scope.state == nullptr) {
        talloc_free(wrapper);
        errno = ENOMEM;
        return nullptr;
    }
    talloc_set_name_const(scope.state, state_type);
    wrapper->loop = main.loop;
    main.loop->wrappers.push_back(*wrapper);
    *static_cast<void **>(pstate) = scope.state;
    return wrapper;
}

int WrapperContext::on_talloc_free()
{
    if (scope.is_busy() && scope.freed) {
        check_double_free(this, "wrapper context: double free while it is in use");
        return -1;
    }
    detach_events(*this);
    if (scope.is_busy()) {
        scope.freed = true;
        return -1;
    }
    notify_observers(*this);
    if (loop != nullptr) {
        loop->wrappers.unlink(*this);
    }
    return 0;
}

void notify_users_of_wrappers(const Loop &loop)
{
    for (WrapperContext *w = loop.wrappers.front(); w != nullptr; w = loop.wrappers.next(*w)) {
        disconnect_threaded_contexts(*w);
        notify_observers(*w);
    }
}

void detach_wrappers(Loop &loop)
{
    while (WrapperContext *wrapper = loop.wrappers.front()) {
        loop.wrappers.unlink(*wrapper);
        wrapper->loop = nullptr;
    }
}

bool push_context_use(Context &ev, const char *location)
{
    WrapperScope *scope = ev.wrapper;
    if (scope == nullptr) {
        return push_use(ev, location);
    }
    if (ev.loop == nullptr || !push_use(ev, location)) {
        return false;
    }
    if (!scope->ops->before_use(&ev, scope->state, &ev.loop->main, location)) {
        pop_use(ev, location);
        scope->release();
        return false;
    }
    return true;
}

void pop_context_use(Context &ev, const char *location)
{
    if (!pop_use(ev, location) || !ev.is_wrapper()) {
        return;
    }
    WrapperScope &scope = *ev.wrapper;
    const bool freed = scope.freed;
    scope.handlers_running += freed; // released here and not in the hook
    if (ev.loop != nullptr) {
        scope.ops->after_use(&ev, scope.state, &ev.loop->main, location);
    }
    if (freed) {
        scope.handlers_running--;
        scope.release();
    }
}

} // namespace tev
