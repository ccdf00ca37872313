#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""corpus.py unpack TARGET DIR: writes the recorded inputs of a fuzz target into DIR, one file each.
corpus.py record [--minimise] TARGET [FOUND...]: adds to the recorded inputs those in the directories FOUND that
reach something new.  By default FOUND is what the tests and tools/soak leave in build/fuzz, which has to be built.
With --minimise a recorded input stays only if the smallest set of all of them needs it.

TARGET is `steps` or `numbers`.  corpus/TARGET.txt has a line for each input: its name and its bytes in hexadecimal
digits.  The lines are sorted.  A name gives the purpose of an input: of the places that it reaches, the one that
the fewest others reach; if there are several, one in the library.  It consists of the function and of the number
of passes through the place in that function: x1, x2, x3, x4 (to 7), x8 (to 15), x16 (to 31), x32 (to 127), x128
(or more).  A last number, -2 and so on, distinguishes equal names.  An input keeps its name.
"""

import argparse
import bisect
import collections
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build/fuzz"
LINE = re.compile(r"([\w.~-]+) ((?:[0-9a-f]{2})+)")
HEADER = """\
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Inputs of fuzz_{target}: name, bytes.  Written by tests/fuzz/corpus.py, which says what the names mean.
"""
# libFuzzer distinguishes eight classes of counts at each place; the number of a feature is place * 8 + class.
CLASSES = ("x1", "x2", "x3", "x4", "x8", "x16", "x32", "x128")


def read(path):
    """{name: bytes}"""
    inputs = {}
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path}: {error}")
    if text and not text.endswith("\n"):
        sys.exit(f"{path}: the last line is cut off")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if not match:
            sys.exit(f"{path}:{number}: not a name and an even number of hexadecimal digits: {line[:60]}")
        if match[1] in inputs:
            sys.exit(f"{path}:{number}: the name {match[1]} is there twice")
        inputs[match[1]] = bytes.fromhex(match[2])
    if not inputs:
        sys.exit(f"{path}: no inputs")
    return inputs


def write(path, inputs):
    lines = (f"{name} {data.hex()}\n" for name, data in sorted(inputs.items()))
    path.write_text(HEADER.format(target=path.stem) + "".join(lines), encoding="ascii")


def unpack(inputs, directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, data in inputs.items():
        (directory / name).write_bytes(data)


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Functions:
    """Names of the functions that libFuzzer's counted places are in."""

    def __init__(self, program):
        section = re.search(r" __sancov_pcs +\w+ +(\w+) \w+ (\w+)", output_of("readelf", "-SW", program))
        relocations = re.findall(r"^(\w+) .*R_\w+_RELATIVE +(\w+)$", output_of("readelf", "-rW", program), re.M)
        addresses = {int(offset, 16): int(address, 16) for offset, address in relocations}
        start, size = (int(number, 16) for number in section.groups())
        self.places = [addresses[entry] for entry in range(start, start + size, 16)]
        symbols = re.findall(r"^(\w+) [tTwW] (.+)$", output_of("nm", "-n", "--defined-only", program), re.M)
        self.starts = [int(address, 16) for address, _ in symbols]
        mangled = "\n".join(name for _, name in symbols)
        self.names = subprocess.run(["c++filt", "-p"], input=mangled, check=True, stdout=subprocess.PIPE,
                                    text=True).stdout.splitlines()

    def name_of(self, feature):
        """None: the feature is not one of a counted place."""
        if feature // len(CLASSES) >= len(self.places):
            return None
        name = self.names[bisect.bisect(self.starts, self.places[feature // len(CLASSES)]) - 1]
        name = name.replace("(anonymous namespace)::", "").removeprefix("tev::")
        while "<" in name and name != (shorter := re.sub(r"<[^<>]*>", "", name)):
            name = shorter
        return ".".join(re.findall(r"[\w~]+", name)) + "." + CLASSES[feature % len(CLASSES)]


def merge(program, into, directories):
    """Copies the inputs that reach new features into the directory; returns {path of an input: its features}."""
    with tempfile.NamedTemporaryFile() as control:
        run = subprocess.run([program, "-set_cover_merge=1", f"-merge_control_file={control.name}", "-timeout=20",
                              into, *directories], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", check=False)
        if run.returncode != 0:
            sys.exit(f"{run.stdout}{program}: exit status {run.returncode}")
        with open(control.name, encoding="utf-8") as file:
            lines = file.read().splitlines()
    count = int(lines[0])
    paths = [Path(path) for path in lines[2:2 + count]]
    marks = (line.split() for line in lines[2 + count:])
    return {paths[int(mark[1])]: frozenset(map(int, mark[2:])) for mark in marks if mark[0] == "FT"}


def with_names(kept, names, functions):
    """{name: bytes} of the inputs to keep, a map from bytes to features."""
    holders = collections.Counter(feature for features in kept.values() for feature in features)

    def rank(feature):
        return holders[feature], functions.name_of(feature).startswith(("diff.", "std.")), feature

    inputs = {names[data]: data for data in kept if data in names}
    for data in sorted(kept.keys() - names.keys()):
        name = functions.name_of(min(filter(functions.name_of, kept[data]), key=rank))
        unique, number = name, 1
        while unique in inputs:
            number += 1
            unique = f"{name}-{number}"
        inputs[unique] = data
    return inputs


def record(target, found, minimise):
    path = HERE / f"corpus/{target}.txt"
    recorded = read(path) if path.exists() else {}
    program = BUILD / f"tests/fuzz/fuzz_{target}"
    if not program.exists():
        sys.exit(f"{program} is missing: cmake --preset fuzz && cmake --build --preset fuzz")
    with tempfile.TemporaryDirectory() as scratch:
        old, new = Path(scratch, "old"), Path(scratch, "new")
        unpack(recorded, old)
        new.mkdir()
        features = merge(program, *((new, [old, *found]) if minimise else (old, found)))
        # The same input can exist under several names.
        features_of = {file.read_bytes(): features[file] for file in features}
        kept = {data: features_of[data] for data in map(Path.read_bytes, (new if minimise else old).iterdir())}
        inputs = with_names(kept, {data: name for name, data in recorded.items()}, Functions(program))
    write(path, inputs)
    reached = frozenset().union(*kept.values())
    print(f"{path.relative_to(ROOT)}: {len(inputs)} inputs, {len(inputs.keys() - recorded.keys())} of them new, "
          f"{len(recorded.keys() - inputs.keys())} left out; {len(reached)} features")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("unpack")
    command.add_argument("target", choices=("steps", "numbers"))
    command.add_argument("directory", type=Path, metavar="DIR")
    command = commands.add_parser("record")
    command.add_argument("--minimise", action="store_true")
    command.add_argument("target", choices=("steps", "numbers"))
    command.add_argument("found", nargs="*", type=Path, metavar="FOUND")
    arguments = parser.parse_args()
    if arguments.command == "unpack":
        unpack(read(HERE / f"corpus/{arguments.target}.txt"), arguments.directory)
        return
    usual = [BUILD / "tests/fuzz/found" / arguments.target, BUILD / "found" / arguments.target]
    found = arguments.found or [directory for directory in usual if directory.is_dir()]
    record(arguments.target, found, arguments.minimise)


main()
