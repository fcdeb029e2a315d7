"""The Condition element: operators over the keys of a request's context.

A test of a key that the request lacks is false; a negated one is true. `...IfExists` makes it true either
way, `ForAllValues:` holds for no values at all, `ForAnyValue:` does not. A key that is not in `KEYS`, an
operator that is not in `_TESTS`, a value that its operator cannot read, and a key with several values without
a set operator are not understood: the answer is None, and the statement's effect decides.
Source: IAM user guide, "Condition operators", "Set operators for multivalued context keys".
"""

import ipaddress
import re
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from seal53.policy import patterns
from seal53.policy.patterns import arn_like, like

Context = Mapping[str, str | tuple[str, ...]]
"""Values by condition key in lower case (names of keys ignore case); a key that a request lacks is absent."""

KEYS = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalservicename",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "iam:policyarn",
        "kms:calleraccount",
        "kms:grantisforawsresource",
        "route53:changeresourcerecordsetsactions",
        "route53:changeresourcerecordsetsnormalizedrecordnames",
        "route53:changeresourcerecordsetsrecordtypes",
        "route53:vpcs",
        "sts:externalid",
        "sts:rolesessionname",
    }
)
"""The keys that are understood: whether a request has them is known."""

SEVERAL = frozenset(key for key in KEYS if key.startswith("route53:"))
"""Keys that may have several values."""

Test = Callable[[str, str], bool]
"""(value of the policy, value of the request) -> whether they match. Raises ValueError: cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator over one key, in lower case; any of the values suffices. They are prepared patterns."""

    operator: str
    key: str
    values: tuple[str, ...]


def holds(condition: Condition, context: Context) -> bool | None:
    """None: not understood."""
    if condition.key not in KEYS:
        return None
    found = context.get(condition.key, ())
    actual = (found,) if isinstance(found, str) else found
    operator = condition.operator
    if operator == "Null":
        return _null(condition.values, bool(actual))
    quantifier, colon, rest = operator.partition(":")
    if not colon:
        quantifier, rest = "", operator
    name = rest.removesuffix("IfExists")
    negated, test = _TESTS.get(name, (False, None))
    if test is None or not condition.values or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        return None
    if not actual:
        return rest != name or quantifier == "ForAllValues" or (negated and not quantifier)
    if not quantifier and len(actual) > 1:
        return None
    try:
        wanted = [_filled(value, context) for value in condition.values]
        # Each is tested, so that one that cannot be read is not passed over.
        tested = [[test(one, value) for one in wanted] for value in actual]
    except ValueError:
        return None
    matches = [any(results) is not negated for results in tested]
    return all(matches) if quantifier == "ForAllValues" else any(matches)


def takes_variables(operator: str) -> bool:
    return _name(operator).startswith(("String", "Arn"))


def is_known(operator: str) -> bool:
    """Whether AWS has such an operator, understood here or not."""
    name = _name(operator)
    return operator == "Null" or name in _TESTS or name == "BinaryEquals"


def takes_wildcards(operator: str) -> bool:
    """StringEquals compares a star as a star."""
    name = _name(operator)
    return name.startswith("Arn") or name.endswith("Like")


def _name(operator: str) -> str:
    return operator.rpartition(":")[2].removesuffix("IfExists")


def _filled(value: str, context: Context) -> str:
    made = patterns.filled(value, lambda key: single(context, key))
    if made is None:
        raise ValueError("a variable has no value")
    return made


def single(context: Context, key: str) -> str | None:
    """The value of a key with one; what a variable stands for."""
    found = context.get(key)
    return found if key not in SEVERAL and isinstance(found, str) else None


def _null(values: tuple[str, ...], there: bool) -> bool | None:
    if not values or not {value.lower() for value in values} <= {"true", "false"}:
        return None
    return any((value.lower() == "true") is not there for value in values)


def _bool(wanted: str, actual: str) -> bool:
    if wanted.lower() not in ("true", "false"):
        raise ValueError(wanted)
    return wanted.lower() == actual.lower()


def _numbers(compare: Callable[[Decimal, Decimal], bool]) -> Test:
    def test(wanted: str, actual: str) -> bool:
        try:
            one, other = Decimal(wanted), Decimal(actual)
        except InvalidOperation:
            raise ValueError(wanted) from None
        if not (one.is_finite() and other.is_finite()):
            raise ValueError(wanted)
        return compare(other, one)

    return test


_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


def _seconds(text: str) -> int:
    """UTC seconds of an ISO 8601 moment, or of a number of seconds. Raises ValueError."""
    if re.fullmatch(r"\d{1,12}", text, re.ASCII):
        return int(text)
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60):
        raise ValueError(text)
    seconds = timegm((year, month, day, hour, minute, second, 0, 0, 0))
    zone = found[7]
    if zone not in (None, "Z"):
        away = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
        seconds += away if zone[0] == "-" else -away
    return seconds


def _dates(compare: Callable[[int, int], bool]) -> Test:
    return lambda wanted, actual: compare(_seconds(actual), _seconds(wanted))


def _in_block(wanted: str, actual: str) -> bool:
    block, address = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_address(actual)
    return block.version == address.version and address in block


def _equal(wanted: str, actual: str) -> bool:
    return wanted == actual


def _equal_in_any_case(wanted: str, actual: str) -> bool:
    return wanted.lower() == actual.lower()


_TESTS: Mapping[str, tuple[bool, Test]] = {
    # operator: (it is negated, what it tests)
    "StringEquals": (False, _equal),
    "StringNotEquals": (True, _equal),
    "StringEqualsIgnoreCase": (False, _equal_in_any_case),
    "StringNotEqualsIgnoreCase": (True, _equal_in_any_case),
    "StringLike": (False, like),
    "StringNotLike": (True, like),
    "ArnEquals": (False, arn_like),
    "ArnLike": (False, arn_like),
    "ArnNotEquals": (True, arn_like),
    "ArnNotLike": (True, arn_like),
    "Bool": (False, _bool),
    "NumericEquals": (False, _numbers(lambda a, b: a == b)),
    "NumericNotEquals": (True, _numbers(lambda a, b: a == b)),
    "NumericLessThan": (False, _numbers(lambda a, b: a < b)),
    "NumericLessThanEquals": (False, _numbers(lambda a, b: a <= b)),
    "NumericGreaterThan": (False, _numbers(lambda a, b: a > b)),
    "NumericGreaterThanEquals": (False, _numbers(lambda a, b: a >= b)),
    "DateEquals": (False, _dates(lambda a, b: a == b)),
    "DateNotEquals": (True, _dates(lambda a, b: a == b)),
    "DateLessThan": (False, _dates(lambda a, b: a < b)),
    "DateLessThanEquals": (False, _dates(lambda a, b: a <= b)),
    "DateGreaterThan": (False, _dates(lambda a, b: a > b)),
    "DateGreaterThanEquals": (False, _dates(lambda a, b: a >= b)),
    "IpAddress": (False, _in_block),
    "NotIpAddress": (True, _in_block),
}
