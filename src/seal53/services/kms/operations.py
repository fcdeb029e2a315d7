"""The operations of AWS KMS on keys themselves: ECC_NIST_P256 keys for SIGN_VERIFY, and nothing else.

Keys persist, sealed under the master key. Limits: no imports, multi-Region keys or rotation, as asymmetric
keys have none; each is refused rather than forgotten. Source: AWS KMS API reference, 2014-11-01.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from seal53.keystore import BadSignature, SigningKey, verify_digest
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.kms import tags
from seal53.services.kms.access import (
    KeyState,
    authorized_key,
    is_key_id,
    key_arn,
    may_put_policy,
    require_enabled,
    require_kept,
    state_of,
)
from seal53.services.kms.policy import (
    POLICY_OCTETS_MOST,
    PolicyFault,
    default_policy,
    parse_policy,
)
from seal53.store import Tx
from seal53.store import kms as key_rows
from seal53.store.kms import KmsKey, aad_of

SPEC = "ECC_NIST_P256"
USAGE = "SIGN_VERIFY"
ALGORITHM = "ECDSA_SHA_256"
POLICY_NAME = "default"  # the only name that KMS knows
DAY_S = 86400

_SPECS = frozenset(
    [
        "RSA_2048",
        "RSA_3072",
        "RSA_4096",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "SYMMETRIC_DEFAULT",
        "HMAC_224",
        "HMAC_256",
        "HMAC_384",
        "HMAC_512",
        "SM2",
        "ML_DSA_44",
        "ML_DSA_65",
        "ML_DSA_87",
        "ECC_NIST_EDWARDS25519",
        "ML_KEM_512",
        "ML_KEM_768",
        "ML_KEM_1024",
    ]
)
_USAGES = frozenset(
    ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]
)


def create_key(services: Services, request: Request, caller: Caller) -> Response:
    """Makes a key in the caller's region."""
    _check_kind(request)
    its_tags = tags.check_tags(request.get("Tags") or ())
    text = request.get("Policy")
    policy = default_policy(caller.account_id) if text is None else text
    key_id = services.ids.uuid()
    arn = key_arn(caller.region, caller.account_id, key_id)
    with services.store.read() as tx:
        _check_policy(tx, policy, arn, request, caller)
    made = SigningKey.generate()
    key = KmsKey(
        id=key_id,
        account_id=caller.account_id,
        region=caller.region,
        arn=arn,
        spec=SPEC,
        usage=USAGE,
        description=request.get("Description") or "",
        policy=policy,
        sealed_key=made.sealed(services.kek, aad_of(key_id)),
        public_key=made.public_der,
        created_at=caller.now,
    )
    with services.store.write() as tx:
        key_rows.delete_due(tx, caller.now)
        key_rows.insert(tx, key)
        tags.put(tx, arn, its_tags)
    return {"KeyMetadata": _metadata(key)}


def _check_kind(request: Request) -> None:
    if "KeySpec" in request and "CustomerMasterKeySpec" in request:
        raise AwsFault(
            "ValidationException",
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated.",
        )
    spec = request.get("KeySpec") or request.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = request.get("KeyUsage")
    _check_enum(spec, "keySpec", _SPECS)
    if usage is None:
        if spec != "SYMMETRIC_DEFAULT":
            raise AwsFault(
                "ValidationException",
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            )
    else:
        _check_enum(usage, "keyUsage", _USAGES)
    if (spec, usage) != (SPEC, USAGE):
        if spec == SPEC and usage != "KEY_AGREEMENT":
            raise AwsFault("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
        raise AwsFault(
            "UnsupportedOperationException",
            f"Seal53 makes keys with KeySpec {SPEC} and KeyUsage {USAGE} only, as DNSSEC signing needs them.",
        )
    if (
        request.get("Origin", "AWS_KMS") != "AWS_KMS"
        or "CustomKeyStoreId" in request
        or "XksKeyId" in request
    ):
        raise AwsFault("UnsupportedOperationException", "Seal53 makes keys with Origin AWS_KMS only.")
    if request.get("MultiRegion"):
        raise AwsFault("UnsupportedOperationException", "Seal53 makes no multi-Region keys.")


def _check_enum(value: str, member: str, values: frozenset[str]) -> None:
    if value not in values:
        raise AwsFault(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(sorted(values))}]",
        )


