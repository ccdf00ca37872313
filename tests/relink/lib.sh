# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the relink scripts: programs from Debian's packages run on the library in LIBDIR.
#
# A script sources this file with LIBDIR as its first argument.  Afterwards $libdir and $library are absolute,
# $scratch is a directory of the script's own, and whatever start() started is gone when the script ends.

libdir=$(cd "${1:?usage: $0 LIBDIR}" && pwd)
library=$(realpath -e "$libdir/libtevent.so.0")
started=()
case $library in
/lib/* | /usr/lib/*)
	echo "$library is the system's own: nothing would be shown" >&2
	exit 2
	;;
esac

say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# Exit status 77: ctest counts the test as skipped.
require() { # program, Debian package
	if ! command -v "$1" >/dev/null; then
		say "skipped: $1 is not installed (Debian: $2)"
		exit 77
	fi
}

clean_up() {
	local status=$? pid
	trap - EXIT INT TERM
	for pid in "${started[@]}"; do
		# Each one leads a process group of its own: this ends its children too.
		kill -TERM -- "-$pid" 2>/dev/null || continue
		wait_until 5 group_is_gone "$pid" || kill -KILL -- "-$pid" 2>/dev/null || true
	done
	rm -rf "$scratch"
	exit "$status"
}
group_is_gone() { ! kill -0 -- "-$1" 2>/dev/null; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-relink.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a program on our library in the background, in a process group of its own; its pid is in $pid.
start() {
	setsid env LD_LIBRARY_PATH="$libdir" "$@" <&0 &
	pid=$!
	started+=("$pid")
}

# wait_until SECONDS COMMAND...: repeats the command until it succeeds, SECONDS long at most.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

is_running() { kill -0 "$1" 2>/dev/null; }

# The files called libtevent.so... that a process has mapped.
mapped_libtevent() {
	awk '$6 ~ /\/libtevent\.so[^\/]*$/ { print $6 }' "/proc/$1/maps" 2>/dev/null | sort -u
}
has_libtevent() { [ -n "$(mapped_libtevent "$1")" ] || ! is_running "$1"; }

# Fails unless the process has our file mapped and no other libtevent.
show_mapped() { # pid, what to call it
	local files
	wait_until 20 has_libtevent "$1" || true
	files=$(mapped_libtevent "$1")
	[ "$files" = "$library" ] || fail "$2 (pid $1) has mapped: ${files:-no libtevent at all}, not $library"
	say "  $2, /proc/$1/maps: $files"
}
