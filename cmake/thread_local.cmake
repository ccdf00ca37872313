# SPDX-License-Identifier: LGPL-3.0-or-later
#
# How the shared library finds its thread_local variables: tevent_tls_options, for its objects and its link.
#
# By default x86-64 calls __tls_get_addr(), a function of the dynamic loader's, which so becomes a library that ours
# needs.  A TLS descriptor is a pointer to a function that the loader fills in: no symbol, and a few instructions less.
# On aarch64 descriptors are the default.  gcc has the option below for x86-64; clang has none before version 19, and
# the loader stays among the needed libraries.
#
# The option is for the link as well, where the library is optimised across its files.  Programs that link the static
# library need neither: their variables have fixed places.  Sanitizers intercept __tls_get_addr(), so it stays there.
#
# The compiler counts on a descriptor's function to keep all registers.  Before glibc 2.40 it may lose vector registers
# (bug 31372).  So each thread_local variable has one function that accesses it, and that is not inlined: its callers
# expect to lose those registers.

include(CheckCXXSourceCompiles)

set(tevent_tls_options)
if(NOT TEVENT_SANITIZE)
  set(CMAKE_REQUIRED_FLAGS "-fPIC -mtls-dialect=gnu2")
  check_cxx_source_compiles("
    thread_local int counter;
    int *f() { return &counter; }
    int main() { return *f(); }" TEVENT_HAS_TLS_DIALECT_GNU2)
  unset(CMAKE_REQUIRED_FLAGS)
  if(TEVENT_HAS_TLS_DIALECT_GNU2)
    set(tevent_tls_options -mtls-dialect=gnu2)
  endif()
endif()
