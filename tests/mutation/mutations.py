# SPDX-License-Identifier: LGPL-3.0-or-later
"""The mutation operators: small mistakes that a programmer might make.

Each is a replacement of a piece of text that leaves all line numbers as they
are.  A mutant is known by its file and function, what its line looked like and
what it looks like now, so it is found again after the file has changed
elsewhere.

Left out: what another mutant of the same line implies (`==` turned to `!=` in
a condition that is nothing else, next to "always true" and "always false"), and
the functions that walk the invariants for assertions.
"""

import re
from dataclasses import dataclass

from source import DECLARATION, Source

COMPARISONS = {
    "==": ["!="], "!=": ["=="],
    "<": ["<=", ">="], ">": [">=", "<="], "<=": ["<", ">"], ">=": [">", "<"],
}
ARITHMETIC = {
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "<<": [">>"], ">>": ["<<"],
    "&": ["|"], "|": ["&"], "+=": ["-=", "="], "-=": ["+=", "="], "|=": ["=", "&="], "&=": ["=", "|="],
    "/=": ["="], "%=": ["="],
}
ENDS_OPERAND = {"&&", "||", "?", ":", ",", ";"}
# Calls visible to the program, the kernel or another thread; calls that only end something; calls that only observe.
ACTS = re.compile(r"ops->|handler_\(|fn_?\(|callback_\(|hook\w*\(|mutex_(un)?lock|os::\w+\(|\.store\(|fetch_|exchange|"
                  r"errno =|wake\w*\(|_sleep\(|ring\(|finish\(|post\(|notify\w*\(|invoke\(|run_\w+\(|cut_\w+\(|abort|fail\(|"
                  r"release\(|enter\(|leave\(|context_gone\(|_visit\(|forget\(|call_hook\(")
ENDS = re.compile(r"talloc_(free|steal)|destroy")
TELLS = re.compile(r"trace|note_flow|note_call_flow|message\(|say\(")
CHECKS = {"is_valid", "count_valid"}


@dataclass
class Mutant:
    file: str
    line: int
    operator: str
    start: int
    end: int
    replacement: str
    function: str = ""
    old: str = ""  # the line as it was and as it is now, spaces squeezed
    new: str = ""

    @property
    def key(self):
        return (self.file, self.function, self.old, self.new)

    def apply(self, text):
        return text[:self.start] + self.replacement + text[self.end:]


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


