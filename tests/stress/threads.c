/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Threads on one context, through threaded contexts and proxies.
 *
 * Model: each producer numbers its pieces.  The loop's thread expects from each
 * producer 0, 1, 2, ...  (T4, T5: first in, first out), and the sum at the end.
 * If a threaded context or proxy is freed meanwhile, each producer's pieces
 * that ran are still such a sequence from its beginning; the rest has to be
 * idle (threaded contexts, T3, D11) or freed, each piece once (proxies, T5).
 *
 * The loop's own data needs no lock: only its thread accesses it.  After a
 * call a producer accesses only what the rules allow.
 */

#include "stress.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

enum { producers = 8, parcels_per_proxy = 100 };

static const char *const backends[] = {"standard", "epoll", "poll", "poll_mt"};

/* ---- eight producers, one context ----------------------------------- */

struct crowd {
	struct tevent_context *ev;
	struct tevent_threaded_context *tctx;
	struct tevent_thread_proxy *tp;
	pthread_t loop_thread;
	pthread_barrier_t start;
	uint32_t items;
	uint32_t next[producers]; /* number expected of each */
	uint32_t received;
};

struct producer {
	struct crowd *crowd;
	int index;
	pthread_t thread;
};

struct message {
	struct crowd *crowd;
	int producer;
	uint32_t number;
};

static void take(struct crowd *crowd, int producer, uint32_t number)
{
	check(pthread_equal(pthread_self(), crowd->loop_thread));
	check_equal(number, crowd->next[producer]);
	crowd->next[producer]++;
	crowd->received++;
}

static void on_message(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct message *m = private_data;

	check(ev == m->crowd->ev);
	take(m->crowd, m->producer, m->number);
}

static void on_message_of_mine(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	on_message(ev, im, private_data);
	talloc_free(private_data);
	talloc_free(im);
}

static struct message *new_message(struct crowd *crowd, int producer, uint32_t number)
{
	struct message *m = talloc(NULL, struct message);

	check(m != NULL);
	*m = (struct message){crowd, producer, number};
	return m;
}

static void hand_in(struct crowd *crowd, bool by_proxy, struct message *m)
{
	struct tevent_immediate *im = tevent_create_immediate(NULL);

	check(im != NULL);
	if (by_proxy) {
		tevent_thread_proxy_schedule(crowd->tp, &im, on_message, &m);
		check(im == NULL && m == NULL);
	} else {
		tevent_threaded_schedule_immediate(crowd->tctx, im, on_message_of_mine, m);
	}
}

static void *produce(void *arg)
{
	struct producer *p = arg;

	pthread_barrier_wait(&p->crowd->start);
	for (uint32_t n = 0; n < p->crowd->items; n++) {
		hand_in(p->crowd, p->index % 2 == 0, new_message(p->crowd, p->index, n));
	}
	return NULL;
}

static void run_crowd(const char *backend)
{
	struct crowd crowd = {.items = (uint32_t)parameter("items", 20000), .loop_thread = pthread_self()};
	struct producer producer[producers];

	crowd.ev = new_context(NULL, backend);
	crowd.tctx = tevent_threaded_context_create(crowd.ev, crowd.ev);
	crowd.tp = tevent_thread_proxy_create(crowd.ev);
	check(crowd.tctx != NULL && crowd.tp != NULL);
	pthread_barrier_init(&crowd.start, NULL, producers);
	for (int i = 0; i < producers; i++) {
		producer[i] = (struct producer){.crowd = &crowd, .index = i};
		run_thread(&producer[i].thread, produce, &producer[i]);
	}
	while (crowd.received < producers * crowd.items) {
		check_equal(tevent_loop_once(crowd.ev), 0);
	}
	for (int i = 0; i < producers; i++) {
		join_thread(producer[i].thread);
		check_equal(crowd.next[i], crowd.items);
	}
	pthread_barrier_destroy(&crowd.start);
	check_equal(talloc_free(crowd.ev), 0);
}

/* T4, T5: all arrive, each producer's in its order. */
static void one_context(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		run_crowd(backends[i]);
	}
}

/* ---- ping-pong: each piece is the last ------------------------------ */

/*
 * The producer waits until its piece has run before it makes the next one: no
 * later piece hides a lost wake-up.  The delays make it come at each point
 * between two waits of the loop.
 */

