"""What one policy says of one act.

    an identity's policy   ALLOWED | DENIED | UNMENTIONED
    a resource's policy    the same, and DELEGATED: it lets in the account of who acts, whose policies decide

Source: IAM user guide, "AWS JSON policy elements: Principal", "... NotPrincipal", "Policy evaluation logic".
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from seal53.policy.conditions import Context, holds, single
from seal53.policy.document import Policy, Principals, Statement
from seal53.policy.patterns import filled, like


class Verdict(IntEnum):
    """By strength: of two statements that match, the stronger verdict stands."""

    UNMENTIONED = 0  # nothing allows it
    DELEGATED = 1  # allowed to the account of who acts, as a whole
    ALLOWED = 2
    DENIED = 3  # by a statement that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, as policies name it.

    Shape: `arn` is the root's, the user's, or the role session's, whose role is `role_arn`; of a service
    `name` is "dnssec-route53.amazonaws.com" and `account` and `arn` are empty.
    """

    kind: Literal["root", "user", "role", "service"]
    account: str = ""
    arn: str = ""
    role_arn: str = ""
    name: str = ""

    @property
    def own_names(self) -> frozenset[str]:
        """What names exactly this one; not its account."""
        if self.kind == "service":
            return frozenset({self.name})
        if self.kind == "root":
            return self.account_names
        return frozenset({self.arn, self.role_arn} - {""})

    @property
    def account_names(self) -> frozenset[str]:
        if not self.account:
            return frozenset()
        return frozenset({self.account, f"arn:aws:iam::{self.account}:root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One action on one resource: "kms:Sign" on an ARN, or "*" where the action has no resource."""

    actor: Actor
    action: str
    resource: str
    context: Context


def judge(policy: Policy, act: Act) -> Verdict:
    verdict = Verdict.UNMENTIONED
    for statement in policy:
        if _reaches(statement, act):
            if statement.denies:
                return Verdict.DENIED
            verdict = max(verdict, _reach(statement, act.actor))
    return verdict


def named_by(policy: Policy, account: str) -> frozenset[str]:
    """The principals of an account that a resource's policy allows something, as written."""
    return frozenset(
        name
        for statement in policy
        if not statement.denies and statement.principals is not None and not statement.principals.negated
        for name in statement.principals.aws
        if account in name.split(":")
    )


def _reaches(statement: Statement, act: Act) -> bool:
    if _reach(statement, act.actor) is Verdict.UNMENTIONED:
        return False
    action = act.action.lower()
    if any(like(pattern, action) for pattern in statement.actions) is statement.actions_negated:
        return False
    if not _is_resource(statement, act):
        return False
    for condition in statement.conditions:
        held = holds(condition, act.context)
        if held is None:
            held = statement.denies
        if not held:
            return False
    return True


def _is_resource(statement: Statement, act: Act) -> bool:
    found = False
    for pattern in statement.resources:
        one = filled(pattern, lambda key: single(act.context, key))
        if one is None:  # a variable without a value
            return statement.denies
        found = found or like(one, act.resource)
    return found is not statement.resources_negated


def _reach(statement: Statement, actor: Actor) -> Verdict:
    """ALLOWED: the statement means this actor; DELEGATED: its account; UNMENTIONED: neither."""
    principals = statement.principals
    if principals is None:
        return Verdict.ALLOWED
    if principals.negated:
        return _reach_of_others(principals, actor, denies=statement.denies)
    if "*" in principals.aws:
        return Verdict.ALLOWED
    names = principals.services if actor.kind == "service" else principals.aws
    if names & actor.own_names:
        return Verdict.ALLOWED
    return Verdict.DELEGATED if names & actor.account_names else Verdict.UNMENTIONED


def _reach_of_others(principals: Principals, actor: Actor, *, denies: bool) -> Verdict:
    """NotPrincipal: a Deny spares only whom it names with its account, an Allow means nobody whose name or
    account it has."""
    names = principals.aws | principals.services
    if "*" in principals.aws:
        return Verdict.UNMENTIONED
    own = actor.own_names
    if actor.kind == "service":
        spared = bool(names & own)
    elif denies:
        # The two names of an account are one.
        spared = bool(names & actor.account_names) and (actor.kind == "root" or own <= names)
    else:
        spared = bool(names & (own | actor.account_names))
    return Verdict.UNMENTIONED if spared else Verdict.ALLOWED
