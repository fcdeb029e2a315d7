"""Route 53's seven DNSSEC operations: key-signing keys, and signing switched on and off.

Each operation on a zone that is signed signs the DNSKEY RRset anew before it commits. What could break a
chain of trust asks the parent's servers first, outside the transaction, and looks at its facts again inside.
Not for: ZSK rolls, refreshes (`reconcile.keys`), DS records at the registrar (`services.route53domains`).
Source: Route 53 API reference, 2013-04-01; Route 53 guide, "Configuring DNSSEC signing in Amazon Route 53".
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from seal53 import keys
from seal53.base.errors import Fault
from seal53.core import ds_rdata, generate_zsk, key_tag
from seal53.keys import KskStatus, ServeSignature
from seal53.keys import policy as key_policy
from seal53.services import kms
from seal53.services.context import Caller, DelegationSeen, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.changes import change_info
from seal53.services.route53.ksk_shape import ksk_shape
from seal53.services.route53.zones import own_zone
from seal53.store import Tx, changes, delegation_sets, ksks, outbox, signatures, zsks
from seal53.store import zones as zone_rows
from seal53.store.ksks import Ksk
from seal53.store.signatures import DnskeySignatures
from seal53.store.zones import HostedZone
from seal53.store.zsks import Zsk
from seal53.zones import names

_NAME = re.compile(r"[0-9A-Za-z_.-]{3,128}")  # the guide says no hyphens; AWS takes them
_DIGEST_TYPES = (1, 2, 4)  # those that core computes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the operations decide upon; equal facts, equal decision. A zone's contents are not among them."""

    zone: HostedZone
    ksks: tuple[Ksk, ...]
    zsks: tuple[Zsk, ...]
    status: ServeSignature

    @property
    def is_signed(self) -> bool:
        return self.status in (ServeSignature.SIGNING, ServeSignature.ACTION_NEEDED)

    @property
    def decisive(self) -> tuple[object, ...]:
        zone = self.zone
        return zone.signing_at, zone.unsigning_at, zone.unsigning_change_id, self.ksks, self.zsks

    def ksk(self, name: str) -> Ksk:
        for ksk in self.ksks:
            if ksk.name == name:
                return ksk
        raise AwsFault(
            "NoSuchKeySigningKey", f"No key-signing key named {name} exists in hosted zone {self.zone.id}."
        )

    def with_ksk(self, changed: Ksk) -> tuple[Ksk, ...]:
        return tuple(changed if k.name == changed.name else k for k in self.ksks)


def _load(tx: Tx, request: Request, caller: Caller) -> _Facts:
    """Raises NoSuchHostedZone, also for another account's zone, and InvalidArgument for a private one."""
    zone = own_zone(tx, request["HostedZoneId"], caller)
    if zone.is_private:
        raise AwsFault("InvalidArgument", "Operation is unsupported for private hosted zones.")
    found = tuple(ksks.all_of(tx, zone.id))
    gone = zone.unsigning_change_id and changes.get(tx, zone.unsigning_change_id)
    return _Facts(
        zone=zone,
        ksks=found,
        zsks=tuple(zsks.all_of(tx, zone.id)),
        status=keys.serve_signature(zone, found, unsigned_in_sync=bool(gone and gone.insync_at is not None)),
    )


def _load_again(tx: Tx, before: _Facts, request: Request, caller: Caller) -> _Facts:
    """Inside the transaction, after the parent was asked. Raises ConcurrentModification."""
    now = _load(tx, request, caller)
    if now.decisive != before.decisive:
        raise AwsFault(
            "ConcurrentModification",
            "Another user submitted a request to create, update, or delete the object at the same time "
            "that you did. "
            "Retry the request.",
        )
    return now


