"""The verdicts of several policies put together: may it be done, and if not, why not.

    of_identity   what an account's own policies say: identity AND session policy; root may do everything
    of_resource   a resource with a policy of its own (a KMS key, a role to be assumed): that policy is
                  authoritative. In the same account it suffices when it names who acts; where it lets in an
                  account, the account's policies decide. Across accounts both sides must allow.

An explicit deny anywhere wins. Source: IAM user guide, "Policy evaluation logic", "Cross-account policy
evaluation logic"; KMS developer guide, "Key policies in AWS KMS".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from seal53.policy.document import Policy
from seal53.policy.judge import Act, Verdict, judge


class Reason(StrEnum):
    """Why not. The texts are AWS's; `{action}` is the action."""

    IDENTITY_DENIES = "with an explicit deny in an identity-based policy"
    SESSION_DENIES = "with an explicit deny in a session policy"
    RESOURCE_DENIES = "with an explicit deny in a resource-based policy"
    NO_IDENTITY = "because no identity-based policy allows the {action} action"
    NO_SESSION = "because no session policy allows the {action} action"
    NO_RESOURCE = "because no resource-based policy allows the {action} action"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An act that may not be done."""

    act: Act
    reason: Reason

    @property
    def why(self) -> str:
        return self.reason.format(action=self.act.action)


def of_identity(act: Act, identity: Sequence[Policy], session: Policy | None) -> Refusal | None:
    """None: it may be done. Root's `identity` is not asked; `session` None: no session policy."""
    is_root = act.actor.kind == "root"
    verdicts = [] if is_root else [judge(policy, act) for policy in identity]
    in_session = Verdict.ALLOWED if session is None else judge(session, act)
    if Verdict.DENIED in verdicts:
        return Refusal(act, Reason.IDENTITY_DENIES)
    if in_session is Verdict.DENIED:
        return Refusal(act, Reason.SESSION_DENIES)
    if not is_root and Verdict.ALLOWED not in verdicts:
        return Refusal(act, Reason.NO_IDENTITY)
    return None if in_session is Verdict.ALLOWED else Refusal(act, Reason.NO_SESSION)


def of_resource(
    act: Act,
    resource: Policy,
    *,
    owner: str,
    identity: Sequence[Policy],
    session: Policy | None,
    granted: bool = False,
) -> Refusal | None:
    """None: it may be done.

    Shape: `owner` is the account of the resource; `granted`: something beside its policy (a grant of a KMS
    key) lets in exactly who acts, from whatever account.
    """
    own = of_identity(act, identity, session)
    if own is not None and own.reason in (Reason.IDENTITY_DENIES, Reason.SESSION_DENIES):
        return own
    verdict = judge(resource, act)
    if verdict is Verdict.DENIED:
        return Refusal(act, Reason.RESOURCE_DENIES)
    if granted:
        return _bounded(act, session)
    if verdict is Verdict.UNMENTIONED:
        return Refusal(act, Reason.NO_RESOURCE)
    if act.actor.kind == "service":
        return None
    if own is None or verdict is Verdict.DELEGATED or act.actor.account != owner:
        return own
    return _bounded(act, session)  # named itself, in its own account


def _bounded(act: Act, session: Policy | None) -> Refusal | None:
    """A session policy bounds also what others allow."""
    within = session is None or judge(session, act) is Verdict.ALLOWED
    return None if within else Refusal(act, Reason.NO_SESSION)
