/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * No memory: every call that allocates, with its first, second, third ...
 * allocation failing, until it succeeds without hitting the failure.
 *
 * This program defines malloc(), calloc() and realloc() itself, so all
 * allocations of libtevent and libtalloc use the countdown below.  The
 * countdown belongs to the calling thread and runs only during the tested
 * call.  Each round asserts the documented result, that the attempt leaves
 * nothing behind (talloc chunks, bytes, descriptors), and that the fixture's
 * context still works.
 *
 * A sanitizer or valgrind has its own allocator; then the cases are skipped,
 * with a message.
 */

#include "sanitized.h"
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- injection ---- */

static __thread unsigned long allocations; /* of this thread, ever */
static __thread int countdown;             /* the allocation that fails; 0: none */
static __thread bool all_fail;
static __thread bool fired;

#if !SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static bool this_one_fails(void)
{
	allocations++;
	if (all_fail || (countdown > 0 && --countdown == 0)) {
		fired = true;
		errno = ENOMEM;
		return true;
	}
	return false;
}

void *malloc(size_t size)
{
	return this_one_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return this_one_fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	return this_one_fails() ? NULL : __libc_realloc(ptr, size);
}

#endif

static void fail_nth_allocation(int n)
{
	fired = false;
	countdown = n;
}

static void fail_all_allocations(void)
{
	fired = false;
	all_fail = true;
}

/* Returns whether an allocation failed since. */
static bool stop_failing(void)
{
	countdown = 0;
	all_fail = false;
	return fired;
}

/*
 * Determined before the countdown runs: if the library lacks a function, the
 * replacement in tests/support queries the dynamic loader on each call, which
 * allocates.  So the older functions are called then.
 */
static bool on_oracle;

static void need_injection(void)
{
	on_oracle = running_on_oracle();
	if (SANITIZED) {
		print_message("skipped: the sanitizer's allocator can't be made to fail from here\n");
		skip();
	}
	if (getenv("TEVENT_TEST_VALGRIND") != NULL) {
		print_message("skipped: valgrind's allocator can't be made to fail from here\n");
		skip();
	}
}

/* ---- one call, tried with every allocation failing ---- */

/* The objects of a round.  All are below mem, which is freed after the round. */
struct scene {
	struct fixture *f;
	TALLOC_CTX *mem;
	struct tevent_context *ev; /* a context for this round, if prepare creates one */
	struct tevent_context *wrapper;
	struct tevent_req *req;
	struct tevent_queue *queue;
	struct tevent_immediate *im;
	struct tevent_req_profile *profile;
	struct tevent_thread_proxy *proxy;
	struct tevent_threaded_context *tctx;
	void *data;
	int count; /* of the attempt's objects */
	int fds[2];
	const char *wrong; /* set by an attempt that found a further error besides its result */
};

struct call {
	void (*prepare)(struct scene *s);            /* with memory; NULL: nothing to prepare */
	bool (*attempt)(struct scene *s);            /* true: it worked; false: the documented failure */
	void (*check)(struct scene *s, bool worked); /* with memory again; NULL: nothing more to check */
	bool may_work;                               /* may succeed although an allocation failed */
	bool keeps;                                  /* a failure may leave something below the round's own objects */
	bool may_not_allocate;
};

struct measure {
	size_t blocks;
	size_t bytes;
	int fds;
};

/* All but the fixture's context, which may grow and shrink. */
static struct measure measure(struct fixture *f)
{
	struct measure m = {
		talloc_total_blocks(NULL) - talloc_total_blocks(f->ev),
		talloc_total_size(NULL) - talloc_total_size(f->ev),
		count_open_fds(),
	};

	return m;
}

static void assert_same(struct measure a, struct measure b)
{
	assert_int_equal(a.blocks, b.blocks);
	assert_int_equal(a.bytes, b.bytes);
	assert_int_equal(a.fds, b.fds);
}

static void count_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	++*(int *)private_data;
}

static void count_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	(void)ev;
	(void)te;
	(void)now;
	++*(int *)private_data;
}

static void count_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev;
	(void)fde;
	(void)flags;
	++*(int *)private_data;
}

static void count_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			 void *private_data)
{
	(void)ev;
	(void)se;
	(void)signum;
	(void)count;
	(void)siginfo;
	++*(int *)private_data;
}

/* An immediate, a timer and a descriptor run on it. */
static void assert_context_works(struct tevent_context *ev)
{
	TALLOC_CTX *mem = talloc_new(ev);
	int immediates = 0, timers = 0, fds = 0;
	int pipe_fds[2];

	pipe_pair(pipe_fds);
	write_byte(pipe_fds[1]);
	tevent_schedule_immediate(tevent_create_immediate(mem), ev, count_immediate, &immediates);
	assert_non_null(tevent_add_timer(ev, mem, tevent_timeval_zero(), count_timer, &timers));
	assert_non_null(tevent_add_fd(ev, mem, pipe_fds[0], TEVENT_FD_READ, count_fd, &fds));
	turns(ev, 2);
	for (int i = 0; fds == 0 && i < 10; i++) {
		turns(ev, 1); /* others may be ready, too */
	}
	talloc_free(mem);
	close_fd(&pipe_fds[0]);
	close_fd(&pipe_fds[1]);
	assert_int_equal(immediates, 1);
	assert_int_equal(timers, 1);
	assert_int_equal(fds, 1);
}

/* One round: the n-th allocation fails (0: none).  True when the failure was met. */
static bool try_round(struct fixture *f, const struct call *call, int n)
{
	struct measure at_start = measure(f), before, after;
	struct scene s = {.f = f, .fds = {-1, -1}};
	bool worked, met;

	s.mem = talloc_named_const(f->mem, 0, "round");
	if (call->prepare != NULL) {
		call->prepare(&s);
	}
	before = measure(f);
	fail_nth_allocation(n);
	worked = call->attempt(&s);
	met = stop_failing();
	after = measure(f);

	if (s.wrong != NULL) {
		fail_msg("allocation %d: %s", n, s.wrong);
	}
	if (!worked && !met) {
		fail_msg("allocation %d: failed with memory enough", n);
	}
	if (worked && met && !call->may_work) {
		fail_msg("allocation %d failed, the call did not", n);
	}
	if (!worked && !call->keeps) {
		assert_same(before, after);
	}
	if (call->check != NULL) {
		call->check(&s, worked);
	}
	talloc_free(s.mem);
	close_fd(&s.fds[0]);
	close_fd(&s.fds[1]);
	if (n != 0) {
		assert_same(at_start, measure(f));
	}
	assert_context_works(f->ev);
	return met;
}

