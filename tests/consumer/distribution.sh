#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# distribution.sh SCRATCH: a build as in distributions, with the build type None and their own flags, is a release, also
# with CMAKE_UNITY_BUILD on. TEVENT_ASSERTIONS adds or removes assertions with any type, and -O0 is respected.
#
# Rules: A6

set -euo pipefail
. "$(dirname "$0")/lib.sh"

flags="-g -O2 -fstack-protector-strong -Wformat -Werror=format-security -Wdate-time -D_FORTIFY_SOURCE=2"
if command -v dpkg-buildflags >/dev/null; then
	flags="$(dpkg-buildflags --get CXXFLAGS) $(dpkg-buildflags --get CPPFLAGS)"
fi
build=$scratch/none
configure "$source" "$build" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_UNITY_BUILD=ON
quiet_cmake --build "$build" --target tevent -j 2
check_release "None, $flags" "$build/lib/libtevent.so.0"

# One object is enough: turn.cpp has an assertion.
object=CMakeFiles/tevent_objects.dir/src/context/turn.cpp.o
build_object() { # cmake arguments...
	configure "$source" "$scratch/object" -G "Unix Makefiles" -DTEVENT_LTO=OFF "$@"
	quiet_cmake --build "$scratch/object" --target src/context/turn.o
}
build_object -DCMAKE_BUILD_TYPE=Release -DTEVENT_ASSERTIONS=ON
has_assertions "$scratch/object/$object" || fail "TEVENT_ASSERTIONS=ON: no assertions in Release"
build_object -DCMAKE_BUILD_TYPE=Debug -DTEVENT_ASSERTIONS=AUTO
has_assertions "$scratch/object/$object" || fail "no assertions in Debug"
build_object -DCMAKE_BUILD_TYPE=Debug -DTEVENT_ASSERTIONS=OFF
! has_assertions "$scratch/object/$object" || fail "TEVENT_ASSERTIONS=OFF: assertions in Debug"
build_object -DCMAKE_BUILD_TYPE=None -DTEVENT_ASSERTIONS=AUTO -DCMAKE_CXX_FLAGS="-O0 -Werror"
! has_assertions "$scratch/object/$object" || fail "None, -O0: assertions"
! grep -- '-O[1-9s]' "$scratch/object/CMakeFiles/tevent_objects.dir/flags.make" || fail "None, -O0: optimised"
say "ok: assertions where TEVENT_ASSERTIONS or Debug asks for them; None with -O0 is not optimised"

rm -rf "$scratch"
