/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * In a sweep a call that failed because of the fault is repeated once,
 * immediately, as a program should do.
 *
 * The linker redirects the case's calls here (--wrap).  So a call that reports
 * its failure as documented counts like one that recovers: with the second try
 * the case has to pass as without a fault, and a failure with side effects
 * shows.
 *
 * If a fault causes no refusal but a request that finishes with NO_MEMORY, there
 * is nothing to repeat: told() records that the case may fail.
 */

#include "sweep_case.h"

#include <errno.h>

#define REPLACES(type, function)                                                                                       \
	__typeof__(function) __real_##function;                                                                        \
	__typeof__(function) __wrap_##function;                                                                        \
	type __wrap_##function

static bool met_since(unsigned met)
{
	return faults_met_here() != met;
}

/* Of nested calls only the innermost was hit. */
static bool is_first_try(void)
{
	static __thread bool tried;
	bool first = !tried;

	tried = true;
	return first;
}

/* A function's end: the value of `call`, repeated if it `failed` because of the fault (an expression on `result`). */
#define TRY_TWICE(type, call, failed)                                                                                  \
	do {                                                                                                           \
		unsigned met = faults_met_here();                                                                      \
		type result = call;                                                                                    \
		if ((failed) && met_since(met) && is_first_try()) {                                                    \
			result = call;                                                                                 \
		}                                                                                                      \
		return result;                                                                                         \
	} while (0)

#define TRY_FOR_NON_NULL(type, call) TRY_TWICE(type, call, result == NULL)
#define TRY_FOR_TRUE(call) TRY_TWICE(bool, call, !result)
#define TRY_FOR_ZERO(call) TRY_TWICE(int, call, result != 0)

/* ---- contexts, backends ---- */

REPLACES(struct tevent_context *, tevent_context_init)(TALLOC_CTX *mem_ctx)
{
	TRY_FOR_NON_NULL(struct tevent_context *, __real_tevent_context_init(mem_ctx));
}

REPLACES(struct tevent_context *, tevent_context_init_byname)(TALLOC_CTX *mem_ctx, const char *name)
{
	TRY_FOR_NON_NULL(struct tevent_context *, __real_tevent_context_init_byname(mem_ctx, name));
}

REPLACES(struct tevent_context *, tevent_context_init_ops)
(TALLOC_CTX *mem_ctx, const struct tevent_ops *ops, void *additional_data)
{
	TRY_FOR_NON_NULL(struct tevent_context *, __real_tevent_context_init_ops(mem_ctx, ops, additional_data));
}

REPLACES(struct tevent_context *, _tevent_context_wrapper_create)
(struct tevent_context *main_ev, TALLOC_CTX *mem_ctx, const struct tevent_wrapper_ops *ops, void *pstate, size_t psize,
 const char *type, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_context *,
			 __real__tevent_context_wrapper_create(main_ev, mem_ctx, ops, pstate, psize, type, location));
}

REPLACES(int, tevent_re_initialise)(struct tevent_context *ev)
{
	TRY_FOR_ZERO(__real_tevent_re_initialise(ev));
}

REPLACES(const char **, tevent_backend_list)(TALLOC_CTX *mem_ctx)
{
	TRY_FOR_NON_NULL(const char **, __real_tevent_backend_list(mem_ctx));
}

REPLACES(bool, tevent_register_backend)(const char *name, const struct tevent_ops *ops)
{
	TRY_FOR_TRUE(__real_tevent_register_backend(name, ops));
}

/* It cannot report a failure. */
REPLACES(void, tevent_set_default_backend)(const char *backend)
{
	unsigned met = faults_met_here();

	__real_tevent_set_default_backend(backend);
	if (met_since(met)) {
		__real_tevent_set_default_backend(backend);
	}
}

/* ---- the loop: an interrupted wait, and one that poll fails, is a turn with nothing run (C11, C12); no memory for one
 * is -1 ---- */

REPLACES(int, _tevent_loop_once)(struct tevent_context *ev, const char *location)
{
	TRY_TWICE(int, __real__tevent_loop_once(ev, location),
		  (result == 0 && fault_ends_a_wait()) || (result == -1 && errno == ENOMEM));
}

REPLACES(int, _tevent_loop_wait)(struct tevent_context *ev, const char *location)
{
	TRY_TWICE(int, __real__tevent_loop_wait(ev, location), result == -1 && errno == ENOMEM);
}

REPLACES(int, _tevent_loop_until)
(struct tevent_context *ev, bool (*finished)(void *), void *private_data, const char *location)
{
	TRY_TWICE(int, __real__tevent_loop_until(ev, finished, private_data, location),
		  result == -1 && errno == ENOMEM);
}

REPLACES(bool, tevent_req_poll)(struct tevent_req *req, struct tevent_context *ev)
{
	TRY_TWICE(bool, __real_tevent_req_poll(req, ev), !result && errno == ENOMEM);
}

/* ---- events ---- */

