/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Mixed load for a given time, which must leave nothing behind.
 *
 * Model.  One context exists all the time.  In each round it gets a load
 * derived from the seed: descriptors, timers, immediates, signals, requests
 * with end times, queues, threads that use threaded contexts and proxies,
 * children, short-lived contexts; sometimes it is re-initialised itself.  A
 * round ends when all of its load has run or was freed.  The number of talloc
 * chunks and of descriptors is then exactly the same as before the first
 * round.
 *
 * The resident size is not exact: malloc may keep freed memory.  It is sampled
 * between rounds; the median of the last quarter of the time may exceed that
 * of the second by at most `tolerance` KiB (the first quarter is warm-up).
 * There are thousands of rounds a second: one small chunk lost in each would
 * show clearly.
 */

#include "stress.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { threads = 2, most_samples = 1 << 16 };

/* Exported for backends, but not declared in a header. */
int tevent_common_wakeup_init(struct tevent_context *ev);

static const char *const backends[] = {"standard", "epoll", "poll", "poll_mt"};

struct round {
	struct tevent_context *ev;
	TALLOC_CTX *mem; /* of this round */
	struct chance *chance;
	uint32_t expected, ran;
};

static struct round round_now;

static void ran(void)
{
	round_now.ran++;
}

/* ---- the kinds of load ------------------------------------------------- */

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	ran();
}

static void load_timers(struct round *r)
{
	for (uint32_t n = draw(r->chance, 8); n > 0; n--) {
		/* few are really waited for */
		uint32_t usecs = draw(r->chance, 64) == 0 ? draw(r->chance, 1000) : 0;
		struct timeval when = tevent_timeval_current_ofs(0, usecs);
		struct tevent_timer *te = tevent_add_timer(r->ev, r->mem, when, on_timer, NULL);

		check(te != NULL);
		switch (draw(r->chance, 4)) {
		case 0:
			check_equal(talloc_free(te), 0);
			continue;
		case 1:
			tevent_update_timer(te, tevent_timeval_zero());
		}
		r->expected++;
	}
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	ran();
	if (private_data != NULL) {
		talloc_free(im);
	}
}

static void load_immediates(struct round *r)
{
	for (uint32_t n = draw(r->chance, 8); n > 0; n--) {
		struct tevent_immediate *im = tevent_create_immediate(r->mem);
		bool frees_itself = draw(r->chance, 2);

		tevent_schedule_immediate(im, r->ev, on_immediate, frees_itself ? im : NULL);
		if (draw(r->chance, 4) == 0) {
			tevent_schedule_immediate(im, r->ev, NULL, NULL);
			continue;
		}
		r->expected++;
	}
}

static void on_readable(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	char byte;

	check_equal(read(*(int *)private_data, &byte, 1), 1);
	ran();
	if (draw(round_now.chance, 2)) {
		talloc_free(fde);
	}
}

static void load_fds(struct round *r)
{
	for (uint32_t n = draw(r->chance, 4); n > 0; n--) {
		int *pair = talloc_array(r->mem, int, 2);
		struct tevent_fd *in, *out;

		check_equal(pipe(pair), 0);
		in = tevent_add_fd(r->ev, r->mem, pair[0], TEVENT_FD_READ, on_readable, pair);
		out = tevent_add_fd(r->ev, r->mem, pair[1], 0, on_readable, pair);
		check(in != NULL && out != NULL);
		tevent_fd_set_auto_close(in);
		tevent_fd_set_auto_close(out);
		check_equal(write(pair[1], "x", 1), 1);
		r->expected++;
	}
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	for (; count > 0; count--) {
		ran();
	}
}

static void load_signals(struct round *r)
{
	for (uint32_t n = draw(r->chance, 3); n > 0; n--) {
		int signum = SIGRTMIN + (int)n;

		check(tevent_add_signal(r->ev, r->mem, signum, n % 2 ? SA_SIGINFO : 0, on_signal, NULL) != NULL);
		for (uint32_t times = draw(r->chance, 4); times > 0; times--) {
			check_equal(raise(signum), 0);
			r->expected++;
		}
	}
}

/* ---- requests ------------------------------------------------------------ */

struct job {
	struct tevent_context *ev;
};

static void on_finished(struct tevent_req *req)
{
	talloc_free(req);
	ran();
}

