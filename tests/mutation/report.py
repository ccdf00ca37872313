# SPDX-License-Identifier: LGPL-3.0-or-later
"""The outcome of a mutation run, and the explanations of the survivors."""

from collections import Counter

SURVIVED = ("survived", "not run")
KILLED = ("killed", "hung")


class Explanations:
    """survivors.tsv: file, function, old line, new line, `equivalent` or `unseen`, reason."""

    def __init__(self, path):
        self.of = {}
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            if line.startswith("#") or not line:
                continue
            columns = line.split("\t")
            if len(columns) != 6 or columns[4] not in ("equivalent", "unseen") or not columns[5]:
                raise SystemExit(f"{path}:{number}: not file, function, old, new, equivalent|unseen, reason")
            self.of[tuple(columns[:4])] = (columns[4], columns[5])


def key_of(row):
    return (row["file"], row["function"], row["old"], row["new"])


def report(rows, explanations, aim, whole):
    """Prints the report.  True if the result is good; `whole`: it covers all mutants."""
    rows = sorted(rows, key=lambda r: (r["file"], int(r["line"])))
    survivors = {key_of(r): r for r in rows if r["status"] in SURVIVED}
    equivalent = {k for k in survivors if explanations.of.get(k, ("", ""))[0] == "equivalent"}
    unexplained = [r for k, r in survivors.items() if k not in explanations.of]
    known = {key_of(r) for r in rows}
    stale = [k for k in explanations.of if k not in survivors and (whole or k in known)]

    counts = {}
    for row in rows:
        status = "equivalent" if key_of(row) in equivalent else row["status"]
        counts.setdefault(row["file"], Counter())[status] += 1
    print(f"{'file':34} killed  hung  survived  not run  equivalent  same code  not compiled  share")
    for file, count in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(f"{file:34} {count['killed']:6} {count['hung']:5} {count['survived']:9} {count['not run']:8} "
              f"{count['equivalent']:11} {count['same code']:10} {count['not compiled']:13}  {share(count):5.1f} %")
    total = sum(counts.values(), Counter())
    for row in unexplained:
        print(f"unexplained: {row['file']}:{row['line']} ({row['function']}): {row['old']}  =>  {row['new']}")
    for key in stale:
        print(f"stale explanation: {' | '.join(key)}")
    print(f"mutants killed: {share(total):.1f} % of {of_interest(total)} that are not equivalent "
          f"(aim: {aim:.0f} %); {len(unexplained)} survived unexplained, {len(stale)} stale explanations")
    return bool(rows) and share(total) >= aim and not unexplained and not stale


def of_interest(count):
    return sum(count[s] for s in (*KILLED, *SURVIVED))


def share(count):
    return 100.0 * sum(count[s] for s in KILLED) / of_interest(count) if of_interest(count) else 100.0
