"""The parameters of SVCB and HTTPS records: text to wire and back.

`read(" alpn=h2 port=8443")` is what follows priority and target. Taken are the keys that Route 53 names, and
`mandatory`; keys by number (`key667`) are refused, as Route 53 does.
Source: RFC 9460 §2.1, RFC 9460 §7, RFC 9460 §8. Not for: the fields before (`rdata`).
"""

import base64
import binascii
import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from seal53.zones.values import BadValue, quote, unescape

MAX_PRIORITY = 32_767  # Route 53's; RFC 9460 §2.1 has 16 bits

KEYS = {
    "mandatory": 0,
    "alpn": 1,
    "no-default-alpn": 2,
    "port": 3,
    "ipv4hint": 4,
    "ech": 5,
    "ipv6hint": 6,
    "dohpath": 7,
    "ohttp": 8,
}
_BY_NUMBER = {number: key for key, number in KEYS.items()}
_WITHOUT_VALUE = ("no-default-alpn", "ohttp")

_PARAMETER = re.compile(r'[ \t]+([^ \t="]+)(?:=("(?:[^"\\]|\\.)*"|[^ \t"]*))?(?=[ \t]|$)')
_ITEM = re.compile(rb"(?:[^,\\]|\\.)*", re.DOTALL)


def invalid(field: str, reason: str) -> BadValue:
    return BadValue("SVCBInvalidFieldValue", f'Invalid value for field "{field}"', reason)


def _inconsistent(key: str, reason: str) -> BadValue:
    return BadValue("SVCBInconsistentParams", f'Inconsistent SVC Params for SVCParam Key "{key}"', reason)


def read(text: str, *, is_alias: bool) -> bytes:
    """The wire form, keys in ascending order. Raises BadValue."""
    given: dict[str, str] = {}
    at, end = 0, len(text.rstrip(" \t"))
    while at < end:
        found = _PARAMETER.match(text, at)
        if found is None:
            raise invalid("SVC Params", f"SVC Params are not key=value pairs: {text[at:].strip()}")
        key, value = found[1], found[2]
        if key not in KEYS:
            raise invalid("SVC Params", f"SVCParam Key presentation name has invalid value: {key}")
        if key in given:
            # RFC 9460 §2.1: a key appears at most once
            raise invalid("SVC Params", f"SVCParam Key {key} is specified more than once")
        given[key] = value or ""
        at = found.end()
    if is_alias and given:
        # RFC 9460 §2.4.2: an alias has no parameters
        raise invalid("SVC Params", "SVC Params are not allowed with SVC Priority 0")
    if "no-default-alpn" in given and "alpn" not in given:
        reason = "When no-default-alpn is specified in an RR, alpn must also be specified"
        raise _inconsistent("no-default-alpn", reason)
    wire = b""
    for key in sorted(given, key=KEYS.__getitem__):
        octets = _value(key, given[key], given)
        wire += KEYS[key].to_bytes(2, "big") + len(octets).to_bytes(2, "big") + octets
    return wire


def _value(key: str, typed: str, given: dict[str, str]) -> bytes:
    if key in _WITHOUT_VALUE:
        if typed:
            raise invalid("SVC Params", f"SVCParam Key {key} must have empty value: {typed}")
        return b""
    octets = unescape(typed[1:-1] if typed.startswith('"') else typed)
    if not octets:
        raise invalid("SVC Params", f"SVCParam Key {key} must have non-empty value: ")
    try:
        if key == "mandatory":
            return _mandatory(octets, given)
        return _READERS[key](octets)
    except ValueError:
        raise invalid("SVC Params", f"SVCParam Key {key} has invalid value: {typed}") from None


