#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_hardening.sh LIB.so [LIB.a]: the flags of docs/hardening.md took effect in the files that users get.

set -euo pipefail
export LC_ALL=C

lib=$1
archive=${2:-}
failed=0

fail() {
	echo "FAIL: $*" >&2
	failed=1
}

# grep reads to the end: with -q readelf could be stopped by a closed pipe, which counts as failure here.
has() { grep -E "$1" >/dev/null; }

dynamic=$(readelf -dW "$lib")
segments=$(readelf -lW "$lib")
imports=$(readelf --dyn-syms -W "$lib" | awk '$7 == "UND" { sub(/@.*/, "", $8); print $8 }')

# ---- segments and relocations

has 'BIND_NOW|FLAGS_1.*NOW' <<<"$dynamic" || fail "symbols are not all bound at the start (-z now)"
has 'GNU_RELRO' <<<"$segments" || fail "no GNU_RELRO segment (-z relro)"
stack=$(awk '$1 == "GNU_STACK"' <<<"$segments")
[ -n "$stack" ] || fail "no GNU_STACK segment: the stack is executable where that is the default"
! has 'RWE' <<<"$stack" || fail "the stack is executable"
! has 'LOAD .* RWE' <<<"$segments" || fail "a segment is writable and executable"
! has 'TEXTREL' <<<"$dynamic" || fail "relocations in the text (TEXTREL)"
! has '\((RPATH|RUNPATH)\)' <<<"$dynamic" || fail "a search path for libraries is built in"

# ---- calls

has '^__stack_chk_fail$' <<<"$imports" || fail "no function checks its stack (-fstack-protector-strong)"
has '^__vfprintf_chk$' <<<"$imports" || fail "vfprintf() is not the checked one (_FORTIFY_SOURCE)"
checked=(vfprintf fprintf printf vsnprintf snprintf sprintf)
# glibc 2.36 has no checked one for C++ and clang.
! has clang < <(readelf -p .comment "$lib") || checked=(vfprintf)
for name in "${checked[@]}"; do
	! has "^$name\$" <<<"$imports" || fail "calls $name() unchecked (_FORTIFY_SOURCE)"
done

# ---- control flow (x86)

if has 'X86-64|80386' < <(readelf -hW "$lib"); then
	notes() { readelf -nW "$1" 2>/dev/null; }
	marked='x86 feature: .*IBT.*SHSTK'
	if [ -n "$archive" ]; then
		objects=$(readelf -hW "$archive" | grep -c '^File:')
		marks=$(notes "$archive" | grep -cE "$marked" || true)
		[ "$marks" -eq "$objects" ] || fail "$marks of $objects objects are marked IBT, SHSTK (-fcf-protection)"
	fi
	# The linker keeps the mark when every object has it, libc's own start files included.
	whole=yes
	for file in crti.o crtn.o crtbeginS.o crtendS.o; do
		notes "$(${CC:-cc} -print-file-name=$file)" | has "$marked" || whole=no
	done
	if [ $whole = yes ]; then
		notes "$lib" | has "$marked" || fail "not marked IBT, SHSTK (-fcf-protection)"
	else
		echo "libc's start files are not marked IBT, SHSTK: no library of this system can be"
	fi
fi

[ "$failed" -eq 0 ] && echo "$lib: hardened"
exit "$failed"
