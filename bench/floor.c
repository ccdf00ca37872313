/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The floor: no library, just the necessary system calls and a call through a function pointer, as for an event.  It
 * asks the kernel for one event at a time, as tevent's rules require (a reported condition must hold at that moment),
 * and has neither timers nor requests: those need no system calls.
 */

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "handover.h"

enum { READY_FDS = 100, WAIT_MS = 30000 };

struct loop;
typedef void (*handler)(struct loop *loop, int fd);

struct loop {
	int epoll;
	int fd[2];
	int *many;
	unsigned n;
	handler call;
	uint64_t ran;
	struct bench_handover threads;
};

static struct loop *create(handler call)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	BENCH_CHECK(loop != NULL);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	BENCH_CHECK(loop->epoll >= 0);
	loop->fd[0] = -1;
	loop->fd[1] = -1;
	loop->call = call;
	return loop;
}

static void watch(struct loop *loop, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	BENCH_CHECK(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void forget(struct loop *loop, int fd)
{
	BENCH_CHECK(epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL) == 0);
}

static void turn(struct loop *loop)
{
	struct epoll_event event;
	if (epoll_wait(loop->epoll, &event, 1, WAIT_MS) == 1) {
		loop->call(loop, event.data.fd);
	}
}

static void tear_down(void *state)
{
	struct loop *loop = state;
	for (unsigned i = 0; i < 2; i++) {
		if (loop->fd[i] >= 0) {
			close(loop->fd[i]);
		}
	}
	for (unsigned i = 0; i < loop->n; i++) {
		close(loop->many[i]);
	}
	free(loop->many);
	close(loop->epoll);
	free(loop);
}

static uint64_t turns(void *state, uint64_t operations)
{
	struct loop *loop = state;
	loop->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		turn(loop);
	}
	BENCH_CHECK(loop->ran == operations);
	return 0;
}

/* ---- file descriptors -------------------------------------------------------------------------------------- */

static void note(struct loop *loop, int fd)
{
	(void)fd;
	loop->ran++;
}

static void *set_up_unwatched(unsigned n)
{
	struct loop *loop = create(note);
	(void)n;
	loop->fd[0] = bench_eventfd(1);
	return loop;
}

static void *set_up_ready(unsigned n)
{
	struct loop *loop = set_up_unwatched(n);
	watch(loop, loop->fd[0]);
	return loop;
}

static void *set_up_many(unsigned n)
{
	struct loop *loop = create(note);
	loop->many = calloc(n, sizeof(int));
	loop->n = n;
	for (unsigned i = 0; i < n; i++) {
		loop->many[i] = bench_eventfd(i % (n / READY_FDS) == 0);
		watch(loop, loop->many[i]);
	}
	return loop;
}

static void read_it(struct loop *loop, int fd)
{
	bench_read_eventfd(fd);
	loop->ran++;
}

static void *set_up_eventfd(unsigned n)
{
	struct loop *loop = create(read_it);
	(void)n;
	loop->fd[0] = bench_eventfd(0);
	watch(loop, loop->fd[0]);
	return loop;
}

static uint64_t run_eventfd(void *state, uint64_t operations)
{
	struct loop *loop = state;
	loop->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(loop->fd[0]);
		turn(loop);
	}
	BENCH_CHECK(loop->ran == operations);
	return 0;
}

static void return_it(struct loop *loop, int fd)
{
	char byte;
	BENCH_CHECK(read(fd, &byte, 1) == 1);
	BENCH_CHECK(write(fd, &byte, 1) == 1);
	loop->ran++;
}

static void *set_up_socketpair(unsigned n)
{
	struct loop *loop = create(return_it);
	(void)n;
	bench_socketpair(loop->fd);
	watch(loop, loop->fd[0]);
	watch(loop, loop->fd[1]);
	BENCH_CHECK(write(loop->fd[0], "", 1) == 1);
	return loop;
}

static uint64_t run_add_free(void *state, uint64_t operations)
{
	struct loop *loop = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(loop, loop->fd[0]);
		forget(loop, loop->fd[0]);
	}
	return 0;
}

