"""Finding a KMS key by what a caller wrote, and whether the caller may use it; the states of a key.

The key policy decides (`policy`); beside it, a grant may allow what the policy does not mention (`granting`).
Source: AWS KMS API reference; the state table is "Key states of AWS KMS keys" in the developer guide.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from seal53.services.context import Caller
from seal53.services.faults import AwsFault
from seal53.services.kms import granting
from seal53.services.kms.policy import Principal, Verdict, judge, parse_policy
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


def verdict(
    key: KmsKey, principal: Principal, operation: str, context: Mapping[str, str] | None = None
) -> Verdict:
    """Of the key's policy on one operation ("Sign")."""
    return judge(parse_policy(key.policy), principal, f"kms:{operation}", key.arn, context or {})


def authorized_key(tx: Tx, key_id: str, operation: str, caller: Caller) -> KmsKey:
    """The key that a caller names, if its policy allows the operation.

    Raises: NotFoundException; AccessDeniedException, which for another account's key does not tell whether
    it exists.
    """
    arn = named_arn(tx, key_id, caller)
    key = find_key(tx, arn, caller.now)
    own = arn.split(":")[4] == caller.account_id
    if own and key is None:
        raise AwsFault("NotFoundException", f"Key '{arn}' does not exist")
    said = Verdict.UNMENTIONED
    if key is not None and (own or operation in CROSS_ACCOUNT):
        said = verdict(key, Principal(kind="account", name=caller.account_id), operation)
    if key is not None and said is Verdict.ALLOWED:
        return key
    if key is not None and said is Verdict.UNMENTIONED and granting.of_caller(tx, key.id, caller, operation):
        return key
    if not own:
        why = (
            "because the resource does not exist in this Region, no resource-based policies allow access, "
            "or a resource-based policy explicitly denies access"
        )
    elif said is Verdict.DENIED:
        why = "with an explicit deny in a resource-based policy"
    else:
        why = f"because no resource-based policy allows the kms:{operation} action"
    raise AwsFault(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: kms:{operation} on resource: {arn} {why}",
    )


def named_arn(tx: Tx, key_id: str, caller: Caller) -> str:
    """The ARN of a key by its id, its ARN, an alias, or an alias's ARN; there need not be such a key.

    Raises: NotFoundException, for an alias too.
    """
    if is_key_id(key_id):
        return key_arn(caller.region, caller.account_id, key_id)
    parts = key_id.split(":")
    if len(parts) == 6 and parts[:3] == ["arn", "aws", "kms"]:
        if parts[3] != caller.region:
            raise AwsFault("NotFoundException", f"Invalid arn {parts[3]}")
        if parts[5].startswith("alias/"):
            return _aliased_arn(tx, parts[3], parts[4], parts[5])
        if parts[5].startswith("key/"):
            return key_id
    elif key_id.startswith("alias/"):
        return _aliased_arn(tx, caller.region, caller.account_id, key_id)
    raise AwsFault("NotFoundException", f"Invalid keyId '{key_id}'")


def _aliased_arn(tx: Tx, region: str, account_id: str, name: str) -> str:
    alias = kms_aliases.get(tx, account_id, region, name)
    if alias is None:
        raise AwsFault("NotFoundException", f"Alias arn:aws:kms:{region}:{account_id}:{name} is not found.")
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
