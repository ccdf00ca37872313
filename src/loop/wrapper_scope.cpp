// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/wrapper_scope.hpp"

#include <cstddef>

#include "src/loop/loop.hpp"

namespace tev {

namespace {

constexpr size_t kMostUses = 32;

// Compat: one stack for the process (W3), so uses nest across contexts and threads.
struct UseStack {
    const Context *place[kMostUses];
    size_t depth;
};

constinit UseStack g_uses{};

} // namespace

bool push_use(Context &context, const char *location)
{
    WrapperScope *scope = context.wrapper;
    if (scope != nullptr && scope->in_use) {
        abort_with(logger_of(context), "wrapper context is in use already at %s", location);
        return false;
    }
    if (g_uses.depth == kMostUses) {
        abort_with(logger_of(context), "context uses nest too deep at %s", location);
        return false;
    }
    g_uses.place[g_uses.depth++] = &context;
    if (scope != nullptr) {
        scope->in_use = true;
    }
    return true;
}

bool pop_use(Context &context, const char *location)
{
    WrapperScope *scope = context.wrapper;
    // Compat: no message for a main context.
    const Logger *logger = scope != nullptr ? logger_of(context) : nullptr;
    if (g_uses.depth == 0) {
        abort_with(logger, "no context is in use at %s", location);
        return false;
    }
    if (g_uses.place[g_uses.depth - 1] != &context) {
        abort_with(logger, "another context was used last at %s", location);
        return false;
    }
    g_uses.depth--;
    if (scope != nullptr) {
        scope->in_use = false;
    }
    return true;
}

bool WrapperScope::enter(const char *location)
{
    handlers_running++;
    return push_use(context, location);
}

void WrapperScope::leave(bool entered)
{
    if (entered) {
        pop_use(context, "the end of a handler");
    }
    handlers_running--;
    release();
}

void WrapperScope::release()
{
    if (freed && !is_busy()) {
        talloc_free(&context);
    }
}

} // namespace tev
