// SPDX-License-Identifier: LGPL-3.0-or-later

#include "src/context/run.hpp"

#include <cerrno>

#include "src/base/os.hpp"
#include "src/context/backend.hpp"
#include "src/context/lifetime.hpp"

namespace tev {

namespace {

// Without the hook's slot: its address never escapes, so it can stay in registers.
struct NestingFrame {
    uint32_t epoch;
    uint32_t level_before;
};

// Null, and errno: running it is refused.
Loop *loop_to_run(const Context &ev, const char *location)
{
    if (ev.is_wrapper()) [[unlikely]] {
        abort_with(logger_of(ev), "loop run on a wrapper context at %s", location);
        errno = ENOSYS;
        return nullptr;
    }
    const Nesting &nesting = ev.loop->nesting;
    if (nesting.level > 0 && !nesting.allowed) [[unlikely]] {
        abort_with(logger_of(ev), "loop run from inside a handler at %s: nesting is not allowed", location);
        errno = ELOOP;
        return nullptr;
    }
    return ev.loop;
}

int call_hook(Loop &loop, void *&slot, bool begin, const char *location)
{
    if (loop.nesting.hook == nullptr) [[likely]] {
        return 0;
    }
    return loop.nesting.hook(&loop.main, loop.nesting.hook_data, loop.nesting.level, begin, &slot, location);
}

NestingFrame enter(Loop &loop)
{
    return {loop.epoch, loop.nesting.level++};
}

// Non-zero: the hook refused.
int begin_run(Loop &loop, const NestingFrame frame, void *&slot, const char *location)
{
    const int verdict = call_hook(loop, slot, true, location);
    if (verdict != 0 && loop.epoch == frame.epoch) {
        loop.nesting.level = frame.level_before;
    }
    return verdict;
}

// Returns `result`, unless the hook returns another value.
int end_run(Loop &loop, const NestingFrame frame, void *&slot, int result, const char *location)
{
    if (loop.epoch != frame.epoch) {
        return result; // a handler re-initialised the loop: level and hook are new
    }
    int verdict = 0;
    if (loop.nesting.hook != nullptr) [[unlikely]] {
        const int turns_errno = errno;
        verdict = call_hook(loop, slot, false, location);
        if (verdict == 0) {
            errno = turns_errno;
        }
    }
    if (loop.epoch == frame.epoch) {
        loop.nesting.level = frame.level_before;
    }
    return verdict != 0 ? verdict : result;
}

// The built-in turn does this before it waits; a program's table may wait in its own way.
[[gnu::noinline]] void prepare_turn_of_programs_table(Loop &loop)
{
    if (!loop.is_ready_for_this_process()) {
        renew_descriptors(loop);
    }
}

int traced_turn(Loop &loop, const char *location)
{
    const tevent_ops &ops = *loop.main.ops;
    loop.trace.point(TEVENT_TRACE_BEFORE_LOOP_ONCE);
    if (ops.loop_once != built_in_loop_once) [[unlikely]] {
        prepare_turn_of_programs_table(loop);
    }
    const int result = ops.loop_once(&loop.main, location);
    if (loop.trace.point.is_set()) [[unlikely]] {
        const int turns_errno = errno;
        loop.trace.point(TEVENT_TRACE_AFTER_LOOP_ONCE);
        errno = turns_errno;
    }
    return result;
}

// Runs `turns` one nesting level deeper, between the two calls of the hook.
template <class Turns>
int run_nested(const Context &ev, const char *location, Turns turns)
{
    Loop *const running = loop_to_run(ev, location);
    if (running == nullptr) {
        return -1;
    }
    Loop &loop = *running;
    void *hook_slot = nullptr;
    const NestingFrame frame = enter(loop);
    const int verdict = begin_run(loop, frame, hook_slot, location);
    if (verdict != 0) {
        return verdict;
    }
    return end_run(loop, frame, hook_slot, turns(loop), location);
}

} // namespace

int run_once(Context &ev, const char *location)
{
    return run_nested(ev, location, [location](Loop &loop) {
        const int result = traced_turn(loop, location);
        if (call_flow_in_use()) [[unlikely]] {
            const int turns_errno = errno;
            invoke_call_flow_callback(TEVENT_CALL_FLOW_REQ_RESET, nullptr, 0, "_tevent_loop_once");
            errno = turns_errno;
        }
        return result;
    });
}

int run_until(Context &ev, bool (*finished)(void *), void *private_data, const char *location)
{
    return run_nested(ev, location, [=](Loop &loop) {
        int result = 0;
        while (result == 0 && !finished(private_data)) {
            result = traced_turn(loop, location);
        }
        return result;
    });
}

int run_until_empty(Context &ev, const char *location)
{
    if (refuse_wrapper(ev, "loop run", ENOSYS)) {
        return -1;
    }
    const Loop &loop = *ev.loop;
    while (loop.has_sources()) {
        const int result = run_once(ev, location);
        if (result != 0) {
            const int saved_errno = errno;
            loop.logger.message(TEVENT_DEBUG_FATAL, "a turn failed: %d (%s)\n", result,
                                os::error_text(saved_errno));
            errno = saved_errno;
            return result;
        }
    }
    loop.logger.message(TEVENT_DEBUG_WARNING, "nothing left to wait for at %s\n", location);
    return 0;
}

void allow_nesting(Context &ev)
{
    if (refuse_wrapper(ev, "tevent_loop_allow_nesting()", ENOSYS)) {
        return;
    }
    if (!ev.loop->wrappers.empty()) {
        abort_with(logger_of(ev), "tevent_loop_allow_nesting() on a context with wrappers");
        return;
    }
    ev.loop->nesting.allowed = true;
}

void set_nesting_hook(Context &ev, tevent_nesting_hook hook, void *private_data)
{
    if (ev.is_wrapper()) {
        return; // Compat: it has no effect there, as no loop runs on it
    }
    Nesting &nesting = ev.loop->nesting;
    if (nesting.hook != nullptr && (nesting.hook != hook || nesting.hook_data != private_data)) {
        abort_with(logger_of(ev), "tevent_loop_set_nesting_hook(): another hook is set");
    }
    nesting.hook = hook;
    nesting.hook_data = private_data;
}

} // namespace tev
