/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * No descriptors: EMFILE for each one that the library opens (C5, C7, C10,
 * C27, S1, T1, T5, T6).  The result is the documented failure, nothing is
 * lost, and the same call works once a descriptor is available again.  Also
 * descriptors that cannot be watched (C5, C6, F11) in such a process.
 *
 * EMFILE is real: the process's limit is lowered and every number below it is
 * used, except those that a case leaves free.  Meanwhile nothing is asserted;
 * results are kept until the numbers are free again.
 */

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- descriptors taken away ---- */

enum { lowered_limit = 128 };

static struct rlimit limit_before;
static int held[lowered_limit];
static int held_count;

/* Leaves exactly n numbers to be opened. */
static void leave_descriptors(int n)
{
	struct rlimit lowered;
	int fd;

	getrlimit(RLIMIT_NOFILE, &limit_before);
	lowered = limit_before;
	lowered.rlim_cur = lowered_limit;
	setrlimit(RLIMIT_NOFILE, &lowered);
	held_count = 0;
	while (held_count < lowered_limit && (fd = dup(STDERR_FILENO)) >= 0) {
		held[held_count++] = fd;
	}
	for (; n > 0; n--) {
		close(held[--held_count]);
	}
}

static void give_back_descriptors(void)
{
	while (held_count > 0) {
		close(held[--held_count]);
	}
	setrlimit(RLIMIT_NOFILE, &limit_before);
}

/* No number at all, not even one that is closed meanwhile. */
static void forbid_descriptors(void)
{
	struct rlimit none;

	getrlimit(RLIMIT_NOFILE, &limit_before);
	none = limit_before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
}

static bool backend_is(struct fixture *f, const char *name)
{
	return strcmp(f->backend, name) == 0;
}

/* ---- handlers ---- */

static void note_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev;
	(void)fde;
	note("%s:%u", (const char *)private_data, (unsigned)flags);
}

static void note_fd_and_free(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note_fd(ev, fde, flags, private_data);
	talloc_free(fde);
}

static void note_signal(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	(void)ev;
	(void)se;
	(void)siginfo;
	(void)private_data;
	note("signal:%d:%d", signum == SIGUSR1, count);
}

static void note_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	(void)ev;
	(void)im;
	note("%s", (const char *)private_data);
}

static struct tevent_fd *watch(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags, const char *name)
{
	return tevent_add_fd(ev, mem_ctx, fd, flags, note_fd, (void *)(uintptr_t)name);
}

/* Runs turns until something is noted; for cases that must note something. */
static void run_until_noted(struct tevent_context *ev)
{
	for (int i = 0; i < 10 && notes()[0] == '\0'; i++) {
		turns(ev, 1); /* a wake-up may take a turn of its own */
	}
}

/* A readable descriptor reaches its handler on this context, and no other handler is called. */
static void assert_context_works(struct tevent_context *ev)
{
	struct tevent_fd *fde;
	int fds[2];

	clear_notes();
	pipe_pair(fds);
	write_byte(fds[1]);
	fde = tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, note_fd_and_free, (void *)(uintptr_t) "pipe");
	run_until_noted(ev);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	assert_non_null(fde);
	assert_notes("pipe:1");
	clear_notes();
}

