"""Record values: Route 53's text to wire RDATA and back, for the types of its API.

A value is checked field by field by Route 53's rules, then written as master-file text and read by
dnspython. Escapes are octal (`\\052`), dnspython's are decimal: they are translated here, before dnspython
sees them. Values are stored and returned as they were typed; this module never rewrites them.
Limits: what master files allow and Route 53 does not is refused (comments, parentheses, `@`, mnemonics for
numbers, `\\#`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from seal53.base.errors import Fault
from seal53.zones import names

TYPES: dict[str, int] = {
    "SOA": 6,
    "A": 1,
    "TXT": 16,
    "NS": 2,
    "CNAME": 5,
    "MX": 15,
    "NAPTR": 35,
    "PTR": 12,
    "SRV": 33,
    "SPF": 99,
    "AAAA": 28,
    "CAA": 257,
    "DS": 43,
    "TLSA": 52,
    "SSHFP": 44,
    "SVCB": 64,
    "HTTPS": 65,
}
"""Mnemonic to number, in the order of the service model."""

MAX_STRING = 255  # RFC 1035 §3.3, octets


class BadValue(Fault):
    """A text that is no value of its type. The message is in Route 53's form."""

    def __init__(self, problem: str, explanation: str, value: str) -> None:
        super().__init__(
            f"Invalid Resource Record: 'FATAL problem: {problem} ({explanation}) encountered with '{value}''"
        )


@dataclass(frozen=True, slots=True)
class Rdata:
    """`wire` is uncompressed; `canonical` is RFC 4034 §6.2's form: equal ones are the same record."""

    wire: bytes
    canonical: bytes


def parse(rtype: str, value: str) -> Rdata:
    """Reads one value. Raises BadValue; `rtype` is a key of TYPES."""
    for char in value:
        if not (" " <= char <= "~" or char == "\t"):
            raise BadValue("UnsupportedCharacter", "Value contains unsupported characters", char)
    text = _WRITERS[rtype](rtype, value)
    try:
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rtype, text, origin=dns.name.root, relativize=False)
        wire = rdata.to_wire()
        assert wire is not None
        return Rdata(wire, rdata.to_digestable())
    except (dns.exception.DNSException, ValueError) as e:
        problem, explanation = _ILLEGAL.get(rtype, (f"{rtype}RRDATAIllegal", f"Value is not valid: {e}"))
        raise BadValue(problem, explanation, value) from None


def show(rtype: str, wire: bytes) -> str:
    """The value that stands for this RDATA, in Route 53's syntax; `parse` reads it back."""
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.from_text(rtype), wire, 0, len(wire))
    shown: list[str] = []
    quoted = False
    for part in re.findall(r"\\\d{3}|\\.|.", rdata.to_text()):
        if part == '"':
            quoted = not quoted
        if len(part) == 4:
            shown.append(f"\\{int(part[1:]):03o}")
        elif len(part) == 2 and not quoted:
            shown.append(f"\\{ord(part[1]):03o}")
        else:
            shown.append(part)
    return "".join(shown)


_ILLEGAL = {
    "A": ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"),
    "AAAA": ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"),
}

_COUNTS = {2: "Two", 3: "Three", 4: "Four", 6: "Six", 7: "Seven"}


@dataclass(frozen=True, slots=True)
class _Token:
    """A field as typed, and what it means: `octets` of a quoted string, escapes resolved."""

    text: str
    octets: bytes | None


_PIECE = re.compile(r'[ \t]+|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>[^ \t"]+)')
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)")


def _tokens(value: str) -> list[_Token] | None:
    """The fields of a value, or None when a quotation mark is not closed."""
    found: list[_Token] = []
    at = 0
    while at < len(value):
        piece = _PIECE.match(value, at)
        if piece is None:
            return None
        if (quoted := piece["quoted"]) is not None:
            found.append(_Token(quoted, _unescape(quoted[1:-1])))
        elif (bare := piece["bare"]) is not None:
            found.append(_Token(bare, None))
        at = piece.end()
    return found


def _unescape(text: str) -> bytes:
    def octet(escape: re.Match[str]) -> str:
        return chr(int(escape[1], 8)) if len(escape[1]) == 3 else escape[1]

    return _ESCAPE.sub(octet, text).encode("latin-1")


def _quote(octets: bytes) -> str:
    return '"' + "".join(chr(o) if 32 <= o < 127 and o not in b'"\\' else f"\\{o:03d}" for o in octets) + '"'


# A field's check: (type, token) -> master-file text. Raises BadValue.
_Field = Callable[[str, _Token], str]


def _number(bits: int, what: str) -> _Field:
    def check(rtype: str, token: _Token) -> str:
        if token.octets is None and re.fullmatch(r"[0-9]{1,10}", token.text) and int(token.text) < 1 << bits:
            return str(int(token.text))
        raise BadValue(
            f"{rtype}RRDATAIllegal{what}",
            f"{what} is not a number between 0 and {(1 << bits) - 1}",
            token.text,
        )

    return check


def _name(_rtype: str, token: _Token) -> str:
    if token.octets is not None:
        raise BadValue("UnsupportedCharacter", "Value contains unsupported characters", '"')
    try:
        labels = names.parse(token.text, fold=False).labels
    except names.BadName as e:
        raise BadValue(e.problem, e.explanation, e.value) from None
    return dns.name.Name([*labels, b""]).to_text()


