"""Traffic policy instances, through their operations."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from traffic_world import (
    NEVER,
    document_of,
    new_instance,
    new_policy,
    new_version,
    now_in_sync,
    set_at,
)

from seal53.base import journal
from seal53.core import Name, RecordSet, Routing
from seal53.services.quotas import AWS
from seal53.services.route53 import traffic_placing, written
from seal53.store import alias_targets, outbox, protections, records
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found
from seal53.store.protections import Protection
from seal53.store.records import StoredSet
from seal53.store.schema import record_references

Put = Callable[..., dict[str, Any]]


def test_an_instance_is_one_record_set(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    instance = new_instance(a, zone_id, policy, "WWW.example.com", ttl=30)
    assert instance == {
        "Id": instance["Id"],
        "HostedZoneId": zone_id,
        "Name": "www.example.com.",
        "TTL": 30,
        "State": "Creating",
        "Message": "",
        "TrafficPolicyId": policy["Id"],
        "TrafficPolicyVersion": 1,
        "TrafficPolicyType": "A",
    }
    record = set_at(a, zone_id)
    assert record is not None
    assert [one.routing for one in record.written] == [Routing.weighted(1), Routing.weighted(3)]
    assert {one.ttl for one in record.written} == {30}
    assert a.sets(zone_id, StartRecordName="www.example.com")[0] == {
        "Name": "www.example.com.",
        "Type": "A",
        "ResourceRecords": [{"Value": traffic_placing.UNSHOWN}],
        "TrafficPolicyInstanceId": instance["Id"],
    }
    assert a("GetHostedZone", Id=zone_id)["HostedZone"]["ResourceRecordSetCount"] == 3
    with a.services.store.read() as tx:
        told = [row for row in outbox.pending(tx) if row.subject == f"zone:{zone_id}"][-1]
        zone = zone_rows.get(tx, zone_id)
        references = tx.execute(record_references.select()).all()
    assert zone is not None
    assert (told.kind, told.version) == ("records", zone.version)
    assert told.detail == [[Name.parse("www.example.com.").to_wire(), 1, ""]]
    assert [(row.kind, row.target) for row in references] == [("instance", instance["Id"])]
    now_in_sync(a, zone_id)
    assert a("GetTrafficPolicyInstance", Id=instance["Id"]) == {
        "TrafficPolicyInstance": {**instance, "State": "Applied"}
    }


def test_an_update_takes_the_place_of_what_was(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    instance = new_instance(a, zone_id, policy)
    now_in_sync(a, zone_id)
    second = new_version(a, policy["Id"], document_of("A", "192.0.2.9"))
    done = a(
        "UpdateTrafficPolicyInstance",
        Id=instance["Id"],
        TTL=5,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=second["Version"],
    )["TrafficPolicyInstance"]
    assert done == {**instance, "TTL": 5, "TrafficPolicyVersion": 2, "State": "Creating"}
    record = set_at(a, zone_id)
    assert record is not None
    assert [(one.ttl, one.rdatas) for one in record.written] == [(5, (b"\xc0\0\2\x09",))]
    assert a("GetHostedZone", Id=zone_id)["HostedZone"]["ResourceRecordSetCount"] == 3
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 1}


def test_an_update_cannot_change_the_type(a: Any) -> None:
    zone_id, policy, other = a.zone(), new_policy(a), new_policy(a, "q", document_of("AAAA", "2001:db8::1"))
    instance = new_instance(a, zone_id, policy)
    request = {"Id": instance["Id"], "TTL": 60}
    refused = a.refused(
        "UpdateTrafficPolicyInstance", **request, TrafficPolicyId=other["Id"], TrafficPolicyVersion=1
    )
    assert refused[0] == "ConflictingTypes"
    refused = a.refused(
        "UpdateTrafficPolicyInstance", **request, TrafficPolicyId=NEVER, TrafficPolicyVersion=1
    )
    assert refused[0] == "NoSuchTrafficPolicy"


def test_deleting_takes_the_record_set_along(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    instance = new_instance(a, zone_id, policy)
    refused = a.refused("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    assert refused == ("TrafficPolicyInUse", "Policy is in use for at least one instance")
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "HostedZoneNotEmpty"
    assert a("DeleteTrafficPolicyInstance", Id=instance["Id"]) == {}
    assert set_at(a, zone_id) is None
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 0}
    with a.services.store.read() as tx:
        assert tx.execute(record_references.select()).all() == []
        told = [row for row in outbox.pending(tx) if row.subject == f"zone:{zone_id}"][-1]
    assert told.detail == [[Name.parse("www.example.com.").to_wire(), 1, ""]]
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    a("DeleteHostedZone", Id=zone_id)


def test_another_accounts_instance_is_not_there(a: Any, b: Any) -> None:
    theirs, policy = new_instance(b, b.zone(), new_policy(b))["Id"], new_policy(a)
    for instance_id in (theirs, NEVER):
        for operation, request in (
            ("GetTrafficPolicyInstance", {}),
            ("DeleteTrafficPolicyInstance", {}),
            (
                "UpdateTrafficPolicyInstance",
                {"TTL": 1, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1},
            ),
        ):
            refused = a.refused(operation, Id=instance_id, **request)
            message = f"No traffic policy instance found with ID: {instance_id}"
            assert refused == ("NoSuchTrafficPolicyInstance", message)
    assert a("ListTrafficPolicyInstances")["TrafficPolicyInstances"] == []


def test_where_an_instance_cannot_be(a: Any, b: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    request = {"TTL": 60, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    for zone, name, refused in (
        (b.zone("example.net"), "www.example.net", "NoSuchHostedZone"),
        ("Z0NEVER", "www.example.com", "NoSuchHostedZone"),
        (zone_id, "www.example.net", "InvalidInput"),
        (zone_id, "a..example.com", "InvalidInput"),
    ):
        found = a.refused("CreateTrafficPolicyInstance", HostedZoneId=zone, Name=name, **request)
        assert found[0] == refused
    new_instance(a, zone_id, policy)
    found = a.refused("CreateTrafficPolicyInstance", HostedZoneId=zone_id, Name="WWW.example.com.", **request)
    assert found[0] == "TrafficPolicyInstanceAlreadyExists"
    new_instance(
        a, zone_id, new_policy(a, "six", document_of("AAAA", "2001:db8::1"))
    )  # another type is no conflict
    new_instance(a, zone_id, policy, "*.example.com")
    new_instance(a, zone_id, policy, "example.com")


# --- instances that fail


def _failed(api: Any, zone_id: str, policy: dict[str, Any], name: str = "www.example.com") -> str:
    instance = new_instance(api, zone_id, policy, name)
    assert instance["State"] == "Failed"
    again = api("GetTrafficPolicyInstance", Id=instance["Id"])["TrafficPolicyInstance"]
    assert again == instance
    return str(instance["Message"])


def test_what_conflicts_with_the_zone_fails(a: Any, put: Put) -> None:
    zone_id = a.zone()
    address, name = new_policy(a), new_policy(a, "c", document_of("CNAME", "a.example.net"))
    a.change(zone_id, put("a.example.com"), put("c.example.com", "CNAME", "x.example.com"))
    of_a = "RRSet of type A with DNS name c.example.com. is not permitted"
    of_cname = "RRSet of type CNAME with DNS name"
    for policy, at, message in (
        (
            address,
            "a.example.com",
            "RRSet with DNS name a.example.com., type A cannot be created as other RRSets exist with the same"
            " name and type.",
        ),
        (
            address,
            "c.example.com",
            f"{of_a} because a conflicting RRSet of type CNAME with the same DNS name already exists in zone"
            " example.com.",
        ),
        (
            name,
            "a.example.com",
            f"{of_cname} a.example.com. is not permitted as it conflicts with other records with the same DNS"
            " name in zone example.com.",
        ),
        (name, "example.com", f"{of_cname} example.com. is not permitted at apex in zone example.com."),
    ):
        assert _failed(a, zone_id, policy, at) == message
    assert len(a.sets(zone_id)) == 4
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 4}
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "HostedZoneNotEmpty"


def test_another_accounts_health_check_is_not_there(a: Any, b: Any) -> None:
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1}
    theirs = b("CreateHealthCheck", CallerReference="r", HealthCheckConfig=config)["HealthCheck"]["Id"]
    zone_id, policy = a.zone(), new_policy(a, document=document_of(HealthCheck=theirs))
    assert _failed(a, zone_id, policy) == f"A health check with id {theirs} does not exist."


def test_a_health_check_that_is_not_there_fails(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a, document=document_of(HealthCheck=NEVER))
    assert _failed(a, zone_id, policy) == f"A health check with id {NEVER} does not exist."
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1}
    made = a("CreateHealthCheck", CallerReference="r", HealthCheckConfig=config)["HealthCheck"]
    document = document_of(HealthCheck=made["Id"])
    instance = new_instance(a, zone_id, new_version(a, policy["Id"], document), "ok.example.com")
    assert instance["State"] == "Creating"
    record = set_at(a, zone_id, "ok.example.com.")
    assert record is not None
    assert {one.health_check for one in record.written} == {made["Id"]}


def test_a_protected_name_fails_and_cannot_be_changed(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    placed = new_instance(a, zone_id, policy, "was.example.com")
    with a.services.store.write() as tx:
        for name in ("www.example.com.", "was.example.com."):
            protection = Protection(owner=Name.parse(name), type="A", comment=None)
            protections.insert(tx, zone_id, [protection], a.clock.now())
    assert _failed(a, zone_id, policy) == "RRSet with DNS name www.example.com., type A is protected."
    message = "RRSet with DNS name was.example.com., type A is protected against changes."
    assert a.refused("DeleteTrafficPolicyInstance", Id=placed["Id"]) == ("InvalidInput", message)
    request = {"TTL": 1, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    assert a.refused("UpdateTrafficPolicyInstance", Id=placed["Id"], **request) == ("InvalidInput", message)


def test_a_full_zone_fails(a: Any) -> None:
    small = replace(AWS, record_sets=3)
    api = replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=small)))
    zone_id, policy = api.zone(), new_policy(api)
    assert new_instance(api, zone_id, policy)["State"] == "Creating"
    message = "The limit of 3 record sets in a hosted zone is reached."
    assert _failed(api, zone_id, policy, "two.example.com") == message


def test_a_failed_instance_can_be_mended_or_deleted(a: Any, put: Put) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    a.change(zone_id, put("www.example.com"))
    failed = new_instance(a, zone_id, policy)
    request = {"Id": failed["Id"], "TTL": 7, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    still = a("UpdateTrafficPolicyInstance", **request)["TrafficPolicyInstance"]
    assert (still["State"], still["TTL"]) == ("Failed", 7)
    a.change(zone_id, put("www.example.com", action="DELETE"))
    mended = a("UpdateTrafficPolicyInstance", **request)["TrafficPolicyInstance"]
    assert (mended["State"], mended["Message"]) == ("Creating", "")
    other = new_instance(a, zone_id, new_policy(a, "c", document_of("CNAME", "a.example")), "example.com")
    assert other["State"] == "Failed"
    assert a("DeleteTrafficPolicyInstance", Id=other["Id"]) == {}
    assert set_at(a, zone_id) is not None


def test_an_update_that_fails_leaves_what_is_served(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    instance = new_instance(a, zone_id, policy)
    now_in_sync(a, zone_id)
    before = set_at(a, zone_id)
    bad = new_version(a, policy["Id"], document_of(HealthCheck=NEVER))
    request = {"Id": instance["Id"], "TTL": 7, "TrafficPolicyId": policy["Id"]}
    done = a("UpdateTrafficPolicyInstance", **request, TrafficPolicyVersion=bad["Version"])
    shown = done["TrafficPolicyInstance"]
    assert (shown["State"], shown["TTL"], shown["TrafficPolicyVersion"]) == ("Failed", 60, 1)
    assert set_at(a, zone_id) == before
    done = a("UpdateTrafficPolicyInstance", **request, TrafficPolicyVersion=1)
    assert done["TrafficPolicyInstance"]["State"] == "Creating"


# --- lists of instances


def _names(listed: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["Name"], one["TrafficPolicyType"]) for one in listed["TrafficPolicyInstances"]]


def test_instances_are_listed_by_zone_name_and_type(a: Any, b: Any) -> None:
    zone_ids = sorted(a.zone(name) for name in ("example.com", "example.org"))
    apex = {zone_id: a("GetHostedZone", Id=zone_id)["HostedZone"]["Name"] for zone_id in zone_ids}
    four, six = new_policy(a), new_policy(a, "six", document_of("AAAA", "2001:db8::1"))
    everything = []
    for zone_id in zone_ids:
        for name in (f"a-b.{apex[zone_id]}", f"a.{apex[zone_id]}"):  # in the order of lists
            for policy in (four, six):
                new_instance(a, zone_id, policy, name)
                everything.append((zone_id, name, policy["Type"]))
    new_instance(b, b.zone("example.net"), new_policy(b), "www.example.net")

    def walk(operation: str, zone_marker: bool, **request: Any) -> list[tuple[str, str, str]]:
        found = []
        markers: dict[str, str] = {}
        while True:
            page = a(operation, MaxItems="3", **request, **markers)
            assert page["MaxItems"] == "3"
            found += [
                (i["HostedZoneId"], i["Name"], i["TrafficPolicyType"]) for i in page["TrafficPolicyInstances"]
            ]
            markers = {member: page[member] for member in page if member.endswith("Marker")}
            if not page["IsTruncated"]:
                assert not markers
                return found
            assert ("HostedZoneIdMarker" in markers) is zone_marker
            assert len(markers) == 2 + zone_marker

    assert walk("ListTrafficPolicyInstances", True) == everything
    for zone_id in zone_ids:
        its = [one for one in everything if one[0] == zone_id]
        assert walk("ListTrafficPolicyInstancesByHostedZone", False, HostedZoneId=zone_id) == its
    for policy in (four, six):
        its = [one for one in everything if one[2] == policy["Type"]]
        request = {"TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
        assert walk("ListTrafficPolicyInstancesByPolicy", True, **request) == its
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 8}


def test_markers(a: Any, b: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a)
    new_instance(a, zone_id, policy)
    theirs = b.zone("example.net")
    new_instance(b, theirs, new_policy(b), "www.example.net")
    name, type = "TrafficPolicyInstanceNameMarker", "TrafficPolicyInstanceTypeMarker"
    its = {"TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    for operation, request, zone in (
        ("ListTrafficPolicyInstances", {}, {"HostedZoneIdMarker": zone_id}),
        ("ListTrafficPolicyInstancesByPolicy", its, {"HostedZoneIdMarker": zone_id}),
        ("ListTrafficPolicyInstancesByHostedZone", {"HostedZoneId": zone_id}, {}),
    ):
        whole = {**zone, name: "www.example.com", type: "A"}
        assert _names(a(operation, **request, **whole)) == [("www.example.com.", "A")]
        for missing in whole:
            part = {member: value for member, value in whole.items() if member != missing}
            assert a.refused(operation, **request, **part)[0] == "InvalidInput"
        for wrong in ({name: "x.example.com"}, {type: "AAAA"}):
            refused = a.refused(operation, **request, **{**whole, **wrong})
            assert refused[0] == "NoSuchTrafficPolicyInstance"
    foreign = {"HostedZoneIdMarker": theirs, name: "www.example.net", type: "A"}
    assert a.refused("ListTrafficPolicyInstances", **foreign)[0] == "NoSuchTrafficPolicyInstance"
    refused = a.refused("ListTrafficPolicyInstancesByHostedZone", HostedZoneId=theirs)
    assert refused[0] == "NoSuchHostedZone"


# --- endpoints that are AWS services' names


LB = "elb-1.us-east-1.elb.amazonaws.com"


def _service_document(**more: Any) -> str:
    return json.dumps(
        {
            "RecordType": "A",
            "StartRule": "r",
            "Endpoints": {
                "lb": {"Type": "elastic-load-balancer", "Value": LB},
                "down": {"Type": "value", "Value": "192.0.2.9"},
            },
            "Rules": {
                "r": {
                    "RuleType": "failover",
                    "Primary": {"EndpointReference": "lb", "EvaluateTargetHealth": True},
                    "Secondary": {"EndpointReference": "down"},
                }
            },
            **more,
        }
    )


def test_a_service_name_is_looked_up_for_the_instance(a: Any) -> None:
    zone_id, policy = a.zone(), new_policy(a, document=_service_document())
    instance = new_instance(a, zone_id, policy)
    record = set_at(a, zone_id)
    assert record is not None
    assert [one.unresolved for one in record.written] == [True, False]
    target, now = Name.parse(f"{LB}."), a.clock.now()
    with a.services.store.write() as tx:
        assert [(due.target, due.type) for due in alias_targets.due(tx, now, 10)] == [(target, "A")]
        alias_targets.learn(tx, target, "A", Found(rdatas=(b"\xc0\0\2\1",), found_at=now, look_at=now + 60))
        versions = traffic_placing.renew(tx, [(target, "A")])
        zone = zone_rows.get(tx, zone_id)
        assert zone is not None
        assert versions == {zone_id: zone.version}
        assert traffic_placing.renew(tx, [(target, "A")]) == {}  # nothing is new
    record = set_at(a, zone_id)
    assert record is not None
    assert [one.rdatas for one in record.written] == [(b"\xc0\0\2\1",), (b"\xc0\0\2\x09",)]
    second = new_instance(a, zone_id, policy, "two.example.com")  # it knows already what was found
    record = set_at(a, zone_id, "two.example.com.")
    assert record is not None
    assert not record.written[0].unresolved
    request = {"TTL": 5, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    a("UpdateTrafficPolicyInstance", Id=second["Id"], **request)
    record = set_at(a, zone_id, "two.example.com.")
    assert record is not None
    assert not record.written[0].unresolved
    a("DeleteTrafficPolicyInstance", Id=second["Id"])
    with a.services.store.read() as tx:
        assert alias_targets.next_look_at(tx) is None


def test_renewing_leaves_others_alone(a: Any) -> None:
    """A name that only record sets point at, and an instance that failed."""
    zone_id, target = a.zone(), Name.parse(f"{LB}.")
    failing = _service_document().replace('"EvaluateTargetHealth": true', f'"HealthCheck": "{NEVER}"')
    assert new_instance(a, zone_id, new_policy(a, document=failing))["State"] == "Failed"
    with a.services.store.write() as tx:
        assert traffic_placing.renew(tx, [(target, "A")]) == {}
        assert alias_targets.next_look_at(tx) is None


# --- with others


def test_an_alias_in_another_zone_follows_an_instance(a: Any, put: Put) -> None:
    zone_id, other = a.zone(), a.zone("example.org")
    policy = new_policy(a)
    instance = new_instance(a, zone_id, policy)
    target = {"HostedZoneId": zone_id, "DNSName": "www.example.com", "EvaluateTargetHealth": True}
    a.change(other, put("www.example.org", AliasTarget=target))
    alias = set_at(a, other, "www.example.org.")
    assert alias is not None
    assert _depths(alias) == [(1, b"\1"), (3, b"\2")]
    second = new_version(a, policy["Id"], document_of("A", "192.0.2.9", weights=(7,)))
    a(
        "UpdateTrafficPolicyInstance",
        Id=instance["Id"],
        TTL=60,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=second["Version"],
    )
    alias = set_at(a, other, "www.example.org.")
    assert alias is not None
    assert _depths(alias) == [(7, b"\x09")]
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    alias = set_at(a, other, "www.example.org.")
    assert alias is not None
    assert alias.unresolved


def test_an_alias_follows_what_an_instance_was_found_to_be(a: Any, put: Put) -> None:
    zone_id, other = a.zone(), a.zone("example.org")
    new_instance(a, zone_id, new_policy(a, document=_service_document()))
    to_it = {"HostedZoneId": zone_id, "DNSName": "www.example.com", "EvaluateTargetHealth": True}
    a.change(other, put("www.example.org", AliasTarget=to_it))
    found = [(Name.parse(f"{LB}."), "A")]
    with a.services.store.write() as tx:
        alias_targets.learn(tx, *found[0], Found(rdatas=(b"\xc0\0\2\1",), found_at=1, look_at=60))
        assert list(traffic_placing.renew(tx, found)) == [zone_id]
        assert list(written.renew(tx, found)) == [other]
    alias = set_at(a, other, "www.example.org.")
    assert alias is not None
    (within,) = alias.written
    assert [one.rdatas for one in within.written] == [(b"\xc0\0\2\1",), (b"\xc0\0\2\x09",)]


def _depths(record: RecordSet) -> list[tuple[int, bytes]]:
    """Weights and last octets of what is written out, however deep."""
    found = []
    for one in record.written:
        found += _depths(one) if one.written else [(_weight(one), one.rdatas[0][-1:])]
    return found


def _weight(one: RecordSet) -> int:
    return next(n for n in range(256) if one.routing == Routing.weighted(n))


def test_answers_that_should_depend_on_the_client_are_told_once(
    a: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(journal, "event", lambda event, /, **facts: told.append({"event": event, **facts}))
    document = json.dumps(
        {
            "RecordType": "A",
            "StartRule": "r",
            "Endpoints": {"e": {"Type": "value", "Value": "192.0.2.1"}},
            "Rules": {
                "r": {"RuleType": "latency", "Regions": [{"EndpointReference": "e", "Region": "eu-west-1"}]}
            },
        }
    )
    zone_id = a.zone()
    new_instance(a, zone_id, new_policy(a, document=document))
    new_instance(a, zone_id, new_policy(a, "w"), "w.example.com")
    assert [one for one in told if one["event"] == "answered-by-default"] == [
        {
            "event": "answered-by-default",
            "level": logging.WARNING,
            "zone": zone_id,
            "name": "www.example.com.",
            "type": "A",
            "set_id": "",
        }
    ]


def test_record_sets_of_others_do_not_belong_to_an_instance(a: Any) -> None:
    """Deleting an instance that failed touches nothing."""
    zone_id, policy = a.zone(), new_policy(a)
    mine = RecordSet(Name.parse("www.example.com."), 1, ttl=60, rdatas=[b"\xc0\0\2\1"])
    with a.services.store.write() as tx:
        records.put(tx, zone_id, [StoredSet(record=mine, type="A", shape={"Name": "www.example.com."})])
    instance = new_instance(a, zone_id, policy)
    assert instance["State"] == "Failed"
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    assert set_at(a, zone_id) == mine
