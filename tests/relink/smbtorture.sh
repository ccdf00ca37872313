#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smbtorture.sh LIBDIR: Debian's smbtorture, unchanged, runs its suite local.event on the library in LIBDIR.
# Every test that `smbtorture --list` names has to report success.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"

require smbtorture samba-testsuite

# Its own empty configuration: what the machine's smb.conf says must not matter.
cd "$scratch"
printf '[global]\n' >smb.conf
for kind in lock state cache pid private; do
	mkdir "$kind"
	if [ "$kind" = private ]; then
		say "private dir = $scratch/private"
	else
		say "$kind directory = $scratch/$kind"
	fi
done >>smb.conf

env LD_LIBRARY_PATH="$libdir" timeout 60 smbtorture -s smb.conf --list >list 2>list.err ||
	fail "smbtorture --list: $(tail -n 3 list.err)"
expected=$(grep -c '^local\.event\.' list || true)
[ "$expected" -gt 0 ] || fail "smbtorture knows no test local.event.*"

start timeout --foreground 200 smbtorture -s smb.conf ncalrpc: local.event >output 2>&1 </dev/null
torture=
find_torture() { torture=$(pidof_child "$pid") || ! is_running "$pid"; }
pidof_child() { # the child of `timeout`, once it is smbtorture
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" = smbtorture ] && echo "$child" && return 0
	done
	return 1
}
wait_until 20 find_torture || true
[ -n "$torture" ] || { cat output; fail "smbtorture did not start"; }
show_mapped "$torture" smbtorture

status=0
wait "$pid" || status=$?

grep -E '^(success|failure|error|skip|xfail|uxsuccess)' output | sed 's/^/  /' || true
succeeded=$(grep -c '^success' output || true)
not_succeeded=$(grep -cE '^(failure|error|skip|xfail|uxsuccess)' output || true)

if [ "$status" -ne 0 ] || [ "$succeeded" -ne "$expected" ] || [ "$not_succeeded" -ne 0 ]; then
	say "--- the last lines of its output"
	tail -n 40 output
	fail "smbtorture local.event: $succeeded of $expected tests are success, $not_succeeded are not, exit status $status"
fi
say "smbtorture local.event: $succeeded of $expected tests are success"
