"""Trust anchors and root hints, as text: DS and DNSKEY lines, and the NS, A and AAAA lines of a hints file.

Limits: one record a line, parentheses only within a line, class IN, comments after ";". Digests and key
tags are checked by use, not here. Not for: RFC 5011 (anchors that change by themselves).
"""

import base64
import binascii
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from seal53.base.errors import StartFault
from seal53.core import Name, NameFault
from seal53.resolver.rdata import Dnskey, Ds

_ALGORITHMS = {
    "RSASHA1": 5, "DSA": 3, "RSASHA1-NSEC3-SHA1": 7, "RSASHA256": 8, "RSASHA512": 10, "ECDSAP256SHA256": 13,
    "ECDSAP384SHA384": 14, "ED25519": 15, "ED448": 16,
}  # fmt: skip


class AnchorFault(StartFault):
    """A line that is no trust anchor, or no hint."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where trust begins: a zone, and the DS or DNSKEY records that its keys must match."""

    name: Name
    ds: tuple[Ds, ...]
    keys: tuple[Dnskey, ...]


@dataclass(frozen=True, slots=True)
class Anchors:
    """All anchors; the one that is closest to a name rules it."""

    by_name: dict[Name, Anchor]

    @staticmethod
    def parse(lines: Iterable[str]) -> "Anchors":
        """Raises AnchorFault with the line in question."""
        ds: dict[Name, list[Ds]] = {}
        keys: dict[Name, list[Dnskey]] = {}
        for line in lines:
            fields = _fields(line)
            if not fields:
                continue
            owner, kind, rest = _record(fields, line)
            try:
                if kind == "DS" and len(rest) >= 4:
                    ds.setdefault(owner, []).append(
                        Ds.read(_numbers(rest[:3]) + bytes.fromhex("".join(rest[3:])))
                    )
                elif kind == "DNSKEY" and len(rest) >= 4:
                    key = _numbers(rest[:3]) + base64.b64decode("".join(rest[3:]), validate=True)
                    keys.setdefault(owner, []).append(Dnskey.read(key))
                else:
                    raise AnchorFault(f"not a DS or DNSKEY record: {line.strip()!r}")
            except (ValueError, OverflowError, binascii.Error):
                raise AnchorFault(f"not a DS or DNSKEY record: {line.strip()!r}") from None
        names = [*ds, *(n for n in keys if n not in ds)]
        return Anchors({n: Anchor(n, tuple(ds.get(n, ())), tuple(keys.get(n, ()))) for n in names})

    def closest(self, name: Name) -> Anchor | None:
        """The deepest anchor at or above `name`."""
        at: Name | None = name
        while at is not None:
            if at in self.by_name:
                return self.by_name[at]
            at = at.parent()
        return None


def parse_hints(text: str) -> list[tuple[str, str]]:
    """(host, address) of each A and AAAA line; NS lines are read past.

    Errors: AnchorFault, also when there is no address at all.
    """
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        fields = _fields(line)
        if not fields:
            continue
        owner, kind, rest = _record(fields, line)
        if kind not in ("A", "AAAA", "NS") or len(rest) != 1:
            raise AnchorFault(f"not an NS, A or AAAA record: {line.strip()!r}")
        if kind != "NS":
            try:
                found.append((fields[0], str(ipaddress.ip_address(rest[0]))))
            except ValueError:
                raise AnchorFault(f"not an address, of {owner!r}: {rest[0]!r}") from None
    if not found:
        raise AnchorFault(
            "the root hints hold no address", hint="give NS records of the root with A or AAAA records"
        )
    return found


def _fields(line: str) -> list[str]:
    return line.split(";", 1)[0].replace("(", " ").replace(")", " ").split()


def _record(fields: list[str], line: str) -> tuple[Name, str, list[str]]:
    """Owner, type and RDATA fields; TTL and class may be there in either order."""
    try:
        owner = Name.parse(fields[0])
    except NameFault as e:
        raise AnchorFault(f"not a name: {fields[0]!r} ({e})") from None
    rest = fields[1:]
    while rest and (rest[0].isdigit() or rest[0].upper() == "IN"):
        rest = rest[1:]
    if not rest:
        raise AnchorFault(f"not a record: {line.strip()!r}")
    return owner, rest[0].upper(), rest[1:]


def _numbers(fields: list[str]) -> bytes:
    """The 16-bit and two 8-bit numbers that open both a DS and a DNSKEY."""
    first, second, third = (_ALGORITHMS.get(f.upper(), -1) if not f.isdigit() else int(f) for f in fields)
    return first.to_bytes(2) + second.to_bytes(1) + third.to_bytes(1)
