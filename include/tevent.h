/* SPDX-License-Identifier: LGPL-3.0-or-later */

#ifndef __TEVENT_H__
#define __TEVENT_H__

#include <stdint.h>
#include <talloc.h>
#include <sys/time.h>
#include <sys/types.h>
#include <stdbool.h>

/**
 * @file tevent.h
 * The complete public interface of libtevent. tevent(7) explains the concepts;
 * each function has a man page with an example.
 *
 * The following applies throughout:
 *
 * - Memory: every object is a talloc chunk. A function's @a mem_ctx becomes the
 *   talloc parent of the new object. talloc_free() is the only free function;
 *   freeing an event, or one of its parents, detaches the event from its loop.
 *   Out of memory is reported to the caller: NULL or false.
 * - Attached and detached: an event is attached to its loop when it is added or
 *   scheduled. It is detached when it has run (timers and immediates), when it
 *   is cancelled or freed, and when its context is freed or re-initialised. The
 *   handler of a detached event is not called.
 * - Private data is passed to the handler unchanged. The caller owns it.
 *   Requires: private data is valid as long as the event.
 * - Freeing inside handlers: a handler may free its own event, the talloc
 *   parent of that event, or any other event. For its own event talloc_free()
 *   returns -1: the event is detached immediately, and its memory is freed when
 *   the handler returns. Freeing it a second time in the handler aborts
 *   (tevent_set_abort_fn()). Requires: no handler frees the context of its own
 *   loop.
 * - Threads: a context and all objects that belong to it are used by one thread
 *   at a time; talloc does no locking. Functions that other threads may call
 *   are marked "Thread: any". Different threads may use different contexts.
 * - fork(): the child has copies of all contexts and events. It may use and
 *   free them without affecting the parent; tevent_re_initialise() detaches all
 *   events of a context.
 * - NULL as the object: accepted by the flag, close function and tag functions
 *   of fd events, by all other tag functions, by tevent_req_print(), and by
 *   functions that say so.
 * - Handler names and locations: many functions are macros around a function
 *   whose name begins with an underscore. The macro adds the name of the
 *   handler and the source location of the call as string literals, for debug
 *   messages. Some macros were added in 0.15.0 and share their name with an
 *   exported function: @c (tevent_queue_add)(...) calls that function and
 *   @c &tevent_queue_add is its address. All of these macros are expressions.
 * - Releases: "since" is the interface release that added a declaration.
 *   Declarations without it have existed since 0.9.9.
 *
 * Define @c TEVENT_DEPRECATED before the include for the deprecated
 * declarations, and @c TEVENT_COMPAT_DEFINES for the names used before the
 * library was called tevent.
 */

#ifndef __has_attribute
#define __has_attribute(x) 0
#endif

#ifdef TEVENT_DEPRECATED
#ifndef _DEPRECATED_
#if __has_attribute(deprecated) || (__GNUC__ >= 3)
#define _DEPRECATED_ __attribute__ ((deprecated))
#else
#define _DEPRECATED_
#endif
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* All of these are opaque, except struct tevent_ops. */
struct tevent_context;
struct tevent_ops;
struct tevent_fd;
struct tevent_timer;
struct tevent_immediate;
struct tevent_signal;
struct tevent_req;
struct tevent_req_profile;
struct tevent_queue;
struct tevent_queue_entry;
struct tevent_thread_proxy;
struct tevent_threaded_context;

/* ---- Contexts ------------------------------------------------------------ */

/**
 * @defgroup tevent_contexts Contexts
 *
 * A program creates a context, adds events, and runs tevent_loop_wait() or
 * tevent_loop_once() on it. A library takes the context from its caller.
 *
 * Backends: a context uses a backend to wait for file descriptors:
 *
 * - @c standard, the default: epoll, with poll as the fallback if epoll is
 *   unavailable or refuses a descriptor (a regular file, for example). The
 *   switch is transparent to the program, loses no event and is permanent.
 * - @c epoll: epoll(7) only. If no epoll instance is available, creating the
 *   context fails; anything else that makes @c standard switch to poll ends the
 *   program by abort(3).
 * - @c poll: poll(2). A regular file is always ready.
 * - @c poll_mt: @c poll for programs in which other threads add, change or free
 *   fd events and schedule immediates while the loop's thread waits. Each such
 *   change ends the wait. Requires: the program holds a lock of its own around
 *   every use of the context except the wait. It releases the lock at
 *   TEVENT_TRACE_BEFORE_WAIT and takes it again at TEVENT_TRACE_AFTER_WAIT.
 *
 * Freeing: talloc_free() on a context first detaches all its events; none of
 * their handlers is called again. Events with another talloc parent remain
 * valid memory and are safe to use: fd flags read as 0 and can't be set, an
 * immediate can be scheduled on another context, and all of them can be freed.
 *
 * After fork() the child may use its copy unchanged; nothing that it does
 * affects the parent. A child that needs none of the parent's events calls
 * tevent_re_initialise() or frees the context.
 * @{
 */

/**
 * Create a context with the default backend.
 *
 * Thread: any that may allocate from @a mem_ctx.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @return The context; NULL if out of memory or if the backend can't start (no
 *     free file descriptor, for example). errno is not set.
 */
struct tevent_context *tevent_context_init(TALLOC_CTX *mem_ctx);

/**
 * Create a context with a named backend.
 *
 * Thread: any that may allocate from @a mem_ctx.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param name A name from tevent_backend_list(); NULL for the default.
 * @return The context; NULL if the name is unknown, if out of memory or if the
 *     backend can't start. errno is not set.
 */
struct tevent_context *tevent_context_init_byname(TALLOC_CTX *mem_ctx,
						  const char *name);

/**
 * Create a context with a table of backend functions.
 *
 * tevent_register_backend() describes how to build a table.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param ops The table, which is not copied. Requires: valid as long as the
 *     context.
 * @param additional_data Data for the table's own use. The @c context_init of a
 *     built-in table expects a talloc chunk and may free it; pass NULL.
 * @return The context; NULL if out of memory or if @c ops->context_init
 *     returned non-zero. errno is not set.
 * @since 0.9.16
 */
struct tevent_context *tevent_context_init_ops(TALLOC_CTX *mem_ctx,
					       const struct tevent_ops *ops,
					       void *additional_data);

/**
 * List the names of all backends.
 *
 * Thread: any, also concurrently.
 *
 * @param mem_ctx Talloc parent of the list, or NULL.
 * @return A NULL-terminated array, latest registration first. The strings are
 *     talloc children of the array. NULL if out of memory.
 */
const char **tevent_backend_list(TALLOC_CTX *mem_ctx);

/**
 * Set the backend for contexts created without a name.
 *
 * Applies to the whole process and to contexts created after the call. Intended
 * for program start, before any threads are created.
 *
 * @param backend The name, which is copied and looked up when a context is
 *     created; NULL restores @c standard.
 */
void tevent_set_default_backend(const char *backend);

/**
 * Reset a context to an empty one at the same address.
 *
 * Intended for the child after fork(). Detaches all events, as freeing the
 * context does, and restarts the backend. The pointer stays valid. The debug
 * function and level, the trace callbacks, the wait timeout and "nesting
 * allowed" are kept; the nesting hook is removed. May be called inside a
 * handler of this context; the turn that called the handler then ends without
 * an error.
 *
 * @param ev The context. Requires: not a wrapper; otherwise aborts
 *     (tevent_set_abort_fn()), or returns -1 with errno ENOSYS.
 * @return 0, or non-zero if the backend can't start; then free the context or
 *     call this function again.
 */
int tevent_re_initialise(struct tevent_context *ev);

/**
 * Return the process id without a system call.
 *
 * Equals getpid(), also in a forked child. Thread: any.
 *
 * @return The process id.
 * @since 0.13.0
 */
pid_t tevent_cached_getpid(void);

/** @} */

/* ---- File descriptor events ---------------------------------------------- */

/**
 * @defgroup tevent_fd_events File descriptor events
 *
 * An fd event calls its handler while its file descriptor is ready. Readiness
 * is a state, not a change: as long as the fd is ready and the event requests
 * that condition, the handler is called repeatedly. Only conditions that hold
 * at the time of the call are reported.
 *
 * Any number of events may watch one fd, in one context or in several. Events
 * that request the same condition are served in turn.
 *
 * Free the event before closing the fd, or let the event close it
 * (tevent_fd_set_auto_close()).
 * @{
 */

/**
 * Reading does not block: there is data, the end of the file, or an error to
 * fetch. Also set when the peer has closed its side.
 */
#define TEVENT_FD_READ 1

/**
 * Writing does not block.
 *
 * An event that requests only this flag is not called while the fd has an error
 * or is hung up. If no other event requests TEVENT_FD_READ or TEVENT_FD_ERROR
 * on the fd at that time, TEVENT_FD_WRITE is removed from the event's flags, so
 * that the loop does not spin; tevent_fd_get_flags() reflects this.
 */
#define TEVENT_FD_WRITE 2

/**
 * The peer has closed its side, the fd is hung up or has an error. Reported
 * together with TEVENT_FD_WRITE if that is requested and also true. Readable
 * data alone does not set it.
 *
 * @since 0.16.0
 */
#define TEVENT_FD_ERROR 4

/**
 * Handler of an fd event, called when the fd is ready.
 * @param ev The context that the event was added to.
 * @param fde The event.
 * @param flags The conditions that hold, limited to those the event requests.
 * @param private_data As passed to tevent_add_fd().
 */
typedef void (*tevent_fd_handler_t)(struct tevent_context *ev,
				    struct tevent_fd *fde,
				    uint16_t flags,
				    void *private_data);

/**
 * Close function of an fd event, called when the event is freed.
 *
 * The event is already detached; its memory and tag are still valid.
 *
 * @param ev The event's context, or the main context if that is a wrapper; NULL
 *     if the event was detached before it was freed.
 * @param fde The event.
 * @param fd The file descriptor.
 * @param private_data As passed to tevent_add_fd().
 */
typedef void (*tevent_fd_close_fn_t)(struct tevent_context *ev,
				     struct tevent_fd *fde,
				     int fd,
				     void *private_data);

/**
 * Watch a file descriptor.
 *
 * An fd that is not open need not be detected by this call: the event is
 * returned anyway, is detached at the next wait at the latest, and an
 * ERROR-level debug message reports it.
 *
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL for @a ev.
 * @param fd The file descriptor; the caller keeps ownership.
 * @param flags Any combination of TEVENT_FD_READ, TEVENT_FD_WRITE and
 *     TEVENT_FD_ERROR. With 0 the handler is not called and the event does not
 *     keep tevent_loop_wait() running.
 * @param handler The handler.
 * @param private_data Passed to the handler.
 * @return The event; NULL if @a fd is negative or if out of memory. errno is
 *     not set.
 */
#ifdef DOXYGEN
struct tevent_fd *tevent_add_fd(struct tevent_context *ev,
				TALLOC_CTX *mem_ctx,
				int fd,
				uint16_t flags,
				tevent_fd_handler_t handler,
				void *private_data);
#else
struct tevent_fd *_tevent_add_fd(struct tevent_context *ev,
				 TALLOC_CTX *mem_ctx,
				 int fd,
				 uint16_t flags,
				 tevent_fd_handler_t handler,
				 void *private_data,
				 const char *handler_name,
				 const char *location);
