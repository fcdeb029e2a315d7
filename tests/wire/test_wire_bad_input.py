"""What a client may get wrong below the signature: the proper AWS error, the operation untouched, never a
500.
"""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_wire_signatures import error
from wire_world import World

from seal53.gateway import models

NS = "https://route53.amazonaws.com/doc/2013-04-01/"
ZONE = "/2013-04-01/hostedzone"
CREATE = "<Name>a.com</Name><CallerReference>r</CallerReference>"


def zone(inner: str, ns: str = f' xmlns="{NS}"') -> str:
    return f"<CreateHostedZoneRequest{ns}>{inner}</CreateHostedZoneRequest>"


@pytest.fixture
def world(world: World) -> World:
    world.returns("route53", "CreateHostedZone", {})
    world.returns("route53", "ChangeResourceRecordSets", {})
    world.returns("route53", "ListResourceRecordSets", {})
    world.returns("route53", "ListHostedZonesByVPC", {})
    world.returns("route53", "GetHostedZone", {})
    world.returns("route53", "EnableHostedZoneDNSSEC", {})
    world.returns("route53", "ListTagsForResource", {})
    world.returns("route53domains", "GetDomainDetail", {})
    world.returns("route53resolver", "UpdateResolverDnssecConfig", {})
    world.returns("kms", "CreateKey", {})
    world.returns("kms", "Sign", {})
    world.returns("sts", "GetCallerIdentity", {})
    world.returns("sts", "AssumeRole", {})
    return world


def route53(world: World, method: str, target: str, body: str | bytes = b"") -> tuple[str, int, str]:
    octets = body.encode() if isinstance(body, str) else body
    return error(world.send(*world.signed(method, target, service="route53", body=octets)))


TARGETS = {
    "kms": "TrentService",
    "route53domains": "Route53Domains_v20140515",
    "route53resolver": "Route53Resolver",
}


def json_call(
    world: World, service: str, operation: str, body: bytes | dict[str, Any]
) -> tuple[str, int, str]:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    return error(world.send(*world.signed("POST", "/", service=service, body=octets, headers=headers)))


def sts(world: World, form: bytes) -> tuple[str, int, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return error(world.send(*world.signed("POST", "/", service="sts", body=form, headers=headers)))


# --- rest-xml ------------------------------------------------------------------------------------

ENTITY = '<!DOCTYPE x [<!ENTITY e "boom">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("", "MalformedInput", "expected CreateHostedZoneRequest"),
        ("  \n", "MalformedInput", "expected CreateHostedZoneRequest"),
        ("not xml", "MalformedInput", "not well-formed"),
        ('{"Name": "a.com"}', "MalformedInput", "not well-formed"),
        (zone(CREATE) + "<x/>", "MalformedInput", "not well-formed"),
        (zone(CREATE)[:-5], "MalformedInput", "not well-formed"),
        (b"\xff\xfe\x00", "MalformedInput", "not well-formed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "MalformedInput", "not well-formed"),
        (zone("<Name>&unknown;</Name>"), "MalformedInput", "not well-formed"),
        (ENTITY + zone("<Name>&e;</Name>"), "MalformedInput", "DOCTYPE"),
        (LAUGHS + zone("<Name>&b;</Name>"), "MalformedInput", "DOCTYPE"),
        (OUTSIDE + zone("<Name>&e;</Name>"), "MalformedInput", "DOCTYPE"),
        ("<!DOCTYPE x>" + zone(CREATE), "MalformedInput", "DOCTYPE"),
        (
            "<DeleteEverything/>",
            "MalformedInput",
            "DeleteEverything is not valid, expected CreateHostedZoneRequest",
        ),
        (zone(CREATE, ' xmlns="urn:other"'), "MalformedInput", "expected CreateHostedZoneRequest"),
        (zone(CREATE + "<Nmae>x</Nmae>"), "InvalidInput", "starting with element 'Nmae'"),
        (
            zone(CREATE + '<Name xmlns="urn:other">x</Name>'),
            "InvalidInput",
            "starting with element '{urn:other}Name'",
        ),
        (zone(CREATE + "<Name>again</Name>"), "InvalidInput", "starting with element 'Name'"),
        (zone(CREATE + "<VPC><VPCId>v</VPCId><Color>red</Color></VPC>"), "InvalidInput", "element 'Color'"),
        (zone(CREATE + "loose text"), "InvalidInput", "cvc-complex-type.2.3"),
        (zone("<CallerReference>r</CallerReference>"), "InvalidInput", f"""'{{"{NS}":Name}}' is expected"""),
        (
            zone("<Name><b>a.com</b></Name><CallerReference>r</CallerReference>"),
            "InvalidInput",
            "cvc-type.3.1.2",
        ),
        (
            zone(CREATE + "<VPC><VPCRegion>mars-1</VPCRegion></VPC>"),
            "InvalidInput",
            "cvc-enumeration-valid: Value 'mars-1'",
        ),
        (
            zone(CREATE + "<HostedZoneConfig><PrivateZone>maybe</PrivateZone></HostedZoneConfig>"),
            "InvalidInput",
            "'boolean'",
        ),
        (
            zone(f"<Name>{'a' * 1025}</Name><CallerReference>r</CallerReference>"),
            "InvalidInput",
            "1 validation error detected: Value 'aaa",
        ),
        (
            zone("<Name>a</Name><CallerReference></CallerReference>"),
            "InvalidInput",
            "length greater than or equal to 1",
        ),
    ],
)
def test_bad_xml(world: World, body: str | bytes, code: str, text: str) -> None:
    got, status, message = route53(world, "POST", ZONE, body)
    assert (got, status) == (code, 400)
    assert text in message
    assert "passwd" not in message
    assert world.calls == []


