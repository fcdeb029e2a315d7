"""A signature that is wrong in one way, in each protocol: the error that this protocol's clients expect."""

import hashlib
import json
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from wire_world import NOW, SECRET, Answer, World


class Protocol(NamedTuple):
    """A call in one protocol, and how that protocol names what is wrong."""

    service: str
    operation: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    response: dict[str, Any]
    mismatch: tuple[str, int]
    unknown_key: tuple[str, int]
    missing: tuple[str, int]
    incomplete: tuple[str, int]


EXTRA = {"sts": b"&", "route53": b" ", "kms": b" ", "route53domains": b" ", "route53resolver": b" "}
"""An octet that changes no meaning: the signature must notice nevertheless."""

XML = (
    ("SignatureDoesNotMatch", 403),
    ("InvalidClientTokenId", 403),
    ("MissingAuthenticationToken", 403),
    ("IncompleteSignature", 400),
)
JSON = (
    ("InvalidSignatureException", 400),
    ("UnrecognizedClientException", 400),
    ("MissingAuthenticationTokenException", 400),
    ("IncompleteSignatureException", 400),
)


def json_call(service: str, operation: str, prefix: str, body: bytes, response: dict[str, Any]) -> Protocol:
    headers = {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return Protocol(service, operation, "POST", "/", headers, body, response, *JSON)


PROTOCOLS = {
    "route53": Protocol(
        "route53",
        "UpdateHostedZoneComment",
        "POST",
        "/2013-04-01/hostedzone/Z1",
        {},
        b"<UpdateHostedZoneCommentRequest><Comment>c</Comment></UpdateHostedZoneCommentRequest>",
        {"HostedZone": {"Id": "Z1", "Name": "a.", "CallerReference": "r"}},
        *XML,
    ),
    "sts": Protocol(
        "sts",
        "GetCallerIdentity",
        "POST",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
        {},
        *XML,
    ),
    "kms": json_call("kms", "DescribeKey", "TrentService", b'{"KeyId": "k"}', {}),
    "route53domains": json_call(
        "route53domains", "GetDomainDetail", "Route53Domains_v20140515", b'{"DomainName": "a.com"}', {}
    ),
    "route53resolver": json_call(
        "route53resolver", "GetResolverDnssecConfig", "Route53Resolver", b'{"ResourceId": "v"}', {}
    ),
}


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest, world: World) -> Protocol:
    chosen = PROTOCOLS[request.param]
    world.returns(chosen.service, chosen.operation, chosen.response)
    return chosen


def signed(world: World, protocol: Protocol, **how: Any) -> tuple[str, str, dict[str, str], bytes]:
    how.setdefault("service", protocol.service)
    return world.signed(
        protocol.method,
        protocol.target,
        body=protocol.body,
        headers={**protocol.headers, **how.pop("more", {})},
        **how,
    )


def error(answer: Answer) -> tuple[str, int, str]:
    """(code, status, message), read without botocore."""
    if answer.headers["content-type"] == "text/xml":
        root = ElementTree.fromstring(answer.body)
        found = {e.tag.rpartition("}")[2]: e.text for e in root.iter()}
        assert root.tag.rpartition("}")[2] == "ErrorResponse"
        assert found["RequestId"] == answer.headers["x-amzn-requestid"]
        return found["Code"] or "", answer.status, found["Message"] or ""
    document = json.loads(answer.body)
    return document["__type"], answer.status, document.get("message", document.get("Message"))


def test_a_right_signature_passes(world: World, protocol: Protocol) -> None:
    assert world.send(*signed(world, protocol)).status == 200
    assert len(world.calls) == 1


def refused(world: World, request: tuple[str, str, dict[str, str], bytes]) -> tuple[str, int, str]:
    """The error; and nothing was called."""
    answer = world.send(*request)
    assert world.calls == []
    assert answer.headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert SECRET.encode() not in answer.body
    return error(answer)


def test_a_wrong_secret(world: World, protocol: Protocol) -> None:
    code, status, text = refused(world, signed(world, protocol, secret="another"))
    assert (code, status) == protocol.mismatch
    assert text.startswith("The request signature we calculated does not match the signature you provided.")


def test_an_unknown_access_key(world: World, protocol: Protocol) -> None:
    code, status, text = refused(world, signed(world, protocol, key="AKIANOBODY0000000000"))
    assert (code, status) == protocol.unknown_key
    assert text == "The security token included in the request is invalid."


def test_a_session_token_that_we_never_gave(world: World, protocol: Protocol) -> None:
    assert refused(world, signed(world, protocol, token="t"))[:2] == protocol.unknown_key


def test_a_tampered_body(world: World, protocol: Protocol) -> None:
    method, target, headers, body = signed(world, protocol)
    assert refused(world, (method, target, headers, body + EXTRA[protocol.service]))[:2] == protocol.mismatch


def test_a_swapped_body_behind_a_signed_hash(world: World, protocol: Protocol) -> None:
    """The SDK for JavaScript sends the hash of the body; a server that believed it would take any body."""
    stated = {"X-Amz-Content-SHA256": hashlib.sha256(protocol.body).hexdigest()}
    method, target, headers, body = signed(world, protocol, more=stated)
    code, status, text = refused(world, (method, target, headers, body + EXTRA[protocol.service]))
    assert (code, status) == protocol.mismatch
    assert "x-amz-content-sha256" in text
    assert world.send(method, target, headers, body).status == 200


