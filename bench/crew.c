/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* A crew without an errand ends: bench_crew_free() uses this. */

#include "crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "driver.h"

struct member {
	struct bench_crew *crew;
	pthread_t thread;
	unsigned number;
};

struct bench_crew {
	pthread_barrier_t start;
	pthread_barrier_t end;
	bench_errand errand;
	void *private_data;
	unsigned size;
	struct member members[];
};

static void *serve(void *arg)
{
	const struct member *self = arg;
	struct bench_crew *crew = self->crew;
	for (;;) {
		pthread_barrier_wait(&crew->start);
		if (crew->errand == NULL) {
			return NULL;
		}
		crew->errand(self->number, crew->private_data);
		pthread_barrier_wait(&crew->end);
	}
}

struct bench_crew *bench_crew_create(unsigned threads)
{
	struct bench_crew *crew = calloc(1, sizeof(*crew) + threads * sizeof(struct member));
	BENCH_CHECK(crew != NULL);
	crew->size = threads;
	pthread_barrier_init(&crew->start, NULL, threads + 1);
	pthread_barrier_init(&crew->end, NULL, threads + 1);
	for (unsigned i = 0; i < threads; i++) {
		crew->members[i].crew = crew;
		crew->members[i].number = i;
		BENCH_CHECK(pthread_create(&crew->members[i].thread, NULL, serve, &crew->members[i]) == 0);
	}
	return crew;
}

void bench_crew_start(struct bench_crew *crew, bench_errand errand, void *private_data)
{
	crew->errand = errand;
	crew->private_data = private_data;
	pthread_barrier_wait(&crew->start);
}

void bench_crew_wait(struct bench_crew *crew)
{
	pthread_barrier_wait(&crew->end);
}

unsigned bench_crew_size(const struct bench_crew *crew)
{
	return crew->size;
}

void bench_crew_free(struct bench_crew *crew)
{
	bench_crew_start(crew, NULL, NULL);
	for (unsigned i = 0; i < crew->size; i++) {
		pthread_join(crew->members[i].thread, NULL);
	}
	pthread_barrier_destroy(&crew->start);
	pthread_barrier_destroy(&crew->end);
	free(crew);
}
