"""Key policies: who may do what with a key. Pure.

Understood: Effect; Principal "*", AWS (an account's root, an account id, "*") and Service; Action and
Resource with wildcards; the conditions StringEquals, StringLike, ArnEquals, ArnLike and Bool over
`CONTEXT_KEYS`. What is not understood (NotAction, another operator, another key) never makes an Allow match
and always makes a Deny match: fail closed. Not for: IAM policies; there are no users, each access key is its
account's root.
Source: AWS KMS developer guide, "Key policies in AWS KMS"; IAM guide, "Policy evaluation logic".
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from seal53.base.errors import Fault

POLICY_OCTETS_MOST = 32768  # AWS KMS quota "Key policy document size"

CONTEXT_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn", "kms:grantisforawsresource"})
"""The condition keys that are understood, in lower case (their names ignore case). One that a call lacks
matches nothing."""

_PAIRED = ("Principal", "Action", "Resource")  # each may be written as its opposite, "Not..."
_ELEMENTS = {"Sid", "Effect", "Condition", *_PAIRED, *(f"Not{name}" for name in _PAIRED)}
_AWS_PRINCIPAL = re.compile(r"\*|[0-9]{12}|arn:aws:(iam|sts)::[0-9]{12}:[\w+=,.@/-]+")


class PolicyFault(Fault):
    """The document is not a key policy; the message says what is wrong with it."""


class Verdict(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"  # by a statement that says so
    UNMENTIONED = "unmentioned"  # nothing allows it


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts: an account (12 digits) or a service ("dnssec-route53.amazonaws.com")."""

    kind: Literal["account", "service"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator over one key; any of the values suffices. The key is in lower case."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`understood` False: it has an element that this room does not evaluate."""

    denies: bool
    accounts: tuple[str, ...]  # as written, or "*"
    services: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    understood: bool


Policy = tuple[Statement, ...]


def default_policy(account_id: str) -> str:
    """What AWS gives a key made without a policy: the account may do everything. The DNSSEC service is not
    in it."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        },
        indent=2,
    )


def parse_policy(text: str) -> Policy:
    """Raises PolicyFault."""
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise PolicyFault("The policy is not valid JSON") from None
    if not isinstance(document, dict):
        raise PolicyFault("The policy is not a JSON object")
    unknown = sorted(document.keys() - {"Version", "Id", "Statement"})
    if unknown:
        raise PolicyFault(f"Unknown element in the policy: {unknown[0]}")
    if document.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        raise PolicyFault("Version is neither 2012-10-17 nor 2008-10-17")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyFault("The policy has no statement")
    return tuple(_statement(s) for s in statements)


def judge(
    policy: Policy, principal: Principal, action: str, resource: str, context: Mapping[str, str]
) -> Verdict:
    """The verdict on one call.

    Shape:  action "kms:Sign"; resource the key's ARN; context by condition key in lower case.
    """
    verdict = Verdict.UNMENTIONED
    for statement in policy:
        if statement.denies:
            if _reaches(statement, principal, action, resource, context, unknown_matches=True):
                return Verdict.DENIED
        elif _reaches(statement, principal, action, resource, context, unknown_matches=False):
            verdict = Verdict.ALLOWED
    return verdict


def _reaches(
    statement: Statement,
    principal: Principal,
    action: str,
    resource: str,
    context: Mapping[str, str],
    *,
    unknown_matches: bool,
) -> bool:
    if not statement.understood:
        return unknown_matches
    return (
        _is_principal(statement, principal)
        and any(_like(a.lower(), action.lower()) for a in statement.actions)
        and any(_like(r, resource) for r in statement.resources)
        and all(_holds(c, context, unknown_matches=unknown_matches) for c in statement.conditions)
    )


def _is_principal(statement: Statement, principal: Principal) -> bool:
    if "*" in statement.accounts:
        return True
    if principal.kind == "service":
        return principal.name in statement.services
    return principal.name in statement.accounts or f"arn:aws:iam::{principal.name}:root" in statement.accounts


def _holds(condition: Condition, context: Mapping[str, str], *, unknown_matches: bool) -> bool:
    operator = _OPERATORS.get(condition.operator)
    if operator is None or condition.key not in CONTEXT_KEYS:
        return unknown_matches
    actual = context.get(condition.key)
    return actual is not None and any(operator(wanted, actual) for wanted in condition.values)


def _like(pattern: str, text: str) -> bool:
    """`*`: any octets, `?`: one. In time len(pattern) * len(text) at most, whatever the pattern."""
    p = t = 0
    star = resume = -1
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume, p = p, t, p + 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            resume += 1
            p, t = star + 1, resume
        else:
            return False
    return set(pattern[p:]) <= {"*"}


def _arn_like(pattern: str, arn: str) -> bool:
    """Each of the six parts by itself, as AWS does: no wildcard reaches over a colon."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(_like, patterns, parts))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, actual: wanted == actual,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda wanted, actual: wanted.lower() == actual.lower(),
}


def _statement(given: object) -> Statement:
    if not isinstance(given, dict):
        raise PolicyFault("A statement is not a JSON object")
    unknown = sorted(given.keys() - _ELEMENTS)
    if unknown:
        raise PolicyFault(f"Unknown element in a statement: {unknown[0]}")
    if given.get("Effect") not in ("Allow", "Deny"):
        raise PolicyFault("Effect is neither Allow nor Deny")
    for name in _PAIRED:
        if (name in given) == (f"Not{name}" in given):
            raise PolicyFault(f"A statement needs {name} or Not{name}")
    accounts, services = _principals(given.get("Principal", {}))
    return Statement(
        denies=given["Effect"] == "Deny",
        accounts=accounts,
        services=services,
        actions=_texts(given.get("Action", []), "Action"),
        resources=_texts(given.get("Resource", []), "Resource"),
        conditions=_conditions(given.get("Condition", {})),
        understood=not any(name.startswith("Not") for name in given),
    )


def _principals(given: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if given == "*":
        return ("*",), ()
    if not isinstance(given, dict) or not given.keys() <= {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise PolicyFault("Policy contains a statement with one or more invalid principals")
    accounts = _texts(given.get("AWS", []), "Principal")
    if not all(_AWS_PRINCIPAL.fullmatch(a) for a in accounts):
        raise PolicyFault("Policy contains a statement with one or more invalid principals")
    return accounts, _texts(given.get("Service", []), "Principal")


def _conditions(given: object) -> tuple[Condition, ...]:
    if not isinstance(given, dict) or not all(isinstance(keys, dict) for keys in given.values()):
        raise PolicyFault("Condition is not an object of objects")
    return tuple(
        Condition(operator=operator, key=key.lower(), values=_texts(values, "Condition"))
        for operator, keys in given.items()
        for key, values in keys.items()
    )


def _texts(given: object, element: str) -> tuple[str, ...]:
    """One or several; booleans and numbers become text, as in "Bool": {"k": true}."""
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(v, str | bool | int) for v in values):
        raise PolicyFault(f"{element} is neither text nor a list of texts")
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an element is given twice")
    return made
