/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Signal storms: every arrival is reported once.
 *
 * Model.  The kernel merges standard signals: one that is already pending is lost
 * before it can be counted.  So arrivals are checked outside the library in two
 * ways.  This program's own sigaction(), which the library calls, adds a counter
 * before each signal handler: an arrival is an entry into that handler.  And
 * real-time signals, which the kernel queues, carry sender and number: none is
 * missing, none comes twice, and if one thread takes them all, each sender's come
 * in order.
 *
 * S4: without SA_SIGINFO the counts add up to the arrivals; with it there is
 * one call for each.  Signals come from other processes (sigqueue(), kill())
 * and from threads.  They are sent to the process, to the loop's thread, and
 * to threads unrelated to the loop.
 */

#include "stress.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most_signals = 65, senders = 4, real_time = 4 };

static const int standard_signals[] = {SIGUSR1, SIGUSR2, SIGWINCH, SIGURG};

/* ---- the witness ---------------------------------------------------- */

static atomic_uint entries[most_signals];
static struct sigaction library_action[most_signals];

static uint32_t arrivals_of(int signum)
{
	return atomic_load(&entries[signum]);
}

static void on_entry(int signum)
{
	atomic_fetch_add(&entries[signum], 1);
	library_action[signum].sa_handler(signum);
}

static void on_entry_with_info(int signum, siginfo_t *info, void *context)
{
	atomic_fetch_add(&entries[signum], 1);
	library_action[signum].sa_sigaction(signum, info, context);
}

