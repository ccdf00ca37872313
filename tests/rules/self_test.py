#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""check_rules.py has to find what it is there for: a correct tree passes, and
each kind of mistake in it fails with the words that belong to it."""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = Path(__file__).with_name("check_rules.py")

CORRECT = {
    "rules/rules.tsv": "C1\tone\nC2\ttwo\nC3\tthree\nA1\tfour\nD6\tfive\nD15\tsix\tleft open\n",
    "CMakeLists.txt": "add_script_test(NAME abi SCRIPT abi/check.sh)\n",
    "abi/check.sh": "#!/bin/bash\n# Rules: A1\n",
    "behaviour/test_a.c": """/* C9 here names nothing: this is no test's comment. */
/* C1: of one. */
static void test_a__x__y(void **state)
{
	DEVIATION("D6", "differs");
}

/* C2-C3: a range,
 * over two lines. */
static void test_b__x__y(void **state)
{
}
""",
    "unit/test_list.cpp": "static void test_list__x__y(void **)\n{\n}\n",
}

CASES = [
    ("all in order", {}, None),
    ("a rule without test", {"rules/rules.tsv": CORRECT["rules/rules.tsv"] + "C4\tmore\n"}, "C4 (more) has no test"),
    ("a test of a rule that does not exist",
     {"unit/test_list.cpp": "// C77: never heard of.\n" + CORRECT["unit/test_list.cpp"]}, "names C77"),
    ("a behaviour test that names no rule",
     {"behaviour/test_b.c": "/* Something. */\nstatic void test_c__x__y(void **state)\n{\n}\n"},
     "test_c__x__y names no rule"),
    ("a rule named in a helper's comment only",
     {"behaviour/test_a.c": CORRECT["behaviour/test_a.c"].replace("/* C1: of one. */",
                                                                  "/* C1: of one. */\nstatic int n;\n/* D6 */")},
     "C1 (one) has no test"),
    ("a script that is registered nowhere", {"CMakeLists.txt": "abi/recheck.sh\n"}, "registered nowhere"),
    ("a reason although there is a test",
     {"rules/rules.tsv": CORRECT["rules/rules.tsv"].replace("two", "two\tno way")}, "C2 has tests"),
    ("a rule listed twice", {"rules/rules.tsv": CORRECT["rules/rules.tsv"] + "C1\tagain\n"}, "listed twice"),
    ("a line without title", {"rules/rules.tsv": CORRECT["rules/rules.tsv"] + "C4\n"}, "not `rule"),
]


def outcome_of(changes):
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in {**CORRECT, **changes}.items():
            path = Path(scratch, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, CHECK, scratch], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    failures = 0
    for what, changes, expected in CASES:
        status, output = outcome_of(changes)
        good = status == 0 if expected is None else status != 0 and expected in output
        print(f"{'ok' if good else 'FAILED'}: {what}")
        if not good:
            print(output)
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
