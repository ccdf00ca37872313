// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/event/wrapper_scope.hpp"

#include <cstddef>
#include <cstdio>

namespace tev {

namespace {

constexpr size_t kMostUses = 32;

// One stack for the process, as it always was: uses nest across contexts.
struct UseStack {
    const tevent_context *place[kMostUses];
    size_t depth;
};

constinit UseStack g_uses{};

[[gnu::cold, gnu::noinline]] void misuse(const Report *report, const char *what, const char *location)
{
    char reason[256];
    snprintf(reason, sizeof(reason), "%s at %s", what, location);
    fail(report, reason);
}

} // namespace

bool push_use(tevent_context *context, WrapperScope *scope, const Report *report, const char *location)
{
    if (scope != nullptr && scope->in_use) {
        misuse(report, "wrapper context is in use already", location);
        return false;
    }
    if (g_uses.depth == kMostUses) {
        misuse(report, "context uses nest too deep", location);
        return false;
    }
    g_uses.place[g_uses.depth++] = context;
    if (scope != nullptr) {
        scope->in_use = true;
    }
    return true;
}

bool pop_use(tevent_context *context, WrapperScope *scope, const Report *report, const char *location)
{
    if (g_uses.depth == 0) {
        misuse(report, "no context is in use", location);
        return false;
    }
    if (g_uses.place[g_uses.depth - 1] != context) {
        misuse(report, "another context was used last", location);
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
    return push_use(wrapper, this, report, location);
}

void WrapperScope::leave(bool entered)
{
    if (entered) {
        pop_use(wrapper, this, report, "the end of a handler");
    }
    handlers_running--;
    release();
}

void WrapperScope::release()
{
    if (freed && !is_busy()) {
        talloc_free(wrapper);
    }
}

} // namespace tev
