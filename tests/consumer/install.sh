#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# install.sh BUILD CONFIGURATION LIBDIR SCRATCH: installs the build into a prefix below SCRATCH and uses it as a user
# would, through pkg-config and find_package, shared and static, from C and C++; then again after moving the prefix to
# a path with spaces, and from the build directory without an installation.
#
# Rules: A6 A7

set -euo pipefail
. "$(dirname "$0")/lib.sh"

build=$(cd "$1" && pwd)
configuration=$2
build_libdir=$3

# The required files below a prefix.
check_files() { # prefix
	local libdir file
	libdir=$(dirname "$(find "$1" -name libtevent.so)")
	for file in libtevent.so.0.17.2 libtevent.so.0 libtevent.so libtevent.a pkgconfig/tevent.pc \
		cmake/tevent/tevent-config.cmake cmake/tevent/tevent-config-version.cmake; do
		[ -e "$libdir/${file/0.17.2/$version}" ] || fail "$libdir/$file was not installed"
	done
	[ "$(readlink "$libdir/libtevent.so.0")" = "libtevent.so.$version" ] || fail "libtevent.so.0 is no link to the library"
	[ "$(find "$1" -name '*.h' | sed 's|.*/include/||')" = tevent.h ] || fail "not exactly tevent.h was installed"
	[ -n "$(find "$1" -path '*/man3/tevent_add_fd.3')" ] || fail "no man pages were installed"
	echo "$libdir"
}

prefix=$scratch/prefix
quiet_cmake --install "$build" --config "$configuration" --prefix "$prefix"
libdir=$(check_files "$prefix")
if grep -rIl --include='*.pc' --include='*.cmake' -e "$scratch" -e "$build" "$prefix"; then
	fail "these files hold absolute paths"
fi
by_pkg_config "installed" "$libdir/pkgconfig" "$libdir"
by_find_package "installed" "$prefix" "$libdir"

moved="$scratch/moved to a place"
mv "$prefix" "$moved"
libdir=$moved${libdir#"$prefix"}
by_pkg_config "prefix moved" "$libdir/pkgconfig" "$libdir"
by_find_package "prefix moved" "$moved" "$libdir"

DESTDIR=$scratch/dest quiet_cmake --install "$build" --config "$configuration" --prefix /usr/local
check_files "$scratch/dest/usr/local" >/dev/null
say "ok: DESTDIR"

by_pkg_config "build directory, not installed" "$build" "$build_libdir"

rm -rf "$scratch"
