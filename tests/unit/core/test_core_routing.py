"""Routed record sets through the door: chosen and signed by Rust, validated by dnspython; the query log."""

import time
from collections.abc import Iterator, Sequence

import dns.edns
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from core_judge import APEX, KEK, KEYS, NOW, rdata, validate

from seal53.core import DataPlane, Name, RecordSet, Routing, RrType, WireFault, encode_edit

SOA = "ns.example.com. hostmaster.example.com. 1 7200 900 1209600 300"
COLLECTION = "c8c02a84-aaaa-bbbb-e0d2-d833a2f80106"
BLOCKS = {COLLECTION: {"home": ["10.0.0.0/8"], "office": ["10.1.0.0/16", "2001:db8::/32"], "*": []}}


def name(label: str) -> Name:
    return APEX.child(label.encode())


def address(
    label: str,
    set_id: str,
    last: int,
    routing: Routing | None,
    check: str | None = None,
    *,
    ttl: int = 60,
) -> RecordSet:
    rdatas = [bytes([192, 0, 2, last])]
    return RecordSet(name(label), 1, set_id, ttl=ttl, rdatas=rdatas, routing=routing, health_check=check)


def routed() -> list[RecordSet]:
    weighted, multi, cidr = Routing.weighted, Routing.multivalue(), Routing.cidr
    primary, secondary = Routing.failover(True), Routing.failover(False)
    return [
        RecordSet(APEX, RrType.SOA, ttl=900, rdatas=[rdata("SOA", SOA)]),
        RecordSet(APEX, RrType.NS, ttl=900, rdatas=[rdata("NS", "ns.example.com.")]),
        address("w", "a", 1, weighted(1)),
        address("w", "b", 2, weighted(3)),
        address("w", "c", 3, weighted(0)),
        address("f", "p", 1, primary, "hp"),
        address("f", "s", 2, secondary, "hs"),
        *(address("m", f"{n:02}", n, multi, f"h{n}", ttl=60 + n) for n in range(12)),
        address("here", "h", 1, cidr(COLLECTION, "home")),
        address("here", "o", 2, cidr(COLLECTION, "office")),
        RecordSet(name("here"), RrType.TXT, ttl=60, rdatas=[rdata("TXT", "hello")]),
        RecordSet(name("af"), 1, alias=name("f"), evaluate_health=True),
        RecordSet(name("am"), 1, alias=name("m")),
        RecordSet(
            name("top"), 1, "p", alias=name("af"), evaluate_health=True, routing=Routing.failover(True)
        ),
        address("top", "s", 9, secondary),
        RecordSet(
            name("g"),
            1,
            written=[
                address("ignored", "x", 4, weighted(0)),
                RecordSet(
                    APEX,
                    1,
                    "y",
                    routing=weighted(5),
                    evaluate_health=True,
                    written=[address("q", "", 5, None, "hg")],
                ),
            ],
        ),
        RecordSet(name("lost"), 1, unresolved=True),
        RecordSet(name("lost"), RrType.TXT, ttl=60, rdatas=[rdata("TXT", "hello")]),
    ]


@pytest.fixture
def plane() -> Iterator[DataPlane]:
    plane = DataPlane(KEK)
    edit = encode_edit(routed(), [])
    plane.commit(plane.stage("Z1", APEX, base=None, version=1, edit=edit, signing=KEYS.signing()))
    plane.set_view("V1", ["Z1"])
    plane.set_cidr(BLOCKS)
    yield plane
    plane.stop()


def ask(
    plane: DataPlane,
    label: str,
    rtype: str = "A",
    *,
    client: str = "127.0.0.1",
    options: Sequence[dns.edns.Option] = (),
    id: int = 7,
) -> dns.message.Message:
    """The reply, whose every RRset has a signature that dnspython accepts."""
    query = dns.message.make_query(
        f"{label}.example.com", rtype, want_dnssec=True, id=id, options=list(options) or None
    )
    packet = plane.answer("V1", query.to_wire(), NOW, tcp=True, client=client)
    assert packet is not None
    message = dns.message.from_wire(packet)
    validate(message)
    return message


