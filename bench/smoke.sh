#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smoke.sh PROGRAM: a benchmark program runs each of its workloads briefly.  Times are ignored: this tests that the
# workloads still work, which each one checks by itself.

set -euo pipefail

program=$1
did=0
while IFS=$'\t' read -r name _ _ _ has _; do
	[ "$has" = yes ] || continue
	"$program" "$name" 20 1 >/dev/null || {
		echo "FAILED: $program $name"
		exit 1
	}
	did=$((did + 1))
done < <("$program" --list)
echo "$did workloads"
[ "$did" -gt 0 ]
