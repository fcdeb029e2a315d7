"""A VPC's DNSSEC validation setting: states, repetition, other accounts."""

import re

import pytest
from signing_world import NOW, A, B, make_world

from seal53.base.ids import AccountId, VpcId
from seal53.services.faults import AwsFault
from seal53.services.route53resolver import OPERATIONS
from seal53.store import changes, outbox, vpcs
from seal53.store.vpcs import Vpc


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    with made.services.store.write() as tx:
        for number, account in enumerate((A, A, A, B)):
            vpc = Vpc(
                id=VpcId(f"vpc-{number}"),
                account_id=AccountId(account),
                region="us-east-1",
                address=f"127.0.0.{number}",
                created_at=NOW + number,
            )
            vpcs.insert(tx, vpc)
    yield made
    made.services.store.close()


def call(world, operation, *, account=A, **request):
    return OPERATIONS[operation](world.services, request, world.caller(account, "eu-west-1"))


def status(world, vpc="vpc-0", **kw):
    return call(world, "GetResolverDnssecConfig", ResourceId=vpc, **kw)["ResolverDNSSECConfig"][
        "ValidationStatus"
    ]


def settle(world, vpc="vpc-0"):
    with world.services.store.write() as tx:
        found = vpcs.get(tx, vpc)
        changes.close_up_to(tx, f"vpc:{vpc}", found.version, NOW + 1)


def test_from_disabled_to_enabled_and_back(world):
    assert status(world) == "DISABLED"
    made = call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="ENABLE")
    config = made["ResolverDNSSECConfig"]
    assert config["ValidationStatus"] == "ENABLING"
    assert (config["OwnerId"], config["ResourceId"]) == (A, "vpc-0")
    assert re.fullmatch(r"rdsc-[0-9a-f]{17}", config["Id"])
    with world.services.store.read() as tx:
        (row,) = outbox.pending(tx)
        assert (row.subject, row.kind, row.version) == ("vpc:vpc-0", "vpc", vpcs.get(tx, "vpc-0").version)
    settle(world)
    assert status(world) == "ENABLED"
    again = call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="DISABLE")
    assert again["ResolverDNSSECConfig"]["ValidationStatus"] == "DISABLING"
    assert again["ResolverDNSSECConfig"]["Id"] == config["Id"]
    settle(world)
    assert status(world) == "DISABLED"
    call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="USE_LOCAL_RESOURCE_SETTING")
    assert status(world) == "UPDATING_TO_USE_LOCAL_RESOURCE_SETTING"
    settle(world)
    assert status(world) == "USE_LOCAL_RESOURCE_SETTING"


def test_asking_twice_changes_once(world):
    for _ in range(2):
        call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="ENABLE")
    with world.services.store.read() as tx:
        assert len(outbox.pending(tx)) == 1
    settle(world)
    call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="ENABLE")
    assert status(world) == "ENABLED"


@pytest.mark.parametrize("operation", ["UpdateResolverDnssecConfig", "GetResolverDnssecConfig"])
@pytest.mark.parametrize("vpc", ["vpc-3", "vpc-99"])
def test_a_vpc_of_another_account_does_not_exist(world, operation, vpc):
    with pytest.raises(AwsFault) as fault:
        call(world, operation, ResourceId=vpc, Validation="ENABLE")
    assert fault.value.error == "ResourceNotFoundException"
    assert fault.value.message.startswith("[RSLVR-") and vpc in fault.value.message
    assert status(world, "vpc-3", account=B) == "DISABLED"


def test_an_unknown_value(world):
    with pytest.raises(AwsFault) as fault:
        call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-0", Validation="MAYBE")
    assert (fault.value.error, fault.value.members) == (
        "InvalidParameterException",
        {"FieldName": "Validation"},
    )


def test_the_list_has_what_was_configured_page_by_page(world):
    assert call(world, "ListResolverDnssecConfigs") == {"ResolverDnssecConfigs": []}
    for vpc in ("vpc-2", "vpc-0", "vpc-1"):
        call(world, "UpdateResolverDnssecConfig", ResourceId=vpc, Validation="ENABLE")
    call(world, "UpdateResolverDnssecConfig", ResourceId="vpc-3", Validation="ENABLE", account=B)
    first = call(world, "ListResolverDnssecConfigs", MaxResults=2)
    assert [c["ResourceId"] for c in first["ResolverDnssecConfigs"]] == ["vpc-0", "vpc-1"]
    rest = call(world, "ListResolverDnssecConfigs", MaxResults=2, NextToken=first["NextToken"])
    assert [c["ResourceId"] for c in rest["ResolverDnssecConfigs"]] == ["vpc-2"] and "NextToken" not in rest
    with pytest.raises(AwsFault) as fault:
        call(world, "ListResolverDnssecConfigs", NextToken="nonsense")
    assert fault.value.error == "InvalidNextTokenException"
