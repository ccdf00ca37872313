#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# ctdb.sh LIBDIR: Debian's ctdbd, its helpers and the tool ctdb, unchanged, on the library in LIBDIR.  A cluster of
# one node and one of three on loopback addresses: databases are attached, written on one node and read on the
# others, one node of the three is killed, the others continue with all data.
#
# CTDB_TEST_MODE puts sockets and everything else of a node below its CTDB_BASE.
#
# Rules: A2

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_loaded.sh"

require ctdbd ctdb
require ctdb ctdb

export CTDB_TEST_MODE=yes LC_ALL=C
unset CTDB_SOCKET CTDB_NODES CTDB_DEBUGLEVEL

# All nodes listen on ctdb's one port: each cluster has its own network within 127/8.
network=127.$((RANDOM % 200 + 10)).$((RANDOM % 250 + 1))
declare -A daemon
shutdowns=()

configure() { # node, number in the network, addresses of the cluster...
	local base=$scratch/$1 address=$network.$2
	shift 2
	mkdir -p "$base"/{run,var,events/legacy,volatile,persistent,state}
	printf '%s\n' "$@" >"$base/nodes"
	printf '#!/bin/sh\nexit 0\n' >"$base/notify.sh"
	chmod 755 "$base/notify.sh"
	printf 'RerecoveryTimeout=1\nMonitorInterval=1\n' >"$base/ctdb.tunables"
	cat >"$base/ctdb.conf" <<-END
		[cluster]
		node address = $address
		leader timeout = 3
		[database]
		volatile database directory = $base/volatile
		persistent database directory = $base/persistent
		state database directory = $base/state
		[failover]
		disabled = true
		[legacy]
		realtime scheduling = false
	END
}
start_node() { # node
	CTDB_BASE=$scratch/$1 start ctdbd -i >"$scratch/$1/log" 2>&1 </dev/null
	daemon[$1]=$pid
}
on() { # node, arguments of ctdb...
	local base=$scratch/$1
	shift
	CTDB_BASE=$base on_library 60 ctdb "$@"
}
give_up() { # why
	tail -n 15 "$scratch"/*/log
	fail "$1"
}

all_ok() { # node, nodes of its cluster
	local state
	is_running "${daemon[$1]}" || give_up "ctdbd of $1 ended"
	state=$(on "$1" status 2>&1) || return 1
	[ "$(grep -c '^pnn:.* OK\( \|$\)' <<<"$state")" = "$2" ] && grep -q '^Recovery mode:NORMAL' <<<"$state"
}
await_ok() { # node, nodes
	wait_until 90 all_ok "$@" || { on "$1" status || true; give_up "$1: its cluster does not get well"; }
	say "  $1: $2 nodes OK, recovery mode normal"
}

# ---- up --------------------------------------------------------------------------------------------------------

configure single 9 "$network.9"
for node in 1 2 3; do
	configure "node$node" "$node" "$network.1" "$network.2" "$network.3"
done
for node in single node1 node2 node3; do
	start_node "$node"
done
await_ok single 1
for node in node1 node2 node3; do
	await_ok "$node" 3
done

processes_below() { # pid: the process and its descendants
	local child
	echo "$1"
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		processes_below "$child"
	done
}
for node in single node1; do
	count=0
	for process in $(processes_below "${daemon[$node]}"); do
		show_mapped "$process" "$(cat "/proc/$process/comm")"
		count=$((count + 1))
	done
	# ctdbd, its recovery daemon, the event daemon.
	[ "$count" -ge 3 ] || give_up "$node has $count processes, at least 3 were expected"
done

# ---- one node --------------------------------------------------------------------------------------------------

value() { on "$1" readkey "$2" "$3" | sed -n 's/^Data: size:[0-9]* ptr:\[\(.*\)\]$/\1/p'; }
expect_value() { # node, database, key, what it has to be
	local got
	got=$(value "$1" "$2" "$3")
	[ "$got" = "$4" ] || give_up "$1: $2 holds '$got' as $3, not '$4'"
}

on single attach volatile.tdb
on single attach persistent.tdb persistent
on single writekey volatile.tdb colour green
expect_value single volatile.tdb colour green
on single writekey volatile.tdb colour blue
expect_value single volatile.tdb colour blue
large=$(head -c 60000 /dev/urandom | base64 -w 0)
on single pstore persistent.tdb large "$large"
[ "$(on single pfetch persistent.tdb large)" = "$large" ] || give_up "a persistent record came back changed"
databases=$(on single getdbmap)
grep -q 'persistent\.tdb.* PERSISTENT' <<<"$databases" || give_up "persistent.tdb is no persistent database"
say "  one node: values written, overwritten and read, a record of ${#large} bytes came back"
[ "$(on single ping | grep -c '^response from 0 time=.*')" = 1 ] || give_up "no answer to a ping"

# ---- three nodes -----------------------------------------------------------------------------------------------

on node1 attach shared.tdb
on node1 attach replicated.tdb persistent

# Each writer fetches the record from the node that wrote last.
for ((turn = 1; turn <= 12; turn++)); do
	writer=node$((turn % 3 + 1))
	reader=node$(((turn + 1) % 3 + 1))
	on "$writer" writekey shared.tdb turn "$turn"
	# readkey reads the local copy: the reader becomes the owner first.
	on "$reader" writekey shared.tdb last "$writer"
	expect_value "$writer" shared.tdb turn "$turn"
done
say "  three nodes: a record went round $((turn - 1)) times"

for ((i = 1; i <= 300; i++)); do
	printf '"key%d" "value %d"\n' "$i" "$((i * i))"
done >"$scratch/records"
on node1 ptrans replicated.tdb "$scratch/records"
records() { # node
	on "$1" catdb replicated.tdb | awk -F ' = ' '
		/^key\(/ { key = $2 }
		/^data\(/ && key ~ /^"key/ { print key, $2 }' | sort
}
has_records() { # node
	records "$1" >"$scratch/records.$1"
	cmp -s <(sort "$scratch/records") "$scratch/records.$1"
}
for node in node1 node2 node3; do
	has_records "$node" || give_up "$node does not hold what a transaction on node1 wrote"
done
say "  three nodes: $(wc -l <"$scratch/records.node3") records of one transaction are on each"
on node2 pstore replicated.tdb large "$large"
[ "$(on node3 pfetch replicated.tdb large)" = "$large" ] ||
	give_up "node3 reads something else than node2 stored"

# ---- one node dies ---------------------------------------------------------------------------------------------

orphans=$(processes_below "${daemon[node3]}" | tail -n +2)
kill -KILL "${daemon[node3]}"
wait "${daemon[node3]}" 2>/dev/null || true
survivors_are_well() {
	local state
	state=$(on node1 status 2>&1) || return 1
	[ "$(grep -c '^pnn:.* OK\( \|$\)' <<<"$state")" = 2 ] && grep -q '^pnn:2 .*DISCONNECTED' <<<"$state" &&
		grep -q '^Recovery mode:NORMAL' <<<"$state" && grep -q '^Size:2' <<<"$state"
}
wait_until 90 survivors_are_well || { on node1 status || true; give_up "the two that are left do not recover"; }
for node in node1 node2; do
	has_records "$node" || give_up "$node lost records with node3"
done
on node2 writekey shared.tdb after death
expect_value node2 shared.tdb after death
say "  node3 was killed: the others recovered, hold all records and write"

# They check for their parent every few seconds, and hold its sockets until then.
are_gone() { # pids
	local orphan
	for orphan in "$@"; do
		! is_running "$orphan" || return 1
	done
}
wait_until 60 are_gone $orphans || give_up "what node3 had started does not end"
start_node node3
for node in node1 node3; do
	await_ok "$node" 3
done
has_records node3 || give_up "node3 came back without the records"
say "  node3 came back and holds all records"

# ---- down ------------------------------------------------------------------------------------------------------

for node in single node1 node2 node3; do
	on "$node" shutdown &
	shutdowns+=("$!")
done
for shutdown in "${shutdowns[@]}"; do
	wait "$shutdown" || give_up "a shutdown is refused"
done
for node in single node1 node2 node3; do
	status=0
	end_of 60 "${daemon[$node]}" || status=$?
	[ "$status" -eq 0 ] || give_up "ctdbd of $node: exit status $status"
done
if grep -hE 'PANIC|INTERNAL ERROR|Segmentation|tevent_abort|Assertion' "$scratch"/*/log; then
	fail "a ctdbd complains as above"
fi
show_loaded 60 "the tool ctdb"
say "ctdb: one node and three, written, read, recovered, shut down"
