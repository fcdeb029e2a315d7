"""Managed policies and their versions: an account's own, and those of AWS (`policy.aws_managed`), to read."""

import re
from typing import Any

from seal53.policy import Kind
from seal53.policy.aws_managed import AWS_MANAGED, AwsManaged
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.iam.entities import (
    document_of,
    listed,
    moment,
    new_name,
    new_path,
    put_tags,
    shown_document,
    shown_tags,
    tag_key,
)
from seal53.store import Tx, identities, policies, tags
from seal53.store.policies import ManagedPolicy, PolicyVersion

SIZE_MOST = 6144  # IAM quota "Managed policy length", in characters that are no white space
VERSIONS_MOST = 5
MOST = 1500  # IAM quota "Customer managed policies in an account"

_VERSION = re.compile(r"v([1-9][0-9]{0,8})(?:\.[A-Za-z0-9-]*)?", re.ASCII)
_SIZE_OVER = f"Cannot exceed quota for PolicySize: {SIZE_MOST}"


def policy_of(tx: Tx, caller: Caller, arn: str) -> ManagedPolicy:
    """The account's own. Raises NoSuchEntity, and AccessDenied for one of AWS."""
    if arn in AWS_MANAGED:
        raise AwsFault("AccessDenied", f"Policy {arn} is not attachable or modifiable: it is AWS's own.")
    found = policies.get(tx, arn)
    if found is None or found.account_id != caller.account_id:
        raise AwsFault("NoSuchEntity", f"Policy {arn} was not found.")
    return found


def create_policy(services: Services, request: Request, caller: Caller) -> Response:
    name, path = new_name(request, "PolicyName", 128), new_path(request)
    document = document_of(request, "PolicyDocument", Kind.IDENTITY, SIZE_MOST, _SIZE_OVER)
    with services.store.write() as tx:
        if policies.is_taken(tx, caller.account_id, name):
            raise AwsFault(
                "EntityAlreadyExists",
                f"A policy called {name} already exists. Duplicate names are not allowed.",
            )
        if len(policies.of_account(tx, caller.account_id)) >= MOST:
            raise AwsFault("LimitExceeded", f"Cannot exceed quota for PoliciesPerAccount: {MOST}")
        made = ManagedPolicy(
            arn=f"arn:aws:iam::{caller.account_id}:policy{path}{name}",
            account_id=caller.account_id,
            id=services.ids.principal("ANPA"),
            name=name,
            path=path,
            description=request.get("Description"),
            default_version=1,
            created_at=caller.now,
            updated_at=caller.now,
        )
        policies.insert_policy(tx, made, document)
        put_tags(tx, made.id, request.get("Tags") or [])
        return {"Policy": _with_tags(tx, made, 0)}


def get_policy(services: Services, request: Request, caller: Caller) -> Response:
    arn = request["PolicyArn"]
    with services.store.read() as tx:
        attached = policies.attachment_counts(tx, caller.account_id).get(arn, 0)
        if arn in AWS_MANAGED:
            aws = AWS_MANAGED[arn]
            return {"Policy": {**_aws_shape(aws, attached), "Description": aws.description}}
        found = policy_of(tx, caller, arn)
        more = {} if found.description is None else {"Description": found.description}
        return {"Policy": {**_with_tags(tx, found, attached), **more}}


def list_policies(services: Services, request: Request, caller: Caller) -> Response:
    """By ARN."""
    scope, prefix = request.get("Scope", "All"), request.get("PathPrefix", "/")
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        return {"Policies": [], "IsTruncated": False}
    with services.store.read() as tx:
        counts = policies.attachment_counts(tx, caller.account_id)
        own = policies.of_account(tx, caller.account_id) if scope != "AWS" else []
    shapes = [_shape(one, counts.get(one.arn, 0)) for one in own if one.path.startswith(prefix)]
    if scope != "Local" and prefix == "/":
        shapes += [_aws_shape(one, counts.get(one.arn, 0)) for one in AWS_MANAGED.values()]
    if request.get("OnlyAttached"):
        shapes = [shape for shape in shapes if shape["AttachmentCount"]]
    shapes.sort(key=lambda shape: str(shape["Arn"]))
    return listed(request, "Policies", shapes, lambda shape: shape["Arn"], lambda shape: shape)


