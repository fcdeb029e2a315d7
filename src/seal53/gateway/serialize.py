"""A response's mapping -> the octets of its protocol: the mirror image of botocore's parser, driven by the
model.

A member that the model does not know is a bug of the operation and raises, so that a misspelt name is not
lost in silence; absent or None members are left out (Route 53 itself omits some that its model requires).
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from seal53.gateway.message import Reply
from seal53.gateway.models import PREFIXED, Family, Service, Shape, wire_name

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# XML 1.0 §2.2: what is no Char at all cannot be written, not even as a reference.
_NO_CHAR = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def serialize(service: Service, operation: str, response: Mapping[str, Any], request_id: str) -> Reply:
    """The reply to a call that succeeded; its status is the model's (201 for creations in route53)."""
    model = service.model.operation_model(operation)
    status = int(model.http.get("responseCode", 200))
    shape: Shape | None = model.output_shape
    _check_members(shape, response, operation)
    match service.family:
        case Family.JSON:
            body = json.dumps(json_structure(shape, response)).encode() if shape is not None else b""
            return Reply(status=status, body=body, content_type="application/x-amz-json-1.1")
        case Family.QUERY:
            return Reply(
                status=status,
                body=_query_body(service, operation, shape, response, request_id).encode(),
                content_type="text/xml",
            )
        case Family.EC2:
            name = f"{operation}Response"
            content = xml_members(shape, response) if shape is not None else "<return>true</return>"
            text = (
                f"{DECLARATION}<{name} xmlns={quoteattr(service.namespace)}>"
                f"<requestId>{escaped(request_id)}</requestId>{content}</{name}>"
            )
            return Reply(status=status, body=text.encode(), content_type="text/xml;charset=UTF-8")
        case Family.REST_XML:
            name = shape.name if shape is not None else f"{operation}Response"
            content = xml_members(shape, response) if shape is not None else ""
            text = f"{DECLARATION}<{name} xmlns={quoteattr(service.namespace)}>{content}</{name}>"
            return Reply(
                status=status, body=text.encode(), content_type="text/xml", headers=_headers(shape, response)
            )


def _query_body(
    service: Service, operation: str, shape: Shape | None, response: Mapping[str, Any], request_id: str
) -> str:
    result = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
        result = f"<{wrapper}>{xml_members(shape, response)}</{wrapper}>"
    name = f"{operation}Response"
    return (
        f"{DECLARATION}<{name} xmlns={quoteattr(service.namespace)}>{result}"
        f"<ResponseMetadata><RequestId>{escaped(request_id)}</RequestId></ResponseMetadata></{name}>"
    )


def _headers(shape: Shape | None, response: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Members that the model puts into headers (`Location`)."""
    if shape is None:
        return ()
    found = []
    for member, member_shape in shape.members.items():
        value = response.get(member)
        if value is not None and member_shape.serialization.get("location") == "header":
            found.append((wire_name(member_shape, member), _text(member_shape, value)))
    return tuple(found)


def xml_members(shape: Shape, value: Mapping[str, Any]) -> str:
    """The elements inside a structure, in the model's order; members that lie elsewhere than in the body are
    left out.
    """
    parts = []
    for member, member_shape in shape.members.items():
        held = value.get(member)
        if held is None or "location" in member_shape.serialization:
            continue
        prefix = PREFIXED.get((shape.name, member))
        if prefix is not None and not held.startswith(prefix):
            held = prefix + held
        parts.append(_element(wire_name(member_shape, member), member_shape, held))
    return "".join(parts)


def _element(name: str, shape: Shape, value: Any) -> str:
    match shape.type_name:
        case "structure":
            _check_members(shape, value, shape.name)
            content = xml_members(shape, value)
        case "list":
            # A list without a name for its members uses <member>: GetDNSSEC's KeySigningKeys, and all of sts.
            item = wire_name(shape.member, "member")
            content = "".join(_element(item, shape.member, one) for one in value)
        case "map":
            names = wire_name(shape.key, "key"), wire_name(shape.value, "value")
            content = "".join(
                f"<entry>{_element(names[0], shape.key, key)}{_element(names[1], shape.value, held)}</entry>"
                for key, held in value.items()
            )
        case _:
            content = escaped(_text(shape, value))
    return f"<{name}>{content}</{name}>"


def json_structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, object]:
    """A structure as JSON holds it, in the model's order."""
    _check_members(shape, value, shape.name)
    return {
        wire_name(member_shape, member): _json(member_shape, value[member])
        for member, member_shape in shape.members.items()
        if value.get(member) is not None
    }


def _json(shape: Shape, value: Any) -> object:
    match shape.type_name:
        case "structure":
            return json_structure(shape, value)
        case "list":
            return [_json(shape.member, one) for one in value]
        case "map":
            return {str(key): _json(shape.value, one) for key, one in value.items()}
        case "blob":
            return base64.b64encode(value).decode()
        case "timestamp":
            seconds = _moment(value).timestamp()
            return int(seconds) if seconds.is_integer() else round(seconds, 3)
        case "boolean":
            return bool(value)
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case _:
            return str(value)


def _text(shape: Shape, value: Any) -> str:
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "integer" | "long":
            return str(int(value))
        case "float" | "double":
            return repr(float(value))
        case "blob":
            return base64.b64encode(value).decode()
        case "timestamp":
            return _moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case _:
            return str(value)


def _moment(value: Any) -> datetime:
    """UTC, from an aware datetime or epoch seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a response holds a time without a zone")
        return value.astimezone(UTC)
    return datetime.fromtimestamp(value, UTC)


def _check_members(shape: Shape | None, value: Mapping[str, Any], where: str) -> None:
    known = shape.members if shape is not None else {}
    unknown = [member for member in value if member not in known]
    if unknown:
        raise ValueError(f"a response holds members that {where} does not have: {', '.join(unknown)}")


def escaped(text: str) -> str:
    """Text for an element; a carriage return survives only as a reference (XML 1.0 §2.11)."""
    return escape(_NO_CHAR.sub("\ufffd", text), {"\r": "&#13;"})
