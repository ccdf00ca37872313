/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Every allocation that the library makes, directly or through talloc, and its
 * abort(): the linker redirects the library's references to these names here
 * (--wrap), and __real_ names to the originals.  The test's own allocations are
 * not affected.  Works with a sanitizer's allocator, too.
 *
 * pthread_atfork() is called once, when the library is loaded, so the
 * environment decides whether it fails.
 */

#include "faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include <talloc.h>

static bool fails(const void *site)
{
	int error = fault_here(FAULT_ALLOCATION, site);

	if (error != 0) {
		errno = error;
	}
	return error != 0;
}

#define FAILS() fails(__builtin_return_address(0))

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return FAILS() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return FAILS() ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	return FAILS() ? NULL : __real_realloc(memory, size);
}

char *__real_strdup(const char *string);
char *__wrap_strdup(const char *string);
char *__wrap_strdup(const char *string)
{
	return FAILS() ? NULL : __real_strdup(string);
}

void *__real_talloc_named_const(const void *parent, size_t size, const char *name);
void *__wrap_talloc_named_const(const void *parent, size_t size, const char *name);
void *__wrap_talloc_named_const(const void *parent, size_t size, const char *name)
{
	return FAILS() ? NULL : __real_talloc_named_const(parent, size, name);
}

void *__real__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name);
void *__wrap__talloc_zero(const void *parent, size_t size, const char *name)
{
	return FAILS() ? NULL : __real__talloc_zero(parent, size, name);
}

void *__real__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name);
void *__wrap__talloc_zero_array(const void *parent, size_t size, unsigned count, const char *name)
{
	return FAILS() ? NULL : __real__talloc_zero_array(parent, size, count, name);
}

void *__real__talloc_pooled_object(const void *parent, size_t size, const char *name, unsigned subobjects,
				   size_t subobjects_size);
void *__wrap__talloc_pooled_object(const void *parent, size_t size, const char *name, unsigned subobjects,
				   size_t subobjects_size);
void *__wrap__talloc_pooled_object(const void *parent, size_t size, const char *name, unsigned subobjects,
				   size_t subobjects_size)
{
	return FAILS() ? NULL : __real__talloc_pooled_object(parent, size, name, subobjects, subobjects_size);
}

char *__real_talloc_strdup(const void *parent, const char *string);
char *__wrap_talloc_strdup(const void *parent, const char *string);
char *__wrap_talloc_strdup(const void *parent, const char *string)
{
	return FAILS() ? NULL : __real_talloc_strdup(parent, string);
}

char *__wrap_talloc_asprintf(const void *parent, const char *format, ...) PRINTF_ATTRIBUTE(2, 3);
char *__wrap_talloc_asprintf(const void *parent, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (FAILS()) {
		return NULL;
	}
	va_start(arguments, format);
	text = talloc_vasprintf(parent, format, arguments);
	va_end(arguments);
	return text;
}

void __real_abort(void) __attribute__((noreturn));
void __wrap_abort(void) __attribute__((noreturn));
void __wrap_abort(void)
{
	fault_abort(false);
	__real_abort();
}

void __real___assert_fail(const char *what, const char *file, unsigned line, const char *function)
	__attribute__((noreturn));
void __wrap___assert_fail(const char *what, const char *file, unsigned line, const char *function)
	__attribute__((noreturn));
void __wrap___assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
	fault_abort(true);
	__real___assert_fail(what, file, line, function);
}

int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	return getenv("TEVENT_FAULT_ATFORK") != NULL ? ENOMEM : __real_pthread_atfork(prepare, parent, child);
}
