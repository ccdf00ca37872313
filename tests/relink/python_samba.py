# SPDX-License-Identifier: LGPL-3.0-or-later
#
# Run by python_samba.sh: imports all compiled modules of the package samba, then runs those of its own tests that
# need no server.  Prints a line per module and per test, and at the end which libtevent this process has mapped.

import importlib
import io
import pathlib
import sys
import unittest

import samba

# Each of these passes as a whole if only python3-samba is installed and no server runs.
OFFLINE = """
    common core credentials dcerpc.array dcerpc.misc dcerpc.rpc_talloc dcerpc.string_tests dsdb_api dsdb_dns get_opt
    glue graph hostconfig imports kcc.graph kcc.graph_utils loadparm lsa_string messaging ndr netcmd ntacls
    password_quality policy provision registry samba_tool.processes samdb_api sddl security strings tdb_util upgrade
    upgradeprovision
""".split()


def compiled_modules():
    top = pathlib.Path(samba.__file__).parent
    for file in sorted(top.rglob("*.so")):
        parts = file.relative_to(top.parent).parts
        yield ".".join(parts[:-1] + (file.name.split(".")[0],))


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = {"ok": 0, "skipped": 0, "not ok": 0}

    def tell(self, outcome, test, why=""):
        self.count[outcome] += 1
        print(f"{outcome}: {test.id()} {why}".rstrip())

    def addSuccess(self, test):
        self.tell("ok", test)

    def addSkip(self, test, reason):
        self.tell("skipped", test, reason)

    def addError(self, test, error):
        self.tell("not ok", test, self._exc_info_to_string(error, test))

    def addFailure(self, test, error):
        self.tell("not ok", test, self._exc_info_to_string(error, test))

    def addExpectedFailure(self, test, error):
        self.tell("ok", test)

    def addUnexpectedSuccess(self, test):
        self.tell("not ok", test, "unexpected success")

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.tell("not ok", subtest, self._exc_info_to_string(error, test))


def main():
    imported = 0
    for name in compiled_modules():
        importlib.import_module(name)
        imported += 1
    print(f"imported: {imported} compiled modules")

    outcomes = Outcomes()
    for name in OFFLINE:
        # The tests' own output is not shown.
        suite = unittest.defaultTestLoader.loadTestsFromName("samba.tests." + name)
        suite.run(outcomes)

    maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
    files = {line.split(maxsplit=5)[5] for line in maps if "/libtevent.so" in line}
    print("mapped:", " ".join(sorted(files)))
    print("outcomes:", " ".join(f"{kind.replace(' ', '_')}={n}" for kind, n in outcomes.count.items()))
    return 0 if outcomes.count["not ok"] == 0 else 1


sys.exit(main())
