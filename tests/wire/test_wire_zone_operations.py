"""The operations on hosted zones and what belongs to them, and EC2's on VPCs, through the real boto3 client.

What each decides is shown in tests/unit/services; here it is whether a client can say it and read the answer.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from wire_world import ACCOUNT, World

from seal53 import registry
from seal53.base.ids import AccountId, Ids
from seal53.core import Name
from seal53.registry import RegistrySettings
from seal53.services import ec2, route53
from seal53.services.context import Caller, Limits, Operation, Request, Response, Services
from seal53.store import Store, accounts, vpcs, zones
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone

OTHER = AccountId("222222222222")
VPC_1 = {"VPCRegion": "us-east-1", "VPCId": "vpc-11111111"}
VPC_2 = {"VPCRegion": "eu-west-1", "VPCId": "vpc-22222222"}
VPC_OF_OTHER = {"VPCRegion": "us-east-1", "VPCId": "vpc-33333333"}
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/route53/x"


@pytest.fixture
def services(world: World, tmp_path: Path) -> Iterator[Services]:
    """A database with two accounts, three VPCs and another account's private zone, behind the gateway."""
    store = Store(tmp_path / "store.db")
    store.open()
    ids = Ids()
    now = world.clock.now()
    with store.write() as tx:
        for account_id in (AccountId(ACCOUNT), OTHER):
            accounts.create(tx, id=account_id, name=account_id, now=now)
        for n, (vpc, account_id) in enumerate(
            ((VPC_1, ACCOUNT), (VPC_2, ACCOUNT), (VPC_OF_OTHER, OTHER)), start=1
        ):
            row = Vpc(
                id=vpc["VPCId"],
                account_id=account_id,
                region=vpc["VPCRegion"],
                address=f"127.53.0.{200 + n}",
                created_at=now,
            )
            vpcs.insert(tx, row)
        registry.bootstrap(
            tx,
            kek=bytes(32),
            ids=ids,
            now=now,
            settings=RegistrySettings(
                tlds=("com.",), root_address="127.53.0.1", tld_addresses=("127.53.0.2", "127.53.0.3")
            ),
        )
        zones.insert(
            tx,
            HostedZone(
                id="ZOTHER",
                account_id=OTHER,
                kind="private",
                name=Name.parse("other.internal."),
                caller_reference="r",
                created_at=now,
            ),
        )
        zones.associate(tx, "ZOTHER", "vpc-33333333")
    probe: Any = None
    services = Services(
        store=store,
        kek=bytes(32),
        ids=ids,
        probe=probe,
        limits=Limits(name_server_pattern="ns-{n}.set-{set}.seal53.", address_block="127.53.0.0/24"),
    )
    for service, operations in (("route53", route53.OPERATIONS), ("ec2", ec2.OPERATIONS)):
        for name, operation in operations.items():
            world.toys[service, name] = _bound(services, operation)
    yield services
    store.close()


def _bound(services: Services, operation: Operation) -> Any:
    def bound(request: Request, caller: Caller) -> Response:
        return operation(services, request, caller)

    return bound


@pytest.fixture(name="api")
def _api(world: World, services: Services) -> Any:
    return world.client("route53")


def refused(call: Any, **request: Any) -> tuple[str, int, dict[str, Any]]:
    """Code, HTTP status, and the whole error as the client read it."""
    with pytest.raises(ClientError) as error:
        call(**request)
    response: Any = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


def status(response: dict[str, Any]) -> int:
    code: int = response["ResponseMetadata"]["HTTPStatusCode"]
    return code


def make(api: Any, name: str = "example.com", **request: Any) -> str:
    return str(api.create_hosted_zone(Name=name, CallerReference=name, **request)["HostedZone"]["Id"])


