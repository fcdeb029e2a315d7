"""The judge: dnspython verifies a sample of the answers that were measured.

Each answer must be complete, hold the address that follows from the asked name or a denial of the asked name,
and carry a valid RRSIG over every RRset by the zone's keys. For the subject the keys must match the DS that
its API gives. Not for: the strict reading of every RFC; the project's tests do that.
"""

import base64
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rdtypes.ANY.NSEC3
import dns.rrset

from bench import zone
from bench.load import Target
from bench.processes import BenchFault

NXNAME = 128  # RFC 9824 §7.1
_WOULD_ANSWER = {dns.rdatatype.A, dns.rdatatype.CNAME}
_APEX = dns.name.from_text(zone.ORIGIN)
_WILDCARD = dns.name.from_text(f"*.{zone.ORIGIN}")
_SHOWN = 3
_BASE32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


class Wrong(Exception):
    """An answer that should not have been given; one line says why."""


@dataclass(slots=True)
class Verdict:
    """How many answers were checked and what was wrong, in the order of the sample."""

    checked: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        self.checked += other.checked
        self.wrong += other.wrong

    def __str__(self) -> str:
        if not self.wrong:
            return f"{self.checked} answers checked"
        return f"{len(self.wrong)} of {self.checked} answers wrong: {'; '.join(self.wrong[:_SHOWN])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """`compact`: a denial must be RFC 9824's, with NXNAME at the asked name; else any proof will do."""

    keys: dns.rrset.RRset
    compact: bool

    def check_sample(self, path: Path, numbers: range) -> Verdict:
        """Every answer in a file of the load generator; `numbers` are those of the random names it asked."""
        verdict, seen = Verdict(), set[int]()
        for wire in sampled(path):
            verdict.checked += 1
            try:
                number = self.check(wire)
                if number is not None:
                    if number not in numbers or number in seen:
                        raise Wrong(f"the random name number {number} was not asked now, or twice")
                    seen.add(number)
            except (Wrong, dns.exception.DNSException, IndexError, ValueError) as e:
                verdict.wrong.append(str(e) or type(e).__name__)
        return verdict

    def check(self, wire: bytes) -> int | None:
        """One answer; gives the sequence number of a random name. Raises Wrong or a dnspython exception."""
        reply = dns.message.from_wire(wire)
        qname = reply.question[0].name
        label = qname.labels[0].decode()
        if qname.parent() != _APEX or reply.question[0].rdtype != dns.rdatatype.A:
            raise Wrong(f"{qname} was not asked")
        if not reply.flags & dns.flags.AA or reply.flags & dns.flags.TC:
            raise Wrong(f"{qname}: not authoritative, or truncated")
        self._check_signatures(reply)
        if label.startswith("h"):
            expected = dns.rrset.from_text(qname, zone.TTL, "IN", "A", zone.address_of(int(label[1:])))
            answers = [rrset for rrset in reply.answer if rrset.rdtype != dns.rdatatype.RRSIG]
            if reply.rcode() != dns.rcode.NOERROR or answers != [expected]:
                raise Wrong(f"{qname}: {dns.rcode.to_text(reply.rcode())}, {answers}, not {expected}")
            return None
        if reply.answer or not denies(reply, qname, compact=self.compact):
            raise Wrong(f"{qname}: its absence is not proven")
        return zone.fresh_number(label)

    def _check_signatures(self, reply: dns.message.Message) -> None:
        now = time.time()
        for section in (reply.answer, reply.authority):
            signatures = {(r.name, r.covers): r for r in section if r.rdtype == dns.rdatatype.RRSIG}
            for rrset in section:
                if rrset.rdtype == dns.rdatatype.RRSIG:
                    continue
                rrsigs = signatures.get((rrset.name, rrset.rdtype))
                if rrsigs is None:
                    raise Wrong(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}: no RRSIG")
                dns.dnssec.validate(rrset, rrsigs, {_APEX: self.keys}, now=now)


