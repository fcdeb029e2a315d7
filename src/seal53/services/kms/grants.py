"""KMS grants: making them, listing them, and ending them.

A grant counts at once, so that grant tokens are taken and never needed. What a grant allows is judged in
`granting`. Source: AWS KMS API reference, 2014-11-01; "Grants in AWS KMS" in the developer guide.
"""

import re
from datetime import UTC, datetime
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.kms import granting
from seal53.services.kms.access import (
    authorized_key,
    find_key,
    is_own,
    named_arn,
    not_shared,
    refusal_of,
    require_enabled,
)
from seal53.store import Tx, kms_grants
from seal53.store import kms as key_rows
from seal53.store.kms import KmsKey
from seal53.store.kms_grants import KmsGrant

MOST_OF_KEY = 50_000  # AWS KMS quota "Grants per KMS key"
DEFAULT_PAGE = 50
OPERATIONS_OF_KEY = ("Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey")
"""What may be granted on an asymmetric key for SIGN_VERIFY (developer guide, "Grant operations")."""

_PRINCIPAL = re.compile(
    r"[0-9]{12}"
    r"|arn:aws:iam::[0-9]{12}:(root|(user|role)/[\w+=,.@/-]+)"
    r"|arn:aws:sts::[0-9]{12}:(assumed-role|federated-user)/[\w+=,.@/-]+"
)
_SERVICE = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+){2,}")
_GRANT_ID = re.compile(r"[0-9a-f]{64}")


def create_grant(services: Services, request: Request, caller: Caller) -> Response:
    """The same request with the same Name finds the grant that is there."""
    grantee = _principal(request, "Grantee", required=True)
    retiring = _principal(request, "Retiring", required=False)
    assert grantee is not None
    operations = tuple(dict.fromkeys(request["Operations"]))
    for operation in operations:
        if operation not in OPERATIONS_OF_KEY:
            raise AwsFault(
                "ValidationException",
                f"The operation {operation} cannot be granted on a key whose KeyUsage is SIGN_VERIFY.",
            )
    if not operations:
        raise AwsFault("ValidationException", "Operations has to name at least one operation.")
    constraints = {name: value for name, value in (request.get("Constraints") or {}).items() if value}
    if constraints.keys() - {"SourceArn"}:
        raise AwsFault(
            "ValidationException",
            "Encryption context constraints are not supported for grants on asymmetric KMS keys.",
        )
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "CreateGrant", caller)
        require_enabled(key)
        _check_scope(tx, key, caller, operations)
        grant = KmsGrant(
            id=services.ids.hex(64),
            key_id=key.id,
            token=services.ids.hex(128),
            grantee=grantee,
            retiring=retiring,
            operations=operations,
            constraints=constraints or None,
            name=request.get("Name"),
            issuer=f"arn:aws:iam::{caller.account_id}:root",
            created_at=caller.now,
        )
        _stop_dry_run(request)
        known = next((g for g in _named(tx, grant) if _asks_the_same(g, grant)), None)
        if known is None:
            if kms_grants.count_of(tx, key.id) >= MOST_OF_KEY:
                raise AwsFault("LimitExceededException", f"The key {key.arn} has {MOST_OF_KEY} grants.")
            kms_grants.insert(tx, grant)
            known = grant
    return {"GrantToken": known.token, "GrantId": known.id}


def list_grants(services: Services, request: Request, caller: Caller) -> Response:
    """Of one key, by grant id, in every state. The marker is the last grant id of the page before."""
    most, marker = _page(request)
    grantee = request.get("GranteePrincipal")
    if request.get("GranteeServicePrincipal"):
        grantee = f"{granting.SERVICE}{request['GranteeServicePrincipal']}"
    grant_id = request.get("GrantId")
    if grant_id is not None and _GRANT_ID.fullmatch(grant_id) is None:
        raise AwsFault("InvalidGrantIdException", f"The grant ID {grant_id} is not valid.")
    with services.store.read() as tx:
        key = authorized_key(tx, request["KeyId"], "ListGrants", caller)
        found = kms_grants.of_key(tx, key.id, grantee=grantee, grant_id=grant_id, after=marker, most=most + 1)
    return _listed([(grant, key.arn) for grant in found], most)


