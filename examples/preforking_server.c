/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A server of several processes that share one listening socket.
 *
 *     preforking_server [CHILDREN]
 *
 * The parent listens and forks; each child calls tevent_re_initialise(), so that nothing of the parent's loop is left
 * in it, and accepts.  It answers each connection with its process id and closes it.  The kernel gives a connection to
 * one of the children; the others find nothing there (EAGAIN) and go on.  A child that dies is replaced.  SIGTERM and
 * SIGINT end them all: the parent tells its children, waits for each, and ends.
 */

#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

struct server {
	struct tevent_context *ev;
	int listen_fd;
	unsigned count, alive;
	pid_t *children; /* 0: none in this place */
	bool stopping;
};

static void on_stop(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	*(bool *)private_data = true;
}

/* ---- a child ---------------------------------------------------------------------------------------------- */

static void child_accept(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct server *server = talloc_get_type_abort(private_data, struct server);
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	char line[32];
	int length;

	(void)ev, (void)fde, (void)flags;
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE) {
			_exit(1); /* the parent starts another one */
		}
		return; /* another child was faster, or the client has gone again */
	}
	length = snprintf(line, sizeof(line), "%ld\n", (long)getpid());
	/* So few bytes always have room in a new socket. */
	if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length) {
		fprintf(stderr, "child %ld: send: %s\n", (long)getpid(), strerror(errno));
	}
	close(fd);
}

static int child_main(struct server *server, pid_t parent, const sigset_t *mask)
{
	struct tevent_context *ev = server->ev;
	bool stop = false;

	/*
	 * Cuts the parent's events loose: its signal handlers are not ours.  Then our own, and only then are signals
	 * let in.  A parent that is killed can't tell us, so the kernel does.
	 */
	if (tevent_re_initialise(ev) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent ||
	    tevent_add_signal(ev, server, SIGTERM, 0, on_stop, &stop) == NULL ||
	    tevent_add_signal(ev, server, SIGINT, 0, on_stop, &stop) == NULL ||
	    tevent_add_fd(ev, server, server->listen_fd, TEVENT_FD_READ, child_accept, server) == NULL ||
	    sigprocmask(SIG_SETMASK, mask, NULL) == -1) {
		return 1;
	}
	while (!stop) {
		if (tevent_loop_once(ev) != 0) {
			return 1;
		}
	}
	talloc_free(ev); /* the whole tree, which is this process's copy */
	return 0;
}

/* ---- the parent ------------------------------------------------------------------------------------------- */

static void server_fill(struct server *server);

static void server_retry(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	(void)ev, (void)te, (void)now;
	server_fill(talloc_get_type_abort(private_data, struct server));
}

/*
 * A child, or -1.  A signal that reached it before it has its own handlers would be lost: it would run the parent's,
 * in a copy of the parent's loop.  So signals wait until the child lets them in.
 */
static pid_t server_fork(struct server *server)
{
	pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) == -1) {
		return -1;
	}
	fflush(NULL); /* what is buffered here must not be written by the child, too */
	pid = fork();
	if (pid == 0) {
		_exit(child_main(server, parent, &before));
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* Starts what is missing.  A fork that fails is tried again, later. */
static void server_fill(struct server *server)
{
	for (unsigned i = 0; i < server->count && !server->stopping; i++) {
		pid_t pid;

		if (server->children[i] != 0) {
			continue;
		}
		pid = server_fork(server);
		if (pid == -1) {
			perror("fork");
			if (tevent_add_timer(server->ev, server, tevent_timeval_current_ofs(1, 0), server_retry,
					     server) == NULL) {
				server->stopping = true;
			}
			return;
		}
		server->children[i] = pid;
		server->alive++;
		printf("child %ld started\n", (long)pid);
	}
}

/* One SIGCHLD may stand for several children. */
static void server_child_ended(struct tevent_context *ev, struct tevent_signal *se, int signum, int count,
			       void *siginfo, void *private_data)
{
	struct server *server = talloc_get_type_abort(private_data, struct server);
	int status;
	pid_t pid;

	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < server->count; i++) {
			if (server->children[i] == pid) {
				server->children[i] = 0;
				server->alive--;
			}
		}
		if (WIFSIGNALED(status)) {
			printf("child %ld killed by signal %d\n", (long)pid, WTERMSIG(status));
		} else {
			printf("child %ld ended with status %d\n", (long)pid, WEXITSTATUS(status));
		}
	}
	server_fill(server);
}

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd != -1 && (bind(fd, (struct sockaddr *)&addr, len) == -1 || listen(fd, 1024) == -1 ||
			 getsockname(fd, (struct sockaddr *)&addr, &len) == -1)) {
		close(fd);
		return -1;
	}
	*port = ntohs(addr.sin_port);
	return fd;
}

int main(int argc, char **argv)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct server *server = talloc_zero(ev, struct server);
	uint16_t port = 0;
	bool ok = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ev == NULL || server == NULL) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	server->ev = ev;
	server->count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 4;
	server->children = talloc_zero_array(server, pid_t, server->count);
	server->listen_fd = listen_on_loopback(&port);
	if (server->children == NULL || server->listen_fd == -1 ||
	    tevent_add_signal(ev, ev, SIGCHLD, 0, server_child_ended, server) == NULL ||
	    tevent_add_signal(ev, ev, SIGTERM, 0, on_stop, &server->stopping) == NULL ||
	    tevent_add_signal(ev, ev, SIGINT, 0, on_stop, &server->stopping) == NULL) {
		perror("can't start");
		talloc_free(ev);
		return 1;
	}
	printf("port %u\n", port);
	server_fill(server);
	while (ok && !server->stopping) {
		ok = tevent_loop_once(ev) == 0;
	}
	server->stopping = true;
	for (unsigned i = 0; i < server->count; i++) {
		if (server->children[i] != 0) {
			kill(server->children[i], SIGTERM);
		}
	}
	while (ok && server->alive > 0) {
		ok = tevent_loop_once(ev) == 0;
	}
	close(server->listen_fd);
	talloc_free(ev);
	printf("all children have ended\n");
	return ok ? 0 : 1;
}