def last_octets(message: dns.message.Message) -> list[int]:
    rrsets = [rrset for rrset in message.answer if rrset.rdtype == dns.rdatatype.A]
    return sorted(int(str(rdata).rpartition(".")[2]) for rrset in rrsets for rdata in rrset)


def shown_types(message: dns.message.Message) -> set[str]:
    (nsec,) = (rrset for rrset in message.authority if rrset.rdtype == dns.rdatatype.NSEC)
    _, _, types = str(nsec[0]).partition(" ")
    return set(types.split())


def test_weighted_answers_are_signed_whatever_is_chosen(plane: DataPlane) -> None:
    drawn = [last_octets(ask(plane, "w", id=n)) for n in range(400)]
    assert all(len(octets) == 1 for octets in drawn)
    counts = {n: drawn.count([n]) for n in (1, 2, 3)}
    # Five standard deviations around a quarter of 400.
    assert 57 < counts[1] < 143
    assert counts[1] + counts[2] == 400
    assert plane.counters()["signatures_made"] == 2


def test_failover_follows_health_without_a_new_version(plane: DataPlane) -> None:
    cases: list[tuple[dict[str, bool], list[int], list[int]]] = [
        ({}, [1], [1]),
        ({"hp": False}, [2], [2]),
        ({"hp": True, "hs": False}, [1], [1]),
        ({"hp": False, "hs": False}, [1], [9]),
        ({"unknown": False}, [1], [1]),
    ]
    for statuses, at_pair, at_top in cases * 2:
        plane.set_health(statuses)
        assert last_octets(ask(plane, "f")) == at_pair
        assert last_octets(ask(plane, "af")) == at_pair
        assert last_octets(ask(plane, "top")) == at_top
    assert plane.version("Z1") == 1


def test_multivalue_answers_are_one_signed_rrset(plane: DataPlane) -> None:
    plane.set_health({f"h{n}": False for n in (3, 7)})
    seen: set[int] = set()
    for n in range(60):
        for label in ("m", "am"):
            message = ask(plane, label, id=n)
            octets = last_octets(message)
            assert len(octets) == len(set(octets)) == 8
            rrset = message.answer[0]
            assert rrset.ttl == 60 + min(octets)
            seen.update(octets)
    assert seen == set(range(12)) - {3, 7}
    made = plane.counters()["signatures_made"]
    assert made <= 20, "ten windows of eight among ten, at two owners"
    plane.set_health({f"h{n}": False for n in range(12) if n != 5})
    assert last_octets(ask(plane, "am")) == [5]
    plane.set_health({f"h{n}": False for n in range(12)})
    assert len(last_octets(ask(plane, "m"))) == 8


def test_addresses_decide_and_denials_are_as_different_as_the_answers(plane: DataPlane) -> None:
    for _ in range(2):
        assert last_octets(ask(plane, "here", client="10.9.0.1")) == [1]
        assert last_octets(ask(plane, "here", client="10.1.0.1")) == [2]
        assert last_octets(ask(plane, "here", client="2001:db8::1")) == [2]
        nothing = ask(plane, "here", client="192.0.2.1")
        assert nothing.rcode() == dns.rcode.NOERROR
        assert not nothing.answer
        assert shown_types(nothing) == {"TXT", "RRSIG", "NSEC"}
        assert shown_types(ask(plane, "here", "AAAA", client="192.0.2.1")) == {"A", "TXT", "RRSIG", "NSEC"}
    plane.set_cidr({})
    assert not ask(plane, "here", client="10.9.0.1").answer
    with pytest.raises(WireFault, match="block"):
        plane.set_cidr({COLLECTION: {"home": ["10.0.0.0"]}})


def test_a_client_subnet_decides_and_comes_back_with_its_scope(plane: DataPlane) -> None:
    def told(address: str, length: int, label: str = "here") -> tuple[list[int], dns.edns.ECSOption]:
        message = ask(plane, label, options=[dns.edns.ECSOption(address, length)])
        (option,) = (option for option in message.options if isinstance(option, dns.edns.ECSOption))
        return last_octets(message), option

    for address_, length, octets, scope in [
        ("10.9.3.0", 24, [1], 13),
        ("10.1.3.0", 24, [2], 16),
        ("192.0.2.0", 24, [], 1),
        ("2001:db8:7::", 48, [2], 32),
    ]:
        got, option = told(address_, length)
        assert got == octets
        assert (option.address, option.srclen, option.scopelen) == (address_, length, scope)
    assert told("10.9.3.0", 24, "w")[1].scopelen == 0


