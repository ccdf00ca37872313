#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""install.py BUILD PREFIX: a fresh installed copy, for the tests of the examples."""

import os
import shutil
import subprocess
import sys

build, prefix = sys.argv[1:]
shutil.rmtree(prefix, ignore_errors=True)
sys.exit(subprocess.run([os.environ.get("CMAKE", "cmake"), "--install", build, "--prefix", prefix],
                        stdout=subprocess.DEVNULL).returncode)
