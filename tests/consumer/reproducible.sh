#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# reproducible.sh BUILD LIBDIR SCRATCH: a copy of the source, built in other directories with the settings of BUILD,
# gives exactly the libraries of BUILD, which are in LIBDIR, including debug information; and paths with spaces make no
# difference.
#
# Rules: A6

set -euo pipefail
. "$(dirname "$0")/lib.sh"

build=$(cd "$1" && pwd)
libdir=$(cd "$2" && pwd)
mapfile -t settings < <(grep -E '^(TEVENT_[A-Z_]*|CMAKE_BUILD_TYPE|CMAKE_(C|CXX|SHARED_LINKER)_FLAGS[A-Z_]*):[A-Z]*=' \
	"$build/CMakeCache.txt" | grep -v '^TEVENT_BUILD_' | sed 's/^/-D/')

copy="$scratch/the same source"
mkdir "$copy"
for part in CMakeLists.txt LICENSE cmake compat docs include packaging pkgconfig src; do
	cp -R "$source/$part" "$copy/"
done
configure "$copy" "$copy/a build" "${settings[@]}"
quiet_cmake --build "$copy/a build" -j 2
other="$copy/a build/lib"

for file in libtevent.so.0 libtevent.a; do
	if grep -aoF -e "$source" -e "$build" -e "$copy" "$libdir/$file" "$other/$file" | sort | uniq -c | grep .; then
		fail "$file holds paths of the directories that it was built in"
	fi
	cmp "$libdir/$file" "$other/$file" || fail "$file differs between two directories"
	say "ok: $file is the same, built in two directories: $(sha256sum "$other/$file" | cut -c 1-16)..."
done
if ar tv "$other/libtevent.a" | awk '$2 != "0/0" || !/Jan  1 00:00 1970/' | grep .; then
	fail "libtevent.a holds times or owners"
fi
by_pkg_config "build directory with spaces in its path, not installed" "$copy/a build" "$other"

rm -rf "$scratch"
