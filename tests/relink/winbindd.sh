#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# winbindd.sh LIBDIR: Debian's winbindd and nmbd, unchanged, on the library in LIBDIR: they start, answer wbinfo and
# nmblookup (as they should, and what they should refuse), and end by SIGTERM.
#
# winbindd's socket and NetBIOS' ports are compiled in, so it needs its own namespaces.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_samba.sh"
require_root "$@"
require_own_network "$@"

require winbindd winbind
require wbinfo winbind
require nmbd samba
require nmblookup samba-common-bin
enter_own_run

{
	samba_global
	cat <<-END
		workgroup = TEVENTGROUP
		server role = standalone server
		interfaces = $samba_address/24
		local master = yes
		preferred master = yes
		wins support = yes
		idmap config * : backend = tdb
		idmap config * : range = 100000-199999
	END
} >"$scratch/smb.conf"

printf 'secret\nsecret\n' | run_shown 20 pdbedit -s "$scratch/smb.conf" -a -t -u nobody >"$scratch/log/pdbedit" 2>&1 ||
	{ cat "$scratch/log/pdbedit"; fail "pdbedit"; }

# answer WANTED COMMAND...: the command succeeds and prints what matches.
answer() {
	local wanted=$1 said
	shift
	said=$(run_shown 60 "$@" 2>&1 </dev/null) || fail "$*: $said"
	grep -qE "$wanted" <<<"$said" || fail "$*: no '$wanted' in: $said"
	printf '  %-44s %s\n' "$*" "$(grep -m 1 -E "$wanted" <<<"$said")"
}
refusal() { # wanted, command...
	local wanted=$1 said
	shift
	! said=$(run_shown 60 "$@" 2>&1 </dev/null) || fail "$* succeeded: $said"
	grep -qE "$wanted" <<<"$said" || fail "$*: no '$wanted' in: $said"
	printf '  %-44s refused: %s\n' "$*" "$(grep -m 1 -oE "$wanted" <<<"$said")"
}

# ---- winbindd ---------------------------------------------------------------------------------------------------

start winbindd --foreground --no-process-group --configfile="$scratch/smb.conf" >"$scratch/log/winbindd.out" 2>&1 </dev/null
winbindd=$pid
pings() { run_shown 20 wbinfo -p >/dev/null 2>&1 || ! is_running "$winbindd"; }
wait_until 60 pings || true
is_running "$winbindd" || { show_log; fail "winbindd did not start"; }
answer 'succeeded' wbinfo -p
answer '^TEVENTGROUP$' wbinfo --own-domain
answer '^TEVENT$' wbinfo --all-domains
answer '^TEVENT : active connection' wbinfo --online-status
answer '^S-1-5-21-.* SID_USER' wbinfo --name-to-sid 'TEVENT\nobody'
sid=$(run_shown 60 wbinfo --name-to-sid nobody | cut -d ' ' -f 1)
answer '\\nobody 1$' wbinfo --sid-to-name "$sid"
answer '^BUILTIN\\Administrators 4$' wbinfo --sid-to-name S-1-5-32-544
answer '^Name *: TEVENT$' wbinfo --domain-info TEVENT
answer '^New gid: 100000$' wbinfo --allocate-gid
answer 'challenge/response password authentication succeeded' wbinfo --authenticate 'TEVENT\nobody%secret'
refusal 'NT_STATUS_WRONG_PASSWORD' wbinfo --authenticate 'TEVENT\nobody%wrong'
refusal 'Could not lookup name' wbinfo --name-to-sid 'TEVENT\nosuchname'

# Many at once: each has its own connection.
many=()
for ((i = 0; i < 20; i++)); do
	env LD_LIBRARY_PATH="$libdir" timeout 60 wbinfo --name-to-sid nobody >"$scratch/many.$i" 2>&1 &
	many+=("$!")
done
for ((i = 0; i < 20; i++)); do
	wait "${many[i]}" || fail "wbinfo $i of 20 at once: $(cat "$scratch/many.$i")"
	grep -q "^$sid " "$scratch/many.$i" || fail "wbinfo $i of 20 at once: $(cat "$scratch/many.$i")"
done
say "  20 wbinfo at once"
show_all_called '^(winbindd|wb\[.*)$'
end_by_sigterm "$winbindd" winbindd

# ---- nmbd -------------------------------------------------------------------------------------------------------

start nmbd --foreground --no-process-group --configfile="$scratch/smb.conf" >"$scratch/log/nmbd.out" 2>&1 </dev/null
nmbd=$pid
lookup=(nmblookup --configfile="$scratch/smb.conf")
# It answers broadcast queries some seconds after its start.
knows() { run_shown 20 "${lookup[@]}" TEVENT >/dev/null 2>&1 || ! is_running "$nmbd"; }
wait_until 100 knows || true
is_running "$nmbd" || { show_log; fail "nmbd did not start"; }
answer "^${samba_address//./\\.} TEVENT<00>" "${lookup[@]}" TEVENT
answer "^${samba_address//./\\.} TEVENT<20>" "${lookup[@]}" -U "$samba_address" 'TEVENT#20'
answer 'TEVENTGROUP +<1e> - <GROUP>' "${lookup[@]}" -A "$samba_address"
refusal 'failed to find name NOSUCH' "${lookup[@]}" -U "$samba_address" NOSUCH
show_all_called '^nmbd$'
end_by_sigterm "$nmbd" nmbd
no_panic
say "winbindd, nmbd: started, answered, ended"
