"""Key-signing keys: one row each, with the facts from which its status is derived.

A hosted zone's private key lies in KMS (`kms_arn`); a registry zone's lies in `sealed_key`, and its
`kms_arn` is "".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from seal53.store.engine import Tx
from seal53.store.schema import ksks


@dataclass(frozen=True, slots=True, kw_only=True)
class Ksk:
    """`dnskey` is the RDATA; times are UNIX seconds; `failing_at`: since when KMS cannot be used, `failure`
    says why."""

    zone_id: str
    name: str
    caller_reference: str
    kms_arn: str
    sealed_key: bytes | None = field(default=None, repr=False)
    dnskey: bytes
    created_at: int
    modified_at: int
    active: bool
    failing_at: int | None = None
    failure: str | None = None


def get(tx: Tx, zone_id: str, name: str) -> Ksk | None:
    row = tx.execute(select(ksks).where(ksks.c.zone_id == zone_id, ksks.c.name == name)).mappings().first()
    return None if row is None else _ksk(row)


def all_of(tx: Tx, zone_id: str) -> list[Ksk]:
    """A zone's KSKs in the order of their creation."""
    rows = tx.execute(select(ksks).where(ksks.c.zone_id == zone_id).order_by(ksks.c.created_at, ksks.c.name))
    return [_ksk(row) for row in rows.mappings()]


def by_zone(tx: Tx) -> dict[str, list[Ksk]]:
    """All KSKs of all zones, each zone's in the order of their creation."""
    found: dict[str, list[Ksk]] = {}
    for row in tx.execute(select(ksks).order_by(ksks.c.created_at, ksks.c.name)).mappings():
        found.setdefault(row["zone_id"], []).append(_ksk(row))
    return found


def insert(tx: Tx, ksk: Ksk) -> None:
    tx.execute(ksks.insert().values(**asdict(ksk)))


def update(tx: Tx, ksk: Ksk) -> None:
    """Replaces the row of this zone and name."""
    tx.execute(
        ksks.update().where(ksks.c.zone_id == ksk.zone_id, ksks.c.name == ksk.name).values(**asdict(ksk))
    )


def delete(tx: Tx, zone_id: str, name: str) -> None:
    tx.execute(ksks.delete().where(ksks.c.zone_id == zone_id, ksks.c.name == name))


def _ksk(row: Mapping[Any, Any]) -> Ksk:
    return Ksk(**{**row, "active": bool(row["active"])})
