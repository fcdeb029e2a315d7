"""Grants on KMS keys: operations that a principal may call beside what the key's policy says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Row, func, select
from sqlalchemy import delete as delete_from

from seal53.store.engine import Tx
from seal53.store.schema import kms_grants, kms_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsGrant:
    """Shape: `grantee` and `retiring` are principals' ARNs, account ids or names of services; `issuer` is the
    ARN of the account that made it; `constraints` as given."""

    id: str
    key_id: str
    token: str = field(repr=False)
    grantee: str
    retiring: str | None
    operations: tuple[str, ...]
    constraints: Mapping[str, Any] | None
    name: str | None
    issuer: str
    created_at: int


def get(tx: Tx, grant_id: str) -> KmsGrant | None:
    row = tx.execute(select(kms_grants).where(kms_grants.c.id == grant_id)).one_or_none()
    return None if row is None else _grant(row)


def by_token(tx: Tx, token: str) -> KmsGrant | None:
    row = tx.execute(select(kms_grants).where(kms_grants.c.token == token)).one_or_none()
    return None if row is None else _grant(row)


def of_key(
    tx: Tx,
    key_id: str,
    *,
    grantee: str | None = None,
    grant_id: str | None = None,
    after: str = "",
    most: int | None = None,
) -> list[KmsGrant]:
    """A key's grants by id, from the one after `after` on; `grantee` and `grant_id` narrow."""
    query = select(kms_grants).where(kms_grants.c.key_id == key_id, kms_grants.c.id > after)
    if grantee is not None:
        query = query.where(kms_grants.c.grantee == grantee)
    if grant_id is not None:
        query = query.where(kms_grants.c.id == grant_id)
    return [_grant(row) for row in tx.execute(query.order_by(kms_grants.c.id).limit(most))]


def named(tx: Tx, key_id: str, name: str) -> list[KmsGrant]:
    query = select(kms_grants).where(kms_grants.c.key_id == key_id, kms_grants.c.name == name)
    return [_grant(row) for row in tx.execute(query.order_by(kms_grants.c.id))]


def retirable_by(
    tx: Tx, retiring: str, *, region: str, owner: str | None, now: int, after: str, most: int
) -> list[tuple[KmsGrant, str]]:
    """Grants that a principal may retire, on keys of one region, by id; with the keys' ARNs. `owner` None: on
    any account's keys."""
    query = (
        select(kms_grants, kms_keys.c.arn)
        .join_from(kms_grants, kms_keys, kms_grants.c.key_id == kms_keys.c.id)
        .where(
            kms_grants.c.retiring == retiring,
            kms_keys.c.region == region,
            kms_grants.c.id > after,
            kms_keys.c.deletion_at.is_(None) | (kms_keys.c.deletion_at > now),
        )
        .order_by(kms_grants.c.id)
        .limit(most)
    )
    if owner is not None:
        query = query.where(kms_keys.c.account_id == owner)
    return [(_grant(row), row.arn) for row in tx.execute(query)]


def count_of(tx: Tx, key_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(kms_grants).where(kms_grants.c.key_id == key_id)
    ).scalar_one()


def insert(tx: Tx, grant: KmsGrant) -> None:
    tx.execute(
        kms_grants.insert().values(
            id=grant.id,
            key_id=grant.key_id,
            token=grant.token,
            grantee=grant.grantee,
            retiring=grant.retiring,
            operations=msgspec.json.encode(grant.operations).decode(),
            constraints=None
            if grant.constraints is None
            else msgspec.json.encode(grant.constraints).decode(),
            name=grant.name,
            issuer=grant.issuer,
            created_at=grant.created_at,
        )
    )


def delete(tx: Tx, grant_id: str) -> None:
    tx.execute(delete_from(kms_grants).where(kms_grants.c.id == grant_id))


def _grant(row: Row[tuple[object, ...]]) -> KmsGrant:
    return KmsGrant(
        id=row.id,
        key_id=row.key_id,
        token=row.token,
        grantee=row.grantee,
        retiring=row.retiring,
        operations=tuple(msgspec.json.decode(row.operations, type=list[str])),
        constraints=None if row.constraints is None else msgspec.json.decode(row.constraints),
        name=row.name,
        issuer=row.issuer,
        created_at=row.created_at,
    )
