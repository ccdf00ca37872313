# SPDX-License-Identifier: LGPL-3.0-or-later
#
# In the build tree: PKG_CONFIG_PATH=<build directory> makes pkg-config prefer tevent-uninstalled.pc.  With a
# multi-config generator each configuration has its own file, in <build directory>/<configuration>.  The one in the
# build directory itself is for the default configuration; without it pkg-config would find the system's library.

# A path with the quotes that pkg-config expects in a value.  ${pcfiledir} has them already.
function(tevent_escape variable path)
  string(REGEX REPLACE "([ \t\"'\\\\#])" "\\\\\\1" path "${path}")
  set(${variable} ${path} PARENT_SCOPE)
endfunction()

function(tevent_write_uninstalled_pc directory libdir)
  tevent_escape(PC_PREFIX ${PROJECT_BINARY_DIR})
  tevent_escape(PC_LIBDIR ${libdir})
  tevent_escape(PC_INCLUDEDIR ${PROJECT_SOURCE_DIR}/include)
  configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/tevent.pc.in ${directory}/tevent-uninstalled.pc @ONLY)
endfunction()

if(CMAKE_CONFIGURATION_TYPES)
  foreach(configuration IN LISTS CMAKE_CONFIGURATION_TYPES)
    tevent_write_uninstalled_pc(${PROJECT_BINARY_DIR}/${configuration} ${TEVENT_LIBDIR}/${configuration})
  endforeach()
  list(GET CMAKE_CONFIGURATION_TYPES 0 default_configuration)
  if(CMAKE_DEFAULT_BUILD_TYPE)
    set(default_configuration ${CMAKE_DEFAULT_BUILD_TYPE})
  endif()
  tevent_write_uninstalled_pc(${PROJECT_BINARY_DIR} ${TEVENT_LIBDIR}/${default_configuration})
else()
  tevent_write_uninstalled_pc(${PROJECT_BINARY_DIR} ${TEVENT_LIBDIR})
endif()
