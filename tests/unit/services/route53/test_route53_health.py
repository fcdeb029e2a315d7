"""Health checks through their operations, and through what the operator says of them."""

from dataclasses import replace
from typing import Any

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name, RecordSet
from seal53.services import health_status
from seal53.services.faults import AwsFault
from seal53.services.quotas import AWS
from seal53.store import changes, health_checks, outbox, records, routing, tags
from seal53.store.records import StoredSet

HTTP = {"Type": "HTTP", "IPAddress": "192.0.2.44", "Port": 80}
NEVER = "00000000-0000-4000-8000-000000000000"


def _create(api: Any, reference: str = "r", **config: Any) -> dict[str, Any]:
    made = api("CreateHealthCheck", CallerReference=reference, HealthCheckConfig=config or HTTP)
    return dict(made["HealthCheck"])


def _say(api: Any, check_id: str, healthy: bool, **more: Any) -> dict[str, Any]:
    caller = replace(api.caller, now=api.clock.now())
    request = {"id": check_id, "healthy": healthy, **more}
    return dict(health_status.set_status(api.services, request, caller))


def _facts(api: Any) -> dict[str, bool]:
    with api.services.store.read() as tx:
        return routing.facts(tx)[1]


def _texts(observed: dict[str, Any]) -> set[str]:
    return {one["StatusReport"]["Status"] for one in observed["HealthCheckObservations"]}


# --- creating


def test_defaults_are_returned(a: Any) -> None:
    made = a("CreateHealthCheck", CallerReference="r", HealthCheckConfig=HTTP)
    check = made["HealthCheck"]
    assert check == {
        "Id": check["Id"],
        "CallerReference": "r",
        "HealthCheckVersion": 1,
        "HealthCheckConfig": {
            **HTTP,
            "RequestInterval": 30,
            "FailureThreshold": 3,
            "MeasureLatency": False,
            "Inverted": False,
            "Disabled": False,
            "EnableSNI": False,
        },
    }
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check['Id']}"
    assert a("GetHealthCheck", HealthCheckId=check["Id"]) == {"HealthCheck": check}


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        ({"Type": "HTTPS", "FullyQualifiedDomainName": "example.com"}, {"EnableSNI": True}),
        ({"Type": "HTTPS", "IPAddress": "192.0.2.1", "EnableSNI": False}, {"EnableSNI": False}),
        (
            {"Type": "HTTPS_STR_MATCH", "IPAddress": "192.0.2.1", "SearchString": "up"},
            {"EnableSNI": True, "SearchString": "up"},
        ),
        (
            {"Type": "HTTP_STR_MATCH", "IPAddress": "192.0.2.1", "SearchString": "up", "RequestInterval": 10},
            {"EnableSNI": False, "RequestInterval": 10, "FailureThreshold": 3},
        ),
        (
            {"Type": "TCP", "IPAddress": "2001:db8::1", "Port": 53, "MeasureLatency": True},
            {"MeasureLatency": True, "RequestInterval": 30},
        ),
        ({"Type": "TCP", "FullyQualifiedDomainName": "example.com", "Port": 53}, {"EnableSNI": False}),
        ({"Type": "CALCULATED", "HealthThreshold": 0, "ChildHealthChecks": []}, {"HealthThreshold": 0}),
        (
            {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": "us-east-1", "Name": "n"}},
            {"InsufficientDataHealthStatus": "LastKnownStatus"},
        ),
        (
            {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "arn:aws:route53-recovery-control::1:x"},
            {"Inverted": False},
        ),
    ],
)
def test_every_type_has_its_defaults(a: Any, given: dict[str, Any], returned: dict[str, Any]) -> None:
    config = _create(a, **given)["HealthCheckConfig"]
    assert config.items() >= {**given, **returned, "Inverted": False, "Disabled": False}.items()
    if given["Type"] in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        assert not config.keys() & {"RequestInterval", "FailureThreshold", "MeasureLatency", "EnableSNI"}


