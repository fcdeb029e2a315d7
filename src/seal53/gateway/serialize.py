"""A response's mapping -> the octets of its protocol: the mirror image of botocore's parser, driven by the
model.

What can be prepared is prepared once for each operation.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import quoteattr

from seal53.gateway import write_json, write_xml
from seal53.gateway.message import Reply
from seal53.gateway.models import Family, Service
from seal53.gateway.shapes import Shape

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
JSON_TYPE = "application/x-amz-json-1.1"
XML_TYPES: Mapping[Family, str] = {
    Family.REST_XML: "text/xml",
    Family.QUERY: "text/xml",
    Family.EC2: "text/xml;charset=UTF-8",
}

_Writing = Callable[[Mapping[str, Any], str], Reply]
"""(response, request id) -> reply."""


def serialize(service: Service, operation: str, response: Mapping[str, Any], request_id: str) -> Reply:
    """The reply to a call that succeeded; its status is the model's (201 for creations in route53).

    Raises ValueError for a response that the model does not fit.
    """
    return _writing(service, operation)(response, request_id)


@cache
def _writing(service: Service, operation: str) -> _Writing:
    served = service.operations[operation]
    status, shape = served.status, served.output
    if service.family is Family.JSON:
        return _json(shape, operation, status)
    return _xml(service, shape, operation, status)


def _json(shape: Shape | None, operation: str, status: int) -> _Writing:
    def write(response: Mapping[str, Any], request_id: str) -> Reply:
        if shape is None:
            write_xml.require_known(None, response, operation)
            return Reply(status=status, body=b"", content_type=JSON_TYPE)
        body = json.dumps(write_json.structure(shape, response)).encode()
        return Reply(status=status, body=body, content_type=JSON_TYPE)

    return write


def _xml(service: Service, shape: Shape | None, operation: str, status: int) -> _Writing:
    frame = _frame(service, shape, operation)
    headers = [
        (member, s.named(member), s)
        for member, s in (shape.members.items() if shape is not None else ())
        if s.location == "header"
    ]

    def write(response: Mapping[str, Any], request_id: str) -> Reply:
        if shape is None:
            write_xml.require_known(None, response, operation)
        content = write_xml.members(shape, response) if shape is not None else ""
        return Reply(
            status=status,
            body=frame(content, request_id).encode(),
            content_type=XML_TYPES[service.family],
            headers=tuple(
                (wire, write_xml.text_of(s, response[member]))
                for member, wire, s in headers
                if response.get(member) is not None
            ),
        )

    return write


def _frame(service: Service, shape: Shape | None, operation: str) -> Callable[[str, str], str]:
    """(content, request id) -> the document."""
    is_named = service.family is Family.REST_XML and shape is not None
    name: str = shape.name if is_named and shape is not None else f"{operation}Response"
    begin, end = f"{DECLARATION}<{name} xmlns={quoteattr(service.namespace)}>", f"</{name}>"
    if service.family is Family.REST_XML:
        return lambda content, _: f"{begin}{content}{end}"
    if service.family is Family.EC2:
        done = "" if shape is not None else "<return>true</return>"
        return lambda content, id: f"{begin}<requestId>{id}</requestId>{content}{done}{end}"
    before, after = "", ""
    if shape is not None:
        wrapper = shape.wrapper or f"{operation}Result"
        before, after = f"<{wrapper}>", f"</{wrapper}>"
    metadata = "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>"
    return lambda content, id: f"{begin}{before}{content}{after}{metadata.format(id)}{end}"
