# SPDX-License-Identifier: LGPL-3.0-or-later

# tevent_man_names(VARIABLE PAGE): the names that the page documents, the arguments of its .Nm lines.
function(tevent_man_names variable page)
  file(STRINGS ${page} lines REGEX "^\\.Nm [A-Za-z0-9_]")
  set(names)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^\\.Nm ([A-Za-z0-9_]+).*" "\\1" name "${line}")
    list(APPEND names ${name})
  endforeach()
  set(${variable} ${names} PARENT_SCOPE)
endfunction()
