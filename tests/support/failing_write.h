/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Stands in front of the C library's write(2), for one test program: the
 * library at test writes by number, the original by name, and this meets both.
 * The program defines this_write_fails(), which sets errno when it says so,
 * and includes this once, behind support.h.
 */

#ifndef FAILING_WRITE_H
#define FAILING_WRITE_H

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool this_write_fails(size_t size);

static long call_kernel(long number, const long *arguments)
{
	long (*real)(long, ...);

	*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

ssize_t write(int fd, const void *buf, size_t count)
{
	const long arguments[6] = {fd, (long)buf, (long)count};

	return this_write_fails(count) ? -1 : call_kernel(SYS_write, arguments);
}

long syscall(long number, ...)
{
	long arguments[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++) {
		arguments[i] = va_arg(list, long);
	}
	va_end(list);
	if (number == SYS_write && this_write_fails((size_t)arguments[2])) {
		return -1;
	}
	return call_kernel(number, arguments);
}

#endif
