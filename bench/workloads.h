/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The workloads: one list for all libraries.
 *
 * WORKLOAD(name, n, operations, unit, what one operation is)
 *
 * n is the size in the name (pending timers, waiting requests, threads), operations the number per pass.  Both are
 * the same for each library; so is the work of an operation, as far as the library supports it.
 *
 * Units:
 *   CPU    CPU time of the process, user and system: nothing here sleeps, and what other processes take away from
 *          this one must not count.
 *   WALL   elapsed time, where several threads take part.
 *   OWN    elapsed time which the program takes by itself, for a part of what happens.
 *   BYTES  no time: memory that one object takes.
 */

#define WORKLOADS(WORKLOAD) \
	WORKLOAD(immediate_chain, 1, 200000, CPU, "an immediate runs and is scheduled again by its handler") \
	WORKLOAD(immediate_burst, 1000, 100000, CPU, "1,000 are created, scheduled, run, freed; each") \
	WORKLOAD(zero_timer, 1, 100000, CPU, "a zero timer runs and adds the next one") \
	WORKLOAD(timer_rearm_10, 10, 200000, CPU, "the oldest timer is cancelled, a new latest one set") \
	WORKLOAD(timer_rearm_1k, 1000, 200000, CPU, "the oldest timer is cancelled, a new latest one set, with 1,000 pending") \
	WORKLOAD(timer_rearm_10k, 10000, 200000, CPU, "the oldest timer is cancelled, a new latest one set, with 10,000 pending") \
	WORKLOAD(timer_rearm_100k, 100000, 200000, CPU, "the oldest timer is cancelled, a new latest one set, with 100,000 pending") \
	WORKLOAD(timer_random_10, 10, 200000, CPU, "any timer is cancelled, one set at any time") \
	WORKLOAD(timer_random_1k, 1000, 20000, CPU, "any timer is cancelled, one set at any time, with 1,000 pending") \
	WORKLOAD(timer_random_10k, 10000, 4000, CPU, "any timer is cancelled, one set at any time, with 10,000 pending") \
	WORKLOAD(timer_random_100k, 100000, 1000, CPU, "any timer is cancelled, one set at any time, with 100,000 pending") \
	WORKLOAD(timer_fire_1000, 1000, 20000, CPU, "1,000 due timers are set in mixed order and run; each") \
	WORKLOAD(timer_behind_1k, 1000, 20000, CPU, "a due timer is set and runs before 1,000 long ones") \
	WORKLOAD(timer_behind_10k, 10000, 4000, CPU, "a due timer is set and runs before 10,000 long ones") \
	WORKLOAD(timer_update_10k, 10000, 100000, CPU, "the oldest of 10,000 timers is moved to the end") \
	WORKLOAD(timer_update_random_10k, 10000, 4000, CPU, "any of 10,000 timers is moved to any time") \
	WORKLOAD(fd_dispatch_1, 1, 50000, CPU, "a turn with one fd, always ready") \
	WORKLOAD(fd_dispatch_100_of_10k, 10000, 20000, CPU, "10,000 fds, 100 of them always ready; each handler") \
	WORKLOAD(pingpong_eventfd, 1, 30000, CPU, "write to an eventfd, a turn, read in the handler") \
	WORKLOAD(pingpong_socketpair, 1, 20000, CPU, "a byte goes back or forth through a socket pair") \
	WORKLOAD(write_interest_toggle, 1, 50000, CPU, "WRITE interest on and off, no turn between") \
	WORKLOAD(read_off_on, 1, 30000, CPU, "as pingpong_eventfd, READ off in the handler, on again before the next turn") \
	WORKLOAD(fd_add_free, 1, 30000, CPU, "an fd event is added and freed, no turn between") \
	WORKLOAD(fd_add_turn_free, 1, 20000, CPU, "an fd event is added, its handler runs, it is freed") \
	WORKLOAD(request, 1, 100000, CPU, "a request is created, done, freed") \
	WORKLOAD(request_posted, 1, 100000, CPU, "a request is created, done, posted; a turn; freed") \
	WORKLOAD(request_endtime, 1, 100000, CPU, "a request is created, gets an end time, is done, freed") \
	WORKLOAD(request_nested_10, 10, 20000, CPU, "ten requests, each below the other; the innermost is done") \
	WORKLOAD(queue_1, 1, 100000, CPU, "a request joins an empty queue, is triggered, done, freed") \
	WORKLOAD(queue_1000, 1000, 100000, CPU, "one joins, the first of 1,000 is triggered, done, freed") \
	WORKLOAD(signal, 1, 20000, CPU, "a signal is raised, its handler runs in the next turn") \
	WORKLOAD(signal_busy, 1, 20000, CPU, "a ready fd's handler raises a signal, its handler runs, the loop goes on") \
	WORKLOAD(thread_1, 1, 20000, WALL, "an immediate handed over by a thread runs") \
	WORKLOAD(thread_4, 4, 40000, WALL, "the same, by four threads at once; each") \
	WORKLOAD(thread_wakeup, 1, 200, OWN, "from handing over in a thread to the handler, the loop asleep") \
	WORKLOAD(context, 1, 5000, CPU, "a context is created and freed") \
	WORKLOAD(memory_fd, 10000, 10000, BYTES, "10,000 fd events; each") \
	WORKLOAD(memory_timer, 10000, 10000, BYTES, "10,000 timers; each") \
	WORKLOAD(memory_immediate, 10000, 10000, BYTES, "10,000 immediates; each") \
	WORKLOAD(memory_request, 10000, 10000, BYTES, "10,000 requests with an empty state; each")