struct rally {
	struct crowd crowd;
	bool by_proxy;
	int index;
	atomic_uint returned;
	pthread_t thread;
};

static void on_ball(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct rally *r = *(struct rally **)private_data;

	r->crowd.received++;
	atomic_fetch_add(&r->returned, 1);
}

/* Spins: a sleeping thread would always return long after the loop fell asleep. */
static void await_ball(struct rally *r, uint32_t number)
{
	for (uint32_t looks = 1; atomic_load(&r->returned) <= number; looks++) {
		if (looks % 4096 == 0) {
			sched_yield();
		}
	}
}

/* Two in turns: one's handler has returned only when the other's begins. */
static void serve_threaded(struct rally *r, struct chance *c)
{
	struct tevent_immediate *im[2] = {tevent_create_immediate(NULL), tevent_create_immediate(NULL)};

	for (uint32_t n = 0; n < r->crowd.items; n++) {
		dally(c);
		tevent_threaded_schedule_immediate(r->crowd.tctx, im[n % 2], on_ball, &r);
		await_ball(r, n);
	}
	/* idle, and the thread that ran them has finished with them when the loop has ended */
	pthread_barrier_wait(&r->crowd.start);
	check_equal(talloc_free(im[0]), 0);
	check_equal(talloc_free(im[1]), 0);
}

static void serve_by_proxy(struct rally *r, struct chance *c)
{
	for (uint32_t n = 0; n < r->crowd.items; n++) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		struct rally **data = talloc(NULL, struct rally *);

		*data = r;
		dally(c);
		tevent_thread_proxy_schedule(r->crowd.tp, &im, on_ball, &data);
		await_ball(r, n);
	}
	pthread_barrier_wait(&r->crowd.start);
}

static void *serve(void *arg)
{
	struct rally *r = arg;
	struct chance c = chance_of(100 + (unsigned)r->index);

	if (r->by_proxy) {
		serve_by_proxy(r, &c);
	} else {
		serve_threaded(r, &c);
	}
	return NULL;
}

static void play(const char *backend, bool by_proxy)
{
	struct rally r = {.by_proxy = by_proxy, .crowd.items = (uint32_t)parameter("balls", 10000)};

	r.crowd.ev = new_context(NULL, backend);
	if (by_proxy) {
		r.crowd.tp = tevent_thread_proxy_create(r.crowd.ev);
	} else {
		r.crowd.tctx = tevent_threaded_context_create(r.crowd.ev, r.crowd.ev);
	}
	pthread_barrier_init(&r.crowd.start, NULL, 2);
	run_thread(&r.thread, serve, &r);
	while (r.crowd.received < r.crowd.items) {
		check_equal(tevent_loop_once(r.crowd.ev), 0);
	}
	pthread_barrier_wait(&r.crowd.start);
	join_thread(r.thread);
	pthread_barrier_destroy(&r.crowd.start);
	check_equal(talloc_free(r.crowd.ev), 0);
}

/* T1, T4: no wake-up is lost. */
static void ping_pong(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		play(backends[i], false);
		play(backends[i], true);
	}
}

/* ---- the context is freed while others schedule ---------------------- */

enum going { CONTEXT_FREED, CONTEXT_REINITIALISED, WRAPPER_FREED, WAYS_OF_GOING };

struct errand {
	struct tevent_immediate *im;
	struct office *office;
	int runner;
	uint32_t number;
};

struct office {
	struct tevent_threaded_context *tctx;
	struct tevent_context *ev; /* what its handlers get */
	pthread_barrier_t start;
	uint32_t items;
	uint32_t next[producers];
	atomic_uint handed_in[producers];
	atomic_uint last_calls; /* made and returned */
	struct errand *errand[producers];
};

struct runner {
	struct office *office;
	int index;
	pthread_t thread;
};

static void on_errand(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct errand *e = private_data;

	check(ev == e->office->ev);
	check_equal(e->number, e->office->next[e->runner]);
	e->office->next[e->runner]++;
}

