/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Backends: the registry, a program's own tables and the calls they receive,
 * standard's fallback to poll.
 *
 * The registry is global and registering can't be undone, so a case that
 * registers or changes the default runs in a child.  The built-ins are added
 * at the first lookup: the cases that need a registry without any lookup come
 * first in main() and have no fixture (creating a context would be the first
 * lookup).
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

void tevent_common_threaded_activate_immediate(struct tevent_context *ev);
bool tevent_common_loop_immediate(struct tevent_context *ev);
int tevent_common_wakeup_init(struct tevent_context *ev);
bool tevent_common_have_events(struct tevent_context *ev);

/* ---- helpers -------------------------------------------------------- */

static void on_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("%s:%u", (const char *)private_data, (unsigned)flags);
}

static void on_fd_drain(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("fd");
	drain(*(int *)private_data);
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

static void on_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note("close");
}

static void close_pair(int fds[2])
{
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* "a b c" of a NULL-terminated list, in static memory. */
static const char *joined(const char **list)
{
	static char out[256];

	out[0] = '\0';
	for (int i = 0; list[i] != NULL; i++) {
		if (i > 0) {
			strcat(out, " ");
		}
		strcat(out, list[i]);
	}
	return out;
}

static bool list_is(const char *expected)
{
	const char **list = tevent_backend_list(NULL);
	bool same = list != NULL && strcmp(joined(list), expected) == 0;

	talloc_free(list);
	return same;
}

/* A table of the program's own that is never used to run anything. */
static const struct tevent_ops some_table;
static const struct tevent_ops other_table;

/* ---- C1, C2 before the first lookup (no fixture) -------------------- */

static void list_first(void *arg)
{
	child_assert(list_is("standard epoll poll_mt poll"));
}

/* C1: listing may be the first call. */
static void test_backend_list__first_call__has_the_built_ins(void **state)
{
	assert_child_succeeds(list_first, NULL);
}

static void find_first(void *arg)
{
	child_assert(tevent_find_ops_byname("poll_mt") != NULL);
	child_assert(list_is("standard epoll poll_mt poll"));
}

/* C1: a lookup may be the first call; the built-ins are added once. */
static void test_find_ops__first_call__registers_the_built_ins_once(void **state)
{
	assert_child_succeeds(find_first, NULL);
}

static void register_early(void *arg)
{
	child_assert(tevent_register_backend("early", &some_table));
	child_assert(list_is("standard epoll poll_mt poll early"));
	child_assert(tevent_register_backend("late", &other_table));
	child_assert(list_is("late standard epoll poll_mt poll early"));
	child_assert(tevent_find_ops_byname("early") == &some_table);
	child_assert(tevent_find_ops_byname("late") == &other_table);
}

/* C1: before the first lookup: after the built-ins; later: before them. */
static void test_register_backend__before_and_after_first_lookup__is_listed_last_and_first(void **state)
{
	assert_child_succeeds(register_early, NULL);
}

static void register_built_in_name_early(void *arg)
{
	child_assert(tevent_register_backend("epoll", &some_table));
	child_assert(list_is("standard poll_mt poll epoll"));
	child_assert(tevent_find_ops_byname("epoll") == &some_table);
}

/* C2: a built-in name that the program registered before stays the program's. */
static void test_register_backend__built_in_name_before_first_lookup__stays_the_programs(void **state)
{
	assert_child_succeeds(register_built_in_name_early, NULL);
}

static pthread_barrier_t barrier;

static void *look_up_in_thread(void *arg)
{
	TALLOC_CTX *mem = arg;
	const char **list;

	pthread_barrier_wait(&barrier);
	child_assert(tevent_find_ops_byname("epoll") != NULL);
	list = tevent_backend_list(mem);
	child_assert(list != NULL);
	for (int i = 0; i < 4; i++) {
		child_assert(list[i] != NULL);
	}
	child_assert(list[4] == NULL);
	return NULL;
}

static void look_up_in_two_threads(void *arg)
{
	pthread_t threads[2];
	TALLOC_CTX *mem[2];

	talloc_disable_null_tracking(); /* talloc has no locks */
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++) {
		mem[i] = talloc_new(NULL);
	}
	for (int i = 0; i < 2; i++) {
		child_assert(pthread_create(&threads[i], NULL, look_up_in_thread, mem[i]) == 0);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
	}
	child_assert(list_is("standard epoll poll_mt poll"));
}

/* C1: two threads make the first lookup at once. */
static void test_find_ops__first_call_in_two_threads__registers_the_built_ins_once(void **state)
{
	/* seen there now and then: one thread finds nothing yet */
	DEVIATION("C1", "the first lookup is not safe in two threads");
	for (int i = 0; i < 20; i++) {
		assert_child_succeeds(look_up_in_two_threads, NULL);
	}
}

/* ---- C1: the list --------------------------------------------------- */

/* C1: order, and the end. */
static void test_backend_list__built_ins__newest_first(void **state)
{
	struct fixture *f = fixture_of(state);
	const char **list = tevent_backend_list(f->mem);

	assert_non_null(list);
	assert_string_equal(joined(list), "standard epoll poll_mt poll");
}

/* C1: the array is mem_ctx's child, the strings are the array's. */
static void test_backend_list__given_mem_ctx__owns_array_and_strings(void **state)
{
	struct fixture *f = fixture_of(state);
	const char **list = tevent_backend_list(f->mem);

	assert_ptr_equal(talloc_parent(list), f->mem);
	for (int i = 0; i < 4; i++) {
		assert_ptr_equal(talloc_parent(list[i]), list);
	}
}

/* C1: no memory: NULL, and nothing is left, whichever allocation failed. */
static void test_backend_list__out_of_memory__gives_null(void **state)
{
	struct fixture *f = fixture_of(state);
	const char **list = NULL;
	int refused = 0;

	for (size_t limit = 1; list == NULL && limit < 8192; limit += 16) {
		TALLOC_CTX *poor = talloc_named_const(f->mem, 0, "poor");

		assert_int_equal(talloc_set_memlimit(poor, limit), 0);
		list = tevent_backend_list(poor);
		if (list == NULL) {
			refused++;
			assert_int_equal(talloc_total_blocks(poor), 1);
			talloc_free(poor);
		}
	}
	assert_non_null(list);
	assert_true(refused > 1);
}

/* ---- C2: registering ------------------------------------------------ */

static void register_and_rename(void *arg)
{
	static char name[] = "mine";

	child_assert(tevent_register_backend(name, &some_table));
	child_assert(tevent_find_ops_byname("mine") == &some_table);
	name[0] = 'n';
	child_assert(tevent_find_ops_byname("mine") == NULL);
	child_assert(tevent_find_ops_byname("nine") == &some_table);
	child_assert(list_is("nine standard epoll poll_mt poll"));
}

/* C2: both pointers are kept, nothing is copied. */
static void test_register_backend__name_changes_afterwards__is_followed(void **state)
{
	assert_child_succeeds(register_and_rename, NULL);
}

static void register_twice(void *arg)
{
	child_assert(tevent_register_backend("mine", &some_table));
	child_assert(tevent_register_backend("mine", &other_table));
	child_assert(tevent_find_ops_byname("mine") == &some_table);
	child_assert(list_is("mine standard epoll poll_mt poll"));
}

/* C2: a name that is taken: true, and nothing changes. */
static void test_register_backend__name_is_taken__changes_nothing(void **state)
{
	assert_child_succeeds(register_twice, NULL);
}

static void register_built_in_name(void *arg)
{
	const struct tevent_ops *built_in = tevent_find_ops_byname("poll");

	child_assert(tevent_register_backend("poll", &some_table));
	child_assert(tevent_find_ops_byname("poll") == built_in);
	child_assert(list_is("standard epoll poll_mt poll"));
}

/* C2: the same for a built-in's name after the first lookup. */
static void test_register_backend__built_in_name__changes_nothing(void **state)
{
	assert_child_succeeds(register_built_in_name, NULL);
}

/* ---- C3: lookup and default ----------------------------------------- */

/* C3: the default is `standard`. */
static void test_find_ops__null_name__is_standard(void **state)
{
	assert_non_null(tevent_find_ops_byname(NULL));
	assert_ptr_equal(tevent_find_ops_byname(NULL), tevent_find_ops_byname("standard"));
}

/* C3: unknown: NULL; names are compared whole, and case matters. */
static void test_find_ops__unknown_name__is_null(void **state)
{
	assert_null(tevent_find_ops_byname("select"));
	assert_null(tevent_find_ops_byname("poll_"));
	assert_null(tevent_find_ops_byname("Poll"));
	assert_null(tevent_find_ops_byname(""));
}

