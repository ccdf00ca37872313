# SPDX-License-Identifier: LGPL-3.0-or-later
"""A C++ source file as tokens, with what the mutation operators have to know
of its structure: which braces hold statements, and where each simple statement
begins and ends.

No parser: it reads code in this project's style (clang-format's output), where
a binary operator has a space on both sides and a template bracket has none.
What it gets wrong does not compile, and a mutant that does not compile is not
counted.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<directive>^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<number>\d(?:'?[\w.])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<punct>->\*|<<=|>>=|\[\[|\]\]|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|::|\.\.\.|[^\s\w])
    """,
    re.X | re.M | re.S,
)

# Words that a simple statement never begins with.
NOT_SIMPLE = {
    "if", "for", "while", "switch", "return", "break", "continue", "else", "do", "case", "default", "goto",
    "using", "typedef", "static", "const", "constexpr", "constinit", "auto", "struct", "class", "union", "enum",
    "template", "namespace", "extern", "public", "private", "protected", "friend", "explicit", "virtual",
}
BEFORE_A_BLOCK = {")", ";", "{", "}", "else", "do", "const", "noexcept", "override", ":"}
SCOPES = {"namespace", "class", "struct", "union", "extern"}
DECLARATION = re.compile(r"(?:const\s+)?[\w:]+(?:<[^;=()]*>)?(?:\s+[*&]*|\s*[*&]+\s*)\w+(?:\[[^\]]*\])?\s*(?:=[^=]|;|\{)")


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class Statement:
    first: int  # tokens
    last: int   # the semicolon
    block: int  # the enclosing brace, to distinguish neighbours from others
    is_declaration: bool


class Source:
    def __init__(self, text):
        self.text = text
        self.tokens = [
            Token(m.lastgroup, m.group(), m.start(), m.end())
            for m in TOKEN.finditer(text)
            if m.lastgroup not in ("comment", "directive")
        ]
        self.match = {}    # index of a bracket -> index of its partner
        self.blocks = {}   # index of a `{` that holds statements -> it is a function's body
        self.frozen = set()  # tokens that no operator touches
        self.statements = []
        self._pair_brackets()
        self._find_blocks()
        self._freeze()
        self._find_statements()

    def line_of(self, position):
        return self.text.count("\n", 0, position) + 1

    def _body_at(self, position):
        """The innermost function body around a position: the index of its brace, or None."""
        around = [b for b, is_body in self.blocks.items()
                  if is_body and self.tokens[b].start < position < self.tokens[self.match.get(b, b)].end]
        return max(around, default=None)

    def _head_of(self, body):
        """The tokens of a function's head: from its type to the end of its name."""
        i = body - 1
        while i > 0 and self.word(i) != ")":
            i -= 1
        name_end = self.match[i]
        while self.word(name_end - 1) in (",", "}") or self.word(self.match.get(name_end - 1, 0)) == "(":
            name_end = self.match.get(name_end - 1, name_end - 1)  # a constructor's initialisers
        begin = name_end
        while begin > 0 and self.word(begin - 1) not in (";", "{", "}", ":", "]]"):
            begin -= 1
        return [self.word(k) for k in range(begin, name_end)]

    def function_at(self, position):
        body = self._body_at(position)
        return "" if body is None else (self._head_of(body) or [""])[-1]

    def type_at(self, position):
        """The type that the function around a position returns, where it is one plain word; else ""."""
        body = self._body_at(position)
        head = [] if body is None else self._head_of(body)
        words = [w for w in head if w not in ("static", "inline", "constexpr", "virtual", "const")]
        if len(words) > 1 and words[1] in ("*", "&"):
            return words[0] + words[1]
        return words[0] if len(words) > 1 else ""

    def is_binary(self, index):
        """An operator with a space on both sides."""
        token = self.tokens[index]
        return self.text[token.start - 1:token.start].isspace() and self.text[token.end:token.end + 1].isspace()

    def word(self, index):
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _pair_brackets(self):
        opened = []
        for i, token in enumerate(self.tokens):
            if token.text in ("(", "[", "{", "[["):
                opened.append(i)
            elif token.text in (")", "]", "}", "]]") and opened:
                # `a[b[0]]` ends with one token too few.
                if token.text == "]]" and self.word(opened[-1]) == "[":
                    opened.pop()
                partner = opened.pop()
                self.match[partner] = i
                self.match[i] = partner

    def _find_blocks(self):
        for i, token in enumerate(self.tokens):
            if token.text != "{":
                continue
            begin = i
            while begin > 0 and self.word(begin - 1) not in (";", "{", "}"):
                begin -= 1
            head = {self.word(k) for k in range(begin, i)}
            inside = any(b < i < self.match.get(b, 0) for b in self.blocks)
            if not inside and head & SCOPES and ")" not in head:
                continue
            if "enum" not in head and self.word(i - 1) in BEFORE_A_BLOCK:
                self.blocks[i] = not inside

    def _freeze(self):
        """Attributes, template heads, compile-time checks, deleted and defaulted functions."""
        for i, token in enumerate(self.tokens):
            end = None
            if token.text == "[[":
                end = self.match.get(i)
            elif token.text in ("static_assert", "assert"):
                end = self.match.get(i + 1)
            elif token.text == "template" and self.word(i + 1) == "<":
                end = next((k for k in range(i, len(self.tokens)) if self.word(k).endswith(">")), None)
            elif token.text in ("delete", "default") and self.word(i - 1) == "=":
                self.frozen.add(i - 1)
            elif token.text == "operator":
                end = i + 1
            if end is not None:
                self.frozen.update(range(i, end + 1))

    def _find_statements(self):
        starts = {}
        for block in self.blocks:
            starts[block + 1] = block
            self._starts_in(block, starts)
        for first, block in sorted(starts.items()):
            self._add_statement(first, block)

    def _starts_in(self, block, starts):
        i = block + 1
        end = self.match.get(block, len(self.tokens))
        while i < end:
            text = self.word(i)
            if text in ("(", "[", "{", "[["):
                partner = self.match.get(i, end)
                if text == "(" and self.word(i - 1) in ("if", "for", "while"):
                    starts[partner + 1] = -partner  # a body without braces has no neighbours
                i = partner
                if text == "{":
                    starts[i + 1] = block
            elif text == ";":
                starts[i + 1] = block
            elif text in ("else", "do"):
                starts[i + 1] = -i
            elif text == ":" and self.word(i - 2) == "case" or text == ":" and self.word(i - 1) == "default":
                starts[i + 1] = block
            elif text == ":" and self.tokens[i - 1].kind == "word" and self.word(i - 2) == "::":
                starts[i + 1] = block
            i += 1

    def _add_statement(self, first, block):
        if first >= len(self.tokens) or self.word(first) in NOT_SIMPLE | {"}", "{", ";", "[[", ")"}:
            return
        i = first
        while i < len(self.tokens) and self.word(i) != ";":
            if self.word(i) in (")", "]", "}", ",") and self.match.get(i, i) <= first:
                return
            i = self.match[i] if self.word(i) in ("(", "[", "{") and i in self.match else i
            i += 1
        if i >= len(self.tokens) or first in self.frozen:
            return
        text = self.text[self.tokens[first].start:self.tokens[i].end]
        self.statements.append(Statement(first, i, block, DECLARATION.match(text) is not None))