def test_the_order_of_elements_does_not_matter(world: World) -> None:
    body = zone("<CallerReference>r</CallerReference><HostedZoneConfig/><Name>a.com</Name>").encode()
    assert world.send(*world.signed("POST", ZONE, service="route53", body=body)).status == 201
    assert world.request == {"Name": "a.com", "CallerReference": "r", "HostedZoneConfig": {}}


@pytest.mark.parametrize("namespace", ["", f' xmlns="{NS}"', f' xmlns="{NS}" xmlns:i="urn:i" i:type="x"'])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- c -->"])
@pytest.mark.parametrize(
    "content_type", [None, "text/xml", "application/xml; charset=utf-8", "application/octet-stream"]
)
def test_declarations_namespaces_and_content_types_differ(
    world: World, declaration: str, namespace: str, content_type: str | None
) -> None:
    body = (declaration + zone(CREATE, namespace)).encode()
    headers = {"Content-Type": content_type} if content_type else {}
    assert (
        world.send(*world.signed("POST", ZONE, service="route53", body=body, headers=headers)).status == 201
    )


def test_an_enumeration_is_refused_in_the_words_of_the_schema(world: World) -> None:
    batch = (
        "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>INSERT</Action>"
        "<ResourceRecordSet><Name>a</Name><Type>A</Type></ResourceRecordSet>"
        "</Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
    assert route53(world, "POST", f"{ZONE}/Z1/rrset", batch) == (
        "InvalidInput",
        400,
        "Invalid XML ; cvc-enumeration-valid: Value 'INSERT' is not facet-valid with respect to enumeration "
        "'[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.",
    )
    code, _, text = route53(world, "POST", f"{ZONE}/Z1/rrset", batch.replace("Change>", "change>"))
    assert (code, text.startswith("Invalid XML ; cvc-complex-type.2.4.a")) == ("InvalidInput", True)


@pytest.mark.parametrize(
    "target", [f"{ZONE}/Z1/rrset", f"{ZONE}/Z1/rrset/", f"{ZONE}/%2Fhostedzone%2FZ1/rrset/"]
)
def test_both_spellings_of_rrset_are_one_operation(world: World, target: str) -> None:
    body = (
        b"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet>"
        b"<Name>a</Name><Type>A</Type></ResourceRecordSet></Change></Changes></ChangeBatch>"
        b"</ChangeResourceRecordSetsRequest>"
    )
    assert world.send(*world.signed("POST", target, service="route53", body=body)).status == 200
    assert world.request["HostedZoneId"] == "Z1"
    assert world.send(*world.signed("GET", target, service="route53")).status == 200
    assert world.request == {"HostedZoneId": "Z1"}


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (
            f"{ZONE}/{'Z' * 33}",
            f"1 validation error detected: Value '{'Z' * 33}' at 'id' failed to satisfy constraint: "
            "Member must have length less than or equal to 32",
        ),
        (
            f"/2013-04-01/tags/hostedzone/%2Fhostedzone%2F{'Z' * 53}",
            f"1 validation error detected: Value '/hostedzone/{'Z' * 53}' at 'resourceId' failed to satisfy "
            "constraint: Member must have length less than or equal to 64",
        ),
        (
            "/2013-04-01/hostedzonesbyvpc?vpcid=v",
            "1 validation error detected: Value null at 'vPCRegion' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (f"{ZONE}/Z%00", "The value at 'Id' holds characters that are not allowed"),
        (f"{ZONE}/%FF", "The path is not percent-encoded UTF-8"),
        (f"{ZONE}/Z1/rrset?name=%FF", "A parameter is not percent-encoded UTF-8"),
    ],
)
def test_bad_paths_and_queries(world: World, target: str, text: str) -> None:
    assert route53(world, "GET", target) == ("InvalidInput", 400, text)
    assert world.calls == []


