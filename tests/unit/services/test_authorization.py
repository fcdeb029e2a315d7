"""Calls as acts: every operation has its resources, and a call its condition keys."""

import re

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from identity_world import ZONE, A, allow, make_world

from operations_world import refused
from seal53.app.control import OPERATIONS
from seal53.policy.conditions import KEYS
from seal53.services.authorization.acts import acts_of, context_of, normalized_name
from seal53.services.authorization.table import PREFIXES, RESOURCES

MARKS = {"*", "-", "@operation", "@user", "@renamed", "@role", "@policy"}


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


def model(service):
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def test_every_operation_that_is_served_has_a_row():
    missing = {
        f"{service}:{operation}"
        for service, operations in OPERATIONS.items()
        for operation in operations
        if operation not in RESOURCES[service]
    }
    assert missing == set(), "add them to services/authorization/table.py"


def test_every_operation_of_route_53_has_a_row():
    assert RESOURCES["route53"].keys() == set(model("route53").operation_names)


@pytest.mark.parametrize("service", sorted(RESOURCES))
def test_rows_name_operations_and_members_that_the_model_has(service):
    known = model(service)
    assert service in PREFIXES
    for operation, row in RESOURCES[service].items():
        assert operation in known.operation_names, operation
        shape = known.operation_model(operation).input_shape
        assert row, operation
        for part in row:
            if part in MARKS or part == "vpc/*":
                continue
            members = re.findall(r"\{(\w+)\}", part)
            assert members and set(members) <= shape.members.keys(), f"{operation}: {part}"
            # An optional member is left out, and then the act is on "*".
            assert set(members) <= set(shape.required_members) or operation == "ListQueryLoggingConfigs"


def acts(world, service, operation, caller=None, **request):
    with world.services.store.read() as tx:
        return acts_of(tx, service, operation, request, caller or world.root())


@pytest.mark.parametrize(
    ("service", "operation", "request_", "resources"),
    [
        ("route53", "ListHostedZones", {}, ["*"]),
        ("route53", "GetHostedZone", {"Id": "Z1"}, [ZONE]),
        ("route53", "GetChange", {"Id": "C1"}, ["arn:aws:route53:::change/C1"]),
        ("route53", "GetHealthCheck", {"HealthCheckId": "h"}, ["arn:aws:route53:::healthcheck/h"]),
        (
            "route53",
            "CreateTrafficPolicyInstance",
            {"HostedZoneId": "Z1", "TrafficPolicyId": "t"},
            [ZONE, "arn:aws:route53:::trafficpolicy/t"],
        ),
        ("route53", "ListTagsForResource", {"ResourceType": "hostedzone", "ResourceId": "Z1"}, [ZONE]),
        (
            "route53",
            "ListTagsForResources",
            {"ResourceType": "healthcheck", "ResourceIds": ["a", "b"]},
            ["arn:aws:route53:::healthcheck/a", "arn:aws:route53:::healthcheck/b"],
        ),
        ("route53", "ListQueryLoggingConfigs", {}, ["*"]),
        ("route53", "ListQueryLoggingConfigs", {"HostedZoneId": "Z1"}, [ZONE]),
        ("route53domains", "RegisterDomain", {"DomainName": "x.test"}, ["*"]),
        (
            "route53resolver",
            "UpdateResolverDnssecConfig",
            {"ResourceId": "vpc-1"},
            [f"arn:aws:route53resolver:us-east-1:{A}:resolver-dnssec-config/vpc-1"],
        ),
        ("kms", "CreateKey", {}, ["*"]),
        ("kms", "Sign", {"KeyId": "k"}, []),
        ("kms", "DeleteAlias", {"AliasName": "alias/x"}, [f"arn:aws:kms:us-east-1:{A}:alias/x"]),
        ("iam", "ListUsers", {}, ["*"]),
        ("iam", "CreateUser", {"UserName": "x", "Path": "/p/"}, [f"arn:aws:iam::{A}:user/p/x"]),
        ("iam", "CreateUser", {"UserName": "x", "Path": "nonsense*"}, [f"arn:aws:iam::{A}:user/x"]),
        ("iam", "UpdateUser", {"UserName": "x"}, [f"arn:aws:iam::{A}:user/x"]),
        (
            "iam",
            "UpdateUser",
            {"UserName": "x", "NewUserName": "y", "NewPath": "/p/"},
            [f"arn:aws:iam::{A}:user/x", f"arn:aws:iam::{A}:user/p/y"],
        ),
        ("iam", "GetRole", {"RoleName": "dns"}, [f"arn:aws:iam::{A}:role/q/dns"]),
        ("iam", "CreateRole", {"RoleName": "dns", "Path": "/other/"}, [f"arn:aws:iam::{A}:role/q/dns"]),
        ("iam", "CreatePolicy", {"PolicyName": "x"}, [f"arn:aws:iam::{A}:policy/x"]),
        ("iam", "GetPolicy", {"PolicyArn": "arn:x"}, ["arn:x"]),
        ("sts", "GetCallerIdentity", {}, []),
        ("sts", "AssumeRole", {"RoleArn": "arn:x", "RoleSessionName": "me"}, []),
        ("sts", "GetAccessKeyInfo", {"AccessKeyId": "AKIA"}, ["*"]),
        ("ec2", "CreateVpc", {}, [f"arn:aws:ec2:us-east-1:{A}:vpc/*"]),
        ("ec2", "DeleteVpc", {"VpcId": "vpc-1"}, [f"arn:aws:ec2:us-east-1:{A}:vpc/vpc-1"]),
        ("seal53", "stats", {}, ["*"]),
        ("route53", "SomethingNew", {"HostedZoneId": "Z1"}, ["*"]),
    ],
)
def test_resources(world, service, operation, request_, resources):
    world.role("dns", '{"Statement":{"Effect":"Deny","Principal":"*","Action":"sts:*"}}', Path="/q/")
    found = acts(world, service, operation, **request_)
    assert [act.resource for act in found] == resources
    assert {act.action for act in found} <= {f"{service}:{operation}"}


