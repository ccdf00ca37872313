#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""check_rules.py TESTS [RULES_TSV]: prints the tests for each rule.

A test names its rules in place: a cmocka test function in the comment right
above it (a range like Q1-Q3 means each of them) or in a DEVIATION() inside, a
script in a line "# Rules: A1 A4".  Prints the table rule -> tests.

Fails when a rule has no test and no reason for that, when a reason is given
for a rule that has one, when a test names a rule that is not in the list, when
a behaviour test names none, or when a script that claims rules is registered
in no CMakeLists.txt.
"""

import re
import sys
from pathlib import Path

RULE = re.compile(r"\b([CFEISRQTWOAD])(\d{1,2})(?:-([CFEISRQTWOAD])(\d{1,2}))?\b")
TEST = re.compile(r"^(?:static )?void (test_\w+)\(void \*\*\w*\)\s*\{", re.M)
DEVIATION = re.compile(r'DEVIATION\("(D\d+)"')
CLAIM = re.compile(r"^# Rules:(.*)$", re.M)


def read_rules(path):
    """{rule: (title, reason for having no test)} in the order of the file."""
    rules = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        columns = line.split("\t")
        if len(columns) not in (2, 3) or not RULE.fullmatch(columns[0]) or not all(columns):
            sys.exit(f"{path}:{number}: not `rule<TAB>title[<TAB>reason]`: {line}")
        if columns[0] in rules:
            sys.exit(f"{path}:{number}: {columns[0]} is listed twice")
        rules[columns[0]] = (columns[1], columns[2] if len(columns) == 3 else "")
    return rules


def rules_in(text):
    found = []
    for letter, first, last_letter, last in RULE.findall(text):
        end = int(last) if last and last_letter == letter else int(first)
        found += [f"{letter}{n}" for n in range(int(first), end + 1)]
        if last and last_letter != letter:
            found.append(f"{last_letter}{last}")
    return found


def comment_before(text, position):
    head = text[:position].rstrip()
    if head.endswith("*/"):
        return head[head.rfind("/*"):]
    lines = []
    for line in reversed(head.splitlines()):
        if not line.lstrip().startswith("//"):
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def claims_of_functions(path, root):
    """(test, rules) of each cmocka test function."""
    text = path.read_text()
    starts = list(TEST.finditer(text))
    for match in starts:
        end = text.find("\n}", match.end())
        rules = rules_in(comment_before(text, match.start()))
        rules += DEVIATION.findall(text[match.end():end])
        yield f"{path.relative_to(root)}:{match[1]}", rules


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    root = Path(sys.argv[1]).resolve()
    rules = read_rules(Path(sys.argv[2]) if len(sys.argv) == 3 else root / "rules" / "rules.tsv")
    registrations = "\n".join(p.read_text() for p in sorted(root.rglob("CMakeLists.txt")))
    tests_of = {rule: [] for rule in rules}
    errors = []
    tests = 0

    def claim(test, names):
        for name in dict.fromkeys(names):
            if name in tests_of:
                tests_of[name].append(test)
            else:
                errors.append(f"{test} names {name}, which is no rule")

    for path in sorted([*root.rglob("*.c"), *root.rglob("*.cpp")]):
        for test, names in claims_of_functions(path, root):
            tests += 1
            if not names and path.parent.name == "behaviour":
                errors.append(f"{test} names no rule")
            claim(test, names)
    for path in sorted([*root.rglob("*.sh"), *root.rglob("*.py")]):
        names = [name for line in CLAIM.findall(path.read_text()) for name in rules_in(line)]
        if not names:
            continue
        tests += 1
        if not re.search(rf"(?:^|[\s/]){re.escape(path.name)}(?![\w.])", registrations, re.M):
            errors.append(f"{path.relative_to(root)} claims rules and is registered nowhere")
        claim(str(path.relative_to(root)), names)

    for rule, (title, reason) in rules.items():
        print(f"{rule}\t{title}\t{len(tests_of[rule])} tests")
        for test in tests_of[rule]:
            print(f"\t{test}")
        if not tests_of[rule] and not reason:
            errors.append(f"{rule} ({title}) has no test")
        if tests_of[rule] and reason:
            errors.append(f"{rule} has tests; the reason for having none is stale")
        if reason:
            print(f"\tno test: {reason}")
    if not tests:
        errors.append(f"no tests below {root}")
    for error in errors:
        print(f"FAILED: {error}")
    print(f"rules: {len(rules)} rules, {tests} tests, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
