// SPDX-License-Identifier: LGPL-3.0-or-later

#pragma once

#include <string>

#include "world.hpp"

namespace diff {

// The slot for a request that the library creates; `above`: the parent request.
void prepare_request(RequestSlot &req, const RequestSlot *above);

// A location inside the library is shown as such (D2).
std::string canonical_location(const std::string &text);

} // namespace diff