def change(name, rtype="TXT", action="UPSERT"):
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": rtype}}


def test_the_condition_keys_of_a_change_batch(world):
    changes = [
        change("_Acme-Challenge.Example.COM."),
        change("_acme-challenge.example.com", action="DELETE"),
        change("*.example.com", "A"),
    ]
    (act,) = acts(
        world, "route53", "ChangeResourceRecordSets", HostedZoneId="Z1", ChangeBatch={"Changes": changes}
    )
    keys = {k: v for k, v in act.context.items() if k.startswith("route53:")}
    assert keys == {
        "route53:changeresourcerecordsetsnormalizedrecordnames": (
            "_acme-challenge.example.com",
            "\\052.example.com",
        ),
        "route53:changeresourcerecordsetsrecordtypes": ("TXT", "A"),
        "route53:changeresourcerecordsetsactions": ("UPSERT", "DELETE"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.com.", "example.com"),
        ("example.com", "example.com"),
        ("*.Example.com", "\\052.example.com"),
        ("\\052.example.com.", "\\052.example.com"),
        ("a\\056b.example.com", "a\\056b.example.com"),
        ("\\101.example.com", "a.example.com"),  # an escaped letter is a letter
        ("a@b.com", "a\\100b.com"),
        ("a..B.", "a..b"),  # no name: the operation will refuse it
    ],
)
def test_names_are_normalized_as_the_guide_says(text, expected):
    assert normalized_name(text) == expected


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        (
            "CreateHostedZone",
            {"VPC": {"VPCId": "vpc-1", "VPCRegion": "eu-west-1"}},
            ("VPCId=vpc-1,VPCRegion=eu-west-1",),
        ),
        ("CreateHostedZone", {}, None),
        (
            "ListHostedZonesByVPC",
            {"VPCId": "vpc-1", "VPCRegion": "us-east-1"},
            ("VPCId=vpc-1,VPCRegion=us-east-1",),
        ),
        (
            "AssociateVPCWithHostedZone",
            {"HostedZoneId": "Z1", "VPC": {"VPCId": "v", "VPCRegion": "r"}},
            ("VPCId=v,VPCRegion=r",),
        ),
    ],
)
def test_the_condition_key_of_vpcs(world, operation, request_, expected):
    assert context_of("route53", operation, request_, world.root()).get("route53:vpcs") == expected


