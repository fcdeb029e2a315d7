"""The DNSKEY RRset of a signed zone and its RRSIGs, made ahead in windows; one row a zone, replaced whole."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import RowMapping, select

from seal53.keys.windows import SignedWindow
from seal53.store.engine import Tx
from seal53.store.schema import dnskey_signatures

_RDATAS = msgspec.msgpack.Decoder(list[bytes])
_WINDOWS = msgspec.msgpack.Decoder(list[tuple[int, int, int, list[bytes]]])


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeySignatures:
    """`dnskeys`: the RDATAs that were signed, in that order; `windows` in the order of `since`; made_at in
    UNIX seconds."""

    made_at: int
    dnskeys: tuple[bytes, ...]
    windows: tuple[SignedWindow, ...]


def put(tx: Tx, zone_id: str, signatures: DnskeySignatures) -> None:
    """Replaces what the zone had."""
    delete(tx, zone_id)
    tx.execute(
        dnskey_signatures.insert().values(
            zone_id=zone_id,
            made_at=signatures.made_at,
            dnskeys=msgspec.msgpack.encode(signatures.dnskeys),
            windows=msgspec.msgpack.encode(
                [(w.since, w.inception, w.expiration, w.rrsigs) for w in signatures.windows]
            ),
        )
    )


def get(tx: Tx, zone_id: str) -> DnskeySignatures | None:
    row = (
        tx.execute(select(dnskey_signatures).where(dnskey_signatures.c.zone_id == zone_id)).mappings().first()
    )
    return None if row is None else _signatures(row)


def by_zone(tx: Tx) -> dict[str, DnskeySignatures]:
    """Of all signed zones."""
    return {row["zone_id"]: _signatures(row) for row in tx.execute(select(dnskey_signatures)).mappings()}


def delete(tx: Tx, zone_id: str) -> None:
    tx.execute(dnskey_signatures.delete().where(dnskey_signatures.c.zone_id == zone_id))


def _signatures(row: RowMapping) -> DnskeySignatures:
    return DnskeySignatures(
        made_at=row["made_at"],
        dnskeys=tuple(_RDATAS.decode(row["dnskeys"])),
        windows=tuple(
            SignedWindow(since=since, inception=inception, expiration=expiration, rrsigs=tuple(rrsigs))
            for since, inception, expiration, rrsigs in _WINDOWS.decode(row["windows"])
        ),
    )
