"""Private zones in the VPCs of several accounts: who sees which answer, and from when on.

A Change that is INSYNC is believed at once: the very next query must see it.
"""

import secrets
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from e2e_service import PATIENCE_S, Service, Starter, until
from e2e_signed import register

from seal53.cli.endpoint import Endpoint

Vpc = dict[str, str]
"""As Route 53's calls name it."""


def make_vpc(service: Service, account: int) -> Vpc:
    """A VPC by EC2's call, when it is available."""
    ec2 = service.client("ec2", account)
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def available() -> bool | None:
        return ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["State"] == "available" or None

    until("the VPC", available)
    return {"VPCId": vpc_id, "VPCRegion": "us-east-1"}


def address_of(service: Service, vpc: Vpc) -> tuple[str, int]:
    """Where its resolver answers."""

    def look() -> tuple[str, int] | None:
        for resolver in service.facts["resolvers"]:
            if resolver["vpc_id"] == vpc["VPCId"]:
                return resolver["address"], resolver["port"]
        return None

    return until("the resolver in the ready file", look)


def ask(service: Service, vpc: Vpc, name: str, rtype: str = "A") -> dns.message.Message:
    address, port = address_of(service, vpc)
    query = dns.message.make_query(name, rtype, use_edns=None)
    reply, _ = dns.query.udp_with_fallback(query, address, port=port, timeout=8)
    return reply


def addresses(service: Service, vpc: Vpc, name: str) -> list[str]:
    return [r.address for rrset in ask(service, vpc, name).answer if rrset.rdtype == 1 for r in rrset]


def in_sync(service: Service, account: int, made: dict[str, Any]) -> None:
    route53 = service.client("route53", account)
    change_id = made["ChangeInfo"]["Id"]

    def look() -> bool | None:
        return route53.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC" or None

    until(f"change {change_id}", look)


def make_zone(service: Service, account: int, name: str, vpc: Vpc, **records: str) -> str:
    """A private zone with A records (`x_sub` is x.sub below it) that its VPC's resolver serves."""
    route53 = service.client("route53", account)
    made = route53.create_hosted_zone(Name=name, CallerReference=secrets.token_hex(8), VPC=vpc)
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"{label.replace('_', '.')}.{name}",
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": address}],
            },
        }
        for label, address in records.items()
    ]
    changed = route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    in_sync(service, account, made)
    in_sync(service, account, changed)
    return str(zone_id)


def lend(service: Service, zone_id: str, owner: int, vpc: Vpc, account: int) -> None:
    """The zone's owner authorizes, the VPC's owner associates."""
    service.client("route53", owner).create_vpc_association_authorization(HostedZoneId=zone_id, VPC=vpc)
    made = service.client("route53", account).associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=vpc)
    in_sync(service, account, made)


@pytest.fixture(scope="module")
def third(service: Service) -> int:
    """The place of a third account in the ready file."""
    facts = service.facts
    first = facts["accounts"][0]
    made = Endpoint(
        url=facts["api"],
        access_key_id=first["access_key_id"],
        secret_access_key=first["secret_access_key"],
    ).operator("account", {"name": "third"})

    def look() -> int | None:
        ids = [account["id"] for account in service.facts["accounts"]]
        return ids.index(made["id"]) if made["id"] in ids else None

    return until("the third account", look)


@pytest.fixture
def vpcs(service: Service, third: int) -> Iterator[dict[str, Vpc]]:
    """A VPC each of the three accounts A, B and C."""
    made = {letter: make_vpc(service, account) for letter, account in zip("ABC", (0, 1, third), strict=True)}
    yield made


