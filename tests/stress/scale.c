/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Large numbers: 100,000 timers, 10,000 descriptors, 1,000,000 immediates and
 * 1,000,000 queued requests, each alone and all in one context.
 *
 * Model.  Timers have their own model, an array sorted by (time, number of the
 * last setting): they have to fire in exactly that order.  Each of N ready
 * descriptors is served once in N turns.  Queued requests and immediates run
 * in the order in which they were added.
 *
 * Costs are not timed.  A cost that grows with the number of other objects
 * makes the run so long that the backstop ends it.  System calls are counted to
 * show that idle descriptors add no cost to a turn: the library calls this
 * program's epoll_wait(), epoll_ctl() and poll() instead of libc's.
 *
 * Everything runs on a thread with a small stack: recursion over elements
 * would overrun it.  At the end no talloc chunk is left.
 */

#include "stress.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { small_stack = 256 * 1024 };

static const char *const backends[] = {"epoll", "standard", "poll", "poll_mt"};

/* ---- system calls, counted ------------------------------------------- */

static long waits, registrations;

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	static int (*next)(int, struct epoll_event *, int, int);

	if (next == NULL) {
		*(void **)&next = dlsym(RTLD_NEXT, "epoll_wait");
	}
	waits++;
	return next(epfd, events, maxevents, timeout);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	static int (*next)(int, int, int, struct epoll_event *);

	if (next == NULL) {
		*(void **)&next = dlsym(RTLD_NEXT, "epoll_ctl");
	}
	registrations++;
	return next(epfd, op, fd, event);
}

int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
	static int (*next)(struct pollfd *, nfds_t, int);

	if (next == NULL) {
		*(void **)&next = dlsym(RTLD_NEXT, "poll");
	}
	waits++;
	return next(fds, nfds, timeout);
}

/* ---- timers ------------------------------------------------------------ */

struct alarm_clock {
	struct tevent_timer *te;
	struct timeval when;
	uint32_t setting; /* number of the last one */
};

struct clocks {
	struct tevent_context *ev;
	uint32_t count;
	uint32_t settings;
	struct alarm_clock *clock;
	struct alarm_clock **order; /* expected */
	uint32_t left;              /* not freed ones among them */
	uint32_t fired;
	struct chance chance;
};

static struct clocks *clocks;

static int compare_clocks(const void *a, const void *b)
{
	const struct alarm_clock *x = *(struct alarm_clock *const *)a, *y = *(struct alarm_clock *const *)b;
	int by_time = tevent_timeval_compare(&x->when, &y->when);

	return by_time != 0 ? by_time : (x->setting < y->setting ? -1 : 1);
}

static void on_clock(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct alarm_clock *c = private_data;

	check(clocks->fired < clocks->left);
	check(clocks->order[clocks->fired] == c);
	check(tevent_timeval_compare(&now, &c->when) >= 0);
	clocks->fired++;
	c->te = NULL;
}

/* In the past; few enough different times that many are equal. */
static struct timeval some_time(struct clocks *k)
{
	return (struct timeval){1000 + draw(&k->chance, 100), draw(&k->chance, 1000)};
}

static void set_clock(struct clocks *k, struct alarm_clock *c, struct timeval when)
{
	c->when = when;
	c->setting = k->settings++;
	if (c->te == NULL) {
		c->te = tevent_add_timer(k->ev, k->ev, when, on_clock, c);
		check(c->te != NULL);
	} else {
		tevent_update_timer(c->te, when);
	}
}

