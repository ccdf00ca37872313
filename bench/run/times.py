# SPDX-License-Identifier: LGPL-3.0-or-later
"""Times: rounds in which each library runs each workload once, one right after the other.

What slows the machine down for a while then hits all of them.  A round's figure is the best of its passes; reported are
the median and the best of the rounds, and ratios as the median of the ratios of each round.
"""

from statistics import median


class Times:
    def __init__(self):
        self.rounds = {}  # (workload, library) -> [ns per operation, one per round]
        self.memory = {}  # (workload, library) -> (own accounting, malloc, resident), bytes per object

    def add(self, workload, library, figure):
        self.rounds.setdefault((workload.name, library.name), []).append(figure)

    def median(self, workload, library):
        """None if the library has no counterpart."""
        rounds = self.rounds.get((workload, library))
        return median(rounds) if rounds else None

    def best(self, workload, library):
        rounds = self.rounds.get((workload, library))
        return min(rounds) if rounds else None

    def ratio(self, workload, above, below):
        """The factor by which `above` takes longer."""
        numerators = self.rounds.get((workload, above))
        denominators = self.rounds.get((workload, below))
        if not numerators or not denominators:
            return None
        return median(a / b for a, b in zip(numerators, denominators))

    def ratio_across(self, above, below, library):
        """The factor by which one workload takes longer than another."""
        return median(a / b for a, b in zip(self.rounds[(above, library)], self.rounds[(below, library)]))


def measure(libraries, workloads, rounds, passes, shrink=1, progress=lambda text: None):
    times = Times()
    for number in range(rounds):
        for position, workload in enumerate(workloads):
            progress(f"round {number + 1} of {rounds}: {workload.name}")
            having = [library for library in libraries if library.has(workload)]
            # No library is always the first one.
            turn = (number + position) % max(1, len(having))
            for library in having[turn:] + having[:turn]:
                measure_once(times, library, workload, passes, shrink, number)
    return times


def measure_once(times, library, workload, passes, shrink, number):
    if workload.is_memory:
        if number == 0:
            sizes = library.run(workload.name)[0]
            times.memory[(workload.name, library.name)] = tuple(size / workload.operations for size in sizes)
        return
    operations = max(1, workload.operations // shrink)
    figures = library.run(workload.name, operations, passes)
    times.add(workload, library, min(ns / done for ns, done in figures))