def _check_policy(tx: Tx, text: str, arn: str, request: Request, caller: Caller) -> None:
    """Refuses what is no policy, and one that locks its own author out, unless that is asked for."""
    if len(text.encode()) > POLICY_OCTETS_MOST:
        raise AwsFault("LimitExceededException", f"The key policy has more than {POLICY_OCTETS_MOST} octets.")
    try:
        policy = parse_policy(text)
    except PolicyFault as e:
        raise AwsFault("MalformedPolicyDocumentException", e.message) from None
    if not request.get("BypassPolicyLockoutSafetyCheck") and not may_put_policy(tx, policy, arn, caller):
        raise AwsFault(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def describe_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"KeyMetadata": _metadata(authorized_key(tx, request["KeyId"], "DescribeKey", caller))}


def get_public_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "GetPublicKey", caller)
    require_enabled(key)
    return {
        "KeyId": key.arn,
        "PublicKey": key.public_key,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        "SigningAlgorithms": [ALGORITHM],
    }


def sign(services: Services, request: Request, caller: Caller) -> Response:
    """ECDSA over SHA-256; the signature is a DER sequence of r and s."""
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "Sign", caller)
    digest = _digest(request, key, "Sign")
    _stop_dry_run(request)
    signature = SigningKey.opened(services.kek, key.aad, key.sealed_key).sign_digest_der(digest)
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": ALGORITHM}


def verify(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "Verify", caller)
    digest = _digest(request, key, "Verify")
    _stop_dry_run(request)
    try:
        verify_digest(key.public_key, digest, request["Signature"])
    except BadSignature:
        raise AwsFault("KMSInvalidSignatureException", "") from None
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": ALGORITHM}


def _digest(request: Request, key: KmsKey, operation: str) -> bytes:
    """What is signed, once the key's state and the request allow it."""
    require_enabled(key)
    if key.usage != USAGE:
        raise AwsFault(
            "InvalidKeyUsageException",
            f"{key.arn} key usage is {key.usage} which is not valid for {operation}.",
        )
    if request["SigningAlgorithm"] != ALGORITHM:
        raise AwsFault(
            "InvalidKeyUsageException",
            f"Algorithm {request['SigningAlgorithm']} is incompatible with key spec {key.spec}.",
        )
    message = bytes(request["Message"])
    match request.get("MessageType", "RAW"):
        case "RAW":
            if not 1 <= len(message) <= 4096:
                raise AwsFault(
                    "ValidationException",
                    "1 validation error detected: Value at 'message' failed to satisfy constraint: "
                    "Member must have length between 1 and 4096",
                )
            return hashlib.sha256(message).digest()
        case "DIGEST":
            if len(message) != 32:
                raise AwsFault("ValidationException", f"Digest is invalid length for algorithm {ALGORITHM}.")
            return message
        case other:
            raise AwsFault(
                "ValidationException", f"MessageType {other} is not valid for algorithm {ALGORITHM}."
            )


def _stop_dry_run(request: Request) -> None:
    if request.get("DryRun"):
        raise AwsFault(
            "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
        )


def list_keys(services: Services, request: Request, caller: Caller) -> Response:
    """The caller's keys of its region. The marker is the last key id of the page before."""
    most = request.get("Limit") or 100
    marker = request.get("Marker") or ""
    if marker and not is_key_id(marker):
        raise AwsFault("InvalidMarkerException", "Could not deserialize marker")
    with services.store.read() as tx:
        found = key_rows.page(
            tx, caller.account_id, caller.region, after=marker, now=caller.now, most=most + 1
        )
    shown = found[:most]
    truncated = len(found) > most
    return {
        "Keys": [{"KeyId": key.id, "KeyArn": key.arn} for key in shown],
        "Truncated": truncated,
        **({"NextMarker": shown[-1].id} if truncated else {}),
    }


def enable_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "EnableKey", caller)
        require_kept(key)
        key_rows.update(tx, replace(key, disabled_at=None))
    return {}


def disable_key(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "DisableKey", caller)
        require_kept(key)
        if key.disabled_at is None:
            key_rows.update(tx, replace(key, disabled_at=caller.now))
    return {}


