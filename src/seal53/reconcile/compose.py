"""From rows to what a name server needs: a zone's next version, its signing state, the views. Reads only.

Not for: when any of it is proven and sent; that is `publish`.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import msgspec

from seal53.base.ids import HostedZoneId
from seal53.core import Name, RecordSet, decode_put, join_edit
from seal53.feed.messages import (
    KeyState,
    QueryLogs,
    Reset,
    RoutingFacts,
    SigningState,
    View,
    VpcView,
    Window,
    ZoneDelta,
)
from seal53.keys import DNSKEY_TTL_S, active_zsks
from seal53.reconcile.prover import Claim
from seal53.store import (
    Tx,
    delegation_sets,
    query_logging,
    records,
    reset,
    routing,
    signatures,
    vpcs,
    zsks,
)
from seal53.store import zones as zone_rows
from seal53.store.outbox import Row
from seal53.store.zones import HostedZone

EDGE = "edge"
RESOLVER = "resolver"
SAMPLE = 64  # RRsets that are proven besides the changed ones when signing is switched on
SAMPLE_AT_START = 4  # of a zone from before a restart: its contents were proven when they were changed

Pair = tuple[Name, int]
"""Owner, type number."""
Key = tuple[Name, int, str]
"""Owner, type number, set identifier."""
Put = tuple[bytes, RecordSet]
"""A record set as it is stored, and decoded."""


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
    zone_ids: dict[str, list[str]] = {}
    for zone_id, kind, set_id in zone_rows.places(tx):
        view_id = _view_id(kind, set_id)
        if view_id is not None:
            zone_ids.setdefault(view_id, []).append(zone_id)
    empty = [
        View(view_id="root", addresses=list(registry.root), zone_ids=[]),
        View(view_id="tlds", addresses=list(registry.tlds), zone_ids=[]),
    ]
    empty += [
        View(view_id=f"set:{s.id}", addresses=list(s.addresses), zone_ids=[])
        for s in delegation_sets.every(tx)
    ]
    return [msgspec.structs.replace(view, zone_ids=zone_ids.get(view.view_id, [])) for view in empty]


def view_of(tx: Tx, registry: RegistryAddresses, zone: HostedZone) -> View | None:
    """The view that a zone belongs to, without its zones; None for a private zone."""
    view_id = _view_id(zone.kind, zone.delegation_set_id)
    if view_id is None:
        return None
    if zone.delegation_set_id is None:
        addresses = registry.root if zone.kind == "root" else registry.tlds
    else:
        found = delegation_sets.get(tx, zone.delegation_set_id)
        addresses = () if found is None else found.addresses
    return View(view_id=view_id, addresses=list(addresses), zone_ids=[])


def empty_view(tx: Tx, set_id: str) -> View | None:
    """The view of a delegation set, without its zones; None when there is no such set."""
    found = delegation_sets.get(tx, set_id)
    return (
        None if found is None else View(view_id=f"set:{set_id}", addresses=list(found.addresses), zone_ids=[])
    )


def _view_id(kind: str, set_id: str | None) -> str | None:
    if kind == "private":
        return None
    return {"root": "root", "tld": "tlds"}.get(kind, f"set:{set_id}")


def vpc_views(tx: Tx) -> list[VpcView]:
    """What each VPC's resolver prefers, and whether it validates."""
    return [_vpc_view(tx, vpc) for vpc in vpcs.every(tx)]


def vpc_view(tx: Tx, vpc_id: str) -> VpcView | None:
    vpc = vpcs.get(tx, vpc_id)
    return None if vpc is None else _vpc_view(tx, vpc)


def _vpc_view(tx: Tx, vpc: vpcs.Vpc) -> VpcView:
    return VpcView(
        vpc_id=vpc.id,
        version=vpc.version,
        address=vpc.address,
        zone_ids=[zone.id for zone in zone_rows.private_zones_of(tx, vpc.id)],
        validate=vpc.validation == "ENABLE",
        private=vpc.answers_private_zones,
        resolves=vpc.dns_support,
    )


def routing_facts(tx: Tx) -> RoutingFacts:
    """What routed record sets of all zones are chosen by."""
    version, health, cidr = routing.facts(tx)
    return RoutingFacts(version=version, health=health, cidr=cidr)


def left(tx: Tx, registry: RegistryAddresses) -> Reset:
    """All that there is, after everything was emptied."""
    return Reset(
        version=reset.version(tx),
        zone_ids=[zone_id for zone_id, *_ in zone_rows.places(tx)],
        view_ids=[view.view_id for view in views(tx, registry)],
        vpc_ids=[vpc.id for vpc in vpcs.every(tx)],
    )