def test_an_enumeration_in_the_query_is_a_constraint(world: World) -> None:
    code, status, text = route53(world, "GET", f"{ZONE}/Z1/rrset?name=a&type=AAAAA")
    assert (code, status) == ("InvalidInput", 400)
    assert text.startswith(
        "1 validation error detected: Value 'AAAAA' at 'startRecordType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [SOA, A, TXT, NS,"
    )


def test_unknown_names_in_the_query_are_ignored(world: World) -> None:
    answer = world.send(*world.signed("GET", f"{ZONE}/Z1?x=1&y&name=%FF", service="route53"))
    assert answer.status == 200
    assert world.request == {"Id": "Z1"}


def test_an_empty_post_may_still_be_wrong(world: World) -> None:
    assert route53(world, "POST", f"{ZONE}/Z1/enable-dnssec", "garbage")[0] == "MalformedInput"


# --- json ----------------------------------------------------------------------------------------

INVALID = {
    "kms": "ValidationException",
    "route53domains": "InvalidInput",
    "route53resolver": "InvalidParameterException",
}


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b"\xff\xfe{}",
        b'{"KeySpec": NaN}',
        b'{"KeySpec": "A", "KeySpec": "B"}',
        b'{"KeySpec": 1}',
        b'{"Tags": {}}',
        b'{"Tags": ["x"]}',
        b'{"BypassPolicyLockoutSafetyCheck": "true"}',
        b"<CreateKey/>",
        b"[" * 100_000,
        b'{"KeySpec": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"KeySpec": ' + b"9" * 50_000 + b"}",
    ],
    ids=lambda b: b[:24].decode("latin-1"),
)
def test_bad_json(world: World, body: bytes) -> None:
    assert json_call(world, "kms", "CreateKey", body)[:2] == ("SerializationException", 400)
    assert world.calls == []


def test_an_empty_json_body_is_an_empty_object(world: World) -> None:
    headers = {"X-Amz-Target": "TrentService.CreateKey"}
    assert world.send(*world.signed("POST", "/", service="kms", headers=headers)).status == 200
    assert world.request == {}


@pytest.mark.parametrize(
    ("service", "operation", "body", "text"),
    [
        ("kms", "CreateKey", {"KeySpce": "x"}, "Unknown member 'KeySpce'"),
        (
            "kms",
            "CreateKey",
            {"Tags": [{"TagKey": "a", "TagValue": "b", "C": 1}]},
            "Unknown member 'Tags.1.C'",
        ),
        (
            "kms",
            "CreateKey",
            {"KeySpec": "X", "KeyUsage": "Y"},
            "2 validation errors detected: Value 'Y' at 'keyUsage' failed to satisfy constraint: Member must",
        ),
        (
            "kms",
            "CreateKey",
            {"Tags": [{"TagKey": "", "TagValue": ""}]},
            "Value '' at 'tags.1.member.tagKey' failed to",
        ),
        ("kms", "CreateKey", {"Description": "\ud800"}, "characters that are not allowed"),
        ("kms", "CreateKey", {"Description": "a\x00"}, "characters that are not allowed"),
        (
            "kms",
            "Sign",
            {"KeyId": "k", "SigningAlgorithm": "ECDSA_SHA_256"},
            "Value null at 'message' failed to satisfy",
        ),
        (
            "route53domains",
            "GetDomainDetail",
            {},
            "Value null at 'domainName' failed to satisfy constraint: Member must not",
        ),
        (
            "route53domains",
            "GetDomainDetail",
            {"DomainName": "a" * 256},
            "Member must have length less than or equal to 255",
        ),
        (
            "route53resolver",
            "UpdateResolverDnssecConfig",
            {"ResourceId": "v", "Validation": "ON"},
            "Value 'ON' at 'validation'",
        ),
    ],
)
def test_json_constraints(
    world: World, service: str, operation: str, body: dict[str, Any], text: str
) -> None:
    code, status, message = json_call(world, service, operation, body)
    assert (code, status) == (INVALID[service], 400)
    assert text in message
    assert world.calls == []


