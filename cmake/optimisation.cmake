# SPDX-License-Identifier: LGPL-3.0-or-later
#
# TEVENT_LTO: the shared library is optimised as a whole, across its files.  docs/performance.md has the gain.
#
# Used in each optimised configuration (cmake/configurations.cmake) without instrumentation, with g++: clang's LTO
# would need another linker than Debian's default.  The static library and the unit tests are always built from
# ordinary objects.

set(lto_default OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT TEVENT_SANITIZE AND NOT TEVENT_COVERAGE)
  set(lto_default ON)
endif()
option(TEVENT_LTO "Optimise the shared library across its files if it is optimised" ${lto_default})

set(tevent_lto_configurations)
if(TEVENT_LTO)
  set(tevent_lto_configurations ${tevent_optimised_configurations})
endif()

# By default gcc stops inlining when the whole library has grown by 40 %: a change in one file would then decide
# whether a hot function in another one is inlined.
set(tevent_lto_options --param=inline-unit-growth=100 --param=max-inline-insns-auto=60)

function(tevent_optimise_across_files target)
  tevent_in_configurations(across_files ${tevent_lto_configurations})
  target_compile_options(${target} PRIVATE "$<${across_files}:${tevent_lto_options}>")
  target_link_options(${target} PRIVATE "$<${across_files}:${tevent_lto_options}>")
  foreach(configuration IN LISTS tevent_lto_configurations)
    if(CMAKE_CONFIGURATION_TYPES)
      string(TOUPPER _${configuration} suffix)
    else()
      set(suffix)
    endif()
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION${suffix} ON)
  endforeach()
endfunction()

# A few small nested functions lead to the handlers: the inlining of -O3 there gains more than it costs in size.
# Flags that ask for less than speed are respected.
set(tevent_speed_flag -O3)
tevent_in_configurations(fast ${tevent_fast_configurations})
set(tevent_optimisation $<${fast}:${tevent_speed_flag}>)
