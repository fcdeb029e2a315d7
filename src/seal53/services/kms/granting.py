"""Whether a grant lets somebody do something with a key: beside the key's policy, and only ever allowing.

A grant is for one principal: a user, a role (and every session of it), the root of an account, or a service.
Its constraint `SourceArn` holds for calls that say which resource they are made for, as services' calls do;
one on an encryption context never holds, since signing has none.
Source: AWS KMS developer guide, "Grants in AWS KMS".
"""

from collections.abc import Collection, Mapping

from seal53.services.context import Caller
from seal53.store import Tx, kms_grants
from seal53.store.kms_grants import KmsGrant

SERVICE = "service:"
"""Before a service's name, in a grant that was made with GranteeServicePrincipal or its retiring kin."""


def names_of(caller: Caller) -> frozenset[str]:
    """What names exactly this caller as a principal."""
    principal = caller.principal
    if principal is None or principal.kind == "root":
        return frozenset({caller.account_id, f"arn:aws:iam::{caller.account_id}:root"})
    return frozenset({principal.arn})


def is_named(caller: Caller, principal: str | None) -> bool:
    """Whether `principal`, as a grant has it, is this caller, or the role of its session."""
    if principal is None:
        return False
    its = caller.principal
    if its is not None and its.kind == "role":
        # names of roles are unique in an account, whatever their path
        roles = f"arn:aws:iam::{caller.account_id}:role/"
        if principal.startswith(roles) and principal.rsplit("/", 1)[-1] == its.name:
            return True
    return principal in names_of(caller)


def of_caller(tx: Tx, key_id: str, caller: Caller, operation: str) -> list[KmsGrant]:
    """The grants that allow the caller an operation ("Sign") on a key."""
    return [
        grant
        for grant in kms_grants.of_key(tx, key_id)
        if operation in grant.operations and is_named(caller, grant.grantee) and _holds(grant, {})
    ]


def of_service(
    tx: Tx, key_id: str, services: Collection[str], operation: str, context: Mapping[str, str]
) -> list[KmsGrant]:
    """The grants that allow a service, by one of its names, an operation on a key.

    Shape: `context` by condition key in lower case, of the call.
    """
    return [
        grant
        for grant in kms_grants.of_key(tx, key_id)
        if operation in grant.operations
        and grant.grantee.removeprefix(SERVICE) in services
        and _holds(grant, context)
    ]


def _holds(grant: KmsGrant, context: Mapping[str, str]) -> bool:
    constraints = grant.constraints or {}
    if not constraints.keys() <= {"SourceArn"}:
        return False
    return "SourceArn" not in constraints or constraints["SourceArn"] == context.get("aws:sourcearn")
