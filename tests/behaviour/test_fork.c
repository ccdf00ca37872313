/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * After fork: parent and child continue with the same events, independently.
 *
 * A case forks a twin that works beside it; both sides check what they got.
 * They take turns through a pair of pipes: tell() releases the other side's
 * await().  If one side ends early, the other's await() fails; an alarm ends a
 * child that hangs.  The child never returns to the runner.  The record is
 * copied by fork, so each side has its own.
 */

#define _GNU_SOURCE 1
#include "sanitized.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int tevent_common_wakeup_init(struct tevent_context *ev);
int tevent_common_wakeup(struct tevent_context *ev);

/* ---- twins ---------------------------------------------------------- */

struct twin {
	pid_t other; /* the other side's pid */
	int out, in; /* this side's ends */
};

/* A child that hangs ends by SIGALRM, which its parent sees as a failure. */
#define CHILD_SECONDS 20

static void start_twin(struct twin *t, void (*fn)(struct twin *t, void *arg), void *arg)
{
	int down[2], up[2];
	pid_t parent = getpid();

	child_assert(pipe(down) == 0); /* a child may also start a twin */
	child_assert(pipe(up) == 0);
	fflush(NULL);
	t->other = fork();
	child_assert(t->other >= 0);
	if (t->other == 0) {
		alarm(CHILD_SECONDS);
		*t = (struct twin){.other = parent, .out = up[1], .in = down[0]};
		close(up[0]);
		close(down[1]);
		fn(t, arg);
		_exit(0);
	}
	t->out = down[1];
	t->in = up[0];
	close(down[0]);
	close(up[1]);
}

static bool pass(int fd, bool writing)
{
	char c = 'x';
	ssize_t n;

	do {
		n = writing ? write(fd, &c, 1) : read(fd, &c, 1);
	} while (n == -1 && errno == EINTR);
	return n == 1;
}

/* In the parent. */
#define tell(t) assert_true(pass((t)->out, true))
#define await(t) assert_true(pass((t)->in, false))
/* In the child. */
#define child_tell(t) child_assert(pass((t)->out, true))
#define child_await(t) child_assert(pass((t)->in, false))

static void end_twin(struct twin *t)
{
	int status = -1;

	while (waitpid(t->other, &status, 0) == -1 && errno == EINTR) {
	}
	close(t->out);
	close(t->in);
	assert_int_equal(status, 0);
}

static void set_true(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	*(bool *)private_data = true;
}

static void see_wait(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		*(bool *)private_data = true;
	}
}

/*
 * As settle(), for both sides: a child must not assert through cmocka, so a
 * failed turn gives -1.  A timer that was due before the turn could wait proves
 * nothing, nor does one after a wait that failed (which is reported): the turn is
 * tried again with more time.
 */
static int run_dry(struct tevent_context *ev, int limit)
{
	bool waited, fired, idle = false;
	int taken = 0;
	int ms = 2;

	tevent_set_trace_callback(ev, see_wait, &waited);
	set_debug_recorder(ev);
	while (!idle && taken < limit) {
		struct tevent_timer *te = tevent_add_timer(ev, ev, in_ms(ms), set_true, &fired);
		const int failures = debug_messages[TEVENT_DEBUG_ERROR];

		waited = fired = false;
		if (te == NULL || tevent_loop_once(ev) != 0) {
			taken = -1;
			break;
		}
		if (fired && (!waited || debug_messages[TEVENT_DEBUG_ERROR] != failures)) {
			ms *= 2;
			continue;
		}
		taken++;
		idle = fired;
		if (!fired) {
			talloc_free(te);
		}
	}
	tevent_set_trace_callback(ev, NULL, NULL);
	tevent_set_debug(ev, NULL, NULL);
	return taken;
}

/* ---- the scene: one pipe for each side, both watched before the fork -- */

struct scene {
	struct tevent_context *ev;
	TALLOC_CTX *mem;
	int parents[2], childs[2];
	struct tevent_fd *parents_fde, *childs_fde;
};

static void on_parents(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("parents");
	drain(((struct scene *)private_data)->parents[0]);
}

static void on_childs(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("childs");
	drain(((struct scene *)private_data)->childs[0]);
}

static void on_never(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("never");
}

static void on_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void on_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("im");
}

static void on_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	note("sig");
}

static void set_up(struct scene *s, struct fixture *f)
{
	s->ev = f->ev;
	s->mem = f->mem;
	pipe_pair(s->parents);
	pipe_pair(s->childs);
	s->parents_fde = tevent_add_fd(s->ev, s->mem, s->parents[0], TEVENT_FD_READ, on_parents, s);
	s->childs_fde = tevent_add_fd(s->ev, s->mem, s->childs[0], TEVENT_FD_READ, on_childs, s);
	assert_non_null(s->parents_fde);
	assert_non_null(s->childs_fde);
	/* the kernel has the changes, and poll_mt's wake-up is handled */
	run_dry(s->ev, 3);
}

