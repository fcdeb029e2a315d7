"""Traffic policies and their versions, through their operations."""

from dataclasses import replace
from typing import Any

from traffic_world import DOCUMENT, NEVER, document_of, new_instance, new_policy, new_version

from seal53.services.quotas import AWS


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
    policy = new_policy(a, Comment="c")
    made = a("CreateTrafficPolicyVersion", Id=policy["Id"], Document=document_of("CNAME", "a.example"))
    second = made["TrafficPolicy"]
    assert (second["Version"], second["Name"], second["Type"], second["Comment"]) == (2, "p", "CNAME", None)
    assert made["Location"].endswith(f"/trafficpolicy/{policy['Id']}/2")
    assert a("DeleteTrafficPolicy", Id=policy["Id"], Version=2) == {}
    assert new_version(a, policy["Id"])["Version"] == 3
    assert a("GetTrafficPolicy", Id=policy["Id"], Version=2)["TrafficPolicy"] == second
    listed = a("ListTrafficPolicyVersions", Id=policy["Id"])
    assert [one["Version"] for one in listed["TrafficPolicies"]] == [1, 3]


def test_a_document_is_checked(a: Any) -> None:
    policy = new_policy(a)
    for document, message in (
        ("{}", "RecordType must be one of A, TXT, CNAME"),
        (document_of("A", "x", "y"), "e0: Invalid Resource Record: "),
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
    policy = new_policy(a)
    new_policy(b)
    refused = a.refused("CreateTrafficPolicy", Name="p", Document=DOCUMENT)
    assert refused == ("TrafficPolicyAlreadyExists", "A traffic policy with the name 'p' exists.")
    assert a.refused("CreateTrafficPolicy", Name="", Document=DOCUMENT)[0] == "InvalidInput"
    new_version(a, policy["Id"])
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=1)
    assert a.refused("CreateTrafficPolicy", Name="p", Document=DOCUMENT)[0] == "TrafficPolicyAlreadyExists"
    a("DeleteTrafficPolicy", Id=policy["Id"], Version=2)
    assert new_policy(a)["Id"] != policy["Id"]


def test_quotas(a: Any) -> None:
    small = replace(AWS, traffic_policies=2, traffic_policy_versions=2, traffic_policy_instances=1)
    api = replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=small)))
    policy = new_policy(api)
    new_policy(api, "q")
    refused = api.refused("CreateTrafficPolicy", Name="r", Document=DOCUMENT)
    assert refused == ("TooManyTrafficPolicies", "The limit of 2 traffic policies of an account is reached.")
    new_version(api, policy["Id"])
    refused = api.refused("CreateTrafficPolicyVersion", Id=policy["Id"], Document=DOCUMENT)
    assert refused == (
        "TooManyTrafficPolicyVersionsForCurrentPolicy",
        "The limit of 2 versions of a traffic policy is reached.",
    )
    zone_id = api.zone()
    new_instance(api, zone_id, policy)
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
    policy = new_policy(a)
    done = a("UpdateTrafficPolicyComment", Id=policy["Id"], Version=1, Comment="new")
    assert done == {"TrafficPolicy": {**policy, "Comment": "new"}}
    assert a("GetTrafficPolicy", Id=policy["Id"], Version=1) == done


def test_another_accounts_policy_is_not_there(a: Any, b: Any) -> None:
    theirs, zone_id = new_policy(b)["Id"], a.zone()
    deleted = new_policy(a, "gone")["Id"]
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
        made.append(new_policy(a, name))
        a.clock.advance(1)
    new_policy(b)
    new_version(a, made[1]["Id"], document_of("AAAA", "2001:db8::1"))
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
    policy_id = new_policy(a)["Id"]
    for _ in range(10):
        new_version(a, policy_id)
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
