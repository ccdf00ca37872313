# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Shared by arguments.sh, parts.sh and packages.sh: the tools run in a copy of the source tree, with stand-ins for the
# programs that build, test and install.  A stand-in appends its name and arguments to $called, one line per call.

source_directory=$(realpath "$1")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tevent-tools.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
copy=$scratch/copy
called=$scratch/called
export called

say() { printf '%s\n' "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# Without the build directories and .git.
mkdir "$copy" "$scratch/bin" "$scratch/tmp"
(cd "$source_directory" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$copy"
: >"$called"

stand_in() { # name; its commands after the recording are read from standard input
	{
		printf '#!/bin/bash\nprintf "%%s\\n" "%s $*" >>"$called"\n' "$1"
		cat
	} >"$scratch/bin/$1"
	chmod 755 "$scratch/bin/$1"
}

# Runs a tool of the copy, in its own directory; sets status, and writes $scratch/out and $scratch/err.
run_tool() { # tool, arguments...
	status=0
	cd "$scratch/tmp"
	PATH=$scratch/bin:$PATH TMPDIR=$scratch/tmp "$copy/tools/$1" "${@:2}" \
		>"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}