ALARM = {"Region": "us-east-1", "Name": "alarm"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"Type": "HTTP"},
            "Basic health checks must have an IP address or a fully qualified domain name specified.",
        ),
        (
            {"Type": "HTTP", "IPAddress": "", "FullyQualifiedDomainName": ""},
            "Basic health checks must have an IP address or a fully qualified domain name specified.",
        ),
        ({**HTTP, "AlarmIdentifier": ALARM}, "Basic health checks must not have an metric region specified."),
        (
            {**HTTP, "InsufficientDataHealthStatus": "Healthy"},
            "Basic health checks must not have an insufficient data health state specified.",
        ),
        ({**HTTP, "HealthThreshold": 1}, "Basic health checks must not have a health threshold specified."),
        (
            {**HTTP, "ChildHealthChecks": ["x"]},
            "Basic health checks must not have child health checks specified.",
        ),
        (
            {**HTTP, "RoutingControlArn": "arn:x"},
            "Basic health checks must not have a routing control ARN specified.",
        ),
        ({**HTTP, "RequestInterval": 20}, "The request interval must be 10 or 30 seconds."),
        ({**HTTP, "SearchString": "up"}, "HTTP health checks must not have a search string specified."),
        (
            {**HTTP, "Type": "HTTP_STR_MATCH"},
            "HTTP_STR_MATCH health checks must have a search string specified.",
        ),
        (
            {**HTTP, "Regions": ["us-east-1", "us-west-1", "us-east-1"]},
            "A region is given twice.",
        ),
        (
            {"Type": "HTTP", "FullyQualifiedDomainName": "a..b"},
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..b'",
        ),
        (
            {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "ResourcePath": "/"},
            "TCP health checks must not have a resource path specified.",
        ),
        (
            {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "FullyQualifiedDomainName": "example.com"},
            "TCP health checks that have IP address must not have a fully qualified domain name specified.",
        ),
        ({"Type": "TCP", "IPAddress": "192.0.2.1"}, "TCP health checks must have a port specified."),
        (
            {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "AlarmIdentifier": ALARM},
            "Basic health checks must not have an metric region specified.",
        ),
        ({"Type": "CALCULATED"}, "Calculated health checks must have a health threshold specified."),
        (
            {"Type": "CALCULATED", "HealthThreshold": 1, "FailureThreshold": 3},
            "Calculated health checks must not have a failure threshold specified.",
        ),
        (
            {"Type": "CALCULATED", "HealthThreshold": 1, "IPAddress": "192.0.2.1"},
            "Calculated health checks must not have an IP address specified.",
        ),
        (
            {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["x", "x"]},
            "A child health check is given twice.",
        ),
        ({"Type": "CLOUDWATCH_METRIC"}, "Metric health checks must have an metric region specified."),
        (
            {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": ALARM, "Port": 80},
            "Metric health checks must not have a port specified.",
        ),
        (
            {"Type": "RECOVERY_CONTROL"},
            "Recovery control health checks must have a routing control ARN specified.",
        ),
        (
            {"Type": "RECOVERY_CONTROL", "RoutingControlArn": "arn:x", "RequestInterval": 30},
            "Recovery control health checks must not have a request interval specified.",
        ),
        ({"Type": "RECOVERY_CONTROL", "RoutingControlArn": "x"}, "The routing control ARN is not an ARN."),
    ],
)
def test_what_cannot_be_configured(a: Any, config: dict[str, Any], message: str) -> None:
    refused = a.refused("CreateHealthCheck", CallerReference="r", HealthCheckConfig=config)
    assert refused == ("InvalidInput", f"Invalid parameter : {message}")
    assert a("GetHealthCheckCount") == {"HealthCheckCount": 0}


def test_what_is_not_wanted_may_be_said(a: Any) -> None:
    """False, nothing and empty texts are what clients send for members that they do not use."""
    config = _create(
        a, Type="CALCULATED", HealthThreshold=1, MeasureLatency=False, EnableSNI=False, Regions=[]
    )
    assert config["HealthCheckConfig"]["HealthThreshold"] == 1
    tcp = _create(a, "t", Type="TCP", IPAddress="192.0.2.1", Port=1, ResourcePath="", SearchString=None)
    assert not tcp["HealthCheckConfig"].keys() & {"ResourcePath", "SearchString"}


