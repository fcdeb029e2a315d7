"""VPCs: each has one resolver address and a DNSSEC validation setting.

`version` is what a change of the view or of the validation setting waits for (subject "vpc:ID").
"""

from dataclasses import dataclass

from sqlalchemy import Row, select, update

from seal53.base.ids import AccountId, ChangeId, VpcId
from seal53.store.engine import Tx
from seal53.store.schema import vpcs


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """`validation` is what was asked for last: ENABLE, DISABLE or USE_LOCAL_RESOURCE_SETTING."""

    id: VpcId
    account_id: AccountId
    region: str
    address: str
    created_at: int
    validation: str = "DISABLE"
    validation_change_id: ChangeId | None = None
    dnssec_config_id: str | None = None
    version: int = 1


def get(tx: Tx, vpc_id: str) -> Vpc | None:
    row = tx.execute(select(vpcs).where(vpcs.c.id == vpc_id)).one_or_none()
    return None if row is None else _vpc(row)


def of_account(tx: Tx, account_id: str) -> list[Vpc]:
    rows = tx.execute(
        select(vpcs).where(vpcs.c.account_id == account_id).order_by(vpcs.c.created_at, vpcs.c.id)
    )
    return [_vpc(row) for row in rows]


def every(tx: Tx) -> list[Vpc]:
    """All VPCs, oldest first."""
    return [_vpc(row) for row in tx.execute(select(vpcs).order_by(vpcs.c.created_at, vpcs.c.id))]


def insert(tx: Tx, vpc: Vpc) -> None:
    tx.execute(
        vpcs.insert().values(
            id=vpc.id,
            account_id=vpc.account_id,
            region=vpc.region,
            address=vpc.address,
            created_at=vpc.created_at,
            validation=vpc.validation,
            validation_change_id=vpc.validation_change_id,
            dnssec_config_id=vpc.dnssec_config_id,
            version=vpc.version,
        )
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
    return Vpc(
        id=row.id,
        account_id=row.account_id,
        region=row.region,
        address=row.address,
        created_at=row.created_at,
        validation=row.validation,
        validation_change_id=row.validation_change_id,
        dnssec_config_id=row.dnssec_config_id,
        version=row.version,
    )
