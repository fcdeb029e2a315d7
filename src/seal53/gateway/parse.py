"""The octets of a request -> a mapping in the shapes of the model: the mirror image of botocore's serializer.

Strict where a mistake could be lost: unknown and repeated members, text between elements, wrong types and
broken encodings are refused. Lenient where clients differ: order of elements, XML declaration, Content-Type,
namespace left out, unknown names in the query string. Limits (lengths, patterns, what is required outside
XML) are `validate`'s.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, pairs
from seal53.gateway.models import ID_PREFIX, ID_SHAPES, Family, Shape, form_name, wire_name
from seal53.gateway.route import Route

Parameters = dict[str, Any]

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}  # XML Schema part 2 §3.2.2


def parse(route: Route, message: Message) -> Parameters:
    """The parameters of a call; blobs as bytes, timestamps as aware datetimes.

    Raises Refused (malformed or invalid).
    """
    if route.service is None:
        return _json_object(message.body)
    shape: Shape | None = route.service.model.operation_model(route.operation).input_shape
    match route.family:
        case Family.JSON:
            document = _json_object(message.body)
            return _json_structure(shape, document, "") if shape is not None else {}
        case Family.QUERY | Family.EC2:
            return _query(shape, message, route.family)
        case Family.REST_XML:
            return _rest(route, shape, message) if shape is not None else {}


# --- rest-xml ------------------------------------------------------------------------------------


def _rest(route: Route, shape: Shape, message: Message) -> Parameters:
    query: dict[bytes, bytes] = {}
    for name, value in pairs(message.query, form=False):
        query.setdefault(name, value)
    parameters: Parameters = {}
    for member, member_shape in shape.members.items():
        wire = wire_name(member_shape, member)
        match member_shape.serialization.get("location"):
            case "uri":
                parameters[member] = _scalar(member_shape, route.labels[wire], member)
            case "querystring" if wire.encode() in query:
                parameters[member] = _scalar(member_shape, _decoded(query[wire.encode()]), member)
            case "header":
                found = message.header(wire.lower())
                if found is not None:
                    parameters[member] = _scalar(member_shape, found, member)
    if message.method == "POST":
        assert route.service is not None  # rest-xml is never the operator's
        parameters.update(_body(shape, message.body, route.service.namespace))
    return parameters


def _body(shape: Shape, body: bytes, namespace: str) -> Parameters:
    """The members of the XML document. A POST whose members all lie in the path may come without one."""
    expected: str = shape.serialization.get("name", shape.name)
    in_body = {m: s for m, s in shape.members.items() if "location" not in s.serialization}
    if not body.strip():
        if any(member in shape.required_members for member in in_body):
            raise Refused(Reason.MALFORMED, f"The request body is empty, expected {expected}")
        return {}
    try:
        root = fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise Refused(Reason.MALFORMED, "DOCTYPE and entity declarations are not allowed") from None
    except (ParseError, ValueError, LookupError) as failure:
        raise Refused(Reason.MALFORMED, f"The request body is not well-formed XML: {failure}") from None
    name = _local(root, namespace)
    if name != expected:
        raise Refused(Reason.MALFORMED, f"{name or root.tag} is not valid, expected {expected}")
    return _xml_structure(shape, in_body, root, expected, namespace)


def _xml_structure(
    shape: Shape, members: Mapping[str, Shape], element: Element, path: str, namespace: str
) -> Parameters:
    """Checks what an XML schema would: which elements, once each, none missing.

    Their order does not matter to us.
    """
    by_name = {wire_name(s, m): m for m, s in members.items()}
    _require_no_text(element, path)
    found: Parameters = {}
    for child in element:
        name = _local(child, namespace)
        member = by_name.get(name or "")
        if member is None or member in found:
            expected = ", ".join(f'"{namespace}":{n}' for n, m in by_name.items() if m not in found)
            _refuse_schema(
                "cvc-complex-type.2.4.a: "
                f"Invalid content was found starting with element '{name or child.tag}'. "
                f"One of '{{{expected}}}' is expected."
            )
        assert member is not None  # `_refuse_schema` does not return
        found[member] = _xml(members[member], child, name or "", namespace)
    for name, member in by_name.items():
        if member in shape.required_members and member not in found:
            _refuse_schema(
                f"cvc-complex-type.2.4.b: The content of element '{path}' is not complete. "
                f"One of '{{\"{namespace}\":{name}}}' is expected."
            )
    return found


def _xml(shape: Shape, element: Element, name: str, namespace: str) -> Any:
    if shape.type_name == "structure":
        return _xml_structure(shape, shape.members, element, name, namespace)
    if shape.type_name == "list":
        item = wire_name(shape.member, "member")
        _require_no_text(element, name)
        values = []
        for child in element:
            found = _local(child, namespace)
            if found != item:
                _refuse_schema(
                    "cvc-complex-type.2.4.a: "
                    f"Invalid content was found starting with element '{found or child.tag}'. "
                    f"One of '{{\"{namespace}\":{item}}}' is expected."
                )
            values.append(_xml(shape.member, child, item, namespace))
        return values
    if len(element):
        _refuse_schema(
            f"cvc-type.3.1.2: Element '{name}' is a simple type, "
            "so it must have no element information item [children]."
        )
    text = element.text or ""
    if shape.type_name == "string" and shape.enum and text not in shape.enum:
        _refuse_schema(
            f"cvc-enumeration-valid: Value '{text[:256]}' is not facet-valid with respect to enumeration "
            f"'[{', '.join(shape.enum)}]'. It must be a value from the enumeration."
        )
    return _scalar(shape, text, name)


def _local(element: Element, namespace: str) -> str | None:
    """The element's name when it is in the service's namespace or in none, else None."""
    tag = str(element.tag)
    if not tag.startswith("{"):
        return tag
    uri, _, name = tag[1:].partition("}")
    return name if uri == namespace else None


def _require_no_text(element: Element, name: str) -> None:
    between = [element.text, *(child.tail for child in element)]
    if any(text and text.strip() for text in between):
        _refuse_schema(
            f"cvc-complex-type.2.3: Element '{name}' cannot have character [children], "
            "because the type is element-only."
        )


def _refuse_schema(violation: str) -> NoReturn:
    raise Refused(Reason.INVALID, f"Invalid XML ; {violation}")


# --- query ---------------------------------------------------------------------------------------


def _query(shape: Shape | None, message: Message, family: Family) -> Parameters:
    """Flattened names (`Tags.member.1.Key`; EC2: `Tag.1.Key`) from the form, and from the query string of a
    presigned call.
    """
    given: dict[str, str] = {}
    sources = [(pair, True) for pair in pairs(message.query, form=True)]
    if message.method == "POST":
        sources += [(pair, False) for pair in pairs(message.body, form=True)]
    for (raw_name, raw_value), in_url in sources:
        name = _decoded(raw_name)
        if name in ("Action", "Version") or (in_url and name.startswith("X-Amz-")):
            continue
        if name in given:
            raise Refused(Reason.MALFORMED, f"Parameter '{name[:128]}' is given twice")
        given[name] = _decoded(raw_value)
    tree: dict[str, Any] = {}
    for name, value in given.items():
        _plant(tree, name, value)
    return _query_structure(shape, tree, "", family) if shape is not None else {}


def _plant(tree: dict[str, Any], name: str, value: str) -> None:
    *branches, leaf = name.split(".")
    if len(branches) > 32:
        raise Refused(Reason.MALFORMED, "A parameter's name is nested too deep")
    node = tree
    for branch in branches:
        inner = node.setdefault(branch, {})
        if not isinstance(inner, dict):
            raise Refused(Reason.MALFORMED, f"Parameter '{name[:128]}' conflicts with another one")
        node = inner
    if leaf in node:
        raise Refused(Reason.MALFORMED, f"Parameter '{name[:128]}' conflicts with another one")
    node[leaf] = value


def _query_structure(shape: Shape, tree: Mapping[str, Any], path: str, family: Family) -> Parameters:
    by_name = {form_name(s, m, family): (m, s) for m, s in shape.members.items()}
    found: Parameters = {}
    for name, value in tree.items():
        if name not in by_name:
            _refuse_unknown(_under(path, name), family)
        member, member_shape = by_name[name]
        found[member] = _query_value(member_shape, value, _under(path, name), family)
    return found


def _query_value(shape: Shape, value: Any, path: str, family: Family) -> Any:
    if shape.type_name not in ("structure", "list", "map"):
        if not isinstance(value, str):
            _refuse_type(path, shape)
        return _scalar(shape, value, path)
    if not isinstance(value, dict):
        # An empty list is sent as its bare name with no value.
        if value == "" and shape.type_name == "list":
            return []
        _refuse_type(path, shape)
    if shape.type_name == "structure":
        return _query_structure(shape, value, path, family)
    numbered: Any = value
    where = path
    if family is not Family.EC2:  # whose lists and maps are flattened
        item = "entry" if shape.type_name == "map" else wire_name(shape.member, "member")
        numbered, where = value.get(item), f"{path}.{item}"
        if len(value) != 1:
            _refuse_type(path, shape)
    if not isinstance(numbered, dict) or not all(re.fullmatch(r"[1-9][0-9]{0,5}", n) for n in numbered):
        _refuse_type(path, shape)
    entries = [(numbered[n], f"{where}.{n}") for n in sorted(numbered, key=int)]
    if shape.type_name == "list":
        return [_query_value(shape.member, held, at, family) for held, at in entries]
    return dict(_query_entry(shape, held, at, family) for held, at in entries)


def _query_entry(shape: Shape, held: Any, path: str, family: Family) -> tuple[str, Any]:
    if not isinstance(held, dict) or held.keys() != {"key", "value"}:
        _refuse_type(path, shape)
    key: str = _query_value(shape.key, held["key"], f"{path}.key", family)
    return key, _query_value(shape.value, held["value"], f"{path}.value", family)


# --- json ----------------------------------------------------------------------------------------


def _json_object(body: bytes) -> Parameters:
    if not body.strip():
        return {}
    try:
        document = json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError):
        raise Refused(Reason.MALFORMED, "The request body is not well-formed JSON") from None
    if not isinstance(document, dict):
        raise Refused(Reason.MALFORMED, "The request body must be a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259 §6)")


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is given twice")
    return found


def _json_structure(shape: Shape, value: Any, path: str) -> Parameters:
    if not isinstance(value, dict):
        _refuse_type(path, shape)
    by_name = {wire_name(s, m): (m, s) for m, s in shape.members.items()}
    found: Parameters = {}
    for name, held in value.items():
        if name not in by_name:
            _refuse_unknown(_under(path, name), Family.JSON)
        member, member_shape = by_name[name]
        if held is not None:
            found[member] = _json(member_shape, held, _under(path, name))
    return found


def _json(shape: Shape, value: Any, path: str) -> Any:
    match shape.type_name, value:
        case "structure", _:
            return _json_structure(shape, value, path)
        case "list", list():
            return [_json(shape.member, one, f"{path}.{n}") for n, one in enumerate(value, 1)]
        case "map", dict():
            return {_clean(k, path): _json(shape.value, one, _under(path, k)) for k, one in value.items()}
        case (("string" | "character"), str()):
            return _clean(value, path)
        case "blob", str():
            return _blob(value, path)
        case "boolean", bool():
            return value
        case (("integer" | "long"), int()) if not isinstance(value, bool):
            return value
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            return float(value) if abs(value) < 1e300 else _refuse_type(path, shape)
        case "timestamp", (int() | float()) if not isinstance(value, bool):
            return _epoch(value, path)
        case "timestamp", str():
            return _iso(value, path)
    return _refuse_type(path, shape)


# --- scalars -------------------------------------------------------------------------------------


def _scalar(shape: Shape, text: str, path: str) -> Any:
    """A scalar of XML, of the query string, or of a form."""
    match shape.type_name:
        case "string" | "character":
            if shape.name in ID_SHAPES:
                text = ID_PREFIX.sub("", text, count=1) if ID_PREFIX.match(text) else text
            return _clean(text, path)
        case "boolean":
            if text.strip() not in _BOOLEANS:
                _refuse_text(text, path, "boolean")
            return _BOOLEANS[text.strip()]
        case "integer" | "long":
            if not _INTEGER.fullmatch(text.strip()):
                _refuse_text(text, path, shape.type_name)
            return int(text)
        case "float" | "double":
            try:
                number = float(text)
            except ValueError:
                _refuse_text(text, path, shape.type_name)
            return number if math.isfinite(number) else _refuse_text(text, path, shape.type_name)
        case "timestamp":
            return _iso(text.strip(), path)
        case "blob":
            return _blob(text.strip(), path)
    raise TypeError(f"no scalar: {shape.type_name}")


def _clean(text: str, path: str) -> str:
    """Text that can be stored and sent again: no lone surrogate (JSON can spell one), no NUL (databases
    refuse it).
    """
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Refused(Reason.INVALID, f"The value at '{path}' holds characters that are not allowed")
    return text


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.INVALID, "A parameter is not percent-encoded UTF-8") from None


def _blob(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.MALFORMED, f"The value at '{path}' is not base64") from None


def _iso(text: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse_text(text, path, "dateTime")


def _epoch(value: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(Reason.MALFORMED, f"The value at '{path}' is not a time in epoch seconds") from None


def _under(path: str, name: str) -> str:
    return f"{path}.{name[:128]}" if path else name[:128]


def _refuse_text(text: str, path: str, kind: str) -> NoReturn:
    raise Refused(
        Reason.INVALID,
        f"Value '{text[:256]}' at '{path}' is not valid: "
        f"cvc-datatype-valid.1.2.1: not a valid value for '{kind}'.",
    )


def _refuse_type(path: str, shape: Shape) -> NoReturn:
    raise Refused(
        Reason.MALFORMED, f"The value at '{path or 'the top level'}' must be of type {shape.type_name}"
    )


def _refuse_unknown(path: str, family: Family) -> NoReturn:
    if family is Family.EC2:
        raise Refused(Reason.UNKNOWN_PARAMETER, f"The parameter {path} is not recognized")
    raise Refused(Reason.INVALID, f"Unknown member '{path}': the operation does not have it")