def create_key_signing_key(services: Services, request: Request, caller: Caller) -> Response:
    """The key joins the DNSKEY RRset at once when it is ACTIVE and the zone is signed."""
    name, arn, wanted = request["Name"], request["KeyManagementServiceArn"], request["Status"]
    with services.store.write() as tx:
        facts = _load(tx, request, caller)
        if wanted not in (KskStatus.ACTIVE, KskStatus.INACTIVE):
            raise AwsFault(
                "InvalidKeySigningKeyStatus",
                f"A key-signing key is created ACTIVE or INACTIVE, not {wanted}.",
            )
        if not _NAME.fullmatch(name):
            raise AwsFault(
                "InvalidKeySigningKeyName",
                f"The key-signing key name '{name}' is not 3 to 128 letters, digits, underscores, hyphens "
                "or dots.",
            )
        _require_not_deleting(facts)
        for other in facts.ksks:
            if other.name == name or other.kms_arn == arn:
                same = f"the name {name}" if other.name == name else f"the customer managed key {arn}"
                raise AwsFault(
                    "KeySigningKeyAlreadyExists",
                    f"Hosted zone {facts.zone.id} already has a key-signing key with {same}.",
                )
        if len(facts.ksks) >= key_policy.KSKS_MOST:
            raise AwsFault(
                "TooManyKeySigningKeys",
                f"Hosted zone {facts.zone.id} has {len(facts.ksks)} key-signing keys, which is the limit. "
                "Remove at least one, and then try again.",
            )
        with _kms_faults():
            signer = _signer(services, tx, facts.zone, arn, caller, own_access=True)
            keys.check_tag(signer.dnskey, [*(k.dnskey for k in facts.ksks), *(z.dnskey for z in facts.zsks)])
        ksk = Ksk(
            zone_id=facts.zone.id,
            name=name,
            caller_reference=request["CallerReference"],
            kms_arn=arn,
            dnskey=signer.dnskey,
            created_at=caller.now,
            modified_at=caller.now,
            active=wanted == KskStatus.ACTIVE,
        )
        ksks.insert(tx, ksk)
        _sign_again(services, tx, replace(facts, ksks=(*facts.ksks, ksk)), caller)
        info = _commit_change(services, tx, facts.zone, caller)
    return {
        "ChangeInfo": info,
        "KeySigningKey": ksk_shape(facts.zone, ksk),
        "Location": f"https://route53.amazonaws.com/2013-04-01/keysigningkey/{facts.zone.id}/{name}",
    }


def activate_key_signing_key(services: Services, request: Request, caller: Caller) -> Response:
    """Also the way out of ACTION_NEEDED, once KMS works again. An active key stays active."""
    with services.store.write() as tx:
        facts = _load(tx, request, caller)
        ksk = facts.ksk(request["Name"])
        _require_not_deleting(facts)
        with _kms_faults():
            _signer(services, tx, facts.zone, ksk.kms_arn, caller, own_access=True)
        if keys.ksk_status(ksk) is not KskStatus.ACTIVE:
            ksk = replace(ksk, active=True, failing_at=None, failure=None, modified_at=caller.now)
            ksks.update(tx, ksk)
        _sign_again(services, tx, replace(facts, ksks=facts.with_ksk(ksk)), caller)
        return {"ChangeInfo": _commit_change(services, tx, facts.zone, caller)}


def deactivate_key_signing_key(services: Services, request: Request, caller: Caller) -> Response:
    """Of a signed zone only when another key remains, and the parent proves that no DS points to this one."""
    with services.store.read() as tx:
        facts = _load(tx, request, caller)
    ksk = facts.ksk(request["Name"])
    if facts.is_signed and ksk.active:
        if not any(k.active for k in facts.ksks if k is not ksk):
            raise AwsFault(
                "KeySigningKeyInUse",
                f"The key-signing key {ksk.name} can't be deactivated because it's the only KSK for a "
                "currently-enabled "
                "DNSSEC. Disable DNSSEC signing, or add or enable another KSK.",
            )
        seen = _ask_parent(services, facts.zone)
        if seen is None:
            raise _undetermined(facts.zone, f"deactivating key-signing key '{ksk.name}'")
        if any(_points_to(ds, facts.zone, ksk) for ds in seen.ds):
            raise AwsFault(
                "KeySigningKeyInParentDSRecord",
                f"The key-signing key {ksk.name} (key tag {key_tag(ksk.dnskey)}) is specified in a parent "
                "DS record of "
                f"'{names.show(facts.zone.name)}'. Remove that DS record, wait for its TTL, and then try "
                "again.",
            )
    with services.store.write() as tx:
        facts = _load_again(tx, facts, request, caller)
        if ksk.active:
            ksk = replace(ksk, active=False, failing_at=None, failure=None, modified_at=caller.now)
            ksks.update(tx, ksk)
        try:
            _sign_again(services, tx, replace(facts, ksks=facts.with_ksk(ksk)), caller)
        except AwsFault as e:  # Deactivate declares no InvalidKMSArn: the key is in use, as no other can sign
            raise AwsFault(
                "KeySigningKeyInUse",
                f"The key-signing key {ksk.name} can't be deactivated, as the remaining one cannot sign: "
                f"{e.message}",
            ) from None
        return {"ChangeInfo": _commit_change(services, tx, facts.zone, caller)}


