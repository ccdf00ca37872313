#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# hardening_cost.sh SCRATCH: the cost of the flags of docs/hardening.md, in instructions per operation, for the
# whole process (library, talloc, libc; not the kernel).
#
# Builds the library in SCRATCH without the flags, with each one alone, and with all, then counts with callgrind the
# instructions of 1000 more rounds of each operation of hardening_cost.c.  The first column is the number without
# the flags; the others are the increase.  The numbers are the same each time on the same machine.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
mkdir -p "$1"
scratch=$(cd "$1" && pwd)

variants=(none fortify protector clash cf now all)
operations=(immediate timer fd request queue)
rounds=1000

build() { # variant, cmake arguments...
	local dir=$scratch/$1
	shift
	cmake -S "$source" -B "$dir" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O2 -g -DNDEBUG" \
		-DTEVENT_BUILD_TESTS=OFF -DTEVENT_BUILD_EXAMPLES=OFF -DTEVENT_BUILD_DOCS=OFF -DTEVENT_HARDENING=OFF "$@"
	cmake --build "$dir" --target tevent -j 2
}

count() { # variant, operation, rounds -> instructions
	LD_LIBRARY_PATH=$scratch/$1/lib valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$scratch/hardening_cost" "$2" "$3" 2>&1 | sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

{
	build none
	build fortify -DCMAKE_CXX_FLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"
	build protector -DCMAKE_CXX_FLAGS=-fstack-protector-strong
	build clash -DCMAKE_CXX_FLAGS=-fstack-clash-protection
	build cf -DCMAKE_CXX_FLAGS=-fcf-protection
	build now -DCMAKE_SHARED_LINKER_FLAGS="-Wl,-z,relro -Wl,-z,now"
	build all -DTEVENT_HARDENING=ON
	# Without hardening: only the library's is measured.
	read -ra talloc <<<"$(pkg-config --cflags --libs talloc)"
	${CC:-cc} -O2 -I"$source/include" "$here/hardening_cost.c" -L"$scratch/none/lib" -ltevent "${talloc[@]}" \
		-o "$scratch/hardening_cost"
} >"$scratch/build.log" 2>&1 || {
	tail -n 30 "$scratch/build.log"
	exit 1
}

printf '%-22s' "instructions"
printf '%11s' "${variants[@]}"
echo
for operation in "${operations[@]}"; do
	printf '%-22s' "$operation"
	for variant in "${variants[@]}"; do
		more=$(count "$variant" "$operation" $((2 * rounds)))
		less=$(count "$variant" "$operation" "$rounds")
		number=$(((more - less) * 10 / rounds))
		if [ "$variant" = none ]; then
			base=$number
			printf '%9d.%d' $((number / 10)) $((number % 10))
		else
			added=$((number - base))
			printf '%9s.%d' "$([ $added -lt 0 ] && echo - || echo +)$((${added#-} / 10))" $((${added#-} % 10))
		fi
	done
	echo
done
printf '%-22s' "start, one immediate"
for variant in "${variants[@]}"; do
	printf '%11d' "$(count "$variant" immediate 1)"
done
echo
printf '%-22s' "text, bytes"
for variant in "${variants[@]}"; do
	printf '%11d' "$(size "$scratch/$variant/lib/libtevent.so.0" | awk 'NR == 2 { print $1 }')"
done
echo
