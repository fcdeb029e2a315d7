"""TestDNSAnswer: what the published zone answers, to whom it likes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import dns.edns
import dns.flags
import dns.message
import pytest

from seal53.core import DataPlane, Name, RecordSet, Routing, encode_edit
from seal53.store import records
from seal53.zones import rdata

OPERATION = "TestDNSAnswer"


@dataclass
class Published:
    """A data plane that has what was published of a zone; it remembers who asked what."""

    plane: DataPlane
    asked: list[tuple[dns.message.Message, str, bool]] = field(default_factory=list)

    def publish(self, api: Any, zone_id: str, *more: RecordSet) -> None:
        name = Name.parse(api("GetHostedZone", Id=zone_id)["HostedZone"]["Name"])
        with api.services.store.read() as tx:
            sets = [stored.record for stored in records.every(tx, zone_id)]
        candidate = self.plane.stage(
            zone_id, name, base=None, version=1, edit=encode_edit([*sets, *more], [])
        )
        self.plane.commit(candidate)

    def answer(
        self, zone_id: str, packet: bytes, now: int, *, client: str, tcp: bool = False
    ) -> bytes | None:
        self.asked.append((dns.message.from_wire(packet), client, tcp))
        return self.plane.answer_zone(zone_id, packet, now, tcp=tcp, client=client)


@pytest.fixture
def published(a: Any) -> Iterator[Published]:
    plane = DataPlane(bytes(32))
    yield Published(plane)
    plane.stop()


@pytest.fixture
def api(a: Any, published: Published) -> Any:
    """The first account's calls, with name servers."""
    return replace(a, services=replace(a.services, name_servers=published))


def _set(name: str, rtype: str, *values: str, set_id: str = "", **more: Any) -> RecordSet:
    wires = [rdata.parse(rtype, value).wire for value in values]
    owner = Name.parse(f"{name}.")
    return RecordSet(owner, rdata.TYPES[rtype], set_id, ttl=300, rdatas=wires, **more)


def _ask(
    api: Any, zone_id: str, name: str = "www.example.com", rtype: str = "A", **more: str
) -> dict[str, Any]:
    return dict(api(OPERATION, HostedZoneId=zone_id, RecordName=name, RecordType=rtype, **more))


def test_an_answer(api: Any, published: Published) -> None:
    zone_id = api.zone()
    published.publish(api, zone_id, _set("www.example.com", "A", "192.0.2.1", "192.0.2.2"))
    found = _ask(api, zone_id, "WWW.example.com")
    assert sorted(found.pop("RecordData")) == ["192.0.2.1", "192.0.2.2"]
    assert found == {
        "Nameserver": "ns-0.set-01.seal53",
        "RecordName": "www.example.com.",
        "RecordType": "A",
        "ResponseCode": "NOERROR",
        "Protocol": "UDP",
    }
    ((query, client, tcp),) = published.asked
    assert (client, tcp, query.edns, query.options) == ("127.0.0.1", False, 0, ())
    assert not query.flags & dns.flags.RD


@pytest.mark.parametrize(
    ("rtype", "value"),
    [
        ("AAAA", "2001:db8::1"),
        ("MX", "10 mail.example.com."),
        ("TXT", r'"a \"b\" \001" "c"'),
        ("CNAME", r"\052.example.net."),
        ("SRV", "1 2 443 a.example.com."),
        ("CAA", '0 issue "ca.example.net"'),
        ("SPF", '"v=spf1 -all"'),
        ("SSHFP", "1 1 0123456789ABCDEF0123456789ABCDEF01234567"),
        ("HTTPS", '1 . alpn="h2"'),
    ],
)
def test_values_are_as_the_api_takes_them(api: Any, published: Published, rtype: str, value: str) -> None:
    zone_id = api.zone()
    published.publish(api, zone_id, _set("www.example.com", rtype, value))
    (found,) = _ask(api, zone_id, rtype=rtype)["RecordData"]
    assert rdata.parse(rtype, found) == rdata.parse(rtype, value)


def test_a_cname_is_followed_within_the_zone(api: Any, published: Published) -> None:
    zone_id = api.zone()
    published.publish(
        api,
        zone_id,
        _set("www.example.com", "CNAME", "real.example.com"),
        _set("real.example.com", "A", "192.0.2.1"),
        _set("out.example.com", "CNAME", "www.example.net"),
    )
    assert _ask(api, zone_id)["RecordData"] == ["real.example.com.", "192.0.2.1"]
    assert _ask(api, zone_id, "out.example.com")["RecordData"] == ["www.example.net."]
    assert _ask(api, zone_id, rtype="CNAME")["RecordData"] == ["real.example.com."]


def test_an_alias_shows_what_it_leads_to(api: Any, published: Published) -> None:
    zone_id = api.zone()
    published.publish(
        api,
        zone_id,
        _set("real.example.com", "A", "192.0.2.1"),
        RecordSet(Name.parse("www.example.com."), 1, alias=Name.parse("real.example.com.")),
    )
    assert _ask(api, zone_id)["RecordData"] == ["192.0.2.1"]


def test_answers_without_records_say_why(api: Any, published: Published) -> None:
    zone_id = api.zone()
    published.publish(api, zone_id, _set("www.example.com", "A", "192.0.2.1"))
    for name, rtype, code in (
        ("www.example.com", "AAAA", "NOERROR"),
        ("none.example.com", "A", "NXDOMAIN"),
        ("www.example.net", "A", "REFUSED"),
    ):
        found = _ask(api, zone_id, name, rtype)
        assert (found["RecordData"], found["ResponseCode"]) == ([], code)
    assert _ask(api, zone_id, "example.com", "SOA")["RecordData"][0].startswith("ns-0.set-01.seal53. ")


