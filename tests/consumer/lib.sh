# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the consumer tests: builds and installations of the library, and programs on them as users build them.
#
# A script sources this file with a scratch directory, which it empties, as its last argument.  Afterwards $source is
# the source directory and $scratch is absolute.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
version=$(sed -n 's/^  VERSION \([0-9.]*\)$/\1/p' "$source/CMakeLists.txt")
: "${CC:=cc}" "${CXX:=c++}" "${CMAKE:=cmake}"
# Variables of the caller's shell must not affect the build or the choice of library.
unset DESTDIR LD_LIBRARY_PATH PKG_CONFIG_PATH CFLAGS CXXFLAGS LDFLAGS CMAKE_GENERATOR CMAKE_BUILD_TYPE

say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

rm -rf "${!#}"
mkdir -p "${!#}"
scratch=$(cd "${!#}" && pwd)

# ---- building ---------------------------------------------------------------------------------------------------

# cmake with its output in a log, which is shown if it fails.
quiet_cmake() {
	"$CMAKE" "$@" >"$scratch/cmake.log" 2>&1 || {
		tail -n 50 "$scratch/cmake.log"
		fail "cmake $*"
	}
}

# Only the library, without the programs built from it.
configure() { # source directory, build directory, cmake arguments...
	local from=$1 build=$2
	shift 2
	quiet_cmake -S "$from" -B "$build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
		-DTEVENT_BUILD_TESTS=OFF -DTEVENT_BUILD_EXAMPLES=OFF -DTEVENT_BUILD_DOCS=OFF "$@"
}

# ---- required of every release, with any build type ------------------------------------------------------------------

has_assertions() { nm "$1" | grep ' U __assert_fail' >/dev/null; } # library or archive

# grep reads to the end: with -q readelf could be stopped by a closed pipe, which counts as failure here.  The linker
# records the files of which a library consists, but not those that were optimised together.
is_optimised_across_files() { ! readelf -sW "$1" | grep 'FILE .* turn\.cpp' >/dev/null; } # library

check_release() { # what, library, archive (or nothing)
	local file
	for file in "${@:2}"; do
		! has_assertions "$file" || fail "$1: assertions in $file"
	done
	# clang has no such default: cmake/optimisation.cmake.
	if "$CXX" --version | grep 'Free Software' >/dev/null; then
		is_optimised_across_files "$2" || fail "$1: not optimised across its files"
	fi
	"$here/../abi/check_hardening.sh" "${@:2}" >"$scratch/hardening.log" 2>&1 || {
		cat "$scratch/hardening.log"
		fail "$1: not hardened"
	}
	say "ok: $1: no assertions, optimised across files, hardened"
}

# ---- programs ---------------------------------------------------------------------------------------------------

# Runs a program, which must have this library mapped from DIRECTORY, or ("") linked in.
run() { # directory, program
	local loaded
	# ldd fails for a static program: nothing is loaded then.
	loaded=$({ LD_LIBRARY_PATH=$1 ldd "$2" 2>&1 || true; } | sed -n 's/^[[:space:]]*libtevent\.so[^ ]* => \(.*\) (0x[0-9a-f]*)$/\1/p')
	if [ -n "$1" ]; then
		[ "$(realpath -m "$loaded")" = "$(realpath "$1/libtevent.so.0")" ] ||
			fail "$2 loads ${loaded:-no libtevent.so}, not the one in $1"
	elif [ -n "$loaded" ]; then
		fail "$2 was to be linked with libtevent.a, but loads $loaded"
	fi
	[ "$(LD_LIBRARY_PATH=$1 "$2")" = "consumer: ok" ] || fail "$2"
}

# Links a program, which must use LIBRARY: the linker would silently fall back to the system's.
link_with() { # library, command...
	local library=$1 taken
	shift
	taken=$("$@" -Wl,--trace | grep -E '/libtevent\.(so|a)$' | sort -u || true)
	[ -n "$taken" ] && [ "$(realpath -m "$taken")" = "$(realpath "$library")" ] ||
		fail "linked with ${taken:-no libtevent}, not with $library"
}

by_pkg_config() { # what, PKG_CONFIG_PATH, library directory
	local -x PKG_CONFIG_PATH=$2
	local out=$scratch/bin shared static
	mkdir -p "$out"
	[ "$(pkg-config --modversion tevent)" = "$version" ] ||
		fail "pkg-config --modversion tevent: $(pkg-config --modversion tevent), not $version"
	pkg-config --print-requires tevent | grep -q '^talloc' || fail "tevent.pc does not require talloc"

	# pkg-config's output is quoted for a shell: a path may have spaces.
	eval "shared=($(pkg-config --cflags --libs tevent))"
	eval "static=($(pkg-config --static --cflags --libs tevent))"
	link_with "$3/libtevent.so" "$CC" "$here/consumer.c" -o "$out/c_shared" "${shared[@]}"
	run "$3" "$out/c_shared"
	link_with "$3/libtevent.so" "$CXX" "$here/consumer.cpp" -o "$out/cpp_shared" "${shared[@]}"
	run "$3" "$out/cpp_shared"
	link_with "$3/libtevent.a" "$CC" -static "$here/consumer.c" -o "$out/c_static" "${static[@]}"
	run "" "$out/c_static"
	# libtevent.a in an otherwise dynamic program, which may need only talloc, threads and libc.
	link_with "$3/libtevent.a" "$CC" "$here/consumer.c" -o "$out/c_mixed" "${static[@]/#-ltevent/-l:libtevent.a}"
	run "" "$out/c_mixed"
	rm -rf "$out"
	say "ok: $1: C and C++ through pkg-config, shared and static"
}

by_find_package() { # what, prefix, library directory
	local project=$scratch/project program
	rm -rf "$project"
	quiet_cmake -S "$here/project" -B "$project" -DCMAKE_PREFIX_PATH="$2" \
		-DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX"
	quiet_cmake --build "$project"
	for program in c_shared cpp_shared; do
		run "$3" "$project/$program"
	done
	for program in c_static cpp_static; do
		run "" "$project/$program"
	done
	rm -rf "$project"
	say "ok: $1: C and C++ through find_package, shared and static"
}