def test_comment_and_features(api: Any) -> None:
    zone_id = make(api, HostedZoneConfig={"Comment": "one"})
    changed = api.update_hosted_zone_comment(Id=zone_id, Comment="two")["HostedZone"]
    assert (changed["Id"], changed["Config"]) == (zone_id, {"Comment": "two", "PrivateZone": False})
    assert "Comment" not in api.update_hosted_zone_comment(Id=zone_id)["HostedZone"]["Config"]
    assert (
        status(api.update_hosted_zone_features(HostedZoneId=zone_id, EnableAcceleratedRecovery=True)) == 200
    )
    features = api.get_hosted_zone(Id=zone_id)["HostedZone"]["Features"]
    assert features == {"AcceleratedRecoveryStatus": "ENABLING"}


def test_reusable_delegation_sets(api: Any) -> None:
    made = api.create_reusable_delegation_set(CallerReference="r")
    held = made["DelegationSet"]
    assert status(made) == 201
    assert held["Id"].startswith("/delegationset/N")
    assert made["Location"].endswith(held["Id"])
    zone = api.create_hosted_zone(Name="x.com", CallerReference="x", DelegationSetId=held["Id"])
    assert zone["DelegationSet"] == held
    assert api.get_reusable_delegation_set(Id=held["Id"])["DelegationSet"] == held
    assert api.list_reusable_delegation_sets()["DelegationSets"] == [held]
    assert len(api.list_hosted_zones(DelegationSetId=held["Id"])["HostedZones"]) == 1
    limit = api.get_reusable_delegation_set_limit(
        Type="MAX_ZONES_BY_REUSABLE_DELEGATION_SET", DelegationSetId=held["Id"]
    )
    assert limit["Count"] == 1
    assert refused(api.delete_reusable_delegation_set, Id=held["Id"])[:2] == ("DelegationSetInUse", 400)
    api.delete_hosted_zone(Id=zone["HostedZone"]["Id"])
    assert status(api.delete_reusable_delegation_set(Id=held["Id"])) == 200
    assert refused(api.get_reusable_delegation_set, Id=held["Id"])[:2] == ("NoSuchDelegationSet", 400)
    create = api.create_reusable_delegation_set
    assert refused(create, CallerReference="x", HostedZoneId="Z0")[:2] == ("HostedZoneNotFound", 400)


def test_vpcs_of_private_zones(api: Any) -> None:
    zone_id = make(api, "corp", VPC=VPC_1)
    made = api.associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=VPC_2, Comment="more")
    assert made["ChangeInfo"]["Id"].startswith("/change/C")
    assert made["ChangeInfo"]["Comment"] == "more"
    assert api.get_hosted_zone(Id=zone_id)["VPCs"] == [VPC_1, VPC_2]
    bare = zone_id.rpartition("/")[2]
    (summary,) = api.list_hosted_zones_by_vpc(**VPC_2)["HostedZoneSummaries"]
    assert summary == {"HostedZoneId": bare, "Name": "corp.", "Owner": {"OwningAccount": ACCOUNT}}
    authorized = api.create_vpc_association_authorization(HostedZoneId=zone_id, VPC=VPC_OF_OTHER)
    assert (status(authorized), authorized["HostedZoneId"], authorized["VPC"]) == (200, bare, VPC_OF_OTHER)
    listed = api.list_vpc_association_authorizations(HostedZoneId=zone_id)
    assert (listed["HostedZoneId"], listed["VPCs"]) == (bare, [VPC_OF_OTHER])
    request = {"HostedZoneId": zone_id, "VPC": VPC_OF_OTHER}
    assert status(api.delete_vpc_association_authorization(**request)) == 200
    assert refused(api.delete_vpc_association_authorization, **request)[:2] == (
        "VPCAssociationAuthorizationNotFound",
        404,
    )
    ended = api.disassociate_vpc_from_hosted_zone(HostedZoneId=zone_id, VPC=VPC_2)
    assert ended["ChangeInfo"]["Status"] == "PENDING"
    for call, vpc, wanted in (
        (api.disassociate_vpc_from_hosted_zone, VPC_2, ("VPCAssociationNotFound", 404)),
        (api.disassociate_vpc_from_hosted_zone, VPC_1, ("LastVPCAssociation", 400)),
        (api.associate_vpc_with_hosted_zone, VPC_OF_OTHER, ("InvalidVPCId", 400)),
        (api.associate_vpc_with_hosted_zone, VPC_1, ("ConflictingDomainExists", 400)),
    ):
        assert refused(call, HostedZoneId=zone_id, VPC=vpc)[:2] == wanted
    associate = api.associate_vpc_with_hosted_zone
    assert refused(associate, HostedZoneId="ZOTHER", VPC=VPC_1)[:2] == ("NotAuthorizedException", 401)
    assert refused(associate, HostedZoneId="Z0", VPC=VPC_1)[:2] == ("NoSuchHostedZone", 404)
    public = make(api)
    assert refused(associate, HostedZoneId=public, VPC=VPC_1)[:2] == ("PublicZoneVPCAssociation", 400)
    assert refused(api.list_hosted_zones_by_vpc, NextToken="x", **VPC_1)[:2] == (
        "InvalidPaginationToken",
        400,
    )


