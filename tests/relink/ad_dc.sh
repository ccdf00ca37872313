#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# ad_dc.sh LIBDIR: a Samba AD domain controller, Debian's, unchanged, on the library in LIBDIR.  samba-tool provisions a
# domain, `samba` serves it with all its services: queries over ldapi and ldap, users are created and listed,
# passwords set and changed (the old one is refused then), the share and winbindd know the new user.
#
# Ports are fixed and the socket of winbindd is compiled in, so it needs its own namespaces.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_samba.sh"
require_root "$@"
require_own_network "$@"

require samba samba
require samba-tool samba-common-bin
require ldbsearch ldb-tools
require ldapsearch ldap-utils
require smbclient smbclient
require wbinfo winbind
for file in /usr/share/samba/setup/provision.ldif:samba-ad-provision \
	"$(dirname "$(readlink -f "$(command -v ldbsearch)")")/../lib/$(uname -m)-linux-gnu/samba/ldb/samba_dsdb.so:samba-dsdb-modules"; do
	if [ ! -e "${file%:*}" ]; then
		say "skipped: ${file%:*} is not installed (Debian: ${file#*:})"
		exit 77
	fi
done
enter_own_run

# Name lookups use this server only.
chmod 755 "$scratch"
mkdir "$scratch/log"
printf 'nameserver %s\nsearch tevent.test\n' "$samba_address" >"$scratch/resolv.conf"
printf '127.0.0.1 localhost\n%s dc.tevent.test dc\n' "$samba_address" >"$scratch/hosts"
mount --bind "$scratch/resolv.conf" /etc/resolv.conf
mount --bind "$scratch/hosts" /etc/hosts

dc=$scratch/dc
smb_conf=$dc/etc/smb.conf
export KRB5_CONFIG=$dc/private/krb5.conf
admin='Administrator%Passw0rd.1'
ldapi="ldapi://${scratch//\//%2F}%2Fdc%2Fprivate%2Fldapi"
ldap=ldap://$samba_address
base=DC=tevent,DC=test

shown() { # command...: its output, and a failure with it
	local said
	said=$(run_shown 120 "$@" 2>&1 </dev/null) || fail "$*: $said"
	printf '%s\n' "$said"
}
expect() { # wanted, what to say, command...
	local wanted=$1 what=$2 said
	shift 2
	said=$(shown "$@") || fail "$what: $said"
	grep -qE "$wanted" <<<"$said" || fail "$what: no '$wanted' in: $said"
	say "  $what: $(grep -m 1 -E "$wanted" <<<"$said")"
}
refused() { # wanted, what to say, command...
	local wanted=$1 what=$2 said
	shift 2
	! said=$(run_shown 120 "$@" 2>&1 </dev/null) || fail "$what is not refused: $said"
	grep -qE "$wanted" <<<"$said" || fail "$what: no '$wanted' in: $said"
	say "  $what is refused: $(grep -m 1 -oE "$wanted" <<<"$said")"
}

# ---- a domain ---------------------------------------------------------------------------------------------------

printf '[global]\n' >"$scratch/empty.conf"
shown samba-tool domain provision --configfile="$scratch/empty.conf" --targetdir="$dc" \
	--realm=TEVENT.TEST --domain=TEVENT --host-name=dc --host-ip="$samba_address" --server-role=dc \
	--dns-backend=SAMBA_INTERNAL --use-rfc2307 --adminpass="${admin#*%}" \
	--option="interfaces=$samba_address/24 127.0.0.1/8" --option="bind interfaces only=yes" >"$scratch/log/provision"
grep -q '^DOMAIN SID\|DOMAIN SID:' "$scratch/log/provision" || fail "provision: $(tail -n 5 "$scratch/log/provision")"
mkdir -p "$dc/pid"
sed -i "/^\[global\]/r /dev/stdin" "$smb_conf" <<-END
	log file = $scratch/log/%m.log
	pid directory = $dc/pid
	ncalrpc dir = $dc/ncalrpc
	ntp signd socket directory = $dc/ntp_signd
	ldap server require strong auth = no
	dns update command = /bin/true
	spn update command = /bin/true
	gpo update command = /bin/true
	panic action =
	load printers = no
	printcap name = /dev/null
	disable spoolss = yes
