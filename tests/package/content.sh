#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# content.sh PACKAGES SOURCE: checks the content of the packages, without installing them.  Names, versions and
# paths make them upgrades of Debian's; symbols file and library agree; lintian, if installed, reports nothing.
#
# Rules: A1, A4, A7

set -euo pipefail
. "$(dirname "$0")/lib.sh"

runtime=$(runtime_package "$1")
devel=$(devel_package "$1")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-package.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
dpkg-deb -R "$runtime" "$scratch/runtime"
dpkg-deb -R "$devel" "$scratch/devel"
version=$(dpkg-deb -f "$runtime" Version)

# ---- control fields --------------------------------------------------------------------------------------------

expect_field() { # package, field, value
	local value
	value=$(dpkg-deb -f "$1" "$2")
	[ "$value" = "$3" ] || fail "$(basename "$1"): $2 is '$value', not '$3'"
}
expect_field "$runtime" Package libtevent0
expect_field "$devel" Package libtevent-dev
expect_field "$devel" Version "$version"
expect_field "$devel" Depends "libc6-dev, libtalloc-dev, libtevent0 (= $version)"
for package in "$runtime" "$devel"; do
	expect_field "$package" Source tevent
	expect_field "$package" Multi-Arch same
	expect_field "$package" Architecture "$(dpkg --print-architecture)"
done
# Debian 12's is older; a package that Debian makes of this version would be newer.
dpkg --compare-versions "$version" gt 0.14.1-1 || fail "$version is no upgrade of Debian 12's"
dpkg --compare-versions "$version" lt 0.17.2-0.1 || fail "$version would keep Debian's own 0.17.2 out"
# Only the C library and talloc, with the versions that the symbols need.
[[ $(dpkg-deb -f "$runtime" Depends) =~ ^libc6\ \(\>=\ [0-9.]+\),\ libtalloc2\ \(\>=\ [0-9.~]+\)$ ]] ||
	fail "libtevent0 depends on: $(dpkg-deb -f "$runtime" Depends)"
say "  libtevent0, libtevent-dev $version; libtevent0 needs $(dpkg-deb -f "$runtime" Depends)"

# ---- paths -----------------------------------------------------------------------------------------------------

multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
libdir=usr/lib/$multiarch
expect_files() { # directory of a package, paths...
	local top=$1 path
	shift
	for path in "$@"; do
		[ -e "$top/$path" ] || fail "$path is missing"
	done
}
expect_files "$scratch/runtime" "$libdir"/libtevent.so.0{,.17.2} usr/share/doc/libtevent0/{changelog.Debian.gz,copyright}
expect_files "$scratch/devel" usr/include/tevent.h "$libdir"/{libtevent.a,pkgconfig/tevent.pc,cmake/tevent/tevent-config.cmake} \
	usr/share/doc/libtevent-dev/{changelog.Debian.gz,copyright}
[ "$(readlink "$scratch/devel/$libdir/libtevent.so")" = libtevent.so.0 ] || fail "libtevent.so leads elsewhere"
# These contain every file of Debian's packages: no old file is left, none is missing.
for pair in libtevent0:runtime libtevent-dev:devel; do
	installed=$(dpkg-query -L "${pair%:*}" 2>/dev/null | grep -v 'libtevent\.so\.0\.[0-9]' || true)
	for path in $installed; do
		[ -e "$scratch/${pair#*:}$path" ] || [ -L "$scratch/${pair#*:}$path" ] ||
			fail "Debian's ${pair%:*} has $path, this one does not"
	done
done
if find "$scratch/runtime" "$scratch/devel" -path '*/DEBIAN' -prune -o -type f -print |
	xargs grep -lF "$2" | grep .; then
	fail "the source's directory is named in the files above"
fi
say "  the paths are Debian's"

# ---- symbols file ----------------------------------------------------------------------------------------------

library=$scratch/runtime/$libdir/libtevent.so.0
[ "$(cat "$scratch/runtime/DEBIAN/triggers")" = "activate-noawait ldconfig" ] || fail "the trigger"
# dpkg-gensymbols compares with the library: an error for a missing symbol, a warning for a new one.
mkdir -p "$scratch/gen/debian"
printf 'Source: tevent\n\nPackage: libtevent0\nArchitecture: any\n' >"$scratch/gen/debian/control"
(cd "$scratch/gen" && dpkg-gensymbols -c4 -plibtevent0 -v"${version%-*}" -e"$library" \
	-I"$scratch/runtime/DEBIAN/symbols" -O"$scratch/gen/symbols") >"$scratch/gen/output" 2>&1 ||
	{ head -n 30 "$scratch/gen/output"; fail "dpkg-gensymbols finds symbols file and library different"; }
# A program built here that uses only functions of Debian 12's library must accept that version.
theirs=$(dpkg-query --control-path libtevent0 symbols 2>/dev/null || true)
if [ -n "$theirs" ]; then
	awk '/^ / { print $1 }' "$theirs" | sort >"$scratch/theirs"
	awk '/^ / { print $1, $2 }' "$scratch/runtime/DEBIAN/symbols" | sort >"$scratch/ours"
	join -v 1 "$scratch/theirs" "$scratch/ours" >"$scratch/missing"
	[ ! -s "$scratch/missing" ] || fail "Debian's symbols file has more than this: $(head "$scratch/missing")"
	while read -r symbol since; do
		dpkg --compare-versions "$since" le 0.14.1 || [[ $symbol == *@TEVENT_0.1[5-9]* ]] ||
			fail "$symbol needs $since"
	done < <(join "$scratch/theirs" "$scratch/ours")
fi
say "  symbols file: $(grep -c '^ ' "$scratch/runtime/DEBIAN/symbols") entries, as in the library and in Debian's"

# ---- lintian ---------------------------------------------------------------------------------------------------

if command -v lintian >/dev/null; then
	lintian --allow-root --fail-on error,warning "$runtime" "$devel" || fail "lintian"
	say "  lintian: no error, no warning"
else
	say "  lintian is not installed"
fi
say "packages: upgrades of Debian's"
