"""A policy's JSON read into statements, and refused when it is none.

Which elements a statement must and must not have depends on what the policy is of. Texts of faults are AWS's
where they are known. Limits: unknown elements are refused, unknown operators of conditions too; condition
keys may be any.
Source: IAM user guide, "Grammar of the IAM JSON policy language"; KMS developer guide, "Key policies".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from seal53.base.errors import Fault
from seal53.policy import conditions, patterns
from seal53.policy.conditions import Condition

VERSIONS = ("2012-10-17", "2008-10-17")

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"}
    | {"Resource", "NotResource", "Condition"}
)
_AWS_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|arn:aws:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role|federated-user)/[\w+=,.@/-]+)",
    re.ASCII,
)
_SERVICE = re.compile(r"[a-z0-9.-]{1,128}")
_SID = re.compile(r"[0-9A-Za-z]*")


class PolicyFault(Fault):
    """The document is no policy of its kind; the message says what is wrong with it."""


class Kind(StrEnum):
    """What a policy is of."""

    IDENTITY = "identity"  # of a user, a role, a session; a managed one
    KEY = "key"  # of a KMS key
    TRUST = "trust"  # of a role: who may assume it


@dataclass(frozen=True, slots=True)
class Principals:
    """Whom a statement names, as written; `negated`: everybody else."""

    aws: frozenset[str]
    services: frozenset[str]
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Patterns are prepared, actions in lower case. `principals` None: of whoever has the policy.

    `actions` and `resources` are what is meant, or with `..._negated` what is not.
    """

    denies: bool
    principals: Principals | None
    actions: tuple[str, ...]
    actions_negated: bool
    resources: tuple[str, ...]
    resources_negated: bool
    conditions: tuple[Condition, ...]


Policy = tuple[Statement, ...]


@lru_cache(maxsize=512)
def parse(text: str, kind: Kind) -> Policy:
    """Raises PolicyFault."""
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise PolicyFault(
            "The policy is not valid JSON" if kind is Kind.KEY else "This policy contains invalid Json"
        ) from None
    if not isinstance(document, dict):
        raise PolicyFault("The policy is not a JSON object")
    unknown = sorted(document.keys() - {"Version", "Id", "Statement"})
    if unknown:
        raise PolicyFault(f"Unknown element in the policy: {unknown[0]}")
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise PolicyFault("Version is neither 2012-10-17 nor 2008-10-17")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise PolicyFault("The policy has no statement")
    sids = [s["Sid"] for s in statements if isinstance(s, dict) and s.get("Sid")]
    if kind is not Kind.KEY and len({str(sid) for sid in sids}) != len(sids):
        raise PolicyFault("Statement IDs (SID) in a single policy must be unique.")
    try:
        return tuple(_statement(s, kind, variables=version == "2012-10-17") for s in statements)
    except ValueError:  # of patterns
        raise PolicyFault("The policy holds characters that are not allowed") from None


def _statement(given: object, kind: Kind, *, variables: bool) -> Statement:
    if not isinstance(given, dict):
        raise PolicyFault("A statement is not a JSON object")
    unknown = sorted(given.keys() - _ELEMENTS)
    if unknown:
        raise PolicyFault(f"Unknown element in a statement: {unknown[0]}")
    if given.get("Effect") not in ("Allow", "Deny"):
        raise PolicyFault("Effect is neither Allow nor Deny")
    _require_elements(given, kind)
    sid = given.get("Sid", "")
    if not isinstance(sid, str) or (kind is not Kind.KEY and not _SID.fullmatch(sid)):
        raise PolicyFault(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )
    actions, actions_negated = _one_of(given, "Action")
    resources, resources_negated = _one_of(given, "Resource")
    if kind is not Kind.KEY:
        _check_actions(actions, kind)
    if kind is Kind.IDENTITY:
        _check_resources(resources)
    if kind is Kind.TRUST:
        resources = ("*",)
    return Statement(
        denies=given["Effect"] == "Deny",
        principals=None if kind is Kind.IDENTITY else _principals(given, kind),
        # Variables are for Resource and Condition alone.
        actions=tuple(patterns.prepared(a.lower(), variables=False) for a in actions),
        actions_negated=actions_negated,
        resources=tuple(patterns.prepared(r, variables=variables) for r in resources),
        resources_negated=resources_negated,
        conditions=_conditions(given.get("Condition", {}), variables=variables),
    )