class Collector:
    def __init__(self, file, text):
        self.file = file
        self.text = text
        self.source = Source(text)
        self.mutants = []
        self.implied = self.whole_conditions()

    def whole_conditions(self):
        """The tokens that alone decide whether an `if` is taken."""
        source = self.source
        found = set()
        for i, token in enumerate(source.tokens):
            if token.text == "if" and source.word(i + 1) == "(":
                inside = range(i + 2, source.match[i + 1])
                if not any(source.word(k) in ("&&", "||", "<", ">", "<=", ">=") and source.is_binary(k) for k in inside):
                    found.update(k for k in inside if source.word(k) in ("==", "!="))
                    if source.word(i + 2) == "!":
                        found.add(i + 2)
        return found

    def add(self, operator, start, end, replacement):
        old = self.text[start:end]
        # Line numbers stay the same: messages and __location__ contain them.
        replacement += "\n" * (old.count("\n") - replacement.count("\n"))
        function = self.source.function_at(start + 1)
        if function in CHECKS:
            return
        mutant = Mutant(self.file, self.source.line_of(start), operator, start, end, replacement, function)
        begin = self.text.rfind("\n", 0, start) + 1
        finish = self.text.find("\n", end)
        mutant.old = squeeze(self.text[begin:finish])
        mutant.new = squeeze(self.text[begin:start] + replacement + self.text[end:finish])
        self.mutants.append(mutant)

    def replace_token(self, operator, index, replacement):
        token = self.source.tokens[index]
        self.add(operator, token.start, token.end, replacement)

    # ---- expressions

    def operators_and_constants(self):
        source = self.source
        for i, token in enumerate(source.tokens):
            if i in source.frozen:
                continue
            if token.kind == "number":
                self.constant(i)
            elif token.kind == "word" and token.text in ("true", "false"):
                self.replace_token("constant", i, "false" if token.text == "true" else "true")
            elif token.kind != "punct":
                continue
            elif token.text in ("++", "--"):
                self.replace_token("step", i, "--" if token.text == "++" else "++")
            elif token.text in ("!", "~"):
                if i not in self.implied:
                    self.replace_token("negation", i, " ")
            elif token.text == "?":
                self.conditional(i)
            elif not source.is_binary(i) or i in self.implied:
                continue
            elif token.text in ("&&", "||"):
                self.logical(i)
            else:
                for other in COMPARISONS.get(token.text, []) + ARITHMETIC.get(token.text, []):
                    self.replace_token("operator", i, other)

    def constant(self, index):
        text = self.source.tokens[index].text
        if not re.fullmatch(r"\d+U?L*", text):
            return
        if self.source.word(index - 1) == "[" and self.source.word(index + 1) == "]" and int(text.rstrip("UL")) > 1:
            return  # the size of a buffer
        value = int(text.rstrip("UL"))
        # After a destructor that returns anything but -1 talloc continues.
        if value == 0 and [self.source.word(k) for k in range(index - 3, index)] == ["-", "1", ":"]:
            return
        failure = value == 0 and self.source.word(index - 1) == "return"
        self.replace_token("constant", index, "-1" if failure else "0" if value == 1 else str(value + 1))

    def logical(self, index):
        source = self.source
        token = source.tokens[index]
        self.replace_token("logical", index, "||" if token.text == "&&" else "&&")
        right = index + 1
        while right < len(source.tokens) and source.word(right) not in ENDS_OPERAND | {")", "]", "}"}:
            right = source.match.get(right, right) + 1
        self.add("drop operand", token.start, source.tokens[right - 1].end, "")
        left = index - 1
        while left >= 0 and source.word(left) not in ENDS_OPERAND | {"(", "[", "{", "return", "="}:
            left = source.match.get(left, left) - 1
        self.add("drop operand", source.tokens[left + 1].start, token.end, "")

    def conditional(self, index):
        """Always the first branch, always the second."""
        source = self.source
        colon = self.after_operand(index + 1, {":"})
        end = self.after_operand(colon + 1, {";", ",", ":"})
        first = self.text[source.tokens[index].end:source.tokens[colon].start]
        second = self.text[source.tokens[colon].end:source.tokens[end].start]
        for branch in (first, second):
            both = f"? {squeeze(branch)} : {squeeze(branch)}"
            self.add("conditional", source.tokens[index].start, source.tokens[end].start, both)

    def after_operand(self, index, stops):
        source = self.source
        depth = 0
        while index < len(source.tokens) - 1:
            text = source.word(index)
            if depth == 0 and (text in stops or text in (")", "]", "}")):
                break
            depth += (text == "?") - (text == ":")
            index = source.match[index] if text in ("(", "[", "{") and index in source.match else index
            index += 1
        return index

    # ---- control flow

    def conditions(self):
        source = self.source
        for i, token in enumerate(source.tokens):
            if token.text not in ("if", "while") or source.word(i + 1) != "(":
                continue
            start, end = source.tokens[i + 1].end, source.tokens[source.match[i + 1]].start
            if DECLARATION.match(self.text[start:end]):
                continue
            if token.text == "if":
                self.add("condition", start, end, "true")
            else:
                self.add("condition", start, end, f"!({self.text[start:end]})")
            self.add("condition", start, end, "false")

    def returns(self):
        source = self.source
        for i, token in enumerate(source.tokens):
            if token.text != "return":
                continue
            end = i
            while source.word(end) != ";":
                end = source.match.get(end, end) + 1
            if end == i + 1:
                self.add("drop return", token.start, source.tokens[end].end, ";")
                continue
            value = self.text[source.tokens[i + 1].start:source.tokens[end].start]
            if value in ("{}", "nullptr", "0", "false", "true"):
                continue
            self.add("return", source.tokens[i + 1].start, source.tokens[end].start, "{}")
            if source.type_at(token.start) in ("bool", ""):
                self.add("return", source.tokens[i + 1].start, source.tokens[end].start, f"!({value})")

    def bodies(self):
        """The whole function does nothing."""
        source = self.source
        for block, is_body in source.blocks.items():
            if is_body and source.match.get(block, block) > block + 1:
                brace = source.tokens[block]
                value = "" if source.type_at(brace.end) == "void" else " {}"
                self.add("empty body", brace.start, brace.end, f"{{ return{value};")

    # ---- statements

    def text_of(self, statement):
        tokens = self.source.tokens
        return self.text[tokens[statement.first].start:tokens[statement.last].end]

    def order_matters(self, one, other):
        """Another order of bookkeeping is nearly always equivalent; so is observing it earlier or later."""
        texts = (self.text_of(one), self.text_of(other))
        tells = [TELLS.search(t) is not None for t in texts]
        acts = [ACTS.search(t) is not None and not tell for t, tell in zip(texts, tells)]
        ends = [ENDS.search(t) is not None for t in texts]
        return all(tells) or all(acts) or (any(acts) and not any(tells) and not any(ends))

    def statements(self):
        tokens = self.source.tokens
        simple = [s for s in self.source.statements if not s.is_declaration]
        for s in simple:
            self.add("drop statement", tokens[s.first].start, tokens[s.last].end, ";")
        for one, other in zip(simple, simple[1:]):
            neighbours = one.block == other.block and one.last + 1 == other.first
            if neighbours and self.order_matters(one, other):
                between = self.text[tokens[one.last].end:tokens[other.first].start]
                swapped = self.text_of(other) + between + self.text_of(one)
                self.add("swap", tokens[one.first].start, tokens[other.last].end, swapped)


def mutants_of(file, text):
    """All mutants of a source file, in the order of its lines."""
    collector = Collector(file, text)
    collector.operators_and_constants()
    collector.conditions()
    collector.returns()
    collector.bodies()
    collector.statements()
    mutants = sorted(collector.mutants, key=lambda m: (m.start, m.end, m.replacement))
    texts = set()
    seen = {}
    different = []
    for mutant in mutants:
        result = mutant.apply(text)
        if squeeze(result) in texts:
            continue
        texts.add(squeeze(result))
        key = mutant.key
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            mutant.new += f" #{seen[key]}"
        different.append(mutant)
    return different
