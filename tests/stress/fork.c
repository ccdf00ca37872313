/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Forks under load: threads schedule, signals arrive, and parent and child
 * both continue.
 *
 * Model.  A process has a life: producers hand pieces to its context through a
 * threaded context and a proxy, another thread sends it signals, and it has
 * its own pipe and timer.  Each of these carries its life and a number.  The
 * life ends when exactly the pieces handed in have run.  In the middle of a
 * life the process forks; the child then has its own life, which may fork
 * again.
 *
 * A child sees of its parent's pieces only those that were complete at the fork,
 * as it is a copy.  Immediates that had joined the list and calls waiting in a
 * proxy run on both sides, and signal arrivals noted before are reported on both
 * sides; nothing later is.  Each piece stores its life; a piece of an earlier
 * life must have a number that was handed in by then, in order.  After
 * tevent_re_initialise(), or with a new context, no piece of an earlier life runs
 * at all; noted arrivals may still be reported (S3).
 */

#include "stress.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { producers = 8, deepest = 2, signal_window = 100, piece_window = 20, most_items = 10000 };

static const char *const backends[] = {"standard", "epoll", "poll", "poll_mt"};

enum way { USES_IT, REINITIALISES, REINITIALISES_IN_A_HANDLER, MAKES_A_NEW_ONE, WAYS };

struct life {
	pid_t pid;
	int depth;
	uint32_t number;            /* of this life; the ancestors' are smaller */
	uint32_t oldest;            /* life whose pieces may still run here */
	uint32_t inherited_at_most; /* arrivals of the plain signal that ancestors had noted */
	struct chance chance;
	struct tevent_context *ev;
	struct tevent_threaded_context *tctx;
	struct tevent_thread_proxy *tp;
	struct tevent_fd *fde;
	struct tevent_timer *te;
	struct tevent_signal *se[2];
	pthread_t thread[producers];
	pthread_t signaller;
	uint32_t items;
	uint32_t window; /* the lead that a producer may have; 0: the loop often sleeps */

	uint32_t pieces, bytes, ticks; /* of this life, that ran */
	atomic_uint next[producers];
	unsigned char told[most_items]; /* infos by number; any thread takes them, in no order */
	atomic_uint counted;            /* sum of the plain signal's counts */
	atomic_uint infos;              /* arrivals of this life that were reported */
	uint32_t fork_at;               /* as many pieces; 0: not (any more) */
	enum way way;                   /* of the child */
	pid_t child;
	int pipe[2];

	/* as the fork found it, in the parent's life */
	atomic_uint handed_in[producers];
	atomic_uint sent; /* of each kind of signal */
};

/* One for the process: handlers of earlier lives see the present one. */
static struct life now;

/* By number, as each was when it forked towards here. */
static struct life past[deepest + 2];

static bool with_signals;

/* ---- pieces from threads --------------------------------------------- */

struct piece {
	uint32_t life;
	int producer;
	uint32_t number;
	struct tevent_immediate *im; /* NULL: the proxy frees it */
};

static void on_piece(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct piece *p = private_data;

	check_equal(now.pid, getpid());
	check(ev == now.ev);
	if (p->life == now.number) {
		check_equal(p->number, atomic_load(&now.next[p->producer]));
		atomic_fetch_add(&now.next[p->producer], 1);
		now.pieces++;
	} else {
		struct life *then = &past[p->life];

		/* one call may have been just before its return */
		check(p->life >= now.oldest && p->life < now.number);
		check_equal(p->number, atomic_load(&then->next[p->producer]));
		check(p->number <= atomic_load(&then->handed_in[p->producer]));
		atomic_fetch_add(&then->next[p->producer], 1);
	}
	if (p->im != NULL) {
		talloc_free(p->im);
		talloc_free(p);
	}
}