def test_the_same_reference_again(a: Any, b: Any) -> None:
    first = _create(a, "r", **HTTP)
    assert _create(a, "r", **HTTP) == first
    assert _create(a, "r", **HTTP, RequestInterval=30) == first  # what it says is the default
    message = "A different health check has already been created with the specified caller reference."
    other = {**HTTP, "Port": 8080}
    refused = a.refused("CreateHealthCheck", CallerReference="r", HealthCheckConfig=other)
    assert refused == ("HealthCheckAlreadyExists", message)
    assert _create(b, "r", **other)["Id"] != first["Id"]
    assert _create(a, "s", **HTTP)["Id"] != first["Id"]
    a("DeleteHealthCheck", HealthCheckId=first["Id"])
    refused = a.refused("CreateHealthCheck", CallerReference="r", HealthCheckConfig=HTTP)
    assert refused == ("HealthCheckAlreadyExists", message)


def test_quotas(a: Any) -> None:
    small = replace(AWS, health_checks=3, health_check_children=1)
    api = replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=small)))
    ids = [_create(api, f"r{n}")["Id"] for n in range(2)]
    config = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ids}
    code, message = api.refused("CreateHealthCheck", CallerReference="c", HealthCheckConfig=config)
    assert (code, message) == ("InvalidInput", "A calculated health check has at most 1 child health checks.")
    _create(api, "r2")
    refused = api.refused("CreateHealthCheck", CallerReference="r3", HealthCheckConfig=HTTP)
    assert refused == ("TooManyHealthChecks", "The limit of 3 health checks of an account is reached.")
    assert _create(api, "r2")["CallerReference"] == "r2"  # it is there already
    api("DeleteHealthCheck", HealthCheckId=ids[0])
    _create(api, "r3")


# --- calculated checks


def test_children_must_be_ones_own_and_not_calculated(a: Any, b: Any) -> None:
    mine, theirs = _create(a)["Id"], _create(b)["Id"]
    parent = _create(a, "p", Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[mine])["Id"]
    for child, why in (
        (theirs, "does not exist."),
        (NEVER, "does not exist."),
        (parent, "is calculated: a calculated health check cannot monitor other calculated health checks."),
    ):
        config = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": [child]}
        refused = a.refused("CreateHealthCheck", CallerReference="x", HealthCheckConfig=config)
        assert refused == ("InvalidInput", f"The child health check {child} {why}")
        refused = a.refused("UpdateHealthCheck", HealthCheckId=parent, ChildHealthChecks=[child])
        assert refused == ("InvalidInput", f"The child health check {child} {why}")


def test_a_child_is_in_use(a: Any) -> None:
    child = _create(a)["Id"]
    parent = _create(a, "p", Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[child])["Id"]
    code, message = a.refused("DeleteHealthCheck", HealthCheckId=child)
    assert code == "HealthCheckInUse"
    assert parent in message
    a("UpdateHealthCheck", HealthCheckId=parent, ResetElements=["ChildHealthChecks"])
    assert a("DeleteHealthCheck", HealthCheckId=child) == {}
    assert (
        "ChildHealthChecks"
        not in a("GetHealthCheck", HealthCheckId=parent)["HealthCheck"]["HealthCheckConfig"]
    )


# --- reading


def test_lists_go_on_from_a_marker(a: Any, b: Any) -> None:
    made = sorted(_create(a, f"r{n}")["Id"] for n in range(5))
    _create(b)
    first = a("ListHealthChecks", MaxItems="2")
    assert [check["Id"] for check in first["HealthChecks"]] == made[:2]
    assert (first["IsTruncated"], first["MaxItems"], first["NextMarker"]) == (True, "2", made[2])
    assert "Marker" not in first
    rest = a("ListHealthChecks", Marker=first["NextMarker"])
    assert [check["Id"] for check in rest["HealthChecks"]] == made[2:]
    assert (rest["IsTruncated"], rest["MaxItems"], rest["Marker"]) == (False, "100", made[2])
    assert "NextMarker" not in rest
    assert a("GetHealthCheckCount") == {"HealthCheckCount": 5}
    assert a.refused("ListHealthChecks", MaxItems="x")[0] == "InvalidInput"


OF_ONE = ("GetHealthCheck", "UpdateHealthCheck", "DeleteHealthCheck")
OF_STATUS = ("GetHealthCheckStatus", "GetHealthCheckLastFailureReason")