def test_a_zone_answers_in_the_vpcs_that_it_is_associated_with(
    service: Service, vpcs: dict[str, Vpc]
) -> None:
    zone_id = make_zone(service, 0, "shared.internal", vpcs["A"], db="10.1.0.1")
    assert addresses(service, vpcs["A"], "db.shared.internal") == ["10.1.0.1"]
    for letter in "BC":
        assert ask(service, vpcs[letter], "db.shared.internal").rcode() == dns.rcode.NXDOMAIN
    lend(service, zone_id, 0, vpcs["B"], 1)
    assert addresses(service, vpcs["B"], "db.shared.internal") == ["10.1.0.1"]
    assert ask(service, vpcs["C"], "db.shared.internal").rcode() == dns.rcode.NXDOMAIN
    # a later change is seen in both
    service.in_sync(service.upsert(zone_id, "new.shared.internal", "A", "10.1.0.2"))
    for letter in "AB":
        assert addresses(service, vpcs[letter], "new.shared.internal") == ["10.1.0.2"]
    ended = service.client("route53", 1).disassociate_vpc_from_hosted_zone(
        HostedZoneId=zone_id, VPC=vpcs["B"]
    )
    in_sync(service, 1, ended)
    assert ask(service, vpcs["B"], "db.shared.internal").rcode() == dns.rcode.NXDOMAIN
    assert addresses(service, vpcs["A"], "db.shared.internal") == ["10.1.0.1"]


def test_the_most_specific_zone_wins_and_shadows_the_public_one(
    service: Service, vpcs: dict[str, Vpc]
) -> None:
    """Overlapping zones of two accounts in one VPC, beside a public zone of the same name."""
    public = register(service, "layers.com")
    for name in ("www", "x.sub", "only"):
        service.in_sync(service.upsert(public, f"{name}.layers.com", "A", "203.0.113.1"))
    wide = make_zone(service, 0, "layers.com", vpcs["A"], www="10.2.0.1", x_sub="10.2.0.2")
    lend(service, wide, 0, vpcs["B"], 1)
    narrow = make_zone(service, 1, "sub.layers.com", vpcs["B"], y="10.2.0.3")
    seen = {
        letter: {
            name: addresses(service, vpcs[letter], f"{name}.layers.com")
            for name in ("www", "x.sub", "y.sub", "only")
        }
        for letter in "ABC"
    }
    assert seen == {
        "A": {"www": ["10.2.0.1"], "x.sub": ["10.2.0.2"], "y.sub": [], "only": []},
        "B": {"www": ["10.2.0.1"], "x.sub": [], "y.sub": ["10.2.0.3"], "only": []},
        "C": {"www": ["203.0.113.1"], "x.sub": ["203.0.113.1"], "y.sub": [], "only": ["203.0.113.1"]},
    }
    # what a private zone does not have is not there: no other zone is asked instead
    for letter, name in (("A", "only"), ("B", "x.sub")):
        reply = ask(service, vpcs[letter], f"{name}.layers.com")
        assert reply.rcode() == dns.rcode.NXDOMAIN
        assert not reply.flags & dns.flags.AD
    route53 = service.client("route53", 1)
    listed = route53.list_hosted_zones_by_vpc(**vpcs["B"])["HostedZoneSummaries"]
    owners = {one["HostedZoneId"]: one["Owner"]["OwningAccount"] for one in listed}
    assert owners == {narrow: service.facts["accounts"][1]["id"], wide: service.facts["accounts"][0]["id"]}
    # the narrow zone leaves, and the wide one is found below it again
    delete = [
        {"Action": "DELETE", "ResourceRecordSet": record}
        for record in route53.list_resource_record_sets(HostedZoneId=narrow)["ResourceRecordSets"]
        if record["Type"] == "A"
    ]
    route53.change_resource_record_sets(HostedZoneId=narrow, ChangeBatch={"Changes": delete})
    in_sync(service, 1, route53.delete_hosted_zone(Id=narrow))
    assert addresses(service, vpcs["B"], "x.sub.layers.com") == ["10.2.0.2"]
    # and with the wide one gone from here, the public zone is
    ended = service.client("route53", 0).disassociate_vpc_from_hosted_zone(HostedZoneId=wide, VPC=vpcs["B"])
    in_sync(service, 0, ended)
    assert addresses(service, vpcs["B"], "only.layers.com") == ["203.0.113.1"]


