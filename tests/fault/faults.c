/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * See faults.h.  Sites live in a hash table that only grows between resets;
 * a slot is taken by exchanging its key, so there is nothing to lock.
 */

#include "faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { most_sites = 1024, call_shift = 56 };

struct slot {
	_Atomic uint64_t key; /* 0: free */
	atomic_uint count;
};

/* A plan is published by `planned_call` and read without a lock. */
struct board {
	struct slot slots[most_sites];
	atomic_uint counts[FAULT_CALLS];
	atomic_int planned_call; /* -1: none */
	_Atomic uint64_t planned_key;
	atomic_uint planned_nth;
	atomic_int planned_error;
	atomic_uint met;
	atomic_uint aborts;
	atomic_uint failed_assertions;
	atomic_llong last_call_ms;
};

static struct board *board;
static atomic_bool owned_descriptors[1 << 16]; /* by the library, in this process */
static __thread unsigned met_here;

static const struct {
	const char *name;
	int errors[6];
} calls[FAULT_CALLS] = {
	[FAULT_EPOLL_CREATE] = {"epoll_create1", {EMFILE, ENFILE, ENOMEM}},
	[FAULT_EPOLL_ADD] = {"epoll_ctl(ADD)", {ENOMEM, ENOSPC, EPERM, EBADF, EEXIST}},
	[FAULT_EPOLL_MOD] = {"epoll_ctl(MOD)", {ENOMEM, ENOSPC, EBADF, ENOENT}},
	[FAULT_EPOLL_DEL] = {"epoll_ctl(DEL)", {EBADF, ENOENT}},
	[FAULT_EPOLL_WAIT] = {"epoll_wait", {EINTR, EBADF}},
	[FAULT_POLL] = {"poll", {EINTR, ENOMEM}},
	[FAULT_EVENTFD] = {"eventfd", {EMFILE, ENFILE, ENOMEM}},
	[FAULT_PIPE] = {"pipe2", {EMFILE, ENFILE}},
	[FAULT_MARK_FILE] = {"fcntl(F_SETSIG)", {EINVAL, ENOMEM}},
	[FAULT_READ] = {"read", {EINTR}},
	[FAULT_WRITE] = {"write", {EINTR}},
	[FAULT_CLOSE] = {"close", {EINTR}},
	[FAULT_SIGACTION] = {"sigaction", {EINVAL}},
	[FAULT_ALLOCATION] = {"malloc", {ENOMEM}},
};

/* Before any constructor that may call the library, the library's own included: they are loaded after this. */
__attribute__((constructor(101))) static void start(void)
{
	void *memory = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		abort();
	}
	board = memory;
	atomic_store(&board->planned_call, -1);
}

const char *fault_call_name(enum fault_call call)
{
	return calls[call].name;
}

const int *fault_errors(enum fault_call call)
{
	return calls[call].errors;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t key_of(enum fault_call call, const void *site)
{
	return ((uint64_t)(call + 1) << call_shift) | (uint64_t)(uintptr_t)site;
}

static struct slot *slot_of(uint64_t key)
{
	size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) % most_sites;

	for (size_t tried = 0; tried < most_sites; tried++, at = (at + 1) % most_sites) {
		uint64_t there = 0;
		if (atomic_compare_exchange_strong(&board->slots[at].key, &there, key) || there == key) {
			return &board->slots[at];
		}
	}
	abort();
}

int fault_here(enum fault_call call, const void *site)
{
	uint64_t key = key_of(call, site), planned;
	unsigned of_site, of_call;

	atomic_store(&board->last_call_ms, now_ms());
	of_site = atomic_fetch_add(&slot_of(key)->count, 1) + 1;
	of_call = atomic_fetch_add(&board->counts[call], 1) + 1;
	if (atomic_load(&board->planned_call) != (int)call) {
		return 0;
	}
	planned = atomic_load(&board->planned_key);
	if ((planned == 0 ? of_call : planned == key ? of_site : 0) != atomic_load(&board->planned_nth)) {
		return 0;
	}
	atomic_store(&board->planned_call, -1);
	atomic_fetch_add(&board->met, 1);
	met_here++;
	return atomic_load(&board->planned_error);
}

void fault_descriptor(int fd, bool opened)
{
	if (fd >= 0 && (size_t)fd < sizeof(owned_descriptors) / sizeof(owned_descriptors[0])) {
		atomic_store(&owned_descriptors[fd], opened);
	}
}

void fault_abort(bool assertion)
{
	atomic_fetch_add(assertion ? &board->failed_assertions : &board->aborts, 1);
}

void faults_reset(void)
{
	memset(board, 0, sizeof(*board));
	atomic_store(&board->last_call_ms, now_ms());
	atomic_store(&board->planned_call, -1);
}

void faults_plan(enum fault_call call, const void *site, unsigned nth, int error)
{
	atomic_store(&board->planned_key, site != NULL ? key_of(call, site) : 0);
	atomic_store(&board->planned_nth, nth);
	atomic_store(&board->planned_error, error);
	atomic_store(&board->planned_call, (int)call);
}

unsigned faults_met(void)
{
	return atomic_load(&board->met);
}

unsigned faults_met_here(void)
{
	return met_here;
}

unsigned faults_count(enum fault_call call)
{
	return atomic_load(&board->counts[call]);
}

size_t faults_sites(struct fault_site *sites, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < most_sites && n < room; i++) {
		uint64_t key = atomic_load(&board->slots[i].key);
		if (key == 0) {
			continue;
		}
		sites[n].call = (enum fault_call)((key >> call_shift) - 1);
		sites[n].site = (const void *)(uintptr_t)(key & ((UINT64_C(1) << call_shift) - 1));
		sites[n].count = atomic_load(&board->slots[i].count);
		n++;
	}
	return n;
}

unsigned faults_aborts(void)
{
	return atomic_load(&board->aborts);
}

unsigned faults_failed_assertions(void)
{
	return atomic_load(&board->failed_assertions);
}

int faults_open_descriptors(void)
{
	int n = 0;

	for (size_t fd = 0; fd < sizeof(owned_descriptors) / sizeof(owned_descriptors[0]); fd++) {
		n += atomic_load(&owned_descriptors[fd]);
	}
	return n;
}

long long faults_idle_ms(void)
{
	return now_ms() - atomic_load(&board->last_call_ms);
}