static void tear_down(struct scene *s)
{
	talloc_free(s->parents_fde);
	talloc_free(s->childs_fde);
	close_fd(&s->parents[0]);
	close_fd(&s->parents[1]);
	close_fd(&s->childs[0]);
	close_fd(&s->childs[1]);
}

/* Nothing is ready.  An earlier change may wake poll_mt once (F16). */
static void assert_sleeps(struct tevent_context *ev)
{
	run_dry(ev, 5);
	assert_int_equal(run_dry(ev, 5), 1);
}

static void child_assert_sleeps(struct tevent_context *ev)
{
	run_dry(ev, 5);
	child_assert(run_dry(ev, 5) == 1);
}

/* The parent's event is served, and nothing else happens in its loop. */
static void assert_parent_is_served(struct scene *s)
{
	clear_notes();
	assert_sleeps(s->ev);
	write_byte(s->parents[1]);
	run_dry(s->ev, 5);
	assert_notes("parents");
	assert_sleeps(s->ev);
}

/* The same for the child. */
static void child_assert_is_served(struct scene *s)
{
	clear_notes();
	child_assert(write(s->childs[1], "x", 1) == 1);
	run_dry(s->ev, 5);
	child_assert(strcmp(notes(), "childs") == 0);
	child_assert_sleeps(s->ev);
}

/* Runs child_fn in a twin until it calls tell(), then checks that the parent is as before, then lets the child end. */
static void parent_is_undisturbed_by(struct fixture *f, void (*child_fn)(struct twin *t, void *arg))
{
	struct scene s;
	struct twin t;

	set_up(&s, f);
	start_twin(&t, child_fn, &s);
	await(&t);
	assert_parent_is_served(&s);
	tell(&t);
	end_twin(&t);
	assert_parent_is_served(&s);
	tear_down(&s);
}

/* ---- C21: the parent is undisturbed --------------------------------- */

static void child_frees_events(struct twin *t, void *arg)
{
	struct scene *s = arg;

	talloc_free(s->parents_fde);
	talloc_free(s->childs_fde);
	child_assert_sleeps(s->ev);
	child_tell(t);
	child_await(t);
}

/* C21: the child frees inherited events. */
static void test_child__frees_inherited_events__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_frees_events);
}

static void child_clears_flags(struct twin *t, void *arg)
{
	struct scene *s = arg;

	tevent_fd_set_flags(s->parents_fde, 0);
	tevent_fd_set_flags(s->childs_fde, TEVENT_FD_WRITE);
	child_assert_sleeps(s->ev);
	child_tell(t);
	child_await(t);
}

/* C21: the child changes flags. */
static void test_child__changes_flags__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_clears_flags);
}

static void child_frees_context(struct twin *t, void *arg)
{
	struct scene *s = arg;

	child_assert(talloc_free(s->ev) == 0);
	child_tell(t);
	child_await(t);
}

/* C21: the child frees the context. */
static void test_child__frees_the_context__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_frees_context);
}

static void child_closes_fds(struct twin *t, void *arg)
{
	struct scene *s = arg;

	tear_down(s);
	child_assert_sleeps(s->ev);
	child_tell(t);
	child_await(t);
}

/* C21: the child closes the watched fds as well, which stay open in the parent. */
static void test_child__closes_the_fds__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_closes_fds);
}

static void child_adds_a_ready_fd(struct twin *t, void *arg)
{
	struct scene *s = arg;
	int fds[2];

	child_assert(pipe(fds) == 0);
	child_assert(write(fds[1], "x", 1) == 1);
	child_assert(tevent_add_fd(s->ev, s->mem, fds[0], TEVENT_FD_READ, on_never, NULL) != NULL);
	run_dry(s->ev, 5);
	child_assert(strncmp(notes(), "never never", 11) == 0);
	child_tell(t);
	child_await(t);
}

/* C21: an fd that only the child has, always ready: the parent's loop sleeps. */
static void test_child__adds_a_ready_fd__parent_does_not_see_it(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_adds_a_ready_fd);
}

static void child_runs_turns(struct twin *t, void *arg)
{
	struct scene *s = arg;

	child_assert_is_served(s);
	child_tell(t);
	child_await(t);
	child_assert_is_served(s);
}

/* C21: the child uses the inherited events. */
static void test_child__runs_turns__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_runs_turns);
}

static void child_reinitialises(struct twin *t, void *arg)
{
	struct scene *s = arg;

	child_assert(tevent_re_initialise(s->ev) == 0);
	child_assert(tevent_fd_get_flags(s->childs_fde) == 0);
	child_assert(write(s->childs[1], "x", 1) == 1);
	child_assert_sleeps(s->ev); /* detached */
	child_assert(talloc_free(s->childs_fde) == 0);
	s->childs_fde = tevent_add_fd(s->ev, s->mem, s->childs[0], TEVENT_FD_READ, on_childs, s);
	run_dry(s->ev, 5);
	child_assert(strcmp(notes(), "childs") == 0);
	child_tell(t);
	child_await(t);
}

