"""What can be changed about a hosted zone, how many an account has, and what a page of many costs.

Never provoked: LimitsExceeded of UpdateHostedZoneFeatures, as accelerated recovery costs nothing here;
PriorRequestNotComplete is the profile's.
"""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from seal53.base.clock import ManualClock
from seal53.core import Name
from seal53.services import ec2
from seal53.services.context import Services
from seal53.services.quotas import AWS, OPEN
from seal53.store import tags, traffic, zones
from seal53.zones.addresses import RESOLVERS, REUSABLE_SETS, SETS_OF_ONE_NAME

VPC_A = {"VPCId": "vpc-11111111", "VPCRegion": "eu-west-1"}


def with_quotas(api: Any, **numbers: int) -> Any:
    """The same account under other quotas."""
    limits = replace(api.services.limits, quotas=replace(OPEN, **numbers))
    return replace(api, services=replace(api.services, limits=limits))


# --- comments


def test_a_comment_is_replaced_and_deleted(a: Any) -> None:
    zone_id = a.zone("example.com", HostedZoneConfig={"Comment": "first"})
    changed = a("UpdateHostedZoneComment", Id=zone_id, Comment="second")
    assert changed["HostedZone"]["Config"] == {"Comment": "second", "PrivateZone": False}
    assert changed == {"HostedZone": a("GetHostedZone", Id=zone_id)["HostedZone"]}
    assert a("UpdateHostedZoneComment", Id=zone_id)["HostedZone"]["Config"] == {"PrivateZone": False}
    assert a("GetHostedZone", Id=zone_id)["HostedZone"]["Config"] == {"PrivateZone": False}


def test_another_accounts_zone_gets_no_comment(a: Any, b: Any) -> None:
    zone_id = a.zone("example.com")
    assert b.refused("UpdateHostedZoneComment", Id=zone_id, Comment="mine") == (
        "NoSuchHostedZone",
        f"No hosted zone found with ID: {zone_id}",
    )


# --- accelerated recovery


def recovery(api: Any, zone_id: str) -> str | None:
    found = api("GetHostedZone", Id=zone_id)["HostedZone"].get("Features")
    return None if found is None else found["AcceleratedRecoveryStatus"]


def test_accelerated_recovery_comes_and_goes_over_time(a: Any, clock: ManualClock) -> None:
    zone_id = a.zone("example.com")
    assert recovery(a, zone_id) is None
    assert a("UpdateHostedZoneFeatures", HostedZoneId=zone_id, EnableAcceleratedRecovery=True) == {}
    assert recovery(a, zone_id) == "ENABLING"
    clock.advance(4)
    assert recovery(a, zone_id) == "ENABLING"
    a("UpdateHostedZoneFeatures", HostedZoneId=zone_id, EnableAcceleratedRecovery=True)  # nothing new
    clock.advance(1)
    assert recovery(a, zone_id) == "ENABLED"
    a("UpdateHostedZoneFeatures", HostedZoneId=zone_id)
    assert recovery(a, zone_id) == "ENABLED"
    a("UpdateHostedZoneFeatures", HostedZoneId=zone_id, EnableAcceleratedRecovery=False)
    assert recovery(a, zone_id) == "DISABLING"
    clock.advance(5)
    assert recovery(a, zone_id) == "DISABLED"
    (listed,) = a("ListHostedZones")["HostedZones"]
    assert listed["Features"] == {"AcceleratedRecoveryStatus": "DISABLED"}


def test_accelerated_recovery_is_for_own_public_zones(a: Any, b: Any) -> None:
    private = a.zone("corp", VPC=VPC_A)
    wanted = {"EnableAcceleratedRecovery": True}
    assert a.refused("UpdateHostedZoneFeatures", HostedZoneId=private, **wanted)[0] == "InvalidInput"
    assert b.refused("UpdateHostedZoneFeatures", HostedZoneId=private, **wanted)[0] == "NoSuchHostedZone"


# --- how many


def test_an_account_has_so_many_zones_public_and_private(a: Any, b: Any) -> None:
    few = with_quotas(a, hosted_zones=2)
    few.zone("one.com")
    few.zone("corp", VPC=VPC_A)
    for request in ({"Name": "two.com"}, {"Name": "corp2", "VPC": VPC_A}):
        assert few.refused("CreateHostedZone", CallerReference="last", **request) == (
            "TooManyHostedZones",
            "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
        )
    with_quotas(b, hosted_zones=2).zone("two.com")
    assert a("GetHostedZoneCount")["HostedZoneCount"] == 2
    assert AWS.hosted_zones == 500


