#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# packages.sh SOURCE: the tools install missing packages; apt-get waits while another process holds a lock.
# Nothing is installed here: apt-get, sudo and the rest are stand-ins.

set -euo pipefail
. "$(dirname "$0")/lib.sh"

cat >"$copy/tools/example" <<'END'
#!/bin/bash
set -euo pipefail
. "$(dirname "$0")/lib.sh"
part first  "needs two"        - "one two"   say
part second "needs two others" - "two three" say
read_arguments "$@"
lock_timeout=${LOCK_TIMEOUT:-$lock_timeout}
install_packages_of_parts zero
say "installed"
END
chmod 755 "$copy/tools/example"

# Not root, so every change to the system is a call of sudo.
echo 'echo 1000' | stand_in id
echo 'echo not-installed' | stand_in dpkg-query
echo ':' | stand_in sleep
stand_in sudo <<'END'
if [ "$1" = env ]; then
	exec "$@"
fi
[ "$1" != tee ] || cat >/dev/null
END

# The first answers of apt-get, one per call and line: "lock KIND", "broken", "ok"; then "ok" for ever.
stand_in apt-get <<'END'
answers=$(dirname "$called")/answers
read -r answer kind <"$answers" || answer=ok
sed -i 1d "$answers"
case $answer in
lock)
	echo "E: Could not get lock /var/lib/$kind. It is held by process 1 (apt-get)" >&2
	echo "E: Unable to lock directory /var/lib/$kind" >&2
	exit 100
	;;
broken)
	echo "E: Unable to locate package" >&2
	exit 100
	;;
esac
END

calls() { grep -E "^$1( |\$)" "$called" || true; } # program
installs() { # expected status, answers of apt-get...; then $called has the calls
	local expected=$1
	shift
	: >"$called"
	printf '%s\n' "$@" >"$scratch/answers"
	run_tool example
	[ "$status" -eq "$expected" ] || fail "answers '$*': exit status $status: $(cat "$scratch/out" "$scratch/err")"
}
expect_calls() { # program, what it is called with, once per call...
	diff <(calls "$1") <(printf "$1 %s\n" "${@:2}") || fail "other calls of $1 than expected"
}

timeout="-q -o DPkg::Lock::Timeout=600"
update="$timeout update"
install="$timeout -y --no-install-recommends install zero one two three"

installs 0 ok
expect_calls apt-get "$update" "$install"
[ -z "$(calls sleep)" ] || fail "it waits though there is no lock"
say "  update and install wait for dpkg's lock"

# apt-get itself does not wait for these locks.
installs 0 "lock lists" "lock lists" ok "lock archives" ok
expect_calls apt-get "$update" "$update" "$update" "$install" "$install"
[ "$(calls sleep | wc -l)" -eq 3 ] || fail "it does not wait before it tries again"
say "  they are tried again while the package lists or the archives are locked"

installs 100 broken
expect_calls apt-get "$update"
installs 100 ok broken
expect_calls apt-get "$update" "$install"
! grep -qx installed "$scratch/out" || fail "it continues without the packages"
say "  another failure is final"

timeout="-q -o DPkg::Lock::Timeout=0"
LOCK_TIMEOUT=0 installs 100 "lock lists"
expect_calls apt-get "$timeout update"
say "  the wait has an end"

say "apt-get waits for the locks of others"