/* C10: the child re-initialises: its events are detached, new ones run, the parent continues. */
static void test_child__reinitialises__starts_anew_and_parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_reinitialises);
}

static void child_ends(struct twin *t, void *arg)
{
	child_tell(t);
	child_await(t);
}

/* C21: a child that never touches the context. */
static void test_child__does_nothing__parent_keeps_its_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_ends);
}

/* ---- C21: the child is undisturbed ---------------------------------- */

static void child_is_served_when_told(struct twin *t, void *arg)
{
	child_await(t);
	child_assert_is_served(arg);
}

/* C21: the parent frees its events before the child's first use. */
static void test_parent__frees_its_events__child_keeps_its_own(void **state)
{
	struct scene s;
	struct twin t;

	set_up(&s, fixture_of(state));
	start_twin(&t, child_is_served_when_told, &s);
	talloc_free(s.childs_fde);
	s.childs_fde = NULL;
	assert_sleeps(s.ev);
	tell(&t);
	end_twin(&t);
	tear_down(&s);
}

/* C21: the parent changes flags. */
static void test_parent__changes_flags__child_keeps_its_own(void **state)
{
	struct scene s;
	struct twin t;

	set_up(&s, fixture_of(state));
	start_twin(&t, child_is_served_when_told, &s);
	tevent_fd_set_flags(s.childs_fde, 0);
	assert_sleeps(s.ev);
	tell(&t);
	end_twin(&t);
	assert_int_equal(tevent_fd_get_flags(s.childs_fde), 0);
	tear_down(&s);
}

/* C21: the parent frees the context. */
static void test_parent__frees_the_context__child_keeps_its_own(void **state)
{
	struct scene s;
	struct twin t;

	set_up(&s, fixture_of(state));
	start_twin(&t, child_is_served_when_told, &s);
	assert_int_equal(talloc_free(s.ev), 0);
	tell(&t);
	end_twin(&t);
	tear_down(&s);
}

/* C21: the parent adds an fd that is always ready: the child sleeps. */
static void test_parent__adds_a_ready_fd__child_does_not_see_it(void **state)
{
	struct scene s;
	struct twin t;
	struct tevent_fd *fde;
	int fds[2];

	set_up(&s, fixture_of(state));
	start_twin(&t, child_is_served_when_told, &s);
	socket_pair(fds);
	fde = tevent_add_fd(s.ev, s.mem, fds[0], TEVENT_FD_WRITE, on_never, NULL);
	run_dry(s.ev, 3);
	tell(&t);
	end_twin(&t);
	talloc_free(fde);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	tear_down(&s);
}

/* ---- C21: the child's first use of the context ---------------------- */

enum first_use { TURN, ADD, FREE, FLAGS };

static enum first_use first_use;

static void child_uses_then_is_served(void *arg)
{
	struct scene *s = arg;
	int fds[2];

	alarm(CHILD_SECONDS);
	child_assert(pipe(fds) == 0);
	if (first_use == TURN) {
		child_assert_sleeps(s->ev);
	} else if (first_use == ADD) {
		child_assert(tevent_add_fd(s->ev, s->mem, fds[0], TEVENT_FD_READ, on_never, NULL) != NULL);
	} else if (first_use == FREE) {
		child_assert(talloc_free(s->parents_fde) == 0);
	} else {
		tevent_fd_set_flags(s->parents_fde, 0);
	}
	child_assert_is_served(s);
}

static void child_is_served_after(struct fixture *f, enum first_use use)
{
	struct scene s;

	set_up(&s, f);
	first_use = use;
	assert_child_succeeds(child_uses_then_is_served, &s);
	assert_parent_is_served(&s);
	tear_down(&s);
}

/* C21: a turn. */
static void test_child__first_use_is_a_turn__has_the_same_events(void **state)
{
	child_is_served_after(fixture_of(state), TURN);
}

/* C21: a new event. */
static void test_child__first_use_is_add__has_the_same_events(void **state)
{
	child_is_served_after(fixture_of(state), ADD);
}

/* C21: freeing one. */
static void test_child__first_use_is_free__has_the_other_events(void **state)
{
	child_is_served_after(fixture_of(state), FREE);
}

/* C21: changing flags. */
static void test_child__first_use_is_set_flags__has_the_other_events(void **state)
{
	child_is_served_after(fixture_of(state), FLAGS);
}

/* ---- C21: both sides run the loop ----------------------------------- */

#define ROUNDS 3

static void child_takes_its_own(struct twin *t, void *arg)
{
	struct scene *s = arg;

	talloc_free(s->parents_fde);
	for (int i = 0; i < ROUNDS; i++) {
		child_await(t); /* both pipes are ready */
		run_dry(s->ev, 5);
		child_tell(t);
	}
	child_assert(strcmp(notes(), "childs childs childs") == 0);
}

