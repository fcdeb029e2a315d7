"""The octets of a request -> a mapping in the shapes of the model: the mirror image of botocore's serializer.

Strict where a mistake could be lost: unknown and repeated members, text between elements, wrong types and
broken encodings are refused. Lenient where clients differ: order of elements, XML declaration, Content-Type,
namespace left out, unknown names in the query string. What can be prepared is prepared once for each
operation. Limits (lengths, patterns, what is required outside XML) are `validate`'s.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from seal53.gateway import read_form, read_json, read_xml, scalars
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message, pairs
from seal53.gateway.models import Family, Service
from seal53.gateway.route import Route
from seal53.gateway.shapes import Shape

Parameters = dict[str, Any]
_Reading = Callable[[Mapping[str, str], Message], Parameters]
"""(labels of the path, message) -> parameters. Raises Refused."""


def parse(route: Route, message: Message) -> Parameters:
    """The parameters of a call; blobs as bytes, timestamps as aware datetimes.

    Raises Refused (malformed or invalid).
    """
    if route.service is None:
        return read_json.document(message.body)
    return _reading(route.service, route.operation)(route.labels, message)


@cache
def _reading(service: Service, operation: str) -> _Reading:
    shape = service.operations[operation].input
    match service.family:
        case Family.JSON:
            return lambda _, message: _json(shape, message)
        case Family.QUERY | Family.EC2:
            return lambda _, message: read_form.read(shape, message, service.family)
        case Family.REST_XML:
            return _rest(shape, service.namespace) if shape is not None else lambda *_: {}


def _json(shape: Shape | None, message: Message) -> Parameters:
    found = read_json.document(message.body)
    return read_json.structure(shape, found) if shape is not None else {}


def _rest(shape: Shape, namespace: str) -> _Reading:
    places: dict[str, list[tuple[str, str, scalars.Reader]]] = {"uri": [], "querystring": [], "header": []}
    in_body: dict[str, Shape] = {}
    for member, member_shape in shape.members.items():
        if member_shape.location:
            place = member, member_shape.named(member), scalars.reader(member_shape)
            places[member_shape.location].append(place)
        else:
            in_body[member] = member_shape
    labelled, queried, headed = places["uri"], places["querystring"], places["header"]
    body = _body(shape, in_body, namespace)

    def read(labels: Mapping[str, str], message: Message) -> Parameters:
        found: Parameters = {member: reader(labels[wire], member) for member, wire, reader in labelled}
        if queried and message.query:
            query: dict[bytes, bytes] = {}
            for name, value in pairs(message.query, form=False):
                query.setdefault(name, value)
            for member, wire, reader in queried:
                given = query.get(wire.encode())
                if given is not None:
                    found[member] = reader(scalars.decoded(given), member)
        for member, wire, reader in headed:
            text = message.header(wire.lower())
            if text is not None:
                found[member] = reader(text, member)
        if message.method == "POST":
            found.update(body(message.body))
        return found

    return read


def _body(shape: Shape, members: Mapping[str, Shape], namespace: str) -> read_xml.Reading:
    """The members of the XML document. A POST whose members all lie in the path may come without one."""
    expected = shape.named(shape.name)
    is_needed = any(member in shape.required for member in members)
    reading = read_xml.reading(shape, members, namespace)

    def read(body: bytes) -> Parameters:
        if body and not body.isspace():
            return reading(body)
        if is_needed:
            raise Refused(Reason.MALFORMED, f"The request body is empty, expected {expected}")
        return {}

    return read
