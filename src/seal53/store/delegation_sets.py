"""Delegation sets: four name server hosts with an address each.

Zones of which one is equal to, above or below the other never share a set, whoever owns them.
"""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Row, select

from seal53.base.ids import DelegationSetId
from seal53.core import Name
from seal53.store import zones
from seal53.store.engine import Tx
from seal53.store.schema import delegation_sets


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSet:
    """`addresses` are in the order of `hosts`; `number` is part of the hosts' names."""

    id: DelegationSetId
    number: int
    hosts: tuple[Name, ...]
    addresses: tuple[str, ...]
    created_at: int


def get(tx: Tx, set_id: str) -> DelegationSet | None:
    row = tx.execute(select(delegation_sets).where(delegation_sets.c.id == set_id)).one_or_none()
    return None if row is None else _set(row)


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


def zones_on(tx: Tx, set_id: str) -> list[zones.HostedZone]:
    """The public zones that this set serves, whoever owns them, by id."""
    return zones.of_delegation_set(tx, set_id)


def _set(row: Row[tuple[object, ...]]) -> DelegationSet:
    return DelegationSet(
        id=row.id,
        number=row.number,
        hosts=tuple(Name.parse(host) for host in msgspec.json.decode(row.hosts, type=list[str])),
        addresses=tuple(msgspec.json.decode(row.addresses, type=list[str])),
        created_at=row.created_at,
    )
