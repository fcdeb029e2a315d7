"""Holds each reply of the service against the service model: nothing missing, nothing unknown, all in form.

botocore reads replies leniently: it passes over elements that it does not know and takes any name for the
members of
a list. Other SDKs don't, so this looks at the octets themselves.
"""

import re
from typing import Any
from xml.etree import ElementTree

NAMESPACE = "{https://route53.amazonaws.com/doc/2013-04-01/}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# Required by the model, and left out by Route 53 itself (recorded replies): see docs/divergences.md.
LEFT_OUT = {
    ("CreateHostedZoneResponse", "DelegationSet"),  # of a private zone
    ("ListHostedZonesResponse", "Marker"),  # of the first page
    ("ListHealthChecksResponse", "Marker"),
    ("ListReusableDelegationSetsResponse", "Marker"),
    ("ListTrafficPoliciesResponse", "TrafficPolicyIdMarker"),  # of the last page
    ("ListTrafficPolicyVersionsResponse", "TrafficPolicyVersionMarker"),
}


class Replies:
    """Checks what a boto3 client of route53 receives.

    `called` has the operations that succeeded, `refused` the (operation, code) of those that did not.
    """

    def __init__(self, client: Any) -> None:
        self.called: set[str] = set()
        self.refused: set[tuple[str, str]] = set()
        client.meta.events.register("after-call.route-53", self._look)

    def _look(self, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
        if http_response.status_code >= 300:
            self.refused.add((model.name, parsed["Error"]["Code"]))
            return
        self.called.add(model.name)
        assert http_response.status_code == model.http.get("responseCode", 200), model.name
        assert http_response.headers["Content-Type"] == "text/xml"
        assert http_response.headers["x-amzn-RequestId"]
        root = ElementTree.fromstring(http_response.content)
        shape = model.output_shape
        assert root.tag == NAMESPACE + (shape.name if shape is not None else f"{model.name}Response")
        if shape is None:
            assert not len(root), f"{model.name}: {len(root)} elements where none is expected"
            return
        in_headers = {m for m, s in shape.members.items() if s.serialization.get("location") == "header"}
        for member in in_headers & set(shape.required_members):
            assert http_response.headers[shape.members[member].serialization["name"]], member
        _structure(shape, root, in_headers)


def _structure(shape: Any, element: ElementTree.Element, elsewhere: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    by_name = {s.serialization.get("name", m): m for m, s in shape.members.items() if m not in elsewhere}
    found = [child.tag.removeprefix(NAMESPACE) for child in element]
    assert len(set(found)) == len(found), f"{shape.name}: {found}"
    unknown = set(found) - by_name.keys()
    assert not unknown, f"{shape.name} has no {unknown}"
    members = {by_name[name] for name in found}
    for member in set(shape.required_members) - members - elsewhere:
        assert (shape.name, member) in LEFT_OUT, f"{shape.name}: {member} is missing"
    order = [m for m in shape.members if m in members]
    assert [by_name[name] for name in found] == order, f"{shape.name}: {found} is not the model's order"
    for child in element:
        _value(shape.members[by_name[child.tag.removeprefix(NAMESPACE)]], child)


def _value(shape: Any, element: ElementTree.Element) -> None:
    text = element.text or ""
    match shape.type_name:
        case "structure":
            _structure(shape, element)
        case "list":
            name = shape.member.serialization.get("name", "member")
            for child in element:
                assert child.tag == NAMESPACE + name, f"{shape.name}: <{child.tag}> and not <{name}>"
                _value(shape.member, child)
        case "timestamp":
            assert MOMENT.fullmatch(text), f"{shape.name}: {text!r}"
        case "boolean":
            assert text in ("true", "false"), f"{shape.name}: {text!r}"
        case "integer" | "long":
            assert re.fullmatch(r"-?\d+", text), f"{shape.name}: {text!r}"
        case "string":
            if shape.enum:
                assert text in shape.enum, f"{shape.name}: {text!r}"
            least, most = shape.metadata.get("min"), shape.metadata.get("max")
            assert least is None or len(text) >= least, f"{shape.name}: {text!r}"
            # an id with its prefix is longer than the model allows, at AWS too
            assert most is None or len(text) <= most or text.startswith("/"), f"{shape.name}: {text!r}"