def _mandatory(octets: bytes, given: dict[str, str]) -> bytes:
    # RFC 9460 §8: the keys that are listed are there, each once, and none of them is this one
    keys = octets.decode("ascii").split(",")
    numbers = [KEYS[key] for key in keys if key in KEYS and key != "mandatory"]
    if len(set(numbers)) != len(keys):
        raise ValueError
    for key in keys:
        if key not in given:
            raise _inconsistent("mandatory", f"When mandatory names {key}, {key} must also be specified")
    return b"".join(number.to_bytes(2, "big") for number in sorted(numbers))


def _alpn(octets: bytes) -> bytes:
    wire = b""
    for item in _items(octets):
        # RFC 9460 §7.1: alpn-ids of 1 to 255 octets
        if not 0 < len(item) <= 255:
            raise ValueError
        wire += bytes([len(item)]) + item
    return wire


def _items(octets: bytes) -> list[bytes]:
    """RFC 9460 §A: a list with commas; a backslash takes the next octet's meaning away."""
    found: list[bytes] = []
    at = 0
    while True:
        item = _ITEM.match(octets, at)
        assert item is not None
        found.append(re.sub(rb"\\(.)", rb"\1", item[0], flags=re.DOTALL))
        at = item.end()
        if at == len(octets):
            return found
        if octets[at : at + 1] != b",":
            raise ValueError
        at += 1


def _port(octets: bytes) -> bytes:
    if not re.fullmatch(rb"[0-9]{1,5}", octets) or int(octets) > 65_535:
        raise ValueError
    return int(octets).to_bytes(2, "big")


def _ipv4(octets: bytes) -> bytes:
    return b"".join(IPv4Address(item).packed for item in octets.decode("ascii").split(","))


def _ipv6(octets: bytes) -> bytes:
    if b"%" in octets:
        raise ValueError
    return b"".join(IPv6Address(item).packed for item in octets.decode("ascii").split(","))


def _ech(octets: bytes) -> bytes:
    try:
        found = base64.b64decode(octets, validate=True)
    except binascii.Error:
        raise ValueError from None
    # An ECHConfigList begins with its length, and has a configuration of four octets or more.
    if len(found) < 6 or int.from_bytes(found[:2], "big") != len(found) - 2:
        raise ValueError
    return found


_READERS: dict[str, Callable[[bytes], bytes]] = {
    "alpn": _alpn,
    "port": _port,
    "ipv4hint": _ipv4,
    "ech": _ech,
    "ipv6hint": _ipv6,
    "dohpath": bytes,
}


def show(wire: bytes) -> str:
    """The parameters as text; `read` reads it back."""
    shown: list[str] = []
    at = 0
    while at < len(wire):
        number, length = (
            int.from_bytes(wire[at : at + 2], "big"),
            int.from_bytes(wire[at + 2 : at + 4], "big"),
        )
        key, value = _BY_NUMBER[number], wire[at + 4 : at + 4 + length]
        shown.append(f"{key}={_SHOWERS[key](value)}" if value else key)
        at += 4 + length
    return " ".join(shown)


def _show_mandatory(value: bytes) -> str:
    return ",".join(_BY_NUMBER[int.from_bytes(value[n : n + 2], "big")] for n in range(0, len(value), 2))


def _show_alpn(value: bytes) -> str:
    items: list[bytes] = []
    at = 0
    while at < len(value):
        items.append(re.sub(rb"([,\\])", rb"\\\1", value[at + 1 : at + 1 + value[at]]))
        at += 1 + value[at]
    return quote(b",".join(items))


_SHOWERS: dict[str, Callable[[bytes], str]] = {
    "mandatory": _show_mandatory,
    "alpn": _show_alpn,
    "port": lambda value: str(int.from_bytes(value, "big")),
    "ipv4hint": lambda value: ",".join(str(IPv4Address(value[n : n + 4])) for n in range(0, len(value), 4)),
    "ech": lambda value: quote(base64.b64encode(value)),
    "ipv6hint": lambda value: ",".join(str(IPv6Address(value[n : n + 16])) for n in range(0, len(value), 16)),
    "dohpath": quote,
}