static void *run_errands(void *arg)
{
	struct runner *r = arg;
	struct office *o = r->office;
	struct chance c = chance_of(200 + (unsigned)r->index);

	pthread_barrier_wait(&o->start);
	for (uint32_t n = 0; n < o->items; n++) {
		struct errand *e = &o->errand[r->index][n];

		if (draw(&c, 8) == 0) {
			dally(&c);
		}
		tevent_threaded_schedule_immediate(o->tctx, e->im, on_errand, e);
		atomic_store(&o->handed_in[r->index], n + 1);
	}
	atomic_fetch_add(&o->last_calls, 1);
	return NULL;
}

static void open_office(struct office *o)
{
	o->items = (uint32_t)parameter("errands", 1000);
	pthread_barrier_init(&o->start, NULL, producers + 1);
	for (int i = 0; i < producers; i++) {
		o->errand[i] = calloc(o->items, sizeof(struct errand));
		for (uint32_t n = 0; n < o->items; n++) {
			o->errand[i][n] = (struct errand){tevent_create_immediate(NULL), o, i, n};
		}
	}
}

static void begin_round(struct office *o, struct runner *runner)
{
	for (int i = 0; i < producers; i++) {
		o->next[i] = 0;
		atomic_store(&o->handed_in[i], 0);
	}
	atomic_store(&o->last_calls, 0);
	for (int i = 0; i < producers; i++) {
		runner[i] = (struct runner){.office = o, .index = i};
		run_thread(&runner[i].thread, run_errands, &runner[i]);
	}
	pthread_barrier_wait(&o->start);
}

/* Waits only for errands that are sure to come: more than this will be handed in. */
static void run_some_turns(struct tevent_context *loop, struct office *o, struct chance *c)
{
	for (uint32_t turns = draw(c, producers * o->items / 2); turns > 0; turns--) {
		check_equal(tevent_loop_once(loop), 0);
	}
}

/* The ones that did not run are idle: they run now, on another context. */
static void run_the_rest(struct office *o)
{
	uint32_t left = 0;

	o->ev = new_context(NULL, "standard");
	for (int i = 0; i < producers; i++) {
		for (uint32_t n = o->next[i]; n < o->items; n++) {
			tevent_schedule_immediate(o->errand[i][n].im, o->ev, on_errand, &o->errand[i][n]);
			left++;
		}
	}
	for (; left > 0; left--) {
		check_equal(tevent_loop_once(o->ev), 0);
	}
	for (int i = 0; i < producers; i++) {
		check_equal(o->next[i], o->items);
	}
	check_equal(talloc_free(o->ev), 0);
}

static void close_office(struct office *o)
{
	for (int i = 0; i < producers; i++) {
		for (uint32_t n = 0; n < o->items; n++) {
			check_equal(talloc_free(o->errand[i][n].im), 0);
		}
		free(o->errand[i]);
	}
	pthread_barrier_destroy(&o->start);
}

static bool allow_use(struct tevent_context *wrap_ev, void *private_data, struct tevent_context *main_ev,
		      const char *location)
{
	return true;
}

static void see_use(struct tevent_context *wrap_ev, void *private_data, struct tevent_context *main_ev,
		    const char *location)
{
}

static void see_immediate(struct tevent_context *wrap_ev, void *private_data, struct tevent_context *main_ev,
			  struct tevent_immediate *im, const char *handler_name, const char *location)
{
}

/* Only immediates come through it here. */
static const struct tevent_wrapper_ops quiet_wrapper = {
	.name = "quiet",
	.before_use = allow_use,
	.after_use = see_use,
	.before_immediate_handler = see_immediate,
	.after_immediate_handler = see_immediate,
};

static void let_go(struct office *o, struct chance *c, const char *backend, enum going way)
{
	struct tevent_context *loop = new_context(NULL, backend);
	struct runner runner[producers];
	void *state = NULL;

	o->ev = loop;
	if (way == WRAPPER_FREED) {
		o->ev = tevent_context_wrapper_create(loop, loop, &quiet_wrapper, &state, char);
		check(o->ev != NULL);
	}
	o->tctx = tevent_threaded_context_create(NULL, o->ev);
	check(o->tctx != NULL);
	begin_round(o, runner);
	run_some_turns(loop, o, c);
	if (way == CONTEXT_REINITIALISED) {
		check_equal(tevent_re_initialise(loop), 0);
	} else {
		check_equal(talloc_free(o->ev), 0);
	}
	for (int i = 0; i < producers; i++) {
		join_thread(runner[i].thread);
	}
	check_equal(talloc_free(o->tctx), 0);
	if (way != CONTEXT_FREED) {
		check_equal(talloc_free(loop), 0);
	}
	run_the_rest(o);
}

