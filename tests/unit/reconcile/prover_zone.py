"""A tiny signed zone whose signer is `cryptography` through dnspython, and which can be told to misbehave."""

from collections.abc import Callable, Iterable

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from seal53.core import Name, RecordSet

NOW = 1_790_000_000
APEX = dns.name.from_text("companya.com.")
RRs = list[dns.rrset.RRset]
Bend = Callable[[dns.message.Message], None]


def rrset(owner: str, ttl: int, rtype: str, *values: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, ttl, "IN", rtype, *values)


def record_set(found: dns.rrset.RRset) -> RecordSet:
    """The same contents as the control plane has them."""
    return RecordSet(
        Name.parse(found.name.to_text()),
        int(found.rdtype),
        ttl=found.ttl,
        rdatas=[rdata.to_wire() for rdata in found],
    )


class Zone:
    """Answers like a name server with compact denial (RFC 9824); `bend` changes a reply before it leaves."""

    def __init__(self, contents: Iterable[dns.rrset.RRset], *, signed: bool = True) -> None:
        self.contents = list(contents)
        self.soa = rrset("companya.com.", 900, "SOA", "ns. host. 1 7200 900 1209600 86400")
        self.signed = signed
        self.bend: Bend = lambda reply: None
        self.expired = False
        self.keys = {flags: ec.generate_private_key(ec.SECP256R1()) for flags in (256, 257)}
        self.dnskeys = {
            flags: dns.dnssec.make_dnskey(key.public_key(), 13, flags) for flags, key in self.keys.items()
        }

    @property
    def dnskey_rdatas(self) -> list[bytes]:
        return [key.to_wire() for key in self.dnskeys.values()] if self.signed else []

    def sign(self, found: dns.rrset.RRset, flags: int = 256) -> RRs:
        """The RRset with its RRSIG."""
        if not self.signed:
            return [found]
        key: DNSKEY = self.dnskeys[flags]
        until = NOW - 10 if self.expired else NOW + 3600
        signature = dns.dnssec.sign(
            found, self.keys[flags], APEX, key, inception=NOW - 3600, expiration=until, lifetime=None
        )
        return [found, dns.rrset.from_rdata(found.name, found.ttl, signature)]

    def denial(self, name: dns.name.Name) -> RRs:
        types = {s.rdtype for s in self.contents if s.name == name}
        if name == APEX:
            types |= {dns.rdatatype.SOA, dns.rdatatype.DNSKEY}
        # RFC 9824 §3.1: NXNAME stands alone beside RRSIG and NSEC
        shown = [dns.rdatatype.to_text(t) for t in sorted(types)] or ["TYPE128"]
        text = f"\\000.{name} {' '.join(shown)} RRSIG NSEC"
        return self.sign(rrset(name.to_text(), 900, "NSEC", text))

    def answer(self, packet: bytes, now: int) -> bytes | None:
        query = dns.message.from_wire(packet)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        name, rtype = query.question[0].name, query.question[0].rdtype
        cut = next(
            (
                s
                for s in self.contents
                if s.rdtype == dns.rdatatype.NS and s.name != APEX and name.is_subdomain(s.name)
            ),
            None,
        )
        found = next((s for s in [self.soa, *self.contents] if s.name == name and s.rdtype == rtype), None)
        if cut is not None and rtype != dns.rdatatype.DS:
            reply.flags &= ~dns.flags.AA
            ds = next((s for s in self.contents if s.name == cut.name and s.rdtype == dns.rdatatype.DS), None)
            proof = self.sign(ds) if ds else self.denial(cut.name)
            reply.authority = [cut, *(proof if self.signed else [])]
        elif rtype == dns.rdatatype.DNSKEY and name == APEX and self.signed:
            keys = dns.rrset.from_rdata_list(APEX, 3600, list(self.dnskeys.values()))
            reply.answer = self.sign(keys, 257)
        elif found is not None:
            reply.answer = self.sign(found)
        else:
            exists = any(s.name == name for s in self.contents) or name == APEX
            reply.authority = self.sign(self.soa) + (self.denial(name) if self.signed else [])
            if not exists and not self.signed:
                reply.set_rcode(dns.rcode.NXDOMAIN)
        self.bend(reply)
        return reply.to_wire()