def update_key_description(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "UpdateKeyDescription", caller)
        require_kept(key)
        key_rows.update(tx, replace(key, description=request["Description"]))
    return {}


def get_key_rotation_status(services: Services, request: Request, caller: Caller) -> Response:
    """False, as for every asymmetric key."""
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "GetKeyRotationStatus", caller)
    return {"KeyId": key.arn, "KeyRotationEnabled": False}


def refuse_rotation(operation: str) -> Operation:
    """The operation on an asymmetric key, which cannot be rotated."""

    def refuse(services: Services, request: Request, caller: Caller) -> Response:
        with services.store.read() as tx:
            key = authorized_key(tx, request["KeyId"], operation, caller)
        require_enabled(key)
        raise AwsFault("UnsupportedOperationException", "")  # AWS says no more

    return refuse


def schedule_key_deletion(services: Services, request: Request, caller: Caller) -> Response:
    days = request.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        raise AwsFault(
            "ValidationException",
            f"1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy "
            "constraint: Member must have value between 7 and 30",
        )
    with services.store.write() as tx:
        key_rows.delete_due(tx, caller.now)
        key = authorized_key(tx, request["KeyId"], "ScheduleKeyDeletion", caller)
        require_kept(key)
        deletion_at = caller.now + days * DAY_S
        key_rows.update(tx, replace(key, deletion_at=deletion_at))
    return {
        "KeyId": key.arn,
        "DeletionDate": _moment(deletion_at),
        "KeyState": KeyState.PENDING_DELETION.value,
        "PendingWindowInDays": days,
    }


def cancel_key_deletion(services: Services, request: Request, caller: Caller) -> Response:
    """The key is disabled afterwards, whatever it was before."""
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "CancelKeyDeletion", caller)
        if state_of(key) is not KeyState.PENDING_DELETION:
            raise AwsFault(
                "KMSInvalidStateException",
                f"{key.arn} is not pending deletion (or pending replica deletion).",
            )
        key_rows.update(tx, replace(key, deletion_at=None, disabled_at=caller.now))
    return {"KeyId": key.arn}


def put_key_policy(services: Services, request: Request, caller: Caller) -> Response:
    """In every state of the key."""
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "PutKeyPolicy", caller)
        _check_policy_name(request)
        _check_policy(tx, request["Policy"], key.arn, request, caller)
        key_rows.update(tx, replace(key, policy=request["Policy"]))
    return {}


def get_key_policy(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "GetKeyPolicy", caller)
    _check_policy_name(request)
    return {"Policy": key.policy, "PolicyName": POLICY_NAME}


def list_key_policies(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        authorized_key(tx, request["KeyId"], "ListKeyPolicies", caller)
    return {"PolicyNames": [POLICY_NAME], "Truncated": False}


def _check_policy_name(request: Request) -> None:
    if (request.get("PolicyName") or POLICY_NAME) != POLICY_NAME:
        raise AwsFault("NotFoundException", "No such policy exists")


def _metadata(key: KmsKey) -> Mapping[str, Any]:
    state = state_of(key)
    shape: dict[str, Any] = {
        "AWSAccountId": key.account_id,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": _moment(key.created_at),
        "Enabled": state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": state.value,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "SigningAlgorithms": [ALGORITHM],
        "MultiRegion": False,
    }
    if key.deletion_at is not None:
        shape["DeletionDate"] = _moment(key.deletion_at)
    return shape


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


OPERATIONS: dict[str, Operation] = {
    "CancelKeyDeletion": cancel_key_deletion,
    "CreateKey": create_key,
    "DescribeKey": describe_key,
    "DisableKey": disable_key,
    "DisableKeyRotation": refuse_rotation("DisableKeyRotation"),
    "EnableKey": enable_key,
    "EnableKeyRotation": refuse_rotation("EnableKeyRotation"),
    "GetKeyPolicy": get_key_policy,
    "GetKeyRotationStatus": get_key_rotation_status,
    "GetPublicKey": get_public_key,
    "ListKeyPolicies": list_key_policies,
    "ListKeys": list_keys,
    "PutKeyPolicy": put_key_policy,
    "ScheduleKeyDeletion": schedule_key_deletion,
    "Sign": sign,
    "UpdateKeyDescription": update_key_description,
    "Verify": verify,
}