static void *produce(void *arg)
{
	int index = (int)(intptr_t)arg;
	struct chance c = chance_of(now.number * 100 + (unsigned)index);

	for (uint32_t n = 0; n < now.items; n++) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		struct piece *p = talloc(NULL, struct piece);

		/* or they would all be done before the fork */
		while (n > atomic_load(&now.next[index]) + now.window) {
			sched_yield();
		}
		*p = (struct piece){now.number, index, n, index % 2 == 0 ? im : NULL};
		if (draw(&c, 4) == 0) {
			dally(&c);
		}
		if (index % 2 == 0) {
			tevent_threaded_schedule_immediate(now.tctx, im, on_piece, p);
		} else {
			tevent_thread_proxy_schedule(now.tp, &im, on_piece, &p);
			check(im == NULL && p == NULL);
		}
		atomic_fetch_add(&now.handed_in[index], 1);
	}
	return NULL;
}

/* ---- signals ----------------------------------------------------------- */

static void on_info(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	uintptr_t value = (uintptr_t)((siginfo_t *)siginfo)->si_value.sival_ptr;
	uint32_t life = (uint32_t)(value >> 32), number = (uint32_t)value;

	check(ev == now.ev);
	if (life == now.number) {
		check(number < now.items && !now.told[number]);
		now.told[number] = 1;
		atomic_fetch_add(&now.infos, 1);
	} else {
		check(life > 0 && life < now.number);
		check(number <= atomic_load(&past[life].sent) && !past[life].told[number]);
		past[life].told[number] = 1;
	}
}

static void on_count(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		     void *private_data)
{
	check(ev == now.ev);
	atomic_fetch_add(&now.counted, (uint32_t)count);
}

static void send_one(int signum, uint32_t number)
{
	uint64_t value = ((uint64_t)now.number << 32) | number;

	while (sigqueue(now.pid, signum, (union sigval){.sival_ptr = (void *)(uintptr_t)value}) == -1) {
		check_equal(errno, EAGAIN);
		sched_yield();
	}
}

static void *send_signals(void *arg)
{
	for (uint32_t n = 0; n < now.items; n++) {
		while (n > atomic_load(&now.infos) + signal_window) {
			sched_yield();
		}
		send_one(SIGRTMIN + 1, n);
		send_one(SIGRTMIN + 2, n);
		atomic_fetch_add(&now.sent, 1);
	}
	return NULL;
}

/* ---- pipe and timer ---------------------------------------------------- */

struct token {
	pid_t pid;
};

static void pass_token(void)
{
	struct token t = {now.pid};

	check_equal(write(now.pipe[1], &t, sizeof(t)), sizeof(t));
}

static void on_token(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct token t;

	check(fde == now.fde);
	check_equal(read(now.pipe[0], &t, sizeof(t)), sizeof(t));
	check_equal(t.pid, now.pid);
	if (++now.bytes < now.items) {
		pass_token();
	}
}

static void on_tick(struct tevent_context *ev, struct tevent_timer *te, struct timeval time, void *private_data)
{
	check(te == now.te);
	check_equal(tevent_cached_getpid(), now.pid);
	now.te = NULL;
	if (++now.ticks < now.items) {
		now.te = tevent_add_timer(ev, ev, tevent_timeval_current(), on_tick, NULL);
		check(now.te != NULL);
	}
}

/* ---- a life ------------------------------------------------------------ */

static void live(void);

static void begin_life(void)
{
	now.pid = getpid();
	now.window = draw(&now.chance, 2) == 0 ? 0 : piece_window;
	tevent_context_set_wait_timeout(now.ev, INT32_MAX);
	check_equal(pipe(now.pipe), 0);
	now.fde = tevent_add_fd(now.ev, now.ev, now.pipe[0], TEVENT_FD_READ, on_token, NULL);
	now.te = tevent_add_timer(now.ev, now.ev, tevent_timeval_current(), on_tick, NULL);
	now.tctx = tevent_threaded_context_create(NULL, now.ev);
	now.tp = tevent_thread_proxy_create(now.ev);
	check(now.fde != NULL && now.te != NULL && now.tctx != NULL && now.tp != NULL);
	if (with_signals) {
		now.se[0] = tevent_add_signal(now.ev, now.ev, SIGRTMIN + 1, SA_SIGINFO, on_info, NULL);
		now.se[1] = tevent_add_signal(now.ev, now.ev, SIGRTMIN + 2, 0, on_count, NULL);
		check(now.se[0] != NULL && now.se[1] != NULL);
		run_thread(&now.signaller, send_signals, NULL);
	}
	pass_token();
	for (intptr_t i = 0; i < producers; i++) {
		run_thread(&now.thread[i], produce, (void *)i);
	}
}

