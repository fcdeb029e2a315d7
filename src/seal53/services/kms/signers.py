"""How Route 53's DNSSEC signing reaches a key in KMS: as its own principal, through DescribeKey,
GetPublicKey and Sign.

The key's policy decides, or a grant to the service, with the context keys that guard against a confused
deputy (which zone, whose account). A key of another account than the zone's must say that it is for that
account, or any zone could be signed with a key whose policy lets in the service. Route 53 makes no grant of
its own: what the policy says counts at once, and when it is taken away, too. A signer lasts for one
operation: permissions are checked when it is made.
Source: Route 53 guide, "Working with customer managed keys for DNSSEC" and "KMS key required permissions".
"""

from collections.abc import Mapping

from seal53.keys import Signer, SignerFault, ksk_dnskey
from seal53.keystore import SigningKey, UnsealFault
from seal53.policy import Act, Actor, Policy, Verdict, judge, named_by
from seal53.services.context import Caller, Services
from seal53.services.kms import granting
from seal53.services.kms.access import KeyState, find_key, refusal_of, state_of
from seal53.services.kms.policy import parse_policy
from seal53.store import Tx
from seal53.store.kms import KmsKey

REGION = "us-east-1"  # Route 53 guide: the key must be there, wherever the caller is
PRINCIPALS = (
    "dnssec-route53.amazonaws.com",
    "api-service.dnssec.route53.aws.internal",  # its name in older policies
)
ACTIONS = ("DescribeKey", "GetPublicKey", "Sign")

_NOBODY = {"aws:sourceaccount": "000000000000", "aws:sourcearn": "arn:aws:route53:::hostedzone/-"}
"""Whom no zone belongs to: a policy that lets Route 53 act for nobody does not say for whom it may."""


class _KmsSigner:
    """A KSK in KMS, for one operation."""

    __slots__ = ("_key", "dnskey")

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.dnskey = ksk_dnskey(key.public_point)

    def sign_digest(self, digest: bytes) -> bytes:
        return self._key.sign_digest(digest)


def dnssec_signer(
    services: Services,
    tx: Tx,
    *,
    arn: str,
    zone_id: str,
    account_id: str,
    now: int,
) -> Signer:
    """The signer of a KSK of `zone_id`, which `account_id` owns.

    Raises: SignerFault, whose message is what InvalidKMSArn says.
    """
    parts = arn.split(":")
    if len(parts) != 6 or parts[:3] != ["arn", "aws", "kms"] or not parts[5].startswith("key/"):
        raise SignerFault(
            f"'{arn}' is not the ARN of a KMS key; "
            f"give arn:aws:kms:{REGION}:<account>:key/<key id>, not an alias"
        )
    if parts[3] != REGION:
        raise SignerFault(f"The CMK with ARN '{arn}' is in {parts[3]}; keys for DNSSEC must be in {REGION}")
    key = find_key(tx, arn, now)
    if key is None:  # the same text as for a refusal: whether another account's key exists is not told
        raise SignerFault(_not_granted(arn))
    context = {
        "aws:sourceaccount": account_id,
        "aws:sourcearn": f"arn:aws:route53:::hostedzone/{zone_id}",
    }
    if not _service_may(tx, key, context) or not (
        key.account_id == account_id or _is_for(tx, key, account_id, context)
    ):
        raise SignerFault(_not_granted(arn))
    if (key.spec, key.usage) != ("ECC_NIST_P256", "SIGN_VERIFY"):
        raise SignerFault(f"The CMK with ARN '{arn}' is not an ECC_NIST_P256 key for SIGN_VERIFY")
    if state_of(key) is not KeyState.ENABLED:
        raise SignerFault(f"The CMK with ARN '{arn}' is not enabled: its state is {state_of(key)}")
    try:
        return _KmsSigner(SigningKey.opened(services.kek, key.aad, key.sealed_key))
    except UnsealFault as e:
        raise SignerFault(e.message) from None


def _service_may(tx: Tx, key: KmsKey, context: Mapping[str, str]) -> bool:
    document = parse_policy(key.policy)
    return any(
        all(_may(tx, key, document, name, action, context) for action in ACTIONS) for name in PRINCIPALS
    )


def _may(
    tx: Tx, key: KmsKey, document: Policy, service: str, action: str, context: Mapping[str, str]
) -> bool:
    said = judge(document, _act(Actor(kind="service", name=service), key, action, context))
    if said is Verdict.UNMENTIONED:
        return bool(granting.of_service(tx, key.id, (service,), action, context))
    return said is Verdict.ALLOWED


def _is_for(tx: Tx, key: KmsKey, account_id: str, context: Mapping[str, str]) -> bool:
    """Whether the key's policy says that it is for this account: by conditions on whom the service acts for,
    or by letting in a principal of the account itself."""
    if not _service_may(tx, key, {**context, **_NOBODY}):
        return True
    document = parse_policy(key.policy)
    return any(
        all(
            judge(document, _act(actor, key, action, {"kms:calleraccount": account_id})) is Verdict.ALLOWED
            for action in ACTIONS
        )
        for actor in (_actor(account_id, name) for name in named_by(document, account_id))
    )


def _actor(account_id: str, name: str) -> Actor:
    if ":user/" in name:
        return Actor(kind="user", account=account_id, arn=name)
    if ":role/" in name or ":assumed-role/" in name:
        return Actor(kind="role", account=account_id, arn=name)
    return Actor(kind="root", account=account_id, arn=f"arn:aws:iam::{account_id}:root")


def _act(actor: Actor, key: KmsKey, action: str, context: Mapping[str, str]) -> Act:
    if actor.kind == "service":
        context = {**context, "aws:principalisawsservice": "true", "aws:principalservicename": actor.name}
    return Act(actor=actor, action=f"kms:{action}", resource=key.arn, context=context)


def require_own_access(tx: Tx, *, arn: str, caller: Caller) -> None:
    """Who makes a KSK of a key must be allowed to use it, as Route 53 must. Raises SignerFault.

    Source: the text of InvalidKMSArn, "verify that you and Route 53 have permissions". A key that is not
    there is left to `dnssec_signer`.
    """
    key = find_key(tx, arn, caller.now)
    if key is not None and any(refusal_of(tx, key, caller, action) is not None for action in ACTIONS):
        raise SignerFault(_not_granted(arn))


def _not_granted(arn: str) -> str:
    return (
        f"The CMK with ARN '{arn}' did not grant all required permissions for DNSSEC usage. "
        "Please review your key-policy, and verify that you and Route 53 have permissions "
        "to perform the following actions: DescribeKey, GetPublicKey, and Sign."
    )


class DnssecSigners:
    """`keys.KskSigners` over the store, for the keys loop; each signer is made in a read of its own."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def signer(self, *, zone_id: str, account_id: str, kms_arn: str, now: int) -> Signer:
        with self._services.store.read() as tx:
            return dnssec_signer(
                self._services, tx, arn=kms_arn, zone_id=zone_id, account_id=account_id, now=now
            )
