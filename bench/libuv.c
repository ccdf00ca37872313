/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The workloads on libuv.  It has no immediates; its timers count milliseconds from now, so no timer can be set
 * before another due one; and closing a handle needs a turn of the loop.  The workloads about these are left out.
 * Handles are the caller's memory, so cancelling and setting a timer need none.
 */

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "driver.h"
#include "handover.h"

enum { READY_FDS = 100, FAR_AWAY_MS = 100000000 };

struct all {
	uv_loop_t loop;
	uv_timer_t *timers;
	uv_poll_t *polls;
	int *fds;
	uv_signal_t signal;
	uv_async_t async;
	unsigned n;
	uint64_t ran;
	uint64_t wanted; /* by handlers that continue by themselves */
	unsigned oldest;
	uint64_t newest;
	struct bench_random random;
	struct bench_handover threads;
};

static struct all *create(unsigned n)
{
	struct all *all = calloc(1, sizeof(*all));
	BENCH_CHECK(all != NULL && uv_loop_init(&all->loop) == 0);
	all->loop.data = all;
	all->n = n;
	all->random = BENCH_SEED;
	return all;
}

static void close_handle(uv_handle_t *handle, void *private_data)
{
	(void)private_data;
	if (!uv_is_closing(handle)) {
		uv_close(handle, NULL);
	}
}

static void tear_down(void *state)
{
	struct all *all = state;
	uv_walk(&all->loop, close_handle, NULL);
	uv_run(&all->loop, UV_RUN_DEFAULT);
	BENCH_CHECK(uv_loop_close(&all->loop) == 0);
	for (unsigned i = 0; all->fds != NULL && i < all->n; i++) {
		close(all->fds[i]);
	}
	free(all->timers);
	free(all->polls);
	free(all->fds);
	free(all);
}

/* Iterations that wait, until this many handlers have run. */
static uint64_t run_until(struct all *all, uint64_t operations)
{
	all->ran = 0;
	while (all->ran < operations) {
		uv_run(&all->loop, UV_RUN_ONCE);
	}
	return 0;
}

static uint64_t run_loop(void *state, uint64_t operations)
{
	return run_until(state, operations);
}

/* ---- timers ------------------------------------------------------------------------------------------------ */

static void note_timer(uv_timer_t *timer)
{
	struct all *all = timer->data;
	all->ran++;
}

static void set_in(uv_timer_t *timer, uint64_t milliseconds)
{
	uv_timer_start(timer, note_timer, FAR_AWAY_MS + milliseconds, 0);
}

static struct all *create_timers(unsigned n)
{
	struct all *all = create(n);
	all->timers = calloc(n + 1, sizeof(uv_timer_t));
	for (unsigned i = 0; i <= n; i++) {
		uv_timer_init(&all->loop, &all->timers[i]);
		all->timers[i].data = all;
	}
	return all;
}

/* Keeps the last one: for workloads with due timers. */
static void *set_up_pending(unsigned n)
{
	struct all *all = create_timers(n);
	for (unsigned i = 0; i < n; i++) {
		set_in(&all->timers[i], all->newest++);
	}
	return all;
}

static uv_timer_t *next_oldest(struct all *all)
{
	uv_timer_t *timer = &all->timers[all->oldest];
	all->oldest = all->oldest + 1 == all->n ? 0 : all->oldest + 1;
	return timer;
}

static uint64_t run_rearm(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_timer_t *timer = next_oldest(all);
		uv_timer_stop(timer);
		set_in(timer, all->newest++);
	}
	return 0;
}

static uint64_t run_random(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_timer_t *timer = &all->timers[bench_random(&all->random, all->n)];
		uv_timer_stop(timer);
		set_in(timer, bench_random(&all->random, all->n));
	}
	return 0;
}

static uint64_t run_update(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		set_in(next_oldest(all), all->newest++);
	}
	return 0;
}

static uint64_t run_update_random(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_timer_t *timer = &all->timers[bench_random(&all->random, all->n)];
		set_in(timer, bench_random(&all->random, all->n));
	}
	return 0;
}

