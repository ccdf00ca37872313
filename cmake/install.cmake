# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The files of `cmake --install` and their places.  No installed file contains an absolute path: the prefix may be
# moved.

# Two components, as distributions divide a library: `runtime` has the files that existing programs need, `devel` has
# all others.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME devel)

install(TARGETS tevent tevent_static
  EXPORT tevent-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel)
install(FILES ${PROJECT_SOURCE_DIR}/include/tevent.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# ---- pkg-config --------------------------------------------------------------------------------------------

# tevent.pc finds the prefix relative to its own directory, ${pcfiledir}; directories outside the prefix are
# absolute.
function(tevent_pc_path variable directory from)
  if(IS_ABSOLUTE "${directory}")
    set(${variable} ${directory} PARENT_SCOPE)
  else()
    set(${variable} "\${prefix}/${directory}" PARENT_SCOPE)
  endif()
endfunction()

set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE "${pc_dir}")
  set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH up_to_prefix /prefix/${pc_dir} /prefix)
  string(REGEX REPLACE "/$" "" up_to_prefix ${up_to_prefix})
  set(PC_PREFIX "\${pcfiledir}/${up_to_prefix}")
endif()
tevent_pc_path(PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}" ${pc_dir})
tevent_pc_path(PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}" ${pc_dir})
configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/tevent.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/tevent.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/tevent.pc DESTINATION ${pc_dir})

# ---- CMake package -----------------------------------------------------------------------------------------

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tevent)
install(EXPORT tevent-targets NAMESPACE tevent:: DESTINATION ${package_dir})
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/tevent-config.cmake.in ${PROJECT_BINARY_DIR}/cmake/tevent-config.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/tevent-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/cmake/tevent-config.cmake ${PROJECT_BINARY_DIR}/cmake/tevent-config-version.cmake
  DESTINATION ${package_dir})

# ---- man pages ---------------------------------------------------------------------------------------------

include(${CMAKE_CURRENT_LIST_DIR}/man.cmake)
