/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * hardening_cost OPERATION ROUNDS: repeats one operation, for hardening_cost.sh to count instructions.
 *
 * Each round frees everything that it creates, so that every round costs the same, and two runs differ only in the
 * number of rounds.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

static struct tevent_context *ev;

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "%s\n", what);
		exit(1);
	}
}

/* ---- a chain of immediates: each handler schedules the next ---- */

static void on_immediate(struct tevent_context *context, struct tevent_immediate *im, void *private_data)
{
	long *left = private_data;

	if (--*left > 0) {
		tevent_schedule_immediate(im, context, on_immediate, left);
	}
}

static void immediates(long rounds)
{
	struct tevent_immediate *im = tevent_create_immediate(ev);
	long left = rounds;

	tevent_schedule_immediate(im, ev, on_immediate, &left);
	while (left > 0) {
		check(tevent_loop_once(ev) == 0, "tevent_loop_once");
	}
}

/* ---- a timer that is freed before its time, as most are ---- */

static void on_timer(struct tevent_context *context, struct tevent_timer *te, struct timeval now, void *private_data)
{
	(void)context;
	(void)te;
	(void)now;
	(void)private_data;
}

static void timers(long rounds)
{
	const struct timeval later = tevent_timeval_current_ofs(3600, 0);

	for (long i = 0; i < rounds; i++) {
		struct tevent_timer *te = tevent_add_timer(ev, ev, later, on_timer, NULL);

		check(te != NULL, "tevent_add_timer");
		talloc_free(te);
	}
}

/* ---- a turn that finds a descriptor readable ---- */

static void on_readable(struct tevent_context *context, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	long *calls = private_data;

	(void)context;
	(void)fde;
	(void)flags;
	++*calls;
}

static void descriptors(long rounds)
{
	long calls = 0;
	int fds[2];

	check(pipe(fds) == 0 && write(fds[1], "", 1) == 1, "pipe");
	check(tevent_add_fd(ev, ev, fds[0], TEVENT_FD_READ, on_readable, &calls) != NULL, "tevent_add_fd");
	while (calls < rounds) {
		check(tevent_loop_once(ev) == 0, "tevent_loop_once");
	}
}

/* ---- a request, done at once ---- */

struct work_state {
	int number;
};

static void requests(long rounds)
{
	for (long i = 0; i < rounds; i++) {
		struct work_state *state = NULL;
		struct tevent_req *req = tevent_req_create(ev, &state, struct work_state);

		check(req != NULL, "tevent_req_create");
		tevent_req_done(req);
		talloc_free(req);
	}
}

/* ---- a request on a queue: waits for its turn, is triggered, is done ---- */

static void on_turn(struct tevent_req *req, void *private_data)
{
	long *triggered = private_data;

	++*triggered;
	tevent_req_done(req);
}

static void queue_entries(long rounds)
{
	struct tevent_queue *queue = tevent_queue_create(ev, "queue");
	long triggered = 0;

	check(queue != NULL, "tevent_queue_create");
	for (long i = 0; i < rounds; i++) {
		struct work_state *state = NULL;
		struct tevent_req *req = tevent_req_create(ev, &state, struct work_state);

		check(req != NULL && tevent_queue_add(queue, ev, req, on_turn, &triggered), "tevent_queue_add");
		while (triggered == i) {
			check(tevent_loop_once(ev) == 0, "tevent_loop_once");
		}
		talloc_free(req);
	}
}

static const struct {
	const char *name;
	void (*run)(long rounds);
} operations[] = {
	{"immediate", immediates},
	{"timer", timers},
	{"fd", descriptors},
	{"request", requests},
	{"queue", queue_entries},
};

int main(int argc, char **argv)
{
	long rounds = argc == 3 ? atol(argv[2]) : 0;

	ev = tevent_context_init_byname(NULL, "epoll");
	check(ev != NULL && rounds > 0, "usage: hardening_cost OPERATION ROUNDS");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operations[i].name, argv[1]) == 0) {
			operations[i].run(rounds);
			talloc_free(ev);
			return 0;
		}
	}
	check(false, "no such operation");
	return 1;
}
