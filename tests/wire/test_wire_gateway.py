"""What the gateway does around an operation: size, clock, hooks, records, failures, the operator's calls,
real sockets.
"""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from test_wire_signatures import error
from wire_world import ACCOUNT, KEY, NOW, SECRET, World

from seal53.app import web
from seal53.base.clock import SystemClock
from seal53.base.errors import Fault
from seal53.gateway.app import SMALL_BODY_LIMIT
from seal53.gateway.http import BODY_LIMIT
from seal53.services.faults import AwsFault

ZONE = "/2013-04-01/hostedzone/Z1"


def kms(world: World, operation: str, body: bytes = b"{}") -> Any:
    headers = {"X-Amz-Target": f"TrentService.{operation}"}
    return world.send(*world.signed("POST", "/", service="kms", body=body, headers=headers))


# --- records -------------------------------------------------------------------------------------


def test_a_call_leaves_one_flat_record(world: World) -> None:
    world.returns("route53", "GetHostedZone", {})
    world.send(*world.signed("GET", ZONE, service="route53"))
    (record,) = world.records
    assert record == {
        "request_id": world.caller.request_id,
        "at": NOW,
        "account": ACCOUNT,
        "access_key_id": KEY,
        "service": "route53",
        "operation": "GetHostedZone",
        "code": None,
        "duration_ms": 0.0,
        "source_address": "127.0.0.1",
    }


def test_refusals_are_recorded_with_what_was_proven_by_then(world: World) -> None:
    world.send("GET", ZONE, {"host": "h"})
    world.send(*world.signed("GET", ZONE, service="route53", secret="wrong"))
    world.send(*world.signed("GET", "/2013-04-01/nothing", service="route53"))
    seen = [(r["account"], r["access_key_id"], r["operation"], r["code"]) for r in world.records]
    assert seen == [
        (None, None, "GetHostedZone", "MissingAuthenticationToken"),
        (None, KEY, "GetHostedZone", "SignatureDoesNotMatch"),
        (None, None, None, "InvalidAction"),
    ]
    assert SECRET not in repr(world.records)


def test_an_answer_stands_when_its_record_fails(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.returns("kms", "ListKeys", {"Keys": []})

    class Full(list[Any]):
        def append(self, _: Any) -> None:
            raise OSError("disk full")

    world.records = Full()
    with caplog.at_level(logging.ERROR, "seal53"):
        assert kms(world, "ListKeys").status == 200
    assert "a call was not recorded" in caplog.text


# --- the hook that authorizes --------------------------------------------------------------------


def test_the_hook_sees_every_call_and_may_refuse(world: World) -> None:
    seen: list[Any] = []

    def refuse(service: str, operation: str, request: Any, caller: Any) -> None:
        seen.append((service, operation, dict(request), caller.account_id))
        raise AwsFault("AccessDeniedException", "User is not authorized to perform: kms:DescribeKey")

    world.returns("kms", "DescribeKey", {})
    world.authorize = refuse
    answer = kms(world, "DescribeKey", b'{"KeyId": "k"}')
    assert error(answer) == (
        "AccessDeniedException",
        400,
        "User is not authorized to perform: kms:DescribeKey",
    )
    assert seen == [("kms", "DescribeKey", {"KeyId": "k"}, ACCOUNT)]
    assert world.calls == []


# --- failures ------------------------------------------------------------------------------------


class Leaky(Fault):
    """A fault that nobody has put into the table."""


@pytest.mark.parametrize("failure", [RuntimeError("table keys, row 7"), Leaky("row 7"), KeyError("row 7")])
def test_what_is_not_expected_shows_a_request_id_alone(
    world: World, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world.returns("kms", "ListKeys", failure)
    with caplog.at_level(logging.ERROR, "seal53"):
        answer = kms(world, "ListKeys")
    request_id = answer.headers["x-amzn-requestid"]
    assert error(answer) == ("InternalFailure", 500, f"An internal error occurred. Request ID: {request_id}")
    (line,) = [json.loads(r.message) for r in caplog.records]
    assert line["request_id"] == request_id
    assert "row 7" in line["trace"]
    assert b"row 7" not in answer.body
    assert world.records[-1]["code"] == "InternalFailure"


@pytest.mark.parametrize(
    "response",
    [{"Kyes": []}, {"Keys": [{"KeyID": "k"}]}, {"Truncated": True, "NextMarker": object(), "Key": 1}],
)
def test_a_response_that_does_not_fit_its_model_is_a_failure_and_not_lost(
    world: World, response: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    world.returns("kms", "ListKeys", response)
    assert kms(world, "ListKeys").status == 500
    assert "does not have" in caplog.text


def test_an_operation_that_no_model_has_cannot_be_given(world: World) -> None:
    world.returns("route53", "MakeCoffee", {})
    with pytest.raises(ValueError, match="no service model has route53:MakeCoffee"):
        world.application()


# --- size ----------------------------------------------------------------------------------------


def test_a_body_of_the_largest_size_is_read(world: World) -> None:
    world.returns("kms", "ListKeys", {})
    body = b"{}" + b" " * (SMALL_BODY_LIMIT - 2)
    assert kms(world, "ListKeys", body).status == 200
    assert error(kms(world, "ListKeys", body + b" "))[:2] == ("RequestEntityTooLargeException", 413)
    world.returns("route53", "CreateHostedZone", {})
    inner = "<Name>a</Name><CallerReference>r</CallerReference>"
    body = f"<CreateHostedZoneRequest>{inner}</CreateHostedZoneRequest>".encode().ljust(BODY_LIMIT)
    target = "/2013-04-01/hostedzone"
    assert world.send(*world.signed("POST", target, service="route53", body=body)).status == 201


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 12 * BODY_LIMIT])
@pytest.mark.parametrize(
    ("service", "code"), [("kms", "RequestEntityTooLargeException"), ("route53", "RequestEntityTooLarge")]
)
def test_a_larger_body_is_refused(world: World, service: str, code: str, size: int) -> None:
    headers = {"X-Amz-Target": "TrentService.ListKeys"} if service == "kms" else {}
    method, target, signed, _ = world.signed(
        "POST", "/" if headers else ZONE, service=service, headers=headers
    )
    answer = world.send(method, target, signed, bytes(size), chunk=65_536)
    assert error(answer)[:2] == (code, 413)
    assert world.records[-1]["code"] == code


# --- the operator --------------------------------------------------------------------------------


def test_operator_calls_are_signed_json(world: World) -> None:
    world.operator["vpc"] = lambda request, caller: {"id": "vpc-1", "of": caller.account_id, **request}
    request = world.signed("POST", "/_seal53/vpc", service="seal53", body=b'{"region": "eu-west-1"}')
    answer = world.send(*request)
    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"id": "vpc-1", "of": ACCOUNT, "region": "eu-west-1"},
    )
    assert (world.records[-1]["service"], world.records[-1]["operation"]) == ("seal53", "vpc")


