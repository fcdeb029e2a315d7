"""Hosted zones and the VPCs that private ones are associated with.

Kinds: "public" and "private" belong to an account, "root" and "tld" to the registry (account None).
`version` is what a Change waits for; every change of contents, keys or signatures raises it by one, in the
same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy import delete as delete_from
from sqlalchemy import insert as insert_into

from seal53.base.ids import AccountId, ChangeId, DelegationSetId, HostedZoneId, VpcId
from seal53.core import Name
from seal53.store import outbox
from seal53.store.engine import Statement, Tx
from seal53.store.records import Key
from seal53.store.schema import dnskey_signatures, hosted_zones, zone_vpcs, zsks
from seal53.zones.listing import sort_key

_z = hosted_zones.c
_COLUMNS = (
    _z.id,
    _z.account_id,
    _z.kind,
    _z.name,
    _z.caller_reference,
    _z.comment,
    _z.delegation_set_id,
    _z.version,
    _z.record_count,
    _z.accelerated_recovery,
    _z.accelerated_recovery_at,
    _z.created_at,
    _z.signing_at,
    _z.unsigning_at,
    _z.unsigning_change_id,
)
_get = Statement(select(*_COLUMNS).where(_z.id == bindparam("zone")))
_at_key = Statement(select(*_COLUMNS).where(_z.sort_key == bindparam("key")).order_by(_z.created_at, _z.id))
_in_range = Statement(
    select(*_COLUMNS).where(_z.sort_key >= bindparam("first"), _z.sort_key < bindparam("after"))
)
_with_reference = Statement(
    select(*_COLUMNS).where(
        _z.account_id == bindparam("account"), _z.caller_reference == bindparam("reference")
    )
)
_count_of = Statement(
    select(func.count()).select_from(hosted_zones).where(_z.account_id == bindparam("account"))
)
_insert = Statement(
    insert_into(hosted_zones).values(
        {
            name: bindparam(name)
            for name in (
                "id",
                "account_id",
                "kind",
                "name",
                "sort_key",
                "caller_reference",
                "comment",
                "delegation_set_id",
                "version",
                "created_at",
                "signing_at",
                "unsigning_at",
                "unsigning_change_id",
            )
        }
    )
)
_bump = Statement(
    update(hosted_zones)
    .where(_z.id == bindparam("zone"))
    .values(version=_z.version + 1)
    .returning(_z.version)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedZone:
    """Times are UTC seconds; `signing_at` set and `unsigning_at` None means that the zone is signed.

    `record_count` is the number of record sets when it was read. `accelerated_recovery` is what was asked for
    last; `accelerated_recovery_at` None: nobody has asked.
    """

    id: HostedZoneId
    account_id: AccountId | None
    kind: str
    name: Name
    caller_reference: str
    comment: str | None = None
    delegation_set_id: DelegationSetId | None = None
    version: int = 1
    record_count: int = 0
    accelerated_recovery: bool = False
    accelerated_recovery_at: int | None = None
    created_at: int
    signing_at: int | None = None
    unsigning_at: int | None = None
    unsigning_change_id: ChangeId | None = None

    @property
    def is_private(self) -> bool:
        return self.kind == "private"


def get(tx: Tx, zone_id: str) -> HostedZone | None:
    row = _get.first(tx, zone=zone_id)
    return None if row is None else _zone(row)


def all_of(tx: Tx, account_id: str) -> list[HostedZone]:
    """An account's zones in listing order: by reversed name, then by id."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(hosted_zones.c.account_id == account_id)
        .order_by(hosted_zones.c.sort_key, hosted_zones.c.id)
    )
    return [_zone(row) for row in rows]


def page_by_name(
    tx: Tx, account_id: str, *, start: Name | None, start_id: str, limit: int
) -> list[HostedZone]:
    """An account's zones in listing order from (start, start_id) on, at most `limit`."""
    query = select(*_COLUMNS).where(hosted_zones.c.account_id == account_id)
    if start is not None:
        place = tuple_(hosted_zones.c.sort_key, hosted_zones.c.id)
        query = query.where(place >= tuple_(sort_key(start), start_id))
    rows = tx.execute(query.order_by(hosted_zones.c.sort_key, hosted_zones.c.id).limit(limit))
    return [_zone(row) for row in rows]


