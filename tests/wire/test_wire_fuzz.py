"""Any octets in, an error in AWS's shape out: never a 500, never a hang.

Signed requests, so that what is behind the signature is reached; and signatures that are none. Seeds are real
requests, cut, repeated, nested and mixed with what breaks parsers.
"""

import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from wire_world import KEY, Answer, World

from seal53.gateway import models

NS = "https://route53.amazonaws.com/doc/2013-04-01/"
MANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
TARGETS = {
    "kms": "TrentService",
    "route53domains": "Route53Domains_v20140515",
    "route53resolver": "Route53Resolver",
}
EC2 = ("CreateVpc", "DeleteVpc", "DescribeVpcs", "DescribeVpcAttribute", "ModifyVpcAttribute")
SERVICES = {name: models.load(name, frozenset(EC2) if name == "ec2" else None) for name in models.PROTOCOLS}


@pytest.fixture(scope="module")
def everything() -> World:
    """Every operation of every model, each of which answers nothing."""
    world = World()
    for name, service in SERVICES.items():
        for operation in service.operations:
            world.toys[name, operation] = lambda request, caller: {}
    world.operator["stats"] = lambda request, caller: {}
    return world


def judge(answer: Answer) -> None:
    """An answer that an SDK can read: of one of the protocols, with an id, and no failure of ours."""
    assert answer.status < 500 or answer.status == 501, answer.body
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["date"]
    assert int(answer.headers["content-length"]) == len(answer.body)
    kind = answer.headers["content-type"]
    if answer.status == 200 or answer.status == 201:
        return
    if "json" in kind:
        body = json.loads(answer.body)
        assert body["__type"] and (body.get("message") or body.get("Message"))
        return
    root = ElementTree.fromstring(answer.body)
    name = root.tag.rpartition("}")[2]
    assert name in ("ErrorResponse", "Response")
    tags = {element.tag.rpartition("}")[2]: element.text for element in root.iter()}
    assert tags["Code"] and tags["Message"]
    assert tags.get("RequestId") or tags.get("RequestID")


# --- bodies --------------------------------------------------------------------------------------

CHANGE = (
    f'<ChangeResourceRecordSetsRequest xmlns="{NS}"><ChangeBatch><Changes><Change><Action>UPSERT</Action>'
    "<ResourceRecordSet><Name>a.b</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>"
    "<Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes>"
    "</ChangeBatch></ChangeResourceRecordSetsRequest>"
).encode()
ZONE = (
    f'<CreateHostedZoneRequest xmlns="{NS}"><Name>a.b</Name><CallerReference>r</CallerReference>'
    "<HostedZoneConfig><PrivateZone>true</PrivateZone></HostedZoneConfig></CreateHostedZoneRequest>"
).encode()
BREAKING = st.sampled_from(
    [
        *(b"", b"<", b">", b"</", b"/>", b"<a>", b"</a>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x?>"),
        *(b"&amp;", b"&#0;", b"&#xD800;", b"&e;", b'<!DOCTYPE x [<!ENTITY e "e">]>', b'xmlns=""', b' a="b"'),
        *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xf0\x9f\x92\xa9", b"\r", b"\n", b"\t"),
        *(b"9" * 400, b"-1", b"1e999", b"NaN", b"true", b"null", b"'", b'"', b"\\", b"{", b"}", b"[", b"]"),
        *(b"=", b"&", b"%", b"%zz", b"%00", b"+", b".", b"..", b"/", b"//", b"?", b"#", b";", b",", b" "),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, *seeds: bytes) -> bytes:
    """A seed with pieces cut out, repeated, swapped, and put in."""
    octets = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(octets)))
        end = draw(st.integers(begin, min(len(octets), begin + 60)))
        piece = octets[begin:end]
        what = draw(st.sampled_from(("cut", "repeat", "put", "random", "move")))
        if what == "cut":
            octets = octets[:begin] + octets[end:]
        elif what == "repeat":
            octets = octets[:end] + piece * draw(st.integers(1, 40)) + octets[end:]
        elif what == "put":
            octets = octets[:begin] + draw(BREAKING) + octets[begin:]
        elif what == "random":
            octets = octets[:begin] + draw(st.binary(max_size=20)) + octets[end:]
        else:
            at = draw(st.integers(0, len(octets)))
            octets = octets[:at] + piece + octets[at:]
    return octets


