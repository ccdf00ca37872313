// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/backend.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <pthread.h>

#include "src/base/fork.hpp"
#include "src/loop/run.hpp"
#include "src/loop/turn.hpp"

namespace tev {

namespace {

// ---- the built-in tables

int init_with(Context *ev, FdMonitor::Policy policy)
{
    talloc_free(ev->additional_data);
    ev->additional_data = nullptr;
    return ev->monitor.open(policy) ? 0 : -1;
}

int init_standard(tevent_context *ev)
{
    return init_with(ev, FdMonitor::Policy::kEpollElsePoll);
}

int init_epoll(tevent_context *ev)
{
    return init_with(ev, FdMonitor::Policy::kEpoll);
}

int init_poll(tevent_context *ev)
{
    return init_with(ev, FdMonitor::Policy::kPoll);
}

int init_poll_mt(tevent_context *ev)
{
    init_with(ev, FdMonitor::Policy::kPoll);
    ev->wake_on_change = true;
    return ensure_wakeup(*ev) == 0 ? 0 : -1;
}

tevent_fd *add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                  tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                  const char *location)
{
    return add_fd_event(*ev, mem_ctx, fd, flags, handler, private_data, handler_name, location);
}

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
    set_flags(*fde, flags);
}

tevent_timer *add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval when, tevent_timer_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    return add_timer_event(*ev, mem_ctx, when, handler, private_data, handler_name, location);
}

void schedule_immediate(tevent_immediate *im, tevent_context *ev, tevent_immediate_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    schedule(*im, *ev, handler, private_data, handler_name, location);
}

tevent_signal *table_add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                                tevent_signal_handler_t handler, void *private_data, const char *handler_name,
                                const char *location)
{
    return add_signal(*ev, mem_ctx, signum, sa_flags, handler, private_data, handler_name, location);
}

int loop_once(tevent_context *ev, const char *)
{
    return run_turn(*ev);
}

int loop_wait(tevent_context *ev, const char *location)
{
    return run_until_empty(*ev, location);
}

constexpr tevent_ops table_with(int (*context_init)(tevent_context *))
{
    return {context_init,       add_fd,           set_fd_close_fn, get_fd_flags, set_fd_flags, add_timer,
            schedule_immediate, table_add_signal, loop_once,       loop_wait};
}

constinit const tevent_ops kStandardTable = table_with(init_standard);
constinit const tevent_ops kEpollTable = table_with(init_epoll);
constinit const tevent_ops kPollTable = table_with(init_poll);
constinit const tevent_ops kPollMtTable = table_with(init_poll_mt);

// ---- the registry

constexpr const char *kStandardName = "standard";

struct Backend {
    const char *name;
    const tevent_ops *ops;
    Backend *older = nullptr;
};

struct Registry : ForkObserver {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    Backend *newest = nullptr;
    uint32_t count = 0;
    char *default_name = nullptr; // null: kStandardName
    Backend built_ins[4] = {{"poll", &kPollTable},
                            {"poll_mt", &kPollMtTable},
                            {"epoll", &kEpollTable},
                            {kStandardName, &kStandardTable}};
};

constinit Registry g_registry;

void take_lock(ForkObserver &)
{
    pthread_mutex_lock(&g_registry.lock);
}

void give_lock(ForkObserver &)
{
    pthread_mutex_unlock(&g_registry.lock);
}

[[gnu::constructor]] void watch_forks()
{
    g_registry.prepare = take_lock;
    g_registry.in_parent = give_lock;
    g_registry.in_child = give_lock;
    add_fork_observer(g_registry);
}

const Backend *find_registered(const char *name)
{
    const Backend *b = g_registry.newest;
    while (b != nullptr && strcmp(b->name, name) != 0) {
        b = b->older;
    }
    return b;
}

void link_backend(Backend &backend)
{
    backend.older = g_registry.newest;
    g_registry.newest = &backend;
    g_registry.count++;
}

// At each look, but not before the first one: what a program registered
// earlier is older, and keeps its name.
void register_built_ins()
{
    for (Backend &b : g_registry.built_ins) {
        if (find_registered(b.name) == nullptr) {
            link_backend(b);
        }
    }
}

bool register_locked(const char *name, const tevent_ops *ops)
{
    if (find_registered(name) != nullptr) {
        return true;
    }
    auto *backend = static_cast<Backend *>(malloc(sizeof(Backend)));
    if (backend == nullptr) {
        return false;
    }
    *backend = Backend{name, ops};
    link_backend(*backend);
    return true; // cppcheck-suppress memleak ; the registry keeps it
}

const char **list_locked(TALLOC_CTX *parent)
{
    const char **names = talloc_zero_array(parent, const char *, g_registry.count + 1);
    if (names == nullptr) {
        return nullptr;
    }
    size_t n = 0;
    for (const Backend *b = g_registry.newest; b != nullptr; b = b->older) {
        names[n] = talloc_strdup(names, b->name);
        if (names[n++] == nullptr) {
            talloc_free(names);
            return nullptr;
        }
    }
    return names;
}

} // namespace

bool may_wait_itself(const tevent_ops &ops)
{
    return ops.loop_once != loop_once && ops.add_fd != add_fd;
}

SignalEvent *add_signal(Context &ev, TALLOC_CTX *parent, int signum, int sa_flags,
                        tevent_signal_handler_t handler, void *private_data, const char *handler_name,
                        const char *location)
{
    if (signum < 0 || signum >= signals::count()) {
        errno = EINVAL;
        return nullptr;
    }
    const int error = ensure_wakeup(ev);
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    return add_signal_event(ev, parent, signum, sa_flags, handler, private_data, handler_name, location);
}

bool register_backend(const char *name, const tevent_ops *ops)
{
    pthread_mutex_lock(&g_registry.lock);
    const bool registered = register_locked(name, ops);
    pthread_mutex_unlock(&g_registry.lock);
    return registered;
}

const tevent_ops *find_backend(const char *name)
{
    pthread_mutex_lock(&g_registry.lock);
    register_built_ins();
    if (name == nullptr) {
        name = g_registry.default_name != nullptr ? g_registry.default_name : kStandardName;
    }
    const Backend *backend = find_registered(name);
    pthread_mutex_unlock(&g_registry.lock);
    return backend != nullptr ? backend->ops : nullptr;
}

void set_default_backend(const char *name)
{
    char *copy = name != nullptr ? strdup(name) : nullptr;
    pthread_mutex_lock(&g_registry.lock);
    char *old = g_registry.default_name;
    g_registry.default_name = copy;
    pthread_mutex_unlock(&g_registry.lock);
    free(old);
}

const char **list_backends(TALLOC_CTX *parent)
{
    pthread_mutex_lock(&g_registry.lock);
    register_built_ins();
    const char **names = list_locked(parent);
    pthread_mutex_unlock(&g_registry.lock);
    return names;
}

} // namespace tev
