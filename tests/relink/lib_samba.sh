# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the relink scripts that run Samba's servers: their own instance in $scratch, on loopback.
# Sourced after lib.sh.

samba_kinds=(lock state cache pid private)

# Paths and addresses that are compiled in, in separate namespaces: /run/samba, an interface that is not loopback.
samba_address=10.77.0.1
enter_own_run() {
	mkdir -p /run/samba
	mount -t tmpfs none /run/samba
	ip address add "$samba_address/24" brd 10.77.0.255 dev lo
}

# Checks all processes: in a separate namespace these are the ones that the case started.  Each one with this name
# must have mapped our library.
show_all_called() { # name a regular expression
	local process name shown=0
	for process in /proc/[0-9]*; do
		name=$(cat "$process/comm" 2>/dev/null) || continue
		[[ $name =~ $1 ]] || continue
		show_mapped "${process#/proc/}" "$name" >/dev/null
		shown=$((shown + 1))
	done
	[ "$shown" -gt 0 ] || fail "no process is called $1"
	say "  $shown processes called $1 have mapped $library and no other libtevent"
}

# The part of [global] that keeps an instance in $scratch.
samba_global() {
	local kind
	chmod 755 "$scratch"
	mkdir -p "$scratch"/{ncalrpc,log,usershare}
	say "[global]"
	for kind in "${samba_kinds[@]}"; do
		mkdir -p "$scratch/$kind"
		[ "$kind" = private ] && say "private dir = $scratch/private" || say "$kind directory = $scratch/$kind"
	done
	cat <<-END
		netbios name = TEVENT
		workgroup = TEVENT
		interfaces = 127.0.0.1/8
		bind interfaces only = yes
		ncalrpc dir = $scratch/ncalrpc
		usershare path = $scratch/usershare
		usershare max shares = 0
		log file = $scratch/log/%m.log
		load printers = no
		printcap name = /dev/null
		disable spoolss = yes
	END
}

# A file server for guests and for the user nobody; more shares can follow in smb.conf.
configure_smbd() { # port
	{
		samba_global
		cat <<-END
			server role = standalone server
			rpc start on demand helpers = no
			smb ports = $1
			disable netbios = yes
			map to guest = Bad User
			guest account = daemon
		END
	} >"$scratch/smb.conf"
}

# Starts smbd on the port; its pid is in $smbd, which is empty if it did not start.
start_smbd() { # port
	start smbd --foreground --no-process-group --configfile="$scratch/smb.conf" >"$scratch/log/out" 2>&1 </dev/null
	smbd=$pid
	smbd_is_up() { listens "$1" || ! is_running "$smbd"; }
	wait_until 30 smbd_is_up "$1" || true
	is_running "$smbd" && listens "$1" || smbd=
}

show_log() { tail -n 20 "$scratch"/log/* 2>/dev/null || true; }

# Fails if a server logged a crash.
no_panic() {
	if grep -qsE 'PANIC|INTERNAL ERROR' "$scratch"/log/*; then
		show_log
		fail "a server panicked"
	fi
}

# Ends a server with SIGTERM: it has to end by itself, in time.
end_by_sigterm() { # pid, name, the exit status that it has after that (0)
	local status=0
	kill -TERM "$1"
	wait_until 30 has_ended "$1" || fail "$2 does not end on SIGTERM"
	wait "$1" || status=$?
	# 143: it restored the default action and ended by the signal.
	[ "$status" -eq "${3:-0}" ] || [ "$status" -eq 143 ] || fail "$2: exit status $status after SIGTERM"
	say "  $2 ended on SIGTERM, status $status"
}
# A child that was not waited for still exists as a zombie.
has_ended() { ! is_running "$1" || [ "$(awk '$1 == "State:" { print $2 }' "/proc/$1/status" 2>/dev/null)" = Z ]; }

children_called() { # pid, name: the children of a process that are called so
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ] && echo "$child"
	done
	return 0
}

# Prints the tests of what smbtorture wrote: name, "success" or something else.  One name may stand for several tests.
tests_of() { # file
	sed -nE 's/^success: (.*)$/\1\tsuccess/p; s/^(failure|error|skip|xfail|uxsuccess): (.*)$/\2\t\1/p' "$1" |
		sed -E 's/ \[\t/\t/' |
		awk -F '\t' '{ n = ++seen[$1]; print $1 (n > 1 ? " #" n : "") "\t" $2 }'
}

# Calls the script's run_suite for each, $side_by_side at a time, and waits for them, not for servers.
run_suites() { # suite...
	local suite pid running=0 pids=()
	for suite; do
		if [ "$running" -ge "$side_by_side" ]; then
			wait -n || true
			running=$((running - 1))
		fi
		(trap - EXIT; run_suite "$suite") &
		pids+=("$!")
		running=$((running + 1))
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || true
	done
}
