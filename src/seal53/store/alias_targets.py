"""Where aliases lead that leave their zone, what was found there, and which names their contents came from.

One row in `alias_targets` for each such alias: a name in another hosted zone, or one of an AWS service, with
what was found when it was looked up last. Rows in `alias_paths` lead back: from a name whose record sets went
into an alias's content to that alias. Not for: what the content is (`services.route53.written`), or when to
look (`reconcile.aliases`). Times are UTC seconds.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam, func, insert, select, update
from sqlalchemy import Row as SqlRow
from sqlalchemy import delete as delete_from

from seal53.core import Name, RecordSet, decode_put, encode_put, rtype_text
from seal53.store.engine import Statement, Tx
from seal53.store.portions import portions
from seal53.store.records import Key
from seal53.store.schema import alias_paths, alias_targets, record_sets
from seal53.zones.listing import sort_key

Place = tuple[str, Name]
"""A hosted zone's id and a name in it."""

TABLE = alias_targets.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of an AWS service's name.

    Shape: `rdatas` None: nothing that may be served; (): proven that there is none of the type. `failing_at`:
    since when looking it up has failed, with the reason in `failure`. `look_at`: when to look again.
    """

    rdatas: tuple[bytes, ...] | None = None
    found_at: int | None = None
    failing_at: int | None = None
    failure: str | None = None
    look_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwardAlias:
    """An alias whose target lies outside of its zone. `target_zone_id` None: `target` is an AWS service's."""

    zone_id: str
    owner: Name
    type: str
    set_id: str
    target_zone_id: str | None
    target: Name
    found: Found | None = None

    @property
    def place(self) -> Place:
        return self.zone_id, self.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A name and type of an AWS service that aliases point at."""

    target: Name
    type: str
    found: Found


# --- rows of aliases


def put(tx: Tx, aliases: Sequence[OutwardAlias]) -> None:
    """Writes rows; one with the same key is replaced, with its paths."""
    for alias in aliases:
        key = (alias.owner, alias.type, alias.set_id)
        _drop(tx, alias.zone_id, [key])
    if aliases:
        tx.execute(insert(alias_targets), [_values(alias) for alias in aliases])


def delete(tx: Tx, zone_id: str, keys: Sequence[Key]) -> None:
    """Removes the rows of these record sets, with their paths; one that is not there is passed over."""
    _drop(tx, zone_id, [(owner, rtype_text(rtype), set_id) for owner, rtype, set_id in keys])


def at(tx: Tx, zone_id: str, owner: Name, type: str) -> dict[str, OutwardAlias]:
    """Those of one name and type, by set identifier."""
    rows = tx.execute(
        select(alias_targets).where(
            alias_targets.c.zone_id == zone_id,
            alias_targets.c.sort_key == sort_key(owner),
            alias_targets.c.type == type,
        )
    )
    return {row.set_id: _alias(row) for row in rows}


def of_service_name(tx: Tx, target: Name, type: str) -> list[OutwardAlias]:
    """The aliases of this type that point at an AWS service's name."""
    rows = tx.execute(
        select(alias_targets)
        .where(_is_service(target), alias_targets.c.type == type)
        .order_by(alias_targets.c.zone_id, alias_targets.c.sort_key, alias_targets.c.set_id)
    )
    return [_alias(row) for row in rows]


# --- paths: which aliases are made of a name's record sets


_ITS_PATHS = and_(
    alias_paths.c.zone_id == bindparam("its_zone"),
    alias_paths.c.sort_key == bindparam("its_sort_key"),
    alias_paths.c.type == bindparam("its_type"),
    alias_paths.c.set_id == bindparam("its_set_id"),
)
_its_paths = Statement(select(alias_paths.c.via_zone_id, alias_paths.c.via_name).where(_ITS_PATHS))
_drop_its_paths = Statement(delete_from(alias_paths).where(_ITS_PATHS))


