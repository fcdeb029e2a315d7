"""Aliases that lead out of their zone, from outside: to other hosted zones, and to names of AWS services.

The AWS service's name lies in a zone that this service hosts itself, under the TLD that it is the root of: it
is looked up as any name is, from the root, validated.
"""

import secrets
import sqlite3
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from botocore.exceptions import ClientError
from e2e_service import Service, Starter, until
from e2e_signed import associate, register, sign, signed_domain

ELB = "Z32O12XQLNTSW2"  # load balancers in eu-west-1


def alias(
    service: Service, zone_id: str, name: str, target: str, *, of: str, rtype: str = "A", health: bool = False
) -> str:
    """The change's id."""
    where = {"HostedZoneId": of, "DNSName": target, "EvaluateTargetHealth": health}
    change = {"Name": name, "Type": rtype, "AliasTarget": where}
    answer = service.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]},
    )
    return str(answer["ChangeInfo"]["Id"]).rpartition("/")[2]


def seen(service: Service, address: str, name: str, wanted: list[str]) -> None:
    """Soon: what follows a change is published beside it."""
    until(f"{name} {wanted}", lambda: service.values(address, name) == wanted or None)


def test_an_alias_follows_its_target_through_two_other_zones(service: Service) -> None:
    apexes = [f"{label}-{secrets.token_hex(4)}.example" for label in ("one", "two", "three")]
    (one, [at_one, *_]), (two, [at_two, *_]), (three, _) = (service.zone(apex) for apex in apexes)
    names = [f"www.{apex}" for apex in apexes]
    service.upsert(three, names[2], "A", "192.0.2.1", ttl=30)
    service.in_sync(alias(service, two, names[1], names[2], of=three))
    service.in_sync(alias(service, one, names[0], names[1], of=two))
    for address, name in ((at_one, names[0]), (at_two, names[1])):
        reply = service.ask(address, name)
        assert [rrset.to_text() for rrset in reply.answer] == [f"{name}. 30 IN A 192.0.2.1"]
        assert reply.flags & dns.flags.AA
    service.upsert(three, names[2], "A", "192.0.2.2", "192.0.2.3")
    for address, name in ((at_one, names[0]), (at_two, names[1])):
        seen(service, address, name, ["192.0.2.2", "192.0.2.3"])
    # what lists show is what was asked for
    shown = service.client("route53").list_resource_record_sets(HostedZoneId=one)["ResourceRecordSets"]
    (found,) = [item for item in shown if item["Type"] == "A"]
    assert found["AliasTarget"] == {
        "HostedZoneId": two,
        "DNSName": f"{names[1]}.",
        "EvaluateTargetHealth": False,
    }
    with pytest.raises(ClientError, match="but that target was not found"):
        alias(service, three, names[2], names[0], of=one)  # a circle


def test_a_target_that_is_gone_is_not_answered(service: Service) -> None:
    apexes = [f"{label}-{secrets.token_hex(4)}.example" for label in ("one", "two")]
    (one, [at_one, *_]), (two, _) = (service.zone(apex) for apex in apexes)
    names = [f"www.{apex}" for apex in apexes]
    service.upsert(two, names[1], "A", "192.0.2.1")
    service.in_sync(alias(service, one, names[0], names[1], of=two))
    route53 = service.client("route53")
    (target,) = [
        item
        for item in route53.list_resource_record_sets(HostedZoneId=two)["ResourceRecordSets"]
        if item["Type"] == "A"
    ]
    route53.change_resource_record_sets(
        HostedZoneId=two, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": target}]}
    )

    def fails() -> Any:
        reply = service.ask(at_one, names[0])
        return reply if reply.rcode() == dns.rcode.SERVFAIL else None

    reply = until("SERVFAIL", fails)
    assert [option.otype for option in reply.options] == [dns.edns.OptionType.EDE]
    route53.delete_hosted_zone(Id=two)
    assert fails() is not None
    # the rest of the zone is answered as ever
    assert service.ask(at_one, apexes[0], "SOA").rcode() == dns.rcode.NOERROR