/* A third is moved, randomly or to the end; a third is freed. */
static void add_clocks(struct clocks *k, struct tevent_context *ev, bool in_order)
{
	*k = (struct clocks){.ev = ev, .count = (uint32_t)parameter("timers", 100000), .chance = chance_of(1)};
	clocks = k;
	k->clock = calloc(k->count, sizeof(*k->clock));
	k->order = calloc(k->count, sizeof(*k->order));
	for (uint32_t i = 0; i < k->count; i++) {
		set_clock(k, &k->clock[i], in_order ? (struct timeval){1000, i} : some_time(k));
	}
	for (uint32_t i = 0; i < k->count; i += 3) {
		set_clock(k, &k->clock[i], in_order ? (struct timeval){2000, i} : some_time(k));
	}
	for (uint32_t i = 1; i < k->count; i += 3) {
		check_equal(talloc_free(k->clock[i].te), 0);
		k->clock[i].te = NULL;
	}
	for (uint32_t i = 0; i < k->count; i++) {
		if (k->clock[i].te != NULL) {
			k->order[k->left++] = &k->clock[i];
		}
	}
	qsort(k->order, k->left, sizeof(*k->order), compare_clocks);
}

static void clear_clocks(struct clocks *k)
{
	check_equal(k->fired, k->left);
	free(k->clock);
	free(k->order);
}

static void run_turns(struct tevent_context *ev, uint32_t turns)
{
	for (; turns > 0; turns--) {
		check_equal(tevent_loop_once(ev), 0);
	}
}

static void timers(void)
{
	for (int in_order = 0; in_order < 2; in_order++) {
		struct tevent_context *ev = new_context(NULL, "standard");
		struct clocks k;

		add_clocks(&k, ev, in_order);
		run_turns(ev, k.left);
		clear_clocks(&k);
		/* and all at once */
		add_clocks(&k, ev, !in_order);
		check_equal(talloc_free(ev), 0);
		k.fired = k.left;
		clear_clocks(&k);
	}
}

/* ---- descriptors ------------------------------------------------------- */

struct crowd {
	struct tevent_context *ev;
	int count;
	int *fd;
	struct tevent_fd **fde;
	int *served;
};

static struct crowd *crowd;

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(*(int *)private_data)++;
}

/* Raises the limit as far as allowed. */
static int descriptors(void)
{
	int wanted = (int)parameter("fds", 10000);
	struct rlimit limit = {(rlim_t)wanted + 100, (rlim_t)wanted + 100};

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < (rlim_t)wanted + 100) {
		limit.rlim_cur = (rlim_t)wanted + 100;
		limit.rlim_max = limit.rlim_max < limit.rlim_cur ? limit.rlim_cur : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
			getrlimit(RLIMIT_NOFILE, &limit);
			limit.rlim_cur = limit.rlim_max;
			check_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		}
	}
	if ((rlim_t)wanted + 100 > limit.rlim_cur) {
		wanted = (int)limit.rlim_cur - 100;
		printf("not enough descriptors available (ulimit -n): %d instead of %ld\n", wanted,
		       parameter("fds", 10000));
	}
	return wanted;
}

/* Event descriptors: readable as long as their number is not 0. */
static void add_crowd(struct crowd *c, struct tevent_context *ev, int count, bool ready)
{
	*c = (struct crowd){.ev = ev, .count = count};
	crowd = c;
	c->fd = calloc((size_t)c->count, sizeof(*c->fd));
	c->fde = calloc((size_t)c->count, sizeof(struct tevent_fd *));
	c->served = calloc((size_t)c->count, sizeof(*c->served));
	for (int i = 0; i < c->count; i++) {
		c->fd[i] = eventfd(ready, EFD_NONBLOCK);
		check(c->fd[i] >= 0);
		c->fde[i] = tevent_add_fd(ev, ev, c->fd[i], TEVENT_FD_READ, on_fd, &c->served[i]);
		check(c->fde[i] != NULL);
	}
}

static void check_served(const struct crowd *c, int times)
{
	for (int i = 0; i < c->count; i++) {
		check_equal(c->served[i], times);
	}
}

static void clear_crowd(struct crowd *c)
{
	for (int i = 0; i < c->count; i++) {
		close(c->fd[i]);
	}
	free(c->fd);
	free(c->fde);
	free(c->served);
}