def delete_policy(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        found = policy_of(tx, caller, request["PolicyArn"])
        if policies.attachments_of(tx, caller.account_id, found.arn):
            raise AwsFault("DeleteConflict", "Cannot delete a policy attached to entities.")
        if len(policies.versions(tx, found.arn)) > 1:
            raise AwsFault(
                "DeleteConflict",
                "This policy has more than one version. Before you delete a policy, you must delete the "
                "policy's versions. The default version is deleted with the policy.",
            )
        policies.delete_policy(tx, found.arn)
        tags.drop(tx, tag_key(found.id))
    return {}


def create_policy_version(services: Services, request: Request, caller: Caller) -> Response:
    document = document_of(request, "PolicyDocument", Kind.IDENTITY, SIZE_MOST, _SIZE_OVER)
    with services.store.write() as tx:
        found = policy_of(tx, caller, request["PolicyArn"])
        before = policies.versions(tx, found.arn)
        if len(before) >= VERSIONS_MOST:
            raise AwsFault(
                "LimitExceeded",
                f"A managed policy can have up to {VERSIONS_MOST} versions. Before you create a new version, "
                "you must delete an existing version.",
            )
        made = PolicyVersion(
            arn=found.arn, version=before[0].version + 1, document=document, created_at=caller.now
        )
        policies.insert_version(tx, made)
        is_default = bool(request.get("SetAsDefault"))
        if is_default:
            policies.set_default(tx, found.arn, made.version, caller.now)
    return {"PolicyVersion": _version_shape(made, is_default=is_default)}


def get_policy_version(services: Services, request: Request, caller: Caller) -> Response:
    arn, wanted = request["PolicyArn"], request["VersionId"]
    with services.store.read() as tx:
        if arn in AWS_MANAGED:
            aws = AWS_MANAGED[arn]
            if wanted != f"v{aws.version}":
                raise _no_version(arn, wanted)
            return {"PolicyVersion": {**_aws_version(aws), "Document": shown_document(aws.document)}}
        found = policy_of(tx, caller, arn)
        version = _version(tx, found, wanted)
    return {
        "PolicyVersion": {
            **_version_shape(version, is_default=version.version == found.default_version),
            "Document": shown_document(version.document),
        }
    }


def list_policy_versions(services: Services, request: Request, caller: Caller) -> Response:
    """The newest first; there are five at most, which is one page."""
    arn = request["PolicyArn"]
    if arn in AWS_MANAGED:
        return {"Versions": [_aws_version(AWS_MANAGED[arn])], "IsTruncated": False}
    with services.store.read() as tx:
        found = policy_of(tx, caller, arn)
        shapes = [
            _version_shape(one, is_default=one.version == found.default_version)
            for one in policies.versions(tx, arn)
        ]
    return {"Versions": shapes, "IsTruncated": False}


def set_default_policy_version(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        found = policy_of(tx, caller, request["PolicyArn"])
        policies.set_default(tx, found.arn, _version(tx, found, request["VersionId"]).version, caller.now)
    return {}


def delete_policy_version(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        found = policy_of(tx, caller, request["PolicyArn"])
        version = _version(tx, found, request["VersionId"])
        if version.version == found.default_version:
            raise AwsFault("DeleteConflict", "Cannot delete the default version of a policy.")
        policies.delete_version(tx, found.arn, version.version)
    return {}


def list_entities_for_policy(services: Services, request: Request, caller: Caller) -> Response:
    """All on one page."""
    arn, wanted = request["PolicyArn"], request.get("EntityFilter", "")
    prefix = request.get("PathPrefix", "/")
    with services.store.read() as tx:
        if arn not in AWS_MANAGED:
            policy_of(tx, caller, arn)
        attached = policies.attachments_of(tx, caller.account_id, arn)
        users = [identities.user(tx, caller.account_id, a.name) for a in attached if a.kind == "user"]
        roles = [identities.role(tx, caller.account_id, a.name) for a in attached if a.kind == "role"]
    return {
        "PolicyGroups": [],
        "PolicyUsers": [
            {"UserName": user.name, "UserId": user.id}
            for user in users
            if user is not None and user.path.startswith(prefix) and wanted not in ("Role", "Group")
        ],
        "PolicyRoles": [
            {"RoleName": role.name, "RoleId": role.id}
            for role in roles
            if role is not None and role.path.startswith(prefix) and wanted not in ("User", "Group")
        ],
        "IsTruncated": False,
    }


def _version(tx: Tx, found: ManagedPolicy, wanted: str) -> PolicyVersion:
    match = _VERSION.fullmatch(wanted)
    version = None if match is None else policies.version(tx, found.arn, int(match[1]))
    if version is None:
        raise _no_version(found.arn, wanted)
    return version


def _no_version(arn: str, wanted: str) -> AwsFault:
    return AwsFault("NoSuchEntity", f"Policy {arn} version {wanted} does not exist or is not attachable.")


def _shape(found: ManagedPolicy, attached: int) -> dict[str, Any]:
    return {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": f"v{found.default_version}",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": moment(found.created_at),
        "UpdateDate": moment(found.updated_at),
    }


def _with_tags(tx: Tx, found: ManagedPolicy, attached: int) -> dict[str, Any]:
    its_tags = shown_tags(tx, found.id)
    return {**_shape(found, attached), **({"Tags": its_tags} if its_tags else {})}


def _aws_shape(aws: AwsManaged, attached: int) -> dict[str, Any]:
    return {
        "PolicyName": aws.name,
        "PolicyId": aws.id,
        "Arn": aws.arn,
        "Path": "/",
        "DefaultVersionId": f"v{aws.version}",
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": moment(aws.created_at),
        "UpdateDate": moment(aws.updated_at),
    }


def _aws_version(aws: AwsManaged) -> dict[str, Any]:
    return {"VersionId": f"v{aws.version}", "IsDefaultVersion": True, "CreateDate": moment(aws.updated_at)}


def _version_shape(version: PolicyVersion, *, is_default: bool) -> dict[str, Any]:
    return {
        "VersionId": f"v{version.version}",
        "IsDefaultVersion": is_default,
        "CreateDate": moment(version.created_at),
    }


OPERATIONS: dict[str, Operation] = {
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicy": delete_policy,
    "DeletePolicyVersion": delete_policy_version,
    "GetPolicy": get_policy,
    "GetPolicyVersion": get_policy_version,
    "ListEntitiesForPolicy": list_entities_for_policy,
    "ListPolicies": list_policies,
    "ListPolicyVersions": list_policy_versions,
    "SetDefaultPolicyVersion": set_default_policy_version,
}
