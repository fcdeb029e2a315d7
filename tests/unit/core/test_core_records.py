"""RRsets, record sets, edits and type numbers."""

from typing import Any

import dns.rdatatype
import pytest

from seal53.core import (
    Name,
    RecordSet,
    Routing,
    RRset,
    RrType,
    WireFault,
    build_info,
    decode_edit,
    decode_put,
    encode_edit,
    encode_put,
    join_edit,
)
from seal53.core.values import rtype_number, rtype_text

APEX = Name.parse("example.com")


def test_an_rrset_is_a_value() -> None:
    one = RRset(APEX, RrType.A, 60, [b"\x7f\x00\x00\x01"])
    assert one == RRset(Name.parse("EXAMPLE.com"), 1, 60, (b"\x7f\x00\x00\x01",))
    assert hash(one) == hash(RRset(Name.parse("EXAMPLE.com"), 1, 60, (b"\x7f\x00\x00\x01",)))
    assert one != RRset(APEX, RrType.A, 61, [b"\x7f\x00\x00\x01"])
    assert (one.owner, one.rtype, one.ttl, one.rdatas) == (APEX, 1, 60, (b"\x7f\x00\x00\x01",))
    with pytest.raises(WireFault):
        RRset(APEX, RrType.TXT, 60, [b"x" * 65536])
    with pytest.raises(OverflowError):
        RRset(APEX, 65536, 60, [])
    with pytest.raises(TypeError):
        RRset(APEX, RrType.TXT, 60, ["text"])  # type: ignore[list-item]


def test_edits_survive_the_way_over_the_feed() -> None:
    puts = [
        RecordSet(APEX, RrType.A, ttl=300, rdatas=[b"\x01\x02\x03\x04", b"\x05\x06\x07\x08"]),
        RecordSet(APEX.child(b"w"), RrType.A, "blue ümlaut", ttl=0, rdatas=[b"\x01\x02\x03\x04"]),
        RecordSet(APEX.child(b"\x00"), RrType.AAAA, alias=APEX),
    ]
    deletes = [(APEX.child(b"*"), 65535, ""), (Name.root(), 2, "id")]
    got_puts, got_deletes = decode_edit(encode_edit(puts, deletes))
    assert got_puts == puts
    assert got_deletes == deletes
    assert [put.set_id for put in got_puts] == ["", "blue ümlaut", ""]
    assert got_puts[0].rdatas == puts[0].rdatas
    assert (got_puts[2].alias, got_puts[2].ttl, got_puts[2].rdatas) == (APEX, 0, ())
    assert decode_edit(encode_edit([], [])) == ([], [])


@pytest.mark.parametrize(
    "octets", [b"", b"S53E\x01", encode_edit([], [])[:-1], encode_edit([], []) + b"\x00"]
)
def test_other_octets_are_no_edit(octets: bytes) -> None:
    with pytest.raises(WireFault):
        decode_edit(octets)


def test_a_record_set_holds_exactly_one_kind_of_content() -> None:
    records = [b"\x01\x02\x03\x04"]
    group = [RecordSet(APEX, RrType.A, rdatas=records)]
    kinds: list[dict[str, Any]] = [
        {"rdatas": records},
        {"alias": APEX},
        {"written": group},
        {"unresolved": True},
    ]
    for kind in kinds:
        RecordSet(APEX, RrType.A, **kind)
        for other in kinds:
            if other is not kind:
                with pytest.raises(WireFault, match="exactly one"):
                    RecordSet(APEX, RrType.A, **kind, **other)
    with pytest.raises(WireFault, match="exactly one"):
        RecordSet(APEX, RrType.A)
    with pytest.raises(WireFault, match="no target"):
        RecordSet(APEX, RrType.A, rdatas=records, evaluate_health=True)
    with pytest.raises(WireFault, match="the alias's type"):
        RecordSet(APEX, RrType.AAAA, written=group)
    for _ in range(31):
        group = [RecordSet(APEX, RrType.A, written=group)]
    with pytest.raises(WireFault, match="at most 32"):
        RecordSet(APEX, RrType.A, written=[RecordSet(APEX, RrType.A, written=group)])


