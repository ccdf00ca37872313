// SPDX-License-Identifier: LGPL-3.0-or-later

#pragma once

#include "api.hpp"

namespace diff {

// The handler of every immediate, including those from other threads; its data is a Hook.
void on_immediate(tevent_context *ev, tevent_immediate *im, void *private_data);

} // namespace diff
