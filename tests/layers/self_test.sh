#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# self_test.sh SCRATCH: check_layers.sh has to find each kind of mistake.  Creates small trees in SCRATCH,
# one correct and then one per kind of mistake.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=$1
failures=0

# A correct tree; each case changes it.
tree() {
	rm -rf "$scratch"
	mkdir -p "$scratch"/{include,compat,src/{base,poller,event,context,async}}
	cd "$scratch"
	touch include/tevent.h src/base/list.hpp compat/tevent.map
	echo '#include "src/base/list.hpp"' >src/poller/poller.hpp
	echo '#  include "poller.hpp" // itself' >src/poller/poller.cpp
	echo '#include "src/poller/poller.hpp"' >src/event/fd_event.hpp
	echo '#include "src/event/fd_event.hpp"' >src/context/lifetime.hpp
	printf '#include <sys/epoll.h>\n#include "src/context/lifetime.hpp"\n' >src/async/queue.hpp
	printf '#include <tevent.h>\n#include "tevent.h"\n#include "src/async/queue.hpp"\n' >compat/queue.cpp
}

expect() { # outcome (holds|broken), description
	local outcome=holds
	"$here/check_layers.sh" "$scratch" >"$scratch.log" 2>&1 || outcome=broken
	if [ "$outcome" = "$1" ]; then
		echo "ok: $2: $outcome"
	else
		echo "FAILED: $2: $outcome"
		cat "$scratch.log"
		failures=$((failures + 1))
	fi
}

tree
expect holds "all in the right direction"
tree
echo '#include "src/poller/poller.hpp"' >>src/base/list.hpp
expect broken "base includes poller"
tree
echo '#include "../context/lifetime.hpp"' >>src/event/fd_event.hpp
expect broken "event includes context by a relative path"
tree
touch compat/common.hpp
echo '#include "compat/common.hpp"' >>src/async/queue.hpp
expect broken "src includes compat"
tree
printf '\t#\tinclude "src/async/queue.hpp"\n' >>src/context/lifetime.hpp
expect broken "context includes async, written oddly"
tree
echo '#include <src/async/queue.hpp>' >>src/context/lifetime.hpp
expect broken "a file of the project in angle brackets"
tree
mkdir src/attic
touch src/attic/old.cpp
expect broken "an unknown directory"
tree
touch src/main.cpp
expect broken "a file in no directory"
tree
echo '#include "src/base/missing.hpp"' >>src/context/lifetime.hpp
expect broken "a file that is not there"

cd /
rm -rf "$scratch" "$scratch.log"
[ "$failures" -eq 0 ]