def page_by_id(
    tx: Tx,
    account_id: str,
    *,
    start_id: str,
    limit: int,
    kind: str | None = None,
    delegation_set_id: str | None = None,
) -> list[HostedZone]:
    """An account's zones by id from `start_id` on, at most `limit`; `kind` and `delegation_set_id` narrow."""
    query = select(*_COLUMNS).where(hosted_zones.c.account_id == account_id, hosted_zones.c.id >= start_id)
    if kind is not None:
        query = query.where(hosted_zones.c.kind == kind)
    if delegation_set_id is not None:
        query = query.where(hosted_zones.c.delegation_set_id == delegation_set_id)
    return [_zone(row) for row in tx.execute(query.order_by(hosted_zones.c.id).limit(limit))]


def count_of(tx: Tx, account_id: str) -> int:
    counted: int = _count_of.value(tx, account=account_id)
    return counted


def every(tx: Tx) -> list[HostedZone]:
    """All zones of all accounts and of the registry, by id."""
    return [_zone(row) for row in tx.execute(select(*_COLUMNS).order_by(hosted_zones.c.id))]


def places(tx: Tx) -> list[tuple[HostedZoneId, str, DelegationSetId | None]]:
    """(id, kind, delegation set) of all zones, by id."""
    rows = tx.execute(select(_z.id, _z.kind, _z.delegation_set_id).order_by(_z.id))
    return [(id, kind, set_id) for id, kind, set_id in rows]


def named(tx: Tx, name: Name, kind: str | None = None) -> list[HostedZone]:
    """All zones of exactly this name, whoever owns them, oldest first."""
    zones = map(_zone, _at_key.rows(tx, key=sort_key(name)))
    return [zone for zone in zones if kind is None or zone.kind == kind]


def with_reference(tx: Tx, account_id: str, caller_reference: str) -> HostedZone | None:
    row = _with_reference.first(tx, account=account_id, reference=caller_reference)
    return None if row is None else _zone(row)


def overlapping(tx: Tx, name: Name) -> list[HostedZone]:
    """Public zones of any account equal to, above or below `name`: none may share its name servers."""
    above = [sort_key(ancestor) for n in range(len(name)) if (ancestor := name.ancestor(n))]
    found = [row for key in above for row in _at_key.rows(tx, key=key)]
    first = b"" if name.is_root else name.listing_key()
    # A key ends in the separator; the octet after it ends the range of keys that start with it.
    after = first[:-1] + bytes([first[-1] + 1]) if first else b"\xff"
    found += _in_range.rows(tx, first=first, after=after)
    zones = {zone.id: zone for zone in map(_zone, found) if zone.kind == "public"}
    return [
        zone
        for _, zone in sorted(zones.items())
        if zone.name.is_at_or_below(name) or name.is_at_or_below(zone.name)
    ]


def insert(tx: Tx, zone: HostedZone) -> None:
    _insert.run(
        tx,
        id=zone.id,
        account_id=zone.account_id,
        kind=zone.kind,
        name=zone.name.lower().to_wire(),
        sort_key=sort_key(zone.name),
        caller_reference=zone.caller_reference,
        comment=zone.comment,
        delegation_set_id=zone.delegation_set_id,
        version=zone.version,
        created_at=zone.created_at,
        signing_at=zone.signing_at,
        unsigning_at=zone.unsigning_at,
        unsigning_change_id=zone.unsigning_change_id,
    )


def delete(tx: Tx, zone_id: str) -> None:
    """Removes the zone with its records, associations, ZSKs and signatures; its KSKs must be gone before."""
    tx.execute(delete_from(zsks).where(zsks.c.zone_id == zone_id))
    tx.execute(delete_from(dnskey_signatures).where(dnskey_signatures.c.zone_id == zone_id))
    tx.execute(delete_from(hosted_zones).where(hosted_zones.c.id == zone_id))


def bump(tx: Tx, zone_id: str) -> int:
    """Raises the zone's version by one and returns the new one."""
    version: int = _bump.value(tx, zone=zone_id)
    return version


def announce(tx: Tx, zone_id: str, touched: Iterable[Key]) -> int:
    """Name servers must learn that these record sets are others than before, or gone; returns the version
    that says so."""
    version = bump(tx, zone_id)
    detail = [[owner.lower().to_wire(), rtype, set_id] for owner, rtype, set_id in touched]
    outbox.append(tx, f"zone:{zone_id}", version, "records", detail)
    return version


def set_signing(
    tx: Tx,
    zone_id: str,
    *,
    signing_at: int | None,
    unsigning_at: int | None,
    unsigning_change_id: str | None,
) -> None:
    tx.execute(
        update(hosted_zones)
        .where(hosted_zones.c.id == zone_id)
        .values(signing_at=signing_at, unsigning_at=unsigning_at, unsigning_change_id=unsigning_change_id)
    )


