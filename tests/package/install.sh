#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# install.sh PACKAGES: `dpkg -i` over Debian's libtevent0 and libtevent-dev, and back, in a temporary root
# directory: the machine's own, below a layer in memory that takes all writes (overlayfs), in the test's own mount
# and process namespaces.  In between, ldbsearch, smbd with smbclient, and Python's samba run there.
#
# Without overlayfs, debootstrap creates the root; that needs Debian's mirror and some minutes.

set -euo pipefail
. "$(dirname "$0")/lib.sh"

if [ -z "${TEVENT_PACKAGE_OWN_MOUNTS:-}" ]; then
	alone=(unshare --mount --propagation private --pid --fork --kill-child --mount-proc --)
	[ "$(id -u)" -eq 0 ] || alone=(sudo -n -- "${alone[@]}")
	"${alone[@]}" true 2>/dev/null || skip "needs root (or sudo without a password) and a mount namespace"
	exec "${alone[@]}" env TEVENT_PACKAGE_OWN_MOUNTS=1 "$0" "$@"
fi

PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
unset LD_LIBRARY_PATH LD_PRELOAD
runtime=$(runtime_package "$1")
devel=$(devel_package "$1")
version=$(dpkg-deb -f "$runtime" Version)

# ---- the root --------------------------------------------------------------------------------------------------

# The mounts and their content are removed with the namespace.
memory=$(mktemp -d "${TMPDIR:-/tmp}/tevent-package.XXXXXX")
trap 'cd /; umount -R -l "$memory"; rmdir "$memory"' EXIT
mount -t tmpfs -o mode=755 tmpfs "$memory"
mkdir "$memory"/{upper,work,root}
root=$memory/root
if mount -t overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" overlay "$root" 2>/dev/null; then
	say "  the root: this machine's, below a layer in memory"
elif command -v debootstrap >/dev/null; then
	say "  the root: made by debootstrap"
	debootstrap --variant=minbase bookworm "$root" >"$memory/log" 2>&1 || { tail "$memory/log"; skip "debootstrap"; }
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	cp /etc/resolv.conf "$root/etc/"
	chroot "$root" apt-get -qq -y --no-install-recommends install ldb-tools samba smbclient python3-samba libtevent-dev \
		>"$memory/log" 2>&1 || { tail "$memory/log"; skip "no packages"; }
else
	skip "neither overlayfs nor debootstrap"
fi
mount --rbind --make-private /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/packages"
cp "$runtime" "$devel" "$root/tmp/packages/"
inside() { chroot "$root" "$@"; }

for program in ldbsearch smbd smbclient; do
	inside sh -c "PATH=\$PATH:/usr/sbin command -v $program" >/dev/null ||
		skip "$program is not installed (Debian: ldb-tools samba smbclient python3-samba)"
