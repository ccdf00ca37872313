/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The workloads on libev.  An immediate is an event that is fed manually; watchers are the caller's memory, so
 * cancelling and setting need none.  One loop iteration reports all ready events, where tevent reports one.
 *
 * Timers are relative to the loop's cached time; no clock is read between iterations.
 */

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "driver.h"
#include "handover.h"

enum { READY_FDS = 100, FAR_AWAY_S = 100000 };

struct all {
	struct ev_loop *loop;
	ev_timer *timers;
	ev_io *ios;
	ev_idle *idles;
	ev_io one;
	ev_io other;
	ev_signal signal;
	ev_async async;
	unsigned n;
	int fd[2];
	uint64_t ran;
	uint64_t wanted; /* the loop ends after this many */
	unsigned oldest;
	uint64_t newest;
	unsigned *order;
	struct bench_random random;
	struct bench_handover threads;
};

static struct all *create(unsigned n)
{
	struct all *all = calloc(1, sizeof(*all));
	BENCH_CHECK(all != NULL);
	all->loop = ev_loop_new(EVFLAG_AUTO);
	BENCH_CHECK(all->loop != NULL);
	ev_set_userdata(all->loop, all);
	all->n = n;
	all->fd[0] = -1;
	all->fd[1] = -1;
	all->random = BENCH_SEED;
	return all;
}

static void *set_up(unsigned n)
{
	return create(n);
}

static void tear_down(void *state)
{
	struct all *all = state;
	ev_loop_destroy(all->loop);
	for (unsigned i = 0; i < 2; i++) {
		if (all->fd[i] >= 0) {
			close(all->fd[i]);
		}
	}
	for (unsigned i = 0; all->ios != NULL && i < all->n; i++) {
		close(all->ios[i].fd);
	}
	free(all->timers);
	free(all->ios);
	free(all->idles);
	free(all->order);
	free(all);
}

static struct all *of(struct ev_loop *loop)
{
	return ev_userdata(loop);
}

/* Iterations that wait, until this many handlers have run. */
static uint64_t run_until(struct all *all, uint64_t operations)
{
	all->ran = 0;
	while (all->ran < operations) {
		ev_run(all->loop, EVRUN_ONCE);
	}
	return 0;
}

static uint64_t run_loop(void *state, uint64_t operations)
{
	return run_until(state, operations);
}

/* ---- immediates -------------------------------------------------------------------------------------------- */

static void feed_again(struct ev_loop *loop, ev_idle *idle, int what)
{
	struct all *all = of(loop);
	(void)what;
	if (++all->ran < all->wanted) {
		ev_feed_event(loop, idle, EV_CUSTOM);
	}
}

static void *set_up_chain(unsigned n)
{
	struct all *all = create(n);
	all->idles = calloc(1, sizeof(ev_idle));
	ev_init(all->idles, feed_again);
	return all;
}

static uint64_t run_chain(void *state, uint64_t operations)
{
	struct all *all = state;
	all->ran = 0;
	all->wanted = operations;
	ev_feed_event(all->loop, all->idles, EV_CUSTOM);
	ev_invoke_pending(all->loop);
	BENCH_CHECK(all->ran == operations);
	return 0;
}

static void free_idle(struct ev_loop *loop, ev_idle *idle, int what)
{
	(void)what;
	of(loop)->ran++;
	free(idle);
}

static uint64_t run_burst(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t done = 0; done < operations; done += all->n) {
		all->ran = 0;
		for (unsigned i = 0; i < all->n; i++) {
			ev_idle *idle = malloc(sizeof(ev_idle));
			ev_init(idle, free_idle);
			ev_feed_event(all->loop, idle, EV_CUSTOM);
		}
		ev_invoke_pending(all->loop);
		BENCH_CHECK(all->ran == all->n);
	}
	return 0;
}

/* ---- timers ------------------------------------------------------------------------------------------------ */

static void note_timer(struct ev_loop *loop, ev_timer *timer, int what)
{
	(void)timer;
	(void)what;
	of(loop)->ran++;
}