@pytest.mark.parametrize("operation", OF_ONE + OF_STATUS)
def test_another_accounts_check_is_not_there(a: Any, b: Any, operation: str) -> None:
    """Nor is one that never was, or was deleted."""
    theirs, gone = _create(b)["Id"], _create(a)["Id"]
    a("DeleteHealthCheck", HealthCheckId=gone)
    for check_id in (theirs, gone, NEVER):
        refused = a.refused(operation, HealthCheckId=check_id)
        assert refused == ("NoSuchHealthCheck", f"A health check with id {check_id} does not exist.")


# IncompatibleVersion, of GetHealthCheck and ListHealthChecks, is for endpoints of older API versions: no
# request to this one can provoke it.


# --- changing


def test_update_changes_what_is_sent_and_counts_versions(a: Any) -> None:
    check = _create(a, **HTTP, ResourcePath="/old", Regions=["us-east-1", "us-west-1", "eu-west-1"])
    done = a("UpdateHealthCheck", HealthCheckId=check["Id"], HealthCheckVersion=1, Port=8080, Inverted=True)
    assert done["HealthCheck"]["HealthCheckVersion"] == 2
    assert done["HealthCheck"]["HealthCheckConfig"] == {
        **check["HealthCheckConfig"],
        "Port": 8080,
        "Inverted": True,
    }
    done = a("UpdateHealthCheck", HealthCheckId=check["Id"], ResetElements=["ResourcePath", "Regions"])
    assert done["HealthCheck"]["HealthCheckVersion"] == 3
    assert not done["HealthCheck"]["HealthCheckConfig"].keys() & {"ResourcePath", "Regions"}
    assert a("GetHealthCheck", HealthCheckId=check["Id"]) == done


def test_a_stale_version_is_refused(a: Any) -> None:
    check_id = _create(a)["Id"]
    a("UpdateHealthCheck", HealthCheckId=check_id, Port=81)
    for given in (1, 3):
        refused = a.refused("UpdateHealthCheck", HealthCheckId=check_id, HealthCheckVersion=given, Port=82)
        assert refused == (
            "HealthCheckVersionMismatch",
            f"The health check is at version 2, and the request is for version {given}.",
        )
    assert a("GetHealthCheck", HealthCheckId=check_id)["HealthCheck"]["HealthCheckConfig"]["Port"] == 81


def test_what_an_update_cannot_do(a: Any) -> None:
    named = _create(a, "n", Type="HTTP", FullyQualifiedDomainName="example.com")["Id"]
    recovery = _create(a, "c", Type="RECOVERY_CONTROL", RoutingControlArn="arn:aws:x")["Id"]
    for check_id, update, message in (
        (
            named,
            {"IPAddress": "192.0.2.1"},
            "An IP address cannot be added to a health check that was created without one.",
        ),
        (
            named,
            {"ResetElements": ["FullyQualifiedDomainName"]},
            "Basic health checks must have an IP address or a fully qualified domain name specified.",
        ),
        (
            named,
            {"ResourcePath": "/", "ResetElements": ["ResourcePath"]},
            "ResourcePath cannot be both set and reset.",
        ),
        (named, {"HealthThreshold": 1}, "Basic health checks must not have a health threshold specified."),
        (recovery, {"Inverted": True}, "Update is not supported for this health check type."),
    ):
        refused = a.refused("UpdateHealthCheck", HealthCheckId=check_id, **update)
        assert refused == ("InvalidInput", f"Invalid parameter : {message}")


def test_deleting_takes_the_tags_along(a: Any) -> None:
    check_id = _create(a)["Id"]
    with a.services.store.write() as tx:
        tags.put(tx, f"healthcheck/{check_id}", {"Name": "x"})
    a("DeleteHealthCheck", HealthCheckId=check_id)
    with a.services.store.read() as tx:
        assert tags.of(tx, f"healthcheck/{check_id}") == {}


# --- status