static uint64_t run_behind(void *state, uint64_t operations)
{
	struct all *all = state;
	all->ran = 0;
	for (uint64_t i = 0; i < operations; i++) {
		uv_timer_start(&all->timers[all->n], note_timer, 0, 0);
		/* An iteration runs the timer first, and then waits for the next one if it may. */
		uv_run(&all->loop, UV_RUN_NOWAIT);
	}
	BENCH_CHECK(all->ran == operations);
	return 0;
}

/* The same iteration also runs a zero timer that is set while timers run, and so on: the chain has to end by itself. */
static void set_zero_again(uv_timer_t *timer)
{
	struct all *all = timer->data;
	if (++all->ran < all->wanted) {
		uv_timer_start(timer, set_zero_again, 0, 0);
	}
}

static uint64_t run_zero(void *state, uint64_t operations)
{
	struct all *all = state;
	all->wanted = operations;
	uv_timer_start(&all->timers[0], set_zero_again, 0, 0);
	return run_until(all, operations);
}

static void *set_up_timers(unsigned n)
{
	return create_timers(n);
}

/* ---- file descriptors -------------------------------------------------------------------------------------- */

static void note(uv_poll_t *poll, int status, int events)
{
	struct all *all = poll->data;
	(void)status;
	(void)events;
	all->ran++;
}

static struct all *create_fds(unsigned n)
{
	struct all *all = create(n);
	all->polls = calloc(n, sizeof(uv_poll_t));
	all->fds = calloc(n, sizeof(int));
	return all;
}

static void watch(struct all *all, uv_poll_t *poll, int fd, uv_poll_cb handler)
{
	BENCH_CHECK(uv_poll_init(&all->loop, poll, fd) == 0);
	poll->data = all;
	uv_poll_start(poll, UV_READABLE, handler);
}

static void *set_up_unwatched(unsigned n)
{
	struct all *all = create_fds(n);
	all->fds[0] = bench_eventfd(1);
	return all;
}

static void *set_up_ready(unsigned n)
{
	struct all *all = set_up_unwatched(n);
	watch(all, &all->polls[0], all->fds[0], note);
	return all;
}

static void *set_up_many(unsigned n)
{
	struct all *all = create_fds(n);
	for (unsigned i = 0; i < n; i++) {
		all->fds[i] = bench_eventfd(i % (n / READY_FDS) == 0);
		watch(all, &all->polls[i], all->fds[i], note);
	}
	return all;
}

static void read_it(uv_poll_t *poll, int status, int events)
{
	struct all *all = poll->data;
	bench_read_eventfd(all->fds[0]);
	note(poll, status, events);
}

static void read_and_stop(uv_poll_t *poll, int status, int events)
{
	read_it(poll, status, events);
	uv_poll_stop(poll);
}

static struct all *create_with_eventfd(unsigned n, uv_poll_cb handler)
{
	struct all *all = create_fds(n);
	all->fds[0] = bench_eventfd(0);
	watch(all, &all->polls[0], all->fds[0], handler);
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
		bench_write_eventfd(all->fds[0]);
		run_until(all, 1);
	}
	return 0;
}

static uint64_t run_read_interest(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		bench_write_eventfd(all->fds[0]);
		run_until(all, 1);
		uv_poll_start(&all->polls[0], UV_READABLE, read_and_stop);
	}
	return 0;
}

static void return_it(uv_poll_t *poll, int status, int events)
{
	struct all *all = poll->data;
	const int fd = all->fds[poll - all->polls];
	char byte;
	BENCH_CHECK(read(fd, &byte, 1) == 1);
	BENCH_CHECK(write(fd, &byte, 1) == 1);
	note(poll, status, events);
}

static void *set_up_socketpair(unsigned n)
{
	struct all *all = create_fds(2 * n);
	bench_socketpair(all->fds);
	watch(all, &all->polls[0], all->fds[0], return_it);
	watch(all, &all->polls[1], all->fds[1], return_it);
	BENCH_CHECK(write(all->fds[0], "", 1) == 1);
	return all;
}

static void *set_up_interest(unsigned n)
{
	struct all *all = set_up_ready(n);
	run_until(all, 1);
	return all;
}

static uint64_t run_write_interest(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_poll_start(&all->polls[0], UV_READABLE | UV_WRITABLE, note);
		uv_poll_start(&all->polls[0], UV_READABLE, note);
	}
	return run_until(all, 1);
}

