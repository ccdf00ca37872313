/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Cases that may notice a fault which others must not.  MAY_FAIL: they test exactly
 * what the fault changes; all other requirements apply.  LEFT_OUT: they use a failed
 * call's result without a check, in a way that sweep_retry.c does not see.
 */

#ifndef TEVENT_TESTS_SWEEP_EXCEPTIONS_H
#define TEVENT_TESTS_SWEEP_EXCEPTIONS_H

#include "faults.h"

#include <errno.h>

struct exception {
	const char *test; /* the beginning of its name; NULL: the end of the list */
	enum fault_call call;
	int error; /* 0: any */
	enum { MAY_FAIL, LEFT_OUT } kind;
};

static const struct exception exceptions[] = {
	/* Call the functions of a table directly. */
	{ "test_built_in_table__functions_called_directly__", FAULT_ALLOCATION, 0, LEFT_OUT },
	{ "test_built_in_table__functions_called_directly__", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	{ "test_built_in_table__functions_called_directly__", FAULT_POLL, 0, MAY_FAIL },
	/* These assume that more memory never gives less. */
	{ "test_queue_wait_send__little_memory__", FAULT_ALLOCATION, 0, MAY_FAIL },
	/* Count calls of a table: a second try is a call, too. */
	{ "test_dispatch__add_", FAULT_ALLOCATION, 0, MAY_FAIL },
	{ "test_dispatch__add_signal__", FAULT_SIGACTION, 0, MAY_FAIL },
	{ "test_context_init_ops__additional_data__", FAULT_EPOLL_CREATE, 0, LEFT_OUT },
	{ "test_context_init_ops__additional_data__", FAULT_EVENTFD, 0, LEFT_OUT },
	/* Count descriptors, or look for the epoll instance, which `standard` then lacks. */
	{ "test_reinitialise__many_times__keeps_the_descriptor_count", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_reinitialise__context_with_wakeup__is_as_new", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_context__", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__file_that_epoll_refuses__moves_to_poll", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__epoll_wait_fails__loses_no_event", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__wait_fails__", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__no_descriptor_at_reinitialise__", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__change_refused__", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_standard__change_refused__", FAULT_EPOLL_ADD, 0, MAY_FAIL },
	{ "test_standard__change_refused__", FAULT_EPOLL_WAIT, EBADF, MAY_FAIL },
	{ "test_standard__registration_refused__", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_child__has_wakeup_and_proxy__no_more_descriptors_", FAULT_EVENTFD, 0, MAY_FAIL },
	/* Count waits, or the points around them. */
	{ "test_wait__interrupted_by_nothing_of_ours__", FAULT_EPOLL_WAIT, EBADF, MAY_FAIL },
	{ "test_loop_trace__", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	{ "test_loop_trace__", FAULT_POLL, 0, MAY_FAIL },
	{ "test_loop_trace__", FAULT_ALLOCATION, 0, MAY_FAIL },
	{ "test_standard__wait_fails__fd_is_served_in_that_turn", FAULT_EPOLL_ADD, 0, MAY_FAIL },
	{ "test_standard__wait_fails__fd_is_served_in_that_turn", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	{ "test_standard__wait_fails__fd_is_served_in_that_turn", FAULT_POLL, 0, MAY_FAIL },
	{ "test_standard__wait_fails__fd_is_served_in_that_turn", FAULT_ALLOCATION, 0, MAY_FAIL },
	{ "test_poll_mt__", FAULT_POLL, 0, MAY_FAIL },
	{ "test_proxy_schedule__burst_worked_off__", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	{ "test_proxy_schedule__burst_worked_off__", FAULT_POLL, 0, MAY_FAIL },
	{ "test_proxy__called_in_a_child__parent_hears_nothing", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	{ "test_proxy__called_in_a_child__parent_hears_nothing", FAULT_POLL, 0, MAY_FAIL },
	/* Count wake-ups: one that could not be read ends one more wait. */
	{ "test_proxy_schedule__burst_worked_off__", FAULT_READ, EINTR, MAY_FAIL },
	{ "test_threaded_schedule__backend_with_its_own_wait__", FAULT_READ, EINTR, MAY_FAIL },
	{ "test_threaded_schedule__child_of_a_backend_with_its_own_wait__", FAULT_READ, EINTR, MAY_FAIL },
	{ "test_threaded_schedule__own_wait_and_no_descriptor_at_the_fork__", FAULT_READ, EINTR, MAY_FAIL },
	/* Take a descriptor number from the library: without a mark the fault layer does not see that. */
	{ "test_standard__", FAULT_MARK_FILE, 0, LEFT_OUT },
	{ "test_wakeup_closed__by_the_program__", FAULT_MARK_FILE, 0, LEFT_OUT },
	/* Their threads run until an fd was served that the kernel never received. */
	{ "test_two_threads__", FAULT_EPOLL_ADD, EBADF, LEFT_OUT },
	/* poll begins its own round. */
	{ "test_readiness__many_fds_stay_ready__each_is_served_in_turn", FAULT_EPOLL_WAIT, 0, MAY_FAIL },
	/* These act in a call of epoll's before the last check: poll makes no call before the wait. */
	{ "test_signal__between_the_look_and_the_wait__is_told_in_this_turn", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_signal__between_the_look_and_the_wait__is_told_in_this_turn", FAULT_EPOLL_ADD, 0, MAY_FAIL },
	{ "test_threaded_schedule__loop_is_busy__nothing_is_written", FAULT_EPOLL_CREATE, 0, MAY_FAIL },
	{ "test_threaded_schedule__loop_is_busy__nothing_is_written", FAULT_EPOLL_ADD, 0, MAY_FAIL },
	/* A child whose proxy gets no pipe does nothing through it, and the caller keeps both. */
	{ "test_proxy__inherited_by_a_child__", FAULT_PIPE, 0, MAY_FAIL },
	/* Count error messages: moving to poll is one. */
	{ "test_fd_closed__", FAULT_EPOLL_WAIT, EBADF, MAY_FAIL },
	{ "test_fd_closed__one_of_two_freed__", FAULT_EPOLL_MOD, 0, MAY_FAIL },
	{ "test_fd_closed__three_on_it__", FAULT_EPOLL_ADD, 0, MAY_FAIL },
	/* The order of turns is lost with the instance. */
	{ "test_fd_shared__both_ends_of_a_pair__", FAULT_EPOLL_WAIT, EBADF, MAY_FAIL },
	{ "test_fd_fairness__event_added_anew_each_time__", FAULT_EPOLL_WAIT, EBADF, MAY_FAIL },
	/* A request that finishes without memory for its profile's stop location has none. */
	{ "test_profile_sub__", FAULT_ALLOCATION, 0, LEFT_OUT },
	{ "test_profile__", FAULT_ALLOCATION, 0, LEFT_OUT },
	/* ENOENT for one call and EEXIST for the next, or the reverse: no kernel reports that. */
	{ "test_fd_leftover__number_means_it_again__", FAULT_EPOLL_MOD, ENOENT, LEFT_OUT },
	{ "test_fd_leftover__number_used_again_under_a_live_event__", FAULT_EPOLL_ADD, EEXIST, LEFT_OUT },
	{ "test_fd__number_used_again_under_it_", FAULT_EPOLL_ADD, EEXIST, LEFT_OUT },
	{ "test_fd_reused__live_event_touched__", FAULT_EPOLL_ADD, EEXIST, LEFT_OUT },
	/* Without memory a request posts through a part of itself, which is no talloc object and needs the
	 * destructor. */
	{ "test_dispatch__request_post__immediate_is_a_talloc_object", FAULT_ALLOCATION, 0, LEFT_OUT },
	{ "test_req_defer__destructor_replaced_", FAULT_ALLOCATION, 0, LEFT_OUT },
	{ "test_req_post__callback_left_by_longjmp__", FAULT_ALLOCATION, 0, LEFT_OUT },
	{ "test_req_post__inner_callback_left_by_longjmp__", FAULT_ALLOCATION, 0, LEFT_OUT },
	/* A child without a wake-up at the fork gets one at its first wait, not before. */
	{ "test_child__right_after_the_fork__can_be_woken", FAULT_EVENTFD, 0, MAY_FAIL },
	{ NULL, FAULT_CALLS, 0, MAY_FAIL },
};

#endif
