"""DNSSEC primitives against dnspython and cryptography."""

import struct

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from dns.dnssectypes import Algorithm, DSDigest

from seal53.core import (
    DNSSEC_CODES,
    DnssecFault,
    Name,
    RRset,
    RrType,
    ds_rdata,
    generate_zsk,
    key_tag,
    nsec_types,
    signed_data,
    verify_rrset,
)

ZONE = dns.name.from_text("Example.com")
KEK = bytes(range(32))
INCEPTION, EXPIRATION = 1_700_000_000, 1_701_000_000

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def keys() -> list[tuple[Algorithm, Private]]:
    rsa_key = rsa.generate_private_key(65537, 2048)
    return [
        (Algorithm.RSASHA1, rsa_key),
        (Algorithm.RSASHA1NSEC3SHA1, rsa_key),
        (Algorithm.RSASHA256, rsa_key),
        (Algorithm.RSASHA512, rsa_key),
        (Algorithm.ECDSAP256SHA256, ec.generate_private_key(ec.SECP256R1())),
        (Algorithm.ECDSAP384SHA384, ec.generate_private_key(ec.SECP384R1())),
        (Algorithm.ED25519, ed25519.Ed25519PrivateKey.generate()),
    ]


KEYS = keys()

RRSETS = [
    dns.rrset.from_text(*text)
    for text in (
        ("www.example.com.", 300, "IN", "A", "192.0.2.2", "192.0.2.1", "10.0.0.1"),
        ("Example.COM.", 3600, "IN", "MX", "10 Mail.Example.com.", "5 b.example.com."),
        ("example.com.", 900, "IN", "SOA", "Ns.Example.com. Host.example.com. 1 7200 900 1209600 86400"),
        ("*.w.example.com.", 60, "IN", "TXT", '"Upper case stays"', '""'),
        ("srv.example.com.", 60, "IN", "SRV", "1 2 3 Target.Example.com."),
        ("x.example.com.", 60, "IN", "HTTPS", "1 Svc.Example.com. alpn=h2"),
    )
]


def ours(rrset: dns.rrset.RRset) -> RRset:
    owner = Name.from_wire(rrset.name.to_wire() or b"")
    return RRset(owner, rrset.rdtype, rrset.ttl, [rdata.to_wire() or b"" for rdata in rrset])


def wire(rdata: dns.rdata.Rdata) -> bytes:
    return rdata.to_wire() or b""


def sign(
    rrset: dns.rrset.RRset, algorithm: Algorithm, private: Private, flags: int = 256
) -> tuple[bytes, bytes]:
    dnskey = dns.dnssec.make_dnskey(private.public_key(), algorithm, flags)
    rrsig = dns.dnssec.sign(
        rrset,
        private,
        ZONE,
        dnskey,
        inception=INCEPTION,
        expiration=EXPIRATION,
        policy=dns.dnssec.allow_all_policy,
    )
    return wire(rrsig), wire(dnskey)


def code(caught: pytest.ExceptionInfo[DnssecFault]) -> str:
    found, text = caught.value.args
    assert text
    assert found in DNSSEC_CODES
    return str(found)


@pytest.mark.parametrize(("algorithm", "private"), KEYS, ids=[algorithm.name for algorithm, _ in KEYS])
def test_what_dnspython_signs_verifies(algorithm: Algorithm, private: Private) -> None:
    for rrset in RRSETS:
        rrsig, dnskey = sign(rrset, algorithm, private)
        verify_rrset(ours(rrset), rrsig, dnskey)
        spoiled = rrsig[:-1] + bytes([rrsig[-1] ^ 1])
        with pytest.raises(DnssecFault) as caught:
            verify_rrset(ours(rrset), spoiled, dnskey)
        assert code(caught) == "BadSignature"


def test_an_expanded_wildcard_verifies_under_the_name_that_was_asked() -> None:
    algorithm, private = KEYS[4]
    rrsig, dnskey = sign(
        dns.rrset.from_text("*.w.example.com.", 60, "IN", "A", "192.0.2.1"), algorithm, private
    )
    expanded = RRset(Name.parse("a.b.w.example.com"), RrType.A, 60, [b"\xc0\x00\x02\x01"])
    verify_rrset(expanded, rrsig, dnskey)
    with pytest.raises(DnssecFault):
        verify_rrset(RRset(Name.parse("a.v.example.com"), RrType.A, 60, expanded.rdatas), rrsig, dnskey)


