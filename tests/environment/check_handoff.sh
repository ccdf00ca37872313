#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_handoff.sh SOURCE LIBDIR: runs a program that hands a result from a thread to the loop, on the
# uninstrumented library in LIBDIR. ThreadSanitizer, helgrind and DRD must report nothing, and must report a real
# race.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$1
libdir=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-handoff.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failures=0
unset LD_PRELOAD

compile() { # program, flags...
	local program=$1
	shift
	"${CC:-cc}" -std=gnu11 -g -O1 "$@" -I"$source/include" "$here/handoff.c" -o "$scratch/$program" \
		"$libdir/libtevent.so.0" -Wl,-rpath,"$libdir" -ltalloc -pthread
}

expect() { # quiet or report, what it is, command...
	local outcome=$1 what=$2 status=0
	shift 2
	"$@" >"$scratch/log" 2>&1 || status=$?
	if { [ "$outcome" = quiet ] && [ "$status" -eq 0 ]; } || { [ "$outcome" = report ] && [ "$status" -eq 66 ]; }; then
		echo "ok: $what: $outcome"
	else
		echo "FAILED: $what: $outcome expected, exit status $status"
		head -n 40 "$scratch/log"
		failures=$((failures + 1))
	fi
}

compile plain
for tool in helgrind drd; do
	valgrind=(valgrind -q --tool="$tool" --error-exitcode=66 "$scratch/plain")
	expect quiet "$tool" "${valgrind[@]}"
	expect report "$tool, a race" "${valgrind[@]}" race
done

compile instrumented -fsanitize=thread
# Such a program does not start if the kernel randomises addresses too widely.
launcher=()
"$scratch/instrumented" >/dev/null 2>&1 || launcher=(setarch -R)
expect quiet ThreadSanitizer "${launcher[@]}" "$scratch/instrumented"
expect report "ThreadSanitizer, a race" "${launcher[@]}" "$scratch/instrumented" race

[ "$failures" -eq 0 ]