END
shown samba-tool domain passwordsettings set --min-pwd-age=0 -H "$dc/private/sam.ldb" \
	--configfile="$smb_conf" >"$scratch/log/passwordsettings"
say "  samba-tool provisioned TEVENT.TEST"

start samba --foreground --no-process-group --configfile="$smb_conf" >"$scratch/log/out" 2>&1 </dev/null
samba=$pid
answers() {
	{ [ -S "$dc/private/ldapi" ] && (exec 3<>"/dev/tcp/$samba_address/389" 4<>"/dev/tcp/$samba_address/445") 2>/dev/null &&
		run_shown 20 wbinfo -p; } >/dev/null 2>&1 || ! is_running "$samba"
}
wait_until 120 answers || true
is_running "$samba" || { show_log; fail "samba did not start"; }

# ---- questions --------------------------------------------------------------------------------------------------

conf=--configfile=$smb_conf
expect '^dn: CN=Administrator,CN=Users,' "ldapi" \
	ldbsearch "$conf" -H "$ldapi" -U "$admin" -b "$base" '(sAMAccountName=Administrator)' dn
expect '^dn: CN=Administrator,CN=Users,' "ldap" \
	ldbsearch "$conf" -H "$ldap" -U "$admin" -b "$base" '(sAMAccountName=Administrator)' dn

for user in alice bob carol; do
	expect "User '$user' added" "create" \
		samba-tool user create "$user" Secret.123 "$conf" -H "$ldap" -U "$admin"
done
users=$(shown samba-tool user list "$conf" -H "$ldap" -U "$admin" | sort | paste -sd ' ')
[ "$users" = "Administrator Guest alice bob carol krbtgt" ] || fail "user list: $users"
say "  list: $users"
shown samba-tool user delete bob "$conf" -H "$ldap" -U "$admin" >/dev/null
refused 'Unable to find user' "a user that was deleted" samba-tool user show bob "$conf" -H "$ldap" -U "$admin"

# OpenLDAP's client does not use tevent: it is an independent client.
bind_as() { # password
	ldapsearch -x -H "$ldap" -D alice@tevent.test -w "$1" -b "$base" '(sAMAccountName=alice)' sAMAccountName 2>&1 </dev/null
}
binds() { # password
	local said
	said=$(bind_as "$1") || fail "alice can't bind with $1: $said"
	grep -q '^sAMAccountName: alice$' <<<"$said" || fail "alice does not find herself: $said"
	say "  ldapsearch as alice, password $1: found"
}
binds_not() { # password
	local said
	! said=$(bind_as "$1") || fail "alice binds with $1: $said"
	grep -q 'Invalid credentials' <<<"$said" || fail "alice and the password $1: $said"
	say "  ldapsearch as alice, password $1: Invalid credentials"
}
binds Secret.123
expect 'Changed password OK' "set a password" \
	samba-tool user setpassword alice --newpassword=Other.456 "$conf" -H "$ldap" -U "$admin"
binds Other.456
binds_not Wrong.000
expect 'Changed password OK' "change one's own" \
	samba-tool user password "$conf" -U alice%Other.456 --newpassword=Third.789 --ipaddress="$samba_address"
binds Third.789

expect 'tevent\.test' "the share sysvol, as alice" \
	smbclient "$conf" //dc.tevent.test/sysvol -U alice%Third.789 -c ls
refused 'NT_STATUS_LOGON_FAILURE' "a wrong password at the share" \
	smbclient "$conf" //dc.tevent.test/sysvol -U alice%Wrong.000 -c ls
expect '^S-1-5-21-.* SID_USER' "winbindd" wbinfo --name-to-sid alice

show_all_called '^(samba|smbd|smbd-notifyd|winbindd|cleanupd|tfork.*|.*\[task\]|wb\[.*)$'
is_running "$samba" || fail "samba is gone"
end_by_sigterm "$samba" samba 127
gone() { ! pgrep -f -- "--configfile=$smb_conf" >/dev/null; }
wait_until 30 gone || fail "children of samba are left: $(pgrep -a -f -- "--configfile=$smb_conf" | head -n 5)"
no_panic
say "AD domain controller: provisioned, served, ended"