def _string(_rtype: str, token: _Token) -> str:
    if token.octets is None:
        raise BadValue("InvalidCharacterString", "Value should be enclosed in quotation marks", token.text)
    if len(token.octets) > MAX_STRING:
        raise BadValue("CharacterStringTooLong", "Value is too long", token.text)
    return _quote(token.octets)


def _tag(rtype: str, token: _Token) -> str:
    # RFC 8659 §4.1: letters and digits
    if token.octets is None and re.fullmatch(r"[A-Za-z0-9]{1,255}", token.text):
        return token.text
    raise BadValue(f"{rtype}RRDATAIllegalTag", "Tag may contain only letters and digits", token.text)


def _caa_flags(rtype: str, token: _Token) -> str:
    if token.octets is None and token.text in ("0", "128"):
        return token.text
    raise BadValue(f"{rtype}RRDATAIllegalFlags", "Flags must be 0 or 128", token.text)


def _hex(rtype: str, token: _Token) -> str:
    if token.octets is None and re.fullmatch(r"[0-9A-Fa-f]+", token.text):
        return token.text
    raise BadValue(f"{rtype}RRDATAIllegalHex", "Value is not hexadecimal", token.text)


_FIELDS: dict[str, tuple[_Field, ...]] = {
    "MX": (_number(16, "Priority"), _name),
    "SRV": (_number(16, "Priority"), _number(16, "Weight"), _number(16, "Port"), _name),
    "SOA": (
        _name,
        _name,
        _number(32, "Serial"),
        _number(32, "Refresh"),
        _number(32, "Retry"),
        _number(32, "Expire"),
        _number(32, "Minimum"),
    ),
    "NAPTR": (_number(16, "Order"), _number(16, "Preference"), _string, _string, _string, _name),
    "CAA": (_caa_flags, _tag, _string),
    "DS": (_number(16, "KeyTag"), _number(8, "Algorithm"), _number(8, "DigestType"), _hex),
    "TLSA": (_number(8, "Usage"), _number(8, "Selector"), _number(8, "MatchingType"), _hex),
    "SSHFP": (_number(8, "Algorithm"), _number(8, "FingerprintType"), _hex),
}
_ENDS_IN_HEX = ("DS", "TLSA", "SSHFP")


def _write_address(rtype: str, value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f:.]+", value):
        raise BadValue(*_ILLEGAL[rtype], value)
    return value


def _write_name(rtype: str, value: str) -> str:
    return _name(rtype, _Token(value, None))


def _write_strings(rtype: str, value: str) -> str:
    tokens = _tokens(value)
    if not tokens or any(token.octets is None for token in tokens):
        raise BadValue("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    return " ".join(_string(rtype, token) for token in tokens)


def _write_fields(rtype: str, value: str) -> str:
    fields = _FIELDS[rtype]
    tokens = _tokens(value)
    if tokens is None:
        raise BadValue("InvalidCharacterString", "Value should be enclosed in quotation marks", value)
    if rtype in _ENDS_IN_HEX and len(tokens) > len(fields):
        last = len(fields) - 1
        tokens[last:] = [_Token("".join(token.text for token in tokens[last:]), None)]
    if len(tokens) != len(fields):
        raise BadValue(
            f"{rtype}RRDATANot{_COUNTS[len(fields)]}Fields",
            f"{rtype} record doesn't have {len(fields)} fields",
            value,
        )
    if rtype == "NAPTR" and tokens[4].octets and tokens[5].text != ".":
        # RFC 3403 §4.1: regexp and replacement exclude each other
        raise BadValue("NAPTRRRDATARegexpAndReplacement", "Replacement must be . beside a regexp", value)
    return " ".join(check(rtype, token) for check, token in zip(fields, tokens, strict=True))


def _write_service(rtype: str, value: str) -> str:
    """SVCB and HTTPS (RFC 9460 §2.1): priority, target, then parameters that dnspython reads."""
    head = re.fullmatch(r"([^ \t]+)[ \t]+([^ \t]+)(.*)", value)
    if head is None:
        raise BadValue(f"{rtype}RRDATANotTwoFields", f"{rtype} record doesn't have 2 fields", value)
    priority = _number(16, "Priority")(rtype, _Token(head[1], None))
    target = _name(rtype, _Token(head[2], None))
    parameters = head[3]
    if not re.fullmatch(r'(?:[^"\\;()@]|\\.|"(?:[^"\\]|\\.)*")*', parameters):
        raise BadValue(f"{rtype}RRDATAIllegalParameters", "Parameters are not key=value pairs", parameters)

    def decimal(escape: re.Match[str]) -> str:
        return f"\\{int(escape[1], 8):03d}" if len(escape[1]) == 3 else escape[0]

    return f"{priority} {target}{_ESCAPE.sub(decimal, parameters)}"


_WRITERS: dict[str, Callable[[str, str], str]] = {
    "A": _write_address,
    "AAAA": _write_address,
    "NS": _write_name,
    "CNAME": _write_name,
    "PTR": _write_name,
    "TXT": _write_strings,
    "SPF": _write_strings,
    "SVCB": _write_service,
    "HTTPS": _write_service,
    **dict.fromkeys(_FIELDS, _write_fields),
}
