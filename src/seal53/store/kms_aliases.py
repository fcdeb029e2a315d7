"""Aliases of KMS keys: names that an account gives to its keys of one region, with "alias/" in front."""

from dataclasses import asdict, dataclass

from sqlalchemy import Row, func, select
from sqlalchemy import delete as delete_from
from sqlalchemy import update as update_rows

from seal53.store.engine import Tx
from seal53.store.schema import kms_aliases


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsAlias:
    """Times are UNIX seconds; `updated_at` is when it was pointed at its key."""

    account_id: str
    region: str
    name: str
    key_id: str
    created_at: int
    updated_at: int


def get(tx: Tx, account_id: str, region: str, name: str) -> KmsAlias | None:
    row = tx.execute(
        select(kms_aliases).where(
            kms_aliases.c.account_id == account_id,
            kms_aliases.c.region == region,
            kms_aliases.c.name == name,
        )
    ).one_or_none()
    return None if row is None else _alias(row)


def page(
    tx: Tx, account_id: str, region: str, *, key_id: str | None = None, after: str, most: int
) -> list[KmsAlias]:
    """An account's aliases of one region by name, from the one after `after` on; `key_id` narrows."""
    query = select(kms_aliases).where(
        kms_aliases.c.account_id == account_id, kms_aliases.c.region == region, kms_aliases.c.name > after
    )
    if key_id is not None:
        query = query.where(kms_aliases.c.key_id == key_id)
    return [_alias(row) for row in tx.execute(query.order_by(kms_aliases.c.name).limit(most))]


def count_of(tx: Tx, key_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(kms_aliases).where(kms_aliases.c.key_id == key_id)
    ).scalar_one()


def insert(tx: Tx, alias: KmsAlias) -> None:
    tx.execute(kms_aliases.insert().values(**asdict(alias)))


def point(tx: Tx, alias: KmsAlias, *, key_id: str, now: int) -> None:
    """At another key."""
    tx.execute(
        update_rows(kms_aliases)
        .where(
            kms_aliases.c.account_id == alias.account_id,
            kms_aliases.c.region == alias.region,
            kms_aliases.c.name == alias.name,
        )
        .values(key_id=key_id, updated_at=now)
    )


def delete(tx: Tx, alias: KmsAlias) -> None:
    tx.execute(
        delete_from(kms_aliases).where(
            kms_aliases.c.account_id == alias.account_id,
            kms_aliases.c.region == alias.region,
            kms_aliases.c.name == alias.name,
        )
    )


def _alias(row: Row[tuple[object, ...]]) -> KmsAlias:
    return KmsAlias(**row._mapping)
