"""Making the root and the TLDs: once per database, and again whenever their settings have changed.

The trust anchor is the root's KSK; it stays the same for the life of the database. A TLD that has left the
settings stays, since domains may hang from it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from seal53.base.ids import HostedZoneId, Ids
from seal53.core import Name, RecordSet, ds_rdata, generate_zsk
from seal53.keys import ksk_dnskey, published_dnskeys, registry_ksk_aad, sign_windows, tag_collides
from seal53.keystore import SigningKey
from seal53.registry import contents
from seal53.registry.edit import apply_edit
from seal53.store import Tx, ksks, outbox, records, signatures, zsks
from seal53.store import meta as meta_rows
from seal53.store import zones as zone_rows
from seal53.store.ksks import Ksk
from seal53.store.signatures import DnskeySignatures
from seal53.store.zones import HostedZone
from seal53.store.zsks import Zsk

KSK_NAME = "registry"
DIGEST_SHA256 = 2
_META = "registry"


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """TLDs as text; addresses of the root's server and of the two TLD servers; TTLs in seconds."""

    tlds: tuple[str, ...] = ("com.", "net.", "org.", "test.")
    root_address: str
    tld_addresses: tuple[str, str]
    ns_ttl: int = 3600
    ds_ttl: int = 300
    negative_ttl: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchor:
    """The root's KSK as zone-file lines with owner: a DS (SHA-256) and the DNSKEY."""

    ds: str
    dnskey: str


def bootstrap(tx: Tx, *, kek: bytes, ids: Ids, now: int, settings: RegistrySettings) -> None:
    """Makes what is missing and mends what the settings changed. Idempotent."""
    before = meta_rows.get(tx, _META)
    meta_rows.put(tx, _META, msgspec.json.encode(settings).decode())
    tlds = sorted({*map(Name.parse, settings.tlds), contents.OWN_TLD})
    for tld in tlds:
        wanted = contents.tld_zone(
            tld,
            root_address=settings.root_address,
            tld_addresses=settings.tld_addresses,
            ns_ttl=settings.ns_ttl,
            negative_ttl=settings.negative_ttl,
        )
        _ensure(tx, tld, "tld", wanted, kek=kek, ids=ids, now=now)
    if before is not None and (old := msgspec.json.decode(before, type=RegistrySettings)) != settings:
        _retime(tx, old, settings, ids=ids, now=now)
    every_tld = [zone for zone in zone_rows.every(tx) if zone.kind == "tld"]
    root = contents.root_zone(
        [zone.name for zone in every_tld],
        root_address=settings.root_address,
        tld_addresses=settings.tld_addresses,
        ns_ttl=settings.ns_ttl,
        negative_ttl=settings.negative_ttl,
    )
    root += [
        RecordSet(zone.name, contents.DS, ttl=settings.ds_ttl, rdatas=[_ds(tx, zone)]) for zone in every_tld
    ]
    _ensure(tx, Name.root(), "root", root, kek=kek, ids=ids, now=now)


def restore(tx: Tx, *, kek: bytes, ids: Ids, now: int) -> None:
    """Root and TLDs have the contents again that they were made with; their keys stay."""
    for zone in zone_rows.every(tx):
        if zone.kind in ("root", "tld"):
            keys = [stored.key for stored in records.every(tx, zone.id)]
            apply_edit(tx, zone.id, puts=[], deletes=keys, change_id=ids.change(), now=now)
    bootstrap(tx, kek=kek, ids=ids, now=now, settings=read_settings(tx))


def trust_anchor(tx: Tx) -> TrustAnchor:
    """What validating resolvers start from."""
    root = zone_rows.named(tx, Name.root(), kind="root")[0]
    dnskey = _ksk(tx, root).dnskey
    tag, algorithm, digest_type, digest = _ds_fields(_ds(tx, root))
    key = base64.b64encode(dnskey[4:]).decode()
    return TrustAnchor(
        ds=f". IN DS {tag} {algorithm} {digest_type} {digest}",
        dnskey=f". IN DNSKEY {int.from_bytes(dnskey[:2])} {dnskey[2]} {dnskey[3]} {key}",
    )


def read_settings(tx: Tx) -> RegistrySettings:
    """The settings of the last bootstrap."""
    text = meta_rows.get(tx, _META)
    if text is None:
        raise LookupError("the registry was not made yet")
    return msgspec.json.decode(text, type=RegistrySettings)


