"""A structure -> its XML elements: what rest-xml, query and EC2 have in common.

A writer is made once for each shape. Members come in the model's order; absent and None ones are left out, as
Route 53 itself omits some that its model requires. A member that the model does not know is a bug of the
operation and raises, so that a misspelt name is not lost in silence.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from seal53.gateway.models import PREFIXED
from seal53.gateway.shapes import Shape

Writer = Callable[[Any], str]
"""value -> what stands between an element's tags."""

# XML 1.0 §2.2: what is no Char at all cannot be written, not even as a reference.
_NO_CHAR = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile("[^\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # and & < > CR


def escaped(text: str) -> str:
    """Text for an element; a carriage return survives only as a reference (XML 1.0 §2.11)."""
    if _SPECIAL.search(text) is None:
        return text
    return escape(_NO_CHAR.sub("\ufffd", text), {"\r": "&#13;"})


def members(shape: Shape, value: Mapping[str, Any]) -> str:
    """The elements inside a structure; members that lie elsewhere than in the body are left out."""
    return _structure(shape, shape.name)(value)


def text_of(shape: Shape, value: Any) -> str:
    """A scalar as text, not escaped: for a header."""
    return _text(shape.kind)(value)


def require_known(shape: Shape | None, value: Mapping[str, Any], where: str) -> None:
    """Raises ValueError for a member that the shape does not have."""
    known = shape.members if shape is not None else {}
    unknown = [member for member in value if member not in known]
    if unknown:
        raise ValueError(f"a response holds members that {where} does not have: {', '.join(unknown)}")


@cache
def _structure(shape: Shape, name: str) -> Writer:
    fields: list[tuple[str, str, str, Writer]] = []
    for member, member_shape in shape.members.items():
        if member_shape.location:
            continue
        write = _writer(member_shape)
        prefix = PREFIXED.get((shape.name, member))
        if prefix is not None:
            write = _prefixed(prefix)
        wire = member_shape.named(member)
        fields.append((member, f"<{wire}>", f"</{wire}>", write))
    known = frozenset(shape.members)

    def structure(value: Mapping[str, Any]) -> str:
        parts: list[str] = []
        unseen = len(value)
        for member, begin, end, write in fields:
            if member in value:
                unseen -= 1
                held = value[member]
                if held is not None:
                    parts += (begin, write(held), end)
        if unseen and not known.issuperset(value):
            require_known(shape, value, name)
        return "".join(parts)

    return structure


def _writer(shape: Shape) -> Writer:
    match shape.kind:
        case "structure":
            return _structure(shape, shape.name)
        case "list" if shape.item is not None:
            return _list(shape.item)
        case "map" if shape.key is not None and shape.held is not None:
            return _map(shape.key, shape.held)
        case "string" | "character":
            return _string
        case _:
            text = _text(shape.kind)
            return lambda value: escaped(text(value))


def _list(shape: Shape) -> Writer:
    # A list without a name for its members uses <member>: GetDNSSEC's KeySigningKeys, and all of sts.
    item = shape.named("member")
    write = _writer(shape)
    begin, between, end = f"<{item}>", f"</{item}><{item}>", f"</{item}>"

    def elements(value: Any) -> str:
        content = between.join(map(write, value))
        return f"{begin}{content}{end}" if content or value else ""

    return elements


def _map(key_shape: Shape, held_shape: Shape) -> Writer:
    key, held = key_shape.named("key"), held_shape.named("value")
    write_key, write_held = _writer(key_shape), _writer(held_shape)

    def entries(value: Mapping[str, Any]) -> str:
        return "".join(
            f"<entry><{key}>{write_key(k)}</{key}><{held}>{write_held(v)}</{held}></entry>"
            for k, v in value.items()
        )

    return entries


def _prefixed(prefix: str) -> Writer:
    def write(value: str) -> str:
        return escaped(value if value.startswith(prefix) else prefix + value)

    return write


def _string(value: Any) -> str:
    return escaped(str(value))


def _text(kind: str) -> Callable[[Any], str]:
    match kind:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "integer" | "long":
            return lambda value: str(int(value))
        case "float" | "double":
            return lambda value: repr(float(value))
        case "blob":
            return lambda value: base64.b64encode(value).decode()
        case "timestamp":
            return lambda value: moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case _:
            return str


def moment(value: Any) -> datetime:
    """UTC, from an aware datetime or epoch seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a response holds a time without a zone")
        return value.astimezone(UTC)
    return datetime.fromtimestamp(value, UTC)