/* A regular file, open for reading and writing, without a name. */
static int regular_file(void)
{
	char path[] = "/tmp/tevent-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* ---- contexts ---- */

/*
 * C5, C7, C27: without a descriptor `epoll` and `poll_mt` create no context,
 * `poll` needs none, `standard` works without one.
 */
static void test_context_init__emfile__by_backend(void **state)
{
	struct fixture *f = fixture_of(state);
	bool expected = backend_is(f, "standard") || backend_is(f, "poll");
	size_t blocks = talloc_total_blocks(f->mem);
	struct tevent_context *ev;
	int fds = count_open_fds();

	leave_descriptors(0);
	ev = tevent_context_init_byname(f->mem, f->backend);
	give_back_descriptors();
	assert_int_equal(ev != NULL, expected);
	assert_int_equal(count_open_fds(), fds);
	if (ev != NULL) {
		assert_context_works(ev);
	} else {
		assert_int_equal(talloc_total_blocks(f->mem), blocks);
	}
}

/* C7: the same through the table. */
static void test_context_init_ops__emfile__by_backend(void **state)
{
	struct fixture *f = fixture_of(state);
	bool expected = backend_is(f, "standard") || backend_is(f, "poll");
	const struct tevent_ops *ops = tevent_find_ops_byname(f->backend);
	struct tevent_context *ev;
	int fds = count_open_fds();

	leave_descriptors(0);
	ev = tevent_context_init_ops(f->mem, ops, NULL);
	give_back_descriptors();
	assert_int_equal(ev != NULL, expected);
	assert_int_equal(count_open_fds(), fds);
	if (ev != NULL) {
		assert_context_works(ev);
	}
}

/* C27: one descriptor is enough for a context of any backend. */
static void test_context_init__one_left__enough(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;

	leave_descriptors(1);
	ev = tevent_context_init_byname(f->mem, f->backend);
	give_back_descriptors();
	assert_non_null(ev);
	assert_context_works(ev);
}

/* C5: a `standard` context that began with poll stays with it. */
static void test_standard__emfile_at_start__poll_for_good(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev;
	int fds = count_open_fds();

	leave_descriptors(0);
	ev = tevent_context_init_byname(f->mem, "standard");
	give_back_descriptors();
	assert_non_null(ev);
	assert_int_equal(tevent_re_initialise(ev), 0);
	assert_int_equal(count_open_fds(), fds);
	assert_context_works(ev);
}

/* C10, C5: re-initialising without a descriptor; with one it works again. */
static void test_re_initialise__emfile__by_backend(void **state)
{
	struct fixture *f = fixture_of(state);
	bool expected = backend_is(f, "standard") || backend_is(f, "poll");
	int ret;

	forbid_descriptors();
	ret = tevent_re_initialise(f->ev);
	give_back_descriptors();
	assert_int_equal(ret == 0, expected);
	assert_int_equal(tevent_re_initialise(f->ev), 0);
	assert_context_works(f->ev);
}

/* C10: a context that could not be initialised again can be freed. */
static void test_re_initialise__emfile__can_be_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = another_context(f);
	int fds[2], ret;

	pipe_pair(fds);
	assert_non_null(watch(ev, f->mem, fds[0], TEVENT_FD_READ, "pipe"));
	forbid_descriptors();
	ret = tevent_re_initialise(ev);
	give_back_descriptors();
	(void)ret;
	talloc_free(ev);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	assert_notes("");
}

/* ---- the wake-up descriptor ---- */

static bool signal_is_default(void)
{
	struct sigaction now;

	assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
	return now.sa_handler == SIG_DFL;
}

/* S1: no number for the wake-up: NULL and EMFILE, nothing installed; later it works. */
static void test_add_signal__emfile__null_then_works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;
	int fds = count_open_fds(), error;

	leave_descriptors(0);
	errno = 0;
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_signal, NULL);
	error = errno;
	give_back_descriptors();
	assert_null(se);
	assert_int_equal(error, EMFILE);
	assert_true(signal_is_default());
	assert_int_equal(count_open_fds(), fds);

	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_signal, NULL);
	assert_non_null(se);
	raise(SIGUSR1);
	run_until_noted(f->ev);
	talloc_free(se);
	assert_notes("signal:1:1");
}

/* C27: poll_mt has its wake-up from the start, so nothing fails later. */
static void test_add_signal__emfile_with_poll_mt__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	leave_descriptors(0);
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_signal, NULL);
	give_back_descriptors();
	assert_non_null(se);
	raise(SIGUSR1);
	run_until_noted(f->ev);
	talloc_free(se);
	assert_notes("signal:1:1");
}

/* C27: a second signal event needs no further descriptor. */
static void test_add_signal__emfile_for_second__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_signal *se;

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR2, 0, note_signal, NULL));
	leave_descriptors(0);
	se = tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_signal, NULL);
	give_back_descriptors();
	assert_non_null(se);
}

/* T1: NULL and EMFILE; later it works. */
static void test_threaded_context__emfile__null_then_works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx;
	struct tevent_immediate *im = tevent_create_immediate(f->mem);
	int fds = count_open_fds(), error;

	leave_descriptors(0);
	errno = 0;
	tctx = tevent_threaded_context_create(f->mem, f->ev);
	error = errno;
	give_back_descriptors();
	assert_null(tctx);
	assert_int_equal(error, EMFILE);
	assert_int_equal(count_open_fds(), fds);

	tctx = tevent_threaded_context_create(f->mem, f->ev);
	assert_non_null(tctx);
	tevent_threaded_schedule_immediate(tctx, im, note_immediate, (void *)(uintptr_t) "threaded");
	run_until_noted(f->ev);
	assert_notes("threaded");
}

/* T1, C27: with poll_mt, or with a signal event, it needs no further descriptor. */
static void test_threaded_context__emfile_but_wakeup_there__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_threaded_context *tctx;

	assert_non_null(tevent_add_signal(f->ev, f->mem, SIGUSR1, 0, note_signal, NULL));
	leave_descriptors(0);
	tctx = tevent_threaded_context_create(f->mem, f->ev);
	give_back_descriptors();
	assert_non_null(tctx);
}

