# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The libraries are identical bit by bit, for any source and build directory.
#
# Paths enter a library in three ways: as locations (__FILE__), which programs see; as file names in debug information;
# and as the directory in which the compiler ran, also at the link, if the library is optimised across its files.  The
# compiler replaces all of them by paths relative to the source directory.
#
# Debug and coverage keep full paths in their debug information, for debuggers and for gcov.

# Of several maps that match a path, the compiler applies the last.
cmake_path(IS_PREFIX CMAKE_BINARY_DIR ${PROJECT_SOURCE_DIR} source_is_in_build)
if(source_is_in_build)
  set(path_maps ${CMAKE_BINARY_DIR}=. ${PROJECT_SOURCE_DIR}/=)
else()
  set(path_maps ${PROJECT_SOURCE_DIR}/= ${CMAKE_BINARY_DIR}=.)
endif()
if(TEVENT_COVERAGE)
  set(full_paths 1)
else()
  set(full_paths $<CONFIG:Debug>)
endif()
set(tevent_path_maps)
foreach(map IN LISTS path_maps)
  list(APPEND tevent_path_maps $<IF:${full_paths},-fmacro-prefix-map,-ffile-prefix-map>=${map})
endforeach()

# tevent_link_path_maps: the linker compiles only then; clang warns of options that it does not use.
set(tevent_link_path_maps)
if(tevent_lto_configurations)
  set(tevent_link_path_maps ${tevent_path_maps})
endif()

# No times and owners in libtevent.a, even if ar records them by default.  GNU's and LLVM's ar support D.
execute_process(COMMAND ${CMAKE_AR} --version OUTPUT_VARIABLE ar_version ERROR_QUIET)
if(ar_version MATCHES "GNU|LLVM")
  set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_C_ARCHIVE_APPEND "<CMAKE_AR> qD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_C_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
endif()
