/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * File descriptor events, rules F1 to F17, as far as one event per descriptor
 * and open descriptors go; test_fd_shared.c has the rest.
 *
 * A handler here leaves the descriptor as it found it, so a descriptor that is
 * ready stays ready.  next_call() runs turns until one handler was called,
 * because the internal wake-up may take a turn of its own (C11);
 * assert_comes_to_rest() asserts that nothing more is called and that the loop
 * does not spin.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define R TEVENT_FD_READ
#define W TEVENT_FD_WRITE
#define E TEVENT_FD_ERROR

/* Exported, but not declared in a header. */
struct tevent_fd *tevent_common_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location);
int tevent_common_fd_destructor(struct tevent_fd *fde);
uint16_t tevent_common_fd_get_flags(struct tevent_fd *fde);
void tevent_common_fd_set_flags(struct tevent_fd *fde, uint16_t flags);
void tevent_common_fd_set_close_fn(struct tevent_fd *fde, tevent_fd_close_fn_t close_fn);
int tevent_common_invoke_fd_handler(struct tevent_fd *fde, uint16_t flags, bool *removed);
bool tevent_common_have_events(struct tevent_context *ev);

/* Replaces the C library's function, to count its calls (F7). */
static int epoll_ctl_calls;

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	epoll_ctl_calls++;
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

/* ---- helpers -------------------------------------------------------- */

static void note_call(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("%s:%s%s%s%s", (const char *)private_data, (flags & R) ? "R" : "", (flags & W) ? "W" : "",
	     (flags & E) ? "E" : "", (flags & ~(R | W | E)) ? "?" : "");
}

static void note_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note("close(%s)", ev == NULL ? "no context" : (const char *)private_data);
}

/* The event whose traces are noted: the wake-up descriptor may be traced as well (D10). */
static struct tevent_fd *traced;

static void note_trace(struct tevent_fd *fde, enum tevent_event_trace_point point, void *private_data)
{
	static const char *const names[] = {"ATTACH", "DETACH", "BEFORE"};

	if (traced == NULL) {
		traced = fde;
	}
	if (fde == traced) {
		note("%s", names[point]);
	}
}

/* fde NULL: traces the next one that is added. */
static void start_trace(struct fixture *f, struct tevent_fd *fde)
{
	traced = fde;
	tevent_set_trace_fd_callback(f->ev, note_trace, NULL);
}

static void stop_trace(struct fixture *f)
{
	tevent_set_trace_fd_callback(f->ev, NULL, NULL);
}

static int note_gone(char *p)
{
	note("gone");
	return 0;
}

/* Notes "gone" when its parent chunk is freed. */
static void note_when_freed(void *object)
{
	char *child = talloc_strdup(object, "watcher");

	assert_non_null(child);
	talloc_set_destructor(child, note_gone);
}

static void note_timeout(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	note("timeout");
}

/* Runs turns until something is noted. */
static void next_call(struct tevent_context *ev)
{
	struct tevent_timer *guard = tevent_add_timer(ev, NULL, in_ms(5000), note_timeout, NULL);
	size_t before = strlen(notes());

	for (int i = 0; i < 5 && strlen(notes()) == before; i++) {
		turns(ev, 1);
	}
	if (strstr(notes(), "timeout") == NULL) {
		talloc_free(guard);
	}
}

#define assert_comes_to_rest(ev) assert_in_range(settle(ev, 10), 1, 9)

static struct tevent_fd *watch(struct fixture *f, int fd, uint16_t flags, const char *name)
{
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, fd, flags, note_call, (void *)(uintptr_t)name);

	assert_non_null(fde);
	return fde;
}

/* A write end without a reader: POLLERR. */
static int broken_pipe(void)
{
	int p[2];

	pipe_pair(p);
	close_fd(&p[0]);
	return p[1];
}

/* A socket without a peer: POLLHUP. */
static int hung_up_socket(void)
{
	int s[2];

	socket_pair(s);
	close_fd(&s[1]);
	return s[0];
}

/* A UDP socket with an error that stays pending until it is fetched. */
static int udp_socket_with_error(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	struct pollfd pfd = {.events = 0};
	int receiver = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(receiver, (struct sockaddr *)&address, &length), 0);
	close(receiver);
	pfd.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(pfd.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	write_byte(pfd.fd);
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_true(pfd.revents & POLLERR);
	return pfd.fd;
}

static void fetch_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	assert_int_equal(error, ECONNREFUSED);
}

/* ---- adding --------------------------------------------------------- */

/* F1: a talloc child of mem_ctx, named after the type */
static void test_add_fd__with_mem_ctx__child_of_it(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, p[0], R, note_call, NULL);
	assert_ptr_equal(talloc_parent(fde), f->mem);
	assert_string_equal(talloc_get_name(fde), "struct tevent_fd");
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F1: mem_ctx NULL: a child of the context */
static void test_add_fd__without_mem_ctx__child_of_the_context(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = tevent_add_fd(f->ev, NULL, p[0], R, note_call, NULL);
	assert_ptr_equal(talloc_parent(fde), f->ev);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F1: a negative descriptor */
static void test_add_fd__negative_fd__null(void **state)
{
	struct fixture *f = fixture_of(state);

	assert_null(tevent_add_fd(f->ev, f->mem, -1, R, note_call, NULL));
	assert_null(tevent_add_fd(f->ev, f->mem, -7, 0, note_call, NULL));
}

/* F1: 0 is a descriptor like any other. */
static void test_add_fd__number_zero__is_watched(void **state)
{
	struct fixture *f = fixture_of(state);
	int kept = dup(0);
	int p[2];

	pipe_pair(p);
	assert_int_equal(dup2(p[0], 0), 0);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, 0, R, note_call, (void *)(uintptr_t) "zero");
	write_byte(p[1]);
	if (fde != NULL) {
		next_call(f->ev);
		talloc_free(fde);
	}
	dup2(kept, 0);
	close_fd(&kept);
	close_fd(&p[0]);
	close_fd(&p[1]);
	assert_notes("zero:R");
}

/* F1: out of memory; no event is left behind that could be called */
static void test_add_fd__out_of_memory__null(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *small = talloc_new(f->mem);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	talloc_set_memlimit(small, 1);
	assert_null(tevent_add_fd(f->ev, small, p[0], R, note_call, "a"));
	assert_comes_to_rest(f->ev);
	assert_notes("");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F1: flags read back as given, unknown bits too */
static void test_fd_flags__unknown_bits__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], 0xABC0 | R, "a");
	assert_int_equal(tevent_fd_get_flags(fde), 0xABC0 | R);
	tevent_fd_set_flags(fde, 0x5430 | W);
	assert_int_equal(tevent_fd_get_flags(fde), 0x5430 | W);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- what is reported to a handler ----------------------------------- */