/* C3: every listed name is found, and each has its own table. */
static void test_find_ops__built_in_names__are_four_tables(void **state)
{
	static const char *names[] = {"standard", "epoll", "poll_mt", "poll"};

	for (int i = 0; i < 4; i++) {
		assert_non_null(tevent_find_ops_byname(names[i]));
		for (int j = 0; j < i; j++) {
			assert_ptr_not_equal(tevent_find_ops_byname(names[i]), tevent_find_ops_byname(names[j]));
		}
	}
}

static void change_the_default(void *arg)
{
	char name[] = "poll";

	tevent_set_default_backend(name);
	child_assert(tevent_find_ops_byname(NULL) == tevent_find_ops_byname("poll"));
	name[0] = '?'; /* a copy was taken */
	child_assert(tevent_find_ops_byname(NULL) == tevent_find_ops_byname("poll"));
	tevent_set_default_backend("epoll");
	child_assert(tevent_find_ops_byname(NULL) == tevent_find_ops_byname("epoll"));
	tevent_set_default_backend(NULL);
	child_assert(tevent_find_ops_byname(NULL) == tevent_find_ops_byname("standard"));
}

/* C3: the name is copied; NULL restores `standard`. */
static void test_set_default_backend__name_then_null__is_what_null_finds(void **state)
{
	assert_child_succeeds(change_the_default, NULL);
}

static void init_with_changed_default(void *arg)
{
	int fds = count_open_fds();

	tevent_set_default_backend("poll");
	child_assert(tevent_context_init(NULL) != NULL);
	child_assert(tevent_context_init_byname(NULL, NULL) != NULL);
	child_assert(count_open_fds() == fds); /* C27: poll holds none */
	tevent_set_default_backend("no such backend");
	child_assert(tevent_find_ops_byname(NULL) == NULL);
	child_assert(tevent_context_init(NULL) == NULL);
}

/* C3, C7: tevent_context_init() uses the default. */
static void test_set_default_backend__other_name__is_what_context_init_takes(void **state)
{
	assert_child_succeeds(init_with_changed_default, NULL);
}

/* ---- C4, C24: a table that notes its calls and hands them on --------- */

static const struct tevent_ops *original;
static struct tevent_immediate *last_immediate;
static const char *last_handler_name;
static const char *last_location;
static const char *first_immediate_name; /* reset to NULL by functions that check it */

static int noting_context_init(struct tevent_context *ev)
{
	note("context_init");
	return original->context_init(ev);
}

static struct tevent_fd *noting_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location)
{
	note("add_fd");
	last_handler_name = handler_name;
	last_location = location;
	return original->add_fd(ev, mem_ctx, fd, flags, handler, private_data, handler_name, location);
}

static void noting_set_fd_close_fn(struct tevent_fd *fde, tevent_fd_close_fn_t close_fn)
{
	note("set_fd_close_fn");
	original->set_fd_close_fn(fde, close_fn);
}

static uint16_t noting_get_fd_flags(struct tevent_fd *fde)
{
	note("get_fd_flags");
	return original->get_fd_flags(fde);
}

static void noting_set_fd_flags(struct tevent_fd *fde, uint16_t flags)
{
	note("set_fd_flags");
	original->set_fd_flags(fde, flags);
}

static struct tevent_timer *noting_add_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval next_event,
					     tevent_timer_handler_t handler, void *private_data,
					     const char *handler_name, const char *location)
{
	note("add_timer");
	last_handler_name = handler_name;
	last_location = location;
	return original->add_timer(ev, mem_ctx, next_event, handler, private_data, handler_name, location);
}

static void noting_schedule_immediate(struct tevent_immediate *im, struct tevent_context *ev,
				      tevent_immediate_handler_t handler, void *private_data, const char *handler_name,
				      const char *location)
{
	note("schedule_immediate");
	first_immediate_name = first_immediate_name != NULL ? first_immediate_name : handler_name;
	last_immediate = im;
	last_handler_name = handler_name;
	last_location = location;
	original->schedule_immediate(im, ev, handler, private_data, handler_name, location);
}

static struct tevent_signal *noting_add_signal(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
					       tevent_signal_handler_t handler, void *private_data,
					       const char *handler_name, const char *location)
{
	note("add_signal");
	last_handler_name = handler_name;
	last_location = location;
	return original->add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data, handler_name, location);
}

static int noting_loop_once(struct tevent_context *ev, const char *location)
{
	note("loop_once");
	last_location = location;
	return original->loop_once(ev, location);
}

static int noting_loop_wait(struct tevent_context *ev, const char *location)
{
	note("loop_wait");
	last_location = location;
	return original->loop_wait(ev, location);
}

static const struct tevent_ops noting_table = {
	.context_init = noting_context_init,
	.add_fd = noting_add_fd,
	.set_fd_close_fn = noting_set_fd_close_fn,
	.get_fd_flags = noting_get_fd_flags,
	.set_fd_flags = noting_set_fd_flags,
	.add_timer = noting_add_timer,
	.schedule_immediate = noting_schedule_immediate,
	.add_signal = noting_add_signal,
	.loop_once = noting_loop_once,
	.loop_wait = noting_loop_wait,
};

/* A context on the noting table in front of the fixture's backend; the record
 * starts after its creation. */
static struct tevent_context *noting_context(struct fixture *f)
{
	struct tevent_context *ev;

	if (strcmp(f->backend, "standard") == 0) {
		DEVIATION("C4", "standard's context_init puts a table of its own in place");
	}
	original = tevent_find_ops_byname(f->backend);
	ev = tevent_context_init_ops(f->mem, &noting_table, NULL);
	assert_non_null(ev);
	/* D10: poll_mt's wake-up may have come through add_fd */
	assert_memory_equal(notes(), "context_init", strlen("context_init"));
	clear_notes();
	return ev;
}

/* C4: all members of a built-in table are set. */
static void test_built_in_table__every_member__is_set(void **state)
{
	struct fixture *f = fixture_of(state);
	const struct tevent_ops *ops = tevent_find_ops_byname(f->backend);

	if (strcmp(f->backend, "standard") == 0) {
		DEVIATION("C4", "the standard table has only context_init");
	}
	assert_true(ops->context_init != NULL);
	assert_true(ops->add_fd != NULL);
	assert_true(ops->set_fd_close_fn != NULL);
	assert_true(ops->get_fd_flags != NULL);
	assert_true(ops->set_fd_flags != NULL);
	assert_true(ops->add_timer != NULL);
	assert_true(ops->schedule_immediate != NULL);
	assert_true(ops->add_signal != NULL);
	assert_true(ops->loop_once != NULL);
	assert_true(ops->loop_wait != NULL);
}

/* C4: using a context leaves the built-in table as it was. */
static void test_built_in_table__context_in_use__does_not_change(void **state)
{
	struct fixture *f = fixture_of(state);
	const struct tevent_ops *ops = tevent_find_ops_byname(f->backend);
	struct tevent_ops before = *ops;

	another_context(f);
	assert_memory_equal(ops, &before, sizeof(before));
}

/* C4: called through a copy, every function of a built-in works. */
static void test_own_table__calls_the_originals__all_kinds_run(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_immediate *im = tevent_create_immediate(ev);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(ev, f->mem, fds[0], 0, on_fd_drain, &fds[0]);
	tevent_fd_set_flags(fde, TEVENT_FD_READ);
	assert_int_equal(tevent_fd_get_flags(fde), TEVENT_FD_READ);
	tevent_fd_set_close_fn(fde, on_close);
	assert_non_null(tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL));
	assert_non_null(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL));
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	raise(SIGUSR1);
	clear_notes();
	turns(ev, 3);
	assert_notes("loop_once sig loop_once im loop_once timer");
	clear_notes();
	while (strstr(notes(), "fd") == NULL) {
		turns(ev, 1);
	}
	clear_notes();
	assert_int_equal(talloc_free(fde), 0);
	assert_notes("close");
	assert_int_equal(talloc_free(ev), 0);
	close_pair(fds);
}

/* C4: the functions can be called directly on a context of their table. */
static void test_built_in_table__functions_called_directly__work(void **state)
{
	struct fixture *f = fixture_of(state);
	const struct tevent_ops *ops = tevent_find_ops_byname(f->backend);
	struct tevent_fd *fde;
	int fds[2];

	if (strcmp(f->backend, "standard") == 0) {
		DEVIATION("C4", "the standard table has only context_init");
	}
	pipe_pair(fds);
	write_byte(fds[1]);
	fde = ops->add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0], "fd", "here");
	assert_int_equal(ops->get_fd_flags(fde), TEVENT_FD_READ);
	assert_int_equal(ops->loop_once(f->ev, "here"), 0);
	assert_non_null(ops->add_timer(f->ev, f->mem, tevent_timeval_zero(), on_timer, NULL, "t", "here"));
	assert_int_equal(ops->loop_once(f->ev, "here"), 0);
	assert_notes("fd timer");
	ops->set_fd_flags(fde, 0);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_int_equal(talloc_free(fde), 0);
	assert_int_equal(ops->loop_wait(f->ev, "here"), 0);
	close_pair(fds);
}