/* T3: other threads schedule into a context that is being freed; immediates that did not run are idle. */
static void context_goes(void)
{
	struct chance c = chance_of(1);
	struct office o = {0};

	open_office(&o);
	for (long round = parameter("rounds", 60); round > 0; round--) {
		let_go(&o, &c, backends[draw(&c, ARRAY_SIZE(backends))], (enum going)(round % WAYS_OF_GOING));
	}
	close_office(&o);
}

/*
 * T3: the threaded context is freed as soon as the last of each producer's
 * errands has run; the producer may still be inside the call.  Or, alternately,
 * as soon as all calls have returned, before anything ran: everything still
 * runs.
 */
static void door_closes(void)
{
	struct chance c = chance_of(2);
	struct office o = {0};
	struct runner runner[producers];

	open_office(&o);
	for (long round = parameter("rounds", 60); round > 0; round--) {
		uint32_t left = producers * o.items;

		o.ev = new_context(NULL, backends[draw(&c, ARRAY_SIZE(backends))]);
		o.tctx = tevent_threaded_context_create(NULL, o.ev);
		begin_round(&o, runner);
		if (round % 2 == 0) {
			while (atomic_load(&o.last_calls) < producers) {
				dally(&c);
			}
			check_equal(talloc_free(o.tctx), 0);
		}
		while (left > 0) {
			check_equal(tevent_loop_once(o.ev), 0);
			left = producers * o.items;
			for (int i = 0; i < producers; i++) {
				left -= o.next[i];
			}
		}
		if (round % 2 != 0) {
			check_equal(talloc_free(o.tctx), 0);
		}
		for (int i = 0; i < producers; i++) {
			join_thread(runner[i].thread);
		}
		check_equal(talloc_free(o.ev), 0);
	}
	close_office(&o);
}

/* ---- proxies that come and go ----------------------------------------- */

/*
 * The program's lock protects the pointer to the current proxy.  The library
 * handles the pieces handed over: each runs, or is freed with the proxy
 * without running, once, in the loop's thread.
 */

struct relay {
	pthread_rwlock_t lock;
	struct tevent_thread_proxy *tp; /* NULL: none at the moment */
	uint32_t proxies;
	atomic_bool stop;
	pthread_t loop_thread;
	long handed_in[producers]; /* the producer's until it is joined */
	long ran;
	long freed;
	long refused; /* by a proxy that was being freed */
};

struct parcel {
	struct relay *relay;
	int producer;
	long number;
	bool ran;
	bool at_the_door; /* calls the proxy again when it is freed without running */
	struct tevent_thread_proxy *tp;
};

static long last_of[producers];

static void on_parcel(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct parcel *p = talloc_get_type_abort(private_data, struct parcel);

	check(pthread_equal(pthread_self(), p->relay->loop_thread));
	check(p->number > last_of[p->producer]);
	last_of[p->producer] = p->number;
	p->ran = true;
	p->relay->ran++;
}

static int parcel_freed(struct parcel *p)
{
	check(pthread_equal(pthread_self(), p->relay->loop_thread));
	p->relay->freed++;
	if (!p->ran && p->at_the_door) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		char *data = talloc(NULL, char);

		/* T5: the caller keeps both. */
		tevent_thread_proxy_schedule(p->tp, &im, on_parcel, &data);
		check(im != NULL && data != NULL);
		talloc_free(im);
		talloc_free(data);
		p->relay->refused++;
	}
	return 0;
}

/* Sends so many through each proxy: more than the loop runs before the proxy is freed. */
struct sender {
	struct relay *relay;
	int index;
	uint32_t proxies; /* the last one seen */
	int left;         /* to be sent through that one */
	pthread_t thread;
};

