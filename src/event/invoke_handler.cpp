// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/invoke_handler.hpp"

#include "src/base/logger.hpp"

namespace tev {

void check_double_free(TALLOC_CTX *chunk, const char *reason)
{
    void *parent = talloc_parent(chunk);
    // A chunk that is being freed counts no blocks, not even itself.
    if (parent != nullptr && talloc_total_blocks(parent) == 0) {
        return;
    }
    abort_with_reason(nullptr, reason);
}

Free begin_free(Source &source, const char *double_free_reason)
{
    if (source.handlers_running == 0) {
        return Free::kNow;
    }
    if (source.freed) {
        check_double_free(&source, double_free_reason);
        return Free::kTwice;
    }
    source.freed = true;
    return Free::kLater;
}

} // namespace tev