def delete_key_signing_key(services: Services, request: Request, caller: Caller) -> Response:
    """The key in KMS stays."""
    with services.store.write() as tx:
        facts = _load(tx, request, caller)
        ksk = facts.ksk(request["Name"])
        if keys.ksk_status(ksk) is not KskStatus.INACTIVE:
            raise AwsFault(
                "InvalidKeySigningKeyStatus",
                f"Key Signing Key with name {ksk.name} cannot be deleted because current status is not "
                "INACTIVE.",
            )
        ksks.delete(tx, facts.zone.id, ksk.name)
        _sign_again(services, tx, replace(facts, ksks=tuple(k for k in facts.ksks if k is not ksk)), caller)
        return {"ChangeInfo": _commit_change(services, tx, facts.zone, caller)}


def enable_hosted_zone_dnssec(services: Services, request: Request, caller: Caller) -> Response:
    """Signs the zone: a ZSK of its own, and the DNSKEY RRset signed by every active KSK."""
    with services.store.read() as tx:
        facts = _load(tx, request, caller)
        hosts = _hosts(tx, facts.zone)
    if not any(k.active for k in facts.ksks):
        raise AwsFault(
            "KeySigningKeyWithActiveStatusNotFound",
            f"Hosted zone with ID '{facts.zone.id}' does not have a Key Signing Key in ACTIVE status.",
        )
    for ksk in facts.ksks:
        if keys.ksk_status(ksk) is KskStatus.ACTION_NEEDED:
            raise AwsFault(
                "InvalidKeySigningKeyStatus",
                f"The key-signing key {ksk.name} has status ACTION_NEEDED. Repair its KMS key and activate "
                "it.",
            )
    if not facts.is_signed:
        seen = _ask_parent(services, facts.zone)  # a parent that cannot be asked is no reason to refuse
        if seen is not None and seen.name_servers & hosts and seen.name_servers != hosts:
            raise AwsFault(
                "HostedZonePartiallyDelegated",
                "The hosted zone nameservers don't match the parent nameservers. "
                "The hosted zone and parent must have the same nameservers.",
            )
    with services.store.write() as tx:
        facts = _load_again(tx, facts, request, caller)
        zone = facts.zone
        if not facts.is_signed:
            zone_rows.set_signing(
                tx, zone.id, signing_at=caller.now, unsigning_at=None, unsigning_change_id=None
            )
            zsks.delete_all_of(tx, zone.id)  # of the time before signing was disabled
            zsk = _new_zsk(services, facts, caller)
            zsks.insert(tx, zsk)
            facts = replace(facts, zsks=(zsk,), status=ServeSignature.SIGNING)
        _sign_again(services, tx, facts, caller)
        return {"ChangeInfo": _commit_change(services, tx, zone, caller)}


def disable_hosted_zone_dnssec(services: Services, request: Request, caller: Caller) -> Response:
    """Only when the parent proves that it has no DS. KSKs stay as they are; KMS is not needed."""
    with services.store.read() as tx:
        facts = _load(tx, request, caller)
    if not facts.ksks and not facts.is_signed:
        raise AwsFault("DNSSECNotFound", f"Hosted zone {facts.zone.id} doesn't have any DNSSEC resources.")
    if facts.is_signed:
        seen = _ask_parent(services, facts.zone)
        if seen is None:
            raise _undetermined(facts.zone, "disabling DNSSEC")
        if seen.ds:
            tags = ", ".join(sorted(str(int.from_bytes(ds[:2], "big")) for ds in seen.ds))
            raise AwsFault(
                "KeySigningKeyInParentDSRecord",
                f"The parent has a DS record for hosted zone '{names.show(facts.zone.name)}' (key tag "
                f"{tags}). "
                "Remove it, wait for its TTL, and then disable DNSSEC.",
            )
    with services.store.write() as tx:
        facts = _load_again(tx, facts, request, caller)
        zone, change_id = facts.zone, services.ids.change()
        if facts.is_signed:
            zone_rows.set_signing(
                tx,
                zone.id,
                signing_at=zone.signing_at,
                unsigning_at=caller.now,
                unsigning_change_id=change_id,
            )
            signatures.delete(tx, zone.id)
            for zsk in facts.zsks:
                if keys.zsk_state(zsk, caller.now) is not keys.ZskState.REMOVED:
                    zsks.update(tx, replace(zsk, retired_at=caller.now, removed_at=caller.now))
        return {"ChangeInfo": _commit_change(services, tx, zone, caller, change_id=change_id)}


