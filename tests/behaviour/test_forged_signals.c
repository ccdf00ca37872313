/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Signals with a siginfo that their sender made up.
 *
 * A process may queue a signal to another one of the same user with any negative
 * si_code.  A handler judges by si_code whether it may trust the rest, so each
 * code has to reach it as it was sent: one that became SI_USER or SI_KERNEL would
 * lend the sender's words the kernel's authority.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int codes[] = {SI_QUEUE,
			    SI_TIMER,
			    SI_ASYNCNL,
			    INT_MIN,
			    INT_MIN + SI_KERNEL,
			    INT_MIN / 2,
			    INT_MIN / 2 + SI_USER,
			    INT_MIN / 2 + SI_KERNEL,
			    INT_MIN / 2 + CLD_EXITED};

enum { codes_count = sizeof(codes) / sizeof(codes[0]), pretended_uid = 12345, child_seconds = 20 };

static void send_all(void *private_data)
{
	pid_t parent = getppid();

	alarm(child_seconds);
	for (int i = 0; i < codes_count; i++) {
		siginfo_t info;

		memset(&info, 0, sizeof(info));
		info.si_signo = SIGRTMIN;
		info.si_code = codes[i];
		info.si_pid = 1;
		info.si_uid = pretended_uid;
		info.si_value.sival_int = i;
		child_assert(syscall(SYS_rt_sigqueueinfo, (long)parent, (long)SIGRTMIN, &info) == 0);
	}
}

static int received;

static void check_info(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	const siginfo_t *info = siginfo;

	if (info == NULL) {
		note("none");
	} else if (received >= codes_count || info->si_code != codes[received] || info->si_signo != SIGRTMIN ||
		   info->si_pid != 1 || info->si_uid != pretended_uid || info->si_value.sival_int != received) {
		note("%d:%d:%d", received, info->si_code, (int)info->si_pid);
	}
	received++;
}

/* S4, S5: the handler sees what was sent. */
static void test_signal_siginfo__code_made_up_by_the_sender__as_sent(void **state)
{
	struct fixture *f = fixture_of(state);

	received = 0;
	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGRTMIN, SA_SIGINFO, check_info, NULL));
	assert_child_succeeds(send_all, NULL);
	while (received < codes_count) {
		turns(f->ev, 1);
	}
	assert_notes("");
	assert_int_equal(received, codes_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_signal_siginfo__code_made_up_by_the_sender__as_sent),
	};

	return cmocka_run_group_tests_name("forged_signals", tests, group_setup, NULL);
}