def test_a_signed_zone_signs_what_was_written_out(service: Service) -> None:
    domain, other = f"signed-{secrets.token_hex(4)}.com", f"plain-{secrets.token_hex(4)}.example"
    zone_id = signed_domain(service, domain)
    target, _ = service.zone(other)
    service.upsert(target, f"www.{other}", "A", "192.0.2.7")
    service.in_sync(alias(service, zone_id, domain, f"www.{other}", of=target))
    vpc_id = service.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    service.client("route53resolver").update_resolver_dnssec_config(ResourceId=vpc_id, Validation="ENABLE")
    resolver = until(
        "the resolver",
        lambda: next((r for r in service.facts["resolvers"] if r["vpc_id"] == vpc_id), None),
    )
    query = dns.message.make_query(domain, "A", want_dnssec=True)

    def secure() -> dns.message.Message | None:
        reply = dns.query.udp(query, resolver["address"], port=resolver["port"], timeout=5)
        return reply if reply.flags & dns.flags.AD else None

    reply = until("a validated answer", secure)
    assert [r.to_text() for s in reply.answer if s.rdtype == dns.rdatatype.A for r in s] == ["192.0.2.7"]


@pytest.fixture
def amazon(start: Starter, tmp_path: Path) -> tuple[Service, str, Path]:
    """A service that hosts amazonaws.com, signed; the zone's id; the database."""
    data = tmp_path / "data"
    service = start("--data", str(data), "--address-block", "127.53.210.0/24", "--api-listen", "127.0.0.1:0")
    zone_id = register(service, "amazonaws.com")
    associate(service, "amazonaws.com", sign(service, zone_id)["PublicKey"])
    return service, zone_id, data / "seal53.db"


def test_an_alias_to_an_aws_service_is_looked_up_and_follows(amazon: tuple[Service, str, Path]) -> None:
    service, amazonaws, database = amazon
    balancer = "lb-1.eu-west-1.elb.amazonaws.com"
    service.in_sync(service.upsert(amazonaws, balancer, "A", "192.0.2.1", ttl=900))
    own = f"own-{secrets.token_hex(4)}.example"
    zone_id, [address, *_] = service.zone(own)
    service.in_sync(alias(service, zone_id, own, balancer, of=ELB, health=True))
    alias(service, zone_id, own, balancer, of=ELB, rtype="AAAA")
    alias(service, zone_id, f"gone.{own}", "lb-2.eu-west-1.elb.amazonaws.com", of=ELB)
    seen(service, address, own, ["192.0.2.1"])
    (rrset,) = service.ask(address, own).answer
    assert rrset.ttl == 60

    def no_data() -> bool | None:
        reply = service.ask(address, own, "AAAA")
        return True if reply.rcode() == dns.rcode.NOERROR and not reply.answer else None

    until("NODATA for AAAA", no_data)
    reply = service.ask(address, f"gone.{own}")
    assert reply.rcode() == dns.rcode.SERVFAIL
    assert [option.otype for option in reply.options] == [dns.edns.OptionType.EDE]

    service.in_sync(service.upsert(amazonaws, balancer, "A", "192.0.2.2", "192.0.2.3"))
    assert service.values(address, own) == ["192.0.2.1"]  # until it is looked up again
    _minute_passes(database)
    alias(service, zone_id, f"another.{own}", "lb-3.eu-west-1.elb.amazonaws.com", of=ELB)  # wakes
    seen(service, address, own, ["192.0.2.2", "192.0.2.3"])


def _minute_passes(database: Path) -> None:
    """For what is looked up: each name is due."""
    with sqlite3.connect(database, timeout=10) as connection:
        connection.execute("UPDATE alias_targets SET look_at = 1")
    connection.close()
