"""An API call as the acts that policies judge: who, which action, on which resources, under which conditions.

`table` says which resources; here they get their values, and a call its condition keys. Source: Route 53
guide, "Using IAM policy conditions for fine-grained access control"; IAM guide, "AWS global condition context
keys".
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from seal53.policy import Act, Actor
from seal53.services.authorization.table import PREFIXES, RESOURCES
from seal53.services.context import Caller, Request
from seal53.store import Tx, identities
from seal53.zones import names
from seal53.zones.names import BadName

IN_OPERATION = "@operation"
FREE = "-"
OPERATOR = "seal53"

Values = dict[str, str | tuple[str, ...]]

_MEMBER = re.compile(r"\{(\w+)\}")
_PATH = re.compile(r"/(?:[!-~]+/)?")


def actor_of(caller: Caller) -> Actor:
    principal = caller.principal
    if principal is None or principal.kind == "root":
        return Actor(kind="root", account=caller.account_id, arn=f"arn:aws:iam::{caller.account_id}:root")
    if principal.kind == "user":
        return Actor(kind="user", account=caller.account_id, arn=principal.arn)
    return Actor(kind="role", account=caller.account_id, arn=principal.arn, role_arn=principal.role_arn)


def acts_of(tx: Tx, service: str, operation: str, request: Request, caller: Caller) -> list[Act]:
    """What the call needs a permission for, before its operation runs."""
    actor, context = actor_of(caller), context_of(service, operation, request, caller)
    action = f"{service}:{operation}"
    return [
        Act(actor=actor, action=action, resource=resource, context=context)
        for resource in _resources(tx, service, operation, request, caller)
    ]


def _resources(tx: Tx, service: str, operation: str, request: Request, caller: Caller) -> Iterator[str]:
    row = RESOURCES.get(service, {}).get(operation, ("*",))
    wanted = [part for part in row if part not in (IN_OPERATION, FREE)]
    found = 0
    for part in wanted:
        for resource in _resource(tx, part, service, request, caller):
            found += 1
            yield resource
    if wanted and not found:
        yield "*"


def _resource(tx: Tx, part: str, service: str, request: Request, caller: Caller) -> Iterator[str]:
    match part:
        case "*":
            yield "*"
        case "@user":
            yield _user_arn(tx, request, caller)
        case "@renamed":
            yield from _renamed_arn(tx, request, caller)
        case "@role":
            yield _role_arn(tx, request, caller)
        case "@policy":
            yield _policy_arn(request, caller)
        case template:
            prefix = PREFIXES[service].format(region=caller.region, account=caller.account_id)
            for resource in _filled(template, request):
                yield prefix + resource


def _filled(template: str, request: Mapping[str, Any]) -> Iterator[str]:
    """The template with each combination of its members' values; none when one is absent."""
    members = _MEMBER.findall(template)
    values = []
    for member in members:
        value = request.get(member)
        values.append([] if value is None else value if isinstance(value, list) else [value])
    for combination in itertools.product(*values):
        yield template.format(**dict(zip(members, combination, strict=True)))


def _user_arn(tx: Tx, request: Request, caller: Caller) -> str:
    """Of the user who is named, who need not exist; without a name, of who calls."""
    name = request.get("UserName")
    if name is None:
        principal = caller.principal
        return caller.arn if principal is None or principal.kind != "user" else principal.arn
    user = identities.user(tx, caller.account_id, name)
    path = request.get("Path", "/") if user is None else user.path
    return f"arn:aws:iam::{caller.account_id}:user{_path(path)}{name}"


def _renamed_arn(tx: Tx, request: Request, caller: Caller) -> Iterator[str]:
    """What a user will be named; IAM API reference, UpdateUser: who renames needs permissions on both.
    Whatever policies allow a name, by a variable or as a principal, they would allow to who takes it."""
    before = _user_arn(tx, request, caller)
    user = identities.user(tx, caller.account_id, request["UserName"])
    path = request.get("NewPath", "/" if user is None else user.path)
    name = request.get("NewUserName", request["UserName"])
    after = f"arn:aws:iam::{caller.account_id}:user{_path(path)}{name}"
    if after != before:
        yield after