def test_dns_attributes_of_a_vpc_decide_what_its_resolver_answers(
    service: Service, vpcs: dict[str, Vpc]
) -> None:
    public = register(service, "attributes.com")
    service.in_sync(service.upsert(public, "www.attributes.com", "A", "203.0.113.2"))
    make_zone(service, 0, "attributes.com", vpcs["A"], www="10.3.0.1")
    ec2, vpc = service.client("ec2"), vpcs["A"]

    def seen() -> list[str] | str:
        reply = ask(service, vpc, "www.attributes.com")
        if reply.rcode() != dns.rcode.NOERROR:
            return dns.rcode.to_text(reply.rcode())
        return [r.address for rrset in reply.answer for r in rrset]

    def becomes(wanted: list[str] | str) -> None:
        until(f"{wanted}", lambda: seen() == wanted or None)

    assert seen() == ["10.3.0.1"]
    ec2.modify_vpc_attribute(VpcId=vpc["VPCId"], EnableDnsHostnames={"Value": False})
    becomes(["203.0.113.2"])
    # a zone of a VPC that may not answer it is in sync all the same
    make_zone(service, 0, "silent.internal", vpc, www="10.3.0.2")
    assert ask(service, vpc, "www.silent.internal").rcode() == dns.rcode.NXDOMAIN
    ec2.modify_vpc_attribute(VpcId=vpc["VPCId"], EnableDnsSupport={"Value": False})
    becomes("REFUSED")
    ec2.modify_vpc_attribute(VpcId=vpc["VPCId"], EnableDnsSupport={"Value": True})
    becomes(["203.0.113.2"])
    ec2.modify_vpc_attribute(VpcId=vpc["VPCId"], EnableDnsHostnames={"Value": True})
    becomes(["10.3.0.1"])
    assert addresses(service, vpc, "www.silent.internal") == ["10.3.0.2"]


def test_a_vpc_of_ec2_has_a_resolver_that_ends_with_it(service: Service) -> None:
    zone_id = register(service, "ends.com")
    service.in_sync(service.upsert(zone_id, "www.ends.com", "A", "203.0.113.3"))
    ec2 = service.client("ec2")
    vpc = make_vpc(service, 0)
    where = address_of(service, vpc)
    assert addresses(service, vpc, "www.ends.com") == ["203.0.113.3"]
    private = make_zone(service, 0, "ends.internal", vpc, www="10.4.0.1")
    with pytest.raises(ec2.exceptions.ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc["VPCId"])
    route53 = service.client("route53")
    other = make_vpc(service, 0)
    in_sync(service, 0, route53.associate_vpc_with_hosted_zone(HostedZoneId=private, VPC=other))
    in_sync(service, 0, route53.disassociate_vpc_from_hosted_zone(HostedZoneId=private, VPC=vpc))
    ec2.delete_vpc(VpcId=vpc["VPCId"])

    def gone() -> bool | None:
        query = dns.message.make_query("www.ends.com", "A", use_edns=None)
        try:
            dns.query.udp(query, where[0], port=where[1], timeout=0.2)
        except (dns.exception.Timeout, OSError):
            return True
        return None

    until("the resolver's end", gone)
    assert all(resolver["vpc_id"] != vpc["VPCId"] for resolver in service.facts["resolvers"])
    again = make_vpc(service, 0)
    assert address_of(service, again) == where  # its address is used again
    assert addresses(service, again, "www.ends.com") == ["203.0.113.3"]
    assert ask(service, again, "www.ends.internal").rcode() == dns.rcode.NXDOMAIN
    assert addresses(service, other, "www.ends.internal") == ["10.4.0.1"]


def test_vpcs_come_and_go_through_crashes(start: Starter) -> None:
    service = start("--ephemeral")
    first, second, gone = make_vpc(service, 0), make_vpc(service, 1), make_vpc(service, 0)
    zone_id = make_zone(service, 0, "crash.internal", first, www="10.5.0.1")
    lend(service, zone_id, 0, second, 1)
    where = address_of(service, gone)
    service.kill("control")
    service.client("ec2").delete_vpc(VpcId=gone["VPCId"])
    service.kill("resolver")

    def answered() -> bool | None:
        try:
            return addresses(service, second, "www.crash.internal") == ["10.5.0.1"] or None
        except (dns.exception.Timeout, OSError):
            return None

    until("the private answer", answered, 2 * PATIENCE_S)
    query = dns.message.make_query("www.crash.internal", "A", use_edns=None)
    with pytest.raises((dns.exception.Timeout, OSError)):
        dns.query.udp(query, where[0], port=where[1], timeout=0.3)