/* C14: all ready: each once in each round. */
static void serve_rounds(const char *backend, int count, int rounds)
{
	struct tevent_context *ev = new_context(NULL, backend);
	struct crowd c;

	add_crowd(&c, ev, count, true);
	for (int round = 1; round <= rounds; round++) {
		run_turns(ev, (uint32_t)c.count);
		check_served(&c, round);
	}
	check_equal(talloc_free(ev), 0);
	clear_crowd(&c);
}

/* F15: one ready among idle ones: a turn makes one wait call and no other. */
static void serve_one_of_many(const char *backend, int count)
{
	struct tevent_context *ev = new_context(NULL, backend);
	struct chance chance = chance_of(2);
	struct crowd c;

	add_crowd(&c, ev, count, false);
	check_equal(eventfd_write(c.fd[0], 1), 0);
	run_turns(ev, 1); /* passes them to the kernel */
	for (int turn = 0, at = 0; turn < 1000; turn++) {
		eventfd_t value;

		check_equal(eventfd_read(c.fd[at], &value), 0);
		at = (int)draw(&chance, (uint32_t)c.count);
		check_equal(eventfd_write(c.fd[at], 1), 0);
		memset(c.served, 0, (size_t)c.count * sizeof(*c.served));
		waits = registrations = 0;
		run_turns(ev, 1);
		check_equal(c.served[at], 1);
		check_equal(waits, 1);
		check_equal(registrations, 0);
	}
	for (int i = 0; i < c.count; i++) {
		tevent_fd_set_flags(c.fde[i], 0);
		tevent_fd_set_flags(c.fde[i], TEVENT_FD_READ);
	}
	waits = registrations = 0;
	run_turns(ev, 1);
	check_equal(waits, 1);
	check_equal(registrations, 0);
	for (int i = 0; i < c.count; i += 2) {
		check_equal(talloc_free(c.fde[i]), 0);
	}
	check_equal(talloc_free(ev), 0);
	clear_crowd(&c);
}

static void fds(void)
{
	int count = descriptors();

	serve_rounds("epoll", count, 3);
	serve_rounds("standard", count, 3);
	/* poll(2) itself checks all of them in each turn, so fewer are used */
	serve_rounds("poll", count / 5, 1);
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		serve_one_of_many(backends[i], count);
	}
}

/* ---- immediates --------------------------------------------------------- */

static uint32_t next_immediate;

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	check_equal((uintptr_t)private_data, next_immediate);
	next_immediate++;
}

/* Half of them are cancelled, half of those scheduled again. */
static void immediates(void)
{
	struct tevent_context *ev = new_context(NULL, "standard");
	uintptr_t count = (uintptr_t)parameter("immediates", 1000000), number = 0;
	struct tevent_immediate **im = calloc(count, sizeof(*im));

	for (uintptr_t i = 0; i < count; i++) {
		im[i] = tevent_create_immediate(ev);
		tevent_schedule_immediate(im[i], ev, on_immediate, (void *)(i % 2 == 0 ? i : i / 2));
	}
	for (uintptr_t i = 0; i < count; i += 2) {
		tevent_schedule_immediate(im[i], ev, NULL, NULL);
	}
	number = count / 2;
	for (uintptr_t i = 0; i < count; i += 4) {
		tevent_schedule_immediate(im[i], ev, on_immediate, (void *)number++);
	}
	next_immediate = 0;
	run_turns(ev, (uint32_t)number);
	check_equal(next_immediate, number);
	for (uintptr_t i = 0; i < count; i++) {
		tevent_schedule_immediate(im[i], ev, on_immediate, NULL);
	}
	check_equal(talloc_free(ev), 0);
	free(im);
}

/* ---- queued requests ---------------------------------------------------- */

struct job {
	uint32_t number;
};

static uint32_t next_job;

static void on_trigger(struct tevent_req *req, void *private_data)
{
	struct job *job = tevent_req_data(req, struct job);

	check_equal(job->number, next_job);
	next_job++;
	tevent_req_done(req);
}

