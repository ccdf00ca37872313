# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the relink scripts of sssd's programs; sourced before lib.sh.
#
# Their paths are compiled in.  The script restarts in its own mount namespace, in which these are other directories:
# the machine's own sssd is neither visible nor affected.  Each process leads its own group; a process namespace ends
# all of them with the script, whatever state the monitor is in.

if [ -z "${TEVENT_RELINK_OWN_MOUNTS:-}" ]; then
	alone=(unshare --mount --propagation private --pid --fork --kill-child --mount-proc --)
	kept=$(compgen -e TEVENT_RELINK_ | paste -sd,) || kept=
	[ "$(id -u)" -eq 0 ] || alone=(sudo -n --preserve-env="$kept" -- "${alone[@]}")
	if ! "${alone[@]}" true 2>/dev/null; then
		echo "skipped: sssd needs root (or sudo without a password) and a mount namespace"
		exit 77
	fi
	exec "${alone[@]}" env TEVENT_RELINK_OWN_MOUNTS=1 "$0" "$@"
fi

make_own_sssd() {
	local directory
	for directory in /run /etc/sssd /var/lib/sss /var/log/sssd; do
		mount -t tmpfs -o mode=755 tmpfs "$directory"
	done
	mkdir -p /run/dbus /etc/sssd/conf.d
	(cd /var/lib/sss && mkdir db deskprofile gpo_cache keytabs mc pipes pipes/private pubconf pubconf/krb5.include.d secrets)
	chmod 700 /var/lib/sss/db /var/lib/sss/pipes/private /var/lib/sss/secrets
}
