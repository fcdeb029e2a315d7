"""Round trips of the real boto3 client: what an operation is given, what the client makes of its answer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from wire_world import ACCOUNT, KEY, NOW, World

from seal53.services.faults import AwsFault

AT = datetime(2026, 9, 21, 14, 13, 20, 250_000, UTC)
CHANGE = {"Id": "C1", "Status": "PENDING", "SubmittedAt": AT}
KSK = {
    "Name": "ksk1",
    "KmsArn": "arn:aws:kms:us-east-1:111111111111:key/k",
    "Flag": 257,
    "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
    "SigningAlgorithmType": 13,
    "DigestAlgorithmMnemonic": "SHA-256",
    "DigestAlgorithmType": 2,
    "KeyTag": 4711,
    "DSRecord": "4711 13 2 AB",
    "Status": "ACTIVE",
    "CreatedDate": AT,
    "LastModifiedDate": AT,
}


def plain(response: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in response.items() if k != "ResponseMetadata"}


def test_create_hosted_zone_is_201_with_location_and_prefixed_ids(world: World) -> None:
    location = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1"
    world.returns(
        "route53",
        "CreateHostedZone",
        {
            "HostedZone": {
                "Id": "Z1",
                "Name": "companya.com.",
                "CallerReference": "r <&> 1",
                "Config": {"Comment": "a & b", "PrivateZone": False},
                "ResourceRecordSetCount": 2,
            },
            "ChangeInfo": CHANGE,
            "DelegationSet": {"NameServers": ["ns-0.set-01.seal53", "ns-1.set-01.seal53"]},
            "Location": location,
        },
    )
    got = world.client("route53").create_hosted_zone(
        Name="companya.com",
        CallerReference="r <&> 1",
        HostedZoneConfig={"Comment": "a & b", "PrivateZone": False},
    )
    assert world.request == {
        "Name": "companya.com",
        "CallerReference": "r <&> 1",
        "HostedZoneConfig": {"Comment": "a & b", "PrivateZone": False},
    }
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert got["ResponseMetadata"]["HTTPHeaders"]["location"] == got["Location"] == location
    assert got["ResponseMetadata"]["HTTPHeaders"]["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert got["ResponseMetadata"]["RequestId"] == world.caller.request_id
    assert got["HostedZone"]["Id"] == "/hostedzone/Z1"
    assert got["ChangeInfo"] == {"Id": "/change/C1", "Status": "PENDING", "SubmittedAt": AT}
    assert got["DelegationSet"]["NameServers"] == ["ns-0.set-01.seal53", "ns-1.set-01.seal53"]
    assert got["HostedZone"]["ResourceRecordSetCount"] == 2


def test_change_resource_record_sets_takes_the_whole_batch(world: World) -> None:
    world.returns("route53", "ChangeResourceRecordSets", {"ChangeInfo": CHANGE})
    batch = {
        "Comment": "two",
        "Changes": [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": "\\052.apps.companya.com.",
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}],
                },
            },
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": "companya.com",
                    "Type": "A",
                    "AliasTarget": {
                        "HostedZoneId": "/hostedzone/Z1",
                        "DNSName": "api.companya.com",
                        "EvaluateTargetHealth": False,
                    },
                },
            },
            {
                "Action": "DELETE",
                "ResourceRecordSet": {
                    "Name": "x",
                    "Type": "TXT",
                    "TTL": 5,
                    "ResourceRecords": [{"Value": '"  a\tb "'}],
                },
            },
        ],
    }
    got = world.client("route53").change_resource_record_sets(
        HostedZoneId="/hostedzone/Z1", ChangeBatch=batch
    )
    assert got["ChangeInfo"]["Id"] == "/change/C1"
    batch["Changes"][1]["ResourceRecordSet"]["AliasTarget"]["HostedZoneId"] = "Z1"  # type: ignore[index]
    assert world.request == {"HostedZoneId": "Z1", "ChangeBatch": batch}


def test_list_resource_record_sets_reads_the_query_and_gives_pages(world: World) -> None:
    sets = [
        {"Name": "a.", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]},
        {
            "Name": "b.",
            "Type": "TXT",
            "SetIdentifier": "x",
            "Weight": 0,
            "TTL": 0,
            "ResourceRecords": [{"Value": '"é"'}],
        },
    ]
    world.returns(
        "route53",
        "ListResourceRecordSets",
        {
            "ResourceRecordSets": sets,
            "IsTruncated": True,
            "NextRecordName": "c.",
            "NextRecordType": "A",
            "MaxItems": "2",
        },
    )
    got = world.client("route53").list_resource_record_sets(
        HostedZoneId="Z1", StartRecordName="a b+c.*", StartRecordType="A", MaxItems="2"
    )
    assert world.request == {
        "HostedZoneId": "Z1",
        "StartRecordName": "a b+c.*",
        "StartRecordType": "A",
        "MaxItems": "2",
    }
    assert plain(got) == {
        "ResourceRecordSets": sets,
        "IsTruncated": True,
        "NextRecordName": "c.",
        "NextRecordType": "A",
        "MaxItems": "2",
    }


def test_get_dnssec_lists_keys_as_member_elements(world: World) -> None:
    world.returns("route53", "GetDNSSEC", {"Status": {"ServeSignature": "SIGNING"}, "KeySigningKeys": [KSK]})
    assert plain(world.client("route53").get_dnssec(HostedZoneId="Z1")) == {
        "Status": {"ServeSignature": "SIGNING"},
        "KeySigningKeys": [KSK],
    }
    raw = world.send(*world.signed("GET", "/2013-04-01/hostedzone/Z1/dnssec", service="route53"))
    # SDKs other than botocore look for this very name.
    assert b"<KeySigningKeys><member><Name>ksk1</Name>" in raw.body
    assert b"<CreatedDate>2026-09-21T14:13:20.250Z</CreatedDate>" in raw.body
    assert raw.headers["content-type"] == "text/xml"
    assert raw.body.startswith(b'<?xml version="1.0"')
    assert b'<GetDNSSECResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">' in raw.body


def test_create_key_signing_key_is_201_with_location(world: World) -> None:
    location = "https://route53.amazonaws.com/2013-04-01/keysigningkey/Z1/ksk1"
    world.returns(
        "route53", "CreateKeySigningKey", {"ChangeInfo": CHANGE, "KeySigningKey": KSK, "Location": location}
    )
    given = {
        "CallerReference": "r",
        "HostedZoneId": "Z1",
        "KeyManagementServiceArn": KSK["KmsArn"],
        "Name": "ksk1",
        "Status": "ACTIVE",
    }
    got = world.client("route53").create_key_signing_key(**given)
    assert world.request == given
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert got["KeySigningKey"] == KSK
    assert got["Location"] == location


@pytest.mark.parametrize("operation", ["enable_hosted_zone_dnssec", "disable_hosted_zone_dnssec"])
def test_posts_without_a_body_are_taken(world: World, operation: str) -> None:
    name = {"e": "EnableHostedZoneDNSSEC", "d": "DisableHostedZoneDNSSEC"}[operation[0]]
    world.returns("route53", name, {"ChangeInfo": CHANGE})
    assert getattr(world.client("route53"), operation)(HostedZoneId="Z1")["ChangeInfo"]["Status"] == "PENDING"
    assert world.request == {"HostedZoneId": "Z1"}


def test_kms_create_key_speaks_epoch_seconds(world: World) -> None:
    metadata = {
        "AWSAccountId": ACCOUNT,
        "KeyId": "k",
        "Arn": "arn:aws:kms:us-east-1:111111111111:key/k",
        "CreationDate": AT,
        "Enabled": True,
        "KeySpec": "ECC_NIST_P256",
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    }
    world.returns("kms", "CreateKey", {"KeyMetadata": metadata})
    given = {
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "Tags": [{"TagKey": "a", "TagValue": ""}],
        "Policy": '{"é": 1}\n',
    }
    assert world.client("kms").create_key(**given)["KeyMetadata"] == metadata
    assert world.request == given


def test_kms_sign_carries_octets_both_ways(world: World) -> None:
    octets = bytes(range(256))
    world.returns("kms", "Sign", {"KeyId": "k", "Signature": octets, "SigningAlgorithm": "ECDSA_SHA_256"})
    got = world.client("kms", region="eu-west-1").sign(
        KeyId="k", Message=octets[:32], MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )
    assert world.request["Message"] == octets[:32]
    assert got["Signature"] == octets
    assert world.caller.region == "eu-west-1"


def test_kms_operations_without_output_answer_nothing(world: World) -> None:
    world.returns("kms", "EnableKey", {})
    got = world.client("kms").enable_key(KeyId="k")
    assert plain(got) == {}
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_route53domains_speaks_json_with_a_target(world: World) -> None:
    world.returns("route53domains", "AssociateDelegationSignerToDomain", {"OperationId": "op"})
    world.returns(
        "route53domains",
        "GetDomainDetail",
        {
            "DomainName": "companya.com",
            "Nameservers": [{"Name": "ns-0.set-01.seal53", "GlueIps": []}],
            "CreationDate": AT.replace(microsecond=0),
            "DnssecKeys": [{"Algorithm": 13, "Flags": 257, "KeyTag": 1, "Id": "i"}],
        },
    )
    client = world.client("route53domains", region="eu-central-1")
    attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": "a" * 88}
    got = client.associate_delegation_signer_to_domain(
        DomainName="companya.com", SigningAttributes=attributes
    )
    assert got["OperationId"] == "op"
    assert world.request == {"DomainName": "companya.com", "SigningAttributes": attributes}
    detail = client.get_domain_detail(DomainName="companya.com")
    assert detail["CreationDate"] == AT.replace(microsecond=0)
    assert detail["DnssecKeys"] == [{"Algorithm": 13, "Flags": 257, "KeyTag": 1, "Id": "i"}]


def test_route53resolver_round_trip(world: World) -> None:
    config = {"Id": "rdsc-1", "OwnerId": ACCOUNT, "ResourceId": "vpc-1", "ValidationStatus": "ENABLING"}
    world.returns("route53resolver", "UpdateResolverDnssecConfig", {"ResolverDNSSECConfig": config})
    got = world.client("route53resolver").update_resolver_dnssec_config(
        ResourceId="vpc-1", Validation="ENABLE"
    )
    assert world.request == {"ResourceId": "vpc-1", "Validation": "ENABLE"}
    assert got["ResolverDNSSECConfig"] == config


def test_sts_tells_who_one_is(world: World) -> None:
    who = {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    world.returns("sts", "GetCallerIdentity", who)
    got = world.client("sts", region="ap-south-1").get_caller_identity()
    assert plain(got) == who
    assert got["ResponseMetadata"]["RequestId"] == world.caller.request_id
    assert world.caller.account_id == ACCOUNT
    assert world.caller.access_key_id == KEY
    assert world.caller.now == NOW


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "aws-global", "cn-north-1"])
@pytest.mark.parametrize("service", ["route53", "route53domains", "sts"])
def test_global_services_take_any_region(world: World, service: str, region: str) -> None:
    world.returns("route53", "GetHostedZoneCount", {"HostedZoneCount": 3})
    world.returns("route53domains", "ListDomains", {"Domains": []})
    world.returns("sts", "GetCallerIdentity", {})
    call = {
        "route53": "get_hosted_zone_count",
        "route53domains": "list_domains",
        "sts": "get_caller_identity",
    }
    getattr(world.client(service, region=region), call[service])()
    assert world.caller.region == region


def test_a_presigned_sts_url_works(world: World) -> None:
    world.returns("sts", "GetCallerIdentity", {"Account": ACCOUNT})
    target = "/?Action=GetCallerIdentity&Version=2011-06-15"
    answer = world.send(*world.signed("GET", target, service="sts", presign_for_s=60))
    assert answer.status == 200
    assert b"<Account>111111111111</Account>" in answer.body


# --- faults of operations ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status"),
    [
        ("route53", "get_hosted_zone", {"Id": "Z9"}, "NoSuchHostedZone", 404),
        ("route53", "get_hosted_zone", {"Id": "Z9"}, "InvalidInput", 400),
        ("route53", "get_hosted_zone", {"Id": "Z9"}, "Throttling", 400),
        ("route53", "get_hosted_zone", {"Id": "Z9"}, "AccessDenied", 403),
        ("kms", "describe_key", {"KeyId": "k"}, "NotFoundException", 400),
        ("kms", "describe_key", {"KeyId": "k"}, "KMSInternalException", 500),
        ("kms", "describe_key", {"KeyId": "k"}, "AccessDeniedException", 400),
        ("route53domains", "list_domains", {}, "InvalidInput", 400),
        (
            "route53resolver",
            "get_resolver_dnssec_config",
            {"ResourceId": "v"},
            "ResourceNotFoundException",
            400,
        ),
        (
            "route53resolver",
            "get_resolver_dnssec_config",
            {"ResourceId": "v"},
            "InternalServiceErrorException",
            500,
        ),
        ("sts", "get_caller_identity", {}, "ExpiredTokenException", 400),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::1:role/xyz", "RoleSessionName": "xx"},
            "RegionDisabledException",
            403,
        ),
    ],
)
def test_faults_reach_the_client_with_the_models_status(
    world: World, service: str, operation: str, arguments: dict[str, str], code: str, status: int
) -> None:
    client = world.client(service)
    world.returns(service, client.meta.method_to_api_mapping[operation], AwsFault(code, "No <such> & thing"))
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"] == "No <such> & thing"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert world.records[-1]["code"] == code


def test_a_faults_further_members_reach_the_client(world: World) -> None:
    fault = AwsFault("InvalidChangeBatch", "[a, b]", messages=["a", "b"])
    world.returns("route53", "ChangeResourceRecordSets", fault)
    client = world.client("route53")
    change = {"Action": "CREATE", "ResourceRecordSet": {"Name": "a", "Type": "A"}}
    with pytest.raises(client.exceptions.InvalidChangeBatch) as caught:
        client.change_resource_record_sets(HostedZoneId="Z1", ChangeBatch={"Changes": [change]})
    assert caught.value.response["messages"] == ["a", "b"]
    assert caught.value.response["Error"]["Message"] == "[a, b]"

    fault = AwsFault("ResourceExistsException", "there is one", ResourceType="FIREWALL")
    world.returns("route53resolver", "GetResolverDnssecConfig", fault)
    with pytest.raises(ClientError) as other:
        world.client("route53resolver").get_resolver_dnssec_config(ResourceId="v")
    response: Any = other.value.response
    assert response["ResourceType"] == "FIREWALL"
    assert response["Error"]["Message"] == "there is one"


def test_a_receivers_fault_says_so(world: World) -> None:
    world.returns("route53", "GetHostedZoneCount", RuntimeError("boom"))
    answer = world.send(*world.signed("GET", "/2013-04-01/hostedzonecount", service="route53"))
    assert answer.status == 500
    assert b"<Type>Receiver</Type><Code>InternalFailure</Code>" in answer.body
