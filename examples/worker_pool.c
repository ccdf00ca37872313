/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A pool of worker threads behind a request: count the primes of some ranges.
 *
 *     worker_pool [THREADS [JOBS]]
 *
 * Each worker has a context and a loop of its own, a thread proxy as its inbox, and a threaded context as the door by
 * which it is told to end, which can't fail; the pool has one proxy for what comes back.  A job is a talloc chunk
 * without parent that travels: it belongs to the thread that works on it, and whoever sends it on does not touch it any
 * more.  So the request, which stays in the main thread, is not in there; a number is, and the pool's list says which
 * request waits for it.  A request that is freed early leaves the list, and its result is dropped when it comes.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <talloc.h>
#include <tevent.h>

struct worker {
	struct tevent_context *ev;
	struct tevent_thread_proxy *inbox;
	struct tevent_threaded_context *door;
	struct tevent_immediate *quit_im;
	pthread_t thread;
	bool quit; /* the worker's own */
};

struct pool {
	struct tevent_thread_proxy *results;
	struct primes_state *waiting; /* main thread's */
	uint64_t last_number;
	unsigned count;
	struct worker *workers;
};

struct job {
	struct pool *pool; /* of it the worker uses `results` alone */
	uint64_t number;
	unsigned from, to, primes;
};

struct primes_state {
	struct primes_state *next;
	struct pool *pool;
	struct tevent_req *req;
	uint64_t number;
	unsigned primes;
};

/* ---- in the worker's thread ------------------------------------------------------------------------------ */

static bool is_prime(unsigned n)
{
	for (unsigned d = 2; d <= n / d; d++) {
		if (n % d == 0) {
			return false;
		}
	}
	return n > 1;
}

static void job_finished(struct tevent_context *ev, struct tevent_immediate *im, void *private_data);

static void job_run(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct job *job = talloc_get_type_abort(private_data, struct job);
	struct tevent_thread_proxy *results = job->pool->results;
	struct tevent_immediate *reply;

	(void)ev, (void)im;
	for (unsigned n = job->from; n < job->to; n++) {
		job->primes += is_prime(n) ? 1 : 0;
	}
	reply = tevent_create_immediate(NULL);
	if (reply != NULL) {
		tevent_thread_proxy_schedule(results, &reply, job_finished, &job);
	}
	if (job != NULL) { /* not taken: without an answer the request would wait for ever */
		fprintf(stderr, "worker: no memory\n");
		abort();
	}
}

static void worker_quit(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct worker *worker = private_data;

	(void)ev, (void)im;
	worker->quit = true;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	while (!worker->quit && tevent_loop_once(worker->ev) == 0) {
	}
	return NULL;
}

/* ---- in the main thread ---------------------------------------------------------------------------------- */

static bool pool_post(struct pool *pool, struct worker *worker, const struct job *what)
{
	struct tevent_immediate *im = tevent_create_immediate(NULL);
	struct job *job = talloc(NULL, struct job);
	bool taken = false;

	if (im != NULL && job != NULL) {
		*job = *what;
		job->pool = pool;
		tevent_thread_proxy_schedule(worker->inbox, &im, job_run, &job);
		taken = job == NULL;
	}
	talloc_free(im);
	talloc_free(job);
	return taken;
}

/* Each worker finishes what stands before the end in its list; then nobody uses its context but us. */
static int pool_destructor(struct pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++) {
		struct worker *worker = &pool->workers[i];

		tevent_threaded_schedule_immediate(worker->door, worker->quit_im, worker_quit, worker);
		pthread_join(worker->thread, NULL);
		talloc_free(worker->ev);
	}
	for (; pool->waiting != NULL; pool->waiting = pool->waiting->next) {
		pool->waiting->pool = NULL; /* this one will get no answer */
	}
	return 0;
}

/* The context has no parent: its tree is the worker's, as soon as there is one. */
static bool worker_start(struct worker *worker)
{
	worker->ev = tevent_context_init(NULL);
	if (worker->ev == NULL) {
		return false;
	}
	worker->inbox = tevent_thread_proxy_create(worker->ev);
	worker->door = tevent_threaded_context_create(worker->ev, worker->ev);
	worker->quit_im = tevent_create_immediate(worker->ev);
	if (worker->inbox == NULL || worker->door == NULL || worker->quit_im == NULL ||
	    pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
		talloc_free(worker->ev);
		return false;
	}
	return true;
}

static struct pool *pool_create(TALLOC_CTX *mem_ctx, struct tevent_context *ev, unsigned count)
{
	struct pool *pool = talloc_zero(mem_ctx, struct pool);

