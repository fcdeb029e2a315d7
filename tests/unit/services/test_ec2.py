"""VPCs as EC2 makes, describes, changes and deletes them, on a real database."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from operations_world import refusal, services_of
from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId
from seal53.core import Name
from seal53.services import ec2
from seal53.services.context import Caller, Services
from seal53.store import changes, outbox, tags, vpcs, zones
from seal53.store.zones import HostedZone
from seal53.zones.addresses import RESOLVERS

A, B = AccountId("111111111111"), AccountId("222222222222")
NOW = UnixTime(1_790_000_000)


@dataclass
class Api:
    services: Services
    caller: Caller

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        return dict(ec2.OPERATIONS[operation](self.services, request, self.caller))

    def refused(self, operation: str, **request: Any) -> tuple[str, str]:
        """Code and message."""
        return refusal(self, operation, **request)

    def vpc(self, cidr: str = "10.0.0.0/16", **request: Any) -> str:
        return str(self("CreateVpc", CidrBlock=cidr, **request)["Vpc"]["VpcId"])

    def found(self, *filters: tuple[str, list[str]], **request: Any) -> list[str]:
        given = [{"Name": name, "Values": values} for name, values in filters]
        return [vpc["VpcId"] for vpc in self("DescribeVpcs", Filters=given, **request)["Vpcs"]]

    def available(self) -> None:
        """Every resolver answers."""
        with self.services.store.write() as tx:
            for change in changes.pending(tx):
                changes.close_up_to(tx, change.subject, change.version, NOW)

    def version(self, vpc_id: str) -> int:
        with self.services.store.read() as tx:
            vpc = vpcs.get(tx, vpc_id)
        assert vpc is not None
        return vpc.version


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with services_of(tmp_path, A, B, now=NOW) as made:
        yield made


def api(services: Services, account_id: AccountId, region: str = "eu-west-1") -> Api:
    caller = Caller(account_id=account_id, access_key_id="AKIA", region=region, request_id="request", now=NOW)
    return Api(services, caller)


@pytest.fixture
def a(services: Services) -> Api:
    return api(services, A)


@pytest.fixture
def b(services: Services) -> Api:
    return api(services, B)


def associated(services: Services, vpc_id: str, zone_id: str = "Z1") -> None:
    """A private zone of the other account's answers in the VPC."""
    with services.store.write() as tx:
        zones.insert(
            tx,
            HostedZone(
                id=zone_id,
                account_id=B,
                kind="private",
                name=Name.parse("corp."),
                caller_reference=zone_id,
                created_at=NOW,
            ),
        )
        zones.associate(tx, zone_id, vpc_id)


# --- CreateVpc


def test_a_vpc_is_made_with_a_resolver(a: Api, services: Services) -> None:
    made = a(
        "CreateVpc",
        CidrBlock="10.1.0.0/16",
        TagSpecifications=[
            {"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "first"}, {"Key": "empty"}]}
        ],
    )["Vpc"]
    vpc_id = made["VpcId"]
    assert made == {
        "VpcId": vpc_id,
        "OwnerId": A,
        "State": "pending",
        "CidrBlock": "10.1.0.0/16",
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{vpc_id.removeprefix('vpc-')}",
                "CidrBlock": "10.1.0.0/16",
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "Ipv6CidrBlockAssociationSet": [],
        "DhcpOptionsId": "default",
        "InstanceTenancy": "default",
        "IsDefault": False,
        "Tags": [{"Key": "Name", "Value": "first"}, {"Key": "empty", "Value": ""}],
    }
    assert a("DescribeVpcs")["Vpcs"] == [made]
    a.available()
    assert a("DescribeVpcs")["Vpcs"] == [{**made, "State": "available"}]
    with services.store.read() as tx:
        vpc = vpcs.get(tx, vpc_id)
        assert vpc is not None
        assert (vpc.account_id, vpc.region, vpc.address) == (A, "eu-west-1", "127.53.0.254")
        assert [(row.subject, row.version, row.kind) for row in outbox.pending(tx)] == [
            (f"vpc:{vpc_id}", 1, "vpc")
        ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("10.0.0.0/16", "10.0.0.0/16"),
        ("10.0.0.0/28", "10.0.0.0/28"),
        ("100.68.0.18/18", "100.68.0.0/18"),
    ],
)
def test_a_cidr_block_is_kept_in_canonical_form(a: Api, given: str, kept: str) -> None:
    assert a("CreateVpc", CidrBlock=given)["Vpc"]["CidrBlock"] == kept


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (None, ("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")),
        ("10.0.0.0/8", ("InvalidVpc.Range", "The CIDR '10.0.0.0/8' is invalid.")),
        ("10.0.0.0/29", ("InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid.")),
        *(
            (
                text,
                (
                    "InvalidParameterValue",
                    f"Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
                ),
            )
            for text in ("10.0.0.0", "10.0.0/16", "10.0.0.256/16", "10.0.0.0/33", "fd00::/16", "ten")
        ),
    ],
)
def test_what_is_no_cidr_block_of_a_vpc(a: Api, given: str | None, refusal: tuple[str, str]) -> None:
    assert a.refused("CreateVpc", CidrBlock=given) == refusal