def test_tags(api: Any) -> None:
    zone_id = make(api)
    bare = zone_id.rpartition("/")[2]
    of = {"ResourceType": "hostedzone", "ResourceId": bare}
    added = api.change_tags_for_resource(AddTags=[{"Key": "a <&>", "Value": "ü"}, {"Key": "b"}], **of)
    assert status(added) == 200
    tags = [{"Key": "a <&>", "Value": "ü"}, {"Key": "b", "Value": ""}]
    assert api.list_tags_for_resource(**of)["ResourceTagSet"] == {**of, "Tags": tags}
    several = api.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[bare])
    assert several["ResourceTagSets"] == [{**of, "Tags": tags}]
    api.change_tags_for_resource(RemoveTagKeys=["b"], **of)
    assert len(api.list_tags_for_resource(**of)["ResourceTagSet"]["Tags"]) == 1
    get = api.list_tags_for_resource
    assert refused(get, ResourceType="hostedzone", ResourceId=zone_id)[:2] == ("InvalidInput", 400)
    assert refused(get, ResourceType="healthcheck", ResourceId=bare)[:2] == ("NoSuchHealthCheck", 404)
    many = [f"Z{n}" for n in range(11)]
    call = api.list_tags_for_resources
    assert refused(call, ResourceType="hostedzone", ResourceIds=many)[:2] == ("InvalidInput", 400)


def test_query_logging_configs(api: Any) -> None:
    zone_id = make(api)
    made = api.create_query_logging_config(HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=GROUP)
    config = made["QueryLoggingConfig"]
    assert status(made) == 201
    assert config["HostedZoneId"] == zone_id.rpartition("/")[2]
    assert made["Location"].endswith(f"/queryloggingconfig/{config['Id']}")
    assert api.get_query_logging_config(Id=config["Id"])["QueryLoggingConfig"] == config
    assert api.list_query_logging_configs(HostedZoneId=zone_id)["QueryLoggingConfigs"] == [config]
    again = {"HostedZoneId": zone_id, "CloudWatchLogsLogGroupArn": GROUP}
    assert refused(api.create_query_logging_config, **again)[:2] == ("QueryLoggingConfigAlreadyExists", 409)
    assert status(api.delete_query_logging_config(Id=config["Id"])) == 200
    gone = refused(api.get_query_logging_config, Id=config["Id"])
    assert gone[:2] == ("NoSuchQueryLoggingConfig", 404)


