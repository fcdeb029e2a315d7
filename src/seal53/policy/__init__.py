"""Policies: who may do what. Pure.

A document (`document`) is JSON that says what is allowed and denied: of an identity, of a session, of a
resource, or the trust policy of a role. `judge` gives its verdict on one act; `evaluate` puts the verdicts
of several documents together, as AWS does. Fail closed: what is not understood (an operator, a condition
key, a variable) never makes an Allow match and always makes a Deny match. Not for: which act an API call is
(`services.authorization`), or where documents are kept.
Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

from seal53.policy.document import Kind, Policy, PolicyFault, Statement, parse
from seal53.policy.evaluate import Reason, Refusal, of_identity, of_resource
from seal53.policy.judge import Act, Actor, Verdict, judge, named_by

__all__ = [
    "Act",
    "Actor",
    "Kind",
    "Policy",
    "PolicyFault",
    "Reason",
    "Refusal",
    "Statement",
    "Verdict",
    "judge",
    "named_by",
    "of_identity",
    "of_resource",
    "parse",
]
