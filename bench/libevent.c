/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The workloads on libevent.  An immediate is an event that is activated manually; cancelling a timer and setting a
 * new one is event_del() and event_add() of one event, as libevent's users do it, which needs no memory.  One loop
 * iteration reports all ready events, where tevent reports one.
 */

#include <event2/event.h>
#include <event2/thread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "crew.h"
#include "driver.h"

enum { READY_FDS = 100, FAR_AWAY_S = 100000 };

struct all {
	struct event_base *base;
	struct event **events;
	struct event *one;
	struct event *other;
	unsigned n;
	int fd[2];
	uint64_t ran;
	uint64_t wanted; /* the loop ends after this many */
	unsigned oldest;
	uint64_t newest;
	unsigned *order;
	struct bench_random random;
	struct bench_crew *crew;
	uint64_t share;
	uint64_t sent_at;
	uint64_t asleep_ns;
};

static struct all *create(unsigned n)
{
	struct all *all = calloc(1, sizeof(*all));
	BENCH_CHECK(all != NULL);
	all->base = event_base_new();
	all->events = calloc(n + 1, sizeof(struct event *));
	all->n = n;
	all->fd[0] = -1;
	all->fd[1] = -1;
	all->random = BENCH_SEED;
	BENCH_CHECK(all->base != NULL && all->events != NULL);
	return all;
}

static void *set_up(unsigned n)
{
	return create(n);
}

static void free_event(struct event *event)
{
	if (event != NULL) {
		event_free(event);
	}
}

static void tear_down(void *state)
{
	struct all *all = state;
	for (unsigned i = 0; i < all->n; i++) {
		if (all->events[i] != NULL && event_get_fd(all->events[i]) >= 0) {
			close(event_get_fd(all->events[i]));
		}
		free_event(all->events[i]);
	}
	free_event(all->one);
	free_event(all->other);
	event_base_free(all->base);
	for (unsigned i = 0; i < 2; i++) {
		if (all->fd[i] >= 0) {
			close(all->fd[i]);
		}
	}
	free(all->events);
	free(all->order);
	free(all);
}

/* Iterations that wait, until this many handlers have run. */
static uint64_t run_until(struct all *all, uint64_t operations)
{
	all->ran = 0;
	while (all->ran < operations) {
		BENCH_CHECK(event_base_loop(all->base, EVLOOP_ONCE) == 0);
	}
	return 0;
}

static void note(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	(void)fd;
	(void)what;
	all->ran++;
}

/* ---- immediates -------------------------------------------------------------------------------------------- */

static void activate_again(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	(void)fd;
	(void)what;
	if (++all->ran == all->wanted) {
		event_base_loopbreak(all->base);
	}
	event_active(all->one, EV_TIMEOUT, 1);
}

static void *set_up_chain(unsigned n)
{
	struct all *all = create(n);
	all->one = event_new(all->base, -1, 0, activate_again, all);
	return all;
}

static uint64_t run_chain(void *state, uint64_t operations)
{
	struct all *all = state;
	all->ran = 0;
	all->wanted = operations;
	event_active(all->one, EV_TIMEOUT, 1);
	event_base_loop(all->base, 0);
	BENCH_CHECK(all->ran == operations);
	return 0;
}

static void free_itself(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	(void)fd;
	(void)what;
	event_free(event_base_get_running_event(all->base));
	all->ran++;
}

static uint64_t run_burst(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t done = 0; done < operations; done += all->n) {
		for (unsigned i = 0; i < all->n; i++) {
			event_active(event_new(all->base, -1, 0, free_itself, all), EV_TIMEOUT, 1);
		}
		run_until(all, all->n);
	}
	return 0;
}

/* ---- timers ------------------------------------------------------------------------------------------------ */

static void set_in(struct event *event, uint64_t milliseconds)
{
	const struct timeval span = {
		.tv_sec = (time_t)(FAR_AWAY_S + milliseconds / 1000),
		.tv_usec = (suseconds_t)(milliseconds % 1000) * 1000,
	};
	BENCH_CHECK(event_add(event, &span) == 0);
}