def set_paths(tx: Tx, alias: OutwardAlias, places: Collection[Place]) -> None:
    """The names that its content came from, instead of those before."""
    its = _its(alias)
    wanted = {(zone_id, name.lower().to_wire()) for zone_id, name in places}
    if wanted == set(_its_paths.rows(tx, **its)):
        return
    _drop_its_paths.run(tx, **its)
    if wanted:
        key = {
            "zone_id": alias.zone_id,
            "sort_key": sort_key(alias.owner),
            "type": alias.type,
            "set_id": alias.set_id,
        }
        tx.execute(
            insert(alias_paths),
            [{**key, "via_zone_id": zone_id, "via_name": name} for zone_id, name in sorted(wanted)],
        )


_THROUGH = (
    select(alias_targets, alias_paths.c.via_name)
    .join_from(
        alias_paths,
        alias_targets,
        and_(
            alias_paths.c.zone_id == alias_targets.c.zone_id,
            alias_paths.c.sort_key == alias_targets.c.sort_key,
            alias_paths.c.type == alias_targets.c.type,
            alias_paths.c.set_id == alias_targets.c.set_id,
        ),
    )
    .where(alias_paths.c.via_zone_id == bindparam("via_zone"))
)
_any_through = Statement(
    select(alias_paths.c.via_name).where(alias_paths.c.via_zone_id == bindparam("via_zone")).limit(1)
)
_any_through_one = Statement(
    select(alias_paths.c.via_name)
    .where(
        alias_paths.c.via_zone_id == bindparam("via_zone"), alias_paths.c.via_name == bindparam("via_name")
    )
    .limit(1)
)


def through(tx: Tx, zone_id: str, touched: Iterable[tuple[Name, str]]) -> list[OutwardAlias]:
    """The aliases, of any zone, whose content came from one of these names and is of its type.

    One prepared, indexed statement when there is none.
    """
    wanted = {(name.lower().to_wire(), type) for name, type in touched}
    wires = sorted({wire for wire, _ in wanted})
    if len(wires) == 1:
        known = _any_through_one.first(tx, via_zone=zone_id, via_name=wires[0])
    else:
        known = _any_through.first(tx, via_zone=zone_id)
    if known is None:
        return []
    rows: list[SqlRow[tuple[object, ...]]] = []
    for some in portions(wires):
        query = _THROUGH.where(alias_paths.c.via_name.in_(some))
        rows.extend(tx.execute(query, {"via_zone": zone_id}))
    return _each_once(row for row in rows if (row.via_name, row.type) in wanted)


# --- contents


_ITS_RECORD_SET = and_(
    record_sets.c.zone_id == bindparam("its_zone"),
    record_sets.c.sort_key == bindparam("its_sort_key"),
    record_sets.c.type == bindparam("its_type"),
    record_sets.c.set_id == bindparam("its_set_id"),
)
_its_item = Statement(select(record_sets.c.item).where(_ITS_RECORD_SET))
_rewrite_its_item = Statement(update(record_sets).where(_ITS_RECORD_SET).values(item=bindparam("its_item")))


def content(tx: Tx, alias: OutwardAlias) -> RecordSet | None:
    """The record set as name servers have it."""
    item: bytes | None = _its_item.value(tx, **_its(alias))
    return None if item is None else decode_put(item)


def rewrite(tx: Tx, alias: OutwardAlias, record: RecordSet) -> None:
    """Gives the record set another content; what the API returns of it stays."""
    _rewrite_its_item.run(tx, its_item=encode_put(record), **_its(alias))


# --- names of AWS services


def known(tx: Tx, target: Name, type: str) -> Found | None:
    """What some alias has found of a service's name; None when no alias points there."""
    row = tx.execute(
        select(alias_targets).where(_is_service(target), alias_targets.c.type == type).limit(1)
    ).first()
    return None if row is None else _alias(row).found


def due(tx: Tx, now: int, most: int) -> list[Sought]:
    """Names to look up by `now`, each once, the longest overdue first; from at most `most` aliases."""
    rows = tx.execute(
        select(alias_targets)
        .where(alias_targets.c.target_zone_id.is_(None), alias_targets.c.look_at <= now)
        .order_by(alias_targets.c.look_at, alias_targets.c.target_name, alias_targets.c.type)
        .limit(most)
    )
    found: dict[tuple[bytes, str], Sought] = {}
    for row in rows:
        if (row.target_name, row.type) not in found:
            alias = _alias(row)
            its = Sought(target=alias.target, type=alias.type, found=alias.found or Found())
            found[row.target_name, row.type] = its
    return list(found.values())


