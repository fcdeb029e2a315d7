"""AWS STS: who is calling, and temporary credentials: of a role that is assumed, and of one's own identity.

A role is assumed when its trust policy and the caller's own policies allow it (`authorization.of_resource`).
Limits: no MFA, session tags, source identities or federation: what asks for them is refused, so that nothing
is believed that was not checked. Source: AWS STS API reference, 2011-06-15.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

from seal53 import policy
from seal53.policy import Kind, PolicyFault
from seal53.policy.aws_managed import AWS_MANAGED
from seal53.services import authorization, credentials
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.credentials import SessionKeys
from seal53.services.faults import AwsFault
from seal53.store import Tx, accounts, identities, policies, sessions
from seal53.store.identities import Role

HOUR_S = 3600
_USER_S = 43200  # of GetSessionToken, unless it says
_POLICY_MOST = 2048  # characters that are no white space, of all session policies together

_ROLE_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):role/(?:[!-~]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_UNKNOWN_HERE = {
    "SerialNumber": "MFA devices",
    "TokenCode": "MFA devices",
    "Tags": "session tags",
    "TransitiveTagKeys": "session tags",
    "SourceIdentity": "source identities",
    "ProvidedContexts": "context providers",
}


def get_caller_identity(services: Services, request: Request, caller: Caller) -> Response:
    user_id = caller.account_id if caller.principal is None else caller.principal.id
    return {"UserId": user_id, "Account": caller.account_id, "Arn": caller.arn}


def assume_role(services: Services, request: Request, caller: Caller) -> Response:
    """A session of the role, whose account may be another one."""
    _refuse_unknown(request)
    principal = caller.principal
    if principal is None or principal.kind == "root":
        raise AwsFault("AccessDenied", "Roles may not be assumed by root accounts.")
    arn, session_name = request["RoleArn"], request["RoleSessionName"]
    named = _ROLE_ARN.fullmatch(arn)
    if named is None:
        raise AwsFault("ValidationError", f"{arn[:2048]} is invalid")
    with services.store.write() as tx:
        role = identities.role(tx, named[1], named[2])
        if role is None or role.arn != arn or not _may_assume(tx, role, request, caller):
            # One text for all, so that nothing is learned of another account's roles.
            raise AwsFault(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            )
        lasts_s = request.get("DurationSeconds", HOUR_S)
        if principal.kind == "role" and lasts_s > HOUR_S:
            raise AwsFault(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
                "chaining",
            )
        if lasts_s > role.longest_session_s:
            raise AwsFault(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        session_policy = _session_policy(tx, role, request)
        made = credentials.add_session(
            tx,
            services,
            caller,
            account_id=role.account_id,
            kind="role",
            name=role.name,
            session_name=session_name,
            policy=session_policy,
            lasts_s=lasts_s,
        )
    response: dict[str, Any] = {
        "Credentials": _shown(made),
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session_name}",
            "Arn": role.session_arn(session_name),
        },
    }
    if session_policy is not None:
        response["PackedPolicySize"] = min(100, 100 * _weight(session_policy) // _POLICY_MOST)
    return response


def get_session_token(services: Services, request: Request, caller: Caller) -> Response:
    """Temporary credentials of the caller itself."""
    _refuse_unknown(request)
    principal = caller.principal
    if principal is not None and principal.issued_at is not None:
        raise AwsFault("AccessDenied", "Cannot call GetSessionToken with session credentials")
    if principal is None:
        kind, name = "root", ""
        lasts_s = min(request.get("DurationSeconds", HOUR_S), HOUR_S)
    else:
        kind, name = "user", principal.name
        lasts_s = request.get("DurationSeconds", _USER_S)
    with services.store.write() as tx:
        made = credentials.add_session(
            tx, services, caller, account_id=caller.account_id, kind=kind, name=name, lasts_s=lasts_s
        )
    return {"Credentials": _shown(made)}


def get_access_key_info(services: Services, request: Request, caller: Caller) -> Response:
    access_key_id = request["AccessKeyId"]
    with services.store.read() as tx:
        key = accounts.key(tx, access_key_id)
        session = sessions.get(tx, access_key_id) if key is None else None
    if key is not None:
        return {"Account": key.account_id}
    if session is not None:
        return {"Account": session.account_id}
    raise AwsFault("ValidationError", f"The access key {access_key_id} is not one of this service")


def _refuse_unknown(request: Request) -> None:
    for member, what in _UNKNOWN_HERE.items():
        if request.get(member):
            raise AwsFault("ValidationError", f"Seal53 knows no {what}; leave {member} out.")


def _may_assume(tx: Tx, role: Role, request: Request, caller: Caller) -> bool:
    context = {"sts:rolesessionname": request["RoleSessionName"]}
    if "ExternalId" in request:
        context["sts:externalid"] = request["ExternalId"]
    refusal = authorization.of_resource(
        tx,
        caller,
        action="sts:AssumeRole",
        resource=role.arn,
        document=policy.parse(role.trust_policy, Kind.TRUST),
        owner=role.account_id,
        context=context,
    )
    return refusal is None


def _session_policy(tx: Tx, role: Role, request: Request) -> str | None:
    """The one policy that all session policies of a request make together: what any of them allows."""
    documents = [request["Policy"]] if request.get("Policy") is not None else []
    for one in request.get("PolicyArns") or []:
        documents.append(_managed(tx, role, one.get("arn", "")))
    if not documents:
        return None
    statements: list[dict[str, Any]] = []
    for document in documents:
        try:
            policy.parse(document, Kind.IDENTITY)
        except PolicyFault as e:
            raise AwsFault("MalformedPolicyDocument", e.message) from None
        read = json.loads(document)
        if len(documents) > 1 and read.get("Version") != "2012-10-17":
            raise AwsFault(
                "MalformedPolicyDocument", "Several session policies must all have the Version 2012-10-17."
            )
        given = read["Statement"]
        statements += given if isinstance(given, list) else [given]
    if len(documents) == 1:
        made = str(documents[0])
    else:
        bare = [{k: v for k, v in statement.items() if k != "Sid"} for statement in statements]
        made = json.dumps({"Version": "2012-10-17", "Statement": bare})
    if (weight := _weight(made)) > _POLICY_MOST:
        raise AwsFault(
            "PackedPolicyTooLarge",
            f"PackedPolicySize is {100 * weight // _POLICY_MOST} percent of what is allowed",
        )
    return made


def _managed(tx: Tx, role: Role, arn: str) -> str:
    if arn in AWS_MANAGED:
        return AWS_MANAGED[arn].document
    managed = policies.get(tx, arn)
    found = None
    if managed is not None and managed.account_id == role.account_id:
        found = policies.version(tx, arn, managed.default_version)
    if found is None:
        raise AwsFault("MalformedPolicyDocument", f"The policy {arn[:256]} does not exist.")
    return found.document


def _weight(document: str) -> int:
    return len("".join(document.split()))


def _shown(made: SessionKeys) -> Response:
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.token,
        "Expiration": datetime.fromtimestamp(made.expires_at, UTC),
    }


OPERATIONS: dict[str, Operation] = {
    "AssumeRole": assume_role,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
}
