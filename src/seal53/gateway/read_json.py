"""A JSON document -> the members of a structure. Null members are absent ones.

Unknown and repeated members, wrong types and what is not JSON though Python reads it (NaN) are refused.
"""

import json
from datetime import UTC, datetime
from typing import Any, NoReturn

from seal53.gateway import scalars
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.scalars import clean, refuse_type, under
from seal53.gateway.shapes import Shape


def document(body: bytes) -> dict[str, Any]:
    """The object that a body is; an empty body is an empty one. Raises Refused."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        raise Refused(Reason.MALFORMED, "The request body is not well-formed JSON") from None
    if not isinstance(found, dict):
        raise Refused(Reason.MALFORMED, "The request body must be a JSON object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259 §6)")


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is given twice")
    return found


def structure(shape: Shape, value: Any, path: str = "") -> dict[str, Any]:
    """A document's members in the shapes of the model. Raises Refused."""
    if not isinstance(value, dict):
        refuse_type(path, shape)
    by_name = {s.named(m): (m, s) for m, s in shape.members.items()}
    found: dict[str, Any] = {}
    for name, held in value.items():
        if name not in by_name:
            where = under(path, name)
            raise Refused(Reason.INVALID, f"Unknown member '{where}': the operation does not have it")
        member, member_shape = by_name[name]
        if held is not None:
            found[member] = _value(member_shape, held, under(path, name))
    return found


def _value(shape: Shape, value: Any, path: str) -> Any:
    match shape.kind, value:
        case "structure", _:
            return structure(shape, value, path)
        case "list", list() if shape.item is not None:
            return [_value(shape.item, one, f"{path}.{n}") for n, one in enumerate(value, 1)]
        case "map", dict() if shape.held is not None:
            return {clean(k, path): _value(shape.held, one, under(path, k)) for k, one in value.items()}
        case (("string" | "character"), str()):
            return clean(value, path)
        case "blob", str():
            return scalars.blob(value, path)
        case "boolean", bool():
            return value
        case (("integer" | "long"), int()) if not isinstance(value, bool):
            return value if value in scalars.INTEGERS[shape.kind] else refuse_type(path, shape)
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            return float(value) if abs(value) < 1e300 else refuse_type(path, shape)
        case "timestamp", (int() | float()) if not isinstance(value, bool):
            return _epoch(value, path)
        case "timestamp", str():
            return scalars.moment(value, path)
    return refuse_type(path, shape)


def _epoch(value: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(Reason.MALFORMED, f"The value at '{path}' is not a time in epoch seconds") from None
