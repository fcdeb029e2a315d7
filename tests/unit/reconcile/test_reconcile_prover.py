"""I10: what the prover lets pass and what it refuses, over zones that our signer has not touched."""

from collections.abc import Callable, Sequence

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from prover_zone import NOW, Zone, record_set, rrset

from seal53.core import Name, RecordSet
from seal53.reconcile.prover import Claim, Unproven, prove

API = rrset("api.companya.com.", 60, "A", "203.0.113.10", "203.0.113.11")
MAIL = rrset("companya.com.", 300, "MX", "10 Mail.companya.com.")
SECURE = rrset("sub.companya.com.", 300, "NS", "ns.example.net.")
SECURE_DS = rrset("sub.companya.com.", 300, "DS", f"1 13 2 {'ab' * 32}")
INSECURE = rrset("open.companya.com.", 300, "NS", "ns.example.net.")
EVERYTHING = (API, MAIL, SECURE, SECURE_DS, INSECURE)


def _claim(zone: Zone, present: Sequence[RecordSet] = (), absent: Sequence[tuple[Name, int]] = ()) -> Claim:
    return Claim(
        apex=Name.parse("companya.com."),
        version=7,
        dnskeys=zone.dnskey_rdatas,
        present=present or [record_set(s) for s in zone.contents],
        absent=absent,
    )


@pytest.mark.parametrize("signed", [True, False])
def test_a_sound_zone_is_proven(signed: bool) -> None:
    zone = Zone(EVERYTHING, signed=signed)
    proof = prove(zone.answer, _claim(zone, absent=[(Name.parse("old.companya.com."), 1)]), NOW)
    assert proof.questions == 3 + len(EVERYTHING) + 1
    assert (proof.signatures > len(EVERYTHING)) is signed


def _drop(rtype: str, covers: str = "NONE") -> Callable[[dns.message.Message], None]:
    def bend(reply: dns.message.Message) -> None:
        for section in (reply.answer, reply.authority):
            section[:] = [
                s
                for s in section
                if (s.rdtype, s.covers) != (dns.rdatatype.from_text(rtype), dns.rdatatype.from_text(covers))
            ]

    return bend


def _corrupt(reply: dns.message.Message) -> None:
    for section in (reply.answer, reply.authority):
        for i, s in enumerate(section):
            if s.rdtype == dns.rdatatype.A:
                section[i] = rrset(s.name.to_text(), s.ttl, "A", "198.51.100.66")


def _wider_span(reply: dns.message.Message) -> None:
    for i, s in enumerate(reply.authority):
        if s.rdtype == dns.rdatatype.NSEC:
            reply.authority[i] = rrset(
                s.name.to_text(), s.ttl, "NSEC", "zzz.companya.com. RRSIG NSEC TYPE128"
            )


def _servfail(reply: dns.message.Message) -> None:
    reply.set_rcode(dns.rcode.SERVFAIL)


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (_drop("RRSIG", "A"), "no RRSIG over api"),
        (_drop("RRSIG", "DNSKEY"), "no RRSIG over companya.com. DNSKEY"),
        (_drop("RRSIG", "SOA"), "no RRSIG over companya.com. SOA"),
        (_drop("RRSIG", "NSEC"), "no RRSIG over"),
        (_drop("NSEC"), "neither DS nor its absence"),
        (_drop("DNSKEY"), "not the one to be published"),
        (_drop("A"), "no such RRset"),
        (_drop("DS"), "neither DS nor its absence"),
        (_corrupt, "differs from what is to be published"),
        (_wider_span, "companya.com"),
        (_servfail, "SERVFAIL"),
    ],
)
def test_a_broken_answer_is_refused(bend: Callable[[dns.message.Message], None], why: str) -> None:
    zone = Zone(EVERYTHING)
    zone.bend = bend
    with pytest.raises(Unproven, match=why):
        prove(zone.answer, _claim(zone), NOW)


def test_expired_signatures_are_refused() -> None:
    zone = Zone(EVERYTHING)
    zone.expired = True
    with pytest.raises(Unproven, match="version 7"):
        prove(zone.answer, _claim(zone), NOW)


def test_a_zsk_may_not_sign_the_keys() -> None:
    zone = Zone(EVERYTHING)
    zone.keys[257] = zone.keys[256]
    with pytest.raises(Unproven, match="DNSKEY"):
        prove(zone.answer, _claim(zone), NOW)


def test_other_keys_than_claimed_are_refused() -> None:
    zone = Zone(EVERYTHING)
    claim = _claim(zone)
    with pytest.raises(Unproven, match="not the one to be published"):
        prove(Zone(EVERYTHING).answer, claim, NOW)


def test_a_signature_in_an_unsigned_zone_is_refused() -> None:
    zone = Zone(EVERYTHING)
    unsigned = Claim(
        apex=Name.parse("companya.com."), version=1, dnskeys=[], present=[record_set(API)], absent=[]
    )
    with pytest.raises(Unproven):
        prove(zone.answer, unsigned, NOW)


def test_another_ttl_is_refused() -> None:
    zone = Zone(EVERYTHING)
    claim = _claim(zone, [record_set(rrset("api.companya.com.", 61, "A", "203.0.113.10", "203.0.113.11"))])
    with pytest.raises(Unproven, match="differs"):
        prove(zone.answer, claim, NOW)


def test_a_ttl_beyond_a_week_is_served_as_a_week() -> None:
    zone = Zone([rrset("api.companya.com.", 604_800, "A", "203.0.113.10")])
    claim = _claim(zone, [record_set(rrset("api.companya.com.", 700_000, "A", "203.0.113.10"))])
    assert prove(zone.answer, claim, NOW).signatures > 0


def test_what_was_deleted_but_is_still_served_passes_only_with_a_signature() -> None:
    zone = Zone(EVERYTHING)
    zone.bend = _drop("RRSIG", "A")
    with pytest.raises(Unproven, match="no RRSIG"):
        prove(zone.answer, _claim(zone, [record_set(MAIL)], [(Name.parse("api.companya.com."), 1)]), NOW)


def test_silence_is_refused() -> None:
    zone = Zone(EVERYTHING)
    with pytest.raises(Unproven, match="no answer"):
        prove(lambda packet, now: None, _claim(zone), NOW)
