#!/bin/sh
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_symbols.sh LIB SYMBOLS_TSV
#
# The library exports the listed symbols, each under its version node, and
# nothing else; it defines the 47 nodes of the interface, each of which inherits
# from the one before, and no others.
#
# Rules: A1

set -u
export LC_ALL=C

if [ $# -ne 2 ]; then
	echo "usage: $0 LIB SYMBOLS_TSV" >&2
	exit 2
fi
lib=$1
list=$2
for file in "$lib" "$list"; do
	if [ ! -r "$file" ]; then
		echo "$0: can't read $file" >&2
		exit 2
	fi
done

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
failed=0

fail()
{
	echo "FAIL: $*" >&2
	failed=1
}

# compare WHAT EXPECTED ACTUAL: two files with one name in each line
compare()
{
	sort "$2" >"$tmp/expected"
	sort "$3" >"$tmp/actual"
	for name in $(comm -23 "$tmp/expected" "$tmp/actual"); do
		fail "$1 missing: $name"
	done
	for name in $(comm -13 "$tmp/expected" "$tmp/actual"); do
		fail "$1 not expected: $name"
	done
}

# The nodes, oldest first.
nodes=
for release in \
	0.9.9 \
	0.9.10 0.9.11 0.9.12 0.9.13 0.9.14 0.9.15 0.9.16 0.9.17 0.9.18 0.9.19 \
	0.9.20 0.9.21 0.9.22 0.9.23 0.9.24 0.9.25 0.9.26 0.9.27 0.9.28 0.9.29 \
	0.9.30 0.9.31 0.9.32 0.9.33 0.9.34 0.9.35 0.9.36 0.9.37 0.9.38 0.9.39 \
	0.10.0 0.10.1 0.10.2 0.11.0 0.12.0 0.12.1 0.13.0 0.14.0 0.14.1 0.15.0 \
	0.16.0 0.16.1 0.16.2 0.17.0 0.17.1 0.17.2
do
	nodes="$nodes TEVENT_$release"
done

# The list itself.
awk -F '\t' '!/^#/ && NF { print $2 "@@" $1 }' "$list" >"$tmp/listed"
count=$(wc -l <"$tmp/listed")
[ "$count" -eq 170 ] || fail "$list has $count symbols, not 170"

# Symbols.  GNU ld also writes an absolute symbol for each node; it is no
# symbol of the interface.
readelf --dyn-syms -W "$lib" >"$tmp/dynsym" || exit 2
awk '$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && $7 != "UND" && $8 != "" &&
     !($4 == "OBJECT" && $7 == "ABS" && $8 ~ /^TEVENT_/) {
	print $8 > exported
	if ($4 != "FUNC") {
		print $8 "(" $4 ")" > others
	}
}' exported="$tmp/exported" others="$tmp/others" "$tmp/dynsym"
touch "$tmp/exported" "$tmp/others"
compare "symbol" "$tmp/listed" "$tmp/exported"
for name in $(cat "$tmp/others"); do
	fail "exported symbol is not a function: $name"
done

# Nodes: "NODE<-PARENT", the first one without parent.
previous=
for node in $nodes; do
	echo "$node<-$previous"
	previous=$node
done >"$tmp/chain"
objdump -p "$lib" >"$tmp/private" || exit 2
awk '/^Version definitions:/ { on = 1; next }
     /^Version References:/  { on = 0 }
     on && /^[0-9]/          { flush(); node = ($2 == "0x01") ? "" : $4; parents = "" }
     on && /^[ \t]+[^ \t]/   { for (i = 1; i <= NF; i++) { parents = parents (parents == "" ? "" : "+") $i } }
     END                     { flush() }
     function flush()        { if (node != "") { print node "<-" parents } node = "" }' \
	"$tmp/private" >"$tmp/defined"
compare "version node (name<-predecessor)" "$tmp/chain" "$tmp/defined"

[ "$failed" -eq 0 ] && echo "$lib: 170 symbols, 47 nodes in one chain"
exit "$failed"