/* T5: the proxy's pair: with no or one descriptor left NULL and EMFILE, and the one is not lost. */
static void test_thread_proxy__emfile__null_and_nothing_lost(void **state)
{
	struct fixture *f = fixture_of(state);
	int fds = count_open_fds();

	for (int left = 0; left < 2; left++) {
		struct tevent_thread_proxy *proxy;
		size_t blocks = talloc_total_blocks(f->ev);
		int error;
		leave_descriptors(left);
		errno = 0;
		proxy = tevent_thread_proxy_create(f->ev);
		error = errno;
		give_back_descriptors();
		assert_null(proxy);
		assert_int_equal(error, EMFILE);
		assert_int_equal(count_open_fds(), fds);
		assert_int_equal(talloc_total_blocks(f->ev), blocks);
	}
	assert_context_works(f->ev);
}

/* T5, C27: a pair is enough, wake-up or not. */
static void test_thread_proxy__two_left__works(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_thread_proxy *proxy;
	struct tevent_immediate *im = tevent_create_immediate(f->mem);

	leave_descriptors(2);
	proxy = tevent_thread_proxy_create(f->ev);
	give_back_descriptors();
	assert_non_null(proxy);
	tevent_thread_proxy_schedule(proxy, &im, note_immediate, NULL);
	assert_null(im);
	talloc_free(proxy);
}

int tevent_common_wakeup_init(struct tevent_context *ev);
int tevent_common_wakeup(struct tevent_context *ev);

/* T6: an errno value; later it works. */
static void test_common_wakeup_init__emfile__says_so(void **state)
{
	struct fixture *f = fixture_of(state);
	int first, wakeup;

	leave_descriptors(0);
	first = tevent_common_wakeup_init(f->ev);
	wakeup = tevent_common_wakeup(f->ev);
	give_back_descriptors();
	assert_int_equal(first, EMFILE);
	assert_int_equal(wakeup, ENOTCONN);
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	assert_int_equal(tevent_common_wakeup(f->ev), 0);
}

/* ---- unfit descriptors ---- */

/* C5, C6: watching a regular file needs no descriptor, moving to poll neither; no event is lost. */
static void test_regular_file__emfile__served_with_the_others(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *file, *other;
	int fds[2], fd = regular_file(), ret = 0;

	pipe_pair(fds);
	write_byte(fds[1]);
	leave_descriptors(0);
	other = tevent_add_fd(f->ev, f->mem, fds[0], TEVENT_FD_READ, note_fd_and_free, (void *)(uintptr_t) "pipe");
	file = tevent_add_fd(f->ev, f->mem, fd, TEVENT_FD_WRITE, note_fd_and_free, (void *)(uintptr_t) "file");
	for (int i = 0; i < 4 && strlen(notes()) < strlen("pipe:1 file:2"); i++) {
		ret |= tevent_loop_once(f->ev); /* the wake-up of poll_mt may take one */
	}
	give_back_descriptors();
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	close_fd(&fd);
	assert_non_null(other);
	assert_non_null(file);
	assert_int_equal(ret, 0);
	assert_true(strcmp(notes(), "pipe:1 file:2") == 0 || strcmp(notes(), "file:2 pipe:1") == 0);
}

/* C5, C27: if standard moved because of it, its instance's number is free again. */
static void test_regular_file__emfile_with_standard__one_number_is_free(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;
	int fd = regular_file(), copy;
	bool gained;

	leave_descriptors(0);
	fde = tevent_add_fd(f->ev, f->mem, fd, TEVENT_FD_READ, note_fd_and_free, (void *)(uintptr_t) "file");
	(void)tevent_loop_once(f->ev);
	copy = dup(fd);
	gained = copy != -1;
	give_back_descriptors();
	close_fd(&copy);
	close_fd(&fd);
	assert_non_null(fde);
	assert_true(gained);
	assert_notes("file:1");
}

static void note_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timer");
}

static void note_im(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("im");
}

static void child_without_wakeup(void *arg)
{
	struct tevent_context *ev = arg;
	struct tevent_immediate *im;
	struct tevent_threaded_context *tctx;

	/* The fork had no descriptor for the child's wake-up; now there is one. */
	setrlimit(RLIMIT_NOFILE, &limit_before);
	for (int i = 0; i < 3; i++) {
		child_assert(tevent_add_timer(ev, ev, in_ms(1), note_timer, NULL) != NULL);
		while (strcmp(notes(), "timer") != 0) {
			child_assert(tevent_loop_once(ev) == 0);
		}
		clear_notes();
	}
	child_assert(tevent_common_wakeup(ev) == 0);
	child_assert(tevent_loop_once(ev) == 0); /* would wait for 30 s */
	tctx = tevent_threaded_context_create(ev, ev);
	child_assert(tctx != NULL);
	im = tevent_create_immediate(ev);
	tevent_threaded_schedule_immediate(tctx, im, note_im, NULL);
	child_assert(tevent_loop_once(ev) == 0);
	child_assert(strcmp(notes(), "im") == 0);
}