/* F2, F3: readable and writable, READ asked */
static void test_fd__ready_for_both__read_only_gets_read(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F2, F3: readable and writable, WRITE asked */
static void test_fd__ready_for_both__write_only_gets_write(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], W, "a");
	next_call(f->ev);
	assert_notes("a:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: readable and writable, both asked: together in one call */
static void test_fd__ready_for_both__both_asked_get_both_at_once(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], R | W, "a");
	next_call(f->ev);
	assert_notes("a:RW");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: not readable: READ is not reported, only WRITE is */
static void test_fd__only_writable__write_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	watch(f, s[0], R | W, "a");
	next_call(f->ev);
	assert_notes("a:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: readable with a full send buffer: READ alone */
static void test_fd__only_readable__read_alone(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	fill(s[0]);
	write_byte(s[1]);
	watch(f, s[0], R | W, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: neither */
static void test_fd__not_ready__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	fill(s[0]);
	watch(f, s[0], R | W, "a");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F2: a flag that is no longer asked for at the wait is not reported */
static void test_fd__flag_dropped_before_the_turn__not_told(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	struct tevent_fd *fde = watch(f, s[0], R | W, "a");
	next_call(f->ev);
	tevent_fd_set_flags(fde, W);
	next_call(f->ev);
	tevent_fd_set_flags(fde, R);
	next_call(f->ev);
	assert_notes("a:RW a:W a:R");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

struct clearing {
	struct tevent_fd *fdes[2];
};

static void clear_both(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct clearing *c = (struct clearing *)private_data;

	note("called:%d", flags);
	tevent_fd_set_flags(c->fdes[0], 0);
	tevent_fd_set_flags(c->fdes[1], 0);
}

/* F2: a handler clears READ on another event that is ready as well */
static void test_fd__flag_cleared_by_another_handler__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct clearing c;
	int s[2];

	socket_pair(s);
	write_byte(s[0]);
	write_byte(s[1]);
	c.fdes[0] = tevent_add_fd(f->ev, f->mem, s[0], R, clear_both, &c);
	c.fdes[1] = tevent_add_fd(f->ev, f->mem, s[1], R, clear_both, &c);
	assert_comes_to_rest(f->ev);
	assert_notes("called:1");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: peer closed: READ */
static void test_fd__peer_closed__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = hung_up_socket();

	watch(f, fd, R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&fd);
}

/* F3: hang-up of a pipe without data: READ */
static void test_fd__pipe_writer_gone__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	close_fd(&p[1]);
	watch(f, p[0], R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&p[0]);
}

/* F3: an error on an fd that can't be read is reported as READ */
static void test_fd__error_on_a_write_end__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = broken_pipe();

	watch(f, fd, R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&fd);
}

/* F3: peer shut down its sending side */
static void test_fd__peer_shut_down_sending__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	watch(f, s[0], R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: READ is reported for a failed fd even without data */
static void test_fd__socket_error__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = udp_socket_with_error();

	watch(f, fd, R, "a");
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&fd);
}

/* F3: ERROR alone on each kind of failure */
static void test_fd__failures__error_to_those_that_ask(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int fds[] = {hung_up_socket(), broken_pipe(), udp_socket_with_error()};

	for (size_t i = 0; i < 3; i++) {
		struct tevent_fd *fde = watch(f, fds[i], E, "a");
		next_call(f->ev);
		talloc_free(fde);
		close_fd(&fds[i]);
	}
	assert_notes("a:E a:E a:E");
}

/* F3: POLLRDHUP counts for ERROR */
static void test_fd__peer_shut_down_sending__error(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	watch(f, s[0], E, "a");
	next_call(f->ev);
	assert_notes("a:E");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: READ and ERROR together */
static void test_fd__peer_closed__read_and_error(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int fd = hung_up_socket();

	watch(f, fd, R | E, "a");
	next_call(f->ev);
	assert_notes("a:RE");
	close_fd(&fd);
}

/* F3: ERROR is reported together with WRITE if the fd is writable */
static void test_fd__peer_shut_down_sending__error_with_write(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	watch(f, s[0], W | E, "a");
	next_call(f->ev);
	assert_notes("a:WE");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: ERROR without WRITE if the buffer is full */
static void test_fd__peer_shut_down_sending_and_buffer_full__error_without_write(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	fill(s[0]);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	watch(f, s[0], W | E, "a");
	next_call(f->ev);
	assert_notes("a:E");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: ERROR does not fire for plain data */
static void test_fd__plain_data__error_alone_not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], E, "a");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F3: plain data with READ and ERROR asked: READ alone */
static void test_fd__plain_data__read_without_error(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int s[2];

	socket_pair(s);
	write_byte(s[1]);
	watch(f, s[0], R | W | E, "a");
	next_call(f->ev);
	assert_notes("a:RW");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* ---- WRITE alone on a failed descriptor ------------------------------ */

static void assert_write_alone_is_switched_off(struct fixture *f, int fd)
{
	struct tevent_fd *fde = watch(f, fd, W, "a");

	assert_comes_to_rest(f->ev);
	assert_notes("");
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	talloc_free(fde);
}

/* F4: hang-up */
static void test_fd_write_only__hang_up__switched_off(void **state)
{
	int fd = hung_up_socket();

	assert_write_alone_is_switched_off(fixture_of(state), fd);
	close_fd(&fd);
}

/* F4: error */
static void test_fd_write_only__error__switched_off(void **state)
{
	int fd = broken_pipe();

	assert_write_alone_is_switched_off(fixture_of(state), fd);
	close_fd(&fd);
}

/* F4: a socket error */
static void test_fd_write_only__socket_error__switched_off(void **state)
{
	int fd = udp_socket_with_error();

	assert_write_alone_is_switched_off(fixture_of(state), fd);
	close_fd(&fd);
}

/* F4: the hang-up comes while the event is being served */
static void test_fd_write_only__hang_up_later__switched_off(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	struct tevent_fd *fde = watch(f, s[0], W, "a");
	next_call(f->ev);
	close_fd(&s[1]);
	assert_comes_to_rest(f->ev);
	assert_notes("a:W");
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	close_fd(&s[0]);
}

/* F4: asking for WRITE again in that state: no call, no endless stream of calls */
static void test_fd_write_only__asking_again_after_hang_up__no_call(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, W, "a");

	for (int i = 0; i < 3; i++) {
		assert_comes_to_rest(f->ev);
		TEVENT_FD_WRITEABLE(fde);
	}
	assert_comes_to_rest(f->ev);
	assert_notes("");
	close_fd(&fd);
}

/* F4, F5: nothing is asked for any more, so loop_wait has nothing to wait for */
static void test_fd_write_only__hang_up__loop_wait_ends(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.14.1 takes an fd event without flags for something to wait for");
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, W, "a");

	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("");
	talloc_free(fde);
	close_fd(&fd);
}

