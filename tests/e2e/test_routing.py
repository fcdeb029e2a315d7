"""Routing from outside: weights, failover, client blocks, traffic policies; what is said of health counts.

A call that returned, and a Change that is INSYNC, are believed: the very next query must see them.
"""

import json
import secrets
from collections import Counter
from typing import Any

import dns.dnssec
import dns.edns
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from e2e_service import Service, Starter, until
from e2e_signed import register, sign
from typer.testing import CliRunner

from seal53.cli import app

Set = dict[str, Any]
UP, DOWN, MORE = "192.0.2.1", "192.0.2.2", "192.0.2.3"


def _name() -> str:
    return f"r{secrets.token_hex(4)}.example"


def _set(name: str, value: str, set_id: str, rtype: str = "A", **policy: Any) -> Set:
    records = [{"Value": value}]
    return {
        "Name": name,
        "Type": rtype,
        "TTL": 60,
        "ResourceRecords": records,
        "SetIdentifier": set_id,
        **policy,
    }


def _alias(name: str, zone_id: str, target: str, set_id: str | None = None, **policy: Any) -> Set:
    its = {} if set_id is None else {"SetIdentifier": set_id}
    where = {"HostedZoneId": zone_id, "DNSName": target, "EvaluateTargetHealth": True}
    return {"Name": name, "Type": "A", "AliasTarget": where, **its, **policy}


def _put(service: Service, zone_id: str, *sets: Set) -> None:
    changes = [{"Action": "UPSERT", "ResourceRecordSet": each} for each in sets]
    done = service.client("route53").change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": changes}
    )
    service.in_sync(done["ChangeInfo"]["Id"].rpartition("/")[2])