/* C21: both pipes ready, each side keeps one event: each gets only its own. */
static void test_fork__both_sides_work__each_gets_its_own_events(void **state)
{
	struct scene s;
	struct twin t;

	set_up(&s, fixture_of(state));
	start_twin(&t, child_takes_its_own, &s);
	talloc_free(s.childs_fde);
	s.childs_fde = NULL;
	for (int i = 0; i < ROUNDS; i++) {
		write_byte(s.parents[1]);
		write_byte(s.childs[1]);
		tell(&t);
		run_dry(s.ev, 5);
		await(&t);
	}
	end_twin(&t);
	assert_notes("parents parents parents");
	tear_down(&s);
}

static void child_runs_inherited_timer_and_immediate(struct twin *t, void *arg)
{
	child_assert(tevent_loop_once(arg) == 0);
	child_assert(tevent_loop_once(arg) == 0);
	child_assert(strcmp(notes(), "im timer") == 0);
	child_tell(t);
}

/* C21: timers and immediates are inherited too, and run on both sides. */
static void test_fork__timer_and_immediate__run_on_both_sides(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct twin t;

	tevent_add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL);
	tevent_schedule_immediate(im, f->ev, on_immediate, NULL);
	start_twin(&t, child_runs_inherited_timer_and_immediate, f->ev);
	await(&t);
	turns(f->ev, 2);
	assert_notes("im timer");
	end_twin(&t);
}

static void child_is_signalled(struct twin *t, void *arg)
{
	child_await(t); /* the parent had its own */
	run_dry(arg, 5);
	child_assert(strcmp(notes(), "") == 0);
	child_assert(kill(getpid(), SIGUSR1) == 0);
	run_dry(arg, 5);
	child_assert(strcmp(notes(), "sig") == 0);
	child_tell(t);
	child_await(t);
}

/* C21: an inherited signal event: each side gets its own signals. */
static void test_fork__signal_event__each_side_gets_its_own_signals(void **state)
{
	struct fixture *f = fixture_of(state);
	struct twin t;

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	start_twin(&t, child_is_signalled, f->ev);
	raise(SIGUSR1);
	run_dry(f->ev, 5);
	tell(&t);
	await(&t);
	run_dry(f->ev, 5);
	assert_notes("sig");
	tell(&t);
	end_twin(&t);
}

static void grandchild(struct twin *t, void *arg)
{
	struct scene *s = arg;

	talloc_free(s->parents_fde);
	child_assert_is_served(s);
	child_tell(t);
}

static void child_forks(struct twin *t, void *arg)
{
	struct scene *s = arg;
	struct twin second;
	int status;

	child_assert_is_served(s);
	start_twin(&second, grandchild, s);
	child_await(&second);
	child_assert(waitpid(second.other, &status, 0) == second.other && status == 0);
	child_assert_is_served(s);
	child_tell(t);
	child_await(t);
}

/* C21: a child of the child. */
static void test_grandchild__works__parent_and_child_keep_their_own(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_forks);
}

static void grandchild_is_served(struct twin *t, void *arg)
{
	child_assert_is_served(arg);
	child_tell(t);
}

static void child_forks_untouched(struct twin *t, void *arg)
{
	struct twin second;
	int status;

	start_twin(&second, grandchild_is_served, arg);
	child_await(&second);
	child_assert(waitpid(second.other, &status, 0) == second.other && status == 0);
	child_tell(t);
	child_await(t);
}

/* C21: the child in between never touches the context. */
static void test_grandchild__first_use_after_two_forks__has_the_same_events(void **state)
{
	parent_is_undisturbed_by(fixture_of(state), child_forks_untouched);
}

/* ---- C21, D10: the wake-up ------------------------------------------ */

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static bool is_epoll_instance(int fd)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "eventpoll") != NULL;
}

/* The descriptor that the context reads its wake-ups from; left empty. */
static int find_wakeup_fd(struct tevent_context *ev)
{
	bool was_readable[256];
	int found = -1;

	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	for (int fd = 0; fd < 256; fd++) {
		was_readable[fd] = is_readable(fd);
	}
	assert_int_equal(tevent_common_wakeup(ev), 0);
	for (int fd = 0; fd < 256; fd++) {
		if (!was_readable[fd] && is_readable(fd) && !is_epoll_instance(fd)) {
			found = fd;
		}
	}
	run_dry(ev, 3);
	assert_int_not_equal(found, -1);
	assert_false(is_readable(found));
	return found;
}

static void child_wakes_itself(struct twin *t, void *arg)
{
	struct tevent_context *ev = arg;

	child_assert(run_dry(ev, 3) == 1);
	child_assert(tevent_common_wakeup(ev) == 0);
	child_tell(t);
	child_await(t);                          /* the parent has checked */
	child_assert(tevent_loop_once(ev) == 0); /* would wait for 30 s */
}

/* C21: a child that wakes its loop does not wake the parent's. */
static void test_wakeup__in_the_child__does_not_reach_the_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct twin t;
	int fd;

	DEVIATION("D10", "the wake-up is shared with the parent");
	fd = find_wakeup_fd(f->ev);
	start_twin(&t, child_wakes_itself, f->ev);
	await(&t);
	assert_false(is_readable(fd));
	assert_int_equal(run_dry(f->ev, 3), 1);
	tell(&t);
	end_twin(&t);
}

