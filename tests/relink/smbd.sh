#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# smbd.sh LIBDIR: Debian's smbd and smbclient, unchanged, both on the library in LIBDIR.  A large file and many small
# ones both ways, folders, rename, delete, eight clients at once, another share after SIGHUP, the end by SIGTERM.
# Checksums of what was sent and of what arrived are compared.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_samba.sh"
require_root "$@"
enter_own_network "$@"

require smbd samba
require smbclient smbclient

megabytes=50
held_bytes=10000000
small_files=200
clients=8

mkdir "$scratch"/{share,second,offered,fetched}
chmod 777 "$scratch"/{share,second}
dd if=/dev/urandom of="$scratch/offered/big" bs=1M count="$megabytes" status=none
head -c "$held_bytes" "$scratch/offered/big" >"$scratch/offered/medium"
mkdir "$scratch/offered/small"
for ((i = 0; i < small_files; i++)); do
	head -c $((i * 97)) "$scratch/offered/big" | tail -c $((i * 53)) >"$scratch/offered/small/file$i"
done

# ---- the server -------------------------------------------------------------------------------------------------

share() { # name
	cat >>"$scratch/smb.conf" <<-END
		[$1]
		path = $scratch/$1
		guest ok = yes
		read only = no
	END
}

# If the port is taken between the check and smbd's bind, another one is tried.
for attempt in 1 2 3 4 5; do
	port=$(free_port)
	configure_smbd "$port"
	share share
	start_smbd "$port"
	[ -z "$smbd" ] || break
done
[ -n "$smbd" ] || { show_log; fail "smbd did not start"; }
say "smbd serves on 127.0.0.1, port $port"
show_mapped "$smbd" smbd

client() { # share, commands: smbclient, its output in $scratch/log/client.SHARE
	run_shown 120 smbclient "//127.0.0.1/$1" -p "$port" -N -s "$scratch/smb.conf" -c "$2" \
		>"$scratch/log/client.$1" 2>&1 </dev/null || { cat "$scratch/log/client.$1"; fail "smbclient: $2"; }
}
sums() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum); }
same() { # what, folder, folder
	[ "$(sums "$2")" = "$(sums "$3")" ] || fail "$1: what arrived differs"
	say "  $1: $(find "$3" -type f | wc -l) files, $(du -sb "$3" | cut -f 1) bytes, the same sums"
}
sum() { sha256sum <"$1" | cut -d ' ' -f 1; }

# ---- files and folders ------------------------------------------------------------------------------------------

client share "lcd $scratch/offered; prompt off; recurse on; mput *"
same "sent" "$scratch/offered" "$scratch/share"
client share "lcd $scratch/fetched; prompt off; recurse on; mget *"
same "fetched" "$scratch/offered" "$scratch/fetched"

client share "mkdir one; mkdir one/two; rename small/file7 one/two/seven; del small/file8; rename small one/little"
[ -f "$scratch/share/one/two/seven" ] && [ ! -e "$scratch/share/small" ] && [ ! -e "$scratch/share/one/little/file8" ] ||
	fail "folders, rename, delete: $(find "$scratch/share" -maxdepth 2 | head)"
[ "$(sum "$scratch/share/one/two/seven")" = "$(sum "$scratch/offered/small/file7")" ] || fail "the renamed file differs"
client share "ls one/little/*"
listed=$(grep -c ' file[0-9]' "$scratch/log/client.share" || true)
[ "$listed" -eq $((small_files - 2)) ] || fail "$listed files are listed, not $((small_files - 2))"
client share "deltree one"
[ ! -e "$scratch/share/one" ] || fail "the folder is there after deltree"
say "  folders, rename, delete, $listed names listed"

# ---- eight clients at once --------------------------------------------------------------------------------------

# Each waits for its next command, so all are connected during the check.
held=()
for ((i = 0; i < clients; i++)); do
	mkfifo "$scratch/commands.$i"
	exec {in}<>"$scratch/commands.$i"
	held+=("$in")
	start smbclient //127.0.0.1/share -p "$port" -N -s "$scratch/smb.conf" \
		<&"$in" >"$scratch/log/held.$i" 2>&1
	client_pids[i]=$pid
	say "get medium $scratch/medium.$i" >&"$in"
done
arrived() { [ "$(stat -c %s "$scratch/medium.$1" 2>/dev/null)" = "$held_bytes" ] || ! is_running "${client_pids[$1]}"; }
serving=0
for ((i = 0; i < clients; i++)); do
	wait_until 100 arrived "$i" || true
	is_running "${client_pids[i]}" || { cat "$scratch/log/held.$i"; fail "smbclient $i ended early"; }
	show_mapped "${client_pids[i]}" "smbclient $i" >/dev/null
done
for child in $(children_called "$smbd" smbd); do
	show_mapped "$child" "a child of smbd" >/dev/null
	serving=$((serving + 1))
done
[ "$serving" -ge "$clients" ] || fail "$serving children of smbd serve $clients clients"
for ((i = 0; i < clients; i++)); do
	say "put $scratch/medium.$i back.$i" >&"${held[i]}"
done
# One command at a time: smbclient may wait for input while a second line is in its buffer.
returned() { [ "$(stat -c %s "$scratch/share/back.$1" 2>/dev/null)" = "$held_bytes" ] || ! is_running "${client_pids[$1]}"; }
for ((i = 0; i < clients; i++)); do
	wait_until 100 returned "$i" || true
	say "quit" >&"${held[i]}"
	wait_until 100 has_ended "${client_pids[i]}" || fail "smbclient $i does not come to its end"
	status=0
	wait "${client_pids[i]}" || status=$?
	[ "$status" -eq 0 ] || { cat "$scratch/log/held.$i"; fail "smbclient $i: exit status $status"; }
	for copy in "$scratch/medium.$i" "$scratch/share/back.$i"; do
		[ "$(sum "$copy")" = "$(sum "$scratch/offered/medium")" ] || fail "$copy differs"
	done
done
say "  $clients clients at once, $serving processes of smbd, $held_bytes bytes each way, the same sums"

# ---- SIGHUP, SIGTERM --------------------------------------------------------------------------------------------

second_is_there() {
	run_shown 60 smbclient //127.0.0.1/second -p "$port" -N -s "$scratch/smb.conf" -c ls >"$scratch/log/second" 2>&1 </dev/null
}
! second_is_there || fail "the second share is there before it was configured"
share second
kill -HUP "$smbd"
wait_until 30 second_is_there || { cat "$scratch/log/second"; fail "no second share after SIGHUP"; }
say "  a second share after SIGHUP"
is_running "$smbd" || fail "smbd is gone"
end_by_sigterm "$smbd" smbd
no_panic
say "smbd: files both ways, $clients clients, reload, end"