def _check(service: Service, **config: Any) -> str:
    config = config or {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
    made = service.client("route53").create_health_check(
        CallerReference=secrets.token_hex(8), HealthCheckConfig=config
    )
    return str(made["HealthCheck"]["Id"])


def _seal53(service: Service, *words: str) -> str:
    """The command, with the first account's key; what it prints."""
    account = service.facts["accounts"][0]["id"]
    where = ["--ready-file", str(service.ready_file), "--account", account]
    done = CliRunner().invoke(app, ["health", *words, *where], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def _say(service: Service, check_id: str, status: str, *more: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_seal53(service, "set", check_id, status, *more))
    return told


# --- among the record sets of one name


def test_weights_split_the_answers(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    sets = (("a", UP, 1), ("b", DOWN, 3), ("c", MORE, 0))
    _put(service, zone_id, *(_set(f"w.{name}", value, id, Weight=weight) for id, value, weight in sets))
    seen = Counter(tuple(service.values(servers[n % 4], f"w.{name}")) for n in range(400))
    assert set(seen) == {(UP,), (DOWN,)}
    assert 50 <= seen[UP,] <= 150  # a quarter, and six standard deviations


def test_failover_follows_what_the_operator_says(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    first, second = _check(service), _check(service)
    _put(
        service,
        zone_id,
        _set(f"f.{name}", UP, "p", Failover="PRIMARY", HealthCheckId=first),
        _set(f"f.{name}", DOWN, "s", Failover="SECONDARY", HealthCheckId=second),
    )

    def answers() -> set[tuple[str, ...]]:
        return {tuple(service.values(server, f"f.{name}")) for server in servers}

    assert answers() == {(UP,)}
    told = _say(service, first, "unhealthy", "--reason", "connection refused")
    assert (told["healthy"], told["reason"], told["in_sync"]) == (False, "connection refused", True)
    assert answers() == {(DOWN,)}
    _say(service, second, "unhealthy")
    assert answers() == {(UP,)}  # none is healthy: the primary
    _say(service, second, "healthy")
    assert answers() == {(DOWN,)}
    _say(service, first, "healthy")
    assert answers() == {(UP,)}
    listed = {each["id"]: each for each in json.loads(_seal53(service, "list", "--json"))}
    assert (listed[first]["healthy"], listed[first]["endpoint"]) == (True, "192.0.2.1:80")
    assert f"{first}  healthy " in _seal53(service, "list")
    status = service.client("route53").get_health_check_last_failure_reason(HealthCheckId=first)
    reasons = {each["StatusReport"]["Status"] for each in status["HealthCheckObservations"]}
    assert reasons == {"Failure: connection refused"}


def test_a_calculated_check_and_its_inversion(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    children = [_check(service) for _ in range(2)]
    both = _check(service, Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=children)
    _put(
        service,
        zone_id,
        _set(f"c.{name}", UP, "p", Failover="PRIMARY", HealthCheckId=both),
        _set(f"c.{name}", DOWN, "s", Failover="SECONDARY"),
    )
    assert service.values(servers[0], f"c.{name}") == [UP]
    _say(service, children[1], "unhealthy")
    assert service.values(servers[0], f"c.{name}") == [DOWN]
    service.client("route53").update_health_check(HealthCheckId=both, Inverted=True)
    until("the answer", lambda: service.values(servers[0], f"c.{name}") == [UP] or None)


def test_multivalue_answers_hold_what_is_healthy(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    checks = {value: _check(service) for value in (UP, DOWN, MORE)}
    _put(
        service,
        zone_id,
        *(
            _set(f"m.{name}", value, value, MultiValueAnswer=True, HealthCheckId=check)
            for value, check in checks.items()
        ),
    )
    assert service.values(servers[1], f"m.{name}") == [UP, DOWN, MORE]
    _say(service, checks[DOWN], "unhealthy")
    assert service.values(servers[1], f"m.{name}") == [UP, MORE]
    for value in (UP, MORE):
        _say(service, checks[value], "unhealthy")
    assert service.values(servers[1], f"m.{name}") == [UP, DOWN, MORE]  # none: as if all were


def _from_subnet(service: Service, server: str, name: str, subnet: str, bits: int) -> dns.message.Message:
    option = dns.edns.ECSOption(subnet, bits)
    query = dns.message.make_query(name, "A", use_edns=0, payload=1232, options=[option])
    return dns.query.udp(query, server, timeout=2, port=service.facts["root"]["port"])


def test_client_blocks_decide(service: Service) -> None:
    route53 = service.client("route53")
    name = _name()
    zone_id, servers = service.zone(name)
    made = route53.create_cidr_collection(Name=secrets.token_hex(8), CallerReference=secrets.token_hex(8))
    collection = made["Collection"]["Id"]

    def move(*changes: tuple[str, str, list[str]]) -> None:
        changed = route53.change_cidr_collection(
            Id=collection,
            Changes=[
                {"LocationName": at, "Action": action, "CidrList": blocks} for at, action, blocks in changes
            ],
        )
        service.in_sync(changed["Id"].rpartition("/")[2])

    move(("lan", "PUT", ["10.0.0.0/8", "2001:db8::/32"]), ("lab", "PUT", ["10.53.0.0/16"]))
    _put(
        service,
        zone_id,
        *(
            _set(
                f"b.{name}",
                value,
                at.replace("*", "default"),
                CidrRoutingConfig={"CollectionId": collection, "LocationName": at},
            )
            for at, value in (("lan", UP), ("lab", DOWN), ("*", MORE))
        ),
    )

    def asked(subnet: str, bits: int) -> tuple[list[str], int]:
        reply = _from_subnet(service, servers[0], f"b.{name}", subnet, bits)
        (option,) = (each for each in reply.options if isinstance(each, dns.edns.ECSOption))
        return sorted(r.to_text() for rrset in reply.answer for r in rrset), option.scopelen

    assert asked("10.1.2.0", 24) == ([UP], 11)  # up to where "lab" begins to differ
    assert asked("10.53.2.0", 24) == ([DOWN], 16)
    assert asked("2001:db8:5::", 48) == ([UP], 32)
    assert asked("198.51.100.0", 24)[0] == [MORE]
    assert service.values(servers[0], f"b.{name}") == [MORE]  # without a subnet: who asks
    move(("lab", "DELETE_IF_EXISTS", ["10.53.0.0/16"]), ("lab", "PUT", ["198.51.100.0/24"]))
    assert asked("10.53.2.0", 24) == ([UP], 8)
    assert asked("198.51.100.0", 24) == ([DOWN], 24)
    tested = route53.test_dns_answer(
        HostedZoneId=zone_id, RecordName=f"b.{name}", RecordType="A", EDNS0ClientSubnetIP="198.51.100.9"
    )
    assert (tested["RecordData"], tested["ResponseCode"], tested["Protocol"]) == ([DOWN], "NOERROR", "UDP")


def test_an_alias_is_as_healthy_as_what_it_leads_to(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    checks = [_check(service) for _ in range(2)]
    _put(
        service,
        zone_id,
        _set(f"g.{name}", UP, "p", Failover="PRIMARY", HealthCheckId=checks[0]),
        _set(f"g.{name}", DOWN, "s", Failover="SECONDARY", HealthCheckId=checks[1]),
        _alias(f"a.{name}", zone_id, f"g.{name}", "p", Failover="PRIMARY"),
        _set(f"a.{name}", MORE, "s", Failover="SECONDARY"),
    )
    seen = [service.values(servers[2], f"a.{name}")]
    for check in checks:
        _say(service, check, "unhealthy")
        seen.append(service.values(servers[2], f"a.{name}"))
    assert seen == [[UP], [DOWN], [MORE]]
    _say(service, checks[1], "healthy")
    assert service.values(servers[2], f"a.{name}") == [DOWN]


def test_routing_by_place_answers_by_default(service: Service) -> None:
    name = _name()
    zone_id, servers = service.zone(name)
    _put(
        service,
        zone_id,
        _set(f"g.{name}", UP, "a", GeoLocation={"CountryCode": "DE"}),
        _set(f"g.{name}", DOWN, "b", GeoLocation={"CountryCode": "*"}),
        _set(f"l.{name}", UP, "a", Region="eu-west-1"),
        _set(f"l.{name}", DOWN, "b", Region="us-east-1"),
    )
    assert service.values(servers[0], f"g.{name}") == [DOWN]
    assert service.values(servers[0], f"l.{name}") == [UP]
    said = [line for line in service.log.read_text().splitlines() if "answered-by-default" in line]
    assert sum(f'"g.{name}."' in line for line in said) == 2
    assert sum(f'"l.{name}."' in line for line in said) == 2


# --- traffic policies


def _document(check: str, **endpoints: str) -> str:
    """Failover from a weighted pair to another endpoint."""
    return json.dumps(
        {
            "AWSPolicyFormatVersion": "2015-10-01",
            "RecordType": "A",
            "StartRule": "site",
            "Endpoints": {id: {"Type": "value", "Value": value} for id, value in endpoints.items()},
            "Rules": {
                "site": {
                    "RuleType": "failover",
                    "Primary": {"RuleReference": "pair", "EvaluateTargetHealth": True},
                    "Secondary": {"EndpointReference": "spare"},
                },
                "pair": {
                    "RuleType": "weighted",
                    "Items": [
                        {"EndpointReference": "one", "Weight": "1", "HealthCheck": check},
                        {"EndpointReference": "two", "Weight": "0", "HealthCheck": check},
                    ],
                },
            },
        }
    )


def _applied(service: Service, instance_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = service.client("route53").get_traffic_policy_instance(Id=instance_id)
        instance: dict[str, Any] = found["TrafficPolicyInstance"]
        assert instance["State"] in ("Creating", "Applied"), instance["Message"]
        return instance if instance["State"] == "Applied" else None

    return until("the instance", look)


def _instance(service: Service, zone_id: str, name: str, document: str) -> tuple[str, str]:
    """Ids of a policy and of an instance of it that is applied."""
    route53 = service.client("route53")
    policy = route53.create_traffic_policy(Name=secrets.token_hex(8), Document=document)["TrafficPolicy"]
    made = route53.create_traffic_policy_instance(
        HostedZoneId=zone_id,
        Name=name,
        TTL=30,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=1,
    )["TrafficPolicyInstance"]
    _applied(service, made["Id"])
    return policy["Id"], made["Id"]


def test_a_traffic_policy_from_document_to_answer(service: Service) -> None:
    route53 = service.client("route53")
    name = _name()
    zone_id, servers = service.zone(name)
    check = _check(service)
    document = _document(check, one=UP, two=DOWN, spare=MORE)
    policy_id, instance_id = _instance(service, zone_id, f"t.{name}", document)
    reply = service.ask(servers[0], f"t.{name}")
    assert [(rrset.ttl, [r.to_text() for r in rrset]) for rrset in reply.answer] == [(30, [UP])]
    _say(service, check, "unhealthy")
    assert {tuple(service.values(server, f"t.{name}")) for server in servers} == {(MORE,)}
    with pytest.raises(route53.exceptions.TrafficPolicyInUse):
        route53.delete_traffic_policy(Id=policy_id, Version=1)
    again = _document(check, one=UP, two=DOWN, spare="192.0.2.9")
    second = route53.create_traffic_policy_version(Id=policy_id, Document=again)["TrafficPolicy"]
    route53.update_traffic_policy_instance(
        Id=instance_id, TTL=5, TrafficPolicyId=policy_id, TrafficPolicyVersion=second["Version"]
    )
    assert _applied(service, instance_id)["TTL"] == 5
    assert service.values(servers[3], f"t.{name}") == ["192.0.2.9"]
    shown = route53.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=f"t.{name}")
    assert shown["ResourceRecordSets"][0]["TrafficPolicyInstanceId"] == instance_id
    change = {"Action": "DELETE", "ResourceRecordSet": shown["ResourceRecordSets"][0]}
    with pytest.raises(route53.exceptions.ClientError):
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})
    with pytest.raises(route53.exceptions.HostedZoneNotEmpty):
        route53.delete_hosted_zone(Id=zone_id)
    route53.delete_traffic_policy_instance(Id=instance_id)
    until(
        "the end of the record set",
        lambda: service.ask(servers[0], f"t.{name}").rcode() == dns.rcode.NXDOMAIN or None,
    )
    for version in (1, 2):
        route53.delete_traffic_policy(Id=policy_id, Version=version)
    route53.delete_hosted_zone(Id=zone_id)


# --- signed, private, and after a crash


def _validated(service: Service, server: str, apex: str, name: str) -> list[str]:
    """The addresses of an answer whose signature dnspython has verified with the zone's own keys."""
    keys = service.ask(server, apex, "DNSKEY", dnssec=True)
    origin, owner = dns.name.from_text(apex), dns.name.from_text(name)
    rrset = keys.get_rrset(keys.answer, origin, 1, dns.rdatatype.DNSKEY)
    signature = keys.get_rrset(keys.answer, origin, 1, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY)
    dns.dnssec.validate(rrset, signature, {origin: rrset})
    reply = service.ask(server, name, "A", dnssec=True)
    found = reply.get_rrset(reply.answer, owner, 1, dns.rdatatype.A)
    signed = reply.get_rrset(reply.answer, owner, 1, dns.rdatatype.RRSIG, dns.rdatatype.A)
    assert found is not None
    dns.dnssec.validate(found, signed, {origin: rrset})
    return sorted(r.to_text() for r in found)


def test_every_choice_of_a_signed_zone_validates(service: Service) -> None:
    domain = f"r{secrets.token_hex(4)}.com"
    zone_id = register(service, domain)
    hosts = service.client("route53").get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    server = next(
        each["address"] for each in service.facts["name_servers"] if each["host"].rstrip(".") in hosts
    )
    sign(service, zone_id)
    check, other = _check(service), _check(service)
    _put(
        service,
        zone_id,
        _set(f"f.{domain}", UP, "p", Failover="PRIMARY", HealthCheckId=check),
        _set(f"f.{domain}", DOWN, "s", Failover="SECONDARY"),
        *(_set(f"w.{domain}", value, value, Weight=1) for value in (UP, DOWN)),
        *(
            _set(f"m.{domain}", value, value, MultiValueAnswer=True, HealthCheckId=its)
            for value, its in ((UP, check), (DOWN, other), (MORE, other))
        ),
        _alias(f"a.{domain}", zone_id, f"f.{domain}"),
    )
    _instance(service, zone_id, f"t.{domain}", _document(check, one=UP, two=DOWN, spare=MORE))
    before = {each: _validated(service, server, domain, f"{each}.{domain}") for each in "fmat"}
    assert before == {"f": [UP], "m": [UP, DOWN, MORE], "a": [UP], "t": [UP]}
    _say(service, check, "unhealthy")
    after = {each: _validated(service, server, domain, f"{each}.{domain}") for each in "fmat"}
    assert after == {"f": [DOWN], "m": [DOWN, MORE], "a": [DOWN], "t": [MORE]}
    seen = {tuple(_validated(service, server, domain, f"w.{domain}")) for _ in range(40)}
    assert seen == {(UP,), (DOWN,)}
    denial = service.ask(server, f"t.{domain}", "AAAA", dnssec=True)
    assert [rrset.rdtype for rrset in denial.authority].count(dns.rdatatype.NSEC) == 1


def test_failover_in_a_private_zone(service: Service) -> None:
    route53, ec2 = service.client("route53"), service.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    name = f"{secrets.token_hex(4)}.corp"
    made = route53.create_hosted_zone(
        Name=name,
        CallerReference=secrets.token_hex(8),
        VPC={"VPCId": vpc_id, "VPCRegion": "us-east-1"},
    )
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    check = _check(service)
    _put(
        service,
        zone_id,
        _set(f"f.{name}", "10.0.0.1", "p", Failover="PRIMARY", HealthCheckId=check),
        _set(f"f.{name}", "10.0.0.2", "s", Failover="SECONDARY"),
    )

    def resolver() -> dict[str, Any] | None:
        return next((each for each in service.facts["resolvers"] if each["vpc_id"] == vpc_id), None)

    its = until("the resolver", resolver)

    def answer() -> list[str]:
        query = dns.message.make_query(f"f.{name}", "A")
        reply = dns.query.udp(query, its["address"], timeout=5, port=its["port"])
        return sorted(r.to_text() for rrset in reply.answer for r in rrset)

    until("the zone in the VPC", lambda: answer() == ["10.0.0.1"] or None)
    _say(service, check, "unhealthy")
    assert answer() == ["10.0.0.2"]
    _say(service, check, "healthy")
    assert answer() == ["10.0.0.1"]
    refused = route53.exceptions.InvalidInput
    with pytest.raises(refused, match="Cannot send DNS query to a Private Hosted Zone"):
        route53.test_dns_answer(HostedZoneId=zone_id, RecordName=f"f.{name}", RecordType="A")


def test_what_was_said_outlives_every_process(start: Starter) -> None:
    service = start("--ephemeral")
    name = _name()
    zone_id, servers = service.zone(name)
    check = _check(service)
    _put(
        service,
        zone_id,
        _set(f"f.{name}", UP, "p", Failover="PRIMARY", HealthCheckId=check),
        _set(f"f.{name}", DOWN, "s", Failover="SECONDARY"),
    )
    _say(service, check, "unhealthy")
    for role in ("edge", "control"):
        gone = service.kill(role)
        until(f"another {role}", lambda: gone not in service.facts["pids"][role] or None)  # noqa: B023

        def look() -> list[str] | None:
            try:
                return service.values(servers[0], f"f.{name}") or None
            except OSError:
                return None

        assert until("an answer", look) == [DOWN]
    until("the API", lambda: _spoken(service, check))
    assert service.values(servers[0], f"f.{name}") == [UP]


def _spoken(service: Service, check: str) -> bool | None:
    account = service.facts["accounts"][0]["id"]
    words = ["health", "set", check, "healthy", "--ready-file", str(service.ready_file), "--account", account]
    return CliRunner().invoke(app, words).exit_code == 0 or None