def test_what_nobody_reported_counts_as_healthy(a: Any) -> None:
    check_id = _create(a)["Id"]
    observed = a("GetHealthCheckStatus", HealthCheckId=check_id)
    assert len(observed["HealthCheckObservations"]) == 8
    assert _texts(observed) == {"Success: No status was reported yet, and the health check counts as healthy"}
    assert a("GetHealthCheckLastFailureReason", HealthCheckId=check_id) == {"HealthCheckObservations": []}
    metric = _create(
        a,
        "m",
        Type="CLOUDWATCH_METRIC",
        AlarmIdentifier=ALARM,
        InsufficientDataHealthStatus="Unhealthy",
        Inverted=True,
    )["Id"]
    assert _texts(a("GetHealthCheckStatus", HealthCheckId=metric)) == {
        "Failure: No status was reported yet, and the health check counts as unhealthy"
    }
    assert _facts(a) == {check_id: True, metric: True}


def test_observations_follow_what_the_operator_says(a: Any, clock: ManualClock) -> None:
    regions = ["us-east-1", "sa-east-1", "eu-west-1"]
    check_id = _create(a, **HTTP, Regions=regions)["Id"]
    clock.advance(10)
    told = _say(a, check_id, False, reason="connection refused")
    failed_at = clock.now()
    assert (told["healthy"], told["reported"], told["reason"]) == (False, False, "connection refused")
    failure = a("GetHealthCheckStatus", HealthCheckId=check_id)
    assert [one["Region"] for one in failure["HealthCheckObservations"]] == regions
    assert _texts(failure) == {"Failure: connection refused"}
    assert {one["StatusReport"]["CheckedTime"].timestamp() for one in failure["HealthCheckObservations"]} == {
        failed_at
    }
    addresses = {one["IPAddress"] for one in failure["HealthCheckObservations"]}
    assert len(addresses) == 3
    assert all(address.startswith("192.0.2.") for address in addresses)
    clock.advance(10)
    assert _say(a, check_id, True)["healthy"]
    assert _texts(a("GetHealthCheckStatus", HealthCheckId=check_id)) == {"Success: HTTP Status Code 200, OK"}
    assert a("GetHealthCheckLastFailureReason", HealthCheckId=check_id) == failure
    clock.advance(10)
    _say(a, check_id, False)
    assert _texts(a("GetHealthCheckLastFailureReason", HealthCheckId=check_id)) == {
        "Failure: The endpoint was reported as unhealthy"
    }


def test_observations_are_from_before_inversion(a: Any) -> None:
    check_id = _create(a, Type="TCP", IPAddress="192.0.2.1", Port=1, Inverted=True)["Id"]
    assert not _say(a, check_id, True)["healthy"]
    assert _texts(a("GetHealthCheckStatus", HealthCheckId=check_id)) == {"Success"}


def test_a_calculated_check_has_no_observations(a: Any) -> None:
    check_id = _create(a, Type="CALCULATED", HealthThreshold=0)["Id"]
    for operation, what in zip(OF_STATUS, ("status", "last failure reason"), strict=True):
        refused = a.refused(operation, HealthCheckId=check_id)
        assert refused == ("InvalidInput", f"The {what} of a calculated health check cannot be asked for.")


def test_checkers_come_from_addresses_for_documentation(a: Any) -> None:
    assert a("GetCheckerIpRanges") == {"CheckerIpRanges": ["192.0.2.0/24"]}


# --- what name servers are told


def test_every_write_raises_the_version_in_its_transaction(a: Any) -> None:
    def version() -> int:
        with a.services.store.read() as tx:
            rows = [row for row in outbox.pending(tx) if row.kind == "routing"]
            now = routing.version(tx)
            assert not rows or (rows[-1].subject, rows[-1].version) == ("routing", now)
            return now

    seen = [version()]
    check_id = _create(a)["Id"]
    seen.append(version())
    a("UpdateHealthCheck", HealthCheckId=check_id, Inverted=True)
    seen.append(version())
    told = _say(a, check_id, True)
    seen.append(version())
    with a.services.store.read() as tx:
        change = changes.get(tx, told["change_id"])
    assert change is not None
    assert (change.subject, change.version, change.insync_at) == ("routing", seen[-1], None)
    assert _facts(a) == {check_id: False}
    a("DeleteHealthCheck", HealthCheckId=check_id)
    seen.append(version())
    assert seen == sorted(set(seen))
    assert _facts(a) == {}
    a.refused("UpdateHealthCheck", HealthCheckId=check_id, Inverted=True)
    assert version() == seen[-1]


