# SPDX-License-Identifier: LGPL-3.0-or-later
"""The tables and the CSV file."""

import csv

from programs import FLOOR, ORIGINAL, OURS, TITLES
from reach import judge


def number(value):
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def ratio(value):
    if value is None:
        return "–"
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×" if value >= 10 else f"{value:.2f}×"


def as_text(rows):
    """Columns of equal width: the first left-aligned, figures right-aligned, the last unaligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        lines.append("  ".join(cells + [row[-1]]).rstrip())
    return "\n".join(lines)


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "--:|" * (len(rows[0]) - 2) + "---|")
    return "\n".join(lines)


def reach_cell(goals, times, calls):
    words = []
    for goal, seen, holds in judge(goals, times, calls):
        if holds:
            words.append(f"{goal.text()}: ok")
        else:
            words.append(f"{goal.text()}: short ({seen:.2f})")
    return ", ".join(words)


def time_rows(libraries, workloads, times, goals, calls):
    rows = [["workload"] + [TITLES[library.name] for library in libraries] + ["original/ours", "ours/floor", "reach"]]
    for workload in workloads:
        if workload.is_memory:
            continue
        rows.append([workload.name]
                    + [number(times.median(workload.name, library.name)) for library in libraries]
                    + [ratio(times.ratio(workload.name, ORIGINAL, OURS)), ratio(times.ratio(workload.name, OURS, FLOOR)),
                       reach_cell(goals[workload.name], times, calls)])
    return rows


def memory_reach(workload, title, ours, original, goals):
    """The text of the last column: bytes if the goals name them, else no more than the original."""
    named = [goal for goal in goals[workload.name] if goal.against == "bytes"]
    if named:
        return f"{named[0].text()}: {'ok' if named[0].holds(ours) else 'short'}" if title == "talloc" else ""
    # Resident memory grows in pages and in malloc's steps.
    return f"not more: {'ok' if ours <= original * (1.03 if title == 'resident' else 1) else 'short'}"


def memory_rows(libraries, workloads, times, goals):
    rows = [["bytes"] + [TITLES[library.name] for library in libraries] + ["original/ours", "reach"]]
    kinds = ("talloc", "malloc", "resident")
    for workload in workloads:
        if not workload.is_memory:
            continue
        for kind, title in enumerate(kinds):
            sizes = [times.memory.get((workload.name, library.name)) for library in libraries]
            cells = [number(size[kind]) if size and size[kind] else "–" for size in sizes]
            ours = times.memory.get((workload.name, OURS))
            original = times.memory.get((workload.name, ORIGINAL))
            compared, reach = "–", ""
            if ours and original and ours[kind]:
                compared = ratio(original[kind] / ours[kind])
                reach = memory_reach(workload, title, ours[kind], original[kind], goals)
            rows.append([f"{workload.name}, {title}", *cells, compared, reach])
    return rows


def count_rows(libraries, workloads, counts, title):
    """System calls or instructions per operation."""
    rows = [[title] + [TITLES[library.name] for library in libraries] + [""]]
    for workload in workloads:
        cells = [counts.get((workload.name, library.name)) for library in libraries]
        if any(cell is not None for cell in cells):
            rows.append([workload.name] + ["–" if cell is None else f"{cell:,.2f}" if cell < 100 else f"{cell:,.0f}"
                                           for cell in cells] + [""])
    return rows


def write_csv(path, libraries, workloads, times, calls, instructions):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["workload", "n", "operations", "unit", "library", "median_ns", "best_ns", "rounds", "calls",
                      "instructions", "talloc_bytes", "malloc_bytes", "resident_bytes"])
        for workload in workloads:
            for library in libraries:
                if not library.has(workload):
                    continue
                key = (workload.name, library.name)
                out.writerow([workload.name, workload.n, workload.operations, workload.unit, library.name]
                             + [round(value, 2) if value is not None else ""
                                for value in (times.median(*key), times.best(*key))]
                             + [" ".join(f"{value:.1f}" for value in times.rounds.get(key, []))]
                             + [round(value, 3) if value is not None else ""
                                for value in (calls.get(key), instructions.get(key))]
                             + [round(value, 1) for value in times.memory.get(key, ())])