#define tevent_add_fd(ev, mem_ctx, fd, flags, handler, private_data) \
	_tevent_add_fd(ev, mem_ctx, fd, flags, handler, private_data, \
		       #handler, __location__)
#endif

/**
 * Return the event's flags.
 * @param fde The event, or NULL.
 * @return The flags as set; 0 for NULL and for a detached event.
 */
uint16_t tevent_fd_get_flags(struct tevent_fd *fde);

/**
 * Replace the event's flags.
 *
 * Does nothing for NULL and for a detached event. Setting the current flags
 * again costs nothing.
 *
 * @param fde The event, or NULL.
 * @param flags The new flags.
 */
void tevent_fd_set_flags(struct tevent_fd *fde, uint16_t flags);

#ifdef DOXYGEN
/**
 *  @brief Add TEVENT_FD_READ to the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 */
void TEVENT_FD_READABLE(struct tevent_fd *fde);
/**
 *  @brief Remove TEVENT_FD_READ from the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 */
void TEVENT_FD_NOT_READABLE(struct tevent_fd *fde);
/**
 *  @brief Add TEVENT_FD_WRITE to the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 */
void TEVENT_FD_WRITEABLE(struct tevent_fd *fde);
/**
 *  @brief Remove TEVENT_FD_WRITE from the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 */
void TEVENT_FD_NOT_WRITEABLE(struct tevent_fd *fde);
/**
 *  @brief Add TEVENT_FD_ERROR to the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 * @since 0.16.0
 */
void TEVENT_FD_WANTERROR(struct tevent_fd *fde);
/**
 *  @brief Remove TEVENT_FD_ERROR from the event's flags.
 * @param fde The event, or NULL; evaluated twice.
 * @since 0.16.0
 */
void TEVENT_FD_NOT_WANTERROR(struct tevent_fd *fde);
#else
#define TEVENT_FD_READABLE(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) | TEVENT_FD_READ)
#define TEVENT_FD_NOT_READABLE(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) & (0xffff & ~TEVENT_FD_READ))
#define TEVENT_FD_WRITEABLE(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) | TEVENT_FD_WRITE)
#define TEVENT_FD_NOT_WRITEABLE(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) & (0xffff & ~TEVENT_FD_WRITE))
#define TEVENT_FD_WANTERROR(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) | TEVENT_FD_ERROR)
#define TEVENT_FD_NOT_WANTERROR(fde) \
	tevent_fd_set_flags(fde, tevent_fd_get_flags(fde) & (0xffff & ~TEVENT_FD_ERROR))
#endif

/**
 * Set the function to call when the event is freed.
 *
 * Replaces the previous close function, including the one set by
 * tevent_fd_set_auto_close(). The function is called once. Does nothing for
 * NULL and for a detached event; a function set while the event was attached is
 * still called.
 *
 * @param fde The event, or NULL.
 * @param close_fn The close function; NULL for none.
 */
void tevent_fd_set_close_fn(struct tevent_fd *fde,
			    tevent_fd_close_fn_t close_fn);

/**
 * Close the file descriptor when the event is freed.
 *
 * The event then owns the fd. Replaces the close function; otherwise as
 * tevent_fd_set_close_fn().
 *
 * @param fde The event, or NULL.
 */
void tevent_fd_set_auto_close(struct tevent_fd *fde);

/**
 * Set the caller's tag.
 *
 * A tag is a number for the program's use, in trace callbacks for example. The
 * library does not interpret it. It is initially 0.
 *
 * @param fde The event; does nothing for NULL.
 * @param tag The tag.
 * @since 0.11.0
 */
void tevent_fd_set_tag(struct tevent_fd *fde, uint64_t tag);

/**
 * Return the caller's tag.
 * @param fde The event, or NULL.
 * @return The tag; 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_fd_get_tag(const struct tevent_fd *fde);

/** @} */

/* ---- Timers -------------------------------------------------------------- */

/**
 * @defgroup tevent_timers Timers
 *
 * A timer calls its handler once, at a given time. Times are wall-clock times
 * as returned by gettimeofday(2). Timers run in order of their times, and
 * timers with equal times in the order in which they were added; one per turn
 * of the loop, and never early.
 *
 * A timer runs once and is freed after its handler has returned; to repeat, add
 * a new timer in the handler.
 * @{
 */

/**
 * Handler of a timer, called when its time is reached.
 * @param ev The context that the timer was added to.
 * @param te The timer, which has already left the loop. The handler may free
 *     it; tevent_update_timer() has no effect on it.
 * @param current_time The time at which the timer was found due; zero for a
 *     timer with a zero time.
 * @param private_data As passed to tevent_add_timer().
 */
typedef void (*tevent_timer_handler_t)(struct tevent_context *ev,
				       struct tevent_timer *te,
				       struct timeval current_time,
				       void *private_data);

/**
 * Add a timer.
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL for @a ev. Freeing the timer cancels it.
 * @param next_event The time. A time in the past is due immediately; a zero
 *     time is due before all others.
 * @param handler The handler.
 * @param private_data Passed to the handler.
 * @return The timer; NULL if out of memory.
 */
#ifdef DOXYGEN
struct tevent_timer *tevent_add_timer(struct tevent_context *ev,
				      TALLOC_CTX *mem_ctx,
				      struct timeval next_event,
				      tevent_timer_handler_t handler,
				      void *private_data);
#else
struct tevent_timer *_tevent_add_timer(struct tevent_context *ev,
				       TALLOC_CTX *mem_ctx,
				       struct timeval next_event,
				       tevent_timer_handler_t handler,
				       void *private_data,
				       const char *handler_name,
				       const char *location);
#define tevent_add_timer(ev, mem_ctx, next_event, handler, private_data) \
	_tevent_add_timer(ev, mem_ctx, next_event, handler, private_data, \
			  #handler, __location__)
#endif

/**
 * Change the time of a timer.
 *
 * The timer is placed after all others with the same time. Does nothing for a
 * detached timer and inside the timer's own handler.
 *
 * @param te The timer.
 * @param next_event The new time.
 * @since 0.9.31
 */
void tevent_update_timer(struct tevent_timer *te, struct timeval next_event);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param te The timer; does nothing for NULL.
 * @param tag The tag.
 * @since 0.11.0
 */
void tevent_timer_set_tag(struct tevent_timer *te, uint64_t tag);

/**
 * Return the caller's tag.
 * @param te The timer, or NULL.
 * @return The tag; 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_timer_get_tag(const struct tevent_timer *te);

/** @} */

/* ---- Immediates ---------------------------------------------------------- */

/**
 * @defgroup tevent_immediates Immediates
 *
 * An immediate calls a handler from the loop as soon as possible, without
 * recursion. The object is created once and can be scheduled repeatedly;
 * scheduling can't fail. Immediates run in the order of scheduling, one per
 * turn, before timers and file descriptors: a handler that keeps rescheduling
 * its immediate starves them.
 * @{
 */

/**
 * Handler of an immediate.
 * @param ctx The context that the immediate was scheduled on.
 * @param im The immediate, which is idle again: the handler may reschedule or
 *     free it.
 * @param private_data As passed when the immediate was scheduled.
 */
typedef void (*tevent_immediate_handler_t)(struct tevent_context *ctx,
					   struct tevent_immediate *im,
					   void *private_data);

/**
 * Create an idle immediate.
 * @param mem_ctx Talloc parent, or NULL. Freeing a scheduled immediate cancels
 *     it.
 * @return The immediate; NULL if out of memory.
 */
#ifdef DOXYGEN
struct tevent_immediate *tevent_create_immediate(TALLOC_CTX *mem_ctx);
#else
struct tevent_immediate *_tevent_create_immediate(TALLOC_CTX *mem_ctx,
						  const char *location);
#define tevent_create_immediate(mem_ctx) \
	_tevent_create_immediate(mem_ctx, __location__)
#endif

/**
 * Schedule an immediate to run its handler once.
 *
 * If the immediate is already scheduled, on any context, that is cancelled
 * first. Requires: the immediate was not freed in its own handler; otherwise
 * aborts (tevent_set_abort_fn()).
 *
 * @param im The immediate.
 * @param ctx The context to run in.
 * @param handler The handler; NULL only cancels.
 * @param private_data Passed to the handler.
 */
#ifdef DOXYGEN
void tevent_schedule_immediate(struct tevent_immediate *im,
			       struct tevent_context *ctx,
			       tevent_immediate_handler_t handler,
			       void *private_data);
#else
void _tevent_schedule_immediate(struct tevent_immediate *im,
				struct tevent_context *ctx,
				tevent_immediate_handler_t handler,
				void *private_data,
				const char *handler_name,
				const char *location);
#define tevent_schedule_immediate(im, ctx, handler, private_data) \
	_tevent_schedule_immediate(im, ctx, handler, private_data, \
				   #handler, __location__)
#endif

/**
 * Cancel a scheduled immediate.
 *
 * Does nothing if it is idle. The immediate can be scheduled again. Requires:
 * the immediate was not freed in its own handler; otherwise aborts
 * (tevent_set_abort_fn()).
 *
 * @param im The immediate.
 * @since 0.17.0
 */
void tevent_reset_immediate(struct tevent_immediate *im);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 *
 * Rescheduling or cancelling the immediate keeps the tag.
 *
 * @param im The immediate; does nothing for NULL.
 * @param tag The tag.
 * @since 0.11.0
 */
void tevent_immediate_set_tag(struct tevent_immediate *im, uint64_t tag);

/**
 * Return the caller's tag.
 * @param im The immediate, or NULL.
 * @return The tag; 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_immediate_get_tag(const struct tevent_immediate *im);

/** @} */

/* ---- Signals ------------------------------------------------------------- */

/**
 * @defgroup tevent_signals Signals
 *
 * A signal event calls its handler from the loop after the signal has arrived.
 * Like all other handlers it may call any function; no code of the program runs
 * in the signal handler itself. Any number of events may wait for one signal,
 * in any number of contexts; the newest event is called first. A turn of any
 * context that has a signal event handles the pending signals of all contexts.
 *
 * While a signal has events, the library owns its disposition. When the last
 * event of a signal is freed, the previous disposition is restored.
 * @{
 */

/**
 * Handler of a signal event.
 * @param ev The context that the event was added to.
 * @param se The event.
 * @param signum The signal.
 * @param count Number of arrivals since the last call; always 1 with
 *     SA_SIGINFO, which has one call per arrival.
 * @param siginfo With SA_SIGINFO a pointer to the @c siginfo_t, valid until the
 *     handler returns; otherwise NULL.
 * @param private_data As passed to tevent_add_signal().
 */
typedef void (*tevent_signal_handler_t)(struct tevent_context *ev,
					struct tevent_signal *se,
					int signum,
					int count,
					void *siginfo,
					void *private_data);

/**
 * Add a signal event.
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL for @a ev.
 * @param signum The signal.
 * @param sa_flags Flags of sigaction(2). The flags of the first event for a
 *     signal are installed. SA_SIGINFO requests one call per arrival, with its
 *     siginfo; it has no effect if the first event was added without it. An
 *     event with SA_RESETHAND frees itself after its first delivery.
 * @param handler The handler.
 * @param private_data Passed to the handler.
 * @return The event; NULL with errno set on failure: EINVAL for a signal that
 *     does not exist or can't be caught, otherwise the error of sigaction(2),
 *     of creating the wake-up descriptor, or of the allocation.
 */
#ifdef DOXYGEN
struct tevent_signal *tevent_add_signal(struct tevent_context *ev,
					TALLOC_CTX *mem_ctx,
					int signum,
					int sa_flags,
					tevent_signal_handler_t handler,
					void *private_data);
#else
struct tevent_signal *_tevent_add_signal(struct tevent_context *ev,
					 TALLOC_CTX *mem_ctx,
					 int signum,
					 int sa_flags,
					 tevent_signal_handler_t handler,
					 void *private_data,
					 const char *handler_name,
					 const char *location);
#define tevent_add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data) \
	_tevent_add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data, \
			   #handler, __location__)
#endif

/**
 * Check whether the context's backend supports signal events.
 * @param ev The context.
 * @return True with all built-in backends.
 */
bool tevent_signal_support(struct tevent_context *ev);

/**
 * Return the upper limit of signal numbers.
 *
 * Thread: any.
 *
 * @return The limit; tevent_add_signal() accepts only numbers below it.
 * @since 0.9.20
 */
size_t tevent_num_signals(void);

/**
 * Return the number of siginfos kept per signal with SA_SIGINFO.
 *
 * When this many arrivals are pending, the signal is blocked until the loop has
 * handled them, so that none is lost. Thread: any.
 *
 * @return The number.
 * @since 0.9.20
 */
size_t tevent_sa_info_queue_count(void);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param se The event; does nothing for NULL.
 * @param tag The tag.
 * @since 0.11.0
 */
void tevent_signal_set_tag(struct tevent_signal *se, uint64_t tag);

/**
 * Return the caller's tag.
 * @param se The event, or NULL.
 * @return The tag; 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_signal_get_tag(const struct tevent_signal *se);

/** @} */

/* ---- The loop ------------------------------------------------------------ */

/**
 * @defgroup tevent_loop The loop
 *
 * A turn is one iteration of the loop. It runs at most one event, the first one
 * found in this order:
 *
 * 1. all pending signals (they count as one event);
 * 2. the first immediate;
 * 3. the earliest timer, if it is due;
 * 4. one ready file descriptor; the wait for it ends when the next timer is
 *    due, when a signal arrives or when another thread wakes the loop;
 * 5. the earliest timer or the signals, if they ended the wait.
 *
 * A turn can succeed without running an event: after a wake-up, after a signal
 * that has no event, or when the wait timeout expires.
 * @{
 */

/**
 * Run one turn of the loop.
 * @param ev The context. Requires: not a wrapper. Requires: not called inside a
 *     handler of this context, unless nesting is allowed.
 * @return 0 after a turn, whether or not it ran an event; -1 with errno set on
 *     failure: ELOOP inside a handler and ENOSYS on a wrapper, both of which
 *     also abort (tevent_set_abort_fn()); EAGAIN if the wait timeout is 0 and
 *     nothing was ready; ENOMEM if out of memory. A non-zero value of a nesting
 *     hook is returned unchanged.
 */
#ifdef DOXYGEN
int tevent_loop_once(struct tevent_context *ev);
#else
int _tevent_loop_once(struct tevent_context *ev, const char *location);
#define tevent_loop_once(ev) \
	_tevent_loop_once(ev, __location__)
#endif

/**
 * Run turns while there is something to wait for.
 *
 * These count: a timer, an immediate, a signal event, and an fd event whose
 * flags are not 0. A thread proxy counts as an fd event; a threaded context
 * does not count.
 *
 * @param ev The context.
 * @return 0 when nothing is left; otherwise the value of the failed turn, see
 *     tevent_loop_once().
 */
#ifdef DOXYGEN
int tevent_loop_wait(struct tevent_context *ev);
#else
int _tevent_loop_wait(struct tevent_context *ev, const char *location);
#define tevent_loop_wait(ev) \
	_tevent_loop_wait(ev, __location__)
#endif

/**
 * Limit the wait of a turn when there is no timer.
 *
 * The default is 30 seconds. A pending timer bounds the wait instead, however
 * far in the future it is.
 *
 * @param ev The context; has no effect on a wrapper.
 * @param secs Seconds. INT32_MAX and above: no limit. 0: never block; a turn
 *     that finds nothing ready or due then fails with EAGAIN, even if a timer
 *     is pending.
 * @return The previous value in seconds.
 * @since 0.17.0
 */
uint32_t tevent_context_set_wait_timeout(struct tevent_context *ev, uint32_t secs);

/**
 * Nesting hook, called around each turn; see tevent_loop_set_nesting_hook().
 * @param ev The context.
 * @param private_data As passed when the hook was set.
 * @param level 1 for the outermost loop, 2 for a loop that runs in a handler of
 *     that one, and so on.
 * @param begin True before the turn, false after it.
 * @param stack_ptr The address of a <tt>void *</tt> for the hook's own use. It
 *     is NULL at the first call and keeps its value until the second.
 * @param location Source location of the loop call.
 * @return 0 to continue. The loop call returns any other value unchanged; if
 *     that value came from the first call, nothing runs and there is no second
 *     call.
 */
typedef int (*tevent_nesting_hook)(struct tevent_context *ev,
				   void *private_data,
				   uint32_t level,
				   bool begin,
				   void *stack_ptr,
				   const char *location);

#ifdef TEVENT_DEPRECATED
/**
 * Allow running the loop inside a handler of the same context.
 *
 * The inner loop may call any handler, including one that is already running.
 * Requires: neither a wrapper nor a context that has wrappers; otherwise aborts
 * (tevent_set_abort_fn()) and does nothing.
 *
 * @param ev The context.
 * @deprecated Write a request instead: tevent_req_create().
 */
void tevent_loop_allow_nesting(struct tevent_context *ev) _DEPRECATED_;

/**
 * Set a hook to call before and after each turn.
 *
 * The hook surrounds each tevent_loop_once() and, as a whole, each
 * tevent_loop_until(). tevent_re_initialise() removes it. Has no effect on a
 * wrapper. Requires: no different hook or private data is set; otherwise aborts
 * (tevent_set_abort_fn()), or replaces them.
 *
 * @param ev The context.
 * @param hook The hook.
 * @param private_data Passed to the hook.
 * @deprecated Together with nesting.
 */
void tevent_loop_set_nesting_hook(struct tevent_context *ev,
				  tevent_nesting_hook hook,
				  void *private_data) _DEPRECATED_;

/**
 * Run turns until a function returns true.
 *
 * The function is called before each turn, including the first one.
 *
 * @param ev The context.
 * @param finished Returns true to end the loop.
 * @param private_data Passed to @a finished.
 * @return 0, or the value of the failed turn, see tevent_loop_once().
 * @deprecated Use tevent_loop_once() in a loop, or tevent_req_poll().
 */
#ifdef DOXYGEN
int tevent_loop_until(struct tevent_context *ev,
		      bool (*finished)(void *private_data),
		      void *private_data) _DEPRECATED_;
#else
int _tevent_loop_until(struct tevent_context *ev,
		       bool (*finished)(void *private_data),
		       void *private_data,
		       const char *location) _DEPRECATED_;
#define tevent_loop_until(ev, finished, private_data) \
	_tevent_loop_until(ev, finished, private_data, __location__)
#endif
#endif /* TEVENT_DEPRECATED */

/** @} */

/* ---- Debug messages, aborts and traces ------------------------------------ */

/**
 * @defgroup tevent_debugging Debug messages, aborts and traces
 *
 * Debug messages report what the loop does as text; trace callbacks report the
 * same to the program. A new context has neither. Neither can be set on a
 * wrapper: its events are reported on the main context.
 *
 * Requires: a trace callback only reads and sets tags. Each ATTACH is matched
 * by exactly one DETACH, however the event is detached. The library's own
 * timers and immediates (end times, posted requests, queues) are reported like
 * those of the program.
 * @{
 */

/** Severity of a debug message. */
enum tevent_debug_level {
	TEVENT_DEBUG_FATAL,   /**< The library can't go on, or was misused. */
	TEVENT_DEBUG_ERROR,   /**< Something failed; the rest continues. */
	TEVENT_DEBUG_WARNING, /**< Something is probably not intended. */
	TEVENT_DEBUG_TRACE    /**< Normal operation, step by step. */
};

/**
 * Debug function, called with each debug message.
 * @param context As passed to tevent_set_debug().
 * @param level The severity.
 * @param fmt A printf(3) format.
 * @param ap The arguments of the format.
 */
typedef void (*tevent_debug_fn)(void *context,
				enum tevent_debug_level level,
				const char *fmt,
				va_list ap) PRINTF_ATTRIBUTE(3,0);

/**
 * Set the debug function of a context.
 *
 * Sets the maximum level to TEVENT_DEBUG_WARNING; tevent_set_max_debug_level()
 * raises it.
 *
 * @param ev The context. Requires: not a wrapper; otherwise aborts
 *     (tevent_set_abort_fn()), or returns -1 with errno EINVAL.
 * @param debug The function; NULL for none, which also sets the maximum level
 *     to TEVENT_DEBUG_FATAL.
 * @param context Passed to the function.
 * @return 0.
 */
int tevent_set_debug(struct tevent_context *ev,
		     tevent_debug_fn debug,
		     void *context);

/**
 * Print a context's debug messages to stderr.
 *
 * Prints TEVENT_DEBUG_WARNING and more severe levels, never TEVENT_DEBUG_TRACE.
 *
 * @param ev The context. On a wrapper: as tevent_set_debug().
 * @return 0.
 */
int tevent_set_debug_stderr(struct tevent_context *ev);

/**
 * Set the maximum level of debug messages.
 *
 * Less severe messages are not even formatted. Call it after
 * tevent_set_debug(), which sets its own maximum level.
 *
 * @param ev The context; has no effect on a wrapper.
 * @param max_level The least severe level to report.
 * @return The previous maximum level.
 * @since 0.15.0
 */
enum tevent_debug_level tevent_set_max_debug_level(struct tevent_context *ev,
						   enum tevent_debug_level max_level);

/**
 * Set the function to call when the library detects misuse.
 *
 * Applies to the whole process. Where other descriptions say "aborts
 * (tevent_set_abort_fn())", the library calls this function in the current
 * thread, after a FATAL-level debug message if the context is known. The
 * function is expected not to return. If it does, the offending call fails as
 * its description says, or does nothing.
 *
 * @param abort_fn Receives a text that describes the misuse; NULL restores
 *     abort(3).
 */
void tevent_set_abort_fn(void (*abort_fn)(const char *reason));

/** TEVENT_TRACE_BEFORE_LOOP_ONCE and TEVENT_TRACE_AFTER_LOOP_ONCE exist. */
#define TEVENT_HAS_LOOP_ONCE_TRACE_POINTS 1

/** Point in a turn of the loop at which a trace callback is called. */
enum tevent_trace_point {
	TEVENT_TRACE_BEFORE_WAIT,      /**< Right before the loop waits. */
	TEVENT_TRACE_AFTER_WAIT,       /**< Right after the wait. */
	TEVENT_TRACE_BEFORE_LOOP_ONCE, /**< A turn begins. */
	TEVENT_TRACE_AFTER_LOOP_ONCE   /**< A turn has ended or failed. */
};

/**
 * Trace callback for the trace points of the loop.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 */
typedef void (*tevent_trace_callback_t)(enum tevent_trace_point point,
					void *private_data);

/**
 * Set the trace callback for the trace points of the loop.
 * @param ev The context. Requires: not a wrapper; otherwise aborts
 *     (tevent_set_abort_fn()).
 * @param cb The callback, which replaces the current one; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.9.16
 */
void tevent_set_trace_callback(struct tevent_context *ev,
			       tevent_trace_callback_t cb,
			       void *private_data);

/**
 * Return the callback set by tevent_set_trace_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] private_data Address of a pointer; receives its private data.
 * @since 0.9.16
 */
void tevent_get_trace_callback(struct tevent_context *ev,
			       tevent_trace_callback_t *cb,
			       void *private_data);

/** Point in the life of an event. @since 0.11.0 */
enum tevent_event_trace_point {
	/** The event was attached to the loop or queue. The tag can be set. */
	TEVENT_EVENT_TRACE_ATTACH,
	/** The event was detached. The tag can still be read. */
	TEVENT_EVENT_TRACE_DETACH,
	/** The event's handler is about to be called. */
	TEVENT_EVENT_TRACE_BEFORE_HANDLER
};

/**
 * Trace callback for fd events.
 * @param fde The event.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_fd_callback_t)(struct tevent_fd *fde,
					   enum tevent_event_trace_point point,
					   void *private_data);

/**
 * Trace callback for signal events.
 * @param se The event.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_signal_callback_t)(struct tevent_signal *se,
					       enum tevent_event_trace_point point,
					       void *private_data);

/**
 * Trace callback for timers.
 * @param te The timer.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_timer_callback_t)(struct tevent_timer *te,
					      enum tevent_event_trace_point point,
					      void *private_data);

/**
 * Trace callback for immediates.
 * @param im The immediate.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_immediate_callback_t)(struct tevent_immediate *im,
						  enum tevent_event_trace_point point,
						  void *private_data);

/**
 * Trace callback for queue entries.
 * @param qe The queue entry.
 * @param point The trace point.
 * @param private_data As passed when the callback was set.
 * @since 0.12.0
 */
typedef void (*tevent_trace_queue_callback_t)(struct tevent_queue_entry *qe,
					      enum tevent_event_trace_point point,
					      void *private_data);

/**
 * Set the trace callback for fd events.
 * @param ev The context. Requires: not a wrapper; otherwise aborts
 *     (tevent_set_abort_fn()).
 * @param cb The callback, which replaces the current one; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.11.0
 */
void tevent_set_trace_fd_callback(struct tevent_context *ev,
				  tevent_trace_fd_callback_t cb,
				  void *private_data);

/**
 * Return the callback set by tevent_set_trace_fd_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] p_private_data Address of a pointer; receives its private data.
 * @since 0.11.0
 */
void tevent_get_trace_fd_callback(struct tevent_context *ev,
				  tevent_trace_fd_callback_t *cb,
				  void *p_private_data);

/**
 * Set the trace callback for signal events.
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The callback; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.11.0
 */
void tevent_set_trace_signal_callback(struct tevent_context *ev,
				      tevent_trace_signal_callback_t cb,
				      void *private_data);

/**
 * Return the callback set by tevent_set_trace_signal_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] p_private_data Address of a pointer; receives its private data.
 * @since 0.11.0
 */
void tevent_get_trace_signal_callback(struct tevent_context *ev,
				      tevent_trace_signal_callback_t *cb,
				      void *p_private_data);

/**
 * Set the trace callback for timers.
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The callback; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.11.0
 */
void tevent_set_trace_timer_callback(struct tevent_context *ev,
				     tevent_trace_timer_callback_t cb,
				     void *private_data);

/**
 * Return the callback set by tevent_set_trace_timer_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] p_private_data Address of a pointer; receives its private data.
 * @since 0.11.0
 */
void tevent_get_trace_timer_callback(struct tevent_context *ev,
				     tevent_trace_timer_callback_t *cb,
				     void *p_private_data);

/**
 * Set the trace callback for immediates.
 *
 * Immediates from other threads are reported in the loop's thread.
 *
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The callback; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.11.0
 */
void tevent_set_trace_immediate_callback(struct tevent_context *ev,
					 tevent_trace_immediate_callback_t cb,
					 void *private_data);

/**
 * Return the callback set by tevent_set_trace_immediate_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] p_private_data Address of a pointer; receives its private data.
 * @since 0.11.0
 */
void tevent_get_trace_immediate_callback(struct tevent_context *ev,
					 tevent_trace_immediate_callback_t *cb,
					 void *p_private_data);

/**
 * Set the trace callback for queue entries.
 *
 * Reports the entries that were added with this context; BEFORE_HANDLER is
 * reported immediately before the trigger is called.
 *
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The callback; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.12.0
 */
void tevent_set_trace_queue_callback(struct tevent_context *ev,
				     tevent_trace_queue_callback_t cb,
				     void *private_data);

/**
 * Return the callback set by tevent_set_trace_queue_callback().
 * @param ev The context.
 * @param[out] cb Receives the callback, or NULL.
 * @param[out] p_private_data Address of a pointer; receives its private data.
 * @since 0.12.0
 */
void tevent_get_trace_queue_callback(struct tevent_context *ev,
				     tevent_trace_queue_callback_t *cb,
				     void *p_private_data);

/** @} */

/* ---- Requests ------------------------------------------------------------ */

/**
 * @defgroup tevent_requests Requests
 *
 * A request represents a call of an asynchronous function. Such a function
 * comes as a pair. @c x_send() takes the talloc parent, the context and the
 * arguments, starts the work and returns a request. Its caller sets a callback,
 * which is called when the request has finished. The callback calls @c x_recv()
 * for the result and frees the request.
 *
 * The implementation keeps its data in a state struct that is created with the
 * request (tevent_req_create()), and finishes the request exactly once with
 * tevent_req_done(), tevent_req_error(), tevent_req_nomem() or
 * tevent_req_oom(). Finishing calls the caller's callback, which may free the
 * request: return immediately and do not access the request again. A send
 * function that finishes the request before its caller could set a callback
 * returns with tevent_req_post().
 *
 * Thread: that of the context that the request uses.
 *
 * Programs compiled with tevent_req_create() or one of the tevent_req_set_
 * macros need library release 0.15.0 or later.
 * @{
 */

/** State of a request. */
enum tevent_req_state {
	TEVENT_REQ_INIT,        /**< Unused: a new request is in progress. */
	TEVENT_REQ_IN_PROGRESS, /**< Not finished. */
	TEVENT_REQ_DONE,        /**< Finished by tevent_req_done(). */
	TEVENT_REQ_USER_ERROR,  /**< Finished by tevent_req_error(). */
	TEVENT_REQ_TIMED_OUT,   /**< Finished at its end time. */
	TEVENT_REQ_NO_MEMORY,   /**< Finished because out of memory. */
	TEVENT_REQ_RECEIVED     /**< Received by tevent_req_received(). */
};

/**
 * Callback of a request, called when it has finished.
 *
 * The callback may free the request, and usually does.
 *
 * @param subreq The finished request; "sub" from the point of view of the
 *     request that waits for it, which is often the callback data.
 */
typedef void (*tevent_req_fn)(struct tevent_req *subreq);

/**
 * Print function of a request, called by tevent_req_print().
 * @param req The request.
 * @param ctx Talloc parent of the text.
 * @return The text; NULL if out of memory.
 */
typedef char *(*tevent_req_print_fn)(struct tevent_req *req, TALLOC_CTX *ctx);

/**
 * Cancel function of a request, called by tevent_req_cancel().
 *
 * It may finish the request.
 *
 * @param req The request.
 * @return The value for tevent_req_cancel() to return: true if the request
 *     could be asked to stop.
 */
typedef bool (*tevent_req_cancel_fn)(struct tevent_req *req);

/**
 * Cleanup function of a request, called to clean up its state.
 *
 * Requires: the function does not free the request.
 *
 * @param req The request; its state data is still valid.
 * @param req_state The state that the request has just reached.
 */
typedef void (*tevent_req_cleanup_fn)(struct tevent_req *req,
				      enum tevent_req_state req_state);

/**
 * Create a request together with its state.
 *
 * The state is zeroed. It is a talloc child of the request, and
 * tevent_req_received() frees it. Request and state share one allocation, so
 * small allocations below them rarely fail.
 *
 * If the talloc parent of @a mem_ctx is a request (that is, @a mem_ctx is its
 * state), that request is the parent request of the new one for profiles and
 * call flow.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param[out] pstate Address of a pointer to the state struct; not written on
 *     failure.
 * @param type The type of the state: a type, not a string.
 * @return The request, in progress; NULL if out of memory.
 */
#ifdef DOXYGEN
struct tevent_req *tevent_req_create(TALLOC_CTX *mem_ctx,
				     void *pstate,
				     TYPE type);
#else
struct tevent_req *_tevent_req_create(TALLOC_CTX *mem_ctx,
				      void *pstate,
				      size_t state_size,
				      const char *type,
				      const char *location);
struct tevent_req *__tevent_req_create(TALLOC_CTX *mem_ctx,
				       void *pstate,
				       size_t state_size,
				       const char *type,
				       const char *func,
				       const char *location);
#define tevent_req_create(_mem_ctx, _pstate, _type) \
	__tevent_req_create((_mem_ctx), (_pstate), sizeof(_type), \
			    #_type, __func__, __location__)
#endif

/**
 * Return the state of a request.
 * @param req The request. Requires: tevent_req_received() was not called, since
 *     it frees the state.
 * @param type The type of the state. Requires: as passed to
 *     tevent_req_create(); a different type aborts (talloc_abort).
 * @return The state.
 */
#ifdef DOXYGEN
void *tevent_req_data(struct tevent_req *req, TYPE type);
#else
void *_tevent_req_data(struct tevent_req *req);
#define tevent_req_data(_req, _type) \
	talloc_get_type_abort(_tevent_req_data(_req), _type)
#endif

/**
 * Set the callback of a request.
 * @param req The request.
 * @param fn The callback, which replaces the current one; NULL for none.
 * @param pvt The callback data, returned by tevent_req_callback_data().
 */
void tevent_req_set_callback(struct tevent_req *req, tevent_req_fn fn, void *pvt);
#ifndef DOXYGEN
void _tevent_req_set_callback(struct tevent_req *req,
			      tevent_req_fn fn,
			      const char *fn_name,
			      void *pvt);
#define tevent_req_set_callback(req, fn, pvt) \
	_tevent_req_set_callback(req, fn, #fn, pvt)
#endif

/**
 * Return the callback data, type-checked.
 * @param req The request.
 * @param type The talloc type of the data, usually <tt>struct tevent_req</tt>.
 *     Requires: the actual type; a different one aborts (talloc_abort).
 * @return The data, also after tevent_req_received().
 */
#ifdef DOXYGEN
void *tevent_req_callback_data(struct tevent_req *req, TYPE type);
#else
void *_tevent_req_callback_data(struct tevent_req *req);
#define tevent_req_callback_data(_req, _type) \
	talloc_get_type_abort(_tevent_req_callback_data(_req), _type)
#endif

/**
 * Return the callback data, unchecked.
 * @param req The request.
 * @return The data.
 */
#ifdef DOXYGEN
void *tevent_req_callback_data_void(struct tevent_req *req);
#else
#define tevent_req_callback_data_void(_req) \
	_tevent_req_callback_data(_req)
#endif

/**
 * Finish the request successfully and call the callback.
 * @param req The request, which the callback may have freed on return.
 */
#ifdef DOXYGEN
void tevent_req_done(struct tevent_req *req);
#else
void _tevent_req_done(struct tevent_req *req, const char *location);
#define tevent_req_done(req) \
	_tevent_req_done(req, __location__)
#endif

/**
 * Finish the request with an error, if there is one.
 *
 * @code
 * if (tevent_req_error(req, err)) {
 *         return;
 * }
 * @endcode
 *
 * @param req The request.
 * @param error The error, a number that is meaningful to the caller, such as an
 *     errno value; 0 for no error.
 * @return False if @a error is 0, in which case nothing happens. Otherwise
 *     true: the callback was called and may have freed the request.
 */
#ifdef DOXYGEN
bool tevent_req_error(struct tevent_req *req, uint64_t error);
#else
bool _tevent_req_error(struct tevent_req *req,
		       uint64_t error,
		       const char *location);
#define tevent_req_error(req, error) \
	_tevent_req_error(req, error, __location__)
#endif

/**
 * Finish the request as out of memory, if a pointer is NULL.
 * @param p The result of an allocation.
 * @param req The request.
 * @return False if @a p is not NULL, in which case nothing happens. Otherwise
 *     true: the callback was called and may have freed the request.
 */
#ifdef DOXYGEN
bool tevent_req_nomem(const void *p, struct tevent_req *req);
#else
bool _tevent_req_nomem(const void *p,
		       struct tevent_req *req,
		       const char *location);
#define tevent_req_nomem(p, req) \
	_tevent_req_nomem(p, req, __location__)
#endif

/**
 * Finish the request as out of memory.
 * @param req The request, which the callback may have freed on return.
 * @since 0.9.12
 */
#ifdef DOXYGEN
void tevent_req_oom(struct tevent_req *req);
#else
void _tevent_req_oom(struct tevent_req *req, const char *location);
#define tevent_req_oom(req) \
	_tevent_req_oom(req, __location__)
#endif

/**
 * Call the callback without changing the request's state.
 * @param req The request, which the callback may have freed on return.
 */
#ifdef DOXYGEN
void tevent_req_notify_callback(struct tevent_req *req);
#else
void _tevent_req_notify_callback(struct tevent_req *req, const char *location);
#define tevent_req_notify_callback(req) \
	_tevent_req_notify_callback(req, __location__)
#endif

/**
 * Finish a request again from the loop.
 *
 * For send functions that finish the request before they return: the caller
 * could not set a callback yet. In one of the next turns the request finishes
 * again, with the state that it has at that time.
 *
 * @param req The request.
 * @param ev The context.
 * @return @a req, for use in a return statement.
 */
struct tevent_req *tevent_req_post(struct tevent_req *req,
				   struct tevent_context *ev);

/**
 * Deliver the next callback from the loop, not synchronously.
 *
 * For code that finishes a request while it uses something that the callback
 * might free. Applies to one callback. If the request is received or freed
 * before that, the callback is not called.
 *
 * @param req The request.
 * @param ev The context.
 * @since 0.9.13
 */
void tevent_req_defer_callback(struct tevent_req *req,
			       struct tevent_context *ev);

/**
 * Check whether the request is in progress.
 * @param req The request.
 * @return True until it finishes.
 */
bool tevent_req_is_in_progress(struct tevent_req *req);

/**
 * Run the loop until the request has finished.
 *
 * For programs and tests that wait for a single request. Requires: not called
 * inside a handler, since it runs the loop.
 *
 * @param req The request.
 * @param ev The context that the request uses.
 * @return True when the request is no longer in progress, whether it succeeded
 *     or not; false with errno set if a turn of the loop failed.
 */
bool tevent_req_poll(struct tevent_req *req,
		     struct tevent_context *ev);

/**
 * Return how the request finished.
 * @param req The request.
 * @param[out] state Receives the request's state; written only if the result is
 *     true.
 * @param[out] error Receives the error passed to tevent_req_error(); written
 *     only if the state is TEVENT_REQ_USER_ERROR.
 * @return False if the state is TEVENT_REQ_DONE. Otherwise true, also if the
 *     request is still in progress or was already received.
 */
bool tevent_req_is_error(struct tevent_req *req,
			 enum tevent_req_state *state,
			 uint64_t *error);

/**
 * Release the resources of a finished request.
 *
 * The last step of a recv function. Drops the end time, a pending callback and
 * the print and cancel functions, calls the cleanup function and frees the
 * state. The request itself remains until it is freed. Freeing a request
 * receives it first. A second call is harmless.
 *
 * @param req The request.
 */
void tevent_req_received(struct tevent_req *req);

/**
 * Set the time at which the request times out.
 *
 * At that time the request finishes with TEVENT_REQ_TIMED_OUT. Replaces an
 * earlier end time. Finishing or receiving the request drops the end time.
 *
 * @param req The request.
 * @param ev The context.
 * @param endtime The time, see tevent_add_timer().
 * @return True; false if out of memory, in which case the request has finished
 *     with TEVENT_REQ_NO_MEMORY.
 */
bool tevent_req_set_endtime(struct tevent_req *req,
			    struct tevent_context *ev,
			    struct timeval endtime);

/**
 * Remove the end time.
 * @param req The request.
 * @since 0.9.31
 */
void tevent_req_reset_endtime(struct tevent_req *req);

/**
 * Set the cancel function of a request.
 *
 * For the implementation of an asynchronous function.
 *
 * @param req The request.
 * @param fn The function; NULL for none.
 */
void tevent_req_set_cancel_fn(struct tevent_req *req, tevent_req_cancel_fn fn);
#ifndef DOXYGEN
void _tevent_req_set_cancel_fn(struct tevent_req *req,
			       tevent_req_cancel_fn fn,
			       const char *fn_name);
#define tevent_req_set_cancel_fn(req, fn) \
	_tevent_req_set_cancel_fn(req, fn, #fn)
#endif

/**
 * Ask the request to stop.
 *
 * For callers of an asynchronous function that need its result. A caller that
 * does not need it frees the request.
 *
 * @param req The request.
 * @return The value of the cancel function; false if none is set, or if
 *     tevent_req_received() has removed it.
 */
#ifdef DOXYGEN
bool tevent_req_cancel(struct tevent_req *req);
#else
bool _tevent_req_cancel(struct tevent_req *req, const char *location);
#define tevent_req_cancel(req) \
	_tevent_req_cancel(req, __location__)
#endif

/**
 * Set the cleanup function of a request.
 *
 * For the implementation of an asynchronous function that must release a
 * resource however the request ends. The function is called before the callback
 * when the request finishes, and with TEVENT_REQ_RECEIVED when the request is
 * received or freed: up to twice, or more often if the request finishes again
 * with a higher-numbered state.
 *
 * @param req The request.
 * @param fn The function; NULL for none.
 * @since 0.9.21
 */
void tevent_req_set_cleanup_fn(struct tevent_req *req, tevent_req_cleanup_fn fn);
#ifndef DOXYGEN
void _tevent_req_set_cleanup_fn(struct tevent_req *req,
				tevent_req_cleanup_fn fn,
				const char *fn_name);
#define tevent_req_set_cleanup_fn(req, fn) \
	_tevent_req_set_cleanup_fn(req, fn, #fn)
#endif

/**
 * Set the function that tevent_req_print() uses for the request.
 * @param req The request.
 * @param fn The function; NULL for tevent_req_default_print().
 */
void tevent_req_set_print_fn(struct tevent_req *req, tevent_req_print_fn fn);

/**
 * Describe a request in one line, in the library's format.
 *
 * The line has the location of its creation, its state and error, the type of
 * its state data, its end-time timer and the location where it was finished.
 *
 * @param req The request.
 * @param mem_ctx Talloc parent of the text, or NULL.
 * @return The text; NULL if out of memory.
 */
char *tevent_req_default_print(struct tevent_req *req, TALLOC_CTX *mem_ctx);

/**
 * Describe a request in one line, for debugging.
 *
 * Calls the function set by tevent_req_set_print_fn(), or else
 * tevent_req_default_print().
 *
 * @param mem_ctx Talloc parent of the text, or NULL.
 * @param req The request, or NULL.
 * @return The text; NULL if out of memory.
 */
char *tevent_req_print(TALLOC_CTX *mem_ctx, struct tevent_req *req);

/**
 * Wait until a given time.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context.
 * @param wakeup_time The time, see tevent_add_timer().
 * @return The request, which finishes at that time; NULL if out of memory. Call
 *     tevent_wakeup_recv() for its result: tevent_req_is_error() reports a
 *     reached time as an error, TEVENT_REQ_TIMED_OUT.
 */
struct tevent_req *tevent_wakeup_send(TALLOC_CTX *mem_ctx,
				      struct tevent_context *ev,
				      struct timeval wakeup_time);

/**
 * Check whether the time of tevent_wakeup_send() was reached.
 * @param req The request, which is not received by this call.
 * @return True if it was; false if the request failed because out of memory or
 *     is still in progress.
 */
bool tevent_wakeup_recv(struct tevent_req *req);

/** @} */

/* ---- Request profiles ---------------------------------------------------- */

/**
 * @defgroup tevent_profiles Request profiles
 *
 * A profile records what requests did and how long they took. Recording begins
 * with tevent_req_set_profile() and covers all requests that are created under
 * the request after that call (with its state as their talloc parent). The
 * profile of a subrequest becomes part of its parent's profile. A profile can
 * outlive its request (tevent_req_move_profile()). The get functions read it;
 * the set functions rebuild it from an external copy.
 *
 * The profile owns the strings that the get functions return.
 * @{
 */

/**
 * Start recording a profile of the request.
 *
 * Call it in the send function, immediately after tevent_req_create().
 *
 * @param req The request.
 * @return True; false if the request already has a profile or if out of memory,
 *     in which case the request has finished with the error EINVAL or with
 *     TEVENT_REQ_NO_MEMORY, respectively.
 * @since 0.9.37
 */
bool tevent_req_set_profile(struct tevent_req *req);

/**
 * Return the profile of a request.
 * @param req The request.
 * @return The profile, which the request still owns; NULL if there is none.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_get_profile(struct tevent_req *req);

/**
 * Move the profile of a request to a new owner.
 * @param req The request, which has no profile afterwards.
 * @param mem_ctx New talloc parent of the profile.
 * @return The profile; NULL if there is none.
 * @since 0.9.37
 */
struct tevent_req_profile *tevent_req_move_profile(struct tevent_req *req,
						   TALLOC_CTX *mem_ctx);

/**
 * Get the name: the type of the request's state.
 * @param profile The profile.
 * @param[out] req_name Receives the name; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_name(const struct tevent_req_profile *profile,
				 const char **req_name);

/**
 * Get the location and time of the request's creation.
 *
 * If recording began with this request, the time is that of its
 * tevent_req_set_profile() call.
 *
 * @param profile The profile.
 * @param[out] start_location Receives the location; may be NULL.
 * @param[out] start_time Receives the time; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_start(const struct tevent_req_profile *profile,
				  const char **start_location,
				  struct timeval *start_time);

/**
 * Get the location and time at which the request finished.
 * @param profile The profile.
 * @param[out] stop_location Receives the location, NULL if the request has not
 *     finished; may be NULL.
 * @param[out] stop_time Receives the time, zero if the request has not
 *     finished; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_stop(const struct tevent_req_profile *profile,
				 const char **stop_location,
				 struct timeval *stop_time);

/**
 * Get the process id, state and error of the request.
 * @param profile The profile.
 * @param[out] pid Receives the process id, 0 unless
 *     tevent_req_profile_set_status() set one; may be NULL.
 * @param[out] state Receives the state; may be NULL.
 * @param[out] user_error Receives the error passed to tevent_req_error(); may
 *     be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_status(const struct tevent_req_profile *profile,
				   pid_t *pid,
				   enum tevent_req_state *state,
				   uint64_t *user_error);

/**
 * Return the first subprofile.
 * @param profile The profile.
 * @return The profile of the subrequest that was created first; NULL if there
 *     is none.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_profile_get_subprofiles(
	const struct tevent_req_profile *profile);

/**
 * Return the next profile with the same parent.
 * @param profile The profile.
 * @return The next profile; NULL for the last one.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_profile_next(
	const struct tevent_req_profile *profile);

/**
 * Create an empty profile.
 * @param mem_ctx Talloc parent, or NULL. Freeing a profile removes it from its
 *     parent profile.
 * @return The profile; NULL if out of memory.
 * @since 0.9.37
 */
struct tevent_req_profile *tevent_req_profile_create(TALLOC_CTX *mem_ctx);

/**
 * Set the name.
 * @param profile The profile.
 * @param name The name, which is copied.
 * @return True; false if @a name is NULL or if out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_name(struct tevent_req_profile *profile,
				 const char *name);

/**
 * Set the location and time of the request's creation.
 * @param profile The profile.
 * @param start_location The location, which is copied.
 * @param start_time The time, set even if the result is false.
 * @return True; false if the location is NULL or if out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_start(struct tevent_req_profile *profile,
				  const char *start_location,
				  struct timeval start_time);

/**
 * Set the location and time at which the request finished.
 * @param profile The profile.
 * @param stop_location The location, which is copied.
 * @param stop_time The time, set even if the result is false.
 * @return True; false if the location is NULL or if out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_stop(struct tevent_req_profile *profile,
				 const char *stop_location,
				 struct timeval stop_time);

/**
 * Set the process id, state and error of the request.
 * @param profile The profile.
 * @param pid The process that the request ran in.
 * @param state The state.
 * @param user_error The error.
 * @since 0.9.37
 */
void tevent_req_profile_set_status(struct tevent_req_profile *profile,
				   pid_t pid,
				   enum tevent_req_state state,
				   uint64_t user_error);

/**
 * Append a profile as the last subprofile of another one.
 * @param parent_profile The parent profile, which becomes the talloc parent.
 * @param[in,out] sub_profile Address of the pointer to the subprofile; the
 *     pointer becomes NULL.
 * @since 0.9.37
 */
void tevent_req_profile_append_sub(struct tevent_req_profile *parent_profile,
				   struct tevent_req_profile **sub_profile);

/** @} */

/* ---- Time ---------------------------------------------------------------- */

/**
 * @defgroup tevent_time Time
 *
 * Helpers for struct timeval, the type of timer times. Thread: any.
 * @{
 */

/**
 * Compare two times.
 * @param tv1 The first time.
 * @param tv2 The second time.
 * @return -1, 0 or 1: @a tv1 is before, equal to or after @a tv2.
 */
int tevent_timeval_compare(const struct timeval *tv1,
			   const struct timeval *tv2);

/**
 * Return the zero time, which a timer treats as due immediately.
 * @return Zero.
 */
struct timeval tevent_timeval_zero(void);

/**
 * Return the current time.
 * @return The time as returned by gettimeofday(2).
 */
struct timeval tevent_timeval_current(void);

/**
 * Build a time or a duration.
 * @param secs Seconds.
 * @param usecs Microseconds, stored unchanged: 1000000 and more are not carried
 *     over.
 * @return The struct timeval.
 */
struct timeval tevent_timeval_set(uint32_t secs, uint32_t usecs);

/**
 * Return the duration from one time to another.
 * @param tv1 The start time.
 * @param tv2 The end time.
 * @return @a tv2 minus @a tv1; zero if @a tv1 is not before @a tv2.
 */
struct timeval tevent_timeval_until(const struct timeval *tv1,
				    const struct timeval *tv2);

/**
 * Check whether a time is zero.
 * @param tv The time.
 * @return True if seconds and microseconds are both 0.
 */
bool tevent_timeval_is_zero(const struct timeval *tv);

/**
 * Add a duration to a time.
 * @param tv The time.
 * @param secs Seconds.
 * @param usecs Microseconds; full seconds are carried over.
 * @return The sum.
 */
struct timeval tevent_timeval_add(const struct timeval *tv, uint32_t secs,
				  uint32_t usecs);

/**
 * Add a duration to the current time.
 * @param secs Seconds.
 * @param usecs Microseconds; full seconds are carried over.
 * @return The sum.
 */
struct timeval tevent_timeval_current_ofs(uint32_t secs, uint32_t usecs);

/** @} */

/* ---- Call flow ----------------------------------------------------------- */

/**
 * @defgroup tevent_call_flow Call flow
 *
 * Call flow follows requests that call other requests. Each thread has one
 * callback, which is called with the steps of requests and the depth of the
 * request: 0 without a parent request, otherwise one more than the depth of the
 * parent. tevent_req_create() defines the parent request.
 * @{
 */

/**
 * Step reported to the call-flow callback.
 *
 * The text at each value defines @c fname.
 *
 * @since 0.15.0
 */
enum tevent_thread_call_depth_cmd {
	/**
	 *  The flow ends or restarts. After a turn of the loop: no request,
	 * depth 0, @c fname: the loop function. From
	 * tevent_thread_call_depth_reset_from_req(): its request and depth,
	 * @c fname: the calling function. When another callback is set: no
	 * request, depth 0, @c fname: "tevent_thread_call_depth_set_callback".
	 */
	TEVENT_CALL_FLOW_REQ_RESET,
	/** A request was created. @c fname: the creating function. */
	TEVENT_CALL_FLOW_REQ_CREATE,
	/** It is being cancelled. @c fname: the cancel function, or NULL. */
	TEVENT_CALL_FLOW_REQ_CANCEL,
	/** It is being cleaned up. @c fname: the cleanup function, or NULL. */
	TEVENT_CALL_FLOW_REQ_CLEANUP,
	/**
	 *  It is about to call its callback, at the depth above its own.
	 * @c fname: the callback.
	 */
	TEVENT_CALL_FLOW_REQ_NOTIFY_CB,
	/** It was added to a queue. @c fname: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_ENTER,
	/** The queue is about to call the trigger. @c fname: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER,
	/** It has left the queue. @c fname: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE
};

/**
 * Call-flow callback.
 * @param private_data As passed when the callback was set.
 * @param cmd The step.
 * @param req The request; NULL if there is none.
 * @param depth The depth.
 * @param fname The name of a function, or NULL; see @a cmd.
 * @since 0.15.0
 */
typedef void (*tevent_call_depth_callback_t)(void *private_data,
					     enum tevent_thread_call_depth_cmd cmd,
					     struct tevent_req *req,
					     size_t depth,
					     const char *fname);

/**
 * A call-flow callback and its data.
 *
 * No function takes or returns this type. It exists for sources that name it.
 *
 * @since 0.15.0
 */
struct tevent_thread_call_depth_state {
	tevent_call_depth_callback_t cb; /**< The callback. */
	void *cb_private;                /**< Its private data. */
};

/**
 * Set the call-flow callback of this thread.
 *
 * The callback set before is first called with TEVENT_CALL_FLOW_REQ_RESET.
 *
 * @param f The callback; NULL for none.
 * @param private_data Passed to the callback.
 * @since 0.15.0
 */
void tevent_thread_call_depth_set_callback(tevent_call_depth_callback_t f,
					   void *private_data);

/**
 * Reset the call flow to a request's depth.
 *
 * For code that continues a request in a handler of its own. Calls the callback
 * with TEVENT_CALL_FLOW_REQ_RESET, the request and its depth.
 *
 * @param req The request.
 * @since 0.14.0
 */
void tevent_thread_call_depth_reset_from_req(struct tevent_req *req);
#ifndef DOXYGEN
void _tevent_thread_call_depth_reset_from_req(struct tevent_req *req,
					      const char *fname);
#define tevent_thread_call_depth_reset_from_req(req) \
	_tevent_thread_call_depth_reset_from_req(req, __func__)
#endif

#ifdef TEVENT_DEPRECATED
/**
 * Do nothing.
 * @param ptr Ignored.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_activate(size_t *ptr) _DEPRECATED_;

/**
 * Do nothing.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_deactivate(void) _DEPRECATED_;

/**
 * Do nothing.
 * @param req Ignored.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_start(struct tevent_req *req) _DEPRECATED_;
#endif /* TEVENT_DEPRECATED */

/** @} */

/* ---- Queues -------------------------------------------------------------- */

/**
 * @defgroup tevent_queues Queues
 *
 * A queue serves requests one after another. A send function that must not run
 * concurrently with others, such as one that writes to a shared socket, adds
 * its request to a queue instead of starting the work. When the request becomes
 * the active one, the queue calls the trigger, which starts the work. The
 * request stays active until it is freed; then the next one is triggered.
 * Finishing with tevent_req_done() does not advance the queue: the callback, or
 * the owner of the request, frees it.
 *
 * The cost of each operation is independent of the length of the queue.
 * Requests on one queue may use different contexts.
 *
 * Programs compiled with one of the tevent_queue_add macros need library
 * release 0.15.0 or later.
 * @{
 */

/**
 * Trigger of a queued request, called when the request becomes active.
 *
 * It may finish and free the request, free other requests, and free the queue.
 *
 * @param req The request.
 * @param private_data As passed when the request was added.
 */
typedef void (*tevent_queue_trigger_fn_t)(struct tevent_req *req,
					  void *private_data);

/**
 * Create a queue.
 *
 * Freeing a queue removes all entries and triggers none; the requests are not
 * freed.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param name A descriptive name, which is copied.
 * @return The queue, running; NULL if @a name is NULL or if out of memory.
 */
#ifdef DOXYGEN
struct tevent_queue *tevent_queue_create(TALLOC_CTX *mem_ctx,
					 const char *name);
#else
struct tevent_queue *_tevent_queue_create(TALLOC_CTX *mem_ctx,
					  const char *name,
					  const char *location);
#define tevent_queue_create(_mem_ctx, _name) \
	_tevent_queue_create((_mem_ctx), (_name), __location__)
#endif

/**
 * Append a request to a queue.
 *
 * The trigger is called once, later, from the loop of @a ev. The request leaves
 * the queue when it is freed.
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request; the caller keeps ownership.
 * @param trigger The trigger. NULL makes the request a blocker: when it becomes
 *     active, nothing is called and the queue is blocked until the request is
 *     freed.
 * @param private_data Passed to the trigger.
 * @return True; false if out of memory.
 */
bool tevent_queue_add(struct tevent_queue *queue,
		      struct tevent_context *ev,
		      struct tevent_req *req,
		      tevent_queue_trigger_fn_t trigger,
		      void *private_data);
#ifndef DOXYGEN
bool _tevent_queue_add(struct tevent_queue *queue,
		       struct tevent_context *ev,
		       struct tevent_req *req,
		       tevent_queue_trigger_fn_t trigger,
		       const char *trigger_name,
		       void *private_data);
#define tevent_queue_add(queue, ev, req, trigger, private_data) \
	_tevent_queue_add(queue, ev, req, trigger, #trigger, private_data)
#endif

/**
 * Append a request to a queue and return the entry.
 *
 * Otherwise as tevent_queue_add(). Freeing the entry removes the request from
 * the queue and has no other effect on the request; if the request was active,
 * the next one is triggered.
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request; the caller keeps ownership.
 * @param trigger The trigger; NULL for a blocker.
 * @param private_data Passed to the trigger.
 * @return The entry, a talloc child of the request; NULL if out of memory.
 * @since 0.9.14
 */
struct tevent_queue_entry *tevent_queue_add_entry(struct tevent_queue *queue,
						  struct tevent_context *ev,
						  struct tevent_req *req,
						  tevent_queue_trigger_fn_t trigger,
						  void *private_data);
#ifndef DOXYGEN
struct tevent_queue_entry *_tevent_queue_add_entry(struct tevent_queue *queue,
						   struct tevent_context *ev,
						   struct tevent_req *req,
						   tevent_queue_trigger_fn_t trigger,
						   const char *trigger_name,
						   void *private_data);
#define tevent_queue_add_entry(queue, ev, req, trigger, private_data) \
	_tevent_queue_add_entry(queue, ev, req, trigger, #trigger, private_data)
#endif

/**
 * Append a request, or start it at once if the queue is empty.
 *
 * If the queue is empty and running, and the request has no callback yet, the
 * trigger is called directly, before this function returns; this saves a turn
 * of the loop. Otherwise as tevent_queue_add_entry(). Requires: the trigger
 * works in both cases. If it finishes the request, the send function must
 * return with tevent_req_post().
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request; the caller keeps ownership.
 * @param trigger The trigger; NULL for a blocker.
 * @param private_data Passed to the trigger.
 * @return The entry; NULL if out of memory. If the trigger has freed the
 *     request, the value is not NULL but must not be used.
 * @since 0.9.14
 */
struct tevent_queue_entry *tevent_queue_add_optimize_empty(
	struct tevent_queue *queue,
	struct tevent_context *ev,
	struct tevent_req *req,
	tevent_queue_trigger_fn_t trigger,
	void *private_data);
#ifndef DOXYGEN
struct tevent_queue_entry *_tevent_queue_add_optimize_empty(
	struct tevent_queue *queue,
	struct tevent_context *ev,
	struct tevent_req *req,
	tevent_queue_trigger_fn_t trigger,
	const char *trigger_name,
	void *private_data);
#define tevent_queue_add_optimize_empty(queue, ev, req, trigger, private_data) \
	_tevent_queue_add_optimize_empty(queue, ev, req, trigger, #trigger, private_data)
#endif

/**
 * Mark the active entry to be triggered again.
 *
 * The next tevent_queue_start() triggers it.
 *
 * @param entry The entry. Requires: the first entry of a stopped queue;
 *     otherwise calls abort(3).
 * @since 0.9.36
 */
void tevent_queue_entry_untrigger(struct tevent_queue_entry *entry);

/**
 * Restart a stopped queue.
 * @param queue The queue; does nothing if it is running.
 */
void tevent_queue_start(struct tevent_queue *queue);

/**
 * Stop triggering requests until tevent_queue_start().
 *
 * The active request continues. Requests can still be added.
 *
 * @param queue The queue; does nothing if it is stopped.
 */
void tevent_queue_stop(struct tevent_queue *queue);

/**
 * Return the number of requests on the queue.
 * @param queue The queue.
 * @return The number of waiting requests plus the active one.
 */
size_t tevent_queue_length(struct tevent_queue *queue);

/**
 * Check whether the queue is running.
 * @param queue The queue.
 * @return False if the queue is stopped (tevent_queue_stop()), otherwise true,
 *     whatever the length of the queue.
 * @since 0.9.14
 */
bool tevent_queue_running(struct tevent_queue *queue);

/**
 * Wait to become active on a queue, and block it.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context.
 * @param queue The queue.
 * @return A request that finishes when it becomes active and blocks the queue
 *     until it is freed; NULL if out of memory.
 * @since 0.9.20
 */
struct tevent_req *tevent_queue_wait_send(TALLOC_CTX *mem_ctx,
					  struct tevent_context *ev,
					  struct tevent_queue *queue);

/**
 * Receive the request of tevent_queue_wait_send().
 *
 * The queue stays blocked until the request is freed.
 *
 * @param req The request.
 * @return True if the request is active; false if it failed or is still in
 *     progress. It is received in any case.
 * @since 0.9.20
 */
bool tevent_queue_wait_recv(struct tevent_req *req);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param qe The entry; does nothing for NULL.
 * @param tag The tag.
 * @since 0.12.0
 */
void tevent_queue_entry_set_tag(struct tevent_queue_entry *qe, uint64_t tag);

/**
 * Return the caller's tag.
 * @param qe The entry, or NULL.
 * @return The tag; 0 for NULL.
 * @since 0.12.0
 */
uint64_t tevent_queue_entry_get_tag(const struct tevent_queue_entry *qe);

/** @} */

/* ---- Threads ------------------------------------------------------------- */

/**
 * @defgroup tevent_threads Threads
 *
 * These functions run a handler in the loop of another thread. A context
 * belongs to one thread, and the two schedule functions are the only ones that
 * may be called for another thread's context. Both wake the loop and run
 * handlers in the order of scheduling. They differ in ownership:
 *
 * - A threaded context uses an immediate that the caller prepared and keeps:
 *   after its handler has run, the immediate is idle again. Nothing is
 *   allocated, so scheduling can't fail.
 * - A thread proxy takes ownership of the immediate and of a talloc chunk of
 *   data, and frees both in the destination's thread. It also keeps the
 *   destination's tevent_loop_wait() running.
 *
 * The handler of one proxy may pass its own immediate and data to another
 * proxy, as a reply.
 *
 * In a forked child an inherited threaded context does nothing. The child has
 * its own copy of a proxy, with copies of the calls that were waiting in it.
 * @{
 */

/**
 * Create a threaded context, which accepts immediates from other threads.
 *
 * Thread: the context's own, also for freeing the threaded context. Usually
 * each other thread gets a threaded context of its own. Immediates that were
 * scheduled before the threaded context is freed still run.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context, which may be a wrapper.
 * @return The threaded context; NULL with errno set if out of memory or if no
 *     descriptor for the wake-up is available.
 * @since 0.9.30
 */
struct tevent_threaded_context *tevent_threaded_context_create(
	TALLOC_CTX *mem_ctx, struct tevent_context *ev);

/**
 * Run a handler in the context's thread.
 *
 * Thread: any. The context may be freed concurrently; the call then does
 * nothing and the immediate stays idle.
 *
 * @param tctx The threaded context.
 * @param im The immediate; the caller keeps ownership. Requires: idle and not
 *     inside its own handler; otherwise calls abort(3). Requires: not freed,
 *     scheduled or reset until its handler runs. Requires: in no talloc tree
 *     that another thread uses at the same time.
 * @param handler The handler. Requires: not NULL; otherwise calls abort(3).
 * @param private_data Passed to the handler.
 * @since 0.9.30
 */
#ifdef DOXYGEN
void tevent_threaded_schedule_immediate(struct tevent_threaded_context *tctx,
					struct tevent_immediate *im,
					tevent_immediate_handler_t handler,
					void *private_data);
#else
void _tevent_threaded_schedule_immediate(struct tevent_threaded_context *tctx,
					 struct tevent_immediate *im,
					 tevent_immediate_handler_t handler,
					 void *private_data,
					 const char *handler_name,
					 const char *location);
#define tevent_threaded_schedule_immediate(tctx, im, handler, private_data) \
	_tevent_threaded_schedule_immediate(tctx, im, handler, private_data, \
					    #handler, __location__)
#endif

/**
 * Create a thread proxy for a context.
 *
 * Thread: the context's own, also for freeing the proxy. Requires: the proxy is
 * freed only when no thread can call tevent_thread_proxy_schedule() on it any
 * more. Immediates and data whose handler has not run by then are freed without
 * calling it.
 *
 * @param dest_ev_ctx The context, which becomes the talloc parent.
 * @return The proxy; NULL with errno set on failure, EINVAL on a wrapper.
 * @since 0.9.26
 */
struct tevent_thread_proxy *tevent_thread_proxy_create(
	struct tevent_context *dest_ev_ctx);

/**
 * Pass an immediate and data to the thread of a proxy.
 *
 * Thread: any. The handler runs in the destination's thread. The immediate and
 * the data are freed there after it returns, unless the handler moved them
 * elsewhere (talloc_steal()).
 *
 * @param tp The proxy.
 * @param[in,out] pp_im Address of the pointer to the immediate. Requires: idle.
 *     The pointer becomes NULL. If it does not, the proxy is being freed or the
 *     call is out of memory, and the caller keeps the immediate and the data.
 * @param handler The handler.
 * @param[in,out] pp_private_data Address of the pointer to a talloc chunk, or
 *     NULL for no data. The handler receives the chunk; the pointer becomes
 *     NULL.
 * @since 0.9.26
 */
void tevent_thread_proxy_schedule(struct tevent_thread_proxy *tp,
				  struct tevent_immediate **pp_im,
				  tevent_immediate_handler_t handler,
				  void *pp_private_data);

/** @} */

/* ---- Custom backends ------------------------------------------------------ */

/**
 * @defgroup tevent_backends Custom backends
 *
 * A custom backend is a table of functions that call those of a built-in
 * backend. Copy the table of a built-in backend, replace some of its functions
 * by functions that call the originals, and register the copy or pass it to
 * tevent_context_init_ops(). Start from @c epoll, @c poll or @c poll_mt if the
 * program must also run with other builds of the library, in which the table of
 * @c standard may be incomplete.
 *
 * The library also uses the table for its own timers, immediates and events.
 * Updating a timer, resetting an immediate and freeing objects do not use it.
 * @{
 */

/**
 * Backend functions of a context.
 *
 * Handler names and locations are string literals. Requires: a function passes
 * them on unchanged.
 */
struct tevent_ops {
	/**
	 *  Start the backend on a zeroed context, or on an empty one after
	 * tevent_re_initialise(). Return 0, or non-zero on failure.
	 */
	int (*context_init)(struct tevent_context *ev);

	/** tevent_add_fd(). */
	struct tevent_fd *(*add_fd)(struct tevent_context *ev,
				    TALLOC_CTX *mem_ctx,
				    int fd, uint16_t flags,
				    tevent_fd_handler_t handler,
				    void *private_data,
				    const char *handler_name,
				    const char *location);
	/** tevent_fd_set_close_fn() and tevent_fd_set_auto_close(). */
	void (*set_fd_close_fn)(struct tevent_fd *fde,
				tevent_fd_close_fn_t close_fn);
	/** tevent_fd_get_flags(), for an event that has a context. */
	uint16_t (*get_fd_flags)(struct tevent_fd *fde);
	/** tevent_fd_set_flags(), for an event that has a context. */
	void (*set_fd_flags)(struct tevent_fd *fde, uint16_t flags);

	/** tevent_add_timer(). */
	struct tevent_timer *(*add_timer)(struct tevent_context *ev,
					  TALLOC_CTX *mem_ctx,
					  struct timeval next_event,
					  tevent_timer_handler_t handler,
					  void *private_data,
					  const char *handler_name,
					  const char *location);

	/**
	 *  tevent_schedule_immediate(); also called in the loop's thread for an
	 * immediate from another thread.
	 */
	void (*schedule_immediate)(struct tevent_immediate *im,
				   struct tevent_context *ev,
				   tevent_immediate_handler_t handler,
				   void *private_data,
				   const char *handler_name,
				   const char *location);

	/** tevent_add_signal(); NULL if signals are not supported. */
	struct tevent_signal *(*add_signal)(struct tevent_context *ev,
					    TALLOC_CTX *mem_ctx,
					    int signum, int sa_flags,
					    tevent_signal_handler_t handler,
					    void *private_data,
					    const char *handler_name,
					    const char *location);

	/** One turn of the loop. */
	int (*loop_once)(struct tevent_context *ev, const char *location);
	/** tevent_loop_wait(). */
	int (*loop_wait)(struct tevent_context *ev, const char *location);
};

/**
 * Register a table of functions under a name.
 *
 * Applies to the whole process. A name that is already registered keeps its
 * table. A built-in name can be registered before the first lookup, listing or
 * creation of a context. Intended for program start, before any threads are
 * created.
 *
 * @param name The name, which is not copied. Requires: valid for the rest of
 *     the process.
 * @param ops The table, which is not copied. Requires: as @a name.
 * @return True, also for a name that is already registered; false if out of
 *     memory.
 */
bool tevent_register_backend(const char *name, const struct tevent_ops *ops);

/**
 * Look up the table of functions registered under a name.
 *
 * Thread: any, also concurrently.
 *
 * @param name A name from tevent_backend_list(); NULL for the default.
 * @return The table; NULL if the name is unknown.
 * @since 0.14.0
 */
const struct tevent_ops *tevent_find_ops_byname(const char *name);

/** @} */

#ifdef TEVENT_DEPRECATED

/* ---- Wrapper contexts ---------------------------------------------------- */

/**
 * @defgroup tevent_wrappers Wrapper contexts
 *
 * A wrapper is a context whose events run on the loop of a main context, with
 * the wrapper's functions called before and after each of their handlers, to
 * change the user id and back, for example. The loop itself is run on the main
 * context: running it on a wrapper aborts (tevent_set_abort_fn()). Wrappers and
 * nested loops exclude each other.
 *
 * A wrapper is in use while one of its handlers runs and between
 * tevent_context_push_use() and tevent_context_pop_use(). Uses nest strictly,
 * at most 32 deep in the whole process. A wrapper can't be used while it is in
 * use. talloc_free() on a wrapper in use returns -1; the wrapper is freed when
 * the use ends.
 *
 * Once the main context is freed, nothing can be added to the wrapper: adding
 * an event fails with errno EINVAL, and scheduling an immediate aborts
 * (tevent_set_abort_fn()). The wrapper can still be freed.
 *
 * All of this is deprecated and visible only with @c TEVENT_DEPRECATED.
 * @{
 */

/**
 * Functions of a wrapper.
 *
 * Each receives the wrapper, its state and the main context. The handler
 * functions also receive the event, the arguments of its handler, the name of
 * the handler and the location where the event was added or scheduled. An
 * @c after function is also called if the handler has freed its event.
 * Requires: all members except @c name are set.
 */
struct tevent_wrapper_ops {
	/** Name for debug messages. */
	const char *name;

	/** tevent_context_push_use(); returns false to refuse the use. */
	bool (*before_use)(struct tevent_context *wrap_ev,
			   void *private_state,
			   struct tevent_context *main_ev,
			   const char *location);
	/** tevent_context_pop_use(). */
	void (*after_use)(struct tevent_context *wrap_ev,
			  void *private_state,
			  struct tevent_context *main_ev,
			  const char *location);

	/** Called before the handler of an fd event. */
	void (*before_fd_handler)(struct tevent_context *wrap_ev,
				  void *private_state,
				  struct tevent_context *main_ev,
				  struct tevent_fd *fde,
				  uint16_t flags,
				  const char *handler_name,
				  const char *location);
	/** Called after the handler of an fd event. */
	void (*after_fd_handler)(struct tevent_context *wrap_ev,
				 void *private_state,
				 struct tevent_context *main_ev,
				 struct tevent_fd *fde,
				 uint16_t flags,
				 const char *handler_name,
				 const char *location);

	/** Called before the handler of a timer. */
	void (*before_timer_handler)(struct tevent_context *wrap_ev,
				     void *private_state,
				     struct tevent_context *main_ev,
				     struct tevent_timer *te,
				     struct timeval requested_time,
				     struct timeval trigger_time,
				     const char *handler_name,
				     const char *location);
	/** Called after the handler of a timer. */
	void (*after_timer_handler)(struct tevent_context *wrap_ev,
				    void *private_state,
				    struct tevent_context *main_ev,
				    struct tevent_timer *te,
				    struct timeval requested_time,
				    struct timeval trigger_time,
				    const char *handler_name,
				    const char *location);

	/** Called before the handler of an immediate. */
	void (*before_immediate_handler)(struct tevent_context *wrap_ev,
					 void *private_state,
					 struct tevent_context *main_ev,
					 struct tevent_immediate *im,
					 const char *handler_name,
					 const char *location);
	/** Called after the handler of an immediate. */
	void (*after_immediate_handler)(struct tevent_context *wrap_ev,
					void *private_state,
					struct tevent_context *main_ev,
					struct tevent_immediate *im,
					const char *handler_name,
					const char *location);

	/** Called before the handler of a signal event. */
	void (*before_signal_handler)(struct tevent_context *wrap_ev,
				      void *private_state,
				      struct tevent_context *main_ev,
				      struct tevent_signal *se,
				      int signum,
				      int count,
				      void *siginfo,
				      const char *handler_name,
				      const char *location);
	/** Called after the handler of a signal event. */
	void (*after_signal_handler)(struct tevent_context *wrap_ev,
				     void *private_state,
				     struct tevent_context *main_ev,
				     struct tevent_signal *se,
				     int signum,
				     int count,
				     void *siginfo,
				     const char *handler_name,
				     const char *location);
};

/**
 * Create a wrapper.
 * @param main_ev The main context. Requires: not a wrapper, nesting not
 *     allowed.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ops The functions, which are not copied. Requires: valid as long as
 *     the wrapper.
 * @param[out] state Address of a pointer that receives the zeroed state, which
 *     is freed with the wrapper.
 * @param type The type of the state: a type, not a string.
 * @return The wrapper; NULL with errno set on failure: ENOMEM if out of memory,
 *     EINVAL if @a main_ev is a wrapper or allows nesting.
 * @since 0.9.37
 * @deprecated
 */
#ifdef DOXYGEN
struct tevent_context *tevent_context_wrapper_create(
	struct tevent_context *main_ev,
	TALLOC_CTX *mem_ctx,
	const struct tevent_wrapper_ops *ops,
	void *state,
	TYPE type);
#else
struct tevent_context *_tevent_context_wrapper_create(
	struct tevent_context *main_ev,
	TALLOC_CTX *mem_ctx,
	const struct tevent_wrapper_ops *ops,
	void *pstate,
	size_t psize,
	const char *type,
	const char *location) _DEPRECATED_;
#define tevent_context_wrapper_create(main_ev, mem_ctx, ops, state, type) \
	_tevent_context_wrapper_create(main_ev, mem_ctx, ops, \
				       state, sizeof(type), #type, __location__)
#endif

/**
 * Check whether a context is a wrapper.
 * @param ev The context.
 * @return True for a wrapper, also after its main context was freed.
 * @since 0.9.37
 * @deprecated
 */
bool tevent_context_is_wrapper(struct tevent_context *ev) _DEPRECATED_;

/**
 * Begin a use of a context outside its handlers.
 *
 * Calls @c before_use. Each success must be followed by one
 * tevent_context_pop_use().
 *
 * @param ev The context; nothing is called for a main context. Requires: not a
 *     wrapper in use, and fewer than 32 uses in the process; otherwise aborts
 *     (tevent_set_abort_fn()).
 * @return True; false if @c before_use refused or the main context was freed.
 * @since 0.9.37
 * @deprecated
 */
#ifdef DOXYGEN
bool tevent_context_push_use(struct tevent_context *ev) _DEPRECATED_;
#else
bool _tevent_context_push_use(struct tevent_context *ev,
			      const char *location) _DEPRECATED_;
#define tevent_context_push_use(ev) \
	_tevent_context_push_use(ev, __location__)
#endif

/**
 * End a use begun by tevent_context_push_use().
 *
 * Calls @c after_use, unless the main context was freed.
 *
 * @param ev The context. Requires: the one pushed last; otherwise aborts
 *     (tevent_set_abort_fn()).
 * @since 0.9.37
 * @deprecated
 */
#ifdef DOXYGEN
void tevent_context_pop_use(struct tevent_context *ev) _DEPRECATED_;
#else
void _tevent_context_pop_use(struct tevent_context *ev,
			     const char *location) _DEPRECATED_;
#define tevent_context_pop_use(ev) \
	_tevent_context_pop_use(ev, __location__)
#endif

/**
 * Check whether two contexts run on the same loop.
 * @param ev1 The first context, or NULL.
 * @param ev2 The second context, or NULL.
 * @return True if they have the same main context; false for NULL and for a
 *     wrapper whose main context was freed.
 * @since 0.9.37
 * @deprecated
 */
bool tevent_context_same_loop(struct tevent_context *ev1,
			      struct tevent_context *ev2) _DEPRECATED_;

/** @} */

#endif /* TEVENT_DEPRECATED */

#ifdef __cplusplus
}
#endif

/* ---- Old names ----------------------------------------------------------- */

#ifdef TEVENT_COMPAT_DEFINES

/* From before the library was called tevent; each expands to the new name. */

#define event_context	tevent_context
#define event_ops	tevent_ops
#define fd_event	tevent_fd
#define timed_event	tevent_timer
#define signal_event	tevent_signal

#define event_fd_handler_t	tevent_fd_handler_t
#define event_timed_handler_t	tevent_timer_handler_t
#define event_signal_handler_t	tevent_signal_handler_t

#define event_context_init(mem_ctx) \
	tevent_context_init(mem_ctx)

#define event_context_init_byname(mem_ctx, name) \
	tevent_context_init_byname(mem_ctx, name)

#define event_backend_list(mem_ctx) \
	tevent_backend_list(mem_ctx)

#define event_set_default_backend(backend) \
	tevent_set_default_backend(backend)

#define event_add_fd(ev, mem_ctx, fd, flags, handler, private_data) \
	tevent_add_fd(ev, mem_ctx, fd, flags, handler, private_data)

#define event_add_timed(ev, mem_ctx, next_event, handler, private_data) \
	tevent_add_timer(ev, mem_ctx, next_event, handler, private_data)

#define event_add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data) \
	tevent_add_signal(ev, mem_ctx, signum, sa_flags, handler, private_data)

#define event_loop_once(ev) \
	tevent_loop_once(ev)

#define event_loop_wait(ev) \
	tevent_loop_wait(ev)

#define event_get_fd_flags(fde) \
	tevent_fd_get_flags(fde)

#define event_set_fd_flags(fde, flags) \
	tevent_fd_set_flags(fde, flags)

#define EVENT_FD_READ	TEVENT_FD_READ
#define EVENT_FD_WRITE	TEVENT_FD_WRITE

#define EVENT_FD_WRITEABLE(fde) \
	TEVENT_FD_WRITEABLE(fde)

#define EVENT_FD_READABLE(fde) \
	TEVENT_FD_READABLE(fde)

#define EVENT_FD_NOT_WRITEABLE(fde) \
	TEVENT_FD_NOT_WRITEABLE(fde)

#define EVENT_FD_NOT_READABLE(fde) \
	TEVENT_FD_NOT_READABLE(fde)

#define ev_debug_level		tevent_debug_level
#define EV_DEBUG_FATAL		TEVENT_DEBUG_FATAL
#define EV_DEBUG_ERROR		TEVENT_DEBUG_ERROR
#define EV_DEBUG_WARNING	TEVENT_DEBUG_WARNING
#define EV_DEBUG_TRACE		TEVENT_DEBUG_TRACE

#define ev_set_debug(ev, debug, context) \
	tevent_set_debug(ev, debug, context)

#define ev_set_debug_stderr(_ev) \
	tevent_set_debug_stderr(_ev)

#endif /* TEVENT_COMPAT_DEFINES */

#endif /* __TEVENT_H__ */
