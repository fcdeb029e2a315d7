"""Over whole service models: what botocore writes we read, what we write botocore reads."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_shapes import structures

from seal53.gateway import models
from seal53.gateway.message import Message
from seal53.gateway.parse import parse
from seal53.gateway.route import Router
from seal53.gateway.serialize import serialize
from seal53.gateway.shapes import Shape

EC2 = frozenset({"CreateVpc", "DeleteVpc", "DescribeVpcAttribute", "DescribeVpcs", "ModifyVpcAttribute"})
SERVICES = {name: models.load(name, EC2 if name == "ec2" else None) for name in models.PROTOCOLS}
ROUTER = Router(SERVICES)
OPERATIONS = {name: sorted(service.operations) for name, service in SERVICES.items()}
LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
THEIRS: dict[str, Any] = {
    name: ServiceModel(LOADER.load_service_model(name, "service-2"), name) for name in SERVICES
}
"""botocore's own reading of the same models."""

SPEC = [*(("route53", operation) for operation in OPERATIONS["route53"]), *((name, "") for name in SERVICES)]
"""Each operation of route53, and operations of each service as hypothesis draws them."""

# Few examples each, as there are many operations; hypothesis varies them from run to run.
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(data: st.DataObject, service: str, operation: str) -> str:
    return operation or data.draw(st.sampled_from(OPERATIONS[service]))


