/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A TCP echo server on the loopback address.
 *
 *     echo_server [PORT [IDLE_SECONDS]]
 *
 * PORT 0, the default, lets the kernel choose; the first line of output names the port.  SIGTERM and SIGINT end it.
 *
 * What a client can do to it is bounded.  A client has one buffer: while that holds something, nothing more is read
 * from it, so who does not take its echo can't make the server keep more than that.  Each turn does one read or one
 * write, so who floods does not starve the others.  Who gets nothing done for IDLE_SECONDS is dropped.  When
 * descriptors run out, accepting pauses for a moment; those who are connected do not notice.
 */

#define _GNU_SOURCE 1

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

struct server {
	struct tevent_fd *listener;
	int listen_fd;
	uint32_t idle_seconds;
	size_t clients, most_clients, served, dropped;
};

struct client {
	struct server *server;
	struct tevent_fd *fde; /* closes fd when it is freed */
	struct tevent_timer *idle;
	int fd;
	size_t begin, end; /* what of buf is still to be sent */
	char buf[4096];
};

static int client_destructor(struct client *client)
{
	client->server->clients--;
	return 0;
}

static void client_idle(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct client *client = talloc_get_type_abort(private_data, struct client);

	(void)ev, (void)te, (void)now;
	client->server->dropped++;
	talloc_free(client);
}

/* False: the client has gone. */
static bool client_read(struct client *client)
{
	ssize_t n = recv(client->fd, client->buf, sizeof(client->buf), 0);

	if (n == -1) {
		return errno == EAGAIN || errno == EINTR;
	}
	client->begin = 0;
	client->end = (size_t)n;
	return n > 0;
}

static bool client_write(struct client *client)
{
	ssize_t n = send(client->fd, client->buf + client->begin, client->end - client->begin, MSG_NOSIGNAL);

	if (n == -1) {
		return errno == EAGAIN || errno == EINTR;
	}
	client->begin += (size_t)n;
	return true;
}

static void client_ready(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct client *client = talloc_get_type_abort(private_data, struct client);
	size_t sent = client->begin;
	bool reading = client->begin == client->end;

	(void)ev;
	if ((reading && !client_read(client)) || (client->begin != client->end && !client_write(client))) {
		talloc_free(client);
		return;
	}
	if (client->begin == client->end) {
		tevent_fd_set_flags(fde, TEVENT_FD_READ);
	} else if (!reading && flags == TEVENT_FD_ERROR) {
		/*
		 * No room to write and no error from send(): the client has shut down its sending side and is slow in
		 * taking its echo.  ERROR would be told again and again; who is really gone now runs into the timer.
		 */
		tevent_fd_set_flags(fde, TEVENT_FD_WRITE);
	} else if (reading) {
		tevent_fd_set_flags(fde, TEVENT_FD_WRITE | TEVENT_FD_ERROR);
	}
	if (reading || client->begin != sent) {
		tevent_update_timer(client->idle, tevent_timeval_current_ofs(client->server->idle_seconds, 0));
	}
}

static bool client_add(struct tevent_context *ev, struct server *server, int fd)
{
	struct client *client = talloc(server, struct client);

	if (client == NULL) {
		close(fd);
		return false;
	}
	client->server = server;
	client->fd = fd;
	client->begin = client->end = 0;
	client->fde = tevent_add_fd(ev, client, fd, TEVENT_FD_READ, client_ready, client);
	if (client->fde == NULL) {
		close(fd);
		talloc_free(client);
		return false;
	}
	tevent_fd_set_auto_close(client->fde);
	client->idle =
		tevent_add_timer(ev, client, tevent_timeval_current_ofs(server->idle_seconds, 0), client_idle, client);
	if (client->idle == NULL) {
		talloc_free(client);
		return false;
	}
	server->clients++;
	server->served++;
	server->most_clients = server->clients > server->most_clients ? server->clients : server->most_clients;
	talloc_set_destructor(client, client_destructor);
	return true;
}

static void server_resume(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	struct server *server = talloc_get_type_abort(private_data, struct server);

	(void)ev, (void)te, (void)now;
	TEVENT_FD_READABLE(server->listener);
}

static void server_accept(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct server *server = talloc_get_type_abort(private_data, struct server);
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)flags;
	if (fd != -1) {
		if (!client_add(ev, server, fd)) {
			fprintf(stderr, "no memory for a client\n");
		}
		return;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/* The connection stays in the backlog; to be told of it in every turn would only burn the processor. */
		fprintf(stderr, "accept: %s, with %zu clients\n", strerror(errno), server->clients);
		if (tevent_add_timer(ev, server, tevent_timeval_current_ofs(0, 50000), server_resume, server) != NULL) {
			TEVENT_FD_NOT_READABLE(fde);
		}
		break;
	default:
		break; /* ECONNABORTED, EAGAIN, network errors of the new connection: the next one may be fine */
	}
}

static void server_stop(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
			void *private_data)
{
	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	*(bool *)private_data = true;
}

/* A listening socket, or -1; *port becomes the one that it has. */
static int listen_on(uint16_t *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t len = sizeof(addr);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1) {
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&addr, len) == -1 || listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) == -1) {
		close(fd);
		return -1;
	}
	*port = ntohs(addr.sin_port);
	return fd;
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
	struct tevent_context *ev = tevent_context_init(NULL);
	struct server *server = talloc_zero(ev, struct server);
	bool stop = false;

	if (ev == NULL || server == NULL) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	server->idle_seconds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 60;
	server->listen_fd = listen_on(&port);
	if (server->listen_fd == -1) {
		perror("listen");
		return 1;
	}
	server->listener = tevent_add_fd(ev, ev, server->listen_fd, TEVENT_FD_READ, server_accept, server);
	if (server->listener == NULL || tevent_add_signal(ev, ev, SIGTERM, 0, server_stop, &stop) == NULL ||
	    tevent_add_signal(ev, ev, SIGINT, 0, server_stop, &stop) == NULL) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	tevent_fd_set_auto_close(server->listener);
	printf("port %u\n", port);
	fflush(stdout);

	while (!stop) {
		if (tevent_loop_once(ev) != 0) {
			perror("tevent_loop_once");
			return 1;
		}
	}
	printf("served %zu, at most %zu at a time, %zu dropped, %zu left\n", server->served, server->most_clients,
	       server->dropped, server->clients);
	talloc_free(server);
	talloc_free(ev);
	return 0;
}