/* C21: a child without a wake-up at the fork creates it at its next wait. */
static void test_fork__no_descriptor_for_the_childs_wakeup__made_up_for(void **state)
{
	struct fixture *f = fixture_of(state);
	struct rlimit none;
	int status;

	DEVIATION("D10", "the wake-up is shared with the parent");
	assert_int_equal(tevent_common_wakeup_init(f->ev), 0);
	getrlimit(RLIMIT_NOFILE, &limit_before);
	none = limit_before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	status = status_of_child(child_without_wakeup, f->ev);
	setrlimit(RLIMIT_NOFILE, &limit_before);
	assert_int_equal(status, 0);
}

static void count_calls(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	(void)ev, (void)fde, (void)flags;
	++*(int *)private_data;
}

/* F15: every number that the process may have is watched, and there is no wake-up: ready events are served. */
static void test_poll__every_number_watched__served(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_context *ev = tevent_context_init_byname(f->mem, "poll");
	int fds[2], calls = 0;

	assert_non_null(ev);
	pipe_pair(fds);
	write_byte(fds[1]);
	leave_descriptors(0);
	for (int fd = 0; fd < lowered_limit; fd++) {
		tevent_add_fd(ev, ev, fd, fd == fds[0] ? TEVENT_FD_READ : TEVENT_FD_ERROR, count_calls, &calls);
	}
	tevent_loop_once(ev);
	give_back_descriptors();
	talloc_free(ev);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	assert_int_equal(calls, 1);
}

/* F11, D1: a number that no open file can have: the event is detached at the next wait at the latest. */
static void test_number_above_limit__watched__event_cut_loose(void **state)
{
	struct fixture *f = fixture_of(state);
	struct tevent_fd *fde;

	set_debug_recorder(f->ev);
	leave_descriptors(0);
	fde = watch(f->ev, f->mem, 100 * lowered_limit, TEVENT_FD_READ, "above");
	give_back_descriptors();
	assert_non_null(fde);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("");
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	assert_true(debug_messages[TEVENT_DEBUG_ERROR] >= 1);
	assert_context_works(f->ev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_context_init__emfile__by_backend),
		TEST_EACH_BACKEND(test_context_init_ops__emfile__by_backend),
		TEST_EACH_BACKEND(test_context_init__one_left__enough),
		TEST(test_standard__emfile_at_start__poll_for_good),
		TEST_EACH_BACKEND(test_re_initialise__emfile__by_backend),
		TEST_EACH_BACKEND(test_re_initialise__emfile__can_be_freed),
		TEST_ON(test_add_signal__emfile__null_then_works, standard),
		TEST_ON(test_add_signal__emfile__null_then_works, epoll),
		TEST_ON(test_add_signal__emfile__null_then_works, poll),
		TEST_ON(test_add_signal__emfile_with_poll_mt__works, poll_mt),
		TEST_EACH_BACKEND(test_add_signal__emfile_for_second__works),
		TEST_ON(test_threaded_context__emfile__null_then_works, standard),
		TEST_ON(test_threaded_context__emfile__null_then_works, epoll),
		TEST_ON(test_threaded_context__emfile__null_then_works, poll),
		TEST_EACH_BACKEND(test_threaded_context__emfile_but_wakeup_there__works),
		TEST_EACH_BACKEND(test_thread_proxy__emfile__null_and_nothing_lost),
		TEST_EACH_BACKEND(test_thread_proxy__two_left__works),
		TEST_ON(test_common_wakeup_init__emfile__says_so, standard),
		TEST_ON(test_common_wakeup_init__emfile__says_so, epoll),
		TEST_ON(test_common_wakeup_init__emfile__says_so, poll),
		TEST_ON(test_regular_file__emfile__served_with_the_others, standard),
		TEST_ON(test_regular_file__emfile__served_with_the_others, poll),
		TEST_ON(test_regular_file__emfile__served_with_the_others, poll_mt),
		TEST(test_regular_file__emfile_with_standard__one_number_is_free),
		TEST_EACH_BACKEND(test_fork__no_descriptor_for_the_childs_wakeup__made_up_for),
		TEST_EACH_BACKEND(test_number_above_limit__watched__event_cut_loose),
		TEST(test_poll__every_number_watched__served),
	};

	return cmocka_run_group_tests_name("no descriptors", tests, group_setup, NULL);
}