def request(service: str, operation: str, parameters: dict[str, Any]) -> Message:
    """What botocore would send."""
    model = THEIRS[service].operation_model(operation)
    serializer = create_serializer(str(SERVICES[service].family), include_validation=False)
    made = serializer.serialize_to_request(parameters, model)
    headers = dict(made["headers"].items())
    query = percent_encode_sequence(made["query_string"])
    whole: Any = AWSRequest(
        made["method"], f"http://h{made['url_path']}?{query}", headers, made["body"]
    ).prepare()
    parts = urlsplit(whole.url)
    body = whole.body or b""
    return Message(
        method=whole.method,
        path=parts.path.encode(),
        query=parts.query.encode(),
        headers=tuple(
            (k.lower().encode(), v if isinstance(v, bytes) else v.encode()) for k, v in whole.headers.items()
        ),
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


@pytest.mark.parametrize(("service", "operation"), SPEC)
@given(data=st.data())
@FEW
def test_a_request_is_read_as_it_was_meant(service: str, operation: str, data: st.DataObject) -> None:
    name = drawn(data, service, operation)
    shape = SERVICES[service].operations[name].input
    whole = SERVICES[service].family.is_form
    parameters = data.draw(structures(shape, whole=whole)) if shape is not None else {}
    message = request(service, name, parameters)
    route = ROUTER.route(message)
    assert (route.scope, route.operation) == (service, name)
    assert parse(route, message) == parameters


@pytest.mark.parametrize(("service", "operation"), SPEC)
@given(data=st.data())
@FEW
def test_a_response_is_read_as_it_was_meant(service: str, operation: str, data: st.DataObject) -> None:
    name = drawn(data, service, operation)
    shape = SERVICES[service].operations[name].output
    response = data.draw(structures(shape)) if shape is not None else {}
    reply = serialize(SERVICES[service], name, response, "request-id")
    model = THEIRS[service].operation_model(name)
    parser = create_parser(str(SERVICES[service].family))
    headers = HeadersDict(reply.headers)
    parsed = parser.parse(
        {"body": reply.body, "headers": headers, "status_code": reply.status}, model.output_shape
    )
    parsed.pop("ResponseMetadata")
    assert parsed == response
    assert reply.status == model.http.get("responseCode", 200)


def test_route53_answers_201_exactly_where_the_model_says() -> None:
    created = {
        operation
        for operation in OPERATIONS["route53"]
        if serialize(SERVICES["route53"], operation, {}, "r").status == 201
    }
    assert created == {
        "CreateHostedZone",
        "CreateKeySigningKey",
        "CreateHealthCheck",
        "CreateReusableDelegationSet",
        "CreateTrafficPolicy",
        "CreateTrafficPolicyVersion",
        "CreateTrafficPolicyInstance",
        "CreateQueryLoggingConfig",
        "CreateCidrCollection",
    }


def compare(ours: Shape, theirs: Any) -> None:
    """Each trait that we read is as botocore reads it, and none is there that we lack."""
    assert (ours.name, ours.kind) == (theirs.name, theirs.type_name)
    known = {"name", "queryName", "location", "resultWrapper", "xmlNamespace"}
    assert set(theirs.serialization) <= known, (theirs.name, theirs.serialization)
    assert ours.wire == theirs.serialization.get("name", "")
    assert ours.query == theirs.serialization.get("queryName", "")
    assert ours.location == theirs.serialization.get("location", "")
    assert ours.location in ("", "uri", "querystring", "header")
    assert ours.wrapper == theirs.serialization.get("resultWrapper", "")
    assert list(ours.required) == list(theirs.metadata.get("required", []))
    assert list(ours.values) == list(theirs.metadata.get("enum", []))
    assert (ours.least, ours.most) == (theirs.metadata.get("min"), theirs.metadata.get("max"))
    assert (ours.pattern, ours.is_sensitive) == (
        theirs.metadata.get("pattern"),
        theirs.metadata.get("sensitive", False),
    )
    assert ours.pattern is None or models.compiled(ours.pattern) is not None
    assert list(ours.members) == list(getattr(theirs, "members", {}))
    for member, shape in ours.members.items():
        compare(shape, theirs.members[member])
    for own, name in ((ours.item, "member"), (ours.key, "key"), (ours.held, "value")):
        assert (own is None) == (not hasattr(theirs, name))
        if own is not None:
            compare(own, getattr(theirs, name))


@pytest.mark.parametrize("name", SERVICES)
def test_our_reading_of_a_model_is_botocores(name: str) -> None:
    """A new botocore may bring what the mirror lacks; better to fail here than on the wire."""
    service, theirs = SERVICES[name], THEIRS[name]
    assert set(service.paths) == set(theirs.operation_names)
    assert service.api_version == theirs.api_version
    for operation, served in service.operations.items():
        model = theirs.operation_model(operation)
        assert service.paths[operation] == (model.http["method"], model.http["requestUri"])
        assert (operation in service.unsigned) == (model.auth_type == "none")
        assert served.errors == {shape.name for shape in model.error_shapes}
        assert "?" not in model.http["requestUri"] and "+}" not in model.http["requestUri"]
        for own, their in ((served.input, model.input_shape), (served.output, model.output_shape)):
            assert (own is None) == (their is None)
            if own is not None:
                compare(own, their)
    assert {(n, e.code) for n, e in service.errors.items()} == {
        (shape.name, shape.error_code) for shape in theirs.error_shapes
    }
    for error in service.errors.values():
        compare(error.shape, theirs.shape_for(error.shape.name))


def test_classes_of_unicode_in_patterns() -> None:
    tag = models.compiled(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")
    assert tag is not None
    assert all(tag.fullmatch(text) for text in ("", "a B\u00a0\u00e9\u4e2d_9:/=+-@", "\u0661\u00bd\u2003"))
    assert not any(tag.fullmatch(text) for text in ("a\n", "a!", "\u20ac", "{}"))
    nonce = models.compiled(r"\p{ASCII}+")
    assert nonce is not None
    assert nonce.fullmatch("a\n~\x00")
    assert not nonce.fullmatch("\u00e9")


def test_models_come_from_botocore_alone(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own models must not change what the wire looks like."""
    planted = tmp_path / ".aws" / "models" / "sts" / "2099-01-01"
    planted.mkdir(parents=True)
    (planted / "service-2.json").write_text(
        '{"metadata": {"apiVersion": "2099-01-01"}, "operations": {}, "shapes": {}}'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / ".aws" / "models"))
    models.load.cache_clear()
    assert models.load("sts").api_version == "2011-06-15"
