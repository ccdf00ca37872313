#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# two_loaders.sh LIBDIR: linked.sh works on a system that has loaders for two architectures, as libc6-x32 or crossbuild
# packages install them.  The second one is a file in a mount namespace of the test's own.

set -euo pipefail
libdir=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)

skip() {
	printf 'skipped: %s\n' "$*"
	exit 77
}

if [ -z "${TEVENT_RELINK_OWN_MOUNTS:-}" ]; then
	alone=(unshare --mount --propagation private --)
	[ "$(id -u)" -eq 0 ] || alone=(unshare --map-root-user --mount --propagation private --)
	"${alone[@]}" true 2>/dev/null || skip "this machine allows no mount namespace"
	exec "${alone[@]}" env TEVENT_RELINK_OWN_MOUNTS=1 "$0" "$libdir"
fi

[ "$(echo /lib64/ld-linux-*.so.*)" = /lib64/ld-linux-x86-64.so.2 ] || skip "/lib64 holds something else than the one loader of x86-64"
# A program and a library are enough; linked.sh itself looks at all of them.
mapfile -t there < <(cut -f 2 "$here/../linked.tsv" | grep '^/' | xargs ls -d 2>/dev/null)
mapfile -t files < <(printf '%s\n' "${there[@]}" | awk '/\.so/ ? !library++ : !program++')
[ ${#files[@]} -eq 2 ] || skip "none of the packages in linked.tsv is installed"

loaders=$(mktemp -d "${TMPDIR:-/tmp}/tevent-relink.XXXXXX")
trap 'umount --lazy /lib64; rm -rf "$loaders"' EXIT
cp -L /lib64/* "$loaders/"
# One that starts nothing: the wrong choice is seen.
printf '#!/bin/sh\nexit 1\n' >"$loaders/ld-linux-x32.so.2"
chmod 755 "$loaders/ld-linux-x32.so.2"
mount --bind "$loaders" /lib64

"$here/../linked.sh" "$libdir" "${files[@]}"