def list_retirable_grants(services: Services, request: Request, caller: Caller) -> Response:
    """That a principal of the caller's account may retire, on any account's keys in the caller's region; that
    a service may, on the caller's own."""
    most, marker = _page(request)
    retiring = _principal(request, "Retiring", required=True)
    assert retiring is not None
    is_principal = _PRINCIPAL.fullmatch(retiring) is not None
    if is_principal and caller.account_id not in retiring.split(":"):
        raise AwsFault(
            "AccessDeniedException",
            f"User: {caller.arn} is not authorized to perform: kms:ListRetirableGrants for {retiring},"
            " which is of another account",
        )
    with services.store.read() as tx:
        found = kms_grants.retirable_by(
            tx,
            retiring,
            region=caller.region,
            owner=None if is_principal else caller.account_id,
            now=caller.now,
            after=marker,
            most=most + 1,
        )
    return _listed(found, most)


def revoke_grant(services: Services, request: Request, caller: Caller) -> Response:
    """By who administers the key, in every state of it."""
    with services.store.write() as tx:
        key = authorized_key(tx, request["KeyId"], "RevokeGrant", caller)
        grant = _grant_of(tx, key, request["GrantId"])
        _stop_dry_run(request)
        kms_grants.delete(tx, grant.id)
    return {}


def retire_grant(services: Services, request: Request, caller: Caller) -> Response:
    """By its retiring principal, a grantee that was granted RetireGrant, or the account that made it."""
    token, key_id, grant_id = (request.get(member) for member in ("GrantToken", "KeyId", "GrantId"))
    if token is None and (key_id is None or grant_id is None):
        raise AwsFault("ValidationException", "Send either GrantToken, or KeyId and GrantId.")
    with services.store.write() as tx:
        if token is not None:
            found = kms_grants.by_token(tx, token)
            key = None if found is None else key_rows.by_id(tx, found.key_id)
            if found is None or key is None or find_key(tx, key.arn, caller.now) is None:
                raise AwsFault("InvalidGrantTokenException", "The grant token is not valid.")
            grant = found
        else:
            assert key_id is not None and grant_id is not None
            arn = named_arn(tx, key_id, caller)
            named = find_key(tx, arn, caller.now)
            if not is_own(arn, caller) and (named is None or not _may_retire_of(tx, named, grant_id, caller)):
                raise not_shared(key_id, "RetireGrant", caller)
            if named is None:
                raise AwsFault("NotFoundException", f"Key '{arn}' does not exist")
            key, grant = named, _grant_of(tx, named, grant_id)
        if not _may_retire(grant, caller):
            raise AwsFault(
                "AccessDeniedException",
                f"User: {caller.arn} is not authorized to perform: kms:RetireGrant on resource: {key.arn}",
            )
        _stop_dry_run(request)
        kms_grants.delete(tx, grant.id)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateGrant": create_grant,
    "ListGrants": list_grants,
    "ListRetirableGrants": list_retirable_grants,
    "RetireGrant": retire_grant,
    "RevokeGrant": revoke_grant,
}


def _principal(request: Request, role: str, *, required: bool) -> str | None:
    """Of GranteePrincipal and GranteeServicePrincipal, or their Retiring kin, the one that was sent."""
    principal: str | None = request.get(f"{role}Principal")
    service: str | None = request.get(f"{role}ServicePrincipal")
    if principal is not None and service is not None:
        raise AwsFault(
            "ValidationException", f"Send either {role}Principal or {role}ServicePrincipal, not both."
        )
    if service is not None:
        return f"{granting.SERVICE}{service}"
    if principal is None:
        if required:
            raise AwsFault("ValidationException", f"Send {role}Principal or {role}ServicePrincipal.")
        return None
    # a service's name is taken here too, as it was before services had a member of their own
    if _PRINCIPAL.fullmatch(principal) is None and _SERVICE.fullmatch(principal) is None:
        raise AwsFault("InvalidArnException", f"ARN does not refer to a valid principal: {principal}")
    return principal