static uint64_t run_add_turn_free(void *state, uint64_t operations)
{
	struct loop *loop = state;
	loop->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		watch(loop, loop->fd[0]);
		turn(loop);
		forget(loop, loop->fd[0]);
	}
	BENCH_CHECK(loop->ran == operations);
	return 0;
}

/* ---- signals, threads, contexts ---------------------------------------------------------------------------- */

static volatile sig_atomic_t arrived;

static void arrive(int signum)
{
	(void)signum;
	arrived = 1;
}

static void *set_up_signal(unsigned n)
{
	struct loop *loop = create(note);
	struct sigaction action;
	(void)n;
	memset(&action, 0, sizeof(action));
	action.sa_handler = arrive;
	sigaction(SIGUSR1, &action, NULL);
	return loop;
}

static uint64_t run_signal(void *state, uint64_t operations)
{
	struct loop *loop = state;
	loop->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_signal();
		if (arrived) {
			arrived = 0;
			loop->call(loop, -1);
		}
	}
	BENCH_CHECK(loop->ran == operations);
	return 0;
}

static void raise_it(struct loop *loop, int fd)
{
	(void)fd;
	bench_signal();
	if (arrived) {
		arrived = 0;
		loop->ran++;
	}
}

static void *set_up_signal_busy(unsigned n)
{
	struct loop *loop = set_up_signal(n);
	loop->call = raise_it;
	loop->fd[0] = bench_eventfd(1);
	watch(loop, loop->fd[0]);
	return loop;
}

static void wake(void *private_data)
{
	const struct loop *loop = private_data;
	bench_write_eventfd(loop->fd[0]);
}

static void woken(struct loop *loop, int fd)
{
	bench_read_eventfd(fd);
	bench_handover_read(&loop->threads);
}

static void thread_turn(void *private_data)
{
	turn(private_data);
}

static void *set_up_threads(unsigned n)
{
	struct loop *loop = create(woken);
	loop->fd[0] = bench_eventfd(0);
	watch(loop, loop->fd[0]);
	bench_handover_init(&loop->threads, n, loop, wake, thread_turn);
	return loop;
}

static void tear_down_threads(void *state)
{
	struct loop *loop = state;
	bench_handover_end(&loop->threads);
	tear_down(loop);
}

static uint64_t run_threads(void *state, uint64_t operations)
{
	struct loop *loop = state;
	return bench_handover_many(&loop->threads, operations);
}

static uint64_t run_wakeup(void *state, uint64_t operations)
{
	struct loop *loop = state;
	return bench_handover_wakeup(&loop->threads, operations);
}

static uint64_t run_context(void *state, uint64_t operations)
{
	(void)state;
	for (uint64_t i = 0; i < operations; i++) {
		tear_down(create(note));
	}
	return 0;
}

static const struct bench_case cases[] = {
	{"fd_dispatch_1", set_up_ready, turns, tear_down},
	{"fd_dispatch_100_of_10k", set_up_many, turns, tear_down},
	{"pingpong_eventfd", set_up_eventfd, run_eventfd, tear_down},
	{"pingpong_socketpair", set_up_socketpair, turns, tear_down},
	{"read_off_on", set_up_eventfd, run_eventfd, tear_down},
	{"fd_add_free", set_up_unwatched, run_add_free, tear_down},
	{"fd_add_turn_free", set_up_unwatched, run_add_turn_free, tear_down},
	{"signal", set_up_signal, run_signal, tear_down},
	{"signal_busy", set_up_signal_busy, turns, tear_down},
	{"thread_1", set_up_threads, run_threads, tear_down_threads},
	{"thread_4", set_up_threads, run_threads, tear_down_threads},
	{"thread_wakeup", set_up_threads, run_wakeup, tear_down_threads},
	{"context", set_up_unwatched, run_context, tear_down},
	{NULL, NULL, NULL, NULL},
};

const struct bench_case *const bench_program[] = {cases, NULL};