static bool send_parcel(struct sender *s, bool at_the_door)
{
	struct relay *r = s->relay;
	struct tevent_immediate *im;
	struct parcel *p;

	pthread_rwlock_rdlock(&r->lock);
	if (s->proxies != r->proxies) {
		s->proxies = r->proxies;
		s->left = parcels_per_proxy;
	}
	if (r->tp == NULL || s->left == 0) {
		pthread_rwlock_unlock(&r->lock);
		return false;
	}
	s->left--;
	im = tevent_create_immediate(NULL);
	p = talloc(NULL, struct parcel);
	check(im != NULL && p != NULL);
	*p = (struct parcel){r, s->index, r->handed_in[s->index] + 1, false, at_the_door, r->tp};
	talloc_set_destructor(p, parcel_freed);
	tevent_thread_proxy_schedule(r->tp, &im, on_parcel, &p);
	check(im == NULL && p == NULL);
	r->handed_in[s->index]++;
	pthread_rwlock_unlock(&r->lock);
	return true;
}

static void *send_parcels(void *arg)
{
	struct sender *s = arg;
	struct chance c = chance_of(300 + (unsigned)s->index);

	while (!atomic_load(&s->relay->stop)) {
		if (!send_parcel(s, draw(&c, 16) == 0)) {
			sched_yield();
		} else if (draw(&c, 4) == 0) {
			dally(&c);
		}
	}
	return NULL;
}

static void replace_proxy(struct relay *r, struct tevent_thread_proxy *tp)
{
	pthread_rwlock_wrlock(&r->lock);
	talloc_free(r->tp);
	r->tp = tp;
	r->proxies += tp != NULL;
	pthread_rwlock_unlock(&r->lock);
}

/* Its proxy is freed with it. */
static void free_context(struct relay *r, struct tevent_context *ev)
{
	pthread_rwlock_wrlock(&r->lock);
	check_equal(talloc_free(ev), 0);
	r->tp = NULL;
	pthread_rwlock_unlock(&r->lock);
}

static void proxy_goes(void)
{
	struct chance c = chance_of(3);
	/* Otherwise the senders would starve the writer. */
	struct relay r = {.lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP, .loop_thread = pthread_self()};
	struct sender sender[producers];
	struct tevent_context *ev = NULL;
	long handed_in = 0;

	for (int i = 0; i < producers; i++) {
		sender[i] = (struct sender){.relay = &r, .index = i};
		last_of[i] = 0;
		run_thread(&sender[i].thread, send_parcels, &sender[i]);
	}
	for (long round = parameter("proxies", 150); round > 0; round--) {
		struct tevent_thread_proxy *tp;

		if (ev == NULL) {
			ev = new_context(NULL, backends[draw(&c, ARRAY_SIZE(backends))]);
		}
		tp = tevent_thread_proxy_create(ev);
		check(tp != NULL);
		replace_proxy(&r, tp);
		for (uint32_t turns = draw(&c, producers * parcels_per_proxy / 2); turns > 0; turns--) {
			check_equal(tevent_loop_once(ev), 0);
		}
		if (draw(&c, 3) == 0) {
			free_context(&r, ev);
			ev = NULL;
		} else {
			replace_proxy(&r, NULL);
		}
	}
	atomic_store(&r.stop, true);
	for (int i = 0; i < producers; i++) {
		join_thread(sender[i].thread);
		handed_in += r.handed_in[i];
	}
	talloc_free(ev);
	check_equal(r.freed, handed_in);
	check(r.ran > 0 && r.ran < handed_in);
	check(r.refused > 0);
	pthread_rwlock_destroy(&r.lock);
}

/* ---- handed on from context to context -------------------------------- */

enum { stations = 4 };

struct station {
	struct network *network;
	struct tevent_context *ev;
	struct tevent_thread_proxy *tp;
	struct chance chance;
	bool closed;
	pthread_t thread;
};

struct network {
	struct station station[stations];
	uint32_t hops;
	atomic_uint travelling;
	atomic_uint immediates;
};

/* Only the thread that runs it accesses it; only the hand-over orders the accesses. */
struct traveller {
	struct network *network;
	struct tevent_immediate *im;
	uint32_t hops;
};

/* A child of the immediate, to see that it is freed. */
struct luggage {
	struct network *network;
};

static int luggage_freed(struct luggage *l)
{
	atomic_fetch_sub(&l->network->immediates, 1);
	return 0;
}

static void close_station(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct station *s = *(struct station **)private_data;

	s->closed = true;
}

