# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by relink scripts whose programs end too early to read /proc/PID/maps; sourced after lib.sh.
#
# The dynamic loader provides the proof: with LD_DEBUG each process, children too, lists the libraries that it
# initialises in its own file.  A program that clears its environment or runs set-user-ID writes nothing.

loads=$scratch/loads
mkdir "$loads"
chmod 1777 "$loads"

# Runs a program on the library to its end, with the caller's input and output; SECONDS only limits a hang.
on_library() { # seconds, program...
	local limit=$1
	shift
	env LD_LIBRARY_PATH="$libdir" LD_DEBUG=files LD_DEBUG_OUTPUT="$loads/process" timeout --foreground "$limit" "$@"
}

# Fails unless at least COUNT processes loaded the library since the last call, and none loaded another libtevent.
show_loaded() { # count, what to call them
	local file files count=0
	for file in "$loads"/process.*; do
		[ -e "$file" ] || continue
		# A process that called exec has more than one.
		files=$(sed -n 's/.*calling init: \(.*\/libtevent\.so[^/]*\)$/\1/p' "$file" | sort -u)
		rm -f "$file"
		[ -n "$files" ] || continue
		[ "$(printf '%s\n' "$files" | xargs -d '\n' realpath | sort -u)" = "$library" ] ||
			fail "$2: a process has loaded ${files//$'\n'/, }, not $library"
		count=$((count + 1))
	done
	[ "$count" -ge "$1" ] || fail "$2: $count processes have loaded $library, expected $1"
	say "  $2: $count processes loaded $library"
}