def test_protections_and_the_errors_of_their_entries(api: Any) -> None:
    zone_id = make(api)
    one = {"RecordName": "www.example.com", "RecordType": "A"}
    create, delete = (
        api.create_resource_record_set_protections,
        api.delete_resource_record_set_protections,
    )
    assert status(create(HostedZoneId=zone_id, Protections=[{**one, "Comment": "ask first"}])) == 200
    page = api.list_resource_record_set_protections(HostedZoneId=zone_id)
    assert page["ResourceRecordSetProtections"] == [
        {"RecordName": "www.example.com.", "RecordType": "A", "Comment": "ask first"}
    ]
    record = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    code, http, error = refused(api.change_resource_record_sets, HostedZoneId=zone_id, ChangeBatch=batch)
    assert (code, http) == ("InvalidChangeBatch", 400)
    assert "ask first" in error["Error"]["Message"]
    code, http, error = refused(create, HostedZoneId=zone_id, Protections=[one])
    assert (code, http) == ("ProtectionAlreadyExists", 409)
    assert error["Errors"] == [
        {
            **one,
            "Code": "ProtectionAlreadyExists",
            "Message": "A protection already exists for this name and type.",
        }
    ]
    bad = [{"RecordName": "www.example.org", "RecordType": "A"}, {"RecordName": "a..b", "RecordType": "TXT"}]
    code, http, error = refused(create, HostedZoneId=zone_id, Protections=bad)
    assert (code, http) == ("InvalidResourceRecordSetProtectionBatch", 400)
    assert [(e["RecordName"], e["RecordType"], e["Code"]) for e in error["Errors"]] == [
        ("www.example.org", "A", "InvalidInput"),
        ("a..b", "TXT", "InvalidInput"),
    ]
    assert error["Error"]["Message"].startswith("One or more entries in the request couldn't be processed:")
    assert status(delete(HostedZoneId=zone_id, Protections=[one])) == 200
    api.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
    assert refused(delete, HostedZoneId=zone_id, Protections=[one])[2]["Errors"][0]["Code"] == (
        "ProtectionNotFound"
    )


def test_limits(api: Any) -> None:
    zone_id = make(api)
    found = api.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (found["Limit"]["Type"], found["Count"]) == ("MAX_HOSTED_ZONES_BY_OWNER", 1)
    assert api.get_hosted_zone_limit(HostedZoneId=zone_id, Type="MAX_RRSETS_BY_ZONE")["Count"] == 2
    vpcs_of_public = {"HostedZoneId": zone_id, "Type": "MAX_VPCS_ASSOCIATED_BY_ZONE"}
    assert refused(api.get_hosted_zone_limit, **vpcs_of_public)[:2] == ("HostedZoneNotPrivate", 400)
    assert refused(api.get_account_limit, Type="MAX_OF_ALL")[:2] == ("InvalidInput", 400)


def test_vpcs_of_ec2(world: World, services: Services) -> None:
    client = world.client("ec2", "eu-west-1")
    made = client.create_vpc(
        CidrBlock="10.1.2.3/20",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a <b>"}]}],
    )["Vpc"]
    vpc_id = made["VpcId"]
    assert (made["CidrBlock"], made["State"], made["OwnerId"], made["IsDefault"]) == (
        "10.1.0.0/20",
        "pending",
        ACCOUNT,
        False,
    )
    (found,) = client.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["a*"]}])["Vpcs"]
    assert found["VpcId"] == vpc_id
    assert found["Tags"] == [{"Key": "Name", "Value": "a <b>"}]
    assert found["CidrBlockAssociationSet"][0]["CidrBlockState"] == {"State": "associated"}
    ids = {vpc["VpcId"] for page in client.get_paginator("describe_vpcs").paginate() for vpc in page["Vpcs"]}
    assert ids == {vpc_id, "vpc-22222222"}
    client.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    described = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    assert described["EnableDnsHostnames"] == {"Value": False}
    assert refused(client.delete_vpc, VpcId=vpc_id, DryRun=True)[:2] == ("DryRunOperation", 412)
    assert refused(client.delete_vpc, VpcId="vpc-0")[:2] == ("InvalidVpcID.NotFound", 400)
    assert refused(client.create_vpc, CidrBlock="10.0.0.0/8")[:2] == ("InvalidVpc.Range", 400)
    assert status(client.delete_vpc(VpcId=vpc_id)) == 200
    assert refused(client.describe_vpcs, VpcIds=[vpc_id])[:2] == ("InvalidVpcID.NotFound", 400)
