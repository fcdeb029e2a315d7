"""Record values: Route 53's text to wire RDATA and back, for the types of its API.

A value is checked field by field, in Route 53's words where these are known, and written to the wire at once.
Escapes within strings and names are octal (`\\052`). Values are stored and returned as they were typed; this
module never rewrites them.
What is accepted is also well formed for those who read it from the wire, the prover among them.
Limits: what master files allow and Route 53 does not is refused (comments, parentheses, `@`, mnemonics for
numbers, `\\#`). Service parameters are `svcb`'s. Texts for faults that nobody has recorded follow the form of
those that are.
Source: Route 53 developer guide, "Supported DNS record types"; RFC 1035 §3.3 and the RFC of each type.
"""

import re
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address
from typing import NamedTuple

from seal53.zones import names, svcb
from seal53.zones.presentation import show
from seal53.zones.values import BadValue, Token, UnsupportedPriority, bad_string, tokens

__all__ = ["TYPES", "BadValue", "Rdata", "canonical", "parse", "show"]

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


class Rdata(NamedTuple):
    """`wire` is uncompressed; `canonical` is RFC 4034 §6.2's form: equal ones are the same record."""

    wire: bytes
    canonical: bytes


def parse(rtype: str, value: str) -> Rdata:
    """Reads one value. Raises BadValue; `rtype` is a key of TYPES."""
    if (odd := _UNPRINTABLE.search(value)) is not None:
        e = names.unsupported(odd[0])
        raise BadValue(e.problem, e.explanation, e.value)
    return _READERS[rtype](rtype, value)


def canonical(rtype: str, wire: bytes) -> bytes:
    """RFC 4034 §6.2: names in the RDATA of these types are lower case. As `parse(...).canonical`."""
    if rtype == "SOA":
        at = _end_of_name(wire, _end_of_name(wire, 0))
        return wire[:at].lower() + wire[at:]
    at = _NAME_AT.get(rtype, len(wire))
    if rtype == "NAPTR":
        for _ in range(3):
            at += 1 + wire[at]
    # Lengths of labels are below the octets that are letters.
    return wire[:at] + wire[at:].lower()


_NAME_AT = {"NS": 0, "CNAME": 0, "PTR": 0, "MX": 2, "SRV": 6, "NAPTR": 4}


def _end_of_name(wire: bytes, at: int) -> int:
    while wire[at]:
        at += 1 + wire[at]
    return at + 1


_UNPRINTABLE = re.compile(r"[^\t -~]")

# --- addresses

_OCTET = r"(0|[1-9][0-9]{0,2})"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+")


def _read_a(_rtype: str, value: str) -> Rdata:
    found = _IPV4.fullmatch(value)
    if found is not None:
        try:
            wire = bytes(map(int, found.groups()))
            return Rdata(wire, wire)
        except ValueError:
            pass
    raise BadValue("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address", value)


def _read_aaaa(_rtype: str, value: str) -> Rdata:
    if _IPV6.fullmatch(value):
        try:
            wire = IPv6Address(value).packed
            return Rdata(wire, wire)
        except ValueError:
            pass
    raise BadValue("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address", value)


# --- names and numbers


def _name(token: Token) -> bytes:
    if token.octets is not None:
        e = names.unsupported('"')
        raise BadValue(e.problem, e.explanation, e.value)
    try:
        return names.parse(token.text, fold=False).to_wire()
    except names.BadName as e:
        raise BadValue(e.problem, e.explanation, e.value) from None


def _read_name(_rtype: str, value: str) -> Rdata:
    try:
        wire = names.parse(value, fold=False).to_wire()
    except names.BadName as e:
        raise BadValue(e.problem, e.explanation, e.value) from None
    return Rdata(wire, wire.lower())


_DIGITS = re.compile(r"[0-9]{1,10}")


def _number(token: Token, octets: int) -> int | None:
    """The number, -1 when it does not fit, None when it is none."""
    if token.octets is not None or _DIGITS.fullmatch(token.text) is None:
        return None
    number = int(token.text)
    return number if number < 1 << 8 * octets else -1


def _numbers(rtype: str, value: str, fields: Sequence[Token], kinds: Sequence[tuple[str, int]]) -> bytes:
    wire = b""
    for token, (what, octets) in zip(fields, kinds, strict=True):
        number = _number(token, octets)
        if number is None:
            most = (1 << 8 * octets) - 1
            explanation = f"{what} is not a number between 0 and {most}"
            raise BadValue(f"{rtype}RRDATAIllegal{what}", explanation, token.text)
        if number < 0:
            explanation = f"{rtype} record {what.lower()} value is out of bounds"
            raise BadValue(f"{rtype}RRDATA{what}OutOfBounds", explanation, value)
        wire += number.to_bytes(octets, "big")
    return wire


