// SPDX-License-Identifier: LGPL-3.0-or-later

#include "known.hpp"

namespace diff {

const char *const kKnownTexts[kKnownCount] = {
#define TEXT_OF(name, text) text,
    // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): TEXT_OF puts them
    DIFFERENTIAL_KNOWN(TEXT_OF)
#undef TEXT_OF
};

namespace {

uint64_t *g_counters;
bool g_alone;

} // namespace

void open_known(uint64_t *counters, bool alone)
{
    g_counters = counters;
    g_alone = alone;
}

bool comparing()
{
    return !g_alone;
}

bool avoid(Known known)
{
    if (g_alone) {
        return false;
    }
    g_counters[static_cast<size_t>(known)]++;
    return true;
}

bool masked(Known known)
{
    return avoid(known);
}

} // namespace diff
