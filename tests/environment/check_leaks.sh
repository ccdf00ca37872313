#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_leaks.sh SOURCE LIBDIR: runs a program that ends without freeing its context, on the uninstrumented library
# in LIBDIR. LeakSanitizer and valgrind must report no leak, and must report lost memory.

set -euo pipefail
. "$(dirname "$0")/detectors.sh"
export ASAN_OPTIONS=detect_leaks=1:exitcode=66 LSAN_OPTIONS=exitcode=66

compile leave.c plain
memcheck=(valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=66 "$scratch/plain")
expect 0 "memcheck: a context that is not freed is no leak" "${memcheck[@]}"
expect 66 "memcheck: lost memory is one" "${memcheck[@]}" leak
for sanitizer in address leak; do
	compile leave.c "$sanitizer" -fsanitize="$sanitizer"
	expect 0 "-fsanitize=$sanitizer: a context that is not freed is no leak" "$scratch/$sanitizer"
	expect 66 "-fsanitize=$sanitizer: lost memory is one" "$scratch/$sanitizer" leak
done

[ "$failures" -eq 0 ]