def _require_elements(given: Mapping[str, Any], kind: Kind) -> None:
    def has(name: str) -> bool:
        return name in given or f"Not{name}" in given

    if kind is Kind.IDENTITY and has("Principal"):
        raise PolicyFault("Policy document should not specify a principal.")
    if kind is Kind.TRUST:
        if not has("Principal"):
            raise PolicyFault("Missing required field Principal")
        for name in ("Resource", "NotResource"):
            if name in given:
                raise PolicyFault(f"Has prohibited field {name}")
    wanted = {
        Kind.IDENTITY: ("Action", "Resource"),
        Kind.KEY: ("Principal", "Action", "Resource"),
        Kind.TRUST: ("Principal", "Action"),
    }
    for name in wanted[kind]:
        if name in given and f"Not{name}" in given:
            raise PolicyFault(f"A statement has {name} or Not{name}, not both")
        if not has(name):
            if kind is Kind.KEY:
                raise PolicyFault(f"A statement needs {name} or Not{name}")
            raise PolicyFault(f"Policy statement must contain {name.lower()}s.")


def _one_of(given: Mapping[str, Any], name: str) -> tuple[tuple[str, ...], bool]:
    negated = f"Not{name}" in given
    texts = _texts(given.get(f"Not{name}" if negated else name, []), name)
    if negated and not texts:  # it would mean everything
        raise PolicyFault(f"Not{name} names nothing")
    return texts, negated


def _check_actions(actions: tuple[str, ...], kind: Kind) -> None:
    if not actions:
        raise PolicyFault("Policy statement must contain actions.")
    for action in actions:
        vendor, colon, name = action.partition(":")
        if action != "*" and not colon:
            raise PolicyFault("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if ":" in name:
            raise PolicyFault("Actions/Condition can contain only one colon.")
        if action != "*" and not re.fullmatch(r"[A-Za-z0-9-]+", vendor, re.ASCII):
            raise PolicyFault(f"Vendor {vendor[:64]} is not valid")
        if kind is Kind.TRUST and vendor.lower() != "sts":
            raise PolicyFault("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_resources(resources: tuple[str, ...]) -> None:
    if not resources:
        raise PolicyFault("Policy statement must contain resources.")
    for resource in resources:
        if resource != "*" and not (resource.startswith("arn:") and resource.count(":") >= 5):
            # A star at the end of an early part stands for the rest.
            if resource.startswith("arn:") and resource.endswith("*"):
                continue
            raise PolicyFault(f'Resource {resource[:2048]} must be in ARN format or "*".')


def _principals(given: Mapping[str, Any], kind: Kind) -> Principals:
    negated = "NotPrincipal" in given
    named = given["NotPrincipal" if negated else "Principal"]
    if named == "*":
        return Principals(frozenset("*"), frozenset(), negated)
    kinds = ("AWS", "Service", "Federated", "CanonicalUser")
    if not isinstance(named, dict) or not named or not named.keys() <= set(kinds):
        raise _invalid_principal(kind, "")
    found = {which: _texts(named.get(which, []), "Principal") for which in kinds}
    for which, pattern in (("AWS", _AWS_PRINCIPAL), ("Service", _SERVICE)):
        for name in found[which]:
            if not pattern.fullmatch(name):
                raise _invalid_principal(kind, f'"{which}":"{name[:256]}"')
    if negated and not any(found.values()):
        raise _invalid_principal(kind, "")
    return Principals(frozenset(found["AWS"]), frozenset(found["Service"]), negated)


def _invalid_principal(kind: Kind, shown: str) -> PolicyFault:
    if kind is Kind.KEY:
        return PolicyFault("Policy contains a statement with one or more invalid principals")
    return PolicyFault(f"Invalid principal in policy{': ' + shown if shown else ''}")


def _conditions(given: object, *, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(given, dict) or not all(isinstance(keys, dict) for keys in given.values()):
        raise PolicyFault("Condition is not an object of objects")
    found = []
    for operator, keys in given.items():
        if not conditions.is_known(operator):
            raise PolicyFault(f"Invalid Condition type : {operator[:64]}.")
        for key, values in keys.items():
            prepared = (
                patterns.prepared(
                    value,
                    variables=variables and conditions.takes_variables(operator),
                    wildcards=conditions.takes_wildcards(operator),
                )
                for value in _texts(values, "Condition")
            )
            found.append(Condition(operator=operator, key=key.lower(), values=tuple(prepared)))
    return tuple(found)


def _texts(given: object, element: str) -> tuple[str, ...]:
    """One or several; booleans and numbers become text, as in "Bool": {"k": true}."""
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(v, str | bool | int | float) for v in values):
        raise PolicyFault(f"{element} is neither text nor a list of texts")
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an element is given twice")
    return made
