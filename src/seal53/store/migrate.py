"""From the schema of an older version to this one, in place and in the transaction of the opening.

Every table is put aside under another name, made anew, filled and dropped, so that a migrated database has
exactly the schema of a fresh one. Portable SQL alone. Limits: one step, from version 1; the file grows for
the time of it.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import DDL, Connection, MetaData, Table, func, select, update

from seal53.core import Name, RecordSet, encode_put
from seal53.store.schema import SCHEMA_VERSION, hosted_zones, meta, metadata, record_sets

FROM = "1"
_ASIDE = "v1_"
_AT_ONCE = 1000

_rdatas = msgspec.msgpack.Decoder(list[bytes]).decode


def run(tx: Connection) -> None:
    """Version 1 becomes the current one; what it holds stays."""
    old = MetaData()
    old.reflect(tx)
    kept = metadata.tables.keys() - {meta.name}
    tables = [table for table in old.sorted_tables if table.name in kept]
    for table in tables:
        for index in table.indexes:
            index.drop(tx)
        tx.execute(
            DDL(  # type: ignore[no-untyped-call]
                f'ALTER TABLE "{table.name}" RENAME TO "{_ASIDE}{table.name}"'
            )
        )
    metadata.create_all(tx)
    aside = MetaData()
    aside.reflect(tx, only=[_ASIDE + table.name for table in tables])
    for table in tables:
        _copy(tx, aside.tables[_ASIDE + table.name], metadata.tables[table.name])
    count = select(func.count()).where(record_sets.c.zone_id == hosted_zones.c.id).scalar_subquery()
    tx.execute(update(hosted_zones).values(record_count=count))
    for table in reversed(tables):
        aside.tables[_ASIDE + table.name].drop(tx)
    tx.execute(update(meta).where(meta.c.key == "schema").values(value=str(SCHEMA_VERSION)))


def _copy(tx: Connection, old: Table, new: Table) -> None:
    if new is record_sets:
        for some in _record_sets(tx, old):
            tx.execute(new.insert(), some)
        return
    names = [column.name for column in old.columns if column.name in new.columns]
    tx.execute(new.insert().from_select(names, select(*(old.c[name] for name in names))))


def _record_sets(tx: Connection, old: Table) -> Iterator[list[dict[str, Any]]]:
    """Version 1 had TTL, RDATAs and alias in columns of their own."""
    rows = tx.execute(select(old).execution_options(yield_per=_AT_ONCE))
    for some in rows.partitions():
        yield [
            {
                "zone_id": row.zone_id,
                "sort_key": row.sort_key,
                "type": row.type,
                "set_id": row.set_id,
                "owner": row.owner,
                "rtype": row.rtype,
                "item": encode_put(_record(row)),
                "shape": row.shape,
            }
            for row in some
        ]


def _record(row: Any) -> RecordSet:
    owner = Name.from_wire(row.owner)
    if row.alias is not None:
        return RecordSet(owner, row.rtype, row.set_id, alias=Name.from_wire(row.alias))
    return RecordSet(owner, row.rtype, row.set_id, ttl=row.ttl, rdatas=_rdatas(row.rdatas))
