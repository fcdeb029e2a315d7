"""Domain names as Route 53 writes them, which is not master-file syntax.

In: printable ASCII, `\\ooo` octal escapes for any octet, the last dot optional, letters fold to lower case
(also escaped ones). Out: every octet but a-z 0-9 `-` `_` as `\\ooo`, with the last dot: `*.example.com`
comes back as `\\052.example.com.`. Names within record values keep their case.
Source: Route 53 developer guide, "DNS domain name format". Not for: comparing (`core.Name`).
"""

import re

from seal53.base.errors import Fault
from seal53.core import Name

MAX_LABEL = 63  # RFC 1035 §2.3.4, octets
MAX_NAME = 255  # RFC 1035 §2.3.4, octets on the wire

_PLAIN = re.compile(r"(?:[A-Za-z0-9_*-]{1,63}\.)*[A-Za-z0-9_*-]{1,63}\.?")
_OCTAL = re.compile(r"[0-3][0-7]{2}")
_SHOWN = {
    octet: chr(octet) if chr(octet) in "abcdefghijklmnopqrstuvwxyz0123456789-_" else f"\\{octet:03o}"
    for octet in range(256)
}
_WRITTEN = {
    octet: chr(octet) if "!" <= chr(octet) <= "~" and chr(octet) not in '\\."()@$;' else f"\\{octet:03o}"
    for octet in range(256)
}


class BadName(Fault):
    """A text that is no domain name. The message is Route 53's."""

    def __init__(self, problem: str, explanation: str, value: str) -> None:
        super().__init__(f"FATAL problem: {problem} ({explanation}) encountered with '{value}'")
        self.problem = problem
        self.explanation = explanation
        self.value = value


def unsupported(char: str) -> BadName:
    """A character that no name may have; beyond ASCII, Route 53 shows a question mark."""
    shown = char if char.isascii() else "?"
    return BadName("UnsupportedCharacter", "Value contains unsupported characters", shown)


def parse(text: str, *, fold: bool = True) -> Name:
    """Reads a name; `fold` makes it lower case, as owners are. Raises BadName."""
    if len(text) <= MAX_NAME - 2 and _PLAIN.fullmatch(text):
        return Name.parse(text.lower() if fold else text)
    if text == "":
        raise BadName("DomainNameEmpty", "Domain name is empty", "")
    if text == ".":
        return Name.root()
    labels: list[bytes] = []
    label = bytearray()
    begun = at = 0
    while at <= len(text):
        char = text[at] if at < len(text) else "."
        if char == ".":
            if not label:
                raise BadName("DomainLabelEmpty", "Domain label is empty", text)
            if len(label) > MAX_LABEL:
                raise BadName("DomainLabelTooLong", "Domain label is too long", text[begun:at])
            labels.append(bytes(label.lower() if fold else label))
            label.clear()
            at += 1
            begun = at
            if at == len(text):
                break
        elif char == "\\" and (escape := _OCTAL.match(text, at + 1)):
            label.append(int(escape[0], 8))
            at += 4
        elif char == "\\" or not "!" <= char <= "~":
            raise unsupported(char)
        else:
            label.append(ord(char))
            at += 1
    if sum(len(label) + 1 for label in labels) + 1 > MAX_NAME:
        raise BadName("DomainNameTooLong", "Domain name is too long", text)
    return Name.from_labels(labels)


def show(name: Name) -> str:
    """The name as Route 53 returns it, with the last dot."""
    if name.is_root:
        return "."
    return "".join("".join(map(_SHOWN.__getitem__, label)) + "." for label in name.lower().labels)


def write(name: Name) -> str:
    """The name as it stands in a record value: as it is, octets with a meaning of their own as `\\ooo`."""
    if name.is_root:
        return "."
    return "".join("".join(map(_WRITTEN.__getitem__, label)) + "." for label in name.labels)