def _role_arn(tx: Tx, request: Request, caller: Caller) -> str:
    name = request["RoleName"]
    role = identities.role(tx, caller.account_id, name)
    path = request.get("Path", "/") if role is None else role.path
    return f"arn:aws:iam::{caller.account_id}:role{_path(path)}{name}"


def _policy_arn(request: Request, caller: Caller) -> str:
    if "PolicyArn" in request:
        return str(request["PolicyArn"])
    return f"arn:aws:iam::{caller.account_id}:policy{_path(request.get('Path', '/'))}{request['PolicyName']}"


def _path(path: str) -> str:
    return path if _PATH.fullmatch(path) else "/"


def context_of(service: str, operation: str, request: Request, caller: Caller) -> Values:
    """The condition keys of a call, in lower case."""
    context = caller_context(caller)
    match service, operation:
        case "route53", "ChangeResourceRecordSets":
            changes = request["ChangeBatch"]["Changes"]
            sets = [change["ResourceRecordSet"] for change in changes]
            context |= {
                "route53:changeresourcerecordsetsnormalizedrecordnames": _distinct(
                    normalized_name(s["Name"]) for s in sets
                ),
                "route53:changeresourcerecordsetsrecordtypes": _distinct(s["Type"] for s in sets),
                "route53:changeresourcerecordsetsactions": _distinct(c["Action"] for c in changes),
            }
        case "route53", "ListHostedZonesByVPC":
            context["route53:vpcs"] = (_vpc(request),)
        case "route53", _ if "VPC" in request:
            context["route53:vpcs"] = (_vpc(request["VPC"]),)
        case "iam", ("AttachUserPolicy" | "AttachRolePolicy" | "DetachUserPolicy" | "DetachRolePolicy"):
            context["iam:policyarn"] = request["PolicyArn"]
        case "sts", "AssumeRole":
            context["sts:rolesessionname"] = request["RoleSessionName"]
            if "ExternalId" in request:
                context["sts:externalid"] = request["ExternalId"]
        case "kms", _:
            context["kms:calleraccount"] = caller.account_id
    return context


def caller_context(caller: Caller) -> Values:
    """The keys that every call has."""
    actor, principal = actor_of(caller), caller.principal
    context: Values = {
        "aws:principalaccount": caller.account_id,
        # of a role's session it is the role
        "aws:principalarn": actor.role_arn or actor.arn,
        "aws:principaltype": {"root": "Account", "user": "User", "role": "AssumedRole"}[actor.kind],
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
        "aws:userid": caller.account_id if principal is None else principal.id,
        "aws:epochtime": str(caller.now),
        "aws:currenttime": str(caller.now),
        "aws:requestedregion": caller.region,
    }
    if actor.kind == "user" and principal is not None:
        context["aws:username"] = principal.name
    if principal is not None and principal.issued_at is not None:
        context["aws:tokenissuetime"] = str(principal.issued_at)
        context["aws:multifactorauthpresent"] = "false"  # absent for keys that are not temporary
    if caller.source_address:
        context["aws:sourceip"] = caller.source_address
    if caller.user_agent:
        context["aws:useragent"] = caller.user_agent
    return context


def normalized_name(text: str) -> str:
    """A record's name as the condition key has it: lower case, no last dot, octal escapes."""
    try:
        return names.show(names.parse(text)).removesuffix(".")
    except BadName:
        return text.lower().removesuffix(".")  # the operation will refuse it


def _vpc(given: Mapping[str, Any]) -> str:
    return f"VPCId={given.get('VPCId', '')},VPCRegion={given.get('VPCRegion', '')}"


def _distinct(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
