#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# sssd.sh LIBDIR: Debian's sssd, unchanged, on the library in LIBDIR: the monitor, a back end for a domain of files,
# one for a domain that is a proxy for libnss_files and PAM, the responders for names, PAM and D-Bus.  Names are looked
# up through it, passwords checked, sssctl queried.
#
# Rules: A2

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

. "$(dirname "$0")/lib_own_sssd.sh"
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_loaded.sh"
require sssd sssd-common
require sssctl sssd-tools
[ -e /usr/libexec/sssd/sssd_ifp ] || require sssd_ifp sssd-dbus
[ -e /usr/libexec/sssd/proxy_child ] || require proxy_child sssd-proxy
. "$(dirname "$0")/lib_bus.sh"

export LC_ALL=C
people=120

# ---- a system of its own ---------------------------------------------------------------------------------------

make_own_sssd
mount -t tmpfs -o mode=755 tmpfs /etc/pam.d

# passwd and group of the domain `files`; the domain `proxy` reads its files in the place of the system's.
for ((i = 1; i <= people; i++)); do
	echo "reader$i:x:$((30000 + i)):30000:Reader $i:/home/reader$i:/bin/sh"
done >"$scratch/people"
echo "readers:x:30000:$(seq -s, -f reader%.0f 1 "$people")" >"$scratch/groups"
{
	grep -E '^(root|nobody|sssd|messagebus):' /etc/passwd
	echo "writer:x:40001:40000:A Writer:/home/writer:/bin/sh"
} >"$scratch/passwd"
{
	grep -E '^(root|nogroup|sssd|messagebus):' /etc/group
	echo "writers:x:40000:writer"
} >"$scratch/group"
password='open sesame'
echo "writer:$(openssl passwd -6 "$password"):19000:0:99999:7:::" >"$scratch/shadow"
printf 'passwd: files\ngroup: files\nshadow: files\n' >"$scratch/nsswitch.conf"
for file in passwd group shadow nsswitch.conf; do
	mount --bind "$scratch/$file" "/etc/$file"
done
printf '%s\n' 'auth required pam_sss.so' 'account required pam_sss.so' >/etc/pam.d/relink
printf '%s\n' 'auth required pam_unix.so' 'account required pam_unix.so' >/etc/pam.d/relink_target
cp /etc/pam.d/relink /etc/pam.d/system-auth

cat >/etc/sssd/sssd.conf <<END
[sssd]
services = nss, pam, ifp
domains = files, proxy
[domain/files]
id_provider = files
passwd_files = $scratch/people
group_files = $scratch/groups
[domain/proxy]
id_provider = proxy
proxy_lib_name = files
auth_provider = proxy
proxy_pam_target = relink_target
min_id = 40000
max_id = 40099
END
chmod 600 /etc/sssd/sssd.conf

# ---- up --------------------------------------------------------------------------------------------------------

give_up() { # why
	tail -n 30 "$scratch/sssd.log"
	fail "$1"
}

start_bus /run/dbus/system_bus_socket
start env LD_DEBUG=files LD_DEBUG_OUTPUT="$loads/process" sssd -i >"$scratch/sssd.log" 2>&1 </dev/null
sssd=$pid

lookup() { timeout 30 getent -s sss "$@"; }
answers() { lookup passwd reader1 >/dev/null || ! is_running "$sssd"; }
wait_until 60 answers || give_up "sssd does not answer"
is_running "$sssd" || give_up "sssd ended"
has_name() { dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
	org.freedesktop.DBus.NameHasOwner string:org.freedesktop.sssd.infopipe 2>&1 | grep -q 'boolean true'; }
wait_until 60 has_name || give_up "sssd_ifp is not on the bus"

show_mapped "$sssd" "the monitor"
processes=$(cat "/proc/$sssd/task/$sssd/children")
for process in $processes; do
	show_mapped "$process" "$(tr '\0' ' ' <"/proc/$process/cmdline" | cut -d' ' -f 1-3 | sed 's/.*\///')"
done
# Two back ends, three responders.
[ "$(wc -w <<<"$processes")" -eq 5 ] || give_up "sssd has these children: $processes, five were expected"

# ---- names -----------------------------------------------------------------------------------------------------

