"""VPCs: each has one resolver address, DNS attributes and a DNSSEC validation setting.

`version` is what a change of the view, of the attributes or of the validation setting waits for (subject
"vpc:ID").
"""

from dataclasses import asdict, dataclass

from sqlalchemy import Row, func, select, update
from sqlalchemy import delete as delete_from

from seal53.base.ids import AccountId, ChangeId, VpcId
from seal53.store.engine import Tx
from seal53.store.schema import changes, vpcs, zone_vpcs


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """`validation` is what was asked for last: ENABLE, DISABLE or USE_LOCAL_RESOURCE_SETTING."""

    id: VpcId
    account_id: AccountId
    region: str
    address: str
    created_at: int
    cidr_block: str = "10.0.0.0/16"
    tenancy: str = "default"
    dns_support: bool = True
    dns_hostnames: bool = True
    validation: str = "DISABLE"
    validation_change_id: ChangeId | None = None
    dnssec_config_id: str | None = None
    version: int = 1

    @property
    def answers_private_zones(self) -> bool:
        return self.dns_support and self.dns_hostnames


def get(tx: Tx, vpc_id: str) -> Vpc | None:
    row = tx.execute(select(vpcs).where(vpcs.c.id == vpc_id)).one_or_none()
    return None if row is None else _vpc(row)


def of_account(tx: Tx, account_id: str) -> list[Vpc]:
    rows = tx.execute(
        select(vpcs).where(vpcs.c.account_id == account_id).order_by(vpcs.c.created_at, vpcs.c.id)
    )
    return [_vpc(row) for row in rows]


def of_region(tx: Tx, account_id: str, region: str) -> list[Vpc]:
    """An account's VPCs in a region, by id."""
    rows = tx.execute(
        select(vpcs).where(vpcs.c.account_id == account_id, vpcs.c.region == region).order_by(vpcs.c.id)
    )
    return [_vpc(row) for row in rows]


def of_zone(tx: Tx, zone_id: str) -> list[Vpc]:
    """The VPCs that a private zone is associated with, by id, whoever owns them."""
    rows = tx.execute(
        select(vpcs)
        .join(zone_vpcs, zone_vpcs.c.vpc_id == vpcs.c.id)
        .where(zone_vpcs.c.zone_id == zone_id)
        .order_by(vpcs.c.id)
    )
    return [_vpc(row) for row in rows]


def count_of(tx: Tx, account_id: str) -> int:
    return tx.execute(
        select(func.count()).select_from(vpcs).where(vpcs.c.account_id == account_id)
    ).scalar_one()


def has_zones(tx: Tx, vpc_id: str) -> bool:
    """Whether a private zone is associated with it, whoever owns that."""
    query = select(zone_vpcs.c.zone_id).where(zone_vpcs.c.vpc_id == vpc_id).limit(1)
    return tx.execute(query).one_or_none() is not None


def being_made(tx: Tx, account_id: str) -> set[str]:
    """Those of an account's VPCs whose first version their resolver does not serve yet."""
    subject = "vpc:" + vpcs.c.id
    query = (
        select(vpcs.c.id)
        .join(changes, changes.c.subject == subject)
        .where(vpcs.c.account_id == account_id, changes.c.insync_at.is_(None), changes.c.version == 1)
    )
    return set(tx.execute(query).scalars())


def every(tx: Tx) -> list[Vpc]:
    """All VPCs, oldest first."""
    return [_vpc(row) for row in tx.execute(select(vpcs).order_by(vpcs.c.created_at, vpcs.c.id))]


def insert(tx: Tx, vpc: Vpc) -> None:
    tx.execute(vpcs.insert().values(**asdict(vpc)))


def delete(tx: Tx, vpc_id: str) -> None:
    """Removes the VPC; its associations must be gone before."""
    tx.execute(delete_from(vpcs).where(vpcs.c.id == vpc_id))


def set_dns(tx: Tx, vpc_id: str, *, support: bool, hostnames: bool) -> None:
    tx.execute(
        update(vpcs).where(vpcs.c.id == vpc_id).values(dns_support=int(support), dns_hostnames=int(hostnames))
    )


def set_validation(
    tx: Tx, vpc_id: str, *, validation: str, validation_change_id: str | None, dnssec_config_id: str | None
) -> None:
    tx.execute(
        update(vpcs)
        .where(vpcs.c.id == vpc_id)
        .values(
            validation=validation,
            validation_change_id=validation_change_id,
            dnssec_config_id=dnssec_config_id,
        )
    )


def bump(tx: Tx, vpc_id: str) -> int:
    """Raises the VPC's version by one and returns the new one."""
    version: int = tx.execute(
        update(vpcs).where(vpcs.c.id == vpc_id).values(version=vpcs.c.version + 1).returning(vpcs.c.version)
    ).scalar_one()
    return version


def _vpc(row: Row[tuple[object, ...]]) -> Vpc:
    flags = {"dns_support": bool(row.dns_support), "dns_hostnames": bool(row.dns_hostnames)}
    return Vpc(**{**row._mapping, **flags})
