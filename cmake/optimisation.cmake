# SPDX-License-Identifier: LGPL-3.0-or-later
#
# TEVENT_LTO: the shared library is optimised as a whole, across its files.  docs/performance.md says what that gains.
#
# On where code is optimised and nothing instruments it, with g++: clang's would need another linker than Debian's
# default.  The static library and the tests of single parts are built from ordinary objects in any case.

set(lto_default OFF)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
    AND NOT TEVENT_SANITIZE AND NOT TEVENT_COVERAGE)
  set(lto_default ON)
endif()
option(TEVENT_LTO "Optimise the shared library across its files" ${lto_default})

# Handlers are reached through a few small functions one below the other: what -O3 inlines there is worth more than
# what it costs in size.
set(tevent_optimisation)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$" AND NOT TEVENT_COVERAGE)
  set(tevent_optimisation -O3)
endif()

# By default gcc stops inlining when the whole library has grown by 40 %: then a change in one file decides whether a
# hot function in another one is inlined.
set(tevent_lto_options)
if(TEVENT_LTO)
  set(tevent_lto_options --param=inline-unit-growth=100 --param=max-inline-insns-auto=60)
endif()
