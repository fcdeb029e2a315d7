"""Rows of record sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seal53.base.ids import HostedZoneId
from seal53.core import Name, RecordSet
from seal53.store import Store, Tx, records, zones
from seal53.store.records import StoredSet
from seal53.store.zones import HostedZone
from seal53.zones import names
from seal53.zones.listing import Position


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Tx]:
    store = Store(tmp_path / "store.db")
    store.open()
    with store.write() as tx:
        for zone_id in ("Z1", "Z2"):
            zones.insert(
                tx,
                HostedZone(
                    id=HostedZoneId(zone_id),
                    account_id=None,
                    kind="tld",
                    name=Name.parse("example."),
                    caller_reference=zone_id,
                    created_at=1,
                ),
            )
        yield tx
    store.close()


def a(name: str, last: int = 1, *, set_id: str = "") -> StoredSet:
    record = RecordSet(names.parse(name), 1, set_id, ttl=60, rdatas=[bytes([192, 0, 2, last])])
    return StoredSet(record=record, type="A", shape={"Name": name, "n": last})


def shown(sets: list[StoredSet]) -> list[str]:
    return [names.show(held.record.owner) for held in sets]


def test_a_record_set_comes_back_as_it_went_in(tx: Tx) -> None:
    records.put(tx, "Z1", [a("WWW.example", 7)])
    (held,) = records.at(tx, "Z1", Name.parse("www.EXAMPLE."))
    assert held.record.rdatas == (bytes([192, 0, 2, 7]),)
    assert (held.record.ttl, held.type, held.shape) == (60, "A", {"Name": "WWW.example", "n": 7})
    assert held.key == (Name.parse("www.example."), 1, "")
    assert records.at(tx, "Z2", Name.parse("www.example.")) == []


def test_an_alias_has_no_ttl_and_a_target(tx: Tx) -> None:
    record = RecordSet(Name.parse("example."), 28, alias=Name.parse("www.example."))
    records.put(tx, "Z1", [StoredSet(record=record, type="AAAA", shape={})])
    (held,) = records.at(tx, "Z1", Name.parse("example."))
    assert held.record.alias == Name.parse("www.example.")
    assert held.record.rdatas == ()


def test_a_put_replaces_the_same_key_alone(tx: Tx) -> None:
    records.put(tx, "Z1", [a("x.example", 1), a("x.example", 2, set_id="blue")])
    records.put(tx, "Z1", [a("x.example", 3)])
    held = records.at(tx, "Z1", Name.parse("x.example."))
    assert [(one.record.set_id, one.shape["n"]) for one in held] == [("", 3), ("blue", 2)]


def test_a_deletion_takes_the_keys_that_are_there(tx: Tx) -> None:
    records.put(tx, "Z1", [a("x.example"), a("y.example"), a("y.example", set_id="blue")])
    records.delete(tx, "Z1", [a("Y.example").key, a("nothing.example").key])
    assert [held.key[2] for held in records.every(tx, "Z1")] == ["", "blue"]
    records.delete(tx, "Z1", [])
    assert records.count(tx, "Z1") == 2


def test_keys_are_looked_up_each_once(tx: Tx) -> None:
    records.put(tx, "Z1", [a("x.example"), a("x.example", set_id="blue"), a("y.example")])
    wanted = [a("x.example").key, a("y.example").key, a("y.example").key, a("z.example").key]
    assert shown(records.by_keys(tx, "Z1", wanted)) == ["x.example.", "y.example."]


def test_more_owners_than_one_statement_takes(tx: Tx) -> None:
    records.put(tx, "Z1", [a(f"h{n}.example") for n in range(1200)])
    found = records.at_owners(tx, "Z1", [Name.parse(f"h{n}.example.") for n in range(1200)])
    assert len({held.key for held in found}) == 1200


def test_names_whose_order_would_collide_are_two_rows(tx: Tx) -> None:
    records.put(tx, "Z1", [a("b.a.example", 1), a("a\\056b.example", 2)])
    assert records.count(tx, "Z1") == 2
    assert shown(list(records.every(tx, "Z1"))) == ["b.a.example.", "a\\056b.example."]


def test_pages_begin_at_a_place(tx: Tx) -> None:
    records.put(tx, "Z1", [a(f"{label}.example") for label in ("a", "a-b", "b", "x.a")])
    order = ["a-b.example.", "a.example.", "x.a.example.", "b.example."]
    assert shown(records.page(tx, "Z1", None, 10)) == order
    assert shown(records.page(tx, "Z1", None, 2)) == order[:2]
    assert shown(records.page(tx, "Z1", Position(name=Name.parse("a.example.")), 10)) == order[1:]
    after = Position(name=Name.parse("a.example."), type="AAAA")
    assert shown(records.page(tx, "Z1", after, 10)) == order[2:]