def test_calculated_checks_follow_their_children(a: Any) -> None:
    one, two = (_create(a, f"r{n}")["Id"] for n in range(2))
    both = _create(a, "b", Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=[one, two])["Id"]
    none = _create(a, "n", Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=[one, two], Inverted=True)[
        "Id"
    ]
    assert _facts(a) == {one: True, two: True, both: True, none: False}
    _say(a, two, False)
    assert _facts(a) == {one: True, two: False, both: False, none: True}
    a("UpdateHealthCheck", HealthCheckId=two, Disabled=True)
    assert _facts(a) == {one: True, two: True, both: True, none: False}


# --- the operator's calls


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"healthy": "no"}, "healthy: true or false is expected"),
        ({}, "healthy: true or false is expected"),
        ({"healthy": True, "why": "x"}, "unknown member 'why'; known are healthy, id, reason"),
        ({"healthy": True, "reason": "x"}, "reason: only what is unhealthy has one"),
        ({"healthy": False, "reason": ""}, "reason: 1 to 200 printable characters are expected"),
        ({"healthy": False, "reason": "a\nb"}, "reason: 1 to 200 printable characters are expected"),
        ({"healthy": False, "reason": 3}, "reason: 1 to 200 printable characters are expected"),
    ],
)
def test_what_an_operator_cannot_say(a: Any, request_: dict[str, Any], message: str) -> None:
    check_id = _create(a)["Id"]
    with pytest.raises(AwsFault) as refused:
        health_status.set_status(a.services, {"id": check_id, **request_}, a.caller)
    assert (refused.value.error, refused.value.message) == ("ValidationException", message)


def test_an_account_speaks_for_its_own_checks(a: Any, b: Any) -> None:
    check_id = _create(a)["Id"]
    with pytest.raises(AwsFault, match="does not exist"):
        _say(b, check_id, False)
    calculated = _create(a, "c", Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[check_id])["Id"]
    with pytest.raises(AwsFault, match="what its children make of it"):
        _say(a, calculated, False)
    assert health_status.list_statuses(b.services, {}, b.caller) == {"health_checks": []}


def test_the_operators_list(a: Any, clock: ManualClock) -> None:
    ids = {
        "192.0.2.44:80": _create(a)["Id"],
        "example.com": _create(a, "n", Type="HTTP", FullyQualifiedDomainName="example.com")["Id"],
        "[2001:db8::1]:53": _create(a, "6", Type="TCP", IPAddress="2001:db8::1", Port=53)["Id"],
        "alarm": _create(a, "m", Type="CLOUDWATCH_METRIC", AlarmIdentifier=ALARM)["Id"],
        "arn:aws:x": _create(a, "c", Type="RECOVERY_CONTROL", RoutingControlArn="arn:aws:x")["Id"],
    }
    calculated = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": [ids["alarm"]]}
    ids["1 of 1 health checks"] = _create(a, "s", **calculated)["Id"]
    _say(a, ids["alarm"], False, reason="ALARM")
    listed = health_status.list_statuses(a.services, {}, a.caller)["health_checks"]
    assert {one["endpoint"]: one["id"] for one in listed} == ids
    assert {one["id"] for one in listed if not one["healthy"]} == {ids["alarm"], ids["1 of 1 health checks"]}
    alarm = next(one for one in listed if one["id"] == ids["alarm"])
    assert (alarm["reported"], alarm["reported_at"], alarm["reason"]) == (False, clock.now(), "ALARM")
    assert next(one for one in listed if one["endpoint"] == "example.com")["reported"] is None


def test_a_record_set_that_names_a_check_does_not_keep_it(a: Any) -> None:
    check_id = _create(a)["Id"]
    zone_id = a.zone()
    owner = Name.parse("www.example.com.")
    record = RecordSet(owner, 1, ttl=60, rdatas=[b"\xc0\x00\x02\x01"], health_check=check_id)
    with a.services.store.write() as tx:
        records.put(tx, zone_id, [StoredSet(record=record, type="A", shape={})])
    assert a("DeleteHealthCheck", HealthCheckId=check_id) == {}
    with a.services.store.read() as tx:
        assert health_checks.existing(tx, a.caller.account_id, [check_id]) == set()