def _fields(rtype: str, value: str, count: int) -> list[Token]:
    found = tokens(value)
    if found is None:
        raise bad_string(value)
    if len(found) != count:
        word = {2: "Two", 3: "Three", 4: "Four", 7: "Seven"}[count]
        raise BadValue(f"{rtype}RRDATANot{word}Fields", f"{rtype} record doesn't have {count} fields", value)
    return found


_BEFORE_NAME = {
    "MX": (("Priority", 2),),
    "SRV": (("Priority", 2), ("Weight", 2), ("Port", 2)),
}
_AFTER_NAMES = (("Serial", 4), ("Refresh", 4), ("Retry", 4), ("Expire", 4), ("Minimum", 4))


def _read_before_name(rtype: str, value: str) -> Rdata:
    """MX and SRV: numbers, then a name."""
    kinds = _BEFORE_NAME[rtype]
    fields = _fields(rtype, value, len(kinds) + 1)
    head = _numbers(rtype, value, fields[:-1], kinds)
    name = _name(fields[-1])
    return Rdata(head + name, head + name.lower())


def _read_soa(rtype: str, value: str) -> Rdata:
    fields = _fields(rtype, value, 7)
    both = _name(fields[0]) + _name(fields[1])
    rest = _numbers(rtype, value, fields[2:], _AFTER_NAMES)
    return Rdata(both + rest, both.lower() + rest)


# --- strings

_ONE_STRING = re.compile(r'"([^"\\]{0,255})"')


def _string(token: Token) -> bytes:
    if token.octets is None:
        raise bad_string(token.text)
    if len(token.octets) > MAX_STRING:
        raise BadValue("CharacterStringTooLong", "Value is too long", token.text)
    return bytes([len(token.octets)]) + token.octets


def _read_strings(_rtype: str, value: str) -> Rdata:
    if (one := _ONE_STRING.fullmatch(value)) is not None:
        octets = one[1].encode("ascii")
        wire = bytes([len(octets)]) + octets
        return Rdata(wire, wire)
    found = tokens(value)
    if not found or any(token.octets is None for token in found):
        raise bad_string(value)
    wire = b"".join(map(_string, found))
    return Rdata(wire, wire)


def _read_naptr(rtype: str, value: str) -> Rdata:
    # RFC 3403 §4.1
    found = tokens(value) or []
    numbers = [_number(token, 2) for token in found[:2]]
    if len(found) != 6 or None in numbers or any(token.octets is None for token in found[2:5]):
        raise BadValue("NAPTRRRDATANotValid", "Invalid NAPTR record", value)
    head = _numbers(rtype, value, found[:2], (("Order", 2), ("Preference", 2)))
    head += b"".join(map(_string, found[2:5]))
    name = _name(found[5])
    if found[4].octets and name != b"\0":
        raise BadValue(
            "NAPTRRRDATARegexpAndReplacementError",
            "NAPTR record can have only one field in regexp and replacement",
            value,
            severity="WARNING",
        )
    return Rdata(head + name, head + name.lower())


_TAG = re.compile(r"[A-Za-z0-9]{1,255}")
_TAGS = ("issue", "issuewild", "iodef")


def _read_caa(rtype: str, value: str) -> Rdata:
    # RFC 8659 §4.1
    flags, tag, text = _fields(rtype, value, 3)
    if flags.octets is not None or flags.text not in ("0", "128"):
        raise BadValue("CAARRDATAInvalidFlags", "Invalid flags", "Flags must be 0 or 128.")
    if tag.octets is not None or _TAG.fullmatch(tag.text) is None:
        raise BadValue("CAARRDATAInvalidTag", "Invalid tag", "Tag may contain only letters and digits.")
    if flags.text == "0" and tag.text.lower() not in _TAGS:
        reason = "Only issue/issuewild/iodef is allowed for non critical flags."
        raise BadValue("CAARRDATAInvalidTag", "Invalid tag", reason)
    _string(text)
    assert text.octets is not None
    wire = bytes([int(flags.text), len(tag.text)]) + tag.text.encode("ascii") + text.octets
    return Rdata(wire, wire)