def test_the_keys_that_every_call_has(world):
    bob = world.by_key(world.user("bob"))
    context = context_of("route53", "ListHostedZones", {}, bob)
    assert context == {
        "aws:principalaccount": A,
        "aws:principalarn": f"arn:aws:iam::{A}:user/bob",
        "aws:principaltype": "User",
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
        "aws:userid": bob.principal.id,
        "aws:username": "bob",
        "aws:epochtime": str(world.clock.now()),
        "aws:currenttime": str(world.clock.now()),
        "aws:requestedregion": "us-east-1",
        "aws:sourceip": "203.0.113.7",
    }
    assert context.keys() <= KEYS


def test_a_user_limited_to_challenges_of_one_zone(world):
    """What an ACME client is given."""
    bob = world.user(
        "certbot",
        allow(["route53:ListHostedZones", "route53:GetChange"]),
        allow(
            "route53:ChangeResourceRecordSets",
            ZONE,
            Condition={
                "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]},
                "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"]
                },
            },
        ),
    )

    def may(*changes, zone="Z1"):
        request = {"HostedZoneId": zone, "ChangeBatch": {"Changes": list(changes)}}
        return world.may(bob, "route53", "ChangeResourceRecordSets", **request)

    assert may(change("_acme-challenge.example.com"))
    assert may(change("_ACME-challenge.example.com."), change("_acme-challenge.b.com", action="DELETE"))
    assert not may(change("_acme-challenge.example.com"), zone="Z2")
    assert not may(change("_acme-challenge.example.com", "A"))
    assert not may(change("_acme-challenge.example.com"), change("www.example.com"))
    assert not may(change("*.example.com"))
    assert world.may(bob, "route53", "GetChange", Id="C1")
    assert not world.may(bob, "route53", "GetHostedZone", Id="Z1")
    request = {"HostedZoneId": "Z2", "ChangeBatch": {"Changes": [change("a.b")]}}
    assert refused("AccessDenied", world.call, bob, "route53", "ChangeResourceRecordSets", **request) == (
        f"User: arn:aws:iam::{A}:user/certbot is not authorized to perform: "
        "route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/Z2 "
        "because no identity-based policy allows the route53:ChangeResourceRecordSets action"
    )


def test_each_resource_of_a_call_must_be_allowed(world):
    bob = world.user("bob", allow("route53:CreateTrafficPolicyInstance", ZONE))
    request = {"HostedZoneId": "Z1", "TrafficPolicyId": "t"}
    assert not world.may(bob, "route53", "CreateTrafficPolicyInstance", **request)


def test_the_error_is_named_as_the_service_names_it(world):
    bob = world.user("bob")
    for service, operation, code in (
        ("route53", "ListHostedZones", "AccessDenied"),
        ("iam", "ListUsers", "AccessDenied"),
        ("sts", "GetAccessKeyInfo", "AccessDenied"),
        ("kms", "ListKeys", "AccessDeniedException"),
        ("route53domains", "ListDomains", "AccessDeniedException"),
        ("route53resolver", "ListResolverDnssecConfigs", "AccessDeniedException"),
        ("seal53", "stats", "AccessDeniedException"),
        ("ec2", "DescribeVpcs", "UnauthorizedOperation"),
    ):
        refused(code, world.call, bob, service, operation, AccessKeyId="AKIA")


def test_operators_calls_need_a_permission(world):
    bob = world.user("bob", allow("seal53:stats"))
    assert world.may(bob, "seal53", "stats")
    assert not world.may(bob, "seal53", "account")
    assert world.may(world.root(), "seal53", "account")


def test_a_stored_policy_that_cannot_be_read_allows_nothing(world):
    bob = world.user("bob", allow("*"))
    from seal53.policy import PolicyFault
    from seal53.store import policies

    with world.services.store.write() as tx:
        policies.put_inline(tx, A, "user", "bob", "broken", "{")
    with pytest.raises(PolicyFault):
        world.call(bob, "route53", "ListHostedZones")


def test_nobody_takes_a_name_that_they_may_not_make(world):
    its_own = {"Effect": "Allow", "Action": "iam:UpdateUser", "Resource": f"arn:aws:iam::{A}:user/dev-*"}
    key = world.user("dev-eve", its_own)
    refused("AccessDenied", world.call, key, "iam", "UpdateUser", UserName="dev-eve", NewUserName="admin")
    refused("AccessDenied", world.call, key, "iam", "UpdateUser", UserName="dev-eve", NewPath="/admins/")
    world.call(key, "iam", "UpdateUser", UserName="dev-eve", NewUserName="dev-adam")
    assert world.by_key(key).arn == f"arn:aws:iam::{A}:user/dev-adam"
