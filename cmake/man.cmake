# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The man pages of docs/man, and a link for every further name of a page.  A page's own list of names, the .Nm lines of
# its section NAME, is the only place that lists them.
#
#   cmake --build DIR --target tevent_man_html    the pages as HTML in DIR/man/html, where mandoc is installed

set(man_sources ${PROJECT_SOURCE_DIR}/docs/man)
set(man_links ${PROJECT_BINARY_DIR}/man/links)
file(GLOB man_pages CONFIGURE_DEPENDS ${man_sources}/*.3 ${man_sources}/*.7)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${man_pages})

include(${CMAKE_CURRENT_LIST_DIR}/man_names.cmake)

file(REMOVE_RECURSE ${man_links})
file(MAKE_DIRECTORY ${man_links})
foreach(page IN LISTS man_pages)
  cmake_path(GET page FILENAME page_name)
  cmake_path(GET page EXTENSION LAST_ONLY extension)
  string(SUBSTRING ${extension} 1 -1 section)
  tevent_man_names(names ${page})
  foreach(name IN LISTS names)
    set(link ${name}.${section})
    if(NOT link STREQUAL page_name)
      file(WRITE ${man_links}/man${section}/${link} ".so man${section}/${page_name}\n")
    endif()
  endforeach()
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(DIRECTORY ${man_links}/ DESTINATION ${CMAKE_INSTALL_MANDIR})

find_program(TEVENT_MANDOC mandoc)
if(TEVENT_MANDOC)
  add_custom_target(tevent_man_html
    COMMAND ${CMAKE_COMMAND} -D MANDOC=${TEVENT_MANDOC} -D SOURCES=${man_sources}
      -D OUTPUT=${PROJECT_BINARY_DIR}/man/html -P ${CMAKE_CURRENT_LIST_DIR}/man_html.cmake
    COMMENT "Man pages as HTML: man/html/index.html"
    VERBATIM)
endif()
