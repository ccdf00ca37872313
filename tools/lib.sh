# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by tools/demo and tools/check: packages, steps, the count at the end.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
cores=$(nproc)
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"
# A leftover of the caller's shell must not decide which library runs.
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

# ---- nothing is left behind ----------------------------------------------------------------------------------

# Runs a command in a process group of its own, so that all it started can be stopped with it.
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
	# What runs there needs a moment to clean up after itself.
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
	as_root apt-get -q update
	# Packages come with services (smbd, winbind); they are not started: nobody asked for a file server.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
	if [ -n "$policy" ]; then
		as_root rm -f "$policy"
		policy=
	fi
}

# What tests/relink needs: the owners of the files that it looks at, and what drives them; into relink_packages.
read_relink_packages() {
	mapfile -t relink_packages < <(
		grep -v '^#' tests/relink/linked.tsv | cut -f 1 | sort -u
		tr ' ' '\n' <tests/relink/packages
	)
}

# smbd has to be started as root, from within a test that can't ask for a password: it is asked for now.
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

# Configures and builds a preset.  A build that fails counts, one that works is no test.
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

# Runs the tests that a test preset selects, and counts what ctest reports.  A test that was not run is a failed
# one: all that the tests need is installed.  With may_skip=yes a test may give a reason (exit status 77, a line
# "skipped: ..."): what it needs cannot be had everywhere, like namespaces in a container.
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

# An attribute of <testsuite>, 0 when there is no report.
junit_attribute() {
	local value
	value=$(sed -n "/<testsuite/,/>/s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1)
	echo "${value:-0}"
}

finish() {
	headline "summary, after $((SECONDS / 60)) min $((SECONDS % 60)) s"
	printf '%s\n' "${summary[@]}"
	say
	say "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