static void child_sleeps_on(struct twin *t, void *arg)
{
	child_await(t); /* the parent has woken itself */
	child_assert(run_dry(arg, 3) == 1);
	child_tell(t);
	child_await(t);
}

/* C21: neither does a parent its child, and the child does not swallow it. */
static void test_wakeup__in_the_parent__does_not_reach_the_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct twin t;
	int fd;

	DEVIATION("D10", "the wake-up is shared with the parent");
	fd = find_wakeup_fd(f->ev);
	start_twin(&t, child_sleeps_on, f->ev);
	assert_int_equal(tevent_common_wakeup(f->ev), 0);
	tell(&t);
	await(&t);
	assert_true(is_readable(fd));
	turns(f->ev, 1); /* would wait for 30 s */
	tell(&t);
	end_twin(&t);
}

static void child_gets_a_signal(struct twin *t, void *arg)
{
	child_assert(run_dry(arg, 3) == 1);
	raise(SIGUSR1); /* its handler wakes the loop */
	child_tell(t);
	child_await(t);
	run_dry(arg, 3);
	child_assert(strcmp(notes(), "sig") == 0);
}

/* C21: a signal in the child does not wake the parent. */
static void test_wakeup__signal_in_the_child__does_not_reach_the_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct twin t;
	int fd;

	DEVIATION("D10", "the wake-up is shared with the parent");
	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	fd = find_wakeup_fd(f->ev);
	start_twin(&t, child_gets_a_signal, f->ev);
	await(&t);
	assert_false(is_readable(fd));
	assert_int_equal(run_dry(f->ev, 3), 1);
	tell(&t);
	end_twin(&t);
	assert_notes("");
}

/* ---- C25: the forking server ---------------------------------------- */

static struct {
	struct scene s;
	struct twin t;
	bool is_child;
} server;

static void serve_inside_the_handler(struct twin *t, void *arg)
{
	struct tevent_context *ev = arg;
	struct scene *s = &server.s;

	child_assert(tevent_re_initialise(ev) == 0);
	child_assert(tevent_add_fd(ev, s->mem, s->childs[0], TEVENT_FD_READ, on_childs, s) != NULL);
	child_tell(t);
	child_await(t); /* both pipes are ready */
	run_dry(ev, 5);
	child_assert(strcmp(notes(), "accept childs") == 0);
}

static void on_accept(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("accept");
	drain(server.s.parents[0]);
	if (server.t.other == 0) {
		start_twin(&server.t, serve_inside_the_handler, ev);
	}
}

/* A scene whose parents' event forks, once. */
static void set_up_server(struct fixture *f, tevent_fd_handler_t on_accept_fn)
{
	memset(&server, 0, sizeof(server));
	set_up(&server.s, f);
	talloc_free(server.s.parents_fde);
	talloc_free(server.s.childs_fde);
	server.s.childs_fde = NULL;
	server.s.parents_fde = _tevent_add_fd(f->ev, f->mem, server.s.parents[0], TEVENT_FD_READ, on_accept_fn, NULL,
					      "on_accept", __location__);
	run_dry(f->ev, 3);
	write_byte(server.s.parents[1]);
}

/* C25, C10: the child re-initialises in the accept handler and runs its loop in there. */
static void test_accept_handler__child_runs_its_loop_inside__both_sides_work(void **state)
{
	struct fixture *f = fixture_of(state);

	set_up_server(f, on_accept);
	turns(f->ev, 1);
	await(&server.t);
	write_byte(server.s.parents[1]);
	write_byte(server.s.childs[1]);
	tell(&server.t);
	run_dry(f->ev, 5);
	end_twin(&server.t);
	assert_notes("accept accept");
	tear_down(&server.s);
}

static void on_accept_returning(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("accept");
	drain(server.s.parents[0]);
	server.t.other = fork();
	if (server.t.other == 0) {
		server.is_child = true;
		alarm(CHILD_SECONDS);
		child_assert(tevent_re_initialise(ev) == 0);
		child_assert(tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL) != NULL);
	}
	talloc_free(fde);
}

/* C25: the child returns from the handler; the outer tevent_loop_wait continues on both sides. */
static void test_accept_handler__child_returns__outer_loop_goes_on(void **state)
{
	struct fixture *f = fixture_of(state);
	int status = -1;
	int ret;

	set_up_server(f, on_accept_returning);
	fflush(NULL);
	ret = tevent_loop_wait(f->ev);
	if (server.is_child) {
		_exit(ret == 0 && strcmp(notes(), "accept timer") == 0 ? 0 : 99);
	}
	assert_int_equal(waitpid(server.t.other, &status, 0), server.t.other);
	assert_int_equal(status, 0);
	assert_int_equal(ret, 0);
	assert_notes("accept");
	server.s.parents_fde = NULL;
	tear_down(&server.s);
}

static void exit_with_descriptor_count(void *arg)
{
	_exit(count_open_fds());
}

