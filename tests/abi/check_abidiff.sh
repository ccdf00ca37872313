#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_abidiff.sh LIB ORACLE_LIB
#
# Compared with a libtevent.so.0 of an earlier release nothing was removed or
# changed, there are only additions.  Exit status 77 (skipped) if abidiff or
# the other library is missing.
#
# Rules: A8

set -u
export LC_ALL=C

if [ $# -ne 2 ]; then
	echo "usage: $0 LIB ORACLE_LIB" >&2
	exit 2
fi
lib=$1
oracle=$2
if [ ! -r "$lib" ]; then
	echo "$0: can't read $lib" >&2
	exit 2
fi
if ! command -v abidiff >/dev/null 2>&1; then
	echo "SKIP: abidiff (libabigail) is not installed"
	exit 77
fi
if [ ! -r "$oracle" ]; then
	echo "SKIP: no library to compare with: $oracle"
	exit 77
fi

# The status is a set of bits, 4: something changed, 8: incompatibly.
report=$(abidiff --no-added-syms "$oracle" "$lib" 2>&1)
status=$?
if [ $status -ne 0 ]; then
	printf '%s\n' "$report" >&2
	if [ $((status & 3)) -ne 0 ]; then
		echo "FAIL: abidiff could not compare $oracle with $lib (status $status)" >&2
	else
		echo "FAIL: against $oracle, $lib has removed or changed something (abidiff status $status)" >&2
	fi
	exit 1
fi
abidiff --no-show-locs --stat "$oracle" "$lib" 2>&1
echo "$lib: only additions against $oracle"
exit 0
