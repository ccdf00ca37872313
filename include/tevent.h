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
 * The whole public interface of libtevent. tevent(7) explains the concepts;
 * each call has a man page with an example.
 *
 * What holds everywhere:
 *
 * - Memory: every object is a talloc chunk. A function's @a mem_ctx becomes its
 *   talloc parent; talloc_free() on the object, or on a parent of it, takes it
 *   out of the loop. There are no other free functions. Out of memory is
 *   reported to the caller: NULL or false.
 * - Private data is passed through untouched. It belongs to the program, which
 *   keeps it alive as long as the event.
 * - Freeing inside handlers: a handler may free the event that it runs for,
 *   that event's talloc parent, or any other event. For its own event
 *   talloc_free() returns -1: the event has left the loop at once, its memory
 *   goes when the handler has returned. Freeing it a second time in there
 *   aborts (tevent_set_abort_fn()). The context itself must not be freed in a
 *   handler of its loop.
 * - Threads: a context belongs to one thread at a time, together with all that
 *   hangs on it; talloc knows no locks. Functions that may be called from
 *   elsewhere say so. Different threads may use different contexts.
 * - fork(): the child has copies of all contexts and events. It may use and
 *   free them without disturbing the parent; tevent_re_initialise() gets rid of
 *   them.
 * - NULL as the object: the flag, close function and tag functions of fd
 *   events, all other tag functions and tevent_req_print() accept it, and
 *   functions that say so.
 * - Names and places: many names are macros in front of functions that begin
 *   with an underscore. They add the name of the handler and the place of the
 *   call, both string literals, for debug messages. Some came with 0.15.0 and
 *   have the name of a function that still exists: @c (tevent_queue_add)(...)
 *   and @c &tevent_queue_add reach it. All of them are expressions.
 * - Releases: "since" names the release of the interface that brought a
 *   declaration; without it, it is there from 0.9.9 on.
 *
 * Define @c TEVENT_DEPRECATED before the include to see the deprecated part,
 * @c TEVENT_COMPAT_DEFINES for the names from before the library was called
 * tevent.
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

