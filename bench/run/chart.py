# SPDX-License-Identifier: LGPL-3.0-or-later
"""The chart: a row per workload, a mark per library, time on a logarithmic axis.

Plain SVG; the colours follow the reader's light or dark scheme.  Libraries differ by shape as well as by colour.
"""

import math
from xml.sax.saxutils import escape

from programs import FLOOR, ORIGINAL, OURS, TITLES

LEFT, RIGHT, TOP, ROW = 210, 24, 74, 22
WIDTH = 900
STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .small { font-size: 11px; fill: #656d76; }
    .grid { stroke: #d0d7de; stroke-width: 1; }
    .span { stroke: #afb8c1; stroke-width: 1.5; }
    .ours { fill: #0969da; stroke: #0969da; }
    .original { fill: #bc4c00; stroke: #bc4c00; }
    .libevent, .libev, .libuv { fill: none; stroke: #57606a; stroke-width: 1.4; }
    .floor { fill: none; stroke: #1a7f37; stroke-width: 2.4; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .small { fill: #9198a1; }
      .grid { stroke: #30363d; }
      .span { stroke: #484f58; }
      .ours { fill: #58a6ff; stroke: #58a6ff; }
      .original { fill: #f0883e; stroke: #f0883e; }
      .libevent, .libev, .libuv { stroke: #b1bac4; }
      .floor { stroke: #3fb950; }
    }
"""
SHAPES = {
    OURS: "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0z",
    ORIGINAL: "M0 -6L6 0L0 6L-6 0z",
    "libevent": "M0 -5L5 4H-5z",
    "libev": "M-4 -4H4V4H-4z",
    "libuv": "M-4 -4L4 4M-4 4L4 -4",
    FLOOR: "M0 -8V8",
}


def mark(library, x, y):
    return f'<path class="{library}" d="{SHAPES[library]}" transform="translate({x:.1f} {y:.1f})"/>'


def time_text(exponent):
    value = 10 ** exponent
    for unit, size in (("ms", 1_000_000), ("µs", 1000), ("ns", 1)):
        if value >= size:
            return f"{value // size} {unit}"
    return ""


def axis(low, high, place, bottom):
    lines = []
    for exponent in range(low, high + 1):
        x = place(10 ** exponent)
        lines.append(f'<path class="grid" d="M{x:.1f} {TOP - 8}V{bottom}"/>')
        lines.append(f'<text class="small" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{time_text(exponent)}</text>')
    return lines


def legend(libraries):
    lines, x = [], LEFT
    for library in libraries:
        lines.append(mark(library, x, 34))
        lines.append(f'<text x="{x + 12}" y="38">{TITLES[library]}</text>')
        x += 34 + 8 * len(TITLES[library])
    return lines


def draw(libraries, workloads, times, subtitle):
    rows = [(workload, {library.name: times.median(workload.name, library.name) for library in libraries})
            for workload in workloads if not workload.is_memory]
    values = [value for _, row in rows for value in row.values() if value]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    bottom = TOP + ROW * len(rows)

    def place(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    body = [f'<text x="8" y="18">Time per operation, less is better</text>',
            f'<text class="small" x="{LEFT}" y="18">{escape(subtitle)}</text>']
    body += legend([library.name for library in libraries]) + axis(low, high, place, bottom)
    for number, (workload, row) in enumerate(rows):
        y = TOP + ROW * number + ROW / 2
        known = {library: value for library, value in row.items() if value}
        body.append(f'<text x="{LEFT - 14}" y="{y + 4:.1f}" text-anchor="end">{workload.name}</text>')
        if known:
            body.append(f'<path class="span" d="M{place(min(known.values())):.1f} {y}H{place(max(known.values())):.1f}"/>')
        # Ours is drawn on top of marks at the same place.
        for library in sorted(known, key=lambda name: name == OURS):
            body.append(mark(library, place(known[library]), y))
    height = bottom + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="Time per operation of each library">\n<style>{STYLE}</style>\n'
            + "\n".join(body) + "\n</svg>\n")
