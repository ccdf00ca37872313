# SPDX-License-Identifier: LGPL-3.0-or-later
#
# The packages that `cpack` creates.
#
# Usually: an archive and a package `tevent` below /opt/tevent, beside the system's libtevent0, without a conflict;
# LD_LIBRARY_PATH selects this library.
#
# TEVENT_DEBIAN_PACKAGES (preset debian, tools/package): libtevent0 and libtevent-dev under Debian's own names and with
# Debian's own paths.  They are upgrades of those: dpkg replaces file by file, no Conflicts or Replaces is needed, and
# dependencies on a version of libtevent0 stay satisfied.  Debian's packages, requested by version, replace them again.

option(TEVENT_DEBIAN_PACKAGES "cpack makes Debian's libtevent0 and libtevent-dev; needs CMAKE_INSTALL_PREFIX=/usr" OFF)
set(TEVENT_DEBIAN_REVISION "0+cxx1" CACHE STRING
  "Debian revision; 0+: older than any package of the same version by Debian")
set(TEVENT_PACKAGE_CONTACT "tevent maintainers <maintainers@tevent.invalid>" CACHE STRING
  "Maintainer of the packages: Name <address>")

set(CPACK_PACKAGE_NAME tevent)
set(CPACK_PACKAGE_VENDOR tevent)
set(CPACK_PACKAGE_CONTACT "${TEVENT_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

if(NOT TEVENT_DEBIAN_PACKAGES)
  set(CPACK_GENERATOR TGZ DEB)
  set(CPACK_PACKAGING_INSTALL_PREFIX /opt/tevent)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6, libtalloc2, libtalloc-dev")
  include(CPack)
  return()
endif()

if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  message(FATAL_ERROR "TEVENT_DEBIAN_PACKAGES needs CMAKE_INSTALL_PREFIX=/usr: where Debian's files are")
endif()
find_program(GZIP gzip REQUIRED)
# The library's dependencies are looked up in the symbols files of the installed packages.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps REQUIRED)

set(control_dir ${PROJECT_BINARY_DIR}/debian)
set(debian_version ${PROJECT_VERSION}-${TEVENT_DEBIAN_REVISION})

# ---- files that dpkg-shlibdeps reads when programs are built against the library ----------------------------

# Each node of the version script and each symbol below it needs the release that the node is named after.
file(STRINGS ${tevent_map} map_lines REGEX "^(TEVENT_[0-9.]+ {|\t\t[a-z_0-9]+;)")
set(symbols)
foreach(line IN LISTS map_lines)
  # A list splits lines at their semicolons: the name is left.
  if(line MATCHES "^(TEVENT_([0-9.]+)) {")
    set(node ${CMAKE_MATCH_1})
    set(since ${CMAKE_MATCH_2})
    list(APPEND symbols " ${node}@${node} ${since}")
  elseif(line MATCHES "^\t\t([a-z_0-9]+)")
    list(APPEND symbols " ${CMAKE_MATCH_1}@${node} ${since}")
  endif()
endforeach()
list(SORT symbols)
list(PREPEND symbols "libtevent.so.0 libtevent0 #MINVER#" "* Build-Depends-Package: libtevent-dev")
list(JOIN symbols "\n" symbols)
file(WRITE ${control_dir}/symbols "${symbols}\n")
file(WRITE ${control_dir}/shlibs "libtevent 0 libtevent0 (>= ${PROJECT_VERSION})\n")
file(WRITE ${control_dir}/triggers "activate-noawait ldconfig\n")

# ---- /usr/share/doc, compressed as Debian's policy wants it ---------------------------------------------------

string(TIMESTAMP build_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${PROJECT_SOURCE_DIR}/packaging/debian/changelog.in ${control_dir}/changelog.Debian @ONLY)
execute_process(
  COMMAND ${GZIP} -9nf ${control_dir}/changelog.Debian
  COMMAND_ERROR_IS_FATAL ANY)
foreach(pair runtime=libtevent0 devel=libtevent-dev)
  string(REGEX MATCH "^(.*)=(.*)$" _ ${pair})
  install(FILES ${control_dir}/changelog.Debian.gz ${PROJECT_SOURCE_DIR}/packaging/debian/copyright
    DESTINATION share/doc/${CMAKE_MATCH_2} COMPONENT ${CMAKE_MATCH_1})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/libtevent0.lintian-overrides
  DESTINATION share/lintian/overrides RENAME libtevent0 COMPONENT runtime)
install(CODE "
  file(GLOB pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man[37]/*.[37]\")
  if(pages)
    execute_process(COMMAND ${GZIP} -9nf \${pages} COMMAND_ERROR_IS_FATAL ANY)
  endif()" COMPONENT devel)

# ---- two packages ---------------------------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime devel)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE ${TEVENT_DEBIAN_REVISION})
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "talloc-based event loop library, C++ core")
set(about
"tevent is a simple library that can handle the main event loop for an
application: timed events, file descriptors becoming ready, signals, and
asynchronous requests on top of these. Talloc is used for memory management.
.
This is another implementation of the library than Samba's own, with the
same interface: programs that use libtevent.so.0 run on it as they are.
.
")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "${about}This package provides the shared library file.")
set(CPACK_COMPONENT_DEVEL_DESCRIPTION "${about}This package provides the development files.")

# CPack (3.25) has no Multi-Arch field, but writes any text appended to the previous field.
set(multi_arch "\nMulti-Arch: same")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libtevent0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SOURCE tevent)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION "libs${multi_arch}")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  "${control_dir}/symbols;${control_dir}/shlibs;${control_dir}/triggers")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_DEVEL_PACKAGE_NAME libtevent-dev)
set(CPACK_DEBIAN_DEVEL_PACKAGE_SOURCE tevent)
set(CPACK_DEBIAN_DEVEL_PACKAGE_SECTION "libdevel${multi_arch}")
set(CPACK_DEBIAN_DEVEL_PACKAGE_DEPENDS "libc6-dev, libtalloc-dev, libtevent0 (= ${debian_version})")

include(CPack)