/* All open descriptors of a child; tools such as valgrind may open some of their own. */
static int descriptors_of_a_child(void)
{
	int status = status_of_child(exit_with_descriptor_count, NULL);

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* C21, C27: a child's own descriptors replace its parent's: their number stays the same. */
static void test_child__has_wakeup_and_proxy__no_more_descriptors_than_its_parent(void **state)
{
	struct fixture *f = fixture_of(state);
	int parents = count_open_fds(), childs = descriptors_of_a_child();

	assert_non_null(tevent_threaded_context_create(f->mem, f->ev));
	assert_non_null(tevent_thread_proxy_create(f->ev));
	assert_int_equal(descriptors_of_a_child() - childs, count_open_fds() - parents);
}

static struct rlimit limit_at_the_fork;
static int descriptors_at_the_fork;

static void grandchild_is_woken(void *arg)
{
	alarm(CHILD_SECONDS);
	raise(SIGUSR1);
	child_assert(tevent_loop_once(arg) == 0);
	child_assert(strcmp(notes(), "sig sig") == 0);
}

static void child_waits_without_descriptors(void *arg)
{
	struct tevent_context *ev = arg;
	bool ran = false;

	alarm(CHILD_SECONDS);
	for (int i = 0; i < 3; i++) {
		int turns_taken = 0;

		ran = false;
		child_assert(tevent_add_timer(ev, ev, in_ms(10), set_true, &ran) != NULL);
		while (!ran) {
			child_assert(tevent_loop_once(ev) == 0);
			child_assert(++turns_taken < 10); /* it waits, and does not spin */
		}
		if (i == 1) {
			setrlimit(RLIMIT_NOFILE, &limit_at_the_fork);
		}
	}
	child_assert(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL) != NULL);
	raise(SIGUSR1);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(strcmp(notes(), "sig") == 0);
	child_assert(count_open_fds() <= descriptors_at_the_fork);
	child_assert(status_of_child(grandchild_is_woken, ev) == 0);
}

/* C21: as long as there is no descriptor for the child's wake-up, each wait works without it and tries again. */
static void test_child__no_descriptor_at_the_fork_and_later__waits_without_wakeup(void **state)
{
	struct fixture *f = fixture_of(state);
	struct rlimit none;
	int status;

	DEVIATION("D10", "the wake-up is shared with the parent");
	assert_non_null(tevent_threaded_context_create(f->mem, f->ev));
	descriptors_at_the_fork = count_open_fds();
	getrlimit(RLIMIT_NOFILE, &limit_at_the_fork);
	none = limit_at_the_fork;
	none.rlim_cur = 3; /* with 0, poll(2) would refuse its array */
	setrlimit(RLIMIT_NOFILE, &none);
	status = status_of_child(child_waits_without_descriptors, f->ev);
	setrlimit(RLIMIT_NOFILE, &limit_at_the_fork);
	assert_int_equal(status, 0);
}

static void child_has_a_wakeup(void *arg)
{
	child_assert(tevent_common_wakeup(arg) == 0);
}

/* C21, T6: the child's wake-up exists before any of the child's code runs, not only when it waits. */
static void test_child__right_after_the_fork__can_be_woken(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_child_succeeds(child_has_a_wakeup, f->ev);
}

/* ---- C22: pid ------------------------------------------------------- */

static void pid_in_grandchild(void *arg)
{
	child_assert(tevent_cached_getpid() == getpid());
}

static void pid_in_child(void *arg)
{
	child_assert(tevent_cached_getpid() == getpid());
	child_assert(tevent_cached_getpid() != *(pid_t *)arg);
	child_assert(status_of_child(pid_in_grandchild, NULL) == 0);
	child_assert(tevent_cached_getpid() == getpid());
}

/* C22: the right pid in the child, in its child, and still in the parent. */
static void test_cached_getpid__after_fork__is_getpid(void **state)
{
	pid_t parent = tevent_cached_getpid();

	assert_int_equal(parent, getpid());
	assert_child_succeeds(pid_in_child, &parent);
	assert_int_equal(tevent_cached_getpid(), parent);
}

static atomic_int getpid_calls;

/* Replaces the C library's function, to count its calls. */
pid_t getpid(void)
{
	getpid_calls++;
	return (pid_t)syscall(SYS_getpid);
}

static void pid_without_system_call(void *arg)
{
	getpid_calls = 0;
	child_assert(tevent_cached_getpid() != *(pid_t *)arg);
	child_assert(getpid_calls == 0);
}

/* C22, C21: without a system call, also in the child; a turn makes none either. */
static void test_cached_getpid__called__makes_no_system_call(void **state)
{
	struct fixture *f = fixture_of(state);
	pid_t parent = getpid();

	getpid_calls = 0;
	assert_int_equal(tevent_cached_getpid(), parent);
	run_dry(f->ev, 3);
	assert_int_equal(getpid_calls, 0);
	assert_child_succeeds(pid_without_system_call, &parent);
}

