/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The functions that came after 0.14.1, bound at run time.
 *
 * A binary that imports a symbol of TEVENT_0.15.0 does not even start with a
 * 0.14.1 library, but the behaviour tests have to run on both.  So the test
 * binary defines these names itself.  Each calls the library's function where
 * there is one, else the older function that takes no name.  A function
 * without such a predecessor fails; tests of these are marked with
 * NEWER_THAN_ORACLE and never call it.
 */

#define _GNU_SOURCE 1
#include "support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void *newer(const char *name, const char *version)
{
	return dlvsym(RTLD_NEXT, name, version);
}

#define BIND(name, version) \
	static __typeof__(name) *real; \
	if (real == NULL) { \
		real = (__typeof__(name) *)(uintptr_t)newer(#name, version); \
	}

#define MISSING(name) \
	do { \
		fprintf(stderr, "%s: not in the library under test\n", name); \
		abort(); \
	} while (0)

struct tevent_req *__tevent_req_create(TALLOC_CTX *mem_ctx, void *pstate, size_t state_size,
				       const char *type, const char *func, const char *location)
{
	BIND(__tevent_req_create, "TEVENT_0.15.0");
	return real != NULL ? real(mem_ctx, pstate, state_size, type, func, location)
			    : _tevent_req_create(mem_ctx, pstate, state_size, type, location);
}

void _tevent_req_set_callback(struct tevent_req *req, tevent_req_fn fn, const char *fn_name, void *pvt)
{
	BIND(_tevent_req_set_callback, "TEVENT_0.15.0");
	if (real != NULL) {
		real(req, fn, fn_name, pvt);
	} else {
		(tevent_req_set_callback)(req, fn, pvt);
	}
}

void _tevent_req_set_cancel_fn(struct tevent_req *req, tevent_req_cancel_fn fn, const char *fn_name)
{
	BIND(_tevent_req_set_cancel_fn, "TEVENT_0.15.0");
	if (real != NULL) {
		real(req, fn, fn_name);
	} else {
		(tevent_req_set_cancel_fn)(req, fn);
	}
}

void _tevent_req_set_cleanup_fn(struct tevent_req *req, tevent_req_cleanup_fn fn, const char *fn_name)
{
	BIND(_tevent_req_set_cleanup_fn, "TEVENT_0.15.0");
	if (real != NULL) {
		real(req, fn, fn_name);
	} else {
		(tevent_req_set_cleanup_fn)(req, fn);
	}
}

bool _tevent_queue_add(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req,
		       tevent_queue_trigger_fn_t trigger, const char *trigger_name, void *private_data)
{
	BIND(_tevent_queue_add, "TEVENT_0.15.0");
	return real != NULL ? real(queue, ev, req, trigger, trigger_name, private_data)
			    : (tevent_queue_add)(queue, ev, req, trigger, private_data);
}

struct tevent_queue_entry *_tevent_queue_add_entry(struct tevent_queue *queue, struct tevent_context *ev,
						   struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
						   const char *trigger_name, void *private_data)
{
	BIND(_tevent_queue_add_entry, "TEVENT_0.15.0");
	return real != NULL ? real(queue, ev, req, trigger, trigger_name, private_data)
			    : (tevent_queue_add_entry)(queue, ev, req, trigger, private_data);
}

struct tevent_queue_entry *_tevent_queue_add_optimize_empty(struct tevent_queue *queue, struct tevent_context *ev,
							    struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
							    const char *trigger_name, void *private_data)
{
	BIND(_tevent_queue_add_optimize_empty, "TEVENT_0.15.0");
	return real != NULL ? real(queue, ev, req, trigger, trigger_name, private_data)
			    : (tevent_queue_add_optimize_empty)(queue, ev, req, trigger, private_data);
}

void _tevent_thread_call_depth_reset_from_req(struct tevent_req *req, const char *fname)
{
	BIND(_tevent_thread_call_depth_reset_from_req, "TEVENT_0.15.0");
	if (real != NULL) {
		real(req, fname);
	} else {
		(tevent_thread_call_depth_reset_from_req)(req);
	}
}

void tevent_thread_call_depth_set_callback(tevent_call_depth_callback_t f, void *private_data)
{
	BIND(tevent_thread_call_depth_set_callback, "TEVENT_0.15.0");
	if (real == NULL) {
		MISSING("tevent_thread_call_depth_set_callback");
	}
	real(f, private_data);
}

enum tevent_debug_level tevent_set_max_debug_level(struct tevent_context *ev, enum tevent_debug_level max_level)
{
	BIND(tevent_set_max_debug_level, "TEVENT_0.15.0");
	if (real == NULL) {
		MISSING("tevent_set_max_debug_level");
	}
	return real(ev, max_level);
}

uint32_t tevent_context_set_wait_timeout(struct tevent_context *ev, uint32_t secs)
{
	BIND(tevent_context_set_wait_timeout, "TEVENT_0.17.0");
	if (real == NULL) {
		MISSING("tevent_context_set_wait_timeout");
	}
	return real(ev, secs);
}

void tevent_reset_immediate(struct tevent_immediate *im)
{
	BIND(tevent_reset_immediate, "TEVENT_0.17.0");
	if (real == NULL) {
		MISSING("tevent_reset_immediate");
	}
	real(im);
}

void tevent_common_immediate_cancel(struct tevent_immediate *im);
void tevent_common_immediate_cancel(struct tevent_immediate *im)
{
	void (*real)(struct tevent_immediate *) = (void (*)(struct tevent_immediate *))(uintptr_t)
		newer("tevent_common_immediate_cancel", "TEVENT_0.17.0");
	if (real == NULL) {
		MISSING("tevent_common_immediate_cancel");
	}
	real(im);
}
