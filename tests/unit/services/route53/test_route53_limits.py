"""Limits: what the profile allows and what is there."""

from dataclasses import replace
from typing import Any

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name
from seal53.services.context import Services
from seal53.services.quotas import AWS
from seal53.store import health_checks, traffic
from seal53.store.health_checks import HealthCheck

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}


@pytest.fixture
def aws(a: Any) -> Any:
    """The first account under AWS's numbers."""
    return replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=AWS)))


def fill(api: Any, services: Services, now: int) -> None:
    """One of everything that is counted; two versions of the one policy."""
    zone_id = api.zone("example.com")
    api("CreateReusableDelegationSet", CallerReference="r")
    with services.store.write() as tx:
        health_checks.insert(
            tx,
            HealthCheck(
                id="h",
                account_id=api.caller.account_id,
                caller_reference="r",
                config={"Type": "TCP"},
                created_at=now,
            ),
        )
        for version in (1, 2):
            traffic.insert(
                tx,
                traffic.TrafficPolicy(
                    id="p",
                    version=version,
                    account_id=api.caller.account_id,
                    name="p",
                    type="A",
                    document="{}",
                    created_at=now,
                ),
            )
        traffic.put_instance(
            tx,
            traffic.Instance(
                id="i",
                account_id=api.caller.account_id,
                zone_id=zone_id,
                owner=Name.parse("www.example.com."),
                type="A",
                ttl=60,
                policy_id="p",
                policy_version=1,
                change_id="C",
                created_at=now,
            ),
        )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("MAX_HEALTH_CHECKS_BY_OWNER", 200),
        ("MAX_HOSTED_ZONES_BY_OWNER", 500),
        ("MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER", 5),
        ("MAX_REUSABLE_DELEGATION_SETS_BY_OWNER", 100),
        ("MAX_TRAFFIC_POLICIES_BY_OWNER", 50),
    ],
)
def test_an_accounts_limits(
    aws: Any, b: Any, services: Services, clock: ManualClock, kind: str, value: int
) -> None:
    assert aws("GetAccountLimit", Type=kind) == {"Limit": {"Type": kind, "Value": value}, "Count": 0}
    fill(aws, services, clock.now())
    assert aws("GetAccountLimit", Type=kind)["Count"] == 1
    assert b("GetAccountLimit", Type=kind)["Count"] == 0
    assert b("GetAccountLimit", Type=kind)["Limit"]["Value"] >= value


def test_a_zones_limits(aws: Any, b: Any) -> None:
    public, private = aws.zone("example.com"), aws.zone("corp", VPC=VPC_A)
    for zone_id in (public, private):
        assert aws("GetHostedZoneLimit", HostedZoneId=zone_id, Type="MAX_RRSETS_BY_ZONE") == {
            "Limit": {"Type": "MAX_RRSETS_BY_ZONE", "Value": 10_000},
            "Count": 2,
        }
    vpcs = {"Type": "MAX_VPCS_ASSOCIATED_BY_ZONE"}
    assert aws("GetHostedZoneLimit", HostedZoneId=private, **vpcs) == {
        "Limit": {**vpcs, "Value": 300},
        "Count": 1,
    }
    assert aws.refused("GetHostedZoneLimit", HostedZoneId=public, **vpcs) == (
        "HostedZoneNotPrivate",
        "The specified hosted zone is a public hosted zone, not a private hosted zone.",
    )
    assert b.refused("GetHostedZoneLimit", HostedZoneId=private, **vpcs)[0] == "NoSuchHostedZone"


def test_a_delegation_sets_limit(aws: Any, b: Any) -> None:
    kind = {"Type": "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"}
    set_id = aws("CreateReusableDelegationSet", CallerReference="r")["DelegationSet"]["Id"]
    aws.zone("example.com", DelegationSetId=set_id)
    assert aws("GetReusableDelegationSetLimit", DelegationSetId=set_id, **kind) == {
        "Limit": {**kind, "Value": 100},
        "Count": 1,
    }
    assert b.refused("GetReusableDelegationSetLimit", DelegationSetId=set_id, **kind) == (
        "NoSuchDelegationSet",
        f"No delegation set found with ID: {set_id}",
    )


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetAccountLimit", {}),
        ("GetHostedZoneLimit", {"HostedZoneId": "its"}),
        ("GetReusableDelegationSetLimit", {"DelegationSetId": "N0"}),
    ],
)
def test_a_limit_that_there_is_not(a: Any, operation: str, request_: dict[str, str]) -> None:
    zone_id = a.zone("example.com")
    given = {key: zone_id if value == "its" else value for key, value in request_.items()}
    code, message = a.refused(operation, Type="MAX_OF_ALL", **given)
    assert code == "InvalidInput"
    assert message.startswith(
        "1 validation error detected: Value 'MAX_OF_ALL' at 'type' failed to satisfy constraint: Member must"
        " satisfy enum value set: [MAX_"
    )