static uint64_t run_add_turn_free(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(all, &all->polls[0], all->fds[0], note);
		run_until(all, 1);
		uv_close((uv_handle_t *)&all->polls[0], NULL);
		uv_run(&all->loop, UV_RUN_NOWAIT);
	}
	return 0;
}

/* ---- signals, threads, contexts ---------------------------------------------------------------------------- */

static void note_signal(uv_signal_t *watcher, int signum)
{
	struct all *all = watcher->data;
	(void)signum;
	all->ran++;
}

static struct all *listen_to_signal(struct all *all)
{
	uv_signal_init(&all->loop, &all->signal);
	all->signal.data = all;
	uv_signal_start(&all->signal, note_signal, SIGUSR1);
	return all;
}

static void *set_up_signal(unsigned n)
{
	return listen_to_signal(create(n));
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

static void raise_it(uv_poll_t *poll, int status, int events)
{
	(void)poll;
	(void)status;
	(void)events;
	bench_signal();
}

static void *set_up_signal_busy(unsigned n)
{
	struct all *all = listen_to_signal(create_fds(n));
	all->fds[0] = bench_eventfd(1);
	watch(all, &all->polls[0], all->fds[0], raise_it);
	return all;
}

static void wake(void *private_data)
{
	struct all *all = private_data;
	uv_async_send(&all->async);
}

static void woken(uv_async_t *async)
{
	struct all *all = async->data;
	bench_handover_read(&all->threads);
}

static void turn(void *private_data)
{
	struct all *all = private_data;
	uv_run(&all->loop, UV_RUN_ONCE);
}

static void *set_up_threads(unsigned n)
{
	struct all *all = create(0);
	uv_async_init(&all->loop, &all->async, woken);
	all->async.data = all;
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

static void *set_up(unsigned n)
{
	return create(n);
}

static uint64_t run_context(void *state, uint64_t operations)
{
	(void)state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_loop_t loop;
		uv_loop_init(&loop);
		uv_loop_close(&loop);
	}
	return 0;
}

/* ---- memory: each handle in an allocation of its own, kept to the end -------------------------------------- */

static void *set_up_fds(unsigned n)
{
	struct all *all = create(n);
	all->fds = calloc(n, sizeof(int));
	for (unsigned i = 0; i < n; i++) {
		all->fds[i] = bench_eventfd(0);
	}
	return all;
}

static uint64_t run_memory_fd(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		watch(all, malloc(sizeof(uv_poll_t)), all->fds[i], note);
	}
	return 0;
}

static uint64_t run_memory_timer(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		uv_timer_t *timer = malloc(sizeof(uv_timer_t));
		uv_timer_init(&all->loop, timer);
		set_in(timer, i);
	}
	return 0;
}

static const struct bench_case cases[] = {
	{"zero_timer", set_up_timers, run_zero, tear_down},
	{"timer_rearm_10", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_1k", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_10k", set_up_pending, run_rearm, tear_down},
	{"timer_rearm_100k", set_up_pending, run_rearm, tear_down},
	{"timer_random_10", set_up_pending, run_random, tear_down},
	{"timer_random_1k", set_up_pending, run_random, tear_down},
	{"timer_random_10k", set_up_pending, run_random, tear_down},
	{"timer_random_100k", set_up_pending, run_random, tear_down},
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
	{"fd_add_turn_free", set_up_unwatched, run_add_turn_free, tear_down},
	{"signal", set_up_signal, run_signal, tear_down},
	{"signal_busy", set_up_signal_busy, run_loop, tear_down},
	{"thread_1", set_up_threads, run_threads, tear_down_threads},
	{"thread_4", set_up_threads, run_threads, tear_down_threads},
	{"thread_wakeup", set_up_threads, run_wakeup, tear_down_threads},
	{"context", set_up, run_context, tear_down},
	{"memory_fd", set_up_fds, run_memory_fd, tear_down},
	{"memory_timer", set_up, run_memory_timer, tear_down},
	{NULL, NULL, NULL, NULL},
};

const struct bench_case *const bench_program[] = {cases, NULL};
