#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smbtorture.sh LIBDIR [SUITE...]: Debian's smbtorture, unchanged, runs its suites local.* on the library in LIBDIR, or
# the suites named.  local.event is about this library: every test that `smbtorture --list` names has to succeed.
# The results of the others are compared with those on the system's library.
#
# Unsteady on the system's library as well, on a busy machine (6 of 300 runs): the fd1 tests of local.event, which give
# the loop one millisecond.  local.event is run again, at most twice, if nothing else failed.
#
# The short form leaves out long suites about other subjects: talloc, character sets, databases.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_samba.sh"
enter_own_network "$@"
shift

require smbtorture samba-testsuite

side_by_side=4
long=(local.dbspeed local.iconv local.talloc)

# Its own empty configuration: the machine's smb.conf must not matter.
configure() { # directory
	local kind
	mkdir "$1"
	{
		say "[global]"
		say "netbios name = TEVENT"
		say "interfaces = 127.0.0.1/8"
		say "bind interfaces only = yes"
		say "private dir = $1/private"
		mkdir "$1/private"
		for kind in lock state cache pid; do
			mkdir "$1/$kind"
			say "$kind directory = $1/$kind"
		done
	} >"$1/smb.conf"
}

run_suite() { # suite
	local dir=$scratch/$1 status=0
	rm -rf "$dir"
	configure "$dir"
	cd "$dir"
	run_shown 200 smbtorture -s smb.conf ncacn_np:localhost "$1" >output 2>&1 </dev/null || status=$?
	say "$status" >status
}

only_fd1_failed() { # suite
	tests_of "$scratch/$1/output" | awk -F '\t' '$2 != "success" { n++; if ($1 !~ /\.fd1$/) other++ } END { exit !(n && !other) }'
}

report_suite() { # suite
	local dir=$scratch/$1 status name outcome succeeded=0 others=0
	[ -s "$dir/status" ] || { tail -n 40 "$dir/output"; fail "smbtorture $1 did not run on $library"; }
	status=$(cat "$dir/status")
	while IFS=$'\t' read -r name outcome; do
		note_result "$1" "$name" "$outcome"
		[ "$outcome" = success ] && succeeded=$((succeeded + 1)) || others=$((others + 1))
	done < <(tests_of "$dir/output")
	note_result "$1" "exit status 0" "$([ "$status" -eq 0 ] && echo success || echo "$status")"
	printf '  %-30s %4d success, %3d something else, exit status %d\n' "$1" "$succeeded" "$others" "$status"
	[ "$1" = local.event ] || return 0

	local expected
	expected=$(grep -c '^local\.event\.' "$scratch/list" || true)
	if [ "$status" -ne 0 ] || [ "$succeeded" -ne "$expected" ] || [ "$others" -ne 0 ] || [ "$expected" -eq 0 ]; then
		tail -n 20 "$dir/output"
		grep -A 4 -E '^(failure|error)' "$dir/output" || true
		fail "smbtorture local.event: $succeeded of $expected tests are success, $others are not, exit status $status"
	fi
}

configure "$scratch/listing"
cd "$scratch/listing"
run_shown 60 smbtorture -s smb.conf --list >"$scratch/list" 2>err ||
	fail "smbtorture --list: $(tail -n 3 err)"
run_shown 60 smbtorture -s smb.conf --list-suites 2>err | tr ' ' '\n' | grep '^local\.' | sort -u >"$scratch/suites" ||
	fail "smbtorture --list-suites: $(tail -n 3 err)"

if [ $# -eq 0 ]; then
	mapfile -t suites <"$scratch/suites"
	if [ -z "$full" ]; then
		mapfile -t suites < <(printf '%s\n' "${suites[@]}" | grep -Fvx -f <(printf '%s\n' "${long[@]}"))
		say "left out in the short form: ${long[*]}"
	fi
	set -- "${suites[@]}"
fi

run_suites "$@"
for round in 2 3; do
	[ -f "$scratch/local.event/output" ] && only_fd1_failed local.event || break
	say "local.event, round $round: only fd1 failed"
	(trap - EXIT; run_suite local.event)
done
for suite; do
	report_suite "$suite"
done
say "smbtorture: $# suites"
