#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smbd.sh LIBDIR: Debian's smbd and smbclient, unchanged, both on the library in LIBDIR.  smbd serves a 50 MB
# file on a loopback port, the checksums of what was offered and of what arrived are compared.
#
# Rules: A2

set -euo pipefail

# smbd changes its user id for each session: it needs root.
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		exec sudo -n -- "$0" "$@"
	fi
	echo "skipped: smbd needs root, and sudo asks for a password"
	exit 77
fi

PATH=$PATH:/usr/sbin:/sbin
. "$(dirname "$0")/lib.sh"

require smbd samba
require smbclient smbclient

megabytes=50
chmod 755 "$scratch"
mkdir "$scratch"/{share,lock,state,cache,pid,private,ncalrpc,log,usershare}
dd if=/dev/urandom of="$scratch/share/big" bs=1M count="$megabytes" status=none
chmod -R a+rX "$scratch/share"

configure() { # port
	cat >"$scratch/smb.conf" <<-END
		[global]
		server role = standalone server
		netbios name = TEVENT
		workgroup = TEVENT
		smb ports = $1
		interfaces = 127.0.0.1/8
		bind interfaces only = yes
		disable netbios = yes
		security = user
		map to guest = Bad User
		guest account = nobody
		load printers = no
		printcap name = /dev/null
		disable spoolss = yes
		rpc start on demand helpers = no
		lock directory = $scratch/lock
		state directory = $scratch/state
		cache directory = $scratch/cache
		pid directory = $scratch/pid
		private dir = $scratch/private
		ncalrpc dir = $scratch/ncalrpc
		usershare path = $scratch/usershare
		usershare max shares = 0
		log file = $scratch/log/%m.log
		[share]
		path = $scratch/share
		guest ok = yes
		read only = yes
	END
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
is_up() { listens "$port" || ! is_running "$smbd"; }

# A port that is taken between the look and smbd's bind costs one more round.
smbd=
for attempt in 1 2 3 4 5; do
	port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
	listens "$port" && continue
	configure "$port"
	start smbd --foreground --no-process-group --configfile="$scratch/smb.conf" >"$scratch/log/out" 2>&1 </dev/null
	smbd=$pid
	wait_until 30 is_up || true
	is_running "$smbd" && listens "$port" && break
	smbd=
done
if [ -z "$smbd" ]; then
	tail -n 20 "$scratch"/log/*.log "$scratch/log/out" || true
	fail "smbd did not start"
fi
say "smbd serves on 127.0.0.1, port $port"
show_mapped "$smbd" smbd

# The client waits for its commands: there is time to look at both ends while they are connected.
mkfifo "$scratch/commands"
exec 4<>"$scratch/commands"
start timeout --foreground 120 smbclient //127.0.0.1/share -p "$port" -N -s "$scratch/smb.conf" \
	<&4 >"$scratch/log/client" 2>&1 4>&-
client=$pid
say "get big $scratch/first" >&4
has_arrived() { [ "$(stat -c %s "$scratch/$1" 2>/dev/null)" = $((megabytes * 1048576)) ] || ! is_running "$client"; }
wait_until 50 has_arrived first || true
is_running "$client" || { cat "$scratch/log/client"; fail "smbclient ended early"; }

children_called() { # pid, name: the children of a process that are called so
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ] && echo "$child"
	done
	return 0
}
serving=
for child in $(children_called "$smbd" smbd); do
	serving=$child
	show_mapped "$child" "a child of smbd"
done
[ -n "$serving" ] || fail "smbd has no child that serves the client"
for child in $(children_called "$client" smbclient); do
	show_mapped "$child" smbclient
done

# One command at a time: smbclient may wait for input while a second line lies in its buffer.
say "get big $scratch/second" >&4
wait_until 50 has_arrived second || true
say "quit" >&4
exec 4>&-
status=0
wait "$client" || status=$?
[ "$status" -eq 0 ] || { cat "$scratch/log/client"; fail "smbclient: exit status $status"; }

sum() { sha256sum <"$1" | cut -d' ' -f1; }
offered=$(sum "$scratch/share/big")
say "  offered   $(stat -c %s "$scratch/share/big") bytes, sha256 $offered"
for copy in first second; do
	say "  $(printf '%-9s' "$copy") $(stat -c %s "$scratch/$copy") bytes, sha256 $(sum "$scratch/$copy")"
	[ "$(sum "$scratch/$copy")" = "$offered" ] || fail "the $copy copy differs"
done
is_running "$smbd" || fail "smbd is gone"
if grep -qsE 'PANIC|INTERNAL ERROR' "$scratch"/log/*.log "$scratch/log/out"; then
	cat "$scratch"/log/*.log "$scratch/log/out"
	fail "smbd panicked"
fi
say "smbd served $megabytes MB to smbclient twice, checksums are equal"
