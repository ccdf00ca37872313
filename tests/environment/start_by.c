/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * start_by WAY PROGRAM [ARGUMENT...]: starts PROGRAM in a child created in one
 * of the WAYs below, and ends as the child does.
 */

#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { failed = 98 };

extern char **environ;

static char **program;

/* Always inlined: a child of vfork() must not return from the function that created it. */
__attribute__((always_inline)) static inline void become_program(void)
{
	execvp(program[0], program);
	_exit(failed);
}

static pid_t by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		become_program();
	}
	return pid;
}

static pid_t by_vfork(void)
{
	pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork): the subject

	if (pid == 0) {
		become_program(); // NOLINT(clang-analyzer-unix.Vfork): execvp() and _exit() alone, inlined
	}
	return pid;
}

static pid_t by_posix_spawn(void)
{
	pid_t pid = -1;

	return posix_spawnp(&pid, program[0], NULL, NULL, program, environ) == 0 ? pid : -1;
}

static void *fork_in_thread(void *pid)
{
	*(pid_t *)pid = by_fork();
	return NULL;
}

static pid_t by_thread(void)
{
	pthread_t thread;
	pid_t pid = -1;

	if (pthread_create(&thread, NULL, fork_in_thread, &pid) == 0) {
		pthread_join(thread, NULL);
	}
	return pid;
}

/* Without pthread_atfork() handlers. */
static pid_t by_bare_fork(void)
{
	pid_t pid = _Fork();

	if (pid == 0) {
		become_program();
	}
	return pid;
}

/* Without libc. */
static pid_t by_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0) {
		become_program();
	}
	return pid;
}

static const struct way {
	const char *name;
	pid_t (*start)(void);
} ways[] = {
	{"vfork", by_vfork}, {"posix_spawn", by_posix_spawn}, {"thread", by_thread}, {"_Fork", by_bare_fork},
	{"clone", by_clone},
};

int main(int argc, char **argv)
{
	int status = -1;
	pid_t pid = -1;

	program = argv + 2;
	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			pid = ways[i].start();
		}
	}
	if (pid <= 0) {
		fprintf(stderr, "start_by: no way to start a program: %s\n", argc > 1 ? argv[1] : "");
		return failed;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