def test_one_account_cannot_use_up_all_sets_for_a_name(a: Any, b: Any) -> None:
    """Names that are equal, above and below alike; other names and other accounts still get servers."""
    for n in range(SETS_OF_ONE_NAME):
        a.zone("x.com" if n % 2 else "a.x.com")
    assert a.refused("CreateHostedZone", Name="x.com", CallerReference="one more") == (
        "DelegationSetNotAvailable",
        "This account's hosted zones that are equal to, above or below x.com. use 24 delegation sets already,"
        " which is the most",
    )
    assert a.refused("CreateHostedZone", Name="b.a.x.com", CallerReference="below")[0] == (
        "DelegationSetNotAvailable"
    )
    a.zone("y.com")
    b.zone("x.com")


def test_whatever_one_account_asks_for_another_one_gets_servers(a: Any, b: Any, clock: ManualClock) -> None:
    for _ in range(SETS_OF_ONE_NAME):
        a.zone("x.com")
    assert (
        a.refused("CreateHostedZone", Name="x.com", CallerReference="more")[0] == "DelegationSetNotAvailable"
    )
    for n in range(REUSABLE_SETS):
        a("CreateReusableDelegationSet", CallerReference=str(n))
    ec2_caller = replace(a.caller, now=clock.now())
    for _ in range(RESOLVERS - 1):
        ec2.create_vpc(a.services, {"CidrBlock": "10.0.0.0/16"}, ec2_caller)
    servers = [b("GetHostedZone", Id=b.zone("x.com"))["DelegationSet"]["NameServers"] for _ in range(2)]
    assert len(set(map(tuple, servers))) == 2
    ec2.create_vpc(b.services, {"CidrBlock": "10.0.0.0/16"}, replace(b.caller, now=clock.now()))


def test_zones_beside_each_other_share_sets_however_many(a: Any) -> None:
    for n in range(30):
        a.zone(f"n{n}.x.com")
    servers = a("GetHostedZone", Id=a.zone("x.com"))["DelegationSet"]["NameServers"]
    assert servers[0] == "ns-0.set-02.seal53"


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("ListHostedZones", {}),
        ("ListHostedZonesByName", {}),
        ("ListHostedZonesByVPC", VPC_A),
    ],
)
def test_a_page_of_a_hundred_zones_takes_few_statements(
    a: Any, services: Services, operation: str, request_: dict[str, str]
) -> None:
    for n in range(101):
        a.zone(f"n{n}", VPC=VPC_A)
    statements: list[str] = []
    with services.store.read() as tx:
        engine = tx.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    page = a(operation, **request_)
    assert len(page.get("HostedZones", page.get("HostedZoneSummaries"))) == 100
    assert len(statements) <= 6, statements


def test_lists_along_an_index(services: Services) -> None:
    """No list reads more rows than it returns: each goes by an index that has its order."""
    with services.store.read() as tx:
        seen: list[tuple[str, Any]] = []
        event.listen(tx, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
        zones.page_by_id(tx, "1", start_id="Z", limit=10)
        zones.page_by_name(tx, "1", start=None, start_id="", limit=10)
        zones.page_of_vpc(tx, "vpc-1", start_id="Z", limit=10)
        plans = [
            row[3]
            for statement, parameters in list(seen)
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert not [plan for plan in plans if plan.startswith("SCAN") or "TEMP B-TREE" in plan]


def test_counts_come_with_the_zone(a: Any, put: Any) -> None:
    zone_id = a.zone("example.com")
    a.change(zone_id, put("a.example.com"), put("b.example.com"))
    for zone in (
        a("GetHostedZone", Id=zone_id)["HostedZone"],
        *a("ListHostedZones")["HostedZones"],
        *a("ListHostedZonesByName")["HostedZones"],
    ):
        assert zone["ResourceRecordSetCount"] == 4


# --- what goes with a zone


def test_a_zone_with_a_traffic_policy_instance_is_not_empty(
    a: Any, services: Services, clock: ManualClock
) -> None:
    """One that has failed has no record set."""
    zone_id = a.zone("example.com")
    with services.store.write() as tx:
        traffic.put_instance(
            tx,
            traffic.Instance(
                id="i",
                account_id=a.caller.account_id,
                zone_id=zone_id,
                owner=Name.parse("www.example.com."),
                type="A",
                ttl=60,
                policy_id="p",
                policy_version=1,
                change_id="C",
                failure="no such place",
                created_at=clock.now(),
            ),
        )
    assert a.refused("DeleteHostedZone", Id=zone_id)[0] == "HostedZoneNotEmpty"


def test_a_deleted_zone_leaves_no_tags(a: Any, services: Services) -> None:
    zone_id = a.zone("example.com")
    a(
        "ChangeTagsForResource",
        ResourceType="hostedzone",
        ResourceId=zone_id,
        AddTags=[{"Key": "k", "Value": "v"}],
    )
    a("DeleteHostedZone", Id=zone_id)
    with services.store.read() as tx:
        assert tags.of(tx, f"hostedzone/{zone_id}") == {}
