// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/wrapper.hpp"

#include <cerrno>

#include "src/base/talloc_object.hpp"
#include "src/loop/threaded_context.hpp"

namespace tev {

namespace {

// The main context to add an event to; null, and errno EINVAL, when there is none.
Context *main_for_adding(Context &wrapper)
{
    if (wrapper.scope.freed) {
        abort_with(&wrapper, "wrapper context: use after free");
        errno = EINVAL;
        return nullptr;
    }
    if (wrapper.scope.main == nullptr) {
        errno = EINVAL;
    }
    return wrapper.scope.main;
}

tevent_fd *add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                  tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                  const char *location)
{
    Context *main = main_for_adding(*ev);
    if (main == nullptr) {
        return nullptr;
    }
    FdEvent *fde = main->ops->add_fd(main, mem_ctx, fd, flags, handler, private_data, handler_name, location);
    if (fde != nullptr) {
        fde->scope_ = &ev->scope;
    }
    return fde;
}

// The events of a wrapper are the main context's and are reached by that one's
// table.  What gets here was put on the wrapper itself by an exported helper,
// past its table: no loop looks after it.
void set_fd_close_fn(tevent_fd *fde, tevent_fd_close_fn_t close_fn)
{
    fde->close_fn_ = close_fn;
}

uint16_t get_fd_flags(tevent_fd *fde)
{
    return fde->flags_;
}

void set_fd_flags(tevent_fd *fde, uint16_t flags)
{
    store_flags(*fde, flags);
}

tevent_timer *add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval when, tevent_timer_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    Context *main = main_for_adding(*ev);
    if (main == nullptr) {
        return nullptr;
    }
    TimerEvent *te = main->ops->add_timer(main, mem_ctx, when, handler, private_data, handler_name, location);
    if (te != nullptr) {
        te->scope_ = &ev->scope;
    }
    return te;
}

void refuse_immediate(Context &wrapper)
{
    if (main_for_adding(wrapper) == nullptr && !wrapper.scope.freed) {
        abort_with(&wrapper, "wrapper context: its main context is gone");
        errno = EINVAL;
    }
}

void schedule_immediate(tevent_immediate *im, tevent_context *ev, tevent_immediate_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    if (ev->scope.freed || ev->scope.main == nullptr) {
        if (cancel(*im) && handler != nullptr) {
            refuse_immediate(*ev);
        }
        return;
    }
    // Compat: the table is called for a cancellation as well, and before it.
    Context *main = ev->scope.main;
    main->ops->schedule_immediate(im, main, handler, private_data, handler_name, location);
    if (im->is_attached() && &im->set() == main) {
        im->scope_ = &ev->scope;
    }
}

tevent_signal *add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                          tevent_signal_handler_t handler, void *private_data, const char *handler_name,
                          const char *location)
{
    Context *main = main_for_adding(*ev);
    if (main == nullptr) {
        return nullptr;
    }
    SignalEvent *se =
        main->ops->add_signal(main, mem_ctx, signum, sa_flags, handler, private_data, handler_name, location);
    if (se != nullptr) {
        se->scope_ = &ev->scope;
    }
    return se;
}

int refuse_wait(tevent_context *ev, const char *)
{
    abort_with(ev, "loop run on a wrapper context");
    errno = ENOSYS;
    return -1;
}

// What is missing is never reached: turns and re-initialising are refused before
// they get here.
constinit const tevent_ops kWrapperTable = {
    .context_init = nullptr,
    .add_fd = add_fd,
    .set_fd_close_fn = set_fd_close_fn,
    .get_fd_flags = get_fd_flags,
    .set_fd_flags = set_fd_flags,
    .add_timer = add_timer,
    .schedule_immediate = schedule_immediate,
    .add_signal = add_signal,
    .loop_once = nullptr,
    .loop_wait = refuse_wait,
};

// Compat: the main context's table sees that they lose their flags.
void cut_fds_loose(Context &main, const WrapperScope &wrapper)
{
    for (FdEvent *fde = main.fds.front(); fde != nullptr;) {
        FdEvent *next = main.fds.next(*fde);
        if (fde->wrapper() == &wrapper) {
            main.ops->set_fd_flags(fde, 0);
            cut_loose(*fde);
        }
        fde = next;
    }
}

