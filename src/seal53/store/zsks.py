"""Zone-signing keys: sealed under `b"zsk:" + zone id + b":" + id`, opened only in Rust. States are derived
from the times."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from seal53.store.engine import Tx
from seal53.store.schema import zsks


@dataclass(frozen=True, slots=True, kw_only=True)
class Zsk:
    """`dnskey` is the RDATA; UNIX seconds: in the DNSKEY RRset from published_at until removed_at, signs
    from active_at until retired_at."""

    zone_id: str
    id: str
    sealed_key: bytes = field(repr=False)
    dnskey: bytes
    created_at: int
    published_at: int | None = None
    active_at: int | None = None
    retired_at: int | None = None
    removed_at: int | None = None

    @property
    def aad(self) -> bytes:
        """What the sealed key is bound to."""
        return aad_of(self.zone_id, self.id)


def aad_of(zone_id: str, zsk_id: str) -> bytes:
    return b"zsk:" + zone_id.encode() + b":" + zsk_id.encode()


def get(tx: Tx, zone_id: str, zsk_id: str) -> Zsk | None:
    row = tx.execute(select(zsks).where(zsks.c.zone_id == zone_id, zsks.c.id == zsk_id)).mappings().first()
    return None if row is None else _zsk(row)


def all_of(tx: Tx, zone_id: str) -> list[Zsk]:
    """A zone's ZSKs, removed ones too, in the order of their creation."""
    rows = tx.execute(select(zsks).where(zsks.c.zone_id == zone_id).order_by(zsks.c.created_at, zsks.c.id))
    return [_zsk(row) for row in rows.mappings()]


def by_zone(tx: Tx) -> dict[str, list[Zsk]]:
    """All ZSKs of all zones, each zone's in the order of their creation."""
    found: dict[str, list[Zsk]] = {}
    for row in tx.execute(select(zsks).order_by(zsks.c.created_at, zsks.c.id)).mappings():
        found.setdefault(row["zone_id"], []).append(_zsk(row))
    return found


def insert(tx: Tx, zsk: Zsk) -> None:
    tx.execute(zsks.insert().values(**asdict(zsk)))


def update(tx: Tx, zsk: Zsk) -> None:
    """Replaces the row of this zone and id."""
    tx.execute(zsks.update().where(zsks.c.zone_id == zsk.zone_id, zsks.c.id == zsk.id).values(**asdict(zsk)))


def delete(tx: Tx, zone_id: str, zsk_id: str) -> None:
    tx.execute(zsks.delete().where(zsks.c.zone_id == zone_id, zsks.c.id == zsk_id))


def delete_all_of(tx: Tx, zone_id: str) -> None:
    """Before the zone itself goes."""
    tx.execute(zsks.delete().where(zsks.c.zone_id == zone_id))


def _zsk(row: Mapping[Any, Any]) -> Zsk:
    return Zsk(**row)
