"""The constraints that the model declares, in AWS's words.

Source of the texts: "1 validation error detected: Value 'v' at 'member' failed to satisfy constraint: …" as
AWS's services answer; paths begin with a lower-case letter. Values of sensitive shapes are not repeated.
Limits: a pattern that Python's `re` cannot read is left to the operation; what only an operation can know (a
real zone, a good KMS key) is not a constraint.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.models import Family, Shape, compiled
from seal53.gateway.route import Route

_SHOWN = 1024  # characters of a value that a refusal repeats; no standard says
_MOST = 10  # violations that a refusal lists


def validate(route: Route, parameters: Mapping[str, Any]) -> None:
    """Raises Refused that lists what is wrong. The operator's calls have no model and pass."""
    if route.service is None:
        return
    shape: Shape | None = route.service.model.operation_model(route.operation).input_shape
    if shape is None:
        return
    if route.family is Family.EC2:
        for member in shape.required_members:
            if member not in parameters:
                raise Refused(
                    Reason.MISSING_PARAMETER, f"The request must contain the parameter {_camel(member)}"
                )
    found = list(_structure(shape, parameters, ""))
    if found:
        plural = "error" if len(found) == 1 else "errors"
        raise Refused(
            Reason.INVALID, f"{len(found)} validation {plural} detected: {'; '.join(found[:_MOST])}"
        )


def _structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for member, member_shape in shape.members.items():
        where = f"{path}.{_camel(member)}" if path else _camel(member)
        if member in value:
            yield from _value(member_shape, value[member], where)
        elif member in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, path)
        case "list":
            yield from _length(shape, value, path)
            for number, one in enumerate(value, 1):
                yield from _value(shape.member, one, f"{path}.{number}.member")
        case "map":
            yield from _length(shape, value, path)
            for key, one in value.items():
                yield from _value(shape.key, key, f"{path}.key")
                yield from _value(shape.value, one, f"{path}.{key[:128]}.member")
        case "string":
            yield from _string(shape, value, path)
        case "blob":
            yield from _length(shape, value, path)
        case "integer" | "long" | "float" | "double":
            yield from _number(shape, value, path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.enum:
        if value not in shape.enum:
            yield _violation(
                shape, value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            )
        return
    lengths = list(_length(shape, value, path))
    yield from lengths
    pattern = shape.metadata.get("pattern")
    if pattern and not lengths:  # a pattern only ever sees a value of an allowed length
        expression = compiled(pattern)
        if expression is not None and expression.fullmatch(value) is None:
            yield _violation(shape, value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield _violation(shape, value, path, f"Member must have length less than or equal to {most}")
    if least is not None and len(value) < least:
        yield _violation(shape, value, path, f"Member must have length greater than or equal to {least}")


def _number(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and value > most:
        yield _violation(shape, value, path, f"Member must have value less than or equal to {most}")
    if least is not None and value < least:
        yield _violation(shape, value, path, f"Member must have value greater than or equal to {least}")


def _violation(shape: Shape, value: Any, path: str, constraint: str) -> str:
    shown = ""
    # Octets and containers may hold what is secret further down: only plain values are repeated.
    if isinstance(value, str | int | float) and not shape.metadata.get("sensitive"):
        shown = f"'{str(value)[:_SHOWN]}' "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]
