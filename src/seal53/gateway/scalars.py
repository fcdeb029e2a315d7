"""The text of a scalar -> its value: what XML, a query string and a form have in common.

A reader is made once for each shape. Limits (lengths, patterns, enumerations) are `validate`'s. Not for:
JSON, which has numbers and booleans of its own; it shares what reads text alone.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.models import ID_PREFIX, ID_SHAPES
from seal53.gateway.shapes import Shape

Scalar = str | bool | int | float | bytes | datetime
Reader = Callable[[str, str], Scalar]
"""(text, where it stands) -> value. Raises Refused."""

_SHOWN = 256  # characters of a value that a refusal repeats
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
INTEGERS = {"integer": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}
"""What a model's types mean: Smithy, "Simple types"."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}  # XML Schema part 2 §3.2.2
# What cannot be stored and sent again: a lone surrogate (JSON can spell one), NUL (databases refuse it).
_UNCLEAN = re.compile("[\0\ud800-\udfff]")


class NotOfType(Refused):
    """Text that is no value of its type, as an XML schema names it."""

    def __init__(self, text: str, path: str, kind: str) -> None:
        super().__init__(
            Reason.INVALID,
            f"Value '{text[:_SHOWN]}' at '{path}' is not valid: "
            f"cvc-datatype-valid.1.2.1: not a valid value for '{kind}'.",
        )
        self.text = text[:_SHOWN]
        self.kind = kind


def reader(shape: Shape) -> Reader:
    """The reader of a shape that is neither a structure, a list nor a map."""
    match shape.kind:
        case "string" | "character":
            return _id if shape.name in ID_SHAPES else clean
        case "boolean":
            return _boolean
        case "integer" | "long":
            return _integer_of(INTEGERS[shape.kind])
        case "float" | "double":
            return _float
        case "timestamp":
            return moment
        case "blob":
            return blob
    raise TypeError(f"no scalar: {shape.kind}")


def clean(text: str, path: str) -> str:
    """Text that can be stored and sent again."""
    if _UNCLEAN.search(text) is not None:
        raise Refused(Reason.INVALID, f"The value at '{path}' holds characters that are not allowed")
    return text


def decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.INVALID, "A parameter is not percent-encoded UTF-8") from None


def blob(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.MALFORMED, f"The value at '{path}' is not base64") from None


def moment(text: str, path: str) -> datetime:
    """A dateTime; one without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotOfType(text, path, "dateTime") from None


def _id(text: str, path: str) -> str:
    return clean(ID_PREFIX.sub("", text, count=1) if ID_PREFIX.match(text) else text, path)


def _boolean(text: str, path: str) -> bool:
    found = _BOOLEANS.get(text.strip())
    if found is None:
        raise NotOfType(text, path, "boolean")
    return found


def _integer_of(known: range) -> Reader:
    def read(text: str, path: str) -> int:
        found = int(text) if _INTEGER.fullmatch(text.strip()) else None
        if found is None or found not in known:
            raise NotOfType(text, path, "integer")
        return found

    return read


def _float(text: str, path: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise NotOfType(text, path, "double")
    return found


def under(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name[:128]}" if path else name[:128]


def refuse_type(path: str, shape: Shape) -> NoReturn:
    raise Refused(Reason.MALFORMED, f"The value at '{path or 'the top level'}' must be of type {shape.kind}")
