// SPDX-License-Identifier: LGPL-3.0-or-later

// Every function that the library exports: result, name, parameters.
//
// FUNCTION is in 0.14.1 as well, NEWER only in later releases.  The list is
// tests/abi/symbols.tsv; a run checks that none is missing here or is never
// called.

#pragma once

// clang-format off
#define DIFFERENTIAL_FUNCTIONS(FUNCTION, NEWER) \
    FUNCTION(struct tevent_fd *, _tevent_add_fd, (struct tevent_context *, TALLOC_CTX *, int, uint16_t, tevent_fd_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_signal *, _tevent_add_signal, (struct tevent_context *, TALLOC_CTX *, int, int, tevent_signal_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_timer *, _tevent_add_timer, (struct tevent_context *, TALLOC_CTX *, struct timeval, tevent_timer_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_immediate *, _tevent_create_immediate, (TALLOC_CTX *, const char *)) \
    FUNCTION(int, _tevent_loop_once, (struct tevent_context *, const char *)) \
    FUNCTION(int, _tevent_loop_until, (struct tevent_context *, bool (*)(void *), void *, const char *)) \
    FUNCTION(int, _tevent_loop_wait, (struct tevent_context *, const char *)) \
    FUNCTION(struct tevent_queue *, _tevent_queue_create, (TALLOC_CTX *, const char *, const char *)) \
    FUNCTION(void *, _tevent_req_callback_data, (struct tevent_req *)) \
    FUNCTION(bool, _tevent_req_cancel, (struct tevent_req *, const char *)) \
    FUNCTION(struct tevent_req *, _tevent_req_create, (TALLOC_CTX *, void *, size_t, const char *, const char *)) \
    FUNCTION(void *, _tevent_req_data, (struct tevent_req *)) \
    FUNCTION(void, _tevent_req_done, (struct tevent_req *, const char *)) \
    FUNCTION(bool, _tevent_req_error, (struct tevent_req *, uint64_t, const char *)) \
    FUNCTION(bool, _tevent_req_nomem, (const void *, struct tevent_req *, const char *)) \
    FUNCTION(void, _tevent_req_notify_callback, (struct tevent_req *, const char *)) \
    FUNCTION(void, _tevent_schedule_immediate, (struct tevent_immediate *, struct tevent_context *, tevent_immediate_handler_t, void *, const char *, const char *)) \
    FUNCTION(const char **, tevent_backend_list, (TALLOC_CTX *)) \
    FUNCTION(void, tevent_cleanup_pending_signal_handlers, (struct tevent_signal *)) \
    FUNCTION(struct tevent_fd *, tevent_common_add_fd, (struct tevent_context *, TALLOC_CTX *, int, uint16_t, tevent_fd_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_signal *, tevent_common_add_signal, (struct tevent_context *, TALLOC_CTX *, int, int, tevent_signal_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_timer *, tevent_common_add_timer, (struct tevent_context *, TALLOC_CTX *, struct timeval, tevent_timer_handler_t, void *, const char *, const char *)) \
    FUNCTION(int, tevent_common_check_signal, (struct tevent_context *)) \
    FUNCTION(int, tevent_common_context_destructor, (struct tevent_context *)) \
    FUNCTION(int, tevent_common_fd_destructor, (struct tevent_fd *)) \
    FUNCTION(uint16_t, tevent_common_fd_get_flags, (struct tevent_fd *)) \
    FUNCTION(void, tevent_common_fd_set_close_fn, (struct tevent_fd *, tevent_fd_close_fn_t)) \
    FUNCTION(void, tevent_common_fd_set_flags, (struct tevent_fd *, uint16_t)) \
    FUNCTION(bool, tevent_common_loop_immediate, (struct tevent_context *)) \
    FUNCTION(struct timeval, tevent_common_loop_timer_delay, (struct tevent_context *)) \
    FUNCTION(int, tevent_common_loop_wait, (struct tevent_context *, const char *)) \
    FUNCTION(void, tevent_common_schedule_immediate, (struct tevent_immediate *, struct tevent_context *, tevent_immediate_handler_t, void *, const char *, const char *)) \
    FUNCTION(struct tevent_context *, tevent_context_init, (TALLOC_CTX *)) \
    FUNCTION(struct tevent_context *, tevent_context_init_byname, (TALLOC_CTX *, const char *)) \
    FUNCTION(void, tevent_debug, (struct tevent_context *, enum tevent_debug_level, const char *, ...)) \
    FUNCTION(uint16_t, tevent_fd_get_flags, (struct tevent_fd *)) \
    FUNCTION(void, tevent_fd_set_auto_close, (struct tevent_fd *)) \
    FUNCTION(void, tevent_fd_set_close_fn, (struct tevent_fd *, tevent_fd_close_fn_t)) \
    FUNCTION(void, tevent_fd_set_flags, (struct tevent_fd *, uint16_t)) \
    FUNCTION(void, tevent_loop_allow_nesting, (struct tevent_context *)) \
    FUNCTION(void, tevent_loop_set_nesting_hook, (struct tevent_context *, tevent_nesting_hook, void *)) \
    FUNCTION(bool, tevent_queue_add, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, void *)) \
    FUNCTION(size_t, tevent_queue_length, (struct tevent_queue *)) \
    FUNCTION(void, tevent_queue_start, (struct tevent_queue *)) \
    FUNCTION(void, tevent_queue_stop, (struct tevent_queue *)) \
    FUNCTION(int, tevent_re_initialise, (struct tevent_context *)) \
    FUNCTION(bool, tevent_register_backend, (const char *, const struct tevent_ops *)) \
    FUNCTION(char *, tevent_req_default_print, (struct tevent_req *, TALLOC_CTX *)) \
    FUNCTION(bool, tevent_req_is_error, (struct tevent_req *, enum tevent_req_state *, uint64_t *)) \
    FUNCTION(bool, tevent_req_is_in_progress, (struct tevent_req *)) \
    FUNCTION(bool, tevent_req_poll, (struct tevent_req *, struct tevent_context *)) \
    FUNCTION(struct tevent_req *, tevent_req_post, (struct tevent_req *, struct tevent_context *)) \
    FUNCTION(char *, tevent_req_print, (TALLOC_CTX *, struct tevent_req *)) \
    FUNCTION(void, tevent_req_received, (struct tevent_req *)) \
    FUNCTION(void, tevent_req_set_callback, (struct tevent_req *, tevent_req_fn, void *)) \
    FUNCTION(void, tevent_req_set_cancel_fn, (struct tevent_req *, tevent_req_cancel_fn)) \
    FUNCTION(bool, tevent_req_set_endtime, (struct tevent_req *, struct tevent_context *, struct timeval)) \
    FUNCTION(void, tevent_req_set_print_fn, (struct tevent_req *, tevent_req_print_fn)) \
    FUNCTION(void, tevent_set_abort_fn, (void (*)(const char *))) \
    FUNCTION(int, tevent_set_debug, (struct tevent_context *, void (*)(void *, enum tevent_debug_level, const char *, va_list), void *)) \
    FUNCTION(int, tevent_set_debug_stderr, (struct tevent_context *)) \
    FUNCTION(void, tevent_set_default_backend, (const char *)) \
    FUNCTION(bool, tevent_signal_support, (struct tevent_context *)) \
    FUNCTION(struct timeval, tevent_timeval_add, (const struct timeval *, uint32_t, uint32_t)) \
    FUNCTION(int, tevent_timeval_compare, (const struct timeval *, const struct timeval *)) \
    FUNCTION(struct timeval, tevent_timeval_current, (void)) \
    FUNCTION(struct timeval, tevent_timeval_current_ofs, (uint32_t, uint32_t)) \
    FUNCTION(bool, tevent_timeval_is_zero, (const struct timeval *)) \
    FUNCTION(struct timeval, tevent_timeval_set, (uint32_t, uint32_t)) \
    FUNCTION(struct timeval, tevent_timeval_until, (const struct timeval *, const struct timeval *)) \
    FUNCTION(struct timeval, tevent_timeval_zero, (void)) \
    FUNCTION(bool, tevent_wakeup_recv, (struct tevent_req *)) \
    FUNCTION(struct tevent_req *, tevent_wakeup_send, (TALLOC_CTX *, struct tevent_context *, struct timeval)) \
    FUNCTION(void, _tevent_req_oom, (struct tevent_req *, const char *)) \
    FUNCTION(void, tevent_req_defer_callback, (struct tevent_req *, struct tevent_context *)) \
    FUNCTION(struct tevent_queue_entry *, tevent_queue_add_entry, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, void *)) \
    FUNCTION(struct tevent_queue_entry *, tevent_queue_add_optimize_empty, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, void *)) \
    FUNCTION(bool, tevent_queue_running, (struct tevent_queue *)) \
    FUNCTION(struct tevent_context *, tevent_context_init_ops, (TALLOC_CTX *, const struct tevent_ops *, void *)) \
    FUNCTION(void, tevent_get_trace_callback, (struct tevent_context *, tevent_trace_callback_t *, void *)) \
    FUNCTION(void, tevent_set_trace_callback, (struct tevent_context *, tevent_trace_callback_t, void *)) \
    FUNCTION(void, tevent_trace_point_callback, (struct tevent_context *, enum tevent_trace_point)) \
    FUNCTION(struct tevent_timer *, tevent_common_add_timer_v2, (struct tevent_context *, TALLOC_CTX *, struct timeval, tevent_timer_handler_t, void *, const char *, const char *)) \
    FUNCTION(size_t, tevent_num_signals, (void)) \
    FUNCTION(bool, tevent_queue_wait_recv, (struct tevent_req *)) \
    FUNCTION(struct tevent_req *, tevent_queue_wait_send, (TALLOC_CTX *, struct tevent_context *, struct tevent_queue *)) \
    FUNCTION(size_t, tevent_sa_info_queue_count, (void)) \
    FUNCTION(void, tevent_req_set_cleanup_fn, (struct tevent_req *, tevent_req_cleanup_fn)) \
    FUNCTION(struct tevent_thread_proxy *, tevent_thread_proxy_create, (struct tevent_context *)) \
    FUNCTION(void, tevent_thread_proxy_schedule, (struct tevent_thread_proxy *, struct tevent_immediate **, tevent_immediate_handler_t, void *)) \
    FUNCTION(void, _tevent_threaded_schedule_immediate, (struct tevent_threaded_context *, struct tevent_immediate *, tevent_immediate_handler_t, void *, const char *, const char *)) \
    FUNCTION(bool, tevent_common_have_events, (struct tevent_context *)) \
    FUNCTION(void, tevent_common_threaded_activate_immediate, (struct tevent_context *)) \
    FUNCTION(int, tevent_common_wakeup, (struct tevent_context *)) \
    FUNCTION(int, tevent_common_wakeup_init, (struct tevent_context *)) \
    FUNCTION(struct tevent_threaded_context *, tevent_threaded_context_create, (TALLOC_CTX *, struct tevent_context *)) \
    FUNCTION(int, tevent_common_wakeup_fd, (int)) \
    FUNCTION(void, tevent_req_reset_endtime, (struct tevent_req *)) \
    FUNCTION(void, tevent_update_timer, (struct tevent_timer *, struct timeval)) \
    FUNCTION(void, tevent_queue_entry_untrigger, (struct tevent_queue_entry *)) \
    FUNCTION(void, _tevent_context_pop_use, (struct tevent_context *, const char *)) \
    FUNCTION(bool, _tevent_context_push_use, (struct tevent_context *, const char *)) \
    FUNCTION(struct tevent_context *, _tevent_context_wrapper_create, (struct tevent_context *, TALLOC_CTX *, const struct tevent_wrapper_ops *, void *, size_t, const char *, const char *)) \
    FUNCTION(void, tevent_abort, (struct tevent_context *, const char *)) \
    FUNCTION(void, tevent_common_check_double_free, (TALLOC_CTX *, const char *)) \
    FUNCTION(int, tevent_common_invoke_fd_handler, (struct tevent_fd *, uint16_t, bool *)) \
    FUNCTION(int, tevent_common_invoke_immediate_handler, (struct tevent_immediate *, bool *)) \
    FUNCTION(int, tevent_common_invoke_signal_handler, (struct tevent_signal *, int, int, void *, bool *)) \
    FUNCTION(int, tevent_common_invoke_timer_handler, (struct tevent_timer *, struct timeval, bool *)) \
    FUNCTION(bool, tevent_context_is_wrapper, (struct tevent_context *)) \
    FUNCTION(bool, tevent_context_same_loop, (struct tevent_context *, struct tevent_context *)) \
    FUNCTION(const struct tevent_req_profile *, tevent_req_get_profile, (struct tevent_req *)) \
    FUNCTION(struct tevent_req_profile *, tevent_req_move_profile, (struct tevent_req *, TALLOC_CTX *)) \
    FUNCTION(void, tevent_req_profile_append_sub, (struct tevent_req_profile *, struct tevent_req_profile **)) \
    FUNCTION(struct tevent_req_profile *, tevent_req_profile_create, (TALLOC_CTX *)) \
    FUNCTION(void, tevent_req_profile_get_name, (const struct tevent_req_profile *, const char **)) \
    FUNCTION(void, tevent_req_profile_get_start, (const struct tevent_req_profile *, const char **, struct timeval *)) \
    FUNCTION(void, tevent_req_profile_get_status, (const struct tevent_req_profile *, pid_t *, enum tevent_req_state *, uint64_t *)) \
    FUNCTION(void, tevent_req_profile_get_stop, (const struct tevent_req_profile *, const char **, struct timeval *)) \
    FUNCTION(const struct tevent_req_profile *, tevent_req_profile_get_subprofiles, (const struct tevent_req_profile *)) \
    FUNCTION(const struct tevent_req_profile *, tevent_req_profile_next, (const struct tevent_req_profile *)) \
    FUNCTION(bool, tevent_req_profile_set_name, (struct tevent_req_profile *, const char *)) \
    FUNCTION(bool, tevent_req_profile_set_start, (struct tevent_req_profile *, const char *, struct timeval)) \
    FUNCTION(void, tevent_req_profile_set_status, (struct tevent_req_profile *, pid_t, enum tevent_req_state, uint64_t)) \
    FUNCTION(bool, tevent_req_profile_set_stop, (struct tevent_req_profile *, const char *, struct timeval)) \
    FUNCTION(bool, tevent_req_set_profile, (struct tevent_req *)) \
    FUNCTION(uint64_t, tevent_fd_get_tag, (const struct tevent_fd *)) \
    FUNCTION(void, tevent_fd_set_tag, (struct tevent_fd *, uint64_t)) \
    FUNCTION(void, tevent_get_trace_fd_callback, (struct tevent_context *, tevent_trace_fd_callback_t *, void *)) \
    FUNCTION(void, tevent_get_trace_immediate_callback, (struct tevent_context *, tevent_trace_immediate_callback_t *, void *)) \
    FUNCTION(void, tevent_get_trace_signal_callback, (struct tevent_context *, tevent_trace_signal_callback_t *, void *)) \
    FUNCTION(void, tevent_get_trace_timer_callback, (struct tevent_context *, tevent_trace_timer_callback_t *, void *)) \
    FUNCTION(uint64_t, tevent_immediate_get_tag, (const struct tevent_immediate *)) \
    FUNCTION(void, tevent_immediate_set_tag, (struct tevent_immediate *, uint64_t)) \
    FUNCTION(void, tevent_set_trace_fd_callback, (struct tevent_context *, tevent_trace_fd_callback_t, void *)) \
    FUNCTION(void, tevent_set_trace_immediate_callback, (struct tevent_context *, tevent_trace_immediate_callback_t, void *)) \
    FUNCTION(void, tevent_set_trace_signal_callback, (struct tevent_context *, tevent_trace_signal_callback_t, void *)) \
    FUNCTION(void, tevent_set_trace_timer_callback, (struct tevent_context *, tevent_trace_timer_callback_t, void *)) \
    FUNCTION(uint64_t, tevent_signal_get_tag, (const struct tevent_signal *)) \
    FUNCTION(void, tevent_signal_set_tag, (struct tevent_signal *, uint64_t)) \
    FUNCTION(uint64_t, tevent_timer_get_tag, (const struct tevent_timer *)) \
    FUNCTION(void, tevent_timer_set_tag, (struct tevent_timer *, uint64_t)) \
    FUNCTION(void, tevent_trace_fd_callback, (struct tevent_context *, struct tevent_fd *, enum tevent_event_trace_point)) \
    FUNCTION(void, tevent_trace_immediate_callback, (struct tevent_context *, struct tevent_immediate *, enum tevent_event_trace_point)) \
    FUNCTION(void, tevent_trace_signal_callback, (struct tevent_context *, struct tevent_signal *, enum tevent_event_trace_point)) \
    FUNCTION(void, tevent_trace_timer_callback, (struct tevent_context *, struct tevent_timer *, enum tevent_event_trace_point)) \
    FUNCTION(void, tevent_get_trace_queue_callback, (struct tevent_context *, tevent_trace_queue_callback_t *, void *)) \
    FUNCTION(uint64_t, tevent_queue_entry_get_tag, (const struct tevent_queue_entry *)) \
    FUNCTION(void, tevent_queue_entry_set_tag, (struct tevent_queue_entry *, uint64_t)) \
    FUNCTION(void, tevent_set_trace_queue_callback, (struct tevent_context *, tevent_trace_queue_callback_t, void *)) \
    FUNCTION(void, tevent_trace_queue_callback, (struct tevent_context *, struct tevent_queue_entry *, enum tevent_event_trace_point)) \
    FUNCTION(pid_t, tevent_cached_getpid, (void)) \
    FUNCTION(const struct tevent_ops *, tevent_find_ops_byname, (const char *)) \
    FUNCTION(void, tevent_thread_call_depth_activate, (size_t *)) \
    FUNCTION(void, tevent_thread_call_depth_deactivate, (void)) \
    FUNCTION(void, tevent_thread_call_depth_reset_from_req, (struct tevent_req *)) \
    FUNCTION(void, tevent_thread_call_depth_start, (struct tevent_req *)) \
    NEWER(struct tevent_req *, __tevent_req_create, (TALLOC_CTX *, void *, size_t, const char *, const char *, const char *)) \
    NEWER(bool, _tevent_queue_add, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, const char *, void *)) \
    NEWER(struct tevent_queue_entry *, _tevent_queue_add_entry, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, const char *, void *)) \
    NEWER(struct tevent_queue_entry *, _tevent_queue_add_optimize_empty, (struct tevent_queue *, struct tevent_context *, struct tevent_req *, tevent_queue_trigger_fn_t, const char *, void *)) \
    NEWER(void, _tevent_req_set_callback, (struct tevent_req *, tevent_req_fn, const char *, void *)) \
    NEWER(void, _tevent_req_set_cancel_fn, (struct tevent_req *, tevent_req_cancel_fn, const char *)) \
    NEWER(void, _tevent_req_set_cleanup_fn, (struct tevent_req *, tevent_req_cleanup_fn, const char *)) \
    NEWER(void, _tevent_thread_call_depth_reset_from_req, (struct tevent_req *, const char *)) \
    NEWER(enum tevent_debug_level, tevent_set_max_debug_level, (struct tevent_context *, enum tevent_debug_level)) \
    NEWER(void, tevent_thread_call_depth_set_callback, (tevent_call_depth_callback_t, void *)) \
    NEWER(void, tevent_common_immediate_cancel, (struct tevent_immediate *)) \
    NEWER(uint32_t, tevent_context_set_wait_timeout, (struct tevent_context *, uint32_t)) \
    NEWER(void, tevent_reset_immediate, (struct tevent_immediate *))
// clang-format on
