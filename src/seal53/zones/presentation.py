"""RDATA as text, in Route 53's syntax: what stands in a Value for it.

Not for: reading values (`rdata`). Only types of the API, and RDATA that is well formed.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from seal53.core import Name
from seal53.zones import names, svcb
from seal53.zones.values import quote


def show(rtype: str, wire: bytes) -> str:
    """The value that stands for this RDATA; `rdata.parse` reads it back."""
    parts: list[str] = []
    at = 0
    for kind in _LAYOUTS[rtype]:
        text, at = _SHOWERS[kind](wire, at)
        parts.append(text)
    return " ".join(part for part in parts if part)


def _show_number(octets: int) -> Callable[[bytes, int], tuple[str, int]]:
    return lambda wire, at: (str(int.from_bytes(wire[at : at + octets], "big")), at + octets)


def _show_name(wire: bytes, at: int) -> tuple[str, int]:
    end = at
    while wire[end]:
        end += 1 + wire[end]
    return names.write(Name.from_wire(wire[at : end + 1])), end + 1


def _show_string(wire: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + wire[at]
    return quote(wire[at + 1 : end]), end


def _show_strings(wire: bytes, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(wire):
        text, at = _show_string(wire, at)
        parts.append(text)
    return " ".join(parts), at


def _show_tagged(wire: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + wire[at]
    return f"{wire[at + 1 : end].decode('ascii')} {quote(wire[end:])}", len(wire)


_SHOWERS: dict[str, Callable[[bytes, int], tuple[str, int]]] = {
    "1": _show_number(1),
    "2": _show_number(2),
    "4": _show_number(4),
    "name": _show_name,
    "string": _show_string,
    "strings": _show_strings,
    "tagged": _show_tagged,
    "hex": lambda wire, at: (wire[at:].hex(), len(wire)),
    "ipv4": lambda wire, at: (str(IPv4Address(wire[at:])), len(wire)),
    "ipv6": lambda wire, at: (str(IPv6Address(wire[at:])), len(wire)),
    "parameters": lambda wire, at: (svcb.show(wire[at:]), len(wire)),
}
_LAYOUTS: dict[str, tuple[str, ...]] = {
    "A": ("ipv4",),
    "AAAA": ("ipv6",),
    **dict.fromkeys(("NS", "CNAME", "PTR"), ("name",)),
    **dict.fromkeys(("TXT", "SPF"), ("strings",)),
    "MX": ("2", "name"),
    "SRV": ("2", "2", "2", "name"),
    "SOA": ("name", "name", "4", "4", "4", "4", "4"),
    "NAPTR": ("2", "2", "string", "string", "string", "name"),
    "CAA": ("1", "tagged"),
    "DS": ("2", "1", "1", "hex"),
    "TLSA": ("1", "1", "1", "hex"),
    "SSHFP": ("1", "1", "hex"),
    **dict.fromkeys(("SVCB", "HTTPS"), ("2", "name", "parameters")),
}