def next_look_at(tx: Tx) -> int | None:
    """When the next name is to be looked up; None when no alias points at an AWS service."""
    at: int | None = tx.execute(
        select(func.min(alias_targets.c.look_at)).where(alias_targets.c.target_zone_id.is_(None))
    ).scalar()
    return at


def learn(tx: Tx, target: Name, type: str, found: Found) -> None:
    """Keeps what was found of a service's name with every alias that points there."""
    tx.execute(
        update(alias_targets)
        .where(_is_service(target), alias_targets.c.type == type)
        .values(**_found_values(found))
    )


def put_off(tx: Tx, target: Name, type: str, found: Found) -> None:
    """Keeps that a name was looked up and when to look again, where what it is answered with is the same.

    An alias that was made meanwhile, and knows nothing yet, stays due.
    """
    values = _found_values(found)
    rdatas = values.pop("rdatas")
    tx.execute(
        update(alias_targets)
        .where(
            _is_service(target),
            alias_targets.c.type == type,
            alias_targets.c.rdatas.is_not_distinct_from(rdatas),
        )
        .values(**values)
    )


# --- between rows and values


def _drop(tx: Tx, zone_id: str, keys: Sequence[tuple[Name, str, str]]) -> None:
    if not keys:
        return
    places = [
        {"its_sort_key": sort_key(owner), "its_type": type, "its_set_id": set_id}
        for owner, type, set_id in keys
    ]
    for table in (alias_targets, alias_paths):
        tx.execute(
            delete_from(table).where(
                table.c.zone_id == zone_id,
                table.c.sort_key == bindparam("its_sort_key"),
                table.c.type == bindparam("its_type"),
                table.c.set_id == bindparam("its_set_id"),
            ),
            places,
        )


def _its(alias: OutwardAlias) -> dict[str, object]:
    """The key of its record set and of its paths, for prepared statements."""
    return {
        "its_zone": alias.zone_id,
        "its_sort_key": sort_key(alias.owner),
        "its_type": alias.type,
        "its_set_id": alias.set_id,
    }


def _is_service(target: Name) -> ColumnElement[bool]:
    return and_(
        alias_targets.c.target_zone_id.is_(None), alias_targets.c.target_name == target.lower().to_wire()
    )


def _values(alias: OutwardAlias) -> dict[str, object]:
    return {
        "zone_id": alias.zone_id,
        "sort_key": sort_key(alias.owner),
        "type": alias.type,
        "set_id": alias.set_id,
        "owner": alias.owner.lower().to_wire(),
        "target_zone_id": alias.target_zone_id,
        "target_name": alias.target.lower().to_wire(),
        **_found_values(alias.found),
    }


def _found_values(found: Found | None) -> dict[str, object]:
    if found is None:
        return dict.fromkeys(("rdatas", "found_at", "failed_at", "failure", "look_at"))
    return {
        "rdatas": None if found.rdatas is None else msgspec.msgpack.encode(found.rdatas),
        "found_at": found.found_at,
        "failed_at": found.failing_at,
        "failure": found.failure,
        "look_at": found.look_at,
    }


_decode_rdatas = msgspec.msgpack.Decoder(tuple[bytes, ...]).decode


def _alias(row: SqlRow[tuple[object, ...]]) -> OutwardAlias:
    found = None
    if row.target_zone_id is None:
        found = Found(
            rdatas=None if row.rdatas is None else _decode_rdatas(row.rdatas),
            found_at=row.found_at,
            failing_at=row.failed_at,
            failure=row.failure,
            look_at=row.look_at or 0,
        )
    return OutwardAlias(
        zone_id=row.zone_id,
        owner=Name.from_wire(row.owner),
        type=row.type,
        set_id=row.set_id,
        target_zone_id=row.target_zone_id,
        target=Name.from_wire(row.target_name),
        found=found,
    )


def _each_once(rows: Iterable[SqlRow[tuple[object, ...]]]) -> list[OutwardAlias]:
    return list({(row.zone_id, row.sort_key, row.type, row.set_id): _alias(row) for row in rows}.values())
