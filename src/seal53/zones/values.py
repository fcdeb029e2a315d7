"""What the values of all record types are made of: fields, quoted strings, octal escapes, and their faults.

Not for: what a type wants of its fields (`rdata`, `svcb`), domain names (`names`).
"""

import re
from typing import NamedTuple

from seal53.base.errors import Fault


class BadValue(Fault):
    """A text that is no value of its type. The message is in Route 53's form.

    Shape: `value` is the text, or the field of it, that is at fault; of newer types, the reason in words.
    """

    def __init__(self, problem: str, explanation: str, value: str, *, severity: str = "FATAL") -> None:
        super().__init__(
            f"Invalid Resource Record: '{severity} problem: {problem} ({explanation})"
            f" encountered with '{value}''"
        )


class UnsupportedPriority(BadValue):
    """Route 53 says this one without a frame."""

    def __init__(self) -> None:
        Fault.__init__(self, "Unsupported SvcPriority value.")


def bad_string(value: str) -> BadValue:
    return BadValue("InvalidCharacterString", "Value should be enclosed in quotation marks", value)


class Token(NamedTuple):
    """A field as typed, and what it means: `octets` of a quoted string, escapes resolved."""

    text: str
    octets: bytes | None


_PIECE = re.compile(r'[ \t]+|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>[^ \t"]+)')
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)")


def tokens(value: str) -> list[Token] | None:
    """The fields of a value, or None when a quotation mark is not closed."""
    found: list[Token] = []
    at = 0
    while at < len(value):
        piece = _PIECE.match(value, at)
        if piece is None:
            return None
        if (quoted := piece["quoted"]) is not None:
            found.append(Token(quoted, unescape(quoted[1:-1])))
        elif (bare := piece["bare"]) is not None:
            found.append(Token(bare, None))
        at = piece.end()
    return found


def unescape(text: str) -> bytes:
    """`\\ooo` is the octet of that octal number, a backslash before any other character is that character."""
    if "\\" in text:
        text = _ESCAPE.sub(_octet, text)
    return text.encode("latin-1")


def _octet(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 8)) if len(escape[1]) == 3 else escape[1]


def quote(octets: bytes) -> str:
    """A string with quotation marks, what is not printable as `\\ooo`."""
    return '"' + "".join(map(_QUOTED.__getitem__, octets)) + '"'


_QUOTED = {
    octet: f"\\{chr(octet)}" if chr(octet) in '"\\' else chr(octet) if 32 <= octet < 127 else f"\\{octet:03o}"
    for octet in range(256)
}