static bool is_handler(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) || (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

static bool is_witness(const struct sigaction *action)
{
	return action->sa_handler == on_entry || action->sa_sigaction == on_entry_with_info;
}

/* Replaces libc's: the library finds this one first. */
int sigaction(int signum, const struct sigaction *action, struct sigaction *old)
{
	static int (*next)(int, const struct sigaction *, struct sigaction *);
	struct sigaction witnessed;

	if (next == NULL) {
		*(void **)&next = dlsym(RTLD_NEXT, "sigaction");
	}
	if (action == NULL || !is_handler(action) || is_witness(action) || signum >= most_signals) {
		return next(signum, action, old);
	}
	library_action[signum] = *action;
	witnessed = *action;
	if (action->sa_flags & SA_SIGINFO) {
		witnessed.sa_sigaction = on_entry_with_info;
	} else {
		witnessed.sa_handler = on_entry;
	}
	return next(signum, &witnessed, old);
}

/* ---- senders --------------------------------------------------------- */

/* Sender and number in one siginfo value. */
static union sigval value_of(int sender, uint32_t number)
{
	return (union sigval){.sival_ptr = (void *)(((uintptr_t)sender << 32) | number)};
}

static int sender_of(const siginfo_t *info)
{
	return (int)((uintptr_t)info->si_value.sival_ptr >> 32);
}

static uint32_t number_of(const siginfo_t *info)
{
	return (uint32_t)(uintptr_t)info->si_value.sival_ptr;
}

/*
 * The loop's progress, visible to all processes.  A sender stays within a
 * window of it: wide enough to block the signal and to fill the library's
 * queue, but limited because the kernel scans its whole queue for each signal
 * that it delivers.
 */
struct scoreboard {
	atomic_uint told[real_time]; /* sums over all senders */
	atomic_uint window;
	atomic_uint returned; /* ping_pong */
};

static struct scoreboard *scoreboard;

/*
 * For all senders together: more than are needed to block the signal, and so many
 * that a batch waiting to be released and the next one fill most of the library's
 * queue.  A sender may be a third ahead of it.
 */
enum { enough_to_block = 360, nearly_too_many = 1600 };

/* The slowest sender is never ahead of the average, so at least one can always continue. */
static void keep_within_window(uint32_t number)
{
	for (int i = 0; i < real_time; i++) {
		while (number > (atomic_load(&scoreboard->told[i]) + atomic_load(&scoreboard->window)) / senders) {
			sched_yield();
		}
	}
}

/* The kernel's queue is full: the thread that empties it needs the processor. */
static bool again(int result)
{
	if (result == 0) {
		return false;
	}
	check_equal(result == -1 ? errno : result, EAGAIN);
	sched_yield();
	return true;
}

/* ---- reports --------------------------------------------------------- */

struct post {
	int signum;
	bool ordered;
	uint32_t told;          /* sum of counts */
	atomic_uint *shown;     /* the same, visible to the senders, or NULL */
	uint32_t next[senders]; /* expected of each, if they are ordered */
	unsigned char *seen[senders];
	uint32_t items; /* of each sender */
	struct chance chance;
};

static void note_told(struct post *p, uint32_t count)
{
	p->told += count;
	if (p->shown != NULL) {
		atomic_store(p->shown, p->told);
	}
	if (draw(&p->chance, 64) == 0) {
		dally(&p->chance);
	}
}

static void note_info(struct post *p, const siginfo_t *info)
{
	int sender = sender_of(info);
	uint32_t number = number_of(info);

	check(sender >= 0 && sender < senders && number < p->items);
	check_equal(info->si_signo, p->signum);
	check_equal(p->seen[sender][number], 0);
	p->seen[sender][number] = 1;
	if (p->ordered) {
		check_equal(number, p->next[sender]);
		p->next[sender]++;
	}
}

static void on_queued(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		      void *private_data)
{
	struct post *p = private_data;

	check_equal(signum, p->signum);
	check_equal(count, 1);
	check(siginfo != NULL);
	note_info(p, siginfo);
	note_told(p, 1);
}

static void on_counted(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		       void *private_data)
{
	struct post *p = private_data;

	check_equal(signum, p->signum);
	check(count > 0 && siginfo == NULL);
	note_told(p, (uint32_t)count);
}

static void on_each(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	struct post *p = private_data;

	check_equal(count, 1);
	check_equal(((siginfo_t *)siginfo)->si_signo, signum);
	note_told(p, 1);
}

static void set_up_post(struct post *p, int signum, uint32_t items)
{
	*p = (struct post){.signum = signum, .items = items, .chance = chance_of((unsigned)signum)};
	for (int i = 0; i < senders; i++) {
		p->seen[i] = calloc(items, 1);
	}
	atomic_store(&entries[signum], 0);
}

static void show_on_scoreboard(struct post *p, int place)
{
	p->shown = &scoreboard->told[place];
	atomic_store(p->shown, 0);
}

static void clear_post(struct post *p)
{
	for (int i = 0; i < senders; i++) {
		free(p->seen[i]);
	}
}

/* ---- real-time signals from other processes -------------------------- */

static void send_queued(pid_t to, int sender, uint32_t items)
{
	for (uint32_t n = 0; n < items; n++) {
		keep_within_window(n);
		for (int i = 0; i < real_time; i++) {
			while (again(sigqueue(to, SIGRTMIN + 1 + i, value_of(sender, n)))) {
			}
		}
	}
}

static pid_t start_sender(void (*send)(pid_t to, int sender, uint32_t items), int sender, uint32_t items)
{
	pid_t parent = getpid();
	pid_t child = fork();

	check(child >= 0);
	if (child == 0) {
		set_backstop();
		send(parent, sender, items);
		_exit(0);
	}
	return child;
}

/* Idle threads, which signals may interrupt. */
struct bystanders {
	atomic_bool stop;
	atomic_int there;
	pthread_t thread[senders];
	pid_t tid[senders];
};

static struct bystanders bystanders;

static void *stand_by(void *arg)
{
	bystanders.tid[(intptr_t)arg] = (pid_t)syscall(SYS_gettid);
	atomic_fetch_add(&bystanders.there, 1);
	while (!atomic_load(&bystanders.stop)) {
		sched_yield();
	}
	return NULL;
}

static void call_bystanders(void)
{
	atomic_store(&bystanders.stop, false);
	atomic_store(&bystanders.there, 0);
	for (intptr_t i = 0; i < senders; i++) {
		run_thread(&bystanders.thread[i], stand_by, (void *)i);
	}
	while (atomic_load(&bystanders.there) < senders) {
		sched_yield();
	}
}

static void dismiss_bystanders(void)
{
	atomic_store(&bystanders.stop, true);
	for (int i = 0; i < senders; i++) {
		join_thread(bystanders.thread[i]);
	}
}

static bool all_told(const struct post *post, uint32_t each)
{
	for (int i = 0; i < real_time; i++) {
		if (post[i].told < each) {
			return false;
		}
	}
	return true;
}

/* ---- storms ----------------------------------------------------------- */

enum kinds { ALL_WITH_INFO, ALL_COUNTED, MIXED };
enum target { THE_PROCESS, THE_LOOPS_THREAD, OTHER_THREADS };

struct storm {
	enum target target; /* the process: from other processes; threads: from threads */
	bool bystanders;
	enum kinds kinds;
	uint32_t window;
	bool ordered; /* one thread takes all */
};

struct thread_sender {
	const struct storm *storm;
	int index;
	uint32_t items;
	pthread_t thread;
	pthread_t loop_thread;
};

static void *send_from_thread(void *arg)
{
	struct thread_sender *s = arg;
	sigset_t all;

	/* must not interrupt itself, only the others */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (uint32_t n = 0; n < s->items; n++) {
		bool to_others = s->storm->target == OTHER_THREADS;
		pthread_t to = to_others ? bystanders.thread[n % senders] : s->loop_thread;

		keep_within_window(n);
		for (int i = 0; i < real_time; i++) {
			while (again(pthread_sigqueue(to, SIGRTMIN + 1 + i, value_of(s->index, n)))) {
			}
		}
	}
	return NULL;
}

static bool with_info(const struct storm *s, int i)
{
	return s->kinds == ALL_WITH_INFO || (s->kinds == MIXED && i % 2 == 0);
}

static void take_storm(struct tevent_context *ev, const struct storm *s, struct post *post, uint32_t each)
{
	while (!all_told(post, each)) {
		check_equal(tevent_loop_once(ev), 0);
	}
	for (int i = 0; i < real_time; i++) {
		int signum = post[i].signum;

		check_equal(post[i].told, each);
		check_equal(arrivals_of(signum), each);
	}
}

static void take_from_processes(struct tevent_context *ev, const struct storm *s, struct post *post, uint32_t items)
{
	pid_t child[senders];

	for (int i = 0; i < senders; i++) {
		child[i] = start_sender(send_queued, i, items);
	}
	take_storm(ev, s, post, senders * items);
	for (int i = 0; i < senders; i++) {
		expect_success(child[i]);
	}
}

static void take_from_threads(struct tevent_context *ev, const struct storm *s, struct post *post, uint32_t items)
{
	struct thread_sender sender[senders];

	for (int i = 0; i < senders; i++) {
		sender[i] = (struct thread_sender){s, i, items, 0, pthread_self()};
		run_thread(&sender[i].thread, send_from_thread, &sender[i]);
	}
	take_storm(ev, s, post, senders * items);
	for (int i = 0; i < senders; i++) {
		join_thread(sender[i].thread);
	}
}

/* All arrivals are also reported to a second context, in the turns of the first. */
static void run_storm(const struct storm *s)
{
	struct tevent_context *ev = new_context(NULL, "standard");
	struct tevent_context *other = new_context(NULL, "poll");
	struct post post[real_time], second[real_time];
	uint32_t items = (uint32_t)parameter("signals", 40000) / (senders * real_time);

	atomic_store(&scoreboard->window, s->window);
	for (int i = 0; i < real_time; i++) {
		int signum = SIGRTMIN + 1 + i;
		int flags = with_info(s, i) ? SA_SIGINFO : 0;

		set_up_post(&post[i], signum, items);
		show_on_scoreboard(&post[i], i);
		post[i].ordered = s->ordered;
		set_up_post(&second[i], signum, items);
		check(tevent_add_signal(ev, ev, signum, flags, flags ? on_queued : on_counted, &post[i]) != NULL);
		check(tevent_add_signal(other, other, signum, 0, on_counted, &second[i]) != NULL);
	}
	if (s->bystanders) {
		call_bystanders();
	}
	if (s->target == THE_PROCESS) {
		take_from_processes(ev, s, post, items);
	} else {
		take_from_threads(ev, s, post, items);
	}
	if (s->bystanders) {
		dismiss_bystanders();
	}
	for (int i = 0; i < real_time; i++) {
		/* its event is the newer one: reported already, or in the same turn */
		check_equal(second[i].told, (long long)senders * items);
		clear_post(&post[i]);
		clear_post(&second[i]);
	}
	check_equal(talloc_free(ev), 0);
	check_equal(talloc_free(other), 0);
}

/* S3, S4, S5: one thread takes all: each once, and in order. */
static void from_processes(void)
{
	run_storm(&(struct storm){THE_PROCESS, false, ALL_WITH_INFO, nearly_too_many, true});
	run_storm(&(struct storm){THE_PROCESS, false, ALL_COUNTED, nearly_too_many, true});
	run_storm(&(struct storm){THE_PROCESS, false, MIXED, enough_to_block, true});
	run_storm(&(struct storm){THE_PROCESS, false, MIXED, nearly_too_many, true});
}

/* The same while any thread may take them. */
static void among_threads(void)
{
	run_storm(&(struct storm){THE_PROCESS, true, MIXED, enough_to_block, false});
	run_storm(&(struct storm){THE_PROCESS, true, MIXED, nearly_too_many, false});
}

static void from_threads(void)
{
	run_storm(&(struct storm){THE_LOOPS_THREAD, false, ALL_WITH_INFO, nearly_too_many, true});
	run_storm(&(struct storm){THE_LOOPS_THREAD, false, MIXED, enough_to_block, true});
	run_storm(&(struct storm){THE_LOOPS_THREAD, false, MIXED, nearly_too_many, true});
}

/* Sent to threads other than the loop's: no arrival stays pending in them. */
static void to_other_threads(void)
{
	run_storm(&(struct storm){OTHER_THREADS, true, MIXED, enough_to_block, false});
	run_storm(&(struct storm){OTHER_THREADS, true, MIXED, nearly_too_many, false});
}

/* ---- standard signals ------------------------------------------------- */

static void send_standard(pid_t to, int sender, uint32_t items)
{
	for (uint32_t n = 0; n < items; n++) {
		for (size_t i = 0; i < ARRAY_SIZE(standard_signals); i++) {
			check_equal(kill(to, standard_signals[i]), 0);
		}
	}
}

/*
 * The kernel merges them: the counter in sigaction() has their number.  The
 * first two are counted, the others reported one by one, and besides the
 * permanent events others are added and freed.
 */
static void standard(void)
{
	struct tevent_context *ev = new_context(NULL, "standard");
	struct post post[ARRAY_SIZE(standard_signals)];
	struct chance c = chance_of(4);
	uint32_t items = (uint32_t)parameter("signals", 40000) / (senders * real_time);
	pid_t child[senders];
	int fd[2];
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(post); i++) {
		int flags = i < 2 ? 0 : SA_SIGINFO;

		set_up_post(&post[i], standard_signals[i], 1);
		check(tevent_add_signal(ev, ev, post[i].signum, flags, flags ? on_each : on_counted, &post[i]) != NULL);
	}
	call_bystanders();
	check_equal(pipe2(fd, O_NONBLOCK), 0);
	for (int i = 0; i < senders; i++) {
		child[i] = start_sender(send_standard, i, items);
	}
	/* closed by the last sender's end */
	close(fd[1]);
	while (read(fd[0], &byte, 1) == -1) {
		size_t i = draw(&c, ARRAY_SIZE(post));
		struct post passing = {.signum = post[i].signum};
		struct tevent_signal *se = tevent_add_signal(ev, ev, post[i].signum, 0, on_counted, &passing);

		check(se != NULL);
		/* with nothing pending, nothing may come any more */
		tevent_context_set_wait_timeout(ev, 0);
		tevent_loop_once(ev);
		check_equal(talloc_free(se), 0);
	}
	for (int i = 0; i < senders; i++) {
		expect_success(child[i]);
	}
	dismiss_bystanders();
	while (tevent_loop_once(ev) == 0) {
	}
	for (size_t i = 0; i < ARRAY_SIZE(post); i++) {
		check(post[i].told > 0);
		check_equal(post[i].told, arrivals_of(post[i].signum));
		clear_post(&post[i]);
	}
	close(fd[0]);
	check_equal(talloc_free(ev), 0);
}