/* F4: READ, asked for after WRITE was switched off, is reported */
static void test_fd_write_only__read_asked_after_hang_up__read(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, W, "a");

	assert_comes_to_rest(f->ev);
	TEVENT_FD_READABLE(fde);
	next_call(f->ev);
	assert_notes("a:R");
	close_fd(&fd);
}

/* F4: an event that asks for READ besides never loses WRITE */
static void test_fd_read_and_write__hang_up__keeps_write(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, R | W, "a");

	next_call(f->ev);
	next_call(f->ev);
	assert_memory_equal(notes(), "a:R", 3);
	assert_int_equal(tevent_fd_get_flags(fde), R | W);
	close_fd(&fd);
}

/* F4: nor does one that asks for ERROR besides */
static void test_fd_write_and_error__hang_up__keeps_write(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.16: TEVENT_FD_ERROR");
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, W | E, "a");

	next_call(f->ev);
	next_call(f->ev);
	assert_non_null(strchr(notes(), 'E'));
	assert_int_equal(tevent_fd_get_flags(fde), W | E);
	close_fd(&fd);
}

/* F4: a peer that only shut down its sending side leaves the fd writable */
static void test_fd_write_only__peer_shut_down_sending__write(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	struct tevent_fd *fde = watch(f, s[0], W, "a");
	next_call(f->ev);
	assert_notes("a:W");
	assert_int_equal(tevent_fd_get_flags(fde), W);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F4, D6: independent of earlier reports to the event: end of file as READ, then only WRITE */
static void test_fd__half_close_was_told_as_read__write_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	assert_int_equal(shutdown(s[1], SHUT_WR), 0);
	struct tevent_fd *fde = watch(f, s[0], R, "a");
	next_call(f->ev);
	tevent_fd_set_flags(fde, W);
	next_call(f->ev);
	assert_notes("a:R a:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* D6 in the oracle: its poll backends forget an error; its other backends don't. */
static bool remembers_errors(struct fixture *f)
{
	return running_on_oracle() && strncmp(f->backend, "poll", 4) != 0;
}

/* F4, D6: WRITE was switched off by an error that is over */
static void test_fd_write_only__error_fetched__write_again(void **state)
{
	struct fixture *f = fixture_of(state);
	if (remembers_errors(f)) {
		DEVIATION("D6", "WRITE alone is never reported again after an error");
	}
	int fd = udp_socket_with_error();
	struct tevent_fd *fde = watch(f, fd, W, "a");

	assert_comes_to_rest(f->ev);
	assert_notes("");
	fetch_error(fd);
	TEVENT_FD_WRITEABLE(fde);
	next_call(f->ev);
	assert_notes("a:W");
	close_fd(&fd);
}

static void fetch_error_then_ask_for_write(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
					   void *private_data)
{
	int error = 0;
	socklen_t length = sizeof(error);

	note("%s%s", (flags & R) ? "read" : "write", (flags & E) ? "+error" : "");
	if (flags & R) {
		getsockopt(*(int *)private_data, SOL_SOCKET, SO_ERROR, &error, &length);
		tevent_fd_set_flags(fde, W);
	}
}

/* F4, D6: the event saw the error itself, fetched it and asks for WRITE alone */
static void test_fd__error_told_and_fetched__write_is_told(void **state)
{
	struct fixture *f = fixture_of(state);
	if (remembers_errors(f)) {
		DEVIATION("D6", "WRITE alone is never reported again after an error");
	}
	int fd = udp_socket_with_error();

	assert_non_null(tevent_add_fd(f->ev, f->mem, fd, R, fetch_error_then_ask_for_write, &fd));
	next_call(f->ev);
	next_call(f->ev);
	assert_notes("read write");
	close_fd(&fd);
}

/* ---- no flags -------------------------------------------------------- */

/* F5: never called in any case, and the loop does not spin */
static void test_fd__no_flags__never_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	watch(f, s[0], 0, "a");
	write_byte(s[1]);
	assert_comes_to_rest(f->ev);
	close_fd(&s[1]);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	close_fd(&s[0]);
}

/* F5: flags cleared while the fd hangs up */
static void test_fd__flags_cleared_after_hang_up__never_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int fd = hung_up_socket();
	struct tevent_fd *fde = watch(f, fd, R, "a");

	next_call(f->ev);
	tevent_fd_set_flags(fde, 0);
	assert_comes_to_rest(f->ev);
	assert_notes("a:R");
	close_fd(&fd);
}

