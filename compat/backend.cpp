// SPDX-License-Identifier: LGPL-3.0-or-later

// Backends: the registry of tevent_ops tables.

#include "compat/exports.hpp"

#include "src/context/backend.hpp"

extern "C" {

bool tevent_register_backend(const char *name, const tevent_ops *ops)
{
    return tev::register_backend(name, ops);
}

const tevent_ops *tevent_find_ops_byname(const char *name)
{
    return tev::find_backend(name);
}

void tevent_set_default_backend(const char *backend)
{
    tev::set_default_backend(backend);
}

const char **tevent_backend_list(TALLOC_CTX *mem_ctx)
{
    return tev::list_backends(mem_ctx);
}

} // extern "C"
