/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* File descriptors; each case's handler determines how the readiness is handled. */

#include <unistd.h>

#include "cases.h"

enum { READY_FDS = 100 };

struct fds {
	struct tevent_context *ev;
	struct tevent_fd *fde;
	struct tevent_fd *other;
	int fd[2]; /* the event's own, and its peer if it has one */
	uint64_t ran;
};

static struct fds *create(void)
{
	struct fds *all = talloc_zero(NULL, struct fds);
	all->ev = bench_context(all);
	all->fd[0] = -1;
	all->fd[1] = -1;
	return all;
}

static struct tevent_fd *watch(struct fds *all, int fd, tevent_fd_handler_t handler)
{
	struct tevent_fd *fde = tevent_add_fd(all->ev, all, fd, TEVENT_FD_READ, handler, all);
	BENCH_CHECK(fde != NULL);
	return fde;
}

static void tear_down(void *state)
{
	struct fds *all = state;
	const int fd[2] = {all->fd[0], all->fd[1]};
	talloc_free(all);
	for (unsigned i = 0; i < 2; i++) {
		if (fd[i] >= 0) {
			close(fd[i]);
		}
	}
}

static uint64_t turns(struct fds *all, uint64_t operations)
{
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

/* ---- dispatch ---------------------------------------------------------------------------------------------- */

static void note(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct fds *all = private_data;
	(void)ev;
	(void)fde;
	(void)flags;
	all->ran++;
}

static void *set_up_ready(unsigned n)
{
	struct fds *all = create();
	(void)n;
	all->fd[0] = bench_eventfd(1);
	all->fde = watch(all, all->fd[0], note);
	return all;
}

static void *set_up_many(unsigned n)
{
	struct fds *all = create();
	for (unsigned i = 0; i < n; i++) {
		tevent_fd_set_auto_close(watch(all, bench_eventfd(i % (n / READY_FDS) == 0), note));
	}
	return all;
}

static uint64_t run_dispatch(void *state, uint64_t operations)
{
	return turns(state, operations);
}

/* ---- ping-pong --------------------------------------------------------------------------------------------- */

static void read_eventfd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct fds *all = private_data;
	(void)ev;
	(void)fde;
	(void)flags;
	bench_read_eventfd(all->fd[0]);
	all->ran++;
}

static void *set_up_eventfd(unsigned n)
{
	struct fds *all = create();
	(void)n;
	all->fd[0] = bench_eventfd(0);
	all->fde = watch(all, all->fd[0], read_eventfd);
	return all;
}

static uint64_t run_eventfd(void *state, uint64_t operations)
{
	struct fds *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(all->fd[0]);
		bench_turn(all->ev);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

static void return_it(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct fds *all = private_data;
	const int fd = fde == all->fde ? all->fd[0] : all->fd[1];
	char byte;
	(void)ev;
	(void)flags;
	BENCH_CHECK(read(fd, &byte, 1) == 1);
	BENCH_CHECK(write(fd, &byte, 1) == 1);
	all->ran++;
}

static void *set_up_socketpair(unsigned n)
{
	struct fds *all = create();
	(void)n;
	bench_socketpair(all->fd);
	all->fde = watch(all, all->fd[0], return_it);
	all->other = watch(all, all->fd[1], return_it);
	BENCH_CHECK(write(all->fd[0], "", 1) == 1);
	return all;
}

/* ---- interest ---------------------------------------------------------------------------------------------- */

static void *set_up_interest(unsigned n)
{
	struct fds *all = set_up_ready(n);
	/* The loop, and through it the kernel, have registered the fd. */
	turns(all, 1);
	return all;
}

static uint64_t run_write_interest(void *state, uint64_t operations)
{
	struct fds *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		TEVENT_FD_WRITEABLE(all->fde);
		TEVENT_FD_NOT_WRITEABLE(all->fde);
	}
	return turns(all, 1);
}

static void read_and_stop(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	read_eventfd(ev, fde, flags, private_data);
	TEVENT_FD_NOT_READABLE(fde);
}

static void *set_up_read_interest(unsigned n)
{
	struct fds *all = create();
	(void)n;
	all->fd[0] = bench_eventfd(0);
	all->fde = watch(all, all->fd[0], read_and_stop);
	return all;
}

static uint64_t run_read_interest(void *state, uint64_t operations)
{
	struct fds *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(all->fd[0]);
		bench_turn(all->ev);
		TEVENT_FD_READABLE(all->fde);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

/* ---- coming and going -------------------------------------------------------------------------------------- */

static void *set_up_unwatched(unsigned n)
{
	struct fds *all = create();
	(void)n;
	all->fd[0] = bench_eventfd(1);
	return all;
}

static uint64_t run_add_free(void *state, uint64_t operations)
{
	struct fds *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		talloc_free(watch(all, all->fd[0], note));
	}
	return 0;
}

static uint64_t run_add_turn_free(void *state, uint64_t operations)
{
	struct fds *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		struct tevent_fd *fde = watch(all, all->fd[0], note);
		bench_turn(all->ev);
		talloc_free(fde);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

const struct bench_case tevent_fds[] = {
	{"fd_dispatch_1", set_up_ready, run_dispatch, tear_down},
	{"fd_dispatch_100_of_10k", set_up_many, run_dispatch, tear_down},
	{"pingpong_eventfd", set_up_eventfd, run_eventfd, tear_down},
	{"pingpong_socketpair", set_up_socketpair, run_dispatch, tear_down},
	{"write_interest_toggle", set_up_interest, run_write_interest, tear_down},
	{"read_off_on", set_up_read_interest, run_read_interest, tear_down},
	{"fd_add_free", set_up_unwatched, run_add_free, tear_down},
	{"fd_add_turn_free", set_up_unwatched, run_add_turn_free, tear_down},
	{NULL, NULL, NULL, NULL},
};
