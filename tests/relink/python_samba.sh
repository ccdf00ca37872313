#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# python_samba.sh LIBDIR: Debian's python3-samba, unchanged, on the library in LIBDIR.  Every compiled module of the
# package is imported with all symbols bound, and its own tests that need no server run; none may fail.
#
# Rules: A2

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

# Debian's own interpreter: another python3 on the PATH does not see Debian's modules.
python=/usr/bin/python3
require "$python" python3
if ! (cd / && "$python" -c 'import samba.tests' 2>/dev/null); then
	say "skipped: samba.tests is not installed (Debian: python3-samba)"
	exit 77
fi

cd "$scratch"
mkdir tmp
export TMPDIR=$scratch/tmp SMB_CONF_PATH=$scratch/smb.conf PYTHONDONTWRITEBYTECODE=1
printf '[global]\n' >smb.conf
for kind in 'lock directory' 'state directory' 'cache directory' 'pid directory' 'private dir'; do
	mkdir "$scratch/${kind%% *}"
	say "$kind = $scratch/${kind%% *}"
done >>smb.conf

start timeout --foreground 200 env LD_BIND_NOW=1 "$python" "$here/python_samba.py" >output 2>errors </dev/null
status=0
wait "$pid" || status=$?
if [ "$status" -ne 0 ]; then
	tail -n 20 errors
	sed -n '/^not ok: /,/^\(ok\|skipped\|mapped\): /p' output
	fail "python3: exit status $status; $(sed -n 's/^outcomes: //p' output)"
fi

# The tests' own output is between these lines.
mapped=$(sed -n 's/^mapped: //p' output)
[ "$mapped" = "$library" ] || fail "python3 has mapped: ${mapped:-no libtevent at all}, not $library"
say "  python3, /proc/self/maps: $mapped"
modules=$(sed -n 's/^imported: \([0-9]*\) .*/\1/p' output)
[ "$modules" -ge 60 ] || fail "$modules compiled modules were found, there are more"
succeeded=$(grep -c '^ok: ' output)
[ "$succeeded" -ge 200 ] || fail "$succeeded tests of python3-samba ran, there are more"
grep '^skipped: ' output | cut -c 1-110 | sed 's/^/  /' || true
say "python3-samba: $modules compiled modules imported, $succeeded of its tests are ok, none failed"
