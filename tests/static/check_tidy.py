#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# check_tidy.py ROOT BUILD_DIR: clang-tidy on every file of ROOT that BUILD_DIR/compile_commands.json names.
#
# ROOT/.clang-tidy applies to src/ and compat/, ROOT/tests/.clang-tidy to tests, bench and examples.  Assertions stay
# on in any build: the analyzer relies on them.  Exit status 77: there is no clang-tidy.

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

JOBS = 2


def one_command_each(database, directory):
    """A database in DIRECTORY with one command for each file: the library is compiled in two ways."""
    entries = {}
    for entry in json.loads(database.read_text()):
        entries.setdefault(pathlib.Path(entry["directory"], entry["file"]).resolve(), entry)
    directory.joinpath("compile_commands.json").write_text(json.dumps(list(entries.values())))
    return entries


def sources(root, files):
    """All source files below ROOT, the large ones first: they take longest."""
    return sorted((f for f in files if f.is_relative_to(root)), key=lambda f: f.stat().st_size, reverse=True)


def check(root, commands, file):
    """clang-tidy's findings; empty if the file is clean."""
    room = file.relative_to(root).parts[0]
    config = root / ".clang-tidy" if room in ("src", "compat") else root / "tests" / ".clang-tidy"
    done = subprocess.run(["clang-tidy", "-p", commands, f"--config-file={config}", "--extra-arg=-UNDEBUG", "--quiet", file],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0 and not done.stdout.strip():
        return ""
    return done.stdout.strip() or done.stderr.strip() or f"{file}: clang-tidy's exit status is {done.returncode}"


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} ROOT BUILD_DIR")
    root, build = (pathlib.Path(arg).resolve() for arg in sys.argv[1:])
    if shutil.which("clang-tidy") is None:
        print("no clang-tidy")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as commands:
        files = sources(root, one_command_each(build / "compile_commands.json", pathlib.Path(commands)))
        if not files:
            sys.exit("compile_commands.json names no file of this tree")
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            findings = [text for text in pool.map(lambda f: check(root, commands, f), files) if text]
    for text in findings:
        print(text.replace(f"{root}{os.sep}", ""))
    print(f"clang-tidy: {len(files)} files, {len(findings)} with findings")
    sys.exit(1 if findings else 0)


main()