/* F5: does not keep loop_wait alive */
static void test_fd__no_flags__loop_wait_ends(void **state)
{
	struct fixture *f = fixture_of(state);
	NEWER_THAN_ORACLE("0.14.1 takes an fd event without flags for something to wait for");
	int p[2];

	pipe_pair(p);
	watch(f, p[0], 0, "a");
	struct tevent_timer *guard = tevent_add_timer(f->ev, f->mem, in_ms(1), note_timeout, NULL);
	assert_non_null(guard);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("timeout");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- flags ----------------------------------------------------------- */

/* F7: NULL */
static void test_fd_flags__null__zero_and_nothing(void **state)
{
	assert_int_equal(tevent_fd_get_flags(NULL), 0);
	tevent_fd_set_flags(NULL, R);
}

/* F7: an event whose context is freed */
static void test_fd_flags__context_gone__zero_and_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	talloc_free(f->ev);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	tevent_fd_set_flags(fde, R | W);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F7: setting unchanged flags makes no system call */
static void test_fd_flags__set_to_what_they_are__free(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	socket_pair(s);
	struct tevent_fd *fde = watch(f, s[0], R | W, "a");
	next_call(f->ev);
	epoll_ctl_calls = 0;
	tevent_fd_set_flags(fde, R | W);
	next_call(f->ev);
	assert_int_equal(epoll_ctl_calls, 0);
	assert_notes("a:W a:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F8: each macro changes its own flag only */
static void test_fd_flags__macros__change_one_flag(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], 0x8000, "a");
	TEVENT_FD_READABLE(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000 | R);
	TEVENT_FD_WRITEABLE(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000 | R | W);
	TEVENT_FD_WANTERROR(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000 | R | W | E);
	TEVENT_FD_NOT_READABLE(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000 | W | E);
	TEVENT_FD_NOT_WRITEABLE(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000 | E);
	TEVENT_FD_NOT_WANTERROR(fde);
	assert_int_equal(tevent_fd_get_flags(fde), 0x8000);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- closing ---------------------------------------------------------- */

struct close_args {
	struct tevent_context *ev;
	struct tevent_fd *fde;
	int fd;
	uint64_t tag;
	const char *name;
};

static void keep_close_args(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	struct close_args *args = (struct close_args *)private_data;

	note("close");
	*args = (struct close_args){ev, fde, fd, tevent_fd_get_tag(fde), talloc_get_name(fde)};
}

/* F9: the function's arguments; the event's memory and tag are still valid */
static void test_fd_close_fn__event_freed__called_with_its_particulars(void **state)
{
	struct fixture *f = fixture_of(state);
	struct close_args args = {0};
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, p[0], R, note_call, &args);
	tevent_fd_set_close_fn(fde, keep_close_args);
	tevent_fd_set_tag(fde, 77);
	assert_int_equal(talloc_free(fde), 0);
	assert_notes("close");
	assert_ptr_equal(args.ev, f->ev);
	assert_ptr_equal(args.fde, fde);
	assert_int_equal(args.fd, p[0]);
	assert_int_equal(args.tag, 77);
	assert_string_equal(args.name, "struct tevent_fd");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9: called after the event was detached */
static void test_fd_close_fn__event_freed__called_after_detach(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	start_trace(f, fde);
	talloc_free(fde);
	stop_trace(f);
	assert_notes("DETACH close(a)");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9, C8: no context any more: called with NULL, and only when the event is freed */
static void test_fd_close_fn__context_gone__called_with_null_when_freed(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	talloc_free(f->ev);
	note("then");
	talloc_free(fde);
	assert_notes("then close(no context)");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9, C8: an event that is freed with its context */
static void test_fd_close_fn__freed_with_the_context__called_with_null(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = tevent_add_fd(f->ev, NULL, p[0], R, note_call, "a");
	tevent_fd_set_close_fn(fde, note_close);
	talloc_free(f->ev);
	assert_notes("close(no context)");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void note_other_close(struct tevent_context *ev, struct tevent_fd *fde, int fd, void *private_data)
{
	note("other");
}

/* F9: setting a function replaces the previous one */
static void test_fd_close_fn__set_again__replaces(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_close_fn(fde, note_other_close);
	talloc_free(fde);
	assert_notes("other");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9: NULL removes the function, and auto close as well */
static void test_fd_close_fn__set_to_null__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_close_fn(fde, NULL);
	struct tevent_fd *automatic = watch(f, p[1], 0, "b");
	tevent_fd_set_auto_close(automatic);
	tevent_fd_set_close_fn(automatic, NULL);
	talloc_free(fde);
	talloc_free(automatic);
	assert_notes("");
	assert_int_not_equal(fcntl(p[1], F_GETFD), -1);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9: auto close replaces a function, and closes */
static void test_fd_auto_close__event_freed__closes(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_auto_close(fde);
	assert_int_not_equal(fcntl(p[0], F_GETFD), -1);
	talloc_free(fde);
	assert_int_equal(fcntl(p[0], F_GETFD), -1);
	assert_notes("");
	close_fd(&p[1]);
}

/* F9: on an event without a context, setting does nothing */
static void test_fd_close_fn__set_after_the_context_went__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *with = watch(f, p[0], R, "a");
	struct tevent_fd *without = watch(f, p[1], 0, "b");
	tevent_fd_set_close_fn(with, note_close);
	talloc_free(f->ev);
	tevent_fd_set_close_fn(with, note_other_close);
	tevent_fd_set_auto_close(without);
	talloc_free(with);
	talloc_free(without);
	assert_notes("close(no context)");
	assert_int_not_equal(fcntl(p[1], F_GETFD), -1);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F9, C28: NULL */
static void test_fd_close_fn__null_event__nothing(void **state)
{
	tevent_fd_set_close_fn(NULL, note_close);
	tevent_fd_set_auto_close(NULL);
	assert_notes("");
}

/* ---- freeing in handlers ----------------------------------------------- */

static void free_itself(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("handler");
	note("free=%d", talloc_free(fde));
	note("tag=%d", (int)tevent_fd_get_tag(fde));
	note("flags=%d", tevent_fd_get_flags(fde));
	note("end");
}

/* F10, O4: frees its own event: DETACH and close function at once, -1, the memory stays until the end */
static void test_fd_handler__frees_its_event__memory_stays_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	start_trace(f, NULL);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, p[0], R, free_itself, "a");
	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_tag(fde, 5);
	note_when_freed(fde);
	assert_comes_to_rest(f->ev);
	stop_trace(f);
	assert_notes("ATTACH BEFORE handler DETACH close(a) free=-1 tag=5 flags=0 end gone");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void close_and_watch_again(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	int *s = (int *)private_data;

	talloc_free(fde);
	note("closed=%d", fcntl(s[0], F_GETFD) == -1);
	dup2(s[2], s[0]);
	tevent_add_fd(ev, NULL, s[0], W, note_call, "new");
}

/* F10, F9: freed with auto close in its handler, a new event on the same number */
static void test_fd_handler__frees_its_event_and_reuses_the_number__new_event_is_served(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[4];

	socket_pair(s);
	socket_pair(s + 2);
	write_byte(s[1]);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, s[0], R, close_and_watch_again, s);
	tevent_fd_set_auto_close(fde);
	next_call(f->ev);
	next_call(f->ev);
	assert_notes("closed=1 new:W");
	for (int i = 0; i < 4; i++) {
		close_fd(&s[i]);
	}
}

struct victims {
	struct tevent_fd *fdes[2];
	struct tevent_timer *te;
};

static void free_the_others(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct victims *v = (struct victims *)private_data;

	note("handler");
	talloc_free(v->fdes[v->fdes[0] == fde]);
	v->fdes[v->fdes[0] == fde] = NULL;
	TALLOC_FREE(v->te);
	talloc_free(fde);
}

/* F10: frees the context's other events, including those that are ready or due */
static void test_fd_handler__frees_other_events__they_are_not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	struct victims v = {{NULL, NULL}, NULL};
	int s[2];

	socket_pair(s);
	write_byte(s[0]);
	write_byte(s[1]);
	v.fdes[0] = tevent_add_fd(f->ev, f->mem, s[0], R, free_the_others, &v);
	v.fdes[1] = tevent_add_fd(f->ev, f->mem, s[1], R, free_the_others, &v);
	v.te = tevent_add_timer(f->ev, f->mem, in_ms(5000), note_timeout, NULL);
	assert_int_equal(tevent_loop_wait(f->ev), 0);
	assert_notes("handler");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

static void free_the_parent(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	TALLOC_CTX *parent = talloc_parent(fde);
	TALLOC_CTX *grandparent = talloc_parent(parent);

	note("free=%d", talloc_free(parent));
	note("%s", talloc_parent(fde) == grandparent ? "moved-up" : "elsewhere");
	note("tag=%d", (int)tevent_fd_get_tag(fde));
	note("end");
}

/* F10: frees its talloc parent: the event moves up to the parent's parent until the handler returns */
static void test_fd_handler__frees_its_parent__moves_up_till_it_returns(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	struct tevent_fd *fde = tevent_add_fd(f->ev, parent, p[0], R, free_the_parent, "a");
	tevent_fd_set_close_fn(fde, note_close);
	tevent_fd_set_tag(fde, 5);
	note_when_freed(fde);
	assert_comes_to_rest(f->ev);
	assert_notes("close(a) free=0 moved-up tag=5 end gone");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void free_twice(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note("free=%d", talloc_free(fde));
	note("aborts=%d", abort_count);
	talloc_free(fde);
	note("aborts=%d", abort_count);
}

/* F10: frees it twice */
static void test_fd_handler__frees_its_event_twice__abort(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	record_aborts();
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, p[0], R, free_twice, "a");
	tevent_fd_set_close_fn(fde, note_close);
	note_when_freed(fde);
	assert_comes_to_rest(f->ev);
	assert_notes("close(a) free=-1 aborts=0 aborts=1 gone");
	assert_non_null(strstr(abort_reason, "double free"));
	close_fd(&p[0]);
	close_fd(&p[1]);
}

static void free_itself_then_the_parent(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags,
					void *private_data)
{
	TALLOC_CTX *parent = talloc_parent(fde);

	note("free=%d", talloc_free(fde));
	note("free=%d", talloc_free(parent));
	note("tag=%d", (int)tevent_fd_get_tag(fde));
}

/* F10, C29: the second time is its parent being freed: no abort */
static void test_fd_handler__frees_its_event_then_its_parent__no_abort(void **state)
{
	struct fixture *f = fixture_of(state);
	TALLOC_CTX *parent = talloc_new(f->mem);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	record_aborts();
	struct tevent_fd *fde = tevent_add_fd(f->ev, parent, p[0], R, free_itself_then_the_parent, "a");
	tevent_fd_set_tag(fde, 5);
	note_when_freed(fde);
	assert_comes_to_rest(f->ev);
	assert_notes("free=-1 free=0 tag=5 gone");
	assert_int_equal(abort_count, 0);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* ---- tags -------------------------------------------------------------- */

/* F14: 0 at first, then all 64 bits as given */
static void test_fd_tag__set__read_back(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	assert_true(tevent_fd_get_tag(fde) == 0);
	tevent_fd_set_tag(fde, UINT64_C(0xFEDCBA9876543210));
	assert_true(tevent_fd_get_tag(fde) == UINT64_C(0xFEDCBA9876543210));
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F14: NULL */
static void test_fd_tag__null__zero_and_nothing(void **state)
{
	tevent_fd_set_tag(NULL, 1);
	assert_true(tevent_fd_get_tag(NULL) == 0);
}

/* ---- many -------------------------------------------------------------- */

static int many_calls;

static void count_and_stop(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	++*(int *)private_data;
	many_calls++;
	tevent_fd_set_flags(fde, 0);
}

/* Runs in a child: the limit is raised only there. */
static void watch_very_many(void *arg)
{
	struct fixture *f = (struct fixture *)arg;
	bool polling = strncmp(f->backend, "poll", 4) == 0;
	struct rlimit limit;
	int calls[10000] = {0};
	int p[2];

	child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	/* poll(2) itself is O(n) per turn: fewer, or the n turns take too long */
	int n = polling ? 1000 : limit.rlim_cur < 10100 ? (int)limit.rlim_cur - 100 : 10000;

	child_assert(pipe(p) == 0);
	for (int i = 0; i < n; i++) {
		int fd = dup(p[0]);
		child_assert(fd != -1);
		child_assert(tevent_add_fd(f->ev, f->mem, fd, R, count_and_stop, &calls[i]) != NULL);
	}
	child_assert(settle(f->ev, 10) < 10);
	child_assert(many_calls == 0);
	child_assert(write(p[1], "x", 1) == 1);
	for (int i = 0; i < n + 10 && many_calls < n; i++) {
		child_assert(tevent_loop_once(f->ev) == 0);
	}
	for (int i = 0; i < n; i++) {
		child_assert(calls[i] == 1);
	}
}

/* F15, C14: 10,000 idle ones are not called; when all are ready, each is called once */
static void test_fd__ten_thousand__each_is_served_once(void **state)
{
	many_calls = 0;
	assert_child_succeeds(watch_very_many, fixture_of(state));
}

/* ---- poll_mt: another thread changes things while the loop waits --------- */

static pthread_mutex_t program_lock = PTHREAD_MUTEX_INITIALIZER;

/* The program holds its lock except during the wait. */
static void unlock_during_the_wait(enum tevent_trace_point point, void *private_data)
{
	int *waits = (int *)private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		++*waits;
		pthread_mutex_unlock(&program_lock);
	} else if (point == TEVENT_TRACE_AFTER_WAIT) {
		pthread_mutex_lock(&program_lock);
	}
}

struct meddling {
	struct fixture *f;
	struct tevent_fd *fde;
	struct tevent_immediate *im;
	int fd;
	void (*meddle)(struct meddling *m);
};

static void *meddle_while_it_waits(void *arg)
{
	struct meddling *m = (struct meddling *)arg;

	pthread_mutex_lock(&program_lock);
	m->meddle(m);
	pthread_mutex_unlock(&program_lock);
	return NULL;
}

/* One wait, in which another thread gets the lock and does its work; five
 * seconds without being woken note "timeout". */
static void wait_while_another_thread_meddles(struct meddling *m)
{
	struct tevent_context *ev = m->f->ev;
	struct tevent_timer *guard;
	pthread_t thread;
	int waits = 0;

	settle(ev, 10);
	guard = tevent_add_timer(ev, m->f->mem, in_ms(5000), note_timeout, NULL);
	tevent_set_trace_callback(ev, unlock_during_the_wait, &waits);
	pthread_mutex_lock(&program_lock);
	assert_int_equal(pthread_create(&thread, NULL, meddle_while_it_waits, m), 0);
	turns(ev, 1);
	pthread_mutex_unlock(&program_lock);
	pthread_join(thread, NULL);
	tevent_set_trace_callback(ev, NULL, NULL);
	assert_int_equal(waits, 1);
	assert_string_not_equal(notes(), "timeout");
	talloc_free(guard);
	settle(ev, 10);
}

static void note_call_and_stop(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	note_call(ev, fde, flags, private_data);
	tevent_fd_set_flags(fde, 0);
}

static void add_an_fd(struct meddling *m)
{
	m->fde = tevent_add_fd(m->f->ev, m->f->mem, m->fd, W, note_call_and_stop, "added");
}

/* F16: an fd event added */
static void test_poll_mt__fd_added_by_another_thread__wakes_and_serves_it(void **state)
{
	DEVIATION("D5", "reads results of poll(2) that were never written");
	struct meddling m = {.f = fixture_of(state), .meddle = add_an_fd};
	int s[2];

	socket_pair(s);
	m.fd = s[0];
	wait_while_another_thread_meddles(&m);
	assert_notes("added:W");
	talloc_free(m.fde);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

static void ask_for_write(struct meddling *m)
{
	TEVENT_FD_WRITEABLE(m->fde);
}

/* F16: other flags */
static void test_poll_mt__flags_changed_by_another_thread__wakes_and_serves_it(void **state)
{
	struct meddling m = {.f = fixture_of(state), .meddle = ask_for_write};
	int s[2];

	socket_pair(s);
	m.fde = tevent_add_fd(m.f->ev, m.f->mem, s[0], R, note_call_and_stop, "changed");
	wait_while_another_thread_meddles(&m);
	assert_notes("changed:W");
	talloc_free(m.fde);
	close_fd(&s[0]);
	close_fd(&s[1]);
}

static void free_the_event(struct meddling *m)
{
	TALLOC_FREE(m->fde);
}

/* F16: an fd event freed */
static void test_poll_mt__fd_freed_by_another_thread__wakes(void **state)
{
	struct meddling m = {.f = fixture_of(state), .meddle = free_the_event};
	int s[2];

	socket_pair(s);
	m.fde = tevent_add_fd(m.f->ev, m.f->mem, s[0], R, note_call_and_stop, "freed");
	wait_while_another_thread_meddles(&m);
	assert_null(m.fde);
	assert_notes("");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

static void note_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	note("immediate");
}

static void schedule_it(struct meddling *m)
{
	tevent_schedule_immediate(m->im, m->f->ev, note_immediate, NULL);
}

/* F16: an immediate scheduled */
static void test_poll_mt__immediate_from_another_thread__wakes_and_runs_it(void **state)
{
	struct meddling m = {.f = fixture_of(state), .meddle = schedule_it};

	m.im = tevent_create_immediate(m.f->mem);
	wait_while_another_thread_meddles(&m);
	assert_notes("immediate");
}

/* ---- helpers for backend writers ----------------------------------------- */

static struct tevent_fd *common_watch(struct fixture *f, int fd, uint16_t flags, tevent_fd_handler_t handler,
				      const char *name)
{
	struct tevent_fd *fde = tevent_common_add_fd(f->ev, f->mem, fd, flags, handler, (void *)(uintptr_t)name,
						     "handler", __location__);
	assert_non_null(fde);
	return fde;
}

/* F17: object, list, trace */
static void test_common_add_fd__added__object_list_and_trace(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	start_trace(f, NULL);
	assert_false(tevent_common_have_events(f->ev));
	struct tevent_fd *fde = common_watch(f, p[0], R, note_call, "a");
	assert_string_equal(talloc_get_name(fde), "struct tevent_fd");
	assert_ptr_equal(talloc_parent(fde), f->mem);
	assert_true(tevent_common_have_events(f->ev));
	talloc_free(fde);
	assert_false(tevent_common_have_events(f->ev));
	stop_trace(f);
	assert_notes("ATTACH DETACH");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: negative fd as F1, NULL mem_ctx too */
static void test_common_add_fd__arguments__as_add_fd(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	assert_null(tevent_common_add_fd(f->ev, f->mem, -1, R, note_call, NULL, "h", "l"));
	struct tevent_fd *fde = tevent_common_add_fd(f->ev, NULL, p[0], R, note_call, NULL, "h", "l");
	assert_ptr_equal(talloc_parent(fde), f->ev);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: not passed to the kernel: the loop does not see it */
static void test_common_add_fd__fd_ready__not_called(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	write_byte(p[1]);
	struct tevent_fd *fde = common_watch(f, p[0], R, note_call, "a");
	assert_comes_to_rest(f->ev);
	assert_notes("");
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: as the destructor does: detaches the event and calls the close function; the event is harmless then */
static void test_common_fd_destructor__called__leaves_the_loop_and_closes(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = common_watch(f, p[0], R, note_call, "a");
	tevent_fd_set_close_fn(fde, note_close);
	start_trace(f, fde);
	assert_int_equal(tevent_common_fd_destructor(fde), 0);
	stop_trace(f);
	assert_notes("DETACH close(a)");
	assert_false(tevent_common_have_events(f->ev));
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	talloc_set_destructor(fde, NULL);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: the stored flags; the context is not accessed */
static void test_common_fd_flags__context_gone__stored_flags(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = common_watch(f, p[0], R, note_call, "a");
	assert_int_equal(tevent_common_fd_get_flags(fde), R);
	tevent_common_fd_set_flags(fde, W);
	assert_int_equal(tevent_common_fd_get_flags(fde), W);
	assert_int_equal(tevent_fd_get_flags(fde), W);
	talloc_free(f->ev);
	assert_int_equal(tevent_common_fd_get_flags(fde), W);
	tevent_common_fd_set_flags(fde, R);
	assert_int_equal(tevent_common_fd_get_flags(fde), R);
	assert_int_equal(tevent_fd_get_flags(fde), 0);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17, C14: flags that change without the poller's knowledge: nothing untrue is reported, the loop does not spin,
 * and what is asked for now is reported. */
static void test_common_fd_set_flags__fd_ready_for_the_old_ones__the_new_ones_count(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	DEVIATION("D5", "0.14.1 still reports flags that no event asks for");
	socket_pair(s);
	struct tevent_fd *fde = watch(f, s[0], R, "a");
	assert_comes_to_rest(f->ev);
	write_byte(s[1]);
	tevent_common_fd_set_flags(fde, 0);
	assert_false(tevent_common_have_events(f->ev));
	assert_comes_to_rest(f->ev);
	assert_notes("");
	tevent_fd_set_flags(fde, R);
	next_call(f->ev);
	tevent_common_fd_set_flags(fde, W);
	next_call(f->ev);
	assert_notes("a:R a:W");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* F17, F1: created without a call to the kernel, watched from the first tevent_fd_set_flags() on. */
static void test_common_add_fd__flags_set__is_watched(void **state)
{
	struct fixture *f = fixture_of(state);
	int s[2];

	DEVIATION("D5", "0.14.1's poll loses its way");
	socket_pair(s);
	struct tevent_fd *fde = common_watch(f, s[0], R, note_call, "a");
	write_byte(s[1]);
	assert_comes_to_rest(f->ev);
	assert_notes("");
	tevent_fd_set_flags(fde, W);
	next_call(f->ev);
	tevent_fd_set_flags(fde, R);
	next_call(f->ev);
	assert_notes("a:W a:R");
	close_fd(&s[0]);
	close_fd(&s[1]);
}

/* C4, F7: the table's function, called with an event without a context, does nothing. */
static void test_table_set_fd_flags__context_gone__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	const struct tevent_ops *ops = tevent_find_ops_byname("poll");
	int p[2];

	DEVIATION("D5", "undefined there");
	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	talloc_free(f->ev);
	ops->set_fd_flags(fde, W);
	assert_int_equal(tevent_common_fd_get_flags(fde), R);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

struct same_flags {
	struct tevent_fd *fde;
	uint16_t flags;
	int waits;
};

/* Simulates another thread: poll_mt admits other threads during the wait (F16). */
static void set_flags_during_the_wait(enum tevent_trace_point point, void *private_data)
{
	struct same_flags *same = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		same->waits++;
		tevent_fd_set_flags(same->fde, same->flags);
	}
}

/* F7, F16: setting unchanged flags does not end a wait either; setting other flags does. */
static void test_poll_mt__flags_set_to_what_they_are__does_not_wake(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct same_flags same = {watch(f, p[0], R, "a"), R, 0};
	assert_comes_to_rest(f->ev);
	tevent_set_trace_callback(f->ev, set_flags_during_the_wait, &same);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5), note_timeout, NULL));
	turns(f->ev, 1);
	assert_notes("timeout");
	assert_int_equal(same.waits, 1);
	assert_non_null(tevent_add_timer(f->ev, f->mem, in_ms(5000), note_timeout, NULL));
	same.flags = 0;
	turns(f->ev, 1);
	tevent_set_trace_callback(f->ev, NULL, NULL);
	assert_notes("timeout");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: also with the context freed */
static void test_common_fd_set_close_fn__context_gone__set(void **state)
{
	struct fixture *f = fixture_of(state);
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = common_watch(f, p[0], R, note_call, "a");
	talloc_free(f->ev);
	tevent_common_fd_set_close_fn(fde, note_close);
	talloc_free(fde);
	assert_notes("close(no context)");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: one call with its trace, the given flags */
static void test_invoke_fd_handler__event_stays__called_and_not_removed(void **state)
{
	struct fixture *f = fixture_of(state);
	bool removed = true;
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R | W, "a");
	start_trace(f, fde);
	assert_int_equal(tevent_common_invoke_fd_handler(fde, R | W, &removed), 0);
	assert_int_equal(tevent_common_invoke_fd_handler(fde, W, NULL), 0);
	stop_trace(f);
	assert_notes("BEFORE a:RW BEFORE a:W");
	assert_false(removed);
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: the handler frees the event */
static void test_invoke_fd_handler__handler_frees_it__removed(void **state)
{
	struct fixture *f = fixture_of(state);
	bool removed = false;
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = tevent_add_fd(f->ev, f->mem, p[0], R, free_itself, "a");
	note_when_freed(fde);
	assert_int_equal(tevent_common_invoke_fd_handler(fde, R, &removed), 0);
	assert_true(removed);
	assert_notes("handler free=-1 tag=0 flags=0 end gone");
	close_fd(&p[0]);
	close_fd(&p[1]);
}

/* F17: an event without context */
static void test_invoke_fd_handler__context_gone__nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	bool removed = true;
	int p[2];

	pipe_pair(p);
	struct tevent_fd *fde = watch(f, p[0], R, "a");
	talloc_free(f->ev);
	assert_int_equal(tevent_common_invoke_fd_handler(fde, R, &removed), 0);
	assert_false(removed);
	assert_notes("");
	talloc_free(fde);
	close_fd(&p[0]);
	close_fd(&p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_EACH_BACKEND(test_add_fd__with_mem_ctx__child_of_it),
		TEST_EACH_BACKEND(test_add_fd__without_mem_ctx__child_of_the_context),
		TEST_EACH_BACKEND(test_add_fd__negative_fd__null),
		TEST_EACH_BACKEND(test_add_fd__number_zero__is_watched),
		TEST_EACH_BACKEND(test_add_fd__out_of_memory__null),
		TEST_EACH_BACKEND(test_fd_flags__unknown_bits__read_back),
		TEST_EACH_BACKEND(test_fd__ready_for_both__read_only_gets_read),
		TEST_EACH_BACKEND(test_fd__ready_for_both__write_only_gets_write),
		TEST_EACH_BACKEND(test_fd__ready_for_both__both_asked_get_both_at_once),
		TEST_EACH_BACKEND(test_fd__only_writable__write_alone),
		TEST_EACH_BACKEND(test_fd__only_readable__read_alone),
		TEST_EACH_BACKEND(test_fd__not_ready__not_called),
		TEST_EACH_BACKEND(test_fd__flag_dropped_before_the_turn__not_told),
		TEST_EACH_BACKEND(test_fd__flag_cleared_by_another_handler__not_called),
		TEST_EACH_BACKEND(test_fd__peer_closed__read),
		TEST_EACH_BACKEND(test_fd__pipe_writer_gone__read),
		TEST_EACH_BACKEND(test_fd__error_on_a_write_end__read),
		TEST_EACH_BACKEND(test_fd__peer_shut_down_sending__read),
		TEST_EACH_BACKEND(test_fd__socket_error__read),
		TEST_EACH_BACKEND(test_fd__failures__error_to_those_that_ask),
		TEST_EACH_BACKEND(test_fd__peer_shut_down_sending__error),
		TEST_EACH_BACKEND(test_fd__peer_closed__read_and_error),
		TEST_EACH_BACKEND(test_fd__peer_shut_down_sending__error_with_write),
		TEST_EACH_BACKEND(test_fd__peer_shut_down_sending_and_buffer_full__error_without_write),
		TEST_EACH_BACKEND(test_fd__plain_data__error_alone_not_called),
		TEST_EACH_BACKEND(test_fd__plain_data__read_without_error),
		TEST_EACH_BACKEND(test_fd_write_only__hang_up__switched_off),
		TEST_EACH_BACKEND(test_fd_write_only__error__switched_off),
		TEST_EACH_BACKEND(test_fd_write_only__socket_error__switched_off),
		TEST_EACH_BACKEND(test_fd_write_only__hang_up_later__switched_off),
		TEST_EACH_BACKEND(test_fd_write_only__asking_again_after_hang_up__no_call),
		TEST_EACH_BACKEND(test_fd_write_only__hang_up__loop_wait_ends),
		TEST_EACH_BACKEND(test_fd_write_only__read_asked_after_hang_up__read),
		TEST_EACH_BACKEND(test_fd_read_and_write__hang_up__keeps_write),
		TEST_EACH_BACKEND(test_fd_write_and_error__hang_up__keeps_write),
		TEST_EACH_BACKEND(test_fd_write_only__peer_shut_down_sending__write),
		TEST_EACH_BACKEND(test_fd__half_close_was_told_as_read__write_is_told),
		TEST_EACH_BACKEND(test_fd_write_only__error_fetched__write_again),
		TEST_EACH_BACKEND(test_fd__error_told_and_fetched__write_is_told),
		TEST_EACH_BACKEND(test_fd__no_flags__never_called),
		TEST_EACH_BACKEND(test_fd__flags_cleared_after_hang_up__never_called),
		TEST_EACH_BACKEND(test_fd__no_flags__loop_wait_ends),
		TEST(test_fd_flags__null__zero_and_nothing),
		TEST_EACH_BACKEND(test_fd_flags__context_gone__zero_and_nothing),
		TEST_ON(test_fd_flags__set_to_what_they_are__free, epoll),
		TEST_EACH_BACKEND(test_fd_flags__macros__change_one_flag),
		TEST_EACH_BACKEND(test_fd_close_fn__event_freed__called_with_its_particulars),
		TEST_EACH_BACKEND(test_fd_close_fn__event_freed__called_after_detach),
		TEST_EACH_BACKEND(test_fd_close_fn__context_gone__called_with_null_when_freed),
		TEST_EACH_BACKEND(test_fd_close_fn__freed_with_the_context__called_with_null),
		TEST_EACH_BACKEND(test_fd_close_fn__set_again__replaces),
		TEST_EACH_BACKEND(test_fd_close_fn__set_to_null__not_called),
		TEST_EACH_BACKEND(test_fd_auto_close__event_freed__closes),
		TEST_EACH_BACKEND(test_fd_close_fn__set_after_the_context_went__nothing),
		TEST(test_fd_close_fn__null_event__nothing),
		TEST_EACH_BACKEND(test_fd_handler__frees_its_event__memory_stays_till_it_returns),
		TEST_EACH_BACKEND(test_fd_handler__frees_its_event_and_reuses_the_number__new_event_is_served),
		TEST_EACH_BACKEND(test_fd_handler__frees_other_events__they_are_not_called),
		TEST_EACH_BACKEND(test_fd_handler__frees_its_parent__moves_up_till_it_returns),
		TEST_EACH_BACKEND(test_fd_handler__frees_its_event_twice__abort),
		TEST_EACH_BACKEND(test_fd_handler__frees_its_event_then_its_parent__no_abort),
		TEST(test_fd_tag__set__read_back),
		TEST(test_fd_tag__null__zero_and_nothing),
		TEST_EACH_BACKEND(test_fd__ten_thousand__each_is_served_once),
		TEST_ON(test_poll_mt__fd_added_by_another_thread__wakes_and_serves_it, poll_mt),
		TEST_ON(test_poll_mt__flags_changed_by_another_thread__wakes_and_serves_it, poll_mt),
		TEST_ON(test_poll_mt__fd_freed_by_another_thread__wakes, poll_mt),
		TEST_ON(test_poll_mt__immediate_from_another_thread__wakes_and_runs_it, poll_mt),
		TEST_ON(test_poll_mt__flags_set_to_what_they_are__does_not_wake, poll_mt),
		TEST_EACH_BACKEND(test_common_add_fd__added__object_list_and_trace),
		TEST_EACH_BACKEND(test_common_add_fd__arguments__as_add_fd),
		TEST_EACH_BACKEND(test_common_add_fd__fd_ready__not_called),
		TEST_EACH_BACKEND(test_common_fd_destructor__called__leaves_the_loop_and_closes),
		TEST_EACH_BACKEND(test_common_fd_flags__context_gone__stored_flags),
		TEST_EACH_BACKEND(test_common_fd_set_flags__fd_ready_for_the_old_ones__the_new_ones_count),
		TEST_EACH_BACKEND(test_common_add_fd__flags_set__is_watched),
		TEST_EACH_BACKEND(test_table_set_fd_flags__context_gone__nothing),
		TEST_EACH_BACKEND(test_common_fd_set_close_fn__context_gone__set),
		TEST_EACH_BACKEND(test_invoke_fd_handler__event_stays__called_and_not_removed),
		TEST_EACH_BACKEND(test_invoke_fd_handler__handler_frees_it__removed),
		TEST_EACH_BACKEND(test_invoke_fd_handler__context_gone__nothing),
	};

	return cmocka_run_group_tests_name("fd", tests, group_setup, NULL);
}
