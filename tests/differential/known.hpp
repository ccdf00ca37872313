// SPDX-License-Identifier: LGPL-3.0-or-later

// The known differences between this library and 0.14.1, each by its name.
//
// There are two ways to handle one: a step that would show it is left out
// (avoid()), or a line of the log is left out or normalised (masked()).  Both
// apply only when the libraries are compared; when ours runs alone nothing is
// left out.  A difference that is not in this table is a defect of one of the
// two or of this program.

#pragma once

#include <cstddef>
#include <cstdint>

namespace diff {

#define DIFFERENTIAL_KNOWN(X)                                                                                \
    X(kD1, "D1: the time of the message that standard moves to poll for a regular file: line left out")      \
    X(kD2, "D2: locations inside the library: shown as such")                                                \
    X(kD3Timers, "D3: zero timers are not in order there: one at a time")                                    \
    X(kD3Proxy, "D3: proxies' calls run newest first there: one at a time")                                  \
    X(kD5NestingLevel, "D5: a refused nested loop leaves the level wrong there: no refused loops")           \
    X(kD5LateUpdate, "D5: moving a timer without context or from its own handler: left out")                 \
    X(kD5NextSignal, "D5: a signal's handler frees another event of that signal: left out")                  \
    X(kD5MixedInfo, "D5: SA_SIGINFO and not on one signal: the first event decides")                         \
    X(kD5Reinit, "D5: re-initialising inside a handler of the same loop: left out")                          \
    X(kD5Reentry, "D5: freeing an event whose handler runs twice (C26): left out")                           \
    X(kD5FreedImmediate, "D5: scheduling an immediate that was freed in its own handler: left out")          \
    X(kD5WrapperInUse, "D5, D7: freeing a wrapper in its handlers (a signal is freed, DETACH late there), "  \
                       "or pushed: left out")                                                                \
    X(kD5WrapperAlone, "D5: a message on a wrapper without main context: left out")                          \
    X(kD5FarTime, "D5: times beyond INT_MAX ms: left out")                                                   \
    X(kD5QueueContext, "D5: a queue entry without a context: the context stays")                             \
    X(kD7Threaded, "D7: a threaded immediate's DETACH before its ATTACH: line left out")                     \
    X(kD7Wrapper, "D7: no DETACH for the events of a freed wrapper: lines left out")                         \
    X(kD7Queue, "D7: queue traces where entries have different contexts or wrappers: lines left out")        \
    X(kD8, "D8: the tag of a threaded immediate is 0 there: not shown until it is set again")                \
    X(kD9, "D9: optimize_empty with a trigger pending triggers twice there: added as usual")                 \
    X(kD10, "D10: the library's own descriptors in traces, tables, children: left out")                      \
    X(kD11, "D11: an immediate on its way when its (threaded) context is freed: taken over before")          \
    X(kD12, "D12: a waiting immediate moves from or to a wrapper: left out")                                 \
    X(kD14, "D14: a proxy's own immediates and when it frees: lines left out")                               \
    X(kD15, "D15: the order of DETACH among the fds of a freed context: sorted")                             \
    X(kF2, "F2: TEVENT_FD_ERROR is newer: only together with READ, not shown to handlers")                   \
    X(kF4, "F4: unspecified whether a second event keeps WRITE at a hang-up: one event on such an fd")       \
    X(kF4Late, "F4: WRITE alone asked for after the hang-up: epoll there does not check again: left out")    \
    X(kF5, "F5, C16: flags 0 keep the loop alive there: not asked with such an event")                       \
    X(kF6Third, "F6: a third event on one fd: left out")                                                     \
    X(kF6Shared, "F6: two events that ask for the same flag don't take turns there: disjoint flags")         \
    X(kF6Wrapper, "F6: a wrapper freed with one of two events on an fd leaves a stale pointer there")        \
    X(kF11, "F11, F12: an fd closed under a live event: left out")                                           \
    X(kC5Replay, "C5: a turn that fails while standard moves to poll is run again there: hooks don't fail")  \
    X(kC21, "C21: two events on one fd at a fork: epoll fails in the child there: no fork then")             \
    X(kC27, "C27: a refused signal opens the wake-up there: opened before it is checked")                    \
    X(kC8, "C8: a cleanup function uses events of a context that is just being freed: does nothing")         \
    X(kC13, "C13: the wait timeout is newer: the clock acts for it there")                                   \
    X(kS11, "S11, C8: removing a signal event that is already removed: an abort there: left out")            \
    X(kS4, "S4, S5: a loop inside a signal's handler runs the same arrival again there: no loop in one")     \
    X(kS4Gone, "S4: the last event is freed while infos wait: lost there: the event stays")                  \
    X(kS5, "S5: freeing the last event while its signal is blocked: stays blocked there: handled before")    \
    X(kI4, "I4: tevent_reset_immediate is newer: a NULL handler there")                                      \
    X(kR7, "R7: finishing or posting a request that was received already crashes there: left out")           \
    X(kW3, "W3: the handler of a wrapper that is pushed: the stack is wrong there after the abort: no loop") \
    X(kW4, "W4: re-initialising a wrapper: freeing it crashes there after the abort: left out")              \
    X(kO1, "O1: TRACE and WARNING messages: lines left out")                                                 \
    X(kO6, "O6: call flow is newer: checked in ours only")                                                   \
    X(kR14, "R14: functions that take names are newer: their older forms there")

enum class Known {
#define ID_OF(name, text) name,
    DIFFERENTIAL_KNOWN(ID_OF)
#undef ID_OF
        kCount
};

constexpr size_t kKnownCount = static_cast<size_t>(Known::kCount);
extern const char *const kKnownTexts[kKnownCount];

// Shared counters; `alone`: our library runs without the other.
void open_known(uint64_t *counters, bool alone);
bool comparing();
// True if the step is to be left out.
bool avoid(Known known);
// True if the line is to be left out or changed.
bool masked(Known known);

} // namespace diff
