// SPDX-License-Identifier: LGPL-3.0-or-later

// Backends: named tables of functions, the built-in ones and the program's.
//
// The four built-in tables differ in one function, context_init, which says
// how the context waits.  Everything else is the same code, so a program may
// copy a table, replace members by its own and call the originals from there.
//
// The registry keeps what it is given by pointer.  It may be used from any
// thread.

#pragma once

#include <tevent.h>

#include "src/loop/handle.hpp"

namespace tev {

// False when out of memory.  A name that is registered stays as it is.
bool register_backend(const char *name, const tevent_ops *ops);
// Null name: the default backend.  Null when there is none of that name.
const tevent_ops *find_backend(const char *name);
// Copies the name; null puts `standard` back.
void set_default_backend(const char *name);
// Null-terminated, newest registration first; null when out of memory.
const char **list_backends(TALLOC_CTX *parent);

// True when a program's functions stand between the loop and its descriptors: it
// may be they that wait, and not the context's multiplexer.
bool may_wait_itself(const tevent_ops &ops);

// The turn of the built-in tables.
int built_in_loop_once(tevent_context *ev, const char *location);

// The default table.  Its functions are those of all built-in tables, but for context_init.
extern const tevent_ops kStandardTable;

} // namespace tev