static void each_allocation_fails(void **state, const struct call *call)
{
	struct fixture *f;
	int n = 0;
	bool met;

	need_injection();
	f = fixture_of(state);
	try_round(f, call, 0); /* objects created once, on first use, exist then */
	do {
		size_t blocks;
		n++;
		assert_true(n < 500);
		try_round(f, call, n);
		blocks = talloc_total_blocks(f->ev);
		met = try_round(f, call, n); /* from the second time on the context is settled */
		assert_int_equal(talloc_total_blocks(f->ev), blocks);
	} while (met);
	if (!call->may_not_allocate) {
		assert_true(n > 1);
	}
}

/* ---- prepared scenes ---- */

static void prepare_context(struct scene *s)
{
	s->ev = tevent_context_init_byname(s->mem, s->f->backend);
	assert_non_null(s->ev);
}

static void prepare_pipe(struct scene *s)
{
	pipe_pair(s->fds);
}

static void prepare_context_and_pipe(struct scene *s)
{
	prepare_context(s);
	prepare_pipe(s);
}

struct work_state {
	int number;
};

static struct tevent_req *new_request(TALLOC_CTX *mem_ctx, struct work_state **state)
{
	return on_oracle ? _tevent_req_create(mem_ctx, state, sizeof(**state), "struct work_state", __location__)
			 : tevent_req_create(mem_ctx, state, struct work_state);
}

static void called(struct tevent_req *req)
{
	(void)req;
	note("called");
}

/* Leaves no memory for children in the request's own allocation. */
static void use_up_room(struct tevent_req *req)
{
	unsigned long before = allocations;

	while (allocations == before) {
		assert_non_null(talloc_size(req, 1));
	}
}

static void prepare_request(struct scene *s)
{
	struct work_state *state = NULL;

	s->req = new_request(s->mem, &state);
	assert_non_null(s->req);
	tevent_req_set_callback(s->req, called, NULL);
	use_up_room(s->req);
	clear_notes();
}

static void prepare_profiled_request(struct scene *s)
{
	prepare_request(s);
	assert_true(tevent_req_set_profile(s->req));
}

static void prepare_profile(struct scene *s)
{
	s->profile = tevent_req_profile_create(s->mem);
	assert_non_null(s->profile);
}

static void prepare_queue(struct scene *s)
{
	struct work_state *state = NULL;

	s->queue = tevent_queue_create(s->mem, "queue");
	assert_non_null(s->queue);
	s->req = new_request(s->mem, &state);
	assert_non_null(s->req);
	use_up_room(s->req);
	clear_notes();
}

static enum tevent_req_state state_of(struct tevent_req *req)
{
	enum tevent_req_state state = TEVENT_REQ_INIT;
	uint64_t error = 0;

	return tevent_req_is_error(req, &state, &error) ? state : TEVENT_REQ_DONE;
}

/* The call returned false: the request has finished, and its callback was called. */
static void check_request_no_memory(struct scene *s, bool worked)
{
	if (worked) {
		assert_int_equal(state_of(s->req), TEVENT_REQ_IN_PROGRESS);
		assert_notes("");
	} else {
		assert_int_equal(state_of(s->req), TEVENT_REQ_NO_MEMORY);
		assert_notes("called");
	}
}

/* ---- contexts and backends ---- */

static bool attempt_context_init(struct scene *s)
{
	return tevent_context_init(s->mem) != NULL;
}

/* C7: NULL; `standard` may use poll if epoll's part failed (C5). */
static void test_context_init__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_context_init, .may_work = true};

	each_allocation_fails(state, &call);
}

static bool attempt_context_init_byname(struct scene *s)
{
	s->ev = tevent_context_init_byname(s->mem, s->f->backend);
	return s->ev != NULL;
}

static void check_context(struct scene *s, bool worked)
{
	if (worked) {
		assert_context_works(s->ev);
	}
}

/* C7: NULL, for each backend. */
static void test_context_init_byname__no_memory__null(void **state)
{
	struct call call = {.attempt = attempt_context_init_byname, .check = check_context};

	call.may_work = strcmp(fixture_of(state)->backend, "standard") == 0;
	each_allocation_fails(state, &call);
}

static bool attempt_context_init_ops(struct scene *s)
{
	s->ev = tevent_context_init_ops(s->mem, tevent_find_ops_byname(s->f->backend), NULL);
	return s->ev != NULL;
}

/* C7: NULL, for each table. */
static void test_context_init_ops__no_memory__null(void **state)
{
	struct call call = {.attempt = attempt_context_init_ops, .check = check_context};

	call.may_work = strcmp(fixture_of(state)->backend, "standard") == 0;
	each_allocation_fails(state, &call);
}

static bool attempt_backend_list(struct scene *s)
{
	return tevent_backend_list(s->mem) != NULL;
}

/* C1: NULL. */
static void test_backend_list__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_backend_list};

	each_allocation_fails(state, &call);
}

/* A registration is permanent, so it is made in a child. */
static void registers_without_memory(void *arg)
{
	const struct tevent_ops *ops = tevent_find_ops_byname("poll");
	int n = 0;
	bool worked;

	(void)arg;
	do {
		fail_nth_allocation(++n);
		worked = tevent_register_backend("of the test", ops);
		child_assert(worked == !stop_failing());
		child_assert((tevent_find_ops_byname("of the test") == ops) == worked);
		child_assert(tevent_find_ops_byname("epoll") != NULL);
	} while (!worked);
	child_assert(n > 1);
}

/* C2: false, and not registered. */
static void test_register_backend__no_memory__false(void **state)
{
	(void)state;
	need_injection();
	assert_child_succeeds(registers_without_memory, NULL);
}

static void sets_default_without_memory(void *arg)
{
	const struct tevent_ops *found;

	(void)arg;
	for (int n = 1; n < 4; n++) {
		fail_nth_allocation(n);
		tevent_set_default_backend("poll");
		stop_failing();
		found = tevent_find_ops_byname(NULL);
		child_assert(found == tevent_find_ops_byname("poll") || found == tevent_find_ops_byname("standard"));
		tevent_set_default_backend(NULL);
		child_assert(tevent_find_ops_byname(NULL) == tevent_find_ops_byname("standard"));
	}
}

/* C3: it can't report a failure; the default is the new or the built-in one. */
static void test_set_default_backend__no_memory__new_or_built_in(void **state)
{
	(void)state;
	need_injection();
	assert_child_succeeds(sets_default_without_memory, NULL);
}