def test_blobs_must_be_base64(world: World) -> None:
    body = {"KeyId": "k", "Message": "no base64!", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert json_call(world, "kms", "Sign", body)[:2] == ("SerializationException", 400)


def test_what_is_sensitive_is_not_repeated(world: World) -> None:
    body = {"KeyId": "k", "Message": "c2VjcmV0" * 2000, "SigningAlgorithm": "ECDSA_SHA_256"}
    _, _, text = json_call(world, "kms", "Sign", body)
    assert (
        "Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096"
        in text
    )


def test_null_members_are_absent(world: World) -> None:
    headers = {"X-Amz-Target": "TrentService.CreateKey"}
    body = b'{"KeySpec": null, "Description": ""}'
    assert world.send(*world.signed("POST", "/", service="kms", body=body, headers=headers)).status == 200
    assert world.request == {"Description": ""}


# --- query ---------------------------------------------------------------------------------------

ROLE = b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/abcdef&RoleSessionName=abc"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"Action=Nothing&Version=2011-06-15", "InvalidAction"),
        (b"Action=GetCallerIdentity&Version=1999-01-01", "InvalidAction"),
        (b"Version=2011-06-15", "InvalidAction"),
        (b"\xff\x00garbage", "InvalidAction"),
        (b"Action=GetCallerIdentity&Version=2011-06-15&Extra=1", "ValidationError"),
        (b"Action=AssumeRole&Version=2011-06-15", "ValidationError"),
        (ROLE + b"&DurationSeconds=soon", "ValidationError"),
        (ROLE + b"&DurationSeconds=1", "ValidationError"),
        (ROLE + b"&RoleArn=again", "MalformedQueryString"),
        (ROLE + b"&Tags.member.x.Key=a", "MalformedQueryString"),
        (ROLE + b"&Tags=a&Tags.member.1.Key=a", "MalformedQueryString"),
        (ROLE + b"&Tags.member.1.Key=a&Tags=a", "MalformedQueryString"),
        (ROLE + b"&Tags." + b"x." * 100 + b"y=1", "MalformedQueryString"),
        (ROLE + b"&Policy.member.1=a", "MalformedQueryString"),
        (ROLE + b"&Policy=%FF", "ValidationError"),
    ],
)
def test_bad_forms(world: World, form: bytes, code: str) -> None:
    assert sts(world, form)[:2] == (code, 400)
    assert world.calls == []


# --- what we do not have -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("route53", "list_health_checks", {}, "NotImplemented"),
        ("route53", "get_checker_ip_ranges", {}, "NotImplemented"),
        ("kms", "generate_random", {}, "NotImplementedException"),
        ("route53domains", "list_prices", {}, "NotImplementedException"),
        ("route53resolver", "list_resolver_rules", {}, "NotImplementedException"),
        ("sts", "get_session_token", {}, "NotImplemented"),
        ("iam", "list_users", {}, "NotImplemented"),
        ("ec2", "describe_instances", {}, "NotImplemented"),
    ],
)
def test_modelled_operations_that_are_not_there_say_so(
    world: World, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    client = world.client(service)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    name = client.meta.method_to_api_mapping[operation]
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"] == f"Seal53 does not implement {service}:{name} yet"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert (world.records[-1]["operation"], world.records[-1]["code"]) == (name, code)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "list_buckets", {}),
        ("dynamodb", "list_tables", {}),
        ("route53profiles", "list_profiles", {}),
        ("cloudfront", "list_distributions", {}),
        ("sns", "list_topics", {}),
    ],
)
def test_services_that_are_not_served_say_so(
    world: World, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service), operation)(**arguments)
    assert caught.value.response["Error"]["Code"] in ("NotImplemented", "NotImplementedException")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert f"Seal53 does not serve the service '{service}'; it serves ec2, iam, kms," in str(caught.value)


