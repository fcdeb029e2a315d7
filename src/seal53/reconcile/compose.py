"""From rows to what a name server needs: a zone's next version, its signing state, the views. Reads only.

Not for: when any of it is proven and sent; that is `publish`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from seal53.base.ids import HostedZoneId
from seal53.core import Name, RecordSet, encode_edit
from seal53.feed.messages import KeyState, SigningState, View, VpcView, Window, ZoneDelta
from seal53.keys import DNSKEY_TTL_S, active_zsks
from seal53.reconcile.prover import Claim
from seal53.store import Tx, delegation_sets, records, signatures, vpcs, zsks
from seal53.store import zones as zone_rows
from seal53.store.outbox import Row
from seal53.store.zones import HostedZone

EDGE = "edge"
RESOLVER = "resolver"
SAMPLE = 64  # RRsets that are proven besides the changed ones when signing is switched on
SAMPLE_AT_START = 4  # of a zone from before a restart: its contents were proven when they were changed

Key = tuple[Name, int, str]
"""Owner, type number, set identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAddresses:
    """Where root and TLDs are answered; empty: nowhere."""

    root: tuple[str, ...]
    tlds: tuple[str, ...]


def role_of(zone: HostedZone) -> str:
    """Which name servers get the zone: public ones never load a private zone."""
    return RESOLVER if zone.kind == "private" else EDGE


def is_signed(zone: HostedZone) -> bool:
    return zone.signing_at is not None and zone.unsigning_at is None


def signing_state(tx: Tx, zone: HostedZone, now: int) -> SigningState | None:
    """All that is needed to sign the zone; None when it is not signed.

    Raises: LookupError, when a signed zone has no signatures or no key: it is then not published (I1).
    """
    if not is_signed(zone):
        return None
    made = signatures.get(tx, HostedZoneId(zone.id))
    keys = active_zsks(zsks.all_of(tx, HostedZoneId(zone.id)), now)
    if made is None or not keys:
        raise LookupError(f"{zone.name} is to be signed and has no {'key' if made else 'signatures'}")
    return SigningState(
        dnskey_ttl=DNSKEY_TTL_S,
        dnskeys=list(made.dnskeys),
        windows=[
            Window(since=w.since, inception=w.inception, expiration=w.expiration, rrsigs=list(w.rrsigs))
            for w in made.windows
        ],
        keys=[KeyState(sealed=key.sealed_key, aad=key.aad, dnskey=key.dnskey) for key in keys],
    )


def views(tx: Tx, registry: RegistryAddresses) -> list[View]:
    """What each address of the role "edge" answers, as facts are now; a view without zones is one too."""
    every = zone_rows.every(tx)
    by_set: dict[str, list[str]] = {}
    for zone in every:
        if zone.delegation_set_id is not None:
            by_set.setdefault(zone.delegation_set_id, []).append(zone.id)
    own = [
        View(
            view_id="root",
            addresses=list(registry.root),
            zone_ids=[zone.id for zone in every if zone.kind == "root"],
        ),
        View(
            view_id="tlds",
            addresses=list(registry.tlds),
            zone_ids=[zone.id for zone in every if zone.kind == "tld"],
        ),
    ]
    return own + [
        View(view_id=f"set:{s.id}", addresses=list(s.addresses), zone_ids=by_set.get(s.id, []))
        for s in delegation_sets.every(tx)
    ]