static void prepare_context_with_events(struct scene *s)
{
	static int ignored;

	prepare_context_and_pipe(s);
	assert_non_null(tevent_add_fd(s->ev, s->ev, s->fds[0], TEVENT_FD_READ, count_fd, &ignored));
	assert_non_null(tevent_add_timer(s->ev, s->ev, in_ms(60000), count_timer, &ignored));
}

static bool attempt_re_initialise(struct scene *s)
{
	return tevent_re_initialise(s->ev) == 0;
}

static void check_re_initialise(struct scene *s, bool worked)
{
	if (!worked) {
		assert_int_equal(tevent_re_initialise(s->ev), 0);
	}
	assert_context_works(s->ev);
}

/* C10: not 0; with memory it works the next time. */
static void test_re_initialise__no_memory__fails_and_works_later(void **state)
{
	struct call call = {
		.prepare = prepare_context_with_events,
		.attempt = attempt_re_initialise,
		.check = check_re_initialise,
		.keeps = true,
		.may_not_allocate = true,
	};

	call.may_work = strcmp(fixture_of(state)->backend, "standard") == 0;
	each_allocation_fails(state, &call);
}

static bool attempt_re_initialise_and_go(struct scene *s)
{
	return tevent_re_initialise(s->ev) == 0;
}

/* C10: a context that could not be initialised again can be freed. */
static void test_re_initialise__no_memory__can_be_freed(void **state)
{
	struct call call = {
		.prepare = prepare_context_with_events,
		.attempt = attempt_re_initialise_and_go,
		.keeps = true,
		.may_not_allocate = true,
	};

	call.may_work = strcmp(fixture_of(state)->backend, "standard") == 0;
	each_allocation_fails(state, &call);
}

/* ---- fd events, timers, immediates, signals ---- */

static int handled;

static bool attempt_add_fd(struct scene *s)
{
	return tevent_add_fd(s->ev, s->mem, s->fds[0], TEVENT_FD_READ, count_fd, &handled) != NULL;
}

static void check_fd_read(struct scene *s, bool worked)
{
	handled = 0;
	write_byte(s->fds[1]);
	for (int i = 0; worked && handled == 0 && i < 5; i++) {
		turns(s->ev, 1); /* the wake-up may take one */
	}
	assert_context_works(s->ev);
	assert_int_equal(handled > 0, worked);
}

/* F1: NULL; the descriptor is not watched. */
static void test_add_fd__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_context_and_pipe,
		.attempt = attempt_add_fd,
		.check = check_fd_read,
		.keeps = true,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_add_fd_on_fixture(struct scene *s)
{
	return tevent_add_fd(s->f->ev, s->mem, s->fds[0], TEVENT_FD_READ, count_fd, &handled) != NULL;
}

/* F1: NULL; nothing is left on a context that already had its first events. */
static void test_add_fd__no_memory_in_used_context__null(void **state)
{
	static const struct call call = {.prepare = prepare_pipe, .attempt = attempt_add_fd_on_fixture};

	each_allocation_fails(state, &call);
}

static bool attempt_add_timer(struct scene *s)
{
	return tevent_add_timer(s->f->ev, s->mem, tevent_timeval_zero(), count_timer, &handled) != NULL;
}

static void check_timer_run(struct scene *s, bool worked)
{
	handled = 0;
	settle(s->f->ev, 5);
	assert_int_equal(handled, worked ? 1 : 0);
}

/* E1: NULL. */
static void test_add_timer__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_add_timer, .check = check_timer_run};

	each_allocation_fails(state, &call);
}

static int latest_run; /* the number of the timer that ran last; it has to increase */

static void run_in_order(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	const int *number = private_data;

	(void)ev, (void)te, (void)now;
	assert_true(*number > latest_run);
	latest_run = *number;
	handled++;
}

#define MANY_TIMERS 300

/* Due, in random order: most have to be inserted before existing ones. */
static bool attempt_many_timers(struct scene *s)
{
	static int numbers[MANY_TIMERS];

	handled = 0;
	latest_run = 0;
	for (int i = 0; i < MANY_TIMERS; i++) {
		numbers[i] = 1 + (i * 7) % MANY_TIMERS + (i % 2 == 0 ? 0 : MANY_TIMERS);
		if (tevent_add_timer(s->ev, s->mem, tevent_timeval_set((uint32_t)numbers[i], 0), run_in_order,
				     &numbers[i]) == NULL) {
			s->count = i;
			return false;
		}
	}
	s->count = MANY_TIMERS;
	return true;
}

static void check_many_timers(struct scene *s, bool worked)
{
	(void)worked;
	settle(s->ev, s->count + 5);
	assert_int_equal(handled, s->count);
	assert_context_works(s->ev);
}

/* E1: NULL if a timer cannot be created.  E2, E9: memory that only saves time is not required. */
static void test_add_timer__no_memory_among_many__null_and_all_others_in_order(void **state)
{
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_many_timers,
		.check = check_many_timers,
		.may_work = true,
		.keeps = true,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_create_immediate(struct scene *s)
{
	s->im = tevent_create_immediate(s->mem);
	return s->im != NULL;
}

/* I1: NULL. */
static void test_create_immediate__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_create_immediate};

	each_allocation_fails(state, &call);
}

static bool attempt_signal(struct scene *s, int sa_flags)
{
	struct tevent_signal *se;

	errno = 0;
	se = tevent_add_signal(s->ev, s->mem, SIGUSR1, sa_flags, count_signal, &handled);
	if (se == NULL && errno == 0) {
		s->wrong = "no errno";
	}
	return se != NULL;
}

static bool attempt_add_signal(struct scene *s)
{
	return attempt_signal(s, 0);
}

static bool attempt_add_signal_siginfo(struct scene *s)
{
	return attempt_signal(s, SA_SIGINFO);
}

static void check_signal(struct scene *s, bool worked)
{
	struct sigaction now;

	assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
	assert_int_equal(now.sa_handler == SIG_DFL, !worked);
	if (worked) {
		handled = 0;
		raise(SIGUSR1);
		settle(s->ev, 5);
		assert_int_equal(handled, 1);
	}
	assert_context_works(s->ev);
}

/* S1: NULL with errno; the disposition is as before. */
static void test_add_signal__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_add_signal,
		.check = check_signal,
		.keeps = true, /* the wake-up descriptor */
	};

	each_allocation_fails(state, &call);
}