REPLACES(struct tevent_fd *, _tevent_add_fd)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags, tevent_fd_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_fd *,
			 __real__tevent_add_fd(ev, mem_ctx, fd, flags, handler, private_data, handler_name, location));
}

/* It cannot report a failure, but the flags stay as they were. */
REPLACES(void, tevent_fd_set_flags)(struct tevent_fd *fde, uint16_t flags)
{
	unsigned met = faults_met_here();

	__real_tevent_fd_set_flags(fde, flags);
	if (met_since(met) && tevent_fd_get_flags(fde) != flags) {
		__real_tevent_fd_set_flags(fde, flags);
	}
}

REPLACES(struct tevent_timer *, _tevent_add_timer)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when, tevent_timer_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_timer *,
			 __real__tevent_add_timer(ev, mem_ctx, when, handler, private_data, handler_name, location));
}

REPLACES(struct tevent_signal *, _tevent_add_signal)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags, tevent_signal_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_signal *, __real__tevent_add_signal(ev, mem_ctx, signum, sa_flags, handler,
									   private_data, handler_name, location));
}

REPLACES(struct tevent_immediate *, _tevent_create_immediate)(TALLOC_CTX *mem_ctx, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_immediate *, __real__tevent_create_immediate(mem_ctx, location));
}

/* ---- requests ---- */

REPLACES(struct tevent_req *, __tevent_req_create)
(TALLOC_CTX *mem_ctx, void *pstate, size_t state_size, const char *type, const char *func, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_req *,
			 __real___tevent_req_create(mem_ctx, pstate, state_size, type, func, location));
}

REPLACES(struct tevent_req *, _tevent_req_create)
(TALLOC_CTX *mem_ctx, void *pstate, size_t state_size, const char *type, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_req *, __real__tevent_req_create(mem_ctx, pstate, state_size, type, location));
}

REPLACES(bool, tevent_req_set_endtime)(struct tevent_req *req, struct tevent_context *ev, struct timeval endtime)
{
	unsigned met = faults_met_here();
	bool result = __real_tevent_req_set_endtime(req, ev, endtime);

	if (met_since(met)) {
		told();
	}
	return result;
}

REPLACES(bool, tevent_req_set_profile)(struct tevent_req *req)
{
	unsigned met = faults_met_here();
	bool result = __real_tevent_req_set_profile(req);

	if (met_since(met)) {
		told();
	}
	return result;
}

/* NULL, or a request that finishes with NO_MEMORY. */
REPLACES(struct tevent_req *, tevent_wakeup_send)
(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct timeval wakeup_time)
{
	unsigned met = faults_met_here();
	struct tevent_req *req = __real_tevent_wakeup_send(mem_ctx, ev, wakeup_time);

	if (req == NULL) {
		return __real_tevent_wakeup_send(mem_ctx, ev, wakeup_time);
	}
	if (met_since(met)) {
		told();
	}
	return req;
}

REPLACES(struct tevent_req *, tevent_queue_wait_send)
(TALLOC_CTX *mem_ctx, struct tevent_context *ev, struct tevent_queue *queue)
{
	unsigned met = faults_met_here();
	struct tevent_req *req = __real_tevent_queue_wait_send(mem_ctx, ev, queue);

	if (req == NULL) {
		return __real_tevent_queue_wait_send(mem_ctx, ev, queue);
	}
	if (met_since(met)) {
		told();
	}
	return req;
}

REPLACES(char *, tevent_req_print)(TALLOC_CTX *mem_ctx, struct tevent_req *req)
{
	TRY_FOR_NON_NULL(char *, __real_tevent_req_print(mem_ctx, req));
}

REPLACES(char *, tevent_req_default_print)(struct tevent_req *req, TALLOC_CTX *mem_ctx)
{
	TRY_FOR_NON_NULL(char *, __real_tevent_req_default_print(req, mem_ctx));
}

REPLACES(struct tevent_req_profile *, tevent_req_profile_create)(TALLOC_CTX *mem_ctx)
{
	TRY_FOR_NON_NULL(struct tevent_req_profile *, __real_tevent_req_profile_create(mem_ctx));
}

REPLACES(bool, tevent_req_profile_set_name)(struct tevent_req_profile *profile, const char *name)
{
	TRY_FOR_TRUE(__real_tevent_req_profile_set_name(profile, name));
}

REPLACES(bool, tevent_req_profile_set_start)
(struct tevent_req_profile *profile, const char *location, struct timeval time)
{
	TRY_FOR_TRUE(__real_tevent_req_profile_set_start(profile, location, time));
}

REPLACES(bool, tevent_req_profile_set_stop)
(struct tevent_req_profile *profile, const char *location, struct timeval time)
{
	TRY_FOR_TRUE(__real_tevent_req_profile_set_stop(profile, location, time));
}

/* ---- queues ---- */

REPLACES(struct tevent_queue *, _tevent_queue_create)(TALLOC_CTX *mem_ctx, const char *name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_queue *, __real__tevent_queue_create(mem_ctx, name, location));
}