	if (pool == NULL) {
		return NULL;
	}
	pool->workers = talloc_zero_array(pool, struct worker, count);
	pool->results = tevent_thread_proxy_create(ev);
	if (pool->workers == NULL || pool->results == NULL) {
		goto fail;
	}
	talloc_steal(pool, pool->results);
	talloc_set_destructor(pool, pool_destructor);
	for (pool->count = 0; pool->count < count; pool->count++) {
		if (!worker_start(&pool->workers[pool->count])) {
			goto fail;
		}
	}
	return pool;
fail:
	talloc_free(pool);
	return NULL;
}

/* What points to the request in the pool's list, or would. */
static struct primes_state **place_of(struct pool *pool, uint64_t number)
{
	struct primes_state **place = &pool->waiting;

	while (*place != NULL && (*place)->number != number) {
		place = &(*place)->next;
	}
	return place;
}

static void primes_cleanup(struct tevent_req *req, enum tevent_req_state req_state)
{
	struct primes_state *state = tevent_req_data(req, struct primes_state);

	(void)req_state;
	if (state->pool != NULL) {
		*place_of(state->pool, state->number) = state->next;
		state->pool = NULL;
	}
}

static struct tevent_req *primes_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct pool *pool, unsigned from,
				      unsigned to)
{
	struct primes_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct primes_state);
	struct job job = {.number = pool->last_number + 1, .from = from, .to = to};

	if (req == NULL) {
		return NULL;
	}
	if (!pool_post(pool, &pool->workers[job.number % pool->count], &job)) {
		tevent_req_oom(req);
		return tevent_req_post(req, ev);
	}
	pool->last_number = job.number;
	*state = (struct primes_state){.pool = pool, .req = req, .number = job.number, .next = pool->waiting};
	pool->waiting = state;
	tevent_req_set_cleanup_fn(req, primes_cleanup);
	return req;
}

static void job_finished(struct tevent_context *ev, struct tevent_immediate *im, void *private_data)
{
	struct job *job = talloc_get_type_abort(private_data, struct job);
	struct primes_state *state = *place_of(job->pool, job->number);

	(void)ev, (void)im;
	if (state != NULL) {
		state->primes = job->primes;
		tevent_req_done(state->req);
	}
}

static bool primes_recv(struct tevent_req *req, unsigned *primes)
{
	struct primes_state *state = tevent_req_data(req, struct primes_state);
	enum tevent_req_state req_state;
	uint64_t error;
	bool ok = !tevent_req_is_error(req, &req_state, &error);

	*primes = ok ? state->primes : 0;
	tevent_req_received(req);
	return ok;
}

/* ---- a user ---------------------------------------------------------------------------------------------- */

struct range {
	unsigned from, to, primes;
	bool ok;
};

static unsigned pending;

static void range_done(struct tevent_req *req)
{
	struct range *range = tevent_req_callback_data_void(req);

	range->ok = primes_recv(req, &range->primes);
	pending--;
	talloc_free(req);
}

int main(int argc, char **argv)
{
	unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 4;
	unsigned jobs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 20;
	const unsigned size = 10000;
	struct tevent_context *ev = tevent_context_init(NULL);
	struct pool *pool = ev != NULL && threads > 0 ? pool_create(ev, ev, threads) : NULL;
	struct range *ranges = pool != NULL ? talloc_zero_array(pool, struct range, jobs) : NULL;
	struct tevent_req *req, *given_up;
	int status = 1;

	if (ranges == NULL) {
		fprintf(stderr, "no pool\n");
		goto out;
	}
	given_up = primes_send(ev, ev, pool, 0, size);
	for (unsigned i = 0; i < jobs; i++) {
		ranges[i] = (struct range){.from = i * size, .to = (i + 1) * size};
		req = primes_send(ev, ev, pool, ranges[i].from, ranges[i].to);
		if (req == NULL) {
			fprintf(stderr, "no memory\n");
			goto out;
		}
		tevent_req_set_callback(req, range_done, &ranges[i]);
		pending++;
	}
	talloc_free(given_up); /* its worker may be at it right now; the result goes nowhere */

	while (pending > 0) {
		if (tevent_loop_once(ev) != 0) {
			perror("tevent_loop_once");
			goto out;
		}
	}
	status = 0;
	for (unsigned i = 0; i < jobs; i++) {
		printf("from %u to %u: %u primes\n", ranges[i].from, ranges[i].to, ranges[i].primes);
		status = ranges[i].ok ? status : 1;
	}
out:
	talloc_free(ev);
	return status;
}