/* All of these are opaque, but for struct tevent_ops. */
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
 * @defgroup tevent_contexts Contexts: where events live and loops run
 *
 * A program creates a context, adds events, and runs tevent_loop_wait() or
 * tevent_loop_once() on it. A library takes the context from its caller.
 *
 * Backends: a context waits for file descriptors by way of a backend:
 *
 * - @c standard, the default: epoll, or poll where epoll is not to be had or
 *   refuses a descriptor (a regular file, for example); the change from one to
 *   the other goes unnoticed, loses nothing, and is for good.
 * - @c epoll: epoll(7) alone. What makes @c standard change over ends the
 *   program here, by abort(3).
 * - @c poll: poll(2). A regular file is always ready.
 * - @c poll_mt: @c poll for programs in which other threads add, change or
 *   free fd events and schedule immediates while the loop's thread waits. Such
 *   a change ends the wait. The program needs a lock of its own around
 *   everything but the wait; TEVENT_TRACE_BEFORE_WAIT and
 *   TEVENT_TRACE_AFTER_WAIT tell it where to let go of the lock and where to
 *   take it again.
 *
 * Freeing: talloc_free() on a context first takes every event out of it, no
 * handler runs any more. Events whose talloc parent is not the context stay
 * valid memory and harmless: fd flags read as 0 and can't be set, an immediate
 * can be scheduled on another context, everything can be freed.
 *
 * After fork() the child may use its copy as it is; nothing that it does
 * disturbs the parent. A child that wants none of the parent's events calls
 * tevent_re_initialise() or frees the context.
 * @{
 */

/**
 * Create a context with the default backend.
 * @param mem_ctx Talloc parent, or NULL.
 * @return The context; NULL when out of memory or when the backend can't start
 *     (no free file descriptor, for example). errno says nothing.
 */
struct tevent_context *tevent_context_init(TALLOC_CTX *mem_ctx);

/**
 * Create a context with a backend chosen by name.
 * @param mem_ctx Talloc parent, or NULL.
 * @param name A name from tevent_backend_list(); NULL means the default.
 * @return The context; NULL when the name is unknown, when out of memory or
 *     when the backend can't start. errno says nothing.
 */
struct tevent_context *tevent_context_init_byname(TALLOC_CTX *mem_ctx,
						  const char *name);

/**
 * Create a context with a table of backend functions.
 *
 * tevent_register_backend() tells how to make a table.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param ops The table. It is not copied and must stay valid as long as the
 *     context.
 * @param additional_data The table's business. A built-in table's
 *     @c context_init takes a talloc chunk here and may free it; pass NULL.
 * @return The context; NULL when out of memory or when @c ops->context_init
 *     returned non-zero.
 * @since 0.9.16
 */
struct tevent_context *tevent_context_init_ops(TALLOC_CTX *mem_ctx,
					       const struct tevent_ops *ops,
					       void *additional_data);

/**
 * List the names of all backends.
 *
 * Thread: any, also two at once.
 *
 * @param mem_ctx Talloc parent of the list, or NULL.
 * @return A NULL-terminated array, the newest registration first. The strings
 *     are its talloc children. NULL when out of memory.
 */
const char **tevent_backend_list(TALLOC_CTX *mem_ctx);

/**
 * Choose the backend of contexts that are created without a name.
 *
 * Holds for the whole process, and for contexts created from now on. Meant for
 * the start of a program, before it has threads.
 *
 * @param backend The name, which is copied and looked up when a context is
 *     created; NULL puts @c standard back.
 */
void tevent_set_default_backend(const char *backend);

/**
 * Start over with an empty context at the same address.
 *
 * For the child after fork(): it takes all events out, as freeing the context
 * would, and starts the backend anew. The pointer stays good. The debug
 * function and level, the trace callbacks, the wait timeout and "nesting
 * allowed" are kept; the nesting hook is not. May be called inside a handler
 * of this context; the turn that called the handler then ends quietly.
 *
 * @param ev The context. On a wrapper: aborts (tevent_set_abort_fn()), or
 *     returns -1 with errno ENOSYS.
 * @return 0, or non-zero when the backend can't start: free the context then,
 *     or try again.
 */
int tevent_re_initialise(struct tevent_context *ev);

/**
 * getpid() without the system call.
 *
 * Right in a forked child as well. Thread: any.
 *
 * @return The process id.
 * @since 0.13.0
 */
pid_t tevent_cached_getpid(void);

/** @} */

/* ---- File descriptor events ---------------------------------------------- */

/**
 * @defgroup tevent_fd_events File descriptor events: call a handler when one is ready
 *
 * Readiness is a state, not a change: as long as the fd is ready and the event
 * asks for it, its handler is called again and again. Nothing is reported that
 * is not true at the moment of the call.
 *
 * Any number of events may watch one fd, in one context or in several. A
 * readiness goes to one of the events that ask for it, in turns.
 *
 * Free the event before the fd is closed, or let the event close it
 * (tevent_fd_set_auto_close()).
 * @{
 */

/**
 * Reading does not block: there is data, the end of the file, or an error to
 * fetch. A peer that has gone shows here, too.
 */
#define TEVENT_FD_READ 1

/**
 * Writing does not block.
 *
 * An event that asks for this alone is not called while the fd has an error or
 * is hung up. If nobody else asks for TEVENT_FD_READ or TEVENT_FD_ERROR on the
 * fd then, TEVENT_FD_WRITE is taken out of the event's flags, so that the loop
 * does not spin; tevent_fd_get_flags() shows it.
 */
#define TEVENT_FD_WRITE 2

/**
 * The peer has closed its side, the fd is hung up or has an error. Told
 * together with TEVENT_FD_WRITE where that is asked for and true; data to read
 * alone does not count.
 *
 * @since 0.16.0
 */
#define TEVENT_FD_ERROR 4

/**
 * What is called when a file descriptor is ready.
 * @param ev The context that the event was added to.
 * @param fde The event.
 * @param flags What is true, among the flags that the event asks for.
 * @param private_data As given to tevent_add_fd().
 */
typedef void (*tevent_fd_handler_t)(struct tevent_context *ev,
				    struct tevent_fd *fde,
				    uint16_t flags,
				    void *private_data);

/**
 * What is called when an fd event is freed.
 *
 * The event has left the loop, its memory and tag are still there.
 *
 * @param ev The event's context, the main one where that is a wrapper; NULL
 *     when the event had lost its context.
 * @param fde The event.
 * @param fd The file descriptor.
 * @param private_data As given to tevent_add_fd().
 */
typedef void (*tevent_fd_close_fn_t)(struct tevent_context *ev,
				     struct tevent_fd *fde,
				     int fd,
				     void *private_data);

/**
 * Watch a file descriptor.
 *
 * An fd that is not open need not be noticed here: the event is returned all
 * the same, leaves the loop at the latest at the next wait, and an ERROR-level
 * debug message tells it.
 *
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL means @a ev.
 * @param fd The file descriptor, which stays the caller's.
 * @param flags TEVENT_FD_READ, TEVENT_FD_WRITE, TEVENT_FD_ERROR or several of
 *     them; with 0 the handler is not called and the event does not keep
 *     tevent_loop_wait() busy.
 * @param handler What to call.
 * @param private_data Passed to the handler.
 * @return The event; NULL when @a fd is negative or when out of memory. errno
 *     says nothing.
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
 * What the event asks for.
 * @param fde The event, or NULL.
 * @return The flags as set, 0 for NULL and when the context is gone.
 */
uint16_t tevent_fd_get_flags(struct tevent_fd *fde);

/**
 * Ask for something else.
 *
 * Does nothing for NULL and when the context is gone. Setting the flags that
 * are set already costs nothing.
 *
 * @param fde The event, or NULL.
 * @param flags The new flags, in place of the present ones.
 */
void tevent_fd_set_flags(struct tevent_fd *fde, uint16_t flags);

#ifdef DOXYGEN
/**
 *  @brief Ask for TEVENT_FD_READ as well.
 * @param fde The event, or NULL. It is evaluated twice.
 */
void TEVENT_FD_READABLE(struct tevent_fd *fde);
/**
 *  @brief Ask for TEVENT_FD_READ no longer.
 * @param fde The event, or NULL. It is evaluated twice.
 */
void TEVENT_FD_NOT_READABLE(struct tevent_fd *fde);
/**
 *  @brief Ask for TEVENT_FD_WRITE as well.
 * @param fde The event, or NULL. It is evaluated twice.
 */
void TEVENT_FD_WRITEABLE(struct tevent_fd *fde);
/**
 *  @brief Ask for TEVENT_FD_WRITE no longer.
 * @param fde The event, or NULL. It is evaluated twice.
 */
void TEVENT_FD_NOT_WRITEABLE(struct tevent_fd *fde);
/**
 *  @brief Ask for TEVENT_FD_ERROR as well.
 * @param fde The event, or NULL. It is evaluated twice.
 * @since 0.16.0
 */
void TEVENT_FD_WANTERROR(struct tevent_fd *fde);
/**
 *  @brief Ask for TEVENT_FD_ERROR no longer.
 * @param fde The event, or NULL. It is evaluated twice.
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
 * Have a function called when the event is freed.
 *
 * It takes the place of what was set before, tevent_fd_set_auto_close()
 * included. It runs once. Does nothing for an event whose context is gone; but
 * what was set before that still runs.
 *
 * @param fde The event, or NULL.
 * @param close_fn The function; NULL for none.
 */
void tevent_fd_set_close_fn(struct tevent_fd *fde,
			    tevent_fd_close_fn_t close_fn);

/**
 * Have the file descriptor closed when the event is freed.
 *
 * Takes the place of a close function; otherwise as tevent_fd_set_close_fn().
 *
 * @param fde The event, or NULL.
 */
void tevent_fd_set_auto_close(struct tevent_fd *fde);

/**
 * Set the caller's tag.
 *
 * A tag is a number for the program's use, in trace callbacks for example. It
 * means nothing to the library and is 0 at first.
 *
 * @param fde The event; nothing happens for NULL.
 * @param tag The number.
 * @since 0.11.0
 */
void tevent_fd_set_tag(struct tevent_fd *fde, uint64_t tag);

/**
 * Read the caller's tag.
 * @param fde The event, or NULL.
 * @return The tag, 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_fd_get_tag(const struct tevent_fd *fde);

/** @} */

/* ---- Timers -------------------------------------------------------------- */

/**
 * @defgroup tevent_timers Timers: call a handler once, at a point in time
 *
 * Times are wall-clock times, as gettimeofday(2) gives them. Timers run in the
 * order of their times, equal ones in the order in which they were added, one
 * in a turn of the loop and never early.
 *
 * A timer runs once and is freed after its handler has returned; a handler
 * that wants to run again adds a new one.
 * @{
 */

/**
 * What is called when the time has come.
 * @param ev The context that the timer was added to.
 * @param te The timer, which has left the loop already. It may be freed here;
 *     tevent_update_timer() does nothing.
 * @param current_time The time at which the timer was found due; zero for a
 *     timer with a zero time.
 * @param private_data As given to tevent_add_timer().
 */
typedef void (*tevent_timer_handler_t)(struct tevent_context *ev,
				       struct tevent_timer *te,
				       struct timeval current_time,
				       void *private_data);

/**
 * Run a handler at a point in time.
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL means @a ev. Freeing the timer cancels it.
 * @param next_event The time. A time in the past is due at once, a zero time is
 *     due before all others.
 * @param handler What to call.
 * @param private_data Passed to the handler.
 * @return The timer; NULL when out of memory.
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
 * Move a timer to another time.
 *
 * Among timers of that time it becomes the last. Does nothing when the timer's
 * context is gone and inside the timer's own handler.
 *
 * @param te The timer.
 * @param next_event The new time.
 * @since 0.9.31
 */
void tevent_update_timer(struct tevent_timer *te, struct timeval next_event);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param te The timer; nothing happens for NULL.
 * @param tag The number.
 * @since 0.11.0
 */
void tevent_timer_set_tag(struct tevent_timer *te, uint64_t tag);

/**
 * Read the caller's tag.
 * @param te The timer, or NULL.
 * @return The tag, 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_timer_get_tag(const struct tevent_timer *te);

/** @} */

/* ---- Immediates ---------------------------------------------------------- */

/**
 * @defgroup tevent_immediates Immediates: call a handler in one of the next turns
 *
 * The way to do something "right after this handler" without recursion. The
 * object is created once and can be scheduled again and again, which can't
 * fail. Immediates run in the order of scheduling, one in a turn, and before
 * timers and file descriptors: a handler that keeps scheduling itself keeps
 * those waiting.
 * @{
 */

/**
 * What is called for an immediate.
 * @param ctx The context that it was scheduled on.
 * @param im The immediate, idle again: it may be scheduled anew or freed here.
 * @param private_data As given when it was scheduled.
 */
typedef void (*tevent_immediate_handler_t)(struct tevent_context *ctx,
					   struct tevent_immediate *im,
					   void *private_data);

/**
 * Create an immediate that is scheduled nowhere.
 * @param mem_ctx Talloc parent, or NULL. Freeing a scheduled immediate cancels
 *     it.
 * @return The immediate; NULL when out of memory.
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
 * Run a handler in one of the next turns of the loop, once.
 *
 * What the immediate was scheduled for before is cancelled first, in whatever
 * context. An immediate that was freed in its own handler must not be
 * scheduled any more: that aborts (tevent_set_abort_fn()).
 *
 * @param im The immediate.
 * @param ctx The context to run in.
 * @param handler What to call; NULL only cancels.
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
 * Cancel what the immediate is scheduled for.
 *
 * Does nothing when it is idle. The immediate can be scheduled again.
 *
 * @param im The immediate.
 * @since 0.17.0
 */
void tevent_reset_immediate(struct tevent_immediate *im);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 *
 * The tag stays when the immediate is scheduled again or cancelled.
 *
 * @param im The immediate; nothing happens for NULL.
 * @param tag The number.
 * @since 0.11.0
 */
void tevent_immediate_set_tag(struct tevent_immediate *im, uint64_t tag);

/**
 * Read the caller's tag.
 * @param im The immediate, or NULL.
 * @return The tag, 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_immediate_get_tag(const struct tevent_immediate *im);

/** @} */

/* ---- Signals ------------------------------------------------------------- */

/**
 * @defgroup tevent_signals Signals: call a handler from the loop when one arrives
 *
 * Handlers are called by the loop, like all others, and so may do anything;
 * nothing of the program runs inside the signal handler itself. Any number of
 * events may wait for one signal, in any number of contexts; the newest runs
 * first. A turn of any context that has a signal event handles the pending
 * signals of all contexts.
 *
 * While an event exists, the signal's disposition is the library's; when the
 * last one of a signal is freed, the previous disposition is put back.
 * @{
 */

/**
 * What is called for a signal.
 * @param ev The context that the event was added to.
 * @param se The event.
 * @param signum The signal.
 * @param count How often it arrived since the last call; with SA_SIGINFO always
 *     1, one call for each arrival.
 * @param siginfo With SA_SIGINFO a @c siginfo_t pointer, valid until the
 *     handler returns, else NULL.
 * @param private_data As given to tevent_add_signal().
 */
typedef void (*tevent_signal_handler_t)(struct tevent_context *ev,
					struct tevent_signal *se,
					int signum,
					int count,
					void *siginfo,
					void *private_data);

/**
 * Wait for a signal.
 * @param ev The context.
 * @param mem_ctx Talloc parent; NULL means @a ev.
 * @param signum The signal.
 * @param sa_flags Flags of sigaction(2). The first event for a signal decides
 *     on the installed ones. SA_SIGINFO asks for single calls with their
 *     @c siginfo_t (not granted when the first event was added without it).
 *     With SA_RESETHAND the event frees itself after its first delivery.
 * @param handler What to call.
 * @param private_data Passed to the handler.
 * @return The event; NULL with errno set on failure: EINVAL for a signal that
 *     does not exist or can't be caught, otherwise what sigaction(2), the
 *     creation of the wake-up descriptor or the allocation failed with.
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
 * Whether the context's backend can wait for signals.
 * @param ev The context.
 * @return True with all built-in backends.
 */
bool tevent_signal_support(struct tevent_context *ev);

/**
 * The upper limit of signal numbers.
 *
 * Thread: any.
 *
 * @return tevent_add_signal() accepts numbers below this one.
 * @since 0.9.20
 */
size_t tevent_num_signals(void);

/**
 * How many arrivals of a signal are kept with SA_SIGINFO.
 *
 * At that number the signal is blocked until the loop has handled them, so
 * that none is lost. Thread: any.
 *
 * @return The number.
 * @since 0.9.20
 */
size_t tevent_sa_info_queue_count(void);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param se The event; nothing happens for NULL.
 * @param tag The number.
 * @since 0.11.0
 */
void tevent_signal_set_tag(struct tevent_signal *se, uint64_t tag);

/**
 * Read the caller's tag.
 * @param se The event, or NULL.
 * @return The tag, 0 for NULL.
 * @since 0.11.0
 */
uint64_t tevent_signal_get_tag(const struct tevent_signal *se);

/** @} */

/* ---- The loop ------------------------------------------------------------ */

/**
 * @defgroup tevent_loop The loop: wait for events and call their handlers
 *
 * One turn of the loop runs at most one event, the first that it finds in this
 * order:
 *
 * 1. all pending signals (they count as one);
 * 2. the first immediate;
 * 3. the earliest timer, if it is due;
 * 4. one file descriptor that is ready, the wait for which ends when the next
 *    timer is due, when a signal arrives or when another thread wakes the loop;
 * 5. the earliest timer, or the signals, that ended the wait.
 *
 * A turn may find nothing to run and still succeed: a wake-up, a signal
 * without an event, the wait timeout.
 * @{
 */

/**
 * Run one turn of the loop.
 * @param ev The context.
 * @return 0 after a turn, whether it ran something or not; -1 with errno set on
 *     failure: ELOOP when called inside a handler of this context, which also
 *     aborts (tevent_set_abort_fn()), unless nesting is allowed; EAGAIN when
 *     the wait timeout is 0 and nothing was ready; ENOSYS on a wrapper, which
 *     aborts as well. Also what a nesting hook returned.
 */
#ifdef DOXYGEN
int tevent_loop_once(struct tevent_context *ev);
#else
int _tevent_loop_once(struct tevent_context *ev, const char *location);
#define tevent_loop_once(ev) \
	_tevent_loop_once(ev, __location__)
#endif

/**
 * Run turns as long as there is something to wait for.
 *
 * That is: a timer, an immediate, a signal event, or an fd event that asks for
 * something. A thread proxy counts as an fd event, a threaded context does not
 * count.
 *
 * @param ev The context.
 * @return 0 when nothing is left; else what the failed turn returned, see
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
 * Limit how long a turn waits when there is no timer.
 *
 * Without this call it is 30 seconds. A pending timer bounds the wait instead,
 * however far away it is.
 *
 * @param ev The context; has no effect on a wrapper.
 * @param secs Seconds. INT32_MAX and above: no limit. 0: never block; a turn
 *     that finds nothing ready or due then fails with EAGAIN, also when a timer
 *     is pending.
 * @return The previous value in seconds.
 * @since 0.17.0
 */
uint32_t tevent_context_set_wait_timeout(struct tevent_context *ev, uint32_t secs);

/**
 * What is called around each turn, see tevent_loop_set_nesting_hook().
 * @param ev The context.
 * @param private_data As given when the hook was set.
 * @param level 1 for the outermost loop, 2 for one that runs in a handler of
 *     that, and so on.
 * @param begin True before the turn, false after it.
 * @param stack_ptr The address of a <tt>void *</tt> that is NULL at the
 *     beginning and is the same one at the end: room for a pointer of the
 *     hook's own.
 * @param location Where the loop was called.
 * @return 0 to go on. Anything else is what the loop call returns; at the
 *     beginning nothing is run then and the hook is not called again.
 */
typedef int (*tevent_nesting_hook)(struct tevent_context *ev,
				   void *private_data,
				   uint32_t level,
				   bool begin,
				   void *stack_ptr,
				   const char *location);

#ifdef TEVENT_DEPRECATED
/**
 * Allow the loop to be run inside a handler of the same context.
 *
 * The inner loop may run any handler, that of an event included whose handler
 * is running already. Aborts (tevent_set_abort_fn()) and does nothing on a
 * wrapper and on a context that has wrappers.
 *
 * @param ev The context.
 * @deprecated Write a request instead: tevent_req_create().
 */
void tevent_loop_allow_nesting(struct tevent_context *ev) _DEPRECATED_;

/**
 * Have a function called before and after each turn.
 *
 * That is, each tevent_loop_once() and, as a whole, each tevent_loop_until().
 * A context has one hook for life; setting another one, or other private data,
 * aborts (tevent_set_abort_fn()).
 *
 * @param ev The context.
 * @param hook The function.
 * @param private_data Passed to it.
 * @deprecated Together with nesting.
 */
void tevent_loop_set_nesting_hook(struct tevent_context *ev,
				  tevent_nesting_hook hook,
				  void *private_data) _DEPRECATED_;

/**
 * Run turns until a function says that it is enough.
 *
 * The function is asked before each turn, the first one included.
 *
 * @param ev The context.
 * @param finished Returns true to end the loop.
 * @param private_data Passed to it.
 * @return 0, or what the failed turn returned, see tevent_loop_once().
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
 * @defgroup tevent_debugging Debug messages, aborts and traces: see what the loop does
 *
 * Debug messages are sentences for people; trace callbacks tell programs of
 * the same things. A context starts with neither. On a wrapper neither can be
 * set: its events show up on the main context.
 *
 * A trace callback may read and set tags and must leave everything else alone.
 * Each ATTACH is matched by exactly one DETACH, however the event goes. The
 * library's own timers and immediates (end times, posted requests, queues)
 * show up like the program's.
 * @{
 */

/** How serious a debug message is. */
enum tevent_debug_level {
	TEVENT_DEBUG_FATAL,   /**< The library can't go on, or was misused. */
	TEVENT_DEBUG_ERROR,   /**< Something failed, the rest goes on. */
	TEVENT_DEBUG_WARNING, /**< Something is probably not as intended. */
	TEVENT_DEBUG_TRACE    /**< What happens, step by step. */
};

/**
 * What is called with debug messages.
 * @param context As given to tevent_set_debug().
 * @param level How serious it is.
 * @param fmt A printf(3) format.
 * @param ap Its arguments.
 */
typedef void (*tevent_debug_fn)(void *context,
				enum tevent_debug_level level,
				const char *fmt,
				va_list ap) PRINTF_ATTRIBUTE(3,0);

/**
 * Say where a context's debug messages go.
 *
 * Sets the maximum level to TEVENT_DEBUG_WARNING; see
 * tevent_set_max_debug_level() for more.
 *
 * @param ev The context. On a wrapper: aborts (tevent_set_abort_fn()), or
 *     returns -1 with errno EINVAL.
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
 * Warnings and what is more serious; never TEVENT_DEBUG_TRACE.
 *
 * @param ev The context. On a wrapper: as tevent_set_debug().
 * @return 0.
 */
int tevent_set_debug_stderr(struct tevent_context *ev);

/**
 * Choose which debug messages are passed on.
 *
 * Less serious ones are not even put together. Call it after
 * tevent_set_debug(), which sets a level of its own.
 *
 * @param ev The context; has no effect on a wrapper.
 * @param max_level The least serious level to pass on.
 * @return The previous one.
 * @since 0.15.0
 */
enum tevent_debug_level tevent_set_max_debug_level(struct tevent_context *ev,
						   enum tevent_debug_level max_level);

/**
 * Say what happens when the library finds that it is misused.
 *
 * Holds for the whole process. Where other descriptions say "aborts
 * (tevent_set_abort_fn())", a FATAL-level debug message is written and this
 * function is called. It is meant not to return. If it does, the call that was
 * wrong fails in the way that its description says, or does nothing.
 *
 * @param abort_fn Gets a sentence that says what was wrong; NULL puts abort(3)
 *     back.
 */
void tevent_set_abort_fn(void (*abort_fn)(const char *reason));

/** Tells that TEVENT_TRACE_BEFORE_LOOP_ONCE and _AFTER_LOOP_ONCE exist. */
#define TEVENT_HAS_LOOP_ONCE_TRACE_POINTS 1

/** Where in a turn of the loop a trace callback is called. */
enum tevent_trace_point {
	TEVENT_TRACE_BEFORE_WAIT,      /**< Right before the loop waits. */
	TEVENT_TRACE_AFTER_WAIT,       /**< Right after it. */
	TEVENT_TRACE_BEFORE_LOOP_ONCE, /**< A turn begins. */
	TEVENT_TRACE_AFTER_LOOP_ONCE   /**< A turn is over, failed ones too. */
};

/**
 * What is called at the trace points of the loop.
 * @param point The point.
 * @param private_data As given when the callback was set.
 */
typedef void (*tevent_trace_callback_t)(enum tevent_trace_point point,
					void *private_data);

/**
 * Have a function called at the trace points of the loop.
 * @param ev The context. On a wrapper: aborts (tevent_set_abort_fn()).
 * @param cb The function, in place of the present one; NULL for none.
 * @param private_data Passed to it.
 * @since 0.9.16
 */
void tevent_set_trace_callback(struct tevent_context *ev,
			       tevent_trace_callback_t cb,
			       void *private_data);

/**
 * Read back what tevent_set_trace_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] private_data The address of a pointer: its private data.
 * @since 0.9.16
 */
void tevent_get_trace_callback(struct tevent_context *ev,
			       tevent_trace_callback_t *cb,
			       void *private_data);

/** What happens to an event. @since 0.11.0 */
enum tevent_event_trace_point {
	/** It has joined the loop or the queue. The tag can be set here. */
	TEVENT_EVENT_TRACE_ATTACH,
	/** It has left the loop or the queue. The tag can still be read. */
	TEVENT_EVENT_TRACE_DETACH,
	/** Its handler is about to be called. */
	TEVENT_EVENT_TRACE_BEFORE_HANDLER
};

/**
 * What is called for fd events.
 * @param fde The event.
 * @param point What happens to it.
 * @param private_data As given when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_fd_callback_t)(struct tevent_fd *fde,
					   enum tevent_event_trace_point point,
					   void *private_data);

/**
 * What is called for signal events.
 * @param se The event.
 * @param point What happens to it.
 * @param private_data As given when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_signal_callback_t)(struct tevent_signal *se,
					       enum tevent_event_trace_point point,
					       void *private_data);

/**
 * What is called for timers.
 * @param te The timer.
 * @param point What happens to it.
 * @param private_data As given when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_timer_callback_t)(struct tevent_timer *te,
					      enum tevent_event_trace_point point,
					      void *private_data);

/**
 * What is called for immediates.
 * @param im The immediate.
 * @param point What happens to it.
 * @param private_data As given when the callback was set.
 * @since 0.11.0
 */
typedef void (*tevent_trace_immediate_callback_t)(struct tevent_immediate *im,
						  enum tevent_event_trace_point point,
						  void *private_data);

/**
 * What is called for queue entries.
 * @param qe The queue entry.
 * @param point What happens to it.
 * @param private_data As given when the callback was set.
 * @since 0.12.0
 */
typedef void (*tevent_trace_queue_callback_t)(struct tevent_queue_entry *qe,
					      enum tevent_event_trace_point point,
					      void *private_data);

/**
 * Have a function called for the fd events of a context.
 * @param ev The context. On a wrapper: aborts (tevent_set_abort_fn()).
 * @param cb The function, in place of the present one; NULL for none.
 * @param private_data Passed to it.
 * @since 0.11.0
 */
void tevent_set_trace_fd_callback(struct tevent_context *ev,
				  tevent_trace_fd_callback_t cb,
				  void *private_data);

/**
 * Read back what tevent_set_trace_fd_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] p_private_data The address of a pointer: its private data.
 * @since 0.11.0
 */
void tevent_get_trace_fd_callback(struct tevent_context *ev,
				  tevent_trace_fd_callback_t *cb,
				  void *p_private_data);

/**
 * Have a function called for the signal events of a context.
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The function, or NULL for none.
 * @param private_data Passed to it.
 * @since 0.11.0
 */
void tevent_set_trace_signal_callback(struct tevent_context *ev,
				      tevent_trace_signal_callback_t cb,
				      void *private_data);

/**
 * Read back what tevent_set_trace_signal_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] p_private_data The address of a pointer: its private data.
 * @since 0.11.0
 */
void tevent_get_trace_signal_callback(struct tevent_context *ev,
				      tevent_trace_signal_callback_t *cb,
				      void *p_private_data);

/**
 * Have a function called for the timers of a context.
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The function, or NULL for none.
 * @param private_data Passed to it.
 * @since 0.11.0
 */
void tevent_set_trace_timer_callback(struct tevent_context *ev,
				     tevent_trace_timer_callback_t cb,
				     void *private_data);

/**
 * Read back what tevent_set_trace_timer_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] p_private_data The address of a pointer: its private data.
 * @since 0.11.0
 */
void tevent_get_trace_timer_callback(struct tevent_context *ev,
				     tevent_trace_timer_callback_t *cb,
				     void *p_private_data);

/**
 * Have a function called for the immediates of a context.
 *
 * Immediates that come from other threads are told in the loop's thread.
 *
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The function, or NULL for none.
 * @param private_data Passed to it.
 * @since 0.11.0
 */
void tevent_set_trace_immediate_callback(struct tevent_context *ev,
					 tevent_trace_immediate_callback_t cb,
					 void *private_data);

/**
 * Read back what tevent_set_trace_immediate_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] p_private_data The address of a pointer: its private data.
 * @since 0.11.0
 */
void tevent_get_trace_immediate_callback(struct tevent_context *ev,
					 tevent_trace_immediate_callback_t *cb,
					 void *p_private_data);

/**
 * Have a function called for the queue entries of a context.
 *
 * Those that were added with this context; BEFORE_HANDLER comes right before
 * the trigger.
 *
 * @param ev As in tevent_set_trace_fd_callback().
 * @param cb The function, or NULL for none.
 * @param private_data Passed to it.
 * @since 0.12.0
 */
void tevent_set_trace_queue_callback(struct tevent_context *ev,
				     tevent_trace_queue_callback_t cb,
				     void *private_data);

/**
 * Read back what tevent_set_trace_queue_callback() set.
 * @param ev The context.
 * @param[out] cb The function, or NULL.
 * @param[out] p_private_data The address of a pointer: its private data.
 * @since 0.12.0
 */
void tevent_get_trace_queue_callback(struct tevent_context *ev,
				     tevent_trace_queue_callback_t *cb,
				     void *p_private_data);

/** @} */

/* ---- Requests ------------------------------------------------------------ */

/**
 * @defgroup tevent_requests Requests: asynchronous functions
 *
 * An asynchronous function comes as a pair. @c x_send() takes the talloc
 * parent, the context and the arguments, starts the work and returns a
 * request. Its caller sets a callback, which runs when the request has
 * finished. The callback calls @c x_recv() for the result and frees the
 * request.
 *
 * The implementation of such a function keeps what it needs in a state struct
 * that is created with the request (tevent_req_create()), and finishes the
 * request exactly once with tevent_req_done(), tevent_req_error(),
 * tevent_req_nomem() or tevent_req_oom(). Finishing calls the caller's
 * callback, which may free the request: return at once and don't touch it any
 * more. A send function that finishes before its caller could set a callback
 * returns by way of tevent_req_post().
 *
 * Programs compiled with tevent_req_create() or one of the tevent_req_set_
 * macros need the library from 0.15.0 on.
 * @{
 */

/** Where a request stands. */
enum tevent_req_state {
	TEVENT_REQ_INIT,        /**< Not used: a new request is in progress. */
	TEVENT_REQ_IN_PROGRESS, /**< Not finished. */
	TEVENT_REQ_DONE,        /**< Finished by tevent_req_done(). */
	TEVENT_REQ_USER_ERROR,  /**< Finished by tevent_req_error(). */
	TEVENT_REQ_TIMED_OUT,   /**< Its end time was reached. */
	TEVENT_REQ_NO_MEMORY,   /**< Finished for want of memory. */
	TEVENT_REQ_RECEIVED     /**< tevent_req_received() was called. */
};

/**
 * What is called when a request has finished.
 *
 * It may free the request, and usually does.
 *
 * @param subreq The request that has finished; "sub" as seen from the request
 *     that waits for it, often its callback data.
 */
typedef void (*tevent_req_fn)(struct tevent_req *subreq);

/**
 * What tevent_req_print() calls for a request.
 * @param req The request.
 * @param ctx Talloc parent of the text.
 * @return The text, NULL when out of memory.
 */
typedef char *(*tevent_req_print_fn)(struct tevent_req *req, TALLOC_CTX *ctx);

/**
 * What tevent_req_cancel() calls for a request.
 *
 * It may finish the request.
 *
 * @param req The request.
 * @return What tevent_req_cancel() returns: true when the request could be
 *     asked to stop.
 */
typedef bool (*tevent_req_cancel_fn)(struct tevent_req *req);

/**
 * What is called to clean up a request's state.
 *
 * It must not free the request.
 *
 * @param req The request; its state data is still there.
 * @param req_state The state that the request has just reached.
 */
typedef void (*tevent_req_cleanup_fn)(struct tevent_req *req,
				      enum tevent_req_state req_state);

/**
 * Create a request together with its state.
 *
 * The state is zeroed, a talloc child of the request and freed by
 * tevent_req_received(). Both lie in one allocation, so that small allocations
 * below them rarely fail.
 *
 * When the talloc parent of @a mem_ctx is a request (@a mem_ctx is its state),
 * that is the new one's parent request for profiles and call flow.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param[out] pstate The address of a pointer to the state struct; not written
 *     on failure.
 * @param type The type of the state: a type, not a string.
 * @return The request, in progress; NULL when out of memory.
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
 * The state of a request.
 * @param req The request.
 * @param type The type of the state, as given to tevent_req_create(). Another
 *     type is a mistake and aborts (talloc_abort).
 * @return The state. Not to be called after tevent_req_received(), which frees
 *     it.
 */
#ifdef DOXYGEN
void *tevent_req_data(struct tevent_req *req, TYPE type);
#else
void *_tevent_req_data(struct tevent_req *req);
#define tevent_req_data(_req, _type) \
	talloc_get_type_abort(_tevent_req_data(_req), _type)
#endif

/**
 * Say what is called when the request has finished.
 * @param req The request.
 * @param fn The function, in place of the present one; NULL for none.
 * @param pvt Its data, which tevent_req_callback_data() gives.
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
 * The data of the callback, checked.
 * @param req The request.
 * @param type The talloc type of the data, usually <tt>struct tevent_req</tt>.
 *     Another type is a mistake and aborts (talloc_abort).
 * @return The data; also after tevent_req_received().
 */
#ifdef DOXYGEN
void *tevent_req_callback_data(struct tevent_req *req, TYPE type);
#else
void *_tevent_req_callback_data(struct tevent_req *req);
#define tevent_req_callback_data(_req, _type) \
	talloc_get_type_abort(_tevent_req_callback_data(_req), _type)
#endif

/**
 * The data of the callback, whatever it is.
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
 * Finish the request successfully: calls the callback.
 * @param req The request, which may be gone afterwards.
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
 * @param error The error, a number that means something to the caller, such as
 *     an errno value; 0 is none.
 * @return False when @a error is 0, and nothing happens; else true, and the
 *     callback was called, after which the request may be gone.
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
 * Finish the request for want of memory, if a pointer is NULL.
 * @param p The result of an allocation.
 * @param req The request.
 * @return False when @a p is not NULL, and nothing happens; else true, and the
 *     callback was called, after which the request may be gone.
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
 * Finish the request for want of memory.
 * @param req The request, which may be gone afterwards.
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
 * @param req The request.
 */
#ifdef DOXYGEN
void tevent_req_notify_callback(struct tevent_req *req);
#else
void _tevent_req_notify_callback(struct tevent_req *req, const char *location);
#define tevent_req_notify_callback(req) \
	_tevent_req_notify_callback(req, __location__)
#endif

/**
 * Finish a request once more, from the loop.
 *
 * For send functions that finished the request before they returned: the
 * caller had no chance to set a callback, so the request finishes again, with
 * the state that it has then, in one of the next turns.
 *
 * @param req The request.
 * @param ev The context.
 * @return @a req, for use in a return statement.
 */
struct tevent_req *tevent_req_post(struct tevent_req *req,
				   struct tevent_context *ev);

/**
 * Have the next callback come from the loop instead of directly.
 *
 * For code that finishes a request while it works on something that the
 * callback might free. Holds for one notification. If the request is received
 * or freed before that, the callback is not called.
 *
 * @param req The request.
 * @param ev The context.
 * @since 0.9.13
 */
void tevent_req_defer_callback(struct tevent_req *req,
			       struct tevent_context *ev);

/**
 * Whether the request has not finished yet.
 * @param req The request.
 * @return True while it is in progress.
 */
bool tevent_req_is_in_progress(struct tevent_req *req);

/**
 * Run the loop until the request has finished.
 *
 * For programs and tests that wait for one thing. Not for use in handlers:
 * it runs the loop.
 *
 * @param req The request.
 * @param ev The context that it works on.
 * @return True when the request is not in progress any more, whether it
 *     succeeded or not; false, with errno, when a turn of the loop failed.
 */
bool tevent_req_poll(struct tevent_req *req,
		     struct tevent_context *ev);

/**
 * Ask how the request finished.
 * @param req The request.
 * @param[out] state Where to put the request's state; written only when the
 *     result is true.
 * @param[out] error Where to put the number that tevent_req_error() was given;
 *     written only when the state is TEVENT_REQ_USER_ERROR.
 * @return False when the state is TEVENT_REQ_DONE, else true: also when the
 *     request is still in progress or was received already.
 */
bool tevent_req_is_error(struct tevent_req *req,
			 enum tevent_req_state *state,
			 uint64_t *error);

/**
 * Free what a finished request does not need any more.
 *
 * The last step of a recv function. Runs the cleanup function, frees the state
 * and drops the end time, a pending notification and the print and cancel
 * functions. The request itself stays until it is freed. Freeing a request
 * receives it first. Calling it twice is harmless.
 *
 * @param req The request.
 */
void tevent_req_received(struct tevent_req *req);

/**
 * Let the request finish as timed out when it is still there by then.
 *
 * Takes the place of an earlier end time. Finishing drops it.
 *
 * @param req The request.
 * @param ev The context.
 * @param endtime The time, see tevent_add_timer().
 * @return True; false when out of memory, and then the request has finished
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
 * Say how the request can be cancelled.
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
 * For the caller of an asynchronous function that wants to hear how it ended.
 * A caller that does not care frees the request.
 *
 * @param req The request.
 * @return What the cancel function returned; false when there is none, or none
 *     any more: tevent_req_received() drops it.
 */
#ifdef DOXYGEN
bool tevent_req_cancel(struct tevent_req *req);
#else
bool _tevent_req_cancel(struct tevent_req *req, const char *location);
#define tevent_req_cancel(req) \
	_tevent_req_cancel(req, __location__)
#endif

/**
 * Have a function called when the request finishes or goes.
 *
 * For the implementation of an asynchronous function that must let go of
 * something on every way out. The function is called before the callback when
 * the request finishes, and with TEVENT_REQ_RECEIVED when it is received or
 * freed: so up to twice, or more often when the request finishes again with a
 * state of a higher number.
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
 * Say how tevent_req_print() describes the request.
 * @param req The request.
 * @param fn The function; NULL for tevent_req_default_print().
 */
void tevent_req_set_print_fn(struct tevent_req *req, tevent_req_print_fn fn);

/**
 * Describe a request in one line, in the library's way.
 *
 * Where it was created, its state and error, the type of its state data, its
 * end-time timer and where it was finished.
 *
 * @param req The request.
 * @param mem_ctx Talloc parent of the text, or NULL.
 * @return The text, NULL when out of memory.
 */
char *tevent_req_default_print(struct tevent_req *req, TALLOC_CTX *mem_ctx);

/**
 * Describe a request in one line, for debugging.
 * @param mem_ctx Talloc parent of the text, or NULL.
 * @param req The request, or NULL.
 * @return The text; NULL when out of memory.
 */
char *tevent_req_print(TALLOC_CTX *mem_ctx, struct tevent_req *req);

/**
 * Wait until a point in time.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context.
 * @param wakeup_time The time, see tevent_add_timer().
 * @return The request, which finishes then; NULL when out of memory. Use
 *     tevent_wakeup_recv() for its result: for tevent_req_is_error() a reached
 *     time is an error, TEVENT_REQ_TIMED_OUT.
 */
struct tevent_req *tevent_wakeup_send(TALLOC_CTX *mem_ctx,
				      struct tevent_context *ev,
				      struct timeval wakeup_time);

/**
 * Whether the time of tevent_wakeup_send() was reached.
 * @param req The request.
 * @return True when it was; false when the request failed for want of memory or
 *     is still in progress. The request is not received.
 */
bool tevent_wakeup_recv(struct tevent_req *req);

/** @} */

/* ---- Request profiles ---------------------------------------------------- */

/**
 * @defgroup tevent_profiles Request profiles: what requests did and how long it took
 *
 * Recording begins with tevent_req_set_profile() and takes in all requests
 * that are created under the request from then on (with its state as their
 * talloc parent). A subrequest's profile becomes part of its parent's. A
 * profile can outlive its request (tevent_req_move_profile()), be read, and,
 * with the set functions, be rebuilt from a copy that came from elsewhere.
 *
 * The strings that the get functions give belong to the profile.
 * @{
 */

/**
 * Record a profile of the request from now on.
 *
 * Call it in the send function, right after tevent_req_create().
 *
 * @param req The request.
 * @return True; false when the request has a profile already or when out of
 *     memory, and then the request has finished with the error EINVAL or with
 *     TEVENT_REQ_NO_MEMORY.
 * @since 0.9.37
 */
bool tevent_req_set_profile(struct tevent_req *req);

/**
 * The profile of a request.
 * @param req The request.
 * @return The profile, which stays the request's; NULL when there is none.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_get_profile(struct tevent_req *req);

/**
 * Take the profile away from a request.
 * @param req The request, which has no profile afterwards.
 * @param mem_ctx New talloc parent of the profile.
 * @return The profile; NULL when there is none.
 * @since 0.9.37
 */
struct tevent_req_profile *tevent_req_move_profile(struct tevent_req *req,
						   TALLOC_CTX *mem_ctx);

/**
 * The name: the type of the request's state.
 * @param profile The profile.
 * @param[out] req_name Where to put it; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_name(const struct tevent_req_profile *profile,
				 const char **req_name);

/**
 * Where and when the request was created.
 *
 * The time is that of tevent_req_set_profile() where recording began with it.
 *
 * @param profile The profile.
 * @param[out] start_location Where to put the place; may be NULL.
 * @param[out] start_time Where to put the time; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_start(const struct tevent_req_profile *profile,
				  const char **start_location,
				  struct timeval *start_time);

/**
 * Where and when the request finished.
 * @param profile The profile.
 * @param[out] stop_location Where to put the place, NULL when it has not
 *     finished; may be NULL.
 * @param[out] stop_time Where to put the time, zero when it has not finished;
 *     may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_stop(const struct tevent_req_profile *profile,
				 const char **stop_location,
				 struct timeval *stop_time);

/**
 * How the request finished.
 * @param profile The profile.
 * @param[out] pid Where to put the process id, 0 unless
 *     tevent_req_profile_set_status() set one; may be NULL.
 * @param[out] state Where to put the state; may be NULL.
 * @param[out] user_error Where to put the error that tevent_req_error() was
 *     given; may be NULL.
 * @since 0.9.37
 */
void tevent_req_profile_get_status(const struct tevent_req_profile *profile,
				   pid_t *pid,
				   enum tevent_req_state *state,
				   uint64_t *user_error);

/**
 * The first subprofile.
 * @param profile The profile.
 * @return The profile of the subrequest that was created first; NULL when there
 *     is none.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_profile_get_subprofiles(
	const struct tevent_req_profile *profile);

/**
 * The next profile under the same parent.
 * @param profile The profile.
 * @return The one that follows; NULL for the last.
 * @since 0.9.37
 */
const struct tevent_req_profile *tevent_req_profile_next(
	const struct tevent_req_profile *profile);

/**
 * Create an empty profile.
 * @param mem_ctx Talloc parent, or NULL. Freeing a profile takes it out of its
 *     parent profile.
 * @return The profile; NULL when out of memory.
 * @since 0.9.37
 */
struct tevent_req_profile *tevent_req_profile_create(TALLOC_CTX *mem_ctx);

/**
 * Set the name.
 * @param profile The profile.
 * @param name The name, which is copied.
 * @return True; false when @a name is NULL or when out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_name(struct tevent_req_profile *profile,
				 const char *name);

/**
 * Set where and when the request was created.
 * @param profile The profile.
 * @param start_location The place, which is copied.
 * @param start_time The time, set whatever is returned.
 * @return True; false when the place is NULL or when out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_start(struct tevent_req_profile *profile,
				  const char *start_location,
				  struct timeval start_time);

/**
 * Set where and when the request finished.
 * @param profile The profile.
 * @param stop_location The place, which is copied.
 * @param stop_time The time, set whatever is returned.
 * @return True; false when the place is NULL or when out of memory.
 * @since 0.9.37
 */
bool tevent_req_profile_set_stop(struct tevent_req_profile *profile,
				 const char *stop_location,
				 struct timeval stop_time);

/**
 * Set how the request finished.
 * @param profile The profile.
 * @param pid The process that it ran in.
 * @param state Its state.
 * @param user_error Its error.
 * @since 0.9.37
 */
void tevent_req_profile_set_status(struct tevent_req_profile *profile,
				   pid_t pid,
				   enum tevent_req_state state,
				   uint64_t user_error);

/**
 * Make a profile the last subprofile of another one.
 * @param parent_profile The profile that it becomes part of, and its talloc
 *     parent.
 * @param[in,out] sub_profile The address of the pointer to it, which becomes
 *     NULL.
 * @since 0.9.37
 */
void tevent_req_profile_append_sub(struct tevent_req_profile *parent_profile,
				   struct tevent_req_profile **sub_profile);

/** @} */

/* ---- Time ---------------------------------------------------------------- */

/**
 * @defgroup tevent_time Time: helpers for struct timeval, as timers take it
 *
 * All of them may be called from any thread.
 * @{
 */

/**
 * Compare two times.
 * @param tv1 A time.
 * @param tv2 Another time.
 * @return -1, 0 or 1: @a tv1 is before, equal to or after @a tv2.
 */
int tevent_timeval_compare(const struct timeval *tv1,
			   const struct timeval *tv2);

/**
 * The zero time, which for timers means "at once".
 * @return Zero.
 */
struct timeval tevent_timeval_zero(void);

/**
 * The time now.
 * @return What gettimeofday(2) says.
 */
struct timeval tevent_timeval_current(void);

/**
 * Make a time or a time span.
 * @param secs Seconds.
 * @param usecs Microseconds, taken as they are: 1000000 and more are not
 *     carried over.
 * @return The two as a struct timeval.
 */
struct timeval tevent_timeval_set(uint32_t secs, uint32_t usecs);

/**
 * The time span from one time until another.
 * @param tv1 The time to count from.
 * @param tv2 The time to count to.
 * @return @a tv2 minus @a tv1; zero when @a tv1 is not before @a tv2.
 */
struct timeval tevent_timeval_until(const struct timeval *tv1,
				    const struct timeval *tv2);

/**
 * Whether a time is zero.
 * @param tv The time.
 * @return True when seconds and microseconds are both 0.
 */
bool tevent_timeval_is_zero(const struct timeval *tv);

/**
 * A time plus a time span.
 * @param tv The time.
 * @param secs Seconds.
 * @param usecs Microseconds; full seconds are carried over.
 * @return The sum.
 */
struct timeval tevent_timeval_add(const struct timeval *tv, uint32_t secs,
				  uint32_t usecs);

/**
 * The time now plus a time span.
 * @param secs Seconds.
 * @param usecs Microseconds; full seconds are carried over.
 * @return The sum.
 */
struct timeval tevent_timeval_current_ofs(uint32_t secs, uint32_t usecs);

/** @} */

/* ---- Call flow ----------------------------------------------------------- */

/**
 * @defgroup tevent_call_flow Call flow: follow requests that call requests
 *
 * A callback, one for each thread, learns of what happens to requests together
 * with the depth of the request: 0 for one without parent request, else that
 * of the parent plus 1. See tevent_req_create() for what a parent request is.
 * @{
 */

/**
 * What the call-flow callback is told.
 *
 * The text behind each says what @c fname is.
 *
 * @since 0.15.0
 */
enum tevent_thread_call_depth_cmd {
	/**
	 *  The flow ends or begins anew. After a turn of the loop, without a
	 * request and with depth 0: the loop function. By
	 * tevent_thread_call_depth_reset_from_req(): the calling function. When
	 * another callback is set: NULL.
	 */
	TEVENT_CALL_FLOW_REQ_RESET,
	/** A request was created: the creating function. */
	TEVENT_CALL_FLOW_REQ_CREATE,
	/** It is being cancelled: the cancel function, NULL without one. */
	TEVENT_CALL_FLOW_REQ_CANCEL,
	/** It is being cleaned up: the cleanup function, NULL without one. */
	TEVENT_CALL_FLOW_REQ_CLEANUP,
	/** It is calling back, to the depth above its own: the callback. */
	TEVENT_CALL_FLOW_REQ_NOTIFY_CB,
	/** It was added to a queue: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_ENTER,
	/** The queue is about to call its trigger: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_TRIGGER,
	/** It has left the queue: the trigger. */
	TEVENT_CALL_FLOW_REQ_QUEUE_LEAVE
};

/**
 * The call-flow callback.
 * @param private_data As given when it was set.
 * @param cmd What happens.
 * @param req The request, NULL where there is none.
 * @param depth Its depth.
 * @param fname The name of a function, or NULL; see @a cmd.
 * @since 0.15.0
 */
typedef void (*tevent_call_depth_callback_t)(void *private_data,
					     enum tevent_thread_call_depth_cmd cmd,
					     struct tevent_req *req,
					     size_t depth,
					     const char *fname);

/**
 * A callback and its data.
 *
 * No function takes or gives it; it is here for sources that name the type.
 *
 * @since 0.15.0
 */
struct tevent_thread_call_depth_state {
	tevent_call_depth_callback_t cb; /**< The callback. */
	void *cb_private;                /**< Its private data. */
};

/**
 * Follow the call flow in this thread.
 *
 * A callback that was set before is told TEVENT_CALL_FLOW_REQ_RESET first.
 *
 * @param f The callback; NULL for none.
 * @param private_data Passed to it.
 * @since 0.15.0
 */
void tevent_thread_call_depth_set_callback(tevent_call_depth_callback_t f,
					   void *private_data);

/**
 * Go back to a request's place in the call flow.
 *
 * For code that goes on with a request in a handler of its own. Tells the
 * callback TEVENT_CALL_FLOW_REQ_RESET with the request's depth.
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
 * Does nothing.
 * @param ptr Ignored.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_activate(size_t *ptr) _DEPRECATED_;

/**
 * Does nothing.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_deactivate(void) _DEPRECATED_;

/**
 * Does nothing.
 * @param req Ignored.
 * @deprecated Use tevent_thread_call_depth_set_callback().
 * @since 0.14.0
 */
void tevent_thread_call_depth_start(struct tevent_req *req) _DEPRECATED_;
#endif /* TEVENT_DEPRECATED */

/** @} */

/* ---- Queues -------------------------------------------------------------- */

/**
 * @defgroup tevent_queues Queues: serve requests one after another
 *
 * A send function that must not work at the same time as others, such as one
 * that writes to a shared socket, adds its request to a queue instead of
 * starting. When it is the request's turn the queue calls the trigger, which
 * starts the work. The request stays the active one until it is freed; then
 * the next one is triggered. Finishing alone, by tevent_req_done(), does not
 * move the queue: the callback, or whoever owns the request, frees it.
 *
 * Every operation costs the same, however long the queue is. Requests on one
 * queue may use different contexts.
 *
 * Programs compiled with one of the tevent_queue_add macros need the library
 * from 0.15.0 on.
 * @{
 */

/**
 * What is called when it is a request's turn.
 *
 * It may finish and free the request, free other requests, and free the queue.
 *
 * @param req The request.
 * @param private_data As given when it was added.
 */
typedef void (*tevent_queue_trigger_fn_t)(struct tevent_req *req,
					  void *private_data);

/**
 * Create a queue.
 *
 * Freeing a queue takes all entries off it and triggers none; the requests
 * live on.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param name A name, for people; it is copied.
 * @return The queue, running; NULL when @a name is NULL or when out of memory.
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
 * The trigger is called later, from the loop of @a ev, once. The request leaves
 * the queue when it is freed.
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request.
 * @param trigger What to call when it is the request's turn; NULL makes it a
 *     blocker: in its turn nothing is called and the queue waits until it is
 *     freed.
 * @param private_data Passed to the trigger.
 * @return True; false when out of memory.
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
 * Append a request to a queue and get hold of the entry.
 *
 * As tevent_queue_add(). Freeing the entry takes the request off the queue and
 * leaves it alone otherwise; if it was the active one the next is triggered.
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request.
 * @param trigger What to call, or NULL for a blocker.
 * @param private_data Passed to the trigger.
 * @return The entry, a talloc child of the request; NULL when out of memory.
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
 * Append a request, or start it at once if nobody is waiting.
 *
 * When the queue is empty and running, and the request has no callback yet,
 * the trigger is called directly, before this function returns: a turn of the
 * loop is saved. Else it is tevent_queue_add_entry(). The trigger must be fit
 * for both; if it finishes the request, the send function has to return by way
 * of tevent_req_post().
 *
 * @param queue The queue.
 * @param ev The context that the trigger runs in.
 * @param req The request.
 * @param trigger What to call, or NULL for a blocker.
 * @param private_data Passed to the trigger.
 * @return The entry; NULL when out of memory. Not to be used when the trigger
 *     has freed the request, but not NULL even then.
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
 * Let the active entry be triggered again.
 *
 * After the next tevent_queue_start(), that is.
 *
 * @param entry The first entry of a stopped queue; anything else aborts, by
 *     abort(3).
 * @since 0.9.36
 */
void tevent_queue_entry_untrigger(struct tevent_queue_entry *entry);

/**
 * Let a stopped queue go on.
 * @param queue The queue; nothing happens when it is running.
 */
void tevent_queue_start(struct tevent_queue *queue);

/**
 * Trigger nothing new until tevent_queue_start().
 *
 * The active request goes on. Requests can still be added.
 *
 * @param queue The queue; nothing happens when it is stopped.
 */
void tevent_queue_stop(struct tevent_queue *queue);

/**
 * How many requests are on the queue.
 * @param queue The queue.
 * @return Those that wait and the active one.
 */
size_t tevent_queue_length(struct tevent_queue *queue);

/**
 * Whether the queue is not stopped.
 * @param queue The queue.
 * @return True unless tevent_queue_stop() was called; this says nothing about
 *     its length.
 * @since 0.9.14
 */
bool tevent_queue_running(struct tevent_queue *queue);

/**
 * Wait for one's turn on a queue, and hold it.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context.
 * @param queue The queue.
 * @return A request that finishes when it is its turn and that keeps the queue
 *     blocked until it is freed; NULL when out of memory.
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
 * @return True when it is its turn; false when it failed or when it was called
 *     too early, while the request was in progress.
 * @since 0.9.20
 */
bool tevent_queue_wait_recv(struct tevent_req *req);

/**
 * Set the caller's tag, see tevent_fd_set_tag().
 * @param qe The entry; nothing happens for NULL.
 * @param tag The number.
 * @since 0.12.0
 */
void tevent_queue_entry_set_tag(struct tevent_queue_entry *qe, uint64_t tag);

/**
 * Read the caller's tag.
 * @param qe The entry, or NULL.
 * @return The tag, 0 for NULL.
 * @since 0.12.0
 */
uint64_t tevent_queue_entry_get_tag(const struct tevent_queue_entry *qe);

/** @} */

/* ---- Threads ------------------------------------------------------------- */

/**
 * @defgroup tevent_threads Threads: run a handler in the loop of another thread
 *
 * A context belongs to one thread. The two schedule functions here are the
 * only ones that may be called for another thread's context. Both wake the
 * loop and run handlers in the order of scheduling; they differ in who owns
 * what:
 *
 * - A threaded context takes an immediate that the calling side prepared and
 *   gives it back: after its handler has run it is idle again. Nothing is
 *   allocated, so it can't fail.
 * - A thread proxy takes the immediate and a talloc chunk of data over for
 *   good and frees both in the destination's thread. It also keeps the
 *   destination's tevent_loop_wait() from ending.
 *
 * The handler of one proxy may send the very immediate and data that it runs
 * with on through another one, as a reply.
 *
 * In a forked child an inherited threaded context does nothing any more; a
 * proxy is the child's own, with copies of what was waiting in it.
 * @{
 */

/**
 * Create the way into a context for other threads' immediates.
 *
 * To be called, and the result to be freed, in the context's own thread. One
 * for each thread that uses it is usual. What was handed over before it is
 * freed still runs.
 *
 * @param mem_ctx Talloc parent, or NULL.
 * @param ev The context, which may be a wrapper.
 * @return The threaded context; NULL with errno set when out of memory or when
 *     there is no descriptor for waking the loop.
 * @since 0.9.30
 */
struct tevent_threaded_context *tevent_threaded_context_create(
	TALLOC_CTX *mem_ctx, struct tevent_context *ev);

/**
 * Run a handler in the context's thread.
 *
 * Thread: any. The context may be freed meanwhile; then nothing happens and
 * the immediate stays idle.
 *
 * @param tctx The threaded context.
 * @param im The immediate, which must be idle and not inside its own handler,
 *     else abort(3) is called. From here until its handler runs it must not be
 *     freed, scheduled or reset. It must be in no talloc tree that another
 *     thread works on meanwhile.
 * @param handler What to call; not NULL, else abort(3) is called.
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
 * Create a proxy for a context.
 *
 * To be called, and the result to be freed, in the context's own thread, and
 * to be freed only when no thread can call tevent_thread_proxy_schedule() on
 * it any more. What has not run by then is freed without running.
 *
 * @param dest_ev_ctx The context, which becomes the talloc parent.
 * @return The proxy; NULL with errno set on failure, EINVAL on a wrapper.
 * @since 0.9.26
 */
struct tevent_thread_proxy *tevent_thread_proxy_create(
	struct tevent_context *dest_ev_ctx);

/**
 * Hand an immediate and data over to a proxy's thread.
 *
 * Thread: any. The handler runs in the destination; afterwards the immediate
 * and the data are freed there, unless the handler moved them elsewhere
 * (talloc_steal()).
 *
 * @param tp The proxy.
 * @param[in,out] pp_im The address of the pointer to the immediate, which must
 *     be idle. The pointer becomes NULL. If it does not, the proxy is being
 *     freed or memory is out: nothing was taken.
 * @param handler What to call.
 * @param[in,out] pp_private_data The address of the pointer to a talloc chunk,
 *     or NULL for no data. The handler gets the chunk, the pointer becomes
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
 * @defgroup tevent_backends Custom backends: a program's own functions in between
 *
 * Copy the table of a built-in backend, replace some functions by your own,
 * which call the originals, and register the copy or pass it to
 * tevent_context_init_ops(). Start from @c epoll, @c poll or @c poll_mt if the
 * program has to run with other builds of the library too: not everywhere is
 * the table of @c standard complete.
 *
 * The library calls the table for its own timers, immediates and events as
 * well. Updating a timer, resetting an immediate and freeing anything do not
 * go through it.
 * @{
 */

/**
 * The functions that a context calls.
 *
 * The handler names and locations are string literals that a function passes
 * on as it got them.
 */
struct tevent_ops {
	/**
	 *  Start the backend on a zeroed context, or after
	 * tevent_re_initialise() on an emptied one. 0, or non-zero on failure.
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
	 * immediate that another thread handed over.
	 */
	void (*schedule_immediate)(struct tevent_immediate *im,
				   struct tevent_context *ev,
				   tevent_immediate_handler_t handler,
				   void *private_data,
				   const char *handler_name,
				   const char *location);

	/** tevent_add_signal(); NULL if there are no signals. */
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
 * Give a table of functions a name.
 *
 * Holds for the whole process. A name that is taken already keeps its table; a
 * built-in name can be taken before the first lookup, listing or creation of a
 * context. Meant for the start of a program, before it has threads.
 *
 * @param name The name; the pointer is kept.
 * @param ops The table; the pointer is kept.
 * @return True, for a name that is taken as well; false when out of memory.
 */
bool tevent_register_backend(const char *name, const struct tevent_ops *ops);

/**
 * Look up a table of functions.
 *
 * Thread: any, also two at once.
 *
 * @param name A name from tevent_backend_list(); NULL means the default.
 * @return The table; NULL when the name is unknown.
 * @since 0.14.0
 */
const struct tevent_ops *tevent_find_ops_byname(const char *name);

/** @} */

#ifdef TEVENT_DEPRECATED

/* ---- Wrapper contexts ---------------------------------------------------- */

/**
 * @defgroup tevent_wrappers Wrapper contexts: functions around each handler
 *
 * Events that are added to a wrapper run on the loop of its main context; the
 * wrapper's functions are called before and after each of their handlers, to
 * change the user id and back, for example. The loop itself is run on the main
 * context: running it on a wrapper aborts (tevent_set_abort_fn()). Wrappers
 * and nested loops exclude each other.
 *
 * A wrapper is in use while one of its handlers runs and between
 * tevent_context_push_use() and tevent_context_pop_use(); these nest, at most
 * 32 deep in the whole process, and a wrapper can't be in use twice. When it is
 * freed while in use, it goes when the use ends.
 *
 * Once the main context is freed the wrapper is an empty shell that only waits
 * to be freed.
 *
 * All of this is deprecated and visible only with @c TEVENT_DEPRECATED.
 * @{
 */

/**
 * The functions of a wrapper.
 *
 * Each gets the wrapper, its state and the main context; the handler functions
 * also get the event, what its handler gets, the name of the handler and where
 * the event was added or scheduled. An @c after function runs also when the
 * handler has freed its event. All members but @c name must be set.
 */
struct tevent_wrapper_ops {
	/** For debug messages. */
	const char *name;

	/** tevent_context_push_use(); false refuses the use. */
	bool (*before_use)(struct tevent_context *wrap_ev,
			   void *private_state,
			   struct tevent_context *main_ev,
			   const char *location);
	/** tevent_context_pop_use(). */
	void (*after_use)(struct tevent_context *wrap_ev,
			  void *private_state,
			  struct tevent_context *main_ev,
			  const char *location);

	/** Before the handler of an fd event. */
	void (*before_fd_handler)(struct tevent_context *wrap_ev,
				  void *private_state,
				  struct tevent_context *main_ev,
				  struct tevent_fd *fde,
				  uint16_t flags,
				  const char *handler_name,
				  const char *location);
	/** After the handler of an fd event. */
	void (*after_fd_handler)(struct tevent_context *wrap_ev,
				 void *private_state,
				 struct tevent_context *main_ev,
				 struct tevent_fd *fde,
				 uint16_t flags,
				 const char *handler_name,
				 const char *location);

	/** Before the handler of a timer. */
	void (*before_timer_handler)(struct tevent_context *wrap_ev,
				     void *private_state,
				     struct tevent_context *main_ev,
				     struct tevent_timer *te,
				     struct timeval requested_time,
				     struct timeval trigger_time,
				     const char *handler_name,
				     const char *location);
	/** After the handler of a timer. */
	void (*after_timer_handler)(struct tevent_context *wrap_ev,
				    void *private_state,
				    struct tevent_context *main_ev,
				    struct tevent_timer *te,
				    struct timeval requested_time,
				    struct timeval trigger_time,
				    const char *handler_name,
				    const char *location);

	/** Before the handler of an immediate. */
	void (*before_immediate_handler)(struct tevent_context *wrap_ev,
					 void *private_state,
					 struct tevent_context *main_ev,
					 struct tevent_immediate *im,
					 const char *handler_name,
					 const char *location);
	/** After the handler of an immediate. */
	void (*after_immediate_handler)(struct tevent_context *wrap_ev,
					void *private_state,
					struct tevent_context *main_ev,
					struct tevent_immediate *im,
					const char *handler_name,
					const char *location);

	/** Before the handler of a signal event. */
	void (*before_signal_handler)(struct tevent_context *wrap_ev,
				      void *private_state,
				      struct tevent_context *main_ev,
				      struct tevent_signal *se,
				      int signum,
				      int count,
				      void *siginfo,
				      const char *handler_name,
				      const char *location);
	/** After the handler of a signal event. */
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
 * @param main_ev The main context, which must not be a wrapper.
 * @param mem_ctx Talloc parent, or NULL.
 * @param ops The functions, which must stay valid.
 * @param[out] state The address of a pointer: the zeroed state, which goes with
 *     the wrapper.
 * @param type The type of the state: a type, not a string.
 * @return The wrapper; NULL when out of memory, and with EINVAL when @a main_ev
 *     is a wrapper or allows nesting.
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
 * Whether a context is a wrapper.
 * @param ev The context.
 * @return True for a wrapper, also when its main context is gone.
 * @since 0.9.37
 * @deprecated
 */
bool tevent_context_is_wrapper(struct tevent_context *ev) _DEPRECATED_;

/**
 * Do something as if in a handler of this context.
 *
 * Calls @c before_use. Each success needs its tevent_context_pop_use().
 *
 * @param ev The context; on a main context nothing is called. A wrapper that is
 *     in use already, and a 33rd use, abort (tevent_set_abort_fn()).
 * @return True; false when @c before_use refused or the main context is gone.
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
 * End what tevent_context_push_use() began.
 *
 * Calls @c after_use.
 *
 * @param ev The context that was pushed last; another one aborts
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
 * Whether two contexts run on the same loop.
 * @param ev1 A context, or NULL.
 * @param ev2 Another context, or NULL.
 * @return True when they have the same main context; false for NULL and for a
 *     wrapper whose main context is gone.
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

/* From before the library was called tevent: each is what it expands to. */

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
