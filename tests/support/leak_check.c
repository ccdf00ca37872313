/* SPDX-License-Identifier: LGPL-3.0-or-later */

/*
 * Keeps leak checkers from reporting talloc's own null context.
 *
 * The context that talloc_enable_null_tracking() makes has no bytes behind its
 * header, and talloc keeps a pointer to where they would be: one past the end
 * of the allocation, which no leak checker counts as a pointer to it.  It is
 * freed before AddressSanitizer checks.  Valgrind also checks children, which
 * end with _exit(): valgrind.supp covers those.
 */

#include <stdlib.h>

#include <talloc.h>

__attribute__((constructor)) static void free_null_context_at_exit(void)
{
	(void)atexit(talloc_disable_null_tracking);
}