REPLACES(bool, _tevent_queue_add)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 const char *trigger_name, void *private_data)
{
	TRY_FOR_TRUE(__real__tevent_queue_add(queue, ev, req, trigger, trigger_name, private_data));
}

REPLACES(struct tevent_queue_entry *, _tevent_queue_add_entry)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 const char *trigger_name, void *private_data)
{
	TRY_FOR_NON_NULL(struct tevent_queue_entry *,
			 __real__tevent_queue_add_entry(queue, ev, req, trigger, trigger_name, private_data));
}

REPLACES(struct tevent_queue_entry *, _tevent_queue_add_optimize_empty)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 const char *trigger_name, void *private_data)
{
	TRY_FOR_NON_NULL(struct tevent_queue_entry *,
			 __real__tevent_queue_add_optimize_empty(queue, ev, req, trigger, trigger_name, private_data));
}

REPLACES(bool, tevent_queue_add)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 void *private_data)
{
	TRY_FOR_TRUE(__real_tevent_queue_add(queue, ev, req, trigger, private_data));
}

REPLACES(struct tevent_queue_entry *, tevent_queue_add_entry)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 void *private_data)
{
	TRY_FOR_NON_NULL(struct tevent_queue_entry *,
			 __real_tevent_queue_add_entry(queue, ev, req, trigger, private_data));
}

REPLACES(struct tevent_queue_entry *, tevent_queue_add_optimize_empty)
(struct tevent_queue *queue, struct tevent_context *ev, struct tevent_req *req, tevent_queue_trigger_fn_t trigger,
 void *private_data)
{
	TRY_FOR_NON_NULL(struct tevent_queue_entry *,
			 __real_tevent_queue_add_optimize_empty(queue, ev, req, trigger, private_data));
}

/* ---- threads ---- */

REPLACES(struct tevent_threaded_context *, tevent_threaded_context_create)
(TALLOC_CTX *mem_ctx, struct tevent_context *ev)
{
	TRY_FOR_NON_NULL(struct tevent_threaded_context *, __real_tevent_threaded_context_create(mem_ctx, ev));
}

REPLACES(struct tevent_thread_proxy *, tevent_thread_proxy_create)(struct tevent_context *dest_ev_ctx)
{
	TRY_FOR_NON_NULL(struct tevent_thread_proxy *, __real_tevent_thread_proxy_create(dest_ev_ctx));
}

/* T5: without memory it does nothing and the caller keeps both. */
REPLACES(void, tevent_thread_proxy_schedule)
(struct tevent_thread_proxy *tp, struct tevent_immediate **pp_im, tevent_immediate_handler_t handler,
 void *pp_private_data)
{
	unsigned met = faults_met_here();

	__real_tevent_thread_proxy_schedule(tp, pp_im, handler, pp_private_data);
	if (*pp_im != NULL && met_since(met)) {
		__real_tevent_thread_proxy_schedule(tp, pp_im, handler, pp_private_data);
	}
}

/* ---- the exported helpers that no header declares ---- */

int tevent_common_wakeup_init(struct tevent_context *ev);
struct tevent_timer *tevent_common_add_timer(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
					     tevent_timer_handler_t handler, void *private_data,
					     const char *handler_name, const char *location);
struct tevent_timer *tevent_common_add_timer_v2(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when,
						tevent_timer_handler_t handler, void *private_data,
						const char *handler_name, const char *location);
struct tevent_fd *tevent_common_add_fd(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags,
				       tevent_fd_handler_t handler, void *private_data, const char *handler_name,
				       const char *location);
struct tevent_signal *tevent_common_add_signal(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags,
					       tevent_signal_handler_t handler, void *private_data,
					       const char *handler_name, const char *location);

REPLACES(int, tevent_common_wakeup_init)(struct tevent_context *ev)
{
	TRY_FOR_ZERO(__real_tevent_common_wakeup_init(ev));
}

REPLACES(struct tevent_timer *, tevent_common_add_timer)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when, tevent_timer_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_timer *, __real_tevent_common_add_timer(ev, mem_ctx, when, handler, private_data,
									       handler_name, location));
}

REPLACES(struct tevent_timer *, tevent_common_add_timer_v2)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, struct timeval when, tevent_timer_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(
		struct tevent_timer *,
		__real_tevent_common_add_timer_v2(ev, mem_ctx, when, handler, private_data, handler_name, location));
}

REPLACES(struct tevent_fd *, tevent_common_add_fd)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int fd, uint16_t flags, tevent_fd_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_fd *, __real_tevent_common_add_fd(ev, mem_ctx, fd, flags, handler, private_data,
									 handler_name, location));
}

REPLACES(struct tevent_signal *, tevent_common_add_signal)
(struct tevent_context *ev, TALLOC_CTX *mem_ctx, int signum, int sa_flags, tevent_signal_handler_t handler,
 void *private_data, const char *handler_name, const char *location)
{
	TRY_FOR_NON_NULL(struct tevent_signal *, __real_tevent_common_add_signal(ev, mem_ctx, signum, sa_flags, handler,
										 private_data, handler_name, location));
}
