"""Finding a KMS key by what a caller wrote, and whether the caller may use it; the states of a key.

The key policy decides, with the caller's own policies where it lets in an account (`authorization`); beside
it, a grant may allow what no policy mentions (`granting`).
Source: AWS KMS API reference; the state table is "Key states of AWS KMS keys" in the developer guide.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from seal53.policy import Policy, Reason, Refusal
from seal53.services import authorization
from seal53.services.context import Caller
from seal53.services.faults import AwsFault
from seal53.services.kms import granting
from seal53.services.kms.policy import parse_policy
from seal53.store import Tx, kms_aliases
from seal53.store import kms as key_rows
from seal53.store.kms import KmsKey

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

CROSS_ACCOUNT = frozenset(
    {
        "CreateGrant",
        "DescribeKey",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ListGrants",
        "RevokeGrant",
        "Sign",
        "Verify",
    }
)
"""Operations that another account may be allowed to call (KMS API reference, "Cross-account use")."""


class KeyState(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PENDING_DELETION = "PendingDeletion"


def state_of(key: KmsKey) -> KeyState:
    if key.deletion_at is not None:
        return KeyState.PENDING_DELETION
    return KeyState.ENABLED if key.disabled_at is None else KeyState.DISABLED


def key_arn(region: str, account_id: str, key_id: str) -> str:
    return f"arn:aws:kms:{region}:{account_id}:key/{key_id}"


def is_key_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def find_key(tx: Tx, arn: str, now: int) -> KmsKey | None:
    """The key of this ARN, whoever owns it; None as well once its waiting period has ended."""
    key = key_rows.by_arn(tx, arn)
    return None if key is None or (key.deletion_at is not None and key.deletion_at <= now) else key


def refusal_of(
    tx: Tx,
    key: KmsKey,
    caller: Caller,
    operation: str,
    context: Mapping[str, str] | None = None,
    *,
    with_grants: bool = True,
) -> Refusal | None:
    """Why the caller may not do this ("Sign") with the key, whoever owns it; None: it may.

    `context` has the condition keys of the operation, in lower case.
    """
    refused = _refusal(tx, parse_policy(key.policy), key.arn, key.account_id, caller, operation, context)
    if refused is None or not with_grants or refused.reason not in (Reason.NO_RESOURCE, Reason.NO_IDENTITY):
        return refused
    if not granting.of_caller(tx, key.id, caller, operation):
        return refused
    return _refusal(
        tx, parse_policy(key.policy), key.arn, key.account_id, caller, operation, context, granted=True
    )


def may_put_policy(tx: Tx, document: Policy, arn: str, caller: Caller) -> bool:
    """Whether a key of the caller's account with this policy would let the caller change the policy."""
    return _refusal(tx, document, arn, caller.account_id, caller, "PutKeyPolicy", None) is None


def _refusal(
    tx: Tx,
    document: Policy,
    arn: str,
    owner: str,
    caller: Caller,
    operation: str,
    context: Mapping[str, str] | None,
    *,
    granted: bool = False,
) -> Refusal | None:
    return authorization.of_resource(
        tx,
        caller,
        action=f"kms:{operation}",
        resource=arn,
        document=document,
        owner=owner,
        context={
            "kms:calleraccount": caller.account_id,
            # only services of AWS make grants for resources of AWS
            **({"kms:grantisforawsresource": "false"} if operation.endswith(("Grant", "Grants")) else {}),
            **(context or {}),
        },
        granted=granted,
    )


def authorized_key(tx: Tx, key_id: str, operation: str, caller: Caller) -> KmsKey:
    """The key that a caller names, if its policy, the caller's own policies, or a grant allow the operation.

    Raises: NotFoundException; AccessDeniedException, which for another account's key does not tell whether
    it exists.
    """
    arn = named_arn(tx, key_id, caller)
    key = find_key(tx, arn, caller.now)
    if is_own(arn, caller):
        if key is None:
            raise AwsFault("NotFoundException", f"Key '{arn}' does not exist")
        refused = refusal_of(tx, key, caller, operation)
        if refused is not None:
            raise authorization.denied(refused)
        return key
    if key is not None and operation in CROSS_ACCOUNT and refusal_of(tx, key, caller, operation) is None:
        return key
    raise not_shared(key_id, operation, caller)


def not_shared(named: str, operation: str, caller: Caller) -> AwsFault:
    """For another account's key, there or not. `named` is what the caller wrote: what an alias points at is
    not told."""
    return AwsFault(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: kms:{operation} on resource: {named} "
        "because the resource does not exist in this Region, no resource-based policies allow access, "
        "or a resource-based policy explicitly denies access",
    )


def is_own(arn: str, caller: Caller) -> bool:
    return arn.split(":")[4] == caller.account_id


def named_arn(tx: Tx, key_id: str, caller: Caller) -> str:
    """The ARN of a key by its id, its ARN, an alias, or an alias's ARN; there need not be such a key.

    Another account's alias that is not there has its own ARN, which no key has.
    Raises: NotFoundException, for an alias of the caller's too.
    """
    if is_key_id(key_id):
        return key_arn(caller.region, caller.account_id, key_id)
    parts = key_id.split(":")
    if len(parts) == 6 and parts[:3] == ["arn", "aws", "kms"]:
        if parts[3] != caller.region:
            raise AwsFault("NotFoundException", f"Invalid arn {parts[3]}")
        if parts[5].startswith("alias/"):
            return _aliased_arn(tx, parts[3], parts[4], parts[5], caller)
        if parts[5].startswith("key/"):
            return key_id
    elif key_id.startswith("alias/"):
        return _aliased_arn(tx, caller.region, caller.account_id, key_id, caller)
    raise AwsFault("NotFoundException", f"Invalid keyId '{key_id}'")


def _aliased_arn(tx: Tx, region: str, account_id: str, name: str, caller: Caller) -> str:
    alias = kms_aliases.get(tx, account_id, region, name)
    if alias is None:
        arn = f"arn:aws:kms:{region}:{account_id}:{name}"
        if account_id == caller.account_id:
            raise AwsFault("NotFoundException", f"Alias {arn} is not found.")
        return arn
    return key_arn(region, account_id, alias.key_id)


def require_enabled(key: KmsKey) -> None:
    """For operations with the key's material. Raises DisabledException or KMSInvalidStateException."""
    match state_of(key):
        case KeyState.DISABLED:
            raise AwsFault("DisabledException", f"{key.arn} is disabled.")
        case KeyState.PENDING_DELETION:
            raise AwsFault("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        case KeyState.ENABLED:
            return


def require_kept(key: KmsKey) -> None:
    """For operations that change a key. Raises KMSInvalidStateException while it is pending deletion."""
    if state_of(key) is KeyState.PENDING_DELETION:
        raise AwsFault("KMSInvalidStateException", f"{key.arn} is pending deletion.")