static int refusing_loop_once(struct tevent_context *ev, const char *location)
{
	return 42;
}

static void use_registered_table(void *arg)
{
	static struct tevent_ops own;
	struct tevent_context *ev;

	own = *tevent_find_ops_byname("poll");
	own.loop_once = refusing_loop_once;
	child_assert(tevent_register_backend("own", &own));
	ev = tevent_context_init_byname(NULL, "own");
	child_assert(ev != NULL);
	child_assert(tevent_loop_once(ev) == 42);
	tevent_set_default_backend("own");
	child_assert(tevent_loop_once(tevent_context_init(NULL)) == 42);
}

/* C4: a registered table is found by name and as default. */
static void test_own_table__registered__is_used_by_name(void **state)
{
	assert_child_succeeds(use_registered_table, NULL);
}

/* ---- C24: dispatch -------------------------------------------------- */

/* C24: adding an fd; handler name and location are passed along. */
static void test_dispatch__add_fd__reaches_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	int fds[2];

	pipe_pair(fds);
	talloc_free(_tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL, "my name", "my place"));
	assert_notes("add_fd");
	assert_string_equal(last_handler_name, "my name");
	assert_string_equal(last_location, "my place");
	close_pair(fds);
}

/* C24: adding a timer. */
static void test_dispatch__add_timer__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	talloc_free(_tevent_add_timer(ev, ev, in_ms(1000), on_timer, NULL, "my name", "my place"));
	assert_notes("add_timer");
	assert_string_equal(last_handler_name, "my name");
	assert_string_equal(last_location, "my place");
}

/* C24: scheduling an immediate. */
static void test_dispatch__schedule_immediate__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_immediate *im = tevent_create_immediate(ev);

	_tevent_schedule_immediate(im, ev, on_immediate, NULL, "my name", "my place");
	talloc_free(im);
	assert_notes("schedule_immediate");
	assert_string_equal(last_handler_name, "my name");
	assert_string_equal(last_location, "my place");
}

/* C24: adding a signal (D10: the wake-up may come through add_fd, or not). */
static void test_dispatch__add_signal__reaches_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);

	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	clear_notes();
	talloc_free(_tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL, "my name", "my place"));
	assert_notes("add_signal");
	assert_string_equal(last_handler_name, "my name");
	assert_string_equal(last_location, "my place");
}

/* C24: the call macros pass the handler's name. */
static void test_dispatch__through_the_macros__passes_the_handlers_name(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	talloc_free(tevent_add_timer(ev, ev, in_ms(1000), on_timer, NULL));
	assert_string_equal(last_handler_name, "on_timer");
	assert_non_null(strstr(last_location, "test_backend.c:"));
}

/* C24: flags and close functions. */
static void test_dispatch__fd_setters_and_getter__reach_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(ev, f->mem, fds[0], 0, on_fd, NULL);
	clear_notes();
	tevent_fd_set_flags(fde, TEVENT_FD_READ);
	tevent_fd_get_flags(fde);
	tevent_fd_set_close_fn(fde, on_close);
	tevent_fd_set_auto_close(fde);
	assert_notes("set_fd_flags get_fd_flags set_fd_close_fn set_fd_close_fn");
	clear_notes();
	TEVENT_FD_WRITEABLE(fde);
	assert_notes("get_fd_flags set_fd_flags");
	tevent_fd_set_close_fn(fde, NULL);
	talloc_free(fde);
	close_pair(fds);
}

/* C24: NULL and events without a context don't reach the table. */
static void test_dispatch__fd_without_context__does_not_reach_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(ev, f->mem, fds[0], TEVENT_FD_READ, on_fd, NULL);
	talloc_free(ev);
	clear_notes();
	tevent_fd_set_flags(fde, TEVENT_FD_READ);
	tevent_fd_get_flags(fde);
	tevent_fd_set_close_fn(fde, on_close);
	tevent_fd_set_flags(NULL, TEVENT_FD_READ);
	tevent_fd_get_flags(NULL);
	assert_int_equal(talloc_free(fde), 0);
	assert_notes("");
	close_pair(fds);
}

/* C24: updating and freeing bypass the table. */
static void test_dispatch__update_and_free__do_not_reach_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_timer *te = tevent_add_timer(ev, ev, in_ms(1000), on_timer, NULL);
	struct tevent_immediate *im = tevent_create_immediate(ev);
	struct tevent_signal *se = tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL);
	struct tevent_fd *fde;
	int fds[2];

	pipe_pair(fds);
	fde = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	clear_notes();
	tevent_update_timer(te, in_ms(2000));
	talloc_free(te);
	talloc_free(im);
	talloc_free(se);
	talloc_free(fde);
	talloc_free(ev);
	assert_notes("");
	close_pair(fds);
}

/* C24: resetting an immediate bypasses it too. */
static void test_dispatch__reset_immediate__does_not_reach_the_table(void **state)
{
	struct tevent_context *ev;
	struct tevent_immediate *im;

	NEWER_THAN_ORACLE("0.17: tevent_reset_immediate");
	ev = noting_context(fixture_of(state));
	im = tevent_create_immediate(ev);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	clear_notes();
	tevent_reset_immediate(im);
	assert_notes("");
	assert_int_equal(tevent_loop_wait(ev), 0);
	assert_notes("loop_wait");
}

/* C24: one turn is one call of loop_once, with the location. */
static void test_dispatch__loop_once__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	assert_non_null(tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL));
	clear_notes();
	assert_int_equal(_tevent_loop_once(ev, "my place"), 0);
	assert_notes("loop_once timer");
	assert_string_equal(last_location, "my place");
}

/* C24: tevent_loop_wait is loop_wait, and each of its turns loop_once. */
static void test_dispatch__loop_wait__reaches_the_table_with_each_turn(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL);
	tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL);
	clear_notes();
	assert_int_equal(_tevent_loop_wait(ev, "my place"), 0);
	assert_notes("loop_wait loop_once timer loop_once timer");
	assert_string_equal(last_location, "my place");
}

static bool said_timer(void *private_data)
{
	return strstr(notes(), " timer") != NULL;
}

/* C24, C17: the turns of tevent_loop_until. */
static void test_dispatch__loop_until__is_loop_once(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	tevent_add_timer(ev, ev, tevent_timeval_zero(), on_timer, NULL);
	clear_notes();
	assert_int_equal(tevent_loop_until(ev, said_timer, NULL), 0);
	assert_notes("loop_once timer");
}

/* C24, C10: re-initialising is context_init. */
static void test_dispatch__reinitialise__is_context_init(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));

	assert_int_equal(tevent_re_initialise(ev), 0);
	assert_memory_equal(notes(), "context_init", strlen("context_init"));
}

/* C24: signals are supported if add_signal is set; the query calls nothing. */
static void test_signal_support__table_without_add_signal__is_false(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *with = tevent_context_init_ops(f->mem, &ops, NULL);
	struct tevent_ops poor = ops;
	struct tevent_context *without;

	poor.add_signal = NULL;
	without = tevent_context_init_ops(f->mem, &poor, NULL);
	assert_true(tevent_signal_support(with));
	assert_false(tevent_signal_support(without));
	talloc_free(with);
	talloc_free(without);
}

static struct tevent_timer *no_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval next_event,
				     tevent_timer_handler_t handler, void *private_data, const char *handler_name,
				     const char *location)
{
	return NULL;
}

static uint16_t odd_flags(struct tevent_fd *fde)
{
	return 0x40;
}

/* C24: the table's return values reach the caller. */
static void test_dispatch__table_answers_by_itself__answer_is_passed_on(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int fds[2];

	ops.add_timer = no_timer;
	ops.get_fd_flags = odd_flags;
	ops.loop_once = refusing_loop_once;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	pipe_pair(fds);
	fde = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL);
	assert_null(tevent_add_timer(ev, ev, in_ms(0), on_timer, NULL));
	assert_int_equal(tevent_fd_get_flags(fde), 0x40);
	assert_int_equal(tevent_loop_once(ev), 42);
	talloc_free(ev);
	close_pair(fds);
}

static int empty_init(struct tevent_context *ev)
{
	return 0;
}

