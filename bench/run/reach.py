# SPDX-License-Identifier: LGPL-3.0-or-later
"""The targets in reach.tsv, and whether they are reached."""

import os
from dataclasses import dataclass

from programs import ORIGINAL, OURS

DEFAULT_SPEEDUP = 0.97  # never slower than the original, but for noise


@dataclass(frozen=True)
class Goal:
    workload: str
    against: str
    figure: float

    def text(self):
        if self.against == ORIGINAL:
            return f"≥ {self.figure:g}× original"
        if self.against in ("calls", "bytes"):
            return f"≤ {self.figure:g} {self.against}"
        return f"≤ {self.figure:g}× {self.against}"

    def seen(self, times, calls):
        """The measured value; None if there is none."""
        if self.against == ORIGINAL:
            return times.ratio(self.workload, ORIGINAL, OURS)
        if self.against == "calls":
            return calls.get((self.workload, OURS))
        if (self.against, OURS) in times.rounds:
            return times.ratio_across(self.workload, self.against, OURS)
        return times.ratio(self.workload, OURS, self.against)

    def holds(self, seen):
        if self.against == ORIGINAL:
            return seen >= self.figure
        if self.against in ("calls", "bytes"):
            return seen <= self.figure + 0.01  # the mean of many
        return seen <= self.figure


def read_goals(workloads):
    """Goals by workload; each has at least the default."""
    goals = {workload.name: [] for workload in workloads}
    with open(os.path.join(os.path.dirname(__file__), "..", "reach.tsv"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            workload, against, figure = line.split("\t")[:3]
            if workload in goals:
                goals[workload].append(Goal(workload, against, float(figure)))
    for workload in workloads:
        if not workload.is_memory and not any(goal.against == ORIGINAL for goal in goals[workload.name]):
            goals[workload.name].append(Goal(workload.name, ORIGINAL, DEFAULT_SPEEDUP))
    return goals


def judge(goals, times, calls):
    """[(goal, measured value, whether it holds)] of the goals that could be checked."""
    judged = []
    for goal in goals:
        seen = goal.seen(times, calls)
        if seen is not None:
            judged.append((goal, seen, goal.holds(seen)))
    return judged
