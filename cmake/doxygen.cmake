# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Whether doxygen checks the comments of tevent.h, and how.

# docs/Doxyfile.in as OUTPUT/docs/Doxyfile; it uses three variables.
function(tevent_configure_doxyfile output)
  set(TEVENT_VERSION ${PROJECT_VERSION})
  set(TEVENT_SOURCE_DIR ${PROJECT_SOURCE_DIR})
  set(TEVENT_BINARY_DIR ${output})
  file(MAKE_DIRECTORY ${output}/docs)
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${output}/docs/Doxyfile @ONLY)
endfunction()

if(TEVENT_BUILD_DOCS)
  find_package(Doxygen QUIET)
endif()
