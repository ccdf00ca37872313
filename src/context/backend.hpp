// SPDX-License-Identifier: LGPL-3.0-or-later

// Backends: named tables of functions, the built-in ones and the program's.
//
// The four built-in tables differ in one function, context_init, which says
// how the loop waits.  All other functions are the same, so a program may copy a
// table, replace members and call the originals from there.
//
// The registry stores pointers to names and tables, not copies.  Any thread may use it.

#pragma once

#include <tevent.h>

#include "src/loop/handle.hpp"

namespace tev {

// False when out of memory.  A name that is registered already keeps its table.
bool register_backend(const char *name, const tevent_ops *ops);
// Null name: the default backend.  Null: unknown name.
const tevent_ops *find_backend(const char *name);
// Copies the name; null restores `standard`.
void set_default_backend(const char *name);
// Null-terminated, newest registration first; null when out of memory.
const char **list_backends(TALLOC_CTX *parent);

// True when the program's functions may do the waiting, instead of the loop's
// multiplexer.
bool may_wait_itself(const tevent_ops &ops);

// The turn of the built-in tables.
int built_in_loop_once(tevent_context *ev, const char *location);

// The default table.  Its functions are those of all built-in tables, but for context_init.
extern const tevent_ops kStandardTable;

} // namespace tev