static void set_in(struct all *all, ev_timer *timer, uint64_t milliseconds)
{
	ev_timer_set(timer, FAR_AWAY_S + (double)milliseconds * 1e-3, 0.);
	ev_timer_start(all->loop, timer);
}

static struct all *create_timers(unsigned n)
{
	struct all *all = create(n);
	all->timers = calloc(n + 1, sizeof(ev_timer));
	for (unsigned i = 0; i <= n; i++) {
		ev_init(&all->timers[i], note_timer);
	}
	return all;
}

/* Keeps the last one: for workloads with due timers. */
static void *set_up_pending(unsigned n)
{
	struct all *all = create_timers(n);
	for (unsigned i = 0; i < n; i++) {
		set_in(all, &all->timers[i], all->newest++);
	}
	return all;
}

static ev_timer *next_oldest(struct all *all)
{
	ev_timer *timer = &all->timers[all->oldest];
	all->oldest = all->oldest + 1 == all->n ? 0 : all->oldest + 1;
	return timer;
}

static uint64_t run_rearm(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_timer *timer = next_oldest(all);
		ev_timer_stop(all->loop, timer);
		set_in(all, timer, all->newest++);
	}
	return 0;
}

static uint64_t run_random(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_timer *timer = &all->timers[bench_random(&all->random, all->n)];
		ev_timer_stop(all->loop, timer);
		set_in(all, timer, bench_random(&all->random, all->n));
	}
	return 0;
}

static void move_to(struct all *all, ev_timer *timer, uint64_t milliseconds)
{
	timer->repeat = FAR_AWAY_S + (double)milliseconds * 1e-3;
	ev_timer_again(all->loop, timer);
}

static uint64_t run_update(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		move_to(all, next_oldest(all), all->newest++);
	}
	return 0;
}

static uint64_t run_update_random(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_timer *timer = &all->timers[bench_random(&all->random, all->n)];
		move_to(all, timer, bench_random(&all->random, all->n));
	}
	return 0;
}

static void *set_up_mixed(unsigned n)
{
	struct all *all = create_timers(n);
	all->order = bench_permutation(n);
	return all;
}

static uint64_t run_fire(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t done = 0; done < operations; done += all->n) {
		for (unsigned i = 0; i < all->n; i++) {
			ev_timer_set(&all->timers[i], -2000. + all->order[i], 0.);
			ev_timer_start(all->loop, &all->timers[i]);
		}
		run_until(all, all->n);
	}
	return 0;
}

static uint64_t run_behind(void *state, uint64_t operations)
{
	struct all *all = state;
	ev_timer *timer = &all->timers[all->n];
	for (uint64_t i = 0; i < operations; i++) {
		ev_timer_set(timer, -1., 0.);
		ev_timer_start(all->loop, timer);
		run_until(all, 1);
	}
	return 0;
}

static void set_zero_again(struct ev_loop *loop, ev_timer *timer, int what)
{
	(void)what;
	of(loop)->ran++;
	ev_timer_set(timer, 0., 0.);
	ev_timer_start(loop, timer);
}

static void *set_up_zero(unsigned n)
{
	struct all *all = create_timers(n);
	ev_init(&all->timers[0], set_zero_again);
	set_zero_again(all->loop, &all->timers[0], 0);
	return all;
}

/* ---- file descriptors -------------------------------------------------------------------------------------- */

typedef void (*io_handler)(struct ev_loop *loop, ev_io *io, int what);

static void note(struct ev_loop *loop, ev_io *io, int what)
{
	(void)io;
	(void)what;
	of(loop)->ran++;
}

static void watch(struct all *all, ev_io *io, int fd, io_handler handler)
{
	ev_io_init(io, handler, fd, EV_READ);
	ev_io_start(all->loop, io);
}

static void *set_up_unwatched(unsigned n)
{
	struct all *all = create(n);
	all->fd[0] = bench_eventfd(1);
	return all;
}

static void *set_up_ready(unsigned n)
{
	struct all *all = set_up_unwatched(n);
	watch(all, &all->one, all->fd[0], note);
	return all;
}

