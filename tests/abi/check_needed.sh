#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_needed.sh LIB [LOADER]
#
# The library is libtevent.so.0, needs libtalloc and libc and nothing else, and
# uses nothing from a C++ run-time library, which the program would have to
# provide.  LOADER, any word, allows the dynamic loader as well: a compiler
# without TLS descriptors needs it (cmake/thread_local.cmake).
#
# Rules: A4

set -u
export LC_ALL=C

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: $0 LIB [LOADER]" >&2
	exit 2
fi
lib=$1
loader=${2:-}
if [ ! -r "$lib" ]; then
	echo "$0: can't read $lib" >&2
	exit 2
fi
failed=0

fail()
{
	echo "FAIL: $*" >&2
	failed=1
}

dynamic=$(readelf -dW "$lib") || exit 2
names_of()
{
	printf '%s\n' "$dynamic" | sed -n "s/.*($1).*\[\(.*\)\].*/\1/p"
}

soname=$(names_of SONAME)
[ "$soname" = "libtevent.so.0" ] || fail "SONAME is '$soname', not libtevent.so.0"

has_talloc=no
has_libc=no
for needed in $(names_of NEEDED); do
	case $needed in
	libtalloc.so.2) has_talloc=yes ;;
	libc.so.6) has_libc=yes ;;
	ld-linux*.so.*) [ -n "$loader" ] || fail "needs the dynamic loader, $needed" ;;
	*) fail "needs $needed" ;;
	esac
done
[ $has_talloc = yes ] || fail "libtalloc.so.2 is not in NEEDED"
[ $has_libc = yes ] || fail "libc.so.6 is not in NEEDED"

undefined=$(readelf --dyn-syms -W "$lib" |
	awk '$1 ~ /^[0-9]+:$/ && $7 == "UND" { sub(/@.*/, "", $8); print $8 }')
for name in $undefined; do
	case $name in
	__cxa_finalize | __cxa_atexit | __cxa_thread_atexit_impl) ;; # libc has these
	_Z* | __cxa_* | __gxx_* | _Unwind_*) fail "imports $name of a C++ run-time library" ;;
	esac
done

[ "$failed" -eq 0 ] && echo "$lib: $soname, needs libtalloc and libc only"
exit "$failed"
