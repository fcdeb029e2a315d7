"""Roles: who may assume them (the trust policy), for how long. What a role may do lies in its policies."""

from dataclasses import replace
from typing import Any

from seal53.policy import Kind
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.iam.entities import (
    document_of,
    listed,
    moment,
    most_of,
    new_name,
    new_path,
    put_tags,
    refuse_boundary,
    role_of,
    shown_document,
    shown_tags,
    tag_key,
)
from seal53.services.iam.users import require_bare
from seal53.store import Tx, identities, sessions, tags
from seal53.store.identities import Role

MOST = 1000  # IAM quota "Roles in an account"
TRUST_MOST = 2048  # IAM quota "Role trust policy length", in characters that are no white space
HOUR_S = 3600
_TRUST_OVER = f"Cannot exceed quota for ACLSizePerRole: {TRUST_MOST}"


def create_role(services: Services, request: Request, caller: Caller) -> Response:
    refuse_boundary(request)
    name, path = new_name(request, "RoleName", 64), new_path(request)
    trust = document_of(request, "AssumeRolePolicyDocument", Kind.TRUST, TRUST_MOST, _TRUST_OVER)
    with services.store.write() as tx:
        if identities.is_taken(tx, caller.account_id, "role", name):
            raise AwsFault("EntityAlreadyExists", f"Role with name {name} already exists.")
        if identities.count(tx, caller.account_id, "role") >= MOST:
            raise AwsFault("LimitExceeded", f"Cannot exceed quota for RolesPerAccount: {MOST}")
        role = Role(
            account_id=caller.account_id,
            name=name,
            id=services.ids.principal("AROA"),
            path=path,
            trust_policy=trust,
            description=request.get("Description"),
            longest_session_s=request.get("MaxSessionDuration", HOUR_S),
            created_at=caller.now,
        )
        identities.insert_role(tx, role)
        put_tags(tx, role.id, request.get("Tags") or [])
        return {"Role": _with_tags(tx, role)}


def get_role(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"Role": {**_with_tags(tx, role_of(tx, caller, request["RoleName"])), "RoleLastUsed": {}}}


def list_roles(services: Services, request: Request, caller: Caller) -> Response:
    prefix, after = request.get("PathPrefix", "/"), request.get("Marker", "")
    with services.store.read() as tx:
        found = identities.roles_of(
            tx, caller.account_id, prefix=prefix, after=after, most=most_of(request) + 1
        )
    return listed(request, "Roles", found, lambda role: role.name, role_shape)


def update_assume_role_policy(services: Services, request: Request, caller: Caller) -> Response:
    """Sessions that are there go on."""
    trust = document_of(request, "PolicyDocument", Kind.TRUST, TRUST_MOST, _TRUST_OVER)
    with services.store.write() as tx:
        role = role_of(tx, caller, request["RoleName"])
        identities.update_role(tx, replace(role, trust_policy=trust))
    return {}


def update_role(services: Services, request: Request, caller: Caller) -> Response:
    """Without MaxSessionDuration it is an hour again."""
    with services.store.write() as tx:
        role = role_of(tx, caller, request["RoleName"])
        changed = replace(
            role,
            description=request.get("Description", role.description),
            longest_session_s=request.get("MaxSessionDuration", HOUR_S),
        )
        identities.update_role(tx, changed)
    return {}


def update_role_description(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        role = replace(role_of(tx, caller, request["RoleName"]), description=request["Description"])
        identities.update_role(tx, role)
        return {"Role": _with_tags(tx, role)}


def delete_role(services: Services, request: Request, caller: Caller) -> Response:
    """Its sessions end with it."""
    with services.store.write() as tx:
        role = role_of(tx, caller, request["RoleName"])
        require_bare(tx, caller.account_id, "role", role.name)
        identities.delete_role(tx, caller.account_id, role.name)
        sessions.end_all_of(tx, caller.account_id, "role", role.name)
        tags.drop(tx, tag_key(role.id))
    return {}


def list_instance_profiles_for_role(services: Services, request: Request, caller: Caller) -> Response:
    """There are none; tools that delete a role ask."""
    with services.store.read() as tx:
        role_of(tx, caller, request["RoleName"])
    return {"InstanceProfiles": [], "IsTruncated": False}


def role_shape(role: Role) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": moment(role.created_at),
        "AssumeRolePolicyDocument": shown_document(role.trust_policy),
        "MaxSessionDuration": role.longest_session_s,
    }
    if role.description is not None:
        shape["Description"] = role.description
    return shape


def _with_tags(tx: Tx, role: Role) -> dict[str, Any]:
    its_tags = shown_tags(tx, role.id)
    return {**role_shape(role), **({"Tags": its_tags} if its_tags else {})}


OPERATIONS: dict[str, Operation] = {
    "CreateRole": create_role,
    "DeleteRole": delete_role,
    "GetRole": get_role,
    "ListInstanceProfilesForRole": list_instance_profiles_for_role,
    "ListRoles": list_roles,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "UpdateRole": update_role,
    "UpdateRoleDescription": update_role_description,
}