static void close_network(struct network *n)
{
	for (int i = 0; i < stations; i++) {
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		struct station **data = talloc(NULL, struct station *);

		*data = &n->station[i];
		tevent_thread_proxy_schedule(n->station[i].tp, &im, close_station, &data);
		check(im == NULL && data == NULL);
	}
}

static struct station *station_of(struct network *n, struct tevent_context *ev)
{
	for (int i = 0; i < stations; i++) {
		if (n->station[i].ev == ev) {
			return &n->station[i];
		}
	}
	return NULL;
}

static void travel(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct traveller *t = talloc_get_type_abort(private_data, struct traveller);
	struct network *n = t->network;
	struct station *here = station_of(n, ev);

	check(here != NULL && pthread_equal(here->thread, pthread_self()));
	check(im == t->im);
	if (++t->hops == n->hops) {
		if (atomic_fetch_sub(&n->travelling, 1) == 1) {
			close_network(n);
		}
		return;
	}
	tevent_thread_proxy_schedule(n->station[draw(&here->chance, stations)].tp, &im, travel, &t);
	check(im == NULL && t == NULL);
}

static void *run_station(void *arg)
{
	struct station *s = arg;

	while (!s->closed) {
		check_equal(tevent_loop_once(s->ev), 0);
	}
	return NULL;
}

/* T8: a handler passes its own immediate and data on. */
static void handed_on(void)
{
	struct network n = {.hops = (uint32_t)parameter("hops", 5000)};
	uint32_t travellers = 32;

	atomic_store(&n.travelling, travellers);
	atomic_store(&n.immediates, travellers);
	for (int i = 0; i < stations; i++) {
		struct station *s = &n.station[i];

		s->network = &n;
		s->ev = new_context(NULL, backends[i % ARRAY_SIZE(backends)]);
		s->tp = tevent_thread_proxy_create(s->ev);
		s->chance = chance_of(400 + (unsigned)i);
		check(s->tp != NULL);
	}
	for (uint32_t i = 0; i < travellers; i++) {
		struct traveller *t = talloc_zero(NULL, struct traveller);
		struct tevent_immediate *im = tevent_create_immediate(NULL);
		struct luggage *l = talloc(im, struct luggage);

		l->network = &n;
		talloc_set_destructor(l, luggage_freed);
		t->network = &n;
		t->im = im;
		tevent_thread_proxy_schedule(n.station[i % stations].tp, &im, travel, &t);
	}
	for (int i = 0; i < stations; i++) {
		run_thread(&n.station[i].thread, run_station, &n.station[i]);
	}
	for (int i = 0; i < stations; i++) {
		join_thread(n.station[i].thread);
	}
	check_equal(atomic_load(&n.travelling), 0);
	check_equal(atomic_load(&n.immediates), 0);
	for (int i = 0; i < stations; i++) {
		check_equal(talloc_free(n.station[i].ev), 0);
	}
}

/* ---- poll_mt: others change the context while it waits ---------------- */

/* The program's lock is held outside of the wait (F16). */
struct hall {
	struct tevent_context *ev;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	uint32_t waits; /* that have ended */
	uint32_t visits;
	uint32_t left; /* visitors that have not left yet */
};

struct visitor {
	struct hall *hall;
	int index;
	pthread_t thread;
	sem_t served;
	uint32_t calls; /* written under the lock, like everything that handlers write */
	int pipe[2];
};

static void around_the_wait(enum tevent_trace_point point, void *private_data)
{
	struct hall *h = private_data;

	if (point == TEVENT_TRACE_BEFORE_WAIT) {
		pthread_mutex_unlock(&h->lock);
	} else if (point == TEVENT_TRACE_AFTER_WAIT) {
		pthread_mutex_lock(&h->lock);
		h->waits++;
		pthread_cond_broadcast(&h->woken);
	}
}

static void await_service(struct visitor *v)
{
	while (sem_wait(&v->served) == -1) {
		check_equal(errno, EINTR);
	}
}

/* Switches itself off: each visit is served once. */
static void serve_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct visitor *v = private_data;

	check_equal(flags, tevent_fd_get_flags(fde));
	tevent_fd_set_flags(fde, 0);
	v->calls++;
	sem_post(&v->served);
}

static void serve_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct visitor *v = private_data;

	v->calls++;
	sem_post(&v->served);
}

