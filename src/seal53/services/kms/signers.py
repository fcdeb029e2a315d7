"""How Route 53's DNSSEC signing reaches a key in KMS: as its own principal, through DescribeKey,
GetPublicKey and Sign.

The key's policy decides, or a grant to the service, with the context keys that guard against a confused
deputy (which zone, whose account). Route 53 makes no grant of its own: what the policy says counts at once,
and when it is taken away, too. A signer lasts for one operation: permissions are checked when it is made.
Source: Route 53 guide, "Working with customer managed keys for DNSSEC" and "KMS key required permissions".
"""

from collections.abc import Mapping

from seal53.keys import Signer, SignerFault, ksk_dnskey
from seal53.keystore import SigningKey, UnsealFault
from seal53.services.context import Services
from seal53.services.kms import granting
from seal53.services.kms.access import KeyState, find_key, state_of, verdict
from seal53.services.kms.policy import Principal, Verdict
from seal53.store import Tx
from seal53.store.kms import KmsKey

REGION = "us-east-1"  # Route 53 guide: the key must be there, wherever the caller is
PRINCIPALS = (
    "dnssec-route53.amazonaws.com",
    "api-service.dnssec.route53.aws.internal",  # its name in older policies
)
ACTIONS = ("DescribeKey", "GetPublicKey", "Sign")


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
    # Whether another account's key exists is not told: the same text as for a refusal.
    if parts[4] != account_id or key is None or key.account_id != account_id:
        raise SignerFault(_not_granted(arn))
    context = {
        "aws:sourceaccount": account_id,
        "aws:sourcearn": f"arn:aws:route53:::hostedzone/{zone_id}",
    }
    if not any(
        all(_may(tx, key, Principal(kind="service", name=name), action, context) for action in ACTIONS)
        for name in PRINCIPALS
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


def _may(tx: Tx, key: KmsKey, principal: Principal, action: str, context: Mapping[str, str]) -> bool:
    said = verdict(key, principal, action, context)
    if said is Verdict.UNMENTIONED:
        return bool(granting.of_service(tx, key.id, (principal.name,), action, context))
    return said is Verdict.ALLOWED


def require_own_access(tx: Tx, *, arn: str, account_id: str, now: int) -> None:
    """Who makes a KSK of a key must be allowed to use it, as Route 53 must. Raises SignerFault.

    Source: the text of InvalidKMSArn, "verify that you and Route 53 have permissions". A key that is not
    there or is another account's is left to `dnssec_signer`.
    """
    key = find_key(tx, arn, now)
    owner = Principal(kind="account", name=account_id)
    if key is None or key.account_id != account_id:
        return
    if any(verdict(key, owner, action) is not Verdict.ALLOWED for action in ACTIONS):
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
