// SPDX-License-Identifier: LGPL-3.0-or-later

#include "api.hpp"

namespace diff {

const FunctionInfo kFunctions[kFunctionCount] = {
#define KNOWN(result, name, parameters) {#name, false},
#define NEW(result, name, parameters) {#name, true},
    DIFFERENTIAL_FUNCTIONS(KNOWN, NEW)
#undef KNOWN
#undef NEW
};

Api g_api;

} // namespace diff
