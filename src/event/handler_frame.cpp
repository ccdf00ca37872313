// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/handler_frame.hpp"

#include "src/base/report.hpp"
#include "src/event/source_set.hpp"

namespace tev {

tevent_context *Source::context() const
{
    return is_attached() && wrapper() != nullptr ? wrapper()->wrapper : main_context();
}

tevent_context *Source::main_context() const
{
    return is_attached() ? set().context : nullptr;
}

void check_double_free(TALLOC_CTX *chunk, const char *reason)
{
    void *parent = talloc_parent(chunk);
    // A chunk that is being freed counts no blocks, not even itself.
    if (parent != nullptr && talloc_total_blocks(parent) == 0) {
        return;
    }
    fail(nullptr, reason);
}

Free begin_free(Source &source, const char *double_free_reason)
{
    if (source.handlers_running_ == 0) {
        return Free::kNow;
    }
    if (source.freed_) {
        check_double_free(&source, double_free_reason);
        return Free::kTwice;
    }
    source.freed_ = true;
    return Free::kLater;
}

} // namespace tev