def vpc_views(tx: Tx) -> list[VpcView]:
    """What each VPC's resolver prefers, and whether it validates."""
    return [
        VpcView(
            vpc_id=vpc.id,
            version=vpc.version,
            address=vpc.address,
            zone_ids=[zone.id for zone in zone_rows.private_zones_of(tx, vpc.id)],
            validate=vpc.validation == "ENABLE",
            private=vpc.answers_private_zones,
            resolves=vpc.dns_support,
        )
        for vpc in vpcs.every(tx)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version to be staged.

    Shape: `edit` leads from what is published (a `change`) or from nothing (a `whole`) to it; `claim` is
    what the prover must find; `latest` is what the waiting rows changed, for edges that outlived a control
    process.
    """

    edit: bytes
    signing: SigningState | None
    keeps_signing: bool
    claim: Claim
    latest: ZoneDelta | None = None


def whole(tx: Tx, zone: HostedZone, rows: Sequence[Row], now: int) -> Version:
    """Everything of a zone. Raises LookupError, as `signing_state` does."""
    signing = signing_state(tx, zone, now)
    present = [stored.record for stored in records.every(tx, zone.id)]
    keys = _touched(rows)
    changed = set(keys)
    found = {_key(record) for record in present}
    if any(row.kind == "zone" for row in rows):
        claimed = present
    else:  # composed anew after a restart: what waits is proven, and a sample of the rest
        most = SAMPLE if any(row.kind == "signing" for row in rows) else SAMPLE_AT_START
        claimed = [r for r in present if _key(r) in changed] + _sample(present, most)
    return Version(
        edit=encode_edit(present, []),
        signing=signing,
        keeps_signing=False,
        claim=_claim(zone, signing, claimed, [key for key in keys if key not in found]),
        latest=_latest(zone, rows, present, signing),
    )


def change(
    tx: Tx, zone: HostedZone, published: SigningState | None, rows: Sequence[Row], now: int
) -> Version:
    """What the rows changed since the version that is signed by `published`. Raises LookupError."""
    keeps = all(row.kind == "records" for row in rows)
    signing = published if keeps else signing_state(tx, zone, now)
    keys = _touched(rows)
    present = [stored.record for stored in records.by_keys(tx, zone.id, keys)]
    found = {_key(record) for record in present}
    absent = [key for key in keys if key not in found]
    claimed = present
    if published is None and signing is not None:
        claimed = present + [stored.record for stored in records.page(tx, zone.id, None, SAMPLE)]
    return Version(
        edit=encode_edit(present, absent),
        signing=signing,
        keeps_signing=keeps,
        claim=_claim(zone, signing, claimed, absent),
    )


def _claim(
    zone: HostedZone, signing: SigningState | None, present: Sequence[RecordSet], absent: Sequence[Key]
) -> Claim:
    return Claim(
        apex=zone.name,
        version=zone.version,
        dnskeys=[] if signing is None else signing.dnskeys,
        present=present,
        absent=[(owner, rtype) for owner, rtype, _ in absent],
    )


def _latest(
    zone: HostedZone, rows: Sequence[Row], present: list[RecordSet], signing: SigningState | None
) -> ZoneDelta | None:
    """What waiting rows changed, for edges that outlived control."""
    if not rows or not {row.kind for row in rows} <= {"records", "signing"}:
        return None
    keys = set(_touched(rows))
    puts = [record for record in present if _key(record) in keys]
    keys -= {_key(record) for record in puts}
    return ZoneDelta(
        zone_id=zone.id,
        apex=zone.name.to_wire(),
        base=rows[0].version - 1,
        version=zone.version,
        edit=encode_edit(puts, list(keys)),
        signing=signing if any(row.kind == "signing" for row in rows) else msgspec.UNSET,
    )


def _key(record: RecordSet) -> Key:
    return record.owner, record.rtype, record.set_id


def _touched(rows: Sequence[Row]) -> list[Key]:
    """The keys that rows of kind "records" name, each once."""
    keys: dict[Key, None] = {}
    for row in rows:
        if row.kind == "records" and isinstance(row.detail, list):
            for owner, rtype, set_id in row.detail:
                keys[Name.from_wire(owner), rtype, set_id] = None
    return list(keys)


def _sample(present: list[RecordSet], most: int) -> list[RecordSet]:
    """Some of them, spread over the zone."""
    return present[:: max(1, -(-len(present) // most))]
