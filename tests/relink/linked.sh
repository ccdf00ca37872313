#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# linked.sh LIBDIR [FILE...]: every program and library of Debian 12 that needs libtevent.so.0 (linked.tsv), loaded with
# all its symbols bound at once (LD_BIND_NOW) and the library in LIBDIR in front.  That one has to be mapped, and no
# symbol and no version may be missing that is there with the system's library.
#
# The short form checks the packages that are installed; the long form requires all of them.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
shift

# A system may have loaders for several architectures: a program names its own.  A library's is that of the programs which
# load it, as of any program of the system's own architecture.
loader_of() { # file
	local program loader
	for program in "$1" "$BASH"; do
		loader=$(readelf -lW "$program" 2>/dev/null | sed -n 's/.*\[Requesting program interpreter: \(.*\)\]$/\1/p')
		[ -z "$loader" ] || break
	done
	[ -x "$loader" ] || fail "no loader for $1"
	echo "$loader"
}
grep -v '^#' "$here/linked.tsv" >"$scratch/all"
is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

absent=()
for package in $(cut -f 1 "$scratch/all" | sort -u); do
	if is_installed "$package"; then
		awk -F '\t' -v p="$package" '$1 == p { print $2 }' "$scratch/all"
	else
		absent+=("$package")
	fi
done >"$scratch/wanted"
if [ ! -s "$scratch/wanted" ]; then
	say "skipped: none of the packages in linked.tsv is installed"
	exit 77
fi
if [ -n "$full" ] && [ ${#absent[@]} -gt 0 ]; then
	fail "not installed: ${absent[*]}"
fi
[ $# -gt 0 ] || mapfile -t -- files <"$scratch/wanted"
[ $# -eq 0 ] || files=("$@")

looked_at=0
for file in "${files[@]}"; do
	[ -e "$file" ] || fail "$file is not there"
	loader=$(loader_of "$file")
	# As ldd -r does.  Symbols missing in a plug-in are in the program that loads it; they are missing with the
	# control, too.
	env LD_LIBRARY_PATH="$libdir" LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=yes \
		"$loader" "$file" >"$scratch/trace" 2>&1 || true
	mapped=$(awk '$1 == "libtevent.so.0" { print $3 }' "$scratch/trace")
	[ -n "$mapped" ] && [ "$(realpath "$mapped")" = "$library" ] || { tail -n 5 "$scratch/trace"; fail "$file maps ${mapped:-no libtevent}"; }
	if grep -E 'TEVENT_[0-9.]+. not found' "$scratch/trace"; then
		fail "$file does not find its version in $library"
	fi
	note_result "$file" "is linked" success
	while read -r missing; do
		note_result "$file" "$missing" missing
	done < <(grep -oE 'undefined symbol: [^[:space:]]+|version .* not found.*|not found' "$scratch/trace" | sort -u || true)
	if ! grep -qE 'undefined symbol|not found' "$scratch/trace"; then
		note_result "$file" "nothing is missing" success
	fi
	looked_at=$((looked_at + 1))
done
say "  $looked_at of $(wc -l <"$scratch/all") files, each has mapped $library"
[ ${#absent[@]} -eq 0 ] || say "  not installed, not checked: ${absent[*]}"
