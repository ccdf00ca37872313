#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# certmonger.sh LIBDIR: Debian's certmonger, unchanged, on the library in LIBDIR, as a session service on its own bus.
# Certificates of its self-signing and its local CA are requested, tracked until they are MONITORING, checked with
# openssl, requested again and removed; with a restart in between.
#
# Rules: A2

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
. "$(dirname "$0")/lib.sh"

require certmonger certmonger
require getcert certmonger
require openssl openssl
. "$(dirname "$0")/lib_bus.sh"

export LC_ALL=C HOME=$scratch/home DBUS_SESSION_BUS_ADDRESS=unix:path=$scratch/bus
unset "${!CERTMONGER_@}"
mkdir "$HOME" "$scratch"/{certs,requests,cas,local,config,tmp}
# Otherwise certmonger run as root would use the machine's own.
export CERTMONGER_REQUESTS_DIR=$scratch/requests CERTMONGER_CAS_DIR=$scratch/cas CERTMONGER_LOCAL_CA_DIR=$scratch/local
export CERTMONGER_CONFIG_DIR=$scratch/config CERTMONGER_TMPDIR=$scratch/tmp
export CERTMONGER_SYSTEM_LOCK_FILE=$scratch/system.lock
start_bus "$scratch/bus"

give_up() { # why
	timeout 20 getcert list -s 2>&1 | tail -n 30 || true
	tail -n 20 "$scratch/certmonger.log"
	fail "$1"
}
answers() { timeout 20 getcert list-cas -s >/dev/null 2>&1 || ! is_running "$certmonger"; }
start_certmonger() {
	start certmonger -s -n -d 1 >>"$scratch/certmonger.log" 2>&1 </dev/null
	certmonger=$pid
	wait_until 60 answers || give_up "certmonger does not answer"
	is_running "$certmonger" || give_up "certmonger ended"
	show_mapped "$certmonger" certmonger
}
call() { timeout 60 getcert "$@" -s >"$scratch/answer" 2>&1 || { cat "$scratch/answer"; give_up "getcert $1"; }; }

# ---- requests --------------------------------------------------------------------------------------------------

request() { # CA, name
	call request -c "$1" -I "$2" -G EC -g 256 -f "$scratch/certs/$2.pem" -k "$scratch/certs/$2.key" -N "CN=$2.example.org" \
		-D "$2.example.org" -D "alias.example.org" -C "touch $scratch/certs/$2.saved"
}
# The states that `getcert list` knows, as "name state" lines.
states() {
	timeout 20 getcert list -s 2>/dev/null |
		sed -n "s/^Request ID '\(.*\)':\$/\1/p; s/^[[:space:]]status: //p" | paste -d' ' - - || true
}
are_monitored() { # names
	local name all
	# The command that runs after a certificate was saved: cheaper to check than the full list.
	for name in "$@"; do
		[ -e "$scratch/certs/$name.saved" ] || return 1
	done
	all=$(states)
	for name in "$@"; do
		grep -qx "$name MONITORING" <<<"$all" || return 1
	done
}
await_monitored() { wait_until 90 are_monitored "$@" || give_up "not all of these are monitored: $*"; }

# One after the other: a request that finds a lock tries again only after five seconds.
names=(self1 self2 local1 local2)
start_certmonger
[ -z "$(states)" ] || give_up "these requests are not the test's own"
for name in "${names[@]}"; do
	case $name in
	self*) request SelfSign "$name" ;;
	local*) request local "$name" ;;
	esac
	await_monitored "$name"
done
say "  requested, now MONITORING: ${names[*]}"

field() { openssl x509 -in "$scratch/certs/$1.pem" -noout "-$2" -nameopt RFC2253 | sed 's/^[a-z]*=//'; }
check() { # name
	local file=$scratch/certs/$1
	[ "$(field "$1" subject)" = "CN=$1.example.org" ] || give_up "$1: subject $(field "$1" subject)"
	openssl x509 -in "$file.pem" -noout -ext subjectAltName >"$scratch/alternatives"
	grep -q "DNS:$1.example.org, DNS:alias.example.org" "$scratch/alternatives" || give_up "$1: the alternative names"
	[ "$(openssl pkey -in "$file.key" -pubout)" = "$(openssl x509 -in "$file.pem" -noout -pubkey)" ] ||
		give_up "$1: the certificate is for another key"
	openssl x509 -in "$file.pem" -noout -checkend 86400 >/dev/null || give_up "$1 does not last for a day"
}
for name in "${names[@]}"; do
	check "$name"
done
for name in self1 self2; do
	openssl verify -partial_chain -trusted "$scratch/certs/$name.pem" "$scratch/certs/$name.pem" >/dev/null ||
		give_up "$name did not sign itself"
done
[ "$(field local1 issuer)" = "$(field local2 issuer)" ] && [ "$(field local1 issuer)" != "$(field local1 subject)" ] ||
	give_up "local1 and local2 do not come from one CA"
say "  openssl: names, keys, validity and signatures of ${#names[@]} certificates are right"

# ---- requested again, after a restart, removed -----------------------------------------------------------------

kill -TERM "$certmonger"
status=0
end_of 60 "$certmonger" || status=$?
[ "$status" -eq 0 ] || give_up "certmonger: exit status $status after SIGTERM"
start_certmonger
await_monitored "${names[@]}"
say "  ended by SIGTERM and started again: it knows all of them"

serial=$(field self1 serial)
rm "$scratch/certs/self1.saved"
call resubmit -i self1
await_monitored self1
check self1
[ "$(field self1 serial)" != "$serial" ] || give_up "self1: the same certificate again"
say "  self1 was requested again: another serial number"

call stop-tracking -i self2
[ "$(states | wc -l)" -eq $((${#names[@]} - 1)) ] || give_up "self2 is still tracked"

kill -TERM "$certmonger"
end_of 60 "$certmonger" || give_up "certmonger: an error at its end"
say "certmonger: ${#names[@]} certificates to MONITORING, one requested again, restart, clean end"