/* C12: a table whose context_init sets nothing up, with the built-in turn: the turn fails at the wait. */
static void test_own_table__context_without_means_to_wait__turn_fails(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	DEVIATION("D5", "undefined there");
	ops.context_init = empty_init;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	tevent_schedule_immediate(tevent_create_immediate(ev), ev, on_immediate, NULL);
	assert_int_equal(tevent_loop_once(ev), 0);
	errno = 0;
	assert_int_equal(tevent_loop_once(ev), -1);
	assert_int_equal(errno, ENOTCONN);
	talloc_free(ev);
}

static struct tevent_fd *no_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
			       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
			       const char *location)
{
	return NULL;
}

/* T6, T1, S1: a table with its own wait that can't watch the wake-up: ENOMEM; tried again at the next use. */
static void test_own_table__no_event_for_the_wakeup__enomem(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	DEVIATION("D10", "the wake-up comes through the table there in each case");
	ops.context_init = empty_init;
	ops.add_fd = no_fd;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_int_equal(tevent_common_wakeup_init(ev), ENOMEM);
	errno = 0;
	assert_null(tevent_threaded_context_create(ev, ev));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(tevent_add_signal(ev, ev, SIGUSR1, 0, on_signal, NULL));
	assert_int_equal(errno, ENOMEM);
	ops.add_fd = tevent_find_ops_byname("poll")->add_fd;
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	talloc_free(ev);
}

static int added_fds;
static int last_added_fd;

static struct tevent_fd *counting_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
					 tevent_fd_handler_t handler, void *private_data, const char *handler_name,
					 const char *location)
{
	struct tevent_fd *fde = tevent_find_ops_byname("poll")->add_fd(ev, mem_ctx, fd, flags, handler, private_data,
								       handler_name, location);

	added_fds += fde != NULL;
	last_added_fd = fd;
	return fde;
}

/* C10, T6: re-initialised, such a table watches the new wake-up; the old event is freed. */
static void test_own_table__reinitialised__watches_the_new_wakeup(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;
	size_t blocks;

	DEVIATION("D10", "the wake-up comes through the table there in each case");
	added_fds = 0;
	ops.context_init = empty_init;
	ops.add_fd = counting_add_fd;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(added_fds, 1);
	assert_false(tevent_common_have_events(ev));
	blocks = talloc_total_blocks(ev);
	assert_int_equal(tevent_re_initialise(ev), 0);
	assert_true(talloc_total_blocks(ev) < blocks);
	assert_false(tevent_common_have_events(ev));
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(added_fds, 2);
	assert_int_equal(talloc_total_blocks(ev), blocks);
	talloc_free(ev);
}

static int waiting_loop_once(struct tevent_context *ev, const char *location)
{
	(void)location;
	tevent_common_threaded_activate_immediate(ev);
	return tevent_common_loop_immediate(ev) ? 0 : -1;
}

/* T1, T6, C4: a table with its own wait, on a context that the library has set up, is woken too. */
static void test_own_table__waits_itself_on_a_built_in_context__is_woken(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_threaded_context *tctx;
	struct tevent_context *ev;
	struct pollfd wakeup;

	added_fds = 0;
	ops.add_fd = counting_add_fd;
	ops.loop_once = waiting_loop_once;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	tctx = tevent_threaded_context_create(ev, ev);
	assert_non_null(tctx);
	assert_int_equal(added_fds, 1);
	wakeup = (struct pollfd){.fd = last_added_fd, .events = POLLIN};
	assert_int_equal(poll(&wakeup, 1, 0), 0);
	tevent_threaded_schedule_immediate(tctx, tevent_create_immediate(ev), on_immediate, NULL);
	assert_int_equal(poll(&wakeup, 1, 0), 1);
	turns(ev, 1);
	assert_notes("im");
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(added_fds, 1);
	talloc_free(ev);
}

/* T6: other descriptors of such a table are added and freed; the wake-up is watched all the time. */
static void test_own_table__another_fd_goes__wakeup_is_still_watched(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int p[2];

	DEVIATION("D10", "the wake-up comes through the table there in each case");
	added_fds = 0;
	ops.context_init = empty_init;
	ops.add_fd = counting_add_fd;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	pipe_pair(p);
	fde = tevent_add_fd(ev, ev, p[0], TEVENT_FD_READ, on_fd, NULL);
	assert_non_null(fde);
	assert_int_equal(added_fds, 2);
	talloc_free(fde);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_int_equal(added_fds, 2);
	talloc_free(ev);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* From now on no descriptor is available: 0 to 2 are in use. */
static void forbid_new_descriptors(void)
{
	struct rlimit none;

	while (open("/dev/null", O_RDWR) < 3) {
	}
	child_assert(getrlimit(RLIMIT_NOFILE, &none) == 0);
	none.rlim_cur = 3;
	child_assert(setrlimit(RLIMIT_NOFILE, &none) == 0);
	child_assert(open("/dev/null", O_RDWR) == -1 && errno == EMFILE);
}

static void init_wakeup_without_descriptors(void *arg)
{
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	added_fds = 0;
	ops.context_init = empty_init;
	ops.add_fd = counting_add_fd;
	ev = tevent_context_init_ops(NULL, &ops, NULL);
	forbid_new_descriptors();
	child_assert(tevent_common_wakeup_init(ev) == EMFILE);
	child_assert(added_fds == 0);
}

/* T6: no descriptor for it: the table is not called. */
static void test_own_table__no_descriptor_for_the_wakeup__emfile(void **state)
{
	DEVIATION("D10", "the wake-up comes through the table there in each case");
	assert_child_succeeds(init_wakeup_without_descriptors, NULL);
}

/* A request with a dummy state. */
static struct tevent_req *some_request(TALLOC_CTX *mem_ctx)
{
	int *req_state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &req_state, int);

	assert_non_null(req);
	return req;
}

/* C24, R10: an end time is a timer of the table. */
static void test_dispatch__request_end_time__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);

	assert_true(tevent_req_set_endtime(req, ev, in_ms(100000)));
	assert_notes("add_timer");
	talloc_free(req);
}

/* C24, R4: a posted request is an immediate of the table. */
static void test_dispatch__request_post__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);

	tevent_req_done(req);
	assert_notes("");
	tevent_req_post(req, ev);
	assert_notes("schedule_immediate");
	talloc_free(req);
}

static void on_request(struct tevent_req *req)
{
	note("called");
}

/* C24, R5: a deferred callback is one too. */
static void test_dispatch__request_deferred__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);

	tevent_req_set_callback(req, on_request, NULL);
	tevent_req_defer_callback(req, ev);
	tevent_req_done(req);
	turns(ev, 1);
	assert_notes("schedule_immediate loop_once called");
	talloc_free(req);
}

static int note_that_it_goes(char *what)
{
	note("%s", what);
	return 0;
}

/* C24, I1, R7: that immediate is like any other for the table, and is freed when the request is received. */
static void test_dispatch__request_post__immediate_is_a_talloc_object(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);
	char *companion;

	tevent_req_set_callback(req, on_request, NULL);
	tevent_req_done(req);
	clear_notes();
	tevent_req_post(req, ev);
	assert_non_null(talloc_get_type(last_immediate, struct tevent_immediate));
	assert_ptr_equal(talloc_parent(last_immediate), req);
	companion = talloc_strdup(last_immediate, "companion goes");
	assert_non_null(companion);
	talloc_set_destructor(companion, note_that_it_goes);
	turns(ev, 1);
	assert_notes("schedule_immediate loop_once called");
	clear_notes();
	tevent_req_received(req);
	assert_notes("companion goes");
	talloc_free(req);
}

static void defer_once_more(struct tevent_req *req)
{
	struct tevent_context *ev = tevent_req_callback_data_void(req);

	tevent_req_set_callback(req, on_request, NULL);
	tevent_req_defer_callback(req, ev);
	tevent_req_notify_callback(req);
}

/* C24, R5: posted once more, by its callback, it is the same immediate. */
static void test_dispatch__request_posted_twice__one_immediate(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);
	struct tevent_immediate *first;

	tevent_req_set_callback(req, defer_once_more, ev);
	tevent_req_done(req);
	tevent_req_set_callback(req, defer_once_more, ev);
	clear_notes();
	tevent_req_post(req, ev);
	first = last_immediate;
	turns(ev, 2);
	assert_notes("schedule_immediate loop_once schedule_immediate loop_once called");
	assert_ptr_equal(last_immediate, first);
	talloc_free(req);
}

