# SPDX-License-Identifier: LGPL-3.0-or-later
"""Where mutants are built and tested: a copy of the tree, below a scratch
directory; the work tree is only read.

Made once per state of the tree: the test programs, the library's objects, how
long each program takes, and which lines each of them runs.  A mutant then costs
one compilation, one link, and the programs that run its line, those most likely
to notice first, until one fails.

A program fails a mutant when it exits otherwise than with 0, or uses up its
limits: processor time for a loop that never ends, elapsed time for a wait that
never ends.
"""

import gzip
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

COMPILE = [
    "-std=gnu++20", "-O1", "-w", "-DNDEBUG", "-DTEVENT_DEPRECATED=1", "-D_DEPRECATED_=", "-Iinclude", "-I.", "-fPIC",
    "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fvisibility=hidden", "-fvisibility-inlines-hidden",
]
LINK = [
    "-shared", "-Wl,-soname,libtevent.so.0", "-Wl,--version-script=compat/tevent.map", "-Wl,-z,defs",
    "-Wl,-Bsymbolic-functions", "-Wl,--as-needed",
]
# Long queues are shorter there; only the full run finds costs of O(n) instead of O(1).
QUICK = {"test_queue_scale": {"TEVENT_TEST_VALGRIND": "1"}}


def run(command, cwd, log=None, env=None):
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if log is not None and done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{log}")
    return done


class Program:
    """A test program and its data."""

    def __init__(self, path, label):
        self.path = Path(path)
        self.name = self.path.name
        self.label = label
        self.seconds = 0.0
        self.source = f"tests/unit/{self.name}.cpp" if label == "unit" else None


