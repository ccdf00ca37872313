// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/context/backend.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "src/base/fork_lock.hpp"
#include "src/context/lifetime.hpp"
#include "src/context/run.hpp"
#include "src/context/turn.hpp"
#include "src/event/fd_event.hpp"
#include "src/event/immediate_event.hpp"
#include "src/event/signal_event.hpp"
#include "src/event/timer_event.hpp"

namespace tev {

namespace {

// ---- the built-in tables

int init_with(Context *ev, Multiplexer::Policy policy)
{
    talloc_free(ev->additional_data);
    ev->additional_data = nullptr;
    return ev->loop->multiplexer.open(policy) ? 0 : -1;
}

// Compat: D16, the built-in epoll and poll, even where the program has registered tables of these names.
int init_standard(tevent_context *ev)
{
    return init_with(ev, Multiplexer::Policy::kEpollElsePoll);
}

int init_epoll(tevent_context *ev)
{
    return init_with(ev, Multiplexer::Policy::kEpoll);
}

int init_poll(tevent_context *ev)
{
    return init_with(ev, Multiplexer::Policy::kPoll);
}

// Compat: the wake-up is opened here and not at its first use; without one there is no context.
int init_poll_mt(tevent_context *ev)
{
    init_with(ev, Multiplexer::Policy::kPoll);
    ev->loop->wake_on_change = true;
    return ensure_wakeup(*ev->loop) == 0 ? 0 : -1;
}

tevent_fd *add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                  tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                  const char *location)
{
    return add_fd_event(*ev, mem_ctx, fd, flags, {handler, private_data, handler_name, location});
}

void set_fd_close_fn(tevent_fd *fde, tevent_fd_close_fn_t close_fn)
{
    fde->close_fn = close_fn;
}

uint16_t get_fd_flags(tevent_fd *fde)
{
    return fde->flags;
}

void set_fd_flags(tevent_fd *fde, uint16_t flags)
{
    set_flags(*fde, flags);
}

tevent_timer *add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval when, tevent_timer_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    return add_timer_event(*ev, mem_ctx, when, {handler, private_data, handler_name, location});
}

void schedule_immediate(tevent_immediate *im, tevent_context *ev, tevent_immediate_handler_t handler,
                        void *private_data, const char *handler_name, const char *location)
{
    tev::schedule_immediate(*im, *ev, {handler, private_data, handler_name, location});
}

// Null, and errno: EINVAL (no such signal), the wake-up's, ENOMEM or sigaction(2)'s error.
tevent_signal *add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                          tevent_signal_handler_t handler, void *private_data, const char *handler_name,
                          const char *location)
{
    if (signum < 0 || signum >= signals::count()) { // Compat: D5, negative ones too
        errno = EINVAL;
        return nullptr;
    }
    const int error = ev->loop != nullptr ? ensure_wakeup(*ev->loop) : EINVAL;
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    return add_signal_event(*ev, mem_ctx, signum, sa_flags, {handler, private_data, handler_name, location});
}

int loop_wait(tevent_context *ev, const char *location)
{
    return run_until_empty(*ev, location);
}

constexpr tevent_ops table_with(int (*context_init)(tevent_context *))
{
    return {context_init,       add_fd,     set_fd_close_fn,    get_fd_flags, set_fd_flags, add_timer,
            schedule_immediate, add_signal, built_in_loop_once, loop_wait};
}

constinit const tevent_ops kEpollTable = table_with(init_epoll);
constinit const tevent_ops kPollTable = table_with(init_poll);
constinit const tevent_ops kPollMtTable = table_with(init_poll_mt);

} // namespace

constinit const tevent_ops kStandardTable = table_with(init_standard);

namespace {

// ---- the registry

constexpr const char *kStandardName = "standard";

struct Backend {
    const char *name;
    const tevent_ops *ops;
    Backend *older = nullptr;
};

// Entries are never changed or removed, so the list can be read without the
// lock.  Each change is a single store (ForkLock).
struct Registry {
    ForkLock lock; // of writers, and of default_name's readers
    std::atomic<Backend *> newest{nullptr};
    bool has_built_ins = false;
    char *default_name = nullptr; // null: kStandardName
    Backend built_ins[4] = {{"poll", &kPollTable},
                            {"poll_mt", &kPollMtTable},
                            {"epoll", &kEpollTable},
                            {kStandardName, &kStandardTable}};
};

constinit Registry g_registry;

const Backend *find_registered(const char *name)
{
    const Backend *b = g_registry.newest.load();
    while (b != nullptr && strcmp(b->name, name) != 0) {
        b = b->older;
    }
    return b;
}

void link_backend(Backend &backend)
{
    backend.older = g_registry.newest.load();
    g_registry.newest.store(&backend);
}

// At the first lookup: a name that a program registered earlier keeps its table.
// Requires: the lock is held.
void register_built_ins()
{
    if (g_registry.has_built_ins) {
        return;
    }
    for (Backend &b : g_registry.built_ins) {
        if (find_registered(b.name) == nullptr) {
            link_backend(b);
        }
    }
    g_registry.has_built_ins = true;
}

const char **list(TALLOC_CTX *parent, const Backend *newest)
{
    uint32_t count = 0;
    for (const Backend *b = newest; b != nullptr; b = b->older) {
        count++;
    }
    const char **names = talloc_zero_array(parent, const char *, count + 1);
    if (names == nullptr) {
        return nullptr;
    }
    size_t n = 0;
    for (const Backend *b = newest; b != nullptr; b = b->older) {
        names[n] = talloc_strdup(names, b->name);
        if (names[n++] == nullptr) {
            talloc_free(names);
            return nullptr;
        }
    }
    return names;
}

} // namespace

int built_in_loop_once(tevent_context *ev, const char *)
{
    return run_turn(*ev->loop);
}

bool may_wait_itself(const tevent_ops &ops)
{
    return ops.loop_once != built_in_loop_once && ops.add_fd != add_fd;
}

bool register_backend(const char *name, const tevent_ops *ops)
{
    auto *backend = static_cast<Backend *>(malloc(sizeof(Backend)));
    if (backend == nullptr) {
        return find_registered(name) != nullptr;
    }
    *backend = Backend{name, ops};
    {
        const ForkLockGuard guard(g_registry.lock);
        if (find_registered(name) == nullptr) {
            link_backend(*backend);
            return true; // cppcheck-suppress memleak ; the registry keeps it
        }
    }
    free(backend);
    return true;
}

const tevent_ops *find_backend(const char *name)
{
    const ForkLockGuard guard(g_registry.lock);
    register_built_ins();
    if (name == nullptr) {
        name = g_registry.default_name != nullptr ? g_registry.default_name : kStandardName;
    }
    const Backend *backend = find_registered(name);
    return backend != nullptr ? backend->ops : nullptr;
}

void set_default_backend(const char *name)
{
    char *copy = name != nullptr ? strdup(name) : nullptr;
    g_registry.lock.lock();
    char *old = std::exchange(g_registry.default_name, copy);
    g_registry.lock.unlock();
    free(old);
}

const char **list_backends(TALLOC_CTX *parent)
{
    g_registry.lock.lock();
    register_built_ins();
    const Backend *newest = g_registry.newest.load();
    g_registry.lock.unlock();
    return list(parent, newest);
}

} // namespace tev
