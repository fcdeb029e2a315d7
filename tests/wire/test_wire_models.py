"""Over whole service models: what botocore writes we read, what we write botocore reads."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSRequest, HeadersDict
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

EC2 = frozenset({"CreateVpc", "DeleteVpc", "DescribeVpcAttribute", "DescribeVpcs", "ModifyVpcAttribute"})
SERVICES = {name: models.load(name, EC2 if name == "ec2" else None) for name in models.PROTOCOLS}
ROUTER = Router(SERVICES)
OPERATIONS = {name: sorted(service.model.operation_names) for name, service in SERVICES.items()}
SPEC = [*(("route53", operation) for operation in OPERATIONS["route53"]), *((name, "") for name in SERVICES)]
"""Each operation of route53, and operations of each service as hypothesis draws them."""

# Few examples each, as there are many operations; hypothesis varies them from run to run.
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def drawn(data: st.DataObject, service: str, operation: str) -> Any:
    name = operation or data.draw(st.sampled_from(OPERATIONS[service]))
    return SERVICES[service].model.operation_model(name)


def request(service: str, operation: str, parameters: dict[str, Any]) -> Message:
    """What botocore would send."""
    model = SERVICES[service].model.operation_model(operation)
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
    model = drawn(data, service, operation)
    shape = model.input_shape
    whole = SERVICES[service].family.is_form
    parameters = data.draw(structures(shape, whole=whole)) if shape is not None else {}
    message = request(service, model.name, parameters)
    route = ROUTER.route(message)
    assert (route.scope, route.operation) == (service, model.name)
    assert parse(route, message) == parameters


@pytest.mark.parametrize(("service", "operation"), SPEC)
@given(data=st.data())
@FEW
def test_a_response_is_read_as_it_was_meant(service: str, operation: str, data: st.DataObject) -> None:
    model = drawn(data, service, operation)
    response = data.draw(structures(model.output_shape)) if model.output_shape is not None else {}
    reply = serialize(SERVICES[service], model.name, response, "request-id")
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


def shapes(service: models.Service) -> list[Any]:
    return [service.model.shape_for(name) for name in service.model.shape_names]


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_the_models_hold_only_what_we_can_read_and_write(service: models.Service) -> None:
    """A new botocore may bring what the mirror lacks; better to fail here than on the wire."""
    for shape in shapes(service):
        assert shape.type_name in {
            *("structure", "list", "map", "string", "character", "blob", "boolean"),
            *("integer", "long", "float", "double", "timestamp"),
        }
        if service.family is models.Family.REST_XML:
            assert shape.type_name != "map"
        assert "payload" not in shape.serialization
        for member in shape.members.values() if shape.type_name == "structure" else []:
            assert not {"flattened", "xmlAttribute", "streaming", "eventstream", "jsonvalue"} & set(
                member.serialization
            )
            assert member.serialization.get("location") in (None, "uri", "querystring", "header")
    for operation in service.model.operation_names:
        assert "?" not in service.model.operation_model(operation).http["requestUri"]
        assert "+}" not in service.model.operation_model(operation).http["requestUri"]


def test_all_patterns_can_be_read() -> None:
    unread = {
        (name, shape.name)
        for name, service in SERVICES.items()
        for shape in shapes(service)
        if shape.metadata.get("pattern") and models.compiled(shape.metadata["pattern"]) is None
    }
    assert unread == set()


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