static void on_done(struct tevent_req *req)
{
	enum tevent_req_state state;
	uint64_t error;

	check(!tevent_req_is_error(req, &state, &error));
	talloc_free(req);
}

static void never(struct tevent_req *req, void *private_data)
{
	check_failed(__FILE__, __LINE__, "nothing of this queue is triggered");
}

struct line {
	struct tevent_queue *queue;
	TALLOC_CTX *parent;
	uint32_t length;
};

static void add_jobs(struct line *l, struct tevent_context *ev, tevent_queue_trigger_fn_t trigger)
{
	l->queue = tevent_queue_create(ev, "long");
	l->parent = talloc_new(ev);
	l->length = (uint32_t)parameter("requests", 1000000);
	check(l->queue != NULL && l->parent != NULL);
	for (uint32_t i = 0; i < l->length; i++) {
		struct job *job = NULL;
		struct tevent_req *req = tevent_req_create(l->parent, &job, struct job);

		check(req != NULL);
		job->number = i;
		tevent_req_set_callback(req, on_done, NULL);
		check(tevent_queue_add(l->queue, ev, req, trigger, NULL));
	}
	check_equal(tevent_queue_length(l->queue), l->length);
	next_job = 0;
}

static void requests(void)
{
	struct tevent_context *ev = new_context(NULL, "standard");
	struct line l;

	add_jobs(&l, ev, on_trigger);
	run_turns(ev, l.length);
	check_equal(next_job, l.length);
	check_equal(tevent_queue_length(l.queue), 0);
	talloc_free(l.queue);
	talloc_free(l.parent);

	add_jobs(&l, ev, never);
	check_equal(talloc_free(l.queue), 0); /* the requests stay */
	check_equal(talloc_free(l.parent), 0);

	add_jobs(&l, ev, never);
	check_equal(talloc_free(l.parent), 0);
	check_equal(tevent_queue_length(l.queue), 0);
	check_equal(talloc_free(ev), 0);
}

/* ---- all in one context -------------------------------------------------- */

static void all_at_once(void)
{
	struct tevent_context *ev = new_context(NULL, "epoll");
	struct clocks k;
	struct crowd c;
	struct line l;

	add_crowd(&c, ev, descriptors(), true);
	add_clocks(&k, ev, false);
	add_jobs(&l, ev, on_trigger);
	/* C11: immediates before timers before descriptors */
	run_turns(ev, l.length);
	check_equal(next_job, l.length);
	check_equal(k.fired, 0);
	run_turns(ev, k.left);
	check_served(&c, 0);
	run_turns(ev, (uint32_t)c.count);
	check_served(&c, 1);
	clear_clocks(&k);
	check_equal(talloc_free(ev), 0);
	clear_crowd(&c);
}

/* ---- small stack, nothing left -------------------------------------------- */

static void *call(void *arg)
{
	(*(void (*const *)(void))arg)();
	return NULL;
}

static void on_small_stack(void (*fn)(void))
{
	pthread_attr_t attr;
	pthread_t thread;

	check_equal(pthread_attr_init(&attr), 0);
	check_equal(pthread_attr_setstacksize(&attr, small_stack), 0);
	check_equal(pthread_create(&thread, &attr, call, &fn), 0);
	join_thread(thread);
	pthread_attr_destroy(&attr);
	check_equal(talloc_total_blocks(NULL), 1); /* talloc's own root */
}

static void run_timers(void)
{
	on_small_stack(timers);
}

static void run_fds(void)
{
	on_small_stack(fds);
}

static void run_immediates(void)
{
	on_small_stack(immediates);
}

static void run_requests(void)
{
	on_small_stack(requests);
}

static void run_all_at_once(void)
{
	on_small_stack(all_at_once);
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"timers", run_timers},           {"fds", run_fds},
		{"immediates", run_immediates},   {"requests", run_requests},
		{"all_at_once", run_all_at_once}, {NULL, NULL},
	};

	talloc_enable_null_tracking();
	return stress_main(argc, argv, scenarios);
}
