#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_handoff.sh SOURCE LIBDIR: runs a program that hands a result from a thread to the loop, on the
# uninstrumented library in LIBDIR. ThreadSanitizer, helgrind and DRD must report nothing, and must report a real
# race.

set -euo pipefail
. "$(dirname "$0")/detectors.sh"

compile handoff.c plain
for tool in helgrind drd; do
	valgrind=(valgrind -q --tool="$tool" --error-exitcode=66 "$scratch/plain")
	expect 0 "$tool: no report" "${valgrind[@]}"
	expect 66 "$tool: a race is reported" "${valgrind[@]}" race
done

compile handoff.c instrumented -fsanitize=thread
# Such a program does not start if the kernel randomises addresses too widely.
launcher=()
"$scratch/instrumented" >/dev/null 2>&1 || launcher=(setarch -R)
expect 0 "ThreadSanitizer: no report" "${launcher[@]}" "$scratch/instrumented"
expect 66 "ThreadSanitizer: a race is reported" "${launcher[@]}" "$scratch/instrumented" race

[ "$failures" -eq 0 ]
