"""KMS aliases: names for keys, of one account and region.

Source: AWS KMS API reference, 2014-11-01; "Aliases in AWS KMS" in the developer guide. Limits: none is
reserved or made for AWS's own keys, as there are none.
"""

from datetime import UTC, datetime
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.kms.access import authorized_key, find_key, is_own, named_arn, require_kept
from seal53.store import Tx, kms_aliases
from seal53.store import kms as key_rows
from seal53.store.kms import KmsKey
from seal53.store.kms_aliases import KmsAlias

MOST_OF_KEY = 50  # AWS KMS quota "Aliases per KMS key"
DEFAULT_PAGE = 50
_PREFIX = "alias/"
_RESERVED = "alias/aws/"


def create_alias(services: Services, request: Request, caller: Caller) -> Response:
    name = request["AliasName"]
    _check_name(name)
    with services.store.write() as tx:
        key = _target(tx, request["TargetKeyId"], "CreateAlias", caller)
        require_kept(key)
        if kms_aliases.get(tx, caller.account_id, caller.region, name) is not None:
            raise AwsFault(
                "AlreadyExistsException", f"An alias with the name {_arn(caller, name)} already exists"
            )
        _check_quota(tx, key)
        alias = KmsAlias(
            account_id=caller.account_id,
            region=caller.region,
            name=name,
            key_id=key.id,
            created_at=caller.now,
            updated_at=caller.now,
        )
        kms_aliases.insert(tx, alias)
    return {}


def update_alias(services: Services, request: Request, caller: Caller) -> Response:
    """Points it at another key. Both keys must allow it; only the new one's state counts."""
    name = request["AliasName"]
    _check_name(name)
    with services.store.write() as tx:
        alias = _alias(tx, name, caller)
        authorized_key(tx, alias.key_id, "UpdateAlias", caller)
        key = _target(tx, request["TargetKeyId"], "UpdateAlias", caller)
        require_kept(key)
        if key.id != alias.key_id:
            _check_quota(tx, key)
        kms_aliases.point(tx, alias, key_id=key.id, now=caller.now)
    return {}


def delete_alias(services: Services, request: Request, caller: Caller) -> Response:
    """In every state of the key."""
    name = request["AliasName"]
    _check_name(name)
    with services.store.write() as tx:
        alias = _alias(tx, name, caller)
        authorized_key(tx, alias.key_id, "DeleteAlias", caller)
        kms_aliases.delete(tx, alias)
    return {}


def list_aliases(services: Services, request: Request, caller: Caller) -> Response:
    """The caller's, of its region, by name; of one key with KeyId. The marker is the last name before."""
    most = request.get("Limit") or DEFAULT_PAGE
    marker = request.get("Marker") or ""
    if marker and not marker.startswith(_PREFIX):
        raise AwsFault("InvalidMarkerException", "Could not deserialize marker")
    with services.store.read() as tx:
        key_id = None
        if request.get("KeyId"):
            key_id = _own_key(tx, request["KeyId"], caller).id
        found = kms_aliases.page(
            tx, caller.account_id, caller.region, key_id=key_id, after=marker, most=most + 1
        )
    response: dict[str, Any] = {
        "Aliases": [_shape(caller, alias) for alias in found[:most]],
        "Truncated": len(found) > most,
    }
    if len(found) > most:
        response["NextMarker"] = found[most - 1].name
    return response


OPERATIONS: dict[str, Operation] = {
    "CreateAlias": create_alias,
    "DeleteAlias": delete_alias,
    "ListAliases": list_aliases,
    "UpdateAlias": update_alias,
}


def _check_name(name: str) -> None:
    if not name.startswith(_PREFIX):
        raise AwsFault(
            "ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    if name.startswith(_RESERVED):
        raise AwsFault("NotAuthorizedException", "")
    if name == _PREFIX or ":" in name:
        raise AwsFault("ValidationException", f"{name} contains invalid characters for an alias")


def _target(tx: Tx, key_id: str, operation: str, caller: Caller) -> KmsKey:
    """The key that an alias is to name: one of the caller's own, named as a key."""
    if key_id.startswith(_PREFIX) or ":alias/" in key_id:
        raise AwsFault("ValidationException", "Aliases must refer to keys. Not aliases")
    return authorized_key(tx, key_id, operation, caller)


def _own_key(tx: Tx, key_id: str, caller: Caller) -> KmsKey:
    """Listing aliases is not asked of the key's policy."""
    arn = named_arn(tx, key_id, caller)
    key = find_key(tx, arn, caller.now)
    if key is None or key.account_id != caller.account_id:
        named = arn if is_own(arn, caller) else key_id  # what another's alias points at is not told
        raise AwsFault("NotFoundException", f"Key '{named}' does not exist")
    return key


def _alias(tx: Tx, name: str, caller: Caller) -> KmsAlias:
    alias = kms_aliases.get(tx, caller.account_id, caller.region, name)
    key = None if alias is None else key_rows.by_id(tx, alias.key_id)
    if alias is None or key is None or find_key(tx, key.arn, caller.now) is None:
        raise AwsFault("NotFoundException", f"Alias {_arn(caller, name)} is not found.")
    return alias


def _check_quota(tx: Tx, key: KmsKey) -> None:
    if kms_aliases.count_of(tx, key.id) >= MOST_OF_KEY:
        raise AwsFault("LimitExceededException", f"The key {key.arn} has {MOST_OF_KEY} aliases already.")


def _arn(caller: Caller, name: str) -> str:
    return f"arn:aws:kms:{caller.region}:{caller.account_id}:{name}"


def _shape(caller: Caller, alias: KmsAlias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": _arn(caller, alias.name),
        "TargetKeyId": alias.key_id,
        "CreationDate": datetime.fromtimestamp(alias.created_at, UTC),
        "LastUpdatedDate": datetime.fromtimestamp(alias.updated_at, UTC),
    }
