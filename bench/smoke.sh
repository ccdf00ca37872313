#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smoke.sh PROGRAM: a benchmark program does a little of each of its workloads.  No time is looked at: this is about
# whether it still does what it says, which each workload checks by itself.

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
