"""RRsets, record sets, edits and type numbers."""

import dns.rdatatype
import pytest

from seal53.core import Name, RecordSet, RRset, RrType, WireFault, build_info, decode_edit, encode_edit
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
    "octets", [b"", b"S53E\x02", encode_edit([], [])[:-1], encode_edit([], []) + b"\x00"]
)
def test_other_octets_are_no_edit(octets: bytes) -> None:
    with pytest.raises(WireFault):
        decode_edit(octets)


def test_a_record_set_has_records_or_an_alias() -> None:
    with pytest.raises(WireFault, match="neither"):
        RecordSet(APEX, RrType.A)
    with pytest.raises(WireFault, match="both"):
        RecordSet(APEX, RrType.A, rdatas=[b"\x01\x02\x03\x04"], alias=APEX)


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