/* C24, I2, R4: posted to a context of the library and then to the table's, it is finished again only in the latter. */
static void test_dispatch__request_posted_elsewhere_before__moves_to_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_req *req = some_request(f->mem);

	tevent_req_done(req);
	tevent_req_set_callback(req, on_request, NULL);
	tevent_req_post(req, f->ev);
	tevent_req_post(req, ev);
	assert_notes("schedule_immediate");
	clear_notes();
	settle(f->ev, 3);
	assert_notes("");
	turns(ev, 1);
	assert_notes("loop_once called");
	talloc_free(req);
}

static void on_trigger(struct tevent_req *req, void *private_data)
{
	note("trigger");
}

/* C24, Q3: a queue's trigger comes from an immediate of the table. */
static void test_dispatch__queue__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_queue *queue = tevent_queue_create(ev, "queue");
	struct tevent_req *req = some_request(ev);

	assert_true(tevent_queue_add(queue, ev, req, on_trigger, NULL));
	turns(ev, 1);
	assert_notes("schedule_immediate loop_once trigger");
	talloc_free(req);
}

/* C24: a threaded immediate reaches the table when it joins the list, not before. */
static void test_dispatch__threaded_immediate__reaches_the_table_in_the_loop(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(ev, ev);
	struct tevent_immediate *im = tevent_create_immediate(ev);

	clear_notes();
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, NULL);
	assert_notes("");
	turns(ev, 1);
	assert_notes("loop_once schedule_immediate im");
	talloc_free(tctx);
}

/* ---- O8: the library's own handlers and their names ------------------ */

/* O8: requests: the end time, and the immediates of posts and deferred callbacks. */
static void test_handler_names__requests__are_the_originals(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_req *req = some_request(ev);

	tevent_req_set_endtime(req, ev, in_ms(100000));
	assert_string_equal(last_handler_name, "tevent_req_timedout");
	tevent_req_set_callback(req, on_request, NULL);
	tevent_req_defer_callback(req, ev);
	tevent_req_done(req);
	assert_string_equal(last_handler_name, "tevent_req_trigger");
	last_handler_name = "";
	tevent_req_post(req, ev);
	assert_string_equal(last_handler_name, "tevent_req_trigger");
	talloc_free(req);
	talloc_free(tevent_wakeup_send(ev, ev, in_ms(100000)));
	assert_string_equal(last_handler_name, "tevent_req_timedout");
}

/* O8: queues. */
static void test_handler_names__queues__are_the_originals(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_queue *queue = tevent_queue_create(ev, "queue");

	talloc_free(tevent_queue_wait_send(ev, ev, queue));
	assert_string_equal(last_handler_name, "tevent_queue_immediate_trigger");
}

/* O8: a thread proxy's descriptor, and the immediate that stands for the caller's handler. */
static void test_handler_names__thread_proxy__are_the_originals(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	struct tevent_thread_proxy *proxy;

	last_handler_name = "pipe_read_handler"; /* D10 */
	proxy = tevent_thread_proxy_create(ev);
	assert_string_equal(last_handler_name, "pipe_read_handler");
	tevent_thread_proxy_schedule(proxy, &im, on_immediate, NULL);
	first_immediate_name = NULL;
	while (strstr(notes(), "im") == NULL) {
		turns(ev, 1);
	}
	assert_string_equal(first_immediate_name, "im_entry->handler");
	talloc_free(proxy);
}

/* O8: the wake-up, if it is added through the table (D10). */
static void test_handler_names__wakeup__is_the_originals(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_ops ops = *tevent_find_ops_byname("poll");
	struct tevent_context *ev;

	original = tevent_find_ops_byname("poll");
	ops.add_fd = noting_add_fd;
	ops.loop_once = waiting_loop_once;
	ev = tevent_context_init_ops(f->mem, &ops, NULL);
	assert_int_equal(tevent_common_wakeup_init(ev), 0);
	assert_string_equal(last_handler_name, "wakeup_pipe_handler");
	talloc_free(ev);
}

/* ---- C24 with a wrapper, and what the library does to flags ---------- */

static bool before_use(struct tevent_context *wrap_ev, void *private_data, struct tevent_context *main_ev,
		       const char *location)
{
	return true;
}

static void after_use(struct tevent_context *wrap_ev, void *private_data, struct tevent_context *main_ev,
		      const char *location)
{
}

/* Of events whose handlers don't run. */
static const struct tevent_wrapper_ops idle_wrapper_ops = {
	.name = "idle",
	.before_use = before_use,
	.after_use = after_use,
};

static struct tevent_context *idle_wrapper(struct tevent_context *ev)
{
	int *wrapper_state = NULL;
	struct tevent_context *wrap_ev = tevent_context_wrapper_create(ev, ev, &idle_wrapper_ops, &wrapper_state, int);

	assert_non_null(wrap_ev);
	return wrap_ev;
}

static const char *point_name(enum tevent_event_trace_point point)
{
	static const char *const names[] = {"attach", "detach", "before"};

	return names[point];
}

static void trace_immediate(struct tevent_immediate *im, enum tevent_event_trace_point point, void *private_data)
{
	note("%s", point_name(point));
}

static void trace_fd(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	note("%s", point_name(point));
}

/* C24, I2, W2: the table is called first, and cancels the earlier scheduling. */
static void test_dispatch__immediate_of_a_wrapper_scheduled_again__table_comes_first(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_context *wrap_ev = idle_wrapper(ev);
	struct tevent_immediate *im = tevent_create_immediate(ev);

	tevent_set_trace_immediate_callback(ev, trace_immediate, NULL);
	tevent_schedule_immediate(im, wrap_ev, on_immediate, NULL);
	assert_notes("schedule_immediate attach");
	tevent_schedule_immediate(im, wrap_ev, on_immediate, NULL);
	assert_notes("schedule_immediate attach schedule_immediate detach attach");
	talloc_free(im);
}

/* C24, I2: a cancellation also reaches the table, for an idle immediate as well. */
static void test_dispatch__immediate_of_a_wrapper_cancelled__reaches_the_table(void **state)
{
	struct tevent_context *ev = noting_context(fixture_of(state));
	struct tevent_context *wrap_ev = idle_wrapper(ev);
	struct tevent_immediate *im = tevent_create_immediate(ev);

	tevent_schedule_immediate(im, wrap_ev, on_immediate, NULL);
	tevent_set_trace_immediate_callback(ev, trace_immediate, NULL);
	clear_notes();
	_tevent_schedule_immediate(im, wrap_ev, NULL, NULL, "my name", "my place");
	assert_notes("schedule_immediate detach");
	assert_string_equal(last_handler_name, "my name");
	assert_string_equal(last_location, "my place");
	tevent_schedule_immediate(im, wrap_ev, NULL, NULL);
	assert_notes("schedule_immediate detach schedule_immediate");
}

/* C24, W5: when a wrapper is freed, its fd events' flags are cleared through the table. */
static void test_dispatch__wrapper_freed__its_fds_lose_their_flags_through_the_table(void **state)
{
	struct tevent_context *ev;
	struct tevent_context *wrap_ev;
	int fds[2];

	NEWER_THAN_ORACLE("0.14.1 does not trace this DETACH");
	ev = noting_context(fixture_of(state));
	wrap_ev = idle_wrapper(ev);
	pipe_pair(fds);
	tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_add_fd(wrap_ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL);
	tevent_add_fd(wrap_ev, ev, fds[1], 0, on_fd, NULL);
	tevent_set_trace_fd_callback(ev, trace_fd, NULL);
	clear_notes();
	talloc_free(wrap_ev);
	assert_notes("set_fd_flags detach set_fd_flags detach");
	talloc_free(ev);
	close_pair(fds);
}

/* F4, C24: poll clears WRITE on a broken fd through the table; epoll bypasses it. */
static void test_dispatch__write_taken_off_a_broken_fd__poll_asks_the_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = noting_context(f);
	struct tevent_fd *fdes[2];
	int fds[2];

	socket_pair(fds);
	for (int i = 0; i < 2; i++) {
		fdes[i] = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_WRITE, on_fd, NULL);
	}
	tevent_add_fd(ev, ev, fds[0], 0, on_fd, NULL); /* has none to lose */
	close_fd(&fds[1]);
	clear_notes();
	while (original->get_fd_flags(fdes[0]) != 0) {
		turns(ev, 1); /* poll_mt's wake-up may come before */
	}
	if (strcmp(f->backend, "epoll") == 0) {
		assert_null(strstr(notes(), "flags"));
	} else {
		const char *last_turn = strstr(notes(), "loop_once get_fd_flags");

		assert_non_null(last_turn);
		assert_string_equal(last_turn, "loop_once get_fd_flags set_fd_flags get_fd_flags set_fd_flags");
	}
	assert_int_equal(original->get_fd_flags(fdes[0]), 0);
	assert_int_equal(original->get_fd_flags(fdes[1]), 0);
	talloc_free(ev);
	close_pair(fds);
}

