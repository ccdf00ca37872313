/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * A locked list, as programs build it if a library can only be woken from another thread, not handed work.  The
 * thread that finds it empty has to wake the loop.
 */

#ifndef BENCH_MAILBOX_H
#define BENCH_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct bench_letter {
	struct bench_letter *next;
};

struct bench_mailbox {
	pthread_mutex_t lock;
	struct bench_letter *first;
	struct bench_letter **end;
};

static inline void bench_mailbox_init(struct bench_mailbox *box)
{
	pthread_mutex_init(&box->lock, NULL);
	box->first = NULL;
	box->end = &box->first;
}

/* True when it was empty. */
static inline bool bench_mailbox_put(struct bench_mailbox *box, struct bench_letter *letter)
{
	letter->next = NULL;
	pthread_mutex_lock(&box->lock);
	const bool was_empty = box->first == NULL;
	*box->end = letter;
	box->end = &letter->next;
	pthread_mutex_unlock(&box->lock);
	return was_empty;
}

/* All of them, in order of arrival. */
static inline struct bench_letter *bench_mailbox_take(struct bench_mailbox *box)
{
	pthread_mutex_lock(&box->lock);
	struct bench_letter *first = box->first;
	box->first = NULL;
	box->end = &box->first;
	pthread_mutex_unlock(&box->lock);
	return first;
}

#endif
