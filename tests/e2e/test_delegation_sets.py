"""Reusable delegation sets: their zones answer on the set's own addresses, and nobody else's do."""

import secrets
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from e2e_service import Service, until
from e2e_signed import operation, register


def addresses(service: Service, hosts: list[str]) -> list[str]:
    """Of name servers, as the ready file has them."""

    def look() -> list[str] | None:
        known = {s["host"].rstrip("."): s["address"] for s in service.facts["name_servers"]}
        return [known[host] for host in hosts] if known.keys() >= set(hosts) else None

    return until("the name servers' addresses", look)


def make_set(service: Service, account: int = 0, **request: str) -> dict[str, Any]:
    made: dict[str, Any] = service.client("route53", account).create_reusable_delegation_set(
        CallerReference=secrets.token_hex(8), **request
    )["DelegationSet"]
    return made


def make_zone(service: Service, name: str, set_id: str, address: str) -> str:
    """A zone on the set that answers `www` with the address."""
    route53 = service.client("route53")
    made = route53.create_hosted_zone(Name=name, CallerReference=secrets.token_hex(8), DelegationSetId=set_id)
    zone_id: str = made["HostedZone"]["Id"].rpartition("/")[2]
    service.in_sync(made["ChangeInfo"]["Id"].rpartition("/")[2])
    service.in_sync(service.upsert(zone_id, f"www.{name}", "A", address))
    return zone_id


def test_servers_without_a_zone_refuse_and_are_not_silent(start: Any) -> None:
    service: Service = start("--ephemeral")
    service.client("route53").create_reusable_delegation_set(CallerReference=secrets.token_hex(8))
    servers = until(
        "the set's servers",
        lambda: [s for s in service.facts["name_servers"] if ".set-" in s["host"]] or None,
    )

    def refuses(address: str) -> bool | None:
        try:
            return service.ask(address, "nobody.com", timeout=0.5).rcode() == dns.rcode.REFUSED
        except (OSError, dns.exception.Timeout):
            return None

    for server in servers:
        assert until(f"{server['host']}", lambda address=server["address"]: refuses(address))


def test_zones_of_a_set_answer_on_its_addresses_alone(service: Service) -> None:
    held = make_set(service)
    set_id = held["Id"]
    assert set_id.startswith("/delegationset/N")
    first = make_zone(service, "first-on-set.com", set_id, "203.0.113.10")
    make_zone(service, "second-on-set.com", set_id, "203.0.113.11")
    where = addresses(service, held["NameServers"])
    assert len(set(where)) == 4
    for address in where:
        assert service.values(address, "www.first-on-set.com") == ["203.0.113.10"]
        assert service.values(address, "www.second-on-set.com") == ["203.0.113.11"]
        assert service.values(address, "first-on-set.com", "NS") == sorted(
            f"{host}." for host in held["NameServers"]
        )
    # a zone that names no set comes elsewhere
    _, other = service.zone("elsewhere-on-set.com")
    assert set(other).isdisjoint(where)
    assert service.ask(where[0], "elsewhere-on-set.com").rcode() == dns.rcode.REFUSED
    route53 = service.client("route53")
    with pytest.raises(route53.exceptions.ConflictingDomainExists):
        route53.create_hosted_zone(
            Name="sub.first-on-set.com", CallerReference=secrets.token_hex(8), DelegationSetId=set_id
        )
    with pytest.raises(route53.exceptions.DelegationSetInUse):
        route53.delete_reusable_delegation_set(Id=set_id)
    listed = route53.list_hosted_zones(DelegationSetId=set_id)["HostedZones"]
    assert {zone["Name"] for zone in listed} == {"first-on-set.com.", "second-on-set.com."}
    assert route53.get_hosted_zone(Id=first)["DelegationSet"] == held


def test_a_domain_moves_to_a_set_and_is_found_from_the_root(service: Service) -> None:
    """The hosts of a set stand in our own TLD from the moment it is made."""
    old = register(service, "moves-to-set.com")
    service.in_sync(service.upsert(old, "www.moves-to-set.com", "A", "203.0.113.12"))
    held = make_set(service)
    # an overlapping zone is free to be on it: its own zone is on another set
    make_zone(service, "moves-to-set.com", held["Id"], "203.0.113.13")
    domains = service.client("route53domains")
    operation(
        service,
        domains.update_domain_nameservers(
            DomainName="moves-to-set.com", Nameservers=[{"Name": host} for host in held["NameServers"]]
        ),
    )
    ec2 = service.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def resolver() -> dict[str, Any] | None:
        return next((r for r in service.facts["resolvers"] if r["vpc_id"] == vpc_id), None)

    where = until("the resolver", resolver)

    def found() -> list[str] | None:
        query = dns.message.make_query("www.moves-to-set.com", "A", use_edns=None)
        reply, _ = dns.query.udp_with_fallback(query, where["address"], port=where["port"], timeout=8)
        return [r.address for rrset in reply.answer for r in rrset] or None

    assert until("the answer", found) == ["203.0.113.13"]


def test_two_accounts_hold_the_set_that_their_zones_share(service: Service) -> None:
    (of_a, servers_a), (of_b, servers_b) = (
        service.zone(f"shares-{account}.com", account=account) for account in (0, 1)
    )
    assert servers_a == servers_b
    held_a, held_b = make_set(service, 0, HostedZoneId=of_a), make_set(service, 1, HostedZoneId=of_b)
    assert held_a["NameServers"] == held_b["NameServers"]
    assert held_a["Id"] != held_b["Id"]
    for account, held in enumerate((held_a, held_b)):
        route53 = service.client("route53", account)
        assert route53.list_hosted_zones(DelegationSetId=held["Id"])["HostedZones"]
        assert held in route53.list_reusable_delegation_sets()["DelegationSets"]
    route53 = service.client("route53", 1)
    with pytest.raises(route53.exceptions.NoSuchDelegationSet):
        route53.get_reusable_delegation_set(Id=held_a["Id"])
    route53.delete_hosted_zone(Id=of_b)
    with pytest.raises(service.client("route53").exceptions.DelegationSetInUse):
        service.client("route53").delete_reusable_delegation_set(Id=held_a["Id"])
