# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The configurations of this build tree, and the library's options in each.
#
# A build type's name decides only one thing: Debug is for work on the library itself.  Every other type is a release,
# including None, a distribution's own types and the empty name of a parent project without a build type; its flags
# determine the optimisation.  A multi-config generator has several configurations in one tree, so each difference
# between them is a list of configurations here, and a generator expression where it is used.
#
#   tevent_optimised_configurations  all but Debug and those with -O0 in their flags
#   tevent_fast_configurations       of these, those whose flags do not ask for something else than speed (-Os, -Oz, -Og)
#   tevent_has_assertions            condition for generator expressions: assert() is compiled in
#   tevent_assertions                the compiler option for that; it follows the build type's own -DNDEBUG, so it wins

set(tevent_configurations ${CMAKE_CONFIGURATION_TYPES})
if(NOT tevent_configurations)
  set(tevent_configurations ${CMAKE_BUILD_TYPE})
endif()
if(NOT tevent_configurations)
  # A list can't hold the empty name.
  set(tevent_configurations None)
endif()

set(tevent_optimised_configurations)
set(tevent_fast_configurations)
foreach(configuration IN LISTS tevent_configurations)
  string(TOUPPER "${configuration}" upper)
  # The last one counts.
  string(REGEX MATCHALL "[ \t]-O[a-z0-9]*" levels " ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${upper}}")
  list(POP_BACK levels level)
  if(upper STREQUAL "DEBUG" OR level MATCHES "-O0$")
    continue()
  endif()
  list(APPEND tevent_optimised_configurations ${configuration})
  if(NOT level MATCHES "-O[szg]$")
    list(APPEND tevent_fast_configurations ${configuration})
  endif()
endforeach()

# tevent_in_configurations(VARIABLE [CONFIGURATION...]): a condition for generator expressions, true in each of these.
function(tevent_in_configurations variable)
  set(condition 0)
  if(ARGN AND NOT CMAKE_CONFIGURATION_TYPES)
    set(condition 1)
  elseif(ARGN)
    list(JOIN ARGN "," names)
    set(condition "$<CONFIG:${names}>")
  endif()
  set(${variable} ${condition} PARENT_SCOPE)
endfunction()

# ---- assertions ----------------------------------------------------------------------------------------------

set_property(CACHE TEVENT_ASSERTIONS PROPERTY STRINGS AUTO ON OFF)
string(TOUPPER "${TEVENT_ASSERTIONS}" TEVENT_ASSERTIONS)
if(TEVENT_ASSERTIONS STREQUAL "AUTO")
  set(tevent_has_assertions $<CONFIG:Debug>)
elseif(TEVENT_ASSERTIONS)
  set(tevent_has_assertions 1)
else()
  set(tevent_has_assertions 0)
endif()
set(tevent_assertions $<IF:${tevent_has_assertions},-UNDEBUG,-DNDEBUG>)

# ---- report ---------------------------------------------------------------------------------------------------

# One line for each configuration, so that a disabled feature is visible.
function(tevent_report_configurations)
  foreach(configuration IN LISTS tevent_configurations)
    set(parts "not optimised")
    if(configuration IN_LIST tevent_fast_configurations)
      set(parts "${tevent_speed_flag}")
    elseif(configuration IN_LIST tevent_optimised_configurations)
      set(parts "its own optimisation flags")
    endif()
    if(configuration IN_LIST tevent_lto_configurations)
      string(APPEND parts ", across files")
    endif()
    if(configuration IN_LIST tevent_hardened_configurations)
      string(APPEND parts ", hardened")
    endif()
    if(TEVENT_ASSERTIONS STREQUAL "AUTO")
      string(TOUPPER "${configuration}" upper)
      string(COMPARE EQUAL "${upper}" "DEBUG" asserts)
    else()
      set(asserts ${TEVENT_ASSERTIONS})
    endif()
    if(asserts)
      string(APPEND parts ", with assertions")
    endif()
    message(STATUS "libtevent in ${configuration}: ${parts}")
  endforeach()
endfunction()
