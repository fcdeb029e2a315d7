"""Delegation sets: four name server hosts with an address each; and the holds of accounts on them.

Zones of which one is equal to, above or below the other never share a set, whoever owns them. An account's
hold on a set is what the API calls a reusable delegation set: it has an id of its own, and other accounts do
not know of it, although their zones, and their holds, may be on the same set.
"""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Row, delete, func, select

from seal53.base.ids import AccountId, DelegationSetId
from seal53.core import Name
from seal53.store.engine import Tx
from seal53.store.schema import delegation_sets, reusable_delegation_sets


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSet:
    """`addresses` are in the order of `hosts`; `number` is part of the hosts' names."""

    id: DelegationSetId
    number: int
    hosts: tuple[Name, ...]
    addresses: tuple[str, ...]
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A reusable delegation set: an account's hold on a set."""

    id: DelegationSetId
    account_id: AccountId
    caller_reference: str
    set: DelegationSet
    created_at: int


def get(tx: Tx, set_id: str) -> DelegationSet | None:
    row = tx.execute(select(delegation_sets).where(delegation_sets.c.id == set_id)).one_or_none()
    return None if row is None else _set(row)


def ids(tx: Tx) -> list[DelegationSetId]:
    """Of all sets, by number."""
    return list(tx.execute(select(delegation_sets.c.id).order_by(delegation_sets.c.number)).scalars())


def every(tx: Tx) -> list[DelegationSet]:
    """All sets by number."""
    return [_set(row) for row in tx.execute(select(delegation_sets).order_by(delegation_sets.c.number))]


def insert(tx: Tx, delegation_set: DelegationSet) -> None:
    tx.execute(
        delegation_sets.insert().values(
            id=delegation_set.id,
            number=delegation_set.number,
            hosts=msgspec.json.encode([str(host.lower()) for host in delegation_set.hosts]).decode(),
            addresses=msgspec.json.encode(delegation_set.addresses).decode(),
            created_at=delegation_set.created_at,
        )
    )


# --- holds


def hold(tx: Tx, made: Hold) -> None:
    tx.execute(
        reusable_delegation_sets.insert().values(
            id=made.id,
            account_id=made.account_id,
            caller_reference=made.caller_reference,
            set_id=made.set.id,
            created_at=made.created_at,
        )
    )


def release(tx: Tx, hold_id: str) -> None:
    """The set stays, for whoever needs one."""
    tx.execute(delete(reusable_delegation_sets).where(reusable_delegation_sets.c.id == hold_id))


def held(tx: Tx, account_id: str, hold_id: str) -> Hold | None:
    """An account's hold of this id."""
    return next(iter(holds_of(tx, account_id, hold_id=hold_id, limit=1)), None)


def hold_on(tx: Tx, account_id: str, set_id: str) -> Hold | None:
    """An account's hold on this set."""
    return next(iter(holds_of(tx, account_id, set_id=set_id, limit=1)), None)


def hold_with_reference(tx: Tx, account_id: str, caller_reference: str) -> Hold | None:
    return next(iter(holds_of(tx, account_id, caller_reference=caller_reference, limit=1)), None)


def holds_of(
    tx: Tx,
    account_id: str,
    *,
    start_id: str = "",
    limit: int,
    hold_id: str | None = None,
    set_id: str | None = None,
    caller_reference: str | None = None,
) -> list[Hold]:
    """An account's holds by id from `start_id` on, at most `limit`; what else is given narrows."""
    columns = reusable_delegation_sets.c
    query = (
        select(
            columns.id.label("hold_id"),
            columns.account_id,
            columns.caller_reference,
            columns.created_at.label("held_at"),
            delegation_sets,
        )
        .join(delegation_sets, delegation_sets.c.id == columns.set_id)
        .where(columns.account_id == account_id, columns.id >= start_id)
    )
    for column, wanted in (
        (columns.id, hold_id),
        (columns.set_id, set_id),
        (columns.caller_reference, caller_reference),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [
        Hold(
            id=row.hold_id,
            account_id=row.account_id,
            caller_reference=row.caller_reference,
            set=_set(row),
            created_at=row.held_at,
        )
        for row in tx.execute(query.order_by(columns.id).limit(limit))
    ]


def count_holds(tx: Tx, account_id: str) -> int:
    query = select(func.count()).select_from(reusable_delegation_sets)
    return tx.execute(query.where(reusable_delegation_sets.c.account_id == account_id)).scalar_one()


def held_sets(tx: Tx) -> set[str]:
    """The sets that some account holds."""
    return set(tx.execute(select(reusable_delegation_sets.c.set_id).distinct()).scalars())


def _set(row: Row[tuple[object, ...]]) -> DelegationSet:
    return DelegationSet(
        id=row.id,
        number=row.number,
        hosts=tuple(Name.parse(host) for host in msgspec.json.decode(row.hosts, type=list[str])),
        addresses=tuple(msgspec.json.decode(row.addresses, type=list[str])),
        created_at=row.created_at,
    )
