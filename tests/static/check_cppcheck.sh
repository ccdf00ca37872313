#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_cppcheck.sh ROOT BUILD_DIR: cppcheck on every file of ROOT that BUILD_DIR/compile_commands.json names, its
# style checks on the library alone.  Suppressed checks and their reasons are in cppcheck.suppressions.  Exit
# status 77: there is no cppcheck.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)

command -v cppcheck >/dev/null || {
	echo "no cppcheck"
	exit 77
}

check() { # checks, filter...
	local checks=$1 filter filters=()
	shift
	for filter in "$@"; do
		filters+=("--file-filter=$root/$filter/*")
	done
	cppcheck --project="$build/compile_commands.json" "${filters[@]}" --enable="$checks" --library=posix,gnu \
		--suppressions-list="$here/cppcheck.suppressions" --inline-suppr --error-exitcode=1 --quiet -j 2
}

check warning,performance,portability,style src compat
check warning,performance,portability tests examples bench
echo "cppcheck: nothing found"