done
is_installed() { [ "$(inside dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
installed_version() { inside dpkg-query -W -f '${Version}' "$1"; }
packages=(libtevent0)
files=(/tmp/packages/"$(basename "$runtime")")
if is_installed libtevent-dev; then
	packages+=(libtevent-dev)
	files+=(/tmp/packages/"$(basename "$devel")")
fi
debian=$(installed_version libtevent0)
[ "$debian" != "$version" ] || skip "libtevent0 $version is installed on this machine already"

# ---- what has to work with both --------------------------------------------------------------------------------

cat >"$root/tmp/work" <<'END'
set -e
PATH=$PATH:/usr/sbin:/sbin
cd "$(mktemp -d)"
mkdir loads
# The loader logs the libraries that each process loads.
export LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/loads/of

printf 'dn: cn=a\ncn: a\nkind: letter\n\ndn: cn=b\ncn: b\n\n' >letters
ldbadd -H letters.ldb letters >/dev/null
[ "$(ldbsearch -H letters.ldb '(kind=letter)' cn | sed -n 's/^cn: //p')" = a ]
echo "ldbsearch: ok"

port=$(shuf -i 20000-32000 -n 1)
cat >smb.conf <<CONF
[global]
smb ports = $port
interfaces = 127.0.0.1/8
bind interfaces only = yes
disable netbios = yes
map to guest = Bad User
guest account = nobody
load printers = no
disable spoolss = yes
rpc start on demand helpers = no
lock directory = $PWD
state directory = $PWD
cache directory = $PWD
pid directory = $PWD
private dir = $PWD
ncalrpc dir = $PWD/ncalrpc
[share]
path = $PWD/share
guest ok = yes
CONF
mkdir share
chmod 755 . share
head -c 5000000 /dev/urandom >share/file
chmod 644 share/file
setsid smbd --foreground --no-process-group --configfile="$PWD/smb.conf" >smbd.log 2>&1 </dev/null &
smbd=$!
tries=0
until smbclient //127.0.0.1/share -p $port -N -s smb.conf -c 'get file copy' >client.log 2>&1; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ] || ! kill -0 $smbd; then
		cat client.log smbd.log
		exit 1
	fi
	sleep 0.1
done
cmp share/file copy
kill $smbd
wait $smbd || true
echo "smbclient: ok"

/usr/bin/python3 -c '
import samba, samba.messaging, samba.samdb
from samba.param import LoadParm
ldb = samba.Ldb("letters.ldb")
assert len(ldb.search(expression="(kind=letter)")) == 1
m = samba.messaging.Messaging(lp_ctx=LoadParm(filename_for_non_global_lp="smb.conf"))
'
echo "python3: ok"
echo "loaded: $(sed -n 's/.*calling init: \(.*\/libtevent\.so.*\)/\1/p' loads/of.* | xargs realpath | sort | uniq -c)"
END
works() { # the version of libtevent.so.0 that has to be loaded, and no other
	inside timeout 120 sh /tmp/work >"$memory/output" 2>&1 || { tail -n 20 "$memory/output"; fail "with $1"; }
	[ "$(grep -c ': ok$' "$memory/output")" = 3 ] || { cat "$memory/output"; fail "with $1"; }
	local loaded
	loaded=$(sed -n '/^loaded: /,$s/^\(loaded:\)\? *//p' "$memory/output")
	[[ $(wc -l <<<"$loaded") -eq 1 && $loaded =~ ^([0-9]+)\ /usr/lib/.*/libtevent\.so\.$1$ ]] ||
		fail "loaded: $loaded, not libtevent.so.$1"
	[ "${BASH_REMATCH[1]}" -ge 5 ] || fail "loaded: $loaded, by ldb-tools, smbd, smbclient and python3 as well"
	say "  ldbsearch, smbd, smbclient, python3: they work, ${loaded#"${BASH_REMATCH[1]}" } is what they load"
}
check_root() { # what just happened
	[ -z "$(inside dpkg --audit)" ] || fail "$1: dpkg --audit finds something"
	inside apt-get -s check >"$memory/output" 2>&1 || { cat "$memory/output"; fail "$1: unmet dependencies"; }
	inside dpkg --verify "${packages[@]}" >"$memory/output" || true
	[ ! -s "$memory/output" ] || { cat "$memory/output"; fail "$1: files are not those of the packages"; }
}

# ---- there and back --------------------------------------------------------------------------------------------

works "${debian%-*}"
inside dpkg -i "${files[@]}" >"$memory/output" 2>&1 || { cat "$memory/output"; fail "dpkg -i"; }
for package in "${packages[@]}"; do
	[ "$(installed_version "$package")" = "$version" ] || fail "$package is not at $version"
done
check_root "dpkg -i"
[ ! -e "$(ls "$root"/usr/lib/*/libtevent.so."${debian%-*}" 2>/dev/null)" ] || fail "Debian's library is still there"
say "  dpkg -i: ${packages[*]} $version over $debian; no dependency is broken"
works "${version%-*}"
if [ ${#packages[@]} -eq 2 ] && inside sh -c 'command -v cc pkg-config' >/dev/null; then
	printf '#include <tevent.h>\nint main(void) { return tevent_context_init(NULL) == NULL; }\n' >"$root/tmp/main.c"
	inside sh -c 'cc /tmp/main.c -o /tmp/main $(pkg-config --cflags --libs tevent) && /tmp/main' ||
		fail "what libtevent-dev installs can't be built with"
	[ "$(inside pkg-config --modversion tevent)" = "${version%-*}" ] || fail "the version in tevent.pc"
	say "  a program builds with libtevent-dev, and runs"
fi

back=()
for package in "${packages[@]}"; do
	back+=("$package=$debian")
done
go_back() { inside apt-get -y --reinstall --allow-downgrades install "${back[@]}" >"$memory/output" 2>&1; }
if ! go_back && ! { inside apt-get update >/dev/null 2>&1 && go_back; }; then
	# Only a failure of the mirror is accepted.
	grep -qE 'Failed to fetch|Could not resolve|was not found|Unable to fetch' "$memory/output" ||
		{ tail "$memory/output"; fail "apt-get does not go back"; }
	tail -n 3 "$memory/output"
	skip "Debian's packages can't be fetched: the way there was right, the way back was not tried"
fi
for package in "${packages[@]}"; do
	[ "$(installed_version "$package")" = "$debian" ] || fail "$package is not at $debian again"
done
check_root "apt-get install --reinstall"
[ ! -e "$(ls "$root"/usr/lib/*/libtevent.so."${version%-*}" 2>/dev/null)" ] || fail "this library is still there"
say "  apt-get install --reinstall --allow-downgrades ${back[*]}: done"
works "${debian%-*}"
say "packages: installed over Debian's $debian, used, and gone again"
