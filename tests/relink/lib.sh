# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the relink scripts: programs from Debian's packages run on the library in LIBDIR.
#
# A script sources this file with LIBDIR as its first argument.  Afterwards $libdir and $library are absolute,
# $scratch is the script's own directory, and every process started by start() has ended when the script ends.
#
# run_case runs a script twice, on this library and, as control, on the system's: TEVENT_RELINK_CONTROL is set for
# the control, and LIBDIR leads to the system's file.  TEVENT_RELINK_FULL selects the long form, if there is one.

libdir=$(cd "${1:?usage: $0 LIBDIR}" && pwd)
library=$(realpath -e "$libdir/libtevent.so.0")
started=()
case $library in
/lib/* | /usr/lib/*)
	if [ -z "${TEVENT_RELINK_CONTROL:-}" ]; then
		echo "$library is the system's own: nothing would be shown" >&2
		exit 2
	fi
	;;
esac
full=${TEVENT_RELINK_FULL:-}
PATH=$PATH:/usr/sbin:/sbin

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

# For a program that needs another user id or a low port: restarts the script as root.
require_root() { # "$@" of the script
	[ "$(id -u)" -ne 0 ] || return 0
	rm -rf "$scratch"
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		exec sudo -n --preserve-env="$(compgen -e TEVENT_RELINK_ | paste -sd,)" -- "$0" "$@"
	fi
	say "skipped: needs root, and sudo asks for a password"
	exit 77
}

# Restarts the script in its own namespaces: a network with only lo, mounts, and processes that end with it.  On a
# machine that refuses this, $own_network stays empty.
own_network=${TEVENT_RELINK_OWN_NETWORK:-}
enter_own_network() { # "$@" of the script
	local unshare=(unshare --net --mount --pid --fork --mount-proc --kill-child)
	[ -z "$own_network" ] || return 0
	"${unshare[@]}" ip link set lo up 2>/dev/null || return 0
	rm -rf "$scratch"
	exec env TEVENT_RELINK_OWN_NETWORK=yes "${unshare[@]}" -- "$0" "$@"
}
require_own_network() { # "$@" of the script
	enter_own_network "$@"
	[ -n "$own_network" ] && return 0
	say "skipped: the ports are fixed, and this machine allows no network namespace (unshare --net)"
	exit 77
}
[ -z "$own_network" ] || ip link set lo up

# Results that are compared with the control instead of judged: one line for each test of a part.  A part can be run
# again by itself: run_case passes its name after LIBDIR.
note_result() { # part, test, "success" or something else
	[ -z "${TEVENT_RELINK_RESULTS:-}" ] || printf '%s\t%s\t%s\n' "$@" >>"$TEVENT_RELINK_RESULTS"
}

clean_up() {
	local status=$? pid
	trap - EXIT INT TERM
	for pid in "${started[@]}"; do
		# Each one leads its own process group: this ends its children too.
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

# Runs a program on our library in the background, in its own process group; its pid is in $pid.
start() {
	setsid env LD_LIBRARY_PATH="$libdir" "$@" <&0 &
	pid=$!
	started+=("$pid")
}

# Runs a program to its end on our library, for at most SECONDS, and checks with the loader which libtevent it
# used: /proc has no entry for a program that has ended.
run_shown() { # SECONDS, command...
	local limit=$1 status=0 taken loader
	shift
	loader=$(mktemp -d "$scratch/loader.XXXXXX")
	env LD_LIBRARY_PATH="$libdir" LD_DEBUG=libs LD_DEBUG_OUTPUT="$loader/of" timeout -k 5 "$limit" "$@" || status=$?
	taken=$(cat "$loader"/of.* | awk '/calling init: .*\/libtevent\.so[^\/]*$/ { print $NF }' | sort -u | xargs -r realpath | sort -u)
	rm -rf "$loader"
	[ "$taken" = "$library" ] || fail "$1 took ${taken:-no libtevent at all}, not $library"
	return "$status"
}

# wait_until SECONDS COMMAND...: repeats the command until it succeeds, for at most SECONDS.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# A port on loopback without a listener.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
	local port
	while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
		listens "$port" || break
	done
	echo "$port"
}

is_running() { kill -0 "$1" 2>/dev/null; }

# The files named libtevent.so... that a process has mapped.
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

# The exit status of a process that start() started; 124 if it has not ended after SECONDS.
end_of() { # SECONDS, pid
	wait_until "$1" runs_no_more "$2" || return 124
	wait "$2"
}
runs_no_more() { ! is_running "$1"; }
