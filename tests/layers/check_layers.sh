#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_layers.sh ROOT: reads every #include line of ROOT/src and ROOT/compat and fails when one runs against
# the direction
#
#     base <- poller <- event <- loop <- async <- compat        (an arrow is: "may be included by")
#
# A room may include itself, the rooms to its left and the public header.  Also failures: a file of src/ that lies
# in no known room, an include in quotes that names no file, a file of this project included in <>.

set -euo pipefail

rooms=(base poller event loop async compat)

root=$(cd "$1" && pwd)
cd "$root"

level_of() { # room -> its place in the row; fails for an unknown one
	local i
	for i in "${!rooms[@]}"; do
		if [ "${rooms[i]}" = "$1" ]; then
			echo "$i"
			return 0
		fi
	done
	return 1
}

room_of() { # file, relative to the root -> its room, "header" for the public header, or what is wrong
	case $1 in
	src/*/*/*) echo "a directory below a room" ;;
	src/*/*) local path=${1#src/}; echo "${path%%/*}" ;;
	src/*) echo "no room" ;;
	compat/*/*) echo "a directory below a room" ;;
	compat/*) echo compat ;;
	include/tevent.h) echo header ;;
	*) echo "outside of the library" ;;
	esac
}

failures=0
fail() {
	echo "$*"
	failures=$((failures + 1))
}

files=0
includes=0
while IFS= read -r file; do
	files=$((files + 1))
	room=$(room_of "$file")
	if ! own=$(level_of "$room"); then
		fail "$file: lies in no known room ($room)"
		continue
	fi

	while IFS=: read -r line text; do
		includes=$((includes + 1))
		name=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*//; s/^"([^"]*)".*/\1/; s/^<([^>]*)>.*/<\1>/' <<<"$text")
		case $name in
		'<tevent.h>') continue ;;
		'<src/'* | '<compat/'* | '<'*../*) fail "$file:$line: $name: a file of this project goes in quotes" ; continue ;;
		'<'*'>') continue ;;
		esac

		# As the compiler looks: beside the including file, then in the root, then in include/.
		target=
		for candidate in "$(dirname "$file")/$name" "$name" "include/$name"; do
			if [ -f "$candidate" ]; then
				target=$(realpath --relative-to=. "$candidate")
				break
			fi
		done
		if [ -z "$target" ]; then
			fail "$file:$line: \"$name\" names no file"
			continue
		fi

		target_room=$(room_of "$target")
		[ "$target_room" = header ] && continue
		if ! theirs=$(level_of "$target_room"); then
			fail "$file:$line: $target lies in no known room ($target_room)"
		elif [ "$theirs" -gt "$own" ]; then
			fail "$file:$line: $room includes $target_room ($target)"
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
