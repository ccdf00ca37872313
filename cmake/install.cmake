# SPDX-License-Identifier: LGPL-3.0-or-later
#
# What `cmake --install` puts where.  Nothing that is installed holds an absolute path: the prefix may be moved.

# Two components, as distributions divide a library: `runtime` is what programs need that are there already, `devel` is
# all the rest.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME devel)

install(TARGETS tevent tevent_static
  EXPORT tevent-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT devel
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT devel)
install(FILES ${PROJECT_SOURCE_DIR}/include/tevent.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# ---- pkg-config --------------------------------------------------------------------------------------------

# tevent.pc finds the prefix from its own place, ${pcfiledir}; directories outside of the prefix are named as
# they are.
function(pc_path variable directory from)
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
pc_path(PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}" ${pc_dir})
pc_path(PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}" ${pc_dir})
configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/tevent.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/tevent.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/tevent.pc DESTINATION ${pc_dir})

# In the build tree: PKG_CONFIG_PATH=<build directory> makes pkg-config prefer tevent-uninstalled.pc.  With a
# multi-config generator each configuration has its own file, in <build directory>/<configuration>.  The one in the
# build directory itself is for the default configuration; without it pkg-config would find the system's library.

# A path with the quotes that pkg-config expects in a value.  ${pcfiledir} has them already.
function(escape variable path)
  string(REGEX REPLACE "([ \t\"'\\\\#])" "\\\\\\1" path "${path}")
  set(${variable} ${path} PARENT_SCOPE)
endfunction()

function(write_uninstalled_pc directory libdir)
  escape(PC_PREFIX ${PROJECT_BINARY_DIR})
  escape(PC_LIBDIR ${libdir})
  escape(PC_INCLUDEDIR ${PROJECT_SOURCE_DIR}/include)
  configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/tevent.pc.in ${directory}/tevent-uninstalled.pc @ONLY)
endfunction()

if(CMAKE_CONFIGURATION_TYPES)
  foreach(configuration IN LISTS CMAKE_CONFIGURATION_TYPES)
    write_uninstalled_pc(${PROJECT_BINARY_DIR}/${configuration} ${TEVENT_LIBDIR}/${configuration})
  endforeach()
  list(GET CMAKE_CONFIGURATION_TYPES 0 default_configuration)
  if(CMAKE_DEFAULT_BUILD_TYPE)
    set(default_configuration ${CMAKE_DEFAULT_BUILD_TYPE})
  endif()
  write_uninstalled_pc(${PROJECT_BINARY_DIR} ${TEVENT_LIBDIR}/${default_configuration})
else()
  write_uninstalled_pc(${PROJECT_BINARY_DIR} ${TEVENT_LIBDIR})
endif()

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

# ---- man pages, documentation ------------------------------------------------------------------------------

include(${CMAKE_CURRENT_LIST_DIR}/man.cmake)

# docs/Doxyfile.in as OUTPUT/docs/Doxyfile; it asks for three names.
function(configure_doxyfile output)
  set(TEVENT_VERSION ${PROJECT_VERSION})
  set(TEVENT_SOURCE_DIR ${PROJECT_SOURCE_DIR})
  set(TEVENT_BINARY_DIR ${output})
  file(MAKE_DIRECTORY ${output}/docs)
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${output}/docs/Doxyfile @ONLY)
endfunction()

if(TEVENT_BUILD_DOCS)
  find_package(Doxygen QUIET)
endif()
