"""The contents of hosted zones: one row per record set, keyed by owner, type and set identifier.

Each row has the wire form (what name servers get) and the API's shape (returned by lists as it was given).
Touching few owners of a large zone reads and writes those rows alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, and_, bindparam, func, select, tuple_, update
from sqlalchemy import delete as delete_from

from seal53.core import Name, RecordSet, decode_edit, encode_edit
from seal53.store.engine import Tx
from seal53.store.schema import hosted_zones, record_sets
from seal53.zones.listing import Position, sort_key

Key = tuple[Name, int, str]
"""Owner, type number, set identifier ("" when there is none)."""

_OWNERS_AT_ONCE = 500  # no standard says; well below SQLite's limit of parameters


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
    return at_owners(tx, zone_id, [owner])


def at_owners(tx: Tx, zone_id: str, owners: Iterable[Name]) -> list[StoredSet]:
    """All record sets of these owners, owners in no particular order, each owner's sets in listing order."""
    wires = sorted({owner.lower().to_wire() for owner in owners})
    found: list[StoredSet] = []
    for i in range(0, len(wires), _OWNERS_AT_ONCE):
        rows = tx.execute(
            select(record_sets)
            .where(record_sets.c.zone_id == zone_id, record_sets.c.owner.in_(wires[i : i + _OWNERS_AT_ONCE]))
            .order_by(record_sets.c.sort_key, record_sets.c.type, record_sets.c.set_id)
        )
        found.extend(map(_stored, rows))
    return found


def every(tx: Tx, zone_id: str) -> Iterator[StoredSet]:
    """The whole zone in listing order, row by row; read it to its end inside the transaction."""
    rows = tx.execute(
        select(record_sets)
        .where(record_sets.c.zone_id == zone_id)
        .order_by(record_sets.c.sort_key, record_sets.c.type, record_sets.c.set_id)
        .execution_options(yield_per=1000)
    )
    return map(_stored, rows)


def page(tx: Tx, zone_id: str, start: Position | None, limit: int) -> list[StoredSet]:
    """At most `limit` record sets in listing order, from `start` (taken or not) on."""
    query = select(record_sets).where(record_sets.c.zone_id == zone_id)
    if start is not None:
        place = tuple_(record_sets.c.sort_key, record_sets.c.type, record_sets.c.set_id)
        query = query.where(place >= tuple_(*start.key))
    rows = tx.execute(
        query.order_by(record_sets.c.sort_key, record_sets.c.type, record_sets.c.set_id).limit(limit)
    )
    return [_stored(row) for row in rows]


def count(tx: Tx, zone_id: str) -> int:
    """How many record sets the zone has; 0 for a zone that is not there."""
    found: int | None = tx.execute(
        select(hosted_zones.c.record_count).where(hosted_zones.c.id == zone_id)
    ).scalar()
    return found or 0


def put(tx: Tx, zone_id: str, sets: Sequence[StoredSet]) -> None:
    """Writes record sets; one with the same key is replaced. The zone's count follows."""
    if not sets:
        return
    keys = [
        {
            "its_sort_key": stored.position.key[0],
            "its_type": stored.type,
            "its_set_id": stored.record.set_id,
        }
        for stored in sets
    ]
    replaced = tx.execute(
        delete_from(record_sets).where(
            record_sets.c.zone_id == zone_id,
            record_sets.c.sort_key == bindparam("its_sort_key"),
            record_sets.c.type == bindparam("its_type"),
            record_sets.c.set_id == bindparam("its_set_id"),
        ),
        keys,
    ).rowcount
    tx.execute(record_sets.insert(), [_values(zone_id, stored) for stored in sets])
    _count(tx, zone_id, len(sets) - replaced)


def delete(tx: Tx, zone_id: str, keys: Sequence[Key]) -> None:
    """Removes the record sets of these keys; a key that is not there is passed over."""
    if not keys:
        return
    statement = delete_from(record_sets).where(
        record_sets.c.zone_id == zone_id,
        record_sets.c.owner == bindparam("its_owner"),
        record_sets.c.rtype == bindparam("its_rtype"),
        record_sets.c.set_id == bindparam("its_set_id"),
    )
    gone = tx.execute(
        statement,
        [
            {"its_owner": owner.lower().to_wire(), "its_rtype": rtype, "its_set_id": set_id}
            for owner, rtype, set_id in keys
        ],
    ).rowcount
    _count(tx, zone_id, -gone)


def _count(tx: Tx, zone_id: str, more: int) -> None:
    if more:
        tx.execute(
            update(hosted_zones)
            .where(hosted_zones.c.id == zone_id)
            .values(record_count=hosted_zones.c.record_count + more)
        )


def by_keys(tx: Tx, zone_id: str, keys: Sequence[Key]) -> list[StoredSet]:
    """The record sets of these keys, each once, without those that are not there."""
    wanted = set(keys)
    return [found for found in at_owners(tx, zone_id, {key[0] for key in wanted}) if found.key in wanted]


def count_beside(tx: Tx, zone_id: str, *, apex: Name, types: Sequence[str]) -> int:
    """How many record sets there are besides the apex's of these types."""
    default = and_(record_sets.c.owner == apex.lower().to_wire(), record_sets.c.type.in_(types))
    return tx.execute(
        select(func.count()).select_from(record_sets).where(record_sets.c.zone_id == zone_id, ~default)
    ).scalar_one()


def _values(zone_id: str, stored: StoredSet) -> dict[str, object]:
    record = stored.record
    return {
        "zone_id": zone_id,
        "sort_key": sort_key(record.owner),
        "type": stored.type,
        "set_id": record.set_id,
        "owner": record.owner.lower().to_wire(),
        "rtype": record.rtype,
        "item": encode_edit([record], []),
        "shape": msgspec.json.encode(stored.shape).decode(),
    }


_decode_shape = msgspec.json.Decoder(dict[str, Any]).decode


def _stored(row: Row[tuple[object, ...]]) -> StoredSet:
    ((record,), _) = decode_edit(row.item)
    return StoredSet(record=record, type=row.type, shape=_decode_shape(row.shape))