def _ensure(
    tx: Tx, apex: Name, kind: str, wanted: Sequence[RecordSet], *, kek: bytes, ids: Ids, now: int
) -> None:
    found = zone_rows.named(tx, apex, kind=kind)
    zone = found[0] if found else _create(tx, apex, kind, kek=kek, ids=ids, now=now)
    have = {stored.key: stored.record for stored in records.at_owners(tx, zone.id, [s.owner for s in wanted])}
    changed = [s for s in wanted if not _same(have.get((s.owner, s.rtype, s.set_id)), s)]
    if changed:
        apply_edit(tx, zone.id, puts=changed, deletes=[], change_id=ids.change(), now=now)


def _create(tx: Tx, apex: Name, kind: str, *, kek: bytes, ids: Ids, now: int) -> HostedZone:
    zone = HostedZone(
        id=ids.hosted_zone(),
        account_id=None,
        kind=kind,
        name=apex,
        caller_reference=f"registry:{apex}",
        comment=None,
        delegation_set_id=None,
        version=1,
        created_at=now,
        signing_at=now,
        unsigning_at=None,
        unsigning_change_id=None,
    )
    zone_rows.insert(tx, zone)
    outbox.append(tx, f"zone:{zone.id}", zone.version, "zone", [])
    key = SigningKey.generate()
    ksk = Ksk(
        zone_id=zone.id,
        name=KSK_NAME,
        caller_reference="registry",
        kms_arn="",
        sealed_key=key.sealed(kek, registry_ksk_aad(zone.id, KSK_NAME)),
        dnskey=ksk_dnskey(key.public_point),
        created_at=now,
        modified_at=now,
        active=True,
    )
    zsk = _new_zsk(zone.id, ksk, kek=kek, ids=ids, now=now)
    ksks.insert(tx, ksk)
    zsks.insert(tx, zsk)
    dnskeys = published_dnskeys([ksk], [zsk], now)
    windows = sign_windows(apex, dnskeys, [_Signer(ksk.dnskey, key)], now)
    signatures.put(tx, zone.id, DnskeySignatures(made_at=now, dnskeys=tuple(dnskeys), windows=tuple(windows)))
    return zone


def _new_zsk(zone_id: HostedZoneId, ksk: Ksk, *, kek: bytes, ids: Ids, now: int) -> Zsk:
    while True:
        zsk_id = ids.hex(16)
        sealed, dnskey = generate_zsk(kek, zsks.aad_of(zone_id, zsk_id))
        if not tag_collides(dnskey, [ksk.dnskey]):
            return Zsk(
                zone_id=zone_id,
                id=zsk_id,
                sealed_key=sealed,
                dnskey=dnskey,
                created_at=now,
                published_at=now,
                active_at=now,
            )


@dataclass(frozen=True, slots=True)
class _Signer:
    """One of the registry's own KSKs, as `keys.sign_windows` wants it."""

    dnskey: bytes
    key: SigningKey

    def sign_digest(self, digest: bytes) -> bytes:
        return self.key.sign_digest(digest)


def _retime(tx: Tx, old: RegistrySettings, new: RegistrySettings, *, ids: Ids, now: int) -> None:
    """Gives delegations and DS the TTLs of the new settings."""
    ttls = {
        contents.NS: new.ns_ttl,
        contents.A: new.ns_ttl,
        contents.AAAA: new.ns_ttl,
        contents.DS: new.ds_ttl,
    }
    if (old.ns_ttl, old.ds_ttl) == (new.ns_ttl, new.ds_ttl):
        return
    for zone in zone_rows.every(tx):
        if zone.kind != "tld":
            continue
        puts = [
            RecordSet(s.record.owner, s.record.rtype, ttl=ttls[s.record.rtype], rdatas=s.record.rdatas)
            for s in records.every(tx, zone.id)
            if s.record.rtype in ttls and s.record.ttl != ttls[s.record.rtype]
        ]
        if puts:
            apply_edit(tx, zone.id, puts=puts, deletes=[], change_id=ids.change(), now=now)


def _same(have: RecordSet | None, wanted: RecordSet) -> bool:
    return have is not None and have.ttl == wanted.ttl and set(have.rdatas) == set(wanted.rdatas)


def _ksk(tx: Tx, zone: HostedZone) -> Ksk:
    return next(ksk for ksk in ksks.all_of(tx, zone.id) if ksk.active)


def _ds(tx: Tx, zone: HostedZone) -> bytes:
    return ds_rdata(zone.name, _ksk(tx, zone).dnskey, DIGEST_SHA256)


def _ds_fields(ds: bytes) -> tuple[int, int, int, str]:
    return int.from_bytes(ds[:2]), ds[2], ds[3], ds[4:].hex().upper()
