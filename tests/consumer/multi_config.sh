#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# multi_config.sh SCRATCH: one build tree with several configurations (Ninja Multi-Config).  MinSizeRel is a proper
# release, Debug has its assertions, Release is also compiled with a release's flags, and each configuration's
# tevent-uninstalled.pc leads to its own library.  Only MinSizeRel is built completely: for the others one object and
# the flags are enough.
#
# Rules: A6

set -euo pipefail
. "$(dirname "$0")/lib.sh"

build="$scratch/a build"
configure "$source" "$build" -G "Ninja Multi-Config" "-DCMAKE_CONFIGURATION_TYPES=Debug;MinSizeRel;Release"

quiet_cmake --build "$build" --config MinSizeRel -j 2
libdir=$build/lib/MinSizeRel
check_release "Ninja Multi-Config, MinSizeRel" "$libdir/libtevent.so.0" "$libdir/libtevent.a"
by_pkg_config "Ninja Multi-Config, MinSizeRel" "$build/MinSizeRel" "$libdir"

# The default configuration.
object=CMakeFiles/tevent_objects.dir/Debug/src/context/turn.cpp.o
quiet_cmake --build "$build" --target "$object"
has_assertions "$build/$object" || fail "no assertions in Debug"
for directory in "$build" "$build/Debug"; do
	eval "flags=($(PKG_CONFIG_PATH=$directory pkg-config --libs-only-L tevent))"
	[ "${flags[0]}" = "-L$build/lib/Debug" ] || fail "$directory/tevent-uninstalled.pc leads to ${flags[*]}"
done

compiles_with() { # configuration, flags...
	local commands flag
	commands=$(grep "objects\.dir/$1/src/context/turn\.cpp\.o -c " "$build/compile_commands.json") ||
		fail "no command for turn.cpp in $1"
	for flag in "${@:2}"; do
		case $flag in
		!*) [[ $commands != *" ${flag#!} "* ]] || fail "$1 is compiled with ${flag#!}" ;;
		*) [[ $commands == *" $flag "* ]] || fail "$1 is not compiled with $flag" ;;
		esac
	done
}
compiles_with Release -O3 -DNDEBUG -U_FORTIFY_SOURCE -fstack-protector-strong
compiles_with MinSizeRel -Os !-O3
compiles_with Debug -UNDEBUG !-O3 !-D_FORTIFY_SOURCE=3 !-D_FORTIFY_SOURCE=2
say "ok: Ninja Multi-Config: Debug has assertions, Release is compiled as a release, MinSizeRel for size"

rm -rf "$scratch"