def test_what_does_not_belong_together_is_a_mismatch() -> None:
    algorithm, private = KEYS[4]
    rrset = dns.rrset.from_text("www.example.com.", 60, "IN", "A", "192.0.2.1")
    rrsig, dnskey = sign(rrset, algorithm, private)
    _, other = sign(rrset, *KEYS[6])
    one = ours(rrset)
    for subject, key in (
        (RRset(one.owner, RrType.AAAA, 60, [b"\x00" * 16]), dnskey),
        (RRset(one.owner, RrType.A, 60, []), dnskey),
        (RRset(Name.parse("www.example.net"), RrType.A, 60, one.rdatas), dnskey),
        (one, other),
    ):
        with pytest.raises(DnssecFault) as caught:
            verify_rrset(subject, rrsig, key)
        assert code(caught) == "Mismatch"


def test_an_unknown_algorithm_is_its_own_error() -> None:
    rrset = dns.rrset.from_text("www.example.com.", 60, "IN", "A", "192.0.2.1")
    rrsig, dnskey = sign(rrset, *KEYS[4])
    dnskey = dnskey[:3] + b"\xc8" + dnskey[4:]
    rrsig = rrsig[:2] + b"\xc8" + rrsig[3:16] + struct.pack("!H", key_tag(dnskey)) + rrsig[18:]
    with pytest.raises(DnssecFault) as caught:
        verify_rrset(ours(rrset), rrsig, dnskey)
    assert code(caught) == "UnsupportedAlgorithm"


def test_key_tags_and_digests_agree_with_dnspython() -> None:
    owner = Name.from_wire(ZONE.to_wire() or b"")
    for algorithm, private in KEYS:
        for flags in (256, 257, 385):
            dnskey = dns.dnssec.make_dnskey(private.public_key(), algorithm, flags)
            assert key_tag(wire(dnskey)) == dns.dnssec.key_id(dnskey)
            for digest_type in (DSDigest.SHA1, DSDigest.SHA256, DSDigest.SHA384):
                ds = dns.dnssec.make_ds(ZONE, dnskey, digest_type, policy=dns.dnssec.allow_all_policy)
                assert ds_rdata(owner, wire(dnskey), digest_type) == wire(ds)
    with pytest.raises(DnssecFault) as caught:
        ds_rdata(owner, wire(dnskey), 3)
    assert code(caught) == "UnsupportedDigest"


def test_the_signed_octets_are_what_another_signer_signs() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    for rrset in RRSETS:
        rrsig, _ = sign(rrset, Algorithm.ECDSAP256SHA256, private)
        data = signed_data(ours(rrset), rrsig[:-64])
        r, s = int.from_bytes(rrsig[-64:-32], "big"), int.from_bytes(rrsig[-32:], "big")
        private.public_key().verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    with pytest.raises(DnssecFault):
        signed_data(ours(rrset), rrsig)


def test_a_new_key_is_sealed_and_bound_to_its_zone() -> None:
    sealed, dnskey = generate_zsk(KEK, b"zone-1")
    assert dnskey[:4] == struct.pack("!HBB", 256, 3, 13)
    plain = AESGCM(KEK).decrypt(sealed[:12], sealed[12:], b"zone-1")
    private = load_der_private_key(plain, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    numbers = private.public_key().public_numbers()
    assert dnskey[4:] == numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    with pytest.raises(InvalidTag):
        AESGCM(KEK).decrypt(sealed[:12], sealed[12:], b"zone-2")
    assert generate_zsk(KEK, b"zone-1")[1] != dnskey
    with pytest.raises(ValueError, match="32"):
        generate_zsk(KEK[:16], b"zone-1")


def test_nsec_bitmaps_read_as_dnspython_reads_them() -> None:
    text = r"\000.a.example.com. A MX RRSIG NSEC TYPE1234 CAA"
    nsec = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.NSEC, text)
    next_name, types = nsec_types(wire(nsec))
    assert next_name == Name.from_labels([b"\0", b"a", b"example", b"com"])
    assert types == (1, 15, 46, 47, 257, 1234)
    for bad in (b"", wire(nsec)[:-1], b"\x00\x00\x00"):
        with pytest.raises(DnssecFault) as caught:
            nsec_types(bad)
        assert code(caught) == "BadNsec"
