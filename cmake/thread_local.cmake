# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The shared library's access to its thread_local variables: tevent_tls_options, for its objects and its link.
#
# By default x86-64 calls __tls_get_addr(), a function of the dynamic loader, which the library then depends on.  A TLS
# descriptor is a pointer to a function that the loader fills in: no symbol, and a few instructions less.  On aarch64
# descriptors are the default. gcc has the option below for x86-64; clang has none before version 19, and the loader
# stays a dependency.
#
# The option also applies to the link, if the library is optimised across its files.  Programs that link the static
# library need neither: their variables have fixed addresses.  Sanitizers intercept __tls_get_addr(), so it stays in
# use with them.
#
# The compiler assumes that a descriptor's function preserves all registers.  Before glibc 2.40 it may clobber vector
# registers (bug 31372).  So each thread_local variable has one accessor function that is not inlined: its callers
# expect these registers to be clobbered.

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
