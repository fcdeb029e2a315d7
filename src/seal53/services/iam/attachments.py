"""The policies that a user or role has: managed ones that are attached, and inline ones that are its own.

Users and roles differ in their names on the wire and in how much fits alone: one table, one function each.
"""

from collections.abc import Callable
from dataclasses import dataclass

from seal53.policy import Kind
from seal53.policy.aws_managed import AWS_MANAGED
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.iam.entities import document_of, listed, new_name, role_of, shown_document, user_of
from seal53.store import Tx, policies
from seal53.store.identities import Role, User
from seal53.store.policies import Attachment

ATTACHED_MOST = 10  # IAM quota "Managed policies attached to an IAM user", and to a role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    kind: str  # "user", as the store has it
    name: str  # "User", as the API has it
    inline_most: int  # characters that are no white space, of all inline policies together
    find: Callable[[Tx, Caller, str], User | Role]

    @property
    def member(self) -> str:
        return f"{self.name}Name"


_USER = _Holder(kind="user", name="User", inline_most=2048, find=user_of)
_ROLE = _Holder(kind="role", name="Role", inline_most=10240, find=role_of)


def _attach(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        made = _attachment(holder, tx, request, caller)
        if made.arn not in AWS_MANAGED:
            found = policies.get(tx, made.arn)
            if found is None or found.account_id != caller.account_id:
                raise AwsFault("NoSuchEntity", f"Policy {made.arn} does not exist or is not attachable.")
        others = policies.attached_to(tx, caller.account_id, holder.kind, made.name)
        if made.arn not in others and len(others) >= ATTACHED_MOST:
            raise AwsFault(
                "LimitExceeded", f"Cannot exceed quota for PoliciesPer{holder.name}: {ATTACHED_MOST}"
            )
        policies.attach(tx, made)
    return {}


def _detach(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    with services.store.write() as tx:
        gone = _attachment(holder, tx, request, caller)
        if not policies.detach(tx, gone):
            raise AwsFault("NoSuchEntity", f"Policy {gone.arn} was not found.")
    return {}


def _list_attached(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    """By ARN."""
    with services.store.read() as tx:
        found = holder.find(tx, caller, request[holder.member])
        arns = policies.attached_to(tx, caller.account_id, holder.kind, found.name)
    prefix = request.get("PathPrefix", "/")
    within = [arn for arn in arns if arn.partition(":policy")[2].startswith(prefix)]
    return listed(
        request,
        "AttachedPolicies",
        within,
        lambda arn: arn,
        lambda arn: {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn},
    )


def _attachment(holder: _Holder, tx: Tx, request: Request, caller: Caller) -> Attachment:
    found = holder.find(tx, caller, request[holder.member])
    return Attachment(
        account_id=caller.account_id, kind=holder.kind, name=found.name, arn=request["PolicyArn"]
    )


def _put(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    policy_name = new_name(request, "PolicyName", 128)
    with services.store.write() as tx:
        found = holder.find(tx, caller, request[holder.member])
        over = f"Maximum policy size of {holder.inline_most} bytes exceeded for {holder.kind} {found.name}"
        document = document_of(request, "PolicyDocument", Kind.IDENTITY, holder.inline_most, over)
        others = policies.inline(tx, caller.account_id, holder.kind, found.name)
        others[policy_name] = document
        if sum(len("".join(one.split())) for one in others.values()) > holder.inline_most:
            raise AwsFault("LimitExceeded", over)
        policies.put_inline(tx, caller.account_id, holder.kind, found.name, policy_name, document)
    return {}


def _get(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    policy_name = request["PolicyName"]
    with services.store.read() as tx:
        found = holder.find(tx, caller, request[holder.member])
        document = policies.inline(tx, caller.account_id, holder.kind, found.name).get(policy_name)
    if document is None:
        raise _no_policy(holder, policy_name)
    return {
        holder.member: found.name,
        "PolicyName": policy_name,
        "PolicyDocument": shown_document(document),
    }


def _delete(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    policy_name = request["PolicyName"]
    with services.store.write() as tx:
        found = holder.find(tx, caller, request[holder.member])
        if not policies.delete_inline(tx, caller.account_id, holder.kind, found.name, policy_name):
            raise _no_policy(holder, policy_name)
    return {}


def _list(holder: _Holder, services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        found = holder.find(tx, caller, request[holder.member])
        names = list(policies.inline(tx, caller.account_id, holder.kind, found.name))
    return listed(request, "PolicyNames", names, lambda name: name, lambda name: name)


def _no_policy(holder: _Holder, policy_name: str) -> AwsFault:
    return AwsFault("NoSuchEntity", f"The {holder.kind} policy with name {policy_name} cannot be found.")


def _of(holder: _Holder, act: Callable[[_Holder, Services, Request, Caller], Response]) -> Operation:
    def operation(services: Services, request: Request, caller: Caller) -> Response:
        return act(holder, services, request, caller)

    return operation


OPERATIONS: dict[str, Operation] = {
    f"{before}{holder.name}{after}": _of(holder, act)
    for holder in (_USER, _ROLE)
    for before, after, act in (
        ("Attach", "Policy", _attach),
        ("Detach", "Policy", _detach),
        ("ListAttached", "Policies", _list_attached),
        ("Put", "Policy", _put),
        ("Get", "Policy", _get),
        ("Delete", "Policy", _delete),
        ("List", "Policies", _list),
    )
}