def test_a_zone_that_is_not_published_is_refused(a: Any, api: Any) -> None:
    zone_id = api.zone()
    for each in (a, api):
        found = _ask(each, zone_id)
        assert (found["RecordData"], found["ResponseCode"], found["Protocol"]) == ([], "REFUSED", "UDP")


def test_what_does_not_fit_into_a_datagram(api: Any, published: Published) -> None:
    zone_id = api.zone()
    values = [f'"{n:03d}{"x" * 240}"' for n in range(40)]
    published.publish(api, zone_id, _set("www.example.com", "TXT", *values))
    found = _ask(api, zone_id, rtype="TXT")
    assert sorted(found["RecordData"]) == values
    assert (found["ResponseCode"], found["Protocol"]) == ("NOERROR", "TCP")
    assert [tcp for _, _, tcp in published.asked] == [False, True]


# --- who asks


CIDR = "11111111-1111-4111-8111-111111111111"


def _by_block(location: str, address: str) -> RecordSet:
    routing = Routing.cidr(CIDR, location)
    return _set("www.example.com", "A", address, set_id=location, routing=routing)


def test_the_resolver_or_the_subnet_decides(api: Any, published: Published) -> None:
    zone_id = api.zone()
    published.publish(api, zone_id, _by_block("lan", "192.0.2.1"), _by_block("*", "192.0.2.2"))
    published.plane.set_cidr({CIDR: {"lan": ["10.0.0.0/8", "2001:db8::/48"]}})
    for who, address in (
        ({}, "192.0.2.2"),
        ({"ResolverIP": "10.1.2.3"}, "192.0.2.1"),
        ({"ResolverIP": "2001:db8::1"}, "192.0.2.1"),
        ({"ResolverIP": "10.1.2.3", "EDNS0ClientSubnetIP": "198.51.100.1"}, "192.0.2.2"),
        ({"EDNS0ClientSubnetIP": "10.1.2.3"}, "192.0.2.1"),
        ({"EDNS0ClientSubnetIP": "2001:db8::5"}, "192.0.2.1"),
        ({"EDNS0ClientSubnetIP": "10.1.2.3", "EDNS0ClientSubnetMask": "16"}, "192.0.2.1"),
    ):
        assert _ask(api, zone_id, **who)["RecordData"] == [address], who


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"EDNS0ClientSubnetIP": "192.0.2.44"}, ("192.0.2.0", 24)),
        ({"EDNS0ClientSubnetIP": "2001:db8:1:2:3::1"}, ("2001:db8:1:2::", 64)),
        ({"EDNS0ClientSubnetIP": "192.0.2.44", "EDNS0ClientSubnetMask": "32"}, ("192.0.2.44", 32)),
        ({"EDNS0ClientSubnetIP": "192.0.2.44", "EDNS0ClientSubnetMask": "0"}, ("0.0.0.0", 0)),
        ({"EDNS0ClientSubnetIP": "2001:db8::1", "EDNS0ClientSubnetMask": "128"}, ("2001:db8::1", 128)),
        ({"EDNS0ClientSubnetIP": "2001:db8::1", "EDNS0ClientSubnetMask": "48"}, ("2001:db8::", 48)),
    ],
)
def test_the_subnet_that_is_sent(
    api: Any, published: Published, given: dict[str, str], sent: tuple[str, int]
) -> None:
    zone_id = api.zone()
    published.publish(api, zone_id, _set("www.example.com", "A", "192.0.2.1"))
    _ask(api, zone_id, **given)
    (option,) = published.asked[0][0].options
    assert isinstance(option, dns.edns.ECSOption)
    assert (option.address, option.srclen, option.scopelen) == (*sent, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ResolverIP": "x"}, "The value 'x' for ResolverIP is not an IP address"),
        ({"EDNS0ClientSubnetIP": "1.2.3"}, "The value '1.2.3' for EDNS0ClientSubnetIP is not an IP address"),
        (
            {"EDNS0ClientSubnetMask": "24"},
            "EDNS0ClientSubnetMask can be sent only together with EDNS0ClientSubnetIP",
        ),
        (
            {"EDNS0ClientSubnetIP": "192.0.2.1", "EDNS0ClientSubnetMask": "33"},
            "The value '33' for EDNS0ClientSubnetMask is not between 0 and 32",
        ),
        (
            {"EDNS0ClientSubnetIP": "2001:db8::1", "EDNS0ClientSubnetMask": "129"},
            "The value '129' for EDNS0ClientSubnetMask is not between 0 and 128",
        ),
        (
            {"EDNS0ClientSubnetIP": "192.0.2.1", "EDNS0ClientSubnetMask": "-1"},
            "The value '-1' for EDNS0ClientSubnetMask is not between 0 and 32",
        ),
    ],
)
def test_who_cannot_ask(api: Any, given: dict[str, str], message: str) -> None:
    request = {"HostedZoneId": api.zone(), "RecordName": "www.example.com", "RecordType": "A"}
    assert api.refused(OPERATION, **request, **given) == ("InvalidInput", message)


def test_what_cannot_be_asked(api: Any, b: Any) -> None:
    request = {"RecordName": "www.example.com", "RecordType": "A"}
    for zone_id in (b.zone("example.net"), "Z0NEVER"):
        refused = api.refused(OPERATION, HostedZoneId=zone_id, **request)
        assert refused == ("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    private = api.zone("corp.example", VPC={"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"})
    refused = api.refused(OPERATION, HostedZoneId=private, **request)
    assert refused == ("InvalidInput", "Cannot send DNS query to a Private Hosted Zone")
    zone_id = api.zone()
    assert (
        api.refused(OPERATION, HostedZoneId=zone_id, RecordName="a..b", RecordType="A")[0] == "InvalidInput"
    )