ROUTINGS = {
    Routing.weighted(0): "weighted",
    Routing.weighted(255): "weighted",
    Routing.failover(True): "failover",
    Routing.failover(False): "failover",
    Routing.multivalue(): "multivalue",
    Routing.cidr("6f3e", "*"): "cidr",
    Routing.cidr("6f3e", "home"): "cidr",
    Routing.located(True): "located",
    Routing.located(False): "located",
}


def test_routings_are_values() -> None:
    assert len(ROUTINGS) == 9
    for routing, kind in ROUTINGS.items():
        assert routing.kind == kind
        assert eval(repr(routing), {"Routing": Routing}) == routing
    for weight in (-1, 256, 2**40):
        with pytest.raises(WireFault, match="0 to 255"):
            Routing.weighted(weight)


def test_a_put_comes_back_with_all_that_it_has() -> None:
    inner = [
        RecordSet(APEX, RrType.A, str(n), ttl=60, rdatas=[bytes([192, 0, 2, n])], routing=r, health_check="h")
        for n, r in enumerate(ROUTINGS)
    ]
    records = [
        *inner,
        RecordSet(APEX, RrType.A, alias=APEX.child(b"w"), evaluate_health=True),
        RecordSet(APEX, RrType.A, unresolved=True),
        RecordSet(APEX, RrType.A, unresolved=True, evaluate_health=True),
        RecordSet(
            APEX,
            RrType.A,
            "group",
            evaluate_health=True,
            routing=Routing.failover(True),
            written=[RecordSet(APEX, RrType.A, written=inner), RecordSet(APEX, RrType.A, "z", alias=APEX)],
        ),
    ]
    for record in records:
        again = decode_put(encode_put(record))
        assert again == record
        for name in ("owner", "rtype", "set_id", "ttl", "rdatas", "alias", "evaluate_health", "written"):
            assert getattr(again, name) == getattr(record, name)
        assert (again.unresolved, again.routing) == (record.unresolved, record.routing)
        assert again.health_check == record.health_check
    assert len({encode_put(record) for record in records}) == len(records)
    with pytest.raises(WireFault):
        decode_put(encode_put(records[0])[:-1])


def test_an_owner_inside_of_a_group_is_ignored() -> None:
    inner = RecordSet(Name.parse("elsewhere."), RrType.A, rdatas=[b"\x01\x02\x03\x04"])
    outer = RecordSet(APEX, RrType.A, written=[inner])
    assert outer.written[0].owner == APEX
    assert outer == RecordSet(APEX, RrType.A, written=[outer.written[0]])


def test_joined_puts_are_the_encoded_edit() -> None:
    puts = [
        RecordSet(APEX.child(b"%d" % n), RrType.A, rdatas=[bytes([192, 0, 2, n])], routing=routing)
        for n, routing in enumerate([None, *ROUTINGS])
    ]
    deletes = [(APEX, 1, ""), (APEX.child(b"w"), 257, "blue")]
    assert join_edit([encode_put(put) for put in puts], deletes) == encode_edit(puts, deletes)
    assert join_edit([], []) == encode_edit([], [])
    for other in (b"", b"\x01" + encode_put(puts[0])[1:]):
        with pytest.raises(WireFault, match="not a put"):
            join_edit([other], [])


def test_type_names_agree_with_the_registry_that_dnspython_ships() -> None:
    for member in RrType:
        assert rtype_text(member) == member.name
        assert rtype_number(member.name.lower()) == member
    for number in range(1, 66):
        text = rtype_text(number)
        if not text.startswith("TYPE"):
            assert dns.rdatatype.from_text(text) == number
    assert rtype_text(65280) == "TYPE65280"
    assert rtype_number("type65280") == 65280
    for text in ("", "NOPE", "TYPE65536", "TYPE-1", "TYPE"):
        with pytest.raises(WireFault):
            rtype_number(text)


def test_the_build_says_what_it_is() -> None:
    info = build_info()
    assert set(info) == {"profile", "version", "commit", "features"}
    assert info["profile"] in {"release", "debug"}
    assert info["commit"] == "unknown" or set(info["commit"]) <= set("0123456789abcdef")