def one_tag(key: str, value: str = "v", kind: str = "vpc") -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value}]}]


@pytest.mark.parametrize(
    "request_",
    [
        {"InstanceTenancy": "shared"},
        {"TagSpecifications": one_tag("k", kind="subnet")},
        {"TagSpecifications": one_tag("aws:k")},
        {"TagSpecifications": one_tag("")},
        {"TagSpecifications": one_tag("k" * 128)},
        {"TagSpecifications": one_tag("k", "v" * 257)},
        {"TagSpecifications": one_tag("k") + one_tag("k")},
    ],
)
def test_what_is_no_request_for_a_vpc(a: Api, request_: dict[str, Any]) -> None:
    assert a.refused("CreateVpc", CidrBlock="10.0.0.0/16", **request_)[0] == "InvalidParameterValue"


def test_what_is_not_served_is_not_passed_over(a: Api) -> None:
    for request in ({"AmazonProvidedIpv6CidrBlock": True}, {"Ipv4IpamPoolId": "ipam-pool-1"}):
        assert a.refused("CreateVpc", CidrBlock="10.0.0.0/16", **request)[0] == "UnsupportedOperation"
    a.vpc(AmazonProvidedIpv6CidrBlock=False)


def test_a_dry_run_does_nothing(a: Api, services: Services) -> None:
    dry = ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    assert a.refused("CreateVpc", CidrBlock="10.0.0.0/16", DryRun=True) == dry
    assert a.refused("CreateVpc", CidrBlock="10.0.0.0/8", DryRun=True)[0] == "InvalidVpc.Range"
    assert a.refused("DescribeVpcs", DryRun=True) == dry
    assert a.found() == []
    vpc_id = a.vpc()
    assert a.refused("DeleteVpc", VpcId=vpc_id, DryRun=True) == dry
    attribute = {"Attribute": "enableDnsSupport", "VpcId": vpc_id}
    assert a.refused("DescribeVpcAttribute", DryRun=True, **attribute) == dry
    assert a.found() == [vpc_id]