/* ---- one after another: no wake-up is lost ----------------------------- */

static void on_serve(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		     void *private_data)
{
	check_equal(count, 1);
	atomic_fetch_add(&scoreboard->returned, 1);
	/* the answer takes longer than the way to the wait, so that it hits each point of it */
	for (uint32_t times = draw(private_data, 16); times > 0; times--) {
		dally(private_data);
	}
}

static void serve(pid_t to, int sender, uint32_t items)
{
	struct chance c = chance_of(5);

	for (uint32_t n = 0; n < items; n++) {
		dally(&c);
		while (again(sigqueue(to, SIGRTMIN + 1, value_of(sender, n)))) {
		}
		for (uint32_t looks = 1; atomic_load(&scoreboard->returned) <= n; looks++) {
			if (looks % 4096 == 0) {
				sched_yield();
			}
		}
	}
}

static void play(bool in_another_thread, const char *backend)
{
	struct tevent_context *ev = new_context(NULL, backend);
	uint32_t items = (uint32_t)parameter("balls", 20000);
	struct chance chance = chance_of(6);
	sigset_t one, before;
	pid_t child;

	atomic_store(&scoreboard->returned, 0);
	check(tevent_add_signal(ev, ev, SIGRTMIN + 1, in_another_thread ? SA_SIGINFO : 0, on_serve, &chance) != NULL);
	if (in_another_thread) {
		call_bystanders();
		sigemptyset(&one);
		sigaddset(&one, SIGRTMIN + 1);
		pthread_sigmask(SIG_BLOCK, &one, &before);
	}
	child = start_sender(serve, 0, items);
	while (atomic_load(&scoreboard->returned) < items) {
		check_equal(tevent_loop_once(ev), 0);
	}
	expect_success(child);
	if (in_another_thread) {
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		dismiss_bystanders();
	}
	check_equal(talloc_free(ev), 0);
}

/* S8: in the loop's thread the wait is interrupted; from another thread it is woken. */
static void ping_pong(void)
{
	play(false, "epoll");
	play(false, "poll");
	play(true, "epoll");
	play(true, "poll");
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"from_processes", from_processes},
		{"among_threads", among_threads},
		{"from_threads", from_threads},
		{"to_other_threads", to_other_threads},
		{"standard", standard},
		{"ping_pong", ping_pong},
		{NULL, NULL},
	};

	scoreboard = shared_memory(sizeof(*scoreboard));
	return stress_main(argc, argv, scenarios);
}
