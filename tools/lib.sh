# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by the tools that are shell scripts: arguments, packages, steps, the count at the end.
#
# A tool declares its options and parts, calls read_arguments "$@", and only then does something:
#
#     . "$(dirname "$0")/lib.sh"
#     option jobs N "processes at a time"
#     part fast "the fast tests" release "cmake g++" tests library
#     read_arguments "$@"
#     install_packages_of_parts
#     run_parts
#     finish
#
# The comment at the top of the tool is the description that --help prints.

tool=tools/$(basename "$0")
tool_file=$(realpath "$0")
callers_directory=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
cores=$(nproc)
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"
# Variables of the caller's shell must not affect the choice of library.
unset LD_LIBRARY_PATH LD_PRELOAD PKG_CONFIG_PATH DESTDIR

passed=0
failed=0
summary=()
job=
policy=

say() { printf '%s\n' "$*"; }
headline() { printf '\n==> %s\n' "$*"; }

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# ---- arguments -----------------------------------------------------------------------------------------------

# Variables that a tool may set before read_arguments, for --help.
synopsis="[OPTION...] [PART...]"
changes="installs the Debian packages that it needs, as root or with sudo, and starts none of their services;
writes below build/ in this source tree; changes nothing else."
exit_status="0 if everything passed, 1 if something failed, 2 if an argument is unknown."

declare -A option=() option_value=() option_what=()
declare -A part_what=() part_preset=() part_packages=() part_function=() part_arguments=()
option_names=()
part_names=()
wanted=()    # names of the parts to run, in the order of their declaration

# Declares --NAME.  VALUE is empty for a switch, N for a number from 1 up, a word for any other value.  ${option[NAME]}
# is empty unless the option is given; for a switch that is given it is yes.
option() { # name, value, what it does
	option_names+=("$1")
	option[$1]=
	option_value[$1]=$2
	option_what[$1]=$3
}