def test_an_account_has_so_many_vpcs(a: Api, b: Api) -> None:
    made = [a.vpc() for _ in range(RESOLVERS)]
    limit = ("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    assert a.refused("CreateVpc", CidrBlock="10.0.0.0/16") == limit
    b.vpc()
    a("DeleteVpc", VpcId=made[0])
    a.vpc()


def test_no_addresses_are_left_for_a_resolver(a: Api) -> None:
    limits = replace(a.services.limits, address_block="127.53.0.0/29")
    a.services = replace(a.services, limits=limits)
    for _ in range(3):
        a.vpc()
    assert a.refused("CreateVpc", CidrBlock="10.0.0.0/16")[0] == "VpcLimitExceeded"


# --- DescribeVpcs


def test_each_sees_its_own_vpcs_of_a_region(a: Api, b: Api, services: Services) -> None:
    elsewhere = api(services, A, "us-east-1")
    of_a, of_b, there = a.vpc(), b.vpc(), elsewhere.vpc()
    assert (a.found(), b.found(), elsewhere.found()) == ([of_a], [of_b], [there])
    for vpc_id in (of_b, there, "vpc-0"):
        not_found = ("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        assert a.refused("DescribeVpcs", VpcIds=[of_a, vpc_id]) == not_found
        assert a.refused("DeleteVpc", VpcId=vpc_id) == not_found
        assert a.refused("DescribeVpcAttribute", VpcId=vpc_id, Attribute="enableDnsSupport") == not_found
        change = {"VpcId": vpc_id, "EnableDnsSupport": {"Value": False}}
        assert a.refused("ModifyVpcAttribute", **change) == not_found
        assert a.found(("vpc-id", [vpc_id])) == []
    assert a.found(VpcIds=[of_a]) == [of_a]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ([], [0, 1, 2]),
        ([("cidr", ["10.0.0.0/16"])], [0]),
        ([("cidr", ["10.0.0.0/16", "10.2.0.0/20"])], [0, 2]),
        ([("cidr-block", ["10.?.0.0/*"])], [0, 1, 2]),
        ([("cidr-block-association.cidr-block", ["10.1.*"])], [1]),
        ([("cidr-block-association.state", ["associated"])], [0, 1, 2]),
        ([("is-default", ["false"])], [0, 1, 2]),
        ([("is-default", ["true"])], []),
        ([("owner-id", [A])], [0, 1, 2]),
        ([("owner-id", [B])], []),
        ([("state", ["available"])], [0, 1]),
        ([("state", ["pending"])], [2]),
        ([("dhcp-options-id", ["default"])], [0, 1, 2]),
        ([("tag:Name", ["one"])], [1]),
        ([("tag:Name", ["o*", "t?o"])], [1, 2]),
        ([("tag:name", ["one"])], []),
        ([("tag-key", ["Name"])], [1, 2]),
        ([("tag-key", ["Name"]), ("state", ["available"])], [1]),
        ([("cidr", ["10.0.0.0/1["])], []),
    ],
)
def test_filters_narrow_together_and_their_values_are_alternatives(
    a: Api, filters: list[tuple[str, list[str]]], wanted: list[int]
) -> None:
    made = [a.vpc("10.0.0.0/16"), a.vpc("10.1.0.0/16", TagSpecifications=one_tag("Name", "one"))]
    a.available()
    made.append(a.vpc("10.2.0.0/20", TagSpecifications=one_tag("Name", "two")))
    assert a.found(*filters) == sorted(made[n] for n in wanted)


def test_what_is_no_filter(a: Api) -> None:
    for name in ("ipv6-cidr-block-association.state", "colour", "", "tag"):
        assert a.refused("DescribeVpcs", Filters=[{"Name": name, "Values": ["x"]}]) == (
            "InvalidParameterValue",
            f"The filter '{name}' is invalid",
        )
    assert a.refused("DescribeVpcs", Filters=[{"Name": "state"}])[0] == "InvalidParameterValue"


def test_vpcs_are_described_in_pages(a: Api) -> None:
    made = sorted(a.vpc() for _ in range(12))
    seen: list[str] = []
    sizes = []
    request: dict[str, Any] = {"MaxResults": 5}
    while True:
        page = a("DescribeVpcs", **request)
        seen += [vpc["VpcId"] for vpc in page["Vpcs"]]
        sizes.append(len(page["Vpcs"]))
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert (seen, sizes) == (made, [5, 5, 2])
    for most in (4, 1001):
        assert a.refused("DescribeVpcs", MaxResults=most)[0] == "InvalidParameterValue"
    assert a.refused("DescribeVpcs", NextToken="!")[0] == "InvalidParameterValue"
    both = {"MaxResults": 5, "VpcIds": made[:1]}
    assert a.refused("DescribeVpcs", **both)[0] == "InvalidParameterCombination"


# --- DeleteVpc


def test_a_deleted_vpc_is_gone_with_its_tags_and_frees_its_address(a: Api, services: Services) -> None:
    vpc_id = a.vpc(TagSpecifications=one_tag("k"))
    assert a("DeleteVpc", VpcId=vpc_id) == {}
    assert a.found() == []
    with services.store.read() as tx:
        last = outbox.pending(tx)[-1]
        assert (last.subject, last.version, last.kind) == (f"vpc:{vpc_id}", 2, "vpc")
        assert tags.of(tx, f"vpc/{vpc_id}") == {}
    again = a.vpc()
    with services.store.read() as tx:
        vpc = vpcs.get(tx, again)
    assert vpc is not None
    assert vpc.address == "127.53.0.254"