static void *set_up_pending(unsigned n)
{
	struct all *all = create(n);
	for (unsigned i = 0; i < n; i++) {
		all->events[i] = evtimer_new(all->base, note, all);
		set_in(all->events[i], all->newest++);
	}
	all->one = evtimer_new(all->base, note, all);
	return all;
}

static struct event *next_oldest(struct all *all)
{
	struct event *event = all->events[all->oldest];
	all->oldest = all->oldest + 1 == all->n ? 0 : all->oldest + 1;
	return event;
}

static uint64_t run_rearm(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		struct event *event = next_oldest(all);
		event_del(event);
		set_in(event, all->newest++);
	}
	return 0;
}

static uint64_t run_random(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		struct event *event = all->events[bench_random(&all->random, all->n)];
		event_del(event);
		set_in(event, bench_random(&all->random, all->n));
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
		set_in(all->events[bench_random(&all->random, all->n)], bench_random(&all->random, all->n));
	}
	return 0;
}

static void *set_up_mixed(unsigned n)
{
	struct all *all = create(n);
	all->order = bench_permutation(n);
	for (unsigned i = 0; i < n; i++) {
		all->events[i] = evtimer_new(all->base, note, all);
	}
	return all;
}

static uint64_t run_fire(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t done = 0; done < operations; done += all->n) {
		for (unsigned i = 0; i < all->n; i++) {
			const struct timeval ago = {.tv_sec = -2000 + (time_t)all->order[i]};
			event_add(all->events[i], &ago);
		}
		run_until(all, all->n);
	}
	return 0;
}

static uint64_t run_behind(void *state, uint64_t operations)
{
	struct all *all = state;
	const struct timeval ago = {.tv_sec = -1};
	for (uint64_t i = 0; i < operations; i++) {
		event_add(all->one, &ago);
		run_until(all, 1);
	}
	return 0;
}

static void set_zero_again(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	const struct timeval zero = {0, 0};
	(void)fd;
	(void)what;
	all->ran++;
	event_add(all->one, &zero);
}

static void *set_up_zero(unsigned n)
{
	struct all *all = create(n);
	all->one = evtimer_new(all->base, set_zero_again, all);
	set_zero_again(-1, 0, all);
	return all;
}

static uint64_t run_loop(void *state, uint64_t operations)
{
	return run_until(state, operations);
}

/* ---- file descriptors -------------------------------------------------------------------------------------- */

static struct event *watch(struct all *all, int fd, event_callback_fn handler)
{
	struct event *event = event_new(all->base, fd, EV_READ | EV_PERSIST, handler, all);
	BENCH_CHECK(event != NULL && event_add(event, NULL) == 0);
	return event;
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
	all->one = watch(all, all->fd[0], note);
	return all;
}

static void *set_up_many(unsigned n)
{
	struct all *all = create(n);
	for (unsigned i = 0; i < n; i++) {
		all->events[i] = watch(all, bench_eventfd(i % (n / READY_FDS) == 0), note);
	}
	return all;
}

static void read_it(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	(void)what;
	bench_read_eventfd(fd);
	all->ran++;
}

static void read_and_stop(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	read_it(fd, what, private_data);
	event_del(all->one);
}

static void *set_up_eventfd(unsigned n)
{
	struct all *all = create(n);
	all->fd[0] = bench_eventfd(0);
	all->one = watch(all, all->fd[0], read_it);
	return all;
}

static void *set_up_read_interest(unsigned n)
{
	struct all *all = create(n);
	all->fd[0] = bench_eventfd(0);
	all->one = watch(all, all->fd[0], read_and_stop);
	return all;
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
		event_add(all->one, NULL);
	}
	return 0;
}

static void return_it(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	char byte;
	(void)what;
	BENCH_CHECK(read(fd, &byte, 1) == 1);
	BENCH_CHECK(write(fd, &byte, 1) == 1);
	all->ran++;
}

static void *set_up_socketpair(unsigned n)
{
	struct all *all = create(n);
	bench_socketpair(all->fd);
	all->one = watch(all, all->fd[0], return_it);
	all->other = watch(all, all->fd[1], return_it);
	BENCH_CHECK(write(all->fd[0], "", 1) == 1);
	return all;
}

