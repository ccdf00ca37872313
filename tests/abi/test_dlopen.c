/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * The library as loaded by a plug-in: the C program is linked to neither
 * tevent nor talloc nor a C++ runtime, and the library is visible only to its
 * caller. TEVENT_LIBRARY is the file to load.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

typedef void (*handler_fn)(void *ev, void *te, struct timeval now, void *private_data);

static void set_true(void *ev, void *te, struct timeval now, void *private_data)
{
	(void)ev;
	(void)te;
	(void)now;
	*(bool *)private_data = true;
}

static void *function(void *library, const char *name)
{
	void *address = dlsym(library, name);

	if (address == NULL) {
		fail_msg("%s: %s", name, dlerror());
	}
	return address;
}

/* A4: with RTLD_LOCAL, and none of its symbols leak into the program. */
static void test_dlopen__local__a_timer_runs(void **state)
{
	struct timeval zero = {0, 0};
	void *library, *ev;
	bool ran = false;

	(void)state;
	library = dlopen(getenv("TEVENT_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		fail_msg("%s", dlerror());
	}
	void *(*init)(void *) = (void *(*)(void *))function(library, "tevent_context_init");
	void *(*add_timer)(void *, void *, struct timeval, handler_fn, void *, const char *, const char *) =
		(void *(*)(void *, void *, struct timeval, handler_fn, void *, const char *, const char *))function(
			library, "_tevent_add_timer");
	int (*loop_once)(void *, const char *) = (int (*)(void *, const char *))function(library, "_tevent_loop_once");

	ev = init(NULL);
	assert_non_null(ev);
	assert_non_null(add_timer(ev, ev, zero, set_true, &ran, "set_true", __FILE__));
	assert_int_equal(loop_once(ev, __FILE__), 0);
	assert_true(ran);
	assert_null(dlsym(RTLD_DEFAULT, "tevent_context_init"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dlopen__local__a_timer_runs),
	};

	return cmocka_run_group_tests_name("dlopen", tests, NULL, NULL);
}
