"""CIDR collections: blocks of client addresses, each at one location of its collection.

A location exists as long as a block has it. Blocks are in normal form (`zones.cidr`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Row, and_, bindparam, func, or_, select, update
from sqlalchemy import delete as delete_from

from seal53.base.ids import AccountId
from seal53.store.engine import Tx
from seal53.store.portions import portions
from seal53.store.schema import cidr_blocks, cidr_collections, record_references


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    id: str
    account_id: AccountId
    name: str
    caller_reference: str
    version: int = 1
    created_at: int


def get(tx: Tx, collection_id: str) -> Collection | None:
    """Whoever owns it."""
    row = tx.execute(select(cidr_collections).where(cidr_collections.c.id == collection_id)).one_or_none()
    return None if row is None else _collection(row)


def named(tx: Tx, account_id: str, name: str) -> Collection | None:
    row = tx.execute(
        select(cidr_collections).where(
            cidr_collections.c.account_id == account_id, cidr_collections.c.name == name
        )
    ).one_or_none()
    return None if row is None else _collection(row)


def with_reference(tx: Tx, account_id: str, caller_reference: str) -> Collection | None:
    row = tx.execute(
        select(cidr_collections).where(
            cidr_collections.c.account_id == account_id,
            cidr_collections.c.caller_reference == caller_reference,
        )
    ).one_or_none()
    return None if row is None else _collection(row)


def page(tx: Tx, account_id: str, *, start_id: str, limit: int) -> list[Collection]:
    """An account's collections by id from `start_id` on, at most `limit`."""
    query = select(cidr_collections).where(
        cidr_collections.c.account_id == account_id, cidr_collections.c.id >= start_id
    )
    return [_collection(row) for row in tx.execute(query.order_by(cidr_collections.c.id).limit(limit))]


def count_of(tx: Tx, account_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(cidr_collections).where(cidr_collections.c.account_id == account_id)
    ).scalar_one()


def insert(tx: Tx, collection: Collection) -> None:
    tx.execute(cidr_collections.insert().values(**asdict(collection)))


def delete(tx: Tx, collection_id: str) -> None:
    """With its blocks."""
    tx.execute(delete_from(cidr_collections).where(cidr_collections.c.id == collection_id))


def set_version(tx: Tx, collection_id: str, version: int) -> None:
    tx.execute(update(cidr_collections).where(cidr_collections.c.id == collection_id).values(version=version))


def locations(tx: Tx, collection_id: str, *, start: str = "", limit: int | None = None) -> list[str]:
    """The names of locations in order, from `start` on."""
    query = (
        select(cidr_blocks.c.location)
        .where(cidr_blocks.c.collection_id == collection_id, cidr_blocks.c.location >= start)
        .distinct()
        .order_by(cidr_blocks.c.location)
    )
    return list(tx.execute(query if limit is None else query.limit(limit)).scalars())


def has_location(tx: Tx, collection_id: str, location: str) -> bool:
    query = select(cidr_blocks.c.block).where(
        cidr_blocks.c.collection_id == collection_id, cidr_blocks.c.location == location
    )
    return tx.execute(query.limit(1)).first() is not None


def blocks(
    tx: Tx, collection_id: str, *, location: str | None, start: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """(location, block) in this order from `start` on, at most `limit`; of one location, or of all."""
    query = select(cidr_blocks.c.location, cidr_blocks.c.block).where(
        cidr_blocks.c.collection_id == collection_id,
        or_(
            cidr_blocks.c.location > start[0],
            and_(cidr_blocks.c.location == start[0], cidr_blocks.c.block >= start[1]),
        ),
    )
    if location is not None:
        query = query.where(cidr_blocks.c.location == location)
    rows = tx.execute(query.order_by(cidr_blocks.c.location, cidr_blocks.c.block).limit(limit))
    return [(row.location, row.block) for row in rows]


def located(tx: Tx, collection_id: str, wanted: Iterable[str]) -> dict[str, str]:
    """Location by block, of those of the wanted blocks that are there."""
    found: dict[str, str] = {}
    for some in portions(sorted(set(wanted))):
        rows = tx.execute(
            select(cidr_blocks.c.block, cidr_blocks.c.location).where(
                cidr_blocks.c.collection_id == collection_id, cidr_blocks.c.block.in_(some)
            )
        )
        found.update((row.block, row.location) for row in rows)
    return found


def count_blocks(tx: Tx, collection_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(cidr_blocks).where(cidr_blocks.c.collection_id == collection_id)
    ).scalar_one()


def put_blocks(tx: Tx, collection_id: str, added: Sequence[tuple[str, str]]) -> None:
    """Adds (block, location)s that are not there."""
    if added:
        tx.execute(
            cidr_blocks.insert(),
            [
                {"collection_id": collection_id, "block": block, "location": location}
                for block, location in added
            ],
        )


def remove_blocks(tx: Tx, collection_id: str, removed: Sequence[str]) -> None:
    if removed:
        tx.execute(
            delete_from(cidr_blocks).where(
                cidr_blocks.c.collection_id == collection_id, cidr_blocks.c.block == bindparam("its_block")
            ),
            [{"its_block": block} for block in removed],
        )


def is_referenced(tx: Tx, collection_id: str) -> bool:
    """Whether a record set, of any zone, is chosen by a location of this collection."""
    # targets are "collection/location"; "0" is the octet after "/"
    query = select(record_references.c.target).where(
        record_references.c.kind == "cidr",
        record_references.c.target >= f"{collection_id}/",
        record_references.c.target < f"{collection_id}0",
    )
    return tx.execute(query.limit(1)).first() is not None


def every_block(tx: Tx) -> dict[str, dict[str, list[str]]]:
    """Blocks by location by collection id, of all accounts; a collection may be empty."""
    found: dict[str, dict[str, list[str]]] = {
        collection_id: {} for collection_id in tx.execute(select(cidr_collections.c.id)).scalars()
    }
    for row in tx.execute(select(cidr_blocks).order_by(cidr_blocks.c.collection_id, cidr_blocks.c.block)):
        found[row.collection_id].setdefault(row.location, []).append(row.block)
    return found


def _collection(row: Row[tuple[object, ...]]) -> Collection:
    return Collection(**row._mapping)
