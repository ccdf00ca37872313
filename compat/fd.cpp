// SPDX-License-Identifier: LGPL-3.0-or-later

// File descriptor events.

#include "compat/exports.hpp"

#include "src/base/os.hpp"
#include "src/event/fd_event.hpp"

namespace {

void close_it(tevent_context *, tevent_fd *, int fd, void *)
{
    tev::os::close(fd);
}

} // namespace

extern "C" {

tevent_fd *_tevent_add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                          tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                          const char *location)
{
    return ev->ops->add_fd(ev, mem_ctx, fd, flags, handler, private_data, handler_name, location);
}

void tevent_fd_set_close_fn(tevent_fd *fde, tevent_fd_close_fn_t close_fn)
{
    if (fde != nullptr && fde->is_attached()) {
        fde->loop().main.ops->set_fd_close_fn(fde, close_fn);
    }
}

void tevent_fd_set_auto_close(tevent_fd *fde)
{
    tevent_fd_set_close_fn(fde, close_it);
}

uint16_t tevent_fd_get_flags(tevent_fd *fde)
{
    return fde != nullptr && fde->is_attached() ? fde->loop().main.ops->get_fd_flags(fde) : 0;
}

void tevent_fd_set_flags(tevent_fd *fde, uint16_t flags)
{
    if (fde != nullptr && fde->is_attached()) {
        fde->loop().main.ops->set_fd_flags(fde, flags);
    }
}

void tevent_fd_set_tag(tevent_fd *fde, uint64_t tag)
{
    if (fde != nullptr) {
        fde->tag = tag;
    }
}

uint64_t tevent_fd_get_tag(const tevent_fd *fde)
{
    return fde != nullptr ? fde->tag : 0;
}

tevent_fd *tevent_common_add_fd(tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
                                tevent_fd_handler_t handler, void *private_data, const char *handler_name,
                                const char *location)
{
    if (!tev::can_attach_to(*ev)) {
        return nullptr;
    }
    return tev::make_fd_event(*ev, mem_ctx, fd, flags, {handler, private_data, handler_name, location});
}

int tevent_common_fd_destructor(tevent_fd *fde)
{
    return fde->on_talloc_free();
}

uint16_t tevent_common_fd_get_flags(tevent_fd *fde)
{
    return fde->flags;
}

void tevent_common_fd_set_flags(tevent_fd *fde, uint16_t flags)
{
    tev::store_flags(*fde, flags);
}

void tevent_common_fd_set_close_fn(tevent_fd *fde, tevent_fd_close_fn_t close_fn)
{
    fde->close_fn = close_fn;
}

int tevent_common_invoke_fd_handler(tevent_fd *fde, uint16_t flags, bool *removed)
{
    const bool gone = tev::invoke_fd_handler(*fde, flags);
    if (removed != nullptr) {
        *removed = gone;
    }
    return 0;
}

} // extern "C"