def test_operator_calls_can_be_refused(world: World) -> None:
    def refuse(_: Any, __: Any) -> dict[str, Any]:
        raise AwsFault("AccessDeniedException", "Only the first account may do this")

    world.operator["account"] = refuse
    target = "/_seal53/account"
    answer = world.send(*world.signed("POST", target, service="seal53"))
    assert error(answer) == ("AccessDeniedException", 400, "Only the first account may do this")
    for request, code in (
        (world.signed("POST", target, service="route53"), "InvalidSignatureException"),
        (world.signed("POST", target, service="seal53", secret="x"), "InvalidSignatureException"),
        (world.signed("POST", target, service="seal53", body=b"[]"), "SerializationException"),
        (world.signed("GET", target, service="seal53"), "UnknownOperationException"),
        (world.signed("POST", "/_seal53/nothing", service="seal53"), "UnknownOperationException"),
        (("POST", target, {"host": "h"}, b""), "MissingAuthenticationTokenException"),
    ):
        assert error(world.send(*request))[0] == code


def test_health_needs_no_signature(world: World) -> None:
    answer = world.send("GET", "/_seal53/health", {"host": "h"})
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert answer.headers["x-amzn-requestid"]
    assert world.records == []


# --- real sockets --------------------------------------------------------------------------------


@pytest.fixture
def endpoint(world: World) -> Iterator[str]:
    """The same application behind uvicorn, as `app` serves it."""
    world.returns(
        "route53",
        "ListResourceRecordSets",
        {"ResourceRecordSets": [], "IsTruncated": False, "MaxItems": "300"},
    )
    world.returns("sts", "GetCallerIdentity", {"Account": ACCOUNT})
    world.clock = SystemClock()  # type: ignore[assignment]  # boto3 signs with the machine's clock
    listener = socket.create_server(("127.0.0.1", 0))
    server = web.serve(world.application(), world.clock)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def test_an_unmodified_client_over_loopback(world: World, endpoint: str) -> None:
    client: Any = boto3.client
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    plain = {"endpoint_url": endpoint, "region_name": "eu-west-1", **keys}
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    route53 = client("route53", config=config, **plain)
    for name in ("a b", "x+y=&é", "\\052.a."):
        route53.list_resource_record_sets(HostedZoneId="Z1", StartRecordName=name)
        assert world.request["StartRecordName"] == name
    got = client("sts", config=config, **plain).get_caller_identity()
    assert got["Account"] == ACCOUNT
    # One Date alone, or SDKs that correct their clocks from it stumble.
    assert got["ResponseMetadata"]["HTTPHeaders"]["date"].count("GMT") == 1
    with pytest.raises(route53.exceptions.ClientError, match="RequestEntityTooLarge"):
        route53.create_hosted_zone(
            Name="a", CallerReference="r", HostedZoneConfig={"Comment": "c" * BODY_LIMIT}
        )
    route53.close()
