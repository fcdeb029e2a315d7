"""From rows to what a name server needs: a zone's signing state, the views, the resolvers' views. Reads only.

Not for: when any of it is sent; that is `publish`.
"""

from dataclasses import dataclass

from seal53.base.ids import HostedZoneId
from seal53.feed.messages import KeyState, SigningState, View, VpcView, Window
from seal53.keys import DNSKEY_TTL_S, active_zsks
from seal53.store import Tx, delegation_sets, signatures, vpcs, zsks
from seal53.store import zones as zone_rows
from seal53.store.zones import HostedZone

EDGE = "edge"
RESOLVER = "resolver"


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
        )
        for vpc in vpcs.every(tx)
    ]
