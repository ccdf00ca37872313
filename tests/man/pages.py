# SPDX-License-Identifier: LGPL-3.0-or-later
"""The content of the man pages, the header and the version script, as Python data."""

import re
import subprocess


class Page:
    """A page in mdoc: its lines by section."""

    def __init__(self, path):
        self.path = path
        self.file = path.name
        self.section = path.suffix[1:]
        self.text = path.read_text()
        self.sections = {}
        title = None
        for line in self.text.splitlines():
            if line.startswith(".Sh "):
                title = line[4:]
                self.sections[title] = []
            elif title:
                self.sections[title].append(line)
        self.names = [re.match(r"\.Nm (\w+)", line).group(1)
                      for line in self.sections.get("NAME", []) if line.startswith(".Nm ")]

    def blocks(self, title):
        """The literal blocks of a section, as a reader sees them."""
        found, block = [], None
        for line in self.sections.get(title, []):
            if line.startswith(".Bd -literal"):
                block = []
            elif line == ".Ed" and block is not None:
                found.append("\n".join(block) + "\n")
                block = None
            elif block is not None:
                block.append(line.replace("\\e", "\\"))
        return found

    def synopsis(self):
        """The SYNOPSIS as mandoc shows it, which is C."""
        shown = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=1000", self.path],
                               capture_output=True, text=True, check=True).stdout
        shown = re.sub(r".\x08", "", shown)
        inside = re.search(r"^SYNOPSIS\n(.*?)^(?=\S)", shown, re.M | re.S)
        return inside.group(1) if inside else ""


def read_pages(directory):
    return [Page(path) for path in sorted(directory.glob("*.[37]"))]


def symbols(version_script):
    """{symbol: release}, in the order of releases."""
    found, release = {}, None
    for line in version_script.read_text().splitlines():
        node = re.match(r"TEVENT_([\d.]+) {", line)
        symbol = re.match(r"\s+(\w+);$", line)
        if node:
            release = node.group(1)
        elif symbol:
            found[symbol.group(1)] = release
    return found


def undeclared(table):
    """{symbol: type} of exported functions that are in no header."""
    rows = [line.split("\t") for line in table.read_text().splitlines() if not line.startswith("#")]
    return {name: kind for _, name, header, kind in rows if header == "-"}


def macros(header):
    internal = {"__TEVENT_H__", "__has_attribute", "_DEPRECATED_"}
    found = re.findall(r"^\s*#\s*define\s+(\w+)", header.read_text(), re.M)
    return [name for name in dict.fromkeys(found) if name not in internal]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def releases_in_comments(header):
    """{function: release} from the comments before declarations: @since, or else the oldest."""
    found = {}
    for comment, declaration in re.findall(
            r"/\*\*(?!<)((?:(?!\*/).)*)\*/\n(?:#ifdef DOXYGEN\n)?([^;#/]*?)\(", header.read_text(), re.S):
        since = re.search(r"@since ([\d.]+)", comment)
        found[re.findall(r"\w+", declaration)[-1]] = since.group(1) if since else "0.9.9"
    return found


def constants(header):
    """The enumerators."""
    bodies = re.findall(r"^enum \w+ {(.*?)}", without_comments(header.read_text()), re.M | re.S)
    return [name for body in bodies for name in re.findall(r"\b[A-Z]\w+", body)]


def tokens(text):
    return " ".join(re.findall(r"\w+|\.\.\.|[^\w\s]", text))


def declarations(text):
    """{name: tokens} of the functions, function types, structs and enums that preprocessed C declares."""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    text = text.replace("_Bool", "bool")
    found, start, depth = {}, 0, 0
    for place, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == ";" and depth == 0:
            declaration = without_attributes(tokens(text[start:place]))
            start = place + 1
            name = declared_name(declaration)
            if name:
                found[name] = declaration
    return found


def without_attributes(declaration):
    while " __attribute__ " in declaration:
        start = declaration.index(" __attribute__ ")
        depth, place = 0, start + len(" __attribute__ ")
        while True:
            depth += {"(": 1, ")": -1}.get(declaration[place], 0)
            place += 1
            if depth == 0:
                break
        declaration = declaration[:start] + declaration[place:]
    return declaration


def declared_name(declaration):
    for pattern in (r"(?:struct|enum) (\w+) {", r"typedef .*?\( \* (\w+) \)", r"[^(]*?(\w+) \("):
        match = re.match(pattern, declaration)
        if match:
            return match.group(1)
    return None
