#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# swap.sh SOURCE LIBRARY: tools/swap lists a process that this script started, with the library that it has loaded; it
# detects a replaced file and a process that ignores LD_LIBRARY_PATH; and the commands that it prints for a service
# work, in a directory tree that stands for the system.

set -euo pipefail
swap=$1/tools/swap
library=$2
python=/usr/bin/python3
[ -x "$python" ] || {
	echo "skipped: $python is not installed"
	exit 77
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-swap.XXXXXX")
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	[ ! -e "$scratch/output" ] || head -n 60 "$scratch/output" >&2
	exit 1
}
expect() { # extended regular expression that a line of the output has to match as a whole
	grep -qxE -- "$1" "$scratch/output" || fail "no line '$1' in what tools/swap printed:"
}

# A process that loads FILE, prints a line, and waits; it ends with this script.
start_with() { # file, command to start it with...
	local file=$1 ready
	shift
	mkfifo "$scratch/ready"
	"$@" "$python" -c 'import ctypes, sys, signal
ctypes.CDLL(sys.argv[1])
print("ready", flush=True)
signal.pause()' "$file" >"$scratch/ready" </dev/null &
	pid=$!
	started+=("$pid")
	read -r ready <"$scratch/ready" || fail "the process did not start"
	rm "$scratch/ready"
}

mkdir "$scratch/lib"
cp "$library" "$scratch/lib/libtevent.so.0"
build_id=$(readelf -n "$library" | sed -n 's/.*Build ID: //p')

# ---- the list --------------------------------------------------------------------------------------------------

start_with "$scratch/lib/libtevent.so.0" env
"$swap" >"$scratch/output"
expect "  \[[0-9]+\] $scratch/lib/libtevent\.so\.0: 1 process"
number=$(sed -n "s|^  \(\[[0-9]*\]\) $scratch/lib/.*|\1|p" "$scratch/output")
expect " +$pid +${number//[\[\]]/.} .* python3"
grep -A 2 -F "$scratch/lib/libtevent.so.0:" "$scratch/output" >"$scratch/about"
grep -qxF "      version 0.17.2, SONAME libtevent.so.0, build id $build_id" "$scratch/about" || fail "version or build id"
grep -qxF "      no package" "$scratch/about" || fail "a package is said to have brought the library"
! grep -A 1 " $pid " "$scratch/output" | grep -q '!' || fail "a note about a process that deserves none"
say "  the list has the process, its library, version and build id"

# Another file replaces it, as in an upgrade.
cp "$library" "$scratch/lib/new"
mv "$scratch/lib/new" "$scratch/lib/libtevent.so.0"
"$swap" >"$scratch/output"
expect "  \[[0-9]+\] $scratch/lib/libtevent\.so\.0 \(deleted\): 1 process"
grep -A 1 " $pid " "$scratch/output" | grep -q '! the file was replaced' || fail "the file was replaced, and no note says so"
if [ "$(id -u)" -eq 0 ]; then
	# The kernel shows root the mapped file, though it has no path.
	expect "      version 0\.17\.2, SONAME libtevent\.so\.0, build id $build_id"
fi
say "  a library that was replaced on disk is noticed"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	start_with "$scratch/lib/libtevent.so.0" setpriv --ruid 65534 --
	"$swap" >"$scratch/output"
	grep -A 1 " $pid " "$scratch/output" | grep -q '! secure mode: ignores LD_LIBRARY_PATH' ||
		fail "process $pid runs with another effective user id, and no note says so"
	"$swap" "$pid" "$scratch/lib" >"$scratch/output"
	expect "  ! process $pid .* runs in secure mode .*"
	say "  a process in secure mode is noticed"
fi

# ---- the commands ----------------------------------------------------------------------------------------------

start_with "$scratch/lib/libtevent.so.0" env
"$swap" "$pid" "$scratch/lib" >"$scratch/output"
expect " +$pid python3: $scratch/lib/libtevent\.so\.0"
if grep -q 'belongs to no systemd service' "$scratch/output"; then
	expect "    LD_LIBRARY_PATH=$scratch/lib $python -c .*"
fi
expect "Nothing was changed\."