def sampled(path: Path) -> Iterator[bytes]:
    """The messages in a file of the load generator: two octets of length, the message."""
    octets = path.read_bytes()
    at = 0
    while at < len(octets):
        (length,) = struct.unpack_from("!H", octets, at)
        yield octets[at + 2 : at + 2 + length]
        at += 2 + length


def denies(reply: dns.message.Message, qname: dns.name.Name, *, compact: bool) -> bool:
    """Whether the authority section proves that the name, or anything at it, does not exist."""
    nsecs = [(r.name, r[0]) for r in reply.authority if r.rdtype == dns.rdatatype.NSEC]
    at_qname = next((types_of(rdata) for owner, rdata in nsecs if owner == qname), None)
    if compact:
        return at_qname is not None and NXNAME in at_qname
    if at_qname is not None:
        return not at_qname & _WOULD_ANSWER  # Knot claims a name without the asked type
    if reply.rcode() != dns.rcode.NXDOMAIN:
        return False
    nsec3s = [(r.name, r[0]) for r in reply.authority if r.rdtype == dns.rdatatype.NSEC3]

    def is_covered(name: dns.name.Name) -> bool:
        return any(_nsec_covers(owner, rdata, name) for owner, rdata in nsecs) or any(
            _nsec3_covers(owner, rdata, name) for owner, rdata in nsec3s
        )

    # RFC 4035 §3.1.3.2, RFC 5155 §7.2.2: the name and the wildcard that might have matched it
    return is_covered(qname) and is_covered(_WILDCARD)


def types_of(rdata: dns.rdtypes.ANY.NSEC.NSEC) -> set[int]:
    """The type bitmap."""
    return {
        window * 256 + octet * 8 + bit
        for window, bitmap in rdata.windows
        for octet, bits in enumerate(bitmap)
        for bit in range(8)
        if bits & 0x80 >> bit
    }


def _nsec_covers(owner: dns.name.Name, rdata: dns.rdtypes.ANY.NSEC.NSEC, name: dns.name.Name) -> bool:
    return bool(owner < name and (name < rdata.next or rdata.next == _APEX))


def _nsec3_covers(owner: dns.name.Name, rdata: dns.rdtypes.ANY.NSEC3.NSEC3, name: dns.name.Name) -> bool:
    first = owner.labels[0].decode().upper()
    last = base64.b32encode(rdata.next).translate(_BASE32HEX).decode()
    hashed = dns.dnssec.nsec3_hash(name, rdata.salt.hex(), rdata.iterations, rdata.algorithm)
    return first < hashed < last or (last <= first and (first < hashed or hashed < last))


def ask_keys(target: Target, *, ds: str | None = None) -> dns.rrset.RRset:
    """The zone's DNSKEY RRset, asked over TCP, self-signed, and matching a DS where one is given.

    `ds` is the text of a DS RDATA with a SHA-256 digest. Raises BenchFault.
    """
    query = dns.message.make_query(_APEX, "DNSKEY", want_dnssec=True)
    try:
        reply = dns.query.tcp(query, target.host, port=target.port, timeout=5)
        keys = reply.get_rrset(reply.answer, _APEX, dns.rdataclass.IN, dns.rdatatype.DNSKEY)
        covers = dns.rdatatype.DNSKEY
        rrsigs = reply.get_rrset(reply.answer, _APEX, dns.rdataclass.IN, dns.rdatatype.RRSIG, covers)
        if keys is None or rrsigs is None:
            raise BenchFault(f"{target.name} serves no signed DNSKEY RRset")
        trusted = keys
        if ds is not None:
            entry = [key for key in keys if dns.dnssec.make_ds(_APEX, key, "SHA256").to_text() == ds.lower()]
            if not entry:
                raise BenchFault(f"{target.name}: no DNSKEY matches the DS {ds}")
            trusted = dns.rrset.from_rdata_list(_APEX, keys.ttl, entry)
        dns.dnssec.validate(keys, rrsigs, {_APEX: trusted})
    except (dns.exception.DNSException, OSError) as e:
        raise BenchFault(f"{target.name}: the DNSKEY RRset could not be verified: {e}") from None
    return keys
