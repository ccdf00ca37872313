# SPDX-License-Identifier: LGPL-3.0-or-later
"""Shared by the tools that are Python programs: --help, --list and the names of parts; unknown arguments are refused.

The counterpart of the section "arguments" of lib.sh, with the same output.  The docstring of a tool is the description
that --help prints.
"""

import argparse
import os
import sys


class Parser(argparse.ArgumentParser):
    """An argument parser with --list and any number of parts, which parse() returns as `arguments.parts`.

    parts(arguments) returns pairs of name and description.  accept(word, name) says whether a word on the command line
    stands for a part.  With takes_parts=False the tool declares its positional arguments itself.
    """

    def __init__(self, description, parts, changes, exit_status, accept=lambda word, name: word == name,
                 usage="[OPTION...] [PART...]", takes_parts=True):
        tool = "tools/" + os.path.basename(sys.argv[0])
        super().__init__(prog=tool, usage=f"{tool} {usage}", description=description, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.changes = changes
        self.exit_status = exit_status
        self.takes_parts = takes_parts
        self.parts_of_tool = parts
        self.accept = accept
        self.add_argument("--list", action="store_true", help="print the parts, one per line, and exit")
        if takes_parts:
            self.add_argument("parts", nargs="*", metavar="PART", help="a line of --list; all of them by default")

    def format_help(self):
        text = super().format_help()
        if self.takes_parts:
            rows = (f"  {name:24} {what}".rstrip() for name, what in self.parts_of_tool(None))
            text += "\nParts (all of them by default):\n" + "\n".join(rows) + "\n"
        return f"{text}\nChanges: {self.changes}\nExit status: {self.exit_status}\n"

    def parse(self):
        arguments = self.parse_intermixed_args()
        if arguments.list:
            self.print_parts(arguments)
            sys.exit(0)
        if "parts" in arguments:
            arguments.parts = self.choose(arguments)
        return arguments

    def print_parts(self, arguments):
        parts = list(self.parts_of_tool(arguments))
        for name, what in parts:
            print(f"{name:24} {what}".rstrip())
        if not parts:
            print(f"{self.prog}: there are none at present", file=sys.stderr)

    def choose(self, arguments):
        """The names of the parts that the words select, in the order of --list; without words all parts."""
        names = [name for name, _ in self.parts_of_tool(arguments)]
        for word in arguments.parts:
            if not any(self.accept(word, name) for name in names):
                self.error(f"unknown part '{word}'")
        return [name for name in names if not arguments.parts or any(self.accept(word, name) for word in arguments.parts)]

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists what there is\n")
