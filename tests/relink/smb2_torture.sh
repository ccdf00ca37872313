#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smb2_torture.sh LIBDIR [SUITE...]: Debian's smbtorture attacks Debian's smbd, both on the library in LIBDIR.  What
# succeeds with the system's library has to succeed here.
#
# Left out, tests that wait for a minute or for ever on either library: `never_end`; and two in which Debian's smbd
# panics on either: `panics`.  No unsteady test is exempted by name; run_case repeats a suite on both libraries if
# it differs.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_samba.sh"
require_root "$@"
enter_own_network "$@"
shift

require smbd samba
require smbtorture samba-testsuite

# Suites, and whole tests where a suite takes long.
short=(smb2.connect smb2.read smb2.create smb2.compound smb2.credits smb2.lock smb2.rw smb2.compound_async
	smb2.notify-inotify smb2.sharemode smb2.tcon smb2.rename smb2.streams smb2.oplock smb2.lease smb2.notify smb2.bench)
more=(smb2.dir smb2.session smb2.getinfo smb2.ioctl smb2.durable-open smb2.compound_find smb2.timestamps
	smb2.delete-on-close-perms smb2.fileid smb2.mkdir smb2.maximum_allowed)
never_end='^smb2\.(oplock\.(stream1|batch20|batch22[ab]|levelii501)|lease\.(breaking5|breaking6|timeout.*|unlink)|notify\.(mask|tree|basedir))$'
# assert failed at source3/smbd/fd_handle.c(39): (fh->fd == -1) || (fh->fd == AT_FDCWD)
panics='^smb2\.durable-open\.lock-(oplock|lease)$'
# Ten seconds and more each: not in the short form.
slow='^smb2\.(oplock\.(exclusive6|batch([1269]|9a|1[012]|15))|lease\.(break|oplock|multibreak|breaking[34]|v2_breaking3|breaking4|break_twice|nobreakself|statopen.?))$'

if [ $# -eq 0 ]; then
	set -- "${short[@]}"
	[ -z "$full" ] || set -- "$@" "${more[@]}"
fi
left_out="$never_end|$panics"
[ -n "$full" ] || left_out="$left_out|$slow"
seconds=100
seconds_of_one=40
bench_seconds=2
side_by_side=4

# ---- the server: a share for each suite, as they use the same names -----------------------------------------------

for attempt in 1 2 3 4 5; do
	port=$(free_port)
	configure_smbd "$port"
	for suite; do
		mkdir -p "$scratch/share/$suite"
		chmod 777 "$scratch/share/$suite"
		cat >>"$scratch/smb.conf" <<-END
			[$suite]
			path = $scratch/share/$suite
			read only = no
			ea support = yes
			store dos attributes = yes
			vfs objects = acl_xattr streams_xattr
		END
	done
	start_smbd "$port"
	[ -z "$smbd" ] || break
done
[ -n "$smbd" ] || { show_log; fail "smbd did not start"; }
printf 'secret\nsecret\n' | run_shown 20 pdbedit -s "$scratch/smb.conf" -a -t -u nobody >"$scratch/log/pdbedit" 2>&1 ||
	{ cat "$scratch/log/pdbedit"; fail "pdbedit"; }
show_mapped "$smbd" smbd

# ---- the suites -------------------------------------------------------------------------------------------------

run_shown 60 smbtorture -s "$scratch/smb.conf" --list 2>/dev/null | cut -d . -f 1-3 | sort -u >"$scratch/list" ||
	fail "smbtorture --list"

# A suite as a whole, or selected tests one by one, so that a test that hangs does not affect the others.
operations() { # suite
	if grep -E "^${1//./\\.}\." "$scratch/list" | grep -qE "$left_out"; then
		grep -E "^${1//./\\.}\." "$scratch/list" | grep -vE "$left_out"
	else
		say "$1"
	fi
}

run_suite() { # suite
	local dir=$scratch/run/$1 operation limit=$seconds wanted
	mkdir -p "$dir"
	cd "$dir"
	mapfile -t wanted < <(operations "$1")
	[ "${wanted[0]}" = "$1" ] || limit=$seconds_of_one
	for operation in "${wanted[@]}"; do
		status=0
		run_shown "$limit" smbtorture -s "$scratch/smb.conf" -p "$port" "//127.0.0.1/$1" -U nobody%secret \
			--option=torture:timelimit="$bench_seconds" "$operation" >>output 2>&1 </dev/null || status=$?
		# 124: it was stopped.
		[ "$status" -ne 124 ] || say "error: ${operation##*.}, stopped after $limit s" >>output
	done
	say done >status
}

report_suite() { # suite
	local dir=$scratch/run/$1 name outcome succeeded=0 others=()
	[ -s "$dir/status" ] || { tail -n 20 "$dir/output"; fail "smbtorture $1 did not run on $library"; }
	while IFS=$'\t' read -r name outcome; do
		note_result "$1" "$name" "$outcome"
		[ "$outcome" = success ] && succeeded=$((succeeded + 1)) || others+=("$name")
	done < <(tests_of "$dir/output")
	printf '  %-24s %3d success, %3d something else: %s\n' "$1" "$succeeded" "${#others[@]}" "${others[*]}"
}

run_suites "$@"
for suite; do
	report_suite "$suite"
done
is_running "$smbd" || { show_log; fail "smbd is gone"; }
end_by_sigterm "$smbd" smbd
no_panic
