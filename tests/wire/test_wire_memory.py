"""The largest bodies, made to cost the most: refused or read, in less than 64 MB."""

import tracemalloc
from collections.abc import Iterator

import pytest
from wire_world import World

from seal53.gateway.app import SMALL_BODY_LIMIT
from seal53.gateway.http import BODY_LIMIT

NS = "https://route53.amazonaws.com/doc/2013-04-01/"
MOST = 64 * 2**20
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KMS = {"X-Amz-Target": "TrentService.CreateKey"}


@pytest.fixture
def world(world: World) -> Iterator[World]:
    for service, operation in (
        ("route53", "ChangeResourceRecordSets"),
        ("route53", "ChangeTagsForResource"),
        ("kms", "CreateKey"),
        ("iam", "CreateUser"),
        ("ec2", "DescribeVpcs"),
    ):
        world.returns(service, operation, {})
    world.application()
    tracemalloc.start()
    yield world
    tracemalloc.stop()


def fill(begin: str, piece: str, end: str = "") -> bytes:
    """As many pieces as there is room for; `{n}` in a piece is its number."""
    room = (SMALL_BODY_LIMIT if begin[:1] in ("", "{", "A") else BODY_LIMIT) - len(begin) - len(end)
    if "{n}" not in piece:
        return (begin + piece * (room // len(piece.encode())) + end).encode()
    pieces: list[str] = []
    for n in range(room):
        pieces.append(piece.replace("{n}", f"{n:x}"))
        room -= len(pieces[-1])
        if room < 0:
            break
    return (begin + "".join(pieces[:-1]) + end).encode()


BATCH = f'<ChangeResourceRecordSetsRequest xmlns="{NS}"><ChangeBatch><Changes>'
SET = "<Change><Action>CREATE</Action><ResourceRecordSet><Name/><Type>A</Type>"
TAGS = f'<ChangeTagsForResourceRequest xmlns="{NS}">'
XML = {
    "elements that are not known": fill("<r>", "<a/>"),
    "elements below the root": fill(BATCH, "<a/>"),
    "levels": fill("<r>", "<a>"),
    "levels below the root": fill(BATCH, "<a>"),
    "a name": fill(BATCH + "<", "a"),
    "changes": fill(BATCH, SET + "</ResourceRecordSet></Change>"),
    "records": fill(BATCH + SET + "<ResourceRecords>", "<ResourceRecord><Value/></ResourceRecord>"),
    "keys": fill(TAGS + "<RemoveTagKeys>", "<Key/>", "</RemoveTagKeys></ChangeTagsForResourceRequest>"),
    "tags": fill(TAGS + "<AddTags>", "<Tag/>", "</AddTags></ChangeTagsForResourceRequest>"),
    "text": fill(BATCH + SET.replace("<Name/>", "<Name>"), "x"),
    "spaces": fill(BATCH, " "),
    "references": fill(BATCH + SET.replace("<Name/>", "<Name>"), "&lt;"),
    "comments": fill(BATCH, "<!---->"),
    "instructions": fill(BATCH, "<?a?>"),
    "sections": fill(BATCH + SET.replace("<Name/>", "<Name>"), "<![CDATA[]]>"),
    "attributes": fill("<ChangeResourceRecordSetsRequest", " a{n}=''", "/>"),
    "namespaces": fill("<ChangeResourceRecordSetsRequest", " xmlns:a{n}='b'", "/>"),
    "entities": fill("<!DOCTYPE x [", "<!ENTITY a{n} 'b'>", "]><x/>"),
    "a value that fits nothing": fill(BATCH + "<Change><Action>", "x", "</Action></Change>"),
}
JSON = {
    "levels": fill("", "["),
    "levels of objects": fill("", '{"a":'),
    "lists": fill('{"Tags":[', "[],", "[]]}"),
    "objects": fill('{"Tags":[', "{},", "{}]}"),
    "numbers": fill('{"Tags":[', "0,", "0]}"),
    "texts": fill('{"Tags":[', '"",', '""]}'),
    "members": fill("{", '"{n}":0,', '"x":0}'),
    "the same member": fill("{", '"a":0,', '"a":0}'),
    "escapes": fill('{"Description":"', "\\u0041", '"}'),
    "one number": fill('{"Tags":', "9", "}"),
    "wide text": fill('{"Description":"', "\U0001f4a9", '"}'),
}
FORMS = {
    "parameters": fill("Action=CreateUser&Version=2010-05-08&", "{n}=&"),
    "the same parameter": fill("Action=CreateUser&Version=2010-05-08&", "a=&"),
    "levels": fill("Action=CreateUser&Version=2010-05-08&", ("{n}." + "a." * 14 + "a=&")),
    "parts": fill("Action=CreateUser&Version=2010-05-08&a", ".", "=b"),
    "elements": fill("Action=CreateUser&Version=2010-05-08&UserName=a&", "Tags.member.{n}.Key=a&"),
    "escapes": fill("Action=CreateUser&Version=2010-05-08&UserName=", "%41"),
    "nothing": fill("Action=CreateUser&Version=2010-05-08&", "&"),
    "flat elements": fill("Action=DescribeVpcs&Version=2016-11-15&", "VpcId.{n}=a&"),
}


def peak(world: World, target: str, service: str, body: bytes, headers: dict[str, str]) -> int:
    request = world.signed("POST", target, service=service, body=body, headers=headers)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    answer = world.send(*request, chunk=65_536)
    _, most = tracemalloc.get_traced_memory()
    assert answer.status in (200, 400), answer.body[:500]
    assert len(answer.body) < 50_000
    return most - before


@pytest.mark.parametrize("body", XML.values(), ids=XML)
def test_xml(world: World, body: bytes) -> None:
    target = "/2013-04-01/hostedzone/Z1/rrset/"
    if body.startswith(TAGS.encode()):
        target = "/2013-04-01/tags/hostedzone/Z1"
    assert peak(world, target, "route53", body, {}) < MOST


@pytest.mark.parametrize("body", JSON.values(), ids=JSON)
def test_json(world: World, body: bytes) -> None:
    assert peak(world, "/", "kms", body, KMS) < MOST


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_forms(world: World, body: bytes) -> None:
    service = "ec2" if b"2016-11-15" in body else "iam"
    assert peak(world, "/", service, body, FORM) < MOST
