"""The data plane through its door: signed by Rust, validated by dnspython; views, misses and sockets."""

import threading
import time
from collections.abc import Iterator

import dns.dnssec
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from core_judge import APEX, KEK, KEYS, NOW, ORIGIN, rdata, validate

from seal53.core import (
    DataPlane,
    DnssecFault,
    Message,
    Name,
    PlaneFault,
    RecordSet,
    RRset,
    RrType,
    Signing,
    WireFault,
    build_query,
    decode_edit,
    ds_rdata,
    encode_edit,
    nsec_types,
)

SOA = "ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300"
LOCALHOST = "127.0.0.1"


def record_set(owner: str, ttl: int, rtype: str, *texts: str) -> RecordSet:
    number = int(dns.rdatatype.from_text(rtype))
    return RecordSet(Name.parse(owner), number, ttl=ttl, rdatas=[rdata(rtype, text) for text in texts])


CONTENTS = encode_edit(
    [
        record_set("example.com", 900, "SOA", SOA),
        record_set("example.com", 3600, "NS", "ns.example.com."),
        record_set("ns.example.com", 60, "A", "192.0.2.53"),
        record_set("www.example.com", 60, "A", "192.0.2.1", "192.0.2.2"),
        record_set("*.wild.example.com", 60, "TXT", '"any"'),
    ],
    [],
)


@pytest.fixture
def plane() -> Iterator[DataPlane]:
    plane = DataPlane(KEK)
    yield plane
    plane.stop()


def publish(plane: DataPlane, signing: Signing | None, version: int = 1) -> None:
    candidate = plane.stage("Z1", APEX, base=None, version=version, edit=CONTENTS, signing=signing)
    assert candidate.version == version
    plane.commit(candidate)
    plane.set_view("V1", ["Z1"])


def ask(plane: DataPlane, qname: str, qtype: str, *, do: bool = True, now: int = NOW) -> dns.message.Message:
    query = dns.message.make_query(qname, qtype, want_dnssec=do, id=99)
    packet = plane.answer("V1", query.to_wire(), now, tcp=True)
    assert packet is not None
    return dns.message.from_wire(packet)


@pytest.mark.parametrize(
    ("qname", "qtype", "answers", "authorities"),
    [
        ("www.example.com", "A", 1, 0),
        ("WWW.example.COM", "A", 1, 0),
        ("example.com", "DNSKEY", 1, 0),
        ("example.com", "SOA", 1, 0),
        ("a.b.wild.example.com", "TXT", 1, 0),
        ("www.example.com", "AAAA", 0, 2),
        ("wild.example.com", "A", 0, 2),
        ("nope.example.com", "A", 0, 2),
    ],
)
def test_what_rust_signs_dnspython_validates(
    plane: DataPlane, qname: str, qtype: str, answers: int, authorities: int
) -> None:
    publish(plane, KEYS.signing())
    message = ask(plane, qname, qtype)
    assert message.rcode() == dns.rcode.NOERROR
    assert message.flags & dns.flags.AA
    assert sum(r.rdtype != dns.rdatatype.RRSIG for r in message.answer) == answers
    assert sum(r.rdtype != dns.rdatatype.RRSIG for r in message.authority) == authorities
    validate(message)


def test_a_missing_name_is_denied_at_itself(plane: DataPlane) -> None:
    publish(plane, KEYS.signing())
    packet = plane.answer("V1", build_query(1, Name.parse("nope.example.com"), RrType.A), NOW, tcp=True)
    assert packet is not None
    (nsec,) = (r for r in Message.parse(packet).authority if r.rtype == RrType.NSEC)
    assert nsec.owner == Name.parse("nope.example.com")
    following, types = nsec_types(nsec.rdatas[0])
    assert following == Name.parse(r"\000.nope.example.com")
    assert types == (RrType.RRSIG, RrType.NSEC, RrType.NXNAME)
    plain = ask(plane, "nope.example.com", "A", do=False)
    assert plain.rcode() == dns.rcode.NXDOMAIN