def set_comment(tx: Tx, zone_id: str, comment: str | None) -> None:
    tx.execute(update(hosted_zones).where(hosted_zones.c.id == zone_id).values(comment=comment))


def set_accelerated_recovery(tx: Tx, zone_id: str, *, wanted: bool, at: int) -> None:
    tx.execute(
        update(hosted_zones)
        .where(hosted_zones.c.id == zone_id)
        .values(accelerated_recovery=int(wanted), accelerated_recovery_at=at)
    )


def vpcs_of(tx: Tx, zone_id: str) -> list[VpcId]:
    return list(
        tx.execute(
            select(zone_vpcs.c.vpc_id).where(zone_vpcs.c.zone_id == zone_id).order_by(zone_vpcs.c.vpc_id)
        ).scalars()
    )


def associate(tx: Tx, zone_id: str, vpc_id: str) -> None:
    tx.execute(zone_vpcs.insert().values(zone_id=zone_id, vpc_id=vpc_id))


def disassociate(tx: Tx, zone_id: str, vpc_id: str) -> None:
    tx.execute(delete_from(zone_vpcs).where(zone_vpcs.c.zone_id == zone_id, zone_vpcs.c.vpc_id == vpc_id))


def count_vpcs(tx: Tx, zone_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(zone_vpcs).where(zone_vpcs.c.zone_id == zone_id)
    ).scalar_one()


def has_vpc(tx: Tx, zone_id: str, vpc_id: str) -> bool:
    query = select(zone_vpcs.c.zone_id).where(zone_vpcs.c.zone_id == zone_id, zone_vpcs.c.vpc_id == vpc_id)
    return tx.execute(query).one_or_none() is not None


def private_zone_named(tx: Tx, vpc_id: str, name: Name) -> HostedZone | None:
    """The private zone of exactly this name that a VPC is associated with, whoever owns it."""
    zones = named(tx, name, kind="private")
    return next((zone for zone in zones if has_vpc(tx, zone.id, vpc_id)), None)


def page_of_vpc(tx: Tx, vpc_id: str, *, start_id: str, limit: int) -> list[HostedZone]:
    """The private zones of a VPC by id from `start_id` on, at most `limit`, whoever owns them."""
    rows = tx.execute(
        select(*_COLUMNS)
        .join(zone_vpcs, zone_vpcs.c.zone_id == hosted_zones.c.id)
        .where(zone_vpcs.c.vpc_id == vpc_id, zone_vpcs.c.zone_id >= start_id)
        .order_by(zone_vpcs.c.zone_id)
        .limit(limit)
    )
    return [_zone(row) for row in rows]


def private_zones_of(tx: Tx, vpc_id: str) -> list[HostedZone]:
    """The private zones that a VPC's resolver prefers, in listing order, whoever owns them."""
    rows = tx.execute(
        select(*_COLUMNS)
        .join(zone_vpcs, zone_vpcs.c.zone_id == hosted_zones.c.id)
        .where(zone_vpcs.c.vpc_id == vpc_id)
        .order_by(hosted_zones.c.sort_key, hosted_zones.c.id)
    )
    return [_zone(row) for row in rows]


def count_on_set(tx: Tx, set_id: str, account_id: str) -> int:
    """How many of an account's zones a delegation set serves."""
    return tx.execute(
        select(func.count())
        .select_from(hosted_zones)
        .where(hosted_zones.c.delegation_set_id == set_id, hosted_zones.c.account_id == account_id)
    ).scalar_one()


def sets_in_use(tx: Tx) -> set[str]:
    """The delegation sets that serve a zone, whoever owns it."""
    query = select(hosted_zones.c.delegation_set_id).where(hosted_zones.c.delegation_set_id.is_not(None))
    return set(tx.execute(query.distinct()).scalars())


def _zone(row: Sequence[Any]) -> HostedZone:
    """From the values of `_COLUMNS`."""
    id, account_id, kind, name, reference, comment, set_id, version, count, recovery, recovery_at, *times = (
        row
    )
    created_at, signing_at, unsigning_at, unsigning_change_id = times
    return HostedZone(
        id=id,
        account_id=account_id,
        kind=kind,
        name=Name.from_wire(name),
        caller_reference=reference,
        comment=comment,
        delegation_set_id=set_id,
        version=version,
        record_count=count,
        accelerated_recovery=bool(recovery),
        accelerated_recovery_at=recovery_at,
        created_at=created_at,
        signing_at=signing_at,
        unsigning_at=unsigning_at,
        unsigning_change_id=unsigning_change_id,
    )
