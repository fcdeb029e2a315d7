"""Who may call what: the acts of a call (`acts`, by `table`) against the policies that bear on its caller.

`authorize` is asked before every operation; operations whose resource has a policy of its own (KMS keys,
roles to be assumed) ask `of_resource` themselves. An account's root may do everything in its account, and
costs nothing here. Not for: whether a signature is right (`gateway.sigv4`), or whose a resource is, which
operations look up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from seal53 import policy
from seal53.policy import Act, Kind, Policy, Refusal
from seal53.policy.aws_managed import AWS_MANAGED
from seal53.services.authorization.acts import actor_of, acts_of, caller_context, context_of
from seal53.services.context import Caller, Request, Services
from seal53.services.faults import AwsFault
from seal53.store import Tx, policies

__all__ = [
    "Bearing",
    "actor_of",
    "authorize",
    "bearing_on",
    "caller_context",
    "context_of",
    "denied",
    "of_resource",
]

_IN_XML = frozenset({"route53", "sts", "iam"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """The policies of an account that bear on a caller; `session` None: not bounded by one."""

    identity: tuple[Policy, ...] = ()
    session: Policy | None = None


def authorize(services: Services, service: str, operation: str, request: Request, caller: Caller) -> None:
    """Raises AwsFault when the caller may not make this call."""
    principal = caller.principal
    if principal is None:
        return
    if service == "iam" and principal.kind != "role" and principal.issued_at is not None:
        # STS API reference, GetSessionToken: its sessions call no operation of IAM without MFA.
        raise AwsFault("InvalidClientTokenId", "The security token included in the request is invalid")
    with services.store.read() as tx:
        acts = acts_of(tx, service, operation, request, caller)
        bearing = bearing_on(tx, caller) if acts else Bearing()
    for act in acts:
        refusal = policy.of_identity(act, bearing.identity, bearing.session)
        if refusal is not None:
            raise denied(refusal)


def bearing_on(tx: Tx, caller: Caller) -> Bearing:
    principal = caller.principal
    if principal is None or principal.kind == "root":
        return Bearing()
    documents, foreign = policies.documents_of(tx, caller.account_id, principal.kind, principal.name)
    documents += [AWS_MANAGED[arn].document for arn in foreign if arn in AWS_MANAGED]
    session = principal.session_policy
    return Bearing(
        identity=tuple(policy.parse(document, Kind.IDENTITY) for document in documents),
        session=None if session is None else policy.parse(session, Kind.IDENTITY),
    )


def of_resource(
    tx: Tx,
    caller: Caller,
    *,
    action: str,
    resource: str,
    document: Policy,
    owner: str,
    context: Mapping[str, str | tuple[str, ...]] | None = None,
    granted: bool = False,
) -> Refusal | None:
    """Whether a caller may act upon a resource with a policy of its own; None: it may.

    `context` is what the call has beside the keys that every call has; `granted` as in `policy.of_resource`.
    """
    act = Act(
        actor=actor_of(caller),
        action=action,
        resource=resource,
        context={**caller_context(caller), **(context or {})},
    )
    bearing = bearing_on(tx, caller)
    return policy.of_resource(
        act,
        document,
        owner=owner,
        identity=bearing.identity,
        session=bearing.session,
        granted=granted,
    )


def denied(refusal: Refusal) -> AwsFault:
    """The error in the words of AWS, and in the code of its service."""
    act = refusal.act
    text = (
        f"User: {act.actor.arn} is not authorized to perform: {act.action} on resource: {act.resource} "
        f"{refusal.why}"
    )
    service = act.action.partition(":")[0]
    if service == "ec2":
        return AwsFault("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}")
    return AwsFault("AccessDenied" if service in _IN_XML else "AccessDeniedException", text)
