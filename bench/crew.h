/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* Threads that wait, then all run one errand at once, and wait again. */

#ifndef BENCH_CREW_H
#define BENCH_CREW_H

typedef void (*bench_errand)(unsigned thread, void *private_data);

struct bench_crew;

struct bench_crew *bench_crew_create(unsigned threads);
/* Returns at once; bench_crew_wait() returns when each of them is done. */
void bench_crew_start(struct bench_crew *crew, bench_errand errand, void *private_data);
void bench_crew_wait(struct bench_crew *crew);
unsigned bench_crew_size(const struct bench_crew *crew);
void bench_crew_free(struct bench_crew *crew);

#endif