static void serve_leaving(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct visitor *v = private_data;

	v->hall->left--;
}

/* Each change ends the wait; otherwise the visitor would wait for ever. */
static void visit(struct visitor *v, struct chance *c)
{
	struct hall *h = v->hall;
	struct tevent_fd *fde;
	struct tevent_immediate *im;
	uint32_t calls = v->calls;

	dally(c);
	pthread_mutex_lock(&h->lock);
	fde = tevent_add_fd(h->ev, h->ev, v->pipe[0], TEVENT_FD_READ, serve_fd, v);
	check(fde != NULL);
	pthread_mutex_unlock(&h->lock);
	await_service(v);

	dally(c);
	pthread_mutex_lock(&h->lock);
	tevent_fd_set_flags(fde, TEVENT_FD_READ);
	pthread_mutex_unlock(&h->lock);
	await_service(v);

	dally(c);
	pthread_mutex_lock(&h->lock);
	check_equal(talloc_free(fde), 0);
	for (uint32_t waits = h->waits; h->waits == waits;) {
		pthread_cond_wait(&h->woken, &h->lock);
	}
	pthread_mutex_unlock(&h->lock);

	dally(c);
	pthread_mutex_lock(&h->lock);
	im = tevent_create_immediate(h->ev);
	tevent_schedule_immediate(im, h->ev, serve_immediate, v);
	pthread_mutex_unlock(&h->lock);
	await_service(v);

	pthread_mutex_lock(&h->lock);
	check_equal(talloc_free(im), 0);
	check_equal(v->calls, calls + 3);
	pthread_mutex_unlock(&h->lock);
}

static void *visit_often(void *arg)
{
	struct visitor *v = arg;
	struct chance c = chance_of(500 + (unsigned)v->index);
	struct tevent_immediate *im;

	for (uint32_t n = 0; n < v->hall->visits; n++) {
		visit(v, &c);
	}
	pthread_mutex_lock(&v->hall->lock);
	im = tevent_create_immediate(v->hall->ev);
	tevent_schedule_immediate(im, v->hall->ev, serve_leaving, v);
	pthread_mutex_unlock(&v->hall->lock);
	return NULL;
}

static void receive_visitors(size_t visitors)
{
	struct hall h = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
	struct visitor visitor[producers - 1];

	h.visits = (uint32_t)parameter("visits", 1000);
	h.left = (uint32_t)visitors;
	h.ev = new_context(NULL, "poll_mt");
	tevent_set_trace_callback(h.ev, around_the_wait, &h);
	pthread_mutex_lock(&h.lock);
	for (size_t i = 0; i < visitors; i++) {
		visitor[i] = (struct visitor){.hall = &h, .index = (int)i};
		sem_init(&visitor[i].served, 0, 0);
		check_equal(pipe(visitor[i].pipe), 0);
		check_equal(write(visitor[i].pipe[1], "x", 1), 1);
		run_thread(&visitor[i].thread, visit_often, &visitor[i]);
	}
	while (h.left > 0) {
		check_equal(tevent_loop_once(h.ev), 0);
	}
	pthread_mutex_unlock(&h.lock);
	for (size_t i = 0; i < visitors; i++) {
		join_thread(visitor[i].thread);
		sem_destroy(&visitor[i].served);
		close(visitor[i].pipe[0]);
		close(visitor[i].pipe[1]);
	}
	check_equal(talloc_free(h.ev), 0);
}

/* F16: many visitors at once; and a single one, whose missed change no other would cover. */
static void changed_from_elsewhere(void)
{
	receive_visitors(producers - 1);
	receive_visitors(1);
}

/* ---- the first look for a backend ------------------------------------- */

static pthread_barrier_t first_look;

static void *look_first(void *arg)
{
	int index = (int)(intptr_t)arg;
	TALLOC_CTX *mem = talloc_new(NULL);
	const char **names;
	int count = 0;

	pthread_barrier_wait(&first_look);
	if (index % 2 == 0) {
		check(tevent_context_init_byname(mem, backends[index % ARRAY_SIZE(backends)]) != NULL);
	}
	names = tevent_backend_list(mem);
	check(names != NULL);
	while (names[count] != NULL) {
		count++;
	}
	check_equal(count, ARRAY_SIZE(backends));
	check_equal(talloc_free(mem), 0);
	return NULL;
}