static void on_trigger(struct tevent_req *req, void *private_data)
{
	struct job *job = tevent_req_data(req, struct job);

	if (private_data != NULL) {
		/* finishes by its end time */
		check(tevent_req_set_endtime(req, job->ev, tevent_timeval_zero()));
		return;
	}
	tevent_req_defer_callback(req, job->ev);
	tevent_req_done(req);
}

static void load_requests(struct round *r)
{
	struct tevent_queue *queue = tevent_queue_create(r->mem, "endurance");

	for (uint32_t n = draw(r->chance, 8); n > 0; n--) {
		struct job *job = NULL;
		struct tevent_req *req = tevent_req_create(r->mem, &job, struct job);

		check(req != NULL);
		job->ev = r->ev;
		tevent_req_set_callback(req, on_finished, NULL);
		if (draw(r->chance, 4) == 0) {
			tevent_req_set_profile(req);
		}
		switch (draw(r->chance, 4)) {
		case 0:
			check(tevent_queue_add(queue, r->ev, req, on_trigger, queue));
			break;
		case 1:
			check(tevent_queue_add(queue, r->ev, req, on_trigger, NULL));
			break;
		case 2:
			check(tevent_queue_add(queue, r->ev, req, on_trigger, NULL));
			check_equal(talloc_free(req), 0);
			continue;
		default:
			tevent_req_error(req, 5);
			continue;
		}
		r->expected++;
	}
}

/* tevent_req_error() calls back at once: this call was counted but not expected. */
static void load_failing_requests(struct round *r)
{
	uint32_t ran_before = r->ran;

	load_requests(r);
	r->expected += r->ran - ran_before;
}

/* ---- threads ------------------------------------------------------------- */

struct helper {
	struct tevent_threaded_context *tctx;
	struct tevent_thread_proxy *tp;
	uint32_t items;
	pthread_t thread;
};

static void *help(void *arg)
{
	struct helper *h = arg;

	for (uint32_t n = 0; n < h->items; n++) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);

		if (n % 2 == 0) {
			tevent_threaded_schedule_immediate(h->tctx, im, on_immediate, h);
		} else {
			char *data = talloc(NULL, char);

			tevent_thread_proxy_schedule(h->tp, &im, on_immediate, &data);
		}
	}
	return NULL;
}

static void run_all(struct round *r)
{
	while (r->ran < r->expected) {
		check_equal(tevent_loop_once(r->ev), 0);
	}
	check_equal(r->ran, r->expected);
}

static void load_threads(struct round *r)
{
	struct helper helper[threads];
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(r->mem, r->ev);
	struct tevent_thread_proxy *tp = tevent_thread_proxy_create(r->ev);

	check(tctx != NULL && tp != NULL);
	for (int i = 0; i < threads; i++) {
		helper[i] = (struct helper){tctx, tp, draw(r->chance, 20), 0};
		r->expected += helper[i].items;
		run_thread(&helper[i].thread, help, &helper[i]);
	}
	run_all(r);
	for (int i = 0; i < threads; i++) {
		join_thread(helper[i].thread);
	}
	check_equal(talloc_free(tp), 0);
	check_equal(talloc_free(tctx), 0);
}

/* ---- children, contexts --------------------------------------------------- */

static void load_all(struct round *r)
{
	load_timers(r);
	load_immediates(r);
	load_fds(r);
	load_signals(r);
	load_failing_requests(r);
}

/* The child continues with the existing load, and adds more. */
static void load_child(struct round *r)
{
	pid_t child = fork();

	check(child >= 0);
	if (child == 0) {
		set_backstop();
		if (draw(r->chance, 2)) {
			check_equal(tevent_re_initialise(r->ev), 0);
		}
		*r = (struct round){r->ev, talloc_new(NULL), r->chance, 0, 0};
		tevent_add_timer(r->ev, r->mem, tevent_timeval_zero(), on_timer, NULL);
		while (r->ran == 0) {
			check_equal(tevent_loop_once(r->ev), 0);
		}
		_exit(0);
	}
	expect_success(child);
}

/* Arrivals would be reported to the next event for the signal (S3); one turn reports all. */
static void forget_signals(struct round *r)
{
	if (r->ran < r->expected) {
		check_equal(tevent_loop_once(r->ev), 0);
	}
}