# --- numbers, then hexadecimal data

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class _Hashed(NamedTuple):
    """DS, TLSA, SSHFP: which numbers are taken (None: all), how the data is called, its octets by number."""

    numbers: tuple[tuple[str, int, tuple[int, ...] | None], ...]
    data: str
    lengths: dict[int, int]
    missing: tuple[str, str]


_HASHED = {
    "DS": _Hashed(
        (("Key Tag", 2, None), ("Algorithm", 1, None), ("Digest Type", 1, tuple(range(1, 256)))),
        "Digest",
        {1: 20, 2: 32, 3: 32, 4: 48},
        ("", ""),
    ),
    "TLSA": _Hashed(
        (
            ("Certificate Usage", 1, (0, 1, 2, 3)),
            ("Selector", 1, (0, 1)),
            ("Matching Type", 1, (0, 1, 2)),
        ),
        "Certificate Association Data",
        {1: 32, 2: 64},
        ("TLSAMissingFields", "certificate usage, selector, matching type, certificate association data"),
    ),
    "SSHFP": _Hashed(
        (("Algorithm", 1, (1, 2, 3, 4, 6)), ("Fingerprint Type", 1, (1, 2))),
        "Fingerprint",
        {1: 20, 2: 32},
        ("SSHFPMissingFields", "algorithm, fingerprint type, fingerprint"),
    ),
}


def _read_hashed(rtype: str, value: str) -> Rdata:
    kinds = _HASHED[rtype]
    found = tokens(value)
    if found is None or len(found) != len(kinds.numbers) + 1:
        if rtype == "DS":
            reason = "Wrong format or it doesn't contain all fields."
            raise _invalid(rtype, "RData", reason)
        raise BadValue(kinds.missing[0], f"Missing fields, needs: {kinds.missing[1]}", value)
    wire = b""
    number: int | None = None
    for token, (what, octets, taken) in zip(found, kinds.numbers, strict=False):
        number = _number(token, octets)
        if number is None or number < 0 or (taken is not None and number not in taken):
            value_word = "" if what == "Matching Type" else " value"
            raise _invalid(rtype, what, f"{what}{value_word} not supported: {token.text}")
        wire += number.to_bytes(octets, "big")
    data = found[-1].text
    length = kinds.lengths.get(number or 0)
    if not _HEX.fullmatch(data) or (length is not None and len(data) != 2 * length):
        raise _invalid(rtype, kinds.data, f"Invalid {kinds.data.lower()} hexstring value: {data}")
    wire += bytes.fromhex(data)
    return Rdata(wire, wire)


def _invalid(rtype: str, what: str, reason: str) -> BadValue:
    problem = "DSRRDATAInvalidValue" if rtype == "DS" else f"{rtype}InvalidValue"
    return BadValue(problem, f'Invalid value for field "{what}"', reason)


# --- services

_SERVICE = re.compile(r"([^ \t]+)[ \t]+([^ \t]+)(.*)")


def _read_service(_rtype: str, value: str) -> Rdata:
    # RFC 9460 §2.1
    head = _SERVICE.fullmatch(value)
    if head is None:
        raise BadValue(
            "SVCBIncorrectNumberOfFields",
            "Incorrect number of fields, needs <svc priority>, <target name>."
            " Optional fields include <svc param>",
            value,
        )
    priority = _number(Token(head[1], None), 2)
    if priority is None:
        raise svcb.invalid("SVC Priority", f"SVC Priority is not a number: {head[1]}")
    if not 0 <= priority <= svcb.MAX_PRIORITY:
        raise UnsupportedPriority()
    wire = priority.to_bytes(2, "big") + _name(Token(head[2], None))
    wire += svcb.read(head[3], is_alias=priority == 0)
    return Rdata(wire, wire)


_READERS: dict[str, Callable[[str, str], Rdata]] = {
    "A": _read_a,
    "AAAA": _read_aaaa,
    "NS": _read_name,
    "CNAME": _read_name,
    "PTR": _read_name,
    "MX": _read_before_name,
    "SRV": _read_before_name,
    "SOA": _read_soa,
    "TXT": _read_strings,
    "SPF": _read_strings,
    "NAPTR": _read_naptr,
    "CAA": _read_caa,
    "DS": _read_hashed,
    "TLSA": _read_hashed,
    "SSHFP": _read_hashed,
    "SVCB": _read_service,
    "HTTPS": _read_service,
}