static void look_in_a_child(void)
{
	pthread_t thread[producers];
	pid_t child = fork();

	check(child >= 0);
	if (child == 0) {
		set_backstop();
		pthread_barrier_init(&first_look, NULL, producers);
		for (int i = 0; i < producers; i++) {
			run_thread(&thread[i], look_first, (void *)(intptr_t)i);
		}
		for (int i = 0; i < producers; i++) {
			join_thread(thread[i]);
		}
		_exit(0);
	}
	expect_success(child);
}

/* C1: first in the list, so that this process has made no lookup yet. */
static void first_looks(void)
{
	for (long round = parameter("rounds", 60); round > 0; round--) {
		look_in_a_child();
	}
}

/* ---- each thread with a context of its own ---------------------------- */

struct household {
	int index;
	pthread_t thread;
	int pipe[2];
	uint32_t timers, fds, immediates, requests;
};

static void count_timer(struct tevent_context *ev, struct tevent_timer *te, struct timeval now, void *private_data)
{
	((struct household *)private_data)->timers++;
}

static void count_fd(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *private_data)
{
	struct household *h = private_data;
	char byte;

	check_equal(read(h->pipe[0], &byte, 1), 1);
	h->fds++;
}

static void count_immediate(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	((struct household *)private_data)->immediates++;
}

static void count_request(struct tevent_req *req)
{
	struct household *h = tevent_req_callback_data(req, struct household);

	check(tevent_wakeup_recv(req));
	talloc_free(req);
	h->requests++;
}

static void keep_house(struct household *h, struct tevent_context *ev)
{
	struct household before = *h;
	struct tevent_immediate *im = tevent_create_immediate(ev);
	struct tevent_fd *fde = tevent_add_fd(ev, ev, h->pipe[0], TEVENT_FD_READ, count_fd, h);
	struct tevent_req *req = tevent_wakeup_send(ev, ev, tevent_timeval_zero());

	check(im != NULL && fde != NULL && req != NULL);
	check(tevent_add_timer(ev, ev, tevent_timeval_current(), count_timer, h) != NULL);
	check_equal(write(h->pipe[1], "x", 1), 1);
	tevent_schedule_immediate(im, ev, count_immediate, h);
	tevent_req_set_callback(req, count_request, h);
	while (h->timers == before.timers || h->fds == before.fds || h->requests == before.requests) {
		check_equal(tevent_loop_once(ev), 0);
	}
	check_equal(h->timers, before.timers + 1);
	check_equal(h->fds, before.fds + 1);
	check_equal(h->immediates, before.immediates + 1);
	check_equal(h->requests, before.requests + 1);
	check_equal(talloc_free(fde), 0);
	check_equal(talloc_free(im), 0);
}

static void *keep_own_house(void *arg)
{
	struct household *h = talloc_get_type_abort(arg, struct household);
	struct chance c = chance_of(600 + (unsigned)h->index);

	check_equal(pipe(h->pipe), 0);
	for (long round = parameter("houses", 200); round > 0; round--) {
		struct tevent_context *ev = new_context(NULL, backends[draw(&c, ARRAY_SIZE(backends))]);

		for (uint32_t day = draw(&c, 20); day > 0; day--) {
			keep_house(h, ev);
		}
		check_equal(talloc_free(ev), 0);
	}
	close(h->pipe[0]);
	close(h->pipe[1]);
	return NULL;
}

/* Contexts of different threads are independent. */
static void own_contexts(void)
{
	struct household *household[producers];

	for (int i = 0; i < producers; i++) {
		household[i] = talloc_zero(NULL, struct household);
		household[i]->index = i;
		run_thread(&household[i]->thread, keep_own_house, household[i]);
	}
	for (int i = 0; i < producers; i++) {
		join_thread(household[i]->thread);
		talloc_free(household[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"first_looks", first_looks},   {"one_context", one_context},
		{"ping_pong", ping_pong},       {"context_goes", context_goes},
		{"door_closes", door_closes},   {"proxy_goes", proxy_goes},
		{"handed_on", handed_on},       {"changed_from_elsewhere", changed_from_elsewhere},
		{"own_contexts", own_contexts}, {NULL, NULL},
	};

	return stress_main(argc, argv, scenarios);
}
