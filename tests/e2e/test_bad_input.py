"""Bad input to the API of a running service: refused with AWS's error, nothing applied, never a 500."""

import http.client
import json
import secrets
import socket
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.exceptions
import dns.rcode
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from e2e_service import Service
from e2e_signed import create_key

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
UNKNOWN_ID = "Z0123456789ABCDEFGHIJ"


def fresh() -> str:
    return f"bad-{secrets.token_hex(4)}.com"


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] in codes, caught.value
    assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def send(
    service: Service, scope: str, method: str, path: str, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Octets as they are, with a good signature; the status and the body."""
    key, url = service.facts["accounts"][0], service.facts["api"]
    request = AWSRequest(method, url + path, headers=headers or {}, data=body)
    credentials = Credentials(key["access_key_id"], key["secret_access_key"])
    SigV4Auth(credentials, scope, "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, dict(request.headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def change(name: str, rtype: str, *values: str, action: str = "CREATE", ttl: int = 60) -> dict[str, Any]:
    records = [{"Value": value} for value in values]
    record_set = {"Name": name, "Type": rtype, "TTL": ttl, "ResourceRecords": records}
    return {"Action": action, "ResourceRecordSet": record_set}


def apply(service: Service, zone_id: str, *changes: dict[str, Any]) -> Any:
    return service.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": list(changes)}
    )


def contents(service: Service, zone_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.client("route53").list_resource_record_sets(HostedZoneId=zone_id)[
        "ResourceRecordSets"
    ]
    return found


GOOD = (
    f'<ChangeResourceRecordSetsRequest xmlns="{NAMESPACE}"><ChangeBatch><Changes><Change>'
    "<Action>UPSERT</Action><ResourceRecordSet><Name>q.ZONE</Name><Type>A</Type><TTL>5</TTL><ResourceRecords>"
    "<ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
    "</Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
)
ENTITY = '<!DOCTYPE x [<!ENTITY e "192.0.2.1">]>'
BAD_XML = {
    "nothing": ("", "MalformedInput"),
    "not XML": ("not XML", "MalformedInput"),
    "JSON": ("{}", "MalformedInput"),
    "cut short": (GOOD[:-5], "MalformedInput"),
    "more after it": (GOOD + "x", "MalformedInput"),
    "another root": (GOOD.replace("ChangeResourceRecordSetsRequest", "Other"), "MalformedInput"),
    "another namespace": (GOOD.replace(NAMESPACE, "urn:x"), "MalformedInput"),
    "DOCTYPE": (f"<!DOCTYPE x>{GOOD}", "MalformedInput"),
    "an entity": (ENTITY + GOOD.replace("192.0.2.1", "&e;"), "MalformedInput"),
    "an external entity": (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GOOD.replace("192.0.2.1", "&e;"),
        "MalformedInput",
    ),
    "an unknown entity": (GOOD.replace("192.0.2.1", "&e;"), "MalformedInput"),
    "NUL": (GOOD.replace("192.0.2.1", "&#0;"), "MalformedInput"),
    "a hundred thousand levels": ("<a>" * 100_000, "MalformedInput"),
    "a deep value": (GOOD.replace("192.0.2.1", "<a>" * 9_000 + "</a>" * 9_000), "InvalidInput"),
    "an unknown member": (GOOD.replace("<TTL>", "<Other>1</Other><TTL>"), "InvalidInput"),
    "a member twice": (GOOD.replace("<TTL>", "<TTL>6</TTL><TTL>"), "InvalidInput"),
    "a member left out": (GOOD.replace("<Type>A</Type>", ""), "InvalidInput"),
    "text between members": (GOOD.replace("<TTL>", "text<TTL>"), "InvalidInput"),
    "a number that is none": (GOOD.replace(">5<", ">five<"), "InvalidInput"),
    "a number too large": (GOOD.replace(">5<", ">2147483648<"), "InvalidInput"),
    "a negative number": (GOOD.replace(">5<", ">-1<"), "InvalidInput"),
    "a type that users cannot make": (GOOD.replace(">A<", ">DNSKEY<"), "InvalidInput"),
    "an unknown action": (GOOD.replace("UPSERT", "REPLACE"), "InvalidInput"),
    "no changes": (
        GOOD[: GOOD.index("<Change>")] + GOOD[GOOD.index("</Changes>") :],
        "InvalidInput",
    ),
    "too large": (GOOD.replace("192.0.2.1", "1" * 2_100_000), "RequestEntityTooLarge"),
}
BAD_JSON = {
    "not JSON": b"not JSON",
    "an array": b"[]",
    "null": b"null",
    "octets": bytes(range(256)),
    "a name twice": b'{"KeyId": "a", "KeyId": "b"}',
    "an unknown member": b'{"KeyId": "a", "Other": 1}',
    "a number for a text": b'{"KeyId": 1}',
    "a list for a text": b'{"KeyId": ["a"]}',
    "not a number": b'{"KeyId": NaN}',
    "half a surrogate": b'{"KeyId": "\\ud800"}',
    "NUL": b'{"KeyId": "\\u0000"}',
    "a hundred thousand levels": b"[" * 100_000,
    "deep objects": b'{"KeyId":' * 50_000,
    "another case": b'{"keyid": "a"}',
    "nothing": b"",
}


@pytest.fixture(scope="module")
def zone(service: Service) -> tuple[str, str]:
    """A hosted zone that stays empty: its id and name."""
    name = fresh()
    return service.zone(name)[0], name


@pytest.mark.parametrize(("body", "code"), BAD_XML.values(), ids=BAD_XML)
def test_bodies_that_are_not_the_xml_of_the_operation(
    service: Service, zone: tuple[str, str], body: str, code: str
) -> None:
    zone_id, name = zone
    path = f"/2013-04-01/hostedzone/{zone_id}/rrset/"
    status, answer = send(service, "route53", "POST", path, body.replace("ZONE", name).encode())
    assert status in (400, 413), answer
    assert f"<Code>{code}</Code>" in answer
    assert "/etc/passwd" not in answer
    assert "root:" not in answer
    assert len(contents(service, zone_id)) == 2


def test_the_order_of_elements_does_not_matter(service: Service) -> None:
    name = fresh()
    zone_id, _ = service.zone(name)
    body = GOOD.replace("ZONE", name).replace("<Type>A</Type><TTL>5</TTL>", "<TTL>5</TTL><Type>A</Type>")
    status, answer = send(
        service, "route53", "POST", f"/2013-04-01/hostedzone/{zone_id}/rrset/", body.encode()
    )
    assert status == 200, answer
    assert {"A", "NS", "SOA"} == {s["Type"] for s in contents(service, zone_id)}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON)
def test_bodies_that_are_not_the_json_of_the_operation(service: Service, body: bytes) -> None:
    headers = {"X-Amz-Target": "TrentService.DescribeKey", "Content-Type": "application/x-amz-json-1.1"}
    status, answer = send(service, "kms", "POST", "/", body, headers)
    assert status == 400, answer
    assert json.loads(answer)["__type"] in ("SerializationException", "ValidationException")


def test_a_batch_with_one_wrong_change_applies_nothing(service: Service) -> None:
    name = fresh()
    zone_id, addresses = service.zone(name)
    service.in_sync(service.upsert(zone_id, f"cname.{name}", "CNAME", "a.example.net"))
    service.in_sync(service.upsert(zone_id, f"a.{name}", "A", "192.0.2.1"))
    before = contents(service, zone_id)
    good = change(f"new.{name}", "A", "192.0.2.9")
    wrong = {
        "outside the zone": [change("www.example.net", "A", "192.0.2.1")],
        "beside the zone": [change(f"x{name}", "A", "192.0.2.1")],
        "above the zone": [change("com", "A", "192.0.2.1")],
        "a CNAME beside data": [change(f"a.{name}", "CNAME", "b.example.net")],
        "data beside a CNAME": [change(f"cname.{name}", "TXT", '"x"')],
        "a CNAME at the apex": [change(name, "CNAME", "b.example.net")],
        "two CNAMEs": [change(f"c.{name}", "CNAME", "b.example.net", "c.example.net")],
        "both in one batch": [change(f"c.{name}", "CNAME", "b."), change(f"c.{name}", "A", "192.0.2.1")],
        "created twice": [change(f"c.{name}", "A", "192.0.2.1"), change(f"c.{name}", "A", "192.0.2.2")],
        "there already": [change(f"a.{name}", "A", "192.0.2.1")],
        "a value twice": [change(f"c.{name}", "A", "192.0.2.1", "192.0.2.1")],
        "deleted and not there": [change(f"c.{name}", "A", "192.0.2.1", action="DELETE")],
        "deleted with another value": [change(f"a.{name}", "A", "192.0.2.2", action="DELETE")],
        "deleted with another TTL": [change(f"a.{name}", "A", "192.0.2.1", action="DELETE", ttl=61)],
        "the SOA deleted": [{"Action": "DELETE", "ResourceRecordSet": _apex(before, "SOA")}],
        "the NS deleted": [{"Action": "DELETE", "ResourceRecordSet": _apex(before, "NS")}],
        "an SOA below the apex": [change(f"c.{name}", "SOA", "a. b. 1 2 3 4 5")],
        "a DS at the apex": [change(name, "DS", f"1 13 2 {'ab' * 32}")],
        "an NS at a wildcard": [change(f"*.{name}", "NS", "ns.example.net")],
        "a label of 64 octets": [change(f"{'x' * 64}.{name}", "A", "192.0.2.1")],
        "a name of 256 octets": [change(".".join(["x" * 63] * 4) + f".{name}", "A", "192.0.2.1")],
        "an empty label": [change(f"a..{name}", "A", "192.0.2.1")],
        "a space": [change(f"a b.{name}", "A", "192.0.2.1")],
        **{
            f"{rtype} {value}": [change(f"c.{name}", rtype, value)]
            for rtype, value in (
                ("A", "192.0.2.256"),
                ("A", "::1"),
                ("AAAA", "192.0.2.1"),
                ("AAAA", "fe80::1%lo"),
                ("MX", "mail.example.net"),
                ("MX", "65536 mail.example.net"),
                ("TXT", "no quotation marks"),
                ("TXT", f'"{"x" * 256}"'),
                ("TXT", '"open'),
                ("SRV", "1 2 a.example.net"),
                ("CAA", '1 issue "x"'),
                ("DS", "1 13 2 abab"),
                ("TLSA", "3 1 1 xyz"),
                ("SSHFP", "1 1 ab"),
                ("NAPTR", '1 2 "u" "x" "!a!b!" b.example.net'),
                ("SVCB", "0 a alpn=h2"),
                ("HTTPS", "1 . alpn"),
                ("CNAME", "a..b"),
                ("NS", ""),
                ("PTR", "two names"),
                ("SPF", "v=spf1"),
            )
        },
    }
    for why, changes in wrong.items():
        for batch in ([good, *changes], [*changes, good]):
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                apply(service, zone_id, *batch)
            assert caught.value.response["Error"]["Code"] == "InvalidChangeBatch", why
        assert contents(service, zone_id) == before, why
    assert service.ask(addresses[0], f"new.{name}").rcode() == dns.rcode.NXDOMAIN
    for missing in ({}, {"TTL": 5}, {"AliasTarget": _alias(zone_id, name), "TTL": 5}):
        with refused("InvalidInput"):
            apply(
                service,
                zone_id,
                good,
                {"Action": "CREATE", "ResourceRecordSet": {"Name": f"c.{name}", "Type": "A", **missing}},
            )
    for target in (
        _alias(zone_id, f"nobody.{name}"),
        _alias(UNKNOWN_ID, f"a.{name}"),
        _alias(zone_id, "a.example.net"),
    ):
        alias = {"Name": f"c.{name}", "Type": "A", "AliasTarget": target}
        with refused("InvalidChangeBatch"):
            apply(service, zone_id, good, {"Action": "CREATE", "ResourceRecordSet": alias})
    assert contents(service, zone_id) == before


def _apex(found: list[dict[str, Any]], rtype: str) -> dict[str, Any]:
    return next(s for s in found if s["Type"] == rtype)


def _alias(zone_id: str, name: str) -> dict[str, Any]:
    return {"HostedZoneId": zone_id, "DNSName": name, "EvaluateTargetHealth": False}


def test_a_zone_that_is_not_empty_stays(service: Service) -> None:
    route53, name = service.client("route53"), fresh()
    zone_id, _ = service.zone(name)
    service.upsert(zone_id, f"a.{name}", "A", "192.0.2.1")
    with refused("HostedZoneNotEmpty"):
        route53.delete_hosted_zone(Id=zone_id)
    apply(service, zone_id, change(f"a.{name}", "A", "192.0.2.1", action="DELETE"))
    route53.create_key_signing_key(
        CallerReference="r",
        HostedZoneId=zone_id,
        KeyManagementServiceArn=create_key(service),
        Name="ksk",
        Status="INACTIVE",
    )
    with refused("HostedZoneNotEmpty"):
        route53.delete_hosted_zone(Id=zone_id)
    route53.delete_key_signing_key(HostedZoneId=zone_id, Name="ksk")
    route53.delete_hosted_zone(Id=zone_id)
    with refused("NoSuchHostedZone"):
        route53.delete_hosted_zone(Id=zone_id)


def test_the_same_request_twice(service: Service) -> None:
    route53, name = service.client("route53"), fresh()
    request = {"Name": name, "CallerReference": secrets.token_hex(8)}
    zone_id = route53.create_hosted_zone(**request)["HostedZone"]["Id"]
    with refused("HostedZoneAlreadyExists"):
        route53.create_hosted_zone(**request)
    created = change(f"a.{name}", "A", "192.0.2.1")
    apply(service, zone_id, created)
    with refused("InvalidChangeBatch"):
        apply(service, zone_id, created)
    put = change(f"b.{name}", "A", "192.0.2.1", action="UPSERT")
    first, second = (apply(service, zone_id, put)["ChangeInfo"]["Id"] for _ in range(2))
    assert first != second
    ksk = {
        "CallerReference": "r",
        "HostedZoneId": zone_id,
        "KeyManagementServiceArn": create_key(service),
        "Name": "ksk",
        "Status": "ACTIVE",
    }
    route53.create_key_signing_key(**ksk)
    with refused("KeySigningKeyAlreadyExists"):
        route53.create_key_signing_key(**ksk)


# --- octets on the socket ------------------------------------------------------------------------


def signed_get(service: Service, path: str, extra: str = "") -> bytes:
    """A signed request as it goes over the wire."""
    key, url = service.facts["accounts"][0], service.facts["api"]
    request = AWSRequest("GET", url + path, headers={"Host": urllib.parse.urlsplit(url).netloc})
    credentials = Credentials(key["access_key_id"], key["secret_access_key"])
    SigV4Auth(credentials, "route53", "us-east-1").add_auth(request)
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"GET {path} HTTP/1.1\r\n{headers}{extra}\r\n".encode()


def converse(service: Service, *octets: bytes, within_s: float = 10.0) -> bytes:
    """All that comes back until the service closes the connection, or says no more for a second."""
    parts = urllib.parse.urlsplit(service.facts["api"])
    with socket.create_connection((parts.hostname, parts.port), within_s) as connection:
        try:
            for piece in octets:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        connection.settimeout(1)
        found = b""
        try:
            while piece := connection.recv(65_536):
                found += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return found


NOT_HTTP = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "words": b"hello there\r\n\r\n",
    "zeros": bytes(100_000),
    "another version": b"GET / HTTP/3.7\r\nHost: h\r\n\r\n",
    "no length": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: many\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk of no size": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nsize\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "very many headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000,
    "a very long header": b"GET / HTTP/1.1\r\na: " + b"b" * 1_000_000,
    "a very long path": b"GET /" + b"a" * 1_000_000,
}


@pytest.mark.parametrize("octets", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_is_not_http_gets_an_error_and_an_end(service: Service, octets: bytes) -> None:
    reply = converse(service, octets)
    # A client that goes on writing may see a reset before it sees the answer.
    assert reply == b"" or reply.startswith(b"HTTP/1.1 400 ")
    if reply:
        assert b"<Code>MalformedInput</Code>" in reply
    assert service.client("route53").get_hosted_zone_count()["HostedZoneCount"] >= 0


def test_requests_sent_ahead_are_answered_in_order(service: Service) -> None:
    path = "/2013-04-01/hostedzonecount"
    ahead = [signed_get(service, path if n % 2 else "/2013-04-01/nothing") for n in range(8)]
    reply = converse(service, b"".join(ahead))
    statuses = [part[:3] for part in reply.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"404", b"200"] * 4


def test_a_body_in_chunks(service: Service) -> None:
    name = fresh()
    zone_id, _ = service.zone(name)
    body = GOOD.replace("ZONE", name).encode()
    key, url = service.facts["accounts"][0], service.facts["api"]
    path = f"/2013-04-01/hostedzone/{zone_id}/rrset/"
    request = AWSRequest("POST", url + path, data=body)
    SigV4Auth(Credentials(key["access_key_id"], key["secret_access_key"]), "route53", "us-east-1").add_auth(
        request
    )
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    connection.request("POST", path, iter(pieces), dict(request.headers), encode_chunked=True)
    assert connection.getresponse().read().startswith(b"<?xml")
    connection.close()
    assert {"A", "NS", "SOA"} == {s["Type"] for s in contents(service, zone_id)}


def test_requests_that_are_never_finished_hold_nobody_up(service: Service) -> None:
    parts = urllib.parse.urlsplit(service.facts["api"])
    begun = [
        b"",
        b"GET /2013",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ]
    held = [socket.create_connection((parts.hostname, parts.port), 5) for _ in range(20) for _ in begun]
    try:
        for number, connection in enumerate(held):
            connection.sendall(begun[number % len(begun)])
        assert service.client("route53").get_hosted_zone_count()["HostedZoneCount"] >= 0
    finally:
        for connection in held:
            connection.close()


def most_memory(service: Service) -> int:
    """Of the control process so far, in octets."""
    status = Path(f"/proc/{service.facts['pids']['control'][0]}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def test_no_request_takes_much_memory(service: Service, zone: tuple[str, str]) -> None:
    before = most_memory(service)
    path = f"/2013-04-01/hostedzone/{zone[0]}/rrset/"
    begin = GOOD[: GOOD.index("<Change>")]
    for piece in ("<a>", "<a/>", "<Change/>", " ", "<!---->"):
        body = (begin + piece * ((1_999_000 - len(begin)) // len(piece))).encode()
        assert send(service, "route53", "POST", path, body)[0] == 400
    headers = {"X-Amz-Target": "TrentService.CreateKey"}
    for text in ('{"Tags":[' + "{}," * 160_000 + "{}]}", "[" * 490_000, '{"a":' * 95_000):
        assert send(service, "kms", "POST", "/", text.encode(), headers)[0] == 400
    assert most_memory(service) - before < 64 * 2**20
