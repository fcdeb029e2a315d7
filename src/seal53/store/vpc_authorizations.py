"""Which VPCs of other accounts may be associated with a private zone, by its owner's word.

The VPC need not exist: its owner alone can say. An association, once made, does not depend on it any more.
"""

from dataclasses import dataclass

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select, tuple_

from seal53.store.engine import Tx
from seal53.store.schema import vpc_authorizations


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """A VPC as it was named."""

    vpc_id: str
    region: str


def exists(tx: Tx, zone_id: str, authorized: Authorized) -> bool:
    query = select(vpc_authorizations.c.zone_id).where(
        vpc_authorizations.c.zone_id == zone_id,
        vpc_authorizations.c.vpc_id == authorized.vpc_id,
        vpc_authorizations.c.region == authorized.region,
    )
    return tx.execute(query).one_or_none() is not None


def count(tx: Tx, zone_id: str) -> int:
    query = select(func.count()).select_from(vpc_authorizations)
    return tx.execute(query.where(vpc_authorizations.c.zone_id == zone_id)).scalar_one()


def page(tx: Tx, zone_id: str, start: Authorized | None, limit: int) -> list[Authorized]:
    """At most `limit`, by VPC and region, from `start` (taken or not) on."""
    query = select(vpc_authorizations.c.vpc_id, vpc_authorizations.c.region).where(
        vpc_authorizations.c.zone_id == zone_id
    )
    if start is not None:
        place = tuple_(vpc_authorizations.c.vpc_id, vpc_authorizations.c.region)
        query = query.where(place >= tuple_(start.vpc_id, start.region))
    rows = tx.execute(query.order_by(vpc_authorizations.c.vpc_id, vpc_authorizations.c.region).limit(limit))
    return [Authorized(vpc_id=row.vpc_id, region=row.region) for row in rows]


def insert(tx: Tx, zone_id: str, authorized: Authorized, now: int) -> None:
    tx.execute(
        vpc_authorizations.insert().values(
            zone_id=zone_id, vpc_id=authorized.vpc_id, region=authorized.region, created_at=now
        )
    )


def delete(tx: Tx, zone_id: str, authorized: Authorized) -> bool:
    """Whether there was one."""
    gone = tx.execute(
        delete_from(vpc_authorizations).where(
            vpc_authorizations.c.zone_id == zone_id,
            vpc_authorizations.c.vpc_id == authorized.vpc_id,
            vpc_authorizations.c.region == authorized.region,
        )
    )
    return bool(gone.rowcount)