/* S1, S5: the memory for siginfo_t is allocated before the first arrival. */
static void test_add_signal__no_memory_with_siginfo__null(void **state)
{
	DEVIATION("D4", "0.14.1 keeps the memory for siginfo_t of an event that it could not add");
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_add_signal_siginfo,
		.check = check_signal,
		.keeps = true,
	};

	each_allocation_fails(state, &call);
}

/* ---- requests ---- */

static bool attempt_req_create(struct scene *s)
{
	struct work_state *state = (struct work_state *)s;
	struct tevent_req *req = new_request(s->mem, &state);

	if (req == NULL && state != (struct work_state *)s) {
		s->wrong = "the state pointer was written";
	}
	return req != NULL;
}

/* R1: NULL; the state pointer is not written. */
static void test_req_create__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_req_create};

	each_allocation_fails(state, &call);
}

/* R1: request and state are one allocation. */
static void test_req_create__usual__one_allocation(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	unsigned long before;

	need_injection();
	before = allocations;
	assert_non_null(new_request(f->mem, &s));
	assert_int_equal(allocations - before, 1);
}

static bool attempt_req_create_below_profile(struct scene *s)
{
	struct work_state *state = NULL;

	return new_request(_tevent_req_data(s->req), &state) != NULL;
}

static void check_subprofile(struct scene *s, bool worked)
{
	const struct tevent_req_profile *profile = tevent_req_get_profile(s->req);

	assert_int_equal(tevent_req_profile_get_subprofiles(profile) != NULL, worked);
	assert_int_equal(state_of(s->req), TEVENT_REQ_IN_PROGRESS);
}

/* R16: no memory for the profile of a request below a profiled one: NULL. */
static void test_req_create__no_memory_below_profile__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_profiled_request,
		.attempt = attempt_req_create_below_profile,
		.check = check_subprofile,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_set_endtime(struct scene *s)
{
	return tevent_req_set_endtime(s->req, s->f->ev, in_ms(60000));
}