static void *set_up_many(unsigned n)
{
	struct all *all = create(n);
	all->ios = calloc(n, sizeof(ev_io));
	for (unsigned i = 0; i < n; i++) {
		watch(all, &all->ios[i], bench_eventfd(i % (n / READY_FDS) == 0), note);
	}
	return all;
}

static void read_it(struct ev_loop *loop, ev_io *io, int what)
{
	(void)what;
	bench_read_eventfd(io->fd);
	of(loop)->ran++;
}

static void read_and_stop(struct ev_loop *loop, ev_io *io, int what)
{
	read_it(loop, io, what);
	ev_io_stop(loop, io);
}

static struct all *create_with_eventfd(unsigned n, io_handler handler)
{
	struct all *all = create(n);
	all->fd[0] = bench_eventfd(0);
	watch(all, &all->one, all->fd[0], handler);
	return all;
}

static void *set_up_eventfd(unsigned n)
{
	return create_with_eventfd(n, read_it);
}

static void *set_up_read_interest(unsigned n)
{
	return create_with_eventfd(n, read_and_stop);
}

static uint64_t run_eventfd(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(all->fd[0]);
		run_until(all, 1);
	}
	return 0;
}

static uint64_t run_read_interest(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(all->fd[0]);
		run_until(all, 1);
		ev_io_start(all->loop, &all->one);
	}
	return 0;
}

static void return_it(struct ev_loop *loop, ev_io *io, int what)
{
	char byte;
	(void)what;
	BENCH_CHECK(read(io->fd, &byte, 1) == 1);
	BENCH_CHECK(write(io->fd, &byte, 1) == 1);
	of(loop)->ran++;
}

static void *set_up_socketpair(unsigned n)
{
	struct all *all = create(n);
	bench_socketpair(all->fd);
	watch(all, &all->one, all->fd[0], return_it);
	watch(all, &all->other, all->fd[1], return_it);
	BENCH_CHECK(write(all->fd[0], "", 1) == 1);
	return all;
}

static void *set_up_interest(unsigned n)
{
	struct all *all = set_up_ready(n);
	ev_io_init(&all->other, note, all->fd[0], EV_WRITE);
	run_until(all, 1);
	return all;
}

static uint64_t run_write_interest(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_io_start(all->loop, &all->other);
		ev_io_stop(all->loop, &all->other);
	}
	return run_until(all, 1);
}

static uint64_t run_add_free(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(all, &all->one, all->fd[0], note);
		ev_io_stop(all->loop, &all->one);
	}
	return 0;
}

static uint64_t run_add_turn_free(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(all, &all->one, all->fd[0], note);
		run_until(all, 1);
		ev_io_stop(all->loop, &all->one);
	}
	return 0;
}

/* ---- signals, threads, contexts ---------------------------------------------------------------------------- */

static void note_signal(struct ev_loop *loop, ev_signal *watcher, int what)
{
	(void)watcher;
	(void)what;
	of(loop)->ran++;
}

static void *set_up_signal(unsigned n)
{
	struct all *all = create(n);
	ev_signal_init(&all->signal, note_signal, SIGUSR1);
	ev_signal_start(all->loop, &all->signal);
	return all;
}

static void raise_it(struct ev_loop *loop, ev_io *io, int what)
{
	(void)loop;
	(void)io;
	(void)what;
	bench_signal();
}

static void *set_up_signal_busy(unsigned n)
{
	struct all *all = set_up_signal(n);
	all->fd[0] = bench_eventfd(1);
	ev_io_init(&all->one, raise_it, all->fd[0], EV_READ);
	ev_io_start(all->loop, &all->one);
	return all;
}

static void tear_down_signal(void *state)
{
	struct all *all = state;
	ev_signal_stop(all->loop, &all->signal);
	tear_down(all);
}

static uint64_t run_signal(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		bench_signal();
		run_until(all, 1);
	}
	return 0;
}

static void wake(void *private_data)
{
	struct all *all = private_data;
	ev_async_send(all->loop, &all->async);
}

static void woken(struct ev_loop *loop, ev_async *async, int what)
{
	(void)async;
	(void)what;
	bench_handover_read(&of(loop)->threads);
}

static void turn(void *private_data)
{
	struct all *all = private_data;
	ev_run(all->loop, EVRUN_ONCE);
}