static void *set_up_interest(unsigned n)
{
	struct all *all = set_up_ready(n);
	all->other = event_new(all->base, all->fd[0], EV_WRITE | EV_PERSIST, note, all);
	run_until(all, 1);
	return all;
}

static uint64_t run_write_interest(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		event_add(all->other, NULL);
		event_del(all->other);
	}
	return run_until(all, 1);
}

static uint64_t run_add_free(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		event_free(watch(all, all->fd[0], note));
	}
	return 0;
}

static uint64_t run_add_turn_free(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		struct event *event = watch(all, all->fd[0], note);
		run_until(all, 1);
		event_free(event);
	}
	return 0;
}

/* ---- signals, threads, contexts ---------------------------------------------------------------------------- */

static void *set_up_signal(unsigned n)
{
	struct all *all = create(n);
	all->one = evsignal_new(all->base, SIGUSR1, note, all);
	event_add(all->one, NULL);
	return all;
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

static void raise_it(evutil_socket_t fd, short what, void *private_data)
{
	(void)fd;
	(void)what;
	(void)private_data;
	bench_signal();
}

static void *set_up_signal_busy(unsigned n)
{
	struct all *all = set_up_signal(n);
	all->fd[0] = bench_eventfd(1);
	all->other = watch(all, all->fd[0], raise_it);
	return all;
}

static void *set_up_threads(unsigned n)
{
	evthread_use_pthreads();
	struct all *all = create(0);
	all->crew = bench_crew_create(n);
	/* Without a pending event a loop does not wait. */
	all->fd[0] = bench_eventfd(0);
	all->one = watch(all, all->fd[0], note);
	return all;
}

static void tear_down_threads(void *state)
{
	struct all *all = state;
	bench_crew_free(all->crew);
	tear_down(all);
}

static void make(struct all *all, uint64_t operations, event_callback_fn handler)
{
	if (all->n < operations) {
		all->events = realloc(all->events, operations * sizeof(struct event *));
		for (; all->n < operations; all->n++) {
			all->events[all->n] = event_new(all->base, -1, 0, handler, all);
		}
	}
}

static void hand_over(unsigned thread, void *private_data)
{
	struct all *all = private_data;
	for (uint64_t i = 0; i < all->share; i++) {
		event_active(all->events[thread * all->share + i], EV_TIMEOUT, 1);
	}
}

static uint64_t run_threads(void *state, uint64_t operations)
{
	struct all *all = state;
	const unsigned threads = bench_crew_size(all->crew);
	all->share = (operations + threads - 1) / threads;
	make(all, all->share * threads, note);
	bench_crew_start(all->crew, hand_over, all);
	run_until(all, all->share * threads);
	bench_crew_wait(all->crew);
	return 0;
}

static void take_time(evutil_socket_t fd, short what, void *private_data)
{
	struct all *all = private_data;
	all->asleep_ns += bench_now_ns() - all->sent_at;
	note(fd, what, private_data);
}

static void wake_it(unsigned thread, void *private_data)
{
	struct all *all = private_data;
	(void)thread;
	bench_let_it_sleep();
	all->sent_at = bench_now_ns();
	event_active(all->events[0], EV_TIMEOUT, 1);
}

static uint64_t run_wakeup(void *state, uint64_t operations)
{
	struct all *all = state;
	make(all, 1, take_time);
	all->asleep_ns = 0;
	for (uint64_t i = 0; i < operations; i++) {
		bench_crew_start(all->crew, wake_it, all);
		run_until(all, 1);
		bench_crew_wait(all->crew);
	}
	return all->asleep_ns;
}

static uint64_t run_context(void *state, uint64_t operations)
{
	(void)state;
	for (uint64_t i = 0; i < operations; i++) {
		event_base_free(event_base_new());
	}
	return 0;
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

static void *set_up_fds(unsigned n)
{
	struct all *all = create(n);
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
		all->events[i] = watch(all, (int)all->order[i], note);
	}
	return 0;
}

static uint64_t run_memory_timer(void *state, uint64_t operations)
{
	struct all *all = state;
	for (uint64_t i = 0; i < operations; i++) {
		all->events[i] = evtimer_new(all->base, note, all);
		set_in(all->events[i], i);
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