/* ---- C23: threads --------------------------------------------------- */

struct threaded {
	struct tevent_context *ev;
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im;
};

static void child_uses_inherited_threaded_context(void *arg)
{
	struct threaded *x = arg;

	alarm(CHILD_SECONDS);
	tevent_threaded_schedule_immediate(x->tctx, x->im, on_immediate, NULL);
	child_assert(run_dry(x->ev, 3) == 1);
	child_assert(strcmp(notes(), "") == 0);
	tevent_schedule_immediate(x->im, x->ev, on_immediate, NULL); /* it is idle */
	child_assert(tevent_loop_once(x->ev) == 0);
	child_assert(strcmp(notes(), "im") == 0);
	child_assert(talloc_free(x->tctx) == 0);
	child_assert(talloc_free(x->im) == 0);
}

static void set_up_threaded(struct threaded *x, struct fixture *f)
{
	x->ev = f->ev;
	x->tctx = tevent_threaded_context_create(f->mem, f->ev);
	x->im = tevent_create_immediate(f->mem);
	assert_non_null(x->tctx);
	run_dry(f->ev, 3);
}

/* C23: an inherited threaded context does nothing in the child; the parent's works. */
static void test_threaded_context__inherited__is_gone_in_the_child(void **state)
{
	struct fixture *f = fixture_of(state);
	struct threaded x;

	set_up_threaded(&x, f);
	assert_child_succeeds(child_uses_inherited_threaded_context, &x);
	tevent_threaded_schedule_immediate(x.tctx, x.im, on_immediate, NULL);
	turns(f->ev, 1);
	assert_notes("im");
}

static void child_makes_a_threaded_context(void *arg)
{
	struct threaded *x = arg;
	struct tevent_threaded_context *tctx;

	alarm(CHILD_SECONDS);
	tctx = tevent_threaded_context_create(x->ev, x->ev);
	child_assert(tctx != NULL);
	tevent_threaded_schedule_immediate(tctx, x->im, on_immediate, NULL);
	child_assert(tevent_loop_once(x->ev) == 0);
	child_assert(strcmp(notes(), "im") == 0);
}

/* C23: the child may create its own threaded context on the inherited context. */
static void test_threaded_context__made_in_the_child__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct threaded x;

	set_up_threaded(&x, f);
	assert_child_succeeds(child_makes_a_threaded_context, &x);
}

static void child_inherits_immediate_on_its_way(void *arg)
{
	struct threaded *x = arg;

	alarm(CHILD_SECONDS);
	run_dry(x->ev, 3);
	child_assert(strcmp(notes(), "") == 0);
	child_assert(talloc_free(x->im) == 0);
}

/* C23, T10, T3: an immediate that was on its way is idle in the child, and runs in the parent. */
static void test_threaded_immediate__on_its_way_at_fork__runs_in_the_parent_only(void **state)
{
	struct fixture *f = fixture_of(state);
	struct threaded x;

	DEVIATION("D11", "it stays on its way in the child");
	set_up_threaded(&x, f);
	tevent_threaded_schedule_immediate(x.tctx, x.im, on_immediate, NULL);
	assert_child_succeeds(child_inherits_immediate_on_its_way, &x);
	turns(f->ev, 1);
	assert_notes("im");
}

static atomic_bool stop;

static void do_nothing(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
}

/* A thread that is inside the library nearly all the time, with its own contexts. */
static void *busy_thread(void *arg)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct tevent_context *steady = tevent_context_init(mem);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(steady, steady);
	struct tevent_immediate *im = tevent_create_immediate(steady);
	bool ran = false;

	while (!atomic_load(&stop)) {
		struct tevent_context *ev = tevent_context_init(mem);
		struct tevent_timer *te = tevent_add_timer(ev, ev, tevent_timeval_zero(), set_true, &ran);

		child_assert(te != NULL);
		child_assert(tevent_loop_once(ev) == 0);
		tevent_threaded_schedule_immediate(tctx, im, do_nothing, NULL);
		child_assert(tevent_loop_once(steady) == 0);
		talloc_free(tevent_threaded_context_create(ev, ev));
		talloc_free(ev);
	}
	talloc_free(mem);
	return NULL;
}

/* Uses everything that has shared state: contexts, signals, threads, registry. */
static void use_everything(struct tevent_context *inherited)
{
	struct tevent_context *ev[2] = {inherited, tevent_context_init(NULL)};

	for (int i = 0; i < 2; i++) {
		struct tevent_threaded_context *tctx = tevent_threaded_context_create(ev[i], ev[i]);
		struct tevent_immediate *im = tevent_create_immediate(ev[i]);

		clear_notes();
		child_assert(tevent_add_signal(ev[i], ev[i], SIGUSR1, 0, on_signal, NULL) != NULL);
		child_assert(tevent_add_timer(ev[i], ev[i], tevent_timeval_zero(), on_timer, NULL) != NULL);
		tevent_threaded_schedule_immediate(tctx, im, on_immediate, NULL);
		raise(SIGUSR1);
		for (int turn = 0; turn < 3; turn++) {
			child_assert(tevent_loop_once(ev[i]) == 0);
		}
		child_assert(strcmp(notes(), "sig im timer") == 0);
		child_assert(talloc_free(ev[i]) == 0);
	}
	talloc_free(tevent_backend_list(NULL));
}

