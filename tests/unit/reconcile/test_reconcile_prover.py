"""I10: what the prover lets pass and what it refuses, over zones that our signer has not touched."""

from collections.abc import Callable, Sequence

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from prover_zone import NOW, Zone, record_set, rrset

from seal53.core import Name, RecordSet, Routing
from seal53.reconcile.prover import Claim, Prover, Unproven, prove

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


A1, A2, A3 = (bytes([192, 0, 2, n]) for n in (1, 2, 3))


def _sets(*sets: tuple[Sequence[bytes], Routing], ttl: int = 60) -> list[RecordSet]:
    owner = Name.parse("api.companya.com.")
    return [
        RecordSet(owner, 1, f"s{n}", ttl=ttl, rdatas=rdatas, routing=routing)
        for n, (rdatas, routing) in enumerate(sets)
    ]


def _served(*last: int, ttl: int = 60) -> Zone:
    return Zone([rrset("api.companya.com.", ttl, "A", *(f"192.0.2.{n}" for n in last))])


def test_of_several_record_sets_any_one_may_be_the_answer() -> None:
    weighted = _sets(([A1, A2], Routing.weighted(1)), ([A3], Routing.weighted(0)))
    for zone in (_served(1, 2), _served(3)):
        assert prove(zone.answer, _claim(zone, weighted), NOW).questions == 4
    for zone in (_served(1), _served(1, 2, 3), _served(4), _served(3, ttl=61)):
        with pytest.raises(Unproven, match="differs"):
            prove(zone.answer, _claim(zone, weighted), NOW)


def test_several_may_be_merged_where_answers_have_many_values() -> None:
    many = _sets(*(([bytes([192, 0, 2, n])], Routing.multivalue()) for n in range(1, 10)))
    for zone in (_served(1), _served(*range(1, 9))):
        assert prove(zone.answer, _claim(zone, many), NOW).signatures > 0
    for zone in (_served(*range(1, 10)), _served(1, 200), _served(1, ttl=61)):
        with pytest.raises(Unproven, match="differs"):
            prove(zone.answer, _claim(zone, many), NOW)


def test_nothing_may_be_answered_to_a_client_in_no_block_alone() -> None:
    zone = Zone([MAIL])
    blocks = _sets(([A1], Routing.cidr("c", "office")))
    assert prove(zone.answer, _claim(zone, blocks), NOW).questions == 4
    with pytest.raises(Unproven, match="no such RRset"):
        prove(zone.answer, _claim(zone, _sets(([A1], Routing.failover(True)))), NOW)


def test_what_was_written_out_is_compared() -> None:
    owner = Name.parse("api.companya.com.")
    inner = [RecordSet(owner, 1, ttl=60, rdatas=[A1]), RecordSet(owner, 1, "x", unresolved=True)]
    written = [RecordSet(owner, 1, written=[RecordSet(owner, 1, written=inner)])]
    zone = _served(1)
    other = _served(2)
    assert prove(zone.answer, _claim(zone, written), NOW).signatures > 0
    with pytest.raises(Unproven, match="differs"):
        prove(other.answer, _claim(other, written), NOW)


def test_what_is_not_resolved_fails_and_is_not_denied() -> None:
    def fail(reply: dns.message.Message) -> None:
        if reply.question[0].name.labels[0] == b"api":
            _servfail(reply)

    zone = Zone([MAIL])
    unresolved = [RecordSet(Name.parse("api.companya.com."), 1, unresolved=True)]
    with pytest.raises(Unproven, match="no such RRset"):
        prove(zone.answer, _claim(zone, unresolved), NOW)
    zone.bend = fail
    assert prove(zone.answer, _claim(zone, unresolved), NOW).questions == 4
    with pytest.raises(Unproven, match="SERVFAIL"):
        prove(zone.answer, _claim(zone, [record_set(API)]), NOW)


def test_an_unresolved_wildcard_does_not_hold_up_its_zone() -> None:
    def fail(reply: dns.message.Message) -> None:
        made_up = reply.question[0].name.labels[0].startswith((b"_proof", b"gone"))
        if made_up and reply.question[0].rdtype == dns.rdatatype.A:
            _servfail(reply)

    def fail_all(reply: dns.message.Message) -> None:
        if reply.question[0].name.labels[0].startswith(b"_proof"):
            _servfail(reply)

    zone = Zone([MAIL])
    zone.bend = fail
    claim = _claim(zone, [record_set(MAIL)], absent=[(Name.parse("gone.companya.com."), 1)])
    assert prove(zone.answer, claim, NOW).signatures > 0
    zone.bend = fail_all
    with pytest.raises(Unproven, match="SERVFAIL"):
        prove(zone.answer, claim, NOW)


class Counting:
    """The answers of a zone, and how many questions dnspython asked of it: its ids are not 0."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.judged = 0

    def __call__(self, packet: bytes, now: int) -> bytes | None:
        self.judged += packet[:2] != b"\0\0"
        return self.zone.answer(packet, now)


def test_a_plain_version_is_compared_whole_and_judged_once_a_second() -> None:
    zone = Zone(EVERYTHING, signed=False)
    answer = Counting(zone)
    claim = _claim(zone, [record_set(API), record_set(MAIL)], [(Name.parse("old.companya.com."), 1)])
    prover = Prover()
    assert prover.prove(answer, claim, NOW).questions > 6
    assert answer.judged == 5
    assert prover.prove(answer, claim, NOW).questions == 6
    assert answer.judged == 5
    prover.prove(answer, claim, NOW + 1)
    assert answer.judged == 10


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (_drop("A"), "no such RRset"),
        (_drop("SOA"), "SOA|no such RRset"),
        (_corrupt, "differs"),
        (_servfail, "SERVFAIL"),
    ],
)
def test_a_plain_version_with_a_wrong_answer_is_refused(
    bend: Callable[[dns.message.Message], None], why: str
) -> None:
    zone = Zone(EVERYTHING, signed=False)
    prover = Prover()
    claim = _claim(zone, [record_set(MAIL)] * 9 + [record_set(API)])
    prover.prove(zone.answer, claim, NOW)
    zone.bend = bend
    with pytest.raises(Unproven, match=why):
        prover.prove(zone.answer, claim, NOW)


def test_keys_and_signatures_in_a_plain_version_are_refused() -> None:
    zone = Zone(EVERYTHING)
    claim = Claim(apex=Name.parse("companya.com."), version=1, dnskeys=[], present=[], absent=[])
    with pytest.raises(Unproven, match="DNSKEY"):
        Prover().prove(zone.answer, claim, NOW)


def test_what_is_not_plain_is_judged_every_time() -> None:
    zone = Zone(EVERYTHING, signed=False)
    answer = Counting(zone)
    prover = Prover()
    claim = _claim(zone, [record_set(SECURE)])
    for _ in range(2):
        before = answer.judged
        prover.prove(answer, claim, NOW)
        assert answer.judged > before


def test_a_signed_version_is_always_judged_whole() -> None:
    zone = Zone(EVERYTHING)
    prover = Prover()
    for _ in range(2):
        assert prover.prove(zone.answer, _claim(zone), NOW) == prove(zone.answer, _claim(zone), NOW)
