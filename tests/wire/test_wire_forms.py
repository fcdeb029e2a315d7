"""IAM and EC2, which send forms: by their boto3 clients, and by hand."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from wire_world import ACCOUNT, Answer, World

from seal53.services.faults import AwsFault

EC2 = "{http://ec2.amazonaws.com/doc/2016-11-15}"
VERSIONS = {"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15"}
VPC = {
    "VpcId": "vpc-0123456789abcdef0",
    "CidrBlock": "10.0.0.0/16",
    "IsDefault": False,
    "State": "available",
    "OwnerId": ACCOUNT,
    "Tags": [{"Key": "Name", "Value": "a & b"}],
}


def form(world: World, service: str, action: str, /, **parameters: str) -> Answer:
    body = urlencode({"Action": action, "Version": VERSIONS[service], **parameters}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return world.send(*world.signed("POST", "/", service=service, body=body, headers=headers))


def code(answer: Answer) -> tuple[int, str, str]:
    """Status, code and message of an EC2 error."""
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "Response"
    assert root.findtext("RequestID") == answer.headers["x-amzn-requestid"]
    return (
        answer.status,
        root.findtext("Errors/Error/Code") or "",
        root.findtext("Errors/Error/Message") or "",
    )


def test_boto3_makes_and_lists_vpcs(world: World) -> None:
    world.returns("ec2", "CreateVpc", {"Vpc": VPC})
    world.returns("ec2", "DescribeVpcs", {"Vpcs": [VPC]})
    world.returns("ec2", "DeleteVpc", {})
    ec2 = world.client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "a & b"}]}]
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="default", TagSpecifications=tags)
    assert made["Vpc"] == VPC
    assert world.request == {
        "CidrBlock": "10.0.0.0/16",
        "InstanceTenancy": "default",
        "TagSpecifications": tags,
    }
    wanted = {"Filters": [{"Name": "cidr", "Values": ["10.0.0.0/16", "x"]}], "VpcIds": ["vpc-1", "vpc-2"]}
    assert ec2.describe_vpcs(MaxResults=5, **wanted)["Vpcs"] == [VPC]
    assert world.request == {"MaxResults": 5, **wanted}
    ec2.delete_vpc(VpcId="vpc-1", DryRun=True)
    assert world.request == {"VpcId": "vpc-1", "DryRun": True}
    assert (world.caller.account_id, world.caller.region) == (ACCOUNT, "us-east-1")


def test_more_than_nine_elements_keep_their_order(world: World) -> None:
    world.returns("ec2", "DescribeVpcs", {})
    ids = [f"vpc-{n}" for n in range(25)]
    world.client("ec2").describe_vpcs(VpcIds=ids)
    assert world.request == {"VpcIds": ids}


def test_attributes_of_a_vpc(world: World) -> None:
    world.returns("ec2", "DescribeVpcAttribute", {"VpcId": "vpc-1", "EnableDnsSupport": {"Value": True}})
    world.returns("ec2", "ModifyVpcAttribute", {})
    ec2 = world.client("ec2")
    got = ec2.describe_vpc_attribute(VpcId="vpc-1", Attribute="enableDnsSupport")
    assert got["EnableDnsSupport"] == {"Value": True}
    ec2.modify_vpc_attribute(VpcId="vpc-1", EnableDnsHostnames={"Value": False})
    assert world.request == {"VpcId": "vpc-1", "EnableDnsHostnames": {"Value": False}}


def test_an_ec2_reply_has_its_own_envelope(world: World) -> None:
    world.returns("ec2", "CreateVpc", {"Vpc": VPC})
    world.returns("ec2", "DeleteVpc", {})
    answer = form(world, "ec2", "CreateVpc", CidrBlock="10.0.0.0/16")
    root = ElementTree.fromstring(answer.body)
    assert root.tag == f"{EC2}CreateVpcResponse"
    assert [child.tag for child in root] == [f"{EC2}requestId", f"{EC2}vpc"]
    assert root.findtext(f"{EC2}requestId") == answer.headers["x-amzn-requestid"]
    assert root.findtext(f"{EC2}vpc/{EC2}tagSet/{EC2}item/{EC2}value") == "a & b"
    root = ElementTree.fromstring(form(world, "ec2", "DeleteVpc", VpcId="vpc-1").body)
    assert root.findtext(f"{EC2}return") == "true"


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        (
            "Brew",
            {},
            (400, "InvalidAction", "The action Brew is not valid for this web service."),
        ),
        ("RunInstances", {}, (501, "NotImplemented", "Seal53 does not implement ec2:RunInstances yet")),
        ("DeleteVpc", {}, (400, "MissingParameter", "The request must contain the parameter vpcId")),
        ("DeleteVpc", {"Vpc": "x"}, (400, "UnknownParameter", "The parameter Vpc is not recognized")),
        ("DeleteVpc", {"vpcId": "x"}, (400, "UnknownParameter", "The parameter vpcId is not recognized")),
        ("DescribeVpcs", {"VpcId": "x"}, (400, "MalformedQueryString", None)),
        ("DescribeVpcs", {"VpcId.x": "x"}, (400, "MalformedQueryString", None)),
        ("DescribeVpcs", {"VpcId.0": "x"}, (400, "MalformedQueryString", None)),
        ("DescribeVpcs", {"VpcId.1": "x", "VpcId.1.2": "x"}, (400, "MalformedQueryString", None)),
        ("DescribeVpcs", {"Filter.1.Value.1.x": "x"}, (400, "MalformedQueryString", None)),
        ("DescribeVpcs", {"MaxResults": "many"}, (400, "InvalidParameterValue", None)),
        ("DescribeVpcs", {"MaxResults": "9" * 5000}, (400, "InvalidParameterValue", None)),
        ("DescribeVpcs", {"DryRun": "maybe"}, (400, "InvalidParameterValue", None)),
        ("CreateVpc", {"InstanceTenancy": "shared"}, (400, "InvalidParameterValue", None)),
    ],
)
def test_ec2_errors(
    world: World, action: str, parameters: dict[str, str], expected: tuple[int, str, str | None]
) -> None:
    for name in ("CreateVpc", "DeleteVpc", "DescribeVpcs"):
        world.returns("ec2", name, {})
    got = code(form(world, "ec2", action, **parameters))
    assert got == (*expected[:2], got[2] if expected[2] is None else expected[2])
    assert world.calls == []


def test_boto3_reads_ec2_errors(world: World) -> None:
    world.returns("ec2", "DeleteVpc", AwsFault("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"))
    with pytest.raises(ClientError) as caught:
        world.client("ec2").delete_vpc(VpcId="vpc-1")
    assert caught.value.response["Error"] == {
        "Code": "InvalidVpcID.NotFound",
        "Message": "The vpc ID 'vpc-1' does not exist",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_a_wrong_key_and_a_wrong_secret_look_the_same_to_ec2(world: World) -> None:
    world.returns("ec2", "DescribeVpcs", {})
    for wrong in ({"key": "AKIANOBODYKNOWSIT000"}, {"secret": "wrong"}):
        with pytest.raises(ClientError) as caught:
            world.client("ec2", **wrong).describe_vpcs()
        assert caught.value.response["Error"]["Code"] == "AuthFailure"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


def test_boto3_makes_and_reads_users(world: World) -> None:
    user = {"Path": "/", "UserName": "ann", "UserId": "AIDA1", "Arn": "arn:aws:iam::1:user/ann"}
    world.returns("iam", "CreateUser", {"User": user})
    world.returns("iam", "PutUserPolicy", {})
    world.returns("iam", "GetAccountSummary", {"SummaryMap": {"Users": 2, "Roles": 0}})
    iam = world.client("iam")
    made = iam.create_user(UserName="ann", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    assert made["User"] == user
    assert world.request == {
        "UserName": "ann",
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}],
    }
    document = '{"Version": "2012-10-17", "Statement": []}'
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
    assert world.request["PolicyDocument"] == document
    assert iam.get_account_summary()["SummaryMap"] == {"Users": 2, "Roles": 0}


def test_iam_errors(world: World) -> None:
    for name in ("GetUser", "CreateUser"):
        world.returns("iam", name, {})
    missing = "The user with name ann cannot be found."
    world.returns("iam", "DeleteUser", AwsFault("NoSuchEntity", missing))
    iam = world.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException, match=missing):
        iam.delete_user(UserName="ann")
    for action, parameters, status, name in (
        ("DeleteUser", {"UserName": "ann"}, 404, "NoSuchEntity"),
        ("MakeCoffee", {}, 400, "InvalidAction"),
        ("ListUsers", {}, 501, "NotImplemented"),
        ("CreateUser", {}, 400, "ValidationError"),
        ("CreateUser", {"UserName": "a b"}, 400, "ValidationError"),
        ("CreateUser", {"UserName": "ann", "Tags.1.Key": "a"}, 400, "MalformedQueryString"),
    ):
        answer = form(world, "iam", action, **parameters)
        assert answer.status == status
        assert f"<Type>Sender</Type><Code>{name}</Code>".encode() in answer.body or status == 501
        assert b"https://iam.amazonaws.com/doc/2010-05-08/" in answer.body


def test_an_empty_list_is_its_bare_name(world: World) -> None:
    world.returns("iam", "CreateUser", {})
    assert form(world, "iam", "CreateUser", UserName="ann", Tags="").status == 200
    assert world.request == {"UserName": "ann", "Tags": []}


@pytest.mark.parametrize(("service", "namespace"), [("ec2", None), ("iam", "iam"), ("sts", "sts")])
def test_a_form_without_a_signature_is_refused_in_its_services_shape(
    world: World, service: str, namespace: str | None
) -> None:
    body = f"Action=X&Version={VERSIONS[service]}".encode()
    headers = {"host": "h", "content-type": "application/x-www-form-urlencoded"}
    answer = world.send("POST", "/", headers, body)
    root = ElementTree.fromstring(answer.body)
    if namespace is None:
        assert root.tag == "Response"
    else:
        assert root.tag == f"{{https://{namespace}.amazonaws.com/doc/{VERSIONS[service]}/}}ErrorResponse"


def test_a_call_of_one_service_signed_for_another(world: World) -> None:
    world.returns("iam", "GetUser", {})
    body = b"Action=GetUser&Version=2010-05-08"
    headers: dict[str, Any] = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = world.send(*world.signed("POST", "/", service="sts", body=body, headers=headers))
    assert b"<Code>InvalidAction</Code>" in answer.body
    answer = world.send(*world.signed("POST", "/", service="route53", body=body, headers=headers))
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body
    assert world.calls == []
