"""Traffic policies and their instances through their operations."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from seal53.base import journal
from seal53.core import Name, RecordSet, Routing
from seal53.services.quotas import AWS
from seal53.services.route53 import traffic_placing, written
from seal53.store import alias_targets, changes, outbox, protections, records
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found
from seal53.store.protections import Protection
from seal53.store.records import StoredSet
from seal53.store.schema import record_references

NEVER = "00000000-0000-4000-8000-000000000000"
Put = Callable[..., dict[str, Any]]


def _document(rtype: str = "A", *values: str, weights: tuple[int, ...] = (1, 3), **more: Any) -> str:
    """A weighted rule over the values."""
    values = values or ("192.0.2.1", "192.0.2.2")
    return json.dumps(
        {
            "AWSPolicyFormatVersion": "2015-10-01",
            "RecordType": rtype,
            "StartRule": "r",
            "Endpoints": {f"e{n}": {"Type": "value", "Value": value} for n, value in enumerate(values)},
            "Rules": {
                "r": {
                    "RuleType": "weighted",
                    "Items": [
                        {"EndpointReference": f"e{n}", "Weight": weight, **more}
                        for n, (_, weight) in enumerate(zip(values, weights, strict=False))
                    ],
                }
            },
        }
    )


DOCUMENT = _document()


def _create(api: Any, name: str = "p", document: str = DOCUMENT, **more: Any) -> dict[str, Any]:
    return dict(api("CreateTrafficPolicy", Name=name, Document=document, **more)["TrafficPolicy"])


def _version(api: Any, policy_id: str, document: str = DOCUMENT, **more: Any) -> dict[str, Any]:
    made = api("CreateTrafficPolicyVersion", Id=policy_id, Document=document, **more)
    return dict(made["TrafficPolicy"])


def _instance(
    api: Any, zone_id: str, policy: dict[str, Any], name: str = "www.example.com", ttl: int = 60
) -> dict[str, Any]:
    made = api(
        "CreateTrafficPolicyInstance",
        HostedZoneId=zone_id,
        Name=name,
        TTL=ttl,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=policy["Version"],
    )
    instance = made["TrafficPolicyInstance"]
    location = f"https://route53.amazonaws.com/2013-04-01/trafficpolicyinstance/{instance['Id']}"
    assert made["Location"] == location
    return dict(instance)


def _set(api: Any, zone_id: str, name: str = "www.example.com.", rtype: str = "A") -> RecordSet | None:
    with api.services.store.read() as tx:
        found = [
            stored.record for stored in records.at(tx, zone_id, Name.parse(name)) if stored.type == rtype
        ]
    return found[0] if found else None


def _in_sync(api: Any, zone_id: str) -> None:
    """As if every name server had acknowledged."""
    with api.services.store.write() as tx:
        zone = zone_rows.get(tx, zone_id)
        assert zone is not None
        changes.close_up_to(tx, f"zone:{zone_id}", zone.version, api.clock.now())


# --- policies


def test_a_policy(a: Any) -> None:
    made = a("CreateTrafficPolicy", Name="p", Document=DOCUMENT, Comment="c")
    policy = made["TrafficPolicy"]
    assert policy == {
        "Id": policy["Id"],
        "Version": 1,
        "Name": "p",
        "Type": "A",
        "Document": DOCUMENT,
        "Comment": "c",
    }
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01/trafficpolicy/{policy['Id']}"
    assert a("GetTrafficPolicy", Id=policy["Id"], Version=1) == {"TrafficPolicy": policy}


def test_versions_are_numbered_and_numbers_are_not_used_again(a: Any) -> None:
    policy = _create(a, Comment="c")
    made = a("CreateTrafficPolicyVersion", Id=policy["Id"], Document=_document("CNAME", "a.example"))
    second = made["TrafficPolicy"]
    assert (second["Version"], second["Name"], second["Type"], second["Comment"]) == (2, "p", "CNAME", None)
    assert made["Location"].endswith(f"/trafficpolicy/{policy['Id']}/2")
    assert a("DeleteTrafficPolicy", Id=policy["Id"], Version=2) == {}
    assert _version(a, policy["Id"])["Version"] == 3
    assert a("GetTrafficPolicy", Id=policy["Id"], Version=2)["TrafficPolicy"] == second
    listed = a("ListTrafficPolicyVersions", Id=policy["Id"])
    assert [one["Version"] for one in listed["TrafficPolicies"]] == [1, 3]


def test_a_document_is_checked(a: Any) -> None:
    policy = _create(a)
    for document, message in (
        ("{}", "RecordType must be one of A, TXT, CNAME"),
        (_document("A", "x", "y"), "e0: Invalid Resource Record: "),
    ):
        for operation, request in (
            ("CreateTrafficPolicy", {"Name": "q"}),
            ("CreateTrafficPolicyVersion", {"Id": policy["Id"]}),
        ):
            code, found = a.refused(operation, Document=document, **request)
            assert code == "InvalidTrafficPolicyDocument"
            assert found.startswith(message)
    assert len(a("ListTrafficPolicies")["TrafficPolicySummaries"]) == 1


def test_names_are_unique_while_the_policy_exists(a: Any, b: Any) -> None:
    policy = _create(a)
    _create(b)
    refused = a.refused("CreateTrafficPolicy", Name="p", Document=DOCUMENT)
    assert refused == ("TrafficPolicyAlreadyExists", "A traffic policy with the name 'p' exists.")
    assert a.refused("CreateTrafficPolicy", Name="", Document=DOCUMENT)[0] == "InvalidInput"
    _version(a, policy["Id"])
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    assert a.refused("CreateTrafficPolicy", Name="p", Document=DOCUMENT)[0] == "TrafficPolicyAlreadyExists"
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=2)
    assert _create(a)["Id"] != policy["Id"]


def test_quotas(a: Any) -> None:
    small = replace(AWS, traffic_policies=2, traffic_policy_versions=2, traffic_policy_instances=1)
    api = replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=small)))
    policy = _create(api)
    _create(api, "q")
    refused = api.refused("CreateTrafficPolicy", Name="r", Document=DOCUMENT)
    assert refused == ("TooManyTrafficPolicies", "The limit of 2 traffic policies of an account is reached.")
    _version(api, policy["Id"])
    refused = api.refused("CreateTrafficPolicyVersion", Id=policy["Id"], Document=DOCUMENT)
    assert refused == (
        "TooManyTrafficPolicyVersionsForCurrentPolicy",
        "The limit of 2 versions of a traffic policy is reached.",
    )
    zone_id = api.zone()
    _instance(api, zone_id, policy)
    refused = api.refused(
        "CreateTrafficPolicyInstance",
        HostedZoneId=zone_id,
        Name="two.example.com",
        TTL=60,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=1,
    )
    assert refused == (
        "TooManyTrafficPolicyInstances",
        "The limit of 1 traffic policy instances of an account is reached.",
    )


def test_comments_change(a: Any) -> None:
    policy = _create(a)
    done = a("UpdateTrafficPolicyComment", Id=policy["Id"], Version=1, Comment="new")
    assert done == {"TrafficPolicy": {**policy, "Comment": "new"}}
    assert a("GetTrafficPolicy", Id=policy["Id"], Version=1) == done


def test_another_accounts_policy_is_not_there(a: Any, b: Any) -> None:
    theirs, zone_id = _create(b)["Id"], a.zone()
    deleted = _create(a, "gone")["Id"]
    a("DeleteTrafficPolicy", Id=deleted, Version=1)
    for policy_id in (theirs, deleted, NEVER):
        which = f"No traffic policy found with ID: {policy_id}"
        instance = {"HostedZoneId": zone_id, "Name": "www.example.com", "TTL": 60}
        instance |= {"TrafficPolicyId": policy_id, "TrafficPolicyVersion": 1}
        for operation, request, message in (
            ("GetTrafficPolicy", {"Id": policy_id, "Version": 1}, f"{which} and version: 1"),
            ("DeleteTrafficPolicy", {"Id": policy_id, "Version": 1}, f"{which} and version: 1"),
            (
                "UpdateTrafficPolicyComment",
                {"Id": policy_id, "Version": 1, "Comment": "x"},
                f"{which} and version: 1",
            ),
            ("CreateTrafficPolicyVersion", {"Id": policy_id, "Document": DOCUMENT}, which),
            ("ListTrafficPolicyVersions", {"Id": policy_id}, which),
            ("CreateTrafficPolicyInstance", instance, f"{which} and version: 1"),
            (
                "ListTrafficPolicyInstancesByPolicy",
                {"TrafficPolicyId": policy_id, "TrafficPolicyVersion": 1},
                f"{which} and version: 1",
            ),
        ):
            if policy_id == deleted and operation in (
                "GetTrafficPolicy",
                "ListTrafficPolicyInstancesByPolicy",
            ):
                a(operation, **request)  # who knows its id may still look
            else:
                assert a.refused(operation, **request) == ("NoSuchTrafficPolicy", message)


def test_policies_are_listed_in_the_order_of_their_making(a: Any, b: Any) -> None:
    made = []
    for name in ("z", "y", "x"):
        made.append(_create(a, name))
        a.clock.advance(1)
    _create(b)
    _version(a, made[1]["Id"], _document("AAAA", "2001:db8::1"))
    first = a("ListTrafficPolicies", MaxItems="2")
    assert [(one["Name"], one["LatestVersion"]) for one in first["TrafficPolicySummaries"]] == [
        ("z", 1),
        ("y", 2),
    ]
    assert first["TrafficPolicySummaries"][1] == {
        "Id": made[1]["Id"],
        "Name": "y",
        "Type": "AAAA",
        "LatestVersion": 2,
        "TrafficPolicyCount": 2,
    }
    assert (first["IsTruncated"], first["MaxItems"]) == (True, "2")
    assert first["TrafficPolicyIdMarker"] == made[2]["Id"]
    rest = a("ListTrafficPolicies", TrafficPolicyIdMarker=made[2]["Id"])
    assert [one["Name"] for one in rest["TrafficPolicySummaries"]] == ["x"]
    assert (rest["IsTruncated"], "TrafficPolicyIdMarker" in rest) == (False, False)
    a("DeleteTrafficPolicy", Id=made[1]["Id"], Version=1)
    a("DeleteTrafficPolicy", Id=made[1]["Id"], Version=2)
    after = a("ListTrafficPolicies", TrafficPolicyIdMarker=made[1]["Id"])  # its place is still known
    assert [one["Name"] for one in after["TrafficPolicySummaries"]] == ["x"]
    assert a("ListTrafficPolicies", TrafficPolicyIdMarker=NEVER)["TrafficPolicySummaries"] == []
    assert a.refused("ListTrafficPolicies", MaxItems="0")[0] == "InvalidInput"


def test_versions_are_listed_by_number(a: Any) -> None:
    policy_id = _create(a)["Id"]
    for _ in range(10):
        _version(a, policy_id)
    first = a("ListTrafficPolicyVersions", Id=policy_id, MaxItems="9")
    assert [one["Version"] for one in first["TrafficPolicies"]] == list(range(1, 10))
    assert (first["IsTruncated"], first["TrafficPolicyVersionMarker"]) == (True, "10")
    rest = a("ListTrafficPolicyVersions", Id=policy_id, TrafficPolicyVersionMarker="10")
    assert [one["Version"] for one in rest["TrafficPolicies"]] == [10, 11]
    assert (rest["IsTruncated"], "TrafficPolicyVersionMarker" in rest) == (False, False)
    refused = a.refused("ListTrafficPolicyVersions", Id=policy_id, TrafficPolicyVersionMarker="x")
    assert refused == ("InvalidInput", "The value 'x' for TrafficPolicyVersionMarker is not a number")


# ConcurrentModification and PriorRequestNotComplete are for requests that meet: here each waits for the
# other's transaction.


# --- instances


def test_an_instance_is_one_record_set(a: Any) -> None:
    zone_id, policy = a.zone(), _create(a)
    instance = _instance(a, zone_id, policy, "WWW.example.com", ttl=30)
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
    record = _set(a, zone_id)
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
    _in_sync(a, zone_id)
    assert a("GetTrafficPolicyInstance", Id=instance["Id"]) == {
        "TrafficPolicyInstance": {**instance, "State": "Applied"}
    }


def test_an_update_takes_the_place_of_what_was(a: Any) -> None:
    zone_id, policy = a.zone(), _create(a)
    instance = _instance(a, zone_id, policy)
    _in_sync(a, zone_id)
    second = _version(a, policy["Id"], _document("A", "192.0.2.9"))
    done = a(
        "UpdateTrafficPolicyInstance",
        Id=instance["Id"],
        TTL=5,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=second["Version"],
    )["TrafficPolicyInstance"]
    assert done == {**instance, "TTL": 5, "TrafficPolicyVersion": 2, "State": "Creating"}
    record = _set(a, zone_id)
    assert record is not None
    assert [(one.ttl, one.rdatas) for one in record.written] == [(5, (b"\xc0\0\2\x09",))]
    assert a("GetHostedZone", Id=zone_id)["HostedZone"]["ResourceRecordSetCount"] == 3
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 1}


def test_an_update_cannot_change_the_type(a: Any) -> None:
    zone_id, policy, other = a.zone(), _create(a), _create(a, "q", _document("AAAA", "2001:db8::1"))
    instance = _instance(a, zone_id, policy)
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
    zone_id, policy = a.zone(), _create(a)
    instance = _instance(a, zone_id, policy)
    refused = a.refused("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    assert refused == ("TrafficPolicyInUse", "Policy is in use for at least one instance")
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "HostedZoneNotEmpty"
    assert a("DeleteTrafficPolicyInstance", Id=instance["Id"]) == {}
    assert _set(a, zone_id) is None
    assert a("GetTrafficPolicyInstanceCount") == {"TrafficPolicyInstanceCount": 0}
    with a.services.store.read() as tx:
        assert tx.execute(record_references.select()).all() == []
        told = [row for row in outbox.pending(tx) if row.subject == f"zone:{zone_id}"][-1]
    assert told.detail == [[Name.parse("www.example.com.").to_wire(), 1, ""]]
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    a("DeleteHostedZone", Id=zone_id)


def test_another_accounts_instance_is_not_there(a: Any, b: Any) -> None:
    theirs, policy = _instance(b, b.zone(), _create(b))["Id"], _create(a)
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
    zone_id, policy = a.zone(), _create(a)
    request = {"TTL": 60, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    for zone, name, refused in (
        (b.zone("example.net"), "www.example.net", "NoSuchHostedZone"),
        ("Z0NEVER", "www.example.com", "NoSuchHostedZone"),
        (zone_id, "www.example.net", "InvalidInput"),
        (zone_id, "a..example.com", "InvalidInput"),
    ):
        found = a.refused("CreateTrafficPolicyInstance", HostedZoneId=zone, Name=name, **request)
        assert found[0] == refused
    _instance(a, zone_id, policy)
    found = a.refused("CreateTrafficPolicyInstance", HostedZoneId=zone_id, Name="WWW.example.com.", **request)
    assert found[0] == "TrafficPolicyInstanceAlreadyExists"
    _instance(a, zone_id, _create(a, "six", _document("AAAA", "2001:db8::1")))  # another type is no conflict
    _instance(a, zone_id, policy, "*.example.com")
    _instance(a, zone_id, policy, "example.com")


# --- instances that fail


def _failed(api: Any, zone_id: str, policy: dict[str, Any], name: str = "www.example.com") -> str:
    instance = _instance(api, zone_id, policy, name)
    assert instance["State"] == "Failed"
    again = api("GetTrafficPolicyInstance", Id=instance["Id"])["TrafficPolicyInstance"]
    assert again == instance
    return str(instance["Message"])


def test_what_conflicts_with_the_zone_fails(a: Any, put: Put) -> None:
    zone_id = a.zone()
    address, name = _create(a), _create(a, "c", _document("CNAME", "a.example.net"))
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
    zone_id, policy = a.zone(), _create(a, document=_document(HealthCheck=theirs))
    assert _failed(a, zone_id, policy) == f"A health check with id {theirs} does not exist."


def test_a_health_check_that_is_not_there_fails(a: Any) -> None:
    zone_id, policy = a.zone(), _create(a, document=_document(HealthCheck=NEVER))
    assert _failed(a, zone_id, policy) == f"A health check with id {NEVER} does not exist."
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1}
    made = a("CreateHealthCheck", CallerReference="r", HealthCheckConfig=config)["HealthCheck"]
    document = _document(HealthCheck=made["Id"])
    instance = _instance(a, zone_id, _version(a, policy["Id"], document), "ok.example.com")
    assert instance["State"] == "Creating"
    record = _set(a, zone_id, "ok.example.com.")
    assert record is not None
    assert {one.health_check for one in record.written} == {made["Id"]}


def test_a_protected_name_fails_and_cannot_be_changed(a: Any) -> None:
    zone_id, policy = a.zone(), _create(a)
    placed = _instance(a, zone_id, policy, "was.example.com")
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
    zone_id, policy = api.zone(), _create(api)
    assert _instance(api, zone_id, policy)["State"] == "Creating"
    message = "The limit of 3 record sets in a hosted zone is reached."
    assert _failed(api, zone_id, policy, "two.example.com") == message


def test_a_failed_instance_can_be_mended_or_deleted(a: Any, put: Put) -> None:
    zone_id, policy = a.zone(), _create(a)
    a.change(zone_id, put("www.example.com"))
    failed = _instance(a, zone_id, policy)
    request = {"Id": failed["Id"], "TTL": 7, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    still = a("UpdateTrafficPolicyInstance", **request)["TrafficPolicyInstance"]
    assert (still["State"], still["TTL"]) == ("Failed", 7)
    a.change(zone_id, put("www.example.com", action="DELETE"))
    mended = a("UpdateTrafficPolicyInstance", **request)["TrafficPolicyInstance"]
    assert (mended["State"], mended["Message"]) == ("Creating", "")
    other = _instance(a, zone_id, _create(a, "c", _document("CNAME", "a.example")), "example.com")
    assert other["State"] == "Failed"
    assert a("DeleteTrafficPolicyInstance", Id=other["Id"]) == {}
    assert _set(a, zone_id) is not None


def test_an_update_that_fails_leaves_what_is_served(a: Any) -> None:
    zone_id, policy = a.zone(), _create(a)
    instance = _instance(a, zone_id, policy)
    _in_sync(a, zone_id)
    before = _set(a, zone_id)
    bad = _version(a, policy["Id"], _document(HealthCheck=NEVER))
    request = {"Id": instance["Id"], "TTL": 7, "TrafficPolicyId": policy["Id"]}
    done = a("UpdateTrafficPolicyInstance", **request, TrafficPolicyVersion=bad["Version"])
    shown = done["TrafficPolicyInstance"]
    assert (shown["State"], shown["TTL"], shown["TrafficPolicyVersion"]) == ("Failed", 60, 1)
    assert _set(a, zone_id) == before
    done = a("UpdateTrafficPolicyInstance", **request, TrafficPolicyVersion=1)
    assert done["TrafficPolicyInstance"]["State"] == "Creating"


# --- lists of instances


def _names(listed: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["Name"], one["TrafficPolicyType"]) for one in listed["TrafficPolicyInstances"]]


def test_instances_are_listed_by_zone_name_and_type(a: Any, b: Any) -> None:
    zone_ids = sorted(a.zone(name) for name in ("example.com", "example.org"))
    apex = {zone_id: a("GetHostedZone", Id=zone_id)["HostedZone"]["Name"] for zone_id in zone_ids}
    four, six = _create(a), _create(a, "six", _document("AAAA", "2001:db8::1"))
    everything = []
    for zone_id in zone_ids:
        for name in (f"a-b.{apex[zone_id]}", f"a.{apex[zone_id]}"):  # in the order of lists
            for policy in (four, six):
                _instance(a, zone_id, policy, name)
                everything.append((zone_id, name, policy["Type"]))
    _instance(b, b.zone("example.net"), _create(b), "www.example.net")

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
    zone_id, policy = a.zone(), _create(a)
    _instance(a, zone_id, policy)
    theirs = b.zone("example.net")
    _instance(b, theirs, _create(b), "www.example.net")
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
    zone_id, policy = a.zone(), _create(a, document=_service_document())
    instance = _instance(a, zone_id, policy)
    record = _set(a, zone_id)
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
    record = _set(a, zone_id)
    assert record is not None
    assert [one.rdatas for one in record.written] == [(b"\xc0\0\2\1",), (b"\xc0\0\2\x09",)]
    second = _instance(a, zone_id, policy, "two.example.com")  # it knows already what was found
    record = _set(a, zone_id, "two.example.com.")
    assert record is not None
    assert not record.written[0].unresolved
    request = {"TTL": 5, "TrafficPolicyId": policy["Id"], "TrafficPolicyVersion": 1}
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    a("UpdateTrafficPolicyInstance", Id=second["Id"], **request)
    record = _set(a, zone_id, "two.example.com.")
    assert record is not None
    assert not record.written[0].unresolved
    a("DeleteTrafficPolicyInstance", Id=second["Id"])
    with a.services.store.read() as tx:
        assert alias_targets.next_look_at(tx) is None


def test_renewing_leaves_others_alone(a: Any) -> None:
    """A name that only record sets point at, and an instance that failed."""
    zone_id, target = a.zone(), Name.parse(f"{LB}.")
    failing = _service_document().replace('"EvaluateTargetHealth": true', f'"HealthCheck": "{NEVER}"')
    assert _instance(a, zone_id, _create(a, document=failing))["State"] == "Failed"
    with a.services.store.write() as tx:
        assert traffic_placing.renew(tx, [(target, "A")]) == {}
        assert alias_targets.next_look_at(tx) is None


# --- with others


def test_an_alias_in_another_zone_follows_an_instance(a: Any, put: Put) -> None:
    zone_id, other = a.zone(), a.zone("example.org")
    policy = _create(a)
    instance = _instance(a, zone_id, policy)
    target = {"HostedZoneId": zone_id, "DNSName": "www.example.com", "EvaluateTargetHealth": True}
    a.change(other, put("www.example.org", AliasTarget=target))
    alias = _set(a, other, "www.example.org.")
    assert alias is not None
    assert _depths(alias) == [(1, b"\1"), (3, b"\2")]
    second = _version(a, policy["Id"], _document("A", "192.0.2.9", weights=(7,)))
    a(
        "UpdateTrafficPolicyInstance",
        Id=instance["Id"],
        TTL=60,
        TrafficPolicyId=policy["Id"],
        TrafficPolicyVersion=second["Version"],
    )
    alias = _set(a, other, "www.example.org.")
    assert alias is not None
    assert _depths(alias) == [(7, b"\x09")]
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    alias = _set(a, other, "www.example.org.")
    assert alias is not None
    assert alias.unresolved


def test_an_alias_follows_what_an_instance_was_found_to_be(a: Any, put: Put) -> None:
    zone_id, other = a.zone(), a.zone("example.org")
    _instance(a, zone_id, _create(a, document=_service_document()))
    to_it = {"HostedZoneId": zone_id, "DNSName": "www.example.com", "EvaluateTargetHealth": True}
    a.change(other, put("www.example.org", AliasTarget=to_it))
    found = [(Name.parse(f"{LB}."), "A")]
    with a.services.store.write() as tx:
        alias_targets.learn(tx, *found[0], Found(rdatas=(b"\xc0\0\2\1",), found_at=1, look_at=60))
        assert list(traffic_placing.renew(tx, found)) == [zone_id]
        assert list(written.renew(tx, found)) == [other]
    alias = _set(a, other, "www.example.org.")
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
    _instance(a, zone_id, _create(a, document=document))
    _instance(a, zone_id, _create(a, "w"), "w.example.com")
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
    zone_id, policy = a.zone(), _create(a)
    mine = RecordSet(Name.parse("www.example.com."), 1, ttl=60, rdatas=[b"\xc0\0\2\1"])
    with a.services.store.write() as tx:
        records.put(tx, zone_id, [StoredSet(record=mine, type="A", shape={"Name": "www.example.com."})])
    instance = _instance(a, zone_id, policy)
    assert instance["State"] == "Failed"
    a("DeleteTrafficPolicyInstance", Id=instance["Id"])
    assert _set(a, zone_id) == mine
