# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by relink scripts whose programs talk D-Bus; sourced after lib.sh.  The bus is the script's own
# dbus-daemon, on its own socket.

require dbus-daemon dbus-daemon

# Access to the socket permits everything, so it is in the script's own directory or mount namespace.
start_bus() { # socket
	cat >"$scratch/bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <listen>unix:path=$1</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow send_destination="*" eavesdrop="true"/>
		    <allow eavesdrop="true"/>
		    <allow own="*"/>
		    <allow user="*"/>
		  </policy>
		</busconfig>
	END
	start dbus-daemon --config-file="$scratch/bus.conf" --nofork --nopidfile --nosyslog \
		>"$scratch/bus.log" 2>&1 </dev/null
	bus=$pid
	wait_until 20 bus_is_up "$1" && is_running "$bus" || { cat "$scratch/bus.log"; fail "no D-Bus"; }
}
bus_is_up() { [ -S "$1" ] || ! is_running "$bus"; }
