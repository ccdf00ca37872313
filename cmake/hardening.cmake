# SPDX-License-Identifier: LGPL-3.0-or-later
#
# TEVENT_HARDENING: the library with distributions' flags (Debian: hardening=+all, and the flags that it leaves
# to the compiler's defaults elsewhere).  docs/hardening.md has the purpose and the cost of each flag.
#
# Used in each optimised configuration (cmake/configurations.cmake) without a sanitizer: _FORTIFY_SOURCE needs
# optimisation and hides calls from sanitizers.

include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

set(hardening_default ON)
if(TEVENT_SANITIZE)
  set(hardening_default OFF)
endif()
option(TEVENT_HARDENING "Build the library with the flags of docs/hardening.md if it is optimised" ${hardening_default})

set(tevent_hardened_configurations)
set(tevent_hardening_compile)
set(tevent_hardening_link)
if(TEVENT_HARDENING AND tevent_optimised_configurations)
  set(tevent_hardened_configurations ${tevent_optimised_configurations})
  # Level 3 if compiler and libc have it; they warn if they treat it as 2.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_cxx_source_compiles("#include <cstdio>\nint main() { return 0; }" TEVENT_HAS_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  # A distribution's own flags may have set a level already.
  list(APPEND tevent_hardening_compile
    -U_FORTIFY_SOURCE
    $<IF:$<BOOL:${TEVENT_HAS_FORTIFY_3}>,-D_FORTIFY_SOURCE=3,-D_FORTIFY_SOURCE=2>
    -Wformat -Werror=format-security)
  # Not available on every processor.
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "TEVENT_HAS${flag}" has)
    check_cxx_compiler_flag(${flag} ${has})
    if(${has})
      list(APPEND tevent_hardening_compile ${flag})
    endif()
  endforeach()
  set(tevent_hardening_link -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  tevent_in_configurations(hardened ${tevent_hardened_configurations})
  set(tevent_hardening_compile "$<${hardened}:${tevent_hardening_compile}>")
  set(tevent_hardening_link "$<${hardened}:${tevent_hardening_link}>")
endif()