void cut_events_loose(Context &wrapper)
{
    sever_threaded_contexts(wrapper);
    if (wrapper.scope.main != nullptr) {
        Context &main = *wrapper.scope.main;
        turn_away_immediates_for(main, wrapper);
        cut_fds_loose(main, wrapper.scope);
        main.cut_loose_those_of(wrapper.scope);
    }
}

} // namespace

Context *make_wrapper(Context &main, TALLOC_CTX *parent, const tevent_wrapper_ops &ops, void *pstate,
                      size_t state_size, const char *state_type)
{
    if (main.is_wrapper() || main.nesting.allowed) {
        const Report *report = main.debug_report();
        if (report != nullptr) {
            report->message(TEVENT_DEBUG_FATAL,
                            "no wrapper of a wrapper, or of a context that allows nesting\n");
        }
        errno = EINVAL;
        return nullptr;
    }
    auto *wrapper = talloc_make<Context>(parent);
    if (wrapper == nullptr) {
        errno = ENOMEM;
        return nullptr;
    }
    wrapper->scope.set = &main;
    wrapper->scope.of_wrapper = &wrapper->scope;
    wrapper->scope.wrapper = wrapper;
    wrapper->scope.ops = &ops;
    wrapper->ops = &kWrapperTable;
    wrapper->wait_timeout_s = 0; // it waits for nothing
    wrapper->scope.state = talloc_zero_size(wrapper, state_size);
    if (wrapper->scope.state == nullptr) {
        talloc_free(wrapper);
        errno = ENOMEM;
        return nullptr;
    }
    talloc_set_name_const(wrapper->scope.state, state_type);
    wrapper->scope.main = &main;
    wrapper->scope.report = &main.report;
    main.wrappers.push_back(*wrapper);
    *static_cast<void **>(pstate) = wrapper->scope.state;
    return wrapper;
}

int free_wrapper(Context &wrapper)
{
    WrapperScope &scope = wrapper.scope;
    if (scope.is_busy() && scope.freed) {
        check_double_free(&wrapper, "wrapper context: double free while it is in use");
        return -1;
    }
    cut_events_loose(wrapper);
    if (scope.is_busy()) {
        scope.freed = true;
        return -1;
    }
    // What an exported helper may have put there past the table.
    wrapper.SourceSet::cut_all_loose();
    tell_observers(wrapper);
    if (scope.main != nullptr) {
        scope.main->wrappers.unlink(wrapper);
    }
    return 0;
}

void lose_wrappers(Context &main)
{
    while (Context *wrapper = main.wrappers.front()) {
        sever_threaded_contexts(*wrapper);
        tell_observers(*wrapper);
        main.wrappers.unlink(*wrapper);
        wrapper->scope.main = nullptr;
        wrapper->scope.report = nullptr;
    }
}

bool push_context_use(Context &ev, const char *location)
{
    if (!ev.is_wrapper()) {
        return push_use(&ev, nullptr, &ev.report, location);
    }
    WrapperScope &scope = ev.scope;
    if (scope.main == nullptr || !push_use(&ev, &scope, scope.report, location)) {
        return false;
    }
    if (!scope.ops->before_use(&ev, scope.state, scope.main, location)) {
        pop_use(&ev, &scope, scope.report, location);
        scope.release();
        return false;
    }
    return true;
}

void pop_context_use(Context &ev, const char *location)
{
    // A main context's has no hooks and, Compat: test_pop_use__empty_stack__aborts, no report.
    WrapperScope &scope = ev.scope;
    if (!pop_use(&ev, &scope, scope.report, location)) {
        return;
    }
    const bool goes = scope.freed;
    scope.handlers_running += goes; // it goes here and not in the hook
    if (scope.main != nullptr) {
        scope.ops->after_use(&ev, scope.state, scope.main, location);
    }
    if (goes) {
        scope.handlers_running--;
        scope.release();
    }
}

} // namespace tev