static void *set_up_threads(unsigned n)
{
	struct all *all = create(0);
	ev_async_init(&all->async, woken);
	ev_async_start(all->loop, &all->async);
	bench_handover_init(&all->threads, n, all, wake, turn);
	return all;
}

static void tear_down_threads(void *state)
{
	struct all *all = state;
	bench_handover_end(&all->threads);
	tear_down(all);
}

static uint64_t run_threads(void *state, uint64_t operations)
{
	struct all *all = state;
	return bench_handover_many(&all->threads, operations);
}

static uint64_t run_wakeup(void *state, uint64_t operations)
{
	struct all *all = state;
	return bench_handover_wakeup(&all->threads, operations);
}

static uint64_t run_context(void *state, uint64_t operations)
{
	(void)state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_loop_destroy(ev_loop_new(EVFLAG_AUTO));
	}
	return 0;
}

/* ---- memory: each watcher in an allocation of its own, kept to the end ------------------------------------- */

static void *set_up_fds(unsigned n)
{
	struct all *all = create(0);
	all->order = calloc(n, sizeof(unsigned));
	for (unsigned i = 0; i < n; i++) {
		all->order[i] = (unsigned)bench_eventfd(0);
	}
	return all;
}

static uint64_t run_memory_fd(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(all, malloc(sizeof(ev_io)), (int)all->order[i], note);
	}
	/* The loop's own records of the fds are included. */
	ev_run(all->loop, EVRUN_NOWAIT);
	return 0;
}

static uint64_t run_memory_timer(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		ev_timer *timer = malloc(sizeof(ev_timer));
		ev_init(timer, note_timer);
		set_in(all, timer, i);
	}
	return 0;
}

static const struct bench_case cases[] = {
	{"immediate_chain", set_up_chain, run_chain, tear_down},
	{"immediate_burst", set_up, run_burst, tear_down},
	{"zero_timer", set_up_zero, run_loop, tear_down},
	{"timer_rearm_10", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_1k", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_10k", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_100k", set_up_pending, run_rearm, tear_down},
	{"timer_random_10", set_up_pending, run_random, tear_down},
	{"timer_random_1k", set_up_pending, run_random, tear_down},
	{"timer_random_10k", set_up_pending, run_random, tear_down},
	{"timer_random_100k", set_up_pending, run_random, tear_down},
	{"timer_fire_1000", set_up_mixed, run_fire, tear_down},
	{"timer_behind_1k", set_up_pending, run_behind, tear_down},
	{"timer_behind_10k", set_up_pending, run_behind, tear_down},
	{"timer_update_10k", set_up_pending, run_update, tear_down},
	{"timer_update_random_10k", set_up_pending, run_update_random, tear_down},
	{"fd_dispatch_1", set_up_ready, run_loop, tear_down},
	{"fd_dispatch_100_of_10k", set_up_many, run_loop, tear_down},
	{"pingpong_eventfd", set_up_eventfd, run_eventfd, tear_down},
	{"pingpong_socketpair", set_up_socketpair, run_loop, tear_down},
	{"write_interest_toggle", set_up_interest, run_write_interest, tear_down},
	{"read_off_on", set_up_read_interest, run_read_interest, tear_down},
	{"fd_add_free", set_up_unwatched, run_add_free, tear_down},
	{"fd_add_turn_free", set_up_unwatched, run_add_turn_free, tear_down},
	{"signal", set_up_signal, run_signal, tear_down_signal},
	{"signal_busy", set_up_signal_busy, run_loop, tear_down_signal},
	{"thread_1", set_up_threads, run_threads, tear_down_threads},
	{"thread_4", set_up_threads, run_threads, tear_down_threads},
	{"thread_wakeup", set_up_threads, run_wakeup, tear_down_threads},
	{"context", set_up, run_context, tear_down},
	{"memory_fd", set_up_fds, run_memory_fd, tear_down},
	{"memory_timer", set_up, run_memory_timer, tear_down},
	{NULL, NULL, NULL, NULL},
};

const struct bench_case *const bench_program[] = {cases, NULL};
