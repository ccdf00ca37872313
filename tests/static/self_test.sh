#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# self_test.sh SCRATCH: check_tidy.py and check_cppcheck.sh have to find each kind of defect.  Creates small trees
# in SCRATCH, one clean and then one per kind of defect.  Exit status 77: a tool is missing.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=$1
failures=0

for tool in clang-tidy cppcheck; do
	command -v "$tool" >/dev/null || {
		echo "no $tool"
		exit 77
	}
done

entry() { # file, compiler
	printf '{"directory": "%s", "file": "%s", "command": "%s -DNDEBUG -I. -c %s"}' "$scratch" "$1" "$2" "$1"
}

# A clean tree; each case changes it.
tree() {
	rm -rf "$scratch"
	mkdir -p "$scratch"/{build,src,tests}
	cd "$scratch"
	cp "$here/../../.clang-tidy" .clang-tidy
	cp "$here/../.clang-tidy" tests/.clang-tidy
	printf '#pragma once\nint next_of(int number);\n' >src/next.hpp
	cat >src/next.cpp <<-'END'
		#include <cassert>

		#include "src/next.hpp"

		int next_of(int number)
		{
		    const int *p = number > 0 ? &number : nullptr;
		    assert(p != nullptr);
		    return *p + 1;
		}
	END
	printf 'int next_of(int number);\n\nint main(void)\n{\n\treturn next_of(-1);\n}\n' >tests/test.c
	echo "[$(entry src/next.cpp 'c++ -std=c++20'), $(entry tests/test.c cc)]" >build/compile_commands.json
}

expect() { # clean, or a word that has to be among the findings; script; description
	local status=0 outcome
	"$here/$2" "$scratch" "$scratch/build" >"$scratch.log" 2>&1 || status=$?
	case $1 in
	clean) outcome=$([ "$status" -eq 0 ] && echo ok || echo FAILED) ;;
	*) outcome=$([ "$status" -eq 1 ] && grep -q -e "$1" "$scratch.log" && echo ok || echo FAILED) ;;
	esac
	echo "$outcome: $2: $3"
	if [ "$outcome" = FAILED ]; then
		cat "$scratch.log"
		failures=$((failures + 1))
	fi
}

tree
expect clean check_tidy.py "nothing to find; an assertion is taken for granted in spite of NDEBUG"
expect clean check_cppcheck.sh "nothing to find"

tree
sed -i '/assert(/d' src/next.cpp
expect clang-analyzer-core.NullDereference check_tidy.py "a null pointer in the library"
tree
sed -i 's/number/badlyNamed/' src/next.cpp
expect readability-identifier-naming check_tidy.py "a name that is not the house's"
tree
printf 'inline int *nothing() { return 0; }\n' >>src/next.hpp
expect modernize-use-nullptr check_tidy.py "a finding in a header"
tree
printf 'int twice(int a)\n{\n\tint *p = 0;\n\treturn a ? a * 2 : *p;\n}\n' >>tests/test.c
expect clang-analyzer-core.NullDereference check_tidy.py "a null pointer in a test"
tree
echo 'int broken(' >>tests/test.c
expect clang-diagnostic-error check_tidy.py "a file that does not compile"

tree
printf 'int past()\n{\n    const int a[2] = {1, 2};\n    return a[2];\n}\n' >>src/next.cpp
expect arrayIndexOutOfBounds check_cppcheck.sh "an index out of bounds in the library"
tree
printf 'int unread()\n{\n    int a = 1;\n    a = 2;\n    return 0;\n}\n' >>src/next.cpp
expect unreadVariable check_cppcheck.sh "style in the library"
tree
printf 'int past(void)\n{\n\tint a[2] = {1, 2};\n\treturn a[2];\n}\n' >>tests/test.c
expect arrayIndexOutOfBounds check_cppcheck.sh "an index out of bounds in a test"
tree
echo '[]' >build/compile_commands.json
expect . check_tidy.py "no files"
expect . check_cppcheck.sh "no files"

rm -rf "$scratch" "$scratch.log"
[ "$failures" -eq 0 ]
