#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_layers.sh ROOT: reads every #include line of ROOT/src and ROOT/compat and fails if one violates the
# direction
#
#     base <- timer <- poller <- signal <- loop <- event <- context <- async <- compat        (an arrow is: "may be included by")
#
# A directory may include itself, the directories to its left and the public header.  Also failures: a file of
# src/ in no known directory, an include in quotes that names no file, a file of this project included in <>.

set -euo pipefail

rooms=(base timer poller signal loop event context async compat)

root=$(cd "$1" && pwd)
cd "$root"

# These assign instead of printing: there are hundreds of includes, and a subshell for each is slow.

level_of() { # directory; assigns its place in the row to level, fails for an unknown one
	for level in "${!rooms[@]}"; do
		if [ "${rooms[level]}" = "$1" ]; then
			return 0
		fi
	done
	return 1
}

room_of() { # file, relative to the root; assigns its directory to room, "header" for the public header, or an error
	case $1 in
	src/*/*/*) room="a nested directory" ;;
	src/*/*) room=${1#src/} room=${room%%/*} ;;
	src/*) room="no directory" ;;
	compat/*/*) room="a nested directory" ;;
	compat/*) room=compat ;;
	include/tevent.h) room=header ;;
	*) room="outside of the library" ;;
	esac
}

include='^[[:space:]]*#[[:space:]]*(include_next|include|import)[[:space:]]*("([^"]*)"|<[^>]*>)'

failures=0
fail() {
	echo "$*"
	failures=$((failures + 1))
}

files=0
includes=0
while IFS= read -r file; do
	files=$((files + 1))
	room_of "$file"
	if ! level_of "$room"; then
		fail "$file: is in no known directory ($room)"
		continue
	fi
	own=$level own_room=$room

	while IFS=: read -r line text; do
		includes=$((includes + 1))
		name=$text
		if [[ $text =~ $include ]]; then
			name=${BASH_REMATCH[3]:-${BASH_REMATCH[2]}}
		fi
		case $name in
		'<tevent.h>') continue ;;
		'<src/'* | '<compat/'* | '<'*../*) fail "$file:$line: $name: a file of this project needs quotes" ; continue ;;
		'<'*'>') continue ;;
		esac

		# In the compiler's search order: beside the including file, then in the root, then in include/.
		target=
		for candidate in "${file%/*}/$name" "$name" "include/$name"; do
			if [ -f "$candidate" ]; then
				target=$candidate
				if [[ /$candidate/ == */./* || $candidate == *../* || $candidate == *//* || -L $candidate ]]; then
					target=$(realpath --relative-to=. "$candidate")
				fi
				break
			fi
		done
		if [ -z "$target" ]; then
			fail "$file:$line: \"$name\" names no file"
			continue
		fi

		room_of "$target"
		[ "$room" = header ] && continue
		if ! level_of "$room"; then
			fail "$file:$line: $target is in no known directory ($room)"
		elif [ "$level" -gt "$own" ]; then
			fail "$file:$line: $own_room includes $room ($target)"
		fi
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*(include|include_next|import)\b' "$file" || true)
done < <(find src compat -type f ! -name '*.map' ! -name '.*' | sort)

if [ "$files" -eq 0 ]; then
	fail "no files in src/ and compat/"
fi
if [ "$failures" -gt 0 ]; then
	echo "layers: $failures of $includes includes in $files files are wrong"
	exit 1
fi
echo "layers: $includes includes in $files files, all in the right direction"
