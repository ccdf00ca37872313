// SPDX-License-Identifier: LGPL-3.0-or-later

// The one piece of the C++ runtime that the compiler refers to.
//
// An abstract class's table of virtual functions names this function for its
// pure ones.  The library does not link libstdc++ (a C program may load it next
// to any copy of that), so it brings its own; weak, because a C++ program that
// links libtevent.a has another.

#include <cstdlib>

// NOLINTNEXTLINE(readability-identifier-naming): the compiler's name for it
extern "C" [[gnu::weak, gnu::visibility("hidden"), noreturn]] void __cxa_pure_virtual()
{
    abort();
}
