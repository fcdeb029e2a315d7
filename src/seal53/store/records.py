"""The contents of hosted zones: one row per record set, in listing order within its zone.

Each row has the put that name servers get and the API's shape (returned by lists as it was given). Touching
few owners of a large zone reads and writes those rows alone: an owner is found by its place in the listing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Integer, and_, bindparam, insert, select, tuple_, update
from sqlalchemy import delete as delete_from

from seal53.core import Name, RecordSet, decode_put, encode_put, rtype_text
from seal53.store.engine import Row, Statement, Tx
from seal53.store.schema import hosted_zones, record_sets
from seal53.zones.listing import Position, sort_key

Key = tuple[Name, int, str]
"""Owner, type number, set identifier ("" when there is none)."""

_AT_ONCE = 50  # owners that one statement asks for; the last one fills up

_t = record_sets.c
_PLACE = (_t.sort_key, _t.type, _t.set_id)
_COLUMNS = (_t.item, _t.type, _t.shape)
_IN_ZONE = _t.zone_id == bindparam("zone")
_AT_PLACE = and_(
    _IN_ZONE, _t.sort_key == bindparam("place"), _t.type == bindparam("its"), _t.set_id == bindparam("set")
)
_SOME = _t.sort_key.in_([bindparam(f"k{n}") for n in range(_AT_ONCE)])
_FROM = tuple_(*_PLACE) >= tuple_(bindparam("place"), bindparam("its"), bindparam("set"))

_at_one = Statement(select(*_COLUMNS).where(_IN_ZONE, _t.sort_key == bindparam("k0")).order_by(*_PLACE))
_at_some = Statement(select(*_COLUMNS).where(_IN_ZONE, _SOME).order_by(*_PLACE))
_keys_at_one = Statement(select(*_PLACE).where(_IN_ZONE, _t.sort_key == bindparam("k0")))
_keys_at_some = Statement(select(*_PLACE).where(_IN_ZONE, _SOME))
_items_at_one = Statement(
    select(_t.item, _t.rtype).where(_IN_ZONE, _t.sort_key == bindparam("k0")).order_by(*_PLACE)
)
_items_at_some = Statement(select(_t.item, _t.rtype).where(_IN_ZONE, _SOME).order_by(*_PLACE))
_all = Statement(select(*_COLUMNS).where(_IN_ZONE).order_by(*_PLACE))
_items = Statement(select(_t.item).where(_IN_ZONE))
_page = Statement(
    select(*_COLUMNS).where(_IN_ZONE, _FROM).order_by(*_PLACE).limit(bindparam("most", type_=Integer))
)
_shapes = Statement(
    select(_t.shape, _t.owner, _t.type, _t.set_id)
    .where(_IN_ZONE, _FROM)
    .order_by(*_PLACE)
    .limit(bindparam("most", type_=Integer))
)
_count = Statement(select(hosted_zones.c.record_count).where(hosted_zones.c.id == bindparam("zone")))
_insert = Statement(insert(record_sets).values({c.name: bindparam(c.name) for c in record_sets.c}))
_delete = Statement(delete_from(record_sets).where(_AT_PLACE))
_add_to_count = Statement(
    update(hosted_zones)
    .where(hosted_zones.c.id == bindparam("zone"))
    .values(record_count=hosted_zones.c.record_count + bindparam("more", type_=Integer))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSet:
    """A record set with its type's mnemonic and the API's ResourceRecordSet (JSON-able)."""

    record: RecordSet
    type: str
    shape: dict[str, Any]

    @property
    def key(self) -> Key:
        return self.record.owner, self.record.rtype, self.record.set_id

    @property
    def position(self) -> Position:
        return Position(name=self.record.owner, type=self.type, set_id=self.record.set_id)


def at(tx: Tx, zone_id: str, owner: Name) -> list[StoredSet]:
    """All record sets of one owner, in listing order."""
    return [_stored(row) for row in _at_one.rows(tx, zone=zone_id, k0=sort_key(owner))]


def at_owners(tx: Tx, zone_id: str, owners: Iterable[Name]) -> list[StoredSet]:
    """All record sets of these owners, owners in no particular order, each owner's sets in listing order."""
    return [_stored(row) for row in _of_owners(tx, zone_id, owners, _at_one, _at_some)]


def items_at(tx: Tx, zone_id: str, owners: Iterable[Name]) -> list[tuple[bytes, int]]:
    """(put, type number) of all record sets of these owners, in the order of `at_owners`."""
    return [(item, rtype) for item, rtype in _of_owners(tx, zone_id, owners, _items_at_one, _items_at_some)]


def every(tx: Tx, zone_id: str) -> Iterator[StoredSet]:
    """The whole zone in listing order, row by row; read it to its end inside the transaction."""
    return map(_stored, _all.each(tx, zone=zone_id))


