#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# run.sh BUILD SCRATCH: installs the build into a prefix below SCRATCH and uses it as a user would, by way of
# pkg-config and of find_package, shared and static, from C and from C++; then all once more after the prefix
# was moved, and from the build directory without an installation.
#
# Rules: A6 A7

set -euo pipefail

build=$(cd "$1" && pwd)
scratch=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
: "${CC:=cc}" "${CXX:=c++}" "${CMAKE:=cmake}"
unset DESTDIR LD_LIBRARY_PATH PKG_CONFIG_PATH

say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

rm -rf "$scratch"
mkdir -p "$scratch"
scratch=$(cd "$scratch" && pwd)

# Runs a program, which has to have this library mapped from DIRECTORY, or ("") have it linked in.
run() { # directory, program
	local loaded
	# ldd fails for a static program: nothing is loaded then.
	loaded=$({ LD_LIBRARY_PATH=$1 ldd "$2" 2>&1 || true; } | sed -n 's/^[[:space:]]*libtevent\.so[^ ]* => \([^ ]*\) .*/\1/p')
	if [ -n "$1" ]; then
		[ "$(realpath -m "$loaded")" = "$(realpath "$1/libtevent.so.0")" ] ||
			fail "$2 loads ${loaded:-no libtevent.so}, not the one in $1"
	elif [ -n "$loaded" ]; then
		fail "$2 was to be linked with libtevent.a, but loads $loaded"
	fi
	[ "$(LD_LIBRARY_PATH=$1 "$2")" = "consumer: ok" ] || fail "$2"
}

by_pkg_config() { # what, PKG_CONFIG_PATH, library directory
	local -x PKG_CONFIG_PATH=$2
	local out=$scratch/bin
	mkdir -p "$out"
	[ "$(pkg-config --modversion tevent)" = "$version" ] ||
		fail "pkg-config --modversion tevent: $(pkg-config --modversion tevent), not $version"
	pkg-config --print-requires tevent | grep -q '^talloc' || fail "tevent.pc does not require talloc"

	# shellcheck disable=SC2046 # the flags are words
	$CC "$here/consumer.c" -o "$out/c_shared" $(pkg-config --cflags --libs tevent)
	run "$3" "$out/c_shared"
	# shellcheck disable=SC2046
	$CXX "$here/consumer.cpp" -o "$out/cpp_shared" $(pkg-config --cflags --libs tevent)
	run "$3" "$out/cpp_shared"
	# shellcheck disable=SC2046
	$CC -static "$here/consumer.c" -o "$out/c_static" $(pkg-config --static --cflags --libs tevent)
	run "" "$out/c_static"
	# libtevent.a in a program that is dynamic otherwise: talloc, threads and libc are all it may need.
	# shellcheck disable=SC2046
	$CC "$here/consumer.c" -o "$out/c_mixed" \
		$(pkg-config --static --cflags --libs tevent | sed 's/-ltevent/-l:libtevent.a/')
	run "" "$out/c_mixed"
	rm -rf "$out"
	say "ok: $1: C and C++ through pkg-config, shared and static"
}

by_find_package() { # what, prefix, library directory
	local log=$scratch/cmake.log program
	rm -rf "$scratch/project"
	if ! "$CMAKE" -S "$here/project" -B "$scratch/project" -DCMAKE_PREFIX_PATH="$2" \
		-DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" >"$log" 2>&1 ||
		! "$CMAKE" --build "$scratch/project" >>"$log" 2>&1; then
		cat "$log"
		fail "$1: a project with find_package(tevent)"
	fi
	for program in c_shared cpp_shared; do
		run "$3" "$scratch/project/$program"
	done
	for program in c_static cpp_static; do
		run "" "$scratch/project/$program"
	done
	rm -rf "$scratch/project"
	say "ok: $1: C and C++ through find_package, shared and static"
}

# What has to be there, below a prefix.
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
"$CMAKE" --install "$build" --prefix "$prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; fail install; }
libdir=$(check_files "$prefix")
if grep -rIl --include='*.pc' --include='*.cmake' -e "$scratch" -e "$build" "$prefix"; then
	fail "these files hold absolute paths"
fi
by_pkg_config "installed" "$libdir/pkgconfig" "$libdir"
by_find_package "installed" "$prefix" "$libdir"

mv "$prefix" "$scratch/moved"
libdir=$scratch/moved${libdir#"$prefix"}
by_pkg_config "prefix moved" "$libdir/pkgconfig" "$libdir"
by_find_package "prefix moved" "$scratch/moved" "$libdir"

DESTDIR=$scratch/dest "$CMAKE" --install "$build" --prefix /usr/local >"$scratch/install.log"
check_files "$scratch/dest/usr/local" >/dev/null
say "ok: DESTDIR"

by_pkg_config "build directory, not installed" "$build" "$build/lib"

rm -rf "$scratch"
