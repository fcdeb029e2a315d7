"""Accounts and all access keys: of an account's root, and of its users.

A secret is sealed before it gets here (I6); this room cannot unseal it.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Row, delete, func, select, update

from seal53.base.ids import AccountId
from seal53.store.engine import Tx
from seal53.store.schema import access_keys, accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`position` counts from 0; the account at 0 may create accounts."""

    id: AccountId
    name: str
    position: int
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """`user_name` None: the account's root. An inactive one is refused."""

    access_key_id: str
    account_id: AccountId
    sealed_secret: bytes
    created_at: int
    user_name: str | None = None
    inactive: bool = False


def create(tx: Tx, *, id: str, name: str, now: int) -> Account:
    """A new account at the next position."""
    position = tx.execute(select(func.coalesce(func.max(accounts.c.position) + 1, 0))).scalar_one()
    tx.execute(accounts.insert().values(id=id, name=name, position=position, created_at=now))
    return Account(id=AccountId(id), name=name, position=position, created_at=now)


def get(tx: Tx, account_id: str) -> Account | None:
    row = tx.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()
    return None if row is None else _account(row)


def every(tx: Tx) -> list[Account]:
    """All accounts by position."""
    return [_account(row) for row in tx.execute(select(accounts).order_by(accounts.c.position))]


def add_key(tx: Tx, key: AccessKey) -> None:
    tx.execute(access_keys.insert().values(**asdict(key)))


def keys_of(tx: Tx, account_id: str, user_name: str | None = None) -> list[AccessKey]:
    """The access keys of an account's root, or of one of its users; oldest first."""
    rows = tx.execute(
        select(access_keys)
        .where(access_keys.c.account_id == account_id)
        .where(
            access_keys.c.user_name.is_(None) if user_name is None else access_keys.c.user_name == user_name
        )
        .order_by(access_keys.c.created_at, access_keys.c.access_key_id)
    )
    return [_key(row) for row in rows]


def key(tx: Tx, access_key_id: str) -> AccessKey | None:
    """Any account's key."""
    row = tx.execute(select(access_keys).where(access_keys.c.access_key_id == access_key_id)).one_or_none()
    return None if row is None else _key(row)


def set_inactive(tx: Tx, access_key_id: str, inactive: bool) -> None:
    tx.execute(
        update(access_keys).where(access_keys.c.access_key_id == access_key_id).values(inactive=int(inactive))
    )


def delete_key(tx: Tx, access_key_id: str) -> None:
    tx.execute(delete(access_keys).where(access_keys.c.access_key_id == access_key_id))


def by_access_key(tx: Tx, access_key_id: str) -> tuple[AccountId, bytes] | None:
    """(account id, sealed secret) of whoever's key, active or not; None for an unknown one."""
    found = key(tx, access_key_id)
    return None if found is None else (found.account_id, found.sealed_secret)


def _key(row: Row[tuple[object, ...]]) -> AccessKey:
    return AccessKey(**{**row._mapping, "inactive": bool(row.inactive)})


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(**row._mapping)