def test_the_ds_is_the_one_that_dnspython_makes(plane: DataPlane) -> None:
    publish(plane, KEYS.signing())
    (dnskeys, _) = ask(plane, "example.com", "DNSKEY").answer
    (ksk,) = (key for key in dnskeys if key.flags == 257)
    assert ds_rdata(APEX, ksk.to_wire(), 2) == dns.dnssec.make_ds(ORIGIN, ksk, "SHA256").to_wire()


def test_signatures_that_ran_out_give_servfail_not_silence(plane: DataPlane) -> None:
    publish(plane, KEYS.signing())
    late = ask(plane, "example.com", "DNSKEY", now=NOW + 8 * 86400)
    assert late.rcode() == dns.rcode.SERVFAIL
    assert not late.answer


def test_a_candidate_answers_before_it_is_served(plane: DataPlane) -> None:
    publish(plane, None)
    candidate = plane.stage("Z1", APEX, base=1, version=2, edit=encode_edit([], []), signing=KEYS.signing())
    query = dns.message.make_query("www.example.com", "A", want_dnssec=True)
    packet = candidate.answer(query.to_wire(), NOW)
    assert packet is not None
    validate(dns.message.from_wire(packet))
    assert plane.version("Z1") == 1
    assert len(ask(plane, "www.example.com", "A").answer) == 1
    plane.commit(candidate)
    assert plane.version("Z1") == 2
    validate(ask(plane, "www.example.com", "A"))
    with pytest.raises(PlaneFault) as again:
        plane.commit(candidate)
    assert again.value.args[0] == "Committed"
    with pytest.raises(PlaneFault) as after:
        candidate.answer(query.to_wire(), NOW)
    assert after.value.args[0] == "Committed"


def test_an_edit_for_another_version_is_refused(plane: DataPlane) -> None:
    publish(plane, KEYS.signing())
    new = record_set("new.example.com", 60, "A", "192.0.2.9")
    add = encode_edit([new], [(Name.parse("www.example.com"), RrType.A, "")])
    with pytest.raises(PlaneFault) as caught:
        plane.stage("Z1", APEX, base=7, version=8, edit=add, keep_signing=True)
    assert caught.value.args[0] == "WrongBase"
    plane.commit(plane.stage("Z1", APEX, base=1, version=2, edit=add, keep_signing=True))
    validate(ask(plane, "new.example.com", "A"))
    assert not ask(plane, "www.example.com", "A").answer
    exported = plane.export("Z1")
    assert exported is not None
    puts, deletes = decode_edit(exported)
    assert not deletes
    before, _ = decode_edit(CONTENTS)
    assert set(puts) == {*before[:3], before[4], new}


def test_bad_input_is_refused_with_its_reason(plane: DataPlane) -> None:
    stage = plane.stage
    with pytest.raises(WireFault):
        stage("Z1", APEX, base=None, version=1, edit=b"junk")
    with pytest.raises(PlaneFault) as refused:
        stage("Z1", Name.parse("example.net"), base=None, version=1, edit=CONTENTS)
    assert refused.value.args[0] == "Zone"
    with pytest.raises(DnssecFault) as sealed:
        stage("Z1", APEX, base=None, version=1, edit=CONTENTS, signing=KEYS.signing(aad=b"other"))
    assert sealed.value.args[0] == "Unseal"
    with pytest.raises(ValueError, match="not both"):
        stage("Z1", APEX, base=None, version=1, edit=CONTENTS, signing=KEYS.signing(), keep_signing=True)
    with pytest.raises(ValueError, match="32"):
        DataPlane(b"short")
    with pytest.raises(ValueError, match="IP address"):
        plane.listen("localhost", 0, "V1")
    with pytest.raises(PlaneFault) as early:
        plane.listen(LOCALHOST, 0, "V1")
    assert early.value.args[0] == "NotStarted"
    assert "Signing" in repr(KEYS.signing())
    assert KEYS.sealed.hex() not in repr(KEYS.signing())


def test_views_and_zones_come_and_go(plane: DataPlane) -> None:
    plane.set_view("V1", ["Z1"])
    assert plane.version("Z1") is None
    assert plane.export("Z1") is None
    publish(plane, None)
    assert ask(plane, "www.example.com", "A").rcode() == dns.rcode.NOERROR
    assert ask(plane, "www.example.net", "A").rcode() == dns.rcode.REFUSED
    plane.drop_zone("Z1")
    assert ask(plane, "www.example.com", "A").rcode() == dns.rcode.REFUSED
    plane.drop_view("V1")
    assert plane.answer("V1", build_query(1, APEX, RrType.SOA), NOW) is None


