# SPDX-License-Identifier: LGPL-3.0-or-later
"""One place to work at: a copy of the sources in which one mutation at a time
is made, and the library and unit tests built from it."""

import shutil
from pathlib import Path

from workshop import LINK, run


class Verdict:
    """The outcome of a mutant: not compiled, same code, not run, killed, hung or survived."""

    def __init__(self, status, by="", why=""):
        self.status = status
        self.by = by
        self.why = why


class Bench:
    def __init__(self, workshop, number):
        self.workshop = workshop
        self.dir = Path(workshop.scratch) / f"bench{number}"
        self.tree = self.dir / "tree"
        shutil.rmtree(self.dir, ignore_errors=True)
        (self.dir / "lib").mkdir(parents=True)
        for part in ("src", "compat", "include", "tests/unit"):
            shutil.copytree(workshop.tree / part, self.tree / part)

    def check(self):
        """Without a mutation every unit test has to link and to pass here."""
        for program in self.workshop.programs:
            if program.label == "unit" and self._execute_unit(program, {}) != ("passed", ""):
                raise SystemExit(f"{program.name} does not work without any mutation")

    def judge(self, mutant, kills):
        path = self.tree / mutant.file
        text = path.read_text()
        path.write_text(mutant.apply(text))
        try:
            return self._judge(mutant, kills)
        finally:
            path.write_text(text)

    def _judge(self, mutant, kills):
        candidates = self._programs_for(mutant)
        if not candidates:
            return Verdict("not run")
        sources = [s for s, needs in self.workshop.needs.items() if mutant.file in needs]
        replaced = {}
        # A header's own unit tests compile quickly; the files that include it do not.
        for source in sorted(sources, key=lambda s: not s.startswith("tests/")):
            target = self.dir / (source.replace("/", "_") + ".o")
            if self.workshop.compile(source, self.tree, target).returncode != 0:
                return Verdict("not compiled")
            if target.read_bytes() != self.workshop.object_of(source).read_bytes():
                replaced[source] = target
            if source.startswith("tests/"):
                verdict = self._run_unit(source, replaced)
                if verdict is not None:
                    return verdict
        if not replaced:
            return Verdict("same code")
        return self._run_programs(candidates, replaced, kills)

    def _programs_for(self, mutant):
        lines = self.workshop.runs.get(mutant.file, {})
        if mutant.line in lines:
            names = lines[mutant.line]
        else:
            # A line without code: a table, a default value, the middle of a statement.
            names = set().union(*lines.values()) if lines else {p.name for p in self.workshop.programs}
        return [p for p in self.workshop.programs if p.name in names]

    def _objects(self, replaced):
        return [replaced.get(s, self.workshop.object_of(s)) for s in self.workshop.needs if not s.startswith("tests/")]

    def _run_unit(self, source, replaced):
        program = next(p for p in self.workshop.programs if p.source == source)
        if source not in replaced:
            return None
        status, why = self._execute_unit(program, replaced)
        return None if status == "passed" else Verdict("killed" if status == "failed" else "hung", program.name, why)

    def _execute_unit(self, program, replaced):
        binary = self.dir / program.name
        own = replaced.get(program.source, self.workshop.object_of(program.source))
        done = run(["g++", "-o", binary, own, *self._objects(replaced), *self.workshop.libs,
                    *self.workshop.cmocka], self.tree)
        if done.returncode != 0:
            return "passed", "not linked"  # the library's link decides
        return self.workshop.execute(program, self.dir / "lib", path=binary)

    def _run_programs(self, candidates, replaced, kills):
        library = self.dir / "lib" / "libtevent.so.0"
        if run(["gcc", *LINK, "-o", library, *self._objects(replaced), *self.workshop.libs],
               self.tree).returncode != 0:
            return Verdict("not compiled", why="not linked")
        # Highest chance of detection per second first.
        for program in sorted(candidates, key=lambda p: (p.seconds + 0.02) / (1 + kills.get(p.name, 0))):
            status, why = self._execute(program, replaced)
            if status == "failed":
                # On a busy machine a test may fail for another reason: two failures out of three count.
                if self._execute(program, replaced)[0] == "passed" and self._execute(program, replaced)[0] == "passed":
                    continue
                return Verdict("killed", program.name, why)
            if status == "hung":
                return Verdict("hung", program.name, why)
        return Verdict("survived")

    def _execute(self, program, replaced):
        if program.label == "unit":
            return self._execute_unit(program, replaced)
        return self.workshop.execute(program, self.dir / "lib")