def every_item(tx: Tx, zone_id: str) -> list[bytes]:
    """The puts of the whole zone."""
    return [item for (item,) in _items.each(tx, zone=zone_id)]


def page(tx: Tx, zone_id: str, start: Position | None, limit: int) -> list[StoredSet]:
    """At most `limit` record sets in listing order, from `start` (taken or not) on."""
    return [_stored(row) for row in _from(tx, _page, zone_id, start, limit)]


def shapes(
    tx: Tx, zone_id: str, start: Position | None, limit: int
) -> tuple[list[dict[str, Any]], Position | None]:
    """As `page`, the API's shapes alone, and the place after them when there is more."""
    found = _from(tx, _shapes, zone_id, start, limit + 1)
    following = None
    if len(found) > limit:
        _, owner, rtype, set_id = found.pop()
        following = Position(name=Name.from_wire(owner), type=rtype, set_id=set_id)
    return [_decode_shape(shape) for shape, *_ in found], following


def count(tx: Tx, zone_id: str) -> int:
    """How many record sets the zone has; 0 for a zone that is not there."""
    return _count.value(tx, zone=zone_id) or 0


def put(tx: Tx, zone_id: str, sets: Sequence[StoredSet], *, replaced: Collection[Key] | None = None) -> None:
    """Writes record sets; one with the same key is replaced. The zone's count follows.

    `replaced` are the keys among them that are there already, from one who has looked in this transaction.
    """
    if not sets:
        return
    rows = [_values(zone_id, stored) for stored in sets]
    if replaced is None:
        owners = {stored.record.owner for stored in sets}
        there = set(_of_owners(tx, zone_id, owners, _keys_at_one, _keys_at_some))
        old = [row for row in rows if (row["sort_key"], row["type"], row["set_id"]) in there]
    else:
        old = [row for row, stored in zip(rows, sets, strict=True) if stored.key in replaced]
    if old:
        _delete_at(tx, zone_id, [(row["sort_key"], row["type"], row["set_id"]) for row in old])
    _insert.run_for(tx, rows)
    _add(tx, zone_id, len(sets) - len(old))


def delete(tx: Tx, zone_id: str, keys: Sequence[Key]) -> None:
    """Removes the record sets of these keys; a key that is not there is passed over."""
    if keys:
        places = [(sort_key(owner), rtype_text(rtype), set_id) for owner, rtype, set_id in keys]
        _add(tx, zone_id, -_delete_at(tx, zone_id, places))


def by_keys(tx: Tx, zone_id: str, keys: Sequence[Key]) -> list[StoredSet]:
    """The record sets of these keys, each once, without those that are not there."""
    wanted = set(keys)
    return [found for found in at_owners(tx, zone_id, {key[0] for key in wanted}) if found.key in wanted]


def _of_owners(
    tx: Tx, zone_id: str, owners: Iterable[Name], at_one: Statement, at_some: Statement
) -> list[Row]:
    places = sorted({sort_key(owner) for owner in owners})
    if len(places) == 1:
        return at_one.rows(tx, zone=zone_id, k0=places[0])
    found: list[Row] = []
    for i in range(0, len(places), _AT_ONCE):
        some = places[i : i + _AT_ONCE]
        some += some[-1:] * (_AT_ONCE - len(some))
        found += at_some.rows(tx, zone=zone_id, **{f"k{n}": place for n, place in enumerate(some)})
    return found


def _from(tx: Tx, statement: Statement, zone_id: str, start: Position | None, limit: int) -> list[Row]:
    place, rtype, set_id = (b"", "", "") if start is None else start.key
    return statement.rows(tx, zone=zone_id, place=place, its=rtype, set=set_id, most=limit)


def _delete_at(tx: Tx, zone_id: str, places: Iterable[tuple[object, object, object]]) -> int:
    return _delete.run_for(
        tx, [{"zone": zone_id, "place": place, "its": its, "set": set_id} for place, its, set_id in places]
    )


def _add(tx: Tx, zone_id: str, more: int) -> None:
    if more:
        _add_to_count.run(tx, zone=zone_id, more=more)


def _values(zone_id: str, stored: StoredSet) -> dict[str, object]:
    record = stored.record
    owner = record.owner
    return {
        "zone_id": zone_id,
        "sort_key": sort_key(owner),
        "type": stored.type,
        "set_id": record.set_id,
        "owner": owner.lower().to_wire(),
        "rtype": record.rtype,
        "item": encode_put(record),
        "shape": _encode_shape(stored.shape).decode(),
    }


_encode_shape = msgspec.json.Encoder().encode
_decode_shape = msgspec.json.Decoder(dict[str, Any]).decode


def _stored(row: Row) -> StoredSet:
    item, rtype, shape = row
    return StoredSet(record=decode_put(item), type=rtype, shape=_decode_shape(shape))
