// SPDX-License-Identifier: LGPL-3.0-or-later

// One library under test: a table of its functions, with a count of calls.
//
// The program itself is not linked with libtevent; each library is loaded by
// its path. It resolves its own functions to itself (load() checks that), and
// all others, above all the clock and the waiting calls, to the program
// (virtual_os.hpp).

#pragma once

#include <cstddef>
#include <cstdint>

#ifndef TEVENT_DEPRECATED
#define TEVENT_DEPRECATED 1
#endif
#define _DEPRECATED_
#include <tevent.h>

#include "functions.hpp"

// Macros in front of functions that are called by these names here.
#undef tevent_req_set_callback
#undef tevent_req_set_cancel_fn
#undef tevent_req_set_cleanup_fn
#undef tevent_queue_add
#undef tevent_queue_add_entry
#undef tevent_queue_add_optimize_empty
#undef tevent_thread_call_depth_reset_from_req

namespace diff {

enum FunctionId {
#define ID_OF(result, name, parameters) k_##name,
    DIFFERENTIAL_FUNCTIONS(ID_OF, ID_OF)
#undef ID_OF
        kFunctionCount
};

struct FunctionInfo {
    const char *name;
    bool newer; // than 0.14.1
};
extern const FunctionInfo kFunctions[kFunctionCount];

struct Api {
#define POINTER_TO(result, name, parameters) result(*name) parameters = nullptr;
    DIFFERENTIAL_FUNCTIONS(POINTER_TO, POINTER_TO)
#undef POINTER_TO
    uint64_t *calls = nullptr; // by FunctionId
    bool is_ours = false;      // false: the system's, 0.14.1

    void count(FunctionId id)
    {
        calls[id]++;
    }
};

extern Api g_api;

// CALL(name)(arguments)
#define CALL(name) (::diff::g_api.count(::diff::k_##name), ::diff::g_api.name)

// In linked.cpp, for a program that is linked with the library.
void use_linked_library();

// Null, or an error message.
const char *load(const char *path, bool is_ours, Api *api);

} // namespace diff