/* R10: false, and the request finishes with NO_MEMORY. */
static void test_req_set_endtime__no_memory__false_and_no_memory(void **state)
{
	static const struct call call = {
		.prepare = prepare_request,
		.attempt = attempt_set_endtime,
		.check = check_request_no_memory,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_set_profile(struct scene *s)
{
	return tevent_req_set_profile(s->req);
}

static void check_set_profile(struct scene *s, bool worked)
{
	check_request_no_memory(s, worked);
	assert_int_equal(tevent_req_get_profile(s->req) != NULL, worked);
}

/* R16: false, and the request finishes with NO_MEMORY. */
static void test_req_set_profile__no_memory__false_and_no_memory(void **state)
{
	static const struct call call = {
		.prepare = prepare_request,
		.attempt = attempt_set_profile,
		.check = check_set_profile,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_done_with_profile(struct scene *s)
{
	tevent_req_done(s->req);
	return true;
}

static void check_done_with_profile(struct scene *s, bool worked)
{
	enum tevent_req_state profile_state = TEVENT_REQ_INIT;

	(void)worked;
	assert_int_equal(state_of(s->req), TEVENT_REQ_DONE);
	assert_notes("called");
	tevent_req_profile_get_status(tevent_req_get_profile(s->req), NULL, &profile_state, NULL);
	assert_int_equal(profile_state, TEVENT_REQ_DONE);
}

/* R3, R16: finishing does not depend on memory for its profile. */
static void test_req_done__no_memory_for_profile__finishes(void **state)
{
	static const struct call call = {
		.prepare = prepare_profiled_request,
		.attempt = attempt_done_with_profile,
		.check = check_done_with_profile,
		.may_work = true,
		.may_not_allocate = true,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_req_print(struct scene *s)
{
	return tevent_req_print(s->mem, s->req) != NULL;
}

/* R13: NULL. */
static void test_req_print__no_memory__null(void **state)
{
	static const struct call call = {.prepare = prepare_request, .attempt = attempt_req_print};

	each_allocation_fails(state, &call);
}

static bool attempt_req_default_print(struct scene *s)
{
	return tevent_req_default_print(s->req, s->mem) != NULL;
}

/* R13: NULL. */
static void test_req_default_print__no_memory__null(void **state)
{
	static const struct call call = {.prepare = prepare_request, .attempt = attempt_req_default_print};

	each_allocation_fails(state, &call);
}

static bool attempt_req_print_null(struct scene *s)
{
	return tevent_req_print(s->mem, NULL) != NULL;
}

/* R13: NULL. */
static void test_req_print__no_memory_null_request__null(void **state)
{
	static const struct call call = {.attempt = attempt_req_print_null};

	each_allocation_fails(state, &call);
}

/* R3-R7, R11: of a request's steps only create, end time and profile fail without memory. */
static void test_req__no_memory_after_create__whole_life(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req;
	int ret;

	need_injection();
	req = new_request(f->mem, &s);
	assert_non_null(req);
	tevent_req_set_callback(req, called, NULL);
	fail_all_allocations();
	tevent_req_notify_callback(req);
	tevent_req_defer_callback(req, f->ev);
	tevent_req_error(req, EIO);
	ret = tevent_loop_once(f->ev);
	tevent_req_post(req, f->ev);
	ret |= tevent_loop_once(f->ev);
	tevent_req_oom(req);
	tevent_req_received(req);
	talloc_free(req);
	stop_failing();
	assert_int_equal(ret, 0);
	assert_notes("called called called called");
}

/* R3, R4: posted without memory and freed before its turn: no call. */
static void test_req_post__no_memory_and_freed__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_req *req;

	need_injection();
	for (int received = 0; received < 2; received++) {
		req = new_request(f->mem, &s);
		assert_non_null(req);
		tevent_req_done(req);
		tevent_req_set_callback(req, called, NULL);
		fail_all_allocations();
		tevent_req_post(req, f->ev);
		stop_failing();
		if (received) {
			tevent_req_received(req);
		} else {
			TALLOC_FREE(req);
		}
		settle(f->ev, 5);
		assert_notes("");
		talloc_free(req);
	}
}

static const struct tevent_ops *poll_table;

static void hand_on(struct tevent_immediate *im, struct tevent_context *ev, tevent_immediate_handler_t handler,
		    void *private_data, const char *handler_name, const char *location)
{
	poll_table->schedule_immediate(im, ev, handler, private_data, handler_name, location);
}

/* R4: a finished request is posted without memory, also with a program's own table. */
static void test_req_post__no_memory_for_own_table__posted(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_context *ev;
	struct tevent_req *req;
	static struct tevent_ops table;

	need_injection();
	poll_table = tevent_find_ops_byname("poll");
	table = *poll_table;
	table.schedule_immediate = hand_on;
	ev = tevent_context_init_ops(f->mem, &table, NULL);
	assert_non_null(ev);
	req = new_request(f->mem, &s);
	assert_non_null(req);
	tevent_req_done(req);
	tevent_req_set_callback(req, called, NULL);
	fail_all_allocations();
	tevent_req_post(req, ev);
	stop_failing();
	turns(ev, 1);
	assert_notes("called");
	tevent_req_received(req);
	talloc_free(req);
}

static struct tevent_req *sent;

static void called_when_posted(struct tevent_req *req)
{
	(void)req;
	note("posted");
}

/* NULL, or posted with NO_MEMORY; true only if it is in progress. */
static bool under_way(struct tevent_req *req)
{
	sent = req;
	return req != NULL && state_of(req) == TEVENT_REQ_IN_PROGRESS;
}

static void check_posted(struct scene *s, bool worked)
{
	clear_notes();
	if (worked || sent == NULL) {
		return;
	}
	assert_int_equal(state_of(sent), TEVENT_REQ_NO_MEMORY);
	tevent_req_set_callback(sent, called_when_posted, NULL);
	turns(s->f->ev, 1);
	assert_notes("posted");
}

static bool attempt_wakeup_send(struct scene *s)
{
	return under_way(tevent_wakeup_send(s->mem, s->f->ev, in_ms(60000)));
}

/* R15: NULL without a request, posted NO_MEMORY without a timer. */
static void test_wakeup_send__no_memory__null_or_posted(void **state)
{
	static const struct call call = {
		.attempt = attempt_wakeup_send, .check = check_posted, .keeps = true, /* the posted request */
	};

	each_allocation_fails(state, &call);
}

/* ---- profiles ---- */

static bool attempt_profile_create(struct scene *s)
{
	return tevent_req_profile_create(s->mem) != NULL;
}

/* R16: NULL. */
static void test_profile_create__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_profile_create};

	each_allocation_fails(state, &call);
}

static const struct timeval some_time = {12, 34};

static bool attempt_set_name(struct scene *s)
{
	return tevent_req_profile_set_name(s->profile, "a name that takes its room");
}

static void check_name(struct scene *s, bool worked)
{
	const char *name = "unset";

	tevent_req_profile_get_name(s->profile, &name);
	if (worked) {
		assert_string_equal(name, "a name that takes its room");
	} else {
		assert_null(name);
	}
}

/* R16: false. */
static void test_profile_set_name__no_memory__false(void **state)
{
	static const struct call call = {
		.prepare = prepare_profile,
		.attempt = attempt_set_name,
		.check = check_name,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_set_start(struct scene *s)
{
	return tevent_req_profile_set_start(s->profile, "somewhere.c:12", some_time);
}

static void check_start(struct scene *s, bool worked)
{
	const char *location = "unset";
	struct timeval tv = {0, 0};

	tevent_req_profile_get_start(s->profile, &location, &tv);
	assert_int_equal(location != NULL, worked);
	assert_int_equal(tevent_timeval_compare(&tv, &some_time), 0);
}

/* R16: false; the time is set all the same. */
static void test_profile_set_start__no_memory__false_but_time_set(void **state)
{
	static const struct call call = {
		.prepare = prepare_profile,
		.attempt = attempt_set_start,
		.check = check_start,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_set_stop(struct scene *s)
{
	return tevent_req_profile_set_stop(s->profile, "somewhere.c:34", some_time);
}

static void check_stop(struct scene *s, bool worked)
{
	const char *location = "unset";
	struct timeval tv = {0, 0};

	tevent_req_profile_get_stop(s->profile, &location, &tv);
	assert_int_equal(location != NULL, worked);
	assert_int_equal(tevent_timeval_compare(&tv, &some_time), 0);
}

/* R16: false; the time is set all the same. */
static void test_profile_set_stop__no_memory__false_but_time_set(void **state)
{
	static const struct call call = {
		.prepare = prepare_profile,
		.attempt = attempt_set_stop,
		.check = check_stop,
	};

	each_allocation_fails(state, &call);
}

static void prepare_named_profile(struct scene *s)
{
	prepare_profile(s);
	assert_true(tevent_req_profile_set_name(s->profile, "before"));
}

static void check_replaced_name(struct scene *s, bool worked)
{
	const char *name = NULL;

	tevent_req_profile_get_name(s->profile, &name);
	if (name != NULL) {
		assert_string_equal(name, worked ? "a name that takes its room" : "before");
	}
}

/* R16: false; the getter returns the old name or none, never freed memory. */
static void test_profile_set_name__no_memory_for_second__false(void **state)
{
	static const struct call call = {
		.prepare = prepare_named_profile,
		.attempt = attempt_set_name,
		.check = check_replaced_name,
		.keeps = true, /* may be less than before */
	};

	each_allocation_fails(state, &call);
}

/* ---- queues ---- */

static void triggered(struct tevent_req *req, void *private_data)
{
	(void)req;
	(void)private_data;
	note("triggered");
}

static bool attempt_queue_create(struct scene *s)
{
	return tevent_queue_create(s->mem, "queue") != NULL;
}

/* Q1: NULL. */
static void test_queue_create__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_queue_create};

	each_allocation_fails(state, &call);
}

static void check_entry(struct scene *s, bool worked)
{
	assert_int_equal(tevent_queue_length(s->queue), worked ? 1 : 0);
	assert_int_equal(state_of(s->req), TEVENT_REQ_IN_PROGRESS);
	settle(s->f->ev, 5);
	assert_notes(worked ? "triggered" : "");
}

static bool attempt_queue_add(struct scene *s)
{
	return on_oracle ? (tevent_queue_add)(s->queue, s->f->ev, s->req, triggered, NULL)
			 : tevent_queue_add(s->queue, s->f->ev, s->req, triggered, NULL);
}

/* Q2: false. */
static void test_queue_add__no_memory__false(void **state)
{
	static const struct call call = {
		.prepare = prepare_queue,
		.attempt = attempt_queue_add,
		.check = check_entry,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_queue_add_entry(struct scene *s)
{
	return (on_oracle ? (tevent_queue_add_entry)(s->queue, s->f->ev, s->req, triggered, NULL)
			  : tevent_queue_add_entry(s->queue, s->f->ev, s->req, triggered, NULL)) != NULL;
}

/* Q2: NULL. */
static void test_queue_add_entry__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_queue,
		.attempt = attempt_queue_add_entry,
		.check = check_entry,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_queue_optimize(struct scene *s)
{
	return (on_oracle ? (tevent_queue_add_optimize_empty)(s->queue, s->f->ev, s->req, triggered, NULL)
			  : tevent_queue_add_optimize_empty(s->queue, s->f->ev, s->req, triggered, NULL)) != NULL;
}

/* Q7: NULL, and not triggered. */
static void test_queue_add_optimize_empty__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_queue,
		.attempt = attempt_queue_optimize,
		.check = check_entry,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_queue_wait_send(struct scene *s)
{
	return under_way(tevent_queue_wait_send(s->mem, s->f->ev, s->queue));
}

static void check_wait(struct scene *s, bool worked)
{
	assert_int_equal(tevent_queue_length(s->queue), worked ? 1 : 0);
	check_posted(s, worked);
}

/* Q12: NULL without a request, posted NO_MEMORY without an entry. */
static void test_queue_wait_send__no_memory__null_or_posted(void **state)
{
	static const struct call call = {
		.prepare = prepare_queue,
		.attempt = attempt_queue_wait_send,
		.check = check_wait,
		.keeps = true, /* the posted request */
	};

	each_allocation_fails(state, &call);
}

/* Q3, Q4, Q8: after add the queue needs no memory. */
static void test_queue__no_memory_after_add__serves(void **state)
{
	struct fixture *f = fixture_of(state);
	struct work_state *s = NULL;
	struct tevent_queue *queue;
	struct tevent_req *req[2];
	int ret;

	need_injection();
	queue = tevent_queue_create(f->mem, "queue");
	for (int i = 0; i < 2; i++) {
		req[i] = new_request(f->mem, &s);
		assert_true(tevent_queue_add(queue, f->ev, req[i], triggered, NULL));
	}
	fail_all_allocations();
	ret = tevent_loop_once(f->ev);
	talloc_free(req[0]);
	tevent_queue_stop(queue);
	tevent_queue_start(queue);
	ret |= tevent_loop_once(f->ev);
	talloc_free(queue);
	assert_false(stop_failing());
	assert_int_equal(ret, 0);
	assert_notes("triggered triggered");
}

/* ---- threads ---- */

static bool attempt_threaded_context(struct scene *s)
{
	errno = 0;
	s->tctx = tevent_threaded_context_create(s->mem, s->ev);
	if (s->tctx == NULL && errno == 0) {
		s->wrong = "no errno";
	}
	return s->tctx != NULL;
}

static void check_own_context(struct scene *s, bool worked)
{
	(void)worked;
	assert_context_works(s->ev);
}

/* T1: NULL with errno. */
static void test_threaded_context_create__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_threaded_context,
		.check = check_own_context,
		.keeps = true, /* the wake-up descriptor */
	};

	each_allocation_fails(state, &call);
}

static void prepare_threaded(struct scene *s)
{
	prepare_context(s);
	s->tctx = tevent_threaded_context_create(s->mem, s->ev);
	assert_non_null(s->tctx);
	s->im = tevent_create_immediate(s->mem);
	assert_non_null(s->im);
}

static bool attempt_threaded_schedule(struct scene *s)
{
	tevent_threaded_schedule_immediate(s->tctx, s->im, count_immediate, &handled);
	return true;
}

static void check_threaded_schedule(struct scene *s, bool worked)
{
	(void)worked;
	handled = 0;
	settle(s->ev, 5);
	assert_int_equal(handled, 1);
}

/* T1: scheduling can't report a failure, so it needs no memory. */
static void test_threaded_schedule_immediate__no_memory__runs(void **state)
{
	static const struct call call = {
		.prepare = prepare_threaded,
		.attempt = attempt_threaded_schedule,
		.check = check_threaded_schedule,
		.may_work = true,
		.may_not_allocate = true,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_thread_proxy(struct scene *s)
{
	errno = 0;
	s->proxy = tevent_thread_proxy_create(s->ev);
	if (s->proxy == NULL && errno == 0) {
		s->wrong = "no errno";
	}
	return s->proxy != NULL;
}

/* T5: NULL with errno. */
static void test_thread_proxy_create__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_thread_proxy,
		.check = check_own_context,
		.keeps = true,
	};

	each_allocation_fails(state, &call);
}

static void note_handed_over(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	note("%s", (const char *)private_data);
}

static void prepare_proxy(struct scene *s)
{
	prepare_context(s);
	s->proxy = tevent_thread_proxy_create(s->ev);
	assert_non_null(s->proxy);
	s->im = tevent_create_immediate(s->mem);
	assert_non_null(s->im);
	s->data = talloc_strdup(s->mem, "data");
	assert_non_null(s->data);
	clear_notes();
}

static bool attempt_proxy_schedule(struct scene *s)
{
	tevent_thread_proxy_schedule(s->proxy, &s->im, note_handed_over, &s->data);
	if ((s->im == NULL) != (s->data == NULL)) {
		s->wrong = "one was taken, the other was not";
	}
	return s->im == NULL;
}

static void check_proxy_schedule(struct scene *s, bool worked)
{
	for (int i = 0; worked && notes()[0] == '\0' && i < 10; i++) {
		turns(s->ev, 1); /* the pair uses some */
	}
	assert_context_works(s->ev);
	assert_notes(worked ? "data" : "");
	if (!worked) {
		assert_ptr_equal(talloc_parent(s->im), s->mem);
		assert_ptr_equal(talloc_parent(s->data), s->mem);
		assert_string_equal((const char *)s->data, "data");
	}
}

/* T5: does nothing; the caller keeps both. */
static void test_thread_proxy_schedule__no_memory__caller_keeps_both(void **state)
{
	static const struct call call = {
		.prepare = prepare_proxy,
		.attempt = attempt_proxy_schedule,
		.check = check_proxy_schedule,
		.may_not_allocate = true,
	};

	each_allocation_fails(state, &call);
}

/* ---- wrappers ---- */

static bool before_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		       const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)location;
	return true;
}

static void after_use(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)location;
}

static void around_fd(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
		      struct tevent_fd *fde, uint16_t flags, const char *handler_name, const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)fde;
	(void)flags;
	(void)handler_name;
	(void)location;
}

static void around_timer(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			 struct tevent_timer *te, struct timeval requested, struct timeval trigger,
			 const char *handler_name, const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)te;
	(void)requested;
	(void)trigger;
	(void)handler_name;
	(void)location;
}

