// SPDX-License-Identifier: LGPL-3.0-or-later

#include "backends.hpp"

#include "world.hpp"

namespace diff {

const char *const kBackendNames[kBackends] = {"standard", "epoll",   "poll",      "poll_mt",
                                              "my_epoll", "my_poll", "my_poll_mt"};

namespace {

// The library's own descriptors need not be added through the table (D10).
bool is_users_fd(int fd)
{
    return fd >= vos::kFirstFd && fd < vos::kFirstFd + vos::kFdCount;
}

bool is_users(tevent_fd *fde)
{
    return find(g_world->fds, fde) != nullptr ||
           (g_world->adding != nullptr && g_world->adding->kind == Kind::kFd);
}

bool is_proxys(const tevent_context *ev, tevent_immediate *im)
{
    if (find(g_world->immediates, im) != nullptr) {
        return false;
    }
    const ContextSlot *ctx = find(g_world->contexts, ev);
    return ctx != nullptr && ctx->had_proxy;
}

template <int kBackend>
struct Own {
    static const tevent_ops *original;
    static tevent_ops table;

    static int context_init(tevent_context *ev)
    {
        say("table: context_init");
        return original->context_init(ev);
    }

    static tevent_fd *add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                             tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                             const char *location)
    {
        if (is_users_fd(fd) || !masked(Known::kD10)) {
            say("table: add_fd flags=%d %s %s", flags, handler_name, shown_location(location));
        }
        return original->add_fd(ev, mem_ctx, fd, flags, handler, private_data, handler_name, location);
    }

    static void set_fd_close_fn(tevent_fd *fde, tevent_fd_close_fn_t fn)
    {
        if (is_users(fde) || !masked(Known::kD10)) {
            say("table: set_fd_close_fn");
        }
        original->set_fd_close_fn(fde, fn);
    }

    static uint16_t get_fd_flags(tevent_fd *fde)
    {
        say("table: get_fd_flags");
        return original->get_fd_flags(fde);
    }

    static void set_fd_flags(tevent_fd *fde, uint16_t flags)
    {
        say("table: set_fd_flags %d", flags);
        original->set_fd_flags(fde, flags);
    }

    static tevent_timer *add_timer(tevent_context *ev, TALLOC_CTX *mem_ctx, timeval next_event,
                                   tevent_timer_handler_t handler, void *private_data,
                                   const char *handler_name, const char *location)
    {
        say("table: add_timer %s", handler_name);
        return original->add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name, location);
    }

    static void schedule_immediate(tevent_immediate *im, tevent_context *ev,
                                   tevent_immediate_handler_t handler, void *private_data,
                                   const char *handler_name, const char *location)
    {
        if (!is_proxys(ev, im) || !masked(Known::kD14)) {
            say("table: schedule_immediate %s", handler_name != nullptr ? handler_name : "-");
        }
        original->schedule_immediate(im, ev, handler, private_data, handler_name, location);
    }

    static tevent_signal *add_signal(tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
                                     tevent_signal_handler_t handler, void *private_data,
                                     const char *handler_name, const char *location)
    {
        say("table: add_signal %s %s", handler_name, shown_location(location));
        return original->add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data, handler_name,
                                    location);
    }

    static int loop_once(tevent_context *ev, const char *location)
    {
        const ContextSlot *ctx = find(g_world->contexts, ev);
        if (ctx == nullptr || !ctx->had_proxy || !masked(Known::kD14)) {
            say("table: loop_once");
        }
        return original->loop_once(ev, location);
    }

    static int loop_wait(tevent_context *ev, const char *location)
    {
        say("table: loop_wait %s", shown_location(location));
        return original->loop_wait(ev, location);
    }

    static void set_up()
    {
        original = CALL(tevent_find_ops_byname)(kBackendNames[kBackend - kFirstOwnBackend + 1]);
        table = {context_init,       add_fd,     set_fd_close_fn, get_fd_flags, set_fd_flags, add_timer,
                 schedule_immediate, add_signal, loop_once,       loop_wait};
        CALL(tevent_register_backend)(kBackendNames[kBackend], &table);
    }
};

template <int kBackend>
const tevent_ops *Own<kBackend>::original;
template <int kBackend>
tevent_ops Own<kBackend>::table;

} // namespace

void register_backends()
{
    static const tevent_ops never_used = {};
    CALL(tevent_register_backend)("early", &never_used); // before the first lookup (C1)
    Own<4>::set_up();
    Own<5>::set_up();
    Own<6>::set_up();
}

const tevent_ops *own_table(int backend)
{
    return backend == 4 ? &Own<4>::table : backend == 5 ? &Own<5>::table : &Own<6>::table;
}

} // namespace diff
