#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# parts.sh SOURCE: the tools run only the named parts; options get their values.

set -euo pipefail
. "$(dirname "$0")/lib.sh"

expect_called() { # tool and arguments as a text, extended regular expressions for the calls, in this order...
	local what=$1 number=0 line
	shift
	while read -r line; do
		number=$((number + 1))
		[[ $number -le $# && $line =~ ^${!number}$ ]] || fail "$what: call $number is '$line', not '${!number:-}'"
	done <"$called"
	[ "$number" -eq $# ] || fail "$what: $number calls, not $#"
	: >"$called"
}

# ---- a tool of this test -----------------------------------------------------------------------------------------

cat >"$copy/tools/example" <<'END'
#!/bin/bash
# tools/example: has three parts.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
option jobs N "a number"
option label WORD "a word"
option all "" "a switch"
part first  "the first one"      one "" echo_part 1 "a b"
part second "it's the second"    two "" echo_part '$2'
part third  "no preset"          -   "" echo_part 3
part again  "the first's preset" one "" echo_part 4
build() {
	say "build $1"
	[ "$1" != "${BAD_PRESET:-}" ]
}
echo_part() { say "part $*"; }
read_arguments "$@"
say "${option[jobs]}|${option[label]}|${option[all]}|$parts_named"
run_parts
END
chmod 755 "$copy/tools/example"
expect_output() { # the lines, arguments...
	local lines=$1
	shift
	run_tool example "$@"
	[ "$status" -eq 0 ] || fail "tools/example $*: exit status $status: $(cat "$scratch/err")"
	diff <(printf '%b\n' "$lines") "$scratch/out" || fail "tools/example $*"
}
expect_refusal() { # arguments...
	run_tool example "$@"
	[[ $status -eq 2 && ! -s $scratch/out && -s $scratch/err ]] ||
		fail "tools/example $*: exit status $status: $(cat "$scratch/out" "$scratch/err")"
}

first="build one\npart the first one 1 a b"
second="build two\npart it's the second \$2"
third="part no preset 3"
again="part the first's preset 4"
expect_output "|||0\n$first\n$second\n$third\n$again"
expect_output "|||1\n$second" second
# In the order of their declaration, each once; a preset is built once.
expect_output "|||4\n$first\n$third\n$again" third again first third
expect_output "7|x=y z|yes|1\n$third" --jobs 7 third --label="x=y z" --all
expect_output "10|||1\n$third" --jobs=10 third
BAD_PRESET=one expect_output "|||0\nbuild one\n$second\n$third"
for arguments in --jobs "--jobs x" --jobs=0 --jobs= "--jobs --all" --label --all=1 --job --jobs1 -j -- "--" "- third" \
	"--no third" '--$(true)' '$(touch' "firs" "first second2" 'first*'; do
	read -ra words <<<"$arguments"
	expect_refusal "${words[@]}"
done
expect_refusal ''
rm "$copy/tools/example"
say "  parts run in order, options get their values"

# ---- the tools ---------------------------------------------------------------------------------------------------

# Every package is installed, every build works, every test passes.
stand_in dpkg-query <<'END'
echo installed
END
echo 'exit 0' | stand_in apt-get
echo 'exit 0' | stand_in cmake
stand_in ctest <<'END'
while [ $# -gt 0 ]; do
	if [ "$1" = --output-junit ]; then
		printf '<testsuite\n\ttests="3"\n\tfailures="0"\n\tdisabled="0"\n\tskipped="0"\n>\n' >"$2"
	fi
	shift
done
END
runs() { # tool and arguments as a text, expected calls...
	local words
	read -ra words <<<"$1"
	run_tool "${words[@]}"
	[ "$status" -eq 0 ] || fail "tools/$1: exit status $status: $(cat "$scratch/out" "$scratch/err")"
	sed -i '/^dpkg-query /d' "$called"
	expect_called "tools/$@"
}
built() { printf '%s\n' "cmake --preset $1" "cmake --build --preset $1 .*"; }
mapfile -t release < <(built release)
mapfile -t asan < <(built asan)
runs "check --quick" "${release[@]}" "ctest --preset quick .*"
tail -n 1 "$scratch/out" | grep -qx '3 passed, 0 failed' || fail "tools/check --quick ends so: $(tail -n 1 "$scratch/out")"
(cd "$copy" && ctest --list-presets) | grep -q '"quick"' || fail "there is no test preset quick"
runs "check asan" "${asan[@]}" "ctest --preset asan .*"
runs "check asan static valgrind" "${release[@]}" "ctest --preset static .*" "ctest --preset valgrind .*" \
	"${asan[@]}" "ctest --preset asan .*"
runs "soak faults" "${release[@]}" "ctest --preset release .* -L \^fault\\$"
say "  tools/check, tools/soak: the named parts and no others"

# gcovr writes the table of lines that tools/coverage prints.
stand_in gcovr <<'END'
while [ "$1" != --txt ]; do
	shift
done
: >"$2"
END
mapfile -t coverage < <(built coverage)
runs "coverage" "${coverage[@]}" "ctest --preset coverage -L \^\(behaviour\|unit\|fault\)\\$ .*" "gcovr .* --print-summary --fail-under-line [0-9]+ .*"
runs "coverage unit --jobs 3" "${coverage[@]}" "ctest --preset coverage -L \^\(unit\)\\$ -j 3 .*" \
	"gcovr .* --print-summary build/coverage"
say "  tools/coverage: all tests with limits, or those of a label without"

# tools/bench counts instructions of what is named; nothing is measured here.
echo 'exit 0' | stand_in python3
runs "bench --rounds 2 --no-counts request timer_rearm_10" "${release[@]}" \
	"python3 bench/run/main.py --build [^ ]* --rounds 2 --no-counts timer_rearm_10 request"
runs "bench memory_ --quick" "${release[@]}" \
	"python3 bench/run/main.py --build [^ ]* --quick memory_fd memory_timer memory_immediate memory_request"
runs "bench" "${release[@]}" "python3 bench/run/main.py --build [^ ]*"
say "  tools/bench: names and how they begin"