def get_dnssec(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        facts = _load(tx, request, caller)
    return {
        "Status": {"ServeSignature": facts.status.value},
        "KeySigningKeys": [ksk_shape(facts.zone, k) for k in facts.ksks],
    }


def _require_not_deleting(facts: _Facts) -> None:
    if facts.status is ServeSignature.DELETING:
        raise AwsFault(
            "InvalidSigningStatus",
            f"Signing is being removed from hosted zone {facts.zone.id}. Wait until that change is INSYNC.",
        )


@contextmanager
def _kms_faults() -> Iterator[None]:
    try:
        yield
    except (keys.SignerFault, keys.KeyTagTaken) as e:
        raise AwsFault("InvalidKMSArn", str(e)) from None


def _signer(
    services: Services, tx: Tx, zone: HostedZone, arn: str, caller: Caller, *, own_access: bool = False
) -> keys.Signer:
    """`own_access`: the caller itself must be allowed to use the key, too. Raises SignerFault."""
    if own_access:
        kms.require_own_access(tx, arn=arn, caller=caller)
    return kms.dnssec_signer(
        services, tx, arn=arn, zone_id=zone.id, account_id=caller.account_id, now=caller.now
    )


def _sign_again(services: Services, tx: Tx, facts: _Facts, caller: Caller) -> None:
    """Signs the DNSKEY RRset of a signed zone with all active KSKs. Raises InvalidKMSArn."""
    if not facts.is_signed:
        return
    dnskeys = keys.published_dnskeys(facts.ksks, facts.zsks, caller.now)
    with _kms_faults():
        signers = [_signer(services, tx, facts.zone, k.kms_arn, caller) for k in facts.ksks if k.active]
        windows = keys.sign_windows(facts.zone.name, dnskeys, signers, caller.now)
    signatures.put(tx, facts.zone.id, DnskeySignatures(made_at=caller.now, dnskeys=dnskeys, windows=windows))


def _new_zsk(services: Services, facts: _Facts, caller: Caller) -> Zsk:
    others = [k.dnskey for k in facts.ksks]
    while True:
        zsk_id = services.ids.uuid()
        sealed, dnskey = generate_zsk(services.kek, zsks.aad_of(facts.zone.id, zsk_id))
        if not keys.tag_collides(dnskey, others):
            return Zsk(
                zone_id=facts.zone.id,
                id=zsk_id,
                sealed_key=sealed,
                dnskey=dnskey,
                created_at=caller.now,
                published_at=caller.now,
                active_at=caller.now,
            )


def _commit_change(
    services: Services, tx: Tx, zone: HostedZone, caller: Caller, *, change_id: str = ""
) -> Mapping[str, Any]:
    """A new version of the zone, also when nothing that is served has changed: the Change waits for its
    acknowledgements."""
    version = zone_rows.bump(tx, zone.id)
    subject = f"zone:{zone.id}"
    outbox.append(tx, subject, version, "signing", [])
    change = changes.open_change(
        tx,
        id=change_id or services.ids.change(),
        account_id=caller.account_id,
        subject=subject,
        version=version,
        now=caller.now,
    )
    return change_info(change)


def _ask_parent(services: Services, zone: HostedZone) -> DelegationSeen | None:
    """Live, outside any transaction; None: not determined."""
    try:
        return services.probe.delegation(zone.name)
    except Fault:
        return None


def _undetermined(zone: HostedZone, act: str) -> AwsFault:
    return AwsFault(
        "KeySigningKeyInParentDSRecord",
        f"Due to DNS lookup failure, we cannot determine if {act} in hosted zone '{names.show(zone.name)}' "
        "will break "
        "the "
        "authentication chain. Please retry later.",
    )


def _hosts(tx: Tx, zone: HostedZone) -> frozenset[object]:
    found = zone.delegation_set_id and delegation_sets.get(tx, zone.delegation_set_id)
    return frozenset(found.hosts) if found else frozenset()


def _points_to(ds: bytes, zone: HostedZone, ksk: Ksk) -> bool:
    """Whether a DS RDATA is this key's. A digest that cannot be computed here counts as this key's: fail
    closed."""
    if ds[:2] != key_tag(ksk.dnskey).to_bytes(2, "big") or ds[2] != key_policy.ALGORITHM:
        return False
    return ds[3] not in _DIGEST_TYPES or ds == ds_rdata(zone.name, ksk.dnskey, ds[3])


OPERATIONS: dict[str, Operation] = {
    "ActivateKeySigningKey": activate_key_signing_key,
    "CreateKeySigningKey": create_key_signing_key,
    "DeactivateKeySigningKey": deactivate_key_signing_key,
    "DeleteKeySigningKey": delete_key_signing_key,
    "DisableHostedZoneDNSSEC": disable_hosted_zone_dnssec,
    "EnableHostedZoneDNSSEC": enable_hosted_zone_dnssec,
    "GetDNSSEC": get_dnssec,
}
