#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""
check_man.py CHECK SOURCE_DIR [--pages DIR] [--header FILE] --build DIR [--only NAME.SECTION]

The man pages are complete, true to the header, and well-formed.  CHECK is one of

  names      every symbol, macro, type and constant has its page, no page is about anything else; each page has all its
             sections, refers only to existing pages, and gives the release of each name, as the header does
  synopsis   each SYNOPSIS compiles, agrees exactly with the header, and can be called that way
  examples   each listing compiles without a warning and links with pkg-config's flags; programs with a main() succeed
  lint       mandoc and man find no fault
  html       links in the HTML pages lead only to each other and to pages of other projects
  installed  `cmake --install` puts a page or a link for each name where man finds it

for all pages or the given ones.  Exit status: 0, 1 (an error was found), 77 (a program is missing).
"""

import argparse
import concurrent.futures
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import pages

CC = shlex.split(os.environ.get("CC", "cc"))
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OWNERSHIP", "THREADS AND FORK", "EXAMPLES", "SEE ALSO", "HISTORY"]
NO_OBJECTS = ["tevent"]                          # concepts: the subjects of the sections are subsections there
OWN_NAMES = {"tevent", "tevent_compat"}          # pages named after no symbol
SWITCHES = re.compile(r'^\.Fd "(#define TEVENT_(?:DEPRECATED|COMPAT_DEFINES) .*)"', re.M)


@functools.cache
def flags(build, what):
    environment = dict(os.environ, PKG_CONFIG_PATH=str(build))
    printed = subprocess.run(["pkg-config", what, "tevent"], env=environment, capture_output=True, text=True,
                             check=True)
    return shlex.split(printed.stdout)


# With DOXYGEN the header declares functions in place of its macros; TYPE is the name of a type there.
AS_FUNCTIONS = "#include <talloc.h>\n#define DOXYGEN 1\ntypedef struct some_type TYPE;\n"


@functools.cache
def header_declarations(build):
    source = AS_FUNCTIONS + "#define TEVENT_DEPRECATED 1\n#include <tevent.h>\n"
    text = subprocess.run([*CC, "-E", *flags(build, "--cflags"), "-x", "c", "-"], input=source, capture_output=True,
                          text=True, check=True).stdout
    own, lines = False, []
    for line in text.splitlines():
        marker = re.match(r'# \d+ "(.*?)"', line)
        if marker:
            own = marker.group(1).endswith("/tevent.h")
        elif own:
            lines.append(line)
    return pages.declarations("\n".join(lines))


class Check:
    def __init__(self, args):
        self.source = args.source
        self.header = args.header or args.source / "include/tevent.h"
        self.build = args.build
        self.everything = pages.read_pages(args.pages or args.source / "docs/man")
        self.pages = [page for page in self.everything if not args.only or page.file in args.only]
        if not self.pages:
            raise SystemExit(f"there are no such pages: {args.only or args.pages or args.source}")
        self.symbols = pages.symbols(args.source / "compat/tevent.map")
        self.undeclared = pages.undeclared(args.source / "tests/abi/symbols.tsv")
        self.faults = []
        self.scratch = pathlib.Path(args.scratch)

    def fail(self, page, text):
        self.faults.append(f"{page.file if page else 'all pages'}: {text}")

    def compiler(self, page, name, text, *arguments):
        """Compiles a text; reports the compiler's output if it fails."""
        source = self.scratch / f"{name}.c"
        source.write_text(text)
        result = subprocess.run([*CC, *arguments], capture_output=True, text=True)
        if result.returncode != 0:
            self.fail(page, f"{name} does not compile:\n" + "\n".join(result.stderr.splitlines()[:6]))
        return result.returncode == 0, result.stdout

    # ---- names ------------------------------------------------------------------------------------------

    def check_names(self):
        homes = {}
        for page in self.everything:
            for name in page.names:
                if name in homes:
                    self.fail(page, f"{name} has a page already, {homes[name].file}")
                homes[name] = page
        declared = header_declarations(self.build)
        public = dict.fromkeys([name.lstrip("_") for name in self.symbols] + pages.macros(self.header) + list(declared))
        for name in public:
            if name not in homes:
                self.fail(None, f"{name} has no page")
        for name in homes:
            if name not in public and name not in OWN_NAMES:
                self.fail(homes[name], f"there is no {name}")
        for constant in pages.constants(self.header):
            if not any(re.search(rf"^\.(It )?Dv {constant}\b", page.text, re.M) for page in self.everything):
                self.fail(None, f"{constant} is not explained anywhere")
        self.check_comments([name for name, text in declared.items()
                             if not text.startswith(("typedef", "struct", "enum"))])
        for page in self.pages:
            self.check_form(page, declared)
            self.check_references(page, homes)
            self.check_history(page)

    def check_form(self, page, declared):
        if page.names[:1] != [page.path.stem]:
            self.fail(page, "the first name is not that of the file")
        wanted = list(SECTIONS)
        if page.path.stem in NO_OBJECTS:
            wanted = [title for title in wanted if title not in ("OWNERSHIP", "THREADS AND FORK")]
        if any(name in declared and not declared[name].startswith(("typedef", "struct", "enum"))
               for name in page.names):
            wanted.append("RETURN VALUES")
        for title in wanted:
            if not page.sections.get(title):
                self.fail(page, f"no section {title}")
        for block in page.blocks("EXAMPLES"):
            for line in block.splitlines():
                if len(line.expandtabs()) > 75:
                    self.fail(page, f"too wide for a terminal: {line}")
        if not page.text.startswith('.\\" SPDX-License-Identifier: '):
            self.fail(page, "no licence in the first line")

    def check_references(self, page, homes):
        for name, section in re.findall(r"\bXr (\w+) (\d)", page.text):
            if name.lower().startswith("tevent"):
                if name not in homes or homes[name].section != section:
                    self.fail(page, f"leads to {name}({section}), which does not exist")
        listed = re.findall(r"^\.Xr (\w+) (\d)", "\n".join(page.sections.get("SEE ALSO", [])), re.M)
        if (page.path.stem, page.section) in listed:
            self.fail(page, "leads to itself")
        if ("tevent", "7") not in listed and page.file != "tevent.7":
            self.fail(page, "does not lead to tevent(7)")

    def release_of(self, name):
        """The release that introduced a name, from its symbol or the one behind its macro."""
        nodes = list(dict.fromkeys(self.symbols.values()))
        releases = [self.symbols[s] for s in (name, "_" + name, "__" + name) if s in self.symbols]
        return min(releases, key=nodes.index) if releases else None

    def check_comments(self, functions):
        told = pages.releases_in_comments(self.header)
        for name in functions:
            release = self.release_of(name)
            if name not in told:
                self.fail(None, f"{name} has no comment in the header")
            elif release and told[name] != release:
                self.fail(None, f"{name} is there from {release}, the header says {told[name]}")

    def check_history(self, page):
        # "A and B appeared in 1; C in 2; all others in 3."
        text = "\n".join(page.sections.get("HISTORY", [])).split("Compiled with this header")[0]
        told, named, rest = {}, [], None
        for name, everything, release in re.findall(
                r"^\.(?:Fn|Dv) (\w+)|\b([Aa]ll|Both)\b|\b(\d+\.\d+\.\d+)\b", text, re.M):
            if name:
                named.append(name)
            elif everything:
                named = [None]
            elif named == [None]:
                rest = release
            else:
                told.update(dict.fromkeys(named, release))
            if release:
                named = []
        for name in page.names:
            release = self.release_of(name)
            if release and told.get(name, rest) != release:
                self.fail(page, f"{name} is there from {release}, HISTORY says {told.get(name, rest)}")

    # ---- synopsis ---------------------------------------------------------------------------------------

    def check_synopsis(self):
        declared = header_declarations(self.build)
        shown = {}
        for page in self.pages:
            if page.section == "7":
                continue
            synopsis = page.synopsis()
            mine = pages.declarations(pages.without_comments(synopsis))
            for name, declaration in mine.items():
                if name in shown:
                    self.fail(page, f"{name} is in another SYNOPSIS as well")
                shown[name] = page
                if name not in page.names:
                    self.fail(page, f"{name} is not in its section NAME")
                if name not in declared and name not in self.undeclared:
                    self.fail(page, f"{name} is not declared in the header")
                elif name in declared and declaration != declared[name]:
                    self.fail(page, f"header:   {declared[name]}\n      synopsis: {declaration}")
            for text in page.blocks("DESCRIPTION"):
                for name, declaration in pages.declarations(pages.without_comments(text)).items():
                    shown[name] = page
                    if declaration != declared.get(name):
                        self.fail(page, f"{name} is not as in the header")
            self.check_compiles(page, synopsis, mine)
        if self.pages == self.everything:
            for name in {**declared, **self.undeclared}:
                if name not in shown and not declared.get(name, "").startswith("enum"):
                    self.fail(None, f"{name} is in no SYNOPSIS")

    def check_compiles(self, page, synopsis, mine):
        types = "".join(f"__typeof__({kind}) {name};\n" for name, kind in self.undeclared.items() if name in mine)
        arguments = ["-std=gnu11", "-Wall", "-Werror", "-fsyntax-only", *flags(self.build, "--cflags")]
        name = page.path.stem
        self.compiler(page, f"{name}.synopsis", AS_FUNCTIONS + synopsis + types, *arguments,
                      self.scratch / f"{name}.synopsis.c")
        # Called as shown, through the macro if there is one.
        calls = [self.call(function, declaration) for function, declaration in mine.items()
                 if not declaration.startswith("typedef") and "TYPE" not in declaration and "..." not in declaration]
        includes = "\n".join(line for line in synopsis.splitlines() if line.lstrip().startswith("#"))
        prototypes = "".join(mine[function] + ";\n" for function in mine if function in self.undeclared)
        self.compiler(page, f"{name}.calls", f"{includes}\n{prototypes}{''.join(calls)}", *arguments,
                      "-Wno-deprecated-declarations", "-Wno-unused-function", self.scratch / f"{name}.calls.c")

    @staticmethod
    def call(function, declaration):
        kind, parameters = declaration.split(f"{function} (", 1)
        parameters = parameters.rsplit(")", 1)[0]
        names, depth, start = [], 0, 0
        for place, character in enumerate(parameters + ","):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 0:
                parameter = parameters[start:place].strip()
                start = place + 1
                if parameter != "void":
                    pointer = re.search(r"\( \* (\w+) \)", parameter)
                    names.append(pointer.group(1) if pointer else re.findall(r"\w+", parameter)[-1])
        back = "" if kind.strip() == "void" else "return "
        return f"static {kind}call_{function}({parameters})\n{{\n\t{back}{function}({', '.join(names)});\n}}\n"

    # ---- examples ---------------------------------------------------------------------------------------

    def check_examples(self):
        cflags, libs = flags(self.build, "--cflags"), flags(self.build, "--libs")
        work = []
        for page in self.pages:
            blocks = page.blocks("EXAMPLES")
            if not blocks:
                self.fail(page, "no example")
            for number, block in enumerate(blocks):
                work.append((page, f"{page.path.stem}.example{number}", block))
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(lambda item: self.check_example(*item, cflags, libs), work))

    def check_example(self, page, name, block, cflags, libs):
        synopsis = "\n".join(page.sections["SYNOPSIS"])
        switches = SWITCHES.findall(synopsis)
        text = "".join(f"{line}\n" for line in switches) + "#include <tevent.h>\n" + block
        warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
        if switches:
            warnings.append("-Wno-deprecated-declarations")
        runs = "int main(" in block
        program = self.scratch / name
        kind = [] if runs else ["-shared", "-fPIC"]
        good, _ = self.compiler(page, name, text, "-std=gnu11", "-O1", *warnings, *cflags, *kind,
                                f"{program}.c", "-o", program, *libs, "-pthread")
        if not good:
            return
        if runs:
            environment = dict(os.environ, LD_LIBRARY_PATH=str(self.build / "lib"))
            try:
                result = subprocess.run([program], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                        timeout=60)
                if result.returncode != 0:
                    self.fail(page, f"{name} ends with {result.returncode}")
            except subprocess.TimeoutExpired:
                self.fail(page, f"{name} does not end")
        else:
            printed = subprocess.run(["nm", "-D", "-u", program], capture_output=True, text=True, check=True).stdout
            for symbol in re.findall(r"\bU (_*tevent_\w+)", printed):
                if symbol not in self.symbols:
                    self.fail(page, f"{name} calls {symbol}, which is not exported")

    # ---- lint -------------------------------------------------------------------------------------------

    def check_lint(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(self.lint, self.pages))

    def lint(self, page):
        found = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page.path], capture_output=True, text=True)
        environment = dict(os.environ, LC_ALL="C.UTF-8", MANROFFSEQ="", MANWIDTH="80")
        shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page.path],
                               env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in (found.stdout + found.stderr + shown.stderr).splitlines():
            self.fail(page, line)
        if shown.returncode != 0:
            self.fail(page, f"man: exit status {shown.returncode}")

    # ---- html -------------------------------------------------------------------------------------------

    def check_html(self):
        cmake = os.environ.get("CMAKE", "cmake")
        subprocess.run([cmake, "-D", f"MANDOC={shutil.which('mandoc')}", "-D", f"SOURCES={self.pages[0].path.parent}",
                        "-D", f"OUTPUT={self.scratch}", "-P", self.source / "cmake/man_html.cmake"], check=True)
        for page in self.pages:
            text = (self.scratch / f"{page.file}.html").read_text()
            for target in ["index.html", *re.findall(r'href="((?:tevent|TEVENT|man\.css)[^"#]*)', text)]:
                if not (self.scratch / target).exists():
                    self.fail(page, f"leads to {target}, which is missing")

    # ---- installed --------------------------------------------------------------------------------------

    def check_installed(self):
        cmake = os.environ.get("CMAKE", "cmake")
        prefix = self.scratch / "prefix"
        subprocess.run([cmake, "--install", self.build, "--prefix", prefix], stdout=subprocess.DEVNULL, check=True)
        directory = next(prefix.rglob("man3")).parent
        there = {f"{path.parent.name}/{path.name}" for path in directory.rglob("*.[37]")}
        wanted = {f"man{page.section}/{name}.{page.section}": page for page in self.everything for name in page.names}
        for file in sorted(wanted.keys() ^ there):
            self.fail(wanted.get(file), f"{file} " + ("is not installed" if file in wanted else "is installed"))
        for file in sorted(wanted.keys() & there):
            page, text = wanted[file], (directory / file).read_text()
            if text not in (page.text, f".so man{page.section}/{page.file}\n"):
                self.fail(page, f"{file} is neither the page nor a link to it")
        for name in ("tevent_add_fd", "tevent_update_timer", "TEVENT_FD_READ", "event_loop_once"):
            shown = subprocess.run(["man", "-M", directory, "-P", "cat", "3", name], capture_output=True, text=True)
            if name not in shown.stdout:
                self.fail(None, f"man 3 {name} does not show its page")


NEEDED = {"names": [], "synopsis": ["mandoc"], "examples": ["nm"], "lint": ["mandoc", "man", "groff"],
          "html": ["mandoc"], "installed": ["man"]}


def missing_program(check):
    return next((program for program in NEEDED[check] if not shutil.which(program)), None)


def faults(check, **args):
    """The errors that a check finds."""
    with tempfile.TemporaryDirectory() as scratch:
        subject = Check(argparse.Namespace(scratch=scratch, **args))
        getattr(subject, f"check_{check}")()
        return subject.faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("check", choices=NEEDED)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--pages", type=pathlib.Path)
    parser.add_argument("--header", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append")
    args = parser.parse_args()
    missing = missing_program(args.check)
    if missing:
        print(f"skipped: {missing} is not installed")
        return 77
    found = faults(**vars(args))
    for fault in found:
        print(f"FAIL: {fault}")
    print(f"{len(found)} faults" if found else f"ok: {args.check}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
