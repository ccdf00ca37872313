// SPDX-License-Identifier: LGPL-3.0-or-later

#include "api.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

namespace diff {

namespace {

char g_error[512];

// Null, or an error if the function was found in the wrong place.
void *find(void *library, const char *path, const char *name)
{
    void *function = dlsym(library, name);
    Dl_info info;
    if (function == nullptr) {
        snprintf(g_error, sizeof(g_error), "%s has no %s", path, name);
        return nullptr;
    }
    if (dladdr(function, &info) == 0 || strcmp(info.dli_fname, path) != 0) {
        snprintf(g_error, sizeof(g_error), "%s of %s comes from %s", name, path, info.dli_fname);
        return nullptr;
    }
    return function;
}

} // namespace

const char *load(const char *path, bool is_ours, Api *api)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return dlerror();
    }
    api->is_ours = is_ours;
#define FIND(result, name, parameters)                                                                       \
    api->name = reinterpret_cast<result(*) parameters>(find(library, path, #name));                          \
    if (api->name == nullptr) {                                                                              \
        return g_error;                                                                                      \
    }
#define FIND_IN_OURS(result, name, parameters)                                                               \
    if (is_ours) {                                                                                           \
        FIND(result, name, parameters)                                                                       \
    }
    DIFFERENTIAL_FUNCTIONS(FIND, FIND_IN_OURS)
#undef FIND
#undef FIND_IN_OURS
    return nullptr;
}

} // namespace diff
