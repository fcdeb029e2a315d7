"""Reads the RDATA of the types that the resolver acts on, from uncompressed wire octets.

Every reader is total: malformed octets raise `RdataFault`, which the caller takes for a broken reply. Not
for: text, or building.
"""

import ipaddress
from dataclasses import dataclass

from seal53.base.errors import Fault
from seal53.core import Name, NameFault, RrType, key_tag


class RdataFault(Fault):
    """RDATA that does not have the form of its type."""


@dataclass(frozen=True, slots=True)
class Rrsig:
    """RFC 4034 §3.1. Times are the 32-bit numbers of the wire, to be compared with serial arithmetic."""

    covered: int
    algorithm: int
    labels: int
    original_ttl: int
    expiration: int
    inception: int
    tag: int
    signer: Name

    @staticmethod
    def read(octets: bytes) -> "Rrsig":
        if len(octets) < 20:
            raise RdataFault("an RRSIG is shorter than its fixed part")
        signer, end = read_name(octets, 18)
        if end >= len(octets):
            raise RdataFault("an RRSIG has no signature")
        return Rrsig(
            covered=int.from_bytes(octets[0:2]),
            algorithm=octets[2],
            labels=octets[3],
            original_ttl=int.from_bytes(octets[4:8]),
            expiration=int.from_bytes(octets[8:12]),
            inception=int.from_bytes(octets[12:16]),
            tag=int.from_bytes(octets[16:18]),
            signer=signer,
        )


@dataclass(frozen=True, slots=True)
class Dnskey:
    """RFC 4034 §2.1; `rdata` is the whole, `tag` its key tag (appendix B)."""

    flags: int
    protocol: int
    algorithm: int
    tag: int
    rdata: bytes

    @staticmethod
    def read(octets: bytes) -> "Dnskey":
        if len(octets) < 5:
            raise RdataFault("a DNSKEY is too short")
        return Dnskey(int.from_bytes(octets[0:2]), octets[2], octets[3], key_tag(octets), octets)

    @property
    def may_sign(self) -> bool:
        """Zone key (RFC 4034 §2.1.1), protocol 3 (§2.1.2), not revoked (RFC 5011 §2.1)."""
        return self.flags & 0x0100 != 0 and self.protocol == 3 and self.flags & 0x0080 == 0


@dataclass(frozen=True, slots=True)
class Ds:
    """RFC 4034 §5.1."""

    tag: int
    algorithm: int
    digest_type: int
    rdata: bytes

    @staticmethod
    def read(octets: bytes) -> "Ds":
        if len(octets) < 5:
            raise RdataFault("a DS is too short")
        return Ds(int.from_bytes(octets[0:2]), octets[2], octets[3], octets)


def read_name(octets: bytes, at: int) -> tuple[Name, int]:
    """An uncompressed name that starts at `at`, and where it ends."""
    end = at
    while end < len(octets):
        length = octets[end]
        if length > 63:
            raise RdataFault("a name in RDATA is compressed or malformed")
        end += 1 + length
        if length == 0:
            try:
                return Name.from_wire(octets[at:end]), end
            except NameFault as e:
                raise RdataFault(f"a name in RDATA is malformed: {e}") from None
    raise RdataFault("a name in RDATA does not end")


def target(octets: bytes) -> Name:
    """The one name of an NS, CNAME or DNAME."""
    name, end = read_name(octets, 0)
    if end != len(octets):
        raise RdataFault("octets follow the name")
    return name


def soa_minimum(octets: bytes) -> int:
    """The MINIMUM field of an SOA, seconds: the negative TTL (RFC 2308 §4)."""
    _, at = read_name(octets, 0)
    _, at = read_name(octets, at)
    if len(octets) != at + 20:
        raise RdataFault("an SOA has the wrong length")
    return int.from_bytes(octets[at + 16 : at + 20])


def address(rtype: int, octets: bytes) -> str:
    """An A's or AAAA's address as text."""
    if rtype == RrType.A and len(octets) == 4:
        return str(ipaddress.IPv4Address(octets))
    if rtype == RrType.AAAA and len(octets) == 16:
        return str(ipaddress.IPv6Address(octets))
    raise RdataFault("an address has the wrong length")
