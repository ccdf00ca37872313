#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_leaks.sh SOURCE LIBDIR: runs a program that ends without freeing its context, on the uninstrumented library
# in LIBDIR. LeakSanitizer and valgrind must report no leak, and must report lost memory.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$1
libdir=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-leaks.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
failures=0
unset LD_PRELOAD
export ASAN_OPTIONS=detect_leaks=1:exitcode=66 LSAN_OPTIONS=exitcode=66

compile() { # program, flags...
	local program=$1
	shift
	"${CC:-cc}" -std=gnu11 -g -O1 "$@" -I"$source/include" "$here/leave.c" -o "$scratch/$program" \
		"$libdir/libtevent.so.0" -Wl,-rpath,"$libdir" -ltalloc
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

compile plain
memcheck=(valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=66 "$scratch/plain")
expect 0 "memcheck: a context that is not freed is no leak" "${memcheck[@]}"
expect 66 "memcheck: lost memory is one" "${memcheck[@]}" leak
for sanitizer in address leak; do
	compile "$sanitizer" -fsanitize="$sanitizer"
	expect 0 "-fsanitize=$sanitizer: a context that is not freed is no leak" "$scratch/$sanitizer"
	expect 66 "-fsanitize=$sanitizer: lost memory is one" "$scratch/$sanitizer" leak
done

[ "$failures" -eq 0 ]
