"""DNSKEY signatures, judged by dnspython (RFC 4034, RFC 6605); what signs wrongly is refused."""

from dataclasses import dataclass

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from seal53 import keys
from seal53.core import Name, ds_rdata, generate_zsk, key_tag
from seal53.keystore import SigningKey

NOW = 1_790_000_123
KEK = bytes(32)


@dataclass(frozen=True)
class Signer:
    dnskey: bytes
    key: SigningKey

    def sign_digest(self, digest: bytes) -> bytes:
        return self.key.sign_digest(digest)


def make_signer() -> Signer:
    key = SigningKey.generate()
    return Signer(keys.ksk_dnskey(key.public_point), key)


def rrset(owner: str, rtype: int, rdatas) -> dns.rrset.RRset:
    return dns.rrset.from_rdata(owner, 3600, *(dns.rdata.from_wire(1, rtype, r, 0, len(r)) for r in rdatas))


def validate(owner: str, dnskeys, rrsigs, now: int, trusted=None) -> None:
    """Raises dns.dnssec.ValidationFailure."""
    dnskey = rrset(owner, dns.rdatatype.DNSKEY, dnskeys)
    trust = rrset(owner, dns.rdatatype.DNSKEY, trusted or dnskeys)
    dns.dnssec.validate(
        dnskey, rrset(owner, dns.rdatatype.RRSIG, rrsigs), {dns.name.from_text(owner): trust}, now=now
    )


@pytest.mark.parametrize("apex", [".", "com.", "Company-A.COM.", "a.b.c.example.org."])
@pytest.mark.parametrize("count", [1, 2])
def test_dnspython_accepts_each_window_of_each_ksk(apex, count):
    signers = [make_signer() for _ in range(count)]
    dnskeys = [s.dnskey for s in signers] + [generate_zsk(KEK, b"z")[1]]
    made = keys.sign_windows(Name.parse(apex), dnskeys, signers, NOW)
    assert [(w.since, w.inception, w.expiration) for w in made] == [
        (w.since, w.inception, w.expiration) for w in keys.windows(NOW)
    ]
    for window in made:
        assert len(window.rrsigs) == count
        for signer, rrsig in zip(signers, window.rrsigs, strict=True):
            for now in (window.since, window.expiration - 3601):
                validate(apex, dnskeys, [rrsig], now, trusted=[signer.dnskey])
            with pytest.raises(dns.exception.DNSException):
                validate(apex, dnskeys, [rrsig], window.expiration + 1)
            with pytest.raises(dns.exception.DNSException):
                validate(apex, dnskeys, [rrsig], window.inception - 1)


def test_the_rrsig_says_what_it_covers():
    signer = make_signer()
    made = keys.sign_windows(Name.parse("A.Example.ORG."), [signer.dnskey], [signer], NOW)
    rrsig = dns.rdata.from_wire(1, dns.rdatatype.RRSIG, made[3].rrsigs[0], 0, len(made[3].rrsigs[0]))
    assert (rrsig.type_covered, rrsig.algorithm, rrsig.labels, rrsig.original_ttl) == (48, 13, 3, 3600)
    assert (rrsig.inception, rrsig.expiration) == (made[3].inception, made[3].expiration)
    assert rrsig.key_tag == key_tag(signer.dnskey)
    assert rrsig.signer.to_text() == "a.example.org."
    assert len(rrsig.signature) == 64


def test_any_change_of_keys_or_signature_is_noticed():
    signer, other = make_signer(), make_signer()
    dnskeys = [signer.dnskey, generate_zsk(KEK, b"z")[1]]
    window = keys.sign_windows(Name.parse("example.org."), dnskeys, [signer], NOW)[0]
    rrsig = window.rrsigs[0]
    validate("example.org.", dnskeys, [rrsig], NOW)
    for changed in ([*dnskeys, other.dnskey], dnskeys[:1]):
        with pytest.raises(dns.dnssec.ValidationFailure):
            validate("example.org.", changed, [rrsig], NOW)
    with pytest.raises(dns.dnssec.ValidationFailure):
        validate("example.com.", dnskeys, [rrsig], NOW)
    for at in (5, 8, 12, len(rrsig) - 1):  # TTL, expiration, inception, signature
        broken = rrsig[:at] + bytes([rrsig[at] ^ 1]) + rrsig[at + 1 :]
        with pytest.raises(dns.exception.DNSException):
            validate("example.org.", dnskeys, [broken], NOW)


def test_a_key_that_signs_with_another_is_refused():
    signer = make_signer()
    liar = Signer(signer.dnskey, SigningKey.generate())
    with pytest.raises(keys.SignerFault, match="does not verify"):
        keys.sign_windows(Name.parse("example.org."), [signer.dnskey], [liar], NOW)


@dataclass(frozen=True)
class Mute:
    dnskey: bytes

    def sign_digest(self, digest: bytes) -> bytes:
        return b""


def test_a_signature_of_no_length_is_refused():
    signer = make_signer()
    with pytest.raises(keys.SignerFault, match="does not verify"):
        keys.sign_windows(Name.parse("example.org."), [signer.dnskey], [Mute(signer.dnskey)], NOW)


def test_the_rrset_is_signed_by_its_own_keys():
    signer, other = make_signer(), make_signer()
    for signers in ([], [other]):
        with pytest.raises(ValueError, match="by its own keys"):
            keys.sign_windows(Name.parse("example.org."), [signer.dnskey], signers, NOW)


def test_windows_of_several_signers_join():
    a, b = make_signer(), make_signer()
    apex, dnskeys = Name.parse("example.org."), [a.dnskey, b.dnskey]
    joined = keys.join_windows([keys.sign_windows(apex, dnskeys, [s], NOW) for s in (a, b)])
    for window in joined:
        for signer, rrsig in zip((a, b), window.rrsigs, strict=True):
            validate("example.org.", dnskeys, [rrsig], window.since, trusted=[signer.dnskey])


def test_dnspython_makes_the_same_ds():
    signer = make_signer()
    dnskey = dns.rdata.from_wire(1, dns.rdatatype.DNSKEY, signer.dnskey, 0, len(signer.dnskey))
    ds = ds_rdata(Name.parse("Example.ORG."), signer.dnskey, 2)
    assert ds == dns.dnssec.make_ds("example.org.", dnskey, "SHA256").to_wire()
    assert dns.dnssec.key_id(dnskey) == key_tag(signer.dnskey)
    assert dnskey.to_text().startswith("257 3 13 ")