def test_groups_are_chosen_from_like_names(plane: DataPlane) -> None:
    assert last_octets(ask(plane, "g")) == [5]
    plane.set_health({"hg": False})
    assert last_octets(ask(plane, "g")) == [4]


def test_what_is_not_known_is_a_failure(plane: DataPlane) -> None:
    query = dns.message.make_query("lost.example.com", "A", want_dnssec=True)
    packet = plane.answer("V1", query.to_wire(), NOW)
    assert packet is not None
    message = dns.message.from_wire(packet)
    assert message.rcode() == dns.rcode.SERVFAIL
    (ede,) = message.options
    assert isinstance(ede, dns.edns.EDEOption)
    assert (ede.code, ede.text) == (22, "the alias target could not be looked up")
    assert shown_types(ask(plane, "lost", "AAAA")) == {"A", "TXT", "RRSIG", "NSEC"}


def test_a_candidate_and_one_zone_are_asked_under_the_facts_of_the_moment(plane: DataPlane) -> None:
    candidate = plane.stage("Z1", APEX, base=1, version=2, edit=encode_edit([], []), keep_signing=True)
    query = dns.message.make_query("f.example.com", "A", want_dnssec=True).to_wire()
    for statuses, octets in (({}, [1]), ({"hp": False}, [2])):
        plane.set_health(statuses)
        for packet in (candidate.answer(query, NOW), plane.answer_zone("Z1", query, NOW, tcp=True)):
            assert packet is not None
            message = dns.message.from_wire(packet)
            validate(message)
            assert last_octets(message) == octets
    assert plane.answer_zone("Z2", query, NOW) is None
    here = dns.message.make_query("here.example.com", "A").to_wire()
    packet = plane.answer_zone("Z1", here, NOW, client="10.1.2.3")
    assert packet is not None
    assert last_octets(dns.message.from_wire(packet)) == [2]
    with pytest.raises(ValueError, match="IP address"):
        plane.answer_zone("Z1", here, NOW, client="nobody")


def test_an_export_has_all_that_was_put(plane: DataPlane) -> None:
    exported = plane.export("Z1")
    assert exported is not None
    again = DataPlane(KEK)
    again.commit(again.stage("Z1", APEX, base=None, version=1, edit=exported))
    assert again.export("Z1") == exported


def test_queries_on_sockets_are_logged_with_their_time(plane: DataPlane) -> None:
    plane.set_query_logs(["Z1"])
    plane.start(1)
    port = plane.listen("127.0.0.1", 0, "V1")
    query = dns.message.make_query("F.example.com", "A", options=[dns.edns.ECSOption("10.1.2.0", 24)])
    before = time.time()
    dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
    dns.query.tcp(dns.message.make_query("nope.example.com", "TXT"), "127.0.0.1", port=port, timeout=5)
    lines: list[tuple[str, str]] = []
    while len(lines) < 2:
        lines += plane.take_query_log(10, 1000)
        assert time.time() < before + 10
    assert {zone_id for zone_id, _ in lines} == {"Z1"}
    one, other = sorted((line.split(" ", 2) for _, line in lines), key=lambda parts: parts[2])
    assert one[2] == "Z1 F.example.com A NOERROR UDP LOC1 127.0.0.1 10.1.2.0/24"
    assert other[2] == "Z1 nope.example.com TXT NXDOMAIN TCP LOC1 127.0.0.1 -"
    for version, at, _ in (one, other):
        assert version == "1.0"
        # The machine's own clock, in UTC and to the millisecond.
        shown = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before))
        later = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(before + 10))
        assert at[:16] in {shown, later}
        assert len(at) == 24 and at.endswith("Z")
    plane.set_query_logs([])
    dns.query.udp(query, "127.0.0.1", port=port, timeout=5)
    assert plane.take_query_log(10, 0) == []