class Workshop:
    def __init__(self, root, scratch, jobs):
        self.root = Path(root)
        self.scratch = Path(scratch)
        self.tree = self.scratch / "tree"
        self.jobs = jobs
        self.programs = []
        self.runs = {}     # file -> line -> names of the programs that run it
        self.needs = {}    # .cpp -> files that it is compiled from
        self.cflags = self._pkg_config("--cflags", "talloc", "cmocka")
        self.libs = [*self._pkg_config("--libs", "talloc"), "-pthread"]
        self.cmocka = self._pkg_config("--libs", "cmocka")

    @staticmethod
    def _pkg_config(*arguments):
        return run(["pkg-config", *arguments], ".", "pkg-config failed").stdout.split()

    # ---- once per state of the tree

    def prepare(self, say):
        digest = self._copy_tree()
        stamp = self.scratch / "prepared"
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            say("building the tests")
            self._cmake("plain", ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DTEVENT_BUILD_DOCS=OFF",
                                  "-DTEVENT_BUILD_EXAMPLES=OFF", "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG",
                                  "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -DNDEBUG"])
            self._cmake("coverage", ["--preset", "coverage"])
            self._find_programs()
            say("compiling the objects")
            self._compile_all()
            say("which program runs which line")
            self._measure()
            stamp.write_text(digest)
        else:
            self._find_programs()
        self._load()

    def _copy_tree(self):
        names = run(["git", "ls-files", "-co", "--exclude-standard"], self.root, "no git").stdout.splitlines()
        wanted = [n for n in names if (self.root / n).is_file()]
        digest = hashlib.sha256()
        self.tree.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            data = (self.root / name).read_bytes()
            if not name.startswith(("tests/relink", "docs/")):  # no mutant is judged by these
                digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
            target = self.tree / name
            if not target.exists() or target.read_bytes() != data:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.root / name, target)
        for path in [p for p in self.tree.rglob("*") if p.is_file() and "build" not in p.relative_to(self.tree).parts[:1]]:
            if str(path.relative_to(self.tree)) not in wanted:
                path.unlink()
        return digest.hexdigest()

    def _build_dir(self, kind):
        return self.tree / "build" / kind

    def _cmake(self, kind, arguments):
        build = self._build_dir(kind)
        run(["cmake", "-S", ".", "-B", build, *arguments], self.tree, "configuration failed")
        run(["cmake", "--build", build, "-j", str(self.jobs)], self.tree, "build failed")

    def _find_programs(self):
        listing = run(["ctest", "--show-only=json-v1"], self._build_dir("plain"), "no tests").stdout
        for test in json.loads(listing)["tests"]:
            labels = next((p["value"] for p in test["properties"] if p["name"] == "LABELS"), [])
            label = next((l for l in labels if l in ("behaviour", "unit", "fault")), None)
            if label and len(test["command"]) == 1:
                program = Program(test["command"][0], label)
                if program.source or self._runs_on_library(program):
                    self.programs.append(program)

    @staticmethod
    def _runs_on_library(program):
        """Programs that contain the library's objects would run unmutated code."""
        return "libtevent.so.0" in run(["readelf", "--dynamic", program.path], ".", "no readelf").stdout

    def _compile_all(self):
        objects = self.scratch / "objects"
        shutil.rmtree(objects, ignore_errors=True)
        objects.mkdir()
        self._precompile("library", [*self.tree.glob("src/*/*.?pp"), *self.tree.glob("compat/*.?pp")])
        self._precompile("unit", [*self.tree.glob("src/*/*.?pp"), *self.tree.glob("tests/unit/*.?pp")])
        sources = sorted(str(p.relative_to(self.tree)) for p in [*self.tree.glob("src/*/*.cpp"),
                                                                 *self.tree.glob("compat/*.cpp")])
        sources += [p.source for p in self.programs if p.source]
        needs = {}
        for source in sources:
            deps = objects / "deps"
            done = self.compile(source, self.tree, self.object_of(source), ["-MMD", "-MT", "x", "-MF", str(deps)])
            if done.returncode != 0:
                raise SystemExit(done.stdout)
            needs[source] = [d for d in deps.read_text().replace("\\\n", " ").split()[1:] if not d.startswith("/")]
        (self.scratch / "needs.json").write_text(json.dumps(needs))

    def _precompile(self, kind, files):
        """All system headers of these files: reading them again would take most of a compilation's time."""
        headers = set()
        for path in files:
            headers.update(l for l in path.read_text().splitlines()
                           if l.startswith("#include <") and "tevent.h" not in l and "cmocka.h" not in l)
        header = self.scratch / "objects" / f"{kind}.hpp"
        header.write_text("\n".join(sorted(headers)) + "\n")
        run(["g++", *COMPILE, *self.cflags, "-x", "c++-header", header, "-o", f"{header}.gch"], self.tree,
            "no precompiled header")

    def object_of(self, source):
        return self.scratch / "objects" / (source.replace("/", "_") + ".o")

    def compile(self, source, tree, target, more=()):
        common = self.scratch / "objects" / ("unit.hpp" if source.startswith("tests/") else "library.hpp")
        return run(["g++", *COMPILE, *self.cflags, "-include", common, *more, "-c", source, "-o", target], tree)

    def _measure(self):
        coverage = self._build_dir("coverage")
        lines = {}
        for program in self.programs:
            for old in coverage.rglob("*.gcda"):
                old.unlink()
            counted = coverage / program.path.relative_to(self._build_dir("plain"))
            status, _ = self.execute(program, self._build_dir("plain") / "lib", path=counted, limit=300,
                                     libdir_of_counted=coverage / "lib")
            if status != "passed":
                raise SystemExit(f"{program.name} fails without any mutation: {status}")
            self._collect(coverage, program.name, lines)
            program.seconds = min(self._time(program) for _ in range(2))
        facts = {"seconds": {p.name: p.seconds for p in self.programs},
                 "lines": {f: {str(n): sorted(who) for n, who in at.items()} for f, at in lines.items()}}
        (self.scratch / "measured.json").write_text(json.dumps(facts))

    def _time(self, program):
        start = time.monotonic()
        status, why = self.execute(program, self._build_dir("plain") / "lib", limit=300)
        if status != "passed":
            raise SystemExit(f"{program.name} fails without any mutation: {why}")
        return time.monotonic() - start

    def _collect(self, coverage, name, lines):
        out = coverage / "gcov"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        # The notes files of code that never ran are read too, so lines that no program runs are known.
        notes = [p for p in coverage.rglob("*.gcno") if "tevent_objects" in str(p) or "/test_" in str(p)]
        notes = [p for p in notes if p.with_suffix(".gcda").exists() or "tevent_objects" in str(p)]
        run(["gcov", "--json-format", "--preserve-paths", *notes], out, "gcov failed")
        for report in out.glob("*.gz"):
            for file in json.loads(gzip.open(report).read())["files"]:
                path = file["file"].replace(str(self.tree) + "/", "")
                if path.startswith(("src/", "compat/")):
                    at = lines.setdefault(path, {})
                    for line in file["lines"]:
                        at.setdefault(line["line_number"], set()).update([name] if line["count"] else [])

    def _load(self):
        facts = json.loads((self.scratch / "measured.json").read_text())
        self.needs = json.loads((self.scratch / "needs.json").read_text())
        self.runs = {f: {int(n): set(who) for n, who in at.items()} for f, at in facts["lines"].items()}
        for program in self.programs:
            program.seconds = facts["seconds"][program.name]

    # ---- running a program

    def execute(self, program, libdir, path=None, limit=None, libdir_of_counted=None):
        """("passed" | "failed" | "hung", why)"""
        env = {**os.environ, "LD_LIBRARY_PATH": str(libdir_of_counted or libdir), "CMOCKA_TEST_ABORT": "1",
               "TEVENT_TEST_LIBRARY": "ours", "TALLOC_FREE_FILL": "0xA5", **QUICK.get(program.name, {})}
        wall = limit or 10 + 12 * program.seconds
        processor = int(limit or 4 + 4 * program.seconds)

        def restrain():
            os.setsid()
            resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

        process = subprocess.Popen([path or program.path], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, preexec_fn=restrain, cwd=self.scratch)
        try:
            output, _ = process.communicate(timeout=wall)
        except subprocess.TimeoutExpired:
            return "hung", "elapsed time"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)  # children that are left, in its own session
            except ProcessLookupError:
                pass
            process.wait()
        if process.returncode == -signal.SIGXCPU or process.returncode == -signal.SIGKILL:
            return "hung", "processor time"
        if process.returncode != 0:
            return "failed", first_failure(output.decode(errors="replace"), process.returncode)
        return "passed", ""


def first_failure(output, status):
    for line in output.splitlines():
        if "[  FAILED  ]" in line or "[  ERROR   ]" in line:
            return line.split("]", 1)[1].strip().split(" ")[0][:100] or f"status {status}"
    return f"status {status}"