def test_a_vpc_with_private_zones_is_not_deleted(a: Api, services: Services) -> None:
    vpc_id = a.vpc()
    associated(services, vpc_id)
    for dry in (False, True):
        assert a.refused("DeleteVpc", VpcId=vpc_id, DryRun=dry) == (
            "DependencyViolation",
            f"The vpc '{vpc_id}' has dependencies and cannot be deleted.",
        )
    with services.store.write() as tx:
        zones.disassociate(tx, "Z1", vpc_id)
    a("DeleteVpc", VpcId=vpc_id)


def test_a_vpc_must_be_named(a: Api) -> None:
    for operation, request in (
        ("DeleteVpc", {}),
        ("DescribeVpcAttribute", {"Attribute": "enableDnsSupport"}),
        ("ModifyVpcAttribute", {"EnableDnsSupport": {"Value": True}}),
    ):
        assert a.refused(operation, **request) == (
            "MissingParameter",
            "The request must contain the parameter vpcId",
        )


# --- attributes


def attributes(api: Api, vpc_id: str) -> tuple[bool, bool]:
    """DNS support, DNS hostnames."""
    found = []
    for name, member in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        described = api("DescribeVpcAttribute", VpcId=vpc_id, Attribute=name)
        assert described.keys() == {"VpcId", member}
        found.append(described[member]["Value"])
    return found[0], found[1]


def test_dns_attributes_are_versions_of_the_vpc(a: Api, services: Services) -> None:
    vpc_id = a.vpc()
    assert attributes(a, vpc_id) == (True, True)
    steps: list[tuple[dict[str, Any], tuple[bool, bool], int]] = [
        ({"EnableDnsHostnames": {"Value": True}}, (True, True), 1),
        ({"EnableDnsHostnames": {"Value": False}}, (True, False), 2),
        ({"EnableDnsSupport": {"Value": False}}, (False, False), 3),
        ({"EnableDnsSupport": {"Value": True}}, (True, False), 4),
        ({"EnableDnsHostnames": {"Value": True}}, (True, True), 5),
        ({"EnableNetworkAddressUsageMetrics": {"Value": False}}, (True, True), 5),
    ]
    for request, wanted, version in steps:
        assert a("ModifyVpcAttribute", VpcId=vpc_id, **request) == {}
        assert (attributes(a, vpc_id), a.version(vpc_id)) == (wanted, version)
    with services.store.read() as tx:
        assert [row.version for row in outbox.pending(tx)] == [1, 2, 3, 4, 5]


def test_what_cannot_be_modified(a: Api) -> None:
    vpc_id = a.vpc()
    on: dict[str, Any] = {"Value": True}

    def refused(**request: Any) -> tuple[str, str]:
        return a.refused("ModifyVpcAttribute", VpcId=vpc_id, **request)

    assert refused()[0] == "MissingParameter"
    assert refused(EnableDnsSupport={})[0] == "MissingParameter"
    assert refused(EnableDnsSupport=on, EnableDnsHostnames=on) == (
        "InvalidParameterCombination",
        "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames",
    )
    assert refused(EnableNetworkAddressUsageMetrics=on)[0] == "UnsupportedOperation"
    a("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": False})
    assert refused(EnableDnsHostnames=on)[0] == "InvalidParameterValue"
    assert attributes(a, vpc_id) == (False, True)


def test_attributes_that_there_are_not(a: Api) -> None:
    vpc_id = a.vpc()
    metrics = a("DescribeVpcAttribute", VpcId=vpc_id, Attribute="enableNetworkAddressUsageMetrics")
    assert metrics == {"VpcId": vpc_id, "EnableNetworkAddressUsageMetrics": {"Value": False}}
    assert a.refused("DescribeVpcAttribute", VpcId=vpc_id)[0] == "MissingParameter"
    assert a.refused("DescribeVpcAttribute", VpcId=vpc_id, Attribute="colour")[0] == "InvalidParameterValue"


def test_a_hostile_filter_costs_no_more_than_another(a: Api) -> None:
    a.vpc(TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "k", "Value": "a" * 256}]}])
    begin = time.process_time()
    assert a.found(("tag:k", ["*a" * 60 + "*b", "?a*" * 60 + "b"])) == []
    assert time.process_time() - begin < 2


def test_a_filter_of_noncharacters_is_refused(a: Api) -> None:
    assert a.refused("DescribeVpcs", Filters=[{"Name": "cidr", "Values": ["\ufdd0"]}])[0] == (
        "InvalidParameterValue"
    )