#define BUSY_THREADS 2
#define FORKS 20

static void fork_among_busy_threads(void *arg)
{
	struct tevent_context *ev;
	pthread_t threads[BUSY_THREADS];

	alarm(2 * CHILD_SECONDS);
	talloc_disable_null_tracking(); /* talloc has no locks */
	ev = tevent_context_init(NULL);
	atomic_store(&stop, false);
	for (int i = 0; i < BUSY_THREADS; i++) {
		child_assert(pthread_create(&threads[i], NULL, busy_thread, NULL) == 0);
	}
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			alarm(CHILD_SECONDS);
			use_everything(ev);
			_exit(0);
		}
		child_assert(waitpid(pid, &status, 0) == pid);
		child_assert(status == 0);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < BUSY_THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	use_everything(ev);
}

/* C23: fork while other threads are inside the library: no lock stays locked in the child. */
static void test_fork__other_threads_inside_the_library__child_works(void **state)
{
	/* seen there in one of some fifty runs: abort() or a hang in the forking process */
	DEVIATION("C23", "fork among threads that free threaded contexts is not safe");
	if (ADDRESS_SANITIZED) {
		print_message("skipped: AddressSanitizer's allocator keeps its locks in a forked child\n");
		skip();
	}
	assert_child_succeeds(fork_among_busy_threads, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_child__frees_inherited_events__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__changes_flags__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__frees_the_context__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__closes_the_fds__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__adds_a_ready_fd__parent_does_not_see_it),
		TEST_EACH_BACKEND(test_child__runs_turns__parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__reinitialises__starts_anew_and_parent_keeps_its_own),
		TEST_EACH_BACKEND(test_child__does_nothing__parent_keeps_its_own),

		TEST_EACH_BACKEND(test_parent__frees_its_events__child_keeps_its_own),
		TEST_EACH_BACKEND(test_parent__changes_flags__child_keeps_its_own),
		TEST_EACH_BACKEND(test_parent__frees_the_context__child_keeps_its_own),
		TEST_EACH_BACKEND(test_parent__adds_a_ready_fd__child_does_not_see_it),

		TEST_EACH_BACKEND(test_child__first_use_is_a_turn__has_the_same_events),
		TEST_EACH_BACKEND(test_child__first_use_is_add__has_the_same_events),
		TEST_EACH_BACKEND(test_child__first_use_is_free__has_the_other_events),
		TEST_EACH_BACKEND(test_child__first_use_is_set_flags__has_the_other_events),

		TEST_EACH_BACKEND(test_fork__both_sides_work__each_gets_its_own_events),
		TEST_EACH_BACKEND(test_fork__timer_and_immediate__run_on_both_sides),
		TEST_EACH_BACKEND(test_fork__signal_event__each_side_gets_its_own_signals),
		TEST_EACH_BACKEND(test_grandchild__works__parent_and_child_keep_their_own),
		TEST_EACH_BACKEND(test_grandchild__first_use_after_two_forks__has_the_same_events),

		TEST_EACH_BACKEND(test_wakeup__in_the_child__does_not_reach_the_parent),
		TEST_EACH_BACKEND(test_wakeup__in_the_parent__does_not_reach_the_child),
		TEST_EACH_BACKEND(test_wakeup__signal_in_the_child__does_not_reach_the_parent),

		TEST_EACH_BACKEND(test_accept_handler__child_runs_its_loop_inside__both_sides_work),
		TEST_EACH_BACKEND(test_accept_handler__child_returns__outer_loop_goes_on),
		TEST_EACH_BACKEND(test_child__right_after_the_fork__can_be_woken),
		TEST_EACH_BACKEND(test_child__has_wakeup_and_proxy__no_more_descriptors_than_its_parent),
		TEST_ON(test_child__no_descriptor_at_the_fork_and_later__waits_without_wakeup, standard),
		TEST_ON(test_child__no_descriptor_at_the_fork_and_later__waits_without_wakeup, poll),
		TEST_ON(test_child__no_descriptor_at_the_fork_and_later__waits_without_wakeup, poll_mt),

		TEST(test_cached_getpid__after_fork__is_getpid),
		TEST_EACH_BACKEND(test_cached_getpid__called__makes_no_system_call),

		TEST_EACH_BACKEND(test_threaded_context__inherited__is_gone_in_the_child),
		TEST_EACH_BACKEND(test_threaded_context__made_in_the_child__works),
		TEST_EACH_BACKEND(test_threaded_immediate__on_its_way_at_fork__runs_in_the_parent_only),
		TEST(test_fork__other_threads_inside_the_library__child_works),
	};

	return cmocka_run_group_tests_name("fork", tests, group_setup, NULL);
}