expect_lookup() { # what it has to print, arguments of getent...
	local wanted=$1 got
	shift
	got=$(lookup "$@") || true
	[ "$got" = "$wanted" ] || give_up "getent -s sss $*: '$got', not '$wanted'"
}
# Entries in the memory cache are not queried again: names and numbers are different entries there, clients as well.
while IFS=: read -r name _ uid _; do
	lookup passwd "$name" "$uid"
done <"$scratch/people" >"$scratch/answers"
sed p "$scratch/people" | cmp -s - "$scratch/answers" || give_up "the domain files answers something else"
expect_lookup "$(cat "$scratch/groups")" group readers
expect_lookup "$(cat "$scratch/groups")" group 30000
# A proxy domain shows no field for a password.
expect_lookup "$(sed -n '/^writer:/s/:x:/:*:/p' /etc/passwd)" passwd writer
expect_lookup "$(sed -n '/^writer:/s/:x:/:*:/p' /etc/passwd)" passwd 40001
expect_lookup "$(sed -n '/^writers:/s/:x:/:*:/p' /etc/group)" group writers
expect_lookup "" passwd nobody
expect_lookup "" passwd root
say "  getent -s sss: $people users twice each, two groups, a user of the proxy domain; others unknown"

# The back end watches its files.
echo "late:x:31000:30000:Late:/home/late:/bin/sh" >>"$scratch/people"
is_late() { [ "$(lookup passwd late)" = "$(grep ^late: "$scratch/people")" ]; }
wait_until 60 is_late || give_up "a user who joined the file is not found"
say "  a user who joined the file is found"

# ---- sssctl, D-Bus, PAM ----------------------------------------------------------------------------------------

ask() { on_library 60 sssctl "$@" 2>&1; }
[ "$(ask domain-list | sort | tr '\n' ' ')" = "files proxy " ] || { ask domain-list; give_up "sssctl domain-list"; }
state=$(ask domain-status files) || give_up "sssctl domain-status: $state"
grep -q '^Online status: Online' <<<"$state" || give_up "sssctl domain-status: $state"
say "  sssctl domain-list: files, proxy; domain-status: online"

user=$(ask user-checks -a acct -s relink reader7) || give_up "sssctl user-checks: $user"
for wanted in 'user: reader7' ' - user id: 30007' ' - gecos: Reader 7' 'pam_acct_mgmt: Success'; do
	grep -qxF -- "$wanted" <<<"$user" || give_up "sssctl user-checks does not say '$wanted': $user"
done
say "  sssctl user-checks: reader7, account management by PAM: success"

check_password() { ask user-checks -a auth -s relink writer <<<"$1"; }
answer=$(check_password "$password") || true
grep -q 'pam_authenticate for user \[writer\]: Success' <<<"$answer" || give_up "the right password: $answer"
answer=$(check_password "${password}x") || true
grep -q 'pam_authenticate for user \[writer\]: Authentication failure' <<<"$answer" ||
	give_up "a wrong password: $answer"
say "  sssctl user-checks: writer's password, checked by a child of the proxy: right and wrong are distinguished"

# ---- a restart of one service, the end -------------------------------------------------------------------------

nss=$(pgrep -x -P "$sssd" sssd_nss)
kill -KILL "$nss"
rm -f /var/lib/sss/mc/*
is_back() { ! is_running "$nss" && [ "$(lookup passwd reader9)" = "$(grep ^reader9: "$scratch/people")" ]; }
wait_until 60 is_back || give_up "sssd_nss was killed and does not come back"
say "  sssd_nss was killed: the monitor started another, which answers"

# The monitor's children end with it.
processes=$(cat "/proc/$sssd/task/$sssd/children")
kill -TERM "$sssd"
status=0
end_of 60 "$sssd" || status=$?
[ "$status" -eq 0 ] || give_up "sssd: exit status $status after SIGTERM"
are_gone() { ! kill -0 $processes 2>/dev/null; }
wait_until 30 are_gone || give_up "children of sssd outlive it"
# Six, the other sssd_nss, at least one proxy_child; four calls of sssctl that speak with sssd.
grep -qs 'initialize program:.*proxy_child' "$loads"/process.* || give_up "no proxy_child was at work"
show_loaded 12 "all of sssd, and sssctl"
say "sssd: names, passwords, sssctl, restart of a service, clean end"
