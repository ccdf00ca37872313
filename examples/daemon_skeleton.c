/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * What a daemon consists of, besides its work: a configuration that is read again on SIGHUP, and a clean end.
 *
 *     daemon_skeleton CONFIG
 *
 * CONFIG holds lines of the form `pause_ms = 100` and `steps = 3`.  The work is a job of so many steps with a pause
 * after each, over and over; put yours into its place.
 *
 * SIGHUP   reads CONFIG again.  Only a whole and valid one replaces the present one; a job that runs keeps its own.
 * SIGUSR1  prints what it is doing.
 * SIGTERM, SIGINT  end it: the running job may finish, no other one begins.  A second one ends it at once.
 *
 * It stays in the foreground and writes to stdout, as service managers like it.  Exit status: 0 a clean end, 1 not.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>
#include <tevent.h>

struct config {
	unsigned pause_ms, steps;
};

struct daemon {
	struct tevent_context *ev;
	const char *path;
	struct config *config;
	struct tevent_req *job; /* NULL: none is running */
	unsigned jobs_done;
	bool stopping, finished;
	int status;
};

/* ---- the work: a job -------------------------------------------------------------------------------------- */

struct job_state {
	struct tevent_context *ev;
	struct config config; /* a copy: a reload in between does not concern this job */
	unsigned step;
};

static void job_next(struct tevent_req *req);
static void job_paused(struct tevent_req *subreq);

static struct tevent_req *job_send(TALLOC_CTX *mem_ctx, struct tevent_context *ev, const struct config *config)
{
	struct job_state *state;
	struct tevent_req *req = tevent_req_create(mem_ctx, &state, struct job_state);

	if (req == NULL) {
		return NULL;
	}
	state->ev = ev;
	state->config = *config;
	job_next(req);
	return tevent_req_is_in_progress(req) ? req : tevent_req_post(req, ev);
}

static void job_next(struct tevent_req *req)
{
	struct job_state *state = tevent_req_data(req, struct job_state);
	unsigned ms = state->config.pause_ms;
	struct tevent_req *subreq =
		tevent_wakeup_send(state, state->ev, tevent_timeval_current_ofs(ms / 1000, ms % 1000 * 1000));

	if (!tevent_req_nomem(subreq, req)) {
		tevent_req_set_callback(subreq, job_paused, req);
	}
}

static void job_paused(struct tevent_req *subreq)
{
	struct tevent_req *req = tevent_req_callback_data(subreq, struct tevent_req);
	struct job_state *state = tevent_req_data(req, struct job_state);
	bool ok = tevent_wakeup_recv(subreq);

	TALLOC_FREE(subreq);
	if (!ok) {
		tevent_req_oom(req);
		return;
	}
	state->step++;
	if (state->step == state->config.steps) {
		tevent_req_done(req);
		return;
	}
	job_next(req);
}

static bool job_recv(struct tevent_req *req, unsigned *steps)
{
	struct job_state *state = tevent_req_data(req, struct job_state);
	enum tevent_req_state req_state;
	uint64_t error;
	bool ok = !tevent_req_is_error(req, &req_state, &error);

	*steps = state->step;
	tevent_req_received(req);
	return ok;
}

/* ---- configuration ---------------------------------------------------------------------------------------- */

/* NULL where there is anything wrong, and says what. */
static struct config *config_read(TALLOC_CTX *mem_ctx, const char *path)
{
	struct config *config = talloc_zero(mem_ctx, struct config);
	FILE *file = fopen(path, "re");
	char line[256], word[16];
	unsigned number, value;

	if (config == NULL || file == NULL) {
		printf("config: %s\n", strerror(file == NULL ? errno : ENOMEM));
		goto fail;
	}
	for (number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		if (sscanf(line, "pause_ms = %u %15s", &value, word) == 1) {
			config->pause_ms = value;
		} else if (sscanf(line, "steps = %u %15s", &value, word) == 1) {
			config->steps = value;
		} else if (line[0] != '#' && sscanf(line, " %15s", word) == 1) {
			printf("config: line %u is not understood\n", number);
			goto fail;
		}
	}
	if (ferror(file) || config->pause_ms == 0 || config->steps == 0) {
		printf("config: it takes a pause_ms and steps, neither of them 0\n");
		goto fail;
	}
	fclose(file);
	return config;
fail:
	if (file != NULL) {
		fclose(file);
	}
	talloc_free(config);
	return NULL;
}