/* ---- C5, C6: standard's way out ------------------------------------- */

/* Shared with children that end with abort(). */
static int *fatal_messages;

static void count_fatal(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void count_fatal(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	if (level == TEVENT_DEBUG_FATAL) {
		(*fatal_messages)++;
	}
}

static void exit_instead_of_abort(const char *reason)
{
	_exit(55);
}

/* Runs fn in a child that has to end with abort(), not tevent_abort(), after a FATAL-level message. */
static void assert_fatal(void (*fn)(void *arg), void *arg)
{
	fatal_messages = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(fatal_messages, MAP_FAILED);
	assert_child_aborts(fn, arg);
	assert_true(*fatal_messages > 0);
	munmap(fatal_messages, sizeof(int));
}

static void expect_fatal_in_child(struct tevent_context *ev)
{
	tevent_set_abort_fn(exit_instead_of_abort);
	child_assert(tevent_set_debug(ev, count_fatal, NULL) == 0);
}

static void init_standard_without_descriptors(void *arg)
{
	struct tevent_context *ev;
	struct tevent_immediate *im;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	forbid_new_descriptors();
	ev = tevent_context_init_byname(NULL, "standard");
	child_assert(ev != NULL);
	im = tevent_create_immediate(ev);
	tevent_schedule_immediate(im, ev, on_immediate, NULL);
	child_assert(tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]) != NULL);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(strcmp(notes(), "im fd") == 0);
	child_assert(tevent_re_initialise(ev) == 0);
}

/* C5: no descriptor for the instance: standard uses poll at once. */
static void test_standard__no_descriptor_for_epoll__works(void **state)
{
	assert_child_succeeds(init_standard_without_descriptors, NULL);
}

static void reinitialise_without_descriptors(void *arg)
{
	struct tevent_context *ev = arg;

	set_debug_recorder(ev);
	forbid_new_descriptors();
	child_assert(tevent_re_initialise(ev) == 0);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
	child_assert(tevent_re_initialise(ev) == 0);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] == 1);
	child_assert(debug_messages[TEVENT_DEBUG_ERROR] == 0);
}

/* C5, C10: standard reports at FATAL level that no instance was available; it does not try again. */
static void test_standard__no_descriptor_at_reinitialise__is_told_once(void **state)
{
	assert_child_succeeds(reinitialise_without_descriptors, fixture_of(state)->ev);
}

static void init_epoll_without_descriptors(void *arg)
{
	struct tevent_context *ev = arg;

	set_debug_recorder(ev);
	forbid_new_descriptors();
	child_assert(tevent_context_init_byname(NULL, "epoll") == NULL);
	child_assert(tevent_re_initialise(ev) != 0);
	child_assert(tevent_re_initialise(ev) != 0);
	child_assert(debug_messages[TEVENT_DEBUG_FATAL] >= 2);
}

/* C5, C7, C10: plain epoll fails, and reports it at FATAL level. */
static void test_epoll__no_descriptor__init_and_reinitialise_fail(void **state)
{
	assert_child_succeeds(init_epoll_without_descriptors, fixture_of(state)->ev);
}

static void init_poll_without_descriptors(void *arg)
{
	forbid_new_descriptors();
	child_assert(tevent_context_init_byname(NULL, "poll") != NULL);
	child_assert(tevent_context_init_byname(NULL, "poll_mt") == NULL);
}

/* C27, C7: poll needs no descriptor, poll_mt needs its wake-up. */
static void test_poll__no_descriptor__only_poll_mt_fails(void **state)
{
	assert_child_succeeds(init_poll_without_descriptors, NULL);
}

/* A regular file that epoll refuses with EPERM. */
static int regular_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* C5: an fd that epoll refuses is served, and so are all others, each with its flags. */
static void test_standard__file_that_epoll_refuses__all_fds_are_served(void **state)
{
	struct fixture *f = fixture_of(state);
	int file = regular_file();
	int a[2], b[2];

	pipe_pair(a);
	socket_pair(b);
	write_byte(a[1]);
	tevent_add_fd(f->ev, f->ev, a[0], TEVENT_FD_READ, on_fd, (void *)"pipe");
	tevent_add_fd(f->ev, f->ev, b[0], TEVENT_FD_READ | TEVENT_FD_WRITE, on_fd, (void *)"socket");
	assert_non_null(tevent_add_fd(f->ev, f->ev, file, TEVENT_FD_READ, on_fd, (void *)"file"));
	tevent_add_fd(f->ev, f->ev, b[1], 0, on_fd, (void *)"silent");
	settle(f->ev, 9);

	assert_non_null(strstr(notes(), "pipe:1"));
	assert_non_null(strstr(notes(), "socket:2"));
	assert_non_null(strstr(notes(), "file:1"));
	assert_null(strstr(notes(), "socket:3"));
	assert_null(strstr(notes(), "silent"));
	assert_int_equal(talloc_free(f->ev), 0);
	close_fd(&file);
	close_pair(a);
	close_pair(b);
}

/* C5: moving to poll closes the instance, and an ERROR-level message reports it. */
static void test_standard__file_that_epoll_refuses__moves_to_poll(void **state)
{
	struct fixture *f = fixture_of(state);
	int file = regular_file();
	int fds = count_open_fds();

	set_debug_recorder(f->ev);
	tevent_add_fd(f->ev, f->ev, file, TEVENT_FD_READ, on_fd, (void *)"file");
	turns(f->ev, 1);
	assert_notes("file:1");
	assert_true(debug_messages[TEVENT_DEBUG_ERROR] > 0);
	assert_int_equal(debug_messages[TEVENT_DEBUG_FATAL], 0);
	assert_int_equal(count_open_fds(), fds - 1);
	assert_int_equal(talloc_free(f->ev), 0);
	close_fd(&file);
}

/* C5: the refusal may also come when flags are set. */
static void test_standard__flags_set_on_file_that_epoll_refuses__is_served(void **state)
{
	struct fixture *f = fixture_of(state);
	int file = regular_file();
	struct tevent_fd *fde;

	fde = tevent_add_fd(f->ev, f->ev, file, 0, on_fd, (void *)"file");
	assert_non_null(fde);
	tevent_fd_set_flags(fde, TEVENT_FD_READ);
	turns(f->ev, 1);
	assert_notes("file:1");
	assert_int_equal(talloc_free(f->ev), 0);
	close_fd(&file);
}

/* C5: the loop has moved permanently, even across re-initialising. */
static void test_standard__moved_to_poll__stays_there(void **state)
{
	struct fixture *f = fixture_of(state);
	int file = regular_file();
	struct tevent_fd *fde;
	int fds;

	fde = tevent_add_fd(f->ev, f->mem, file, TEVENT_FD_READ, on_fd, (void *)"file");
	turns(f->ev, 1);
	fds = count_open_fds();
	talloc_free(fde);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_int_equal(count_open_fds(), fds);
	clear_notes();
	fde = tevent_add_fd(f->ev, f->mem, file, TEVENT_FD_READ, on_fd, (void *)"again");
	set_debug_recorder(f->ev);
	turns(f->ev, 1);
	assert_notes("again:1");
	assert_int_equal(debug_messages[TEVENT_DEBUG_ERROR], 0);
	talloc_free(fde);
	close_fd(&file);
}

/* C5: signals and threaded immediates still work: the wake-up moves too. */
static void test_standard__moved_to_poll__wakeup_still_works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx = tevent_threaded_context_create(f->ev, f->ev);
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	struct tevent_fd *fde;
	int file = regular_file();

	tevent_add_signal(f->ev, f->ev, SIGUSR1, 0, on_signal, NULL);
	fde = tevent_add_fd(f->ev, f->mem, file, TEVENT_FD_READ, on_fd, (void *)"file");
	turns(f->ev, 1);
	talloc_free(fde);
	clear_notes();
	raise(SIGUSR1);
	tevent_threaded_schedule_immediate(tctx, im, on_immediate, NULL);
	settle(f->ev, 9);
	assert_notes("sig im");
	assert_int_equal(talloc_free(f->ev), 0);
	close_fd(&file);
}

static void epoll_watches_null(void *arg)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, "epoll");

	expect_fatal_in_child(ev);
	tevent_add_fd(ev, ev, open("/dev/null", O_RDONLY), TEVENT_FD_READ, on_fd, (void *)"null");
	tevent_loop_once(ev);
}

