/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Runs a program of tests/behaviour/ with every call of the library failing once.
 *
 * Linked into such a program this replaces cmocka's group runner.  Each case
 * runs in a forked child (sweep_case.c): first without faults, to record its
 * calls and their places in the library; then once for each of these, for its
 * first occurrences, and for each error that the call can have.
 *
 * The requirements on a run depend on its fault:
 *
 *   made up    by the library (an interrupted call, a refused registration with
 *              `standard`), or by a second try after the documented failure
 *              (sweep_retry.c): the case passes, as without.
 *   told       the failure reaches the caller (a detached event, a request that
 *              finishes with NO_MEMORY).  The case may fail by an assertion, wait
 *              in vain for a refused event, or be hit by its own signal.
 *   fatal      plain `epoll` (C5): abort(), or "told" if the context is just being
 *              created.
 *
 * In all of them: no crash, no sanitizer finding, no failed assertion of the
 * library, no unexpected abort(), no endless loop; and when all is freed, no
 * descriptor, talloc chunk or disposition of the library is left.
 *
 * If a run with a `made up` fault ends in a failed assertion or a starved wait, it
 * is repeated: if it then passes, the case itself is unsteady on this machine,
 * which is reported but is no defect.
 *
 * Environment: TEVENT_FAULT_OCCURRENCES (of one place in a case), TEVENT_FAULT_SAMPLE
 * (one fault of n is run; else TEVENT_FAULT_DEFAULT_SAMPLE), TEVENT_FAULT_SLOW_MS (longer cases are left out),
 * TEVENT_FAULT_CASE (a part of the names of cases), TEVENT_FAULT_VERBOSE.
 */

#define _GNU_SOURCE 1
#include "sweep_case.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sweep_exceptions.h"

enum {
	most_sites = 1024,
	cpu_limit_s = 10,
	look_every_ms = 100,
	patience_ms = 8000,       /* since the library's last call; longer than any case waits */
	little_patience_ms = 300, /* if a case may wait for a refused event */
	repetitions = 2,
};

enum meaning { MADE_UP, TOLD, FATAL, MEANINGS };

static struct report *report;
static FILE *output; /* of the children */

static struct {
	long occurrences;
	long sample;
	long slow_ms;
	const char *only;
	bool verbose;
} options;

static struct {
	unsigned cases;
	unsigned faults[FAULT_CALLS][MEANINGS];
	unsigned places[FAULT_CALLS];
	unsigned total;
	unsigned not_met;
	unsigned unsteady;
	unsigned defects;
} sums;

static struct fault_site places[most_sites];
static size_t place_count;