def query_logs(tx: Tx, logs: Path) -> QueryLogs:
    """Where each zone's queries are logged: a log group is a directory below `logs` and its account."""
    return QueryLogs(
        zones={
            zone_id: str(logs.joinpath(account_id, *map(_directory, group.split("/"))))
            for zone_id, account_id, group in query_logging.every(tx)
        }
    )


def _directory(part: str) -> str:
    """A part of a log group's name may be all dots, and must not lead out of its directory."""
    return part.replace(".", "%2E") if not part.strip(".") else part


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
    items = records.every_item(tx, zone.id)
    touched = _touched(rows)
    if any(row.kind == "zone" for row in rows):
        sample = items
    else:  # composed anew after a restart: what waits is proven, and a sample of the rest
        sample = _sample(items, SAMPLE if any(row.kind == "signing" for row in rows) else SAMPLE_AT_START)
    pairs = {(record.owner, record.rtype) for record in map(decode_put, sample)}
    present = _at(tx, zone.id, pairs | touched.keys())
    return Version(
        edit=join_edit(items, []),
        signing=signing,
        keeps_signing=False,
        claim=_claim(zone, signing, present, touched.keys()),
        latest=_latest(zone, rows, touched, present, signing),
    )


def change(
    tx: Tx, zone: HostedZone, published: SigningState | None, rows: Sequence[Row], now: int
) -> Version:
    """What the rows changed since the version that is signed by `published`. Raises LookupError."""
    keeps = all(row.kind == "records" for row in rows)
    signing = published if keeps else signing_state(tx, zone, now)
    touched = _touched(rows)
    present = _at(tx, zone.id, touched.keys())
    edit = _edit(touched, present)
    if published is None and signing is not None:
        some = [stored.record for stored in records.page(tx, zone.id, None, SAMPLE)]
        present = _at(tx, zone.id, touched.keys() | {(record.owner, record.rtype) for record in some})
    return Version(
        edit=edit,
        signing=signing,
        keeps_signing=keeps,
        claim=_claim(zone, signing, present, touched.keys()),
    )


def _at(tx: Tx, zone_id: str, pairs: Set[Pair]) -> list[Put]:
    """All record sets of these owners and types."""
    owners = {owner for owner, _ in pairs}
    types = {rtype for _, rtype in pairs}
    found = [
        (item, decode_put(item))
        for item, rtype in records.items_at(tx, zone_id, owners)
        if rtype in types  # few owners have others
    ]
    return [(item, record) for item, record in found if (record.owner, record.rtype) in pairs]


def _claim(
    zone: HostedZone, signing: SigningState | None, present: Sequence[Put], touched: Set[Pair]
) -> Claim:
    there = {(record.owner, record.rtype) for _, record in present}
    return Claim(
        apex=zone.name,
        version=zone.version,
        dnskeys=[] if signing is None else signing.dnskeys,
        present=[record for _, record in present],
        absent=[pair for pair in touched if pair not in there],
    )


def _latest(
    zone: HostedZone,
    rows: Sequence[Row],
    touched: Mapping[Pair, Set[str]],
    present: Sequence[Put],
    signing: SigningState | None,
) -> ZoneDelta | None:
    """What waiting rows changed, for edges that outlived control."""
    if not rows or not {row.kind for row in rows} <= {"records", "signing"}:
        return None
    return ZoneDelta(
        zone_id=zone.id,
        apex=zone.name.to_wire(),
        base=rows[0].version - 1,
        version=zone.version,
        edit=_edit(touched, present),
        signing=signing if any(row.kind == "signing" for row in rows) else msgspec.UNSET,
    )


def _edit(touched: Mapping[Pair, Set[str]], present: Sequence[Put]) -> bytes:
    """Puts of what was touched and is there, deletes of what is not."""
    puts: list[bytes] = []
    there: set[Key] = set()
    for item, record in present:
        if record.set_id in touched.get((record.owner, record.rtype), ()):
            puts.append(item)
            there.add((record.owner, record.rtype, record.set_id))
    keys = ((*pair, set_id) for pair, set_ids in touched.items() for set_id in set_ids)
    return join_edit(puts, [key for key in keys if key not in there])


def _touched(rows: Sequence[Row]) -> dict[Pair, set[str]]:
    """The keys that rows of kind "records" name: set identifiers by owner and type."""
    touched: dict[Pair, set[str]] = {}
    for row in rows:
        if row.kind == "records" and isinstance(row.detail, list):
            for owner, rtype, set_id in row.detail:
                touched.setdefault((Name.from_wire(owner), rtype), set()).add(set_id)
    return touched


def _sample(items: list[bytes], most: int) -> list[bytes]:
    """Some of them, spread over the zone."""
    return items[:: max(1, -(-len(items) // most))]