/* C5: plain epoll aborts. */
static void test_epoll__fd_that_it_refuses__is_fatal(void **state)
{
	assert_fatal(epoll_watches_null, NULL);
}

/* The number that the next context's instance will have: the lowest free one. */
static int number_of_next_instance(void)
{
	int number = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(number);
	return number;
}

static int broken_instance = -1;

/* Replaces the instance with a descriptor that is no epoll instance. */
static void break_instance(int instance)
{
	broken_instance = instance;
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null_fd, instance);
	close(null_fd);
}

/* After the context is freed the number is the program's.  The original has closed it. */
static void close_broken_instance(void)
{
	close(broken_instance);
}

static struct tevent_context *context_with_broken_instance(TALLOC_CTX *mem_ctx, const char *name)
{
	int instance = number_of_next_instance();
	struct tevent_context *ev = tevent_context_init_byname(mem_ctx, name);

	break_instance(instance);
	return ev;
}

/* The instance breaks after an fd was added to it, which is ready. */
static struct tevent_context *context_whose_instance_broke(TALLOC_CTX *mem_ctx, const char *name, int fds[2],
							   struct tevent_fd **fde)
{
	int instance = number_of_next_instance();
	struct tevent_context *ev = tevent_context_init_byname(mem_ctx, name);

	socket_pair(fds);
	*fde = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	write_byte(fds[1]);
	turns(ev, 1);
	write_byte(fds[1]);
	clear_notes();
	break_instance(instance);
	return ev;
}

/* C5: an instance that fails at the wait: standard moves, no event is lost. */
static void test_standard__wait_fails__moves_to_poll(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	ev = context_with_broken_instance(f->mem, "standard");
	set_debug_recorder(ev);
	tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	settle(ev, 5);
	assert_notes("fd");
	assert_true(debug_messages[TEVENT_DEBUG_ERROR] > 0);
	assert_int_equal(talloc_free(ev), 0);
	close_broken_instance();
	close_pair(fds);
}

static void note_point(enum tevent_trace_point point, void *private_data)
{
	static const char *const names[] = {"before-wait", "after-wait", "before-once", "after-once"};

	note("%s", names[point]);
	errno = EUCLEAN;
}

static void note_level(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
	PRINTF_ATTRIBUTE(3, 0);

static void note_level(void *context, enum tevent_debug_level level, const char *fmt, va_list ap)
{
	note("message:%d", (int)level);
}

/* C5: ready events are served in the same turn; the message comes after AFTER_WAIT. */
static void test_standard__wait_fails__fd_is_served_in_that_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int fds[2];

	ev = context_whose_instance_broke(f->mem, "standard", fds, &fde);
	tevent_set_debug(ev, note_level, NULL);
	tevent_set_trace_callback(ev, note_point, NULL);
	turns(ev, 1);
	assert_notes("before-once before-wait after-wait message:1 before-wait after-wait fd after-once");
	talloc_free(ev);
	close_broken_instance();
	close_pair(fds);
}

/* C5, C11: a timer that comes due in the second wait of the turn runs in it. */
static void test_standard__wait_fails__timer_runs_in_that_turn(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = context_with_broken_instance(f->mem, "standard");

	tevent_add_timer(ev, ev, in_ms(5), on_timer, NULL);
	turns(ev, 1);
	assert_notes("timer");
	talloc_free(ev);
	close_broken_instance();
}

static void poll_more_than_allowed(void *arg)
{
	struct tevent_context *ev = tevent_context_init_byname(NULL, "poll");
	struct rlimit few;
	int fds[2];

	for (int i = 0; i < 8; i++) {
		child_assert(pipe(fds) == 0);
		child_assert(tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd, NULL) != NULL);
	}
	child_assert(getrlimit(RLIMIT_NOFILE, &few) == 0);
	few.rlim_cur = 4;
	child_assert(setrlimit(RLIMIT_NOFILE, &few) == 0);
	set_debug_recorder(ev);
	for (int i = 0; i < 3; i++) {
		child_assert(tevent_loop_once(ev) == 0);
	}
	child_assert(debug_messages[TEVENT_DEBUG_ERROR] == 1);
}

/* Under valgrind the limit applies to calls that open descriptors, not to poll(). */
static bool poll_obeys_the_limit(void)
{
	struct pollfd unused[8];
	struct rlimit before, few;
	bool refused;

	for (size_t i = 0; i < 8; i++) {
		unused[i] = (struct pollfd){.fd = -1};
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 4;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	refused = poll(unused, 8, 0) == -1 && errno == EINVAL;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return refused;
}

/* C12: poll(2) fails permanently and the loop spins; it logs this once. */
static void test_poll__fewer_descriptors_allowed_than_watched__is_reported_once(void **state)
{
	NEWER_THAN_ORACLE("0.14.1 spins without a message");
	if (!poll_obeys_the_limit()) {
		print_message("skipped: the limit on descriptors does not reach poll() here\n");
		skip();
	}
	assert_child_succeeds(poll_more_than_allowed, NULL);
}

static struct tevent_context *late_context;
static struct tevent_immediate *late_immediate;

static void schedule_at_after_wait(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_AFTER_WAIT && late_immediate != NULL) {
		tevent_schedule_immediate(late_immediate, late_context, on_immediate, NULL);
		late_immediate = NULL;
	}
}

/* C5, C11: the turn starts again from its beginning: signals and immediates come before the wait. */
static void test_standard__wait_fails__turn_begins_again(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = context_with_broken_instance(f->mem, "standard");

	late_context = ev;
	late_immediate = tevent_create_immediate(ev);
	tevent_set_trace_callback(ev, schedule_at_after_wait, NULL);
	tevent_add_timer(ev, ev, in_ms(60000), on_timer, NULL);
	turns(ev, 1);
	assert_notes("im");
	talloc_free(ev);
	close_broken_instance();
}

/* C5: a change that the instance refuses: FATAL for the refusal, ERROR for the move. */
static void test_standard__change_refused__is_told_at_two_levels(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int fds[2];

	NEWER_THAN_ORACLE("0.14.1 has only the second message");
	ev = context_whose_instance_broke(f->mem, "standard", fds, &fde);
	tevent_set_debug(ev, note_level, NULL);
	tevent_fd_set_flags(fde, TEVENT_FD_READ | TEVENT_FD_WRITE);
	turns(ev, 1);
	assert_notes("message:0 message:1 fd");
	talloc_free(ev);
	close_broken_instance();
	close_pair(fds);
}

/* C5: a registration that it refuses: only an ERROR for the move. */
static void test_standard__registration_refused__is_told_at_error_level(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = context_with_broken_instance(f->mem, "standard");
	int fds[2];

	pipe_pair(fds);
	write_byte(fds[1]);
	tevent_set_debug(ev, note_level, NULL);
	tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_fd_drain, &fds[0]);
	turns(ev, 1);
	assert_notes("message:1 fd");
	talloc_free(ev);
	close_broken_instance();
	close_pair(fds);
}

static void tell_parent_of_after_wait(enum tevent_trace_point point, void *private_data)
{
	if (point == TEVENT_TRACE_AFTER_WAIT) {
		(*fatal_messages)++;
	}
}

static void wait_on_broken_instance(void *arg)
{
	struct tevent_context *ev = context_with_broken_instance(NULL, "epoll");

	expect_fatal_in_child(ev);
	tevent_add_timer(ev, ev, in_ms(1000), on_timer, NULL);
	tevent_loop_once(ev);
}

static void trace_wait_on_broken_instance(void *arg)
{
	struct tevent_context *ev = context_with_broken_instance(NULL, "epoll");

	tevent_set_trace_callback(ev, tell_parent_of_after_wait, NULL);
	tevent_add_timer(ev, ev, in_ms(1000), on_timer, NULL);
	tevent_loop_once(ev);
}

/* C5, O3: AFTER_WAIT comes before the abort. */
static void test_epoll__wait_fails__after_wait_is_traced(void **state)
{
	assert_fatal(trace_wait_on_broken_instance, NULL);
}

/* C5: plain epoll aborts here too. */
static void test_epoll__wait_fails__is_fatal(void **state)
{
	assert_fatal(wait_on_broken_instance, NULL);
}

struct inherited {
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int fds[2];
};

static void inherit(struct inherited *i, struct fixture *f)
{
	i->ev = f->ev;
	pipe_pair(i->fds);
	write_byte(i->fds[1]);
	i->fde = tevent_add_fd(f->ev, f->mem, i->fds[0], TEVENT_FD_READ, on_fd_drain, &i->fds[0]);
	/* the parent's instance knows the fd for sure */
	turns(f->ev, 1);
	write_byte(i->fds[1]);
	clear_notes();
}

