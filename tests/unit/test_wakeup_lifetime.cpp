// SPDX-License-Identifier: LGPL-3.0-or-later

// The wake-up's descriptor: no signal handler may write to it when it is closed.
//
// This program's own close() sees each descriptor that the library closes, and
// checks whether the signal is still caught then.

#include <csignal>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/unit.hpp"

#include <tevent.h>

namespace {

int closed_while_caught;
int closed_afterwards;

bool is_caught(int signum)
{
    struct sigaction now;
    sigaction(signum, nullptr, &now);
    return now.sa_handler != SIG_DFL;
}

void on_signal(tevent_context *, tevent_signal *, int, int, void *, void *) {}

// T1, C8: a signal handler in another thread must not meet a number that means another file by now
void test_wakeup__context_freed__is_closed_after_the_last_signal_event(void **)
{
    tevent_context *ev = tevent_context_init_byname(nullptr, "poll");
    assert_non_null(ev);
    assert_non_null(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, nullptr));
    closed_while_caught = closed_afterwards = 0;
    talloc_free(ev);
    assert_int_equal(closed_while_caught, 0);
    assert_int_equal(closed_afterwards, 1);
}

} // namespace

extern "C" int close(int fd)
{
    (is_caught(SIGUSR1) ? closed_while_caught : closed_afterwards)++;
    return static_cast<int>(syscall(SYS_close, fd));
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_wakeup__context_freed__is_closed_after_the_last_signal_event),
    };
    return cmocka_run_group_tests_name("wakeup", tests, nullptr, nullptr);
}