static void around_immediate(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			     struct tevent_immediate *im, const char *handler_name, const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)im;
	(void)handler_name;
	(void)location;
}

static void around_signal(struct tevent_context *wrap_ev, void *private_state, struct tevent_context *main_ev,
			  struct tevent_signal *se, int signum, int count, void *siginfo, const char *handler_name,
			  const char *location)
{
	(void)wrap_ev;
	(void)private_state;
	(void)main_ev;
	(void)se;
	(void)signum;
	(void)count;
	(void)siginfo;
	(void)handler_name;
	(void)location;
}

static const struct tevent_wrapper_ops wrapper_ops = {
	.name = "wrapper of the test",
	.before_use = before_use,
	.after_use = after_use,
	.before_fd_handler = around_fd,
	.after_fd_handler = around_fd,
	.before_timer_handler = around_timer,
	.after_timer_handler = around_timer,
	.before_immediate_handler = around_immediate,
	.after_immediate_handler = around_immediate,
	.before_signal_handler = around_signal,
	.after_signal_handler = around_signal,
};

static bool attempt_wrapper_create(struct scene *s)
{
	struct work_state *state = NULL;

	s->wrapper = tevent_context_wrapper_create(s->ev, s->mem, &wrapper_ops, &state, struct work_state);
	return s->wrapper != NULL;
}