static void disinherit(struct inherited *i)
{
	assert_int_equal(talloc_free(i->fde), 0);
	close_pair(i->fds);
}

static void use_inherited_without_descriptors(void *arg)
{
	struct inherited *i = arg;

	forbid_new_descriptors();
	child_assert(tevent_loop_once(i->ev) == 0);
	if (strcmp(notes(), "fd") != 0) { /* the turn in which it moved */
		child_assert(tevent_loop_once(i->ev) == 0);
	}
	child_assert(strcmp(notes(), "fd") == 0);
}

/* C5, C21: no instance for the child: standard moves to poll in the child. */
static void test_standard__no_descriptor_after_fork__moves_to_poll(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited i;

	inherit(&i, f);
	assert_child_succeeds(use_inherited_without_descriptors, &i);
	disinherit(&i);
}

static void use_inherited_epoll_without_descriptors(void *arg)
{
	struct inherited *i = arg;

	expect_fatal_in_child(i->ev);
	forbid_new_descriptors();
	tevent_loop_once(i->ev);
}

/* C5, C21: with plain epoll the child aborts. */
static void test_epoll__no_descriptor_after_fork__is_fatal(void **state)
{
	struct fixture *f = fixture_of(state);
	struct inherited i;

	inherit(&i, f);
	assert_fatal(use_inherited_epoll_without_descriptors, &i);
	disinherit(&i);
}

/* C6: a regular file is always ready, for both. */
static void test_poll__regular_file__is_always_ready(void **state)
{
	struct fixture *f = fixture_of(state);
	char name[] = "/tmp/tevent-test-XXXXXX";
	int file = mkstemp(name);
	struct tevent_fd *fde;

	assert_true(file >= 0);
	unlink(name);
	fde = tevent_add_fd(f->ev, f->mem, file, TEVENT_FD_READ | TEVENT_FD_WRITE, on_fd, (void *)"file");
	turns(f->ev, 2); /* one for poll_mt's wake-up */
	clear_notes();
	turns(f->ev, 3);
	assert_notes("file:3 file:3 file:3");
	assert_int_equal(talloc_free(fde), 0);
	close_fd(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* no lookup before these */
		cmocka_unit_test(test_backend_list__first_call__has_the_built_ins),
		cmocka_unit_test(test_find_ops__first_call__registers_the_built_ins_once),
		cmocka_unit_test(test_register_backend__before_and_after_first_lookup__is_listed_last_and_first),
		cmocka_unit_test(test_register_backend__built_in_name_before_first_lookup__stays_the_programs),
		cmocka_unit_test(test_find_ops__first_call_in_two_threads__registers_the_built_ins_once),

		TEST(test_backend_list__built_ins__newest_first),
		TEST(test_backend_list__given_mem_ctx__owns_array_and_strings),
		TEST(test_backend_list__out_of_memory__gives_null),
		TEST(test_register_backend__name_changes_afterwards__is_followed),
		TEST(test_register_backend__name_is_taken__changes_nothing),
		TEST(test_register_backend__built_in_name__changes_nothing),
		TEST(test_find_ops__null_name__is_standard),
		TEST(test_find_ops__unknown_name__is_null),
		TEST(test_find_ops__built_in_names__are_four_tables),
		TEST(test_set_default_backend__name_then_null__is_what_null_finds),
		TEST(test_set_default_backend__other_name__is_what_context_init_takes),

		TEST_EACH_BACKEND(test_built_in_table__every_member__is_set),
		TEST_EACH_BACKEND(test_built_in_table__context_in_use__does_not_change),
		TEST_EACH_BACKEND(test_own_table__calls_the_originals__all_kinds_run),
		TEST_EACH_BACKEND(test_built_in_table__functions_called_directly__work),
		TEST(test_own_table__registered__is_used_by_name),

		TEST_EACH_BACKEND(test_dispatch__add_fd__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__add_timer__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__schedule_immediate__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__add_signal__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__through_the_macros__passes_the_handlers_name),
		TEST_EACH_BACKEND(test_dispatch__fd_setters_and_getter__reach_the_table),
		TEST_EACH_BACKEND(test_dispatch__fd_without_context__does_not_reach_the_table),
		TEST_EACH_BACKEND(test_dispatch__update_and_free__do_not_reach_the_table),
		TEST_EACH_BACKEND(test_dispatch__reset_immediate__does_not_reach_the_table),
		TEST_EACH_BACKEND(test_dispatch__loop_once__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__loop_wait__reaches_the_table_with_each_turn),
		TEST_EACH_BACKEND(test_dispatch__loop_until__is_loop_once),
		TEST_EACH_BACKEND(test_dispatch__reinitialise__is_context_init),
		TEST(test_signal_support__table_without_add_signal__is_false),
		TEST(test_dispatch__table_answers_by_itself__answer_is_passed_on),
		TEST(test_own_table__context_without_means_to_wait__turn_fails),
		TEST(test_own_table__no_event_for_the_wakeup__enomem),
		TEST(test_own_table__reinitialised__watches_the_new_wakeup),
		TEST(test_own_table__another_fd_goes__wakeup_is_still_watched),
		TEST(test_own_table__waits_itself_on_a_built_in_context__is_woken),
		TEST(test_own_table__no_descriptor_for_the_wakeup__emfile),
		TEST_EACH_BACKEND(test_dispatch__request_end_time__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__request_post__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__request_deferred__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__request_post__immediate_is_a_talloc_object),
		TEST_EACH_BACKEND(test_dispatch__request_posted_twice__one_immediate),
		TEST_EACH_BACKEND(test_dispatch__request_posted_elsewhere_before__moves_to_the_table),
		TEST_EACH_BACKEND(test_dispatch__queue__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__threaded_immediate__reaches_the_table_in_the_loop),

		TEST_EACH_BACKEND(test_handler_names__requests__are_the_originals),
		TEST_EACH_BACKEND(test_handler_names__queues__are_the_originals),
		TEST_EACH_BACKEND(test_handler_names__thread_proxy__are_the_originals),
		TEST(test_handler_names__wakeup__is_the_originals),
		TEST_EACH_BACKEND(test_dispatch__immediate_of_a_wrapper_scheduled_again__table_comes_first),
		TEST_EACH_BACKEND(test_dispatch__immediate_of_a_wrapper_cancelled__reaches_the_table),
		TEST_EACH_BACKEND(test_dispatch__wrapper_freed__its_fds_lose_their_flags_through_the_table),
		TEST_ON(test_dispatch__write_taken_off_a_broken_fd__poll_asks_the_table, epoll),
		TEST_ON(test_dispatch__write_taken_off_a_broken_fd__poll_asks_the_table, poll),
		TEST_ON(test_dispatch__write_taken_off_a_broken_fd__poll_asks_the_table, poll_mt),

		TEST(test_standard__no_descriptor_for_epoll__works),
		TEST(test_standard__no_descriptor_at_reinitialise__is_told_once),
		TEST_ON(test_epoll__no_descriptor__init_and_reinitialise_fail, epoll),
		TEST(test_poll__no_descriptor__only_poll_mt_fails),
		TEST(test_standard__file_that_epoll_refuses__all_fds_are_served),
		TEST(test_standard__file_that_epoll_refuses__moves_to_poll),
		TEST(test_standard__flags_set_on_file_that_epoll_refuses__is_served),
		TEST(test_standard__moved_to_poll__stays_there),
		TEST(test_standard__moved_to_poll__wakeup_still_works),
		TEST(test_epoll__fd_that_it_refuses__is_fatal),
		TEST(test_poll__fewer_descriptors_allowed_than_watched__is_reported_once),
		TEST(test_standard__wait_fails__moves_to_poll),
		TEST(test_standard__wait_fails__fd_is_served_in_that_turn),
		TEST(test_standard__wait_fails__turn_begins_again),
		TEST(test_standard__wait_fails__timer_runs_in_that_turn),
		TEST(test_standard__change_refused__is_told_at_two_levels),
		TEST(test_standard__registration_refused__is_told_at_error_level),
		TEST(test_epoll__wait_fails__is_fatal),
		TEST(test_epoll__wait_fails__after_wait_is_traced),
		TEST(test_standard__no_descriptor_after_fork__moves_to_poll),
		TEST_ON(test_epoll__no_descriptor_after_fork__is_fatal, epoll),
		TEST_ON(test_poll__regular_file__is_always_ready, poll),
		TEST_ON(test_poll__regular_file__is_always_ready, poll_mt),
		TEST_ON(test_poll__regular_file__is_always_ready, standard),
	};

	return cmocka_run_group_tests_name("backend", tests, group_setup, NULL);
}
