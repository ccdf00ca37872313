// SPDX-License-Identifier: LGPL-3.0-or-later

// The table of a library that the program is linked with.

#include "api.hpp"

extern "C" {
#define DECLARE(result, name, parameters) result name parameters;
DIFFERENTIAL_FUNCTIONS(DECLARE, DECLARE)
#undef DECLARE
}

namespace diff {

void use_linked_library()
{
#define SET(result, name, parameters) g_api.name = ::name;
    DIFFERENTIAL_FUNCTIONS(SET, SET)
#undef SET
    g_api.is_ours = true;
}

} // namespace diff