def test_an_unsigned_payload_is_no_hash(world: World, protocol: Protocol) -> None:
    stated = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert refused(world, signed(world, protocol, more=stated))[:2] == protocol.mismatch


def test_a_stale_clock(world: World, protocol: Protocol) -> None:
    code, status, text = refused(world, signed(world, protocol, at=NOW - 301))
    assert (code, status) == protocol.mismatch
    assert text == (
        "Signature expired: 20260921T140819Z is now earlier than 20260921T140820Z (20260921T141320Z - 5 min.)"
    )


def test_a_future_clock(world: World, protocol: Protocol) -> None:
    code, status, text = refused(world, signed(world, protocol, at=NOW + 301))
    assert (code, status) == protocol.mismatch
    assert text.startswith("Signature not yet current: 20260921T141821Z is still later than 20260921T141820Z")


def test_no_authorization(world: World, protocol: Protocol) -> None:
    method, target, headers, body = signed(world, protocol)
    del headers["Authorization"]
    assert refused(world, (method, target, headers, body))[:2] == protocol.missing


def test_no_date(world: World, protocol: Protocol) -> None:
    method, target, headers, body = signed(world, protocol)
    del headers["X-Amz-Date"]
    assert refused(world, (method, target, headers, body))[:2] == protocol.incomplete


def test_a_malformed_authorization(world: World, protocol: Protocol) -> None:
    method, target, headers, body = signed(world, protocol)
    headers["Authorization"] = headers["Authorization"].replace("Signature=", "Sig=")
    code, status, text = refused(world, (method, target, headers, body))
    assert (code, status) == protocol.incomplete
    assert "'Signature'" in text


def test_the_scope_of_another_service(world: World, protocol: Protocol) -> None:
    other = "kms" if protocol.service != "kms" else "sts"
    code, status, text = refused(world, signed(world, protocol, service=other))
    assert (code, status) == protocol.mismatch
    assert text == f"Credential should be scoped to correct service: '{protocol.service}'."


def test_an_unsigned_target_or_other_amz_header(world: World, protocol: Protocol) -> None:
    method, target, headers, body = signed(world, protocol)
    code, status, text = refused(world, (method, target, {**headers, "X-Amz-Anything": "x"}, body))
    assert (code, status) == protocol.mismatch
    assert "'x-amz-anything' must be a 'SignedHeader'" in text


def test_a_target_put_on_later_is_refused(world: World) -> None:
    """A signature without the target must not be worth a call to another operation."""
    world.returns("kms", "ScheduleKeyDeletion", {})
    request = world.signed("POST", "/", service="kms", body=b'{"KeyId": "k"}')
    headers = {**request[2], "X-Amz-Target": "TrentService.ScheduleKeyDeletion"}
    code, status, text = refused(world, (request[0], request[1], headers, request[3]))
    assert (code, status) == ("InvalidSignatureException", 400)
    assert "'x-amz-target' must be a 'SignedHeader'" in text


def test_presigned_requests_expire(world: World) -> None:
    world.returns("sts", "GetCallerIdentity", {})
    target = "/?Action=GetCallerIdentity&Version=2011-06-15"
    late = world.signed("GET", target, service="sts", presign_for_s=60, at=NOW - 61)
    code, status, text = refused(world, late)
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert text.startswith("Signature expired: 20260921T141219Z is now earlier than 20260921T141220Z")
    method, target, headers, body = world.signed("GET", target, service="sts", presign_for_s=60, at=NOW - 60)
    assert world.send(method, target, headers, body).status == 200
    world.calls.clear()
    assert refused(world, (method, target + "0", headers, body))[0] == "IncompleteSignature"
    assert (
        refused(world, (method, target.replace("Expires=60", "Expires=99"), headers, body))[0]
        == "SignatureDoesNotMatch"
    )
    assert (
        refused(world, (method, target.replace("Expires=60", "Expires=9999999"), headers, body))[0]
        == "IncompleteSignature"
    )


def test_paths_are_bound_and_encoded_twice(world: World) -> None:
    world.returns("route53", "GetHostedZone", {})
    for target in (
        "/2013-04-01/hostedzone/%2Fhostedzone%2FZ1",
        "/2013-04-01/hostedzone/hostedzone/Z1",
        "/2013-04-01/hostedzone//hostedzone/Z1",
        "/2013-04-01/hostedzone/Z1/",
    ):
        method, whole, headers, body = world.signed("GET", target, service="route53")
        assert world.send(method, whole, headers, body).status == 200
        assert world.request == {"Id": "Z1"}
        assert world.send(method, whole.replace("Z1", "Z2"), headers, body).status == 403


def test_boto3_sees_its_own_exceptions(world: World) -> None:
    world.returns("route53", "ListHostedZones", {})
    with pytest.raises(ClientError, match=r"\(SignatureDoesNotMatch\)"):
        world.client("route53", secret="wrong").list_hosted_zones()
    with pytest.raises(ClientError, match=r"\(UnrecognizedClientException\)"):
        world.client("kms", key="AKIANOBODY0000000000").list_keys()
