#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# subproject.sh SCRATCH: the library as a part of another project, parent/.  Through add_subdirectory, without a build
# type, and through FetchContent, with several configurations if ninja is available.  parent/CMakeLists.txt checks names
# and the cache.  This script checks that the parent's install and package hold only the parent's files, and that the
# library is a release.
#
# Rules: A6

set -euo pipefail
. "$(dirname "$0")/lib.sh"

configure_parent() { # way, build directory, cmake arguments...
	local way=$1 build=$2
	shift 2
	quiet_cmake -S "$here/parent" -B "$build" -DTEVENT_SOURCE="$source" -DPARENT_WAY="$way" \
		-DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" "$@"
}

# ---- add_subdirectory: nothing is compiled, the flags show what would be -------------------------------------------

build=$scratch/subdirectory
configure_parent add_subdirectory "$build" -G "Unix Makefiles" -DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON
grep -qx 'CMAKE_BUILD_TYPE:STRING=' "$build/CMakeCache.txt" || fail "the parent's build type was set"
[ ! -e "$build/compile_commands.json" ] || fail "the parent has a compile_commands.json that it did not ask for"

quiet_cmake --install "$build" --prefix "$scratch/prefix"
installed=$(cd "$scratch/prefix" && find . -type f)
[ "$installed" = ./share/parent/CMakeLists.txt ] || fail "the parent's install has: $installed"

(cd "$build" && "${CMAKE%cmake}cpack" -B "$scratch/package") >"$scratch/cpack.log" 2>&1 || {
	cat "$scratch/cpack.log"
	fail "the parent's cpack"
}
packed=$(tar -tf "$scratch/package/parent-1.2-Linux.tar.gz" | grep -v '/$')
[ "$packed" = parent-1.2-Linux/share/parent/CMakeLists.txt ] || fail "the parent's package has: $packed"
[ "$(find "$scratch/package" -maxdepth 1 -type f | wc -l)" -eq 1 ] || fail "the parent's cpack makes other packages"

objects=tevent_objects
if "$CXX" --version | grep 'Free Software' >/dev/null; then
	objects=tevent_lto_objects
	grep -q -- ' -flto' "$build/tevent/CMakeFiles/$objects.dir/flags.make" || fail "without a build type: no LTO"
fi
for flag in -O3 -DNDEBUG -fstack-protector-strong; do
	grep -q -- " $flag " "$build/tevent/CMakeFiles/$objects.dir/flags.make" || fail "without a build type: no $flag"
done
grep -q -- '-Wl,-z,now' "$build/tevent/CMakeFiles/tevent.dir/link.txt" || fail "without a build type: no -z now"

configure_parent add_subdirectory "$build" -DTEVENT_INSTALL=ON
grep -q '/libtevent\.so\.0"' "$build/tevent/cmake_install.cmake" || fail "TEVENT_INSTALL=ON: it would not be installed"
grep -qix 'set(CPACK_PACKAGE_NAME "parent")' "$build/CPackConfig.cmake" ||
	fail "TEVENT_INSTALL=ON: the package is not the parent's"
say "ok: add_subdirectory: install, package, cache and names are the parent's; without a build type it is a release"

# ---- FetchContent: a program on the library ------------------------------------------------------------------------

build=$scratch/fetched
flags=(-DCMAKE_C_FLAGS_CUSTOM=-Os -DCMAKE_CXX_FLAGS_CUSTOM=-Os) # the fastest to build that is a release
if command -v ninja >/dev/null; then
	configure_parent FetchContent "$build" -G "Ninja Multi-Config" "-DCMAKE_CONFIGURATION_TYPES=Debug;Custom" "${flags[@]}"
	program=$build/Custom/shared libdir=$build/_deps/tevent-build/lib/Custom
else
	configure_parent FetchContent "$build" -DCMAKE_BUILD_TYPE=Custom "${flags[@]}"
	program=$build/shared libdir=$build/_deps/tevent-build/lib
fi
quiet_cmake --build "$build" --config Custom --target shared -j 2
check_release "FetchContent" "$libdir/libtevent.so.0"
run "$libdir" "$program"
say "ok: FetchContent: a program of the parent's runs on it"

rm -rf "$scratch"