/* The queue runs, or is freed with its entries. */
static void load_context(struct round *r)
{
	struct round inner = {new_context(NULL, backends[draw(r->chance, ARRAY_SIZE(backends))]), talloc_new(NULL),
			      r->chance, 0, 0};
	struct round outer = *r;

	round_now = inner;
	load_all(&round_now);
	if (draw(r->chance, 2)) {
		run_all(&round_now);
	} else {
		forget_signals(&round_now);
	}
	check_equal(talloc_free(round_now.ev), 0);
	check_equal(talloc_free(round_now.mem), 0);
	round_now = outer;
}

/* ---- rounds --------------------------------------------------------------- */

static void run_round(struct tevent_context *ev, struct chance *chance)
{
	round_now = (struct round){ev, talloc_new(NULL), chance, 0, 0};
	if (draw(chance, 32) == 0) {
		load_threads(&round_now);
	}
	if (draw(chance, 8) == 0) {
		load_context(&round_now);
	}
	load_all(&round_now);
	if (draw(chance, 256) == 0) {
		load_child(&round_now);
	}
	if (draw(chance, 64) == 0) {
		forget_signals(&round_now);
		check_equal(tevent_re_initialise(ev), 0);
	} else {
		run_all(&round_now);
	}
	check_equal(talloc_free(round_now.mem), 0);
}

static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long total, resident;

	check(file != NULL && fscanf(file, "%ld %ld", &total, &resident) == 2);
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

struct samples {
	double at[most_samples]; /* seconds since the start */
	long kib[most_samples];
	int count;
};

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int compare_longs(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median_between(const struct samples *s, double from, double to)
{
	static long kib[most_samples];
	int count = 0;

	for (int i = 0; i < s->count; i++) {
		if (s->at[i] >= from && s->at[i] < to) {
			kib[count++] = s->kib[i];
		}
	}
	check(count > 0);
	qsort(kib, (size_t)count, sizeof(*kib), compare_longs);
	return kib[count / 2];
}

static void judge(const struct samples *s, double length, unsigned long rounds)
{
	long second = median_between(s, length / 4, length / 2);
	long last = median_between(s, length * 3 / 4, length + 1);

	printf("%lu rounds; resident: %ld KiB in the second quarter, %ld KiB in the last\n", rounds, second, last);
	check(last - second <= parameter("tolerance", 512));
}

/*
 * A context keeps some things after their first use: memory for some
 * descriptors, and, until it is re-initialised, the wake-up (C27).
 */
static void warm_up(struct tevent_context *ev)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	for (int fd = 1000; fd < 1064; fd++) {
		check(tevent_add_fd(ev, mem, fd, 0, on_readable, NULL) != NULL);
	}
	check_equal(talloc_free(mem), 0);
	check_equal(tevent_common_wakeup_init(ev), 0);
}

/* Several samples per second. */
static bool is_time_for_sample(const struct samples *s, double now, double length)
{
	double step = length / 2000 < 0.02 ? 0.02 : length / 2000;

	return s->count < most_samples && (s->count == 0 || now - s->at[s->count - 1] >= step);
}

static void endure(void)
{
	static struct samples samples;
	struct chance chance = chance_of(0);
	struct tevent_context *ev = new_context(NULL, "standard");
	double length = (double)parameter("length", 20);
	size_t chunks;
	int fds;
	unsigned long rounds = 0;
	struct timespec start;
	double now = 0;

	warm_up(ev);
	chunks = talloc_total_blocks(ev);
	fds = count_open_fds();
	clock_gettime(CLOCK_MONOTONIC, &start);
	samples.count = 0;
	while (now < length) {
		alarm((unsigned)parameter("backstop", 120)); /* reset for each round */
		run_round(ev, &chance);
		check_equal(tevent_common_wakeup_init(ev), 0);
		rounds++;
		check_equal(talloc_total_blocks(ev), chunks);
		if (is_time_for_sample(&samples, now, length)) {
			check_equal(count_open_fds(), fds);
			samples.at[samples.count] = now;
			samples.kib[samples.count++] = resident_kib();
		}
		now = seconds_since(&start);
	}
	judge(&samples, length, rounds);
	check_equal(talloc_free(ev), 0);
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {{"endure", endure}, {NULL, NULL}};

	/* An arena for each thread ever created would look like a leak. */
	mallopt(M_ARENA_MAX, 1);
	return stress_main(argc, argv, scenarios);
}
