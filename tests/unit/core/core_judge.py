"""Keys for a zone that Rust signs, and dnspython as the judge of what it signed."""

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

from seal53.core import Name, Signing, generate_zsk

NOW = 1_800_000_000
KEK = bytes(range(32))
AAD = b"zone-1"
APEX = Name.parse("example.com")
ORIGIN = dns.name.from_text("example.com")


def rdata(rtype: str, text: str) -> bytes:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rtype), text).to_wire() or b""


class Keys:
    """One KSK that dnspython signs with, one ZSK that only Rust can open."""

    def __init__(self) -> None:
        self.ksk = ec.generate_private_key(ec.SECP256R1())
        self.ksk_dnskey = dns.dnssec.make_dnskey(self.ksk.public_key(), Algorithm.ECDSAP256SHA256, 257)
        self.sealed, self.zsk = generate_zsk(KEK, AAD)
        zsk = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, self.zsk, 0, len(self.zsk))
        self.rrset = dns.rrset.from_rdata_list(ORIGIN, 3600, [self.ksk_dnskey, zsk])

    def signing(self, *, now: int = NOW, aad: bytes = AAD) -> Signing:
        times = now - 3600, now + 7 * 86400
        rrsig = dns.dnssec.sign(
            self.rrset, self.ksk, ORIGIN, self.ksk_dnskey, inception=times[0], expiration=times[1]
        )
        dnskeys = [key.to_wire() or b"" for key in self.rrset]
        windows = [(now - 3600, *times, [rrsig.to_wire() or b""])]
        return Signing(3600, dnskeys, windows, [(self.sealed, aad, self.zsk)])


KEYS = Keys()


def validate(message: dns.message.Message, now: int = NOW) -> None:
    """Every RRset of answer and authority has an RRSIG that dnspython accepts."""
    for section in (message.answer, message.authority):
        rrsigs = {(str(r.name).lower(), r.covers): r for r in section if r.rdtype == dns.rdatatype.RRSIG}
        rrsets = [r for r in section if r.rdtype != dns.rdatatype.RRSIG]
        for rrset in rrsets:
            rrsig = rrsigs[str(rrset.name).lower(), rrset.rdtype]
            dns.dnssec.validate(rrset, rrsig, {ORIGIN: KEYS.rrset}, now=now)
        assert len(rrsigs) == len(rrsets)
