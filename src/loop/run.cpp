// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/loop/run.hpp"

#include <cerrno>
#include <cstdio>

#include "src/base/os.hpp"
#include "src/loop/backend.hpp"

namespace tev {

namespace {

// Apart from the hook's slot: what no address is taken of can stay in registers.
struct Visit {
    uint32_t epoch;
    uint32_t level_before;
};

[[gnu::cold, gnu::noinline]] void refuse(Context &ev, const char *what, const char *location, const char *why,
                                         int error)
{
    char reason[256];
    snprintf(reason, sizeof(reason), "loop run %s at %s%s", what, location, why);
    abort_with(&ev, reason);
    errno = error;
}

bool is_refused(Context &ev, const char *location)
{
    if (ev.is_wrapper()) [[unlikely]] {
        refuse(ev, "on a wrapper context", location, "", ENOSYS);
        return true;
    }
    if (ev.nesting.level > 0 && !ev.nesting.allowed) [[unlikely]] {
        refuse(ev, "from inside a handler", location, ": nesting is not allowed", ELOOP);
        return true;
    }
    return false;
}

int call_hook(Context &ev, void *&slot, bool begin, const char *location)
{
    if (ev.nesting.hook == nullptr) [[likely]] {
        return 0;
    }
    return ev.nesting.hook(&ev, ev.nesting.hook_data, ev.nesting.level, begin, &slot, location);
}

Visit enter(Context &ev)
{
    return {ev.epoch, ev.nesting.level++};
}

// Non-zero: the hook said no.
int begin_visit(Context &ev, const Visit visit, void *&slot, const char *location)
{
    const int verdict = call_hook(ev, slot, true, location);
    if (verdict != 0 && ev.epoch == visit.epoch) {
        ev.nesting.level = visit.level_before;
    }
    return verdict;
}

// The visit's value: `result`, unless the hook has another.
int end_visit(Context &ev, const Visit visit, void *&slot, int result, const char *location)
{
    if (ev.epoch != visit.epoch) {
        return result; // re-initialised by a handler: level and hook are new
    }
    int verdict = 0;
    if (ev.nesting.hook != nullptr) [[unlikely]] {
        const int turns_errno = errno;
        verdict = call_hook(ev, slot, false, location);
        if (verdict == 0) {
            errno = turns_errno;
        }
    }
    if (ev.epoch == visit.epoch) {
        ev.nesting.level = visit.level_before;
    }
    return verdict != 0 ? verdict : result;
}

// The built-in turn does so before it waits; a table of the program's may wait in its own way.
[[gnu::noinline]] void prepare_turn_of_programs_table(Context &ev)
{
    if (!is_ready_for_this_process(ev)) {
        renew_descriptors(ev);
    }
}

int traced_turn(Context &ev, const char *location)
{
    ev.trace.point(TEVENT_TRACE_BEFORE_LOOP_ONCE);
    if (ev.ops->loop_once != built_in_loop_once) [[unlikely]] {
        prepare_turn_of_programs_table(ev);
    }
    const int result = ev.ops->loop_once(&ev, location);
    if (ev.trace.point.is_set()) [[unlikely]] {
        const int turns_errno = errno;
        ev.trace.point(TEVENT_TRACE_AFTER_LOOP_ONCE);
        errno = turns_errno;
    }
    return result;
}

} // namespace

int run_once(Context &ev, const char *location)
{
    if (is_refused(ev, location)) {
        return -1;
    }
    void *hook_slot = nullptr;
    const Visit visit = enter(ev);
    const int verdict = begin_visit(ev, visit, hook_slot, location);
    if (verdict != 0) {
        return verdict;
    }
    const int result = traced_turn(ev, location);
    if (call_flow_in_use()) [[unlikely]] {
        const int turns_errno = errno;
        tell_call_flow(TEVENT_CALL_FLOW_REQ_RESET, nullptr, 0, "_tevent_loop_once");
        errno = turns_errno;
    }
    return end_visit(ev, visit, hook_slot, result, location);
}

int run_until(Context &ev, bool (*finished)(void *), void *private_data, const char *location)
{
    if (is_refused(ev, location)) {
        return -1;
    }
    void *hook_slot = nullptr;
    const Visit visit = enter(ev);
    const int verdict = begin_visit(ev, visit, hook_slot, location);
    if (verdict != 0) {
        return verdict;
    }
    int result = 0;
    while (result == 0 && !finished(private_data)) {
        result = traced_turn(ev, location);
    }
    return end_visit(ev, visit, hook_slot, result, location);
}

int run_until_empty(Context &ev, const char *location)
{
    while (ev.has_sources()) {
        const int result = run_once(ev, location);
        if (result != 0) {
            const int saved_errno = errno;
            ev.report.message(TEVENT_DEBUG_FATAL, "a turn failed: %d (%s)\n", result,
                              os::error_text(saved_errno));
            errno = saved_errno;
            return result;
        }
    }
    ev.report.message(TEVENT_DEBUG_WARNING, "nothing left to wait for at %s\n", location);
    return 0;
}

void allow_nesting(Context &ev)
{
    if (ev.is_wrapper()) {
        abort_with(&ev, "tevent_loop_allow_nesting() on a wrapper context");
        return;
    }
    if (!ev.wrappers.empty()) {
        abort_with(&ev, "tevent_loop_allow_nesting() on a context with wrappers");
        return;
    }
    ev.nesting.allowed = true;
}

void set_nesting_hook(Context &ev, tevent_nesting_hook hook, void *private_data)
{
    if (ev.nesting.hook != nullptr && (ev.nesting.hook != hook || ev.nesting.hook_data != private_data)) {
        abort_with(&ev, "tevent_loop_set_nesting_hook(): another hook is set");
    }
    ev.nesting.hook = hook;
    ev.nesting.hook_data = private_data;
}

} // namespace tev
