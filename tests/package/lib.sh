# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the package tests.

say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}
skip() {
	say "skipped: $*"
	exit 77
}

command -v dpkg-deb >/dev/null || skip "no Debian: dpkg-deb is missing"

runtime_package() { ls "$1"/libtevent0_*.deb; }
devel_package() { ls "$1"/libtevent-dev_*.deb; }
