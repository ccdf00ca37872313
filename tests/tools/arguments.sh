#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# arguments.sh SOURCE: every tool in tools/ answers --help and --list without any action, and refuses an unknown
# option and an unknown part.  New tools are checked automatically; the end of this file shows that a tool that does
# not comply is found.

set -euo pipefail
. "$(dirname "$0")/lib.sh"

# --help and --list call none of these.
for program in apt-get sudo cmake make ctest cpack; do
	echo 'exit 1' | stand_in "$program"
done

complaints=()
complain() { complaints+=("tools/$tool $*"); }

files() { (cd "$scratch" && find copy tmp -printf '%p %y %s %T@\n' | sort); }

# Runs the tool and reports an error unless it exits with the status and calls nothing.
answer() { # expected status, arguments...
	local expected=$1
	shift
	run_tool "$tool" "$@"
	[ "$status" -eq "$expected" ] || complain "$*: exit status $status, not $expected"
	[ ! -s "$called" ] || complain "$*: calls $(head -n 1 "$called")"
	: >"$called"
}

refusal() { # the word that is unknown, arguments...
	local word=$1
	shift
	answer 2 "$@"
	[ ! -s "$scratch/out" ] || complain "$*: prints on standard output: $(head -n 1 "$scratch/out")"
	[[ $(cat "$scratch/err") == "tools/$tool: "*"$word"* && $(wc -l <"$scratch/err") -eq 1 ]] ||
		complain "$*: the message is not one line about $word: $(head -n 3 "$scratch/err")"
}

check_tool() { # tool
	local tool=$1 option line name parts=() before
	before=$(files)
	for option in --help -h; do
		answer 0 "$option"
		[ ! -s "$scratch/err" ] || complain "$option: prints on standard error: $(head -n 1 "$scratch/err")"
		for line in "usage: tools/$tool " "Changes: ." "Exit status: 0 "; do
			grep -q "^$line" "$scratch/out" || complain "$option: no line '$line'"
		done
	done
	cp "$scratch/out" "$scratch/help"

	answer 0 --list
	# tools/swap lists the current processes as parts: perhaps none.
	[ -s "$scratch/out" ] || [ -s "$scratch/err" ] || complain "--list: prints nothing"
	while read -r name _; do
		[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_./@:-]*$ ]] || complain "--list: '$name' is no name"
		parts+=("$name")
	done <"$scratch/out"
	[ "$(printf '%s\n' "${parts[@]}" | sort -u | wc -l)" -eq "$(printf '%s\n' "${parts[@]}" | wc -l)" ] ||
		complain "--list: a name is there twice"
	if [ "$tool" != swap ]; then
		for name in "${parts[@]}"; do
			grep -qE "^  $name( |\$)" "$scratch/help" || complain "--help: does not list the part $name"
		done
	fi

	refusal --no-such-option --no-such-option
	refusal --no-such-option --no-such-option=1
	refusal no-such-part no-such-part
	refusal no-such-part no-such-part "${parts[0]:-another}"
	[ ${#parts[@]} -eq 0 ] || refusal --no-such-option "${parts[0]}" --no-such-option
	files | diff <(echo "$before") - >"$scratch/changes" || complain "changes files: $(sed -n 2p "$scratch/changes")"
}

# ---- the tools ---------------------------------------------------------------------------------------------------

tools=()
for file in "$copy"/tools/*; do
	name=$(basename "$file")
	if [ -x "$file" ]; then
		tools+=("$name")
		check_tool "$name"
		say "  tools/$name"
	elif [ "$(head -c 2 "$file")" = '#!' ]; then
		complaints+=("tools/$name is a program, but not executable")
	fi
done
[ ${#tools[@]} -ge 10 ] || fail "only these tools are found: ${tools[*]}"
[ ${#complaints[@]} -eq 0 ] || fail "$(printf '%s\n' "${complaints[@]}")"

# ---- what does not comply is found -------------------------------------------------------------------------------

bad_tool() { # what is wrong with it, a part of the complaint; the tool's text is read from standard input
	{
		printf '#!/bin/bash\n'
		cat
	} >"$copy/tools/bad"
	chmod 755 "$copy/tools/bad"
	complaints=()
	check_tool bad
	[[ ${complaints[*]} == *"$2"* ]] || fail "a tool that $1: ${complaints[*]:-no complaint}"
	rm -rf "$copy/tools/bad" "$scratch/tmp/made"
}
good='# tools/bad: does nothing.

. "$(dirname "$0")/lib.sh"
part one "the only one"
'
read='read_arguments "$@"
'
printf '#!/bin/bash\n%s' "$good$read" >"$copy/tools/bad"
chmod 755 "$copy/tools/bad"
check_tool bad
[ ${#complaints[@]} -eq 0 ] || fail "a tool that complies: ${complaints[*]}"

bad_tool "ignores its arguments" "--no-such-option: exit status 0, not 2" <<<''
bad_tool "writes before it reads its arguments" "changes files" <<<"$good mkdir -p \$TMPDIR/made; $read"
bad_tool "installs before it reads its arguments" "calls apt-get update" <<<"$good apt-get update; $read"
bad_tool "accepts any part" "no-such-part: exit status 0, not 2" <<<"$good names_part() { true; }; $read"
bad_tool "accepts any option" "--no-such-option: exit status 0, not 2" <<<"$good read_option() { option_words=1; }; $read"
bad_tool "refuses with another status" "exit status 1, not 2" <<<"$good refuse() { say tools/bad: \"\$@\" >&2; exit 1; }; $read"
bad_tool "refuses in silence" "the message is not one line" <<<"$good refuse() { exit 2; }; $read"
bad_tool "lists nothing" "--list: prints nothing" <<<"$good print_parts() { true; }; $read"
bad_tool "lists what is no name" "is no name" <<<"$good print_parts() { say '- one'; }; $read"
bad_tool "has an empty help" "no line 'usage" <<<"$good print_help() { true; }; $read"
say "${#tools[@]} tools answer --help and --list, and refuse what they do not know"
