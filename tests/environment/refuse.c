/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * refuse CALL ERROR PROGRAM [ARGUMENT...]: runs PROGRAM with one system call
 * refused with one error, as by a container's filter or an old kernel.
 *
 * CALL is a name from the table below; `setsig` is fcntl() with F_SETSIG, and
 * pipe2() is refused only with flags: without them it is libc's pipe().  ERROR is
 * ENOSYS or EPERM. Exit status 77: the filter does not support this processor.  The
 * call is tried first: a filter without effect is an error.
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_PROCESSOR AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_PROCESSOR AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_PROCESSOR AUDIT_ARCH_RISCV64
#endif

enum { not_run = 77, failed = 98 };

#ifdef THIS_PROCESSOR

static const struct refusable {
	const char *name;
	long number;
} refusable[] = {
	{"eventfd2", SYS_eventfd2}, {"epoll_create1", SYS_epoll_create1},
	{"dup3", SYS_dup3},         {"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo},
	{"pipe2", SYS_pipe2},       {"setsig", SYS_fcntl},
};

static int install(long number, int error)
{
	/* The others are refused with any arguments. */
	const uint8_t any_arguments = number == SYS_fcntl || number == SYS_pipe2 ? 0 : 2;
	/* Whether the second argument has to be equal or different. */
	const uint32_t argument = number == SYS_fcntl ? F_SETSIG : 0;
	const uint8_t same = number == SYS_fcntl ? 0 : 1, other = number == SYS_fcntl ? 1 : 0;
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_PROCESSOR, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, any_arguments, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, same, other),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(steps) / sizeof(steps[0]), .filter = steps};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		return -1;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* -1 for each argument: without the filter the answer is EBADF or EFAULT. */
static int error_of(long number)
{
	return syscall(number, -1L, number == SYS_fcntl ? (long)F_SETSIG : -1L, -1L, -1L) == -1 ? errno : 0;
}

int main(int argc, char **argv)
{
	const struct refusable *call = NULL;
	int error;

	for (size_t i = 0; argc > 3 && i < sizeof(refusable) / sizeof(refusable[0]); i++) {
		if (strcmp(argv[1], refusable[i].name) == 0) {
			call = &refusable[i];
		}
	}
	if (call == NULL || (strcmp(argv[2], "ENOSYS") != 0 && strcmp(argv[2], "EPERM") != 0)) {
		fprintf(stderr, "usage: refuse CALL ENOSYS|EPERM PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	error = strcmp(argv[2], "EPERM") == 0 ? EPERM : ENOSYS;
	if (error_of(call->number) == error || install(call->number, error) == -1 || error_of(call->number) != error) {
		fprintf(stderr, "refuse: %s cannot be refused here with %s\n", argv[1], argv[2]);
		return failed;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return failed;
}

#else

int main(void)
{
	printf("skipped: the filter does not know this processor\n");
	return not_run;
}

#endif
