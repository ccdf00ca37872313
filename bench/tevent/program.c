/* SPDX-License-Identifier: LGPL-3.0-or-later */

#include "cases.h"

const struct bench_case *const bench_program[] = {
	tevent_immediates, tevent_timers,  tevent_fds,    tevent_requests,
	tevent_signals,    tevent_threads, tevent_memory, NULL,
};