/* W1: NULL; the main context still works, and may still allow nesting. */
static void check_main_context(struct scene *s, bool worked)
{
	assert_context_works(s->ev);
	if (!worked) {
		record_aborts();
		tevent_loop_allow_nesting(s->ev);
		assert_int_equal(abort_count, 0);
	}
}

/* W1: no memory: NULL, and the main context has no wrapper. */
static void test_wrapper_create__no_memory__null(void **state)
{
	DEVIATION("D5", "0.14.1 crashes");
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_wrapper_create,
		.check = check_main_context,
	};

	each_allocation_fails(state, &call);
}

static void prepare_wrapper(struct scene *s)
{
	struct work_state *state = NULL;

	prepare_context_and_pipe(s);
	s->wrapper = tevent_context_wrapper_create(s->ev, s->mem, &wrapper_ops, &state, struct work_state);
	assert_non_null(s->wrapper);
}

static bool attempt_wrapper_events(struct scene *s)
{
	return tevent_add_timer(s->wrapper, s->mem, in_ms(60000), count_timer, &handled) != NULL &&
	       tevent_add_fd(s->wrapper, s->mem, s->fds[0], TEVENT_FD_READ, count_fd, &handled) != NULL &&
	       tevent_add_signal(s->wrapper, s->mem, SIGUSR1, 0, count_signal, &handled) != NULL;
}

/* W2: adding on a wrapper fails as on the main context; the wrapper can be freed. */
static void test_wrapper_add__no_memory__null(void **state)
{
	static const struct call call = {
		.prepare = prepare_wrapper,
		.attempt = attempt_wrapper_events,
		.check = check_own_context,
		.keeps = true, /* those that were added before */
	};

	each_allocation_fails(state, &call);
}

/* ---- the exported helpers ---- */

int tevent_common_wakeup_init(struct tevent_context *ev);
struct tevent_timer *tevent_common_add_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
					     tevent_timer_handler_t handler, void *private_data,
					     const char *handler_name, const char *location);
struct tevent_timer *tevent_common_add_timer_v2(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
						tevent_timer_handler_t handler, void *private_data,
						const char *handler_name, const char *location);
struct tevent_fd *tevent_common_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location);

static bool attempt_wakeup_init(struct scene *s)
{
	int ret = tevent_common_wakeup_init(s->ev);

	if (ret < 0) {
		s->wrong = "not an errno value";
	}
	return ret == 0;
}

/* T6: an errno value. */
static void test_common_wakeup_init__no_memory__errno_value(void **state)
{
	static const struct call call = {
		.prepare = prepare_context,
		.attempt = attempt_wakeup_init,
		.check = check_own_context,
		.keeps = true,
		.may_not_allocate = true,
	};

	each_allocation_fails(state, &call);
}

static bool attempt_common_timers(struct scene *s)
{
	struct timeval when = in_ms(60000);

	return tevent_common_add_timer(s->f->ev, s->mem, when, count_timer, &handled, "h", "l") != NULL &&
	       tevent_common_add_timer_v2(s->f->ev, s->mem, when, count_timer, &handled, "h", "l") != NULL;
}

/* E7: NULL. */
static void test_common_add_timer__no_memory__null(void **state)
{
	static const struct call call = {.attempt = attempt_common_timers, .keeps = true};

	each_allocation_fails(state, &call);
}

static bool attempt_common_add_fd(struct scene *s)
{
	return tevent_common_add_fd(s->f->ev, s->mem, s->fds[0], 0, count_fd, &handled, "h", "l") != NULL;
}

/* F17: NULL. */
static void test_common_add_fd__no_memory__null(void **state)
{
	static const struct call call = {.prepare = prepare_pipe, .attempt = attempt_common_add_fd};

	each_allocation_fails(state, &call);
}

/* ---- the loop ---- */

enum { many = 40 };

static int pipes[many][2];

static void prepare_ready_fds(struct scene *s)
{
	prepare_context(s);
	for (int i = 0; i < many; i++) {
		pipe_pair(pipes[i]);
		write_byte(pipes[i][1]);
		assert_non_null(tevent_add_fd(s->ev, s->mem, pipes[i][0], TEVENT_FD_READ, count_fd, &handled));
	}
	handled = 0;
}

static bool attempt_turn(struct scene *s)
{
	(void)tevent_loop_once(s->ev);
	return handled == 1;
}

static void check_ready_fds(struct scene *s, bool worked)
{
	(void)worked;
	handled = 0;
	for (int i = 0; i < many + 2 && handled < many; i++) { /* the wake-up may take a turn */
		turns(s->ev, 1);
	}
	for (int i = 0; i < many; i++) {
		close_fd(&pipes[i][0]);
		close_fd(&pipes[i][1]);
	}
	assert_int_equal(handled, many);
}

/* C14: a turn that lacks memory loses no event. */
static void test_loop_once__no_memory__no_event_lost(void **state)
{
	static const struct call call = {
		.prepare = prepare_ready_fds,
		.attempt = attempt_turn,
		.check = check_ready_fds,
		.may_work = true,
		.keeps = true,
		.may_not_allocate = true,
	};

	each_allocation_fails(state, &call);
}

