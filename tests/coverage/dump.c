/* SPDX-License-Identifier: LGPL-3.0-or-later */

/* The library's side of dump_at_exit.c: part of libtevent.so in a coverage
 * build only. */

void __gcov_dump(void);

__attribute__((visibility("default"))) void tevent_coverage_dump(void);

void tevent_coverage_dump(void)
{
	__gcov_dump();
}
