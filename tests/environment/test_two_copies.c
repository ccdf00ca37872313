/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Two copies of the library in one process, as with a plugin that has its own:
 * a request of one below a request of the other.  Chunks of both have the same
 * talloc name; one copy must not treat the other's as its own.
 *
 * TEVENT_LIBRARY is the file; the second copy is made in a temporary file.
 */

#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <talloc.h>
#include <tevent.h>

struct state {
	int number;
};

struct copy {
	void *handle;
	__typeof__(&__tevent_req_create) create;
	__typeof__(&tevent_req_set_profile) set_profile;
	__typeof__(&tevent_req_get_profile) get_profile;
	__typeof__(&tevent_req_profile_get_subprofiles) get_subprofiles;
};

static struct copy copies[2];

static void *find(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	assert_non_null(symbol);
	return symbol;
}

static void load(struct copy *copy, const char *file)
{
	copy->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (copy->handle == NULL) {
		fail_msg("%s", dlerror());
	}
	*(void **)&copy->create = find(copy->handle, "__tevent_req_create");
	*(void **)&copy->set_profile = find(copy->handle, "tevent_req_set_profile");
	*(void **)&copy->get_profile = find(copy->handle, "tevent_req_get_profile");
	*(void **)&copy->get_subprofiles = find(copy->handle, "tevent_req_profile_get_subprofiles");
}

static int load_copies(void **state)
{
	const char *file = getenv("TEVENT_LIBRARY");
	char second[] = "/tmp/tevent-copy.XXXXXX";
	int in = open(file != NULL ? file : "", O_RDONLY | O_CLOEXEC);
	int out = mkstemp(second);
	struct stat status = {.st_size = 0};

	(void)state;
	assert_true(in >= 0 && out >= 0 && fstat(in, &status) == 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)status.st_size), status.st_size);
	close(in);
	close(out);
	load(&copies[0], file);
	load(&copies[1], second);
	unlink(second);
	assert_ptr_not_equal(copies[0].create, copies[1].create);
	return 0;
}

static struct tevent_req *request_below(const struct copy *copy, TALLOC_CTX *parent, struct state **state)
{
	struct tevent_req *req = copy->create(parent, state, sizeof(**state), "struct state", __func__, "here");

	assert_non_null(req);
	return req;
}

static void check_pair(const struct copy *upper, const struct copy *lower, bool child_first)
{
	struct state *state, *sub_state;
	struct tevent_req *req = request_below(upper, NULL, &state);
	struct tevent_req *sub;

	assert_true(upper->set_profile(req));
	sub = request_below(lower, state, &sub_state);
	assert_null(lower->get_profile(sub));
	assert_null(upper->get_subprofiles(upper->get_profile(req)));
	if (child_first) {
		assert_int_equal(talloc_free(sub), 0);
	}
	assert_int_equal(talloc_free(req), 0);
}

/* R16: a request of another copy is no parent. */
static void test_request__below_one_of_another_copy__has_no_profile(void **state)
{
	(void)state;
	for (int upper = 0; upper < 2; upper++) {
		check_pair(&copies[upper], &copies[1 - upper], true);
		check_pair(&copies[upper], &copies[1 - upper], false);
	}
}

/* R16: a request of the same copy is a parent. */
static void test_request__below_one_of_the_same_copy__has_a_profile(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct state *upper_state, *sub_state;
		struct tevent_req *req = request_below(&copies[i], NULL, &upper_state);

		assert_true(copies[i].set_profile(req));
		request_below(&copies[i], upper_state, &sub_state);
		assert_non_null(copies[i].get_subprofiles(copies[i].get_profile(req)));
		talloc_free(req);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request__below_one_of_another_copy__has_no_profile),
		cmocka_unit_test(test_request__below_one_of_the_same_copy__has_a_profile),
	};

	return cmocka_run_group_tests_name("two_copies", tests, load_copies, NULL);
}