/* ---- the daemon ------------------------------------------------------------------------------------------- */

static void daemon_finish(struct daemon *daemon, int status)
{
	daemon->finished = true;
	daemon->status = status;
}

static void daemon_job_done(struct tevent_req *req);

static void daemon_next_job(struct daemon *daemon)
{
	daemon->job = job_send(daemon, daemon->ev, daemon->config);
	if (daemon->job == NULL) {
		daemon_finish(daemon, 1);
		return;
	}
	tevent_req_set_callback(daemon->job, daemon_job_done, daemon);
}

static void daemon_job_done(struct tevent_req *req)
{
	struct daemon *daemon = tevent_req_callback_data(req, struct daemon);
	unsigned steps;
	bool ok = job_recv(req, &steps);

	TALLOC_FREE(daemon->job);
	daemon->jobs_done += ok ? 1 : 0;
	printf(ok ? "job: %u steps\n" : "job: failed after %u steps\n", steps);
	if (daemon->stopping || !ok) {
		daemon_finish(daemon, ok ? 0 : 1);
		return;
	}
	daemon_next_job(daemon);
}

static void on_hup(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		   void *private_data)
{
	struct daemon *daemon = talloc_get_type_abort(private_data, struct daemon);
	struct config *config = config_read(daemon, daemon->path);

	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	if (config == NULL) {
		printf("reload: the old configuration stays\n");
		return;
	}
	talloc_free(daemon->config);
	daemon->config = config;
	printf("reload: pause_ms %u, steps %u from the next job on\n", config->pause_ms, config->steps);
}

static void on_usr1(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	struct daemon *daemon = talloc_get_type_abort(private_data, struct daemon);

	(void)ev, (void)se, (void)signum, (void)count, (void)siginfo;
	printf("status: %u jobs done, %s\n", daemon->jobs_done, daemon->stopping ? "stopping" : "running");
}

static void on_term(struct tevent_context *ev, struct tevent_signal *se, int signum, int count, void *siginfo,
		    void *private_data)
{
	struct daemon *daemon = talloc_get_type_abort(private_data, struct daemon);

	(void)ev, (void)se, (void)signum, (void)siginfo;
	if (daemon->stopping || count > 1) {
		printf("stop: at once\n");
		TALLOC_FREE(daemon->job);
		daemon_finish(daemon, 1);
		return;
	}
	printf("stop: when the job is done\n");
	daemon->stopping = true;
}

int main(int argc, char **argv)
{
	struct tevent_context *ev = tevent_context_init(NULL);
	struct daemon *daemon = talloc_zero(ev, struct daemon);
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2 || ev == NULL || daemon == NULL) {
		fprintf(stderr, argc != 2 ? "usage: daemon_skeleton CONFIG\n" : "no memory\n");
		talloc_free(ev);
		return 1;
	}
	daemon->ev = ev;
	daemon->path = argv[1];
	daemon->config = config_read(daemon, daemon->path);
	if (daemon->config == NULL || tevent_add_signal(ev, daemon, SIGHUP, 0, on_hup, daemon) == NULL ||
	    tevent_add_signal(ev, daemon, SIGUSR1, 0, on_usr1, daemon) == NULL ||
	    tevent_add_signal(ev, daemon, SIGTERM, 0, on_term, daemon) == NULL ||
	    tevent_add_signal(ev, daemon, SIGINT, 0, on_term, daemon) == NULL) {
		fprintf(stderr, "can't start\n");
		talloc_free(ev);
		return 1;
	}
	printf("ready\n"); /* after the signals: from here on none of them kills */
	daemon_next_job(daemon);

	while (!daemon->finished) {
		if (tevent_loop_once(ev) != 0) {
			perror("tevent_loop_once");
			daemon_finish(daemon, 1);
		}
	}
	status = daemon->status;
	printf("end: %u jobs done\n", daemon->jobs_done);
	talloc_free(ev);
	return status;
}
