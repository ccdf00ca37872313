#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# build.sh PACKAGES SOURCE BUILD: tools/package, as users call it, into PACKAGES.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
command -v dpkg-shlibdeps >/dev/null || skip "dpkg-shlibdeps is not installed (Debian: dpkg-dev)"

packages=$1
mkdir -p "$packages" "$(dirname "$3")"
"$2/tools/package" --build "$3" --output "$packages"
[ -e "$(runtime_package "$packages")" ] && [ -e "$(devel_package "$packages")" ] ||
	fail "tools/package left something else in $packages: $(ls "$packages")"