static bool is_over(void)
{
	return now.pieces == producers * now.items && now.bytes == now.items && now.ticks == now.items &&
	       (!with_signals || (atomic_load(&now.infos) == now.items && atomic_load(&now.counted) >= now.items));
}

/* Runs all that is left; nothing more can come. */
static void run_dry(void)
{
	tevent_context_set_wait_timeout(now.ev, 0);
	while (tevent_loop_once(now.ev) == 0) {
	}
}

static void end_life(void)
{
	for (int i = 0; i < producers; i++) {
		join_thread(now.thread[i]);
	}
	if (with_signals) {
		join_thread(now.signaller);
	}
	run_dry();
	check_equal(now.pieces, (long long)producers * now.items);
	check_equal(now.bytes, now.items);
	check_equal(now.ticks, now.items);
	if (with_signals) {
		check_equal(atomic_load(&now.infos), now.items);
		check(atomic_load(&now.counted) <= now.items + now.inherited_at_most);
	}
	check_equal(talloc_free(now.fde), 0);
	check_equal(talloc_free(now.tctx), 0);
	if (now.child != 0) {
		expect_success(now.child);
	}
	close(now.pipe[0]);
	close(now.pipe[1]);
}

/* ---- the fork ---------------------------------------------------------- */

static void plan(enum way way)
{
	now.way = way;
	now.fork_at = now.depth < deepest ? 1 + draw(&now.chance, producers * now.items - 1) : 0;
}

static void ignore_piece(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	check_failed(__FILE__, __LINE__, "nothing passes through the parent's threaded context");
}

/* The parent's threaded context is closed in the child: its calls do nothing (C23, T10). */
static void try_old_door(struct life *before)
{
	struct tevent_immediate *im = tevent_create_immediate(NULL);

	tevent_threaded_schedule_immediate(before->tctx, im, ignore_piece, NULL);
	check_equal(talloc_free(im), 0);
	check_equal(talloc_free(before->tctx), 0);
}

/* The pipe is one open file for both: the side that is not its reader must not read it. */
static void leave_old_pipe(struct life *before, bool free_event)
{
	if (free_event) {
		check_equal(talloc_free(before->fde), 0);
	}
	close(before->pipe[0]);
	close(before->pipe[1]);
}

static struct life *start_over(void)
{
	struct life *before = &past[now.number];

	memcpy(before, &now, sizeof(now));
	memset(&now, 0, sizeof(now));
	now.number = before->number + 1;
	now.oldest = before->way == USES_IT ? before->oldest : now.number;
	now.inherited_at_most =
		before->inherited_at_most + atomic_load(&before->sent) + 1 - atomic_load(&before->counted);
	now.depth = before->depth + 1;
	now.items = before->items;
	now.ev = before->ev;
	now.chance = before->chance;
	now.pid = getpid();
	return before;
}

/* In the child: never returns. */
static _Noreturn void go_on_in_child(void)
{
	struct life *before = start_over();

	set_backstop();
	switch (before->way) {
	case USES_IT:
		leave_old_pipe(before, true);
		talloc_free(before->te);
		talloc_free(before->se[0]);
		talloc_free(before->se[1]);
		break;
	case REINITIALISES:
	case REINITIALISES_IN_A_HANDLER:
		/* detached events stay valid memory, and freeing them is harmless */
		check_equal(tevent_re_initialise(now.ev), 0);
		leave_old_pipe(before, before->way == REINITIALISES);
		break;
	default:
		check_equal(talloc_free(now.ev), 0);
		leave_old_pipe(before, false);
		now.ev = new_context(NULL, backends[draw(&now.chance, ARRAY_SIZE(backends))]);
	}
	try_old_door(before);
	plan((enum way)draw(&now.chance, WAYS));
	live();
	_exit(0);
}

static void fork_now(void)
{
	now.fork_at = 0;
	now.child = fork();
	check(now.child >= 0);
	if (now.child == 0) {
		go_on_in_child();
	}
}

