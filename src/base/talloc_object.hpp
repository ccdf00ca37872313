// SPDX-License-Identifier: LGPL-3.0-or-later

// A C++ object inside a talloc chunk.
//
// The handles of the C interface are talloc chunks that the caller may free,
// steal and reparent; the object lives in the chunk itself.  A type that wants
// this has
//
//   static constexpr const char *kTallocName   the chunk's name
//   int on_talloc_free()                       talloc's destructor: 0, or -1
//                                              to refuse the free
//
// C++ destructors never run.  on_talloc_free() does their work, because only talloc
// knows when an object is freed.

#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include <talloc.h>

namespace tev {

template <class T>
void hook_talloc_free(T *object)
{
    _talloc_set_destructor(object, [](void *chunk) { return static_cast<T *>(chunk)->on_talloc_free(); });
}

// Null when out of memory.  Members without an initialiser have no value.
template <class T, class... Args>
T *talloc_make(TALLOC_CTX *parent, Args &&...args)
{
    static_assert(std::is_trivially_destructible_v<T>);
    void *chunk = talloc_named_const(parent, sizeof(T), T::kTallocName);
    if (chunk == nullptr) {
        return nullptr;
    }
    // Set the destructor first: then the compiler can drop stores of the constructor that the caller
    // overwrites next.
    hook_talloc_free(static_cast<T *>(chunk));
    if constexpr (sizeof...(Args) == 0) {
        return new (chunk) T; // T() would fill the memory with zeros before
    } else {
        return new (chunk) T(std::forward<Args>(args)...);
    }
}

} // namespace tev