# A process as /proc shows it with systemd and AppArmor.
fake=$scratch/proc/4711
mkdir -p "$fake/attr/apparmor"
printf '7f0000000000-7f0000001000 r-xp 00000000 08:01 12 %s\n' "$library" >"$fake/maps"
echo "0::/system.slice/example.service" >"$fake/cgroup"
echo exampled >"$fake/comm"
printf 'exampled\0--fore ground\0' >"$fake/cmdline"
printf 'HOME=/\0LD_LIBRARY_PATH=/else/where\0' >"$fake/environ"
echo '/usr/sbin/exampled (enforce)' >"$fake/attr/apparmor/current"
"$swap" --proc "$scratch/proc" >"$scratch/output"
expect " +4711 \[1\] +example\.service +exampled"
expect " +! AppArmor: /usr/sbin/exampled"
for what in 4711 example example.service; do
	"$swap" --proc "$scratch/proc" "$what" "$scratch/lib" >"$scratch/output"
	expect " +4711 exampled: $library"
	expect "  ! process 4711 \(exampled\) is confined by the AppArmor profile /usr/sbin/exampled.*"
	expect "  ! process 4711 \(exampled\) was started with LD_LIBRARY_PATH=/else/where"
	expect "To try it under example\.service:"
done
say "  a service is known by its process and by its name; AppArmor is noticed"

# The printed commands, with a stand-in for the system: sudo only for paths in the scratch directory.
mkdir -p "$scratch/bin" "$scratch/etc/systemd/system"
printf '#!/bin/sh\nexec "$@"\n' >"$scratch/bin/sudo"
printf '#!/bin/sh\necho "systemctl $*" >>"%s"\n' "$scratch/called" >"$scratch/bin/systemctl"
chmod 755 "$scratch"/bin/*
commands() { # heading: the indented lines below it
	awk -v heading="$1" 'index($0, heading) == 1 { on = 1; next } on && /^[^ ]/ { exit } on' "$scratch/output" |
		sed "s|/etc/systemd/system|$scratch/etc/systemd/system|g"
}
drop_in=$scratch/etc/systemd/system/example.service.d
commands "To try it under" >"$scratch/try"
PATH=$scratch/bin:$PATH bash -e "$scratch/try" >/dev/null
[ "$(cat "$drop_in/tevent.conf")" = "[Service]"$'\n'"Environment=\"LD_LIBRARY_PATH=$scratch/lib\"" ] ||
	fail "the drop-in is: $(cat "$drop_in/tevent.conf")"
commands "To go back" >"$scratch/back"
PATH=$scratch/bin:$PATH bash -e "$scratch/back" >/dev/null
[ ! -e "$drop_in" ] || fail "the commands to go back leave $drop_in behind"
[ "$(cat "$scratch/called")" = "$(printf 'systemctl %s\n' daemon-reload 'restart example.service' \
	daemon-reload 'restart example.service')" ] || fail "systemctl was called so: $(cat "$scratch/called")"
commands "To see that it is used" >"$scratch/see"
bash -n "$scratch/see" || fail "what shows that it is used is no shell command"
say "  the printed commands make the drop-in, and take it back"

# ---- what it does not know -------------------------------------------------------------------------------------

refuses() { # arguments...
	local status=0
	"$swap" --proc "$scratch/proc" "$@" >"$scratch/output" 2>"$scratch/message" || status=$?
	[[ $status -eq 2 && ! -s $scratch/output && $(wc -l <"$scratch/message") -eq 1 ]] ||
		fail "$*: exit status $status, $(cat "$scratch/message")"
}
refuses no-such-service
refuses no-such-service@1.service "$scratch/lib"
refuses ../system/example "$scratch/lib"
refuses 4712
refuses example "$scratch/lib" another
# A service that is not running is known by its file.
file=$(find /usr/lib/systemd/system /lib/systemd/system -name '[a-z]*.service' 2>/dev/null | grep -v @ | head -n 1 || true)
if [ -n "$file" ]; then
	"$swap" --proc "$scratch/proc" "$(basename "$file" .service)" "$scratch/lib" >"$scratch/output"
	expect "To try it under $(basename "$file"):"
fi
"$swap" --proc "$scratch/proc" --list >"$scratch/output"
expect "example\.service +service"
expect "4711 +exampled"
say "  what is neither a service nor a process is refused"

! "$swap" --proc "$scratch/proc" example "$scratch/bin" >"$scratch/output" 2>&1 || fail "a directory without a library is accepted"
say "tools/swap: lists, notices, prints; changes nothing"