@given(body=st.one_of(mutated(CHANGE, ZONE), st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
@example(body=b"<a>" * 5000)
@example(body=CHANGE.decode().encode("utf-16"))
@example(body=b'<?xml version="1.0" encoding="utf-7"?>' + ZONE)
@example(body=b'<?xml version="1.1"?>' + ZONE)
@MANY
def test_rest_xml_bodies(everything: World, body: bytes) -> None:
    for target in ("/2013-04-01/hostedzone/Z1/rrset/", "/2013-04-01/hostedzone"):
        judge(everything.send(*everything.signed("POST", target, service="route53", body=body)))


def _names(shape: Any, found: set[str]) -> set[str]:
    """Of all elements below a shape."""
    for member, inner in shape.members.items():
        found.add(inner.named(member))
        _names(inner, found)
    if shape.item is not None:
        found.add(shape.item.named("member"))
        _names(shape.item, found)
    return found


ROOTS = {
    operation: served.input.wire
    for operation, served in SERVICES["route53"].operations.items()
    if served.input is not None and served.input.wire
}
WORDS = st.sampled_from(
    ("", "a.b", "A", "UPSERT", "60", "true", "/hostedzone/Z1", "x" * 2000, "9" * 30, " 1 ", "&amp;")
)


def elements(names: list[str]) -> st.SearchStrategy[str]:
    """Well-formed XML of elements that the operation knows, in any order and depth."""
    return st.recursive(
        WORDS,
        lambda inner: st.lists(st.tuples(st.sampled_from(names), inner), max_size=5).map(
            lambda children: "".join(f"<{name}>{content}</{name}>" for name, content in children)
        ),
        max_leaves=25,
    )


@pytest.mark.parametrize(
    "operation", ["ChangeResourceRecordSets", "CreateHealthCheck", "ChangeCidrCollection"]
)
@given(data=st.data())
@MANY
def test_well_formed_bodies(everything: World, operation: str, data: st.DataObject) -> None:
    service = SERVICES["route53"]
    shape = service.operations[operation].input
    inner = data.draw(elements(sorted(_names(shape, set()))))
    body = f'<{ROOTS[operation]} xmlns="{NS}">{inner}</{ROOTS[operation]}>'.encode()
    method, path = service.paths[operation]
    target = path.replace("{Id}", "Z1")
    answer = everything.send(*everything.signed(method, target, service="route53", body=body))
    judge(answer)
    assert b"MalformedInput" not in answer.body


@given(
    where=st.lists(st.sampled_from(range(24)), min_size=1, max_size=4),
    what=st.sampled_from(("drop", "twice", "swap", "empty", "rename", "attribute", "nest")),
)
@MANY
def test_bodies_with_one_element_wrong(everything: World, where: list[int], what: str) -> None:
    """Each is refused as a schema would, or is as good as before."""
    root = ElementTree.fromstring(CHANGE)
    for number in where:
        parents = [(p, c) for p in root.iter() for c in p]
        if not parents:
            break
        parent, child = parents[number % len(parents)]
        if what == "drop":
            parent.remove(child)
        elif what == "twice":
            parent.append(child)
        elif what == "swap":
            parent.remove(child)
            parent.insert(0, child)
        elif what == "empty":
            child.text = None
        elif what == "rename":
            child.tag = "{urn:other}" + child.tag.rpartition("}")[2]
        elif what == "attribute":
            child.set("{urn:i}type", "x")
        else:
            child.append(ElementTree.Element(child.tag))
    body = ElementTree.tostring(root)
    answer = everything.send(
        *everything.signed("POST", "/2013-04-01/hostedzone/Z1/rrset", service="route53", body=body)
    )
    judge(answer)
    if what in ("swap", "attribute"):
        assert answer.status == 200
    if what in ("rename", "nest"):
        assert answer.status == 400


JSON_SEEDS = (
    b'{"KeyId": "k", "Message": "AAAA", "SigningAlgorithm": "ECDSA_SHA_256", "GrantTokens": ["a"]}',
    b'{"Tags": [{"TagKey": "a", "TagValue": "b"}], "KeySpec": "ECC_NIST_P256", "MultiRegion": false}',
    b'{"DomainName": "a.b", "Nameservers": [{"Name": "n", "GlueIps": ["1"]}], "MaxItems": 5}',
)


def documents(names: list[str]) -> st.SearchStrategy[Any]:
    """JSON of members that the service knows."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False),
        st.text(max_size=8),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(names), inner, max_size=5)
        ),
        max_leaves=20,
    )


@pytest.mark.parametrize("service", TARGETS)
@given(data=st.data())
@MANY
def test_well_formed_json(everything: World, service: str, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(SERVICES[service].paths)))
    shape = SERVICES[service].operations[operation].input
    names = sorted(_names(shape, {"Other"})) if shape is not None else ["Other"]
    document = data.draw(st.dictionaries(st.sampled_from(names), documents(names), max_size=4))
    body = json.dumps(document).encode()
    headers = {"X-Amz-Target": f"{TARGETS[service]}.{operation}"}
    judge(everything.send(*everything.signed("POST", "/", service=service, body=body, headers=headers)))


@given(
    body=st.one_of(mutated(*JSON_SEEDS), st.binary(max_size=200)),
    service=st.sampled_from(sorted(TARGETS)),
    data=st.data(),
)
@MANY
def test_json_bodies(everything: World, body: bytes, service: str, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(SERVICES[service].paths)))
    headers = {
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    judge(everything.send(*everything.signed("POST", "/", service=service, body=body, headers=headers)))


FORMS = {
    "ec2": (
        b"Action=DescribeVpcs&Version=2016-11-15&VpcId.1=vpc-1&Filter.1.Name=cidr&Filter.1.Value.1=10.0.0.0/8",
        b"Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&TagSpecification.1.Tag.1.Key=a",
        b"Action=ModifyVpcAttribute&Version=2016-11-15&VpcId=vpc-1&EnableDnsSupport.Value=true",
    ),
    "iam": (
        b"Action=CreateUser&Version=2010-05-08&UserName=ann&Tags.member.1.Key=a&Tags.member.1.Value=b",
        b"Action=PutUserPolicy&Version=2010-05-08&UserName=ann&PolicyName=p&PolicyDocument=%7B%7D",
    ),
    "sts": (b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/abcdef&RoleSessionName=abc",),
}


@pytest.mark.parametrize("service", FORMS)
@given(data=st.data())
@MANY
def test_forms(everything: World, service: str, data: st.DataObject) -> None:
    body = data.draw(st.one_of(mutated(*FORMS[service]), st.binary(max_size=200)))
    method = data.draw(st.sampled_from(("POST", "GET")))
    judge(everything.send(*everything.signed("POST", "/", service=service, body=body, headers=FORM)))
    if method == "GET":
        target = "/?" + quote(body, safe="&=.+%")
        judge(everything.send(*everything.signed("GET", target, service=service)))


@given(
    body=st.sampled_from((CHANGE, ZONE, *JSON_SEEDS, *FORMS["ec2"], *FORMS["sts"], b"")),
    kind=st.sampled_from(
        (
            "text/xml",
            "application/json",
            "application/x-amz-json-1.0",
            "application/cbor",
            "",
            "\xff",
            "a/b;c",
        )
    ),
    service=st.sampled_from((*models.PROTOCOLS, "seal53", "s3")),
    target=st.sampled_from(
        ("/", "/2013-04-01/hostedzone", "/_seal53/stats", "/2013-04-01/tags/hostedzone/Z1")
    ),
)
@MANY
def test_contents_that_are_not_what_they_say(
    everything: World, body: bytes, kind: str, service: str, target: str
) -> None:
    headers = {"Content-Type": kind}
    judge(everything.send(*everything.signed("POST", target, service=service, body=body, headers=headers)))


# --- paths, queries and methods ------------------------------------------------------------------

PART = st.one_of(
    st.sampled_from(
        [
            *("", ".", "..", "%2F", "%2Fhostedzone%2FZ1", "hostedzone", "change", "delegationset", "Z1", "%"),
            *(
                "%zz",
                "%00",
                "%ff",
                "%C3%A9",
                "rrset",
                "tags",
                "2013-04-01",
                "a b",
                "\\",
                "{Id}",
                "*",
                "~",
                "+",
            ),
            *("healthcheck", "trafficpolicy", "keysigningkey", "dnssec", "activate", "%252F", "é", "Z" * 200),
        ]
    ),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="?#"), max_size=8),
)


@given(
    method=st.sampled_from(("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW")),
    parts=st.lists(PART, max_size=7),
    query=st.one_of(st.just(""), mutated(b"name=a&type=A&maxitems=1&marker=%2F&hostedzoneid=Z").map(repr)),
    versioned=st.booleans(),
)
@MANY
def test_paths_and_queries(
    everything: World, method: str, parts: list[str], query: str, versioned: bool
) -> None:
    path = ("/2013-04-01/" if versioned else "/") + "/".join(parts)
    query = "".join(c for c in query if 0x21 <= ord(c) < 0x7F and c != "#")
    target = path + (f"?{query}" if query else "")
    # Unsigned and with what is no signature: botocore would tidy the path up before it signs.
    judge(everything.send(method, target, {"host": "h"}))
    headers = {"host": "h", "x-amz-date": "20260921T141320Z", "authorization": claim()}
    judge(everything.send(method, target, headers))


@given(
    parts=st.lists(
        st.sampled_from(("hostedzone", "Z1", "%2Fhostedzone%2FZ1", "", "rrset", "change")), max_size=6
    )
)
@SOME
def test_signed_paths(everything: World, parts: list[str]) -> None:
    target = "/2013-04-01/" + "/".join(parts)
    for method in ("GET", "POST", "DELETE"):
        judge(everything.send(*everything.signed(method, target, service="route53")))


# --- signatures ----------------------------------------------------------------------------------


def claim(scope: str = "20260921/us-east-1/route53/aws4_request", headers: str = "host;x-amz-date") -> str:
    return f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={headers}, Signature={'0' * 64}"


@given(header=st.one_of(mutated(claim().encode()).map(lambda b: b.decode("latin-1")), st.text(max_size=100)))
@example(header="AWS4-HMAC-SHA256 " + "a=b," * 5000)
@example(header="AWS4-HMAC-SHA256 Credential=" + "/" * 5000)
@example(header=claim(headers=";" * 5000))
@example(header="AWS4-HMAC-SHA256" + " " * 5000)
@MANY
def test_authorization_headers(everything: World, header: str) -> None:
    header = "".join(c for c in header if ord(c) < 256 and c not in "\r\n\0")
    for date in ("20260921T141320Z", "20260921T141320", "99999999T999999Z", "٢٠٢٦0921T141320Z"[4:], ""):
        headers = {"host": "h", "authorization": header, "x-amz-date": date}
        answer = everything.send("GET", "/2013-04-01/hostedzone", headers)
        judge(answer)
        assert answer.status in (400, 403, 501)


PRESIGNED = (
    b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K%2F20260921%2Fus-east-1%2Froute53%2Faws4_request"
    b"&X-Amz-Date=20260921T141320Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
)


@given(query=mutated(PRESIGNED))
@MANY
def test_presigned_queries(everything: World, query: bytes) -> None:
    text = "".join(c for c in query.decode("latin-1") if 0x21 <= ord(c) < 0x7F and c != "#")
    answer = everything.send("GET", f"/2013-04-01/hostedzone?{text}", {"host": "h"})
    judge(answer)
    assert answer.status in (400, 403, 501)


@given(
    name=st.sampled_from(
        (
            "host",
            "x-amz-date",
            "authorization",
            "x-amz-target",
            "x-amz-content-sha256",
            "content-type",
            "date",
        )
    ),
    value=st.one_of(st.none(), st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=30)),
    first=st.booleans(),
)
@MANY
def test_headers_given_twice_never_pass_for_once(
    everything: World, name: str, value: str | None, first: bool
) -> None:
    method, target, headers, body = everything.signed("GET", "/2013-04-01/hostedzone", service="route53")
    given = [(key.lower(), held) for key, held in headers.items()]
    own = dict(given).get(name, "")
    again = (name, own if value is None else value)
    answer = everything.send(method, target, [again, *given] if first else [*given, again], body)
    judge(answer)
    if name in dict(given):  # it was signed: another value, or one more, is another request
        assert answer.status in (400, 403)


@given(later=st.integers(-100_000, 100_000))
@SOME
def test_an_old_signature_is_worth_nothing(everything: World, later: int) -> None:
    now = everything.clock.now()
    request = everything.signed("GET", "/2013-04-01/hostedzone", service="route53", at=now - later)
    answer = everything.send(*request)
    judge(answer)
    assert (answer.status == 200) == (abs(later) <= 300)
    assert everything.send(*request).status == answer.status  # a replay is judged as the first one was


def _patterns(shape: Any, found: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """(pattern, length of the longest value that is let through to it) of all shapes below one."""
    if shape.pattern:
        found.add((shape.pattern, min(shape.most or 100_000, 100_000)))
    for inner in (*shape.members.values(), shape.item, shape.key, shape.held):
        if inner is not None:
            _patterns(inner, found)
    return found


@pytest.mark.parametrize("name", models.PROTOCOLS)
def test_no_pattern_of_a_model_takes_forever(name: str) -> None:
    """The suite's time limit is the judge."""
    inputs = [served.input for served in SERVICES[name].operations.values() if served.input is not None]
    for pattern, length in set().union(*(_patterns(shape, set()) for shape in inputs)):
        expression = models.compiled(pattern)
        assert expression is not None
        for text in ("a" * length, "a." * (length // 2), "a-" * (length // 2) + "!", " " * length + "\0"):
            expression.fullmatch(text[:length])