# Declares a part.  A tool that runs its parts itself passes only the first two arguments.  The others are for
# run_parts, which calls the function with the description as its first argument: tests, step, or one of the tool's own.
part() { # name, what it is, preset to build first (- for none), packages in one word, function, its further arguments...
	part_names+=("$1")
	part_what[$1]=$2
	part_preset[$1]=${3:--}
	part_packages[$1]=${4:-}
	part_function[$1]=${5:-}
	part_arguments[$1]=
	[ $# -lt 6 ] || part_arguments[$1]=$(printf ' %q' "${@:6}")
}

is_wanted() { [[ " ${wanted[*]} " == *" $1 "* ]]; } # part

refuse() {
	printf '%s: %s; %s --help lists what there is\n' "$tool" "$*" "$tool" >&2
	exit 2
}

# Whether a word on the command line selects a part; a tool may redefine it to accept more than the full names.
names_part() { [ "$1" = "$2" ]; } # word, part

# Reads the command line into option and wanted.  --help and --list print and exit, unknown arguments are refused.
read_arguments() {
	local name word found words=()
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help)
			print_help
			exit 0
			;;
		--list)
			print_parts ''
			exit 0
			;;
		-*)
			read_option "$@"
			shift "$option_words"
			;;
		*)
			words+=("$1")
			shift
			;;
		esac
	done
	for word in "${words[@]}"; do
		found=
		for name in "${part_names[@]}"; do
			if names_part "$word" "$name"; then
				found=yes
			fi
		done
		[ -n "$found" ] || refuse "unknown part '$word'"
	done
	for name in "${part_names[@]}"; do
		[ ${#words[@]} -gt 0 ] || wanted+=("$name")
		for word in "${words[@]}"; do
			if names_part "$word" "$name"; then
				wanted+=("$name")
				break
			fi
		done
	done
	parts_named=${#words[@]}
}

# The first argument is an option, perhaps followed by its value; sets option and option_words.
read_option() {
	local name=${1#--} value
	name=${name%%=*}
	[[ $1 == --?* && $name =~ ^[a-z-]+$ && -n ${option_what[$name]:-} ]] || refuse "unknown option '$1'"
	option_words=1
	if [ -z "${option_value[$name]}" ]; then
		[[ $1 != *=* ]] || refuse "--$name takes no value"
		option[$name]=yes
		return
	fi
	if [[ $1 == *=* ]]; then
		value=${1#*=}
	else
		[ $# -gt 1 ] || refuse "--$name needs a value"
		value=$2
		option_words=2
	fi
	[[ -n $value && $value != -* ]] || refuse "--$name needs a value"
	[[ ${option_value[$name]} != N || $value =~ ^[1-9][0-9]*$ ]] || refuse "--$name needs a number, not '$value'"
	option[$name]=$value
}

print_parts() { # indentation
	local name
	for name in "${part_names[@]}"; do
		printf '%s%-24s %s\n' "$1" "$name" "${part_what[$name]}"
	done
}

print_help() {
	local name
	say "usage: $tool $synopsis"
	say
	awk 'on && !/^#/ { exit } /^# tools\// { on = 1 } on { sub(/^# ?/, ""); print }' "$tool_file"
	say
	say "Options:"
	for name in "${option_names[@]}"; do
		printf '  %-24s %s\n' "--$name ${option_value[$name]}" "${option_what[$name]}"
	done
	printf '  %-24s %s\n' --list "print the parts, one per line, and exit" "-h, --help" "print this text and exit"
	say
	say "Parts (all of them by default):"
	print_parts '  '
	say
	say "Changes: $changes"
	say "Exit status: $exit_status"
}

# ---- nothing is left behind ----------------------------------------------------------------------------------

# Runs a command in its own process group, so that all processes that it starts can be stopped with it.
run() {
	local status=0
	set -m
	"$@" </dev/null &
	job=$!
	set +m
	wait "$job" || status=$?
	stop_job
	return "$status"
}

stop_job() {
	local pid=$job
	job=
	[ -n "$pid" ] && kill -0 -- "-$pid" 2>/dev/null || return 0
	kill -TERM -- "-$pid" 2>/dev/null || true
	# The processes need a moment to clean up.
	local deadline=$((SECONDS + 20))
	while kill -0 -- "-$pid" 2>/dev/null; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			kill -KILL -- "-$pid" 2>/dev/null || true
			break
		fi
		sleep 0.1
	done
}

leave() {
	local status=$?
	trap - EXIT INT TERM HUP
	stop_job
	[ -z "$policy" ] || as_root rm -f "$policy"
	exit "$status"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- packages ------------------------------------------------------------------------------------------------

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
	local package missing=()
	if ! command -v apt-get >/dev/null; then
		say "This is no Debian: these packages, or what corresponds to them, have to be there: $*"
		return 0
	fi
	for package in "$@"; do
		is_installed "$package" || missing+=("$package")
	done
	if [ ${#missing[@]} -eq 0 ]; then
		say "installed already: $*"
		return 0
	fi
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		say "Missing packages, and neither root nor sudo to install them: ${missing[*]}"
		exit 1
	fi
	say "apt-get install: ${missing[*]}"
	run_apt update
	# Some packages contain services (smbd, winbind); they are not started, as no file server is wanted.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	run_apt -y --no-install-recommends install "${missing[@]}"
	if [ -n "$policy" ]; then
		as_root rm -f "$policy"
		policy=
	fi
}

# apt-get, which waits while another process holds a lock, such as the unattended upgrade of a new machine.
# DPkg::Lock::Timeout makes apt-get wait only for dpkg's lock: it fails at once if the package lists or the archives are
# locked, so it is tried again then.
lock_timeout=600
run_apt() {
	local output status deadline=$((SECONDS + lock_timeout))
	output=$(mktemp "${TMPDIR:-/tmp}/tevent-apt.XXXXXX")
	while :; do
		status=0
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o "DPkg::Lock::Timeout=$lock_timeout" "$@" 2>&1 |
			tee "$output" || status=$?
		if [ "$status" -eq 0 ] || [ "$SECONDS" -ge "$deadline" ] || ! grep -q '^E: Could not get lock' "$output"; then
			break
		fi
		say "another apt holds the lock: waiting"
		sleep 5
	done
	rm -f "$output"
	return "$status"
}

install_packages_of_parts() { # further packages...
	local name packages=("$@") packages_here
	for name in "${wanted[@]}"; do
		read -ra packages_here <<<"${part_packages[$name]}"
		packages+=("${packages_here[@]}")
	done
	mapfile -t packages < <(printf '%s\n' "${packages[@]}" | awk 'NF && !seen[$0]++')
	install_packages "${packages[@]}"
}

# The packages for tests/relink: the owners of the files that it checks, and the programs that use them; sets
# relink_packages.
read_relink_packages() {
	mapfile -t relink_packages < <(
		grep -v '^#' tests/relink/linked.tsv | cut -f 1 | sort -u
		tr ' ' '\n' <tests/relink/packages
	)
}

# A test starts smbd as root and can't ask for a password, so sudo asks for it now.
prepare_sudo() {
	if [ "$(id -u)" -ne 0 ]; then
		say "smbd runs as root: sudo"
		sudo -v
	fi
}

# ---- steps ---------------------------------------------------------------------------------------------------

result() { # what, passed, failed, since
	passed=$((passed + $2))
	failed=$((failed + $3))
	summary+=("$(printf '%-44s %4d passed %4d failed %5d s' "$1" "$2" "$3" $((SECONDS - $4)))")
}

# One command that passes or fails as a whole.
step() { # what, command...
	local what=$1 start=$SECONDS
	shift
	headline "$what"
	if run "$@"; then
		result "$what" 1 0 "$start"
	else
		say "FAILED: $what"
		result "$what" 0 1 "$start"
	fi
}

# Configures and builds a preset.  A build that fails counts as failed; one that succeeds does not count.
build() { # preset, cmake arguments...
	local preset=$1 start=$SECONDS log
	shift
	mkdir -p build
	log=build/$preset.log
	headline "build: preset $preset (all output: $log)"
	if run cmake --preset "$preset" "$@" >"$log" 2>&1 &&
		run cmake --build --preset "$preset" -j "$cores" >>"$log" 2>&1; then
		grep -A 3 -E '[Ww]arning' "$log" || true
		result "build $preset" 0 0 "$start"
		return 0
	fi
	tail -n 50 "$log"
	say "FAILED: build $preset"
	result "build $preset" 0 1 "$start"
	return 1
}

# Runs the tests that a test preset selects, and counts what ctest reports.  A test that was not run counts as
# failed, as everything that the tests need is installed.  With may_skip=yes a test may give a reason (exit
# status 77, a line "skipped: ..."): some requirements are not available everywhere, like namespaces in a
# container.
may_skip=
tests() { # what, ctest preset, ctest arguments...
	local what=$1 preset=$2 start=$SECONDS report status=0 total bad skipped
	shift 2
	headline "$what"
	report=$(mktemp "${TMPDIR:-/tmp}/tevent-check.XXXXXX")
	run "${launcher[@]}" ctest --preset "$preset" -j "$cores" --output-junit "$report" "$@" || status=$?
	total=$(junit_attribute tests "$report")
	bad=$(junit_attribute failures "$report")
	skipped=$(($(junit_attribute skipped "$report") + $(junit_attribute disabled "$report")))
	if [ "$skipped" -gt 0 ] && [ "$may_skip" = yes ]; then
		say "$skipped tests were not run:"
		grep -o 'skipped: [^&<]*' "$report" | sort -u || true
		total=$((total - skipped))
		skipped=0
	elif [ "$skipped" -gt 0 ]; then
		say "FAILED: $skipped tests were not run"
	fi
	rm -f "$report"
	if [ "$status" -ne 0 ] && [ $((bad + skipped)) -eq 0 ]; then
		say "FAILED: ctest, exit status $status"
		bad=1
		[ "$total" -gt 0 ] || total=1
	fi
	result "$what" $((total - bad - skipped)) $((bad + skipped)) "$start"
}
launcher=()

# An attribute of <testsuite>, 0 if there is no report.
junit_attribute() {
	local value
	value=$(sed -n "/<testsuite/,/>/s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1)
	echo "${value:-0}"
}

# Runs the wanted parts.  A preset is built before the first part that needs it; if that fails, its parts are skipped
# and the build counts as failed.
run_parts() {
	local name preset
	local -A built=([-]=yes)
	for name in "${wanted[@]}"; do
		preset=${part_preset[$name]}
		if [ -z "${built[$preset]:-}" ]; then
			built[$preset]=no
			if build "$preset"; then
				built[$preset]=yes
			fi
		fi
		if [ "${built[$preset]}" = yes ]; then
			eval "${part_function[$name]} \"\${part_what[\$name]}\" ${part_arguments[$name]}"
		fi
	done
}

finish() {
	headline "summary, after $((SECONDS / 60)) min $((SECONDS % 60)) s"
	printf '%s\n' "${summary[@]}"
	say
	say "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
