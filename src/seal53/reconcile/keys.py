"""Keeps DNSKEY signatures fresh: daily, for hosted zones and for the registry's own.

A KSK that cannot sign is marked (ACTION_NEEDED) and the zone goes on with the windows that it has, about
five days; its owner repairs KMS and activates the key. Not for: what an API call asks for, which signs by
itself before it commits.
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seal53 import keys
from seal53.base.journal import event
from seal53.keys import KskSigners, SignedWindow, Signer, SignerFault, ZoneKeys
from seal53.keystore import SigningKey, UnsealFault
from seal53.store import Store, Tx, ksks, outbox, signatures, zsks
from seal53.store import zones as zone_rows
from seal53.store.ksks import Ksk
from seal53.store.signatures import DnskeySignatures
from seal53.store.zones import HostedZone
from seal53.store.zsks import Zsk

AGAIN_S = 60  # after an unexpected failure; no standard says
LONGEST_SLEEP_S = 3600  # zones are made and repaired in between; no standard says


@dataclass(frozen=True, slots=True)
class _SealedKsk:
    """One of the registry's own KSKs, as a signer."""

    dnskey: bytes
    key: SigningKey

    def sign_digest(self, digest: bytes) -> bytes:
        return self.key.sign_digest(digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    zone: HostedZone
    ksks: list[Ksk]
    zsks: list[Zsk]
    signed: DnskeySignatures | None


class KeysLoop:
    """`signers` finds KSKs in KMS; keys sealed in the store are opened under `kek`."""

    def __init__(self, store: Store, kek: bytes, signers: KskSigners) -> None:
        self._store = store
        self._kek = kek
        self._signers = signers

    def tick(self, now: int, *, urgent_alone: bool = False) -> int:
        """Signs what is due; returns when to come again (UNIX seconds).

        `urgent_alone`: before anything is served, only what could not be served as it is.
        """
        with self._store.read() as tx:
            facts = _load_all(tx)
        plan = keys.plan((_zone_keys(f) for f in facts.values()), now)
        latest = now + LONGEST_SLEEP_S
        for action in sorted(plan.actions, key=lambda action: not action.urgent):
            if urgent_alone and not action.urgent:
                break
            try:
                self._refresh(facts[action.zone_id], action.why, now)
            except Exception:  # noqa: BLE001  told; one zone must not hold up the others
                event(
                    "dnskey-not-signed",
                    level=logging.ERROR,
                    zone_id=action.zone_id,
                    trace=traceback.format_exc(),
                )
                latest = now + AGAIN_S
        return latest if plan.wake_at is None else min(latest, plan.wake_at)

    def _refresh(self, facts: _Facts, why: str, now: int) -> None:
        """Signs outside the transaction, as KMS may be slow; writes only if the keys are still the same."""
        zone = facts.zone
        dnskeys = keys.published_dnskeys(facts.ksks, facts.zsks, now)
        parts: list[tuple[SignedWindow, ...]] = []
        failures: dict[str, str] = {}
        for ksk in facts.ksks:
            if ksk.active:
                try:
                    signer = self._signer(zone, ksk, now)
                    parts.append(keys.sign_windows(zone.name, dnskeys, [signer], now))
                except SignerFault as e:
                    failures[ksk.name] = str(e)
        with self._store.write() as tx:
            current = zone_rows.get(tx, zone.id)
            if current is None or not _is_signed(current) or _keys_of(_load(tx, current)) != _keys_of(facts):
                event("keys-changed-meanwhile", zone_id=zone.id)
                return
            _mark(tx, facts.ksks, failures, now)
            if not failures and parts:
                version = zone_rows.bump(tx, zone.id)
                made = DnskeySignatures(made_at=now, dnskeys=dnskeys, windows=keys.join_windows(parts))
                signatures.put(tx, zone.id, made)
                outbox.append(tx, f"zone:{zone.id}", version, "signing", [])
        until = keys.exhausted_at(facts.signed.windows) if facts.signed else None
        for name, failure in failures.items():
            event(
                "ksk-needs-action",
                level=logging.ERROR,
                zone_id=zone.id,
                ksk=name,
                why=failure,
                served_until=until,
            )
        if not failures:
            event("dnskey-signed", zone_id=zone.id, why=why)

    def _signer(self, zone: HostedZone, ksk: Ksk, now: int) -> Signer:
        """Raises SignerFault."""
        if ksk.sealed_key is not None:
            try:
                aad = keys.registry_ksk_aad(zone.id, ksk.name)
                return _SealedKsk(ksk.dnskey, SigningKey.opened(self._kek, aad, ksk.sealed_key))
            except UnsealFault as e:
                raise SignerFault(e.message, hint=e.hint) from None
        signer = self._signers.signer(
            zone_id=zone.id, account_id=zone.account_id or "", kms_arn=ksk.kms_arn, now=now
        )
        if signer.dnskey != ksk.dnskey:
            raise SignerFault(f"the key {ksk.kms_arn} is not the one that {ksk.name} was made of")
        return signer


def _is_signed(zone: HostedZone) -> bool:
    return zone.signing_at is not None and zone.unsigning_at is None


def _load(tx: Tx, zone: HostedZone) -> _Facts:
    return _Facts(
        zone=zone,
        ksks=ksks.all_of(tx, zone.id),
        zsks=zsks.all_of(tx, zone.id),
        signed=signatures.get(tx, zone.id),
    )


def _load_all(tx: Tx) -> dict[str, _Facts]:
    """Of every signed zone, by its id."""
    every_ksk, every_zsk, every_signature = ksks.by_zone(tx), zsks.by_zone(tx), signatures.by_zone(tx)
    return {
        zone.id: _Facts(
            zone=zone,
            ksks=every_ksk.get(zone.id, []),
            zsks=every_zsk.get(zone.id, []),
            signed=every_signature.get(zone.id),
        )
        for zone in zone_rows.every(tx)
        if _is_signed(zone)
    }


def _zone_keys(facts: _Facts) -> ZoneKeys:
    signed = facts.signed
    if signed is None:
        return ZoneKeys(zone_id=facts.zone.id, ksks=facts.ksks, zsks=facts.zsks)
    return ZoneKeys(
        zone_id=facts.zone.id,
        ksks=facts.ksks,
        zsks=facts.zsks,
        dnskeys=signed.dnskeys,
        windows=signed.windows,
        made_at=signed.made_at,
    )


def _keys_of(facts: _Facts) -> tuple[list[Ksk], list[Zsk]]:
    return facts.ksks, facts.zsks


def _mark(tx: Tx, rows: Sequence[Ksk], failures: dict[str, str], now: int) -> None:
    """Who failed, since when; a registry key that signs again is well, as nobody else would say so."""
    for ksk in rows:
        if ksk.name in failures:
            ksks.update(tx, replace(ksk, failing_at=ksk.failing_at or now, failure=failures[ksk.name]))
        elif ksk.failing_at is not None and not ksk.kms_arn:
            ksks.update(tx, replace(ksk, failing_at=None, failure=None))
