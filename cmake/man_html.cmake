# SPDX-License-Identifier: LGPL-3.0-or-later
#
# cmake -D MANDOC=... -D SOURCES=... -D OUTPUT=... -P man_html.cmake
#
# One HTML file per man page in OUTPUT, a link per further name, so that every reference has a target, and tevent(7) as
# index.html.

include(${CMAKE_CURRENT_LIST_DIR}/man_names.cmake)

file(REMOVE_RECURSE ${OUTPUT})
file(MAKE_DIRECTORY ${OUTPUT})
file(COPY ${SOURCES}/man.css DESTINATION ${OUTPUT})
file(GLOB pages ${SOURCES}/*.3 ${SOURCES}/*.7)
foreach(page IN LISTS pages)
  cmake_path(GET page FILENAME page_name)
  execute_process(
    COMMAND ${MANDOC} -T html -O "style=man.css,man=%N.%S.html" ${page}
    OUTPUT_FILE ${OUTPUT}/${page_name}.html
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "[37]$" section ${page_name})
  tevent_man_names(names ${page})
  foreach(name IN LISTS names)
    set(link ${name}.${section})
    if(NOT link STREQUAL page_name)
      file(CREATE_LINK ${page_name}.html ${OUTPUT}/${link}.html SYMBOLIC)
    endif()
  endforeach()
endforeach()
file(CREATE_LINK tevent.7.html ${OUTPUT}/index.html SYMBOLIC)
