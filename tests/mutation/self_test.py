#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""The mutation run rests on this: that the operators make what they are meant
to make and nothing else, and that the report finds what is wrong."""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutations import mutants_of  # noqa: E402
from report import Explanations, report  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent

SNIPPET = """
#include <vector> // a < b
template <class T> struct Box { T *p = nullptr; bool full = false; };
int twice(Box<int> *box, int n)
{
    static_assert(sizeof(int) >= 4);
    assert(n > 0);
    const char *text = "a == b"; // n > 1
    if (box != nullptr && n >= 2) {
        ops->call(box);
        n++;
    }
    while (n < 7) {
        n = n + box->p[0];
    }
    return n == 9 ? 1 : n;
}
"""

# Each operator in its place; nothing in comments, strings, directives, checks at compile time or by assert().
EXPECTED = {
    "bool full = false;": {"bool full = true;"},
    "{": {"{ return {};"},
    "if (box != nullptr && n >= 2) {": {
        "if (box != nullptr || n >= 2) {", "if (box == nullptr && n >= 2) {", "if (box != nullptr && n < 2) {",
        "if (box != nullptr && n > 2) {", "if (box != nullptr && n >= 3) {", "if (box != nullptr ) {",
        "if ( n >= 2) {", "if (true) {", "if (false) {",
    },
    "ops->call(box);": {";"},
    "ops->call(box); n++;": {"n++; ops->call(box);"},
    "n++;": {";", "n--;"},
    "while (n < 7) {": {"while (n <= 7) {", "while (n >= 7) {", "while (n < 8) {", "while (!(n < 7)) {", "while (false) {"},
    "n = n + box->p[0];": {";", "n = n - box->p[0];", "n = n + box->p[1];"},
    "return n == 9 ? 1 : n;": {
        "return n != 9 ? 1 : n;", "return n == 10 ? 1 : n;", "return n == 9 ? 0 : n;", "return n == 9 ? 1 : 1;",
        "return n == 9 ? n : n;", "return {};",
    },
}


def snippet_is_mutated_as_expected():
    made = {}
    for mutant in mutants_of("snippet.cpp", SNIPPET):
        old = mutant.old[mutant.old.find("bool full"):] if "bool full" in mutant.old else mutant.old
        new = mutant.new[mutant.new.find("bool full"):] if "bool full" in mutant.new else mutant.new
        made.setdefault(old.removesuffix(" };"), set()).add(new.removesuffix(" };"))
    for old in {**made, **EXPECTED}:
        difference = made.get(old, set()) ^ EXPECTED.get(old, set())
        if difference:
            return f"{old}: {sorted(difference)}"
    return None


def sources_keep_their_lines_and_keys_are_unique():
    keys = set()
    for path in [*ROOT.glob("src/*/*.?pp"), *ROOT.glob("compat/*.?pp")]:
        text = path.read_text()
        for mutant in mutants_of(str(path.relative_to(ROOT)), text):
            changed = mutant.apply(text)
            if changed == text or changed.count("\n") != text.count("\n"):
                return f"{path}:{mutant.line}: {mutant.old} => {mutant.new}"
            if mutant.key in keys:
                return f"{mutant.key} twice"
            keys.add(mutant.key)
    return None if len(keys) > 1000 else f"only {len(keys)} mutants"


def row(status, new):
    return {"status": status, "file": "f", "function": "g", "old": "a", "new": new, "line": "1", "operator": "o"}


def outcome(rows, explanations, aim=50.0):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("\n".join(explanations) + "\n")
        file.flush()
        with contextlib.redirect_stdout(io.StringIO()):
            return report(rows, Explanations(Path(file.name)), aim, True)


def report_tells_good_from_bad():
    killed, hung, lost = row("killed", "1"), row("hung", "2"), row("survived", "3")
    reason = "f\tg\ta\t3\tunseen\tbecause"
    cases = [
        ("all killed", [killed, hung], [], True),
        ("not compiled does not count", [killed, row("not compiled", "4")], [], True),
        ("unexplained survivor", [killed, hung, lost], [], False),
        ("explained survivor", [killed, hung, lost], [reason], True),
        ("line that no test runs", [killed, row("not run", "3")], [], False),
        ("too few", [killed, lost], [reason], False),
        ("equivalent ones don't count", [killed, lost], [reason.replace("unseen", "equivalent")], True),
        ("stale explanation", [killed, hung, row("killed", "3")], [reason], False),
        ("explanation of no mutant", [killed, hung], [reason], False),
        ("nothing was run", [], [], False),
    ]
    for what, rows, explanations, expected in cases:
        if outcome(rows, explanations, 60.0) is not expected:
            return what
    return None


def main():
    failures = 0
    for check in (snippet_is_mutated_as_expected, sources_keep_their_lines_and_keys_are_unique,
                  report_tells_good_from_bad):
        wrong = check()
        print(f"{'ok' if wrong is None else 'FAILED'}: {check.__name__}{'' if wrong is None else ': ' + wrong}")
        failures += wrong is not None
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
