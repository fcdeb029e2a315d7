"""The constraints that the model declares, in AWS's words.

A checker is made once for each operation and only says whether all is well; what is wrong is looked for when
it is not. Source of the texts: "1 validation error detected: Value 'v' at 'member' failed to satisfy
constraint: …" as AWS's services answer; paths begin with a lower-case letter. Values of sensitive shapes are
not repeated. Limits: a pattern that Python's `re` cannot read is left to the operation; what only an
operation can know (a real zone, a good KMS key) is not a constraint.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.models import Family, Service, compiled
from seal53.gateway.route import Route
from seal53.gateway.shapes import Shape

Check = Callable[[Any], bool]

_SHOWN = 1024  # characters of a value that a refusal repeats; no standard says
_MOST = 10  # violations that a refusal lists
_MOST_COUNTED = 10_000


def validate(route: Route, parameters: Mapping[str, Any]) -> None:
    """Raises Refused that lists what is wrong. The operator's calls have no model and pass."""
    if route.service is None:
        return
    shape, is_well = _checker(route.service, route.operation)
    if shape is None or is_well(parameters):
        return
    if route.family is Family.EC2:
        for member in shape.required:
            if member not in parameters:
                raise Refused(
                    Reason.MISSING_PARAMETER, f"The request must contain the parameter {_camel(member)}"
                )
    violations = _structure(shape, parameters, "")
    shown = list(islice(violations, _MOST))
    if shown:
        found = len(shown) + sum(1 for _ in islice(violations, _MOST_COUNTED))  # not kept: they are many
        plural = "error" if found == 1 else "errors"
        raise Refused(Reason.INVALID, f"{found} validation {plural} detected: {'; '.join(shown)}")


@cache
def _checker(service: Service, operation: str) -> tuple[Shape | None, Check]:
    shape = service.operations[operation].input
    return shape, (check(shape) if shape is not None else None) or _anything


def check(shape: Shape) -> Check | None:
    """A checker of values of the shape; None when it allows everything. Says no more than `_value` does."""
    match shape.kind:
        case "structure":
            return _check_structure(shape)
        case "list" if shape.item is not None:
            return _both(_check_length(shape), _check_all(check(shape.item)))
        case "map" if shape.key is not None and shape.held is not None:
            return _both(_check_length(shape), _check_map(check(shape.key), check(shape.held)))
        case "string" if shape.values:
            return frozenset(shape.values).__contains__
        case "string":
            return _both(_check_length(shape), _check_pattern(shape.pattern))
        case "blob":
            return _check_length(shape)
        case "integer" | "long" | "float" | "double":
            return _check_range(shape)
    return None


def _anything(value: Any) -> bool:
    return True


def _both(first: Check | None, second: Check | None) -> Check | None:
    if first is None or second is None:
        return first or second
    return lambda value: first(value) and second(value)


def _check_structure(shape: Shape) -> Check | None:
    required = frozenset(shape.required)
    checks = {member: found for member, s in shape.members.items() if (found := check(s)) is not None}
    if not checks and not required:
        return None

    def structure(value: Mapping[str, Any]) -> bool:
        if not required <= value.keys():
            return False
        for member, held in value.items():  # noqa: SIM110  a generator costs as much as what it checks
            if member in checks and not checks[member](held):
                return False
        return True

    return structure


def _check_all(one: Check | None) -> Check | None:
    return None if one is None else lambda value: all(map(one, value))


def _check_map(key: Check | None, held: Check | None) -> Check | None:
    return _both(
        None if key is None else lambda value: all(map(key, value)),
        None if held is None else lambda value: all(map(held, value.values())),
    )


def _check_length(shape: Shape) -> Check | None:
    least, most = shape.least, shape.most
    if least is None and most is None:
        return None
    low, high = least or 0, sys.maxsize if most is None else most
    return lambda value: low <= len(value) <= high


def _check_range(shape: Shape) -> Check | None:
    least, most = shape.least, shape.most
    if least is None and most is None:
        return None
    low, high = -math.inf if least is None else least, math.inf if most is None else most
    return lambda value: low <= value <= high


def _check_pattern(pattern: str | None) -> Check | None:
    expression = None if pattern is None else compiled(pattern)
    if expression is None:
        return None
    matches = expression.fullmatch
    return lambda value: matches(value) is not None


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for member, member_shape in shape.members.items():
        where = f"{path}.{_camel(member)}" if path else _camel(member)
        if member in value:
            yield from _value(member_shape, value[member], where)
        elif member in shape.required:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape.kind:
        case "structure":
            yield from _structure(shape, value, path)
        case "list" if shape.item is not None:
            yield from _length(shape, value, path)
            for number, one in enumerate(value, 1):
                yield from _value(shape.item, one, f"{path}.{number}.member")
        case "map" if shape.key is not None and shape.held is not None:
            yield from _length(shape, value, path)
            for key, one in value.items():
                yield from _value(shape.key, key, f"{path}.key")
                yield from _value(shape.held, one, f"{path}.{key[:128]}.member")
        case "string":
            yield from _string(shape, value, path)
        case "blob":
            yield from _length(shape, value, path)
        case "integer" | "long" | "float" | "double":
            yield from _number(shape, value, path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.values:
        if value not in shape.values:
            yield _violation(
                shape, value, path, f"Member must satisfy enum value set: [{', '.join(shape.values)}]"
            )
        return
    lengths = list(_length(shape, value, path))
    yield from lengths
    pattern = shape.pattern
    if pattern and not lengths:  # a pattern only ever sees a value of an allowed length
        expression = compiled(pattern)
        if expression is not None and expression.fullmatch(value) is None:
            yield _violation(shape, value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.least, shape.most
    if most is not None and len(value) > most:
        yield _violation(shape, value, path, f"Member must have length less than or equal to {most}")
    if least is not None and len(value) < least:
        yield _violation(shape, value, path, f"Member must have length greater than or equal to {least}")


def _number(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.least, shape.most
    if most is not None and value > most:
        yield _violation(shape, value, path, f"Member must have value less than or equal to {most}")
    if least is not None and value < least:
        yield _violation(shape, value, path, f"Member must have value greater than or equal to {least}")


def _violation(shape: Shape, value: Any, path: str, constraint: str) -> str:
    shown = ""
    # Octets and containers may hold what is secret further down: only plain values are repeated.
    if isinstance(value, str | int | float) and not shape.is_sensitive:
        shown = f"'{str(value)[:_SHOWN]}' "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]