def _check_scope(tx: Tx, key: KmsKey, caller: Caller, operations: tuple[str, ...]) -> None:
    """Who may only grant because of a grant passes on what that grant allows, and no more."""
    if refusal_of(tx, key, caller, "CreateGrant", with_grants=False) is None:
        return
    its = {o for grant in granting.of_caller(tx, key.id, caller, "CreateGrant") for o in grant.operations}
    if not its.issuperset(operations):
        raise AwsFault(
            "AccessDeniedException",
            f"User: {caller.arn} is not authorized to perform: kms:CreateGrant on resource: {key.arn}"
            " with operations that its own grant does not allow",
        )


def _named(tx: Tx, grant: KmsGrant) -> list[KmsGrant]:
    return [] if grant.name is None else kms_grants.named(tx, grant.key_id, grant.name)


def _asks_the_same(held: KmsGrant, wanted: KmsGrant) -> bool:
    return (
        held.grantee == wanted.grantee
        and held.retiring == wanted.retiring
        and set(held.operations) == set(wanted.operations)
        and held.constraints == wanted.constraints
        and held.issuer == wanted.issuer
    )


def _may_retire(grant: KmsGrant, caller: Caller) -> bool:
    return (
        granting.is_named(caller, grant.retiring)
        or ("RetireGrant" in grant.operations and granting.is_named(caller, grant.grantee))
        or grant.issuer in granting.names_of(caller)
    )


def _may_retire_of(tx: Tx, key: KmsKey, grant_id: str, caller: Caller) -> bool:
    grant = kms_grants.get(tx, grant_id)
    return grant is not None and grant.key_id == key.id and _may_retire(grant, caller)


def _grant_of(tx: Tx, key: KmsKey, grant_id: str) -> KmsGrant:
    if _GRANT_ID.fullmatch(grant_id) is None:
        raise AwsFault("InvalidGrantIdException", f"The grant ID {grant_id} is not valid.")
    grant = kms_grants.get(tx, grant_id)
    if grant is None or grant.key_id != key.id:
        raise AwsFault("NotFoundException", f"Grant ID {grant_id} not found")
    return grant


def _stop_dry_run(request: Request) -> None:
    if request.get("DryRun"):
        raise AwsFault(
            "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
        )


def _page(request: Request) -> tuple[int, str]:
    marker = request.get("Marker") or ""
    if marker and _GRANT_ID.fullmatch(marker) is None:
        raise AwsFault("InvalidMarkerException", "Could not deserialize marker")
    return request.get("Limit") or DEFAULT_PAGE, marker


def _listed(found: list[tuple[KmsGrant, str]], most: int) -> Response:
    response: dict[str, Any] = {
        "Grants": [_shape(grant, arn) for grant, arn in found[:most]],
        "Truncated": len(found) > most,
    }
    if len(found) > most:
        response["NextMarker"] = found[most - 1][0].id
    return response


def _shape(grant: KmsGrant, arn: str) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "KeyId": arn,
        "GrantId": grant.id,
        "Name": grant.name or "",
        "CreationDate": datetime.fromtimestamp(grant.created_at, UTC),
        "IssuingAccount": grant.issuer,
        "Operations": list(grant.operations),
    }
    for role, principal in (("Grantee", grant.grantee), ("Retiring", grant.retiring)):
        if principal is not None and principal.startswith(granting.SERVICE):
            shape[f"{role}ServicePrincipal"] = principal.removeprefix(granting.SERVICE)
        elif principal is not None:
            shape[f"{role}Principal"] = principal
    if grant.constraints is not None:
        shape["Constraints"] = dict(grant.constraints)
    return shape