/* I2, E5, F7: calls that can't report a failure need no memory. */
static void test_events__no_memory_after_creation__run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_immediate *im;
	struct tevent_timer *te;
	struct tevent_fd *fde;
	int fds[2], ret = 0;
	int immediates = 0, timers = 0, reads = 0;

	need_injection();
	pipe_pair(fds);
	write_byte(fds[1]);
	im = tevent_create_immediate(f->mem);
	te = tevent_add_timer(f->ev, f->mem, in_ms(60000), count_timer, &timers);
	fde = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, count_fd, &reads);
	turns(f->ev, 2); /* the wake-up may take one */
	reads = 0;
	fail_all_allocations();
	tevent_schedule_immediate(im, f->ev, count_immediate, &immediates);
	tevent_update_timer(te, tevent_timeval_zero());
	TEVENT_FD_NOT_READABLE(fde);
	TEVENT_FD_READABLE(fde);
	for (int i = 0; i < 4; i++) {
		ret |= tevent_loop_once(f->ev);
	}
	stop_failing();
	talloc_free(fde);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	assert_int_equal(ret, 0);
	assert_int_equal(immediates, 1);
	assert_int_equal(timers, 1);
	assert_true(reads > 0);
}

/* ---- the first lookup of a process ---- */

/* Runs in a separate program, in which nothing has been initialised yet. */
static int first_lookup(int n)
{
	const char **list;
	struct tevent_context *ev;
	bool met;

	talloc_enable_null_tracking();
	fail_nth_allocation(n);
	list = tevent_backend_list(NULL);
	met = stop_failing();
	if (list == NULL && !met) {
		return 90;
	}
	talloc_free(list);
	ev = tevent_context_init(NULL);
	if (ev == NULL) {
		return 91;
	}
	talloc_free(ev);
	list = tevent_backend_list(NULL);
	if (list == NULL) {
		return 92;
	}
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"standard", "epoll", "poll_mt", "poll"};
		if (list[i] == NULL || strcmp(list[i], names[i]) != 0) {
			return 93;
		}
	}
	if (list[4] != NULL) {
		return 94;
	}
	return met ? 1 : 0;
}

/* C1: the first lookup without memory: the next one with memory finds all. */
static void test_first_lookup__no_memory__later_ones_find_all(void **state)
{
	DEVIATION("D5", "0.14.1 is left without some of its backends");
	int n = 0, status;

	(void)state;
	need_injection();
	do {
		char command[64];
		assert_true(++n < 100);
		snprintf(command, sizeof(command), "exec /proc/%d/exe --first-lookup %d", (int)getpid(), n);
		status = system(command);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) > 1) {
			fail_msg("allocation %d: exit status %d", n, WEXITSTATUS(status));
		}
	} while (WEXITSTATUS(status) == 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_context_init__no_memory__null),
		TEST_EACH_BACKEND(test_context_init_byname__no_memory__null),
		TEST_EACH_BACKEND(test_context_init_ops__no_memory__null),
		TEST(test_backend_list__no_memory__null),
		TEST(test_register_backend__no_memory__false),
		TEST(test_set_default_backend__no_memory__new_or_built_in),
		TEST_EACH_BACKEND(test_re_initialise__no_memory__fails_and_works_later),
		TEST_EACH_BACKEND(test_re_initialise__no_memory__can_be_freed),
		TEST_EACH_BACKEND(test_add_fd__no_memory__null),
		TEST_EACH_BACKEND(test_add_fd__no_memory_in_used_context__null),
		TEST_EACH_BACKEND(test_add_timer__no_memory__null),
		TEST(test_add_timer__no_memory_among_many__null_and_all_others_in_order),
		TEST(test_create_immediate__no_memory__null),
		TEST_EACH_BACKEND(test_add_signal__no_memory__null),
		TEST_EACH_BACKEND(test_add_signal__no_memory_with_siginfo__null),
		TEST(test_req_create__no_memory__null),
		TEST(test_req_create__usual__one_allocation),
		TEST(test_req_create__no_memory_below_profile__null),
		TEST(test_req_set_endtime__no_memory__false_and_no_memory),
		TEST(test_req_set_profile__no_memory__false_and_no_memory),
		TEST(test_req_done__no_memory_for_profile__finishes),
		TEST(test_req_print__no_memory__null),
		TEST(test_req_default_print__no_memory__null),
		TEST(test_req_print__no_memory_null_request__null),
		TEST_EACH_BACKEND(test_req__no_memory_after_create__whole_life),
		TEST_EACH_BACKEND(test_req_post__no_memory_and_freed__not_called),
		TEST_EACH_BACKEND(test_req_post__no_memory_for_own_table__posted),
		TEST(test_wakeup_send__no_memory__null_or_posted),
		TEST(test_profile_create__no_memory__null),
		TEST(test_profile_set_name__no_memory__false),
		TEST(test_profile_set_start__no_memory__false_but_time_set),
		TEST(test_profile_set_stop__no_memory__false_but_time_set),
		TEST(test_profile_set_name__no_memory_for_second__false),
		TEST(test_queue_create__no_memory__null),
		TEST(test_queue_add__no_memory__false),
		TEST(test_queue_add_entry__no_memory__null),
		TEST(test_queue_add_optimize_empty__no_memory__null),
		TEST(test_queue_wait_send__no_memory__null_or_posted),
		TEST_EACH_BACKEND(test_queue__no_memory_after_add__serves),
		TEST_EACH_BACKEND(test_threaded_context_create__no_memory__null),
		TEST_EACH_BACKEND(test_threaded_schedule_immediate__no_memory__runs),
		TEST_EACH_BACKEND(test_thread_proxy_create__no_memory__null),
		TEST_EACH_BACKEND(test_thread_proxy_schedule__no_memory__caller_keeps_both),
		TEST(test_wrapper_create__no_memory__null),
		TEST(test_wrapper_add__no_memory__null),
		TEST_EACH_BACKEND(test_common_wakeup_init__no_memory__errno_value),
		TEST(test_common_add_timer__no_memory__null),
		TEST(test_common_add_fd__no_memory__null),
		TEST_EACH_BACKEND(test_loop_once__no_memory__no_event_lost),
		TEST_EACH_BACKEND(test_events__no_memory_after_creation__run),
		TEST(test_first_lookup__no_memory__later_ones_find_all),
	};

	if (argc == 3 && strcmp(argv[1], "--first-lookup") == 0) {
		return first_lookup(atoi(argv[2]));
	}
	return cmocka_run_group_tests_name("no memory", tests, group_setup, NULL);
}