def test_sockets_answer_over_both_transports(plane: DataPlane) -> None:
    publish(plane, KEYS.signing(now=int(time.time())))
    plane.start(2)
    with pytest.raises(PlaneFault) as twice:
        plane.start(2)
    assert twice.value.args[0] == "Started"
    port = plane.listen(LOCALHOST, 0, "V1")
    with pytest.raises(PlaneFault) as taken:
        plane.listen(LOCALHOST, port, "V1")
    assert taken.value.args[0] == "AddressInUse"
    query = dns.message.make_query("www.example.com", "A", want_dnssec=True)
    for via in (dns.query.udp, dns.query.tcp):
        reply = via(query, LOCALHOST, port=port, timeout=5)
        validate(reply, now=int(time.time()))
        assert len(reply.answer) == 2
    assert plane.counters()["queries"] >= 2
    plane.add_counter("upstream", 3)
    assert plane.counters()["upstream"] == 3
    plane.unlisten(LOCALHOST, port)
    plane.unlisten(LOCALHOST, port)
    assert plane.listen(LOCALHOST, port, "V1") == port
    plane.stop()
    plane.start(1)
    assert plane.listen(LOCALHOST, port, "V1") == port
    assert dns.query.udp(query, LOCALHOST, port=port, timeout=5).answer


def test_a_miss_goes_up_and_its_answer_comes_down(plane: DataPlane) -> None:
    plane.set_resolver_view("R1", [])
    plane.start(1)
    port = plane.listen(LOCALHOST, 0, "R1")
    query = dns.message.make_query("www.example.org", "A")
    replies: list[dns.message.Message] = []

    def client(via: object) -> None:
        assert callable(via)
        replies.append(via(query, LOCALHOST, port=port, timeout=5))

    clients = [threading.Thread(target=client, args=(via,)) for via in (dns.query.udp, dns.query.tcp)]
    for thread in clients:
        thread.start()
    misses = plane.take_misses(10, 5000)
    qname = Name.parse("www.example.org")
    assert misses == [("R1", qname, RrType.A, False)]
    plane.fill(
        "R1",
        qname,
        RrType.A,
        False,
        rcode=0,
        nxname=False,
        answer=[RRset(qname, RrType.A, 60, [b"\xc0\x00\x02\x07"])],
        authority=[],
        secure=True,
        ttl=60,
        ede=None,
    )
    for thread in clients:
        thread.join(5)
    assert len(replies) == 2
    # And now from the cache.
    replies.append(dns.query.udp(query, LOCALHOST, port=port, timeout=5))
    for reply in replies:
        assert str(reply.answer[0][0]) == "192.0.2.7"
        assert reply.flags & dns.flags.RA
    assert plane.take_misses(10, 0) == []
    plane.flush("R1")
    assert plane.answer("R1", query.to_wire(), int(time.time())) is None
    assert len(plane.take_misses(10, 1000)) == 1


def test_a_private_zone_is_answered_without_a_miss(plane: DataPlane) -> None:
    publish(plane, None)
    plane.set_resolver_view("R1", ["Z1"], aws_profile=True)
    packet = plane.private_answer("R1", Name.parse("www.example.com"), RrType.A)
    assert packet is not None
    assert len(Message.parse(packet).answer[0].rdatas) == 2
    assert plane.private_answer("R1", Name.parse("www.example.net"), RrType.A) is None
    assert plane.take_misses(10, 0) == []


def test_waiting_for_misses_lets_other_threads_run(plane: DataPlane) -> None:
    plane.set_resolver_view("R1", [])
    waiting = threading.Thread(target=plane.take_misses, args=(1, 60_000))
    waiting.start()
    # Had the waiter kept the interpreter lock, this line would not be reached.
    assert plane.answer("R1", build_query(1, APEX, RrType.A, rd=True), NOW) is None
    waiting.join(5)
    assert not waiting.is_alive()
