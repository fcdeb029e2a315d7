"""KMS keys: private keys sealed under `b"kms:" + key id`. KeyState is derived from `disabled_at` and
`deletion_at`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import or_, select

from seal53.store import tags
from seal53.store.engine import Tx
from seal53.store.schema import kms_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsKey:
    """`policy` is the JSON as given; `public_key` is DER SubjectPublicKeyInfo; times are UNIX seconds."""

    id: str
    account_id: str
    region: str
    arn: str
    spec: str
    usage: str
    description: str
    policy: str
    sealed_key: bytes = field(repr=False)
    public_key: bytes
    created_at: int
    disabled_at: int | None = None
    deletion_at: int | None = None

    @property
    def aad(self) -> bytes:
        """What the sealed key is bound to."""
        return aad_of(self.id)


def aad_of(key_id: str) -> bytes:
    return b"kms:" + key_id.encode()


def by_arn(tx: Tx, arn: str) -> KmsKey | None:
    """The key of any account."""
    row = tx.execute(select(kms_keys).where(kms_keys.c.arn == arn)).mappings().first()
    return None if row is None else _key(row)


def by_id(tx: Tx, key_id: str) -> KmsKey | None:
    """The key of any account; ids are unique over all."""
    row = tx.execute(select(kms_keys).where(kms_keys.c.id == key_id)).mappings().first()
    return None if row is None else _key(row)


def page(tx: Tx, account_id: str, region: str, *, after: str, now: int, most: int) -> list[KmsKey]:
    """An account's keys of one region in the order of their ids, from the one after `after` on ("": the
    first)."""
    rows = tx.execute(
        select(kms_keys)
        .where(kms_keys.c.account_id == account_id, kms_keys.c.region == region, kms_keys.c.id > after)
        .where(or_(kms_keys.c.deletion_at.is_(None), kms_keys.c.deletion_at > now))
        .order_by(kms_keys.c.id)
        .limit(most)
    )
    return [_key(row) for row in rows.mappings()]


def insert(tx: Tx, key: KmsKey) -> None:
    tx.execute(kms_keys.insert().values(**asdict(key)))


def update(tx: Tx, key: KmsKey) -> None:
    """Replaces the row of this id."""
    tx.execute(kms_keys.update().where(kms_keys.c.id == key.id).values(**asdict(key)))


def delete_due(tx: Tx, now: int) -> None:
    """Drops the keys whose waiting period has ended, with their aliases, grants and tags, for good."""
    due = tx.execute(select(kms_keys.c.arn).where(kms_keys.c.deletion_at <= now)).scalars().all()
    for arn in due:
        tags.drop(tx, arn)
    if due:
        tx.execute(kms_keys.delete().where(kms_keys.c.deletion_at <= now))


def _key(row: Mapping[Any, Any]) -> KmsKey:
    return KmsKey(**row)
