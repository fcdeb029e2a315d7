"""Protected record sets: a name and a type in a hosted zone whose record sets must not be changed.

A protection may exist before any record set that it protects. Not for: what a protection refuses, which
change batches and the deletion of a zone decide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy import delete as delete_from

from seal53.core import Name
from seal53.store.engine import Statement, Tx
from seal53.store.portions import portions
from seal53.store.schema import record_protections
from seal53.zones.listing import Position, sort_key

Key = tuple[Name, str]
"""Owner and the type's mnemonic."""

_any = Statement(
    select(record_protections.c.type).where(record_protections.c.zone_id == bindparam("zone")).limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    owner: Name
    type: str
    comment: str | None = None

    @property
    def key(self) -> Key:
        return self.owner, self.type


def at(tx: Tx, zone_id: str, owners: Iterable[Name]) -> dict[Key, str | None]:
    """The comments of what is protected at these owners; a protection without one has None."""
    if not exist(tx, zone_id):  # as in most zones
        return {}
    found: dict[Key, str | None] = {}
    for places in portions(sorted({sort_key(owner) for owner in owners})):
        rows = tx.execute(
            select(record_protections.c.owner, record_protections.c.type, record_protections.c.comment).where(
                record_protections.c.zone_id == zone_id, record_protections.c.sort_key.in_(places)
            )
        )
        found |= {(Name.from_wire(row.owner), row.type): row.comment for row in rows}
    return found


def exist(tx: Tx, zone_id: str) -> bool:
    """Whether anything of the zone is protected."""
    return _any.first(tx, zone=zone_id) is not None


def count(tx: Tx, zone_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(record_protections).where(record_protections.c.zone_id == zone_id)
    ).scalar_one()


def page(tx: Tx, zone_id: str, start: Position | None, limit: int) -> list[Protection]:
    """At most `limit` protections in listing order, from `start` (taken or not) on."""
    query = select(record_protections).where(record_protections.c.zone_id == zone_id)
    if start is not None:
        name_key, rtype, _ = start.key
        query = query.where(
            tuple_(record_protections.c.sort_key, record_protections.c.type) >= tuple_(name_key, rtype)
        )
    rows = tx.execute(query.order_by(record_protections.c.sort_key, record_protections.c.type).limit(limit))
    return [Protection(owner=Name.from_wire(row.owner), type=row.type, comment=row.comment) for row in rows]


def insert(tx: Tx, zone_id: str, protections: Sequence[Protection], now: int) -> None:
    """Adds protections that are not there yet."""
    if not protections:
        return
    tx.execute(
        record_protections.insert(),
        [
            {
                "zone_id": zone_id,
                "sort_key": sort_key(protection.owner),
                "type": protection.type,
                "owner": protection.owner.lower().to_wire(),
                "comment": protection.comment,
                "created_at": now,
            }
            for protection in protections
        ],
    )


def delete(tx: Tx, zone_id: str, keys: Sequence[Key]) -> None:
    """Removes protections; one that is not there is passed over."""
    if not keys:
        return
    tx.execute(
        delete_from(record_protections).where(
            record_protections.c.zone_id == zone_id,
            record_protections.c.sort_key == bindparam("its_sort_key"),
            record_protections.c.type == bindparam("its_type"),
        ),
        [{"its_sort_key": sort_key(owner), "its_type": rtype} for owner, rtype in keys],
    )
