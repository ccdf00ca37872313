#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# sssd_kcm.sh LIBDIR: Debian's sssd_kcm, unchanged, on the library in LIBDIR, without the rest of sssd: the small
# daemon that stores Kerberos tickets.  MIT's KDC, on a loopback port, issues tickets to several users; they are
# stored, listed, used, kept across a restart, and destroyed.
#
# Rules: A2

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

. "$(dirname "$0")/lib_own_sssd.sh"
. "$(dirname "$0")/lib.sh"
[ -e /usr/libexec/sssd/sssd_kcm ] || require sssd_kcm sssd-kcm
require krb5kdc krb5-kdc
require kadmin.local krb5-admin-server
require kinit krb5-user

make_own_sssd
export LC_ALL=C
chmod 755 "$scratch"
principals=8
password='open sesame'

# ---- a realm ---------------------------------------------------------------------------------------------------

configure() { # port of the KDC
	cat >"$scratch/krb5.conf" <<-END
		[libdefaults]
		default_realm = TEVENT.TEST
		default_ccache_name = KCM:
		kcm_socket = $scratch/kcm.socket
		dns_lookup_kdc = false
		dns_lookup_realm = false
		dns_canonicalize_hostname = false
		rdns = false
		[realms]
		TEVENT.TEST = {
		kdc = 127.0.0.1:$1
		}
	END
	cat >"$scratch/kdc.conf" <<-END
		[kdcdefaults]
		kdc_listen = 127.0.0.1:$1
		kdc_tcp_listen = 127.0.0.1:$1
		[realms]
		TEVENT.TEST = {
		database_name = $scratch/principal
		key_stash_file = $scratch/stash
		acl_file = $scratch/acl
		}
		[logging]
		kdc = FILE:$scratch/kdc.log
		default = FILE:$scratch/kdc.log
	END
}
export KRB5_CONFIG=$scratch/krb5.conf KRB5_KDC_PROFILE=$scratch/kdc.conf
unset KRB5CCNAME
configure 1
kdb5_util create -s -P master >/dev/null 2>&1 || fail "kdb5_util"
{
	for ((i = 1; i <= principals; i++)); do
		echo "add_principal -pw \"$password\" user$i"
	done
	echo "add_principal -randkey host/service.test"
} | KRB5CCNAME=FILE:$scratch/none kadmin.local >"$scratch/kadmin.log" 2>&1 || { cat "$scratch/kadmin.log"; fail "kadmin.local"; }

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
kdc_is_up() { is_listening "$port" || ! is_running "$kdc"; }
kdc=
for attempt in 1 2 3 4 5; do
	port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
	is_listening "$port" && continue
	configure "$port"
	# The KDC is only the peer: it does not use libtevent.
	start krb5kdc -n >"$scratch/kdc.out" 2>&1 </dev/null
	kdc=$pid
	wait_until 30 kdc_is_up || true
	is_running "$kdc" && is_listening "$port" && break
	kdc=
done
[ -n "$kdc" ] || { cat "$scratch/kdc.out"; fail "krb5kdc did not start"; }

# ---- the daemon ------------------------------------------------------------------------------------------------

printf '[sssd]\n[kcm]\nsocket_path = %s\n' "$scratch/kcm.socket" >/etc/sssd/sssd.conf
chmod 600 /etc/sssd/sssd.conf
sssd --genconf-section=kcm >"$scratch/genconf.log" 2>&1 || { cat "$scratch/genconf.log"; fail "sssd --genconf-section"; }

give_up() { # why
	tail -n 20 "$scratch/kcm.log" "$scratch/kdc.log"
	fail "$1"
}
kcm_is_up() { [ -S "$scratch/kcm.socket" ] || ! is_running "$kcm"; }
start_kcm() {
	rm -f "$scratch/kcm.socket"
	start /usr/libexec/sssd/sssd_kcm --uid 0 --gid 0 --logger=stderr >>"$scratch/kcm.log" 2>&1 </dev/null
	kcm=$pid
	wait_until 30 kcm_is_up || true
	is_running "$kcm" && [ -S "$scratch/kcm.socket" ] || give_up "sssd_kcm did not start"
	show_mapped "$kcm" sssd_kcm
}
stop_kcm() {
	local status=0
	kill -TERM "$kcm"
	end_of 60 "$kcm" || status=$?
	[ "$status" -eq 0 ] || give_up "sssd_kcm: exit status $status after SIGTERM"
}
start_kcm

# ---- tickets ---------------------------------------------------------------------------------------------------

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }
holders() { # command prefix...: the owners of the tickets in the collection
	"$@" klist -l | sed -n 's/^\(user[0-9]*\)@TEVENT\.TEST .*/\1/p' | sort | tr '\n' ' '
}
users=$(seq -f 'user%.0f' 1 "$principals")
expected=$(sort <<<"$users" | tr '\n' ' ')

# All at once: the daemon serves them in parallel.  Each names its cache; several that search for a free one may
# find the same.
pids=()
for user in $users; do
	timeout 60 kinit -c "KCM:0:$user" "$user" <<<"$password" >"$scratch/kinit.$user" 2>&1 &
	pids+=("$!")
done
for client in "${pids[@]}"; do
	wait "$client" || { cat "$scratch"/kinit.*; give_up "kinit"; }
done
[ "$(holders env)" = "$expected" ] || give_up "klist -l: $(holders env)"
say "  kinit: $principals users at once, all are in the collection"

! timeout 60 kinit user1 <<<"wrong" >"$scratch/wrong" 2>&1 || give_up "a wrong password got a ticket"
grep -q 'Password incorrect' "$scratch/wrong" || give_up "a wrong password: $(cat "$scratch/wrong")"

kswitch -p user3
klist >"$scratch/list"
grep -qx 'Default principal: user3@TEVENT.TEST' "$scratch/list" || give_up "kswitch: $(cat "$scratch/list")"
kvno -q host/service.test
klist >"$scratch/list"
grep -q ' host/service.test@TEVENT.TEST$' "$scratch/list" || give_up "a service ticket is not kept: $(cat "$scratch/list")"
say "  kswitch, kvno: another user's cache, with a service ticket"

# Each user id has its own collection.
as_nobody kinit user5 <<<"$password" >/dev/null
[ "$(holders as_nobody)" = "user5 " ] || give_up "nobody's collection: $(holders as_nobody)"

stop_kcm
start_kcm
[ "$(holders env)" = "$expected" ] || give_up "after a restart: $(holders env)"
[ "$(holders as_nobody)" = "user5 " ] || give_up "nobody's collection after a restart: $(holders as_nobody)"
klist -s || give_up "no valid ticket after a restart"
say "  ended by SIGTERM and started again: all tickets are there"

kdestroy -p user2
[ "$(holders env)" = "${expected/user2 /}" ] || give_up "kdestroy: $(holders env)"
kdestroy -A
[ -z "$(holders env)" ] || give_up "kdestroy -A left $(holders env)"
[ "$(holders as_nobody)" = "user5 " ] || give_up "kdestroy -A took nobody's tickets"
stop_kcm
say "sssd_kcm: tickets of $principals users kept, used, found after a restart, destroyed"