static void fork_in_handler(struct tevent_context *ev, struct tevent_timer *te, struct timeval time, void *private_data)
{
	fork_now();
}

static void live(void)
{
	begin_life();
	while (!is_over()) {
		check_equal(tevent_loop_once(now.ev), 0);
		if (now.fork_at == 0 || now.pieces < now.fork_at) {
			continue;
		}
		if (now.way == REINITIALISES_IN_A_HANDLER) {
			now.fork_at = 0;
			check(tevent_add_timer(now.ev, now.ev, tevent_timeval_zero(), fork_in_handler, NULL) != NULL);
		} else {
			fork_now();
		}
	}
	end_life();
}

/* C21, C23, C25: each side gets its own, for each way in which a child begins. */
static void both_go_on(void)
{
	with_signals = parameter("signals", 1) != 0;
	for (long round = parameter("rounds", 24); round > 0; round--) {
		memset(&now, 0, sizeof(now));
		now.number = now.oldest = 1;
		now.items = (uint32_t)parameter("items", 500);
		check(now.items < most_items);
		now.chance = chance_of(6000 + (unsigned)round);
		now.ev = new_context(NULL, backends[draw(&now.chance, ARRAY_SIZE(backends))]);
		plan((enum way)(round % WAYS));
		live();
		check_equal(talloc_free(now.ev), 0);
	}
}

/* ---- forked while handlers are inside ---------------------------------- */

/*
 * Signals are sent to separate threads while the loop's thread forks: at each
 * fork some thread is inside a signal handler.  In the child exactly its own
 * signals are reported, and its loop comes to rest.
 */

struct rain {
	struct tevent_context *ev;
	atomic_bool stop;
	pthread_t thread[4];
	uint32_t counted[2];
};

static void on_drop(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	*(uint32_t *)private_data += (uint32_t)count;
}

static void *stand_in_the_rain(void *arg)
{
	struct rain *r = arg;

	while (!atomic_load(&r->stop)) {
		raise(SIGRTMIN + 1);
		raise(SIGRTMIN + 2);
	}
	return NULL;
}

static void see_child(struct rain *r)
{
	uint32_t drops = 20;

	set_backstop();
	tevent_context_set_wait_timeout(r->ev, 0);
	while (tevent_loop_once(r->ev) == 0) {
	}
	check_equal(errno, EAGAIN);
	r->counted[0] = r->counted[1] = 0;
	for (uint32_t n = 0; n < drops; n++) {
		raise(SIGRTMIN + 1);
		raise(SIGRTMIN + 2);
	}
	check_equal(tevent_loop_once(r->ev), 0);
	check_equal(r->counted[0], drops);
	check_equal(r->counted[1], drops);
	check_equal(tevent_loop_once(r->ev), -1);
	check_equal(errno, EAGAIN);
	_exit(0);
}

static void among_signals(void)
{
	struct rain r = {.ev = new_context(NULL, "standard")};

	check(tevent_add_signal(r.ev, r.ev, SIGRTMIN + 1, SA_SIGINFO, on_drop, &r.counted[0]) != NULL);
	check(tevent_add_signal(r.ev, r.ev, SIGRTMIN + 2, 0, on_drop, &r.counted[1]) != NULL);
	for (size_t i = 0; i < ARRAY_SIZE(r.thread); i++) {
		run_thread(&r.thread[i], stand_in_the_rain, &r);
	}
	for (long forks = parameter("forks", 300); forks > 0; forks--) {
		pid_t child = fork();

		check(child >= 0);
		if (child == 0) {
			see_child(&r);
		}
		check_equal(tevent_loop_once(r.ev), 0);
		expect_success(child);
	}
	atomic_store(&r.stop, true);
	for (size_t i = 0; i < ARRAY_SIZE(r.thread); i++) {
		join_thread(r.thread[i]);
	}
	check_equal(talloc_free(r.ev), 0);
}

static void among_signals_if_any(void)
{
	if (parameter("signals", 1) != 0) {
		among_signals();
	}
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"both_go_on", both_go_on},
		{"among_signals", among_signals_if_any},
		{NULL, NULL},
	};

	return stress_main(argc, argv, scenarios);
}