@pytest.mark.parametrize(
    ("method", "target", "service", "headers", "code", "status"),
    [
        ("GET", "/2013-04-01/nothing", "route53", {}, "InvalidAction", 404),
        ("PUT", "/2013-04-01/hostedzone", "route53", {}, "InvalidAction", 404),
        ("GET", "/2012-02-29/hostedzone", "route53", {}, "InvalidAction", 404),
        ("GET", "/", "route53", {}, "InvalidAction", 404),
        ("POST", "/", "kms", {"X-Amz-Target": "TrentService.Nothing"}, "UnknownOperationException", 400),
        ("POST", "/", "kms", {"X-Amz-Target": "Nothing"}, "UnknownOperationException", 400),
        ("POST", "/", "kms", {"X-Amz-Target": ""}, "UnknownOperationException", 400),
        ("GET", "/", "kms", {"X-Amz-Target": "TrentService.ListKeys"}, "UnknownOperationException", 400),
        ("POST", "/x", "kms", {"X-Amz-Target": "TrentService.ListKeys"}, "UnknownOperationException", 400),
        ("POST", "/", "kms", {}, "UnknownOperationException", 400),
        (
            "POST",
            "/service/Route53Domains_v20140515/operation/ListDomains",
            "route53domains",
            {},
            "NotImplementedException",
            501,
        ),
    ],
)
def test_unknown_targets_and_paths(
    world: World, method: str, target: str, service: str, headers: dict[str, str], code: str, status: int
) -> None:
    answer = world.send(*world.signed(method, target, service=service, headers=headers))
    assert error(answer)[:2] == (code, status)
    assert answer.headers["x-amzn-requestid"]


# --- anything ------------------------------------------------------------------------------------

ANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
XMLISH = st.lists(
    st.sampled_from(
        [
            "<Name>",
            "</Name>",
            "<VPC>",
            "</VPC>",
            "a",
            "&amp;",
            "&#0;",
            "<Change/>",
            "<![CDATA[",
            "]]>",
            "\x00",
            "é",
        ]
    )
).map("".join)


@given(inner=XMLISH)
@ANY
def test_any_xml_is_an_answer_and_never_a_500(inner: str) -> None:
    world = World()
    world.returns("route53", "CreateHostedZone", {})
    for body in (inner, zone(inner)):
        answer = world.send(*world.signed("POST", ZONE, service="route53", body=body.encode()))
        assert answer.status in (201, 400)


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["KeyId", "Message", "Tags", "TagKey", "SigningAlgorithm", "GrantTokens", "DryRun", "é"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(document=JSONISH, operation=st.sampled_from(sorted(models.load("kms").paths)))
@ANY
def test_any_json_is_an_answer_and_never_a_500(document: Any, operation: str) -> None:
    world = World()
    world.returns("kms", operation, {})
    headers = {"X-Amz-Target": f"TrentService.{operation}"}
    answer = world.send(
        *world.signed("POST", "/", service="kms", body=json.dumps(document).encode(), headers=headers)
    )
    assert answer.status in (200, 400)


@given(octets=st.binary(max_size=80), method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]))
@example(octets=b"\n\x00", method="GET")
@ANY
def test_any_octets_in_any_place_are_an_answer_and_never_a_500(octets: bytes, method: str) -> None:
    world = World()
    text = octets.decode("latin-1").replace("?", "")
    for target, headers in (
        ("/" + text, {}),
        ("/2013-04-01/" + text, {}),
        ("/?" + text, {}),
        ("/", {"authorization": text, "x-amz-date": text, "content-type": text}),
        ("/", {"x-amz-target": text}),
    ):
        answer = world.send(method, target, {"host": "h", **headers}, octets)
        assert 400 <= answer.status < 500 or answer.status == 501
        assert answer.headers["date"]
