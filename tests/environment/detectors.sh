# SPDX-License-Identifier: LGPL-3.0-or-later
#
# detectors.sh: sourced by the tests that run a program under a race or leak detector, on an uninstrumented library.
# They are called with SOURCE LIBDIR.  A detector that reports something exits with 66.

here=$(cd "$(dirname "$0")" && pwd)
source=$1
libdir=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-detectors.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failures=0
unset LD_PRELOAD

compile() { # C file, program, flags...
	local file=$1 program=$2
	shift 2
	"${CC:-cc}" -std=gnu11 -g -O1 "$@" -I"$source/include" "$here/$file" -o "$scratch/$program" \
		"$libdir/libtevent.so.0" -Wl,-rpath,"$libdir" -ltalloc -pthread
}

expect() { # exit status, what it is, command...
	local expected=$1 what=$2 status=0
	shift 2
	"$@" >"$scratch/log" 2>&1 || status=$?
	if [ "$status" -eq "$expected" ]; then
		echo "ok: $what"
	else
		echo "FAILED: $what: exit status $status, not $expected"
		head -n 40 "$scratch/log"
		failures=$((failures + 1))
	fi
}
