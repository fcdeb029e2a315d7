"""What record sets refer to by an id: one row for each, so that nothing is deleted that is in use.

Kinds: `health` (a health check), `cidr` ("collection/location"). Not for: aliases (`alias_targets`); what
traffic policy instances made, whose rows `traffic` writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, insert
from sqlalchemy import delete as delete_from

from seal53.core import rtype_text
from seal53.store.engine import Statement, Tx
from seal53.store.records import Key
from seal53.store.schema import record_references
from seal53.zones.listing import sort_key

HEALTH, CIDR = "health", "cidr"

_t = record_references.c
_insert = Statement(
    insert(record_references).values({c.name: bindparam(c.name) for c in record_references.c})
)
_delete = Statement(
    delete_from(record_references).where(
        _t.zone_id == bindparam("zone"),
        _t.sort_key == bindparam("place"),
        _t.type == bindparam("its"),
        _t.set_id == bindparam("set"),
        _t.kind == bindparam("its_kind"),
    )
)


@dataclass(frozen=True, slots=True)
class Reference:
    """From a record set to what it refers to."""

    key: Key
    kind: str
    target: str


def put(tx: Tx, zone_id: str, references: Iterable[Reference]) -> None:
    """Writes references of record sets that have none of the kind."""
    rows = [
        {
            "zone_id": zone_id,
            "sort_key": sort_key(owner),
            "type": rtype_text(rtype),
            "set_id": set_id,
            "kind": reference.kind,
            "target": reference.target,
        }
        for reference in references
        for owner, rtype, set_id in (reference.key,)
    ]
    if rows:
        _insert.run_for(tx, rows)


def delete(tx: Tx, zone_id: str, keys: Iterable[Key]) -> None:
    """Removes the references of these record sets; one that has none is passed over."""
    places = [
        {"zone": zone_id, "place": sort_key(owner), "its": rtype_text(rtype), "set": set_id, "its_kind": kind}
        for owner, rtype, set_id in keys
        for kind in (HEALTH, CIDR)
    ]
    if places:
        _delete.run_for(tx, places)
