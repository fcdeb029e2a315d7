"""What a change batch keeps of routing policies, and what it must find elsewhere."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from seal53.core import Name, Routing
from seal53.services.context import Services
from seal53.services.quotas import AWS
from seal53.store import alias_targets, records
from seal53.store.schema import record_references

HTTP = {"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80}


def health_check(api: Any, reference: str = "r") -> str:
    made = api("CreateHealthCheck", CallerReference=reference, HealthCheckConfig=HTTP)
    return str(made["HealthCheck"]["Id"])


def collection(api: Any, *locations: str, name: str = "isps") -> str:
    made = api("CreateCidrCollection", Name=name, CallerReference=name)["Collection"]["Id"]
    for n, location in enumerate(locations):
        blocks = {"LocationName": location, "Action": "PUT", "CidrList": [f"10.{n}.0.0/16"]}
        api("ChangeCidrCollection", Id=made, Changes=[blocks])
    return str(made)


def refused(api: Any, zone_id: str, *changes: dict[str, Any]) -> tuple[str, str]:
    return tuple(
        api.refused("ChangeResourceRecordSets", HostedZoneId=zone_id, ChangeBatch={"Changes": list(changes)})
    )


def references(services: Services) -> set[tuple[str, str, str]]:
    """Set identifier, kind, target."""
    columns = (record_references.c.set_id, record_references.c.kind, record_references.c.target)
    with services.store.read() as tx:
        return {tuple(row) for row in tx.execute(select(*columns))}


POLICIES: list[tuple[dict[str, Any], Routing]] = [
    ({"Weight": 7}, Routing.weighted(7)),
    ({"Region": "eu-west-1"}, Routing.located(False)),
    ({"Failover": "SECONDARY"}, Routing.failover(False)),
    ({"GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}}, Routing.located(False)),
    ({"GeoLocation": {"CountryCode": "*"}}, Routing.located(True)),
    ({"MultiValueAnswer": True}, Routing.multivalue()),
    ({"GeoProximityLocation": {"AWSRegion": "eu-west-1", "Bias": 10}}, Routing.located(False)),
    (
        {"GeoProximityLocation": {"Coordinates": {"Latitude": "49.22", "Longitude": "-74.01"}}},
        Routing.located(False),
    ),
]


@pytest.mark.parametrize(("policy", "served"), POLICIES)
def test_a_policy_comes_back_as_it_was_given_and_is_served(
    a: Any, put: Any, services: Services, policy: dict[str, Any], served: Routing
) -> None:
    zone_id, check = a.zone("example.com"), health_check(a)
    routed = put("www.example.com", SetIdentifier="Blue", HealthCheckId=check, **policy)
    a.change(zone_id, routed)
    listed = a.sets(zone_id)[-1]
    assert listed == {**routed["ResourceRecordSet"], "Name": "www.example.com."}
    with services.store.read() as tx:
        (stored,) = records.at(tx, zone_id, Name.parse("www.example.com."))
    assert (stored.record.set_id, stored.record.routing) == ("Blue", served)
    assert stored.record.health_check == check
    a.change(zone_id, {"Action": "DELETE", "ResourceRecordSet": listed})
    assert len(a.sets(zone_id)) == 2


def test_what_a_record_set_refers_to_is_kept_while_it_does(a: Any, put: Any, services: Services) -> None:
    zone_id, first, second = a.zone("example.com"), health_check(a, "1"), health_check(a, "2")
    isps = collection(a, "berlin")

    def cidr(set_id: str, location: str, check: str | None, **more: Any) -> dict[str, Any]:
        routed = {"CidrRoutingConfig": {"CollectionId": isps, "LocationName": location}}
        members = {} if check is None else {"HealthCheckId": check}
        return dict(put("www.example.com", SetIdentifier=set_id, **routed, **members, **more))

    a.change(zone_id, cidr("1", "berlin", first), cidr("2", "*", second))
    assert references(services) == {
        ("1", "health", first),
        ("1", "cidr", f"{isps}/berlin"),
        ("2", "health", second),
        ("2", "cidr", f"{isps}/*"),
    }
    a.change(zone_id, cidr("1", "berlin", second, action="UPSERT"), cidr("2", "*", second, action="DELETE"))
    assert references(services) == {("1", "health", second), ("1", "cidr", f"{isps}/berlin")}
    a(
        "ChangeCidrCollection",
        Id=isps,
        Changes=[{"LocationName": "berlin", "Action": "DELETE_IF_EXISTS", "CidrList": ["10.0.0.0/16"]}],
    )
    in_use = ("CidrCollectionInUseException", "The CIDR collection is used by resource record sets.")
    assert a.refused("DeleteCidrCollection", Id=isps) == in_use
    a.change(zone_id, cidr("1", "berlin", second, action="DELETE"), put("www.example.com"))
    assert references(services) == set()
    assert a("DeleteCidrCollection", Id=isps) == {}


def test_another_accounts_health_check_is_none(a: Any, b: Any, put: Any) -> None:
    zone_id, theirs = a.zone("example.com"), health_check(b)
    record_set = put("www.example.com", HealthCheckId=theirs, SetIdentifier="1", Weight=1)
    assert refused(a, zone_id, record_set) == (
        "NoSuchHealthCheck",
        f"A health check with id {theirs} does not exist.",
    )


def test_a_health_check_must_exist(a: Any, put: Any) -> None:
    zone_id, check = a.zone("example.com"), health_check(a)
    weighted = {"SetIdentifier": "1", "Weight": 1}
    unknown = put("www.example.com", HealthCheckId="none", **weighted)
    assert refused(a, zone_id, put("example.org"), unknown) == (
        "NoSuchHealthCheck",
        "A health check with id none does not exist.",
    )
    known = put("www.example.com", HealthCheckId=check, **weighted)
    a.change(zone_id, known)
    a("DeleteHealthCheck", HealthCheckId=check)
    # one that is gone still names what is to be deleted
    a.change(zone_id, {**known, "Action": "DELETE"})


def test_cidr_locations_must_exist_in_ones_own_collections(a: Any, b: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    isps, foreign = collection(a, "berlin"), collection(b, "berlin")

    def cidr(collection_id: str, location: str) -> dict[str, Any]:
        config = {"CollectionId": collection_id, "LocationName": location}
        return dict(put("www.example.com", SetIdentifier=location, CidrRoutingConfig=config))

    assert refused(a, zone_id, cidr(isps, "rome"), cidr(foreign, "berlin")) == (
        "InvalidChangeBatch",
        f"[Cannot find CidrLocation with CollectionId = {isps}, LocationName = rome. No changes made.,"
        f" Cannot find CidrCollection with CollectionId = {foreign}. No changes made.]",
    )
    a.change(zone_id, cidr(isps, "berlin"), cidr(isps, "*"))


# --- aliases


def alias(zone_id: str, name: str, *, health: bool = False) -> dict[str, Any]:
    return {"HostedZoneId": zone_id, "DNSName": name, "EvaluateTargetHealth": health}


def said(target: str, zone_id: str, reason: str, rtype: str = "A") -> tuple[str, str]:
    head = f"Tried to create an alias that targets {target}, type {rtype} in zone {zone_id}"
    return "InvalidChangeBatch", f"[{head}, but {reason}]"


OUTSIDE = "the alias target name does not lie within the target zone"
MISSING = "that target was not found"


def test_an_alias_may_lead_to_another_zone_of_the_account(a: Any, b: Any, put: Any) -> None:
    zone_id, other, foreign = a.zone("example.com"), a.zone("example.org"), b.zone("example.net")
    a.change(other, put("t.example.org"))
    b.change(foreign, put("t.example.net"))

    def to(target: str, target_zone: str, rtype: str = "A") -> dict[str, Any]:
        return dict(put("www.example.com", rtype, AliasTarget=alias(target_zone, target)))

    assert refused(a, zone_id, to("u.example.org", other)) == said("u.example.org.", other, MISSING)
    assert refused(a, zone_id, to("t.example.org", other, "AAAA")) == said(
        "t.example.org.", other, MISSING, "AAAA"
    )
    assert refused(a, zone_id, to("t.example.net", other)) == said("t.example.net.", other, OUTSIDE)
    assert refused(a, zone_id, to("t.example.net", foreign)) == said("t.example.net.", foreign, OUTSIDE)
    a.change(zone_id, to("T.example.org", other))
    shown = alias(other, "t.example.org.")
    assert a.sets(zone_id)[-1] == {"Name": "www.example.com.", "Type": "A", "AliasTarget": shown}


def test_an_alias_may_lead_to_an_aws_service(a: Any, put: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    balancer = "lb-1.eu-west-1.elb.amazonaws.com."
    a.change(zone_id, put("www.example.com", AliasTarget=alias("Z32O12XQLNTSW2", balancer, health=True)))
    with services.store.read() as tx:
        (stored,) = records.at(tx, zone_id, Name.parse("www.example.com."))
        (row,) = alias_targets.of_service_name(tx, Name.parse(balancer), "A")
    assert (stored.record.unresolved, stored.record.evaluate_health) == (True, True)
    assert row.target_zone_id is None
    cloudfront = alias("Z2FDTNDATAQYW2", "d1.cloudfront.net.", health=True)
    assert refused(a, zone_id, put("x.example.com", AliasTarget=cloudfront)) == said(
        "d1.cloudfront.net.", "Z2FDTNDATAQYW2", "EvaluateTargetHealth must be false for CloudFront"
    )
    lost = alias("Z32O12XQLNTSW2", "balancer.example.net")
    assert refused(a, zone_id, put("x.example.com", AliasTarget=lost)) == said(
        "balancer.example.net.", "Z32O12XQLNTSW2", OUTSIDE
    )
    a.change(zone_id, put("www.example.com", action="UPSERT"))
    with services.store.read() as tx:
        assert alias_targets.of_service_name(tx, Name.parse(balancer), "A") == []


def test_private_zones_keep_to_themselves(a: Any, put: Any) -> None:
    vpc = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}
    public, private = a.zone("example.org"), a.zone("example.com", VPC=vpc)
    a.change(public, put("t.example.org"))
    a.change(
        private, put("t.example.com"), put("www.example.com", AliasTarget=alias(private, "t.example.com"))
    )
    outward = put("x.example.com", AliasTarget=alias(public, "t.example.org"))
    assert refused(a, private, outward) == said("t.example.org.", public, OUTSIDE)
    inward = put("x.example.org", AliasTarget=alias(private, "t.example.com"))
    assert refused(a, public, inward) == said("t.example.com.", private, OUTSIDE)


# --- limits, protections, traffic policies


def test_limits_are_the_profiles(a: Any, put: Any) -> None:
    quotas = replace(AWS, record_sets=5, values=2, sets_of_one_name=2)
    limits = replace(a.services.limits, quotas=quotas)
    a = replace(a, services=replace(a.services, limits=limits))
    zone_id = a.zone("example.com")
    assert refused(a, zone_id, *(put(f"i{n}.example.com") for n in range(1001))) == (
        "InvalidChangeBatch",
        "[Number of records limit of 1000 exceeded.]",
    )
    assert refused(a, zone_id, *(put(f"i{n}.example.com") for n in range(4))) == (
        "InvalidChangeBatch",
        "[Number of record sets limit of 5 exceeded.]",
    )
    assert refused(a, zone_id, put("i.example.com", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3")) == (
        "InvalidChangeBatch",
        "[Cannot have more than 2 records in a RRSet.]",
    )
    weighted = [put("i.example.com", SetIdentifier=f"{n}", Weight=1) for n in range(3)]
    assert refused(a, zone_id, *weighted) == (
        "InvalidChangeBatch",
        "[Exceeded limit on number of weighted RRSets for i.example.com., type A in this zone.]",
    )
    a.change(zone_id, *weighted[:2], put("j.example.com"))
    assert refused(a, zone_id, put("k.example.com"))[1] == "[Number of record sets limit of 5 exceeded.]"


@pytest.mark.parametrize("action", ["CREATE", "UPSERT", "DELETE"])
def test_what_is_protected_is_left_alone(a: Any, put: Any, action: str) -> None:
    zone_id = a.zone("example.com")
    if action != "CREATE":
        a.change(zone_id, put("www.example.com"))
    protection = {"RecordName": "www.example.com", "RecordType": "A", "Comment": "Ask first"}
    a("CreateResourceRecordSetProtections", HostedZoneId=zone_id, Protections=[protection])
    assert refused(a, zone_id, put("www.example.com", action=action)) == (
        "InvalidChangeBatch",
        f"[Tried to {action.lower()} resource record set [name='www.example.com.', type='A']"
        " but it is protected: Ask first]",
    )
    a.change(zone_id, put("www.example.com", "TXT", '"x"'))


@pytest.mark.parametrize("action", ["CREATE", "UPSERT", "DELETE"])
def test_what_a_traffic_policy_instance_made_is_changed_through_that(a: Any, put: Any, action: str) -> None:
    zone_id = a.zone("example.com")
    document = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "StartEndpoint": "e",
        "Endpoints": {"e": {"Type": "value", "Value": "192.0.2.1"}},
    }
    policy = a("CreateTrafficPolicy", Name="p", Document=json.dumps(document))["TrafficPolicy"]
    made = a(
        "CreateTrafficPolicyInstance",
        HostedZoneId=zone_id,
        Name="www.example.com",
        TTL=60,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=policy["Version"],
    )["TrafficPolicyInstance"]
    listed = a.sets(zone_id)[-1]
    assert listed["TrafficPolicyInstanceId"] == made["Id"]
    message = (
        f"[Tried to {action.lower()} resource record set [name='www.example.com.', type='A']"
        f" but it is made by the traffic policy instance {made['Id']} and can only be changed through that]"
    )
    expected = ("InvalidChangeBatch", message)
    assert refused(a, zone_id, put("www.example.com", action=action)) == expected
    as_listed = {member: value for member, value in listed.items() if member != "ResourceRecords"}
    assert refused(a, zone_id, {"Action": action, "ResourceRecordSet": as_listed}) == expected
    weighted = put("www.example.com", action=action, SetIdentifier="x", Weight=1)
    assert refused(a, zone_id, weighted)[0] == "InvalidChangeBatch"
    a.change(zone_id, put("www.example.com", "TXT", '"x"'))