static long setting(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value != NULL && atol(value) > 0 ? atol(value) : otherwise;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what a fault means ---- */

static enum meaning meaning_of(const struct fault *fault, const char *backend)
{
	bool standard = backend != NULL && strcmp(backend, "standard") == 0;

	switch (fault->call) {
	case FAULT_EPOLL_CREATE:
		return standard ? MADE_UP : FATAL;
	case FAULT_EPOLL_ADD:
	case FAULT_EPOLL_MOD:
		if (fault->error == EEXIST || fault->error == ENOENT) {
			return MADE_UP;
		}
		/* For a refused wake-up, EBADF does not mean a detached event. */
		return standard ? (fault->error == EBADF ? TOLD : MADE_UP) : FATAL;
	case FAULT_EPOLL_WAIT:
		return standard || fault->error == EINTR ? MADE_UP : FATAL;
	case FAULT_EPOLL_DEL:
	case FAULT_POLL:
	case FAULT_EVENTFD:
	case FAULT_PIPE:
	case FAULT_READ:
	case FAULT_WRITE:
	case FAULT_CLOSE:
	case FAULT_SIGACTION:
	case FAULT_ALLOCATION:
		return MADE_UP;
	default:
		return TOLD;
	}
}

/* ---- one run ---- */

struct outcome {
	enum verdict verdict;
	int status;
	bool starved; /* waited for an event that does not come, and was stopped */
};

static void forget_output(void)
{
	if (ftruncate(fileno(output), 0) != 0 || lseek(fileno(output), 0, SEEK_SET) != 0) {
		abort();
	}
}

static void print_output(void)
{
	char text[2048];
	ssize_t n;
	off_t at = 0;

	while ((n = pread(fileno(output), text, sizeof(text), at)) > 0) {
		fwrite(text, 1, (size_t)n, stdout);
		at += n;
	}
}

static void limit_processor_time(void)
{
	struct rlimit limit = {cpu_limit_s, cpu_limit_s + 1};

	setrlimit(RLIMIT_CPU, &limit);
}

static struct outcome run(const struct CMUnitTest *test, CMFixtureFunction group_set_up, const struct fault *fault,
			  long long patience)
{
	struct outcome outcome = {NO_VERDICT, 0, false};
	struct pollfd end = {-1, POLLIN, 0};
	pid_t pid;

	memset(report, 0, sizeof(*report));
	forget_output();
	faults_reset();
	fflush(NULL);
	pid = fork();
	if (pid == -1) {
		perror("fork");
		abort();
	}
	if (pid == 0) {
		setpgid(0, 0); /* processes that a case leaves running are found by their group */
		dup2(fileno(output), STDOUT_FILENO);
		dup2(fileno(output), STDERR_FILENO);
		limit_processor_time();
		run_case(test, group_set_up, fault, report);
	}
	setpgid(pid, pid);
	end.fd = pidfd_open(pid, 0);
	if (end.fd == -1) {
		perror("pidfd_open");
		abort();
	}
	while (poll(&end, 1, look_every_ms) == 0 && !outcome.starved) {
		outcome.starved = faults_idle_ms() > patience;
	}
	close(end.fd);
	kill(-pid, SIGKILL);
	while (waitpid(pid, &outcome.status, 0) == -1 && errno == EINTR) {
	}
	outcome.verdict = (enum verdict)atomic_load(&report->verdict);
	return outcome;
}

/* ---- judgement ---- */

static bool is_a_signal_of_cases(int sig)
{
	return sig == SIGUSR1 || sig == SIGUSR2 || sig == SIGALRM || sig == SIGCHLD || sig == SIGHUP || sig >= SIGRTMIN;
}

/* The case's own signal, or it wrote to a child that aborted. */
static bool is_of_an_abort(int sig)
{
	return sig == SIGABRT || sig == SIGPIPE;
}

/* NULL: as required. */
static const char *what_is_wrong(const struct outcome *outcome, enum meaning meaning, unsigned usual_aborts)
{
	bool aborted = faults_aborts() > usual_aborts;
	bool killed = WIFSIGNALED(outcome->status);

	if (atomic_load(&report->crashes) > 0) {
		return "crashed, or a sanitizer spoke";
	}
	if (faults_failed_assertions() > 0) {
		return "an assertion of the library failed";
	}
	if (killed && WTERMSIG(outcome->status) == SIGXCPU) {
		return "ran without end";
	}
	if (aborted && meaning != FATAL) {
		return "abort() in the library";
	}
	if (outcome->verdict == LEFTOVERS || outcome->verdict == TEARDOWN_FAILED) {
		return "leftovers";
	}
	if (outcome->verdict == PASSED) {
		return NULL;
	}
	if (meaning == MADE_UP) {
		return outcome->starved                 ? "an event was lost: waits in vain"
		       : outcome->verdict == NO_VERDICT ? "died"
							: "did not pass";
	}
	if (killed && !outcome->starved && !is_a_signal_of_cases(WTERMSIG(outcome->status)) &&
	    !(faults_aborts() > 0 && is_of_an_abort(WTERMSIG(outcome->status)))) {
		return "died of a signal";
	}
	if (!killed && WEXITSTATUS(outcome->status) != 0) {
		return "exited in the middle";
	}
	return NULL;
}

static bool may_be_unsteadiness(const struct outcome *outcome, enum meaning meaning)
{
	return meaning == MADE_UP &&
	       (outcome->verdict == FAILED || outcome->verdict == FAILED_AND_NOT_FREED || outcome->starved);
}

static const struct exception *exception_for(const char *test, const struct fault *fault)
{
	for (const struct exception *e = exceptions; e->test != NULL; e++) {
		if (strncmp(test, e->test, strlen(e->test)) == 0 && e->call == fault->call &&
		    (e->error == 0 || e->error == fault->error)) {
			return e;
		}
	}
	return NULL;
}

static void describe(const char *test, const struct fault *fault, const char *what)
{
	printf("%s: %s, %u. call from %p, %s: %s.%s\n", test, fault_call_name(fault->call), fault->nth, fault->site,
	       strerrorname_np(fault->error), what, report->words);
}

static void inject(const struct CMUnitTest *test, CMFixtureFunction group_set_up, const struct fault *fault,
		   unsigned usual_aborts)
{
	enum meaning meaning = meaning_of(fault, test->initial_state);
	const struct exception *exception = exception_for(test->name, fault);
	const char *wrong = NULL;
	int attempt;

	if (exception != NULL) {
		if (exception->kind == LEFT_OUT) {
			return;
		}
		meaning = meaning == MADE_UP ? TOLD : meaning;
	}
	for (attempt = 0; attempt <= repetitions; attempt++) {
		struct outcome outcome =
			run(test, group_set_up, fault, meaning == MADE_UP ? patience_ms : little_patience_ms);
		if (faults_met() == 0) {
			sums.not_met++; /* threads took another path this time */
			return;
		}
		if (atomic_load(&report->told) && meaning == MADE_UP) {
			meaning = TOLD;
		}
		wrong = what_is_wrong(&outcome, meaning, usual_aborts);
		if (wrong == NULL || !may_be_unsteadiness(&outcome, meaning)) {
			break;
		}
	}
	sums.total++;
	sums.faults[fault->call][meaning]++;
	if (wrong != NULL) {
		sums.defects++;
		describe(test->name, fault, wrong);
		print_output();
	} else if (attempt > 0) {
		sums.unsteady++;
		describe(test->name, fault, "passed when repeated");
	} else if (options.verbose) {
		describe(test->name, fault, "fine");
	}
}

/* ---- the sweep ---- */

static void note_place(const struct fault_site *site)
{
	for (size_t i = 0; i < place_count; i++) {
		if (places[i].site == site->site && places[i].call == site->call) {
			return;
		}
	}
	if (place_count < most_sites) {
		places[place_count++] = *site;
		sums.places[site->call]++;
	}
}

static void sweep_site(const struct CMUnitTest *test, CMFixtureFunction group_set_up, const struct fault_site *site,
		       unsigned usual_aborts)
{
	static unsigned long candidates;

	for (unsigned nth = 1; nth <= site->count && nth <= (unsigned long)options.occurrences; nth++) {
		for (const int *error = fault_errors(site->call); *error != 0; error++) {
			struct fault fault = {site->call, site->site, nth, *error};
			if (candidates++ % (unsigned long)options.sample == 0) {
				inject(test, group_set_up, &fault, usual_aborts);
			}
		}
	}
	note_place(site);
}

static void sweep_case(const struct CMUnitTest *test, CMFixtureFunction group_set_up)
{
	static struct fault_site sites[most_sites];
	static const struct fault none = {.site = NULL};
	struct outcome usual;
	unsigned usual_aborts;
	long long started = now_ms(), took;
	size_t count;

	usual = run(test, group_set_up, &none, patience_ms);
	took = now_ms() - started;
	if (usual.verdict == SKIPPED) {
		return;
	}
	if (usual.verdict != PASSED) {
		printf("%s: does not pass without any fault.%s\n", test->name, report->words);
		print_output();
		sums.defects++;
		return;
	}
	if (took > options.slow_ms) {
		printf("%s: left out, takes %lld ms\n", test->name, took);
		return;
	}
	sums.cases++;
	usual_aborts = faults_aborts();
	count = faults_sites(sites, most_sites);
	for (size_t i = 0; i < count; i++) {
		sweep_site(test, group_set_up, &sites[i], usual_aborts);
	}
}

static void print_sums(const char *group, long long took)
{
	printf("\n%s: %u cases, %u faults in %lld.%lld s: %u defects, %u unsteady, %u not met again\n", group,
	       sums.cases, sums.total, took / 1000, took % 1000 / 100, sums.defects, sums.unsteady, sums.not_met);
	printf("  %-18s %7s %10s %6s %6s\n", "call", "places", "made up", "told", "fatal");
	for (int call = 0; call < FAULT_CALLS; call++) {
		unsigned *faults = sums.faults[call];
		if (sums.places[call] != 0) {
			printf("  %-18s %7u %10u %6u %6u\n", fault_call_name((enum fault_call)call), sums.places[call],
			       faults[MADE_UP], faults[TOLD], faults[FATAL]);
		}
	}
}

int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *const tests, const size_t count,
			    CMFixtureFunction group_set_up, CMFixtureFunction group_tear_down)
{
	long long started = now_ms();

	if (group_tear_down != NULL) {
		printf("%s: has a group teardown, which a sweep does not run\n", group);
		return 1;
	}
	options.occurrences = setting("TEVENT_FAULT_OCCURRENCES", 6);
	options.sample = setting("TEVENT_FAULT_SAMPLE", setting("TEVENT_FAULT_DEFAULT_SAMPLE", 1));
	options.slow_ms = setting("TEVENT_FAULT_SLOW_MS", 300);
	options.only = getenv("TEVENT_FAULT_CASE");
	options.verbose = getenv("TEVENT_FAULT_VERBOSE") != NULL;
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	output = tmpfile();
	if (report == MAP_FAILED || output == NULL) {
		perror("sweep");
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (options.only == NULL || strstr(tests[i].name, options.only) != NULL) {
			sweep_case(&tests[i], group_set_up);
		}
	}
	print_sums(group, now_ms() - started);
	if (sums.total == 0) {
		printf("%s: no fault was injected at all\n", group);
		return 1;
	}
	return sums.defects > 0 ? 1 : 0;
}
